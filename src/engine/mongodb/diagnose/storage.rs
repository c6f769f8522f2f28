//! The storage engine's cache, the disk under it, and indexes that nobody needs.

use super::sight::{Index, Sight};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::metric::bytes;

/// Shares of the cache at which the server itself begins to make operations wait: filled, and changed (its own targets
/// are 80 and 5, its triggers 95 and 20 per cent).
const FULL: f64 = 0.95;
const FILLED: f64 = 0.8;
const DIRTY: f64 = 0.2;
const RATHER_DIRTY: f64 = 0.05;
/// Indexes that others cover, on one collection, from which writes feel them.
const SEVERAL: usize = 3;

pub(super) fn judge(sight: &Sight<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> = cache(sight, unknown).into_iter().collect();
    found.extend(disk(sight));
    found.extend(redundant(sight));
    found
}

fn cache(sight: &Sight<'_>, unknown: &mut Vec<String>) -> Option<Hypothesis> {
    let of = |name: &str| sight.now(&format!("wiredTiger.cache.{name}"));
    let Some(most) = of("maximum bytes configured").filter(|most| *most > 0.0) else {
        unknown.push("this server tells nothing about a WiredTiger cache".to_owned());
        return None;
    };
    let filled = of("bytes currently in the cache")? / most;
    let dirty = of("tracked dirty bytes in the cache").unwrap_or(0.0) / most;
    let evicted = sight.grew("wiredTiger.cache.pages evicted by application threads").unwrap_or(0.0);
    let mut evidence = vec![format!(
        "the cache of {} is {:.0} % filled, {:.1} % of it changed",
        bytes(most),
        filled * 100.0,
        dirty * 100.0
    )];
    if evicted > 0.0 {
        evidence.push(format!("operations themselves evicted {evicted:.0} pages in {:.0} s", sight.seconds));
    }
    let (verdict, confidence) = match () {
        () if dirty >= DIRTY || filled >= FULL => (Verdict::Supported, 0.9),
        () if evicted > 0.0 && filled >= FILLED => (Verdict::Supported, 0.8),
        () if dirty >= RATHER_DIRTY && evicted > 0.0 => (Verdict::Inconclusive, 0.5),
        () => (Verdict::Refuted, 0.85),
    };
    Some(Hypothesis::new(Cause::CachePressure, verdict, confidence, evidence))
}

fn disk(sight: &Sight<'_>) -> Option<Hypothesis> {
    let (used, all) = sight.disk().filter(|(_, all)| *all > 0.0)?;
    let free = (all - used) / all;
    let words = vec![format!("{:.0} % of the disk ({}) are free", free * 100.0, bytes(all))];
    let (verdict, confidence) = match free {
        free if free < 0.03 => (Verdict::Supported, 0.9),
        free if free < 0.1 => (Verdict::Inconclusive, 0.5),
        _ => (Verdict::Refuted, 0.9),
    };
    Some(Hypothesis::new(Cause::DiskFull, verdict, confidence, words))
}

/// Plain indexes whose fields another one of the collection has in front: with the other.
pub(in crate::engine::mongodb) fn covered(sight: &Sight<'_>) -> Vec<(Index, Index)> {
    let indexes = sight.indexes().unwrap_or_default();
    let plain = |index: &Index| index.kind.is_empty() && index.name != "_id_";
    let mut found = Vec::new();
    for index in indexes.iter().filter(|index| plain(index)) {
        let other = indexes.iter().find(|other| {
            other.collection == index.collection
                && other.name != index.name
                && other.kind.is_empty()
                && other.keys.starts_with(&index.keys)
                && (other.keys.len() > index.keys.len() || other.name < index.name)
        });
        found.extend(other.map(|other| (index.clone(), other.clone())));
    }
    found
}

fn redundant(sight: &Sight<'_>) -> Option<Hypothesis> {
    let covered = covered(sight);
    let (first, _) = covered.first()?;
    let worst = covered
        .iter()
        .map(|(own, _)| covered.iter().filter(|(other, _)| other.collection == own.collection).count())
        .max()?;
    let evidence = covered
        .iter()
        .take(3)
        .map(|(own, other)| {
            let uses = own.uses.map_or_else(String::new, |n| format!(", used {n:.0} times on this member"));
            format!(
                "{} ({}) is in front of {} ({}){uses}",
                own.name,
                own.keys.join(", "),
                other.name,
                other.keys.join(", ")
            )
        })
        .collect();
    let (verdict, confidence) =
        if worst >= SEVERAL { (Verdict::Supported, 0.75) } else { (Verdict::Inconclusive, 0.5) };
    Some(Hypothesis::new(Cause::RedundantIndexes, verdict, confidence, evidence).about(first.collection.clone()))
}
