//! What a URL asks for: server, database, user, and how much care with TLS. No message here quotes the URL: any part of
//! a mistyped one may be the password.

use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::url::{decode, encode, host_and_port, split};
use crate::engine::net::{Endpoint, Place, TlsMode, Words};
use crate::engine::{Destination, Surroundings};
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// The port when none is said.
pub(super) const PORT: u16 = 6379;

/// Redis's own words in messages that all engines share.
pub(super) static WORDS: Words = Words {
    listening: "with bind and port set",
    url: "redis://HOST:PORT",
    authority: "ca=FILE",
    client_certificate: "cert=FILE&key=FILE",
    other_name: "connect by that name",
    without_tls: "use redis:// with tls=off",
};

const BEGINS: &str = "a Redis URL begins with redis://, rediss:// (TLS) or unix://";

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) endpoint: Endpoint,
    pub(crate) tls: TlsMode,
    /// Plain text over a network was asked for in so many words.
    pub(super) plain_on_purpose: bool,
    pub(super) authorities: Option<String>,
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    /// The ACL user; none for the one that needs no name.
    pub(crate) user: Option<String>,
    password: Option<SecretString>,
    pub(crate) database: u32,
    pub(super) timeout: Option<Duration>,
}

/// A password with where it came from.
pub(super) struct Password {
    pub(super) secret: Option<SecretString>,
    /// `in the URL`, for messages.
    pub(super) source: &'static str,
}

impl Plan {
    /// Reads a URL.
    pub(crate) fn of(url: &SecretString) -> Result<Self, ConnectError> {
        let url = url.expose_secret();
        if let Some((_, fragment)) = url.rsplit_once('#')
            && !fragment.contains('@')
        {
            return Err(wrong(
                "nothing may follow a # in the URL: TLS is always verified (ca=FILE names your own authority), and a # in \
                 a password is written %23",
            ));
        }
        let parts = split(url, BEGINS)?;
        let scheme = parts.scheme.to_ascii_lowercase();
        let (tls, socket) = match scheme.as_str() {
            "redis" | "valkey" => (TlsMode::Off, false),
            "rediss" | "valkeys" => (TlsMode::VerifyFull, false),
            "unix" | "redis+unix" | "valkey+unix" => (TlsMode::Off, true),
            _ => return Err(wrong(BEGINS)),
        };
        let mut said = Said { tls, ..Said::default() };
        if let Some(login) = parts.login {
            let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
            said.user = Some(decode(user)?).filter(|u| !u.is_empty());
            said.password = password.map(decode).transpose()?.filter(|p| !p.is_empty()).map(SecretString::from);
        }
        for pair in parts.query.into_iter().flat_map(|q| q.split('&')).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            said.parameter(&decode(name)?.to_ascii_lowercase(), decode(value)?)?;
        }
        let path = parts.path.unwrap_or_default();
        let endpoint = if socket {
            let file =
                decode(&if parts.hosts.is_empty() { format!("/{path}") } else { format!("{}/{path}", parts.hosts) })?;
            if file.len() < 2 {
                return Err(wrong("unix:// wants the path of the socket: unix:///run/redis/redis.sock"));
            }
            Endpoint { host: file.clone(), place: Place::Socket(PathBuf::from(file)), port: 0 }
        } else {
            if parts.hosts.contains(',') {
                return Err(wrong("one server a target: name each node of a cluster or sentinel by itself"));
            }
            if let Some(database) = Some(path.trim_end_matches('/')).filter(|p| !p.is_empty()) {
                said.database(&decode(database)?)?;
            }
            let (host, port) = host_and_port(parts.hosts)?;
            let host = Some(decode(host)?).filter(|h| !h.is_empty()).unwrap_or_else(|| "127.0.0.1".into());
            let port = match port {
                "" => PORT,
                digits => digits
                    .parse()
                    .ok()
                    .filter(|p| *p > 0)
                    .ok_or_else(|| wrong("port is not a number from 1 to 65535"))?,
            };
            Endpoint { place: Place::of_host(&host), host, port }
        };
        let client_certificate = match (said.certificate, said.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(wrong("a client certificate (cert) needs its key (key), and the other way round")),
        };
        Ok(Self {
            endpoint,
            tls: said.tls,
            plain_on_purpose: said.plain_on_purpose,
            authorities: said.authorities,
            client_certificate,
            user: said.user,
            password: said.password,
            database: said.database.unwrap_or(0),
            timeout: said.timeout,
        })
    }

    /// The password: `given` (from a prompt or a command), the URL, the variables of the engine's own shell.
    pub(super) fn password(&self, given: Option<&SecretString>, around: &Surroundings) -> Password {
        let from = |secret: SecretString, source| Password { secret: Some(secret), source };
        if let Some(secret) = given {
            return from(secret.clone(), "given");
        }
        if let Some(secret) = &self.password {
            return from(secret.clone(), "in the URL");
        }
        for (variable, source) in [("REDISCLI_AUTH", "in REDISCLI_AUTH"), ("VALKEYCLI_AUTH", "in VALKEYCLI_AUTH")] {
            if let Some(value) = around.variable(variable) {
                return from(SecretString::from(value), source);
            }
        }
        Password { secret: None, source: "" }
    }

    /// Host, port and user.
    pub(super) fn destination(&self) -> Destination {
        let servers: Vec<(String, u16)> = match &self.endpoint.place {
            Place::Socket(_) => Vec::new(),
            Place::Name(_) | Place::Address(_) => vec![(self.endpoint.host.clone(), self.endpoint.port)],
        };
        let encryption = (!servers.is_empty()).then(|| self.tls.encryption());
        Destination { servers, user: Some(self.user.clone().unwrap_or_else(|| "default".into())), encryption }
    }

    /// `host:port/database`.
    pub(super) fn address(&self) -> String {
        format!("{}/{}", self.endpoint.words(), self.database)
    }
}

