//! Which of the names in a message is the thing that the error is about.

use crate::domain::error::messages::Recognised;

/// Quotes before a name, in all languages of the server.
const QUOTES: &[char] =
    &['"', '\u{ab}', '\u{bb}', '\u{201c}', '\u{201e}', '\u{2018}', '\u{201a}', '\'', '`', '「', '『'];

/// Words after which an object's name stands in an English message.
const NOUNS: &str = "table tables relation column view index sequence function procedure routine aggregate operator type role user \
    database schema constraint trigger rule policy extension language server wrapper publication subscription \
    tablespace cursor portal statement parameter option slot file directory library collation conversion domain \
    method class family configuration dictionary parser template object partition savepoint key attribute field \
    host mapping variable group encoding origin label window query argument page";

/// Classes of codes about values: what their messages quote is data, unless a noun stands before it.
const OF_VALUES: &[&str] = &["22", "P0"];

/// The object, as the message prints it.
pub(super) fn named(recognised: &Recognised<'_>, code: &str) -> Option<String> {
    // What a parser stumbled over is a word of the statement, and no object.
    if code == "42601" {
        return None;
    }
    let names = recognised.before.iter().zip(&recognised.inserted).enumerate();
    let sure = names.filter_map(|(i, (before, name))| Some((standing(before, name, code)?, i)));
    let (_, at) = sure.min()?;
    let mut name = recognised.inserted.get(at)?.trim().to_owned();
    // Schema and name, or table and column, are put in apart.
    for (dot, rest) in recognised.before.iter().zip(&recognised.inserted).skip(at + 1).take_while(|(b, _)| *b == ".") {
        name = format!("{name}{dot}{rest}");
    }
    let name = without_noun(&name).unwrap_or(&name).trim_matches(QUOTES);
    (!name.is_empty()).then(|| name.to_owned())
}

/// How surely a name stands behind this piece of a message: lower is surer, `None` is surely not.
fn standing(before: &str, name: &str, code: &str) -> Option<u8> {
    let open = before.trim_end();
    let words = open.trim_end_matches(QUOTES);
    let quoted = words.len() < open.len();
    let value = OF_VALUES.iter().any(|class| code.starts_with(class));
    // `invalid input syntax for type integer: "x"`, `Key (a)=("x")`: values.
    if name.trim().is_empty() || quoted && words.trim_end().ends_with([':', '=', '(']) {
        return None;
    }
    let last = words.split_whitespace().next_back().unwrap_or_default();
    // A bare type in a message about types that do not fit is one of the two, and not what is missing.
    let noun = is_noun(last) && (quoted || last != "type" || code == "42704");
    match (quoted, noun) {
        (true, true) => Some(0),
        (false, true) if !value => Some(1),
        (true, false) if !value => Some(if words.trim().is_empty() { 1 } else { 2 }),
        // `cannot drop table harbour because ...`: the noun is put in with the name.
        (false, false) if !value && without_noun(name).is_some() => Some(2),
        // `operator does not exist: integer = text`, where nothing else is named.
        (false, false) if code.starts_with("42") && words.trim_end().ends_with("exist:") => Some(3),
        _ => None,
    }
}

fn is_noun(word: &str) -> bool {
    NOUNS.split(' ').any(|noun| noun.eq_ignore_ascii_case(word))
}

/// The name behind the noun that it was put in with.
fn without_noun(name: &str) -> Option<&str> {
    let (noun, rest) = name.split_once(' ')?;
    let rest = if ["materialized", "foreign", "event"].contains(&noun) { rest.split_once(' ')?.1 } else { rest };
    (is_noun(noun) || rest.len() + noun.len() + 1 < name.len()).then_some(rest)
}
