//! The audit log: what is written stays, and each kind of tampering is found and stops further writing.

use super::after;
use dba_gpt::store::audit::{AuditError, AuditLog, AuditPlaces, Tampering, Verified};
use rusqlite::Connection;
use serde_json::json;
use std::fs;
use tempfile::TempDir;

struct Rig {
    /// Removed with everything in it when the test ends.
    home: TempDir,
    places: AuditPlaces,
}

impl Rig {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let places = AuditPlaces {
            data: home.path().join("data"),
            state: home.path().join("state"),
            second_anchor: Some(home.path().join("elsewhere.anchor")),
        };
        Self { home, places }
    }
    fn open(&self) -> AuditLog {
        AuditLog::open(&self.places, after(0)).unwrap()
    }
    /// A log of so many records that nobody has open.
    fn written(records: i64) -> Self {
        let rig = Self::new();
        let mut log = rig.open();
        for n in 1..=records {
            write(&mut log, n).unwrap();
        }
        rig
    }
    /// Changes the file behind the program's back.
    fn tamper(&self, statements: &str) {
        let db = Connection::open(self.places.data.join("audit.db")).unwrap();
        db.execute_batch(statements).unwrap();
    }
    fn verify(&self) -> Verified {
        self.open().verify().unwrap()
    }
    fn found(&self) -> Vec<Tampering> {
        self.verify().tampering
    }
    /// A copy of the log as it is now, WAL folded in.
    fn copy(&self) -> Vec<u8> {
        self.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
        fs::read(self.places.data.join("audit.db")).unwrap()
    }
    fn put_back(&self, copy: &[u8]) {
        fs::write(self.places.data.join("audit.db"), copy).unwrap();
        for companion in ["audit.db-wal", "audit.db-shm"] {
            let _ = fs::remove_file(self.places.data.join(companion));
        }
    }
}

fn write(log: &mut AuditLog, n: i64) -> Result<(), AuditError> {
    let body = json!({ "statement": format!("DROP INDEX i{n}"), "who": "ann" });
    let record = log.append(after(n * 1000), "intent", &format!("act-{}", n % 2), &body)?;
    assert_eq!(record.number, n);
    Ok(())
}

#[test]
fn records_are_kept_in_order_and_found_by_their_act() {
    let rig = Rig::written(5);
    let log = rig.open();
    let verified = log.verify().unwrap();
    assert_eq!((verified.records, verified.tampering.as_slice()), (5, &[][..]));
    assert_eq!(verified.head.len(), 64);
    let all = log.records(None).unwrap();
    assert_eq!(all.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let odd = log.records(Some("act-1")).unwrap();
    assert_eq!(odd.iter().map(|r| r.number).collect::<Vec<_>>(), [1, 3, 5]);
    assert_eq!(odd[1].body["statement"], "DROP INDEX i3");
    assert_eq!(odd[1].at, after(3000));
}

#[test]
fn an_untouched_log_that_nobody_wrote_to_is_whole() {
    let rig = Rig::new();
    assert!(!AuditLog::exists(&rig.places));
    assert_eq!(rig.found(), []);
    assert!(AuditLog::exists(&rig.places));
}

#[test]
fn an_edited_record_is_found() {
    for edit in [
        "UPDATE record SET body = replace(body, 'ann', 'bob') WHERE number = 3",
        "UPDATE record SET at_ms = at_ms + 1 WHERE number = 3",
        "UPDATE record SET kind = 'denied' WHERE number = 3",
        "UPDATE record SET act = 'act-7' WHERE number = 3",
        "UPDATE record SET link = zeroblob(32) WHERE number = 3",
        "UPDATE record SET before = zeroblob(32) WHERE number = 3",
    ] {
        let rig = Rig::written(5);
        rig.tamper(edit);
        assert!(rig.found().contains(&Tampering::Changed { number: 3 }), "{edit}: {:?}", rig.found());
    }
}

#[test]
fn a_removed_record_is_found() {
    let rig = Rig::written(6);
    rig.tamper("DELETE FROM record WHERE number IN (2, 3)");
    assert_eq!(rig.found(), [Tampering::Missing { from: 2, to: 3 }]);
    // Closing the gap breaks what binds each record to its number.
    rig.tamper("UPDATE record SET number = number - 2 WHERE number > 3");
    assert!(rig.found().contains(&Tampering::Changed { number: 2 }), "{:?}", rig.found());
}

#[test]
fn a_record_put_in_or_moved_is_found() {
    let rig = Rig::written(4);
    rig.tamper(
        "INSERT INTO record SELECT 5, at_ms, kind, act, body, (SELECT link FROM record WHERE number = 4), link
           FROM record WHERE number = 4",
    );
    assert_eq!(rig.found(), [Tampering::Changed { number: 5 }]);

    let rig = Rig::written(4);
    rig.tamper(
        "UPDATE record SET number = 100 WHERE number = 2; UPDATE record SET number = 2 WHERE number = 3;
         UPDATE record SET number = 3 WHERE number = 100",
    );
    let found = rig.found();
    assert!(found.contains(&Tampering::Changed { number: 2 }), "{found:?}");
    assert!(found.contains(&Tampering::Changed { number: 3 }), "{found:?}");
}

#[test]
fn a_log_cut_short_or_emptied_is_found_and_takes_no_more() {
    for (cut, last) in [("DELETE FROM record WHERE number > 3", 3), ("DELETE FROM record", 0)] {
        let rig = Rig::written(5);
        rig.tamper(cut);
        let expected = Tampering::CutShort { last, anchored: 5 };
        assert_eq!(rig.found(), std::slice::from_ref(&expected), "{cut}");
        let refused = write(&mut rig.open(), last + 1).unwrap_err();
        assert_eq!(refused, AuditError::Tampered(expected));
        assert_eq!(rig.verify().records, u64::try_from(last).unwrap(), "nothing was added");
    }
}

#[test]
fn a_file_that_was_removed_is_missed_and_not_begun_anew() {
    let rig = Rig::written(5);
    for file in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        let _ = fs::remove_file(rig.places.data.join(file));
    }
    let gone = |anchored| AuditError::Tampered(Tampering::Gone { anchored });
    assert_eq!(AuditLog::open(&rig.places, after(0)).unwrap_err(), gone(5));
    // Without the anchors the key still says that there was one.
    fs::remove_file(rig.places.state.join("audit.anchor")).unwrap();
    fs::remove_file(rig.home.path().join("elsewhere.anchor")).unwrap();
    assert_eq!(AuditLog::open(&rig.places, after(0)).unwrap_err(), gone(0));
    assert!(!rig.places.data.join("audit.db").exists());
}

