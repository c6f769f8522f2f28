//! Goes on with a log that a program prints: started anew, most such programs print their last lines again.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Lines that are remembered, and looked for after a start. `tail` repeats 10, `journalctl -f` too, `kubectl logs` as
/// many as it is told to.
pub const REMEMBERED: usize = 512;

/// The last lines of a log, as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen(VecDeque<u64>);

/// Lets through what was not seen in an earlier run.
#[derive(Debug)]
pub struct Resumed {
    /// What the runs before ended with.
    before: Seen,
    /// Lines since the start, as far as they may be repeated ones.
    looked_at: usize,
    /// What this one ends with.
    seen: Seen,
    /// A line that has not ended yet.
    partial: Vec<u8>,
}

/// A longer line is cut there, so that one without end takes no memory.
const LONGEST_LINE: usize = 1 << 20;

impl Resumed {
    /// After a run that ended with these.
    pub fn new(before: Seen) -> Self {
        Self { seen: before.clone(), before, looked_at: 0, partial: Vec::new() }
    }

    /// What the next run has to know.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Takes the next bytes; gives the whole lines among them that are new.
    pub fn feed(&mut self, bytes: &[u8], into: &mut Vec<u8>) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LONGEST_LINE {
                let line = std::mem::take(&mut self.partial);
                if self.is_new(&line) {
                    into.extend_from_slice(&line);
                }
            }
        }
    }

    fn is_new(&mut self, line: &[u8]) -> bool {
        let number = number(line);
        if self.looked_at < REMEMBERED && !self.before.0.is_empty() {
            self.looked_at += 1;
            if let Some(at) = self.before.0.iter().position(|seen| *seen == number) {
                // In order: what stood before it does not come again.
                self.before.0.drain(..=at);
                return false;
            }
        }
        if self.seen.0.len() == REMEMBERED {
            self.seen.0.pop_front();
        }
        self.seen.0.push_back(number);
        true
    }
}

/// FNV-1a, 64 bits: the numbers are kept in the store and have to mean the same in every version of the program.
fn number(line: &[u8]) -> u64 {
    line.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(resumed: &mut Resumed, bytes: &str) -> String {
        let mut into = Vec::new();
        resumed.feed(bytes.as_bytes(), &mut into);
        String::from_utf8_lossy(&into).into_owned()
    }

    #[test]
    fn repeated_lines_are_left_out_and_new_ones_are_not() {
        let mut first = Resumed::new(Seen::default());
        assert_eq!(text(&mut first, "1 a\n2 b\n3 c\n"), "1 a\n2 b\n3 c\n");
        let mut second = Resumed::new(first.seen().clone());
        assert_eq!(text(&mut second, "2 b\n3 c\n4 d\n"), "4 d\n");
        assert_eq!(text(&mut second, "5 e\n"), "5 e\n");
        let mut third = Resumed::new(second.seen().clone());
        assert_eq!(text(&mut third, "4 d\n5 e\n6 f\n"), "6 f\n");
    }

    #[test]
    fn equal_lines_are_told_apart_by_their_number() {
        let mut first = Resumed::new(Seen::default());
        assert_eq!(text(&mut first, "x\nx\n"), "x\nx\n");
        let mut second = Resumed::new(first.seen().clone());
        assert_eq!(text(&mut second, "x\nx\nx\n"), "x\n");
    }

    #[test]
    fn lines_may_come_in_pieces() {
        let mut resumed = Resumed::new(Seen::default());
        assert_eq!(text(&mut resumed, "on"), "");
        assert_eq!(text(&mut resumed, "e\ntw"), "one\n");
        assert_eq!(text(&mut resumed, "o\n"), "two\n");
    }
}
