//! The loop without a screen: the same core, the same tasks and the same store as the app's, a line for each piece of
//! news. It may run beside the app; whoever has the claim on detection detects.

use super::perform::Performer;
use super::{clock, news};
use crate::app::event::Event;
use crate::app::model::{Link, Model};
use crate::app::update::update;
use crate::domain::error::kind::Severity;
use crate::domain::incident::Incident;
use crate::domain::target::Timestamp;
use crate::domain::text::escape;
use anyhow::Result;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Time between two samples of a target in a single round, at most.
pub(super) const BETWEEN_SAMPLES_OF_A_ROUND: Duration = Duration::from_secs(1);
/// Samples of every target that a single round takes: what is over its limit in two of them is believed.
const SAMPLES_OF_A_ROUND: u64 = 2;
/// Failures to connect after which a single round believes that a target cannot be reached.
const FAILURES_OF_A_ROUND: u64 = 3;
/// After this time without the claim on detection, another process has it.
const SOMEBODY_ELSE_MS: u64 = 6_000;
/// Longest single round.
const LONGEST_ROUND_MS: u64 = 60_000;
/// After the last sample of a single round, for logs and the store.
const AFTERMATH_MS: u64 = 2_000;
/// Longest wait before time is told again.
const LONGEST_WAIT_MS: u64 = 1_000;

/// Exit codes: fine, findings.
const FINE: u8 = 0;
const FINDINGS: u8 = 1;

/// The loop and all it holds.
pub(super) struct WatchLoop {
    /// What the program knows.
    pub(super) model: Model,
    /// Who does what the core wants.
    pub(super) performer: Performer,
    /// Where answers arrive.
    pub(super) inbox: mpsc::Receiver<Event>,
    /// Look once and end.
    pub(super) once: bool,
    /// JSON, one object a line.
    pub(super) json: bool,
}

/// How far a single round is.
#[derive(Default)]
struct Round {
    /// Samples and failures of each target, by its place.
    met: BTreeMap<usize, (u64, u64)>,
    /// When every target had been met.
    complete_at: Option<Timestamp>,
}

impl WatchLoop {
    /// Runs until a signal ends it, or until the single round is over. Gives the exit code.
    pub(super) async fn run(mut self, out: &mut dyn Write) -> Result<u8> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let begun = clock::now();
        let mut round = Round::default();
        self.performer.open_store();
        self.take(Event::Tick(begun));
        loop {
            let wait = self.model.next_wake().map_or(LONGEST_WAIT_MS, |at| at.since(clock::now()));
            let event = tokio::select! {
                biased;
                _ = terminate.recv() => break,
                _ = hang_up.recv() => break,
                _ = interrupt.recv() => break,
                Some(event) = self.inbox.recv() => event,
                () = tokio::time::sleep(Duration::from_millis(wait.clamp(1, LONGEST_WAIT_MS))) => {
                    Event::Tick(clock::now())
                }
            };
            if let Event::Message(_, words, true) = &event {
                writeln!(io::stderr(), "{}", escape(words))?;
            }
            if self.once {
                round.note(&event, &self.model, begun);
            }
            if !self.once {
                for line in news::of(&event, &self.model, self.json) {
                    writeln!(out, "{line}")?;
                    out.flush()?;
                }
            }
            self.take(event);
            if self.once && round.is_over(&self.model, begun, clock::now()) {
                break;
            }
        }
        let open: Vec<Incident> = self.model.incidents.all().iter().filter(|i| i.stage.is_open()).cloned().collect();
        if self.once {
            let now = clock::now();
            for incident in &open {
                writeln!(out, "{}", news::of_incident(self.json, now, incident.stage.word(), incident))?;
            }
            out.flush()?;
        }
        let silenced = |i: &&Incident| !i.is_silenced(self.model.now);
        let found = self.once && open.iter().filter(silenced).any(|i| i.severity >= Severity::Warning);
        drop(self.inbox);
        self.performer.end().await;
        Ok(if found { FINDINGS } else { FINE })
    }

    fn take(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            // What only a terminal could do has no place here.
            let _ = self.performer.perform(effect);
        }
    }
}

impl Round {
    fn note(&mut self, event: &Event, model: &Model, begun: Timestamp) {
        let Event::Sampled(now, id, _, result) = event else { return };
        if !judges(model, begun, *now) {
            return;
        }
        let Some(place) = model.targets.iter().position(|t| t.target.id == *id) else { return };
        let (samples, failures) = self.met.entry(place).or_default();
        *(if result.is_ok() { samples } else { failures }) += 1;
    }

    fn is_over(&mut self, model: &Model, begun: Timestamp, now: Timestamp) -> bool {
        let met = |place: usize| {
            let (samples, failures) = self.met.get(&place).copied().unwrap_or_default();
            samples >= SAMPLES_OF_A_ROUND || failures >= FAILURES_OF_A_ROUND || gave_up(model, place)
        };
        if self.complete_at.is_none() && judges(model, begun, now) && (0..model.targets.len()).all(met) {
            self.complete_at = Some(now);
        }
        let complete = self.complete_at.is_some_and(|at| now.since(at) >= AFTERMATH_MS);
        complete || now.since(begun) >= LONGEST_ROUND_MS
    }
}

/// What is collected is judged from when this process detects. After some time another one does.
fn judges(model: &Model, begun: Timestamp, now: Timestamp) -> bool {
    model.detects || now.since(begun) >= SOMEBODY_ELSE_MS
}

/// A target whose login was refused is not tried again by itself: waiting would not help.
fn gave_up(model: &Model, place: usize) -> bool {
    use crate::domain::error_event::ConnectKind;
    let hopeless = |kind| matches!(kind, ConnectKind::Authentication | ConnectKind::Settings);
    model.targets.get(place).is_some_and(|t| matches!(t.link, Link::Down(kind, _) if hopeless(kind)))
}
