//! `sql`: one statement behind the guard, printed as a table for people or streamed as CSV, JSON lines or Markdown.

use super::answer::{Answer, Part};
use super::host::HeadlessTarget;
use super::turn::{Opened, read_exit};
use super::{Ended, Exit, Headless, Outcome};
use crate::app::chat::read_error;
use crate::app::event::ReadError;
use crate::app::turn::{self, Source, Turn, refusal};
use crate::config::Config;
use crate::config::args::{self, Format};
use crate::domain::guard::Class;
use crate::domain::interchange::ExportFormat;
use crate::domain::proposal::{Draft, NotProposed};
use crate::domain::rows::{Column, Limits, RowSink, Truncation, Value};
use crate::engine::Collector;
use crate::export::RowWriter;
use crate::export::table::TextTable;
use std::io::Write;
use std::ops::ControlFlow;
use tokio_util::sync::CancellationToken;

/// Runs one statement.
pub(super) async fn run(args: &args::Sql, config: &Config, io: &mut Headless<'_>) -> Outcome {
    let typed = statement(args, io)?;
    let mut limits = config.limits;
    if let Some(rows) = args.limit {
        limits.rows = rows;
    }
    let stop = io.host.interrupt();
    let target = io.only_target()?.clone();
    if args.propose {
        return propose(typed, &target, args.json, io).await;
    }
    if args.json {
        let answer = match as_answer(&typed, &target, &limits, &stop, io).await {
            // A script that asked for JSON gets it, whatever happens.
            Err(Ended::With(exit, words)) => Answer::none(exit, words),
            other => other?,
        };
        return answer.print_json(&typed, Some(target.target.id.as_str()), io);
    }
    let mut opened = Opened::open(&target, io, &stop).await?;
    let planned = plan(&typed, &opened, io)?;
    let format = match args.format {
        Format::Table => None,
        Format::Json => Some(ExportFormat::Json),
        Format::Csv => Some(ExportFormat::Csv),
        Format::Md => Some(ExportFormat::Markdown),
    };
    let outcome = match format {
        None => print(planned, &limits, &mut opened, &stop, io).await,
        Some(format) => {
            if args.limit.is_some() {
                // Rows that are written while they arrive take no memory: the person's number alone counts.
                limits.bytes = usize::MAX;
            }
            stream(&planned, format, &limits, &mut opened, &stop, io).await
        }
    };
    opened.close(io).await;
    outcome
}

/// Files a statement as a proposal.
async fn propose(typed: String, target: &HeadlessTarget, json: bool, io: &mut Headless<'_>) -> Outcome {
    let draft = Draft { statement: typed, class: Class::Dml, kind: None, database: None };
    let filed = match io.host.propose(&target.target.id, draft).await {
        Ok(filed) => filed,
        Err(NotProposed::Reads) => {
            let words = "this statement only reads: run it without --propose";
            return Err(Ended::with(Exit::Usage, words));
        }
        Err(NotProposed::Refused(words)) => return Err(Ended::with(Exit::Refused, words)),
        Err(NotProposed::Failed(words)) => return Err(Ended::with(Exit::Findings, words)),
    };
    if json {
        let line = serde_json::json!({
            "schema": 1, "id": filed.id, "target": filed.target.as_str(), "stage": filed.stage.word(),
            "class": filed.draft.class.word(), "risk": filed.gravity.word(), "statement": filed.draft.statement,
        });
        writeln!(io.stdout, "{line}")?;
    } else {
        io.say(&format!("#{} waits for a person: dba-gpt approvals approve {0}", filed.id));
    }
    Ok(Exit::Fine)
}

fn statement(args: &args::Sql, io: &mut Headless<'_>) -> Result<String, Ended> {
    if args.statement != "-" {
        return Ok(args.statement.clone());
    }
    let mut text = String::new();
    io.stdin
        .read_to_string(&mut text)
        .map_err(|e| Ended::with(Exit::Usage, format!("standard input could not be read as a statement: {e}")))?;
    Ok(text)
}

