//! Where a question names tables. A word that the vocabulary knows as well (`locks`, `users`) is contested: both
//! readings are tried.

use super::names::{self, Found, How};
use super::reading::Question;
use super::words::{Kind, Token};

/// A table named in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// First token, with the word `table` where it stands beside the name.
    pub(super) start: usize,
    /// Tokens.
    pub(super) len: usize,
    /// First token of the name itself.
    pub(super) name_start: usize,
    /// Tokens of the name itself.
    pub(super) name_len: usize,
    /// The table, by its index in the schema.
    pub(super) table: usize,
    /// How near it is to the name.
    pub(super) how: How,
    /// Other tables that are as near.
    pub(super) others: Vec<usize>,
    /// Tables of the same name in another number or case: `orders` beside `order`.
    pub(super) twins: Vec<usize>,
    /// It can be nothing but a table: quoted, qualified, or beside the word `table`.
    pub(super) explicit: bool,
}

/// Words that hold a sentence together: never a table unless quoted or called one.
const GRAMMAR: &[&str] = &[
    "~", "show", "what", "who", "whose", "where", "when", "why", "how", "all", "each", "of", "in", "on", "from", "for",
    "with", "by", "per", "to", "at", "between", "and", "or", "not", "no", "without", "than", "having", "table", "row",
    "column", "howmany", "top", "first", "last", "most", "more", "now", "much", "orderby", "database", "name",
];

/// Words that ask for a number: never the tail of a table's name.
const NUMBERS: &[&str] = &["total", "totals", "sum", "average", "avg", "mean", "count", "min", "max"];

impl Mention {
    /// The name has no meaning in the vocabulary: nothing else can have been meant.
    pub(super) fn tokens_mean_nothing(&self, question: &Question<'_>) -> bool {
        self.explicit || self.name(question).iter().all(|t| t.canon.is_empty())
    }
    /// The tokens of the name.
    pub(super) fn name<'q>(&self, question: &'q Question<'_>) -> &'q [Token] {
        &question.tokens[self.name_start..self.name_start + self.name_len]
    }
    /// How it was read, when that is not plain.
    pub(super) fn note(&self, question: &Question<'_>) -> Option<String> {
        let typed = self.name(question).iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
        let table = &question.schema.tables[self.table];
        if !self.how.plain() {
            return Some(format!("\"{typed}\" read as table {}", table.full_name()));
        }
        let twins = question.schema.tables.iter().filter(|t| t.name == table.name && t.schema != table.schema);
        let elsewhere: Vec<String> = twins.map(crate::domain::schema::Table::full_name).collect();
        (!elsewhere.is_empty() && !typed.contains('.'))
            .then(|| format!("\"{typed}\" read as {}; there is also {}", table.full_name(), elsewhere.join(", ")))
    }
}

/// Every table named in the question, longest names first, none overlapping.
pub(super) fn all(question: &Question<'_>) -> Vec<Mention> {
    up_to(question, names::LONGEST)
}

/// The same, names of at most so many tokens.
pub(super) fn up_to(question: &Question<'_>, longest: usize) -> Vec<Mention> {
    let tokens = &question.tokens;
    let mut found: Vec<Mention> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let mention = (1..=longest.min(tokens.len() - i)).rev().filter_map(|n| at(question, i, n));
        // A longer name wins when it is as near to the letter as a shorter one, or plain.
        let best = mention.min_by_key(|m| {
            let longest = std::cmp::Reverse(m.name_len);
            if m.how.plain() { (0, longest, m.how) } else { (1 + m.how as usize, longest, m.how) }
        });
        match best {
            Some(mention) => {
                i = mention.name_start + mention.name_len;
                found.push(mention);
            }
            None => i += 1,
        }
    }
    found
}

fn at(question: &Question<'_>, i: usize, n: usize) -> Option<Mention> {
    let tokens = &question.tokens;
    let name = &tokens[i..i + n];
    let called = |t: Option<&Token>| t.is_some_and(|t| t.is(&["table", "view", "relation"]));
    let before = i.checked_sub(1).and_then(|b| tokens.get(b));
    let beside = called(before) || called(tokens.get(i + n));
    let quoted = name[0].kind == Kind::Quoted;
    if name.iter().any(|t| t.one_of(GRAMMAR)) && !(beside && n == 1 && !called(name.first())) {
        return None;
    }
    let found = question.find_table(name)?;
    let means_something = name.iter().any(|t| !t.canon.is_empty());
    if means_something && !found.how().plain() && !beside {
        return None;
    }
    // `total` is a column before it is the tail of `order_totals`.
    let column = !found.how().plain()
        && !beside
        && n == 1
        && (!question.index.columns(&name[0].text).is_empty() || name[0].is(NUMBERS));
    if column {
        return None;
    }
    let qualified = n == 1 && name[0].text.contains('.');
    let (table, others) = match found {
        Found::One(table, _) => (table, Vec::new()),
        Found::Several(ref all, _) => (*all.first()?, all[1..].to_vec()),
    };
    let twins = if found.how().plain() && !quoted {
        names::twins(question.schema, &question.index.table_words, table)
    } else {
        Vec::new()
    };
    let (start, len) = match (called(before), called(tokens.get(i + n))) {
        (true, _) => (i - 1, n + 1),
        (false, true) => (i, n + 1),
        _ => (i, n),
    };
    Some(Mention {
        start,
        len,
        name_start: i,
        name_len: n,
        table,
        how: found.how(),
        others,
        twins,
        explicit: quoted || qualified || beside,
    })
}

/// The ways to take contested words: each as a table or as what the vocabulary says. The first takes them all as
/// words.
pub(super) fn variants(question: &Question<'_>) -> Vec<Vec<Mention>> {
    let all = all(question);
    let contested: Vec<usize> = (0..all.len()).filter(|i| !all[*i].tokens_mean_nothing(question)).take(4).collect();
    (0..1_usize << contested.len())
        .map(|bits| {
            let kept = |i: usize| contested.iter().position(|c| *c == i).is_none_or(|bit| bits & (1 << bit) != 0);
            all.iter().enumerate().filter(|(i, _)| kept(*i)).map(|(_, m)| m.clone()).collect()
        })
        .collect()
}
