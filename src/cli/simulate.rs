//! `simulate`: provokes a real error on the demo or on a target that is not production, and tells what the server said.
//! Without a name it lists what the target can be made to give.

use super::host::{HeadlessTarget, object};
use super::turn::{engine_of, session_ended, stopped};
use super::{Ended, Exit, Headless, Outcome, prepare};
use crate::config::args;
use crate::domain::error::event::ErrorEvent;
use crate::domain::incident::{Incident, Key};
use crate::domain::simulation::{NotSimulated, Offer, Simulated, objection};
use crate::domain::text::escape;
use crate::engine::EngineSpec;
use crate::export::table::{Cell, Paint, TextTable};

/// Lists, or provokes one.
pub(super) async fn run(args: &args::Simulate, io: &mut Headless<'_>) -> Outcome {
    let target = io.only_target()?.clone();
    let spec = engine_of(&target)?;
    let Some(name) = &args.name else { return list(&target, spec, args.json, io) };
    let Some(offer) = spec.simulations.iter().map(|s| s.offer).find(|offer| offer.error.name == name) else {
        let known: Vec<&str> = spec.simulations.iter().map(|s| s.offer.error.name).collect();
        let words = format!("{} cannot be made to give `{}`; there are {}", spec.name, escape(name), known.join(", "));
        return Err(Ended::with(Exit::Usage, words));
    };
    if let Some(words) = objection(&target.target, &offer) {
        return Err(Ended::with(Exit::Usage, words));
    }
    if !(args.yes || io.common.demo) {
        confirm(&target, &offer, io)?;
    }
    prepare(io).await?;
    // From here on Ctrl+C no longer ends the process at once: what was made on the server is removed first.
    let stop = io.host.interrupt();
    let simulated = io.host.simulate(&target.target.id, offer.error.name).await.map_err(not_simulated)?;
    let incidents = match io.host.report(simulated.events.clone()).await {
        Ok(incidents) => incidents,
        Err(words) => {
            io.say(&format!("the errors are not remembered: {words}"));
            Vec::new()
        }
    };
    if args.json {
        print_json(&simulated, &incidents, io)?;
    } else {
        print(&simulated, &incidents, io)?;
    }
    if stop.is_cancelled() {
        return Err(stopped());
    }
    Ok(if simulated.as_promised() { Exit::Fine } else { Exit::Findings })
}

fn not_simulated(why: NotSimulated) -> Ended {
    match why {
        NotSimulated::Refused(words) => Ended::with(Exit::Usage, words),
        NotSimulated::Failed(error) => {
            let (exit, words) = session_ended(&error);
            Ended::with(exit, words)
        }
    }
}

/// Asks once, with the target's name and what will happen there.
fn confirm(target: &HeadlessTarget, offer: &Offer, io: &mut Headless<'_>) -> Result<(), Ended> {
    let (id, environment) = (&target.target.id, target.target.environment.word());
    if !io.terminal.input_is_terminal {
        let words = format!("provoking an error on {id} is a person's decision: add --yes, or answer on a terminal");
        return Err(Ended::with(Exit::Usage, words));
    }
    io.say(&format!("{} on {id} ({environment}, {}): {}", offer.error.name, target.target.address, offer.does));
    write!(io.stderr, "Type yes to do it: ")?;
    io.stderr.flush()?;
    let mut typed = String::new();
    io.stdin.read_line(&mut typed)?;
    if typed.trim().eq_ignore_ascii_case("yes") { Ok(()) } else { Err(Ended::with(Exit::Findings, "nothing was sent")) }
}

