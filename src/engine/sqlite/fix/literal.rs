//! Values as SQL text that gives back exactly the same values: every bit of a number, every byte of a text.

use crate::domain::text::{hex, risky};
use crate::engine::sqlite::dialect;
use rusqlite::types::ValueRef;

/// The exponent of the lowest bit of a number whose fraction is empty.
const BIAS: i32 = 1075;
/// The largest power of two in one factor: it has few digits, and SQLite reads it exactly.
const STEP: i32 = 52;

/// A value as a literal. `reads_as` asks SQLite what number a text is, since not every text of a number is read to
/// the last bit.
pub(super) fn literal(value: ValueRef<'_>, reads_as: impl Fn(&str) -> Option<f64>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => real(number, reads_as),
        ValueRef::Text(bytes) => text(bytes),
        ValueRef::Blob(bytes) => format!("x'{}'", hex(bytes)),
    }
}

/// Text that a person cannot see, and bytes that are no text, travel as bytes: a statement that hides a character
/// cannot be approved.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| risky(c) && !matches!(c, '\n' | '\t')) => dialect::DIALECT.literal(text),
        _ => format!("CAST(x'{}' AS TEXT)", hex(bytes)),
    }
}

fn real(number: f64, reads_as: impl Fn(&str) -> Option<f64>) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "9e999".to_owned() } else { "-9e999".to_owned() };
    }
    let shortest = format!("{number:?}");
    if reads_as(&shortest).is_some_and(|read| read.to_bits() == number.to_bits()) {
        return shortest;
    }
    exact_real(number)
}

/// A number as its whole mantissa times powers of two: each of them is read exactly, and so is what they make.
fn exact_real(number: f64) -> String {
    let bits = number.abs().to_bits();
    let (fraction, raw) = (bits & ((1 << 52) - 1), i32::try_from(bits >> 52).unwrap_or(0));
    let (mantissa, mut power) = if raw == 0 { (fraction, 1 - BIAS) } else { (fraction | 1 << 52, raw - BIAS) };
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let mut out = format!("{sign}{mantissa}.0");
    while power != 0 {
        let step = power.abs().min(STEP);
        out.push_str(if power < 0 { " / " } else { " * " });
        out.push_str(&format!("{}.0", 1_u64 << step));
        power -= step * power.signum();
    }
    format!("({out})")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rusqlite::Connection;
    use rusqlite::types::Value;

    fn read(connection: &Connection, text: &str) -> Value {
        connection.query_row(&format!("SELECT {text}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn every_value_comes_back_as_it_was() {
        let connection = Connection::open_in_memory().unwrap();
        let mut state = 11_u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from_bits(state)
        };
        let mut values: Vec<Value> =
            std::iter::repeat_with(&mut noise).filter(|n| !n.is_nan()).take(2000).map(Value::Real).collect();
        values.extend(
            [0.1, -2.5, 1e22, 5e-324, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, 3.0]
                .map(Value::Real),
        );
        values.extend([i64::MIN, i64::MAX, 0, -1].map(Value::Integer));
        values.extend(
            ["", "it's", "a\0b", "zero\u{200b}width", "line\nend\r", "é\u{202e}"].map(|t| Value::Text(t.into())),
        );
        values.extend([Value::Null, Value::Blob(vec![0, 255, 39])]);
        for value in values {
            let reads_as = |text: &str| match read(&connection, text) {
                Value::Real(number) => Some(number),
                _ => None,
            };
            let text = literal(ValueRef::from(&value), reads_as);
            assert_eq!(read(&connection, &text), value, "{text}");
            assert!(!text.chars().any(|c| risky(c) && c != '\n'), "{text}");
        }
    }

    #[test]
    fn a_number_is_exact_even_where_its_digits_are_not_read_to_the_last_bit() {
        let connection = Connection::open_in_memory().unwrap();
        for number in [0.1, 1e300, -1e-300, 5e-324, 123_456.789, f64::MAX] {
            assert_eq!(read(&connection, &literal(ValueRef::Real(number), |_| None)), Value::Real(number));
        }
    }
}
