//! Definitions of tables and views: the texts that SQLite itself keeps, with those of their indexes and triggers.

use super::schema::{MOST_TABLES, all_pages};
use crate::domain::definition::{Definition, Fingerprint, Fingerprints};
use crate::domain::error_event::SessionError;
use crate::domain::rows::Value;
use crate::domain::text::hex;
use crate::engine::{Definitions, Query, Session, Task};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The registry's entry.
pub(super) static DEFINITIONS: Definitions = Definitions { fingerprints, read };

/// Every text of the file, tables and views before what hangs on them. Automatic indexes have none: they come with
/// their table. Shadow tables come with the virtual table that they are the inside of.
static TEXTS: Query = Query {
    name: "definitions.texts",
    text: "SELECT m.tbl_name AS name, m.type, m.sql FROM sqlite_schema m
            WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
              AND m.tbl_name NOT IN (SELECT l.name FROM pragma_table_list l WHERE l.type = 'shadow' AND l.schema = 'main')
            ORDER BY m.type NOT IN ('table', 'view'), m.type DESC, m.rowid LIMIT ?1 OFFSET ?2",
    timeout_ms: 5_000,
};

/// What the file holds.
struct Texts {
    /// The statements of each object, in the order in which they make it.
    of: BTreeMap<String, Vec<String>>,
    /// There are more than were read, or longer ones.
    cut: bool,
}

async fn texts(session: &mut dyn Session) -> Result<Texts, SessionError> {
    let rows = all_pages(session, &TEXTS, None).await?;
    let mut cut = rows.rows.len() > MOST_TABLES;
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows.rows {
        if matches!(rows.get(row, "sql"), Value::Cut { .. }) {
            cut = true;
            continue;
        }
        let (name, text) = (rows.text(row, "name"), rows.text(row, "sql"));
        if matches!(rows.text(row, "type").as_str(), "table" | "view") {
            texts.insert(name, vec![text]);
        } else if let Some((_, of_object)) = texts.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            of_object.push(text);
        }
    }
    Ok(Texts { of: texts, cut })
}

fn fingerprint(name: &str, statements: &[String]) -> Fingerprint {
    let print = hex(&Sha256::digest(statements.join("\0"))[..16]);
    Fingerprint { space: String::new(), name: name.to_owned(), print }
}

fn fingerprints(session: &mut dyn Session) -> Task<'_, Result<Fingerprints, SessionError>> {
    Box::pin(async move {
        let texts = texts(session).await?;
        let all = texts.of.iter().map(|(name, of_object)| fingerprint(name, of_object)).collect();
        Ok(Fingerprints { all, cut: texts.cut })
    })
}

fn read(session: &mut dyn Session, objects: Vec<Fingerprint>) -> Task<'_, Result<Vec<Definition>, SessionError>> {
    Box::pin(async move {
        let texts = texts(session).await?;
        let one = |object: Fingerprint| {
            let statements = texts.of.get(&object.name)?.clone();
            let object = fingerprint(&object.name, &statements);
            Some(Definition { object, part_of: None, statements, missing: Vec::new() })
        };
        Ok(objects.into_iter().filter_map(one).collect())
    })
}
