//! Questions about past activity: `who blocked at 02:10?`, `what ran yesterday at 14:00`.

use super::intent::Intent;
use super::mentions;
use super::periods::{self, Clock, Span, Stretch};
use super::reading::{Question, Reading};
use super::selection::Period;
use super::words::{Kind, Token};
use chrono::{Duration, NaiveDate, NaiveTime};

/// Words of which one must be there: somebody did or waited for something.
const ACTS: &[&str] =
    &["run", "block", "lock", "wait", "query", "active", "connection", "transaction", "idleintransaction", "slow"];

/// Words that may stand beside them.
const MAY: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "by", "and",
    "database", "server", "each", "or", "between", "last", "time", "when", "idle", "deadlock", "long", "top",
    "howmany", "user",
];

/// The question as one about the past, if it is one.
pub(super) fn read(question: &Question<'_>) -> Option<Reading> {
    let tokens = &question.tokens;
    if !tokens.iter().any(|t| t.one_of(ACTS)) {
        return None;
    }
    // A table of the person's own that is called so: its rows are meant.
    if mentions::all(question).iter().any(|m| m.explicit || m.tokens_mean_nothing(question)) {
        return None;
    }
    let (period, used) = past_moment(tokens, &question.clock)?;
    let (from, to) = (period.from?, period.to?);
    let extra = [
        "since", "until", "after", "before", "around", "about", "am", "pm", "near", "during", "o'clock", "till", "was",
        "were",
    ];
    let explained = tokens.iter().enumerate().all(|(i, t)| {
        used.contains(&i)
            || t.kind == Kind::Symbol
            || (t.kind == Kind::Word && (t.one_of(ACTS) || MAY.contains(&t.canon) || t.is(&extra)))
            || question.is_own_name(t)
    });
    if !explained || from >= to {
        return None;
    }
    let offset = period.offset_minutes;
    let note = format!("time read as {} to {}", from.date_time(offset), to.date_time(offset));
    Some(Reading { intent: Intent::ActivityAt { from, to }, notes: vec![note], topic: None, plain: true })
}

/// How far around a moment samples are looked at when only a minute was named.
const AROUND_MINUTE: i64 = 1;

/// A past stretch with a time of day in it, anywhere in the question: for looking back at activity. With it, which
/// tokens told it.
fn past_moment(tokens: &[Token], clock: &Clock) -> Option<(Period, Vec<usize>)> {
    let mut used = Vec::new();
    let mut date: Option<NaiveDate> = None;
    let mut stretch: Option<Span> = None;
    let mut clocks: Vec<NaiveTime> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let rest = &tokens[i..];
        if let Some((time, n)) = time_of_day(tokens, i, !clocks.is_empty()) {
            clocks.push(time);
            used.extend(i..i + n);
            i += n;
        } else if let Some((span, n)) =
            periods::point(rest, clock).filter(|_| rest[0].kind != Kind::Number || rest.len() > 1)
        {
            if span.1 - span.0 == Duration::days(1) && span.0.time() == NaiveTime::MIN {
                date = Some(span.0.date());
            } else if span.1 > span.0 {
                stretch = Some(span);
            } else if rest[0].kind == Kind::Stamp {
                date = Some(span.0.date());
                clocks.push(span.0.time());
            } else {
                i += 1;
                continue;
            }
            used.extend(i..i + n);
            i += n;
        } else {
            i += 1;
        }
    }
    let on = |time: NaiveTime| match date {
        Some(date) => date.and_time(time),
        None => {
            let at = clock.today().and_time(time);
            if at > clock.now { at - Duration::days(1) } else { at }
        }
    };
    let span = match clocks.as_slice() {
        [] => stretch.or_else(|| date.map(periods::day))?,
        [at] => {
            let at = on(*at);
            let since = tokens.iter().any(|t| t.is(&["since", "after"]));
            let around = if tokens.iter().any(|t| t.is(&["around", "about", "near"])) { 15 } else { AROUND_MINUTE };
            if since { (at, clock.now) } else { (at - Duration::minutes(around), at + Duration::minutes(1 + around)) }
        }
        [from, to, ..] => {
            let start = on(*from);
            let end = start.date().and_time(*to);
            (start, if end <= start { end + Duration::days(1) } else { end })
        }
    };
    let stretch = Stretch { from: Some(span.0), to: Some(span.1.min(clock.now.max(span.0))) };
    Some((clock.period(stretch), used))
}

/// `02:10`, `3pm`, `at 3`, `noon`. A bare hour counts only behind `at`, `between`, or as the second end.
fn time_of_day(tokens: &[Token], i: usize, second: bool) -> Option<(NaiveTime, usize)> {
    let token = &tokens[i];
    let half = tokens.get(i + 1).filter(|t| t.is(&["am", "pm"]));
    let taken = 1 + usize::from(half.is_some());
    let shift = |hour: u32| match half {
        Some(h) if h.is(&["pm"]) && hour < 12 => hour + 12,
        Some(h) if h.is(&["am"]) && hour == 12 => 0,
        _ => hour,
    };
    if token.is(&["noon", "midday"]) {
        return Some((NaiveTime::from_hms_opt(12, 0, 0)?, 1));
    }
    if token.is(&["midnight"]) {
        return Some((NaiveTime::MIN, 1));
    }
    if token.kind == Kind::Stamp && token.text.contains(':') && !token.text.contains('-') {
        let mut parts = token.text.split(':').map(str::parse::<u32>);
        let (h, m, s) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next().and_then(Result::ok).unwrap_or(0));
        return Some((NaiveTime::from_hms_opt(shift(h), m, s)?, taken));
    }
    if token.kind == Kind::Number && token.text.len() <= 2 {
        let before = i.checked_sub(1).map(|b| &tokens[b]);
        let announced = before.is_some_and(|t| t.is(&["at", "between", "around", "since", "from", "after"]));
        let followed = tokens.get(i + 1).is_some_and(|t| periods::counts_days(&t.lower));
        let end = second && before.is_some_and(|t| t.is(&["and", "to", "until"]));
        if (half.is_some() || announced || end) && !followed {
            let hour: u32 = token.text.parse().ok()?;
            return Some((NaiveTime::from_hms_opt(shift(hour), 0, 0)?, taken));
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::words::tokens;
    use super::*;
    use crate::domain::target::Timestamp;

    /// Wednesday 2026-08-19 16:30 UTC.
    const NOW: Timestamp = Timestamp(1_787_157_000_000);

    #[test]
    fn past_moments_of_activity() {
        let clock = Clock::new(NOW, 120).unwrap();
        let read = |text: &str| {
            let (p, _) = past_moment(&tokens(text), &clock).unwrap();
            format!("{} {}", p.from.unwrap().date_time(120), p.to.unwrap().date_time(120))
        };
        assert_eq!(read("who blocked at 02:10?"), "2026-08-19 02:09:00 2026-08-19 02:12:00");
        assert_eq!(read("what ran yesterday at 14:00"), "2026-08-18 13:59:00 2026-08-18 14:02:00");
        assert_eq!(read("blocked between 2 and 3"), "2026-08-19 02:00:00 2026-08-19 03:00:00");
        assert_eq!(read("what was running at 11pm"), "2026-08-18 22:59:00 2026-08-18 23:02:00");
        assert_eq!(read("blocked between 23:30 and 1am"), "2026-08-18 23:30:00 2026-08-19 01:00:00");
    }
}