#[test]
fn an_old_copy_put_back_is_found_even_when_it_is_written_on() {
    let rig = Rig::written(3);
    let old = rig.copy();
    let old_anchor = fs::read(rig.places.state.join("audit.anchor")).unwrap();
    let mut log = rig.open();
    write(&mut log, 4).unwrap();
    write(&mut log, 5).unwrap();
    drop(log);
    rig.put_back(&old);
    assert_eq!(rig.found(), [Tampering::CutShort { last: 3, anchored: 5 }]);

    // With the anchor beside the key put back too, the one on another disk still knows better.
    fs::write(rig.places.state.join("audit.anchor"), old_anchor).unwrap();
    let expected = Tampering::CutShort { last: 3, anchored: 5 };
    assert_eq!(rig.found(), std::slice::from_ref(&expected));
    assert_eq!(write(&mut rig.open(), 4).unwrap_err(), AuditError::Tampered(expected));

    // A program without the second anchor would write on; with it again, the two histories differ.
    let without = AuditPlaces { second_anchor: None, ..rig.places.clone() };
    let mut log = AuditLog::open(&without, after(0)).unwrap();
    for n in 4..=6 {
        log.append(after(n * 1000), "intent", "other", &json!({ "statement": "something else" })).unwrap();
    }
    assert_eq!(log.verify().unwrap().tampering, []);
    assert_eq!(rig.found(), [Tampering::Replaced { number: 5 }]);
    assert_eq!(write(&mut rig.open(), 7).unwrap_err(), AuditError::Tampered(Tampering::Replaced { number: 5 }));
}

#[test]
fn an_anchor_that_is_gone_or_forged_is_found() {
    let rig = Rig::written(2);
    let anchor = rig.places.state.join("audit.anchor");
    let text = fs::read_to_string(&anchor).unwrap();
    fs::write(&anchor, text.replace(" 2 ", " 1 ")).unwrap();
    assert_eq!(rig.found(), [Tampering::AnchorForged]);
    assert_eq!(write(&mut rig.open(), 3).unwrap_err(), AuditError::Tampered(Tampering::AnchorForged));
    fs::remove_file(&anchor).unwrap();
    fs::remove_file(rig.home.path().join("elsewhere.anchor")).unwrap();
    assert_eq!(rig.found(), [Tampering::AnchorMissing]);
    assert_eq!(write(&mut rig.open(), 3).unwrap_err(), AuditError::Tampered(Tampering::AnchorMissing));
}

