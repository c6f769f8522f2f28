//! The parts of a URL, whatever the engine: enough to change one of them and leave the others as they were written.
//! A text taken apart here may hold a password, so none of it is ever shown; [`UrlParts::shown`] is what may be.

use crate::domain::security::Strength;

/// The parts, still encoded. No `Debug`: one of them may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlParts {
    /// `postgres`, in `postgres://`.
    pub scheme: String,
    user: Option<String>,
    password: Option<String>,
    /// With the brackets of an IPv6 address; several, with commas, where an engine takes several.
    hosts: String,
    port: Option<String>,
    /// With its leading slash; empty when there is none.
    path: String,
    parameters: Vec<String>,
}

/// Parameters that say what the authority says, for engines that read them.
const ADDRESS_PARAMETERS: &[&str] = &["host", "hostaddr", "port", "service", "socket"];

impl UrlParts {
    /// Takes a URL apart; none when it is no `scheme://` URL.
    pub fn split(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(r, q)| (r, Some(q)));
        let (authority, path) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
        let (login, hosts) = authority.rsplit_once('@').map_or((None, authority), |(l, h)| (Some(l), h));
        let (user, password) = match login {
            None => (None, None),
            Some(login) => login.split_once(':').map_or((Some(login), None), |(u, p)| (Some(u), Some(p))),
        };
        let (host, port) = match hosts.rsplit_once(':') {
            // The colons of an IPv6 address are inside brackets.
            Some((host, port)) if !hosts.contains(',') && !port.contains(']') => (host, Some(port)),
            _ => (hosts, None),
        };
        Some(Self {
            scheme: scheme.to_owned(),
            user: user.map(str::to_owned),
            password: password.map(str::to_owned),
            hosts: host.to_owned(),
            port: port.map(str::to_owned),
            path: path.to_owned(),
            parameters: query.into_iter().flat_map(|q| q.split('&')).map(str::to_owned).collect(),
        })
    }

    /// The URL again.
    pub fn join(&self) -> String {
        let mut url = format!("{}://", self.scheme);
        if let Some(user) = &self.user {
            url.push_str(user);
            if let Some(password) = &self.password {
                url.extend([":", password.as_str()]);
            }
            url.push('@');
        }
        url.push_str(&self.hosts);
        if let Some(port) = &self.port {
            url.extend([":", port.as_str()]);
        }
        url.push_str(&self.path);
        if !self.parameters.is_empty() {
            url.extend(["?", self.parameters.join("&").as_str()]);
        }
        url
    }

    /// The URL for people: without its password, and without parameters that may hold one.
    pub fn shown(&self) -> String {
        let mut parts = self.clone();
        parts.password = None;
        parts.parameters.retain(|p| !name_of(p).to_ascii_lowercase().contains("pass"));
        parts.join()
    }

    /// The URL with another login and no password, for a login whose secret comes from elsewhere; none for what is no
    /// `scheme://` URL. Parameters that name a login or hold a password are left out.
    pub fn with_login(url: &str, user: &str) -> Option<String> {
        let mut parts = Self::split(url)?;
        parts.user = Some(encode(user));
        parts.password = None;
        parts.parameters.retain(|p| {
            let name = name_of(p).to_ascii_lowercase();
            !name.contains("pass") && !matches!(name.as_str(), "user" | "username")
        });
        Some(parts.join())
    }

    /// The one host, without brackets; none when there are several, or when it is said elsewhere.
    pub fn host(&self) -> Option<&str> {
        let said_elsewhere = self.parameters.iter().any(|p| {
            let name = name_of(p);
            ADDRESS_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name))
        });
        let one = !self.hosts.is_empty() && !self.hosts.contains(',') && !said_elsewhere;
        one.then(|| self.hosts.trim_start_matches('[').trim_end_matches(']'))
    }

    /// The port, where the URL says one.
    pub fn port(&self) -> Option<u16> {
        self.port.as_deref()?.parse().ok()
    }

    /// A password stands in the URL itself.
    pub fn has_password(&self) -> bool {
        self.password.as_deref().is_some_and(|p| !p.is_empty())
            || self.parameters.iter().any(|p| {
                p.split_once('=')
                    .is_some_and(|(name, value)| !value.is_empty() && name.to_ascii_lowercase().contains("password"))
            })
    }

    /// The user, decoded.
    pub fn user(&self) -> Option<String> {
        self.user.as_deref().filter(|u| !u.is_empty()).map(decode)
    }

    /// How strong the password in the URL is, told without the password; none when there is none.
    pub fn password_strength(&self, user: &str) -> Option<Strength> {
        let of_login = self.password.as_deref().filter(|p| !p.is_empty());
        let password = of_login.or_else(|| self.parameter("password"))?;
        Some(Strength::of(user, &decode(password), &self.scheme))
    }

    pub(super) fn set_port(&mut self, port: u16) -> Option<()> {
        self.host()?;
        self.port = Some(port.to_string());
        Some(())
    }

    pub(super) fn set_host(&mut self, host: &str) -> Option<()> {
        self.host()?;
        self.hosts = if host.contains(':') { format!("[{host}]") } else { encode(host) };
        Some(())
    }

    pub(super) fn set_database(&mut self, name: &str) {
        self.path = format!("/{}", encode(name));
    }

    pub(super) fn set_user(&mut self, name: &str) {
        self.user = Some(encode(name));
    }

    pub(super) fn set_parameter(&mut self, name: &str, value: &str) {
        self.parameters.retain(|p| !name_of(p).eq_ignore_ascii_case(name) && !p.is_empty());
        self.parameters.push(format!("{}={}", encode(name), encode(value)));
    }

    /// The value of a parameter, as written.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.parameters.iter().filter_map(|p| p.split_once('='));
        pairs.rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

