//! Connections that are used up.

use super::*;

registry::cures! {
    "redis", at_hand;
    connections_that_are_used_up_get_room,
    many_connections_with_room_left_have_no_cause,
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
