//! Options -> what will be tried: the endpoint, who we are, and how careful the connection is.

use super::options::{self, Options};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use crate::engine::net::{Endpoint, Place, TlsMode};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Files of sockets: Debian's and Red Hat's, and the one compiled in.
pub(super) const SOCKETS: &[&str] =
    &["/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
/// The port of MySQL and MariaDB.
pub(super) const PORT: u16 = 3306;

/// Words of `ssl-mode`.
const SSL_MODES: [(&str, TlsMode); 5] = [
    ("DISABLED", TlsMode::Off),
    ("PREFERRED", TlsMode::Prefer),
    ("REQUIRED", TlsMode::Require),
    ("VERIFY_CA", TlsMode::VerifyCa),
    ("VERIFY_IDENTITY", TlsMode::VerifyFull),
];

/// The server's word for a mode.
pub(super) fn ssl_word(mode: TlsMode) -> &'static str {
    SSL_MODES.iter().find(|(_, known)| *known == mode).map_or("", |(word, _)| word)
}

/// A password with its source in words.
#[derive(Clone)]
pub(super) struct Password {
    pub(super) secret: Option<SecretString>,
    pub(super) source: &'static str,
    /// Files that were left out, and why.
    pub(super) hints: Vec<String>,
}

/// Everything decided before the first packet.
pub(super) struct Plan {
    pub(super) endpoint: Endpoint,
    pub(super) user: String,
    pub(super) database: Option<String>,
    pub(super) ssl_mode: TlsMode,
    pub(super) root_certificates: Option<String>,
    /// Certificate and key of our own.
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    /// TLS 1.2 is not good enough.
    pub(super) only_tls13: bool,
    pub(super) timeout: Option<Duration>,
    /// The way in when the server is full: `admin_port` of MySQL, `extra_port` of MariaDB.
    pub(super) admin_port: Option<u16>,
    /// The server's public key in PEM form.
    pub(super) server_key: Option<Vec<u8>>,
    pub(super) password: Password,
}

impl Plan {
    /// Decides.
    pub(super) fn make(url: &SecretString, around: &Surroundings) -> Result<Self, ConnectError> {
        let options = options::gather(url, around)?;
        let user = options.get("user").or(around.user.as_deref()).map(str::to_owned);
        let user = user.ok_or_else(|| settings("no user name: put it in the URL (mysql://USER@HOST/DATABASE)"))?;
        let endpoint = endpoint(&options)?;
        let root_certificates = options.get("ssl-ca").map(str::to_owned);
        let ssl_mode = ssl_mode(&options, &endpoint, root_certificates.is_some())?;
        Ok(Self {
            user,
            database: options.get("database").map(str::to_owned),
            ssl_mode,
            root_certificates,
            client_certificate: client_certificate(&options)?,
            only_tls13: only_tls13(&options)?,
            timeout: timeout(&options)?,
            admin_port: port(&options, "admin-port")?.or(port(&options, "extra-port")?),
            server_key: options.get("server-public-key-path").map(public_key).transpose()?,
            password: Password {
                secret: options.password().cloned(),
                source: options.password_source,
                hints: options.hints.clone(),
            },
            endpoint,
        })
    }

    /// The password: `given` (from a prompt or a command) wins over what files and URL say.
    pub(super) fn password(&self, given: Option<&SecretString>) -> Password {
        match given {
            Some(secret) => Password { secret: Some(secret.clone()), source: "given", hints: Vec::new() },
            None => self.password.clone(),
        }
    }

    /// `host:port/database`.
    pub(super) fn address(&self) -> String {
        let database = self.database.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        format!("{}{database}", self.endpoint.words())
    }
}

fn settings(message: impl Into<String>) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

