//! From a URL to a session: where it leads, who we are there, and why not.
//!
//! `url` reads what was said, `plan` decides, `srv` asks the name service, `members` finds the right server of a set,
//! `login` reaches it and proves who we are, and `session` takes over.

mod discover;
mod hello;
mod login;
mod members;
mod plan;
mod srv;
mod url;

pub(super) use discover::discover;
pub(super) use hello::{Hello, Role};
pub(super) use login::Route;

use super::session::MongoSession;
use super::wire::Wire;
use crate::domain::error_event::ConnectError;
use crate::engine::net::{Place, Words};
use crate::engine::{ConnectSettings, Destination, Session, Surroundings, Task};
use members::Greeted;
use plan::Plan;
use secrecy::SecretString;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use url::Hosts;

/// MongoDB's own words.
static WORDS: Words = Words {
    listening: "with net.bindIp set",
    url: "mongodb://USER@HOST/DATABASE",
    authority: "tlsCAFile=FILE",
    client_certificate: "tlsCertificateKeyFile=FILE",
    other_name: "connect by that name",
    without_tls: "turn on net.tls at the server, or say tls=false",
};

/// A server that let us in.
pub(super) struct Opened {
    pub(super) wire: Wire,
    pub(super) hello: Hello,
    pub(super) route: Route,
}

impl Route {
    /// `host:port`.
    pub(super) fn words(&self) -> String {
        self.endpoint.words()
    }
    /// The database that the URL names.
    pub(super) fn database(&self) -> Option<&str> {
        self.plan.database.as_deref()
    }
    /// The user that the URL names.
    pub(super) fn user(&self) -> Option<&str> {
        self.plan.login.as_ref().map(|login| login.user.as_str())
    }
    /// What to know about a connection that is less than verified.
    pub(super) fn tls_hint(&self) -> Option<String> {
        self.plan.tls_hint(&self.endpoint)
    }
    /// Which members may answer, for a router; a server that was chosen answers whatever it is.
    pub(super) fn read_preference(&self, role: Role) -> &'static str {
        if role == Role::Router { self.plan.member.name() } else { "primaryPreferred" }
    }
}

/// `host:port/database` of a URL.
pub(super) fn address(url: &SecretString, _around: &Surroundings) -> Result<String, ConnectError> {
    Plan::make(url, None).map(|plan| plan.address())
}

/// The servers that a URL names, and the user. The servers behind a service name stand for it: only the name service
/// knows their own.
pub(super) fn destination(url: &SecretString, _around: &Surroundings) -> Result<Destination, ConnectError> {
    let plan = Plan::make(url, None)?;
    let servers: Vec<(String, u16)> = match &plan.hosts {
        Hosts::Named(list) => {
            list.iter().filter(|e| !matches!(e.place, Place::Socket(_))).map(|e| (e.host.clone(), e.port)).collect()
        }
        Hosts::Service(name) => vec![(name.clone(), url::PORT)],
    };
    let user = plan.login.map(|login| login.user).filter(|user| !user.is_empty());
    let encryption = (!servers.is_empty()).then(|| plan.tls.encryption());
    Ok(Destination { servers, user, encryption })
}

/// The URL of another database on the same server.
pub(super) fn with_database(url: &SecretString, database: &str) -> Option<SecretString> {
    url::with_database(url, database)
}

/// Connects to the server, or to the member of the set, that the URL means.
pub(super) fn connect(settings: &ConnectSettings) -> Task<'_, Result<Box<dyn Session>, ConnectError>> {
    Box::pin(async move {
        let (opened, deadline) = reach(settings).await?;
        let route = opened.route.clone();
        match timeout_at(deadline, MongoSession::begin(opened)).await {
            Ok(session) => Ok(Box::new(session?) as Box<dyn Session>),
            Err(_) => Err(route.mute()),
        }
    })
}

/// A connection that was let in, with nothing asked on it yet, for this engine's own use.
pub(super) async fn opened(settings: &ConnectSettings) -> Result<Opened, ConnectError> {
    Ok(reach(settings).await?.0)
}

/// Finds the server and proves who we are, by when the whole way in has to be done.
async fn reach(settings: &ConnectSettings) -> Result<(Opened, Instant), ConnectError> {
    let mut said = url::parse(&settings.url)?;
    // What is wrong with the URL is told before any name is asked for.
    let mut plan = Plan::make(&settings.url, settings.password.as_ref())?;
    let time = plan.timeout.map_or(settings.timeout, |said| said.min(settings.timeout));
    let deadline = Instant::now() + time;
    if let Hosts::Service(name) = &said.hosts {
        let service = said.options.get("srvservicename").unwrap_or("mongodb");
        let found = srv::resolve(name, service, deadline).await?;
        said.options.complete(found.options);
        // The name still stands for TLS, which the servers' own names would not.
        let tls = plan.tls;
        said.hosts = Hosts::Named(found.servers);
        plan = Plan::from_said(said, settings.password.as_ref())?;
        plan.tls = tls;
        // Servers behind a service name are members of a set or routers, even where there is one.
        plan.direct = false;
    }
    let plan = Arc::new(plan);
    let Greeted { mut wire, hello, route } =
        members::choose(&plan, &settings.application, settings.dial.as_ref(), deadline).await?;
    route.prove(&mut wire, &hello, deadline).await?;
    Ok((Opened { wire, hello, route }, deadline))
}
