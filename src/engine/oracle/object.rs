//! The table, constraint, tablespace or user that an error of Oracle is about.

use regex::Regex;
use std::sync::LazyLock;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"constraint \(([^)]+)\) violated",
        r"cannot insert NULL into \(([^)]+)\)",
        r"cannot update \(([^)]+)\) to NULL",
        r#"value too large for column ("[^ ]+")"#,
        r"(?:table or view|sequence|object) (\S+) does not exist",
        r"ORA-0*904: (\S+): invalid identifier",
        r"unable to extend .* in (?:undo )?tablespace '?(\w+)'?",
        r"identifier '([^']+)' must be declared",
        r"component '([^']+)' must be declared",
        r"user (\S+) lacks ",
        r"table (\S+) is mutating",
        r"name is already used by an existing object (\S+)",
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

/// The object of an error, as printed but without quotation marks.
pub(super) fn of(text: &str) -> Option<String> {
    let found = PATTERNS.iter().find_map(|pattern| Some(pattern.captures(text)?.get(1)?.as_str()))?;
    Some(found.replace(['"', '\''], ""))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_an_error_is_about_is_found() {
        for (text, object) in [
            ("ORA-00001: unique constraint (SHOP.USERS_PK) violated", Some("SHOP.USERS_PK")),
            ("ORA-01400: cannot insert NULL into (\"SHOP\".\"USERS\".\"EMAIL\")", Some("SHOP.USERS.EMAIL")),
            ("ORA-00904: \"X\".\"Y\": invalid identifier", Some("X.Y")),
            ("ORA-01653: unable to extend table SHOP.ORDERS by 128 in tablespace USERS", Some("USERS")),
            ("ORA-00942: table or view \"SHOP\".\"T\" does not exist", Some("SHOP.T")),
            ("ORA-00942: table or view does not exist", None),
        ] {
            assert_eq!(of(text).as_deref(), object, "{text}");
        }
    }
}
