//! From `sql --propose` to `approvals approve` with the real program, on a real terminal.

use super::program::{run, text};
use crate::support::demo;
use crate::support::terminal::{Setup, Terminal, key};
use serde_json::Value;
use std::path::Path;

fn rows(home: &Path) -> Vec<Value> {
    let ran = run(home, &["--demo", "sql", "SELECT id, rating FROM reviews WHERE id <= 3", "--format", "json"]);
    text(&ran.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn propose(home: &Path, statement: &str) -> u64 {
    let ran = run(home, &["--demo", "sql", "--propose", "--json", statement]);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    serde_json::from_str::<Value>(&text(&ran.stdout)).unwrap()["id"].as_u64().unwrap()
}

fn approve(home: &Path, id: u64, lines: u16) -> Terminal {
    let home = home.display().to_string();
    let setup = Setup::new(&["--demo", "approvals", "approve", &id.to_string()]);
    setup.variable("DBA_GPT_HOME", &home).size(100, lines).start()
}

#[test]
fn a_person_at_a_terminal_approves_and_it_runs_once() {
    let home = tempfile::tempdir().unwrap();
    demo::place_in(home.path());
    let before = rows(home.path());
    let id = propose(home.path(), "DELETE FROM reviews WHERE id IN (1, 2)");
    assert_eq!(rows(home.path()), before);
    let mut terminal = approve(home.path(), id, 200);
    terminal.wait_text("Type approve to approve");
    // A machine is faster than a person: it is asked to read.
    terminal.send(&format!("approve{}", key::ENTER));
    terminal.wait("asked again or done", |screen| {
        let text = screen.contents();
        text.contains("once more") || text.contains(&format!("#{id} done"))
    });
    while !terminal.text().contains(&format!("#{id} done")) {
        let asked = terminal.text().matches("Type approve").count();
        terminal.send(&format!("approve{}", key::ENTER));
        terminal.wait("asked again or done", |screen| {
            let text = screen.contents();
            text.matches("Type approve").count() > asked || text.contains(&format!("#{id} done"))
        });
    }
    assert!(terminal.wait_exit().success());
    assert_eq!(rows(home.path()).len(), before.len() - 2);
    let again = run(home.path(), &["--demo", "approvals", "list", "--all", "--json"]);
    assert!(text(&again.stdout).contains("\"done\""), "{again:?}");
    let verified = run(home.path(), &["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[test]
fn whatever_else_is_typed_leaves_it_waiting() {
    let home = tempfile::tempdir().unwrap();
    demo::place_in(home.path());
    let before = rows(home.path());
    let id = propose(home.path(), "DELETE FROM reviews WHERE id = 1");
    for (lines, keys) in [(200, "yes\r"), (200, "\r"), (200, "\x04"), (12, "q\r")] {
        let mut terminal = approve(home.path(), id, lines);
        terminal.wait("asked", |screen| {
            let text = screen.contents();
            text.contains("Type approve") || text.contains("Enter shows the rest")
        });
        terminal.send(keys);
        terminal.wait_text("nothing was approved");
        assert!(!terminal.wait_exit().success());
    }
    assert_eq!(rows(home.path()), before);
}
