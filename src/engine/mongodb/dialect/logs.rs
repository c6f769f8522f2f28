//! The server's log: one JSON object an event, since 4.4.

use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::json::{Members, Value, unescape};
use crate::domain::log::time::LogClock;
use crate::domain::log::{Level, Line, LogEvent, LogFormat, LogOptions, LogReader, Sink};

/// The formats.
pub(super) static FORMATS: &[LogFormat] = &[LogFormat { name: "mongo", title: "MongoDB log", fit, open }];

struct JsonReader {
    event: LogEvent,
    clock: LogClock,
    strays: u64,
}

fn fit(_options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    share(sample, |line| {
        let keys: Vec<&[u8]> = Members::of(line).take(4).map(|(key, _)| key).collect();
        Some(keys.contains(&&b"t"[..]) && keys.contains(&&b"s"[..]) && keys.contains(&&b"c"[..]))
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(JsonReader { event: LogEvent::default(), clock: LogClock::new(options), strays: 0 }))
}

/// `F`, `E`, `W`, `I`, `D1` to `D5`.
fn level(word: &[u8]) -> Level {
    match word.first() {
        Some(b'F') => Level::Fatal,
        Some(b'E') => Level::Error,
        Some(b'W') => Level::Warning,
        Some(b'D') => Level::Debug,
        _ => Level::Info,
    }
}

/// What stands in `attr`: it is different for every message, and some names mean the same in all of them.
fn attribute(event: &mut LogEvent, key: &[u8], value: Value<'_>) {
    match key {
        b"ns" | b"namespace" | b"nss" => {
            let name = value.text();
            let database = name.split('.').next().unwrap_or_default();
            event.set(TextField::Database, database.as_bytes());
        }
        b"db" | b"database" | b"dbName" => set(event, TextField::Database, value),
        b"user" | b"principalName" => set(event, TextField::User, value),
        b"appName" => set(event, TextField::Application, value),
        b"remote" | b"client" => {
            let text = value.text();
            let (host, port) = text.rsplit_once(':').unwrap_or((&text, ""));
            event.set(TextField::Host, host.as_bytes());
            event.port = port.parse().ok();
        }
        b"durationMillis" => {
            event.cost.duration_ms = std::str::from_utf8(value.raw()).ok().and_then(|n| n.parse().ok());
        }
        b"docsExamined" => event.cost.rows_examined = value.count(),
        b"nreturned" => event.cost.rows_sent = value.count(),
        b"command" | b"cmd" => push(event, TextField::Statement, value),
        b"code" | b"errCode" | b"errorCode" => set_code(event, value),
        b"error" | b"status" | b"reason" | b"errMsg" | b"errmsg" | b"result" => error(event, value),
        _ => {}
    }
}

/// An error is a sentence, or an object with `code`, `codeName` and `errmsg`.
fn error(event: &mut LogEvent, value: Value<'_>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in Members::of(object) {
                match key {
                    b"code" => set_code(event, inner),
                    b"errmsg" | b"reason" => detail(event, inner),
                    _ => {}
                }
            }
        }
        text @ Value::Text(_) => detail(event, text),
        _ => {}
    }
}

fn detail(event: &mut LogEvent, value: Value<'_>) {
    if !event.detail.is_empty() {
        event.push(TextField::Detail, b"\n");
    }
    push(event, TextField::Detail, value);
}

fn set_code(event: &mut LogEvent, value: Value<'_>) {
    if event.code.is_empty()
        && let Some(code) = value.count().filter(|n| *n > 0)
    {
        event.code = code.to_string();
    }
}

fn set(event: &mut LogEvent, field: TextField, value: Value<'_>) {
    if let Value::Text(_) = value {
        event.set(field, value.text().as_bytes());
    }
}

fn push(event: &mut LogEvent, field: TextField, value: Value<'_>) {
    match value {
        Value::Text(bytes) => unescape(bytes, |part| event.push(field, part)),
        other => event.push(field, other.raw()),
    }
}

