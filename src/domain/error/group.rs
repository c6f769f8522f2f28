//! The better grouping: one key for all errors that one place of a server raises, whatever it put into the message.
//!
//! The native code comes first, so that two codes never share a group. Of the message stays what the server always
//! says; a `*` stands for names (quoted, or bare behind a noun such as `table`), lists of them, calls, types, numbers,
//! sizes, addresses, paths and whatever follows a colon.

use super::kind::ErrorKind;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// The key: the native code (the kind where there is none) and the message without what the server put in.
pub fn group(code: &str, kind: ErrorKind, message: &str) -> String {
    let key = if code.is_empty() { kind.word() } else { code };
    let end = message.char_indices().nth(LONGEST).map_or(message.len(), |(i, _)| i);
    let mut text = masked(&message[..end]);
    // A message without a code can be anything, and its head alone would bring strangers together.
    if !code.is_empty()
        && let Some(colon) = text.find(": ")
    {
        text.replace_range(colon.., ": *");
    }
    format!("{key}:{}", text.to_lowercase())
}

/// Characters of a message that are looked at: what follows so much text tells no two places apart.
const LONGEST: usize = 1000;

/// Nouns behind which the bare name of an object stands.
const NOUNS: &str = "materialized view|foreign table|foreign-data wrapper|foreign server|event trigger|\
    text search (?:configuration|dictionary|parser|template)|access method|operator (?:class|family)|large object|\
    statistics object|user mapping|default value|table|relation|column|view|index|sequence|function|procedure|routine|\
    aggregate|operator|role|user|database|schema|constraint|trigger|rule|policy|extension|language|server|publication|\
    subscription|tablespace|cursor|portal|parameter|collation|conversion|domain|partition|savepoint|keyspace|\
    collection|namespace|host|variable|setting|field|key";

/// Words that stand behind a noun and are no name.
const NO_NAMES: &str = "is are was were be been must cannot can could may might will would should does do did has have had with \
    without of for in on at to by from and or not no the an this that these its than then there such any all each \
    every only also already other another too very name names type types value values exist exists list lists data \
    file files contains contain requires require returns return uses use used using depends depend violates \
    violate specified specification definition definitions column columns table tables relation relations index \
    indexes function functions procedure role roles user users key keys constraint constraints trigger triggers \
    rule rules option options parameter parameters argument arguments statement statements clause expression \
    expressions query queries element elements reference references privilege privileges owner row rows number \
    size length level method class family body entry entries item items object objects member members identifier \
    because when while where which if unless until after before during between into out over but so as both either \
    error failed found missing lookup pattern space full timeout";

/// Types as messages print them.
const TYPES: &str = r"(?:character varying|bit varying|double precision|(?:timestamp|time) with(?:out)? time zone|\w[\w.]*)(?:\(\d+(?:,\d+)?\))?(?:\[\])*";

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Patterns with what takes their place, in the order in which they are used.
static PLAIN: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // A parser says many things about the word that it stumbles over, all from one place.
        (r#"^.* at or near "\*"(.*)$"#, r#"* at or near "*"$1"#),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "*"),
        (r"\b0x[0-9a-fA-F]+\b|\b[0-9A-F]{1,8}/[0-9A-F]{1,8}\b|\b[0-9a-f]{24}\b", "*"),
        (r"(^|[\s(=:])/[\w.$/-]+", "$1*"),
        // A call with arguments, or one that a noun announces; a bare `f()` at the head says who speaks.
        (r"\b[\w.$]+\((?:[^()]|\([^()]*\))+\)(?:\[\])*", "*"),
        (r"\b(function|procedure|routine|aggregate) [\w.$]+\(\)", "$1 *"),
        (r" \([^()]*\)", " *"),
        // What an access right is missing for, and what stands in the way of a DROP, is named with its noun.
        (r"\b(drop|alter) .* because ", "$1 * because "),
        (r"\bbecause .* (requires|uses|depends on) ", "because * $1 "),
        (r"\b(not allowed in|appear within) .*$", "$1 *"),
        // The types of time share their reader.
        (r"\bfor type (?:date|interval|(?:timestamp|time)(?: with(?:out)? time zone)?)(:|$)", "for type *$1"),
    ]
    .map(|(text, put)| (pattern(text), put))
    .into()
});

/// Rights are checked in one place, but for these, which guard themselves.
const GUARDED: &[&str] = &["for sequence", "for column", "for large object", "of large object"];
static RIGHT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(denied|owner) ((?:for|of) .*)$"));
static TYPE: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(\bfor )?\b(types? )({TYPES})(?:( (?:to|and|or|but type) )({TYPES}))?")));
static CONVERSION: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b(convert value from ){TYPES} to {TYPES}")));
static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b({NOUNS}) ([\w$.]+)( |$|,|:)")));

/// The last steps: numbers, commands, lists.
static LAST: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d+(?:[.:]\d+)*(?:[eE][-+]?\d+)?\b", "*"),
        (r"(^|[\s(=,])[-+]\*", "$1*"),
        (r"\* ?(?:kB|MB|GB|TB|ms|s|min|bytes|%)( |$|[,;)])", "*$1"),
        (r"\b[A-Z]{2,}(?: (?:[A-Z]{2,}|\.\.\.))+", "*"),
        (r#""?\*"?(?:(?:, and |, or |, | and | or |\.| ?[-+/<>=|@]+ ?)"?\*"?)+"#, "*"),
        (r#"\("?\*"?\)"#, "*"),
    ]
    .map(|(text, put)| (pattern(text), put))
    .into()
});

