//! Commands: slow ones and who sends them, a script that holds the server up, and one that took a key for another type.

use super::*;
use std::sync::mpsc;
use std::thread::JoinHandle;

registry::cures! {
    "redis", at_hand;
    slow_commands_are_named_with_what_does_the_same_in_steps,
    whoever_sends_slow_commands_again_and_again_is_ended,
    a_client_that_came_back_under_another_number_is_left_alone,
    removals_that_take_long_are_done_beside_the_work,
    a_script_that_holds_the_server_up_is_stopped,
    a_script_that_has_written_is_not_stopped,
    a_command_for_another_type_is_explained,
}

/// A client that sends commands again and again until it is told to stop, and then stays connected.
struct Busy {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Raw>,
}

impl Busy {
    fn start(own: &Own, commands: Vec<Vec<String>>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let mut raw = Raw::connect(&own.url());
        let thread = std::thread::spawn(move || {
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                for words in &commands {
                    raw.ask_whole(&words.iter().map(String::as_str).collect::<Vec<_>>());
                }
                pause(&mut raw);
            }
            raw
        });
        Self { stop, thread }
    }
    fn end(self) -> Raw {
        drop(self.stop);
        self.thread.join().unwrap()
    }
}

/// A command that takes tens of milliseconds, on what was just made for it, and what its advice has to name.
fn slow_command(raw: &mut Raw, dice: &mut Dice) -> (Vec<String>, &'static str) {
    let (make, words, instead) = *dice.pick(&[
        ("for i = 1, 300000 do redis.call('SET', 'k:' .. i, i) end", "KEYS *9999*", "SCAN"),
        ("for i = 1, 200000 do redis.call('SADD', 'members', i) end", "SORT members LIMIT 0 1", "sorted set"),
        ("for i = 1, 250000 do redis.call('HSET', 'fields', i, i) end", "HGETALL fields", "HSCAN"),
        ("for i = 1, 250000 do redis.call('SADD', 'members', i) end", "SMEMBERS members", "SSCAN"),
    ]);
    assert_eq!(raw.ask(&["EVAL", &format!("{make} return 1"), "0"]), ":1");
    // Making it was slow too, and is not what this is about.
    assert_eq!(raw.ask(&["SLOWLOG", "RESET"]), "+OK");
    (words.split(' ').map(str::to_owned).collect(), instead)
}

async fn slow_commands_are_named_with_what_does_the_same_in_steps(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (own, bed, mut raw) = program.start(&[]);
        let (words, instead) = slow_command(&mut raw, &mut dice);
        let busy = Busy::start(&own, vec![words.clone()]);
        let found = bed.looked(dice.between(1, 2), None, Vec::new()).await;
        busy.end();
        // What the command works on may be the root of it.
        let slow = found.diagnosis.of(Cause::SlowCommands).unwrap();
        assert!(slow.verdict == Verdict::Supported || slow.consequence_of == Some(Cause::BigKeys), "{found:#?}");
        let advice = plan(&found, "C14", "steps");
        assert!(advice.advice.iter().any(|words| words.contains(instead)), "{words:?}: {:?}", advice.advice);
    })
    .await;
}

async fn whoever_sends_slow_commands_again_and_again_is_ended(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (own, bed, mut raw) = program.start(&[]);
        let (words, _) = slow_command(&mut raw, &mut dice);
        let busy = Busy::start(&own, vec![words]);
        let found = bed.looked(2, None, Vec::new()).await;
        let mut client = busy.end();
        let id = client.ask(&["CLIENT", "ID"]);
        let end = plan(&found, "C14", &format!("end client {}", id.trim_start_matches(':')));
        let done = bed.cured(end).await;
        assert!(matches!(done.survey.inverse, Inverse::None(_)));
        assert_eq!(client.ask(&["PING"]), "", "its connection is gone");
        assert_eq!(raw.ask(&["PING"]), "+PONG", "and nobody else's");
    })
    .await;
}

async fn a_client_that_came_back_under_another_number_is_left_alone(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (own, bed, mut raw) = program.start(&[]);
        let (words, _) = slow_command(&mut raw, &mut dice);
        let busy = Busy::start(&own, vec![words]);
        let found = bed.looked(2, None, Vec::new()).await;
        let mut client = busy.end();
        let id = client.ask(&["CLIENT", "ID"]);
        let end = plan(&found, "C14", &format!("end client {}", id.trim_start_matches(':')));
        drop(client);
        let mut again = Raw::connect(&own.url());
        while raw.ask_whole(&["CLIENT", "LIST", "ID", id.trim_start_matches(':')]).contains("addr=") {
            pause(&mut raw);
        }
        let why = bed.not_sent(end).await;
        assert!(why.contains("any more"), "{why}");
        assert_eq!(again.ask(&["PING"]), "+PONG");
    })
    .await;
}

