//! Causes that are brought about on the real servers, and found. Each look is taken at once, so a test waits only for the
//! server; the times of an observation are ours to say.

use super::support::{PATIENCE, admin, connect, eventually, fresh_database, on_each_server, read};
use dba_gpt::domain::diagnosis::{Case, Cause, Diagnosis, Observation, SeenPlan, Verdict};
use dba_gpt::domain::rows::Limits;
use dba_gpt::domain::target::{Environment, Timestamp};
use dba_gpt::engine::{Session, Wanted, When, postgres};
use std::collections::BTreeMap;

/// Looks at the sessions in one diagnosis.
const LOOKS: i64 = 8;

/// A diagnosis as the program makes it, without its waiting.
async fn diagnose(session: &mut dyn Session) -> Diagnosis {
    let examination = postgres::SPEC.examination;
    let identity = session.identity().clone();
    let probes = (examination.probes)(&identity);
    let mut seen = Observation::default();
    for look in 0..=LOOKS {
        for probe in &probes {
            let due = match probe.when {
                When::Once => look == 0,
                When::Ends => look == 0 || look == LOOKS,
                When::Often => true,
            };
            if due {
                match session.own(probe.query, &[]).await {
                    Ok(rows) => seen.add(probe.query.name, Timestamp(look * 1_000), rows),
                    Err(error) => seen.refuse(probe.query.name, error.to_string()),
                }
            }
        }
    }
    let wanted = Wanted::default();
    (examination.look_further.unwrap())(session, &wanted, &mut seen).await.unwrap();
    let (schema, _) = (postgres::SPEC.schema)(session).await.unwrap();
    for statement in (examination.plans)(&seen, &wanted) {
        let resolved = postgres::SPEC.dialect.resolve_names(&statement, &schema);
        if let Ok((rows, _)) = read(session, &resolved, Limits::default()).await {
            seen.plans.push(SeenPlan { statement, rows });
        }
    }
    let usual = BTreeMap::new();
    (examination.judge)(&Case {
        now: Timestamp(LOOKS * 1_000),
        identity: &identity,
        environment: Environment::Development,
        observation: &seen,
        incident: None,
        usual: &usual,
        focus: None,
        definitions: &[],
    })
}

fn supports(found: &Diagnosis, cause: Cause, about: &str) -> bool {
    found.roots().any(|root| root.cause == cause && root.about.as_deref() == Some(about))
}

/// Looks again and again until a cause is supported or is not any more.
async fn until(url: &str, cause: Cause, about: &str, wanted: bool) -> Diagnosis {
    let mut session = connect(url).await;
    let mut found = Diagnosis::default();
    let started = std::time::Instant::now();
    while started.elapsed() < PATIENCE {
        found = diagnose(session.as_mut()).await;
        if supports(&found, cause, about) == wanted {
            return found;
        }
    }
    panic!("{cause:?} of {about}: not as expected within {PATIENCE:?}: {:?}", found.of(cause))
}

#[test]
fn every_query_of_a_diagnosis_is_answered() {
    on_each_server(async |url| {
        let mut session = connect(&url).await;
        for probe in (postgres::SPEC.examination.probes)(&session.identity().clone()) {
            let answer = session.own(probe.query, &[]).await;
            let extension_is_missing = probe.query.name == "diagnose.statements" && answer.is_err();
            assert!(answer.is_ok() || extension_is_missing, "{}: {answer:?}", probe.query.name);
        }
    });
}

#[test]
fn a_forgotten_transaction_is_the_root_of_a_chain() {
    on_each_server(async |url| {
        let url = fresh_database(&url, "diagnose_chain").await;
        let holder = admin(&url).await;
        holder.batch_execute("CREATE TABLE hold (id int PRIMARY KEY); INSERT INTO hold VALUES (1)").await.unwrap();
        holder.batch_execute("BEGIN; UPDATE hold SET id = 1").await.unwrap();
        let pid: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let waiter = admin(&url).await;
        let waiting = tokio::spawn(async move { waiter.batch_execute("UPDATE hold SET id = 1").await });
        let found = until(&url, Cause::IdleInTransaction, &format!("session {pid}"), true).await;
        let chain = found.of(Cause::LockWaitChain).unwrap();
        assert_eq!((chain.verdict, chain.consequence_of), (Verdict::Refuted, Some(Cause::IdleInTransaction)));
        holder.batch_execute("COMMIT").await.unwrap();
        waiting.await.unwrap().unwrap();
    });
}

#[test]
fn an_index_that_was_left_half_built_is_found() {
    on_each_server(async |url| {
        let url = fresh_database(&url, "diagnose_invalid").await;
        let client = admin(&url).await;
        client.batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)").await.unwrap();
        client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)").await.unwrap_err();
        until(&url, Cause::InvalidIndex, "public.t_a", true).await;
        client.batch_execute("DROP INDEX t_a").await.unwrap();
        until(&url, Cause::InvalidIndex, "public.t_a", false).await;
    });
}

#[test]
fn a_slot_that_nobody_reads_is_found_once_it_keeps_something() {
    on_each_server(async |url| {
        let client = admin(&url).await;
        let drop =
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'diagnose_stuck'";
        client.batch_execute(drop).await.unwrap();
        client.batch_execute("SELECT pg_create_physical_replication_slot('diagnose_stuck', true)").await.unwrap();
        // Other tests write to the same log: what it keeps is more than what is written here.
        for _ in 0..4 {
            client
                .batch_execute("SELECT pg_logical_emit_message(false, 'test', 'x'); SELECT pg_switch_wal()")
                .await
                .unwrap();
        }
        until(&url, Cause::StuckSlot, "slot diagnose_stuck", true).await;
        client.batch_execute(drop).await.unwrap();
        until(&url, Cause::StuckSlot, "slot diagnose_stuck", false).await;
    });
}

#[test]
fn an_index_that_is_missing_is_found_and_is_not_missing_once_it_is_there() {
    on_each_server(async |url| {
        let url = fresh_database(&url, "diagnose_missing").await;
        let client = admin(&url).await;
        client
            .batch_execute(
                "CREATE TABLE parcels (id int, code int, note text);
                 INSERT INTO parcels SELECT i, i, md5(i::text) FROM generate_series(1, 200000) i; ANALYZE parcels",
            )
            .await
            .unwrap();
        let looking: Vec<_> = (0..3)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move {
                    let client = admin(&url).await;
                    while client.batch_execute("SELECT * FROM parcels WHERE code = 77").await.is_ok() {}
                })
            })
            .collect();
        until(&url, Cause::MissingIndex, "parcels", true).await;
        client.batch_execute("CREATE INDEX ON parcels (code); ANALYZE parcels").await.unwrap();
        until(&url, Cause::MissingIndex, "parcels", false).await;
        for task in looking {
            task.abort();
        }
        // The sessions end with their tasks.
        let gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'diagnose_missing' AND query LIKE 'SELECT * FROM parcels%'";
        eventually(PATIENCE, "the load ends", async || {
            client.query_one(gone, &[]).await.is_ok_and(|row| row.get::<_, i64>(0) == 0)
        })
        .await;
    });
}
