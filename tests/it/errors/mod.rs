//! Errors of real servers, named from their words alone: what the server answers is handed over without the code that it
//! came with, and code and kind must come back. Lines of our own stand in for what cannot be provoked here.

#![allow(clippy::enum_glob_use, reason = "tables of kinds read better without the name of the list before each")]

mod mongodb;
mod mysql;
mod oracle;
mod postgres;
mod redis;
mod sqlite;
mod tables;

use dba_gpt::domain::error::naming::{Understood, understand};
use dba_gpt::engine;

/// What is understood of a text, with nothing else known.
fn understood(engine: &str, text: &str) -> Understood {
    understand(engine::errors_of(engine).unwrap(), text, None)
}
