//! A proposal in words: everything that a person should read before deciding, in sections, for the screen and for
//! `approvals show` alike.
//!
//! The words are fit for a terminal: text from a server or a keyboard passed the escaper. A statement is never cut, and
//! every character of it that cannot be seen is shown by its code point. What nobody knows is said to be unknown.

mod plan;
#[cfg(test)]
mod tests;

pub use plan::step_words;

use crate::domain::guard::ticket::{Gravity, TouchedObject};
use crate::domain::metric::{bytes, grouped, seconds};
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::domain::proposal::survey::{Blast, Footprint, Inverse, Rights, Timeouts};
use crate::domain::proposal::{Happening, Proposal};
use crate::domain::text::{escape, mixed_script};

/// Title of the section that holds the exact statement, one line for each of its own.
pub const STATEMENT: &str = "Statement";
/// Title of the section that holds what a plan's step is expected to change.
pub const EXPECTED: &str = "Expected effect";
/// Title of the section on how it is undone.
pub const UNDONE: &str = "How it is undone";
/// Width of the words that lead a line.
const LEAD: usize = 13;
/// Bytes that pass the escaper at once: it cuts what is longer than a screen.
const PIECE: usize = 1024;

/// One part of a dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is about: `Statement`.
    pub title: String,
    /// Its lines, of any width, in order.
    pub lines: Vec<String>,
}

/// Everything about a proposal. Sections with nothing to say are left out; the statement's is always there.
/// `offset_minutes` is local time minus UTC.
pub fn dossier(proposal: &Proposal, offset_minutes: i32) -> Vec<Section> {
    let survey = &proposal.survey;
    let sections = [
        ("Proposal", act(proposal, offset_minutes)),
        ("Stands in the way", proposal.obstacle().iter().map(|words| escape(words)).collect()),
        ("Where", place(proposal, offset_minutes)),
        (STATEMENT, statement_lines(&proposal.draft.statement)),
        ("Look closely", look_alikes(&proposal.draft.statement)),
        ("Sessions", sessions(proposal.draft.kind.as_ref())),
        ("Plan", plan::plan(proposal)),
        (EXPECTED, plan::expected(proposal)),
        ("How it is verified", plan::verification(proposal)),
        ("Only if", plan::required(proposal)),
        ("What it does", effects(&survey.blast, survey.timeouts, proposal.most_rows)),
        (UNDONE, inverse(&survey.inverse)),
        ("What it touches", touched(proposal)),
        ("What has to hold", conditions(proposal)),
        ("Advice", advice(proposal)),
        ("Right to do it", rights(&survey.rights)),
        ("What happened", proposal.happenings.iter().map(|h| happening(h, offset_minutes)).collect()),
    ];
    let kept = sections.into_iter().filter(|(title, lines)| *title == STATEMENT || !lines.is_empty());
    kept.map(|(title, lines)| Section { title: title.to_owned(), lines }).collect()
}

/// The exact statement, a line for each of its own, whole: nothing is cut, and nothing in it can hide.
pub fn statement_lines(statement: &str) -> Vec<String> {
    statement.split('\n').map(shown_line).collect()
}

/// Tabs that indent a line become spaces; every other one is shown, since in a literal it matters.
fn shown_line(line: &str) -> String {
    let rest = line.trim_start_matches([' ', '\t']);
    let mut out = line[..line.len() - rest.len()].replace('\t', "    ");
    let rest = rest.replace('\t', "<U+0009>").replace('\r', "<U+000D>");
    let mut rest = rest.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        out.push_str(&escape(piece));
        rest = after;
    }
    out
}

/// Words of a statement whose letters are of several alphabets, with the foreign ones by their code points.
fn look_alikes(statement: &str) -> Vec<String> {
    let words = statement.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut lines: Vec<String> = Vec::new();
    for word in words.filter(|word| mixed_script(word)) {
        let spelt: String = word
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("<U+{:04X}>", u32::from(c)) })
            .collect();
        let line = format!("\"{}\" mixes letters that look alike: {spelt}", escape(word));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// `target       pg-orders`.
