//! Approvals in the real program on a real terminal: two keys approve, nothing else does, and what waits survives
//! every way in which a terminal or a process can go away.

use crate::support::demo;
use crate::support::terminal::{PROGRAM, Setup, Terminal, key};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const DELETE: &str = "DELETE FROM reviews WHERE id IN (1, 2)";

fn start(home: &Path) -> Terminal {
    let terminal = Setup::new(&["--demo"]).variable("DBA_GPT_HOME", &home.display().to_string()).start();
    terminal.wait_text("[2 Health]");
    terminal
}

/// Types a statement in the chat and waits until it is filed.
fn propose(terminal: &Terminal, statement: &str) {
    terminal.send("1");
    terminal.wait_text("[1 Chat]");
    terminal.send("i");
    terminal.wait_text("Enter sends");
    terminal.send(statement);
    terminal.wait_text(&statement[statement.len() - 20..]);
    terminal.send(key::ENTER);
    terminal.wait_text("waits for your approval");
}

/// Leaves the composer and opens the approvals.
fn open_approvals(terminal: &Terminal) {
    terminal.send(key::ESC);
    terminal.wait_text("KEYS");
    terminal.send("4");
    terminal.wait_text("[4 Approvals");
}

fn json(home: &Path, arguments: &[&str]) -> Vec<Value> {
    let ran = Command::new(PROGRAM).args(arguments).env("DBA_GPT_HOME", home).env("HOME", home).output().unwrap();
    String::from_utf8(ran.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn reviews(home: &Path) -> u64 {
    let counted = ["--demo", "sql", "SELECT count(*) AS n FROM reviews", "--format", "json"];
    json(home, &counted)[0]["n"].as_u64().unwrap()
}

fn stages(home: &Path) -> Vec<String> {
    let listed = json(home, &["approvals", "list", "--all", "--json"]);
    listed.iter().map(|line| line["stage"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_keys_approve_and_the_rows_are_gone() {
    let home = tempfile::tempdir().unwrap();
    demo::place_in(home.path());
    let before = reviews(home.path());
    let terminal = start(home.path());
    propose(&terminal, DELETE);
    open_approvals(&terminal);
    terminal.wait_text("Approve: A");
    // Enter alone, or a paste, is no approval.
    terminal.send(key::ENTER);
    terminal.send(&key::pasted("A\r"));
    terminal.wait_text("Approve: A");
    assert_eq!(stages(home.path()), ["waiting"]);
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
    assert_eq!((reviews(home.path()), stages(home.path())), (before - 2, vec!["done".to_owned()]));
}

#[test]
fn a_terminal_that_goes_away_decides_nothing() {
    for end in [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGKILL] {
        let home = tempfile::tempdir().unwrap();
        demo::place_in(home.path());
        let before = reviews(home.path());
        let mut terminal = start(home.path());
        propose(&terminal, DELETE);
        open_approvals(&terminal);
        terminal.wait_text("Approve: A");
        terminal.send("A");
        terminal.wait_text("Enter within 10 s");
        terminal.signal(end);
        terminal.wait_exit();
        assert_eq!((reviews(home.path()), stages(home.path())), (before, vec!["waiting".to_owned()]), "{end}");
        // The next start still has it.
        let again = start(home.path());
        again.send("4");
        again.wait("it waits still", |screen| {
            let text = screen.contents();
            text.contains("1 waits") && text.contains(DELETE)
        });
    }
}
