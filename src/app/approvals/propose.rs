//! From a wish to a proposal: it is looked at on its server, filed, and the person is told where it waits.

use super::{ApprovalsView, Asked, Filed, Filing, Looking, Purpose, look, words};
use crate::app::access::read_only_words;
use crate::app::conversation;
use crate::app::effect::{Effect, SurveyRequest};
use crate::app::event::{ReadError, RequestId, Surveyed};
use crate::app::model::{Model, Screen};
use crate::domain::incident::Act;
use crate::domain::incident::stage::Stage as IncidentStage;
use crate::domain::procedure;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::{Draft, Origin, Parts, Proposal};
use crate::domain::target::{Access, TargetId};
use crate::domain::text::redact;

/// An act that somebody, or a procedure, wants to be proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Where.
    pub target: TargetId,
    /// What would be done.
    pub draft: Draft,
    /// Where it was asked for.
    pub asked: Asked,
    /// Who proposes it.
    pub origin: Origin,
    /// The proposal whose place it takes.
    pub replaces: Option<u64>,
    /// The plan's step that it is.
    pub purpose: Option<Box<procedure::Purpose>>,
}

impl Wish {
    /// A person's.
    pub fn of_person(target: TargetId, draft: Draft, asked: Asked) -> Self {
        Self { target, draft, asked, origin: Origin::Person, replaces: None, purpose: None }
    }
}

/// Looks at an act on its server, to propose it. What cannot be proposed at all is told at once.
pub fn propose(model: &mut Model, wish: Wish) -> Vec<Effect> {
    let Wish { target, draft, asked, origin, replaces, purpose: step } = wish;
    let Some(t) = model.target(&target) else { return Vec::new() };
    let refusal = if t.target.access == Access::ReadOnly {
        Some(format!("Not proposed: {}.", read_only_words(t)))
    } else if holds_secret(&draft) {
        Some(SECRET.to_owned())
    } else {
        None
    };
    if let Some(words) = refusal {
        return tell(model, asked, words, true);
    }
    let id = conversation::next_request(model);
    let purpose = Purpose::Proposal { replaces, origin, step: step.clone() };
    model.approvals.looking.push(Looking { id, asked, target: target.clone(), purpose });
    model.tell(format!("looking at what it would do on {target}; nothing is changed by that"), false);
    vec![Effect::Survey(SurveyRequest { id, target, draft, purpose: step })]
}

/// Said of a statement that must not be kept, because a proposal is.
const SECRET: &str = "Not proposed: the statement holds what looks like a secret, and proposals are kept and shown. \
                      Use the engine's own client for it.";

fn holds_secret(draft: &Draft) -> bool {
    redact(&draft.statement) != draft.statement
}

/// Answers where it was asked.
pub(super) fn tell(model: &mut Model, asked: Asked, words: String, failure: bool) -> Vec<Effect> {
    match asked {
        Asked::InChat => {
            model.chat.say(model.now, words);
            conversation::keep(model)
        }
        Asked::ByKey | Asked::ByItself => {
            model.tell(words, failure);
            Vec::new()
        }
    }
}

/// An act was looked at.
pub fn surveyed(model: &mut Model, id: RequestId, result: Result<Box<Surveyed>, ReadError>) -> Vec<Effect> {
    let Some(place) = model.approvals.looking.iter().position(|l| l.id == id) else { return Vec::new() };
    let Looking { asked, target, purpose, .. } = model.approvals.looking.remove(place);
    let surveyed = match (result, &purpose) {
        (Ok(surveyed), _) => *surveyed,
        (Err(error), Purpose::Proposal { step, .. }) => {
            let why = crate::app::chat::read_error(&error);
            let mut effects: Vec<Effect> = not_proposed(step.as_deref(), &why).into_iter().collect();
            effects.extend(tell(model, asked, format!("Not proposed, and nothing was filed: {why}"), true));
            return effects;
        }
        (Err(error), Purpose::DryRun(number)) => {
            let why = crate::app::chat::read_error(&error);
            model.tell(format!("the dry run of #{number} failed: {why}"), true);
            return Vec::new();
        }
    };
    match purpose {
        Purpose::DryRun(number) => {
            look::show_survey(model, number, &surveyed.survey);
            Vec::new()
        }
        Purpose::Proposal { replaces, origin, step } => {
            let wish = Wish { target, draft: surveyed.draft.clone(), asked, origin, replaces, purpose: step };
            file(model, wish, surveyed)
        }
    }
}

/// Files what was found.
fn file(model: &mut Model, wish: Wish, found: Surveyed) -> Vec<Effect> {
    let Wish { target, asked, origin, replaces, purpose, .. } = wish;
    if holds_secret(&found.draft) {
        return tell(model, asked, SECRET.to_owned(), true);
    }
    let at = model.now;
    let Some(t) = model.target(&target) else { return Vec::new() };
    let Surveyed { draft, survey, advice, login, approvers } = found;
    let parts = Parts {
        engine: t.target.engine.0.to_owned(),
        environment: t.target.environment,
        address: t.target.address.clone(),
        login,
        approvers,
        draft,
        survey,
        advice,
        target,
    };
    let by_itself = asked == Asked::ByItself;
    let proposal = Proposal { by_itself, purpose, ..Proposal::new(at, origin, parts) };
    model.approvals.filing.push(Filing { proposal: proposal.clone(), asked, replaces });
    vec![Effect::FileProposal(Box::new(proposal))]
}

/// The kept proposals were read.
pub fn loaded(model: &mut Model, proposals: Vec<Proposal>) {
    let offset = model.offset_minutes;
    model.approvals.filed = proposals.into_iter().map(|p| Filed::new(p, offset)).collect();
    model.approvals.sort();
}

