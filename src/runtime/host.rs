//! What commands are given: connections, the clock, the store, a token for Ctrl+C.

use super::examine::examine;
use super::fixing::{Journal, Ways, Workshop};
use super::hooks::Hooks;
use super::probe::Surveyor;
use super::vault::VaultKeeper;
use super::{TargetSetup, clock, demo, records, vault_command};
use crate::app::effect::DiagnoseRequest;
use crate::app::event::PastSession;
use crate::cli::{AuditCheck, AuditEntry, AuditTrouble, Host, Proposals, VaultAnswer, VaultOrder, VaultTrouble};
use crate::domain::attempt::{Attempt, Purpose, Record};
use crate::domain::connection::{Change, Found, KnownFix, Probe};
use crate::domain::error::event::ErrorEvent;
use crate::domain::error_event::{ConnectError, ConnectKind, SessionError};
use crate::domain::guard::ticket::{Consent, Moment};
use crate::domain::health::Usual;
use crate::domain::incident::figures::Figures;
use crate::domain::incident::limits::Terms;
use crate::domain::incident::{Filter, Incident, Pattern};
use crate::domain::learning::{About, Learned};
use crate::domain::metric::MetricId;
use crate::domain::procedure::Examined;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::{Draft, NotProposed, Origin, Proposal, Who};
use crate::domain::rule::Rule;
use crate::domain::simulation::{NotSimulated, Simulated};
use crate::domain::target::{TargetId, Timestamp};
use crate::engine::Session;
use crate::secrets::vault::{Opener, OpenerKind, VaultError};
use crate::store::audit::AuditPlaces;
use crate::store::incidents::LogPlace;
use crate::store::{Retention, Store, StoreError};
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
    /// None with a broken configuration.
    kept: Option<Kept>,
    /// None with a broken configuration.
    vault: Option<VaultKeeper>,
    /// None where there is none yet; words where it cannot be opened.
    store: OnceCell<Result<Option<Store>, String>>,
    /// The one that was made because there was none and something has to be kept.
    new_store: OnceCell<Store>,
    workshop: OnceCell<Workshop>,
    interrupt: OnceLock<CancellationToken>,
}

/// Where what is kept lies, and who is here.
pub(super) struct Kept {
    /// The store's folder.
    pub(super) data: PathBuf,
    /// How long the store keeps what.
    pub(super) retention: Retention,
    /// The audit log.
    pub(super) audit: AuditPlaces,
    /// Who sits at the keyboard.
    pub(super) who: Who,
    /// What the rules of incidents are told from outside.
    pub(super) terms: Terms,
    /// What runs before and after each act.
    pub(super) hooks: Hooks,
}

impl ProcessHost {
    /// A host of these targets.
    pub(super) fn new(
        setups: Vec<TargetSetup>,
        demo: Option<PathBuf>,
        kept: Option<Kept>,
        vault: Option<VaultKeeper>,
    ) -> Self {
        let (store, new_store, workshop, interrupt) =
            (OnceCell::new(), OnceCell::new(), OnceCell::new(), OnceLock::new());
        Self { setups, demo, kept, vault, store, new_store, workshop, interrupt }
    }

    /// Where acts are carried out. It makes the store where there is none, and looks first after what an earlier
    /// process left under way.
    async fn workshop(&self) -> Result<&Workshop, String> {
        let open = || async {
            let kept = self.kept.as_ref().ok_or("the configuration has mistakes")?;
            let store = match self.store_or_words().await? {
                Some(store) => store.clone(),
                None => open_store(kept).await?,
            };
            let workshop = workshop(kept, store);
            let ways: Vec<Ways> = self.setups.iter().map(TargetSetup::ways).collect();
            workshop.recover(&ways, &|_| {}).await.map_err(|error| error.to_string())?;
            Ok::<_, String>(workshop)
        };
        self.workshop.get_or_try_init(open).await
    }

    /// Connects, with a record of it.
    async fn open(&self, setup: &TargetSetup, purpose: &str) -> Result<Box<dyn Session>, ConnectError> {
        let (at, began) = (clock::now(), Instant::now());
        let result = setup.door.open(setup.spec, None, purpose).await;
        if let Some(store) = self.store().await {
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let attempt = Attempt::new(at, Purpose::Test, result.as_ref().err(), took_ms);
            if let Err(error) = store.attempted(&setup.target.id, attempt).await {
                tracing::warn!(%error, "the attempt to connect is not remembered");
            }
        }
        result
    }

    fn setup(&self, target: &TargetId) -> Option<&TargetSetup> {
        self.setups.iter().find(|s| s.target.id == *target)
    }

    /// The store, if there is one: a command that only asks does not make one. Without one, or when it cannot be
    /// opened, a command remembers nothing.
    async fn store(&self) -> Option<&Store> {
        self.store_or_words().await.ok().flatten()
    }

