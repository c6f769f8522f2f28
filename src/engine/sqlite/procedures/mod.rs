//! What is done about causes on a SQLite file: one file a procedure or two.

mod indexes;
mod lock;
mod missing;
mod space;

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
        title: "find or make the missing table",
        kinds: &[ErrorKind::TableNotFound],
        causes: &[Cause::MissingTable],
        plan: missing::table,
    },
    Procedure {
        id: "C2",
        title: "find the missing column",
        kinds: &[ErrorKind::ColumnNotFound],
        causes: &[Cause::MissingColumn],
        plan: missing::column,
    },
    Procedure {
        id: "C3",
        title: "build or drop an index, read statistics",
        kinds: &[],
        causes: &[Cause::MissingIndex, Cause::RedundantIndexes, Cause::BadStatistics],
        plan: indexes::plan,
    },
    Procedure {
        id: "C7",
        title: "give space back to the disk",
        kinds: &[ErrorKind::DiskFull],
        causes: &[Cause::DiskFull, Cause::Bloat],
        plan: space::disk,
    },
    Procedure {
        id: "C21",
        title: "let writers in",
        kinds: &[ErrorKind::LockTimeout],
        causes: &[Cause::WriterLock, Cause::HeavyCommits, Cause::ConfigRegression],
        plan: lock::plan,
    },
    Procedure {
        id: "C21b",
        title: "save what a damaged file holds",
        kinds: &[ErrorKind::Corruption],
        causes: &[Cause::Corruption],
        plan: missing::damaged,
    },
    Procedure {
        id: "C22",
        title: "take the write-ahead log back",
        kinds: &[],
        causes: &[Cause::WalGrowth],
        plan: space::log,
    },
];

/// A step of a kind; why it cannot be one blocks the plan.
fn add(plan: &mut Plan, kind: FixKind, rung: Rung, verification: Verification, finish: impl FnOnce(&mut Step)) {
    steps::add(DIALECT, plan, kind, rung, verification, finish);
}

/// The name itself, without quotes and without what stands before its last point: `main."Orders"` is `Orders`.
pub(super) fn bare(object: &str) -> String {
    let name = object.trim().rsplit('.').next().unwrap_or(object);
    name.trim_matches(|c| matches!(c, '"' | '\'' | '`' | '[' | ']')).to_owned()
}
