//! One connection: commands queued and sent, replies received in order.
//!
//! Commands always go out as lists of counted values, never as lines of text: nothing in an argument can end a command
//! and begin another. `due` has a place for each reply that is still to come, so that a dropped future leaves a
//! connection that is known to be out of step. What the fence holds back gets its refusal in its place.

use super::decode::{Bounds, Decoder, Incoming, Malformed};
use super::fence::Fence;
use super::pulse::Pulse;
use super::reply::Reply;
use crate::engine::net::Transport;
use bytes::{BufMut as _, BytesMut};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

/// Bytes asked of the socket at once.
const CHUNK: usize = 64 << 10;

/// The connection cannot be used further.
#[derive(Debug)]
pub(crate) enum WireError {
    /// The socket failed.
    Io(io::Error),
    /// The server closed it without a word.
    Closed,
    /// What arrives is not the protocol.
    Malformed(&'static str),
}

impl WireError {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Io(e) => e.to_string(),
            Self::Closed => "the server closed the connection".into(),
            Self::Malformed(what) => format!("the server sent {what}: is this Redis?"),
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

/// One connection.
pub(crate) struct Wire {
    transport: Box<dyn Transport>,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
    due: VecDeque<Due>,
    fence: Fence,
    pulse: Arc<Pulse>,
    /// When something was last sent.
    sent: Instant,
}

/// A reply that is to come.
struct Due {
    /// The one that was given without the server.
    given: Option<Reply>,
    /// Only a server that serves gives it.
    needs_server: bool,
}

impl Wire {
    /// Takes over a socket on which nothing was said yet.
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Self {
            transport,
            decoder: Decoder::new(),
            incoming: BytesMut::new(),
            outgoing: BytesMut::new(),
            due: VecDeque::new(),
            fence: Fence::default(),
            pulse: Arc::default(),
            sent: Instant::now(),
        }
    }

    /// Nothing is queued or unanswered.
    pub(crate) fn is_settled(&self) -> bool {
        self.due.is_empty() && self.outgoing.is_empty()
    }
    /// Holds commands back from now on.
    pub(crate) fn hold(&mut self, fence: Fence) {
        self.fence = fence;
    }
    /// Takes note of what the server's replies say about scripts that hold it up.
    pub(crate) fn feel(&mut self, pulse: Arc<Pulse>) {
        self.pulse = pulse;
    }
    /// Which hold-up of the server by a script the last one was.
    pub(crate) fn hold_up(&self) -> u64 {
        self.pulse.times()
    }
    /// What is held back.
    pub(crate) fn fence(&self) -> &Fence {
        &self.fence
    }
    /// What is kept of the replies that follow.
    pub(crate) fn set_bounds(&mut self, bounds: Bounds) {
        self.decoder.bounds = bounds;
    }

    /// Queues one command, unless it is held back.
    pub(crate) fn queue<A: AsRef<[u8]>>(&mut self, command: &[A]) {
        if let Some(why) = self.fence.holds(command) {
            self.due.push_back(Due { given: Some(Reply::Error(why)), needs_server: false });
            return;
        }
        // Of what is asked for in every look, this is refused by every server that a script holds up.
        let needs_server = command.first().is_some_and(|name| name.as_ref().eq_ignore_ascii_case(b"INFO"));
        self.outgoing.put_slice(format!("*{}\r\n", command.len()).as_bytes());
        for argument in command {
            let argument = argument.as_ref();
            self.outgoing.put_slice(format!("${}\r\n", argument.len()).as_bytes());
            self.outgoing.put_slice(argument);
            self.outgoing.put_slice(b"\r\n");
        }
        self.due.push_back(Due { given: None, needs_server });
    }

    /// Sends what is queued.
    pub(crate) async fn send(&mut self) -> Result<(), WireError> {
        while !self.outgoing.is_empty() {
            if self.transport.write_buf(&mut self.outgoing).await? == 0 {
                return Err(WireError::Closed);
            }
        }
        self.transport.flush().await?;
        self.sent = Instant::now();
        Ok(())
    }

    /// The next reply; what the server says by itself is passed over.
    pub(crate) async fn receive(&mut self) -> Result<Reply, WireError> {
        if let Some(refusal) = self.due.front_mut().and_then(|due| due.given.take()) {
            self.due.pop_front();
            return Ok(refusal);
        }
        loop {
            match self.decoder.next(&mut self.incoming)? {
                Some(Incoming::Reply(reply)) => {
                    let needs_server = self.due.pop_front().is_some_and(|due| due.needs_server);
                    self.pulse.note(&reply, needs_server, self.sent.elapsed());
                    return Ok(reply);
                }
                Some(Incoming::Push(_)) => {}
                None => {
                    self.incoming.reserve(CHUNK);
                    if self.transport.read_buf(&mut self.incoming).await? == 0 {
                        return Err(WireError::Closed);
                    }
                }
            }
        }
    }

    /// Sends one command and waits for its reply.
    pub(crate) async fn ask<A: AsRef<[u8]>>(&mut self, command: &[A]) -> Result<Reply, WireError> {
        self.queue(command);
        self.send().await?;
        self.receive().await
    }

    /// Sends several commands at once and waits for all their replies, in order.
    pub(crate) async fn ask_all<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Result<Vec<Reply>, WireError> {
        for command in commands {
            self.queue(command);
        }
        self.send().await?;
        let mut replies = Vec::with_capacity(commands.len());
        for _ in commands {
            replies.push(self.receive().await?);
        }
        Ok(replies)
    }

    /// Ends the connection in order.
    pub(crate) async fn close(mut self) {
        let _ = self.transport.shutdown().await;
    }
}
