//! Approvals: the acts that wait for a person, the box in which one of them is decided, and what became of the rest.
//!
//! A key decides only in a box that a frame has shown: the screen tells what it drew as a [`Sight`]. Every event ends
//! with [`settle`], which takes the focus away from a box that is not the one on the screen any more, so that a key
//! can never decide something else than what the person saw.

pub mod act;
pub mod changes;
pub mod decide;
mod look;
pub mod propose;
pub mod table;
pub mod words;

pub use look::read_done;

use super::dossier::{STATEMENT, Section, dossier};
use super::event::RequestId;
use super::list::ListState;
use super::model::{Model, Screen};
use crate::domain::guard::ticket::{ActDigest, DEAD_MS, Moment};
use crate::domain::incident::strategy::Strategy;
use crate::domain::procedure;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::survey::Inverse;
use crate::domain::proposal::{Origin, Proposal};
use crate::domain::target::{TargetId, Timestamp};
use changes::Changes;
use std::collections::{BTreeMap, BTreeSet};

/// A proposal with the digest of its act, taken once.
#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    /// The record.
    pub proposal: Proposal,
    /// Of the act as the record has it: what is drawn, and what a consent is for.
    pub digest: ActDigest,
    /// The name that has to be typed before it can be approved.
    pub name_to_type: Option<String>,
    /// Its dossier, but for the statement, of which the box shows every byte itself.
    pub sections: Vec<Section>,
}

impl Filed {
    /// `offset_minutes` is local time minus UTC.
    fn new(proposal: Proposal, offset_minutes: i32) -> Self {
        let act = proposal.act();
        let mut sections = dossier(&proposal, offset_minutes);
        sections.retain(|s| s.title != STATEMENT);
        Self { digest: act.digest(), name_to_type: act.name_to_type().map(str::to_owned), sections, proposal }
    }
}

/// Which part of which act a frame showed, in bytes of its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// The proposal.
    pub id: u64,
    /// The act that was drawn.
    pub digest: ActDigest,
    /// The first byte that was seen.
    pub from: usize,
    /// The byte after the last one that was seen.
    pub to: usize,
}

/// What a frame showed, as far as it matters to the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// The act in the box; none when no box was drawn, or when something lay over it.
    pub sight: Option<Sight>,
    /// A draft stands in the composer, unsent.
    pub draft: bool,
}

/// The box has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Focus {
    /// Of this proposal,
    pub id: u64,
    /// drawn as this act,
    pub digest: ActDigest,
    /// since this moment.
    pub since: Moment,
}

/// Where somebody asked for something, and is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// In the chat.
    InChat,
    /// By a key or a command elsewhere.
    ByKey,
    /// Nowhere: the strategy of an incident did.
    ByItself,
}

/// What the tab shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApprovalsView {
    /// The proposals, and the box of the selected one.
    #[default]
    Queue,
    /// Everything that was ever changed.
    Changes,
}

/// A survey under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Looking {
    /// The question's number.
    pub id: RequestId,
    /// Where it was asked.
    pub asked: Asked,
    /// The target.
    pub target: TargetId,
    /// What for.
    pub purpose: Purpose,
}

/// What a survey is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// A proposal, which takes the place of an edited one.
    Proposal {
        /// The edited one.
        replaces: Option<u64>,
        /// Who proposes it.
        origin: Origin,
        /// The plan's step that it is.
        step: Option<Box<procedure::Purpose>>,
    },
    /// To see what this proposal would do by now.
    DryRun(u64),
}

/// A proposal on its way to the store.
#[derive(Debug, Clone, PartialEq)]
struct Filing {
    proposal: Proposal,
    asked: Asked,
    replaces: Option<u64>,
}

/// The approvals screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApprovalsModel {
    /// The proposals: open ones first, then those under way, then the others; the newest first among equals.
    pub filed: Vec<Filed>,
    /// What is shown.
    pub view: ApprovalsView,
    /// Everything that was ever changed.
    pub changes: Changes,
    /// Open incidents of which the service is in danger: their fixes come first.
    emergencies: BTreeSet<u64>,
    /// Where the person is in the list.
    pub list: ListState,
    /// The box fills the screen.
    pub full: bool,
    /// The box that has the keys.
    pub focus: Option<Focus>,
    /// A draft stood in the composer when the last frame was drawn.
    pub draft_unsent: bool,
    /// The proposal that the next statement sent from the chat takes the place of.
    pub editing: Option<u64>,
    /// Why the last decision on a proposal came to nothing.
    pub refused: BTreeMap<u64, String>,
    /// Bytes of each act's statement that were seen, counted from its beginning without a gap.
    read: BTreeMap<ActDigest, usize>,
    /// Approved a moment ago: a second press finds it here.
    decided: Option<u64>,
    /// Surveys under way.
    looking: Vec<Looking>,
    /// Proposals that have no number yet.
    filing: Vec<Filing>,
    /// A plan that was asked for: the read, and the proposal.
    plan: Option<(RequestId, u64)>,
    /// Something lay over the box at the end of the last event.
    covered: bool,
    /// The tab to go back to.
    came_from: Option<Screen>,
}

