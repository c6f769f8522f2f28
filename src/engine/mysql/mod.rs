//! MySQL and MariaDB: one engine with two flavours.

#[allow(dead_code, reason = "the registry takes it in together with the driver")]
mod dialect;

use crate::domain::target::EngineId;

/// Name of the engine.
pub const ID: EngineId = EngineId("mysql");
