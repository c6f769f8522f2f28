//! What writing costs: indexes that nobody needs, transactions that are too small, rows that are too many, and a log
//! that is full too soon.

use super::super::facts::{Busy, Facts, Index, Table, two};
use super::super::statement::{Blame, Verb, Work};
use super::Found;
use super::time::{Ledger, sure};
use crate::domain::diagnosis::Cause;

/// Causes that this file decides on.
pub(super) const CAUSES: &[Cause] =
    &[Cause::RedundantIndexes, Cause::HeavyCommits, Cause::HeavyInserts, Cause::CheckpointPressure];

/// Share of the work that writes, for any of these.
const MOST: f64 = 0.4;
/// Needless indexes of one table that are worth a word,
const FEW_NEEDLESS: usize = 1;
/// and that are the cause.
const MANY_NEEDLESS: usize = 3;
/// Rows of a transaction up to which it is small.
const SMALL_TRANSACTION: f64 = 2.5;
/// Rows of a transaction, on average, below which most transactions only read.
const MOSTLY_READING: f64 = 0.5;
/// Transactions a second that are many on any disk.
const MANY_COMMITS: f64 = 30.0;
/// The log is small below this many bytes: a quarter of the default of 1 GB.
const SMALL_LOG: f64 = 268_435_456.0;

/// Decides on writes.
pub(super) fn judge(facts: &Facts<'_>, ledger: &Ledger<'_>, found: &mut Found) {
    let share = ledger.share(Blame::Write);
    let totals = &facts.totals;
    let seen = format!(
        "{:.0} rows inserted, {:.0} updated and {:.0} deleted a second in {:.0} transactions, {:.1} rows each; {:.0} % of the work writes",
        totals.a_second(totals.inserted),
        totals.a_second(totals.updated),
        totals.a_second(totals.deleted),
        totals.a_second(totals.commits),
        totals.rows_a_commit(),
        100.0 * share
    );
    let by_counters = ledger.is_busy_with_short_ones() && totals.rows_a_commit() >= 0.8;
    let enough = (share >= MOST && ledger.load * share >= 0.3) || by_counters;
    let share = if by_counters { share.max(0.5) } else { share };
    if enough {
        indexes(facts, share, &seen, found);
    } else {
        found.refuted(Cause::RedundantIndexes, 0.7, &seen);
    }
    checkpoints(facts, enough, &seen, found);
    let root = [Cause::SmallBufferPool, Cause::RedundantIndexes, Cause::CheckpointPressure]
        .into_iter()
        .find(|cause| found.supports(*cause));
    let which = enough.then(|| kind_of_load(facts, ledger)).flatten();
    for cause in [Cause::HeavyCommits, Cause::HeavyInserts] {
        match root {
            _ if which.is_none_or(|(which, _)| which != cause) => found.refuted(cause, 0.7, &seen),
            Some(root) => found.follows(cause, root, 0.7, vec![seen.clone()]),
            None => {
                let (_, quality) = which.unwrap_or((cause, 0.5));
                let about = busiest(facts).map(Table::words).unwrap_or_default();
                let waits = format!(
                    "{:.0} % of the work waits for the log, {:.0} % for longer files or pages that many write to; {} sessions write",
                    100.0 * facts.looks.share(&[Busy::Log]),
                    100.0 * facts.looks.share(&[Busy::Growing, Busy::Writing]),
                    writers(ledger)
                );
                found.supported(cause, sure(share, quality), &about, vec![seen.clone(), waits]);
            }
        }
    }
}

fn writers(ledger: &Ledger<'_>) -> usize {
    let pids: std::collections::BTreeSet<i64> =
        ledger.works(Blame::Write).iter().flat_map(|work| work.sessions.iter().copied()).collect();
    pids.len()
}

fn busiest<'a>(facts: &'a Facts<'_>) -> Option<&'a Table> {
    facts.tables.iter().filter(|table| table.written() > 0.0).max_by(|a, b| a.written().total_cmp(&b.written()))
}

/// Whether transactions are too small or rows too many; none for a mixture that is neither.
fn kind_of_load(facts: &Facts<'_>, ledger: &Ledger<'_>) -> Option<(Cause, f64)> {
    let totals = &facts.totals;
    let works = ledger.works(Blame::Write);
    let sightings = |wanted: &dyn Fn(&Work) -> bool| {
        works.iter().filter(|work| wanted(work)).map(|work| work.sightings).sum::<usize>() as f64
    };
    let all = sightings(&|_| true).max(1.0);
    let inserted = totals.inserted / totals.written().max(1.0);
    let thin = ledger.is_thin();
    let inserting = if thin { inserted } else { sightings(&|work| work.text.verb == Verb::Insert) / all };
    let committing = sightings(&|work| work.text.verb == Verb::Commit) / all;
    let log: usize = works.iter().filter_map(|work| work.busy.get(&Busy::Log)).sum();
    let log = log as f64 / all;
    let commits = totals.a_second(totals.commits);
    // Where most transactions write nothing, commits are not what the load is made of.
    let small = (MOSTLY_READING..=SMALL_TRANSACTION).contains(&totals.rows_a_commit()) && commits >= MANY_COMMITS;
    // A statement that runs for seconds is counted when it ends: until then its text is all there is.
    let unseen = totals.a_second(totals.written()) < 50.0;
    if small && !unseen {
        // One row for each transaction: the time is the commit's where it waits for the log, else the row's.
        let waits = log + committing;
        return Some(if !thin && inserted >= 0.9 && inserting >= 0.8 && waits < 0.25 {
            (Cause::HeavyInserts, 0.8)
        } else {
            (Cause::HeavyCommits, if waits >= 0.3 { 0.95 } else { 0.85 })
        });
    }
    let mostly_inserts = if unseen { inserting >= 0.6 } else { inserted >= 0.8 && inserting + committing >= 0.5 };
    mostly_inserts.then_some((Cause::HeavyInserts, 0.93))
}

