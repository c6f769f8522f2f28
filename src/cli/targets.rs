//! `targets`: which there are, and whether each lets us in.

use super::host::{HeadlessTarget, no_target, object};
use super::print::known;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::Config;
use crate::config::args::TargetsAction;
use crate::domain::attempt::{self as history, SPANS};
use crate::domain::connection::{Case, Change, Finding, address_parts, diagnose, plan};
use crate::domain::error_event::ConnectError;
use crate::domain::metric;
use crate::domain::target::{Access, Identity, Target, Timestamp};
use crate::domain::text::escape;
use crate::engine;
use crate::export::table::{Cell, Paint, TextTable};
use futures::future::join_all;
use serde_json::{Map, Value as Json, json};

/// Lists or tests.
pub(super) async fn run(action: &TargetsAction, config: &Config, io: &mut Headless<'_>) -> Outcome {
    if io.targets.is_empty() {
        return Err(no_target());
    }
    match action {
        TargetsAction::List { json } => list(*json, config, io).await,
        TargetsAction::Test { names, json } => {
            if let Some(unknown) = names.iter().find(|n| !io.targets.iter().any(|t| t.target.id.as_str() == **n)) {
                return Err(Ended::with(Exit::Usage, format!("there is no target {unknown}")));
            }
            io.targets.retain(|t| names.is_empty() || names.iter().any(|n| n == t.target.id.as_str()));
            test(*json, io).await
        }
    }
}

async fn list(json: bool, config: &Config, io: &mut Headless<'_>) -> Outcome {
    let targets = io.targets.clone();
    let now = io.host.now();
    let columns = ["NAME", "ENGINE", "ENVIRONMENT", "ADDRESS", "HOSTED BY", "LAST ATTEMPT"].map(|title| (title, false));
    let mut table = TextTable::new(&columns);
    for HeadlessTarget { target, .. } in &targets {
        let last = io.host.record(&target.id).await.last.into_iter().next();
        let (service, pooler) = hosted_by(target, config);
        if json {
            let mut line = target_object(target);
            line.insert("read_only".into(), (target.access != Access::Writable).into());
            line.insert("access".into(), target.access.word().into());
            line.insert("color".into(), target.accent.map_or(Json::Null, |accent| accent.word().into()));
            line.insert("hosting".into(), service.map_or(Json::Null, Json::from));
            line.insert("pooler".into(), pooler.map_or(Json::Null, Json::from));
            let state = last.as_ref().map(|a| if a.succeeded() { "ok" } else { "down" });
            line.insert("last_state".into(), state.map_or(Json::Null, Json::from));
            line.insert(
                "last_why".into(),
                last.as_ref().and_then(|a| a.failure.clone()).map_or(Json::Null, Json::from),
            );
            line.insert("last_attempt_ms".into(), last.as_ref().map_or(Json::Null, |a| a.at.0.into()));
            io.object(line)?;
            continue;
        }
        let last = last.map_or_else(|| "-".to_owned(), |a| last_words(&a, now));
        let hosted: Vec<&str> = service.into_iter().chain(pooler).collect();
        let hosted = if hosted.is_empty() { "-".to_owned() } else { hosted.join(", ") };
        let words = [target.id.as_str(), target.engine.0, target.environment.word(), &target.address, &hosted, &last];
        table.push(words.into_iter().map(Cell::new).collect());
    }
    if !json {
        io.table(&table)?;
    }
    Ok(Exit::Fine)
}

/// `connected 3m 2s ago`.
fn last_words(attempt: &history::Attempt, now: Timestamp) -> String {
    let ago = metric::seconds(now.since(attempt.at) as f64 / 1000.0);
    format!("{} {ago} ago", attempt.failure.as_deref().unwrap_or("connected"))
}

/// The managed service at a target's first address, and the pooler in front of it, where either is known.
fn hosted_by(target: &Target, config: &Config) -> (Option<&'static str>, Option<&'static str>) {
    let configured = config.targets.iter().find(|t| t.target.id == target.id);
    let Some((host, port)) = configured.and_then(|t| t.servers.first()) else { return (None, None) };
    let Some(engine) = engine::by_name(target.engine.0) else { return (None, None) };
    (engine.hosting.service(host).map(|s| s.name), engine.hosting.pooler(host, *port).map(|p| p.name))
}

/// How one attempt to connect went.
pub(super) struct Attempt {
    /// To which target.
    pub(super) target: Target,
    /// Who answered, or why nobody did.
    pub(super) result: Result<Identity, ConnectError>,
    /// Milliseconds.
    pub(super) took_ms: u64,
}

/// Connects to every target at the same time; the host gives each its time.
pub(super) async fn attempts(io: &Headless<'_>) -> Vec<Attempt> {
    join_all(io.targets.iter().map(|t| async {
        let started = io.host.now();
        let result = match io.host.connect(&t.target.id).await {
            Ok(session) => {
                let identity = session.identity().clone();
                session.close().await;
                Ok(identity)
            }
            Err(error) => Err(error),
        };
        Attempt { target: t.target.clone(), result, took_ms: io.host.now().since(started) }
    }))
    .await
}

