//! The statement that brings rows back: what is read of them before they change, and how each value is written so that
//! the server stores the same again.

mod left;

pub(in crate::engine::mysql) use left::{Guarded, Left};

use super::look::Column;
use crate::domain::rows::Value;
use crate::domain::text::{hex, risky};
use crate::engine::mysql::dialect::names::{literal, quote};

/// A value that is read before the act, and how it is written back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    column: String,
    form: Form,
}

/// How values of a type travel.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// Numbers, in digits.
    Number,
    /// Numbers that the server shows with fewer digits than they have.
    Float,
    /// Dates, times, types that the server reads from their own words.
    Words,
    /// Text, in the bytes of its own character set.
    Text(String),
    /// Bytes.
    Bytes,
    /// A moment, as seconds since 1970: its words would mean another moment under another time zone.
    Moment,
    /// Bits, as a number.
    Bits,
}

impl Form {
    fn of(column: &Column) -> Option<Self> {
        Some(match column.base.as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "year" => Self::Number,
            "float" | "double" => Self::Float,
            "date" | "datetime" | "time" | "uuid" | "inet4" | "inet6" => Self::Words,
            "timestamp" => Self::Moment,
            "bit" => Self::Bits,
            "json" => Self::Text("utf8mb4".into()),
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Bytes,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
            | "geometrycollection" | "geomcollection" | "vector" => Self::Bytes,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => {
                Self::Text(column.charset.clone()?)
            }
            _ => return None,
        })
    }

    /// What is selected for a column. Bytes of a text travel as digits, so that no conversion touches them.
    fn selected(&self, column: &str) -> String {
        match self {
            Self::Number | Self::Float => column.to_owned(),
            Self::Words => format!("CAST({column} AS CHAR)"),
            Self::Text(_) | Self::Bytes => format!("HEX({column})"),
            Self::Bits => format!("CAST({column} + 0 AS UNSIGNED)"),
            // The second tells the hour that a clock runs twice.
            Self::Moment => format!(
                "CONCAT_WS('/', UNIX_TIMESTAMP({column}), UNIX_TIMESTAMP(FROM_UNIXTIME(UNIX_TIMESTAMP({column}))))"
            ),
        }
    }

    /// The value as a statement has it.
    fn written(&self, column: &str, value: &Value) -> Result<String, String> {
        let text = match value {
            Value::Null => return Ok("NULL".into()),
            Value::Float(number) => return Ok(format!("{number:e}")),
            Value::Cut { .. } => return Err(format!("a value of {column} is too long to be kept")),
            other => other.plain().unwrap_or_default(),
        };
        match self {
            Self::Number if text == "0000" => Ok("0".into()),
            Self::Number | Self::Float | Self::Bits => {
                let digits = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'e'));
                if digits && !text.is_empty() { Ok(text) } else { Err(format!("a value of {column} is no number")) }
            }
            Self::Words => Ok(literal(&text)),
            Self::Bytes => Ok(format!("x'{}'", text.to_ascii_lowercase())),
            Self::Text(charset) => text_of(&text, charset).ok_or_else(|| format!("a value of {column} cannot be read")),
            Self::Moment => match text.split_once('/') {
                // An empty CONCAT_WS is NULL.
                None if text.is_empty() => Ok("NULL".into()),
                Some((moment, again)) if same_moment(moment, again) => match moment.trim_matches(['0', '.']) {
                    "" => Ok("'0000-00-00 00:00:00'".into()),
                    _ => Ok(format!("FROM_UNIXTIME({moment})")),
                },
                _ => Err(format!("{column} holds a moment in the hour that the clock runs twice")),
            },
        }
    }
}

/// The same number of seconds, whatever the number of digits behind the point.
fn same_moment(one: &str, other: &str) -> bool {
    let short = |text: &str| match text.split_once('.') {
        Some((whole, part)) => (whole.to_owned(), part.trim_end_matches('0').to_owned()),
        None => (text.to_owned(), String::new()),
    };
    short(one) == short(other)
}

/// A text from the digits of its bytes: itself where every reader reads it alike, else its bytes.
fn text_of(digits: &str, charset: &str) -> Option<String> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    let utf8 = matches!(charset, "utf8mb4" | "utf8mb3" | "utf8");
    let wide = charset.starts_with("utf16") || charset.starts_with("utf32") || charset.starts_with("ucs2");
    let readable = std::str::from_utf8(&bytes).ok().filter(|text| {
        !wide && text.chars().all(|c| c != '\\' && !c.is_control() && (c.is_ascii() || utf8 && !risky(c)))
    });
    Some(match readable {
        Some(text) => literal(text),
        None => format!("_{charset} x'{}'", hex(&bytes)),
    })
}

/// How the rows of a change are brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Back {
    /// From what they were.
    Prior(Undo),
    /// They are new and go again, by the numbers that the server gives them.
    New {
        /// The table, quoted.
        table: String,
        /// The column of the numbers, quoted.
        key: String,
        /// How what the act wrote into them is compared.
        undo: Undo,
    },
}

