//! Answers to checks, by reading alone. What this login cannot see is not known, with what would let it see it: that is
//! never taken for yes.

mod objects;
mod replication;
mod sessions;
mod settings;
mod statements;
mod units;

use super::super::dialect::cron::Job;
use crate::domain::error_event::SessionError;
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use crate::engine::{Session, Task};

/// Statistics that are read for an act are this new right after it, seconds.
const JUST_NOW: u64 = 300;

/// Answers one.
pub(super) fn verify<'a>(session: &'a mut dyn Session, check: &'a Check) -> Task<'a, Result<Verified, SessionError>> {
    Box::pin(async move {
        match check {
            Check::InForce(kind) => match sought(kind) {
                Some(check) => answer(session, &check).await,
                None => in_force(session, kind).await,
            },
            check => answer(session, check).await,
        }
    })
}

async fn answer(session: &mut dyn Session, check: &Check) -> Result<Verified, SessionError> {
    match check {
        Check::SessionsGone(sessions) => sessions::gone(session, sessions).await,
        Check::Blocks(holder, least) => sessions::blocks(session, holder, *least).await,
        Check::NobodyWaitsFor(sessions) => sessions::nobody_waits_for(session, sessions).await,
        Check::IdleFor(sessions, seconds) => sessions::idle_for(session, sessions, *seconds).await,
        Check::Understands(statement) => statements::understands(session, statement).await,
        Check::PlanUses { statement, index } => statements::plan_uses(session, statement, index).await,
        Check::Exists(object) => objects::exists(session, object, true).await,
        Check::Absent(object) => objects::exists(session, object, false).await,
        Check::IndexUsable(table, name) => objects::index_usable(session, table, name).await,
        Check::IndexGone(table, name) => objects::index_gone(session, table, name).await,
        Check::IndexInvalid(table, name) => objects::index_invalid(session, table, name).await,
        Check::DeadRowsAtMost(table, percent) => objects::dead_rows(session, table, *percent).await,
        Check::AnalyzedWithin(table, seconds) => objects::analyzed_within(session, table, *seconds).await,
        Check::SettingIs { name, value } => settings::is(session, name, value).await,
        Check::SlotUnused(name, seconds) => replication::slot_unused(session, name, *seconds).await,
        Check::SlotGone(name) => replication::slot_gone(session, name).await,
        Check::ReplicationRuns => replication::runs(session).await,
        Check::WritesWork => replication::writes_work(session).await,
        Check::KeysGone(_) => Ok(Verified::unknown("PostgreSQL has no keys")),
        Check::Intact => Ok(Verified::unknown(
            "PostgreSQL has no one check of a whole database: pg_amcheck reads all of it, outside of this program",
        )),
        Check::Reading { .. } | Check::Read { .. } | Check::CauseGone(_) | Check::All(_) | Check::InForce(_) => {
            Ok(Verified::unknown("this is answered by whoever asks, not by the server"))
        }
    }
}

/// The check that says whether a kind has done what it is for, where there is one of its own.
fn sought(kind: &FixKind) -> Option<Check> {
    Some(match kind {
        FixKind::EndSessions(sessions) => Check::SessionsGone(sessions.clone()),
        FixKind::DropReplicationSlot(name) => Check::SlotGone(name.clone()),
        FixKind::ChangeSetting { name, value } => Check::SettingIs { name: name.clone(), value: value.clone() },
        FixKind::CreateIndex { table, name, .. } | FixKind::RebuildIndex { table, name } => {
            Check::IndexUsable(table.clone(), name.clone())
        }
        FixKind::DropIndex { table, name } => Check::IndexGone(table.clone(), name.clone()),
        FixKind::Maintain(Upkeep::Analyze | Upkeep::Vacuum, Some(table)) => {
            Check::AnalyzedWithin(table.clone(), JUST_NOW)
        }
        _ => return None,
    })
}

async fn in_force(session: &mut dyn Session, kind: &FixKind) -> Result<Verified, SessionError> {
    match kind {
        FixKind::ResetSetting(name) => settings::is_default(session, name).await,
        FixKind::SetForRole { role, name, value } => settings::of_role(session, role, name, value.as_deref()).await,
        FixKind::LimitConnections(role, most) => settings::limit_of_role(session, role, *most).await,
        FixKind::SetTableOption { table, name, value } => objects::option(session, table, name, value.as_deref()).await,
        FixKind::ScheduleUpkeep { name, every_hours, upkeep, table } => {
            match Job::new(name, *every_hours, *upkeep, table) {
                Ok(job) => super::cron::in_force(session, &job).await,
                Err(why) => Ok(Verified::new(false, why)),
            }
        }
        other => Ok(Verified::unknown(format!("nothing on the server tells whether this was done: {}", other.words()))),
    }
}

/// Schema and name as two parameters of a query.
fn parts(object: &ObjectRef) -> [crate::engine::Param; 2] {
    use crate::engine::Param;
    [Param::Text(object.space.clone().unwrap_or_default()), Param::Text(object.name.clone())]
}