async fn test(json: bool, io: &mut Headless<'_>) -> Outcome {
    let attempts = attempts(io).await;
    let color = io.color();
    let good: Vec<&str> = attempts.iter().filter(|a| a.result.is_ok()).map(|a| host_of(&a.target)).collect();
    for attempt in &attempts {
        let causes = causes(attempt, &good, io).await;
        let record = io.host.record(&attempt.target.id).await;
        if json {
            let mut line = attempt_object(attempt);
            line.insert("causes".into(), Json::Array(causes.iter().map(cause_object).collect()));
            for ((_, name), rate) in SPANS.iter().zip(&record.rates) {
                line.insert(
                    format!("success_{}", name.replace(' ', "")),
                    rate.percent().map_or(Json::Null, Json::from),
                );
            }
            io.object(line)?;
            continue;
        }
        let name = escape(attempt.target.id.as_str());
        let line = match &attempt.result {
            Ok(identity) => {
                let word = Paint::Good.on("ok  ", color);
                format!("{word}  {name}: {}, {} ms", escape(&who_answered(identity)), attempt.took_ms)
            }
            Err(error) => format!("{}  {name}: {}", Paint::Bad.on("DOWN", color), escape(&error.message)),
        };
        io.line(&line)?;
        for Cause { finding, url } in &causes {
            let remedy = match (url, &finding.by_hand) {
                (Some(url), _) => format!("write url = \"{url}\""),
                (None, Some(words)) => words.clone(),
                (None, None) => finding.change.as_ref().map(Change::words).unwrap_or_default(),
            };
            io.line(&format!("      {:>2}%  {}", finding.confidence, escape(&finding.what)))?;
            io.line(&format!("           {}", Paint::Faint.on(&escape(&remedy), color)))?;
        }
        if record.rates.iter().any(|rate| rate.attempts > 0) {
            let words: Vec<String> =
                SPANS.iter().zip(&record.rates).map(|((_, name), rate)| format!("{name} {}", rate.words())).collect();
            io.line(&format!("      success: {}", words.join("; ")))?;
        }
    }
    let all = attempts.iter().all(|a| a.result.is_ok());
    Ok(if all { Exit::Fine } else { Exit::Unreachable })
}

/// A likely cause of a failure, with the corrected URL where one setting mends it.
struct Cause {
    finding: Finding,
    url: Option<String>,
}

fn host_of(target: &Target) -> &str {
    address_parts(&target.address, 0).0
}

/// Why an attempt failed, the likeliest first; nothing for one that succeeded.
async fn causes(attempt: &Attempt, good_hosts: &[&str], io: &Headless<'_>) -> Vec<Cause> {
    let target = &attempt.target;
    let (Err(error), Some(spec)) = (&attempt.result, engine::by_name(target.engine.0)) else { return Vec::new() };
    let approach = spec.dialect.approach();
    let default_port = approach.ports.first().map_or(0, |p| p.number);
    let (host, port, database) = address_parts(&target.address, default_port);
    let probes = plan(error.kind, &error.code, host, port, approach);
    let found = if probes.is_empty() { Vec::new() } else { io.host.look_round(&target.id, &probes).await };
    let known = io.host.known_fix(&target.id).await;
    let case =
        Case { kind: error.kind, code: &error.code, host, port, database, approach, good_hosts, known: known.as_ref() };
    diagnose(&case, &found)
        .into_iter()
        .map(|finding| {
            let url = finding.change.as_ref().and_then(|change| io.host.corrected(&target.id, change));
            Cause { finding, url }
        })
        .collect()
}

fn cause_object(cause: &Cause) -> Json {
    let Cause { finding, url } = cause;
    json!({
        "confidence": finding.confidence,
        "what": finding.what,
        "change": finding.change.as_ref().map(Change::words),
        "url": url,
        "by_hand": finding.by_hand,
    })
}

/// `PG 16.4 (primary) as ann on orders`.
fn who_answered(identity: &Identity) -> String {
    let mut words = format!("{} ({})", identity.version, identity.role);
    for (lead, word) in [("as", &identity.user), ("on", &identity.database)] {
        if !word.is_empty() {
            words.push_str(&format!(" {lead} {word}"));
        }
    }
    words
}

fn target_object(target: &Target) -> Map<String, Json> {
    let mut line = object();
    line.insert("target".into(), target.id.as_str().into());
    line.insert("engine".into(), target.engine.0.into());
    line.insert("environment".into(), target.environment.word().into());
    line.insert("address".into(), target.address.as_str().into());
    line
}

fn attempt_object(attempt: &Attempt) -> Map<String, Json> {
    let mut line = target_object(&attempt.target);
    let identity = attempt.result.as_ref().ok();
    let error = attempt.result.as_ref().err();
    let text = |f: fn(&Identity) -> &str| identity.map_or(Json::Null, |i| known(f(i)));
    line.insert("state".into(), if identity.is_some() { "ok" } else { "down" }.into());
    line.insert("version".into(), text(|i| &i.version));
    line.insert("role".into(), text(|i| &i.role));
    line.insert("database".into(), text(|i| &i.database));
    line.insert("user".into(), text(|i| &i.user));
    line.insert("took_ms".into(), attempt.took_ms.into());
    line.insert("why".into(), error.map_or(Json::Null, |e| e.kind.word().into()));
    line.insert("message".into(), error.map_or(Json::Null, |e| e.message.as_str().into()));
    line
}
