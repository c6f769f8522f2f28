//! The words that PostgreSQL and its clients put around a message, in every language that they speak.

use crate::domain::error::kind::Severity;
use std::collections::HashMap;
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

/// Lines of language, word and text; a word of none of our own is a reason of the operating system in English.
const TABLE: &str = include_str!("../../../../../assets/errors/messages/postgres.words.tsv");

fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t')?.1.split_once('\t'))
}

/// Words and their texts as printed, longest first, `*` for a number. Where two languages have the same word for
/// different things, the graver one is meant.
static WORDS: LazyLock<Vec<(Word, &'static str)>> = LazyLock::new(|| {
    let mut words: Vec<_> = lines().filter_map(|(id, text)| Some((Word::of(id)?, text))).collect();
    words.sort_by_key(|(word, text)| (std::cmp::Reverse(text.len()), *text, *word as u8));
    words.dedup_by_key(|(_, text)| *text);
    words
});

/// Reasons of the operating system: in a language, in English.
static REASONS: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| lines().filter(|(id, _)| Word::of(id).is_none()).map(|(id, text)| (text, id)).collect());

/// The English words of a reason of the operating system that is given in another language.
pub(super) fn reason_in_english(text: &str) -> Option<&'static str> {
    REASONS.get(text).copied()
}

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
