//! SQLite's values, columns and errors as the domain's.

use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::rows::{Column, Value};
use crate::domain::schema::ColumnKind;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Row, Statement};

/// The columns of a prepared statement.
pub(super) fn columns(statement: &Statement<'_>) -> Vec<Column> {
    statement
        .columns()
        .iter()
        .map(|column| {
            let type_name = column.decl_type().unwrap_or_default().to_owned();
            let numeric = kind_of_type(&type_name) == ColumnKind::Number;
            Column { name: column.name().to_owned(), type_name, numeric }
        })
        .collect()
}

/// Expressions have no declared type: their first value decides on which side they stand.
pub(super) fn settle_alignment(columns: &mut [Column], first: &Row<'_>) {
    for (index, column) in columns.iter_mut().enumerate().filter(|(_, c)| c.type_name.is_empty()) {
        column.numeric =
            first.get_ref(index).is_ok_and(|value| matches!(value.data_type(), Type::Integer | Type::Real));
    }
}

/// A cell, cut when it is larger than `cap` bytes. Only what is kept is copied. Text that is not UTF-8 comes with
/// replacement characters; a cut blob shows its beginning in hexadecimal.
pub(super) fn value(cell: ValueRef<'_>, cap: usize) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(text) if text.len() > cap => {
            let mut start = String::from_utf8_lossy(&text[..cap]).into_owned();
            // The cut can go through the middle of a character.
            while start.ends_with(char::REPLACEMENT_CHARACTER) && start.len() > cap.saturating_sub(4) {
                start.pop();
            }
            Value::Cut { start, bytes: text.len() as u64 }
        }
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) if bytes.len() > cap => {
            let start = Value::Bytes(bytes[..cap / 2].to_vec()).plain().unwrap_or_default();
            Value::Cut { start, bytes: bytes.len() as u64 }
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

/// What a declared type is for. SQLite's own affinity rules come last, because they make a number of every name that
/// they do not know, `JSON` and `DATE` included.
pub(super) fn kind_of_type(declared: &str) -> ColumnKind {
    let declared = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if has(&["BOOL"]) {
        ColumnKind::Bool
    } else if has(&["DATE", "TIME"]) {
        ColumnKind::Time
    } else if has(&["INT"]) {
        ColumnKind::Number
    } else if has(&["CHAR", "CLOB", "TEXT", "STRING", "UUID", "GUID", "JSON", "ENUM"]) {
        ColumnKind::Text
    } else if has(&["REAL", "FLOA", "DOUB", "NUM", "DEC", "MONEY", "SERIAL", "BIT", "LONG"]) {
        ColumnKind::Number
    } else {
        ColumnKind::Other
    }
}

/// A failed statement: SQLite's primary code, its words, and where it helps, what to do.
pub(super) fn server_error(error: rusqlite::Error) -> SessionError {
    let (code, message, position) = match error {
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            let before = usize::try_from(offset).ok().and_then(|offset| sql.get(..offset));
            let position = before.and_then(|text| u32::try_from(text.chars().count() + 1).ok());
            (error.extended_code, msg, position)
        }
        rusqlite::Error::SqliteFailure(error, message) => {
            (error.extended_code, message.unwrap_or_else(|| error.to_string()), None)
        }
        rusqlite::Error::MultipleStatement => (1, "more than one statement: only one may run at a time".into(), None),
        other => (1, other.to_string(), None),
    };
    let primary = code & 0xff;
    SessionError::Server(ServerMessage {
        code: primary.to_string(),
        message,
        detail: None,
        hint: hint(primary).map(Into::into),
        position,
    })
}

/// What to do about a primary result code, for those where something can be done.
fn hint(code: i32) -> Option<&'static str> {
    Some(match code {
        5 | 6 => "another program holds a lock on the file: try again when its transaction has ended",
        8 => "the file needs a repair that only a writer can make, such as rolling back a crashed transaction",
        11 => "the file is damaged: copy it with its -wal and -journal files before anything else is tried",
        18 => {
            "a value is larger than a read may hold (32 MB, less with many columns): select length(column) or fewer \
               columns"
        }
        26 => "the file is no longer a readable SQLite database",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_over_the_cap_are_cut_at_a_character() {
        let text = "aé".repeat(50);
        let Value::Cut { start, bytes } = value(ValueRef::Text(text.as_bytes()), 11) else { panic!("not cut") };
        assert_eq!((start.as_str(), bytes), ("aéaéaéa", 150));
        assert_eq!(value(ValueRef::Text(b"short"), 11), Value::Text("short".into()));
        assert_eq!(value(ValueRef::Blob(&[0xab; 100]), 4), Value::Cut { start: "\\xabab".into(), bytes: 100 });
    }

    #[test]
    fn text_that_is_not_utf8_is_marked_not_dropped() {
        assert_eq!(value(ValueRef::Text(b"a\xffb"), 10), Value::Text("a\u{fffd}b".into()));
    }

    #[test]
    fn declared_types_say_what_they_are_for() {
        for (declared, kind) in [
            ("INTEGER", ColumnKind::Number),
            ("unsigned big int", ColumnKind::Number),
            ("DECIMAL(10,2)", ColumnKind::Number),
            ("NUMERIC", ColumnKind::Number),
            ("double precision", ColumnKind::Number),
            ("VARCHAR(30)", ColumnKind::Text),
            ("JSON", ColumnKind::Text),
            ("STRING", ColumnKind::Text),
            ("datetime", ColumnKind::Time),
            ("TIMESTAMP", ColumnKind::Time),
            ("DATE", ColumnKind::Time),
            ("BOOLEAN", ColumnKind::Bool),
            ("BLOB", ColumnKind::Other),
            ("", ColumnKind::Other),
        ] {
            assert_eq!(kind_of_type(declared), kind, "{declared}");
        }
    }
}
