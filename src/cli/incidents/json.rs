//! Incidents as JSON: the fields of a list, and everything. An interface: fields may be added, never renamed.

use super::super::host::object;
use super::super::print::known;
use crate::domain::error::event::ErrorEvent;
use crate::domain::incident::analytics::Analytics;
use crate::domain::incident::{Happening, Incident, Pattern};
use crate::domain::target::Timestamp;
use serde_json::{Map, Value as Json, json};

/// One line of a list.
pub(super) fn summary(incident: &Incident) -> Map<String, Json> {
    let mut line = object();
    let mut add = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    add("id", incident.id.into());
    add("name", incident.name().into());
    add("target", incident.target.as_str().into());
    add("engine", incident.engine.as_str().into());
    add("kind", incident.kind.word().into());
    add("severity", incident.severity.word().into());
    add("code", known(&incident.code));
    add("object", json!(incident.object));
    add("title", incident.title.as_str().into());
    add("message", incident.message.as_str().into());
    add("stage", incident.stage.word().into());
    add("open", incident.stage.is_open().into());
    add("strategy", incident.strategy.word().into());
    add("count", incident.count.into());
    add("reopened", incident.reopened.into());
    add("signature", incident.signature.as_str().into());
    add("group", incident.group.as_str().into());
    add("source", json!(incident.source));
    add("transient", incident.transient.into());
    time(&mut add, "first", Some(incident.first_at));
    time(&mut add, "last", Some(incident.last_at));
    time(&mut add, "detected", Some(incident.detected_at));
    time(&mut add, "resolved", incident.resolved_at);
    add("resolution", json!(incident.resolution.as_ref().map(crate::domain::incident::stage::Resolution::word)));
    add("cause", json!(incident.cause));
    add("cause_reason", known(&incident.cause_reason));
    add("followers", json!(incident.followers));
    add("acknowledged_by", json!(incident.acknowledged_by));
    time(&mut add, "escalated", incident.escalated_at);
    add("silence", json!(incident.silence.as_ref().map(|silence| {
        json!({ "until": silence.until.date_time(0), "until_ms": silence.until.0, "reason": silence.reason, "by": silence.by })
    })));
    line
}

/// Everything about one, with its pattern and its newest errors.
pub(super) fn whole(incident: &Incident, pattern: Option<&Pattern>, events: &[ErrorEvent]) -> Map<String, Json> {
    let mut line = summary(incident);
    let mut add = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    add("statement", json!(incident.statement));
    add("more", json!(incident.more));
    add("proposals", json!(incident.proposals));
    add("detection_ms", incident.detection_ms().into());
    add("resolution_ms", json!(incident.resolution_ms()));
    add("timeline", incident.timeline.iter().map(happening).collect());
    add("pattern", pattern.map_or(Json::Null, |pattern| Json::Object(of_pattern(pattern))));
    add("events", events.iter().map(event).collect());
    line
}

/// A pattern.
pub(super) fn of_pattern(pattern: &Pattern) -> Map<String, Json> {
    let mut line = Map::new();
    let mut add = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    add("signature", pattern.signature.as_str().into());
    add("engine", pattern.engine.as_str().into());
    add("kind", pattern.kind.word().into());
    add("code", known(&pattern.code));
    add("text", pattern.text.as_str().into());
    add("count", pattern.count.into());
    add("private", pattern.private.into());
    add("incidents", pattern.incidents.into());
    add("targets", pattern.targets.into());
    add("hours", json!(pattern.hours));
    let outcome = |(strategy, held, other): &(crate::domain::incident::strategy::Strategy, u64, u64)| json!({ "strategy": strategy.word(), "held": held, "not_held": other });
    add("outcomes", pattern.outcomes.iter().map(outcome).collect());
    time(&mut add, "first", Some(pattern.first_at));
    time(&mut add, "last", Some(pattern.last_at));
    line
}

/// The numbers of a span.
pub(super) fn numbers(analytics: &Analytics) -> Json {
    let kinds: Json = analytics
        .kinds
        .iter()
        .map(|(kind, errors, incidents)| json!({ "kind": kind.word(), "errors": errors, "incidents": incidents }))
        .collect();
    let reasons: Json =
        analytics.score.reasons.iter().map(|(cost, words)| json!({ "cost": cost, "reason": words })).collect();
    json!({
        "score": analytics.score.points,
        "score_reasons": reasons,
        "errors_per_hour": analytics.rate.per_hour,
        "usual_per_hour": analytics.rate.usual,
        "rate": analytics.rate.colour.word(),
        "rate_reason": analytics.rate.reason,
        "mttd_ms": analytics.mttd_ms,
        "mttr_ms": analytics.mttr_ms,
        "recurrence_percent": analytics.recurrence_percent,
        "kinds": kinds,
        "strategies": Json::Object(analytics.strategies.iter().map(|(s, n)| (s.word().to_owned(), json!(n))).collect()),
    })
}

fn happening(happening: &Happening) -> Json {
    json!({
        "at": happening.at.date_time(0),
        "at_ms": happening.at.0,
        "words": happening.words,
        "stage": happening.stage.map(crate::domain::incident::stage::Stage::word),
        "who": happening.who,
    })
}

fn event(event: &ErrorEvent) -> Json {
    json!({
        "at": event.at.date_time(0),
        "at_ms": event.at.0,
        "message": event.message,
        "statement": event.statement,
        "user": event.user,
        "database": event.database,
        "count": event.count,
    })
}

/// A time as a person reads it (UTC), and as milliseconds.
fn time(add: &mut impl FnMut(&str, Json), name: &str, at: Option<Timestamp>) {
    add(&format!("{name}_at"), json!(at.map(|at| at.date_time(0))));
    add(&format!("{name}_ms"), json!(at.map(|at| at.0)));
}
