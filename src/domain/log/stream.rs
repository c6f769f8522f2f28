//! A log from its bytes to its events: lines, envelope and reader in one hand, with the place up to which all is done.

use super::envelope::{Envelope, Unwrapper};
use super::event::Sink;
use super::format::{LogFormat, LogOptions, LogReader};
use super::lines::{Lines, RawLine};

/// A log that is being read. Bytes go in, in any chunks; each event comes out once.
pub struct LogStream {
    format: &'static LogFormat,
    lines: Lines,
    unwrapper: Unwrapper,
    reader: Box<dyn LogReader>,
    line_count: u64,
}

impl LogStream {
    /// A stream of this format, from its beginning.
    pub fn new(
        format: &'static LogFormat,
        envelope: Envelope,
        reader: Box<dyn LogReader>,
        options: &LogOptions<'_>,
    ) -> Self {
        Self { format, lines: Lines::default(), unwrapper: Unwrapper::new(envelope, options), reader, line_count: 0 }
    }

    /// The same, when the first bytes to come stand at `offset`: those before were read in another run.
    #[must_use]
    pub fn starting_at(mut self, offset: u64) -> Self {
        self.start_at(offset);
        self
    }

    /// The same for one that was not fed yet.
    pub fn start_at(&mut self, offset: u64) {
        self.lines = Lines::starting_at(offset);
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut Sink<'_>) {
        let Self { lines, unwrapper, reader, line_count, .. } = self;
        lines.feed(bytes, |raw| {
            *line_count += 1;
            read(unwrapper, reader, &raw, sink);
        });
    }

    /// Gives the events that are open: nothing has come for so long that nothing more belongs to them. A line without
    /// its end waits on.
    pub fn flush(&mut self, sink: &mut Sink<'_>) {
        self.reader.flush(sink);
    }

    /// The log has ended: gives everything that is left, a line without its end as well.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        let Self { lines, unwrapper, reader, line_count, .. } = self;
        lines.finish(|raw| {
            *line_count += 1;
            read(unwrapper, reader, &raw, sink);
        });
        self.reader.flush(sink);
    }

    /// The place, in bytes from the beginning, up to which every event was given and from which none was: who begins
    /// there again neither loses nor repeats one.
    pub fn settled(&self) -> u64 {
        let open = [self.reader.oldest_open(), self.unwrapper.open_offset(), Some(self.lines.offset())];
        open.into_iter().flatten().min().unwrap_or(0)
    }

    /// The name of the format.
    pub fn format_name(&self) -> &'static str {
        self.format.name
    }

    /// The format in words.
    pub fn format_title(&self) -> &'static str {
        self.format.title
    }

    /// Lines that were read.
    pub fn line_count(&self) -> u64 {
        self.line_count
    }

    /// Lines that are part of no event.
    pub fn strays(&self) -> u64 {
        self.reader.strays() + self.unwrapper.strays()
    }

    /// What a person should know about how it was read, a sentence each: fit to be shown.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.reader.notes();
        notes.extend(self.unwrapper.note());
        notes
    }
}

impl std::fmt::Debug for LogStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogStream")
            .field("format", &self.format.name)
            .field("settled", &self.settled())
            .finish_non_exhaustive()
    }
}

fn read(unwrapper: &mut Unwrapper, reader: &mut Box<dyn LogReader>, raw: &RawLine<'_>, sink: &mut Sink<'_>) {
    unwrapper.line(raw, |line| reader.line(line, sink));
}
