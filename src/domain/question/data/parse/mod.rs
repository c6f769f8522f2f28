//! Reads a data question from left to right. Every reader takes the tokens that it understands; what none of them
//! takes is remembered as unknown, and a question with an unknown word is not answered.

mod columns;
mod conditions;
mod dates;
mod groups;
mod numbers;
mod presence;
mod ranking;
mod rows;

use super::draft::Draft;
use crate::domain::question::joins::Links;
use crate::domain::question::mentions::Mention;
use crate::domain::question::reading::Question;
use crate::domain::question::selection::Filter;
use crate::domain::question::words::{Kind, Token};
use crate::domain::schema::Table;
use conditions::negate;

/// A question being read for one set of tables.
pub(super) struct Parser<'q> {
    question: &'q Question<'q>,
    mentions: &'q [Mention],
    /// Tables in which columns are looked for first.
    scope: Vec<usize>,
    draft: Draft,
    at: usize,
    /// `or` stands before what comes.
    or: bool,
    /// `not` stands before what comes: the token.
    denied: Option<usize>,
}

/// Words that carry no part of a selection.
const SILENT: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "and", "where",
    "whose", "when", "database", "value", "take", "each", "row", "table", "by", "having", "current", "column",
];

/// Verbs that say what happened to a row without telling more than its table does.
#[rustfmt::skip]
const ACTS: &[&str] = &[
    "added", "based", "belong", "belonging", "belongs", "both", "came", "come", "comes",
    "cost", "costing", "costs", "created", "earn", "earning", "earns", "exactly", "generated", "given", "happened",
    "inserted", "joined", "live", "lives", "living", "located", "made", "only", "place", "placed",
    "recorded", "registered", "signed", "sold", "spent", "submitted", "through", "work", "worked",
    "working", "works", "worth", "written",
];

/// Words that are never a column by themselves.
const NOT_COLUMNS: &[&str] = &[
    "~", "show", "what", "who", "whose", "where", "how", "all", "each", "of", "in", "on", "from", "for", "with", "by",
    "per", "to", "at", "between", "and", "or", "not", "no", "without", "than", "having", "howmany", "howmuch",
    "orderby", "most", "more",
];

impl<'q> Parser<'q> {
    pub(super) fn new(question: &'q Question<'q>, mentions: &'q [Mention], scope: Vec<usize>) -> Self {
        Self { question, mentions, scope, draft: Draft::default(), at: 0, or: false, denied: None }
    }

    /// The readers, in the order in which they are tried. Each is true when it took something.
    const READERS: [fn(&mut Self) -> bool; 17] = [
        Self::period,
        Self::ordering,
        Self::grouping,
        Self::counting,
        Self::missing_or_present,
        Self::superlative,
        Self::aggregate,
        Self::bare_money,
        Self::distinct,
        Self::negation,
        Self::named_column,
        Self::named_table,
        Self::bare_comparison,
        Self::row_limit,
        Self::value_of_no_column,
        Self::state_word,
        Self::silent,
    ];

    /// Reads everything.
    pub(super) fn read(mut self) -> Draft {
        while self.at < self.question.tokens.len() {
            let before = self.at;
            let mut understood = false;
            for reader in Self::READERS {
                understood = reader(&mut self);
                if understood {
                    break;
                }
                self.at = before;
            }
            if !understood {
                self.draft.unknown.push(self.at);
                self.at += 1;
            } else if self.at == before {
                // A reader that takes nothing would never end.
                self.at += 1;
            }
        }
        // A `not` that denied nothing was not understood.
        self.draft.unknown.extend(self.denied);
        self.draft
    }

    fn links(&self) -> &'q Links {
        &self.question.index.links
    }

    fn tokens(&self) -> &'q [Token] {
        &self.question.tokens
    }

    fn token(&self, i: usize) -> Option<&'q Token> {
        self.tokens().get(i)
    }

    fn table(&self, index: usize) -> &'q Table {
        &self.question.schema.tables[index]
    }

    fn mention_at(&self, i: usize) -> Option<&'q Mention> {
        self.mentions.iter().find(|m| m.start == i || m.name_start == i)
    }

    /// The table that the question is about so far: the first named, else the first in scope.
    fn subject(&self) -> Option<usize> {
        self.draft.subject().or_else(|| self.scope.first().copied())
    }

    fn condition(&mut self, filter: Filter) {
        let filter = if self.denied.take().is_some() { negate(filter) } else { filter };
        let or = std::mem::take(&mut self.or) && !self.draft.conditions.is_empty();
        self.draft.conditions.push((or, filter));
    }

    fn silent(&mut self) -> bool {
        let token = &self.tokens()[self.at];
        if token.is(&["or"]) {
            self.or = true;
            self.at += 1;
            return true;
        }
        let sign = token.kind == Kind::Symbol && token.is(&[",", "(", ")", ";"]);
        let number_before = self.at.checked_sub(1).is_some_and(|b| self.tokens()[b].kind == Kind::Number);
        let currency =
            number_before && token.is(&["euro", "euros", "eur", "dollar", "dollars", "usd", "pounds", "gbp"]);
        let told = token.is(&["info", "information", "details", "overview"]);
        // `items sold` says more than `items`: only a number behind which it stands makes it idle.
        let sold = token.is(&["sold"])
            && self.at.checked_sub(1).is_some_and(|b| self.mentions.iter().any(|m| m.start + m.len == b + 1));
        let signed_up =
            token.is(&["up"]) && self.at.checked_sub(1).is_some_and(|b| self.tokens()[b].is(&["signed", "sign"]));
        let act = (ACTS.contains(&token.lower.as_str()) || signed_up) && !sold;
        let word = token.kind == Kind::Word && (told || act || currency || SILENT.contains(&token.canon));
        // A preposition with nothing behind it is half a question.
        let verb = self
            .at
            .checked_sub(1)
            .is_some_and(|b| self.tokens()[b].is(&["come", "comes", "came", "live", "lives", "work"]));
        let dangling = self.at + 1 == self.tokens().len()
            && !verb
            && token.is(&["of", "in", "from", "by", "per", "for", "with", "between", "where", "whose"]);
        let silent = !dangling && (sign || word || self.question.is_own_name(token));
        if silent {
            self.at += 1;
        }
        silent
    }
}
