//! Settings that make plans worse than they have to be.

use super::*;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    a_setting_that_spoils_plans_goes_back,
    a_strange_setting_that_harms_nobody_is_left_alone,
    a_setting_that_is_wrong_in_the_file_as_well_is_taken_back_to_what_it_was,
}

/// Settings that keep the planner from an index, with a bad value of each.
const BAD: &[(&str, &str)] =
    &[("random_page_cost", "1500000"), ("random_page_cost", "90000"), ("cpu_index_tuple_cost", "7000")];

fn indexed(table: &str, column: &str, rows: u32) -> String {
    format!(
        "CREATE TABLE {table} (id bigserial PRIMARY KEY, {column} int, note text);
         INSERT INTO {table} ({column}, note) SELECT (random() * {rows})::int, md5(i::text) FROM generate_series(1, {rows}) i;
         CREATE INDEX ON {table} ({column}); ANALYZE {table}"
    )
}

/// A server with a bad setting, and clients that suffer from it.
async fn suffering(kit: &Kit, dice: &mut Dice, settings: &str) -> (Scene, Load, (&'static str, &'static str)) {
    let (table, column, rows) = (dice.table(), dice.columns(1).remove(0), dice.between(120_000, 250_000));
    let (name, value) = *dice.pick(BAD);
    let settings = settings.replace('$', name);
    let more = "max_parallel_workers_per_gather = 0";
    let scene = Scene::start(kit, &format!("{more}\n{settings}"), &indexed(&table, &column, rows)).await;
    scene.set(name, value).await;
    let load = scene.load(dice.between(2, 4), &format!("SELECT * FROM {table} WHERE {column} = {}", rows / 2)).await;
    (scene, load, (name, value))
}

async fn a_setting_that_spoils_plans_goes_back(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let (scene, _load, (name, value)) = suffering(&kit, &mut dice, "").await;
        let found = scene.found(Cause::ConfigRegression, name, None).await;
        let state = format!(
            "SELECT setting::float8 FROM pg_file_settings WHERE name = '{name}' AND sourcefile LIKE '%auto.conf'"
        );
        let back = plan(&found, "PG56", &format!("Set {name} back"));
        scene.rolled_back(back, 0, &state).await;
        let done = scene.through(back).await;
        assert_eq!(scene.one(&state).await, "");
        scene.looked_until(None, "its end", |found| !roots(found).contains(&Cause::ConfigRegression)).await;
        scene.bed.undone(&done[0]).await;
        assert_eq!(scene.one(&state).await, value);
    })
    .await;
}

async fn a_strange_setting_that_harms_nobody_is_left_alone(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let scene = Scene::start(&kit, "", &indexed("t", "code", dice.between(1_000, 5_000))).await;
        let (name, value) = *dice.pick(BAD);
        scene.set(name, value).await;
        let found = scene.looked(None).await;
        assert_eq!(verdict(&found, Cause::ConfigRegression), Some(Verdict::Inconclusive), "{:#?}", found.diagnosis);
        assert!(found.plans.iter().all(|plan| plan.procedure != "PG56"), "{:#?}", found.plans);
    })
    .await;
}

async fn a_setting_that_is_wrong_in_the_file_as_well_is_taken_back_to_what_it_was(seed: u64) {
    on_one(seed, async |kit| {
        let mut dice = Dice::new(seed);
        let (scene, _load, (name, value)) = suffering(&kit, &mut dice, "$ = 40000").await;
        let found = scene.found(Cause::ConfigRegression, name, None).await;
        let mut back = plan(&found, "PG56", &format!("Set {name} back")).clone();
        back.steps[0].verification.within_ms = 1_000;
        // What ALTER SYSTEM RESET leaves is the file's own value, which is as bad.
        let undone = scene.bed.carried_out(&back).await;
        assert_eq!(undone.stage, Stage::Undone, "{:?}", undone.happenings);
        scene
            .until(
                "the value that it had",
                &format!("SELECT setting::float8 FROM pg_settings WHERE name = '{name}'"),
                value,
            )
            .await;
    })
    .await;
}