/// What a URL says, before it is put together.
struct Said {
    tls: TlsMode,
    plain_on_purpose: bool,
    user: Option<String>,
    password: Option<SecretString>,
    database: Option<u32>,
    authorities: Option<String>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    timeout: Option<Duration>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            tls: TlsMode::Off,
            plain_on_purpose: false,
            user: None,
            password: None,
            database: None,
            authorities: None,
            certificate: None,
            key: None,
            timeout: None,
        }
    }
}

impl Said {
    fn database(&mut self, text: &str) -> Result<(), ConnectError> {
        let number = text.parse().map_err(|_| {
            ConnectError::new(
                ConnectKind::NoSuchDatabase,
                "a database of Redis is a number, 0 to 15 unless configured otherwise",
            )
        })?;
        self.database = Some(number);
        Ok(())
    }

    fn parameter(&mut self, name: &str, value: String) -> Result<(), ConnectError> {
        const INSECURE: &str = "TLS without verification is not spoken: give the authority's certificate with ca=FILE \
                                (a self-signed server certificate works there too)";
        match name {
            "db" | "database" => self.database(&value)?,
            "user" | "username" => self.user = Some(value).filter(|v| !v.is_empty()),
            "password" => self.password = Some(value).filter(|v| !v.is_empty()).map(SecretString::from),
            "ca" | "cacert" | "ssl_ca_certs" => self.authorities = Some(value),
            "cert" | "ssl_certfile" => self.certificate = Some(PathBuf::from(value)),
            "key" | "ssl_keyfile" => self.key = Some(PathBuf::from(value)),
            "tls" => match (value.as_str(), self.tls) {
                ("verify-full", _) => self.tls = TlsMode::VerifyFull,
                ("verify-ca", _) => self.tls = TlsMode::VerifyCa,
                ("off", TlsMode::Off) => self.plain_on_purpose = true,
                ("off", _) => return Err(wrong("rediss:// says TLS and tls=off says none: decide for one")),
                ("insecure" | "require" | "prefer" | "skip-verify", _) => return Err(wrong(INSECURE)),
                _ => return Err(wrong("tls must be one of: verify-full, verify-ca, off")),
            },
            // Switches of other clients, by which verification is taken away.
            "ssl_cert_reqs" if value == "required" => {}
            "ssl_check_hostname" if value.eq_ignore_ascii_case("true") => {}
            "insecure" | "skip_verify" if value.eq_ignore_ascii_case("false") => {}
            "insecure" | "skip_verify" | "ssl_cert_reqs" | "ssl_check_hostname" => return Err(wrong(INSECURE)),
            "timeout" | "connect_timeout" => {
                let seconds: u64 = value.parse().map_err(|_| wrong("timeout is not a number of seconds"))?;
                self.timeout = Some(Duration::from_secs(seconds)).filter(|t| !t.is_zero());
            }
            _ => {
                return Err(wrong(
                    "a parameter of the URL is not known here; known are db, user, password, tls, ca, cert, key, timeout",
                ));
            }
        }
        Ok(())
    }
}

