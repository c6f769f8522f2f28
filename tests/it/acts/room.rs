//! A fix on a server whose every connection is taken: one of our own other sessions makes room.

use super::*;
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::engine::{Session, Task};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

type Opening = Task<'static, Result<Box<dyn Session>, ConnectError>>;

#[tokio::test]
async fn one_of_our_own_sessions_makes_room_for_a_fix() {
    let mut site = Site::new();
    let (full, refused) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
    let (is_full, count, open) = (Arc::clone(&full), Arc::clone(&refused), site.ways.fix.clone().unwrap());
    let opener: Opener = Arc::new(move |purpose: String, database: Option<String>| -> Opening {
        if is_full.load(Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
            let error = ConnectError::new(ConnectKind::TooManyConnections, "too many clients already");
            return Box::pin(async move { Err(error) });
        }
        open(purpose, database)
    });
    site.ways.fix = Some(opener);
    // Whoever holds a session of the target.
    let room = site.ways.room.clone();
    let holder = tokio::spawn(async move {
        room.wanted().await;
        full.store(false, Ordering::SeqCst);
    });
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let done = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert!(refused.load(Ordering::SeqCst) > 0);
    holder.await.unwrap();
}

#[tokio::test]
async fn a_login_that_is_refused_for_another_reason_is_not_tried_again() {
    let mut site = Site::new();
    let tried = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&tried);
    let opener: Opener = Arc::new(move |_: String, _: Option<String>| -> Opening {
        count.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err(ConnectError::new(ConnectKind::Authentication, "no")) })
    });
    site.ways.fix = Some(opener);
    let proposal = site.propose("DELETE FROM orders WHERE id = 7").await;
    let refused = site.approve(proposal.id, &consent(&proposal)).await.unwrap_err();
    assert!(refused.words.contains("was not let in"), "{}", refused.words);
    assert_eq!((tried.load(Ordering::SeqCst), site.rows().len()), (1, 10));
}
