//! From an incident, or from "what is wrong now", to causes, plans and the first step of one of them.
//!
//! ```text
//! D, or a new critical incident --ask--> Effect::Diagnose --Event::Diagnosed--> Inquiry { causes, plans }
//!     tree   what was found as rows under the keys        detail   one row of it in full
//!     propose   a plan's first step --survey--> a proposal with its purpose; strategies do it by themselves
//! ```

pub mod ask;
pub mod detail;
pub mod propose;
pub mod tree;

use super::list::ListState;
use super::model::{Model, Screen};
use super::overlay::Overlay;
use super::{access, approvals, incidents};
use crate::app::event::RequestId;
use crate::app::incidents::detail::LineKind;
use crate::domain::diagnosis::Cause;
use crate::domain::learning::{About, Learned};
use crate::domain::procedure::Examined;
use crate::domain::target::{TargetId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use tree::Row;

/// Name of the server's view.
pub const VIEW: &str = "diagnosis";
/// Inquiries that are kept; the oldest go.
const KEPT: usize = 200;

/// What a diagnosis is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// An incident.
    Incident(u64),
    /// What is wrong with a target now.
    Target(TargetId),
}

/// A diagnosis under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The question's number.
    id: RequestId,
    /// Where.
    target: TargetId,
    /// Since when.
    pub since: Timestamp,
    /// Per cent of the time for which the server is watched.
    pub percent: u8,
    /// What is looked at instead.
    pub focus: Option<Cause>,
}

/// What was asked about one subject, and what came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inquiry {
    /// It is being looked at.
    pub running: Option<Running>,
    /// Why the last look came to nothing; the finding before it stays.
    pub failed: Option<String>,
    /// What was found last.
    pub found: Option<Examined>,
    /// What was looked at instead, when that was found.
    pub focus: Option<Cause>,
    /// Refuted causes are listed too.
    pub unfolded: bool,
}

/// Everything that is known about causes and plans.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealingModel {
    inquiries: BTreeMap<Subject, Inquiry>,
    /// Incidents that are to be diagnosed by themselves, as soon as it may be.
    due: BTreeSet<u64>,
    /// Those among them that became critical since they were last looked at: they are looked at again, whatever was
    /// found and proposed while they were less.
    risen: BTreeSet<u64>,
    /// What earlier fixes have taught.
    pub learned: Learned,
    /// When each target was last diagnosed by itself.
    began: BTreeMap<TargetId, Timestamp>,
}

impl HealingModel {
    /// What was asked about a subject.
    pub fn about(&self, subject: &Subject) -> Option<&Inquiry> {
        self.inquiries.get(subject)
    }
    /// What was found about a subject last.
    pub fn found(&self, subject: &Subject) -> Option<&Examined> {
        self.inquiries.get(subject)?.found.as_ref()
    }
    /// What a question is about that was asked and not answered yet, and since when.
    pub fn asked(&self, id: RequestId) -> Option<(&Subject, Timestamp)> {
        let running = |inquiry: &Inquiry| inquiry.running.as_ref().filter(|r| r.id == id).map(|r| r.since);
        self.inquiries.iter().find_map(|(subject, inquiry)| Some((subject, running(inquiry)?)))
    }
    /// A target is being looked at.
    fn is_busy(&self, target: &TargetId) -> bool {
        self.inquiries.values().any(|i| i.running.as_ref().is_some_and(|r| r.target == *target))
    }
    /// Something is being looked at.
    pub fn is_looking(&self) -> bool {
        self.inquiries.values().any(|i| i.running.is_some())
    }
    /// The inquiry about a subject, to change it. The oldest answers make room.
    fn inquiry(&mut self, subject: Subject) -> &mut Inquiry {
        if self.inquiries.len() >= KEPT && !self.inquiries.contains_key(&subject) {
            let idle = self.inquiries.iter().filter(|(_, inquiry)| inquiry.running.is_none());
            let oldest = idle.min_by_key(|(_, i)| i.found.as_ref().map(|found| found.at)).map(|(s, _)| s.clone());
            oldest.and_then(|oldest| self.inquiries.remove(&oldest));
        }
        self.inquiries.entry(subject).or_default()
    }
}

/// Takes in what earlier fixes have taught: plans that are known already are ranked anew.
pub fn learned(model: &mut Model, learned: Learned) {
    model.healing.learned = learned;
    let subjects: Vec<Subject> = model.healing.inquiries.keys().cloned().collect();
    for subject in subjects {
        rank(model, &subject);
    }
}

/// Puts the plans for a subject into the order that earlier fixes have taught.
pub(super) fn rank(model: &mut Model, subject: &Subject) {
    let Some(mut inquiry) = model.healing.inquiries.remove(subject) else { return };
    if let Some(found) = &mut inquiry.found {
        let engine = engine_and_version(model, &found.target);
        let about = about(model, subject, &engine);
        found.rank(&model.healing.learned, &about);
    }
    model.healing.inquiries.insert(subject.clone(), inquiry);
}

