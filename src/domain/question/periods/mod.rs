//! Dates and stretches of time in words: `last week`, `since March 3`, `in 2024`, `between 2 and 3`.
//!
//! All arithmetic is on local wall time; the offset to UTC turns the result into moments.

mod calendar;

use super::selection::{Comparison, Period};
use super::words::{Kind, Token};
use crate::domain::target::Timestamp;
use chrono::{DateTime, Datelike as _, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime};

use calendar::{Unit, back, midnight, month, stamp, unit, weekday, whole_month, whole_unit};
pub(super) use calendar::{counts_days, day};

/// Now, in local time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) now: NaiveDateTime,
    offset_minutes: i32,
}

/// A stretch of local time with open or closed ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Option<NaiveDateTime>,
    pub(super) to: Option<NaiveDateTime>,
}

/// From (included) to (excluded), in local time.
pub(super) type Span = (NaiveDateTime, NaiveDateTime);

impl Clock {
    pub(super) fn new(now: Timestamp, offset_minutes: i32) -> Option<Self> {
        let shifted = now.0.checked_add(i64::from(offset_minutes) * 60_000)?;
        Some(Self { now: DateTime::from_timestamp_millis(shifted)?.naive_utc(), offset_minutes })
    }
    fn moment(&self, local: NaiveDateTime) -> Timestamp {
        Timestamp(local.and_utc().timestamp_millis() - i64::from(self.offset_minutes) * 60_000)
    }
    pub(super) fn period(&self, stretch: Stretch) -> Period {
        Period {
            from: stretch.from.map(|t| self.moment(t)),
            to: stretch.to.map(|t| self.moment(t)),
            offset_minutes: self.offset_minutes,
        }
    }
    pub(super) fn today(&self) -> NaiveDate {
        self.now.date()
    }
}

/// How a stretch reads back: `2026-08-17 to 2026-08-23`, both days included.
pub(super) fn in_words(stretch: Stretch) -> String {
    let day = |t: NaiveDateTime| {
        if t.time() == NaiveTime::MIN {
            t.format("%Y-%m-%d").to_string()
        } else {
            t.format("%Y-%m-%d %H:%M").to_string()
        }
    };
    let last = |t: NaiveDateTime| {
        if t.time() == NaiveTime::MIN { day(t - Duration::days(1)) } else { day(t) }
    };
    match (stretch.from, stretch.to) {
        (Some(a), Some(b)) if b - a == Duration::days(1) && a.time() == NaiveTime::MIN => day(a),
        (Some(a), Some(b)) => format!("{} to {}", day(a), last(b)),
        (Some(a), None) => format!("{} and later", day(a)),
        (None, Some(b)) => format!("before {}", day(b)),
        (None, None) => "any time".into(),
    }
}

/// A period that begins at the first of these tokens, and how many tokens it takes.
pub(super) fn period_at(tokens: &[Token], clock: &Clock) -> Option<(Stretch, usize)> {
    let first = tokens.first()?;
    let after = &tokens[1..];
    let open = |from, to| Stretch { from, to };
    if first.is(&["between"]) {
        let (a, n) = point(after, clock)?;
        after.get(n).filter(|t| t.is(&["and", "to"]))?;
        let (b, m) = point(&after[n + 1..], clock)?;
        let (a, b) = in_order(a, b);
        return (b.1 > a.0).then_some((open(Some(a.0), Some(b.1)), 2 + n + m));
    }
    if first.is(&["since", "starting"]) {
        let skip = usize::from(after.first().is_some_and(|t| t.is(&["from", "on", "in", "at"])));
        let (a, n) = point(&after[skip..], clock)?;
        let a = not_in_future(a, clock, after);
        return Some((open(Some(a.0), None), 1 + skip + n));
    }
    if first.is(&["after", "following"]) {
        let (a, n) = point(after, clock)?;
        return Some((open(Some(a.1), None), 1 + n));
    }
    if first.is(&["before", "until", "till", "prior"]) {
        let skip = usize::from(after.first().is_some_and(|t| t.is(&["to"])));
        let (a, n) = point(&after[skip..], clock)?;
        let end = if first.is(&["until", "till"]) { a.1 } else { a.0 };
        return Some((open(None, Some(end)), 1 + skip + n));
    }
    if first.is(&["older", "newer"]) && after.first().is_some_and(|t| t.is(&["than"])) {
        let (a, n) = point_or_age(&after[1..], clock)?;
        let stretch = if first.is(&["older"]) { open(None, Some(a)) } else { open(Some(a), None) };
        return Some((stretch, 2 + n));
    }
    if first.is(&["from"])
        && let Some((a, n)) = point(after, clock)
    {
        if after.get(n).is_some_and(|t| t.is(&["to", "until", "till", "through"]))
            && let Some((b, m)) = point(&after[n + 1..], clock)
        {
            let (a, b) = in_order(a, b);
            return (b.1 > a.0).then_some((open(Some(a.0), Some(b.1)), 2 + n + m));
        }
        if after.get(n).is_some_and(|t| t.is(&["on", "onwards", "onward"])) {
            return Some((open(Some(a.0), None), 2 + n));
        }
        return Some((open(Some(a.0), Some(a.1)), 1 + n));
    }
    let preposition = first.is(&["in", "on", "during", "of", "for", "over", "within", "from", "at", "throughout"]);
    if preposition {
        let the = usize::from(after.first().is_some_and(|t| t.is(&["the"])));
        // `over 2000` is a number, `over the last week` a period.
        let loose = first.is(&["over", "at", "within"]);
        let (a, n) = if loose { relative(&after[the..], clock)? } else { point(&after[the..], clock)? };
        return Some((open(Some(a.0), Some(a.1)), 1 + the + n));
    }
    // A bare year is only a number.
    if first.kind == Kind::Number
        && !tokens.get(1).is_some_and(|t| month(&t.lower).is_some() || unit(&t.lower).is_some())
    {
        return None;
    }
    let the = usize::from(first.is(&["the"]));
    let (a, n) = point(&tokens[the..], clock)?;
    Some((open(Some(a.0), Some(a.1)), the + n))
}

