//! The pure half of MongoDB: commands as people write them, classify, names, questions.

pub(super) mod command;
mod shell;
mod syntax;
