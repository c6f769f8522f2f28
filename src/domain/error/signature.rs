//! The classic signature of an error: one short text for all errors that differ only in names and numbers.
//!
//! Its steps are an interface that other programs compute too, so they are kept to the letter, with what they do badly
//! ([`super::group`] is the better grouping): strip the severity, lower-case, digits to `N`, quoted text to `VALUE`,
//! and the first 12 hex digits of MD5 over `KIND:text`.

use super::kind::ErrorKind;
use crate::domain::text::hex;
use md5::{Digest as _, Md5};
use regex::Regex;
use std::sync::LazyLock;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
static PATTERNS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"(?i)^\s*(?:debug[1-5]?|info|notice|note|log|warning|error|fatal|panic|critical)\s*:\s*",
        r"\d+",
        r#"['"`].*?['"`]"#,
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

/// The text that is hashed.
pub fn normalised(message: &str) -> String {
    let [severity, digits, quoted] = &*PATTERNS;
    let text = severity.replace(message, "").to_lowercase();
    let text = digits.replace_all(&text, "N");
    quoted.replace_all(&text, "VALUE").into_owned()
}

/// The signature: 12 hex digits.
pub fn signature(kind: ErrorKind, message: &str) -> String {
    let digest = Md5::digest(format!("{kind}:{}", normalised(message)));
    let mut text = hex(&digest);
    text.truncate(12);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_interface() {
        let missing = r#"relation "users_42" does not exist"#;
        assert_eq!(normalised(missing), "relation VALUE does not exist");
        assert_eq!(signature(ErrorKind::TableNotFound, missing), "bd177a19c5a3");
        assert_eq!(
            signature(ErrorKind::Deadlock, "Deadlock found when trying to get lock; try restarting transaction"),
            "af9e4e4b0486"
        );
    }

    #[test]
    fn the_severity_of_a_client_makes_no_difference() {
        let bare = signature(ErrorKind::TableNotFound, r#"relation "x" does not exist"#);
        for before in ["ERROR:  ", "error: ", "FATAL:", " Warning : "] {
            let text = format!("{before}relation \"other\" does not exist");
            assert_eq!(signature(ErrorKind::TableNotFound, &text), bare, "{text}");
        }
    }

    #[test]
    fn quotes_pair_from_the_left_whatever_their_kind() {
        assert_eq!(normalised("a 'b\" c `d` 12.5"), "a VALUE c VALUE N.N");
    }
}
