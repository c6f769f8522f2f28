//! Answers of Redis written by hand, and what is made of them: the look-alikes too.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::rows::{Column, Rows, Value};
use crate::engine::case::with_case;

/// INFO as the probe gives it, from `Section name:value` lines.
fn info(lines: &str) -> Rows {
    let columns = ["section", "name", "value"].iter().map(|name| Column::text(name)).collect();
    let row = |line: &str| {
        let (section, rest) = line.trim().split_once(' ').unwrap();
        let (name, value) = rest.split_once(':').unwrap();
        [section, name, value].map(|cell| Value::Text(cell.to_owned())).to_vec()
    };
    Rows { columns, rows: lines.lines().filter(|line| !line.trim().is_empty()).map(row).collect(), truncated: None }
}

const SERVER: &str = "Server run_id:a\nServer server_time_usec:1000000000000000\n";

/// What was read, ten seconds apart.
fn seen(first: &str, last: &str) -> Observation {
    let mut observation = Observation::default();
    observation.add(INFO.name, Timestamp(0), info(&format!("{SERVER}{first}")));
    observation.add(INFO.name, Timestamp(10_000), info(&format!("{SERVER}{last}")));
    observation
}

fn judged(observation: &Observation) -> Diagnosis {
    with_case(observation, Timestamp(10_000), judge)
}

fn roots_of(observation: &Observation) -> Vec<Cause> {
    judged(observation).roots().map(|root| root.cause).collect()
}

fn memory(policy: &str, expires: u32, oom: u32) -> String {
    format!(
        "Memory used_memory:99000000\nMemory maxmemory:100000000\nMemory maxmemory_policy:{policy}\n\
         Memory total_system_memory:1000000000\nErrorstats errorstat_OOM:count={oom}\n\
         Keyspace db0:keys=1000,expires={expires},avg_ttl=5\n"
    )
}

#[test]
fn a_full_store_is_under_pressure_and_a_full_cache_is_not() {
    let at = |policy: &str, expires: u32| roots_of(&seen("", &memory(policy, expires, 0)));
    assert_eq!(at("noeviction", 0), [Cause::MemoryPressure]);
    assert_eq!(at("volatile-lru", 0), [Cause::MemoryPressure]);
    assert_eq!(at("allkeys-lru", 0), []);
    assert_eq!(at("volatile-lru", 900), []);
}

#[test]
fn refused_writes_tell_more_than_any_share() {
    let observation = seen(&memory("allkeys-lru", 0, 5), &memory("allkeys-lru", 0, 9));
    let found = judged(&observation);
    let pressure = found.of(Cause::MemoryPressure).unwrap();
    assert_eq!(pressure.verdict, Verdict::Supported);
    assert!(pressure.evidence.iter().any(|evidence| evidence.text.contains("4 commands were refused")));
}

#[test]
fn a_cache_that_throws_out_much_or_finds_little_is_too_small() {
    let stats = |evicted: u32, hits: u32, misses: u32| {
        format!(
            "{}Stats evicted_keys:{evicted}\nStats keyspace_hits:{hits}\nStats keyspace_misses:{misses}\n",
            memory("allkeys-lru", 900, 0)
        )
    };
    let at = |evicted: u32, hits: u32, misses: u32| roots_of(&seen(&stats(0, 0, 0), &stats(evicted, hits, misses)));
    assert_eq!(at(20, 900, 10), [], "a few a second, and the reads find their keys");
    assert_eq!(at(500, 900, 10), [Cause::Evictions]);
    assert_eq!(at(20, 100, 300), [Cause::Evictions]);
}

fn slow_log(entries: &[(i64, i64, &str, &str)]) -> Rows {
    let names = ["id", "at_utc", "duration_us", "command", "client", "client_name"];
    let row = |(id, micros, command, client): &(i64, i64, &str, &str)| {
        let text = |cell: &str| Value::Text(cell.to_owned());
        vec![
            Value::Int(*id),
            text("2001-09-09 01:46:00"),
            Value::Int(*micros),
            text(command),
            text("c:1"),
            text(client),
        ]
    };
    let columns = names.iter().map(|name| Column::text(name)).collect();
    Rows { columns, rows: entries.iter().map(row).collect(), truncated: None }
}

