//! The tables that an act touches: which ones they are, by the server's own number, and how they are defined.

use super::asks::Asks;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::TouchedObject;
use crate::domain::proposal::survey::Footprint;
use crate::domain::rows::{Rows, Value};
use crate::domain::text::hex;
use crate::engine::mysql::dialect::names::quote;
use crate::engine::{Param, Query};
use sha2::{Digest as _, Sha256};

/// Time for one look into the catalogue, milliseconds.
const TIME_MS: u64 = 3_000;

static TABLE: Query = Query {
    name: "fix.table",
    text: "SELECT t.TABLE_SCHEMA AS db, t.TABLE_NAME AS name, t.TABLE_TYPE AS kind, t.ENGINE AS engine,
                  t.TABLE_ROWS AS estimate, t.DATA_LENGTH + t.INDEX_LENGTH AS bytes,
                  CAST(t.CREATE_TIME AS CHAR) AS created, e.TRANSACTIONS AS transactions,
                  t.CREATE_OPTIONS LIKE '%partitioned%' AS is_partitioned
             FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
            WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?",
    timeout_ms: TIME_MS,
};

/// InnoDB's number of a table, or of each of its partitions.
static NUMBERS: Query = Query {
    name: "fix.numbers",
    text: "SELECT CAST(t.TABLE_ID AS CHAR) AS id FROM {innodb_tables} t
            WHERE HEX(SUBSTRING_INDEX(REPLACE(t.NAME, '#P#', '#p#'), '#p#', 1))
                  = CONCAT(HEX(?), '2F', HEX(?))
            ORDER BY t.TABLE_ID",
    timeout_ms: TIME_MS,
};

static COLUMNS: Query = Query {
    name: "fix.columns",
    text: "SELECT c.COLUMN_NAME AS name, c.DATA_TYPE AS base, c.COLUMN_TYPE AS type, c.CHARACTER_SET_NAME AS charset,
                  c.EXTRA AS extra, COALESCE(c.GENERATION_EXPRESSION, '') <> '' AS is_generated,
                  c.IS_NULLABLE = 'YES' AS nullable
             FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ?
            ORDER BY c.ORDINAL_POSITION",
    timeout_ms: TIME_MS,
};

static KEY: Query = Query {
    name: "fix.key",
    text: "SELECT s.COLUMN_NAME AS name FROM information_schema.STATISTICS s
            WHERE s.TABLE_SCHEMA = ? AND s.TABLE_NAME = ? AND s.INDEX_NAME = 'PRIMARY' ORDER BY s.SEQ_IN_INDEX",
    timeout_ms: TIME_MS,
};

static CHILDREN: Query = Query {
    name: "fix.children",
    text: "SELECT f.FOR_NAME AS child, f.TYPE AS type FROM {innodb_foreign} f
            WHERE HEX(f.REF_NAME) = CONCAT(HEX({foreign_name}), '2F', HEX({foreign_name}))",
    timeout_ms: TIME_MS,
};

static TRIGGERS: Query = Query {
    name: "fix.triggers",
    text: "SELECT t.TRIGGER_NAME AS name, t.EVENT_MANIPULATION AS event, t.ACTION_TIMING AS timing
             FROM information_schema.TRIGGERS t WHERE t.EVENT_OBJECT_SCHEMA = ? AND t.EVENT_OBJECT_TABLE = ?",
    timeout_ms: TIME_MS,
};

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Table {
    pub(in crate::engine::mysql) database: String,
    pub(in crate::engine::mysql) name: String,
    pub(super) is_view: bool,
    /// MariaDB keeps the history of its rows.
    pub(super) is_versioned: bool,
    pub(super) is_partitioned: bool,
    /// The storage engine; empty for a view.
    pub(super) engine: String,
    /// Its changes can be rolled back. A view's are those of its tables.
    pub(in crate::engine::mysql) transactional: bool,
    pub(super) rows: Option<u64>,
    pub(super) bytes: Option<u64>,
    /// The server's number, or when it was made.
    pub(super) id: String,
    /// What SHOW CREATE TABLE says.
    pub(super) create: String,
    /// Tables whose rows change along.
    pub(super) children: Vec<Child>,
}

