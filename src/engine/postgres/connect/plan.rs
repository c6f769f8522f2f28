//! Keywords -> what will be tried: endpoints in order, who we are, and how careful the connection is.

use super::keywords::{self, Keywords, Said};
use super::passfile;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use crate::engine::net::{Endpoint, Place, TlsMode};
use secrecy::{ExposeSecret as _, SecretString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Folders in which servers put their socket: Debian's and Red Hat's, and the one compiled in.
pub(super) const SOCKET_FOLDERS: &[&str] = &["/var/run/postgresql", "/tmp"];
/// PostgreSQL's port.
pub(super) const PORT: u16 = 5432;

/// libpq's words of `sslmode`.
const SSL_MODES: [(&str, TlsMode); 6] = [
    ("disable", TlsMode::Off),
    ("allow", TlsMode::Allow),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

/// libpq's word for a mode.
pub(super) fn ssl_word(mode: TlsMode) -> &'static str {
    SSL_MODES.iter().find(|(_, known)| *known == mode).map_or("", |(word, _)| word)
}

/// How much a part of the login is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Never,
    IfPossible,
    Always,
}

/// Which member of a cluster will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Any,
    Primary,
    Replica,
    PreferReplica,
}

/// The file of the socket that a server has in a folder.
fn socket_file(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

/// Everything decided before the first packet.
pub(super) struct Plan {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) user: String,
    pub(super) database: String,
    /// What was said, or nothing.
    pub(super) ssl_mode: Option<TlsMode>,
    pub(super) root_certificates: Option<String>,
    /// Certificate and key of our own.
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    /// TLS from the first byte, without asking (PostgreSQL 17).
    pub(super) direct_tls: bool,
    /// TLS 1.2 is not good enough.
    pub(super) only_tls13: bool,
    pub(super) channel_binding: Wish,
    /// The only login methods that will do; empty: any.
    pub(super) methods: Vec<String>,
    pub(super) member: Member,
    pub(super) options: Option<String>,
    pub(super) timeout: Option<Duration>,
    password: Option<SecretString>,
    password_source: &'static str,
    passfile: Option<String>,
}

/// A password with its source in words.
pub(super) struct Password {
    pub(super) secret: Option<SecretString>,
    pub(super) source: &'static str,
    pub(super) hint: Option<String>,
}

impl Plan {
    /// Decides.
    pub(super) fn make(url: &SecretString, around: &Surroundings) -> Result<Self, ConnectError> {
        let Said { keywords, password_source } = keywords::gather(url, around)?;
        let user = keywords.get("user").or(around.user.as_deref()).map(str::to_owned);
        let user = user.ok_or_else(|| settings("no user name: put it in the URL (postgres://USER@HOST/DATABASE)"))?;
        let database = keywords.get("dbname").unwrap_or(&user).to_owned();
        let ssl_mode = choice(&keywords, "sslmode", &SSL_MODES)?;
        let root_certificates = keywords.get("sslrootcert").map(str::to_owned);
        if root_certificates.as_deref() == Some("system") && ssl_mode.is_some_and(|m| m < TlsMode::VerifyFull) {
            return Err(settings(
                "sslrootcert=system needs sslmode=verify-full: anybody can have a certificate from a public authority",
            ));
        }
        // libpq: a root certificate makes `require` mean `verify-ca`.
        let ssl_mode = match ssl_mode {
            Some(TlsMode::Require) if root_certificates.is_some() => Some(TlsMode::VerifyCa),
            other => other,
        };
        if keywords.get("gssencmode") == Some("require") {
            return Err(ConnectError::new(
                ConnectKind::UnsupportedLogin,
                "gssencmode=require: Kerberos encryption is not supported; use TLS",
            ));
        }
        Ok(Self {
            endpoints: endpoints(&keywords)?,
            user,
            database,
            ssl_mode,
            root_certificates: root_certificates.or_else(|| existing(around, "root.crt")),
            client_certificate: client_certificate(&keywords, around)?,
            direct_tls: choice(&keywords, "sslnegotiation", &[("postgres", false), ("direct", true)])?.unwrap_or(false),
            only_tls13: choice(
                &keywords,
                "ssl_min_protocol_version",
                &[("TLSv1", false), ("TLSv1.1", false), ("TLSv1.2", false), ("TLSv1.3", true)],
            )?
            .unwrap_or(false),
            channel_binding: choice(
                &keywords,
                "channel_binding",
                &[("disable", Wish::Never), ("prefer", Wish::IfPossible), ("require", Wish::Always)],
            )?
            .unwrap_or(Wish::IfPossible),
            methods: keywords.get("require_auth").map(methods).transpose()?.unwrap_or_default(),
            member: choice(
                &keywords,
                "target_session_attrs",
                &[
                    ("any", Member::Any),
                    ("primary", Member::Primary),
                    ("read-write", Member::Primary),
                    ("standby", Member::Replica),
                    ("read-only", Member::Replica),
                    ("prefer-standby", Member::PreferReplica),
                ],
            )?
            .unwrap_or(Member::Any),
            options: keywords.get("options").map(str::to_owned),
            timeout: timeout(&keywords)?,
            password: keywords.password().cloned(),
            password_source,
            passfile: keywords.get("passfile").map(str::to_owned),
        })
    }

