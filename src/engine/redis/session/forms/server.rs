//! Forms about the server: settings, connections, commands, hits, memory, replication, persistence. Each is put together
//! from one or two short answers.

use super::super::info::{self, Info};
use super::super::shape::{self, Table};
use super::{Fail, Ground, count};
use crate::domain::metric;
use crate::domain::rows::Value;
use crate::domain::target::Timestamp;
use crate::engine::redis::dialect::classify;
use crate::engine::redis::wire::Reply;
use std::collections::BTreeMap;

async fn info(section: &str, ground: &mut Ground<'_>) -> Result<Info, Fail> {
    Ok(Info::parse(&ground.ask(&["INFO", section]).await?.text()))
}

/// `--config`: settings that hold no secret, asked for one by one, beside their defaults.
pub(super) async fn config(pattern: Option<&str>, changed: bool, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let wanted: Vec<&(&str, &str)> = classify::KNOWN
        .iter()
        .filter(|(name, _)| pattern.is_none_or(|p| classify::glob(p, name) || name.contains(p)))
        .collect();
    let commands: Vec<Vec<&str>> = wanted.iter().map(|(name, _)| vec!["CONFIG", "GET", name]).collect();
    let replies = ground.ask_all(&commands).await?;
    if let Some(Reply::Error(words)) = replies.first() {
        return Err(Fail::Refused(words.clone()));
    }
    let mut table = Table::new(&["setting", "value", "default", "changed"]);
    for ((name, default), reply) in wanted.into_iter().zip(&replies) {
        for (own, setting) in reply.pairs() {
            // An older name stands for the newer one: shown once.
            if own.text() != *name {
                continue;
            }
            let text = setting.text();
            let differs = *default != "?" && text != *default;
            if !changed || differs {
                let default = if *default == "?" { Value::Null } else { Value::Text((*default).to_owned()) };
                table.push(vec![Value::Text(own.text()), Value::Text(text), default, Value::Bool(differs)]);
            }
        }
    }
    if table.rows.is_empty() && !changed {
        table.notices.push("no setting of that name; passwords are never read".into());
    }
    table.notices.push("defaults are those of Redis 7.0; another version may have others".into());
    Ok(table)
}

/// `--clients`.
pub(super) async fn clients(
    by: Option<&str>,
    sort: Option<&str>,
    blocked: bool,
    ground: &mut Ground<'_>,
) -> Result<Table, Fail> {
    let mut table = shape::clients(&ground.ask(&["CLIENT", "LIST"]).await?.text());
    let at = |table: &Table, name: &str| {
        table.columns.iter().position(|c| c.name == name).ok_or_else(|| {
            let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            Fail::Cannot(format!("clients have no field {name}; they have {}", names.join(", ")))
        })
    };
    if blocked {
        let flags = at(&table, "flags")?;
        table.rows.retain(|row| row[flags].plain().is_some_and(|f| f.contains('b')));
    }
    if let Some(sort) = sort {
        let at = at(&table, sort)?;
        let number = |row: &[Value]| row[at].number().unwrap_or(f64::MIN);
        table.rows.sort_by(|a, b| number(b).total_cmp(&number(a)));
    }
    let Some(by) = by else { return Ok(table) };
    // A client's port says nothing about who it is.
    let field = if matches!(by, "address" | "host" | "ip") { "addr" } else { by };
    let at = at(&table, field)?;
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for row in &table.rows {
        let text = row[at].plain().unwrap_or_default();
        let text = if field == "addr" {
            text.rsplit_once(':').map_or(text.clone(), |(host, _)| host.to_owned())
        } else {
            text
        };
        *groups.entry(text).or_default() += 1;
    }
    let mut groups: Vec<(String, u64)> = groups.into_iter().collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut counted = Table::new(&[field, "#clients"]);
    for (name, clients) in groups {
        counted.push(vec![Value::Text(name), count(clients)]);
    }
    Ok(counted)
}

