//! What a typed kind promises beyond the form of its statement: an index that is new, one that no rule needs, upkeep
//! that keeps readers and writers going.

use super::asks::{Asks as _, Reading};
use super::definition;
use super::look::{self, Table};
use super::survey::Found;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::{FixKind, Upkeep};
use crate::domain::proposal::survey::Inverse;
use crate::engine::{Param, Query};

/// Columns of this table that foreign keys of others point at, in order.
static REFERENCED: Query = Query {
    name: "fix.referenced",
    text: "SELECT k.CONSTRAINT_NAME AS name, k.REFERENCED_COLUMN_NAME AS col
             FROM information_schema.KEY_COLUMN_USAGE k
            WHERE k.REFERENCED_TABLE_SCHEMA = ? AND k.REFERENCED_TABLE_NAME = ?
            ORDER BY k.CONSTRAINT_SCHEMA, k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
    timeout_ms: 3_000,
};

fn refuse(why: String) -> Result<(), SessionError> {
    Err(SessionError::Unsupported(why))
}

/// Holds the tables that are touched against what the kind promises.
pub(super) async fn survey(
    asks: &mut Reading<'_>,
    kind: &FixKind,
    tables: &[Table],
    found: &mut Found,
) -> Result<(), SessionError> {
    let Some(table) = tables.first() else { return Ok(()) };
    match kind {
        FixKind::CreateIndex { name, columns, .. } => create(asks, table, name, columns, found).await,
        FixKind::DropIndex { name, .. } => drop(asks, table, name, found).await,
        FixKind::Maintain(upkeep, _) => {
            if table.is_view {
                return refuse(format!("{} is a view", table.full()));
            }
            if *upkeep == Upkeep::Compact {
                if !table.is_innodb() {
                    return refuse(format!("{} is no InnoDB table: compacting it stops its writers", table.full()));
                }
                if definition::has_full_text(&table.create) {
                    return refuse(format!("{} has a FULLTEXT index: compacting it stops its writers", table.full()));
                }
                found.inverse = Inverse::None("nothing is lost: the rows stay".into());
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn create(
    asks: &mut Reading<'_>,
    table: &Table,
    name: &str,
    columns: &[String],
    found: &mut Found,
) -> Result<(), SessionError> {
    if !table.is_innodb() {
        return refuse(format!("{} is no InnoDB table: an index of it is not built beside the traffic", table.full()));
    }
    if definition::index(&table.create, name).is_some() {
        return refuse(format!("{} has an index {name} already", table.full()));
    }
    let known = look::columns(asks, table).await?;
    let wanted: Vec<String> = columns.iter().map(|c| c.strip_prefix('-').unwrap_or(c).to_lowercase()).collect();
    for column in &wanted {
        let Some(found) = known.iter().find(|c| c.name.to_lowercase() == *column) else {
            return refuse(format!("{} has no column {column}", table.full()));
        };
        if found.base.ends_with("text") || found.base.ends_with("blob") || found.base == "json" {
            return refuse(format!("{column} is of the type {}, of which only a part can be indexed", found.full));
        }
    }
    let covered = definition::indexes(&table.create).into_iter().find(|(_, has)| has.starts_with(&wanted));
    if let Some((other, _)) = covered {
        return refuse(format!("the index {other} of {} begins with these columns already", table.full()));
    }
    found.check(format!("no index of {} begins with {}", table.full(), wanted.join(", ")), "none");
    Ok(())
}

async fn drop(asks: &mut Reading<'_>, table: &Table, name: &str, found: &mut Found) -> Result<(), SessionError> {
    let Some(line) = definition::index(&table.create, name) else {
        return refuse(format!("{} has no index {name}", table.full()));
    };
    if line.to_ascii_uppercase().starts_with("UNIQUE") {
        return refuse(format!("{name} keeps values unique: dropping it drops a rule and not only an index"));
    }
    let params = [Param::Text(table.database.clone()), Param::Text(table.name.clone())];
    let rows = asks.own(&REFERENCED, &params).await?;
    let mut keys = definition::foreign_keys(&table.create);
    for row in &rows.rows {
        let (key, column) = (rows.text(row, "name"), rows.text(row, "col").to_lowercase());
        match keys.last_mut().filter(|(last, _)| *last == key) {
            Some((_, columns)) => columns.push(column),
            None => keys.push((key, vec![column])),
        }
    }
    let indexes = definition::indexes(&table.create);
    if let Some(key) = definition::needing(&keys, &indexes, name) {
        return refuse(format!("the foreign key {key} needs the index {name}: no other begins with its columns"));
    }
    found.check(format!("no rule needs the index {name}"), "none");
    Ok(())
}
