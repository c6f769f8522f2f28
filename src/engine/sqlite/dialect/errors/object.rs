//! The table, column, index or file that a sentence of SQLite is about.

use regex::Regex;
use std::sync::LazyLock;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this folder")]
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"^no such [\w ]+: "?([^"]+?)"?( - should this .*)?$"#,
        r"^(?:UNIQUE|NOT NULL) constraint failed: (.+)$",
        // A check is named, or shown as its expression.
        r"^CHECK constraint failed: (\w+)$",
        r#"^table "?(.+?)"? (?:already exists|has no column named .+|has \d+ columns.*|may not be \w+|has more than one primary key)$"#,
        r"^(?:index|view|trigger) (.+?) already exists$",
        r#"^there is already (?:a|an|another) .*(?:named|name:) "?([^"]+)"?$"#,
        r"^(?:ambiguous column name|duplicate column name|unknown database|database table is locked|unknown function): ?(.+?)(?:\(\))?$",
        r"^database (?:table|schema) is locked: (.+)$",
        r"^(?:wrong|too many) (?:number of )?arguments (?:to|on) function (.+?)(?:\(\))?$",
        r"^misuse of (?:aggregate|window function|\w+ function):? (.+?)\(\)$",
        r"^cannot modify (.+) because it is a view$",
        r"^unable to open database file: (.+)$",
        r#"^unable to open database:? "?([^"]+?)"?(?:: .*)?$"#,
        r"^malformed database schema \((.+?)\)",
        r#"^foreign key mismatch - "(.+?)" referencing"#,
        r"^columns? (.+) (?:is|are) not unique$",
        r"^(.+) may not be NULL$",
        r#"^cannot (?:INSERT into|UPDATE) generated column "(.+)"$"#,
        r"^cannot store \w+ value in \w+ column (.+)$",
        r"^error in (?:view|trigger|index|table) (.+?)(?: after .+?)?: ",
        r#"^cannot drop .*column:? "(.+?)""#,
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

/// The object of a sentence, as printed.
pub(super) fn of(sentence: &str) -> Option<String> {
    PATTERNS.iter().find_map(|pattern| Some(pattern.captures(sentence)?.get(1)?.as_str().to_owned()))
}