/// A named stretch behind an operator: `created_at > 2024-01-01`.
pub(super) fn span_at(tokens: &[Token], clock: &Clock) -> Option<(Span, usize)> {
    let skip = usize::from(tokens.first()?.is(&["in", "on", "the"]));
    point(tokens.get(skip..)?, clock).map(|(span, n)| (span, skip + n))
}

/// What a comparison with a stretch means: later than a day is from the next day on. `NotEqual` gives the stretch
/// itself, for the caller to deny.
pub(super) fn compared(comparison: Comparison, (from, to): Span) -> Stretch {
    let moment = from == to;
    match comparison {
        Comparison::Equal | Comparison::NotEqual => {
            Stretch { from: Some(from), to: Some(if moment { to + Duration::seconds(1) } else { to }) }
        }
        Comparison::Greater => {
            Stretch { from: Some(if moment { to + Duration::milliseconds(1) } else { to }), to: None }
        }
        Comparison::AtLeast => Stretch { from: Some(from), to: None },
        Comparison::Less => Stretch { from: None, to: Some(from) },
        Comparison::AtMost => {
            Stretch { from: None, to: Some(if moment { to + Duration::milliseconds(1) } else { to }) }
        }
    }
}

fn point_or_age(tokens: &[Token], clock: &Clock) -> Option<(NaiveDateTime, usize)> {
    if let (Some(n), Some(u)) = (tokens.first().and_then(whole), tokens.get(1).and_then(|t| unit(&t.lower))) {
        return Some((back(clock.now, u, n)?, 2));
    }
    point(tokens, clock).map(|(a, n)| (a.0, n))
}

/// `between November and February` crosses a year.
fn in_order(a: Span, b: Span) -> (Span, Span) {
    if a.0 < b.1 {
        return (a, b);
    }
    let earlier = |t: NaiveDateTime| t.checked_sub_months(Months::new(12)).unwrap_or(t);
    ((earlier(a.0), earlier(a.1)), b)
}

/// `since November`, asked in March, is last year's November.
fn not_in_future(a: Span, clock: &Clock, typed: &[Token]) -> Span {
    let has_year = typed.iter().any(|t| t.kind == Kind::Stamp || (t.kind == Kind::Number && t.text.len() == 4));
    if a.0 <= clock.now || has_year {
        return a;
    }
    let earlier = |t: NaiveDateTime| t.checked_sub_months(Months::new(12)).unwrap_or(t);
    (earlier(a.0), earlier(a.1))
}

