//! `logs ingest`: files of server logs become events, errors of the history, and a summary.
//!
//! ```text
//! input    a file or standard input, its format, and the place from which to go on
//! tally    what was met, by signature and by shape of slow statements
//! batch    errors on their way to the store, equal ones as one with a count
//! print    events as JSON, the summary as tables
//! ```

mod batch;
mod input;
mod print;
mod progress;
mod tally;

use super::{Ended, Exit, Headless, Outcome};
use crate::config::args;
use crate::domain::dialect::Dialect;
use crate::domain::log::event::StatementCost;
use crate::domain::log::{LogEvent, LogNamer, LogOptions};
use crate::domain::target::TargetId;
use crate::engine::{self, ENGINES};
use batch::Batch;
use input::{Input, Place};
use progress::Progress;
use std::io;
use std::path::Path;
use tally::Tally;

/// Bytes that are read between two looks at the store and the progress bar.
const CHUNK_BYTES: usize = 256 * 1024;

/// Reads the files.
pub(super) async fn run(args: &args::Ingest, io: &mut Headless<'_>) -> Outcome {
    let target = if args.dry_run { None } else { Some(io.only_target()?.target.clone()) };
    let dialect = dialect(args, target.as_ref().map(|t| t.engine.0))?;
    let options = LogOptions {
        prefix: args.prefix.as_deref(),
        offset_minutes: io.offset_minutes,
        now: io.host.now(),
        ..LogOptions::default()
    };
    let mut inputs = Vec::new();
    for path in &args.files {
        inputs.push(open(path, args, dialect, &options, io)?);
    }
    // Files of one log follow each other; a file whose events have no time stays where it was named.
    inputs.sort_by_key(|input| input.first_at);
    let mut work = Work {
        dialect,
        namer: LogNamer::new(dialect.errors(), dialect.log_rules()),
        target: target.map(|t| t.id),
        tally: Tally::default(),
        json: args.json,
    };
    for input in inputs {
        work.read(input, io).await?;
    }
    for words in work.tally.talk() {
        io.say(&words);
    }
    if !args.json {
        print::summary(&work.tally, io)?;
    }
    Ok(Exit::Fine)
}

/// The engine that was named, which must be that of the target.
fn dialect(args: &args::Ingest, of_target: Option<&str>) -> Result<&'static dyn Dialect, Ended> {
    let usage = |words: String| Ended::with(Exit::Usage, words);
    let name = match (args.engine.as_deref(), of_target) {
        (Some(named), Some(target)) if named != target => {
            return Err(usage(format!("the target is a {target} server, and --engine says {named}")));
        }
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Err(usage("whose logs are these? Say --engine or --target".to_owned())),
    };
    let spec = engine::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = ENGINES.iter().map(|e| e.id.0).collect();
        usage(format!("there is no engine `{name}`; there is {}", known.join(", ")))
    })?;
    Ok(spec.dialect)
}

fn open(
    path: &Path,
    args: &args::Ingest,
    dialect: &'static dyn Dialect,
    options: &LogOptions<'_>,
    io: &mut Headless<'_>,
) -> Result<Input, Ended> {
    let stdin = (path.as_os_str() == "-").then_some(&mut *io.stdin);
    let opened = Input::open(path, stdin, dialect.log_formats(), &args.format, options);
    opened.map_err(|words| Ended::with(Exit::Usage, format!("{}: {words}", path.display())))
}

/// What is kept from one file to the next.
struct Work {
    dialect: &'static dyn Dialect,
    namer: LogNamer,
    /// None when nothing is to be kept.
    target: Option<TargetId>,
    tally: Tally,
    json: bool,
}

impl Work {
    async fn read(&mut self, mut input: Input, io: &mut Headless<'_>) -> Result<(), Ended> {
        let known = match &self.target {
            Some(target) => input.known_place(target, io.host).await.map_err(fault)?,
            None => Place::default(),
        };
        input.go_on_from(&known).map_err(|e| unreadable(&input.name, &e))?;
        let mut batch = Batch::default();
        let mut progress = Progress::new(io.terminal.talk_is_terminal);
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let read = input.read(&mut buffer, io.stdin).map_err(|e| unreadable(&input.name, &e))?;
            self.take(&mut input, &buffer[..read], &mut batch, io)?;
            if read == 0 {
                break;
            }
            progress.show(&input, io);
            if batch.is_large() {
                self.keep(&input, &mut batch, &known, io).await?;
            }
        }
        progress.clear(io);
        self.keep(&input, &mut batch, &known, io).await?;
        self.tally.end_of(&input);
        Ok(())
    }

    /// Takes the next bytes; none are the end.
    fn take(&mut self, input: &mut Input, bytes: &[u8], batch: &mut Batch, io: &mut Headless<'_>) -> Result<(), Ended> {
        let Self { dialect, namer, target, tally, json } = self;
        let now = io.host.now();
        let mut written = Ok(());
        let mut sink = |event: &LogEvent| {
            let error = namer.name(event);
            if *json && written.is_ok() {
                written = print::event(event, error, io);
            }
            if let Some(error) = error {
                tally.error(event, error);
                if let Some(target) = target {
                    batch.add(event, error, target, dialect.errors(), now);
                }
            } else {
                tally.other(event);
            }
            if let StatementCost { duration_ms: Some(duration_ms), .. } = event.cost {
                tally.statement(event, duration_ms);
            }
        };
        if bytes.is_empty() {
            input.stream.finish(&mut sink);
        } else {
            input.stream.feed(bytes, &mut sink);
        }
        written.map_err(|e: io::Error| Ended::from(e))
    }

    /// Puts what was read into the store, with the place up to which it was.
    async fn keep(&self, input: &Input, batch: &mut Batch, known: &Place, io: &mut Headless<'_>) -> Result<(), Ended> {
        let Some(target) = &self.target else { return Ok(()) };
        let (errors, places) = (batch.take(), input.places(known));
        if errors.is_empty() && places.is_empty() {
            return Ok(());
        }
        io.host.keep_errors(target, errors, places).await.map_err(fault)
    }
}

fn fault(words: String) -> Ended {
    Ended::with(Exit::Fault, words)
}

fn unreadable(name: &str, error: &io::Error) -> Ended {
    Ended::with(Exit::Fault, format!("{name} could not be read: {error}"))
}
