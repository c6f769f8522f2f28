//! The connection pane of a server: the state of its breakers, what was diagnosed, and every attempt.

use super::connection::{Connection, next_try_words};
use super::model::{Link, TargetModel};
use super::pane::{Pane, PaneLine, Tone};
use super::table::{Table, TableCell, TableRow};
use crate::domain::attempt::SPANS;
use crate::domain::health::State;
use crate::domain::metric;
use crate::domain::schedule::{BreakerLimits, Gate};
use crate::domain::target::Timestamp;

/// Name of the view.
pub const VIEW: &str = "connection";

/// The pane.
pub fn pane(t: &TargetModel, now: Timestamp, offset_minutes: i32) -> Pane {
    let mut lines = vec![state(t, now)];
    if let Link::Down(kind, message) = &t.link {
        lines.push(PaneLine::new("why", Tone::Bad, format!("{}: {message}", kind.word())));
    }
    lines.extend(findings(&t.connection));
    lines.push(breaker(&t.connection, now, offset_minutes));
    lines.push(logins(&t.connection, now, offset_minutes));
    lines.push(rates(&t.connection));
    lines.extend(applied(&t.connection));
    Pane { lines, table: attempts(&t.connection, offset_minutes) }
}

fn span(ms: u64) -> String {
    metric::seconds(ms as f64 / 1000.0)
}

fn state(t: &TargetModel, now: Timestamp) -> PaneLine {
    let word = t.state(now).word();
    match (&t.link, t.connection.failing_since) {
        (Link::Down(..), Some(since)) => {
            let next = next_try_words(t, now).map_or_else(String::new, |words| format!(", {words}"));
            PaneLine::new("state", Tone::Bad, format!("{word} for {}{next}; r tries now", span(now.since(since))))
        }
        (Link::Down(..), None) => PaneLine::new("state", Tone::Bad, format!("{word}; r tries now")),
        (Link::Connecting, _) => PaneLine::new("state", Tone::Faint, "connecting for the first time"),
        (Link::Up, _) => PaneLine::new("state", Tone::Good, format!("{word}, connected to {}", t.target.address)),
    }
}

/// The likeliest causes, each with what to do.
fn findings(c: &Connection) -> Vec<PaneLine> {
    let mut lines = Vec::new();
    let best = c.diagnosis.findings.iter().position(|f| f.change.is_some());
    for (i, finding) in c.diagnosis.findings.iter().take(4).enumerate() {
        let label = if i == 0 { "cause" } else { "" };
        let remedy = match (&finding.change, &finding.by_hand) {
            (Some(change), _) if best == Some(i) => format!(" -> {}: a tries it", change.words()),
            (Some(change), _) => format!(" -> {}: `:apply {}` tries it", change.words(), i + 1),
            (None, Some(words)) => format!(": {words}"),
            (None, None) => String::new(),
        };
        let tone = if finding.change.is_some() { Tone::Doubtful } else { Tone::Plain };
        lines.push(PaneLine::new(label, tone, format!("{:>2}% {}{remedy}", finding.confidence, finding.what)));
    }
    if c.diagnosis.looking {
        lines.push(PaneLine::new("cause", Tone::Faint, "looking round on the target's host ..."));
    }
    lines
}

fn limits_words(limits: &BreakerLimits) -> String {
    format!("{} failures within {}", limits.failures, span(limits.within_ms))
}

fn in_a_row(c: &Connection) -> String {
    match c.contact.failures() {
        1 => "1 failure".to_owned(),
        n => format!("{n} failures in a row"),
    }
}

fn breaker(c: &Connection, now: Timestamp, offset_minutes: i32) -> PaneLine {
    let limits = &c.contact.patience().breaker;
    match c.contact.gate() {
        Gate::Closed if c.contact.failures() == 0 => PaneLine::new(
            "breaker",
            Tone::Plain,
            format!("closed; {} open it for {}", limits_words(limits), span(limits.open_ms)),
        ),
        Gate::Closed => {
            let attempts = c.contact.patience().backoff.attempts;
            PaneLine::new(
                "breaker",
                Tone::Doubtful,
                format!("closed; {} of {attempts} quick attempts failed", c.contact.failures()),
            )
        }
        Gate::Open(until) if now < until => {
            let recovery = c.contact.recovery().map_or("", |r| r.words());
            let at = until.clock(offset_minutes);
            PaneLine::new("breaker", Tone::Bad, format!("open until {at}, {}; {recovery}", in_a_row(c)))
        }
        Gate::Open(_) | Gate::HalfOpen => {
            PaneLine::new("breaker", Tone::Doubtful, format!("half-open: one probe, after {}", in_a_row(c)))
        }
    }
}

fn logins(c: &Connection, now: Timestamp, offset_minutes: i32) -> PaneLine {
    let limits = &c.contact.patience().logins;
    let failed = c.contact.recent_login_failures(now);
    match c.contact.logins_held_until(now) {
        Some(until) => {
            let at = until.clock(offset_minutes);
            PaneLine::new(
                "logins",
                Tone::Bad,
                format!(
                    "held back until {at}: {failed} failed within {}; r twice tries all the same",
                    span(limits.within_ms)
                ),
            )
        }
        None => {
            let tone = if failed > 0 { Tone::Doubtful } else { Tone::Plain };
            PaneLine::new(
                "logins",
                tone,
                format!(
                    "{failed} of {} failures within {} that hold them back",
                    limits.failures,
                    span(limits.within_ms)
                ),
            )
        }
    }
}

fn rates(c: &Connection) -> PaneLine {
    let words: Vec<String> =
        SPANS.iter().zip(&c.record.rates).map(|((_, name), rate)| format!("{name} {}", rate.words())).collect();
    PaneLine::new("success", Tone::Plain, words.join("; "))
}

fn applied(c: &Connection) -> Option<PaneLine> {
    let applied = c.diagnosis.applied.as_ref()?;
    let (tone, word) = if applied.works { (Tone::Good, "works") } else { (Tone::Doubtful, "is tried") };
    let text = format!("{} {word} for this run; to keep it write: url = \"{}\"", applied.change.words(), applied.url);
    Some(PaneLine::new("changed", tone, text))
}

fn attempts(c: &Connection, offset_minutes: i32) -> Table {
    let mut table = Table::with_columns(&[
        ("AT", false),
        ("FOR", false),
        ("OUTCOME", false),
        ("TOOK", true),
        ("CODE", false),
        ("SETTING", false),
        ("MESSAGE", false),
    ]);
    table.rows = c
        .record
        .last
        .iter()
        .map(|a| TableRow {
            key: format!("{}.{:03}", a.at.date_time(offset_minutes), a.at.0.rem_euclid(1000)),
            cells: vec![
                TableCell::number(a.at.date_time(offset_minutes), Some(a.at.0 as f64)),
                TableCell::plain(a.purpose.word()),
                TableCell::untrusted(a.failure.as_deref().unwrap_or("connected")),
                TableCell::number(format!("{} ms", a.took_ms), Some(a.took_ms as f64)),
                TableCell::untrusted(&a.code),
                TableCell::untrusted(&a.setting),
                TableCell::untrusted(&a.message),
            ],
            state: (!a.succeeded()).then_some(State::Down),
            ..TableRow::default()
        })
        .collect();
    table
}
