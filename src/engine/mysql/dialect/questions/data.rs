//! The person's own data: selections and join paths.

use super::super::names::{literal, quote};
use super::{one, relation};
use crate::domain::question::{
    Answer, Bucket, Cannot, ColumnRef, Comparison, LikeKind, Period, Relation, Selection, joins, selection_in_words,
};
use crate::domain::schema::{ColumnKind, Schema};
use crate::domain::target::Timestamp;
use crate::engine::sql::select::{self, Flavour};

/// Rows shown of a join that was only asked about.
const JOIN_ROWS: u32 = 20;

pub(super) fn answer(selection: &Selection) -> Answer {
    one(selection_in_words(selection), select::select(selection, &Mysql))
}

/// How two tables join, with the SELECT that does it.
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
    let mut answer = one(title, select::join(schema, &path, JOIN_ROWS, &Mysql));
    answer.text = Some(joins::path_in_words(schema, &path).join("\n") + "\n");
    Ok(answer)
}

/// A LIKE condition; the escape character is `|`, so that no backslash is needed, whatever the `sql_mode`.
pub(super) fn like(column: &str, kind: LikeKind, text: &str) -> String {
    let plain = text.replace('|', "||").replace('%', "|%").replace('_', "|_");
    let pattern = match kind {
        LikeKind::Contains => format!("%{plain}%"),
        LikeKind::StartsWith => format!("{plain}%"),
        LikeKind::EndsWith => format!("%{plain}"),
    };
    let escape = if plain == text { "" } else { " ESCAPE '|'" };
    format!("{column} LIKE {}{escape}", literal(&pattern))
}

struct Mysql;

/// What a date column holds.
enum Dates {
    /// TIMESTAMP: a moment, shown in the time zone of the session.
    Moment,
    /// DATETIME: wall time without a zone.
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
        _ if name.starts_with("timestamp") => Dates::Moment,
        _ => Dates::Wall,
    }
}

impl Flavour for Mysql {
    fn quote(&self, name: &str) -> String {
        quote(name)
    }
    fn relation(&self, table: &Relation) -> String {
        relation(table)
    }
    fn aggregate(&self, name: &str) -> String {
        name.to_owned()
    }
    /// The collation of the column decides about case; the default ones leave it aside.
    fn compare_text(&self, column: &str, of: &ColumnRef, comparison: Comparison, text: &str, _exact: bool) -> String {
        let text = literal(text);
        let column = if of.kind == ColumnKind::Other { format!("CAST({column} AS CHAR)") } else { column.to_owned() };
        format!("{column} {} {text}", comparison.operator())
    }
    fn like(&self, column: &str, of: &ColumnRef, kind: LikeKind, text: &str) -> String {
        let column = if of.kind == ColumnKind::Other { format!("CAST({column} AS CHAR)") } else { column.to_owned() };
        like(&column, kind, text)
    }
    fn truth(&self, column: &str, of: &ColumnRef, truth: bool) -> String {
        if matches!(of.kind, ColumnKind::Bool | ColumnKind::Number) {
            return format!("{column} {} 0", if truth { "<>" } else { "=" });
        }
        let words = if truth { "('true', 't', 'yes', 'y', '1')" } else { "('false', 'f', 'no', 'n', '0')" };
        format!("LOWER(CAST({column} AS CHAR)) IN {words}")
    }
    fn during(&self, column: &str, of: &ColumnRef, period: &Period) -> String {
        let held = dates(of);
        let end = |at: Timestamp| {
            let wall = at.date_time(period.offset_minutes);
            let seconds = at.0.div_euclid(1000);
            match held {
                // The right moment in whatever time zone the session is.
                Dates::Moment => format!("FROM_UNIXTIME({seconds})"),
                Dates::Epoch => seconds.to_string(),
                _ if wall.ends_with("00:00:00") => literal(&wall[..10]),
                _ => literal(&wall),
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
            Dates::Epoch => format!("FROM_UNIXTIME({column})"),
            _ => column.to_owned(),
        };
        let cut = |format: &str| format!("DATE_FORMAT({column}, '{format}')");
        match bucket {
            Bucket::Hour => cut("%Y-%m-%d %H:00"),
            Bucket::Day => cut("%Y-%m-%d"),
            Bucket::Week => format!("DATE_FORMAT(DATE_SUB({column}, INTERVAL WEEKDAY({column}) DAY), '%Y-%m-%d')"),
            Bucket::Month => cut("%Y-%m"),
            Bucket::Quarter => format!("CONCAT(YEAR({column}), '-Q', QUARTER({column}))"),
            Bucket::Year => cut("%Y"),
            Bucket::Weekday => format!("WEEKDAY({column}) + 1"),
        }
    }
    fn is_number(&self, of: &ColumnRef) -> bool {
        of.kind == ColumnKind::Number
    }
    /// Empty values stand first, and last in descending order; there is no NULLS LAST.
    fn sorted(&self, key: &str, ordinal: bool, descending: bool) -> String {
        match (descending, ordinal) {
            (true, _) => format!("{key} DESC"),
            (false, true) => key.to_owned(),
            (false, false) => format!("{key} IS NULL, {key}"),
        }
    }
}