/// How the prior rows are read and written back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Undo {
    table: String,
    key: Vec<Kept>,
    others: Vec<Kept>,
}

/// The prior rows: the key's values first.
#[derive(Debug, Clone, Default)]
pub(in crate::engine::mysql) struct Prior(pub(in crate::engine::mysql) Vec<Vec<Value>>);

impl Undo {
    /// For a table with this primary key, bringing back these columns.
    ///
    /// # Errors
    /// One sentence when a value could not be written back exactly.
    pub(super) fn new(table: &str, columns: &[Column], key: &[String], back: &[String]) -> Result<Self, String> {
        let has = |list: &[String], name: &str| list.iter().any(|n| n.to_lowercase() == name.to_lowercase());
        let kept = |column: &Column| {
            Form::of(column).map(|form| Kept { column: quote(&column.name), form }).ok_or_else(|| {
                format!("{} is of the type {}, whose values cannot be written back exactly", column.name, column.full)
            })
        };
        let mut keys = Vec::new();
        for name in key {
            let column = columns.iter().find(|c| c.name.to_lowercase() == name.to_lowercase());
            let column = column.ok_or_else(|| format!("the key's column {name} cannot be seen"))?;
            let exact = matches!(
                column.base.as_str(),
                "tinyint"
                    | "smallint"
                    | "mediumint"
                    | "int"
                    | "bigint"
                    | "decimal"
                    | "year"
                    | "date"
                    | "datetime"
                    | "time"
                    | "uuid"
                    | "inet4"
                    | "inet6"
                    | "char"
                    | "varchar"
                    | "binary"
                    | "varbinary"
                    | "enum"
            );
            if !exact || column.is_generated {
                return Err(format!("a key of the type {} does not find its row again for sure", column.full));
            }
            keys.push(kept(column)?);
        }
        let others = columns.iter().filter(|c| !c.is_generated && has(back, &c.name) && !has(key, &c.name));
        Ok(Self { table: table.to_owned(), key: keys, others: others.map(kept).collect::<Result<_, _>>()? })
    }

    /// For new rows of this key: every column is compared whose values can be.
    pub(super) fn of_new(table: &str, columns: &[Column], key: &str) -> Self {
        let is_key = |column: &&Column| column.name.to_lowercase() == key.to_lowercase();
        let kept = |column: &Column| Some(Kept { column: quote(&column.name), form: Form::of(column)? });
        let others = columns.iter().filter(|column| !column.is_generated && !is_key(column));
        Self {
            table: table.to_owned(),
            key: columns.iter().filter(is_key).filter_map(kept).collect(),
            others: others.filter_map(kept).collect(),
        }
    }

    /// What to select of each row.
    pub(in crate::engine::mysql) fn selected(&self) -> String {
        let list: Vec<String> = self.key.iter().chain(&self.others).map(|k| k.form.selected(&k.column)).collect();
        list.join(", ")
    }

    fn written(&self, row: &[Value]) -> Result<Vec<String>, String> {
        self.key
            .iter()
            .chain(&self.others)
            .zip(row)
            .map(|(kept, value)| kept.form.written(&kept.column, value))
            .collect()
    }

    /// The query that counts which of these rows are there.
    ///
    /// # Errors
    /// One sentence when a value cannot be written exactly.
    pub(in crate::engine::mysql) fn count(&self, prior: &Prior) -> Result<String, String> {
        let rows = prior.0.iter().map(|row| self.written(row)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("SELECT COUNT(*) FROM {} WHERE {}", self.table, self.finds(&rows)))
    }

    fn finds(&self, rows: &[Vec<String>]) -> String {
        let keys: Vec<&str> = self.key.iter().map(|k| k.column.as_str()).collect();
        let values = |row: &Vec<String>| row[..keys.len()].join(", ");
        match (keys.as_slice(), rows) {
            ([key], [row]) => format!("{key} = {}", row[0]),
            ([key], rows) => format!("{key} IN ({})", rows.iter().map(values).collect::<Vec<_>>().join(", ")),
            (keys, rows) => {
                let tuples: Vec<String> = rows.iter().map(|row| format!("({})", values(row))).collect();
                format!("({}) IN ({})", keys.join(", "), tuples.join(", "))
            }
        }
    }

    /// The statement that puts deleted rows back.
    ///
    /// # Errors
    /// One sentence when a value cannot be written back exactly.
    pub(in crate::engine::mysql) fn insert(&self, prior: &Prior) -> Result<String, String> {
        let columns: Vec<&str> = self.key.iter().chain(&self.others).map(|k| k.column.as_str()).collect();
        let rows = prior.0.iter().map(|row| self.written(row).map(|values| format!("({})", values.join(", "))));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(format!("INSERT INTO {} ({}) VALUES {}", self.table, columns.join(", "), rows.join(", ")))
    }

