//! C12: memory at its limit. What costs least comes first: buffers of one client, more room where the machine has it,
//! throwing out what expires anyway, giving back what the allocator holds, and at last one large key.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::metric::{self, bytes};
use crate::domain::procedure::{Check, Comparison, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, SessionRef, Upkeep};
use crate::engine::redis::diagnose::picture::Picture;
use crate::engine::redis::diagnose::{big_keys, memory};
use crate::engine::steps::within;

/// Buffers of one client that are worth its connection, bytes.
const LARGE_BUFFERS: f64 = 33_554_432.0;
/// Share of the machine's memory that the server may be given: a fork for a snapshot copies what changes meanwhile.
const OF_THE_MACHINE: f64 = 0.7;
/// How much more room is given.
const MORE: f64 = 1.2;
/// From this share of expiring keys on the whole is a cache, whose every key may go.
const ALL_EXPIRE: f64 = 0.95;
/// From this share on there is something to throw out that goes away by itself anyway.
const SOME_EXPIRE: f64 = 0.1;
/// A key has to take this share of the memory to be worth removing for room.
const WORTH_REMOVING: f64 = 0.2;

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let picture = Picture::of(case);
    let supported = |cause: Cause| found.of(cause).is_some_and(|h| h.verdict == Verdict::Supported);
    let full = picture.memory().filter(|(used, limit)| used / limit >= 0.8);
    let mut plans = Vec::new();
    if full.is_some() || supported(Cause::MemoryPressure) {
        plans.extend(end_the_greedy(&picture));
    }
    if let Some((used, limit)) = full {
        plans.push(more_room(&picture, used, limit));
        if !memory::makes_room(&picture) {
            plans.push(throw_out_what_expires(&picture, used, limit));
        }
    }
    if supported(Cause::Bloat) {
        plans.push(give_back(&picture));
    }
    plans.extend(remove_the_largest(&picture, full.is_some()));
    if plans.is_empty() && supported(Cause::MemoryPressure) {
        plans.push(without_a_limit(&picture));
    }
    plans
}

/// One client whose buffers take a large part.
fn end_the_greedy(picture: &Picture<'_>) -> Option<Plan> {
    let clients = picture.clients()?;
    let number = |row: &[crate::domain::rows::Value], name: &str| clients.get(row, name).number().unwrap_or(0.0);
    let row = clients.rows.iter().max_by(|a, b| number(a, "omem").total_cmp(&number(b, "omem")))?;
    let taken = number(row, "omem");
    let used = picture.now("used_memory")?;
    if taken < LARGE_BUFFERS.min(used * 0.1) || taken < 1_048_576.0 {
        return None;
    }
    let id = clients.get(row, "id").int()?;
    let who = format!("{} {} {}", clients.text(row, "user"), clients.text(row, "name"), clients.text(row, "addr"));
    let evidence = vec![format!("answers that client {id} ({who}) does not take wait in {} of buffers", bytes(taken))];
    let title = format!("end client {id}, whose buffers take {}", bytes(taken));
    let mut plan = Plan::new("C12", title, Cause::MemoryPressure, 75, evidence);
    if clients.text(row, "flags").contains(['S', 'M']) {
        plan.blocked
            .push("it is a replica: its buffers are the replication, and ending it costs a full copy".to_owned());
    }
    let session = SessionRef { id, facts: Vec::new(), about: who };
    let kind = FixKind::EndSessions(vec![session.clone()]);
    let gone = within(Check::SessionsGone(vec![session]), 5, "the client is gone", 5);
    add(&mut plan, kind, Rung::Session, gone, |step| {
        step.why = "Its buffers count against maxmemory, and the data beside them is not the trouble.".into();
        step.expected = vec![format!("memory {} -> {}", bytes(used), bytes(used - taken))];
    });
    plan.advice.push("A limit ends such clients by itself: client-output-buffer-limit, maxmemory-clients.".to_owned());
    Some(plan)
}

