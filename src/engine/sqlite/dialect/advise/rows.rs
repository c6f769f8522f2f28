//! INSERT, UPDATE and DELETE: how many rows, which, and what goes with them.

use super::act::{Act, object, outside_brackets, written};
use crate::engine::sql::advice::Remark;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::list::holds;
use crate::engine::sql::words::Words;

/// Rows that one batch changes, so that other writers get their turn.
const BATCH: u32 = 1_000;

/// An UPDATE or DELETE that is the whole statement.
struct Change<'a> {
    words: Words<'a>,
    is_delete: bool,
    table: String,
    /// The tokens of the condition.
    condition: Option<Words<'a>>,
    /// Nothing but the table and the condition.
    is_plain: bool,
}

fn change(act: &Act) -> Option<Change<'_>> {
    let words = act.words();
    let is_delete = words.starts_with(&["delete", "from"]);
    let at = match () {
        () if is_delete => 2,
        () if words.starts_with(&["update", "or"]) => 3,
        () if words.starts_with(&["update"]) => 1,
        () => return None,
    };
    let (table, after) = object(words, at)?;
    let clause = |keywords: &[&str]| outside_brackets(words).find(|&index| index >= after && words.is(index, keywords));
    let start = clause(&["where"]);
    let end = start.map(|start| {
        let ends = |index: &usize| *index > start && words.is(*index, &["returning", "order", "limit"]);
        outside_brackets(words).find(ends).unwrap_or(words.len())
    });
    let condition =
        start.zip(end).map(|(start, end)| Words { text: words.text, tokens: &words.tokens[start + 1..end] });
    let is_plain = start == Some(after) && end == Some(words.len());
    Some(Change { words, is_delete, table, condition, is_plain })
}

pub(super) fn every_row(act: &Act) -> Vec<Remark> {
    let Some(change) = change(act).filter(|change| change.condition.is_none()) else { return Vec::new() };
    let done = if change.is_delete { "removed" } else { "changed" };
    vec![Remark::new(format!("Every row of {} is {done}: there is no WHERE.", change.table))]
}

pub(super) fn many_rows(act: &Act) -> Vec<Remark> {
    let Some(change) = change(act) else { return Vec::new() };
    let Some(condition) = change.condition.filter(|condition| !picks_by_key(*condition)) else { return Vec::new() };
    let table = &change.table;
    let remark = Remark::new(format!(
        "No column that is fixed in the WHERE is named like a key, so this may be many rows of {table}, and every \
         other writer of the file waits for the last of them."
    ));
    if !change.is_delete || !change.is_plain {
        return vec![remark];
    }
    let condition = written(condition, 0, condition.len());
    vec![remark.instead([format!(
        "{} WHERE rowid IN (SELECT rowid FROM {table} WHERE {condition} LIMIT {BATCH})",
        written(change.words, 0, before_where(change.words))
    )])]
}

fn before_where(words: Words<'_>) -> usize {
    outside_brackets(words).find(|&index| words.is(index, &["where"])).unwrap_or(words.len())
}

/// `id = 3`, `o.id IN (1, 2)`, with nothing but AND beside it.
fn picks_by_key(condition: Words<'_>) -> bool {
    let outside: Vec<usize> = outside_brackets(condition).collect();
    if outside.iter().any(|&index| condition.is(index, &["or"])) {
        return false;
    }
    outside.into_iter().any(|index| {
        let fixes = condition.is(index, &["in", "is"]) || condition.at(index) == "=";
        let negated = condition.is(index + 1, &["not"]);
        let before = index.checked_sub(1).is_some_and(|before| is_key(condition, before));
        let symbol = index > 0 && matches!(condition.at(index - 1), "<" | ">" | "!" | "=");
        // The second half of `==`.
        let doubled = symbol && condition.at(index - 1) == "=" && index > 1 && is_key(condition, index - 2);
        fixes && !negated && (before || doubled || (!symbol && is_key(condition, index + 1)))
    })
}

/// Names that keys have. The schema is not known here.
fn is_key(words: Words<'_>, index: usize) -> bool {
    const KEYS: &str = "id rowid oid _rowid_ uuid guid key pk code number no nr slug email username login token";
    const ENDINGS: &[&str] = &["id", "_key", "_uuid", "_guid", "_pk", "_no", "_nr", "_number", "_code"];
    matches!(words.kind(index), Some(Kind::Word | Kind::QuotedName))
        && words.name(index).is_some_and(|name| holds(KEYS, &name) || ENDINGS.iter().any(|end| name.ends_with(end)))
}

pub(super) fn equals_null(act: &Act) -> Vec<Remark> {
    let Some(condition) = change(act).and_then(|change| change.condition) else { return Vec::new() };
    let null = (1..condition.len())
        .find(|&index| condition.is(index, &["null"]) && matches!(condition.at(index - 1), "=" | ">"));
    let Some(null) = null.filter(|&null| condition.at(null - 1) == "=" || null > 1 && condition.at(null - 2) == "<")
    else {
        return Vec::new();
    };
    let shown = written(condition, null.saturating_sub(3), null + 1);
    vec![Remark::new(format!(
        "{shown} is true for no row at all, not even for one with a NULL: write IS NULL or IS NOT NULL."
    ))]
}

pub(super) fn not_in_query(act: &Act) -> Vec<Remark> {
    let Some(condition) = change(act).and_then(|change| change.condition) else { return Vec::new() };
    let found = (0..condition.len()).any(|index| {
        condition.starts_with_at(index, &["not", "in"])
            && condition.at(index + 2) == "("
            && condition.is(index + 3, &["select", "with"])
    });
    let remark =
        Remark::new("If the query after NOT IN gives a single NULL, no row matches; NOT EXISTS has no such trap.");
    if found { vec![remark] } else { Vec::new() }
}

/// `REPLACE INTO`, `INSERT OR REPLACE`, `UPDATE OR REPLACE`.
pub(super) fn replaces(act: &Act) -> Vec<Remark> {
    let words = act.words();
    let found = words.starts_with(&["replace", "into"])
        || words.is(0, &["insert", "update"]) && words.starts_with_at(1, &["or", "replace"]);
    let remark = Remark::new(
        "A row with the same key is removed first: columns that are not named fall back to their defaults, rows that \
         refer to it go or stop this where foreign keys are on, and delete triggers may not run; INSERT ... ON CONFLICT \
         DO UPDATE changes the row in its place.",
    );
    if found { vec![remark] } else { Vec::new() }
}

pub(super) fn unnamed_columns(act: &Act) -> Vec<Remark> {
    let words = act.words();
    let Some(into) = (0..words.len().min(4)).find(|&index| words.is(index, &["into"])) else { return Vec::new() };
    let Some((table, after)) = object(words, into + 1).filter(|_| words.is(0, &["insert", "replace"])) else {
        return Vec::new();
    };
    if !words.is(after, &["values", "select", "with"]) {
        return Vec::new();
    }
    vec![Remark::new(format!(
        "The values go to the columns of {table} in the order in which they were once added; with their names beside \
         them none can land in the wrong one."
    ))]
}
