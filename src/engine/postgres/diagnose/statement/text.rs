//! What can be told of a statement from its text alone: what it does, to which relations, with which conditions. It is a
//! reader of words, not a parser: `pg_stat_activity` cuts statements, and what it cannot tell is left open.

use crate::engine::sql::lexer::{Kind, Lexis, Token, meaningful};
use std::collections::BTreeSet;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in super::super) enum Verb {
    /// Reads.
    Read,
    /// Adds rows: INSERT, or COPY from a client or file.
    Insert,
    /// Changes or removes rows.
    Change,
    /// Sends a table to a client or file.
    CopyOut,
    /// Takes the next rows of a cursor.
    Fetch,
    /// Ends a transaction.
    Commit,
    /// Begins one, or sets something.
    Small,
    /// Calls what cannot be seen into: DO, CALL, EXECUTE.
    Opaque,
    /// Keeps things in shape: VACUUM, ANALYZE, builds of indexes.
    Upkeep,
    /// Changes the shape of things, or locks them.
    Definition,
    /// Anything else.
    #[default]
    Other,
}

/// The reading of one statement.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Text {
    /// What it does.
    pub(in super::super) verb: Verb,
    /// Relations it names, as it writes them, folded as the server does.
    pub(in super::super) relations: Vec<String>,
    /// The outermost query, or the change, has a condition.
    pub(in super::super) filtered: bool,
    /// The outermost query returns sums of many rows.
    pub(in super::super) aggregated: bool,
    /// It takes only the first rows.
    pub(in super::super) limited: bool,
    /// It sorts, or groups.
    pub(in super::super) ordered: bool,
    /// A query inside names a relation of the query around it.
    pub(in super::super) correlated: bool,
    /// Relations that the outermost query joins.
    pub(in super::super) joined: usize,
    /// Columns that are compared with something, without their relation.
    pub(in super::super) compared: Vec<String>,
}

const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "string_agg",
    "array_agg",
    "json_agg",
    "jsonb_agg",
    "bool_and",
    "bool_or",
    "stddev",
    "variance",
    "percentile_cont",
];
/// Words that end a list of relations.
const AFTER_FROM: &[&str] = &[
    "where",
    "group",
    "order",
    "having",
    "limit",
    "offset",
    "fetch",
    "union",
    "intersect",
    "except",
    "returning",
    "for",
    "window",
    "set",
    "on",
    "using",
    "values",
    "select",
];
/// Words that stand before or behind a relation and are not its alias.
const NO_ALIAS: &[&str] = &[
    "left",
    "right",
    "full",
    "inner",
    "cross",
    "natural",
    "join",
    "outer",
    "as",
    "lateral",
    "only",
    "tablesample",
    "default",
];

/// One level of brackets.
#[derive(Default)]
struct Scope {
    is_query: bool,
    in_from: bool,
    wants_relation: bool,
    in_condition: bool,
    names: BTreeSet<String>,
    relations: usize,
    /// Names before a point, of its own.
    used: BTreeSet<String>,
    /// Those that queries inside use and do not know.
    asked: BTreeSet<String>,
}

impl Scope {
    /// A query inside uses a name of this one.
    fn is_asked(&self) -> bool {
        self.asked.iter().any(|name| self.names.contains(name))
    }
    /// Hands over what is still open when its bracket closes: a query asks those around it, other brackets are a part
    /// of what is around them.
    fn close(self, around: &mut Self) {
        let open = |names: BTreeSet<String>| names.into_iter().filter(|name| !self.names.contains(name));
        if self.is_query {
            around.asked.extend(open(self.used).chain(open(self.asked)));
        } else {
            around.used.extend(self.used);
            around.asked.extend(self.asked);
            around.names.extend(self.names);
        }
    }
}

