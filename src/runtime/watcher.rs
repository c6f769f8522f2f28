//! One task a target: owns the watching session, collects and loads views when told, one thing at a time.

use super::attempts::Recorder;
use super::chronicle::Chronicle;
use super::connect::Door;
use super::examine::{Inquiry, examine};
use super::fixing::Room;
use super::follow::{Desk, Logs, Said};
use super::patrol::Patrol;
use super::survey::{self, Inspector};
use crate::app::effect::SurveyRequest;
use crate::app::event::{Collected, Event, Failure, ReadError, Surveyed};
use crate::domain::attempt::Purpose;
use crate::domain::error_event::{ConnectKind, SessionError};
use crate::domain::guard::Catalog;
use crate::domain::own::{OwnCheck, OwnWatch};
use crate::domain::procedure::Examined;
use crate::domain::rule::Measure;
use crate::domain::target::TargetId;
use crate::engine::{EngineSpec, Session};
use crate::store::Store;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

/// Longest time for one collection with its connecting.
const DEADLINE: Duration = Duration::from_secs(5);
/// Longest time to look at an act, once connected.
const SURVEY_DEADLINE: Duration = Duration::from_secs(20);
/// For so long nothing is collected after the session was given up for a fix, so that it does not compete with it.
const GIVING_WAY: Duration = Duration::from_secs(3);

/// What a watcher is told.
#[derive(Debug)]
pub(super) enum Watch {
    /// Collect once; the number is the cycle.
    Collect(u64),
    /// Load a view.
    View(&'static str),
    /// Look at a typed act, which this login would run and so many persons have to approve.
    Survey(Box<SurveyRequest>, Option<String>, u8),
    /// Find out what is wrong. Samples and views wait until it is over.
    Diagnose(Box<Inquiry>),
    /// Ask these statements now and then for rules, instead of those before.
    Questions(Vec<(Measure, String)>),
    /// Look at the definitions of objects with the next collection, since somebody is interested in them.
    Definitions,
}

/// Between two looks at what a server tells of its errors.
const ASK: Duration = Duration::from_secs(10);

/// What it takes to ask a server for its errors.
struct Asking {
    logs: Logs,
    /// Filled once this process detects.
    desk: watch::Receiver<Option<Desk>>,
    said: Option<Said>,
    due: Option<Instant>,
}

impl Asking {
    /// None while another process detects, and for servers that tell nothing.
    fn said(&mut self, spec: &EngineSpec) -> Option<&mut Said> {
        if self.said.is_none() {
            let desk = self.desk.borrow().clone()?;
            self.said = Said::new(self.logs.clone(), spec.reports, desk);
        }
        self.said.as_mut()
    }
}

/// A target's watching task.
pub(super) struct Watcher {
    id: TargetId,
    spec: &'static EngineSpec,
    door: Door,
    session: Option<Box<dyn Session>>,
    attempts: Recorder,
    deadline: Option<Duration>,
    reports: Option<Asking>,
    chronicle: Option<Chronicle>,
    patrol: Option<Patrol>,
    /// What is remembered, for a diagnosis; none before the store is open.
    store: Option<watch::Receiver<Option<Store>>>,
    /// Asks for the session when it is needed more elsewhere.
    room: Room,
    /// When it was given up for a fix, until the next collection.
    gave_way: Option<Instant>,
    /// What is known about whoever runs the server; told after what the server says itself.
    hosting: Vec<String>,
    out: mpsc::Sender<Event>,
}

impl Watcher {
    /// A watcher that is not connected yet.
    pub(super) fn new(id: TargetId, spec: &'static EngineSpec, door: Door, out: mpsc::Sender<Event>) -> Self {
        let attempts = Recorder::new(id.clone(), out.clone());
        let hosting = door.hosting(spec);
        Self {
            id,
            spec,
            door,
            session: None,
            attempts,
            deadline: None,
            reports: None,
            chronicle: None,
            patrol: None,
            store: None,
            room: Room::default(),
            gave_way: None,
            hosting,
            out,
        }
    }

    /// The same with another time for one collection or view, connecting included.
    pub(super) fn with_deadline(mut self, deadline: Option<Duration>) -> Self {
        self.deadline = deadline;
        self
    }

    /// The same, that asks the server for its errors as well while this process detects.
    pub(super) fn with_reports(mut self, logs: Logs, desk: watch::Receiver<Option<Desk>>) -> Self {
        self.reports = Some(Asking { logs, desk, said: None, due: None });
        self
    }

