//! From a URL to a session: where it leads, who we are there, and why not.
//!
//! `keywords` gathers what was said (URL, service, environment), `plan` decides, `net` reaches a socket, `login`
//! proves who we are over TLS as `net` verifies it, and `session` takes over.

mod discover;
mod keywords;
mod login;
mod passfile;
mod plan;
mod service;
mod supabase;
mod url;

pub(super) use discover::discover;
pub(crate) use login::{Opened, encrypt_for_cancel};
pub(super) use supabase::prepare as prepare_supabase;

use super::session::PgSession;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::{self, Endpoint, Place, TlsMode, Words, share};
use crate::engine::{ConnectSettings, Destination, Session, Surroundings, Task};
use login::Attempt;
use plan::{Member, Plan};
use secrecy::SecretString;
use tokio::time::Instant;

/// libpq's and the server's own words.
static WORDS: Words = Words {
    listening: "with listen_addresses set",
    url: "postgres://USER@HOST/DATABASE",
    authority: "sslrootcert=FILE",
    client_certificate: "sslcert, sslkey",
    other_name: "connect by that name, or add hostaddr",
    without_tls: "turn on ssl at the server, or say sslmode=disable",
};

/// `host:port/database` of a URL, defaults filled in.
pub(super) fn address(url: &SecretString, around: &Surroundings) -> Result<String, ConnectError> {
    Plan::make(url, around).map(|plan| plan.address())
}

/// The servers that a URL leads to, and as whom. A socket is no server that could be reached from elsewhere.
pub(super) fn destination(url: &SecretString, around: &Surroundings) -> Result<Destination, ConnectError> {
    let plan = Plan::make(url, around)?;
    let reachable = plan.endpoints.iter().filter(|e| !matches!(e.place, Place::Socket(_)));
    // The least of them: the connection may be to any.
    let encryption = reachable.clone().map(|e| plan.ssl_mode(e)).min().map(TlsMode::encryption);
    let servers = reachable.map(|e| (e.host.clone(), e.port)).collect();
    Ok(Destination { servers, user: Some(plan.user), encryption })
}

/// The URL of another database on the same server.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    url::with_database(url, database)
}

/// Connects to the first endpoint that lets us in and is what was asked for.
pub(super) fn connect(settings: &ConnectSettings) -> Task<'_, Result<Box<dyn Session>, ConnectError>> {
    Box::pin(async move { Ok(Box::new(session(settings).await?) as Box<dyn Session>) })
}

/// The same, for this engine's own use.
pub(super) async fn session(settings: &ConnectSettings) -> Result<PgSession, ConnectError> {
    let plan = Plan::make(&settings.url, &settings.surroundings)?;
    let time = plan.timeout.map_or(settings.timeout, |said| said.min(settings.timeout));
    let deadline = Instant::now() + time;
    let wanted: &[Member] = match plan.member {
        Member::PreferReplica => &[Member::Replica, Member::Any],
        Member::Any => &[Member::Any],
        Member::Primary => &[Member::Primary],
        Member::Replica => &[Member::Replica],
    };
    // A tunnel leads to one server: the first that the URL names.
    let endpoints = if settings.dial.is_some() { &plan.endpoints[..1] } else { &plan.endpoints[..] };
    let mut left = wanted.len() * endpoints.len();
    let mut failures: Vec<ConnectError> = Vec::new();
    for &member in wanted {
        for endpoint in endpoints {
            // Each endpoint gets its share of the time that is left, so that a silent one does not use it all.
            match one_endpoint(&plan, endpoint, member, settings, share(deadline, left)).await {
                Ok(session) => return Ok(session),
                Err(error) if may_differ_elsewhere(error.kind) => failures.push(error),
                Err(error) => return Err(error),
            }
            left -= 1;
        }
    }
    Err(joined(failures))
}

async fn one_endpoint(
    plan: &Plan,
    endpoint: &Endpoint,
    member: Member,
    settings: &ConnectSettings,
    deadline: Instant,
) -> Result<PgSession, ConnectError> {
    let password = plan.password(endpoint, settings.password.as_ref(), &settings.surroundings);
    let peers = net::resolve(endpoint, settings.dial.as_ref(), deadline).await?;
    let mut failures = Vec::new();
    for (i, peer) in peers.iter().enumerate() {
        let attempt = Attempt {
            plan,
            endpoint,
            password: &password,
            application: &settings.application,
            deadline: share(deadline, peers.len() - i),
        };
        let opened = match attempt.open(peer).await {
            Ok(opened) => opened,
            Err(error) if matches!(error.kind, ConnectKind::Refused | ConnectKind::Unreachable) => {
                failures.push(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        let session = match tokio::time::timeout_at(deadline, PgSession::begin(opened)).await {
            Ok(session) => session?,
            Err(_) => return Err(net::silent(endpoint)),
        };
        return match (member, session.role()) {
            (Member::Primary, "replica") => Err(wrong_member(endpoint, "a replica", "a primary")),
            (Member::Replica, "primary") => Err(wrong_member(endpoint, "a primary", "a replica")),
            _ => Ok(session),
        };
    }
    // Addresses of one name mostly fail alike.
    Err(failures.pop().unwrap_or_else(|| net::silent(endpoint)))
}

/// Another host of the list may fare better.
fn may_differ_elsewhere(kind: ConnectKind) -> bool {
    matches!(
        kind,
        ConnectKind::BadHost
            | ConnectKind::Refused
            | ConnectKind::Unreachable
            | ConnectKind::NotReady
            | ConnectKind::TooManyConnections
            | ConnectKind::Other
    )
}

fn wrong_member(endpoint: &Endpoint, is: &str, wanted: &str) -> ConnectError {
    let host = endpoint.words();
    ConnectError::new(ConnectKind::Other, format!("{host} is {is}, and target_session_attrs wants {wanted}"))
}

fn joined(mut failures: Vec<ConnectError>) -> ConnectError {
    failures.dedup();
    let kind = failures.last().map_or(ConnectKind::Other, |e| e.kind);
    let code = failures.last().map_or_else(String::new, |e| e.code.clone());
    let said = failures.last().map_or_else(String::new, |e| e.said.clone());
    let messages: Vec<&str> = failures.iter().map(|e| e.message.as_str()).collect();
    ConnectError::new(kind, messages.join("; ")).with_code(&code).with_said(&said)
}
