//! Incidents in a few words: for lists, for one line beside a server, and what a person types about them.

use crate::app::command::duration_ms;
use crate::app::model::Model;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::health::State;
use crate::domain::incident::strategy::{PREVENTIVE_FROM, SELF_HEALING_FROM, Strategy, is_critical};
use crate::domain::incident::{Incident, Pattern};
use crate::domain::metric;
use crate::domain::target::Timestamp;

/// Longest time for which an incident can be silenced, milliseconds: 30 days. What is to be forgotten for longer is
/// better resolved.
pub const LONGEST_SILENCE_MS: u64 = 30 * 24 * 3_600_000;

/// `6m 02s`.
pub fn span(ms: u64) -> String {
    metric::seconds(ms as f64 / 1000.0)
}

/// How a list colours a severity.
pub fn state(severity: Severity) -> State {
    match severity {
        Severity::Critical => State::Critical,
        Severity::Error => State::Down,
        Severity::Warning => State::Warning,
        Severity::Info => State::Unknown,
    }
}

/// `connection error`: the kind as people say it.
pub fn kind(kind: ErrorKind) -> String {
    kind.word().to_lowercase().replace('_', " ")
}

/// `pattern (4x)`: how many incidents its pattern has had; empty for the first of its kind.
pub fn recurrence(pattern: Option<&Pattern>) -> String {
    pattern.filter(|p| p.incidents > 1).map_or_else(String::new, |p| format!("pattern ({}x)", p.incidents))
}

/// `open 6m 02s`, `over for 3h 12m`.
pub fn age(incident: &Incident, now: Timestamp) -> String {
    match incident.resolved_at {
        Some(end) if !incident.stage.is_open() => format!("over for {}", span(now.since(end))),
        _ => format!("{} {}", incident.stage.word(), span(now.since(incident.first_at))),
    }
}

/// `open 6m 02s` whatever is done about it, `over for 3h 12m`.
pub fn open_for(incident: &Incident, now: Timestamp) -> String {
    if incident.stage.is_open() { format!("open {}", span(now.since(incident.first_at))) } else { age(incident, now) }
}

/// `escalates in 8m 58s`, or since when it is escalated (true): what is left of the time in which somebody has to take
/// care of it; none for one that somebody took care of, or that is never escalated.
pub fn escalation(incident: &Incident, model: &Model) -> Option<(String, bool)> {
    let now = model.now;
    if incident.acknowledged_by.is_some() || !incident.stage.is_open() || incident.is_silenced(now) {
        return None;
    }
    if let Some(at) = incident.escalated_at {
        return Some((format!("escalated {} ago", span(now.since(at))), true));
    }
    let limit = model.incident_limits.escalate_ms(incident.severity)?;
    let since = now.since(incident.began_at().max(incident.detected_at));
    Some(match limit.checked_sub(since).filter(|left| *left > 0) {
        Some(left) => (format!("escalates in {}", span(left)), false),
        None => ("escalates now".to_owned(), true),
    })
}

/// Who takes care of it, or why nobody is asked to.
pub fn who(incident: &Incident, now: Timestamp, offset_minutes: i32) -> String {
    if let Some(silence) = incident.silence.as_ref().filter(|s| now < s.until && incident.stage.is_open()) {
        return format!("silent to {}", &silence.until.date_time(offset_minutes)[5..16]);
    }
    incident.acknowledged_by.clone().unwrap_or_default()
}

/// Why the incident is dealt with as it is, a sentence.
pub fn why_strategy(incident: &Incident) -> String {
    match incident.strategy {
        Strategy::ImmediateFix if is_critical(incident.kind) => {
            format!("one {} is enough: the service or its data is in danger", kind(incident.kind))
        }
        Strategy::ImmediateFix => "the service or its data is in danger".to_owned(),
        Strategy::SelfHealing => {
            format!("it came {SELF_HEALING_FROM} times or more within the window, and a procedure for it exists")
        }
        Strategy::Preventive => format!(
            "it came {PREVENTIVE_FROM} times or more within the window: what would keep it from coming is looked for"
        ),
        Strategy::AiPowered => "it is new within the window: causes are looked for".to_owned(),
    }
}

/// `6 of 8 resolved`; empty where none has ended yet.
pub fn ends(pattern: &Pattern) -> String {
    let (held, not) = pattern.outcomes.iter().fold((0, 0), |(held, not), (_, h, n)| (held + h, not + n));
    if held + not == 0 { String::new() } else { format!("{held} of {} resolved", held + not) }
}

/// What was typed to silence an incident: `2h the disk is being swapped`, or a bare length of time.
///
/// # Errors
/// Words that show the form.
pub fn silence(typed: &str) -> Result<(u64, String), String> {
    let typed = typed.trim();
    let (length, reason) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let form = "say for how long and why: `2h the disk is being swapped`";
    if length.is_empty() || !length.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(form.to_owned());
    }
    let ms = match length.strip_suffix('d').map(str::parse::<u64>) {
        Some(Ok(days)) => days.saturating_mul(24 * 3_600_000),
        Some(Err(_)) => return Err(form.to_owned()),
        None => duration_ms(length)?,
    };
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(form.to_owned());
    }
    if ms == 0 || ms > LONGEST_SILENCE_MS {
        return Err("an incident is silenced for 30 days at most; r resolves it".to_owned());
    }
    Ok((ms, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_need_a_length_and_a_reason() {
        assert_eq!(silence("2h the disk is swapped"), Ok((7_200_000, "the disk is swapped".into())));
        assert_eq!(silence(" 3d  holidays "), Ok((259_200_000, "holidays".into())));
        assert_eq!(silence("30m x"), Ok((1_800_000, "x".into())));
        for wrong in ["", "2h", "2h  ", "the disk", "31d long", "-3d x", "0d x", "120 s"] {
            assert!(silence(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn kinds_read_as_words() {
        assert_eq!(kind(ErrorKind::TooManyConnections), "too many connections");
    }
}
