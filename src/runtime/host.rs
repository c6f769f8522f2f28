//! What commands are given: connections, the clock, the store, a token for Ctrl+C.

use super::fixing::{Journal, Ways, Workshop};
use super::probe::Surveyor;
use super::vault::VaultKeeper;
use super::{TargetSetup, clock, demo, vault_command};
use crate::app::event::PastSession;
use crate::cli::{Host, VaultAnswer, VaultOrder, VaultTrouble};
use crate::domain::attempt::{Attempt, Purpose, Record};
use crate::domain::connection::{Change, Found, KnownFix, Probe};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::guard::ticket::{Consent, Moment};
use crate::domain::health::Usual;
use crate::domain::metric::MetricId;
use crate::domain::proposal::{Draft, NotProposed, Origin, Proposal, Who};
use crate::domain::target::{TargetId, Timestamp};
use crate::engine::Session;
use crate::secrets::vault::{Opener, OpenerKind, VaultError};
use crate::store::{Retention, Store};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// The process as a host of commands.
pub(super) struct ProcessHost {
    setups: Vec<TargetSetup>,
    /// The demo's file, when the demo is the target.
    demo: Option<PathBuf>,
    /// The store's folder; none with a broken configuration.
    data: Option<PathBuf>,
    retention: Retention,
    /// None with a broken configuration.
    vault: Option<VaultKeeper>,
    store: OnceCell<Option<Store>>,
    /// None with a broken configuration.
    acts: Option<Acts>,
    workshop: OnceCell<Workshop>,
    interrupt: OnceLock<CancellationToken>,
}

/// What acts need besides the store.
pub(super) struct Acts {
    /// The audit log.
    pub(super) journal: Journal,
    /// Who sits at the keyboard.
    pub(super) who: Who,
}

impl ProcessHost {
    /// A host of these targets.
    pub(super) fn new(
        setups: Vec<TargetSetup>,
        demo: Option<PathBuf>,
        data: Option<PathBuf>,
        retention: Retention,
        vault: Option<VaultKeeper>,
    ) -> Self {
        let (store, workshop, interrupt) = (OnceCell::new(), OnceCell::new(), OnceLock::new());
        Self { setups, demo, data, retention, vault, store, acts: None, workshop, interrupt }
    }

    /// The same, able to file proposals and to carry them out.
    pub(super) fn with_acts(mut self, acts: Option<Acts>) -> Self {
        self.acts = acts;
        self
    }

    /// Where acts are carried out. It makes the store where there is none, and looks first after what an earlier
    /// process left under way.
    async fn workshop(&self) -> Result<&Workshop, String> {
        let open = || async {
            let (acts, data) = self.acts.as_ref().zip(self.data.clone()).ok_or("the configuration has mistakes")?;
            let (folder, retention) = (data.clone(), self.retention);
            let opened = tokio::task::spawn_blocking(move || Store::open(&folder, clock::now(), &retention)).await;
            let opened = opened.map_err(|_| "an internal fault".to_owned())?.map_err(|error| error.to_string())?;
            let workshop = Workshop::new(opened.store, data, acts.journal.clone(), acts.who.clone());
            let ways: Vec<Ways> = self.setups.iter().map(TargetSetup::ways).collect();
            workshop.recover(&ways, &|_| {}).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(workshop)
        };
        self.workshop.get_or_try_init(open).await
    }

    fn setup(&self, target: &TargetId) -> Option<&TargetSetup> {
        self.setups.iter().find(|s| s.target.id == *target)
    }

    /// The store, if there is one: a command that only asks does not make one.
    async fn store(&self) -> Option<&Store> {
        let open = || async {
            let (data, retention) = (self.data.clone()?, self.retention);
            if !Store::exists(&data) {
                return None;
            }
            let opened = tokio::task::spawn_blocking(move || Store::open(&data, clock::now(), &retention));
            match opened.await {
                Ok(Ok(opened)) => Some(opened.store),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the store could not be opened");
                    None
                }
                Err(_) => None,
            }
        };
        self.store.get_or_init(open).await.as_ref()
    }
}

#[async_trait]
impl Host for ProcessHost {
    fn now(&self) -> Timestamp {
        clock::now()
    }

    async fn sleep(&self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    fn interrupt(&self) -> CancellationToken {
        let begin = || {
            let token = CancellationToken::new();
            for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
                let Ok(mut arrives) = signal(kind) else { continue };
                let token = token.clone();
                tokio::spawn(async move {
                    arrives.recv().await;
                    token.cancel();
                });
            }
            token
        };
        self.interrupt.get_or_init(begin).clone()
    }

