//! What is done about causes on MongoDB: one file a procedure or two.

mod indexes;
mod missing;
mod operations;
mod replication;

use super::dialect::DIALECT;
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::{Plan, Procedure, Rung, Step, Verification};
use crate::domain::proposal::kind::FixKind;
use crate::engine::steps;

/// In the order of the documentation.
pub(super) static PROCEDURES: &[Procedure] = &[
    Procedure {
        id: "C1",
        title: "find or make the missing collection",
        kinds: &[ErrorKind::TableNotFound],
        causes: &[Cause::MissingTable],
        plan: missing::plan,
    },
    Procedure {
        id: "C5",
        title: "end what others wait for",
        kinds: &[ErrorKind::LockTimeout],
        causes: &[Cause::LockWaitChain, Cause::IdleInTransaction],
        plan: operations::locks,
    },
    Procedure {
        id: "C6",
        title: "free connections",
        kinds: &[ErrorKind::TooManyConnections],
        causes: &[Cause::ConnectionSaturation],
        plan: operations::connections,
    },
    Procedure {
        id: "MG22",
        title: "end an operation that runs for too long",
        kinds: &[ErrorKind::Timeout],
        causes: &[Cause::LongOperation],
        plan: operations::long,
    },
    Procedure {
        id: "C15",
        title: "let the replication log reach back further",
        kinds: &[],
        causes: &[Cause::OplogWindow],
        plan: replication::window,
    },
    Procedure {
        id: "C16",
        title: "let members catch up",
        kinds: &[ErrorKind::ReplicationError],
        causes: &[Cause::ReplicationLag, Cause::ReplicationBroken],
        plan: replication::lag,
    },
    Procedure {
        id: "C17",
        title: "build the index that a query lacks, drop what nobody needs",
        kinds: &[],
        causes: &[Cause::CollectionScan, Cause::MissingIndex, Cause::RedundantIndexes],
        plan: indexes::plan,
    },
    Procedure {
        id: "C18",
        title: "relieve the cache",
        kinds: &[],
        causes: &[Cause::CachePressure],
        plan: operations::cache,
    },
];

/// A step of a kind; why it cannot be one blocks the plan.
fn add(plan: &mut Plan, kind: FixKind, rung: Rung, verification: Verification, finish: impl FnOnce(&mut Step)) {
    steps::add(DIALECT, plan, kind, rung, verification, finish);
}

/// A step whose statement is rendered once the server has told what tells its operation from a later one.
fn add_of_session(
    plan: &mut Plan,
    kind: FixKind,
    rung: Rung,
    verification: Verification,
    finish: impl FnOnce(&mut Step),
) {
    let mut step = steps::of_statement(String::new(), kind.class(), rung, verification);
    step.draft.kind = Some(kind);
    finish(&mut step);
    plan.steps.push(step);
}