/// A proposal was filed, decided, or moved on.
pub fn changed(model: &mut Model, proposal: &Proposal) -> Vec<Effect> {
    let id = proposal.id;
    let before = model.approvals.get(id).map(|f| f.proposal.stage);
    model.approvals.refused.remove(&id);
    if model.approvals.decided == Some(id) {
        model.approvals.decided = None;
    }
    let ours = model.approvals.filing.iter().position(|f| is_of(&f.proposal, proposal));
    let ours = ours.filter(|_| before.is_none()).map(|place| model.approvals.filing.remove(place));
    model.approvals.put(proposal.clone(), model.offset_minutes);
    let mut effects = Vec::new();
    effects.extend(declined(model, proposal, before));
    match ours {
        Some(Filing { asked, replaces, .. }) => {
            effects.extend(tell(model, asked, words::waits(proposal, asked), false));
            effects.extend(proposed(model, proposal));
            if asked == Asked::ByKey && model.screen != Screen::Approvals {
                // Whoever asked for it goes to it next.
                model.approvals.list.key = Some(id.to_string());
            }
            let open = replaces.filter(|&old| model.approvals.get(old).is_some_and(|f| f.proposal.stage.is_open()));
            let why = format!("edited: #{id} takes its place");
            effects.extend(open.map(|old| Effect::Decide(old, Stage::Withdrawn, why)));
        }
        None if before.is_none() && proposal.stage.is_open() => {
            let words = format!("approval #{id} queued for {}; the focus was not moved", proposal.target);
            model.tell(words, false);
        }
        None if before != Some(proposal.stage) => {
            let last = proposal.happenings.last().map(|h| h.words.as_str()).filter(|w| !w.is_empty());
            let why = last.map_or_else(String::new, |w| format!(": {w}"));
            let failure = matches!(proposal.stage, Stage::NotRun | Stage::NeedsPerson);
            model.tell(format!("#{id} is {}{why}", proposal.stage.words()), failure);
        }
        None => {}
    }
    effects
}

/// Its incident hears why a fix could not be proposed: whoever reads it later asks that first.
fn not_proposed(step: Option<&procedure::Purpose>, why: &str) -> Option<Effect> {
    let step = step?;
    let words = format!("{} was not proposed: {why}", step.plan.procedure);
    Some(Effect::ActOnIncident(step.incident?, vec![Act::Find(words)]))
}

/// Its incident hears of a fix that was filed, unless another one is being carried out, whose course it follows.
fn proposed(model: &Model, proposal: &Proposal) -> Option<Effect> {
    let incident = model.incidents.get(proposal.purpose.as_ref()?.incident?)?;
    let waits = matches!(
        incident.stage,
        IncidentStage::Open | IncidentStage::Reopened | IncidentStage::Diagnosing | IncidentStage::Proposed
    );
    waits.then(|| Effect::ActOnIncident(incident.id, vec![Act::Propose(proposal.id)]))
}

/// Its incident hears that the last of its proposed fixes is not wanted.
fn declined(model: &Model, proposal: &Proposal, before: Option<Stage>) -> Option<Effect> {
    let id = proposal.purpose.as_ref()?.incident?;
    let incident = model.incidents.get(id).filter(|incident| incident.stage == IncidentStage::Proposed)?;
    let was_open = before.is_some_and(Stage::is_open) && matches!(proposal.stage, Stage::Denied | Stage::Withdrawn);
    let is_open = |p: &Proposal| p.stage.is_open() && p.purpose.as_ref().and_then(|p| p.incident) == Some(id);
    let others = model.approvals.filed.iter().any(|filed| is_open(&filed.proposal));
    let why = proposal.happenings.last().map(|h| h.words.clone()).unwrap_or_default();
    (was_open && !others).then(|| Effect::ActOnIncident(incident.id, vec![Act::Decline(proposal.id, why)]))
}

/// The same proposal before and after the store gave it its number.
pub(super) fn is_of(filing: &Proposal, filed: &Proposal) -> bool {
    (filing.at, &filing.target, &filing.draft) == (filed.at, &filed.target, &filed.draft)
}

/// A proposal could not be filed, decided or carried out: it stands where it stood. One that never got a number is 0.
pub fn refused(model: &mut Model, id: u64, why: String) -> Vec<Effect> {
    if model.approvals.decided == Some(id) {
        model.approvals.decided = None;
    }
    if id == 0
        && let Some(filing) = (!model.approvals.filing.is_empty()).then(|| model.approvals.filing.remove(0))
    {
        return tell(model, filing.asked, format!("Not filed: {why}"), true);
    }
    model.tell(format!("#{id}: {why}"), true);
    if model.approvals.get(id).is_some() {
        model.approvals.refused.insert(id, why);
    }
    Vec::new()
}

/// Shows the tab; the list is read anew, because another process may have added to it.
pub fn show(model: &mut Model) -> Vec<Effect> {
    if model.screen != Screen::Approvals {
        model.approvals.came_from = Some(model.screen);
        model.approvals.view = ApprovalsView::Queue;
        // Whoever comes here wants to see what waits, not what was decided the last time.
        let table = super::table::table(model);
        model.approvals.list.follow(&table);
        let decided = super::selected(model).is_some_and(|filed| !filed.proposal.stage.is_open());
        if decided && model.approvals.open() > 0 {
            model.approvals.list.key = None;
            model.approvals.list.cursor = 0;
        }
    }
    vec![Effect::LoadProposals]
}
