//! One connection: what is queued and sent, what arrives, and what the server still owes.
//!
//! Every method may be abandoned at an await: unsent bytes stay in `outgoing`, half-read packets in the decoder. So a
//! caller can stop, cancel on the server, and [`Wire::settle`].

use super::decode::Decoder;
pub(crate) use super::decode::{Incoming, Prepared};
use super::message::{Done, Field, Malformed};
use super::row::{Bounds, Cell};
use crate::domain::error_event::ServerMessage;
use crate::engine::Param;
use crate::engine::mysql::dialect::forms::events::{Event, dropped};
use crate::engine::mysql::dialect::forms::server::purge;
use crate::engine::net::Transport;
use bytes::{BufMut as _, Bytes, BytesMut};
use mysql_common::constants::{ColumnType, Command as Code};
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Bytes asked of the socket at once.
const CHUNK: usize = 32 << 10;

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
    /// The server said why it ends the connection, or refused what a session cannot do without.
    Ended(Box<ServerMessage>),
}

impl WireError {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Io(e) => e.to_string(),
            Self::Closed => "the server closed the connection".into(),
            Self::Late => "the server did not come to rest in time; the connection was closed".into(),
            Self::Malformed(what) => format!("the server sent {what}: is this MySQL or MariaDB?"),
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

/// A statement for `COM_QUERY`: a constant of the program with at most numbers put in, so that no text from outside
/// can take this door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command(String);

impl Command {
    /// A constant.
    pub(crate) fn new(text: &'static str) -> Self {
        Self(text.to_owned())
    }
    /// A constant with whole numbers in the places of `{}`.
    pub(crate) fn with(text: &'static str, numbers: &[u64]) -> Self {
        Self(numbers.iter().fold(text.to_owned(), |text, number| text.replacen("{}", &number.to_string(), 1)))
    }
    /// The removal of binary logs before one, which MySQL does not prepare; none for a name that is none of a log: such
    /// names have no letter that could end their literal.
    pub(crate) fn purge(to: &str) -> Option<Self> {
        purge(to).map(Self)
    }
    /// The making of an event, which MySQL does not prepare: written from its checked parts.
    pub(crate) fn make_event(event: &Event) -> Self {
        Self(event.create())
    }
    /// The dropping of one; none for a text that is anything else.
    pub(crate) fn drop_event(text: &str) -> Option<Self> {
        dropped(text).map(|_| Self(text.to_owned()))
    }
}

/// What the server refused, short of a broken connection.
pub(crate) type Asked<T> = Result<Result<T, ServerMessage>, WireError>;

/// A whole small result.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Rows beyond the cap were left out.
    pub(crate) cut: bool,
    /// How the statement ended.
    pub(crate) done: Done,
}

/// One connection.
pub(crate) struct Wire {
    transport: Box<dyn Transport>,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
}

