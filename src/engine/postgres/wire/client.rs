//! One connection: what is queued and sent, what arrives, and how many answers are still owed.
//!
//! Every method may be abandoned at an await: unsent bytes stay in `outgoing`, half-read messages in the decoder, and
//! `owed` counts the Syncs without their `ReadyForQuery`. So a caller can stop, cancel on the server, and [`Wire::settle`].

use super::decode::{Bounds, Cell, Decoder, Incoming, Malformed};
use super::message::{Field, Message, Report, Transaction};
use crate::domain::error_event::ServerMessage;
use crate::engine::Param;
use crate::engine::net::Transport;
use bytes::{BufMut as _, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use std::collections::BTreeMap;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Bytes asked of the socket at once.
const CHUNK: usize = 32 << 10;
/// Notices kept of one statement.
const NOTICES: usize = 20;

/// The connection cannot be used further.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The socket failed.
    Io(io::Error),
    /// The server closed it without a word.
    Closed,
    /// The server did not come to rest in time.
    Late,
    /// What arrives is not the protocol.
    Malformed(&'static str),
    /// The server said why it ends the connection.
    Ended(Box<ServerMessage>),
}

impl WireError {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Io(e) => e.to_string(),
            Self::Closed => "the server closed the connection".into(),
            Self::Late => "the server did not come to rest in time; the connection was closed".into(),
            Self::Malformed(what) => format!("the server sent {what}: is this PostgreSQL?"),
            Self::Ended(m) => format!("{} ({})", m.message, m.code),
        }
    }
}

impl From<io::Error> for WireError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}
impl From<Malformed> for WireError {
    fn from(e: Malformed) -> Self {
        Self::Malformed(e.0)
    }
}

/// Parameters of a statement, sent as text.
type Params<'a> = &'a [Param];

/// A whole small result.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Rows beyond the cap were left out.
    pub(crate) cut: bool,
    /// Rows that its last statement changed, where it changes rows.
    pub(crate) changed: Option<u64>,
}

/// One connection.
pub(crate) struct Wire {
    transport: Box<dyn Transport>,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
    /// `ReadyForQuery` messages that are still to come.
    owed: u32,
    /// Messages were queued after the last Sync.
    unsynced: bool,
    transaction: Transaction,
    parameters: BTreeMap<String, String>,
    notices: Vec<String>,
}

