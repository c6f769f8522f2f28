//! The server's text log: lines with `log_line_prefix`, a word and a message, and the lines that belong to it.

use super::fields;
use super::infer::{self, COMMON};
use super::prefix::{Escape, Found, Prefix, Split};
use super::words::{self, Word};
use crate::domain::log::event::TextField;
use crate::domain::log::format::share;
use crate::domain::log::open::{Open, OpenEvents};
use crate::domain::log::time::{LogClock, number};
use crate::domain::log::{Line, LogEvent, LogOptions, LogReader, Sink};
use crate::domain::target::Timestamp;
use memchr::memmem;

/// The prefix that a server has before it has read its settings.
const AT_START: &str = "%m [%p] ";

/// Reads the text log.
pub(super) struct TextReader {
    /// The prefix that the last line had comes first.
    prefixes: Vec<Prefix>,
    tab_begins_a_line: bool,
    found: Found,
    clock: LogClock,
    session_clock: LogClock,
    open: OpenEvents<Current>,
    strays: u64,
}

/// Which text of the open event its last line went to; none for a line that is not kept.
#[derive(Debug, Clone, Copy, Default)]
struct Current(Option<TextField>);

/// How well the lines fit.
pub(super) fn fit(options: &LogOptions<'_>, sample: &[u8]) -> u32 {
    let prefixes = prefixes(options, sample);
    let mut found = Found::default();
    share(sample, |line| {
        (line[0] != b'\t').then(|| prefixes.iter().any(|prefix| prefix.split(line, &mut found).is_some()))
    })
}

/// A reader of these lines.
#[expect(clippy::unnecessary_wraps, reason = "the type of a format's `open`")]
pub(super) fn open(options: &LogOptions<'_>, sample: &[u8]) -> Result<Box<dyn LogReader>, String> {
    Ok(Box::new(TextReader::new(options, sample)))
}

/// The prefixes to try, the likeliest first.
fn prefixes(options: &LogOptions<'_>, sample: &[u8]) -> Vec<Prefix> {
    match options.prefix {
        // As it stands in the configuration file, or as a person takes it from there.
        Some(setting) => {
            let bare = setting.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')).unwrap_or(setting);
            vec![Prefix::compile(bare), Prefix::compile(AT_START)]
        }
        None => {
            let mut prefixes = vec![infer::infer(sample)];
            prefixes.extend(COMMON.iter().map(|setting| Prefix::compile(setting)));
            prefixes
        }
    }
}

impl TextReader {
    /// A reader of a log that begins with `sample`.
    pub(super) fn new(options: &LogOptions<'_>, sample: &[u8]) -> Self {
        let prefixes = prefixes(options, sample);
        Self {
            tab_begins_a_line: prefixes[0].begins_with_tab(),
            prefixes,
            found: Found::default(),
            clock: LogClock::new(options),
            session_clock: LogClock::new(options),
            open: OpenEvents::default(),
            strays: 0,
        }
    }

