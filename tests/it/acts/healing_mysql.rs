//! Causes brought about on real MariaDB and MySQL servers: what is wrong is found, the plan's step is proposed, approved,
//! carried out and verified, and nobody else is touched. The causes are looked for until they show, without sleeping.

use super::*;
use crate::mysql::support::{Admin, PATIENCE, Server, on_each_server};
use dba_gpt::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition, Observation, SeenPlan};
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::error::naming::Understood;
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::incident::Incident;
use dba_gpt::domain::procedure::{Plan, Purpose, offers};
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::target::Timestamp;
use dba_gpt::engine::{Collector, Session, Wanted, When, mysql};
use std::collections::BTreeMap;
use std::time::Instant;

/// A database of a test, and the ways to it.
struct Scene {
    site: Site,
    url: String,
    admin: Admin,
    database: String,
    incident: Option<Incident>,
    definitions: Vec<KnownDefinition>,
    _home: tempfile::TempDir,
}

impl Scene {
    fn new(server: &Server, name: &str, tables: &str) -> Self {
        let database = format!("heal_{name}");
        let mut admin = Admin::of(server);
        admin.run(&format!("DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}; USE {database}; {tables}"));
        let url = server.url(|a| a.database.clone_from(&database), "");
        let home = tempfile::tempdir().unwrap();
        let mut site = Site::at(home.path(), &url);
        site.ways.login = Some("dbagpt_admin".into());
        Self { site, url, admin, database, incident: None, definitions: Vec::new(), _home: home }
    }

    /// Another client of the application, in the database.
    fn client(&self) -> Admin {
        Admin::at(&self.url)
    }

    fn error(&mut self, kind: ErrorKind, object: &str, statement: &str) {
        let error = Understood {
            code: String::new(),
            kind,
            severity: Severity::Error,
            object: Some(object.into()),
            message: format!("{object} is wrong"),
            signature: "s".into(),
            group: "g".into(),
            title: "t".into(),
            transient: false,
        };
        let at = moment().wall;
        let mut event = ErrorEvent::new(at, TargetId::new("shop"), mysql::ID, Source::Log, error);
        event.statement = Some(statement.into());
        self.incident = Some(Incident::new(1, &event, at));
    }

    /// Watches until the judge says that this is a root; its plans, best first.
    async fn diagnosed(&self, cause: Cause) -> (Diagnosis, Vec<Plan>) {
        let mut session = (self.site.ways.read)("diagnosis".into(), None).await.unwrap();
        let started = Instant::now();
        let mut seen = Observation::default();
        loop {
            let (diagnosis, plans) = self.look(&mut *session, &mut seen).await;
            if diagnosis.roots().any(|h| h.cause == cause) {
                session.close().await;
                return (diagnosis, plans);
            }
            assert!(started.elapsed() < PATIENCE, "{} is not found: {diagnosis:#?}", cause.word());
        }
    }

    async fn look(&self, session: &mut dyn Session, seen: &mut Observation) -> (Diagnosis, Vec<Plan>) {
        let identity = session.identity().clone();
        let incident = self.incident.as_ref();
        let wanted = Wanted {
            object: incident.and_then(|i| i.object.clone()),
            statement: incident.and_then(|i| i.statement.clone()),
            kind: incident.map(|i| i.kind),
        };
        let spec = mysql::SPEC.examination;
        for probe in (spec.probes)(&identity) {
            if probe.when == When::Once && seen.last(probe.query.name).is_some() {
                continue;
            }
            match session.own(probe.query, &[]).await {
                Ok(rows) => seen.add(probe.query.name, moment().wall, rows),
                Err(error) => seen.refuse(probe.query.name, error.to_string()),
            }
        }
        (spec.look_further.unwrap())(session, &wanted, seen).await.unwrap();
        for statement in (spec.plans)(seen, &wanted) {
            let Ok(allowed) = guard::allow(mysql::SPEC.dialect, Author::Model, &Catalog::default(), &statement) else {
                continue;
            };
            let mut rows = Collector::new(Limits::default());
            if session.read(allowed, &Limits::default(), &CancellationToken::new(), &mut rows).await.is_ok() {
                seen.plans.push(SeenPlan { statement, rows: rows.into_rows() });
            }
        }
        let case = Case {
            now: moment().wall,
            identity: &identity,
            environment: Environment::Development,
            observation: seen,
            incident,
            usual: &BTreeMap::new(),
            focus: None,
            definitions: &self.definitions,
        };
        let diagnosis = (spec.judge)(&case);
        let plans = offers(spec.procedures, &case, &diagnosis);
        (diagnosis, plans)
    }

