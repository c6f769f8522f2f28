//! Settings called by their own names: as one word (`what is work_mem`), or as the words of one (`max allowed packet`).

use super::intent::{Intent, Scope, Topic};
use super::reading::{Question, Reading};
use super::topics::NOISE;
use super::words::{Kind, Token};

/// `what is work_mem`: one name with an underscore that no table or column has, or a well-known one without.
pub(super) fn by_name(question: &Question<'_>) -> Option<Reading> {
    const WITHOUT_UNDERSCORE: &[&str] =
        &["port", "fsync", "ssl", "timezone", "datestyle", "jit", "autovacuum", "page_size"];
    let mut name = None;
    for token in &question.tokens {
        let fits = token.kind == Kind::Word
            && (token.text.contains('_')
                || is_camel(&token.text)
                || WITHOUT_UNDERSCORE.contains(&token.lower.as_str())
                || token.lower.starts_with("max_"));
        if fits && name.is_none() && !question.names_something(token) {
            name = Some(if is_camel(&token.text) { token.text.clone() } else { token.lower.clone() });
        } else if let (Some((_, called)), true) =
            (PHRASES.iter().find(|(phrase, _)| token.means(phrase)), name.is_none())
        {
            name = Some((*called).to_owned());
        } else if !(token.kind == Kind::Word && (NOISE.contains(&token.canon) || token.one_of(&["value", "setting"]))) {
            return None;
        }
    }
    name.map(called)
}

/// `is the slow query log on`, `max allowed packet`: the words of a setting's name, asked for as a setting is. Read so
/// only when nothing else explains the question.
pub(super) fn in_words(question: &Question<'_>) -> Option<Reading> {
    let tokens = &question.tokens;
    let last = tokens.last()?;
    let is_switch = last.is(&["on", "off", "enabled", "disabled", "configured"]);
    let is_called_setting = tokens.iter().any(|t| t.means("setting"));
    let is_bound = |t: &Token| t.is(&["max", "maximum", "min", "minimum", "default"]);
    let words: Vec<&Token> = tokens[..tokens.len() - usize::from(is_switch)]
        .iter()
        .filter(|t| !(t.kind == Kind::Word && (t.one_of(NOISE) && !t.is(&["server", "name"]) || t.means("setting"))))
        .collect();
    let asked_for = is_switch || is_called_setting || words.first().is_some_and(|t| is_bound(t));
    let enough = if is_switch || is_called_setting { 1 } else { 3 };
    let plain = words.iter().all(|t| {
        t.kind == Kind::Word
            && !t.one_of(&["howmany", "count", "not", "no", "without", "or", "per"])
            && !matches!(question.find_table(std::slice::from_ref(*t)), Some(found) if found.how().plain())
    });
    if !asked_for || !plain || !(enough..=5).contains(&words.len()) {
        return None;
    }
    let spell = |t: &&Token| if t.is(&["maximum"]) { "max".to_owned() } else { t.lower.replace(' ', "_") };
    Some(called(words.iter().map(spell).collect::<Vec<_>>().join("_")))
}

/// Phrases of the vocabulary that are settings, with a part of what they are called everywhere.
const PHRASES: &[(&str, &str)] =
    &[("timezone", "timezone"), ("isolation", "isolation"), ("sqlmode", "sql_mode"), ("readonly", "read_only")];

/// `cursorTimeoutMillis`: a name of several words without a sign between them.
fn is_camel(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
        && name.bytes().any(|b| b.is_ascii_uppercase())
}

/// A question about the setting of this name.
fn called(name: String) -> Reading {
    Reading {
        intent: Intent::Topic(Topic::Settings, Scope { name: Some(name), ..Scope::default() }),
        notes: Vec::new(),
        topic: Some(Topic::Settings),
        plain: true,
    }
}
