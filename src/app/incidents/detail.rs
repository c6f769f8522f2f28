//! One incident in full: what happened, why it is taken for what it is, and what a colleague would do.
//!
//! Texts here are as the server wrote them: the screen escapes each line before it draws it.

use super::words::{self, span};
use crate::app::healing::{self, Subject};
use crate::app::model::Model;
use crate::app::pane::Tone;
use crate::app::rules;
use crate::domain::error::catalogue::{Advice, Catalogue, kind_advice};
use crate::domain::incident::strategy::Strategy;
use crate::domain::incident::{Incident, Pattern};
use crate::domain::metric::grouped;
use crate::domain::target::Timestamp;
use serde::{Deserialize, Serialize};

/// Incidents that follow from one that are named; the others are counted.
const NAMED_FOLLOWERS: usize = 12;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// It leads the lines below it.
    Heading,
    /// A fact or a sentence.
    Fact(Tone),
    /// A line of a statement.
    Statement,
}

/// One line, of any width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailLine {
    /// What stands before it, and below which nothing of it is wrapped: a time, a label, a number.
    pub lead: String,
    /// The text. Untrusted.
    pub text: String,
    /// What it is.
    pub kind: LineKind,
}

/// One pane of the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailPane {
    /// Its title.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<DetailLine>,
}

pub(in crate::app) fn fact(lead: &str, text: impl Into<String>) -> DetailLine {
    toned(lead, Tone::Plain, text)
}

pub(in crate::app) fn toned(lead: &str, tone: Tone, text: impl Into<String>) -> DetailLine {
    DetailLine { lead: lead.to_owned(), text: text.into(), kind: LineKind::Fact(tone) }
}

pub(in crate::app) fn heading(text: impl Into<String>) -> DetailLine {
    DetailLine { lead: String::new(), text: text.into(), kind: LineKind::Heading }
}

/// The panes of an incident: what happened, why we think so, what to do.
pub fn panes(incident: &Incident, model: &Model) -> [DetailPane; 3] {
    [
        DetailPane { title: "Timeline", lines: timeline(incident, model) },
        DetailPane { title: "Why we think so", lines: evidence(incident, model) },
        DetailPane { title: "What to do", lines: help(incident, model) },
    ]
}

/// What is known about the errors of an engine, by its name.
fn catalogue(engine: &str, model: &Model) -> Option<&'static Catalogue> {
    model.library.naming(engine).map(crate::domain::error::naming::ErrorNaming::catalogue)
}

/// A time of today without its day.
fn moment(at: Timestamp, model: &Model) -> String {
    let (text, today) = (at.date_time(model.offset_minutes), model.now.date_time(model.offset_minutes));
    if text.get(..10) == today.get(..10) { at.clock(model.offset_minutes) } else { text.get(5..).unwrap_or("-").into() }
}

fn timeline(incident: &Incident, model: &Model) -> Vec<DetailLine> {
    let entries = incident.timeline.iter().map(|h| {
        let who = h.who.as_ref().map_or_else(String::new, |who| format!("   by {who}"));
        let stage = h.stage.map_or_else(String::new, |stage| format!("   [{}]", stage.word()));
        fact(&moment(h.at, model), format!("{}{stage}{who}", h.words))
    });
    let mut lines: Vec<DetailLine> = entries.collect();
    if lines.is_empty() {
        lines.push(fact(&moment(incident.first_at, model), "the first error"));
    }
    lines
}

