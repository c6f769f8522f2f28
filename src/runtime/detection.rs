//! Who detects: the process with the claim follows the logs, asks the servers, tells the core to judge, and settles
//! what time changes. The others show what it finds, and take over when it ends.

use super::follow::{self, Desk, Logs};
use super::incidents::Incidents;
use crate::app::event::Event;
use crate::store::{Store, claim_detection};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Between two tries for the claim.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// Between two looks at what time has done to incidents.
const SETTLE: Duration = Duration::from_secs(30);

/// Waits for the claim, and does what goes with it.
pub(super) struct Detection {
    /// The folder of the store.
    pub(super) folder: PathBuf,
    /// The store, once it is open.
    pub(super) store: watch::Receiver<Option<Store>>,
    /// Who reports.
    pub(super) incidents: Incidents,
    /// Logs that the configuration names.
    pub(super) logs: Vec<Logs>,
    /// Tells the watchers that they may ask their servers.
    pub(super) desk: watch::Sender<Option<Desk>>,
    /// The core.
    pub(super) out: mpsc::Sender<Event>,
}

impl Detection {
    /// Runs until the loop ends. The claim is given back with the task.
    pub(super) async fn run(mut self) {
        let Ok(store) = self.store.wait_for(Option::is_some).await.map(|store| store.clone()) else { return };
        let Some(store) = store else { return };
        let _claim = loop {
            let folder = self.folder.clone();
            match tokio::task::spawn_blocking(move || claim_detection(&folder)).await {
                Ok(Ok(Some(claim))) => break claim,
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the claim on detection");
                }
                Err(_) => return,
            }
            tokio::select! {
                () = self.out.closed() => return,
                () = tokio::time::sleep(TRY_AGAIN) => {}
            }
        };
        let desk = Desk { store, incidents: self.incidents.clone(), out: self.out.clone() };
        if self.out.send(Event::Detects(super::clock::now(), true)).await.is_err() {
            return;
        }
        let mut followers = JoinSet::new();
        for logs in &self.logs {
            follow::begin(logs, &desk, &mut followers);
        }
        self.desk.send_replace(Some(desk));
        let mut settle = tokio::time::interval(SETTLE);
        loop {
            tokio::select! {
                () = self.out.closed() => return,
                _ = settle.tick() => self.incidents.settle().await,
            }
        }
    }
}