fn pair(lead: &str, words: &str) -> String {
    format!("{lead:<LEAD$}{}", escape(words))
}

fn act(proposal: &Proposal, offset_minutes: i32) -> Vec<String> {
    let Proposal { id, at, origin, draft, gravity, stage, ticket, approvers, .. } = proposal;
    let digest = proposal.act().digest();
    let size = draft.statement.len();
    let mut lines = vec![
        pair("number", &format!("#{id}")),
        pair("stage", stage.words()),
        pair("what", &proposal.headline()),
        pair(
            "kind",
            &format!(
                "{}, {}",
                draft.class.word(),
                if draft.kind.is_some() { "a fix kind of our own" } else { "as typed" }
            ),
        ),
        pair("risk", gravity_words(*gravity)),
        pair("proposed", &format!("{} {}", at.date_time(offset_minutes), origin.words())),
        pair("fingerprint", &format!("{} ({} bytes)", digest.short(), grouped(size as u64))),
    ];
    if let Some(ticket) = ticket {
        lines.push(pair("ticket", ticket));
    }
    if *approvers > 1 {
        lines.push(pair("approvers", &format!("{approvers} persons")));
    }
    lines
}

fn gravity_words(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Low => "LOW: undone with one statement, or harmless",
        Gravity::Medium => "MEDIUM: somebody will notice",
        Gravity::High => "HIGH: data or service may be lost",
    }
}

fn place(proposal: &Proposal, offset_minutes: i32) -> Vec<String> {
    let place = &proposal.survey.place;
    let mut lines = vec![
        pair("target", &format!("{} ({}, {})", proposal.target, proposal.environment.word(), proposal.engine)),
        pair("address", &proposal.address),
    ];
    let started = place.started_at.map(|at| at.date_time(offset_minutes));
    let more = [
        ("login", Some(&proposal.login)),
        ("database", Some(&place.database)),
        ("role", Some(&place.role)),
        ("server", place.server.as_ref()),
        ("epoch", place.epoch.as_ref()),
        ("started", started.as_ref()),
    ];
    lines.extend(more.into_iter().filter_map(|(lead, words)| Some(pair(lead, words.filter(|w| !w.is_empty())?))));
    lines
}

fn sessions(kind: Option<&FixKind>) -> Vec<String> {
    let Some(FixKind::CancelStatements(sessions) | FixKind::EndSessions(sessions)) = kind else { return Vec::new() };
    let session = |s: &SessionRef| {
        let facts: Vec<String> = s.facts.iter().map(|(name, value)| escape(&format!("{name} {value}"))).collect();
        let only_if = if facts.is_empty() { String::new() } else { format!("   only if {}", facts.join(", ")) };
        format!("{:<LEAD$}{}{only_if}", s.id, escape(&s.about))
    };
    sessions.iter().map(session).collect()
}

fn effects(blast: &Blast, timeouts: Timeouts, most_rows: Option<u64>) -> Vec<String> {
    let rows = match (blast.exact_rows, blast.estimated_rows) {
        (Some(exact), _) => format!("{} (counted)", grouped(exact)),
        (None, Some(estimated)) => format!("about {} (estimated)", grouped(estimated)),
        (None, None) => "not known".to_owned(),
    };
    let mut lines = vec![pair("rows", &rows)];
    if let Some(most) = most_rows {
        lines.push(pair("limit", &format!("more than {} rows: it fails and is rolled back", grouped(most))));
    }
    lines.extend(blast.tables.iter().map(|table| pair("table", &footprint(table))));
    lines.push(pair("locks", if blast.locks.is_empty() { "none" } else { &blast.locks }));
    let rewrite = match blast.rewrite {
        Some(true) => "yes: the whole table is written anew",
        Some(false) => "no",
        None => "not known",
    };
    lines.push(pair("rewrite", rewrite));
    lines.push(pair("replicas", blast.replicas.as_deref().unwrap_or("not known")));
    lines.push(pair("disk", blast.disk.as_deref().unwrap_or("not known")));
    lines.push(pair("time limits", &limits(timeouts)));
    lines.extend(blast.notes.iter().map(|note| pair("note", note)));
    lines
}

