//! A changed setting of a target's URL: what a diagnosis proposes, one key applies, and the store remembers. It never
//! holds a secret and never makes a connection less safe.

use super::url::UrlParts;
use crate::domain::target::Timestamp;
use serde::{Deserialize, Serialize};

/// One setting, changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Another port on the same host.
    Port(u16),
    /// Another host: an address of the same name, or a socket's folder.
    Host(String),
    /// Another database on the same server.
    Database(String),
    /// Another user.
    User(String),
    /// A parameter after the `?`.
    Parameter(String, String),
    /// Another scheme: the server speaks another language, or the same one encrypted.
    Scheme(String),
}

impl Change {
    /// `port 5433`, for a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Port(port) => format!("port {port}"),
            Self::Host(host) => format!("host {host}"),
            Self::Database(name) => format!("database {name}"),
            Self::User(name) => format!("user {name}"),
            Self::Parameter(name, value) => format!("{name}={value}"),
            Self::Scheme(scheme) => format!("{scheme}://"),
        }
    }

    /// One word for what is changed: under it is remembered how often that helped.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Port(_) => "port",
            Self::Host(_) => "host",
            Self::Database(_) => "database",
            Self::User(_) => "user",
            Self::Parameter(..) => "parameter",
            Self::Scheme(_) => "scheme",
        }
    }

    /// The URL with this change; none when the URL is of a form that cannot carry it, such as one with several hosts.
    pub fn apply(&self, url: &str) -> Option<String> {
        let mut parts = UrlParts::split(url)?;
        match self {
            Self::Port(port) => parts.set_port(*port)?,
            Self::Host(host) => parts.set_host(host)?,
            Self::Database(name) => parts.set_database(name),
            Self::User(name) => parts.set_user(name),
            Self::Parameter(name, value) => parts.set_parameter(name, value),
            Self::Scheme(scheme) => scheme.clone_into(&mut parts.scheme),
        }
        Some(parts.join())
    }
}

/// A change that let us in once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFix {
    /// When it worked.
    pub at: Timestamp,
    /// What was changed.
    pub change: Change,
    /// Why it was proposed.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn changes_leave_the_rest_of_a_url_as_it_was() {
        let url = "db://ann:p%40ss@h.example:5432/orders?sslmode=verify-full&x=1";
        for (change, expected) in [
            (Change::Port(5433), "db://ann:p%40ss@h.example:5433/orders?sslmode=verify-full&x=1"),
            (Change::Host("127.0.0.1".into()), "db://ann:p%40ss@127.0.0.1:5432/orders?sslmode=verify-full&x=1"),
            (Change::Host("::1".into()), "db://ann:p%40ss@[::1]:5432/orders?sslmode=verify-full&x=1"),
            (Change::Database("a b/c".into()), "db://ann:p%40ss@h.example:5432/a%20b%2Fc?sslmode=verify-full&x=1"),
            (Change::User("watch@x".into()), "db://watch%40x:p%40ss@h.example:5432/orders?sslmode=verify-full&x=1"),
            (
                Change::Parameter("sslmode".into(), "require".into()),
                "db://ann:p%40ss@h.example:5432/orders?x=1&sslmode=require",
            ),
            (Change::Scheme("dbs".into()), "dbs://ann:p%40ss@h.example:5432/orders?sslmode=verify-full&x=1"),
        ] {
            assert_eq!(change.apply(url).as_deref(), Some(expected), "{change:?}");
        }
        assert_eq!(Change::Port(1).apply("db://h").as_deref(), Some("db://h:1"));
        assert_eq!(Change::Database("d".into()).apply("db://h?a=b").as_deref(), Some("db://h/d?a=b"));
        assert_eq!(
            Change::Parameter("tls".into(), "true".into()).apply("db://h/").as_deref(),
            Some("db://h/?tls=true")
        );
    }

    #[test]
    fn a_url_that_cannot_carry_a_change_is_left_alone() {
        for url in
            ["/srv/shop.db", "db:shop.db", "db://a:1,b:2/d", "db://h/d?host=/run/x", "db://h/d?PORT=7", "db:///d"]
        {
            assert_eq!(Change::Port(5433).apply(url), None, "{url}");
        }
    }

    #[test]
    fn a_change_is_remembered_as_json() {
        let change = Change::Parameter("tls".into(), "true".into());
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(json, r#"{"parameter":["tls","true"]}"#);
        assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
    }
}
