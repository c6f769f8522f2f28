//! A change of rows, clause by clause: INSERT, REPLACE, UPDATE and DELETE, with or without a WITH before them. The
//! clauses are kept as they are written, so that rows can be counted and read by the person's own condition.

use super::deed::{identifier, object_name};
use crate::engine::sql::words::Words;
use crate::engine::sqlite::dialect;
use sqlparser::ast::{SetExpr, Statement};

/// What happens to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Insert,
    Update,
    Delete,
}

impl Verb {
    /// SQL's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A statement that changes rows of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowChange {
    /// What happens.
    pub(super) verb: Verb,
    /// The table or view, as written.
    pub(super) table: String,
    /// The name under which the condition knows it.
    pub(super) alias: Option<String>,
    /// `WITH ...`, as written.
    pub(super) with: Option<String>,
    /// Columns that UPDATE sets.
    pub(super) set: Vec<String>,
    /// The condition, as written.
    pub(super) condition: Option<String>,
    /// UPDATE takes values FROM other tables.
    pub(super) joins: bool,
    /// Rows in the way of others are removed (`REPLACE`), or changed (`DO UPDATE`).
    pub(super) displaces: bool,
    /// Some rows may be passed over (`OR IGNORE`, `DO NOTHING`).
    pub(super) skips: bool,
    /// Rows that INSERT was given as values.
    pub(super) given_rows: Option<u64>,
    /// The query whose rows INSERT takes, as written.
    pub(super) source: Option<String>,
}

/// Reads one change.
///
/// # Errors
/// One sentence when it is not understood, or when the parser understands it otherwise.
pub(super) fn read(words: Words<'_>) -> Result<RowChange, String> {
    let (with, words) = split_with(words)?;
    let mut change = match words.at(0).to_ascii_lowercase().as_str() {
        "update" => update(words)?,
        "delete" => delete(words)?,
        _ => insert(words)?,
    };
    change.with = with;
    match dialect::parsed(words) {
        Some(statement) if agrees(&change, &statement) => Ok(change),
        _ => Err("the clauses of this statement are not understood".to_owned()),
    }
}

fn agrees(change: &RowChange, statement: &Statement) -> bool {
    match (change.verb, statement) {
        (Verb::Update, Statement::Update(update)) => {
            update.selection.is_some() == change.condition.is_some()
                && update.from.is_some() == change.joins
                && update.assignments.len() <= change.set.len()
        }
        (Verb::Delete, Statement::Delete(delete)) => {
            delete.selection.is_some() == change.condition.is_some()
                && delete.using.is_none()
                && delete.order_by.is_empty()
                && delete.limit.is_none()
        }
        (Verb::Insert, Statement::Insert(insert)) => {
            let values = insert.source.as_ref().is_some_and(|query| matches!(query.body.as_ref(), SetExpr::Values(_)));
            change.source.is_none() || !values
        }
        _ => false,
    }
}

/// `WITH ...` as written, and the statement behind it. Its verb is the first one that follows a closing bracket.
fn split_with(words: Words<'_>) -> Result<(Option<String>, Words<'_>), String> {
    if !words.is(0, &["with"]) {
        return Ok((None, words));
    }
    let verb = (1..words.len())
        .filter(|&index| words.at(index - 1) == ")" && depth(words, 0, index) == 0)
        .find(|&index| words.is(index, &["insert", "replace", "update", "delete"]))
        .ok_or("no change of rows follows the WITH")?;
    let (start, end) = (words.tokens[0].range.start, words.tokens[verb - 1].range.end);
    Ok((Some(words.text[start..end].to_owned()), words.skip(verb)))
}

/// Open brackets before `index`, counted from `start`.
fn depth(words: Words<'_>, start: usize, index: usize) -> usize {
    (start..index).fold(0, |depth, at| match words.at(at) {
        "(" => depth + 1,
        ")" => usize::saturating_sub(depth, 1),
        _ => depth,
    })
}

