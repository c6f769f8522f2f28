//! Which file this is, whatever it is called now: a log that was renamed, copied or compressed is still the same log.
//!
//! Number and device of a file do not survive a copy or a compression, and are given to other files later; the first
//! bytes of a log hold its first moment and stay as they are.

use crate::domain::text::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// Bytes from the beginning that identify a file; fewer while it is shorter.
pub const HEAD_BYTES: usize = 1024;
/// A shorter beginning says nothing: two empty files would be the same.
const FEWEST_BYTES: usize = 16;

/// The beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Head {
    /// Bytes that were looked at.
    pub length: usize,
    /// Their SHA-256, the first 32 hex digits.
    pub digest: String,
}

impl Head {
    /// Reads the beginning of a log; none while it is too short to tell it from another.
    pub fn read(log: &mut dyn Read) -> io::Result<Option<Self>> {
        Ok(Self::of(&beginning(log)?))
    }

    /// The head of a file that begins with these bytes.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        (bytes.len() >= FEWEST_BYTES).then(|| Self { length: bytes.len(), digest: digest(bytes) })
    }

    /// Whether a file with this beginning is the same one, grown or not.
    pub fn fits(&self, beginning: &[u8]) -> bool {
        beginning.get(..self.length).is_some_and(|bytes| digest(bytes) == self.digest)
    }
}

/// The first [`HEAD_BYTES`] of a log, or all of a shorter one.
pub fn beginning(log: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES);
    log.take(HEAD_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn digest(bytes: &[u8]) -> String {
    let mut text = hex(&Sha256::digest(bytes));
    text.truncate(32);
    text
}

/// How far a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which file.
    pub head: Head,
    /// Bytes from its beginning, uncompressed.
    pub offset: u64,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_that_grew_is_the_same_one() {
        let head = Head::of(b"2026-11-21 begins here\n").unwrap();
        assert!(head.fits(b"2026-11-21 begins here\nand goes on"));
        assert!(!head.fits(b"2026-11-22 begins here\nand goes on"));
        assert!(!head.fits(b"2026-11-21"), "a shorter one was truncated");
    }

    #[test]
    fn what_is_behind_the_head_makes_no_difference() {
        let long = vec![b'a'; 3000];
        let head = Head::of(&long).unwrap();
        assert_eq!(head.length, HEAD_BYTES);
        assert!(head.fits(&[b'a'; 2000]));
        assert_eq!(Head::of(b"short"), None);
    }
}
