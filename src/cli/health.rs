//! `health`: every target sampled and judged, once or as a stream.

use super::host::{no_target, object};
use super::print::{known, number};
use super::rounds::Rounds;
use super::turn::stopped;
use super::{Ended, Exit, Headless, Outcome};
use crate::app::fleet::fleet_table;
use crate::app::model::{Link, TargetModel};
use crate::app::table::SPARK;
use crate::config::args;
use crate::domain::health::State;
use crate::domain::metric::METRICS;
use crate::domain::target::{Identity, TargetId, Timestamp};
use crate::domain::text::escape;
use crate::export::table::{Cell, Paint, TextTable};
use serde_json::{Map, Value as Json};

/// Time between the two samples of one look, milliseconds: rates exist from the second on, and a rule speaks only
/// when two samples in a row break it.
const BETWEEN_SAMPLES_MS: u64 = 1_000;

/// Looks at every target.
pub(super) async fn run(args: &args::Health, io: &mut Headless<'_>) -> Outcome {
    if io.targets.is_empty() {
        return Err(no_target());
    }
    if args.watch { watch(args, io).await } else { look(args, io).await }
}

async fn look(args: &args::Health, io: &mut Headless<'_>) -> Outcome {
    let stop = io.host.interrupt();
    let mut rounds = Rounds::every(BETWEEN_SAMPLES_MS, &io.targets, io);
    tokio::select! {
        biased;
        () = stop.cancelled() => return Err(stopped()),
        () = rounds.settle() => {}
    }
    let now = io.host.now();
    if args.json {
        let mut order: Vec<&TargetModel> = rounds.model.targets.iter().collect();
        order.sort_by(|a, b| (a.state(now), &a.target.id).cmp(&(b.state(now), &b.target.id)));
        for target in order {
            io.object(target_object(target, now))?;
        }
    } else {
        print_table(&rounds.model.targets, now, io)?;
    }
    let exit = exit_of(&rounds.model.targets, now, io.targets_were_named());
    rounds.close().await;
    Ok(exit)
}

async fn watch(args: &args::Health, io: &mut Headless<'_>) -> Outcome {
    let stop = io.host.interrupt();
    let mut rounds = Rounds::at_own_interval(&io.targets, io);
    loop {
        let id = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            id = rounds.next() => id,
        };
        let now = io.host.now();
        let Some(target) = rounds.model.target(&id) else { continue };
        if args.json {
            io.object(target_object(target, now))?;
        } else {
            let line = watch_line(target, now, io);
            io.line(&line)?;
        }
        io.stdout.flush()?;
    }
    let exit = exit_of(&rounds.model.targets, io.host.now(), io.targets_were_named());
    rounds.close().await;
    Ok(exit)
}

fn exit_of(targets: &[TargetModel], now: Timestamp, named: bool) -> Exit {
    match targets {
        [only] if named && only.state(now) == State::Down => Exit::Unreachable,
        all if all.iter().all(|t| t.state(now) == State::Ok) => Exit::Fine,
        _ => Exit::Findings,
    }
}

fn paint(state: State) -> Paint {
    match state {
        State::Critical | State::Down => Paint::Bad,
        State::Warning | State::Stale => Paint::Warning,
        State::Unknown => Paint::Faint,
        State::Ok => Paint::Good,
    }
}

fn print_table(targets: &[TargetModel], now: Timestamp, io: &mut Headless<'_>) -> Result<(), Ended> {
    let fleet = fleet_table(targets, now);
    // A sparkline needs a history, which one look does not have.
    let shown: Vec<usize> = (0..fleet.columns.len()).filter(|&i| fleet.columns[i].title != SPARK).collect();
    let columns: Vec<(&str, bool)> =
        shown.iter().map(|&i| (fleet.columns[i].title.as_str(), fleet.columns[i].numeric)).collect();
    let mut table = TextTable::new(&columns);
    for row in &fleet.rows {
        let paint = row.state.map(paint).unwrap_or_default();
        let cell = |&i: &usize| {
            let cell = Cell::new(&row.cells[i].text);
            if i == 0 { cell.painted(paint) } else { cell }
        };
        table.push(shown.iter().map(cell).collect());
    }
    let color = io.color();
    io.table(&table)?;
    let name = |id: &TargetId| escape(id.as_str());
    for row in &fleet.rows {
        let Some(target) = targets.iter().find(|t| t.target.id.as_str() == row.key) else { continue };
        for reason in &target.health.reasons {
            let words = format!("{}: {}", name(&target.target.id), escape(&reason.text));
            io.line(&paint(reason.state).on(&words, color))?;
        }
    }
    Ok(())
}

