//! Follows the logs of the targets, as long as this process has the claim on detection.
//!
//! ```text
//! files (sources::follow) ---+
//! program (log_command) -----+--bytes--> intake --errors, places--> the store, together
//! the server (own session) --+
//! ```
//!
//! A log is read no faster than the store takes its errors: what waits is in the file.

mod files;
mod intake;
mod program;
mod said;

use super::clock;
use super::incidents::Incidents;
use crate::app::event::Event;
use crate::config::LogConfig;
use crate::domain::dialect::Dialect;
use crate::domain::rule::Measure;
use crate::domain::target::TargetId;
use crate::store::Store;
use crate::store::incidents::LogPlace;
pub(super) use said::Said;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Between two looks at a log in which nothing was new.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of a log that are read at once: their errors fit into memory whatever they are.
const AT_ONCE: usize = 256 << 10;

/// The logs of one target.
#[derive(Clone)]
pub(super) struct Logs {
    /// Whose they are.
    pub(super) target: TargetId,
    /// How they are read.
    pub(super) dialect: &'static dyn Dialect,
    /// Where they are.
    pub(super) config: LogConfig,
    /// The environment of a program that prints them.
    pub(super) variables: BTreeMap<String, String>,
}

impl Logs {
    /// Those of a target whose configuration names none: the server may still tell its own.
    pub(super) fn unnamed(target: &TargetId, dialect: &'static dyn Dialect) -> Self {
        Self { target: target.clone(), dialect, config: LogConfig::default(), variables: BTreeMap::new() }
    }
}

/// What every follower needs.
#[derive(Clone)]
pub(super) struct Desk {
    /// The store.
    pub(super) store: Store,
    /// Who reports.
    pub(super) incidents: Incidents,
    /// Words for the person.
    pub(super) out: mpsc::Sender<Event>,
}

impl Desk {
    async fn place(&self, target: &TargetId, log: &str) -> Option<String> {
        self.store.log_place(target, log).await.ok().flatten()
    }

    /// Hands errors and places to the store. False when the program ends.
    async fn report(&self, errors: Vec<crate::domain::error::event::ErrorEvent>, place: LogPlace) -> bool {
        self.incidents.report_from_logs(errors, vec![place]).await
    }

    /// Tells what a question that is asked for its own sake gave.
    pub(super) async fn answered(&self, target: &TargetId, asked: Measure, number: f64) {
        let _ = self.out.send(Event::Answered(clock::now(), target.clone(), asked, number)).await;
    }

    /// Tells the person.
    pub(super) async fn tell(&self, words: String) {
        let _ = self.out.send(Event::Message(clock::now(), words, true)).await;
    }
}

/// Follows all logs of a target, each in a task of its own.
pub(super) fn begin(logs: &Logs, desk: &Desk, tasks: &mut JoinSet<()>) {
    for pattern in &logs.config.files {
        tasks.spawn(files::follow(logs.clone(), pattern.clone(), desk.clone()));
    }
    if let Some(words) = &logs.config.command {
        tasks.spawn(program::follow(logs.clone(), words.clone(), desk.clone()));
    }
}
