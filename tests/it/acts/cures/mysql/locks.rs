//! Sessions that wait for rows: the one at the root is ended or asked to stop, and nobody else.

use super::*;

registry::cures! {
    "mysql", at_hand;
    the_idle_root_of_a_pile_up_is_ended,
    a_root_that_works_is_asked_to_stop_first,
    the_root_of_a_chain_is_named_and_not_its_middle,
    a_deadlock_is_told_with_who_met_whom_and_the_next_ones_are_logged,
}

const WAIT: &str = "SET SESSION innodb_lock_wait_timeout = 60";

/// A table with rows 1 to `rows`, all zero.
fn table(scene: &mut Scene, dice: &mut Dice, rows: u32) -> String {
    let table = dice.table();
    scene.run(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, v INT NOT NULL)"));
    scene.fill(&format!("{table} (id, v)"), "n + 1, 0", rows);
    table
}

async fn the_idle_root_of_a_pile_up_is_ended(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "pile", &mut dice);
        let rows = dice.between(5, 200);
        let table = table(&mut scene, &mut dice, rows);
        let (row, waiting) = (dice.between(1, rows), dice.between(2, 6));
        let mut root = scene.client();
        let id = root.number("SELECT CONNECTION_ID()");
        root.run(&format!("BEGIN; UPDATE {table} SET v = 100 WHERE id = {row}"));
        let mut waiters: Vec<Admin> = (0..waiting).map(|_| scene.client()).collect();
        for waiter in &mut waiters {
            waiter.send(&format!("{WAIT}; UPDATE {table} SET v = v + 1 WHERE id = {row}"));
        }
        let cure = scene.curable(Cause::LockWaitChain, "C5", |plan| sessions(plan) == [id]).await;

        // Its client goes on before anybody approves: it is not the same any more.
        let waits = scene.proposed(&cure, 0).await.unwrap();
        root.run(&format!("COMMIT; BEGIN; UPDATE {table} SET v = 100 WHERE id = {row}"));
        scene.refused_at_last(&waits).await;
        assert_eq!(root.number("SELECT CONNECTION_ID()"), id, "it is left alone");

        for waiter in &mut waiters {
            waiter.run("SELECT 1");
            waiter.send(&format!("UPDATE {table} SET v = v + 1 WHERE id = {row}"));
        }
        let cure = scene.curable(Cause::LockWaitChain, "C5", |plan| sessions(plan) == [id]).await;
        assert!(cure.evidence.iter().any(|e| e.contains(&format!("{waiting} session(s)"))), "{:?}", cure.evidence);
        scene.cured(&cure).await;
        for waiter in &mut waiters {
            assert_eq!(waiter.run("SELECT 'goes on'"), ["goes on"]);
        }
        let after = scene.run(&format!("SELECT v FROM {table} WHERE id = {row}"));
        assert_eq!(after, [(100 + 2 * waiting).to_string()], "every waiter got through both times");
    })
    .await;
}

async fn a_root_that_works_is_asked_to_stop_first(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "works", &mut dice);
        let table = table(&mut scene, &mut dice, 20);
        let waiting = dice.between(1, 4);
        let mut root = scene.client();
        let id = root.number("SELECT CONNECTION_ID()");
        // One statement that holds the locks and goes on: it is asked to stop, and with it go its locks.
        root.send(&format!("UPDATE {table} SET v = v + 1 + SLEEP(6) WHERE id <= 20"));
        scene.in_state(id, "User sleep").await;
        let mut waiters: Vec<Admin> = (0..waiting).map(|_| scene.client()).collect();
        for waiter in &mut waiters {
            waiter.send(&format!("{WAIT}; UPDATE {table} SET v = v + 1 WHERE id = 1"));
        }
        let cure = scene.curable(Cause::LockWaitChain, "C5", |plan| sessions(plan) == [id, id]).await;
        assert!(matches!(cure.steps[0].draft.kind, Some(FixKind::CancelStatements(_))), "{cure:#?}");
        let done = scene.cured(&cure).await;
        assert_eq!(done.len(), 1, "ending it is not needed any more");
        assert_eq!(root.number("SELECT CONNECTION_ID()"), id, "its session stays");
        for waiter in &mut waiters {
            waiter.run("SELECT 1");
        }
        let after = scene.run(&format!("SELECT SUM(v) FROM {table}"));
        assert_eq!(after, [waiting.to_string()], "what it had changed is rolled back");
    })
    .await;
}