impl LogReader for JsonReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        let event = &mut self.event;
        event.clear();
        (event.offset, event.cut, event.pid) = (line.offset, line.cut, line.pid);
        let mut has_message = false;
        for (key, value) in Members::of(line.bytes) {
            match key {
                b"t" => {
                    let date = value.member("$date").unwrap_or(value);
                    event.at = self.clock.date_time(date.raw()).map(|(at, _)| at);
                }
                b"s" => {
                    event.set(TextField::Severity, value.raw());
                    event.level = level(value.raw());
                }
                b"c" => event.set(TextField::Part, value.raw()),
                // The number of the message, by which the server's makers know it.
                b"id" => event.set(TextField::Location, value.raw()),
                b"ctx" => {
                    event.set(TextField::SessionId, value.raw());
                    let connection = value.raw().strip_prefix(b"conn").and_then(|n| std::str::from_utf8(n).ok());
                    event.pid = connection.and_then(|n| n.parse().ok()).or(event.pid);
                }
                b"msg" => {
                    has_message = true;
                    push(event, TextField::Message, value);
                }
                b"attr" => {
                    for (key, value) in Members::of(value.raw()) {
                        attribute(event, key, value);
                    }
                    // What is wrong often stands in a member that only this message has.
                    if event.level >= Level::Warning && event.detail.is_empty() {
                        event.push(TextField::Detail, value.raw());
                    }
                }
                _ => {}
            }
        }
        if has_message {
            event.at = event.at.or(line.at);
            sink(event);
        } else {
            self.strays += u64::from(!line.bytes.is_empty());
        }
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

    fn read(line: &str) -> LogEvent {
        assert_eq!(fit(&LogOptions::default(), line.as_bytes()), 100);
        let mut event = LogEvent::default();
        let mut reader = open(&LogOptions::default(), &[]).unwrap();
        reader.line(&Line::plain(line.as_bytes(), 0), &mut |e| event = e.clone());
        event
    }

    #[test]
    fn errors_with_their_code() {
        let event = read(
            r#"{"t":{"$date":"2026-11-21T21:40:02.059+01:00"},"s":"E","c":"REPL","id":21239,"ctx":"conn12","msg":"It failed","attr":{"ns":"shop.orders","remote":"10.0.0.1:5000","error":{"code":26,"codeName":"NamespaceNotFound","errmsg":"ns \"x\" not found"}}}"#,
        );
        assert_eq!((event.level, event.code.as_str(), event.pid), (Level::Error, "26", Some(12)));
        assert_eq!((event.message.as_str(), event.detail.as_str()), ("It failed", "ns \"x\" not found"));
        assert_eq!((event.database.as_str(), event.host.as_str(), event.port), ("shop", "10.0.0.1", Some(5000)));
        assert_eq!((event.at.unwrap().0, event.location.as_str()), (1_795_293_602_059, "21239"));
    }

    #[test]
    fn slow_queries_and_messages_without_attributes() {
        let event = read(
            r#"{"t":{"$date":"2026-11-21T20:40:02.059Z"},"s":"I","c":"COMMAND","id":51803,"svc":"S","ctx":"conn3","msg":"Slow query","attr":{"type":"command","ns":"shop.a","command":{"find":"a"},"docsExamined":7,"nreturned":2,"errMsg":"too slow","errCode":50,"durationMillis":101}}"#,
        );
        assert_eq!((event.cost.duration_ms, event.cost.rows_examined), (Some(101.0), Some(7)));
        assert_eq!(
            (event.statement.as_str(), event.code.as_str(), event.detail.as_str()),
            (r#"{"find":"a"}"#, "50", "too slow")
        );
        let event =
            read(r#"{"t":{"$date":"2026-11-21T20:40:02.059Z"},"s":"D2","c":"-","id":1,"ctx":"main","msg":"x"}"#);
        assert_eq!((event.level, event.pid, event.part.as_str()), (Level::Debug, None, "-"));
    }
}
