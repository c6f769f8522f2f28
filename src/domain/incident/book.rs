//! The book: incidents and patterns as they are known at one moment, and what became of them.
//!
//! Whoever keeps the real book (the store) puts in what a batch of errors may meet, lets the rules change it, and
//! writes down what [`Book::close`] gives. The rules themselves are in the files beside this one.

use super::act::{Act, Refused};
use super::gather::RAW_EVENTS;
use super::pattern::Pattern;
use super::{Incident, Key};
use crate::domain::error::event::ErrorEvent;
use crate::domain::error::kind::ErrorKind;
use crate::domain::target::{TargetId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What changed of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// It is new.
    Opened,
    /// It was over and came again.
    Reopened,
    /// More of its errors came.
    Counted,
    /// It is worse than it was.
    Worsened,
    /// It is dealt with in another way.
    StrategyChanged,
    /// It turned out to follow from another one.
    Follows,
    /// Another one turned out to follow from it.
    Caused,
    /// A person or a fix did something with it.
    Acted,
    /// Nobody took care of it for too long.
    Escalated,
    /// It may be heard of again.
    SilenceEnded,
    /// It is over.
    Resolved,
}

/// An incident that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// As it is now.
    pub incident: Incident,
    /// What changed.
    pub what: BTreeSet<What>,
}

impl Change {
    /// Somebody should hear of it now: it is new, again, worse or waiting for too long, is no mere consequence, and
    /// nobody silenced it.
    pub fn is_news(&self, now: Timestamp) -> bool {
        let news = [What::Opened, What::Reopened, What::Worsened, What::Escalated];
        self.incident.stage.is_open()
            && self.incident.cause.is_none()
            && !self.incident.is_silenced(now)
            && news.iter().any(|what| self.what.contains(what))
    }
}

/// Errors of one hour: target, pattern, hour (see [`hour_of`](super::recurrence::hour_of)).
pub type HourKey = (TargetId, String, i64);

/// What is to be written down.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    /// Incidents that changed, by their numbers.
    pub changes: Vec<Change>,
    /// Patterns that changed.
    pub patterns: Vec<Pattern>,
    /// Errors to be added to their hours.
    pub hours: BTreeMap<HourKey, u64>,
    /// The newest errors as they came, with their incident, oldest first.
    pub raw: Vec<(u64, ErrorEvent)>,
    /// Fixes that helped and did not last, by their numbers, with the moment of the error that came again.
    pub relapses: Vec<(u64, Timestamp)>,
}

/// Of what there may be too many at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Crowd {
    /// Open incidents of one group on a target.
    Group(TargetId, String),
    /// Open incidents of one kind on a target.
    Kind(TargetId, ErrorKind),
}

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Book {
    incidents: BTreeMap<u64, Incident>,
    /// The newest incident of each key.
    newest: HashMap<Key, u64>,
    patterns: HashMap<String, Pattern>,
    crowds: HashMap<Crowd, u64>,
    last_id: u64,
    changed: BTreeMap<u64, BTreeSet<What>>,
    changed_patterns: BTreeSet<String>,
    hours: BTreeMap<HourKey, u64>,
    raw: BTreeMap<u64, Vec<ErrorEvent>>,
    relapses: Vec<(u64, Timestamp)>,
}

impl Book {
    /// An empty one; incidents get the numbers after `last_id`.
    pub fn new(last_id: u64) -> Self {
        Self { last_id, ..Self::default() }
    }

    /// Puts in an incident that is known.
    pub fn know(&mut self, incident: Incident) {
        self.last_id = self.last_id.max(incident.id);
        let newest = self.newest.entry(incident.key()).or_insert(incident.id);
        *newest = (*newest).max(incident.id);
        self.incidents.insert(incident.id, incident);
    }
    /// Puts in a pattern that is known.
    pub fn know_pattern(&mut self, pattern: Pattern) {
        self.patterns.insert(pattern.signature.clone(), pattern);
    }
    /// Says how many open incidents there are, also of those that were not put in.
    pub fn know_crowd(&mut self, crowd: Crowd, open: u64) {
        self.crowds.insert(crowd, open);
    }

