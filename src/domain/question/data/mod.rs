//! Questions about the person's own data: rows, counts, sums, groups, filters, dates, on one table and the tables
//! that it points to.

mod build;
mod draft;
mod guess;
mod operators;
mod parse;

use super::Cannot;
use super::intent::Intent;
use super::mentions::{self, Mention};
use super::reading::{Question, Reading};
use super::words::{Kind, Token};
use parse::Parser;
use std::collections::BTreeSet;

/// Tables tried when none is named: with more of them that fit, the answer is "which one?" anyway.
const MOST_TRIED: usize = 50;

/// What came of reading a question as one about data.
pub(super) enum Outcome {
    /// Every word is explained.
    Read(Reading),
    /// It is such a question, but cannot be answered as asked.
    Unclear(Cannot),
    /// It is none, or has words that found no place: these.
    Unknown(Vec<String>),
}

/// Reads a question about data.
pub(super) fn read(question: &Question<'_>) -> Outcome {
    let mentions = mentions::all(question);
    if mentions.is_empty() {
        return without_table(question);
    }
    // `order total` may be a table `order_totals`, or the total of an order.
    let mut sets = vec![mentions];
    if sets[0].iter().any(|m| m.name_len > 1) {
        sets.push(mentions::up_to(question, 1));
        // Of `web sessions` no single word names a table.
        sets.retain(|mentions| !mentions.is_empty());
    }
    let mut first = None;
    for mentions in &sets {
        let outcome = attempt(question, mentions, scope_of(mentions));
        if matches!(outcome, Outcome::Read(_)) {
            return outcome;
        }
        first.get_or_insert(outcome);
        if let Some(reading) = with_twins(question, mentions) {
            return Outcome::Read(reading);
        }
    }
    first.unwrap_or(Outcome::Unknown(Vec::new()))
}

/// `payments for order 2` where there is a table `order` and a table `orders`: the one that makes sense.
fn with_twins(question: &Question<'_>, mentions: &[Mention]) -> Option<Reading> {
    for (i, mention) in mentions.iter().enumerate() {
        for twin in &mention.twins {
            let mut other = mentions.to_vec();
            other[i].table = *twin;
            if let Outcome::Read(mut reading) = attempt(question, &other, scope_of(&other)) {
                let table = |t: usize| question.schema.tables[t].full_name();
                reading.notes.insert(0, format!("read as table {}, not {}", table(*twin), table(mention.table)));
                return Some(reading);
            }
        }
    }
    None
}

fn scope_of(mentions: &[Mention]) -> Vec<usize> {
    let mut scope: Vec<usize> = Vec::new();
    for mention in mentions {
        if !scope.contains(&mention.table) {
            scope.push(mention.table);
        }
    }
    scope
}

/// No table is named: the columns may tell which it is. One fitting table is taken and said; several are asked about.
fn without_table(question: &Question<'_>) -> Outcome {
    // Of keys a question names a prefix, or it is none.
    if question.schema.keyed {
        return Outcome::Unknown(unexplained(question));
    }
    let tokens = &question.tokens;
    let words = tokens
        .iter()
        .filter(|t| t.kind != Kind::Symbol && !t.one_of(&["~", "show", "what", "of", "in", "by", "per", "howmany"]));
    let words: Vec<&Token> = words.collect();
    let mut candidates: BTreeSet<usize> =
        words.iter().flat_map(|t| question.index.columns(&t.text)).map(|(table, _)| *table).collect();
    if words.iter().any(|t| guess::means_money(&t.lower)) {
        let meant = |table: &usize| {
            words.iter().any(|t| !guess::meant_by(&question.schema.tables[*table], &t.lower).is_empty())
        };
        candidates.extend((0..question.schema.tables.len()).filter(meant));
    }
    let mut read: Vec<(usize, Reading)> = Vec::new();
    let mut unclear = None;
    let mut unknown: Option<Vec<String>> = None;
    for table in candidates.into_iter().filter(|t| question.schema.tables[*t].is_table()).take(MOST_TRIED) {
        match attempt(question, &[], vec![table]) {
            Outcome::Read(reading) => read.push((table, reading)),
            Outcome::Unclear(cannot) => unclear = unclear.or(Some(cannot)),
            Outcome::Unknown(words) => {
                if unknown.as_ref().is_none_or(|u| words.len() < u.len()) {
                    unknown = Some(words);
                }
            }
        }
    }
    // A rows-only reading of a lone word would list a table that nobody asked for.
    read.retain(|(_, r)| matches!(&r.intent, Intent::Data(s) if !matches!(s.output, super::selection::Output::Rows(_)) || s.filter.is_some() || !s.order.is_empty()));
    // Two bare words without a table (`page faults`) are a column and a value only by chance.
    if !words.iter().any(|t| says_what_is_wanted(t)) {
        read.retain(|(_, r)| !matches!(&r.intent, Intent::Data(s) if matches!(s.output, super::selection::Output::Rows(_)) && s.filter.is_some()));
    }
    // What stands on the search path is nearer than what does not.
    let on_path = |table: usize| question.schema.search_path.contains(&question.schema.tables[table].schema);
    if read.iter().any(|(t, _)| on_path(*t)) {
        read.retain(|(t, _)| on_path(*t));
    }
    match read.len() {
        0 => {
            unclear.map_or_else(|| Outcome::Unknown(unknown.unwrap_or_else(|| unexplained(question))), Outcome::Unclear)
        }
        1 => {
            let (table, mut reading) = read.swap_remove(0);
            reading
                .notes
                .insert(0, format!("no table was named: read as {}", question.schema.tables[table].full_name()));
            Outcome::Read(reading)
        }
        _ => {
            let words = question.tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            let instead = read
                .iter()
                .take(5)
                .map(|(t, _)| format!("{words} in {}", question.schema.tables[*t].full_name()))
                .collect();
            Outcome::Unclear(Cannot {
                reason: "more than one table fits".into(),
                did_you_mean: instead,
                can: Vec::new(),
            })
        }
    }
}

/// A value that stands out, or a word that ties a value to a column.
fn says_what_is_wanted(token: &Token) -> bool {
    token.kind != Kind::Word
        || token.capital()
        || !matches!(token.canon, "" | "info" | "performance" | "statistics" | "time" | "all")
}

fn unexplained(question: &Question<'_>) -> Vec<String> {
    question.tokens.iter().filter(|t| t.canon.is_empty() && t.kind == Kind::Word).map(|t| t.text.clone()).collect()
}

fn attempt(question: &Question<'_>, mentions: &[Mention], scope: Vec<usize>) -> Outcome {
    let lone = mentions.is_empty().then(|| scope[0]);
    let mut drafted = Parser::new(question, mentions, scope).read();
    if let Some(table) = lone {
        drafted.add_table(table, draft::Role::Subject);
    }
    if !drafted.unknown.is_empty() {
        return Outcome::Unknown(drafted.unknown.iter().map(|i| question.tokens[*i].text.clone()).collect());
    }
    match build::build(drafted, question.schema, &question.index.links) {
        Ok(built) => {
            let plain = !mentions.is_empty() && mentions.iter().all(|m| m.tokens_mean_nothing(question));
            Outcome::Read(Reading {
                intent: Intent::Data(Box::new(built.selection)),
                notes: built.notes,
                topic: None,
                plain,
            })
        }
        Err(cannot) => Outcome::Unclear(cannot),
    }
}