/// `--commands`.
pub(super) async fn commands(sort: &str, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let info = info("commandstats", ground).await?;
    let mut table = shape::of_info("COMMANDSTATS", &info, sort);
    table.notices.push("since the server started or CONFIG RESETSTAT".into());
    Ok(table)
}

/// A row of name, value and what it means.
fn fact(table: &mut Table, name: &str, value: Option<String>, meaning: &str) {
    if let Some(value) = value {
        table.push(vec![Value::Text(name.to_owned()), Value::Text(value), Value::Text(meaning.to_owned())]);
    }
}

fn bytes(info: &Info, name: &str) -> Option<String> {
    info.number(name).map(metric::bytes)
}

fn text(info: &Info, name: &str) -> Option<String> {
    info.get(name).map(str::to_owned)
}

fn moment(info: &Info, name: &str) -> Option<String> {
    let seconds: i64 = info.get(name)?.parse().ok()?;
    (seconds > 0).then(|| format!("{} UTC", Timestamp(seconds * 1000).date_time(0)))
}

/// `--hits`.
pub(super) async fn hits(ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let info = info("stats", ground).await?;
    let mut table = Table::new(&["name", "value", "meaning"]);
    let (hits, misses) = (info.number("keyspace_hits").unwrap_or(0.0), info.number("keyspace_misses").unwrap_or(0.0));
    let ratio = (hits + misses > 0.0).then(|| format!("{:.2} %", 100.0 * hits / (hits + misses)));
    fact(&mut table, "hit ratio", ratio.or(Some("-".into())), "share of look-ups that found a key");
    for (name, meaning) in [
        ("keyspace_hits", "look-ups that found a key"),
        ("keyspace_misses", "look-ups that found none"),
        ("expired_keys", "keys that reached the end of their time"),
        ("expired_stale_perc", "share of keys past their time that are still there, percent"),
        ("expired_time_cap_reached_count", "times that expiring keys ran out of time"),
        ("evicted_keys", "keys thrown out for memory"),
        ("evicted_clients", "clients thrown out for memory"),
        ("total_eviction_exceeded_time", "milliseconds above maxmemory"),
        ("rejected_connections", "connections refused because of maxclients"),
    ] {
        fact(&mut table, name, text(&info, name), meaning);
    }
    table.notices.push("since the server started or CONFIG RESETSTAT".into());
    Ok(table)
}

/// `--memory`.
pub(super) async fn memory(ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let info = info("memory", ground).await?;
    let mut table = Table::new(&["name", "value", "meaning"]);
    for (name, meaning) in [
        ("used_memory", "taken by data and everything around it"),
        ("used_memory_rss", "taken from the system"),
        ("used_memory_peak", "the most that was ever taken"),
        ("maxmemory", "the limit; 0 is none"),
        ("used_memory_dataset", "the data itself"),
        ("used_memory_overhead", "everything around it"),
        ("used_memory_startup", "taken when empty"),
        ("mem_clients_normal", "buffers of clients"),
        ("mem_clients_slaves", "buffers of replicas"),
        ("mem_replication_backlog", "kept for replicas that come back"),
        ("mem_aof_buffer", "buffer of the append-only file"),
        ("used_memory_scripts", "scripts"),
        ("used_memory_vm_total", "script engines"),
        ("used_memory_functions", "functions"),
        ("mem_fragmentation_bytes", "taken from the system beyond what is used"),
        ("total_system_memory", "of the machine"),
    ] {
        fact(&mut table, name, bytes(&info, name), meaning);
    }
    for (name, meaning) in [
        ("maxmemory_policy", "what happens at the limit"),
        ("mem_fragmentation_ratio", "taken from the system / used: above 1.5 wasteful, below 1 swapped out"),
        ("allocator_frag_ratio", "fragmentation that active defragmentation can mend"),
        ("used_memory_dataset_perc", "share of the data"),
        ("mem_allocator", "allocator"),
        ("active_defrag_running", "defragmentation works now"),
        ("lazyfree_pending_objects", "objects that wait to be freed"),
    ] {
        fact(&mut table, name, text(&info, name), meaning);
    }
    Ok(table)
}

