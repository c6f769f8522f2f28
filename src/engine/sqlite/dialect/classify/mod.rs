//! What a statement does: the allow-list of SQLite.
//!
//! SQLite's grammar is small: inside a query only a function or a virtual table can do anything but read rows. So
//! the tokens, split exactly as SQLite splits them, decide: what the first word is, that there is one statement,
//! that every name before a bracket is a function on the list, that no forbidden table is named. sqlparser decides
//! that the text is one whole query. PRAGMA has a reader of its own.

mod functions;
mod grammar;
mod pragma;
mod query;
mod statement;

use crate::domain::guard::{Author, Catalog, Class, Judgement};
use crate::engine::sql::lexer::{self, Kind, Lexis, Token};
use crate::engine::sql::list::holds;
use crate::engine::sql::literal::unquote;
use crate::engine::sql::{hidden, size};

/// Judges one statement.
pub(super) fn classify(text: &str, author: Author, catalog: &Catalog) -> Judgement {
    let all = lexer::tokens(text, Lexis::Sqlite);
    if let Some(refusal) = hidden::check(text, &all, Lexis::Sqlite) {
        return refusal;
    }
    let mut tokens: Vec<Token> = all.into_iter().filter(|t| !matches!(t.kind, Kind::Space | Kind::Comment)).collect();
    while tokens.last().is_some_and(|last| &text[last.range.clone()] == ";") {
        tokens.pop();
    }
    if tokens.is_empty() {
        return Judgement::deny(Class::Unparsed, "there is no statement");
    }
    if let Some(refusal) = size::check(text, &tokens) {
        return refusal;
    }
    statement::judge(Words { text, tokens: &tokens }, author, catalog)
}

/// True when a text is one well-formed statement.
pub(super) fn parses(text: &str) -> bool {
    let mut tokens = lexer::meaningful(text, Lexis::Sqlite);
    while tokens.last().is_some_and(|last| &text[last.range.clone()] == ";") {
        tokens.pop();
    }
    statement::is_well_formed(Words { text, tokens: &tokens })
}

/// The meaningful tokens of one statement.
#[derive(Clone, Copy)]
struct Words<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

impl<'a> Words<'a> {
    /// The text of a token; empty past the end.
    fn at(self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.range.clone()])
    }

    fn kind(self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// True when the bare word at `index` is one of these keywords.
    fn is(self, index: usize, keywords: &[&str]) -> bool {
        self.kind(index) == Some(Kind::Word) && keywords.iter().any(|word| self.at(index).eq_ignore_ascii_case(word))
    }

    /// True when the bare word at `index` is one of the keywords of a list.
    fn is_one_of(self, index: usize, list: &str) -> bool {
        self.kind(index) == Some(Kind::Word) && holds(list, &self.at(index).to_ascii_lowercase())
    }

    /// True when the next words are these, in order.
    fn starts_with(self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(index, keyword)| self.is(index, &[keyword]))
    }

    /// Without the first `count` tokens.
    fn skip(self, count: usize) -> Self {
        Self { text: self.text, tokens: &self.tokens[count.min(self.tokens.len())..] }
    }

    fn len(self) -> usize {
        self.tokens.len()
    }

    /// The statement's own text.
    fn source(self) -> &'a str {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => &self.text[first.range.start..last.range.end],
            _ => "",
        }
    }

    /// What a name at `index` means to SQLite, which compares names without case: bare, or in any of its quotes. A
    /// literal counts too, because SQLite takes one for a name where only a name makes sense.
    fn name(self, index: usize) -> Option<String> {
        let written = self.at(index);
        let name = match self.kind(index)? {
            Kind::Word => written.to_owned(),
            Kind::QuotedName if written.starts_with('[') => written[1..written.len() - 1].to_owned(),
            Kind::QuotedName => unquote(written, written.chars().next()?)?,
            Kind::Text => unquote(written, '\'')?,
            _ => return None,
        };
        Some(name.to_ascii_lowercase())
    }

    fn only_names(self) -> bool {
        self.tokens.iter().all(|token| matches!(token.kind, Kind::Word | Kind::QuotedName))
    }

    /// The token after the bracket that closes the one at `open`.
    fn after_bracket(self, open: usize) -> usize {
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
