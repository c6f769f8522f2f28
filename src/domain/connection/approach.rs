//! What an engine's servers look like from outside, before any login: each engine brings its own.

use super::change::Change;

/// A port on which servers of an engine usually listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualPort {
    /// The number.
    pub number: u16,
    /// Who listens there: `PostgreSQL`, `PgBouncer`.
    pub who: &'static str,
}

/// What an engine's servers look like from outside.
pub struct Approach {
    /// The name as people write it.
    pub name: &'static str,
    /// The scheme of its URLs.
    pub scheme: &'static str,
    /// The usual ports, the engine's own first.
    pub ports: &'static [UsualPort],
    /// What makes a server speak that does not greet by itself. It asks for nothing that needs a login.
    pub hello: &'static [u8],
    /// Tells by its first bytes whether a server of this engine speaks.
    pub recognises: fn(&[u8]) -> bool,
    /// Databases that are nearly always there, to look from for the others.
    pub default_databases: &'static [&'static str],
    /// The parameter of a URL that names the address to dial and leaves the host's name for the certificate.
    pub address_parameter: Option<&'static str>,
    /// A host of a URL may be the folder of a socket.
    pub socket_hosts: bool,
    /// What turns verified encryption on: a parameter and its value, or a scheme alone.
    pub encrypt: Option<(&'static str, Option<&'static str>)>,
}

impl Approach {
    /// Of an engine without servers, or one of which nothing is known.
    pub const UNKNOWN: Self = Self {
        name: "the server",
        scheme: "",
        ports: &[],
        hello: &[],
        recognises: |_| false,
        default_databases: &[],
        address_parameter: None,
        socket_hosts: false,
        encrypt: None,
    };

    /// The change that turns verified encryption on.
    pub fn encryption(&self) -> Option<Change> {
        self.encrypt.map(|(name, value)| match value {
            Some(value) => Change::Parameter(name.to_owned(), value.to_owned()),
            None => Change::Scheme(name.to_owned()),
        })
    }

    /// Who usually listens on a port.
    pub fn who_at(&self, port: u16) -> Option<&'static str> {
        self.ports.iter().find(|p| p.number == port).map(|p| p.who)
    }
}
