//! Carrying out what a person approved, in the one order that every road takes:
//!
//! ```text
//! claim -> judge -> grant -> stored "approved" -> fix login -> survey anew -> redeem
//!       -> audit "intent" -> stored "intended" -> stored "running" -> act -> what it left is read -> audit "outcome"
//!       -> stored end, with what it left
//! ```
//!
//! A step of a plan is sent only when everything holds that it requires, and its end is not the act's: see
//! `afterwards`.
//!
//! Each arrow is on disk before the next step begins, so that a crash leaves a stage from which `recover` knows what
//! may have happened. The fix login is fetched for one act and forgotten with it.

mod afterwards;
mod carry_out;
mod checks;
mod decide;
mod entry;
mod journal;
mod look;
mod onward;
mod propose;
mod recover;
mod rollback;
mod room;
mod standing;
mod unattended;
mod ways;
mod witness;

pub use carry_out::Refused;
pub(super) use checks::unmet;
pub use journal::Journal;
pub(super) use look::{Unfit, look};
pub use room::Room;
pub(super) use ways::FixLogin;

use super::hooks::Hooks;
use crate::domain::error_event::ConnectError;
use crate::domain::guard::policy::Policy;
use crate::domain::guard::ticket::{Desk, Moment};
use crate::domain::proposal::{Proposal, Who};
use crate::domain::target::{Environment, TargetId};
use crate::engine::{EngineSpec, Session, Task};
use crate::store::Store;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Now, by the clocks that tickets are judged by.
pub fn moment() -> Moment {
    super::clock::moment()
}

/// Opens a session for a purpose, which the server sees in our name (`dba-gpt fix-58`), to another database of the
/// server where one is named.
pub type Opener =
    Arc<dyn Fn(String, Option<String>) -> Task<'static, Result<Box<dyn Session>, ConnectError>> + Send + Sync>;

/// The ways to one target.
#[derive(Clone)]
pub struct Ways {
    /// Its name.
    pub target: TargetId,
    /// Its engine.
    pub spec: &'static EngineSpec,
    /// What it is today, by the configuration.
    pub environment: Environment,
    /// Under the reading login.
    pub read: Opener,
    /// Under the fix login, fetched anew each time; none when the target has none.
    pub fix: Option<Opener>,
    /// Functions that a person has declared to be pure reads.
    pub safe_functions: Vec<String>,
    /// The login that runs acts: empty for an engine without logins, none when the target has none.
    pub login: Option<String>,
    /// Persons who have to approve an act: 1 or 2.
    pub approvers: u8,
    /// Why nothing may ever be changed here, in words; none when it may.
    pub closed: Option<String>,
    /// What may run with nobody asked.
    pub unattended: Policy,
    /// Who gives a session up when a fix has no other way in.
    pub room: Room,
}

/// Told of a proposal after each of its stages is on disk.
pub type Told<'a> = &'a (dyn Fn(&Proposal) + Send + Sync);

/// What acts are carried out with: one a process.
#[derive(Clone)]
pub struct Workshop {
    /// Where proposals are kept.
    pub store: Store,
    /// The store's folder.
    pub folder: PathBuf,
    /// The audit log.
    pub journal: Journal,
    /// Where tickets are spent.
    pub desk: Arc<Mutex<Desk>>,
    /// Who sits at the keyboard.
    pub who: Who,
    /// What runs before and after each act.
    pub hooks: Hooks,
}

impl Workshop {
    /// A workshop over an open store.
    pub fn new(store: Store, folder: PathBuf, journal: Journal, who: Who) -> Self {
        Self { store, folder, journal, desk: Arc::default(), who, hooks: Hooks::default() }
    }

    /// The same, that runs these programs of the person's own before and after each act.
    #[must_use]
    pub fn with_hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }
}
