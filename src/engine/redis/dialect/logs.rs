//! The server's log: `pid:role time level message`, in the forms of Redis and of Valkey.

use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::time::{LogClock, number};
use crate::domain::log::{Level, Line, LogEvent, LogFormat, LogOptions, LogReader, Sink};
use crate::domain::target::Timestamp;

/// The formats.
pub(super) static FORMATS: &[LogFormat] = &[LogFormat { name: "redis", title: "Redis log", fit, open }];

struct TextReader {
    event: LogEvent,
    begun: bool,
    clock: LogClock,
    strays: u64,
}

fn fit(options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    let mut clock = LogClock::new(options);
    // The banner and the report of a crash have lines of their own form; those of an event begin with a number.
    share(sample, |line| {
        let own = line[0].is_ascii_digit() || line.starts_with(b"pid=");
        own.then(|| take_head(line, &mut clock).is_some())
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(TextReader { event: LogEvent::default(), begun: false, clock: LogClock::new(options), strays: 0 }))
}

/// The beginning of a line, taken apart.
struct Head<'l> {
    pid: Option<u64>,
    /// Master, replica, child or sentinel.
    role: &'l [u8],
    at: Option<Timestamp>,
    severity: &'l [u8],
    level: Level,
    message: &'l [u8],
}

fn take_head<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Head<'l>> {
    if line.starts_with(b"pid=") {
        return take_pairs(line, clock);
    }
    let colon = line.iter().take(12).position(|b| *b == b':')?;
    let pid = number(&line[..colon])?;
    let rest = &line[colon + 1..];
    let role = rest.get(..1).filter(|r| r[0].is_ascii_uppercase())?;
    let rest = rest.get(1..)?.strip_prefix(b" ")?;
    let (at, used) = time(rest, clock)?;
    let rest = rest[used..].strip_prefix(b" ")?;
    let (mark, message) = rest.split_at(rest.len().min(1));
    let level = match mark {
        b"." => Level::Debug,
        b"-" => Level::Info,
        b"*" => Level::Notice,
        b"#" => Level::Warning,
        _ => return None,
    };
    let message = message.strip_prefix(b" ").unwrap_or(message);
    Some(Head { pid: u64::try_from(pid).ok(), role, at: Some(at), severity: mark, level, message })
}

/// `21 Nov 2026 20:40:02.059`, `2026-11-21T20:40:02.059+01:00`, `1795293602059`.
fn time(text: &[u8], clock: &mut LogClock) -> Option<(Timestamp, usize)> {
    const MILLISECOND_DIGITS: usize = 13;
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == MILLISECOND_DIGITS {
        return number(&text[..digits]).map(|ms| (Timestamp(ms), digits));
    }
    clock.date_time(text).or_else(|| clock.named_month(text))
}

/// `pid=7 role=primary timestamp="..." level=warning message="..."`.
fn take_pairs<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Head<'l>> {
    let value = |key: &str| {
        let at = memchr::memmem::find(line, key.as_bytes())? + key.len();
        let rest = &line[at..];
        match rest.strip_prefix(b"\"") {
            // The message is the last, and may hold quotes.
            Some(quoted) if key == " message=" => Some(quoted.strip_suffix(b"\"").unwrap_or(quoted)),
            Some(quoted) => Some(&quoted[..quoted.iter().position(|b| *b == b'"')?]),
            None => Some(&rest[..rest.iter().position(|b| *b == b' ').unwrap_or(rest.len())]),
        }
    };
    let severity = value(" level=")?;
    let level = match severity {
        b"debug" => Level::Debug,
        b"verbose" | b"info" => Level::Info,
        b"notice" => Level::Notice,
        _ => Level::Warning,
    };
    let pid = number(value("pid=")?).and_then(|n| u64::try_from(n).ok());
    let mut padded = value(" timestamp=").unwrap_or_default().to_vec();
    padded.push(b' ');
    let at = time(&padded, clock).map(|(at, _)| at);
    Some(Head { pid, role: value(" role=").unwrap_or_default(), at, severity, level, message: value(" message=")? })
}

impl TextReader {
    fn end(&mut self, sink: &mut Sink<'_>) {
        if std::mem::take(&mut self.begun) {
            sink(&self.event);
        }
    }
}

impl LogReader for TextReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        let Some(head) = take_head(line.bytes, &mut self.clock) else {
            // The report of a crash goes on after its first line; the banner after a normal message is a picture.
            if self.begun && self.event.level == Level::Warning {
                self.event.push(TextField::Detail, line.bytes);
                self.event.push(TextField::Detail, b"\n");
            } else {
                self.strays += u64::from(!line.bytes.is_empty() && !self.begun);
            }
            return;
        };
        self.end(sink);
        self.begun = true;
        let event = &mut self.event;
        event.clear();
        (event.offset, event.cut, event.pid, event.at) =
            (line.offset, line.cut, head.pid.or(line.pid), head.at.or(line.at));
        event.set(TextField::Part, head.role);
        event.set(TextField::Severity, head.severity);
        event.level = head.level;
        event.push(TextField::Message, head.message);
    }

    fn flush(&mut self, sink: &mut Sink<'_>) {
        self.end(sink);
    }

    fn oldest_open(&self) -> Option<u64> {
        self.begun.then_some(self.event.offset)
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
    fn every_form_of_the_line() {
        let log = "7:C 21 Nov 2026 20:40:02.059 * oO0OoO0OoO0Oo Redis is starting\n\
                   \x20               _._\n\
                   7:M 21 Nov 2026 20:40:02.059 # Background saving error\n\
                   7:M 2026-11-21T20:40:02.059+00:00 # === REPORT START\n\
                   stack trace\n\
                   7:S 1795293602059 - Accepted\n\
                   pid=7 role=primary timestamp=\"21 Nov 2026 20:40:02.059\" level=warning message=\"a \"b\" c\"\n\
                   7:M 21 Nov 2026 20:40:02.059 .\n";
        let options = LogOptions::default();
        assert_eq!(fit(&options, log.as_bytes()), 100);
        let mut reader = open(&options, &[]).unwrap();
        let mut events: Vec<LogEvent> = Vec::new();
        let mut sink = |e: &LogEvent| events.push(e.clone());
        for line in log.lines() {
            reader.line(&Line::plain(line.as_bytes(), 0), &mut sink);
        }
        reader.flush(&mut sink);
        assert!(events.iter().all(|e| e.at == Some(Timestamp(1_795_293_602_059)) && e.pid == Some(7)));
        let brief: Vec<_> =
            events.iter().map(|e| (e.part.as_str(), e.level, e.message.as_str(), e.detail.as_str())).collect();
        assert_eq!(
            brief,
            [
                ("C", Level::Notice, "oO0OoO0OoO0Oo Redis is starting", ""),
                ("M", Level::Warning, "Background saving error", ""),
                ("M", Level::Warning, "=== REPORT START", "stack trace\n"),
                ("S", Level::Info, "Accepted", ""),
                ("primary", Level::Warning, "a \"b\" c", ""),
                ("M", Level::Debug, "", ""),
            ]
        );
    }
}
