//! Changes of rows: which tables they change, which rows they pick, and in what words.

use super::factors::{Factor, factors, is_single};
use super::{Name, parts, slice};
use crate::engine::sql::words::Words;

/// What is done to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Verb {
    Insert,
    Replace,
    Update,
    Delete,
}

impl Verb {
    /// The privileges on the table that it takes.
    pub(in crate::engine::mysql) fn privileges(self) -> &'static [&'static str] {
        match self {
            Self::Insert => &["INSERT"],
            Self::Replace => &["INSERT", "DELETE"],
            Self::Update => &["SELECT", "UPDATE"],
            Self::Delete => &["SELECT", "DELETE"],
        }
    }
}

/// Where the rows of an INSERT come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Source {
    /// Written out: the columns, where they are named, and each row's values as they are written.
    Values { columns: Option<Vec<String>>, rows: Vec<Vec<String>> },
    /// A query, in its own words.
    Query(String),
}

/// A change of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Change {
    pub(in crate::engine::mysql) verb: Verb,
    /// Tables whose rows change.
    pub(in crate::engine::mysql) targets: Vec<Name>,
    /// One table alone is named outside of subqueries.
    pub(in crate::engine::mysql) single: bool,
    /// Tables outside of subqueries, and the names by which the statement calls them.
    pub(in crate::engine::mysql) tables: Vec<Name>,
    pub(in crate::engine::mysql) aliases: Vec<String>,
    /// What stands before the verb: `WITH ...`.
    pub(in crate::engine::mysql) with: String,
    /// The tables, as a FROM clause has them.
    pub(in crate::engine::mysql) from: String,
    /// The condition, without its WHERE.
    pub(in crate::engine::mysql) condition: String,
    /// `ORDER BY ... LIMIT ...`.
    pub(in crate::engine::mysql) tail: String,
    /// A LIMIT picks among the rows.
    pub(in crate::engine::mysql) limited: bool,
    /// Columns that an UPDATE assigns, or ON DUPLICATE KEY.
    pub(in crate::engine::mysql) assigned: Vec<String>,
    /// Rows of an INSERT.
    pub(in crate::engine::mysql) source: Option<Source>,
    /// ON DUPLICATE KEY UPDATE.
    pub(in crate::engine::mysql) or_update: bool,
    /// IGNORE: errors become warnings.
    pub(in crate::engine::mysql) ignore: bool,
}

const MODIFIERS: &[&str] = &["low_priority", "high_priority", "delayed", "quick", "ignore"];

/// Reads it.
pub(super) fn read(words: Words<'_>) -> Option<Change> {
    let verb_at = if words.is(0, &["with"]) {
        keyword(words, 1, words.len(), &["update", "delete", "insert", "replace"])?
    } else {
        0
    };
    let verb = match words.at(verb_at).to_ascii_lowercase().as_str() {
        "insert" => Verb::Insert,
        "replace" => Verb::Replace,
        "update" => Verb::Update,
        _ => Verb::Delete,
    };
    let mut at = verb_at + 1;
    let mut ignore = false;
    while words.is(at, MODIFIERS) {
        ignore |= words.is(at, &["ignore"]);
        at += 1;
    }
    let mut change = Change {
        verb,
        targets: Vec::new(),
        single: true,
        tables: Vec::new(),
        aliases: Vec::new(),
        with: slice(words, 0, verb_at),
        from: String::new(),
        condition: String::new(),
        tail: String::new(),
        limited: false,
        assigned: Vec::new(),
        source: None,
        or_update: false,
        ignore,
    };
    match verb {
        Verb::Insert | Verb::Replace => insert(words, at, &mut change)?,
        Verb::Update => update(words, at, &mut change)?,
        Verb::Delete => delete(words, at, &mut change)?,
    }
    Some(change)
}

/// The first of these bare words at the outermost level.
fn keyword(words: Words<'_>, start: usize, end: usize, list: &[&str]) -> Option<usize> {
    let mut depth = 0_usize;
    (start..end).find(|&at| {
        match words.at(at) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && words.is(at, list) && (at == 0 || words.at(at - 1) != ".")
    })
}

/// WHERE, ORDER BY, LIMIT and RETURNING from `at` on.
fn clauses(words: Words<'_>, at: usize, change: &mut Change) -> Option<()> {
    let end = keyword(words, at, words.len(), &["returning"]).unwrap_or(words.len());
    let limit = keyword(words, at, end, &["limit"]);
    let order = (at..end).find(|&i| keyword(words, at, i + 1, &["order"]) == Some(i) && words.is(i + 1, &["by"]));
    let tail = order.or(limit).unwrap_or(end);
    change.limited = limit.is_some();
    change.tail = slice(words, tail, end);
    if at == tail {
        return Some(());
    }
    if !words.is(at, &["where"]) {
        return None;
    }
    change.condition = slice(words, at + 1, tail);
    (!change.condition.is_empty()).then_some(())
}