#[test]
fn slow_commands_are_those_of_others_that_came_while_we_watched() {
    let with = |entries: &[(i64, i64, &str, &str)]| {
        let mut observation = seen("", "");
        observation.add(SLOW_LOG.name, Timestamp(0), slow_log(&[(7, 900_000, "OLD one", "")]));
        observation.add(SLOW_LOG.name, Timestamp(10_000), slow_log(entries));
        roots_of(&observation)
    };
    assert_eq!(with(&[(7, 900_000, "OLD one", "")]), []);
    assert_eq!(with(&[(8, 400_000, "KEYS *", "")]), [Cause::SlowCommands]);
    assert_eq!(with(&[(8, 400_000, "--memkeys", "dba-gpt-watch")]), []);
    assert_eq!(with(&[(8, 4_000, "GET a", "")]), [], "below ten milliseconds nobody waits");
}

#[test]
fn a_replica_that_comes_for_the_first_time_is_no_broken_replication() {
    let stats = |full: u32, failed: u32| {
        format!(
            "Replication role:master\nReplication connected_slaves:1\nReplication master_repl_offset:10\n\
             Replication slave0:ip=a,port=1,state=online,offset=10,lag=0\nReplication repl_backlog_size:1048576\n\
             Stats sync_full:{full}\nStats sync_partial_err:{failed}\n"
        )
    };
    assert_eq!(roots_of(&seen(&stats(0, 0), &stats(1, 0))), []);
    assert_eq!(roots_of(&seen(&stats(1, 0), &stats(3, 2))), [Cause::ReplicationBroken]);
}

#[test]
fn what_cannot_be_seen_is_told_and_never_taken_for_a_cause() {
    let mut refused = Observation::default();
    refused.refuse(INFO.name, "this user may not (NOPERM)".into());
    let found = judged(&refused);
    assert_eq!(found.roots().count(), 0);
    assert!(found.unknown.iter().any(|words| words.contains("+info")), "{:?}", found.unknown);
    let mut busy = Observation::default();
    busy.refuse(INFO.name, "Redis is busy running a script. (BUSY)".into());
    assert_eq!(roots_of(&busy), [Cause::SlowCommands]);
}

#[test]
fn a_script_that_begins_within_a_look_is_seen() {
    let busy = "Redis is busy running a script. (BUSY)";
    let script = |observation: &Observation| {
        let found = judged(observation);
        found.of(Cause::SlowCommands).is_some_and(|h| h.about.as_deref() == Some(picture::A_SCRIPT))
    };
    // The second look at the numbers is refused.
    let mut begun = Observation::default();
    begun.add(INFO.name, Timestamp(0), info(SERVER));
    begun.refuse(INFO.name, busy.into());
    assert!(script(&begun));
    // The numbers came, and what is asked for behind them did not.
    for query in [&SLOW_LOG, &LATENCY] {
        let mut behind = seen("", "");
        behind.add(query.name, Timestamp(0), slow_log(&[]));
        behind.refuse(query.name, busy.into());
        assert!(script(&behind), "{}", query.name);
    }
    let mut walking = seen("", "");
    walking.refuse(BY_MEMORY.name, busy.into());
    assert!(script(&walking));
    // One that was over when the numbers came the second time, and an error that only begins with the same letters.
    let mut over = seen("", "");
    over.refuse(SETTINGS.name, busy.into());
    over.refuse(SLOW_LOG.name, busy.into());
    assert!(!script(&over));
    let mut other = seen("", "");
    other.refuse(BY_MEMORY.name, "that group is there already (BUSYGROUP)".into());
    assert!(!script(&other));
}

#[test]
fn a_core_that_is_busy_is_too_much_work_unless_something_slow_keeps_it_so() {
    let cpu = |seconds: f64, commands: u32| {
        format!(
            "CPU used_cpu_user_main_thread:{seconds}\nCPU used_cpu_sys_main_thread:0\nStats total_commands_processed:{commands}\n"
        )
    };
    assert_eq!(roots_of(&seen(&cpu(0.0, 0), &cpu(9.5, 100_000))), [Cause::HeavyWorkload]);
    assert_eq!(roots_of(&seen(&cpu(0.0, 0), &cpu(2.0, 1_000))), []);
    let slow = |usec: u32| {
        format!(
            "{}Commandstats cmdstat_keys:calls={},usec={usec}\n",
            cpu(if usec > 0 { 9.5 } else { 0.0 }, 50),
            usec / 100_000
        )
    };
    let found = judged(&seen(&slow(0), &slow(9_000_000)));
    assert_eq!(found.roots().map(|root| root.cause).collect::<Vec<_>>(), [Cause::SlowCommands]);
    assert_eq!(found.of(Cause::HeavyWorkload).unwrap().consequence_of, Some(Cause::SlowCommands));
}
