//! Follows the files of a pattern: each look gives what was added since the last one, across rotation by rename, by
//! copy and truncation, by date in the name, and by compression while nobody looked.

use super::identity::{HEAD_BYTES, Head, Position, beginning};
use crate::domain::target::Timestamp;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What is read of a log that nobody ever followed, from its end: the recent errors are of interest, not last month's.
pub const FIRST_LOOK_BYTES: u64 = 8 << 20;
/// Files of one pattern that are followed, the newest ones: more is a mistake in the pattern.
const MOST_FILES: usize = 64;
/// A file that has not changed for this long before the first look is history, milliseconds.
const HISTORY_MS: i64 = 24 * 3_600_000;

/// Bytes of one file.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The number of the file among those of its follower: it stays when the file is renamed.
    pub number: u64,
    /// The file, as it is called now.
    pub path: PathBuf,
    /// Where the bytes begin in it, uncompressed.
    pub offset: u64,
    /// The bytes; they end anywhere.
    pub bytes: Vec<u8>,
    /// The bytes may begin within a line, whose beginning nobody read.
    pub torn: bool,
    /// There is no more in this file for now.
    pub ends: bool,
}

/// A file that is being read.
#[derive(Debug)]
struct Reading {
    number: u64,
    head: Head,
    offset: u64,
    path: PathBuf,
    /// Device, number and size at the last look; unchanged means nothing was added.
    seen: (u64, u64, u64),
    /// The next piece may begin within a line.
    torn: bool,
}

/// The files of one pattern: a path whose last part may hold `*`.
#[derive(Debug)]
pub struct Follower {
    pattern: PathBuf,
    /// By the digest of their head.
    files: BTreeMap<String, Reading>,
    /// Files that were met.
    met: u64,
    /// Nothing of this pattern was ever read: old files are history.
    fresh: bool,
}

/// A file that matches.
struct Candidate {
    path: PathBuf,
    modified_ms: i64,
    seen: (u64, u64, u64),
    compressed: bool,
}

impl Follower {
    /// Follows a pattern from where an earlier run came to.
    pub fn new(pattern: PathBuf, positions: Vec<Position>) -> Self {
        let fresh = positions.is_empty();
        let files: BTreeMap<String, Reading> = (1..)
            .zip(positions)
            .map(|(number, Position { head, offset })| {
                let reading = Reading { number, path: PathBuf::new(), seen: (0, 0, 0), torn: false, offset, head };
                (reading.head.digest.clone(), reading)
            })
            .collect();
        Self { pattern, met: files.len() as u64, files, fresh }
    }

    /// Where the next run shall go on in each file: where `settled` says for its number, else behind all that was
    /// handed out.
    pub fn positions(&self, settled: impl Fn(u64) -> Option<u64>) -> Vec<Position> {
        let offset = |r: &Reading| settled(r.number).unwrap_or(r.offset);
        self.files.values().map(|r| Position { head: r.head.clone(), offset: offset(r) }).collect()
    }

    /// The next bytes, `most` at most; none when there is nothing new. The oldest file comes first, and is read to its
    /// end before the next one begins. Blocks for the time of the reading.
    ///
    /// # Errors
    /// The folder or a file cannot be read; the path is in the words.
    pub fn look(&mut self, now: Timestamp, most: usize) -> io::Result<Option<Piece>> {
        let candidates = self.candidates()?;
        let mut met = Vec::new();
        for candidate in candidates {
            let piece = self.read(&candidate, now, most, &mut met).map_err(|e| at(&candidate.path, &e))?;
            if piece.as_ref().is_some_and(|p| !p.bytes.is_empty()) {
                return Ok(piece);
            }
        }
        self.fresh = false;
        // What is gone from the disk is not remembered for ever.
        self.files.retain(|digest, _| met.contains(digest));
        Ok(None)
    }

