//! Times as logs write them, in UTC: with an offset, with the abbreviation of a zone, or with neither.

use super::format::LogOptions;
use crate::domain::target::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// Abbreviations that logs use: the name, minutes east of UTC. Where several zones share one, all of them stand here,
/// the one that most servers mean first. Zones without an abbreviation are written as numbers.
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("UCT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("IST", 330),
    ("IST", 60),
    ("IST", 120),
    ("IDT", 180),
    ("CET", 60),
    ("CEST", 120),
    ("MET", 60),
    ("MEST", 120),
    ("WAT", 60),
    ("CAT", 120),
    ("SAST", 120),
    ("EAT", 180),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("MSD", 240),
    ("PKT", 300),
    ("WIB", 420),
    ("WITA", 480),
    ("WIT", 540),
    ("HKT", 480),
    ("SGT", 480),
    ("CST", -360),
    ("CST", 480),
    ("CST", -300),
    ("CDT", -300),
    ("CDT", -240),
    ("JST", 540),
    ("KST", 540),
    ("AWST", 480),
    ("ACST", 570),
    ("ACDT", 630),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
    ("NST", -210),
    ("NDT", -150),
    ("AST", -240),
    ("ADT", -180),
    ("EST", -300),
    ("EDT", -240),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PST", 480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("HDT", -540),
    ("SST", -660),
    ("BRT", -180),
    ("ART", -180),
    ("CLT", -240),
    ("COT", -300),
];

/// What a reader of times remembers: how to take those without a zone, and the last ones, because neighbours in a log
/// share nearly everything.
#[derive(Debug, Clone)]
pub struct LogClock {
    offset_minutes: i32,
    now: Timestamp,
    last_second: [u8; 19],
    last_second_ms: i64,
    last_zone: Vec<u8>,
    last_zone_minutes: i32,
    /// Abbreviations that nobody knows, each once.
    unknown: Vec<String>,
}

impl LogClock {
    /// Reads times by these options.
    pub fn new(options: &LogOptions<'_>) -> Self {
        Self {
            offset_minutes: options.offset_minutes,
            now: options.now,
            last_second: [0; 19],
            last_second_ms: 0,
            last_zone: Vec::new(),
            last_zone_minutes: 0,
            unknown: Vec::new(),
        }
    }

    /// `2026-11-21 20:40:02.059 CET`, `2026-11-21T20:40:02,059123+01:00`, `2026-11-21 20:40:02`: the moment, and the
    /// bytes that it takes.
    pub fn date_time(&mut self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let mut used = date_time_length(bytes)?;
        let second = bytes.first_chunk::<19>()?;
        if *second != self.last_second {
            self.last_second_ms = second_ms(second)?;
            self.last_second = *second;
        }
        let local = self.last_second_ms + fraction_ms(&bytes[19..used]);
        let minutes = match zone_length(&bytes[used..]) {
            0 => self.offset_minutes,
            length => {
                let zone = bytes[used..used + length].trim_ascii();
                used += length;
                self.zone_minutes(zone)
            }
        };
        Some((Timestamp(local - i64::from(minutes) * 60_000), used))
    }

    /// `21 Nov 2026 20:40:02.059`, `Nov 21 20:40:02`, `2026 Nov 21 20:40:02`: the moment in local time, and the bytes
    /// that it takes. A time without a year is of the last twelve months.
    pub fn named_month(&self, bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let (mut year, mut month, mut day) = (None, None, None);
        let mut at = 0;
        while year.is_none() || month.is_none() || day.is_none() {
            let word_end = bytes[at..].iter().position(|b| *b == b' ').map(|i| at + i)?;
            let word = &bytes[at..word_end];
            match (word.len(), number(word)) {
                (0, _) => {}
                (3, None) if month.is_none() => month = Some(month_of(word)?),
                (4, Some(n)) if year.is_none() => year = Some(n),
                (1 | 2, Some(n)) if day.is_none() => day = Some(n),
                // The time of day: there is no year.
                _ if word.contains(&b':') => break,
                _ => return None,
            }
            at = word_end + 1;
        }
        let time = bytes.get(at..at + 8)?;
        let (hour, minute, second) = (number(&time[..2])?, number(&time[3..5])?, number(&time[6..8])?);
        if time[2] != b':' || time[5] != b':' {
            return None;
        }
        let rest = &bytes[at + 8..];
        let fraction = fraction_length(rest);
        let (month, day) = (month?, day?);
        let of_year = |year: i64| {
            let days = days_from_civil(year, month, day);
            let clock = (hour * 3600 + minute * 60 + second) * 1000;
            days * DAY_MS + clock + fraction_ms(&rest[..fraction]) - i64::from(self.offset_minutes) * 60_000
        };
        let moment = match year {
            Some(year) => of_year(year),
            None => {
                let this_year = year_of(self.now);
                // A day of grace for clocks that differ.
                Some(of_year(this_year)).filter(|m| *m <= self.now.0 + DAY_MS).unwrap_or_else(|| of_year(this_year - 1))
            }
        };
        Some((Timestamp(moment), at + 8 + fraction))
    }

