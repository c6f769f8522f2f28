//! MongoDB as an engine. One file per concern beside it.

mod dialect;

use crate::domain::target::EngineId;

pub use dialect::DIALECT;

/// The engine's id.
pub const ID: EngineId = EngineId("mongodb");
