//! What somebody else changed after an act is theirs: a rollback and an undo read the thing again, leave what differs
//! from what the act left, and say what stands there now.

use super::plans::{own_cost_step, purpose, step};
use super::*;
use crate::support::at_hand::Server;
use crate::support::hands::{self, Redis};
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::procedure::{OnFailure, Purpose};
use dba_gpt::domain::proposal::advice::Weight;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::domain::rows::Limits;
use dba_gpt::engine::Collector;
use mongodb::bson::doc;
use std::sync::atomic::{AtomicU32, Ordering};

static NUMBER: AtomicU32 = AtomicU32::new(0);

fn name() -> String {
    format!("theirs_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn words(proposal: &Proposal) -> &str {
    &proposal.happenings.last().unwrap().words
}

impl Site {
    /// A site at a server of this machine, if it is there.
    fn on(server: Server) -> Option<(Self, tempfile::TempDir)> {
        let url = server.url()?;
        let home = tempfile::tempdir().unwrap();
        let mut site = Self::at(home.path(), &url);
        if server.url_as("dbagpt_ro").is_some() {
            site.ways.login = Some("dbagpt_admin".into());
        }
        Some((site, home))
    }

    /// Proposes and approves.
    async fn done(&self, statement: &str) -> Proposal {
        let proposal = self.propose(statement).await;
        let done =
            self.approve(proposal.id, &consent(&proposal)).await.unwrap_or_else(|e| panic!("{statement}: {e:?}"));
        assert_eq!(done.stage, Stage::Done, "{statement}: {:?}", done.happenings);
        done
    }

    /// The undo of an act, its first statement, as `U` proposes it.
    async fn undo(&self, act: &Proposal) -> Result<Proposal, String> {
        let Inverse::Statements(all) = &act.survey.inverse else { panic!("{:?}", act.survey.inverse) };
        let draft = Draft { statement: all[0].clone(), class: Class::Dml, kind: None, database: None };
        let proposed = self.workshop.propose(&self.ways, &self.target(), Origin::Undo(act.id), draft).await;
        proposed.map_err(|error| format!("{error:?}"))
    }

    /// The same, approved.
    async fn undone(&self, act: &Proposal) -> Result<Proposal, String> {
        let undo = self.undo(act).await?;
        self.approve(undo.id, &consent(&undo)).await.map_err(|refused| refused.words)
    }

    /// Carries a step out that does not help; `theirs` happens after it and before it is taken back.
    async fn meddled(&self, purpose: Purpose, theirs: impl Fn() + Send + Sync) -> Proposal {
        let proposal = self.workshop.propose_step(&self.ways, &self.target(), purpose).await.unwrap();
        let told = |p: &Proposal| {
            if p.stage == Stage::Verifying {
                theirs();
            }
        };
        let stop = CancellationToken::new();
        self.workshop.carry_out(&self.ways, proposal.id, &consent(&proposal), &stop, &told).await.unwrap()
    }

    /// The cells of a read, row by row.
    async fn read(&self, statement: &str) -> Vec<String> {
        let mut session = (self.ways.read)("test".into(), None).await.unwrap();
        let allowed = guard::allow(self.ways.spec.dialect, Author::Person, &Catalog::default(), statement).unwrap();
        let limits = Limits::default();
        let mut sink = Collector::new(limits);
        session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await.unwrap();
        session.close().await;
        let cell = |value: &dba_gpt::domain::rows::Value| value.plain().unwrap_or_else(|| "NULL".into());
        sink.into_rows().rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
    }
}

const UPDATE: &str = "UPDATE orders SET status = 'void', note = NULL WHERE id IN (2, 3, 4)";
const STATUS: &str = "SELECT id, status FROM orders WHERE id IN (2, 3, 4, 11, 12) ORDER BY id";

#[tokio::test]
async fn rows_that_somebody_changed_stay_and_the_others_come_back() {
    let site = Site::new();
    let act = site.done(UPDATE).await;
    site.shop().execute("UPDATE orders SET status = 'VOID' WHERE id = 3", []).unwrap();
    // Another column of the row is not what the act wrote.
    site.shop().execute("UPDATE orders SET total = 99 WHERE id = 4", []).unwrap();
    let undone = site.undone(&act).await.unwrap();
    assert!(words(&undone).contains("2 rows changed"), "{}", words(&undone));
    assert!(
        words(&undone).contains("1 row was changed by others after the act and left as they are: 3"),
        "{}",
        words(&undone)
    );
    assert_eq!(site.read(STATUS).await, ["2|open", "3|VOID", "4|open"]);
    assert_eq!(site.read("SELECT total FROM orders WHERE id = 4").await, ["99"]);
}

#[tokio::test]
async fn new_rows_that_somebody_changed_are_not_removed() {
    let site = Site::new();
    let act = site.done("INSERT INTO orders (id, status, total) VALUES (11, 'new', 1.5), (12, 'new', NULL)").await;
    site.shop().execute("UPDATE orders SET total = 7 WHERE id = 12", []).unwrap();
    let undone = site.undone(&act).await.unwrap();
    assert!(words(&undone).contains("left as they are: 12"), "{}", words(&undone));
    assert_eq!(site.read(STATUS).await, ["2|open", "3|paid", "4|open", "12|new"]);
}

#[tokio::test]
async fn a_removed_row_that_is_there_again_is_not_overwritten() {
    let site = Site::new();
    let act = site.done("DELETE FROM orders WHERE id IN (2, 3)").await;
    site.shop().execute("INSERT INTO orders (id, status) VALUES (3, 'theirs')", []).unwrap();
    let undone = site.undone(&act).await.unwrap();
    assert_eq!(undone.stage, Stage::NotRun, "{:?}", undone.happenings);
    assert!(words(&undone).contains("UNIQUE"), "{}", words(&undone));
    assert_eq!(site.read(STATUS).await, ["3|theirs", "4|open"]);
}

#[tokio::test]
async fn a_rollback_leaves_the_rows_of_others() {
    let site = Site::new();
    let plan = purpose(vec![step(UPDATE, false, OnFailure::RollBack)], None);
    let undone = site
        .meddled(plan, || {
            site.shop().execute("UPDATE orders SET status = 'theirs' WHERE id = 2", []).unwrap();
        })
        .await;
    assert_eq!(undone.stage, Stage::Undone, "{:?}", undone.happenings);
    assert!(words(&undone).contains("left as they are: 2"), "{}", words(&undone));
    assert_eq!(site.read(STATUS).await, ["2|theirs", "3|paid", "4|open"]);
}

#[tokio::test]
async fn an_object_that_became_another_one_is_not_dropped() {
    let site = Site::new();
    let index = site.done("CREATE INDEX by_status ON orders (status)").await;
    site.shop().execute_batch("DROP INDEX by_status; CREATE INDEX by_status ON orders (status, total)").unwrap();
    let refused = site.undo(&index).await.unwrap_err();
    assert!(refused.contains("somebody changed it after the act") && refused.contains("status, total"), "{refused}");
    assert!(site.objects().join("\n").contains("by_status"), "{:?}", site.objects());

    let table = site.done("CREATE TABLE audit (id INTEGER PRIMARY KEY)").await;
    let undo = site.undo(&table).await.unwrap();
    site.shop().execute("INSERT INTO audit VALUES (1)", []).unwrap();
    let refused = site.approve(undo.id, &consent(&undo)).await.unwrap_err();
    assert!(refused.words.starts_with("not sent: "), "{}", refused.words);
    assert_eq!(site.read("SELECT count(*) FROM audit").await, ["1"]);

    let column = site.done("ALTER TABLE orders ADD COLUMN tag TEXT").await;
    let undo = site.undo(&column).await.unwrap();
    site.shop().execute("UPDATE orders SET tag = 'x' WHERE id = 1", []).unwrap();
    let refused = site.approve(undo.id, &consent(&undo)).await.unwrap_err();
    assert!(refused.words.contains("orders.tag: 1 now, and the act left 0"), "{}", refused.words);
    site.shop().execute("UPDATE orders SET tag = NULL", []).unwrap();
    let undone = site.undone(&column).await.unwrap();
    assert_eq!(undone.stage, Stage::Done, "{:?}", undone.happenings);
}

#[tokio::test]
async fn where_nobody_read_what_an_act_left_the_undo_says_so() {
    let site = Site::new();
    let index = site.done("CREATE INDEX by_status ON orders (status)").await;
    assert_eq!(index.left.len(), 1);
    let mut forgotten = index.clone();
    forgotten.left.clear();
    assert!(site.workshop.store.replace_proposal(Stage::Done, forgotten.clone()).await.unwrap());
    let undo = site.undo(&forgotten).await.unwrap();
    assert_eq!((undo.advice[0].weight, undo.advice[0].rule.as_str()), (Weight::Danger, "unread-after-the-act"));
}

/// Runs SQL by other hands from within the told closure.
fn by_others(server: Server, text: &str) {
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(hands::sql(server, "shop", text));
    });
}

