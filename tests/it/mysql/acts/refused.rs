//! What moves between approval and act, what is stopped, and what breaks: nothing is changed.

use super::bench::{Bench, FullDisk, Notebook};
use crate::mysql::support::*;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::Refusal;
use dba_gpt::domain::proposal::survey::Rights;
use dba_gpt::engine::{ActError, Witness, mysql};
use tokio_util::sync::CancellationToken;

const TABLE: &str =
    "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3);
    CREATE TABLE other (id INT PRIMARY KEY); INSERT INTO other VALUES (1)";

const UPDATE: &str = "UPDATE t SET a = 9 WHERE id < 3 AND EXISTS (SELECT 1 FROM other)";

/// Everything that may be done to a table behind an approval's back.
const MOVES: &[&str] = &[
    "RENAME TABLE t TO t_old; CREATE TABLE t LIKE t_old; INSERT INTO t SELECT * FROM t_old; DROP TABLE t_old",
    "ALTER TABLE t ADD COLUMN c INT",
    "ALTER TABLE t DROP COLUMN b",
    "CREATE INDEX by_b ON t (b)",
    "CREATE TABLE kid (id INT PRIMARY KEY, t_id INT, FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE)",
    "DROP TABLE other; CREATE TABLE other (id INT PRIMARY KEY); INSERT INTO other VALUES (1)",
];

#[test]
fn an_object_that_moved_voids_the_approval() {
    on_each_server(|server| async move {
        for (i, moved) in MOVES.iter().enumerate() {
            let mut bench = Bench::new(&server, &format!("move{i}"), TABLE);
            let draft = bench.typed(UPDATE);
            let refused = bench.approve(&draft, |admin| drop(admin.run(moved))).await;
            assert!(matches!(refused, Err(Refusal::Moved("an object that it touches changed"))), "{moved}");
        }
    });
}

#[test]
fn an_object_that_moves_at_the_last_moment_is_noticed() {
    on_each_server(|server| async move {
        for (i, statement) in
            [UPDATE, "DELETE FROM t WHERE id = 1", "CREATE INDEX new_one ON t (a)", "ALTER TABLE t RENAME TO u"]
                .iter()
                .enumerate()
        {
            let mut bench = Bench::new(&server, &format!("late{i}"), TABLE);
            let draft = bench.typed(statement);
            let (approved, plan, mut session) = bench.approve(&draft, |_| {}).await.unwrap();
            bench.admin.run(MOVES[0]);
            let before = bench.admin.run("SHOW CREATE TABLE t; SELECT * FROM t");
            let mut notebook = Notebook::default();
            let error = session.act(approved, &plan, &mut notebook, &CancellationToken::new()).await.unwrap_err();
            assert!(matches!(error, ActError::RolledBack(Refusal::Moved(_))), "{statement}: {error}");
            assert!(notebook.0.is_empty());
            assert_eq!(bench.admin.run("SHOW CREATE TABLE t; SELECT * FROM t"), before, "{statement}");
        }
    });
}

#[test]
fn more_rows_than_approved_are_rolled_back() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "more", TABLE);
        for statement in [
            "UPDATE t SET a = 9 WHERE b = 1",
            "DELETE FROM t WHERE b = 1",
            "INSERT INTO t SELECT id + 1000, a, b FROM t WHERE b = 1",
        ] {
            let draft = bench.typed(statement);
            let (approved, plan, mut session) = bench
                .approve(&draft, |admin| {
                    admin.run("DELETE FROM t; INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)");
                })
                .await
                .unwrap();
            bench.admin.run("INSERT INTO t VALUES (10, 1, 1), (11, 1, 1), (12, 1, 1)");
            let error =
                session.act(approved, &plan, &mut Notebook::default(), &CancellationToken::new()).await.unwrap_err();
            assert!(
                matches!(error, ActError::RolledBack(Refusal::TooManyRows { changed: 4, most: 2 })),
                "{statement}: {error}"
            );
            assert_eq!(bench.admin.run("SELECT * FROM t WHERE a = 1"), ["1\t1\t1", "10\t1\t1", "11\t1\t1", "12\t1\t1"]);
            bench.admin.run("DELETE FROM t WHERE id > 9");
        }
    });
}

#[test]
fn nothing_happens_without_a_witness() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "witness", TABLE);
        let draft = bench.typed(UPDATE);
        let (approved, plan, mut session) = bench.approve(&draft, |_| {}).await.unwrap();
        let error = session.act(approved, &plan, &mut FullDisk, &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(error, ActError::NoWitness(_)), "{error}");
        assert_eq!(bench.admin.number("SELECT COUNT(*) FROM t WHERE a = 9"), 0);
        assert_eq!(one(&mut *session, "SELECT 1").await.int(), Some(1), "the session is clean and goes on");
        let error = read(&mut *session, "DELETE FROM t WHERE id = 1", dba_gpt::domain::rows::Limits::default())
            .await
            .unwrap_err();
        assert!(matches!(error, SessionError::Server(m) if m.code == "1792"), "and can only read again");
    });
}

