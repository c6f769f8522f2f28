//! `config check`: every mistake of the configuration, and how safe each target's connection is.

use super::host::{HeadlessTarget, object};
use super::targets::attempts;
use super::{Exit, Headless, Outcome};
use crate::app::security::{facts_of, score_words};
use crate::config::args::ConfigCheck;
use crate::config::{Config, Demo, Mistakes};
use crate::domain::error_event::ConnectError;
use crate::domain::security::{Facts, Pattern, Report, SERIOUS, judge, patterns};
use crate::domain::target::{Identity, TargetId, Timestamp};
use crate::domain::text::escape;
use crate::export::table::Paint;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// One target's judgement.
struct Checked {
    id: TargetId,
    report: Report,
    others: Vec<Pattern>,
    /// Why it was not seen from inside, where it was to be.
    unreachable: Option<String>,
}

/// Reads the configuration and judges what it says; with `--connect`, what the logins may do too. Exit 2 for mistakes,
/// 1 when a connection has a serious reason against it.
pub(super) async fn run(args: ConfigCheck, configuration: &Result<Config, Mistakes>, io: &mut Headless<'_>) -> Outcome {
    let config = match configuration {
        Ok(config) => config,
        Err(mistakes) => {
            for mistake in &mistakes.0 {
                tell(args, "mistake", &mistake.to_string(), io)?;
            }
            return Ok(Exit::Usage);
        }
    };
    for warning in &config.warnings {
        tell(args, "warning", warning, io)?;
    }
    if config.demo == Demo::NothingConfigured {
        io.targets.clear();
    }
    if !args.json {
        let targets = config.targets.len();
        let noun = if targets == 1 { "target" } else { "targets" };
        io.line(&format!("The configuration is sound: {targets} {noun}."))?;
    }
    let seen = if args.connect { look(io).await } else { HashMap::new() };
    let checked = check(&io.targets, &seen, io.host.now());
    for target in &checked {
        if args.json { io.object(checked_object(target))? } else { print(target, io)? }
    }
    let serious = checked.iter().any(|t| t.report.is_serious());
    Ok(if serious { Exit::Findings } else { Exit::Fine })
}

/// The mistakes are what was asked for, so they are data here.
fn tell(args: ConfigCheck, what: &'static str, words: &str, io: &mut Headless<'_>) -> Result<(), super::Ended> {
    if args.json {
        let mut line = object();
        line.insert(what.into(), words.into());
        io.object(line)?;
    } else if what == "mistake" {
        io.line(&escape(words))?;
    } else {
        io.line(&format!("{what}: {}", escape(words)))?;
    }
    Ok(())
}

/// Logs in everywhere at the same time.
async fn look(io: &Headless<'_>) -> HashMap<TargetId, Result<Identity, ConnectError>> {
    attempts(io).await.into_iter().map(|attempt| (attempt.target.id, attempt.result)).collect()
}

fn check(
    targets: &[HeadlessTarget],
    seen: &HashMap<TargetId, Result<Identity, ConnectError>>,
    now: Timestamp,
) -> Vec<Checked> {
    let facts: Vec<(&TargetId, Facts)> = targets
        .iter()
        .filter_map(|t| {
            let identity = seen.get(&t.target.id).and_then(|result| result.as_ref().ok());
            Some((&t.target.id, facts_of(t.facts.as_ref()?, identity)))
        })
        .collect();
    facts
        .iter()
        .map(|(id, this)| {
            let others: Vec<&Facts> = facts.iter().filter(|(other, _)| other != id).map(|(_, f)| f).collect();
            Checked {
                id: (*id).clone(),
                report: judge(this, now),
                others: patterns(this, &others),
                unreachable: seen.get(*id).and_then(|result| result.as_ref().err()).map(|e| e.message.clone()),
            }
        })
        .collect()
}

fn print(target: &Checked, io: &mut Headless<'_>) -> Result<(), super::Ended> {
    let color = io.color();
    let report = &target.report;
    let paint = match report.score {
        _ if report.is_serious() => Paint::Bad,
        90.. => Paint::Good,
        _ => Paint::Warning,
    };
    let name = escape(target.id.as_str());
    io.line(&format!("{name}: {}", paint.on(&score_words(report), color)))?;
    for reason in &report.reasons {
        let paint = if reason.points >= SERIOUS { Paint::Bad } else { Paint::Warning };
        let points = paint.on(&format!("{:>4}", format!("-{}", reason.points)), color);
        io.line(&format!("  {points}  {}", escape(&reason.what)))?;
        io.line(&format!("        {}", Paint::Faint.on(&escape(&reason.mend), color)))?;
    }
    for pattern in &target.others {
        io.line(&format!("        {}", escape(&pattern.words)))?;
    }
    if let Some(message) = &target.unreachable {
        io.line(&format!("        not seen from inside: {}", escape(message)))?;
    }
    Ok(())
}

fn checked_object(target: &Checked) -> Map<String, Json> {
    let mut line = object();
    let report = &target.report;
    line.insert("target".into(), target.id.as_str().into());
    line.insert("score".into(), report.score.into());
    line.insert("complete".into(), report.complete.into());
    let reasons = report
        .reasons
        .iter()
        .map(|r| json!({"id": r.id, "points": r.points, "what": r.what, "mend": r.mend}))
        .collect();
    line.insert("reasons".into(), Json::Array(reasons));
    let others = target.others.iter().map(|p| Json::from(p.words.as_str())).collect();
    line.insert("others".into(), Json::Array(others));
    line.insert("message".into(), target.unreachable.as_deref().map_or(Json::Null, Json::from));
    line
}
