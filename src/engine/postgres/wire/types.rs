//! Types of PostgreSQL by their fixed oid: names, and text -> value.

use super::decode::Cell;
use super::message::Field;
use crate::domain::rows::{Column, Value};
use std::collections::HashMap;

const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const INT2: u32 = 21;
const INT4: u32 = 23;
const OID: u32 = 26;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;
const MONEY: u32 = 790;
const NUMERIC: u32 = 1700;

/// Built-in types: oids below 10000 are the same on every server (`pg_type.dat`).
const NAMES: &[(u32, &str)] = &[
    (BOOL, "boolean"),
    (BYTEA, "bytea"),
    (18, "\"char\""),
    (19, "name"),
    (INT8, "bigint"),
    (INT2, "smallint"),
    (22, "int2vector"),
    (INT4, "integer"),
    (24, "regproc"),
    (25, "text"),
    (OID, "oid"),
    (27, "tid"),
    (28, "xid"),
    (29, "cid"),
    (30, "oidvector"),
    (114, "json"),
    (142, "xml"),
    (194, "pg_node_tree"),
    (199, "json[]"),
    (600, "point"),
    (601, "lseg"),
    (602, "path"),
    (603, "box"),
    (604, "polygon"),
    (628, "line"),
    (650, "cidr"),
    (651, "cidr[]"),
    (FLOAT4, "real"),
    (FLOAT8, "double precision"),
    (705, "unknown"),
    (718, "circle"),
    (774, "macaddr8"),
    (MONEY, "money"),
    (829, "macaddr"),
    (869, "inet"),
    (1000, "boolean[]"),
    (1001, "bytea[]"),
    (1002, "\"char\"[]"),
    (1003, "name[]"),
    (1005, "smallint[]"),
    (1007, "integer[]"),
    (1009, "text[]"),
    (1014, "character[]"),
    (1015, "character varying[]"),
    (1016, "bigint[]"),
    (1021, "real[]"),
    (1022, "double precision[]"),
    (1028, "oid[]"),
    (1033, "aclitem"),
    (1034, "aclitem[]"),
    (1041, "inet[]"),
    (1042, "character"),
    (1043, "character varying"),
    (1082, "date"),
    (1083, "time without time zone"),
    (1114, "timestamp without time zone"),
    (1115, "timestamp without time zone[]"),
    (1182, "date[]"),
    (1184, "timestamp with time zone"),
    (1185, "timestamp with time zone[]"),
    (1186, "interval"),
    (1187, "interval[]"),
    (1231, "numeric[]"),
    (1266, "time with time zone"),
    (1560, "bit"),
    (1562, "bit varying"),
    (NUMERIC, "numeric"),
    (1790, "refcursor"),
    (2202, "regprocedure"),
    (2203, "regoper"),
    (2204, "regoperator"),
    (2205, "regclass"),
    (2206, "regtype"),
    (2249, "record"),
    (2278, "void"),
    (2287, "record[]"),
    (2950, "uuid"),
    (2951, "uuid[]"),
    (2970, "txid_snapshot"),
    (3220, "pg_lsn"),
    (3614, "tsvector"),
    (3615, "tsquery"),
    (3734, "regconfig"),
    (3769, "regdictionary"),
    (3802, "jsonb"),
    (3807, "jsonb[]"),
    (3904, "int4range"),
    (3906, "numrange"),
    (3908, "tsrange"),
    (3910, "tstzrange"),
    (3912, "daterange"),
    (3926, "int8range"),
    (4072, "jsonpath"),
    (4089, "regnamespace"),
    (4096, "regrole"),
    (4451, "int4multirange"),
    (4532, "nummultirange"),
    (4533, "tsmultirange"),
    (4534, "tstzmultirange"),
    (4535, "datemultirange"),
    (4536, "int8multirange"),
    (5038, "pg_snapshot"),
    (5069, "xid8"),
];

/// A column of ours from the server's description. `others` names the types that are not built in; one that is not
/// there either is named by its oid.
pub(crate) fn column(field: &Field, others: &HashMap<u32, String>) -> Column {
    let name = NAMES.binary_search_by_key(&field.type_oid, |(oid, _)| *oid).ok().map(|i| NAMES[i].1);
    let type_name = match name {
        // A modifier counts its own four bytes; numeric packs precision and scale into two halves.
        Some("numeric") if field.modifier >= 4 => {
            let packed = field.modifier - 4;
            // The scale has 11 bits and a sign.
            format!("numeric({},{})", packed >> 16, ((packed & 0x7ff) ^ 0x400) - 0x400)
        }
        Some(name @ ("character varying" | "character")) if field.modifier >= 4 => {
            format!("{name}({})", field.modifier - 4)
        }
        Some(name) => name.to_owned(),
        None => others.get(&field.type_oid).cloned().unwrap_or_else(|| format!("oid {}", field.type_oid)),
    };
    let numeric = matches!(field.type_oid, INT2 | INT4 | INT8 | OID | FLOAT4 | FLOAT8 | NUMERIC | MONEY);
    Column { name: field.name.clone(), type_name, numeric }
}

