//! `rules`: watch rules of the person's own, which the app and `watch` hold against what they measure.

use super::{Ended, Exit, Headless, Outcome};
use crate::config::Config;
use crate::config::args::{AddRule, RulesAction};
use crate::domain::incident::Filter;
use crate::domain::metric::{METRICS, Unit};
use crate::domain::rule::{self, Measure, Rule, code_of};
use crate::domain::target::Timestamp;
use crate::engine;
use crate::export::table::{Cell, Paint, TextTable};
use serde_json::{Map, Value as Json, json};

/// Does what was asked for.
pub(super) async fn run(action: &RulesAction, config: &Config, io: &mut Headless<'_>) -> Outcome {
    match action {
        RulesAction::List { json } => list(*json, io).await,
        RulesAction::Add(args) => add(args, config, io).await,
        RulesAction::Delete { id, json } => delete(*id, *json, io).await,
        RulesAction::Metrics { json } => metrics(*json, io),
    }
}

/// The rules, the oldest first; of the targets that were named, where some were.
async fn list(json: bool, io: &mut Headless<'_>) -> Outcome {
    let mut rules = io.host.rules().await.map_err(failed)?;
    rules.retain(|rule| !io.targets_were_named() || io.targets.iter().any(|t| t.target.id == rule.target));
    let incidents = io.host.incidents(Filter::default()).await.map_err(failed)?;
    let told = |rule: &Rule| {
        let code = code_of(rule.id);
        incidents.iter().find(|i| i.stage.is_open() && i.target == rule.target && i.code == code).map(|i| i.id)
    };
    if json {
        for rule in &rules {
            let mut line = object(rule);
            line.insert("firing".to_owned(), json!(told(rule)));
            io.object(line)?;
        }
        return Ok(Exit::Fine);
    }
    if rules.is_empty() {
        io.say("there is no rule: dba-gpt rules add connections above 80% for 60s");
        return Ok(Exit::Fine);
    }
    let (now, offset) = (io.host.now(), io.offset_minutes);
    let columns = ["NUMBER", "TARGET", "TELLS OF", "SEV", "NOW", "SINCE", "UNTIL", "BY", "BECAUSE"];
    let mut table = TextTable::new(&columns.map(|title| (title, false)));
    let day = |at: Timestamp| at.date_time(offset).chars().take(10).collect::<String>();
    for rule in &rules {
        let (now, paint) = match told(rule) {
            Some(id) => (format!("INC-{id:04}"), Paint::Warning),
            None if rule.has_expired(now) => ("expired".to_owned(), Paint::Faint),
            None => ("-".to_owned(), Paint::Plain),
        };
        table.push(vec![
            Cell::new(&rule.id.to_string()),
            Cell::new(rule.target.as_str()),
            Cell::new(&rule.condition.words()),
            Cell::new(rule.severity.short()),
            Cell::new(&now).painted(paint),
            Cell::new(&day(rule.created)),
            Cell::new(&rule.expires.map_or_else(|| "-".to_owned(), day)),
            Cell::new(&rule.by),
            Cell::new(&rule.reason),
        ]);
    }
    io.table(&table)?;
    Ok(Exit::Fine)
}

/// Keeps a rule for the only target, or the one that was named.
async fn add(args: &AddRule, config: &Config, io: &mut Headless<'_>) -> Outcome {
    let usage = |words: String| Ended::with(Exit::Usage, words);
    let condition = rule::condition(&args.condition.join(" ")).map_err(usage)?;
    let target = io.only_target()?.target.clone();
    match &condition.measure {
        Measure::Check(name) if !config.own.of(&target.id, target.engine).checks.iter().any(|c| c.name == *name) => {
            return Err(usage(format!("{} has no check `{name}`: [checks.{name}] in the configuration", target.id)));
        }
        Measure::DeadRows(table)
            if engine::by_name(target.engine.0).and_then(|e| e.dialect.dead_rows(table)).is_none() =>
        {
            return Err(usage(format!("{} does not count the dead rows of a table", target.engine.0)));
        }
        _ => {}
    }
    if let Some(id) = args.incident {
        let known = io.host.incident(id).await.map_err(failed)?;
        known.ok_or_else(|| Ended::with(Exit::Findings, format!("there is no incident INC-{id:04}")))?;
    }
    let now = io.host.now();
    let kept_ms = args.keep.map(|keep| i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
    let wanted = Rule {
        id: 0,
        target: target.id,
        condition,
        severity: args.severity,
        reason: args.reason.clone(),
        incident: args.incident,
        created: now,
        by: String::new(),
        expires: kept_ms.map(|ms| now.plus_ms(ms)),
    };
    let kept = io.host.keep_rule(wanted).await.map_err(failed)?;
    if args.json {
        io.object(object(&kept))?;
    } else {
        io.say(&format!("{} on {}: {}", kept.name(), kept.target, kept.condition.words()));
        io.say("the app and `dba-gpt watch` tell of it");
    }
    Ok(Exit::Fine)
}

async fn delete(id: u64, json: bool, io: &mut Headless<'_>) -> Outcome {
    let gone = io.host.delete_rule(id).await.map_err(failed)?;
    let gone = gone.ok_or_else(|| Ended::with(Exit::Findings, format!("there is no rule {id}")))?;
    if json {
        io.object(object(&gone))?;
    } else {
        io.say(&format!("{} on {} is gone: {}", gone.name(), gone.target, gone.condition.words()));
    }
    Ok(Exit::Fine)
}

/// What a rule can be about.
fn metrics(json: bool, io: &mut Headless<'_>) -> Outcome {
    if json {
        for metric in METRICS {
            let line =
                json!({ "schema": 1, "metric": metric.id.0, "unit": unit(Some(metric.unit)), "help": metric.help });
            io.object(line.as_object().cloned().unwrap_or_default())?;
        }
        return Ok(Exit::Fine);
    }
    let mut table = TextTable::new(&["METRIC", "UNIT", "WHAT IT IS"].map(|title| (title, false)));
    for metric in METRICS {
        table.push(vec![Cell::new(metric.id.0), Cell::new(unit(Some(metric.unit))), Cell::new(metric.help)]);
    }
    io.table(&table)?;
    Ok(Exit::Fine)
}

/// The unit's word in JSON; empty for a check, whose numbers are anybody's.
fn unit(unit: Option<Unit>) -> &'static str {
    match unit {
        Some(Unit::Count) => "count",
        Some(Unit::PerSecond) => "per_second",
        Some(Unit::Bytes) => "bytes",
        Some(Unit::BytesPerSecond) => "bytes_per_second",
        Some(Unit::Seconds) => "seconds",
        Some(Unit::Milliseconds) => "milliseconds",
        Some(Unit::Percent) => "percent",
        None => "",
    }
}

fn object(rule: &Rule) -> Map<String, Json> {
    let Rule { id, target, condition, severity, reason, incident, created, by, expires } = rule;
    let line = json!({
        "schema": 1,
        "rule": id,
        "target": target.as_str(),
        "condition": condition.words(),
        "measure": condition.measure.words(),
        "of": condition.measure.limit().map(|limit| limit.0),
        "side": condition.side.word(),
        "threshold": condition.threshold,
        "unit": unit(condition.measure.unit()),
        "for_seconds": condition.for_seconds,
        "severity": severity.word(),
        "reason": reason,
        "incident": incident,
        "created_ms": created.0,
        "by": by,
        "expires_ms": expires.map(|end| end.0),
    });
    line.as_object().cloned().unwrap_or_default()
}

fn failed(words: String) -> Ended {
    Ended::with(Exit::Findings, words)
}
