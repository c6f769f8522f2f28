//! DBA-GPT: a terminal for database administrators.
//!
//! ```text
//! main -> runtime -> { ui, cli, engine, store, secrets, export, config, demo }
//!                      ui, cli -> app -> domain            cli also sees config, export and engine's registry
//!                      the others -> domain
//! ```

pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod export;
pub mod runtime;
pub mod secrets;
pub mod store;
pub mod ui;
