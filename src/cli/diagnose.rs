//! `diagnose`: watches a server for some seconds, then says what is wrong with it: possible causes, ranked, each with
//! its evidence and what would be proposed. What cannot be seen is said at the end, never passed over.

use super::host::{HeadlessTarget, object};
use super::turn::{session_ended, stopped};
use super::{Ended, Exit, Headless, Outcome};
use crate::app::effect::DiagnoseRequest;
use crate::app::event::RequestId;
use crate::config::{Config, args};
use crate::domain::diagnosis::{Cause, Diagnosis, Hypothesis, Verdict};
use crate::domain::incident::Incident;
use crate::domain::procedure::{Examined, Plan};
use crate::domain::text::{escape, escape_lines};
use crate::export::table::Paint;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Plans that are printed for one cause.
const PLANS: usize = 3;

/// Watches one target and prints what came of it.
pub(super) async fn run(args: &args::Diagnose, config: &Config, io: &mut Headless<'_>) -> Outcome {
    let incident = match args.incident {
        Some(id) => Some(incident(id, io).await?),
        None => None,
    };
    let target = target(incident.as_ref(), io)?.target.id.clone();
    let seconds = args.seconds.unwrap_or(config.diagnosis.seconds);
    if io.terminal.talk_is_terminal {
        io.say(&format!("watching {target} for {seconds} s; nothing is changed by that"));
    }
    let request = DiagnoseRequest {
        id: RequestId::default(),
        target: target.clone(),
        incident: incident.map(Box::new),
        focus: args.focus,
        seconds,
        usual: BTreeMap::new(),
    };
    let stop = io.host.interrupt();
    let examined = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(stopped()),
        examined = io.host.diagnose(request) => examined,
    };
    let examined = examined.map_err(|error| {
        let (exit, words) = session_ended(&error);
        Ended::with(exit, format!("{target}: {words}"))
    })?;
    if args.json {
        for (rank, hypothesis) in (1..).zip(&examined.diagnosis.hypotheses) {
            io.object(hypothesis_object(rank, hypothesis, &examined))?;
        }
        for words in &examined.diagnosis.unknown {
            io.say(&format!("unknown: {words}"));
        }
    } else {
        let color = io.color();
        for (paint, line) in lines(&examined, args.focus) {
            io.line(&paint.on(&line, color))?;
        }
    }
    Ok(if examined.diagnosis.roots().next().is_some() { Exit::Findings } else { Exit::Fine })
}

async fn incident(id: u64, io: &Headless<'_>) -> Result<Incident, Ended> {
    let found = io.host.incident(id).await.map_err(|words| Ended::with(Exit::Findings, words))?;
    found.ok_or_else(|| Ended::with(Exit::Findings, format!("there is no incident INC-{id:04}")))
}

/// The incident's own target, or the only one.
fn target<'a>(incident: Option<&Incident>, io: &'a Headless<'_>) -> Result<&'a HeadlessTarget, Ended> {
    let Some(incident) = incident else { return io.only_target() };
    io.targets.iter().find(|t| t.target.id == incident.target).ok_or_else(|| {
        let words = format!("{} is on {}, which is not among the targets", incident.name(), incident.target);
        Ended::with(Exit::Usage, words)
    })
}

/// One line of JSON. An interface: fields may be added, never renamed.
fn hypothesis_object(rank: usize, hypothesis: &Hypothesis, examined: &Examined) -> Map<String, Json> {
    let Hypothesis { cause, verdict, confidence, about, evidence, remedy, consequence_of } = hypothesis;
    let mut line = object();
    let mut add = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    add("target", examined.target.as_str().into());
    add("rank", rank.into());
    add("cause", cause.word().into());
    add("verdict", verdict.word().into());
    add("confidence", json!((confidence * 1_000.0).round() / 1_000.0));
    add("about", json!(about));
    add("evidence", evidence.iter().map(|e| json!({ "id": e.id, "text": e.text })).collect());
    let fix = remedy.as_ref().map(|r| json!({ "kind": r.kind, "statement": r.statement, "words": r.words }));
    add("fix", json!(fix));
    add("consequence_of", json!(consequence_of.map(Cause::word)));
    add("seconds", examined.seconds.into());
    line
}

