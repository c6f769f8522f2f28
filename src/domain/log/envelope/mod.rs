//! What others put around a server's lines on their way: syslog, the journal, a container's runtime.

mod syslog;

use super::format::{Line, LogOptions};
use super::json::{self, Members, Value};
use super::lines::{LINE_BYTES, RawLine};
use super::time::{LogClock, number};
use crate::domain::target::Timestamp;
use std::borrow::Cow;

/// Who passed the lines on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// Nobody: the server's own file.
    None,
    /// A syslog daemon in any of its forms, or `journalctl` with one of its short outputs.
    Syslog,
    /// `journalctl -o json`.
    Journal,
    /// A container's log file: `{"log":"...\n","stream":"stderr","time":"..."}`.
    ContainerJson,
    /// A container's log file: `2026-11-21T20:40:02.059Z stderr F ...`.
    ContainerText,
}

impl Envelope {
    const ALL: [Self; 4] = [Self::Journal, Self::ContainerJson, Self::ContainerText, Self::Syslog];

    /// Tells the envelope from the beginning of a log: nearly all of its lines must be in it.
    pub fn tell(sample: &[u8]) -> Self {
        const LINES: usize = 60;
        let lines: Vec<&[u8]> = sample.split(|b| *b == b'\n').filter(|l| !l.is_empty()).take(LINES).collect();
        let mut clock = LogClock::new(&LogOptions::default());
        let fits = |envelope: Self, clock: &mut LogClock| {
            let inside = lines.iter().filter(|line| envelope.open(line, clock).is_some()).count();
            // The sample may end within a line.
            inside > 0 && inside + 1 + lines.len() / 10 >= lines.len()
        };
        Self::ALL.into_iter().find(|e| fits(*e, &mut clock)).unwrap_or(Self::None)
    }

    /// The lines inside, for telling the format.
    pub fn unwrap_sample<'s>(self, sample: &'s [u8], options: &LogOptions<'_>) -> Cow<'s, [u8]> {
        if self == Self::None {
            return Cow::Borrowed(sample);
        }
        let mut inner = Vec::with_capacity(sample.len());
        let mut unwrapper = Unwrapper::new(self, options);
        for bytes in sample.split(|b| *b == b'\n') {
            unwrapper.line(&RawLine { bytes, offset: 0, cut: 0 }, |line| {
                inner.extend_from_slice(line.bytes);
                inner.push(b'\n');
            });
        }
        Cow::Owned(inner)
    }

    fn open<'l>(self, line: &'l [u8], clock: &mut LogClock) -> Option<Opened<'l>> {
        match self {
            Self::None => Some(Opened { text: Cow::Borrowed(line), ..Opened::default() }),
            Self::Syslog => syslog::open(line, clock),
            Self::Journal => open_journal(line),
            Self::ContainerJson => open_container_json(line, clock),
            Self::ContainerText => open_container_text(line, clock),
        }
    }
}

/// A line taken out of its envelope.
#[derive(Debug, Default)]
struct Opened<'l> {
    text: Cow<'l, [u8]>,
    at: Option<Timestamp>,
    pid: Option<u64>,
    /// The next one goes on with the same line of the server.
    goes_on: bool,
}

/// Takes lines out of their envelopes and joins those that a runtime cut in pieces.
#[derive(Debug)]
pub struct Unwrapper {
    envelope: Envelope,
    clock: LogClock,
    /// Pieces of a line whose end has not come yet, and where the first began.
    pieces: Vec<u8>,
    pieces_offset: Option<u64>,
    strays: u64,
}

impl Unwrapper {
    /// For lines in this envelope.
    pub fn new(envelope: Envelope, options: &LogOptions<'_>) -> Self {
        let clock = LogClock::new(options);
        Self { envelope, clock, pieces: Vec::new(), pieces_offset: None, strays: 0 }
    }

    /// Takes a line and gives the server's lines in it.
    pub fn line(&mut self, raw: &RawLine<'_>, mut each: impl FnMut(&Line<'_>)) {
        let RawLine { bytes, offset, cut } = *raw;
        if self.envelope == Envelope::None {
            return each(&Line { cut, ..Line::plain(bytes, offset) });
        }
        let Some(Opened { text, at, pid, goes_on }) = self.envelope.open(bytes, &mut self.clock) else {
            self.strays += u64::from(!bytes.is_empty());
            return;
        };
        if !goes_on && self.pieces_offset.is_none() {
            give(&Line { bytes: &text, offset, cut, at, pid }, &mut each);
            return;
        }
        let begins = *self.pieces_offset.get_or_insert(offset);
        let kept = text.len().min(LINE_BYTES - self.pieces.len());
        self.pieces.extend_from_slice(&text[..kept]);
        if !goes_on {
            give(
                &Line { bytes: &self.pieces, offset: begins, cut: cut + (text.len() - kept) as u64, at, pid },
                &mut each,
            );
            self.pieces.clear();
            self.pieces_offset = None;
        }
    }

    /// Where the line begins whose end has not come yet.
    pub fn open_offset(&self) -> Option<u64> {
        self.pieces_offset
    }

    /// Lines that were in no envelope.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// What a person should know about how it was read.
    pub fn note(&self) -> Option<String> {
        self.clock.note()
    }
}

/// A text of several lines is given line by line.
fn give(whole: &Line<'_>, each: &mut impl FnMut(&Line<'_>)) {
    let bytes = whole.bytes.strip_suffix(b"\n").unwrap_or(whole.bytes);
    for part in bytes.split(|b| *b == b'\n') {
        each(&Line { bytes: part, ..*whole });
    }
}

