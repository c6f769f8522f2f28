//! Incidents between the core and the store: read anew when something changed, whichever process changed it; reported
//! to and acted on in tasks of their own.

use super::clock;
use super::herald::Herald;
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::incidents::{Remembered, SHIFT_HOURS, analytics};
use crate::domain::error::event::ErrorEvent;
use crate::domain::incident::analytics::analyse;
use crate::domain::incident::book::Change;
use crate::domain::incident::detect::Finding;
use crate::domain::incident::handover::{Shift, markdown};
use crate::domain::incident::limits::Terms;
use crate::domain::incident::{Act, Ended, Filter};
use crate::domain::rule::Rule;
use crate::domain::target::{TargetId, Timestamp};
use crate::export::NewFile;
use crate::store::incidents::LogPlace;
use crate::store::{Store, StoreError};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Between two looks whether something changed.
const LOOK: Duration = Duration::from_secs(5);
/// Incidents that are over, and patterns, that are read for the screen.
const CLOSED: usize = 500;
const PATTERNS: usize = 500;
/// Incidents that a screen takes at all, the open and worst ones first.
const MOST: usize = 2_000;
/// How long incidents that are over are listed, milliseconds.
const CLOSED_FOR_MS: i64 = 30 * 24 * 3_600_000;
/// How far back the numbers reach, milliseconds.
const NUMBERS_MS: i64 = analytics::DAYS * 24 * 3_600_000;

/// The performer of what is wanted of incidents.
#[derive(Clone)]
pub(super) struct Incidents {
    /// The store, once it is open; closed when it never will be.
    store: watch::Receiver<Option<Store>>,
    terms: Terms,
    /// Who sits at the keyboard.
    who: String,
    out: mpsc::Sender<Event>,
    /// Tells a webhook, where there is one.
    herald: Option<Herald>,
    /// Somebody wants them to be read now.
    wanted: watch::Sender<()>,
}

impl Incidents {
    /// One over a store that is being opened.
    pub(super) fn new(
        store: watch::Receiver<Option<Store>>,
        terms: Terms,
        who: String,
        out: mpsc::Sender<Event>,
        herald: Option<Herald>,
    ) -> Self {
        Self { store, terms, who, out, herald, wanted: watch::Sender::new(()) }
    }

    /// Begins to look after what changes.
    pub(super) fn begin(&self, tasks: &mut JoinSet<()>) {
        tasks.spawn(self.clone().look_after());
    }

    /// Performs an effect that is about incidents; any other comes back.
    pub(super) fn perform(&self, effect: Effect, tasks: &mut JoinSet<()>) -> Option<Effect> {
        match effect {
            Effect::ReportErrors(events) => drop(tasks.spawn(self.clone().report(events))),
            Effect::EndConditions(ended) => drop(tasks.spawn(self.clone().end(ended))),
            Effect::WriteHandover(path) => drop(tasks.spawn(self.clone().write_handover(path))),
            Effect::LoadIncidents => {
                self.wanted.send_replace(());
            }
            Effect::ActOnIncident(id, acts) => drop(tasks.spawn(self.clone().act(id, acts))),
            Effect::KeepRule(rule) => drop(tasks.spawn(self.clone().keep_rule(*rule))),
            Effect::DeleteRule(id) => drop(tasks.spawn(self.clone().delete_rule(id))),
            other => return Some(other),
        }
        None
    }

    /// The store, as soon as it is open; none when there is none.
    async fn store(&self) -> Option<Store> {
        let mut opening = self.store.clone();
        opening.wait_for(Option::is_some).await.ok().and_then(|store| store.clone())
    }

    async fn tell(&self, words: String) {
        let _ = self.out.send(Event::Message(clock::now(), words, true)).await;
    }