/// The whole as text, each line fit for a terminal.
fn lines(examined: &Examined, focus: Option<Cause>) -> Vec<(Paint, String)> {
    let Diagnosis { hypotheses, unknown } = &examined.diagnosis;
    let target = escape(examined.target.as_str());
    let seconds = examined.seconds;
    let mut out = vec![(
        Paint::Plain,
        match examined.diagnosis.roots().count() {
            0 => format!("{target}: no cause was found in {seconds} s"),
            1 => format!("{target}: one cause was found in {seconds} s"),
            causes => format!("{target}: {causes} causes were found in {seconds} s"),
        },
    )];
    let told = |h: &&Hypothesis| h.verdict != Verdict::Refuted || focus == Some(h.cause);
    let mut planned: Vec<Cause> = Vec::new();
    for (rank, hypothesis) in (1..).zip(hypotheses.iter().filter(told)) {
        out.push(headline(rank, hypothesis));
        out.extend(hypothesis.evidence.iter().map(|e| (Paint::Plain, format!("     {:<4}{}", e.id, escape(&e.text)))));
        let consequences = hypotheses.iter().filter(|h| h.consequence_of == Some(hypothesis.cause));
        let is_first = !planned.contains(&hypothesis.cause);
        planned.push(hypothesis.cause);
        if is_first {
            out.extend(consequences.map(|h| (Paint::Faint, format!("     └ from it follows: {}", named(h)))));
            let plans = examined.plans.iter().filter(|plan| plan.cause == hypothesis.cause);
            out.extend(plans.take(PLANS).flat_map(plan_lines));
        }
    }
    let refuted: Vec<&str> =
        hypotheses.iter().filter(|h| !told(h) && h.consequence_of.is_none()).map(|h| h.cause.word()).collect();
    if !refuted.is_empty() {
        out.push((Paint::Faint, format!("refuted: {}", refuted.join(", "))));
    }
    // A plan for a cause that nobody has set up a hypothesis about is for the incident's own error.
    let others = examined.plans.iter().filter(|plan| !planned.contains(&plan.cause));
    out.extend(others.take(PLANS).flat_map(plan_lines));
    out.extend(unknown.iter().map(|words| (Paint::Warning, format!("unknown: {}", escape(words)))));
    out
}

/// `1. lock_wait_chain, supported (95%): one session holds a lock for which others wait: session 88123`.
fn headline(rank: usize, hypothesis: &Hypothesis) -> (Paint, String) {
    let (paint, verdict) = match hypothesis.verdict {
        Verdict::Supported => (Paint::Bad, "supported"),
        Verdict::Inconclusive => (Paint::Warning, "undecided"),
        Verdict::Refuted => (Paint::Faint, "refuted"),
    };
    let sure = (hypothesis.confidence * 100.0).round();
    let cause = hypothesis.cause;
    let about = hypothesis.about.as_deref().map_or_else(String::new, |about| format!(": {}", escape(about)));
    (paint, format!("{rank:>2}. {}, {verdict} ({sure}%): {}{about}", cause.word(), cause.title()))
}

/// `connection_saturation: 100 of 100`.
fn named(hypothesis: &Hypothesis) -> String {
    let about = hypothesis.about.as_deref().map_or_else(String::new, |about| format!(" ({})", escape(about)));
    format!("{}{about}", hypothesis.cause.word())
}

/// What would be proposed, or why nothing is.
fn plan_lines(plan: &Plan) -> Vec<(Paint, String)> {
    let Plan { procedure, title, steps, blocked, advice, confidence, .. } = plan;
    let would = if plan.can_be_proposed() { "would be proposed" } else { "is not proposed" };
    let mut out = vec![(Paint::Good, format!("     {} {would} ({confidence}%): {}", escape(procedure), escape(title)))];
    if !plan.can_be_proposed() {
        out[0].0 = Paint::Faint;
    }
    out.extend(blocked.iter().map(|why| (Paint::Plain, format!("       because {}", escape(why)))));
    for (number, step) in (1..).zip(steps) {
        let (statement, words) = (escape_lines(&step.draft.statement), step.verification.in_words());
        let mut text = statement.lines();
        out.push((Paint::Plain, format!("       {number}) {}", text.next().unwrap_or_default())));
        out.extend(text.map(|line| (Paint::Plain, format!("          {line}"))));
        out.push((Paint::Faint, format!("          then: {}", escape(&words))));
    }
    out.extend(advice.iter().map(|words| (Paint::Plain, format!("       advice: {}", escape(words)))));
    out
}
