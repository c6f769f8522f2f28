//! Equal errors of one batch become one with a count, so a storm costs as much as its kinds of errors.

use super::Key;
use super::recurrence::hour_of;
use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::target::Timestamp;
use std::collections::{HashMap, VecDeque};

/// Errors as they came that are kept of an incident: the newest.
pub const RAW_EVENTS: usize = 20;

/// Equal errors, with nothing between them for longer than an incident stays open without any.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gathered {
    /// The last one, with the count of all.
    pub(super) event: ErrorEvent,
    /// When the first one happened.
    pub(super) first_at: Timestamp,
    /// The newest as they came, oldest first.
    pub(super) raw: VecDeque<ErrorEvent>,
}

impl From<ErrorEvent> for Gathered {
    fn from(event: ErrorEvent) -> Self {
        Self { first_at: event.at, raw: VecDeque::from([event.clone()]), event }
    }
}

impl Gathered {
    fn add(&mut self, event: ErrorEvent) {
        let count = self.event.count.saturating_add(event.count);
        let severity = self.event.severity.max(event.severity);
        if self.raw.len() == RAW_EVENTS {
            self.raw.pop_front();
        }
        self.event = ErrorEvent { severity, count, ..event.clone() };
        self.raw.push_back(event);
    }
}

/// The batch in the order of its times. Errors of different hours stay apart, since hours are counted; so do errors
/// with `quiet_ms` between them, since the incident was over meanwhile.
pub(super) fn gather(mut events: Vec<ErrorEvent>, quiet_ms: u64) -> Vec<Gathered> {
    events.sort_by_key(|event| event.at);
    let mut gathered: Vec<Gathered> = Vec::new();
    let mut running: HashMap<(Key, Source), usize> = HashMap::new();
    for event in events {
        let key = (Key::of(&event), event.source);
        let last = running
            .get(&key)
            .and_then(|place| gathered.get_mut(*place))
            .filter(|last| hour_of(last.event.at) == hour_of(event.at) && event.at.since(last.event.at) < quiet_ms);
        if let Some(last) = last {
            last.add(event);
        } else {
            running.insert(key, gathered.len());
            gathered.push(event.into());
        }
    }
    gathered
}
