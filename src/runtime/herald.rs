//! Tells a webhook what became of critical incidents. Whoever changed an incident tells of it, so nothing is told twice.

use crate::domain::error::event::Source;
use crate::domain::error::kind::Severity;
use crate::domain::incident::book::{Change, What};
use crate::domain::target::Timestamp;
use crate::notify::{Webhook, payload};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// News that wait for the webhook; what comes beyond is dropped and logged.
const WAITING: usize = 256;
/// Waits before the second and the third try.
const AGAIN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(15)];

/// Takes changes, and delivers those that somebody should hear of. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Herald {
    orders: mpsc::Sender<(&'static str, Box<Change>)>,
}

impl Herald {
    /// One that delivers to this webhook, in a task that ends with the last clone.
    pub(super) fn new(webhook: Webhook) -> Self {
        let (orders, mut waiting) = mpsc::channel::<(&'static str, Box<Change>)>(WAITING);
        let webhook = Arc::new(webhook);
        tokio::spawn(async move {
            while let Some((event, change)) = waiting.recv().await {
                deliver(&webhook, event, &change).await;
            }
        });
        Self { orders }
    }

    /// Hears of changes.
    pub(super) fn hear(&self, changes: &[Change], now: Timestamp) {
        for change in changes {
            if let Some(event) = news(change, now)
                && self.orders.try_send((event, Box::new(change.clone()))).is_err()
            {
                tracing::warn!(incident = change.incident.id, "the webhook is too slow: news was dropped");
            }
        }
    }
}

/// The word for what should be told of a change, if anything.
pub(super) fn news(change: &Change, now: Timestamp) -> Option<&'static str> {
    let incident = &change.incident;
    if incident.severity < Severity::Critical || incident.source == Source::Simulated {
        return None;
    }
    word(change, now)
}

/// The word for a change that is worth a line.
pub(super) fn word(change: &Change, now: Timestamp) -> Option<&'static str> {
    let incident = &change.incident;
    let over = change.what.contains(&What::Resolved) && !incident.stage.is_open();
    if over && incident.cause.is_none() && !incident.is_silenced(now) {
        return Some("resolved");
    }
    let words = [
        (What::Opened, "opened"),
        (What::Reopened, "reopened"),
        (What::Escalated, "escalated"),
        (What::Worsened, "worsened"),
    ];
    let word = words.into_iter().find(|(what, _)| change.what.contains(what)).map(|(_, word)| word)?;
    change.is_news(now).then_some(word)
}

async fn deliver(webhook: &Webhook, event: &'static str, change: &Change) {
    let body = payload(event, &change.incident);
    let mut waits = AGAIN.iter();
    while let Err(failure) = webhook.deliver(&body).await {
        let Some(wait) = waits.next().filter(|_| failure.again) else {
            tracing::warn!(incident = change.incident.id, event, why = %failure.words, "news was not delivered");
            return;
        };
        tokio::time::sleep(*wait).await;
    }
}
