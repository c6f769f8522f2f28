//! x
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;
pub(super) fn answer(_intent: &Intent, _schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
    Err(Cannot::default())
}