/// A statement as words.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, tokens: meaningful(text, Lexis::Postgres) }
    }
    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }
    /// The token as written; empty past the end.
    pub(super) fn raw(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| &self.text[token.range.clone()])
    }
    /// A keyword in lower case; empty for anything that is none.
    pub(super) fn word(&self, at: usize) -> String {
        if self.kind(at) == Some(Kind::Word) { self.raw(at).to_ascii_lowercase() } else { String::new() }
    }
    /// A name as the server folds it.
    fn name(&self, at: usize) -> Option<String> {
        match self.kind(at)? {
            Kind::Word => Some(self.raw(at).to_lowercase()),
            Kind::QuotedName => Some(self.raw(at).trim_matches('"').replace("\"\"", "\"")),
            _ => None,
        }
    }
    fn verb(&self) -> Verb {
        let (first, second) = (self.word(0), self.word(1));
        match first.as_str() {
            "select" | "values" | "table" => Verb::Read,
            "with" => {
                let has = |word: &str| (1..self.tokens.len()).any(|at| self.word(at) == word);
                if has("insert") {
                    Verb::Insert
                } else if has("update") || has("delete") {
                    Verb::Change
                } else {
                    Verb::Read
                }
            }
            "" if self.raw(0) == "(" => Verb::Read,
            "insert" => Verb::Insert,
            "update" | "delete" | "merge" => Verb::Change,
            "copy" => {
                let to = (1..self.tokens.len()).rev().any(|at| self.word(at) == "to");
                if to { Verb::CopyOut } else { Verb::Insert }
            }
            "fetch" => Verb::Fetch,
            "commit" | "end" => Verb::Commit,
            "prepare" if second == "transaction" => Verb::Commit,
            "begin" | "start" | "rollback" | "abort" | "savepoint" | "release" | "set" | "reset" | "show"
            | "declare" | "close" | "discard" | "deallocate" | "listen" | "notify" | "prepare" => Verb::Small,
            "do" | "call" | "execute" => Verb::Opaque,
            "vacuum" | "analyze" | "analyse" | "reindex" | "cluster" | "refresh" | "checkpoint" => Verb::Upkeep,
            "create" if (1..4).any(|at| self.word(at) == "index") => Verb::Upkeep,
            "create" | "alter" | "drop" | "truncate" | "lock" | "comment" | "grant" | "revoke" => Verb::Definition,
            _ => Verb::Other,
        }
    }
}

/// Reads a statement.
pub(in super::super) fn read(text: &str) -> Text {
    let words = Words::of(text);
    let mut found = Text { verb: words.verb(), ..Text::default() };
    let mut scopes = vec![Scope::default()];
    if matches!(words.word(0).as_str(), "update" | "into" | "copy" | "merge" | "table") {
        scopes[0].wants_relation = true;
        scopes[0].in_from = true;
    }
    let mut at = usize::from(scopes[0].wants_relation);
    while at < words.tokens.len() {
        match words.raw(at) {
            "(" => {
                let is_query = matches!(words.word(at + 1).as_str(), "select" | "with" | "values");
                // In brackets of a list of relations there may be more of them.
                let lists = scopes.last().is_some_and(|s| s.wants_relation) && !is_query;
                scopes.push(Scope { is_query, in_from: lists, wants_relation: lists, ..Scope::default() });
            }
            ")" if scopes.len() > 1 => {
                if let (Some(inner), Some(scope)) = (scopes.pop(), scopes.last_mut()) {
                    found.correlated |= inner.is_query && inner.is_asked();
                    inner.close(scope);
                    scope.wants_relation = false;
                }
            }
            "," => {
                if let Some(scope) = scopes.last_mut().filter(|s| s.in_from) {
                    scope.wants_relation = true;
                }
            }
            _ => at = token(&words, at, &mut scopes, &mut found),
        }
        at += 1;
    }
    found.correlated |= scopes.iter().any(Scope::is_asked);
    found.joined = scopes.first().map_or(0, |scope| scope.relations);
    found.relations.dedup();
    found
}

/// Takes a token that is no bracket and no comma, and perhaps those after it that belong to it; gives the last one
/// that was taken.
fn token(words: &Words<'_>, at: usize, scopes: &mut [Scope], found: &mut Text) -> usize {
    let outermost = scopes.len() == 1;
    let word = words.word(at);
    let Some(scope) = scopes.last_mut() else { return at };
    match word.as_str() {
        "select" => {
            let mut before = std::mem::take(scope);
            *scope = Scope { is_query: true, names: std::mem::take(&mut before.names), ..Scope::default() };
            scope.asked = before.asked;
            return at;
        }
        "from" | "join" | "into" | "using"
            if (scope.is_query || outermost) && words.word(at.wrapping_sub(1)) != "distinct" =>
        {
            scope.in_from = true;
            scope.wants_relation = true;
            scope.in_condition = false;
            return at;
        }
        "where" | "on" | "having" => {
            found.filtered |= outermost && word == "where";
            scope.in_from = false;
            scope.wants_relation = false;
            scope.in_condition = true;
            return at;
        }
        "limit" | "fetch" if outermost => found.limited |= at > 0,
        "group" | "order" if outermost => {
            found.ordered = true;
            found.aggregated |= word == "group";
        }
        _ => {}
    }
    if AFTER_FROM.contains(&word.as_str()) {
        scope.in_from = false;
        scope.wants_relation = false;
        scope.in_condition &= !matches!(word.as_str(), "group" | "order" | "limit" | "returning");
        return at;
    }
    if scope.wants_relation && !NO_ALIAS.contains(&word.as_str()) {
        return relation(words, at, scope, found);
    }
    if outermost && AGGREGATES.contains(&word.as_str()) && words.raw(at + 1) == "(" && words.word(0) != "insert" {
        found.aggregated = true;
    }
    if let Some(name) = words.name(at) {
        if words.raw(at + 1) == "." {
            scope.used.insert(name.clone());
            if let Some(column) = words.name(at + 2) {
                compare(words, at + 3, scope, column, found);
                return at + 2;
            }
        }
        compare(words, at + 1, scope, name, found);
    }
    at
}