/// Indexes of a table that no constraint needs and that no query used, or that another index of it covers.
pub(super) fn needless<'a>(facts: &'a Facts<'_>, table: &Table) -> Vec<(&'a Index, String)> {
    let indexes: Vec<&Index> = facts.indexes_of(table.oid).filter(|index| index.valid).collect();
    let mut found = Vec::new();
    for index in &indexes {
        if index.needed {
            continue;
        }
        let covered = indexes.iter().find(|other| {
            let plain = |i: &Index| !i.partial && i.columns.iter().all(|column| !column.is_empty());
            let longer = other.columns.len() > index.columns.len()
                || (other.columns.len() == index.columns.len() && (other.needed || other.name < index.name));
            other.name != index.name
                && plain(index)
                && plain(other)
                && other.columns.starts_with(&index.columns)
                && longer
                && same_manner(index, other)
        });
        if let Some(other) = covered {
            found.push((*index, format!("{} is covered by {}", index.name, other.name)));
        } else if index.scans < 1.0 {
            found.push((*index, format!("{} was never used", index.name)));
        }
    }
    found
}

/// The first columns are kept in the same way in both.
fn same_manner(short: &Index, long: &Index) -> bool {
    let (mut short, mut long) = (short.manner.split('|'), long.manner.split('|'));
    short.next() == long.next()
        && short.zip(long).take(3).all(|(short, long)| {
            let mut long = long.split_whitespace();
            short.split_whitespace().all(|part| long.next() == Some(part))
        })
}

fn indexes(facts: &Facts<'_>, share: f64, seen: &str, found: &mut Found) {
    let totals = &facts.totals;
    let Some(table) = busiest(facts).filter(|table| table.written() >= 0.4 * totals.written().max(1.0)) else {
        found.refuted(Cause::RedundantIndexes, 0.6, "writes go to many tables, to none of them most");
        return;
    };
    let needless = needless(facts, table);
    let all = facts.indexes_of(table.oid).count();
    let names: Vec<String> = needless.iter().take(8).map(|(_, why)| why.clone()).collect();
    let evidence = vec![
        seen.to_owned(),
        format!("{} has {all} indexes, {} of them needless: {}", table.words(), needless.len(), names.join("; ")),
        format!(
            "{:.0} % of its updates had to write to its indexes, which have {:.0} MB",
            100.0 * (1.0 - table.hot_updated / table.updated.max(1.0)).clamp(0.0, 1.0),
            table.index_bytes / 1_048_576.0
        ),
    ];
    // An update that touches no index costs the same with any number of them.
    let untouched = table.hot_updated >= 0.8 * table.written();
    if needless.len() >= MANY_NEEDLESS && needless.len() * 2 > all && !untouched {
        found.supported(Cause::RedundantIndexes, sure(share, 0.95), &table.words(), evidence);
    } else if needless.len() > FEW_NEEDLESS {
        found.open(Cause::RedundantIndexes, 0.5, &table.words(), evidence);
    } else {
        found.refuted(Cause::RedundantIndexes, 0.8, &evidence[1]);
    }
}

fn checkpoints(facts: &Facts<'_>, writes: bool, seen: &str, found: &mut Found) {
    let observed = two(facts.case.observation, "diagnose.checkpoints");
    let (Some((first, last, seconds)), Some(room)) = (observed, facts.settings.bytes("max_wal_size")) else { return };
    let requested = last.count("requested") - first.count("requested");
    let log = facts.totals.a_second(facts.totals.log_bytes);
    let evidence = vec![
        format!("{requested:.0} checkpoints were asked for in {seconds:.0} s because the log was full"),
        format!(
            "{:.1} MB of log a second; max_wal_size is {:.0} MB, so a checkpoint is due every {:.0} s",
            log / 1_048_576.0,
            room / 1_048_576.0,
            // The next one begins before the log is full, so that both fit.
            room / 2.0 / log.max(1.0)
        ),
        seen.to_owned(),
    ];
    // A requested checkpoint can also be somebody's command; the log's own rate tells.
    let due = log > 0.0 && room / 2.0 / log <= seconds.max(10.0);
    if requested >= 1.0 && due && room <= SMALL_LOG && writes {
        found.supported(Cause::CheckpointPressure, 0.94, "max_wal_size", evidence);
    } else if requested >= 2.0 && due {
        found.open(Cause::CheckpointPressure, 0.5, "max_wal_size", evidence);
    } else {
        found.refuted(Cause::CheckpointPressure, 0.85, &evidence[0]);
    }
}
