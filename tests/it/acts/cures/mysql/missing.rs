//! Statements that name a table or a column that is not there.

use super::*;

registry::cures! {
    "mysql", at_hand;
    a_table_that_was_dropped_is_made_again_as_it_was,
    a_column_by_typo_is_named_and_one_that_never_was_is_not_made_up,
}

async fn a_table_that_was_dropped_is_made_again_as_it_was(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "gone", &mut dice);
        // Scenarios of one seed draw the same names, and a table of this name elsewhere would rightly stop the plan.
        let (table, columns) = (format!("gone_{}", dice.table()), dice.columns(3));
        let [a, b, c] = [&columns[0], &columns[1], &columns[2]];
        let mut parts = vec![
            format!("KEY k_{a} ({a}, {b})"),
            format!("UNIQUE KEY once ({c})"),
            format!("FOREIGN KEY belongs ({b}) REFERENCES owners (id) ON DELETE CASCADE"),
        ];
        parts = dice.shuffled(&parts);
        parts.truncate(dice.between(1, 3) as usize);
        scene.run(&format!(
            "CREATE TABLE owners (id INT PRIMARY KEY); CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, \
             {a} VARCHAR({long}) NOT NULL DEFAULT 'it''s', {b} INT, {c} DECIMAL(12, 2), note TEXT, {rest}) \
             COMMENT='kept'",
            long = dice.between(4, 60),
            rest = parts.join(", "),
        ));
        let definition = scene.definition(&table);
        let object = format!("{}.{table}", scene.database);
        let known = scene.remembered(&object).await;
        assert!(!known.is_empty(), "{}: its definition was seen", scene.product);
        scene.run(&format!("DROP TABLE {table}"));
        let incident = scene.incident_of(&format!("SELECT {a}, note FROM {table} WHERE {b} = 1")).await;
        assert_eq!(incident.object.as_deref(), Some(object.as_str()));

        // A table of the same name in another database may be the one that is meant.
        let elsewhere = format!("{}_b", scene.database);
        scene.run(&format!(
            "CREATE DATABASE {elsewhere}; CREATE TABLE {elsewhere}.{table} (id INT); \
             GRANT SELECT ON {elsewhere}.* TO dbagpt_ro@'%'"
        ));
        let is_root = |found: &Examined| roots(found).contains(&Cause::MissingTable);
        let twin = scene.until_with("the twin", (Some(&incident), &known), is_root).await;
        scene.run(&format!("DROP DATABASE {elsewhere}; REVOKE SELECT ON {elsewhere}.* FROM dbagpt_ro@'%'"));
        let blocked = &plan(&twin, "C1", &table).blocked;
        assert!(blocked.iter().any(|why| why.contains(&elsewhere)), "{blocked:?}");

        let found = scene.until_with("the missing table", (Some(&incident), &known), is_root).await;
        let cure = plan(&found, "C1", &table);
        // Somebody else makes one before it is approved.
        let waits = scene.proposed(cure, 0).await.unwrap();
        scene.run(&format!("CREATE TABLE {table} (id INT)"));
        scene.refused_at_last(&waits).await;
        assert!(!scene.definition(&table).contains("note"), "theirs is left alone");
        scene.run(&format!("DROP TABLE {table}"));

        let done = scene.cured(cure).await;
        assert_eq!(scene.definition(&table), definition, "{}", scene.product);
        scene.bed.undone(&done[0]).await;
        assert!(scene.run(&format!("SHOW TABLES LIKE '{table}'")).is_empty());
    })
    .await;
}

async fn a_column_by_typo_is_named_and_one_that_never_was_is_not_made_up(seed: u64) {
    on_both(seed, |server, mut dice| async move {
        let mut scene = Scene::new(&server, "typo", &mut dice);
        let (table, columns) = (dice.table(), dice.columns(4));
        let listed: Vec<String> = columns.iter().map(|column| format!("{column} INT")).collect();
        scene.run(&format!("CREATE TABLE {table} (id INT PRIMARY KEY, {})", listed.join(", ")));
        let definition = scene.definition(&table);
        let meant = dice.pick(&columns).clone();
        let slip = slipped(&meant, &mut dice);
        let is_root = |found: &Examined| roots(found).contains(&Cause::MissingColumn);

        let incident = scene.incident_of(&format!("SELECT id, {slip} FROM {table} WHERE id = 7")).await;
        let found = scene.until("the slip", Some(&incident), is_root).await;
        let cure = plan(&found, "C2", &slip);
        let named = format!("{}.{table}.{meant}", scene.database);
        assert!(cure.advice.iter().any(|advice| advice.contains(&named)), "{slip} is {named}: {cure:#?}");
        assert!(cure.steps.is_empty(), "the statement is wrong, not the table: {cure:#?}");

        let incident = scene.incident_of(&format!("SELECT warranty_until FROM {table}")).await;
        let found = scene.until("the unknown column", Some(&incident), is_root).await;
        let cure = plan(&found, "C2", "warranty_until");
        assert!(cure.steps.is_empty() && cure.blocked.iter().any(|why| why.contains("type")), "{cure:#?}");
        assert_eq!(scene.definition(&table), definition);
    })
    .await;
}

/// A word with one slip of the fingers: a letter twice, one missing, or two in the wrong order.
fn slipped(word: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = dice.between(1, u32::try_from(letters.len() - 2).unwrap()) as usize;
    match dice.between(0, 2) {
        0 => letters.insert(at, letters[at]),
        1 => drop(letters.remove(at)),
        _ if letters[at] == letters[at + 1] => letters.insert(at, 'x'),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}