/// `14:31:58  ok  orders  12 connections ...`: one line a collection.
fn watch_line(target: &TargetModel, now: Timestamp, io: &Headless<'_>) -> String {
    let state = target.state(now);
    let word = paint(state).on(&format!("{:<5}", state.word()), io.color());
    let reasons: Vec<&str> = target.health.reasons.iter().map(|r| r.text.as_str()).collect();
    let numbers: Vec<String> = METRICS
        .iter()
        .filter_map(|m| {
            let value = target.value(m.id).filter(|_| state != State::Down)?;
            Some(format!("{} {}", m.label, crate::domain::metric::format(Some(value), m.unit)))
        })
        .take(6)
        .collect();
    let detail = if reasons.is_empty() { numbers.join(", ") } else { reasons.join("; ") };
    let clock = now.clock(io.offset_minutes);
    format!("{clock}  {word}  {}  {}", escape(target.target.id.as_str()), escape(&detail))
}

/// A target as an object: what is not known is null, and so is every number of one that does not answer.
fn target_object(t: &TargetModel, now: Timestamp) -> Map<String, Json> {
    let state = t.state(now);
    let up = matches!(t.link, Link::Up);
    let identity = t.identity.as_ref();
    let text = |f: fn(&Identity) -> &str| identity.map_or(Json::Null, |i| known(f(i)));
    let mut line = object();
    line.insert("target".into(), t.target.id.as_str().into());
    line.insert("engine".into(), t.target.engine.0.into());
    line.insert("environment".into(), t.target.environment.word().into());
    line.insert("address".into(), t.target.address.as_str().into());
    line.insert("state".into(), state.json_word().into());
    line.insert("score".into(), t.health.score.map_or(Json::Null, Json::from));
    line.insert("why".into(), known(&t.why(now)));
    line.insert("reasons".into(), reasons(t));
    line.insert("version".into(), text(|i| &i.version));
    line.insert("role".into(), text(|i| &i.role));
    line.insert("database".into(), text(|i| &i.database));
    line.insert("user".into(), text(|i| &i.user));
    line.insert("sampled_at".into(), t.sample.as_ref().filter(|_| up).map_or(Json::Null, |s| instant(s.at)));
    line.insert("took_ms".into(), t.sample.as_ref().filter(|_| up).map_or(Json::Null, |s| s.took_ms.into()));
    let metrics: Map<String, Json> =
        METRICS.iter().map(|m| (m.id.0.to_owned(), number(t.value(m.id).filter(|_| up)))).collect();
    line.insert("metrics".into(), Json::Object(metrics));
    let hints = identity.map(|i| i.hints.as_slice()).unwrap_or_default().iter();
    let sample_hints = t.sample.as_ref().map(|s| s.hints.as_slice()).unwrap_or_default().iter();
    line.insert("hints".into(), hints.chain(sample_hints).map(String::as_str).collect());
    line
}

fn reasons(t: &TargetModel) -> Json {
    let reason = |r: &crate::domain::health::Reason| {
        let mut object = Map::new();
        object.insert("state".into(), r.state.json_word().into());
        object.insert("word".into(), r.word.into());
        object.insert("text".into(), r.text.as_str().into());
        Json::Object(object)
    };
    t.health.reasons.iter().map(reason).collect()
}

/// `2026-08-22T14:31:58Z`.
fn instant(at: Timestamp) -> Json {
    Json::String(format!("{}Z", at.date_time(0).replace(' ', "T")))
}
