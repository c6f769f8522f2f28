//! What an engine says about its logs: formats as static data, and readers that take lines.

use super::envelope::Envelope;
use super::event::Sink;
use super::stream::LogStream;
use crate::domain::target::Timestamp;

/// Bytes of the beginning of a log that are looked at to tell its format.
pub const SAMPLE_BYTES: usize = 256 * 1024;

/// A line for a reader.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// Its bytes, without a line feed.
    pub bytes: &'l [u8],
    /// Where it begins in the stream.
    pub offset: u64,
    /// Bytes that were left out at its end.
    pub cut: u64,
    /// When it was written, as whoever passed it on says (syslog, the journal, a container's runtime).
    pub at: Option<Timestamp>,
    /// Which process wrote it, likewise.
    pub pid: Option<u64>,
}

impl<'l> Line<'l> {
    /// A line of a plain file.
    pub fn plain(bytes: &'l [u8], offset: u64) -> Self {
        Self { bytes, offset, cut: 0, at: None, pid: None }
    }
}

/// Reads the lines of one log. It joins what belongs together and holds a bounded number of open events.
pub trait LogReader: Send {
    /// Takes the next line and gives the events that are complete now, in the order in which they began.
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>);

    /// Gives what is open, as it is: the log has ended, or has been quiet for long enough.
    fn flush(&mut self, sink: &mut Sink<'_>);

    /// Where the first event begins that was not given yet; none when all were.
    fn oldest_open(&self) -> Option<u64>;

    /// Lines that were part of nothing.
    fn strays(&self) -> u64 {
        0
    }

    /// What a person should know about how it was read, a sentence each: fit to be shown.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a person or a target says about a log beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogOptions<'o> {
    /// The server's setting for what stands before each line, where it has one.
    pub prefix: Option<&'o str>,
    /// Local time minus UTC, minutes: for times without a zone, and with one that nobody knows.
    pub offset_minutes: i32,
    /// Now: the year of times that have none.
    pub now: Timestamp,
    /// The lines came in an envelope, such as syslog.
    pub enveloped: bool,
}

/// A format of an engine's logs.
pub struct LogFormat {
    /// The word for `--format`.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// How well the beginning of a log fits, 0 to 100: the share of its lines that this format can read. The first
    /// and the last line may be parts of lines.
    pub fit: fn(&LogOptions<'_>, &[u8]) -> u32,
    /// A reader for a log that begins so. The error says what is wrong with the options.
    pub open: for<'a> fn(&LogOptions<'a>, &[u8]) -> Result<Box<dyn LogReader>, String>,
}

/// The word for `--format` that stands for "whatever fits best".
pub const AUTO: &str = "auto";
/// The word for the engine's text format inside of syslog lines.
pub const SYSLOG: &str = "syslog";
/// A format must be able to read this share of the lines to be taken, percent.
const FIT_ENOUGH: u32 = 5;

/// Opens a log that begins with `sample`. `wanted` is a format's name, [`AUTO`] or [`SYSLOG`].
///
/// # Errors
/// A sentence: no such format, nothing fits, or what is wrong with the options.
pub fn open(
    formats: &'static [LogFormat],
    wanted: &str,
    options: &LogOptions<'_>,
    sample: &[u8],
) -> Result<LogStream, String> {
    let envelope = if wanted == SYSLOG { Envelope::Syslog } else { Envelope::tell(sample) };
    let inner = envelope.unwrap_sample(sample, options);
    let options = &LogOptions { enveloped: envelope != Envelope::None, ..*options };
    let format = match wanted {
        SYSLOG if formats.iter().all(|f| f.name != SYSLOG) => {
            best(formats, options, &inner).ok_or_else(|| nothing_fits(formats))?
        }
        AUTO => best(formats, options, &inner).ok_or_else(|| nothing_fits(formats))?,
        name => formats.iter().find(|f| f.name == name).ok_or_else(|| no_such_format(formats, name))?,
    };
    Ok(LogStream::new(format, envelope, (format.open)(options, &inner)?, options))
}

fn best<'f>(formats: &'f [LogFormat], options: &LogOptions<'_>, sample: &[u8]) -> Option<&'f LogFormat> {
    let fitting = formats.iter().map(|f| (f, (f.fit)(options, sample))).filter(|(_, fit)| *fit >= FIT_ENOUGH);
    // Of equals the first, which `max_by_key` does not promise.
    fitting.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(f, _)| f)
}

fn names(formats: &[LogFormat]) -> String {
    formats.iter().map(|f| f.name).collect::<Vec<_>>().join(", ")
}

fn nothing_fits(formats: &[LogFormat]) -> String {
    if formats.is_empty() {
        return "this engine writes no log".to_owned();
    }
    format!("these are no lines of a log that this engine writes; say which with --format: {}", names(formats))
}

fn no_such_format(formats: &[LogFormat], name: &str) -> String {
    format!("this engine has no log format `{name}`; there is {AUTO}, {SYSLOG}, {}", names(formats))
}

/// The share of lines, percent, of which `fits` says yes; lines of which it says nothing do not count.
pub fn share(sample: &[u8], mut fits: impl FnMut(&[u8]) -> Option<bool>) -> u32 {
    const LINES: usize = 400;
    let (mut yes, mut all) = (0_u32, 0_u32);
    for line in sample.split(|b| *b == b'\n').take(LINES) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(fit) = (!line.is_empty()).then(|| fits(line)).flatten() else { continue };
        all += 1;
        yes += u32::from(fit);
    }
    (yes * 100).checked_div(all).unwrap_or(0)
}
