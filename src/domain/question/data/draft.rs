//! What was gathered from a question before it is put together. Columns carry the index of their table in the
//! schema as their source until then.

use super::super::mentions::Mention;
use super::super::reading::Question;
use super::super::selection::{Aggregate, Bucket, ColumnRef, Comparison, Filter};
use crate::domain::schema::{Schema, Table};

/// The parts of a data question.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    /// Tables in the order in which they were named, by index, and what they are there for.
    pub(super) tables: Vec<(usize, Role)>,
    /// Numbers asked for.
    pub(super) measures: Vec<(Aggregate, Operand)>,
    pub(super) groups: Vec<Grouping>,
    pub(super) shown: Vec<ColumnRef>,
    /// Conditions; `true` when joined to the one before by `or`.
    pub(super) conditions: Vec<(bool, Filter)>,
    pub(super) having: Option<(Comparison, String)>,
    pub(super) order: Vec<(Ranking, bool)>,
    pub(super) limit: Option<u32>,
    pub(super) distinct: bool,
    /// `which` or `who` with a superlative, or one row named in the singular.
    pub(super) single: bool,
    pub(super) notes: Vec<String>,
    /// Words that found no place, by token.
    pub(super) unknown: Vec<usize>,
    /// A reading that would be a guess: why, and what to ask instead.
    pub(super) ambiguous: Option<(String, Vec<String>)>,
}

/// What a table is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Listed or counted.
    Subject,
    /// Grouped by.
    Group,
    /// Only its rows limit the others.
    Filter,
    /// Counted, to rank or limit the subject.
    Counted,
}

/// What a number is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// Rows of the subject.
    Rows,
    /// Rows of this table.
    RowsOf(usize),
    /// A column.
    Column(ColumnRef),
}

/// What rows are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grouping {
    Column(ColumnRef),
    /// A table: its key and its name.
    Table(usize),
    /// A date of the subject, cut.
    Bucket(Bucket, Option<ColumnRef>),
}

/// What rows are ranked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ranking {
    Column(ColumnRef),
    /// The first measure.
    Measure,
    /// The date of the subject.
    Date,
    /// The money of the subject.
    Money,
    /// Its key.
    Key,
}

/// A column of a table as a reference whose source is still the table.
pub(super) fn column_ref(schema: &Schema, table: usize, column: usize) -> ColumnRef {
    let found = &schema.tables[table].columns[column];
    ColumnRef { source: table, name: found.name.clone(), kind: found.kind, type_name: found.type_name.clone() }
}

/// Some columns of a table as references.
pub(super) fn refs(schema: &Schema, table: usize, columns: &[usize]) -> Vec<ColumnRef> {
    columns.iter().map(|c| column_ref(schema, table, *c)).collect()
}

impl Draft {
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
    /// Gives up on a guess: why, and the words that would make it plain.
    pub(super) fn unclear(&mut self, reason: String, instead: Vec<String>) {
        if self.ambiguous.is_none() {
            self.ambiguous = Some((reason, instead));
        }
    }
    pub(super) fn subject(&self) -> Option<usize> {
        self.tables.iter().find(|(_, r)| *r == Role::Subject).map(|(t, _)| *t)
    }
    /// A table that was taken for the subject only limits the rows of another.
    pub(super) fn demote(&mut self, table: usize) {
        for (t, role) in &mut self.tables {
            if *t == table {
                *role = Role::Filter;
            }
        }
    }
    pub(super) fn add_table(&mut self, table: usize, role: Role) {
        match self.tables.iter_mut().find(|(t, _)| *t == table) {
            Some((_, old)) if *old == Role::Filter => *old = role,
            Some(_) => {}
            None => self.tables.push((table, role)),
        }
    }
}

/// The name of a table as a person would type it in a question.
pub(super) fn spoken(table: &Table) -> String {
    table.name.replace('_', " ")
}

/// A mention in the singular: `the newest order`.
pub(super) fn singular_mention(question: &Question<'_>, mention: &Mention) -> bool {
    mention.name(question).last().is_some_and(|t| super::super::words::singular(&t.lower) == t.lower)
}