/// The value of a cell. What does not parse as its type stays the text that the server printed.
pub(crate) fn value(type_oid: u32, cell: Cell) -> Value {
    let bytes = match cell {
        Cell::Null => return Value::Null,
        Cell::Cut { start, bytes } => return Value::Cut { start: text_owned(cut_at_character(start)), bytes },
        Cell::Whole(bytes) => bytes,
    };
    if type_oid == BYTEA
        && let Some(raw) = unhex(&bytes)
    {
        return Value::Bytes(raw);
    }
    let text = text_owned(bytes);
    match type_oid {
        BOOL if text == "t" => Value::Bool(true),
        BOOL if text == "f" => Value::Bool(false),
        INT2 | INT4 | INT8 | OID => text.parse().map_or(Value::Text(text), Value::Int),
        // NaN and the infinities are no numbers to compare or to add: they stay words.
        FLOAT4 | FLOAT8 => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Float(number),
            _ => Value::Text(text),
        },
        NUMERIC if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text != "-Infinity" => {
            Value::Number(text)
        }
        _ => Value::Text(text),
    }
}

/// Text of the server. It converts to UTF-8 itself; only a database of encoding `SQL_ASCII` sends anything, and what
/// is not UTF-8 then is shown as `\xNN`.
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
    if let Some(start) = (0..bytes.len()).rev().take(4).find(|&i| bytes[i] & 0xc0 != 0x80) {
        let width = match bytes[start] {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            _ => 1,
        };
        if start + width > bytes.len() {
            bytes.truncate(start);
        }
    }
    bytes
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let digits = text.strip_prefix(b"\\x")?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then_some(())?;
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn values_follow_their_type_and_nothing_is_lost() {
        let whole = |text: &str| Cell::Whole(text.as_bytes().to_vec());
        assert_eq!(value(BOOL, whole("t")), Value::Bool(true));
        assert_eq!(value(INT8, whole("-9223372036854775808")), Value::Int(i64::MIN));
        assert_eq!(value(OID, whole("4294967295")), Value::Int(4_294_967_295));
        assert_eq!(value(FLOAT8, whole("1.5e-300")), Value::Float(1.5e-300));
        assert_eq!(value(FLOAT8, whole("NaN")), Value::Text("NaN".into()));
        assert_eq!(value(FLOAT8, whole("-Infinity")), Value::Text("-Infinity".into()));
        assert_eq!(value(NUMERIC, whole("1.10")), Value::Number("1.10".into()));
        assert_eq!(value(NUMERIC, whole("-Infinity")), Value::Text("-Infinity".into()));
        assert_eq!(value(BYTEA, whole("\\x00ff")), Value::Bytes(vec![0, 255]));
        assert_eq!(value(BYTEA, whole("\\000\\377")), Value::Text("\\000\\377".into()));
        assert_eq!(value(25, Cell::Whole(vec![b'a', 0xff])), Value::Text("a\\xff".into()));
        assert_eq!(value(99_999, whole("(1,x)")), Value::Text("(1,x)".into()));
        assert_eq!(value(INT4, Cell::Null), Value::Null);
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        let cut = |bytes: &[u8]| value(25, Cell::Cut { start: bytes.to_vec(), bytes: 100 });
        assert_eq!(cut("ab€".as_bytes()), Value::Cut { start: "ab€".into(), bytes: 100 });
        assert_eq!(cut(&"ab€".as_bytes()[..4]), Value::Cut { start: "ab".into(), bytes: 100 });
    }

    #[test]
    fn modifiers_are_shown() {
        let others = HashMap::from([(70_001, "mood".to_owned())]);
        let type_name =
            |type_oid, modifier| column(&Field { name: String::new(), type_oid, modifier }, &others).type_name;
        assert_eq!(type_name(NUMERIC, (10 << 16 | 2) + 4), "numeric(10,2)");
        assert_eq!(type_name(1043, 24), "character varying(20)");
        assert_eq!(type_name(70_000, -1), "oid 70000");
        assert_eq!(type_name(70_001, -1), "mood");
    }
}
