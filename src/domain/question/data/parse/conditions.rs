//! A column and what is said of it; a comparison that names no column.

use super::super::draft::{column_ref, spoken};
use super::super::guess;
use super::super::operators::{self, Operator};
use super::numbers::aggregate_word;
use super::ranking::superlative;
use super::{ACTS, Parser, SILENT};
use crate::domain::question::names::{self, How};
use crate::domain::question::periods;
use crate::domain::question::selection::{ColumnRef, Comparison, Filter, LikeKind, Literal};
use crate::domain::question::words::{Kind, singular};
use crate::domain::schema::ColumnKind;

impl Parser<'_> {
    pub(super) fn negation(&mut self) -> bool {
        if !self.tokens()[self.at].is(&["not", "except", "excluding", "never", "isnt", "arent", "but"]) {
            return false;
        }
        self.at += 1;
        if !self.tokens()[self.at - 1].is(&["but"]) {
            self.denied = Some(self.at - 1);
        }
        true
    }

    /// A column, and what is said of it.
    pub(super) fn named_column(&mut self) -> bool {
        let i = self.at;
        let Some(hit) = self.column(i) else { return false };
        let mention = self.mention_at(i);
        let grammar = self.tokens()[i].one_of(SILENT)
            && self.tokens()[i].kind == Kind::Word
            && hit.len == 1
            && hit.how > How::Words;
        if grammar || mention.is_some_and(|m| m.explicit || m.how <= hit.how) && !self.operator_behind(i + hit.len) {
            return false;
        }
        // `shipped orders` is a state; `shipped yesterday` and `shipped after ...` speak of `shipped_at`.
        let act = hit.len == 1 && !hit.how.plain() && guess::is_state_word(&self.tokens()[i].lower);
        let rest = self.tokens().get(i + hit.len..).unwrap_or_default();
        if act && periods::period_at(rest, &self.question.clock).is_none() && !self.operator_behind(i + hit.len) {
            return false;
        }
        self.at += hit.len;
        self.say_column(i, &hit);
        if self.comparison(&hit.columns) {
            return true;
        }
        let column = &hit.columns[0];
        let truth = column.kind == ColumnKind::Bool
            || (names::name_words(&column.name).first().is_some_and(|w| ["is", "has"].contains(&w.as_str()))
                && !hit.how.plain());
        let asked_for = self.draft.shown.is_empty()
            && i > 0
            && self.tokens()[i - 1].is(&["show", "list"])
            && self.token(self.at).is_some_and(|t| t.is(&["of"]));
        if truth && !asked_for {
            self.condition(Filter::IsTrue(column.clone(), true));
            return true;
        }
        // `what cities do customers live in` asks for each city once.
        let of_table = self.mentions.iter().any(|m| m.start + m.len == i);
        let asked = (of_table && self.tokens()[0].means("what"))
            || i.checked_sub(1)
                .is_some_and(|b| self.tokens()[b].one_of(&["what"]) || self.tokens()[b].is(&["possible"]));
        let plural = self.tokens()[i + hit.len - 1].lower != singular(&self.tokens()[i + hit.len - 1].lower);
        if asked && plural && hit.len == 1 {
            self.draft.distinct = true;
        }
        self.draft.shown.extend(hit.columns);
        true
    }

    pub(super) fn operator_behind(&self, i: usize) -> bool {
        self.token(i).is_some_and(|t| t.kind == Kind::Symbol && t.is(&["=", "<", ">", "<=", ">=", "<>", "!="]))
            || operators::at(self.tokens(), i).is_some_and(|(_, _, n)| n > 0)
    }

    /// Where a new part of the question begins.
    pub(super) fn stop_at(&self, i: usize) -> bool {
        self.mention_at(i).is_some_and(|m| m.how.plain() && m.tokens_mean_nothing(self.question))
            || periods::period_at(&self.tokens()[i..], &self.question.clock).is_some()
            || (self.token(i).is_some_and(|t| !t.capital())
                && self.column(i).is_some_and(|h| {
                    let flag = h.columns[0].kind == ColumnKind::Bool;
                    h.how.plain() && (flag || operators::at(self.tokens(), i + h.len).is_some())
                }))
    }

    /// What is said of these columns, from here on.
    pub(super) fn comparison(&mut self, columns: &[ColumnRef]) -> bool {
        let i = self.at;
        let column = columns[0].clone();
        let dated = guess::dates_ref(&column);
        if dated && let Some(filter) = self.dated(&column) {
            self.condition(filter);
            return true;
        }
        let found = operators::at(self.tokens(), i);
        let (operator, denied, n) = match found {
            Some((operator, denied, n)) if n > 0 => (operator, denied, n),
            _ => match self.token(i) {
                // `status paid`, `category Toys`, `in (1, 2)`
                Some(t) if t.is(&["in", "among", "on"]) && self.value_here(i + 1, &column) => {
                    (Operator::Compare(Comparison::Equal), false, 1)
                }
                Some(t) if t.is(&["not"]) && self.token(i + 1).is_some_and(|t| t.is(&["in"])) => {
                    (Operator::Compare(Comparison::Equal), true, 2)
                }
                Some(_) if self.value_here(i, &column) => (Operator::Compare(Comparison::Equal), false, 0),
                _ => return false,
            },
        };
        let mut j = i + n;
        while self.token(j).is_some_and(|t| t.is(&["in", "the", "a", "an", "either", "one", "of"]))
            && self.token(j + 1).is_some()
        {
            j += 1;
        }
        let wrap = |f: Filter| if denied { negate(f) } else { f };
        match operator {
            Operator::Null(empty) => {
                let filter = wrap(Filter::IsNull(column, empty));
                self.at = i + n;
                self.condition(filter);
                return true;
            }
            Operator::Truth(truth) => {
                let filter = wrap(Filter::IsTrue(column, truth));
                self.at = i + n;
                self.condition(filter);
                return true;
            }
            _ => {}
        }
        let stops = |k: usize| self.stop_at(k);
        if operator == Operator::Between {
            let Some((low, low_len)) = operators::value(self.tokens(), j, &stops) else { return false };
            let Some((high, high_len)) = self
                .token(j + low_len)
                .filter(|t| t.is(&["and", "to"]))
                .and_then(|_| operators::value(self.tokens(), j + low_len + 1, &stops))
            else {
                return false;
            };
            self.at = j + low_len + 1 + high_len;
            if self.fits(&column, &low) && self.fits(&column, &high) {
                self.condition(wrap(Filter::Between(column, low, high)));
            }
            return true;
        }
        let Some((mut values, taken)) = operators::values(self.tokens(), j, &stops) else { return false };
        // `status is empty`, `email is missing please`
        if let (Operator::Compare(Comparison::Equal), [Literal::Text { text, exact: false }]) =
            (operator, values.as_slice())
            && ["true", "false", "yes"].contains(&text.to_lowercase().as_str())
            && column.kind != ColumnKind::Text
        {
            self.at = j + taken;
            let truth = !text.eq_ignore_ascii_case("false");
            self.condition(wrap(Filter::IsTrue(column, truth)));
            return true;
        }
        self.at = j + taken;
        for value in &values {
            if !self.fits(&column, value) {
                return true;
            }
        }
        let filter = match operator {
            Operator::Like(kind) => {
                let texts: Vec<Filter> = columns
                    .iter()
                    .flat_map(|c| {
                        values.iter().map(|v| {
                            let (kind, text) = by_wildcards(kind, &literal_text(v));
                            Filter::Like(c.clone(), kind, text)
                        })
                    })
                    .collect();
                any(texts)
            }
            Operator::Compare(Comparison::Equal) if values.len() > 1 => {
                any(columns.iter().map(|c| Filter::OneOf(c.clone(), values.clone())).collect())
            }
            Operator::Compare(comparison) => {
                let value = values.swap_remove(0);
                any(columns.iter().map(|c| Filter::Compare(c.clone(), comparison, value.clone())).collect())
            }
            _ => return false,
        };
        if columns.len() > 1 {
            let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
            self.draft.note(format!("looked for in {}", names.join(" and ")));
        }
        self.condition(wrap(filter));
        true
    }

    /// The value can stand in this column; if not, the question is unclear.
    pub(super) fn fits(&mut self, column: &ColumnRef, value: &Literal) -> bool {
        let wrong = column.kind == ColumnKind::Number && matches!(value, Literal::Text { .. });
        if wrong {
            let text = literal_text(value);
            self.draft.unclear(format!("{} holds numbers, \"{text}\" is none", column.name), Vec::new());
        }
        !wrong
    }

    /// A value stands right behind a column, with no operator between.
    pub(super) fn value_here(&self, i: usize, column: &ColumnRef) -> bool {
        let Some(token) = self.token(i) else { return false };
        if self.stop_at(i) || self.mention_at(i).is_some() {
            return false;
        }
        match token.kind {
            Kind::Quoted => true,
            Kind::Number => column.kind != ColumnKind::Bool,
            Kind::Stamp => false,
            Kind::Word => {
                let value_like = token.canon.is_empty() || token.capital() || token.one_of(&["active", "open", "idle"]);
                value_like
                    && !matches!(column.kind, ColumnKind::Number | ColumnKind::Bool)
                    && !guess::dates_ref(column)
                    && self.column(i).is_none()
                    && !token.is(&[
                        "are",
                        "is",
                        "distinct",
                        "unique",
                        "average",
                        "sum",
                        "sorted",
                        "ordered",
                        "alphabetically",
                    ])
                    && superlative(token).is_none()
                    && aggregate_word(token).is_none()
                    && !ACTS.contains(&token.lower.as_str())
            }
            Kind::Symbol => token.is(&["("]),
        }
    }

    /// `over 100` behind a table: its money, when there is but one such column.
    pub(super) fn bare_comparison(&mut self) -> bool {
        let i = self.at;
        let Some((operator, denied, n)) = operators::at(self.tokens(), i).filter(|(_, _, n)| *n > 0) else {
            return false;
        };
        let Some(subject) = self.subject() else { return false };
        let number = |k: usize| self.token(k).filter(|t| t.kind == Kind::Number);
        let (Some(value), true) = (number(i + n), matches!(operator, Operator::Compare(_) | Operator::Between)) else {
            return false;
        };
        if operator == Operator::Compare(Comparison::Equal) && self.tokens()[i].kind == Kind::Word {
            return false;
        }
        let table = self.table(subject);
        // `cost more than 50`: the verb says which column.
        let verb = i.checked_sub(1).and_then(|b| self.token(b)).map(|t| t.lower.clone()).unwrap_or_default();
        let mut plausible = guess::meant_by(table, &verb);
        if plausible.is_empty() {
            plausible = guess::money(table);
        }
        if plausible.is_empty() {
            plausible = (0..table.columns.len())
                .filter(|c| guess::numeric(&table.columns[*c]) && !guess::is_key(table, &table.columns[*c]))
                .collect();
        }
        let low = Literal::Number(value.text.clone());
        let mut end = i + n + 1;
        let high = if operator == Operator::Between {
            let high = self.token(end).filter(|t| t.is(&["and", "to"])).and_then(|_| number(end + 1));
            end += 2;
            match high {
                Some(high) => Some(Literal::Number(high.text.clone())),
                None => return false,
            }
        } else {
            None
        };
        let words = self.tokens()[i..end.min(self.tokens().len())]
            .iter()
            .map(|t| t.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        self.at = end;
        match plausible.as_slice() {
            [] => false,
            [one] => {
                let column = column_ref(self.question.schema, subject, *one);
                self.draft.note(format!("\"{words}\" read as {}.{}", table.name, column.name));
                let filter = match (operator, high) {
                    (_, Some(high)) => Filter::Between(column, low, high),
                    (Operator::Compare(comparison), None) => Filter::Compare(column, comparison, low),
                    _ => return false,
                };
                self.condition(if denied { negate(filter) } else { filter });
                true
            }
            several => {
                let instead = several
                    .iter()
                    .map(|c| format!("{} with {} {words}", spoken(table), table.columns[*c].name))
                    .collect();
                self.draft.unclear(format!("\"{words}\" does not say which column of {}", table.name), instead);
                true
            }
        }
    }
}

