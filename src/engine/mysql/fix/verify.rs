//! Answers to checks, by reading alone. What cannot be seen is not known, and says what would let us see it.

use super::administration::{connections_of, purged, replication_now};
use super::asks::Reading;
use super::sessions::setting_now;
use crate::domain::error_event::SessionError;
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::kind::{FixKind, ObjectRef, SessionRef};
use crate::domain::rows::{Rows, Value};
use crate::engine::mysql::diagnose;
use crate::engine::mysql::diagnose::seen::locks::Moment;
use crate::engine::mysql::diagnose::seen::session::{Session as Seen, seconds};
use crate::engine::mysql::dialect::forms::events::Event;
use crate::engine::mysql::dialect::forms::server::Account;
use crate::engine::mysql::dialect::names::quote;
use crate::engine::{Param, Query, Session, Task};

const TIME_MS: u64 = 3_000;

static EXISTS: Query = Query {
    name: "verify.exists",
    text: "SELECT t.TABLE_NAME AS name, t.TABLE_TYPE AS kind FROM information_schema.TABLES t
            WHERE t.TABLE_SCHEMA = COALESCE(NULLIF(?, ''), DATABASE()) AND t.TABLE_NAME = ?",
    timeout_ms: TIME_MS,
};

static INDEX: Query = Query {
    name: "verify.index",
    text: "SELECT s.INDEX_NAME AS name, {visible} AS is_visible FROM information_schema.STATISTICS s
            WHERE s.TABLE_SCHEMA = COALESCE(NULLIF(?, ''), DATABASE()) AND s.TABLE_NAME = ? AND s.INDEX_NAME = ?",
    timeout_ms: TIME_MS,
};

static ANALYZED: Query = Query {
    name: "verify.analyzed",
    text: "SELECT TIMESTAMPDIFF(SECOND, MAX(s.last_update), NOW()) AS age FROM mysql.innodb_table_stats s
            WHERE s.database_name = COALESCE(NULLIF(?, ''), DATABASE())
              AND SUBSTRING_INDEX(REPLACE(s.table_name, '#P#', '#p#'), '#p#', 1) = ?",
    timeout_ms: TIME_MS,
};

static CHANGED: Query = Query {
    name: "verify.changed",
    text: "SELECT t.NUM_ROWS AS number, t.MODIFIED_COUNTER AS changed FROM {table_counters} t
            WHERE t.NAME = CONCAT(COALESCE(NULLIF(?, ''), DATABASE()), '/', ?)",
    timeout_ms: TIME_MS,
};

