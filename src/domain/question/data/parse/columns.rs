//! Columns in the words: in the tables in scope first, then in the tables around them.

use super::super::draft::{Role, column_ref, refs};
use super::super::guess;
use super::{NOT_COLUMNS, Parser};
use crate::domain::question::joins;
use crate::domain::question::names::{self, Found, How};
use crate::domain::question::selection::ColumnRef;
use crate::domain::question::words::Kind;

/// A column found in the words: where, how near, and how many tokens.
pub(super) struct Hit {
    pub(super) columns: Vec<ColumnRef>,
    pub(super) how: How,
    pub(super) len: usize,
}

impl Parser<'_> {
    /// The column that begins here: in the tables in scope first, then in tables that they point to, then in tables
    /// that point to them. Outside the scope only the plain name counts.
    pub(super) fn column(&self, i: usize) -> Option<Hit> {
        let tokens = self.tokens();
        let mut best: Option<Hit> = None;
        for len in (1..=names::LONGEST.min(tokens.len() - i)).rev() {
            let name = &tokens[i..i + len];
            if name.iter().any(|t| t.kind == Kind::Symbol || t.one_of(NOT_COLUMNS)) {
                continue;
            }
            for table in &self.scope {
                let Some(found) = names::find_column(self.table(*table), name) else { continue };
                let (columns, how) = match found {
                    Found::One(c, how) => (vec![c], how),
                    Found::Several(all, how) => (all, how),
                };
                // A word with a meaning of its own is a column only by its plain name.
                let certain =
                    name.iter().all(|t| t.canon.is_empty() && !(how == How::Slip && guess::is_state_word(&t.lower)));
                if !how.plain() && (!certain || self.mention_at(i).is_some()) {
                    continue;
                }
                if best.as_ref().is_none_or(|b| how < b.how) {
                    best = Some(Hit { columns: refs(self.question.schema, *table, &columns), how, len });
                }
            }
            if best.as_ref().is_some_and(|b| b.how.plain()) {
                return best;
            }
        }
        if best.is_some() || self.mention_at(i).is_some() {
            return best;
        }
        self.column_elsewhere(i)
    }

    pub(super) fn column_elsewhere(&self, i: usize) -> Option<Hit> {
        let tokens = self.tokens();
        let base = self.subject()?;
        for len in (1..=names::LONGEST.min(tokens.len() - i)).rev() {
            let name = &tokens[i..i + len];
            if name.iter().any(|t| t.kind == Kind::Symbol || t.one_of(NOT_COLUMNS)) {
                continue;
            }
            let text = name.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            let mut hits: Vec<(usize, ColumnRef, How)> = Vec::new();
            for (table, column) in self.question.index.columns(&text) {
                let up = joins::path_upward(self.links(), base, *table).map(|p| p.len());
                let down = || joins::path_upward(self.links(), *table, base).map(|p| p.len() + 10);
                if let Some(distance) = up.or_else(down) {
                    hits.push((distance, column_ref(self.question.schema, *table, *column), How::Words));
                }
            }
            let nearest = hits.iter().map(|h| h.0).min();
            let near: Vec<_> = hits.into_iter().filter(|h| Some(h.0) == nearest).collect();
            if let [(_, column, how)] = near.as_slice() {
                return Some(Hit { columns: vec![column.clone()], how: *how, len });
            }
        }
        None
    }

    pub(super) fn column_in(&self, i: usize, table: usize) -> Option<Hit> {
        let tokens = self.tokens();
        (1..=names::LONGEST.min(tokens.len() - i)).rev().find_map(|len| {
            match names::find_column(self.table(table), &tokens[i..i + len])? {
                Found::One(c, how) if how.plain() => {
                    Some(Hit { columns: vec![column_ref(self.question.schema, table, c)], how, len })
                }
                _ => None,
            }
        })
    }

    pub(super) fn say_column(&mut self, i: usize, hit: &Hit) {
        let typed = self.tokens()[i..i + hit.len].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
        let column = &hit.columns[0];
        let table = self.table(column.source).name.clone();
        if !hit.how.plain() || !self.scope.contains(&column.source) {
            self.draft.note(format!("\"{typed}\" read as {table}.{}", column.name));
        }
        if !self.scope.contains(&column.source) {
            self.draft.add_table(column.source, Role::Filter);
        }
    }
}
