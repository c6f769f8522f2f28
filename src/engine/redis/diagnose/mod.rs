//! How causes are found on Redis: what is read, what it means, and which procedure answers it.
//!
//! ```text
//! probes, look_further -> Observation -> picture (typed, two ends) -> memory, commands, service -> roots
//! ```

pub(super) mod commands;
mod keys;
pub(super) mod memory;
pub(super) mod picture;
pub(super) mod service;

use super::procedures::PROCEDURES;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Observation, Verdict};
use crate::domain::error_event::SessionError;
use crate::domain::target::Timestamp;
use crate::engine::{Examination, Param, Probe, Query, Session, Task, Wanted, When};
pub(super) use keys::{big_keys, typed_key};
use picture::Picture;

/// The registry's part.
pub(super) static EXAMINATION: Examination =
    Examination { probes, look_further: Some(look_further), plans: |_, _| Vec::new(), judge, procedures: PROCEDURES };

/// INFO waits longer than the others: a server that a script holds up says so only after its `busy-reply-threshold`,
/// which is 5 s.
const PATIENT_MS: u64 = 8_000;
const TIME_MS: u64 = 3_000;
/// Time for each of the two walks over keys; they use two thirds of it. What they have not reached is not judged.
const WALK_MS: u64 = 1_500;
/// Keys of slow commands that are looked at one by one.
const LOOKED_AT: usize = 5;

macro_rules! queries {
    ($($name:ident = $id:literal, $text:literal, $time:expr;)*) => {
        $(pub(super) static $name: Query = Query { name: $id, text: $text, timeout_ms: $time };)*
    };
}

queries! {
    INFO = "diagnose.info", "INFO all", PATIENT_MS;
    SETTINGS = "diagnose.settings", "--config", TIME_MS;
    SLOW_LOG = "diagnose.slowlog", "SLOWLOG GET 128", TIME_MS;
    LATENCY = "diagnose.latency", "LATENCY LATEST", TIME_MS;
    CLIENTS = "diagnose.clients", "CLIENT LIST", TIME_MS;
    BY_MEMORY = "diagnose.memkeys", "--memkeys", WALK_MS;
    BY_ELEMENTS = "diagnose.bigkeys", "--bigkeys", WALK_MS;
    ONE_KEY = "diagnose.key", "--key $1", TIME_MS;
}

fn probes(identity: &crate::domain::target::Identity) -> Vec<Probe> {
    let mut probes = vec![Probe { query: &INFO, when: When::Ends }];
    if identity.role == "sentinel" {
        return probes;
    }
    probes.extend([
        Probe { query: &SETTINGS, when: When::Once },
        Probe { query: &SLOW_LOG, when: When::Ends },
        Probe { query: &LATENCY, when: When::Ends },
        Probe { query: &CLIENTS, when: When::Once },
    ]);
    probes
}

/// Walks over a sample of the keys, and looks at those that slow commands and the incident name.
fn look_further<'a>(
    session: &'a mut dyn Session,
    wanted: &'a Wanted,
    observation: &'a mut Observation,
) -> Task<'a, Result<(), SessionError>> {
    Box::pin(async move {
        if session.identity().role == "sentinel" || observation.refusal(INFO.name).is_some() {
            return Ok(());
        }
        let at = observation.last(INFO.name).map_or(Timestamp(0), |look| look.at);
        for query in [&BY_MEMORY, &BY_ELEMENTS] {
            ask(session, query, &[], at, observation).await?;
        }
        let mut keys: Vec<String> = wanted.object.iter().cloned().collect();
        keys.extend(picture::key_of(wanted.statement.as_deref()));
        keys.extend(picture::slow_keys(observation));
        keys.dedup();
        for key in keys.into_iter().take(LOOKED_AT) {
            ask(session, &ONE_KEY, &[Param::Text(key)], at, observation).await?;
        }
        Ok(())
    })
}

/// Asks one question; a refusal is kept as such, and only a lost connection ends the look.
async fn ask(
    session: &mut dyn Session,
    query: &'static Query,
    params: &[Param],
    at: Timestamp,
    observation: &mut Observation,
) -> Result<(), SessionError> {
    match session.own(query, params).await {
        Ok(rows) => observation.add(query.name, at, rows),
        Err(error @ (SessionError::Server(_) | SessionError::Unsupported(_) | SessionError::Deadline(_))) => {
            observation.refuse(query.name, error.to_string());
        }
        Err(gone) => return Err(gone),
    }
    Ok(())
}

/// Decides on every cause.
fn judge(case: &Case<'_>) -> Diagnosis {
    let picture = Picture::of(case);
    let mut unknown = picture.unknown();
    if picture.is_busy() {
        let words = "the server answers BUSY to everything: a script or function has run for longer than its \
                     busy-reply-threshold (5 s unless it was changed), and nobody else is served";
        return Diagnosis::new(
            vec![
                Hypothesis::new(Cause::SlowCommands, Verdict::Supported, 0.98, vec![words.to_owned()])
                    .about(picture::A_SCRIPT),
            ],
            unknown,
        );
    }
    if picture.last.is_none() {
        return Diagnosis::new(Vec::new(), unknown);
    }
    let mut found = Vec::new();
    found.extend(keys::judge(&picture));
    found.extend(memory::judge(&picture, &mut unknown));
    found.extend(commands::judge(&picture, &mut unknown));
    found.extend(service::judge(&picture, &mut unknown));
    found.extend(keys::wrong_type(&picture));
    roots(&mut found, &picture);
    Diagnosis::new(found, unknown)
}

/// What follows from what: one key that takes most of the memory explains that it is full; reading a large key explains
/// the slow command; slow commands explain a busy core.
fn roots(found: &mut Vec<Hypothesis>, picture: &Picture<'_>) {
    let supported =
        |found: &[Hypothesis], cause: Cause| found.iter().any(|h| h.cause == cause && h.verdict == Verdict::Supported);
    let follow = |found: &mut Vec<Hypothesis>, cause: Cause, root: Cause| {
        for hypothesis in found.iter_mut().filter(|h| h.cause == cause && h.verdict == Verdict::Supported) {
            *hypothesis = hypothesis.clone().follows_from(root);
        }
    };
    let big = supported(found, Cause::BigKeys);
    let biggest = big_keys(picture).first().and_then(|key| key.bytes).unwrap_or(0.0);
    if big && picture.now("used_memory").is_some_and(|used| biggest >= used / 2.0) {
        follow(found, Cause::MemoryPressure, Cause::BigKeys);
        follow(found, Cause::Evictions, Cause::BigKeys);
    } else if big && supported(found, Cause::MemoryPressure) {
        // The memory is full for another reason; a large key alone is nothing to wake somebody for.
        for hypothesis in found.iter_mut().filter(|h| h.cause == Cause::BigKeys) {
            hypothesis.verdict = Verdict::Inconclusive;
        }
    }
    if supported(found, Cause::BigKeys) && commands::all_on(picture, &big_keys(picture)) {
        follow(found, Cause::SlowCommands, Cause::BigKeys);
    }
    if supported(found, Cause::MemoryPressure) {
        follow(found, Cause::Evictions, Cause::MemoryPressure);
    }
    if commands::explain_the_core(picture) {
        let root = if supported(found, Cause::SlowCommands) { Cause::SlowCommands } else { Cause::BigKeys };
        if supported(found, root) {
            follow(found, Cause::HeavyWorkload, root);
        }
    }
}

#[cfg(test)]
mod tests;
