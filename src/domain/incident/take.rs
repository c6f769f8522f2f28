//! An error meets what is known: it opens an incident, is counted by one, or wakes one that was over.
//!
//! What comes out depends on the times of the errors, not on when they are read: an incident whose next error comes
//! after a quiet time is over first, whether or not anybody looked in between. So a log that is read today gives the
//! incidents of the days that it tells of.

use super::act::Act;
use super::book::{Book, Crowd, What};
use super::correlate;
use super::gather::{Gathered, gather};
use super::limits::Terms;
use super::recurrence::{Recurrence, hour_of};
use super::settle::is_quiet;
use super::stage::{Resolution, Stage};
use super::strategy::{Strategy, choose};
use super::{Incident, Key};
use crate::domain::error::event::ErrorEvent;
use crate::domain::error::signature::signature;
use crate::domain::target::{TargetId, Timestamp};

/// Open incidents of one group on one target. Errors about further objects share one incident.
const MOST_OF_A_GROUP: u64 = 50;
/// Open incidents of one kind on one target. Further errors share one incident, whatever their text.
const MOST_OF_A_KIND: u64 = 300;

/// Something that was measured is within its limits again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub target: TargetId,
    /// The signature of the events that it gave.
    pub signature: String,
}

/// The keys of the incidents that an error can belong to: its own, that of its group and that of its kind, for when
/// there are too many.
pub fn keys_of(event: &ErrorEvent) -> [Key; 3] {
    let shared =
        |text: &str| Key { target: event.target.clone(), signature: signature(event.kind, text), object: None };
    [Key::of(event), shared(&format!("group {}", event.group)), shared("errors of many texts")]
}

/// Of what there may be too many when it comes.
pub fn crowds_of(event: &ErrorEvent) -> [Crowd; 2] {
    [Crowd::Group(event.target.clone(), event.group.clone()), Crowd::Kind(event.target.clone(), event.kind)]
}

impl Book {
    /// Takes a batch of errors. `now` is our clock.
    pub fn take(&mut self, events: Vec<ErrorEvent>, now: Timestamp, terms: &Terms) {
        for gathered in gather(events, terms.limits.quiet_ms) {
            self.take_one(gathered, now, terms);
        }
    }

    /// A condition ended: its incident is over, if there is one.
    pub fn end(&mut self, ended: &Ended) {
        let holds = |incident: &&Incident| {
            incident.stage.is_open()
                && incident.is_condition()
                // Its fix has to last first.
                && incident.hold.is_none()
                && incident.target == ended.target
                && incident.signature == ended.signature
        };
        let ids: Vec<u64> = self.incidents().filter(holds).map(|incident| incident.id).collect();
        for id in ids {
            // A fix that runs is watched by whoever runs it, and decides itself.
            let _ = self.act(id, &Act::End(Resolution::ConditionEnded), ended.at, None);
        }
    }

    fn take_one(&mut self, mut gathered: Gathered, now: Timestamp, terms: &Terms) {
        if gathered.event.source.is_private() {
            self.pattern_of(&gathered.event).count(&gathered.event);
            return;
        }
        // What is written down holds no secret, whoever made the event.
        gathered.event.clean();
        gathered.raw.iter_mut().for_each(ErrorEvent::clean);
        self.make_room(&mut gathered.event);
        let event = &gathered.event;
        let place = self.place_of(&gathered, terms);
        // A condition that still holds is no second one.
        let again = matches!(place, Place::Open(id) if event.source.is_condition()
            && self.incident(id).is_some_and(Incident::is_condition));
        if !again {
            self.pattern_of(event).count(event);
            self.count_hour((event.target.clone(), event.signature.clone(), hour_of(event.at)), event.count);
        }
        let id = match place {
            Place::History => return,
            Place::New(before) => {
                let id = self.open(|id| begin(id, &gathered, before, now));
                self.pattern_of(event).incidents += 1;
                id
            }
            Place::Resolved(id, comes_again) => {
                if comes_again && self.reopen(id, event).is_err() {
                    return;
                }
                self.count(id, &gathered, true);
                id
            }
            Place::Open(id) => {
                self.count(id, &gathered, !again);
                if self.incident(id).is_some_and(|incident| comes_after_its_fix(incident, event.at)) {
                    let _ = self.reopen(id, event);
                }
                id
            }
        };
        self.keep_raw(id, gathered.raw);
        self.choose_strategy(id, terms);
        correlate::correlate(self, id, terms);
    }

    /// Errors about ever other objects are one matter once they are many: a client that guesses names must not fill
    /// the list. The message stays what it was.
    fn make_room(&self, event: &mut ErrorEvent) {
        if self.newest_of(&Key::of(event)).is_some_and(|incident| incident.stage.is_open()) {
            return;
        }
        let [group, kind] = crowds_of(event);
        let [_, of_group, of_kind] = keys_of(event);
        let key = if self.crowd(&kind) >= MOST_OF_A_KIND {
            event.group = format!("{}:many", event.kind);
            of_kind
        } else if self.crowd(&group) >= MOST_OF_A_GROUP {
            of_group
        } else {
            return;
        };
        event.object = key.object;
        event.signature = key.signature;
    }

