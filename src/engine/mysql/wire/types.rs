//! Types of MySQL and MariaDB: their names, and binary cells -> the text that a person expects.

use super::message::Field;
use super::row::Cell;
use crate::domain::rows::{Column, Value};
use mysql_common::constants::{ColumnFlags, ColumnType};

/// The collation of bytes that are no text.
const BINARY: u16 = 63;
/// Decimals of a column that has no fixed number of them.
const NOT_FIXED: u8 = 31;

/// A column of ours from the server's description.
pub(crate) fn column(field: &Field) -> Column {
    use ColumnType as T;
    let binary = field.collation == BINARY;
    let unsigned = field.flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let characters = field.length / bytes_per_character(field.collation);
    let number = |name: &str| if unsigned { format!("{name} unsigned") } else { name.to_owned() };
    let sized = |text: &str, bytes: &str| format!("{}({characters})", if binary { bytes } else { text });
    let type_name = match field.kind {
        T::MYSQL_TYPE_TINY => number("tinyint"),
        T::MYSQL_TYPE_SHORT => number("smallint"),
        T::MYSQL_TYPE_INT24 => number("mediumint"),
        T::MYSQL_TYPE_LONG => number("int"),
        T::MYSQL_TYPE_LONGLONG => number("bigint"),
        T::MYSQL_TYPE_FLOAT => number("float"),
        T::MYSQL_TYPE_DOUBLE => number("double"),
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => {
            // The length counts the point and, unless unsigned, the sign.
            let extra = u32::from(field.decimals > 0) + u32::from(!unsigned);
            number(&format!("decimal({},{})", field.length.saturating_sub(extra), field.decimals))
        }
        T::MYSQL_TYPE_NULL => "null".into(),
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date".into(),
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => with_fraction("time", field.decimals),
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => with_fraction("datetime", field.decimals),
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => with_fraction("timestamp", field.decimals),
        T::MYSQL_TYPE_YEAR => "year".into(),
        T::MYSQL_TYPE_BIT => format!("bit({})", field.length),
        T::MYSQL_TYPE_JSON => "json".into(),
        T::MYSQL_TYPE_GEOMETRY => "geometry".into(),
        T::MYSQL_TYPE_VECTOR => "vector".into(),
        _ if field.flags.contains(ColumnFlags::ENUM_FLAG) || field.kind == T::MYSQL_TYPE_ENUM => "enum".into(),
        _ if field.flags.contains(ColumnFlags::SET_FLAG) || field.kind == T::MYSQL_TYPE_SET => "set".into(),
        T::MYSQL_TYPE_STRING => sized("char", "binary"),
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => sized("varchar", "varbinary"),
        _ => {
            let size = match characters {
                0..=0xff => "tiny",
                0x100..=0xffff => "",
                0x1_0000..=0x00ff_ffff => "medium",
                _ => "long",
            };
            format!("{size}{}", if binary { "blob" } else { "text" })
        }
    };
    Column { name: field.name.clone(), type_name, numeric: is_number(field.kind) }
}

fn is_number(kind: ColumnType) -> bool {
    use ColumnType as T;
    matches!(
        kind,
        T::MYSQL_TYPE_TINY
            | T::MYSQL_TYPE_SHORT
            | T::MYSQL_TYPE_INT24
            | T::MYSQL_TYPE_LONG
            | T::MYSQL_TYPE_LONGLONG
            | T::MYSQL_TYPE_FLOAT
            | T::MYSQL_TYPE_DOUBLE
            | T::MYSQL_TYPE_DECIMAL
            | T::MYSQL_TYPE_NEWDECIMAL
            | T::MYSQL_TYPE_YEAR
    )
}

fn with_fraction(name: &str, decimals: u8) -> String {
    if (1..=6).contains(&decimals) { format!("{name}({decimals})") } else { name.to_owned() }
}

/// Bytes that the server counts for one character of a collation. Results come in utf8mb4; only what is binary keeps
/// its own count.
fn bytes_per_character(collation: u16) -> u32 {
    if collation == BINARY { 1 } else { 4 }
}

