//! The typed kinds: ending a session or its statement, and changing a setting.

use super::asks::{Asks, Reading};
use super::place::Server;
use super::rights::Need;
use super::survey::Found;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, TouchedObject};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::domain::proposal::survey::Inverse;
use crate::domain::text::hex;
use crate::engine::mysql::dialect::flavour::Flavour;
use crate::engine::mysql::dialect::names::literal;
use crate::engine::{Param, Query};
use sha2::{Digest as _, Sha256};

static SESSION: Query = Query {
    name: "fix.session",
    text: "SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.DB AS db, p.COMMAND AS command, p.TIME AS seconds,
                  LEFT(p.INFO, 4000) AS statement, {application} AS application,
                  CONCAT(t.trx_id, ' of ', CAST(t.trx_started AS CHAR)) AS trx, t.trx_rows_modified AS modified,
                  p.ID = CONNECTION_ID() AS is_ours
             FROM {processlist} p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
                  {attributes}
            WHERE p.ID = ?",
    timeout_ms: 2_000,
};

static SETTING: Query = Query {
    name: "fix.setting",
    text: "SELECT v.VARIABLE_NAME, v.VARIABLE_VALUE FROM {global_variables} v WHERE v.VARIABLE_NAME = ?",
    timeout_ms: 2_000,
};

/// A session as it is now.
#[derive(Debug, Clone, Default)]
struct Seen {
    facts: Vec<(String, String)>,
    about: String,
    /// Why it is not ended, whoever asks.
    refused: Option<String>,
    statement: String,
    modified: u64,
}

const OURS: &str = "is one of this program's own";

/// Why a session is never ended, whoever asks; none for one that may be. What it says of itself may be untrue, and then
/// it is spared.
pub(in crate::engine::mysql) fn untouchable(
    user: &str,
    host: &str,
    command: &str,
    application: &str,
    statement: &str,
) -> Option<&'static str> {
    let upper = statement.trim_start().to_ascii_uppercase();
    if application.starts_with("dba-gpt") {
        Some(OURS)
    } else if user == "system user" || command.starts_with("Slave") || command.starts_with("Connect") && host.is_empty()
    {
        Some("belongs to replication: STOP REPLICA is the way to end it")
    } else if command.starts_with("Binlog Dump") || command.starts_with("Group") {
        Some("sends the binary log to a replica")
    } else if command == "Daemon" || user == "event_scheduler" {
        Some("is the server's own")
    } else if ["mysqldump", "mariadb-dump", "xtrabackup", "mariabackup", "mariadb-backup", "mysqlbackup", "mydumper"]
        .iter()
        .any(|p| application.contains(p))
        || [
            "BACKUP STAGE",
            "LOCK INSTANCE FOR BACKUP",
            "SELECT /*!40001 SQL_NO_CACHE */",
            "FLUSH TABLES WITH READ LOCK",
        ]
        .iter()
        .any(|s| upper.starts_with(s))
    {
        Some("takes a backup, which would be lost")
    } else {
        None
    }
}

