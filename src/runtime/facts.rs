//! What the settings say about how safe a target's connection is, gathered without connecting.

use crate::config::{PasswordSource, TargetConfig};
use crate::domain::connection::{UrlParts, address_parts};
use crate::domain::hosting::Pooler;
use crate::domain::security::{Facts, KeptIn, Reach, Strength};
use crate::engine::{EngineSpec, Surroundings};
use secrecy::ExposeSecret as _;

/// The facts of a configured target; none for an engine whose targets are files.
pub(super) fn facts(t: &TargetConfig, spec: &EngineSpec, typed: bool, around: &Surroundings) -> Option<Facts> {
    let approach = spec.dialect.approach();
    let own_port = approach.ports.first()?.number;
    let (host, port, _) = address_parts(&t.target.address, own_port);
    let several = t.target.address.contains(',');
    let reach = if several { Reach::Name } else { Reach::of(host) };
    let parts = UrlParts::split(t.url.expose_secret());
    let user = parts.as_ref().and_then(UrlParts::user).or_else(|| around.user.clone()).unwrap_or_default();
    let in_url = parts.as_ref().is_some_and(UrlParts::has_password);
    let (kept_in, strength) = match &t.password {
        Some(PasswordSource::Prompt) => (KeptIn::Head, None),
        _ if typed => (KeptIn::Head, None),
        // The service manager hands it over as a file that only the service reads.
        Some(PasswordSource::Credential(_)) => (KeptIn::Command, None),
        Some(PasswordSource::Vault(_)) => (KeptIn::Vault, None),
        Some(PasswordSource::Keyring(_)) => (KeptIn::Keyring, None),
        Some(PasswordSource::Variable(name)) => {
            (KeptIn::Environment, around.variables.get(name).map(|p| Strength::of(&user, p, approach.scheme)))
        }
        Some(PasswordSource::Command(_)) => (KeptIn::Command, None),
        None if in_url => (KeptIn::Url, parts.as_ref().and_then(|p| p.password_strength(&user))),
        None => (KeptIn::NativeFiles, None),
    };
    let encryption = (spec.destination)(&t.url, around).ok().and_then(|destination| destination.encryption);
    Some(Facts {
        environment: t.target.environment,
        reach,
        tunnel: t.tunnel.is_some(),
        usual_port: (reach != Reach::Machine).then_some(port == own_port),
        encryption,
        has_logins: spec.takes_password,
        kept_in,
        strength,
        pooler: (reach != Reach::Machine).then(|| spec.hosting.pooler(host, port)).flatten().map(Pooler::words),
        seen: None,
    })
}
