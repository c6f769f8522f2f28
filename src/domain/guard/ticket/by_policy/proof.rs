//! What has to be proven before something runs with nobody asked, beyond what its step requires of a person's approval:
//! that enough others are harmed, and how large it is. What is not known is never taken for small.

use crate::domain::guard::policy::Policy;
use crate::domain::procedure::Check;
use crate::domain::proposal::kind::{FixKind, SessionRef, Upkeep};
use crate::domain::proposal::survey::Survey;

/// What has to hold right before it is sent: what the step requires, and nowhere less than the policy wants. A person
/// may approve the smaller case.
pub fn required(policy: &Policy, requires: &[Check]) -> Vec<Check> {
    let at_least = |check: &Check| match check {
        Check::Blocks(session, least) => Check::Blocks(session.clone(), (*least).max(policy.least_waiters)),
        Check::IdleFor(sessions, least) => Check::IdleFor(sessions.clone(), (*least).max(policy.least_idle_s)),
        Check::All(checks) => Check::All(required(policy, checks)),
        other => other.clone(),
    };
    requires.iter().map(at_least).collect()
}

/// A session is touched for which no check asks whether others wait for it, or whether it does nothing.
pub(super) fn lacks_harm(kind: &FixKind, requires: &[Check]) -> bool {
    let (FixKind::CancelStatements(sessions) | FixKind::EndSessions(sessions)) = kind else { return false };
    !sessions.iter().all(|session| requires.iter().any(|check| asks_for(check, session)))
}

fn asks_for(check: &Check, session: &SessionRef) -> bool {
    match check {
        Check::Blocks(blocker, _) => blocker.id == session.id,
        Check::IdleFor(idle, _) => idle.iter().any(|one| one.id == session.id),
        Check::All(checks) => checks.iter().any(|check| asks_for(check, session)),
        _ => false,
    }
}

/// What of its size nobody knows, where the size decides how much harm it can do.
pub(super) fn unknown_size(kind: &FixKind, survey: &Survey) -> Option<&'static str> {
    let blast = &survey.blast;
    let works_on_a_table = match kind {
        FixKind::SetTableOption { .. }
        | FixKind::CreateIndex { .. }
        | FixKind::DropIndex { .. }
        | FixKind::RebuildIndex { .. }
        | FixKind::ScheduleUpkeep { .. } => true,
        // A checkpoint writes what is to be written anyhow, of whichever tables.
        FixKind::Maintain(upkeep, _) => *upkeep != Upkeep::Checkpoint,
        FixKind::CancelStatements(_)
        | FixKind::EndSessions(_)
        | FixKind::DropReplicationSlot(_)
        | FixKind::ChangeSetting { .. }
        | FixKind::UnlinkKeys(_)
        | FixKind::ResetSetting(_)
        | FixKind::SetForRole { .. }
        | FixKind::LimitConnections(..)
        | FixKind::StartReplication
        | FixKind::PurgeLogs(_)
        | FixKind::ResizeReplicationLog(_)
        | FixKind::StopScript => false,
    };
    if works_on_a_table && blast.tables.is_empty() {
        return Some("which tables it works on");
    }
    if blast.tables.iter().any(|table| table.bytes.is_none()) {
        return Some("the size of what it works on");
    }
    (works_on_a_table && blast.rewrite.is_none()).then_some("whether it writes a whole table anew")
}
