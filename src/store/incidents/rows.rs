//! An incident as a row: the whole of it is in the body, and the columns are what queries ask for.

use crate::domain::error::event::ErrorEvent;
use crate::domain::incident::{Incident, Key, RAW_EVENTS};
use rusqlite::{Connection, Params, Row, params};

/// The incident of a row whose first column is a body; none where another version of the program wrote it in a way
/// that this one cannot read.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Option<Incident>> {
    Ok(serde_json::from_str(row.get_ref(0)?.as_str()?).ok())
}

/// The readable incidents of a query whose first column is the body.
pub(super) fn select(db: &Connection, query: &str, parameters: impl Params) -> rusqlite::Result<Vec<Incident>> {
    let mut query = db.prepare_cached(query)?;
    let rows = query.query_map(parameters, read)?;
    rows.filter_map(Result::transpose).collect()
}

/// One incident.
pub(super) fn by_id(db: &Connection, id: u64) -> rusqlite::Result<Option<Incident>> {
    let found = select(db, "SELECT body FROM incidents WHERE id = ?1", [column(id)])?;
    Ok(found.into_iter().next())
}

/// The newest incident of a key.
pub(super) fn newest(db: &Connection, key: &Key) -> rusqlite::Result<Option<Incident>> {
    let query = "SELECT body FROM incidents WHERE target = ?1 AND signature = ?2 AND object IS ?3
                 ORDER BY id DESC LIMIT 1";
    let found = select(db, query, params![key.target.as_str(), key.signature, key.object])?;
    Ok(found.into_iter().next())
}

/// Writes an incident, new or changed.
pub(super) fn write(db: &Connection, incident: &Incident) -> rusqlite::Result<()> {
    let body = json(incident)?;
    db.prepare_cached(
        "INSERT INTO incidents (id, target, signature, object, similar, kind, severity, strategy, stage,
             resolution, condition, first_ms, last_ms, detected_ms, resolved_ms, count, reopened, cause, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, strategy = excluded.strategy,
             stage = excluded.stage, resolution = excluded.resolution, first_ms = excluded.first_ms,
             last_ms = excluded.last_ms, resolved_ms = excluded.resolved_ms, count = excluded.count,
             reopened = excluded.reopened, cause = excluded.cause, body = excluded.body",
    )?
    .execute(params![
        column(incident.id),
        incident.target.as_str(),
        incident.signature,
        incident.object,
        incident.group,
        incident.kind.word(),
        incident.severity.word(),
        incident.strategy.word(),
        incident.stage.word(),
        incident.resolution.as_ref().map(crate::domain::incident::stage::Resolution::word),
        incident.is_condition(),
        incident.first_at.0,
        incident.last_at.0,
        incident.detected_at.0,
        incident.resolved_at.map(|at| at.0),
        column(incident.count),
        incident.reopened,
        incident.cause.map(column),
        body,
    ])?;
    Ok(())
}

/// Keeps an error as it came, and forgets those of its incident that are older than the newest few.
pub(super) fn write_event(db: &Connection, incident: u64, event: &ErrorEvent) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO incident_events (incident, number, body)
         SELECT ?1, coalesce(max(number), 0) + 1, ?2 FROM incident_events WHERE incident = ?1",
    )?
    .execute(params![column(incident), json(event)?])?;
    db.prepare_cached(
        "DELETE FROM incident_events WHERE incident = ?1
             AND number <= (SELECT max(number) FROM incident_events WHERE incident = ?1) - ?2",
    )?
    .execute(params![column(incident), i64::try_from(RAW_EVENTS).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// The newest errors of an incident, oldest first.
pub(super) fn events(db: &Connection, incident: u64) -> rusqlite::Result<Vec<ErrorEvent>> {
    let mut query = db.prepare_cached("SELECT body FROM incident_events WHERE incident = ?1 ORDER BY number")?;
    let rows = query.query_map([column(incident)], |row| Ok(serde_json::from_str(row.get_ref(0)?.as_str()?).ok()))?;
    rows.filter_map(Result::transpose).collect()
}

/// A number as a column holds it: the largest stands for all that are larger.
pub(super) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number of a column.
pub(super) fn number(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
