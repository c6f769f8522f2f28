//! `postgres://` URLs -> connection keywords, as libpq reads them. No message here quotes the URL: any part of a
//! mistyped one may be the password.

use super::keywords::Keywords;
use crate::domain::error_event::{ConnectError, ConnectKind};
use secrecy::{ExposeSecret as _, SecretString};

/// What to do about characters that have a meaning in URLs.
const ENCODE: &str = "in a user name or password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25";

/// The parts of a URL, still encoded.
struct Parts<'a> {
    scheme: &'a str,
    /// `user:password`, where there is an `@`.
    login: Option<&'a str>,
    hosts: &'a str,
    /// Without the leading slash.
    path: Option<&'a str>,
    query: Option<&'a str>,
}

/// Reads a URL into keywords.
pub(super) fn parse(url: &SecretString) -> Result<Keywords, ConnectError> {
    let parts = split(url.expose_secret())?;
    let mut keywords = Keywords::default();
    if let Some(login) = parts.login {
        let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
        if !user.is_empty() {
            keywords.set("user", decode(user)?)?;
        }
        if let Some(password) = password.filter(|p| !p.is_empty()) {
            keywords.set("password", decode(password)?)?;
        }
    }
    if !parts.hosts.is_empty() {
        let mut names = Vec::new();
        let mut ports = Vec::new();
        for host in parts.hosts.split(',') {
            let (name, port) = host_and_port(host)?;
            names.push(decode(name)?);
            ports.push(port.to_owned());
        }
        if names.iter().any(|name| !name.is_empty()) {
            keywords.set("host", names.join(","))?;
        }
        if ports.iter().any(|port| !port.is_empty()) {
            keywords.set("port", ports.join(","))?;
        }
    }
    if let Some(database) = parts.path.filter(|p| !p.is_empty()) {
        keywords.set("dbname", decode(database)?)?;
    }
    for pair in parts.query.into_iter().flat_map(|q| q.split('&')).filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| settings("a parameter after the ? of the URL has no ="))?;
        match decode(name)?.as_str() {
            // JDBC's word for it, which libpq takes in URLs too.
            "ssl" if value == "true" => keywords.set("sslmode", "require".into())?,
            name => keywords.set(name, decode(value)?)?,
        }
    }
    Ok(keywords)
}

/// The URL of another database on the same server.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    let parts = split(url.expose_secret()).ok()?;
    let mut out = format!("{}://", parts.scheme);
    if let Some(login) = parts.login {
        out.push_str(login);
        out.push('@');
    }
    out.push_str(parts.hosts);
    out.push('/');
    out.push_str(&encode(database));
    // A `dbname` in the query would win over the path.
    let kept: Vec<&str> = parts
        .query
        .into_iter()
        .flat_map(|q| q.split('&'))
        .filter(|pair| pair.split('=').next().is_some_and(|name| decode(name).is_ok_and(|n| n != "dbname")))
        .collect();
    if !kept.is_empty() {
        out.push('?');
        out.push_str(&kept.join("&"));
    }
    Some(SecretString::from(out))
}

fn split(url: &str) -> Result<Parts<'_>, ConnectError> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| settings("a PostgreSQL URL begins with postgres://"))?;
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(r, q)| (r, Some(q)));
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(a, p)| (a, Some(p)));
    // The last @ ends the login, so that an @ in a password does no harm.
    let (login, hosts) = authority.rsplit_once('@').map_or((None, authority), |(l, h)| (Some(l), h));
    let stray = |text: Option<&str>| text.is_some_and(|t| t.contains('@'));
    if login.is_none() && (stray(path) || (stray(query) && authority.contains(':'))) {
        return Err(settings(&format!("the @ of the URL comes after a / or ?: {ENCODE}")));
    }
    Ok(Parts { scheme, login, hosts, path, query })
}

fn host_and_port(text: &str) -> Result<(&str, &str), ConnectError> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or_else(|| settings("an IPv6 address in the URL lacks its ]"))?;
        (host, after.strip_prefix(':').unwrap_or(after))
    } else {
        text.rsplit_once(':').unwrap_or((text, ""))
    };
    if host.contains(':') && !text.starts_with('[') {
        return Err(settings(&format!("an IPv6 address in a URL stands in [ ]; {ENCODE}")));
    }
    if !port.is_empty() && port.parse::<u16>().is_err() {
        return Err(settings(&format!("the port in the URL is not a number; {ENCODE}")));
    }
    Ok((host, port))
}