fn name_of(parameter: &str) -> &str {
    parameter.split('=').next().unwrap_or_default()
}

/// Reads what was written with `%`; what is wrongly written stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes a name so that it can stand anywhere in a URL.
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_url_comes_together_as_it_was() {
        for url in [
            "db://ann:secret@h:1/d?a=b&c=d",
            "db://ann@[::1]:5432/d",
            "db://[fe80::1]/d",
            "db://a:1,b:2/d",
            "db://:secret@h",
            "db:///d?host=/run/x",
            "db+srv://h/?tls=true",
        ] {
            assert_eq!(UrlParts::split(url).unwrap().join(), url);
        }
    }

    #[test]
    fn what_is_shown_holds_no_password() {
        for url in [
            "db://ann:canary@h/d",
            "db://ann:can@ary@h/d",
            "db://h/d?password=canary&x=1",
            "db://h/d?sslpassword=canary",
        ] {
            let parts = UrlParts::split(url).unwrap();
            assert!(parts.has_password(), "{url}");
            let shown = parts.shown();
            assert!(!shown.contains("can") && !shown.contains("ary"), "{shown}");
        }
        assert!(!UrlParts::split("db://ann:@h/d").unwrap().has_password());
    }

    #[test]
    fn the_strength_of_a_password_is_told_without_it() {
        let strength = |url: &str| UrlParts::split(url).unwrap().password_strength("ann");
        assert_eq!(strength("db://ann:%61nn@h"), Some(Strength::SameAsUser));
        assert_eq!(strength("db://ann@h?password=admin"), Some(Strength::Common));
        assert_eq!(strength("db://ann:a%2Blong%20one%25that@h"), Some(Strength::Fine));
        assert_eq!(strength("db://ann@h"), None);
    }

    #[test]
    fn one_host_and_its_port() {
        let parts = |url: &str| UrlParts::split(url).unwrap();
        assert_eq!((parts("db://u@[::1]:7/d").host(), parts("db://u@[::1]:7/d").port()), (Some("::1"), Some(7)));
        assert_eq!((parts("db://h/d").host(), parts("db://h/d").port()), (Some("h"), None));
        assert_eq!(parts("db://a,b/d").host(), None);
        assert_eq!(parts("db://h/d?host=x").host(), None);
    }
}
