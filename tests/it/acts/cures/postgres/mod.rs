//! PostgreSQL 15 and 18, on servers of the scenarios' own: each cause is brought about, found, cured, and taken back or
//! broken on purpose; its look-alikes are left alone.

mod dialog;
mod indexes;
mod locks;
mod own;
mod replication;
mod scheduled;
mod sessions;
mod settings;
mod storage;
mod tables;

use super::registry::{Cure, Dice};
use super::*;
use crate::postgres::support::{PATIENCE, admin, eventually, skipped};
use dba_gpt::domain::procedure::{Check, Comparison, OnFailure};
use dba_gpt::runtime::examine::remembered;
use own::{Kit, Own};
use tokio_postgres::Client;

/// Every scenario of these servers.
pub(super) fn all() -> impl Iterator<Item = &'static Cure> {
    [
        dialog::CURES,
        indexes::CURES,
        locks::CURES,
        replication::CURES,
        scheduled::CURES,
        sessions::CURES,
        settings::CURES,
        storage::CURES,
        tables::CURES,
    ]
    .into_iter()
    .flatten()
}

/// Seconds of one look: what lasts longer is met by the next.
const LOOK: u32 = 2;
/// Looks are taken for so long until a cause shows.
const LOOKS: Duration = Duration::from_secs(90);

fn ready() -> bool {
    !skipped()
}

/// Runs a scenario on each version at hand, side by side.
async fn on_each(scenario: impl AsyncFn(Kit)) {
    let mut kits = own::kits().await.into_iter();
    match (kits.next(), kits.next()) {
        (Some(one), Some(other)) => {
            tokio::join!(Box::pin(scenario(one)), Box::pin(scenario(other)));
        }
        (Some(one), None) => Box::pin(scenario(one)).await,
        _ => panic!("there is no server"),
    }
}

/// Runs a scenario that is much work on one of the versions at hand, as its seed says.
async fn on_one(seed: u64, scenario: impl AsyncFn(Kit)) {
    let kits = own::kits().await;
    let which = usize::try_from(seed).unwrap() % kits.len();
    Box::pin(scenario(kits[which].clone())).await;
}

/// A server with a database `shop`, the application's login `app`, and the program's ways to it: a reader with the
/// rights that we recommend, and an administrator who carries things out.
struct Scene {
    own: Own,
    bed: Bed,
    /// The second opinion, as administrator.
    hand: Client,
}

impl Scene {
    async fn start(kit: &Kit, settings: &str, tables: &str) -> Self {
        Self::on(Own::start(kit, settings).await, tables).await
    }

    async fn on(own: Own, tables: &str) -> Self {
        let hand = admin(&own.url("dbagpt_admin", "postgres")).await;
        hand.batch_execute("CREATE DATABASE shop").await.unwrap();
        hand.batch_execute(
            "CREATE ROLE app LOGIN; CREATE ROLE dbagpt_ro LOGIN; GRANT pg_monitor, pg_read_all_data TO dbagpt_ro;
             ALTER ROLE dbagpt_ro SET default_transaction_read_only = on; ALTER ROLE dbagpt_ro SET statement_timeout = '5s';
             ALTER ROLE dbagpt_ro SET lock_timeout = '500ms'; ALTER ROLE dbagpt_ro SET search_path = pg_catalog;
             ALTER DATABASE shop OWNER TO app",
        )
        .await
        .unwrap();
        let scene = Self::seen(own).await;
        scene.run("ALTER SCHEMA public OWNER TO app").await;
        scene.client().await.batch_execute(tables).await.unwrap();
        scene
    }

    /// The server as it is.
    async fn seen(own: Own) -> Self {
        let mut bed = Bed::at(&own.url("dbagpt_admin", "shop"));
        bed.site.ways.read = ways(&own.url("dbagpt_ro", "shop")).read;
        bed.site.ways.login = Some("dbagpt_admin".into());
        let hand = admin(&own.url("dbagpt_admin", "shop")).await;
        Self { own, bed, hand }
    }

