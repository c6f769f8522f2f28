//! MySQL and MariaDB: one engine with two flavours.

mod dialect;

use crate::domain::target::EngineId;

/// Name of the engine.
pub const ID: EngineId = EngineId("mysql");
