//! Statistics that are of another table than the one that is there by now.

use super::*;

registry::cures! {
    "mysql", at_hand;
    statistics_of_a_table_that_has_changed_are_read_anew,
}

async fn statistics_of_a_table_that_has_changed_are_read_anew(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "stats", &mut dice);
        let (table, column, rows) = (dice.table(), dice.columns(1).remove(0), dice.between(15_000, 40_000));
        let wanted = dice.between(50, 300);
        scene.run(&format!(
            "CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, {column} INT, note VARCHAR(80), \
             KEY by_{column} ({column})) STATS_PERSISTENT = 1, STATS_AUTO_RECALC = 0; \
             CREATE TABLE wanted ({column} INT PRIMARY KEY)"
        ));
        // Its statistics are read while every row has the same value, and then all of them change.
        scene.fill(&format!("{table} ({column}, note)"), "1, REPEAT('x', 60)", rows);
        scene.run(&format!("ANALYZE TABLE {table}; UPDATE {table} SET {column} = id"));
        scene.fill("wanted", "n * 40", wanted);
        scene.run("ANALYZE TABLE wanted");
        let statement = format!(
            "SELECT t.id, t.note FROM wanted w JOIN {table} t ON t.{column} = w.{column} WHERE t.note = 'never'"
        );
        let uses_it = |scene: &mut Scene| {
            let plan = scene.run(&format!("EXPLAIN FORMAT=TRADITIONAL {statement}"));
            plan.iter().any(|line| line.contains("\tref\t") && line.contains(&format!("by_{column}")))
        };
        assert!(!uses_it(&mut scene), "{}", scene.product);
        let traffic = Traffic::of(&scene, dice.between(1, 2), &statement);
        let object = format!("{}.{table}", scene.database);
        let about = |plan: &Plan| plan.title.contains(&object);
        let cure = scene.curable(Cause::BadStatistics, "MY62", about).await;
        let done = scene.cured(&cure).await;
        assert!(matches!(done[0].survey.inverse, Inverse::None(_)), "old statistics do not come back");
        assert!(uses_it(&mut scene), "{}", scene.product);

        // Its twin: the same work, and statistics of the table as it is.
        let found = scene.until("the twin", None, |found| !roots(found).contains(&Cause::BadStatistics)).await;
        drop(traffic);
        assert!(!found.plans.iter().any(|plan| plan.procedure == "MY62" && about(plan)), "{:#?}", found.plans);
    })
    .await;
}
