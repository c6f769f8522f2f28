//! A statement as the rules see it: tokens, and the questions that several rules ask of them.

use crate::engine::sql::lexer::{Kind, Token};
use crate::engine::sql::words::Words;

/// One statement, and the version of the library that it would run on.
pub(super) struct Act {
    text: String,
    /// Without blanks, comments and the semicolon at the end.
    tokens: Vec<Token>,
    /// 34501 for 3.45.1.
    pub(super) version: u32,
}

/// What an ALTER TABLE does.
pub(super) enum Alteration<'a> {
    RenameTable { to: String },
    RenameColumn { from: String, to: String },
    Add(NewColumn<'a>),
    Drop { column: String },
}

/// `name TYPE constraints` of ADD COLUMN.
pub(super) struct NewColumn<'a> {
    /// The name, as it was written.
    pub(super) name: String,
    /// What follows the name.
    pub(super) rest: Words<'a>,
}

/// Words that end the type of a column.
const CONSTRAINTS: &str = "constraint primary not null unique check default collate references generated as";

impl Act {
    pub(super) fn new(text: &str, tokens: Vec<Token>, version: u32) -> Self {
        Self { text: text.to_owned(), tokens, version }
    }

    pub(super) fn words(&self) -> Words<'_> {
        Words { text: &self.text, tokens: &self.tokens }
    }

    /// `ALTER TABLE name ...`: the name as it was written, and what is done.
    pub(super) fn alteration(&self) -> Option<(String, Alteration<'_>)> {
        let words = self.words();
        if !words.starts_with(&["alter", "table"]) {
            return None;
        }
        let (table, at) = object(words, 2)?;
        let behind =
            |index: usize| if words.is(index, &["column"]) && index + 1 < words.len() { index + 1 } else { index };
        let done = if words.starts_with_at(at, &["rename", "to"]) {
            Alteration::RenameTable { to: written(words, at + 2, at + 3) }
        } else if words.is(at, &["rename"]) {
            let from = behind(at + 1);
            Alteration::RenameColumn { from: written(words, from, from + 1), to: written(words, from + 2, from + 3) }
        } else if words.is(at, &["add"]) && !words.is(at + 1, &["constraint", "check"]) {
            let name = behind(at + 1);
            Alteration::Add(NewColumn { name: written(words, name, name + 1), rest: words.skip(name + 1) })
        } else if words.is(at, &["drop"]) && !words.is(at + 1, &["constraint"]) {
            let name = behind(at + 1);
            Alteration::Drop { column: written(words, name, name + 1) }
        } else {
            return None;
        };
        Some((table, done))
    }

    /// The column that an ALTER TABLE adds, with its table.
    pub(super) fn added(&self) -> Option<(String, NewColumn<'_>)> {
        match self.alteration()? {
            (table, Alteration::Add(column)) => Some((table, column)),
            _ => None,
        }
    }
}

impl NewColumn<'_> {
    /// `name TYPE`, without any constraint.
    pub(super) fn plain(&self) -> String {
        let end = (0..self.rest.len()).find(|&index| self.rest.is_one_of(index, CONSTRAINTS));
        let ty = written(self.rest, 0, end.unwrap_or(self.rest.len()));
        if ty.is_empty() { self.name.clone() } else { format!("{} {ty}", self.name) }
    }

    /// Where these words stand one after another, outside of brackets.
    pub(super) fn find(&self, keywords: &[&str]) -> Option<usize> {
        outside_brackets(self.rest).find(|&index| self.rest.starts_with_at(index, keywords))
    }
}

/// The tokens outside of brackets.
pub(super) fn outside_brackets(words: Words<'_>) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    (0..words.len()).filter(move |&index| {
        match words.at(index) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}

/// `name` or `schema.name` at a place, as it was written, and what comes after it.
pub(super) fn object(words: Words<'_>, at: usize) -> Option<(String, usize)> {
    let is_name = |index| matches!(words.kind(index), Some(Kind::Word | Kind::QuotedName | Kind::Text));
    if !is_name(at) {
        return None;
    }
    let end = if words.at(at + 1) == "." && is_name(at + 2) { at + 3 } else { at + 1 };
    Some((written(words, at, end), end))
}

/// Behind `IF EXISTS` or `IF NOT EXISTS`, where they stand.
pub(super) fn behind_if(words: Words<'_>, at: usize) -> usize {
    if words.starts_with_at(at, &["if", "not", "exists"]) {
        at + 3
    } else if words.starts_with_at(at, &["if", "exists"]) {
        at + 2
    } else {
        at
    }
}

/// Tokens as they were written, without comments and line breaks.
pub(super) fn written(words: Words<'_>, from: usize, to: usize) -> String {
    let mut out = String::new();
    for index in from..to.min(words.len()) {
        let touches = index > from && words.tokens[index - 1].range.end == words.tokens[index].range.start;
        if index > from && !touches {
            out.push(' ');
        }
        out.push_str(words.at(index));
    }
    out
}
