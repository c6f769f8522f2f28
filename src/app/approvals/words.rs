//! A proposal in words: one line for a list, a few for the chat, everything for whoever asks why.

use super::Asked;
use crate::domain::metric;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::survey::{Blast, Footprint, Inverse, Rights, Survey, Timeouts};

/// `12`, `~12` for an estimate, `-` where nobody knows.
pub fn rows_short(survey: &Survey) -> String {
    match (survey.blast.exact_rows, survey.blast.estimated_rows) {
        (Some(rows), _) => rows.to_string(),
        (None, Some(rows)) => format!("~{rows}"),
        (None, None) => "-".to_owned(),
    }
}

/// `12 rows, counted`, or `about 12 rows`; none where nobody knows.
pub fn rows(blast: &Blast) -> Option<String> {
    let noun = |n: u64| if n == 1 { "row" } else { "rows" };
    match (blast.exact_rows, blast.estimated_rows) {
        (Some(n), _) => Some(format!("{n} {}, counted", noun(n))),
        (None, Some(n)) => Some(format!("about {n} {}", noun(n))),
        (None, None) => None,
    }
}

/// `app.orders (97000000 rows, 88 GB)`.
pub fn footprint(table: &Footprint) -> String {
    let mut facts = Vec::new();
    facts.extend(table.rows.map(|n| format!("{} rows", metric::format(Some(n as f64), metric::Unit::Count))));
    facts.extend(table.bytes.map(|n| metric::bytes(n as f64)));
    if facts.is_empty() { table.name.clone() } else { format!("{} ({})", table.name, facts.join(", ")) }
}

/// `#58 waits for your approval (4 opens it)` and what it is.
pub(super) fn waits(p: &Proposal, asked: Asked) -> String {
    let lead = format!("#{} waits for your approval (4 opens it)", p.id);
    let rows = rows(&p.survey.blast).map_or_else(String::new, |r| format!(", {r}"));
    let facts = format!("{} on {}: {}{rows}", p.draft.class.word(), p.target, p.gravity.word());
    match asked {
        Asked::InChat => format!("{lead}\n{}\n{facts}\nundo {}", p.headline(), p.survey.inverse.words()),
        Asked::ByKey => format!("{lead}: {}; {facts}", p.headline()),
    }
}

/// What it does, to what, and whom it stops: a line each, the most telling first.
pub fn effects(blast: &Blast) -> Vec<String> {
    let mut lines = Vec::new();
    let tables: Vec<String> = blast.tables.iter().map(footprint).collect();
    let changes = match (rows(blast), tables.is_empty()) {
        (Some(rows), false) => Some(format!("{rows} of {}", tables.join(", "))),
        (Some(rows), true) => Some(rows),
        (None, false) => Some(tables.join(", ")),
        (None, true) => None,
    };
    lines.extend(changes);
    let locks = if blast.locks.is_empty() { "none" } else { &blast.locks };
    let rewrite = match blast.rewrite {
        Some(true) => "   table rewrite YES",
        Some(false) => "   table rewrite no",
        None => "",
    };
    lines.push(format!("locks {locks}{rewrite}"));
    lines.extend(blast.replicas.as_ref().map(|words| format!("replicas: {words}")));
    lines.extend(blast.disk.as_ref().map(|words| format!("disk: {words}")));
    lines.extend(blast.notes.iter().cloned());
    lines
}

/// Whether the login may do it.
pub fn rights(rights: &Rights) -> Vec<String> {
    match rights {
        Rights::Held => vec!["held".to_owned()],
        Rights::Unknown(why) => vec![format!("asked again before anything is sent: {why}")],
        Rights::Missing(grants) => {
            let mut lines = vec!["MISSING; this grants it:".to_owned()];
            lines.extend(grants.iter().cloned());
            lines
        }
    }
}

fn timeouts(t: &Timeouts) -> String {
    let span = |ms: u64| if ms == 0 { "no limit".to_owned() } else { metric::seconds(ms as f64 / 1000.0) };
    format!("statement {}, each lock {}", span(t.statement_ms), span(t.lock_ms))
}

/// A survey with everything in it.
pub(super) fn survey(survey: &Survey) -> String {
    let mut out = String::new();
    section(&mut out, "EFFECT", &effects(&survey.blast));
    section(&mut out, "UNDO", &undo(&survey.inverse));
    section(&mut out, "RIGHTS", &rights(&survey.rights));
    let objects: Vec<String> = survey.objects.iter().map(|o| format!("{}   number {}", o.name, o.id)).collect();
    section(&mut out, "TOUCHES", &objects);
    let checked: Vec<String> = survey.preconditions.iter().map(|p| format!("{}: {}", p.text, p.found)).collect();
    section(&mut out, "HOLDS NOW, AND HAS TO HOLD WHEN IT RUNS", &checked);
    section(&mut out, "TIME LIMITS", &[timeouts(&survey.timeouts)]);
    out
}

/// How it is undone, statement by statement.
pub fn undo(inverse: &Inverse) -> Vec<String> {
    match inverse {
        Inverse::Statements(statements) => statements.clone(),
        other => vec![other.words()],
    }
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    out.push_str(title);
    out.push('\n');
    for line in lines {
        out.push_str(&format!("  {line}\n"));
    }
    out.push('\n');
}

/// Advice, a line each.
pub fn advice(p: &Proposal) -> Vec<String> {
    p.advice
        .iter()
        .map(|a| {
            let instead = a.instead.as_ref().map_or_else(String::new, |i| format!(" Instead: {i}"));
            format!("{}: {} ({}){instead}", a.weight.word(), a.text, a.rule)
        })
        .collect()
}

/// What happened to it so far, newest first.
pub fn history(p: &Proposal, offset_minutes: i32) -> Vec<String> {
    let mut lines: Vec<String> = p
        .happenings
        .iter()
        .rev()
        .map(|h| {
            let who = h.who.as_ref().map_or_else(String::new, |w| format!(" by {}", w.words()));
            let why = if h.words.is_empty() { String::new() } else { format!(": {}", h.words) };
            format!("{} {}{who}{why}", h.at.date_time(offset_minutes), h.stage.words())
        })
        .collect();
    lines.push(format!("{} proposed {}", p.at.date_time(offset_minutes), p.origin.words()));
    lines
}

/// Everything that is known of a proposal.
pub(super) fn details(p: &Proposal, offset_minutes: i32) -> String {
    let mut out = String::new();
    section(&mut out, "ADVICE", &advice(p));
    out.push_str(&survey(&p.survey));
    section(&mut out, "HISTORY", &history(p, offset_minutes));
    out
}
