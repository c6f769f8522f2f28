//! What an error is about: the table, column, key, account, database or other object that its message names.

use crate::domain::error::messages::Recognised;
use regex::Regex;
use std::sync::LazyLock;

/// The codes whose object is not found by the noun before it, and which of the things that the server put in it is,
/// counted from 0: the first in quotes from there on. The order is that of all languages.
const PLACES: &[(usize, &[&str])] = &[
    (
        0,
        &[
            "1005", "1007", "1008", "1016", "1017", "1020", "1022", "1025", "1032", "1034", "1036", "1045", "1048",
            "1049", "1050", "1051", "1052", "1054", "1055", "1060", "1061", "1063", "1066", "1067", "1072", "1091",
            "1093", "1099", "1100", "1109", "1110", "1114", "1115", "1128", "1129", "1130", "1140", "1146", "1176",
            "1193", "1194", "1195", "1203", "1226", "1231", "1238", "1264", "1265", "1273", "1286", "1347", "1348",
            "1356", "1364", "1368", "1369", "1406", "1442", "1449", "1524", "1537", "1539", "1553", "1615", "1698",
            "1735", "1812", "1813", "1814", "1822", "1824", "1826", "1828", "1832", "1877", "1932", "3118", "3162",
            "3163", "3523", "3730", "3780", "3819", "3940", "4025", "4091", "4092",
        ],
    ),
    (1, &["1062", "1304", "1305", "1334", "1396", "1739"]),
    (2, &["1044", "1366"]),
    (3, &["1142", "1143", "1370"]),
];

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
static PATTERNS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    const NAME: &str = r#"(?:`[^`]+`|'[^']+'|"[^"]+")"#;
    [
        // The foreign key is the most exact thing that such a message names.
        r"CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY".to_owned(),
        format!(
            r"(?i)\b(?:table|view|column|field|index|key|constraint|database|schema|user|role|function|procedure|routine|trigger|event|plugin|partition|tablespace|sequence|variable|engine|server|channel|savepoint|cursor|host|file|datafile)(?: name| id| named)?:? ({NAME}(?:[.@]{NAME})*)"
        ),
        // InnoDB names its files.
        r"(?:^|[\s'(])((?:\.{0,2}/)?[\w$@#./-]+\.(?:ibd|frm|MYI|MYD|MAI|MAD|sdi))\b".to_owned(),
    ]
    .map(|pattern| Regex::new(&pattern).unwrap())
});

/// The object, without its quotes: `shop.orders`, `email`, `orders.PRIMARY`, `app@10.0.0.7`. Untrusted text.
pub(super) fn object(code: &str, recognised: Option<&Recognised<'_>>, message: &str) -> Option<String> {
    let [foreign_key, noun, file] = &*PATTERNS;
    if matches!(code, "1451" | "1452" | "1216" | "1217" | "1761" | "1762")
        && let Some(found) = foreign_key.captures(message).and_then(|c| c.get(1))
    {
        return tidy(&found.as_str().replace("``", "`"));
    }
    let place = PLACES.iter().find(|(_, codes)| codes.contains(&code)).map(|(place, _)| *place);
    place
        .and_then(|place| recognised.filter(|found| found.code == code).and_then(|found| inserted(found, place)))
        .or_else(|| noun.captures(message).and_then(|c| tidy(c.get(1)?.as_str())))
        .or_else(|| file.captures(message).and_then(|c| tidy(c.get(1)?.as_str())))
}

/// What was put in at a place or, if that is no name in quotes, at the first such after it; with what belongs to it: the
/// table behind a database, the host behind a user.
fn inserted(found: &Recognised<'_>, place: usize) -> Option<String> {
    let quoted = |i: &usize| found.before[*i].ends_with(['\'', '`', '"']);
    let first = (place..found.inserted.len()).find(quoted).or(Some(place).filter(|p| *p < found.inserted.len()))?;
    let mut name = found.inserted[first].to_owned();
    for next in first + 1..found.inserted.len() {
        match found.before[next].trim_matches(['\'', '`', '"']) {
            joint @ ("." | "@") => {
                name.push_str(joint);
                name.push_str(found.inserted[next]);
            }
            _ => break,
        }
    }
    tidy(&name)
}

/// The name without the quotes around it and around its parts, on one line; nothing when nothing is left.
fn tidy(name: &str) -> Option<String> {
    // `'user'@'host' (User account does not exist)`: MySQL says why behind the name.
    let mut name = name.split("' (").next().unwrap_or(name).trim().to_owned();
    for (joint, plain) in [("`.`", "."), ("'.'", "."), ("'@'", "@"), ("`@`", "@")] {
        name = name.replace(joint, plain);
    }
    let name = name.trim_matches(['\'', '`', '"']);
    let end = name.find('\n').unwrap_or(name.len());
    Some(name[..end].to_owned()).filter(|name| !name.is_empty())
}
