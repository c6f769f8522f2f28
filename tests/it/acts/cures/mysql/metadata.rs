//! A change of a table that waits for somebody who uses it, with everybody behind it.

use super::*;

registry::cures! {
    "mysql", at_hand;
    a_change_that_waits_for_a_fresh_holder_is_taken_back,
}

/// What takes longer than an ordinary test may: only `scripts/endurance` plays it.
pub(super) const LONG: &[registry::Cure] = &[registry::Cure {
    name: "mysql: a_holder_that_is_idle_for_a_minute_is_ended",
    ready: at_hand,
    run: |seed| Box::pin(a_holder_that_is_idle_for_a_minute_is_ended(seed)),
}];

/// A table, and its holder, a change of it that waits, and readers behind the change.
struct Queue {
    table: String,
    holder: Admin,
    id: i64,
    change: Admin,
    readers: Vec<Admin>,
}

async fn queue(scene: &mut Scene, dice: &mut Dice) -> Queue {
    let (table, rows) = (dice.table(), dice.between(1, 300));
    scene.run(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, a INT)"));
    scene.fill(&table, "n, n", rows);
    let (mut holder, mut change) = (scene.client(), scene.client());
    holder.run(&format!("BEGIN; SELECT * FROM {table} WHERE id = 0"));
    let id = holder.number("SELECT CONNECTION_ID()");
    change.run("SET lock_wait_timeout = 100");
    let waits = change.number("SELECT CONNECTION_ID()");
    let changes = [
        format!("ALTER TABLE {table} ADD COLUMN more INT"),
        format!("ALTER TABLE {table} DROP COLUMN a"),
        format!("ALTER TABLE {table} ADD INDEX by_a (a)"),
        format!("RENAME TABLE {table} TO renamed"),
    ];
    change.send(dice.pick(&changes).as_str());
    scene.in_state(waits, "Waiting for table metadata lock").await;
    let readers = (0..dice.between(1, 4)).map(|_| scene.client());
    let mut readers: Vec<Admin> = readers.collect();
    for reader in &mut readers {
        reader.send(&format!("SET lock_wait_timeout = 100; SELECT COUNT(*) FROM {table}"));
    }
    Queue { table, holder, id, change, readers }
}

async fn a_change_that_waits_for_a_fresh_holder_is_taken_back(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "change", &mut dice);
        let mut queue = queue(&mut scene, &mut dice).await;
        let definition_before = scene.run("SHOW TABLES");
        let is_blocked = |found: &Examined| {
            roots(found).contains(&Cause::MetadataLock)
                && offered(found, "C19b", |plan| plan.title.starts_with("Take back")).is_some()
                && found.plans.iter().any(|plan| plan.procedure == "C19b" && sessions(plan) == [queue.id])
        };
        let found = scene.until("the queue", None, is_blocked).await;
        let holders = found.plans.iter().find(|plan| plan.procedure == "C19b" && sessions(plan) == [queue.id]).unwrap();
        assert!(holders.blocked.iter().any(|why| why.contains("its client may go on")), "{:?}", holders.blocked);
        scene.cured(offered(&found, "C19b", |_| true).unwrap()).await;
        for reader in &mut queue.readers {
            assert_eq!(reader.run("SELECT 'goes on'").last().unwrap(), "goes on");
        }
        assert_eq!(queue.holder.number("SELECT CONNECTION_ID()"), queue.id, "the holder is left alone");
        assert_eq!(scene.run("SHOW TABLES"), definition_before);
        queue.change.run("SELECT 'its session stays'");
        assert!(!scene.definition(&queue.table).contains("more"));
    })
    .await;
}

async fn a_holder_that_is_idle_for_a_minute_is_ended(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "holder", &mut dice);
        let mut queue = queue(&mut scene, &mut dice).await;
        let about = |plan: &Plan| sessions(plan) == [queue.id];
        let begun = Instant::now();
        let cure = loop {
            let shows = |found: &Examined| found.plans.iter().any(|plan| plan.procedure == "C19b" && about(plan));
            let found = scene.until("the holder", None, shows).await;
            if let Some(cure) = offered(&found, "C19b", about) {
                break cure.clone();
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "{:#?}", found.plans);
        };
        scene.cured(&cure).await;
        queue.change.run("SELECT 'the change goes on'");
        for reader in &mut queue.readers {
            assert_eq!(reader.run("SELECT 'goes on'").last().unwrap(), "goes on");
        }
    })
    .await;
}
