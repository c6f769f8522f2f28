//! The survey of a typed kind: sessions and replication slots here, ordinary statements through `survey`.

use super::survey as statement_survey;
use super::{freeze, indexes, place, render, rights, waits};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::{Gravity, Precondition, TouchedObject};
use crate::domain::proposal::kind::{FixKind, SessionRef, Upkeep};
use crate::domain::proposal::survey::{Blast, Inverse, Place, Survey, Timeouts};
use crate::engine::{Param, Query, Session};

/// Looks at it.
pub(super) async fn survey(session: &mut dyn Session, kind: &FixKind, login: &str) -> Result<Survey, SessionError> {
    let place = place::place(session).await?;
    let mut survey = match kind {
        FixKind::CancelStatements(sessions) | FixKind::EndSessions(sessions) => {
            sessions_survey(session, kind, sessions, place).await?
        }
        FixKind::DropReplicationSlot(name) => slot(session, name, place).await?,
        // The others are ordinary statements, about which the kind knows a little more.
        other => {
            let statement = render(other).map_err(SessionError::Unsupported)?;
            let mut survey = statement_survey::survey(session, &statement, login).await?;
            look_closer(session, other, &mut survey).await?;
            return Ok(survey);
        }
    };
    let needs = rights::needs_of_kind(kind, others(session, kind, login).await?);
    survey.rights = rights::rights(session, login, &needs).await?;
    Ok(survey)
}

fn plain(place: Place, blast: Blast, inverse: Inverse) -> Survey {
    Survey {
        place,
        objects: Vec::new(),
        preconditions: Vec::new(),
        blast,
        inverse,
        rights: crate::domain::proposal::survey::Rights::Held,
        timeouts: Timeouts::OBJECTS,
    }
}

async fn sessions_survey(
    session: &mut dyn Session,
    kind: &FixKind,
    sessions: &[SessionRef],
    place: Place,
) -> Result<Survey, SessionError> {
    let ends = matches!(kind, FixKind::EndSessions(_));
    let seen = freeze::look(session, sessions, !ends).await?;
    let same = |wanted: &SessionRef| seen.iter().find(|s| s.is(wanted));
    let mut blast = Blast { at_least: if ends { Gravity::Medium } else { Gravity::Low }, ..Blast::default() };
    let mut preconditions = Vec::new();
    let mut objects = Vec::new();
    for wanted in sessions {
        let there = same(wanted);
        preconditions.push(Precondition {
            text: format!("session {} is still the one that was seen", wanted.id),
            found: if there.is_some() { "yes" } else { "no" }.into(),
        });
        let facts: Vec<String> = wanted.facts.iter().map(|(fact, value)| format!("{fact} {value}")).collect();
        objects.push(TouchedObject {
            name: format!("session {} {}", wanted.id, wanted.about),
            id: wanted.id.to_string(),
            definition: facts.join(", "),
        });
        if there.is_some_and(|s| s.writes) {
            blast
                .notes
                .push(format!("session {} has written rows that are not committed: they are rolled back", wanted.id));
        }
    }
    if !sessions.iter().any(|wanted| same(wanted).is_some()) {
        return Err(SessionError::Unsupported("these sessions are gone, or have become others".into()));
    }
    if ends {
        blast.notes.push("their programs see a broken connection; most connect again".into());
    }
    let why = if ends {
        "an ended session does not come back, its program has to connect anew"
    } else {
        "a canceled statement has to be sent again"
    };
    Ok(Survey { objects, preconditions, ..plain(place, blast, Inverse::None(why.into())) })
}

/// $1: the login. Sessions of other roles need a right of their own.
static SAME_ROLE: Query = Query {
    name: "fix.sessions_of",
    text: "SELECT count(*) FILTER (WHERE a.usename IS DISTINCT FROM $1) AS others
             FROM json_array_elements_text($2::json) x (pid) JOIN pg_catalog.pg_stat_activity a ON a.pid = x.pid::int4",
    timeout_ms: 2_000,
};

async fn others(session: &mut dyn Session, kind: &FixKind, login: &str) -> Result<bool, SessionError> {
    let (FixKind::CancelStatements(sessions) | FixKind::EndSessions(sessions)) = kind else { return Ok(false) };
    let pids: Vec<String> = sessions.iter().map(|s| s.id.to_string()).collect();
    let params = [Param::Text(login.to_owned()), Param::Text(serde_json::json!(pids).to_string())];
    let rows = session.own(&SAME_ROLE, &params).await?;
    Ok(rows.rows.first().and_then(|row| rows.get(row, "others").int()).is_some_and(|others| others > 0))
}

/// $1: its name.
static SLOT: Query = Query {
    name: "fix.slot",
    text: "SELECT s.slot_type AS kind, s.active, s.plugin, s.database,
                  CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) END::int8 AS kept
             FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1",
    timeout_ms: 2_000,
};

async fn slot(session: &mut dyn Session, name: &str, place: Place) -> Result<Survey, SessionError> {
    let rows = session.own(&SLOT, &[Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else {
        return Err(SessionError::Unsupported(format!("there is no replication slot {name}")));
    };
    if rows.text(row, "active") == "true" {
        return Err(SessionError::Unsupported(format!("the slot {name} is in use: stop its consumer first")));
    }
    let mut blast = Blast { at_least: Gravity::High, ..Blast::default() };
    if let Some(kept) = rows.get(row, "kept").int() {
        blast.disk =
            Some(format!("{} MB of WAL that it keeps can be removed by the next checkpoint", kept.max(0) >> 20));
    }
    blast.replicas = Some("whoever was fed from it cannot go on where it stopped and has to be set up anew".into());
    let object = TouchedObject {
        name: format!("replication slot {name}"),
        id: name.to_owned(),
        definition: [rows.text(row, "kind"), rows.text(row, "plugin"), rows.text(row, "database")]
            .join(" ")
            .trim()
            .to_owned(),
    };
    let idle = Precondition { text: format!("the slot {name} is used by nobody"), found: "yes".into() };
    let inverse = Inverse::None("a new slot of that name begins now: what this one kept is lost".into());
    Ok(Survey { objects: vec![object], preconditions: vec![idle], ..plain(place, blast, inverse) })
}

/// What the kind of an ordinary statement knows beyond it.
async fn look_closer(session: &mut dyn Session, kind: &FixKind, survey: &mut Survey) -> Result<(), SessionError> {
    match kind {
        FixKind::CreateIndex { table, columns, .. } => indexes::before_create(session, table, columns, survey).await,
        FixKind::DropIndex { table, name } => indexes::before_drop(session, table, name, survey).await,
        FixKind::RebuildIndex { table, name } => indexes::before_rebuild(session, table, name, survey).await,
        FixKind::Maintain(Upkeep::Vacuum | Upkeep::Freeze, table) => {
            if let Some(pid) = waits::running_vacuum(session, table.as_ref()).await? {
                return Err(SessionError::Unsupported(format!("session {pid} vacuums it just now")));
            }
            survey.blast.notes.extend(waits::snapshot_holder(session).await?);
            Ok(())
        }
        _ => Ok(()),
    }
}
