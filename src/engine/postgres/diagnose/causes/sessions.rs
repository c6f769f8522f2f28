//! Sessions that are there too long, or too many.

use super::super::facts::{Busy, Facts, Session, last};
use super::super::statement::quoted;
use super::Found;
use crate::domain::diagnosis::{Cause, Verdict};

/// Idle in a transaction for this long, seconds, without anybody waiting: a forgotten one.
const FORGOTTEN: f64 = 8.0;
/// For this long nobody doubts it, seconds.
const SURELY_FORGOTTEN: f64 = 60.0;
/// A transaction at work for this long holds back what VACUUM may take, seconds.
const LONG: f64 = 60.0;
/// The same for one that does nothing in it but sleep, seconds.
const LONG_ASLEEP: f64 = 25.0;
/// Share of the connections that are taken: full,
const FULL: f64 = 0.9;
/// and nearly so.
const NEARLY_FULL: f64 = 0.8;

/// Decides on sessions.
pub(super) fn judge(facts: &Facts<'_>, found: &mut Found) {
    idle(facts, found);
    long(facts, found);
    connections(facts, found);
}

fn idle(facts: &Facts<'_>, found: &mut Found) {
    if found.supports(Cause::IdleInTransaction) {
        return;
    }
    let last = facts.looks.last();
    let mut idle: Vec<&Session> = last.iter().filter(|session| session.is_idle_in_transaction()).collect();
    idle.sort_by(|a, b| b.state_seconds.total_cmp(&a.state_seconds));
    let Some(oldest) = idle.first() else {
        found.refuted(Cause::IdleInTransaction, 0.9, "no session was idle in a transaction at the end");
        return;
    };
    let evidence = vec![
        format!(
            "{} is idle in its transaction for {:.0} s{}; last statement: {}",
            oldest.words(),
            oldest.state_seconds,
            if oldest.writes { " and has written" } else { "" },
            quoted(&oldest.query)
        ),
        format!("{} sessions are idle in a transaction", idle.len()),
    ];
    let about = format!("session {}", oldest.pid);
    match oldest.state_seconds {
        s if s >= SURELY_FORGOTTEN => found.supported(Cause::IdleInTransaction, 0.85, &about, evidence),
        s if s >= FORGOTTEN => found.supported(Cause::IdleInTransaction, 0.7, &about, evidence),
        s if s >= 3.0 => found.open(Cause::IdleInTransaction, 0.5, &about, evidence),
        _ => found.refuted(Cause::IdleInTransaction, 0.7, "sessions are idle in transactions for moments only"),
    }
}

fn long(facts: &Facts<'_>, found: &mut Found) {
    let prepared = last(facts.case.observation, "diagnose.prepared").map(|row| {
        let about = format!("prepared transaction {}", row.text("gid"));
        (about, row.count("seconds"), LONG, "waits for its second phase".to_owned())
    });
    let holds = |session: &&Session| session.is_client() && (session.xmin_age.is_some() || session.writes);
    let open = facts.looks.last().iter().filter(holds).map(|session| {
        let asleep = session.state == "active" && session.busy == Busy::Nothing;
        let words = format!("{}: {}", session.words(), quoted(&session.query));
        let limit = if asleep { LONG_ASLEEP } else { LONG };
        (format!("session {}", session.pid), session.xact_seconds, limit, words)
    });
    let oldest = open.chain(prepared).max_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)));
    let Some((about, seconds, limit, words)) = oldest else {
        found.refuted(Cause::LongTransaction, 0.9, "no transaction is open");
        return;
    };
    let evidence = vec![format!("a transaction is open for {seconds:.0} s; {words}")];
    let root = found.hypotheses.iter().find(|h| {
        h.verdict == Verdict::Supported
            && h.about.as_deref() == Some(about.as_str())
            && matches!(h.cause, Cause::IdleInTransaction | Cause::LockWaitChain | Cause::MetadataLock)
    });
    match (seconds, root.map(|root| root.cause)) {
        (s, Some(root)) if s >= limit => found.follows(Cause::LongTransaction, root, 0.8, evidence),
        (s, None) if s >= 5.0 * LONG => found.supported(Cause::LongTransaction, 0.85, &about, evidence),
        (s, None) if s >= limit => found.supported(Cause::LongTransaction, 0.68, &about, evidence),
        _ => found.refuted(Cause::LongTransaction, 0.8, &format!("the oldest transaction is {seconds:.0} s old")),
    }
}

/// Decides on the number of connections; also for a login that sees no others.
pub(super) fn connections(facts: &Facts<'_>, found: &mut Found) {
    let Some(limit) = facts.settings.number("max_connections").filter(|limit| *limit > 0.0) else { return };
    let reserved = facts.settings.number("superuser_reserved_connections").unwrap_or(0.0)
        + facts.settings.number("reserved_connections").unwrap_or(0.0);
    let seen = facts.case.observation;
    let server = last(seen, "diagnose.server").map(|row| row.count("connections").max(row.count("backends")));
    let clients = facts.looks.last().iter().filter(|session| session.is_client()).count() as f64;
    let used = server.fold(clients, f64::max);
    let open_to_all = (limit - reserved).max(1.0);
    let share = used / open_to_all;
    let mut evidence = vec![format!(
        "{used:.0} of {open_to_all:.0} connections that are not reserved are taken ({:.0} %)",
        100.0 * share
    )];
    if share < NEARLY_FULL {
        found.refuted(Cause::ConnectionSaturation, 0.95, &evidence[0]);
        return;
    }
    let count =
        |wanted: &dyn Fn(&Session) -> bool| facts.looks.last().iter().filter(|s| s.is_client() && wanted(s)).count();
    let (idle, in_transaction) = (count(&|s| s.state == "idle"), count(&Session::is_idle_in_transaction));
    let waiting = count(&|s| !s.blocked_by.is_empty());
    evidence.push(format!("{idle} are idle, {in_transaction} idle in a transaction, {waiting} wait for a lock"));
    if share < FULL {
        found.open(Cause::ConnectionSaturation, 0.6, "", evidence);
        return;
    }
    let half = used / 2.0;
    let locks = [Cause::IdleInTransaction, Cause::MetadataLock, Cause::LockWaitChain, Cause::LockContention];
    // Whoever waits for a lock keeps a connection: would there be room without them?
    let by_waiting = waiting as f64 >= half || used - waiting as f64 - 1.0 < NEARLY_FULL * open_to_all;
    let root = locks.into_iter().find(|cause| found.supports(*cause) && by_waiting);
    let root = root.or_else(|| {
        (found.supports(Cause::IdleInTransaction) && in_transaction as f64 >= half).then_some(Cause::IdleInTransaction)
    });
    match root {
        Some(root) => found.follows(Cause::ConnectionSaturation, root, 0.9, evidence),
        None => found.supported(Cause::ConnectionSaturation, 0.97, "", evidence),
    }
}
