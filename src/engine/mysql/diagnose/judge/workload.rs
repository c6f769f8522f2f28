//! What the server works on: each shape of statement has one cause, and a cause is supported by its share of the work.

use super::Findings;
use super::statements::{Blame, blame, spare, words};
use crate::domain::diagnosis::{Cause, Verdict};
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::seen::work::Shape;
use std::collections::BTreeMap;

/// Share of the work from which a cause is one.
const SHARE: f64 = 0.25;
/// Sessions at work on it, on average, below which nobody notices.
const NOTICED: f64 = 0.3;
/// The same for causes that are mere quantity.
const MANY_WRITERS: f64 = 1.5;
const MANY_READERS: f64 = 4.0;
/// Short statements are over before a look sees them: fewer sessions, when so many statements come in a second.
const SOME_READERS: f64 = 2.5;
const MANY_QUESTIONS: f64 = 5_000.0;
/// Rows inserted in a second, from which it is much whoever works.
const MANY_INSERTS: f64 = 3_000.0;
/// Transactions committed in a second.
const MANY_COMMITS: f64 = 500.0;
/// Bytes of one answer, on average, from which fetches are large.
const LARGE_ANSWER: f64 = 100_000.0;
/// Bytes sent in a second for that.
const LARGE_STREAM: f64 = 8.0 * 1024.0 * 1024.0;
/// Spare indexes of a table that is written much, from which they are what its writers pay for.
const MANY_SPARE: usize = 3;
/// Statements that are named.
const NAMED: usize = 3;

/// The causes that this file decides.
const CAUSES: &[Cause] = &[
    Cause::MissingIndex,
    Cause::CorrelatedSubquery,
    Cause::PoorJoin,
    Cause::BadStatistics,
    Cause::LargeFetch,
    Cause::DiskSpill,
    Cause::HeavyInserts,
    Cause::HeavyCommits,
    Cause::HeavyWorkload,
];

/// What one cause has for it.
#[derive(Debug, Default)]
struct Case {
    mean: f64,
    share: f64,
    table: Option<String>,
    evidence: Vec<String>,
}

pub(super) fn judge(scene: &Scene<'_>, found: &mut Findings) {
    if scene.moments.is_empty() {
        return;
    }
    let mut cases: BTreeMap<Cause, Case> = BTreeMap::new();
    for shape in &scene.work.shapes {
        let blamed = blamed(scene, shape);
        let case = cases.entry(blamed.cause).or_default();
        case.mean += shape.mean;
        case.share += scene.work.share(shape);
        if case.evidence.len() < NAMED * 2 && scene.work.share(shape) >= SHARE / 5.0 {
            case.evidence.push(words(scene, shape));
            case.evidence.extend(blamed.evidence);
        }
        case.table = case.table.take().or(blamed.table);
    }
    let moved = writes(scene);
    for cause in CAUSES.iter().filter(|c| !matches!(c, Cause::HeavyWorkload)) {
        decide(scene, *cause, cases.remove(cause), &moved, found);
    }
    let case = cases.remove(&Cause::HeavyWorkload);
    workload(scene, case, found);
    redundant(scene, found);
}

/// The cause of a shape. Rows that are fetched without a condition show in what is sent, where the state does not say so.
fn blamed(scene: &Scene<'_>, shape: &Shape) -> Blame {
    let blamed = blame(scene, shape);
    let select = shape.verb == "select";
    if blamed.cause == Cause::HeavyWorkload
        && select
        && let Some(words) = large_answers(scene)
    {
        return Blame { cause: Cause::LargeFetch, evidence: vec![words], table: None };
    }
    blamed
}

/// Answers are large, by what the server has sent.
fn large_answers(scene: &Scene<'_>) -> Option<String> {
    let sent = scene.status.rate("Bytes_sent")?;
    let each = sent / scene.status.rate("Questions").filter(|q| *q > 0.0)?;
    (sent >= LARGE_STREAM && each >= LARGE_ANSWER).then(|| {
        format!(
            "{:.1} MB a second are sent, {:.0} kB for each statement (limits {:.0} MB and {:.0} kB)",
            sent / 1_048_576.0,
            each / 1_000.0,
            LARGE_STREAM / 1_048_576.0,
            LARGE_ANSWER / 1_000.0
        )
    })
}

/// Rows and transactions in a second.
struct Writes {
    inserted: f64,
    changed: f64,
    commits: f64,
}

fn writes(scene: &Scene<'_>) -> Writes {
    let rate = |names: &[&str]| scene.status.rate_of(names).unwrap_or(0.0);
    // Newer MariaDB has no counters of InnoDB's rows, and those of the handlers without temporary tables.
    let either = |innodb: &[&str], handlers: &[&str]| scene.status.rate_of(innodb).unwrap_or_else(|| rate(handlers));
    let statements = rate(&[
        "Com_insert",
        "Com_insert_select",
        "Com_replace",
        "Com_load",
        "Com_update",
        "Com_update_multi",
        "Com_delete",
        "Com_delete_multi",
    ]);
    let committed = rate(&["Com_commit"]);
    Writes {
        inserted: either(&["Innodb_rows_inserted"], &["Handler_write"]),
        changed: either(&["Innodb_rows_updated", "Innodb_rows_deleted"], &["Handler_update", "Handler_delete"]),
        // Without COMMIT each statement is a transaction of its own.
        commits: if committed > statements / 20.0 { committed } else { statements },
    }
}

