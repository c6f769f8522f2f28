//! What a file is and holds, as far as an act depends on it: asked the same way while surveying, through the reading
//! door, and in the act's own transaction, where nothing can move any more.

use super::deed::{self, Alteration, Deed, What};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Precondition, TouchedObject};
use crate::domain::rows::{Rows, Value};
use crate::domain::text::hex;
use crate::engine::{Param, Query, Session};
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Views and triggers lead to other objects; they are followed so often, at most.
const ROUNDS: usize = 8;

/// Somebody who can run our own queries on the file.
#[async_trait]
pub(super) trait Catalogue: Send {
    /// Runs one.
    async fn ask(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError>;
}

/// The reading door.
pub(super) struct Reading<'a>(pub(super) &'a mut dyn Session);

#[async_trait]
impl Catalogue for Reading<'_> {
    async fn ask(&mut self, query: &'static Query, params: &[Param]) -> Result<Rows, SessionError> {
        self.0.own(query, params).await
    }
}

static FILE: Query = Query {
    name: "fix.file",
    text: "SELECT dba_file_identity() AS identity, dba_file_closed() AS closed, a.application_id, u.user_version,
                  j.journal_mode, v.auto_vacuum, dba_wal_bytes() AS log_bytes,
                  p.page_count * s.page_size AS bytes, f.freelist_count * s.page_size AS free_bytes
           FROM pragma_application_id a, pragma_user_version u, pragma_journal_mode j, pragma_page_count p,
                pragma_page_size s, pragma_freelist_count f, pragma_auto_vacuum v",
    timeout_ms: 2000,
};

static NAMED: Query = Query {
    name: "fix.named",
    text: "WITH wanted AS MATERIALIZED (SELECT lower(value) AS name FROM json_each(?1))
           SELECT type, name, tbl_name, sql FROM main.sqlite_schema
           WHERE lower(name) IN (SELECT name FROM wanted) OR lower(tbl_name) IN (SELECT name FROM wanted)
           ORDER BY type, name",
    timeout_ms: 2000,
};

static COLUMNS: Query = Query {
    name: "fix.columns",
    text: "SELECT x.name, x.pk, x.hidden, l.type AS kind, l.wr
           FROM pragma_table_list l, pragma_table_xinfo(l.name, 'main') x
           WHERE l.schema = 'main' AND lower(l.name) = lower(?1) ORDER BY x.cid",
    timeout_ms: 2000,
};

static CHILDREN: Query = Query {
    name: "fix.children",
    text: "SELECT m.name, f.\"to\" AS parent_column, f.on_delete, f.on_update
           FROM main.sqlite_schema m, pragma_foreign_key_list(m.name, 'main') f
           WHERE m.type = 'table' AND lower(f.\"table\") = lower(?1) ORDER BY m.name, f.id, f.seq",
    timeout_ms: 2000,
};

/// The file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    /// Device and inode.
    pub(super) identity: Option<String>,
    /// What stands in the way of writing, as a command; none when nothing does.
    pub(super) closed: Option<String>,
    pub(super) application_id: i64,
    pub(super) user_version: i64,
    pub(super) journal_mode: String,
    pub(super) bytes: Option<u64>,
    pub(super) free_bytes: Option<u64>,
    /// Size of the write-ahead log.
    pub(super) log_bytes: Option<u64>,
    /// Free pages can be given back a few at a time.
    pub(super) gives_back: bool,
}

/// A row of the file's own catalogue.
#[derive(Debug, Clone)]
pub(super) struct SchemaRow {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) table: String,
    pub(super) sql: Option<String>,
}

/// A column of the changed table.
#[derive(Debug, Clone)]
pub(super) struct ColumnFact {
    pub(super) name: String,
    /// Its place in the primary key, from 1; 0 outside of it.
    pub(super) key: i64,
    /// It holds a value of its own: it is neither generated nor hidden.
    pub(super) stored: bool,
}

/// The changed table.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// `table`, `view`, `virtual` or `shadow`.
    pub(super) kind: String,
    pub(super) without_rowid: bool,
    pub(super) columns: Vec<ColumnFact>,
}