/// `--replication`.
pub(super) async fn replication(ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let info = info("replication", ground).await?;
    let mut table = Table::new(&["name", "role", "state", "#offset", "#behind_bytes", "#lag_s", "note"]);
    let own = info.number("master_repl_offset");
    let cell = |number: Option<f64>| number.map_or(Value::Null, |n| Value::Number(format!("{n:.0}")));
    let role = if info.text("role") == "slave" { "replica" } else { "primary" };
    let replicas: Vec<&str> = info
        .section("replication")
        .filter(|(n, v)| n.starts_with("slave") && v.contains("ip="))
        .map(|(_, v)| v)
        .collect();
    let note = format!(
        "{} replicas, backlog {}",
        replicas.len(),
        metric::bytes(info.number("repl_backlog_size").unwrap_or(0.0))
    );
    table.push(vec![
        Value::Text("this server".into()),
        Value::Text(role.into()),
        Value::Text(if role == "replica" { info.text("master_link_status") } else { "online" }.into()),
        cell(own),
        Value::Null,
        Value::Null,
        Value::Text(note),
    ]);
    if role == "replica" {
        let followed = format!("{}:{}", info.text("master_host"), info.text("master_port"));
        let down = info.number("master_link_down_since_seconds").filter(|s| *s >= 0.0);
        let note = match down {
            Some(s) => format!("link down for {}", metric::seconds(s)),
            None if info.text("master_sync_in_progress") == "1" => "a full copy is under way".into(),
            None => String::new(),
        };
        table.push(vec![
            Value::Text(followed),
            Value::Text("primary".into()),
            Value::Text(info.text("master_link_status").to_owned()),
            cell(info.number("slave_repl_offset")),
            cell(
                info.number("slave_read_repl_offset")
                    .zip(info.number("slave_repl_offset"))
                    .map(|(read, done)| read - done),
            ),
            cell(info.number("master_last_io_seconds_ago").filter(|s| *s >= 0.0)),
            Value::Text(note),
        ]);
    }
    for replica in replicas {
        let field =
            |name: &str| info::fields(replica).find(|(n, _)| *n == name).map(|(_, v)| v.to_owned()).unwrap_or_default();
        let offset = info::field(replica, "offset");
        table.push(vec![
            Value::Text(format!("{}:{}", field("ip"), field("port"))),
            Value::Text("replica".into()),
            Value::Text(field("state")),
            cell(offset),
            cell(own.zip(offset).map(|(own, there)| (own - there).max(0.0))),
            cell(info::field(replica, "lag")),
            Value::Text(String::new()),
        ]);
    }
    Ok(table)
}

/// `--persistence`.
pub(super) async fn persistence(ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let info = info("persistence", ground).await?;
    let mut table = Table::new(&["name", "value", "meaning"]);
    fact(
        &mut table,
        "rdb_last_save_time",
        moment(&info, "rdb_last_save_time"),
        "the last snapshot that succeeded, or the start",
    );
    for (name, meaning) in [
        ("loading", "the data set is being loaded"),
        ("rdb_last_bgsave_status", "how the last snapshot ended"),
        ("rdb_changes_since_last_save", "changes that only memory has, the append-only file aside"),
        ("rdb_bgsave_in_progress", "a snapshot is being written"),
        ("rdb_last_bgsave_time_sec", "seconds that the last one took"),
        ("aof_enabled", "the append-only file is on"),
        ("aof_last_write_status", "how the last write to it ended"),
        ("aof_last_bgrewrite_status", "how its last rewrite ended"),
        ("aof_rewrite_in_progress", "it is being rewritten"),
        ("aof_delayed_fsync", "times that a write waited for the disk"),
        ("rdb_last_cow_size", "bytes copied while the last snapshot was written"),
    ] {
        fact(&mut table, name, text(&info, name), meaning);
    }
    for (name, meaning) in
        [("aof_current_size", "size of the append-only file"), ("aof_base_size", "its size after the last rewrite")]
    {
        fact(&mut table, name, bytes(&info, name), meaning);
    }
    Ok(table)
}