    /// `1763757602.059`: seconds since 1970, and the bytes that it takes.
    pub fn epoch(bytes: &[u8]) -> Option<(Timestamp, usize)> {
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let seconds = (1..=12).contains(&digits).then(|| number(&bytes[..digits])).flatten()?;
        let fraction = fraction_length(&bytes[digits..]);
        let ms = fraction_ms(&bytes[digits..digits + fraction]);
        Some((Timestamp(seconds * 1000 + ms), digits + fraction))
    }

    /// Abbreviations that nobody knows: a sentence for them, fit to be shown.
    pub fn note(&self) -> Option<String> {
        let names = self.unknown.join(", ");
        (!names.is_empty())
            .then(|| format!("the time zone {names} is not known; its times are taken as this machine's local time"))
    }

    fn zone_minutes(&mut self, zone: &[u8]) -> i32 {
        if zone != self.last_zone {
            self.last_zone_minutes = self.look_up(zone);
            zone.clone_into(&mut self.last_zone);
        }
        self.last_zone_minutes
    }

    fn look_up(&mut self, zone: &[u8]) -> i32 {
        const MOST_NAMES: usize = 8;
        if let Some(minutes) = numeric_zone(zone) {
            return minutes;
        }
        let mut known = ZONES.iter().filter(|(name, _)| name.as_bytes() == zone).map(|(_, minutes)| *minutes);
        let first = known.clone().next();
        // Of several zones with this abbreviation, this machine's own is the likeliest.
        if let Some(minutes) = known.find(|m| *m == self.offset_minutes).or(first) {
            return minutes;
        }
        let name = String::from_utf8_lossy(zone).into_owned();
        if self.unknown.len() < MOST_NAMES && !self.unknown.contains(&name) {
            self.unknown.push(name);
        }
        self.offset_minutes
    }
}

/// The bytes of a date and time of day with its fraction, without a zone: `2026-11-21 20:40:02.059`.
pub fn date_time_length(bytes: &[u8]) -> Option<usize> {
    const SHAPE: &[u8; 19] = b"dddd-dd-dd dd:dd:dd";
    let begin = bytes.first_chunk::<19>()?;
    let fits = begin.iter().zip(SHAPE).all(|(b, shape)| match shape {
        b'd' => b.is_ascii_digit(),
        b' ' => matches!(b, b' ' | b'T'),
        other => b == other,
    });
    fits.then(|| 19 + fraction_length(&bytes[19..]))
}

