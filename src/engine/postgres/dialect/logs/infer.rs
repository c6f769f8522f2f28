//! Works the prefix out from the lines, where nobody says what `log_line_prefix` is.

use super::prefix::{Escape, Found, Part, Prefix};
use super::words::{self, Word};
use crate::domain::log::time;
use std::collections::HashMap;

/// Settings that servers of packages and services, and the manuals of well-known programs, use. Those that fit more
/// lines of other settings than their own come last.
pub(super) const COMMON: &[&str] = &[
    "%m [%p] %q%u@%d ",
    "%t [%p]: [%l-1] %quser=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] %quser=%u,db=%d ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%t [%p]: [%l-1] db=%d,user=%u ",
    "%t [%p]: db=%d,user=%u ",
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "pid=%p,user=%u,db=%d,app=%a,client=%h ",
    "%t:%r:%u@%d:[%p]:",
    "%t-%c-",
    "%t [%p]: [%l-1] ",
    "< %m > ",
    "",
];

/// Heads of lines that are looked at.
const MOST_HEADS: usize = 400;
/// A prefix longer than this is none.
const LONGEST_HEAD: usize = 512;

/// The prefix that reads most of the lines.
pub(super) fn infer(sample: &[u8]) -> Prefix {
    let lines: Vec<&[u8]> = sample
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| head(line).is_some())
        .take(MOST_HEADS)
        .collect();
    let mut candidates: Vec<Prefix> = COMMON.iter().map(|setting| Prefix::compile(setting)).collect();
    candidates.extend(derive(&lines));
    let mut found = Found::default();
    let mut best: Option<(usize, Prefix)> = None;
    for candidate in candidates {
        let read = lines.iter().filter(|line| candidate.split(line, &mut found).is_some()).count();
        if best.as_ref().is_none_or(|(most, _)| read > *most) {
            best = Some((read, candidate));
        }
    }
    best.map_or_else(|| Prefix::compile(COMMON[0]), |(_, prefix)| prefix)
}

/// What stands before the severity word of a line, where the line has one.
fn head(line: &[u8]) -> Option<&[u8]> {
    if line.first().is_none_or(|b| *b == b'\t') {
        return None;
    }
    (0..line.len().min(LONGEST_HEAD)).find_map(|at| {
        let begins = at == 0 || !(line[at - 1].is_ascii_alphanumeric() || line[at - 1] >= 0x80);
        let severity = begins && matches!(words::at(&line[at..]).map(|m| m.word), Some(Word::Severity(_)));
        severity.then(|| &line[..at])
    })
}

/// Prefixes from the shapes of the heads, the richest first. A common shape that is the beginning of another is that of
/// processes without a session.
fn derive(lines: &[&[u8]]) -> Vec<Prefix> {
    const MOST_SHAPES: usize = 24;
    let mut shapes: HashMap<Vec<Part>, usize> = HashMap::new();
    for line in lines.iter().filter_map(|line| head(line)) {
        *shapes.entry(parts_of(line)).or_default() += 1;
    }
    let rare = lines.len() / 20;
    let mut common: Vec<(Vec<Part>, usize)> = shapes.into_iter().filter(|(_, count)| *count > rare).collect();
    common.sort_by_cached_key(|(parts, count)| std::cmp::Reverse((parts.len(), *count, format!("{parts:?}"))));
    common.truncate(MOST_SHAPES);
    let shapes: Vec<Vec<Part>> = common.into_iter().map(|(parts, _)| parts).collect();
    shapes.iter().map(|shape| with_session(shape, &shapes)).collect()
}

/// A prefix of this shape, whose values of sessions begin where a shorter shape ends.
fn with_session(shape: &[Part], shapes: &[Vec<Part>]) -> Prefix {
    let end = shapes.iter().filter(|other| other.len() <= shape.len()).find_map(|other| begins_with(shape, other));
    let Some((whole, bytes)) = end else { return Prefix { parts: shape.to_vec(), session_from: None } };
    let mut parts = shape[..whole].to_vec();
    let mut rest = &shape[whole..];
    // The literal at which the shorter one ends may go on in the richer one: it is cut there.
    if let (Some(Part::Literal(text)), true) = (rest.first(), bytes > 0) {
        parts.push(Part::Literal(text[..bytes].to_vec()));
        rest = &rest[1..];
        let session_from = Some(parts.len());
        parts.extend(Some(Part::Literal(text[bytes..].to_vec())).filter(|_| bytes < text.len()));
        parts.extend_from_slice(rest);
        return Prefix { parts, session_from };
    }
    parts.extend_from_slice(rest);
    Prefix { parts, session_from: Some(whole) }
}

