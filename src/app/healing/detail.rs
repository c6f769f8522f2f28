//! One cause or plan in full, and what sums a diagnosis up.
//!
//! Texts here are as the server wrote them: the screen escapes each line before it draws it.

use super::tree::{self, Row};
use super::{Inquiry, Subject, propose};
use crate::app::incidents::detail::{DetailLine, LineKind, fact, heading, toned};
use crate::app::model::Model;
use crate::app::pane::{PaneLine, Tone};
use crate::domain::diagnosis::{Hypothesis, Verdict};
use crate::domain::procedure::{Check, Plan, Step};
use crate::domain::proposal::Proposal;

/// The row in full: its title and its lines.
pub fn of(model: &Model, subject: &Subject, row: Row) -> (String, Vec<DetailLine>) {
    let Some(found) = model.healing.found(subject) else { return (String::new(), Vec::new()) };
    match row {
        Row::Cause(i) => match found.diagnosis.hypotheses.get(i) {
            Some(h) => (format!("Why: {}", tree::title(h)), cause(h)),
            None => (String::new(), Vec::new()),
        },
        Row::Plan(i) => match found.plans.get(i) {
            Some(p) => (format!("Plan {}: {}", p.procedure, p.title), plan(model, subject, p)),
            None => (String::new(), Vec::new()),
        },
        Row::Unknown(i) => {
            let words = found.diagnosis.unknown.get(i).cloned().unwrap_or_default();
            let lines = vec![fact("", words), toned("", Tone::Faint, "What cannot be seen refutes nothing.")];
            ("Not seen".to_owned(), lines)
        }
        Row::Folded(_) => {
            let refuted = found.diagnosis.hypotheses.iter();
            let refuted = refuted.filter(|h| h.verdict == Verdict::Refuted && h.consequence_of.is_none());
            ("Refuted".to_owned(), refuted.map(|h| toned("-", Tone::Faint, tree::title(h))).collect())
        }
    }
}

/// `very likely`: a confidence as people say it.
pub fn likely(confidence: f64) -> &'static str {
    match confidence {
        c if c >= 0.9 => "very sure",
        c if c >= 0.75 => "sure",
        c if c >= 0.5 => "rather",
        _ => "hardly",
    }
}

fn cause(h: &Hypothesis) -> Vec<DetailLine> {
    let tone = match h.verdict {
        Verdict::Supported => Tone::Bad,
        Verdict::Inconclusive => Tone::Doubtful,
        Verdict::Refuted => Tone::Faint,
    };
    let sure = format!("{}, {:.0}%: {}", tree::verdict_word(h), h.confidence * 100.0, likely(h.confidence));
    let mut lines = vec![toned("verdict", tone, sure)];
    if let Some(root) = h.consequence_of {
        lines.push(toned("follows", Tone::Doubtful, format!("from the root: {}", root.title())));
    }
    lines.extend(h.evidence.iter().map(|e| fact(&e.id, e.text.clone())));
    if let Some(remedy) = &h.remedy {
        lines.push(fact("would help", format!("{}: {}", remedy.kind, remedy.words)));
    }
    lines
}

/// What a plan would do, whether it can be proposed, and how it is known that it helped.
fn plan(model: &Model, subject: &Subject, plan: &Plan) -> Vec<DetailLine> {
    let (sure, learned) = propose::confidence(model, subject, plan);
    let mut lines: Vec<DetailLine> = plan.blocked.iter().map(|why| toned("BLOCKED", Tone::Bad, why.clone())).collect();
    let learned = learned.map_or_else(String::new, |words| format!("; {words}"));
    lines.push(fact("helps", format!("{sure} of 100{learned}; against: {}", plan.cause.title())));
    for (i, one) in plan.steps.iter().enumerate() {
        lines.extend(step(one, i + 1, plan.steps.len()));
    }
    if !plan.evidence.is_empty() {
        lines.push(heading("Because"));
        lines.extend(plan.evidence.iter().map(|text| fact("-", text.clone())));
    }
    if !plan.advice.is_empty() {
        lines.push(heading("What else to do"));
        lines.extend(plan.advice.iter().map(|text| fact("-", text.clone())));
    }
    lines
}

fn step(step: &Step, number: usize, of: usize) -> Vec<DetailLine> {
    let what = step
        .draft
        .kind
        .as_ref()
        .map_or_else(|| step.draft.class.word().to_owned(), crate::domain::proposal::kind::FixKind::words);
    let mut lines = vec![heading(format!("Step {number} of {of}: {what}"))];
    if !step.why.is_empty() {
        lines.push(fact("why", step.why.clone()));
    }
    let statement = step.draft.statement.lines();
    lines.extend(statement.map(|text| DetailLine {
        lead: String::new(),
        text: text.to_owned(),
        kind: LineKind::Statement,
    }));
    lines.extend(step.expected.iter().map(|text| fact("expected", text.clone())));
    lines.extend(step.requires.iter().flat_map(Check::lines).map(|text| fact("only if", text)));
    lines.push(fact("helped if", step.verification.in_words()));
    lines
}

/// What became of the last question about a subject, the most telling line first.
pub fn summary(model: &Model, subject: &Subject) -> Vec<PaneLine> {
    let seconds = model.diagnosis_terms.seconds;
    let hint = || {
        let words = format!("D looks for what is wrong now: it watches for {seconds} s and only reads");
        vec![PaneLine::new("", Tone::Faint, words)]
    };
    let Some(inquiry) = model.healing.about(subject) else { return hint() };
    let mut lines = Vec::new();
    if let Some(words) = looking(inquiry, seconds) {
        lines.push(PaneLine::new("looking", Tone::Doubtful, words));
    }
    lines.extend(inquiry.failed.as_ref().map(|why| PaneLine::new("failed", Tone::Bad, why.clone())));
    if let Some(found) = &inquiry.found {
        let tone = if found.diagnosis.roots().next().is_some() { Tone::Bad } else { Tone::Good };
        lines.push(PaneLine::new("found", tone, super::ask::in_one_line(&found.diagnosis)));
        let at = found.at.clock(model.offset_minutes);
        let focus = inquiry.focus.map_or_else(String::new, |cause| format!("; asked whether {}", cause.title()));
        let watched = format!("watched for {} s, judged at {at}{focus}", found.seconds);
        lines.push(PaneLine::new("", Tone::Faint, watched));
    }
    if lines.is_empty() { hint() } else { lines }
}

/// `40% of 10 s`.
pub fn looking(inquiry: &Inquiry, seconds: u32) -> Option<String> {
    let running = inquiry.running.as_ref()?;
    let focus = running.focus.map_or_else(String::new, |cause| format!(", whether {}", cause.title()));
    Some(format!("{}% of {seconds} s{focus}", running.percent))
}

/// What a denial said, for the next proposal like it: `#51, 2026-08-22 14:31:58: not before the audit`.
pub fn denial(proposal: &Proposal, why: &str, offset_minutes: i32) -> String {
    let last = proposal.happenings.last();
    let at = last.map_or_else(String::new, |h| h.at.date_time(offset_minutes));
    let who = last.and_then(|h| h.who.as_ref()).map_or_else(String::new, |who| format!(" by {}", who.words()));
    let why = if why.is_empty() { "no reason was given" } else { why };
    format!("#{}{who} {at}: {why}", proposal.id)
}