async fn of_postgres(server: Server) {
    let Some((site, _home)) = Site::on(server) else { return };
    let name = name();
    let run = |text: &str| {
        let text = text.replace('$', &name);
        async move { hands::sql(server, "shop", &text).await }
    };
    let own = |text: &str| text.replace('$', &name);
    run("CREATE ROLE $; CREATE SCHEMA $; CREATE TABLE $.t (id int PRIMARY KEY, doc json, name text, at timestamptz, big text);
         INSERT INTO $.t SELECT i, '{\"a\": 1}', 'n' || i, now(), repeat('x', 5000) FROM generate_series(1, 4) i")
        .await;

    // Rows: the compared columns have no equality, are long, or NULL.
    let act = site
        .done(&own("UPDATE $.t SET doc = '{\"a\":  2}', name = 'N', at = NULL, big = big || 'y' WHERE id IN (1, 2, 3)"))
        .await;
    run("UPDATE $.t SET big = replace(big, 'y', 'z') WHERE id = 1; UPDATE $.t SET doc = '{\"a\": 2}' WHERE id = 2")
        .await;
    let undone = site.undone(&act).await.unwrap();
    assert!(words(&undone).contains("2 rows were changed by others"), "{}", words(&undone));
    assert!(words(&undone).contains("left as they are: 1, 2"), "{}", words(&undone));
    assert_eq!(site.read(&own("SELECT id, name FROM $.t WHERE id < 4 ORDER BY id")).await, ["1|N", "2|N", "3|n3"]);
    let act = site.done(&own("INSERT INTO $.t (id, name) VALUES (8, 'new'), (9, 'new')")).await;
    run("UPDATE $.t SET name = 'theirs' WHERE id = 9").await;
    let undone = site.undone(&act).await.unwrap();
    assert!(words(&undone).contains("left as they are: 9"), "{}", words(&undone));
    assert_eq!(site.read(&own("SELECT id FROM $.t WHERE id > 4")).await, ["9"]);

    // Options and settings: refused while they are somebody else's, done when they are ours, nothing when restored.
    for (act, theirs, restored) in [
        (
            "ALTER TABLE $.t SET (fillfactor = 80)",
            "ALTER TABLE $.t SET (fillfactor = 70)",
            "ALTER TABLE $.t RESET (fillfactor)",
        ),
        ("ALTER ROLE $ SET work_mem = '8MB'", "ALTER ROLE $ SET work_mem = '64MB'", "ALTER ROLE $ RESET work_mem"),
        ("ALTER ROLE $ CONNECTION LIMIT 5", "ALTER ROLE $ CONNECTION LIMIT 50", "ALTER ROLE $ CONNECTION LIMIT -1"),
    ] {
        let done = site.done(&own(act)).await;
        run(theirs).await;
        let refused = site.undo(&done).await.unwrap_err();
        assert!(refused.contains("somebody changed it after the act"), "{refused}");
        let (now, left) = (theirs.rsplit(['=', ' ']).next().unwrap(), act.rsplit(['=', ' ']).next().unwrap());
        for value in [now, left] {
            assert!(refused.contains(value.trim_matches([')', '\''])), "{value}: {refused}");
        }
        run(restored).await;
        let refused = site.undo(&done).await.unwrap_err();
        assert!(refused.contains("nothing is left to do"), "{refused}");
        run(act).await;
        // What changes between the proposal and its approval is seen as well.
        let undo = site.undo(&done).await.unwrap();
        run(theirs).await;
        site.approve(undo.id, &consent(&undo)).await.unwrap_err();
        run(act).await;
        site.undone(&done).await.unwrap();
    }

    // A rollback leaves what is theirs, and the act stands.
    let mut plan = own_cost_step(&own("ALTER ROLE $ SET work_mem = '8MB'"), OnFailure::RollBack);
    plan.verification.within_ms = 0;
    let theirs = own("ALTER ROLE $ SET work_mem = '64MB'");
    let stands = site.meddled(purpose(vec![plan], None), || by_others(server, &theirs)).await;
    assert_eq!(stands.stage, Stage::Done, "{:?}", stands.happenings);
    assert!(
        stands.happenings.iter().any(|h| h.words.contains("what is theirs is not overwritten")),
        "{:?}",
        stands.happenings
    );
    let kept = "SELECT array_to_string(setconfig, ',') FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE rolname = '$'";
    assert_eq!(site.read(&own(kept)).await, ["work_mem=64MB"]);
    assert_eq!(site.audited(stands.id).last().map(String::as_str), Some("rollback"));

    // What somebody took back already is not taken back again.
    run("ALTER ROLE $ RESET work_mem").await;
    let plan = own_cost_step(&own("ALTER ROLE $ SET work_mem = '8MB'"), OnFailure::RollBack);
    let theirs = own("ALTER ROLE $ RESET work_mem");
    let restored = site.meddled(purpose(vec![plan], None), || by_others(server, &theirs)).await;
    assert_eq!(restored.stage, Stage::Undone, "{:?}", restored.happenings);
    assert!(words(&restored).contains("nothing is left to do"), "{}", words(&restored));

    // An index of the same name that is another one.
    let index = site.done(&own("CREATE INDEX by_name ON $.t (name)")).await;
    run("DROP INDEX $.by_name; CREATE INDEX by_name ON $.t (name, id)").await;
    let refused = site.undo(&index).await.unwrap_err();
    assert!(refused.contains("name, id"), "{refused}");
    // A table into which somebody wrote.
    let table = site.done(&own("CREATE TABLE $.made (id int)")).await;
    let undo = site.undo(&table).await.unwrap();
    run("INSERT INTO $.made VALUES (1)").await;
    let refused = site.approve(undo.id, &consent(&undo)).await.unwrap_err();
    assert!(refused.words.contains("1 now, and the act left 0"), "{}", refused.words);
    run("DROP SCHEMA $ CASCADE; DROP ROLE $").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql() {
    Box::pin(of_postgres(Server::Postgres15)).await;
    Box::pin(of_postgres(Server::Postgres18)).await;
}

async fn of_mysql(server: Server) {
    let Some((site, _home)) = Site::on(server) else { return };
    let name = name();
    let run = |text: &str| {
        let text = text.replace('$', &name);
        async move { hands::sql(server, "shop", &text).await }
    };
    let own = |text: &str| text.replace('$', &name);
    run("CREATE DATABASE $; CREATE TABLE $.t (id int PRIMARY KEY AUTO_INCREMENT, name varchar(40) COLLATE utf8mb4_general_ci, f float, n decimal(10,2), at timestamp(3) NULL);
         INSERT INTO $.t VALUES (1, 'one', 0.5, 1.50, NULL), (2, 'two', 0.5, 1.50, NULL), (3, NULL, 0.5, 1.50, NOW(3))")
        .await;
    let act =
        site.done(&own("UPDATE $.t SET name = 'same', f = 0.1, n = NULL, at = NOW(3) WHERE id IN (1, 2, 3)")).await;
    // A change that the column's collation takes for none.
    run("UPDATE $.t SET name = 'SAME' WHERE id = 2; UPDATE $.t SET f = 0.1000001 WHERE id = 3").await;
    let undone = site.undone(&act).await.unwrap();
    assert!(words(&undone).contains("left as they are: 2, 3"), "{}", words(&undone));
    assert_eq!(site.read(&own("SELECT id, name FROM $.t ORDER BY id")).await, ["1|one", "2|SAME", "3|same"]);

    let act = site.done(&own("INSERT INTO $.t (name) VALUES ('new'), ('new')")).await;
    run("UPDATE $.t SET n = 5 WHERE name = 'new' ORDER BY id DESC LIMIT 1").await;
    let undone = site.undone(&act).await.unwrap();
    assert!(words(&undone).contains("1 row was changed by others"), "{}", words(&undone));
    assert_eq!(site.read(&own("SELECT name, n FROM $.t WHERE id > 3")).await, ["new|5.00"]);

    let index = site.done(&own("CREATE INDEX by_name ON $.t (name)")).await;
    run("DROP INDEX by_name ON $.t").await;
    run("CREATE INDEX by_name ON $.t (name, n)").await;
    let refused = site.undone(&index).await.unwrap_err();
    assert!(refused.contains("somebody changed it after the act"), "{refused}");
    let table = site.done(&own("CREATE TABLE $.made (id int PRIMARY KEY)")).await;
    let undo = site.undo(&table).await.unwrap();
    run("INSERT INTO $.made VALUES (1)").await;
    let refused = site.approve(undo.id, &consent(&undo)).await.unwrap_err();
    assert!(refused.words.contains("1 now, and the act left 0"), "{}", refused.words);

    // A setting of this test alone.
    let was = site.read("SELECT @@GLOBAL.net_retry_count").await.remove(0);
    let set = site.done("SET GLOBAL net_retry_count = 21").await;
    run("SET GLOBAL net_retry_count = 22").await;
    let refused = site.undo(&set).await.unwrap_err();
    assert!(refused.contains("22") && refused.contains("21") && refused.contains("propose by hand"), "{refused}");
    run(&format!("SET GLOBAL net_retry_count = {was}")).await;
    assert!(site.undo(&set).await.unwrap_err().contains("nothing is left to do"));
    run("DROP DATABASE $").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_and_mariadb() {
    Box::pin(of_mysql(Server::MariaDb)).await;
    Box::pin(of_mysql(Server::MySql9)).await;
}

async fn of_redis(server: Server) {
    let Some((site, _home)) = Site::on(server) else { return };
    let key = name();
    let hands = || Redis::connect(server, 0);
    hands().run(&[b"SET", key.as_bytes(), b"one"]);
    let act = site.done(&format!("SET {key} two")).await;
    hands().run(&[b"SET", key.as_bytes(), b"three"]);
    let refused = site.undone(&act).await.unwrap_err();
    assert!(refused.contains("somebody changed it after the act") && refused.contains("holds"), "{refused}");
    assert!(!refused.contains("three"), "no value is told: {refused}");
    assert_eq!(site.read(&format!("GET {key}")).await, ["three"]);
    // The same value that goes away by itself is another thing than one that stays.
    hands().run(&[b"SET", key.as_bytes(), b"two", b"EX", b"600"]);
    assert!(site.undone(&act).await.unwrap_err().contains("expires"));
    hands().run(&[b"SET", key.as_bytes(), b"two"]);
    site.undone(&act).await.unwrap();
    assert_eq!(site.read(&format!("GET {key}")).await, ["one"]);

    // A new key is not removed when it is somebody else's by then, by a rollback either.
    let fresh = format!("{key}:new");
    let plan = own_cost_step(&format!("SET {fresh} ours"), OnFailure::RollBack);
    let theirs = || {
        hands().run(&[b"SET", fresh.as_bytes(), b"theirs"]);
    };
    let stands = site.meddled(purpose(vec![plan], None), theirs).await;
    assert_eq!(stands.stage, Stage::Done, "{:?}", stands.happenings);
    assert_eq!(site.read(&format!("GET {fresh}")).await, ["theirs"]);

    let set = site.done("CONFIG SET latency-tracking no").await;
    hands().run(&[b"CONFIG", b"SET", b"latency-tracking", b"yes"]);
    assert!(site.undo(&set).await.unwrap_err().contains("nothing is left to do"));
    let set = site.done("CONFIG SET slowlog-max-len 131").await;
    hands().run(&[b"CONFIG", b"SET", b"slowlog-max-len", b"132"]);
    let refused = site.undo(&set).await.unwrap_err();
    assert!(refused.contains("132") && refused.contains("131"), "{refused}");
    hands().run(&[b"CONFIG", b"SET", b"slowlog-max-len", b"128"]);
    hands().run(&[b"UNLINK", key.as_bytes(), fresh.as_bytes()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_and_valkey() {
    Box::pin(of_redis(Server::Redis7)).await;
    Box::pin(of_redis(Server::Valkey9)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb_like() {
    let Some((site, _home)) = Site::on(Server::MongoBridge) else { return };
    let name = name();
    hands::mongo("shop", doc! {"insert": &name, "documents": [{"_id": 1, "note": "one"}, {"_id": 2, "note": "two"}]})
        .await;
    let act =
        site.done(&format!("db.{name}.updateMany({{_id: {{$in: [1, 2]}}}}, {{$set: {{note: \"changed\"}}}})")).await;
    let theirs = doc! {"update": &name, "updates": [{"q": {"_id": 2}, "u": {"$set": {"note": "theirs"}}}]};
    hands::mongo("shop", theirs).await;
    let refused = site.undone(&act).await.unwrap_err();
    assert!(refused.contains("the document 2 of"), "{refused}");
    let ours = doc! {"update": &name, "updates": [{"q": {"_id": 2}, "u": {"$set": {"note": "changed"}}}]};
    hands::mongo("shop", ours).await;
    let undone = site.undone(&act).await.unwrap();
    assert_eq!(undone.stage, Stage::Done, "{:?}", undone.happenings);
    hands::mongo("shop", doc! {"drop": &name}).await;
}