impl Table {
    /// `db.name`, quoted where it must be.
    pub(in crate::engine::mysql) fn full(&self) -> String {
        format!("{}.{}", quote(&self.database), quote(&self.name))
    }
    /// As an approval names it.
    pub(super) fn touched(&self) -> TouchedObject {
        let mut definition = self.create.clone();
        // A new child changes nothing in the definition of its parent, and much of what a DELETE there does.
        for child in &self.children {
            definition.push_str(&format!("\n{} {}", child.name, child.does));
        }
        TouchedObject { name: self.full(), id: self.id.clone(), definition: hash(&definition) }
    }
    pub(super) fn footprint(&self) -> Footprint {
        Footprint { name: self.full(), rows: self.rows, bytes: self.bytes }
    }
    pub(super) fn is_innodb(&self) -> bool {
        self.engine.eq_ignore_ascii_case("InnoDB")
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// `varchar`
    pub(super) base: String,
    /// `varchar(20)`
    pub(super) full: String,
    pub(super) charset: Option<String>,
    pub(super) extra: String,
    pub(super) is_generated: bool,
    pub(super) nullable: bool,
}

/// A table whose rows point here and change along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) name: String,
    /// What InnoDB does to its rows, in bits: 1 deletes, 2 empties on DELETE; 4 follows, 8 empties on UPDATE.
    pub(super) does: i64,
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) event: String,
    pub(super) timing: String,
}

fn both(database: &str, name: &str) -> [Param; 2] {
    [Param::Text(database.to_owned()), Param::Text(name.to_owned())]
}

fn count(rows: &Rows, row: &[Value], name: &str) -> Option<u64> {
    rows.get(row, name).int().and_then(|n| u64::try_from(n).ok())
}

/// The table of a name, as it is now; none when there is none or the login sees none.
pub(in crate::engine::mysql) async fn table(
    asks: &mut dyn Asks,
    database: &str,
    name: &str,
) -> Result<Option<Table>, SessionError> {
    let found = asks.own(&TABLE, &both(database, name)).await?;
    // Names that differ only in case are several tables on some servers.
    let exact = found.rows.iter().find(|row| found.text(row, "name") == name && found.text(row, "db") == database);
    let Some(row) = exact.or(found.rows.first().filter(|_| found.rows.len() == 1)) else { return Ok(None) };
    let (database, name) = (found.text(row, "db"), found.text(row, "name"));
    let kind = found.text(row, "kind");
    let engine = found.text(row, "engine");
    let is_view = kind.contains("VIEW");
    let mut id = format!("made {}", found.text(row, "created"));
    let mut children = Vec::new();
    if engine.eq_ignore_ascii_case("InnoDB") {
        children = children_of(asks, &database, &name).await?;
        let numbers = numbers(asks, &database, &name).await?;
        if !numbers.is_empty() {
            id = numbers.join(",");
        }
    }
    let shown = asks.read(&format!("SHOW CREATE TABLE {}.{}", quote(&database), quote(&name))).await?;
    let create = shown.rows.first().and_then(|row| row.get(1)).and_then(Value::plain).unwrap_or_default();
    if create.is_empty() {
        return Err(SessionError::Unsupported(format!("the definition of {database}.{name} cannot be seen")));
    }
    Ok(Some(Table {
        is_view,
        is_versioned: kind == "SYSTEM VERSIONED",
        is_partitioned: found.get(row, "is_partitioned").int() == Some(1),
        transactional: is_view || found.text(row, "transactions") == "YES",
        rows: count(&found, row, "estimate"),
        bytes: count(&found, row, "bytes"),
        create: without_counter(&create),
        children,
        database,
        name,
        engine,
        id,
    }))
}

async fn numbers(asks: &mut dyn Asks, database: &str, name: &str) -> Result<Vec<String>, SessionError> {
    let (Some(database), Some(name)) = (file_name(database), file_name(name)) else { return Ok(Vec::new()) };
    let found = asks.own(&NUMBERS, &both(&database, &name)).await.map_err(hidden)?;
    Ok(found.rows.iter().map(|row| found.text(row, "id")).collect())
}

/// InnoDB's lists are for logins with PROCESS.
fn hidden(error: SessionError) -> SessionError {
    match error {
        SessionError::Server(message) if matches!(message.code.as_str(), "1227" | "1142" | "1044") => {
            SessionError::Unsupported(
                "this login cannot see the numbers of tables, by which one is told from another of the same name: \
                 GRANT PROCESS ON *.* to it"
                    .into(),
            )
        }
        other => other,
    }
}

