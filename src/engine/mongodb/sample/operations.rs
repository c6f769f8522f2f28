//! Documents of `$currentOp` -> sessions, and who waits for whom where the locks tell it.

use crate::domain::activity::{SessionInfo, SessionState};
use crate::domain::target::Timestamp;
use crate::engine::mongodb::cells;
use crate::engine::mongodb::wire::Fields as _;
use bson::{RawBsonRef, RawDocument};
use sha2::{Digest as _, Sha256};

/// Fields of a command that say nothing to a person.
const NOISE: &[&str] = &[
    "lsid",
    "$db",
    "$clusterTime",
    "$readPreference",
    "$audit",
    "$client",
    "$configServerState",
    "$configTime",
    "$topologyTime",
    "apiVersion",
    "txnNumber",
    "mayBypassWriteBlocking",
];
/// Our own sessions have a name that begins so.
const OURS: &str = "dba-gpt";
/// Locks from the outside in; the last one waited for names the wait.
const LEVELS: [&str; 3] = ["Global", "Database", "Collection"];

/// Sessions of the listed operations, ours left out. Another login that merely calls itself as we do is shown.
pub(in crate::engine::mongodb) fn sessions(
    operations: &[&RawDocument],
    now: Timestamp,
    user: &str,
) -> Vec<SessionInfo> {
    let shown: Vec<&RawDocument> = operations
        .iter()
        .copied()
        .filter(|op| !(op.text("appName").is_some_and(|name| name.starts_with(OURS)) && text_of_user(op) == user))
        .collect();
    let mut sessions: Vec<SessionInfo> = shown.iter().map(|op| session(op, now)).collect();
    for (waiter, op) in shown.iter().enumerate().filter(|(_, op)| op.flag("waitingForLock")) {
        let holders = shown.iter().enumerate().filter(|(i, other)| *i != waiter && holds_against(other, op));
        let holders: Vec<usize> = holders.map(|(i, _)| i).collect();
        sessions[waiter].blocked_by = holders.iter().map(|&i| sessions[i].pid).collect();
        for i in holders {
            if sessions[i].holds.is_empty() {
                sessions[i].holds = strongest(shown[i]);
            }
        }
    }
    sessions
}

fn session(op: &RawDocument, now: Timestamp) -> SessionInfo {
    let idle = op.text("type") == Some("idleSession");
    let client = op.text("client").or(op.text("client_s")).unwrap_or_default();
    let background = client.is_empty() && !idle;
    let state = match (idle, background) {
        (true, _) => SessionState::IdleInTransaction,
        (false, true) => SessionState::Other,
        (false, false) if op.flag("active") => SessionState::Active,
        (false, false) => SessionState::Idle,
    };
    let back = |microseconds: i64| now.plus_ms(-(microseconds / 1000));
    let statement_start = op.int("microsecs_running").map(back);
    let namespace = op.text("ns").unwrap_or_default();
    SessionInfo {
        pid: number_of_operation(op),
        database: namespace.split('.').next().unwrap_or_default().to_owned(),
        user: text_of_user(op),
        application: op
            .text("appName")
            .unwrap_or(if background { op.text("desc").unwrap_or_default() } else { "" })
            .to_owned(),
        client: client.to_owned(),
        state,
        transaction_start: op.int("transaction.timeOpenMicros").map(back),
        statement_start: statement_start.filter(|_| !idle),
        state_change: if idle { op.int("transaction.timeInactiveMicros").map(back) } else { statement_start },
        wait: wait(op),
        blocked_by: Vec::new(),
        holds: String::new(),
        statement: statement(op),
        background,
    }
}

/// The server's number of an operation. Routers name operations of their shards in text, and a transaction that waits
/// for its client has no operation: those get a number below zero that stays the same while they live.
pub(in crate::engine::mongodb) fn number_of_operation(op: &RawDocument) -> i64 {
    if let Some(number) = op.int("opid") {
        return number;
    }
    let mut digest = Sha256::new();
    match (op.text("opid"), op.document("lsid")) {
        (Some(name), _) => digest.update(name),
        (None, Some(session)) => digest.update(session.as_bytes()),
        _ => digest.update(op.text("desc").unwrap_or_default()),
    }
    let digest = digest.finalize();
    let low = digest.iter().take(5).fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
    -1 - low
}

/// `user@database`, or the bare name where the user lives in `admin`.
pub(in crate::engine::mongodb) fn text_of_user(op: &RawDocument) -> String {
    op.documents("effectiveUsers").first().and_then(|user| user.text("user")).unwrap_or_default().to_owned()
}

fn wait(op: &RawDocument) -> String {
    if op.flag("waitingForLock") {
        let level = LEVELS.iter().rev().find(|level| op.at(&format!("locks.{level}")).is_some());
        return format!("Lock:{}", level.unwrap_or(&"Global"));
    }
    if let Some(queue) = op.text("currentQueue.name") {
        return format!("Queue:{queue}");
    }
    if op.flag("waitingForFlowControl") {
        return "FlowControl".to_owned();
    }
    op.text("waitingForLatch.captureName").map(|latch| format!("Latch:{latch}")).unwrap_or_default()
}

/// What it runs, or for a further batch, what opened the cursor.
fn statement(op: &RawDocument) -> String {
    let command = match op.document("cursor.originatingCommand") {
        Some(origin) => format!("getMore of {}", command_text(origin)),
        None => op.document("command").filter(|command| !command.is_empty()).map(command_text).unwrap_or_default(),
    };
    if command.is_empty() { op.text("desc").unwrap_or_default().to_owned() } else { command }
}

