//! Checks: what can be asked of a server before and after an act, as data. The engine answers them by reading.

use crate::domain::diagnosis::Cause;
use crate::domain::proposal::kind::{FixKind, ObjectRef, SessionRef};
use serde::{Deserialize, Serialize};

/// Which way a reading is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// At most the number.
    AtMost,
    /// At least the number.
    AtLeast,
}

/// One question to a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// A metric of a fresh sample, by its name in [`crate::domain::metric::METRICS`].
    Reading {
        /// The metric.
        metric: String,
        /// Which way.
        is: Comparison,
        /// The number, in the metric's unit.
        value: f64,
    },
    /// None of these sessions is there any more, as the same ones.
    SessionsGone(Vec<SessionRef>),
    /// Each of these sessions is there, holds a lock, and at least so many others wait for it, directly or through
    /// others.
    Blocks(SessionRef, u64),
    /// Nobody waits for these sessions any more.
    NobodyWaitsFor(Vec<SessionRef>),
    /// These sessions are idle (in a transaction or not) for at least so many seconds.
    IdleFor(Vec<SessionRef>, u64),
    /// The server understands the statement: it can be explained or prepared.
    Understands(String),
    /// The object is there.
    Exists(ObjectRef),
    /// It is not.
    Absent(ObjectRef),
    /// The index is there and whole.
    IndexUsable(ObjectRef, String),
    /// There is no such index, and nothing is left of it.
    IndexGone(ObjectRef, String),
    /// The index is there, not whole, and nobody is building it.
    IndexInvalid(ObjectRef, String),
    /// The plan of the statement uses the index.
    PlanUses {
        /// The statement.
        statement: String,
        /// The index.
        index: String,
    },
    /// The setting has this value.
    SettingIs {
        /// Its name.
        name: String,
        /// The value, as the server shows it or an equal of it.
        value: String,
    },
    /// What this kind of act sets is set: a role's setting, a limit of connections, an option of a table.
    InForce(Box<FixKind>),
    /// The replication slot is used by nobody for at least so many seconds, as far as the server can tell.
    SlotUnused(String, u64),
    /// There is no such slot.
    SlotGone(String),
    /// Dead row versions of a table, at most, per cent of all.
    DeadRowsAtMost(ObjectRef, u8),
    /// The table's statistics are newer than so many seconds.
    AnalyzedWithin(ObjectRef, u64),
    /// Replication runs.
    ReplicationRuns,
    /// These keys are gone.
    KeysGone(Vec<String>),
    /// A write works, and is undone again.
    WritesWork,
    /// The database is whole, by the engine's own check.
    Intact,
    /// The number that a statement of the person's own gives, which only reads: its first row, in this column or the
    /// first. Answered by whoever asks, through the reading door.
    Read {
        /// The statement.
        statement: String,
        /// The column; none for the first.
        column: Option<String>,
        /// Which way.
        is: Comparison,
        /// The number.
        value: f64,
    },
    /// A new look does not support this cause any more.
    CauseGone(Cause),
    /// All of these.
    All(Vec<Self>),
}

/// How it is known that an act helped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// What must hold.
    pub check: Check,
    /// Time in which it has to, milliseconds.
    pub within_ms: u64,
    /// In words, with the number: `blocked = 0 within 30 s`.
    pub words: String,
    /// For how long no error of the incident's pattern may come afterwards, milliseconds; 0 for none.
    pub hold_ms: u64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// Whether it holds; none when it cannot be known, which is never taken for yes.
    pub held: Option<bool>,
    /// What was found, in words. May hold untrusted text.
    pub found: String,
}

impl Verified {
    /// It holds or not, with what was found.
    pub fn new(held: bool, found: impl Into<String>) -> Self {
        Self { held: Some(held), found: found.into() }
    }
    /// It cannot be known, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { held: None, found: why.into() }
    }
}
