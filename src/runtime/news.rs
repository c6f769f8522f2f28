//! The lines of `watch`: what became of incidents, what was found out about their causes, and what was filed for a
//! person. Text for people, or one JSON object a line.

use super::herald;
use crate::app::event::{Event, RequestId};
use crate::app::healing::{Subject, ask};
use crate::app::model::Model;
use crate::domain::diagnosis::{Hypothesis, Verdict};
use crate::domain::incident::Incident;
use crate::domain::procedure::Examined;
use crate::domain::proposal::Proposal;
use crate::domain::target::Timestamp;
use crate::domain::text::{escape, fit, redact};
use serde_json::{Value, json};

/// Columns of a message in a line.
const MESSAGE_COLUMNS: usize = 200;

/// The lines for an event that is about to be taken in.
pub(super) fn of(event: &Event, model: &Model, json: bool) -> Vec<String> {
    match event {
        Event::IncidentsChanged(now, changes) => {
            let told = changes.iter().filter_map(|change| Some((herald::word(change, *now)?, &change.incident)));
            told.map(|(word, incident)| of_incident(json, *now, word, incident)).collect()
        }
        Event::Diagnosed(now, id, _, result) => {
            diagnosed(model, *now, *id, result.as_deref(), json).into_iter().collect()
        }
        Event::ProposalChanged(now, proposal) if model.approvals.is_new_of_ours(proposal) => {
            vec![proposed(model, *now, proposal, json)]
        }
        _ => Vec::new(),
    }
}

/// `2026-11-22 03:00:07Z opened CRIT INC-0007 shop lock pile-up (app.orders): 31 sessions wait [1x]`.
pub(super) fn of_incident(json: bool, now: Timestamp, word: &str, incident: &Incident) -> String {
    if json {
        return with(now, word, Some(incident), &[]);
    }
    let Incident { title, object, message, count, .. } = incident;
    let about = object.as_deref().map_or_else(String::new, |object| format!(" ({})", escape(object)));
    let (title, message) = (escape(title), fit(&escape(message), MESSAGE_COLUMNS));
    format!("{} {title}{about}: {message} [{count}x]", lead(now, word, incident))
}

/// `2026-11-22 03:00:11Z diagnosed CRIT INC-0007 shop cause: a session waits inside a transaction: 88123 (96%); in 4 s`.
fn diagnosed(
    model: &Model,
    now: Timestamp,
    id: RequestId,
    result: Result<&Examined, &String>,
    json: bool,
) -> Option<String> {
    let (subject, since) = model.healing.asked(id)?;
    let Subject::Incident(number) = subject else { return None };
    let incident = model.incidents.get(*number)?;
    let seconds = now.since(since).div_ceil(1_000);
    let (word, words) = match result {
        Ok(examined) => ("diagnosed", ask::in_one_line(&examined.diagnosis)),
        Err(why) => ("not-diagnosed", why.clone()),
    };
    if !json {
        return Some(format!("{} {}; in {seconds} s", lead(now, word, incident), clean(&words)));
    }
    let mut facts = json!({ "words": clean(&words), "seconds": seconds });
    if let Ok(examined) = result {
        let root = |h: &Hypothesis| json!({ "cause": h.cause.word(), "about": h.about.as_deref().map(clean), "confidence": percent(h) });
        facts["causes"] = examined.diagnosis.roots().map(root).collect();
        let undecided = examined.diagnosis.hypotheses.iter().filter(|h| h.verdict == Verdict::Inconclusive);
        facts["undecided"] = undecided.count().into();
    }
    Some(with(now, word, Some(incident), &[("diagnosis", facts)]))
}

/// `2026-11-22 03:00:12Z proposed CRIT INC-0007 shop #58 by procedure C5: end session 88123; dba-gpt approvals approve 58`.
fn proposed(model: &Model, now: Timestamp, proposal: &Proposal, json: bool) -> String {
    let incident =
        proposal.purpose.as_ref().and_then(|purpose| purpose.incident).and_then(|id| model.incidents.get(id));
    let (id, headline) = (proposal.id, clean(&proposal.headline()));
    let how = format!("dba-gpt approvals approve {id}");
    if json {
        let facts = json!({
            "id": id,
            "target": proposal.target.as_str(),
            "headline": headline,
            "origin": clean(&proposal.origin.words()),
            "risk": proposal.gravity.word(),
            "approve": how,
        });
        return with(now, "proposed", incident, &[("proposal", facts)]);
    }
    let lead = match incident {
        Some(incident) => lead(now, "proposed", incident),
        None => format!("{}Z proposed {}", now.date_time(0), escape(proposal.target.as_str())),
    };
    format!("{lead} #{id} {}: {headline}; nothing runs before a person says so: {how}", clean(&proposal.origin.words()))
}

/// How every line begins.
fn lead(now: Timestamp, word: &str, incident: &Incident) -> String {
    let (severity, name, target) = (incident.severity.short(), incident.name(), escape(incident.target.as_str()));
    format!("{}Z {word} {severity} {name} {target}", now.date_time(0))
}

/// A line for programs: the fields that the webhook gets, and more.
fn with(now: Timestamp, word: &str, incident: Option<&Incident>, more: &[(&str, Value)]) -> String {
    let mut body = match incident {
        Some(incident) => crate::notify::payload(word, incident),
        None => json!({ "schema": 1, "event": word }),
    };
    if let Some(fields) = body.as_object_mut() {
        fields.insert("at_ms".to_owned(), now.0.into());
        fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
    body.to_string()
}

/// Text of a server, without secrets and fit for a terminal.
fn clean(text: &str) -> String {
    fit(&escape(&redact(text)), MESSAGE_COLUMNS)
}

/// A confidence of 0 to 1, of 100.
fn percent(hypothesis: &Hypothesis) -> Value {
    json!((hypothesis.confidence * 100.0).round())
}