fn list(target: &HeadlessTarget, spec: &EngineSpec, json: bool, io: &mut Headless<'_>) -> Outcome {
    if json {
        for simulation in spec.simulations {
            let Offer { error, does, writes, needs } = simulation.offer;
            let mut line = object();
            line.insert("target".into(), target.target.id.as_str().into());
            line.insert("name".into(), error.name.into());
            line.insert("title".into(), error.title.into());
            line.insert("kind".into(), error.kind.word().into());
            line.insert("does".into(), does.into());
            line.insert("writes".into(), writes.into());
            line.insert("needs".into(), Some(needs).filter(|n| !n.is_empty()).into());
            line.insert("refused".into(), objection(&target.target, &simulation.offer).into());
            io.object(line)?;
        }
        return Ok(Exit::Fine);
    }
    let mut table = TextTable::new(&[("NAME", false), ("GIVES", false), ("WRITES", false), ("WHAT HAPPENS", false)]);
    for simulation in spec.simulations {
        let Offer { error, does, writes, needs } = simulation.offer;
        let writes = if writes { "scratch" } else { "nothing" };
        let does = if needs.is_empty() { does.to_owned() } else { format!("{does} Takes {needs}.") };
        let refused = objection(&target.target, &simulation.offer).is_some();
        let paint = if refused { Paint::Faint } else { Paint::Plain };
        let row = [error.name, error.kind.word(), writes, &does];
        table.push(row.iter().map(|words| Cell::new(words).painted(paint)).collect());
    }
    io.table(&table)?;
    let refused = spec.simulations.iter().find_map(|s| objection(&target.target, &s.offer));
    if let Some(words) = refused {
        io.say(&words);
    }
    Ok(Exit::Fine)
}

/// The incident that an error is part of.
fn incident_of<'a>(event: &ErrorEvent, incidents: &'a [Incident]) -> Option<&'a Incident> {
    let key = Key::of(event);
    incidents.iter().find(|incident| incident.key() == key)
}

fn print(simulated: &Simulated, incidents: &[Incident], io: &mut Headless<'_>) -> Result<(), Ended> {
    let columns = [("INCIDENT", false), ("STRATEGY", false), ("CODE", false), ("KIND", false), ("MESSAGE", false)];
    let mut table = TextTable::new(&columns);
    for event in &simulated.events {
        let paint = if event.kind == simulated.offer.error.kind { Paint::Good } else { Paint::Plain };
        let incident = incident_of(event, incidents);
        let name = incident.map_or_else(|| "-".to_owned(), Incident::name);
        let strategy = incident.map_or("-", |incident| incident.strategy.word());
        let row = [name.as_str(), strategy, event.code.as_str(), event.kind.word(), &event.message];
        table.push(row.iter().map(|words| Cell::new(words).painted(paint)).collect());
    }
    io.table(&table)?;
    if let Some(words) = simulated.shortfall() {
        io.say(&words);
    }
    Ok(())
}

/// One line for each error that the server gave.
fn print_json(simulated: &Simulated, incidents: &[Incident], io: &mut Headless<'_>) -> Result<(), Ended> {
    for event in &simulated.events {
        let mut line = object();
        line.insert("name".into(), simulated.offer.error.name.into());
        line.insert("target".into(), event.target.as_str().into());
        line.insert("engine".into(), event.engine.as_str().into());
        line.insert("code".into(), Some(event.code.as_str()).filter(|c| !c.is_empty()).into());
        line.insert("kind".into(), event.kind.word().into());
        line.insert("promised".into(), simulated.offer.error.kind.word().into());
        line.insert("severity".into(), event.severity.word().into());
        line.insert("object".into(), event.object.clone().into());
        line.insert("message".into(), event.message.as_str().into());
        line.insert("statement".into(), event.statement.clone().into());
        line.insert("signature".into(), event.signature.as_str().into());
        line.insert("group".into(), event.group.as_str().into());
        line.insert("title".into(), event.title.as_str().into());
        line.insert("transient".into(), event.transient.into());
        let incident = incident_of(event, incidents);
        line.insert("incident".into(), incident.map(|incident| incident.id).into());
        line.insert("strategy".into(), incident.map(|incident| incident.strategy.word()).into());
        line.insert("count".into(), incident.map(|incident| incident.count).into());
        io.object(line)?;
    }
    if let Some(words) = simulated.shortfall() {
        io.say(&words);
    }
    Ok(())
}
