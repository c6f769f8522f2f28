//! Redis, on servers of the tests' own.

use super::*;
use crate::redis::support::{Own, Raw, skipped};
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::Upkeep;

registry::cures! {
    "redis", || !skipped();
    a_quiet_server_has_no_cause,
    a_full_memory_gets_more_room_and_a_store_keeps_its_keys,
    a_full_cache_throws_out_what_expires_anyway,
    a_key_that_takes_the_memory_is_the_root_of_it,
    slow_commands_are_named_with_what_does_the_same_in_steps,
    a_script_that_holds_the_server_up_is_stopped,
    connections_that_are_used_up_get_room,
    a_replica_without_its_primary_is_broken,
    a_snapshot_that_failed_is_written_again,
    a_command_for_another_type_is_explained,
    settings_go_back_to_their_defaults_and_memory_to_the_system,
}

fn fill(raw: &mut Raw, keys: u32, bytes: u32, seconds: u32) {
    let script = "for i = 1, ARGV[1] do if ARGV[3] == '0' then redis.call('SET', 'k:' .. i, string.rep('x', ARGV[2])) \
                  else redis.call('SET', 'k:' .. i, string.rep('x', ARGV[2]), 'EX', ARGV[3]) end end return 1";
    let (keys, bytes, seconds) = (keys.to_string(), bytes.to_string(), seconds.to_string());
    assert_eq!(raw.ask(&["EVAL", script, "0", &keys, &bytes, &seconds]), ":1");
}

async fn a_quiet_server_has_no_cause(_: u64) {
    let own = Own::start(&[]);
    let bed = Bed::at(&own.url());
    fill(&mut Raw::connect(&own.url()), 1000, 100, 0);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
    assert!(found.plans.is_empty());
}

async fn a_full_memory_gets_more_room_and_a_store_keeps_its_keys(_: u64) {
    let own = Own::start(&["maxmemory 70mb", "maxmemory-policy noeviction"]);
    let bed = Bed::at(&own.url());
    let mut raw = Raw::connect(&own.url());
    fill(&mut raw, 590, 100_000, 0);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::MemoryPressure], "{:#?}", found.diagnosis);
    let eviction = plan(&found, "C12", "throw out");
    assert!(eviction.blocked.iter().any(|why| why.contains("store")), "{:?}", eviction.blocked);
    let room = plan(&found, "C12", "raise maxmemory");
    if room.blocked.is_empty() {
        let done = bed.cured(room).await;
        assert_eq!(raw.ask_whole(&["CONFIG", "GET", "maxmemory"]).lines().nth(1).unwrap(), "88080384");
        bed.undone(&done).await;
        assert_eq!(raw.ask_whole(&["CONFIG", "GET", "maxmemory"]).lines().nth(1).unwrap(), "73400320");
    }
}

async fn a_full_cache_throws_out_what_expires_anyway(_: u64) {
    let own = Own::start(&["maxmemory 70mb", "maxmemory-policy noeviction"]);
    let bed = Bed::at(&own.url());
    let mut raw = Raw::connect(&own.url());
    fill(&mut raw, 590, 100_000, 10_000);
    let incident = bed.incident("OOM command not allowed when used memory > 'maxmemory'.", Some("OOM"), None);
    let found = bed.looked(1, Some(incident), Vec::new()).await;
    let done = bed.cured(plan(&found, "C12", "throw out")).await;
    assert_eq!(raw.ask(&["SET", "new", "x"]), "+OK");
    assert_eq!(raw.ask_whole(&["CONFIG", "GET", "maxmemory-policy"]).lines().nth(1).unwrap(), "allkeys-lru");
    bed.undone(&done).await;
    assert_eq!(raw.ask_whole(&["CONFIG", "GET", "maxmemory-policy"]).lines().nth(1).unwrap(), "noeviction");
}

async fn a_key_that_takes_the_memory_is_the_root_of_it(_: u64) {
    let own = Own::start(&["maxmemory 70mb", "maxmemory-policy noeviction"]);
    let bed = Bed::at(&own.url());
    let mut raw = Raw::connect(&own.url());
    let script = "for i = 1, 580 do redis.call('RPUSH', 'jobs', i .. string.rep('x', 100000)) end return 1";
    assert_eq!(raw.ask(&["EVAL", script, "0"]), ":1");
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::BigKeys], "{:#?}", found.diagnosis);
    let pressure = found.diagnosis.of(Cause::MemoryPressure).unwrap();
    assert_eq!(pressure.consequence_of, Some(Cause::BigKeys));
    let done = bed.cured(plan(&found, "C12", "remove the key jobs")).await;
    assert!(matches!(done.survey.inverse, Inverse::None(_)), "that it cannot be undone is said before");
    assert_eq!(raw.ask(&["EXISTS", "jobs"]), ":0");
}

async fn slow_commands_are_named_with_what_does_the_same_in_steps(_: u64) {
    let own = Own::start(&[]);
    let bed = Bed::at(&own.url());
    let mut raw = Raw::connect(&own.url());
    fill(&mut raw, 300_000, 10, 0);
    let url = own.url();
    let busy = std::thread::spawn(move || {
        let mut raw = Raw::connect(&url);
        for _ in 0..25 {
            raw.ask_whole(&["KEYS", "*9999*"]);
        }
    });
    let found = bed.looked(1, None, Vec::new()).await;
    busy.join().unwrap();
    assert_eq!(roots(&found).first(), Some(&Cause::SlowCommands), "{:#?}", found.diagnosis);
    let instead = plan(&found, "C14", "steps");
    assert!(instead.advice.iter().any(|words| words.contains("SCAN")), "{:?}", instead.advice);
}

