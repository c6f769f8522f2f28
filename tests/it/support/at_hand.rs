//! Every real server that the tests may have, so that one test body can go over all of them.

use super::servers;
use dba_gpt::engine::{self, EngineSpec};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A server that the tests know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Server {
    Postgres15,
    Postgres18,
    MariaDb,
    MySql9,
    Redis7,
    Valkey9,
    /// The DocumentDB engine behind our bridge: no logins, no TLS.
    MongoBridge,
    /// A file with a small shop in it.
    Sqlite,
}

impl Server {
    /// All that are reached over a network.
    pub const ALL: [Self; 7] = [
        Self::Postgres15,
        Self::Postgres18,
        Self::MariaDb,
        Self::MySql9,
        Self::Redis7,
        Self::Valkey9,
        Self::MongoBridge,
    ];

    /// Its URL as administrator. Optional servers that are not there print their skip.
    pub fn url(self) -> Option<String> {
        match self {
            Self::Postgres15 => Some(servers::postgres_url()),
            Self::Postgres18 => servers::newer_postgres_url(),
            Self::MariaDb => Some(servers::mariadb_url()),
            Self::MySql9 => servers::mysql_url(),
            Self::Redis7 => Some(servers::redis_url()),
            Self::Valkey9 => servers::valkey_url(),
            Self::MongoBridge => servers::mongo_url(),
            Self::Sqlite => Some(sqlite_url()),
        }
    }

    /// Its URL as another login: `dbagpt_ro`, `dbagpt_nobody`. None for a server without logins.
    pub fn url_as(self, user: &str) -> Option<String> {
        let url = self.url()?;
        self.has_logins().then(|| url.replacen("dbagpt_admin", user, 1))
    }

    /// It asks for a password.
    pub fn has_logins(self) -> bool {
        !matches!(self, Self::MongoBridge | Self::Sqlite)
    }

    /// The one to fail over to: another of the same engine with the same logins.
    pub fn sibling(self) -> Self {
        match self {
            Self::Postgres15 => Self::Postgres18,
            Self::Postgres18 => Self::Postgres15,
            Self::MariaDb => Self::MySql9,
            Self::MySql9 => Self::MariaDb,
            Self::Redis7 => Self::Valkey9,
            Self::Valkey9 => Self::Redis7,
            Self::MongoBridge | Self::Sqlite => self,
        }
    }

    /// The engine of the registry that its URL belongs to.
    pub fn spec(self) -> Option<&'static EngineSpec> {
        let spec = engine::by_url(&self.url()?);
        if spec.is_none() {
            eprintln!("SKIPPED: no engine for {self:?} in the registry");
        }
        spec
    }
}

/// A small shop in a file of this process.
fn sqlite_url() -> String {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shop-{}.sqlite", std::process::id()));
        let _ = std::fs::remove_file(&file);
        let shop = rusqlite::Connection::open(&file).unwrap();
        shop.execute_batch(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), status TEXT);
             CREATE TABLE big (text TEXT);
             INSERT INTO big VALUES (hex(zeroblob(1500000)));
             INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bob');
             INSERT INTO orders VALUES (1, 1, 'paid'), (2, 1, 'open'), (3, 2, 'paid');",
        )
        .unwrap();
        file
    });
    format!("sqlite:{}", FILE.display())
}

/// The port of a URL on this machine.
pub fn port_of(url: &str) -> u16 {
    let place = url.rsplit_once("127.0.0.1:").unwrap_or_else(|| panic!("no port on 127.0.0.1 in {url}")).1;
    place.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The same URL by another port on this machine.
pub fn by_port(url: &str, port: u16) -> String {
    url.replacen(&format!("127.0.0.1:{}", port_of(url)), &format!("127.0.0.1:{port}"), 1)
}

/// The same URL by another host name.
pub fn by_host(url: &str, host: &str) -> String {
    url.replacen("127.0.0.1:", &format!("{host}:"), 1)
}

/// The same URL with another password.
pub fn by_password(url: &str, password: &str) -> String {
    let (before, place) = url.rsplit_once('@').expect("a URL with a login");
    let (login, _) = before.rsplit_once(':').expect("a login with a password");
    format!("{login}:{password}@{place}")
}

#[test]
fn urls_are_changed_in_one_place() {
    let url = "redis://me:secret@127.0.0.1:6379/0";
    assert_eq!(port_of(url), 6379);
    assert_eq!(by_port(url, 1), "redis://me:secret@127.0.0.1:1/0");
    assert_eq!(by_host(url, "x.invalid"), "redis://me:secret@x.invalid:6379/0");
    assert_eq!(by_password(url, "other"), "redis://me:other@127.0.0.1:6379/0");
    assert_eq!(port_of("mongodb://127.0.0.1:27017/shop"), 27017);
}
