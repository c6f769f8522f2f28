//! `top 5`, `newest`, `with the most orders`, `sorted by`: what rows are ranked by, and how many are kept.

use super::super::draft::{Operand, Ranking, Role, column_ref, singular_mention};
use super::super::guess;
use super::super::operators::{self};
use super::Parser;
use crate::domain::question::joins;
use crate::domain::question::selection::{Aggregate, ColumnRef};
use crate::domain::question::words::{Kind, Token};

impl Parser<'_> {
    pub(super) fn ordering(&mut self) -> bool {
        let token = &self.tokens()[self.at];
        if token.is(&["alphabetically"]) {
            self.at += 1;
            if let Some(table) = self.subject()
                && let Some(label) = guess::labels(self.table(table)).first()
            {
                let column = column_ref(self.question.schema, table, *label);
                self.draft.order.retain(|(by, _)| *by != Ranking::Key);
                self.draft.order.push((Ranking::Column(column), false));
                return true;
            }
            return false;
        }
        if !token.means("orderby") {
            return false;
        }
        self.at += 1;
        self.ranking(false)
    }

    /// What to rank by, behind `sorted by` or behind `by` in `top 5 ... by`.
    pub(super) fn ranking(&mut self, descending: bool) -> bool {
        while self.token(self.at).is_some_and(|t| t.is(&["the", "their", "its"])) {
            self.at += 1;
        }
        let i = self.at;
        let found = if let Some(measure) = self.measure_here() {
            self.draft.measures = vec![measure];
            Some(Ranking::Measure)
        } else if let Some(hit) = self.column(i) {
            self.at += hit.len;
            self.say_column(i, &hit);
            Some(self.ranked_by(hit.columns[0].clone()))
        } else if self.token(i).is_some_and(|t| t.is(&["date", "time", "age", "newest", "recent"])) {
            self.at += 1;
            Some(Ranking::Date)
        } else if self.token(i).is_some_and(|t| t.means("count")) {
            self.at += 1;
            Some(Ranking::Measure)
        } else if let Some(column) = self.money_word(i) {
            self.at += 1;
            Some(self.ranked_by(column))
        } else if let Some(mention) = self.mention_at(i) {
            self.draft.add_table(mention.table, Role::Counted);
            self.draft.measures = vec![(Aggregate::Count, Operand::RowsOf(mention.table))];
            self.at = mention.start + mention.len;
            Some(Ranking::Measure)
        } else {
            None
        };
        let Some(found) = found else { return false };
        let mut down = descending;
        while let Some(token) = self.token(self.at) {
            if token.is(&["desc", "descending", "decreasing"]) {
                down = true;
            } else if token.is(&["asc", "ascending", "increasing"]) {
                down = false;
            } else if !token.is(&["order", "spent", "placed", "made", "sold"]) {
                break;
            }
            self.at += 1;
        }
        self.draft.order.push((found, down));
        true
    }

    /// `top 5`, `newest`, `3 cheapest`, `with the most orders`, `highest price`.
    pub(super) fn superlative(&mut self) -> bool {
        let i = self.at;
        let mut j = i;
        let mut limit = None;
        if let Some(n) = self.token(j).and_then(operators::number)
            && self.token(j + 1).is_some_and(|t| superlative(t).is_some() || t.is(&["most", "least"]))
        {
            limit = n.parse().ok();
            j += 1;
        }
        let Some(token) = self.token(j) else { return false };
        let Some(mut what) = superlative(token) else { return false };
        // `most expensive`, `least expensive`, `most recent`
        let mut used = 1;
        if let Some(next) = self.token(j + 1).filter(|_| token.is(&["most", "least"])) {
            if next.is(&["expensive", "costly", "valuable"]) {
                what = Super::Money(token.is(&["most"]));
                used = 2;
            } else if next.is(&["recent", "recently"]) {
                what = Super::Date(true);
                used = 2;
            }
        }
        j += used;
        if let Some(n) = self
            .token(j)
            .filter(|_| limit.is_none())
            .and_then(operators::number)
            .filter(|_| !token.is(&["most", "least"]))
        {
            // `last 7 days` was taken as a period before; here the number counts rows.
            limit = n.parse().ok();
            j += 1;
        }
        let with = i
            .checked_sub(1)
            .and_then(|b| self.token(b))
            .is_some_and(|t| t.is(&["with", "have", "has", "the", "having", "had", "at", "placed", "made"]));
        let subject_before = self.draft.subject().is_some();
        match what {
            Super::Most(down) => {
                let mut k = j;
                while self.token(k).is_some_and(|t| t.is(&["of", "the"])) {
                    k += 1;
                }
                if let Some(mention) = self.mention_at(k) {
                    if subject_before {
                        self.draft.add_table(mention.table, Role::Counted);
                        self.draft.measures = vec![(Aggregate::Count, Operand::RowsOf(mention.table))];
                        self.draft.order.push((Ranking::Measure, down));
                        self.draft.single = limit.is_none() && self.subject_singular();
                        self.draft.limit = limit.or(self.draft.limit);
                        self.at = mention.start + mention.len;
                        return true;
                    }
                    // `most orders by customer`
                    return false;
                }
                if let Some(hit) = self.column(k).filter(|h| guess::numeric_ref(&h.columns[0])) {
                    self.at = k + hit.len;
                    self.say_column(k, &hit);
                    self.draft.order.push((Ranking::Column(hit.columns[0].clone()), down));
                    self.draft.single = self.subject_singular();
                    return true;
                }
                // `which customers spent the most`
                let verb = (0..i).rev().find(|b| !self.tokens()[*b].is(&["the"]));
                let column = verb.filter(|_| subject_before).and_then(|b| self.money_word(b));
                if let Some(column) = column {
                    let by = self.ranked_by(column);
                    self.at = j;
                    self.draft.order.push((by, down));
                    self.draft.single = self.subject_singular();
                    self.draft.limit.get_or_insert(if self.draft.single { 1 } else { 10 });
                    return true;
                }
                false
            }
            Super::Value(down) => {
                if let Some(hit) = self.column(j).filter(|h| {
                    h.columns.len() == 1 && (guess::numeric_ref(&h.columns[0]) || guess::dates_ref(&h.columns[0]))
                }) {
                    let column = hit.columns[0].clone();
                    self.say_column(j, &hit);
                    self.at = j + hit.len;
                    if with && subject_before || limit.is_some() {
                        self.draft.single = limit.is_none() && self.subject_singular();
                        self.draft.limit = limit.or(self.draft.limit);
                        self.draft.order.push((Ranking::Column(column), down));
                    } else {
                        let how = if down { Aggregate::Maximum } else { Aggregate::Minimum };
                        self.draft.measures.push((how, Operand::Column(column)));
                    }
                    return true;
                }
                if token.is(&["max", "min", "maximum", "minimum"]) {
                    return false;
                }
                if let Some(mention) = self.mention_at(j) {
                    // `highest order total`
                    let end = mention.start + mention.len;
                    if let Some(hit) = self
                        .token(end)
                        .and_then(|_| self.column_in(end, mention.table))
                        .filter(|h| guess::numeric_ref(&h.columns[0]))
                    {
                        let how = if down { Aggregate::Maximum } else { Aggregate::Minimum };
                        self.draft.add_table(mention.table, Role::Subject);
                        self.draft.measures.push((how, Operand::Column(hit.columns[0].clone())));
                        self.at = end + hit.len;
                        return true;
                    }
                    self.rank_subject(Ranking::Money, down, limit, j);
                    return true;
                }
                if token.is(&["top"]) && limit.is_some() {
                    self.rank_subject(Ranking::Money, down, limit, j);
                    return true;
                }
                false
            }
            Super::Money(down) => {
                self.rank_subject(Ranking::Money, down, limit, j);
                true
            }
            Super::Date(down) => {
                // `the latest created_at of customers` is one date.
                let dated = self
                    .column(j)
                    .filter(|h| limit.is_none() && h.columns.len() == 1 && guess::dates_ref(&h.columns[0]));
                if let Some(hit) = dated {
                    self.say_column(j, &hit);
                    self.at = j + hit.len;
                    let how = if down { Aggregate::Maximum } else { Aggregate::Minimum };
                    self.draft.measures.push((how, Operand::Column(hit.columns[0].clone())));
                    return true;
                }
                self.rank_subject(Ranking::Date, down, limit, j);
                true
            }
            Super::First => {
                self.rank_subject(Ranking::Key, false, limit, j);
                true
            }
        }
    }

    /// A number of rows that point to the subject is summed for each: `products by quantity sold`.
    fn ranked_by(&mut self, column: ColumnRef) -> Ranking {
        let below = |s: usize| s != column.source && joins::path_upward(self.links(), column.source, s).is_some();
        if !self.subject().is_some_and(below) || !guess::numeric_ref(&column) {
            return Ranking::Column(column);
        }
        self.draft.note(format!("the sum of {}.{} is meant", self.table(column.source).name, column.name));
        self.draft.add_table(column.source, Role::Filter);
        self.draft.measures = vec![(Aggregate::Sum, Operand::Column(column))];
        Ranking::Measure
    }

    pub(super) fn rank_subject(&mut self, by: Ranking, down: bool, limit: Option<u32>, next: usize) {
        self.at = next;
        let mention = self.mentions.iter().find(|m| m.start >= next).or_else(|| self.mentions.first());
        self.draft.single |= limit.is_none() && mention.is_some_and(|m| singular_mention(self.question, m));
        self.draft.limit = limit.or(self.draft.limit);
        if limit.is_none() && !self.draft.single {
            self.draft.limit.get_or_insert(10);
            self.draft.note("the first 10 are shown: say how many you want".to_owned());
        }
        self.draft.order.push((by, down));
    }

    pub(super) fn subject_singular(&self) -> bool {
        let subject = self.draft.subject();
        self.mentions.iter().find(|m| Some(m.table) == subject).is_some_and(|m| singular_mention(self.question, m))
    }
}

/// What a superlative ranks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Super {
    /// `most`, `fewest`: of rows or of a column.
    Most(bool),
    /// `highest`, `largest`, `top`: of a column, or of the money.
    Value(bool),
    /// `cheapest`.
    Money(bool),
    /// `newest`.
    Date(bool),
    /// `first`.
    First,
}

/// What a superlative word ranks.
pub(super) fn superlative(token: &Token) -> Option<Super> {
    if token.kind != Kind::Word {
        return None;
    }
    Some(match token.lower.as_str() {
        "most" => Super::Most(true),
        "fewest" | "least" => Super::Most(false),
        "highest" | "largest" | "biggest" | "greatest" | "top" | "max" | "maximum" => Super::Value(true),
        "lowest" | "smallest" | "min" | "minimum" => Super::Value(false),
        "priciest" | "costliest" | "most expensive" => Super::Money(true),
        "cheapest" => Super::Money(false),
        "newest" | "latest" | "recent" | "last" => Super::Date(true),
        "oldest" | "earliest" => Super::Date(false),
        "first" => Super::First,
        _ => return None,
    })
}