/// The first of these keywords outside of brackets, from `start` on.
fn top(words: Words<'_>, start: usize, keywords: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    for index in start..words.len() {
        match words.at(index) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            // `a IS DISTINCT FROM b` has a FROM that begins no clause.
            _ if depth == 0 && words.is(index, keywords) && !(index > 0 && words.is(index - 1, &["distinct"])) => {
                return Some(index);
            }
            _ => {}
        }
    }
    None
}

fn written(words: Words<'_>, from: usize, to: usize) -> Option<String> {
    let (first, last) = (words.tokens.get(from)?, words.tokens.get(to.checked_sub(1)?)?);
    (from < to).then(|| words.text[first.range.start..last.range.end].to_owned())
}

/// What every change begins with.
fn opened(verb: Verb, table: String) -> RowChange {
    RowChange {
        verb,
        table,
        alias: None,
        with: None,
        set: Vec::new(),
        condition: None,
        joins: false,
        displaces: false,
        skips: false,
        given_rows: None,
        source: None,
    }
}

/// `OR REPLACE` and its like: whether rows are displaced, whether some are passed over, and where the text goes on.
fn on_conflict(words: Words<'_>, at: usize) -> (bool, bool, usize) {
    if words.is(at, &["or"]) {
        (words.is(at + 1, &["replace"]), words.is(at + 1, &["ignore"]), at + 2)
    } else {
        (false, false, at)
    }
}

/// `[AS] alias` and `[NOT] INDEXED [BY name]` behind a table's name.
fn decorations(words: Words<'_>, mut at: usize) -> Result<(Option<String>, usize), String> {
    let mut alias = None;
    if words.is(at, &["as"]) {
        alias = Some(identifier(words, at + 1)?);
        at += 2;
    }
    if words.starts_with_at(at, &["not", "indexed"]) {
        at += 2;
    } else if words.starts_with_at(at, &["indexed", "by"]) {
        at += 3;
    }
    Ok((alias, at))
}

