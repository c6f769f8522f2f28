//! `audit` by the real program: what is whole is said to be, and each kind of tampering is named.

use super::program::{run, text};
use dba_gpt::domain::target::Timestamp;
use dba_gpt::store::audit::{AuditLog, AuditPlaces};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Output;
use tempfile::TempDir;

/// 2026-09-21 00:00:00 UTC.
const START: i64 = 1_789_948_800_000;

/// The home of a program with a log in it.
struct Log(TempDir);

impl Log {
    fn of(records: i64) -> Self {
        let log = Self(tempfile::tempdir().unwrap());
        log.write(1..=records);
        log
    }
    fn places(&self) -> AuditPlaces {
        let home = self.0.path();
        AuditPlaces { data: home.join("data"), state: home.join("state"), second_anchor: None }
    }
    fn write(&self, numbers: impl Iterator<Item = i64>) {
        let at = |n: i64| Timestamp(START + n * 1000);
        let mut log = AuditLog::open(&self.places(), at(0)).unwrap();
        for n in numbers {
            let body = json!({ "statement": format!("DROP INDEX i{n};\n-- \u{202e}why"), "who": { "user": "ann" }, "ticket": null });
            log.append(at(n), "intent", &format!("#{n}"), &body).unwrap();
        }
    }
    fn file(&self) -> PathBuf {
        self.0.path().join("data").join("audit.db")
    }
    /// Changes the file behind the program's back.
    fn tamper(&self, statements: &str) {
        Connection::open(self.file()).unwrap().execute_batch(statements).unwrap();
    }
    /// The file as it is, with what waits beside it folded in.
    fn copy(&self) -> Vec<u8> {
        self.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
        fs::read(self.file()).unwrap()
    }
    /// Puts other bytes in the file's place; none removes it.
    fn replace(&self, bytes: Option<&[u8]>) {
        for companion in ["audit.db-wal", "audit.db-shm"] {
            let _ = fs::remove_file(self.file().with_file_name(companion));
        }
        match bytes {
            Some(bytes) => fs::write(self.file(), bytes).unwrap(),
            None => fs::remove_file(self.file()).unwrap(),
        }
    }
    fn run(&self, arguments: &[&str]) -> Output {
        run(self.0.path(), &[&["audit"], arguments].concat())
    }
    /// What is wrong, by the words of `audit verify --json`; the exit code has to agree.
    fn found(&self) -> Vec<String> {
        let ran = self.run(&["verify", "--json"]);
        let object: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        let found = object["tampering"].as_array().unwrap();
        assert_eq!(ran.status.code(), Some(i32::from(!found.is_empty())), "{ran:?}");
        assert_eq!((&object["schema"], &object["whole"]), (&json!(1), &json!(found.is_empty())));
        let words = |f: &Value| format!("{}: {}", f["kind"].as_str().unwrap(), f["words"].as_str().unwrap());
        found.iter().map(words).collect()
    }
}

#[test]
fn a_program_that_never_proposed_anything_has_no_log_and_makes_none() {
    let home = tempfile::tempdir().unwrap();
    let ran = run(home.path(), &["audit", "verify"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""));
    assert!(text(&ran.stderr).contains("no audit log yet"), "{ran:?}");
    let ran = run(home.path(), &["audit", "verify", "--json"]);
    let object: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(object, json!({ "schema": 1, "exists": false, "whole": true, "records": 0, "tampering": [] }));
    assert_eq!(text(&run(home.path(), &["audit", "export", "--json"]).stdout), "");
    assert!(!home.path().join("data").join("audit.db").exists(), "asking made a log");
}