/// `app.orders: 9 000 rows, 1.2 GB`.
fn footprint(table: &Footprint) -> String {
    let rows = table.rows.map_or_else(|| "rows not known".to_owned(), |n| format!("about {} rows", grouped(n)));
    let size = table.bytes.map_or_else(|| "size not known".to_owned(), |n| bytes(n as f64));
    format!("{}: {rows}, {size}", table.name)
}

fn limits(timeouts: Timeouts) -> String {
    let span = |ms: u64| if ms < 1000 { format!("{ms} ms") } else { seconds(ms as f64 / 1000.0) };
    let statement = match timeouts.statement_ms {
        0 => "none for the statement".to_owned(),
        ms => format!("{} for the statement", span(ms)),
    };
    let lock = match timeouts.lock_ms {
        0 => "none for a lock".to_owned(),
        ms => format!("{} for each lock", span(ms)),
    };
    format!("{statement}, {lock}")
}

/// How it is undone, with the exact statements where they are known already.
fn inverse(inverse: &Inverse) -> Vec<String> {
    let mut lines = Vec::new();
    if let Inverse::Statements(statements) = inverse {
        lines.push(match statements.as_slice() {
            [] => "NO: no statement is known that would undo it".to_owned(),
            [_] => "yes, by this statement:".to_owned(),
            many => format!("yes, by these {} statements, in this order:", many.len()),
        });
        lines.extend(statements.iter().flat_map(|s| statement_lines(s)).map(|line| format!("  {line}")));
    } else {
        lines.push(escape(&inverse.words()));
    }
    lines
}

fn touched(proposal: &Proposal) -> Vec<String> {
    let object = |o: &TouchedObject| {
        escape(&if o.id.is_empty() { o.name.clone() } else { format!("{} (number {})", o.name, o.id) })
    };
    proposal.survey.objects.iter().map(object).collect()
}

fn conditions(proposal: &Proposal) -> Vec<String> {
    proposal.survey.preconditions.iter().map(|p| escape(&format!("{}: {}", p.text, p.found))).collect()
}

/// The weightiest first.
fn advice(proposal: &Proposal) -> Vec<String> {
    let mut all: Vec<_> = proposal.advice.iter().collect();
    all.sort_by_key(|a| std::cmp::Reverse(a.weight));
    let mut lines = Vec::new();
    for advice in all {
        lines.push(pair(advice.weight.word(), &format!("{} ({})", advice.text, advice.rule)));
        lines.extend(advice.instead.iter().map(|instead| pair("", &format!("instead: {instead}"))));
    }
    lines
}

fn rights(rights: &Rights) -> Vec<String> {
    match rights {
        Rights::Held => vec!["held".to_owned()],
        Rights::Unknown(why) => vec![format!("not known: {}", escape(why))],
        Rights::Missing(grants) => {
            let lines = grants.iter().flat_map(|g| statement_lines(g)).map(|line| format!("  {line}"));
            std::iter::once("missing; this would give it:".to_owned()).chain(lines).collect()
        }
    }
}

/// `2026-08-22 14:31:58  approved by ann (from 10.0.0.7): looks right`.
fn happening(happening: &Happening, offset_minutes: i32) -> String {
    let Happening { at, stage, words, who } = happening;
    let who = who.as_ref().map(|who| format!(" by {}", who.words())).unwrap_or_default();
    let words = if words.is_empty() { String::new() } else { format!(": {words}") };
    escape(&format!("{}  {}{who}{words}", at.date_time(offset_minutes), stage.words()))
}
