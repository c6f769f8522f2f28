//! The person's own data in SQLite: selections and join paths. Dates have no type here: they are text in ISO form,
//! or seconds since 1970 in columns declared as integers.

use super::super::names::{literal, quote};
use super::{one, relation};
use crate::domain::question::{
    Answer, Bucket, Cannot, ColumnRef, Comparison, Filter, LikeKind, Output, Period, Relation, Selection, joins,
    selection_in_words,
};
use crate::domain::schema::{ColumnKind, Schema};
use crate::domain::target::Timestamp;
use crate::engine::sql::select::{self, Flavour};

const JOIN_ROWS: u32 = 20;

pub(super) fn answer(selection: &Selection) -> Answer {
    let mut answer = one(selection_in_words(selection), select::select(selection, &Sqlite));
    if let Some(column) = dated(selection) {
        let how = if seconds(column) { "seconds since 1970 (UTC)" } else { "text in ISO form, as stored" };
        answer.notes.push(format!("SQLite has no type for dates: {} is read as {how}", column.name));
    }
    answer
}

/// The first date column that a selection cuts or compares.
fn dated(selection: &Selection) -> Option<&ColumnRef> {
    fn within(filter: &Filter) -> Option<&ColumnRef> {
        match filter {
            Filter::During(column, _) => Some(column),
            Filter::All(all) | Filter::Any(all) => all.iter().find_map(within),
            Filter::Not(inner) => within(inner),
            _ => None,
        }
    }
    let grouped = match &selection.output {
        Output::Measures { groups, .. } => groups.iter().find(|g| g.bucket.is_some()).map(|g| &g.column),
        _ => None,
    };
    selection.filter.as_ref().and_then(within).or(grouped)
}

pub(super) fn join_path(from: &Relation, to: &Relation, schema: &Schema) -> Result<Answer, Cannot> {
    let ends = joins::index_of(schema, from).zip(joins::index_of(schema, to));
    let Some(path) = ends.and_then(|(a, b)| joins::path(schema, a, b)) else {
        return Err(Cannot {
            reason: format!("no foreign keys connect {} and {}", from.full_name(), to.full_name()),
            can: vec![format!("foreign keys of {}", from.name.replace('_', " "))],
            ..Cannot::default()
        });
    };
    let title = format!("How {} and {} join", from.full_name(), to.full_name());
    let mut answer = one(title, select::join(schema, &path, JOIN_ROWS, &Sqlite));
    answer.text = Some(joins::path_in_words(schema, &path).join("\n") + "\n");
    Ok(answer)
}

struct Sqlite;

/// Declared as a whole number: seconds since 1970.
fn seconds(of: &ColumnRef) -> bool {
    of.type_name.to_uppercase().contains("INT")
}

impl Flavour for Sqlite {
    fn quote(&self, name: &str) -> String {
        quote(name)
    }
    fn relation(&self, table: &Relation) -> String {
        relation(table)
    }
    fn aggregate(&self, name: &str) -> String {
        name.to_owned()
    }
    fn compare_text(&self, column: &str, _of: &ColumnRef, comparison: Comparison, text: &str, exact: bool) -> String {
        let operator = comparison.operator();
        let any_case = !exact && matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        format!("{column} {operator} {}{}", literal(text), if any_case { " COLLATE NOCASE" } else { "" })
    }
    fn like(&self, column: &str, _of: &ColumnRef, kind: LikeKind, text: &str) -> String {
        format!("{column} LIKE {} ESCAPE '\\'", literal(&select::pattern(kind, text)))
    }
    fn truth(&self, column: &str, of: &ColumnRef, truth: bool) -> String {
        if matches!(of.kind, ColumnKind::Bool | ColumnKind::Number) {
            return format!("{column} {} 0", if truth { "<>" } else { "=" });
        }
        let words = if truth { "('true', 't', 'yes', 'y', '1')" } else { "('false', 'f', 'no', 'n', '0')" };
        format!("lower({column}) IN {words}")
    }
    fn during(&self, column: &str, of: &ColumnRef, period: &Period) -> String {
        let whole_days = |t: Timestamp| t.date_time(period.offset_minutes).ends_with("00:00:00");
        let by_day = period.from.is_none_or(whole_days) && period.to.is_none_or(whole_days);
        // A day's text sorts before every moment of that day, with a blank or a T between date and time; a moment
        // needs both brought into one form.
        let (column, end): (String, Box<dyn Fn(Timestamp) -> String>) = if seconds(of) {
            (column.to_owned(), Box::new(|t: Timestamp| t.0.div_euclid(1000).to_string()))
        } else if by_day {
            (column.to_owned(), Box::new(|t: Timestamp| literal(&t.date_time(period.offset_minutes)[..10])))
        } else {
            (format!("datetime({column})"), Box::new(|t: Timestamp| literal(&t.date_time(period.offset_minutes))))
        };
        let from = period.from.map(|t| format!("{column} >= {}", end(t)));
        let to = period.to.map(|t| format!("{column} < {}", end(t)));
        match (from, to) {
            (Some(from), Some(to)) => format!("({from} AND {to})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => format!("{column} IS NOT NULL"),
        }
    }
    fn bucket(&self, column: &str, of: &ColumnRef, bucket: Bucket) -> String {
        let epoch = if seconds(of) { ", 'unixepoch'" } else { "" };
        let cut = |format: &str| format!("strftime('{format}', {column}{epoch})");
        match bucket {
            Bucket::Hour => cut("%Y-%m-%d %H:00"),
            Bucket::Day => cut("%Y-%m-%d"),
            Bucket::Week => format!("date({column}{epoch}, 'weekday 0', '-6 days')"),
            Bucket::Month => cut("%Y-%m"),
            Bucket::Quarter => format!("{} || '-Q' || ((CAST({} AS INTEGER) + 2) / 3)", cut("%Y"), cut("%m")),
            Bucket::Year => cut("%Y"),
            Bucket::Weekday => format!("(CAST({} AS INTEGER) + 6) % 7 + 1", cut("%w")),
        }
    }
    fn is_number(&self, of: &ColumnRef) -> bool {
        of.kind == ColumnKind::Number
    }
}
