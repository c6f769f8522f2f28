//! Intents -> statements of MySQL and MariaDB.

use crate::domain::question::{Answer, Cannot, Intent, examples};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;

pub(super) fn answer(_intent: &Intent, schema: &Schema, _now: Timestamp) -> Result<Answer, Cannot> {
    Err(Cannot { reason: "questions are not answered on MySQL".into(), can: examples(schema), ..Cannot::default() })
}
