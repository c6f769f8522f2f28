//! `guard`: verdicts for statements, without any database. What cannot be read is refused.

use super::host::object;
use super::{Ended, Exit, Headless, Outcome};
use crate::config::args;
use crate::domain::dialect::Dialect;
use crate::domain::guard::{Author, Catalog, Class, Judgement, decode_line, encode_field};
use crate::domain::text;
use crate::engine::{self, ENGINES};
use std::path::Path;

/// What statements are judged by.
struct Bench {
    dialect: &'static dyn Dialect,
    author: Author,
    catalog: Catalog,
}

impl Bench {
    fn judge(&self, statement: &[u8]) -> Judgement {
        match std::str::from_utf8(statement) {
            Ok(statement) => self.dialect.classify(statement, self.author, &self.catalog),
            Err(_) => Judgement::deny(Class::Unparsed, "the statement is not UTF-8 text"),
        }
    }

    fn judge_line(&self, line: &[u8]) -> Judgement {
        match std::str::from_utf8(line).map(decode_line) {
            Ok(Ok(statement)) => self.judge(statement.as_bytes()),
            Ok(Err(why)) => Judgement::deny(Class::Unparsed, why),
            Err(_) => self.judge(line),
        }
    }
}

/// Judges standard input: one statement, or one a line.
pub(super) fn run(args: &args::Guard, io: &mut Headless<'_>) -> Outcome {
    let bench = bench(args)?;
    if args.lines {
        let mut line = Vec::new();
        loop {
            line.clear();
            if io.stdin.read_until(b'\n', &mut line).map_err(|e| unreadable(&e))? == 0 {
                return Ok(Exit::Fine);
            }
            let statement = line.strip_suffix(b"\n").unwrap_or(&line);
            print(&bench.judge_line(statement), args.json, io)?;
        }
    }
    let mut statement = Vec::new();
    io.stdin.read_to_end(&mut statement).map_err(|e| unreadable(&e))?;
    print(&bench.judge(&statement), args.json, io)?;
    Ok(Exit::Fine)
}

fn bench(args: &args::Guard) -> Result<Bench, Ended> {
    let Some(spec) = engine::by_name(&args.engine) else {
        let known: Vec<&str> = ENGINES.iter().map(|e| e.id.0).collect();
        let words = format!("there is no guard for an engine `{}`; there is one for {}", args.engine, known.join(", "));
        return Err(Ended::with(Exit::Usage, words));
    };
    let author = match args.author {
        args::Author::Model => Author::Model,
        args::Author::Person => Author::Person,
    };
    let catalog = args.catalog.as_deref().map_or_else(|| Ok(Catalog::default()), read_catalog)?;
    Ok(Bench { dialect: spec.dialect, author, catalog })
}

fn read_catalog(path: &Path) -> Result<Catalog, Ended> {
    let wrong = |why: &dyn std::fmt::Display| Ended::with(Exit::Usage, format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    serde_json::from_str(&text).map_err(|e| wrong(&e))
}

/// One line, flushed at once: whoever pipes statements in waits for the verdict before the next one.
fn print(judgement: &Judgement, json: bool, io: &mut Headless<'_>) -> Result<(), Ended> {
    let Judgement { verdict, class, reason } = judgement;
    if json {
        let mut verdict_object = object();
        verdict_object.insert("verdict".into(), verdict.word().into());
        verdict_object.insert("class".into(), class.word().into());
        verdict_object.insert("reason".into(), reason.as_str().into());
        io.object(verdict_object)?;
    } else {
        let mut reason = encode_field(reason);
        if io.terminal.is_terminal {
            reason = text::escape(&reason);
        }
        io.line(&format!("{}\t{}\t{reason}", verdict.word(), class.word()))?;
    }
    io.stdout.flush()?;
    Ok(())
}

fn unreadable(error: &std::io::Error) -> Ended {
    Ended::with(Exit::Fault, format!("standard input could not be read: {error}"))
}
