//! `explain`: a plan is shown freely, a statement is run for its figures only when a person says so.

use super::relations::Relations;
use super::shape::{document, inert, unknown};
use super::{changes, judge_document};
use crate::domain::guard::{Author, Class, Judgement, Verdict};
use bson::Document;

/// Commands that have a plan.
const EXPLAINED: &[&str] = &["find", "aggregate", "count", "distinct"];

pub(super) fn judge(command: &Document, author: Author, relations: &mut Relations<'_>) -> Judgement {
    match check(command, author, relations) {
        Ok(judged) | Err(judged) => judged,
    }
}

fn check(command: &Document, author: Author, relations: &mut Relations<'_>) -> Result<Judgement, Judgement> {
    // Left out, the server's own default runs every plan that it can think of.
    let mut runs = true;
    let mut inner = None;
    for (key, value) in command {
        match key.as_str() {
            "explain" => inner = Some(document(value, "what is explained")?),
            "verbosity" => {
                runs = match value.as_str() {
                    Some("queryPlanner") => false,
                    Some("executionStats" | "allPlansExecution") => true,
                    _ => return Err(unknown("verbosity is queryPlanner, executionStats or allPlansExecution")),
                }
            }
            "comment" | "maxTimeMS" => inert(value)?,
            other => return Err(unknown(format!("{other} is not a known field of explain"))),
        }
    }
    let inner = inner.ok_or_else(|| unknown("there is nothing to explain"))?;
    let name = inner.keys().next().map_or("", String::as_str);
    if !EXPLAINED.contains(&name) && !changes::has_plan(name) {
        return Err(unknown(format!("{name} has no plan to show")));
    }
    let judged = judge_document(inner, author, relations);
    Ok(match judged.verdict {
        Verdict::Deny => judged,
        Verdict::NeedsApproval => Judgement::needs_approval(Class::Explain, judged.reason),
        Verdict::Allow if runs => Judgement::needs_approval(
            Class::Explain,
            "runs the read in full for its figures; \"verbosity\": \"queryPlanner\" shows the plan alone",
        ),
        Verdict::Allow => Judgement::allow(Class::Explain, "shows a plan"),
    })
}
