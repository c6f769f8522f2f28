//! Statements of a person: what is allowed runs within its bounds, and what is not never leaves.

use super::expected::prepare;
use super::stage::{SLACK, Stage};
use crate::support::at_hand::{by_port, port_of};
use crate::support::proxy::Proxy;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::{self, Author};
use dba_gpt::domain::rows::{Limits, Truncation, Value};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

pub async fn what_is_allowed_is_read(stage: Stage) {
    prepare(stage.server).await;
    let mut session = stage.session().await;
    let rows = stage.read(&mut *session, stage.expected.read, Limits::default()).await.unwrap();
    assert!(!rows.rows.is_empty() && !rows.columns.is_empty() && rows.truncated.is_none(), "{rows:?}");
    stage.still_answers(&mut *session).await;
    session.close().await;
}

pub async fn rows_bytes_and_cells_are_capped_and_said_to_be(stage: Stage) {
    prepare(stage.server).await;
    let mut session = stage.session().await;
    let few = Limits { rows: 7, ..Limits::default() };
    let rows = stage.read(&mut *session, stage.expected.many_rows, few).await.unwrap();
    assert_eq!((rows.rows.len(), rows.truncated), (7, Some(Truncation::Rows(7))));

    let little = Limits { rows: 100_000, bytes: 4_000, ..Limits::default() };
    let rows = stage.read(&mut *session, stage.expected.many_rows, little).await.unwrap();
    assert_eq!(rows.truncated, Some(Truncation::Bytes(4_000)));
    assert!(!rows.rows.is_empty() && rows.rows.len() < 1_000, "{} rows", rows.rows.len());

    let narrow = Limits { cell_bytes: 1_000, ..Limits::default() };
    let rows = stage.read(&mut *session, stage.expected.big_cell, narrow).await.unwrap();
    let cut = rows.rows.iter().flatten().find_map(|cell| match cell {
        Value::Cut { start, bytes } => Some((start.len(), *bytes)),
        _ => None,
    });
    let (kept, bytes) = cut.expect("a cut cell");
    assert!(kept <= 1_100 && bytes >= 3_000_000, "{kept} of {bytes}");
    stage.still_answers(&mut *session).await;
}

pub async fn a_deadline_ends_a_statement(stage: Stage) {
    prepare(stage.server).await;
    let limits = Limits { timeout_ms: 500, ..Limits::default() };
    let longest = Duration::from_millis(limits.timeout_ms + 1_000) + SLACK;
    if let Some(slow) = stage.expected.slow {
        let mut session = stage.session().await;
        let began = Instant::now();
        let error = stage.read(&mut *session, slow, limits).await.unwrap_err();
        assert!(matches!(error, SessionError::Deadline(_)), "{error:?}");
        assert!(began.elapsed() < longest, "{:?}", began.elapsed());
        stage.still_answers(&mut *session).await;
    }
    // The same when the network stands still: nobody says that the time is over.
    let Some((proxy, mut session)) = behind_a_proxy(&stage).await else { return };
    let allowed = stage.allow(stage.expected.read, &(stage.spec.schema)(&mut *session).await.unwrap().1);
    proxy.stall();
    let began = Instant::now();
    let mut sink = dba_gpt::engine::Collector::new(limits);
    let error = session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await.unwrap_err();
    assert!(matches!(error, SessionError::Deadline(_) | SessionError::Lost(_)), "{error:?}");
    assert!(began.elapsed() < longest, "{:?}", began.elapsed());
}

pub async fn a_stop_ends_a_statement(stage: Stage) {
    let Some(slow) = stage.expected.slow else { return };
    let mut session = stage.session().await;
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    // Whether the statement is under way by then is no matter: a stop holds for it all the same.
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stopper.cancel();
    });
    let began = Instant::now();
    let error = stage.read_until(&mut *session, slow, Limits::default(), &stop).await.unwrap_err();
    assert!(matches!(error, SessionError::Canceled), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(2) + SLACK, "{:?}", began.elapsed());
    stage.still_answers(&mut *session).await;
}

pub async fn what_is_denied_never_leaves(stage: Stage) {
    let (proxy, mut session) = match behind_a_proxy(&stage).await {
        Some((proxy, session)) => (Some(proxy), session),
        None => (None, stage.session().await),
    };
    let (_, catalog) = (stage.spec.schema)(&mut *session).await.unwrap();
    let before = proxy.as_ref().map(Proxy::bytes_from_clients);
    for statement in stage.expected.denied {
        let judged = guard::allow(stage.spec.dialect, Author::Person, &catalog, statement);
        assert!(judged.as_ref().is_err_and(|judgement| !judgement.reason.is_empty()), "{statement}: {judged:?}");
        let judged = guard::allow(stage.spec.dialect, Author::Model, &catalog, statement);
        assert!(judged.is_err(), "{statement} of a model: {judged:?}");
    }
    assert_eq!(proxy.as_ref().map(Proxy::bytes_from_clients), before, "judging sends something");
}

/// A session through a proxy; none for what is not reached over a network.
async fn behind_a_proxy(stage: &Stage) -> Option<(Proxy, Box<dyn dba_gpt::engine::Session>)> {
    let url = stage.url();
    if !url.contains("127.0.0.1") {
        return None;
    }
    let proxy = Proxy::to("127.0.0.1", port_of(&url));
    let session = stage.connect(&by_port(&url, proxy.port())).await.unwrap_or_else(|e| panic!("{e}"));
    Some((proxy, session))
}
