//! The registry of settings: one line each drives the file, the environment, `config show` and the example file.

use super::choices::{Clipboard, ColorChoice, SymbolsChoice, Theme};
use super::mistake::did_you_mean;
use super::units::{format_bytes, format_duration, parse_bytes, parse_duration};
use crate::domain::diagnosis::{MOST_SECONDS, SECONDS, Unasked};
use crate::domain::guard::policy::{LEAST_IDLE_S, LEAST_WAITERS};
use std::fmt;
use std::time::Duration;
use toml::de::DeValue;

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// One of the words of its kind.
    Word(&'static str),
    /// On or off.
    Switch(bool),
    /// A whole number.
    Whole(u64),
    /// A span of time.
    Time(Duration),
    /// A number of bytes.
    Bytes(u64),
}

/// As it is written in a file.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "\"{word}\""),
            Self::Switch(on) => write!(f, "{on}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Time(time) => write!(f, "\"{}\"", format_duration(*time)),
            Self::Bytes(bytes) => write!(f, "\"{}\"", format_bytes(*bytes)),
        }
    }
}

/// Which values a setting takes. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of these words.
    Words(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A whole number between two others.
    Whole(u64, u64),
    /// A span of time between two others, in milliseconds.
    Time(u64, u64),
    /// A size between two others, in bytes.
    Bytes(u64, u64),
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The table it is in.
    pub section: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when nobody says otherwise.
    pub default: Value,
    /// What it does, in sentences, for the example file.
    pub help: &'static str,
}

impl Setting {
    /// `ui.theme`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }
    /// The environment variable that sets it, `DBA_GPT_UI_THEME`.
    pub fn variable(&self) -> String {
        format!("DBA_GPT_{}_{}", self.section, self.key).to_ascii_uppercase()
    }
}

macro_rules! settings {
    ($($name:ident: $section:literal $key:literal $kind:expr, $default:expr, $help:literal;)*) => {
        $(#[doc = $help] pub(super) const $name: Setting = Setting {
            section: $section, key: $key, kind: $kind, default: $default, help: $help,
        };)*
        /// Every setting, by section, in the order of the example file.
        pub const SETTINGS: &[Setting] = &[$($name),*];
    };
}

const SECOND: u64 = 1000;
const HOUR: u64 = 3_600_000;
const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;

