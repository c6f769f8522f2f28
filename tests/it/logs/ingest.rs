//! The command `logs ingest` in the real program: summary, JSON, the store, and files that are read once.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const CONFIG: &str = "[targets.shop]\nurl = \"postgres://ann@127.0.0.1:1/shop\"\n";

struct Rig(TempDir);

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rig = Self(folder);
        rig.write("config.toml", CONFIG.as_bytes());
        rig
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dba-gpt"))
            .env("DBA_GPT_HOME", self.0.path().join("home"))
            .arg("--config")
            .arg(self.path("config.toml"))
            .args(["logs", "ingest"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    fn objects(&self, arguments: &[&str], input: &[u8]) -> Vec<Value> {
        let ran = self.run(arguments, input);
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How often the store counted errors of this signature.
    fn counted(&self, signature: &str) -> i64 {
        let mut folders = vec![self.0.path().join("home")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().map(Result::unwrap) {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if entry.file_name() == "store.db" {
                    let store = rusqlite::Connection::open(entry.path()).unwrap();
                    let sum = "SELECT coalesce(sum(count), 0) FROM error_hours WHERE signature = ?1";
                    return store.query_row(sum, [signature], |row| row.get(0)).unwrap();
                }
            }
        }
        panic!("there is no store")
    }
}

fn missing(number: usize) -> String {
    format!(
        "2026-11-21 20:40:{:02}.059 UTC [7] ann@shop ERROR:  relation \"t{number}\" does not exist at character 15\n\
         2026-11-21 20:40:{:02}.059 UTC [7] ann@shop STATEMENT:  SELECT * FROM\n\tt{number}\n",
        number % 60,
        number % 60
    )
}

fn missing_tables(numbers: std::ops::Range<usize>) -> String {
    numbers.map(missing).collect()
}

/// The signature of all of them, from the interface's own vectors.
const MISSING: &str = "bd177a19c5a3";

fn compressed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_dry_run_needs_no_configuration_and_keeps_nothing() {
    let rig = Rig::new();
    rig.write("config.toml", b"this is no configuration");
    let events = rig.objects(&["-", "--engine", "postgres", "--dry-run", "--json"], missing_tables(0..2).as_bytes());
    assert_eq!(events.len(), 2);
    let event = &events[1];
    for (key, value) in [
        ("time", "2026-11-21T20:40:01.059Z"),
        ("user", "ann"),
        ("database", "shop"),
        ("severity", "ERROR"),
        ("code", "42P01"),
        ("message", "relation \"t1\" does not exist"),
        ("statement", "SELECT * FROM\nt1"),
        ("kind", "TABLE_NOT_FOUND"),
        ("signature", MISSING),
        ("object", "t1"),
    ] {
        assert_eq!(event[key], value, "{key}");
    }
    assert_eq!((&event["schema"], &event["pid"], &event["detail"]), (&1.into(), &7.into(), &Value::Null));
    assert!(!rig.path("home").join("data").exists());
}

#[test]
fn the_summary_is_by_signature_and_hides_what_could_move_the_cursor() {
    let rig = Rig::new();
    let mut log = missing_tables(0..3);
    log.push_str("2026-11-21 20:41:00.000 UTC [8] ann@shop ERROR:  \u{1b}[2Jfoul\n");
    log.push_str("2026-11-21 20:41:00.000 UTC [8] ann@shop LOG:  duration: 12.5 ms  statement: SELECT 1\n");
    let ran = rig.run(&["-", "--engine", "postgres", "--dry-run"], log.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let out = String::from_utf8(ran.stdout).unwrap();
    let row = out.lines().find(|line| line.contains(MISSING)).unwrap();
    assert!(row.trim_start().starts_with("3 ") && row.contains("TABLE_NOT_FOUND") && row.contains("42P01"), "{row}");
    assert!(out.contains("<U+001B>[2Jfoul") && out.contains("select ?"), "{out}");
    assert!(!out.contains('\u{1b}'));
    let talk = String::from_utf8(ran.stderr).unwrap();
    assert!(talk.contains("5 events, 4 of them errors") && !talk.contains('\r'), "{talk}");
}

#[test]
fn a_file_is_counted_once_through_growth_rotation_and_compression() {
    let rig = Rig::new();
    let log = rig.write("server.log", missing_tables(0..20).as_bytes());
    let ingest = |file: &Path| {
        let ran = rig.run(&[text(file), "--engine", "postgres", "--target", "shop"], b"");
        assert!(ran.status.success(), "{ran:?}");
        rig.counted(MISSING)
    };
    assert_eq!(ingest(&log), 20);
    assert_eq!(ingest(&log), 20, "nothing new");
    rig.write("server.log", missing_tables(0..25).as_bytes());
    assert_eq!(ingest(&log), 25);
    std::fs::rename(&log, rig.path("server.log.1")).unwrap();
    assert_eq!(ingest(&rig.path("server.log.1")), 25);
    let packed = rig.write("server.log.1.gz", &compressed(&missing_tables(0..27)));
    assert_eq!(ingest(&packed), 27);
    let other = rig.write("server.log", missing_tables(30..32).as_bytes());
    assert_eq!(ingest(&other), 29, "another log of the same name");
}

#[test]
fn a_short_file_is_known_again_when_it_has_grown() {
    let rig = Rig::new();
    let log = rig.write("server.log", missing(1).as_bytes());
    let ingest = || assert!(rig.run(&[text(&log), "--target", "shop"], b"").status.success());
    ingest();
    assert_eq!(rig.counted(MISSING), 1);
    rig.write("server.log", missing_tables(1..3).as_bytes());
    ingest();
    assert_eq!(rig.counted(MISSING), 2);
    rig.write("server.log", missing_tables(1..30).as_bytes());
    ingest();
    assert_eq!(rig.counted(MISSING), 29);
}

#[test]
fn a_storm_is_one_row_with_a_count() {
    let rig = Rig::new();
    let log = rig.write("storm.log", missing(1).repeat(5000).as_bytes());
    assert!(rig.run(&[text(&log), "--target", "shop"], b"").status.success());
    assert_eq!(rig.counted(MISSING), 5000);
}

#[test]
fn files_are_read_in_the_order_of_their_events() {
    let rig = Rig::new();
    let late = rig.write("a.log", missing(40).as_bytes());
    let early = rig.write("b.log", &compressed(&missing(3)));
    let events = rig.objects(&[text(&late), text(&early), "--engine", "postgres", "--dry-run", "--json"], b"");
    let objects: Vec<&str> = events.iter().map(|e| e["object"].as_str().unwrap()).collect();
    assert_eq!(objects, ["t3", "t40"]);
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    let rig = Rig::new();
    let log = rig.write("x.log", b"nothing of this is a log\nat all\n");
    for (arguments, words) in [
        (&["/no/such/file", "--engine", "postgres", "--dry-run"][..], "No such file"),
        (&[text(&log), "--dry-run"], "--engine"),
        (&[text(&log), "--engine", "postgres", "--dry-run"], "--format"),
        (&[text(&log), "--engine", "postgres", "--format", "slow", "--dry-run"], "stderr"),
        (&[text(&log), "--engine", "sqlite", "--dry-run"], "writes no log"),
        (&[text(&log), "--engine", "oracle9", "--dry-run"], "there is no engine"),
        (&[text(&log), "--engine", "mysql", "--target", "shop"], "postgres"),
    ] {
        let ran = rig.run(arguments, b"");
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {ran:?}");
        let talk = String::from_utf8(ran.stderr).unwrap();
        assert!(talk.contains(words), "{arguments:?}: {talk}");
    }
}
