//! The real program in real pipes: what only a process can show.

use super::rig::argument;
use crate::support::terminal::PROGRAM;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

/// The program with nothing of the person's environment and a home of its own.
fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("DBA_GPT_HOME", home).env("HOME", home).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(home: &Path, arguments: &[&str]) -> Output {
    program(home, arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Waits for the end, but not for ever: a program that hangs fails the test instead of the run. Gives what it said.
fn end(mut child: Child) -> (ExitStatus, String) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let (ended, waited) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut talk = String::new();
        child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
        let _ = ended.send((child.wait().unwrap(), talk));
    });
    waited.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| {
        kill(pid, Signal::SIGKILL).unwrap();
        panic!("the program goes on");
    })
}

#[test]
fn the_demo_answers_with_nothing_else_done() {
    let home = tempfile::tempdir().unwrap();
    let counted = run(home.path(), &["sql", "select count(*) as n from orders", "--demo", "--format", "csv"]);
    assert_eq!(counted.status.code(), Some(0), "{counted:?}");
    let orders: u64 = text(&counted.stdout).strip_prefix("n\n").unwrap().trim().parse().unwrap();
    assert!(orders > 1_000);

    let asked = run(home.path(), &["ask", "select count(*) as n from orders", "--demo", "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!((&answer["schema"], &answer["rows"][0][0]), (&serde_json::json!(1), &serde_json::json!(orders)));
    assert_eq!(answer["target"], "demo");

    let health = run(home.path(), &["--demo", "health", "--json"]);
    let sampled: serde_json::Value = serde_json::from_slice(&health.stdout).unwrap();
    assert_eq!((health.status.code(), sampled["state"].as_str()), (Some(0), Some("ok")), "{sampled}");
    assert_eq!(run(home.path(), &["doctor", "--demo"]).status.code(), Some(0));
    assert_eq!(run(home.path(), &["targets", "test", "--demo"]).status.code(), Some(0));
    let refused = run(home.path(), &["sql", "drop table orders", "--demo"]);
    assert_eq!((refused.status.code(), refused.stdout.is_empty()), (Some(4), true));
}

#[test]
fn a_script_never_takes_the_demo_for_its_own_database() {
    let home = tempfile::tempdir().unwrap();
    let ran = run(home.path(), &["sql", "select 1"]);
    assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(2), String::new()));
    assert!(!home.path().join("data").join("demo.db").exists(), "it was made although nobody asked for it");
}

#[test]
fn a_verdict_comes_before_the_next_statement_is_sent() {
    let home = tempfile::tempdir().unwrap();
    let mut child =
        program(home.path(), &["guard", "--engine", "sqlite", "--lines"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut statements = child.stdin.take().unwrap();
    let mut verdicts = BufReader::new(child.stdout.take().unwrap());
    for (statement, expected) in [("select 1", "allow\tread\t"), ("", "deny\tunparsed\t"), (r"\q", "deny\tunparsed\t")]
    {
        writeln!(statements, "{statement}").unwrap();
        let mut verdict = String::new();
        verdicts.read_line(&mut verdict).unwrap();
        assert!(verdict.starts_with(expected), "{statement}: {verdict}");
    }
    drop(statements);
    assert_eq!(end(child).0.code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("create table t(a)").unwrap();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
    let arguments = ["sql", endless, "--format", "csv", "--limit", "1000000000", "--target", argument(&file)];
    let mut child = program(home.path(), &arguments).spawn().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    rows.read_line(&mut line).unwrap();
    assert_eq!(line, "i\n");
    drop(rows);
    let (status, talk) = end(child);
    assert_eq!((status.code(), talk.as_str()), (Some(0), ""));
}

#[test]
fn ctrl_c_stops_a_statement_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("a.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("create table t(a)").unwrap();
    // It streams a first row, so that the test knows that it runs.
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) \
                   select i from n where i < 20000 or i < 0";
    let arguments = ["sql", endless, "--format", "csv", "--limit", "1000000000", "--target", argument(&file)];
    let mut child = program(home.path(), &arguments).spawn().unwrap();
    let mut rows = BufReader::new(child.stdout.take().unwrap());
    rows.read_line(&mut String::new()).unwrap();
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    rows.read_to_string(&mut String::new()).unwrap();
    let (status, talk) = end(child);
    assert_eq!(status.code(), Some(1));
    assert!(talk.contains("stopped"), "{talk}");
}

#[test]
fn wrong_usage_and_a_wrong_configuration_are_exit_code_2() {
    let home = tempfile::tempdir().unwrap();
    for arguments in
        [&["--nonsense"][..], &["sql"], &["guard", "--engine", "oracle"], &["health", "--target", "nobody"]]
    {
        let ran = run(home.path(), arguments);
        assert_eq!((ran.status.code(), text(&ran.stdout)), (Some(2), String::new()), "{arguments:?}");
        assert!(!ran.stderr.is_empty());
    }
    std::fs::write(home.path().join("config.toml"), "[limits]\nrows = \"many\"\n").unwrap();
    let checked = run(home.path(), &["config", "check"]);
    assert_eq!(checked.status.code(), Some(2));
    assert!(text(&checked.stdout).starts_with("config.toml:2:"), "{checked:?}");
    assert_eq!(run(home.path(), &["health"]).status.code(), Some(2));
    assert_eq!(run(home.path(), &["completions", "bash"]).status.code(), Some(0));
}
