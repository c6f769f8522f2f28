//! Reads what a diagnosis is made from: probes at the beginning, at the end and in between, then what depends on them,
//! then plans. A question that is refused or late is written down as such and does not end the rest.

use super::super::clock;
use super::{Progress, is_broken};
use crate::domain::diagnosis::{Observation, SeenPlan};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::rows::Limits;
use crate::domain::schema::Schema;
use crate::engine::{Collector, EngineSpec, Probe, Session, Wanted, When};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};
use tokio_util::sync::CancellationToken;

/// Between two looks at who does what.
const TICK: Duration = Duration::from_millis(500);
/// The last looks end this long after the watching, at most,
const PROBES_AFTER: Duration = Duration::from_millis(1_500);
/// and the further look so long,
const FURTHER_AFTER: Duration = Duration::from_secs(3);
/// and the plans so long.
const PLANS_AFTER: Duration = Duration::from_secs(4);
/// Plans that are asked for, at most.
const MOST_PLANS: usize = 12;
/// A plan is short; planning may not wait for anybody.
const PLAN: Limits =
    Limits { rows: 2_000, bytes: 2 << 20, cell_bytes: 512 << 10, timeout_ms: 1_000, lock_timeout_ms: 100 };

/// A watching session at work.
pub(super) struct Gathering<'a> {
    spec: &'static EngineSpec,
    session: &'a mut dyn Session,
    observation: &'a mut Observation,
    begun: Instant,
    window_end: Instant,
}

impl<'a> Gathering<'a> {
    /// Watches from `begun` to `window_end`.
    pub(super) fn new(
        spec: &'static EngineSpec,
        session: &'a mut dyn Session,
        observation: &'a mut Observation,
        begun: Instant,
        window_end: Instant,
    ) -> Self {
        Self { spec, session, observation, begun, window_end }
    }

    /// Reads the probes over the time. Counters come first and last, so that they span all of it.
    pub(super) async fn watch(&mut self, probes: &[Probe], progress: Progress<'_>) -> Result<(), SessionError> {
        let deadline = self.window_end + PROBES_AFTER;
        let of = |when: When| probes.iter().filter(move |probe| probe.when == when);
        for probe in of(When::Ends).chain(of(When::Once)) {
            self.look(probe, deadline).await?;
        }
        let mut ticks = interval_at(Instant::now(), TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let now = ticks.tick().await.min(self.window_end);
            progress(self.percent(now));
            for probe in of(When::Often) {
                // What was refused once is refused again.
                let name = probe.query.name;
                if self.observation.refusal(name).is_none() || self.observation.last(name).is_some() {
                    self.look(probe, deadline).await?;
                }
            }
            if Instant::now() + TICK >= self.window_end {
                break;
            }
        }
        tokio::time::sleep_until(self.window_end).await;
        for probe in of(When::Ends) {
            if self.observation.last(probe.query.name).is_some() {
                self.look(probe, deadline).await?;
            }
        }
        Ok(())
    }

    /// Share of the time that has passed, below 100 until all is done.
    fn percent(&self, now: Instant) -> u8 {
        let (passed, all) = (now - self.begun, self.window_end - self.begun);
        let percent = passed.as_millis() * 95 / all.as_millis().max(1);
        u8::try_from(percent.min(95)).unwrap_or(95)
    }

    async fn look(&mut self, probe: &Probe, deadline: Instant) -> Result<(), SessionError> {
        let name = probe.query.name;
        match timeout_at(deadline, self.session.own(probe.query, &[])).await {
            Ok(Ok(rows)) => self.observation.add(name, clock::now(), rows),
            Ok(Err(error)) if is_broken(&error) => return Err(error),
            Ok(Err(error)) => self.observation.refuse(name, error.to_string()),
            Err(_) => self.observation.refuse(name, LATE.to_owned()),
        }
        Ok(())
    }

    /// What needs parameters, or depends on what was read.
    pub(super) async fn look_further(&mut self, wanted: &Wanted) -> Result<(), SessionError> {
        let Some(look_further) = self.spec.examination.look_further else { return Ok(()) };
        let looking = look_further(self.session, wanted, self.observation);
        match timeout_at(self.window_end + FURTHER_AFTER, looking).await {
            Ok(Err(error)) if is_broken(&error) => return Err(error),
            Ok(Err(error)) => self.observation.unknown.push(format!("the second look was refused: {error}")),
            Ok(Ok(())) => {}
            Err(_) => self.observation.unknown.push(format!("the second look is not complete: {LATE}")),
        }
        Ok(())
    }

    /// Plans of statements that were seen on the server. They are others' text, so the guard judges each as strictly as
    /// a model's; what it does not allow, and what cannot be planned, is left out.
    pub(super) async fn plans(&mut self, wanted: &Wanted, safe_functions: &[String]) -> Result<(), SessionError> {
        let mut statements = (self.spec.examination.plans)(self.observation, wanted);
        statements.truncate(MOST_PLANS);
        if statements.is_empty() {
            return Ok(());
        }
        let deadline = self.window_end + PLANS_AFTER;
        match timeout_at(deadline, self.plan_all(statements, safe_functions)).await {
            Ok(Err(error)) if is_broken(&error) => Err(error),
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                self.observation.unknown.push(format!("plans of statements cannot be had: {error}"));
                Ok(())
            }
            Err(_) => {
                self.observation.unknown.push(format!("not every statement's plan was seen: {LATE}"));
                Ok(())
            }
        }
    }

    async fn plan_all(&mut self, statements: Vec<String>, safe_functions: &[String]) -> Result<(), SessionError> {
        // The guard has to know which functions and views are the database's own.
        let (schema, mut catalog): (Schema, Catalog) = (self.spec.schema)(self.session).await?;
        catalog.declare_safe(safe_functions);
        let stop = CancellationToken::new();
        for statement in statements {
            // A plan is kept under the statement as it was asked for; it is read under the names' full forms, because
            // our session resolves no bare ones.
            let resolved = self.spec.dialect.resolve_names(&statement, &schema);
            let Ok(allowed) = guard::allow(self.spec.dialect, Author::Model, &catalog, &resolved) else { continue };
            let mut collector = Collector::new(PLAN);
            match self.session.read(allowed, &PLAN, &stop, &mut collector).await {
                Ok(_) => self.observation.plans.push(SeenPlan { statement, rows: collector.into_rows() }),
                Err(error) if is_broken(&error) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

const LATE: &str = "the server did not answer in the time that there was";
