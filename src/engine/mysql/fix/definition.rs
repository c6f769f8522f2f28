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

/// The table has an index over words, beside whose making nobody writes.
pub(super) fn has_full_text(create: &str) -> bool {
    entries(create).any(|entry| entry.starts_with("FULLTEXT KEY"))
}

/// Every index that finds rows by values, with the names of its columns in small letters; the primary key is `PRIMARY`.
/// A part that is an expression or a prefix ends what is told of one.
pub(super) fn indexes(create: &str) -> Vec<(String, Vec<String>)> {
    entries(create)
        .filter_map(|entry| {
            let tokens = lexer::meaningful(entry, Lexis::Mysql);
            let words = Words { text: entry, tokens: &tokens };
            let (name, open) = if words.starts_with(&["primary", "key"]) {
                ("PRIMARY".to_owned(), 2)
            } else {
                let at = usize::from(words.is(0, &["unique"]));
                (words.is(at, &["key"]).then(|| words.identifier(at + 1)).flatten()?, at + 2)
            };
            Some((name, plain_columns(words, open)))
        })
        .collect()
}

/// Foreign keys of the table itself, with their columns in small letters.
pub(super) fn foreign_keys(create: &str) -> Vec<(String, Vec<String>)> {
    entries(create)
        .filter_map(|entry| {
            let tokens = lexer::meaningful(entry, Lexis::Mysql);
            let words = Words { text: entry, tokens: &tokens };
            let is_one = words.is(0, &["constraint"]) && words.starts_with_at(2, &["foreign", "key"]);
            Some((words.identifier(1).filter(|_| is_one)?, plain_columns(words, 4)))
        })
        .collect()
}

/// The names between the brackets at `open`, up to the first part that is more than a name.
fn plain_columns(words: Words<'_>, open: usize) -> Vec<String> {
    let close = words.after_bracket(open).saturating_sub(1);
    let parts = forms::parts(words, open + 1, close);
    let plain = parts.into_iter().map_while(|(start, end)| {
        let direction = end == start + 2 && words.is(start + 1, &["asc", "desc"]);
        words.identifier(start).filter(|_| end == start + 1 || direction)
    });
    plain.map(|name| name.to_lowercase()).collect()
}

/// The foreign key that needs this index, because no other index begins with its columns.
pub(super) fn needing(
    keys: &[(String, Vec<String>)],
    indexes: &[(String, Vec<String>)],
    index: &str,
) -> Option<String> {
    let serves = |columns: &[String], key: &[String]| !key.is_empty() && columns.starts_with(key);
    let is_it = |name: &str| name.to_lowercase() == index.to_lowercase();
    keys.iter()
        .find(|(_, key)| {
            indexes.iter().any(|(name, columns)| is_it(name) && serves(columns, key))
                && !indexes.iter().any(|(name, columns)| !is_it(name) && serves(columns, key))
        })
        .map(|(name, _)| name.clone())
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
    fn an_index_that_a_foreign_key_needs_is_known() {
        let create = "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int,\n  `b` int,\n  PRIMARY KEY (`id`),\n  KEY `k_a` (`a`),\n  \
            KEY `k_ab` (`a` DESC,`b`),\n  KEY `k_b` (`b`),\n  KEY `k_p` (`b`(10),`a`),\n  FULLTEXT KEY `w` (`x`),\n  \
            CONSTRAINT `f_b` FOREIGN KEY (`b`) REFERENCES `s` (`id`),\n  CONSTRAINT `f_a` FOREIGN KEY (`a`) REFERENCES `s` (`id`)\n)";
        let (keys, list) = (foreign_keys(create), indexes(create));
        assert_eq!(
            list.iter().map(|(n, c)| (n.as_str(), c.len())).collect::<Vec<_>>(),
            [("PRIMARY", 1), ("k_a", 1), ("k_ab", 2), ("k_b", 1), ("k_p", 0)]
        );
        assert_eq!(needing(&keys, &list, "K_B").as_deref(), Some("f_b"));
        assert_eq!(needing(&keys, &list, "k_a"), None, "k_ab serves as well");
        assert!(has_full_text(create));
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
