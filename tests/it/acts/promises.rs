//! Two promises, for every kind of act that there is: whoever begins to read waits at most for our lock limit and 100 ms
//! while it runs (G22), and what fails, is stopped or dies in the middle leaves nothing broken behind (G23).
//!
//! The table says of each kind how it keeps them. A kind that is not in it fails the first test, and one that says that
//! it was measured has to be met by the others.

use super::kinds::Place;
use super::*;
use crate::mysql::support::Admin;
use crate::postgres::support::{PATIENCE, admin, eventually};
use crate::support::at_hand::Server;
use dba_gpt::app::effect::DiagnoseRequest;
use dba_gpt::app::event::RequestId;
use dba_gpt::domain::procedure::{Plan, Purpose};
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::runtime::examine::{Inquiry, examine};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How a kind keeps a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// By what it is, in words.
    Because(&'static str),
    /// It is run below.
    Measured,
}
use Kept::{Because, Measured};

const NO_TABLE: Kept = Because("it touches no table");
const ONE_STEP: Kept = Because("the server does all of it or nothing");

/// Word of the kind, whoever begins to read (G22), what can be left (G23).
const PROMISES: [(&str, Kept, Kept); 18] = [
    ("cancel-statements", NO_TABLE, Because("what is canceled is rolled back by the server")),
    ("end-sessions", NO_TABLE, Because("what is ended is rolled back by the server")),
    ("drop-replication-slot", NO_TABLE, ONE_STEP),
    ("change-setting", NO_TABLE, ONE_STEP),
    ("unlink-keys", Because("Redis runs one command at a time; the memory is given back beside it"), ONE_STEP),
    ("reset-setting", NO_TABLE, ONE_STEP),
    ("set-for-role", NO_TABLE, ONE_STEP),
    ("limit-connections", NO_TABLE, ONE_STEP),
    ("set-table-option", Measured, Measured),
    ("create-index", Measured, Measured),
    ("drop-index", Measured, Measured),
    ("rebuild-index", Measured, Measured),
    ("maintain", Measured, Measured),
    ("start-replication", NO_TABLE, Because("a replica that cannot apply stops again and says why")),
    ("purge-logs", NO_TABLE, Because("a log is removed whole or stays")),
    ("resize-replication-log", NO_TABLE, ONE_STEP),
    ("schedule-upkeep", Because("the table is touched by nothing but its name in the scheduler's own list"), ONE_STEP),
    ("stop-script", NO_TABLE, Because("a script that has written is never stopped")),
];

/// What a busy machine may add to a wait.
const BUSY: Duration = Duration::from_millis(900);
/// The promise, beside the limit of our own locks.
const ON_TOP: Duration = Duration::from_millis(100);
/// Our limit for a lock on PostgreSQL; MySQL and MariaDB count whole seconds.
const LOCK_LIMIT: Duration = Duration::from_millis(500);
const LOCK_LIMIT_IN_SECONDS: Duration = Duration::from_secs(1);
/// For so long somebody reads without an end while an act runs.
const LONG_READER: Duration = Duration::from_millis(1_500);

#[test]
fn every_kind_says_how_it_keeps_the_promises() {
    let said: BTreeSet<&str> = PROMISES.iter().map(|(word, ..)| *word).collect();
    assert_eq!(said, FixKind::WORDS.into_iter().collect());
    assert_eq!(said.len(), PROMISES.len(), "each kind once");
    let measured = |which: fn(&(&str, Kept, Kept)) -> Kept| -> BTreeSet<&str> {
        PROMISES.iter().filter(|line| which(line) == Measured).map(|(word, ..)| *word).collect()
    };
    let met: BTreeSet<&str> = kinds(&ObjectRef::new("s", "orders")).iter().map(FixKind::word).collect();
    assert_eq!(measured(|(_, stall, _)| *stall), met, "what is measured is what is run");
    assert_eq!(measured(|(.., wreck)| *wreck), met);
    for (word, stall, wreck) in PROMISES {
        for kept in [stall, wreck] {
            assert!(!matches!(kept, Because(words) if words.len() < 10), "{word}: {kept:?}");
        }
    }
}

/// Every act that a table of orders can meet, in an order in which all of them can run.
fn kinds(orders: &ObjectRef) -> Vec<FixKind> {
    let table = || orders.clone();
    let option = |value: Option<&str>| FixKind::SetTableOption {
        table: table(),
        name: "autovacuum_vacuum_scale_factor".into(),
        value: value.map(str::to_owned),
    };
    let create = FixKind::CreateIndex { table: table(), name: "by_note".into(), columns: vec!["note".into()] };
    vec![
        option(Some("0.05")),
        option(None),
        create,
        FixKind::RebuildIndex { table: table(), name: "by_note".into() },
        FixKind::Maintain(Upkeep::Analyze, Some(table())),
        FixKind::Maintain(Upkeep::Vacuum, Some(table())),
        FixKind::Maintain(Upkeep::Freeze, Some(table())),
        FixKind::DropIndex { table: table(), name: "by_note".into() },
    ]
}