    /// The care taken with an endpoint: what was said; else verified TLS, and less only where nobody can listen.
    pub(super) fn ssl_mode(&self, endpoint: &Endpoint) -> TlsMode {
        match (&endpoint.place, self.ssl_mode) {
            // TLS is not spoken on sockets, as in libpq.
            (Place::Socket(_), _) => TlsMode::Off,
            (_, Some(mode)) => mode,
            (_, None) if self.root_certificates.as_deref() == Some("system") => TlsMode::VerifyFull,
            (_, None) if endpoint.is_local() => TlsMode::Prefer,
            (_, None) => TlsMode::VerifyFull,
        }
    }

    /// The password for an endpoint: `given` (from a prompt or a command), URL, service, environment, `.pgpass`.
    pub(super) fn password(
        &self,
        endpoint: &Endpoint,
        given: Option<&SecretString>,
        around: &Surroundings,
    ) -> Password {
        if let Some(secret) = given.cloned() {
            return Password { secret: Some(secret), source: "given", hint: None };
        }
        if let Some(secret) = self.password.clone() {
            return Password { secret: Some(secret), source: self.password_source, hint: None };
        }
        let mut hosts = vec![endpoint.host.as_str()];
        if matches!(endpoint.place, Place::Socket(_)) {
            hosts.push("localhost");
        }
        let login = passfile::Login { hosts: &hosts, port: endpoint.port, database: &self.database, user: &self.user };
        let found = passfile::find(self.passfile.as_deref(), around, &login);
        let secret = found.password.filter(|p| !p.expose_secret().is_empty());
        Password { secret, source: "in the password file", hint: found.hint }
    }

    /// `host:port/database`, all hosts where there are several.
    pub(super) fn address(&self) -> String {
        let hosts: Vec<String> = self.endpoints.iter().map(Endpoint::words).collect();
        format!("{}/{}", hosts.join(","), self.database)
    }
}

fn settings(message: impl Into<String>) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

/// A keyword that takes one of a few words.
fn choice<T: Copy>(keywords: &Keywords, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ConnectError> {
    let Some(said) = keywords.get(name) else { return Ok(None) };
    match words.iter().find(|(word, _)| *word == said) {
        Some((_, value)) => Ok(Some(*value)),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Err(settings(format!("{name} must be one of: {}", known.join(", "))))
        }
    }
}

fn endpoints(keywords: &Keywords) -> Result<Vec<Endpoint>, ConnectError> {
    let list = |name| keywords.get(name).map(|text| text.split(',').map(str::trim).collect::<Vec<_>>());
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = addresses.as_ref().or(hosts.as_ref()).map_or(1, Vec::len);
    if let (Some(hosts), Some(addresses)) = (&hosts, &addresses)
        && hosts.len() != addresses.len()
    {
        return Err(settings("host and hostaddr name different numbers of servers"));
    }
    if let Some(ports) = &ports
        && ports.len() != 1
        && ports.len() != count
    {
        return Err(settings("port names another number of servers than host"));
    }
    (0..count)
        .map(|i| {
            let pick =
                |list: &Option<Vec<&str>>| list.as_ref().and_then(|l| l.get(i)).copied().unwrap_or("").to_owned();
            let port = match &ports {
                Some(ports) if ports.len() == 1 => ports[0].to_owned(),
                _ => pick(&ports),
            };
            let port = if port.is_empty() {
                PORT
            } else {
                port.parse().ok().filter(|p| *p > 0).ok_or_else(|| settings("port is not a number from 1 to 65535"))?
            };
            endpoint(&pick(&hosts), &pick(&addresses), port)
        })
        .collect()
}

fn endpoint(host: &str, address: &str, port: u16) -> Result<Endpoint, ConnectError> {
    if !address.is_empty() {
        let parsed = address.parse().map_err(|_| settings("hostaddr is not an IP address; host takes names"))?;
        let host = if host.is_empty() { address } else { host };
        return Ok(Endpoint { host: host.to_owned(), place: Place::Address(parsed), port });
    }
    if host.is_empty() || host.starts_with('/') {
        let folder = if host.is_empty() {
            let used = SOCKET_FOLDERS.iter().find(|folder| socket_file(Path::new(folder), port).exists());
            used.copied().unwrap_or(SOCKET_FOLDERS[0])
        } else {
            host
        };
        let place = Place::Socket(socket_file(Path::new(folder), port));
        return Ok(Endpoint { host: folder.to_owned(), place, port });
    }
    Ok(Endpoint { host: host.to_owned(), place: Place::of_host(host), port })
}

/// A file of `~/.postgresql` that exists.
fn existing(around: &Surroundings, name: &str) -> Option<String> {
    let path = around.home.as_ref()?.join(".postgresql").join(name);
    path.is_file().then(|| path.display().to_string())
}

