//! One collection: readings and sessions.

use crate::domain::activity::Sample;
use crate::domain::error_event::SessionError;
use crate::engine::{Session, Task};

pub(super) fn sample(_session: &mut dyn Session, _cycle: u64) -> Task<'_, Result<Sample, SessionError>> {
    Box::pin(async { Err(SessionError::Unsupported("to be written".into())) })
}

/// Readings that are too costly to take every time.
#[derive(Debug, Default)]
pub(crate) struct Memory {}