const INVALID: &str = "SELECT coalesce(string_agg(c.relname, ' ' ORDER BY 1), '') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = '$'::regnamespace AND (NOT indisvalid OR relname ~ '_cc(new|old)')";

/// Carries an act out while a reader stays and others come, and gives the longest wait of those who come.
async fn longest_wait_on_postgres(place: &Place, kind: FixKind) -> Duration {
    let proposal = place.try_propose(kind.clone()).await.unwrap_or_else(|e| panic!("{:?} {kind:?}: {e}", place.server));
    let url = place.server.url().unwrap();
    let (stays, comes) = (admin(&url).await, admin(&url).await);
    let read = format!("SELECT count(*) FROM {}.orders", place.name);
    stays.batch_execute(&format!("BEGIN; {read}")).await.unwrap();
    let over = AtomicBool::new(false);
    let act = async {
        let done = place.site.approve(proposal.id, &consent(&proposal)).await;
        over.store(true, Ordering::SeqCst);
        done
    };
    let reading = async {
        let (begun, mut longest, mut stayed) = (Instant::now(), Duration::ZERO, true);
        while !over.load(Ordering::SeqCst) {
            let started = Instant::now();
            comes.query(&read, &[]).await.unwrap();
            longest = longest.max(started.elapsed());
            if stayed && begun.elapsed() > LONG_READER {
                stays.batch_execute("COMMIT").await.unwrap();
                stayed = false;
            }
        }
        longest
    };
    let (done, longest) = tokio::join!(act, reading);
    let done = done.unwrap_or_else(|e| panic!("{:?} {kind:?}: {e:?}", place.server));
    assert_eq!(done.stage, Stage::Done, "{:?} {kind:?}: {:?}", place.server, done.happenings);
    longest
}

