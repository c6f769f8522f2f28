//! What goes as a whole with a table or a column: how many rows and values others may have written into it.

use super::asks::{Asks, Reading};
use super::survey::named;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::Draft;
use crate::domain::rows::Value;
use crate::engine::mysql::dialect::forms::alter::Part;
use crate::engine::mysql::dialect::forms::objects::Objects;
use crate::engine::mysql::dialect::forms::{self, Form};
use crate::engine::mysql::dialect::names::quote;
use crate::engine::{Session, Task};

/// Rows that are counted, at most.
const COUNTED: u64 = 100_000;

/// Counts them.
pub(super) fn wholes<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
) -> Task<'a, Result<Vec<Precondition>, SessionError>> {
    Box::pin(async move {
        let form = forms::read(&draft.statement).map_err(SessionError::Unsupported)?;
        let dropped = |part: &Part| match part {
            Part::DropColumn(name) => Some(quote(name)),
            _ => None,
        };
        let columns: Vec<String> = match &form {
            Form::Objects(Objects::DropTables { .. }) => Vec::new(),
            Form::Alter(alter) if alter.parts.iter().any(|part| dropped(part).is_some()) => {
                alter.parts.iter().filter_map(dropped).collect()
            }
            _ => return Ok(Vec::new()),
        };
        let connected = session.identity().database.clone();
        let tables = named(&form, &draft.statement, &connected).map_err(SessionError::Unsupported)?;
        let mut asks = Reading::new(session);
        let mut all = Vec::new();
        for (database, table) in tables {
            let full = format!("{}.{}", quote(&database), quote(&table));
            let within = |list: &str| format!("(SELECT {list} FROM {full} LIMIT {}) AS counted", COUNTED + 1);
            if columns.is_empty() {
                let text = format!("SELECT COUNT(*) FROM {}", within("1"));
                all.push(counted(&mut asks, format!("rows of {full}"), &text).await?);
            }
            for column in &columns {
                let text = format!("SELECT COUNT({column}) FROM {}", within(column));
                all.push(counted(&mut asks, format!("values of {full}.{column}"), &text).await?);
            }
        }
        Ok(all)
    })
}

async fn counted(asks: &mut Reading<'_>, what: String, text: &str) -> Result<Precondition, SessionError> {
    let rows = asks.read(text).await?;
    let number = rows.rows.first().and_then(|row| row.first()).and_then(Value::plain);
    let found = number.ok_or_else(|| SessionError::Unsupported(format!("{what} could not be counted")))?;
    Ok(Precondition { text: what, found })
}
