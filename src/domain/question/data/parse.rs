//! Reads a data question from left to right. Every reader below takes the tokens that it understands; what none of
//! them takes is remembered as unknown, and a question with an unknown word is not answered.

use super::super::joins::{self, Link};
use super::super::mentions::Mention;
use super::super::names::{self, Found, How};
use super::super::periods;
use super::super::reading::Question;
use super::super::selection::{Aggregate, Bucket, ColumnRef, Comparison, Filter, Literal};
use super::super::words::{Kind, Token, singular};
use super::draft::{Draft, Grouping, Operand, Ranking, Role, column_ref, refs, singular_mention, spoken};
use super::guess;
use super::operators::{self, Operator};
use crate::domain::schema::{ColumnKind, Table};

/// A question being read for one set of tables.
pub(super) struct Parser<'q> {
    pub(super) question: &'q Question<'q>,
    pub(super) mentions: &'q [Mention],
    /// Tables in which columns are looked for first.
    pub(super) scope: Vec<usize>,
    pub(super) links: &'q [Link],
    pub(super) draft: Draft,
    at: usize,
    or: bool,
    denied: bool,
}

/// A column found in the words: where, how near, and how many tokens.
struct Hit {
    columns: Vec<ColumnRef>,
    how: How,
    len: usize,
}

/// Words that carry no part of a selection.
const SILENT: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "and", "where",
    "whose", "when", "database", "value", "info", "take", "each", "row", "table", "by", "having", "current", "column",
];

/// Verbs that say what happened to a row without telling more than its table does.
const ACTS: &[&str] = &[
    "placed",
    "made",
    "bought",
    "ordered",
    "received",
    "spent",
    "worked",
    "belonging",
    "belong",
    "belongs",
    "came",
    "come",
    "comes",
    "live",
    "lives",
    "living",
    "based",
    "located",
    "work",
    "works",
    "working",
    "cost",
    "costs",
    "costing",
    "worth",
    "earn",
    "earns",
    "earning",
    "registered",
    "joined",
    "signed",
    "submitted",
    "recorded",
    "added",
    "created",
    "happened",
    "buy",
    "place",
    "place",
    "order",
    "contain",
    "up",
    "only",
    "both",
    "different",
    "given",
    "sold",
    "total",
    "generated",
    "made",
    "through",
    "inserted",
    "written",
];

impl<'q> Parser<'q> {
    pub(super) fn new(
        question: &'q Question<'q>,
        mentions: &'q [Mention],
        scope: Vec<usize>,
        links: &'q [Link],
    ) -> Self {
        Self { question, mentions, scope, links, draft: Draft::default(), at: 0, or: false, denied: false }
    }

    /// Reads everything.
    pub(super) fn read(mut self) -> Draft {
        while self.at < self.question.tokens.len() {
            let before = self.at;
            let understood = self.period()
                || self.ordering()
                || self.grouping()
                || self.counting()
                || self.missing_or_present()
                || self.superlative()
                || self.aggregate()
                || self.bare_money()
                || self.distinct()
                || self.negation()
                || self.named_column()
                || self.named_table()
                || self.bare_comparison()
                || self.row_limit()
                || self.value_of_no_column()
                || self.state_word()
                || self.silent();
            if !understood {
                self.draft.unknown.push(self.at);
                self.at += 1;
            } else if self.at == before {
                // A reader that takes nothing would never end.
                self.at += 1;
            }
        }
        self.draft
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
        let filter = if std::mem::take(&mut self.denied) { negate(filter) } else { filter };
        let or = std::mem::take(&mut self.or) && !self.draft.conditions.is_empty();
        self.draft.conditions.push((or, filter));
    }

    // ---- columns ----

