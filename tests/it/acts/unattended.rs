//! What a policy lets run, on real servers: from an incident to a verified fix with nobody asked, and the twins of which
//! each lacks one thing that it takes.

use super::*;
use crate::postgres::support::{PATIENCE, admin, eventually};
use crate::support::at_hand::Server;
use crate::support::hands;
use dba_gpt::app::effect::DiagnoseRequest;
use dba_gpt::app::event::RequestId;
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::guard::policy::{Freeze, LocalTime, Policy, Rule, What, Window};
use dba_gpt::domain::incident::limits::Terms;
use dba_gpt::domain::incident::stage::{Resolution, Stage as IncidentStage};
use dba_gpt::domain::learning::About;
use dba_gpt::domain::procedure::{Plan, Purpose, Rung};
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::runtime::examine::{Inquiry, examine};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::Client;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A table and a login of one test, with a site whose reader may only read.
struct Town {
    server: Server,
    site: Site,
    name: String,
    url: String,
    _home: tempfile::TempDir,
}

impl Town {
    async fn new(server: Server) -> Option<Self> {
        let url = server.url()?;
        let home = tempfile::tempdir().unwrap();
        let mut site = Site::at(home.path(), &url);
        site.ways.read = ways(&server.url_as("dbagpt_ro").unwrap()).read;
        site.ways.login = Some("dbagpt_admin".into());
        let name = format!("alone_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let text = format!(
            "CREATE SCHEMA {name}; CREATE TABLE {name}.t (id int PRIMARY KEY, n int);
             INSERT INTO {name}.t SELECT i, i FROM generate_series(1, 100) i;
             GRANT USAGE ON SCHEMA {name} TO dbagpt_ro, dbagpt_nobody; GRANT SELECT ON {name}.t TO dbagpt_ro;
             GRANT SELECT, UPDATE ON {name}.t TO dbagpt_nobody"
        );
        hands::sql(server, "shop", &text).await;
        Some(Self { server, site, name, url, _home: home })
    }

    /// A client of the application.
    async fn client(&self) -> Client {
        admin(&self.server.url_as("dbagpt_nobody").unwrap()).await
    }

