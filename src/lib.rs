//! DBA-GPT: a terminal for database administrators. This is the map of the code.
//!
//! # Layers
//!
//! ```text
//! main -> runtime -> { ui, cli, engine, store, secrets, export, config, demo }
//!                      ui, cli -> app -> domain        cli also sees config, export and engine's registry
//!                      the others -> domain            the demo is told by the runtime; nobody else sees it
//! ```
//!
//! [`domain`] knows no screen, driver, file, clock or async. [`app`] knows no driver, screen or async. The outer
//! modules never see each other: `engine` never sees `store`, `ui` never sees `engine`; what two of them share is a
//! domain value or a domain trait. A test reads the sources and holds this picture against them.
//!
//! # Flow
//!
//! ```text
//! keys -> ui::on_key -> Action -+
//! watchers, readers, store -----+-> Event -> app::update(&mut Model) -> Vec<Effect> -> runtime::perform
//! time -------------------------+                  |                                        |
//!        ^                                         +-> ui::draw(&Model), on change          |
//!        +--------------------------- bounded inbox <---------------------------------------+
//! ```
//!
//! # Invariants
//!
//! - A statement reaches a server only as [`domain::guard::Allowed`], which [`domain::guard::allow`] alone makes, or
//!   as one of our own constant queries ([`engine::Query`]).
//! - Every read is bounded in rows, bytes, cell and time, runs in a transaction that can only read, and is rolled
//!   back; stopping it cancels it on the server.
//! - Text from a database, a log or a file passes [`domain::text::escape`] before a terminal and
//!   [`domain::text::redact`] before a log or the store.
//! - Every answer carries the number of its question; late answers are dropped. Input is never dropped.
//! - A missing reading is missing: never zero, and unknown is never "ok".
//! - Time is an argument; only `runtime` reads the clock (sessions, the store's thread and the demo measure spans).
//! - Nothing waits in the loop: one task a target watches, one reads, and each owns its connection.
//!
//! # Where do I change what
//!
//! | to change | look at |
//! |---|---|
//! | what a key does, the footer, help, palette, `:` words | `app/action.rs` (one registry) and the act in `app/update.rs` |
//! | a question that is understood | `domain/question/` (words -> intent), `engine/*/dialect/questions/` (intent -> SQL) |
//! | what the guard lets through | `engine/*/dialect/classify/` |
//! | a metric, a health rule | `domain/metric.rs`, `domain/health.rs`, and the engine's `sample` |
//! | a view of the server screen | `engine/*/views.rs` (one query) |
//! | a setting | `config/settings.rs` (one registry) |
//! | a command | `cli/`, one file each, and `config/args.rs` |
//! | what is remembered | `store/`, one file per table family, and a migration |
//! | an engine | a folder in `engine/`, one line in `ENGINES`, one dependency |

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
