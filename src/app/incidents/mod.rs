//! The incidents: what went wrong and stands open, the patterns behind it, and what became of the rest.
//!
//! ```text
//! store --IncidentsLoaded--> IncidentsModel { all, patterns, .. } --> table (the three lists)   -> screen
//!                                   ^                              -> detail (one, in full)     -> screen
//! keys --> act --ActOnIncident--> store --IncidentChanged--+
//! ```

pub mod act;
pub mod analytics;
pub mod detail;
pub mod note;
pub mod table;
pub mod words;

use super::effect::Effect;
use super::list::ListState;
use super::model::{Model, Screen};
use crate::domain::error::kind::Severity;
use crate::domain::incident::analytics::Analytics;
use crate::domain::incident::{Incident, Pattern};
use crate::domain::rule::Rule;
use crate::domain::target::{TargetId, Timestamp};
use std::cmp::Reverse;

/// Hours of a shift, at whose end somebody else is told what is open.
pub const SHIFT_HOURS: i64 = 12;

/// What the tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// The incidents, worst first.
    #[default]
    List,
    /// The patterns behind them.
    Patterns,
    /// What the numbers say.
    Analytics,
    /// Watch rules of the person's own.
    Rules,
}

impl View {
    /// In the order in which Tab goes through them.
    pub const ALL: [Self; 4] = [Self::List, Self::Patterns, Self::Analytics, Self::Rules];

    /// The word on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::List => "incidents",
            Self::Patterns => "patterns",
            Self::Analytics => "analytics",
            Self::Rules => "rules",
        }
    }
}

/// What has the keys while an incident is shown in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DetailFocus {
    /// What happened.
    #[default]
    Timeline,
    /// Why it is taken for what it is.
    Why,
    /// What to do in general; causes and plans once they are known.
    Causes,
    /// The cause or plan under the cursor, once they are known.
    Chosen,
}

impl DetailFocus {
    /// All of them, in the order in which Tab goes through them.
    pub const ALL: [Self; 4] = [Self::Timeline, Self::Why, Self::Causes, Self::Chosen];

    /// The next one, or the one before. `known`: causes are.
    fn step(self, forward: bool, known: bool) -> Self {
        let count = if known { 4 } else { 3 };
        let here = Self::ALL.iter().position(|focus| *focus == self).unwrap_or(0);
        Self::ALL[(here + if forward { 1 } else { count - 1 }) % count]
    }
}

/// What the store remembers, read anew when something changed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Remembered {
    /// The open incidents, and the latest others.
    pub incidents: Vec<Incident>,
    /// The patterns that were seen last.
    pub patterns: Vec<Pattern>,
    /// What the numbers of the last [`analytics::DAYS`] say.
    pub analytics: Option<Analytics>,
    /// Watch rules of the person's own, the oldest first.
    pub rules: Vec<Rule>,
}

/// The incidents tab.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IncidentsModel {
    /// The incidents, those that somebody has to look at first.
    all: Vec<Incident>,
    /// The patterns, the last seen first.
    pub patterns: Vec<Pattern>,
    /// What their numbers say.
    pub analytics: Option<Analytics>,
    /// Watch rules of the person's own, the oldest first.
    pub rules: Vec<Rule>,
    /// What is shown.
    pub view: View,
    /// Where the person is in the list of incidents.
    pub list: ListState,
    /// Where the person is among the patterns.
    pub pattern_list: ListState,
    /// Where the person is in the table of the analytics.
    pub figures_list: ListState,
    /// Where the person is among their rules.
    pub rule_list: ListState,
    /// The incident that is shown in full.
    pub open: Option<u64>,
    /// What of it has the keys.
    pub focus: DetailFocus,
    /// Where the person is among its causes and plans.
    pub causes: ListState,
    /// Incidents that are over are listed too.
    pub with_closed: bool,
    /// The store has been read.
    pub loaded: bool,
    /// The tab to go back to.
    came_from: Option<Screen>,
}