    /// Proposes a plan's first step, approves it, and sees it done and verified.
    async fn carried_out(&self, plan: &Plan) -> Proposal {
        let purpose =
            Purpose { incident: None, signature: None, plan: plan.clone(), step: 0, shown_confidence: plan.confidence };
        let proposed = self.site.workshop.propose_step(&self.site.ways, &self.site.target(), purpose).await;
        let proposal = proposed.unwrap_or_else(|e| panic!("{}: {e:?}", plan.title));
        self.approved(&proposal).await
    }

    async fn approved(&self, proposal: &Proposal) -> Proposal {
        let done = self.site.approve(proposal.id, &consent(proposal)).await;
        let done = done.unwrap_or_else(|e| panic!("{}: {e:?}", proposal.draft.statement));
        assert_eq!(done.stage, Stage::Done, "{}: {:?}", proposal.draft.statement, done.happenings);
        assert!(
            done.purpose.is_none() || self.site.audited(done.id).contains(&"verified".to_owned()),
            "{:?}",
            done.happenings
        );
        done
    }

    /// Does a typed act, looks at the state in between, and undoes it.
    async fn there_and_back(&mut self, kind: FixKind, state: &str) {
        let before = self.admin.run(state);
        let words = kind.words();
        let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
        let target = self.site.target();
        let proposal = self.site.workshop.propose(&self.site.ways, &target, Origin::Person, draft).await.unwrap();
        assert_eq!(self.admin.run(state), before, "{words}: a proposal changes nothing");
        let done = self.approved(&proposal).await;
        let Inverse::Statements(undo) = &done.survey.inverse else { panic!("{words}: {:?}", done.survey.inverse) };
        assert_ne!(self.admin.run(state), before, "{words}");
        for statement in undo {
            let undo = self.site.propose(statement).await;
            self.approved(&undo).await;
        }
        // An index that comes back stands behind the others.
        let parts = |lines: &[String]| {
            let mut parts: Vec<String> =
                lines.iter().flat_map(|line| line.split("\\n")).map(|p| p.trim_end_matches(',').to_owned()).collect();
            parts.sort();
            parts
        };
        assert_eq!(parts(&self.admin.run(state)), parts(&before), "{words}, undone by {undo:?}");
    }

    /// Does a typed act that has no undo.
    async fn done(&mut self, kind: FixKind) -> Proposal {
        let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
        let target = self.site.target();
        let proposal = self.site.workshop.propose(&self.site.ways, &target, Origin::Person, draft).await.unwrap();
        assert!(matches!(proposal.survey.inverse, Inverse::None(_)), "{:?}", proposal.survey.inverse);
        self.approved(&proposal).await
    }

    async fn refused(&self, kind: FixKind) -> String {
        let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
        match self.site.workshop.propose(&self.site.ways, &self.site.target(), Origin::Person, draft).await {
            Err(NotProposed::Refused(why) | NotProposed::Failed(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.admin.send(&format!("DROP DATABASE IF EXISTS {}", self.database));
        self.admin.run("SELECT 1");
    }
}

const TABLE: &str =
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, note VARCHAR(40)); INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')";

fn ids(plan: &Plan) -> Vec<i64> {
    let sessions = plan.steps.iter().filter_map(|step| match step.draft.kind.as_ref()? {
        FixKind::EndSessions(list) | FixKind::CancelStatements(list) => list.first().map(|s| s.id),
        _ => None,
    });
    sessions.collect()
}

fn of<'p>(plans: &'p [Plan], procedure: &str) -> Vec<&'p Plan> {
    plans.iter().filter(|plan| plan.procedure == procedure).collect()
}

