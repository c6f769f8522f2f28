//! `mongodb://` and `mongodb+srv://` URLs -> what they say, as the connection string specification reads them. No
//! message here quotes the URL: any part of a mistyped one may be the password.

use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::url::{Parts, decode, encode, host_and_port, split};
use crate::engine::net::{Endpoint, Place};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// MongoDB's port.
pub(super) const PORT: u16 = 27017;
const BEGINS: &str = "a MongoDB URL begins with mongodb:// or mongodb+srv://";

/// What a URL says.
pub(super) struct Said {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) hosts: Hosts,
    pub(super) database: Option<String>,
    pub(super) options: Options,
}

/// Where to look for servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hosts {
    /// Servers.
    Named(Vec<Endpoint>),
    /// A name whose SRV records name the servers.
    Service(String),
}

/// Options after the `?`, by name in lower case; the first of several counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads `a=b&c=d`. Drivers and services add options of their own: those that nobody asks for are passed over.
    pub(super) fn parse(query: &str) -> Result<Self, ConnectError> {
        let mut options = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| settings("an option after the ? of the URL has no ="))?;
            let name = decode(name)?.to_ascii_lowercase();
            // The older name of the same switch.
            let name = if name == "ssl" { "tls".to_owned() } else { name };
            options.entry(name).or_insert(decode(value)?);
        }
        Ok(Self(options))
    }
    /// An option's value; empty counts as not said. The name is in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
    /// A switch.
    pub(super) fn switch(&self, name: &'static str) -> Result<Option<bool>, ConnectError> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(settings(&format!("the option {name} of the URL is neither true nor false"))),
        }
    }
    /// A whole number.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<u64>, ConnectError> {
        self.get(name)
            .map(|value| value.parse().map_err(|_| settings(&format!("the option {name} of the URL is not a number"))))
            .transpose()
    }
    /// Options of the name's TXT record, where the URL itself says nothing.
    pub(super) fn complete(&mut self, others: Self) {
        for (name, value) in others.0 {
            self.0.entry(name).or_insert(value);
        }
    }
}

/// Reads a URL.
pub(super) fn parse(url: &SecretString) -> Result<Said, ConnectError> {
    let parts = split(url.expose_secret(), BEGINS)?;
    let (user, password) = match parts.login {
        None => (None, None),
        Some(login) => {
            let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
            let password = password.map(decode).transpose()?.filter(|p| !p.is_empty()).map(SecretString::from);
            (Some(decode(user)?).filter(|u| !u.is_empty()), password)
        }
    };
    Ok(Said {
        user,
        password,
        hosts: hosts(&parts)?,
        database: parts.path.map(decode).transpose()?.filter(|d| !d.is_empty()),
        options: Options::parse(parts.query.unwrap_or_default())?,
    })
}

fn hosts(parts: &Parts<'_>) -> Result<Hosts, ConnectError> {
    match parts.scheme.to_ascii_lowercase().as_str() {
        "mongodb+srv" => {
            let (host, port) = host_and_port(parts.hosts)?;
            if host.is_empty() || host.contains(',') || !port.is_empty() {
                return Err(settings(
                    "mongodb+srv:// takes one host name and no port: its SRV records name the servers",
                ));
            }
            Ok(Hosts::Service(decode(host)?))
        }
        "mongodb" => {
            let text = if parts.hosts.is_empty() { "localhost" } else { parts.hosts };
            text.split(',').map(endpoint).collect::<Result<_, _>>().map(Hosts::Named)
        }
        _ => Err(settings(BEGINS)),
    }
}

/// One server of the list: `host`, `host:port`, `[address]:port`, or the path of a socket with `%2F` for its slashes.
fn endpoint(text: &str) -> Result<Endpoint, ConnectError> {
    if text.to_ascii_lowercase().starts_with("%2f") {
        let path = decode(text)?;
        return Ok(Endpoint { place: Place::Socket(PathBuf::from(&path)), host: path, port: 0 });
    }
    let (host, port) = host_and_port(text)?;
    let host = decode(host)?;
    if host.is_empty() {
        return Err(settings("a host in the URL is empty"));
    }
    let port =
        if port.is_empty() { PORT } else { port.parse().map_err(|_| settings("a port in the URL is no port"))? };
    Ok(Endpoint { place: Place::of_host(&host), host, port })
}

/// A server as a replica set names it: `host:port`.
pub(super) fn member(name: &str) -> Option<Endpoint> {
    let (host, port) = host_and_port(name).ok()?;
    let port = if port.is_empty() { PORT } else { port.parse().ok()? };
    (!host.is_empty()).then(|| Endpoint { place: Place::of_host(host), host: host.to_owned(), port })
}