/// A fifth more, where the machine has it.
fn more_room(picture: &Picture<'_>, used: f64, limit: f64) -> Plan {
    let wanted = (limit.max(used) * MORE / 1_048_576.0).ceil() * 1_048_576.0;
    let evidence = vec![format!("{} of {} are used", bytes(used), bytes(limit))];
    let title = format!("raise maxmemory from {} to {}", bytes(limit), bytes(wanted));
    let mut plan = Plan::new("C12", title, Cause::MemoryPressure, 75, evidence);
    match (picture.now("used_memory_rss"), picture.now("total_system_memory").filter(|all| *all > 0.0)) {
        (Some(resident), Some(all)) => {
            let after = resident.max(limit) + (wanted - limit);
            plan.evidence.push(format!("{} of the machine's {} are resident", bytes(resident), bytes(all)));
            if after > all * OF_THE_MACHINE {
                plan.blocked.push(format!(
                    "the machine has {}: with {} the server would pass {:.0} % of it, and a fork for a snapshot needs room too",
                    bytes(all),
                    bytes(after),
                    OF_THE_MACHINE * 100.0
                ));
            }
        }
        _ => plan.blocked.push("how much memory the machine has is not known: more of it may not be there".to_owned()),
    }
    let value = format!("{wanted:.0}");
    let check = Check::All(vec![
        Check::SettingIs { name: "maxmemory".to_owned(), value: value.clone() },
        Check::Reading { metric: metric::MEMORY_USED.0.to_owned(), is: Comparison::AtMost, value: wanted * 0.9 },
    ]);
    let kind = FixKind::ChangeSetting { name: "maxmemory".to_owned(), value };
    let words = format!("used memory below 90 % of {}", bytes(wanted));
    add(&mut plan, kind, Rung::Setting, within(check, 10, &words, 10), |step| {
        step.why = "It stops the refusals at once and can be taken back; it buys time, and the growth goes on.".into();
        step.expected =
            vec![format!("used {:.0} % -> {:.0} % of the limit", used / limit * 100.0, used / wanted * 100.0)];
        step.requires = vec![Check::SettingIs { name: "maxmemory".to_owned(), value: format!("{limit:.0}") }];
        step.on_failure = OnFailure::Ask;
    });
    plan.advice.push("It holds until the restart: write it into the configuration file too.".to_owned());
    plan
}

/// A policy that throws out keys which expire anyway; of a store nothing is thrown out.
fn throw_out_what_expires(picture: &Picture<'_>, used: f64, limit: f64) -> Plan {
    let (keys, expiring) = picture.keys();
    let share = picture.expiring_share().unwrap_or(0.0);
    let policy = if share >= ALL_EXPIRE { "allkeys-lru" } else { "volatile-lru" };
    let evidence = vec![
        format!("{expiring:.0} of {keys:.0} keys expire by themselves"),
        format!("{} of {} are used, and the policy is {}", bytes(used), bytes(limit), picture.policy()),
    ];
    let title = format!("let the server throw out keys that expire anyway ({policy})");
    let mut plan = Plan::new("C12", title, Cause::MemoryPressure, 65, evidence);
    if share < SOME_EXPIRE {
        plan.blocked.push(format!(
            "{:.0} % of the keys expire: this looks like a store and not like a cache, and what a policy throws out is lost",
            share * 100.0
        ));
    }
    if picture.text("role") == "slave" {
        plan.blocked.push("this is a replica: its primary decides what is thrown out".to_owned());
    }
    let set = Check::SettingIs { name: "maxmemory-policy".to_owned(), value: policy.to_owned() };
    let kind = FixKind::ChangeSetting { name: "maxmemory-policy".to_owned(), value: policy.to_owned() };
    let old = picture.policy().to_owned();
    add(&mut plan, kind, Rung::Removing, within(set, 5, &format!("the policy is {policy}"), 10), |step| {
        step.why = "Writes go on, at the price of keys that were to expire later.".into();
        step.expected =
            vec!["refused writes -> 0".to_owned(), "keys are thrown out, the least recently used first".to_owned()];
        step.requires = vec![Check::SettingIs { name: "maxmemory-policy".to_owned(), value: old }];
    });
    plan.advice.push("Setting the policy back brings back no key that was thrown out.".to_owned());
    plan
}

