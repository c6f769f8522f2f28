//! Three in the morning: every connection is taken, a session that waits for its client holds a lock, and others pile
//! up behind it. The session that was held before is the only eye; what it finds is approved, and only that is done.

use super::*;
use crate::support::servers::{self, Address};
use dba_gpt::app::effect::DiagnoseRequest;
use dba_gpt::app::event::RequestId;
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};
use dba_gpt::domain::procedure::{Examined, Purpose};
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::engine::Session;
use dba_gpt::runtime::examine::{Inquiry, examine};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

/// The login of the crowd.
const APP: &str = "dbagpt_nobody";
/// Sessions that wait for the one lock: from six on it is critical.
const WAITERS: usize = 7;
/// More clients than the small servers let in.
const CROWD: usize = 30;
/// From the first symptom to the end of the waiting, at most (issue 6).
const WHOLE: Duration = Duration::from_mins(1);
const LOCK: &str = "UPDATE night SET v = v + 1 WHERE id = 1";

/// A small server, by its own client programs: nothing here is the program's own.
struct Town {
    address: Address,
}

impl Town {
    fn is_postgres(&self) -> bool {
        self.address.scheme == "postgres"
    }

    /// The URL as another login.
    fn url(&self, user: &str) -> String {
        Address { user: user.to_owned(), ..self.address.clone() }.url()
    }