/// The URL of another database on the same server.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    let number: u32 = database.trim_start_matches("db").parse().ok()?;
    let parts = split(url.expose_secret(), BEGINS).ok()?;
    let socket = parts.scheme.to_ascii_lowercase().ends_with("unix");
    let mut out = format!("{}://", parts.scheme);
    if let Some(login) = parts.login {
        out.push_str(login);
        out.push('@');
    }
    out.push_str(parts.hosts);
    // A `db` in the query would win over the path.
    let mut kept: Vec<String> = parts
        .query
        .into_iter()
        .flat_map(|q| q.split('&'))
        .filter(|pair| !matches!(pair.split('=').next(), Some("db" | "database" | "")))
        .map(str::to_owned)
        .collect();
    out.push('/');
    if socket {
        out.push_str(parts.path.unwrap_or_default());
        kept.push(format!("db={}", encode(&number.to_string())));
    } else {
        out.push_str(&number.to_string());
    }
    if !kept.is_empty() {
        out.push('?');
        out.push_str(&kept.join("&"));
    }
    Some(SecretString::from(out))
}

fn wrong(message: impl Into<String>) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(url: &str) -> Result<Plan, ConnectError> {
        Plan::of(&SecretString::from(url))
    }
    fn address(url: &str) -> String {
        plan(url).unwrap().address()
    }

    #[test]
    fn every_form_of_url_is_read() {
        assert_eq!(address("redis://"), "127.0.0.1:6379/0");
        assert_eq!(address("redis://h"), "h:6379/0");
        assert_eq!(address("redis://u:p%40@h:7/3"), "h:7/3");
        assert_eq!(address("valkeys://[::1]:7?db=2"), "[::1]:7/2");
        assert_eq!(address("unix:///run/redis/r.sock?db=4"), "/run/redis/r.sock/4");
        assert_eq!(address("redis+unix:///tmp/x.sock"), "/tmp/x.sock/0");
        let made = plan("rediss://app:se%3Acret@h?ca=/ca.pem&cert=/c&key=/k&timeout=2").unwrap();
        assert_eq!((made.tls, made.user.as_deref()), (TlsMode::VerifyFull, Some("app")));
        assert_eq!((made.authorities.as_deref(), made.timeout), (Some("/ca.pem"), Some(Duration::from_secs(2))));
        let password = made.password(None, &Surroundings::default());
        assert_eq!(password.secret.unwrap().expose_secret(), "se:cret");
        assert_eq!(plan("redis://:pw@h").unwrap().user, None);
    }

    #[test]
    fn the_shells_variable_holds_a_password_when_nothing_else_does() {
        let around =
            Surroundings { variables: [("REDISCLI_AUTH".into(), "env".into())].into(), ..Surroundings::default() };
        let password = |url: &str, given: Option<&str>| {
            let given = given.map(SecretString::from);
            plan(url).unwrap().password(given.as_ref(), &around).secret.unwrap().expose_secret().to_owned()
        };
        assert_eq!(password("redis://h", None), "env");
        assert_eq!(password("redis://:url@h", None), "url");
        assert_eq!(password("redis://:url@h", Some("given")), "given");
    }

    #[test]
    fn mistakes_are_named_and_never_quoted() {
        for (url, words) in [
            ("rediss://:S3cr3t@h#insecure", "always verified"),
            ("rediss://:S3cr3t@h?insecure=true", "without verification"),
            ("rediss://:S3cr3t@h?ssl_cert_reqs=none", "without verification"),
            ("rediss://:S3cr3t@h?tls=insecure", "without verification"),
            ("rediss://:S3cr3t@h?tls=off", "decide"),
            ("redis://:S3cr3t@h/x", "number"),
            ("redis://:S3cr3t@h:0", "65535"),
            ("redis://:S3cr3t@h,i", "one server"),
            ("redis://:S3cr3t@h?cert=/c", "needs its key"),
            ("redis://:S3cr3t@h?wat=S3cr3t", "known are"),
            ("unix://", "path"),
        ] {
            let error = plan(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert!(error.message.contains(words) && !error.message.contains("S3cr3t"), "{url}: {error}");
        }
    }

    #[test]
    fn another_database_of_the_same_server() {
        let other =
            |url: &str, db: &str| with_database(&SecretString::from(url), db).map(|u| u.expose_secret().to_owned());
        assert_eq!(other("redis://u:p@h:7/3?db=4&ca=x", "db9").unwrap(), "redis://u:p@h:7/9?ca=x");
        assert_eq!(other("unix:///r.sock?db=4", "1").unwrap(), "unix:///r.sock?db=1");
        assert_eq!(other("redis://h", "shop"), None);
    }
}
