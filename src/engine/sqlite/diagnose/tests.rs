//! A file in several states, written by hand, and what is made of each.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::engine::case::with_case;

/// A file of 100 MB in mode wal: pages of the log in use, commits, and what is special about it.
#[derive(Clone, Copy)]
struct File {
    log_pages: i64,
    commits: i64,
    free_pages: i64,
    disk_free: i64,
}

const QUIET: File = File { log_pages: 10, commits: 5, free_pages: 0, disk_free: 50_000_000_000 };

fn table(columns: &[&str], rows: Vec<Vec<Value>>) -> Rows {
    Rows { columns: columns.iter().map(|name| Column::text(name)).collect(), rows, truncated: None }
}

impl File {
    fn rows(self) -> Rows {
        let number = Value::Int;
        let bytes = self.log_pages * 4120;
        table(
            &[
                "page_count",
                "page_size",
                "freelist_count",
                "journal_mode",
                "auto_vacuum",
                "data_version",
                "wal_bytes",
                "wal_live_bytes",
                "commits",
                "disk_free",
                "disk_size",
                "closed",
                "locks_are_told",
            ],
            vec![vec![
                number(25_000),
                number(4096),
                number(self.free_pages),
                Value::Text("wal".into()),
                number(0),
                number(1),
                number(bytes),
                number(bytes),
                number(self.commits),
                number(self.disk_free),
                number(100_000_000_000),
                Value::Null,
                number(1),
            ]],
        )
    }
}

/// The file at both ends, and in each of four looks who holds which lock.
fn seen(first: File, last: File, holders: &[(&str, Option<i64>, i64)]) -> Observation {
    let mut observation = Observation::default();
    observation.add(FILE.name, Timestamp(0), first.rows());
    observation.add(FILE.name, Timestamp(2_000), last.rows());
    for look in 0..4 {
        let row = |(role, mark, pid): &(&str, Option<i64>, i64)| {
            let text = |words: &str| Value::Text(words.to_owned());
            vec![text(role), mark.map_or(Value::Null, Value::Int), Value::Int(*pid), text("app")]
        };
        let rows = table(&["role", "mark", "pid", "program"], holders.iter().map(row).collect());
        observation.add(LOCKS.name, Timestamp(look * 500), rows);
    }
    observation.add(CHECK.name, Timestamp(2_000), table(&["found"], vec![vec![Value::Text("ok".into())]]));
    observation
}

fn judged(observation: &Observation) -> Diagnosis {
    with_case(observation, Timestamp(2_000), judge)
}

fn roots_of(observation: &Observation) -> Vec<Cause> {
    judged(observation).roots().map(|root| root.cause).collect()
}

#[test]
fn a_quiet_file_and_one_with_short_writes_have_no_cause() {
    assert_eq!(roots_of(&seen(QUIET, QUIET, &[])), []);
    let written = File { commits: 900, log_pages: 900, ..QUIET };
    assert_eq!(roots_of(&seen(QUIET, written, &[])), []);
}

#[test]
fn one_writer_without_a_commit_locks_and_one_with_many_is_busy() {
    assert_eq!(roots_of(&seen(QUIET, QUIET, &[("writer", None, 7)])), [Cause::WriterLock]);
    let busy = File { commits: 800, ..QUIET };
    assert_eq!(roots_of(&seen(QUIET, busy, &[("writer", None, 7)])), [Cause::HeavyCommits]);
}

#[test]
fn a_log_grows_behind_a_reader_and_not_behind_its_own_size() {
    let long = File { log_pages: 6_000, ..QUIET };
    let reader = [("reader", Some(1), 7)];
    let found = judged(&seen(QUIET, long, &reader));
    assert_eq!(found.roots().map(|root| root.cause).collect::<Vec<_>>(), [Cause::WalGrowth]);
    assert!(found.of(Cause::WalGrowth).unwrap().about.as_deref().unwrap().contains("process 7"));
    // A bulk load that was committed at once leaves a long log behind, which the next writer begins anew.
    assert_eq!(roots_of(&seen(QUIET, long, &[])), []);
    // Somebody went on behind the end of a long one: it was not taken back.
    assert_eq!(roots_of(&seen(long, File { log_pages: 9_000, ..long }, &[])), [Cause::WalGrowth]);
    // One transaction that is still being written cannot be taken back before it ends.
    let found = judged(&seen(QUIET, long, &[("writer", None, 7)]));
    assert_eq!(found.of(Cause::WalGrowth).unwrap().consequence_of, Some(Cause::WriterLock));
}

#[test]
fn damage_explains_everything_else() {
    let mut damaged = seen(QUIET, File { free_pages: 20_000, ..QUIET }, &[]);
    let lines =
        table(&["found"], vec![vec![Value::Text("Tree 5 page 9: btreeInitPage() returns error code 11".into())]]);
    damaged.add(CHECK.name, Timestamp(2_000), lines);
    assert_eq!(roots_of(&damaged), [Cause::Corruption]);
    let mut unreadable = Observation::default();
    unreadable.refuse(FILE.name, "database disk image is malformed (11)".into());
    assert_eq!(roots_of(&unreadable), [Cause::Corruption]);
}

#[test]
fn a_disk_and_free_pages_count_from_where_they_are_felt() {
    assert_eq!(roots_of(&seen(QUIET, File { free_pages: 20_000, ..QUIET }, &[])), [Cause::Bloat]);
    assert_eq!(roots_of(&seen(QUIET, File { free_pages: 2_000, ..QUIET }, &[])), []);
    assert_eq!(roots_of(&seen(QUIET, File { disk_free: 9_000_000, ..QUIET }, &[])), [Cause::DiskFull]);
    assert_eq!(
        roots_of(&seen(QUIET, File { disk_free: 3_000_000_000, ..QUIET }, &[])),
        [],
        "three per cent and plenty for it"
    );
}

#[test]
fn a_file_that_lets_nobody_in_is_locked_by_somebody_unseen() {
    let mut locked = Observation::default();
    locked.refuse(FILE.name, "database is locked (5)".into());
    let found = judged(&locked);
    assert_eq!(found.of(Cause::WriterLock).unwrap().verdict, Verdict::Supported);
    assert!(found.unknown.iter().any(|words| words.contains("who holds the lock")), "{:?}", found.unknown);
}