/// The text of a value.
pub(super) fn literal_text(value: &Literal) -> String {
    match value {
        Literal::Number(text) | Literal::Text { text, .. } => text.clone(),
    }
}

/// One of these holds.
pub(super) fn any(mut filters: Vec<Filter>) -> Filter {
    if filters.len() == 1 { filters.swap_remove(0) } else { Filter::Any(filters) }
}

/// One of these columns equals the value.
pub(super) fn equal_any(columns: Vec<ColumnRef>, value: &Literal) -> Filter {
    any(columns.into_iter().map(|c| Filter::Compare(c, Comparison::Equal, value.clone())).collect())
}

/// The opposite of a condition.
pub(super) fn negate(filter: Filter) -> Filter {
    match filter {
        Filter::IsNull(c, empty) => Filter::IsNull(c, !empty),
        Filter::IsTrue(c, truth) => Filter::IsTrue(c, !truth),
        Filter::Exists { table, columns, exists } => Filter::Exists { table, columns, exists: !exists },
        Filter::Compare(c, comparison, value) => Filter::Compare(c, comparison.negated(), value),
        Filter::Not(inner) => *inner,
        other => Filter::Not(Box::new(other)),
    }
}

/// `like 'Ann%'` is said with the wildcard of SQL at an end: then that end is open, and the other is not.
fn by_wildcards(kind: LikeKind, text: &str) -> (LikeKind, String) {
    if kind != LikeKind::Contains {
        return (kind, text.to_owned());
    }
    match (text.strip_prefix('%'), text.strip_suffix('%')) {
        (None, Some(start)) if !start.is_empty() => (LikeKind::StartsWith, start.to_owned()),
        (Some(end), None) if !end.is_empty() => (LikeKind::EndsWith, end.to_owned()),
        (Some(inner), Some(_)) if inner.len() > 1 => (kind, inner.trim_end_matches('%').to_owned()),
        _ => (kind, text.to_owned()),
    }
}
