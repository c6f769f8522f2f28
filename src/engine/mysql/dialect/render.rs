//! The typed acts as statements.

use super::classify;
use super::names::literal;
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::kind::{FixKind, SessionRef};

/// The one statement of a kind.
///
/// # Errors
/// One sentence when there is no such act here, or when a parameter cannot be one.
pub(super) fn render(kind: &FixKind) -> Result<String, String> {
    match kind {
        FixKind::CancelStatements(sessions) => Ok(format!("KILL QUERY {}", only(sessions)?)),
        FixKind::EndSessions(sessions) => Ok(format!("KILL {}", only(sessions)?)),
        FixKind::ChangeSetting { name, value } => setting(name, value),
        FixKind::DropReplicationSlot(_) => Err("MySQL and MariaDB have no replication slots".into()),
        FixKind::UnlinkKeys(_) => Err("MySQL and MariaDB have rows, not keys: write a DELETE".into()),
        other => Err(format!("there is no act here to {}", other.words())),
    }
}

/// KILL ends one session, and takes no condition.
fn only(sessions: &[SessionRef]) -> Result<i64, String> {
    match sessions {
        [one] if one.id > 0 => Ok(one.id),
        [_] => Err("a session has a number above zero".into()),
        [] => Err("there is no such session any more".into()),
        _ => Err("one statement ends one session in MySQL and MariaDB: propose them one at a time".into()),
    }
}

/// Longest value of a setting that is taken, bytes.
const LONGEST: usize = 1024;

fn setting(name: &str, value: &str) -> Result<String, String> {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.len() <= 64;
    if !plain {
        return Err("the name of a setting has letters, digits and underscores".into());
    }
    if value.len() > LONGEST || value.chars().any(|c| c.is_control() || crate::domain::text::risky(c)) {
        return Err("the value of a setting is one line of plain text".into());
    }
    let statement = format!("SET GLOBAL {} = {}", name.to_ascii_lowercase(), value_of(value.trim()));
    // Settings that name files, libraries or statements are refused here as they are in free text.
    let judged = classify::classify(&statement, Author::Person, &Catalog::default());
    if judged.verdict == Verdict::Deny { Err(judged.reason) } else { Ok(statement) }
}

/// A number or a switch bare, as the server wants them; anything else as text. A size may have its letter.
fn value_of(value: &str) -> String {
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fraction = unsigned.split_once('.').is_some_and(|(whole, part)| number(whole) && number(part));
    if number(unsigned) || fraction {
        return value.to_owned();
    }
    if ["on", "off", "true", "false", "default"].iter().any(|word| value.eq_ignore_ascii_case(word)) {
        return value.to_ascii_uppercase();
    }
    let shift = match unsigned.chars().last().map(|c| c.to_ascii_lowercase()) {
        Some('k') => 10,
        Some('m') => 20,
        Some('g') => 30,
        _ => 0,
    };
    let digits = &unsigned[..unsigned.len().saturating_sub(usize::from(shift > 0))];
    let size = Some(digits).filter(|d| shift > 0 && number(d)).and_then(|d| d.parse::<u64>().ok());
    // SET GLOBAL takes no letters: `512M` is a mistake there, and is meant as a number.
    match size.and_then(|size| size.checked_mul(1 << shift)) {
        Some(size) if unsigned == value => size.to_string(),
        _ => literal(value),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn session(id: i64) -> SessionRef {
        SessionRef { id, facts: Vec::new(), about: String::new() }
    }
    fn set(name: &str, value: &str) -> Result<String, String> {
        render(&FixKind::ChangeSetting { name: name.into(), value: value.into() })
    }

    #[test]
    fn one_statement_ends_one_session() {
        assert_eq!(render(&FixKind::EndSessions(vec![session(7)])).unwrap(), "KILL 7");
        assert_eq!(render(&FixKind::CancelStatements(vec![session(7)])).unwrap(), "KILL QUERY 7");
        for sessions in [vec![], vec![session(0)], vec![session(-1)], vec![session(1), session(2)]] {
            assert!(render(&FixKind::EndSessions(sessions)).is_err());
        }
        assert!(render(&FixKind::DropReplicationSlot("s".into())).is_err());
        assert!(render(&FixKind::UnlinkKeys(vec!["k".into()])).is_err());
    }

    #[test]
    fn a_setting_is_one_name_and_one_plain_value() {
        assert_eq!(set("Max_Connections", " 500 ").unwrap(), "SET GLOBAL max_connections = 500");
        assert_eq!(set("long_query_time", "0.5").unwrap(), "SET GLOBAL long_query_time = 0.5");
        assert_eq!(set("slow_query_log", "on").unwrap(), "SET GLOBAL slow_query_log = ON");
        assert_eq!(set("innodb_buffer_pool_size", "2G").unwrap(), "SET GLOBAL innodb_buffer_pool_size = 2147483648");
        assert_eq!(set("default_week_format", "it's").unwrap(), "SET GLOBAL default_week_format = 'it''s'");
        assert_eq!(set("x", "1; DROP TABLE t").unwrap(), "SET GLOBAL x = '1; DROP TABLE t'");
        for name in ["", "a b", "a=1,b", "@@x", "x`", "1a", "a.b"] {
            assert!(set(name, "1").is_err(), "{name}");
        }
        assert!(set("init_connect", "DROP TABLE t").is_err(), "statements that the server runs by itself");
        assert!(set("a", "x\ny").is_err() && set("a", "\u{202e}").is_err());
    }
}
