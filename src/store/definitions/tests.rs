//! What is forgotten of a long history, and what is not. The sizes are those that the rows say, not those of the texts.

#![allow(clippy::unwrap_used)]
use super::{FOLLOWED_BYTES, FOLLOWED_BYTES_OF_ONE, GONE_BYTES, MOST_VERSIONS, STEP, forget};
use crate::domain::target::Timestamp;
use crate::store::Retention;
use rusqlite::{Connection, params};

const KB: i64 = 1 << 10;

/// The tables of the history, and two targets.
fn history() -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE targets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT").unwrap();
    db.execute_batch(include_str!("../migrations/8_definitions.sql")).unwrap();
    db.execute_batch("INSERT INTO targets VALUES (1, 'quiet'), (2, 'noisy')").unwrap();
    db
}

/// How a version ended.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Now,
    Followed,
    Gone,
}

fn version(db: &Connection, target: i64, name: &str, last_ms: i64, end: End, bytes: i64) {
    let last = (end != End::Now).then_some(last_ms);
    let gone = (end == End::Gone).then_some(last_ms + 1);
    db.execute(
        "INSERT INTO definitions (target, space, name, print, first_ms, last_ms, gone_ms, bytes, body)
         VALUES (?1, 'app', ?2, '1', ?3, ?4, ?5, ?6, '{}')",
        params![target, name, last_ms - 1, last, gone, bytes],
    )
    .unwrap();
}

/// Forgets as often as there is something to forget.
fn forget_all(db: &Connection, now: i64) {
    while forget(db, Timestamp(now), &Retention::default()).unwrap() > 0 {}
}

fn left(db: &Connection, target: i64, name: &str) -> i64 {
    db.query_row("SELECT count(*) FROM definitions WHERE target = ?1 AND name LIKE ?2", params![target, name], |row| {
        row.get(0)
    })
    .unwrap()
}

#[test]
fn a_noisy_object_pushes_out_its_own_history_alone() {
    let db = history();
    version(&db, 1, "quiet", 1, End::Followed, KB);
    for turn in 0..30 {
        version(&db, 1, "noisy", 10 + turn, End::Followed, 200 * KB);
    }
    for turn in 0..100 {
        version(&db, 1, "often", 10 + turn, End::Followed, 1);
    }
    version(&db, 1, "noisy", 100, End::Now, 200 * KB);
    forget_all(&db, 1_000);
    assert_eq!(left(&db, 1, "quiet"), 1);
    assert_eq!(left(&db, 1, "noisy"), 1 + FOLLOWED_BYTES_OF_ONE / (200 * KB));
    assert_eq!(left(&db, 1, "often"), i64::from(MOST_VERSIONS));
    let oldest: i64 =
        db.query_row("SELECT min(last_ms) FROM definitions WHERE name = 'noisy'", [], |r| r.get(0)).unwrap();
    assert_eq!(oldest, 10 + 30 - FOLLOWED_BYTES_OF_ONE / (200 * KB), "the oldest go");
}

#[test]
fn a_noisy_target_leaves_others_their_history() {
    let db = history();
    version(&db, 1, "t", 1, End::Followed, KB);
    version(&db, 1, "t", 2, End::Gone, KB);
    // More of both kinds than any target has room for, all of it later.
    for turn in 0..400 {
        version(&db, 2, &format!("made_{turn}"), 10 + turn, End::Gone, 250 * KB);
        version(&db, 2, &format!("changed_{turn}"), 10 + turn, End::Followed, 250 * KB);
    }
    forget_all(&db, 1_000);
    assert_eq!(left(&db, 1, "t"), 2);
    assert_eq!(left(&db, 2, "made_%"), GONE_BYTES / (250 * KB));
    assert_eq!(left(&db, 2, "changed_%"), FOLLOWED_BYTES / (250 * KB));
    assert_eq!((left(&db, 2, "made_0"), left(&db, 2, "made_399")), (0, 1));
}

#[test]
fn what_brings_an_object_back_outlives_what_was_only_changed() {
    let db = history();
    version(&db, 1, "gone", 1, End::Followed, KB);
    version(&db, 1, "gone", 2, End::Gone, 250 * KB);
    // It was gone once, and came back: what it was then is one version among others.
    version(&db, 1, "back", 3, End::Gone, 250 * KB);
    version(&db, 1, "back", 9, End::Now, KB);
    for turn in 0..100 {
        version(&db, 1, &format!("changed_{turn}"), 10 + turn, End::Followed, 250 * KB);
    }
    forget_all(&db, 1_000);
    assert_eq!(left(&db, 1, "gone"), 1);
    let statement_of = "SELECT last_ms FROM definitions WHERE name = 'gone'";
    assert_eq!(db.query_row(statement_of, [], |row| row.get::<_, i64>(0)).unwrap(), 2, "the newest");
    assert_eq!(left(&db, 1, "back"), 1, "the present one");
    assert_eq!(left(&db, 1, "changed_%"), FOLLOWED_BYTES / (250 * KB));
    // In the end the days that are set hold for all of them.
    forget_all(&db, 1_000 * 24 * 3_600_000);
    assert_eq!((left(&db, 1, "gone"), left(&db, 1, "back")), (0, 1));
}

#[test]
fn one_step_is_a_short_one() {
    let db = history();
    for turn in 0..i64::from(STEP) + 50 {
        version(&db, 1, &format!("t_{turn}"), turn, End::Gone, KB);
    }
    let long_after = Timestamp(1_000 * 24 * 3_600_000);
    assert_eq!(forget(&db, long_after, &Retention::default()).unwrap(), STEP as usize);
    assert_eq!(forget(&db, long_after, &Retention::default()).unwrap(), 50);
}