/// A column of another table that refers to the changed one.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) table: String,
    /// The column that it refers to; none for the primary key.
    pub(super) parent_column: Option<String>,
    pub(super) on_delete: String,
    pub(super) on_update: String,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) file: File,
    pub(super) schema: Vec<SchemaRow>,
    /// The table that changes, where one does.
    pub(super) shape: Option<Shape>,
    pub(super) children: Vec<Child>,
    /// Every name that the statement, or what it sets off, uses.
    names: BTreeSet<String>,
}

/// Asks for everything that `deed` depends on.
///
/// # Errors
/// The file's, and one when a definition is too long to be compared.
pub(super) async fn gather(asked: &mut dyn Catalogue, deed: &Deed, statement: &str) -> Result<Facts, SessionError> {
    let mut facts = Facts { file: file(asked).await?, ..Facts::default() };
    if matches!(deed, Deed::JournalMode(_) | Deed::Vacuum | Deed::Checkpoint | Deed::GiveBack) {
        return Ok(facts);
    }
    facts.names.extend(deed::names(statement));
    if let Some(table) = deed.table() {
        facts.names.insert(table.to_ascii_lowercase());
        facts.shape = shape(asked, table).await?;
        facts.children = children(asked, table).await?;
        facts.names.extend(facts.children.iter().map(|child| child.table.to_ascii_lowercase()));
    }
    for _ in 0..ROUNDS {
        facts.schema = named(asked, &facts.names).await?;
        let known = facts.names.len();
        for row in &facts.schema {
            facts.names.insert(row.table.to_ascii_lowercase());
            if matches!(row.kind.as_str(), "view" | "trigger") {
                facts.names.extend(row.sql.iter().flat_map(|sql| deed::names(sql)));
            }
        }
        if facts.names.len() == known {
            break;
        }
    }
    Ok(facts)
}

async fn file(asked: &mut dyn Catalogue) -> Result<File, SessionError> {
    let found = asked.ask(&FILE, &[]).await?;
    let row = found.rows.first().map_or(&[][..], Vec::as_slice);
    let number = |name: &str| found.get(row, name).int();
    let size = |name: &str| number(name).and_then(|bytes| u64::try_from(bytes).ok());
    Ok(File {
        identity: found.get(row, "identity").plain(),
        closed: found.get(row, "closed").plain(),
        application_id: number("application_id").unwrap_or(0),
        user_version: number("user_version").unwrap_or(0),
        journal_mode: found.text(row, "journal_mode"),
        bytes: size("bytes"),
        free_bytes: size("free_bytes"),
        log_bytes: size("log_bytes"),
        gives_back: number("auto_vacuum") == Some(2),
    })
}

async fn named(asked: &mut dyn Catalogue, names: &BTreeSet<String>) -> Result<Vec<SchemaRow>, SessionError> {
    let list = serde_json::to_string(names).map_err(|error| SessionError::Unsupported(error.to_string()))?;
    let found = asked.ask(&NAMED, &[Param::Text(list)]).await?;
    let cut = found.rows.iter().flatten().any(|cell| matches!(cell, Value::Cut { .. }));
    if cut || found.truncated.is_some() {
        return Err(SessionError::Unsupported(
            "it touches more definitions than can be compared before it runs; write a smaller one".into(),
        ));
    }
    let row = |row: &Vec<Value>| SchemaRow {
        kind: found.text(row, "type"),
        name: found.text(row, "name"),
        table: found.text(row, "tbl_name"),
        sql: found.get(row, "sql").plain(),
    };
    Ok(found.rows.iter().map(row).collect())
}

async fn shape(asked: &mut dyn Catalogue, table: &str) -> Result<Option<Shape>, SessionError> {
    let found = asked.ask(&COLUMNS, &[Param::Text(table.to_owned())]).await?;
    let Some(first) = found.rows.first() else { return Ok(None) };
    let without_rowid = found.get(first, "wr").int() == Some(1);
    let number = |row: &[Value], name: &str| found.get(row, name).int().unwrap_or(0);
    let column = |row: &Vec<Value>| ColumnFact {
        name: found.text(row, "name"),
        key: number(row, "pk"),
        stored: number(row, "hidden") == 0,
    };
    let columns = found.rows.iter().map(column).collect();
    Ok(Some(Shape { kind: found.text(first, "kind"), without_rowid, columns }))
}

