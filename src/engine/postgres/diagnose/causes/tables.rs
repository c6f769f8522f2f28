//! Tables in bad shape: dead rows, empty space, indexes that were left half built.

use super::super::facts::{Facts, Index, Table, last};
use super::Found;
use crate::domain::diagnosis::{Cause, Verdict};

/// Dead rows below this number cost nobody anything.
const MANY_DEAD: f64 = 10_000.0;
/// Dead rows for each live one: more of them than of these.
const MOSTLY_DEAD: f64 = 1.0;
/// Dead rows for each live one, where VACUUM should long have come: twice its own usual threshold.
const OVERDUE: f64 = 0.4;
/// Seconds between two rounds of autovacuum, and as much again for its work: dead rows of that time are nobody's fault.
const TWO_ROUNDS: f64 = 120.0;
/// Bytes of empty space that are worth getting back.
const MUCH_SPACE: f64 = 33_554_432.0;
/// Share of a table that is empty space.
const MOSTLY_EMPTY: f64 = 0.6;

/// Decides on tables.
pub(super) fn judge(facts: &Facts<'_>, found: &mut Found) {
    dead_rows(facts, found);
    empty_space(facts, found);
    half_built(facts, found);
}

fn dead_rows(facts: &Facts<'_>, found: &mut Found) {
    let mut tables: Vec<&Table> = facts.tables.iter().filter(|table| table.dead >= MANY_DEAD).collect();
    tables.sort_by(|a, b| b.dead.total_cmp(&a.dead));
    let worst = tables.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let Some(table) = worst.filter(|table| ratio(table) >= OVERDUE / 2.0) else {
        if facts.tables.is_empty() {
            found.open(Cause::DeadTuples, 0.4, "", vec!["no table of this database was seen".to_owned()]);
        } else {
            found.refuted(Cause::DeadTuples, 0.85, "no table has many dead rows");
        }
        return;
    };
    let off = facts.settings.is_off("autovacuum") || table.autovacuum_is_off();
    let vacuumed = table.vacuum_seconds.map_or("never vacuumed".to_owned(), |s| format!("vacuumed {s:.0} s ago"));
    let mut evidence = vec![format!(
        "{} has {:.0} dead rows beside {:.0} live ones and was {vacuumed}",
        table.words(),
        table.dead,
        table.live
    )];
    if off {
        evidence.push("autovacuum is switched off for it".to_owned());
    }
    let running = last(facts.case.observation, "diagnose.progress")
        .any(|row| row.text("command") == "VACUUM" && row.int("table_oid") == Some(table.oid));
    if running {
        evidence.push("a VACUUM of it runs".to_owned());
    }
    let oldest = holder(facts);
    if let Some((who, age)) = &oldest {
        evidence.push(format!("{who} may still see rows of {age:.0} transactions ago, so VACUUM may not take them"));
    }
    let read = table.whole_read_rows + table.found_rows > 0.0;
    let written = table.updated + table.deleted > 0.0;
    let ratio = ratio(table);
    let overdue = ratio >= MOSTLY_DEAD || (ratio >= OVERDUE && off);
    let made = facts.totals.a_second(table.updated + table.deleted);
    if overdue && !off && table.vacuum_seconds.is_some_and(|s| s < TWO_ROUNDS) && table.dead <= TWO_ROUNDS * made {
        evidence.push(format!("{made:.0} rows a second die while VACUUM comes as often as it should: they are of now"));
        match writing(found) {
            Some(root) => found.follows(Cause::DeadTuples, root, 0.7, evidence),
            None => found.open(Cause::DeadTuples, 0.5, &table.words(), evidence),
        }
        return;
    }
    if !overdue || (running && ratio < MOSTLY_DEAD) {
        found.open(Cause::DeadTuples, 0.5, &table.words(), evidence);
        return;
    }
    let root = found.hypotheses.iter().find(|h| {
        h.verdict == Verdict::Supported
            && matches!(h.cause, Cause::IdleInTransaction | Cause::LongTransaction | Cause::StuckSlot)
            && oldest.as_ref().is_some_and(|(who, _)| h.about.as_deref() == Some(who.as_str()))
    });
    if let Some(root) = root.map(|h| h.cause) {
        found.follows(Cause::DeadTuples, root, 0.9, evidence);
        return;
    }
    let sure = if running {
        0.8
    } else if ratio >= MOSTLY_DEAD && (read || written) {
        0.96
    } else if read || written {
        0.85
    } else {
        // Nobody was seen to touch it, so that nobody waits because of it now.
        0.7
    };
    found.supported(Cause::DeadTuples, sure, &table.words(), evidence);
}

