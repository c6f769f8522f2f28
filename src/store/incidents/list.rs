//! What screens and commands ask for.

use super::rows::{number, select};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::incident::figures::{Brief, Figures, HourCount};
use crate::domain::incident::recurrence::hour_of;
use crate::domain::incident::stage::Stage;
use crate::domain::incident::strategy::Strategy;
use crate::domain::incident::{Filter, Incident};
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, params};

/// Orders by severity, worst first.
const WORST: &str = "CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END";

pub(super) fn list(db: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Incident>> {
    let wanted = format!("(?1 IS NULL OR target = ?1) AND (?2 IS NULL OR kind = ?2) AND {WORST} <= ?3");
    let rank = match filter.severity {
        Some(Severity::Critical) => 0,
        Some(Severity::Error) => 1,
        Some(Severity::Warning) => 2,
        Some(Severity::Info) | None => 3,
    };
    let (target, kind) = (filter.target.as_ref().map(TargetId::as_str), filter.kind.map(ErrorKind::word));
    let open = format!(
        "SELECT body FROM incidents WHERE stage <> 'resolved' AND {wanted} ORDER BY {WORST}, last_ms DESC, id DESC"
    );
    let mut incidents = select(db, &open, params![target, kind, rank])?;
    if let Some(since) = filter.resolved_since {
        let resolved = format!(
            "SELECT body FROM incidents WHERE stage = 'resolved' AND {wanted} AND resolved_ms >= ?4
             ORDER BY resolved_ms DESC, id DESC LIMIT ?5"
        );
        let most = i64::try_from(filter.most_resolved).unwrap_or(i64::MAX);
        incidents.extend(select(db, &resolved, params![target, kind, rank, since.0, most])?);
    }
    Ok(incidents)
}

/// What others wrote, and what this connection did.
pub(super) fn changes(db: &Connection) -> rusqlite::Result<(i64, u64)> {
    let others = db.pragma_query_value(None, "data_version", |row| row.get(0))?;
    Ok((others, db.total_changes()))
}

/// Numbers of incidents that were open at a moment or began later, and errors of the hours since.
pub(super) fn figures(db: &Connection, since: Timestamp) -> rusqlite::Result<Figures> {
    let briefs = db
        .prepare_cached(
            "SELECT id, target, signature, kind, severity, strategy, stage, first_ms, last_ms, detected_ms,
                 resolved_ms, count, reopened, cause
             FROM incidents WHERE stage <> 'resolved' OR resolved_ms >= ?1 ORDER BY id",
        )?
        .query_map([since.0], |row| {
            let word = |place: usize| row.get_ref(place)?.as_str().map_err(rusqlite::Error::from);
            Ok(Brief {
                id: number(row.get(0)?),
                target: TargetId::new(word(1)?),
                signature: row.get(2)?,
                kind: ErrorKind::from_word(word(3)?).unwrap_or(ErrorKind::Other),
                severity: Severity::from_word(word(4)?).unwrap_or(Severity::Error),
                strategy: Strategy::from_word(word(5)?).unwrap_or(Strategy::AiPowered),
                stage: Stage::from_word(word(6)?).unwrap_or(Stage::Open),
                first_at: Timestamp(row.get(7)?),
                last_at: Timestamp(row.get(8)?),
                detected_at: Timestamp(row.get(9)?),
                resolved_at: row.get::<_, Option<i64>>(10)?.map(Timestamp),
                count: number(row.get(11)?),
                reopened: row.get(12)?,
                follows: row.get::<_, Option<i64>>(13)?.is_some(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let hours = db
        .prepare_cached(
            "SELECT h.target, h.hour, p.kind, sum(h.count) FROM error_hours h LEFT JOIN patterns p USING (signature)
             WHERE h.hour >= ?1 GROUP BY h.target, h.hour, p.kind ORDER BY h.hour, h.target, p.kind",
        )?
        .query_map([hour_of(since)], |row| {
            let kind: Option<String> = row.get(2)?;
            Ok(HourCount {
                target: TargetId::new(row.get_ref(0)?.as_str()?),
                hour: row.get(1)?,
                kind: kind.and_then(|word| ErrorKind::from_word(&word)).unwrap_or(ErrorKind::Other),
                count: number(row.get(3)?),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Figures { briefs, hours })
}
