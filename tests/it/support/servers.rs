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
    optional("DBA_GPT_TEST_PG_NEW", "a second PostgreSQL version")
}

/// The folder of the base server's unix socket. The port is the one of [`postgres_url`]; no password is asked there.
pub fn postgres_socket_dir() -> PathBuf {
    needed("DBA_GPT_TEST_PG_SOCKET_DIR").into()
}

/// MariaDB as administrator, database `shop` (see `tests/it/data/shop_mysql.sql` and `roles_*.sql`).
pub fn mariadb_url() -> String {
    needed("DBA_GPT_TEST_MARIADB")
}

/// The same database as the recommended read-only login.
pub fn mariadb_read_only_url() -> String {
    needed("DBA_GPT_TEST_MARIADB_RO")
}

/// MariaDB's unix socket. Logins need their passwords there too.
pub fn mariadb_socket() -> PathBuf {
    needed("DBA_GPT_TEST_MARIADB_SOCKET").into()
}

/// A real MySQL 9 as administrator, with the same `shop`. Prints the skip where there is none.
pub fn mysql_url() -> Option<String> {
    optional("DBA_GPT_TEST_MYSQL", "MySQL 9")
}

/// The same database as the recommended read-only login. Prints the skip where there is none.
pub fn mysql_read_only_url() -> Option<String> {
    optional("DBA_GPT_TEST_MYSQL_RO", "MySQL 9")
}

/// MySQL 9's unix socket, where [`mysql_url`] says that there is one.
pub fn mysql_socket() -> PathBuf {
    needed("DBA_GPT_TEST_MYSQL_SOCKET").into()
}

/// A PostgreSQL that writes its log as text, csvlog and jsonlog: how to connect as superuser, and the folder of the
/// logs. Prints the skip where there is none.
pub fn logging_postgres() -> Option<(String, PathBuf)> {
    let server = optional("DBA_GPT_TEST_PG_LOGS", "a PostgreSQL with three logs")?;
    Some((server, needed("DBA_GPT_TEST_PG_LOGS_DIR").into()))
}

/// A PostgreSQL with few connections as superuser, for whom one is kept, database `shop`. Prints the skip where there is
/// none.
pub fn small_postgres_url() -> Option<String> {
    optional("DBA_GPT_TEST_PG_SMALL", "a small PostgreSQL")
}

/// A PostgreSQL with `pg_cron` in its database `shop`, as superuser. Prints the skip where there is none.
pub fn cron_postgres_url() -> Option<String> {
    optional("DBA_GPT_TEST_PG_CRON", "a PostgreSQL with pg_cron")
}

/// A MariaDB with few connections as administrator, who is let in as one more, database `shop`. Prints the skip where
/// there is none.
pub fn small_mariadb_url() -> Option<String> {
    optional("DBA_GPT_TEST_MARIADB_SMALL", "a small MariaDB")
}

/// A second MariaDB as administrator, which can follow the first, database `shop`. Prints the skip where there is none.
pub fn replica_mariadb_url() -> Option<String> {
    optional("DBA_GPT_TEST_MARIADB_REPLICA", "a second MariaDB")
}

/// A second MySQL 9 as administrator, which can follow the first, database `shop`. Prints the skip where there is none.
pub fn replica_mysql_url() -> Option<String> {
    optional("DBA_GPT_TEST_MYSQL_REPLICA", "a second MySQL 9")
}

/// Redis as administrator, database 0 (see `tests/it/data/shop_redis.txt` and `roles_redis.acl`).
pub fn redis_url() -> String {
    needed("DBA_GPT_TEST_REDIS")
}

/// The same database as the recommended read-only user.
pub fn redis_read_only_url() -> String {
    needed("DBA_GPT_TEST_REDIS_RO")
}

/// The same server over TLS, by the name that its certificate is for.
pub fn redis_tls_url() -> String {
    needed("DBA_GPT_TEST_REDIS_TLS")
}

/// Redis's unix socket.
pub fn redis_socket() -> PathBuf {
    needed("DBA_GPT_TEST_REDIS_SOCKET").into()
}

/// Valkey as administrator, filled like Redis. Prints the skip where there is none.
pub fn valkey_url() -> Option<String> {
    optional("DBA_GPT_TEST_VALKEY", "Valkey")
}

/// The same as the recommended read-only user. Prints the skip where there is none.
pub fn valkey_read_only_url() -> Option<String> {
    optional("DBA_GPT_TEST_VALKEY_RO", "Valkey")
}

/// The engine that answers MongoDB's queries behind our bridge, database `shop`; no login. It is not MongoDB: see
/// `tests/bridge`. Prints the skip where there is none.
pub fn mongo_url() -> Option<String> {
    optional("DBA_GPT_TEST_MONGO", "the MongoDB-like server")
}

/// An SSH server on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshServer {
    /// Host address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The one user whom it lets in.
    pub user: String,
    /// That user's private key, without a passphrase.
    pub key: PathBuf,
    /// A `known_hosts` file with the server's key.
    pub known_hosts: PathBuf,
}

/// The far end of a tunnel. Prints the skip where there is none.
pub fn ssh_server() -> Option<SshServer> {
    let server = optional("DBA_GPT_TEST_SSH", "an SSH server")?;
    let mut parts = server.splitn(4, ':').map(str::to_owned);
    let mut part = || parts.next().expect("DBA_GPT_TEST_SSH is host:port:user:keyfile");
    Some(SshServer {
        host: part(),
        port: part().parse().unwrap(),
        user: part(),
        key: part().into(),
        known_hosts: needed("DBA_GPT_TEST_SSH_KNOWN_HOSTS").into(),
    })
}

/// The authority that signed the servers' certificate, which is valid for `localhost` and not for `127.0.0.1`.
pub fn certificate_authority() -> PathBuf {
    needed("DBA_GPT_TEST_PG_CA").into()
}

/// A URL taken apart, so that a test can change one part and put it together again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `postgres`, `mysql`, `redis`.
    pub scheme: String,
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
        let (scheme, rest) = url.split_once("://").unwrap();
        let (login, place) = rest.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let (server, database) = place.split_once('/').unwrap();
        let (host, port) = server.rsplit_once(':').unwrap();
        Self {
            scheme: scheme.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
            host: host.to_owned(),
            port: port.parse().unwrap(),
            database: database.to_owned(),
        }
    }

    /// The URL again.
    pub fn url(&self) -> String {
        let Self { scheme, user, password, host, port, database } = self;
        format!("{scheme}://{user}:{password}@{host}:{port}/{database}")
    }
}

fn needed(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: this test needs real servers, run ./scripts/test (or eval \"$(scripts/servers start)\")")
    })
}

fn optional(variable: &str, what: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        eprintln!("SKIPPED: no {what}; scripts/test says why");
    }
    value
}