    /// An incident by its number.
    pub fn incident(&self, id: u64) -> Option<&Incident> {
        self.incidents.get(&id)
    }
    /// All incidents of the book, by their numbers.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values()
    }
    /// A pattern by its signature.
    pub fn pattern(&self, signature: &str) -> Option<&Pattern> {
        self.patterns.get(signature)
    }

    /// Does one thing with an incident; none when there is no such incident.
    ///
    /// # Errors
    /// When it cannot be done; nothing has changed then.
    pub fn act(&mut self, id: u64, act: &Act, at: Timestamp, who: Option<&str>) -> Option<Result<(), Refused>> {
        let incident = self.incidents.get_mut(&id)?;
        let was_open = incident.stage.is_open();
        let held = incident.hold.filter(|_| *act == Act::ComeAgain);
        let outcome = incident.act(act, at, who);
        let what = match (was_open, incident.stage.is_open()) {
            (true, false) => What::Resolved,
            (false, true) => What::Reopened,
            _ if *act == Act::Escalate => What::Escalated,
            _ if *act == Act::EndSilence => What::SilenceEnded,
            _ => What::Acted,
        };
        if outcome.is_ok() {
            self.relapses.extend(held.map(|hold| (hold.fix, at)));
            match what {
                What::Resolved => self.crowd_changed(id, false),
                What::Reopened => self.crowd_changed(id, true),
                _ => {}
            }
            self.note(id, what);
        }
        Some(outcome)
    }

    /// What is to be written down; the book is as if it had just been opened.
    pub fn close(&mut self) -> Written {
        let changed = std::mem::take(&mut self.changed);
        let changes = changed
            .into_iter()
            .filter_map(|(id, what)| Some(Change { incident: self.incidents.get(&id)?.clone(), what }))
            .collect();
        let patterns = std::mem::take(&mut self.changed_patterns);
        Written {
            changes,
            patterns: patterns.iter().filter_map(|signature| self.patterns.get(signature).cloned()).collect(),
            hours: std::mem::take(&mut self.hours),
            raw: std::mem::take(&mut self.raw)
                .into_iter()
                .flat_map(|(id, events)| events.into_iter().map(move |event| (id, event)))
                .collect(),
            relapses: std::mem::take(&mut self.relapses),
        }
    }

    pub(super) fn newest_of(&self, key: &Key) -> Option<&Incident> {
        self.incidents.get(self.newest.get(key)?)
    }
    pub(super) fn incident_mut(&mut self, id: u64) -> Option<&mut Incident> {
        self.incidents.get_mut(&id)
    }
    /// Gives a new incident its number and opens it.
    pub(super) fn open(&mut self, make: impl FnOnce(u64) -> Incident) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.know(make(id));
        self.crowd_changed(id, true);
        self.note(id, What::Opened);
        id
    }
    pub(super) fn note(&mut self, id: u64, what: What) {
        self.changed.entry(id).or_default().insert(what);
    }
    /// The pattern of an error, made if there is none.
    pub(super) fn pattern_of(&mut self, event: &ErrorEvent) -> &mut Pattern {
        self.changed_patterns.insert(event.signature.clone());
        self.patterns.entry(event.signature.clone()).or_insert_with(|| Pattern::of(event))
    }
    pub(super) fn count_hour(&mut self, key: HourKey, count: u64) {
        let sum = self.hours.entry(key).or_default();
        *sum = sum.saturating_add(count);
    }
    pub(super) fn keep_raw(&mut self, id: u64, events: impl IntoIterator<Item = ErrorEvent>) {
        let kept = self.raw.entry(id).or_default();
        kept.extend(events);
        let surplus = kept.len().saturating_sub(RAW_EVENTS);
        kept.drain(..surplus);
    }
    pub(super) fn crowd(&self, crowd: &Crowd) -> u64 {
        self.crowds.get(crowd).copied().unwrap_or(0)
    }

    fn crowd_changed(&mut self, id: u64, more: bool) {
        let Some(incident) = self.incidents.get(&id) else { return };
        let target = &incident.target;
        for crowd in [Crowd::Group(target.clone(), incident.group.clone()), Crowd::Kind(target.clone(), incident.kind)]
        {
            let open = self.crowds.entry(crowd).or_default();
            *open = if more { *open + 1 } else { open.saturating_sub(1) };
        }
    }
}