    fn read(
        &mut self,
        candidate: &Candidate,
        now: Timestamp,
        most: usize,
        met: &mut Vec<String>,
    ) -> io::Result<Option<Piece>> {
        let unchanged = self
            .files
            .iter()
            .find(|(_, r)| r.seen == candidate.seen && r.path == candidate.path)
            .map(|(d, _)| d.clone());
        if let Some(digest) = unchanged {
            met.push(digest);
            return Ok(None);
        }
        let mut log = open(&candidate.path, candidate.compressed)?;
        let beginning = beginning(&mut log)?;
        let Some(head) = Head::of(&beginning) else { return Ok(None) };
        let digest = self.known(&beginning).unwrap_or_else(|| {
            let offset = if self.fresh { first_offset(candidate, now) } else { 0 };
            let (path, seen, torn) = (PathBuf::new(), (0, 0, 0), offset > 0);
            self.met += 1;
            let reading = Reading { number: self.met, head: head.clone(), offset, path, seen, torn };
            self.files.insert(head.digest.clone(), reading);
            head.digest.clone()
        });
        let Some(mut reading) = self.files.remove(&digest) else { return Ok(None) };
        // The beginning may have been short the last time: what identifies it grows with it.
        if reading.head.length < HEAD_BYTES && head.length > reading.head.length {
            reading.head = head;
        }
        if !candidate.compressed && candidate.seen.2 < reading.offset {
            // Cut off behind its head: what is there now was written since.
            (reading.offset, reading.torn) = (0, false);
        }
        let mut bytes = Vec::new();
        let ends = read_from(&candidate.path, candidate.compressed, reading.offset, most, &mut bytes)?;
        let piece = Piece {
            number: reading.number,
            path: candidate.path.clone(),
            offset: reading.offset,
            torn: reading.torn,
            ends,
            bytes,
        };
        reading.offset += piece.bytes.len() as u64;
        reading.torn = reading.torn && piece.bytes.is_empty();
        reading.path.clone_from(&candidate.path);
        reading.seen = if ends { candidate.seen } else { (0, 0, 0) };
        met.push(reading.head.digest.clone());
        self.files.insert(reading.head.digest.clone(), reading);
        Ok(Some(piece))
    }

    /// The file that begins like this, if it was met before. One whose beginning was written over is another file.
    fn known(&self, beginning: &[u8]) -> Option<String> {
        self.files.iter().find(|(_, r)| r.head.fits(beginning)).map(|(digest, _)| digest.clone())
    }

    /// The files that match, the one that changed longest ago first, so that a rotated log is read to its end before
    /// its successor.
    fn candidates(&self) -> io::Result<Vec<Candidate>> {
        let folder = self.pattern.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let pattern = self.pattern.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|e| at(folder, &e))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !is_of(&pattern, &name) {
                continue;
            }
            // A file that was removed just now is no error.
            let Ok(meta) = std::fs::metadata(entry.path()) else { continue };
            if meta.is_file() {
                found.push(Candidate {
                    compressed: entry.path().extension().is_some_and(|ending| ending == "gz"),
                    path: entry.path(),
                    modified_ms: meta.mtime() * 1000 + meta.mtime_nsec() / 1_000_000,
                    seen: (meta.dev(), meta.ino(), meta.size()),
                });
            }
        }
        // Of two that changed in the same moment the longer name is the rotated one.
        found.sort_by_key(|c| (c.modified_ms, std::cmp::Reverse(c.path.as_os_str().len())));
        let surplus = found.len().saturating_sub(MOST_FILES);
        Ok(found.split_off(surplus))
    }
}

/// Whether a file of that name belongs to a pattern: it matches, or it is a rotated one of it (`x.log.1`, `x.log.2.gz`,
/// `x.log-20261121`).
fn is_of(pattern: &str, name: &str) -> bool {
    let rotated = |name: &str| {
        let plain = name.strip_suffix(".gz").unwrap_or(name);
        let stem = plain.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        let stem = stem.strip_suffix(['.', '-']).unwrap_or(stem);
        (plain != name || stem != plain).then(|| stem.to_owned())
    };
    matches(pattern, name) || rotated(name).is_some_and(|stem| matches(pattern, &stem))
}

/// `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// Where to begin with a file that is met at the very first look.
fn first_offset(candidate: &Candidate, now: Timestamp) -> u64 {
    let size = candidate.seen.2;
    if candidate.compressed || now.0 - candidate.modified_ms > HISTORY_MS {
        return if candidate.compressed { u64::MAX } else { size };
    }
    size.saturating_sub(FIRST_LOOK_BYTES)
}

fn open(path: &Path, compressed: bool) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    Ok(if compressed { Box::new(MultiGzDecoder::new(io::BufReader::new(file))) } else { Box::new(file) })
}

