//! Who waits for whom: one session that holds up others, many that want the same, a change of a table that waits, and
//! circles.

use super::super::facts::{Busy, Facts, Session};
use super::super::statement::quoted;
use super::Found;
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions that wait for a lock on average, below which nobody suffers.
const SOMEBODY_WAITS: f64 = 0.4;
/// One holder that has this share of all waiting behind it is the one to talk about.
const ONE_HOLDER: f64 = 0.3;
/// It has held for at least this long, seconds; a shorter one will be gone before anybody acts.
const HELD: f64 = 2.0;
/// Many short waits are contention from this many waiting sessions on,
const CONTENTION: f64 = 0.8;
/// and this share of all work.
const CONTENTION_SHARE: f64 = 0.25;

/// A session at the end of chains of waiters, over the whole time.
struct Holder<'a> {
    session: Option<&'a Session>,
    pid: i64,
    /// Sightings of waiters, direct and indirect, shared between holders where several hold.
    waited: f64,
    /// Looks in which somebody waited for it.
    looks: usize,
    /// Looks in which it was idle in its transaction.
    idle: usize,
    /// Waiters at once, at most.
    most: usize,
    /// The longest that somebody waited, seconds.
    longest: f64,
    /// A change of a table that waits for it with others behind it.
    change: Option<String>,
}

/// Waiting, in all looks together.
struct Waiting<'a> {
    holders: Vec<Holder<'a>>,
    sightings: usize,
    looks: usize,
}

fn waiting<'a>(facts: &'a Facts<'_>) -> Waiting<'a> {
    let mut holders: BTreeMap<(i64, String), Holder<'a>> = BTreeMap::new();
    let (mut sightings, mut looks) = (0, 0);
    for look in &facts.looks.all {
        let by_pid: BTreeMap<i64, &Session> = look.iter().map(|session| (session.pid, session)).collect();
        let waiters: Vec<&Session> = look.iter().filter(|s| s.busy == Busy::Lock && !s.blocked_by.is_empty()).collect();
        looks += usize::from(!waiters.is_empty());
        sightings += waiters.len();
        let mut here: BTreeMap<(i64, String), usize> = BTreeMap::new();
        for waiter in &waiters {
            let ends = ends(waiter, &by_pid);
            for pid in &ends {
                let session = by_pid.get(pid).copied();
                let key = (*pid, session.map(|s| s.xact_start.clone()).unwrap_or_default());
                *here.entry(key.clone()).or_default() += 1;
                let holder = holders.entry(key).or_insert(Holder {
                    session,
                    pid: *pid,
                    waited: 0.0,
                    looks: 0,
                    idle: 0,
                    most: 0,
                    longest: 0.0,
                    change: None,
                });
                holder.session = session;
                holder.waited += 1.0 / ends.len() as f64;
                holder.longest = holder.longest.max(waiter.query_seconds);
                let others_behind = || waiters.iter().any(|other| other.blocked_by.contains(&waiter.pid));
                if is_change(&waiter.query) && holder.change.is_none() && others_behind() {
                    holder.change = Some(waiter.query.clone());
                }
            }
        }
        for (key, most) in here {
            if let Some(holder) = holders.get_mut(&key) {
                holder.looks += 1;
                holder.most = holder.most.max(most);
                holder.idle += usize::from(holder.session.is_some_and(Session::is_idle_in_transaction));
            }
        }
    }
    let mut holders: Vec<Holder<'a>> = holders.into_values().collect();
    holders.sort_by(|a, b| b.waited.total_cmp(&a.waited));
    Waiting { holders, sightings, looks }
}

/// The sessions for which a session waits in the end: those on the way that wait for nobody. None in a circle.
fn ends(waiter: &Session, by_pid: &BTreeMap<i64, &Session>) -> BTreeSet<i64> {
    let (mut found, mut seen, mut open) = (BTreeSet::new(), BTreeSet::from([waiter.pid]), waiter.blocked_by.clone());
    while let Some(pid) = open.pop() {
        if !seen.insert(pid) {
            continue;
        }
        match by_pid.get(&pid) {
            Some(next) if !next.blocked_by.is_empty() => open.extend(&next.blocked_by),
            // A parallel worker waits under its leader's name; 0 is a prepared transaction.
            _ => {
                found.insert(pid);
            }
        }
    }
    found
}

fn is_change(statement: &str) -> bool {
    let first: String = statement.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    matches!(
        first.to_ascii_lowercase().as_str(),
        "alter" | "drop" | "truncate" | "create" | "lock" | "reindex" | "vacuum" | "cluster" | "refresh" | "comment"
    )
}