/// A named stretch: a day, week, month, quarter, year, or the last so many of them.
pub(super) fn point(tokens: &[Token], clock: &Clock) -> Option<(Span, usize)> {
    let first = tokens.first()?;
    let word = first.lower.as_str();
    if first.kind == Kind::Quoted {
        return stamp(&first.text).map(|s| (s, 1));
    }
    if first.kind == Kind::Stamp {
        let (date, end) = stamp(&first.text)?;
        return Some(((date, end), 1));
    }
    let today = clock.today();
    match word {
        "today" => return Some((day(today), 1)),
        "yesterday" => return Some((day(today.checked_sub_days(Days::new(1))?), 1)),
        "tomorrow" => return Some((day(today.checked_add_days(Days::new(1))?), 1)),
        "now" => return Some(((clock.now, clock.now), 1)),
        "year" => {
            let (span, n) = year(tokens.get(1)?)?;
            return Some((span, 1 + n));
        }
        _ => {}
    }
    if let Some((span, n)) = relative(tokens, clock) {
        return Some((span, n));
    }
    if let Some((span, n)) = named_month(tokens, clock) {
        return Some((span, n));
    }
    if let Some((span, n)) = named_quarter(tokens, clock) {
        return Some((span, n));
    }
    if let Some(weekday) = weekday(word) {
        let back = (today.weekday().num_days_from_monday() + 7 - weekday) % 7;
        return Some((day(today.checked_sub_days(Days::new(u64::from(back)))?), 1));
    }
    year(first)
}

/// `last week`, `past 7 days`, `this month`, `3 days ago`, `last Monday`.
fn relative(tokens: &[Token], clock: &Clock) -> Option<(Span, usize)> {
    let first = tokens.first()?;
    if let (Some(n), Some(u)) = (whole(first), tokens.get(1).and_then(|t| unit(&t.lower))) {
        if tokens.get(2).is_some_and(|t| t.is(&["ago"])) {
            let then = back(clock.now, u, n)?;
            let span = if matches!(u, Unit::Hour | Unit::Minute) { (then, clock.now) } else { whole_unit(then, u)? };
            return Some((span, 3));
        }
        return None;
    }
    let (previous, rolling) = match first.lower.as_str() {
        "last" | "previous" => (true, false),
        "past" => (true, true),
        "this" | "current" => (false, false),
        _ => return None,
    };
    let second = tokens.get(1)?;
    if previous {
        if let (Some(n), Some(u)) = (whole(second), tokens.get(2).and_then(|t| unit(&t.lower))) {
            return Some(((back(clock.now, u, n)?, clock.now), 3));
        }
        if second.is(&["few", "couple"]) {
            return None;
        }
        if let Some(w) = weekday(&second.lower) {
            let today = clock.today();
            let days = (today.weekday().num_days_from_monday() + 7 - w - 1) % 7 + 1;
            return Some((day(today.checked_sub_days(Days::new(u64::from(days)))?), 2));
        }
        if second.is(&["night"]) {
            let evening = clock.today().checked_sub_days(Days::new(1))?.and_hms_opt(18, 0, 0)?;
            return Some(((evening, evening + Duration::hours(12)), 2));
        }
        if let Some(m) = month(&second.lower) {
            let this = clock.today();
            let year = if m >= this.month() { this.year() - 1 } else { this.year() };
            return Some((whole_month(year, m)?, 2));
        }
    }
    if second.is(&["morning"]) && !previous {
        return Some(((clock.today().and_hms_opt(0, 0, 0)?, clock.today().and_hms_opt(12, 0, 0)?), 2));
    }
    let u = unit(&second.lower).filter(|_| !second.lower.ends_with('s'))?;
    if rolling || (previous && matches!(u, Unit::Hour | Unit::Minute)) {
        return Some(((back(clock.now, u, 1)?, clock.now), 2));
    }
    let span = whole_unit(clock.now, u)?;
    if previous { Some((whole_unit(back(span.0, u, 1)?, u)?, 2)) } else { Some((span, 2)) }
}

/// `March`, `March 2024`, `March 3`, `March 3, 2024`, `3 March 2024`, `3rd of March`.
fn named_month(tokens: &[Token], clock: &Clock) -> Option<(Span, usize)> {
    let first = tokens.first()?;
    if let Some(m) = month(&first.lower) {
        let mut at = 1;
        let day_number = tokens.get(at).and_then(whole).filter(|d| (1..=31).contains(d));
        at += usize::from(day_number.is_some());
        let comma = usize::from(tokens.get(at).is_some_and(|t| t.is(&[","])));
        let year_typed = tokens.get(at + comma).and_then(year_number);
        let at = if year_typed.is_some() { at + comma + 1 } else { at };
        let year = year_typed.unwrap_or_else(|| year_of(m, clock));
        return match day_number {
            Some(d) => Some((day(NaiveDate::from_ymd_opt(year, m, u32::try_from(d).ok()?)?), at)),
            None => Some((whole_month(year, m)?, at)),
        };
    }
    let d = whole(first).filter(|d| (1..=31).contains(d))?;
    let of = usize::from(tokens.get(1).is_some_and(|t| t.is(&["of"])));
    let m = tokens.get(1 + of).and_then(|t| month(&t.lower))?;
    let year_typed = tokens.get(2 + of).and_then(year_number);
    let year = year_typed.unwrap_or_else(|| year_of(m, clock));
    let date = NaiveDate::from_ymd_opt(year, m, u32::try_from(d).ok()?)?;
    Some((day(date), 2 + of + usize::from(year_typed.is_some())))
}