    /// The same, for commands that are about what is in it. An error is words.
    async fn store_or_words(&self) -> Result<Option<&Store>, String> {
        let open = || async {
            match &self.kept {
                Some(kept) if Store::exists(&kept.data) => open_store(kept).await.map(Some),
                _ => Ok(None),
            }
        };
        self.store.get_or_init(open).await.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }
}

/// Opens the store, making it where there is none. An error is words.
async fn open_store(kept: &Kept) -> Result<Store, String> {
    let (data, retention) = (kept.data.clone(), kept.retention);
    let opened = tokio::task::spawn_blocking(move || Store::open(&data, clock::now(), &retention)).await;
    opened.unwrap_or(Err(StoreError::Closed)).map(|opened| opened.store).map_err(|error| {
        tracing::warn!(%error, "the store could not be opened");
        error.to_string()
    })
}

fn workshop(kept: &Kept, store: Store) -> Workshop {
    let journal = Journal::new(kept.audit.clone());
    Workshop::new(store, kept.data.clone(), journal, kept.who.clone()).with_hooks(kept.hooks.clone())
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
        self.open(setup, "command").await
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

    async fn simulate(&self, target: &TargetId, name: &str) -> Result<Simulated, NotSimulated> {
        let setup = self.setup(target);
        let setup = setup.ok_or_else(|| NotSimulated::Refused(format!("there is no target {target}")))?;
        super::simulate::simulate(setup, name).await
    }

    async fn diagnose(&self, mut request: DiagnoseRequest) -> Result<Examined, SessionError> {
        let target = request.target.clone();
        let unknown = || ConnectError::new(ConnectKind::Settings, format!("there is no target {target}"));
        let setup = self.setup(&target).ok_or_else(unknown)?;
        request.usual = self.usual(&target).await;
        let mut inquiry = setup.inquiry(request);
        if let Some(store) = self.store().await {
            inquiry.remember(store).await;
        }
        let mut session = self.open(setup, "diagnose").await?;
        let version = session.identity().version_number;
        let examined = examine(setup.spec, &mut *session, &inquiry, &|_| {}).await;
        session.close().await;
        let mut examined = examined?;
        let incident = inquiry.request.incident.as_deref();
        let about = About {
            signature: incident.map(|incident| incident.signature.as_str()),
            group: incident.map_or("", |incident| incident.group.as_str()),
            engine: setup.spec.id.0,
            version,
        };
        // Without a store, or with one that cannot be read, the plans stay as the engine ranked them.
        examined.rank(&self.learned().await.unwrap_or_default(), &about);
        Ok(examined)
    }

    async fn learned(&self) -> Result<Learned, String> {
        match self.store_or_words().await? {
            Some(store) => store.learned(self.now()).await.map_err(|error| error.to_string()),
            None => Ok(Learned::default()),
        }
    }

    async fn propose_undo(&self, act: &Proposal, statement: String) -> Result<Proposal, NotProposed> {
        let target = &act.target;
        let setup = self.setup(target).ok_or_else(|| NotProposed::Failed(format!("there is no target {target}")))?;
        let workshop = self.workshop().await.map_err(NotProposed::Failed)?;
        let draft = Draft { statement, class: act.draft.class, kind: None, database: act.draft.database.clone() };
        workshop.propose(&setup.ways(), &setup.target, Origin::Undo(act.id), draft).await
    }

    async fn report(&self, events: Vec<ErrorEvent>) -> Result<Vec<Incident>, String> {
        let kept = self.kept.as_ref().ok_or("the configuration has mistakes")?;
        let store = match self.store_or_words().await? {
            Some(store) => store.clone(),
            None => open_store(kept).await?,
        };
        let reported = store.report(events, kept.terms.clone(), clock::now()).await;
        reported.map(|changes| changes.into_iter().map(|change| change.incident).collect()).map_err(|e| e.to_string())
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

    async fn proposals(&self, closed: usize) -> Result<Proposals, String> {
        match self.store_or_words().await? {
            Some(store) => records::proposals(store, closed).await,
            None => Ok(Proposals::default()),
        }
    }

    async fn proposal(&self, id: u64) -> Result<Option<Proposal>, String> {
        match self.store_or_words().await? {
            Some(store) => store.proposal(id).await.map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    async fn incidents(&self, filter: Filter) -> Result<Vec<Incident>, String> {
        match self.store_or_words().await? {
            Some(store) => store.incidents(filter).await.map_err(|error| error.to_string()),
            None => Ok(Vec::new()),
        }
    }

    async fn incident(&self, id: u64) -> Result<Option<Incident>, String> {
        match self.store_or_words().await? {
            Some(store) => store.incident(id).await.map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    async fn incident_events(&self, id: u64) -> Result<Vec<ErrorEvent>, String> {
        match self.store_or_words().await? {
            Some(store) => store.incident_events(id).await.map_err(|error| error.to_string()),
            None => Ok(Vec::new()),
        }
    }

    async fn pattern(&self, signature: &str) -> Result<Option<Pattern>, String> {
        match self.store_or_words().await? {
            Some(store) => store.pattern(signature, self.now()).await.map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    async fn patterns(&self, most: usize) -> Result<Vec<Pattern>, String> {
        match self.store_or_words().await? {
            Some(store) => store.patterns(self.now(), most).await.map_err(|error| error.to_string()),
            None => Ok(Vec::new()),
        }
    }

    async fn incident_figures(&self, since: Timestamp) -> Result<Figures, String> {
        match self.store_or_words().await? {
            Some(store) => store.incident_figures(since).await.map_err(|error| error.to_string()),
            None => Ok(Figures::default()),
        }
    }

    async fn rules(&self) -> Result<Vec<Rule>, String> {
        match self.store_or_words().await? {
            Some(store) => store.rules().await.map_err(|error| error.to_string()),
            None => Ok(Vec::new()),
        }
    }

    async fn keep_rule(&self, rule: Rule) -> Result<Rule, String> {
        let kept = self.kept.as_ref().ok_or("the configuration has mistakes")?;
        let store = match self.store_or_words().await? {
            Some(store) => store.clone(),
            None => open_store(kept).await?,
        };
        let rule = Rule { by: kept.who.person().to_owned(), ..rule };
        store.keep_rule(rule).await.map_err(|error| error.to_string())
    }

    async fn delete_rule(&self, id: u64) -> Result<Option<Rule>, String> {
        let Some(store) = self.store_or_words().await? else { return Ok(None) };
        let gone = super::incidents::delete_rule(store, id, clock::now()).await;
        gone.map(|gone| gone.map(|(rule, _)| rule)).map_err(|error| error.to_string())
    }

    async fn rate(&self, id: u64, up: bool, comment: String) -> Result<String, String> {
        match (&self.kept, self.store_or_words().await?) {
            (Some(kept), Some(store)) => workshop(kept, store.clone()).rate(id, up, comment).await,
            _ => Err(format!("there is no proposal #{id}")),
        }
    }

    async fn deny(&self, id: u64, reason: &str) -> Result<Proposal, String> {
        // Nothing is looked after here, since that would connect to servers.
        match (&self.kept, self.store_or_words().await?) {
            (Some(kept), Some(store)) => workshop(kept, store.clone()).decide(id, Stage::Denied, reason).await,
            _ => Err(format!("there is no proposal #{id}")),
        }
    }

    async fn audit_check(&self) -> Result<Option<AuditCheck>, AuditTrouble> {
        let Some(kept) = &self.kept else { return Ok(None) };
        let decided = match self.store_or_words().await {
            Ok(Some(store)) => records::decided(store).await.map_err(|error| error.to_string()),
            Ok(None) => Ok(Vec::new()),
            Err(words) => Err(words),
        };
        // A store that cannot be read says nothing for or against the log.
        records::check(kept.audit.clone(), decided.unwrap_or_default()).await
    }

    async fn audit_restart(&self, reason: &str) -> Result<String, AuditTrouble> {
        let kept = self.kept.as_ref().ok_or(AuditTrouble::Settings("the configuration has mistakes".to_owned()))?;
        records::restart(kept.audit.clone(), reason.to_owned(), kept.who.words()).await
    }

    async fn audit_records(&self, after: i64, most: usize) -> Result<Vec<AuditEntry>, AuditTrouble> {
        let Some(kept) = &self.kept else { return Ok(Vec::new()) };
        records::records(kept.audit.clone(), after, most).await
    }

    async fn log_place(&self, target: &TargetId, log: &str) -> Result<Option<String>, String> {
        match self.store_or_words().await? {
            Some(store) => store.log_place(target, log).await.map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    async fn keep_errors(
        &self,
        target: &TargetId,
        errors: Vec<ErrorEvent>,
        places: Vec<(String, String)>,
    ) -> Result<(), String> {
        let kept = self.kept.as_ref().ok_or("the configuration has mistakes")?;
        let store = match (self.store_or_words().await?, self.new_store.get()) {
            (Some(store), _) | (None, Some(store)) => store,
            (None, None) => self.new_store.get_or_try_init(|| open_store(kept)).await?,
        };
        let place = |(log, place)| LogPlace { target: target.clone(), log, place };
        let places = places.into_iter().map(place).collect();
        let kept = store.report_from_logs(errors, places, kept.terms.clone(), clock::now()).await;
        kept.map(|_| ()).map_err(|error| error.to_string())
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
