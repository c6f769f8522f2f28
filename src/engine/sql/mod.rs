//! What the SQL engines share: reading tokens exactly as the server does, finding what hides in them, keeping the
//! worst of several findings, listing rules of advice, telling a statement from a question, reading a plan; and a selection
//! written as a SELECT.

pub(crate) mod advice;
pub(crate) mod findings;
pub(crate) mod hidden;
pub(crate) mod lexer;
pub(crate) mod list;
pub(crate) mod literal;
pub(crate) mod plan;
pub(super) mod select;
pub(crate) mod sentence;
pub(crate) mod size;
pub(crate) mod words;