fn decode(text: &str) -> Result<String, ConnectError> {
    let wrong = || settings(&format!("a % in the URL is not followed by two hexadecimal digits: {ENCODE}"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (digit(rest.next()), digit(rest.next())) {
            (Some(0), Some(0)) | (None, _) | (_, None) => return Err(wrong()),
            (Some(high), Some(low)) => bytes.push(high << 4 | low),
        }
    }
    String::from_utf8(bytes).map_err(|_| settings("the URL does not decode to UTF-8"))
}

/// Writes a name so that it can stand anywhere in a URL.
pub(super) fn encode(text: &str) -> String {
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

fn settings(message: &str) -> ConnectError {
    ConnectError::new(ConnectKind::Settings, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn get(url: &str, name: &str) -> Option<String> {
        parse(&SecretString::from(url)).unwrap().get(name).map(str::to_owned)
    }
    fn password(url: &str) -> Option<String> {
        parse(&SecretString::from(url)).unwrap().password().map(|p| p.expose_secret().to_owned())
    }

    #[test]
    fn every_part_is_found_and_decoded() {
        let url = "postgresql://us%20er:p%40ss%2F@db.example:6000/my%20db?sslmode=require&application_name=a%26b";
        assert_eq!(get(url, "user").as_deref(), Some("us er"));
        assert_eq!(password(url).as_deref(), Some("p@ss/"));
        assert_eq!(get(url, "host").as_deref(), Some("db.example"));
        assert_eq!(get(url, "port").as_deref(), Some("6000"));
        assert_eq!(get(url, "dbname").as_deref(), Some("my db"));
        assert_eq!(get(url, "sslmode").as_deref(), Some("require"));
    }

    #[test]
    fn forms_of_hosts() {
        assert_eq!(get("postgres://[::1]:5433,h2/db", "host").as_deref(), Some("::1,h2"));
        assert_eq!(get("postgres://[::1]:5433,h2/db", "port").as_deref(), Some("5433,"));
        assert_eq!(get("postgres://%2Fvar%2Frun/db", "host").as_deref(), Some("/var/run"));
        assert_eq!(get("postgres:///db?host=/tmp&port=6000", "host").as_deref(), Some("/tmp"));
        assert_eq!(get("postgres:///db", "host"), None);
        assert_eq!(get("postgres://:6000", "port").as_deref(), Some("6000"));
        assert_eq!(password("postgres://u:a@b@h/d").as_deref(), Some("a@b"));
    }

    #[test]
    fn no_message_quotes_the_url() {
        for url in [
            "postgres://u:S3c/r3t@h/db",
            "postgres://u:S3c%r3t@h/db",
            "postgres://u:S3c?r3t@h/db",
            "postgres://u:S3c:r3t/x",
            "postgres://h:S3cr3t/db",
            "postgres://h/db?S3cr3t",
            "postgres://h/db?pasword=S3cr3t",
            "S3cr3t",
        ] {
            let Err(error) = parse(&SecretString::from(url)) else { panic!("{url} was taken") };
            assert_eq!(error.kind, ConnectKind::Settings, "{url}");
            assert!(!error.message.contains("S3c") && !error.message.contains("r3t"), "{url}: {error}");
        }
    }

    #[test]
    fn another_database_of_the_same_server() {
        let other =
            |url: &str| with_database(&SecretString::from(url), "a b/c").map(|u| u.expose_secret().to_owned()).unwrap();
        assert_eq!(other("postgres://u:p@h:1/db?sslmode=disable"), "postgres://u:p@h:1/a%20b%2Fc?sslmode=disable");
        assert_eq!(other("postgres://h?dbname=x"), "postgres://h/a%20b%2Fc");
        assert_eq!(other("postgres:///x?host=/tmp&dbname=y"), "postgres:///a%20b%2Fc?host=/tmp");
    }
}
