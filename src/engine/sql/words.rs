//! The meaningful tokens of one statement, and the questions that a reader of tokens asks of them.

use super::lexer::{Kind, Token};
use super::list::holds;
use super::literal::unquote;

/// The meaningful tokens of one statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'a> {
    /// The whole text.
    pub(crate) text: &'a str,
    /// Its tokens without blanks and comments.
    pub(crate) tokens: &'a [Token],
}

impl<'a> Words<'a> {
    /// The text of a token; empty past the end.
    pub(crate) fn at(self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.range.clone()])
    }

    /// What a token is.
    pub(crate) fn kind(self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// True when the bare word at `index` is one of these keywords.
    pub(crate) fn is(self, index: usize, keywords: &[&str]) -> bool {
        self.kind(index) == Some(Kind::Word) && keywords.iter().any(|word| self.at(index).eq_ignore_ascii_case(word))
    }

    /// True when the bare word at `index` is one of the keywords of a list.
    pub(crate) fn is_one_of(self, index: usize, list: &str) -> bool {
        self.kind(index) == Some(Kind::Word) && holds(list, &self.at(index).to_ascii_lowercase())
    }

    /// True when the next words are these, in order.
    pub(crate) fn starts_with(self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(index, keyword)| self.is(index, &[keyword]))
    }

    /// True when the words from `index` on are these, in order.
    pub(crate) fn starts_with_at(self, index: usize, keywords: &[&str]) -> bool {
        self.skip(index).starts_with(keywords)
    }

    /// Without the first `count` tokens.
    pub(crate) fn skip(self, count: usize) -> Self {
        Self { text: self.text, tokens: &self.tokens[count.min(self.tokens.len())..] }
    }

    /// How many tokens there are.
    pub(crate) fn len(self) -> usize {
        self.tokens.len()
    }

    /// The statement's own text.
    pub(crate) fn source(self) -> &'a str {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => &self.text[first.range.start..last.range.end],
            _ => "",
        }
    }

    /// The name at `index`, bare or in any quotes that names have, as it is stored.
    pub(crate) fn identifier(self, index: usize) -> Option<String> {
        let written = self.at(index);
        match self.kind(index)? {
            Kind::Word => Some(written.to_owned()),
            Kind::QuotedName if written.starts_with('[') => Some(written[1..written.len() - 1].to_owned()),
            Kind::QuotedName => unquote(written, written.chars().next()?),
            _ => None,
        }
    }

    /// What a name at `index` means to SQLite, which compares names without case. A literal counts too, because
    /// SQLite takes one for a name where only a name makes sense.
    pub(crate) fn name(self, index: usize) -> Option<String> {
        let name = match self.kind(index)? {
            Kind::Text => unquote(self.at(index), '\'')?,
            _ => self.identifier(index)?,
        };
        Some(name.to_ascii_lowercase())
    }

    /// Nothing but names and keywords.
    pub(crate) fn only_names(self) -> bool {
        self.tokens.iter().all(|token| matches!(token.kind, Kind::Word | Kind::QuotedName))
    }

    /// The token after the bracket that closes the one at `open`.
    pub(crate) fn after_bracket(self, open: usize) -> usize {
        let mut depth = 0_usize;
        for index in open..self.len() {
            match self.at(index) {
                "(" => depth += 1,
                ")" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return index + 1;
                    }
                }
                _ => {}
            }
        }
        self.len()
    }
}
