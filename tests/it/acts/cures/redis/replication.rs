//! Replicas: without a primary, with a wrong password, with a wrong address, and with a backlog that is too short.

use super::*;

registry::cures! {
    "redis", at_hand;
    a_replica_without_its_primary_is_broken_until_it_has_one,
    a_replica_whose_primary_is_up_is_fine,
    a_backlog_that_is_too_short_is_made_longer,
    a_replica_that_left_needs_no_longer_backlog,
}

/// A replica of nobody yet, and a primary with this configuration.
fn pair(program: &Program, primary: &[&str]) -> ((Own, Bed, Raw), (Own, Bed, Raw)) {
    let mut lines = vec!["repl-diskless-sync-delay 0"];
    lines.extend(primary);
    (program.start(&lines), program.start(&["repl-diskless-sync-delay 0"]))
}

fn follow(replica: &mut Raw, port: u16) {
    assert_eq!(replica.ask(&["REPLICAOF", "127.0.0.1", &port.to_string()]), "+OK");
}

async fn a_replica_without_its_primary_is_broken_until_it_has_one(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let how = *dice.pick(&["gone", "password", "address"]);
        let secret = if how == "password" { vec!["requirepass only-this-primary-knows"] } else { Vec::new() };
        let ((primary, ..), (_replica, bed, mut raw)) = pair(&program, &secret);
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = if how == "address" { nobody } else { primary.port };
        follow(&mut raw, port);
        if how == "gone" {
            until(&mut raw, "master_link_status:up");
            drop(primary);
            until(&mut raw, "master_link_status:down");
        }
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(roots(&found), [Cause::ReplicationBroken], "{how}: {:#?}", found.diagnosis);
        let about = found.diagnosis.of(Cause::ReplicationBroken).unwrap().about.clone().unwrap();
        assert_eq!(about, format!("127.0.0.1:{port}"));
        let advice = plan(&found, "C13", "reached");
        assert!(advice.steps.is_empty(), "what it needs is not on this side");
        assert!(advice.advice.iter().any(|words| words.contains("masterauth")), "{:?}", advice.advice);
        assert_eq!(bed.answer(&Check::ReplicationRuns).await.held, Some(false));
        // A person gives it a primary that lets it in.
        let (another, ..) = program.start(&["repl-diskless-sync-delay 0"]);
        follow(&mut raw, another.port);
        until(&mut raw, "master_link_status:up");
        let found = bed.looked(1, None, Vec::new()).await;
        assert_eq!(verdict(&found, Cause::ReplicationBroken), Some(Verdict::Refuted), "{:#?}", found.diagnosis);
        assert_eq!(bed.answer(&Check::ReplicationRuns).await.held, Some(true));
    })
    .await;
}

async fn a_replica_whose_primary_is_up_is_fine(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let ((primary, bed, mut raw), (_replica, replica_bed, mut replica)) = pair(&program, &[]);
        fill(&mut raw, 1..=dice.between(10, 2_000), 100, 0);
        follow(&mut replica, primary.port);
        until(&mut replica, "master_link_status:up");
        for bed in [&bed, &replica_bed] {
            let found = bed.looked(1, None, Vec::new()).await;
            assert_eq!(roots(&found), [], "{:#?}", found.diagnosis);
            assert!(found.plans.is_empty(), "{:#?}", found.plans);
        }
    })
    .await;
}

/// Cuts the replica's link, and writes more than the backlog holds before it is back.
fn cut(raw: &mut Raw, bytes: u32) {
    raw.ask(&["CLIENT", "KILL", "TYPE", "replica"]);
    fill(raw, 1..=1 + 3 * bytes / 10_000, 10_000, 0);
}

async fn a_backlog_that_is_too_short_is_made_longer(seed: u64) {
    on_both(seed, |program, mut dice| async move {
        let backlog = dice.between(2, 8) * 16_384;
        let size = format!("repl-backlog-size {backlog}");
        let ((primary, bed, mut raw), (_replica, _, mut replica)) = pair(&program, &[&size]);
        follow(&mut replica, primary.port);
        until(&mut replica, "master_link_status:up");
        let begun = Instant::now();
        while number(&mut raw, "sync_partial_err") < 1 {
            assert!(begun.elapsed() < PATIENCE, "no replica asked for more than the backlog held");
            cut(&mut raw, backlog);
            until(&mut raw, "connected_slaves:1");
        }
        // From here on it happens again and again, while somebody looks.
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let url = primary.url();
        let trouble = std::thread::spawn(move || {
            let mut raw = Raw::connect(&url);
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                cut(&mut raw, backlog);
                until(&mut raw, "connected_slaves:1");
            }
        });
        let found = bed.looked(6, None, Vec::new()).await;
        drop(stop);
        trouble.join().unwrap();
        assert!(roots(&found).contains(&Cause::ReplicationBroken), "{:#?}", found.diagnosis);
        let done = bed.cured(plan(&found, "C13", "raise repl-backlog-size")).await;
        assert!(setting(&mut raw, "repl-backlog-size").parse::<u64>().unwrap() > backlog.into());
        bed.undone(&done).await;
        assert_eq!(setting(&mut raw, "repl-backlog-size"), backlog.to_string());
    })
    .await;
}

/// How often the settings were asked for: a look at the server does that once, after its first INFO.
fn looks(raw: &mut Raw) -> String {
    let info = raw.ask(&["INFO", "commandstats"]);
    let calls = info.lines().find_map(|line| line.strip_prefix("cmdstat_config|get:")?.split(',').next());
    calls.unwrap_or_default().to_owned()
}

async fn a_replica_that_left_needs_no_longer_backlog(seed: u64) {
    on_both(seed, |program, _| async move {
        let (primary, bed, mut raw) = program.start(&["repl-diskless-sync-delay 0"]);
        let (leaving, _, mut replica) = program.start(&[&format!("replicaof 127.0.0.1 {}", primary.port)]);
        until(&mut raw, "connected_slaves:1");
        until(&mut replica, "master_link_status:up");
        let mut session = (bed.site.ways.read)("watch".into(), None).await.unwrap();
        let before = looks(&mut raw);
        let looking = bed.looked_by(&mut *session, 3, None, Vec::new());
        let leaves = async {
            while looks(&mut raw) == before {
                tokio::task::yield_now().await;
            }
            drop(leaving);
        };
        let (found, ()) = tokio::join!(looking, leaves);
        assert_eq!(roots(&found), [Cause::ReplicationBroken], "{:#?}", found.diagnosis);
        let longer = plan(&found, "C13", "raise repl-backlog-size");
        assert!(longer.blocked.iter().any(|why| why.contains("would change nothing")), "{:?}", longer.blocked);
        session.close().await;
    })
    .await;
}
