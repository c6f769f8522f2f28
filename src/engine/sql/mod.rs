//! What the SQL engines share before any grammar: reading tokens exactly as the server does, finding what hides in
//! them, keeping the worst of several findings, and telling a statement from a question.

pub(crate) mod findings;
pub(crate) mod hidden;
pub(crate) mod lexer;
pub(crate) mod literal;
pub(crate) mod sentence;
pub(crate) mod size;
