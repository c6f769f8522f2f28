//! The bytes of a target's logs become errors: each file or program has a stream of its own, all share what is known
//! of their messages.

use super::super::clock;
use crate::config::LogConfig;
use crate::domain::dialect::Dialect;
use crate::domain::error::event::ErrorEvent;
use crate::domain::log::format::AUTO;
use crate::domain::log::namer::error_event;
use crate::domain::log::{LogEvent, LogNamer, LogOptions, LogStream, open};
use crate::domain::target::TargetId;
use std::collections::HashMap;

/// A log that is read: its stream, or why there is none.
struct Log {
    stream: Result<LogStream, String>,
    /// Bytes came since the last flush.
    active: bool,
}

/// What one target's logs are read by.
pub(super) struct Intake {
    target: TargetId,
    dialect: &'static dyn Dialect,
    format: Option<String>,
    prefix: Option<String>,
    namer: LogNamer,
    logs: HashMap<u64, Log>,
}

/// Bytes of a log.
pub(super) struct Piece<'b> {
    /// Which log: bytes of one number go together.
    pub(super) log: u64,
    /// Where they begin in it.
    pub(super) offset: u64,
    /// They may begin within a line.
    pub(super) torn: bool,
    /// The bytes.
    pub(super) bytes: &'b [u8],
}

impl Intake {
    /// An intake of these logs.
    pub(super) fn new(target: TargetId, dialect: &'static dyn Dialect, config: &LogConfig) -> Self {
        let namer = LogNamer::new(dialect.errors(), dialect.log_rules());
        Self {
            target,
            dialect,
            format: config.format.clone(),
            prefix: config.prefix.clone(),
            namer,
            logs: HashMap::new(),
        }
    }

    /// The same with the form and the prefix that the server itself says.
    pub(super) fn as_said(&mut self, format: &'static str, prefix: Option<String>) {
        (self.format, self.prefix) = (Some(format.to_owned()), prefix);
    }

    /// Takes the next bytes of a log. Gives the errors among them.
    ///
    /// # Errors
    /// Why the log cannot be read; once, when that is found out.
    pub(super) fn feed(&mut self, piece: &Piece<'_>) -> Result<Vec<ErrorEvent>, String> {
        let Self { target, dialect, format, prefix, namer, logs } = self;
        let (mut bytes, mut offset) = (piece.bytes, piece.offset);
        if let std::collections::hash_map::Entry::Vacant(e) = logs.entry(piece.log) {
            if piece.torn {
                let end = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |end| end + 1);
                bytes = &bytes[end..];
                offset += end as u64;
            }
            if bytes.is_empty() {
                return Ok(Vec::new());
            }
            let options = LogOptions {
                prefix: prefix.as_deref(),
                offset_minutes: clock::offset_minutes(),
                now: clock::now(),
                enveloped: false,
            };
            let formats = dialect.log_formats();
            let stream = open(formats, format.as_deref().unwrap_or(AUTO), &options, bytes);
            let stream = stream.map(|stream| stream.starting_at(offset));
            let failed = stream.as_ref().err().cloned();
            e.insert(Log { stream, active: true });
            if let Some(words) = failed {
                return Err(words);
            }
        }
        let mut found = Vec::new();
        if let Some(Log { stream: Ok(stream), active }) = logs.get_mut(&piece.log) {
            *active = true;
            stream.feed(bytes, &mut |event| found.extend(named(namer, event, target, *dialect)));
        }
        Ok(found)
    }

    /// Nothing more has come for a while: gives what was still open.
    pub(super) fn quiet(&mut self) -> Vec<ErrorEvent> {
        let Self { target, dialect, namer, logs, .. } = self;
        let mut found = Vec::new();
        for Log { stream, active } in logs.values_mut().filter(|log| log.active) {
            *active = false;
            if let Ok(stream) = stream {
                stream.flush(&mut |event| found.extend(named(namer, event, target, *dialect)));
            }
        }
        found
    }

    /// Up to where everything of a log was given.
    pub(super) fn settled(&self, log: u64) -> Option<u64> {
        self.logs.get(&log)?.stream.as_ref().ok().map(LogStream::settled)
    }

    /// Forgets a log that has ended.
    pub(super) fn forget(&mut self, log: u64) {
        self.logs.remove(&log);
    }
}

fn named(
    namer: &mut LogNamer,
    event: &LogEvent,
    target: &TargetId,
    dialect: &'static dyn Dialect,
) -> Option<ErrorEvent> {
    let error = namer.name(event)?;
    Some(error_event(event, error, target, dialect.errors(), clock::now()))
}
