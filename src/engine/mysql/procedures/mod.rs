//! What is done about causes on MySQL and MariaDB: one file a procedure. Ids that begin with C are those of the
//! catalogue of procedures, ids that begin with MY those of the rule that fires.
//!
//! KILL ends one session, so that a plan with several victims has several steps. A step is proposed when the one before
//! it was verified; a step whose conditions do not hold any more is not needed.

mod connections;
mod deadlock;
mod forgotten;
mod lock_pile_up;
mod metadata_lock;
mod step;

use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::Procedure;

/// In the order of the documentation.
pub(super) static PROCEDURES: &[Procedure] = &[
    Procedure {
        id: "C4",
        title: "Deadlocks: who met whom, and what makes them rare",
        kinds: &[ErrorKind::Deadlock],
        causes: &[Cause::Deadlock],
        plan: deadlock::plan,
    },
    Procedure {
        id: "C5",
        title: "End the session at the root of a lock pile-up",
        kinds: &[ErrorKind::LockTimeout],
        causes: &[Cause::LockWaitChain],
        plan: lock_pile_up::plan,
    },
    Procedure {
        id: "C6",
        title: "Free connections, the largest idle group first",
        kinds: &[ErrorKind::TooManyConnections],
        causes: &[Cause::ConnectionSaturation],
        plan: connections::plan,
    },
    Procedure {
        id: "C19b",
        title: "Let a table go that a change waits for, or take the change back",
        kinds: &[ErrorKind::LockTimeout],
        causes: &[Cause::MetadataLock],
        plan: metadata_lock::plan,
    },
    Procedure {
        id: "MY20",
        title: "End a transaction that its client has forgotten",
        kinds: &[],
        causes: &[Cause::IdleInTransaction],
        plan: forgotten::plan,
    },
];
