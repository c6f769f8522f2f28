//! What is done about causes on PostgreSQL: one file a procedure. Each is a pure function of what was read (the head of
//! `diagnose/mod.rs` lists it) to plans; a plan that would do harm to a look-alike says so in its `blocked`.

mod connections;
mod dead_rows;
mod deadlock;
mod disk;
mod idle;
mod invalid_index;
mod lag;
mod lock_pile_up;
mod missing_column;
mod missing_index;
mod missing_table;
mod redundant_index;
mod seen;
mod settings;
mod slot;
mod statistics;
mod step;
#[cfg(test)]
mod tests;
mod wraparound;

use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::Procedure;

/// In the order of the documentation; those of the advisor's own checks come after the numbered ones.
pub(super) static PROCEDURES: &[Procedure] = &[
    Procedure {
        id: "C1",
        title: "find or bring back a missing table",
        kinds: &[ErrorKind::TableNotFound, ErrorKind::ObjectNotFound],
        causes: &[Cause::MissingTable],
        plan: missing_table::plan,
    },
    Procedure {
        id: "C2",
        title: "name or bring back a missing column",
        kinds: &[ErrorKind::ColumnNotFound],
        causes: &[Cause::MissingColumn],
        plan: missing_column::plan,
    },
    Procedure {
        id: "C3",
        title: "build the index that a statement lacks",
        kinds: &[],
        causes: missing_index::CAUSES,
        plan: missing_index::plan,
    },
    Procedure {
        id: "C4",
        title: "keep transactions from deadlocks",
        kinds: &[ErrorKind::Deadlock],
        causes: &[Cause::Deadlock],
        plan: deadlock::plan,
    },
    Procedure {
        id: "C5",
        title: "free those who wait for a lock",
        kinds: &[ErrorKind::LockTimeout, ErrorKind::ObjectInUse],
        causes: &[Cause::LockWaitChain, Cause::LockContention, Cause::MetadataLock, Cause::IdleInTransaction],
        plan: lock_pile_up::plan,
    },
    Procedure {
        id: "C6",
        title: "free connections and limit who takes them",
        kinds: &[ErrorKind::TooManyConnections],
        causes: &[Cause::ConnectionSaturation],
        plan: connections::plan,
    },
    Procedure {
        id: "C7",
        title: "make room on the disk",
        kinds: &[ErrorKind::DiskFull],
        causes: &[Cause::DiskFull],
        plan: disk::plan,
    },
    Procedure {
        id: "C8",
        title: "let a replica catch up",
        kinds: &[ErrorKind::ReplicationError],
        causes: &[Cause::ReplicationLag],
        plan: lag::plan,
    },
    Procedure {
        id: "C9",
        title: "free the log from a slot that nobody reads",
        kinds: &[],
        causes: &[Cause::StuckSlot],
        plan: slot::plan,
    },
    Procedure {
        id: "C10",
        title: "clean up dead rows",
        kinds: &[],
        causes: &[Cause::DeadTuples, Cause::Bloat],
        plan: dead_rows::plan,
    },
    Procedure {
        id: "C11",
        title: "freeze before transaction numbers run out",
        kinds: &[],
        causes: &[Cause::XidWraparound],
        plan: wraparound::plan,
    },
    Procedure {
        id: "PG02",
        title: "end forgotten transactions",
        kinds: &[],
        causes: &[Cause::IdleInTransaction],
        plan: idle::forgotten,
    },
    Procedure {
        id: "PG03",
        title: "stop a transaction that works for very long",
        kinds: &[],
        causes: &[Cause::LongTransaction],
        plan: idle::long,
    },
    Procedure {
        id: "PG18",
        title: "repair or drop an index that is half built",
        kinds: &[],
        causes: &[Cause::InvalidIndex],
        plan: invalid_index::plan,
    },
    Procedure {
        id: "PG21",
        title: "drop indexes that nobody needs",
        kinds: &[],
        causes: &[Cause::RedundantIndexes],
        plan: redundant_index::plan,
    },
    Procedure {
        id: "PG29",
        title: "read statistics anew",
        kinds: &[],
        causes: &[Cause::BadStatistics],
        plan: statistics::plan,
    },
    Procedure {
        id: "PG32",
        title: "give sorts and checkpoints more room",
        kinds: &[],
        causes: &[Cause::DiskSpill, Cause::CheckpointPressure],
        plan: settings::larger,
    },
    Procedure {
        id: "PG56",
        title: "bring a setting back",
        kinds: &[ErrorKind::ConfigurationError],
        causes: &[Cause::ConfigRegression, Cause::DeadTuples],
        plan: settings::regression,
    },
];
