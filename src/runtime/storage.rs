//! The store's place in the program: opened after the first frame, asked and told by one task, closed at the end.

use super::clock;
use crate::app::chat::{ConversationSummary, Entry};
use crate::app::effect::Effect;
use crate::app::event::{Event, PastSession};
use crate::config::Keep;
use crate::domain::metric::{self, MetricId};
use crate::domain::target::{TargetId, Timestamp};
use crate::store::{self, Retention, Store, StoreError};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Orders that wait for the store. Samples are dropped when it is full; a person's words are few.
const ORDERS: usize = 256;
/// Sessions of a past span that are shown, at most.
const PAST_SESSIONS: usize = 2_000;
/// How far back sparklines reach at a start, milliseconds.
const SERIES_MS: i64 = 15 * 60 * 1000;
/// Metrics whose recent values are read at a start: those that sparklines show.
const SERIES: &[MetricId] = &[
    metric::TRANSACTIONS,
    metric::STATEMENTS,
    metric::MEAN_STATEMENT,
    metric::CONNECTIONS,
    metric::WRITES,
    metric::WAL_RATE,
    metric::CACHE_HIT_RATIO,
];
/// A step of forgetting is due this often; the damage check runs once, after the first of these.
const HOUSEKEEPING: Duration = Duration::from_mins(5);

/// The store's task, seen from the loop.
pub(super) struct Storage {
    folder: PathBuf,
    retention: Retention,
    targets: Vec<TargetId>,
    out: mpsc::Sender<Event>,
    opened: watch::Sender<Option<Store>>,
    orders: Option<mpsc::Sender<Effect>>,
    task: Option<JoinHandle<()>>,
}

impl Storage {
    /// A store that is not open yet.
    pub(super) fn new(folder: PathBuf, retention: Retention, targets: Vec<TargetId>, out: mpsc::Sender<Event>) -> Self {
        Self { folder, retention, targets, out, opened: watch::Sender::default(), orders: None, task: None }
    }

    /// Gives the store once it is open; closed when it never will be.
    pub(super) fn opened(&self) -> watch::Receiver<Option<Store>> {
        self.opened.subscribe()
    }

    /// Opens it, and tells what it remembers. Orders given before wait.
    pub(super) fn open(&mut self) {
        let (orders, waiting) = mpsc::channel(ORDERS);
        let (folder, retention) = (self.folder.clone(), self.retention);
        let (targets, out) = (self.targets.clone(), self.out.clone());
        let tell_opened = std::mem::take(&mut self.opened);
        self.orders = Some(orders);
        self.task = Some(tokio::spawn(async move {
            let opened = tokio::task::spawn_blocking(move || Store::open(&folder, clock::now(), &retention)).await;
            let store = match opened {
                Ok(Ok(opened)) => {
                    for notice in &opened.notices {
                        tell(&out, format!("{notice}"), true).await;
                    }
                    opened.store
                }
                Ok(Err(error)) => {
                    tell(&out, format!("nothing will be remembered: {error}"), true).await;
                    return;
                }
                Err(_) => return,
            };
            tell_opened.send_replace(Some(store.clone()));
            remember(&store, &targets, &out).await;
            serve(store, waiting, out).await;
        }));
    }

    /// Hands an effect to the store's task.
    pub(super) fn perform(&self, effect: Effect) {
        if let Some(orders) = &self.orders
            && let Err(mpsc::error::TrySendError::Full(effect)) = orders.try_send(effect)
        {
            tracing::warn!(effect = ?std::mem::discriminant(&effect), "the store is busy: dropped");
        }
    }

    /// Writes what waits and closes the store.
    pub(super) async fn end(mut self) {
        self.orders = None;
        if let Some(task) = self.task.take() {
            let _ = tokio::time::timeout(Duration::from_secs(2), task).await;
        }
    }
}

/// How long the store keeps what, from the configuration.
pub(super) fn retention(keep: Keep) -> Retention {
    Retention {
        raw_hours: u32::try_from(keep.raw_hours).unwrap_or(u32::MAX),
        mean_days: u32::try_from(keep.keep_days).unwrap_or(u32::MAX),
        definition_days: u32::try_from(keep.definition_days).unwrap_or(u32::MAX),
        ..Retention::default()
    }
}

async fn tell(out: &mpsc::Sender<Event>, words: String, failure: bool) {
    let _ = out.send(Event::Message(clock::now(), words, failure)).await;
}

/// Tells the core what the store remembers of the person and of the targets.
async fn remember(store: &Store, targets: &[TargetId], out: &mpsc::Sender<Event>) {
    if let Ok(lines) = store.lines().await {
        let _ = out.send(Event::InputHistory(lines)).await;
    }
    for target in targets {
        let now = clock::now();
        if let Ok(Some(fix)) = store.fix(target).await {
            let _ = out.send(Event::FixRemembered(target.clone(), fix)).await;
        }
        let mut points = Vec::new();
        for &id in SERIES {
            if let Ok(series) = store.series(target, id, now.plus_ms(-SERIES_MS), now).await {
                points.extend(series.into_iter().map(|(at, value)| (id, at, value)));
            }
        }
        if !points.is_empty() {
            let _ = out.send(Event::SeriesLoaded(target.clone(), points)).await;
        }
    }
}

