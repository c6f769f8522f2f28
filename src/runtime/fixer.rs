//! The fixing tasks of the terminal app: files and decides proposals, carries out what was approved, one task an act.

use super::fixing::{Journal, Refused, Ways, Workshop};
use super::hooks::Hooks;
use super::{TargetSetup, clock};
use crate::app::approvals::changes::is_change;
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::domain::guard::ticket::Consent;
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::{Proposal, Who};
use crate::domain::target::TargetId;
use crate::store::Store;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Closed proposals that are read for the screen.
const CLOSED: usize = 200;
/// Proposals among which everything that was ever changed is looked for.
const CHANGES: usize = 5_000;

/// Where acts begin and end.
pub(super) struct Fixer {
    bench: Bench,
    /// What policies let run does run: in the app, which a person opened, and never in what only watches.
    acts_by_policy: bool,
}

/// What stops each act that was begun here, by its number.
#[derive(Clone, Default)]
struct Stops(Arc<Mutex<HashMap<u64, CancellationToken>>>);

impl Stops {
    /// This stops the act of this number from now on.
    fn put(&self, id: u64, stop: &CancellationToken) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, stop.clone());
    }
    /// Stops one.
    fn stop(&self, id: u64) {
        if let Some(stop) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            stop.cancel();
        }
    }
    /// Stops all of them.
    fn stop_all(&self) {
        for (_, stop) in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            stop.cancel();
        }
    }
}

/// What every fixing task has a copy of.
#[derive(Clone)]
struct Bench {
    /// The store, once it is open; closed when it never will be.
    store: watch::Receiver<Option<Store>>,
    workshop: Arc<OnceCell<Workshop>>,
    folder: PathBuf,
    journal: Journal,
    who: Who,
    hooks: Hooks,
    stops: Stops,
    out: mpsc::Sender<Event>,
}

impl Fixer {
    /// A fixer over a store that is being opened.
    pub(super) fn new(
        store: watch::Receiver<Option<Store>>,
        folder: PathBuf,
        journal: Journal,
        who: Who,
        out: mpsc::Sender<Event>,
    ) -> Self {
        let (workshop, hooks, stops) = (Arc::default(), Hooks::default(), Stops::default());
        let bench = Bench { store, workshop, folder, journal, who, hooks, stops, out };
        Self { bench, acts_by_policy: false }
    }

    /// The same, that carries out what a target's policy lets run with nobody asked.
    pub(super) fn act_by_policy(&mut self) {
        self.acts_by_policy = true;
    }

    /// The same, that runs these programs of the person's own before and after each act.
    pub(super) fn with_hooks(mut self, hooks: Hooks) -> Self {
        self.bench.hooks = hooks;
        self
    }

    /// Looks after what an earlier run left under way, then tells what is kept.
    pub(super) fn begin(&self, setups: &HashMap<TargetId, TargetSetup>, tasks: &mut JoinSet<()>) {
        let (bench, ways) = (self.bench.clone(), setups.values().map(TargetSetup::ways).collect());
        tasks.spawn(bench.begin(ways));
    }

    /// Performs an effect that is about proposals; any other comes back.
    pub(super) fn perform(
        &mut self,
        effect: Effect,
        setups: &HashMap<TargetId, TargetSetup>,
        tasks: &mut JoinSet<()>,
    ) -> Option<Effect> {
        let bench = self.bench.clone();
        match effect {
            Effect::FileProposal(proposal) => {
                let setup = setups.get(&proposal.target).filter(|_| self.acts_by_policy);
                let ways = setup.map(TargetSetup::ways).filter(|ways| ways.unattended.lets_anything());
                tasks.spawn(bench.file(proposal, ways));
            }
            Effect::LoadProposals => drop(tasks.spawn(bench.load())),
            Effect::LoadChanges => drop(tasks.spawn(bench.load_changes())),
            Effect::Decide(id, stage, reason) => drop(tasks.spawn(bench.decide(id, stage, reason))),
            Effect::Rate(id, up, comment) => drop(tasks.spawn(bench.rate(id, up, comment))),
            Effect::SetTicket(id, ticket) => drop(tasks.spawn(bench.set_ticket(id, ticket))),
            Effect::Approve(id, consent) => {
                let stop = CancellationToken::new();
                bench.stops.put(id, &stop);
                let ways = setups.values().map(TargetSetup::ways).collect();
                tasks.spawn(bench.approve(id, consent, ways, stop));
            }
            Effect::StopAct(id) => bench.stops.stop(id),
            other => return Some(other),
        }
        None
    }

    /// Cancels what runs.
    pub(super) fn end(&self) {
        self.bench.stops.stop_all();
    }
}

impl Bench {
    /// The workshop, as soon as the store is open; words when there is no store.
    async fn workshop(&self) -> Result<&Workshop, String> {
        let open = || async {
            let mut opening = self.store.clone();
            let found = opening.wait_for(Option::is_some).await.ok().and_then(|store| store.clone());
            let store = found.ok_or("nothing can be remembered, so nothing is proposed or approved")?;
            let workshop = Workshop::new(store, self.folder.clone(), self.journal.clone(), self.who.clone());
            Ok::<_, String>(workshop.with_hooks(self.hooks.clone()))
        };
        self.workshop.get_or_try_init(open).await
    }

