//! Indexes that are missing, and those that were left half built.

use super::*;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    an_index_that_statements_lack_is_built_and_used,
    a_small_table_gets_no_index,
    an_index_that_was_left_half_built_is_built_anew_and_one_that_is_being_built_is_left_alone,
    an_index_that_cannot_be_built_anew_leaves_nothing_behind,
}

fn filled(table: &str, columns: &[String], rows: u32) -> String {
    let typed: Vec<String> = columns.iter().map(|column| format!("{column} int")).collect();
    let values: Vec<String> = columns.iter().map(|_| format!("(random() * {rows})::int")).collect();
    format!(
        "CREATE TABLE {table} (id bigserial PRIMARY KEY, {}, note text);
         INSERT INTO {table} ({}, note) SELECT {}, md5(i::text) FROM generate_series(1, {rows}) i; ANALYZE {table}",
        typed.join(", "),
        columns.join(", "),
        values.join(", ")
    )
}

const INDEXES: &str =
    "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'";

async fn an_index_that_statements_lack_is_built_and_used(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let (table, columns, rows) = (dice.table(), dice.columns(2), dice.between(120_000, 250_000));
        let scene = Scene::start(&kit, "", &filled(&table, &columns, rows)).await;
        let before = scene.one(INDEXES).await;
        let wanted = dice.between(1, rows);
        let statement = format!("SELECT id, note FROM {table} WHERE {} = {wanted}", columns[0]);
        let load = scene.load(dice.between(2, 4), &statement).await;
        let found = scene.found(Cause::MissingIndex, &table, None).await;
        let build = plan(&found, "C3", &format!("Index {table} ({})", columns[0])).clone();

        // A planner that may use no index takes no new one either: it did not help, and the undo waits.
        scene.set("enable_indexscan", "off").await;
        scene.set("enable_bitmapscan", "off").await;
        let mut vain = build.clone();
        vain.steps[0].verification.within_ms = 1_000;
        let failed = scene.bed.carried_out(&vain).await;
        assert_eq!(failed.verified.as_ref().and_then(|v| v.held), Some(false), "{:?}", failed.happenings);
        let undo = scene.approve_next().await;
        assert_eq!(undo.origin, Origin::Undo(failed.id));
        assert_eq!(scene.one(INDEXES).await, before);
        scene.run("ALTER SYSTEM RESET ALL").await;
        scene.reloaded().await;

        let done = scene.through(&build).await;
        let plan_now = scene.client().await.simple_query(&format!("EXPLAIN {statement}")).await.unwrap();
        assert!(format!("{plan_now:?}").contains(&format!("{table}_{}_idx", columns[0])), "{plan_now:?}");
        scene.looked_until(None, "no missing index", |found| !roots(found).contains(&Cause::MissingIndex)).await;
        drop(load);
        scene.bed.undone(&done[0]).await;
        assert_eq!(scene.one(INDEXES).await, before);
    })
    .await;
}

async fn a_small_table_gets_no_index(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, columns, rows) = (dice.table(), dice.columns(2), dice.between(100, 900));
        let scene = Scene::start(&kit, "", &filled(&table, &columns, rows)).await;
        let _load = scene.load(2, &format!("SELECT id, note FROM {table} WHERE {} = 7", columns[0])).await;
        let found = scene.looked(None).await;
        assert!(!roots(&found).contains(&Cause::MissingIndex), "{:#?}", found.diagnosis);
        nothing_of(&found, "C3");
    })
    .await;
}

async fn an_index_that_was_left_half_built_is_built_anew_and_one_that_is_being_built_is_left_alone(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, columns, rows) = (dice.table(), dice.columns(2), dice.between(100, 20_000));
        let scene = Scene::start(&kit, "", &filled(&table, &columns, rows)).await;
        let (writer, builder) = (scene.client().await, scene.client().await);
        writer.batch_execute(&format!("BEGIN; UPDATE {table} SET note = 'w' WHERE id = 1")).await.unwrap();
        let (name, number) = (format!("{table}_by_{}", columns[1]), pid(&builder).await);
        let statement = format!("CREATE INDEX CONCURRENTLY {name} ON {table} ({})", columns[1]);
        let building = tokio::spawn(async move { builder.batch_execute(&statement).await });
        let valid = format!("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{name}')");
        scene.until("a build that waits", &valid, "f").await;

        // The twin: it is not whole because somebody builds it.
        let found = scene.looked(None).await;
        assert!(!roots(&found).contains(&Cause::InvalidIndex), "{:#?}", found.diagnosis);
        nothing_of(&found, "PG18");

        scene.run(&format!("SELECT pg_cancel_backend({number})")).await;
        building.await.unwrap().unwrap_err();
        writer.batch_execute("COMMIT").await.unwrap();
        assert_eq!(scene.one(&valid).await, "f");
        let found = scene.found(Cause::InvalidIndex, &format!("public.{name}"), None).await;
        scene.through(plan(&found, "PG18", &format!("Build public.{name}"))).await;
        assert_eq!(scene.one(&valid).await, "t");
        let after = scene.looked(None).await;
        assert_eq!(verdict(&after, Cause::InvalidIndex), Some(Verdict::Refuted), "{:#?}", after.diagnosis);
    })
    .await;
}

async fn an_index_that_cannot_be_built_anew_leaves_nothing_behind(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, columns) = (dice.table(), dice.columns(1));
        let scene = Scene::start(&kit, "", &filled(&table, &columns, dice.between(100, 5_000))).await;
        scene.run(&format!("UPDATE {table} SET {} = 7 WHERE id <= 2", columns[0])).await;
        let name = format!("one_{}", columns[0]);
        let unique = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({})", columns[0]);
        scene.hand.batch_execute(&unique).await.unwrap_err();
        let before = scene.one(INDEXES).await;
        let found = scene.found(Cause::InvalidIndex, &format!("public.{name}"), None).await;
        let vain = scene.bed.carried_out(plan(&found, "PG18", &name)).await;
        assert_ne!(vain.verified.as_ref().and_then(|v| v.held), Some(true), "{:?}", vain.happenings);
        assert_eq!(scene.one(INDEXES).await, before, "{:?}", vain.happenings);
    })
    .await;
}
