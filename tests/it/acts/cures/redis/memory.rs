//! Memory: a limit that is reached by a store, by a cache and by one key; keys that are thrown out; memory that is given
//! back.

use super::*;
use dba_gpt::domain::proposal::kind::Upkeep;

registry::cures! {
    "redis", at_hand;
    a_quiet_server_has_no_cause,
    a_full_memory_gets_more_room_and_a_store_keeps_its_keys,
    a_limit_that_was_changed_meanwhile_is_left_alone,
    a_full_cache_throws_out_what_expires_anyway,
    a_cache_that_throws_out_too_much_gets_more_room,
    a_full_cache_that_throws_out_nothing_has_no_cause,
    a_key_that_takes_the_memory_is_the_root_of_it,
    a_large_key_where_there_is_room_is_left_alone,
    settings_go_back_to_their_defaults_and_memory_to_the_system,
}

const MEGABYTE: u32 = 1_048_576;

/// Fills a server up to so many percent of its limit; gives the number of keys and the bytes of each.
fn fill_to(raw: &mut Raw, dice: &mut Dice, percent: u64, expiring: bool) -> (u32, u32) {
    let bytes = *dice.pick(&[20_000, 50_000, 100_000]);
    let wanted = number(raw, "maxmemory") * percent / 100;
    let mut keys = 0;
    loop {
        let left = wanted.saturating_sub(number(raw, "used_memory"));
        if left == 0 {
            // Filling it was slow, and is not what this is about.
            assert_eq!(raw.ask(&["SLOWLOG", "RESET"]), "+OK");
            return (keys, bytes);
        }
        // Each takes more than its bytes; the last ones are set one by one.
        let more = u32::try_from(left * 7 / 10).unwrap().div_ceil(bytes);
        fill(raw, keys + 1..=keys + more, bytes, if expiring { u32::MAX } else { 0 });
        keys += more;
    }
}

async fn a_quiet_server_has_no_cause(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw) = program.start(&[]);
        fill(&mut raw, 1..=dice.between(100, 5_000), dice.between(10, 1_000), 0);
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
        assert!(found.plans.is_empty());
    })
    .await;
}

async fn a_full_memory_gets_more_room_and_a_store_keeps_its_keys(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let limit = dice.between(66, 90) * MEGABYTE;
        let (_own, bed, mut raw) = program.start(&[&format!("maxmemory {limit}"), "maxmemory-policy noeviction"]);
        let (keys, _) = fill_to(&mut raw, &mut dice, 93, false);
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [Cause::MemoryPressure], "{:#?}", found.diagnosis);
        let eviction = plan(&found, "C12", "throw out");
        assert!(eviction.blocked.iter().any(|why| why.contains("store")), "{:?}", eviction.blocked);
        let done = bed.cured(plan(&found, "C12", "raise maxmemory")).await;
        assert!(setting(&mut raw, "maxmemory").parse::<u32>().unwrap() > limit);
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "maxmemory"), limit.to_string());
        assert_eq!(raw.ask(&["DBSIZE"]), format!(":{keys}"), "a store keeps its keys");
    })
    .await;
}

async fn a_limit_that_was_changed_meanwhile_is_left_alone(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let limit = dice.between(66, 90) * MEGABYTE;
        let (_own, bed, mut raw) = program.start(&[&format!("maxmemory {limit}"), "maxmemory-policy noeviction"]);
        fill_to(&mut raw, &mut dice, 95, false);
        let found = bed.looked(1, None, Vec::new()).await;
        let theirs = (limit + 2 * MEGABYTE).to_string();
        assert_eq!(raw.ask(&["CONFIG", "SET", "maxmemory", &theirs]), "+OK");
        let why = bed.not_sent(plan(&found, "C12", "raise maxmemory")).await;
        assert!(why.contains("does not hold"), "{why}");
        assert_eq!(setting(&mut raw, "maxmemory"), theirs, "what somebody else set stays");
    })
    .await;
}

