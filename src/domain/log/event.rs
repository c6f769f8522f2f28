//! One event of a server's log: what the server said at one moment, with the lines that belong to it.

use crate::domain::error::kind::Severity;
use crate::domain::target::Timestamp;

/// Longest text of one event, bytes over all its fields; what is beyond is left out and counted.
pub const EVENT_BYTES: usize = 256 * 1024;

/// Where events go. An event is lent for the call: its buffers are used again for the next one.
pub type Sink<'s> = dyn FnMut(&LogEvent) + 's;

/// How loud a server says something, for all servers alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Level {
    /// For developers of the server.
    Debug,
    /// Normal work.
    #[default]
    Info,
    /// Worth a look.
    Notice,
    /// It may become an error.
    Warning,
    /// A statement or a task failed.
    Error,
    /// A session or the server's start failed.
    Fatal,
    /// The server stopped.
    Panic,
}

impl Level {
    /// How bad it is for the service, where nothing but the server's word is known.
    pub fn severity(self) -> Severity {
        match self {
            Self::Debug | Self::Info | Self::Notice => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Error | Self::Fatal => Severity::Error,
            Self::Panic => Severity::Critical,
        }
    }
}

/// An event. Text that is empty was not said; nothing in it is fit for a terminal as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogEvent {
    /// When, in UTC; none when the log says no time.
    pub at: Option<Timestamp>,
    /// Process, thread or connection of the server.
    pub pid: Option<u64>,
    /// The login.
    pub user: String,
    /// The database.
    pub database: String,
    /// The name that the client gave itself.
    pub application: String,
    /// The client's host or address.
    pub host: String,
    /// The client's port.
    pub port: Option<u16>,
    /// The server's own word: `ERROR`, `FEHLER`, `W`, `#`.
    pub severity: String,
    /// What that word means.
    pub level: Level,
    /// The native code, where the log has it.
    pub code: String,
    /// The primary message, lines joined by `\n`.
    pub message: String,
    /// More about it.
    pub detail: String,
    /// What the server advises.
    pub hint: String,
    /// Where in functions and statements it happened.
    pub context: String,
    /// The client's statement.
    pub statement: String,
    /// A statement that the server made itself, inside the client's.
    pub inner_statement: String,
    /// Where in the statement (or in the inner one), in characters from 1.
    pub position: Option<u32>,
    /// Where in the server's source.
    pub location: String,
    /// The part of the server that speaks: a kind of process, a component, a subsystem.
    pub part: String,
    /// The session that it happened in.
    pub session: LogSession,
    /// What a statement cost.
    pub cost: StatementCost,
    /// Bytes of text that were left out, because the event is longer than [`EVENT_BYTES`].
    pub cut: u64,
    /// Where its first line begins in what was read, bytes.
    pub offset: u64,
}

/// What a log says of the session of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogSession {
    /// Its name.
    pub id: String,
    /// The number of the line in the session.
    pub line: Option<u64>,
    /// What kind of command runs.
    pub command: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// The transaction, as the server numbers those that have written nothing.
    pub virtual_transaction: String,
    /// The transaction's number.
    pub transaction: Option<u64>,
    /// The process for which this one works.
    pub leader: Option<u64>,
    /// The server's number for statements of one shape.
    pub query_id: Option<i64>,
}

/// What a statement cost, where a log says so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StatementCost {
    /// Milliseconds in all.
    pub duration_ms: Option<f64>,
    /// Milliseconds of waiting for locks.
    pub lock_ms: Option<f64>,
    /// Rows that were sent to the client.
    pub rows_sent: Option<u64>,
    /// Rows that were looked at.
    pub rows_examined: Option<u64>,
    /// Rows that were changed.
    pub rows_affected: Option<u64>,
}

impl LogEvent {
    /// Makes it an empty one; its buffers stay, as far as they are of a usual size.
    pub fn clear(&mut self) {
        const USUAL_BYTES: usize = 4096;
        for field in TextField::ALL {
            let text = self.text_mut(field);
            text.clear();
            text.shrink_to(USUAL_BYTES);
        }
        self.session.line = None;
        self.session.started_at = None;
        self.session.transaction = None;
        self.session.leader = None;
        self.session.query_id = None;
        self.cost = StatementCost::default();
        (self.at, self.pid, self.port, self.position) = (None, None, None, None);
        (self.level, self.cut, self.offset) = (Level::default(), 0, 0);
    }

