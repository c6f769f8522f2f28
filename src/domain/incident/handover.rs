//! The handover of a shift as Markdown: what is open, what was over and how fast, what comes again, what is silenced,
//! what was changed, and the numbers. Every text from outside is plain text in it, and cannot become markup.

use super::analytics::{Analytics, analyse};
use super::figures::Figures;
use super::pattern::Pattern;
use super::{Incident, stage::Resolution};
use crate::domain::error::kind::Severity;
use crate::domain::metric::{grouped, seconds};
use crate::domain::proposal::Proposal;
use crate::domain::target::Timestamp;
use crate::domain::text;
use std::fmt::Write as _;

/// Patterns that came less often than this within the shift are nothing that comes again.
const RECURRING_FROM: u64 = 2;
/// Lines of a part; more are counted.
const LINES: usize = 50;
/// Characters of a text from outside.
const TEXT: usize = 200;

/// A shift and what happened in it.
#[derive(Debug, Clone)]
pub struct Shift<'a> {
    /// When it began.
    pub since: Timestamp,
    /// When it ends.
    pub now: Timestamp,
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
    /// Incidents that are open or were resolved in it.
    pub incidents: &'a [Incident],
    /// Patterns, newest first.
    pub patterns: &'a [Pattern],
    /// Proposals of any time; those that something happened to in the shift are told.
    pub proposals: &'a [Proposal],
    /// The numbers since its beginning.
    pub figures: &'a Figures,
}

/// The document.
pub fn markdown(shift: &Shift<'_>) -> String {
    let at = |time: Timestamp| time.date_time(shift.offset_minutes);
    let mut out = format!("# Shift handover\n\n{} to {}\n", at(shift.since), at(shift.now));
    part(&mut out, "Open", &open(shift), "Nothing is open.");
    part(&mut out, "Resolved", &resolved(shift), "Nothing was resolved.");
    part(&mut out, "Comes again", &recurring(shift), "Nothing came twice.");
    part(&mut out, "Silenced", &silenced(shift), "Nothing is silenced.");
    part(&mut out, "Changed", &changed(shift), "Nothing was changed or proposed.");
    part(&mut out, "Numbers", &numbers(&analyse(shift.figures, shift.now)), "");
    out
}

