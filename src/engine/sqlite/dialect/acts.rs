//! Fix kinds as statements. A file has no sessions, slots or keys; one of its settings is kept in the file itself and
//! worth a fix.

use crate::domain::proposal::kind::FixKind;

/// Journal modes that keep what is committed. `memory` and `off` do not.
const JOURNAL_MODES: &[&str] = &["delete", "persist", "truncate", "wal"];

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
        other => Err(format!("SQLite has no statement to {}", other.words())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