/// Works through the orders until the loop ends, with a little housekeeping in between.
async fn serve(store: Store, mut orders: mpsc::Receiver<Effect>, out: mpsc::Sender<Event>) {
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    housekeeping.tick().await; // the first one is due at once
    let mut checked = false;
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(effect) => {
                    if let Err(error) = perform(&store, effect, &out).await {
                        tracing::warn!(%error, "the store failed");
                        tell(&out, format!("the store: {error}"), true).await;
                    }
                }
                None => break,
            },
            _ = housekeeping.tick() => {
                while store.prune(clock::now()).await.is_ok_and(|pruned| pruned.more) {}
                if !checked {
                    checked = true;
                    if let Err(error) = store.check().await {
                        tell(&out, format!("the store: {error}"), true).await;
                    }
                }
            }
        }
    }
    if let Err(error) = store.close().await {
        tracing::warn!(%error, "the store did not close in order");
    }
}

async fn perform(store: &Store, effect: Effect, out: &mpsc::Sender<Event>) -> Result<(), StoreError> {
    let answer = match effect {
        Effect::KeepSample(target, sample) => {
            return store.record(&target, sample).await;
        }
        Effect::KeepAttempt(target, attempt) => return store.attempted(&target, attempt).await,
        Effect::KeepFix(target, fix) => return store.keep_fix(&target, fix).await,
        Effect::LoadRecord(target) => {
            let record = store.attempts(&target, clock::now()).await?;
            Event::RecordLoaded(target, record)
        }
        Effect::LoadUsual(target) => {
            let usual = store.usual(&target, clock::now()).await?;
            Event::UsualLoaded(target, usual)
        }
        Effect::LoadHistory(id, target, from, to) => {
            let past = past_sessions(store, &target, from, to).await;
            Event::HistoryLoaded(clock::now(), id, past)
        }
        Effect::LoadDefinitions(target, object) => {
            let versions = store.definition_versions(&target, &object).await?;
            Event::DefinitionsLoaded(clock::now(), target, object, versions)
        }
        Effect::CreateConversation(name, target) => {
            Event::ConversationCreated(store.begin_conversation(&name, target.as_ref(), clock::now()).await?)
        }
        Effect::KeepEntries(id, entries) => {
            return store.append(id, entries.iter().map(stored).collect()).await;
        }
        Effect::RenameConversation(id, name) => return store.rename_conversation(id, &name, clock::now()).await,
        Effect::DeleteConversation(id) => return store.delete_conversation(id).await,
        Effect::ListConversations => {
            let list = store.conversations().await?;
            Event::ConversationsLoaded(list.into_iter().map(summary).collect())
        }
        Effect::OpenConversation(id) => {
            let (conversation, entries) = store.conversation(id).await?;
            // An entry of another version of this program that we cannot read is left out, not the conversation.
            let entries = entries.into_iter().filter_map(|e| serde_json::from_value(e.body).ok()).collect();
            Event::ConversationOpened(id, conversation.name, entries)
        }
        Effect::KeepInput(line) => return store.remember_line(&line).await,
        // Everything else is for the loop and its tasks.
        _ => return Ok(()),
    };
    let _ = out.send(answer).await;
    Ok(())
}

/// An entry as the store takes it.
fn stored(entry: &Entry) -> store::Entry {
    let (at, kind) = match entry {
        Entry::You { at, .. } => (*at, "question"),
        Entry::Lead { at, .. } => (*at, "answer"),
        Entry::Block(block) => (block.at, "statement"),
        Entry::Analysis { at, .. } => (*at, "analysis"),
        Entry::Say { at, .. } => (*at, "words"),
    };
    store::Entry { at, kind: kind.to_owned(), body: serde_json::to_value(entry).unwrap_or_default() }
}

fn summary(conversation: store::Conversation) -> ConversationSummary {
    ConversationSummary {
        id: conversation.id,
        name: conversation.name,
        updated: conversation.updated,
        entries: usize::try_from(conversation.entries).unwrap_or(usize::MAX),
    }
}

/// The sessions of a past span, oldest sample first.
pub(super) async fn past_sessions(
    store: &Store,
    target: &TargetId,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<PastSession>, String> {
    // What still waits in memory belongs to the past too.
    store.flush().await.map_err(|e| e.to_string())?;
    let history = store.sessions_between(target, from, to, PAST_SESSIONS).await.map_err(|e| e.to_string())?;
    let sessions = history.moments.into_iter().flat_map(|moment| {
        let at = moment.at;
        moment.sessions.into_iter().map(move |session| PastSession { at, session })
    });
    Ok(sessions.collect())
}
