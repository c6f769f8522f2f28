//! Whether somebody listens on a port of this machine, without connecting to it: through a tunnel a connection would
//! reach the server, which counts one that says nothing as a failed login.

use std::fs;

/// Who listens on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    /// Nobody, yet.
    Nobody,
    /// A program of ours, or one that the system does not tell from ours.
    Ours,
    /// A program of another user, who was faster than our tunnel.
    Foreign,
}

/// Looks at the kernel's tables; where there are none (macOS), knocks.
pub(super) fn listener(port: u16) -> Listener {
    let own = nix::unistd::geteuid().as_raw();
    let tables: Vec<String> =
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    if tables.is_empty() {
        let open = std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).is_ok();
        return if open { Listener::Ours } else { Listener::Nobody };
    }
    let users: Vec<u32> = tables.iter().flat_map(|table| listening_users(table, port)).collect();
    match users.as_slice() {
        [] => Listener::Nobody,
        users if users.contains(&own) => Listener::Ours,
        _ => Listener::Foreign,
    }
}

/// The users whose sockets listen on a port, from a table as the kernel prints it: number, local address and port in
/// hexadecimal, remote ones, state (`0A` is LISTEN), two fields, retransmissions, user id.
fn listening_users(table: &str, port: u16) -> Vec<u32> {
    let rows = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = fields.get(1)?.rsplit_once(':')?.1;
        let listens = u16::from_str_radix(local, 16) == Ok(port) && *fields.get(3)? == "0A";
        listens.then(|| fields.get(7)?.parse().ok()).flatten()
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::TcpListener;

    const TABLE: &str =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 22 1 0 100 0 0 10 0
   1: 0100007F:1539 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1001        0 23 1 0 20 4 30 10 -1
   2: 00000000:9C40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 24 1 0 100 0 0 10 0
";

    #[test]
    fn only_sockets_that_listen_count() {
        assert_eq!(listening_users(TABLE, 0x1538), [1000]);
        assert!(listening_users(TABLE, 0x1539).is_empty());
        assert_eq!(listening_users(TABLE, 0x9C40), [0]);
        assert!(listening_users("", 1).is_empty());
    }

    #[test]
    fn a_listener_of_our_own_is_seen_and_gone_when_it_closes() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert_eq!(listener(port), Listener::Ours);
    }
}
