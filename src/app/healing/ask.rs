//! Asking for a diagnosis, by a key or by what happened, and taking in the answer.

use super::{Running, Subject, propose, target_of};
use crate::app::conversation;
use crate::app::effect::{DiagnoseRequest, Effect};
use crate::app::event::RequestId;
use crate::app::model::{Link, Model, Screen};
use crate::domain::diagnosis::{Cause, Diagnosis, Hypothesis, Unasked, Verdict};
use crate::domain::error::kind::Severity;
use crate::domain::incident::book::{Change, What};
use crate::domain::incident::stage::Stage;
use crate::domain::incident::strategy::Strategy;
use crate::domain::incident::{Act, Incident};
use crate::domain::procedure::Examined;
use crate::domain::target::TargetId;

/// A target is diagnosed by itself at most this often, milliseconds.
const EVERY_MS: u64 = 60_000;
/// An answer that comes later than this after the watching is not waited for, milliseconds.
const PATIENCE_MS: u64 = 60_000;
/// Roots that are named where there is one line; the others are counted.
const NAMED: usize = 2;

/// `D`, `:diagnose CAUSE`: what is on the screen is looked at, and shown.
pub fn by_person(model: &mut Model, typed: &str) -> Vec<Effect> {
    let focus = match (!typed.trim().is_empty()).then(|| cause(typed)).transpose() {
        Ok(focus) => focus,
        Err(words) => {
            model.tell(words, true);
            return Vec::new();
        }
    };
    let Some(subject) = super::subject_here(model) else {
        model.tell("point at an incident or a server first", false);
        return Vec::new();
    };
    let mut effects = begin(model, subject.clone(), focus, false);
    effects.extend(show(model, &subject));
    effects
}

/// `L`: the cause under the cursor is looked at instead.
pub fn there(model: &mut Model) -> Vec<Effect> {
    let chosen = super::chosen(model).and_then(|(subject, row)| {
        let found = model.healing.found(&subject)?;
        let cause = super::tree::cause_of(found, row)?;
        Some((subject, cause))
    });
    let Some((subject, cause)) = chosen else {
        model.tell("point at a cause first, or say it: `:diagnose CAUSE`", false);
        return Vec::new();
    };
    begin(model, subject, Some(cause), false)
}

/// The cause that is meant by what was typed.
///
/// # Errors
/// Words that name those that it could be.
fn cause(typed: &str) -> Result<Cause, String> {
    let word = typed.trim().to_lowercase().replace([' ', '-'], "_");
    if let Some(cause) = Cause::from_word(&word) {
        return Ok(cause);
    }
    let stem = word.strip_suffix('s').unwrap_or(&word);
    let near: Vec<Cause> = Cause::ALL.iter().copied().filter(|cause| cause.word().contains(stem)).collect();
    let names = |causes: &[Cause]| causes.iter().map(|cause| cause.word()).collect::<Vec<_>>().join(", ");
    match near.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("no cause `{typed}` is known; Tab after `:diagnose ` lists them")),
        several => Err(format!("`{typed}` could be {}", names(several))),
    }
}

/// Shows where the answer will stand.
fn show(model: &mut Model, subject: &Subject) -> Vec<Effect> {
    match subject {
        Subject::Incident(id) => {
            if model.screen != Screen::Incidents {
                crate::app::incidents::show(model);
                model.screen = Screen::Incidents;
            }
            crate::app::incidents::act::open_in_full(model, *id);
            Vec::new()
        }
        Subject::Target(id) => {
            model.screen = Screen::Health;
            model.health.server = Some(id.clone());
            crate::app::respond::show_view(model, super::VIEW)
        }
    }
}

