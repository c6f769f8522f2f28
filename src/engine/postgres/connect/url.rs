//! `postgres://` URLs -> connection keywords, as libpq reads them. No message here quotes the URL: any part of a
//! mistyped one may be the password.

use super::keywords::Keywords;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::url::{decode, encode, host_and_port, split};
use secrecy::{ExposeSecret as _, SecretString};

/// How a URL of ours begins.
const BEGINS: &str = "a PostgreSQL URL begins with postgres://";

/// Reads a URL into keywords.
pub(super) fn parse(url: &SecretString) -> Result<Keywords, ConnectError> {
    let parts = split(url.expose_secret(), BEGINS)?;
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
    let parts = split(url.expose_secret(), BEGINS).ok()?;
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

/// The URL with one more parameter, unless it has it already.
pub(super) fn with_parameter(url: &SecretString, name: &str, value: &str) -> Result<SecretString, ConnectError> {
    let text = url.expose_secret();
    let parts = split(text, BEGINS)?;
    let mut pairs = parts.query.into_iter().flat_map(|q| q.split('&'));
    if pairs.any(|pair| pair.split('=').next().is_some_and(|n| decode(n).is_ok_and(|n| n == name))) {
        return Ok(url.clone());
    }
    let separator = match parts.query {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    Ok(SecretString::from(format!("{text}{separator}{name}={}", encode(value))))
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
