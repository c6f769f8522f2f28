//! C14: slow commands. A script that holds everything up is stopped; for the rest the command that does the same in
//! steps is named, and what the server itself can do beside the work is switched on.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::engine::redis::diagnose::commands::shown;
use crate::engine::redis::diagnose::picture::{A_SCRIPT, Picture, Slow};
use crate::engine::steps::within;
use std::collections::BTreeMap;

/// Slow commands of one client within a minute for which it may be ended.
const MANY: usize = 3;

/// What to use in place of a command: by its name.
const INSTEAD: &[(&str, &str)] = &[
    ("KEYS", "KEYS looks at every key at once: SCAN with MATCH does it in steps."),
    ("SMEMBERS", "SMEMBERS gives back a whole set: SSCAN reads it in steps."),
    ("HGETALL", "HGETALL gives back a whole hash: HSCAN, or HMGET of the fields that are needed."),
    ("HVALS", "HVALS gives back a whole hash: HSCAN, or HMGET of the fields that are needed."),
    ("HKEYS", "HKEYS gives back every field: HSCAN reads them in steps."),
    ("LRANGE", "LRANGE over a long list: read pages of a hundred, and bound the list with LTRIM."),
    ("ZRANGE", "ZRANGE over a large sorted set: read pages, or ZSCAN."),
    ("ZREVRANGE", "ZREVRANGE over a large sorted set: read pages."),
    ("ZRANGEBYSCORE", "ZRANGEBYSCORE without LIMIT: read pages of it."),
    ("SORT", "SORT sorts in the server's only thread: keep a sorted set, or sort in the application."),
    ("SUNION", "Unions of large sets: SUNIONSTORE on a replica beside the work, or keep the union as its own set."),
    ("SINTER", "Intersections of large sets: SINTERCARD with LIMIT, or keep the result as its own set."),
    ("SDIFF", "Differences of large sets: keep the result as its own set."),
    ("DEL", "DEL frees a large key in the server's only thread: UNLINK frees it beside the work."),
    ("FLUSHALL", "FLUSHALL ASYNC frees beside the work."),
    ("FLUSHDB", "FLUSHDB ASYNC frees beside the work."),
    ("EVAL", "A script runs alone: make it do a bounded part, and call it again."),
    ("EVALSHA", "A script runs alone: make it do a bounded part, and call it again."),
    ("FCALL", "A function runs alone: make it do a bounded part, and call it again."),
    ("MGET", "MGET of very many keys: ask for a few hundred at a time."),
    ("SAVE", "SAVE stops everything: BGSAVE writes beside the work."),
    ("DEBUG", "DEBUG holds the server up on purpose: take it away from this user (ACL SETUSER ... -debug)."),
];

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let picture = Picture::of(case);
    let slow = found.of(Cause::SlowCommands).filter(|h| h.verdict == Verdict::Supported || h.consequence_of.is_some());
    if slow.is_some_and(|h| h.about.as_deref() == Some(A_SCRIPT)) {
        return vec![stop_the_script()];
    }
    let mut plans = Vec::new();
    if slow.is_some() {
        plans.extend(free_beside(&picture));
        plans.push(instead(&picture));
        plans.extend(end_the_client(&picture));
    } else if found.of(Cause::HeavyWorkload).is_some_and(|h| h.verdict == Verdict::Supported) {
        plans.push(too_much(&picture));
    }
    plans
}

fn stop_the_script() -> Plan {
    let evidence = vec!["the server answers BUSY: a script has run for longer than busy-reply-threshold".to_owned()];
    let mut plan =
        Plan::new("C14", "stop the script that holds the server up".to_owned(), Cause::SlowCommands, 80, evidence);
    let served = within(Check::CauseGone(Cause::SlowCommands), 10, "commands are served again", 5);
    add(&mut plan, FixKind::StopScript, Rung::Session, served, |step| {
        step.why =
            "The server refuses to stop a script that has written something, so no half of its work is left.".into();
        step.expected = vec!["every client is served again at once".to_owned()];
    });
    plan.advice.push(
        "When the server answers UNKILLABLE, the script has written: wait for its end. SHUTDOWN NOSAVE would lose what is not \
         on disk, and is no fix."
            .to_owned(),
    );
    plan
}

fn all(picture: &Picture<'_>) -> Vec<Slow> {
    let (mut new, recent) = picture.slow();
    new.extend(recent);
    new.sort_by(|a, b| b.micros.total_cmp(&a.micros));
    new
}

