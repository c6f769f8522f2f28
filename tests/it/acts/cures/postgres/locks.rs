//! Who waits for whom: queues behind one session, behind a change of a table, behind the server's own upkeep; circles.

use super::*;
use dba_gpt::domain::proposal::kind::FixKind;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    a_queue_behind_a_session_that_does_nothing_is_freed_by_its_end,
    a_queue_behind_a_session_at_work_is_freed_by_the_end_of_its_statement,
    readers_behind_a_change_that_waits_are_freed_by_its_cancellation,
    an_autovacuum_that_is_waited_for_is_left_alone,
    a_transaction_that_is_idle_for_a_moment_is_left_alone,
    transactions_that_lock_in_a_circle_get_the_index_of_their_key,
}

pub(super) fn rows(table: &str) -> String {
    format!(
        "CREATE TABLE {table} (id int PRIMARY KEY, v int); INSERT INTO {table} SELECT i, 0 FROM generate_series(1, 500) i"
    )
}

/// Clients that each wait for a statement's end.
pub(super) struct Queue(Vec<tokio::task::JoinHandle<Result<(), tokio_postgres::Error>>>);

impl Queue {
    pub(super) async fn of(scene: &Scene, many: u32, statement: &str) -> Self {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        let before: u32 = scene.one(waiting).await.parse().unwrap();
        let mut queue = Vec::new();
        for _ in 0..many {
            let (client, statement) = (scene.client().await, statement.to_owned());
            queue.push(tokio::spawn(async move { client.batch_execute(&statement).await }));
        }
        eventually(PATIENCE, "a queue", async || scene.one(waiting).await.parse::<u32>().unwrap() >= before + many)
            .await;
        Self(queue)
    }

    pub(super) async fn went_on(self) {
        for one in self.0 {
            one.await.unwrap().unwrap();
        }
    }
}

/// The sessions that a plan's first step names, and whether it ends them.
fn named(plan: &Plan) -> (Vec<i64>, bool) {
    match plan.steps.first().and_then(|step| step.draft.kind.as_ref()) {
        Some(FixKind::EndSessions(named)) => (named.iter().map(|session| session.id).collect(), true),
        Some(FixKind::CancelStatements(named)) => (named.iter().map(|session| session.id).collect(), false),
        other => panic!("{other:?}"),
    }
}

async fn a_queue_behind_a_session_that_does_nothing_is_freed_by_its_end(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, id, many) = (dice.table(), dice.between(1, 500), dice.between(1, 9));
        let scene = Scene::start(&kit, "", &rows(&table)).await;
        let (head, bystander) = (scene.client().await, scene.client().await);
        let update = format!("UPDATE {table} SET v = v + 1 WHERE id = {id}");
        head.batch_execute(&format!("BEGIN; {update}")).await.unwrap();
        bystander.batch_execute(&format!("BEGIN; SELECT * FROM {table}")).await.unwrap();
        let queue = Queue::of(&scene, many, &update).await;
        let number = pid(&head).await;
        let found = scene.found(Cause::IdleInTransaction, &format!("session {number}"), None).await;
        assert_eq!(
            found.diagnosis.of(Cause::LockWaitChain).and_then(|h| h.consequence_of),
            Some(Cause::IdleInTransaction)
        );
        let best = found.best().unwrap_or_else(|| panic!("{found:#?}"));
        assert_eq!((best.procedure.as_str(), named(best)), ("C5", (vec![number], true)), "{best:#?}");
        scene.through(best).await;
        queue.went_on().await;
        assert_eq!(scene.one(&format!("SELECT v FROM {table} WHERE id = {id}")).await, many.to_string());
        eventually(PATIENCE, "its end", async || head.is_closed()).await;
        bystander.batch_execute("COMMIT").await.unwrap();
    })
    .await;
}

