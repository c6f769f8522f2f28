//! Tables, single rows of them, and values that name no column: `customer 42`, `pending orders`, `from Germany`.

use super::super::draft::{Role, column_ref, refs, singular_mention, spoken};
use super::super::guess;
use super::super::operators::{self};
use super::conditions::{any, equal_any, literal_text};
use super::{ACTS, Parser};
use crate::domain::question::joins;
use crate::domain::question::names::{self};
use crate::domain::question::periods;
use crate::domain::question::selection::{ColumnRef, Comparison, Filter, LikeKind, Literal};
use crate::domain::question::words::{Kind, Token, singular};
use crate::domain::schema::{ColumnKind, Table};

impl Parser<'_> {
    /// A table, and the one row of it that is named: `customer 42`, `category Toys`.
    pub(super) fn named_table(&mut self) -> bool {
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
        let one = singular_mention(self.question, mention);
        if let (Some(number), true) = (behind.filter(|t| t.kind == Kind::Number), one || !next_is_unit)
            && let Some(filter) = self.by_key(table, number)
        {
            self.at = j + 1;
            self.condition(filter);
            // `what did customer 5 order`: the one row only limits what else is named.
            let more = self.mentions.iter().any(|m| m.start >= self.at && m.table != table);
            if role == Role::Subject && more {
                self.draft.demote(table);
            }
            return true;
        }
        let named = behind
            .as_ref()
            .is_some_and(|t| t.kind == Kind::Quoted || (t.kind == Kind::Word && t.capital() && t.canon.is_empty()));
        if named && self.column(j).is_none() && self.mention_at(j).is_none() {
            return self.by_label(table, j);
        }
        true
    }

    pub(super) fn by_key(&self, table: usize, number: &Token) -> Option<Filter> {
        let [key] = self.table(table).primary_key.as_slice() else { return None };
        let column = self.table(table).columns.iter().position(|c| c.name == *key)?;
        let column = column_ref(self.question.schema, table, column);
        Some(Filter::Compare(column, Comparison::Equal, Literal::Number(number.text.clone())))
    }

    pub(super) fn by_label(&mut self, table: usize, i: usize) -> bool {
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

    pub(super) fn row_limit(&mut self) -> bool {
        let i = self.at;
        if self.tokens()[i].means("limit") {
            let number = self.token(i + 1).filter(|t| t.kind == Kind::Number).and_then(|t| t.text.parse().ok());
            self.draft.limit = number.or(self.draft.limit);
            self.at += 2;
            return number.is_some();
        }
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
    pub(super) fn state_word(&mut self) -> bool {
        let i = self.at;
        let token = &self.tokens()[i];
        if token.one_of(&["soldout", "instock"]) {
            return self.stock(token.means("instock"));
        }
        if token.kind != Kind::Word || !guess::is_state_word(&token.lower) || self.mention_at(i).is_some() {
            return false;
        }
        let Some(subject) = self.subject() else { return false };
        // `unshipped orders` where there is a `shipped_at`.
        if let Some(act) = token.lower.strip_prefix("un")
            && let [one] = guess::date_of_act(self.table(subject), act)[..]
        {
            let column = column_ref(self.question.schema, subject, one);
            self.draft.note(format!("\"{}\" read as {} is empty", token.text, column.name));
            self.at += 1;
            self.condition(Filter::IsNull(column, true));
            return true;
        }
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
    pub(super) fn value_of_no_column(&mut self) -> bool {
        let i = self.at;
        let token = &self.tokens()[i];
        let Some(subject) = self.subject() else { return false };
        let named = token.is(&["named", "called", "titled"]) || (token.means("name") && self.column(i).is_none());
        let place = token.is(&["from", "in", "at", "within", "near", "not"]) && !token.is(&["not"]);
        let whose = token.is(&["for", "of", "by", "to", "via"]);
        if !(named || place || whose) {
            return false;
        }
        let mut j = i + 1;
        let like = named && self.token(j).is_some_and(|t| t.is(&["like"]));
        j += usize::from(like);
        while self.token(j).is_some_and(|t| t.is(&["the", "a", "an"])) {
            j += 1;
        }
        let Some(first) = self.token(j) else { return false };
        // `in archive`: a schema is no city.
        if self.question.schema.tables.iter().any(|t| t.schema.eq_ignore_ascii_case(&first.text)) {
            return false;
        }
        let value_like =
            first.kind == Kind::Quoted || (first.kind == Kind::Word && (first.canon.is_empty() || first.capital()));
        if !value_like || self.mention_at(j).is_some() || (self.column(j).is_some() && !first.capital()) {
            return false;
        }
        let stops = |k: usize| self.stop_at(k);
        let Some((values, n)) = operators::values(self.tokens(), j, &stops) else { return false };
        let schema = self.question.schema;
        if like {
            let labels = refs(schema, subject, &guess::labels(self.table(subject)));
            if labels.is_empty() {
                return false;
            }
            self.at = j + n;
            let each = labels
                .iter()
                .flat_map(|c| values.iter().map(|v| Filter::Like(c.clone(), LikeKind::Contains, literal_text(v))));
            let filter = any(each.collect());
            self.condition(filter);
            return true;
        }
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
        // `paid by card`: how something was done.
        // What is called like a column somewhere (`revenue by category`) is a group that is not to be had here.
        let is_column = first.kind == Kind::Word && !self.question.index.columns(&first.text).is_empty();
        if token.is(&["by", "via", "with"]) && !is_column {
            columns = self.nearest(subject, &guess::ways);
        }
        // `the email of Ada Smith`: the row's own name.
        if token.is(&["of", "for"])
            && !self.draft.shown.is_empty()
            && self.draft.shown.iter().all(|c| c.source == subject)
        {
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

    /// `out of stock`, `in stock`: the one column that counts what is there.
    fn stock(&mut self, there: bool) -> bool {
        let Some(subject) = self.subject() else { return false };
        let [one] = guess::meant_by(self.table(subject), "stock")[..] else { return false };
        let column = column_ref(self.question.schema, subject, one);
        self.draft.note(format!(
            "\"{}\" read as {}.{}",
            self.tokens()[self.at].text,
            self.table(subject).name,
            column.name
        ));
        self.at += 1;
        let comparison = if there { Comparison::Greater } else { Comparison::AtMost };
        self.condition(Filter::Compare(column, comparison, Literal::Number("0".into())));
        true
    }

    /// Plausible columns of the subject, else of the nearest table that it points to.
    pub(super) fn nearest(&self, subject: usize, plausible: &dyn Fn(&Table) -> guess::Plausible) -> Vec<ColumnRef> {
        let schema = self.question.schema;
        let own = plausible(self.table(subject));
        if !own.is_empty() {
            return refs(schema, subject, &own);
        }
        let mut best: Option<(usize, Vec<ColumnRef>)> = None;
        for other in (0..schema.tables.len()).filter(|t| *t != subject) {
            let found = plausible(self.table(other));
            let Some(path) = joins::path_upward(self.links(), subject, other).filter(|_| !found.is_empty()) else {
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
    pub(super) fn parent_labels(&self, subject: usize, words: &[&str]) -> Vec<ColumnRef> {
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
            .links()
            .all
            .iter()
            .filter(|l| l.child == subject && l.parent != subject && wanted(&self.table(l.parent).name))
        {
            let labels = guess::labels(self.table(link.parent));
            out.extend(refs(schema, link.parent, &labels));
        }
        out
    }
}

fn text_of(token: &Token) -> Literal {
    Literal::Text { text: token.text.clone(), exact: false }
}
