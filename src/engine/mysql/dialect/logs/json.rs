//! The error log as the component `log_sink_json` writes it: one object an event.

use super::error::level;
use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::json::Members;
use crate::domain::log::time::LogClock;
use crate::domain::log::{Level, Line, LogEvent, LogOptions, LogReader, Sink};

struct JsonReader {
    event: LogEvent,
    clock: LogClock,
    strays: u64,
}

/// How well the lines fit.
pub(super) fn fit(_options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    share(sample, |line| Some(Members::of(line).any(|(key, _)| matches!(key, b"err_code" | b"prio"))))
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(JsonReader { event: LogEvent::default(), clock: LogClock::new(options), strays: 0 }))
}

impl LogReader for JsonReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        let event = &mut self.event;
        event.clear();
        (event.offset, event.cut) = (line.offset, line.cut);
        let (mut has_message, mut source_line) = (false, None);
        for (key, value) in Members::of(line.bytes) {
            match key {
                b"time" => event.at = self.clock.date_time(value.raw()).map(|(at, _)| at),
                b"thread" => event.pid = value.count(),
                b"label" => event.set(TextField::Severity, value.raw()),
                b"prio" => {
                    event.level = match value.integer() {
                        Some(1) => Level::Error,
                        Some(2) => Level::Warning,
                        _ => Level::Info,
                    }
                }
                b"err_code" => event.code = value.count().filter(|n| *n > 0).map(|n| n.to_string()).unwrap_or_default(),
                b"subsystem" => event.set(TextField::Part, value.raw()),
                b"user" => event.user = value.text(),
                b"host" => event.host = value.text(),
                b"msg" => {
                    has_message = true;
                    event.push(TextField::Message, value.text().as_bytes());
                }
                b"source_file" => event.set(TextField::Location, value.raw()),
                b"source_line" => source_line = Some(value.raw()),
                _ => {}
            }
        }
        if !has_message {
            self.strays += u64::from(!line.bytes.is_empty());
            return;
        }
        if let Some(number) = source_line {
            event.push(TextField::Location, b":");
            event.push(TextField::Location, number);
        }
        event.level = level(event.severity.as_bytes()).unwrap_or(event.level);
        event.at = event.at.or(line.at);
        sink(event);
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

    #[test]
    fn an_object_is_an_event() {
        let line = r#"{ "prio" : 1, "err_code" : 10051, "source_line" : 3, "source_file" : "a.cc", "function" : "f", "msg" : "Event \"x\" failed", "time" : "2026-11-21T20:40:02.123456Z", "thread" : 8, "err_symbol" : "ER_X", "SQL_state" : "HY000", "subsystem" : "Server", "label" : "Error" }"#;
        assert_eq!(fit(&LogOptions::default(), line.as_bytes()), 100);
        let mut reader = open(&LogOptions::default(), &[]).unwrap();
        let mut event = LogEvent::default();
        reader.line(&Line::plain(line.as_bytes(), 0), &mut |e| event = e.clone());
        assert_eq!((event.code.as_str(), event.level, event.pid), ("10051", Level::Error, Some(8)));
        assert_eq!((event.message.as_str(), event.location.as_str()), ("Event \"x\" failed", "a.cc:3"));
        assert_eq!(event.at.map(|t| t.0), Some(1_795_293_602_123));
    }
}
