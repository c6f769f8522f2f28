//! What makes, drops and renames objects.

use super::{How, Name, how, parts, skip_maybe};
use crate::engine::sql::words::Words;

/// What happens to which objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Objects {
    CreateIndex { index: Index, table: Name, replaces: bool, maybe: bool, how: How },
    DropIndex { name: String, table: Name, maybe: bool, how: How },
    CreateTable { table: Name, replaces: bool, maybe: bool, like: Option<Name>, filled: bool },
    DropTables { tables: Vec<Name>, maybe: bool },
    RenameTables(Vec<(Name, Name)>),
    Truncate(Name),
    CreateView { view: Name, replaces: bool },
    AlterView(Name),
    DropViews { views: Vec<Name>, maybe: bool },
    CreateDatabase { name: String, maybe: bool },
    DropDatabase(String),
}

/// An index that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Index {
    /// Its name; the server finds one for an index without.
    pub(in crate::engine::mysql) name: Option<String>,
    pub(in crate::engine::mysql) kind: IndexKind,
    /// Number of its parts.
    pub(in crate::engine::mysql) columns: usize,
}

/// The kinds of index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::mysql) enum IndexKind {
    Plain,
    Unique,
    FullText,
    Spatial,
    /// MariaDB's and MySQL's index for vectors.
    Vector,
}

impl IndexKind {
    /// The kind of a word before INDEX.
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "unique" => Self::Unique,
            "fulltext" => Self::FullText,
            "spatial" => Self::Spatial,
            "vector" => Self::Vector,
            _ => return None,
        })
    }
}

/// Objects that hold code or rights: their effect comes later, and under other names.
const OTHERS: &str = "function procedure trigger event user role server package sequence tablespace logfile undo spatial \
    resource instance aggregate definer";

/// Reads it; `None` for what is no form that is known.
///
/// # Errors
/// One sentence for what is known and cannot be looked at before it runs.
pub(super) fn read(words: Words<'_>) -> Result<Option<Objects>, String> {
    let verb = words.at(0).to_ascii_lowercase();
    if words.is(1, &["temporary"]) {
        return Err("a temporary table ends with the session that makes it, and this one would end at once".into());
    }
    let object = match verb.as_str() {
        "rename" => rename(words),
        "truncate" => {
            let at = 1 + usize::from(words.is(1, &["table"]));
            Name::read(words, at).filter(|(_, after)| *after == words.len()).map(|(name, _)| Objects::Truncate(name))
        }
        "create" => create(words),
        "alter" => {
            let view = (1..words.len().min(14)).find(|&i| words.is(i, &["view"]));
            view.and_then(|at| Name::read(words, at + 1)).map(|(name, _)| Objects::AlterView(name))
        }
        _ => drop(words),
    };
    if object.is_none() && (1..words.len().min(12)).any(|i| words.is_one_of(i, OTHERS)) {
        return Err(
            "what code, sequences, storage or users do later cannot be looked at from here: run it with the server's own client"
                .into(),
        );
    }
    Ok(object)
}

fn rename(words: Words<'_>) -> Option<Objects> {
    let at = words.is(1, &["table", "tables"]).then_some(2)?;
    let (start, _) = skip_maybe(words, at);
    let pairs = parts(words, start, words.len()).into_iter().map(|(start, end)| {
        let (old, after) = Name::read(words, start)?;
        let (new, after) = Name::read(words, words.is(after, &["to"]).then_some(after + 1)?)?;
        (after == end).then_some((old, new))
    });
    Some(Objects::RenameTables(pairs.collect::<Option<_>>()?))
}

fn create(words: Words<'_>) -> Option<Objects> {
    let replaces = words.starts_with_at(1, &["or", "replace"]);
    let mut at = if replaces { 3 } else { 1 };
    let mut kind = IndexKind::Plain;
    if let Some(special) = IndexKind::of(words.at(at)) {
        kind = special;
        at += 1;
    }
    at += usize::from(words.is(at, &["online", "offline"]));
    match words.at(at).to_ascii_lowercase().as_str() {
        "index" => create_index(words, at + 1, kind, replaces),
        "table" => {
            let (start, maybe) = skip_maybe(words, at + 1);
            let (table, after) = Name::read(words, start)?;
            let open = after + usize::from(words.at(after) == "(");
            let like = words.is(open, &["like"]).then(|| Name::read(words, open + 1)).flatten().map(|(name, _)| name);
            let filled =
                (after..words.len()).any(|i| words.is(i, &["select", "values", "with"]) && !in_parts(words, after, i));
            Some(Objects::CreateTable { table, replaces, maybe, like, filled })
        }
        "database" | "schema" => {
            let (start, maybe) = skip_maybe(words, at + 1);
            Some(Objects::CreateDatabase { name: words.identifier(start)?, maybe })
        }
        _ => {
            let view = (at..words.len().min(at + 14)).find(|&i| words.is(i, &["view"]))?;
            let (start, _) = skip_maybe(words, view + 1);
            Name::read(words, start).map(|(view, _)| Objects::CreateView { view, replaces })
        }
    }
}

