//! A question while it is read: its tokens, the schema, the clock; and one way to read it.

use super::intent::{Intent, Topic};
use super::names::{self, Found};
use super::periods::Clock;
use super::words::{Kind, Token};
use crate::domain::schema::Schema;

/// What every reader gets.
pub(super) struct Question<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) schema: &'a Schema,
    pub(super) clock: Clock,
}

/// One way to read a question, all of its words explained.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) intent: Intent,
    /// How words were read where that was not plain.
    pub(super) notes: Vec<String>,
    /// The topic, when it is one.
    pub(super) topic: Option<Topic>,
    /// No word of it could have been meant as something else.
    pub(super) plain: bool,
}

impl Question<'_> {
    /// The connected database, or the engine, called by its own name.
    pub(super) fn is_own_name(&self, token: &Token) -> bool {
        let own = |name: &str| !name.is_empty() && name.eq_ignore_ascii_case(&token.text);
        token.kind != Kind::Symbol
            && token.canon.is_empty()
            && (own(&self.schema.database) || self.schema.engine_words.iter().any(|w| own(w)))
    }
    /// The token is the name of a table or a column, or nearly.
    pub(super) fn names_something(&self, token: &Token) -> bool {
        let one = std::slice::from_ref(token);
        names::find_table(self.schema, one).is_some()
            || self.schema.tables.iter().any(|t| {
                matches!(names::find_column(t, one), Some(Found::One(_, how) | Found::Several(_, how)) if how <= names::How::Words || how == names::How::Slip)
            })
    }
}