/// A month without a year is the latest one that has begun.
fn year_of(month: u32, clock: &Clock) -> i32 {
    let today = clock.today();
    if month > today.month() { today.year() - 1 } else { today.year() }
}

/// `Q3`, `Q3 2024`, `third quarter of 2024`.
fn named_quarter(tokens: &[Token], clock: &Clock) -> Option<(Span, usize)> {
    const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];
    let first = tokens.first()?;
    let (q, mut at) = match first.lower.strip_prefix('q').and_then(|n| n.parse::<u32>().ok()) {
        Some(q @ 1..=4) => (q, 1),
        _ => {
            let q = ORDINALS.iter().position(|o| *o == first.lower)?;
            tokens.get(1).filter(|t| t.is(&["quarter"]))?;
            (u32::try_from(q).ok()? + 1, 2)
        }
    };
    let of = usize::from(tokens.get(at).is_some_and(|t| t.is(&["of", "in"])));
    let year = tokens.get(at + of).and_then(year_number);
    if year.is_some() {
        at += of + 1;
    }
    let month = (q - 1) * 3 + 1;
    let from = NaiveDate::from_ymd_opt(year.unwrap_or_else(|| year_of(month, clock)), month, 1)?;
    Some(((midnight(from), midnight(from.checked_add_months(Months::new(3))?)), at))
}

fn year(token: &Token) -> Option<(Span, usize)> {
    let y = year_number(token)?;
    Some(((midnight(NaiveDate::from_ymd_opt(y, 1, 1)?), midnight(NaiveDate::from_ymd_opt(y + 1, 1, 1)?)), 1))
}

fn year_number(token: &Token) -> Option<i32> {
    let typed = token.kind == Kind::Number && token.text.len() == 4;
    token.text.parse().ok().filter(|y| typed && (1900..=2199).contains(y))
}

fn whole(token: &Token) -> Option<i64> {
    const WORDS: [&str; 12] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    if token.kind == Kind::Number {
        return token.text.parse().ok();
    }
    WORDS.iter().position(|w| *w == token.lower).and_then(|i| i64::try_from(i + 1).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::words::tokens;
    use super::*;

    /// Wednesday 2026-08-19 16:30 UTC.
    const NOW: Timestamp = Timestamp(1_787_157_000_000);

    fn read(text: &str) -> Option<String> {
        let clock = Clock::new(NOW, 0)?;
        let tokens = tokens(text);
        let (stretch, n) = period_at(&tokens, &clock)?;
        (n == tokens.len()).then(|| in_words(stretch))
    }

    #[test]
    fn periods_in_words() {
        let cases = [
            ("today", "2026-08-19"),
            ("yesterday", "2026-08-18"),
            ("last week", "2026-08-10 to 2026-08-16"),
            ("this week", "2026-08-17 to 2026-08-23"),
            ("last month", "2026-07-01 to 2026-07-31"),
            ("in 2024", "2024-01-01 to 2024-12-31"),
            ("since March 3", "2026-03-03 and later"),
            ("since November", "2025-11-01 and later"),
            ("before 2024-01-01", "before 2024-01-01"),
            ("after 2024-01-01", "2024-01-02 and later"),
            ("in the last 7 days", "2026-08-12 16:30 to 2026-08-19 16:30"),
            ("between 2024-01-01 and 2024-01-31", "2024-01-01 to 2024-01-31"),
            ("from March 1 to March 5", "2026-03-01 to 2026-03-05"),
            ("in March 2024", "2024-03-01 to 2024-03-31"),
            ("on 3 March 2024", "2024-03-03"),
            ("in Q3 2024", "2024-07-01 to 2024-09-30"),
            ("last Monday", "2026-08-17"),
            ("31.12.2024", "2024-12-31"),
            ("3 days ago", "2026-08-16"),
            ("last year", "2025-01-01 to 2025-12-31"),
        ];
        for (typed, expected) in cases {
            assert_eq!(read(typed).as_deref(), Some(expected), "{typed}");
        }
        for typed in ["1/2/2024", "2024", "in 7", "last"] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
