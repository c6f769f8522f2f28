//! What takes a step of a person's own procedure back is the inverse of its proposal: stored before it runs, proposed
//! when it did not help, and judged like anything typed.

use super::*;
use crate::support::at_hand::Server;
use crate::support::hands;
use dba_gpt::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Observation, Verdict};
use dba_gpt::domain::own::{Asked, Bound, OwnProcedure, OwnStep, plans};
use dba_gpt::domain::procedure::{Comparison, Plan, Purpose};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::domain::proposal::undo::{Undo, undo};
use dba_gpt::domain::target::{Identity, Timestamp};
use std::collections::BTreeMap;

/// The plan for a procedure of one step, whose check holds when the answer is at most so much.
fn plan(site: &Site, statement: &str, verify: (&str, f64), undo: &str) -> Plan {
    let spec = site.ways.spec;
    let bound = Bound { is: Comparison::AtMost, value: verify.1 };
    let step = OwnStep {
        statement: statement.into(),
        why: "it is stuck".into(),
        only_if: None,
        verify: Asked { statement: verify.0.into(), column: None, bound },
        within_ms: 0,
        undo: Some(undo.into()),
    };
    let procedure = OwnProcedure {
        name: "unstick".into(),
        title: "unstick".into(),
        engine: spec.id,
        targets: Vec::new(),
        cause: Cause::LockContention,
        kinds: Vec::new(),
        checks: Vec::new(),
        steps: vec![step],
    };
    let (identity, observation, usual) = (Identity::default(), Observation::default(), BTreeMap::new());
    let case = Case {
        now: Timestamp(0),
        identity: &identity,
        environment: Environment::Development,
        observation: &observation,
        incident: None,
        usual: &usual,
        focus: None,
        definitions: &[],
    };
    let found = Hypothesis::new(Cause::LockContention, Verdict::Supported, 0.9, Vec::new());
    plans(&[procedure], &case, &Diagnosis::new(vec![found], Vec::new()), spec.dialect).remove(0)
}

fn purpose(plan: Plan) -> Purpose {
    Purpose { incident: None, signature: None, plan, step: 0, shown_confidence: 60 }
}

/// Runs the step, which does not help, and what takes it back then. `state` is what both change.
async fn there_and_back(site: &Site, table: &str, state: impl AsyncFn() -> String) {
    let before = state().await;
    let statement = format!("UPDATE {table} SET n = 0 WHERE id IN (2, 3)");
    // Not what the program would have stored, which knows the rows: the author's own words.
    let back = format!("UPDATE {table} SET n = id * 10 WHERE id IN (2, 3) AND n = 0");
    let never = format!("SELECT count(*) FROM {table}");
    let plan = plan(site, &statement, (&never, -1.0), &back);
    assert!(plan.can_be_proposed(), "{:?}", plan.blocked);
    let filed = site.workshop.propose_step(&site.ways, &site.target(), purpose(plan)).await.unwrap();
    assert_eq!(filed.survey.inverse, Inverse::Statements(vec![back.clone()]));
    assert_eq!(state().await, before, "a proposal changes nothing");
    let done = site.approve(filed.id, &consent(&filed)).await.unwrap();
    assert_eq!((done.stage, done.verified.and_then(|v| v.held)), (Stage::Done, Some(false)));
    assert_ne!(state().await, before);
    assert_eq!(site.on_file(filed.id).await.survey.inverse, Inverse::Statements(vec![back.clone()]));
    // It did not help, so the undo waits for a person, who approves it like anything typed.
    let all = site.workshop.store.proposals(10).await.unwrap();
    let waits = all.iter().find(|p| p.origin == Origin::Undo(filed.id)).unwrap().clone();
    assert_eq!((waits.draft.statement.as_str(), waits.stage), (back.as_str(), Stage::Waiting));
    let undone = site.approve(waits.id, &consent(&waits)).await.unwrap();
    assert_eq!(undone.stage, Stage::Done, "{:?}", undone.happenings);
    assert_eq!(state().await, before);
    let all = site.workshop.store.proposals(10).await.unwrap();
    assert_eq!(undo(&site.on_file(filed.id).await, &all), Undo::Undone(waits.id));
}

#[tokio::test]
async fn sqlite_takes_it_back_as_its_author_wrote() {
    let site = Site::new();
    let setup = "CREATE TABLE q (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO q VALUES (1, 10), (2, 20), (3, 30)";
    site.shop().execute_batch(setup).unwrap();
    Box::pin(there_and_back(&site, "q", async || site.rows().join("\n"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_takes_it_back_as_its_author_wrote() {
    for server in [Server::Postgres15, Server::Postgres18] {
        let Some(url) = server.url() else { continue };
        let home = tempfile::tempdir().unwrap();
        let mut site = Site::at(home.path(), &url);
        site.ways.read = ways(&server.url_as("dbagpt_ro").unwrap()).read;
        site.ways.login = Some("dbagpt_admin".into());
        let name = format!("own_undo_{}", std::process::id());
        let text = format!(
            "CREATE SCHEMA {name}; CREATE TABLE {name}.q (id int PRIMARY KEY, n int);
             INSERT INTO {name}.q VALUES (1, 10), (2, 20), (3, 30);
             GRANT USAGE ON SCHEMA {name} TO dbagpt_ro; GRANT SELECT ON {name}.q TO dbagpt_ro"
        );
        hands::sql(server, "shop", &text).await;
        let client = crate::postgres::support::admin(&url).await;
        let state = async || {
            let query = format!("SELECT string_agg(id || ' ' || n, ', ' ORDER BY id) FROM {name}.q");
            client.query_one(&query, &[]).await.unwrap().get::<_, String>(0)
        };
        Box::pin(there_and_back(&site, &format!("{name}.q"), state)).await;
        hands::sql(server, "shop", &format!("DROP SCHEMA {name} CASCADE")).await;
    }
}

#[test]
fn what_the_guard_would_never_let_run_is_no_way_back() {
    let site = Site::new();
    let blocked = |undo: &str| plan(&site, "UPDATE orders SET total = 0 WHERE id = 1", ("SELECT 1", 1.0), undo).blocked;
    assert_eq!(blocked("UPDATE orders SET total = 1 WHERE id = 1"), Vec::<String>::new());
    for (undo, words) in [
        ("ATTACH DATABASE '/tmp/x' AS x", "refused"),
        ("UPDATE orders SET total = 1; DELETE FROM orders", "refused"),
        ("SELECT 1", "changes nothing"),
        ("UPDATE :object SET total = 1", ":object"),
    ] {
        let why = blocked(undo);
        assert!(why.len() == 1 && why[0].contains(words), "{undo}: {why:?}");
    }
}
