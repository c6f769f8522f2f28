//! ALTER TABLE: what it cannot do, what it reads or writes in full, and whom it breaks.

use super::act::{Act, Alteration, NewColumn, object};
use crate::engine::sql::advice::Remark;
use crate::engine::sql::lexer::Lexis;
use crate::engine::sql::lexer::{self, Kind};
use crate::engine::sql::words::Words;

/// 3.35 brought DROP COLUMN.
const DROP_COLUMN: u32 = 33_500;

fn added(act: &Act, say: impl Fn(&str, &NewColumn<'_>) -> Option<Remark>) -> Vec<Remark> {
    act.added().and_then(|(table, column)| say(&table, &column)).into_iter().collect()
}

pub(super) fn unique(act: &Act) -> Vec<Remark> {
    added(act, |table, column| {
        column.find(&["unique"])?;
        let name = &column.name;
        let text = format!("SQLite refuses this: no column with UNIQUE can be added to {table}; a unique index can.");
        let mut steps = vec![format!("ALTER TABLE {table} ADD COLUMN {}", column.plain())];
        steps.extend(unique_index(table, name));
        Some(Remark::new(text).instead(steps))
    })
}

/// The index takes the schema before its own name, and the table goes without.
fn unique_index(table: &str, column: &str) -> Option<String> {
    let tokens = lexer::meaningful(table, Lexis::Sqlite);
    let words = Words { text: table, tokens: &tokens };
    let last = words.len().checked_sub(1)?;
    let schema = if last >= 2 { format!("{}.", words.at(0)) } else { String::new() };
    let tokens = lexer::meaningful(column, Lexis::Sqlite);
    let column_name = Words { text: column, tokens: &tokens }.identifier(0)?;
    let index = super::super::names::quote(&format!("{}_{column_name}_key", words.identifier(last)?));
    Some(format!("CREATE UNIQUE INDEX {schema}{index} ON {} ({column})", words.at(last)))
}

pub(super) fn primary_key(act: &Act) -> Vec<Remark> {
    added(act, |table, column| {
        column.find(&["primary", "key"])?;
        Some(Remark::new(format!(
            "SQLite refuses this: {table} keeps the primary key that it was made with, and another one wants a new \
             table into which the rows are copied."
        )))
    })
}

pub(super) fn required(act: &Act) -> Vec<Remark> {
    added(act, |table, column| {
        column.find(&["not", "null"])?;
        let default = column.find(&["default"]);
        let empty = default.is_none_or(|at| column.rest.is(at + 1, &["null"]));
        if !empty || is_generated(column) {
            return None;
        }
        let text = format!(
            "SQLite refuses this: a column with NOT NULL can be added to {table} only along with a constant for the \
             rows that are there."
        );
        Some(Remark::new(text).instead([format!("ALTER TABLE {table} ADD COLUMN {}", column.plain())]))
    })
}

pub(super) fn computed_default(act: &Act) -> Vec<Remark> {
    added(act, |table, column| {
        let value = column.find(&["default"])? + 1;
        let now = column.rest.is(value, &["current_time", "current_date", "current_timestamp"]);
        if !now && (column.rest.at(value) != "(" || is_constant(column.rest, value)) {
            return None;
        }
        Some(Remark::new(format!(
            "SQLite refuses this as soon as {table} has a row: what is added to rows that are there must be a constant."
        )))
    })
}

/// One literal in the brackets at `open`, with a sign or without.
fn is_constant(words: Words<'_>, open: usize) -> bool {
    let inside = open..words.after_bracket(open);
    let parts: Vec<usize> = inside.filter(|&index| !matches!(words.at(index), "(" | ")" | "+" | "-")).collect();
    let [only] = parts.as_slice() else { return false };
    matches!(words.kind(*only), Some(Kind::Number | Kind::Text)) || words.is(*only, &["null", "true", "false"])
}

fn is_generated(column: &NewColumn<'_>) -> bool {
    column.find(&["as"]).is_some()
}

pub(super) fn stored(act: &Act) -> Vec<Remark> {
    added(act, |table, column| {
        if !is_generated(column) || column.find(&["stored"]).is_none() {
            return None;
        }
        Some(Remark::new(format!(
            "SQLite refuses this: a generated column that is added to {table} must be VIRTUAL, which is computed on \
             reading and can be indexed too."
        )))
    })
}

pub(super) fn check(act: &Act) -> Vec<Remark> {
    added(act, |table, column| {
        column.find(&["check"])?;
        Some(Remark::new(format!(
            "Every other writer of the file waits while all rows of {table} are held against the CHECK, and one row \
             that does not meet it makes this fail."
        )))
    })
}

pub(super) fn drop_column(act: &Act) -> Vec<Remark> {
    let Some((table, Alteration::Drop { column })) = act.alteration() else { return Vec::new() };
    let text = if act.version < DROP_COLUMN {
        format!(
            "SQLite before 3.35 cannot drop a column of {table}: it wants a new table into which the rows are copied."
        )
    } else {
        format!(
            "Every row of {table} is written anew while every other writer of the file waits, the values of {column} \
             are gone for good, and it is refused if an index, a key, a CHECK, a trigger or a view names {column}."
        )
    };
    vec![Remark::new(text)]
}

pub(super) fn rename_column(act: &Act) -> Vec<Remark> {
    let Some((table, Alteration::RenameColumn { from, to })) = act.alteration() else { return Vec::new() };
    vec![Remark::new(format!(
        "Indexes, triggers and views follow, programs do not: each that still says {from} of {table} instead of {to} \
         fails from its next statement on."
    ))]
}

pub(super) fn rename_table(act: &Act) -> Vec<Remark> {
    let Some((table, Alteration::RenameTable { to })) = act.alteration() else { return Vec::new() };
    // A view lives in the schema of its table.
    let tokens = lexer::meaningful(&table, Lexis::Sqlite);
    let words = Words { text: &table, tokens: &tokens };
    let schema = if words.at(1) == "." { format!("{}.", words.at(0)) } else { String::new() };
    let is_name = object(words, 0).is_some() && words.kind(0) != Some(Kind::Text);
    let view = format!("CREATE VIEW {schema}{to} AS SELECT * FROM {table}");
    let remark = Remark::new(format!(
        "Foreign keys, triggers and views follow, programs do not: each that still says {table} fails from its next \
         statement on; a view of the new name lets those that only read change first."
    ));
    vec![if is_name { remark.instead([view]) } else { remark }]
}
