//! Questions about the server, the schema and named objects, as rules: what must be said, what may be said, which
//! slots there are. A rule fits only when it explains every word of the question.

mod rules;

use super::intent::{ConnectionKey, Intent};
use super::intent::{KeyDirection, ListKind, Relation, Scope, TableList, TableOrder, Topic};
use super::mentions::{self, Mention};
use super::reading::{Question, Reading};
use super::setting;
use super::words::{Kind, Token};
use rules::{Goal, RANK, RULES, Rule};

/// Words that every rule explains.
pub(super) const NOISE: &[&str] = &[
    "~", "show", "what", "who", "how", "all", "of", "in", "on", "from", "for", "with", "to", "at", "by", "and",
    "database", "server", "now", "current", "info", "name", "whose", "engine",
];

/// What a question asks by these rules, best first reading; none when no rule explains every word.
pub(super) fn read(question: &Question<'_>) -> Option<Reading> {
    let mut best: Option<(usize, Reading)> = None;
    for variant in mentions::variants(question) {
        let slots = Slots::of(question, &variant);
        for rule in RULES {
            let Some(score) = rule.score(&slots) else { continue };
            if best.as_ref().is_none_or(|(other, _)| score > *other)
                && let Some(reading) = rule.reading(question, &slots)
            {
                best = Some((score, reading));
            }
        }
    }
    best.map(|(_, reading)| reading).or_else(|| setting::by_name(question))
}

/// A question with its slots taken out.
struct Slots {
    words: Vec<Token>,
    tables: Vec<Mention>,
    schema: Option<String>,
    number: Option<u32>,
    longer_than_ms: Option<u64>,
    /// The whole database was named by its own name.
    by: Option<ConnectionKey>,
}

impl Slots {
    fn of(question: &Question<'_>, tables: &[Mention]) -> Self {
        let mut slots = Self {
            words: Vec::new(),
            tables: tables.to_vec(),
            schema: None,
            number: None,
            longer_than_ms: None,
            by: None,
        };
        let all = &question.tokens;
        let mut i = 0;
        while i < all.len() {
            if let Some(mention) = tables.iter().find(|m| m.start == i) {
                i += mention.len;
                continue;
            }
            let token = &all[i];
            if let Some((ms, n)) = duration(&all[i..]) {
                slots.longer_than_ms = Some(ms);
                i += n;
                continue;
            }
            if token.one_of(&["by", "per"]) {
                slots.by = all.get(i + 1).and_then(connection_key);
            }
            let known_schema = question
                .schema
                .tables
                .iter()
                .find(|t| !t.schema.is_empty() && t.schema.eq_ignore_ascii_case(&token.text));
            if token.kind == Kind::Number && slots.number.is_none() {
                slots.number = token.text.parse().ok();
                if slots.number.is_none() {
                    slots.words.push(token.clone());
                }
            } else if let Some(table) = known_schema.filter(|_| token.canon.is_empty()) {
                slots.schema = Some(table.schema.clone());
            } else if token.kind == Kind::Symbol && token.is(&[",", "(", ")", "#", "*", "/", "&", ";"]) {
            } else if !question.is_own_name(token) {
                slots.words.push(token.clone());
            }
            i += 1;
        }
        slots
    }
}

impl Rule {
    /// How well the rule fits: none unless every word is explained.
    fn score(&self, slots: &Slots) -> Option<usize> {
        if slots.tables.len() < self.tables.0 || slots.tables.len() > self.tables.1 {
            return None;
        }
        if (slots.number.is_some() || slots.longer_than_ms.is_some()) && !self.number {
            return None;
        }
        let mut used = vec![false; slots.words.len()];
        for group in self.needs {
            let found = (0..used.len()).find(|i| !used[*i] && wanted(&slots.words[*i], group))?;
            used[found] = true;
        }
        let mut score = 10 * self.needs.len() + 3 * slots.tables.len();
        let mut names = 0;
        for (i, word) in slots.words.iter().enumerate() {
            if used[i] {
                continue;
            }
            if self.needs.iter().any(|g| wanted(word, g)) || wanted(word, self.may) {
                score += 1;
            } else if word.kind == Kind::Word
                && NOISE.contains(&word.canon)
                && (slots.tables.is_empty() || !self.may_be_a_column(word))
            {
            } else if self.name && self.takes_name(slots, i) {
                names += 1;
            } else {
                return None;
            }
        }
        (names <= 1).then(|| (score - names).max(1))
    }