/// Answers one.
pub(super) fn verify<'a>(session: &'a mut dyn Session, check: &'a Check) -> Task<'a, Result<Verified, SessionError>> {
    Box::pin(async move {
        match check {
            Check::SessionsGone(sessions) => {
                let now = diagnose::look(session).await?;
                let there: Vec<String> = present(&now, sessions).map(|(_, seen)| seen.words()).collect();
                Ok(listed(&there, "all of them are gone", "still there"))
            }
            Check::Blocks(blocker, least) => Ok(blocks(&diagnose::look(session).await?, blocker, *least)),
            Check::NobodyWaitsFor(sessions) => {
                let now = diagnose::look(session).await?;
                let waiting: usize = present(&now, sessions).map(|(_, seen)| now.blocked_by(seen.id).len()).sum();
                Ok(Verified::new(waiting == 0, format!("{waiting} session(s) wait for them")))
            }
            Check::IdleFor(sessions, least) => Ok(idle(&diagnose::look(session).await?, sessions, *least)),
            Check::Understands(statement) => understands(session, statement).await,
            Check::PlanUses { statement, index } => plan_uses(session, statement, index).await,
            Check::Exists(object) => exists(session, object).await.map(|there| said(there, object, true)),
            Check::Absent(object) => exists(session, object).await.map(|there| said(there, object, false)),
            Check::IndexUsable(table, name) => {
                let found = index(session, table, name).await?;
                Ok(match found {
                    Some(true) => Verified::new(true, format!("{name} is there")),
                    Some(false) => Verified::new(false, format!("{name} is there, and statements may not use it")),
                    None => Verified::new(false, format!("there is no index {name} on {}", table.words())),
                })
            }
            Check::IndexGone(table, name) => {
                let found = index(session, table, name).await?;
                Ok(Verified::new(found.is_none(), if found.is_none() { "it is gone" } else { "it is there" }))
            }
            Check::IndexInvalid(..) => Ok(Verified::new(false, "InnoDB leaves no index half built")),
            Check::SettingIs { name, value } => setting(session, name, value).await,
            Check::AnalyzedWithin(table, most) => analyzed(session, table, *most).await,
            Check::ReplicationRuns => {
                let sources = replication_now(&mut Reading::new(session)).await?;
                let words: Vec<String> = sources.iter().map(super::administration::Source::words).collect();
                let all = !sources.is_empty() && sources.iter().all(super::administration::Source::runs);
                Ok(Verified::new(all, if words.is_empty() { "it follows no server".into() } else { words.join("; ") }))
            }
            Check::DeadRowsAtMost(..) => {
                Ok(Verified::unknown("InnoDB counts old row versions for the whole server, not for a table"))
            }
            Check::WritesWork => Ok(Verified::unknown("a reading login cannot try a write")),
            Check::SlotUnused(..) | Check::SlotGone(_) => {
                Ok(Verified::unknown("MySQL and MariaDB have no replication slots"))
            }
            Check::KeysGone(_) => Ok(Verified::unknown("MySQL and MariaDB have rows, not keys")),
            Check::Intact => Ok(Verified::unknown("CHECK TABLE is a statement of its own, for each table")),
            Check::InForce(kind) => in_force(session, kind).await,
            Check::Reading { .. } | Check::Read { .. } | Check::CauseGone(_) | Check::All(_) => {
                Ok(Verified::unknown("this is answered by whoever asks"))
            }
        }
    })
}

/// The sessions that are there as the same ones, of those that are asked about. A number is given out once until the
/// server restarts; user and place tell it from one after that.
fn present<'a>(
    now: &'a Moment,
    sessions: &'a [SessionRef],
) -> impl Iterator<Item = (&'a SessionRef, &'a Seen)> + use<'a> {
    sessions.iter().filter_map(|asked| {
        let seen = now.session(asked.id)?;
        let is = |name: &str, value: &str| asked.facts.iter().all(|(n, v)| n != name || v == value);
        (is("user", &seen.user) && is("from", &seen.host)).then_some((asked, seen))
    })
}

fn listed(found: &[String], none: &str, some: &str) -> Verified {
    match found {
        [] => Verified::new(true, none),
        found => Verified::new(false, format!("{some}: {}", found.join("; "))),
    }
}

fn blocks(now: &Moment, blocker: &SessionRef, least: u64) -> Verified {
    let Some((asked, seen)) = present(now, std::slice::from_ref(blocker)).next() else {
        return Verified::new(false, format!("session {} is gone", blocker.id));
    };
    let same = asked.facts.iter().all(|(name, value)| {
        name != "transaction" || *value == seen.transaction.clone().unwrap_or_else(|| "none".into())
    });
    if !same {
        return Verified::new(false, format!("session {} has ended that transaction", blocker.id));
    }
    let waiting = now.blocked_by(seen.id).len();
    Verified::new(
        u64::try_from(waiting).unwrap_or(u64::MAX) >= least,
        format!("{waiting} session(s) wait for session {}", blocker.id),
    )
}

fn idle(now: &Moment, sessions: &[SessionRef], least: u64) -> Verified {
    let least_ms = i64::try_from(least).unwrap_or(i64::MAX).saturating_mul(1_000);
    let there: Vec<&Seen> = present(now, sessions).map(|(_, seen)| seen).collect();
    if there.len() < sessions.len() {
        return Verified::new(false, format!("{} of them are gone", sessions.len() - there.len()));
    }
    match there.iter().find(|s| !s.sleeps() || s.time_ms < least_ms) {
        Some(busy) => Verified::new(false, busy.words()),
        None => Verified::new(
            true,
            format!("idle for {} at least", seconds(there.iter().map(|s| s.time_ms).min().unwrap_or(0))),
        ),
    }
}