fn update(words: Words<'_>, at: usize, change: &mut Change) -> Option<()> {
    let set = keyword(words, at, words.len(), &["set"])?;
    let end = keyword(words, set, words.len(), &["where", "order", "limit"]).unwrap_or(words.len());
    change.from = slice(words, at, set);
    let tables = factors(words, at, set);
    change.take_in(&tables);
    change.single = is_single(words, at, set);
    let mut qualifiers = Vec::new();
    for (start, end) in parts(words, set + 1, end) {
        let equals = (start..end).find(|&i| words.at(i) == "=")?;
        change.assigned.push(words.identifier(equals.checked_sub(1)?)?);
        qualifiers.push(if equals >= start + 3 { words.identifier(equals - 3) } else { None });
    }
    for factor in &tables {
        let named = |q: &Option<String>| q.as_ref().is_none_or(|q| q.eq_ignore_ascii_case(&factor.alias));
        if qualifiers.iter().any(named) && !change.targets.contains(&factor.table) {
            change.targets.push(factor.table.clone());
        }
    }
    clauses(words, end, change)?;
    (!change.targets.is_empty()).then_some(())
}

fn delete(words: Words<'_>, at: usize, change: &mut Change) -> Option<()> {
    let from = keyword(words, at, words.len(), &["from"])?;
    let using = keyword(words, from, words.len(), &["using"]);
    let begins = match (from == at, using) {
        (true, None) => {
            // `DELETE FROM t ...`
            let (name, _) = Name::read(words, at + 1)?;
            let end = keyword(words, at, words.len(), &["where", "order", "limit", "returning"]).unwrap_or(words.len());
            change.targets.push(name);
            change.single = is_single(words, at + 1, end);
            change.from = slice(words, at + 1, end);
            if !change.single {
                return None;
            }
            return clauses(words, end, change);
        }
        (true, Some(using)) => (at + 1, using),
        (false, _) => (at, from),
    };
    let refs = begins.1 + 1;
    let end = keyword(words, refs, words.len(), &["where", "order", "limit", "returning"]).unwrap_or(words.len());
    let tables = factors(words, refs, end);
    change.take_in(&tables);
    for (start, end) in parts(words, begins.0, begins.1) {
        // `t.*` is the table t.
        let end = if words.at(end - 1) == "*" && end >= start + 3 { end - 2 } else { end };
        let target = match end - start {
            1 => Name { database: None, name: words.identifier(start)? },
            3 => Name::read(words, start)?.0,
            _ => return None,
        };
        let table = tables.iter().find(|f| {
            f.alias.eq_ignore_ascii_case(&target.name)
                && target.database.as_ref().is_none_or(|d| f.table.database.as_ref() == Some(d))
        });
        change.targets.push(table.map_or(target, |f| f.table.clone()));
    }
    change.single = false;
    change.from = slice(words, refs, end);
    clauses(words, end, change)
}

fn insert(words: Words<'_>, at: usize, change: &mut Change) -> Option<()> {
    let start = at + usize::from(words.is(at, &["into"]));
    let (table, mut at) = Name::read(words, start)?;
    change.from = slice(words, start, at);
    change.targets.push(table);
    if words.is(at, &["partition"]) {
        at = words.after_bracket(at + 1);
    }
    let mut columns = None;
    if words.at(at) == "(" && !words.is(at + 1, &["select", "with", "values", "table"]) && words.at(at + 1) != "(" {
        let close = words.after_bracket(at);
        columns = Some(
            parts(words, at + 1, close - 1)
                .into_iter()
                .map(|(_, end)| words.identifier(end - 1))
                .collect::<Option<Vec<_>>>()?,
        );
        at = close;
    }
    let end = keyword(words, at, words.len(), &["on", "returning"])
        .filter(|&i| words.is(i, &["returning"]) || words.is(i + 1, &["duplicate"]));
    let end = end.unwrap_or(words.len());
    change.or_update = words.is(end, &["on"]);
    if change.or_update {
        let rest = keyword(words, end, words.len(), &["returning"]).unwrap_or(words.len());
        for (start, end) in parts(words, end + 4, rest) {
            let equals = (start..end).find(|&i| words.at(i) == "=")?;
            change.assigned.push(words.identifier(equals.checked_sub(1)?)?);
        }
    }
    change.source = Some(if words.is(at, &["values", "value"]) {
        // `VALUES (...), (...) AS new` names the new rows for ON DUPLICATE KEY.
        let end = keyword(words, at, end, &["as"]).unwrap_or(end);
        let rows = parts(words, at + 1, end).into_iter().map(|(start, end)| {
            let open = start + usize::from(words.is(start, &["row"]));
            (words.at(open) == "(" && words.after_bracket(open) == end)
                .then(|| parts(words, open + 1, end - 1).iter().map(|&(s, e)| slice(words, s, e)).collect())
        });
        Source::Values { columns, rows: rows.collect::<Option<Vec<_>>>()? }
    } else if words.is(at, &["set"]) && columns.is_none() {
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (start, end) in parts(words, at + 1, end) {
            let equals = (start..end).find(|&i| words.at(i) == "=")?;
            names.push(words.identifier(equals.checked_sub(1)?)?);
            values.push(slice(words, equals + 1, end));
        }
        Source::Values { columns: Some(names), rows: vec![values] }
    } else if words.is(at, &["select", "with", "table"]) || words.at(at) == "(" {
        Source::Query(slice(words, at, end))
    } else {
        return None;
    });
    Some(())
}

