//! Why a server did not let us in, in words that say what to do.

use super::plan::{Password, Plan};
use crate::domain::error_event::{ConnectError, ConnectKind, MUTE, tls_code};
use crate::engine::net::TlsMode;
use crate::engine::redis::wire::WireError;
use std::io;

/// The first refusal of a login, by the server's own code.
pub(super) fn explain(plan: &Plan, password: &Password, words: &str) -> ConnectError {
    let refused = by_code(plan, password, words);
    let own = words.split(' ').next().unwrap_or_default();
    let code = if refused.kind == ConnectKind::Tls { tls_code::REQUIRED } else { own };
    refused.with_code(code).with_said(words)
}

fn by_code(plan: &Plan, password: &Password, words: &str) -> ConnectError {
    let host = plan.endpoint.words();
    let user = plan.user.as_deref().unwrap_or("default");
    let code = words.split(' ').next().unwrap_or_default();
    let lower = words.to_ascii_lowercase();
    let error = ConnectError::new;
    match code {
        "WRONGPASS" => error(
            ConnectKind::Authentication,
            format!(
                "{host} refused user {user} with the password {}, or the user is switched off",
                if password.secret.is_some() { password.source } else { "(none)" }
            ),
        ),
        "NOAUTH" => error(
            ConnectKind::Authentication,
            format!(
                "{host} wants a password and none was given: redis://USER:PASSWORD@..., password_command, or REDISCLI_AUTH"
            ),
        ),
        "NOPERM" => {
            error(ConnectKind::Authentication, format!("{host} lets user {user} in but allows it nothing: {words}"))
        }
        "DENIED" => error(
            ConnectKind::Authentication,
            format!(
                "{host} runs in protected mode: it takes nobody from another machine until a password is set \
                 (ACL SETUSER default) or it is bound to an address of its own"
            ),
        ),
        "LOADING" => error(ConnectKind::NotReady, format!("{host} is loading its data set")),
        "MASTERDOWN" => error(
            ConnectKind::NotReady,
            format!("{host} is a replica that lost its primary and may not answer (replica-serve-stale-data no)"),
        ),
        "BUSY" => error(
            ConnectKind::NotReady,
            format!(
                "{host} is busy with a script and answers nobody: SCRIPT KILL or FUNCTION KILL ends it if it has written nothing"
            ),
        ),
        _ if lower.contains("max number of clients") => error(
            ConnectKind::TooManyConnections,
            format!("{host} is full: the number of clients reached maxclients. Close idle ones, or raise it"),
        ),
        _ if lower.contains("without any password configured") => error(
            ConnectKind::Authentication,
            format!(
                "{host} has no password for the default user, and one was given {}: leave it out, or set one on the server",
                password.source
            ),
        ),
        _ if lower.contains("invalid password") || lower.contains("invalid username") => {
            error(ConnectKind::Authentication, format!("{host} refused the password {}", password.source))
        }
        _ if lower.contains("unencrypted") || lower.contains("requires tls") || lower.contains("ssl") => {
            error(ConnectKind::Tls, format!("{host} wants TLS: use rediss://"))
        }
        _ => error(ConnectKind::Other, format!("{host}: {words}")),
    }
}

/// The refusal of `SELECT`.
pub(super) fn database(plan: &Plan, words: &str) -> ConnectError {
    let (host, number) = (plan.endpoint.words(), plan.database);
    let why = if words.to_ascii_lowercase().contains("cluster") {
        format!("{host} is a node of a cluster, which has database 0 alone")
    } else if words.starts_with("NOPERM") {
        format!("{host} does not allow SELECT to this user: grant +select, or use database 0")
    } else {
        format!("{host} has no database {number}: the setting databases says how many there are")
    };
    ConnectError::new(ConnectKind::NoSuchDatabase, why)
}

/// The connection broke, or what arrived is not the protocol, before we were let in.
pub(super) fn broken(plan: &Plan, error: &WireError) -> ConnectError {
    let host = plan.endpoint.words();
    let encrypted = plan.tls != TlsMode::Off;
    match error {
        // Which one it is cannot be told from one silent end.
        WireError::Closed => ConnectError::new(
            ConnectKind::Other,
            format!(
                "{host} closed the connection without a word: {}",
                if encrypted { "is this Redis?" } else { "it may want TLS (rediss://), or not be Redis" }
            ),
        ),
        WireError::Malformed(_) if !encrypted => ConnectError::new(
            ConnectKind::Other,
            format!("{host} is not a Redis server, or it speaks TLS on this port: then use rediss://"),
        ),
        WireError::Malformed(_) => ConnectError::new(ConnectKind::Other, format!("{host} is not a Redis server")),
        WireError::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            ConnectError::new(ConnectKind::Other, format!("{host} broke the connection off: is this Redis?"))
        }
        WireError::Io(e) => {
            let hint = if encrypted { "" } else { "; it may want TLS (rediss://)" };
            ConnectError::new(ConnectKind::Other, format!("{host} broke the connection ({e}){hint}"))
        }
    }
}

/// It took the connection and then said nothing.
pub(super) fn mute(plan: &Plan) -> ConnectError {
    let host = plan.endpoint.words();
    let more = if plan.tls == TlsMode::Off {
        "it may hang, want TLS (rediss://), or not be Redis"
    } else {
        "it may hang, or speak no TLS on this port"
    };
    ConnectError::new(
        ConnectKind::Unreachable,
        format!("{host} took the connection but did not answer in time: {more}"),
    )
    .with_code(MUTE)
}
