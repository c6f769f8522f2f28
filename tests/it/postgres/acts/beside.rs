//! Builds beside the traffic, and DDL in front of it: nothing is left of a failed one, and nobody waits for long.

use super::rig::{Notebook, Rig, redeemed};
use crate::postgres::support::{PATIENCE, admin, eventually, on_each_server};
use dba_gpt::domain::proposal::survey::Timeouts;
use dba_gpt::engine::ActError;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const SETUP: &str = "CREATE TABLE $.t (id int PRIMARY KEY, n int); INSERT INTO $.t SELECT i, i FROM generate_series(1, 500) i; CREATE INDEX t_n ON $.t (n)";
const INVALID: &str = "SELECT coalesce(string_agg(c.relname, ' ' ORDER BY 1), '') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = '$'::regnamespace AND (NOT indisvalid OR relname ~ '_cc(new|old)')";
const SHORT: Timeouts = Timeouts { statement_ms: 0, lock_ms: 1_000 };

/// Carries out with other time limits than the survey's.
async fn carry_out(
    rig: &Rig,
    statement: &str,
    limits: Timeouts,
    stop: &CancellationToken,
) -> Result<dba_gpt::engine::Acted, ActError> {
    let proposal = rig.propose(statement).await;
    let mut fixer = rig.fixer().await;
    let (approved, mut fresh) = redeemed(&mut *fixer, &proposal).await.unwrap();
    fresh.timeouts = limits;
    fixer.act(approved, &fresh, &mut Notebook::default(), stop).await
}

#[test]
fn a_failed_build_leaves_nothing_behind() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let other = admin(&url).await;
        other.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
        // An index that somebody else left invalid is not ours to drop.
        rig.run("CREATE INDEX theirs ON $.t (id, n); UPDATE pg_index SET indisvalid = false WHERE indexrelid = '$.theirs'::regclass").await;
        for statement in [
            "CREATE INDEX CONCURRENTLY t_two ON $.t (n, id)",
            "CREATE INDEX CONCURRENTLY ON $.t (n, id)",
            "CREATE UNIQUE INDEX CONCURRENTLY t_three ON $.t (n) WHERE n > 3",
            "REINDEX INDEX CONCURRENTLY $.t_n",
            "REINDEX TABLE CONCURRENTLY $.t",
            "REINDEX (CONCURRENTLY) INDEX $.t_pkey",
        ] {
            let survey = rig.survey(statement).await.unwrap();
            let notes = survey.blast.notes.join("\n");
            assert!(notes.contains("will wait for pid") && notes.contains("transaction age"), "{statement}: {notes}");
            assert!(notes.contains("$.theirs is invalid".replace('$', &rig.schema).as_str()), "{statement}: {notes}");
            let done = carry_out(&rig, statement, SHORT, &CancellationToken::new()).await;
            assert!(
                matches!(&done, Err(ActError::NotDone(e)) if e.to_string().contains("55P03")),
                "{statement}: {done:?}"
            );
            assert_eq!(rig.one(INVALID).await, "theirs", "{statement}");
        }
        other.batch_execute("ROLLBACK").await.unwrap();
        // A build that its rows refuse leaves nothing either.
        rig.run("INSERT INTO $.t VALUES (9001, 1)").await;
        let done = carry_out(
            &rig,
            "CREATE UNIQUE INDEX CONCURRENTLY t_two ON $.t (n)",
            Timeouts::CONCURRENT,
            &CancellationToken::new(),
        )
        .await;
        assert!(matches!(&done, Err(ActError::NotDone(e)) if e.to_string().contains("23505")), "{done:?}");
        assert_eq!(rig.one(INVALID).await, "theirs");
        rig.remove().await;
    });
}

#[test]
fn a_stopped_build_leaves_nothing_behind() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let other = admin(&url).await;
        other.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
        let stop = CancellationToken::new();
        let waiting = async {
            eventually(PATIENCE, "the build waits", || async {
                rig.one(&format!(
                    "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND wait_event_type = 'Lock'",
                    rig.fix
                ))
                .await
                    == "1"
            })
            .await;
            stop.cancel();
        };
        let build = carry_out(&rig, "CREATE INDEX CONCURRENTLY t_two ON $.t (n, id)", Timeouts::CONCURRENT, &stop);
        let (done, ()) = tokio::join!(build, waiting);
        assert!(matches!(&done, Err(ActError::NotDone(e)) if e.to_string().contains("stopped")), "{done:?}");
        assert_eq!(rig.one(INVALID).await, "");
        rig.remove().await;
    });
}

#[test]
fn a_drop_that_fails_half_way_is_ended_by_a_second_try() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let other = admin(&url).await;
        other.batch_execute(&rig.here("BEGIN; SELECT count(*) FROM $.t")).await.unwrap();
        let freed = async {
            eventually(PATIENCE, "the index is half dropped", || async { rig.one(INVALID).await == "t_n" }).await;
            // The first try fails on its limit; the second waits longer.
            eventually(PATIENCE, "the second try waits", || async {
                rig.one(&format!("SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND wait_event_type = 'Lock' AND query_start < now() - interval '1.5 s'", rig.fix)).await == "1"
            })
            .await;
            other.batch_execute("COMMIT").await.unwrap();
        };
        let stop = CancellationToken::new();
        let (done, ()) = tokio::join!(carry_out(&rig, "DROP INDEX CONCURRENTLY $.t_n", SHORT, &stop), freed);
        assert!(done.is_ok_and(|acted| acted.answer.is_some_and(|words| words.contains("second one ended it"))));
        assert_eq!(
            rig.one("SELECT count(*)::text FROM pg_class WHERE relname = 't_n' AND relnamespace = '$'::regnamespace")
                .await,
            "0"
        );
        rig.remove().await;
    });
}

#[test]
fn a_change_of_a_table_never_stalls_its_readers() {
    on_each_server(|url| async move {
        let rig = Rig::new(&url, SETUP).await;
        let long_reader = admin(&url).await;
        long_reader.batch_execute(&rig.here("BEGIN; SELECT count(*) FROM $.t")).await.unwrap();
        let new_reader = admin(&url).await;
        let reading = async {
            eventually(PATIENCE, "the ALTER waits", || async {
                rig.one("SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = '$.t'::regclass AND mode = 'AccessExclusiveLock'").await == "1"
            })
            .await;
            let started = Instant::now();
            new_reader.query(&rig.here("SELECT count(*) FROM $.t"), &[]).await.unwrap();
            started.elapsed()
        };
        let proposal = rig.propose("ALTER TABLE $.t ADD COLUMN more int").await;
        let ((done, _), waited) = tokio::join!(rig.carry_out(&proposal), reading);
        assert!(matches!(&done, Err(ActError::NotDone(e)) if e.to_string().contains("55P03")), "{done:?}");
        // Half a second of lock_timeout, 100 ms by the promise, and what a busy machine adds.
        assert!(waited < Duration::from_millis(500 + 100 + 900), "{waited:?}");
        assert_eq!(
            rig.one("SELECT count(*)::text FROM pg_attribute WHERE attrelid = '$.t'::regclass AND attname = 'more'")
                .await,
            "0"
        );
        long_reader.batch_execute("ROLLBACK").await.unwrap();
        rig.remove().await;
    });
}
