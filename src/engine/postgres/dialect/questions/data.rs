//! The person's own data: selections and join paths.

use super::super::names::{literal, quote};
use super::{one, path_text, relation};
use crate::domain::question::{
    Answer, Bucket, Cannot, ColumnRef, Comparison, LikeKind, Period, Relation, Selection, joins, selection_in_words,
};
use crate::domain::schema::{ColumnKind, Schema};
use crate::domain::target::Timestamp;
use crate::engine::sql::select::{self, Flavour};

/// Rows shown of a join that was only asked about.
const JOIN_ROWS: u32 = 20;

pub(super) fn answer(selection: &Selection) -> Answer {
    one(selection_in_words(selection), select::select(selection, &Postgres))
}

/// How two tables join, with the SELECT that does it.
pub(super) fn join_path(from: &Relation, to: &Relation, schema: &Schema) -> Result<Answer, Cannot> {
    let ends = joins::index_of(schema, from).zip(joins::index_of(schema, to));
    let path = ends.and_then(|(a, b)| joins::path(schema, a, b));
    let Some(path) = path else {
        return Err(Cannot {
            reason: format!("no foreign keys connect {} and {}", from.full_name(), to.full_name()),
            can: vec![format!("foreign keys of {}", from.name.replace('_', " "))],
            ..Cannot::default()
        });
    };
    let mut answer = one(
        format!("How {} and {} join", from.full_name(), to.full_name()),
        select::join(schema, &path, JOIN_ROWS, &Postgres),
    );
    answer.text = Some(path_text(schema, &path));
    Ok(answer)
}

struct Postgres;

/// What a date column holds.
enum Dates {
    /// A moment: the zone is in the value.
    Moment,
    /// Wall time without a zone.
    Wall,
    /// A day.
    Day,
    /// Text, ISO by convention.
    Text,
    /// Seconds since 1970.
    Epoch,
}

fn dates(of: &ColumnRef) -> Dates {
    let name = of.type_name.to_lowercase();
    match of.kind {
        ColumnKind::Number => Dates::Epoch,
        ColumnKind::Text => Dates::Text,
        _ if name == "date" => Dates::Day,
        _ if name.contains("with time zone") || name.contains("timestamptz") => Dates::Moment,
        _ => Dates::Wall,
    }
}

impl Flavour for Postgres {
    fn quote(&self, name: &str) -> String {
        quote(name)
    }
    fn relation(&self, table: &Relation) -> String {
        relation(table)
    }
    fn aggregate(&self, name: &str) -> String {
        format!("pg_catalog.{name}")
    }
    fn compare_text(&self, column: &str, of: &ColumnRef, comparison: Comparison, text: &str, exact: bool) -> String {
        let text = literal(text);
        let column =
            if of.kind == ColumnKind::Text { column.to_owned() } else { format!("CAST({column} AS pg_catalog.text)") };
        let operator = comparison.operator();
        if exact || !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            format!("{column} {operator} {text}")
        } else {
            format!("pg_catalog.lower({column}) {operator} pg_catalog.lower({text})")
        }
    }
    fn like(&self, column: &str, of: &ColumnRef, kind: LikeKind, text: &str) -> String {
        let column =
            if of.kind == ColumnKind::Text { column.to_owned() } else { format!("CAST({column} AS pg_catalog.text)") };
        format!("{column} ILIKE {}", literal(&select::pattern(kind, text)))
    }
    fn truth(&self, column: &str, of: &ColumnRef, truth: bool) -> String {
        match of.kind {
            ColumnKind::Bool => format!("{column} IS {}", if truth { "TRUE" } else { "FALSE" }),
            ColumnKind::Number => format!("{column} {} 0", if truth { "<>" } else { "=" }),
            _ => {
                let words = if truth { "('true', 't', 'yes', 'y', '1')" } else { "('false', 'f', 'no', 'n', '0')" };
                format!("pg_catalog.lower(CAST({column} AS pg_catalog.text)) IN {words}")
            }
        }
    }
    fn during(&self, column: &str, of: &ColumnRef, period: &Period) -> String {
        let held = dates(of);
        let end = |at: Timestamp| {
            let wall = at.date_time(period.offset_minutes);
            match held {
                Dates::Moment => {
                    format!("CAST({} AS pg_catalog.timestamptz)", literal(&format!("{}+00", at.date_time(0))))
                }
                Dates::Day if wall.ends_with("00:00:00") => {
                    format!("CAST({} AS pg_catalog.date)", literal(&wall[..10]))
                }
                Dates::Day | Dates::Wall => format!("CAST({} AS pg_catalog.timestamp)", literal(&wall)),
                Dates::Text if wall.ends_with("00:00:00") => literal(&wall[..10]),
                Dates::Text => literal(&wall),
                Dates::Epoch => at.0.div_euclid(1000).to_string(),
            }
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
        let column = match dates(of) {
            Dates::Epoch => format!("pg_catalog.to_timestamp({column})"),
            Dates::Text => format!("CAST({column} AS pg_catalog.timestamp)"),
            Dates::Day => format!("CAST({column} AS pg_catalog.timestamp)"),
            Dates::Moment | Dates::Wall => column.to_owned(),
        };
        let cut = |unit: &str, format: &str| {
            format!("pg_catalog.to_char(pg_catalog.date_trunc('{unit}', {column}), '{format}')")
        };
        match bucket {
            Bucket::Hour => cut("hour", "YYYY-MM-DD HH24:MI"),
            Bucket::Day => cut("day", "YYYY-MM-DD"),
            Bucket::Week => cut("week", "YYYY-MM-DD"),
            Bucket::Month => cut("month", "YYYY-MM"),
            Bucket::Quarter => cut("quarter", "YYYY\"-Q\"Q"),
            Bucket::Year => cut("year", "YYYY"),
            Bucket::Weekday => format!("pg_catalog.to_char({column}, 'ID')"),
        }
    }
    fn is_number(&self, of: &ColumnRef) -> bool {
        of.kind == ColumnKind::Number
    }
}
