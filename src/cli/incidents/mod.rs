//! `incidents`: what went wrong, everything about one of it, and the handover of a shift.

mod json;

use super::host::object;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::args::{IncidentsAction, ListIncidents};
use crate::domain::error::kind::Severity;
use crate::domain::incident::analytics::analyse;
use crate::domain::incident::handover::{Shift, markdown};
use crate::domain::incident::{Filter, Incident, Pattern};
use crate::domain::metric::{grouped, seconds};
use crate::domain::target::Timestamp;
use crate::domain::text::{escape, escape_lines};
use crate::export::table::{Cell, Paint, TextTable};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Resolved ones that are listed when not all are asked for.
const RESOLVED: usize = 10;
/// Patterns that are looked through for what comes again.
const PATTERNS: usize = 1000;

/// Does what was asked for.
pub(super) async fn run(action: &IncidentsAction, io: &mut Headless<'_>) -> Outcome {
    match action {
        IncidentsAction::List(args) => list(args, io).await,
        IncidentsAction::Show { id, json } => show(*id, *json, io).await,
        IncidentsAction::Export { since, json } => export(*since, *json, io).await,
    }
}

/// Prints them, those first that are open; of the targets that were named, where some were.
async fn list(args: &ListIncidents, io: &mut Headless<'_>) -> Outcome {
    let filter = Filter {
        severity: args.severity,
        kind: args.kind,
        resolved_since: Some(Timestamp(i64::MIN)),
        // Those of the named targets may be any of them.
        most_resolved: if args.all || io.targets_were_named() { usize::MAX } else { RESOLVED },
        target: None,
    };
    let mut incidents = incidents(filter, io).await?;
    if !args.all {
        let open = incidents.iter().filter(|incident| incident.stage.is_open()).count();
        incidents.truncate(open + RESOLVED);
    }
    if args.json {
        for incident in &incidents {
            io.object(json::summary(incident))?;
        }
        return Ok(Exit::Fine);
    }
    if incidents.is_empty() {
        io.say("nothing went wrong, as far as is known here");
        return Ok(Exit::Fine);
    }
    let columns = ["NUMBER", "SEV", "STAGE", "TARGET", "KIND", "COUNT", "LAST", "STRATEGY", "WHAT"];
    let mut table = TextTable::new(&columns.map(|title| (title, title == "COUNT")));
    for incident in &incidents {
        let what = incident
            .object
            .as_ref()
            .map_or_else(|| incident.title.clone(), |object| format!("{}: {object}", incident.title));
        let follows = incident.cause.map_or_else(String::new, |cause| format!(" (follows from INC-{cause:04})"));
        table.push(vec![
            Cell::new(&incident.name()),
            severity_cell(incident),
            Cell::new(incident.stage.word()),
            Cell::new(incident.target.as_str()),
            Cell::new(incident.kind.word()),
            Cell::new(&grouped(incident.count)),
            Cell::new(&incident.last_at.date_time(io.offset_minutes)),
            Cell::new(incident.strategy.word()),
            Cell::new(&format!("{what}{follows}")),
        ]);
    }
    io.table(&table)?;
    Ok(Exit::Fine)
}

fn severity_cell(incident: &Incident) -> Cell {
    let cell = Cell::new(incident.severity.short());
    match incident.severity {
        _ if !incident.stage.is_open() => cell.painted(Paint::Faint),
        Severity::Critical => cell.painted(Paint::Bad),
        Severity::Error => cell.painted(Paint::Warning),
        Severity::Warning | Severity::Info => cell,
    }
}

/// Everything about one.
async fn show(id: u64, json: bool, io: &mut Headless<'_>) -> Outcome {
    let unknown = || Ended::with(Exit::Findings, format!("there is no incident INC-{id:04}"));
    let incident = io.host.incident(id).await.map_err(unread)?.ok_or_else(unknown)?;
    let events = io.host.incident_events(id).await.map_err(unread)?;
    let pattern = io.host.pattern(&incident.signature).await.map_err(unread)?;
    if json {
        io.object(json::whole(&incident, pattern.as_ref(), &events))?;
        return Ok(Exit::Fine);
    }
    for line in lines(&incident, pattern.as_ref(), io.offset_minutes) {
        io.line(&line)?;
    }
    Ok(Exit::Fine)
}

