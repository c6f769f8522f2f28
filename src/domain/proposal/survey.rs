//! What an engine finds on a server about one act, without changing anything: where it is, what it touches, what it
//! would cost, how it can be undone, and whether the login may do it.

use super::super::guard::ticket::{Gravity, Precondition, TouchedObject};
use super::super::target::Timestamp;
use serde::{Deserialize, Serialize};

/// Which server answered, read anew each time: a standby may have been promoted under an open connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The database.
    pub database: String,
    /// Role in its cluster, the engine's word.
    pub role: String,
    /// What tells this server from every other, where it has such a name.
    pub server: Option<String>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// Timeline, term or run id: what changes with a failover.
    pub epoch: Option<String>,
}

/// A table that an act changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Footprint {
    /// Its full name.
    pub name: String,
    /// Rows in it, by the server's estimate.
    pub rows: Option<u64>,
    /// Its size with indexes, bytes.
    pub bytes: Option<u64>,
}

/// What an act would do. What is not known is none, never zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blast {
    /// Rows that change, by the planner.
    pub estimated_rows: Option<u64>,
    /// Rows that change, counted.
    pub exact_rows: Option<u64>,
    /// Tables that change, with their sizes.
    pub tables: Vec<Footprint>,
    /// Locks and whom they stop: `ROW EXCLUSIVE on app.orders: readers and writers go on`. Empty when it takes none.
    pub locks: String,
    /// The whole table is written anew.
    pub rewrite: Option<bool>,
    /// What replicas feel.
    pub replicas: Option<String>,
    /// What the disk feels.
    pub disk: Option<String>,
    /// Anything else to know, a sentence each.
    pub notes: Vec<String>,
    /// How grave the engine takes it for at least, by its kind.
    pub at_least: Gravity,
}

impl Default for Blast {
    fn default() -> Self {
        Self {
            estimated_rows: None,
            exact_rows: None,
            tables: Vec::new(),
            locks: String::new(),
            rewrite: None,
            replicas: None,
            disk: None,
            notes: Vec::new(),
            at_least: Gravity::Low,
        }
    }
}

/// How an act can be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inverse {
    /// By these statements, prepared and stored before the act.
    Statements(Vec<String>),
    /// By statements that are made from the prior rows, which the act's own transaction reads under lock, up to so
    /// many, and which are stored before the act.
    FromRows(u64),
    /// Not at all, and why.
    None(String),
}

impl Inverse {
    /// In one sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Statements(statements) => match statements.as_slice() {
                [one] => format!("yes: {one}"),
                many => format!("yes, by {} statements", many.len()),
            },
            Self::FromRows(most) => {
                format!("yes: the rows as they were (at most {most}) are stored before the act")
            }
            Self::None(why) => format!("NO: {why}"),
        }
    }
}

/// Whether the login that would run it has the right to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rights {
    /// It has.
    Held,
    /// It has not; the statements that would give it.
    Missing(Vec<String>),
    /// The reading login cannot see that; it is asked again under the fix login, before anything is sent.
    Unknown(String),
}

/// Time limits of the act on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// For the statement, milliseconds; 0 for none.
    pub statement_ms: u64,
    /// For each wait for a lock, milliseconds.
    pub lock_ms: u64,
}

impl Timeouts {
    /// For what changes rows: a minute, and half a second for each lock (safety.md G22).
    pub const ROWS: Self = Self { statement_ms: 60_000, lock_ms: 500 };
    /// For what changes objects at once: squawk advises 5 s and 1 s; half a second keeps G22.
    pub const OBJECTS: Self = Self { statement_ms: 30_000, lock_ms: 500 };
    /// For what is built beside the traffic: it has to outwait every older snapshot.
    pub const CONCURRENT: Self = Self { statement_ms: 0, lock_ms: 600_000 };
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Which server answered.
    pub place: Place,
    /// What it touches, resolved.
    pub objects: Vec<TouchedObject>,
    /// What was checked, with what was found.
    pub preconditions: Vec<Precondition>,
    /// What it would do.
    pub blast: Blast,
    /// How it can be undone.
    pub inverse: Inverse,
    /// Whether the fix login may do it.
    pub rights: Rights,
    /// Time limits of the act.
    pub timeouts: Timeouts,
}
