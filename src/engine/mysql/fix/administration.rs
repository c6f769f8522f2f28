//! Acts on the server itself, before they happen: replication that goes on, binary logs that go, the number of
//! connections of an account.

use super::asks::{Asks, Reading};
use super::rights::Need;
use super::survey::Found;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, TouchedObject};
use crate::domain::procedure::Verified;
use crate::domain::proposal::survey::Inverse;
use crate::domain::rows::{Rows, Value};
use crate::engine::mysql::dialect::flavour::Flavour;
use crate::engine::mysql::dialect::forms::server::Account;
use crate::engine::{Param, Query};

const TIME_MS: u64 = 3_000;

static REPLICA: Query = Query { name: "fix.replica", text: "{replica_status}", timeout_ms: TIME_MS };

static BINARY_LOGS: Query = Query { name: "fix.binary_logs", text: "SHOW BINARY LOGS", timeout_ms: TIME_MS };

/// Replicas that read our binary log now. One that is away is in no list of the server's.
static READERS: Query = Query {
    name: "fix.log_readers",
    text: "SELECT p.ID AS id, p.USER AS user, p.HOST AS host FROM {processlist} p WHERE p.COMMAND LIKE 'Binlog Dump%'",
    timeout_ms: TIME_MS,
};

static ACCOUNT: Query = Query {
    name: "fix.account",
    text: "SELECT CAST(u.max_user_connections AS SIGNED) AS most FROM mysql.user u WHERE u.User = ? AND u.Host = ?",
    timeout_ms: TIME_MS,
};

fn refuse<T>(why: impl Into<String>) -> Result<T, SessionError> {
    Err(SessionError::Unsupported(why.into()))
}

/// One of the servers that this one follows.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Source {
    /// The channel or connection; empty for the ordinary one.
    pub(in crate::engine::mysql) channel: String,
    /// `host:port`.
    pub(in crate::engine::mysql) from: String,
    /// Its log is read.
    pub(in crate::engine::mysql) reads: bool,
    /// Its log is applied.
    pub(in crate::engine::mysql) applies: bool,
    /// The number of the error that stopped it; 0 for none.
    pub(in crate::engine::mysql) errno: i64,
    /// What that error says. Untrusted text.
    pub(in crate::engine::mysql) error: String,
    /// Seconds behind, where it can be told.
    pub(in crate::engine::mysql) lag: Option<f64>,
}

impl Source {
    /// Every one in an answer of SHOW REPLICA STATUS, in the words of any version.
    pub(in crate::engine::mysql) fn all(rows: &Rows) -> Vec<Self> {
        rows.rows.iter().map(|row| Self::of(rows, row)).collect()
    }

    fn of(rows: &Rows, row: &[Value]) -> Self {
        let text = |names: &[&str]| {
            names.iter().map(|name| rows.text(row, name)).find(|text| !text.is_empty()).unwrap_or_default()
        };
        let errno = |name: &str| rows.get(row, name).int().unwrap_or(0);
        let (sql, io) = (errno("Last_SQL_Errno"), errno("Last_IO_Errno"));
        let (errno, error) = if sql == 0 { (io, text(&["Last_IO_Error"])) } else { (sql, text(&["Last_SQL_Error"])) };
        Self {
            channel: text(&["Channel_Name", "Connection_name"]),
            from: format!("{}:{}", text(&["Source_Host", "Master_Host"]), text(&["Source_Port", "Master_Port"])),
            reads: text(&["Replica_IO_Running", "Slave_IO_Running"]) == "Yes",
            applies: text(&["Replica_SQL_Running", "Slave_SQL_Running"]) == "Yes",
            errno,
            error,
            lag: text(&["Seconds_Behind_Source", "Seconds_Behind_Master"]).parse().ok(),
        }
    }

    /// It is read and applied.
    pub(in crate::engine::mysql) fn runs(&self) -> bool {
        self.reads && self.applies
    }

