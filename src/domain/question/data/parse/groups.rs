//! `by`, `per`, `for each`: what rows are grouped by.

use super::super::draft::{Grouping, Role};
use super::super::guess;
use super::Parser;
use crate::domain::question::selection::Bucket;
use crate::domain::question::words::Token;

impl Parser<'_> {
    pub(super) fn grouping(&mut self) -> bool {
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

    pub(super) fn measure_follows(&self) -> bool {
        self.token(self.at).is_some_and(|t| t.means("howmany"))
    }

    pub(super) fn one_group(&mut self) -> bool {
        let Some(token) = self.token(self.at) else { return false };
        let hit = self.column(self.at);
        let plain = hit.as_ref().is_some_and(|h| h.how.plain() && self.scope.contains(&h.columns[0].source));
        if let (Some(cut), false) = (bucket(token), plain) {
            self.at += 1;
            if self.token(self.at).is_some_and(|t| t.is(&["of"]))
                && let Some(hit) = self.column(self.at + 1).filter(|h| guess::dates_ref(&h.columns[0]))
            {
                self.at += 1 + hit.len;
                self.draft.groups.push(Grouping::Bucket(cut, Some(hit.columns[0].clone())));
                return true;
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
                .links()
                .all
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
