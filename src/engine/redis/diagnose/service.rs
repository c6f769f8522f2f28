//! What is around the data: the disk behind it, the replicas, the connections, and settings that do not fit.

use super::picture::Picture;
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::metric::bytes;
use crate::domain::rows::Rows;
use crate::engine::redis::session::field;
use std::collections::BTreeMap;

/// A spike of the latency monitor that is felt, milliseconds.
const FELT_MS: f64 = 100.0;
/// Seconds behind from which a replica is late (checks.md RD26); its primary pings it every ten.
const LATE_S: f64 = 10.0;
/// Bytes behind from which it is late although it answers.
const LATE_BYTES: f64 = 16.0 * 1_048_576.0;
/// Share of maxclients from which it is nearly used up (awesome-prometheus-alerts).
const CROWDED: f64 = 0.9;

pub(super) fn judge(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found = vec![persistence(picture)];
    found.extend(replication(picture, unknown));
    found.extend(connections(picture));
    found.extend(settings(picture));
    found
}

fn persistence(picture: &Picture<'_>) -> Hypothesis {
    let mut evidence = Vec::new();
    let failed = |name: &str| picture.text(name) == "err";
    for (name, words) in [
        ("rdb_last_bgsave_status", "the last snapshot failed"),
        ("aof_last_write_status", "the last write to the append-only file failed"),
        ("aof_last_bgrewrite_status", "the last rewrite of the append-only file failed"),
    ] {
        if failed(name) {
            evidence.push(format!("{words} ({name}:err)"));
        }
    }
    let refused = picture.errors("MISCONF");
    if refused > 0.0 {
        evidence.push(format!("{refused:.0} writes were refused with MISCONF in {:.0} s", picture.seconds));
    }
    if !evidence.is_empty() {
        return Hypothesis::new(Cause::PersistenceStall, Verdict::Supported, 0.95, evidence);
    }
    let delayed = picture.grew("aof_delayed_fsync").unwrap_or(0.0);
    if delayed > 0.0 {
        evidence
            .push(format!("{delayed:.0} writes waited for the disk (aof_delayed_fsync) in {:.0} s", picture.seconds));
    }
    let spikes = picture.spikes();
    for (event, ms) in spikes.iter().filter(|(event, ms)| {
        (event.contains("fork") || event.starts_with("aof") || event.starts_with("rdb")) && *ms >= FELT_MS
    }) {
        evidence.push(format!("latency monitor: {event} of {ms:.0} ms"));
    }
    if evidence.is_empty() {
        let quiet = vec!["snapshots and the append-only file report no failure".to_owned()];
        return Hypothesis::new(Cause::PersistenceStall, Verdict::Refuted, 0.85, quiet);
    }
    Hypothesis::new(Cause::PersistenceStall, Verdict::Supported, 0.85, evidence)
}

fn replication(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    if picture.text("role") == "slave" { as_replica(picture) } else { as_primary(picture, unknown) }
}

fn as_replica(picture: &Picture<'_>) -> Vec<Hypothesis> {
    let mut evidence = Vec::new();
    let primary = format!("{}:{}", picture.text("master_host"), picture.text("master_port"));
    if picture.text("master_link_status") != "up" {
        let since = picture.now("master_link_down_since_seconds").filter(|since| *since >= 0.0);
        let since = since.map_or_else(|| "since the start".to_owned(), |s| format!("for {s:.0} s"));
        evidence.push(format!("the link to the primary {primary} is down {since} (master_link_status)"));
        if picture.text("master_sync_in_progress") == "1" {
            evidence.push("a full copy is on its way".to_owned());
        }
        return vec![Hypothesis::new(Cause::ReplicationBroken, Verdict::Supported, 0.95, evidence).about(primary)];
    }
    let silent = picture.now("master_last_io_seconds_ago").unwrap_or(0.0);
    let fine =
        Hypothesis::new(Cause::ReplicationBroken, Verdict::Refuted, 0.9, vec![format!("the link to {primary} is up")]);
    evidence.push(format!("the primary was last heard {silent:.0} s ago"));
    let verdict = if silent > 2.0 * LATE_S { Verdict::Supported } else { Verdict::Refuted };
    vec![fine, Hypothesis::new(Cause::ReplicationLag, verdict, 0.85, evidence)]
}