    fn client(&self, user: &str) -> Command {
        let Address { password, host, port, database, .. } = &self.address;
        if self.is_postgres() {
            let mut client = Command::new("psql");
            client.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", &self.url(user)]);
            return client;
        }
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "--batch", "--skip-column-names", "--skip-reconnect", "--host", host]);
        client.args(["--port", &port.to_string(), "--user", user, &format!("--password={password}"), database]);
        client
    }

    /// Runs SQL as the administrator, for whom a place is kept. Gives the lines of the answer.
    fn ask(&self, sql: &str) -> Vec<String> {
        let flag = if self.is_postgres() { "--command" } else { "--execute" };
        let run = || self.client("dbagpt_admin").args([flag, sql]).output().unwrap();
        let (begun, mut ran) = (Instant::now(), run());
        // Whoever is being turned away holds the administrator's place for that moment.
        while String::from_utf8_lossy(&ran.stderr).contains("Too many connections")
            && begun.elapsed() < Duration::from_secs(30)
        {
            ran = run();
        }
        assert!(ran.status.success(), "{sql}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// A client that sends this and stays.
    fn join(&self, sql: &str) -> Guest {
        let mut client = self.client(APP);
        client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = client.spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(format!("{sql};\n").as_bytes()).unwrap();
        Guest(child)
    }

    /// Numbers of the crowd's sessions.
    fn sessions(&self) -> Vec<String> {
        self.ask(&if self.is_postgres() {
            format!("SELECT pid FROM pg_catalog.pg_stat_activity WHERE usename = '{APP}' ORDER BY 1")
        } else {
            format!("SELECT id FROM information_schema.processlist WHERE user = '{APP}' ORDER BY 1")
        })
    }

    /// How many of them wait for a lock.
    fn waiting(&self) -> usize {
        let count = self.ask(if self.is_postgres() {
            "SELECT count(*) FROM pg_catalog.pg_locks WHERE NOT granted"
        } else {
            "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        });
        count[0].trim().parse().unwrap()
    }

    fn set_up(&self) {
        let numbers: Vec<String> = (1..=20).map(|id| format!("({id}, 0)")).collect();
        let table =
            format!("CREATE TABLE night (id int PRIMARY KEY, v int); INSERT INTO night VALUES {}", numbers.join(", "));
        self.ask("DROP TABLE IF EXISTS night");
        if self.is_postgres() {
            self.ask(&format!("{table}; GRANT ALL ON night TO {APP}; GRANT SELECT ON night TO dbagpt_ro"));
        } else {
            let grant = format!("GRANT ALL ON shop.night TO {APP}@'%'; SET GLOBAL innodb_lock_wait_timeout = 120");
            self.ask(&format!("{table}; {grant}"));
        }
    }
}

/// A client, ended with the test.
struct Guest(Child);

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks until it is so; a server that never gets there fails the test.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A way in that there is only once: the session that is held.
fn only(session: Box<dyn Session>) -> Opener {
    let held = Mutex::new(Some(session));
    Arc::new(move |_, _| {
        let session = held.lock().unwrap().take();
        Box::pin(async move { session.ok_or_else(|| ConnectError::new(ConnectKind::TooManyConnections, "full")) })
    })
}

async fn look(site: &Site, session: &mut dyn Session) -> Examined {
    let request = DiagnoseRequest {
        id: RequestId(1),
        target: site.ways.target.clone(),
        incident: None,
        focus: None,
        seconds: 3,
        usual: BTreeMap::new(),
    };
    let inquiry = Inquiry {
        request,
        environment: Environment::Production,
        safe_functions: Vec::new(),
        definitions: Vec::new(),
        own: Vec::new(),
        server_events: false,
    };
    examine(site.ways.spec, session, &inquiry, &|_| {}).await.unwrap()
}

async fn night(url: &str) {
    let town = Town { address: Address::of(url) };
    town.set_up();
    let home = tempfile::tempdir().unwrap();
    let mut site = Site::at(home.path(), url);
    site.ways.login = Some("dbagpt_admin".into());
    let mut held = (ways(&town.url("dbagpt_ro")).read)("watch".into(), None).await.unwrap();

    let root = town.join(&format!("BEGIN; {LOCK}"));
    until("the root", || town.sessions().len() == 1).await;
    let root_id = town.sessions()[0].clone();
    let begun = Instant::now();
    let waiters: Vec<Guest> = (0..WAITERS).map(|_| town.join(LOCK)).collect();
    until("the pile-up", || town.waiting() >= WAITERS).await;
    let mut idle: Vec<Guest> = (0..CROWD).map(|_| town.join("SELECT 1")).collect();
    until("a full server", || {
        // Whoever looked took the place of somebody who gave up.
        idle.push(town.join("SELECT 1"));
        !town.client(APP).stdin(Stdio::null()).output().unwrap().status.success()
    })
    .await;
    let crowd = town.sessions();

    let examined = look(&site, &mut *held).await;
    let roots: Vec<String> = examined.diagnosis.roots().map(|h| format!("{h:?}")).collect();
    assert!(roots.iter().any(|root| root.contains(&root_id)), "{root_id} is the root: {roots:#?}");
    let best = examined.best().unwrap_or_else(|| panic!("nothing can be proposed: {examined:#?}")).clone();
    let Some(FixKind::EndSessions(named)) = &best.steps[0].draft.kind else { panic!("{best:#?}") };
    let named: Vec<String> = named.iter().map(|session| session.id.to_string()).collect();
    assert_eq!(named, [root_id.as_str()], "one session, and the right one");

    // The one other way in is the session that is held: nobody else is let in as a reader.
    site.ways.read = only(held);
    let shown_confidence = best.confidence;
    let purpose = Purpose { incident: None, signature: None, plan: best, step: 0, shown_confidence };
    let proposal = site.workshop.propose_step(&site.ways, &site.target(), purpose).await.unwrap();
    let done = site.approve(proposal.id, &consent(&proposal)).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert_eq!(done.verified.as_ref().and_then(|v| v.held), Some(true), "{:?}", done.happenings);
    until("the end of the waiting", || town.waiting() == 0).await;
    let took = begun.elapsed();
    assert!(took < WHOLE, "{took:?}");

    let left = town.sessions();
    assert!(!left.contains(&root_id));
    let gone: Vec<&String> = crowd.iter().filter(|id| !left.contains(id)).collect();
    assert_eq!(gone, [&root_id], "nothing else was ended");
    let changed = town.ask("SELECT v FROM night WHERE id = 1");
    assert_eq!(changed, [WAITERS.to_string()], "every waiter got through, and the root was rolled back");
    drop((root, waiters, idle));
    town.ask("DROP TABLE night");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_lets_everybody_on_after_one_approval() {
    if let Some(url) = servers::small_postgres_url() {
        night(&url).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_lets_everybody_on_after_one_approval() {
    if let Some(url) = servers::small_mariadb_url() {
        let _turn = crate::mysql::support::small_server_alone();
        night(&url).await;
    }
}
