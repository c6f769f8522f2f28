//! A question while it is read: its tokens, the schema with an index of its names, the clock; and one way to read it.

use super::intent::{Intent, Topic};
use super::joins::{self, Links};
use super::names::{self, Found, How};
use super::periods::Clock;
use super::words::{Kind, Token};
use crate::domain::schema::Schema;
use std::collections::HashMap;

/// What every reader gets.
pub(super) struct Question<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) schema: &'a Schema,
    pub(super) index: Index,
    pub(super) clock: Clock,
}

/// Names and keys of a schema, prepared once for a question: a schema may hold thousands of tables.
pub(super) struct Index {
    /// The words of each table's name.
    pub(super) table_words: Vec<Vec<String>>,
    /// Columns (table, column) by the joined words of their names.
    columns: HashMap<String, Vec<(usize, usize)>>,
    pub(super) links: Links,
}

impl Index {
    pub(super) fn of(schema: &Schema) -> Self {
        let mut columns: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (t, table) in schema.tables.iter().enumerate() {
            for (c, column) in table.columns.iter().enumerate() {
                columns.entry(names::name_words(&column.name).concat()).or_default().push((t, c));
            }
        }
        Self { table_words: names::table_words(schema), columns, links: joins::links(schema) }
    }
    /// Columns (table, column) of any table that these words name plainly.
    pub(super) fn columns(&self, text: &str) -> &[(usize, usize)] {
        self.columns.get(&names::name_words(text).concat()).map_or(&[], Vec::as_slice)
    }
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
    /// The table that these tokens name.
    pub(super) fn find_table(&self, tokens: &[Token]) -> Option<Found> {
        names::find_table(self.schema, &self.index.table_words, tokens)
    }
    /// The token is the name of a table or a column, or one slip away from one.
    pub(super) fn names_something(&self, token: &Token) -> bool {
        let one = std::slice::from_ref(token);
        self.find_table(one).is_some()
            || !self.index.columns(&token.text).is_empty()
            || self.schema.tables.iter().any(|t| matches!(names::find_column(t, one), Some(Found::One(_, How::Slip))))
    }
}