/// A replica as its primary lists it.
struct Replica {
    name: String,
    online: bool,
    lag: Option<f64>,
    behind: Option<f64>,
}

fn replicas(picture: &Picture<'_>) -> Vec<Replica> {
    let offset = picture.now("master_repl_offset");
    let Some(info) = &picture.last else { return Vec::new() };
    let listed = info.section("replication").filter(|(name, stats)| {
        name.strip_prefix("slave").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit())) && stats.contains("ip=")
    });
    listed
        .map(|(_, stats)| {
            let text = |name: &str| {
                stats
                    .split(',')
                    .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
                    .unwrap_or_default()
                    .to_owned()
            };
            Replica {
                name: format!("{}:{}", text("ip"), text("port")),
                online: text("state") == "online",
                lag: field(stats, "lag").filter(|lag| *lag >= 0.0),
                behind: field(stats, "offset").zip(offset).map(|(own, all)| (all - own).max(0.0)),
            }
        })
        .collect()
}

fn as_primary(picture: &Picture<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let replicas = replicas(picture);
    let mut broken = Vec::new();
    let refused = picture.errors("NOREPLICAS");
    if refused > 0.0 {
        broken.push(format!("{refused:.0} writes were refused with NOREPLICAS in {:.0} s", picture.seconds));
    }
    let (full, failed) = (picture.grew("sync_full").unwrap_or(0.0), picture.grew("sync_partial_err").unwrap_or(0.0));
    if full > 0.0 && failed > 0.0 {
        broken.push(format!(
            "{full:.0} full copies in {:.0} s after {failed:.0} replicas asked for more than the backlog of {} holds",
            picture.seconds,
            picture.now("repl_backlog_size").map(bytes).unwrap_or_default()
        ));
    }
    if let (Some(before), Some(now)) = (picture.before("connected_slaves"), picture.now("connected_slaves"))
        && now < before
    {
        broken.push(format!("of {before:.0} replicas {now:.0} are left: some went away while we watched"));
    }
    let mut found = Vec::new();
    if !broken.is_empty() {
        found.push(Hypothesis::new(Cause::ReplicationBroken, Verdict::Supported, 0.9, broken));
    } else if replicas.is_empty() {
        unknown.push("this primary has no replica now; whether it should have one only a person knows".to_owned());
    }
    let late: Vec<String> = replicas
        .iter()
        .filter(|replica| {
            replica.online
                && (replica.lag.is_some_and(|lag| lag >= LATE_S)
                    || replica.behind.is_some_and(|bytes| bytes >= LATE_BYTES))
        })
        .map(|replica| {
            let behind = replica.behind.map_or_else(String::new, |b| format!(", {} behind", bytes(b)));
            format!("{}: last heard {:.0} s ago{behind}", replica.name, replica.lag.unwrap_or(0.0))
        })
        .collect();
    if !replicas.is_empty() {
        let verdict = if late.is_empty() { Verdict::Refuted } else { Verdict::Supported };
        let words = if late.is_empty() { vec!["every replica answers".to_owned()] } else { late };
        found.push(Hypothesis::new(Cause::ReplicationLag, verdict, 0.85, words));
    }
    found
}

/// The largest group of clients that do nothing: who, how many, and how long each at least.
pub(in crate::engine::redis) struct IdleGroup {
    /// User, name and address. Untrusted.
    pub(in crate::engine::redis) who: String,
    /// Numbers of the connections with the seconds that each is idle, the longest first.
    pub(in crate::engine::redis) clients: Vec<(i64, i64)>,
}