/// A text from outside as plain text in Markdown, on one line.
pub fn plain(outside: &str) -> String {
    let shown = text::escape(outside);
    let cut: String =
        if shown.chars().count() > TEXT { shown.chars().take(TEXT).chain(" ...".chars()).collect() } else { shown };
    let chars: Vec<char> = cut.chars().collect();
    let mut out = String::with_capacity(cut.len());
    for (place, &c) in chars.iter().enumerate() {
        let letter = |place: Option<usize>| place.and_then(|i| chars.get(i)).is_some_and(|c| c.is_alphanumeric());
        // An underscore within a word is only one, and names are full of them.
        let within = c == '_' && letter(place.checked_sub(1)) && letter(Some(place + 1));
        // A colon before slashes and `www.` would become a link.
        let link = (c == ':' && chars.get(place + 1) == Some(&'/'))
            || (c == '.' && place >= 3 && chars[place - 3..place].iter().all(|w| w.eq_ignore_ascii_case(&'w')));
        if (matches!(c, '\\' | '|' | '<' | '>' | '&' | '[' | ']' | '`' | '*' | '_' | '~' | '#' | '!' | '@') && !within)
            || link
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn part(out: &mut String, title: &str, lines: &[String], nothing: &str) {
    let _ = write!(out, "\n## {title}\n\n");
    if lines.is_empty() {
        let _ = writeln!(out, "{nothing}");
    }
    for line in lines.iter().take(LINES) {
        let _ = writeln!(out, "- {line}");
    }
    if lines.len() > LINES {
        let _ = writeln!(out, "- and {} more", lines.len() - LINES);
    }
}

fn open(shift: &Shift<'_>) -> Vec<String> {
    let mut open: Vec<&Incident> = roots(shift).filter(|incident| incident.stage.is_open()).collect();
    open.sort_by_key(|incident| (std::cmp::Reverse(incident.severity), incident.began_at()));
    open.into_iter()
        .map(|incident| {
            let mut line = head(incident);
            let _ = write!(
                line,
                ", {}, for {}, {}, {}",
                incident.stage.word(),
                span(shift.now.since(incident.began_at())),
                times(incident.count),
                incident.strategy.word()
            );
            if !incident.followers.is_empty() {
                let follows = if incident.followers.len() == 1 { "follows" } else { "follow" };
                let _ = write!(line, ", {} {follows} from it", incident.followers.len());
            }
            match &incident.acknowledged_by {
                Some(who) => {
                    let _ = write!(line, ", taken by {}", plain(who));
                }
                None if incident.severity >= Severity::Error => line.push_str(", **nobody has taken it**"),
                None => {}
            }
            if incident.escalated_at.is_some() {
                line.push_str(", escalated");
            }
            line
        })
        .collect()
}

fn resolved(shift: &Shift<'_>) -> Vec<String> {
    let over = roots(shift).filter_map(|incident| Some((incident, incident.resolved_at?)));
    let mut over: Vec<(&Incident, Timestamp)> = over.filter(|(_, at)| *at >= shift.since).collect();
    over.sort_by_key(|(incident, at)| (std::cmp::Reverse(*at), incident.id));
    over.into_iter()
        .map(|(incident, _)| {
            let how = incident.resolution.as_ref().map_or_else(String::new, Resolution::words);
            let took = incident.resolution_ms().map_or_else(|| "unknown".to_owned(), span);
            format!("{}, {}, took {took}: {how}", head(incident), times(incident.count))
        })
        .collect()
}

fn recurring(shift: &Shift<'_>) -> Vec<String> {
    let hours = usize::try_from(shift.now.since(shift.since).div_ceil(3_600_000)).unwrap_or(usize::MAX);
    let mut recurring: Vec<(u64, &Pattern)> = shift
        .patterns
        .iter()
        .map(|pattern| (pattern.hours.iter().rev().take(hours).sum(), pattern))
        .filter(|(came, _)| *came >= RECURRING_FROM)
        .collect();
    recurring.sort_by_key(|(came, pattern)| (std::cmp::Reverse(*came), pattern.signature.clone()));
    recurring
        .into_iter()
        .map(|(came, pattern)| {
            format!(
                "{} in this shift: {} ({}, {} {}), {} incidents on {} targets so far",
                times(came),
                plain(&pattern.title),
                pattern.kind,
                plain(&pattern.engine),
                plain(&pattern.code),
                pattern.incidents,
                pattern.targets
            )
        })
        .collect()
}

fn silenced(shift: &Shift<'_>) -> Vec<String> {
    let mut silenced: Vec<_> = shift
        .incidents
        .iter()
        .filter(|incident| incident.stage.is_open() && incident.is_silenced(shift.now))
        .filter_map(|incident| Some((incident.silence.as_ref()?, incident)))
        .collect();
    silenced.sort_by_key(|(silence, incident)| (silence.until, incident.id));
    silenced
        .into_iter()
        .map(|(silence, incident)| {
            let until = silence.until.date_time(shift.offset_minutes);
            format!("until {until}: {}, by {}: {}", head(incident), plain(&silence.by), plain(&silence.reason))
        })
        .collect()
}

fn changed(shift: &Shift<'_>) -> Vec<String> {
    let last = |proposal: &Proposal| proposal.happenings.last().map_or(proposal.at, |happening| happening.at);
    let mut acts: Vec<&Proposal> = shift.proposals.iter().filter(|p| last(p) >= shift.since).collect();
    acts.sort_by_key(|proposal| (last(proposal), proposal.id));
    acts.into_iter()
        .map(|proposal| {
            let who = proposal.happenings.iter().rev().find_map(|happening| happening.who.as_ref());
            let by = who.map_or_else(String::new, |who| format!(" by {}", plain(who.person())));
            format!(
                "{} #{} on {}: {}: {}{by}",
                last(proposal).date_time(shift.offset_minutes),
                proposal.id,
                plain(proposal.target.as_str()),
                plain(&proposal.headline()),
                proposal.stage.words()
            )
        })
        .collect()
}

fn numbers(analytics: &Analytics) -> Vec<String> {
    let time = |ms: Option<u64>| ms.map_or_else(|| "not known".to_owned(), span);
    let mut lines = vec![
        format!("health of the system: {} of 100", analytics.score.points),
        format!("error rate: {} ({})", analytics.rate.colour.word(), analytics.rate.reason),
        format!("mean time to detection: {}", time(analytics.mttd_ms)),
        format!("mean time to resolution: {}", time(analytics.mttr_ms)),
    ];
    lines.extend(analytics.recurrence_percent.map(|percent| format!("came again after their end: {percent:.0}%")));
    lines.extend(
        analytics
            .kinds
            .iter()
            .take(5)
            .map(|(kind, errors, incidents)| format!("{kind}: {} in {incidents} incidents", times(*errors))),
    );
    lines
}

fn roots<'a>(shift: &'a Shift<'_>) -> impl Iterator<Item = &'a Incident> {
    let open = |id: u64| shift.incidents.iter().any(|other| other.id == id);
    shift.incidents.iter().filter(move |incident| incident.cause.is_none_or(|cause| !open(cause)))
}

/// `**INC-0001** CRIT pg-orders: The disk is full (DISK_FULL, orders)`
fn head(incident: &Incident) -> String {
    let object = incident.object.as_deref().map_or_else(String::new, |object| format!(", {}", plain(object)));
    format!(
        "**{}** {} {}: {} ({}{object})",
        incident.name(),
        incident.severity.short(),
        plain(incident.target.as_str()),
        plain(&incident.title),
        incident.kind
    )
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", grouped(count)) }
}

fn span(ms: u64) -> String {
    seconds(ms as f64 / 1000.0)
}
