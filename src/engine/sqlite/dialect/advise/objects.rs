//! The file as a whole, tables, indexes and views.

use super::act::{Act, behind_if, object, written};
use crate::engine::sql::advice::Remark;
use crate::engine::sql::words::Words;

/// VACUUM builds the file a second time.
pub(super) fn vacuum(act: &Act) -> Vec<Remark> {
    if !act.words().starts_with(&["vacuum"]) {
        return Vec::new();
    }
    vec![Remark::new(
        "Nobody can write to the file while all of it is copied and copied back, which takes up to twice its size \
         again on disk; rows of tables without INTEGER PRIMARY KEY may get another rowid.",
    )]
}

/// `CREATE INDEX`: where ON stands.
fn indexed(words: Words<'_>) -> Option<String> {
    let starts = words.starts_with(&["create", "index"]) || words.starts_with(&["create", "unique", "index"]);
    let on = (0..words.len()).find(|&index| words.is(index, &["on"])).filter(|_| starts)?;
    Some(object(words, on + 1)?.0)
}

pub(super) fn create_index(act: &Act) -> Vec<Remark> {
    let Some(table) = indexed(act.words()) else { return Vec::new() };
    vec![Remark::new(format!(
        "Every other writer of the file waits while {table} is read and sorted, and fails once its busy timeout is \
         over; SQLite has no way to build an index beside them."
    ))]
}

pub(super) fn reindex(act: &Act) -> Vec<Remark> {
    if !act.words().starts_with(&["reindex"]) {
        return Vec::new();
    }
    let what = if act.words().len() == 1 {
        "every index of the file".to_owned()
    } else {
        written(act.words(), 1, act.words().len())
    };
    vec![Remark::new(format!(
        "Every other writer of the file waits while {what} is built anew, which helps only after a collation has \
         changed or an index was damaged."
    ))]
}

pub(super) fn analyze(act: &Act) -> Vec<Remark> {
    if !act.words().starts_with(&["analyze"]) {
        return Vec::new();
    }
    vec![Remark::new(
        "Every other writer of the file waits while whole indexes are read, and open connections keep their old plans \
         until they read the schema again.",
    )]
}

pub(super) fn drop_table(act: &Act) -> Vec<Remark> {
    let words = act.words();
    if !words.starts_with(&["drop", "table"]) {
        return Vec::new();
    }
    let Some((table, _)) = object(words, behind_if(words, 2)) else { return Vec::new() };
    let remark = Remark::new(format!(
        "The rows of {table} are gone for good with its indexes and triggers, and where foreign keys are on, rows that \
         refer to it go too (ON DELETE CASCADE) or stop this; under another name first, a forgotten program shows \
         itself."
    ));
    let last = words.identifier(words.len() - 1);
    let renamed = last.map(|name| {
        let name = super::super::names::quote(&format!("{name}_to_drop"));
        format!("ALTER TABLE {table} RENAME TO {name}")
    });
    vec![remark.instead(renamed)]
}

pub(super) fn drop_view(act: &Act) -> Vec<Remark> {
    let words = act.words();
    if !words.starts_with(&["drop", "view"]) {
        return Vec::new();
    }
    let Some((view, _)) = object(words, behind_if(words, 2)) else { return Vec::new() };
    vec![Remark::new(format!(
        "Programs and views that read {view} fail from their next statement on, and its triggers go with it."
    ))]
}

/// True for CREATE TABLE of a table that other connections see.
fn creates_table(words: Words<'_>) -> bool {
    words.starts_with(&["create", "table"])
}

/// A foreign key counts only where a connection says so.
pub(super) fn foreign_keys(act: &Act) -> Vec<Remark> {
    let adds = creates_table(act.words()) || act.added().is_some();
    let refers = (0..act.words().len()).any(|index| act.words().is(index, &["references"]));
    if !adds || !refers {
        return Vec::new();
    }
    vec![Remark::new(
        "A foreign key counts only for connections that say PRAGMA foreign_keys = ON, each time they connect; any \
         other program can write rows that break it.",
    )]
}

pub(super) fn without_strict(act: &Act) -> Vec<Remark> {
    const STRICT: u32 = 33_700;
    let words = act.words();
    let last = words.len() - 1;
    let options = (0..words.len()).rev().take_while(|&index| words.at(index) != ")");
    let is_strict = options.into_iter().any(|index| words.is(index, &["strict"]));
    // CREATE TABLE ... AS SELECT has no such word.
    if !creates_table(words)
        || act.version < STRICT
        || is_strict
        || (words.at(last) != ")" && !words.is(last, &["rowid"]))
    {
        return Vec::new();
    }
    if (0..words.len()).any(|index| words.is(index, &["select"])) {
        return Vec::new();
    }
    vec![
        Remark::new("Without STRICT any column takes any text or number, whatever its type says.")
            .instead([with_strict(words)]),
    ]
}

fn with_strict(words: Words<'_>) -> String {
    let options = if words.at(words.len() - 1) == ")" { " STRICT" } else { ", STRICT" };
    written(words, 0, words.len()) + options
}

pub(super) fn autoincrement(act: &Act) -> Vec<Remark> {
    if !creates_table(act.words()) || !(0..act.words().len()).any(|index| act.words().is(index, &["autoincrement"])) {
        return Vec::new();
    }
    vec![Remark::new(
        "AUTOINCREMENT costs a second write to sqlite_sequence with every insert; INTEGER PRIMARY KEY alone counts \
         too, and may only use the number of the newest row again after that row was deleted.",
    )]
}