    /// A client of the application.
    async fn client(&self) -> Client {
        admin(&self.own.url("app", "shop")).await
    }

    async fn run(&self, statement: &str) {
        self.hand.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
    }

    /// The first value of an answer, as text.
    async fn one(&self, query: &str) -> String {
        let messages = self.hand.simple_query(query).await.unwrap_or_else(|e| panic!("{query}: {e:?}"));
        let row = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        row.unwrap_or_default()
    }

    async fn until(&self, what: &str, query: &str, answer: &str) {
        eventually(PATIENCE, what, async || self.one(query).await == answer).await;
    }

    /// ALTER SYSTEM, in force when this ends.
    async fn set(&self, name: &str, value: &str) {
        self.run(&format!("ALTER SYSTEM SET {name} = '{value}'")).await;
        self.reloaded().await;
    }

    /// Its configuration is read again, by everybody.
    async fn reloaded(&self) {
        let loaded = self.one("SELECT pg_conf_load_time()").await;
        self.run("SELECT pg_reload_conf()").await;
        eventually(PATIENCE, "a reload", async || self.one("SELECT pg_conf_load_time()").await != loaded).await;
    }

    /// Log of so many megabytes that nobody needs.
    async fn write_log(&self, megabytes: u32) {
        for _ in 0..megabytes {
            self.run("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1048576))").await;
        }
    }

    /// What the server says to a statement that fails, as an incident.
    async fn failure(&self, statement: &str) -> Incident {
        let failed = self.client().await.batch_execute(statement).await.expect_err(statement);
        self.incident(&failed, statement)
    }

    fn incident(&self, error: &tokio_postgres::Error, statement: &str) -> Incident {
        let said = error.as_db_error().unwrap_or_else(|| panic!("{statement}: {error:?}"));
        self.bed.incident(said.message(), Some(said.code().code()), Some(statement))
    }

    /// What the program does from time to time: it looks at what is there, and remembers how it is defined.
    async fn remember(&self) {
        let site = &self.bed.site;
        let mut session = (site.ways.read)("watch".into(), None).await.unwrap();
        let known = site.ways.spec.definitions.unwrap();
        let seen = (known.fingerprints)(&mut *session).await.unwrap();
        let read = (known.read)(&mut *session, seen.all.clone()).await.unwrap();
        session.close().await;
        site.workshop.store.keep_definitions(&site.ways.target, seen, read, moment().wall).await.unwrap();
    }

    /// One look.
    async fn looked(&self, incident: Option<&Incident>) -> Examined {
        let site = &self.bed.site;
        let mut definitions = Vec::new();
        if let Some(incident) = incident {
            definitions = remembered(&site.workshop.store, &site.ways.target, incident).await;
        }
        self.bed.looked(LOOK, incident.cloned(), definitions).await
    }

    /// Looks until a cause is a root. `about` is what it is about, empty for anything.
    async fn found(&self, cause: Cause, about: &str, incident: Option<&Incident>) -> Examined {
        self.looked_until(incident, &format!("{} of {about:?}", cause.word()), |found| is_root(found, cause, about))
            .await
    }

    async fn looked_until(
        &self,
        incident: Option<&Incident>,
        what: &str,
        is_so: impl Fn(&Examined) -> bool,
    ) -> Examined {
        let begun = std::time::Instant::now();
        loop {
            let found = self.looked(incident).await;
            if is_so(&found) {
                return found;
            }
            assert!(begun.elapsed() < LOOKS, "{what} is not found: {found:#?}");
        }
    }

    /// So many clients that send a statement again and again.
    async fn load(&self, many: u32, statement: &str) -> Load {
        let mut load = Load(Vec::new());
        for _ in 0..many {
            let (client, statement) = (self.client().await, statement.to_owned());
            load.0.push(tokio::spawn(async move { while client.batch_execute(&statement).await.is_ok() {} }));
        }
        load
    }

