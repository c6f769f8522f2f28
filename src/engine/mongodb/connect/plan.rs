//! What a URL says -> what will be tried: servers, who we are, which member will do, and how careful the connection is.

use super::url::{self, Hosts, Options, Said};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::mongodb::wire::scram;
use crate::engine::net::{Endpoint, TlsMode};
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// The database of logins that live outside the server.
const EXTERNAL: &str = "$external";

/// How we prove who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// SCRAM with the strongest digest that the server has for this user.
    Negotiated,
    /// SCRAM with this digest.
    Scram(scram::Mechanism),
    /// The certificate of the TLS connection.
    X509,
    /// The password itself, for servers that pass it on to LDAP.
    Plain,
}

impl Mechanism {
    /// The word in a URL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Negotiated => "SCRAM",
            Self::Scram(digest) => digest.name(),
            Self::X509 => "MONGODB-X509",
            Self::Plain => "PLAIN",
        }
    }
    fn of(word: &str) -> Result<Self, ConnectError> {
        match word.to_ascii_uppercase().as_str() {
            "DEFAULT" => Ok(Self::Negotiated),
            "SCRAM-SHA-1" => Ok(Self::Scram(scram::Mechanism::Sha1)),
            "SCRAM-SHA-256" => Ok(Self::Scram(scram::Mechanism::Sha256)),
            "MONGODB-X509" => Ok(Self::X509),
            "PLAIN" => Ok(Self::Plain),
            known @ ("GSSAPI" | "MONGODB-AWS" | "MONGODB-OIDC" | "MONGODB-CR") => Err(ConnectError::new(
                ConnectKind::UnsupportedLogin,
                format!(
                    "authMechanism={known} is not supported: use a user with SCRAM-SHA-256 or a client certificate"
                ),
            )),
            _ => Err(settings("the option authMechanism of the URL names no way of logging in")),
        }
    }
}

/// Which member of a replica set will do, as `readPreference` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Primary,
    PrimaryPreferred,
    Secondary,
    SecondaryPreferred,
    Nearest,
}

impl Member {
    const ALL: [(&'static str, Self); 5] = [
        ("primary", Self::Primary),
        ("primaryPreferred", Self::PrimaryPreferred),
        ("secondary", Self::Secondary),
        ("secondaryPreferred", Self::SecondaryPreferred),
        ("nearest", Self::Nearest),
    ];
    /// The word in a URL and on the wire.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, member)| *member == self).map_or("primary", |(name, _)| name)
    }
}

/// Who we are.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
    /// The database in which the user lives.
    pub(super) source: String,
    pub(super) mechanism: Mechanism,
}

/// Everything decided before the first packet.
pub(super) struct Plan {
    pub(super) hosts: Hosts,
    pub(super) login: Option<Login>,
    /// The database, where the URL names one.
    pub(super) database: Option<String>,
    /// What was said about TLS; a service name means TLS.
    pub(super) tls: TlsMode,
    /// Plain text over a network was asked for in so many words.
    pub(super) plain_on_purpose: bool,
    pub(super) authorities: Option<String>,
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
    /// The name of the replica set, where one is asked for.
    pub(super) set: Option<String>,
    pub(super) member: Member,
    /// This one server and no other, whatever its role.
    pub(super) direct: bool,
    pub(super) load_balanced: bool,
    pub(super) timeout: Option<Duration>,
}

impl Plan {
    /// Decides. A password given apart wins over the URL's.
    pub(super) fn make(url: &SecretString, given: Option<&SecretString>) -> Result<Self, ConnectError> {
        Self::from_said(url::parse(url)?, given)
    }