    async fn prepare(&self) -> Result<(), String> {
        for setup in &self.setups {
            setup.door.ask().await;
        }
        let Some(path) = self.demo.clone() else { return Ok(()) };
        let made = tokio::task::spawn_blocking(move || demo::ensure(&path, &mut |_| {})).await;
        made.unwrap_or_else(|_| Err("an internal fault".into()))
            .map_err(|words| format!("the demo database could not be made: {words}"))
    }

    async fn connect(&self, target: &TargetId) -> Result<Box<dyn Session>, ConnectError> {
        let setup = self
            .setup(target)
            .ok_or_else(|| ConnectError::new(ConnectKind::Settings, format!("there is no target {target}")))?;
        let (at, began) = (clock::now(), Instant::now());
        let result = setup.door.open(setup.spec, None, "command").await;
        if let Some(store) = self.store().await {
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let attempt = Attempt::new(at, Purpose::Test, result.as_ref().err(), took_ms);
            if let Err(error) = store.attempted(target, attempt).await {
                tracing::warn!(%error, "the attempt to connect is not remembered");
            }
        }
        result
    }

    async fn record(&self, target: &TargetId) -> Record {
        match self.store().await {
            Some(store) => store.attempts(target, clock::now()).await.unwrap_or_default(),
            None => Record::default(),
        }
    }

    async fn known_fix(&self, target: &TargetId) -> Option<KnownFix> {
        self.store().await?.fix(target).await.ok().flatten()
    }

    async fn look_round(&self, target: &TargetId, probes: &[Probe]) -> Vec<Found> {
        let Some(setup) = self.setup(target) else { return Vec::new() };
        let (spec, door, address) = (setup.spec, setup.door.clone(), setup.target.address.clone());
        Surveyor { id: target.clone(), spec, door, address }.look(probes).await
    }

    fn corrected(&self, target: &TargetId, change: &Change) -> Option<String> {
        self.setup(target)?.door.corrected(change)
    }

    fn patience_ms(&self, target: &TargetId) -> u64 {
        self.setup(target).map_or(0, |s| u64::try_from(s.door.patience().as_millis()).unwrap_or(u64::MAX))
    }

    fn vault_state(&self) -> Result<Option<&'static str>, String> {
        let Some(keeper) = &self.vault else { return Ok(None) };
        let kind = keeper.vault().kind().map_err(|e| e.to_string())?;
        match (kind, keeper.key_file()) {
            (Some(OpenerKind::KeyFile), Some(path)) => {
                Opener::key_file(path).map(|_| Some("a key file")).map_err(|e| e.to_string())
            }
            (Some(OpenerKind::KeyFile), None) => Err(VaultError::OtherOpener(OpenerKind::KeyFile).to_string()),
            (Some(OpenerKind::Passphrase), _) => Ok(Some("a passphrase")),
            (None, _) => Ok(None),
        }
    }

    async fn vault(&self, order: VaultOrder) -> Result<VaultAnswer, VaultTrouble> {
        match &self.vault {
            Some(vault) => vault_command::perform(vault, order).await,
            None => Err(VaultTrouble::Settings("the configuration has mistakes: `dba-gpt config check`".to_owned())),
        }
    }

    async fn usual(&self, target: &TargetId) -> BTreeMap<MetricId, Usual> {
        match self.store().await {
            Some(store) => store.usual(target, clock::now()).await.unwrap_or_default(),
            None => BTreeMap::new(),
        }
    }

    fn moment(&self) -> Moment {
        clock::moment()
    }

    fn forget_typed_ahead(&self) {
        let _ = nix::sys::termios::tcflush(std::io::stdin(), nix::sys::termios::FlushArg::TCIFLUSH);
    }

    async fn propose(&self, target: &TargetId, draft: Draft) -> Result<Proposal, NotProposed> {
        let setup = self.setup(target).ok_or_else(|| NotProposed::Failed(format!("there is no target {target}")))?;
        let workshop = self.workshop().await.map_err(NotProposed::Failed)?;
        workshop.propose(&setup.ways(), &setup.target, Origin::Person, draft).await
    }

    async fn carry_out(&self, id: u64, consent: Consent) -> Result<Proposal, String> {
        let ways: Vec<Ways> = self.setups.iter().map(TargetSetup::ways).collect();
        let workshop = self.workshop().await?;
        let stop = self.interrupt();
        workshop.approve(&ways, id, &consent, &stop, &|_| {}).await.map_err(|refused| refused.words)
    }

    async fn past_sessions(
        &self,
        target: &TargetId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<PastSession>, String> {
        match self.store().await {
            Some(store) => super::storage::past_sessions(store, target, from, to).await,
            None => Ok(Vec::new()),
        }
    }
}
