//! Puts together what works behind the loop, with a screen or without one: the store, the tasks, and who does what.

use super::detection::Detection;
use super::fixing::Journal;
use super::follow::Logs;
use super::herald::Herald;
use super::hooks::Hooks;
use super::incidents::{self, Incidents};
use super::perform::Performer;
use super::{TargetSetup, clipboard, fixer, storage, who};
use crate::app::event::Event;
use crate::config::Config;
use crate::domain::incident::limits::{Procedures, Terms};
use crate::domain::target::TargetId;
use crate::engine::{self, ENGINES, Surroundings};
use crate::notify::Webhook;
use crate::store::audit::AuditPlaces;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A performer for these targets; nothing of it runs yet.
pub(super) fn performer(
    config: &Config,
    surroundings: &Surroundings,
    setups: Vec<TargetSetup>,
    export_folder: PathBuf,
    out: &mpsc::Sender<Event>,
) -> Performer {
    let ids: Vec<TargetId> = setups.iter().map(|s| s.target.id.clone()).collect();
    let folder = config.places.data.clone();
    let storage = storage::Storage::new(folder.clone(), storage::retention(config.keep), ids, out.clone());
    let who = who::who(&surroundings.variables);
    let terms = terms(config, &setups);
    let incidents = Incidents::new(storage.opened(), terms, who.person().to_owned(), out.clone(), herald(config, out));
    let desk = watch::Sender::new(None);
    let named = setups.iter().filter(|s| s.logs.config.command.is_some() || !s.logs.config.files.is_empty());
    let logs: Vec<Logs> = named.map(|s| s.logs.clone()).collect();
    let detection = Detection {
        folder: folder.clone(),
        store: storage.opened(),
        incidents: incidents.clone(),
        logs,
        desk,
        out: out.clone(),
    };
    let journal = Journal::new(audit_places(config));
    let hooks = Hooks::new(config.hooks.clone(), surroundings.variables.clone());
    let fixer = fixer::Fixer::new(storage.opened(), folder, journal, who, out.clone()).with_hooks(hooks);
    let multiplexer = clipboard::Multiplexer::of(|name| surroundings.variable(name).map(str::to_owned));
    let performer = Performer::new(setups, out.clone(), storage, fixer, incidents, multiplexer, export_folder);
    performer.with_detection(detection).with_schema_history(config.schema_history)
}

/// What the rules of incidents are told from outside.
pub(super) fn terms(config: &Config, setups: &[TargetSetup]) -> Terms {
    let addresses = setups.iter().map(|s| (&s.target.id, s.target.address.as_str()));
    Terms {
        limits: config.incidents,
        hosts: Arc::new(incidents::machines(addresses)),
        outages: engine::outages(),
        procedures: Procedures::new(ENGINES.iter().flat_map(|engine| {
            let procedures = engine.examination.procedures.iter();
            procedures.flat_map(|p| p.kinds).map(|kind| (*kind, engine.id.0.to_owned()))
        })),
    }
}

/// Where the audit log and what guards it lie.
pub(super) fn audit_places(config: &Config) -> AuditPlaces {
    AuditPlaces { data: config.places.data.clone(), state: config.places.state.clone(), second_anchor: None }
}

/// Who tells the webhook; none when there is none, or when it cannot be used, which is said.
fn herald(config: &Config, out: &mpsc::Sender<Event>) -> Option<Herald> {
    let webhook = Webhook::new(config.webhook.as_ref()?.url.clone());
    match webhook {
        Ok(webhook) => Some(Herald::new(webhook)),
        Err(words) => {
            let _ = out.try_send(Event::Message(super::clock::now(), words, true));
            None
        }
    }
}
