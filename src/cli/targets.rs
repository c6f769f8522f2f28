//! `targets`: which there are, and whether each lets us in.

use super::host::{HeadlessTarget, no_target, object};
use super::print::known;
use super::{Exit, Headless, Outcome};
use crate::config::args::TargetsAction;
use crate::domain::error_event::ConnectError;
use crate::domain::target::{Identity, Target};
use crate::domain::text::escape;
use crate::export::table::{Cell, Paint, TextTable};
use futures::future::join_all;
use serde_json::{Map, Value as Json};

/// Lists or tests.
pub(super) async fn run(action: TargetsAction, io: &mut Headless<'_>) -> Outcome {
    if io.targets.is_empty() {
        return Err(no_target());
    }
    match action {
        TargetsAction::List { json } => list(json, io),
        TargetsAction::Test { json } => test(json, io).await,
    }
}

fn list(json: bool, io: &mut Headless<'_>) -> Outcome {
    let targets = io.targets.clone();
    if json {
        for t in &targets {
            io.object(target_object(&t.target))?;
        }
        return Ok(Exit::Fine);
    }
    let mut table = TextTable::new(&[("NAME", false), ("ENGINE", false), ("ENVIRONMENT", false), ("ADDRESS", false)]);
    for HeadlessTarget { target, .. } in &targets {
        let words = [target.id.as_str(), target.engine.0, target.environment.word(), &target.address];
        table.push(words.into_iter().map(Cell::new).collect());
    }
    io.table(&table)?;
    Ok(Exit::Fine)
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
    for attempt in &attempts {
        if json {
            io.object(attempt_object(attempt))?;
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
    }
    let all = attempts.iter().all(|a| a.result.is_ok());
    Ok(if all { Exit::Fine } else { Exit::Unreachable })
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
