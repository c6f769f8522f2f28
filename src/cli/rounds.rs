//! Collections of many targets at once, for commands: the state machine of `app` decides when and judges what comes
//! back, this drives it. A slow target delays no other.

use super::Headless;
use super::host::{HeadlessTarget, Host};
use crate::app::effect::Effect;
use crate::app::event::{Collected, Event, Failure};
use crate::app::model::{Link, Model, TargetModel};
use crate::app::update::update;
use crate::domain::error_event::ConnectKind;
use crate::domain::health::Usual;
use crate::domain::metric::MetricId;
use crate::domain::rows::Limits;
use crate::domain::target::{TargetId, Timestamp};
use crate::engine::{self, EngineSpec, Session, Task};
use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt as _};
use std::collections::{BTreeMap, HashMap};

/// Longest time for one collection with its connecting, milliseconds.
const DEADLINE_MS: u64 = 10_000;
/// Longest wait before the machine is asked again what is due, milliseconds.
const LONGEST_SLEEP_MS: u64 = 1_000;
/// Time for saying goodbye to the servers, milliseconds.
const GOODBYE_MS: u64 = 1_000;

/// Rounds over some targets.
pub(super) struct Rounds<'a> {
    /// The machine: its targets hold what is known by now.
    pub(super) model: Model,
    host: &'a dyn Host,
    specs: HashMap<TargetId, &'static EngineSpec>,
    idle: HashMap<TargetId, Box<dyn Session>>,
    running: FuturesUnordered<Task<'a, Done>>,
    samples: HashMap<TargetId, u32>,
}

/// Something that ended.
enum Done {
    Collection { id: TargetId, cycle: u64, session: Option<Box<dyn Session>>, result: Result<Box<Collected>, Failure> },
    Usual(TargetId, BTreeMap<MetricId, Usual>),
}

impl<'a> Rounds<'a> {
    /// Rounds at each target's own interval.
    pub(super) fn at_own_interval(targets: &[HeadlessTarget], io: &Headless<'a>) -> Self {
        Self::new(targets.iter().map(|t| (t, t.refresh_ms)), io)
    }

    /// Rounds at this interval, milliseconds.
    pub(super) fn every(interval_ms: u64, targets: &[HeadlessTarget], io: &Headless<'a>) -> Self {
        Self::new(targets.iter().map(|t| (t, interval_ms)), io)
    }

    fn new<'t>(targets: impl Iterator<Item = (&'t HeadlessTarget, u64)>, io: &Headless<'a>) -> Self {
        let host = io.host;
        let now = host.now();
        let mut specs = HashMap::new();
        let models = targets
            .filter_map(|(t, interval)| {
                let spec = engine::by_name(t.target.engine.0)?;
                specs.insert(t.target.id.clone(), spec);
                let model = TargetModel::new(t.target.clone(), spec.dialect, &[], interval, now);
                Some(model.with_patience(t.patience))
            })
            .collect();
        let model = Model::new(now, io.offset_minutes, models, Limits::default());
        Self { model, host, specs, idle: HashMap::new(), running: FuturesUnordered::new(), samples: HashMap::new() }
    }

    /// Goes on until one collection has ended, whichever it is.
    pub(super) async fn next(&mut self) -> TargetId {
        loop {
            let now = self.host.now();
            let effects = update(&mut self.model, Event::Tick(now));
            self.perform(effects);
            let wake = self.model.next_wake().map_or(LONGEST_SLEEP_MS, |at| at.since(now)).clamp(1, LONGEST_SLEEP_MS);
            let done = tokio::select! {
                Some(done) = self.running.next() => done,
                () = self.host.sleep(wake) => continue,
            };
            match done {
                Done::Usual(id, usual) => {
                    update(&mut self.model, Event::UsualLoaded(id, usual));
                }
                Done::Collection { id, cycle, session, result } => {
                    if let Some(session) = session {
                        self.idle.insert(id.clone(), session);
                    }
                    *self.samples.entry(id.clone()).or_default() += u32::from(result.is_ok());
                    let event = Event::Sampled(self.host.now(), id.clone(), cycle, result);
                    let effects = update(&mut self.model, event);
                    self.perform(effects);
                    return id;
                }
            }
        }
    }

    /// Goes on until every target has given two samples, which rates and rules need, or does not answer.
    pub(super) async fn settle(&mut self) {
        let mut waiting: Vec<TargetId> = self.model.targets.iter().map(|t| t.target.id.clone()).collect();
        while !waiting.is_empty() {
            let id = self.next().await;
            let down = self.model.target(&id).is_none_or(|t| matches!(t.link, Link::Down(..)));
            if down || self.samples.get(&id).is_some_and(|n| *n >= 2) {
                waiting.retain(|other| *other != id);
                if let Some(t) = self.model.target_mut(&id) {
                    t.schedule.due = Timestamp(i64::MAX);
                }
            }
        }
    }

    /// Ends the sessions in order.
    pub(super) async fn close(self) {
        let goodbyes = join_all(self.idle.into_values().map(Session::close));
        tokio::select! {
            _ = goodbyes => {}
            () = self.host.sleep(GOODBYE_MS) => {}
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Collect(id, cycle) => {
                    let Some(&spec) = self.specs.get(&id) else { continue };
                    let session = self.idle.remove(&id);
                    self.running.push(Box::pin(collect(self.host, spec, id, cycle, session)));
                }
                Effect::LoadUsual(id) => {
                    let host = self.host;
                    self.running.push(Box::pin(async move {
                        let usual = host.usual(&id).await;
                        Done::Usual(id, usual)
                    }));
                }
                // The rest is for a screen and for those who keep samples; a command only looks.
                _ => {}
            }
        }
    }
}

async fn collect(
    host: &dyn Host,
    spec: &'static EngineSpec,
    id: TargetId,
    cycle: u64,
    session: Option<Box<dyn Session>>,
) -> Done {
    // A target that may take longer to be reached says so.
    let deadline_ms = if session.is_some() { DEADLINE_MS } else { DEADLINE_MS.max(host.patience_ms(&id)) };
    let work = async {
        let mut session = match session {
            Some(session) => session,
            None => host.connect(&id).await?,
        };
        let sample = (spec.sample)(&mut *session, cycle).await?;
        let collected = Box::new(Collected { identity: session.identity().clone(), sample });
        Ok((session, collected))
    };
    let result = tokio::select! {
        result = work => result,
        () = host.sleep(deadline_ms) => {
            let message = format!("no answer within {} s; the connection was given up", deadline_ms / 1000);
            Err(Failure::new(ConnectKind::Unreachable, message))
        }
    };
    match result {
        Ok((session, collected)) => Done::Collection { id, cycle, session: Some(session), result: Ok(collected) },
        Err(failure) => Done::Collection { id, cycle, session: None, result: Err(failure) },
    }
}
