//! Definitions of tables, views and sequences, as statements that make each exactly as it is.
//!
//! ```text
//! queries   the catalogue's hashes, and everything about some objects as JSON
//! parts     the shape of that JSON        write   statements made of it, pure
//! ```

mod parts;
mod queries;
mod write;

use crate::domain::definition::{Definition, Fingerprint, Fingerprints};
use crate::domain::error_event::SessionError;
use crate::engine::{Definitions, Param, Session, Task};
use parts::Parts;

/// The registry's entry.
pub(super) static DEFINITIONS: Definitions = Definitions { fingerprints, read };

/// Objects of a database that are looked at, at most.
const MOST: i64 = 20_000;
/// Objects whose parts are read at once.
const AT_ONCE: usize = 50;

fn fingerprints(session: &mut dyn Session) -> Task<'_, Result<Fingerprints, SessionError>> {
    Box::pin(async move {
        let rows = session.own(&queries::FINGERPRINTS, &[Param::Int(MOST)]).await?;
        let all = rows
            .rows
            .iter()
            .map(|row| Fingerprint {
                space: rows.text(row, "space"),
                name: rows.text(row, "name"),
                print: rows.text(row, "print"),
            })
            .collect();
        let cut = rows.truncated.is_some() || i64::try_from(rows.rows.len()).is_ok_and(|n| n >= MOST);
        Ok(Fingerprints { all, cut })
    })
}

fn read(session: &mut dyn Session, objects: Vec<Fingerprint>) -> Task<'_, Result<Vec<Definition>, SessionError>> {
    Box::pin(async move {
        let mut found = Vec::new();
        let mut waiting: Vec<&[Fingerprint]> = objects.chunks(AT_ONCE).collect();
        while let Some(some) = waiting.pop() {
            match definitions(session, some).await {
                Ok(read) => found.extend(read),
                // One of them cannot be printed, or is locked: it takes only itself away.
                Err(SessionError::Server(_) | SessionError::Deadline(_)) => {
                    if some.len() > 1 {
                        let (left, right) = some.split_at(some.len() / 2);
                        waiting.extend([left, right]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    })
}

async fn definitions(session: &mut dyn Session, objects: &[Fingerprint]) -> Result<Vec<Definition>, SessionError> {
    let named: Vec<_> =
        objects.iter().map(|object| serde_json::json!({ "space": object.space, "name": object.name })).collect();
    let named = serde_json::Value::from(named).to_string();
    let rows = session.own(&queries::PARTS, &[Param::Text(named)]).await?;
    let parts = rows.rows.iter().filter_map(|row| serde_json::from_str::<Parts>(&rows.text(row, "parts")).ok());
    let one = |parts: Parts| {
        let object = objects.iter().find(|object| object.space == parts.space && object.name == parts.name)?;
        Some(write::definition(&parts, object.clone()))
    };
    Ok(parts.filter_map(one).collect())
}
