//! SQLite as an engine: its line in the registry. One file per concern beside it.

mod aside;
mod authorizer;
mod cells;
mod connect;
mod definitions;
mod diagnose;
mod dialect;
mod facts;
mod files;
mod fix;
mod location;
mod locks;
mod open;
mod procedures;
mod sample;
mod schema;
mod session;
mod simulate;
mod views;
mod wal;
mod worker;

use crate::domain::hosting::Hosting;
use crate::domain::target::EngineId;
use crate::engine::gates::Gates;
use crate::engine::{Destination, EngineSpec};

/// The engine's id.
pub const ID: EngineId = EngineId("sqlite");

/// The registry line.
pub static SPEC: EngineSpec = EngineSpec {
    id: ID,
    name: "SQLite",
    schemes: &["sqlite"],
    file_endings: &[".db", ".sqlite", ".sqlite3"],
    has_sessions: false,
    takes_password: false,
    minimum_version: "SQLite 3 files",
    least_privilege: "",
    least_privilege_fix: "",
    // Two statements in one text never leave this process: there is no server that could take them.
    gates: Gates { read_only: Some(("PRAGMA query_only", "1")), two_at_once: None },
    hosting: &Hosting::NONE,
    presets: &[],
    dialect: dialect::DIALECT,
    views: views::VIEWS,
    address: connect::address,
    // A file is on no server, and nobody logs in to it.
    destination: |_, _| Ok(Destination::default()),
    connect: connect::connect,
    sample: sample::sample,
    reports: None,
    fixing: &fix::FIXING,
    examination: &diagnose::EXAMINATION,
    definitions: Some(&definitions::DEFINITIONS),
    simulations: simulate::SIMULATIONS,
    schema: schema::schema,
    with_database: connect::with_database,
    discover: files::discover,
};