    async fn remove(self) {
        hands::sql(self.server, "shop", &format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }

    /// The incident that the pile-up is.
    async fn incident(&self) -> u64 {
        let at = moment().wall;
        let event = ErrorEvent {
            at,
            target: self.site.ways.target.clone(),
            engine: "postgres".into(),
            source: Source::Sample,
            code: "LOCK_PILE_UP".into(),
            kind: ErrorKind::LockTimeout,
            severity: Severity::Critical,
            object: None,
            message: "sessions wait".into(),
            statement: None,
            more: None,
            user: None,
            database: None,
            signature: "pile-up".into(),
            group: "pile-up".into(),
            title: "lock pile-up".into(),
            transient: true,
            count: 1,
        };
        self.site.workshop.store.report(vec![event], Terms::default(), at).await.unwrap()[0].incident.id
    }

    /// The plan of a real diagnosis that ends this session and no other.
    async fn plan(&self, root: i32) -> Plan {
        let request = DiagnoseRequest {
            id: RequestId(1),
            target: self.site.ways.target.clone(),
            incident: None,
            focus: None,
            seconds: 3,
            usual: BTreeMap::new(),
        };
        let inquiry = Inquiry {
            request,
            environment: Environment::Development,
            safe_functions: Vec::new(),
            definitions: Vec::new(),
            own: Vec::new(),
            server_events: false,
        };
        let mut session = (self.site.ways.read)("test".into(), None).await.unwrap();
        let examined = examine(self.site.ways.spec, &mut *session, &inquiry, &|_| {}).await.unwrap();
        session.close().await;
        let ends_root = |plan: &&Plan| {
            matches!(plan.steps.first().and_then(|step| step.draft.kind.as_ref()),
                Some(FixKind::EndSessions(sessions)) if sessions.len() == 1 && sessions[0].id == i64::from(root))
        };
        let found = examined.plans.iter().find(|plan| plan.can_be_proposed() && ends_root(plan)).cloned();
        found.unwrap_or_else(|| panic!("no plan ends {root}: {:#?}", examined.plans))
    }

    async fn filed(&self, plan: &Plan, incident: Option<u64>, environment: Environment) -> Proposal {
        let purpose = Purpose {
            incident,
            signature: incident.map(|_| "pile-up".into()),
            plan: plan.clone(),
            step: 0,
            shown_confidence: plan.confidence,
        };
        let target = Target { environment, ..self.site.target() };
        let filed = self.site.workshop.propose_step(&self.site.ways, &target, purpose).await.unwrap();
        super::policy::unasked(&self.site, filed).await
    }

    /// Lets a proposal run under a policy, with nobody asked.
    async fn run(&mut self, policy: Policy, id: u64) -> Result<Proposal, Refused> {
        self.site.ways.unattended = policy;
        self.site.workshop.carry_out_by_policy(&self.site.ways, id, &CancellationToken::new(), &|_| {}).await
    }
}

fn rule() -> Rule {
    Rule { what: What::Kind("end-sessions".into()), rung: Rung::Session, window: None, most_sessions: 1, most_rows: 0 }
}

/// One rule, for what a first run can be sure of, and for a session that is idle for no longer than a test may take.
fn policy(rule: Rule) -> Policy {
    Policy { rules: vec![rule], confidence: 50, least_idle_s: 6, ..Policy::default() }
}

/// Holds a row, and the session's number.
async fn holder(town: &Town) -> (Client, i32) {
    let root = town.client().await;
    root.batch_execute(&format!("BEGIN; UPDATE {}.t SET n = n + 1 WHERE id = 1", town.name)).await.unwrap();
    let pid = root.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    (root, pid)
}

/// A window that is open now, or one that is not, far from its ends.
fn window(open: bool) -> Window {
    let minute = LocalTime::of(moment().wall, chrono::Local::now().offset().local_minus_utc() / 60).minute;
    let at = |minutes: i64| u16::try_from((minute + minutes).rem_euclid(1_440)).unwrap();
    if open { Window { from: at(-60), to: at(60) } } else { Window { from: at(60), to: at(120) } }
}

async fn alone(server: Server) {
    let Some(mut town) = Town::new(server).await else { return };
    let (root, pid) = holder(&town).await;
    let mut waiters = Vec::new();
    for _ in 0..3 {
        let (client, statement) = (town.client().await, format!("UPDATE {}.t SET n = n + 1 WHERE id = 1", town.name));
        waiters.push(tokio::spawn(async move { client.batch_execute(&statement).await }));
    }
    let hand = admin(&town.url).await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))";
    eventually(PATIENCE, "the pile-up", || async {
        hand.query_one(waiting, &[&pid]).await.unwrap().get::<_, i64>(0) >= 1
    })
    .await;
    let incident = town.incident().await;
    let plan = town.plan(pid).await;

    // Each twin lacks one thing; nothing runs, and it waits for a person.
    let filed = town.filed(&plan, Some(incident), Environment::Development).await;
    let production = town.filed(&plan, None, Environment::Production).await;
    let today = LocalTime::of(moment().wall, 0).day;
    let other_kind = Rule { what: What::Kind("cancel-statements".into()), ..rule() };
    let frozen = |freeze| Policy { freeze, ..policy(rule()) };
    for (id, policy, words) in [
        (filed.id, Policy::default(), "names nothing"),
        (filed.id, policy(other_kind), "does not name procedure"),
        (filed.id, policy(Rule { most_sessions: 0, ..rule() }), "at most 0"),
        (filed.id, policy(Rule { rung: Rung::Setting, ..rule() }), "at most setting may run"),
        (filed.id, policy(Rule { window: Some(window(false)), ..rule() }), "lets it run at"),
        (filed.id, frozen(Freeze::Always), "change freeze"),
        (filed.id, frozen(Freeze::Days(vec![(today - 1, today + 1)])), "change freeze"),
        (filed.id, Policy { confidence: 100, ..policy(rule()) }, "100 are needed"),
        (production.id, policy(rule()), "without a window"),
        (production.id, policy(Rule { window: Some(window(false)), ..rule() }), "lets it run at"),
    ] {
        let refused = town.run(policy, id).await.expect_err(words);
        assert!(refused.words.contains(words), "{server:?}: {words}: {}", refused.words);
        assert_eq!(town.site.on_file(id).await.stage, Stage::Waiting, "{words}");
        assert_eq!(town.site.audited(id).last().map(String::as_str), Some("refused"), "{words}");
        assert!(!root.is_closed(), "{words}");
    }

    // Nor where a person proposed it, or where a person may find harm enough and a policy does not. That one would be
    // waited for; a stop ends the waiting.
    let by_key = town.filed(&plan, Some(incident), Environment::Development).await;
    let asked_for = Proposal { by_itself: false, ..by_key };
    assert!(town.site.workshop.store.replace_proposal(Stage::Waiting, asked_for.clone()).await.unwrap());
    let refused = town.run(policy(rule()), asked_for.id).await.unwrap_err();
    assert!(refused.words.contains("a person proposed it"), "{}", refused.words);
    let stopped = CancellationToken::new();
    stopped.cancel();
    for few in [Policy { least_waiters: 4, ..policy(rule()) }, Policy { least_idle_s: 86_400, ..policy(rule()) }] {
        town.site.ways.unattended = few.clone();
        let run = town.site.workshop.carry_out_by_policy(&town.site.ways, filed.id, &stopped, &|_| {});
        let refused = run.await.expect_err("there is not harm enough");
        assert!(refused.words.contains("does not hold"), "{few:?}: {}", refused.words);
        assert_eq!(town.site.on_file(filed.id).await.stage, Stage::Waiting);
        assert!(!root.is_closed());
    }

    // With everything that it takes it runs, and nobody was asked: as soon as the session is idle for long enough.
    let done = town.run(policy(rule()), filed.id).await.unwrap_or_else(|e| panic!("{server:?}: {e:?}"));
    assert_eq!(done.stage, Stage::Done, "{server:?}: {:?}", done.happenings);
    assert_eq!(done.verified.as_ref().and_then(|v| v.held), Some(true), "{:?}", done.happenings);
    let approved = done.happenings.iter().find(|h| h.stage == Stage::Approved).unwrap();
    assert_eq!(approved.who, None, "no person approved it");
    assert!(approved.words.starts_with("by policy: kind end-sessions"), "{}", approved.words);
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    eventually(PATIENCE, "the root is gone", || async { root.is_closed() }).await;

    // The audit log has it as the policy's, the incident is over or looked after, and it is learned.
    let kinds = town.site.audited(done.id);
    assert!(kinds.ends_with(&["approved", "intent", "outcome", "verified"].map(String::from)), "{kinds:?}");
    let records = town.site.audit();
    let record = records.iter().find(|r| r.kind == "approved" && r.act == format!("#{}", done.id)).unwrap();
    assert!(record.body.to_string().contains("by policy: kind end-sessions"), "{}", record.body);
    let known = town.site.workshop.store.incident(incident).await.unwrap().unwrap();
    assert!(
        matches!(known.stage, IncidentStage::Verifying)
            || (known.stage, known.resolution.clone()) == (IncidentStage::Resolved, Some(Resolution::Fixed(done.id))),
        "{:?} {:?}",
        known.stage,
        known.resolution
    );
    let learned = town.site.workshop.store.learned(moment().wall).await.unwrap();
    let about =
        About { signature: Some("pile-up"), group: "pile-up", engine: "postgres", version: done.server_version };
    let shown = learned.shown(&plan, &about);
    assert_eq!((shown.worked, shown.tried), (1, 1), "{server:?}");
    drop(hand);
    town.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_heals_with_nobody_asked_and_only_what_it_names() {
    Box::pin(alone(Server::Postgres15)).await;
    Box::pin(alone(Server::Postgres18)).await;
}

