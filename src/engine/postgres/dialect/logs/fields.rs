//! What the readers share: how texts of the server become fields of an event, and what is done when one is complete.

use super::words;
use crate::domain::log::event::TextField;
use crate::domain::log::time::number;
use crate::domain::log::{Level, LogEvent};

/// The level of a severity word of csvlog and jsonlog, in any language.
pub(super) fn level(word: &str) -> Level {
    match words::at(format!("{word}:  ").as_bytes()).map(|m| m.word) {
        Some(words::Word::Severity(level)) => level,
        _ => Level::Info,
    }
}

/// A name; a client that gives none is `[unknown]`, in the server's language.
pub(super) fn set_name(event: &mut LogEvent, field: TextField, value: &[u8]) {
    let unknown = value.starts_with(b"[") && value.ends_with(b"]");
    event.set(field, if unknown { b"" } else { value });
}

/// A SQLSTATE; `00000` says that there is none.
pub(super) fn set_code(event: &mut LogEvent, value: &[u8]) {
    event.set(TextField::Code, if value == b"00000" { b"" } else { value });
}

/// `10.0.0.1(5432)`, `10.0.0.1:5432`, `::1:5432`, `[local]`.
pub(super) fn set_host_and_port(event: &mut LogEvent, value: &[u8]) {
    let (host, port) = match value.strip_suffix(b")") {
        Some(open) => split_last(open, b'('),
        None => split_last(value, b':'),
    };
    event.set(TextField::Host, host);
    event.port = port;
}

fn split_last(value: &[u8], separator: u8) -> (&[u8], Option<u16>) {
    let Some(at) = value.iter().rposition(|b| *b == separator) else { return (value, None) };
    match number(&value[at + 1..]).and_then(|n| u16::try_from(n).ok()) {
        Some(port) => (&value[..at], Some(port)),
        None => (value, None),
    }
}

/// A number that is not negative; the server writes 0 for none.
pub(super) fn positive(value: &[u8]) -> Option<u64> {
    number(value).and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0)
}

/// The number of a statement's shape, which may be negative; 0 is none.
pub(super) fn query_id(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok().filter(|id| *id != 0)
}

/// `6b0201a2.61e7`: the process and the second of its start in hexadecimal digits.
pub(super) fn session_parts(session: &[u8]) -> Option<(i64, u64)> {
    let text = std::str::from_utf8(session).ok()?;
    let (second, process) = text.split_once('.')?;
    Some((i64::from_str_radix(second, 16).ok()?, u64::from_str_radix(process, 16).ok()?))
}

/// An event is complete: what a statement took stands in its message.
pub(super) fn complete(event: &mut LogEvent) {
    if let Some((milliseconds, statement)) = words::duration(&event.message) {
        event.cost.duration_ms = Some(milliseconds);
        if let Some(at) = statement.filter(|_| event.statement.is_empty()) {
            let (message, text) = (&event.message, &mut event.statement);
            text.push_str(&message[at..]);
        }
    }
}
