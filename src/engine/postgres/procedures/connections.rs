//! C6: the connections are used up. The oldest idle ones of the largest group are ended first, a few of them; then
//! forgotten transactions; then the group gets a limit, so that the others find room.

use super::seen::{self, Session};
use super::step;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::metric;
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use std::collections::BTreeMap;

/// Idle for this long, seconds, nobody misses a connection (checks.md C6).
const IDLE_SECONDS: u64 = 600;
/// While nobody can get in, this is enough, seconds.
const IDLE_SECONDS_FULL: u64 = 60;
/// Idle in a transaction for this long, seconds.
const FORGOTTEN_SECONDS: u64 = 300;
/// Sessions of a group that one step ends, at most, per cent; never all.
const MOST_PERCENT: usize = 20;
/// Share of the open connections that one role may keep, per cent: below the limit where health says warning.
const ROLE_PERCENT: f64 = 70.0;
/// From this share on, per cent, it is worth doing anything.
const NEARLY_FULL: f64 = 80.0;

/// How full the server is.
struct Room {
    used: f64,
    open_to_all: f64,
}

impl Room {
    fn of(case: &Case<'_>, sessions: &[Session]) -> Option<Self> {
        let limit = seen::setting_number(case, "max_connections")?;
        let reserved = ["superuser_reserved_connections", "reserved_connections"];
        let reserved: f64 = reserved.iter().filter_map(|name| seen::setting_number(case, name)).sum();
        let counted = seen::rows(case, "diagnose.server").find_map(|row| row.number("connections"));
        let clients = u32::try_from(sessions.iter().filter(|s| s.is_client()).count()).map_or(0.0, f64::from);
        Some(Self { used: counted.unwrap_or(0.0).max(clients), open_to_all: (limit - reserved).max(1.0) })
    }
    fn percent(&self) -> f64 {
        100.0 * self.used / self.open_to_all
    }
    fn is_full(&self) -> bool {
        self.used >= self.open_to_all
    }
}

/// Who opened sessions: role, program, machine.
type Group = (String, String, String);

fn groups<'s>(sessions: impl Iterator<Item = &'s Session>) -> Vec<(Group, Vec<&'s Session>)> {
    let mut groups: BTreeMap<Group, Vec<&Session>> = BTreeMap::new();
    for session in sessions {
        let group = (session.user.clone(), session.application.clone(), session.client.clone());
        groups.entry(group).or_default().push(session);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(group, sessions)| (std::cmp::Reverse(sessions.len()), group.clone()));
    groups
}

fn group_words((user, application, client): &Group) -> String {
    let parts = [user.as_str(), application, client];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let sessions = seen::sessions(case);
    let Some(room) = Room::of(case, &sessions) else { return Vec::new() };
    let clients = || sessions.iter().filter(|s| s.is_client());
    let all = groups(clients());
    let Some((largest, members)) = all.first() else { return Vec::new() };
    let title = format!("Free connections of {}", group_words(largest));
    let mut plan = step::plan("C6", title, Cause::ConnectionSaturation, 70, diagnosis);
    plan.evidence.push(format!(
        "{:.0} of {:.0} connections that are not reserved are taken ({:.0} %); {} of them by {}",
        room.used,
        room.open_to_all,
        room.percent(),
        members.len(),
        group_words(largest)
    ));
    if room.percent() < NEARLY_FULL {
        plan.blocked.push(format!(
            "only {:.0} % of the connections are taken now: whatever used them up is over",
            room.percent()
        ));
    }
    end_idle(&mut plan, &room, members);
    end_forgotten(&mut plan, &room, clients());
    limit(case, &mut plan, &room, &largest.0, clients().filter(|s| s.user == largest.0).count());
    if plan.steps.is_empty() && plan.blocked.is_empty() {
        plan.blocked.push("every connection of the largest group works, or has waited only for a moment".to_owned());
    }
    plan.advice.push(format!(
        "put a pooler in front (PgBouncer in transaction mode), or lower the pool of {}: {} connections for work that a few times the number of processors could do",
        largest.0,
        members.len()
    ));
    plan.advice.push(
        "a higher max_connections needs a restart and memory for each connection: it is the last thing to change"
            .to_owned(),
    );
    vec![plan]
}