/// The engine of a target and its version, as far as it has said.
pub(super) fn engine_and_version(model: &Model, target: &TargetId) -> (&'static str, u32) {
    model
        .target(target)
        .map_or(("", 0), |t| (t.target.engine.0, t.identity.as_ref().map_or(0, |identity| identity.version_number)))
}

/// Under what outcomes of a plan for this subject are remembered.
pub(super) fn about<'a>(model: &'a Model, subject: &Subject, (engine, version): &(&'a str, u32)) -> About<'a> {
    let incident = match subject {
        Subject::Incident(id) => model.incidents.get(*id),
        Subject::Target(_) => None,
    };
    About {
        signature: incident.map(|incident| incident.signature.as_str()),
        group: incident.map_or("", |incident| incident.group.as_str()),
        engine,
        version: *version,
    }
}

/// What a question from this screen is about.
pub fn subject_here(model: &Model) -> Option<Subject> {
    match model.screen {
        Screen::Incidents => incidents::selected(model).map(|incident| Subject::Incident(incident.id)),
        Screen::Approvals => {
            let proposal = &approvals::selected(model)?.proposal;
            let incident = proposal.purpose.as_ref().and_then(|purpose| purpose.incident);
            Some(incident.map_or_else(|| Subject::Target(proposal.target.clone()), Subject::Incident))
        }
        Screen::Health | Screen::Chat => access::target_here(model).map(Subject::Target),
    }
}

/// The subject whose causes are on the screen.
pub fn shown(model: &Model) -> Option<Subject> {
    match model.screen {
        Screen::Incidents => model.incidents.open.map(Subject::Incident),
        Screen::Health if model.health.view == VIEW => model.health.server.clone().map(Subject::Target),
        Screen::Health | Screen::Chat | Screen::Approvals => None,
    }
}

/// The target of a subject.
pub fn target_of(model: &Model, subject: &Subject) -> Option<TargetId> {
    match subject {
        Subject::Incident(id) => model.incidents.get(*id).map(|incident| incident.target.clone()),
        Subject::Target(id) => Some(id.clone()),
    }
}

/// What is under the cursor among causes and plans.
pub fn chosen(model: &Model) -> Option<(Subject, Row)> {
    let subject = shown(model)?;
    let table = tree::table(model, &subject)?;
    let row = list(model)?.selected(&table)?;
    let (_, row) = *tree::rows(model, &subject).get(row)?;
    Some((subject, row))
}

/// Where the person is among causes and plans.
pub fn list(model: &Model) -> Option<&ListState> {
    match model.screen {
        Screen::Incidents => Some(&model.incidents.causes),
        Screen::Health => model.health.lists.get(VIEW),
        Screen::Chat | Screen::Approvals => None,
    }
}

/// The keys are on causes and plans.
fn has_keys(model: &Model) -> bool {
    let focus = model.incidents.focus;
    model.screen == Screen::Health || matches!(focus, incidents::DetailFocus::Causes | incidents::DetailFocus::Chosen)
}

/// What `y` copies of a plan: the statement of its first step; of anything else, and for `Y`, all that is said of it.
pub(super) fn copied(model: &Model, whole: bool) -> Option<String> {
    let (subject, row) = chosen(model).filter(|_| has_keys(model))?;
    let found = model.healing.found(&subject)?;
    let statement = match row {
        Row::Plan(i) if !whole => found.plans.get(i)?.steps.first().map(|step| step.draft.statement.clone()),
        _ => None,
    };
    Some(statement.unwrap_or_else(|| written(&detail::of(model, &subject, row).1)))
}

/// Lines as one text.
fn written(lines: &[incidents::detail::DetailLine]) -> String {
    let lead = lines.iter().map(|line| line.lead.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        let gap = if text.is_empty() || line.kind != LineKind::Heading { "" } else { "\n" };
        let words = match line.kind {
            LineKind::Heading => line.text.clone(),
            LineKind::Statement => format!("  {}", line.text),
            LineKind::Fact(_) => format!("{:<lead$} {}", line.lead, line.text),
        };
        text.push_str(&format!("{gap}{}\n", crate::domain::text::escape_lines(&words)));
    }
    text
}

/// Enter on a cause or a plan: all of it in a box, or the refuted causes are listed. True when there was one.
pub(super) fn open(model: &mut Model) -> bool {
    let Some((subject, row)) = chosen(model).filter(|_| has_keys(model)) else { return false };
    if let Row::Folded(_) = row {
        model.healing.inquiry(subject).unfolded = true;
        super::update::follow_lists(model);
        return true;
    }
    let (title, lines) = detail::of(model, &subject, row);
    let text = written(&lines);
    let title = crate::domain::text::escape(&title);
    model.overlay = Some(Overlay::Detail { title, text, offset: 0 });
    true
}
