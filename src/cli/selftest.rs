//! `selftest --attacks`: the case list that ships with the program, judged by this build, and with a target the gates
//! behind the guard asked of its server. What the guard refuses is never sent.

use super::host::{HeadlessTarget, object};
use super::turn::{Opened, session_ended};
use super::{Ended, Exit, Headless, Outcome};
use crate::app::event::ReadError;
use crate::config::args;
use crate::domain::guard::{Author, Catalog, Class, Judgement, Verdict, decode_line};
use crate::domain::rows::Limits;
use crate::domain::target::Environment;
use crate::engine::gates::{Gate, Stand};
use crate::engine::{self, Collector};
use crate::export::table::{Cell, Paint, TextTable};
use serde_json::Value as Json;

/// Engine, case, statement (escaped), wanted verdict, note; the first line is the header.
const CASES: &str = include_str!("../../assets/attacks/cases.tsv");
/// The objects that the cases speak of.
const CATALOG: &str = include_str!("../../assets/attacks/catalog.json");

/// A case and how it went.
struct Judged {
    engine: &'static str,
    case: &'static str,
    wanted: &'static str,
    /// None when the statement cannot even be decoded.
    statement: Option<String>,
    judgement: Judgement,
    /// What the server did with it.
    sent: Sent,
}

/// What became of a case on the server.
enum Sent {
    /// It was never sent.
    Not,
    /// The server ran it.
    Ran,
    /// The server refused it, in its words. The objects of the list are not there, so that is usual.
    Failed(String),
}

impl Judged {
    fn right(&self) -> bool {
        self.judgement.verdict.word() == self.wanted
    }
}

/// Judges the list, on a target where one was named.
pub(super) async fn run(args: &args::Selftest, io: &mut Headless<'_>) -> Outcome {
    let on_server = io.targets_were_named() || io.common.demo;
    let (cases, gates) = if on_server {
        let target = io.only_target()?.clone();
        on_target(&target, io).await?
    } else {
        let catalog = list_catalog()?;
        (judge(None, &catalog), Vec::new())
    };
    if args.json {
        print_json(&cases, &gates, io)?;
    } else {
        print(&cases, &gates, on_server, io)?;
    }
    let fine = cases.iter().all(Judged::right) && gates.iter().all(holds);
    Ok(if fine { Exit::Fine } else { Exit::Findings })
}

fn holds(gate: &Gate) -> bool {
    matches!(gate.stand, Stand::Holds | Stand::None)
}

fn list_catalog() -> Result<Catalog, Ended> {
    serde_json::from_str(CATALOG).map_err(|e| Ended::with(Exit::Fault, format!("the list's own catalogue: {e}")))
}

/// Judges the cases of one engine, or of all.
fn judge(engine: Option<&str>, catalog: &Catalog) -> Vec<Judged> {
    let fields = CASES.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?, fields.next()?, fields.next()?, fields.next()?))
    });
    fields
        .filter(|(name, ..)| engine.is_none_or(|engine| engine == *name))
        .filter_map(|(name, case, line, wanted)| {
            let spec = engine::by_name(name)?;
            let (statement, judgement) = match decode_line(line) {
                Ok(statement) => {
                    let judgement = spec.dialect.classify(&statement, Author::Model, catalog);
                    (Some(statement), judgement)
                }
                Err(why) => (None, Judgement::deny(Class::Unparsed, why)),
            };
            Some(Judged { engine: spec.id.0, case, wanted, statement, judgement, sent: Sent::Not })
        })
        .collect()
}

async fn on_target(target: &HeadlessTarget, io: &Headless<'_>) -> Result<(Vec<Judged>, Vec<Gate>), Ended> {
    if target.target.environment == Environment::Production {
        let words = format!(
            "{} is marked as production: run the attacks against a staging server that is made like it",
            target.target.id
        );
        return Err(Ended::with(Exit::Usage, words));
    }
    let stop = io.host.interrupt();
    let mut opened = Opened::open(target, io, &stop).await?;
    opened.know_also(list_catalog()?);
    let mut cases = judge(Some(target.target.engine.0), opened.catalog());
    let limits = Limits { rows: 10, timeout_ms: 5_000, ..Limits::default() };
    for judged in &mut cases {
        // An attack that a faulty guard would let through is a finding, and is not tried out.
        let harmless = judged.wanted == Verdict::Allow.word() && judged.judgement.verdict == Verdict::Allow;
        let Some(statement) = judged.statement.as_deref().filter(|_| harmless) else { continue };
        let mut sink = Collector::new(limits);
        judged.sent = match opened.read(statement, &limits, &stop, &mut sink).await {
            Ok(_) => Sent::Ran,
            Err(ReadError::Refused(_)) => Sent::Not,
            Err(ReadError::Session(error)) => {
                let (exit, words) = session_ended(&error);
                if exit == Exit::Unreachable || stop.is_cancelled() {
                    return Err(Ended::with(exit, words));
                }
                Sent::Failed(words)
            }
        };
    }
    let gates = opened.gates().await.map_err(|e| {
        let (exit, words) = session_ended(&e);
        Ended::with(exit, words)
    })?;
    opened.close(io).await;
    Ok((cases, gates))
}