    async fn tell(&self, event: Event) {
        let _ = self.out.send(event).await;
    }

    async fn changed(&self, id: u64, result: Result<Proposal, String>) {
        let now = clock::now();
        self.tell(match result {
            Ok(proposal) => Event::ProposalChanged(now, Box::new(proposal)),
            Err(words) => Event::ProposalRefused(now, id, words),
        })
        .await;
    }

    async fn begin(self, ways: Vec<Ways>) {
        if let Ok(workshop) = self.workshop().await
            && let Err(error) = workshop.recover(&ways, &|_| {}).await
        {
            self.tell(Event::Message(clock::now(), format!("looking after earlier acts: {error}"), true)).await;
        }
        self.load().await;
    }

    async fn load(self) {
        let Ok(workshop) = self.workshop().await else { return };
        match workshop.store.proposals(CLOSED).await {
            Ok(proposals) => {
                self.tell(Event::ProposalsLoaded(proposals)).await;
                self.tell_learned(workshop).await;
            }
            Err(error) => self.tell(Event::Message(clock::now(), format!("the proposals: {error}"), true)).await,
        }
    }

    async fn load_changes(self) {
        let Ok(workshop) = self.workshop().await else { return };
        match workshop.store.proposals(CHANGES).await {
            Ok(mut proposals) => {
                let more = proposals.len() >= CHANGES;
                proposals.retain(is_change);
                self.tell(Event::ChangesLoaded(proposals, more)).await;
            }
            Err(error) => self.tell(Event::Message(clock::now(), format!("the changes: {error}"), true)).await,
        }
    }

    /// Files a proposal, and carries it out where nobody asked for it and `ways` have a policy that lets it.
    async fn file(self, proposal: Box<Proposal>, ways: Option<Ways>) {
        let workshop = match self.workshop().await {
            Ok(workshop) => workshop,
            Err(words) => return self.changed(0, Err(words)).await,
        };
        let result = workshop.file(*proposal).await;
        // What a person proposed waits for a person; the policy would refuse it.
        let unasked = |filed: &&Proposal| filed.by_itself && filed.purpose.is_some();
        let step = result.as_ref().ok().filter(unasked).map(|filed| filed.id);
        self.changed(0, result).await;
        if let (Some(id), Some(ways)) = (step, ways) {
            let (stop, stops, tell) = (CancellationToken::new(), self.stops.clone(), self.teller());
            let token = stop.clone();
            // A person stops what runs by its number, whichever step of the plan that is by then.
            let told = move |step: &Proposal| {
                if step.stage.is_under_way() {
                    stops.put(step.id, &token);
                }
                tell(step);
            };
            let ended = workshop.carry_out_by_policy(&ways, id, &stop, &told).await;
            self.ended(workshop, id, ended).await;
        }
    }

    /// Tells of a record after each of its stages; the last one is told again where nothing is dropped.
    fn teller(&self) -> impl Fn(&Proposal) + Send + Sync + 'static {
        let out = self.out.clone();
        move |proposal: &Proposal| {
            let _ = out.try_send(Event::ProposalChanged(clock::now(), Box::new(proposal.clone())));
        }
    }

    async fn ended(&self, workshop: &Workshop, id: u64, ended: Result<Proposal, Refused>) {
        match ended {
            Ok(proposal) => self.changed(id, Ok(proposal)).await,
            Err(refused) => {
                if let Some(proposal) = refused.proposal {
                    self.changed(id, Ok(*proposal)).await;
                }
                self.changed(id, Err(refused.words)).await;
            }
        }
        self.tell_learned(workshop).await;
    }

    /// Tells what fixes have taught so far.
    async fn tell_learned(&self, workshop: &Workshop) {
        match workshop.store.learned(clock::now()).await {
            Ok(learned) => self.tell(Event::LearnedLoaded(Box::new(learned))).await,
            Err(error) => self.tell(Event::Message(clock::now(), format!("what fixes taught: {error}"), true)).await,
        }
    }

    async fn rate(self, id: u64, up: bool, comment: String) {
        let result = match self.workshop().await {
            Ok(workshop) => {
                let rated = workshop.rate(id, up, comment).await;
                self.tell_learned(workshop).await;
                rated
            }
            Err(words) => Err(words),
        };
        let failure = result.is_err();
        let words = result.unwrap_or_else(|words| words);
        self.tell(Event::Message(clock::now(), words, failure)).await;
    }

    async fn decide(self, id: u64, stage: Stage, reason: String) {
        let result = match self.workshop().await {
            Ok(workshop) => workshop.decide(id, stage, &reason).await,
            Err(words) => Err(words),
        };
        self.changed(id, result).await;
    }

    async fn set_ticket(self, id: u64, ticket: Option<String>) {
        let result = match self.workshop().await {
            Ok(workshop) => workshop.set_ticket(id, ticket).await,
            Err(words) => Err(words),
        };
        self.changed(id, result).await;
    }

    async fn approve(self, id: u64, consent: Consent, ways: Vec<Ways>, stop: CancellationToken) {
        let workshop = match self.workshop().await {
            Ok(workshop) => workshop,
            Err(words) => return self.changed(id, Err(words)).await,
        };
        let told = self.teller();
        let ended = workshop.approve(&ways, id, &consent, &stop, &told).await;
        self.ended(workshop, id, ended).await;
    }
}