/// How many of a group one step may end.
fn share(group: usize) -> usize {
    (group * MOST_PERCENT / 100).max(1).min(group.saturating_sub(1))
}

fn end_idle(plan: &mut Plan, room: &Room, members: &[&Session]) {
    let least = if room.is_full() { IDLE_SECONDS_FULL } else { IDLE_SECONDS };
    let mut idle: Vec<&&Session> =
        members.iter().filter(|s| s.is_idle() && s.untouchable().is_none() && is_older(s, least)).collect();
    idle.sort_by(|a, b| b.state_seconds.total_cmp(&a.state_seconds));
    idle.truncate(share(members.len()));
    let ended: Vec<SessionRef> = idle.iter().map(|s| s.itself()).collect();
    let why = format!(
        "the {} idle for longest of {}: nobody waits for their answer, and their pool opens a new one when it needs one",
        ended.len(),
        members.len()
    );
    end(plan, room, ended, least, why);
}

fn end_forgotten<'s>(plan: &mut Plan, room: &Room, clients: impl Iterator<Item = &'s Session>) {
    let mut forgotten: Vec<&Session> = clients
        .filter(|s| s.is_idle_in_transaction() && s.untouchable().is_none() && is_older(s, FORGOTTEN_SECONDS))
        .collect();
    forgotten.sort_by(|a, b| b.state_seconds.total_cmp(&a.state_seconds));
    forgotten.truncate(share(forgotten.len() + 1));
    let ended: Vec<SessionRef> = forgotten.iter().map(|s| s.in_transaction()).collect();
    let why = format!("{} have waited inside a transaction for more than {} min", ended.len(), FORGOTTEN_SECONDS / 60);
    end(plan, room, ended, FORGOTTEN_SECONDS, why);
}

fn is_older(session: &Session, seconds: u64) -> bool {
    session.state_seconds >= u32::try_from(seconds).map_or(f64::MAX, f64::from)
}

fn end(plan: &mut Plan, room: &Room, ended: Vec<SessionRef>, least: u64, why: String) {
    let Ok(count) = u32::try_from(ended.len()) else { return };
    if count == 0 {
        return;
    }
    // A pool may open some of them again at once; half of the room has to stay.
    let most = room.used - (f64::from(count) / 2.0).max(1.0);
    let words = format!("connections {:.0} -> at most {most:.0}", room.used);
    let mut verification = step::within(step::at_most(metric::CONNECTIONS, most.floor()), 30, &words);
    verification.hold_ms = 5 * 60_000;
    step::add(plan, FixKind::EndSessions(ended.clone()), Rung::Session, verification, |step| {
        step.why = why;
        step.requires.push(Check::IdleFor(ended, least));
        step.expected.push(format!("connections {:.0} -> {:.0}", room.used, room.used - f64::from(count)));
    });
}

fn limit(case: &Case<'_>, plan: &mut Plan, room: &Room, role: &str, connections: usize) {
    let known = seen::rows(case, "diagnose.roles").find(|row| row.text("role") == role);
    let Some(known) = known else { return };
    if known.is("superuser") || known.int("connection_limit").is_none_or(|limit| limit >= 0) {
        return;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of connections")]
    let most = ((room.open_to_all * ROLE_PERCENT / 100.0).floor() as u32).max(5);
    if u32::try_from(connections).is_ok_and(|now| now <= most / 2) {
        return;
    }
    let kind = FixKind::LimitConnections(role.to_owned(), Some(most));
    let check = Check::InForce(Box::new(kind.clone()));
    let words = format!("{role} has a limit of {most}");
    step::add(plan, kind, Rung::Setting, step::within(check, 10, &words), |step| {
        step.why =
            format!("{role} has {connections} of {:.0} and no limit: the others shall find room", room.open_to_all);
        step.expected.push(format!("{role} gets at most {most} connections; more are refused with 53300"));
        step.on_failure = OnFailure::RollBack;
    });
}