#[test]
fn a_crash_between_record_and_anchor_is_no_tampering() {
    let rig = Rig::written(3);
    let anchor = fs::read(rig.places.state.join("audit.anchor")).unwrap();
    write(&mut rig.open(), 4).unwrap();
    fs::write(rig.places.state.join("audit.anchor"), anchor).unwrap();
    assert_eq!(rig.found(), []);
    write(&mut rig.open(), 5).unwrap();
    assert_eq!(rig.found(), []);
}

#[test]
fn without_its_key_a_log_is_not_continued() {
    let rig = Rig::written(1);
    let key = rig.places.state.join("audit.key");
    fs::remove_file(&key).unwrap();
    let error = AuditLog::open(&rig.places, after(0)).unwrap_err();
    assert!(matches!(&error, AuditError::KeyMissing(path) if path.ends_with("audit.key")), "{error}");
    assert!(!key.exists(), "no new key is made for an old log");
    fs::remove_file(rig.places.data.join("audit.db")).unwrap();
    let error = AuditLog::open(&rig.places, after(0)).unwrap_err();
    assert!(matches!(error, AuditError::KeyMissing(_)), "the anchor still knows of it: {error}");
}

#[test]
fn several_writers_take_their_turns() {
    let rig = Rig::new();
    drop(rig.open());
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let places = &rig.places;
            scope.spawn(move || {
                let mut log = AuditLog::open(places, after(0)).unwrap();
                for n in 0..10 {
                    log.append(after(n), "intent", &format!("w{writer}"), &json!({ "n": n })).unwrap();
                }
            });
        }
    });
    let verified = rig.verify();
    assert_eq!((verified.records, verified.tampering), (30, Vec::new()));
}

#[test]
fn a_doubtful_log_is_put_aside_by_a_person_and_named_in_the_new_one() {
    let rig = Rig::written(3);
    rig.tamper("DELETE FROM record WHERE number = 3");
    let mut log = AuditLog::restart(&rig.places, after(9000), "disk was restored from a backup", "ann").unwrap();
    let first = &log.records(None).unwrap()[0];
    assert_eq!((first.number, first.kind.as_str()), (1, "restarted"));
    assert_eq!(first.body["found"][0], "the log ends at record 2, and the anchor knows of 3");
    assert_eq!(first.body["reason"], "disk was restored from a backup");
    assert_eq!(first.body["who"], "ann");
    log.append(after(10_000), "intent", "next", &json!({})).unwrap();
    assert_eq!(log.verify().unwrap().tampering, []);
    let aside = first.body["aside"].as_str().unwrap();
    let old: i64 = Connection::open(aside).unwrap().query_row("SELECT count(*) FROM record", [], |r| r.get(0)).unwrap();
    assert_eq!(old, 2);
}

#[test]
fn an_emptied_log_without_its_anchors_is_found() {
    let rig = Rig::written(2);
    rig.tamper("DELETE FROM record");
    fs::remove_file(rig.places.state.join("audit.anchor")).unwrap();
    fs::remove_file(rig.home.path().join("elsewhere.anchor")).unwrap();
    assert_eq!(rig.found(), [Tampering::AnchorMissing]);
    assert_eq!(write(&mut rig.open(), 1).unwrap_err(), AuditError::Tampered(Tampering::AnchorMissing));
}

#[test]
fn a_crash_while_a_log_is_begun_is_no_tampering() {
    let rig = Rig::new();
    drop(rig.open());
    // As it is before the key is written, which comes last.
    fs::remove_file(rig.places.state.join("audit.key")).unwrap();
    write(&mut rig.open(), 1).unwrap();
    assert_eq!(rig.found(), []);
}

#[test]
fn what_is_gone_altogether_can_be_begun_again_and_nothing_is_overwritten() {
    let rig = Rig::written(3);
    for lost in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        let _ = fs::remove_file(rig.places.data.join(lost));
    }
    for round in 1..=2 {
        let log = AuditLog::restart(&rig.places, after(9000), "the disk was lost", "ann").unwrap();
        assert_eq!(log.records(None).unwrap().len(), 1);
        let aside = |folder: &std::path::Path| {
            let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.contains(".aside-")).count()
        };
        assert_eq!(aside(&rig.places.state), 2 * round, "anchor and key of each round");
    }
}