/// A name as InnoDB's files have it. None for letters beyond ASCII, whose codes are the server's own.
fn file_name(name: &str) -> Option<String> {
    name.chars()
        .map(|c| match c {
            _ if c.is_ascii_alphanumeric() || c == '_' => Some(c.to_string()),
            _ if c.is_ascii() => Some(format!("@{:04x}", u32::from(c))),
            _ => None,
        })
        .collect()
}

/// The columns, in their order.
pub(super) async fn columns(asks: &mut dyn Asks, table: &Table) -> Result<Vec<Column>, SessionError> {
    let found = asks.own(&COLUMNS, &both(&table.database, &table.name)).await?;
    let column = |row: &Vec<Value>| Column {
        name: found.text(row, "name"),
        base: found.text(row, "base").to_ascii_lowercase(),
        full: found.text(row, "type").to_ascii_lowercase(),
        charset: found.get(row, "charset").plain(),
        extra: found.text(row, "extra").to_ascii_lowercase(),
        is_generated: found.get(row, "is_generated").int() == Some(1),
        nullable: found.get(row, "nullable").int() == Some(1),
    };
    Ok(found.rows.iter().map(column).collect())
}

/// The columns of the primary key.
pub(super) async fn key(asks: &mut dyn Asks, table: &Table) -> Result<Vec<String>, SessionError> {
    let found = asks.own(&KEY, &both(&table.database, &table.name)).await?;
    Ok(found.rows.iter().map(|row| found.text(row, "name")).collect())
}

/// Tables whose foreign keys do more than refuse.
async fn children_of(asks: &mut dyn Asks, database: &str, name: &str) -> Result<Vec<Child>, SessionError> {
    let found = asks.own(&CHILDREN, &both(database, name)).await.map_err(hidden)?;
    let child = |row: &Vec<Value>| Child {
        name: found.text(row, "child").replacen('/', ".", 1),
        does: found.get(row, "type").int().unwrap_or(0) & 15,
    };
    let mut children: Vec<Child> = found.rows.iter().map(child).filter(|child| child.does != 0).collect();
    children.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(children)
}

/// The triggers that the login can see.
pub(super) async fn triggers(asks: &mut dyn Asks, table: &Table) -> Result<Vec<Trigger>, SessionError> {
    let found = asks.own(&TRIGGERS, &both(&table.database, &table.name)).await?;
    let trigger = |row: &Vec<Value>| Trigger {
        name: found.text(row, "name"),
        event: found.text(row, "event"),
        timing: found.text(row, "timing"),
    };
    Ok(found.rows.iter().map(trigger).collect())
}

/// The number that the next row gets moves with every INSERT, and is no part of a definition.
fn without_counter(create: &str) -> String {
    let Some((before, rest)) = create.rsplit_once(" AUTO_INCREMENT=") else { return create.to_owned() };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    // Only behind the last bracket it is the table's own.
    if before.rfind('\n').is_none_or(|line| !before[line..].starts_with("\n)")) {
        return create.to_owned();
    }
    format!("{before}{}", &rest[digits..])
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..16])
}

/// An object that is to be made: that there is none is what was approved.
pub(super) fn absent(database: &str, name: &str) -> TouchedObject {
    let name = format!("{}.{}", quote(database), quote(name));
    TouchedObject { name, id: "none".into(), definition: "does not exist".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_number_is_no_part_of_a_definition() {
        let create = "CREATE TABLE `t` (\n  `id` int COMMENT ' AUTO_INCREMENT=3'\n) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4";
        let without = without_counter(create);
        assert!(without.contains("ENGINE=InnoDB DEFAULT") && without.contains("COMMENT ' AUTO_INCREMENT=3'"));
        let none = "CREATE TABLE `t` (\n  `id` int COMMENT ' AUTO_INCREMENT=3'\n) ENGINE=InnoDB";
        assert_eq!(without_counter(none), none);
    }

    #[test]
    fn names_of_files_are_written_as_innodb_does() {
        assert_eq!(file_name("my-t a$").as_deref(), Some("my@002dt@0020a@0024"));
        assert_eq!(file_name("größe"), None);
    }
}
