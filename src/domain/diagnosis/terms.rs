//! For how long a server is watched for a diagnosis, and which incidents are diagnosed without anybody's asking.

use crate::domain::error::kind::Severity;

/// Seconds for which a server is watched when nobody says otherwise.
pub const SECONDS: u32 = 10;
/// No server is watched for longer, seconds: samples wait while it is.
pub const MOST_SECONDS: u32 = 120;

/// Which new incidents are diagnosed by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unasked {
    /// Critical ones.
    #[default]
    Critical,
    /// Every one.
    All,
    /// None.
    Never,
}

impl Unasked {
    /// The words of the setting.
    pub const WORDS: &'static [&'static str] = &["critical", "all", "never"];

    /// The choice of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "critical" => Some(Self::Critical),
            "all" => Some(Self::All),
            "never" => Some(Self::Never),
            _ => None,
        }
    }

    /// A new incident of this severity is diagnosed by itself.
    pub fn takes(self, severity: Severity) -> bool {
        match self {
            Self::Critical => severity >= Severity::Critical,
            Self::All => true,
            Self::Never => false,
        }
    }
}

/// From the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// For how long a server is watched, seconds.
    pub seconds: u32,
    /// Which new incidents are diagnosed by themselves.
    pub unasked: Unasked,
}

impl Default for Terms {
    fn default() -> Self {
        Self { seconds: SECONDS, unasked: Unasked::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::Unasked;
    use crate::domain::error::kind::Severity;

    #[test]
    fn every_word_is_a_choice_and_the_first_is_the_default() {
        let choices: Vec<_> = Unasked::WORDS.iter().filter_map(|word| Unasked::from_word(word)).collect();
        assert_eq!(choices, [Unasked::Critical, Unasked::All, Unasked::Never]);
        assert_eq!(choices.first().copied(), Some(Unasked::default()));
    }

    #[test]
    fn only_what_is_bad_enough_is_diagnosed_unasked() {
        let taken = |choice: Unasked| Severity::ALL.into_iter().filter(|s| choice.takes(*s)).count();
        assert_eq!((taken(Unasked::Never), taken(Unasked::Critical)), (0, 1));
        assert_eq!(taken(Unasked::All), Severity::ALL.len());
    }
}
