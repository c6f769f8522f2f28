//! How an act can be undone, said before it is approved.

use super::change::{RowChange, Verb};
use super::deed::{Alteration, Deed, What};
use super::facts::{Facts, SchemaRow, Shape};
use crate::domain::proposal::survey::Inverse;
use crate::engine::sql::lexer::{self, Lexis};
use crate::engine::sql::words::Words;
use crate::engine::sqlite::dialect;

/// Rows that are kept for an undo, at most.
pub(super) const MOST_ROWS: u64 = 1_000;

/// The inverse of a deed. `empty` says that the table which goes has no rows.
pub(super) fn of(deed: &Deed, facts: &Facts, empty: bool) -> Inverse {
    let quote = |name: &str| dialect::DIALECT.quote(name);
    let one = |statement: String| Inverse::Statements(vec![statement]);
    match deed {
        Deed::Rows(change) => of_rows(change, facts),
        Deed::Create { what, name, .. } => one(format!("DROP {} {}", what.word().to_uppercase(), quote(name))),
        Deed::Drop { what: What::Table, name, .. } if empty => again(facts, What::Table, name),
        Deed::Drop { what: What::Table, .. } => {
            Inverse::None("the table goes with all its rows: take a copy of the file first".into())
        }
        Deed::Drop { what, name, .. } => again(facts, *what, name),
        Deed::Alter { table, change } => match change {
            Alteration::AddColumn(column) => one(format!("ALTER TABLE {} DROP COLUMN {}", quote(table), quote(column))),
            Alteration::DropColumn(_) => Inverse::None("the values of the column go with it".into()),
            Alteration::RenameTable(to) => one(format!("ALTER TABLE {} RENAME TO {}", quote(to), quote(table))),
            Alteration::RenameColumn { from, to } => {
                one(format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quote(table), quote(to), quote(from)))
            }
        },
        Deed::JournalMode(_) => one(format!("PRAGMA journal_mode = {}", facts.file.journal_mode)),
        Deed::Vacuum | Deed::Checkpoint | Deed::GiveBack => {
            Inverse::None("nothing that can be read changes: there is nothing to undo".into())
        }
        Deed::Reindex | Deed::Analyze => {
            Inverse::None("it only builds anew what is derived from the rows: there is nothing to undo".into())
        }
    }
}

/// The statements that make an object again, with what hung on it.
fn again(facts: &Facts, what: What, name: &str) -> Inverse {
    let Some(object) = facts.find(what, name) else { return Inverse::None("its definition is not known".into()) };
    let hanging: Vec<&SchemaRow> =
        if matches!(what, What::Table | What::View) { facts.hanging_on(&object.name).collect() } else { Vec::new() };
    let rows = std::iter::once(object).chain(hanging);
    let statements: Vec<String> = rows.filter_map(|row| row.sql.clone()).collect();
    if statements.is_empty() {
        Inverse::None("its definition is not known".into())
    } else {
        Inverse::Statements(statements)
    }
}

fn of_rows(change: &RowChange, facts: &Facts) -> Inverse {
    match obstacle(change, facts) {
        Some(reason) => Inverse::None(reason),
        None => Inverse::FromRows(MOST_ROWS),
    }
}

/// Why the rows as they were would not be enough, or cannot be had.
fn obstacle(change: &RowChange, facts: &Facts) -> Option<String> {
    let Some(shape) = &facts.shape else { return Some("the table is not known".into()) };
    match shape.kind.as_str() {
        "table" => {}
        "view" => return Some("it goes through a view, whose triggers decide what changes".into()),
        _ => return Some("a virtual table keeps its rows in a way of its own".into()),
    }
    if let Some(trigger) = firing(change, facts).first() {
        return Some(format!("the trigger {} runs with it, and what it changes is not known before", trigger.name));
    }
    if let Some(child) = acting_children(change, facts).first() {
        return Some(format!("rows of {child} change with it, by their foreign key"));
    }
    if change.displaces {
        return Some("it replaces rows that are in its way, and which those are is not known before".into());
    }
    if change.joins {
        return Some(
            "it takes values from other tables; write the condition with IN (SELECT ...) to have it undone".into(),
        );
    }
    match change.verb {
        Verb::Insert if shape.without_rowid => Some("a table WITHOUT ROWID does not tell which rows are new".into()),
        Verb::Update if change.set.iter().any(|column| is_key(shape, column)) => {
            Some("it changes the key by which the rows would be found again".into())
        }
        _ => None,
    }
}

fn is_key(shape: &Shape, column: &str) -> bool {
    let rowid =
        !shape.without_rowid && ["rowid", "_rowid_", "oid"].iter().any(|name| column.eq_ignore_ascii_case(name));
    rowid || shape.columns.iter().any(|c| c.key > 0 && c.name.eq_ignore_ascii_case(column))
}

/// The triggers that run with a change.
pub(super) fn firing<'a>(change: &'a RowChange, facts: &'a Facts) -> Vec<&'a SchemaRow> {
    facts.hanging_on(&change.table).filter(|row| row.kind == "trigger" && fires(row, change.verb)).collect()
}

/// The event stands behind the trigger's name and before its ON. What cannot be read counts as firing.
fn fires(trigger: &SchemaRow, verb: Verb) -> bool {
    let Some(sql) = &trigger.sql else { return true };
    let tokens = lexer::meaningful(sql, Lexis::Sqlite);
    let words = Words { text: sql, tokens: &tokens };
    let name = (0..words.len()).find(|&index| words.name(index) == Some(trigger.name.to_ascii_lowercase()));
    let event = name.and_then(|at| (at + 1..words.len()).find(|&i| words.is(i, &["insert", "update", "delete"])));
    event.is_none_or(|index| words.is(index, &[verb.word()]))
}

/// Tables whose rows change along, by a foreign key that does more than refuse.
pub(super) fn acting_children(change: &RowChange, facts: &Facts) -> Vec<String> {
    let acts = |rule: &str| matches!(rule, "CASCADE" | "SET NULL" | "SET DEFAULT");
    let sets = |column: &Option<String>| match (column, &facts.shape) {
        (Some(column), _) => change.set.iter().any(|set| set.eq_ignore_ascii_case(column)),
        (None, Some(shape)) => change.set.iter().any(|set| is_key(shape, set)),
        (None, None) => true,
    };
    let mut tables: Vec<String> = facts
        .children
        .iter()
        .filter(|child| match change.verb {
            Verb::Insert => false,
            Verb::Delete => acts(&child.on_delete),
            Verb::Update => acts(&child.on_update) && sets(&child.parent_column),
        })
        .map(|child| child.table.clone())
        .collect();
    tables.dedup();
    tables
}
