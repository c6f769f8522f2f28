//! Where an address leads, judged by the address alone.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who can reach an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A file or a socket of this machine.
    Machine,
    /// This machine alone, through its network.
    Loopback,
    /// A private network: RFC 1918, carrier-grade NAT (RFC 6598), link-local, unique local IPv6 (RFC 4193).
    Private,
    /// Everybody.
    Public,
    /// A name, of which only a resolver knows.
    Name,
}

impl Reach {
    /// Of a host as a URL says it; the folder of a socket begins with a slash.
    pub fn of(host: &str) -> Self {
        if host.is_empty() || host.starts_with('/') {
            return Self::Machine;
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        // RFC 6761: every name below `localhost` is this machine.
        if name == "localhost" || name.ends_with(".localhost") {
            return Self::Loopback;
        }
        match name.parse::<IpAddr>() {
            Ok(IpAddr::V4(four)) => Self::of_four(four),
            Ok(IpAddr::V6(six)) => Self::of_six(six),
            Err(_) => Self::Name,
        }
    }

    fn of_four(address: Ipv4Addr) -> Self {
        let [a, b, ..] = address.octets();
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_private() || address.is_link_local() || (a == 100 && (64..128).contains(&b)) {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_six(address: Ipv6Addr) -> Self {
        if let Some(four) = address.to_ipv4_mapped() {
            return Self::of_four(four);
        }
        let first = address.segments()[0];
        if address.is_loopback() {
            Self::Loopback
        } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 {
            Self::Private
        } else {
            Self::Public
        }
    }

    /// Nobody can stand between us and the server.
    pub fn is_local(self) -> bool {
        matches!(self, Self::Machine | Self::Loopback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_by_their_ranges() {
        for (host, reach) in [
            ("", Reach::Machine),
            ("/run/x", Reach::Machine),
            ("localhost", Reach::Loopback),
            ("db.LOCALHOST.", Reach::Loopback),
            ("127.1.2.3", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("10.0.0.1", Reach::Private),
            ("172.16.0.1", Reach::Private),
            ("172.32.0.1", Reach::Public),
            ("192.168.1.1", Reach::Private),
            ("169.254.169.254", Reach::Private),
            ("100.64.0.1", Reach::Private),
            ("100.128.0.1", Reach::Public),
            ("fd00::1", Reach::Private),
            ("fe80::1", Reach::Private),
            ("::ffff:10.0.0.1", Reach::Private),
            ("::ffff:8.8.8.8", Reach::Public),
            ("2001:db8::1", Reach::Public),
            ("8.8.8.8", Reach::Public),
            ("db.example.com", Reach::Name),
            ("localhost.example.com", Reach::Name),
        ] {
            assert_eq!(Reach::of(host), reach, "{host}");
        }
    }
}
