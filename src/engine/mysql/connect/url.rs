//! `mysql://` URLs -> options. No message here quotes the URL: any part of a mistyped one may be the password.

use super::options::Options;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::url::{decode, encode, host_and_port, split};
use secrecy::{ExposeSecret as _, SecretString};

/// How a URL of ours begins.
const BEGINS: &str = "a MySQL URL begins with mysql:// or mariadb://";

/// Reads a URL into options.
pub(super) fn parse(url: &SecretString) -> Result<Options, ConnectError> {
    let parts = split(url.expose_secret(), BEGINS)?;
    let mut options = Options::default();
    if let Some(login) = parts.login {
        let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
        if !user.is_empty() {
            options.set("user", decode(user)?)?;
        }
        if let Some(password) = password.filter(|p| !p.is_empty()) {
            options.set("password", decode(password)?)?;
        }
    }
    if parts.hosts.contains(',') {
        return Err(settings("a MySQL URL names one host; make a target of each"));
    }
    if !parts.hosts.is_empty() {
        let (host, port) = host_and_port(parts.hosts)?;
        let host = decode(host)?;
        if host.starts_with('/') {
            options.set("socket", host)?;
        } else if !host.is_empty() {
            options.set("host", host)?;
        }
        if !port.is_empty() {
            options.set("port", port.to_owned())?;
        }
    }
    if let Some(database) = parts.path.filter(|p| !p.is_empty()) {
        options.set("database", decode(database)?)?;
    }
    for pair in parts.query.into_iter().flat_map(|q| q.split('&')).filter(|pair| !pair.is_empty()) {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| settings("a parameter after the ? of the URL has no ="))?;
        options.set(&decode(name)?, decode(value)?)?;
    }
    Ok(options)
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
    // A `database` in the query would win over the path.
    let kept: Vec<&str> = parts
        .query
        .into_iter()
        .flat_map(|q| q.split('&'))
        .filter(|pair| pair.split('=').next().is_some_and(|name| decode(name).is_ok_and(|n| n != "database")))
        .collect();
    if !kept.is_empty() {
        out.push('?');
        out.push_str(&kept.join("&"));
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

    fn get(url: &str, name: &str) -> Option<String> {
        parse(&SecretString::from(url)).unwrap().get(name).map(str::to_owned)
    }

    #[test]
    fn every_part_is_found_and_decoded() {
        let url = "mysql://us%20er:p%40ss%2F@db.example:6000/my%20db?ssl_mode=required&socket=%2Ftmp%2Fs";
        assert_eq!(get(url, "user").as_deref(), Some("us er"));
        let password = parse(&SecretString::from(url)).unwrap().password().unwrap().expose_secret().to_owned();
        assert_eq!(password, "p@ss/");
        assert_eq!(get(url, "host").as_deref(), Some("db.example"));
        assert_eq!(get(url, "port").as_deref(), Some("6000"));
        assert_eq!(get(url, "database").as_deref(), Some("my db"));
        assert_eq!(get(url, "ssl-mode").as_deref(), Some("required"));
        assert_eq!(get("mysql://u@%2Frun%2Fm.sock/d", "socket").as_deref(), Some("/run/m.sock"));
        assert_eq!(get("mariadb://[::1]:7", "host").as_deref(), Some("::1"));
    }

    #[test]
    fn no_message_quotes_the_url() {
        for url in [
            "mysql://u:S3c/r3t@h/db",
            "mysql://u:S3c%r3t@h/db",
            "mysql://h:S3cr3t/db",
            "mysql://h/db?S3cr3t",
            "mysql://h/db?pasword=S3cr3t",
            "mysql://S3c,r3t/db",
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
        assert_eq!(other("mysql://u:p@h:1/db?ssl-mode=x"), "mysql://u:p@h:1/a%20b%2Fc?ssl-mode=x");
        assert_eq!(other("mariadb://h?database=x"), "mariadb://h/a%20b%2Fc");
    }
}