/// Inside the first brackets after `from`, where columns are described.
fn in_parts(words: Words<'_>, from: usize, at: usize) -> bool {
    words.at(from) == "(" && !words.is(from + 1, &["select", "with"]) && at < words.after_bracket(from)
}

fn create_index(words: Words<'_>, at: usize, kind: IndexKind, replaces: bool) -> Option<Objects> {
    let (start, maybe) = skip_maybe(words, at);
    let name = words.identifier(start)?;
    let mut at = start + 1;
    if words.is(at, &["using"]) {
        at += 2;
    }
    let (table, open) = Name::read(words, words.is(at, &["on"]).then_some(at + 1)?)?;
    if words.at(open) != "(" {
        return None;
    }
    let close = words.after_bracket(open);
    let columns = parts(words, open + 1, close - 1).len();
    let how = options(words, close);
    Some(Objects::CreateIndex { index: Index { name: Some(name), kind, columns }, table, replaces, maybe, how })
}

fn options(words: Words<'_>, from: usize) -> How {
    let mut found = How::default();
    for at in from..words.len() {
        how(words, at, &mut found);
    }
    found
}

fn drop(words: Words<'_>) -> Option<Objects> {
    let mut at = 1;
    at += usize::from(words.is(at, &["online", "offline"]));
    let (start, maybe) = skip_maybe(words, at + 1);
    match words.at(at).to_ascii_lowercase().as_str() {
        "index" => {
            let name = words.identifier(start)?;
            let (table, after) = Name::read(words, words.is(start + 1, &["on"]).then_some(start + 2)?)?;
            Some(Objects::DropIndex { name, table, maybe, how: options(words, after) })
        }
        kind @ ("table" | "tables" | "view") => {
            let end = (start..words.len()).find(|&i| words.is(i, &["restrict", "cascade", "wait", "nowait"]));
            let end = end.unwrap_or(words.len());
            let names = parts(words, start, end)
                .into_iter()
                .map(|(start, end)| Name::read(words, start).filter(|(_, after)| *after == end).map(|(name, _)| name));
            let names = names.collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())?;
            Some(match kind {
                "view" => Objects::DropViews { views: names, maybe },
                _ => Objects::DropTables { tables: names, maybe },
            })
        }
        "database" | "schema" => words.identifier(start).map(Objects::DropDatabase),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Form, read};
    use super::*;

    fn objects(text: &str) -> Objects {
        match read(text) {
            Ok(Form::Objects(objects)) => objects,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn indexes_are_read() {
        let Objects::CreateIndex { index, table, how, maybe, .. } = objects(
            "create unique index if not exists `i x` using btree on shop.t (a, (lower(b)), c desc) algorithm=inplace lock none",
        ) else {
            panic!()
        };
        assert_eq!(index, Index { name: Some("i x".into()), kind: IndexKind::Unique, columns: 3 });
        assert_eq!(table.within(""), ("shop".into(), "t".into()));
        assert_eq!((how.algorithm.as_deref(), how.lock.as_deref(), maybe), (Some("INPLACE"), Some("NONE"), true));
        assert!(matches!(objects("drop index i on t"), Objects::DropIndex { name, .. } if name == "i"));
    }

    #[test]
    fn tables_views_and_databases_are_read() {
        assert!(matches!(
            objects("create table t (a int default (select 1))"),
            Objects::CreateTable { filled: false, like: None, .. }
        ));
        assert!(matches!(objects("create table t like s.u"), Objects::CreateTable { like: Some(_), .. }));
        assert!(matches!(objects("create table t as select 1"), Objects::CreateTable { filled: true, .. }));
        assert!(
            matches!(objects("drop table if exists a, b.c"), Objects::DropTables { tables, maybe: true } if tables.len() == 2)
        );
        assert!(matches!(objects("rename table a to b, c to d.e"), Objects::RenameTables(pairs) if pairs.len() == 2));
        assert!(matches!(objects("truncate t"), Objects::Truncate(_)));
        assert!(matches!(
            objects("create or replace algorithm=merge definer=`a`@`b` sql security invoker view v as select 1"),
            Objects::CreateView { replaces: true, .. }
        ));
        assert!(matches!(objects("drop view v"), Objects::DropViews { .. }));
        assert!(matches!(objects("create database if not exists x"), Objects::CreateDatabase { maybe: true, .. }));
        for text in [
            "create trigger t before insert on x for each row set @a = 1",
            "drop user a",
            "create temporary table t (a int)",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
