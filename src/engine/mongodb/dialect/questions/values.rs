//! Values and fields: a literal of a question as the type that its field holds, a date cut to a bucket, a text taken
//! to the letter.

use crate::domain::question::{Bucket, ColumnRef, Literal, Period};
use crate::domain::schema::ColumnKind;
use crate::domain::target::Timestamp;
use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document, doc};

/// Escapes a text for a regular expression.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '/' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Digits as the number that they are.
pub(super) fn number(digits: &str) -> Bson {
    match digits.parse::<i64>() {
        Ok(n) => i32::try_from(n).map_or(Bson::Int64(n), Bson::Int32),
        Err(_) => digits.parse::<f64>().map_or_else(|_| Bson::from(digits), Bson::Double),
    }
}

/// The values that a literal may stand for in a field: one where the field's type is plain, more where it is mixed.
pub(super) fn candidates(column: &ColumnRef, literal: &Literal) -> Vec<Bson> {
    let holds = |part: &str| column.type_name.split(['|', '<', '>']).any(|t| t == part);
    match literal {
        Literal::Number(digits) if column.kind == ColumnKind::Number => vec![number(digits)],
        Literal::Number(digits) if column.kind == ColumnKind::Text && !mixed(column) => {
            vec![Bson::from(digits.as_str())]
        }
        Literal::Number(digits) => vec![number(digits), Bson::from(digits.as_str())],
        Literal::Text { text, .. } => {
            let id = ObjectId::parse_str(text).ok().filter(|_| holds("objectId") || column.kind == ColumnKind::Other);
            let moment = (column.kind == ColumnKind::Time && holds("date")).then(|| moment(text)).flatten();
            match (id, moment) {
                (Some(id), _) => vec![Bson::ObjectId(id)],
                (_, Some(moment)) => vec![Bson::DateTime(moment)],
                _ => vec![Bson::from(text.as_str())],
            }
        }
    }
}

fn mixed(column: &ColumnRef) -> bool {
    column.type_name.contains('|')
}

/// A date written in a question.
fn moment(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { format!("{}Z", text.replace(' ', "T")) };
    DateTime::parse_rfc3339_str(whole).ok()
}

/// What a field of dates holds.
enum Dates {
    /// Moments.
    Moments,
    /// Text in ISO form.
    Text,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970, as programs in JavaScript count.
    Millis,
}

fn dates(column: &ColumnRef) -> Dates {
    match column.kind {
        ColumnKind::Text => Dates::Text,
        // Milliseconds of today do not fit 32 bits.
        ColumnKind::Number if column.type_name.starts_with("int") => Dates::Seconds,
        ColumnKind::Number => Dates::Millis,
        _ => Dates::Moments,
    }
}

/// One end of a period as the field holds it.
fn end(column: &ColumnRef, at: Timestamp, offset_minutes: i32) -> Bson {
    let wall = at.date_time(offset_minutes);
    match dates(column) {
        Dates::Moments => Bson::DateTime(DateTime::from_millis(at.0)),
        Dates::Text if wall.ends_with("00:00:00") => Bson::from(&wall[..10]),
        Dates::Text => Bson::from(wall.replace(' ', "T")),
        Dates::Seconds => number(&at.0.div_euclid(1000).to_string()),
        Dates::Millis => number(&at.0.to_string()),
    }
}

/// The condition of a field whose date lies in a period.
pub(super) fn during(column: &ColumnRef, period: &Period) -> Document {
    let mut condition = Document::new();
    if let Some(from) = period.from {
        condition.insert("$gte", end(column, from, period.offset_minutes));
    }
    if let Some(to) = period.to {
        condition.insert("$lt", end(column, to, period.offset_minutes));
    }
    if condition.is_empty() {
        condition.insert("$ne", Bson::Null);
    }
    condition
}

/// A date cut to a bucket, as text that sorts.
pub(super) fn bucket(column: &ColumnRef, path: &str, bucket: Bucket) -> Bson {
    let date: Bson = match dates(column) {
        Dates::Moments => Bson::from(path),
        Dates::Text => Bson::Document(doc! {"$dateFromString": {"dateString": path, "onError": Bson::Null}}),
        Dates::Seconds => Bson::Document(doc! {"$toDate": {"$multiply": [{"$toLong": path}, 1000]}}),
        Dates::Millis => Bson::Document(doc! {"$toDate": {"$toLong": path}}),
    };
    let text = |format: &str, date: Bson| Bson::Document(doc! {"$dateToString": {"format": format, "date": date}});
    match bucket {
        Bucket::Hour => text("%Y-%m-%d %H:00", date),
        Bucket::Day => text("%Y-%m-%d", date),
        Bucket::Week => {
            let monday = doc! {"$dateTrunc": {"date": date, "unit": "week", "startOfWeek": "monday"}};
            text("%Y-%m-%d", Bson::Document(monday))
        }
        Bucket::Month => text("%Y-%m", date),
        Bucket::Quarter => {
            let quarter = doc! {"$toInt": {"$ceil": {"$divide": [{"$month": date.clone()}, 3]}}};
            Bson::Document(doc! {"$concat": [text("%Y", date), "-Q", {"$toString": quarter}]})
        }
        Bucket::Year => text("%Y", date),
        Bucket::Weekday => Bson::Document(doc! {"$isoDayOfWeek": date}),
    }
}

/// The name of a bucket in a result.
pub(super) fn bucket_name(bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Hour => "hour",
        Bucket::Day => "day",
        Bucket::Week => "week",
        Bucket::Month => "month",
        Bucket::Quarter => "quarter",
        Bucket::Year => "year",
        Bucket::Weekday => "weekday",
    }
}

/// A path as the name of a result's column, which cannot hold a point.
pub(super) fn flat(path: &str) -> String {
    path.replace('.', "_").trim_start_matches('$').to_owned()
}