/// The bytes of a zone with the space before it, if there is one: ` CET`, `Z`, `+01:00`. Nothing: 0.
pub fn zone_length(bytes: &[u8]) -> usize {
    let space = usize::from(bytes.first() == Some(&b' '));
    let zone = &bytes[space..];
    match zone.first() {
        Some(b'+' | b'-') => {
            let digits = |from: usize| zone[from.min(zone.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
            match digits(1) {
                2 if zone.get(3) == Some(&b':') && digits(4) >= 2 => space + 6,
                2 => space + 3,
                4 => space + 5,
                _ => 0,
            }
        }
        // An abbreviation is in capitals; `Z` touches the time, and a word in lower case is no zone.
        Some(b'A'..=b'Z') => {
            let letters = zone.iter().take_while(|b| b.is_ascii_uppercase()).count();
            let ends = zone.get(letters).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
            if ends && letters <= 6 && (space == 1 || letters == 1) { space + letters } else { 0 }
        }
        _ => 0,
    }
}

/// Milliseconds since 1970 of `2026-11-21 20:40:02` as if it were UTC.
fn second_ms(second: &[u8; 19]) -> Option<i64> {
    let part = |from: usize, to: usize| number(&second[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, seconds) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let real = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && seconds <= 60;
    real.then(|| days_from_civil(year, month, day) * DAY_MS + (hour * 3600 + minute * 60 + seconds) * 1000)
}

/// A fraction of a second with its point or comma; nothing: 0.
fn fraction_length(bytes: &[u8]) -> usize {
    if !matches!(bytes.first(), Some(b'.' | b',')) {
        return 0;
    }
    match bytes[1..].iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => 0,
        digits => digits + 1,
    }
}

/// Whole milliseconds of `.059123`.
fn fraction_ms(fraction: &[u8]) -> i64 {
    let digit = |i: usize| fraction.get(i).map_or(0, |b| i64::from(b.saturating_sub(b'0')));
    digit(1) * 100 + digit(2) * 10 + digit(3)
}

/// Minutes of `+01:00`, `-03`, `+0530`.
fn numeric_zone(zone: &[u8]) -> Option<i32> {
    let (sign, digits) = match zone.split_first()? {
        (b'+', digits) => (1, digits),
        (b'-', digits) => (-1, digits),
        _ => return None,
    };
    let hours = number(digits.get(..2)?)?;
    let minutes = match &digits[2..] {
        [] => 0,
        [b':', rest @ ..] | rest => number(rest)?,
    };
    i32::try_from(hours * 60 + minutes).ok().map(|m| sign * m)
}

/// Digits as a number; none for anything else, and for more of them than a moment has.
pub fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

fn month_of(word: &[u8]) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    (1..).zip(MONTHS).find(|(_, name)| name.as_bytes() == word).map(|(month, _)| month)
}

fn year_of(moment: Timestamp) -> i64 {
    let text = moment.date_time(0);
    text.get(..4).and_then(|y| y.parse().ok()).unwrap_or(1970)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that the day which a leap
/// year has more is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    const DAYS_TO_1970: i64 = 719_468; // from 0000-03-01
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * DAYS_OF_400_YEARS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_1970
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// 2026-11-21 20:40:02 UTC.
    const MOMENT: i64 = 1_795_293_602_000;

    fn clock(offset_minutes: i32) -> LogClock {
        LogClock::new(&LogOptions { offset_minutes, now: Timestamp(MOMENT + DAY_MS), ..LogOptions::default() })
    }

    #[test]
    fn zones_by_name_and_by_number() {
        for (text, used) in [
            ("2026-11-21 20:40:02.059 UTC [1]", 27),
            ("2026-11-21 21:40:02.059 CET", 27),
            ("2026-11-21T20:40:02.059123Z 0 [Note]", 27),
            ("2026-11-21T21:40:02,059+01:00 x", 29),
            ("2026-11-22 02:10:02.059 +0530:", 29),
            ("2026-11-21 17:40:02.059 -03 ", 27),
            ("2026-11-21 20:40:02.059 GMT-6b0201a2.61e7", 27),
        ] {
            assert_eq!(clock(-60).date_time(text.as_bytes()), Some((Timestamp(MOMENT + 59), used)), "{text}");
        }
    }

    #[test]
    fn what_nobody_knows_is_local_and_said_once() {
        let mut clock = clock(120);
        for _ in 0..3 {
            let read = clock.date_time(b"2026-11-21 22:40:02 XYZ [1]");
            assert_eq!(read, Some((Timestamp(MOMENT), 23)));
        }
        assert!(clock.note().unwrap().contains("XYZ"));
        assert_eq!(clock.date_time(b"2026-11-21 22:40:02 [1]"), Some((Timestamp(MOMENT), 19)));
        assert_eq!(clock.date_time(b"2026-11-21 22:40:02 Server starts"), Some((Timestamp(MOMENT), 19)));
    }

    #[test]
    fn an_abbreviation_of_several_zones_is_this_machines_own() {
        assert_eq!(clock(480).date_time(b"2026-11-22 04:40:02 CST").unwrap().0, Timestamp(MOMENT));
        assert_eq!(clock(0).date_time(b"2026-11-21 14:40:02 CST").unwrap().0, Timestamp(MOMENT));
    }

    #[test]
    fn months_by_name() {
        let clock = clock(0);
        assert_eq!(clock.named_month(b"21 Nov 2026 20:40:02.059 * x"), Some((Timestamp(MOMENT + 59), 24)));
        assert_eq!(clock.named_month(b"Nov 21 20:40:02 host"), Some((Timestamp(MOMENT), 15)));
        let last_year = Timestamp(MOMENT + 20 * DAY_MS - 365 * DAY_MS);
        assert_eq!(clock.named_month(b"Dec 11 20:40:02 host"), Some((last_year, 15)));
        assert_eq!(clock.named_month(b"Nov  1 20:40:02 host").unwrap().0, Timestamp(MOMENT - 20 * DAY_MS));
        assert_eq!(clock.named_month(b"nothing of this kind"), None);
    }

    #[test]
    fn the_calendar() {
        for (date, days) in [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((2100, 3, 1), 47_541)]
        {
            assert_eq!(days_from_civil(date.0, date.1, date.2), days, "{date:?}");
        }
        assert_eq!(clock(0).date_time(b"2026-13-21 20:40:02"), None);
    }
}
