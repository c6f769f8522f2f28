//! MariaDB and MySQL: each cause is brought about on both, found as a root by the reading login, and its plan is
//! approved, carried out and verified, and taken back where it can be; look-alikes are left alone.

mod connections;
mod disk;
mod forgotten;
mod indexes;
mod kinds;
mod locks;
mod metadata;
mod missing;
mod replication;
mod settings;
mod statistics;

use super::registry::{self, Dice};
use super::*;
use crate::mysql::support::{self, Admin, Server};
use crate::support::servers;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::rows::Limits;
use std::future::{Ready, ready};
use std::process::{Child, Stdio};
use std::time::Instant;

/// Every scenario of these servers.
pub(super) fn all() -> impl Iterator<Item = &'static registry::Cure> {
    [
        connections::CURES,
        disk::CURES,
        forgotten::CURES,
        indexes::CURES,
        kinds::CURES,
        locks::CURES,
        metadata::CURES,
        metadata::LONG,
        missing::CURES,
        replication::CURES,
        settings::CURES,
        statistics::CURES,
    ]
    .into_iter()
    .flatten()
}

/// Time for a cause to show: some have to last before anybody may act on them.
const SHOWS: Duration = Duration::from_mins(1);
/// Length of one look, seconds: long enough to see the same root three times.
const LOOK: u32 = 2;

/// Real servers are at hand. Prints the skip otherwise.
fn at_hand() -> bool {
    let left_out = std::env::var("DBA_GPT_TEST_SKIP_SERVERS").is_ok_and(|v| v == "1");
    if left_out {
        eprintln!("SKIPPED: DBA_GPT_TEST_SKIP_SERVERS leaves real servers out");
    }
    !left_out
}

/// Plays a scenario on MariaDB and on MySQL at the same time, each with dice of its own, and on a thread of its own: the
/// servers' own client makes whoever asks it wait.
fn on_both<F: Future<Output = ()>>(seed: u64, play: impl Fn(Server, Dice) -> F + Sync) -> Ready<()> {
    let mariadb =
        Server { admin: servers::mariadb_url(), read_only: servers::mariadb_read_only_url(), is_mariadb: true };
    let mysql = servers::mysql_url().zip(servers::mysql_read_only_url());
    let mysql = mysql.map(|(admin, read_only)| Server { admin, read_only, is_mariadb: false });
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let other = mysql.map(|server| scope.spawn(|| support::run(play(server, Dice::new(!seed)))));
            let first = scope.spawn(|| support::run(play(mariadb, Dice::new(seed))));
            for thread in other.into_iter().chain([first]) {
                thread.join().unwrap_or_else(|failure| std::panic::resume_unwind(failure));
            }
        });
    });
    ready(())
}

/// A database of one run, with the program's ways to it: it looks as the recommended reader and acts as the
/// administrator.
struct Scene {
    bed: Bed,
    url: String,
    admin: Admin,
    database: String,
    /// `MariaDB` or `MySQL`, for what a failure says.
    product: &'static str,
}

impl Scene {
    /// An empty database.
    fn new(server: &Server, name: &str, dice: &mut Dice) -> Self {
        let database = format!("cure_{name}_{}", dice.between(0, 9_999));
        let mut admin = Admin::of(server);
        admin.run(&format!(
            "DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}; USE {database}; \
             GRANT SELECT, SHOW VIEW ON {database}.* TO dbagpt_ro@'%'"
        ));
        let within = |url: &str| {
            let mut address = servers::Address::of(url);
            address.database.clone_from(&database);
            support::url(&address)
        };
        let url = within(&server.admin);
        let mut bed = Bed::at(&url);
        bed.site.ways.read = ways(&within(&server.read_only)).read;
        bed.site.ways.login = Some("dbagpt_admin".into());
        let product = if server.is_mariadb { "MariaDB" } else { "MySQL" };
        Self { bed, url, admin, database, product }
    }

    /// Runs statements in the database.
    fn run(&mut self, statements: &str) -> Vec<String> {
        self.admin.run(statements)
    }

