//! The anchor: the newest link, kept outside the log's file, so that a log cut short, emptied or replaced by an old
//! copy is noticed. One line of text, replaced atomically; a second copy may lie on another disk.

use super::chain::{Key, LINK, from_hex};
use crate::domain::text::hex;
use crate::store::error::StoreError;
use crate::store::files;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What an anchor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Which log.
    pub(super) log: Vec<u8>,
    /// Number of the newest record.
    pub(super) number: i64,
    /// Its link.
    pub(super) link: Vec<u8>,
}

/// What was found where an anchor should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// No such file.
    Nothing,
    /// A line that was not written with our key.
    Forged,
    /// An anchor.
    Anchor(Anchor),
}

impl Anchor {
    fn line(&self, key: &Key) -> String {
        let (log, number, link) = (hex(&self.log), self.number, hex(&self.link));
        format!("dba-gpt-audit-anchor 1 {log} {number} {link} {}\n", hex(&self.seal(key)))
    }

    fn seal(&self, key: &Key) -> [u8; LINK] {
        key.mac(&[b"anchor", &self.log, &self.number.to_be_bytes(), &self.link])
    }

    fn parse(line: &str, key: &Key) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["dba-gpt-audit-anchor", "1", log, number, link, seal] = words[..] else { return None };
        let anchor = Self { log: from_hex(log)?, number: number.parse().ok()?, link: from_hex(link)? };
        (from_hex(seal)? == anchor.seal(key)).then_some(anchor)
    }
}

/// Reads an anchor.
pub(super) fn read(path: &Path, key: &Key) -> Result<Found, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Anchor::parse(&text, key).map_or(Found::Forged, Found::Anchor)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Ok(Found::Forged),
        Err(error) => Err(StoreError::file("read", path)(error)),
    }
}

/// Writes an anchor so that it is there, whole, after a power cut.
pub(super) fn write(path: &Path, anchor: &Anchor, key: &Key) -> Result<(), StoreError> {
    let temporary = PathBuf::from(format!("{}.new", path.display()));
    let mut file = files::private_file(&temporary)?;
    let failed = StoreError::file("write", &temporary);
    file.set_len(0).map_err(&failed)?;
    file.write_all(anchor.line(key).as_bytes()).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;
    fs::rename(&temporary, path).map_err(StoreError::file("replace", path))?;
    files::sync(path)
}
