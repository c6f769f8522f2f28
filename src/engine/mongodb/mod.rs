//! MongoDB as an engine: its line in the registry. One file per concern beside it.

mod cells;
mod columns;
mod connect;
mod definitions;
mod diagnose;
mod dialect;
mod fix;
mod hosting;
mod procedures;
mod reports;
mod sample;
mod schema;
mod session;
mod simulate;
mod views;
mod wire;

use crate::domain::target::EngineId;
use crate::engine::EngineSpec;
use crate::engine::gates::Gates;

pub use dialect::DIALECT;

/// The engine's id.
pub const ID: EngineId = EngineId("mongodb");

/// The registry line.
pub static SPEC: EngineSpec = EngineSpec {
    id: ID,
    name: "MongoDB",
    schemes: &["mongodb", "mongodb+srv"],
    file_endings: &[],
    has_sessions: true,
    takes_password: true,
    minimum_version: "MongoDB 4.4",
    least_privilege: include_str!("least_privilege.js"),
    least_privilege_fix: include_str!("least_privilege_fix.js"),
    gates: Gates::ROLE_ALONE,
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