async fn removals_that_take_long_are_done_beside_the_work(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw) = program.start(&["lazyfree-lazy-user-del no"]);
        let many = (dice.between(200, 260) * 1_000).to_string();
        let make = "for i = 1, ARGV[1] do redis.call('SADD', KEYS[1], 'member ' .. i) end return 1";
        for _ in 0..12 {
            assert_eq!(raw.ask(&["EVAL", make, "1", "large", &many]), ":1");
            assert_eq!(raw.ask(&["DEL", "large"]), ":1");
        }
        let found = bed.looked(1, None, Vec::new()).await;
        let done = bed.cured(plan(&found, "C14", "beside the work")).await;
        assert_eq!(setting(&mut raw, "lazyfree-lazy-user-del"), "yes");
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "lazyfree-lazy-user-del"), "no");
        // Its twin: the server does so already.
        assert_eq!(raw.ask(&["CONFIG", "SET", "lazyfree-lazy-user-del", "yes"]), "+OK");
        let why = bed.not_sent(plan(&found, "C14", "beside the work")).await;
        assert!(why.contains("does not hold"), "{why}");
    })
    .await;
}

/// Sends a script that does not end, and waits until the server refuses everybody else for it.
fn begin(own: &Own, raw: &mut Raw, script: &str) {
    let mut other = Raw::connect(&own.url());
    assert_eq!(other.ask(&["PING"]), "+PONG");
    raw.send(&["EVAL", script, "0"]);
    while !other.ask(&["PING"]).starts_with("-BUSY") {
        std::thread::yield_now();
    }
}

async fn a_script_that_holds_the_server_up_is_stopped(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (own, bed, mut raw) = program.start(&[&format!("lua-time-limit {}", dice.between(50, 500))]);
        let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
        begin(&own, &mut raw, "while true do end");
        let found = bed.looked_by(&mut *session, 1, None, Vec::new()).await;
        assert_eq!(roots(&found), [Cause::SlowCommands], "{:#?}", found.diagnosis);
        let mut stop = plan(&found, "C14", "script").clone();
        // Whether the cause is gone is asked by a whole look; here the server's own word is enough.
        stop.steps[0].verification.check = Check::Understands("GET a".into());
        bed.cured(&stop).await;
        assert_eq!(Raw::connect(&own.url()).ask(&["SET", "a", "1"]), "+OK");
        let gone = bed.offered(FixKind::StopScript).await;
        assert!(matches!(gone, Err(NotProposed::Failed(ref why)) if why.contains("no script")), "{gone:?}");
    })
    .await;
}

async fn a_script_that_has_written_is_not_stopped(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (own, bed, mut raw) = program.start(&[&format!("lua-time-limit {}", dice.between(50, 500))]);
        let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
        begin(&own, &mut raw, "redis.call('SET', 'half', '1') while true do end");
        let found = bed.looked_by(&mut *session, 1, None, Vec::new()).await;
        let ended = bed.carried_out(plan(&found, "C14", "script")).await;
        assert_eq!(ended.stage, Stage::NotRun, "{:?}", ended.happenings);
        let said = format!("{:?}", ended.happenings.last());
        assert!(said.contains("UNKILLABLE"), "{said}");
    })
    .await;
}

async fn a_command_for_another_type_is_explained(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let (_own, bed, mut raw) = program.start(&[]);
        let key = format!("{}:{}", dice.table(), dice.between(1, 999));
        let (make, kind, reads) = *dice.pick(&[
            ("HSET @ name x", "hash", "HGET"),
            ("RPUSH @ x", "list", "LRANGE"),
            ("SADD @ x", "set", "SSCAN"),
            ("ZADD @ 1 x", "zset", "ZRANGE"),
            ("XADD @ * f x", "stream", "XRANGE"),
        ]);
        let words: Vec<&str> = make.split(' ').map(|word| if word == "@" { key.as_str() } else { word }).collect();
        assert!(!raw.ask(&words).starts_with('-'));
        let refusal = raw.ask(&["GET", &key]);
        let incident = bed.incident(refusal.trim_start_matches('-'), None, Some(&format!("GET {key}")));
        let found = bed.looked(1, Some(incident), Vec::new()).await;
        assert_eq!(roots(&found), [Cause::WrongType], "{:#?}", found.diagnosis);
        let advice = plan(&found, "C14b", kind);
        assert!(advice.steps.is_empty() && advice.advice.iter().any(|words| words.contains(reads)), "{advice:?}");
        // Its twin: the key is of the command's type by now.
        assert_eq!(raw.ask(&["DEL", &key]), ":1");
        assert_eq!(raw.ask(&["SET", &key, "x"]), "+OK");
        let incident = bed.incident(refusal.trim_start_matches('-'), None, Some(&format!("GET {key}")));
        let found = bed.looked(1, Some(incident), Vec::new()).await;
        assert_eq!(verdict(&found, Cause::WrongType), Some(Verdict::Refuted), "{:#?}", found.diagnosis);
    })
    .await;
}