settings! {
    THEME: "ui" "theme" Kind::Words(Theme::WORDS), Value::Word("default"),
        "Colours. `default` uses the terminal's own sixteen; `mono` uses none; `cb-safe` avoids red and green.";
    COLOR: "ui" "color" Kind::Words(ColorChoice::WORDS), Value::Word("auto"),
        "How many colours. `NO_COLOR` in the environment means `never`.";
    SYMBOLS: "ui" "symbols" Kind::Words(SymbolsChoice::WORDS), Value::Word("auto"),
        "Characters for lines and graphs. `auto` is `unicode` in a UTF-8 locale, else `ascii`.";
    MAX_FPS: "ui" "max_fps" Kind::Whole(1, 30), Value::Whole(10),
        "Most frames a second for new data; keys are always drawn at once. Over SSH it is 4 unless you set it.";
    REDUCED_MOTION: "ui" "reduced_motion" Kind::Switch, Value::Switch(false),
        "No animation.";
    MOUSE: "ui" "mouse" Kind::Switch, Value::Switch(false),
        "Take the mouse from the terminal at start. While it is taken, selecting text needs the Shift key.";
    CLIPBOARD: "ui" "clipboard" Kind::Words(Clipboard::WORDS), Value::Word("osc52"),
        "Where a copy goes: `osc52` to your own terminal, also through SSH; `file` always to a file.";
    REFRESH: "health" "refresh" Kind::Time(500, HOUR), Value::Time(Duration::from_secs(2)),
        "Time between two collections of a target. A target can have its own.";
    RETRY_FIRST: "retry" "first" Kind::Time(100, 60 * SECOND), Value::Time(Duration::from_secs(1)),
        "Longest wait before the second attempt to connect; it doubles with each failure. Each wait is any time up to it.";
    RETRY_LONGEST: "retry" "longest" Kind::Time(100, 10 * 60 * SECOND), Value::Time(Duration::from_secs(15)),
        "No wait between quick retries is longer.";
    RETRY_ATTEMPTS: "retry" "attempts" Kind::Whole(1, 100), Value::Whole(5),
        "Quick attempts in a row, for failures that may go away by themselves. A refused password is never tried again.";
    BREAKER_FAILURES: "breaker" "failures" Kind::Whole(1, 100), Value::Whole(5),
        "This many failures to collect open the breaker of a target ...";
    BREAKER_WITHIN: "breaker" "within" Kind::Time(SECOND, HOUR), Value::Time(Duration::from_mins(5)),
        "... when they happen within this time.";
    BREAKER_OPEN: "breaker" "open" Kind::Time(SECOND, HOUR), Value::Time(Duration::from_secs(20)),
        "An open breaker lets one probe through after this time. With more than 20s a mended target may need more than 30s to be back.";
    LOGIN_FAILURES: "login_breaker" "failures" Kind::Whole(1, 100), Value::Whole(10),
        "This many refused logins and failed retries of your own hold logins back, because servers lock accounts ...";
    LOGIN_WITHIN: "login_breaker" "within" Kind::Time(SECOND, 24 * HOUR), Value::Time(Duration::from_hours(1)),
        "... when they happen within this time.";
    LOGIN_OPEN: "login_breaker" "open" Kind::Time(SECOND, 24 * HOUR), Value::Time(Duration::from_hours(1)),
        "Logins are held back for this time. Asking twice tries all the same.";
    PROBE_FAILURES: "probe" "failures" Kind::Whole(1, 100), Value::Whole(3),
        "This many failed attempts to reach a target make it an incident ...";
    PROBE_WINDOW: "probe" "window" Kind::Whole(1, 100), Value::Whole(5),
        "... among this many of the last ones; one lost answer is none.";
    WINDOW_HOURS: "incidents" "window_hours" Kind::Whole(1, 168), Value::Whole(24),
        "Errors of an incident are counted within these hours: what comes twice is prevented, three times healed.";
    REOPEN_HOURS: "incidents" "reopen_hours" Kind::Whole(1, 168), Value::Whole(24),
        "What comes again within these hours after it was over is the same incident.";
    CORRELATION_SECONDS: "incidents" "correlation_seconds" Kind::Whole(1, 3600), Value::Whole(60),
        "A cause and what follows from it lie at most these seconds apart.";
    QUIET_MINUTES: "incidents" "quiet_minutes" Kind::Whole(1, 1440), Value::Whole(30),
        "An incident is over when no error of it came for these minutes.";
    ESCALATE_CRITICAL: "incidents" "escalate_critical_minutes" Kind::Whole(1, 1440), Value::Whole(15),
        "A critical incident that nobody acknowledges is escalated after these minutes.";
    ESCALATE_ERROR: "incidents" "escalate_error_minutes" Kind::Whole(1, 10_080), Value::Whole(240),
        "The same for one that is not critical.";
    DIAGNOSE: "incidents" "diagnose" Kind::Words(Unasked::WORDS), Value::Word("critical"),
        "Which new incidents are diagnosed by themselves, at most one on a target in a minute.";
    DIAGNOSIS_SECONDS: "diagnosis" "seconds" Kind::Whole(1, MOST_SECONDS as u64), Value::Whole(SECONDS as u64),
        "Seconds for which a server is watched for a diagnosis. Its samples wait for that time.";
    UNATTENDED_CONFIDENCE: "unattended" "confidence" Kind::Whole(0, 100), Value::Whole(80),
        "Confidence of 100 that a fix needs to run with nobody asked, where the policy of its target lets it at all.";
    UNATTENDED_ATTEMPTS: "unattended" "attempts" Kind::Whole(1, 100), Value::Whole(3),
        "Fixes that run unattended against one incident at most; after that a person decides.";
    UNATTENDED_MINUTES: "unattended" "recovery_minutes" Kind::Whole(1, 1440), Value::Whole(30),
        "An incident that is older than these minutes is a person's: nothing runs unattended against it.";
    UNATTENDED_WAITERS: "unattended" "least_waiters" Kind::Whole(LEAST_WAITERS, 1_000), Value::Whole(LEAST_WAITERS),
        "Sessions that have to wait for another one before that is canceled or ended unattended for their sake.";
    UNATTENDED_IDLE: "unattended" "least_idle_seconds" Kind::Whole(10, 86_400), Value::Whole(LEAST_IDLE_S),
        "Seconds for which a session has to do nothing before it is ended unattended for that.";
    SERVER_EVENTS: "preventive" "server_events" Kind::Switch, Value::Switch(false),
        "Against what comes again, also offer upkeep by the server's own scheduler, to be approved like any other act.";
    ROWS: "limits" "rows" Kind::Whole(1, 100_000), Value::Whole(500),
        "Rows of a result that are kept; what is cut is always said.";
    BYTES: "limits" "bytes" Kind::Bytes(64 * KB, 256 * MB), Value::Bytes(16 * MB),
        "Bytes of a result that are kept.";
    CELL: "limits" "cell" Kind::Bytes(256, 16 * MB), Value::Bytes(64 * KB),
        "Bytes of one cell that are kept.";
    TIMEOUT: "limits" "timeout" Kind::Time(100, 24 * HOUR), Value::Time(Duration::from_secs(30)),
        "Time that a statement may take on the server.";
    LOCK_TIMEOUT: "limits" "lock_timeout" Kind::Time(10, 60 * SECOND), Value::Time(Duration::from_millis(500)),
        "Time that a statement may wait for a lock.";
    RAW_HOURS: "store" "raw_hours" Kind::Whole(1, 336), Value::Whole(48),
        "Hours for which every stored sample is kept.";
    KEEP_DAYS: "store" "keep_days" Kind::Whole(1, 400), Value::Whole(35),
        "Days for which five-minute means are kept. Sessions and their statements are kept for 7 days at most.";
    HISTORY_INTERVAL: "schema_history" "interval" Kind::Time(0, 24 * HOUR), Value::Time(Duration::from_mins(5)),
        "Time between two looks at how tables and views are defined, so that one that was dropped can be made again as it was. 0s turns it off.";
    HISTORY_DAYS: "schema_history" "keep_days" Kind::Whole(1, 3_650), Value::Whole(90),
        "Days for which the definition of an object is kept after it was changed or dropped.";
}