#[test]
fn what_is_whole_is_said_to_be_with_what_was_checked() {
    let log = Log::of(3);
    assert_eq!(log.found(), [""; 0]);
    let ran = log.run(&["verify"]);
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0));
    let head: String = AuditLog::look(&log.places()).unwrap().unwrap().verify().unwrap().head;
    for words in ["audit.db", "audit.anchor", "records  3", &head, "whole"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn every_kind_of_tampering_is_named() {
    let edited = Log::of(5);
    edited.tamper("UPDATE record SET body = replace(body, 'ann', 'bob') WHERE number = 3");
    assert_eq!(edited.found(), ["changed: record 3 is not as it was written"]);

    let deleted = Log::of(5);
    deleted.tamper("DELETE FROM record WHERE number IN (2, 3)");
    assert_eq!(deleted.found(), ["missing: records 2 to 3 are missing"]);

    let inserted = Log::of(4);
    inserted.tamper(
        "INSERT INTO record SELECT 5, at_ms, kind, act, body, (SELECT link FROM record WHERE number = 4), link
           FROM record WHERE number = 4",
    );
    assert_eq!(inserted.found(), ["changed: record 5 is not as it was written"]);

    let reordered = Log::of(4);
    reordered.tamper(
        "UPDATE record SET number = 100 WHERE number = 2; UPDATE record SET number = 2 WHERE number = 3;
         UPDATE record SET number = 3 WHERE number = 100",
    );
    let found = reordered.found();
    for record in ["changed: record 2 is not as it was written", "changed: record 3 is not as it was written"] {
        assert!(found.iter().any(|f| f == record), "{found:?}");
    }

    let cut = Log::of(5);
    cut.tamper("DELETE FROM record WHERE number > 3");
    assert_eq!(cut.found(), ["cut-short: the log ends at record 3, and the anchor knows of 5"]);

    let old_copy = Log::of(3);
    let copy = old_copy.copy();
    old_copy.write(4..=5);
    old_copy.replace(Some(&copy));
    assert_eq!(old_copy.found(), ["cut-short: the log ends at record 3, and the anchor knows of 5"]);
}

#[test]
fn an_emptied_or_replaced_file_is_named_and_left_as_it_is() {
    let gone = "gone: the log's file is gone or empty, and the anchor knows of 5 records";
    let removed = Log::of(5);
    removed.replace(None);
    assert_eq!(removed.found(), [gone]);
    assert!(!removed.file().exists(), "a look made a new log");

    let truncated = Log::of(5);
    truncated.replace(Some(b""));
    assert_eq!(truncated.found(), [gone]);
    assert_eq!(fs::read(truncated.file()).unwrap(), b"", "a look wrote into what was left");

    let emptied = Log::of(5);
    emptied.tamper("DELETE FROM record");
    assert_eq!(emptied.found(), ["cut-short: the log ends at record 0, and the anchor knows of 5"]);

    // Another log altogether, which is whole by itself.
    let (replaced, other) = (Log::of(5), Log::of(6));
    replaced.replace(Some(&other.copy()));
    assert!(replaced.found().iter().any(|f| f.starts_with("replaced: another log stands here")));

    let scribbled = Log::of(5);
    scribbled.replace(Some(&b"this is no database, and has never been one".repeat(100)));
    assert_eq!(scribbled.found(), ["unreadable: the log's file is damaged, or no database any more"]);
}

#[test]
fn without_its_key_nobody_can_say_that_a_log_is_whole() {
    let log = Log::of(2);
    fs::remove_file(log.0.path().join("state").join("audit.key")).unwrap();
    let ran = log.run(&["verify"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(1), ""));
    assert!(text(&ran.stderr).contains("audit.key"), "{ran:?}");
}

#[test]
fn every_record_is_exported_and_none_acts_on_a_terminal() {
    let log = Log::of(120);
    let ran = log.run(&["export", "--json"]);
    assert_eq!(ran.status.code(), Some(0));
    let objects: Vec<Value> = text(&ran.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let numbers: Vec<i64> = objects.iter().map(|o| o["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=120).collect::<Vec<_>>());
    assert_eq!(objects[1]["at"], "2026-09-21 00:00:02");
    assert_eq!((&objects[1]["kind"], &objects[1]["act"]), (&json!("intent"), &json!("#2")));
    assert_eq!(objects[1]["body"]["statement"], "DROP INDEX i2;\n-- \u{202e}why");
    assert!(!text(&ran.stdout).contains('\u{202e}'));

    let ran = log.run(&["export"]);
    let said = text(&ran.stdout);
    assert!(said.contains("       statement    DROP INDEX i120;\n"), "{said}");
    assert!(said.contains("                    -- <U+202E>why\n"), "{said}");

    // What was tampered with is exported all the same, and said to be.
    log.tamper("UPDATE record SET kind = 'denied' WHERE number = 3");
    let ran = log.run(&["export", "--json"]);
    assert_eq!((ran.status.code(), text(&ran.stdout).lines().count()), (Some(1), 120));
    assert!(text(&ran.stderr).contains("record 3 is not as it was written"), "{ran:?}");
}

#[test]
fn only_a_log_that_is_not_whole_is_put_aside_and_the_next_one_says_so() {
    let log = Log::of(3);
    let restart = ["restart", "--reason", "the disk was restored from a backup, password=S3cr3t!"];
    let ran = log.run(&restart);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    assert!(text(&ran.stderr).contains("the audit log is whole"), "{ran:?}");
    log.tamper("DELETE FROM record WHERE number = 3");
    let ran = log.run(&restart);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(log.found(), [""; 0]);
    let exported = log.run(&["export", "--json"]);
    let first: Value = serde_json::from_slice(&exported.stdout).unwrap();
    assert_eq!((&first["number"], &first["kind"]), (&json!(1), &json!("restarted")));
    assert_eq!(first["body"]["found"], json!(["the log ends at record 2, and the anchor knows of 3"]));
    assert_eq!(first["body"]["reason"], "the disk was restored from a backup, password=***");
    let aside = first["body"]["aside"].as_str().unwrap();
    let kept: i64 =
        Connection::open(aside).unwrap().query_row("SELECT count(*) FROM record", [], |r| r.get(0)).unwrap();
    assert_eq!(kept, 2);
    // A key that is lost is a reason too.
    fs::remove_file(log.0.path().join("state").join("audit.key")).unwrap();
    assert_eq!(log.run(&["verify"]).status.code(), Some(1));
    assert_eq!(log.run(&restart).status.code(), Some(0));
    assert_eq!(log.found(), [""; 0]);
}
