//! Indexes, options of tables and upkeep: always the form that keeps readers and writers going.

use super::identifier;
use crate::domain::proposal::kind::{ObjectRef, Upkeep};
use crate::engine::postgres::dialect::literal;

/// Columns of an index, at most, as the server has it (`INDEX_MAX_KEYS`).
const MOST_COLUMNS: usize = 32;

/// A full name. Our sessions look bare names up in `pg_catalog` alone.
fn full(object: &ObjectRef, what: &str) -> Result<String, String> {
    let Some(space) = &object.space else {
        return Err(format!("say in which schema {} is", object.name));
    };
    Ok(format!("{}.{}", identifier(space, "a schema")?, identifier(&object.name, what)?))
}

/// An index, which stands in its table's schema.
pub(super) fn index(table: &ObjectRef, name: &str) -> Result<String, String> {
    full(&ObjectRef { space: table.space.clone(), name: name.to_owned() }, "an index")
}

pub(super) fn create_index(table: &ObjectRef, name: &str, columns: &[String]) -> Result<String, String> {
    if columns.is_empty() || columns.len() > MOST_COLUMNS {
        return Err(format!("an index has 1 to {MOST_COLUMNS} columns"));
    }
    let columns: Result<Vec<String>, String> = columns
        .iter()
        .map(|column| match column.strip_prefix('-') {
            Some(column) => Ok(format!("{} DESC", identifier(column, "a column")?)),
            None => identifier(column, "a column"),
        })
        .collect();
    let (name, table) = (identifier(name, "an index")?, full(table, "a table")?);
    Ok(format!("CREATE INDEX CONCURRENTLY {name} ON {table} ({})", columns?.join(", ")))
}

/// One storage option; none takes it back. `toast.` before it means the table's own store of long values.
pub(super) fn set_option(table: &ObjectRef, name: &str, value: Option<&str>) -> Result<String, String> {
    let plain = name.strip_prefix("toast.").unwrap_or(name);
    if plain.is_empty() || name.len() > 63 || !plain.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err("an option's name has lower-case letters and underscores".into());
    }
    let table = full(table, "a table")?;
    match value {
        Some(value) if value.len() > 100 || value.chars().any(char::is_control) => {
            Err("an option's value is one short line of text".into())
        }
        Some(value) => Ok(format!("ALTER TABLE {table} SET ({name} = {})", literal(value))),
        None => Ok(format!("ALTER TABLE {table} RESET ({name})")),
    }
}

/// Upkeep of a table, or of the whole database.
pub(super) fn maintain(upkeep: Upkeep, object: Option<&ObjectRef>) -> Result<String, String> {
    let statement = match upkeep {
        Upkeep::Vacuum => "VACUUM (ANALYZE)",
        // Against a wraparound only the freezing counts: the indexes are left for later, and the table's end is not
        // cut off, which would take a lock and a new transaction number.
        Upkeep::Freeze => "VACUUM (FREEZE, INDEX_CLEANUP off, TRUNCATE off)",
        Upkeep::Analyze => "ANALYZE",
        Upkeep::Checkpoint if object.is_none() => return Ok("CHECKPOINT".into()),
        Upkeep::Checkpoint => return Err("a checkpoint is of the whole server".into()),
        Upkeep::Compact => {
            return Err("PostgreSQL takes free pages back only under a lock that stops everybody".into());
        }
    };
    Ok(match object {
        Some(table) => format!("{statement} {}", full(table, "a table")?),
        None => statement.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guard::Catalog;
    use crate::domain::guard::{Author, Verdict};
    use crate::domain::proposal::kind::FixKind;
    use crate::engine::postgres::dialect::DIALECT;
    use crate::engine::postgres::fix::{render, shape};

    fn table() -> ObjectRef {
        ObjectRef::new("app", "Order")
    }

    #[test]
    fn every_statement_is_one_that_a_person_could_have_typed() {
        let columns = vec!["customer id".to_owned(), "-at".to_owned()];
        let kinds = [
            (
                FixKind::CreateIndex { table: table(), name: "i".into(), columns },
                "CREATE INDEX CONCURRENTLY i ON app.\"Order\" (\"customer id\", at DESC)",
            ),
            (FixKind::DropIndex { table: table(), name: "I".into() }, "DROP INDEX CONCURRENTLY app.\"I\""),
            (FixKind::RebuildIndex { table: table(), name: "i".into() }, "REINDEX INDEX CONCURRENTLY app.i"),
            (
                FixKind::SetTableOption { table: table(), name: "fillfactor".into(), value: Some("90".into()) },
                "ALTER TABLE app.\"Order\" SET (fillfactor = '90')",
            ),
            (
                FixKind::SetTableOption { table: table(), name: "toast.autovacuum_enabled".into(), value: None },
                "ALTER TABLE app.\"Order\" RESET (toast.autovacuum_enabled)",
            ),
            (FixKind::Maintain(Upkeep::Vacuum, Some(table())), "VACUUM (ANALYZE) app.\"Order\""),
            (
                FixKind::Maintain(Upkeep::Freeze, Some(table())),
                "VACUUM (FREEZE, INDEX_CLEANUP off, TRUNCATE off) app.\"Order\"",
            ),
            (FixKind::Maintain(Upkeep::Analyze, Some(table())), "ANALYZE app.\"Order\""),
            (FixKind::Maintain(Upkeep::Checkpoint, None), "CHECKPOINT"),
            (FixKind::ResetSetting("work_mem".into()), "ALTER SYSTEM RESET work_mem"),
            (FixKind::LimitConnections("app".into(), Some(9)), "ALTER ROLE app CONNECTION LIMIT 9"),
            (FixKind::LimitConnections("app".into(), None), "ALTER ROLE app CONNECTION LIMIT -1"),
        ];
        for (kind, statement) in kinds {
            assert_eq!(render(&kind).as_deref(), Ok(statement));
            let judged = DIALECT.classify(statement, Author::Person, &Catalog::default());
            assert_eq!(judged.verdict, Verdict::NeedsApproval, "{statement}: {}", judged.reason);
            let read = shape::read(statement).unwrap_or_else(|e| panic!("{statement}: {e}"));
            assert!(!matches!(read.what, shape::What::Other), "{statement}");
        }
    }

    #[test]
    fn parameters_are_names_and_nothing_else() {
        let bare = ObjectRef::new("", "orders");
        for kind in [
            FixKind::CreateIndex { table: table(), name: String::new(), columns: vec!["a".into()] },
            FixKind::CreateIndex { table: table(), name: "i".into(), columns: Vec::new() },
            FixKind::CreateIndex { table: table(), name: "i".into(), columns: vec!["-".into()] },
            FixKind::CreateIndex { table: bare.clone(), name: "i".into(), columns: vec!["a".into()] },
            FixKind::DropIndex { table: bare.clone(), name: "i".into() },
            FixKind::DropIndex { table: table(), name: "x".repeat(64) },
            FixKind::SetTableOption { table: table(), name: "a = 1); --".into(), value: None },
            FixKind::SetTableOption { table: table(), name: "fillfactor".into(), value: Some("9\n0".into()) },
            FixKind::Maintain(Upkeep::Vacuum, Some(bare)),
            FixKind::Maintain(Upkeep::Checkpoint, Some(table())),
            FixKind::Maintain(Upkeep::Compact, Some(table())),
            FixKind::StopScript,
        ] {
            assert!(render(&kind).is_err(), "{kind:?}");
        }
    }
}
