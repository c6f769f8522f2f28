//! C6: connections used up. The idle ones of the largest group go by the server's own setting, or the one that is idle
//! longest by itself; then the limit is raised.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::engine::redis::diagnose::picture::Picture;
use crate::engine::redis::diagnose::service::idle_group;
use crate::engine::steps::within;

/// Connections that are idle for so long are closed, seconds.
const IDLE_S: i64 = 300;
/// Idle inside a transaction for so long, a client waits there: what is queued is lost with its connection. Seconds.
const WAITS_S: i64 = 10;
/// Bytes that a connection takes at least.
const OF_A_CLIENT: f64 = 20_480.0;

pub(super) fn plan(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let picture = Picture::of(case);
    let Some(now) = picture.now("connected_clients") else { return Vec::new() };
    let Some(most) = picture.now("maxclients").or_else(|| picture.setting_number("maxclients")) else {
        return Vec::new();
    };
    let evidence = format!("{now:.0} of {most:.0} connections are taken");
    let mut plans: Vec<Plan> = close_the_idle(&picture, evidence.clone()).into_iter().collect();
    plans.extend(close_one(&picture, evidence.clone()));
    plans.push(raise(&picture, most, evidence));
    for plan in &mut plans {
        plan.advice.push("A pool in the application, with a largest size, keeps this from coming back.".to_owned());
    }
    plans
}

fn close_the_idle(picture: &Picture<'_>, evidence: String) -> Option<Plan> {
    let group = idle_group(picture.clients()?)?;
    let idle = group.clients.iter().filter(|(_, idle)| *idle >= IDLE_S).count();
    let title = format!("close connections that are idle for {IDLE_S} s");
    let mut plan = Plan::new("C6", title, Cause::ConnectionSaturation, 70, vec![evidence]);
    plan.evidence.push(format!("{idle} connections of {} are idle for {IDLE_S} s or more", group.who));
    if idle == 0 {
        plan.blocked
            .push("none of the largest group is idle for long: closing idle ones would free nothing".to_owned());
    }
    let old = picture.setting("timeout").unwrap_or_default().to_owned();
    if old.parse::<i64>().is_ok_and(|own| own > 0 && own <= IDLE_S) {
        plan.blocked.push(format!("the server closes idle connections already (timeout {old})"));
    }
    // The server spares those that are blocked, subscribed or replicate, and nobody else.
    let queued = in_transaction(picture);
    if queued > 0 {
        plan.blocked.push(format!(
            "{queued} connections wait inside MULTI: the server's timeout would close those too, and what they queued is \
             lost"
        ));
    }
    let value = IDLE_S.to_string();
    let check = Check::SettingIs { name: "timeout".to_owned(), value: value.clone() };
    let kind = FixKind::ChangeSetting { name: "timeout".to_owned(), value };
    add(&mut plan, kind, Rung::Session, within(check, 5, &format!("timeout is {IDLE_S}"), 5), |step| {
        step.why =
            "The server closes plain clients that said nothing for that long; blocked and subscribed ones stay.".into();
        step.expected = vec![format!("about {idle} connections fewer within a minute")];
        step.requires = vec![Check::SettingIs { name: "timeout".to_owned(), value: old }];
    });
    Some(plan)
}

/// Connections that wait inside a transaction.
fn in_transaction(picture: &Picture<'_>) -> usize {
    let Some(clients) = picture.clients() else { return 0 };
    let waits = |row: &&Vec<_>| {
        clients.text(row, "flags").contains('x') && clients.get(row, "idle").int().is_some_and(|idle| idle >= WAITS_S)
    };
    clients.rows.iter().filter(waits).count()
}

/// The connection of the largest group that is idle longest, and none but it.
fn close_one(picture: &Picture<'_>, evidence: String) -> Option<Plan> {
    let group = idle_group(picture.clients()?)?;
    let (id, idle) = group.clients.first().copied().filter(|(_, idle)| *idle >= IDLE_S)?;
    let title = format!("end connection {id}, which is idle for {idle} s");
    let mut plan = Plan::new("C6", title, Cause::ConnectionSaturation, 55, vec![evidence]);
    plan.evidence.push(format!("it is the one of {} that is idle longest", group.who));
    let session = SessionRef { id, facts: Vec::new(), about: group.who };
    let gone = within(Check::SessionsGone(vec![session.clone()]), 5, "the connection is gone", 5);
    let seconds = IDLE_S.unsigned_abs();
    add(&mut plan, FixKind::EndSessions(vec![session.clone()]), Rung::Session, gone, |step| {
        step.why = "It frees one connection at once, for whoever has to get in; its client makes a new one.".into();
        step.expected = vec!["one connection fewer".to_owned()];
        step.requires = vec![Check::IdleFor(vec![session], seconds)];
    });
    Some(plan)
}

fn raise(picture: &Picture<'_>, most: f64, evidence: String) -> Plan {
    let wanted = (most * 1.2).ceil().max(most + 10.0);
    let title = format!("raise maxclients from {most:.0} to {wanted:.0}");
    let mut plan = Plan::new("C6", title, Cause::ConnectionSaturation, 60, vec![evidence]);
    let needed = (wanted - most) * OF_A_CLIENT;
    if let Some((used, limit)) = picture.memory()
        && used + needed > limit
    {
        plan.blocked.push("the buffers of more connections would pass maxmemory".to_owned());
    }
    let value = format!("{wanted:.0}");
    let check = Check::SettingIs { name: "maxclients".to_owned(), value: value.clone() };
    let kind = FixKind::ChangeSetting { name: "maxclients".to_owned(), value };
    add(&mut plan, kind, Rung::Setting, within(check, 5, &format!("maxclients is {wanted:.0}"), 5), |step| {
        step.why =
            "New clients get in at once. The server refuses it where the system's limit of open files is lower.".into();
        step.expected = vec![format!("limit {most:.0} -> {wanted:.0}")];
        step.requires = vec![Check::SettingIs { name: "maxclients".to_owned(), value: format!("{most:.0}") }];
    });
    plan
}