    /// Bytes of text that it holds in the fields that can be long.
    fn long_text(&self) -> usize {
        self.message.len()
            + self.detail.len()
            + self.hint.len()
            + self.context.len()
            + self.statement.len()
            + self.inner_statement.len()
            + self.location.len()
    }

    /// Adds text to one of its fields as far as there is room for it. Bytes that are no UTF-8 become `U+FFFD`.
    pub fn push(&mut self, field: TextField, bytes: &[u8]) {
        let room = EVENT_BYTES.saturating_sub(self.long_text());
        let kept = bytes.len().min(room);
        self.cut += (bytes.len() - kept) as u64;
        push_lossy(self.text_mut(field), &bytes[..kept]);
    }

    /// One of its texts.
    pub fn text_mut(&mut self, field: TextField) -> &mut String {
        match field {
            TextField::Message => &mut self.message,
            TextField::Detail => &mut self.detail,
            TextField::Hint => &mut self.hint,
            TextField::Context => &mut self.context,
            TextField::Statement => &mut self.statement,
            TextField::InnerStatement => &mut self.inner_statement,
            TextField::Location => &mut self.location,
            TextField::User => &mut self.user,
            TextField::Database => &mut self.database,
            TextField::Application => &mut self.application,
            TextField::Host => &mut self.host,
            TextField::Severity => &mut self.severity,
            TextField::Code => &mut self.code,
            TextField::Part => &mut self.part,
            TextField::SessionId => &mut self.session.id,
            TextField::Command => &mut self.session.command,
            TextField::VirtualTransaction => &mut self.session.virtual_transaction,
        }
    }

    /// Puts a short text in place of what a field holds: at most the bytes that a name can have.
    pub fn set(&mut self, field: TextField, bytes: &[u8]) {
        const NAME_BYTES: usize = 1024;
        let kept = bytes.len().min(NAME_BYTES);
        self.cut += (bytes.len() - kept) as u64;
        let text = self.text_mut(field);
        text.clear();
        push_lossy(text, &bytes[..kept]);
    }
}

/// The texts of an event, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextField {
    /// [`LogEvent::message`]
    Message,
    /// [`LogEvent::detail`]
    Detail,
    /// [`LogEvent::hint`]
    Hint,
    /// [`LogEvent::context`]
    Context,
    /// [`LogEvent::statement`]
    Statement,
    /// [`LogEvent::inner_statement`]
    InnerStatement,
    /// [`LogEvent::location`]
    Location,
    /// [`LogEvent::user`]
    User,
    /// [`LogEvent::database`]
    Database,
    /// [`LogEvent::application`]
    Application,
    /// [`LogEvent::host`]
    Host,
    /// [`LogEvent::severity`]
    Severity,
    /// [`LogEvent::code`]
    Code,
    /// [`LogEvent::part`]
    Part,
    /// [`LogSession::id`]
    SessionId,
    /// [`LogSession::command`]
    Command,
    /// [`LogSession::virtual_transaction`]
    VirtualTransaction,
}

impl TextField {
    /// All of them.
    const ALL: [Self; 17] = [
        Self::Message,
        Self::Detail,
        Self::Hint,
        Self::Context,
        Self::Statement,
        Self::InnerStatement,
        Self::Location,
        Self::User,
        Self::Database,
        Self::Application,
        Self::Host,
        Self::Severity,
        Self::Code,
        Self::Part,
        Self::SessionId,
        Self::Command,
        Self::VirtualTransaction,
    ];
}

/// Adds bytes to a text; those that are no UTF-8 become `U+FFFD`.
pub fn push_lossy(text: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(valid) => text.push_str(valid),
        Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_what_fits_and_counts_the_rest() {
        let mut event = LogEvent::default();
        event.push(TextField::Message, &vec![b'a'; EVENT_BYTES - 1]);
        event.push(TextField::Statement, b"SELECT 1");
        assert_eq!((event.statement.as_str(), event.cut), ("S", 7));
    }

    #[test]
    fn a_cleared_event_is_an_empty_one() {
        let mut event = LogEvent { pid: Some(1), cut: 3, ..LogEvent::default() };
        for field in [TextField::Message, TextField::User, TextField::SessionId, TextField::Part] {
            event.push(field, b"x");
        }
        event.clear();
        assert_eq!(event, LogEvent::default());
    }

    #[test]
    fn broken_bytes_are_marked() {
        let mut text = "a".to_owned();
        push_lossy(&mut text, b"\xffb");
        assert_eq!(text, "a\u{fffd}b");
    }
}
