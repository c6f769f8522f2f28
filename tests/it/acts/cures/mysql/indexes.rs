//! Indexes that statements lack, and indexes that others make spare.

use super::*;
use dba_gpt::domain::procedure::Check;
use dba_gpt::domain::proposal::kind::ObjectRef;

registry::cures! {
    "mysql", at_hand;
    an_index_that_a_statement_lacks_is_built_and_dropped_again,
    indexes_that_others_make_spare_are_dropped_and_come_back,
}

async fn an_index_that_a_statement_lacks_is_built_and_dropped_again(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "index", &mut dice);
        let (table, columns, rows) = (dice.table(), dice.columns(2), dice.between(20_000, 60_000));
        let [wanted, other] = [&columns[0], &columns[1]];
        scene.run(&format!(
            "CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, {other} INT, {wanted} INT, note VARCHAR(80), \
             KEY by_{other} ({other}, {wanted}))"
        ));
        scene.fill(&format!("{table} ({other}, {wanted}, note)"), "n % 10, n, REPEAT('x', 60)", rows);
        let before = scene.definition(&table);
        let statement = format!("SELECT id, note FROM {table} WHERE {wanted} = {}", rows + 7);
        let lacks = |plan: &Plan| plan.title.contains(&format!("{table} ({wanted})"));
        let traffic = Traffic::of(&scene, dice.between(1, 2), &statement);
        let cure = scene.curable(Cause::MissingIndex, "C3", lacks).await;
        drop(traffic);

        // A text does not find its number by an index: the plan leaves it alone, and it goes again by itself.
        let mut useless = cure.clone();
        useless.steps[0].verification.within_ms = 1_000;
        scene.run(&format!("ALTER TABLE {table} MODIFY {wanted} VARCHAR(20)"));
        let altered = scene.definition(&table);
        let undone = scene.bed.carried_out(&useless).await;
        assert_eq!(undone.stage, Stage::Undone, "{}: {:?}", scene.product, undone.happenings);
        assert_eq!(parts(&scene.definition(&table)), parts(&altered), "{}", scene.product);
        scene.run(&format!("ALTER TABLE {table} MODIFY {wanted} INT"));

        let done = scene.cured(&cure).await;
        assert_ne!(parts(&scene.definition(&table)), parts(&before));
        scene.bed.undone(&done[0]).await;
        assert_eq!(parts(&scene.definition(&table)), parts(&before), "{}", scene.product);

        // Its twin: the writers of such a table would wait for the build.
        scene.run(&format!("ALTER TABLE {table} ENGINE = MyISAM"));
        let traffic = Traffic::of(&scene, 1, &statement);
        let is_planned = |found: &Examined| found.plans.iter().any(|plan| plan.procedure == "C3" && lacks(plan));
        let found = scene.until("the twin", None, is_planned).await;
        drop(traffic);
        let blocked = &plan(&found, "C3", &table).blocked;
        assert!(blocked.iter().any(|why| why.contains("writers would wait")), "{blocked:?}");
    })
    .await;
}

async fn indexes_that_others_make_spare_are_dropped_and_come_back(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "spare", &mut dice);
        let (table, columns) = (dice.table(), dice.columns(4));
        let [a, b, c, owner] = [&columns[0], &columns[1], &columns[2], &columns[3]];
        // Of these three are spare. The unique one is a rule, and the one of the foreign key has no other.
        let keys = dice.shuffled(&[
            format!("KEY k_one ({a})"),
            format!("KEY k_two ({a}, {b})"),
            format!("KEY k_whole ({a}, {b}, {c})"),
            format!("KEY k_three ({b})"),
            format!("KEY k_wide ({b}, {c})"),
            format!("UNIQUE KEY rule ({c}, id)"),
            format!("KEY k_owner ({owner})"),
            format!("FOREIGN KEY belongs ({owner}) REFERENCES owners (id)"),
        ]);
        scene.run(&format!(
            "CREATE TABLE owners (id INT PRIMARY KEY); INSERT INTO owners VALUES (1); \
             CREATE TABLE {table} (id BIGINT AUTO_INCREMENT PRIMARY KEY, {a} INT, {b} INT, {c} INT, {owner} INT, {})",
            keys.join(", ")
        ));
        let before = scene.definition(&table);
        let row = |n: u32| format!("({n}, {}, {}, 1)", n % 17, n % 91);
        let rows: Vec<String> = (0..dice.between(150, 400)).map(row).collect();
        let insert = format!("INSERT INTO {table} ({a}, {b}, {c}, {owner}) VALUES {}", rows.join(", "));
        let traffic = Traffic::of(&scene, dice.between(1, 2), &insert);
        let object = format!("{}.{table}", scene.database);
        let cure = scene.curable(Cause::RedundantIndexes, "MY27", |plan| plan.title.contains(&object)).await;
        drop(traffic);
        let mut dropped: Vec<String> = cure.steps.iter().map(|step| step.draft.statement.clone()).collect();
        dropped.sort();
        let [one, three, two] = dropped.as_slice() else { panic!("{dropped:#?}") };
        for (statement, name) in [(one, "k_one"), (three, "k_three"), (two, "k_two")] {
            assert!(statement.contains(&format!("DROP INDEX {name},")), "{dropped:#?}");
        }

        // The index that makes it spare goes before anybody approves.
        let waits = scene.proposed(&cure, 0).await.unwrap();
        let serves = cure.steps[0].why.split(' ').next().unwrap().to_owned();
        scene.run(&format!("ALTER TABLE {table} DROP INDEX {serves}"));
        scene.refused_at_last(&waits).await;
        let again = keys.iter().find(|key| key.starts_with(&format!("KEY {serves} "))).unwrap();
        scene.run(&format!("ALTER TABLE {table} ADD {again}"));

        let done = scene.cured(&cure).await;
        assert_eq!(done.len(), 3);
        assert!(!scene.definition(&table).contains("`k_two`"));
        for drop in done.iter().rev() {
            scene.bed.undone(drop).await;
        }
        assert_eq!(parts(&scene.definition(&table)), parts(&before), "{}", scene.product);
        let gone = Check::IndexGone(ObjectRef::new(&scene.database, &table), "k_one".into());
        assert_eq!(scene.bed.answer(&gone).await.held, Some(false));
    })
    .await;
}

/// The parts of a table's definition in any order: an index that comes back stands behind the others, and rows that
/// came and went have moved the next number.
fn parts(definition: &str) -> Vec<String> {
    let line = |line: &str| {
        let words = line.trim().trim_end_matches(',').split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
        words.collect::<Vec<_>>().join(" ")
    };
    let mut parts: Vec<String> = definition.lines().map(line).collect();
    parts.sort();
    parts
}
