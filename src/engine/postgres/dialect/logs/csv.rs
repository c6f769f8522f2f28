//! csvlog: one record an event, with columns by their place. Each version of the server has the columns of the one
//! before and some more behind them.

use super::fields;
use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::time::{LogClock, date_time_length};
use crate::domain::log::{Line, LogEvent, LogOptions, LogReader, Sink};
use memchr::{memchr, memchr2};

/// Columns of the oldest csvlog, in which the message was the last but some; a record with fewer is none.
const FEWEST_COLUMNS: usize = 14;
/// What is kept of a column that is no text of the event.
const SHORT_BYTES: usize = 256;

/// Reads csvlog line by line: a quoted column may go on over several.
struct CsvReader {
    event: LogEvent,
    /// The column that is being read, from 0.
    column: usize,
    /// A column that is no text of the event, so far.
    short: Vec<u8>,
    /// The line ended inside quotes.
    quoted: bool,
    /// The first line of the record has been read.
    begun: bool,
    clock: LogClock,
    session_clock: LogClock,
    strays: u64,
}

/// How well the lines fit. Lines of a quoted column tell nothing.
pub(super) fn fit(_options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    let begins = sample.split(|b| *b == b'\n').filter(|line| begins_record(line)).count();
    if begins == 0 {
        return 0;
    }
    // Where a line of another format stands, no record of this one can have begun: only whole records count.
    share(sample, |line| begins_record(line).then_some(true).or_else(|| (line[0].is_ascii_digit()).then_some(false)))
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, _sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(CsvReader {
        event: LogEvent::default(),
        column: 0,
        short: Vec::new(),
        quoted: false,
        begun: false,
        clock: LogClock::new(options),
        session_clock: LogClock::new(options),
        strays: 0,
    }))
}

/// `2026-11-21 20:40:02.059 UTC,"user","database",7,`: a time, and commas as many columns bring.
fn begins_record(line: &[u8]) -> bool {
    let Some(length) = date_time_length(line) else { return false };
    let Some(comma) = memchr(b',', line).filter(|comma| *comma <= length + 8) else { return false };
    matches!(line.get(comma + 1), Some(b',' | b'"')) && memchr::memchr_iter(b',', line).take(8).count() >= 4
}

