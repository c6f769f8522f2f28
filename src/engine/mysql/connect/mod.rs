//! From a URL to a session: where it leads, who we are there, and why not.
//!
//! `options` gathers what was said (URL, login path, option files, environment), `plan` decides, `net` reaches a
//! socket and verifies TLS, `login` proves who we are with a plugin of `proof`, and `session` takes over.

mod discover;
mod login;
mod login_path;
mod option_file;
mod options;
mod plan;
mod proof;
mod url;

pub(super) use discover::discover;
pub(crate) use login::{Door, Opened};

use super::session::MySession;
use super::wire::Wire;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::{self, Endpoint, Peer, Place, TlsMode, TlsSettings, Words, share};
use crate::engine::{ConnectSettings, Destination, Session, Surroundings, Task};
use plan::Plan;
use secrecy::SecretString;
use std::sync::Arc;
use tokio::time::Instant;

/// The clients' and the server's own words.
static WORDS: Words = Words {
    listening: "with bind_address set",
    url: "mysql://USER@HOST/DATABASE",
    authority: "ssl-ca=FILE",
    client_certificate: "ssl-cert, ssl-key",
    other_name: "connect by that name, or say ssl-mode=VERIFY_CA with your own ssl-ca",
    without_tls: "give the server a certificate, or say ssl-mode=DISABLED",
};

/// `host:port/database` of a URL, defaults filled in.
pub(super) fn address(url: &SecretString, around: &Surroundings) -> Result<String, ConnectError> {
    Plan::make(url, around).map(|plan| plan.address())
}

/// Where a URL leads and as whom.
pub(super) fn destination(url: &SecretString, around: &Surroundings) -> Result<Destination, ConnectError> {
    let plan = Plan::make(url, around)?;
    let reachable = !matches!(plan.endpoint.place, Place::Socket(_));
    let servers = reachable.then(|| (plan.endpoint.host.clone(), plan.endpoint.port)).into_iter().collect();
    Ok(Destination { servers, user: Some(plan.user), encryption: reachable.then(|| plan.ssl_mode.encryption()) })
}

/// The URL of another database on the same server.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    url::with_database(url, database)
}

/// Connects; to the administrators' port when the server is full and the URL names one.
pub(super) fn connect(settings: &ConnectSettings) -> Task<'_, Result<Box<dyn Session>, ConnectError>> {
    Box::pin(async move {
        let plan = Plan::make(&settings.url, &settings.surroundings)?;
        let time = plan.timeout.map_or(settings.timeout, |said| said.min(settings.timeout));
        let deadline = Instant::now() + time;
        let first = try_endpoint(&plan, &plan.endpoint, settings, deadline).await;
        let session = match (first, plan.admin_port) {
            (Err(full), Some(port)) if full.kind == ConnectKind::TooManyConnections && settings.dial.is_none() => {
                let place = match &plan.endpoint.place {
                    // Those ports are not reached by the socket file.
                    Place::Socket(_) => Place::of_host("127.0.0.1"),
                    other => other.clone(),
                };
                let host = match place {
                    Place::Address(address) => address.to_string(),
                    _ => plan.endpoint.host.clone(),
                };
                let side = Endpoint { host, place, port };
                try_endpoint(&plan, &side, settings, deadline).await.map_err(|error| {
                    ConnectError::new(full.kind, format!("{}; by port {port}: {}", full.message, error.message))
                })?
            }
            (session, _) => session?,
        };
        Ok(Box::new(session) as Box<dyn Session>)
    })
}

/// A connection that was let in, with nothing set on it, for this engine's own use.
pub(super) async fn wire(settings: &ConnectSettings) -> Result<Wire, ConnectError> {
    let plan = Plan::make(&settings.url, &settings.surroundings)?;
    let deadline = Instant::now() + plan.timeout.map_or(settings.timeout, |said| said.min(settings.timeout));
    Ok(reach(&plan, &plan.endpoint, settings, deadline).await?.0.wire)
}

async fn try_endpoint(
    plan: &Plan,
    endpoint: &Endpoint,
    settings: &ConnectSettings,
    deadline: Instant,
) -> Result<MySession, ConnectError> {
    let (opened, door) = reach(plan, endpoint, settings, deadline).await?;
    let hints = door.hints(opened.encrypted);
    match tokio::time::timeout_at(deadline, MySession::begin(opened, door, hints)).await {
        Ok(session) => session,
        Err(_) => Err(net::silent(endpoint)),
    }
}

/// Tries the addresses of one endpoint, each with its share of the time, so that a silent one does not use it all.
async fn reach(
    plan: &Plan,
    endpoint: &Endpoint,
    settings: &ConnectSettings,
    deadline: Instant,
) -> Result<(Opened, Arc<Door>), ConnectError> {
    let peers = net::resolve(endpoint, settings.dial.as_ref(), deadline).await?;
    let mut last = None;
    for (i, peer) in peers.iter().enumerate() {
        let door = Arc::new(door(plan, endpoint, peer, settings)?);
        match door.open(plan.database.as_deref(), share(deadline, peers.len() - i)).await.map_err(login::Failure::error)
        {
            Ok(opened) => return Ok((opened, door)),
            Err(error) if matches!(error.kind, ConnectKind::Refused | ConnectKind::Unreachable) => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    // Addresses of one name mostly fail alike.
    Err(last.unwrap_or_else(|| net::silent(endpoint)))
}

fn door(plan: &Plan, endpoint: &Endpoint, peer: &Peer, settings: &ConnectSettings) -> Result<Door, ConnectError> {
    let tls = match (peer, plan.ssl_mode) {
        (Peer::Unix(_), _) | (_, TlsMode::Off) => None,
        (Peer::Tcp(_), mode) => {
            let tls = TlsSettings {
                mode,
                authorities: plan.root_certificates.as_deref(),
                client_certificate: plan.client_certificate.as_ref(),
                only_tls13: plan.only_tls13,
                alpn: None,
            };
            Some(Arc::new(net::prepare(&tls, endpoint, &WORDS)?))
        }
    };
    Ok(Door {
        endpoint: endpoint.clone(),
        peer: peer.clone(),
        user: plan.user.clone(),
        database: plan.database.clone(),
        password: plan.password(settings.password.as_ref()),
        application: settings.application.clone(),
        mode: plan.ssl_mode,
        tls,
        server_key: plan.server_key.clone(),
    })
}
