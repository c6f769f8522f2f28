//! The words that PostgreSQL and its clients put around a message, in every language that they speak.

use crate::domain::error::kind::Severity;
use std::sync::LazyLock;

/// A word around a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Panic,
    Fatal,
    Error,
    Warning,
    Notice,
    Info,
    Log,
    Debug,
    /// What follows is no part of the message: detail, hint, context, query, statement, location.
    More,
    /// The line of the statement that the error points into.
    Line,
    /// The place in the statement, behind the message.
    AtCharacter,
    /// No word around: the one message whose kind its code does not tell.
    StatementTimeout,
}

impl Word {
    fn of(id: &str) -> Option<Self> {
        Some(match id {
            "panic" => Self::Panic,
            "fatal" => Self::Fatal,
            "error" => Self::Error,
            "warning" => Self::Warning,
            "notice" => Self::Notice,
            "info" => Self::Info,
            "log" => Self::Log,
            "debug" => Self::Debug,
            "detail" | "hint" | "context" | "query" | "statement" | "location" => Self::More,
            "line" => Self::Line,
            "at character" => Self::AtCharacter,
            "statement timeout" => Self::StatementTimeout,
            _ => return None,
        })
    }

    /// Says how bad the event is.
    pub(super) fn is_severity(self) -> bool {
        !matches!(self, Self::More | Self::Line | Self::AtCharacter | Self::StatementTimeout)
    }

    /// How bad, where the word alone tells. An error, and a session that ended, are as bad as their codes say.
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            Self::Panic => Some(Severity::Critical),
            Self::Warning => Some(Severity::Warning),
            Self::Notice | Self::Info | Self::Log | Self::Debug => Some(Severity::Info),
            _ => None,
        }
    }
}

/// Words and their texts as printed, longest first, `*` for a number. Where two languages have the same word for
/// different things, the graver one is meant.
static WORDS: LazyLock<Vec<(Word, &'static str)>> = LazyLock::new(|| {
    let table = include_str!("../../../../../assets/errors/messages/postgres.words.tsv");
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let mut words: Vec<(Word, &'static str)> = lines
        .filter_map(|line| {
            let (_, rest) = line.split_once('\t')?;
            let (id, text) = rest.split_once('\t')?;
            Some((Word::of(id)?, text))
        })
        .collect();
    words.sort_by_key(|(word, text)| (std::cmp::Reverse(text.len()), *text, *word as u8));
    words.dedup_by_key(|(_, text)| *text);
    words
});

/// All words with their texts.
pub(super) fn all() -> impl Iterator<Item = (Word, &'static str)> {
    WORDS.iter().copied()
}

/// The texts of a word.
pub(super) fn texts(word: Word) -> impl Iterator<Item = &'static str> {
    all().filter(move |(w, _)| *w == word).map(|(_, text)| text)
}

/// The severity of a text that stands before a message.
pub(super) fn severity(text: &str) -> Option<Word> {
    all().find(|(word, t)| word.is_severity() && *t == text).map(|(word, _)| word)
}