/// A relation, with its schema and alias.
fn relation(words: &Words<'_>, at: usize, scope: &mut Scope, found: &mut Text) -> usize {
    let Some(first) = words.name(at) else { return at };
    let (mut last, mut name) = (at, first.clone());
    let mut bare = first;
    if words.raw(at + 1) == "."
        && let Some(second) = words.name(at + 2)
    {
        name = format!("{bare}.{second}");
        bare = second;
        last = at + 2;
    }
    scope.wants_relation = false;
    if words.raw(last + 1) == "(" && !matches!(words.word(0).as_str(), "insert" | "copy") {
        // A function that gives rows.
        return last;
    }
    scope.relations += 1;
    scope.names.insert(bare);
    found.relations.push(name);
    let mut next = last + 1;
    if words.word(next) == "as" {
        next += 1;
    }
    let alias = words.name(next).filter(|alias| {
        words.kind(next) == Some(Kind::QuotedName)
            || !(AFTER_FROM.contains(&alias.as_str())
                || NO_ALIAS.contains(&alias.as_str())
                || alias == "from"
                || alias == "to")
    });
    if let Some(alias) = alias {
        scope.names.insert(alias);
        last = next;
    }
    last
}

/// A column with an operator behind it, in a condition.
fn compare(words: &Words<'_>, behind: usize, scope: &Scope, column: String, found: &mut Text) {
    let compared = matches!(words.raw(behind), "=" | "<" | ">")
        || matches!(words.word(behind).as_str(), "like" | "ilike" | "in" | "between");
    if scope.in_condition && compared && !found.compared.contains(&column) {
        found.compared.push(column);
    }
}

#[cfg(test)]
mod tests {
    use super::{Verb, read};

    #[test]
    fn relations_conditions_and_columns_are_read() {
        let text = read(
            "SELECT o.id, c.name FROM app.orders o JOIN \"Customers\" AS c ON c.id = o.customer WHERE o.code = 'x' LIMIT 3",
        );
        assert_eq!(text.relations, ["app.orders", "Customers"]);
        assert!(text.filtered && text.limited && !text.aggregated && !text.correlated);
        assert_eq!((text.joined, text.verb), (2, Verb::Read));
        assert_eq!(text.compared, ["id", "code"]);
        let plain = read("select count(*), extract(year from at) from events, days d where events.day = d.day");
        assert_eq!(plain.relations, ["events", "days"]);
        assert!(plain.aggregated && plain.filtered);
    }

    #[test]
    fn a_query_inside_that_looks_out_is_correlated() {
        for text in [
            "select * from part p where p.size > (select avg(l.size) from line l where l.part = p.id)",
            "SELECT c.id, (SELECT max(o.at) FROM orders o WHERE o.customer = c.id) FROM customers c",
            "select * from a where exists (select 1 from b where b.x = a.x)",
        ] {
            assert!(read(text).correlated, "{text}");
        }
        for text in [
            "select * from part p where p.size > (select avg(l.size) from line l)",
            "select * from (select x.id from x where x.id > 3) s where s.id < 9",
        ] {
            assert!(!read(text).correlated, "{text}");
        }
    }

    #[test]
    fn verbs() {
        for (text, verb) in [
            ("/* app */ insert into t (a) values (1)", Verb::Insert),
            ("COPY t (a) FROM STDIN", Verb::Insert),
            ("copy (select 1) to stdout", Verb::CopyOut),
            ("UPDATE t SET a = 1 WHERE b = 2", Verb::Change),
            ("with x as (select 1) select * from x", Verb::Read),
            ("END", Verb::Commit),
            ("DO $$begin null; end$$", Verb::Opaque),
            ("create unique index concurrently i on t (a)", Verb::Upkeep),
            ("FETCH FORWARD 1000 FROM c", Verb::Fetch),
            ("", Verb::Other),
        ] {
            assert_eq!(read(text).verb, verb, "{text}");
        }
        let update = read("UPDATE ONLY app.t AS x SET a = 1 WHERE x.b = 2");
        assert_eq!(update.relations, ["app.t"]);
        assert_eq!((update.filtered, update.compared), (true, vec!["b".to_owned()]));
        assert_eq!(read("delete from t where k in (1,2)").relations, ["t"]);
    }
}