    /// Reads everything whenever something changed, until the loop ends.
    async fn look_after(self) {
        let Some(store) = self.store().await else { return };
        let mut wanted = self.wanted.subscribe();
        let mut seen = None;
        let mut told: Option<(Remembered, Timestamp)> = None;
        loop {
            let changes = store.changes().await.ok();
            // The numbers go by the hour: they change although nothing does.
            let old = told.as_ref().is_none_or(|(_, at)| clock::now().since(*at) > 60_000);
            if changes.is_none() || changes != seen || old {
                seen = changes;
                match remembered(&store).await {
                    Ok(now) if told.as_ref().is_some_and(|(before, _)| *before == now) => {}
                    Ok(now) => {
                        told = Some((now.clone(), clock::now()));
                        if self.out.send(Event::IncidentsLoaded(clock::now(), Box::new(now))).await.is_err() {
                            return;
                        }
                    }
                    Err(StoreError::Closed) => return,
                    Err(error) => self.tell(format!("the incidents: {error}")).await,
                }
            }
            tokio::select! {
                () = self.out.closed() => return,
                () = tokio::time::sleep(LOOK) => {}
                changed = wanted.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn report(self, events: Vec<ErrorEvent>) {
        let Some(store) = self.store().await else { return };
        let reported = store.report(events, self.terms.clone(), clock::now()).await;
        self.changed(reported, "an error could not be remembered").await;
        // What a person typed changes a pattern, though no incident.
        self.wanted.send_replace(());
    }

    /// Takes errors of logs, with the places up to which those were read. False when nothing can be kept any more.
    pub(super) async fn report_from_logs(&self, events: Vec<ErrorEvent>, places: Vec<LogPlace>) -> bool {
        let Some(store) = self.store().await else { return false };
        let reported = store.report_from_logs(events, places, self.terms.clone(), clock::now()).await;
        if matches!(reported, Err(StoreError::Closed)) {
            return false;
        }
        self.changed(reported, "errors of a log could not be remembered").await;
        true
    }

    async fn end(self, ended: Vec<Ended>) {
        let Some(store) = self.store().await else { return };
        self.changed(store.end_conditions(ended).await, "the end of a condition could not be remembered").await;
    }

    /// Takes what was found by asking: errors, and conditions that are over.
    pub(super) async fn found(&self, found: Vec<Finding>) {
        let (mut errors, mut ended) = (Vec::new(), Vec::new());
        for finding in found {
            match finding {
                Finding::Error(event) => errors.push(*event),
                Finding::Ended(end) => ended.push(end),
            }
        }
        if !errors.is_empty() {
            self.clone().report(errors).await;
        }
        if !ended.is_empty() {
            self.clone().end(ended).await;
        }
    }

    /// Does what time does. For the one process that detects.
    pub(super) async fn settle(&self) {
        let Some(store) = self.store().await else { return };
        let settled = store.settle_incidents(self.terms.clone(), clock::now()).await;
        self.changed(settled, "the incidents could not be settled").await;
    }

    /// Tells the core and the webhook what changed, or why nothing did.
    async fn changed(&self, changes: Result<Vec<Change>, StoreError>, failed: &str) {
        match changes {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => {
                let now = clock::now();
                if let Some(herald) = &self.herald {
                    herald.hear(&changes, now);
                }
                let _ = self.out.send(Event::IncidentsChanged(now, changes)).await;
                self.wanted.send_replace(());
            }
            Err(StoreError::Closed) => {}
            Err(error) => self.tell(format!("{failed}: {error}")).await,
        }
    }

    async fn write_handover(self, path: PathBuf) {
        let Some(store) = self.store().await else {
            return self.tell("nothing is remembered, so there is nothing to hand over".to_owned()).await;
        };
        let text = match handover(&store).await {
            Ok(text) => text,
            Err(error) => return self.tell(format!("the handover: {error}")).await,
        };
        let shown = path.display().to_string();
        let write = move || {
            let mut file = NewFile::create(&path)?;
            file.write_all(text.as_bytes())?;
            file.keep()
        };
        let (words, failure) = match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => (format!("the handover of the last {SHIFT_HOURS} hours is in {shown}"), false),
            Ok(Err(error)) => (format!("{shown}: {error}"), true),
            Err(_) => return,
        };
        let _ = self.out.send(Event::Message(clock::now(), words, failure)).await;
    }

    async fn keep_rule(self, mut rule: Rule) {
        let Some(store) = self.store().await else {
            return self.tell("nothing can be remembered, so no rule is kept".to_owned()).await;
        };
        if rule.by.is_empty() {
            rule.by.clone_from(&self.who);
        }
        let (words, failure) = match store.keep_rule(rule).await {
            Ok(rule) => (format!("{} on {}: {}", rule.name(), rule.target, rule.condition.words()), false),
            Err(error) => (error.to_string(), true),
        };
        let _ = self.out.send(Event::Message(clock::now(), words, failure)).await;
        self.wanted.send_replace(());
    }

    async fn delete_rule(self, id: u64) {
        let Some(store) = self.store().await else { return };
        let (words, failure) = match delete_rule(&store, id, clock::now()).await {
            Ok(Some((rule, changes))) => {
                self.changed(Ok(changes), "").await;
                let (name, words) = (rule.name(), rule.condition.words());
                (format!("{name} is gone; `:rule add {words}` makes it anew"), false)
            }
            Ok(None) => (format!("there is no rule {id}"), true),
            Err(error) => (error.to_string(), true),
        };
        let _ = self.out.send(Event::Message(clock::now(), words, failure)).await;
        self.wanted.send_replace(());
    }

    async fn act(self, id: u64, acts: Vec<Act>) {
        let Some(store) = self.store().await else {
            return self.tell("nothing can be remembered, so nothing is done with incidents".to_owned()).await;
        };
        for act in acts {
            match store.act_on_incident(id, act, clock::now(), Some(&self.who)).await {
                Ok(change) => {
                    let _ = self.out.send(Event::IncidentChanged(clock::now(), Box::new(change.incident))).await;
                }
                Err(error) => return self.tell(format!("INC-{id:04}: {error}")).await,
            }
        }
    }
}

/// Takes a rule away, and ends what it told of: nobody watches it any more. None where there is none of this number.
pub(super) async fn delete_rule(
    store: &Store,
    id: u64,
    now: Timestamp,
) -> Result<Option<(Rule, Vec<Change>)>, StoreError> {
    let Some(rule) = store.delete_rule(id).await? else { return Ok(None) };
    let changes = store.end_conditions(vec![crate::domain::rule::ended(&rule, now)]).await?;
    Ok(Some((rule, changes)))
}

/// The handover of the last shift, as Markdown.
async fn handover(store: &Store) -> Result<String, StoreError> {
    let now = clock::now();
    let since = now.plus_ms(-SHIFT_HOURS * 3_600_000);
    let wanted = Filter { resolved_since: Some(since), most_resolved: CLOSED, ..Filter::default() };
    let mut patterns = store.patterns(now, PATTERNS).await?;
    patterns.retain(|pattern| pattern.last_at >= since);
    Ok(markdown(&Shift {
        since,
        now,
        offset_minutes: clock::offset_minutes(),
        incidents: &store.incidents(wanted).await?,
        patterns: &patterns,
        proposals: &store.proposals(CLOSED).await?,
        figures: &store.incident_figures(since).await?,
    }))
}

/// What the store remembers, as the screen wants it.
async fn remembered(store: &Store) -> Result<Remembered, StoreError> {
    let now = clock::now();
    let closed =
        Filter { resolved_since: Some(now.plus_ms(-CLOSED_FOR_MS)), most_resolved: CLOSED, ..Filter::default() };
    let mut incidents = store.incidents(closed).await?;
    incidents.truncate(MOST);
    let patterns = store.patterns(now, PATTERNS).await?;
    let figures = store.incident_figures(now.plus_ms(-NUMBERS_MS)).await?;
    Ok(Remembered { incidents, patterns, analytics: Some(analyse(&figures, now)), rules: store.rules().await? })
}

/// The machine of each target, as far as its address tells it: what happens to it happens to all of them.
pub(super) fn machines<'a>(
    targets: impl Iterator<Item = (&'a TargetId, &'a str)>,
) -> std::collections::BTreeMap<TargetId, String> {
    targets.map(|(id, address)| (id.clone(), machine(address))).collect()
}

/// `db1` of `db1:5432/orders`; ours for a file or a socket.
fn machine(address: &str) -> String {
    const OURS: &str = "localhost";
    let host = address.split(['/', '?']).next().unwrap_or_default();
    let host = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((bracketed, _)) => bracketed,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    match host {
        "" | "localhost" | "127.0.0.1" | "::1" => OURS.to_owned(),
        other => other.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_their_machine() {
        for (address, host) in [
            ("db1:5432/orders", "db1"),
            ("DB1:3306/shop", "db1"),
            ("127.0.0.1:5432/a", "localhost"),
            ("[::1]:5432/a", "localhost"),
            ("[fe80::2]:5432/a", "fe80::2"),
            ("/srv/edge/07.db", "localhost"),
        ] {
            assert_eq!(machine(address), host, "{address}");
        }
    }
}
