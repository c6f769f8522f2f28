//! Who runs the server, judged by its address alone: managed services with what they do not allow, and poolers with
//! what does not stick behind them. Pure matching; each engine brings its own tables.

/// What a managed service does not let a DBA do, and the way that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restriction {
    /// What is not allowed: `no superuser, so server files cannot be read`.
    pub what: &'static str,
    /// By hand, like this: `download the log from the console`. A sentence without a full stop.
    pub by_hand: &'static str,
}

/// A managed service of one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The name as its provider writes it.
    pub name: &'static str,
    /// Host names by which it is known: lower case, `*` stands for any text, dots included.
    pub hosts: &'static [&'static str],
    /// What it does not allow.
    pub restrictions: &'static [Restriction],
}

/// Something between us and the server that hands server sessions out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooler {
    /// Its name.
    pub name: &'static str,
    /// Host names by which it is known, as in [`Service::hosts`]; empty: any.
    pub hosts: &'static [&'static str],
    /// Ports on which it listens; empty: any.
    pub ports: &'static [u16],
    /// What does not stick behind it, and what to connect to instead.
    pub advice: &'static str,
}

/// What an engine knows about those who run its servers. The first match counts, so narrow patterns come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hosting {
    /// Managed services.
    pub services: &'static [Service],
    /// Poolers and proxies.
    pub poolers: &'static [Pooler],
}

impl Hosting {
    /// Of an engine that nobody hosts.
    pub const NONE: Self = Self { services: &[], poolers: &[] };

    /// The managed service at a host name.
    pub fn service(&self, host: &str) -> Option<&'static Service> {
        let host = normal(host);
        self.services.iter().find(|service| fits_any(service.hosts, &host))
    }

    /// The pooler at an address.
    pub fn pooler(&self, host: &str, port: u16) -> Option<&'static Pooler> {
        let host = normal(host);
        self.poolers.iter().find(|pooler| {
            let host_fits = pooler.hosts.is_empty() || fits_any(pooler.hosts, &host);
            let port_fits = pooler.ports.is_empty() || pooler.ports.contains(&port);
            host_fits && port_fits && !(pooler.hosts.is_empty() && pooler.ports.is_empty())
        })
    }

    /// Both as sentences for a person, the pooler first, because it changes what is seen.
    pub fn words(&self, host: &str, port: u16) -> Vec<String> {
        let pooler = self.pooler(host, port).map(Pooler::words);
        pooler.into_iter().chain(self.service(host).into_iter().flat_map(Service::words)).collect()
    }
}

impl Pooler {
    /// `PgBouncer stands between: ...`; what only the port says is told as a likelihood.
    pub fn words(&self) -> String {
        let verb = if self.hosts.is_empty() { "probably stands" } else { "stands" };
        format!("{} {verb} between: {}", self.name, self.advice)
    }
}

impl Service {
    /// One sentence for each restriction: `Amazon RDS: no superuser. By hand: ...`.
    pub fn words(&self) -> impl Iterator<Item = String> {
        let name = self.name;
        self.restrictions.iter().map(move |r| format!("{name}: {}. By hand: {}", r.what, r.by_hand))
    }
}

/// Names are compared in lower case and without the dot of a complete name.
fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn fits_any(patterns: &[&str], host: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, host))
}

/// `*` stands for any text that is not empty.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.len() > part.len() && rest.ends_with(part);
        }
        // The shortest text for each star leaves the most for the ones after it.
        let Some(start) = rest.char_indices().skip(1).map(|(i, _)| i).find(|i| rest[*i..].starts_with(part)) else {
            return false;
        };
        rest = &rest[start + part.len()..];
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOSTING: Hosting = Hosting {
        services: &[
            Service { name: "narrow", hosts: &["*.cluster-*.db.example"], restrictions: &[] },
            Service {
                name: "wide",
                hosts: &["*.db.example", "*.db.example.cn"],
                restrictions: &[Restriction { what: "no files", by_hand: "use the console" }],
            },
        ],
        poolers: &[
            Pooler { name: "theirs", hosts: &["*.pool.example"], ports: &[6543], advice: "use 5432" },
            Pooler { name: "any", hosts: &[], ports: &[6432], advice: "settings do not stick" },
            Pooler { name: "nowhere", hosts: &[], ports: &[], advice: "" },
        ],
    };

    #[test]
    fn stars_stand_for_text_that_is_there() {
        for (pattern, text, expected) in [
            ("*.db.example", "a.db.example", true),
            ("*.db.example", "a.b.db.example", true),
            ("*.db.example", ".db.example", false),
            ("*.db.example", "db.example", false),
            ("*.db.example", "a.db.example.evil", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "abc", false),
            ("a*b*c", "axbbc", true),
            ("a*b", "ab", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("*é*", "xéy", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_first_service_that_fits_is_named_in_any_case() {
        assert_eq!(HOSTING.service("x.cluster-abc.db.example").unwrap().name, "narrow");
        assert_eq!(HOSTING.service("X.DB.Example.").unwrap().name, "wide");
        assert_eq!(HOSTING.service("db.example.org"), None);
    }

    #[test]
    fn a_pooler_needs_its_port_and_a_port_alone_is_a_likelihood() {
        assert_eq!(HOSTING.pooler("a.pool.example", 6543).unwrap().name, "theirs");
        assert_eq!(HOSTING.pooler("a.pool.example", 5432), None);
        assert_eq!(HOSTING.words("10.0.0.1", 6432), ["any probably stands between: settings do not stick"]);
        assert_eq!(HOSTING.words("a.db.example", 1), ["wide: no files. By hand: use the console"]);
        assert!(HOSTING.words("localhost", 5432).is_empty());
    }
}