    fn place_of(&mut self, gathered: &Gathered, terms: &Terms) -> Place {
        let (event, limits) = (&gathered.event, &terms.limits);
        let Some(known) = self.newest_of(&Key::of(event)) else { return Place::New(Recurrence::default()) };
        let id = known.id;
        if known.stage.is_open() && is_quiet(known, gathered.first_at, terms) {
            let over = known.last_at.plus_ms(i64::try_from(limits.quiet_ms).unwrap_or(i64::MAX));
            let _ = self.act(id, &Act::End(Resolution::Quiet), over, None);
        }
        let Some(known) = self.incident(id) else { return Place::New(Recurrence::default()) };
        if event.at < known.first_at && known.first_at.since(event.at) > limits.reopen_ms {
            return Place::History;
        }
        match known.over_at() {
            None => Place::Open(id),
            // It happened before the end and was read after it.
            Some(over) if event.at <= over => Place::Resolved(id, false),
            Some(over) if gathered.first_at.since(over) <= limits.reopen_ms => Place::Resolved(id, true),
            Some(_) => Place::New(known.recurrence.clone()),
        }
    }

    fn reopen(&mut self, id: u64, event: &ErrorEvent) -> Result<(), ()> {
        if let Some(incident) = self.incident_mut(id) {
            // What caused it the last time need not be what causes it now.
            incident.cause = None;
            incident.cause_reason.clear();
        }
        match self.act(id, &Act::ComeAgain, event.at, None) {
            Some(Ok(())) => {
                self.note(id, What::Reopened);
                Ok(())
            }
            _ => Err(()),
        }
    }

    /// Writes errors to an incident; `counts` is false for a condition that still holds.
    fn count(&mut self, id: u64, gathered: &Gathered, counts: bool) {
        let event = &gathered.event;
        let Some(incident) = self.incident_mut(id) else { return };
        let mut what = Vec::new();
        if counts {
            incident.count = incident.count.saturating_add(event.count);
            incident.recurrence.add(event.at, event.count);
            what.push(What::Counted);
        }
        incident.first_at = incident.first_at.min(gathered.first_at);
        if event.at >= incident.last_at {
            incident.last_at = event.at;
            incident.message.clone_from(&event.message);
            incident.statement = event.statement.clone().or(incident.statement.take());
            incident.more = event.more.clone().or(incident.more.take());
        }
        incident.transient &= event.transient;
        if event.severity > incident.severity {
            let words = format!("worse: {} where it was {}", event.severity.word(), incident.severity.word());
            incident.severity = event.severity;
            incident.tell(event.at, &format!("{words}: {}", event.message), None, None);
            what.push(What::Worsened);
        }
        for what in what {
            self.note(id, what);
        }
    }

    fn choose_strategy(&mut self, id: u64, terms: &Terms) {
        let Some(incident) = self.incident_mut(id) else { return };
        let came = incident.recurrence.within(incident.last_at, terms.limits.window_ms);
        let has_procedure = terms.procedures.exist_for(incident.kind, &incident.engine);
        let strategy = choose(incident.kind, came, has_procedure);
        if strategy == incident.strategy {
            return;
        }
        incident.strategy = strategy;
        let times = if came == 1 { "once".to_owned() } else { format!("{came} times") };
        let hours = terms.limits.window_ms.div_ceil(3_600_000);
        let why = match strategy {
            Strategy::ImmediateFix => format!("{} is critical by its kind", incident.kind),
            Strategy::SelfHealing => format!("it came {times} within {hours} h, and a procedure for it is known"),
            Strategy::Preventive | Strategy::AiPowered => format!("it came {times} within {hours} h"),
        };
        let at = incident.last_at;
        incident.tell(at, &format!("strategy {}: {why}", strategy.word()), None, None);
        self.note(id, What::StrategyChanged);
    }
}

/// The fix had run when this error happened: one that is read late, from before it, says nothing about the fix.
fn comes_after_its_fix(incident: &Incident, at: Timestamp) -> bool {
    let ran = incident.timeline.iter().rev().find(|happening| happening.stage == Some(Stage::Verifying));
    incident.stage == Stage::Verifying && ran.is_none_or(|ran| at >= ran.at)
}

/// A new incident, which goes on counting where the one before it ended.
fn begin(id: u64, gathered: &Gathered, mut recurrence: Recurrence, now: Timestamp) -> Incident {
    let event = &gathered.event;
    recurrence.add(event.at, event.count);
    Incident { first_at: gathered.first_at, recurrence, ..Incident::new(id, event, now) }
}

/// Where an error belongs.
enum Place {
    /// A new incident; when errors of the one before it came.
    New(Recurrence),
    /// One that is open.
    Open(u64),
    /// One that was over, and whether it thereby comes again.
    Resolved(u64, bool),
    /// Long before the incident that is known: it is counted, and no more.
    History,
}