/// The value of a cell.
pub(crate) fn value(field: &Field, cell: Cell) -> Value {
    use ColumnType as T;
    let bytes = match cell {
        Cell::Null => return Value::Null,
        Cell::Cut { start, bytes } => return Value::Cut { start: text_owned(cut_at_character(start)), bytes },
        Cell::Whole(bytes) => bytes,
    };
    let unsigned = field.flags.contains(ColumnFlags::UNSIGNED_FLAG);
    match field.kind {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONGLONG => whole_number(&bytes, unsigned),
        T::MYSQL_TYPE_YEAR => match whole_number(&bytes, true) {
            Value::Int(0) => Value::Text("0000".into()),
            year => year,
        },
        T::MYSQL_TYPE_FLOAT => <[u8; 4]>::try_from(bytes.as_slice()).map_or(Value::Null, |raw| {
            let number = f32::from_le_bytes(raw);
            // The shortest digits that mean this float; widening it to a double would invent some.
            number.to_string().parse().map_or_else(|_| Value::Text(number.to_string()), |n| float(n, field.decimals))
        }),
        T::MYSQL_TYPE_DOUBLE => <[u8; 8]>::try_from(bytes.as_slice())
            .map_or(Value::Null, |raw| float(f64::from_le_bytes(raw), field.decimals)),
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => Value::Number(text_owned(bytes)),
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Value::Text(date(&bytes)),
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 | T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => {
            Value::Text(date_time(&bytes, field.decimals))
        }
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Value::Text(time(&bytes, field.decimals)),
        T::MYSQL_TYPE_BIT => bits(&bytes, field.length),
        // JSON has the binary collation and is text all the same.
        T::MYSQL_TYPE_JSON => Value::Text(text_owned(bytes)),
        T::MYSQL_TYPE_GEOMETRY | T::MYSQL_TYPE_VECTOR => Value::Bytes(bytes),
        _ if field.collation == BINARY => Value::Bytes(bytes),
        _ => Value::Text(text_owned(bytes)),
    }
}

/// A whole number of one to eight bytes; one that is too large for `Int` keeps its digits.
fn whole_number(bytes: &[u8], unsigned: bool) -> Value {
    let negative = !unsigned && bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut raw = if negative { [0xff; 8] } else { [0; 8] };
    let length = bytes.len().min(8);
    raw[..length].copy_from_slice(&bytes[..length]);
    if unsigned {
        let number = u64::from_le_bytes(raw);
        return i64::try_from(number).map_or_else(|_| Value::Number(number.to_string()), Value::Int);
    }
    Value::Int(i64::from_le_bytes(raw))
}

/// A float; one that was declared with decimals is written with them.
fn float(number: f64, decimals: u8) -> Value {
    if decimals < NOT_FIXED {
        return Value::Number(format!("{number:.*}", usize::from(decimals)));
    }
    if number.is_finite() { Value::Float(number) } else { Value::Text(number.to_string()) }
}

/// A small little-endian number within a moment; 0 where the moment is shorter.
fn part(bytes: &[u8], from: usize, length: usize) -> u32 {
    (0..length).rev().fold(0, |sum, i| sum << 8 | u32::from(bytes.get(from + i).copied().unwrap_or(0)))
}

fn date(bytes: &[u8]) -> String {
    format!("{:04}-{:02}-{:02}", part(bytes, 0, 2), part(bytes, 2, 1), part(bytes, 3, 1))
}

fn date_time(bytes: &[u8], decimals: u8) -> String {
    let (hour, minute, second) = (part(bytes, 4, 1), part(bytes, 5, 1), part(bytes, 6, 1));
    format!("{} {hour:02}:{minute:02}:{second:02}{}", date(bytes), fraction(part(bytes, 7, 4), decimals))
}

/// A time of day or a span: negative ones and those of many days are allowed.
fn time(bytes: &[u8], decimals: u8) -> String {
    let sign = if part(bytes, 0, 1) == 1 { "-" } else { "" };
    let hours = u64::from(part(bytes, 1, 4)) * 24 + u64::from(part(bytes, 5, 1));
    let (minute, second) = (part(bytes, 6, 1), part(bytes, 7, 1));
    format!("{sign}{hours:02}:{minute:02}:{second:02}{}", fraction(part(bytes, 8, 4), decimals))
}

