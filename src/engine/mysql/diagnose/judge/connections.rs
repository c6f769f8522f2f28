//! Connections that are used up or nearly so, and by whom.

use super::Findings;
use super::locks::{cause_of, persistent};
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::locks::Moment;
use crate::engine::mysql::diagnose::seen::session::Session;
use std::collections::BTreeMap;

/// Share of `max_connections` from which they are as good as used up; MY01 warns from 80 % on.
const FULL: f64 = 0.9;
const WARN: f64 = 0.8;

/// Sessions that come from one place under one name and do the same.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Group<'a> {
    /// `app@10.0.0.7, idle`.
    pub(in crate::engine::mysql) words: String,
    pub(in crate::engine::mysql) user: String,
    pub(in crate::engine::mysql) sessions: Vec<&'a Session>,
    pub(in crate::engine::mysql) idle: bool,
}

/// The groups of clients, the largest first.
pub(in crate::engine::mysql) fn groups(now: &Moment) -> Vec<Group<'_>> {
    let mut found: BTreeMap<(String, String, &str), Vec<&Session>> = BTreeMap::new();
    for session in now.sessions.iter().filter(|s| !s.is_ours() && !s.is_servers_own()) {
        let host = session.host.rsplit_once(':').map_or(session.host.as_str(), |(host, _)| host).to_owned();
        let does = match (session.sleeps(), session.transaction.is_some(), session.waits_for_lock()) {
            (true, false, _) => "idle",
            (true, true, _) => "idle in transaction",
            (false, _, true) => "waiting for a lock",
            (false, _, false) => "working",
        };
        found.entry((session.user.clone(), host, does)).or_default().push(session);
    }
    let mut groups: Vec<Group<'_>> = found
        .into_iter()
        .map(|((user, host, does), sessions)| Group {
            words: format!("{user}@{host}, {does}"),
            user,
            sessions,
            idle: does == "idle",
        })
        .collect();
    groups.sort_by(|a, b| b.sessions.len().cmp(&a.sessions.len()).then_with(|| a.words.cmp(&b.words)));
    groups
}

pub(super) fn judge(scene: &Scene<'_>, found: &mut Findings) {
    let (Some(most), Some(used)) = (scene.setting("max_connections"), scene.status.last("Threads_connected")) else {
        found.inconclusive(Cause::ConnectionSaturation, 0.2, vec!["the number of connections was not read".into()]);
        return;
    };
    let share = used / most.max(1.0);
    let turned_away = scene.status.delta("Connection_errors_max_connections").unwrap_or(0.0);
    let told = scene.case.incident.filter(|i| i.kind == ErrorKind::TooManyConnections);
    let mut evidence = vec![format!(
        "{used:.0} of {most:.0} connections are used: {:.0} % (limit {:.0} %)",
        share * 100.0,
        FULL * 100.0
    )];
    if turned_away > 0.0 {
        evidence.push(format!("{turned_away:.0} client(s) were turned away while we watched"));
    }
    evidence.extend(told.map(|i| format!("{} error(s) of the kind TOO_MANY_CONNECTIONS", i.count)));
    let now = scene.now();
    if let Some(group) = now.and_then(|now| groups(now).into_iter().next()) {
        evidence.push(format!("the largest group: {} sessions of {}", group.sessions.len(), group.words));
    }
    // The limit of an account is another one than the server's.
    let account = told.is_some_and(|i| matches!(i.code.as_str(), "1203" | "1226"));
    if share < WARN && turned_away == 0.0 && !account {
        found.refuted(Cause::ConnectionSaturation, evidence.join("; "));
        return;
    }
    if share < FULL && turned_away == 0.0 && told.is_none() {
        found.inconclusive(Cause::ConnectionSaturation, 0.5, evidence);
        return;
    }
    let confidence = if turned_away > 0.0 || told.is_some() || share >= 0.97 { 0.93 } else { 0.8 };
    found.supported(Cause::ConnectionSaturation, confidence, evidence);
    // When most of them wait for one session, they are used up because of that.
    if let Some(now) = now
        && let Some(root) = persistent(scene, now).first()
    {
        let clients = now.sessions.iter().filter(|s| !s.is_servers_own()).count();
        if root.blocked.len() * 2 >= clients.max(1)
            && let Some(hypothesis) = found.hypotheses.pop()
        {
            found.add(hypothesis.follows_from(cause_of(root)));
        }
    }
}