async fn a_full_cache_throws_out_what_expires_anyway(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let limit = dice.between(66, 90) * MEGABYTE;
        let (_own, bed, mut raw) = program.start(&[&format!("maxmemory {limit}"), "maxmemory-policy noeviction"]);
        let (keys, bytes) = fill_to(&mut raw, &mut dice, 98, true);
        // Some that stay for good make it a mixture, in which only the others may go.
        let staying = *dice.pick(&[0, keys / 3]);
        for key in 1..=staying {
            assert_eq!(raw.ask(&["PERSIST", &format!("k:{key}")]), ":1");
        }
        let value = "x".repeat(bytes as usize);
        let mut answers = (0..).map(|more| raw.ask(&["SET", &format!("more:{more}"), &value, "EX", "9000"]));
        let refusal = answers.find(|answer| answer != "+OK").unwrap();
        drop(answers);
        let incident = bed.incident(refusal.trim_start_matches('-'), None, None);
        let found = bed.looked(1, Some(incident), Vec::new()).await;
        assert_eq!(roots(&found), [Cause::MemoryPressure], "{:#?}", found.diagnosis);
        let done = bed.cured(plan(&found, "C12", "throw out")).await;
        assert_eq!(raw.ask(&["SET", "new", &value]), "+OK");
        let policy = if staying == 0 { "allkeys-lru" } else { "volatile-lru" };
        assert_eq!(setting(&mut raw, "maxmemory-policy"), policy);
        for key in 1..=staying {
            assert_eq!(raw.ask(&["EXISTS", &format!("k:{key}")]), ":1", "k:{key} was to stay");
        }
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "maxmemory-policy"), "noeviction");
    })
    .await;
}

/// A client that sets keys which expire until it is told to stop, one every 20 ms or so.
struct Writer {
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Writer {
    fn start(url: &str, bytes: u32) -> Self {
        let (stop, stopped) = std::sync::mpsc::channel();
        let (mut raw, value) = (Raw::connect(url), "y".repeat(bytes as usize));
        let thread = std::thread::spawn(move || {
            for round in 0.. {
                if stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Empty) {
                    break;
                }
                for key in 0..5 {
                    raw.ask(&["SET", &format!("w:{round}:{key}"), &value, "EX", "9000"]);
                }
                pause(&mut raw);
            }
        });
        Self { stop, thread }
    }
    fn end(self) {
        drop(self.stop);
        self.thread.join().unwrap();
    }
}

async fn a_cache_that_throws_out_too_much_gets_more_room(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let limit = dice.between(66, 90) * MEGABYTE;
        let policy = *dice.pick(&["allkeys-lru", "allkeys-lfu", "volatile-lru", "allkeys-random"]);
        let (own, bed, mut raw) =
            program.start(&[&format!("maxmemory {limit}"), &format!("maxmemory-policy {policy}")]);
        let (_, bytes) = fill_to(&mut raw, &mut dice, 97, true);
        let writer = Writer::start(&own.url(), bytes);
        let begun = Instant::now();
        while number(&mut raw, "evicted_keys") < 20 {
            assert!(begun.elapsed() < PATIENCE);
            pause(&mut raw);
        }
        let found = bed.looked(2, None, Vec::new()).await;
        writer.end();
        assert_eq!(roots(&found), [Cause::Evictions], "{:#?}", found.diagnosis);
        let done = bed.cured(plan(&found, "C12", "raise maxmemory")).await;
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "maxmemory"), limit.to_string());
    })
    .await;
}

async fn a_full_cache_that_throws_out_nothing_has_no_cause(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let limit = dice.between(66, 90) * MEGABYTE;
        let (_own, bed, mut raw) = program.start(&[&format!("maxmemory {limit}"), "maxmemory-policy allkeys-lru"]);
        fill_to(&mut raw, &mut dice, 95, true);
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
        assert!(found.plans.is_empty(), "{:#?}", found.plans);
    })
    .await;
}