/// Whether `shape` is the beginning of `richest`: the parts that are the same, and the bytes of the literal behind them.
fn begins_with(richest: &[Part], shape: &[Part]) -> Option<(usize, usize)> {
    let same = richest.iter().zip(shape).take_while(|(a, b)| a == b).count();
    match (richest.get(same), &shape[same..]) {
        (Some(_), []) => Some((same, 0)),
        (Some(Part::Literal(long)), [Part::Literal(short)]) if long.starts_with(short) => Some((same, short.len())),
        _ => None,
    }
}

/// Takes a head apart into values and what stands between them.
fn parts_of(head: &[u8]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut at = 0;
    while at < head.len() {
        let (escape, used) = value_at(head, at, &parts);
        let Some(escape) = escape else {
            match parts.last_mut() {
                Some(Part::Literal(text)) => text.push(head[at]),
                _ => parts.push(Part::Literal(vec![head[at]])),
            }
            at += 1;
            continue;
        };
        parts.push(Part::Field(escape, 0));
        at += used;
    }
    parts
}

/// The value that begins here, and its bytes; a value may be empty behind its key.
fn value_at(head: &[u8], at: usize, before: &[Part]) -> (Option<Escape>, usize) {
    let rest = &head[at..];
    let used = |escape: Escape| before.contains(&Part::Field(escape, 0));
    let name = key_before(before);
    if let Some(length) = time::date_time_length(rest) {
        let length = length + time::zone_length(&rest[length..]);
        return (Some(if used(Escape::Time) { Escape::Started } else { Escape::Time }), length);
    }
    let word = rest.iter().take_while(|b| is_word(**b)).count();
    if let Some(escape) = name.and_then(escape_of_key) {
        if matches!(before.last(), Some(Part::Field(..))) {
            return (None, 0);
        }
        let local = rest.starts_with(b"[").then(|| rest.iter().position(|b| *b == b']')).flatten();
        return host_or(escape, rest, local.map_or(word, |end| end + 1));
    }
    if word == 0 || matches!(before.last(), Some(Part::Field(..))) {
        return (None, 0);
    }
    let text = &rest[..word];
    let behind = rest.get(word);
    // `key=` and `key: ` are no values.
    if behind == Some(&b'=') || (behind == Some(&b':') && escape_of_key(text).is_some()) {
        return (None, 0);
    }
    let digits = text.iter().all(u8::is_ascii_digit);
    let escape = match behind {
        _ if digits && text.len() > 9 && !used(Escape::Epoch) && rest.get(word) != Some(&b']') => Escape::Epoch,
        _ if is_epoch(text) && !used(Escape::Epoch) => Escape::Epoch,
        _ if is_session(text) => Escape::Session,
        _ if digits && ends_with(before, b"[") && behind == Some(&b'-') => Escape::Line,
        // The `1` of `%l-1`.
        _ if text == b"1" && ends_with(before, b"-") && used(Escape::Line) => return (None, 0),
        Some(b'/') if digits => return (Some(Escape::VirtualTransaction), word + 1 + digits_at(&rest[word + 1..])),
        _ if digits && !used(Escape::Process) => Escape::Process,
        _ if digits => Escape::Unknown,
        Some(b'@') => Escape::User,
        _ if ends_with(before, b"@") && used(Escape::User) => Escape::Database,
        _ => return host_or(Escape::Unknown, rest, word),
    };
    (Some(if used(escape) { Escape::Unknown } else { escape }), word)
}

/// A host when it looks like one: `10.0.0.1`, `10.0.0.1(5432)`, `[local]`.
fn host_or(otherwise: Escape, rest: &[u8], word: usize) -> (Option<Escape>, usize) {
    let text = &rest[..word];
    let address = memchr::memchr_iter(b'.', text).count() == 3 && text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let port = rest.get(word) == Some(&b'(');
    if port && let Some(end) = rest.iter().position(|b| *b == b')') {
        return (Some(Escape::HostAndPort), end + 1);
    }
    let unnamed = otherwise == Escape::Unknown;
    (Some(if unnamed && address { Escape::Host } else { otherwise }), word)
}

/// The word before `=` or `:` at the end of what was read.
fn key_before(before: &[Part]) -> Option<&[u8]> {
    let Some(Part::Literal(text)) = before.last() else { return None };
    let text = text.strip_suffix(b"=").or_else(|| text.strip_suffix(b": ")).or_else(|| text.strip_suffix(b":"))?;
    let begin = text.iter().rposition(|b| !is_word(*b)).map_or(0, |at| at + 1);
    Some(&text[begin..]).filter(|key| !key.is_empty())
}