/// Large keys that are freed in the only thread can be freed beside it, by a setting.
fn free_beside(picture: &Picture<'_>) -> Option<Plan> {
    const NAME: &str = "lazyfree-lazy-user-del";
    let slow = all(picture);
    let removal = slow.iter().find(|slow| slow.name() == "DEL")?;
    let evidence = vec![format!("{} took {:.0} ms", shown(removal), removal.micros / 1_000.0)];
    let mut plan =
        Plan::new("C14", "let DEL free memory beside the work".to_owned(), Cause::SlowCommands, 75, evidence);
    if picture.setting(NAME) != Some("no") {
        plan.blocked.push(format!("{NAME} is {} already", picture.setting(NAME).unwrap_or("not to be seen")));
    }
    let set = |value: &str| Check::SettingIs { name: NAME.to_owned(), value: value.to_owned() };
    let kind = FixKind::ChangeSetting { name: NAME.to_owned(), value: "yes".to_owned() };
    add(&mut plan, kind, Rung::Setting, within(set("yes"), 5, &format!("{NAME} is yes"), 10), |step| {
        step.why = "DEL then does what UNLINK does.".into();
        step.expected = vec![format!("DEL of a large key {:.0} ms -> below 1 ms", removal.micros / 1_000.0)];
        step.requires = vec![set("no")];
    });
    Some(plan)
}

/// What the application has to change.
fn instead(picture: &Picture<'_>) -> Plan {
    let slow = all(picture);
    let mut evidence: Vec<String> =
        slow.iter().take(3).map(|slow| format!("{} took {:.0} ms", shown(slow), slow.micros / 1_000.0)).collect();
    let mut names: Vec<String> = slow.iter().map(Slow::name).collect();
    names.extend(
        picture.ran().iter().filter(|ran| ran.micros / ran.calls >= 10_000.0).map(|ran| ran.name.to_ascii_uppercase()),
    );
    evidence.dedup();
    let mut plan = Plan::new(
        "C14",
        "replace the slow commands by ones that work in steps".to_owned(),
        Cause::SlowCommands,
        70,
        evidence,
    );
    plan.advice.extend(
        INSTEAD.iter().filter(|(name, _)| names.iter().any(|own| own == name)).map(|(_, words)| (*words).to_owned()),
    );
    if plan.advice.is_empty() {
        plan.advice.push("Do it in bounded steps, on a replica, or on smaller keys.".to_owned());
    }
    plan.advice.push(
        "A user who has no use for such commands can be kept from them: ACL SETUSER NAME -@slow, or -KEYS alone."
            .to_owned(),
    );
    plan
}

/// One client that sends slow commands again and again.
fn end_the_client(picture: &Picture<'_>) -> Option<Plan> {
    let slow = all(picture);
    let mut by_client: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &slow {
        *by_client.entry(entry.client.as_str()).or_default() += 1;
    }
    let (address, number) = by_client.into_iter().max_by_key(|(_, number)| *number)?;
    if number < MANY || address.is_empty() {
        return None;
    }
    let clients = picture.clients()?;
    let row = clients.rows.iter().find(|row| clients.text(row, "addr") == address)?;
    let id = clients.get(row, "id").int()?;
    let who = format!("{} {} {address}", clients.text(row, "user"), clients.text(row, "name"));
    let evidence = vec![format!("{number} slow commands within a minute came from {who}")];
    let mut plan = Plan::new("C14", format!("end client {id}, which sends them"), Cause::SlowCommands, 55, evidence);
    if clients.text(row, "flags").contains(['S', 'M']) {
        plan.blocked.push("it belongs to the replication".to_owned());
    }
    let session = SessionRef { id, facts: Vec::new(), about: who };
    let gone = within(Check::SessionsGone(vec![session.clone()]), 5, "the client is gone", 5);
    add(&mut plan, FixKind::EndSessions(vec![session]), Rung::Session, gone, |step| {
        step.why = "It buys time: a client that is made to reconnect may begin again.".into();
        step.expected = vec!["slow commands from this client -> none".to_owned()];
    });
    Some(plan)
}

fn too_much(picture: &Picture<'_>) -> Plan {
    let evidence = picture
        .ran()
        .iter()
        .take(3)
        .map(|ran| format!("{}: {:.0} calls", ran.name.to_ascii_uppercase(), ran.calls))
        .collect();
    let mut plan = Plan::new("C14", "take work off the one thread".to_owned(), Cause::HeavyWorkload, 50, evidence);
    plan.advice.extend(
        [
            "Send commands in pipelines, and ask for several keys with one command.",
            "Read from replicas what may be a moment old, and keep what is read most in the clients.",
            "io-threads helps where most of the time goes into the network; shards help where it goes into commands.",
        ]
        .map(str::to_owned),
    );
    plan
}
