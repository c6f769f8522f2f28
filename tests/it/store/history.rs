//! What is kept of targets: samples, rates, what is usual, and who did what.

use super::*;

#[tokio::test]
async fn of_every_ten_seconds_the_last_sample_is_kept() {
    let home = Home::new();
    let store = home.open();
    keep(&store, "a", sample(after(0), &[(ACTIVE, 1.0), (LAG, 5.0)])).await;
    keep(&store, "a", sample(after(9_999), &[(ACTIVE, 2.0)])).await;
    keep(&store, "a", sample(after(10_000), &[(ACTIVE, 3.0), (CONNECTIONS, f64::NAN)])).await;
    assert_eq!(values(&store, ACTIVE).await, [(9_999, 2.0), (10_000, 3.0)]);
    // A sample that was already written is replaced as well, and what the later one lacks is missing, not zero.
    keep(&store, "a", sample(after(12_000), &[(LAG, 4.0)])).await;
    assert_eq!(values(&store, ACTIVE).await, [(9_999, 2.0)]);
    assert_eq!(values(&store, LAG).await, [(12_000, 4.0)]);
    assert_eq!(values(&store, CONNECTIONS).await, []);
}

#[tokio::test]
async fn counters_are_stored_as_the_rate_of_their_whole_ten_seconds() {
    let home = Home::new();
    let store = home.open();
    for (at, count) in [(0, 100.0), (2000, 1100.0), (9000, 1100.0), (12_000, 1101.0), (19_000, 3100.0), (29_000, 50.0)]
    {
        keep(&store, "a", sample(after(at), &[(TRANSACTIONS, count)])).await;
    }
    // From 9 s to 19 s; the first sample has none before it, and the last one's counter was reset.
    assert_eq!(values(&store, TRANSACTIONS).await, [(19_000, 200.0)]);
    let all = store.values_between(&TargetId::new("a"), after(0), after(MINUTE)).await.unwrap();
    assert_eq!(all, [(TRANSACTIONS, after(19_000), 200.0)]);
}

#[tokio::test]
async fn samples_survive_closing_and_dropping() {
    let home = Home::new();
    let store = home.open();
    keep(&store, "a", sample(after(0), &[(ACTIVE, 1.0)])).await;
    store.close().await.unwrap();
    let store = home.open();
    keep(&store, "a", sample(after(10_000), &[(ACTIVE, 2.0)])).await;
    let other = store.clone();
    store.close().await.unwrap();
    assert_eq!(other.flush().await, Err(StoreError::Closed));
    assert_eq!(values(&home.open(), ACTIVE).await, [(0, 1.0), (10_000, 2.0)]);
}

#[tokio::test]
async fn a_fleet_is_written_together_when_the_ten_seconds_are_over() {
    let home = Home::new();
    let store = home.open();
    let rows = || -> i64 {
        Connection::open(home.file("store.db"))
            .unwrap()
            .query_row("SELECT count(*) FROM samples", [], |r| r.get(0))
            .unwrap()
    };
    for target in ["a", "b", "c"] {
        keep(&store, target, sample(after(1000), &[(ACTIVE, 1.0)])).await;
    }
    assert_eq!(rows(), 0);
    // One hangs: its last sample is not held back by its silence.
    keep(&store, "b", sample(after(11_000), &[(ACTIVE, 1.0)])).await;
    assert_eq!(rows(), 3);
    store.flush().await.unwrap();
    assert_eq!(rows(), 4);
}

#[tokio::test]
async fn what_is_usual_is_known_after_five_minutes() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("a");
    for slot in 0..30 {
        keep(&store, "a", sample(after(slot * 10_000), &[(ACTIVE, slot as f64)])).await;
    }
    assert!(store.usual(&target, after(5 * MINUTE)).await.unwrap().is_empty());
    keep(&store, "a", sample(after(5 * MINUTE), &[(ACTIVE, 1000.0)])).await;
    keep(&store, "a", sample(after(5 * MINUTE + 10_000), &[(ACTIVE, 1000.0)])).await;
    let usual = store.usual(&target, after(6 * MINUTE)).await.unwrap()[&ACTIVE];
    assert!((usual.median - 14.5).abs() < 1e-9 && usual.samples == 30, "{usual:?}");
    assert!(store.usual(&TargetId::new("b"), after(6 * MINUTE)).await.unwrap().is_empty());
}

#[tokio::test]
async fn who_blocked_is_answered_later() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("a");
    let root = SessionInfo { holds: "RowExclusive on orders".into(), ..session(1, SessionState::IdleInTransaction) };
    let waiting = SessionInfo { wait: "Lock:tuple".into(), blocked_by: vec![1, 7], ..session(2, SessionState::Active) };
    let worker = SessionInfo { background: true, ..session(7, SessionState::Other) };
    let sessions = vec![
        root.clone(),
        waiting.clone(),
        session(3, SessionState::Idle),
        SessionInfo { background: true, ..session(4, SessionState::Other) },
        worker.clone(),
    ];
    keep(&store, "a", Sample { sessions, ..sample(after(0), &[]) }).await;
    keep(&store, "a", sample(after(10_000), &[])).await;
    store.close().await.unwrap();
    let history = home.open().sessions_between(&target, after(0), after(DAY), 100).await.unwrap();
    assert!(!history.truncated);
    let [busy, quiet] = &history.moments[..] else { panic!("{history:?}") };
    assert_eq!((busy.at, busy.server_at), (after(0), after(7)));
    assert_eq!(busy.sessions, [root, waiting, worker]);
    // Looked at, and nobody was busy: not the same as not looked at.
    assert_eq!((quiet.at, quiet.sessions.len()), (after(10_000), 0));
}

#[tokio::test]
async fn sessions_are_capped_at_whole_samples_and_in_each_sample() {
    let home = Home::new();
    let store = home.open();
    let target = TargetId::new("a");
    for (slot, count) in [(0, 3), (1, 3), (2, 3)] {
        let sessions = (0..count).map(|pid| session(pid, SessionState::Active)).collect();
        keep(&store, "a", Sample { sessions, ..sample(after(slot * 10_000), &[]) }).await;
    }
    let counts = async |cap| {
        let history = store.sessions_between(&target, after(0), after(DAY), cap).await.unwrap();
        let counts: Vec<usize> = history.moments.iter().map(|m| m.sessions.len()).collect();
        (counts, history.truncated)
    };
    assert_eq!(counts(9).await, (vec![3, 3, 3], false));
    assert_eq!(counts(8).await, (vec![3, 3], true));
    assert_eq!(counts(2).await, (vec![2], true));
    let mut crowd: Vec<SessionInfo> = (10..1000).map(|pid| session(pid, SessionState::Active)).collect();
    crowd.push(SessionInfo { blocked_by: vec![999], transaction_start: None, ..session(5000, SessionState::Active) });
    keep(&store, "a", Sample { sessions: crowd, ..sample(after(HOUR), &[]) }).await;
    let history = store.sessions_between(&target, after(HOUR), after(DAY), 5000).await.unwrap();
    let pids: Vec<i64> = history.moments[0].sessions.iter().map(|s| s.pid).collect();
    assert_eq!(pids.len(), 200);
    assert!(pids.contains(&999) && pids.contains(&5000), "who blocks and who waits is kept first");
}
