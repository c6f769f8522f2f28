//! Units of time, months, days of the week and written dates.

use super::Span;
use chrono::{Datelike as _, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

/// The word is a unit of time or a month.
pub(in crate::domain::question) fn counts_days(word: &str) -> bool {
    unit(word).is_some() || month(word).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word.strip_suffix('s').unwrap_or(word) {
        "minute" | "min" => Unit::Minute,
        "hour" => Unit::Hour,
        "day" => Unit::Day,
        "week" => Unit::Week,
        "month" => Unit::Month,
        "quarter" => Unit::Quarter,
        "year" => Unit::Year,
        _ => return None,
    })
}

pub(super) fn back(from: NaiveDateTime, unit: Unit, n: i64) -> Option<NaiveDateTime> {
    let months =
        |each: i64| u32::try_from(n.checked_mul(each)?).ok().and_then(|m| from.checked_sub_months(Months::new(m)));
    match unit {
        Unit::Minute => from.checked_sub_signed(Duration::try_minutes(n)?),
        Unit::Hour => from.checked_sub_signed(Duration::try_hours(n)?),
        Unit::Day => from.checked_sub_signed(Duration::try_days(n)?),
        Unit::Week => from.checked_sub_signed(Duration::try_weeks(n)?),
        Unit::Month => months(1),
        Unit::Quarter => months(3),
        Unit::Year => months(12),
    }
}

/// The whole hour, day, week ... that holds a moment.
pub(super) fn whole_unit(at: NaiveDateTime, unit: Unit) -> Option<Span> {
    let date = at.date();
    Some(match unit {
        Unit::Minute => {
            let from = at.with_second(0)?.with_nanosecond(0)?;
            (from, from + Duration::minutes(1))
        }
        Unit::Hour => {
            let from = date.and_hms_opt(at.hour(), 0, 0)?;
            (from, from + Duration::hours(1))
        }
        Unit::Day => day(date),
        Unit::Week => {
            let monday = date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))?;
            (midnight(monday), midnight(monday) + Duration::days(7))
        }
        Unit::Month => whole_month(date.year(), date.month())?,
        Unit::Quarter => {
            let from = NaiveDate::from_ymd_opt(date.year(), (date.month() - 1) / 3 * 3 + 1, 1)?;
            (midnight(from), midnight(from.checked_add_months(Months::new(3))?))
        }
        Unit::Year => (
            midnight(NaiveDate::from_ymd_opt(date.year(), 1, 1)?),
            midnight(NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)?),
        ),
    })
}

pub(super) fn whole_month(year: i32, month: u32) -> Option<Span> {
    let from = NaiveDate::from_ymd_opt(year, month, 1)?;
    Some((midnight(from), midnight(from.checked_add_months(Months::new(1))?)))
}

pub(in crate::domain::question) fn day(date: NaiveDate) -> Span {
    (midnight(date), midnight(date) + Duration::days(1))
}

pub(super) fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

/// `2024-01-31`, `2024-01`, `2024-01-31T14:05`, `31.01.2024`; `1/2/2024` only where it can mean but one day.
pub(super) fn stamp(text: &str) -> Option<Span> {
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, format) {
            return Some((at, at));
        }
    }
    for format in ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"] {
        if let Ok(date) = NaiveDate::parse_from_str(text, format) {
            return (date.year() > 999).then(|| day(date));
        }
    }
    if let Some((a, rest)) = text.split_once('/')
        && let Some((b, y)) = rest.split_once('/')
    {
        let (a, b, y): (u32, u32, i32) = (a.parse().ok()?, b.parse().ok()?, y.parse().ok()?);
        let date = if a > 12 {
            NaiveDate::from_ymd_opt(y, b, a)
        } else if b > 12 {
            NaiveDate::from_ymd_opt(y, a, b)
        } else {
            None
        };
        return date.map(day);
    }
    let (y, m) = text.split_once('-')?;
    if y.len() == 4 && m.len() <= 2 { whole_month(y.parse().ok()?, m.parse().ok()?) } else { None }
}

pub(super) fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let full = NAMES.iter().position(|n| *n == word);
    let short =
        || NAMES.iter().position(|n| (word.len() == 3 && n.starts_with(word)) || (word == "sept" && *n == "september"));
    full.or_else(short).and_then(|i| u32::try_from(i + 1).ok())
}

pub(super) fn weekday(word: &str) -> Option<u32> {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    NAMES.iter().position(|n| *n == word).and_then(|i| u32::try_from(i).ok())
}
