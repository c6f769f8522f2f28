//! Health: the sampling schedule, and what comes back from it.
//!
//! A collection is never started while one is under way. One that is slower than its budget doubles the interval in
//! force; when one fails, [`super::connection`] says when the next one is made.

use super::effect::Effect;
use super::event::{Collected, Failure};
use super::model::{Link, Model, TargetModel};
use super::{connection, detection, diagnosis};
use crate::domain::error_event::NOT_SENT;
use crate::domain::health::{Health, State};
use crate::domain::metric;
use crate::domain::schedule::Permission;
use crate::domain::target::{TargetId, Timestamp};
use std::sync::Arc;

/// Share of the interval that a collection may take before the interval is stretched.
const BUDGET: f64 = 0.25;
/// Longest stretched interval, milliseconds.
const LONGEST_MS: u64 = 60_000;
/// The breaker is asked again after this time when a probe's end was never told, milliseconds.
const LOST_PROBE_MS: i64 = 1_000;
/// Samples are handed to the store at most this often, milliseconds.
const KEEP_EVERY_MS: u64 = 10_000;
/// What is usual is read anew this often, in cycles of the store.
const USUAL_EVERY_CYCLES: u64 = 300;

/// Starts what is due.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    if model.health.paused || model.demo_progress.is_some() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    for t in &mut model.targets {
        if t.schedule.in_flight.is_none() && t.schedule.due <= now {
            match t.connection.contact.begin(now) {
                Permission::Go | Permission::Probe => {}
                Permission::Wait(until) => {
                    t.schedule.due = until.unwrap_or(now.plus_ms(LOST_PROBE_MS)).max(now.plus_ms(1));
                    continue;
                }
            }
            effects.push(start(t, now));
            if t.schedule.cycle % USUAL_EVERY_CYCLES == 2 {
                effects.push(Effect::LoadUsual(t.target.id.clone()));
            }
        }
    }
    effects
}

/// Starts a collection. Whoever starts one has asked the breaker, or was told by a person.
pub(super) fn start(t: &mut TargetModel, now: Timestamp) -> Effect {
    t.schedule.in_flight = Some(now);
    let cycle = t.schedule.cycle;
    t.schedule.cycle += 1;
    Effect::Collect(t.target.id.clone(), cycle)
}

/// Takes in the end of a collection.
pub fn sampled(model: &mut Model, id: &TargetId, cycle: u64, result: Result<Box<Collected>, Failure>) -> Vec<Effect> {
    let (now, limits) = (model.now, model.incident_limits);
    let detects = model.detects;
    let Some(t) = model.target_mut(id) else { return Vec::new() };
    if cycle + 1 != t.schedule.cycle {
        return Vec::new(); // a late answer to an old question
    }
    let started = t.schedule.in_flight.take().unwrap_or(now);
    let mut effects = Vec::new();
    let mut told = None;
    let found;
    match result {
        Ok(collected) => {
            let Collected { identity, mut sample } = *collected;
            sample.at = now;
            sample.readings.insert(metric::OWN_COST, sample.took_ms as f64);
            stretch(t, sample.took_ms);
            let first = t.identity.is_none();
            if let (Some(before), Some(after)) =
                (t.identity.as_ref().and_then(|i| i.system_id.as_ref()), identity.system_id.as_ref())
                && before != after
            {
                // Another server answers under this name: its counters have nothing to do with the last ones.
                (t.detector, t.server_counters) = detection::fresh(t);
                t.rules = t.rules.afresh();
                t.sample = None;
                t.values.clear();
            }
            t.identity = Some(identity);
            t.link = Link::Up;
            connection::succeeded(t);
            let proved = diagnosis::let_in(t, now);
            if let Some((keep, words)) = proved {
                effects.push(keep);
                told = Some(words);
            }
            t.take(sample);
            found = detection::measured(t, now, &limits);
            if now.since(t.kept_at) >= KEEP_EVERY_MS
                && let Some(sample) = &t.sample
            {
                t.kept_at = now;
                effects.push(Effect::KeepSample(id.clone(), Arc::clone(sample)));
            }
            if first {
                effects.push(Effect::LoadUsual(id.clone()));
            }
            t.schedule.due = started.plus_ms(i64::try_from(t.schedule.stretched_ms).unwrap_or(i64::MAX)).max(now);
        }
        Err(failure) => {
            let failure = match &t.connection.failure {
                // The server's own words say more than that the password was not sent again.
                Some(before) if failure.code == NOT_SENT && before.kind == failure.kind => before.clone(),
                _ => failure,
            };
            found = detection::failed(t, now, &failure, &limits);
            t.health = Health::down(failure.kind, &failure.message);
            t.link = Link::Down(failure.kind, failure.message.clone());
            t.before = None;
            t.schedule.due = connection::failed(t, now, failure);
        }
    }
    if let Some(words) = told {
        model.tell(words, false);
    }
    if detects {
        effects.extend(detection::effects(found));
    }
    effects.extend(diagnosis::look(model));
    effects.extend(refresh_view(model));
    super::update::follow_lists(model);
    effects
}