fn print(cases: &[Judged], gates: &[Gate], on_server: bool, io: &mut Headless<'_>) -> Result<(), Ended> {
    let mut columns = vec![("engine", false), ("case", false), ("class", false), ("verdict", false), ("wanted", false)];
    if on_server {
        columns.push(("server", false));
    }
    let mut table = TextTable::new(&columns);
    for judged in cases {
        let paint = if judged.right() { Paint::Plain } else { Paint::Bad };
        let Judgement { verdict, class, .. } = &judged.judgement;
        let words = [judged.engine, judged.case, class.word(), verdict.word(), judged.wanted];
        let mut row: Vec<Cell> = words.iter().map(|word| Cell::new(word).painted(paint)).collect();
        match &judged.sent {
            _ if !on_server => {}
            Sent::Not => row.push(Cell::new("not sent").painted(Paint::Faint)),
            Sent::Ran => row.push(Cell::new("ran")),
            Sent::Failed(words) => row.push(Cell::new(words).painted(Paint::Faint)),
        }
        table.push(row);
    }
    io.table(&table)?;
    if !gates.is_empty() {
        io.line("")?;
        let mut table = TextTable::new(&[("gate", false), ("stands", false), ("seen", false)]);
        for gate in gates {
            let paint = if holds(gate) { Paint::Good } else { Paint::Bad };
            let stand = Cell::new(gate.stand.word()).painted(paint);
            table.push(vec![Cell::new(gate.name), stand, Cell::new(&gate.seen)]);
        }
        io.table(&table)?;
    }
    io.line("")?;
    io.line(&summary(cases, gates, on_server))?;
    Ok(())
}

/// One line that says it all.
fn summary(cases: &[Judged], gates: &[Gate], on_server: bool) -> String {
    let tally = Tally::of(cases);
    let mut words = format!(
        "{} attacks, {} let through; {} harmless statements, {} refused; {} of {} cases as wanted",
        tally.attacks,
        tally.let_through,
        tally.harmless,
        tally.refused,
        tally.right,
        cases.len()
    );
    if on_server {
        let open = gates.iter().filter(|gate| !holds(gate)).count();
        words.push_str(&format!("; {} statements sent, no attack among them; {open} gates open", tally.sent));
    }
    words
}

/// The case list in numbers.
struct Tally {
    attacks: usize,
    let_through: usize,
    harmless: usize,
    refused: usize,
    right: usize,
    sent: usize,
}

impl Tally {
    fn of(cases: &[Judged]) -> Self {
        let count = |wanted: &dyn Fn(&Judged) -> bool| cases.iter().filter(|case| wanted(case)).count();
        let attack = |case: &Judged| case.wanted != Verdict::Allow.word();
        let allowed = |case: &Judged| case.judgement.verdict == Verdict::Allow;
        Self {
            attacks: count(&attack),
            let_through: count(&|case| attack(case) && allowed(case)),
            harmless: count(&|case| !attack(case)),
            refused: count(&|case| !attack(case) && !allowed(case)),
            right: count(&Judged::right),
            sent: count(&|case| !matches!(case.sent, Sent::Not)),
        }
    }
}

/// A line a case, a line a gate, and a line of numbers.
fn print_json(cases: &[Judged], gates: &[Gate], io: &mut Headless<'_>) -> Result<(), Ended> {
    for judged in cases {
        let Judgement { verdict, class, reason } = &judged.judgement;
        let mut line = object();
        line.insert("engine".into(), judged.engine.into());
        line.insert("case".into(), judged.case.into());
        line.insert("class".into(), class.word().into());
        line.insert("verdict".into(), verdict.word().into());
        line.insert("wanted".into(), judged.wanted.into());
        line.insert("reason".into(), reason.as_str().into());
        line.insert("statement".into(), judged.statement.as_deref().map_or(Json::Null, Json::from));
        line.insert("sent".into(), (!matches!(judged.sent, Sent::Not)).into());
        let error = if let Sent::Failed(words) = &judged.sent { Json::from(words.as_str()) } else { Json::Null };
        line.insert("error".into(), error);
        io.object(line)?;
    }
    for gate in gates {
        let mut line = object();
        line.insert("gate".into(), gate.name.into());
        line.insert("stands".into(), gate.stand.word().into());
        line.insert("seen".into(), gate.seen.as_str().into());
        io.object(line)?;
    }
    let tally = Tally::of(cases);
    let mut line = object();
    line.insert("cases".into(), cases.len().into());
    line.insert("as_wanted".into(), tally.right.into());
    line.insert("attacks".into(), tally.attacks.into());
    line.insert("let_through".into(), tally.let_through.into());
    line.insert("harmless".into(), tally.harmless.into());
    line.insert("refused".into(), tally.refused.into());
    line.insert("sent".into(), tally.sent.into());
    line.insert("gates_open".into(), gates.iter().filter(|gate| !holds(gate)).count().into());
    io.object(line)?;
    Ok(())
}
