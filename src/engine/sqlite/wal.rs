//! Counts committed write transactions by reading the headers of the write-ahead log. Format: the "WAL File Format"
//! section of SQLite's file format document.
//!
//! Only the `-wal` file is opened. The database and its `-shm` file must never be opened and closed by this process
//! behind SQLite's back: closing any descriptor of a file drops every POSIX lock that the process holds on it. On
//! the `-wal` file SQLite takes no locks.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of the header of the whole log.
const LOG_HEADER: u64 = 32;
/// Bytes in front of each page in the log.
const FRAME_HEADER: u64 = 24;
/// Frame headers looked at in one reading, at most. More writes than this between two samples are not counted: the
/// reading is then missing, not wrong.
const MOST_FRAMES: u64 = 8192;

/// Follows one log. The count starts at 0 with the first look and never goes down.
#[derive(Debug, Default)]
pub(super) struct CommitCounter {
    seen: Option<Seen>,
    commits: u64,
    /// Something could not be counted since the last look that gave a number.
    gap: bool,
}

/// Where the last look ended.
#[derive(Debug, Clone, Copy)]
struct Seen {
    generation: Generation,
    frames: u64,
}

/// One filling of the log. When a checkpoint has moved everything into the database, the next writer starts again
/// at the front with a new sequence number and new salts; what lies behind its frames is left from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Generation {
    page_size: u32,
    sequence: u32,
    salts: u64,
}

impl CommitCounter {
    /// Transactions committed since the first look. `None` when there is no log, and once after the log vanished, was
    /// restarted twice or grew by more than can be counted.
    pub(super) fn look(&mut self, log: &Path) -> Option<u64> {
        let Some(look) = File::open(log).and_then(|file| self.read(&file)).ok().flatten() else {
            self.seen = None;
            self.gap = true;
            return None;
        };
        self.seen = Some(look.seen);
        let gap = std::mem::replace(&mut self.gap, false);
        self.commits += look.commits?;
        (!gap).then_some(self.commits)
    }

    fn read(&self, file: &File) -> io::Result<Option<Look>> {
        let Some(generation) = read_generation(file)? else { return Ok(None) };
        let log = Log { file, generation, slots: slots(file, generation)? };
        let frames = log.frames_of(generation.salts)?;
        let commits = match self.seen {
            None => Some(0),
            Some(seen) if seen.generation == generation && frames >= seen.frames => {
                log.commits(generation.salts, seen.frames, frames)?
            }
            // Restarted once: the end of the filling before still lies behind the frames of this one.
            Some(seen)
                if generation.sequence == seen.generation.sequence.wrapping_add(1)
                    && generation.page_size == seen.generation.page_size
                    && frames <= seen.frames =>
            {
                let old = seen.generation.salts;
                let end = log.end_of(old, seen.frames)?;
                match (log.commits(old, seen.frames, end)?, log.commits(generation.salts, 0, frames)?) {
                    (Some(before), Some(after)) => Some(before + after),
                    _ => None,
                }
            }
            Some(_) => None,
        };
        Ok(Some(Look { seen: Seen { generation, frames }, commits }))
    }
}

/// Bytes of the log that were written since it last began anew: the file itself never shrinks by itself.
pub(super) fn in_use(log: &Path) -> Option<u64> {
    let file = File::open(log).ok()?;
    let Some(generation) = read_generation(&file).ok()? else { return Some(0) };
    let log = Log { file: &file, generation, slots: slots(&file, generation).ok()? };
    let frames = log.frames_of(generation.salts).ok()?;
    Some(frames * (FRAME_HEADER + u64::from(generation.page_size)))
}

struct Look {
    seen: Seen,
    commits: Option<u64>,
}

struct Log<'a> {
    file: &'a File,
    generation: Generation,
    slots: u64,
}

impl Log<'_> {
    /// Salts and the commit field of a frame. The field holds the size of the database in pages for the last frame
    /// of a transaction, and 0 for the others.
    fn frame(&self, index: u64) -> io::Result<(u64, u32)> {
        let mut header = [0_u8; 16];
        self.file
            .read_exact_at(&mut header, LOG_HEADER + index * (FRAME_HEADER + u64::from(self.generation.page_size)))?;
        Ok((big_endian_64(&header, 8), big_endian_32(&header, 4)))
    }

    /// How many frames at the front carry these salts.
    fn frames_of(&self, salts: u64) -> io::Result<u64> {
        let (mut low, mut high) = (0, self.slots);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.frame(middle)?.0 == salts {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The first frame from `from` on that does not carry these salts.
    fn end_of(&self, salts: u64, from: u64) -> io::Result<u64> {
        let mut at = from;
        while at < self.slots.min(from + MOST_FRAMES) && self.frame(at)?.0 == salts {
            at += 1;
        }
        Ok(at)
    }

    /// Commits among the frames `from..to`; `None` when those are too many, or a writer took the log meanwhile.
    fn commits(&self, salts: u64, from: u64, to: u64) -> io::Result<Option<u64>> {
        if to.saturating_sub(from) > MOST_FRAMES {
            return Ok(None);
        }
        let mut commits = 0;
        for index in from..to {
            let (frame_salts, pages_after_commit) = self.frame(index)?;
            if frame_salts != salts {
                return Ok(None);
            }
            commits += u64::from(pages_after_commit != 0);
        }
        Ok(Some(commits))
    }
}

/// The header of the log; `None` for a log without one or that is none.
fn read_generation(file: &File) -> io::Result<Option<Generation>> {
    let mut header = [0_u8; 32];
    if file.metadata()?.len() < LOG_HEADER {
        return Ok(None);
    }
    file.read_exact_at(&mut header, 0)?;
    let page_size = big_endian_32(&header, 8);
    let magic = big_endian_32(&header, 0) & !1;
    let plausible = magic == 0x377f_0682 && (512..=65_536).contains(&page_size);
    Ok(plausible.then(|| Generation {
        page_size,
        sequence: big_endian_32(&header, 12),
        salts: big_endian_64(&header, 16),
    }))
}

/// Whole frames that fit into the file, of this filling or of earlier ones.
fn slots(file: &File, generation: Generation) -> io::Result<u64> {
    Ok((file.metadata()?.len() - LOG_HEADER) / (FRAME_HEADER + u64::from(generation.page_size)))
}

fn big_endian_32(bytes: &[u8], at: usize) -> u32 {
    bytes.iter().skip(at).take(4).fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn big_endian_64(bytes: &[u8], at: usize) -> u64 {
    u64::from(big_endian_32(bytes, at)) << 32 | u64::from(big_endian_32(bytes, at + 4))
}