/// Microseconds, as many digits as the column has.
fn fraction(micros: u32, decimals: u8) -> String {
    match decimals {
        0 => String::new(),
        digits @ 1..=6 => format!(".{micros:06}").chars().take(1 + usize::from(digits)).collect(),
        _ if micros == 0 => String::new(),
        _ => format!(".{micros:06}"),
    }
}

/// One bit is a number; several are written as the literal that they could be typed as.
fn bits(bytes: &[u8], length: u32) -> Value {
    let number = bytes.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    if length <= 1 {
        return Value::Int(i64::from(number != 0));
    }
    Value::Text(format!("b'{number:0width$b}'", width = length.min(64) as usize))
}

/// Text of the server, which converts to UTF-8 itself; what is not UTF-8 all the same is shown as `\xNN`.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            use std::fmt::Write as _;
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

fn text_owned(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| text(e.as_bytes()))
}

/// A cut may split a character: leaves its part off.
fn cut_at_character(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Err(error) = std::str::from_utf8(&bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColumnType as T;

    fn field(kind: ColumnType, flags: ColumnFlags, length: u32, decimals: u8, collation: u16) -> Field {
        Field { name: "c".into(), kind, flags, collation, length, decimals }
    }
    fn of(kind: ColumnType, decimals: u8, bytes: &[u8]) -> Value {
        value(&field(kind, ColumnFlags::empty(), 20, decimals, 45), Cell::Whole(bytes.to_vec()))
    }
    fn text(words: &str) -> Value {
        Value::Text(words.into())
    }

    #[test]
    fn numbers_keep_their_sign_and_every_digit() {
        let unsigned = |kind, bytes: &[u8]| {
            value(&field(kind, ColumnFlags::UNSIGNED_FLAG, 20, 0, BINARY), Cell::Whole(bytes.to_vec()))
        };
        assert_eq!(of(T::MYSQL_TYPE_TINY, 0, &[0xff]), Value::Int(-1));
        assert_eq!(unsigned(T::MYSQL_TYPE_TINY, &[0xff]), Value::Int(255));
        assert_eq!(of(T::MYSQL_TYPE_INT24, 0, &[0xfe, 0xff, 0xff, 0xff]), Value::Int(-2));
        assert_eq!(of(T::MYSQL_TYPE_LONGLONG, 0, &i64::MIN.to_le_bytes()), Value::Int(i64::MIN));
        assert_eq!(unsigned(T::MYSQL_TYPE_LONGLONG, &[0xff; 8]), Value::Number(u64::MAX.to_string()));
        assert_eq!(of(T::MYSQL_TYPE_NEWDECIMAL, 2, b"-0.10"), Value::Number("-0.10".into()));
        assert_eq!(of(T::MYSQL_TYPE_FLOAT, 31, &0.1_f32.to_le_bytes()), Value::Float(0.1));
        assert_eq!(of(T::MYSQL_TYPE_FLOAT, 2, &1.5_f32.to_le_bytes()), Value::Number("1.50".into()));
        assert_eq!(of(T::MYSQL_TYPE_DOUBLE, 31, &1e300_f64.to_le_bytes()), Value::Float(1e300));
        assert_eq!(of(T::MYSQL_TYPE_YEAR, 0, &[0xe8, 7]), Value::Int(2024));
        assert_eq!(of(T::MYSQL_TYPE_YEAR, 0, &[0, 0]), text("0000"));
    }

    #[test]
    fn moments_are_written_as_the_server_writes_them() {
        assert_eq!(of(T::MYSQL_TYPE_DATE, 0, &[]), text("0000-00-00"));
        assert_eq!(of(T::MYSQL_TYPE_DATE, 0, &[0xe8, 7, 2, 29]), text("2024-02-29"));
        assert_eq!(of(T::MYSQL_TYPE_DATETIME, 0, &[]), text("0000-00-00 00:00:00"));
        assert_eq!(of(T::MYSQL_TYPE_DATETIME, 0, &[0xe8, 7, 2, 29]), text("2024-02-29 00:00:00"));
        assert_eq!(
            of(T::MYSQL_TYPE_TIMESTAMP, 3, &[0xe8, 7, 2, 29, 1, 2, 3, 0x40, 0xe2, 1, 0]),
            text("2024-02-29 01:02:03.123")
        );
        assert_eq!(of(T::MYSQL_TYPE_DATETIME, 6, &[0xe8, 7, 2, 29, 1, 2, 3]), text("2024-02-29 01:02:03.000000"));
        assert_eq!(of(T::MYSQL_TYPE_TIME, 0, &[]), text("00:00:00"));
        assert_eq!(of(T::MYSQL_TYPE_TIME, 0, &[1, 34, 0, 0, 0, 22, 59, 59]), text("-838:59:59"));
        assert_eq!(of(T::MYSQL_TYPE_TIME, 6, &[0, 0, 0, 0, 0, 1, 2, 3, 1, 0, 0, 0]), text("01:02:03.000001"));
    }

    #[test]
    fn bytes_are_bytes_and_text_is_text() {
        assert_eq!(of(T::MYSQL_TYPE_VAR_STRING, 0, "ä€😀".as_bytes()), text("ä€😀"));
        assert_eq!(of(T::MYSQL_TYPE_VAR_STRING, 0, b"a\xff"), text("a\\xff"));
        let binary = |kind| value(&field(kind, ColumnFlags::empty(), 8, 0, BINARY), Cell::Whole(vec![1, 0]));
        assert_eq!(binary(T::MYSQL_TYPE_STRING), Value::Bytes(vec![1, 0]));
        assert_eq!(binary(T::MYSQL_TYPE_BLOB), Value::Bytes(vec![1, 0]));
        assert_eq!(binary(T::MYSQL_TYPE_GEOMETRY), Value::Bytes(vec![1, 0]));
        assert_eq!(binary(T::MYSQL_TYPE_JSON), text("\u{1}\0"));
        assert_eq!(binary(T::MYSQL_TYPE_BIT), text("b'100000000'"));
        let one = value(&field(T::MYSQL_TYPE_BIT, ColumnFlags::empty(), 1, 0, BINARY), Cell::Whole(vec![1]));
        assert_eq!(one, Value::Int(1));
        let cut = Cell::Cut { start: "ab€".as_bytes()[..4].to_vec(), bytes: 100 };
        let cut = value(&field(T::MYSQL_TYPE_BLOB, ColumnFlags::empty(), 9, 0, 45), cut);
        assert_eq!(cut, Value::Cut { start: "ab".into(), bytes: 100 });
    }

    #[test]
    fn types_are_named_as_they_are_declared() {
        let name = |kind, flags, length, decimals, collation| {
            column(&field(kind, flags, length, decimals, collation)).type_name
        };
        let (none, unsigned) = (ColumnFlags::empty(), ColumnFlags::UNSIGNED_FLAG);
        assert_eq!(name(T::MYSQL_TYPE_NEWDECIMAL, none, 12, 2, BINARY), "decimal(10,2)");
        assert_eq!(name(T::MYSQL_TYPE_NEWDECIMAL, unsigned, 10, 0, BINARY), "decimal(10,0) unsigned");
        assert_eq!(name(T::MYSQL_TYPE_LONGLONG, unsigned, 20, 0, BINARY), "bigint unsigned");
        assert_eq!(name(T::MYSQL_TYPE_VAR_STRING, none, 80, 0, 45), "varchar(20)");
        assert_eq!(name(T::MYSQL_TYPE_STRING, none, 16, 0, BINARY), "binary(16)");
        assert_eq!(name(T::MYSQL_TYPE_STRING, ColumnFlags::ENUM_FLAG, 16, 0, 45), "enum");
        assert_eq!(name(T::MYSQL_TYPE_BLOB, none, 65_535, 0, BINARY), "blob");
        assert_eq!(name(T::MYSQL_TYPE_BLOB, none, u32::MAX, 0, 45), "longtext");
        assert_eq!(name(T::MYSQL_TYPE_DATETIME, none, 26, 6, BINARY), "datetime(6)");
    }
}
