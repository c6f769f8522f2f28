//! From an endpoint to a socket: name, address, port, each with its own way to fail and its own words.

use super::plan::{Endpoint, Place};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::postgres::wire::Peer;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout_at};

/// Silence after which the system asks whether the other end lives.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Pause between such questions; after three without an answer the connection is dead.
const KEEPALIVE_PAUSE: Duration = Duration::from_secs(5);

/// A socket that is connected.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Addresses of an endpoint, in the system's order of preference.
pub(super) async fn resolve(endpoint: &Endpoint, deadline: Instant) -> Result<Vec<Peer>, ConnectError> {
    match &endpoint.place {
        Place::Socket(folder) => Ok(vec![Peer::Unix(Endpoint::socket_file(folder, endpoint.port))]),
        Place::Address(address) => Ok(vec![Peer::Tcp(SocketAddr::new(*address, endpoint.port))]),
        Place::Name(name) => {
            let bad = |why: &str| ConnectError::new(ConnectKind::BadHost, format!("the host name {name} {why}"));
            match timeout_at(deadline, lookup_host((name.as_str(), endpoint.port))).await {
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

/// Connects to one address.
pub(super) async fn connect(endpoint: &Endpoint, peer: &Peer, deadline: Instant) -> Result<Socket, ConnectError> {
    match peer {
        Peer::Unix(path) => match timeout_at(deadline, UnixStream::connect(path)).await {
            Err(_) => Err(silent(endpoint)),
            Ok(Err(e)) => Err(explain_unix(path, &e)),
            Ok(Ok(stream)) => Ok(Socket::Unix(stream)),
        },
        Peer::Tcp(address) => match timeout_at(deadline, TcpStream::connect(address)).await {
            Err(_) => Err(silent(endpoint)),
            Ok(Err(e)) => Err(explain_tcp(endpoint, *address, &e)),
            Ok(Ok(stream)) => {
                tune(&stream);
                Ok(Socket::Tcp(stream))
            }
        },
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

/// No answer within the time.
pub(super) fn silent(endpoint: &Endpoint) -> ConnectError {
    let words = endpoint.words();
    ConnectError::new(
        ConnectKind::Unreachable,
        format!("no answer from {words} in time: check the address, the firewall and the route"),
    )
}

fn explain_tcp(endpoint: &Endpoint, address: SocketAddr, error: &io::Error) -> ConnectError {
    let words = endpoint.words();
    let at = if endpoint.host == address.ip().to_string() { String::new() } else { format!(" ({})", address.ip()) };
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::new(
            ConnectKind::Refused,
            format!("nothing listens at {words}{at}: is the server running, on this port, with listen_addresses set?"),
        ),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::TimedOut => {
            ConnectError::new(ConnectKind::Unreachable, format!("{words}{at} cannot be reached: {error}"))
        }
        _ => ConnectError::new(ConnectKind::Unreachable, format!("connecting to {words}{at} failed: {error}")),
    }
}

fn explain_unix(path: &Path, error: &io::Error) -> ConnectError {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => ConnectError::new(
            ConnectKind::Refused,
            format!(
                "no server socket {shown}: is the server running? Else name its host: postgres://USER@HOST/DATABASE"
            ),
        ),
        io::ErrorKind::ConnectionRefused => ConnectError::new(
            ConnectKind::Refused,
            format!("nothing listens at {shown}: the server was not ended in order"),
        ),
        io::ErrorKind::PermissionDenied => {
            ConnectError::new(ConnectKind::Refused, format!("{shown}: this user may not open the server's socket"))
        }
        _ => ConnectError::new(ConnectKind::Refused, format!("{shown}: {error}")),
    }
}