    /// `status` of one table is more likely its column than the state of things.
    fn may_be_a_column(&self, word: &Token) -> bool {
        self.tables.1 > 0 && word.means("info") && !word.is(&["info", "information", "overview", "summary", "state"])
    }

    /// Any word may name a group of settings; elsewhere a name is a word that the vocabulary does not have, and it
    /// stands beside the word that says what it names.
    fn takes_name(&self, slots: &Slots, i: usize) -> bool {
        let word = &slots.words[i];
        if matches!(self.goal, Goal::Topic(Topic::Settings)) {
            return word.kind != Kind::Symbol && !word.one_of(&["not", "no", "without"]);
        }
        let nameable = word.kind == Kind::Quoted || (word.kind == Kind::Word && word.canon.is_empty());
        let anchors: &[&str] = match self.goal {
            Goal::Topic(Topic::Connections | Topic::Running) => {
                &["user", "database", "application", "by", "from", "of", "to", "address"]
            }
            Goal::Topic(Topic::Privileges) => &["user", "of", "for", "right"],
            Goal::Topic(Topic::DatabaseSize) => &["database", "of"],
            Goal::Tables(_) | Goal::Views => {
                &["like", "containing", "named", "name", "matching", "starting", "contain", "with"]
            }
            _ => &[],
        };
        let anchored = |t: &Token| anchors.contains(&t.canon) || anchors.contains(&t.lower.as_str());
        let before = i.checked_sub(1).is_some_and(|b| anchored(&slots.words[b]));
        let after = matches!(self.goal, Goal::Topic(_))
            && slots.words.get(i + 1).is_some_and(|t| t.one_of(&["user", "database", "application"]));
        nameable && (before || after)
    }

    fn name(&self, slots: &Slots) -> Option<String> {
        if !self.name {
            return None;
        }
        let explained = |t: &Token| {
            self.needs.iter().any(|g| wanted(t, g))
                || wanted(t, self.may)
                || (t.kind == Kind::Word && NOISE.contains(&t.canon))
        };
        slots.words.iter().find(|t| !explained(t)).map(|t| t.text.clone())
    }

    fn reading(&self, question: &Question<'_>, slots: &Slots) -> Option<Reading> {
        let has = |canon: &str| slots.words.iter().any(|t| t.means(canon));
        let relation = |m: &Mention| Relation::of(&question.schema.tables[m.table]);
        let table = slots.tables.first().map(relation);
        let name = self.name(slots);
        let list = |kind, order| {
            Intent::Tables(TableList {
                kind,
                schema: slots.schema.clone(),
                order,
                ascending: has("smallest") || has("fewestrows"),
                limit: slots.number.or_else(|| one_asked(&slots.words)),
                containing: name.clone(),
                count: has("howmany") || has("count"),
            })
        };
        let intent = match self.goal {
            Goal::Tables(order) => list(ListKind::Tables, order),
            Goal::Views => list(ListKind::Views, TableOrder::Name),
            Goal::Describe => Intent::Describe(table?),
            Goal::RowCount => Intent::RowCount { table: table?, exact: !has("estimate") },
            Goal::TableSize => Intent::TableSize(table?),
            Goal::Sample => Intent::Sample { table: table?, limit: slots.number.unwrap_or(10).clamp(1, 10_000) },
            Goal::ForeignKeys => Intent::ForeignKeys { direction: direction(question, slots), table },
            Goal::JoinPath => {
                Intent::JoinPath { from: relation(slots.tables.first()?), to: relation(slots.tables.get(1)?) }
            }
            Goal::Diagram => Intent::Diagram(slots.tables.iter().map(relation).collect()),
            Goal::Help => Intent::Help,
            Goal::Topic(topic) => {
                let plural = slots.words.iter().any(|t| t.is(&["databases", "dbs"]));
                let several = plural || has("each") || has("per");
                // What took long before is not what runs now for so long.
                let topic = match topic {
                    Topic::DatabaseSize if several => Topic::Databases,
                    Topic::SlowQueries if slots.longer_than_ms.is_some() => Topic::Running,
                    other => other,
                };
                Intent::Topic(
                    topic,
                    Scope {
                        table,
                        schema: slots.schema.clone(),
                        name,
                        limit: slots.number,
                        count: has("howmany") || has("count"),
                        by: slots.by,
                        longer_than_ms: slots.longer_than_ms,
                        idle: has("idle"),
                    },
                )
            }
        };
        let contested = slots.tables.iter().all(|m| m.tokens_mean_nothing(question));
        Some(Reading {
            intent,
            notes: slots.tables.iter().filter_map(|m| m.note(question)).collect(),
            topic: match self.goal {
                Goal::Topic(topic) => Some(topic),
                _ => None,
            },
            plain: contested,
        })
    }
}