    /// Decides from the parts of a URL.
    pub(super) fn from_said(said: Said, given: Option<&SecretString>) -> Result<Self, ConnectError> {
        let Said { user, password, hosts, database, options } = said;
        let set = options.get("replicaset").map(str::to_owned);
        let alone = matches!(&hosts, Hosts::Named(list) if list.len() == 1);
        let direct = options.switch("directconnection")?;
        if direct == Some(true) && !alone {
            return Err(settings("directConnection=true goes with one host, and the URL names several"));
        }
        let member = match options.get("readpreference") {
            None => Member::Primary,
            Some(word) => Member::ALL
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(word))
                .map(|(_, member)| *member)
                .ok_or_else(|| settings("the option readPreference of the URL names no kind of member"))?,
        };
        if options.get("tlscertificatekeyfilepassword").is_some() {
            return Err(settings("tlsCertificateKeyFilePassword: an encrypted key is not supported; decrypt the file"));
        }
        let certificate = options.get("tlscertificatekeyfile").map(PathBuf::from);
        Ok(Self {
            login: login(user, given.cloned().or(password), database.as_deref(), &options)?,
            tls: tls(&options, matches!(hosts, Hosts::Service(_)))?,
            plain_on_purpose: options.switch("tls")? == Some(false),
            authorities: options.get("tlscafile").map(str::to_owned),
            client_certificate: certificate.map(|file| (file.clone(), file)),
            // One host and no set: this server is meant, as every driver reads it.
            direct: direct.unwrap_or(alone && set.is_none()),
            load_balanced: options.switch("loadbalanced")?.unwrap_or(false),
            timeout: options.number("connecttimeoutms")?.filter(|&ms| ms > 0).map(Duration::from_millis),
            hosts,
            database,
            set,
            member,
        })
    }

    /// `host:port/database`, every host named; nothing secret.
    pub(super) fn address(&self) -> String {
        let hosts = match &self.hosts {
            Hosts::Named(list) => list.iter().map(Endpoint::words).collect::<Vec<_>>().join(","),
            Hosts::Service(name) => name.clone(),
        };
        match &self.database {
            Some(database) => format!("{hosts}/{database}"),
            None => hosts,
        }
    }

    /// The certificate of the server is verified as far as this plan asks, or nobody can stand between.
    pub(super) fn is_verified(&self, endpoint: &Endpoint) -> bool {
        endpoint.is_local() || self.tls >= TlsMode::VerifyFull
    }

    /// What to know about a connection that is less than verified.
    pub(super) fn tls_hint(&self, endpoint: &Endpoint) -> Option<String> {
        match self.tls {
            _ if endpoint.is_local() => None,
            TlsMode::VerifyFull => None,
            TlsMode::VerifyCa => {
                Some("the host name in the certificate is not checked (tlsAllowInvalidHostnames)".to_owned())
            }
            TlsMode::Require => Some(
                "TLS is not verified (tlsInsecure or tlsAllowInvalidCertificates): anybody can stand between".into(),
            ),
            _ => Some("plaintext: nothing is encrypted (say tls=true)".to_owned()),
        }
    }
}

fn login(
    user: Option<String>,
    password: Option<SecretString>,
    database: Option<&str>,
    options: &Options,
) -> Result<Option<Login>, ConnectError> {
    let said = options.get("authmechanism");
    let mechanism = said.map_or(Ok(Mechanism::Negotiated), Mechanism::of)?;
    let external = matches!(mechanism, Mechanism::X509 | Mechanism::Plain);
    let source = options.get("authsource").or(if external { None } else { database });
    let source = source.unwrap_or(if external { EXTERNAL } else { "admin" }).to_owned();
    match user {
        Some(user) => Ok(Some(Login { user, password, source, mechanism })),
        // The server takes the name from the certificate.
        None if mechanism == Mechanism::X509 => {
            Ok(Some(Login { user: String::new(), password: None, source, mechanism }))
        }
        None if said.is_some() => Err(settings("the URL names a way of logging in but no user")),
        None => Ok(None),
    }
}

/// The care taken with TLS. Off unless asked for, as in every MongoDB tool, which is good enough on this machine and in
/// a tunnel; over a network plain text must be asked for too. TLS is verified in full unless the URL says which check to
/// leave out.
fn tls(options: &Options, service: bool) -> Result<TlsMode, ConnectError> {
    let insecure = options.switch("tlsinsecure")?.unwrap_or(false);
    let any_certificate = options.switch("tlsallowinvalidcertificates")?.unwrap_or(false);
    let any_name = options.switch("tlsallowinvalidhostnames")?.unwrap_or(false);
    let files = options.get("tlscafile").or(options.get("tlscertificatekeyfile")).is_some();
    let wanted = options.switch("tls")?;
    if wanted == Some(false) && files {
        return Err(settings("the URL says tls=false and names certificates: which of the two?"));
    }
    Ok(match wanted.unwrap_or(service || files) {
        false => TlsMode::Off,
        true if insecure || any_certificate => TlsMode::Require,
        true if any_name => TlsMode::VerifyCa,
        true => TlsMode::VerifyFull,
    })
}