impl Wire {
    /// Takes over a socket whose server speaks first.
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        let mut decoder = Decoder::default();
        decoder.expect_login();
        Self { transport, decoder, incoming: BytesMut::new(), outgoing: BytesMut::new() }
    }

    /// The socket, to put TLS around it. Fails when the server said more than it was asked: bytes from before TLS may
    /// come from anybody.
    pub(crate) fn into_transport(self) -> Result<(Box<dyn Transport>, u8), WireError> {
        if !self.incoming.is_empty() || !self.decoder.frames.payload.is_empty() {
            return Err(WireError::Malformed("more than its greeting before TLS began"));
        }
        Ok((self.transport, self.decoder.frames.sequence))
    }
    /// Goes on behind TLS with the packet number that is due.
    pub(crate) fn resume(transport: Box<dyn Transport>, sequence: u8) -> Self {
        let mut wire = Self::new(transport);
        wire.decoder.frames.sequence = sequence;
        wire
    }

    /// Nothing is queued or unanswered.
    pub(crate) fn is_settled(&self) -> bool {
        self.decoder.is_at_rest() && self.outgoing.is_empty()
    }
    /// What is kept of the rows that follow.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) {
        self.decoder.bounds = bounds;
    }
    /// Ends the login: from now on the server speaks only when asked.
    pub(crate) fn logged_in(&mut self, old_eof: bool) {
        self.decoder.old_eof = old_eof;
        self.decoder.expect_nothing();
    }

    /// Queues a packet of the login.
    pub(crate) fn queue_login(&mut self, body: &[u8]) {
        self.decoder.frames.write(body, &mut self.outgoing);
    }
    /// The next packet of the login.
    pub(crate) async fn login_packet(&mut self) -> Result<Bytes, WireError> {
        self.send().await?;
        match self.receive().await {
            Ok(Incoming::Packet(body)) => Ok(body),
            Ok(_) => Err(WireError::Malformed("something else than a login")),
            Err(WireError::Closed) if self.decoder.frames.is_within() || !self.incoming.is_empty() => {
                Err(WireError::Malformed("a part of a packet"))
            }
            Err(error) => Err(error),
        }
    }

    /// Queues a constant statement without rows.
    pub(crate) fn queue_command(&mut self, command: &Command) {
        self.queue(Code::COM_QUERY, command.0.as_bytes());
        self.decoder.expect_end();
    }
    /// Queues the preparation of a statement, whoever wrote it: it can be one statement only.
    pub(crate) fn queue_prepare(&mut self, text: &str) {
        self.queue(Code::COM_STMT_PREPARE, text.as_bytes());
        self.decoder.expect_prepared();
    }
    /// Queues the run of a prepared statement.
    pub(crate) fn queue_execute(&mut self, prepared: Prepared, params: &[Param]) {
        let mut body = Vec::with_capacity(64);
        body.put_u32_le(prepared.id);
        // No cursor: the server would first put the whole result into a temporary table.
        body.put_u8(0);
        body.put_u32_le(1);
        if !params.is_empty() {
            body.resize(body.len() + params.len().div_ceil(8), 0);
            body.put_u8(1);
            for param in params {
                let kind = match param {
                    Param::Text(_) => ColumnType::MYSQL_TYPE_VAR_STRING,
                    Param::Int(_) => ColumnType::MYSQL_TYPE_LONGLONG,
                };
                body.put_slice(&[kind as u8, 0]);
            }
            for param in params {
                match param {
                    Param::Text(text) => {
                        put_lenenc(text.len() as u64, &mut body);
                        body.put_slice(text.as_bytes());
                    }
                    Param::Int(number) => body.put_i64_le(*number),
                }
            }
        }
        self.queue(Code::COM_STMT_EXECUTE, &body);
        self.decoder.expect_result();
    }
    /// Queues the end of a prepared statement; the server does not answer.
    pub(crate) fn queue_close(&mut self, prepared: Prepared) {
        self.queue(Code::COM_STMT_CLOSE, &prepared.id.to_le_bytes());
    }
    fn queue(&mut self, code: Code, body: &[u8]) {
        let mut packet = Vec::with_capacity(body.len() + 1);
        packet.push(code as u8);
        packet.extend_from_slice(body);
        self.decoder.frames.sequence = 0;
        self.decoder.frames.write(&packet, &mut self.outgoing);
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

    /// The next thing that arrives.
    pub(crate) async fn receive(&mut self) -> Result<Incoming, WireError> {
        loop {
            let owed = !self.decoder.is_at_rest();
            match self.decoder.next(&mut self.incoming)? {
                Some(Incoming::Refused(message)) if !owed => return Err(WireError::Ended(Box::new(message))),
                Some(Incoming::Done(done)) if done.more => {
                    return Err(WireError::Malformed("a second result that nobody asked for"));
                }
                Some(incoming) => return Ok(incoming),
                None => {}
            }
            self.incoming.reserve(CHUNK);
            if self.transport.read_buf(&mut self.incoming).await? == 0 {
                return Err(WireError::Closed);
            }
        }
    }

    /// Runs a constant statement without rows.
    pub(crate) async fn run(&mut self, command: &Command) -> Asked<Done> {
        self.queue_command(command);
        self.end().await
    }
    /// Makes the session like a new one: transaction, variables, temporary tables, user locks, prepared statements.
    pub(crate) async fn reset(&mut self) -> Asked<Done> {
        self.queue(Code::COM_RESET_CONNECTION, &[]);
        self.decoder.expect_end();
        self.end().await
    }
    /// Makes a database the current one.
    pub(crate) async fn enter(&mut self, database: &str) -> Asked<Done> {
        self.queue(Code::COM_INIT_DB, database.as_bytes());
        self.decoder.expect_end();
        self.end().await
    }
    async fn end(&mut self) -> Asked<Done> {
        self.send().await?;
        match self.receive().await? {
            Incoming::Done(done) => Ok(Ok(done)),
            Incoming::Refused(message) => Ok(Err(message)),
            _ => Err(WireError::Malformed("rows that nobody asked for")),
        }
    }
    /// Prepares a statement.
    pub(crate) async fn prepare(&mut self, text: &str) -> Asked<Prepared> {
        self.queue_prepare(text);
        self.send().await?;
        match self.receive().await? {
            Incoming::Prepared(prepared) => Ok(Ok(prepared)),
            Incoming::Refused(message) => Ok(Err(message)),
            _ => Err(WireError::Malformed("something else than a prepared statement")),
        }
    }
    /// Runs a prepared statement and keeps `max_rows` of its rows.
    pub(crate) async fn execute(&mut self, prepared: Prepared, params: &[Param], max_rows: usize) -> Asked<Answer> {
        if usize::from(prepared.params) != params.len() {
            let message = format!("the statement takes {} parameters, not {}", prepared.params, params.len());
            return Ok(Err(ServerMessage { message, ..ServerMessage::default() }));
        }
        self.queue_execute(prepared, params);
        self.answer(max_rows).await
    }
    /// Runs a constant statement that cannot be prepared, and keeps `max_rows` of its rows. Their cells are words,
    /// whatever the types of the columns.
    pub(crate) async fn ask_command(&mut self, command: &Command, max_rows: usize) -> Asked<Answer> {
        self.queue(Code::COM_QUERY, command.0.as_bytes());
        self.decoder.expect_words();
        self.answer(max_rows).await
    }
    async fn answer(&mut self, max_rows: usize) -> Asked<Answer> {
        self.send().await?;
        let mut answer = Answer::default();
        loop {
            match self.receive().await? {
                Incoming::Columns(fields) => answer.fields = fields,
                Incoming::Row(cells) if answer.rows.len() < max_rows => answer.rows.push(cells),
                Incoming::Row(_) => answer.cut = true,
                Incoming::Done(done) => {
                    answer.done = done;
                    return Ok(Ok(answer));
                }
                Incoming::Refused(message) => return Ok(Err(message)),
                Incoming::Packet(_) | Incoming::Prepared(_) => {
                    return Err(WireError::Malformed("an answer to another question"));
                }
            }
        }
    }
    /// Prepares, runs and forgets a statement.
    pub(crate) async fn ask(&mut self, text: &str, params: &[Param], max_rows: usize) -> Asked<Answer> {
        match self.prepare(text).await? {
            Err(refused) => Ok(Err(refused)),
            Ok(prepared) => {
                let answer = self.execute(prepared, params, max_rows).await?;
                self.queue_close(prepared);
                self.send().await?;
                Ok(answer)
            }
        }
    }

    /// Brings the connection to rest: sends what is queued and throws away what still arrives.
    pub(crate) async fn settle(&mut self) -> Result<(), WireError> {
        self.set_bounds(Bounds { cell: 0, row: 0 });
        self.send().await?;
        while !self.decoder.is_at_rest() {
            self.receive().await?;
        }
        self.set_bounds(Bounds::default());
        Ok(())
    }

    /// Says goodbye. The server would notice the closed socket by itself.
    pub(crate) async fn close(mut self) {
        self.queue(Code::COM_QUIT, &[]);
        let _ = self.send().await;
        let _ = self.transport.shutdown().await;
    }
}

fn put_lenenc(number: u64, out: &mut Vec<u8>) {
    match number {
        0..=250 => out.put_u8(u8::try_from(number).unwrap_or_default()),
        251..=0xffff => {
            out.put_u8(0xfc);
            out.put_uint_le(number, 2);
        }
        0x1_0000..=0x00ff_ffff => {
            out.put_u8(0xfd);
            out.put_uint_le(number, 3);
        }
        _ => {
            out.put_u8(0xfe);
            out.put_u64_le(number);
        }
    }
}
