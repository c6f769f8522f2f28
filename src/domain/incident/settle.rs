//! What time does to incidents: they go quiet, silences end, what nobody takes care of is escalated.

use super::Incident;
use super::act::Act;
use super::book::Book;
use super::limits::Terms;
use super::stage::{Resolution, Stage};
use crate::domain::target::Timestamp;

/// No error of it came for so long that it is over by itself. Not while a fix is under way, whose outcome is watched
/// by whoever runs it, and not for conditions, whose end is seen.
pub(super) fn is_quiet(incident: &Incident, now: Timestamp, terms: &Terms) -> bool {
    !incident.is_condition()
        && incident.hold.is_none()
        && !matches!(incident.stage, Stage::Approved | Stage::Acting | Stage::Resolved)
        && now.since(incident.last_at) >= terms.limits.quiet_ms
}

impl Book {
    /// Does what is due at `now`. To be called every half minute or so, with all open incidents in the book.
    pub fn settle(&mut self, now: Timestamp, terms: &Terms) {
        let open: Vec<u64> = self.incidents().filter(|i| i.stage.is_open()).map(|i| i.id).collect();
        // Causes have smaller numbers mostly; those that have not are over for their followers the next time.
        for id in open {
            for act in self.due(id, now, terms) {
                // The acts are made from where it stands, so none is refused; one that is changes nothing.
                let _ = self.act(id, &act, now, None);
            }
        }
    }

    fn due(&self, id: u64, now: Timestamp, terms: &Terms) -> Vec<Act> {
        let Some(incident) = self.incident(id) else { return Vec::new() };
        if let Some(hold) = incident.hold {
            return if hold.until <= now { vec![Act::Helped(hold.fix)] } else { Vec::new() };
        }
        if is_quiet(incident, now, terms) {
            return vec![Act::End(Resolution::Quiet)];
        }
        let cause = incident.cause.and_then(|cause| self.incident(cause));
        let no_error_since = now.since(incident.last_at) >= terms.limits.correlation_ms;
        // A cause that is not in the book is over, as is one that is resolved.
        let cause_is_over = incident.cause.is_some() && cause.is_none_or(|cause| !cause.stage.is_open());
        let fixed = matches!(incident.stage, Stage::Approved | Stage::Acting);
        if cause_is_over && no_error_since && !incident.is_condition() && !fixed {
            return vec![Act::End(Resolution::CauseOver)];
        }
        let mut acts = Vec::new();
        if incident.silence.as_ref().is_some_and(|silence| silence.until <= now) {
            acts.push(Act::EndSilence);
        }
        let waits = incident.acknowledged_by.is_none()
            && incident.escalated_at.is_none()
            && !incident.is_silenced(now)
            && (incident.cause.is_none() || cause_is_over);
        let since = now.since(incident.began_at().max(incident.detected_at));
        if waits && terms.limits.escalate_ms(incident.severity).is_some_and(|limit| since >= limit) {
            acts.push(Act::Escalate);
        }
        acts
    }
}
