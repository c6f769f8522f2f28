//! What moved between survey, approval and act: refused, with nothing changed.

use super::rig::{Notebook, Rig, approve, redeemed};
use crate::postgres::support::on_each_server;
use dba_gpt::domain::guard::ticket::Refusal;
use dba_gpt::engine::{ActError, postgres};
use tokio_util::sync::CancellationToken;

const SETUP: &str = "CREATE TABLE $.t (id int PRIMARY KEY, n int); INSERT INTO $.t SELECT i, i FROM generate_series(1, 20) i; ANALYZE $.t";

/// Ways in which a table becomes another one while its name stays.
const MOVES: &[&str] = &[
    "DROP TABLE $.t; CREATE TABLE $.t (id int PRIMARY KEY, n int); INSERT INTO $.t SELECT i, i FROM generate_series(1, 20) i",
    "ALTER TABLE $.t RENAME TO old_t; CREATE TABLE $.t AS TABLE $.old_t; ALTER TABLE $.t ADD PRIMARY KEY (id)",
    "ALTER TABLE $.t ADD COLUMN more int",
    "ALTER TABLE $.t ADD CHECK (n < 1000)",
    "CREATE INDEX t_n ON $.t (n)",
    "CREATE FUNCTION $.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'; CREATE TRIGGER x AFTER DELETE ON $.t FOR EACH ROW EXECUTE FUNCTION $.f()",
    "ALTER TABLE $.t ENABLE ROW LEVEL SECURITY",
    "CREATE TABLE $.kid (id int REFERENCES $.t ON DELETE CASCADE)",
    "ALTER TABLE $.t OWNER TO CURRENT_USER",
    "ALTER TABLE $.t SET (fillfactor = 50)",
];

#[test]
fn a_table_that_moved_voids_the_approval() {
    on_each_server(|url| async move {
        for (place, change) in MOVES.iter().enumerate() {
            let rig = Rig::new(&url, SETUP).await;
            let proposal = rig.propose("DELETE FROM $.t WHERE id < 5").await;
            let owner_changes = change.contains("OWNER TO");
            if owner_changes {
                rig.run(change).await;
            } else {
                rig.run_as_owner(change).await;
            }
            let rows = rig.rows("$.t").await;
            let mut fixer = rig.fixer().await;
            let fresh = (postgres::SPEC.fixing.survey)(&mut *fixer, &proposal.draft, None).await.unwrap();
            let refusal = approve(&proposal, &fresh).expect_err(change);
            assert!(matches!(refusal, Refusal::Moved(_)), "{place}: {refusal}");
            assert_eq!(rig.rows("$.t").await, rows, "{change}");
            rig.remove().await;
        }
    });
}

#[test]
fn a_table_that_moves_after_the_last_look_is_rolled_back_by_the_act_itself() {
    on_each_server(|url| async move {
        for statement in [
            "DELETE FROM $.t WHERE id < 5",
            "ALTER TABLE $.t ADD COLUMN other int",
            "CREATE INDEX CONCURRENTLY t_late ON $.t (n)",
        ] {
            for change in MOVES {
                let rig = Rig::new(&url, SETUP).await;
                let proposal = rig.propose(statement).await;
                let mut fixer = rig.fixer().await;
                let (approved, fresh) = redeemed(&mut *fixer, &proposal).await.unwrap();
                if change.contains("OWNER TO") {
                    rig.run(change).await;
                } else {
                    rig.run_as_owner(change).await;
                }
                let rows = rig.rows("$.t").await;
                let mut notebook = Notebook::default();
                let done = fixer.act(approved, &fresh, &mut notebook, &CancellationToken::new()).await;
                assert!(
                    matches!(done, Err(ActError::RolledBack(Refusal::Moved(_)))),
                    "{statement} after {change}: {done:?}"
                );
                assert_eq!(rig.rows("$.t").await, rows, "{change}");
                assert_eq!(rig.one("SELECT count(*)::text FROM pg_class WHERE relname = 't_late' AND relnamespace = '$'::regnamespace").await, "0");
                rig.remove().await;
            }
        }
    });
}

#[test]
fn more_rows_than_were_approved_are_rolled_back() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let proposal = rig.propose("DELETE FROM $.t WHERE n < 6").await;
        assert_eq!(proposal.most_rows, Some(6));
        rig.run("INSERT INTO $.t SELECT 100 + i, 0 FROM generate_series(1, 2) i").await;
        let rows = rig.rows("$.t").await;
        let (done, _) = rig.carry_out(&proposal).await;
        assert_eq!(done, Err(ActError::RolledBack(Refusal::TooManyRows { changed: 7, most: 6 })));
        assert_eq!(rig.rows("$.t").await, rows);

        // As many as were approved may be others than those of the first look: the undo is of what really changed.
        rig.run("DELETE FROM $.t WHERE id > 101").await;
        let rows = rig.rows("$.t").await;
        let (done, notebook) = rig.carry_out(&proposal).await;
        assert_eq!(done.unwrap().rows, Some(6));
        rig.undo(&notebook.inverse.unwrap()).await;
        assert_eq!(rig.rows("$.t").await, rows);
        rig.remove().await;
    });
}

#[test]
fn rows_that_somebody_holds_are_given_up_after_half_a_second() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let other = crate::postgres::support::admin(&url).await;
        other.batch_execute(&rig.here("BEGIN; UPDATE $.t SET n = -1 WHERE id = 3")).await.unwrap();
        let proposal = rig.propose("DELETE FROM $.t WHERE id < 5").await;
        let (done, _) = rig.carry_out(&proposal).await;
        assert!(matches!(done, Err(ActError::NotDone(_))), "{done:?}");
        // A change in between fails it too: the kept row would be an old one.
        let mut fixer = rig.fixer().await;
        let (approved, fresh) = redeemed(&mut *fixer, &proposal).await.unwrap();
        let mut meddler = Meddler { other: &other };
        let done = fixer.act(approved, &fresh, &mut meddler, &CancellationToken::new()).await;
        assert!(done.is_err_and(|e| e.to_string().contains("40001")), "not serialised");
        assert_eq!(rig.one("SELECT count(*) || ' ' || min(n) FROM $.t").await, "20 -1");
        rig.remove().await;
    });
}

/// Commits somebody else's change between the prior rows and the statement.
struct Meddler<'a> {
    other: &'a tokio_postgres::Client,
}

#[async_trait::async_trait]
impl dba_gpt::engine::Witness for Meddler<'_> {
    async fn inverse(&mut self, _: Vec<String>) -> Result<(), String> {
        self.other.batch_execute("COMMIT").await.map_err(|e| e.to_string())
    }
    async fn mark(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
}