/// The URL of another database on the same server. Where the path said in which database the user lives, that is
/// kept in `authSource`.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    let parts = split(url.expose_secret(), BEGINS).ok()?;
    let options = Options::parse(parts.query.unwrap_or_default()).ok()?;
    let mut out = format!("{}://", parts.scheme);
    if let Some(login) = parts.login {
        out.push_str(login);
        out.push('@');
    }
    out.push_str(parts.hosts);
    out.push('/');
    out.push_str(&encode(database));
    let mut query: Vec<String> =
        parts.query.into_iter().flat_map(|q| q.split('&')).filter(|pair| !pair.is_empty()).map(str::to_owned).collect();
    let external = options.get("authmechanism").is_some_and(|m| !m.to_ascii_uppercase().starts_with("SCRAM"));
    if parts.login.is_some() && options.get("authsource").is_none() && !external {
        match parts.path.filter(|path| !path.is_empty()) {
            Some(home) => query.push(format!("authSource={home}")),
            // The TXT record of a service may say otherwise, and then it says the same whatever the path.
            None if parts.scheme.eq_ignore_ascii_case("mongodb") => query.push("authSource=admin".into()),
            None => {}
        }
    }
    if !query.is_empty() {
        out.push('?');
        out.push_str(&query.join("&"));
    }
    Some(SecretString::from(out))
}

fn settings(message: &str) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(url: &str) -> Said {
        parse(&SecretString::from(url)).unwrap_or_else(|e| panic!("{url}: {e}"))
    }
    fn words(url: &str) -> Vec<String> {
        match said(url).hosts {
            Hosts::Named(list) => list.iter().map(Endpoint::words).collect(),
            Hosts::Service(name) => vec![format!("srv {name}")],
        }
    }

    #[test]
    fn every_part_is_found_and_decoded() {
        let said = said("mongodb://us%40er:p%40ss%2F@a:1,b/shop?authSource=admin&SSL=true&w=majority&readPreference=");
        assert_eq!((said.user.as_deref(), said.database.as_deref()), (Some("us@er"), Some("shop")));
        assert_eq!(said.password.unwrap().expose_secret(), "p@ss/");
        assert_eq!((said.options.get("authsource"), said.options.get("readpreference")), (Some("admin"), None));
        assert_eq!(said.options.switch("tls"), Ok(Some(true)));
        assert!(said.options.number("w").is_err());
    }

    #[test]
    fn forms_of_hosts() {
        assert_eq!(words("mongodb://a:1,b,[::1]:5"), ["a:1", "b:27017", "[::1]:5"]);
        assert_eq!(words("mongodb://%2Ftmp%2Fmongodb-27017.sock/shop"), ["/tmp/mongodb-27017.sock"]);
        assert_eq!(words("mongodb+srv://u:p@cluster0.abc.example/shop"), ["srv cluster0.abc.example"]);
        assert_eq!(words("mongodb://"), ["localhost:27017"]);
        assert_eq!(member("db1.example:27018").unwrap().words(), "db1.example:27018");
        assert_eq!(member(""), None);
    }

    #[test]
    fn no_message_quotes_the_url() {
        for url in [
            "mongodb://u:S3c/r3t@h/db",
            "mongodb://u:S3c%r3t@h/db",
            "mongodb://u:S3c?r3t@h/db",
            "mongodb://h:S3cr3t/db",
            "mongodb://h/db?S3cr3t",
            "mongodb+srv://h:27017/S3cr3t",
            "mongodb+srv://a,S3cr3t/x",
            "mongodb://a,,S3cr3t/x",
            "http://S3cr3t",
            "S3cr3t",
        ] {
            let Err(error) = parse(&SecretString::from(url)) else { panic!("{url} was taken") };
            assert_eq!(error.kind, ConnectKind::Settings, "{url}");
            assert!(!error.message.contains("S3c") && !error.message.contains("r3t"), "{url}: {error}");
        }
    }

    #[test]
    fn another_database_keeps_the_login_where_it_lives() {
        let other =
            |url: &str| with_database(&SecretString::from(url), "a b").map(|u| u.expose_secret().to_owned()).unwrap();
        assert_eq!(other("mongodb://h:1/shop?tls=true"), "mongodb://h:1/a%20b?tls=true");
        assert_eq!(other("mongodb://u:p@h/shop"), "mongodb://u:p@h/a%20b?authSource=shop");
        assert_eq!(other("mongodb://u:p@h"), "mongodb://u:p@h/a%20b?authSource=admin");
        assert_eq!(other("mongodb://u:p@h/shop?authSource=x"), "mongodb://u:p@h/a%20b?authSource=x");
        assert_eq!(
            other("mongodb://u@h/s?authMechanism=MONGODB-X509"),
            "mongodb://u@h/a%20b?authMechanism=MONGODB-X509"
        );
        assert_eq!(other("mongodb+srv://u:p@h/"), "mongodb+srv://u:p@h/a%20b");
    }
}
