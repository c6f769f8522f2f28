//! The real servers that `scripts/test` started: their addresses come from the environment.

use std::path::PathBuf;

/// The base PostgreSQL server as superuser, database `shop` (see `tests/it/data/shop.sql`).
pub fn postgres_url() -> String {
    needed("DBA_GPT_TEST_PG")
}

/// The same database as the recommended read-only role.
pub fn postgres_read_only_url() -> String {
    needed("DBA_GPT_TEST_PG_RO")
}

/// The same server as superuser, database `bench`, filled by pgbench at scale 2.
pub fn postgres_bench_url() -> String {
    needed("DBA_GPT_TEST_PG_BENCH")
}

/// A server of a newer major version with the same `shop`, where it could be installed. Prints the skip otherwise.
pub fn newer_postgres_url() -> Option<String> {
    let url = std::env::var("DBA_GPT_TEST_PG_NEW").ok();
    if url.is_none() {
        eprintln!("SKIPPED: no second PostgreSQL version; scripts/test says why");
    }
    url
}

/// The folder of the base server's unix socket. The port is the one of [`postgres_url`]; no password is asked there.
pub fn postgres_socket_dir() -> PathBuf {
    needed("DBA_GPT_TEST_PG_SOCKET_DIR").into()
}

/// The authority that signed the servers' certificate, which is valid for `localhost` and not for `127.0.0.1`.
pub fn certificate_authority() -> PathBuf {
    needed("DBA_GPT_TEST_PG_CA").into()
}

/// A URL taken apart, so that a test can change one part and put it together again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Login role.
    pub user: String,
    /// Its password; letters and digits only.
    pub password: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: String,
}

impl Address {
    /// Takes apart one of the URLs above.
    pub fn of(url: &str) -> Self {
        let (login, place) = url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let (server, database) = place.split_once('/').unwrap();
        let (host, port) = server.rsplit_once(':').unwrap();
        Self {
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.parse().unwrap(),
            database: database.to_owned(),
        }
    }

    /// The URL again.
    pub fn url(&self) -> String {
        let Self { user, password, host, port, database } = self;
        format!("postgres://{user}:{password}@{host}:{port}/{database}")
    }
}

fn needed(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: this test needs real servers, run ./scripts/test (or eval \"$(scripts/servers start)\")")
    })
}
