//! Errors on their way to the store: equal ones of one hour are one with a count, so that a storm is a few rows.

use crate::domain::error::event::ErrorEvent;
use crate::domain::error::naming::{ErrorNaming, Understood};
use crate::domain::log::LogEvent;
use crate::domain::log::namer::error_event;
use crate::domain::target::{TargetId, Timestamp};
use std::collections::HashMap;

/// Different errors of one batch.
const MOST: usize = 1000;
const HOUR_MS: i64 = 3_600_000;

/// Errors that wait.
#[derive(Debug, Default)]
pub(super) struct Batch {
    errors: HashMap<Key, ErrorEvent>,
}

/// What equal errors share: the signature, what it is about, and the hour.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key(String, Option<String>, i64);

impl Batch {
    /// Takes one.
    pub(super) fn add(
        &mut self,
        event: &LogEvent,
        error: &Understood,
        target: &TargetId,
        naming: &dyn ErrorNaming,
        now: Timestamp,
    ) {
        let at = event.at.unwrap_or(now);
        let key = Key(error.signature.clone(), error.object.clone(), at.0.div_euclid(HOUR_MS));
        if let Some(equal) = self.errors.get_mut(&key) {
            equal.count += 1;
            equal.at = equal.at.max(at);
        } else {
            self.errors.insert(key, error_event(event, error, target, naming, now));
        }
    }

    /// There is enough for a write.
    pub(super) fn is_large(&self) -> bool {
        self.errors.len() >= MOST
    }

    /// All of them, the earliest first.
    pub(super) fn take(&mut self) -> Vec<ErrorEvent> {
        let mut errors: Vec<ErrorEvent> = std::mem::take(&mut self.errors).into_values().collect();
        errors.sort_by(|a, b| (a.at, &a.signature, &a.object).cmp(&(b.at, &b.signature, &b.object)));
        errors
    }
}