fn client_certificate(keywords: &Keywords, around: &Surroundings) -> Result<Option<(PathBuf, PathBuf)>, ConnectError> {
    let file = |keyword: &str, default: &str| {
        keywords.get(keyword).map(str::to_owned).or_else(|| existing(around, default)).map(PathBuf::from)
    };
    match (file("sslcert", "postgresql.crt"), file("sslkey", "postgresql.key")) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (Some(_), None) => Err(settings("a client certificate (sslcert) needs its key (sslkey)")),
        _ => Ok(None),
    }
}

fn methods(said: &str) -> Result<Vec<String>, ConnectError> {
    const KNOWN: &[&str] = &["password", "md5", "scram-sha-256", "none"];
    let wanted: Vec<&str> = said.split(',').map(str::trim).collect();
    let (negative, positive): (Vec<&str>, Vec<&str>) = wanted.iter().partition(|m| m.starts_with('!'));
    if !negative.is_empty() && !positive.is_empty() {
        return Err(settings("require_auth names methods either with ! or without, not both"));
    }
    let unwanted: Vec<&str> = negative.iter().map(|m| m.trim_start_matches('!')).collect();
    let left: Vec<String> = KNOWN
        .iter()
        .filter(|m| if unwanted.is_empty() { positive.contains(m) } else { !unwanted.contains(m) })
        .map(|m| (*m).to_owned())
        .collect();
    if left.is_empty() {
        return Err(settings(
            "require_auth leaves no login method that this program speaks (scram-sha-256, md5, password, none)",
        ));
    }
    Ok(left)
}

fn timeout(keywords: &Keywords) -> Result<Option<Duration>, ConnectError> {
    let Some(said) = keywords.get("connect_timeout") else { return Ok(None) };
    let seconds: i64 = said.trim().parse().map_err(|_| settings("connect_timeout is not a number of seconds"))?;
    Ok(u64::try_from(seconds).ok().filter(|s| *s > 0).map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(url: &str) -> Result<Plan, ConnectError> {
        let around = Surroundings { user: Some("os".into()), ..Surroundings::default() };
        Plan::make(&SecretString::from(url), &around)
    }
    fn mode(url: &str) -> TlsMode {
        let plan = plan(url).unwrap();
        plan.ssl_mode(&plan.endpoints[0])
    }

    #[test]
    fn tls_is_verified_unless_nobody_can_listen_or_less_was_said() {
        assert_eq!(mode("postgres://db.example/x"), TlsMode::VerifyFull);
        assert_eq!(mode("postgres://10.0.0.1/x"), TlsMode::VerifyFull);
        assert_eq!(mode("postgres://localhost/x"), TlsMode::Prefer);
        assert_eq!(mode("postgres://[::1]/x"), TlsMode::Prefer);
        assert_eq!(mode("postgres://127.1.2.3/x"), TlsMode::Prefer);
        assert_eq!(mode("postgres://db.example/x?sslmode=require"), TlsMode::Require);
        assert_eq!(mode("postgres://db.example/x?sslmode=require&sslrootcert=/ca"), TlsMode::VerifyCa);
        assert_eq!(mode("postgres://%2Ftmp/x?sslmode=verify-full"), TlsMode::Off);
        assert!(plan("postgres://h/x?sslmode=require&sslrootcert=system").is_err());
    }

    #[test]
    fn defaults_follow_libpq() {
        let made = plan("postgres://h").unwrap();
        assert_eq!((made.user.as_str(), made.database.as_str()), ("os", "os"));
        assert_eq!(plan("postgres://u@h").unwrap().address(), "h:5432/u");
        assert_eq!(plan("postgres://u@a:1,b/d").unwrap().address(), "a:1,b:5432/d");
        assert_eq!(plan("postgres://u@a,b/d?port=7").unwrap().address(), "a:7,b:7/d");
        assert_eq!(plan("postgres://u@[fe80::1]/d").unwrap().address(), "[fe80::1]:5432/d");
        assert_eq!(plan("postgres:///d?host=/run/x").unwrap().address(), "/run/x:5432/d");
        let named = plan("postgres://u@h/d?hostaddr=127.0.0.9").unwrap();
        assert_eq!(named.endpoints[0].host, "h");
        assert!(matches!(named.endpoints[0].place, Place::Address(_)));
    }

    #[test]
    fn mistakes_are_named() {
        for (url, words) in [
            ("postgres://h/d?sslmode=on", "verify-full"),
            ("postgres://h/d?port=0", "65535"),
            ("postgres://h,i/d?port=1,2,3", "number of servers"),
            ("postgres://h/d?connect_timeout=soon", "seconds"),
            ("postgres://h/d?hostaddr=name", "IP address"),
            ("postgres://h/d?require_auth=gss", "no login method"),
            ("postgres://h/d?gssencmode=require", "Kerberos"),
            ("postgres://h/d?target_session_attrs=x", "prefer-standby"),
        ] {
            let Err(error) = plan(url) else { panic!("{url} was taken") };
            assert!(error.message.contains(words), "{url}: {error}");
        }
    }
}
