//! Redis and Valkey as an engine: its line in the registry. One file per concern beside it.

mod connect;
mod dialect;
mod sample;
mod schema;
mod session;
mod views;
mod wire;

use crate::domain::target::EngineId;
use crate::engine::EngineSpec;

/// The engine's id.
pub const ID: EngineId = EngineId("redis");

/// The registry line.
pub static SPEC: EngineSpec = EngineSpec {
    id: ID,
    name: "Redis",
    schemes: &["redis", "rediss", "valkey", "valkeys", "redis+unix", "valkey+unix", "unix"],
    file_endings: &[],
    has_sessions: true,
    takes_password: true,
    minimum_version: "Redis 6 or Valkey 7.2",
    least_privilege: include_str!("least_privilege.txt"),
    dialect: dialect::DIALECT,
    views: views::VIEWS,
    address: connect::address,
    connect: connect::connect,
    sample: sample::sample,
    schema: schema::schema,
    with_database: connect::with_database,
    discover: connect::discover,
};