/// Asks about a subject. `by_itself`: nobody asked for it, and nobody is told that it cannot be had.
fn begin(model: &mut Model, subject: Subject, focus: Option<Cause>, by_itself: bool) -> Vec<Effect> {
    let Some(target) = target_of(model, &subject) else { return Vec::new() };
    let refused = match model.target(&target) {
        None => Some(format!("{target} is no target of this run")),
        Some(_) if model.healing.is_busy(&target) => Some(format!("{target} is being looked at already")),
        Some(_) => None,
    };
    if let Some(words) = refused {
        if !by_itself {
            model.tell(words, true);
        }
        return Vec::new();
    }
    let id = conversation::next_request(model);
    let (since, seconds) = (model.now, model.diagnosis_terms.seconds);
    let incident = match subject {
        Subject::Incident(id) => model.incidents.get(id).cloned(),
        Subject::Target(_) => None,
    };
    let usual = model.target(&target).map(|t| t.usual.clone()).unwrap_or_default();
    let inquiry = model.healing.inquiry(subject);
    inquiry.running = Some(Running { id, target: target.clone(), since, percent: 0, focus });
    inquiry.failed = None;
    let instead = focus.map_or_else(String::new, |cause| format!(", whether {}", cause.title()));
    model.tell(format!("looking at {target} for {seconds} s{instead}; nothing is changed by that"), false);
    let begun = incident.as_ref().filter(|i| matches!(i.stage, Stage::Open | Stage::Reopened)).map(|i| i.id);
    let mut effects: Vec<Effect> = begun.map(|id| Effect::ActOnIncident(id, vec![Act::Diagnose])).into_iter().collect();
    let incident = incident.map(Box::new);
    effects.push(Effect::Diagnose(DiagnoseRequest { id, target, incident, focus, seconds, usual }));
    effects
}

/// A server is being watched for a diagnosis; per cent.
pub fn progress(model: &mut Model, id: RequestId, percent: u8) {
    let mut running = model.healing.inquiries.values_mut().filter_map(|i| i.running.as_mut());
    if let Some(running) = running.find(|running| running.id == id) {
        running.percent = percent.min(100);
    }
}

/// A diagnosis ended, or why there is none. An answer to a question that nobody asks any more is dropped.
pub fn diagnosed(
    model: &mut Model,
    id: RequestId,
    target: &TargetId,
    result: Result<Box<Examined>, String>,
) -> Vec<Effect> {
    let is_asked = |inquiry: &super::Inquiry| inquiry.running.as_ref().is_some_and(|running| running.id == id);
    let Some(subject) = model.healing.inquiries.iter().find(|(_, i)| is_asked(i)).map(|(s, _)| s.clone()) else {
        return Vec::new();
    };
    let inquiry = model.healing.inquiry(subject.clone());
    let focus = inquiry.running.take().and_then(|running| running.focus);
    let (words, failure) = match result {
        Ok(examined) => {
            let words = in_one_line(&examined.diagnosis);
            inquiry.found = Some(*examined);
            inquiry.focus = focus;
            (words, false)
        }
        Err(why) => {
            let words = format!("the causes could not be looked for: {why}");
            inquiry.failed = Some(why);
            (words, true)
        }
    };
    super::rank(model, &subject);
    model.tell(format!("{target}: {words}"), failure);
    let Subject::Incident(incident) = subject else { return Vec::new() };
    let mut effects = vec![Effect::ActOnIncident(incident, vec![Act::Find(words)])];
    if !failure {
        crate::app::incidents::act::causes_arrived(model, incident);
        // Who looks at something instead wants to choose.
        if focus.is_none() {
            effects.extend(propose::by_strategy(model, incident));
        }
    }
    effects
}