/// What was said; else verified TLS, and less only where nobody can listen. TLS is not spoken on sockets.
fn ssl_mode(options: &Options, endpoint: &Endpoint, has_authority: bool) -> Result<TlsMode, ConnectError> {
    let said = match options.get("ssl-mode") {
        None => mariadb_mode(options),
        Some(word) => {
            let plain = word.to_ascii_uppercase().replace('-', "_");
            let found = SSL_MODES.iter().find(|(known, _)| *known == plain);
            Some(found.map(|(_, mode)| *mode).ok_or_else(|| {
                let known: Vec<&str> = SSL_MODES.iter().map(|(word, _)| *word).collect();
                settings(format!("ssl-mode must be one of: {}", known.join(", ")))
            })?)
        }
    };
    // As the servers' own clients do: with an authority at hand, `REQUIRED` asks it.
    let said = match said {
        Some(TlsMode::Require) if has_authority => Some(TlsMode::VerifyCa),
        other => other,
    };
    Ok(match (&endpoint.place, said) {
        (Place::Socket(_), _) => TlsMode::Off,
        (_, Some(mode)) => mode,
        (_, None) if !endpoint.is_local() => TlsMode::VerifyFull,
        (_, None) if has_authority => TlsMode::VerifyCa,
        (_, None) => TlsMode::Prefer,
    })
}

/// MariaDB's clients say it with two switches.
fn mariadb_mode(options: &Options) -> Option<TlsMode> {
    let switch =
        |name| options.get(name).map(|word| !matches!(word.to_ascii_lowercase().as_str(), "0" | "off" | "false"));
    match (switch("ssl"), switch("ssl-verify-server-cert")) {
        (Some(false), _) => Some(TlsMode::Off),
        (_, Some(true)) => Some(TlsMode::VerifyFull),
        (Some(true), Some(false)) => Some(TlsMode::Require),
        (_, Some(false)) => Some(TlsMode::Prefer),
        _ => None,
    }
}

fn endpoint(options: &Options) -> Result<Endpoint, ConnectError> {
    let said_port = port(options, "port")?;
    let host = options.get("host");
    let socket = options.get("socket");
    let wanted = options.get("protocol").map(str::to_ascii_lowercase);
    let by_socket = match wanted.as_deref() {
        Some("socket") => true,
        Some("tcp") => false,
        Some(_) => return Err(settings("protocol must be tcp or socket")),
        // A bare `localhost` means the socket, as for the servers' own clients.
        None => host.is_none_or(|h| h.eq_ignore_ascii_case("localhost")) && (socket.is_some() || said_port.is_none()),
    };
    let existing = SOCKETS.iter().copied().find(|path| Path::new(path).exists());
    let file = socket.or(existing).or_else(|| (wanted.as_deref() == Some("socket")).then_some(SOCKETS[0]));
    if let Some(file) = file.filter(|_| by_socket) {
        return Ok(Endpoint { host: file.to_owned(), place: Place::Socket(PathBuf::from(file)), port: 0 });
    }
    let host = host.unwrap_or("localhost");
    Ok(Endpoint { host: host.to_owned(), place: Place::of_host(host), port: said_port.unwrap_or(PORT) })
}

fn port(options: &Options, name: &str) -> Result<Option<u16>, ConnectError> {
    let wrong = || settings(format!("{name} is not a number from 1 to 65535"));
    options.get(name).map(|said| said.parse().ok().filter(|p| *p > 0).ok_or_else(wrong)).transpose()
}

fn client_certificate(options: &Options) -> Result<Option<(PathBuf, PathBuf)>, ConnectError> {
    match (options.get("ssl-cert"), options.get("ssl-key")) {
        (Some(certificate), Some(key)) => Ok(Some((certificate.into(), key.into()))),
        (None, None) => Ok(None),
        _ => Err(settings("a client certificate (ssl-cert) needs its key (ssl-key), and the key its certificate")),
    }
}

fn only_tls13(options: &Options) -> Result<bool, ConnectError> {
    let Some(said) = options.get("tls-version") else { return Ok(false) };
    let versions: Vec<&str> = said.split(',').map(str::trim).collect();
    if !versions.iter().any(|v| matches!(*v, "TLSv1.2" | "TLSv1.3")) {
        return Err(settings("tls-version must name TLSv1.2, TLSv1.3 or both"));
    }
    Ok(!versions.contains(&"TLSv1.2"))
}

