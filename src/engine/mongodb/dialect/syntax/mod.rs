//! Texts -> BSON values: JSON, extended JSON, and the literals of the MongoDB shell. Nothing is ever evaluated.
//!
//! ```text
//! text -> scanner (blanks, comments, strings, numbers, words)
//!      -> value (documents, arrays, literals) -> extended ({"$oid": ..}) | constructors (ObjectId(..)) -> dates
//!      -> chain (db.orders.find(..).limit(5)): names and arguments, no more
//! ```

pub(super) mod chain;
mod constructors;
mod dates;
mod extended;
pub(super) mod scanner;
pub(super) mod value;

use std::fmt;

/// Longest statement, bytes: far above what a person writes, far below what would make reading it slow.
const BYTES: usize = 1 << 20;
/// Deepest nesting of documents, arrays and calls: a server stores no document deeper than this.
const DEPTH: usize = 100;

/// What is wrong with a text, where, and what to type instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::mongodb) struct SyntaxError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong. May quote the text: untrusted.
    pub message: String,
    /// The text is longer or deeper than anything that is read.
    pub too_large: bool,
}

impl SyntaxError {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), too_large: false }
    }
    fn too_large(at: usize, message: String) -> Self {
        Self { at, message, too_large: true }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.message, self.at)
    }
}

impl std::error::Error for SyntaxError {}