    /// In words: `from db1:3306: receiver runs, applier stopped by error 1062`.
    pub(in crate::engine::mysql) fn words(&self) -> String {
        let state = |runs: bool| if runs { "runs" } else { "stopped" };
        let error = if self.errno == 0 { String::new() } else { format!(", error {}", self.errno) };
        format!("from {}: receiver {}, applier {}{error}", self.from, state(self.reads), state(self.applies))
    }

    fn touched(&self) -> TouchedObject {
        TouchedObject {
            name: format!("replication from {}", self.from),
            id: self.from.clone(),
            definition: self.words(),
        }
    }
}

/// Replication as an approval names it.
pub(super) async fn replication_now(asks: &mut dyn Asks) -> Result<Vec<Source>, SessionError> {
    Ok(Source::all(&asks.own(&REPLICA, &[]).await?))
}

/// The same, as objects of an act.
pub(super) async fn replication_touched(asks: &mut dyn Asks) -> Result<Vec<TouchedObject>, SessionError> {
    Ok(replication_now(asks).await?.iter().map(Source::touched).collect())
}

/// Looks at the start of replication.
pub(super) async fn start(asks: &mut Reading<'_>, flavour: Flavour, found: &mut Found) -> Result<(), SessionError> {
    if matches!(flavour, Flavour::Mysql(version) if version < 80_022)
        || matches!(flavour, Flavour::Mariadb(v) if v < 100_501)
    {
        return refuse("this server is too old for START REPLICA: START SLAVE in its own client does it");
    }
    let sources = replication_now(asks).await?;
    let source = match sources.as_slice() {
        [] => return refuse("this server follows no other"),
        [one] if one.channel.is_empty() => one,
        _ => {
            return refuse("this server follows several others by name: start the one that is meant in its own client");
        }
    };
    if source.runs() {
        return refuse(format!("replication runs already, {}", source.words()));
    }
    found.objects.push(source.touched());
    found.check("replication is stopped", source.words());
    if source.errno != 0 {
        found.blast.notes.push(format!(
            "it stopped with error {}: unless the cause was put right, it stops with it again",
            source.errno
        ));
    }
    found.blast.locks = "none of its own; the applier takes those of the changes that it repeats".into();
    found.blast.at_least = Gravity::Medium;
    found.inverse = Inverse::None("what the replica has applied by then stays applied".into());
    found.needs.push(if flavour.is_mariadb() {
        Need::on_server(&["REPLICATION SLAVE ADMIN", "SUPER"])
    } else {
        Need::on_server(&["REPLICATION_SLAVE_ADMIN", "SUPER"])
    });
    Ok(())
}

/// The logs that would go: how many, their bytes, and whether the named one is there.
fn older(logs: &Rows, to: &str) -> Option<(usize, f64)> {
    let names: Vec<(String, f64)> = logs
        .rows
        .iter()
        .map(|row| (logs.text(row, "Log_name"), logs.get(row, "File_size").number().unwrap_or(0.0)))
        .collect();
    let at = names.iter().position(|(name, _)| name == to)?;
    Some((at, names[..at].iter().map(|(_, bytes)| bytes).sum()))
}

/// The removal of logs as an approval names it.
pub(super) async fn purge_touched(asks: &mut dyn Asks, to: &str) -> Result<Option<TouchedObject>, SessionError> {
    let logs = asks.own(&BINARY_LOGS, &[]).await?;
    Ok(older(&logs, to).map(|(number, _)| TouchedObject {
        name: format!("binary logs before {to}"),
        id: to.to_owned(),
        definition: format!("{number} older files"),
    }))
}

/// Whether the logs before one are gone and it is there itself.
pub(super) async fn purged(asks: &mut Reading<'_>, to: &str) -> Result<Verified, SessionError> {
    let logs = asks.own(&BINARY_LOGS, &[]).await?;
    Ok(match older(&logs, to) {
        Some((0, _)) => Verified::new(true, format!("{to} is the oldest binary log")),
        Some((number, _)) => Verified::new(false, format!("{number} binary logs before {to} are still there")),
        None => Verified::new(false, format!("there is no binary log {to}")),
    })
}

