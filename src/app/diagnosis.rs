//! Why the open server cannot be reached: what to look at, what it means, and trying a changed setting with one key.

use super::connection;
use super::effect::Effect;
use super::model::{Link, Model, TargetModel};
use crate::domain::connection::{Case, Change, Finding, Found, KnownFix, address_parts, diagnose, plan};
use crate::domain::error_event::ConnectKind;
use crate::domain::target::{TargetId, Timestamp};

/// What is thought of a failed connection, and what was tried.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Diagnosis {
    /// The failure that it is about: its kind and code.
    about: Option<(ConnectKind, String)>,
    /// Probes are under way.
    pub looking: bool,
    /// Likely causes, the likeliest first.
    pub findings: Vec<Finding>,
    /// The changed setting in use in this run.
    pub applied: Option<Applied>,
    /// What let us in the last time.
    pub known: Option<KnownFix>,
}

/// A changed setting in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What was changed.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// The URL with it, without a password, as it would be written in the configuration.
    pub url: String,
    /// It has let us in.
    pub works: bool,
}

/// Looks round after the failure of the open server, once for each kind of failure. Servers that nobody looks at are
/// left in peace.
pub(super) fn look(model: &mut Model) -> Vec<Effect> {
    let Some(id) = model.health.server.clone() else { return Vec::new() };
    let Some(t) = model.target_mut(&id) else { return Vec::new() };
    let (Link::Down(..), Some(failure)) = (&t.link, &t.connection.failure) else { return Vec::new() };
    let about = Some((failure.kind, failure.code.clone()));
    if t.connection.diagnosis.about == about {
        return Vec::new();
    }
    let (host, port, _) = parts(t);
    let probes = plan(failure.kind, &failure.code, host, port, t.dialect.approach());
    t.connection.diagnosis.about = about;
    t.connection.diagnosis.looking = !probes.is_empty();
    judge(model, &id, &[]);
    if probes.is_empty() { Vec::new() } else { vec![Effect::LookRound(id, probes)] }
}

/// The probes have ended.
pub(super) fn looked(model: &mut Model, id: &TargetId, found: &[Found]) {
    if let Some(t) = model.target_mut(id) {
        t.connection.diagnosis.looking = false;
    }
    judge(model, id, found);
}

/// What the store remembers of a change that worked.
pub(super) fn remembered(model: &mut Model, id: &TargetId, fix: KnownFix) {
    if let Some(t) = model.target_mut(id) {
        t.connection.diagnosis.known = Some(fix);
    }
    judge(model, id, &[]);
}

fn parts(t: &TargetModel) -> (&str, u16, &str) {
    let default = t.dialect.approach().ports.first().map_or(0, |p| p.number);
    address_parts(&t.target.address, default)
}

fn judge(model: &mut Model, id: &TargetId, found: &[Found]) {
    let good: Vec<String> = model
        .targets
        .iter()
        .filter(|t| t.link == Link::Up)
        .map(|t| parts(t).0.to_owned())
        .filter(|host| !host.is_empty())
        .collect();
    let Some(t) = model.target_mut(id) else { return };
    let Some(failure) = &t.connection.failure else { return };
    let (host, port, database) = parts(t);
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    let case = Case {
        kind: failure.kind,
        code: &failure.code,
        host,
        port,
        database,
        approach: t.dialect.approach(),
        good_hosts: &good,
        known: t.connection.diagnosis.known.as_ref(),
    };
    t.connection.diagnosis.findings = diagnose(&case, found);
}

/// Applies a proposed change to the open server for this run and tries again: the number of a finding, or none for
/// the likeliest that can be applied.
pub(super) fn apply(model: &mut Model, argument: &str) -> Vec<Effect> {
    let Some(id) = model.health.server.clone() else {
        model.tell("open the server first: Enter on the fleet", false);
        return Vec::new();
    };
    let Some(t) = model.target(&id) else { return Vec::new() };
    let findings = &t.connection.diagnosis.findings;
    let chosen = match argument.trim() {
        "" => findings.iter().find(|f| f.change.is_some()),
        number => number.parse::<usize>().ok().and_then(|n| findings.get(n.checked_sub(1)?)),
    };
    match chosen {
        Some(Finding { change: Some(change), what, .. }) => {
            vec![Effect::ChangeSetting(id, change.clone(), what.clone())]
        }
        Some(Finding { by_hand, .. }) => {
            let words = by_hand.clone().unwrap_or_default();
            model.tell(format!("no single setting mends this: {words}"), true);
            Vec::new()
        }
        None => {
            model.tell("there is no changed setting to try here", false);
            Vec::new()
        }
    }
}

/// A setting was changed, or could not be.
pub(super) fn changed(
    model: &mut Model,
    id: &TargetId,
    address: Result<(String, String), String>,
    change: Change,
    reason: String,
) -> Vec<Effect> {
    let (address, url) = match address {
        Ok(both) => both,
        Err(words) => {
            model.tell(words, true);
            return Vec::new();
        }
    };
    let words = change.words();
    let Some(t) = model.target_mut(id) else { return Vec::new() };
    t.target.address = address;
    t.connection.diagnosis.applied = Some(Applied { change, reason, url, works: false });
    t.connection.diagnosis.about = None;
    let effects = connection::try_now(model, id);
    if !effects.is_empty() {
        model.tell(format!("{id}: trying {words}, for this run only"), false);
    }
    effects
}

/// A collection succeeded: a changed setting that is in use has proved itself and is remembered.
pub(super) fn let_in(t: &mut TargetModel, now: Timestamp) -> Option<(Effect, String)> {
    let diagnosis = &mut t.connection.diagnosis;
    diagnosis.about = None;
    diagnosis.looking = false;
    diagnosis.findings.clear();
    let applied = diagnosis.applied.as_mut().filter(|a| !a.works)?;
    applied.works = true;
    let fix = KnownFix { at: now, change: applied.change.clone(), reason: applied.reason.clone() };
    let words = format!("{} works, for this run; to keep it write: url = \"{}\"", applied.change.words(), applied.url);
    diagnosis.known = Some(fix.clone());
    Some((Effect::KeepFix(t.target.id.clone(), fix), words))
}