fn update(words: Words<'_>) -> Result<RowChange, String> {
    let (displaces, skips, at) = on_conflict(words, 1);
    let (table, at) = object_name(words, at)?;
    let (alias, at) = decorations(words, at)?;
    if !words.is(at, &["set"]) {
        return Err("UPDATE wants a SET".to_owned());
    }
    let end = top(words, at, &["returning"]).unwrap_or(words.len());
    let r#where = top(words, at, &["where"]).filter(|index| *index < end);
    let from = top(words, at, &["from"]).filter(|index| *index < r#where.unwrap_or(end));
    let set = assigned(words, at + 1, from.or(r#where).unwrap_or(end))?;
    let condition = r#where.and_then(|index| written(words, index + 1, end));
    let joins = from.is_some();
    Ok(RowChange { alias, set, condition, joins, displaces, skips, ..opened(Verb::Update, table) })
}

/// The columns before each `=` of a SET: `a = 1, (b, c) = (2, 3)`.
fn assigned(words: Words<'_>, from: usize, to: usize) -> Result<Vec<String>, String> {
    let mut columns = Vec::new();
    let mut at = from;
    while at < to {
        if words.at(at) == "(" {
            let close = words.after_bracket(at);
            for index in (at + 1..close - 1).step_by(2) {
                columns.push(identifier(words, index)?);
            }
            at = close;
        } else {
            columns.push(identifier(words, at)?);
            at += 1;
        }
        if words.at(at) != "=" {
            return Err("SET wants column = value".to_owned());
        }
        at = next_comma(words, at, to);
    }
    Ok(columns)
}

/// Behind the next comma outside of brackets, or `to`.
fn next_comma(words: Words<'_>, from: usize, to: usize) -> usize {
    (from..to).find(|&index| words.at(index) == "," && depth(words, from, index) == 0).map_or(to, |index| index + 1)
}

fn delete(words: Words<'_>) -> Result<RowChange, String> {
    if !words.is(1, &["from"]) {
        return Err("DELETE wants a FROM".to_owned());
    }
    let (table, at) = object_name(words, 2)?;
    let (alias, at) = decorations(words, at)?;
    let end = top(words, at, &["returning"]).unwrap_or(words.len());
    let condition = words.is(at, &["where"]).then(|| written(words, at + 1, end)).flatten();
    Ok(RowChange { alias, condition, ..opened(Verb::Delete, table) })
}

fn insert(words: Words<'_>) -> Result<RowChange, String> {
    let (mut displaces, mut skips, mut at) = on_conflict(words, 1);
    displaces |= words.is(0, &["replace"]);
    if !words.is(at, &["into"]) {
        return Err("INSERT wants an INTO".to_owned());
    }
    let (table, after) = object_name(words, at + 1)?;
    let (alias, after) = decorations(words, after)?;
    at = if words.at(after) == "(" { words.after_bracket(after) } else { after };
    let end = top(words, at, &["returning"]).unwrap_or(words.len());
    let upsert = (at..end)
        .find(|&index| depth(words, at, index) == 0 && words.starts_with_at(index, &["on", "conflict"]))
        .unwrap_or(end);
    for index in upsert..end {
        displaces |= words.starts_with_at(index, &["do", "update"]);
        skips |= words.starts_with_at(index, &["do", "nothing"]);
    }
    let mut change = RowChange { alias, displaces, skips, ..opened(Verb::Insert, table) };
    if words.starts_with_at(at, &["default", "values"]) {
        change.given_rows = Some(1);
    } else if words.is(at, &["values"]) && top(words, at, &["union", "intersect", "except"]).is_none() {
        let rows = (at + 1..upsert).filter(|&index| words.at(index) == "(" && depth(words, at, index) == 0).count();
        change.given_rows = u64::try_from(rows).ok();
    } else {
        change.source = written(words, at, upsert);
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::deed::{self, Deed};
    use super::*;

    fn rows(text: &str) -> RowChange {
        match deed::read(text) {
            Ok(Deed::Rows(change)) => change,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn clauses_are_kept_as_they_are_written() {
        let change = rows(
            "WITH old AS (SELECT id FROM log WHERE x) UPDATE OR IGNORE main.\"my t\" AS m SET a = (SELECT 1, 2), \
             b = c IS DISTINCT FROM d, (e, f) = (1, 2) WHERE m.id IN (SELECT id FROM old) RETURNING id;",
        );
        assert_eq!(change.with.as_deref(), Some("WITH old AS (SELECT id FROM log WHERE x)"));
        assert_eq!((change.table.as_str(), change.alias.as_deref()), ("my t", Some("m")));
        assert_eq!(change.set, ["a", "b", "e", "f"]);
        assert_eq!(change.condition.as_deref(), Some("m.id IN (SELECT id FROM old)"));
        assert!(change.skips && !change.displaces && !change.joins);

        let joined = rows("UPDATE t SET a = u.a FROM u WHERE u.id = t.id");
        assert!(joined.joins);
        assert_eq!(joined.set, ["a"]);
        let deleted = rows("DELETE FROM t INDEXED BY i WHERE a = 'where' -- returning");
        assert_eq!(deleted.condition.as_deref(), Some("a = 'where'"));
        assert_eq!(rows("DELETE FROM t").condition, None);
    }

    #[test]
    fn inserts_say_how_many_rows_they_bring() {
        let given = |text| rows(text).given_rows;
        assert_eq!(given("INSERT INTO t VALUES (1, (2)), (3, 4)"), Some(2));
        assert_eq!(given("INSERT INTO t(a) VALUES ('(') ON CONFLICT (a) DO NOTHING"), Some(1));
        assert_eq!(given("INSERT INTO t DEFAULT VALUES"), Some(1));
        let copied =
            rows("INSERT INTO t(a) SELECT a.x FROM a JOIN b ON a.x = b.x WHERE true ON CONFLICT DO UPDATE SET a = 1");
        assert_eq!(copied.source.as_deref(), Some("SELECT a.x FROM a JOIN b ON a.x = b.x WHERE true"));
        assert!(copied.displaces && copied.given_rows.is_none());
        assert!(rows("REPLACE INTO t VALUES (1)").displaces);
        assert!(rows("INSERT OR REPLACE INTO t VALUES (1)").displaces);
    }
}