fn public_key(path: &str) -> Result<Vec<u8>, ConnectError> {
    let pem = std::fs::read(path).map_err(|e| settings(format!("{path}: cannot be read: {e}")))?;
    // The longest RSA key in use has 4096 bits, which is under 1 kB.
    let is_key = pem.len() < 8192 && pem.starts_with(b"-----BEGIN PUBLIC KEY-----");
    if is_key { Ok(pem) } else { Err(settings(format!("{path} holds no public key in PEM form"))) }
}

fn timeout(options: &Options) -> Result<Option<Duration>, ConnectError> {
    let Some(said) = options.get("connect-timeout") else { return Ok(None) };
    let seconds: u64 = said.trim().parse().map_err(|_| settings("connect-timeout is not a number of seconds"))?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
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
        plan(url).unwrap().ssl_mode
    }

    #[test]
    fn tls_is_verified_unless_nobody_can_listen_or_less_was_said() {
        assert_eq!(mode("mysql://db.example/x"), TlsMode::VerifyFull);
        assert_eq!(mode("mysql://10.0.0.1/x"), TlsMode::VerifyFull);
        assert_eq!(mode("mysql://127.0.0.1/x"), TlsMode::Prefer);
        assert_eq!(mode("mysql://localhost:3306/x"), TlsMode::Prefer);
        assert_eq!(mode("mysql://[::1]/x?ssl-ca=/ca"), TlsMode::VerifyCa);
        assert_eq!(mode("mysql://db.example/x?ssl-mode=preferred"), TlsMode::Prefer);
        assert_eq!(mode("mysql://db.example/x?ssl-mode=verify-ca"), TlsMode::VerifyCa);
        assert_eq!(mode("mysql://db.example/x?sslMode=REQUIRED&ssl-ca=/ca"), TlsMode::VerifyCa);
        assert_eq!(mode("mariadb://db.example/x?ssl=0"), TlsMode::Off);
        assert_eq!(mode("mariadb://db.example/x?ssl=1"), TlsMode::VerifyFull);
        assert_eq!(mode("mariadb://db.example/x?ssl=1&ssl-verify-server-cert=0"), TlsMode::Require);
        assert_eq!(mode("mysql:///x?socket=/s&ssl-mode=REQUIRED"), TlsMode::Off);
    }

    #[test]
    fn defaults_follow_the_servers_own_clients() {
        assert_eq!(plan("mysql://h").unwrap().user, "os");
        assert_eq!(plan("mysql://u@h").unwrap().address(), "h:3306");
        assert_eq!(plan("mysql://u@h:1/d").unwrap().address(), "h:1/d");
        assert_eq!(plan("mysql://u@[fe80::1]/d").unwrap().address(), "[fe80::1]:3306/d");
        assert_eq!(plan("mysql://u@localhost/d?socket=/run/x.sock").unwrap().address(), "/run/x.sock/d");
        assert_eq!(plan("mysql://u@localhost:7/d").unwrap().address(), "localhost:7/d");
        assert_eq!(plan("mysql://u@localhost/d?protocol=tcp").unwrap().address(), "localhost:3306/d");
    }

    #[test]
    fn mistakes_are_named() {
        for (url, words) in [
            ("mysql://h/d?ssl-mode=on", "VERIFY_IDENTITY"),
            ("mysql://h/d?port=0", "65535"),
            ("mysql://h/d?connect-timeout=soon", "seconds"),
            ("mysql://h/d?protocol=pipe", "tcp or socket"),
            ("mysql://h/d?ssl-cert=/c", "ssl-key"),
            ("mysql://h/d?tls-version=TLSv1.1", "TLSv1.2"),
            ("mysql://h/d?server-public-key-path=/none", "cannot be read"),
            ("mysql://h/d?ssl-crl=/x", "revoked"),
        ] {
            let Err(error) = plan(url) else { panic!("{url} was taken") };
            assert!(error.message.contains(words), "{url}: {error}");
        }
    }
}