impl Change {
    fn take_in(&mut self, factors: &[Factor]) {
        self.tables = factors.iter().map(|f| f.table.clone()).collect();
        self.aliases = factors.iter().map(|f| f.alias.clone()).collect();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Form, read};
    use super::{Change, Source, Verb};

    fn change(text: &str) -> Change {
        let Ok(Form::Rows(change)) = read(text) else { panic!("{text}") };
        *change
    }
    fn targets(change: &Change) -> Vec<String> {
        change.targets.iter().map(|n| n.within("d")).map(|(d, n)| format!("{d}.{n}")).collect()
    }

    #[test]
    fn an_update_is_taken_apart() {
        let one = change(
            "update low_priority shop.`or der` as o set o.a = (select max(a) from x where y = 1), b = 2 \
                          where o.id in (select id from y order by 1 limit 3) order by id limit 10",
        );
        assert_eq!((one.verb, one.single, one.limited), (Verb::Update, true, true));
        assert_eq!(targets(&one), ["shop.or der"]);
        assert_eq!(one.assigned, ["a", "b"]);
        assert_eq!(one.from, "shop.`or der` as o");
        assert_eq!(one.condition, "o.id in (select id from y order by 1 limit 3)");
        assert_eq!(one.tail, "order by id limit 10");

        let two = change(
            "update t a join (s b, r c) on (b.id = a.id) left join (select 1) z on 1 = 1 set a.x = 1, b.y = 2 where a.id = 3",
        );
        assert!(!two.single);
        assert_eq!(targets(&two), ["d.t", "d.s"]);
        assert_eq!(targets(&change("update t, s set x = 1 where t.id = s.id")), ["d.t", "d.s"]);
        let with = change("with w as (select 1 as id) update t set a = 1 where id in (select id from w)");
        assert_eq!(with.with, "with w as (select 1 as id)");
    }

    #[test]
    fn a_delete_is_taken_apart() {
        let one = change("delete from t where a = 'x' limit 1");
        assert_eq!((one.from.as_str(), one.condition.as_str(), one.single), ("t", "a = 'x'", true));
        for text in [
            "delete a, b.* from t as a join s b using (id) where a.id = 1",
            "delete from a, b.* using t as a join s b using (id) where a.id = 1",
        ] {
            let several = change(text);
            assert_eq!(targets(&several), ["d.t", "d.s"], "{text}");
            assert_eq!(several.from, "t as a join s b using (id)");
            assert!(!several.single);
        }
        let returning = change("delete from t where id = 1 returning id, a");
        assert_eq!(returning.condition, "id = 1");
        assert_eq!(change("delete quick from d2.t").condition, "");
    }

    #[test]
    fn an_insert_is_taken_apart() {
        let plain = change("insert into t (a, b) values (1, 'x, y'), (f(2, 3), default)");
        let Some(Source::Values { columns, rows }) = plain.source else { panic!() };
        assert_eq!(columns.unwrap(), ["a", "b"]);
        assert_eq!(rows, [["1", "'x, y'"], ["f(2, 3)", "default"]]);
        let set = change("insert ignore t set a = 1, b = (select 2)");
        assert!(set.ignore);
        assert!(matches!(set.source, Some(Source::Values { rows, .. }) if rows == [["1", "(select 2)"]]));
        let update = change("insert into t values row(1, 2) as new on duplicate key update b = new.b");
        assert!(update.or_update && update.assigned == ["b"]);
        let query = change("replace into t (a) select a from s where b on duplicate");
        assert_eq!(query.verb, Verb::Replace);
        let query = change("insert into t (a) (select a from s) on duplicate key update a = 1");
        assert_eq!(query.source, Some(Source::Query("(select a from s)".into())));
        for text in ["insert into t", "update t where a = 1", "delete", "insert into t (a) values 1", "update t set a"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