pub(in crate::engine::redis) fn idle_group(clients: &Rows) -> Option<IdleGroup> {
    let mut groups: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for row in &clients.rows {
        let text = |name: &str| clients.text(row, name);
        // Only plain clients outside of a transaction; blocked, subscribed and replicating ones wait on purpose.
        if text("flags") != "N" || text("name").starts_with("dba-gpt") {
            continue;
        }
        let host = text("addr").rsplit_once(':').map_or_else(|| text("addr"), |(host, _)| host.to_owned());
        let who = [text("user"), text("name"), host]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        if let (Some(id), Some(idle)) = (clients.get(row, "id").int(), clients.get(row, "idle").int()) {
            groups.entry(who).or_default().push((id, idle));
        }
    }
    let (who, mut clients) = groups.into_iter().max_by_key(|(_, clients)| clients.len())?;
    clients.sort_by_key(|(_, idle)| std::cmp::Reverse(*idle));
    Some(IdleGroup { who, clients })
}

fn connections(picture: &Picture<'_>) -> Option<Hypothesis> {
    let now = picture.now("connected_clients")?;
    let most = picture.now("maxclients").or_else(|| picture.setting_number("maxclients"))?;
    let refused = picture.grew("rejected_connections").unwrap_or(0.0);
    let mut evidence = vec![format!("{now:.0} of {most:.0} connections (maxclients) are taken")];
    if refused > 0.0 {
        evidence.push(format!("{refused:.0} connections were refused in {:.0} s", picture.seconds));
    }
    let group = picture.clients().and_then(idle_group);
    let mut about = None;
    if let Some(group) = group {
        let idle = group.clients.iter().filter(|(_, idle)| *idle >= 60).count();
        evidence.push(format!(
            "the largest group is {}: {} connections, {idle} idle for a minute or more",
            group.who,
            group.clients.len()
        ));
        about = Some(group.who);
    }
    let (verdict, confidence) = match now / most.max(1.0) {
        _ if refused > 0.0 => (Verdict::Supported, 0.97),
        share if share >= CROWDED => (Verdict::Supported, 0.92),
        share if share >= 0.8 => (Verdict::Inconclusive, 0.5),
        _ => (Verdict::Refuted, 0.9),
    };
    let hypothesis = Hypothesis::new(Cause::ConnectionSaturation, verdict, confidence, evidence);
    Some(match about {
        Some(about) if verdict != Verdict::Refuted => hypothesis.about(about),
        _ => hypothesis,
    })
}

/// Settings whose harm is seen now; that one is unusual alone is nothing to wake somebody for.
fn settings(picture: &Picture<'_>) -> Vec<Hypothesis> {
    let mut found = Vec::new();
    let mut of = |name: &str, evidence: Vec<String>, confidence: f64| {
        found.push(Hypothesis::new(Cause::ConfigRegression, Verdict::Supported, confidence, evidence).about(name));
    };
    let slow_sync = picture.spikes().into_iter().find(|(event, ms)| event == "aof-fsync-always" && *ms >= FELT_MS);
    if let (Some("always"), Some((_, ms))) = (picture.setting("appendfsync"), slow_sync) {
        let words = format!("appendfsync is always: every write waits for the disk, lately {ms:.0} ms");
        of("appendfsync", vec![words], 0.8);
    }
    let refused = picture.grew("client_query_buffer_limit_disconnections").unwrap_or(0.0)
        + picture.grew("client_output_buffer_limit_disconnections").unwrap_or(0.0);
    if refused > 0.0 {
        let words = format!(
            "{refused:.0} clients were cut off at a limit of their buffers in {:.0} s (client-output-buffer-limit is {})",
            picture.seconds,
            picture.setting("client-output-buffer-limit").unwrap_or("not seen")
        );
        of("client-output-buffer-limit", vec![words], 0.8);
    }
    let rehash = picture.setting_number("hz").filter(|hz| *hz >= 200.0);
    if let (Some(hz), true) = (
        rehash,
        picture.rate("used_cpu_user").is_some_and(|cpu| cpu >= 0.3)
            && picture.rate("total_commands_processed").is_some_and(|rate| rate < 100.0),
    ) {
        of("hz", vec![format!("hz is {hz:.0}: background work takes the core although few commands come")], 0.7);
    }
    found
}