fn open_journal(line: &[u8]) -> Option<Opened<'_>> {
    let mut opened = Opened::default();
    let mut has_message = false;
    for (key, value) in Members::of(line) {
        match key {
            b"MESSAGE" => {
                has_message = true;
                opened.text = match value {
                    // Bytes that are no UTF-8 are written as numbers.
                    Value::Array(bytes) => Cow::Owned(numbers_as_bytes(bytes)),
                    other => unescaped(other.raw()),
                };
            }
            b"__REALTIME_TIMESTAMP" | b"_SOURCE_REALTIME_TIMESTAMP" => {
                opened.at = value.integer().map(|micros| Timestamp(micros / 1000));
            }
            b"_PID" | b"SYSLOG_PID" => opened.pid = value.count().or(opened.pid),
            _ => {}
        }
    }
    has_message.then_some(opened)
}

fn numbers_as_bytes(array: &[u8]) -> Vec<u8> {
    let inside = array.strip_prefix(b"[").unwrap_or(array);
    let numbers = inside.split(|b| matches!(b, b',' | b']'));
    numbers.filter_map(|n| number(n.trim_ascii())).filter_map(|n| u8::try_from(n).ok()).collect()
}

fn open_container_json<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Opened<'l>> {
    let mut opened = Opened::default();
    let (mut has_log, mut has_time) = (false, false);
    for (key, value) in Members::of(line) {
        match key {
            b"log" => {
                has_log = true;
                opened.text = unescaped(value.raw());
                opened.goes_on = !opened.text.ends_with(b"\n");
            }
            b"time" => {
                has_time = true;
                opened.at = clock.date_time(value.raw()).map(|(at, _)| at);
            }
            _ => {}
        }
    }
    (has_log && has_time).then_some(opened)
}

fn open_container_text<'l>(line: &'l [u8], clock: &mut LogClock) -> Option<Opened<'l>> {
    let (at, used) = clock.date_time(line)?;
    let rest = line[used..].strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr "))?;
    let (whole, rest) = rest.split_first()?;
    let goes_on = match whole {
        b'F' => false,
        b'P' => true,
        _ => return None,
    };
    let text = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
    Some(Opened { text: Cow::Borrowed(text), at: Some(at), pid: None, goes_on })
}

fn unescaped(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'\\') {
        return Cow::Borrowed(bytes);
    }
    let mut text = Vec::with_capacity(bytes.len());
    json::unescape(bytes, |part| text.extend_from_slice(part));
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(log: &str) -> (Envelope, Vec<(String, Option<i64>, Option<u64>)>) {
        let envelope = Envelope::tell(log.as_bytes());
        let mut unwrapper =
            Unwrapper::new(envelope, &LogOptions { now: Timestamp(1_795_293_700_000), ..LogOptions::default() });
        let mut out = Vec::new();
        for line in log.lines() {
            unwrapper.line(&RawLine { bytes: line.as_bytes(), offset: 0, cut: 0 }, |l| {
                out.push((String::from_utf8_lossy(l.bytes).into_owned(), l.at.map(|t| t.0), l.pid));
            });
        }
        (envelope, out)
    }

    #[test]
    fn a_servers_own_file_has_none() {
        for log in [
            "2026-11-21 20:40:02.059 UTC [25063] LOG:  starting\n2026-11-21 20:40:02.059 UTC [25063] LOG:  listening\n",
            "2026-11-21T20:40:02.123456Z 0 [Note] starting\n",
            "{\"t\":{\"$date\":\"2026-11-21T20:40:02.059+00:00\"},\"s\":\"I\",\"msg\":\"x\"}\n",
            "",
        ] {
            assert_eq!(Envelope::tell(log.as_bytes()), Envelope::None, "{log}");
        }
    }

    #[test]
    fn the_journal_in_json() {
        let log = r#"{"_PID":"7","MESSAGE":"a\nb","__REALTIME_TIMESTAMP":"1795293602059000"}
{"MESSAGE":[255,97],"__REALTIME_TIMESTAMP":"1795293602059000","_PID":"8"}"#;
        let at = Some(1_795_293_602_059);
        let expected = vec![("a".into(), at, Some(7)), ("b".into(), at, Some(7)), ("\u{fffd}a".into(), at, Some(8))];
        assert_eq!(unwrapped(log), (Envelope::Journal, expected));
    }

    #[test]
    fn the_logs_of_containers_with_lines_in_pieces() {
        let log = "{\"log\":\"one \",\"stream\":\"stderr\",\"time\":\"2026-11-21T20:40:02.059Z\"}\n\
                   {\"log\":\"line\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T20:40:02.059Z\"}\n";
        let expected = vec![("one line".to_owned(), Some(1_795_293_602_059), None)];
        assert_eq!(unwrapped(log), (Envelope::ContainerJson, expected.clone()));
        let log = "2026-11-21T20:40:02.059123456Z stderr P one \n2026-11-21T20:40:02.059123456Z stderr F line\n";
        assert_eq!(unwrapped(log), (Envelope::ContainerText, expected));
    }

    #[test]
    fn syslog_and_its_escapes() {
        let log = "Nov 21 20:40:02 db1 postgres[7]: [5-1] one#011two #12\n\
                   <134>1 2026-11-21T20:40:02.059Z db1 postgres 7 - [a b=\"]\"] [5-2] three\n";
        let expected = vec![
            ("[5-1] one\ttwo #12".into(), Some(1_795_293_602_000), Some(7)),
            ("[5-2] three".into(), Some(1_795_293_602_059), Some(7)),
        ];
        assert_eq!(unwrapped(log), (Envelope::Syslog, expected));
    }
}