    /// The same, that writes down how objects are defined, while this process detects. An interval of zero is never.
    pub(super) fn with_chronicle(mut self, interval: Duration, desk: watch::Receiver<Option<Desk>>) -> Self {
        let definitions = self.spec.definitions.filter(|_| !interval.is_zero());
        self.chronicle = definitions.map(|known| Chronicle::new(self.id.clone(), known, interval, desk));
        self
    }

    /// The same, that asks these checks of the person's own, and what rules want to know, while this process detects.
    pub(super) fn with_checks(
        mut self,
        checks: Vec<OwnCheck>,
        safe_functions: &[String],
        questions: &[(Measure, String)],
        desk: watch::Receiver<Option<Desk>>,
    ) -> Self {
        let watch = OwnWatch::new(self.id.clone(), checks);
        let mut patrol = Patrol::new(self.id.clone(), self.spec, watch, safe_functions, desk);
        patrol.ask_for_rules(questions);
        self.patrol = Some(patrol);
        self
    }

    /// The same, whose diagnoses know what is remembered.
    pub(super) fn with_memory(mut self, store: watch::Receiver<Option<Store>>) -> Self {
        self.store = Some(store);
        self
    }

    /// The same, that gives its session up when a fix of the target has no other way in.
    pub(super) fn making_room(mut self, room: Room) -> Self {
        self.room = room;
        self
    }

    /// Runs until its owner drops the other end; then the session is closed in order.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Watch>) {
        loop {
            let order = tokio::select! {
                biased;
                order = orders.recv() => order,
                () = self.room.wanted_of_watcher(), if self.session.is_some() => {
                    self.give_way().await;
                    continue;
                }
            };
            let Some(order) = order else { break };
            let event = match order {
                Watch::Collect(cycle) => {
                    let mut result = self.collect(cycle).await;
                    if let Ok(collected) = &mut result {
                        self.ask_for_errors(collected).await;
                    }
                    let event = Event::Sampled(super::clock::now(), self.id.clone(), cycle, result);
                    if self.out.send(event).await.is_err() {
                        break;
                    }
                    // After the sample is told: nobody waits for this.
                    self.write_chronicle().await;
                    self.patrol().await;
                    continue;
                }
                Watch::View(name) => {
                    let result = self.view(name).await;
                    Event::ViewLoaded(super::clock::now(), self.id.clone(), name, result)
                }
                Watch::Survey(request, login, approvers) => {
                    let (id, found) = (request.id, self.survey(*request, login.as_deref(), approvers).await);
                    Event::Surveyed(super::clock::now(), id, found)
                }
                Watch::Questions(questions) => {
                    self.patrol.iter_mut().for_each(|patrol| patrol.ask_for_rules(&questions));
                    continue;
                }
                Watch::Definitions => {
                    self.chronicle.iter_mut().for_each(Chronicle::hasten);
                    continue;
                }
                Watch::Diagnose(mut inquiry) => {
                    let store = self.store.as_ref().and_then(|store| store.borrow().clone());
                    if let Some(store) = store {
                        inquiry.remember(&store).await;
                    }
                    let result = self.diagnose(&inquiry).await.map(Box::new);
                    Event::Diagnosed(super::clock::now(), inquiry.request.id, self.id.clone(), result)
                }
            };
            if self.out.send(event).await.is_err() {
                break;
            }
        }
        self.disconnect().await;
    }

