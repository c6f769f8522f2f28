//! Connections that are used up.

use super::*;
use crate::support::clock::Clock;

registry::cures! {
    "redis", at_hand;
    connections_that_are_used_up_get_room,
    many_connections_with_room_left_have_no_cause,
    idle_connections_are_closed_and_those_that_wait_on_purpose_stay,
}

fn crowd(own: &Own, many: u32) -> Vec<Raw> {
    let mut held: Vec<Raw> = (0..many).map(|_| Raw::connect(&own.url())).collect();
    for raw in &mut held {
        assert_eq!(raw.ask(&["PING"]), "+PONG");
    }
    held
}

async fn connections_that_are_used_up_get_room(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let most = dice.between(30, 90);
        let (own, bed, _raw) = program.start(&[&format!("maxclients {most}")]);
        let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
        // The raw one and the session are two of them; the look at the server may take some more.
        let mut held = crowd(&own, most - 2 - dice.between(0, 1));
        let found = bed.looked_by(&mut *session, 1, None, Vec::new()).await;
        assert_eq!(roots(&found), [Cause::ConnectionSaturation], "{:#?}", found.diagnosis);
        assert!(!plan(&found, "C6", "close").blocked.is_empty(), "nobody is idle for long");
        session.close().await;
        // Whoever acts has to get in, which the session that watches makes possible.
        held.truncate(held.len() - 3);
        let done = bed.cured(plan(&found, "C6", "raise maxclients")).await;
        bed.undone(&done).await;
        assert_eq!(setting(&mut held[0], "maxclients"), most.to_string());
    })
    .await;
}

async fn many_connections_with_room_left_have_no_cause(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let most = dice.between(60, 90);
        let (own, bed, _raw) = program.start(&[&format!("maxclients {most}")]);
        let _held = crowd(&own, most * 7 / 10);
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
        assert!(found.plans.is_empty(), "{:#?}", found.plans);
    })
    .await;
}

/// How many connections wait for something: blocked, subscribed, replicating, inside a transaction.
fn waiting(raw: &mut Raw) -> [usize; 4] {
    let list = raw.ask_whole(&["CLIENT", "LIST"]);
    let flags = |flag: char| {
        let of_line =
            |line: &str| line.split(' ').find_map(|field| field.strip_prefix("flags=")?.contains(flag).then_some(()));
        list.lines().filter_map(of_line).count()
    };
    ['b', 'P', 'S', 'x'].map(flags)
}

async fn idle_connections_are_closed_and_those_that_wait_on_purpose_stay(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let Some(clock) = Clock::new() else { return };
        let most = dice.between(60, 90);
        let limit = format!("maxclients {most}");
        let own = Own::start_by(&clock, &program.0, &[&limit, "repl-timeout 100000", "repl-diskless-sync no"]);
        let (bed, mut raw) = (Bed::at(&own.url()), Raw::connect(&own.url()));
        let mut on_purpose: Vec<Raw> = (0..3).map(|_| Raw::connect(&own.url())).collect();
        on_purpose[0].send(&["BLPOP", "queue", "0"]);
        on_purpose[1].send(&["SUBSCRIBE", "news"]);
        on_purpose[2].send(&["SYNC"]);
        let mut held = crowd(&own, most * 9 / 10 - 3);
        let mut queued = Raw::connect(&own.url());
        assert_eq!(queued.ask(&["MULTI"]), "+OK");
        assert_eq!(queued.ask(&["SET", "k", "1"]), "+QUEUED");
        let begun = Instant::now();
        while waiting(&mut raw) != [1, 1, 1, 1] {
            assert!(begun.elapsed() < PATIENCE, "{}", raw.ask_whole(&["CLIENT", "LIST"]));
            pause(&mut raw);
        }

        // Some minutes in which nobody says anything. The server would close the one inside MULTI too.
        let minutes = u64::from(dice.between(6, 40));
        let found = later(&clock, minutes, &bed, &mut raw).await;
        let all = plan(&found, "C6", "close connections");
        assert!(all.blocked.iter().any(|why| why.contains("inside MULTI")), "{all:#?}");
        // One that only is idle goes alone.
        let one = plan(&found, "C6", "end connection");
        let done = bed.cured(one).await;
        assert!(matches!(done.survey.inverse, Inverse::None(_)), "{:?}", done.survey.inverse);
        let before = held.len();
        held.retain_mut(|raw| raw.ask(&["PING"]) == "+PONG");
        assert_eq!(held.len(), before - 1);
        // The twin: it has spoken meanwhile.
        let found = later(&clock, minutes, &bed, &mut raw).await;
        let one = plan(&found, "C6", "end connection");
        for raw in &mut held {
            assert_eq!(raw.ask(&["PING"]), "+PONG");
        }
        let refused = bed.not_sent(one).await;
        assert!(refused.contains("was busy"), "{refused}");

        // Nobody is inside a transaction any more: the server closes what is idle, and nobody who waits on purpose.
        assert_eq!(queued.ask_whole(&["EXEC"]).lines().last(), Some("+OK"));
        let found = later(&clock, minutes, &bed, &mut raw).await;
        let done = bed.cured(plan(&found, "C6", "close connections")).await;
        let begun = Instant::now();
        while number(&mut raw, "connected_clients") > 6 {
            assert!(begun.elapsed() < PATIENCE, "{}", raw.ask_whole(&["CLIENT", "LIST"]));
            pause(&mut raw);
        }
        assert_eq!(waiting(&mut raw), [1, 1, 1, 0]);
        assert_eq!(raw.ask(&["GET", "k"]), "1");
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "timeout"), "0");
    })
    .await;
}

/// So many minutes in which nobody says anything, and a look at the server after them.
async fn later(clock: &Clock, minutes: u64, bed: &Bed, raw: &mut Raw) -> Examined {
    clock.forward(Duration::from_mins(minutes));
    let idle = |line: &str| line.split(' ').find_map(|field| field.strip_prefix("idle=")?.parse::<u64>().ok());
    let begun = Instant::now();
    loop {
        let list = raw.ask_whole(&["CLIENT", "LIST"]);
        // Not the one that asks.
        if list.lines().filter(|line| idle(line).is_some_and(|idle| idle >= minutes * 60)).count() > 20 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{list}");
        pause(raw);
    }
    let found = bed.looked(1, None, Vec::new()).await;
    // A replica that says nothing is late besides.
    assert!(roots(&found).contains(&Cause::ConnectionSaturation), "{:#?}", found.diagnosis);
    found
}
