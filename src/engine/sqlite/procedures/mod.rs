//! What is done about causes on SQLite: one file a procedure.

use crate::domain::procedure::Procedure;

/// In the order of the documentation.
pub(super) static PROCEDURES: &[Procedure] = &[];
