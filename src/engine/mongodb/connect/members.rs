//! Which server of a replica set to use: asks the named ones and those that they name, and takes the first that fits.

use super::hello::{Hello, Role};
use super::login::Route;
use super::plan::{Member, Plan};
use super::url::{self, Hosts};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::mongodb::wire::Wire;
use crate::engine::net::{self, Endpoint, share};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::time::Instant;

/// A server that answered and was not asked for a proof yet.
pub(super) struct Greeted {
    pub(super) wire: Wire,
    pub(super) hello: Hello,
    pub(super) route: Route,
}

/// How well a member serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Best,
    Fallback,
    No,
}

/// Whether a server will do.
fn fit(wanted: Member, role: Role) -> Fit {
    match (role, wanted) {
        (Role::Router | Role::Standalone, _) => Fit::Best,
        (Role::Primary, Member::Primary | Member::PrimaryPreferred | Member::Nearest) => Fit::Best,
        (Role::Primary, Member::SecondaryPreferred) => Fit::Fallback,
        (Role::Secondary, Member::Secondary | Member::SecondaryPreferred | Member::Nearest) => Fit::Best,
        (Role::Secondary, Member::PrimaryPreferred) => Fit::Fallback,
        _ => Fit::No,
    }
}

/// What is known while looking for a member.
struct Search<'a> {
    plan: &'a Arc<Plan>,
    application: &'a str,
    dial: Option<&'a (String, u16)>,
    /// Servers that were asked, with what they are.
    met: Vec<String>,
    failures: Vec<ConnectError>,
    set: Option<String>,
}

/// Finds the server.
pub(super) async fn choose(
    plan: &Arc<Plan>,
    application: &str,
    dial: Option<&(String, u16)>,
    deadline: Instant,
) -> Result<Greeted, ConnectError> {
    let seeds: Vec<Endpoint> = match &plan.hosts {
        Hosts::Named(list) => list.clone(),
        Hosts::Service(_) => Vec::new(),
    };
    let mut search = Search { plan, application, dial, met: Vec::new(), failures: Vec::new(), set: plan.set.clone() };
    // A tunnel leads to one server: the first that the URL names.
    if plan.direct || plan.load_balanced || dial.is_some() {
        let Some(first) = seeds.first() else { return Err(search.nobody()) };
        return search.greet(first, deadline).await;
    }
    let mut waiting: VecDeque<Endpoint> = seeds.into();
    let mut asked: HashSet<String> = HashSet::new();
    let mut fallback: Option<Greeted> = None;
    while let Some(endpoint) = waiting.pop_front() {
        if !asked.insert(endpoint.words().to_ascii_lowercase()) {
            continue;
        }
        match search.greet(&endpoint, share(deadline, waiting.len() + 1)).await {
            // Settings are wrong for every server alike.
            Err(error) if error.kind == ConnectKind::Settings => return Err(error),
            Err(error) => search.failures.push(error),
            Ok(found) => {
                if let Err(stranger) = search.belongs(&found) {
                    search.failures.push(stranger);
                    continue;
                }
                let named =
                    |name: &String| url::member(name).filter(|e| !asked.contains(&e.words().to_ascii_lowercase()));
                waiting.extend(found.hello.hosts.iter().filter_map(named));
                if let Some(primary) = found.hello.primary.as_ref().and_then(named) {
                    waiting.push_front(primary);
                }
                match fit(plan.member, found.hello.role) {
                    Fit::Best => return Ok(found),
                    Fit::Fallback if fallback.is_none() => fallback = Some(found),
                    Fit::Fallback | Fit::No => found.wire.close().await,
                }
            }
        }
    }
    fallback.ok_or_else(|| search.nobody())
}

impl Search<'_> {
    /// Connects to a server at the first of its addresses that answers, and greets it.
    async fn greet(&self, endpoint: &Endpoint, deadline: Instant) -> Result<Greeted, ConnectError> {
        let peers = net::resolve(endpoint, self.dial, deadline).await?;
        let mut last = None;
        for (i, peer) in peers.iter().enumerate() {
            let route = Route {
                plan: Arc::clone(self.plan),
                endpoint: endpoint.clone(),
                peer: peer.clone(),
                application: self.application.into(),
            };
            match route.greet(share(deadline, peers.len() - i)).await {
                Ok((wire, hello)) => return Ok(Greeted { wire, hello, route }),
                Err(error) if matches!(error.kind, ConnectKind::Refused | ConnectKind::Unreachable) => {
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| net::silent(endpoint)))
    }

    /// A server of another set, or of none, was named by mistake.
    fn belongs(&mut self, found: &Greeted) -> Result<(), ConnectError> {
        let (words, hello) = (found.route.endpoint.words(), &found.hello);
        self.met.push(format!("{words} is {}", hello.role.word()));
        if hello.role == Role::Router {
            return Ok(());
        }
        match (&self.set, &hello.set) {
            (Some(wanted), Some(is)) if wanted != is => Err(ConnectError::new(
                ConnectKind::Settings,
                format!("{words} is a member of the replica set {is}, not of {wanted}: correct replicaSet in the URL"),
            )),
            (Some(wanted), None) => Err(ConnectError::new(
                ConnectKind::Settings,
                format!(
                    "{words} is no member of a replica set, and the URL asks for replicaSet={wanted}: leave it out"
                ),
            )),
            (None, Some(is)) => {
                self.set = Some(is.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Nobody fits.
    fn nobody(self) -> ConnectError {
        let Self { plan, mut failures, met, set, .. } = self;
        failures.dedup();
        let kind = failures.last().map_or(ConnectKind::Other, |e| e.kind);
        let mut words: Vec<String> = failures.into_iter().map(|e| e.message).collect();
        if met.is_empty() || kind == ConnectKind::Settings {
            return ConnectError::new(kind, words.join("; "));
        }
        let set = set.map_or_else(String::new, |name| format!(" {name}"));
        let (wanted, other) = match plan.member {
            Member::Secondary => ("secondary", "readPreference=secondaryPreferred takes the primary instead"),
            _ => {
                ("primary", "readPreference=primaryPreferred takes a secondary instead, directConnection=true one host")
            }
        };
        let mut seen = met;
        seen.append(&mut words);
        ConnectError::new(
            ConnectKind::NotReady,
            format!("the replica set{set} has no {wanted} that can be reached: {}. {other}", seen.join("; ")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_fit_as_the_read_preference_says() {
        for (wanted, primary, secondary) in [
            (Member::Primary, Fit::Best, Fit::No),
            (Member::PrimaryPreferred, Fit::Best, Fit::Fallback),
            (Member::Secondary, Fit::No, Fit::Best),
            (Member::SecondaryPreferred, Fit::Fallback, Fit::Best),
            (Member::Nearest, Fit::Best, Fit::Best),
        ] {
            assert_eq!((fit(wanted, Role::Primary), fit(wanted, Role::Secondary)), (primary, secondary), "{wanted:?}");
            for never in [Role::Arbiter, Role::Hidden, Role::Between] {
                assert_eq!(fit(wanted, never), Fit::No);
            }
            assert_eq!((fit(wanted, Role::Router), fit(wanted, Role::Standalone)), (Fit::Best, Fit::Best));
        }
    }
}
