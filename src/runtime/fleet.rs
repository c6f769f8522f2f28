//! The program's own loop without a screen: the core, its tasks and the clock. Whoever holds a [`Fleet`] turns the loop
//! and looks at the model in between.

use super::clipboard::Multiplexer;
use super::connect::Door;
use super::fixer::Fixer;
use super::fixing::{Journal, Room};
use super::follow::Logs;
use super::incidents::Incidents;
use super::perform::Performer;
use super::{INBOX, TargetSetup, clock};
use crate::app::action::Action;
use crate::app::event::Event;
use crate::app::model::{Model, TargetModel, ViewInfo};
use crate::app::update::update;
use crate::domain::guard::policy::Policy;
use crate::domain::incident::limits::Terms;
use crate::domain::own::Own;
use crate::domain::proposal::Who;
use crate::domain::rows::Limits;
use crate::domain::schedule::Patience;
use crate::domain::target::{Access, Environment, Target, TargetId};
use crate::engine::{self, EngineSpec, Surroundings};
use crate::store::Retention;
use crate::store::audit::AuditPlaces;
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// A target to watch.
#[derive(Clone)]
pub struct Watched {
    /// Its name.
    pub id: String,
    /// Its URL or path; may hold a password.
    pub url: SecretString,
    /// Time between two collections.
    pub refresh: Duration,
    /// How often it is tried when it fails.
    pub patience: Patience,
}

/// Targets that are watched.
pub struct Fleet {
    model: Model,
    performer: Performer,
    inbox: mpsc::Receiver<Event>,
    surroundings: Surroundings,
}

impl Fleet {
    /// A fleet that has not begun; nothing of it is stored. `deadline` is the time for one collection with its
    /// connecting.
    ///
    /// # Errors
    /// Words about a URL that belongs to no engine or that its engine cannot use.
    pub fn new(targets: &[Watched], deadline: Duration, surroundings: Surroundings) -> Result<Self, String> {
        let (out, inbox) = mpsc::channel(INBOX);
        let setups = targets.iter().map(|t| setup(t, &surroundings)).collect::<Result<Vec<_>, _>>()?;
        let now = clock::now();
        let models = setups.iter().map(|s| {
            let views: Vec<ViewInfo> =
                s.spec.views.iter().map(|v| ViewInfo { name: v.name, key: v.key, title: v.title }).collect();
            let interval = u64::try_from(s.refresh.as_millis()).unwrap_or(u64::MAX);
            TargetModel::new(s.target.clone(), s.spec.dialect, &views, interval, now).with_patience(s.patience)
        });
        let model = Model::new(now, 0, models.collect(), Limits::default());
        let storage = super::storage::Storage::new(PathBuf::new(), Retention::default(), Vec::new(), out.clone());
        let places = AuditPlaces { data: PathBuf::new(), state: PathBuf::new(), second_anchor: None };
        // Nothing is stored, so nothing can be proposed.
        let fixer = Fixer::new(storage.opened(), PathBuf::new(), Journal::new(places), Who::default(), out.clone());
        let incidents = Incidents::new(storage.opened(), Terms::default(), String::new(), out.clone(), None);
        let nowhere = Multiplexer::of(|_| None);
        let performer =
            Performer::new(setups, out, storage, fixer, incidents, nowhere, PathBuf::from(".")).with_deadline(deadline);
        Ok(Self { model, performer, inbox, surroundings })
    }

    /// What is known now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Does what a person would do with a key.
    pub fn act(&mut self, action: Action) {
        self.take(Event::Action(clock::now(), action));
    }

    /// From now on a target of the fleet is reached by another URL; what is known of it stays.
    ///
    /// # Errors
    /// Words about a URL that belongs to no engine or that its engine cannot use.
    pub fn redirect(&mut self, target: &Watched) -> Result<(), String> {
        self.performer.redirect(setup(target, &self.surroundings)?);
        Ok(())
    }

    /// Turns the loop once: takes in the next event, or the passing of time when none comes within `at_most`.
    pub async fn turn(&mut self, at_most: Duration) {
        let now = clock::now();
        let wake =
            self.model.next_wake().map_or(at_most, |at| Duration::from_millis(at.since(now).max(1)).min(at_most));
        let event = tokio::select! {
            Some(event) = self.inbox.recv() => event,
            () = tokio::time::sleep(wake) => Event::Tick(clock::now()),
        };
        self.take(event);
    }

    /// Ends every task, and the sessions with them.
    pub async fn end(self) {
        drop(self.inbox);
        self.performer.end().await;
    }

    fn take(&mut self, event: Event) {
        for effect in update(&mut self.model, event) {
            // What only a terminal can do is of no use here.
            let _ = self.performer.perform(effect);
        }
    }
}

fn setup(watched: &Watched, surroundings: &Surroundings) -> Result<TargetSetup, String> {
    let url = watched.url.expose_secret();
    let spec: &'static EngineSpec = engine::by_url(url).ok_or("the URL belongs to no engine")?;
    let address = (spec.address)(&watched.url, surroundings).map_err(|e| e.message)?;
    let id = TargetId::new(&watched.id);
    Ok(TargetSetup {
        own: Own::default(),
        server_events: false,
        logs: Logs::unnamed(&id, spec.dialect),
        allow_functions: Vec::new(),
        facts: None,
        fix: None,
        approvers: 1,
        unattended: Policy::default(),
        room: Room::default(),
        target: Target {
            id,
            engine: spec.id,
            environment: Environment::Development,
            address,
            accent: None,
            access: Access::ReadOnly,
        },
        spec,
        door: Door::plain(watched.url.clone(), surroundings.clone()),
        refresh: watched.refresh,
        patience: watched.patience,
    })
}
