//! Fix kinds as statements. A file has no sessions, slots or keys; one of its settings is kept in the file itself and
//! worth a fix.

use super::names::quote;
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};

/// Journal modes that keep what is committed. `memory` and `off` do not.
pub(super) const JOURNAL_MODES: &[&str] = &["delete", "persist", "truncate", "wal"];

/// The statement of a kind.
pub(super) fn render(kind: &FixKind) -> Result<String, String> {
    match kind {
        FixKind::ChangeSetting { name, value } if name.eq_ignore_ascii_case("journal_mode") => {
            let mode = value.to_ascii_lowercase();
            if JOURNAL_MODES.contains(&mode.as_str()) {
                Ok(format!("PRAGMA journal_mode = {mode}"))
            } else {
                Err(format!("the journal modes that keep what is committed are {}", JOURNAL_MODES.join(", ")))
            }
        }
        FixKind::ChangeSetting { .. } => {
            Err("of the settings that live in a SQLite file only journal_mode is changed from here".to_owned())
        }
        FixKind::CancelStatements(_) | FixKind::EndSessions(_) => {
            Err("SQLite keeps no list of its connections, so none can be ended from here".to_owned())
        }
        FixKind::DropReplicationSlot(_) => Err("SQLite has no replication".to_owned()),
        FixKind::UnlinkKeys(_) => Err("SQLite has no keys: delete rows instead".to_owned()),
        FixKind::CreateIndex { table, name, columns } => create_index(table, name, columns),
        FixKind::DropIndex { table, name } => {
            of_the_file(table)?;
            Ok(format!("DROP INDEX main.{}", quote(name)))
        }
        FixKind::RebuildIndex { table, name } => {
            of_the_file(table)?;
            Ok(format!("REINDEX main.{}", quote(name)))
        }
        FixKind::Maintain(Upkeep::Analyze, None) => Ok("ANALYZE main".to_owned()),
        FixKind::Maintain(Upkeep::Analyze, Some(table)) => {
            of_the_file(table)?;
            Ok(format!("ANALYZE main.{}", quote(&table.name)))
        }
        FixKind::Maintain(Upkeep::Checkpoint, None) => Ok("PRAGMA wal_checkpoint = TRUNCATE".to_owned()),
        FixKind::Maintain(Upkeep::Compact, None) => Ok("PRAGMA incremental_vacuum".to_owned()),
        other => Err(format!("SQLite has no statement to {}", other.words())),
    }
}

/// The space of an object is the file itself.
fn of_the_file(object: &ObjectRef) -> Result<(), String> {
    match &object.space {
        Some(space) if !space.eq_ignore_ascii_case("main") => Err(format!("{space} is not the file itself")),
        _ => Ok(()),
    }
}

fn create_index(table: &ObjectRef, name: &str, columns: &[String]) -> Result<String, String> {
    of_the_file(table)?;
    if columns.is_empty() || name.is_empty() {
        return Err("an index has a name and at least one column".to_owned());
    }
    let columns: Vec<String> = columns
        .iter()
        .map(|column| match column.strip_prefix('-') {
            Some(column) => format!("{} DESC", quote(column)),
            None => quote(column),
        })
        .collect();
    Ok(format!("CREATE INDEX main.{} ON {} ({})", quote(name), quote(&table.name), columns.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_and_quoted() {
        let table = ObjectRef::new("", "my t");
        let index =
            FixKind::CreateIndex { table: table.clone(), name: "i".into(), columns: vec!["a".into(), "-b c".into()] };
        assert_eq!(render(&index).as_deref(), Ok("CREATE INDEX main.i ON \"my t\" (a, \"b c\" DESC)"));
        let drop = FixKind::DropIndex { table: table.clone(), name: "i\"".into() };
        assert_eq!(render(&drop).as_deref(), Ok("DROP INDEX main.\"i\"\"\""));
        assert_eq!(
            render(&FixKind::Maintain(Upkeep::Checkpoint, None)).as_deref(),
            Ok("PRAGMA wal_checkpoint = TRUNCATE")
        );
        let elsewhere = FixKind::RebuildIndex { table: ObjectRef::new("other", "t"), name: "i".into() };
        assert!(render(&elsewhere).is_err() && render(&FixKind::Maintain(Upkeep::Vacuum, None)).is_err());
    }

    #[test]
    fn only_safe_journal_modes_are_set() {
        let set = |name: &str, value: &str| render(&FixKind::ChangeSetting { name: name.into(), value: value.into() });
        assert_eq!(set("journal_mode", "WAL").as_deref(), Ok("PRAGMA journal_mode = wal"));
        for (name, value) in [("journal_mode", "off"), ("journal_mode", "wal; x"), ("user_version", "1")] {
            assert!(set(name, value).is_err(), "{name} {value}");
        }
        assert!(render(&FixKind::EndSessions(Vec::new())).is_err());
    }
}
