//! The history of attempts to connect, and what let us in.

use super::*;
use dba_gpt::domain::attempt::{Attempt, Purpose};
use dba_gpt::domain::connection::{Change, KnownFix};
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};

fn attempt(ms: i64, error: Option<&ConnectError>) -> Attempt {
    Attempt::new(after(ms), Purpose::Watch, error, 12)
}

#[tokio::test]
async fn attempts_come_back_newest_first_with_their_rates() {
    let home = Home::new();
    let store = home.open();
    let id = TargetId::new("a");
    let refused = ConnectError::new(ConnectKind::Refused, "nothing listens there").with_code("x");
    store.attempted(&id, attempt(-8 * DAY, None)).await.unwrap();
    store.attempted(&id, attempt(-2 * DAY, None)).await.unwrap();
    store.attempted(&id, attempt(-2 * HOUR, Some(&refused))).await.unwrap();
    store.attempted(&id, attempt(-MINUTE, Some(&refused))).await.unwrap();
    store.attempted(&id, attempt(-1, None)).await.unwrap();
    store.attempted(&TargetId::new("other"), attempt(-1, None)).await.unwrap();
    let record = store.attempts(&id, after(0)).await.unwrap();
    let words: Vec<String> = record.rates.iter().map(|r| r.words()).collect();
    assert_eq!(words, ["1 of 2 (50%)", "1 of 3 (33%)", "2 of 4 (50%)"]);
    assert_eq!(record.last.len(), 5);
    assert_eq!(record.last[1], attempt(-MINUTE, Some(&refused)));
    assert_eq!(record.last[1].code, "x");
    // They survive a restart.
    store.close().await.unwrap();
    assert_eq!(home.open().attempts(&id, after(0)).await.unwrap(), record);
}

#[tokio::test]
async fn attempts_are_forgotten_after_a_week() {
    let home = Home::new();
    let store = home.open();
    let id = TargetId::new("a");
    for day in 0..20 {
        store.attempted(&id, attempt(day * DAY, None)).await.unwrap();
    }
    store.flush().await.unwrap();
    while store.prune(after(20 * DAY)).await.unwrap().more {}
    let record = store.attempts(&id, after(20 * DAY)).await.unwrap();
    assert_eq!(record.last.len(), 7);
    assert!(record.last.iter().all(|a| a.at >= after(13 * DAY)));
}

#[tokio::test]
async fn no_password_reaches_the_file() {
    let home = Home::new();
    let store = home.open();
    let id = TargetId::new("a");
    let mut leaky = attempt(0, None);
    leaky.message = "postgres://ann:S3cr3t!@db/orders".into();
    leaky.setting = "password=S3cr3t!".into();
    store.attempted(&id, leaky).await.unwrap();
    let reason = "connects with password=S3cr3t!".to_owned();
    store.keep_fix(&id, KnownFix { at: after(0), change: Change::Port(5433), reason }).await.unwrap();
    store.close().await.unwrap();
    let bytes = fs::read(home.file("store.db")).unwrap();
    assert!(!bytes.windows(7).any(|w| w == b"S3cr3t!"));
}

#[tokio::test]
async fn the_last_setting_that_worked_is_remembered() {
    let home = Home::new();
    let store = home.open();
    let id = TargetId::new("a");
    assert_eq!(store.fix(&id).await.unwrap(), None);
    for port in [5433, 6432] {
        let fix = KnownFix { at: after(i64::from(port)), change: Change::Port(port), reason: "it answers".into() };
        store.keep_fix(&id, fix).await.unwrap();
    }
    store.close().await.unwrap();
    let found = home.open().fix(&id).await.unwrap().unwrap();
    assert_eq!((found.change, found.at), (Change::Port(6432), after(6432)));
    assert_eq!(home.open().fix(&TargetId::new("b")).await.unwrap(), None);
}
