//! Lines out of chunks of bytes, wherever the chunks were cut, in bounded memory.

use memchr::memchr;

/// Longest line that is kept, bytes; the rest of it is left out and counted.
pub const LINE_BYTES: usize = 1024 * 1024;

/// A line as it stood in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLine<'l> {
    /// Without its line feed, and without a carriage return before it in files that end all lines so.
    pub bytes: &'l [u8],
    /// Where it began, bytes from the start of the stream.
    pub offset: u64,
    /// Bytes that were left out at its end.
    pub cut: u64,
}

/// Cuts a stream into lines.
#[derive(Debug, Default)]
pub struct Lines {
    /// The line that has not ended yet.
    partial: Vec<u8>,
    /// Bytes of it that were left out.
    partial_cut: u64,
    /// Where the line begins that has not ended yet.
    offset: u64,
    /// Lines end in CR LF: told from the first line.
    carriage_returns: Option<bool>,
}

impl Lines {
    /// Lines of a stream of which the first `offset` bytes were read before.
    pub fn starting_at(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Where the first line begins that was not given yet.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes and gives every line that they end.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(RawLine<'_>)) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.partial.is_empty() && self.partial_cut == 0 && head.len() <= LINE_BYTES {
                self.give(head, 0, 1, &mut each);
            } else {
                self.keep(head);
                self.give_partial(1, &mut each);
            }
            bytes = rest;
        }
        self.keep(bytes);
    }

    /// The stream has ended: gives the last line, if no line feed ended it.
    pub fn finish(&mut self, mut each: impl FnMut(RawLine<'_>)) {
        if !self.partial.is_empty() {
            self.give_partial(0, &mut each);
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(LINE_BYTES - self.partial.len());
        self.partial.extend_from_slice(&bytes[..kept]);
        self.partial_cut += (bytes.len() - kept) as u64;
    }

    fn give_partial(&mut self, line_feed: u64, each: &mut impl FnMut(RawLine<'_>)) {
        let mut line = std::mem::take(&mut self.partial);
        let cut = std::mem::take(&mut self.partial_cut);
        self.give(&line, cut, line_feed, each);
        line.clear();
        line.shrink_to(64 * 1024);
        self.partial = line;
    }

    fn give(&mut self, line: &[u8], cut: u64, line_feed: u64, each: &mut impl FnMut(RawLine<'_>)) {
        let ends_in_return = cut == 0 && line.last() == Some(&b'\r');
        let strip = *self.carriage_returns.get_or_insert(ends_in_return) && ends_in_return;
        let bytes = if strip { &line[..line.len() - 1] } else { line };
        each(RawLine { bytes, offset: self.offset, cut });
        self.offset += line.len() as u64 + cut + line_feed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<(String, u64, u64)> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        let mut each = |l: RawLine<'_>| out.push((String::from_utf8_lossy(l.bytes).into_owned(), l.offset, l.cut));
        for chunk in chunks {
            lines.feed(chunk, &mut each);
        }
        lines.finish(&mut each);
        out
    }

    #[test]
    fn chunks_may_be_cut_anywhere() {
        let whole = lines(&[b"one\n\ntwo\nthree"]);
        assert_eq!(whole, [("one".into(), 0, 0), (String::new(), 4, 0), ("two".into(), 5, 0), ("three".into(), 9, 0)]);
        assert_eq!(lines(&[b"on", b"e\n", b"\nt", b"wo\nth", b"", b"ree"]), whole);
    }

    #[test]
    fn carriage_returns_go_where_the_first_line_has_one() {
        assert_eq!(lines(&[b"a\r\nb\r\n"]), [("a".into(), 0, 0), ("b".into(), 3, 0)]);
        assert_eq!(lines(&[b"a\nb\r\n"]), [("a".into(), 0, 0), ("b\r".into(), 2, 0)]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = vec![b'x'; LINE_BYTES / 2 + 1];
        let out = lines(&[&long, &long, b"\nnext\n"]);
        assert_eq!((out[0].0.len(), out[0].2), (LINE_BYTES, 2));
        assert_eq!((out[1].0.as_str(), out[1].1), ("next", LINE_BYTES as u64 + 3));
    }
}