/// The statement to send: names resolved, and allowed.
fn plan(typed: &str, opened: &Opened, io: &Headless<'_>) -> Result<String, Ended> {
    match turn::plan_statement(typed, &opened.context(io)) {
        Turn::Run { statements, .. } => Ok(statements.into_iter().next().map(|s| s.statement).unwrap_or_default()),
        Turn::Refused { judgement, .. } => Err(Ended::with(Exit::Refused, refusal(&judgement))),
        Turn::Propose { judgement, .. } => {
            let words = format!("{}\n--propose files it for that; filing changes nothing", refusal(&judgement));
            Err(Ended::with(Exit::Refused, words))
        }
        _ => Err(Ended::with(Exit::Fault, "the statement could not be planned")),
    }
}

async fn as_answer(
    typed: &str,
    target: &HeadlessTarget,
    limits: &Limits,
    stop: &CancellationToken,
    io: &Headless<'_>,
) -> Result<Answer, Ended> {
    let mut opened = Opened::open(target, io, stop).await?;
    let statement = plan(typed, &opened, io)?;
    let part = collect(statement, limits, &mut opened, stop).await?;
    opened.close(io).await;
    let words = part.rows.count_words();
    Ok(Answer { parts: vec![part], source: Some(Source::Sql), ..Answer::none(Exit::Fine, words) })
}

async fn collect(
    statement: String,
    limits: &Limits,
    opened: &mut Opened,
    stop: &CancellationToken,
) -> Result<Part, Ended> {
    let mut sink = Collector::new(*limits);
    let summary = opened.read(&statement, limits, stop, &mut sink).await.map_err(|e| failed(&e))?;
    let (took_ms, notices) = (Some(summary.took_ms), summary.notices);
    Ok(Part { title: String::new(), statement, rows: sink.into_rows(), took_ms, notices })
}

async fn print(
    statement: String,
    limits: &Limits,
    opened: &mut Opened,
    stop: &CancellationToken,
    io: &mut Headless<'_>,
) -> Outcome {
    let part = collect(statement, limits, opened, stop).await?;
    io.table(&TextTable::of_rows(&part.rows))?;
    io.stdout.flush()?;
    for notice in &part.notices {
        io.say(notice);
    }
    io.say(&part.count_words());
    Ok(Exit::Fine)
}

async fn stream(
    statement: &str,
    format: ExportFormat,
    limits: &Limits,
    opened: &mut Opened,
    stop: &CancellationToken,
    io: &mut Headless<'_>,
) -> Outcome {
    let writer = RowWriter::new(&mut *io.stdout, format).escaped(io.terminal.is_terminal);
    let mut sink = Capped { writer, limits: *limits, bytes: 0, truncated: None };
    let read = opened.read(statement, limits, stop, &mut sink).await;
    let truncated = sink.truncated;
    let (written, _) = sink.writer.finish()?;
    let summary = read.map_err(|e| failed(&e))?;
    for notice in &summary.notices {
        io.say(notice);
    }
    match truncated {
        Some(Truncation::Rows(cap)) => io.say(&format!("cut at {cap} rows: there are more (--limit)")),
        Some(_) => io.say(&format!("cut at {} rows: more than {} MB (--limit)", written.rows, limits.bytes >> 20)),
        None => {}
    }
    if written.cut_cells > 0 {
        io.say(&format!("{} cells were cut at {} kB each (limits.cell)", written.cut_cells, limits.cell_bytes >> 10));
    }
    Ok(Exit::Fine)
}

fn failed(error: &ReadError) -> Ended {
    Ended::with(read_exit(error), read_error(error))
}

/// Writes rows while they arrive, up to the limits.
struct Capped<W: Write> {
    writer: RowWriter<W>,
    limits: Limits,
    bytes: usize,
    truncated: Option<Truncation>,
}

impl<W: Write + Send> RowSink for Capped<W> {
    fn columns(&mut self, columns: Vec<Column>) {
        self.writer.columns(columns);
    }
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        if self.writer.written().rows >= self.limits.rows as u64 {
            self.truncated = Some(Truncation::Rows(self.limits.rows));
            return ControlFlow::Break(());
        }
        self.bytes = self.bytes.saturating_add(row.iter().map(Value::size).sum());
        if self.bytes > self.limits.bytes {
            self.truncated = Some(Truncation::Bytes(self.limits.bytes));
            return ControlFlow::Break(());
        }
        self.writer.row(row)
    }
}