/// An incident as text: a headline, its facts, its timeline.
fn lines(incident: &Incident, pattern: Option<&Pattern>, offset_minutes: i32) -> Vec<String> {
    let at = |time: Timestamp| time.date_time(offset_minutes);
    let mut out = vec![format!(
        "{}  {}  {}  {}",
        incident.name(),
        incident.severity.short(),
        escape(&incident.title),
        escape(incident.target.as_str())
    )];
    let mut fact = |name: &str, words: String| out.push(format!("  {name:<13}{words}"));
    let code = if incident.code.is_empty() { String::new() } else { format!(" {}", escape(&incident.code)) };
    fact("what", format!("{}{code}, {}", incident.kind, escape(&incident.engine)));
    if let Some(object) = &incident.object {
        fact("object", escape(object));
    }
    fact("stage", incident.stage.word().to_owned());
    fact("strategy", incident.strategy.word().to_owned());
    fact("errors", format!("{}, {} to {}", grouped(incident.count), at(incident.first_at), at(incident.last_at)));
    fact("seen", format!("{}, {} after the first", at(incident.detected_at), span(incident.detection_ms())));
    if let (Some(end), Some(took)) = (incident.resolved_at, incident.resolution_ms()) {
        let how = incident
            .resolution
            .as_ref()
            .map_or_else(String::new, super::super::domain::incident::stage::Resolution::words);
        fact("resolved", format!("{}, after {}: {how}", at(end), span(took)));
    }
    if incident.reopened > 0 {
        fact("came again", grouped(u64::from(incident.reopened)));
    }
    if let Some(who) = &incident.acknowledged_by {
        fact("taken by", escape(who));
    }
    if let Some(silence) = &incident.silence {
        fact(
            "silenced",
            format!("until {} by {}: {}", at(silence.until), escape(&silence.by), escape(&silence.reason)),
        );
    }
    if let Some(cause) = incident.cause {
        fact("follows from", format!("INC-{cause:04}: {}", incident.cause_reason));
    }
    if !incident.followers.is_empty() {
        let names: Vec<String> = incident.followers.iter().map(|id| format!("INC-{id:04}")).collect();
        fact("followed by", names.join(", "));
    }
    if let Some(pattern) = pattern {
        let words = format!(
            "{} ({} errors, {} incidents, {} targets since {})",
            pattern.signature,
            grouped(pattern.count),
            pattern.incidents,
            pattern.targets,
            at(pattern.first_at)
        );
        fact("pattern", words);
    }
    let mut block = |title: &str, text: &str| {
        out.extend([String::new(), title.to_owned()]);
        out.extend(escape_lines(text).lines().map(|line| format!("  {line}")));
    };
    block("Message", &incident.message);
    if let Some(statement) = &incident.statement {
        block("Statement", statement);
    }
    if let Some(more) = &incident.more {
        block("What the server adds", more);
    }
    out.extend([String::new(), "Timeline".to_owned()]);
    out.extend(incident.timeline.iter().map(|happening| {
        let who = happening.who.as_ref().map_or_else(String::new, |who| format!(" by {}", escape(who)));
        format!("  {}  {}{who}", at(happening.at), escape(&happening.words))
    }));
    out
}

/// The handover of a shift: Markdown, or everything of it as one JSON object.
async fn export(since: Duration, json: bool, io: &mut Headless<'_>) -> Outcome {
    let now = io.host.now();
    let since = now.plus_ms(-i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    let filter = Filter { resolved_since: Some(since), most_resolved: usize::MAX, ..Filter::default() };
    let incidents = incidents(filter, io).await?;
    let mut patterns = io.host.patterns(PATTERNS).await.map_err(unread)?;
    patterns.retain(|pattern| pattern.last_at >= since);
    let mut proposals = io.host.proposals(usize::MAX).await.map_err(unread)?.known;
    let mut figures = io.host.incident_figures(since).await.map_err(unread)?;
    if io.targets_were_named() {
        let named = |target: &crate::domain::target::TargetId| io.targets.iter().any(|t| t.target.id == *target);
        proposals.retain(|proposal| named(&proposal.target));
        figures.briefs.retain(|brief| named(&brief.target));
        figures.hours.retain(|hour| named(&hour.target));
        patterns.retain(|pattern| incidents.iter().any(|incident| incident.signature == pattern.signature));
    }
    if json {
        let mut line = object();
        line.insert("since_at".into(), since.date_time(0).into());
        line.insert("since_ms".into(), since.0.into());
        line.insert("until_at".into(), now.date_time(0).into());
        line.insert("until_ms".into(), now.0.into());
        line.insert("incidents".into(), incidents.iter().map(|i| Json::Object(json::whole(i, None, &[]))).collect());
        line.insert("patterns".into(), patterns.iter().map(|p| Json::Object(json::of_pattern(p))).collect());
        let acts = proposals.iter().filter(|p| p.happenings.last().is_some_and(|h| h.at >= since) || p.at >= since);
        let act = |p: &crate::domain::proposal::Proposal| json!({ "id": p.id, "target": p.target.as_str(), "what": p.headline(), "stage": p.stage.word() });
        line.insert("changed".into(), acts.map(act).collect());
        line.insert("numbers".into(), json::numbers(&analyse(&figures, now)));
        io.object(line)?;
        return Ok(Exit::Fine);
    }
    let shift = Shift {
        since,
        now,
        offset_minutes: io.offset_minutes,
        incidents: &incidents,
        patterns: &patterns,
        proposals: &proposals,
        figures: &figures,
    };
    io.stdout.write_all(markdown(&shift).as_bytes())?;
    Ok(Exit::Fine)
}

async fn incidents(filter: Filter, io: &Headless<'_>) -> Result<Vec<Incident>, Ended> {
    let mut incidents = io.host.incidents(filter).await.map_err(unread)?;
    if io.targets_were_named() {
        incidents.retain(|incident| io.targets.iter().any(|t| t.target.id == incident.target));
    }
    Ok(incidents)
}

/// The store cannot be read: nobody knows what went wrong.
fn unread(words: String) -> Ended {
    Ended::with(Exit::Findings, words)
}

fn span(ms: u64) -> String {
    seconds(ms as f64 / 1000.0)
}