async fn readers_on_postgres(server: Server) {
    let Some(place) = Place::new(server).await else { return };
    for kind in kinds(&place.table("orders")) {
        let longest = longest_wait_on_postgres(&place, kind.clone()).await;
        eprintln!("{server:?} {}: a new reader waited for {longest:?} at most", kind.words());
        assert!(longest <= LOCK_LIMIT + ON_TOP + BUSY, "{server:?} {kind:?}: {longest:?}");
        assert_eq!(place.one(INVALID).await, "", "{kind:?}");
    }
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_begins_to_read_on_postgresql_is_not_held_up() {
    Box::pin(readers_on_postgres(Server::Postgres15)).await;
    Box::pin(readers_on_postgres(Server::Postgres18)).await;
}

/// The same on MySQL and MariaDB, where a change of a table that waits holds up everybody behind it.
async fn readers_on_mysql(server: Server) {
    let Some(url) = server.url() else { return };
    let database = format!("promises_{}", std::process::id());
    let mut hand = Admin::at(&url);
    hand.run(&format!(
        "DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database}; USE {database};
         CREATE TABLE orders (id int PRIMARY KEY, note varchar(20)) ENGINE = InnoDB;
         INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c')"
    ));
    let url = url.replace("/shop", &format!("/{database}"));
    let home = tempfile::tempdir().unwrap();
    let mut site = Site::at(home.path(), &url);
    site.ways.login = Some("dbagpt_admin".into());
    let orders = ObjectRef::new(&database, "orders");
    let mut met = 0;
    for kind in kinds(&orders) {
        if site.ways.spec.dialect.render(&kind).is_err() {
            continue;
        }
        met += 1;
        // Once beside a reader that stays, which makes a change of the table give up, and once alone.
        for stays in [true, false] {
            let draft =
                Draft { statement: String::new(), class: kind.class(), kind: Some(kind.clone()), database: None };
            let filed = site.workshop.propose(&site.ways, &site.target(), Origin::Person, draft).await;
            let filed = filed.unwrap_or_else(|e| panic!("{server:?} {kind:?}: {e:?}"));
            let mut reader = Admin::at(&url);
            if stays {
                reader.run("BEGIN; SELECT count(*) FROM orders");
            }
            let over = Arc::new(AtomicBool::new(false));
            let (url, ended) = (url.clone(), Arc::clone(&over));
            let reading = tokio::task::spawn_blocking(move || {
                let (mut comes, mut longest) = (Admin::at(&url), Duration::ZERO);
                let begun = Instant::now();
                while !ended.load(Ordering::SeqCst) {
                    let started = Instant::now();
                    comes.run("SELECT count(*) FROM orders");
                    longest = longest.max(started.elapsed());
                    if begun.elapsed() > LONG_READER {
                        reader.run("COMMIT");
                    }
                }
                longest
            });
            let done = site.approve(filed.id, &consent(&filed)).await;
            over.store(true, Ordering::SeqCst);
            let done = done.unwrap_or_else(|e| panic!("{server:?} {kind:?}: {e:?}"));
            let longest = reading.await.unwrap();
            eprintln!(
                "{server:?} {} ({}): a new reader waited for {longest:?} at most",
                kind.words(),
                done.stage.words()
            );
            assert!(matches!(done.stage, Stage::Done | Stage::NotRun), "{server:?} {kind:?}: {:?}", done.happenings);
            assert!(longest <= LOCK_LIMIT_IN_SECONDS + ON_TOP + BUSY, "{server:?} {kind:?}: {longest:?}");
            assert!(stays || done.stage == Stage::Done, "{server:?} {kind:?}: {:?}", done.happenings);
            let catalogue = if server == Server::MariaDb { "innodb_sys_tables" } else { "innodb_tables" };
            let ghosts = format!(
                "SELECT count(*) FROM information_schema.{catalogue} WHERE name LIKE '{database}/%' AND name <> '{database}/orders'"
            );
            assert_eq!(hand.number(&ghosts), 0, "{server:?} {kind:?}");
            if done.stage == Stage::Done {
                break;
            }
        }
    }
    assert!(met >= 3, "{server:?} met {met} kinds");
    hand.run(&format!("DROP DATABASE {database}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_begins_to_read_on_mariadb_and_mysql_is_not_held_up() {
    Box::pin(readers_on_mysql(Server::MariaDb)).await;
    Box::pin(readers_on_mysql(Server::MySql9)).await;
}

/// The builds beside the traffic, each of which waits for whoever looks at the table for long.
fn builds(place: &Place) -> [FixKind; 3] {
    let table = || place.table("orders");
    [
        FixKind::CreateIndex { table: table(), name: "by_note".into(), columns: vec!["note".into()] },
        FixKind::RebuildIndex { table: table(), name: "orders_at".into() },
        FixKind::DropIndex { table: table(), name: "orders_at".into() },
    ]
}

/// A client that looks at the table for long.
async fn long_look(place: &Place) -> tokio_postgres::Client {
    let client = admin(&place.server.url().unwrap()).await;
    let text = format!("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM {}.orders", place.name);
    client.batch_execute(&text).await.unwrap();
    client
}

/// The session that builds and waits, once there is one.
async fn waiting_build(place: &Place) -> i32 {
    let query = "SELECT coalesce((SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'dba-gpt fix-%' AND wait_event_type = 'Lock' AND query LIKE '%CONCURRENTLY%$%' LIMIT 1), 0)::text";
    eventually(PATIENCE, "the build waits", || async { place.one(query).await != "0" }).await;
    place.one(query).await.parse().unwrap()
}

async fn stopped(server: Server) {
    let Some(place) = Place::new(server).await else { return };
    for kind in builds(&place) {
        let proposal = place.try_propose(kind.clone()).await.unwrap();
        let looks = long_look(&place).await;
        let stop = CancellationToken::new();
        let stopping = async {
            waiting_build(&place).await;
            stop.cancel();
            // What is left of a drop is dropped behind whoever looks.
            looks.batch_execute("COMMIT").await.unwrap();
        };
        let consent = consent(&proposal);
        let act = place.site.workshop.carry_out(&place.site.ways, proposal.id, &consent, &stop, &|_| {});
        let (done, ()) = tokio::join!(act, stopping);
        let done = done.unwrap();
        // Half a drop cannot be taken back, so a stopped one may have come to its end.
        assert!(matches!(done.stage, Stage::NotRun | Stage::Done), "{server:?} {kind:?}: {:?}", done.happenings);
        assert_eq!(place.one(INVALID).await, "", "{server:?} {kind:?}: {:?}", done.happenings);
    }
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_is_stopped_leaves_nothing() {
    Box::pin(stopped(Server::Postgres15)).await;
    Box::pin(stopped(Server::Postgres18)).await;
}

/// The folder, the reader's URL and the fix login's URL of the process below.
const FOLDER: &str = "DBA_GPT_TEST_BUILD_FOLDER";
const READER: &str = "DBA_GPT_TEST_BUILD_READER";
const FIXER: &str = "DBA_GPT_TEST_BUILD_FIXER";

/// Not a test: the process that is killed while the server builds.
#[tokio::test]
#[ignore = "a part of the test that starts it"]
async fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut site = Site::at(&PathBuf::from(folder), &std::env::var(FIXER).unwrap());
    site.ways.read = ways(&std::env::var(READER).unwrap()).read;
    site.ways.login = Some("dbagpt_admin".into());
    let all = site.workshop.store.proposals(0).await.unwrap();
    let proposal = all.iter().find(|p| p.stage == Stage::Waiting).unwrap();
    let _ = site.approve(proposal.id, &consent(proposal)).await;
}

fn process(place: &Place) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "acts::promises::the_process_that_is_killed", "--ignored", "--nocapture"])
        .env(FOLDER, place.home.path())
        .env(READER, place.server.url_as("dbagpt_ro").unwrap())
        .env(FIXER, place.server.url().unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Proposes what clears away what was left: the undo that was filed, or else what a diagnosis finds.
async fn clear_away(place: &Place, of: u64) -> Proposal {
    let all = place.site.workshop.store.proposals(10).await.unwrap();
    if let Some(undo) = all.iter().find(|p| p.origin == Origin::Undo(of) && p.stage == Stage::Waiting) {
        return undo.clone();
    }
    let request = DiagnoseRequest {
        id: RequestId(1),
        target: place.site.ways.target.clone(),
        incident: None,
        focus: None,
        seconds: 1,
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
    let mut session = (place.site.ways.read)("test".into(), None).await.unwrap();
    let examined = examine(place.site.ways.spec, &mut *session, &inquiry, &|_| {}).await.unwrap();
    session.close().await;
    let is_here = |plan: &&Plan| {
        matches!(plan.steps.first().and_then(|s| s.draft.kind.as_ref()),
            Some(FixKind::DropIndex { table, .. } | FixKind::RebuildIndex { table, .. })
                if table.space.as_deref() == Some(place.name.as_str()))
    };
    let plan = examined.plans.iter().find(is_here).cloned();
    let plan = plan.unwrap_or_else(|| panic!("nothing clears it away: {:#?}", examined.plans));
    let purpose = Purpose { incident: None, signature: None, plan, step: 0, shown_confidence: 80 };
    place.site.workshop.propose_step(&place.site.ways, &place.site.target(), purpose).await.unwrap()
}

/// The program dies while the server builds. The server goes on by itself, or it dies too.
async fn killed(server: Server, kind_number: usize, server_goes_on: bool) {
    let Some(place) = Place::new(server).await else { return };
    let kind = builds(&place)[kind_number].clone();
    let proposal = place.try_propose(kind.clone()).await.unwrap();
    let looks = long_look(&place).await;
    let mut child = process(&place);
    let pid = waiting_build(&place).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = format!("SELECT count(*)::text FROM pg_stat_activity WHERE pid = {pid}");
    if server_goes_on {
        looks.batch_execute("COMMIT").await.unwrap();
    } else {
        place.run(&format!("SELECT pg_terminate_backend({pid})")).await;
    }
    eventually(PATIENCE, "the build has ended", || async { place.one(&gone).await == "0" }).await;
    drop(looks);

    let recovered = place.site.workshop.recover(std::slice::from_ref(&place.site.ways), &|_| {}).await.unwrap();
    let after = recovered.iter().find(|p| p.id == proposal.id).unwrap().clone();
    let context = format!("{server:?} {kind:?} goes on: {server_goes_on}: {:?}", after.happenings);
    if server_goes_on {
        assert_eq!(place.one(INVALID).await, "", "{context}");
        // Whether it was built anew cannot be seen; what is there or not can.
        let wanted = if kind.word() == "rebuild-index" { Stage::NeedsPerson } else { Stage::Done };
        assert_eq!(after.stage, wanted, "{context}");
    } else {
        assert_eq!(after.stage, Stage::NeedsPerson, "{context}");
        assert_ne!(place.one(INVALID).await, "", "{context}");
        let clearing = clear_away(&place, proposal.id).await;
        let done = place.act(&clearing).await;
        assert_eq!(place.one(INVALID).await, "", "{context}: {:?}", done.happenings);
    }
    place.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_goes_on_without_the_program_and_that_is_known_afterwards() {
    for server in [Server::Postgres15, Server::Postgres18] {
        for kind in 0..3 {
            Box::pin(killed(server, kind, true)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_build_left_is_found_and_cleared_away() {
    for server in [Server::Postgres15, Server::Postgres18] {
        for kind in 0..3 {
            Box::pin(killed(server, kind, false)).await;
        }
    }
}
