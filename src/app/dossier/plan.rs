//! What a proposal says of the plan that it is a step of: what for, what is expected, how it is known that it helped.

use super::{pair, statement_lines};
use crate::domain::procedure::{Check, Purpose};
use crate::domain::proposal::Proposal;
use crate::domain::proposal::survey::Inverse;

/// The incident, the plan, and why this step.
pub(super) fn plan(proposal: &Proposal) -> Vec<String> {
    let Some(purpose) = proposal.purpose.as_deref() else { return Vec::new() };
    let plan = &purpose.plan;
    let mut lines = Vec::new();
    if let Some(incident) = purpose.incident {
        lines.push(pair("incident", &format!("INC-{incident:04}")));
    }
    lines.push(pair("cause", purpose.cause().title()));
    lines.push(pair("procedure", &format!("{}: {}", plan.procedure, plan.title)));
    lines.push(pair("step", &format!("{}, {}", step_words(purpose), confidence(purpose.shown_confidence))));
    if let Some(step) = purpose.this_step().filter(|step| !step.why.is_empty()) {
        lines.push(pair("why", &step.why));
    }
    lines.extend(plan.evidence.iter().map(|text| pair("evidence", text)));
    lines
}

/// `1 of 2`.
pub fn step_words(purpose: &Purpose) -> String {
    format!("{} of {}", purpose.step + 1, purpose.plan.steps.len())
}

fn confidence(shown: u8) -> String {
    format!("helps with a confidence of {shown} of 100")
}

/// What the step is expected to change.
pub(super) fn expected(proposal: &Proposal) -> Vec<String> {
    let step = proposal.purpose.as_deref().and_then(Purpose::this_step);
    step.into_iter().flat_map(|step| &step.expected).flat_map(|text| statement_lines(text)).collect()
}

/// How it is known that it helped, and what happens when it did not.
pub(super) fn verification(proposal: &Proposal) -> Vec<String> {
    let Some(purpose) = proposal.purpose.as_deref() else { return Vec::new() };
    let Some(verification) = purpose.verification() else { return Vec::new() };
    let undone = !matches!(proposal.survey.inverse, Inverse::None(_));
    let mut lines = vec![crate::domain::text::escape(&verification.in_words())];
    lines.push(purpose.on_failure().words(undone).to_owned());
    lines
}

/// What has to hold when it is proposed, and again right before it is sent.
pub(super) fn required(proposal: &Proposal) -> Vec<String> {
    let requires = proposal.purpose.as_deref().map(Purpose::requires).unwrap_or_default();
    requires.iter().flat_map(Check::lines).map(|text| crate::domain::text::escape(&text)).collect()
}
