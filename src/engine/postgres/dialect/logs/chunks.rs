//! The text log by way of syslog: each event in numbered pieces, `[5-1]`, `[5-2]`, cut at line ends and at 900 bytes.

use super::stderr::{self, TextReader};
use crate::domain::log::{Line, LogOptions, LogReader, Sink};
use std::borrow::Cow;

/// Reads the pieces of each process.
struct ChunkReader {
    text: TextReader,
}

/// How well the lines fit: as well as the text in the pieces does, when there are numbers on some of them.
pub(super) fn fit(options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    let numbered = sample.split(|b| *b == b'\n').any(|line| take_number(line).0.is_some());
    if options.enveloped && numbered { stderr::fit(options, &without_numbers(sample)) } else { 0 }
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(ChunkReader { text: TextReader::new(options, &without_numbers(sample)) }))
}

/// The first pieces alone, without their numbers.
fn without_numbers(sample: &[u8]) -> Cow<'_, [u8]> {
    let mut bare = Vec::with_capacity(sample.len());
    for line in sample.split(|b| *b == b'\n') {
        let (piece, text) = take_number(line);
        if piece.is_none_or(|n| n == 1) {
            bare.extend_from_slice(text);
            bare.push(b'\n');
        }
    }
    Cow::Owned(bare)
}

impl LogReader for ChunkReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        let (piece, bytes) = take_number(line.bytes);
        let inner = Line { bytes, ..*line };
        if self.text.is_continued(bytes) {
            self.text.go_on(&inner, b"\n", &bytes[1..]);
        } else if !self.text.begin_line(&inner, sink) {
            match piece {
                // The line before was too long for one piece.
                Some(2..) => self.text.go_on(&inner, b"", bytes),
                _ => self.text.stray(&inner),
            }
        }
    }

    fn flush(&mut self, sink: &mut Sink<'_>) {
        self.text.flush(sink);
    }

    fn oldest_open(&self) -> Option<u64> {
        self.text.oldest_open()
    }

    fn strays(&self) -> u64 {
        self.text.strays()
    }

    fn notes(&self) -> Vec<String> {
        self.text.notes()
    }
}

/// The number of the piece in its event, from 1, and what stands behind it: `[5-2] text`, `[5] text`, `[2] text`.
fn take_number(line: &[u8]) -> (Option<u32>, &[u8]) {
    let number = || {
        let inside = line.strip_prefix(b"[")?;
        let end = inside.iter().take(24).position(|b| *b == b']')?;
        let text = inside.get(end + 1..)?.strip_prefix(b" ")?;
        let digits = std::str::from_utf8(&inside[..end]).ok()?;
        let piece = match digits.split_once('-') {
            Some((event, piece)) => event.parse::<u64>().ok().and(piece.parse().ok())?,
            // Without a second number it is the whole event, or its setting leaves out the first one: then the text
            // says whether something begins here.
            None => digits.parse::<u64>().ok().map(|n| u32::try_from(n).unwrap_or(u32::MAX))?,
        };
        Some((piece, text))
    };
    number().map_or((None, line), |(piece, text)| (Some(piece), text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::LogEvent;

    #[test]
    fn pieces_of_several_processes_are_joined() {
        let lines = [
            (7, "[5-1] 2026-11-21 20:40:02 UTC [7] ERROR:  division by zero, said"),
            (8, "[9-1] 2026-11-21 20:40:02 UTC [8] LOG:  duration: 5.1 ms  statement: SELECT a,"),
            (7, "[5-2]  at length"),
            (8, "[9-2] \t  b FROM t"),
            (7, "[5-3] 2026-11-21 20:40:02 UTC [7] STATEMENT:  SELECT"),
            (7, "[5-4] \t1/0"),
            (8, "[10] 2026-11-21 20:40:03 UTC [8] LOG:  end"),
        ];
        let sample = lines.map(|(_, l)| l).join("\n");
        let options = LogOptions { enveloped: true, ..LogOptions::default() };
        assert_eq!(fit(&options, sample.as_bytes()), 100);
        assert_eq!(fit(&LogOptions::default(), sample.as_bytes()), 0);
        let mut reader = ChunkReader { text: TextReader::new(&options, &without_numbers(sample.as_bytes())) };
        let mut out = Vec::new();
        let mut sink = |e: &LogEvent| out.push((e.pid, e.message.clone(), e.statement.clone()));
        for (pid, text) in lines {
            reader.line(&Line { pid: Some(pid), ..Line::plain(text.as_bytes(), 0) }, &mut sink);
        }
        reader.flush(&mut sink);
        assert_eq!(
            out,
            [
                (Some(7), "division by zero, said at length".into(), "SELECT\n1/0".into()),
                (Some(8), "duration: 5.1 ms  statement: SELECT a,\n  b FROM t".into(), "SELECT a,\n  b FROM t".into()),
                (Some(8), "end".into(), String::new()),
            ]
        );
    }
}