fn evidence(incident: &Incident, model: &Model) -> Vec<DetailLine> {
    let tone =
        if incident.severity >= crate::domain::error::kind::Severity::Error { Tone::Bad } else { Tone::Doubtful };
    let mut lines = offer(incident, model);
    lines.extend(causes(incident, model));
    lines.push(toned("says", tone, incident.message.clone()));
    lines.extend(incident.more.iter().flat_map(|more| more.lines()).map(|line| fact("", line)));
    lines.push(fact("error", code_words(&incident.code, incident.kind, catalogue(&incident.engine, model))));
    lines.extend(incident.object.as_ref().map(|object| fact("about", object.clone())));
    lines.push(fact("seen", seen(incident, model)));
    let pattern = model.incidents.pattern(&incident.signature);
    lines.extend(pattern.map(|p| fact("pattern", recurrence(p, model))));
    lines.push(fact("strategy", format!("{}: {}", incident.strategy.word(), words::why_strategy(incident))));
    if incident.transient {
        lines.push(fact("passes", "the same thing, tried again, may well succeed"));
    }
    if let Some(cause) = incident.cause {
        let why = if incident.cause_reason.is_empty() { String::new() } else { format!(": {}", incident.cause_reason) };
        lines.push(toned("follows", Tone::Doubtful, format!("from {}{why}", named(cause, model))));
    }
    if let Some(words) = followers(incident) {
        lines.push(toned("causes", Tone::Doubtful, words));
    }
    if let Some(silence) = &incident.silence {
        let until = silence.until.date_time(model.offset_minutes);
        lines.push(toned("silent", Tone::Faint, format!("until {until}, by {}: {}", silence.by, silence.reason)));
    }
    lines.extend(incident.acknowledged_by.as_ref().map(|who| fact("taken", format!("by {who}"))));
    if let Some(at) = incident.escalated_at {
        lines.push(toned("escalated", Tone::Bad, format!("at {}", moment(at, model))));
    }
    lines.push(toned("group", Tone::Faint, format!("{}   {}", incident.signature, incident.group)));
    lines
}

/// What would tell of it before it comes again.
fn offer(incident: &Incident, model: &Model) -> Vec<DetailLine> {
    rules::offer_line(model, incident).into_iter().map(|words| toned("watch", Tone::Good, words)).collect()
}

/// The roots that a diagnosis found, with what is for them; and who analysed, where a model might have.
fn causes(incident: &Incident, model: &Model) -> Vec<DetailLine> {
    let mut lines = Vec::new();
    if let Some(found) = model.healing.found(&Subject::Incident(incident.id)) {
        for root in found.diagnosis.roots() {
            let words = format!("{} ({:.0}%)", healing::tree::title(root), root.confidence * 100.0);
            lines.push(toned("cause", Tone::Bad, words));
            lines.extend(root.evidence.iter().map(|e| fact(&e.id, e.text.clone())));
        }
        if lines.is_empty() {
            lines.push(toned("cause", Tone::Doubtful, healing::ask::in_one_line(&found.diagnosis)));
        }
        if incident.strategy == Strategy::AiPowered {
            let words = "no model is connected: causes and plans are those of the coded analysis";
            lines.push(toned("model", Tone::Faint, words));
        }
    }
    lines
}

/// `TABLE_NOT_FOUND   42P01 undefined_table: a relation that a statement names does not exist`.
fn code_words(code: &str, kind: crate::domain::error::kind::ErrorKind, catalogue: Option<&Catalogue>) -> String {
    let known = catalogue.and_then(|c| c.code(code));
    match known {
        Some(known) => format!("{}   {} {}: {}", kind.word(), known.code, known.name, known.meaning),
        None if code.is_empty() => kind.word().to_owned(),
        None => format!("{}   {code}", kind.word()),
    }
}

/// `412 errors since 14:20:11, the last 3s ago; first seen in the server's log after 2s`.
fn seen(incident: &Incident, model: &Model) -> String {
    let errors = if incident.count == 1 { "error" } else { "errors" };
    let last = span(model.now.since(incident.last_at));
    let mut words = format!(
        "{} {errors} since {}, the last {last} ago; found in {}",
        grouped(incident.count),
        moment(incident.first_at, model),
        incident.source.words()
    );
    if incident.detection_ms() >= 1_000 {
        words.push_str(&format!(" after {}", span(incident.detection_ms())));
    }
    if let Some(ms) = incident.resolution_ms() {
        words.push_str(&format!("; resolved after {}", span(ms)));
    }
    if incident.reopened > 0 {
        words.push_str(&format!("; came again {} times after it was over", incident.reopened));
    }
    words
}

/// `4 incidents on 2 targets, 31 errors since 2026-08-01; 3 of 4 resolved`.
fn recurrence(pattern: &Pattern, model: &Model) -> String {
    let plural = |n: u64, one: &str| format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" });
    let mut words = format!(
        "{} on {}, {} since {}",
        plural(pattern.incidents, "incident"),
        plural(pattern.targets, "target"),
        plural(pattern.count, "error"),
        pattern.first_at.date_time(model.offset_minutes)
    );
    if pattern.private > 0 {
        words.push_str(&format!("; {} typed or pasted here", plural(pattern.private, "time")));
    }
    words
}