/// Asks for the plan of a statement, which the server gives only for one that it understands.
async fn explain(session: &mut dyn Session, statement: &str) -> Result<Result<Rows, Verified>, SessionError> {
    match Reading::new(session).plan_of_others(statement).await {
        Ok(rows) => Ok(Ok(rows)),
        Err(SessionError::Server(message)) => {
            Ok(Err(Verified::new(false, format!("{} ({})", message.message, message.code))))
        }
        Err(SessionError::Unsupported(why)) => Ok(Err(Verified::unknown(why))),
        Err(other) => Err(other),
    }
}

async fn understands(session: &mut dyn Session, statement: &str) -> Result<Verified, SessionError> {
    Ok(explain(session, statement).await?.map_or_else(|no| no, |_| Verified::new(true, "it can be planned")))
}

async fn plan_uses(session: &mut dyn Session, statement: &str, index: &str) -> Result<Verified, SessionError> {
    Ok(match explain(session, statement).await? {
        Err(no) => no,
        Ok(rows) => {
            let named = |value: &Value| {
                let text = value.plain().unwrap_or_default().to_lowercase();
                text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
                    .any(|word| word == index.to_lowercase())
            };
            // The table form has a column for the index that is used, the tree names it in its lines.
            let used = match rows.column("key") {
                Some(at) => rows.rows.iter().any(|row| row.get(at).is_some_and(named)),
                None => rows.rows.iter().flatten().any(named),
            };
            Verified::new(
                used,
                if used { format!("the plan uses {index}") } else { format!("the plan does not use {index}") },
            )
        }
    })
}

fn both(object: &ObjectRef) -> [Param; 2] {
    [Param::Text(object.space.clone().unwrap_or_default()), Param::Text(object.name.clone())]
}

/// Whether a table or view of the name is there. A login sees only what it may use.
async fn exists(session: &mut dyn Session, object: &ObjectRef) -> Result<bool, SessionError> {
    Ok(!session.own(&EXISTS, &both(object)).await?.rows.is_empty())
}

fn said(there: bool, object: &ObjectRef, wanted: bool) -> Verified {
    let words = if there { "is there" } else { "is not there, or hidden from this login" };
    Verified::new(there == wanted, format!("{} {words}", object.words()))
}

/// Whether the index is there, and whether statements may use it.
async fn index(session: &mut dyn Session, table: &ObjectRef, name: &str) -> Result<Option<bool>, SessionError> {
    let [space, object] = both(table);
    let rows = session.own(&INDEX, &[space, object, Param::Text(name.to_owned())]).await?;
    Ok(rows.rows.first().map(|row| rows.get(row, "is_visible").int() != Some(0)))
}

async fn setting(session: &mut dyn Session, name: &str, value: &str) -> Result<Verified, SessionError> {
    let Some(now) = setting_now(&mut Reading::new(session), name).await? else {
        return Ok(Verified::unknown(format!("this server has no setting {name}")));
    };
    Ok(Verified::new(same_value(&now.definition, value), format!("{name} is {}", now.definition)))
}

