//! MySQL and MariaDB as one engine with two flavours: its line in the registry. One file per concern beside it.

mod connect;
mod definitions;
mod diagnose;
mod dialect;
mod fix;
mod hosting;
mod procedures;
pub mod reports;
mod sample;
mod schema;
mod session;
mod simulate;
mod views;
mod wire;

use crate::domain::target::EngineId;
use crate::engine::gates::Gates;
use crate::engine::{EngineSpec, Query};

/// The engine's id.
pub const ID: EngineId = EngineId("mysql");

/// The registry line.
pub static SPEC: EngineSpec = EngineSpec {
    id: ID,
    name: "MySQL",
    schemes: &["mysql", "mariadb"],
    file_endings: &[],
    has_sessions: true,
    takes_password: true,
    minimum_version: "MySQL 8.0, MariaDB 10.6",
    least_privilege: include_str!("least_privilege.sql"),
    least_privilege_fix: include_str!("least_privilege_fix.sql"),
    gates: Gates {
        // `tx_read_only` or `transaction_read_only`, by product and version.
        read_only: Some(("SHOW SESSION VARIABLES LIKE 't%_read_only'", "ON")),
        two_at_once: Some(&Query { name: "gates.two_at_once", text: "SELECT 1; SELECT 2", timeout_ms: 1_000 }),
    },
    hosting: &hosting::HOSTING,
    presets: &[],
    dialect: dialect::DIALECT,
    views: views::VIEWS,
    address: connect::address,
    destination: connect::destination,
    connect: connect::connect,
    sample: sample::sample,
    reports: Some(reports::reports),
    fixing: &fix::FIXING,
    examination: &diagnose::EXAMINATION,
    definitions: Some(&definitions::DEFINITIONS),
    simulations: simulate::SIMULATIONS,
    schema: schema::schema,
    with_database: connect::with_database,
    discover: connect::discover,
};