/// The message with `*` for what changes from one time to the next.
fn masked(message: &str) -> String {
    let mut text = without_quoted(&message.split_whitespace().collect::<Vec<_>>().join(" "));
    for (what, put) in &*PLAIN {
        text = what.replace_all(&text, *put).into_owned();
    }
    let right = |found: &Captures<'_>| {
        let guarded = GUARDED.iter().find(|words| found[2].starts_with(&format!("{words} ")));
        format!("{} {} *", &found[1], guarded.map_or(&found[2][..3], |words| words).trim_end())
    };
    text = RIGHT.replace(&text, right).into_owned();
    text = CONVERSION.replace_all(&text, "$1* to *").into_owned();
    text = TYPE.replace_all(&text, without_type).into_owned();
    let name = |found: &Captures<'_>| {
        if is_word(&found[2]) { found[0].to_owned() } else { format!("{} *{}", &found[1], &found[3]) }
    };
    text = NAME.replace_all(&text, name).into_owned();
    for (what, put) in &*LAST {
        text = what.replace_all(&text, *put).into_owned();
    }
    text
}

/// A type is masked but where it tells the place: each type reads its own values (`for type integer: "x"`).
fn without_type(found: &Captures<'_>) -> String {
    if found.get(1).is_some() || is_word(&found[3]) {
        return found[0].to_owned();
    }
    let second = found.get(4).map(|between| format!("{}*", between.as_str()));
    format!("{}*{}", &found[2], second.unwrap_or_default())
}

fn is_word(text: &str) -> bool {
    NO_NAMES.split(' ').any(|word| word.eq_ignore_ascii_case(text))
}

/// A `"*"` for everything between quotes, whatever they are: that there are some is the server's own doing. An apostrophe inside a word is no quote; a doubled quote is one inside a name.
fn without_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let inner = &rest[c.len_utf8()..];
        let length = closing(c).filter(|_| c != '\'' || !before.is_alphanumeric()).and_then(|end| quoted(inner, end));
        if let Some(length) = length {
            out.push_str(r#""*""#);
            (rest, before) = (&inner[length..], '"');
        } else {
            out.push(c);
            (rest, before) = (inner, c);
        }
    }
    out
}

/// The quote that ends what this one begins.
fn closing(open: char) -> Option<char> {
    Some(match open {
        '"' | '\'' | '`' => open,
        '\u{ab}' => '\u{bb}',
        '\u{bb}' => '\u{ab}',
        '\u{201e}' => '\u{201c}',
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        '「' => '」',
        _ => return None,
    })
}

/// Bytes up to behind the closing quote.
fn quoted(inner: &str, end: char) -> Option<usize> {
    let mut characters = inner.char_indices().peekable();
    while let Some((i, c)) = characters.next() {
        if c != end {
            continue;
        }
        let next = characters.peek().map(|(_, n)| *n);
        if next == Some(end) {
            characters.next();
        } else if end != '\'' || !next.is_some_and(char::is_alphanumeric) {
            return Some(i + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) {
        let key = |message| group("X", ErrorKind::Other, message);
        assert_eq!(key(one), key(other));
    }

    fn different(one: &str, other: &str) {
        let key = |message| group("X", ErrorKind::Other, message);
        assert_ne!(key(one), key(other));
    }

    #[test]
    fn names_make_no_difference_quoted_or_bare() {
        same("relation \"users_42\" does not exist", "relation \"say \"\"hi\"\"\" does not exist");
        same("permission denied for table orders", "permission denied for schema secret");
        same(
            "cannot drop table a because other objects depend on it",
            "cannot drop view b.c because other objects depend on it",
        );
        same("column o.total does not exist", "column total does not exist");
        same("Table 'shop.orders' doesn't exist", "Table 'x.y' doesn't exist");
        same("function area(integer) does not exist", "function f(text, numeric(3,0)) does not exist");
        same("Relation »a« existiert nicht", "Relation »b c« existiert nicht");
    }

    #[test]
    fn values_lists_and_places_make_no_difference() {
        same("value 12 is out of range", "value -3.5e10 is out of range");
        same("missing keys a: \"x\", \"y\" and \"z\"", "missing keys a: \"x\"");
        same("could not open file \"base/1/2\": No such file", "could not open file \"x\": Permission denied");
        same("lost peer 10.0.0.1:5432", "lost peer 192.168.7.20:6543");
        same(
            "request 550e8400-e29b-41d4-a716-446655440000 failed",
            "request 123e4567-e89b-12d3-a456-426614174000 failed",
        );
        same("WAL ends before 0/16B3748", "WAL ends before A2/FF");
        same(
            "column \"a\" is of type integer but expression is of type text",
            "column \"b\" is of type jsonb but expression is of type date[]",
        );
        same("syntax error at or near \"selct\"", "unterminated quoted string at or near \"'x\"");
    }

    #[test]
    fn what_the_server_always_says_does() {
        different("relation \"a\" does not exist", "relation \"a\" already exists");
        different("column \"a\" does not exist", "role \"a\" does not exist");
        different("invalid input syntax for type integer: \"x\"", "invalid input syntax for type boolean: \"x\"");
        different("table is full", "table must be empty");
        assert_ne!(group("42P01", ErrorKind::TableNotFound, "a"), group("42704", ErrorKind::TableNotFound, "a"));
    }

    #[test]
    fn a_huge_message_of_quotes_is_no_trouble() {
        for c in ['\u{ab}', '"', '\'', '('] {
            assert!(group("X", ErrorKind::Other, &c.to_string().repeat(1_000_000)).len() < 5000);
        }
    }

    #[test]
    fn without_a_code_the_kind_leads_and_the_tail_stays() {
        assert_eq!(group("", ErrorKind::Other, "Pool: no free slot"), "OTHER:pool: no free slot");
        assert_eq!(group("1", ErrorKind::Other, "Pool: no free slot"), "1:pool: *");
    }
}