impl ApprovalsModel {
    /// How many wait for a person.
    pub fn open(&self) -> usize {
        self.filed.iter().filter(|f| f.proposal.stage.is_open()).count()
    }
    /// The newest one that waits.
    pub fn newest_open(&self) -> Option<&Proposal> {
        self.filed.iter().map(|f| &f.proposal).find(|p| p.stage.is_open())
    }
    /// A proposal by its number.
    pub fn get(&self, id: u64) -> Option<&Filed> {
        self.filed.iter().find(|f| f.proposal.id == id)
    }
    /// Surveys are under way.
    pub fn is_looking(&self) -> bool {
        !self.looking.is_empty()
    }
    /// Every byte of an act's statement was on the screen, the last one too.
    pub fn read_to_the_end(&self, filed: &Filed) -> bool {
        self.read.get(&filed.digest).is_some_and(|&seen| seen >= filed.proposal.draft.statement.len())
    }
    /// A step of a plan for a target is on its way to be filed.
    pub fn is_on_its_way(&self, target: &TargetId, is_meant: impl Fn(&procedure::Purpose) -> bool) -> bool {
        let looking = self.looking.iter().filter(|l| l.target == *target).filter_map(|l| match &l.purpose {
            Purpose::Proposal { step, .. } => step.as_deref(),
            Purpose::DryRun(_) => None,
        });
        let filing = self.filing.iter().filter(|f| f.proposal.target == *target);
        looking.chain(filing.filter_map(|f| f.proposal.purpose.as_deref())).any(is_meant)
    }
    /// This process has asked for it to be filed, and now it is.
    pub fn is_new_of_ours(&self, proposal: &Proposal) -> bool {
        self.get(proposal.id).is_none() && self.filing.iter().any(|filing| propose::is_of(&filing.proposal, proposal))
    }
    /// Takes in a proposal as it is now.
    fn put(&mut self, proposal: Proposal, offset_minutes: i32) {
        changes::put(&mut self.changes, &proposal);
        self.filed.retain(|f| f.proposal.id != proposal.id);
        self.filed.push(Filed::new(proposal, offset_minutes));
        self.sort();
    }
    fn sort(&mut self) {
        let urgent = &self.emergencies;
        let is_urgent = |p: &Proposal| {
            p.stage.is_open() && p.purpose.as_ref().and_then(|p| p.incident).is_some_and(|id| urgent.contains(&id))
        };
        self.filed.sort_by_key(|f| (rank(f.proposal.stage), !is_urgent(&f.proposal), std::cmp::Reverse(f.proposal.id)));
    }
}

/// The incidents changed: what the service waits for comes first.
pub fn incidents_changed(model: &mut Model) {
    let urgent = model.incidents.all().iter().filter(|i| i.stage.is_open() && i.strategy == Strategy::ImmediateFix);
    let urgent: BTreeSet<u64> = urgent.map(|i| i.id).collect();
    if urgent != model.approvals.emergencies {
        model.approvals.emergencies = urgent;
        model.approvals.sort();
    }
}

/// Proposals that a person denied, with the reasons, the newest first.
pub fn denied_before(model: &Model) -> impl Iterator<Item = (&Proposal, &str)> {
    let denied = model.approvals.filed.iter().map(|f| &f.proposal).filter(|p| p.stage == Stage::Denied);
    denied.map(|p| (p, p.happenings.last().map_or("", |h| h.words.as_str())))
}

/// The newest denials of proposals like this one: on the same target, by the same procedure and kind of act, or of the
/// same statement.
pub fn denied_like<'m>(model: &'m Model, proposal: &Proposal) -> impl Iterator<Item = (&'m Proposal, &'m str)> {
    let key = |p: &Proposal| p.purpose.as_ref().map(|purpose| purpose.plan.fix_key());
    let (id, target, wanted) = (proposal.id, proposal.target.clone(), key(proposal));
    let statement = proposal.draft.statement.clone();
    denied_before(model).filter(move |(p, _)| {
        let alike = (wanted.is_some() && key(p) == wanted) || p.draft.statement == statement;
        p.id != id && p.target == target && alike
    })
}

/// What somebody has to look at comes first.
fn rank(stage: Stage) -> u8 {
    match stage {
        _ if stage.is_open() => 0,
        _ if stage.is_under_way() => 1,
        Stage::NeedsPerson => 2,
        _ => 3,
    }
}