impl IncidentsModel {
    /// All that are known, those that somebody has to look at first.
    pub fn all(&self) -> &[Incident] {
        &self.all
    }
    /// Those of the list as it stands.
    pub fn listed(&self) -> impl Iterator<Item = &Incident> {
        self.all.iter().filter(|i| self.with_closed || i.stage.is_open())
    }
    /// An incident by its number.
    pub fn get(&self, id: u64) -> Option<&Incident> {
        self.all.iter().find(|i| i.id == id)
    }
    /// A pattern by its signature.
    pub fn pattern(&self, signature: &str) -> Option<&Pattern> {
        self.patterns.iter().find(|p| p.signature == signature)
    }
    /// The open ones that nobody has silenced.
    pub fn alarming(&self, now: Timestamp) -> impl Iterator<Item = &Incident> {
        self.all.iter().filter(move |i| i.stage.is_open() && !i.is_silenced(now))
    }
    /// How many alarm, and whether one of them is critical: what the tab says.
    pub fn alarm(&self, now: Timestamp) -> (usize, bool) {
        self.alarming(now).fold((0, false), |(n, critical), i| (n + 1, critical || i.severity == Severity::Critical))
    }
    /// The worst open one of a target.
    pub fn worst_of(&self, target: &TargetId, now: Timestamp) -> Option<&Incident> {
        self.alarming(now).find(|i| i.target == *target)
    }
    /// Takes in an incident as it is now.
    fn put(&mut self, incident: Incident, now: Timestamp) {
        self.all.retain(|i| i.id != incident.id);
        self.all.push(incident);
        self.sort(now);
    }
    fn sort(&mut self, now: Timestamp) {
        self.all.sort_by_key(|i| rank(i, now));
    }
}

/// What somebody has to look at comes first: open before over, told before silenced, worst before mild, a cause before
/// what follows from it, newest before old.
fn rank(incident: &Incident, now: Timestamp) -> impl Ord + use<> {
    (
        !incident.stage.is_open(),
        incident.is_silenced(now),
        Reverse(incident.severity),
        incident.cause.is_some(),
        Reverse(incident.last_at),
        Reverse(incident.id),
    )
}

/// The incident that keys act on: the one shown in full, else the one under the cursor.
pub fn selected(model: &Model) -> Option<&Incident> {
    if let Some(id) = model.incidents.open {
        return model.incidents.get(id);
    }
    if model.incidents.view != View::List {
        return None;
    }
    let list = &model.incidents.list;
    if list.filter.is_empty() && list.sort.is_none() {
        return model.incidents.listed().nth(list.cursor);
    }
    let row = list.selected(&table::incidents(model))?;
    model.incidents.listed().nth(row)
}

/// The pattern under the cursor.
pub fn selected_pattern(model: &Model) -> Option<&Pattern> {
    let table = table::patterns(model);
    let row = model.incidents.pattern_list.selected(&table)?;
    model.incidents.patterns.get(row)
}

/// The store was read: rules that are gone may end what they told of.
pub fn loaded(model: &mut Model, remembered: Remembered) -> Vec<Effect> {
    let now = model.now;
    let incidents = &mut model.incidents;
    incidents.loaded = true;
    incidents.all = remembered.incidents;
    incidents.patterns = remembered.patterns;
    incidents.analytics = remembered.analytics;
    incidents.sort(now);
    if incidents.open.is_some_and(|id| incidents.get(id).is_none()) {
        incidents.open = None;
    }
    super::approvals::incidents_changed(model);
    super::rules::loaded(model, remembered.rules)
}

/// An incident changed by an act of ours.
pub fn changed(model: &mut Model, incident: Incident) {
    let words = incident.timeline.last().map(|h| format!("{}: {}", incident.name(), h.words));
    model.incidents.put(incident, model.now);
    super::approvals::incidents_changed(model);
    if let Some(words) = words {
        model.tell(words, false);
    }
}

/// Shows the tab. Whoever comes from a server that has an open incident wants to see that one.
pub fn show(model: &mut Model) {
    if model.screen == Screen::Incidents {
        return;
    }
    model.incidents.came_from = Some(model.screen);
    let here = super::access::target_here(model);
    let worst = here.and_then(|id| model.incidents.worst_of(&id, model.now).map(|i| i.id.to_string()));
    let no_filter = model.incidents.list.filter.is_empty();
    if let Some(key) = worst.filter(|_| no_filter && model.incidents.view == View::List) {
        model.incidents.open = None;
        model.incidents.list.key = Some(key);
    }
}
