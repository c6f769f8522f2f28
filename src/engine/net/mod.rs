//! What engines with servers share on the way to one: from an endpoint to a socket, TLS and what it verifies, and the
//! parts of a URL. No engine is named here; each hands in its own words as [`Words`].

mod dial;
mod tls;
pub(crate) mod url;
mod verify;

pub(crate) use dial::{Endpoint, Peer, Place, Socket, Transport, connect, reach, resolve, share, silent};
pub(crate) use tls::{TlsPlan, TlsSettings, end_point, explain, handshake, not_offered, prepare};

use crate::domain::security::Encryption;

/// How careful a connection is, in order of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsMode {
    /// No TLS.
    Off,
    /// TLS only where the server insists.
    Allow,
    /// TLS where the server has it; nothing is verified.
    Prefer,
    /// TLS or nothing; nothing is verified.
    Require,
    /// The certificate comes from an authority that we trust.
    VerifyCa,
    /// And it is made out to the host that was named.
    VerifyFull,
}

impl TlsMode {
    /// The same in the words of the safety of connections.
    pub(crate) fn encryption(self) -> Encryption {
        match self {
            Self::Off => Encryption::Off,
            Self::Allow | Self::Prefer => Encryption::Perhaps,
            Self::Require => Encryption::Unverified,
            Self::VerifyCa => Encryption::AuthorityOnly,
            Self::VerifyFull => Encryption::Verified,
        }
    }
}

/// An engine's own words in messages that are otherwise the same for all.
#[derive(Debug)]
pub(crate) struct Words {
    /// What to check when nothing listens: `with listen_addresses set`.
    pub(crate) listening: &'static str,
    /// An address with a host, for whoever meant no socket: `postgres://USER@HOST/DATABASE`.
    pub(crate) url: &'static str,
    /// How an authority's certificate is given: `sslrootcert=FILE`.
    pub(crate) authority: &'static str,
    /// How a client certificate is given: `sslcert, sslkey`.
    pub(crate) client_certificate: &'static str,
    /// What to do about a certificate made out to another name: `connect by that name, or add hostaddr`.
    pub(crate) other_name: &'static str,
    /// What to do about a server without TLS: `turn on ssl at the server, or say sslmode=disable`.
    pub(crate) without_tls: &'static str,
}