/// `cause: a session waits inside a transaction: 88123 (96%); 1 could not be decided`.
pub fn in_one_line(diagnosis: &Diagnosis) -> String {
    let of = |h: &Hypothesis| {
        let about = h.about.as_ref().map_or_else(String::new, |about| format!(": {about}"));
        format!("{}{about} ({:.0}%)", h.cause.title(), h.confidence * 100.0)
    };
    let roots: Vec<&Hypothesis> = diagnosis.roots().collect();
    let unclear = diagnosis.hypotheses.iter().filter(|h| h.verdict == Verdict::Inconclusive);
    let unclear = match unclear.count() {
        0 => String::new(),
        1 => "; 1 could not be decided".to_owned(),
        n => format!("; {n} could not be decided"),
    };
    if roots.is_empty() {
        return format!("no cause was found{unclear}");
    }
    let named: Vec<String> = roots.iter().take(NAMED).map(|h| of(h)).collect();
    let more = roots.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let lead = if roots.len() == 1 { "cause" } else { "causes" };
    format!("{lead}: {}{more}{unclear}", named.join("; "))
}

/// Incidents changed: those that are to be diagnosed by themselves are noted.
pub fn incidents_changed(model: &mut Model, changes: &[Change]) {
    if !model.detects {
        return;
    }
    let unasked = model.diagnosis_terms.unasked;
    let news = [What::Opened, What::Reopened, What::Worsened, What::StrategyChanged];
    for change in changes.iter().filter(|change| news.iter().any(|what| change.what.contains(what))) {
        if is_wanted(unasked, &change.incident) {
            model.healing.due.insert(change.incident.id);
            if change.what.contains(&What::Worsened) && change.incident.severity >= Severity::Critical {
                model.healing.risen.insert(change.incident.id);
            }
        }
    }
}

/// Where critical incidents are, so are those for which a known procedure is to be prepared.
fn is_wanted(unasked: Unasked, incident: &Incident) -> bool {
    let heals = matches!(incident.strategy, Strategy::ImmediateFix | Strategy::SelfHealing);
    unasked.takes(incident.severity) || (unasked == Unasked::Critical && heals)
}

/// Begins what is due, where it may be: a minute after the last one of the target, and while the target can be
/// reached. What is over, silenced, or turned out to follow from something else needs none; what became critical while
/// a fix of it is being carried out is looked at when that has come to nothing. Gives up answers that do not come.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let limit = u64::from(model.diagnosis_terms.seconds) * 1_000 + PATIENCE_MS;
    for inquiry in model.healing.inquiries.values_mut() {
        if inquiry.running.take_if(|running| now.since(running.since) > limit).is_some() {
            inquiry.failed = Some("no answer came".to_owned());
        }
    }
    if !model.detects || model.health.paused || model.demo_progress.is_some() {
        return Vec::new();
    }
    let due: Vec<u64> = model.healing.due.iter().copied().collect();
    let mut effects = Vec::new();
    for id in due {
        let risen = model.healing.risen.contains(&id);
        let incident = model.incidents.get(id).filter(|incident| {
            incident.stage.is_open()
                && incident.cause.is_none()
                && !incident.is_silenced(now)
                && model.target(&incident.target).is_some()
        });
        let needed = match incident.map(|incident| incident.stage) {
            Some(Stage::Open | Stage::Reopened | Stage::Diagnosing) => true,
            Some(Stage::Proposed) => risen,
            Some(Stage::Approved | Stage::Acting | Stage::Verifying) if risen => continue,
            Some(Stage::Approved | Stage::Acting | Stage::Verifying | Stage::Resolved) | None => false,
        };
        let Some(target) = incident.filter(|_| needed).map(|incident| incident.target.clone()) else {
            model.healing.due.remove(&id);
            model.healing.risen.remove(&id);
            continue;
        };
        let reached = model.target(&target).is_some_and(|t| matches!(t.link, Link::Up));
        let rested = model.healing.began.get(&target).is_none_or(|began| now.since(*began) >= EVERY_MS);
        if !reached || !rested || model.healing.is_busy(&target) {
            continue;
        }
        model.healing.due.remove(&id);
        model.healing.risen.remove(&id);
        model.healing.began.insert(target, now);
        effects.extend(begin(model, Subject::Incident(id), None, true));
    }
    effects
}