    /// Reads a line that has a prefix. False when it has none.
    pub(super) fn begin_line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) -> bool {
        let Some(split) = self.split(line.bytes) else { return false };
        let process = self.process(line);
        let text = &line.bytes[split.word_at + split.marked.text.min(line.bytes.len() - split.word_at)..];
        let field = match split.marked.word {
            Word::Severity(level) => {
                self.open.begin(process, &mut complete, sink);
                self.fill(line, &split);
                let Some(open) = self.open.latest() else { return true };
                open.event.level = level;
                let text = take_code(&mut open.event, text);
                open.event.push(TextField::Message, text);
                open.event.cut += line.cut;
                open.state = Current(Some(TextField::Message));
                return true;
            }
            Word::Detail => Some(TextField::Detail),
            Word::Hint => Some(TextField::Hint),
            Word::Query => Some(TextField::InnerStatement),
            Word::Context => Some(TextField::Context),
            Word::Location => Some(TextField::Location),
            Word::Statement => Some(TextField::Statement),
            Word::Backtrace => None,
        };
        let Some(open) = self.open.of(process) else {
            self.strays += 1;
            return true;
        };
        open.state = Current(field);
        if let Some(field) = field {
            open.event.push(field, text);
            open.event.cut += line.cut;
        }
        true
    }

    /// Adds to the text to which the last line of this process went, behind `between`.
    pub(super) fn go_on(&mut self, line: &Line<'_>, between: &[u8], bytes: &[u8]) {
        let open = if let Some(pid) = line.pid { self.open.of(pid) } else { self.open.latest() };
        let Some(open) = open else {
            self.strays += 1;
            return;
        };
        if let Current(Some(field)) = open.state {
            open.event.push(field, between);
            open.event.push(field, bytes);
            open.event.cut += line.cut;
        }
    }

    /// A line that is part of nothing, such as what a shell command of the server printed.
    pub(super) fn stray(&mut self, line: &Line<'_>) {
        self.strays += u64::from(!line.bytes.is_empty());
    }

    /// The line goes on with the one before it.
    pub(super) fn is_continued(&self, bytes: &[u8]) -> bool {
        bytes.first() == Some(&b'\t') && !self.tab_begins_a_line
    }

    fn split(&mut self, line: &[u8]) -> Option<Split> {
        if let Some(split) = self.prefixes[0].split(line, &mut self.found) {
            return Some(split);
        }
        // The prefix may have been changed, and a server has another one until it has read its settings.
        memmem::find(line, b":  ")?;
        let other = (1..self.prefixes.len()).find(|i| self.prefixes[*i].split(line, &mut self.found).is_some())?;
        self.prefixes.swap(0, other);
        self.tab_begins_a_line = self.prefixes[0].begins_with_tab();
        self.found = Found::default();
        self.prefixes[0].split(line, &mut self.found)
    }

    /// Who wrote a line: as its prefix says, or whoever passed it on; the same for all where nobody does.
    fn process(&self, line: &Line<'_>) -> u64 {
        let value = |escape| self.found.value(escape, line.bytes);
        line.pid
            .or_else(|| value(Escape::Process).and_then(fields::positive))
            .or_else(|| value(Escape::Session).and_then(fields::session_parts).map(|(_, process)| process))
            .unwrap_or_default()
    }

    /// Puts what the prefix says into the event that has just begun.
    fn fill(&mut self, line: &Line<'_>, split: &Split) {
        let Self { found, clock, session_clock, open, .. } = self;
        let Some(Open { event, .. }) = open.latest() else { return };
        let value = |escape| found.value(escape, line.bytes);
        event.offset = line.offset;
        event.set(TextField::Severity, &line.bytes[split.word_at..split.word_at + split.marked.length]);
        event.at = value(Escape::Time)
            .and_then(|v| clock.date_time(v))
            .or_else(|| value(Escape::Epoch).and_then(LogClock::epoch))
            .map(|(at, _)| at)
            .or(line.at);
        event.pid = value(Escape::Process).and_then(fields::positive).or(line.pid);
        if let Some(session) = value(Escape::Session) {
            event.set(TextField::SessionId, session);
            if let Some((second, process)) = fields::session_parts(session) {
                event.session.started_at = Some(Timestamp(second.saturating_mul(1000)));
                event.pid = event.pid.or(Some(process));
            }
        }
        if let Some(started) = value(Escape::Started) {
            event.session.started_at = session_clock.date_time(started).map(|(at, _)| at);
        }
        for (escape, field) in [
            (Escape::User, TextField::User),
            (Escape::Database, TextField::Database),
            (Escape::Application, TextField::Application),
        ] {
            if let Some(name) = value(escape) {
                fields::set_name(event, field, name);
            }
        }
        for (escape, field) in [
            (Escape::Host, TextField::Host),
            (Escape::Backend, TextField::Part),
            (Escape::Command, TextField::Command),
            (Escape::VirtualTransaction, TextField::VirtualTransaction),
        ] {
            if let Some(text) = value(escape) {
                event.set(field, text);
            }
        }
        if let Some(host) = value(Escape::HostAndPort) {
            fields::set_host_and_port(event, host);
        }
        if let Some(code) = value(Escape::Code) {
            fields::set_code(event, code);
        }
        event.session.line = value(Escape::Line).and_then(number).and_then(|n| u64::try_from(n).ok());
        event.session.transaction = value(Escape::Transaction).and_then(fields::positive);
        event.session.leader = value(Escape::Leader).and_then(fields::positive);
        event.session.query_id = value(Escape::QueryId).and_then(fields::query_id);
    }
}

impl LogReader for TextReader {
    fn line(&mut self, line: &Line<'_>, sink: &mut Sink<'_>) {
        if self.is_continued(line.bytes) {
            self.go_on(line, b"\n", &line.bytes[1..]);
        } else if !self.begin_line(line, sink) {
            if line.bytes.starts_with(b"    ") {
                // Something on the way has put spaces in place of tabs.
                self.go_on(line, b"\n", line.bytes);
            } else {
                self.stray(line);
            }
        }
    }

    fn flush(&mut self, sink: &mut Sink<'_>) {
        self.open.flush(&mut complete, sink);
    }

    fn oldest_open(&self) -> Option<u64> {
        self.open.oldest_offset()
    }

    fn strays(&self) -> u64 {
        self.strays
    }

    fn notes(&self) -> Vec<String> {
        self.clock.note().into_iter().collect()
    }
}

/// Takes the SQLSTATE off a message: `log_error_verbosity = verbose` puts it first, as `42P01: `.
fn take_code<'t>(event: &mut LogEvent, text: &'t [u8]) -> &'t [u8] {
    match text.first_chunk::<7>() {
        Some([code @ .., b':', b' '])
            if code.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
                && code.iter().any(u8::is_ascii_digit) =>
        {
            fields::set_code(event, code);
            &text[7..]
        }
        _ => text,
    }
}

/// The message ends with the place in the statement that it is about, which csvlog and jsonlog have apart from it, and
/// only beside the statement.
fn complete(open: &mut Open<Current>) {
    let event = &mut open.event;
    if let Some((length, position)) = words::without_position(&event.message) {
        event.message.truncate(length);
        let has_statement = !event.statement.is_empty() || !event.inner_statement.is_empty();
        event.position = Some(position).filter(|_| has_statement);
    }
    fields::complete(event);
}