/// The root that makes for many writes, where there is one.
fn writing(found: &Found) -> Option<Cause> {
    [
        Cause::CheckpointPressure,
        Cause::RedundantIndexes,
        Cause::HeavyCommits,
        Cause::HeavyWorkload,
        Cause::LockContention,
    ]
    .into_iter()
    .find(|cause| found.supports(*cause))
}

/// Dead rows for each live one.
fn ratio(table: &Table) -> f64 {
    table.dead / table.live.max(1.0)
}

/// Who holds back what VACUUM may take, when it is far behind.
fn holder(facts: &Facts<'_>) -> Option<(String, f64)> {
    const FAR: f64 = 10.0;
    const OLD: f64 = 10.0;
    let sessions = facts
        .looks
        .last()
        .iter()
        .filter(|session| session.is_client() && session.xact_seconds >= OLD)
        .filter_map(|session| Some((format!("session {}", session.pid), session.xmin_age?)));
    sessions.filter(|(_, age)| *age >= FAR).max_by(|a, b| a.1.total_cmp(&b.1))
}

fn empty_space(facts: &Facts<'_>, found: &mut Found) {
    let known: Vec<(&Table, f64)> = facts.tables.iter().filter_map(|t| Some((t, needed(t)?))).collect();
    let wasted = |(table, needed): &(&Table, f64)| (table.heap_bytes - needed).max(0.0);
    let worst = known
        .iter()
        .filter(|both| wasted(both) >= MUCH_SPACE && wasted(both) / both.0.heap_bytes >= MOSTLY_EMPTY)
        // What is dead is not yet empty.
        .filter(|both| ratio(both.0) < OVERDUE)
        .max_by(|a, b| wasted(a).total_cmp(&wasted(b)));
    let Some(both) = worst else {
        if facts
            .tables
            .iter()
            .any(|t| t.heap_bytes >= MUCH_SPACE && t.row_bytes.is_none() && t.analyze_seconds.is_some())
        {
            let words = format!(
                "how wide rows are cannot be seen: GRANT SELECT on the tables to {} (or pg_read_all_data), and ANALYZE them",
                facts.case.identity.user
            );
            found.unknown.push(format!("bloat is not known: {words}"));
            found.open(Cause::Bloat, 0.4, "", vec![words]);
        } else {
            found.refuted(Cause::Bloat, 0.8, "no table is mostly empty space, by its rows and their width");
        }
        return;
    };
    let evidence = vec![format!(
        "{} has {:.0} MB for {:.0} rows that need about {:.0} MB",
        both.0.words(),
        both.0.heap_bytes / 1_048_576.0,
        both.0.live,
        both.1 / 1_048_576.0
    )];
    found.supported(Cause::Bloat, 0.75, &both.0.words(), evidence);
}

/// Bytes that the live rows of a table need: their width by the statistics, a head of 28 bytes each with its pointer,
/// and a tenth for rounding and room. None where that is not known.
fn needed(table: &Table) -> Option<f64> {
    let width = table.row_bytes?;
    (!table.has_stale_statistics()).then_some(table.live * (width + 28.0) * 1.1 + 8_192.0)
}

fn half_built(facts: &Facts<'_>, found: &mut Found) {
    let left: Vec<&Index> =
        facts.indexes.iter().filter(|index| !index.valid && !index.partitioned && !index.being_built).collect();
    for index in &left {
        let evidence = vec![
            format!(
                "{}.{} on {} is not valid: no query uses it, every write keeps it up; it has {:.1} MB",
                index.schema,
                index.name,
                index.table,
                index.bytes / 1_048_576.0
            ),
            "nobody builds an index of this table now".to_owned(),
        ];
        found.supported(Cause::InvalidIndex, 0.9, &format!("{}.{}", index.schema, index.name), evidence);
    }
    if left.is_empty() {
        let building = facts.indexes.iter().any(|index| !index.valid && index.being_built);
        let words = if building { "an index that is not valid is being built" } else { "every index is valid" };
        found.refuted(Cause::InvalidIndex, 0.95, words);
    }
}
