//! From an incident to a verified fix, as the core sees it: what is asked of the server, and what came of it.

use super::effect::Effect;
use super::event::RequestId;
use super::model::Model;
use crate::domain::procedure::Examined;
use crate::domain::target::TargetId;

/// A server is being watched for a diagnosis; per cent.
pub fn progress(_model: &mut Model, _id: RequestId, _percent: u8) {}

/// A diagnosis ended, or why there is none.
pub fn diagnosed(
    _model: &mut Model,
    _id: RequestId,
    _target: &TargetId,
    _result: Result<Box<Examined>, String>,
) -> Vec<Effect> {
    Vec::new()
}