/// Reads from an offset; true when that was all. A file that is shorter than that was truncated: it is read from its
/// beginning by its new head, so here it has nothing.
fn read_from(path: &Path, compressed: bool, offset: u64, most: usize, into: &mut Vec<u8>) -> io::Result<bool> {
    if compressed {
        if offset == u64::MAX {
            return Ok(true);
        }
        let mut log = open(path, true)?;
        io::copy(&mut (&mut log).take(offset), &mut io::sink())?;
        log.take(most as u64).read_to_end(into)?;
    } else {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.take(most as u64).read_to_end(into)?;
    }
    Ok(into.len() < most)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;

    const NOW: Timestamp = Timestamp(4_000_000_000_000);

    fn lines(from: usize, to: usize) -> String {
        (from..to).map(|i| format!("2026-11-21 line number {i} of this log\n")).collect()
    }

    fn append(path: &Path, text: &str) {
        File::options().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn all(follower: &mut Follower) -> String {
        let mut text = Vec::new();
        while let Some(piece) = follower.look(NOW, 100).unwrap() {
            text.extend(piece.bytes);
        }
        String::from_utf8(text).unwrap()
    }

    fn compress(from: &Path, to: &Path) {
        let mut gz = flate2::write::GzEncoder::new(File::create(to).unwrap(), flate2::Compression::fast());
        gz.write_all(&std::fs::read(from).unwrap()).unwrap();
        gz.finish().unwrap();
        std::fs::remove_file(from).unwrap();
    }

    /// A follower that has looked at an empty folder: everything that comes is new.
    fn follower(folder: &Path, pattern: &str) -> Follower {
        let mut follower = Follower::new(folder.join(pattern), Vec::new());
        assert_eq!(follower.look(NOW, 100).unwrap(), None);
        follower
    }

    #[test]
    fn a_log_that_grows_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        let mut follower = follower(folder.path(), "server.log");
        for step in 0..5 {
            append(&log, &lines(step * 7, step * 7 + 7));
            assert_eq!(all(&mut follower), lines(step * 7, step * 7 + 7));
            assert_eq!(all(&mut follower), "");
        }
    }

    #[test]
    fn rotation_by_rename_loses_and_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        let mut follower = follower(folder.path(), "server.log");
        append(&log, &lines(0, 5));
        assert_eq!(all(&mut follower), lines(0, 5));
        append(&log, &lines(5, 9));
        std::fs::rename(&log, folder.path().join("server.log.1")).unwrap();
        append(&log, &lines(9, 12));
        assert_eq!(all(&mut follower), lines(5, 12));
        assert_eq!(all(&mut follower), "");
    }

    #[test]
    fn rotation_by_copy_and_truncation_loses_and_repeats_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        let mut follower = follower(folder.path(), "server.log");
        append(&log, &lines(0, 5));
        assert_eq!(all(&mut follower), lines(0, 5));
        append(&log, &lines(5, 9));
        std::fs::copy(&log, folder.path().join("server.log-20261121")).unwrap();
        File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
        assert_eq!(all(&mut follower), lines(5, 9));
        append(&log, &lines(20, 22));
        assert_eq!(all(&mut follower), lines(20, 22));
    }

    #[test]
    fn a_restart_goes_on_where_it_was_though_the_log_was_compressed_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        let mut first = follower(folder.path(), "server.log");
        append(&log, &lines(0, 50));
        assert_eq!(all(&mut first), lines(0, 50));
        let positions = serde_json::to_string(&first.positions(|_| None)).unwrap();
        append(&log, &lines(50, 90));
        compress(&log, &folder.path().join("server.log.1.gz"));
        append(&log, &lines(90, 95));
        let mut second = Follower::new(log.clone(), serde_json::from_str(&positions).unwrap());
        assert_eq!(all(&mut second), lines(50, 95));
        assert_eq!(all(&mut second), "");
        let mut third = Follower::new(log, second.positions(|_| None));
        assert_eq!(all(&mut third), "");
    }

    #[test]
    fn a_new_file_of_each_day_is_read_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let mut follower = follower(folder.path(), "postgresql-*.log");
        append(&folder.path().join("postgresql-2026-11-20.log"), &lines(0, 3));
        append(&folder.path().join("other.log"), &lines(100, 103));
        assert_eq!(all(&mut follower), lines(0, 3));
        append(&folder.path().join("postgresql-2026-11-21.log"), &lines(3, 6));
        assert_eq!(all(&mut follower), lines(3, 6));
    }

    #[test]
    fn history_is_not_read_at_the_first_look_and_its_growth_is() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log");
        append(&log, &lines(0, 5));
        // The file is much older than `NOW`.
        let mut follower = Follower::new(log.clone(), Vec::new());
        assert_eq!(all(&mut follower), "");
        append(&log, &lines(5, 6));
        assert_eq!(all(&mut follower), lines(5, 6));
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_named() {
        let mut follower = Follower::new(PathBuf::from("/nowhere/at/all/x.log"), Vec::new());
        assert!(follower.look(NOW, 100).unwrap_err().to_string().contains("/nowhere/at/all"));
    }

    #[test]
    fn patterns() {
        for (pattern, name) in [
            ("a.log", "a.log"),
            ("a.log", "a.log.1"),
            ("a.log", "a.log.12.gz"),
            ("a.log", "a.log-20261121"),
            ("a.log", "a.log-20261121.gz"),
            ("a-*.log", "a-Mon.log"),
            ("*", "x"),
        ] {
            assert!(is_of(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a.log", "b.log"), ("a.log", "a.log.old"), ("a-*.csv", "a-1.log"), ("a.log", "aa.log")]
        {
            assert!(!is_of(pattern, name), "{pattern} {name}");
        }
    }
}
