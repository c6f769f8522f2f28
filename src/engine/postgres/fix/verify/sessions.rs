//! Sessions: whether they are still those that were seen, who waits for them, and since when they are idle.

use crate::domain::error_event::SessionError;
use crate::domain::procedure::Verified;
use crate::domain::proposal::kind::SessionRef;
use crate::domain::rows::Rows;
use crate::engine::{Param, Query, Session};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// $1: a JSON list of sessions with what tells each. Those of these numbers that are there.
static THERE: Query = Query {
    name: "verify.sessions",
    text: "SELECT x.pid, a.backend_start IS NULL AS hidden, a.state,
  (x.backend_start IS NULL OR to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' = x.backend_start)
  AND (x.xact_start IS NULL OR to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' IS NOT DISTINCT FROM x.xact_start)
  AND (x.query_start IS NULL OR to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' IS NOT DISTINCT FROM x.query_start) AS same,
  extract(epoch FROM clock_timestamp() - a.state_change)::int8 AS seconds
  FROM json_to_recordset($1::json) AS x (pid int4, backend_start text, xact_start text, query_start text)
  JOIN pg_catalog.pg_stat_activity a ON a.pid = x.pid ORDER BY 1 LIMIT 500",
    timeout_ms: 2_000,
};

/// Who waits for whom. Waits are seen by every login; asked only for those that wait, since the answer takes all the
/// locks of the lock table for a moment.
static WAITS: Query = Query {
    name: "verify.waits",
    text: "SELECT w.pid, to_json(pg_blocking_pids(w.pid))::text AS by
             FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l WHERE NOT l.granted LIMIT 501) w",
    timeout_ms: 2_000,
};

/// Waiters that are looked at: one less than are asked for, so that it shows when there are more.
const MOST_WAITERS: usize = 500;

/// A session of one of the numbers.
struct There {
    pid: i64,
    hidden: bool,
    same: bool,
    state: Option<String>,
    seconds: Option<i64>,
}

async fn there(session: &mut dyn Session, sessions: &[SessionRef]) -> Result<Vec<There>, SessionError> {
    let asked: Vec<Value> = sessions
        .iter()
        .filter(|s| i32::try_from(s.id).is_ok())
        .map(|s| {
            let mut object: Map<String, Value> =
                s.facts.iter().map(|(fact, value)| (fact.clone(), json!(value))).collect();
            object.insert("pid".into(), json!(s.id));
            Value::Object(object)
        })
        .collect();
    let rows = session.own(&THERE, &[Param::Text(Value::Array(asked).to_string())]).await?;
    let one = |row: &Vec<crate::domain::rows::Value>| There {
        pid: rows.get(row, "pid").int().unwrap_or_default(),
        hidden: rows.text(row, "hidden") == "true",
        same: rows.text(row, "same") == "true",
        state: rows.get(row, "state").plain(),
        seconds: rows.get(row, "seconds").int(),
    };
    Ok(rows.rows.iter().map(one).collect())
}

/// Sessions of these numbers of which nobody can say whether they are the same.
fn hidden(there: &[There], sessions: &[SessionRef]) -> Option<Verified> {
    let asked = |pid: i64| sessions.iter().any(|s| s.id == pid && !s.facts.is_empty());
    let found = there.iter().find(|t| t.hidden && asked(t.pid))?;
    Some(Verified::unknown(format!(
        "since when session {} exists is hidden from this login: GRANT pg_read_all_stats to it",
        found.pid
    )))
}

/// None of them is there any more.
pub(super) async fn gone(session: &mut dyn Session, sessions: &[SessionRef]) -> Result<Verified, SessionError> {
    let there = there(session, sessions).await?;
    if let Some(unknown) = hidden(&there, sessions) {
        return Ok(unknown);
    }
    let left: Vec<String> = there.iter().filter(|t| t.same).map(|t| t.pid.to_string()).collect();
    Ok(if left.is_empty() {
        Verified::new(true, format!("none of {} is there any more", words(sessions)))
    } else {
        Verified::new(false, format!("still there: {}", left.join(", ")))
    })
}

/// It is the same session and holds up at least so many others.
pub(super) async fn blocks(
    session: &mut dyn Session,
    holder: &SessionRef,
    least: u64,
) -> Result<Verified, SessionError> {
    let one = std::slice::from_ref(holder);
    let there = there(session, one).await?;
    if let Some(unknown) = hidden(&there, one) {
        return Ok(unknown);
    }
    if !there.iter().any(|t| t.same) {
        return Ok(Verified::new(false, format!("session {} is gone, or has become another one", holder.id)));
    }
    let behind = behind(&waits(session).await?, &[holder.id]).len() as u64;
    Ok(Verified::new(behind >= least.max(1), format!("{behind} wait for session {}", holder.id)))
}

/// Nobody waits for them, directly or through others.
pub(super) async fn nobody_waits_for(
    session: &mut dyn Session,
    sessions: &[SessionRef],
) -> Result<Verified, SessionError> {
    let pids: Vec<i64> = sessions.iter().map(|s| s.id).collect();
    let waits = waits(session).await?;
    let behind = behind(&waits, &pids).len();
    if behind == 0 && waits.len() > MOST_WAITERS {
        return Ok(Verified::unknown(format!("more than {MOST_WAITERS} sessions wait: not all of them were seen")));
    }
    Ok(Verified::new(behind == 0, format!("{behind} wait for {}", words(sessions))))
}

/// Each is the same and has been idle, in a transaction or not, for at least so long.
pub(super) async fn idle_for(
    session: &mut dyn Session,
    sessions: &[SessionRef],
    seconds: u64,
) -> Result<Verified, SessionError> {
    let there = there(session, sessions).await?;
    if let Some(unknown) = hidden(&there, sessions) {
        return Ok(unknown);
    }
    for wanted in sessions {
        let Some(found) = there.iter().find(|t| t.pid == wanted.id && t.same) else {
            return Ok(Verified::new(false, format!("session {} is gone, or has become another one", wanted.id)));
        };
        let Some(state) = &found.state else {
            return Ok(Verified::unknown(format!(
                "what session {} does is hidden from this login: GRANT pg_read_all_stats to it",
                wanted.id
            )));
        };
        let idle = found.seconds.unwrap_or(0).max(0).unsigned_abs();
        if !state.starts_with("idle") {
            return Ok(Verified::new(false, format!("session {} is {state}", wanted.id)));
        }
        if idle < seconds {
            return Ok(Verified::new(false, format!("session {} is idle for {idle} s only", wanted.id)));
        }
    }
    Ok(Verified::new(true, format!("{} idle for at least {seconds} s", words(sessions))))
}

async fn waits(session: &mut dyn Session) -> Result<BTreeMap<i64, Vec<i64>>, SessionError> {
    let rows = session.own(&WAITS, &[]).await?;
    Ok(waits_of(&rows))
}

fn waits_of(rows: &Rows) -> BTreeMap<i64, Vec<i64>> {
    rows.rows
        .iter()
        .filter_map(|row| {
            let by: Vec<i64> = serde_json::from_str(&rows.text(row, "by")).ok()?;
            Some((rows.get(row, "pid").int()?, by))
        })
        .collect()
}

/// Everybody who waits for one of these, directly or through others; not they themselves.
fn behind(waits: &BTreeMap<i64, Vec<i64>>, holders: &[i64]) -> BTreeSet<i64> {
    let mut behind = BTreeSet::new();
    let mut before: BTreeSet<i64> = holders.iter().copied().collect();
    while !before.is_empty() {
        let next: BTreeSet<i64> = waits
            .iter()
            .filter(|(pid, by)| {
                !behind.contains(*pid) && !holders.contains(pid) && by.iter().any(|b| before.contains(b))
            })
            .map(|(pid, _)| *pid)
            .collect();
        behind.extend(&next);
        before = next;
    }
    behind
}

fn words(sessions: &[SessionRef]) -> String {
    let ids: Vec<String> = sessions.iter().take(8).map(|s| s.id.to_string()).collect();
    let more = if sessions.len() > 8 { ", ..." } else { "" };
    format!("{} {}{more}", if sessions.len() == 1 { "session" } else { "sessions" }, ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::behind;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn waiters_are_counted_through_others_and_circles_end() {
        let waits: BTreeMap<i64, Vec<i64>> =
            [(2, vec![1]), (3, vec![2]), (4, vec![3, 9]), (5, vec![6]), (6, vec![5])].into();
        assert_eq!(behind(&waits, &[1]), BTreeSet::from([2, 3, 4]));
        assert_eq!(behind(&waits, &[9]), BTreeSet::from([4]));
        assert_eq!(behind(&waits, &[5]), BTreeSet::from([6]));
        assert!(behind(&waits, &[7]).is_empty());
    }
}