impl Wire {
    /// Takes over a socket on which nothing of the protocol was said yet (the TLS request apart).
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Self {
            transport,
            decoder: Decoder::new(),
            incoming: BytesMut::new(),
            outgoing: BytesMut::new(),
            owed: 0,
            unsynced: false,
            transaction: Transaction::Idle,
            parameters: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    /// A setting that the server reports by itself.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
    /// Where the session stands, as of the last `ReadyForQuery`.
    pub(crate) fn transaction(&self) -> Transaction {
        self.transaction
    }
    /// Nothing is queued, unanswered or unsynced.
    pub(crate) fn is_settled(&self) -> bool {
        self.owed == 0 && !self.unsynced && self.outgoing.is_empty()
    }
    /// What is kept of the rows that follow.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) {
        self.decoder.bounds = bounds;
    }
    /// Notices since the last call.
    pub(crate) fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// Queues the first message; its end is the first `ReadyForQuery`.
    pub(crate) fn queue_startup(&mut self, parameters: &[(&str, &str)]) -> io::Result<()> {
        self.owed = 1;
        frontend::startup_message(parameters.iter().copied(), &mut self.outgoing)
    }
    /// Queues an answer to a login request, made by `write`.
    pub(crate) fn queue_login(&mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> io::Result<()> {
        write(&mut self.outgoing)
    }
    /// Queues one statement through the unnamed portal, at most `max_rows` of it (0: all). The columns are described
    /// only when `describe` is set.
    pub(crate) fn queue(&mut self, text: &str, params: Params<'_>, max_rows: i32, describe: bool) -> io::Result<()> {
        let start = self.outgoing.len();
        self.try_queue(text, params, max_rows, describe).inspect_err(|_| self.outgoing.truncate(start))?;
        self.unsynced = true;
        Ok(())
    }
    fn try_queue(&mut self, text: &str, params: Params<'_>, max_rows: i32, describe: bool) -> io::Result<()> {
        let out = &mut self.outgoing;
        frontend::parse("", text, [], out)?;
        frontend::bind(
            "",
            "",
            [],
            params,
            |param, out| {
                match param {
                    Param::Text(text) => out.put_slice(text.as_bytes()),
                    Param::Int(number) => out.put_slice(number.to_string().as_bytes()),
                }
                Ok(IsNull::No)
            },
            [],
            out,
        )
        .map_err(|e| match e {
            frontend::BindError::Conversion(e) => io::Error::other(e),
            frontend::BindError::Serialization(e) => e,
        })?;
        if describe {
            frontend::describe(b'P', "", out)?;
        }
        frontend::execute("", max_rows, out)
    }
    /// Queues a request for more rows of the unnamed portal.
    pub(crate) fn queue_more(&mut self, max_rows: i32) -> io::Result<()> {
        frontend::execute("", max_rows, &mut self.outgoing)?;
        self.unsynced = true;
        Ok(())
    }
    /// Asks the server to send what it has, without ending the exchange.
    pub(crate) fn queue_flush(&mut self) {
        frontend::flush(&mut self.outgoing);
    }
    /// Ends an exchange: the server answers with `ReadyForQuery` whatever happened before.
    pub(crate) fn queue_sync(&mut self) {
        frontend::sync(&mut self.outgoing);
        self.unsynced = false;
        self.owed += 1;
    }

    /// Sends what is queued.
    pub(crate) async fn send(&mut self) -> Result<(), WireError> {
        while !self.outgoing.is_empty() {
            if self.transport.write_buf(&mut self.outgoing).await? == 0 {
                return Err(WireError::Closed);
            }
        }
        self.transport.flush().await?;
        Ok(())
    }

    /// The next message that concerns a statement or the login; settings and notices are kept aside.
    pub(crate) async fn receive(&mut self) -> Result<Incoming, WireError> {
        loop {
            while let Some(incoming) = self.decoder.next(&mut self.incoming)? {
                match incoming {
                    Incoming::Message(Message::Parameter { name, value }) => {
                        if self.parameters.len() < 200 {
                            self.parameters.insert(name, value);
                        }
                    }
                    Incoming::Message(Message::Notice(report)) => self.note(&report),
                    Incoming::Message(Message::Ignored) => {}
                    Incoming::Message(Message::Ready(state)) => {
                        self.owed = self.owed.saturating_sub(1);
                        self.transaction = state;
                        return Ok(incoming);
                    }
                    Incoming::Message(Message::Error(report)) if report.ends_connection() => {
                        return Err(WireError::Ended(Box::new(report.message)));
                    }
                    Incoming::Message(Message::Copy) => {
                        return Err(WireError::Malformed("a COPY stream that nobody asked for"));
                    }
                    other => return Ok(other),
                }
            }
            self.incoming.reserve(CHUNK);
            if self.transport.read_buf(&mut self.incoming).await? == 0 {
                return Err(WireError::Closed);
            }
        }
    }

    fn note(&mut self, report: &Report) {
        if self.notices.len() < NOTICES {
            self.notices.push(format!("{}: {}", report.severity, report.message.message));
        }
    }

    /// Reads to the end of one exchange and keeps the rows of its described statements, `max_rows` of them.
    /// The outer error means that the connection is gone, the inner one that the server refused.
    pub(crate) async fn answer(&mut self, max_rows: usize) -> Result<Result<Answer, ServerMessage>, WireError> {
        let mut answer = Answer::default();
        let mut described = false;
        let mut refused = None;
        loop {
            match self.receive().await? {
                Incoming::Message(Message::Columns(fields)) => {
                    described = true;
                    answer.fields = fields;
                }
                Incoming::Row(cells) if described => {
                    if answer.rows.len() < max_rows {
                        answer.rows.push(cells);
                    } else {
                        answer.cut = true;
                    }
                }
                Incoming::Message(Message::Complete(changed)) => {
                    described = false;
                    answer.changed = changed;
                }
                Incoming::Message(Message::Error(report)) => refused = Some(report.message),
                Incoming::Message(Message::Ready(_)) => {
                    return Ok(match refused {
                        Some(message) => Err(message),
                        None => Ok(answer),
                    });
                }
                Incoming::Row(_) | Incoming::Message(_) => {}
            }
        }
    }

    /// Brings the connection to rest: ends an open exchange and throws away what still arrives.
    pub(crate) async fn settle(&mut self) -> Result<(), WireError> {
        if self.unsynced {
            self.queue_sync();
        }
        self.set_bounds(Bounds { cell: 0, row: 0 });
        self.send().await?;
        while self.owed > 0 {
            self.receive().await?;
        }
        self.set_bounds(Bounds::default());
        Ok(())
    }

    /// Says goodbye. The server would notice the closed socket by itself.
    pub(crate) async fn close(mut self) {
        frontend::terminate(&mut self.outgoing);
        let _ = self.send().await;
        let _ = self.transport.shutdown().await;
    }
}
