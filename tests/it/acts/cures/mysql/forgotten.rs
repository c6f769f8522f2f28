//! A transaction that its client has left open, and one whose client only thinks.

use super::*;

registry::cures! {
    "mysql", at_hand;
    a_forgotten_transaction_is_ended_and_a_fresh_one_is_not,
}

async fn a_forgotten_transaction_is_ended_and_a_fresh_one_is_not(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "open", &mut dice);
        let table = dice.table();
        scene.run(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, v INT)"));
        let rows = dice.between(1, 500);
        scene.fill(&table, "n, 0", rows);
        let (mut forgotten, mut returns, mut fresh) = (scene.client(), scene.client(), scene.client());
        let id = forgotten.number("SELECT CONNECTION_ID()");
        let back = returns.number("SELECT CONNECTION_ID()");
        forgotten.run(&format!("BEGIN; UPDATE {table} SET v = 1"));
        returns.run("BEGIN; SELECT COUNT(*) FROM information_schema.SCHEMATA");
        returns.run(&format!("SELECT v FROM {table} WHERE id = 0"));
        let of = |plan: &Plan, id: i64| sessions(plan).contains(&id);
        let found = scene
            .until("the forgotten transactions", None, |found| {
                fresh.run(&format!("BEGIN; SELECT v FROM {table} WHERE id = 0"));
                roots(found).contains(&Cause::IdleInTransaction)
                    && offered(found, "MY20", |plan| of(plan, id) && of(plan, back)).is_some()
            })
            .await;
        let mut cure = offered(&found, "MY20", |_| true).unwrap().clone();
        assert!(!of(&cure, fresh.number("SELECT CONNECTION_ID()")), "its client only thinks: {cure:#?}");
        // Other tests leave transactions alone as well: theirs are no business of this one.
        cure.steps.retain(|step| [id, back].iter().any(|id| step.draft.statement == format!("KILL {id}")));
        cure.steps.sort_by_key(|step| step.draft.statement != format!("KILL {back}"));

        // One client comes back before anybody approves.
        let waits = scene.proposed(&cure, 0).await.unwrap();
        returns.run(&format!("SELECT v FROM {table} WHERE id = 0"));
        scene.refused_at_last(&waits).await;
        assert_eq!(returns.number("SELECT CONNECTION_ID()"), back, "it is left alone");

        cure.steps.remove(0);
        scene.cured(&cure).await;
        let after = scene.run(&format!("SELECT COUNT(*) FROM {table} WHERE v = 0"));
        assert_eq!(after, [rows.to_string()], "what it had changed is rolled back");
    })
    .await;
}
