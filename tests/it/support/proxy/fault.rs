//! What can be wrong with a network.

use std::time::Duration;

/// With this every byte of a garbled line is combined.
pub const GARBLE: u8 = 0x5a;

/// How the network behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// All is well.
    None,
    /// Every piece of data arrives this much later, in both directions.
    Latency(Duration),
    /// Every piece of data arrives later by a time between nothing and this.
    Jitter(Duration),
    /// Every connection is reset, new ones as well.
    Reset,
    /// Every connection is closed in order, new ones as well.
    Cut,
    /// Every connection is reset, and nothing listens any more.
    Refuse,
    /// Connections are taken and bytes are read, but nothing is passed on: a server that hangs.
    Blackhole,
    /// The server's bytes come one by one, so far apart.
    SlowBytes(Duration),
    /// A connection ends after so many more bytes of the server.
    CutAfter(usize),
    /// A connection is reset in the middle of the server's next piece of data.
    CutMidRow,
    /// The server has forgotten its connections and the clients are not told; new ones are taken by nobody.
    HalfOpen,
    /// Bytes of the server arrive wrong: what carries TLS breaks, and what does not is no protocol any more.
    Garbled,
    /// Every connection is reset; new ones lead to this port.
    FailedOver(u16),
}

impl Fault {
    /// New connections are passed on, at least for a while.
    pub fn leads_on(self) -> bool {
        !matches!(self, Self::Reset | Self::Cut | Self::Refuse | Self::Blackhole | Self::HalfOpen)
    }
}