    /// A step of a plan that is not even filed: why.
    async fn not_filed(&self, plan: &Plan, step: usize) -> String {
        let (site, confidence) = (&self.bed.site, plan.confidence);
        let purpose =
            Purpose { incident: None, signature: None, plan: plan.clone(), step, shown_confidence: confidence };
        match site.workshop.propose_step(&site.ways, &site.target(), purpose).await {
            Err(NotProposed::Refused(why)) => why,
            other => panic!("{}: {other:?}", plan.title),
        }
    }

    /// Everything that waits for an approval.
    async fn waiting(&self) -> Vec<Proposal> {
        let all = self.bed.site.workshop.store.proposals(100).await.unwrap();
        all.into_iter().filter(|proposal| proposal.stage == Stage::Waiting).collect()
    }

    /// Approves what waits, and it must be one thing.
    async fn approve_next(&self) -> Proposal {
        let waiting = self.waiting().await;
        let [next] = &waiting[..] else { panic!("{waiting:#?}") };
        let done = self.bed.site.approve(next.id, &consent(next)).await.unwrap();
        assert_eq!(done.stage, Stage::Done, "{}: {:?}", done.headline(), done.happenings);
        done
    }

    /// Carries out every step of a plan, each filed by the end of the one before.
    async fn through(&self, plan: &Plan) -> Vec<Proposal> {
        let mut done = vec![self.bed.cured(plan).await];
        while done.len() < plan.steps.len() {
            if self.waiting().await.is_empty() {
                let (site, step) = (&self.bed.site, done.len());
                let purpose = Purpose { step, ..done[0].purpose.as_deref().unwrap().clone() };
                let why = site.workshop.propose_step(&site.ways, &site.target(), purpose).await;
                panic!("step {step} was not filed: {why:?} of {plan:#?}");
            }
            let next = self.approve_next().await;
            let held = next.verified.as_ref().and_then(|verified| verified.held);
            assert_eq!(held, Some(true), "{}: {:?}", plan.title, next.verified);
            done.push(next);
        }
        assert_eq!(self.waiting().await, Vec::new());
        done
    }

    /// Carries out one step of a plan that does not help: it takes itself back, and `state` is as it was.
    async fn rolled_back(&self, plan: &Plan, step: usize, state: &str) {
        let mut broken = plan.clone();
        broken.steps = vec![plan.steps[step].clone()];
        let only = &mut broken.steps[0];
        assert_eq!(only.on_failure, OnFailure::RollBack, "{}", plan.title);
        // Collecting costs no negative time.
        let never = Check::Reading { metric: "own_cost".into(), is: Comparison::AtMost, value: -1.0 };
        only.verification.check = Check::All(vec![only.verification.check.clone(), never]);
        only.verification.within_ms = 100;
        let before = self.one(state).await;
        let undone = self.bed.carried_out(&broken).await;
        assert_eq!(undone.stage, Stage::Undone, "{}: {:?}", plan.title, undone.happenings);
        self.until("the old state", state, &before).await;
    }
}

/// Clients that work, until it is dropped.
struct Load(Vec<tokio::task::JoinHandle<()>>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

fn is_root(found: &Examined, cause: Cause, about: &str) -> bool {
    found.diagnosis.roots().any(|root| {
        root.cause == cause && (about.is_empty() || root.about.as_deref().is_some_and(|words| words == about))
    })
}

/// What a client's process is.
async fn pid(client: &Client) -> i64 {
    client.query_one("SELECT pg_backend_pid()::bigint", &[]).await.unwrap().get(0)
}

/// Nothing of a procedure can be proposed; every plan that it has says why.
fn nothing_of(found: &Examined, procedure: &str) {
    for plan in found.plans.iter().filter(|plan| plan.procedure == procedure) {
        assert!(!plan.can_be_proposed(), "{plan:#?} of {:#?}", found.diagnosis);
    }
}

/// It is blocked, for a reason with these words.
fn blocked(plan: &Plan, words: &str) {
    assert!(!plan.can_be_proposed() && plan.blocked.iter().any(|why| why.contains(words)), "{plan:#?}");
}