/// The sections that hold settings, in order.
pub(super) fn sections() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = SETTINGS.iter().map(|s| s.section).collect();
    names.dedup();
    names
}

/// The setting of a section and a key.
pub(super) fn setting(section: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|s| s.section == section && s.key == key)
}

impl Kind {
    /// Reads what a file says. The error is a sentence that says what to write.
    pub(super) fn read(self, written: &DeValue<'_>) -> Result<Value, String> {
        match (self, written) {
            (Self::Switch, DeValue::Boolean(on)) => Ok(Value::Switch(*on)),
            (Self::Switch, DeValue::String(_)) => Err("write true or false, without quotes".to_owned()),
            (Self::Switch, _) => Err(self.wanted()),
            // `color = 256` is a number only by accident.
            (Self::Words(_), DeValue::Integer(number)) => self.read_text(number.as_str()),
            (Self::Time(..), DeValue::Integer(number)) => {
                Err(format!("{} has no unit: write \"{0}ms\", \"{0}s\" or \"{0}m\"", number.as_str()))
            }
            (Self::Whole(..) | Self::Bytes(..), DeValue::Integer(number)) => {
                match u64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => self.bounded(number),
                    Err(_) => Err(self.wanted()),
                }
            }
            (Self::Whole(..), DeValue::String(text)) if text.parse::<u64>().is_ok() => {
                Err(format!("write {text} without quotes"))
            }
            (Self::Words(_) | Self::Time(..) | Self::Bytes(..), DeValue::String(text)) => self.read_text(text),
            _ => Err(self.wanted()),
        }
    }

    /// Reads what a variable of the environment says.
    pub(super) fn read_text(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Words(words) => match words.iter().find(|w| **w == text) {
                Some(word) => Ok(Value::Word(word)),
                None => Err(self.wanted() + &did_you_mean(text, words.iter().copied())),
            },
            Self::Switch => match text {
                "true" | "1" | "yes" | "on" => Ok(Value::Switch(true)),
                "false" | "0" | "no" | "off" => Ok(Value::Switch(false)),
                _ => Err(self.wanted()),
            },
            Self::Whole(..) => text.parse().map_or_else(|_| Err(self.wanted()), |n| self.bounded(n)),
            Self::Bytes(..) => parse_bytes(text).map_or_else(|| Err(self.wanted()), |n| self.bounded(n)),
            Self::Time(least, most) => match parse_duration(text) {
                Some(time) if (least.into()..=most.into()).contains(&time.as_millis()) => Ok(Value::Time(time)),
                Some(_) => Err(format!("it must be {}", self.bounds())),
                None => Err(self.wanted()),
            },
        }
    }

    fn bounded(self, number: u64) -> Result<Value, String> {
        match self {
            Self::Whole(least, most) if (least..=most).contains(&number) => Ok(Value::Whole(number)),
            Self::Bytes(least, most) if (least..=most).contains(&number) => Ok(Value::Bytes(number)),
            _ => Err(format!("it must be {}", self.bounds())),
        }
    }

    /// `between 1 and 30`, `one of ...`: for messages and for the example file.
    pub(super) fn bounds(self) -> String {
        let time = |ms| format_duration(Duration::from_millis(ms));
        match self {
            Self::Words(words) => format!("one of {}", quoted_list(words)),
            Self::Switch => "true or false".to_owned(),
            Self::Whole(least, most) => format!("between {least} and {most}"),
            Self::Time(least, most) => format!("between {} and {}", time(least), time(most)),
            Self::Bytes(least, most) => format!("between {} and {}", format_bytes(least), format_bytes(most)),
        }
    }

    fn wanted(self) -> String {
        match self {
            Self::Words(_) | Self::Switch => format!("it must be {}", self.bounds()),
            Self::Whole(..) => format!("it must be a whole number {}", self.bounds()),
            Self::Time(..) => {
                format!(
                    "it must be a time {}, as a number and a unit: \"500ms\", \"2s\", \"5m\", \"1h\"",
                    self.bounds()
                )
            }
            Self::Bytes(..) => format!("it must be a size {}, such as \"64 kB\" or \"16 MB\"", self.bounds()),
        }
    }
}