    /// The column that begins here: in the tables in scope first, then in tables that they point to, then in tables
    /// that point to them. Outside the scope only the plain name counts.
    fn column(&self, i: usize) -> Option<Hit> {
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

    fn column_elsewhere(&self, i: usize) -> Option<Hit> {
        let tokens = self.tokens();
        let base = self.subject()?;
        for len in (1..=names::LONGEST.min(tokens.len() - i)).rev() {
            let name = &tokens[i..i + len];
            if name.iter().any(|t| t.kind == Kind::Symbol || t.one_of(NOT_COLUMNS)) {
                continue;
            }
            let mut hits: Vec<(usize, ColumnRef, How)> = Vec::new();
            for table in 0..self.question.schema.tables.len() {
                let Some(Found::One(c, how)) = names::find_column(self.table(table), name) else { continue };
                let up = joins::path_upward(self.links, base, table).map(|p| p.len());
                let down = || joins::path_upward(self.links, table, base).map(|p| p.len() + 10);
                if let (true, Some(distance)) = (how.plain(), up.or_else(down)) {
                    hits.push((distance, column_ref(self.question.schema, table, c), how));
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

    fn say_column(&mut self, i: usize, hit: &Hit) {
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

    // ---- readers, each true when it took something ----

    fn period(&mut self) -> bool {
        let tokens = &self.tokens()[self.at..];
        let Some((stretch, n)) = periods::period_at(tokens, &self.question.clock) else { return false };
        let act = self
            .at
            .checked_sub(1)
            .and_then(|b| self.token(b))
            .filter(|t| t.kind == Kind::Word)
            .map(|t| t.lower.clone());
        // `shipped yesterday or today`: the same date.
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
    fn date_column(&mut self, act: Option<&str>) -> Option<ColumnRef> {
        let base = self.subject()?;
        let schema = self.question.schema;
        if let Some(act) = act {
            if let [one] = guess::date_of_act(self.table(base), act).as_slice() {
                return Some(column_ref(schema, base, *one));
            }
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
            let Some(path) = joins::path_upward(self.links, base, other).filter(|_| other != base) else { continue };
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

    fn ordering(&mut self) -> bool {
        let token = &self.tokens()[self.at];
        if token.is(&["alphabetically"]) {
            self.at += 1;
            if let Some(table) = self.subject() {
                if let Some(label) = guess::labels(self.table(table)).first() {
                    let column = column_ref(self.question.schema, table, *label);
                    self.draft.order.push((Ranking::Column(column), false));
                    return true;
                }
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
    fn ranking(&mut self, descending: bool) -> bool {
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
            let column = hit.columns[0].clone();
            // A number of rows that point to the subject is summed for each: `products by quantity sold`.
            let below = self
                .subject()
                .is_some_and(|s| s != column.source && joins::path_upward(self.links, column.source, s).is_some());
            if below && guess::numeric_ref(&column) {
                self.draft.note(format!("the sum of {} is meant", column.name));
                self.draft.measures = vec![(Aggregate::Sum, Operand::Column(column))];
                Some(Ranking::Measure)
            } else {
                Some(Ranking::Column(column))
            }
        } else if self.token(i).is_some_and(|t| t.is(&["date", "time", "age", "newest", "recent"])) {
            self.at += 1;
            Some(Ranking::Date)
        } else if self.token(i).is_some_and(|t| t.means("count")) {
            self.at += 1;
            Some(Ranking::Measure)
        } else if let Some(column) = self.money_word(i) {
            self.at += 1;
            Some(Ranking::Column(column))
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

    /// `total orders`, `number of orders`, `total amount`, `average price`, `sum of total`.
    fn measure_here(&mut self) -> Option<(Aggregate, Operand)> {
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

    fn aggregate_operand(&self, i: usize) -> Option<(Operand, usize)> {
        let skip = usize::from(self.token(i).is_some_and(|t| t.is(&["of"])));
        self.operand(i + skip)
    }

    fn operand(&self, j: usize) -> Option<(Operand, usize)> {
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

    fn column_in(&self, i: usize, table: usize) -> Option<Hit> {
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

    /// A column for `revenue`, `cost`, `salary` and their like.
    fn money_word(&self, i: usize) -> Option<ColumnRef> {
        let base = self.subject()?;
        let mut tables = self.scope.clone();
        tables.retain(|t| *t != base);
        tables.insert(0, base);
        if let Some(found) = tables.iter().find_map(|t| self.money_word_in(i, *t)) {
            return Some(found);
        }
        let word = &self.token(i)?.lower;
        let children: Vec<ColumnRef> = (0..self.question.schema.tables.len())
            .filter(|t| joins::path_upward(self.links, *t, base).is_some_and(|p| p.len() == 1))
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

    fn money_word_in(&self, i: usize, table: usize) -> Option<ColumnRef> {
        match guess::meant_by(self.table(table), &self.token(i)?.lower)[..] {
            [one] => Some(column_ref(self.question.schema, table, one)),
            _ => None,
        }
    }

    fn grouping(&mut self) -> bool {
        let token = &self.tokens()[self.at];
        let each = token.means("each") && self.mention_at(self.at + 1).is_some();
        if !(token.one_of(&["by", "per"]) || each) {
            return false;
        }
        let ranked = token.means("by")
            && (self.draft.limit.is_some() || !self.draft.order.is_empty())
            && self.draft.measures.is_empty();
        let start = self.at;
        self.at += 1;
        if token.means("by") && (ranked || self.measure_follows()) {
            let down = self.draft.order.pop().is_none_or(|(_, down)| down);
            if self.ranking(down) {
                return true;
            }
            self.at = start + 1;
        }
        let mut any = false;
        loop {
            while self.token(self.at).is_some_and(|t| t.is(&["the", "each", "their", "its"])) {
                self.at += 1;
            }
            if !self.one_group() {
                break;
            }
            any = true;
            let comma = self.token(self.at).is_some_and(|t| t.is(&[",", "and"]));
            let next = self.at + 1 + usize::from(self.token(self.at + 1).is_some_and(|t| t.is(&["by", "per"])));
            let goes_on = comma
                && self.token(next).is_some_and(|t| {
                    bucket(t).is_some() || self.column(next).is_some() || self.mention_at(next).is_some()
                });
            if !goes_on {
                break;
            }
            self.at = next;
        }
        if !any {
            self.at = start;
        }
        any
    }

    fn measure_follows(&self) -> bool {
        self.token(self.at).is_some_and(|t| t.means("howmany"))
    }

    fn one_group(&mut self) -> bool {
        let Some(token) = self.token(self.at) else { return false };
        let hit = self.column(self.at);
        let plain = hit.as_ref().is_some_and(|h| h.how.plain() && self.scope.contains(&h.columns[0].source));
        if let (Some(cut), false) = (bucket(token), plain) {
            self.at += 1;
            if self.token(self.at).is_some_and(|t| t.is(&["of"])) {
                if let Some(hit) = self.column(self.at + 1).filter(|h| guess::dates_ref(&h.columns[0])) {
                    self.at += 1 + hit.len;
                    self.draft.groups.push(Grouping::Bucket(cut, Some(hit.columns[0].clone())));
                    return true;
                }
            }
            self.draft.groups.push(Grouping::Bucket(cut, None));
            return true;
        }
        let mention = self.mention_at(self.at);
        if let Some(hit) = hit.filter(|h| plain || mention.is_none() && h.columns.len() == 1) {
            let i = self.at;
            self.at += hit.len;
            self.say_column(i, &hit);
            let column = hit.columns[0].clone();
            // The key of another table is grouped with that table's name.
            let to = self
                .links
                .iter()
                .find(|l| l.child == column.source && l.columns.len() == 1 && l.columns[0].0 == column.name);
            match to.filter(|_| {
                !hit.how.plain()
                    || column.name.to_lowercase().ends_with("id") && !self.tokens()[i].lower.ends_with("id")
            }) {
                Some(link) => {
                    self.draft.add_table(link.parent, Role::Group);
                    self.draft.groups.push(Grouping::Table(link.parent));
                }
                None => self.draft.groups.push(Grouping::Column(column)),
            }
            return true;
        }
        if let Some(mention) = mention {
            self.draft.add_table(mention.table, Role::Group);
            self.draft.groups.push(Grouping::Table(mention.table));
            self.at = mention.start + mention.len;
            // `per customer country`: the table only says whose column it is.
            if let Some(hit) = self.token(self.at).and_then(|_| self.column_in(self.at, mention.table)) {
                self.draft.groups.pop();
                self.draft.groups.push(Grouping::Column(hit.columns[0].clone()));
                self.at += hit.len;
            }
            return true;
        }
        false
    }

    fn counting(&mut self) -> bool {
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

    fn say_measure(&mut self, column: &ColumnRef) {
        let table = self.table(column.source).name.clone();
        self.draft.note(format!("read as {table}.{}", column.name));
        if !self.scope.contains(&column.source) {
            self.draft.add_table(column.source, Role::Filter);
        }
    }

    /// `without email`, `no orders`, `with missing country`, `more than 3 orders`, `with orders`.
    fn missing_or_present(&mut self) -> bool {
        let i = self.at;
        let token = &self.tokens()[i];
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
        let Some(word) = self.token(j) else { return false };
        // `more than 3 orders`
        if let Some((Operator::Compare(comparison), denied, n)) =
            operators::at(self.tokens(), j).filter(|(_, _, n)| *n > 0)
        {
            let number = self.token(j + n).and_then(operators::number);
            let mention = self.mention_at(j + n + 1);
            if let (Some(number), Some(mention)) = (number, mention) {
                if self.counts_for_subject(mention.table) {
                    let comparison = if denied { comparison.negated() } else { comparison };
                    self.draft.add_table(mention.table, Role::Counted);
                    self.draft.having = Some((comparison, number));
                    self.draft.measures = vec![(Aggregate::Count, Operand::RowsOf(mention.table))];
                    self.at = mention.start + mention.len;
                    return true;
                }
            }
        }
        let negative = word.one_of(&["without", "no"])
            || word.is(&["missing", "lacking"])
            || (word.is(&["not", "never"])
                && self
                    .token(j + 1)
                    .is_some_and(|t| t.is(&["have", "any", "having", "had", "placed", "made", "been", "ordered"])));
        if negative {
            let mut k = j + 1;
            while self.token(k).is_some_and(|t| {
                t.is(&[
                    "a", "an", "any", "the", "have", "having", "had", "been", "placed", "made", "known", "valid", "set",
                ]) || t.is(&["single"])
            }) {
                k += 1;
            }
            let _ = token;
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
            if let Some(mention) = self.mention_at(k) {
                if let Some(column) = self.key_to(mention.table) {
                    self.at = mention.start + mention.len;
                    self.condition(Filter::IsNull(column, true));
                    return true;
                }
            }
            return false;
        }
        let at_least_one = word.is(&["any", "some", "a"]);
        let k = j + usize::from(at_least_one);
        if opened {
            if let Some(mention) = self.mention_at(k).filter(|m| self.counts_for_subject(m.table)) {
                // Conditions on the other table follow: it is joined, not only asked for.
                let rest = mention.start + mention.len;
                if self.token(rest).is_none() {
                    return self.existence(mention, true);
                }
            }
        }
        false
    }

    /// Rows of this table point to the subject.
    fn counts_for_subject(&self, table: usize) -> bool {
        self.draft.subject().is_some_and(|s| s != table && joins::path_upward(self.links, table, s).is_some())
    }

    fn existence(&mut self, mention: &Mention, exists: bool) -> bool {
        let Some(subject) = self.draft.subject() else { return false };
        let Some(link) = self.links.iter().find(|l| l.child == mention.table && l.parent == subject) else {
            return false;
        };
        let table = super::super::intent::Relation::of(self.table(mention.table));
        self.condition(Filter::Exists { table, columns: link.columns.clone(), exists });
        self.at = mention.start + mention.len;
        true
    }

    fn key_to(&self, parent: usize) -> Option<ColumnRef> {
        let subject = self.subject()?;
        let link = self.links.iter().find(|l| l.child == subject && l.parent == parent && l.columns.len() == 1)?;
        let column = self.table(subject).columns.iter().position(|c| c.name == link.columns[0].0)?;
        Some(column_ref(self.question.schema, subject, column))
    }

    /// `top 5`, `newest`, `3 cheapest`, `with the most orders`, `highest price`.
    fn superlative(&mut self) -> bool {
        let i = self.at;
        let mut j = i;
        let mut limit = None;
        if let Some(n) = self.token(j).and_then(operators::number) {
            if self.token(j + 1).is_some_and(|t| superlative(t).is_some() || t.is(&["most", "least"])) {
                limit = n.parse().ok();
                j += 1;
            }
        }
        let Some(token) = self.token(j) else { return false };
        let mut what = match superlative(token) {
            Some(found) => found,
            None => return false,
        };
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
                self.rank_subject(Ranking::Date, down, limit, j);
                true
            }
            Super::First => {
                self.rank_subject(Ranking::Key, false, limit, j);
                true
            }
        }
    }

    fn rank_subject(&mut self, by: Ranking, down: bool, limit: Option<u32>, next: usize) {
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

    fn subject_singular(&self) -> bool {
        let subject = self.draft.subject();
        self.mentions.iter().find(|m| Some(m.table) == subject).is_some_and(|m| singular_mention(self.question, m))
    }

    /// `sum of total`, `average price`, `min and max price`, `total orders`.
    fn aggregate(&mut self) -> bool {
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
            Some((Operand::RowsOf(table), end)) if hows == [Aggregate::Sum] => {
                self.at = end;
                self.draft.add_table(table, Role::Subject);
                self.draft.note(format!("\"total {}\" read as their number", spoken(self.table(table))));
                self.draft.measures.push((Aggregate::Count, Operand::Rows));
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

    /// `revenue by month`: a word for money that is no column's name is a sum.
    fn bare_money(&mut self) -> bool {
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

    fn distinct(&mut self) -> bool {
        if !self.tokens()[self.at].is(&["distinct", "unique", "different", "possible", "separate", "various"]) {
            return false;
        }
        self.at += 1;
        self.draft.distinct = true;
        true
    }

    fn negation(&mut self) -> bool {
        if !self.tokens()[self.at].is(&["not", "except", "excluding", "never", "isnt", "arent", "but"]) {
            return false;
        }
        self.at += 1;
        self.denied = !self.tokens()[self.at - 1].is(&["but"]) || self.denied;
        true
    }

    /// A column, and what is said of it.
    fn named_column(&mut self) -> bool {
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
        self.draft.shown.extend(hit.columns);
        true
    }

    fn operator_behind(&self, i: usize) -> bool {
        self.token(i).is_some_and(|t| t.kind == Kind::Symbol && t.is(&["=", "<", ">", "<=", ">=", "<>", "!="]))
            || operators::at(self.tokens(), i).is_some_and(|(_, _, n)| n > 0)
    }

    /// Where a new part of the question begins.
    fn stop_at(&self, i: usize) -> bool {
        self.mention_at(i).is_some_and(|m| m.how.plain() && m.tokens_mean_nothing(self.question))
            || periods::period_at(&self.tokens()[i..], &self.question.clock).is_some()
            || (self.token(i).is_some_and(|t| !t.capital())
                && self.column(i).is_some_and(|h| h.how.plain())
                && operators::at(self.tokens(), i + 1).is_some())
    }

    /// What is said of these columns, from here on.
    fn comparison(&mut self, columns: &[ColumnRef]) -> bool {
        let i = self.at;
        let column = columns[0].clone();
        let dated = guess::dates_ref(&column);
        if dated {
            if let Some(filter) = self.dated(&column) {
                self.condition(filter);
                return true;
            }
        }
        let found = operators::at(self.tokens(), i);
        let (operator, denied, n) = match found {
            Some((operator, denied, n)) if n > 0 => (operator, denied, n),
            _ => match self.token(i) {
                // `status paid`, `category Toys`, `in (1, 2)`
                Some(t) if t.is(&["in", "of", "one", "among", "on"]) && self.value_here(i + 1, &column) => {
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
            let Some((low, a)) = operators::value(self.tokens(), j, &stops) else { return false };
            let Some((high, b)) = self
                .token(j + a)
                .filter(|t| t.is(&["and", "to"]))
                .and_then(|_| operators::value(self.tokens(), j + a + 1, &stops))
            else {
                return false;
            };
            self.at = j + a + 1 + b;
            if self.fits(&column, &low) && self.fits(&column, &high) {
                self.condition(wrap(Filter::Between(column, low, high)));
            }
            return true;
        }
        let Some((mut values, taken)) = operators::values(self.tokens(), j, &stops) else { return false };
        // `status is empty`, `email is missing please`
        if let (Operator::Compare(Comparison::Equal), [Literal::Text { text, exact: false }]) =
            (operator, values.as_slice())
        {
            if ["true", "false", "yes"].contains(&text.to_lowercase().as_str()) && column.kind != ColumnKind::Text {
                self.at = j + taken;
                let truth = !text.eq_ignore_ascii_case("false");
                self.condition(wrap(Filter::IsTrue(column, truth)));
                return true;
            }
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
                    .flat_map(|c| values.iter().map(|v| Filter::Like(c.clone(), kind, literal_text(v))))
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

    /// A date is compared with a period: `created_at > 2024-01-01`, `shipped yesterday`.
    fn dated(&mut self, column: &ColumnRef) -> Option<Filter> {
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

    /// The value can stand in this column; if not, the question is unclear.
    fn fits(&mut self, column: &ColumnRef, value: &Literal) -> bool {
        let wrong = column.kind == ColumnKind::Number && matches!(value, Literal::Text { .. });
        if wrong {
            let text = literal_text(value);
            self.draft.unclear(format!("{} holds numbers, \"{text}\" is none", column.name), Vec::new());
        }
        !wrong
    }

    /// A value stands right behind a column, with no operator between.
    fn value_here(&self, i: usize, column: &ColumnRef) -> bool {
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

    /// A table, and the one row of it that is named: `customer 42`, `category Toys`.
    fn named_table(&mut self) -> bool {
        let i = self.at;
        let Some(mention) = self.mention_at(i) else { return false };
        let table = mention.table;
        if let Some(other) = mention.others.first() {
            let names = vec![self.table(table).full_name(), self.table(*other).full_name()];
            self.draft.unclear("there is more than one table of that name".to_owned(), names);
        }
        self.at = mention.start + mention.len;
        if let Some(note) = mention.note(self.question) {
            self.draft.note(note);
        }
        let role = if self.draft.subject().is_none() { Role::Subject } else { Role::Filter };
        // `customer email`: the table says whose column it is.
        self.draft.add_table(table, role);
        let mut j = self.at;
        while self.token(j).is_some_and(|t| {
            t.is(&["#", "number", "no", "id", "with", "=", "is"])
                && self.token(j + 1).is_some_and(|n| n.kind == Kind::Number || n.is(&["id", "#", "=", "is", "number"]))
        }) {
            j += 1;
        }
        let behind = self.token(j);
        let next_is_unit = self.mention_at(j + 1).is_some() && self.mention_at(j).is_none();
        if let (Some(number), false) = (behind.filter(|t| t.kind == Kind::Number), next_is_unit) {
            if let Some(filter) = self.by_key(table, number) {
                self.at = j + 1;
                self.condition(filter);
                return true;
            }
        }
        let named = behind
            .filter(|t| t.kind == Kind::Quoted || (t.kind == Kind::Word && t.capital() && t.canon.is_empty()))
            .is_some();
        if named && self.column(j).is_none() && self.mention_at(j).is_none() {
            return self.by_label(table, j);
        }
        true
    }

    fn by_key(&self, table: usize, number: &Token) -> Option<Filter> {
        let [key] = self.table(table).primary_key.as_slice() else { return None };
        let column = self.table(table).columns.iter().position(|c| c.name == *key)?;
        let column = column_ref(self.question.schema, table, column);
        Some(Filter::Compare(column, Comparison::Equal, Literal::Number(number.text.clone())))
    }

    fn by_label(&mut self, table: usize, i: usize) -> bool {
        let labels = refs(self.question.schema, table, &guess::labels(self.table(table)));
        let stops = |k: usize| self.stop_at(k);
        let Some((value, n)) = operators::value(self.tokens(), i, &stops) else { return true };
        if labels.is_empty() {
            return true;
        }
        let names: Vec<String> = labels.iter().map(|c| format!("{}.{}", self.table(table).name, c.name)).collect();
        self.draft.note(format!("\"{}\" looked for in {}", literal_text(&value), names.join(" and ")));
        self.at = i + n;
        self.condition(equal_any(labels, &value));
        true
    }

    /// `over 100` behind a table: its money, when there is but one such column.
    fn bare_comparison(&mut self) -> bool {
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

    fn row_limit(&mut self) -> bool {
        let i = self.at;
        let Some(n) = self.token(i).and_then(operators::number) else { return false };
        let next = (i + 1..self.tokens().len()).find(|j| {
            !self.tokens()[*j].one_of(&["~", "row", "of", "sample", "from"])
                && !guess::is_state_word(&self.tokens()[*j].lower)
        });
        if next.is_some_and(|j| self.mention_at(j).is_some()) {
            self.draft.limit = n.parse().ok();
            self.at += 1;
            return self.draft.limit.is_some();
        }
        false
    }

    /// `pending orders`, `orders that were shipped`.
    fn state_word(&mut self) -> bool {
        let i = self.at;
        let token = &self.tokens()[i];
        if token.kind != Kind::Word || !guess::is_state_word(&token.lower) || self.mention_at(i).is_some() {
            return false;
        }
        let Some(subject) = self.subject() else { return false };
        // What has a period behind it is an act, dated: the period's reader has seen to it.
        let then = self
            .token(i + 1)
            .is_some_and(|_| periods::period_at(&self.tokens()[i + 1..], &self.question.clock).is_some());
        let dated = guess::date_of_act(self.table(subject), &token.lower);
        if then && (!dated.is_empty() || ACTS.contains(&token.lower.as_str())) {
            self.at += 1;
            return true;
        }
        let schema = self.question.schema;
        for (word, truth) in [
            (token.lower.as_str(), true),
            (token.lower.trim_start_matches("in"), false),
            (token.lower.trim_start_matches("un"), false),
        ] {
            let table = self.table(subject);
            let flag = table.columns.iter().position(|c| {
                let words = names::name_words(&c.name);
                let flagged = words.first().is_some_and(|w| ["is", "has"].contains(&w.as_str()));
                (c.kind == ColumnKind::Bool || flagged) && words.last().is_some_and(|w| w == word)
            });
            if let Some(flag) = flag.filter(|_| truth || word != token.lower) {
                let column = column_ref(schema, subject, flag);
                self.draft.note(format!("\"{}\" read as {}.{} is {truth}", token.text, table.name, column.name));
                self.condition(Filter::IsTrue(column, truth));
                self.at += 1;
                return true;
            }
        }
        if ACTS.contains(&token.lower.as_str()) && !["ordered", "sold"].contains(&token.lower.as_str()) {
            return false;
        }
        match guess::states(self.table(subject))[..] {
            [one] => {
                let column = column_ref(schema, subject, one);
                self.draft.note(format!("\"{}\" read as {}.{}", token.text, self.table(subject).name, column.name));
                let mut filter = Filter::Compare(column.clone(), Comparison::Equal, text_of(token));
                self.at += 1;
                // `paid or shipped`, `pending and shipped`: one row has one state.
                let mut all = vec![text_of(token)];
                while let (Some(link), Some(next)) = (self.token(self.at), self.token(self.at + 1)) {
                    if !(link.is(&["or", "and", ","]) && next.kind == Kind::Word && guess::is_state_word(&next.lower)) {
                        break;
                    }
                    all.push(text_of(next));
                    self.at += 2;
                }
                if all.len() > 1 {
                    filter = Filter::OneOf(column, all);
                }
                self.condition(filter);
                true
            }
            _ => {
                // `shipped orders` where only `shipped_at` tells.
                if let [one] = dated[..] {
                    let column = column_ref(schema, subject, one);
                    self.draft.note(format!("\"{}\" read as {} is set", token.text, column.name));
                    self.condition(Filter::IsNull(column, false));
                    self.at += 1;
                    return true;
                }
                false
            }
        }
    }

    /// `from Germany`, `in Berlin`, `for Alice`, `called Smith`, `in Toys`.
    fn value_of_no_column(&mut self) -> bool {
        let i = self.at;
        let token = &self.tokens()[i];
        let Some(subject) = self.subject() else { return false };
        let named = token.is(&["named", "called", "titled"]) || (token.means("name") && self.column(i).is_none());
        let place = token.is(&["from", "in", "at", "within", "near", "not"]) && !token.is(&["not"]);
        let whose = token.is(&["for", "of", "by", "to"]);
        if !(named || place || whose) {
            return false;
        }
        let mut j = i + 1;
        while self.token(j).is_some_and(|t| t.is(&["the", "a", "an"])) {
            j += 1;
        }
        let Some(first) = self.token(j) else { return false };
        let value_like =
            first.kind == Kind::Quoted || (first.kind == Kind::Word && (first.canon.is_empty() || first.capital()));
        if !value_like || self.mention_at(j).is_some() || (self.column(j).is_some() && !first.capital()) {
            return false;
        }
        let stops = |k: usize| self.stop_at(k);
        let Some((values, n)) = operators::values(self.tokens(), j, &stops) else { return false };
        let schema = self.question.schema;
        let mut columns: Vec<ColumnRef> = Vec::new();
        if place {
            columns = self.nearest(subject, &guess::places);
            if columns.is_empty() || !token.is(&["from"]) {
                // `in Toys`, `in Engineering`: the name of a row that the subject points to.
                columns.extend(self.parent_labels(
                    subject,
                    &["category", "department", "group", "team", "brand", "branch", "store", "warehouse", "class"],
                ));
            }
        } else if named {
            columns = refs(schema, subject, &guess::labels(self.table(subject)));
        }
        if whose && columns.is_empty() && (first.capital() || first.kind == Kind::Quoted) {
            columns = self.parent_labels(subject, &[]);
            let mut tables: Vec<usize> = columns.iter().map(|c| c.source).collect();
            tables.dedup();
            if tables.len() > 1 {
                let value = literal_text(&values[0]);
                let instead = tables
                    .iter()
                    .map(|t| {
                        format!("{} of {} {value}", spoken(self.table(subject)), singular(&spoken(self.table(*t))))
                    })
                    .collect();
                self.draft.unclear(format!("\"{value}\" does not say who or what it is"), instead);
                self.at = j + n;
                return true;
            }
        }
        if columns.is_empty() {
            return false;
        }
        let names: Vec<String> = columns.iter().map(|c| format!("{}.{}", self.table(c.source).name, c.name)).collect();
        let shown: Vec<String> = values.iter().map(literal_text).collect();
        self.draft.note(format!("\"{}\" looked for in {}", shown.join(", "), names.join(" and ")));
        for column in &columns {
            if !self.scope.contains(&column.source) {
                self.draft.add_table(column.source, Role::Filter);
            }
        }
        self.at = j + n;
        let filter = any(values.iter().map(|v| equal_any(columns.clone(), v)).collect());
        self.condition(filter);
        true
    }

    /// Plausible columns of the subject, else of the nearest table that it points to.
    fn nearest(&self, subject: usize, plausible: &dyn Fn(&Table) -> guess::Plausible) -> Vec<ColumnRef> {
        let schema = self.question.schema;
        let own = plausible(self.table(subject));
        if !own.is_empty() {
            return refs(schema, subject, &own);
        }
        let mut best: Option<(usize, Vec<ColumnRef>)> = None;
        for other in (0..schema.tables.len()).filter(|t| *t != subject) {
            let found = plausible(self.table(other));
            let Some(path) = joins::path_upward(self.links, subject, other).filter(|_| !found.is_empty()) else {
                continue;
            };
            if best.as_ref().is_none_or(|(n, _)| path.len() < *n) {
                best = Some((path.len(), refs(schema, other, &found)));
            }
        }
        best.map(|(_, columns)| columns).unwrap_or_default()
    }

    /// Names of the rows that the subject points to; only of tables with one of these words in their name, if any
    /// are given. A column of the subject with such a word counts too.
    fn parent_labels(&self, subject: usize, words: &[&str]) -> Vec<ColumnRef> {
        let schema = self.question.schema;
        let wanted =
            |name: &str| words.is_empty() || names::name_words(name).iter().any(|w| words.contains(&w.as_str()));
        let mut out = Vec::new();
        if !words.is_empty() {
            let table = self.table(subject);
            let own = table
                .columns
                .iter()
                .enumerate()
                .filter(|(_, c)| wanted(&c.name) && !guess::numeric(c) && !guess::is_key(table, c));
            out.extend(own.map(|(c, _)| column_ref(schema, subject, c)));
        }
        for link in self
            .links
            .iter()
            .filter(|l| l.child == subject && l.parent != subject && wanted(&self.table(l.parent).name))
        {
            let labels = guess::labels(self.table(link.parent));
            out.extend(refs(schema, link.parent, &labels));
        }
        out
    }

    fn silent(&mut self) -> bool {
        let token = &self.tokens()[self.at];
        if token.is(&["or"]) {
            self.or = true;
            self.at += 1;
            return true;
        }
        let sign = token.kind == Kind::Symbol && token.is(&[",", "(", ")", ";"]);
        let word = token.kind == Kind::Word && (SILENT.contains(&token.canon) || ACTS.contains(&token.lower.as_str()));
        if token.one_of(&["show", "all"]) {
            self.draft.listing = true;
        }
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

/// Words that are never a column by themselves.
const NOT_COLUMNS: &[&str] = &[
    "~", "show", "what", "who", "whose", "where", "how", "all", "each", "of", "in", "on", "from", "for", "with", "by",
    "per", "to", "at", "between", "and", "or", "not", "no", "without", "than", "having", "howmany", "howmuch",
    "orderby", "most", "more",
];

#[derive(Debug, Clone, Copy)]
enum Super {
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

fn superlative(token: &Token) -> Option<Super> {
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

fn aggregate_word(token: &Token) -> Option<Aggregate> {
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

fn bucket(token: &Token) -> Option<Bucket> {
    Some(match token.canon {
        "hour" => Bucket::Hour,
        "day" => Bucket::Day,
        "week" => Bucket::Week,
        "month" => Bucket::Month,
        "quarter" => Bucket::Quarter,
        "year" => Bucket::Year,
        "weekday" => Bucket::Weekday,
        _ => return None,
    })
}

fn text_of(token: &Token) -> Literal {
    Literal::Text { text: token.text.clone(), exact: false }
}

pub(super) fn literal_text(value: &Literal) -> String {
    match value {
        Literal::Number(text) | Literal::Text { text, .. } => text.clone(),
    }
}

fn any(mut filters: Vec<Filter>) -> Filter {
    if filters.len() == 1 { filters.swap_remove(0) } else { Filter::Any(filters) }
}

fn equal_any(columns: Vec<ColumnRef>, value: &Literal) -> Filter {
    any(columns.into_iter().map(|c| Filter::Compare(c, Comparison::Equal, value.clone())).collect())
}

/// The opposite of a condition.
fn negate(filter: Filter) -> Filter {
    match filter {
        Filter::IsNull(c, empty) => Filter::IsNull(c, !empty),
        Filter::IsTrue(c, truth) => Filter::IsTrue(c, !truth),
        Filter::Exists { table, columns, exists } => Filter::Exists { table, columns, exists: !exists },
        Filter::Compare(c, comparison, value) => Filter::Compare(c, comparison.negated(), value),
        Filter::Not(inner) => *inner,
        other => Filter::Not(Box::new(other)),
    }
}
