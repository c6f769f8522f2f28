//! The whole way in the real program on a real terminal: what is wrong is looked for with one key, the plan is proposed
//! with another, and approved with two.

use super::locks::{Queue, rows};
use super::*;
use crate::support::terminal::{Setup, Terminal, key};
use std::path::Path;

crate::acts::cures::registry::cures! {
    "postgres", ready;
    a_queue_is_freed_by_the_keys_of_a_person,
}

/// The program with this server as its only target, which may be changed.
fn program(home: &Path, own: &Own) -> Terminal {
    let url = own.url("dbagpt_ro", "shop").replace(":none@", "@");
    let config = format!(
        "[targets.shop]\nurl = \"{url}?sslmode=disable\"\nenvironment = \"dev\"\nread_only = false\n\
         [targets.shop.fix]\nuser = \"dbagpt_admin\"\npassword = \"${{env:NO_PASSWORD}}\"\n"
    );
    let file = home.join("config.toml");
    std::fs::write(&file, config).unwrap();
    let setup = Setup::new(&["--config", &file.display().to_string(), "--no-llm"]).size(140, 60);
    setup.variable("DBA_GPT_HOME", &home.display().to_string()).variable("NO_PASSWORD", "none").start()
}

async fn a_queue_is_freed_by_the_keys_of_a_person(seed: u64) {
    on_each(async |kit| {
        let mut dice = Dice::new(seed);
        let (table, id, many) = (dice.table(), dice.between(1, 500), dice.between(2, 6));
        let scene = Scene::start(&kit, "", &rows(&table)).await;
        let home = tempfile::tempdir().unwrap();
        let terminal = program(home.path(), &scene.own);
        terminal.wait_text("1 Chat");
        terminal.send("2");
        terminal.wait_text("LIVE");

        let head = scene.client().await;
        let update = format!("UPDATE {table} SET v = v + 1 WHERE id = {id}");
        head.batch_execute(&format!("BEGIN; {update}")).await.unwrap();
        let queue = Queue::of(&scene, many, &update).await;
        let number = pid(&head).await;
        terminal.send("D");
        terminal.wait("causes", |screen| screen.contents().contains("do: Free"));
        assert!(terminal.text().contains(&format!("session {number}")), "{}", terminal.text());
        terminal.send("p");
        terminal.wait_text("4 Approvals 1");
        terminal.send("4");
        terminal.wait_text("Approve: A");
        loop {
            terminal.send("A");
            // Two keys at once are a paste; a person takes longer, here until the screen's own clock has moved.
            let asked = terminal.wait_text("Enter within 10 s");
            terminal.wait("the clock has moved", |screen| screen.contents() != asked);
            terminal.send(key::ENTER);
            let after = terminal.wait("done, or asked for the first key again", |screen| {
                let text = screen.contents();
                text.contains("is done") || text.contains("Approve: A")
            });
            if after.contains("is done") {
                break;
            }
        }
        queue.went_on().await;
        assert_eq!(scene.one(&format!("SELECT v FROM {table} WHERE id = {id}")).await, many.to_string());
        eventually(PATIENCE, "its end", async || head.is_closed()).await;
    })
    .await;
}
