//! Connections that break and persons who stop: what has happened is known, or said to be unknown and asked for later.

use super::rig::{Notebook, Rig, connect, redeemed};
use crate::postgres::support::{PATIENCE, eventually, on_each_server};
use crate::support::proxy::{Fault, Proxy};
use crate::support::servers::Address;
use dba_gpt::domain::proposal::stage::End;
use dba_gpt::engine::{ActError, Witness, postgres};
use tokio_util::sync::CancellationToken;

const SETUP: &str = "CREATE TABLE $.t (id int PRIMARY KEY, n int); INSERT INTO $.t SELECT i, i FROM generate_series(1, 20) i; ANALYZE $.t;
CREATE FUNCTION $.slow(int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN true; END'";

/// Breaks the line when the undo was written down: for an INSERT that is between the statement and COMMIT.
struct Breaking<'a> {
    proxy: &'a Proxy,
    fault: Fault,
    notes: Notebook,
}

#[async_trait::async_trait]
impl Witness for Breaking<'_> {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        self.proxy.set(self.fault);
        self.notes.inverse(statements).await
    }
    async fn mark(&mut self, mark: &str) -> Result<(), String> {
        self.notes.mark(mark).await
    }
}

#[test]
fn a_line_cut_before_commit_changes_nothing_and_after_it_is_asked_for() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        for (statement, fault, end) in [
            // The statement ran, COMMIT never arrives.
            ("INSERT INTO $.t VALUES (100, 1)", Fault::Cut, End::RolledBack),
            // COMMIT arrives, its answer does not.
            ("INSERT INTO $.t VALUES (101, 1)", Fault::CutAfter(1), End::Committed),
            // The prior rows are kept, the statement never arrives.
            ("DELETE FROM $.t WHERE id = 1", Fault::Cut, End::RolledBack),
        ] {
            let before = rig.rows("$.t").await;
            let mut address = Address::of(&rig.fix_url());
            let proxy = Proxy::to(&address.host, address.port);
            address.host = "127.0.0.1".into();
            address.port = proxy.port();
            let proposal = rig.propose(statement).await;
            let mut fixer = connect(&address.url(), "dba-gpt fix-1").await;
            let (approved, fresh) = redeemed(&mut *fixer, &proposal).await.unwrap();
            let mut witness = Breaking { proxy: &proxy, fault, notes: Notebook::default() };
            let done = fixer.act(approved, &fresh, &mut witness, &CancellationToken::new()).await;
            drop(fixer);
            let mark = witness.notes.marks[0].clone();
            let mut reader = rig.reader().await;
            let asked = async |session: &mut dyn dba_gpt::engine::Session| {
                (postgres::SPEC.fixing.ended)(session, &mark).await.unwrap()
            };
            let started = std::time::Instant::now();
            let mut told = asked(&mut *reader).await;
            while told == End::Unknown && started.elapsed() < PATIENCE {
                told = asked(&mut *reader).await;
            }
            assert_eq!(told, end, "{statement} {fault:?}: {done:?}");
            match end {
                End::Committed => assert!(matches!(done, Err(ActError::Unclear(_))), "{done:?}"),
                _ => {
                    // A line that is gone before COMMIT is sent may be noticed only by sending it.
                    assert!(matches!(done, Err(ActError::NotDone(_) | ActError::Unclear(_))), "{done:?}");
                    assert_eq!(rig.rows("$.t").await, before, "{statement}");
                }
            }
        }
        let mut reader = rig.reader().await;
        for mark in ["", "x", "-1", "999999999999", "1; DROP TABLE t"] {
            assert_eq!((postgres::SPEC.fixing.ended)(&mut *reader, mark).await.unwrap(), End::Unknown, "{mark}");
        }
        rig.remove().await;
    });
}

#[test]
fn stop_cancels_on_the_server_and_rolls_back() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let before = rig.rows("$.t").await;
        // The first waits where the prior rows are kept, the second in the statement itself.
        for statement in
            ["DELETE FROM $.t WHERE id = 2 AND $.slow(id)", "INSERT INTO $.t SELECT 200, 1 WHERE $.slow(1)"]
        {
            let proposal = rig.propose(statement).await;
            let mut fixer = rig.fixer().await;
            let (approved, fresh) = redeemed(&mut *fixer, &proposal).await.unwrap();
            let stop = CancellationToken::new();
            let sleeping = format!(
                "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND wait_event = 'PgSleep'",
                rig.fix
            );
            let stopping = async {
                eventually(PATIENCE, "it runs", || async { rig.one(&sleeping).await == "1" }).await;
                stop.cancel();
            };
            let mut notebook = Notebook::default();
            let (done, ()) = tokio::join!(fixer.act(approved, &fresh, &mut notebook, &stop), stopping);
            assert!(
                matches!(&done, Err(ActError::NotDone(e)) if e.to_string().contains("stopped")),
                "{statement}: {done:?}"
            );
            eventually(PATIENCE, "the server is at rest", || async { rig.one(&sleeping).await == "0" }).await;
            assert_eq!(rig.rows("$.t").await, before, "{statement}");
        }
        rig.remove().await;
    });
}

/// Cannot write.
struct Mute {
    mark: bool,
}

#[async_trait::async_trait]
impl Witness for Mute {
    async fn inverse(&mut self, _: Vec<String>) -> Result<(), String> {
        Err("the disk is full".into())
    }
    async fn mark(&mut self, _: &str) -> Result<(), String> {
        if self.mark { Ok(()) } else { Err("the disk is full".into()) }
    }
}

#[test]
fn what_cannot_be_written_down_does_not_happen() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let before = rig.rows("$.t").await;
        for statement in ["DELETE FROM $.t WHERE id = 2", "INSERT INTO $.t VALUES (300, 1)"] {
            for mark in [true, false] {
                let proposal = rig.propose(statement).await;
                let mut fixer = rig.fixer().await;
                let (approved, fresh) = redeemed(&mut *fixer, &proposal).await.unwrap();
                let done = fixer.act(approved, &fresh, &mut Mute { mark }, &CancellationToken::new()).await;
                assert_eq!(done, Err(ActError::NoWitness("the disk is full".into())), "{statement}");
                assert_eq!(rig.rows("$.t").await, before, "{statement}");
            }
        }
        rig.remove().await;
    });
}
