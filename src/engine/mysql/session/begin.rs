//! The first questions of a session: who the server is, who we are there, and what we may do.

use super::{MySession, cluster, frame, grants};
use crate::domain::error_event::{ConnectError, ConnectKind, ServerMessage};
use crate::domain::rows::{Rows, Value};
use crate::domain::target::{Identity, Timestamp};
use crate::engine::mysql::connect::{Door, Opened};
use crate::engine::mysql::sample::Memory;
use crate::engine::mysql::wire::{Answer, Route, Underway, Wire, WireError, column, value};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of an answer, at most; more than any of these questions has.
const FEW: usize = 2000;

/// Asked before the frame is on, because the frame depends on the answer.
const FIRST: &str = "SELECT VERSION() AS version, CONNECTION_ID() AS id, DATABASE() AS db, CURRENT_USER() AS who, \
    @@version_comment AS comment, CONCAT_WS('/', @@hostname, @@port, @@pid_file) AS which, @@basedir AS basedir, \
    @@performance_schema AS performance_schema, @@global.read_only AS read_only, @@hostname AS host, \
    @@port AS port, @@server_id AS server_id, \
    CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED) AS now_ms, @@time_zone AS zone, @@system_time_zone AS system_zone";

/// Metadata locks are instrumented in `performance_schema`.
const METADATA_LOCKS: &str = "SELECT 1 FROM performance_schema.setup_instruments \
    WHERE NAME = 'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES'";
/// MariaDB has a plugin for them.
const METADATA_LOCK_INFO: &str = "SELECT 1 FROM information_schema.PLUGINS \
    WHERE PLUGIN_NAME = 'METADATA_LOCK_INFO' AND PLUGIN_STATUS = 'ACTIVE'";

/// Which of the two this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Flavour {
    /// MySQL, Percona Server, Aurora.
    #[default]
    MySql,
    /// MariaDB.
    MariaDb,
}

/// What the rest of the session must know about the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) flavour: Flavour,
    /// major * 10000 + minor * 100 + patch.
    pub(crate) version: u32,
    /// A pooler stands between: the next statement may run in another server session.
    pub(crate) pooled: bool,
    /// `performance_schema` is on, and we may read it.
    pub(crate) performance_schema: bool,
    /// Sessions of others and InnoDB's inner state are visible (`PROCESS`).
    pub(crate) sees_all: bool,
    /// Binary logs are visible.
    pub(crate) sees_logs: bool,
    /// The state of replication is visible.
    pub(crate) sees_replication: bool,
    /// Galera is on.
    pub(crate) galera: bool,
    /// The plugin that lists metadata locks is there (MariaDB).
    pub(crate) metadata_lock_info: bool,
    /// Metadata locks are instrumented in `performance_schema`.
    pub(crate) metadata_locks: bool,
    /// The connected database; empty when there is none.
    pub(crate) database: String,
}

impl Facts {
    /// The server is MariaDB.
    pub(crate) fn is_mariadb(&self) -> bool {
        self.flavour == Flavour::MariaDb
    }
}