/// What an act sets is set.
async fn in_force(session: &mut dyn Session, kind: &FixKind) -> Result<Verified, SessionError> {
    match kind {
        FixKind::ChangeSetting { name, value } => setting(session, name, value).await,
        FixKind::LimitConnections(account, most) => {
            let Some(account) = Account::read(account) else {
                return Ok(Verified::new(false, "there is no such account"));
            };
            Ok(match connections_of(&mut Reading::new(session), &account).await {
                Ok(Some(now)) => Verified::new(
                    now == i64::from(most.unwrap_or(0)),
                    format!("{} may have {now} connections (0: no limit of its own)", account.quoted()),
                ),
                Ok(None) => Verified::new(false, format!("there is no account {}", account.quoted())),
                Err(SessionError::Lost(why)) => return Err(SessionError::Lost(why)),
                Err(_) => {
                    Verified::unknown("the limit cannot be seen: GRANT SELECT ON mysql.user to the reading login")
                }
            })
        }
        FixKind::PurgeLogs(to) => purged(&mut Reading::new(session), to).await,
        FixKind::ScheduleUpkeep { name, every_hours, upkeep, table } => {
            match Event::new(name, *every_hours, *upkeep, table) {
                Ok(event) => super::events::in_force(&mut Reading::new(session), &event).await,
                Err(why) => Ok(Verified::new(false, why)),
            }
        }
        other => Ok(Verified::unknown(format!("what it takes to {} is not kept anywhere", other.words()))),
    }
}

/// The server shows switches as ON and OFF, and sizes in bytes.
pub(super) fn same_value(shown: &str, wanted: &str) -> bool {
    let switch = |text: &str| match text.to_ascii_uppercase().as_str() {
        "ON" | "TRUE" | "1" | "YES" => Some(true),
        "OFF" | "FALSE" | "0" | "NO" => Some(false),
        _ => None,
    };
    let number = |text: &str| {
        let (digits, shift) = match text.chars().last().map(|c| c.to_ascii_lowercase()) {
            Some('k') => (&text[..text.len() - 1], 10),
            Some('m') => (&text[..text.len() - 1], 20),
            Some('g') => (&text[..text.len() - 1], 30),
            _ => (text, 0),
        };
        digits.parse::<f64>().ok().map(|n| n * f64::from(1_u32 << shift))
    };
    let (shown, wanted) = (shown.trim(), wanted.trim());
    shown.eq_ignore_ascii_case(wanted)
        || matches!((switch(shown), switch(wanted)), (Some(a), Some(b)) if a == b)
        || matches!((number(shown), number(wanted)), (Some(a), Some(b)) if (a - b).abs() < 1e-6)
}

/// By the moment that InnoDB writes down, else by how little has changed since.
async fn analyzed(session: &mut dyn Session, table: &ObjectRef, most: u64) -> Result<Verified, SessionError> {
    match session.own(&ANALYZED, &both(table)).await {
        Ok(rows) => {
            if let Some(age) = rows.rows.first().and_then(|row| rows.get(row, "age").int()) {
                let held = u64::try_from(age).map_or(age <= 0, |age| age <= most);
                return Ok(Verified::new(held, format!("statistics of {} s ago", age.max(0))));
            }
        }
        Err(SessionError::Lost(why)) => return Err(SessionError::Lost(why)),
        Err(_) => {}
    }
    let rows = session.own(&CHANGED, &both(table)).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::unknown(format!(
            "when the statistics of {} were read is hidden: GRANT SELECT ON mysql.innodb_table_stats to this login",
            table.words()
        )));
    };
    let (number, changed) = (rows.get(row, "number").number(), rows.get(row, "changed").number());
    Ok(match (number, changed) {
        (_, Some(changed)) if changed < 1.0 => Verified::new(true, "no row has changed since its statistics were read"),
        (Some(number), Some(changed)) => Verified::new(
            changed <= number * 0.1,
            format!("{changed:.0} of about {number:.0} rows have changed since its statistics were read"),
        ),
        _ => Verified::unknown(format!("nothing is counted for {}", quote(&table.name))),
    })
}

#[cfg(test)]
mod tests {
    use super::same_value;

    #[test]
    fn values_are_compared_as_the_server_means_them() {
        for (shown, wanted) in
            [("ON", "1"), ("off", "FALSE"), ("134217728", "128M"), ("0.5", "0.500000"), ("ROW", "row"), ("10", "10")]
        {
            assert!(same_value(shown, wanted), "{shown} {wanted}");
        }
        for (shown, wanted) in [("ON", "OFF"), ("10", "100"), ("ROW", "MIXED"), ("", "0")] {
            assert!(!same_value(shown, wanted), "{shown} {wanted}");
        }
    }
}