fn settings(message: &str) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn plan(url: &str) -> Plan {
        Plan::make(&SecretString::from(url), None).unwrap_or_else(|e| panic!("{url}: {e}"))
    }

    #[test]
    fn tls_is_verified_in_full_unless_the_url_says_what_to_leave_out() {
        for (url, mode) in [
            ("mongodb://h", TlsMode::Off),
            ("mongodb://h/?tls=true", TlsMode::VerifyFull),
            ("mongodb://h/?ssl=true", TlsMode::VerifyFull),
            ("mongodb://h/?tlsCAFile=ca.pem", TlsMode::VerifyFull),
            ("mongodb://h/?tls=true&tlsAllowInvalidHostnames=true", TlsMode::VerifyCa),
            ("mongodb://h/?tls=true&tlsAllowInvalidCertificates=true", TlsMode::Require),
            ("mongodb://h/?tls=true&tlsInsecure=true", TlsMode::Require),
            ("mongodb+srv://h.example.net", TlsMode::VerifyFull),
            ("mongodb+srv://h.example.net/?tls=false", TlsMode::Off),
        ] {
            assert_eq!(plan(url).tls, mode, "{url}");
        }
        let Err(error) = Plan::make(&SecretString::from("mongodb://h/?tls=false&tlsCAFile=x"), None) else { panic!() };
        assert_eq!(error.kind, ConnectKind::Settings);
    }

    #[test]
    fn the_user_lives_where_the_url_says() {
        for (url, source) in [
            ("mongodb://u:p@h", "admin"),
            ("mongodb://u:p@h/shop", "shop"),
            ("mongodb://u:p@h/shop?authSource=admin", "admin"),
            ("mongodb://u:p@h/shop?authMechanism=PLAIN", "$external"),
            ("mongodb://h/?authMechanism=MONGODB-X509", "$external"),
        ] {
            assert_eq!(plan(url).login.unwrap().source, source, "{url}");
        }
        assert!(plan("mongodb://h/shop").login.is_none());
    }

    #[test]
    fn one_host_without_a_set_is_meant_itself() {
        assert!(plan("mongodb://h").direct && plan("mongodb://h/?directConnection=true&replicaSet=rs").direct);
        assert!(!plan("mongodb://h/?replicaSet=rs").direct && !plan("mongodb://a,b").direct);
        assert!(!plan("mongodb+srv://h.example.net").direct);
        assert_eq!(plan("mongodb://a,b:2/shop?replicaSet=rs").address(), "a:27017,b:2/shop");
        assert_eq!(plan("mongodb+srv://u:p@h.example.net/shop").address(), "h.example.net/shop");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (url, kind) in [
            ("mongodb://u:p@h/?authMechanism=GSSAPI", ConnectKind::UnsupportedLogin),
            ("mongodb://u:p@h/?authMechanism=MONGODB-AWS", ConnectKind::UnsupportedLogin),
            ("mongodb://u:p@h/?authMechanism=S3cr3t", ConnectKind::Settings),
            ("mongodb://h/?authMechanism=SCRAM-SHA-1", ConnectKind::Settings),
            ("mongodb://h/?readPreference=best", ConnectKind::Settings),
            ("mongodb://a,b/?directConnection=true", ConnectKind::Settings),
            ("mongodb://h/?tls=maybe", ConnectKind::Settings),
            ("mongodb://h/?connectTimeoutMS=soon", ConnectKind::Settings),
        ] {
            let Err(error) = Plan::make(&SecretString::from(url), None) else { panic!("{url} was taken") };
            assert_eq!(error.kind, kind, "{url}");
            assert!(!error.message.contains("S3cr3t"));
        }
    }
}
