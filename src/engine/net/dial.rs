//! From an endpoint to a socket: name, address, port, each with its own way to fail and its own words.

use super::Words;
use crate::domain::error_event::{ConnectError, ConnectKind};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// Silence after which the system asks whether the other end lives.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Pause between such questions; after three without an answer the connection is dead.
const KEEPALIVE_PAUSE: Duration = Duration::from_secs(5);

/// A socket, with or without TLS.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Transport for T {}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name to be resolved.
    Name(String),
    /// An address.
    Address(IpAddr),
    /// The file of a socket.
    Socket(PathBuf),
}

impl Place {
    /// The place of a host as people write it: an address, else a name.
    pub(crate) fn of_host(host: &str) -> Self {
        host.parse().map_or_else(|_| Self::Name(host.to_owned()), Self::Address)
    }
}

/// One server to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The host as it was said: the name that a certificate must carry. For a socket, its folder or file.
    pub(crate) host: String,
    pub(crate) place: Place,
    /// The port; 0 for a socket whose path says everything.
    pub(crate) port: u16,
}

impl Endpoint {
    /// Nobody can stand between us and this server.
    pub(crate) fn is_local(&self) -> bool {
        match &self.place {
            Place::Socket(_) => true,
            Place::Address(address) => address.is_loopback(),
            Place::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }
    /// `host:port`.
    pub(crate) fn words(&self) -> String {
        match (&self.place, self.port) {
            (Place::Socket(_), 0) => self.host.clone(),
            (_, port) if self.host.contains(':') => format!("[{}]:{port}", self.host),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

/// An address that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Over the network.
    Tcp(SocketAddr),
    /// A socket file.
    Unix(PathBuf),
}

/// A socket that is connected.
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Addresses of an endpoint, in the system's order of preference. With `dial`, those of the near end of a tunnel.
pub(crate) async fn resolve(
    endpoint: &Endpoint,
    dial: Option<&(String, u16)>,
    deadline: Instant,
) -> Result<Vec<Peer>, ConnectError> {
    let (place, port) = match dial {
        Some((host, port)) => (&Place::of_host(host), *port),
        None => (&endpoint.place, endpoint.port),
    };
    match place {
        Place::Socket(file) => Ok(vec![Peer::Unix(file.clone())]),
        Place::Address(address) => Ok(vec![Peer::Tcp(SocketAddr::new(*address, port))]),
        Place::Name(name) => {
            let bad = |why: &str| ConnectError::new(ConnectKind::BadHost, format!("the host name {name} {why}"));
            match timeout_at(deadline, lookup_host((name.as_str(), port))).await {
                Err(_) => Err(bad("was not resolved in time: check the name server")),
                Ok(Err(_)) => Err(bad("does not resolve: check its spelling and the name server")),
                Ok(Ok(found)) => {
                    let found: Vec<Peer> = found.map(Peer::Tcp).collect();
                    if found.is_empty() { Err(bad("resolves to no address")) } else { Ok(found) }
                }
            }
        }
    }
}

/// Connects to one address of an endpoint.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    peer: &Peer,
    deadline: Instant,
    words: &Words,
) -> Result<Socket, ConnectError> {
    match timeout_at(deadline, reach(peer)).await {
        Err(_) => Err(silent(endpoint)),
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(match peer {
            Peer::Unix(path) => explain_unix(path, &error, words),
            Peer::Tcp(address) => explain_tcp(endpoint, *address, &error, words),
        }),
    }
}

/// Connects to an address that answered before: for the short second connection that stops a statement.
pub(crate) async fn reach(peer: &Peer) -> io::Result<Socket> {
    match peer {
        Peer::Unix(path) => UnixStream::connect(path).await.map(Socket::Unix),
        Peer::Tcp(address) => {
            let stream = TcpStream::connect(address).await?;
            tune(&stream);
            Ok(Socket::Tcp(stream))
        }
    }
}

/// A half-open connection must be noticed: a watcher may be silent for long.
fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_PAUSE).with_retries(3);
    // Failing to tune is no reason not to work.
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = stream.set_nodelay(true);
}

/// The moment by which one of `parts` equal parts of the time that is left has passed.
pub(crate) fn share(deadline: Instant, parts: usize) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / u32::try_from(parts.max(1)).unwrap_or(u32::MAX)
}

/// No answer within the time.
pub(crate) fn silent(endpoint: &Endpoint) -> ConnectError {
    let words = endpoint.words();
    ConnectError::new(
        ConnectKind::Unreachable,
        format!("no answer from {words} in time: check the address, the firewall and the route"),
    )
}

fn explain_tcp(endpoint: &Endpoint, address: SocketAddr, error: &io::Error, words: &Words) -> ConnectError {
    let server = endpoint.words();
    // A name may have many addresses, and a tunnel begins elsewhere: then the address dialled is told too.
    let at = match (endpoint.port == address.port(), endpoint.host == address.ip().to_string()) {
        (true, true) => String::new(),
        (true, false) => format!(" ({})", address.ip()),
        (false, _) => format!(" (dialled at {address})"),
    };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::new(
            ConnectKind::Refused,
            format!("nothing listens at {server}{at}: is the server running, on this port, {}?", words.listening),
        ),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut => {
            ConnectError::new(ConnectKind::Unreachable, format!("{server}{at} cannot be reached: {error}"))
        }
        _ => ConnectError::new(ConnectKind::Unreachable, format!("connecting to {server}{at} failed: {error}")),
    }
}

fn explain_unix(path: &Path, error: &io::Error, words: &Words) -> ConnectError {
    let shown = path.display();
    let said = match error.kind() {
        io::ErrorKind::NotFound => {
            format!("no server socket {shown}: is the server running? Else name its host: {}", words.url)
        }
        io::ErrorKind::ConnectionRefused => {
            format!("nothing listens at {shown}: the server was not ended in order")
        }
        io::ErrorKind::PermissionDenied => format!("{shown}: this user may not open the server's socket"),
        _ => format!("{shown}: {error}"),
    };
    ConnectError::new(ConnectKind::Refused, said)
}
