//! Periods, and which date they speak of.

use super::super::draft::{Role, column_ref, spoken};
use super::super::guess;
use super::super::operators::{self, Operator};
use super::Parser;
use super::conditions::negate;
use crate::domain::question::joins;
use crate::domain::question::periods;
use crate::domain::question::selection::{ColumnRef, Comparison, Filter};
use crate::domain::question::words::Kind;

impl Parser<'_> {
    pub(super) fn period(&mut self) -> bool {
        let tokens = &self.tokens()[self.at..];
        let Some((stretch, n)) = periods::period_at(tokens, &self.question.clock) else { return false };
        let act = self
            .at
            .checked_sub(1)
            .and_then(|b| self.token(b))
            .filter(|t| t.kind == Kind::Word)
            .map(|t| t.lower.clone());
        // `shipped yesterday or today`: the same date.
        // What was bought or spent is dated elsewhere, and nobody says where.
        if act.as_deref().is_some_and(|a| ["bought", "purchased", "spent", "spend", "buy"].contains(&a)) {
            return false;
        }
        // `customers who ordered last week`: the date of the order.
        let child = act.as_deref().and_then(|a| self.table_of_act(a));
        let dated = child.and_then(|c| match guess::date(self.table(c))[..] {
            [one] => Some((c, one)),
            _ => None,
        });
        if let Some((child, column)) = dated {
            self.draft.add_table(child, Role::Filter);
            let column = column_ref(self.question.schema, child, column);
            self.draft.note(format!("dated by {}.{}", self.table(child).name, column.name));
            let period = self.question.clock.period(stretch);
            self.condition(Filter::During(column, period));
            self.at += n;
            return true;
        }
        let same = match self.draft.conditions.last() {
            Some((_, Filter::During(column, _))) if self.or => Some(column.clone()),
            _ => None,
        };
        let Some(column) = same.or_else(|| self.date_column(act.as_deref())) else { return false };
        let words = tokens[..n].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
        let name = format!("{}.{}", self.table(column.source).name, column.name);
        self.draft.note(format!("\"{words}\" read as {} in {name}", periods::in_words(stretch)));
        if !self.scope.contains(&column.source) {
            self.draft.add_table(column.source, Role::Filter);
        }
        let period = self.question.clock.period(stretch);
        self.condition(Filter::During(column, period));
        self.at += n;
        true
    }

    /// The date that a period speaks of: of the act before it, of the subject, or of a table that it points to.
    pub(super) fn date_column(&mut self, act: Option<&str>) -> Option<ColumnRef> {
        let base = self.subject()?;
        let schema = self.question.schema;
        if let Some(act) = act
            && let [one] = guess::date_of_act(self.table(base), act).as_slice()
        {
            return Some(column_ref(schema, base, *one));
        }
        let own = guess::date(self.table(base));
        match own.as_slice() {
            [one] => return Some(column_ref(schema, base, *one)),
            [] => {}
            several => {
                let table = spoken(self.table(base));
                let say = several
                    .iter()
                    .map(|c| format!("{table} where {} is ...", self.table(base).columns[*c].name))
                    .collect();
                self.draft.unclear(format!("{table} has more than one date"), say);
                return Some(column_ref(schema, base, several[0]));
            }
        }
        let mut best: Option<(usize, ColumnRef)> = None;
        for other in 0..schema.tables.len() {
            let [one] = guess::date(self.table(other))[..] else { continue };
            let Some(path) = joins::path_upward(self.links(), base, other).filter(|_| other != base) else { continue };
            if best.as_ref().is_none_or(|(n, _)| path.len() < *n) {
                best = Some((path.len(), column_ref(schema, other, one)));
            }
        }
        // A child that is counted later may be the one that is dated: `customers with orders in 2024`.
        let named = self.mentions.iter().map(|m| m.table).find_map(|t| match guess::date(self.table(t))[..] {
            [one] => Some(column_ref(schema, t, one)),
            _ => None,
        });
        named.or(best.map(|(_, c)| c))
    }

    /// A date is compared with a period: `created_at > 2024-01-01`, `shipped yesterday`.
    pub(super) fn dated(&mut self, column: &ColumnRef) -> Option<Filter> {
        let i = self.at;
        let tokens = self.tokens();
        let clock = &self.question.clock;
        let mut j = i;
        let copula = tokens.get(j).is_some_and(|t| t.is(&["is", "was", "are", "were"]));
        j += usize::from(copula);
        let denied = tokens.get(j).is_some_and(|t| t.is(&["not"]));
        j += usize::from(denied);
        if let Some((stretch, n)) = tokens.get(j).and_then(|_| periods::period_at(&tokens[j..], clock)) {
            let note = format!("read as {} in {}", periods::in_words(stretch), column.name);
            self.draft.note(note);
            self.at = j + n;
            let filter = Filter::During(column.clone(), clock.period(stretch));
            return Some(if denied { negate(filter) } else { filter });
        }
        let (Operator::Compare(comparison), denied, n) = operators::at(tokens, i)? else { return None };
        let (span, taken) = periods::span_at(tokens.get(i + n..)?, clock)?;
        self.at = i + n + taken;
        let comparison = if denied { comparison.negated() } else { comparison };
        let stretch = periods::compared(comparison, span);
        let filter = Filter::During(column.clone(), clock.period(stretch));
        Some(if comparison == Comparison::NotEqual { negate(filter) } else { filter })
    }
}