async fn children(asked: &mut dyn Catalogue, table: &str) -> Result<Vec<Child>, SessionError> {
    let found = asked.ask(&CHILDREN, &[Param::Text(table.to_owned())]).await?;
    let child = |row: &Vec<Value>| Child {
        table: found.text(row, "name"),
        parent_column: found.get(row, "parent_column").plain(),
        on_delete: found.text(row, "on_delete"),
        on_update: found.text(row, "on_update"),
    };
    Ok(found.rows.iter().map(child).collect())
}

impl Deed {
    /// The table or view whose rows or shape change.
    pub(super) fn table(&self) -> Option<&str> {
        match self {
            Self::Rows(change) => Some(&change.table),
            Self::Alter { table, .. } => Some(table),
            Self::Drop { what: What::Table | What::View, name, .. } => Some(name),
            _ => None,
        }
    }

    /// The column that goes or gets another name.
    pub(super) fn old_column(&self) -> Option<&str> {
        match self {
            Self::Alter {
                change: Alteration::DropColumn(column) | Alteration::RenameColumn { from: column, .. },
                ..
            } => Some(column),
            _ => None,
        }
    }
}

impl Facts {
    /// The row of an object.
    pub(super) fn find(&self, what: What, name: &str) -> Option<&SchemaRow> {
        self.schema.iter().find(|row| row.kind == what.word() && row.name.eq_ignore_ascii_case(name))
    }

    /// What hangs on a table or view: its indexes and triggers that somebody wrote.
    pub(super) fn hanging_on<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a SchemaRow> {
        self.schema
            .iter()
            .filter(move |row| row.table.eq_ignore_ascii_case(table) && !row.name.eq_ignore_ascii_case(table))
    }

    /// The objects that the act touches. SQLite numbers none (a root page moves with VACUUM), so an object is known by
    /// its kind and its file, and its definition counts everything that hangs on it.
    pub(super) fn objects(&self) -> Vec<TouchedObject> {
        let file = self.file.identity.as_deref().unwrap_or("unknown file");
        let mut objects: Vec<TouchedObject> = self
            .schema
            .iter()
            .filter(|row| self.names.contains(&row.name.to_ascii_lowercase()))
            .map(|row| TouchedObject {
                name: row.name.clone(),
                id: format!("{} of {file}, application {}", row.kind, self.file.application_id),
                definition: self.definition(row),
            })
            .collect();
        objects.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        objects
    }

    fn definition(&self, row: &SchemaRow) -> String {
        let mut hash = Sha256::new();
        let table = matches!(row.kind.as_str(), "table" | "view");
        let parts = self.schema.iter().filter(|part| part.name == row.name || (table && part.table == row.name));
        for part in parts {
            for text in [&part.kind, &part.name, &part.table, part.sql.as_ref().unwrap_or(&String::new())] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        }
        hex(&hash.finalize()[..16])
    }

    /// The deed takes the file out of mode wal, which nobody else may have open then.
    pub(super) fn leaves_wal(&self, deed: &Deed) -> bool {
        matches!(deed, Deed::JournalMode(mode) if self.file.journal_mode == "wal" && !mode.eq_ignore_ascii_case("wal"))
    }

    /// What must still hold when it runs.
    pub(super) fn preconditions(&self) -> Vec<Precondition> {
        let mut conditions = vec![
            Precondition {
                text: "the version of the schema that the application keeps (user_version)".into(),
                found: self.file.user_version.to_string(),
            },
            Precondition { text: "the journal mode".into(), found: self.file.journal_mode.clone() },
        ];
        if !self.children.is_empty() {
            let mut tables: Vec<&str> = self.children.iter().map(|child| child.table.as_str()).collect();
            tables.dedup();
            conditions.push(Precondition { text: "tables that refer to it".into(), found: tables.join(", ") });
        }
        conditions
    }
}