/// Runs while a lock is held that the act waits for.
async fn held_up(
    bench: &mut Bench,
    statement: &str,
    hold: &str,
    witness: &mut dyn Witness,
    stop: CancellationToken,
) -> ActError {
    let draft = bench.typed(statement);
    let (approved, mut plan, mut session) = bench.approve(&draft, |_| {}).await.unwrap();
    // Waits long, so that what ends it is the thing under test.
    if !stop.is_cancelled() {
        plan.timeouts.lock_ms = 1_000;
    }
    let mut holder = Admin::of(&bench.server);
    holder.run(&format!("USE {}; {hold}", bench.database));
    let error = session.act(approved, &plan, witness, &stop).await.unwrap_err();
    holder.run("ROLLBACK; UNLOCK TABLES");
    error
}

#[test]
fn a_lock_that_somebody_holds_is_not_waited_for_long() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "lock", TABLE);
        let state = "SHOW CREATE TABLE t; SELECT * FROM t";
        let before = bench.admin.run(state);
        for (statement, hold) in [
            (UPDATE, "BEGIN; UPDATE t SET a = a + 1 WHERE id = 1"),
            ("ALTER TABLE t ADD COLUMN c INT", "BEGIN; SELECT * FROM t"),
            ("DROP TABLE t", "BEGIN; SELECT * FROM t"),
        ] {
            let error = held_up(&mut bench, statement, hold, &mut Notebook::default(), CancellationToken::new()).await;
            assert!(
                matches!(&error, ActError::NotDone(SessionError::Server(m)) if m.code == "1205"),
                "{statement}: {error}"
            );
            assert_eq!(bench.admin.run(state), before, "{statement}");
        }
    });
}

#[test]
fn what_is_stopped_changes_nothing() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "stop", TABLE);
        let state = "SHOW CREATE TABLE t; SELECT * FROM t";
        let before = bench.admin.run(state);
        for statement in [UPDATE, "ALTER TABLE t ADD COLUMN c INT"] {
            let stop = CancellationToken::new();
            stop.cancel();
            let error = held_up(&mut bench, statement, "SELECT 1", &mut Notebook::default(), stop).await;
            assert!(matches!(error, ActError::NotDone(SessionError::Canceled)), "{statement}: {error}");
            assert_eq!(bench.admin.run(state), before, "{statement}");
        }
        // In the middle: the table is locked, the statement waits, the person stops it.
        let draft = bench.typed("UPDATE t SET a = 9 WHERE id = 1");
        let (approved, mut plan, mut session) = bench.approve(&draft, |_| {}).await.unwrap();
        plan.timeouts.lock_ms = 60_000;
        let mut holder = Admin::of(&server);
        holder.run("USE acts_stop; BEGIN; UPDATE t SET a = 5 WHERE id = 1");
        let stop = CancellationToken::new();
        let waits = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = '{}' AND INFO LIKE '%FOR UPDATE'",
            bench.fixer
        );
        let watch = async {
            eventually("it waits", || bench.admin.number(&waits) == 1).await;
            stop.cancel();
        };
        let mut notebook = Notebook::default();
        let (acted, ()) = tokio::join!(session.act(approved, &plan, &mut notebook, &stop), watch);
        assert!(matches!(acted, Err(ActError::NotDone(SessionError::Canceled))), "{acted:?}");
        holder.run("ROLLBACK");
        assert_eq!(bench.admin.run(state), before);
    });
}

/// A witness that cuts its own connection's throat: it is called inside the transaction.
struct Cutting(Admin, String);

#[async_trait::async_trait]
impl Witness for Cutting {
    async fn inverse(&mut self, _: Vec<String>) -> Result<(), String> {
        let ids = self.0.run(&format!("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '{}'", self.1));
        for id in ids {
            self.0.run(&format!("KILL {id}"));
        }
        Ok(())
    }
    async fn mark(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

#[test]
fn a_connection_that_is_cut_before_commit_leaves_nothing() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "cut", TABLE);
        let draft = bench.typed(UPDATE);
        let (approved, plan, mut session) = bench.approve(&draft, |_| {}).await.unwrap();
        let mut witness = Cutting(Admin::of(&server), bench.fixer.clone());
        let error = session.act(approved, &plan, &mut witness, &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(error, ActError::NotDone(_)), "{error}");
        assert_eq!(bench.admin.number("SELECT COUNT(*) FROM t WHERE a = 9"), 0);
    });
}

#[test]
fn a_login_without_the_right_is_told_the_grant() {
    on_each_server(|server| async move {
        let mut bench = Bench::new(&server, "grants", TABLE);
        bench.admin.run(&format!("REVOKE UPDATE, INDEX ON acts_grants.* FROM {}@'%'", bench.fixer));
        let mut session = bench.fixing().await;
        for (statement, privilege) in [(UPDATE, "UPDATE"), ("CREATE INDEX i ON t (a)", "INDEX")] {
            let draft = bench.typed(statement);
            let survey = (mysql::SPEC.fixing.survey)(&mut *session, &draft, None).await.unwrap();
            let expected = vec![format!("GRANT {privilege} ON acts_grants.t TO '{}'@'%'", bench.fixer)];
            assert_eq!(survey.rights, Rights::Missing(expected.clone()));
            let seen = bench.survey(&draft).await.unwrap();
            assert!(matches!(seen.rights, Rights::Unknown(_)), "the reading login cannot see that");
            bench.admin.run(&expected[0]);
            let (acted, _) = bench.act(statement).await;
            acted.unwrap();
        }
    });
}