/// What the allocator holds and nobody uses.
fn give_back(picture: &Picture<'_>) -> Plan {
    let more = memory::fragmented(picture).map_or(0.0, |(_, more)| more);
    let evidence = vec![format!("the server holds {} more than is in use", bytes(more))];
    let mut plan = Plan::new("C12", "give unused memory back to the system".to_owned(), Cause::Bloat, 60, evidence);
    let resident = picture.now("used_memory_rss").unwrap_or(0.0);
    let check = Check::Reading {
        metric: metric::MEMORY_RESIDENT.0.to_owned(),
        is: Comparison::AtMost,
        value: resident - more * 0.1,
    };
    let words = format!("resident memory at least {} less", bytes(more * 0.1));
    add(&mut plan, FixKind::Maintain(Upkeep::Compact, None), Rung::Additive, within(check, 30, &words, 0), |step| {
        step.why = "MEMORY PURGE asks the allocator for its empty pages; no key is touched.".into();
        step.expected = vec![format!("resident {} -> less by up to {}", bytes(resident), bytes(more))];
    });
    if picture.setting("activedefrag") == Some("no") {
        plan.advice
            .push("activedefrag yes moves keys together while the server runs, where it was built with it.".to_owned());
    }
    plan
}

/// The largest key, when it is worth it.
fn remove_the_largest(picture: &Picture<'_>, full: bool) -> Option<Plan> {
    let keys = big_keys(picture);
    let key = keys.first()?;
    let used = picture.now("used_memory")?;
    let size = key.bytes?;
    let evidence = vec![key.words(), format!("that is {:.0} % of the memory in use", size / used * 100.0)];
    let title = format!("remove the key {}", key.name);
    let mut plan = Plan::new("C12", title, Cause::BigKeys, 45, evidence);
    if !full || size / used < WORTH_REMOVING {
        plan.blocked.push("removing it would not free enough to be worth its data".to_owned());
    }
    let gone = within(Check::KeysGone(vec![key.name.clone()]), 10, "the key is gone", 0);
    add(&mut plan, FixKind::UnlinkKeys(vec![key.name.clone()]), Rung::Removing, gone, |step| {
        step.why = "UNLINK frees it beside the work; only who owns the data can say that it may go.".into();
        step.expected = vec![format!("memory {} -> {}", bytes(used), bytes(used - size))];
    });
    plan.advice.push(split(&key.kind));
    Some(plan)
}

/// What to do with a large key instead.
fn split(kind: &str) -> String {
    match kind {
        "hash" => {
            "Split it: spread the fields over several hashes by a hash of the field, and read with HSCAN or HMGET."
        }
        "list" => "Bound it: LTRIM after each push keeps the newest entries, and LRANGE reads pages of it.",
        "set" | "zset" => {
            "Split it by a part of the member, and read with SSCAN or ZSCAN; ZREMRANGEBYRANK bounds a ranking."
        }
        "stream" => "Bound it: XADD with MAXLEN ~ n, or XTRIM, keeps the newest entries.",
        _ => "Keep large values outside (a file, an object store), or cut and compress them.",
    }
    .to_owned()
}

/// There is no limit: only a person can say what the machine has to keep for others.
fn without_a_limit(picture: &Picture<'_>) -> Plan {
    let all = picture.now("total_system_memory").unwrap_or(0.0);
    let title = "set a limit before the system ends the server".to_owned();
    let mut plan = Plan::new("C12", title, Cause::MemoryPressure, 50, Vec::new());
    plan.advice.push(format!(
        "Set maxmemory (three quarters of {} leave room for a fork) and a policy that fits: noeviction for a store, \
         allkeys-lru for a cache. What is above the limit then is refused or thrown out at once.",
        bytes(all)
    ));
    plan
}
