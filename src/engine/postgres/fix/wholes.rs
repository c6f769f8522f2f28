//! What goes as a whole with a table or a column: how many rows and values others may have written into it.

use super::super::dialect::quote;
use super::objects;
use super::rows;
use super::shape::{self, Action, What};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::Draft;
use crate::domain::rows::Value;
use crate::engine::{Session, Task};

/// Rows that are counted, at most.
const COUNTED: u64 = 100_000;

/// Counts them.
pub(super) fn wholes<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
) -> Task<'a, Result<Vec<Precondition>, SessionError>> {
    Box::pin(async move {
        // What has no shape (a call) was surveyed as what it is, and drops neither.
        let Ok(shape) = shape::read(&draft.statement) else { return Ok(Vec::new()) };
        let columns: Vec<String> = match &shape.what {
            What::Drop("TABLE") => Vec::new(),
            What::Alter(_, actions) => {
                let dropped = |action: &Action| match action {
                    Action::DropColumn { name } => Some(quote(name)),
                    _ => None,
                };
                let columns: Vec<String> = actions.iter().filter_map(dropped).collect();
                if columns.is_empty() {
                    return Ok(Vec::new());
                }
                columns
            }
            _ => return Ok(Vec::new()),
        };
        let found = objects::resolve(session, &shape).await?;
        let mut all = Vec::new();
        for table in found.iter().filter(|f| matches!(f.kind.as_str(), "r" | "p")) {
            let name = &table.full_name;
            if columns.is_empty() {
                let text = format!("SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {}) AS counted", COUNTED + 1);
                all.push(counted(session, format!("rows of {name}"), &text).await?);
            }
            for column in &columns {
                let text = format!(
                    "SELECT count({column}) FROM (SELECT {column} FROM {name} LIMIT {}) AS counted",
                    COUNTED + 1
                );
                all.push(counted(session, format!("values of {name}.{column}"), &text).await?);
            }
        }
        Ok(all)
    })
}

async fn counted(session: &mut dyn Session, what: String, text: &str) -> Result<Precondition, SessionError> {
    let rows = rows::ask(session, text).await?.map_err(SessionError::Unsupported)?;
    let number = rows.rows.first().and_then(|row| row.first()).and_then(Value::plain);
    let found = number.ok_or_else(|| SessionError::Unsupported(format!("{what} could not be counted")))?;
    Ok(Precondition { text: what, found })
}
