//! The parts of a URL, and names written so that they can stand in one. No message here quotes the URL: any part of a
//! mistyped one may be the password.

use crate::domain::connection::UrlParts;
use crate::domain::error_event::{ConnectError, ConnectKind};
use secrecy::{ExposeSecret as _, SecretString};

/// What to do about characters that have a meaning in URLs.
const ENCODE: &str = "in a user name or password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25";

/// The parts of a URL, still encoded.
pub(crate) struct Parts<'a> {
    pub(crate) scheme: &'a str,
    /// `user:password`, where there is an `@`.
    pub(crate) login: Option<&'a str>,
    pub(crate) hosts: &'a str,
    /// Without the leading slash.
    pub(crate) path: Option<&'a str>,
    pub(crate) query: Option<&'a str>,
}

/// Splits a URL. `begins` says how one of this engine begins: `a PostgreSQL URL begins with postgres://`.
pub(crate) fn split<'a>(url: &'a str, begins: &str) -> Result<Parts<'a>, ConnectError> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| settings(begins))?;
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

/// Splits `host:port`; an IPv6 address stands in brackets, which are taken off.
pub(crate) fn host_and_port(text: &str) -> Result<(&str, &str), ConnectError> {
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

/// Undoes the `%` escapes of a part.
pub(crate) fn decode(text: &str) -> Result<String, ConnectError> {
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
pub(crate) fn encode(text: &str) -> String {
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

/// The URL with another login and no password, for a login whose secret comes from elsewhere.
pub(crate) fn with_login(url: &SecretString, user: &str) -> Option<SecretString> {
    UrlParts::with_login(url.expose_secret(), user).map(SecretString::from)
}