/// Decides on waiting for locks.
pub(super) fn judge(facts: &Facts<'_>, found: &mut Found) {
    let waiting = waiting(facts);
    let average = facts.looks.per_look(waiting.sightings);
    let quiet = format!("{average:.2} sessions waited for a lock on average");
    if average < SOMEBODY_WAITS {
        for cause in [Cause::LockWaitChain, Cause::LockContention, Cause::MetadataLock] {
            found.refuted(cause, 0.9, &quiet);
        }
        return;
    }
    let mut explained = 0.0;
    for holder in &waiting.holders {
        if holder.waited < ONE_HOLDER * waiting.sightings as f64 || !lasts(holder, waiting.looks) {
            continue;
        }
        explained += holder.waited;
        one_holder(holder, waiting.looks, found);
    }
    let rest = (waiting.sightings as f64 - explained) / facts.looks.count().max(1.0);
    let share = rest / facts.looks.load().max(rest).max(0.01);
    let words = vec![
        format!(
            "{average:.1} sessions waited for a lock on average, {:.0} % of all work; {} different transactions held them up",
            100.0 * share,
            waiting.holders.len()
        ),
        example(facts),
    ];
    if rest >= CONTENTION && share >= CONTENTION_SHARE && explained < 0.5 * waiting.sightings as f64 {
        found.supported(Cause::LockContention, 0.6 + 0.35 * share.min(1.0), "", words);
    } else if let Some(root) = [Cause::IdleInTransaction, Cause::MetadataLock, Cause::LockWaitChain]
        .into_iter()
        .find(|cause| found.supports(*cause))
    {
        if root != Cause::LockWaitChain {
            found.follows(Cause::LockContention, root, 0.7, words);
        }
    } else {
        found.open(Cause::LockContention, 0.5, "", words);
    }
}

fn lasts(holder: &Holder<'_>, looks: usize) -> bool {
    let age = holder.session.map_or(f64::MAX, |session| session.xact_seconds.max(session.state_seconds));
    age >= HELD && holder.longest >= 1.0 && holder.looks >= 2 && holder.looks * 3 >= looks
}

/// A statement that waits, for a sentence.
fn example(facts: &Facts<'_>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for session in facts.looks.working().filter(|session| session.busy == Busy::Lock) {
        *counts.entry(quoted(&session.query)).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(
        || "no statement of a waiter is known".to_owned(),
        |(text, _)| format!("most of them with: {text}"),
    )
}

/// One transaction that many wait for.
fn one_holder(holder: &Holder<'_>, looks: usize, found: &mut Found) {
    let about = if holder.pid == 0 { "a prepared transaction".to_owned() } else { format!("session {}", holder.pid) };
    let who = holder.session.map_or_else(|| about.clone(), Session::words);
    let mut evidence = vec![format!(
        "up to {} sessions waited for {who} at once, the longest for {:.0} s; somebody did in {} of {looks} looks with waits",
        holder.most, holder.longest, holder.looks
    )];
    if let Some(session) = holder.session {
        evidence.push(format!(
            "{who} is {} for {:.0} s, its transaction is {:.0} s old{}; last statement: {}",
            session.state,
            session.state_seconds,
            session.xact_seconds,
            if session.writes { " and has written" } else { "" },
            quoted(&session.query)
        ));
    }
    if let Some(change) = &holder.change {
        evidence.push(format!("a change of a table waits for it with others behind: {}", quoted(change)));
    }
    let idle = holder.idle * 2 >= holder.looks && holder.idle > 0;
    if idle {
        found.supported(Cause::IdleInTransaction, 0.96, &about, evidence.clone());
        let consequence = if holder.change.is_some() { Cause::MetadataLock } else { Cause::LockWaitChain };
        found.follows(consequence, Cause::IdleInTransaction, 0.95, evidence);
    } else if holder.change.is_some() {
        found.supported(Cause::MetadataLock, 0.94, &about, evidence.clone());
        found.follows(Cause::LockWaitChain, Cause::MetadataLock, 0.9, evidence);
    } else {
        found.supported(Cause::LockWaitChain, 0.94, &about, evidence);
    }
}

/// Decides on deadlocks: the server counts them, whoever may see what.
pub(super) fn deadlocks(facts: &Facts<'_>, found: &mut Found) {
    let count = facts.totals.deadlocks;
    let told = facts.case.incident.is_some_and(|incident| incident.kind == ErrorKind::Deadlock);
    if count < 1.0 && !told {
        if facts.totals.seconds > 0.0 {
            found.refuted(Cause::Deadlock, 0.95, "no deadlock was counted meanwhile");
        }
        return;
    }
    let mut evidence = vec![format!("{count:.0} deadlocks were counted in {:.0} s", facts.totals.seconds)];
    if told {
        evidence.push("the incident is a deadlock".to_owned());
    }
    // Each takes its sessions out of work for `deadlock_timeout` before it is noticed.
    let patience = facts.settings.number("deadlock_timeout").unwrap_or(1_000.0) / 1_000.0;
    let waited = facts.looks.working().filter(|session| session.busy == Busy::Lock).count() as f64;
    let seconds_a_look = facts.totals.seconds / facts.looks.count().max(1.0);
    let lost = 2.0 * count * patience;
    let explains = told || waited <= 0.0 || lost >= 0.25 * waited * seconds_a_look;
    if found.supports(Cause::LockContention) && !explains {
        evidence.push(format!(
            "they explain {lost:.0} of {:.0} s of waiting: the crowd is the cause",
            waited * seconds_a_look
        ));
        found.follows(Cause::Deadlock, Cause::LockContention, 0.8, evidence);
    } else {
        found.supported(Cause::Deadlock, 0.97, "", evidence);
    }
}