/// A command as JSON without what says nothing to a person, within the size that a sample keeps.
pub(in crate::engine::mongodb) fn command_text(command: &RawDocument) -> String {
    let fields = cells::fields_of(command).filter(|(name, _)| !NOISE.contains(name));
    let fields: Vec<(&str, RawBsonRef<'_>)> = fields.collect();
    cells::json_of_fields(fields.into_iter(), SessionInfo::STATEMENT_BYTES).plain().unwrap_or_default()
}

/// An operation holds a lock that the waiting one needs: on everything, on its database or on its collection, in a mode
/// that admits nobody else (W), or that admits no writer (R) when the other one writes.
fn holds_against(holder: &RawDocument, waiter: &RawDocument) -> bool {
    if holder.flag("waitingForLock") {
        return false;
    }
    let writes = LEVELS.iter().any(|level| matches!(mode(waiter, level), Some("w" | "W")));
    let (namespace, other) = (holder.text("ns").unwrap_or_default(), waiter.text("ns").unwrap_or_default());
    let database = |ns: &str| ns.split('.').next().unwrap_or_default().to_owned();
    LEVELS.iter().any(|level| {
        let strong = match mode(holder, level) {
            Some("W") => true,
            Some("R") => writes,
            _ => false,
        };
        strong
            && match *level {
                "Global" => true,
                "Database" => !namespace.is_empty() && database(namespace) == database(other),
                _ => !namespace.is_empty() && namespace == other,
            }
    })
}

fn mode<'a>(op: &'a RawDocument, level: &str) -> Option<&'a str> {
    op.document("locks")?.text(level)
}

/// The strongest lock of an operation in words: `W on shop.orders`.
fn strongest(op: &RawDocument) -> String {
    let namespace = op.text("ns").unwrap_or_default();
    LEVELS
        .iter()
        .find_map(|level| {
            let mode = mode(op, level).filter(|mode| matches!(*mode, "W" | "R"))?;
            Some(match *level {
                "Global" => format!("{mode} on everything"),
                "Database" => format!("{mode} on {}", namespace.split('.').next().unwrap_or_default()),
                _ => format!("{mode} on {namespace}"),
            })
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn an_operation_is_a_session() {
        let op = rawdoc! {
            "type": "op", "opid": 4711, "active": true, "client": "10.0.0.9:5000", "appName": "web", "op": "query",
            "ns": "shop.orders", "effectiveUsers": [{ "user": "app", "db": "admin" }], "microsecs_running": 2_500_000_i64,
            "command": { "find": "orders", "filter": { "qty": 5 }, "$db": "shop", "lsid": { "id": 1 } },
        };
        let session = &sessions(&[&op], NOW, "reader")[0];
        assert_eq!((session.pid, session.database.as_str(), session.user.as_str()), (4711, "shop", "app"));
        assert_eq!(session.statement, r#"{"find":"orders","filter":{"qty":5}}"#);
        assert_eq!(session.statement_start, Some(Timestamp(997_500)));
        assert_eq!((session.state, session.background), (SessionState::Active, false));
    }

    #[test]
    fn ours_are_left_out_but_not_those_that_borrow_our_name() {
        let op = |user: &str| {
            rawdoc! { "opid": 1, "active": true, "client": "c", "appName": "dba-gpt watch",
            "effectiveUsers": [{ "user": user, "db": "admin" }] }
        };
        let (ours, theirs) = (op("reader"), op("mallory"));
        assert_eq!(sessions(&[&ours, &theirs], NOW, "reader").len(), 1);
    }

    #[test]
    fn a_transaction_that_waits_for_its_client_is_idle_in_it() {
        let op = rawdoc! {
            "type": "idleSession", "lsid": { "id": "x" }, "client": "c:1",
            "transaction": { "timeOpenMicros": 9_000_000_i64, "timeInactiveMicros": 4_000_000_i64 },
        };
        let session = &sessions(&[&op], NOW, "")[0];
        assert_eq!(session.state, SessionState::IdleInTransaction);
        assert_eq!(
            (session.transaction_start, session.state_change),
            (Some(Timestamp(991_000)), Some(Timestamp(996_000)))
        );
        assert!(session.pid < 0 && session.pid == sessions(&[&op], NOW, "")[0].pid);
    }

    #[test]
    fn the_holder_of_a_strong_lock_blocks_who_waits_for_it() {
        let waiter = rawdoc! { "opid": 2, "active": true, "client": "c", "ns": "shop.orders", "waitingForLock": true,
        "locks": { "Global": "w", "Database": "w", "Collection": "w" } };
        let holder = rawdoc! { "opid": 1, "active": true, "client": "d", "ns": "shop.orders",
        "locks": { "Global": "w", "Database": "w", "Collection": "W" } };
        let bystander = rawdoc! { "opid": 3, "active": true, "client": "e", "ns": "shop.other",
        "locks": { "Global": "w", "Database": "w", "Collection": "W" } };
        let found = sessions(&[&waiter, &holder, &bystander], NOW, "");
        assert_eq!((found[0].blocked_by.as_slice(), found[0].wait.as_str()), ([1_i64].as_slice(), "Lock:Collection"));
        assert_eq!((found[1].holds.as_str(), found[2].holds.as_str()), ("W on shop.orders", ""));
    }

    #[test]
    fn names_of_operations_become_numbers_that_stay() {
        let op = |name: &str| rawdoc! { "opid": name, "active": true, "client": "c" };
        let number_of = |name| sessions(&[&op(name)], NOW, "")[0].pid;
        assert_eq!(number_of("shard0:12"), number_of("shard0:12"));
        assert_ne!(number_of("shard0:12"), number_of("shard0:13"));
        assert!(number_of("shard0:12") < 0);
    }
}
