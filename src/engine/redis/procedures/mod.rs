//! What is done about causes on Redis: one file a procedure.

mod commands;
mod connections;
mod memory;
mod persistence;
mod replication;
mod wrong_type;

use super::dialect::DIALECT;
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::{Plan, Procedure, Rung, Step, Verification};
use crate::domain::proposal::kind::FixKind;
use crate::engine::steps;

/// In the order of the documentation.
pub(super) static PROCEDURES: &[Procedure] = &[
    Procedure {
        id: "C6",
        title: "free connections and raise their limit",
        kinds: &[ErrorKind::TooManyConnections],
        causes: &[Cause::ConnectionSaturation],
        plan: connections::plan,
    },
    Procedure {
        id: "C12",
        title: "make room in memory",
        kinds: &[ErrorKind::OutOfMemory],
        causes: &[Cause::MemoryPressure, Cause::Evictions, Cause::BigKeys, Cause::Bloat],
        plan: memory::plan,
    },
    Procedure {
        id: "C13",
        title: "keep replicas in step",
        kinds: &[ErrorKind::ReplicationError],
        causes: &[Cause::ReplicationBroken, Cause::ReplicationLag],
        plan: replication::plan,
    },
    Procedure {
        id: "C14",
        title: "stop slow commands",
        kinds: &[ErrorKind::Timeout, ErrorKind::ScriptError, ErrorKind::ObjectInUse],
        causes: &[Cause::SlowCommands, Cause::BigKeys, Cause::HeavyWorkload],
        plan: commands::plan,
    },
    Procedure {
        id: "RD19",
        title: "write to disk again",
        kinds: &[ErrorKind::DiskFull, ErrorKind::ReadOnly],
        causes: &[Cause::PersistenceStall],
        plan: persistence::plan,
    },
    Procedure {
        id: "C14b",
        title: "use the commands of the key's type",
        kinds: &[ErrorKind::WrongType],
        causes: &[Cause::WrongType],
        plan: wrong_type::plan,
    },
];

/// A step that sets something; why it cannot be one blocks the plan.
fn add(plan: &mut Plan, kind: FixKind, rung: Rung, verification: Verification, finish: impl FnOnce(&mut Step)) {
    steps::add(DIALECT, plan, kind, rung, verification, finish);
}
