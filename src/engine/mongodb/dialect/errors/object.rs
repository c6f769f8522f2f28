//! The collection, database, index, user or command that a sentence of MongoDB is about.

use regex::Regex;
use std::sync::LazyLock;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this folder")]
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"E11000 duplicate key error (?:collection|index): (\S+)",
        r"[Nn]ot authorized (?:on|for) (?:query on )?(\S+)",
        r"user is not allowed to do action \[.*?\] on \[(.+?)\]",
        r#"Could not find user "([^"]+)""#,
        r"(?:User|Role) ['\x22]?([^'\x22\s]+)['\x22]? not found",
        r"no such (?:command|cmd): '?([^'\s,]+)'?",
        r"^Unrecognized pipeline stage name: '([^']+)'",
        r"(?:[Uu]nknown (?:top level )?operator|Unrecognized expression|Unknown expression|unknown group operator|Unrecognized group operator):? '?(\$?\w+)'?",
        r"[Cc]ollection \[([^\]]+)\] not found",
        r"index not found with name \[([^\]]+)\]",
        r"(?:ns does not exist|ns not found|No such collection|Collection already exists\. NS|collection already exists\. NS): (\S+)",
        r"[Cc]ollection '?([\w.$-]+)'? (?:already exists|not found|does not exist)",
        r"[Dd]atabase '?([\w$-]+)'? (?:does not exist|not found)",
        r"[Ii]ndex '?([\w.$-]+)'? not found",
        r"Index with name: '?([^'\s]+)'? already exists",
        r"^(?:Namespace )?(\S+) is a view, not a collection",
        r"cursor id (\d+) ",
        r"BSON field '([^']+)' is ",
        r"connect (?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH) (\S+)",
        r"getaddrinfo \w+ (\S+)",
        r"Use of undefined variable: (\S+)",
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

/// The object of a sentence, as printed.
pub(super) fn of(sentence: &str) -> Option<String> {
    PATTERNS
        .iter()
        .find_map(|pattern| Some(pattern.captures(sentence)?.get(1)?.as_str().trim_end_matches([',', '.']).to_owned()))
}
