//! jsonlog, one object an event; also the records that operators of clusters put into JSON lines of their own, with
//! the column names of csvlog.

use super::fields;
use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::json::{Members, Value, unescape};
use crate::domain::log::time::LogClock;
use crate::domain::log::{Line, LogEvent, LogOptions, LogReader, Sink};

/// Reads jsonlog.
struct JsonReader {
    event: LogEvent,
    clock: LogClock,
    session_clock: LogClock,
    strays: u64,
}

/// How well the lines fit.
pub(super) fn fit(_options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    share(sample, |line| {
        let mut members = Members::of(record(line));
        Some(members.any(|(key, _)| key == b"error_severity"))
    })
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    let (clock, session_clock) = (LogClock::new(options), LogClock::new(options));
    Ok(Box::new(JsonReader { event: LogEvent::default(), clock, session_clock, strays: 0 }))
}

/// The object that is the event: the line's own, or its member `record`.
fn record(line: &[u8]) -> &[u8] {
    let inner = || match Members::of(line).find(|(key, _)| *key == b"record") {
        Some((_, Value::Object(record))) => Some(record),
        _ => None,
    };
    // jsonlog itself begins with the time, and needs no look through all of it.
    if line.starts_with(b"{\"timestamp\"") { line } else { inner().unwrap_or(line) }
}

impl JsonReader {
    fn member(&mut self, key: &[u8], value: Value<'_>) {
        let event = &mut self.event;
        let text = value.raw();
        match key {
            b"timestamp" | b"log_time" => event.at = self.clock.date_time(text).map(|(at, _)| at),
            b"user" | b"user_name" => with_text(value, |t| fields::set_name(event, TextField::User, t)),
            b"dbname" | b"database_name" => with_text(value, |t| fields::set_name(event, TextField::Database, t)),
            b"pid" | b"process_id" => event.pid = fields::positive(text),
            b"remote_host" => event.set(TextField::Host, text),
            b"remote_port" => event.port = value.count().and_then(|n| u16::try_from(n).ok()),
            b"connection_from" => fields::set_host_and_port(event, text),
            b"session_id" => event.set(TextField::SessionId, text),
            b"line_num" | b"session_line_num" => event.session.line = value.count(),
            b"ps" | b"command_tag" => with_text(value, |t| event.set(TextField::Command, t)),
            b"session_start" | b"session_start_time" => {
                event.session.started_at = self.session_clock.date_time(text).map(|(at, _)| at);
            }
            b"vxid" | b"virtual_transaction_id" => event.set(TextField::VirtualTransaction, text),
            b"txid" | b"transaction_id" => event.session.transaction = fields::positive(text),
            b"error_severity" => {
                with_text(value, |t| event.set(TextField::Severity, t));
                event.level = fields::level(&event.severity);
            }
            b"state_code" | b"sql_state_code" => fields::set_code(event, text),
            b"message" => push(event, TextField::Message, value),
            b"detail" => push(event, TextField::Detail, value),
            b"hint" => push(event, TextField::Hint, value),
            b"internal_query" => push(event, TextField::InnerStatement, value),
            b"context" => push(event, TextField::Context, value),
            b"statement" | b"query" => push(event, TextField::Statement, value),
            b"cursor_position" | b"query_pos" | b"internal_position" | b"internal_query_pos" => {
                let position = value.count().filter(|n| *n > 0).and_then(|n| u32::try_from(n).ok());
                event.position = position.or(event.position);
            }
            b"func_name" | b"location" => push(event, TextField::Location, value),
            b"file_name" => {
                event.push(TextField::Location, if event.location.is_empty() { b"" } else { b", " });
                push(event, TextField::Location, value);
            }
            b"file_line_num" => {
                event.push(TextField::Location, b":");
                push(event, TextField::Location, value);
            }
            b"application_name" => with_text(value, |t| fields::set_name(event, TextField::Application, t)),
            b"backend_type" => event.set(TextField::Part, text),
            b"leader_pid" => event.session.leader = fields::positive(text),
            b"query_id" => event.session.query_id = fields::query_id(text),
            _ => {}
        }
    }
}

fn push(event: &mut LogEvent, field: TextField, value: Value<'_>) {
    match value {
        Value::Text(bytes) => unescape(bytes, |part| event.push(field, part)),
        Value::Plain(b"null") => {}
        other => event.push(field, other.raw()),
    }
}

/// A name without its escapes, which hardly any has.
fn with_text(value: Value<'_>, mut set: impl FnMut(&[u8])) {
    if value.raw().contains(&b'\\') { set(value.text().as_bytes()) } else { set(value.raw()) }
}

impl LogReader for JsonReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        self.event.clear();
        self.event.offset = line.offset;
        self.event.cut = line.cut;
        for (key, value) in Members::of(record(line.bytes)) {
            self.member(key, value);
        }
        if self.event.severity.is_empty() {
            self.strays += u64::from(!line.bytes.is_empty());
            return;
        }
        self.event.at = self.event.at.or(line.at);
        fields::complete(&mut self.event);
        sink(&self.event);
    }

    fn flush(&mut self, _sink: &mut Sink<'_>) {}

    fn oldest_open(&self) -> Option<u64> {
        None
    }

    fn strays(&self) -> u64 {
        self.strays
    }

    fn notes(&self) -> Vec<String> {
        self.clock.note().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(line: &str) -> Option<LogEvent> {
        assert_eq!(fit(&LogOptions::default(), line.as_bytes()), 100);
        let mut event = None;
        let mut reader = open(&LogOptions::default(), &[]).unwrap();
        reader.line(&Line::plain(line.as_bytes(), 0), &mut |e: &LogEvent| event = Some(e.clone()));
        event
    }

    #[test]
    fn the_servers_own_and_an_operators() {
        let own = r#"{"timestamp":"2026-11-21 20:40:02.059 UTC","user":"a\"b","dbname":"shop","pid":7,"error_severity":"FEHLER","state_code":"42P01","message":"one\n\"two\"","cursor_position":3,"func_name":"f","file_name":"x.c","file_line_num":12,"statement":"SELECT \u00e9"}"#;
        let event = read(own).unwrap();
        assert_eq!((event.user.as_str(), event.pid, event.code.as_str()), ("a\"b", Some(7), "42P01"));
        assert_eq!((event.message.as_str(), event.position), ("one\n\"two\"", Some(3)));
        assert_eq!((event.location.as_str(), event.statement.as_str()), ("f, x.c:12", "SELECT é"));
        assert_eq!(event.level, crate::domain::log::Level::Error);

        let operators = r#"{"level":"info","ts":"x","logger":"postgres","record":{"log_time":"2026-11-21 20:40:02.059 UTC","user_name":"ann","process_id":"7","error_severity":"LOG","sql_state_code":"00000","message":"duration: 1.5 ms  statement: SELECT 1","query_id":"0"}}"#;
        let event = read(operators).unwrap();
        assert_eq!((event.user.as_str(), event.pid, event.code.as_str()), ("ann", Some(7), ""));
        assert_eq!((event.cost.duration_ms, event.statement.as_str()), (Some(1.5), "SELECT 1"));
    }
}
