//! From a URL to a session: where it leads, who we are there, and why not.
//!
//! `plan` reads the URL and decides, the shared dialling reaches a socket, `login` proves who we are (over verified TLS
//! where there is a network between), `refused` has the words for every way it can fail, and `session` takes over.

mod discover;
mod login;
mod plan;
mod refused;

pub(super) use discover::discover;
pub(crate) use login::Opened;
pub(crate) use plan::Plan;

use super::session::RedisSession;
use super::wire::Wire;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::net::{resolve, share, silent};
use crate::engine::{ConnectSettings, Destination, Session, Surroundings, Task};
use login::Attempt;
use secrecy::SecretString;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

/// `host:port/database` of a URL, defaults filled in.
pub(super) fn address(url: &SecretString, _around: &Surroundings) -> Result<String, ConnectError> {
    Plan::of(url).map(|plan| plan.address())
}

/// Where a URL leads and as whom.
pub(super) fn destination(url: &SecretString, _around: &Surroundings) -> Result<Destination, ConnectError> {
    Plan::of(url).map(|plan| plan.destination())
}

/// The URL of another database on the same server.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    plan::with_database(url, database)
}

/// Everything needed to come back after a connection was given up.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) plan: Arc<Plan>,
    settings: ConnectSettings,
}

impl Way {
    /// The connection is for one look or one act, and not for watching: it may begin on a server that answers nothing
    /// but the end of a script.
    pub(crate) fn is_for_an_act(&self) -> bool {
        let purpose = self.settings.application.strip_prefix("dba-gpt ").unwrap_or_default();
        purpose == "approval" || purpose.starts_with("fix")
    }

    /// Reaches the server, proves who we are and sets up the frame of a session.
    pub(crate) async fn open(&self) -> Result<Opened, ConnectError> {
        let endpoint = &self.plan.endpoint;
        let deadline =
            Instant::now() + self.plan.timeout.map_or(self.settings.timeout, |t| t.min(self.settings.timeout));
        let password = self.plan.password(self.settings.password.as_ref(), &self.settings.surroundings);
        let peers = resolve(endpoint, self.settings.dial.as_ref(), deadline).await?;
        let mut failures = Vec::new();
        for (i, peer) in peers.iter().enumerate() {
            let attempt = Attempt {
                plan: &self.plan,
                password: &password,
                application: &self.settings.application,
                tunnelled: self.settings.dial.is_some(),
                deadline: share(deadline, peers.len() - i),
            };
            match attempt.open(peer).await {
                Err(error) if matches!(error.kind, ConnectKind::Refused | ConnectKind::Unreachable) => {
                    failures.push(error);
                }
                other => return other,
            }
        }
        // Addresses of one name mostly fail alike.
        Err(failures.pop().unwrap_or_else(|| silent(endpoint)))
    }
}

/// A connection that was let in, with nothing asked on it yet, for this engine's own use.
pub(super) async fn wire(settings: &ConnectSettings) -> Result<Wire, ConnectError> {
    let way = Way { plan: Arc::new(Plan::of(&settings.url)?), settings: settings.clone() };
    Ok(way.open().await?.wire)
}

/// Connects and learns who is there.
pub(super) fn connect(settings: &ConnectSettings) -> Task<'_, Result<Box<dyn Session>, ConnectError>> {
    Box::pin(async move {
        let deadline = Instant::now() + settings.timeout;
        let way = Way { plan: Arc::new(Plan::of(&settings.url)?), settings: settings.clone() };
        let opened = way.open().await?;
        match timeout_at(deadline, RedisSession::begin(opened, way.clone())).await {
            Ok(session) => Ok(Box::new(session?) as Box<dyn Session>),
            Err(_) => Err(silent(&way.plan.endpoint)),
        }
    })
}
