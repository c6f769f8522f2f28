//! One connection: sends a command, receives its reply. Reading can be dropped at any point and taken up again, so
//! that a reply can still be awaited after its statement was stopped.

use super::fields::Fields as _;
use super::message::{self, Malformed};
use crate::engine::net::Transport;
use bson::{Document, RawDocument, RawDocumentBuf};
use bytes::{Buf as _, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Room kept for replies between two commands.
const KEPT: usize = 64 << 10;

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The server refused the command; the connection is at rest.
    Refused(Refusal),
    /// The other end closed the connection.
    Closed,
    /// What came is not this protocol.
    Malformed,
    /// The network failed.
    Io(io::Error),
    /// The command cannot be written as a document, for a name with a zero byte.
    Unwritable,
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Closed } else { Self::Io(error) }
    }
}

impl From<Malformed> for WireError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl WireError {
    /// The cause in words, for a connection that is lost by it.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.message.clone(),
            Self::Closed => "the server closed the connection".into(),
            Self::Malformed => "the server sent what is not its protocol".into(),
            Self::Io(error) => error.to_string(),
            Self::Unwritable => "a name with a zero byte cannot be sent".into(),
        }
    }
}

/// A server's refusal: `{ok: 0, code: 13, codeName: "Unauthorized", errmsg: "..."}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Refusal {
    /// The number; 0 from servers that give none.
    pub(crate) code: i64,
    /// The name of the number.
    pub(crate) name: String,
    /// Untrusted text.
    pub(crate) message: String,
}

impl Refusal {
    /// What a reply, or an error of one write in it, says.
    pub(crate) fn of(reply: &RawDocument) -> Self {
        Self {
            code: reply.int("code").unwrap_or(0),
            name: reply.text("codeName").unwrap_or_default().to_owned(),
            message: reply.text("errmsg").unwrap_or("the command failed without a word").to_owned(),
        }
    }
    /// The login may not do this (`Unauthorized`, or `AtlasError` with the same meaning).
    pub(crate) fn is_forbidden(&self) -> bool {
        self.code == 13 || (self.code == 8000 && self.message.contains("not allowed"))
    }
}

/// A connection to one server.
pub(crate) struct Wire {
    transport: Box<dyn Transport>,
    received: BytesMut,
    /// The number of the last command.
    number: i32,
    /// A command is not yet sent in full: nothing sensible can follow it.
    sending: bool,
    /// A reply is still to come.
    owed: bool,
}

impl Wire {
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Self { transport, received: BytesMut::new(), number: 0, sending: false, owed: false }
    }

    /// No reply is owed: the next command can be sent.
    pub(crate) fn is_at_rest(&self) -> bool {
        !self.sending && !self.owed
    }

    /// Sends a command to a database and gives the reply of a command that succeeded.
    pub(crate) async fn ask(&mut self, database: &str, mut command: Document) -> Result<RawDocumentBuf, WireError> {
        command.insert("$db", database);
        self.send(&command).await?;
        self.receive().await
    }

    async fn send(&mut self, command: &Document) -> Result<(), WireError> {
        self.number = self.number.wrapping_add(1);
        let bytes = message::encode(self.number, command).map_err(|_| WireError::Unwritable)?;
        (self.sending, self.owed) = (true, true);
        self.transport.write_all(&bytes).await?;
        self.transport.flush().await?;
        self.sending = false;
        Ok(())
    }

    /// The reply to the last command; can be dropped and called again.
    pub(crate) async fn receive(&mut self) -> Result<RawDocumentBuf, WireError> {
        loop {
            let (answers, reply) = self.message().await?;
            if answers != self.number {
                continue;
            }
            self.owed = false;
            return if reply.number("ok") == Some(1.0) {
                Ok(reply)
            } else {
                Err(WireError::Refused(Refusal::of(&reply)))
            };
        }
    }

    async fn message(&mut self) -> Result<(i32, RawDocumentBuf), WireError> {
        loop {
            let wanted = match message::length(&self.received)? {
                Some(length) if self.received.len() >= length => {
                    let message = message::decode(&self.received[..length]);
                    self.received.advance(length);
                    if self.received.is_empty() && self.received.capacity() > KEPT {
                        self.received = BytesMut::new();
                    }
                    return Ok(message?);
                }
                Some(length) => length - self.received.len(),
                None => 4,
            };
            self.received.reserve(wanted);
            if self.transport.read_buf(&mut self.received).await? == 0 {
                return Err(WireError::Closed);
            }
        }
    }

    /// Ends the connection in order.
    pub(crate) async fn close(mut self) {
        let _ = self.transport.shutdown().await;
    }
}