async fn a_queue_behind_a_session_at_work_is_freed_by_the_end_of_its_statement(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, id, many) = (dice.table(), dice.between(1, 500), dice.between(1, 9));
        let work = *dice.pick(&["SELECT pg_sleep(600)", "SELECT count(*) FROM generate_series(1, 20000000000)"]);
        let scene = Scene::start(&kit, "", &rows(&table)).await;
        let head = scene.client().await;
        let number = pid(&head).await;
        let update = format!("UPDATE {table} SET v = v + 1 WHERE id = {id}");
        head.batch_execute(&format!("BEGIN; {update}")).await.unwrap();
        let working = tokio::spawn(async move { (head.batch_execute(work).await, head) });
        let queue = Queue::of(&scene, many, &update).await;
        let found = scene.found(Cause::LockWaitChain, &format!("session {number}"), None).await;
        let free = plan(&found, "C5", &format!("from session {number} "));
        assert_eq!(named(free), (vec![number], false), "its statement first: {free:#?}");
        scene.bed.cured(free).await;
        assert_eq!(scene.waiting().await, Vec::new(), "the session itself need not be ended any more");
        queue.went_on().await;
        let (stopped, head) = working.await.unwrap();
        assert_eq!(stopped.unwrap_err().code().map(|code| code.code().to_owned()).as_deref(), Some("57014"));
        head.batch_execute("ROLLBACK").await.unwrap();
    })
    .await;
}

async fn readers_behind_a_change_that_waits_are_freed_by_its_cancellation(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, many) = (dice.table(), dice.between(2, 8));
        let scene = Scene::start(&kit, "", &rows(&table)).await;
        let (head, changing) = (scene.client().await, scene.client().await);
        let numbers = (pid(&head).await, pid(&changing).await);
        head.batch_execute(&format!("BEGIN; SELECT * FROM {table} WHERE id = 1")).await.unwrap();
        let working = tokio::spawn(async move { (head.batch_execute("SELECT pg_sleep(600)").await, head) });
        let change = format!("ALTER TABLE {table} ADD COLUMN more int");
        let changing = tokio::spawn(async move { changing.batch_execute(&change).await });
        scene.until("a change that waits", "SELECT count(*) FROM pg_locks WHERE NOT granted", "1").await;
        let queue = Queue::of(&scene, many, &format!("SELECT count(*) FROM {table}")).await;
        let found = scene.found(Cause::MetadataLock, &format!("session {}", numbers.0), None).await;
        let cancel = plan(&found, "C5", "Cancel the change");
        assert_eq!(named(cancel), (vec![numbers.1], false), "{cancel:#?}");
        scene.through(cancel).await;
        queue.went_on().await;
        changing.await.unwrap().unwrap_err();
        assert!(!working.is_finished(), "whoever was there first is left alone");
        scene.run(&format!("SELECT pg_cancel_backend({})", numbers.0)).await;
        working.await.unwrap().1.batch_execute("ROLLBACK").await.unwrap();
    })
    .await;
}

async fn an_autovacuum_that_is_waited_for_is_left_alone(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let table = dice.table();
        // As slow as it gets, and nobody's wait makes it give way.
        let slow = "autovacuum_naptime = '1s'\nautovacuum_vacuum_cost_delay = '100ms'\nautovacuum_vacuum_cost_limit = 1\n\
                    deadlock_timeout = '10min'";
        let scene = Scene::start(&kit, slow, &rows(&table)).await;
        let much = dice.between(60_000, 120_000);
        scene.run(&format!("INSERT INTO {table} SELECT i, 0 FROM generate_series(1000, {much}) i; DELETE FROM {table} WHERE id % 2 = 0")).await;
        let worker = format!(
            "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE 'autovacuum: VACUUM%{table}%'"
        );
        eventually(LOOKS, "an autovacuum", async || scene.one(&worker).await != "0").await;
        let number: i64 = scene.one(&worker).await.parse().unwrap();
        let queue = Queue::of(&scene, 1, &format!("ALTER TABLE {table} ADD COLUMN more int")).await;
        let about = format!("session {number}");
        let found = scene
            .looked_until(None, "the wait for it", |found| {
                found.diagnosis.hypotheses.iter().any(|h| h.about.as_deref() == Some(about.as_str()))
            })
            .await;
        blocked(plan(&found, "C5", &about), "autovacuum worker");
        let touched = |plan: &&Plan| plan.can_be_proposed() && plan.procedure == "C5" && named(plan).0.contains(&number);
        assert!(!found.plans.iter().any(|plan| touched(&plan)), "{:#?}", found.plans);
        scene.run(&format!("SELECT pg_terminate_backend({number})")).await;
        queue.went_on().await;
    })
    .await;
}