impl MySession {
    /// Takes over a connection that was let in.
    pub(crate) async fn begin(opened: Opened, door: Arc<Door>, mut hints: Vec<String>) -> Result<Self, ConnectError> {
        let Opened { mut wire, greeting, .. } = opened;
        let first = rows(ask(&mut wire, FIRST).await?.map_err(|e| refused(&e))?);
        let row = first.rows.first().map(Vec::as_slice).unwrap_or_default();
        let version_text = first.text(row, "version");
        let flavour = if version_text.contains("MariaDB") { Flavour::MariaDb } else { Flavour::MySql };
        let (version, version_words) = version(&version_text);
        check_version(flavour, version, &version_words, &mut hints)?;
        frame::put_on(&mut wire, flavour).await.map_err(|e| match e {
            WireError::Ended(message) => refused(&message),
            other => broken(&other),
        })?;

        let id = first.get(row, "id").number().filter(|n| *n >= 0.0).unwrap_or(0.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of connections are small")]
        let id = id as u64;
        let comment = first.text(row, "comment");
        // The greeting carries the lower half of the number.
        let pooled = id & 0xffff_ffff != u64::from(greeting.connection_id) || comment.contains("ProxySQL");
        let which = (!pooled).then(|| first.text(row, "which"));
        let mut facts = Facts { flavour, version, pooled, database: first.text(row, "db"), ..Facts::default() };

        let grants = grants::Grants::read(&column_of(ask(&mut wire, "SHOW GRANTS").await?));
        let performance_schema = first.get(row, "performance_schema").int() == Some(1);
        facts.sees_all = grants.has("PROCESS");
        facts.sees_logs = ["REPLICATION CLIENT", "BINLOG MONITOR"].iter().any(|p| grants.has(p));
        let replication: &[&str] = match flavour {
            Flavour::MySql => &["REPLICATION CLIENT"],
            Flavour::MariaDb => &["SLAVE MONITOR", "REPLICA MONITOR", "REPLICATION SLAVE ADMIN"],
        };
        facts.sees_replication = replication.iter().any(|p| grants.has(p));
        facts.performance_schema = performance_schema && grants.may_select("performance_schema");
        let variables = variables(&mut wire).await?;
        facts.galera = variables.get("wsrep_on").is_some_and(|v| v == "ON");
        facts.metadata_locks = facts.performance_schema && any(&mut wire, METADATA_LOCKS).await?;
        facts.metadata_lock_info = facts.is_mariadb() && any(&mut wire, METADATA_LOCK_INFO).await?;

        let role = cluster::role(&mut wire, &facts, first.get(row, "read_only").int() == Some(1)).await?;
        let user = first.text(row, "who");
        say_grants(&facts, performance_schema, &user, &mut hints);
        say_place(&first.text(row, "basedir"), &comment, &version_text, &variables, &mut hints);
        if facts.database.is_empty() {
            hints.push(
                "no database is chosen: name one in the URL (mysql://.../DATABASE) to ask about its tables".into(),
            );
        }
        let uptime = variables.get("uptime").and_then(|v| v.parse::<i64>().ok());
        let now = first.get(row, "now_ms").int();
        let system_id = variables.get("server_uuid").or_else(|| variables.get("server_uid")).cloned();
        let product = match flavour {
            Flavour::MySql => "MySQL",
            Flavour::MariaDb => "MariaDB",
        };
        let identity = Identity {
            password_expires: None,
            version: format!("{product} {version_words}"),
            version_number: version,
            kind: format!(
                "{}{}{}",
                if facts.is_mariadb() { "ma" } else { "my" },
                version / 10_000,
                version / 100 % 100
            ),
            role,
            database: facts.database.clone(),
            user,
            started_at: now.zip(uptime).map(|(now, uptime)| Timestamp(now - uptime * 1000)),
            excess_powers: grants.excess(),
            hints,
            system_id: system_id.or_else(|| {
                let (host, port) = (first.text(row, "host"), first.text(row, "port"));
                Some(format!("{host}:{port}/{}", first.text(row, "server_id")))
            }),
        };
        let facts = Arc::new(facts);
        let id = if pooled { u64::from(greeting.connection_id) } else { id };
        Ok(Self {
            wire: Some(wire),
            route: Route { door, id, which },
            underway: Underway::default(),
            identity,
            memory: Memory::new(Arc::clone(&facts)),
            facts,
            timeout_ms: frame::TIMEOUT_MS,
            prepared: HashMap::new(),
            begun: false,
        })
    }
}

/// Asks; the inner error is the server's refusal.
pub(super) async fn ask(wire: &mut Wire, text: &str) -> Result<Result<Answer, ServerMessage>, ConnectError> {
    wire.ask(text, &[], FEW).await.map_err(|e| broken(&e))
}

/// The rows of an answer.
pub(super) fn rows(answer: Answer) -> Rows {
    let fields = answer.fields;
    let row = |cells: Vec<_>| cells.into_iter().zip(&fields).map(|(cell, field)| value(field, cell)).collect();
    Rows {
        rows: answer.rows.into_iter().map(row).collect(),
        columns: fields.iter().map(column).collect(),
        truncated: None,
    }
}

fn column_of(answer: Result<Answer, ServerMessage>) -> Vec<String> {
    let rows = answer.map(rows).unwrap_or_default();
    rows.rows.iter().filter_map(|row| row.first().and_then(Value::plain)).collect()
}

async fn any(wire: &mut Wire, text: &str) -> Result<bool, ConnectError> {
    Ok(ask(wire, text).await?.is_ok_and(|answer| !answer.rows.is_empty()))
}

/// What only some servers have, by lower-case name.
async fn variables(wire: &mut Wire) -> Result<HashMap<String, String>, ConnectError> {
    let mut found = HashMap::new();
    for text in [
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
         ('server_uuid', 'server_uid', 'wsrep_on', 'aurora_version', 'rds_human_readable_size')",
        "SHOW GLOBAL STATUS LIKE 'Uptime'",
    ] {
        let rows = ask(wire, text).await?.map(rows).unwrap_or_default();
        for row in &rows.rows {
            if let [name, value, ..] = row.as_slice() {
                found.insert(name.plain().unwrap_or_default().to_ascii_lowercase(), value.plain().unwrap_or_default());
            }
        }
    }
    Ok(found)
}

/// `10.11.19-MariaDB-log` -> 101119 and `10.11.19`; a leading `5.5.5-` is what MariaDB tells old replicas.
fn version(text: &str) -> (u32, String) {
    let text = text.strip_prefix("5.5.5-").unwrap_or(text);
    let words: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let mut parts = words.split('.').map(|part| part.parse::<u32>().unwrap_or(0).min(99));
    let mut next = || parts.next().unwrap_or(0);
    (next() * 10_000 + next() * 100 + next(), words)
}

fn check_version(flavour: Flavour, version: u32, words: &str, hints: &mut Vec<String>) -> Result<(), ConnectError> {
    let (oldest, oldest_words, full, full_words) = match flavour {
        Flavour::MySql => (50_720, "MySQL 5.7.20", 80_000, "8.0"),
        Flavour::MariaDb => (100_300, "MariaDB 10.3", 100_600, "10.6"),
    };
    if version < oldest {
        let words = format!(
            "the server says it is version {words}: {oldest_words} is the oldest that can be watched, {full_words} the \
             oldest in full"
        );
        return Err(ConnectError::new(ConnectKind::Other, words));
    }
    if version < full {
        hints.push(format!("version {words} is older than {full_words}: some readings and views are missing"));
    }
    Ok(())
}

/// What is not visible, and the grant that makes it so.
fn say_grants(facts: &Facts, performance_schema: bool, user: &str, hints: &mut Vec<String>) {
    let account = grants::account(user);
    if facts.pooled {
        hints.push(
            "a connection pooler stands between (ProxySQL, MaxScale, RDS Proxy): limits of time and locks may not \
             stick; give the server's own address for exact sessions and a sure stop"
                .into(),
        );
    }
    if !facts.sees_all {
        hints.push(format!("{user} cannot see what other sessions run: GRANT PROCESS ON *.* TO {account}"));
    }
    if !performance_schema {
        hints.push(
            "performance_schema is off: no statement statistics and no metadata locks; set performance_schema = ON in \
             the server's configuration and restart"
                .into(),
        );
    } else if !facts.performance_schema {
        hints.push(format!(
            "{user} cannot see statement statistics and lock waits: GRANT SELECT ON performance_schema.* TO {account}"
        ));
    }
    if !facts.sees_replication {
        let grant = match (facts.flavour, facts.version) {
            (Flavour::MariaDb, 100_500..) => "SLAVE MONITOR",
            _ => "REPLICATION CLIENT",
        };
        hints.push(format!("{user} cannot see replication: GRANT {grant} ON *.* TO {account}"));
    }
}

/// A managed service keeps some powers to itself: what needs them is done by its own means.
fn say_place(
    basedir: &str,
    comment: &str,
    version: &str,
    variables: &HashMap<String, String>,
    hints: &mut Vec<String>,
) {
    let comment = comment.to_ascii_lowercase();
    let (name, how) = if variables.contains_key("aurora_version") {
        ("Amazon Aurora", "end sessions with CALL mysql.rds_kill(ID); settings live in its parameter groups")
    } else if basedir.starts_with("/rdsdbbin") {
        ("Amazon RDS", "end sessions with CALL mysql.rds_kill(ID); settings live in its parameter group")
    } else if comment.contains("azure") || version.contains("azure") {
        ("Azure Database", "settings are changed in the portal or with az mysql flexible-server parameter set")
    } else if version.contains("-google") {
        ("Google Cloud SQL", "settings are database flags: gcloud sql instances patch")
    } else {
        return;
    };
    hints.push(format!("this is {name}: nobody has SUPER or the server's files there; {how}"));
}

pub(super) fn broken(error: &WireError) -> ConnectError {
    ConnectError::new(ConnectKind::Other, format!("the connection broke at its first question: {}", error.words()))
}

fn refused(message: &ServerMessage) -> ConnectError {
    let (kind, what) = match message.code.as_str() {
        "1820" | "1862" => (ConnectKind::Authentication, "the password has expired, change it with ALTER USER"),
        _ => (ConnectKind::Other, "the server let us in but refused the first question"),
    };
    ConnectError::new(kind, format!("{what}: {} ({})", message.message, message.code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_say_them() {
        assert_eq!(version("10.11.19-MariaDB-0+deb12u1-log"), (101_119, "10.11.19".into()));
        assert_eq!(version("5.5.5-10.6.1-MariaDB"), (100_601, "10.6.1".into()));
        assert_eq!(version("9.7.4-2"), (90_704, "9.7.4".into()));
        assert_eq!(version("8.0.36"), (80_036, "8.0.36".into()));
        assert_eq!(version("nonsense"), (0, String::new()));
        assert!(check_version(Flavour::MySql, 0, "", &mut Vec::new()).is_err());
        let mut hints = Vec::new();
        assert!(check_version(Flavour::MySql, 50_744, "5.7.44", &mut hints).is_ok() && hints.len() == 1);
    }
}
