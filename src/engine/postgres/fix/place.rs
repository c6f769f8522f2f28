//! Which server answers, read anew each time.

use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Place;
use crate::domain::target::Timestamp;
use crate::engine::{Query, Session};

static PLACE: Query = Query {
    name: "fix.place",
    text: "SELECT current_database() AS database,
                  CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END AS role,
                  (extract(epoch FROM pg_postmaster_start_time()) * 1000)::int8 AS started",
    timeout_ms: 2_000,
};

/// Not every service lets everybody call it.
static SERVER: Query = Query {
    name: "fix.server",
    text: "SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS server,
                  (SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()) AS control,
                  CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline",
    timeout_ms: 2_000,
};

/// The timeline alone, where the control file is not for everybody.
static TIMELINE: Query = Query {
    name: "fix.timeline",
    text: "SELECT CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline",
    timeout_ms: 2_000,
};

/// Reads the place. What cannot be read is none, alike for every login that is let in.
pub(super) async fn place(session: &mut dyn Session) -> Result<Place, SessionError> {
    let rows = session.own(&PLACE, &[]).await?;
    let row = rows.rows.first().cloned().unwrap_or_default();
    let mut place = Place {
        database: rows.text(&row, "database"),
        role: rows.text(&row, "role"),
        started_at: rows.get(&row, "started").int().map(Timestamp),
        ..Place::default()
    };
    let more = match session.own(&SERVER, &[]).await {
        Ok(more) => more,
        Err(SessionError::Server(_)) => match session.own(&TIMELINE, &[]).await {
            Ok(more) => more,
            Err(SessionError::Server(_)) => return Ok(place),
            Err(lost) => return Err(lost),
        },
        Err(lost) => return Err(lost),
    };
    if let Some(row) = more.rows.first() {
        place.server = more.get(row, "server").plain();
        place.epoch = more.get(row, "timeline").plain().or_else(|| more.get(row, "control").plain());
    }
    Ok(place)
}