fn escape_of_key(key: &[u8]) -> Option<Escape> {
    let key = key.to_ascii_lowercase();
    Some(match key.as_slice() {
        b"user" | b"usr" | b"u" | b"username" | b"user_name" | b"role" => Escape::User,
        b"db" | b"d" | b"database" | b"dbname" | b"datname" => Escape::Database,
        b"app" | b"a" | b"application" | b"appname" | b"application_name" => Escape::Application,
        b"client" | b"host" | b"h" | b"remote" | b"ip" | b"addr" | b"client_addr" | b"r" => Escape::Host,
        b"pid" | b"p" | b"process" => Escape::Process,
        b"session" | b"sid" | b"c" | b"sess" | b"session_id" => Escape::Session,
        b"line" | b"l" | b"n" => Escape::Line,
        b"tx" | b"xid" | b"txid" | b"x" | b"trans" => Escape::Transaction,
        b"vxid" | b"vtx" | b"vtid" | b"v" => Escape::VirtualTransaction,
        b"cmd" | b"tag" | b"command" | b"ps" | b"i" => Escape::Command,
        b"state" | b"sqlstate" | b"code" | b"err" | b"e" | b"error_code" | b"sql_error_code" => Escape::Code,
        b"bt" | b"backend" | b"type" | b"backend_type" | b"b" => Escape::Backend,
        b"qid" | b"queryid" | b"query_id" | b"q" => Escape::QueryId,
        b"start" | b"started" | b"session_start" | b"s" => Escape::Started,
        _ => return None,
    })
}

fn ends_with(before: &[Part], text: &[u8]) -> bool {
    matches!(before.last(), Some(Part::Literal(literal)) if literal.ends_with(text))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'*') || byte >= 0x80
}

fn is_epoch(text: &[u8]) -> bool {
    text.len() > 11 && text.iter().all(|b| b.is_ascii_digit() || *b == b'.') && text.get(10) == Some(&b'.')
}

fn is_session(text: &[u8]) -> bool {
    memchr::memchr_iter(b'.', text).count() == 1
        && text.len() > 9
        && text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'.')
        && text.get(8) == Some(&b'.')
}

fn digits_at(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The values of the last line by the prefix that is inferred from all of them.
    fn read(lines: &[&str], wanted: &[Escape]) -> Vec<String> {
        let prefix = infer(lines.join("\n").as_bytes());
        let (mut found, line) = (Found::default(), lines.last().unwrap().as_bytes());
        assert!(prefix.split(line, &mut found).is_some(), "{prefix:?}");
        let text = |e: &Escape| String::from_utf8_lossy(found.value(*e, line).unwrap_or(b"(none)")).into_owned();
        wanted.iter().map(text).collect()
    }

    #[test]
    fn prefixes_that_nobody_has_heard_of() {
        use Escape::{Application, Code, Database, Host, HostAndPort, Line, Process, Session, Time, User};
        let lines = [
            "@2026-11-21 20:40:02 UTC|7|user=|db=|app=|from= LOG:  started",
            "@2026-11-21 20:40:02 UTC|8|user=ann|db=shop|app=psql|from=10.0.0.1(99) ERROR:  x",
            "@2026-11-21 20:40:02 UTC|9|user=bob|db=shop|app=my tool|from=10.0.0.2(98) ERROR:  y",
        ];
        assert_eq!(
            read(&lines, &[Time, Process, User, Database, Application]),
            ["2026-11-21 20:40:02 UTC", "9", "bob", "shop", "my tool"]
        );
        let lines = [
            "2026-11-21 20:40:02.001 CET 6b0201a2.61e7 [7-1] LOG:  started",
            "2026-11-21 20:40:02.001 CET 6b0201a2.61e8 [8-1] ann@shop 10.0.0.1(99) ERROR:  x",
            "2026-11-21 20:40:02.001 CET 6b0201a2.61e9 [9-1] bob@shop 10.0.0.1(99) ERROR:  x",
        ];
        assert_eq!(
            read(&lines, &[Session, Line, User, Database, HostAndPort]),
            ["6b0201a2.61e9", "9", "bob", "shop", "10.0.0.1(99)"]
        );
        let lines =
            ["db=a host=10.0.0.1 sqlstate=42P01 pid=12 FEHLER:  x", "db=b host=::1 sqlstate=00000 pid=13 LOG:  x"];
        assert_eq!(read(&lines, &[Database, Code, Process]), ["b", "00000", "13"]);
        assert_eq!(read(&lines[..1], &[Host]), ["10.0.0.1"]);
    }

    #[test]
    fn common_settings_are_recognised() {
        let lines = ["2026-11-21 20:40:02 UTC:10.0.0.1(5432):u@d:[7]:ERROR:  x"];
        assert_eq!(read(&lines, &[Escape::HostAndPort, Escape::User]), ["10.0.0.1(5432)", "u"]);
        assert_eq!(read(&["LOG:  x", "ERROR:  y"], &[]), Vec::<String>::new());
    }
}