    async fn disconnect(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = timeout(Duration::from_secs(1), session.close()).await;
        }
    }

    /// A fix takes the place of this session, so the next collection does not run for it.
    async fn give_way(&mut self) {
        self.disconnect().await;
        self.gave_way = Some(Instant::now());
    }

    async fn collect(&mut self, cycle: u64) -> Result<Box<Collected>, Failure> {
        if let Some(gave_way) = self.gave_way.take() {
            tokio::time::sleep_until(gave_way + GIVING_WAY).await;
        }
        let (spec, deadline) = (self.spec, self.deadline());
        let work = async {
            let session = Self::session(&mut self.session, spec, &self.door, &self.attempts).await?;
            let sample = (spec.sample)(&mut **session, cycle).await?;
            let mut identity = session.identity().clone();
            identity.hints.extend(self.hosting.iter().cloned());
            Ok(Box::new(Collected { identity, sample }))
        };
        let result = timeout(deadline, work).await.unwrap_or_else(|_| {
            let message = format!("no answer within {} s; the connection was given up", deadline.as_secs_f64());
            Err(Failure::new(ConnectKind::Unreachable, message))
        });
        if let Err(failure) = &result {
            tracing::warn!(target = %self.id, message = %crate::domain::text::redact(&failure.message), "collection failed");
            // Whatever the reason: the next collection begins with a fresh session.
            self.session = None;
        }
        result
    }

    /// Asks the server what it tells of its errors itself, when that is due.
    async fn ask_for_errors(&mut self, collected: &mut Collected) {
        let (Some(session), Some(asking)) = (self.session.as_mut(), self.reports.as_mut()) else { return };
        let now = Instant::now();
        let is_due = asking.due.is_none_or(|due| due <= now);
        if is_due {
            asking.due = Some(now + ASK);
        }
        let Some(said) = asking.said(self.spec) else { return };
        if is_due {
            match said.look(&mut **session).await {
                Ok(counts) if counts.is_empty() => {}
                Ok(counts) => {
                    let _ = self.out.send(Event::Counted(super::clock::now(), self.id.clone(), counts)).await;
                }
                // The next collection begins with a fresh session.
                Err(_) => self.session = None,
            }
        }
        collected.identity.hints.extend(said.hint().map(str::to_owned));
    }

    async fn write_chronicle(&mut self) {
        let (Some(session), Some(chronicle)) = (self.session.as_mut(), self.chronicle.as_mut()) else { return };
        if !chronicle.look(&mut **session).await {
            self.session = None;
        }
    }

    async fn patrol(&mut self) {
        let (Some(session), Some(patrol)) = (self.session.as_mut(), self.patrol.as_mut()) else { return };
        if !patrol.round(&mut **session).await {
            self.session = None;
        }
    }

    async fn view(&mut self, name: &'static str) -> Result<crate::domain::rows::Rows, String> {
        let spec = self.spec;
        let view = spec.views.iter().find(|v| v.name == name).ok_or_else(|| format!("no view {name}"))?;
        let deadline = self.deadline();
        let work = async {
            let session =
                Self::session(&mut self.session, spec, &self.door, &self.attempts).await.map_err(|f| f.message)?;
            session.own(view.query, &[]).await.map_err(|e| e.to_string())
        };
        match timeout(deadline, work).await {
            Ok(result) => result,
            Err(_) => {
                self.session = None;
                Err(format!("no answer within {} s", deadline.as_secs_f64()))
            }
        }
    }

    /// On the session that is held, for the same reason as [`Self::diagnose`]. A typed act is judged by its shape, so no
    /// catalogue has to be read.
    async fn survey(
        &mut self,
        request: SurveyRequest,
        login: Option<&str>,
        approvers: u8,
    ) -> Result<Box<Surveyed>, ReadError> {
        let (spec, deadline) = (self.spec, SURVEY_DEADLINE + self.door.patience());
        let work = async {
            let session = Self::session(&mut self.session, spec, &self.door, &self.attempts).await;
            let session = session.map_err(|failure| SessionError::Lost(failure.message))?;
            let catalog = Catalog::default();
            Inspector { spec, catalog: &catalog, login, approvers }.look(&mut **session, request).await
        };
        let (answer, usable) = survey::answer(timeout(deadline, work).await.ok(), deadline);
        if !usable {
            self.session = None;
        }
        answer
    }

    /// On the session that is held: on a server without a free connection there is no other way in.
    async fn diagnose(&mut self, inquiry: &Inquiry) -> Result<Examined, String> {
        let (spec, id) = (self.spec, inquiry.request.id);
        let out = self.out.clone();
        // A full inbox is told the next time.
        let progress = move |percent| drop(out.try_send(Event::DiagnosisProgress(id, percent)));
        let connecting = Self::session(&mut self.session, spec, &self.door, &self.attempts);
        let deadline = self.deadline.unwrap_or(DEADLINE.max(self.door.patience()));
        let late = || format!("no answer within {} s", deadline.as_secs_f64());
        let session = timeout(deadline, connecting).await.map_err(|_| late())?.map_err(|failure| failure.message)?;
        let result = examine(spec, &mut **session, inquiry, &progress).await;
        result.map_err(|error| {
            self.session = None;
            error.to_string()
        })
    }

    /// A target that may take longer to be reached says so.
    fn deadline(&self) -> Duration {
        let usual = if self.session.is_some() { DEADLINE } else { DEADLINE.max(self.door.patience()) };
        self.deadline.unwrap_or(usual)
    }

    async fn session<'a>(
        slot: &'a mut Option<Box<dyn Session>>,
        spec: &'static EngineSpec,
        door: &Door,
        attempts: &Recorder,
    ) -> Result<&'a mut Box<dyn Session>, Failure> {
        if slot.is_none() {
            *slot = Some(attempts.open(door, spec, None, Purpose::Watch).await?);
        }
        slot.as_mut().ok_or_else(|| Failure::new(ConnectKind::Other, "no session"))
    }
}
