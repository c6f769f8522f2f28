//! Values that the shell writes as calls: `ObjectId("..")`, `ISODate("..")`, `NumberLong(5)`. Only with constant
//! arguments: a fresh id or the current time would make one text mean two things.

use super::extended::{timestamp, uuid, whole};
use super::scanner::Scanner;
use super::value::{list, regex};
use super::{SyntaxError, dates};
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Timestamp};

/// The value of a call whose name was read; `constructed` when `new` stood before it.
pub(super) fn call(name: &str, constructed: bool, at: usize, scanner: &mut Scanner<'_>) -> Result<Bson, SyntaxError> {
    if matches!(name, "MinKey" | "MaxKey") && scanner.next_token()? != Some('(') {
        return Ok(if name == "MinKey" { Bson::MinKey } else { Bson::MaxKey });
    }
    let Some(wanted) = wanted(name) else {
        let message = match name {
            "" => "a value is wanted here".to_owned(),
            "Code" | "Function" => "JavaScript is never run; write the query with operators".to_owned(),
            _ => format!(
                "`{name}` is no value; write text in quotes (variables and functions are JavaScript, which is never run)"
            ),
        };
        return Err(SyntaxError::new(at, message));
    };
    if !scanner.takes('(')? {
        return Err(scanner.unexpected(&format!("`(` after {name}")));
    }
    let arguments = list(scanner, ')', "at the end of the arguments")?;
    if arguments.is_empty() && matches!(name, "Date" | "ISODate") {
        let message = "the current time is not filled in here; write the date out, or use \"$$NOW\" in an expression";
        return Err(SyntaxError::new(at, message));
    }
    if name == "Date" && !constructed {
        return Err(SyntaxError::new(
            at,
            "Date(..) without new is text in JavaScript; write new Date(..) or ISODate(..)",
        ));
    }
    read(name, &arguments, at).ok_or_else(|| SyntaxError::new(at, format!("{name}(..) wants {wanted}")))
}

/// What the arguments of a known call must be.
fn wanted(name: &str) -> Option<&'static str> {
    Some(match name {
        "ObjectId" => "24 hexadecimal digits in quotes",
        "ISODate" | "Date" => "a date in ISO form in quotes, or milliseconds since 1970",
        "NumberInt" | "Int32" => "a whole number of 32 bits",
        "NumberLong" | "Long" => "a whole number of 64 bits",
        "NumberDecimal" | "Decimal128" => "a decimal number in quotes",
        "Double" => "a number",
        "UUID" => "a UUID in quotes",
        "BinData" => "a subtype and base64 text",
        "HexData" => "a subtype and hexadecimal digits",
        "Timestamp" => "seconds and a counter",
        "RegExp" => "a pattern and its flags",
        "MinKey" | "MaxKey" => "no arguments",
        _ => return None,
    })
}

fn read(name: &str, arguments: &[Bson], at: usize) -> Option<Bson> {
    match (name, arguments) {
        ("ObjectId", [Bson::String(text)]) => ObjectId::parse_str(text).ok().map(Bson::ObjectId),
        ("ISODate" | "Date", [Bson::String(text)]) => dates::parse(text).map(Bson::DateTime),
        ("ISODate" | "Date", [number]) => whole(number).map(|n| Bson::DateTime(DateTime::from_millis(n))),
        ("NumberInt" | "Int32", [value]) => i32::try_from(integer(value)?).ok().map(Bson::Int32),
        ("NumberLong" | "Long", [value]) => integer(value).map(Bson::Int64),
        ("NumberDecimal" | "Decimal128", [Bson::String(text)]) => text.parse().ok().map(Bson::Decimal128),
        ("NumberDecimal" | "Decimal128", [value]) => integer(value)?.to_string().parse().ok().map(Bson::Decimal128),
        ("Double", [Bson::Double(n)]) => Some(Bson::Double(*n)),
        ("Double", [Bson::Int32(n)]) => Some(Bson::Double(f64::from(*n))),
        ("Double", [Bson::String(text)]) => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Bson::Double),
        ("UUID", [Bson::String(text)]) => uuid(text),
        ("BinData", [subtype, Bson::String(text)]) => {
            Binary::from_base64(text, subtype_of(subtype)?).ok().map(Bson::Binary)
        }
        ("HexData", [subtype, Bson::String(digits)]) => {
            Some(Bson::Binary(Binary { subtype: subtype_of(subtype)?, bytes: bytes(digits)? }))
        }
        ("Timestamp", [Bson::Document(parts)]) => timestamp(parts),
        ("Timestamp", [seconds, counter]) => Some(Bson::Timestamp(Timestamp {
            time: u32::try_from(whole(seconds)?).ok()?,
            increment: u32::try_from(whole(counter)?).ok()?,
        })),
        ("RegExp", [Bson::String(pattern)]) => regex(pattern, "", at).ok(),
        ("RegExp", [Bson::String(pattern), Bson::String(flags)]) => regex(pattern, flags, at).ok(),
        ("MinKey", []) => Some(Bson::MinKey),
        ("MaxKey", []) => Some(Bson::MaxKey),
        _ => None,
    }
}

fn integer(value: &Bson) -> Option<i64> {
    match value {
        Bson::String(text) => text.parse().ok(),
        other => whole(other),
    }
}

fn subtype_of(value: &Bson) -> Option<BinarySubtype> {
    whole(value).and_then(|n| u8::try_from(n).ok()).map(BinarySubtype::from)
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}