async fn the_root_of_a_chain_is_named_and_not_its_middle(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "chain", &mut dice);
        let table = table(&mut scene, &mut dice, 50);
        let links = dice.between(3, 5);
        let mut chain: Vec<Admin> = (0..links).map(|_| scene.client()).collect();
        let ids: Vec<i64> = chain.iter_mut().map(|link| link.number("SELECT CONNECTION_ID()")).collect();
        let rows = dice.shuffled(&(1..=50).collect::<Vec<u32>>());
        // Each has a row of its own and wants that of the one before.
        for (link, row) in chain.iter_mut().zip(&rows) {
            link.run(&format!("{WAIT}; BEGIN; UPDATE {table} SET v = v + 1 WHERE id = {row}"));
        }
        for (at, link) in chain.iter_mut().enumerate().skip(1) {
            link.send(&format!("UPDATE {table} SET v = v + 1 WHERE id = {}; COMMIT", rows[at - 1]));
        }
        let behind = links - 1;
        let all_wait =
            |plan: &Plan| sessions(plan) == [ids[0]] && plan.title.contains(&format!("{behind} waiting session(s)"));
        let cure = scene.curable(Cause::LockWaitChain, "C5", all_wait).await;
        scene.cured(&cure).await;
        for (link, id) in chain.iter_mut().zip(&ids).skip(1) {
            assert_eq!(link.number("SELECT CONNECTION_ID()"), *id, "nobody else is ended");
        }
        let after = scene.run(&format!("SELECT SUM(v) FROM {table}"));
        assert_eq!(after, [(2 * behind).to_string()], "everybody but the root got through");
    })
    .await;
}

async fn a_deadlock_is_told_with_who_met_whom_and_the_next_ones_are_logged(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "circle", &mut dice);
        let (one, other) = (table(&mut scene, &mut dice, 9), "second");
        scene.run(&format!("CREATE TABLE {other} (id INT PRIMARY KEY, v INT); INSERT INTO {other} VALUES (1, 0)"));
        let shown = "SELECT @@global.innodb_print_all_deadlocks";
        scene.run("SET GLOBAL innodb_print_all_deadlocks = OFF");
        let row = dice.between(1, 9);
        let (mut first, mut second) = (scene.client(), scene.client());
        let incident = scene.bed.incident(
            "Deadlock found when trying to get lock; try restarting transaction",
            Some("1213"),
            Some(&format!("UPDATE {one} SET v = 2 WHERE id = {row}")),
        );
        let is_root = |found: &Examined| roots(found).contains(&Cause::Deadlock);
        let tables = [format!("{}.{one}", scene.database), format!("{}.{other}", scene.database)];
        // InnoDB tells its last deadlock, and another test's may come in between.
        let mut circle = || {
            first.run(&format!("BEGIN; UPDATE {one} SET v = 1 WHERE id = {row}"));
            second.run(&format!("BEGIN; UPDATE {other} SET v = 1 WHERE id = 1"));
            first.send(&format!("UPDATE {other} SET v = 2 WHERE id = 1; COMMIT"));
            // Whoever closes the circle, one of the two is the victim and the other goes on.
            second.run(&format!("UPDATE {one} SET v = 2 WHERE id = {row}; COMMIT"));
            first.run("SELECT 1");
        };
        circle();
        let found = scene
            .until("the deadlock", Some(&incident), |found| {
                let told = found.diagnosis.of(Cause::Deadlock).map(|deadlock| format!("{:?}", deadlock.evidence));
                let whole = told.is_some_and(|told| tables.iter().all(|table| told.contains(table)));
                if !whole {
                    circle();
                }
                whole && is_root(found)
            })
            .await;
        let cure = plan(&found, "C4", "").clone();
        assert!(sessions(&cure).is_empty(), "the server has chosen its victim already: {cure:#?}");

        let never = dba_gpt::domain::procedure::Check::SettingIs {
            name: "innodb_print_all_deadlocks".into(),
            value: "NEVER".into(),
        };
        scene.broken_and_taken_back(&cure, never).await;
        assert_eq!(scene.run(shown), ["0"], "it was taken back");
        let done = scene.cured(&cure).await;
        assert_eq!(scene.run(shown), ["1"]);

        // Its twin: they are logged already, so that nothing is left to be done on the server.
        let found = scene.until("the deadlock again", Some(&incident), is_root).await;
        assert!(offered(&found, "C4", |_| true).is_none(), "{:#?}", found.plans);
        scene.bed.undone(&done[0]).await;
        assert_eq!(scene.run(shown), ["0"]);
    })
    .await;
}