fn quoted_list(words: &[&str]) -> String {
    words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_kind_and_reads_back() {
        for setting in SETTINGS {
            let written = setting.default.to_string();
            let read = setting.kind.read_text(written.trim_matches('"'));
            assert_eq!(read, Ok(setting.default), "{}", setting.name());
        }
    }

    #[test]
    fn names_are_unique_and_sections_stand_together() {
        let mut names: Vec<String> = SETTINGS.iter().map(Setting::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SETTINGS.len());
        assert_eq!(
            sections(),
            [
                "ui",
                "health",
                "retry",
                "breaker",
                "login_breaker",
                "probe",
                "incidents",
                "diagnosis",
                "unattended",
                "preventive",
                "limits",
                "store",
                "schema_history"
            ]
        );
    }

    #[test]
    fn a_variable_is_read_like_a_file_within_the_same_bounds() {
        assert_eq!(MOUSE.kind.read_text("on"), Ok(Value::Switch(true)));
        assert_eq!(ROWS.kind.read_text("0"), Err("it must be between 1 and 100000".to_owned()));
        assert_eq!(REFRESH.kind.read_text("2h"), Err("it must be between 500ms and 1h".to_owned()));
        assert!(THEME.kind.read_text("drak").is_err_and(|e| e.ends_with("did you mean `dark`?")));
        assert_eq!(REFRESH.variable(), "DBA_GPT_HEALTH_REFRESH");
    }
}