/// `INC-0411 disk full`.
fn named(id: u64, model: &Model) -> String {
    let short = format!("INC-{id:04}");
    model.incidents.get(id).map_or(short, |i| format!("{} {} on {}", i.name(), i.title, i.target))
}

fn followers(incident: &Incident) -> Option<String> {
    let names: Vec<String> = incident.followers.iter().take(NAMED_FOLLOWERS).map(|id| format!("INC-{id:04}")).collect();
    let more = incident.followers.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}

/// Causes and actions, the statement, and what was tried against the pattern before.
fn help(incident: &Incident, model: &Model) -> Vec<DetailLine> {
    let mut lines: Vec<DetailLine> = Vec::new();
    if incident.stage.is_open() {
        let about = Subject::Incident(incident.id);
        lines.extend(healing::detail::summary(model, &about).into_iter().map(|l| toned(l.label, l.tone, l.text)));
    }
    let known = catalogue(&incident.engine, model);
    if let Some(advice) =
        known.and_then(|c| c.advice_for(&incident.code, incident.kind)).or_else(|| kind_advice(incident.kind))
    {
        lines.extend(advice_lines(advice));
    }
    if let Some(statement) = &incident.statement {
        lines.push(heading("Statement"));
        lines.extend(statement.lines().map(|line| DetailLine {
            lead: String::new(),
            text: line.to_owned(),
            kind: LineKind::Statement,
        }));
    }
    if let Some(pattern) = model.incidents.pattern(&incident.signature) {
        let tried = tried(pattern);
        if !tried.is_empty() {
            lines.push(heading("What was tried, and what held"));
            lines.extend(tried.into_iter().map(|line| fact("-", line)));
        }
    }
    lines
}

/// Likely causes and what to do, as lines.
pub fn advice_lines(advice: &Advice) -> Vec<DetailLine> {
    let mut lines = vec![heading("Likely causes")];
    lines.extend(advice.causes.iter().map(|cause| fact("-", cause)));
    lines.push(heading("What to do"));
    lines.extend(advice.actions.iter().enumerate().map(|(i, action)| fact(&format!("{}", i + 1), action)));
    lines
}

/// `PREVENTIVE: 3 resolved, 1 not`.
fn tried(pattern: &Pattern) -> Vec<String> {
    let ended = pattern.outcomes.iter().filter(|(_, held, not)| held + not > 0);
    ended.map(|(strategy, held, not)| format!("{}: {held} resolved, {not} not", strategy.word())).collect()
}

/// All that is known of a pattern, as text.
pub fn pattern_text(pattern: &Pattern, model: &Model) -> String {
    let catalogue = catalogue(&pattern.engine, model);
    let mut text = format!("{}\n{}\n\n", pattern.title, pattern.text);
    let mut line = |label: &str, words: String| text.push_str(&format!("{label:<10} {words}\n"));
    line("error", code_words(&pattern.code, pattern.kind, catalogue));
    line("engine", pattern.engine.clone());
    line("seen", recurrence(pattern, model));
    line("first", pattern.first_at.date_time(model.offset_minutes));
    line("last", pattern.last_at.date_time(model.offset_minutes));
    let last_day = &pattern.hours[pattern.hours.len().saturating_sub(24)..];
    let hours: Vec<String> = last_day.iter().map(u64::to_string).collect();
    if !hours.is_empty() {
        line("by hour", format!("{} (the last is the running hour)", hours.join(" ")));
    }
    for outcome in tried(pattern) {
        line("tried", outcome);
    }
    let here = model.incidents.all().iter().filter(|i| i.signature == pattern.signature);
    let incidents: Vec<String> =
        here.take(NAMED_FOLLOWERS).map(|i| format!("{} {} ({})", i.name(), i.target, i.stage.word())).collect();
    if !incidents.is_empty() {
        line("incidents", incidents.join(", "));
    }
    if let Some(advice) =
        catalogue.and_then(|c| c.advice_for(&pattern.code, pattern.kind)).or_else(|| kind_advice(pattern.kind))
    {
        text.push('\n');
        for line in advice_lines(advice) {
            match line.kind {
                LineKind::Heading => text.push_str(&format!("{}\n", line.text)),
                _ => text.push_str(&format!("  {} {}\n", line.lead, line.text)),
            }
        }
    }
    text
}