/// A slow collection doubles the interval in force, a quick one halves it back towards the person's.
fn stretch(t: &mut TargetModel, took_ms: u64) {
    let s = &mut t.schedule;
    if took_ms as f64 > s.stretched_ms as f64 * BUDGET {
        s.stretched_ms = (s.stretched_ms * 2).min(LONGEST_MS.max(s.interval_ms));
    } else if (took_ms as f64) < s.stretched_ms as f64 * BUDGET / 4.0 {
        s.stretched_ms = (s.stretched_ms / 2).max(s.interval_ms);
    }
}

/// Loads the shown view again when it is older than the target's interval (at least 5 s) and nothing loads it.
pub fn refresh_view(model: &mut Model) -> Vec<Effect> {
    let (now, view, paused) = (model.now, model.health.view, model.health.paused);
    let Some(id) = model.health.server.clone() else { return Vec::new() };
    let Some(t) = model.target_mut(&id) else { return Vec::new() };
    let of_engine = !super::model::is_own_view(view);
    if !of_engine || !matches!(t.link, Link::Up) {
        return Vec::new();
    }
    let every = t.schedule.stretched_ms.max(5_000);
    let data = t.view_data.entry(view).or_default();
    let old = data.result.is_none() || (!paused && now.since(data.at) >= every);
    if data.loading || !old {
        return Vec::new();
    }
    data.loading = true;
    vec![Effect::LoadView(id, view)]
}

/// Collects the open server, or all, now. Targets that fail keep to their breaker: `r` tries one of them at once.
pub fn collect_now(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let only = model.health.server.clone();
    model
        .targets
        .iter_mut()
        .filter(|t| only.as_ref().is_none_or(|id| t.target.id == *id) && t.schedule.in_flight.is_none())
        .filter(|t| t.connection.contact.failures() == 0)
        .map(|t| start(t, now))
        .collect()
}

/// Refresh intervals that the `z` key steps through, milliseconds.
const STEPS_MS: &[u64] = &[1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/// Sets the interval of the open server, or of all; an empty argument takes the next step.
///
/// # Errors
/// Words for the person when the argument is no interval.
pub fn set_interval(model: &mut Model, argument: &str) -> Result<u64, String> {
    let only = model.health.server.clone();
    let now = model.now;
    let current = only
        .as_ref()
        .and_then(|id| model.target(id))
        .or(model.targets.first())
        .map_or(2_000, |t| t.schedule.interval_ms);
    let wanted = if argument.is_empty() {
        STEPS_MS.iter().copied().find(|&s| s > current).unwrap_or(STEPS_MS[0])
    } else {
        super::command::duration_ms(argument)?.clamp(1_000, 3_600_000)
    };
    for t in model.targets.iter_mut().filter(|t| only.as_ref().is_none_or(|id| t.target.id == *id)) {
        t.schedule.interval_ms = wanted;
        t.schedule.stretched_ms = wanted;
        t.schedule.due = t.schedule.due.min(now.plus_ms(i64::try_from(wanted).unwrap_or(i64::MAX)));
    }
    Ok(wanted)
}

/// How many targets are in each state, worst first, states with none left out.
pub fn counts(model: &Model) -> Vec<(State, usize)> {
    [State::Critical, State::Down, State::Warning, State::Stale, State::Unknown, State::Ok]
        .into_iter()
        .map(|state| (state, model.targets.iter().filter(|t| t.state(model.now) == state).count()))
        .filter(|(_, n)| *n > 0)
        .collect()
}
