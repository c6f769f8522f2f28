//! The error log as text: `TIME THREAD [Label] [MY-010000] [Subsystem] message`, of which old servers and MariaDB leave
//! out what they do not know. Lines without a time belong to the event before them.

use super::times;
use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::time::{LogClock, number};
use crate::domain::log::{Level, Line, LogEvent, LogOptions, LogReader, Sink};

/// Reads the error log.
struct ErrorReader {
    event: LogEvent,
    begun: bool,
    clock: LogClock,
    strays: u64,
}

/// How well the lines fit. Lines without a time tell nothing.
pub(super) fn fit(options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    let mut clock = LogClock::new(options);
    let labelled =
        sample.split(|b| *b == b'\n').any(|line| take_head(line, &mut clock).is_some_and(|h| h.label.is_some()));
    if !labelled {
        return 0;
    }
    share(sample, |line| {
        times::read(&mut clock, line)?;
        Some(take_head(line, &mut clock).is_some_and(|head| head.label.is_some() || head.is_wrapper()))
    })
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(ErrorReader { event: LogEvent::default(), begun: false, clock: LogClock::new(options), strays: 0 }))
}

/// The level of a label, whatever its case.
pub(super) fn level(label: &[u8]) -> Option<Level> {
    Some(match label.to_ascii_lowercase().as_slice() {
        b"error" => Level::Error,
        b"warning" => Level::Warning,
        b"note" | b"system" | b"info" => Level::Info,
        b"fatal" => Level::Fatal,
        b"debug" => Level::Debug,
        _ => return None,
    })
}

/// The number of `MY-010119` as the catalogue has it: `10119`.
pub(super) fn code(text: &[u8]) -> Option<String> {
    let digits = text.strip_prefix(b"MY-")?;
    number(digits).filter(|n| *n > 0).map(|n| n.to_string())
}

/// The beginning of a line, taken apart.
struct Head<'l> {
    at: crate::domain::target::Timestamp,
    thread: Option<u64>,
    label: Option<(&'l [u8], Level)>,
    code: Option<String>,
    part: &'l [u8],
    message: &'l [u8],
}

impl Head<'_> {
    /// The script that starts the server writes into its log too.
    fn is_wrapper(&self) -> bool {
        self.message.starts_with(b"mysqld_safe ") || self.message.starts_with(b"mariadbd-safe ")
    }
}

fn take_head<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Head<'l>> {
    let (at, used) = times::read(clock, line)?;
    let mut rest = line[used..].trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let mut thread = None;
    if rest.get(digits) == Some(&b' ') && digits > 0 {
        thread = number(&rest[..digits]).and_then(|n| u64::try_from(n).ok());
        rest = rest[digits..].trim_ascii_start();
    }
    let (mut label, mut my_code, mut part) = (None, None, &b""[..]);
    while let Some((inside, behind)) = bracketed(rest) {
        if label.is_none() {
            let Some(level) = level(inside) else { break };
            label = Some((inside, level));
        } else if my_code.is_none() && inside.starts_with(b"MY-") {
            my_code = Some(code(inside));
        } else if my_code.is_some() && part.is_empty() {
            part = inside;
        } else {
            break;
        }
        rest = behind.strip_prefix(b" ").unwrap_or(behind);
    }
    Some(Head { at, thread, label, code: my_code.flatten(), part, message: rest })
}

/// `[inside] behind`.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"[")?;
    let end = inside.iter().position(|b| *b == b']')?;
    Some((&inside[..end], &inside[end + 1..]))
}

impl ErrorReader {
    fn end(&mut self, sink: &mut Sink<'_>) {
        if std::mem::take(&mut self.begun) {
            sink(&self.event);
        }
    }
}

impl LogReader for ErrorReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        let Some(head) = take_head(line.bytes, &mut self.clock) else {
            if self.begun && self.event.message.is_empty() {
                self.event.push(TextField::Message, line.bytes);
            } else if self.begun {
                self.event.push(TextField::Message, b"\n");
                self.event.push(TextField::Message, line.bytes);
            } else {
                self.strays += u64::from(!line.bytes.is_empty());
            }
            return;
        };
        self.end(sink);
        self.begun = true;
        let event = &mut self.event;
        event.clear();
        (event.offset, event.cut, event.at) = (line.offset, line.cut, Some(head.at));
        event.pid = head.thread.or(line.pid);
        if let Some((label, level)) = head.label {
            event.set(TextField::Severity, label);
            event.level = if head.message.starts_with(b"[FATAL]") { Level::Fatal } else { level };
        }
        event.code = head.code.unwrap_or_default();
        event.set(TextField::Part, head.part);
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

    fn read(log: &str) -> Vec<LogEvent> {
        assert!(fit(&LogOptions::default(), log.as_bytes()) >= 80, "{log}");
        let mut reader = open(&LogOptions::default(), &[]).unwrap();
        let mut events = Vec::new();
        let mut sink = |e: &LogEvent| events.push(e.clone());
        for line in log.lines() {
            reader.line(&Line::plain(line.as_bytes(), 0), &mut sink);
        }
        reader.flush(&mut sink);
        events
    }

    #[test]
    fn the_forms_of_all_servers() {
        let log = "2026-11-21T20:40:02.123456Z 0 [Warning] [MY-010068] [Server] CA certificate is self signed.\n\
                   2026-11-21T20:40:02.123456Z 12 [ERROR] InnoDB: Unable to lock ./ibdata1 error: 11\n\
                   2026-11-21 20:40:02 5 [Note] InnoDB: Transactions deadlock detected, dumping detailed information.\n\
                   \n\
                   *** (1) TRANSACTION:\n\
                   261121 20:40:02 [ERROR] mysqld got signal 11 ;\n\
                   2026-11-21T20:40:02.123456Z mysqld_safe Starting mysqld daemon\n";
        let events = read(log);
        let brief: Vec<_> =
            events.iter().map(|e| (e.pid, e.level, e.code.as_str(), e.part.as_str(), e.message.as_str())).collect();
        assert_eq!(
            brief,
            [
                (Some(0), Level::Warning, "10068", "Server", "CA certificate is self signed."),
                (Some(12), Level::Error, "", "", "InnoDB: Unable to lock ./ibdata1 error: 11"),
                (
                    Some(5),
                    Level::Info,
                    "",
                    "",
                    "InnoDB: Transactions deadlock detected, dumping detailed information.\n\n*** (1) TRANSACTION:"
                ),
                (None, Level::Error, "", "", "mysqld got signal 11 ;"),
                (None, Level::Info, "", "", "mysqld_safe Starting mysqld daemon"),
            ]
        );
        assert!(events.iter().all(|e| e.at.is_some()));
    }
}