impl CsvReader {
    /// Reads a line into the open record and says whether the record ends with it.
    fn take(&mut self, mut rest: &[u8]) -> bool {
        loop {
            if self.quoted {
                let Some(quote) = memchr(b'"', rest) else {
                    self.push(rest);
                    return false;
                };
                self.push(&rest[..quote]);
                rest = &rest[quote + 1..];
                if let Some(after) = rest.strip_prefix(b"\"") {
                    self.push(b"\"");
                    rest = after;
                } else {
                    self.quoted = false;
                }
                continue;
            }
            let Some(at) = memchr2(b',', b'"', rest) else {
                self.push(rest);
                self.end_column();
                return true;
            };
            self.push(&rest[..at]);
            if rest[at] == b'"' {
                self.quoted = true;
            } else {
                self.end_column();
            }
            rest = &rest[at + 1..];
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        match text_of(self.column) {
            Some(field) => self.event.push(field, bytes),
            None => {
                let kept = bytes.len().min(SHORT_BYTES.saturating_sub(self.short.len()));
                self.short.extend_from_slice(&bytes[..kept]);
            }
        }
    }

    fn end_column(&mut self) {
        let (event, value) = (&mut self.event, self.short.as_slice());
        match self.column {
            0 => event.at = self.clock.date_time(value).map(|(at, _)| at),
            1 => fields::set_name(event, TextField::User, value),
            2 => fields::set_name(event, TextField::Database, value),
            3 => event.pid = fields::positive(value),
            4 => fields::set_host_and_port(event, value),
            5 => event.set(TextField::SessionId, value),
            6 => event.session.line = fields::positive(value),
            7 => event.set(TextField::Command, value),
            8 => event.session.started_at = self.session_clock.date_time(value).map(|(at, _)| at),
            9 => event.set(TextField::VirtualTransaction, value),
            10 => event.session.transaction = fields::positive(value),
            11 => {
                event.set(TextField::Severity, value);
                event.level = fields::level(&event.severity);
            }
            12 => fields::set_code(event, value),
            // Of the two places, that in the client's statement counts.
            17 | 20 => event.position = fields::positive(value).and_then(|n| u32::try_from(n).ok()).or(event.position),
            22 => fields::set_name(event, TextField::Application, value),
            23 => event.set(TextField::Part, value),
            24 => event.session.leader = fields::positive(value),
            25 => event.session.query_id = fields::query_id(value),
            _ => {}
        }
        self.short.clear();
        self.column += 1;
    }

    fn end_record(&mut self, sink: &mut Sink<'_>) {
        if self.column >= FEWEST_COLUMNS {
            fields::complete(&mut self.event);
            sink(&self.event);
        } else {
            self.strays += 1;
        }
        self.begun = false;
    }
}

/// The columns that can be long go straight into the event.
fn text_of(column: usize) -> Option<TextField> {
    Some(match column {
        13 => TextField::Message,
        14 => TextField::Detail,
        15 => TextField::Hint,
        16 => TextField::InnerStatement,
        18 => TextField::Context,
        19 => TextField::Statement,
        21 => TextField::Location,
        _ => return None,
    })
}

impl LogReader for CsvReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        if self.begun {
            self.push(b"\n");
        } else {
            if !begins_record(line.bytes) {
                self.strays += u64::from(!line.bytes.is_empty());
                return;
            }
            self.event.clear();
            self.event.offset = line.offset;
            self.short.clear();
            (self.begun, self.quoted, self.column) = (true, false, 0);
        }
        self.event.cut += line.cut;
        if self.take(line.bytes) {
            self.end_record(sink);
        }
    }

    fn flush(&mut self, sink: &mut Sink<'_>) {
        if self.begun {
            self.end_column();
            self.end_record(sink);
        }
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

    fn read(log: &str) -> (Vec<LogEvent>, u64) {
        let mut reader = open(&LogOptions::default(), &[]).unwrap();
        let mut events = Vec::new();
        let mut sink = |event: &LogEvent| events.push(event.clone());
        for line in log.lines() {
            reader.line(&Line::plain(line.as_bytes(), 0), &mut sink);
        }
        reader.flush(&mut sink);
        (events, reader.strays())
    }

    #[test]
    fn records_of_every_width() {
        let old = "2026-11-21 20:40:02.059 UTC,\"ann\",\"shop\",7,\"[local]\",6b0201a2.7,3,\"SELECT\",\
                   2026-11-21 20:40:02 UTC,3/1,0,ERROR,22012,\"division by \"\"zero\"\"\",\"one\ntwo\",,,,,\"SELECT 1/0,\n\n2\",8,";
        for more in [
            "",
            ",\"psql\"",
            ",\"psql\",\"client backend\"",
            ",\"psql\",\"client backend\",,-12",
            ",\"psql\",\"x\",9,12,\"new\"",
        ] {
            let (events, _) = read(&format!("{old}{more}\n{old}{more}\n"));
            assert_eq!(events.len(), 2, "{more}");
            let event = &events[1];
            assert_eq!((event.message.as_str(), event.detail.as_str()), ("division by \"zero\"", "one\ntwo"));
            assert_eq!((event.statement.as_str(), event.position), ("SELECT 1/0,\n\n2", Some(8)));
            assert_eq!((event.user.as_str(), event.code.as_str(), event.host.as_str()), ("ann", "22012", "[local]"));
            assert_eq!(event.application, if more.is_empty() { "" } else { "psql" });
        }
    }

    #[test]
    fn a_log_that_begins_inside_a_record() {
        let whole =
            "2026-11-21 20:40:02.059 UTC,,,7,,6b0201a2.7,3,,2026-11-21 20:40:02 UTC,,0,LOG,00000,\"x\",,,,,,,,,\"\"";
        let (events, strays) = read(&format!("rest of a statement\",,,,\n{whole}\n"));
        assert_eq!((events.len(), strays), (1, 1));
        assert_eq!((events[0].message.as_str(), events[0].code.as_str()), ("x", ""));
    }
}