#[test]
fn a_change_that_waits_for_a_fresh_holder_is_taken_back() {
    on_each_server(|server| async move {
        let scene = Scene::new(&server, "metadata", TABLE);
        let (mut holder, mut change, mut reader) = (scene.client(), scene.client(), scene.client());
        holder.run("BEGIN; SELECT * FROM t WHERE id = 1");
        let id = change.number("SELECT CONNECTION_ID()");
        change.run("SET lock_wait_timeout = 60");
        change.send("ALTER TABLE t ADD COLUMN more INT");
        reader.run("SET lock_wait_timeout = 60");
        reader.send("SELECT COUNT(*) FROM t");
        let (_, plans) = scene.diagnosed(Cause::MetadataLock).await;
        let plan = of(&plans, "C19b").into_iter().find(|p| p.can_be_proposed()).unwrap_or_else(|| panic!("{plans:#?}"));
        assert_eq!(ids(plan), [id], "the holder has been idle for a moment only: {plan:#?}");
        scene.carried_out(plan).await;
        assert_eq!(reader.run("SELECT 'goes on'"), ["2", "goes on"]);
        assert_eq!(holder.run("SELECT a FROM t WHERE id = 1"), ["1"], "the holder is left alone");
        assert_eq!(change.number("SELECT CONNECTION_ID()"), id, "so is the session of the change");
    });
}

#[test]
fn a_forgotten_transaction_is_ended() {
    on_each_server(|server| async move {
        let scene = Scene::new(&server, "forgotten", TABLE);
        let mut forgotten = scene.client();
        let id = forgotten.number("SELECT CONNECTION_ID()");
        forgotten.run("BEGIN; UPDATE t SET a = 10 WHERE id = 1");
        let started = Instant::now();
        let plan = loop {
            let (_, plans) = scene.diagnosed(Cause::IdleInTransaction).await;
            let found = of(&plans, "MY20").into_iter().find(|p| p.can_be_proposed() && ids(p).contains(&id)).cloned();
            if let Some(mut plan) = found {
                // Other tests leave transactions alone as well: theirs are no business of this one.
                plan.steps.retain(|step| step.draft.statement == format!("KILL {id}"));
                break plan;
            }
            assert!(started.elapsed() < PATIENCE * 2, "{plans:#?}");
        };
        let mut scene = scene;
        scene.carried_out(&plan).await;
        assert_eq!(scene.admin.run(&format!("SELECT a FROM {}.t WHERE id = 1", scene.database)), ["1"]);
    });
}

#[test]
fn a_table_that_was_dropped_is_made_again_exactly_and_one_that_is_elsewhere_is_not() {
    on_each_server(|server| async move {
        let mut scene = Scene::new(
            &server,
            "missing",
            "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE lost (id INT AUTO_INCREMENT PRIMARY KEY, p INT, \
             `na me` VARCHAR(20) NOT NULL DEFAULT 'it''s', KEY k (`na me`, p), FOREIGN KEY f (p) REFERENCES p (id))",
        );
        let create = |scene: &mut Scene| {
            let shown = scene.admin.run(&format!("SHOW CREATE TABLE {}.lost", scene.database));
            shown[0].split_once('\t').unwrap().1.replace("\\n", "\n")
        };
        let statement = create(&mut scene);
        scene.definitions.push(KnownDefinition {
            space: scene.database.clone(),
            name: "lost".into(),
            last_seen: Timestamp(0),
            statements: vec![statement.clone()],
            missing: Vec::new(),
        });
        let database = scene.database.clone();
        scene.admin.run(&format!("DROP TABLE {database}.lost"));
        scene.error(ErrorKind::TableNotFound, &format!("{database}.lost"), "SELECT * FROM lost WHERE p = 1");
        let (_, plans) = scene.diagnosed(Cause::MissingTable).await;
        let plan = of(&plans, "C1")[0].clone();
        // Its twin: the same name in another database.
        scene.admin.run(&format!("DROP DATABASE IF EXISTS {database}_b; CREATE DATABASE {database}_b; CREATE TABLE {database}_b.lost (id INT)"));
        let (_, twins) = scene.diagnosed(Cause::MissingTable).await;
        assert!(of(&twins, "C1").iter().all(|plan| !plan.can_be_proposed()), "{twins:#?}");
        scene.admin.run(&format!("DROP DATABASE {database}_b"));

        scene.carried_out(&plan).await;
        assert_eq!(create(&mut scene), statement, "with its keys and its default");
    });
}

