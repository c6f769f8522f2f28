//! `without orders`, `more than 3 orders`, `no email`, `with a note`: what is there and what is not.

use super::super::draft::{Operand, Role, column_ref};
use super::super::operators::{self, Operator};
use super::Parser;
use crate::domain::question::intent::Relation;
use crate::domain::question::joins;
use crate::domain::question::mentions::Mention;
use crate::domain::question::periods;
use crate::domain::question::selection::{Aggregate, ColumnRef, Filter};
use crate::domain::schema::ColumnKind;

impl Parser<'_> {
    /// `without email`, `no orders`, `with missing country`, `more than 3 orders`, `with orders`.
    pub(super) fn missing_or_present(&mut self) -> bool {
        let i = self.at;
        let mut j = i;
        while self.token(j).is_some_and(|t| {
            t.is(&[
                "with", "have", "has", "having", "had", "who", "that", "which", "do", "does", "did", "placed", "made",
                "are", "is", "were",
            ])
        }) {
            j += 1;
        }
        let opened = j > i;
        // `customers who ordered`, unless a date follows: then the date's reader sees to it.
        if let Some(child) = self.token(j).and_then(|t| self.table_of_act(&t.lower)) {
            if self.tokens().get(j + 1..).is_some_and(|rest| periods::period_at(rest, &self.question.clock).is_some()) {
                self.at = j + 1;
                return true;
            }
            return self.exists_in(child, true, j + 1);
        }
        let Some(word) = self.token(j) else { return false };
        // `more than 3 orders`
        if let Some((Operator::Compare(comparison), denied, n)) =
            operators::at(self.tokens(), j).filter(|(_, _, n)| *n > 0)
        {
            let number = self.token(j + n).and_then(operators::number);
            let mention = self.mention_at(j + n + 1);
            if let (Some(number), Some(mention)) = (number, mention)
                && self.counts_for_subject(mention.table)
            {
                let comparison = if denied { comparison.negated() } else { comparison };
                self.draft.add_table(mention.table, Role::Counted);
                self.draft.having = Some((comparison, number));
                self.draft.measures = vec![(Aggregate::Count, Operand::RowsOf(mention.table))];
                self.at = mention.start + mention.len;
                return true;
            }
        }
        let negative = word.one_of(&["without", "no"])
            || word.is(&["missing", "lacking"])
            || (word.is(&["not", "never"])
                && self.token(j + 1).is_some_and(|t| {
                    t.is(&["have", "any", "having", "had", "placed", "made", "been"])
                        || self.table_of_act(&t.lower).is_some()
                }));
        if negative {
            let mut k = j + 1;
            while self.token(k).is_some_and(|t| {
                t.is(&[
                    "a", "an", "any", "the", "have", "having", "had", "been", "placed", "made", "known", "valid", "set",
                ]) || t.is(&["single"])
            }) {
                k += 1;
            }
            // `customers who never ordered`: the verb of a table that points to them.
            if let Some(child) =
                self.token(k).filter(|_| !word.one_of(&["no", "without"])).and_then(|t| self.table_of_act(&t.lower))
            {
                return self.exists_in(child, false, k + 1);
            }
            if let Some(mention) = self.mention_at(k).filter(|m| self.counts_for_subject(m.table)) {
                return self.existence(mention, false);
            }
            if let Some(hit) = self.column(k).filter(|h| h.columns.len() == 1) {
                self.at = k + hit.len;
                self.say_column(k, &hit);
                self.condition(Filter::IsNull(hit.columns[0].clone(), true));
                return true;
            }
            // `orders without a customer`: the key to it is empty.
            if let Some(mention) = self.mention_at(k)
                && let Some(column) = self.key_to(mention.table)
            {
                self.at = mention.start + mention.len;
                self.condition(Filter::IsNull(column, true));
                return true;
            }
            return false;
        }
        if opened {
            let article = word.is(&["a", "an", "any", "some"]);
            let k = j + usize::from(article);
            let hit = self
                .column(k)
                .filter(|h| h.columns.len() == 1 && h.how.plain() && self.scope.contains(&h.columns[0].source));
            // `orders with a note`, but `with status paid`, `with total over 5`, `with their name and email`.
            if let Some(hit) = hit.filter(|h| {
                let rest = k + h.len;
                let nothing_said = operators::at(self.tokens(), rest).is_none_or(|(_, _, n)| n == 0)
                    && !self.value_here(rest, &h.columns[0]);
                let list = self.token(rest).is_some_and(|t| t.is(&[",", "and", "of", "between"]));
                let may_be_empty =
                    self.table(h.columns[0].source).column(&h.columns[0].name).is_some_and(|c| c.nullable);
                nothing_said
                    && !list
                    && may_be_empty
                    && h.columns[0].kind != ColumnKind::Bool
                    && periods::period_at(&self.tokens()[rest..], &self.question.clock).is_none()
            }) {
                self.at = k + hit.len;
                self.condition(Filter::IsNull(hit.columns[0].clone(), false));
                return true;
            }
        }
        let at_least_one = word.is(&["any", "some", "a"]);
        let k = j + usize::from(at_least_one);
        if opened && let Some(mention) = self.mention_at(k).filter(|m| self.counts_for_subject(m.table)) {
            // Conditions on the other table follow: it is joined, not only asked for.
            let rest = mention.start + mention.len;
            if self.token(rest).is_none() {
                return self.existence(mention, true);
            }
        }
        false
    }

    /// Rows of this table point to the subject.
    pub(super) fn counts_for_subject(&self, table: usize) -> bool {
        self.draft.subject().is_some_and(|s| s != table && joins::path_upward(self.links(), table, s).is_some())
    }

    pub(super) fn existence(&mut self, mention: &Mention, exists: bool) -> bool {
        self.exists_in(mention.table, exists, mention.start + mention.len)
    }

    /// Rows of a table that point to the subject exist, or do not.
    fn exists_in(&mut self, child: usize, exists: bool, next: usize) -> bool {
        let Some(subject) = self.draft.subject() else { return false };
        let Some(link) = self.links().of_child(child).find(|l| l.parent == subject) else { return false };
        let table = Relation::of(self.table(child));
        self.condition(Filter::Exists { table, columns: link.columns.clone(), exists });
        self.at = next;
        true
    }

    /// The table that an act puts rows into, among those that point to the subject: `ordered` is `orders`.
    pub(super) fn table_of_act(&self, act: &str) -> Option<usize> {
        let stem = act.strip_suffix("ed")?;
        let subject = self.draft.subject()?;
        let fits = |child: usize| {
            let words = &self.question.index.table_words[child];
            words.len() == 1 && (words[0] == stem || words[0] == format!("{stem}e"))
        };
        let mut found = self.links().of_parent(subject).map(|l| l.child).filter(|c| *c != subject && fits(*c));
        found.next()
    }

    pub(super) fn key_to(&self, parent: usize) -> Option<ColumnRef> {
        let subject = self.subject()?;
        let link =
            self.links().all.iter().find(|l| l.child == subject && l.parent == parent && l.columns.len() == 1)?;
        let column = self.table(subject).columns.iter().position(|c| c.name == link.columns[0].0)?;
        Some(column_ref(self.question.schema, subject, column))
    }
}
