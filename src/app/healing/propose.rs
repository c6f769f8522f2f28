//! From a plan to a proposal: the first step of the plan that a person points at, and what an incident's strategy
//! proposes by itself.

use super::tree::{self, Row};
use super::{Subject, target_of};
use crate::app::approvals::propose::{Wish, propose};
use crate::app::approvals::{Asked, denied_before};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::domain::error::kind::Severity;
use crate::domain::incident::stage::Stage;
use crate::domain::incident::strategy::Strategy;
use crate::domain::learning::SUGGESTED_FROM;
use crate::domain::procedure::{Plan, Purpose};
use crate::domain::proposal::{Origin, Proposal};

/// The confidence in a plan, 0 to 100, and what was learned about it in words, where something was.
pub fn confidence(model: &Model, subject: &Subject, plan: &Plan) -> (u8, Option<String>) {
    let engine = target_of(model, subject).map_or(("", 0), |target| super::engine_and_version(model, &target));
    let shown = model.healing.learned.shown(plan, &super::about(model, subject, &engine));
    (shown.confidence, shown.words())
}

/// `p`: the first step of the plan under the cursor is proposed, or of the first one for the cause under it.
pub fn chosen(model: &mut Model) -> Vec<Effect> {
    let Some((subject, row)) = super::chosen(model) else {
        model.tell("nothing was found yet: D looks for causes, and what can be done about them", false);
        return Vec::new();
    };
    let Some(found) = model.healing.found(&subject) else { return Vec::new() };
    let plan = match row {
        Row::Plan(i) => found.plans.get(i),
        Row::Cause(_) => {
            let cause = tree::cause_of(found, row);
            let of_cause = || found.plans.iter().filter(|plan| Some(plan.cause) == cause);
            of_cause().find(|plan| plan.can_be_proposed()).or_else(|| of_cause().next())
        }
        Row::Unknown(_) | Row::Folded(_) => None,
    };
    let Some(plan) = plan.cloned() else {
        model.tell("there is no plan for this: point at one that begins with `do:`", false);
        return Vec::new();
    };
    let words = why_not(&plan).or_else(|| waits_already(model, &subject, &plan));
    if let Some(words) = words {
        model.tell(words, true);
        return Vec::new();
    }
    first_step(model, &subject, plan, Asked::ByKey)
}

/// Why no step of a plan can be proposed. May hold untrusted text.
pub fn why_not(plan: &Plan) -> Option<String> {
    if let Some(first) = plan.blocked.first() {
        let more = plan.blocked.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        return Some(format!("{} cannot be proposed: {first}{more}", plan.procedure));
    }
    plan.steps.is_empty().then(|| format!("{} is advice: there is no statement for it", plan.procedure))
}

/// The same step waits for a decision or runs already, or is on its way to be filed.
fn waits_already(model: &Model, subject: &Subject, plan: &Plan) -> Option<String> {
    let target = target_of(model, subject)?;
    let is_same = |purpose: &Purpose| is_same_step(purpose, subject, plan);
    if model.approvals.is_on_its_way(&target, is_same) {
        return Some("that is being looked at already".to_owned());
    }
    let open = model.approvals.filed.iter().map(|f| &f.proposal).find(|p| {
        let under_way = p.stage.is_open() || p.stage.is_under_way();
        under_way && p.target == target && p.purpose.as_deref().is_some_and(is_same)
    })?;
    Some(format!("#{} proposes that already and is {}; 4 opens it", open.id, open.stage.words()))
}

fn is_same_step(purpose: &Purpose, subject: &Subject, plan: &Plan) -> bool {
    let incident = match subject {
        Subject::Incident(id) => Some(*id),
        Subject::Target(_) => None,
    };
    let first = |plan: &Plan| plan.steps.first().map(|step| step.draft.clone());
    let same_act = || purpose.plan.fix_key() == plan.fix_key() && first(&purpose.plan) == first(plan);
    purpose.incident == incident && same_act()
}

/// Proposes the first step of a plan.
fn first_step(model: &mut Model, subject: &Subject, plan: Plan, asked: Asked) -> Vec<Effect> {
    let Some(target) = target_of(model, subject) else { return Vec::new() };
    let (shown_confidence, _) = confidence(model, subject, &plan);
    let Some(draft) = plan.steps.first().map(|step| step.draft.clone()) else { return Vec::new() };
    let incident = match subject {
        Subject::Incident(id) => model.incidents.get(*id),
        Subject::Target(_) => None,
    };
    let origin = Origin::Procedure(plan.procedure.clone());
    let purpose = Purpose {
        incident: incident.map(|i| i.id),
        signature: incident.map(|i| i.signature.clone()),
        plan,
        step: 0,
        shown_confidence,
    };
    let purpose = Some(Box::new(purpose));
    propose(model, Wish { target, draft, asked, origin, replaces: None, purpose })
}

/// What the strategy of an incident does once its causes are known: the first step of the best plan is proposed at
/// once for what is critical, whatever its strategy, and for what a known procedure heals. Nothing is proposed that a
/// person has denied for this incident, nor beside another fix of it.
pub(super) fn by_strategy(model: &mut Model, id: u64) -> Vec<Effect> {
    let subject = Subject::Incident(id);
    let Some(incident) = model.incidents.get(id) else { return Vec::new() };
    let is_critical = incident.severity >= Severity::Critical;
    let heals = is_critical || matches!(incident.strategy, Strategy::ImmediateFix | Strategy::SelfHealing);
    let waits = matches!(incident.stage, Stage::Open | Stage::Reopened | Stage::Diagnosing);
    if !heals || !waits || has_open_fix(model, id) {
        return Vec::new();
    }
    let Some(found) = model.healing.found(&subject) else { return Vec::new() };
    let suggested = |plan: &&Plan| {
        plan.can_be_proposed() && confidence(model, &subject, plan).0 >= SUGGESTED_FROM && !was_denied(model, id, plan)
    };
    let Some(plan) = found.plans.iter().find(suggested).cloned() else { return Vec::new() };
    first_step(model, &subject, plan, Asked::ByItself)
}

/// A fix of the incident waits, runs, or is on its way to be filed.
fn has_open_fix(model: &Model, id: u64) -> bool {
    let is_for = |purpose: &Purpose| purpose.incident == Some(id);
    let target = model.incidents.get(id).map(|incident| incident.target.clone());
    let open = |p: &Proposal| p.stage.is_open() || p.stage.is_under_way();
    target.is_some_and(|target| model.approvals.is_on_its_way(&target, is_for))
        || model.approvals.filed.iter().any(|f| open(&f.proposal) && f.proposal.purpose.as_deref().is_some_and(is_for))
}

/// A person has denied such a fix for this incident.
fn was_denied(model: &Model, id: u64, plan: &Plan) -> bool {
    let is_alike = |purpose: &Purpose| purpose.incident == Some(id) && purpose.plan.fix_key() == plan.fix_key();
    denied_before(model).any(|(p, _)| p.purpose.as_deref().is_some_and(is_alike))
}