/// One key of this many megabytes, of a type that the dice choose.
fn one_large_key(raw: &mut Raw, dice: &mut Dice, megabytes: u32) -> (&'static str, String) {
    let (kind, add) = *dice.pick(&[
        ("list", "redis.call('RPUSH', KEYS[1], i .. x)"),
        ("hash", "redis.call('HSET', KEYS[1], 'f' .. i, x)"),
        ("zset", "redis.call('ZADD', KEYS[1], i, i .. x)"),
        ("stream", "redis.call('XADD', KEYS[1], '*', 'f', i .. x)"),
    ]);
    let (key, bytes) = (dice.table(), *dice.pick(&[1_000, 4_000, 10_000]));
    // More elements than a type may have before its key counts as large.
    let many = (megabytes * MEGABYTE / bytes).max(6_000);
    let script = format!("local x = string.rep('x', ARGV[2]) for i = 1, ARGV[1] do {add} end return 1");
    let bytes = (megabytes * MEGABYTE / many).to_string();
    assert_eq!(raw.ask(&["EVAL", &script, "1", &key, &many.to_string(), &bytes]), ":1");
    assert_eq!(raw.ask(&["SLOWLOG", "RESET"]), "+OK");
    (kind, key)
}

async fn a_key_that_takes_the_memory_is_the_root_of_it(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw) = program.start(&["maxmemory-policy noeviction"]);
        let megabytes = dice.between(70, 90);
        let (kind, key) = one_large_key(&mut raw, &mut dice, megabytes);
        fill(&mut raw, 1..=dice.between(10, 500), 100, 0);
        let limit = number(&mut raw, "used_memory") * 100 / 93;
        assert_eq!(raw.ask(&["CONFIG", "SET", "maxmemory", &limit.to_string()]), "+OK");
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [Cause::BigKeys], "a {kind}: {:#?}", found.diagnosis);
        let pressure = found.diagnosis.of(Cause::MemoryPressure).unwrap();
        assert_eq!(pressure.consequence_of, Some(Cause::BigKeys));
        let done = bed.cured(plan(&found, "C12", &format!("remove the key {key}"))).await;
        assert!(matches!(done.survey.inverse, Inverse::None(_)), "that it cannot be undone is said before");
        assert_eq!(raw.ask(&["EXISTS", &key]), ":0");
    })
    .await;
}

async fn a_large_key_where_there_is_room_is_left_alone(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw) = program.start(&["maxmemory 400mb", "maxmemory-policy noeviction"]);
        let megabytes = dice.between(12, 25);
        let (_, key) = one_large_key(&mut raw, &mut dice, megabytes);
        let found = bed.looked(1, None, Vec::new()).await;
        let removal = plan(&found, "C12", &format!("remove the key {key}"));
        assert!(!removal.can_be_proposed(), "{:#?}", found.diagnosis);
        assert!(found.plans.iter().all(|plan| !plan.can_be_proposed()), "{:#?}", found.plans);
    })
    .await;
}

async fn settings_go_back_to_their_defaults_and_memory_to_the_system(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let hz = dice.between(11, 150).to_string();
        let (_own, bed, mut raw) = program.start(&[&format!("hz {hz}")]);
        let done = bed.act(FixKind::ResetSetting("hz".into())).await;
        assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
        let is = |value: &str| Check::SettingIs { name: "hz".into(), value: value.into() };
        assert_eq!(bed.answer(&is("10")).await.held, Some(true));
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "hz"), hz);
        let purged = bed.act(FixKind::Maintain(Upkeep::Compact, None)).await;
        assert_eq!(purged.stage, Stage::Done, "{:?}", purged.happenings);
        let secret = Check::SettingIs { name: "requirepass".into(), value: String::new() };
        assert_eq!(bed.answer(&secret).await.held, None);
        assert_eq!(bed.answer(&Check::WritesWork).await.held, Some(true));
    })
    .await;
}