#[test]
fn a_setting_that_does_harm_goes_back_to_its_default() {
    on_each_server(|server| async move {
        let mut scene = Scene::new(&server, "setting", TABLE);
        let shown = "SELECT @@global.join_buffer_size";
        let default = scene.admin.run(shown);
        scene.admin.run("SET GLOBAL join_buffer_size = 8192");
        let (_, plans) = scene.diagnosed(Cause::ConfigRegression).await;
        let wanted = FixKind::ResetSetting("join_buffer_size".into());
        let is_it = |p: &&Plan| p.steps.first().and_then(|s| s.draft.kind.as_ref()) == Some(&wanted);
        let plan = plans.iter().find(is_it).unwrap_or_else(|| panic!("{plans:#?}")).clone();
        scene.carried_out(&plan).await;
        assert_eq!(scene.admin.run(shown), default);
    });
}

#[test]
fn every_new_kind_is_done_and_undone() {
    on_each_server(|server| async move {
        let mut scene = Scene::new(
            &server,
            "kinds",
            "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, note TEXT, p INT, \
             KEY spare (a), KEY wide (a, b DESC), KEY f (p), UNIQUE KEY u (b), FOREIGN KEY fk (p) REFERENCES p (id)); \
             INSERT INTO t (id, a, b) VALUES (1, 1, 1), (2, 2, 2)",
        );
        let database = scene.database.clone();
        let table = ObjectRef::new(&database, "t");
        let create = format!("SHOW CREATE TABLE {database}.t");
        let index = |name: &str, columns: &[&str]| FixKind::CreateIndex {
            table: table.clone(),
            name: name.into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        let drop = |name: &str| FixKind::DropIndex { table: table.clone(), name: name.into() };
        scene.there_and_back(index("in`x", &["b", "-a"]), &create).await;
        scene.there_and_back(drop("spare"), &create).await;
        for (kind, why) in [
            (index("more", &["a"]), "begins with these columns already"),
            (index("more", &["note"]), "only a part"),
            (index("more", &["nothing"]), "no column"),
            (drop("f"), "foreign key"),
            (drop("u"), "keeps values unique"),
            (drop("nothing"), "no index"),
            (FixKind::StartReplication, "follows no other"),
            (FixKind::PurgeLogs("nothing.000001".into()), "no binary log"),
            (FixKind::LimitConnections("nobody_at_all@%".into(), Some(5)), "no account"),
        ] {
            let said = scene.refused(kind.clone()).await;
            assert!(said.contains(why), "{kind:?}: {said}");
        }
        scene.done(FixKind::Maintain(Upkeep::Analyze, Some(table.clone()))).await;
        scene.done(FixKind::Maintain(Upkeep::Compact, Some(table.clone()))).await;

        scene
            .admin
            .run("DROP USER IF EXISTS heal_limited@'10.0.0.%'; CREATE USER heal_limited@'10.0.0.%' IDENTIFIED BY 'x'");
        let limit = FixKind::LimitConnections("heal_limited@10.0.0.%".into(), Some(7));
        scene.there_and_back(limit, "SELECT max_user_connections FROM mysql.user WHERE User = 'heal_limited'").await;
        scene.admin.run("DROP USER heal_limited@'10.0.0.%'");
    });
}