/// A person stops what nobody was asked about, as they stop what they approved.
async fn stopped(server: Server) {
    let Some(mut town) = Town::new(server).await else { return };
    let table = ObjectRef::new(&town.name, "t");
    let kind = FixKind::CreateIndex { table: table.clone(), name: "t_n".into(), columns: vec!["n".into()] };
    let mut step = super::plans::own_cost_step(
        &town.site.ways.spec.dialect.render(&kind).unwrap(),
        dba_gpt::domain::procedure::OnFailure::Ask,
    );
    step.draft = Draft { statement: step.draft.statement, class: kind.class(), kind: Some(kind), database: None };
    step.rung = Rung::Additive;
    let next = step.clone();
    let purpose = super::plans::purpose(vec![step, next], Some(town.incident().await));
    let filed = town.site.workshop.propose_step(&town.site.ways, &town.site.target(), purpose).await.unwrap();
    let filed = super::policy::unasked(&town.site, filed).await;
    let index = Rule { what: What::Kind("create-index".into()), rung: Rung::Additive, ..rule() };
    town.site.ways.unattended = policy(index);

    let snapshot = admin(&town.url).await;
    snapshot.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
    let hand = admin(&town.url).await;
    let building = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dba-gpt fix-{}' AND wait_event_type = 'Lock'
          AND query LIKE '%{}%'",
        filed.id, town.name
    );
    let stop = CancellationToken::new();
    let stopping = async {
        eventually(PATIENCE, "the build waits", || async {
            hand.query_one(&building, &[]).await.unwrap().get::<_, i64>(0) == 1
        })
        .await;
        stop.cancel();
    };
    let run = town.site.workshop.carry_out_by_policy(&town.site.ways, filed.id, &stop, &|_| {});
    let (ended, ()) = tokio::join!(run, stopping);
    let ended = ended.unwrap();
    assert_eq!(ended.stage, Stage::NotRun, "{server:?}: {:?}", ended.happenings);
    assert!(ended.happenings.last().unwrap().words.contains("stopped"), "{:?}", ended.happenings);
    let left = "SELECT count(*) FROM pg_class WHERE relname = 't_n' AND relnamespace = $1::text::regnamespace";
    assert_eq!(hand.query_one(left, &[&town.name]).await.unwrap().get::<_, i64>(0), 0, "nothing is left of it");
    let ran = town.site.workshop.store.proposals(10).await.unwrap();
    assert!(ran.iter().all(|p| p.id == filed.id), "the plan does not go on: {ran:#?}");
    snapshot.batch_execute("ROLLBACK").await.unwrap();
    town.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_unattended_can_be_stopped_and_leaves_nothing() {
    Box::pin(stopped(Server::Postgres15)).await;
    Box::pin(stopped(Server::Postgres18)).await;
}