async fn a_script_that_holds_the_server_up_is_stopped(_: u64) {
    let own = Own::start(&["lua-time-limit 200"]);
    let bed = Bed::at(&own.url());
    let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
    let mut stuck = Raw::connect(&own.url());
    stuck.send(&["EVAL", "while true do end", "0"]);
    let found = bed.looked_by(&mut *session, 1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::SlowCommands], "{:#?}", found.diagnosis);
    let mut stop = plan(&found, "C14", "script").clone();
    // Whether the cause is gone is asked by a whole look; here the server's own word is enough.
    stop.steps[0].verification.check = Check::Understands("GET a".into());
    bed.cured(&stop).await;
    assert_eq!(Raw::connect(&own.url()).ask(&["SET", "a", "1"]), "+OK");
    let gone = bed.offered(FixKind::StopScript).await;
    assert!(matches!(gone, Err(NotProposed::Failed(ref why)) if why.contains("no script")), "{gone:?}");
}

async fn connections_that_are_used_up_get_room(_: u64) {
    let own = Own::start(&["maxclients 40"]);
    let bed = Bed::at(&own.url());
    let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
    let mut held: Vec<Raw> = (0..36).map(|_| Raw::connect(&own.url())).collect();
    for raw in &mut held {
        assert_eq!(raw.ask(&["PING"]), "+PONG");
    }
    let found = bed.looked_by(&mut *session, 1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::ConnectionSaturation], "{:#?}", found.diagnosis);
    assert!(!plan(&found, "C6", "close").blocked.is_empty(), "nobody is idle for long");
    session.close().await;
    let done = bed.cured(plan(&found, "C6", "raise maxclients")).await;
    bed.undone(&done).await;
    assert_eq!(held[0].ask_whole(&["CONFIG", "GET", "maxclients"]).lines().nth(1).unwrap(), "40");
}

async fn a_replica_without_its_primary_is_broken(_: u64) {
    let primary = Own::start(&[]);
    let replica = Own::start(&[&format!("replicaof 127.0.0.1 {}", primary.port), "repl-diskless-sync-delay 0"]);
    let bed = Bed::at(&replica.url());
    drop(primary);
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::ReplicationBroken], "{:#?}", found.diagnosis);
    let advice = plan(&found, "C13", "reached");
    assert!(advice.steps.is_empty() && !advice.advice.is_empty());
}

async fn a_snapshot_that_failed_is_written_again(_: u64) {
    let own = Own::start(&["dbfilename a.rdb"]);
    let bed = Bed::at(&own.url());
    let mut raw = Raw::connect(&own.url());
    // A folder of that name is in the way of the snapshot.
    let target = own.folder.path().join("a.rdb");
    std::fs::create_dir(&target).unwrap();
    raw.ask(&["SET", "a", "1"]);
    raw.ask(&["BGSAVE"]);
    let status = |raw: &mut Raw, word: &str| raw.ask(&["INFO", "persistence"]).contains(word);
    let begun = std::time::Instant::now();
    while !status(&mut raw, "rdb_last_bgsave_status:err") {
        assert!(begun.elapsed() < crate::redis::support::PATIENCE);
        std::thread::yield_now();
    }
    let found = bed.looked(1, None, Vec::new()).await;
    assert_eq!(roots(&found), [Cause::PersistenceStall], "{:#?}", found.diagnosis);
    std::fs::remove_dir(&target).unwrap();
    bed.cured(plan(&found, "RD19", "snapshot")).await;
    assert!(status(&mut raw, "rdb_last_bgsave_status:ok"));
}

async fn a_command_for_another_type_is_explained(_: u64) {
    let own = Own::start(&[]);
    let bed = Bed::at(&own.url());
    Raw::connect(&own.url()).ask(&["HSET", "user:7", "name", "x"]);
    let text = "WRONGTYPE Operation against a key holding the wrong kind of value";
    let incident = bed.incident(text, Some("WRONGTYPE"), Some("GET user:7"));
    let found = bed.looked(1, Some(incident), Vec::new()).await;
    assert_eq!(roots(&found), [Cause::WrongType], "{:#?}", found.diagnosis);
    let advice = plan(&found, "C14b", "hash");
    assert!(advice.advice.iter().any(|words| words.contains("HGET")), "{:?}", advice.advice);
}

async fn settings_go_back_to_their_defaults_and_memory_to_the_system(_: u64) {
    let own = Own::start(&["hz 50"]);
    let bed = Bed::at(&own.url());
    let kind = FixKind::ResetSetting("hz".into());
    let done = bed.act(kind).await;
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    let is = |value: &str| Check::SettingIs { name: "hz".into(), value: value.into() };
    assert_eq!(bed.answer(&is("10")).await.held, Some(true));
    bed.undone(&done).await;
    assert_eq!(bed.answer(&is("50")).await.held, Some(true));
    let purged = bed.act(FixKind::Maintain(Upkeep::Compact, None)).await;
    assert_eq!(purged.stage, Stage::Done, "{:?}", purged.happenings);
    assert_eq!(bed.answer(&Check::SettingIs { name: "requirepass".into(), value: String::new() }).await.held, None);
    assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(true));
}