    /// The statement that gives changed rows their values back; those alone that still hold what the act left, where
    /// that is known.
    ///
    /// # Errors
    /// One sentence when a value cannot be written back exactly.
    pub(in crate::engine::mysql) fn update(&self, prior: &Prior, left: Option<&Left>) -> Result<String, String> {
        let rows = prior.0.iter().map(|row| self.written(row)).collect::<Result<Vec<_>, _>>()?;
        let first = self.key.len();
        let sets: Vec<String> = self
            .others
            .iter()
            .enumerate()
            .map(|(i, kept)| {
                let values: Vec<&str> = rows.iter().map(|row| row[first + i].as_str()).collect();
                let value = match values.as_slice() {
                    [one] => (*one).to_owned(),
                    // One value for all needs no choice.
                    [one, rest @ ..] if rest.iter().all(|value| value == one) => (*one).to_owned(),
                    values => self.choice(&rows, values),
                };
                format!("{} = {value}", kept.column)
            })
            .collect();
        let holds = left.map_or_else(|| Ok(String::new()), |left| self.holds(&rows, left))?;
        Ok(format!("UPDATE {} SET {} WHERE {}{holds}", self.table, sets.join(", "), self.finds(&rows)))
    }

    fn choice(&self, rows: &[Vec<String>], values: &[&str]) -> String {
        let subject = match self.key.as_slice() {
            [key] => format!(" {}", key.column),
            _ => String::new(),
        };
        let mut out = format!("CASE{subject}");
        for (row, value) in rows.iter().zip(values) {
            let found = if subject.is_empty() { self.finds(std::slice::from_ref(row)) } else { row[0].clone() };
            out.push_str(&format!(" WHEN {found} THEN {value}"));
        }
        out + " END"
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn column(name: &str, base: &str, charset: Option<&str>) -> Column {
        Column {
            name: name.into(),
            base: base.into(),
            full: base.into(),
            charset: charset.map(Into::into),
            extra: String::new(),
            is_generated: false,
            nullable: true,
        }
    }
    fn text(words: &str) -> Value {
        Value::Text(words.into())
    }

    #[test]
    fn rows_are_written_back_by_their_key() {
        let columns =
            [column("id", "int", None), column("na me", "varchar", Some("latin1")), column("ts", "timestamp", None)];
        let all: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
        let undo = Undo::new("d.t", &columns, &["id".into()], &all).unwrap();
        assert!(undo.selected().starts_with("id, HEX(`na me`), CONCAT_WS('/', UNIX_TIMESTAMP(ts)"));
        let prior = Prior(vec![
            vec![Value::Int(1), text("61"), text("10.5/10.500")],
            vec![Value::Int(-2), text("E9"), text("")],
        ]);
        assert_eq!(
            undo.insert(&prior).unwrap(),
            "INSERT INTO d.t (id, `na me`, ts) VALUES (1, 'a', FROM_UNIXTIME(10.5)), (-2, _latin1 x'e9', NULL)"
        );
        assert_eq!(
            undo.update(&prior, None).unwrap(),
            "UPDATE d.t SET `na me` = CASE id WHEN 1 THEN 'a' WHEN -2 THEN _latin1 x'e9' END, \
             ts = CASE id WHEN 1 THEN FROM_UNIXTIME(10.5) WHEN -2 THEN NULL END WHERE id IN (1, -2)"
        );
        let twice = Prior(vec![vec![Value::Int(1), Value::Null, text("10/3610")]]);
        assert!(undo.insert(&twice).is_err());
    }

    #[test]
    fn several_columns_make_a_key() {
        let columns = [column("a", "int", None), column("b", "varchar", Some("utf8mb4")), column("c", "double", None)];
        let undo = Undo::new("t", &columns, &["a".into(), "b".into()], &["c".into()]).unwrap();
        let prior = Prior(vec![
            vec![Value::Int(1), text("78"), Value::Float(0.1)],
            vec![Value::Int(2), text("5C"), Value::Float(1e300)],
        ]);
        assert_eq!(
            undo.update(&prior, None).unwrap(),
            "UPDATE t SET c = CASE WHEN (a, b) IN ((1, 'x')) THEN 1e-1 WHEN (a, b) IN ((2, _utf8mb4 x'5c')) THEN 1e300 END \
             WHERE (a, b) IN ((1, 'x'), (2, _utf8mb4 x'5c'))"
        );
    }

    #[test]
    fn what_does_not_come_back_exactly_is_refused() {
        let columns = [column("f", "float", None), column("x", "sometype", None), column("id", "int", None)];
        assert!(Undo::new("t", &columns, &["f".into()], &[]).is_err());
        assert!(Undo::new("t", &columns, &["id".into()], &["x".into()]).is_err());
        assert_eq!(text_of("C3A4", "utf8mb4").unwrap(), "'ä'");
        assert_eq!(text_of("E280AE", "utf8mb4").unwrap(), "_utf8mb4 x'e280ae'");
        assert_eq!(text_of("0061", "utf16").unwrap(), "_utf16 x'0061'");
    }
}
