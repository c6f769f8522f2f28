//! Reading SHOW CREATE TABLE: the lines of columns, indexes and constraints, as statements take them back.

use crate::engine::mysql::dialect::forms;
use crate::engine::sql::lexer::{self, Kind, Lexis};
use crate::engine::sql::words::Words;

/// The description of a column, without its name.
pub(super) fn column(create: &str, name: &str) -> Option<String> {
    entries(create).find_map(|entry| rest_of(entry, &[], name)).map(|rest| plain(&rest))
}

/// An index, as ALTER TABLE ... ADD takes it: `UNIQUE KEY `u` (`a`)`.
pub(super) fn index(create: &str, name: &str) -> Option<String> {
    let kinds: [&[&str]; 5] =
        [&["key"], &["unique", "key"], &["fulltext", "key"], &["spatial", "key"], &["vector", "key"]];
    entries(create).find(|entry| kinds.iter().any(|kind| rest_of(entry, kind, name).is_some())).map(plain)
}

/// The primary key, as ALTER TABLE ... ADD takes it.
pub(super) fn primary_key(create: &str) -> Option<String> {
    entries(create).find(|entry| entry.starts_with("PRIMARY KEY")).map(plain)
}

/// A foreign key or a check by its name, as ALTER TABLE ... ADD takes it.
pub(super) fn constraint(create: &str, name: &str) -> Option<String> {
    entries(create).find(|entry| rest_of(entry, &["constraint"], name).is_some()).map(plain)
}

/// What stands after a name that follows these words.
fn rest_of(entry: &str, before: &[&str], name: &str) -> Option<String> {
    let tokens = lexer::meaningful(entry, Lexis::Mysql);
    let words = Words { text: entry, tokens: &tokens };
    let at = before.len();
    let named = words.starts_with(before)
        && words.kind(at) == Some(Kind::QuotedName)
        && words.identifier(at).is_some_and(|found| found.to_lowercase() == name.to_lowercase());
    named.then(|| entry[tokens[at].range.end..].trim().to_owned())
}

/// The lines between the brackets, without their commas. The server writes each on a line of its own, and line ends in
/// literals as `\n`.
fn entries(create: &str) -> impl Iterator<Item = &str> {
    create
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with(')'))
        .map(|line| line.trim().strip_suffix(',').unwrap_or(line.trim()))
}

/// Without the comments around what only some versions know: this server has written them for itself.
fn plain(entry: &str) -> String {
    let mut out = String::with_capacity(entry.len());
    for token in lexer::tokens(entry, Lexis::Mysql) {
        let piece = &entry[token.range];
        let code = piece.strip_prefix("/*!").or_else(|| piece.strip_prefix("/*M!"));
        match code.and_then(|code| code.strip_suffix("*/")).filter(|_| token.kind == Kind::Comment) {
            Some(code) => out.push_str(code.trim_start_matches(|c: char| c.is_ascii_digit()).trim()),
            None => out.push_str(piece),
        }
    }
    out
}

/// The type that a description of a column begins with, as the server writes types: `varchar(20)`, `int unsigned`.
pub(super) fn type_of(definition: &str) -> String {
    let tokens = forms::tokens(definition);
    let words = Words { text: definition, tokens: &tokens };
    let mut base = words.at(0).to_ascii_lowercase();
    let mut at = 1;
    let mut size = String::new();
    if words.at(1) == "(" {
        at = words.after_bracket(1);
        size = forms::slice(words, 1, at).replace(' ', "");
    }
    base = match base.as_str() {
        "integer" | "int4" => "int".into(),
        "int8" => "bigint".into(),
        "int2" => "smallint".into(),
        "dec" | "numeric" | "fixed" => "decimal".into(),
        _ => base,
    };
    if matches!(base.as_str(), "bool" | "boolean") {
        return "tinyint".into();
    }
    if base.ends_with("int") {
        // A width for display alone.
        size.clear();
    }
    let mut out = base + &size;
    while words.is(at, &["unsigned", "zerofill", "signed"]) {
        if !words.is(at, &["signed"]) {
            out.push(' ');
            out.push_str(&words.at(at).to_ascii_lowercase());
        }
        at += 1;
    }
    out
}

/// True when every value of the old type is a value of the new one, bit by bit, and comes back from it.
pub(super) fn keeps_values(old: &str, new: &str) -> bool {
    const INTEGERS: [&str; 5] = ["tinyint", "smallint", "mediumint", "int", "bigint"];
    if old == new {
        return true;
    }
    let place = |text: &str| {
        let (base, sign) = text.split_once(' ').unwrap_or((text, ""));
        INTEGERS.iter().position(|i| *i == base).map(|place| (place, sign.to_owned()))
    };
    let length = |text: &str| {
        let (base, size) = text.split_once('(')?;
        Some((base.to_owned(), size.strip_suffix(')')?.parse::<u32>().ok()?))
    };
    match (place(old), place(new), length(old), length(new)) {
        (Some((from, sign)), Some((to, same)), ..) => from <= to && sign == same,
        (_, _, Some((from, short)), Some((to, long))) => from == to && from.starts_with("var") && short <= long,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const CREATE: &str = "CREATE TABLE `t` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `a,b` varchar(20) DEFAULT 'x,' COMMENT 'it''s \\n',\n  \
        `h` int DEFAULT NULL /*!80023 INVISIBLE */,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u``x` (`a,b`(10) DESC) /*!80000 INVISIBLE */,\n  \
        KEY `k` (`h`),\n  CONSTRAINT `f` FOREIGN KEY (`h`) REFERENCES `s` (`id`) ON DELETE CASCADE\n) ENGINE=InnoDB";

    #[test]
    fn lines_come_back_as_statements_take_them() {
        assert_eq!(column(CREATE, "A,B").unwrap(), "varchar(20) DEFAULT 'x,' COMMENT 'it''s \\n'");
        assert_eq!(column(CREATE, "h").unwrap(), "int DEFAULT NULL INVISIBLE");
        assert_eq!(column(CREATE, "k"), None);
        assert_eq!(index(CREATE, "u`x").unwrap(), "UNIQUE KEY `u``x` (`a,b`(10) DESC) INVISIBLE");
        assert_eq!(index(CREATE, "k").unwrap(), "KEY `k` (`h`)");
        assert_eq!(index(CREATE, "id"), None);
        assert_eq!(primary_key(CREATE).unwrap(), "PRIMARY KEY (`id`)");
        assert!(constraint(CREATE, "f").unwrap().ends_with("ON DELETE CASCADE"));
    }

    #[test]
    fn types_are_compared_as_the_server_writes_them() {
        for (written, read) in [
            ("INT(11) NOT NULL", "int"),
            ("integer unsigned", "int unsigned"),
            ("decimal(10, 2) default 1", "decimal(10,2)"),
            ("varchar(20) character set latin1", "varchar(20)"),
            ("enum('a','b')", "enum('a','b')"),
        ] {
            assert_eq!(type_of(written), read);
        }
        assert!(keeps_values("int", "bigint") && keeps_values("varchar(5)", "varchar(9)"));
        assert!(!keeps_values("bigint", "int") && !keeps_values("int", "int unsigned"));
        assert!(!keeps_values("decimal(10,4)", "decimal(10,2)") && !keeps_values("varchar(9)", "char(9)"));
    }
}