/// Looks at the removal of binary logs.
pub(super) async fn purge(
    asks: &mut Reading<'_>,
    flavour: Flavour,
    to: &str,
    found: &mut Found,
) -> Result<(), SessionError> {
    let logs = asks.own(&BINARY_LOGS, &[]).await?;
    let Some((number, bytes)) = older(&logs, to) else { return refuse(format!("there is no binary log {to}")) };
    if number == 0 {
        return refuse(format!("{to} is the oldest binary log: nothing is before it"));
    }
    let readers = asks.own(&READERS, &[]).await?;
    if let Some(first) = readers.rows.first() {
        let host = readers.text(first, "host");
        return refuse(format!(
            "{} replica(s) read these logs, one of them from {host}: which log each has come to stands in its own SHOW \
             REPLICA STATUS; purge by hand below the oldest of those",
            readers.rows.len()
        ));
    }
    found.objects.extend(purge_touched(asks, to).await?);
    found.check("no replica reads the binary logs now", "none");
    found.check(format!("binary logs before {to}"), format!("{number}"));
    found.blast.locks = "none: readers and writers go on".into();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size in megabytes")]
    let megabytes = (bytes / f64::from(1 << 20)).round() as u64;
    found.blast.disk = Some(format!("about {megabytes} MB are given back"));
    found.blast.replicas = Some("one that is away now and needs these logs has to be built anew".into());
    found.blast.notes.push(
        "no point in time before the oldest log that stays can be restored any more, unless copies are kept".into(),
    );
    found.blast.at_least = Gravity::High;
    found.inverse = Inverse::None("the files are gone: copies elsewhere are the way back".into());
    found.needs.push(if flavour.is_mariadb() {
        Need::on_server(&["BINLOG ADMIN", "SUPER"])
    } else {
        Need::on_server(&["BINLOG_ADMIN", "SUPER"])
    });
    Ok(())
}

/// An account as an approval names it. Most logins may not read its limits, so these are no part of it.
pub(super) fn account_touched(account: &Account) -> TouchedObject {
    let name = format!("account {}", account.quoted());
    TouchedObject { name: name.clone(), id: name, definition: "its number of connections".into() }
}

/// How many connections an account may have, 0 for no limit of its own; none when there is no such account.
pub(super) async fn connections_of(asks: &mut dyn Asks, account: &Account) -> Result<Option<i64>, SessionError> {
    let params = [Param::Text(account.user.clone()), Param::Text(account.host.clone())];
    let rows = asks.own(&ACCOUNT, &params).await?;
    Ok(rows.rows.first().and_then(|row| rows.get(row, "most").int()))
}

/// Looks at a limit of connections.
pub(super) async fn limit(asks: &mut Reading<'_>, account: &Account, found: &mut Found) -> Result<(), SessionError> {
    found.objects.push(account_touched(account));
    let params = [Param::Text(account.user.clone()), Param::Text(account.host.clone())];
    found.inverse = match asks.own(&ACCOUNT, &params).await {
        Ok(rows) => match rows.rows.first().and_then(|row| rows.get(row, "most").int()) {
            Some(most) => {
                found.check(
                    format!("{} may have so many connections now (0: no limit of its own)", account.quoted()),
                    most.to_string(),
                );
                Inverse::Statements(vec![account.limited_to(u32::try_from(most).unwrap_or(0))])
            }
            None => return refuse(format!("there is no account {}", account.quoted())),
        },
        Err(SessionError::Lost(why)) => return Err(SessionError::Lost(why)),
        Err(_) => Inverse::None(
            "the limit as it is now cannot be seen: GRANT SELECT ON mysql.user to the reading login".into(),
        ),
    };
    found.blast.locks = "none".into();
    found.blast.at_least = Gravity::Medium;
    found
        .blast
        .notes
        .push("sessions that are there stay; new ones beyond the limit are refused with error 1226".into());
    found.needs.push(Need::on_server(&["CREATE USER"]));
    Ok(())
}
