//! Health: the sampling schedule, and what comes back from it.
//!
//! A collection is never started while one is under way. One that is slower than its budget doubles the interval in
//! force; one that fails backs off with jitter up to 15 s, so that a healed target is back within 30 s.

use super::effect::Effect;
use super::event::{Collected, Failure};
use super::model::{Link, Model, TargetModel};
use crate::domain::health::{Health, State};
use crate::domain::metric;
use crate::domain::target::{TargetId, Timestamp};
use std::sync::Arc;

/// Share of the interval that a collection may take before the interval is stretched.
const BUDGET: f64 = 0.25;
/// Longest stretched interval, milliseconds.
const LONGEST_MS: u64 = 60_000;
/// First and longest wait after a failure, milliseconds.
const BACKOFF_MS: (u64, u64) = (1_000, 15_000);
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
            effects.push(start(t, now));
            if t.schedule.cycle % USUAL_EVERY_CYCLES == 2 {
                effects.push(Effect::LoadUsual(t.target.id.clone()));
            }
        }
    }
    effects
}

fn start(t: &mut TargetModel, now: Timestamp) -> Effect {
    t.schedule.in_flight = Some(now);
    let cycle = t.schedule.cycle;
    t.schedule.cycle += 1;
    Effect::Collect(t.target.id.clone(), cycle)
}

/// Takes in the end of a collection.
pub fn sampled(model: &mut Model, id: &TargetId, cycle: u64, result: Result<Box<Collected>, Failure>) -> Vec<Effect> {
    let now = model.now;
    let Some(t) = model.target_mut(id) else { return Vec::new() };
    if cycle + 1 != t.schedule.cycle {
        return Vec::new(); // a late answer to an old question
    }
    let started = t.schedule.in_flight.take().unwrap_or(now);
    let mut effects = Vec::new();
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
                t.sample = None;
                t.values.clear();
            }
            t.identity = Some(identity);
            t.link = Link::Up;
            t.schedule.failures = 0;
            t.take(sample);
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
            t.schedule.failures += 1;
            t.health = Health::down(failure.kind, &failure.message);
            t.link = Link::Down(failure.kind, failure.message);
            t.before = None;
            t.schedule.due = now.plus_ms(i64::try_from(backoff(id, t.schedule.failures)).unwrap_or(i64::MAX));
        }
    }
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

/// Exponential back-off; its jitter comes from the name and the count, so that a decision stays a pure function.
fn backoff(id: &TargetId, failures: u32) -> u64 {
    let (first, longest) = BACKOFF_MS;
    let whole = first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(longest);
    let seed = id.as_str().bytes().fold(u64::from(failures), |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    whole / 2 + seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (whole / 2 + 1)
}

/// Loads the shown view again when it is older than the target's interval (at least 5 s) and nothing loads it.
pub fn refresh_view(model: &mut Model) -> Vec<Effect> {
    let (now, view, paused) = (model.now, model.health.view, model.health.paused);
    let Some(id) = model.health.server.clone() else { return Vec::new() };
    let Some(t) = model.target_mut(&id) else { return Vec::new() };
    let of_engine = !super::model::SAMPLE_VIEWS.iter().any(|v| v.name == view);
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

/// Collects the open server, or all, now.
pub fn collect_now(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let only = model.health.server.clone();
    model
        .targets
        .iter_mut()
        .filter(|t| only.as_ref().is_none_or(|id| t.target.id == *id) && t.schedule.in_flight.is_none())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_is_bounded_and_spreads() {
        let id = TargetId::new("pg-orders-1");
        for n in 1..20 {
            let wait = backoff(&id, n);
            assert!((500..=15_000).contains(&wait), "{n}: {wait}");
        }
        assert!(backoff(&id, 1) <= 1_000 && backoff(&id, 10) >= 7_500);
        assert_ne!(backoff(&TargetId::new("a"), 6), backoff(&TargetId::new("b"), 6));
    }
}