/// The word is one of these by its meaning or by the letter.
fn wanted(word: &Token, words: &[&str]) -> bool {
    words.contains(&word.canon) || (word.kind == Kind::Word && words.contains(&word.lower.as_str()))
}

/// `to orders` and `references orders` look at keys into it, `from orders` at keys that it holds.
fn direction(question: &Question<'_>, slots: &Slots) -> KeyDirection {
    let Some(mention) = slots.tables.first() else { return KeyDirection::Both };
    let before: Vec<&Token> =
        question.tokens[..mention.start].iter().rev().filter(|t| !t.one_of(&["~", "table"])).collect();
    match before.first() {
        Some(t)
            if t.one_of(&["to", "reference"])
                || t.is(&["into", "on"]) && before.get(1).is_some_and(|t| t.means("reference")) =>
        {
            KeyDirection::Into
        }
        Some(t) if t.means("from") => KeyDirection::From,
        _ if slots.words.iter().any(|t| t.means("reference"))
            && question.tokens[mention.start..].iter().any(|t| t.means("reference")) =>
        {
            KeyDirection::From
        }
        _ => KeyDirection::Both,
    }
}

/// `the largest table` asks for one, `the largest tables` for several.
fn one_asked(words: &[Token]) -> Option<u32> {
    let ranked = words.iter().any(|t| t.one_of(RANK));
    (ranked
        && words.iter().any(|t| t.is(&["table"]))
        && words.iter().any(|t| t.one_of(&["largest", "smallest", "mostrows", "fewestrows"])))
    .then_some(1)
}

fn connection_key(token: &Token) -> Option<ConnectionKey> {
    Some(match token.canon {
        "user" => ConnectionKey::User,
        "info" => ConnectionKey::State,
        "database" => ConnectionKey::Database,
        "application" => ConnectionKey::Application,
        "connection" | "address" | "server" => ConnectionKey::Client,
        _ => return None,
    })
}

/// `longer than 5 minutes`, `more than 1 hour`, `over 30 seconds`, in milliseconds.
fn duration(tokens: &[Token]) -> Option<(u64, usize)> {
    let mut i = 0;
    if tokens.first()?.is(&["for"]) {
        i += 1;
    }
    if tokens.get(i)?.is(&["longer", "more", "older", "greater"]) {
        tokens.get(i + 1).filter(|t| t.means("than"))?;
        i += 2;
    } else if tokens[i].is(&["over", "above", "exceeding", ">"]) {
        i += 1;
    } else {
        return None;
    }
    let count: f64 = match tokens.get(i)? {
        t if t.kind == Kind::Number => t.text.parse().ok()?,
        t if t.is(&["a", "an", "one"]) => 1.0,
        _ => return None,
    };
    let unit = match tokens.get(i + 1)?.canon {
        "second" => 1_000.0,
        "minute" => 60_000.0,
        "hour" => 3_600_000.0,
        "day" => 86_400_000.0,
        _ => return None,
    };
    let ms = count * unit;
    // Above a century the number is a mistake, and the cast below stays exact far beyond it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (0.0..3.2e12).contains(&ms).then_some((ms as u64, i + 2))
}
