//! One log that is read: where its bytes come from, how they are understood, and from where to go on.
//!
//! A log is known by its first KiB, which no rotation, copy or compression changes. While it is shorter than that, it is
//! known by what there is of it: such logs are kept in a list, each with the length that was looked at.

use crate::cli::host::Host;
use crate::domain::log::format::SAMPLE_BYTES;
use crate::domain::log::{self, LogEvent, LogFormat, LogOptions, LogStream};
use crate::domain::target::{TargetId, Timestamp};
use crate::sources::file::LogFile;
use crate::sources::identity::{HEAD_BYTES, Head, Position};
use std::io::{self, BufRead, Read};
use std::path::Path;

/// The name under which the list of short logs is kept.
const SHORT: &str = "ingested, short";
/// Short logs that are kept.
const MOST_SHORT: usize = 64;

/// A log that is being read.
pub(super) struct Input {
    /// As it was named.
    pub name: String,
    /// Its events.
    pub stream: LogStream,
    /// The time of its first event; first of all those that have none.
    pub first_at: Option<Timestamp>,
    /// Where it went on, bytes.
    pub begun_at: u64,
    /// None for standard input.
    file: Option<LogFile>,
    /// Its beginning, which was read to tell the format, and how much of it was handed out again.
    sample: Vec<u8>,
    sample_done: usize,
    /// None when it is too short to be told from another, and for standard input.
    head: Option<Head>,
}

/// What is known of how far logs were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    offset: u64,
    short: Vec<Position>,
}

impl Input {
    /// Opens a log and tells its format. The error is words.
    pub(super) fn open(
        path: &Path,
        stdin: Option<&mut (dyn BufRead + Send + '_)>,
        formats: &'static [LogFormat],
        wanted: &str,
        options: &LogOptions<'_>,
    ) -> Result<Self, String> {
        let mut sample = Vec::new();
        let mut file = None;
        match stdin {
            Some(stdin) => sample_of(stdin, &mut sample).map_err(|e| e.to_string())?,
            None => {
                let mut opened = LogFile::open(path).map_err(|e| e.to_string())?;
                sample_of(&mut opened, &mut sample).map_err(|e| e.to_string())?;
                file = Some(opened);
            }
        }
        let stream = log::open(formats, wanted, options, &sample)?;
        let first_at = first_time(&mut log::open(formats, wanted, options, &sample)?, &sample);
        let head = file.as_ref().and_then(|_| Head::of(&sample));
        let name = path.display().to_string();
        Ok(Self { name, stream, first_at, begun_at: 0, file, sample, sample_done: 0, head })
    }

    /// How far this log was read before.
    pub(super) async fn known_place(&self, target: &TargetId, host: &dyn Host) -> Result<Place, String> {
        let Some(head) = &self.head else { return Ok(Place::default()) };
        let short = host.log_place(target, SHORT).await?;
        let short: Vec<Position> = short.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let own = host.log_place(target, &key(head)).await?.and_then(|text| text.parse().ok());
        let when_short = || short.iter().find(|p| p.head.fits(&self.sample)).map(|p| p.offset);
        let offset = own.or_else(when_short).unwrap_or_default();
        Ok(Place { offset, short })
    }

    /// Leaves out what was read before.
    pub(super) fn go_on_from(&mut self, place: &Place) -> io::Result<()> {
        if place.offset == 0 {
            return Ok(());
        }
        self.begun_at = place.offset;
        let in_sample = usize::try_from(place.offset).unwrap_or(usize::MAX).min(self.sample.len());
        self.sample_done = in_sample;
        if let Some(file) = &mut self.file {
            file.skip(place.offset - in_sample as u64)?;
        }
        self.stream.start_at(place.offset);
        Ok(())
    }

    /// The next bytes; 0 at the end.
    pub(super) fn read(&mut self, into: &mut [u8], stdin: &mut (dyn BufRead + Send + '_)) -> io::Result<usize> {
        if self.sample_done < self.sample.len() {
            let rest = &self.sample[self.sample_done..];
            let length = rest.len().min(into.len());
            into[..length].copy_from_slice(&rest[..length]);
            self.sample_done += length;
            return Ok(length);
        }
        match &mut self.file {
            Some(file) => retry(|| file.read(into)),
            None => retry(|| stdin.read(into)),
        }
    }

    /// Bytes that were read, and of all of them where that is known, as they lie on the disk.
    pub(super) fn progress(&self) -> (u64, Option<u64>) {
        self.file.as_ref().map_or((self.stream.settled(), None), LogFile::progress)
    }

    /// What is to be kept of how far it was read: each log with its place.
    pub(super) fn places(&self, known: &Place) -> Vec<(String, String)> {
        let Some(head) = &self.head else { return Vec::new() };
        let offset = self.stream.settled();
        if head.length >= HEAD_BYTES {
            return vec![(key(head), offset.to_string())];
        }
        let others = known.short.iter().filter(|p| !p.head.fits(&self.sample));
        let mut short: Vec<Position> = others.cloned().collect();
        short.push(Position { head: head.clone(), offset });
        let surplus = short.len().saturating_sub(MOST_SHORT);
        short.drain(..surplus);
        serde_json::to_string(&short).map(|text| vec![(SHORT.to_owned(), text)]).unwrap_or_default()
    }
}

fn key(head: &Head) -> String {
    format!("ingested {}", head.digest)
}

fn sample_of(bytes: &mut dyn Read, sample: &mut Vec<u8>) -> io::Result<()> {
    bytes.take(SAMPLE_BYTES as u64).read_to_end(sample).map(|_| ())
}

fn first_time(stream: &mut LogStream, sample: &[u8]) -> Option<Timestamp> {
    let mut first = None;
    let mut sink = |event: &LogEvent| first = first.or(event.at);
    stream.feed(sample, &mut sink);
    stream.flush(&mut sink);
    first
}

fn retry(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
