//! The demo's place in the program: makes its file off the loop's thread, then keeps its shop busy.

use super::fixing::Room;
use super::follow::Logs;
use super::{Door, TargetSetup, clock};
use crate::app::event::Event;
use crate::config::Config;
use crate::demo::{self, Workload};
use crate::domain::guard::policy::Policy;
use crate::domain::own::Own;
use crate::engine::{self, ENGINES, Surroundings};
use secrecy::SecretString;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// The demo as a target.
pub(super) fn setup(config: &Config, surroundings: &Surroundings) -> TargetSetup {
    let path = config.places.demo_file();
    let url = SecretString::from(path.display().to_string());
    let spec = engine::by_url(&path.display().to_string()).unwrap_or(ENGINES[0]);
    let address = (spec.address)(&url, surroundings).unwrap_or_else(|_| path.display().to_string());
    let target = super::demo_target(&address, spec);
    TargetSetup {
        own: Own::default(),
        server_events: false,
        logs: Logs::unnamed(&target.id, spec.dialect),
        target,
        spec,
        door: Door::plain(url, surroundings.clone()),
        refresh: config.refresh,
        patience: config.patience,
        allow_functions: Vec::new(),
        facts: None,
        fix: None,
        approvers: 1,
        unattended: Policy::default(),
        room: Room::default(),
    }
}

/// Makes the demo's file where it is missing or old. Blocks.
pub(super) fn ensure(path: &std::path::Path, progress: &mut dyn FnMut(u8)) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        crate::store::private_folder(folder).map_err(|e| e.to_string())?;
    }
    demo::ensure(path, clock::now(), progress).map(|_| ()).map_err(|e| e.to_string())
}

/// Makes the file, then runs the workload until the program ends.
pub(super) struct Keeper {
    path: PathBuf,
    out: mpsc::Sender<Event>,
}

impl Keeper {
    /// A keeper of the demo at this path.
    pub(super) fn new(path: PathBuf, out: mpsc::Sender<Event>) -> Self {
        Self { path, out }
    }

    /// Begins, on a thread of its own that ends when the loop's inbox closes.
    pub(super) fn begin(self) {
        tokio::task::spawn(async move {
            let (path, out) = (self.path.clone(), self.out.clone());
            let made = tokio::task::spawn_blocking(move || {
                ensure(&path, &mut |percent| {
                    let _ = out.try_send(Event::DemoProgress(percent.min(99)));
                })
            })
            .await
            .unwrap_or_else(|_| Err("an internal fault; the log says more".into()));
            let words = made.as_ref().err().map(|e| format!("the demo database could not be made: {e}"));
            let _ = self.out.send(Event::DemoProgress(100)).await;
            if let Some(words) = words {
                let _ = self.out.send(Event::Message(clock::now(), words, true)).await;
                return;
            }
            match Workload::start(&self.path) {
                // It works for as long as somebody could look at it.
                Ok(_workload) => self.out.closed().await,
                Err(error) => tracing::warn!(%error, "the demo's shop stands still"),
            }
        });
    }
}
