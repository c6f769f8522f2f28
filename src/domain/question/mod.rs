//! A DBA's question in words -> an intent with its slots.

mod intent;
mod selection;

pub use intent::{
    ColumnSearch, ConnectionKey, FleetQuestion, Intent, KeyDirection, ListKind, Relation, Scope, TableList, TableOrder,
    Topic, TypeFamily,
};
pub use selection::{
    Aggregate, Bucket, ColumnRef, Comparison, Filter, Group, Join, LikeKind, Literal, Measure, Order, OrderKey, Output,
    Period, Selection,
};

use super::schema::Schema;
use super::target::Timestamp;

/// What was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood {
    /// The intent.
    pub intent: Intent,
    /// How words were read where that was not plain: `"user" read as table customers`.
    pub notes: Vec<String>,
    /// The question is about all targets, not one (`which replicas lag?`).
    pub fleet: bool,
}

/// How an intent is answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// One line that leads the answer.
    pub title: String,
    /// Statements to run, in order; each result is shown under its own title.
    pub statements: Vec<AnswerStatement>,
    /// An answer that needs no statement: a diagram, a join path, an explanation.
    pub text: Option<String>,
    /// What to know about it: estimates, missing extensions, counters since when.
    pub notes: Vec<String>,
}

/// One statement of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerStatement {
    /// What its result is.
    pub title: String,
    /// The statement, one single read.
    pub statement: String,
}

/// An honest "cannot".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cannot {
    /// Why not.
    pub reason: String,
    /// Names that were perhaps meant.
    pub did_you_mean: Vec<String>,
    /// Questions of this kind that can be answered, worded so that they can be typed.
    pub can: Vec<String>,
}

/// Reads a question. `now` and `offset_minutes` (local time minus UTC) give "last week" and "at 02:10" a meaning.
///
/// # Errors
/// `Cannot` when no intent fits or a name is unknown; it never guesses silently.
pub fn understand(text: &str, schema: &Schema, now: Timestamp, offset_minutes: i32) -> Result<Understood, Cannot> {
    let _ = (text, schema, now, offset_minutes);
    Err(Cannot::default())
}
