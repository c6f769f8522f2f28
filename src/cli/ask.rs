//! `ask`: one turn of a chat without the screen, planned by the same code.

use super::answer::{Answer, Part};
use super::host::{HeadlessTarget, no_target};
use super::print::only_cell;
use super::rounds::Rounds;
use super::turn::{LIBRARY, Opened, engine_of, read_exit, stopped};
use super::{Ended, Exit, Headless, Outcome};
use crate::app::analysis::met;
use crate::app::analysis::pasted::Pasted;
use crate::app::chat::{cannot_words, history_rows, history_words, read_error};
use crate::app::fleet;
use crate::app::turn::{self, Context, Source, Turn, refusal};
use crate::config::Config;
use crate::config::args;
use crate::domain::guard::Catalog;
use crate::domain::question::{AnswerStatement, Intent};
use crate::domain::rows::Limits;
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;
use crate::engine::Collector;
use tokio_util::sync::CancellationToken;

/// Time between the two samples of a question about all targets: enough for rates, short enough for a person.
const BETWEEN_SAMPLES_MS: u64 = 300;

/// Answers one question.
pub(super) async fn run(args: &args::Ask, config: &Config, io: &mut Headless<'_>) -> Outcome {
    let question = args.question();
    if question.trim().is_empty() {
        return Err(Ended::with(Exit::Usage, "the question is empty"));
    }
    if io.targets.is_empty() {
        return Err(no_target());
    }
    let answer = match answer(&question, &config.limits, io).await {
        // A script that asked for JSON gets it, whatever happens.
        Err(Ended::With(exit, words)) if args.json && exit != Exit::Usage => Answer::none(exit, words),
        other => other?,
    };
    if args.json {
        let target = io.only_target().ok().map(|t| t.target.id.to_string());
        answer.print_json(&question, target.as_deref(), io)
    } else {
        answer.print(io)
    }
}

async fn answer(question: &str, limits: &Limits, io: &Headless<'_>) -> Result<Answer, Ended> {
    let stop = io.host.interrupt();
    let only = match io.only_target() {
        Ok(only) => only,
        Err(which) => return unconnected(question, io, &stop).await?.ok_or(which),
    };
    let mut opened = match Opened::open(only, io, &stop).await {
        Ok(opened) => opened,
        // Whether a server is down, and what it did before, can be answered without it.
        Err(why) => return unconnected(question, io, &stop).await?.ok_or(why),
    };
    let turn = turn::plan(question, &opened.context(io));
    let answer = match turn {
        Turn::Run { title, statements, text, notes, source } => {
            let answer =
                Answer { exit: Exit::Fine, words: title, text, parts: Vec::new(), notes, source: Some(source) };
            run_statements(answer, statements, &mut opened, limits, &stop).await
        }
        Turn::Refused { judgement, .. } | Turn::Propose { judgement, .. } => {
            Answer::none(Exit::Refused, refusal(&judgement))
        }
        Turn::Pasted(pasted) => analysed(&pasted, &opened.context(io)),
        Turn::Cannot(cannot) => Answer::none(Exit::Findings, cannot_words(&cannot)),
        Turn::History { from, to } => history(only, from, to, io).await?,
        Turn::Fleet(intent) => over_all(&intent, io, &stop).await?,
    };
    opened.close(io).await;
    Ok(answer)
}

/// Answers what needs no connection to one certain target: questions about all of them, and about the past of one.
async fn unconnected(question: &str, io: &Headless<'_>, stop: &CancellationToken) -> Result<Option<Answer>, Ended> {
    let Some(first) = io.targets.first() else { return Ok(None) };
    let context = Context {
        dialect: engine_of(first)?.dialect,
        schema: &Schema::default(),
        catalog: &Catalog::default(),
        library: &LIBRARY,
        now: io.host.now(),
        offset_minutes: io.offset_minutes,
    };
    match (turn::plan(question, &context), io.only_target()) {
        (Turn::Fleet(intent), _) => over_all(&intent, io, stop).await.map(Some),
        (Turn::Pasted(pasted), _) => Ok(Some(analysed(&pasted, &context))),
        (Turn::History { from, to }, Ok(only)) => history(only, from, to, io).await.map(Some),
        _ => Ok(None),
    }
}

/// What is said about a pasted error or plan; nothing is run for it.
fn analysed(pasted: &Pasted, context: &Context<'_>) -> Answer {
    let words = met::in_words(pasted, context.dialect, context.library, context.schema);
    Answer { source: Some(Source::Intent), ..Answer::none(Exit::Fine, words) }
}

async fn run_statements(
    mut answer: Answer,
    statements: Vec<AnswerStatement>,
    opened: &mut Opened,
    limits: &Limits,
    stop: &CancellationToken,
) -> Answer {
    for AnswerStatement { title, statement } in statements {
        let mut sink = Collector::new(*limits);
        match opened.read(&statement, limits, stop, &mut sink).await {
            Ok(summary) => {
                let (took_ms, notices) = (Some(summary.took_ms), summary.notices);
                answer.parts.push(Part { title, statement, rows: sink.into_rows(), took_ms, notices });
            }
            Err(error) => {
                answer.exit = read_exit(&error);
                answer.words = read_error(&error);
                return answer;
            }
        }
    }
    if let [part] = answer.parts.as_slice() {
        if let (Some(Source::Intent), Some(cell)) = (answer.source, only_cell(&part.rows)) {
            answer.words = format!("{}: {cell}", answer.words);
        } else if answer.words.is_empty() {
            answer.words = part.rows.count_words();
        }
    }
    answer
}

async fn history(target: &HeadlessTarget, from: Timestamp, to: Timestamp, io: &Headless<'_>) -> Result<Answer, Ended> {
    let past =
        io.host.past_sessions(&target.target.id, from, to).await.map_err(|words| Ended::with(Exit::Fault, words))?;
    let words = history_words(&past);
    if past.is_empty() {
        return Ok(Answer { source: Some(Source::Intent), ..Answer::none(Exit::Findings, words) });
    }
    let rows = history_rows(&past, io.offset_minutes);
    let part = Part { title: "from our own samples of that time".into(), rows, ..Part::default() };
    Ok(Answer { parts: vec![part], source: Some(Source::Intent), ..Answer::none(Exit::Fine, words) })
}

async fn over_all(intent: &Intent, io: &Headless<'_>, stop: &CancellationToken) -> Result<Answer, Ended> {
    let mut rounds = Rounds::every(BETWEEN_SAMPLES_MS, &io.targets, io);
    tokio::select! {
        biased;
        () = stop.cancelled() => return Err(stopped()),
        () = rounds.settle() => {}
    }
    let (words, rows) = fleet::answer(&rounds.model.targets, io.host.now(), intent);
    rounds.close().await;
    let part = Part { rows, ..Part::default() };
    Ok(Answer { parts: vec![part], source: Some(Source::Intent), ..Answer::none(Exit::Fine, words) })
}
