//! The connection to each target: its attempts, its breakers, and what a person may do about it.

use super::diagnosis::Diagnosis;
use super::effect::Effect;
use super::event::Failure;
use super::health;
use super::model::{Link, Model, NOTICE_MS, TargetModel};
use crate::domain::attempt::{Attempt, Purpose, Record};
use crate::domain::error_event::ConnectKind;
use crate::domain::metric;
use crate::domain::schedule::{Contact, Gate, Jitter, Patience, Recovery};
use crate::domain::target::{TargetId, Timestamp};

/// Attempts that are kept in memory for a target.
pub const ATTEMPTS_SHOWN: usize = 200;

/// What is known of the way to one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// When to try, and whether logins are held back.
    pub contact: Contact,
    /// The attempt under way is a person's own.
    pub by_person: bool,
    /// When the person was told that logins are held back; asked again soon after, the attempt is made.
    pub warned_at: Option<Timestamp>,
    /// The last attempts, and how many succeeded.
    pub record: Record,
    /// The last failure that was met; none while all is well.
    pub failure: Option<Failure>,
    /// Since when the target has been failing.
    pub failing_since: Option<Timestamp>,
    /// Why it fails, as far as it is known, and what was tried.
    pub diagnosis: Diagnosis,
}

impl Connection {
    /// A target that was never tried. The moment of its first attempt seeds the chance in its waits.
    pub fn new(name: &str, patience: Patience, first_due: Timestamp) -> Self {
        Self {
            contact: Contact::new(patience, Jitter::new(name, first_due.0)),
            by_person: false,
            warned_at: None,
            record: Record::default(),
            failure: None,
            failing_since: None,
            diagnosis: Diagnosis::default(),
        }
    }
}

/// An attempt to connect has ended: it is remembered, and a refused login counts for the long breaker.
pub fn attempted(model: &mut Model, id: &TargetId, attempt: Attempt) -> Vec<Effect> {
    let Some(t) = model.target_mut(id) else { return Vec::new() };
    let c = &mut t.connection;
    let refused = attempt.failure.as_deref() == Some(ConnectKind::Authentication.word());
    if refused {
        c.contact.login_failed(attempt.at);
        if attempt.purpose == Purpose::Watch {
            // Counted: the same attempt is not counted again as the person's own.
            c.by_person = false;
        }
    }
    c.record.add(attempt.clone(), ATTEMPTS_SHOWN);
    vec![Effect::KeepAttempt(id.clone(), attempt)]
}

/// The collection that was under way for a target failed: gives the moment of the next one.
pub(super) fn failed(t: &mut TargetModel, now: Timestamp, failure: Failure) -> Timestamp {
    let recovery = t.dialect.recovery(failure.kind, &failure.code);
    let c = &mut t.connection;
    let wait = c.contact.failed(now, recovery);
    if std::mem::take(&mut c.by_person) {
        c.contact.login_failed(now);
    }
    c.failing_since.get_or_insert(now);
    c.failure = Some(failure);
    now.plus_ms(i64::try_from(wait).unwrap_or(i64::MAX))
}

/// The collection that was under way for a target succeeded.
pub(super) fn succeeded(t: &mut TargetModel) {
    let c = &mut t.connection;
    c.contact.succeeded();
    c.by_person = false;
    c.warned_at = None;
    c.failure = None;
    c.failing_since = None;
}

/// A person wants to connect now, whatever the breakers say. While logins are held back they are told first what it
/// may cost, and asking a second time is the answer.
pub fn try_now(model: &mut Model, id: &TargetId) -> Vec<Effect> {
    let (now, offset) = (model.now, model.offset_minutes);
    let Some(t) = model.target_mut(id) else { return Vec::new() };
    let c = &mut t.connection;
    let warned = c.warned_at.take().is_some_and(|at| now.since(at) < NOTICE_MS.cast_unsigned());
    if let Some(until) = c.contact.logins_held_until(now)
        && !warned
    {
        c.warned_at = Some(now);
        let failed = c.contact.recent_login_failures(now);
        let within = metric::seconds(c.contact.patience().logins.within_ms as f64 / 1000.0);
        model.tell(
            format!(
                "{failed} logins and retries failed within {within}, and servers lock accounts: held back until {}. \
                 Ask again now to try all the same",
                until.clock(offset)
            ),
            true,
        );
        return Vec::new();
    }
    c.contact.abandoned(now);
    c.contact.force();
    c.by_person = true;
    t.schedule.cycle += 1; // the answer to the collection under way is late from now on
    t.schemas.clear();
    let collect = health::start(t, now);
    model.tell(format!("connecting anew to {id}"), false);
    vec![Effect::Reconnect(id.clone()), collect]
}

/// Why a question is not asked now: its login would be one of too many. None when it may be.
pub(super) fn held_words(t: &TargetModel, now: Timestamp, offset_minutes: i32) -> Option<String> {
    let until = t.connection.contact.logins_held_until(now).filter(|_| t.link != Link::Up)?;
    let failed = t.connection.contact.recent_login_failures(now);
    Some(format!(
        "Not asked: {failed} logins to {} failed in a row, and servers lock accounts. The next one is made at {} at \
         the earliest; `:reconnect` tries now.",
        t.target.id,
        until.clock(offset_minutes)
    ))
}

/// When the collector tries again, in a few words; none while the target answers.
pub fn next_try_words(t: &TargetModel, now: Timestamp) -> Option<String> {
    let contact = &t.connection.contact;
    let failures = contact.failures();
    if failures == 0 {
        return None;
    }
    if t.schedule.in_flight.is_some() {
        return Some("trying now".to_owned());
    }
    // Whole seconds, rounded up: "in 0 s" would be a moment that does not come.
    let seconds = t.schedule.due.since(now).div_ceil(1000);
    Some(match contact.gate() {
        Gate::Closed => {
            format!("try {} of {} in {seconds} s", failures + 1, contact.patience().backoff.attempts)
        }
        _ if contact.recovery() == Some(Recovery::ByNewSecret) => {
            format!("waits for another password, looks for one in {seconds} s")
        }
        Gate::Open(_) | Gate::HalfOpen => format!("next probe in {seconds} s"),
    })
}