async fn look(asks: &mut dyn Asks, id: i64, query: bool) -> Result<Option<Seen>, SessionError> {
    let rows = asks.own(&SESSION, &[Param::Int(id)]).await?;
    let Some(row) = rows.rows.first() else { return Ok(None) };
    let get = |name: &str| rows.text(row, name);
    let (user, host, command, statement) = (get("user"), get("host"), get("command"), get("statement"));
    let mut facts = vec![
        ("user".to_owned(), user.clone()),
        ("from".to_owned(), host.clone()),
        ("transaction".to_owned(), rows.get(row, "trx").plain().unwrap_or_else(|| "none".into())),
    ];
    if query {
        let digest = if statement.is_empty() { "none".into() } else { hex(&Sha256::digest(statement.as_bytes())[..8]) };
        facts.push(("statement".to_owned(), digest));
    }
    let seconds = rows.get(row, "seconds").int().unwrap_or(0);
    let application = get("application");
    let about = [user.as_str(), application.as_str(), command.as_str()]
        .iter()
        .filter(|w| !w.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ");
    let ours = rows.get(row, "is_ours").int() == Some(1);
    let refused = if ours { Some(OURS) } else { untouchable(&user, &host, &command, &application, &statement) };
    Ok(Some(Seen {
        facts,
        about: format!("{about} for {seconds} s"),
        refused: refused.map(|why| format!("session {id} {why}")),
        statement,
        modified: rows.get(row, "modified").int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
    }))
}

/// The session as an approval names it; none when it is gone.
pub(in crate::engine::mysql) async fn touched(
    asks: &mut dyn Asks,
    id: i64,
    query: bool,
) -> Result<Option<TouchedObject>, SessionError> {
    Ok(look(asks, id, query).await?.map(|seen| object(id, &seen)))
}

fn object(id: i64, seen: &Seen) -> TouchedObject {
    let facts: Vec<String> = seen.facts.iter().map(|(name, value)| format!("{name} {value}")).collect();
    TouchedObject { name: format!("session {id}"), id: id.to_string(), definition: facts.join(", ") }
}

/// Looks at the end of a session, or of its statement.
pub(super) async fn survey(
    asks: &mut Reading<'_>,
    server: &Server,
    id: i64,
    query: bool,
    expected: Option<&SessionRef>,
    found: &mut Found,
) -> Result<(), SessionError> {
    let refuse = |why: String| Err(SessionError::Unsupported(why));
    let Some(seen) = look(asks, id, query).await? else {
        return refuse(format!("session {id} is gone, or this login may not see it"));
    };
    if let Some(why) = seen.refused {
        return refuse(why);
    }
    if let Some(expected) = expected.filter(|e| !e.facts.is_empty() && e.facts != seen.facts) {
        return refuse(format!("session {} has gone on since it was pointed at: look at it again", expected.id));
    }
    let what = if query && seen.statement.is_empty() { "runs nothing now" } else { "runs or may run statements" };
    found.check(format!("session {id} {what}"), "as shown");
    found.objects.push(object(id, &seen));
    found.blast.locks = "none of its own; those of the session go".into();
    found.blast.notes.push(seen.about);
    found.blast.at_least = if query { Gravity::Low } else { Gravity::Medium };
    if seen.modified > 0 {
        found.blast.notes.push(format!(
            "{} changed rows are rolled back, which may take as long as the changes took",
            seen.modified
        ));
    }
    if query {
        found.blast.notes.push(
            "the statement ends and the session stays; its transaction is rolled back or not as the server decides"
                .into(),
        );
    }
    let upper = seen.statement.to_ascii_uppercase();
    if ["ALTER", "CREATE", "DROP", "OPTIMIZE", "TRUNCATE", "RENAME"]
        .iter()
        .any(|verb| upper.trim_start().starts_with(verb))
    {
        found.blast.notes.push("it changes an object: what it has done of it is thrown away".into());
    }
    found.inverse = Inverse::None("work that was not committed is lost".into());
    let own = server.account.rsplit_once('@').map_or(server.account.as_str(), |(name, _)| name);
    let user = seen.facts.first().map(|(_, user)| user.as_str());
    if user != Some(own) {
        found.needs.push(Need::on_server(&["CONNECTION_ADMIN", "CONNECTION ADMIN", "SUPER"]));
    }
    for need in &mut found.needs {
        // MariaDB writes the same privilege with a blank.
        if asks.session.identity().version_number >= 100_000 {
            need.one_of.swap(0, 1);
        }
    }
    Ok(())
}

/// Fills in what tells the sessions from later ones.
pub(super) async fn freeze(asks: &mut Reading<'_>, kind: FixKind) -> Result<FixKind, SessionError> {
    Ok(match kind {
        FixKind::CancelStatements(sessions) => FixKind::CancelStatements(frozen(asks, sessions, true).await?),
        FixKind::EndSessions(sessions) => FixKind::EndSessions(frozen(asks, sessions, false).await?),
        other => other,
    })
}

async fn frozen(
    asks: &mut Reading<'_>,
    sessions: Vec<SessionRef>,
    query: bool,
) -> Result<Vec<SessionRef>, SessionError> {
    let mut out = Vec::new();
    for session in sessions {
        let Some(seen) = look(asks, session.id, query).await? else { continue };
        // A procedure has pointed at it by its facts: one that has gone on since is not meant any more.
        if session.facts.iter().any(|fact| !seen.facts.contains(fact)) {
            continue;
        }
        if let Some(why) = seen.refused {
            return Err(SessionError::Unsupported(why));
        }
        if query && seen.statement.is_empty() {
            continue;
        }
        out.push(SessionRef { id: session.id, facts: seen.facts, about: seen.about });
    }
    Ok(out)
}

/// A setting as an approval names it: with the value that it has now.
pub(in crate::engine::mysql) async fn setting_now(
    asks: &mut dyn Asks,
    name: &str,
) -> Result<Option<TouchedObject>, SessionError> {
    let rows = asks.own(&SETTING, &[Param::Text(name.to_owned())]).await?;
    let value = rows.rows.first().and_then(|row| row.get(1)).map(|value| value.plain().unwrap_or_default());
    Ok(value.map(|value| TouchedObject { name: format!("setting {name}"), id: name.to_owned(), definition: value }))
}

/// Looks at a change of a setting.
pub(super) async fn setting(
    asks: &mut Reading<'_>,
    flavour: Flavour,
    scope: &str,
    name: &str,
    found: &mut Found,
) -> Result<(), SessionError> {
    let Some(now) = setting_now(asks, name).await? else {
        return Err(SessionError::Unsupported(format!("this server has no setting {name}")));
    };
    let old = now.definition.clone();
    found.objects.push(now);
    found.check(format!("{name} as it is now"), old.clone());
    found.blast.at_least = Gravity::Medium;
    found.blast.notes.push(match scope {
        "GLOBAL" => "it holds until the server restarts, for sessions that begin from now on".into(),
        _ => "it is kept over a restart".to_owned(),
    });
    let number = !old.is_empty() && old.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let word = matches!(old.as_str(), "ON" | "OFF");
    let old = if number || word { old } else { literal(&old) };
    found.inverse = match scope {
        "GLOBAL" => Inverse::Statements(vec![format!("SET GLOBAL {name} = {old}")]),
        _ => Inverse::None("whether it was kept in the server's own file before cannot be told".into()),
    };
    found.needs.push(if flavour.is_mariadb() {
        Need::on_server(mariadb_power(name))
    } else {
        Need::on_server(&["SYSTEM_VARIABLES_ADMIN", "SUPER"])
    });
    Ok(())
}

/// The power that MariaDB wants for a setting (10.5 and later; SUPER opens them all).
fn mariadb_power(name: &str) -> &'static [&'static str] {
    const CONNECTIONS: &[&str] = &[
        "connect_timeout",
        "disconnect_on_expired_password",
        "extra_max_connections",
        "max_connections",
        "max_connect_errors",
        "max_password_errors",
        "proxy_protocol_networks",
        "secure_auth",
        "slow_launch_time",
    ];
    if CONNECTIONS.contains(&name) || name.starts_with("thread_pool_") {
        &["CONNECTION ADMIN", "SUPER"]
    } else if name.starts_with("binlog_")
        || name.starts_with("max_binlog_")
        || matches!(name, "expire_logs_days" | "sync_binlog")
    {
        &["BINLOG ADMIN", "SUPER"]
    } else if name == "read_only" {
        &["READ_ONLY ADMIN", "SUPER"]
    } else {
        &["SUPER"]
    }
}
