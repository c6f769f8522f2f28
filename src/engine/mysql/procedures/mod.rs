//! What is done about causes on MySQL and MariaDB: one file a procedure. Ids that begin with C are those of the
//! catalogue of procedures, ids that begin with MY those of the rule that fires.
//!
//! KILL ends one session, so that a plan with several victims has several steps. A step is proposed when the one before
//! it was verified; a step whose conditions do not hold any more is not needed.

mod connections;
mod deadlock;
mod disk;
mod forgotten;
mod lock_pile_up;
mod metadata_lock;
mod missing_column;
mod missing_index;
mod missing_table;
mod replica;
mod settings;
mod step;
mod upkeep;

use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::Procedure;

/// In the order of the documentation.
pub(super) static PROCEDURES: &[Procedure] = &[
    Procedure {
        id: "C1",
        title: "Bring back a table that statements miss",
        kinds: &[ErrorKind::TableNotFound],
        causes: &[Cause::MissingTable],
        plan: missing_table::plan,
    },
    Procedure {
        id: "C2",
        title: "Find the column that statements mean",
        kinds: &[ErrorKind::ColumnNotFound],
        causes: &[Cause::MissingColumn],
        plan: missing_column::plan,
    },
    Procedure {
        id: "C3",
        title: "Build the index that a statement lacks",
        kinds: &[],
        causes: &[Cause::MissingIndex, Cause::PoorJoin, Cause::CorrelatedSubquery],
        plan: missing_index::plan,
    },
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
        id: "C8b",
        title: "Let replication go on",
        kinds: &[ErrorKind::ReplicationError],
        causes: &[Cause::ReplicationBroken],
        plan: replica::plan,
    },
    Procedure {
        id: "C19",
        title: "Give temporary tables and sorts more memory",
        kinds: &[],
        causes: &[Cause::DiskSpill],
        plan: settings::temporary,
    },
    Procedure {
        id: "C19b",
        title: "Let a table go that a change waits for, or take the change back",
        kinds: &[ErrorKind::LockTimeout],
        causes: &[Cause::MetadataLock],
        plan: metadata_lock::plan,
    },
    Procedure {
        id: "C20",
        title: "Remove binary logs that nobody needs",
        kinds: &[ErrorKind::DiskFull],
        causes: &[Cause::DiskFull],
        plan: disk::plan,
    },
    Procedure {
        id: "MY15",
        title: "Make the redo log larger",
        kinds: &[],
        causes: &[Cause::CheckpointPressure],
        plan: settings::redo,
    },
    Procedure {
        id: "MY20",
        title: "End a transaction that its client has forgotten",
        kinds: &[],
        causes: &[Cause::IdleInTransaction],
        plan: forgotten::plan,
    },
    Procedure {
        id: "MY27",
        title: "Drop indexes that another one makes spare",
        kinds: &[],
        causes: &[Cause::RedundantIndexes],
        plan: upkeep::redundant,
    },
    Procedure {
        id: "MY62",
        title: "Read the statistics of a table anew",
        kinds: &[],
        causes: &[Cause::BadStatistics],
        plan: upkeep::statistics,
    },
    Procedure {
        id: "SETTING",
        title: "Set a setting back that does harm",
        kinds: &[ErrorKind::ConfigurationError],
        causes: &[Cause::ConfigRegression],
        plan: settings::wrong,
    },
];
