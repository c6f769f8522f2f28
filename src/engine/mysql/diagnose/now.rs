//! One look at who waits for whom, outside of a watch: for checks before and after an act.

use super::probes;
use super::seen::locks::{Answers, Moment};
use crate::domain::error_event::SessionError;
use crate::domain::rows::Rows;
use crate::engine::{Query, Session};

/// Looks.
///
/// # Errors
/// When the list of sessions cannot be read. Lists of locks that the server does not give are left out.
pub(in crate::engine::mysql) async fn look(session: &mut dyn Session) -> Result<Moment, SessionError> {
    let sessions = session.own(&probes::SESSIONS, &[]).await?;
    let row_waits = part(session, &probes::ROW_WAITS).await?;
    let metadata_waits = part(session, &probes::METADATA_WAITS).await?;
    let metadata_holders = match metadata_waits {
        Some(_) => None,
        None => part(session, &probes::METADATA_HOLDERS).await?,
    };
    Ok(Moment::of(Answers {
        sessions: Some(&sessions),
        row_waits: row_waits.as_ref(),
        metadata_waits: metadata_waits.as_ref(),
        metadata_holders: metadata_holders.as_ref(),
    }))
}

async fn part(session: &mut dyn Session, query: &'static Query) -> Result<Option<Rows>, SessionError> {
    match session.own(query, &[]).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        Err(_) => Ok(None),
    }
}
