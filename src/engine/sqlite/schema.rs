//! The objects of the connected database.

use crate::domain::error_event::SessionError;
use crate::domain::guard::Catalog;
use crate::domain::schema::Schema;
use crate::engine::{Session, Task};

pub(super) fn schema(_session: &mut dyn Session) -> Task<'_, Result<(Schema, Catalog), SessionError>> {
    Box::pin(async { Err(SessionError::Unsupported("to be written".into())) })
}