    /// Another client of the application, in the database.
    fn client(&self) -> Admin {
        Admin::at(&self.url)
    }

    /// So many rows of a table, made from `n`, which counts from 0: `fill("t (a, b)", "n, n % 7", 500)`.
    fn fill(&mut self, into: &str, values: &str, rows: u32) {
        let digits = "(SELECT 0 i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL \
                      SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
        self.run(&format!(
            "INSERT INTO {into} SELECT {values} FROM (SELECT a.i + 10 * b.i + 100 * c.i + 1000 * d.i + 10000 * e.i AS n \
             FROM {digits} a, {digits} b, {digits} c, {digits} d, {digits} e) numbers WHERE n < {rows}"
        ));
    }

    /// How a table is made.
    fn definition(&mut self, table: &str) -> String {
        let shown = self.run(&format!("SHOW CREATE TABLE {}.{table}", self.database));
        shown[0].split_once('\t').unwrap().1.replace("\\n", "\n")
    }

    /// Waits until a session is in a state, by the server's own list.
    async fn in_state(&mut self, id: i64, state: &str) {
        let there =
            format!("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = {id} AND STATE LIKE '{state}'");
        let admin = &mut self.admin;
        support::eventually(state, || admin.number(&there) == 1).await;
    }

    /// The incident that a statement opens which the server refuses, in the server's own words.
    async fn incident_of(&self, statement: &str) -> Incident {
        let mut session = (self.bed.site.ways.read)("test".into(), None).await.unwrap();
        let said = match support::read(&mut *session, statement, Limits::default()).await {
            Err(SessionError::Server(said)) => said,
            other => panic!("{}: {other:?}", self.product),
        };
        session.close().await;
        self.bed.incident(&said.message, Some(&said.code), Some(statement))
    }

    /// What the program's history says of an object, after a look at everything that is there now.
    async fn remembered(&self, object: &str) -> Vec<KnownDefinition> {
        let (site, target) = (&self.bed.site, &self.bed.site.ways.target);
        let definitions = site.ways.spec.definitions.unwrap();
        let mut session = (site.ways.read)("watch".into(), None).await.unwrap();
        let seen = (definitions.fingerprints)(&mut *session).await.unwrap();
        let read = (definitions.read)(&mut *session, seen.all.clone()).await.unwrap();
        session.close().await;
        site.workshop.store.keep_definitions(target, seen, read, moment().wall).await.unwrap();
        site.workshop.store.definitions(target, object).await.unwrap()
    }

    /// Looks again and again until it is so.
    async fn until(&self, what: &str, incident: Option<&Incident>, so: impl FnMut(&Examined) -> bool) -> Examined {
        self.until_with(what, (incident, &[]), so).await
    }

    /// The same, with what is remembered of the incident's object.
    async fn until_with(
        &self,
        what: &str,
        (incident, known): (Option<&Incident>, &[KnownDefinition]),
        mut so: impl FnMut(&Examined) -> bool,
    ) -> Examined {
        let mut session = (self.bed.site.ways.read)("watch".into(), None).await.unwrap();
        let begun = Instant::now();
        loop {
            let found = self.bed.looked_by(&mut *session, LOOK, incident.cloned(), known.to_vec()).await;
            if so(&found) {
                session.close().await;
                return found;
            }
            assert!(begun.elapsed() < SHOWS, "{}: {what} does not show: {found:#?}", self.product);
        }
    }

    /// Looks until this is a root and something can be proposed by this procedure that is about this.
    async fn curable(&self, cause: Cause, procedure: &str, about: impl Fn(&Plan) -> bool) -> Plan {
        let is_it = |found: &Examined| roots(found).contains(&cause) && offered(found, procedure, &about).is_some();
        let found = self.until(cause.word(), None, is_it).await;
        offered(&found, procedure, &about).unwrap().clone()
    }

    /// A step of a plan, proposed.
    async fn proposed(&self, plan: &Plan, step: usize) -> Result<Proposal, NotProposed> {
        let purpose =
            Purpose { incident: None, signature: None, plan: plan.clone(), step, shown_confidence: plan.confidence };
        self.bed.site.workshop.propose_step(&self.bed.site.ways, &self.bed.site.target(), purpose).await
    }

