//! Where a proposal stands, where it can go from there, and where a crash leaves it.

use serde::{Deserialize, Serialize};

/// The stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// For a person.
    Waiting,
    /// One of two persons has approved it.
    Seconding,
    /// Approved; nothing is written about the act yet, and nothing is sent.
    Approved,
    /// The audit log holds that it is about to happen; nothing is sent.
    Intended,
    /// It may have been sent.
    Running,
    /// It happened; whether it helped is looked at.
    Verifying,
    /// It did not help, and its inverse may have been sent.
    RollingBack,
    /// It happened.
    Done,
    /// It happened and was taken back; nothing is left of it.
    Undone,
    /// It was not sent, or the server refused it; nothing changed.
    NotRun,
    /// Nobody knows whether it happened: a person has to look.
    NeedsPerson,
    /// A person said no.
    Denied,
    /// Taken back before a decision.
    Withdrawn,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Waiting,
        Self::Seconding,
        Self::Approved,
        Self::Intended,
        Self::Running,
        Self::Verifying,
        Self::RollingBack,
        Self::Done,
        Self::Undone,
        Self::NotRun,
        Self::NeedsPerson,
        Self::Denied,
        Self::Withdrawn,
    ];

    /// On the screen and in lists.
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Seconding => "waiting for a second approver",
            Self::Approved => "approved",
            Self::Intended => "about to run",
            Self::Running => "running",
            Self::Verifying => "verifying",
            Self::RollingBack => "rolling back",
            Self::Done => "done",
            Self::Undone => "undone",
            Self::NotRun => "not run",
            Self::NeedsPerson => "needs a person",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The word in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seconding => "seconding",
            Self::Intended => "intended",
            Self::RollingBack => "rolling-back",
            Self::NotRun => "not-run",
            Self::NeedsPerson => "needs-person",
            other => other.words(),
        }
    }

    /// The stage of a word that [`Self::word`] gave.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// A person can decide it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Seconding)
    }

    /// It is on its way between approval and outcome.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Approved | Self::Intended | Self::Running | Self::Verifying | Self::RollingBack)
    }

    /// Nothing more can happen to it.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Undone | Self::NotRun | Self::Denied | Self::Withdrawn)
    }

    /// Whether it can become `next`.
    pub fn leads_to(self, next: Self) -> bool {
        use Stage::{
            Approved, Denied, Done, Intended, NeedsPerson, NotRun, RollingBack, Running, Seconding, Undone, Verifying,
            Waiting, Withdrawn,
        };
        match self {
            Waiting => matches!(next, Seconding | Approved | Denied | Withdrawn),
            Seconding => matches!(next, Waiting | Approved | Denied | Withdrawn),
            // Something moved, the credential was refused, or the program died: it waits again.
            Approved => matches!(next, Intended | Waiting | NotRun),
            Intended => matches!(next, Running | Waiting | NotRun),
            Running => matches!(next, Verifying | Done | Undone | NotRun | NeedsPerson),
            Verifying => matches!(next, Done | RollingBack | NeedsPerson),
            // Undone when the old state is back, done when the inverse could not be sent.
            RollingBack => matches!(next, Undone | Done | NeedsPerson),
            // A person looked.
            NeedsPerson => matches!(next, Done | Undone),
            Done | Undone | NotRun | Denied | Withdrawn => false,
        }
    }

    /// Where a proposal stands after the process that carried it out is gone, by what the server says of its mark.
    #[must_use]
    pub fn after_crash(self, end: End) -> Self {
        match self {
            // An approval dies with its process, and nothing was sent.
            Self::Approved | Self::Intended => Self::Waiting,
            Self::Running => match end {
                End::Committed => Self::Done,
                End::RolledBack => Self::Undone,
                End::Unknown => Self::NeedsPerson,
            },
            // It had happened; that it is taken back was covered by an approval that died with its process.
            Self::Verifying => Self::Done,
            // The mark is the inverse's.
            Self::RollingBack => match end {
                End::Committed => Self::Undone,
                End::RolledBack => Self::Done,
                End::Unknown => Self::NeedsPerson,
            },
            other => other,
        }
    }
}

/// What a server says of an act whose end nobody heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was committed.
    Committed,
    /// It was rolled back.
    RolledBack,
    /// It cannot be told, or it still runs.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::{End, Stage};

    #[test]
    fn every_stage_has_a_word_of_its_own_and_comes_back_from_it() {
        for stage in Stage::ALL {
            assert_eq!(Stage::from_word(stage.word()), Some(stage));
        }
        assert_eq!(Stage::from_word("perhaps"), None);
    }

    #[test]
    fn after_a_crash_nothing_is_under_way() {
        for stage in Stage::ALL {
            for end in [End::Committed, End::RolledBack, End::Unknown] {
                assert!(!stage.after_crash(end).is_under_way(), "{stage:?} {end:?}");
            }
        }
    }

    #[test]
    fn closed_is_where_nothing_leads_out_of() {
        for stage in Stage::ALL {
            assert_eq!(stage.is_closed(), !Stage::ALL.iter().any(|next| stage.leads_to(*next)), "{stage:?}");
        }
    }

    #[test]
    fn nothing_runs_that_was_not_approved() {
        for stage in Stage::ALL {
            assert_eq!(stage.leads_to(Stage::Running), stage == Stage::Intended, "{stage:?}");
            assert_eq!(stage.leads_to(Stage::Intended), stage == Stage::Approved, "{stage:?}");
        }
    }
}