/// The proposal under the cursor.
pub fn selected(model: &Model) -> Option<&Filed> {
    if model.approvals.view == ApprovalsView::Changes {
        return None;
    }
    let table = table::table(model);
    let row = model.approvals.list.selected(&table)?;
    model.approvals.filed.get(row)
}

/// The act that keys are about: the proposal under the cursor, or the change.
pub fn chosen(model: &Model) -> Option<&Proposal> {
    match model.approvals.view {
        ApprovalsView::Queue => selected(model).map(|filed| &filed.proposal),
        ApprovalsView::Changes => changes::selected(model),
    }
}

/// What `y` copies: the statement of the proposal under the cursor; of a change, the statements that undo it.
pub fn copied(model: &Model) -> Option<String> {
    let act = chosen(model)?;
    match (model.approvals.view, &act.survey.inverse) {
        (ApprovalsView::Changes, Inverse::Statements(statements)) => Some(statements.join("\n")),
        _ => Some(act.draft.statement.clone()),
    }
}

/// A frame was drawn. A box that was not there before gets the keys from now on; what it showed counts as read.
pub fn drawn(model: &mut Model, at: Moment, shown: Shown) {
    model.clock = at;
    model.approvals.draft_unsent = shown.draft;
    let Some(sight) = shown.sight else {
        if !model.approvals.covered {
            model.approvals.focus = None;
        }
        return;
    };
    let is_selected = selected(model).is_some_and(|f| (f.proposal.id, f.digest) == (sight.id, sight.digest));
    if model.screen != Screen::Approvals || model.approvals.covered || !is_selected {
        return; // a frame of a moment ago
    }
    let seen = model.approvals.read.entry(sight.digest).or_default();
    if sight.from <= *seen {
        *seen = sight.to.max(*seen);
    }
    let had = model.approvals.focus.is_some_and(|f| (f.id, f.digest) == (sight.id, sight.digest));
    if !had {
        model.approvals.focus = Some(Focus { id: sight.id, digest: sight.digest, since: at });
    }
}

/// Ends every event: the cursor stays on its proposal, and focus and half-made decisions stay only with the box that
/// they are about. A box that comes out from under something else has its keys anew.
pub fn settle(model: &mut Model) {
    let covered = model.overlay.as_ref().is_some_and(|o| !o.is_of_the_box());
    let uncovered = std::mem::replace(&mut model.approvals.covered, covered) && !covered;
    if model.screen != Screen::Approvals {
        model.approvals.focus = None;
        drop_step(model);
        return;
    }
    let table = table::table(model);
    let list = &mut model.approvals.list;
    list.follow(&table);
    if list.key.is_none() {
        // Nobody has moved yet. What arrives now must not slide under the cursor all the same.
        list.key = list.selected(&table).and_then(|row| table.rows.get(row)).map(|row| row.key.clone());
    }
    let shown = selected(model).map(|f| (f.proposal.id, f.digest));
    let clock = model.clock;
    match &mut model.approvals.focus {
        Some(focus) if Some((focus.id, focus.digest)) != shown => model.approvals.focus = None,
        Some(focus) if uncovered => focus.since = clock,
        _ => {}
    }
    if model
        .overlay
        .as_ref()
        .and_then(super::overlay::Overlay::step)
        .is_some_and(|step| Some(step.id()) != shown.map(|s| s.0))
    {
        drop_step(model);
    }
}

/// Takes a half-made decision back.
fn drop_step(model: &mut Model) {
    if model.overlay.as_ref().is_some_and(super::overlay::Overlay::is_of_the_box) {
        model.overlay = None;
    }
}

/// When the screen has something new to show although nothing happens: the box can be decided, a confirmation is too
/// old, something is under way.
pub fn next_wake(model: &Model) -> Option<Timestamp> {
    let a = &model.approvals;
    let soon = |at: Moment, ms: u64| Some(at.wall.plus_ms(i64::try_from(ms).unwrap_or(0))).filter(|t| *t > model.now);
    // A little later than the very moment, so that the clock that counts has got there too.
    let focused = a.focus.and_then(|f| soon(f.since, DEAD_MS + 20));
    let step = model.overlay.as_ref().and_then(super::overlay::Overlay::step);
    let confirming = step.and_then(decide::Step::expires).filter(|t| *t > model.now);
    let under_way = model.screen == Screen::Approvals && a.filed.iter().any(|f| f.proposal.stage.is_under_way());
    let ticking = (under_way || a.is_looking()).then(|| model.now.plus_ms(1_000));
    [focused, confirming, ticking].into_iter().flatten().min()
}
