//! Statement forms of our own at work: each is a series of short commands, so that it can be stopped between any two,
//! and each says when it ended before the end.

mod keys;
mod prefixes;
mod rank;
mod server;
mod show;
mod walk;

pub(crate) use prefixes::{Group, Prefixes};
pub(super) use show::cut_string;
pub(crate) use walk::Scanner;

use super::Facts;
use super::shape::Table;
use crate::domain::rows::{Limits, Value};
use crate::engine::RowSink;
use crate::engine::redis::dialect::forms::Form;
use crate::engine::redis::wire::{Reply, Wire, WireError};
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::Instant;

/// A walk over keys ends after this time at the latest, whatever the read's own limit.
const LONGEST_WALK: Duration = Duration::from_secs(15);

/// Why a form has no result.
#[derive(Debug)]
pub(crate) enum Fail {
    /// The connection is gone.
    Wire(WireError),
    /// The server refused one of its commands.
    Refused(String),
    /// The form cannot work here.
    Cannot(String),
}

impl From<WireError> for Fail {
    fn from(e: WireError) -> Self {
        Self::Wire(e)
    }
}

/// What a form works with.
pub(crate) struct Ground<'a> {
    pub(crate) wire: &'a mut Wire,
    pub(crate) facts: &'a Facts,
    pub(crate) limits: &'a Limits,
    /// A walk ends here and says so.
    pub(crate) until: Instant,
}

impl<'a> Ground<'a> {
    pub(crate) fn new(wire: &'a mut Wire, facts: &'a Facts, limits: &'a Limits) -> Self {
        let time = Duration::from_millis(limits.timeout_ms) * 2 / 3;
        Self { wire, facts, limits, until: Instant::now() + time.min(LONGEST_WALK) }
    }
    /// One command; a refusal is a failure of the form.
    pub(crate) async fn ask<A: AsRef<[u8]>>(&mut self, command: &[A]) -> Result<Reply, Fail> {
        match self.wire.ask(command).await? {
            Reply::Error(words) => Err(Fail::Refused(words)),
            reply => Ok(reply),
        }
    }
    /// Several commands at once; each may be refused by itself.
    pub(crate) async fn ask_all<A: AsRef<[u8]>>(&mut self, commands: &[Vec<A>]) -> Result<Vec<Reply>, Fail> {
        Ok(self.wire.ask_all(commands).await?)
    }
    /// Time for a walk is over.
    fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// Runs a form; gives back what is to be said beside its rows.
pub(crate) async fn run(form: &Form, ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<Vec<String>, Fail> {
    let table = match form {
        Form::Scan { walk, total: false } => return keys::list(walk, ground, sink).await,
        Form::Show(key) => return show::show(key, ground, sink).await,
        Form::Scan { walk, total: true } => keys::total(walk, ground).await?,
        Form::Keyspace { walk, depth } => prefixes::keyspace(walk, *depth, ground).await?,
        Form::NoTtl(walk) => prefixes::without_expiry(walk, ground).await?,
        Form::BigKeys(walk) => rank::by_elements(walk, ground).await?,
        Form::MemoryKeys(walk) => rank::by_memory(walk, ground).await?,
        Form::HotKeys(walk) => rank::by_use(walk, ground).await?,
        Form::IdleKeys(walk) => rank::by_idleness(walk, ground).await?,
        Form::Streams(walk) => keys::streams(walk, ground).await?,
        Form::Key(key) => keys::facts(key, ground).await?,
        Form::Config { pattern, changed } => server::config(pattern.as_deref(), *changed, ground).await?,
        Form::Clients { by, sort, blocked } => {
            server::clients(by.as_deref(), sort.as_deref(), *blocked, ground).await?
        }
        Form::Commands { sort } => server::commands(sort, ground).await?,
        Form::Hits => server::hits(ground).await?,
        Form::Memory => server::memory(ground).await?,
        Form::Replication => server::replication(ground).await?,
        Form::Persistence => server::persistence(ground).await?,
    };
    Ok(pour(table, sink))
}

/// Hands a table over, as far as it is taken.
pub(crate) fn pour(table: Table, sink: &mut dyn RowSink) -> Vec<String> {
    sink.columns(table.columns);
    for row in table.rows {
        if let ControlFlow::Break(()) = sink.row(row) {
            break;
        }
    }
    table.notices
}

/// A count as a cell.
fn count(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Milliseconds to live as seconds: none for a key without an end.
fn ttl(reply: &Reply) -> Value {
    match reply.int() {
        Some(ms) if ms >= 0 => Value::Int(ms.saturating_add(999) / 1000),
        _ => Value::Null,
    }
}
