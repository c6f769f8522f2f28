//! What goes as a whole with a table or a column: how many rows and values others may have written into it.

use super::deed::{self, Alteration, Deed, What};
use super::survey::counted;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::Draft;
use crate::engine::sqlite::dialect::DIALECT;
use crate::engine::{Session, Task};

/// Counts them.
pub(super) fn wholes<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
) -> Task<'a, Result<Vec<Precondition>, SessionError>> {
    Box::pin(async move {
        let quote = |name: &str| DIALECT.quote(name);
        let (what, text) = match deed::read(&draft.statement).map_err(SessionError::Unsupported)? {
            Deed::Drop { what: What::Table, name, .. } => {
                (format!("rows of {name}"), format!("SELECT count(*) FROM main.{}", quote(&name)))
            }
            Deed::Alter { table, change: Alteration::DropColumn(column) } => (
                format!("values of {table}.{column}"),
                format!("SELECT count({}) FROM main.{}", quote(&column), quote(&table)),
            ),
            _ => return Ok(Vec::new()),
        };
        let number = counted(session, &text).await?;
        let found = number.ok_or_else(|| SessionError::Unsupported(format!("{what} could not be counted in time")))?;
        Ok(vec![Precondition { text: what, found: found.to_string() }])
    })
}
