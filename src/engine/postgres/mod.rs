//! PostgreSQL as an engine: its line in the registry. One file per concern beside it.

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
use crate::engine::gates::Gates;
use crate::engine::{EngineSpec, Preset, Query};

/// The engine's id.
pub const ID: EngineId = EngineId("postgres");

/// The registry line.
pub static SPEC: EngineSpec = EngineSpec {
    id: ID,
    name: "PostgreSQL",
    schemes: &["postgres", "postgresql"],
    file_endings: &[],
    has_sessions: true,
    takes_password: true,
    minimum_version: "PostgreSQL 12",
    least_privilege: include_str!("least_privilege.sql"),
    least_privilege_fix: include_str!("least_privilege_fix.sql"),
    gates: Gates {
        read_only: Some(("SELECT pg_catalog.current_setting('transaction_read_only')", "on")),
        two_at_once: Some(&Query { name: "gates.two_at_once", text: "SELECT 1; SELECT 2", timeout_ms: 1_000 }),
    },
    hosting: &hosting::HOSTING,
    presets: &[Preset { name: "supabase", prepare: connect::prepare_supabase }],
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
