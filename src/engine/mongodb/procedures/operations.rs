//! C5, MG22, C6 and C18: operations that hold others up or run for too long, connections, and a cache that is full.

use super::add_of_session;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::engine::mongodb::diagnose::operations::{blocker, long as long_operations, words};
use crate::engine::mongodb::diagnose::sight::{Op, Sight};
use crate::engine::steps::within;

/// Operations that are offered to be ended, one by one.
const OFFERED: usize = 3;

fn session_of(op: &Op) -> SessionRef {
    SessionRef { id: op.id, facts: Vec::new(), about: words(op) }
}

/// Why an operation is not to be ended; none when it may be.
fn objection(op: &Op) -> Option<String> {
    let command = &op.command;
    let has = |word: &str| command.contains(word);
    if has("\"createIndexes\"") {
        return Some("it builds an index: dropIndexes ends that cleanly, and killOp may not".to_owned());
    }
    if has("\"dropIndexes\"") || has("\"renameCollection\"") || has("\"drop\"") || has("\"collMod\"") {
        return Some("it changes a definition: let it come to its end".to_owned());
    }
    if op.state == "background" || op.who.is_empty() {
        return Some("it is the server's own".to_owned());
    }
    let backup = ["mongodump", "mongobackup", "mongosync"].iter().any(|own| op.who.contains(own));
    backup.then(|| "it is a backup, or copies data to another place".to_owned())
}

/// C5.
pub(super) fn locks(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    let mut plans = Vec::new();
    if let Some((op, waiting)) = blocker(&sight) {
        let evidence = vec![format!("{waiting} operations wait behind {}", words(&op))];
        plans.push(end(&op, "C5", Cause::LockWaitChain, evidence, format!("waiting {waiting} -> 0")));
    }
    let idle = found.of(Cause::IdleInTransaction).is_some_and(|h| h.verdict == Verdict::Supported);
    if idle && plans.is_empty() {
        let all = sight.operations();
        let oldest =
            all.iter().filter(|op| op.state == "idle in transaction").max_by(|a, b| a.seconds.total_cmp(&b.seconds));
        plans.extend(oldest.map(|op| {
            let evidence = vec![format!("its transaction is open for {:.0} s", op.seconds)];
            end(op, "C5", Cause::IdleInTransaction, evidence, "its locks and its snapshot are given up".to_owned())
        }));
    }
    plans
}

/// MG22.
pub(super) fn long(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    long_operations(&sight)
        .iter()
        .take(OFFERED)
        .map(|op| {
            let mut evidence = vec![format!("{} runs for {:.0} s", words(op), op.seconds)];
            if !op.plan.is_empty() {
                evidence.push(format!("its plan is {}", op.plan));
            }
            let mut plan = end(op, "MG22", Cause::LongOperation, evidence, "what it holds is free".to_owned());
            plan.advice.push("maxTimeMS in the application's queries ends such operations by itself.".to_owned());
            plan
        })
        .collect()
}

/// Ends one operation, or the session of a transaction that does nothing.
fn end(op: &Op, procedure: &str, cause: Cause, evidence: Vec<String>, expected: String) -> Plan {
    let idle = op.state == "idle in transaction";
    let title = if idle { format!("end the session of {}", op.who) } else { format!("end {}", words(op)) };
    let mut plan = Plan::new(procedure, title, cause, 70, evidence);
    plan.blocked.extend(objection(op));
    let session = session_of(op);
    let kind = if idle {
        FixKind::EndSessions(vec![session.clone()])
    } else {
        FixKind::CancelStatements(vec![session.clone()])
    };
    let check = if idle { Check::CauseGone(cause) } else { Check::SessionsGone(vec![session]) };
    let verification = within(check, 15, "it is gone", 5);
    add_of_session(&mut plan, kind, Rung::Session, verification, |step| {
        step.why = if idle {
            "A transaction that waits for its client keeps locks and old versions; it is rolled back.".to_owned()
        } else {
            "It ends where it next looks for it; what it wrote outside a transaction stays written.".to_owned()
        };
        step.expected = vec![expected];
    });
    plan
}

/// C6: which client holds them is a matter of its pool.
pub(super) fn connections(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    let Some(now) = sight.now("connections.current") else { return Vec::new() };
    let evidence = vec![format!(
        "{now:.0} connections are open, {:.0} are left",
        sight.now("connections.available").unwrap_or(0.0)
    )];
    let mut plan =
        Plan::new("C6", "find whose pool is too large".to_owned(), Cause::ConnectionSaturation, 50, evidence);
    plan.advice.extend([
        "The view of connections counts them by client and application: the largest pool first.".to_owned(),
        "maxPoolSize times the number of application processes has to stay below the server's limit; maxIdleTimeMS lets idle ones go.".to_owned(),
        "A slow server makes pools grow: look at what runs for long before a limit is raised.".to_owned(),
        "net.maxIncomingConnections is read at the start, and the system's limit of open files stands behind it.".to_owned(),
    ]);
    vec![plan]
}

/// C18.
pub(super) fn cache(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    let evidence: Vec<String> =
        found.of(Cause::CachePressure).map(|h| h.evidence.iter().map(|e| e.text.clone()).collect()).unwrap_or_default();
    let all = sight.operations();
    let oldest = all
        .iter()
        .filter(|op| {
            op.state != "background"
                && op.seconds >= 20.0
                && (op.state == "idle in transaction" || op.kind != "getmore")
        })
        .max_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let mut plans: Vec<Plan> = oldest
        .map(|op| end(op, "C18", Cause::CachePressure, evidence.clone(), "old versions can leave the cache".to_owned()))
        .into_iter()
        .collect();
    let mut plan =
        Plan::new("C18", "write less at once, or give the cache more".to_owned(), Cause::CachePressure, 50, evidence);
    plan.advice.extend([
        "Smaller batches, and no transaction that stays open: old versions of changed documents stay in the cache for it.".to_owned(),
        "A query that reads a whole collection pushes everything else out: give it its index.".to_owned(),
        "More eviction threads (wiredTigerEngineRuntimeConfig eviction=(threads_min=4,threads_max=8)) help when the disk is not the limit.".to_owned(),
        "storage.wiredTiger.engineConfig.cacheSizeGB: at most half of the memory beyond 1 GB, less in a container.".to_owned(),
    ]);
    plans.push(plan);
    plans
}
