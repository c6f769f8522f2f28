//! Watch rules of our own: "tell me when this number is beyond that for so long". A person accepts one that an incident
//! offers, or writes one; the program's own monitoring keeps it, and no server is touched.
//!
//! ```text
//! incident + readings --offer--> Rule --store--> RuleWatch, fed with every sample --> Finding --> an incident
//! words of a person ---parse---^
//! ```

mod measure;
mod offer;
mod parse;
mod watch;

pub use measure::Measure;
pub use offer::{Facts, is_offered, offer};
pub use parse::{Threshold, condition, threshold};
pub use watch::{RuleState, RuleWatch, code_of, ended};

use super::error::kind::Severity;
use super::target::{TargetId, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest time for which a number has to be beyond its threshold, seconds: a day.
pub const LONGEST_SECONDS: u32 = 86_400;
/// Rules that one target may have.
pub const MOST_RULES: usize = 100;

/// Which side of the threshold is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

impl Side {
    /// The word in conditions and in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
        }
    }
    /// The side of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Above, Self::Below].into_iter().find(|side| side.word() == word)
    }
    /// A number is beyond a threshold on this side. One that is equal is not.
    pub fn is_beyond(self, number: f64, threshold: f64) -> bool {
        match self {
            Self::Above => number > threshold,
            Self::Below => number < threshold,
        }
    }
}

/// What is watched, and what is too much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The number.
    pub measure: Measure,
    /// Which side of the threshold is told of.
    pub side: Side,
    /// In the measure's own unit; see [`Measure::unit`].
    pub threshold: f64,
    /// For how long the number has to be beyond it, without a gap, seconds; 0 for a single sample.
    pub for_seconds: u32,
}

impl Condition {
    /// `connections above 80% of connection_limit for 60s`: what [`condition`] reads back, as far as a number in words
    /// is exact. May hold an untrusted name.
    pub fn words(&self) -> String {
        let Self { measure, side, threshold, for_seconds } = self;
        let limit = measure.limit().map_or_else(String::new, |limit| format!(" of {}", limit.0));
        let span = if *for_seconds == 0 { " at once".to_owned() } else { format!(" for {}", span(*for_seconds)) };
        format!("{} {} {}{limit}{span}", measure.words(), side.word(), measure.number_words(*threshold))
    }
    /// Why it could never be told of, or only all the time.
    ///
    /// # Errors
    /// Words for the person.
    pub fn check(&self) -> Result<(), String> {
        let never = self.side == Side::Below && self.threshold <= 0.0;
        let over = self.side == Side::Above && self.measure.is_share() && self.threshold >= 100.0;
        if !self.threshold.is_finite() || self.threshold < 0.0 {
            Err("a threshold is a number from 0 up".to_owned())
        } else if never || over {
            let words = self.measure.number_words(self.threshold);
            Err(format!("{} is never {} {words}", self.measure.words(), self.side.word()))
        } else if self.for_seconds > LONGEST_SECONDS {
            Err(format!("a rule waits for {} at most", span(LONGEST_SECONDS)))
        } else {
            Ok(())
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its number; 0 until the store gave it one.
    #[serde(skip)]
    pub id: u64,
    /// Where.
    pub target: TargetId,
    /// What is watched.
    pub condition: Condition,
    /// How bad it is.
    pub severity: Severity,
    /// Why it is kept: the facts that its threshold is made of, or a person's words.
    pub reason: String,
    /// The incident that it shall keep from coming again. The rule sleeps while that one is open.
    pub incident: Option<u64>,
    /// Since when.
    pub created: Timestamp,
    /// Who wanted it.
    pub by: String,
    /// From when on nobody wants it any more; none for never.
    pub expires: Option<Timestamp>,
}

impl Rule {
    /// `rule 3`.
    pub fn name(&self) -> String {
        format!("rule {}", self.id)
    }
    /// Its time is over.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

/// `60s`, `5m`, `1h`, `2d`: in the largest unit that divides it, but for the minute, of which people speak in seconds.
fn span(seconds: u32) -> String {
    match seconds {
        0..=60 => format!("{seconds}s"),
        s if s.is_multiple_of(86_400) => format!("{}d", s / 86_400),
        s if s.is_multiple_of(3_600) => format!("{}h", s / 3_600),
        s if s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
