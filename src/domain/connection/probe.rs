//! Looking round after a failure: which few probes tell most, and what each found. All of them go to the target's own
//! host and none of them logs in, but the one that lists databases where the login itself was good.

use super::approach::Approach;
use crate::domain::error_event::{ConnectKind, MUTE};

/// Connections that one diagnosis makes at most.
pub const MOST_PROBES: usize = 3;
/// Time for each, milliseconds.
pub const PROBE_MS: u64 = 1_000;

/// One look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Who speaks on this port of the target's host?
    Port(u16),
    /// Who waits for words on this port, which took a connection and then said nothing? Asks in the languages of the
    /// engines, one connection each, at most [`MOST_PROBES`].
    Mute(u16),
    /// Does each family of the host's addresses answer on this port? One connection for each family.
    Families(u16),
    /// Which databases are there? Logs in to one that is nearly always there.
    Databases,
    /// Which sockets of the engine are on this machine? No connection.
    Sockets,
}

/// Who spoke on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing listens there.
    Refused,
    /// Nothing came back in time.
    Silent,
    /// Somebody took the connection: the engine whose language it is, by name and scheme, where it was known.
    Speaks(Option<Language>),
}

/// The language of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    /// The engine's name.
    pub name: &'static str,
    /// The scheme of its URLs.
    pub scheme: &'static str,
}

/// An address of a host, and whether it took a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyAnswer {
    /// The address as text.
    pub address: String,
    /// It is an IPv6 address.
    pub six: bool,
    /// It took the connection.
    pub answers: bool,
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Of [`Probe::Port`].
    Port(u16, Answer),
    /// Of [`Probe::Families`].
    Families(Vec<FamilyAnswer>),
    /// Of [`Probe::Databases`].
    Databases(Vec<String>),
    /// Of [`Probe::Sockets`]: folders.
    Sockets(Vec<String>),
}

/// The looks that tell most about a failure, best first; together they make at most [`MOST_PROBES`] connections.
pub fn plan(kind: ConnectKind, code: &str, host: &str, port: u16, approach: &Approach) -> Vec<Probe> {
    let is_socket = host.starts_with('/');
    let is_name = !is_socket && host.parse::<core::net::IpAddr>().is_err();
    let here = matches!(host, "localhost" | "127.0.0.1" | "::1");
    let other_ports = || approach.ports.iter().map(|p| p.number).filter(|p| *p != port).map(Probe::Port);
    match kind {
        _ if host.is_empty() || is_socket => Vec::new(),
        ConnectKind::Unreachable if code == MUTE => vec![Probe::Mute(port)],
        ConnectKind::Refused | ConnectKind::Unreachable => {
            let mut probes: Vec<Probe> = Vec::new();
            if is_name {
                probes.push(Probe::Families(port));
            }
            let left = MOST_PROBES - 2 * probes.len();
            probes.extend(other_ports().take(left));
            if here && approach.socket_hosts {
                probes.push(Probe::Sockets);
            }
            probes
        }
        // Somebody was there, but the conversation went wrong.
        ConnectKind::Other | ConnectKind::Tls => {
            std::iter::once(Probe::Port(port)).chain(other_ports()).take(MOST_PROBES).collect()
        }
        ConnectKind::NoSuchDatabase if !approach.default_databases.is_empty() => vec![Probe::Databases],
        // Each further login of a refused one could lock the account; the rest is told by the message itself.
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::approach::UsualPort;
    use super::*;

    const APPROACH: Approach = Approach {
        ports: &[
            UsualPort { number: 5432, who: "the server" },
            UsualPort { number: 6432, who: "a pooler" },
            UsualPort { number: 5433, who: "a second server" },
            UsualPort { number: 6543, who: "another pooler" },
        ],
        default_databases: &["main"],
        socket_hosts: true,
        ..Approach::UNKNOWN
    };

    #[test]
    fn no_diagnosis_makes_more_than_three_connections_and_none_logs_in_after_a_refusal() {
        for kind in [
            ConnectKind::BadHost,
            ConnectKind::Refused,
            ConnectKind::Unreachable,
            ConnectKind::Tls,
            ConnectKind::Authentication,
            ConnectKind::UnsupportedLogin,
            ConnectKind::NoSuchDatabase,
            ConnectKind::TooManyConnections,
            ConnectKind::NotReady,
            ConnectKind::Settings,
            ConnectKind::Other,
        ] {
            for (host, code) in
                ["db.example", "localhost", "10.0.0.1", "::1", "/run/x", ""].iter().flat_map(|h| [(*h, ""), (*h, MUTE)])
            {
                let probes = plan(kind, code, host, 5432, &APPROACH);
                let connections: usize = probes
                    .iter()
                    .map(|p| match p {
                        Probe::Port(_) | Probe::Databases => 1,
                        Probe::Families(_) => 2,
                        Probe::Mute(_) => MOST_PROBES,
                        Probe::Sockets => 0,
                    })
                    .sum();
                assert!(connections <= MOST_PROBES, "{kind:?} {host}: {probes:?}");
                assert!(kind != ConnectKind::Authentication || probes.is_empty());
            }
        }
        assert_eq!(plan(ConnectKind::Refused, "", "10.0.0.1", 5433, &APPROACH)[0], Probe::Port(5432));
        assert_eq!(plan(ConnectKind::NoSuchDatabase, "", "h", 5432, &APPROACH), [Probe::Databases]);
    }
}