fn decide(scene: &Scene<'_>, cause: Cause, case: Option<Case>, moved: &Writes, found: &mut Findings) {
    let case = case.unwrap_or_default();
    let mut evidence = case.evidence;
    let (enough, sure) = match cause {
        Cause::HeavyInserts => {
            evidence.push(format!(
                "{:.0} rows inserted a second (limit {MANY_INSERTS:.0}), {:.1} sessions insert on average (limit {MANY_WRITERS})",
                moved.inserted, case.mean
            ));
            let mostly = moved.inserted >= 2.0 * moved.changed;
            let much =
                case.mean >= MANY_WRITERS && moved.inserted >= MANY_INSERTS / 20.0 || moved.inserted >= MANY_INSERTS;
            (much && mostly && case.share >= SHARE, 0.8)
        }
        Cause::HeavyCommits => {
            evidence.push(format!(
                "{:.0} transactions a second (limit {MANY_COMMITS:.0}) with {:.1} changed rows each, {:.1} sessions write on average",
                moved.commits,
                (moved.inserted + moved.changed) / moved.commits.max(1.0),
                case.mean
            ));
            let mostly = moved.changed * 2.0 > moved.inserted;
            let much =
                case.mean >= MANY_WRITERS && moved.commits >= MANY_COMMITS / 10.0 || moved.commits >= MANY_COMMITS;
            (much && mostly && case.share >= SHARE, 0.8)
        }
        Cause::DiskSpill => {
            let tables = scene.status.rate("Created_tmp_disk_tables").unwrap_or(0.0);
            let passes = scene.status.rate("Sort_merge_passes").unwrap_or(0.0);
            evidence.push(format!(
                "{tables:.1} temporary tables on disk a second (Created_tmp_disk_tables), {passes:.1} merge passes of sorts a second"
            ));
            let spills = tables + passes > 0.2;
            (spills && case.share >= SHARE && case.mean >= NOTICED, 0.85)
        }
        _ => (case.share >= SHARE && case.mean >= NOTICED, 0.88),
    };
    if enough {
        let hypothesis = found.supported(cause, (sure - 0.2 + case.share * 0.25).min(0.97), evidence);
        hypothesis.about = case.table;
    } else if case.mean >= NOTICED && case.share >= SHARE {
        found.inconclusive(cause, 0.4, evidence);
    } else {
        evidence.insert(0, format!("{:.0} % of the work, {:.2} sessions on average", case.share * 100.0, case.mean));
        found.push(cause, Verdict::Refuted, 0.75, evidence);
    }
}

/// Many at work, and nothing wrong with what they do.
fn workload(scene: &Scene<'_>, case: Option<Case>, found: &mut Findings) {
    let case = case.unwrap_or_default();
    let mut evidence = vec![format!(
        "{:.1} sessions at work on average (limit {MANY_READERS}), {:.0} % of them on statements whose plans are good",
        scene.work.mean,
        case.share * 100.0
    )];
    evidence.extend(scene.status.rate("Questions").map(|rate| format!("{rate:.0} statements a second")));
    evidence.extend(case.evidence);
    let other = found.hypotheses.iter().any(|h| CAUSES.contains(&h.cause) && h.verdict == Verdict::Supported);
    let asked = scene.status.rate("Questions").unwrap_or(0.0);
    let many = case.mean >= MANY_READERS || case.mean >= SOME_READERS && asked >= MANY_QUESTIONS;
    if many && case.share >= 0.5 && !other {
        found.supported(Cause::HeavyWorkload, 0.75, evidence);
    } else {
        found.push(Cause::HeavyWorkload, Verdict::Refuted, 0.7, evidence);
    }
}

/// Indexes that nobody needs, on tables that are written much.
fn redundant(scene: &Scene<'_>, found: &mut Findings) {
    let writers: Vec<&Shape> = scene
        .work
        .shapes
        .iter()
        .filter(|s| matches!(s.verb.as_str(), "insert" | "replace" | "update" | "delete" | "load"))
        .collect();
    let share: f64 = writers.iter().map(|s| scene.work.share(s)).sum();
    let mean: f64 = writers.iter().map(|s| s.mean).sum();
    let mut worst: Option<(String, Vec<String>)> = None;
    for shape in &writers {
        for (database, name) in crate::engine::mysql::diagnose::seen::statement::tables(&shape.example, &shape.database)
        {
            let Some(table) = scene.table(&database, &name) else { continue };
            let spare = spare(table);
            if worst.as_ref().is_none_or(|(_, list)| spare.len() > list.len()) {
                worst = Some((table.full(), spare));
            }
        }
    }
    let Some((table, list)) = worst.filter(|(_, list)| !list.is_empty()) else {
        found
            .refuted(Cause::RedundantIndexes, "no table that is written now has an index that another one makes spare");
        return;
    };
    let mut evidence =
        vec![format!("{} spare index(es) of {table} (limit {MANY_SPARE}): {}", list.len(), list.join("; "))];
    evidence.push(format!("{mean:.1} sessions write on average, {:.0} % of the work", share * 100.0));
    if list.len() < MANY_SPARE || share < SHARE || mean < NOTICED {
        found.inconclusive(Cause::RedundantIndexes, 0.4, evidence).about = Some(table);
        return;
    }
    found.supported(Cause::RedundantIndexes, 0.85, evidence).about = Some(table);
    for hypothesis in &mut found.hypotheses {
        if matches!(hypothesis.cause, Cause::HeavyInserts | Cause::HeavyCommits)
            && hypothesis.verdict == Verdict::Supported
        {
            *hypothesis = hypothesis.clone().follows_from(Cause::RedundantIndexes);
        }
    }
}
