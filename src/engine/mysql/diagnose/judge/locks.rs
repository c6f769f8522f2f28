//! Locks: one session that holds up others, a change of a table with a queue behind it, rows that everybody wants, and
//! circles.

use super::Findings;
use crate::domain::diagnosis::{Cause, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::engine::mysql::diagnose::probes;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::deadlock::Deadlock;
use crate::engine::mysql::diagnose::seen::locks::{Moment, On, Root};
use crate::engine::mysql::diagnose::seen::session::{Session, seconds};

/// A wait of this length is more than the ordinary traffic of an application, milliseconds.
const LONG_WAIT_MS: i64 = 2_000;
/// The same session at the root in so many moments in a row is no coincidence.
const PERSISTENT: usize = 3;
/// Share of the moments with waiters from which rows are contended.
const CONTENDED: f64 = 0.5;
/// Waiters that are named.
const NAMED: usize = 5;

pub(super) fn judge(scene: &Scene<'_>, found: &mut Findings) {
    deadlock(scene, found);
    let Some(now) = scene.now() else { return };
    let roots = persistent(scene, now);
    for root in &roots {
        let blocker = now.session(root.id);
        let cause = cause_of(root);
        let mut evidence = vec![held_up(now, root)];
        evidence.extend(blocker.map(|s| holder(s, root)));
        if root.inferred {
            evidence.push(
                "the server does not tell who holds a metadata lock here: this session is the only one that can hold it, by what it does"
                    .to_owned(),
            );
        }
        let confidence = if root.inferred { 0.8 } else { 0.95 };
        let hypothesis = found.supported(cause, confidence, evidence);
        hypothesis.about = Some(blocker.map_or_else(|| format!("session {}", root.id), Session::words));
    }
    contention(scene, now, &roots, found);
    unseen_holders(scene, now, &roots, found);
    if !found.hypotheses.iter().any(|h| h.cause == Cause::LockWaitChain) {
        let words =
            format!("nobody waits for a row for {} s or longer in {} looks", LONG_WAIT_MS / 1_000, scene.moments.len());
        match scene.refusal(probes::ROW_WAITS.name) {
            Some(why) => {
                found.inconclusive(Cause::LockWaitChain, 0.3, vec![why.to_owned()]);
                found.unknown(why.to_owned());
            }
            None => found.refuted(Cause::LockWaitChain, words),
        }
    }
    if !found.hypotheses.iter().any(|h| h.cause == Cause::MetadataLock) {
        found.refuted(Cause::MetadataLock, "nobody waits for the metadata of a table");
    }
}

/// The cause that a root is one of.
pub(in crate::engine::mysql) fn cause_of(root: &Root) -> Cause {
    match root.on {
        On::Rows => Cause::LockWaitChain,
        On::Metadata => Cause::MetadataLock,
    }
}

/// The roots of now that have been there for a while.
pub(in crate::engine::mysql) fn persistent(scene: &Scene<'_>, now: &Moment) -> Vec<Root> {
    let before: Vec<Vec<i64>> =
        scene.moments.iter().rev().take(PERSISTENT).map(|m| m.roots().iter().map(|r| r.id).collect()).collect();
    let stays = |id: i64| before.len() == PERSISTENT && before.iter().all(|ids| ids.contains(&id));
    now.roots().into_iter().filter(|root| root.longest_ms >= LONG_WAIT_MS || stays(root.id)).collect()
}

fn held_up(now: &Moment, root: &Root) -> String {
    let named: Vec<String> = root
        .blocked
        .iter()
        .filter_map(|id| now.session(*id))
        .take(NAMED)
        .map(|s| format!("{} ({}, {})", s.id, s.user, s.shown_statement()))
        .collect();
    let more = root.blocked.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let what = match (root.on, root.object.as_str()) {
        (On::Rows, "") => "rows".to_owned(),
        (On::Rows, object) => format!("rows of {object}"),
        (On::Metadata, "") => "the metadata of a table".to_owned(),
        (On::Metadata, object) => format!("the metadata of {object}"),
    };
    format!(
        "{} session(s) wait for {what} behind session {}, the longest for {}: {}{more}",
        root.blocked.len(),
        root.id,
        seconds(root.longest_ms),
        named.join(", ")
    )
}

fn holder(session: &Session, root: &Root) -> String {
    let does = if session.sleeps() { "runs nothing and waits for its client" } else { "works" };
    let statement = match session.shown_statement() {
        text if text.is_empty() => String::new(),
        text => format!(" on: {text}"),
    };
    format!(
        "{} {does}{statement}; it waits for nobody, so it is the root of {} waits",
        session.words(),
        root.blocked.len()
    )
}

/// Rows that everybody wants: there are always waiters, and never the same one ahead of them.
fn contention(scene: &Scene<'_>, now: &Moment, roots: &[Root], found: &mut Findings) {
    let moments = scene.moments.len();
    let waiting: Vec<usize> =
        scene.moments.iter().map(|m| m.sessions.iter().filter(|s| s.row_wait_ms.is_some()).count()).collect();
    let busy = waiting.iter().filter(|n| **n >= 2).count();
    let mean = waiting.iter().sum::<usize>() as f64 / moments.max(1) as f64;
    let share = busy as f64 / moments.max(1) as f64;
    let rate = scene.status.rate("Innodb_row_lock_waits");
    let mut evidence = vec![format!(
        "{busy} of {moments} looks saw two or more sessions wait for rows, {mean:.1} on average (limit {CONTENDED:.0}% of the looks)",
        CONTENDED = CONTENDED * 100.0
    )];
    evidence.extend(rate.map(|rate| format!("{rate:.1} waits for rows a second (Innodb_row_lock_waits)")));
    if moments < 3 || share < CONTENDED {
        found.push(Cause::LockContention, Verdict::Refuted, 0.8, evidence);
        return;
    }
    if let Some(root) = roots.first() {
        let cause = cause_of(root);
        let hypothesis = found.push(Cause::LockContention, Verdict::Refuted, 0.8, evidence);
        hypothesis.consequence_of = Some(cause);
        return;
    }
    evidence.push("no session is ahead of the others for longer than two looks".to_owned());
    let objects = now.edges.iter().map(|e| e.object.clone()).find(|o| !o.is_empty());
    found.supported(Cause::LockContention, (0.6 + share / 4.0).min(0.9), evidence).about = objects;
}

/// Sessions wait, and who holds what they wait for is not known.
fn unseen_holders(scene: &Scene<'_>, now: &Moment, roots: &[Root], found: &mut Findings) {
    let explained = |id: i64| roots.iter().any(|r| r.blocked.contains(&id));
    let long: Vec<&Session> = now.waiters().filter(|s| s.waited_ms() >= LONG_WAIT_MS && !explained(s.id)).collect();
    let metadata: Vec<&&Session> = long.iter().filter(|s| s.waits_for_metadata()).collect();
    if let (Some(first), false) = (metadata.first(), found.supports(Cause::MetadataLock)) {
        let mut evidence = vec![format!(
            "{} session(s) are in the state \"{}\", the longest for {}: {}",
            metadata.len(),
            first.state,
            seconds(metadata.iter().map(|s| s.waited_ms()).max().unwrap_or(0)),
            first.shown_statement()
        )];
        if !now.suspects.is_empty() {
            let ids: Vec<String> = now.suspects.iter().take(NAMED).map(ToString::to_string).collect();
            evidence.push(format!("each of these sessions may hold it, by what they do: {}", ids.join(", ")));
        }
        found.supported(Cause::MetadataLock, 0.75, evidence).about = Some(first.words());
        if let Some(why) = scene.refusal(probes::METADATA_WAITS.name) {
            found.unknown(why.to_owned());
        }
    }
    let rows = long.iter().filter(|s| s.row_wait_ms.is_some()).count();
    if rows > 0 && !found.supports(Cause::LockWaitChain) {
        found.inconclusive(
            Cause::LockWaitChain,
            0.5,
            vec![format!("{rows} session(s) wait for rows, and who holds them is not told")],
        );
        found.unknown(match scene.refusal(probes::ROW_WAITS.name) {
            Some(why) => why.to_owned(),
            None => "who holds the rows that others wait for was gone before it could be read".to_owned(),
        });
    }
}

/// Transactions that waited for each other in a circle: the server has chosen a victim already.
fn deadlock(scene: &Scene<'_>, found: &mut Findings) {
    let counted = scene.status.delta("Innodb_deadlocks").or_else(|| scene.innodb.delta("lock_deadlocks"));
    let told = scene.case.incident.is_some_and(|i| i.kind == ErrorKind::Deadlock);
    let mut evidence = Vec::new();
    if let Some(number) = counted {
        evidence.push(format!("{number:.0} deadlock(s) while we watched (Innodb_deadlocks, limit 0)"));
    }
    if let Some(incident) = scene.case.incident.filter(|_| told) {
        evidence.push(format!("{} error(s) of the kind DEADLOCK, the last: {}", incident.count, incident.message));
    }
    if told || counted.is_some_and(|number| number > 0.0) {
        evidence.extend(scene.deadlock().iter().flat_map(Deadlock::words));
    }
    match (counted, told) {
        (Some(number), _) if number > 0.0 => {
            found.supported(Cause::Deadlock, 0.93, evidence);
        }
        (_, true) => {
            found.supported(Cause::Deadlock, 0.85, evidence);
        }
        (Some(_), false) => found.refuted(Cause::Deadlock, evidence.join("; ")),
        (None, false) => {
            found.inconclusive(Cause::Deadlock, 0.2, vec!["the server's count of deadlocks was not read twice".into()]);
        }
    }
}