    /// Approves what waits, and nothing is sent, because something has moved on; the reason.
    async fn refused_at_last(&self, proposal: &Proposal) -> String {
        match self.bed.site.approve(proposal.id, &consent(proposal)).await {
            Err(refused) => refused.words,
            Ok(done) if done.stage == Stage::NotRun => done.happenings.last().unwrap().words.clone(),
            Ok(done) => panic!("{}: {:?}: {:?}", self.product, done.stage, done.happenings),
        }
    }

    /// Carries out a plan whose verification cannot hold: it is taken back by itself.
    async fn broken_and_taken_back(&self, plan: &Plan, impossible: dba_gpt::domain::procedure::Check) -> Proposal {
        let mut broken = plan.clone();
        let step = &mut broken.steps[0];
        step.verification.check = impossible;
        step.verification.within_ms = 500;
        let undone = self.bed.carried_out(&broken).await;
        assert_eq!(undone.stage, Stage::Undone, "{}: {:?}", self.product, undone.happenings);
        undone
    }

    /// Carries out the steps of a plan one after the other, each in force, and verified.
    async fn cured(&self, plan: &Plan) -> Vec<Proposal> {
        let mut waits = self.proposed(plan, 0).await.unwrap_or_else(|e| panic!("{}: {e:?}", plan.title));
        let mut done = Vec::new();
        loop {
            let id = waits.id;
            done.push(self.verified(&waits).await);
            // What helped files the next step by itself.
            let open = self.bed.site.workshop.store.proposals(0).await.unwrap();
            match open.into_iter().find(|next| next.id > id && next.purpose.is_some()) {
                Some(next) => waits = next,
                None => return done,
            }
        }
    }

    /// Approves what waits; it is done and has helped.
    async fn verified(&self, proposal: &Proposal) -> Proposal {
        let done = self.bed.site.approve(proposal.id, &consent(proposal)).await;
        let done = done.unwrap_or_else(|e| panic!("{} {}: {e:?}", self.product, proposal.draft.statement));
        let held = done.verified.as_ref().and_then(|verified| verified.held);
        let told = (&done.draft.statement, &done.happenings);
        assert_eq!((done.stage, held), (Stage::Done, Some(true)), "{}: {told:?}", self.product);
        done
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let database = &self.database;
        self.admin.send(&format!("DROP DATABASE IF EXISTS {database}"));
        self.admin.run(&format!("REVOKE SELECT, SHOW VIEW ON {database}.* FROM dbagpt_ro@'%'"));
    }
}

/// The first plan of a procedure that can be proposed and is about this.
fn offered<'p>(found: &'p Examined, procedure: &str, about: impl Fn(&Plan) -> bool) -> Option<&'p Plan> {
    found.plans.iter().find(|plan| plan.procedure == procedure && plan.can_be_proposed() && about(plan))
}

/// The sessions that the steps of a plan end or stop, in order.
fn sessions(plan: &Plan) -> Vec<i64> {
    let of_step = |kind: &FixKind| match kind {
        FixKind::EndSessions(list) | FixKind::CancelStatements(list) => list.first().map(|session| session.id),
        _ => None,
    };
    plan.steps.iter().filter_map(|step| of_step(step.draft.kind.as_ref()?)).collect()
}

/// Clients that send statements one after the other until this is dropped. The statements give no rows.
struct Traffic {
    clients: Vec<Child>,
}

impl Traffic {
    fn of(scene: &Scene, clients: u32, statement: &str) -> Self {
        let start = |_| {
            let mut client = support::client(&scene.url).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let (mut input, line) = (client.stdin.take().unwrap(), format!("{statement};\n"));
            // Ends with its client.
            std::thread::spawn(move || while std::io::Write::write_all(&mut input, line.as_bytes()).is_ok() {});
            client
        };
        Self { clients: (0..clients).map(start).collect() }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        for client in &mut self.clients {
            let _ = client.kill();
            let _ = client.wait();
        }
    }
}
