//! Acts on the server itself that have one exact form each: replication that goes on, binary logs that go, the number of
//! connections of an account.

use crate::domain::text::risky;

/// Longest name of a binary log that is taken.
const LONGEST_LOG: usize = 255;
/// Longest name of an account's half.
const LONGEST_NAME: usize = 80;

/// The statement that starts replication, on MySQL from 8.0.22 and MariaDB from 10.5 on.
pub(in crate::engine::mysql) const START: &str = "START REPLICA";

/// The name of a binary log: plain letters, and the number that the server gives it at its end.
pub(in crate::engine::mysql) fn is_binary_log(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    name.len() <= LONGEST_LOG
        && name.bytes().all(plain)
        && name.rsplit_once('.').is_some_and(|(base, number)| {
            !base.is_empty() && (6..=10).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
        })
}

/// The statement that removes the logs before one.
pub(in crate::engine::mysql) fn purge(to: &str) -> Option<String> {
    is_binary_log(to).then(|| format!("PURGE BINARY LOGS TO '{to}'"))
}

/// The log that such a statement names.
pub(super) fn purged(text: &str) -> Option<String> {
    let name = text.strip_prefix("PURGE BINARY LOGS TO '")?.strip_suffix('\'')?;
    is_binary_log(name).then(|| name.to_owned())
}

/// An account: `app` from `%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mysql) struct Account {
    pub(in crate::engine::mysql) user: String,
    pub(in crate::engine::mysql) host: String,
}

impl Account {
    /// From `app@10.0.0.%`; a name without a host is from anywhere. None for names that would need an escape.
    pub(in crate::engine::mysql) fn read(text: &str) -> Option<Self> {
        let (user, host) = text.rsplit_once('@').unwrap_or((text, "%"));
        let plain = |name: &str| {
            name.len() <= LONGEST_NAME
                && !name.chars().any(|c| matches!(c, '\'' | '"' | '`' | '\\') || c.is_control() || risky(c))
        };
        (plain(user) && plain(host) && !user.is_empty() && !host.is_empty())
            .then(|| Self { user: user.to_owned(), host: host.to_owned() })
    }
    /// `'app'@'%'`
    pub(in crate::engine::mysql) fn quoted(&self) -> String {
        format!("'{}'@'{}'", self.user, self.host)
    }
    /// The statement that limits its connections; 0 leaves it to the server's own limit.
    pub(in crate::engine::mysql) fn limited_to(&self, most: u32) -> String {
        format!("ALTER USER {} WITH MAX_USER_CONNECTIONS {most}", self.quoted())
    }
}

/// What such a statement says.
pub(in crate::engine::mysql) fn limited(text: &str) -> Option<(Account, u32)> {
    let (account, most) = text.strip_prefix("ALTER USER ")?.split_once(" WITH MAX_USER_CONNECTIONS ")?;
    let (user, host) = account.strip_prefix('\'')?.strip_suffix('\'')?.split_once("'@'")?;
    let account = Account::read(&format!("{user}@{host}")).filter(|a| a.user == user && a.host == host)?;
    let most = most.parse().ok().filter(|n: &u32| n.to_string() == most)?;
    Some((account, most))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_has_one_exact_form() {
        for name in ["binlog.000001", "mysql-bin.1234567", "my_host-bin.000010"] {
            assert_eq!(purged(&purge(name).unwrap()).as_deref(), Some(name));
        }
        for name in ["binlog", "binlog.1", "b'; DROP.000001", "../x/.000001 ", ".000001", "binlog.00000a", "a/b.000001"]
        {
            assert_eq!(purge(name), None, "{name}");
        }
        let account = Account::read("app@10.0.0.%").unwrap();
        assert_eq!(limited(&account.limited_to(50)), Some((account, 50)));
        assert_eq!(Account::read("app").unwrap().quoted(), "'app'@'%'");
        for name in ["", "@%", "a'b@%", "a@", "a\\@%"] {
            assert_eq!(Account::read(name), None, "{name}");
        }
        for text in [
            "ALTER USER 'a'@'%' WITH MAX_USER_CONNECTIONS 5 ACCOUNT LOCK",
            "ALTER USER 'a'@'%' IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 5",
            "ALTER USER 'a'@'%', 'b'@'%' WITH MAX_USER_CONNECTIONS 5",
            "ALTER USER 'a'@'%' WITH MAX_USER_CONNECTIONS -1",
        ] {
            assert_eq!(limited(text), None, "{text}");
        }
    }
}