async fn a_transaction_that_is_idle_for_a_moment_is_left_alone(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let table = dice.table();
        let scene = Scene::start(&kit, "", &rows(&table)).await;
        let mut idle = Vec::new();
        for _ in 0..dice.between(1, 5) {
            let client = scene.client().await;
            client
                .batch_execute(&format!("BEGIN; UPDATE {table} SET v = 1 WHERE id = {}", idle.len() + 1))
                .await
                .unwrap();
            idle.push(client);
        }
        let found = scene.looked(None).await;
        assert!(!roots(&found).contains(&Cause::IdleInTransaction), "{:#?}", found.diagnosis);
        // From a few seconds on it is worth a word, and still nobody's end.
        let found = scene.found(Cause::IdleInTransaction, "", None).await;
        for procedure in ["C5", "PG02"] {
            nothing_of(&found, procedure);
        }
        for client in idle {
            client.batch_execute("COMMIT").await.unwrap();
        }
    })
    .await;
}

async fn transactions_that_lock_in_a_circle_get_the_index_of_their_key(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, rows) = (dice.table(), dice.between(500, 4_000));
        let parent = format!("{table}_heads");
        let made = format!(
            "CREATE TABLE {parent} (id int PRIMARY KEY, v int); CREATE TABLE {table} (id int PRIMARY KEY, head int \
             REFERENCES {parent}, other int REFERENCES {parent}, v int); CREATE INDEX by_other ON {table} (other); \
             INSERT INTO {parent} SELECT i, 0 FROM generate_series(1, 50) i; \
             INSERT INTO {table} SELECT i, 1 + i % 50, 1 + i % 50, 0 FROM generate_series(1, {rows}) i"
        );
        let scene = Scene::start(&kit, "deadlock_timeout = '100ms'", &made).await;
        let (one, other) = (scene.client().await, scene.client().await);
        let ids = (dice.between(1, 20), dice.between(21, 50));
        let change = |id: u32| format!("UPDATE {table} SET v = v + 1 WHERE id = {id}");
        one.batch_execute(&format!("BEGIN; {}", change(ids.0))).await.unwrap();
        other.batch_execute(&format!("BEGIN; {}", change(ids.1))).await.unwrap();
        let (second, first) = (change(ids.1), change(ids.0));
        let ends = tokio::join!(one.batch_execute(&second), other.batch_execute(&first));
        let (victim, statement) = match ends {
            (Err(victim), Ok(())) => (victim, second),
            (Ok(()), Err(victim)) => (victim, first),
            both => panic!("one of both is the victim: {both:?}"),
        };
        let incident = scene.incident(&victim, &statement);
        let found = scene.found(Cause::Deadlock, "", Some(&incident)).await;
        assert!(!plan(&found, "C4", "one order").advice.is_empty());
        let index = plan(&found, "C4", "Index the foreign key");
        assert!(index.title.contains(&format!("{table}_head_fkey")), "the other key has an index: {}", index.title);
        let keys = found.plans.iter().filter(|plan| plan.title.contains("foreign key")).count();
        assert_eq!(keys, 1, "{:#?}", found.plans);
        let _ = tokio::join!(one.batch_execute("ROLLBACK"), other.batch_execute("ROLLBACK"));
        let done = scene.through(index).await;
        let state = format!("SELECT count(*) FROM pg_indexes WHERE tablename = '{table}'");
        assert_eq!(scene.one(&state).await, "3");
        scene.bed.undone(&done[0]).await;
        assert_eq!(scene.one(&state).await, "2");
    })
    .await;
}
