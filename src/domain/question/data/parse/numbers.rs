//! `how many`, `sum of`, `average`: the numbers that are asked for, and of what.

use super::super::draft::{Operand, Role, column_ref, singular_mention, spoken};
use super::super::guess;
use super::super::operators::{self};
use super::Parser;
use crate::domain::question::joins;
use crate::domain::question::selection::{Aggregate, ColumnRef};
use crate::domain::question::words::{Kind, Token};
use crate::domain::schema::ColumnKind;

impl Parser<'_> {
    /// `total orders`, `number of orders`, `total amount`, `average price`, `sum of total`.
    pub(super) fn measure_here(&mut self) -> Option<(Aggregate, Operand)> {
        let i = self.at;
        let token = self.token(i)?;
        let mut j = i + 1;
        let how = if token.means("howmany") || token.means("count") {
            Aggregate::Count
        } else if self.column(i).is_some_and(|h| h.how.plain() && self.scope.contains(&h.columns[0].source))
            && self.aggregate_operand(j).is_none()
        {
            return None;
        } else {
            aggregate_word(token)?
        };
        while self
            .token(j)
            .is_some_and(|t| t.is(&["of", "the", "number", "value", "total", "count"]) && self.operand(j).is_none())
        {
            j += 1;
        }
        let (operand, end) = self.operand(j)?;
        let how = match (&operand, how) {
            // The sum of rows is their number.
            (Operand::RowsOf(_), Aggregate::Sum) => Aggregate::Count,
            (Operand::RowsOf(_), Aggregate::Count) => how,
            (Operand::RowsOf(_), _) => return None,
            _ => how,
        };
        match &operand {
            Operand::RowsOf(t) => self.draft.add_table(*t, Role::Counted),
            Operand::Column(c) if !self.scope.contains(&c.source) => {
                self.draft.note(format!("read as {}.{}", self.table(c.source).name, c.name));
                self.draft.add_table(c.source, Role::Filter);
            }
            _ => {}
        }
        self.at = end;
        Some((how, operand))
    }

    pub(super) fn aggregate_operand(&self, i: usize) -> Option<(Operand, usize)> {
        let skip = usize::from(self.token(i).is_some_and(|t| t.is(&["of"])));
        self.operand(i + skip)
    }

    pub(super) fn operand(&self, j: usize) -> Option<(Operand, usize)> {
        let token = self.token(j)?;
        if let Some(hit) = self.column(j) {
            let fits = guess::numeric_ref(&hit.columns[0]) || hit.columns[0].kind == ColumnKind::Time;
            if hit.columns.len() == 1 && fits {
                return Some((Operand::Column(hit.columns[0].clone()), j + hit.len));
            }
        }
        if let Some(mention) = self.mention_at(j) {
            // `average order value`: the table, then a word for its money.
            let end = mention.start + mention.len;
            if let Some(column) = self.money_word_in(end, mention.table) {
                return Some((Operand::Column(column), end + 1));
            }
            let own = self.token(end).is_some() && self.column_in(end, mention.table).is_some();
            if own {
                let hit = self.column_in(end, mention.table)?;
                if guess::numeric_ref(&hit.columns[0]) {
                    return Some((Operand::Column(hit.columns[0].clone()), end + hit.len));
                }
            }
            return Some((Operand::RowsOf(mention.table), end));
        }
        let _ = token;
        self.money_word(j).map(|c| (Operand::Column(c), j + 1))
    }

    /// A column for `revenue`, `cost`, `salary` and their like.
    pub(super) fn money_word(&self, i: usize) -> Option<ColumnRef> {
        let base = self.subject()?;
        let mut tables = self.scope.clone();
        tables.retain(|t| *t != base);
        tables.insert(0, base);
        if let Some(found) = tables.iter().find_map(|t| self.money_word_in(i, *t)) {
            return Some(found);
        }
        let word = &self.token(i)?.lower;
        let children: Vec<ColumnRef> = (0..self.question.schema.tables.len())
            .filter(|t| joins::path_upward(self.links(), *t, base).is_some_and(|p| p.len() == 1))
            .filter_map(|t| match guess::meant_by(self.table(t), word)[..] {
                [one] => Some(column_ref(self.question.schema, t, one)),
                _ => None,
            })
            .collect();
        match children.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    pub(super) fn money_word_in(&self, i: usize, table: usize) -> Option<ColumnRef> {
        match guess::meant_by(self.table(table), &self.token(i)?.lower)[..] {
            [one] => Some(column_ref(self.question.schema, table, one)),
            _ => None,
        }
    }

    pub(super) fn counting(&mut self) -> bool {
        let token = &self.tokens()[self.at];
        if token.one_of(&["howmany", "count", "rowcount"]) && self.column(self.at).is_none() || token.is(&["#"]) {
            self.at += 1;
            if self.draft.measures.is_empty() {
                self.draft.measures.push((Aggregate::Count, Operand::Rows));
            }
            return true;
        }
        if token.means("howmuch") {
            self.at += 1;
            let i = self.at;
            if let Some((Operand::Column(column), end)) = self.operand(i) {
                self.at = end;
                self.say_measure(&column);
                self.draft.measures.push((Aggregate::Sum, Operand::Column(column)));
                return true;
            }
        }
        false
    }

    pub(super) fn say_measure(&mut self, column: &ColumnRef) {
        let table = self.table(column.source).name.clone();
        self.draft.note(format!("read as {table}.{}", column.name));
        if !self.scope.contains(&column.source) {
            self.draft.add_table(column.source, Role::Filter);
        }
    }

    /// `sum of total`, `average price`, `min and max price`, `total orders`.
    pub(super) fn aggregate(&mut self) -> bool {
        let i = self.at;
        let mut hows = Vec::new();
        let mut j = i;
        while let Some(how) = self.token(j).and_then(aggregate_word) {
            hows.push(how);
            j += 1;
            let list = self.token(j).is_some_and(|t| t.is(&[",", "and", "or"]));
            let more = (1..=2).find(|n| {
                list && self.token(j + n).is_some_and(|t| aggregate_word(t).is_some())
                    && (*n == 1 || self.token(j + 1).is_some_and(|t| t.is(&["and"])))
            });
            match more {
                Some(n) => j += n,
                None => break,
            }
        }
        if hows.is_empty() {
            return false;
        }
        // A column may be called `total` or `sum` itself.
        if let Some(hit) = self.column(i).filter(|h| h.how.plain() && self.scope.contains(&h.columns[0].source)) {
            let behind = self.aggregate_operand(i + hit.len);
            let operator = operators::at(self.tokens(), i + hit.len).is_some();
            let summed = matches!(behind, Some((Operand::RowsOf(_), _))) && self.draft.measures.is_empty() && !operator;
            if summed && guess::numeric_ref(&hit.columns[0]) && self.token(i + hit.len).is_some_and(|t| t.is(&["of"])) {
                self.at = i + hit.len;
                self.draft.measures.push((Aggregate::Sum, Operand::Column(hit.columns[0].clone())));
                return true;
            }
            if behind.is_none() || operator {
                return false;
            }
        }
        while self.token(j).is_some_and(|t| t.is(&["of", "the", "value", "number", "all"]) && self.operand(j).is_none())
        {
            j += 1;
        }
        match self.operand(j) {
            Some((Operand::Column(column), end)) => {
                self.at = end;
                let typed = self.tokens()[j..end].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
                if !typed.to_lowercase().contains(&column.name.to_lowercase()) || !self.scope.contains(&column.source) {
                    self.draft.note(format!("\"{typed}\" read as {}.{}", self.table(column.source).name, column.name));
                }
                if !self.scope.contains(&column.source) {
                    self.draft.add_table(column.source, Role::Filter);
                }
                for how in hows {
                    self.draft.measures.push((how, Operand::Column(column.clone())));
                }
                if let Some(mention) = self.mentions.iter().find(|m| m.start >= j && m.start < end) {
                    self.draft.add_table(mention.table, Role::Subject);
                }
                true
            }
            Some((Operand::RowsOf(table), end)) if hows == [Aggregate::Sum] && !self.tokens()[i].is(&["sum"]) => {
                self.at = end;
                self.draft.add_table(table, Role::Subject);
                self.draft.note(format!("\"total {}\" read as their number", spoken(self.table(table))));
                self.draft.measures.push((Aggregate::Count, Operand::Rows));
                true
            }
            // `average orders per customer` is a number of orders, not their worth: no selection has an average of numbers.
            Some((Operand::RowsOf(table), _))
                if hows == [Aggregate::Average] && self.in_plural(j) && self.grouped_behind(j) =>
            {
                let name = spoken(self.table(table));
                self.draft.unclear(
                    format!("an average of numbers of {name} is not asked for in one statement"),
                    vec![format!("number of {name} per {}", self.behind_per(j))],
                );
                self.at = j + 1;
                true
            }
            Some((Operand::RowsOf(table), end)) if hows.len() == 1 => {
                // `average order`: of its money, if there is but one.
                let [one] = guess::money(self.table(table))[..] else { return false };
                self.at = end;
                let column = column_ref(self.question.schema, table, one);
                self.draft.note(format!("read as {}.{}", self.table(table).name, column.name));
                self.draft.add_table(table, Role::Subject);
                self.draft.measures.push((hows[0], Operand::Column(column)));
                true
            }
            _ => {
                // `salary: average`, or a lone `total` behind a number.
                false
            }
        }
    }

    /// The table named here is named in the plural.
    fn in_plural(&self, i: usize) -> bool {
        self.mention_at(i).is_some_and(|mention| !singular_mention(self.question, mention))
    }

    fn grouped_behind(&self, i: usize) -> bool {
        self.tokens()[i..].iter().any(|t| t.one_of(&["per", "by", "each"]))
    }

    /// What stands behind `per`, as typed.
    fn behind_per(&self, i: usize) -> String {
        let behind = self.tokens()[i..].iter().skip_while(|t| !t.one_of(&["per", "by", "each"])).skip(1);
        behind.map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// `revenue by month`: a word for money that is no column's name is a sum.
    pub(super) fn bare_money(&mut self) -> bool {
        const WORDS: &[&str] = &["revenue", "sales", "turnover", "income", "earnings", "takings", "spending"];
        let i = self.at;
        if !self.tokens()[i].is(WORDS) || self.column(i).is_some() || self.mention_at(i).is_some() {
            return false;
        }
        let Some(column) = self.money_word(i) else { return false };
        self.at += 1;
        self.draft.note(format!(
            "\"{}\" read as the sum of {}.{}",
            self.tokens()[i].text,
            self.table(column.source).name,
            column.name
        ));
        if !self.scope.contains(&column.source) {
            self.draft.add_table(column.source, Role::Filter);
        }
        self.draft.measures.push((Aggregate::Sum, Operand::Column(column)));
        true
    }

    pub(super) fn distinct(&mut self) -> bool {
        if !self.tokens()[self.at].is(&["distinct", "unique", "different", "possible", "separate", "various"]) {
            return false;
        }
        self.at += 1;
        self.draft.distinct = true;
        true
    }
}

/// The aggregate that a word asks for.
pub(super) fn aggregate_word(token: &Token) -> Option<Aggregate> {
    if token.kind != Kind::Word {
        return None;
    }
    Some(match token.lower.as_str() {
        "sum" | "total" | "totals" | "overall" | "combined" => Aggregate::Sum,
        "average" | "avg" | "mean" | "averages" => Aggregate::Average,
        "min" | "minimum" | "lowest" | "smallest" => Aggregate::Minimum,
        "max" | "maximum" | "highest" | "largest" => Aggregate::Maximum,
        _ => return None,
    })
}
