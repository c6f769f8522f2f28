//! What is worth telling somebody who does not look at a screen: an incident that opened, came again, was escalated,
//! or is over. That it was counted once more is not.

use super::Incident;
use super::stage::Stage;
use crate::domain::target::Timestamp;
use std::collections::HashMap;

/// What happened to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It was seen for the first time.
    Opened,
    /// It was over and came again.
    Reopened,
    /// Nobody took care of it in time.
    Escalated,
    /// It is over.
    Resolved,
}

impl News {
    /// The word in lines and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
        }
    }
}

/// Knows what was told of each incident.
#[derive(Debug, Default)]
pub struct Told(HashMap<u64, (Stage, u32, Option<Timestamp>)>);

impl Told {
    /// These are known already.
    pub fn of<'i>(incidents: impl IntoIterator<Item = &'i Incident>) -> Self {
        Self(incidents.into_iter().map(|i| (i.id, state(i))).collect())
    }

    /// What is new about an incident as it is now. What follows from another incident is told with that one.
    pub fn news(&mut self, incident: &Incident) -> Option<News> {
        let now = state(incident);
        let before = self.0.insert(incident.id, now);
        if incident.cause.is_some() {
            return None;
        }
        match before {
            None if incident.stage.is_open() => Some(News::Opened),
            None => None,
            Some((stage, ..)) if stage.is_open() && !incident.stage.is_open() => Some(News::Resolved),
            Some((_, reopened, _)) if incident.reopened > reopened => Some(News::Reopened),
            Some((.., escalated)) if incident.escalated_at > escalated => Some(News::Escalated),
            Some(_) => None,
        }
    }
}

fn state(incident: &Incident) -> (Stage, u32, Option<Timestamp>) {
    (incident.stage, incident.reopened, incident.escalated_at)
}
