//! The file's own health: damage, free pages, and the disk under it.

use super::CHECK;
use super::view::View;
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::domain::metric::bytes;
use crate::domain::text::fit;

/// Free pages that are worth taking back (checks.md SL09), and the share from which fewer are.
const MANY_FREE: f64 = 100.0 * 1_048_576.0;
const SHARE: f64 = 0.25;
const HALF: f64 = 0.5;
const SOME_FREE: f64 = 8.0 * 1_048_576.0;
/// A disk with less than this is full for a database.
const FULL_BYTES: f64 = 32.0 * 1_048_576.0;
const FULL_SHARE: f64 = 0.02;
const NEARLY: f64 = 0.05;

pub(super) fn judge(view: &View<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found: Vec<Hypothesis> = damage(view, unknown).into_iter().collect();
    found.extend(free_pages(view));
    found.extend(disk(view, unknown));
    found
}

fn damage(view: &View<'_>, unknown: &mut Vec<String>) -> Option<Hypothesis> {
    if let Some(why) = view.damaged() {
        return Some(Hypothesis::new(
            Cause::Corruption,
            Verdict::Supported,
            0.97,
            vec![format!("the file cannot be read: {why}")],
        ));
    }
    let Some(look) = view.case.observation.last(CHECK.name) else {
        let why = view.case.observation.refusal(CHECK.name).unwrap_or("it was not asked");
        unknown.push(format!("quick_check did not come to its end ({why}): run PRAGMA quick_check in a quiet hour"));
        let evidence = vec!["the file could be read as far as it was looked at".to_owned()];
        return view.last.is_some().then(|| Hypothesis::new(Cause::Corruption, Verdict::Inconclusive, 0.3, evidence));
    };
    let lines: Vec<String> = look.rows.rows.iter().map(|row| look.rows.text(row, "found")).collect();
    Some(if lines.iter().all(|line| line == "ok") {
        Hypothesis::new(Cause::Corruption, Verdict::Refuted, 0.9, vec!["quick_check says ok".to_owned()])
    } else {
        let evidence = lines.iter().take(3).map(|line| format!("quick_check: {}", fit(line, 160))).collect();
        Hypothesis::new(Cause::Corruption, Verdict::Supported, 0.98, evidence)
    })
}

fn free_pages(view: &View<'_>) -> Option<Hypothesis> {
    let file = view.last.as_ref()?;
    let (free, share) = (file.free_pages * file.page_size, file.free_pages / file.pages?.max(1.0));
    let evidence = vec![format!(
        "{:.0} % of the file ({} of {}) are free pages; auto_vacuum is {}",
        share * 100.0,
        bytes(free),
        bytes(file.bytes()),
        ["none", "full", "incremental"].get(usize::try_from(file.auto_vacuum).unwrap_or(0)).unwrap_or(&"none")
    )];
    let much = (share >= SHARE && free >= MANY_FREE) || (share >= HALF && free >= SOME_FREE);
    let (verdict, confidence) = match much {
        true => (Verdict::Supported, 0.85),
        false if share >= SHARE && free >= SOME_FREE => (Verdict::Inconclusive, 0.5),
        false => (Verdict::Refuted, 0.9),
    };
    Some(Hypothesis::new(Cause::Bloat, verdict, confidence, evidence))
}

fn disk(view: &View<'_>, unknown: &mut Vec<String>) -> Option<Hypothesis> {
    let file = view.last.as_ref()?;
    let (Some(free), Some(size)) = (file.disk_free, file.disk_size.filter(|size| *size > 0.0)) else {
        unknown.push("how full the disk is cannot be seen".to_owned());
        return None;
    };
    let said = view.case.incident.is_some_and(|incident| incident.kind == ErrorKind::DiskFull);
    let share = free / size;
    let evidence =
        vec![format!("{} of {} are free on the file's disk, {:.1} %", bytes(free), bytes(size), share * 100.0)];
    let (verdict, confidence) = match () {
        () if free < FULL_BYTES || (said && share < NEARLY) => (Verdict::Supported, 0.92),
        () if share < FULL_SHARE && free < file.bytes().max(FULL_BYTES * 8.0) => (Verdict::Supported, 0.85),
        () if share < NEARLY => (Verdict::Inconclusive, 0.5),
        () => (Verdict::Refuted, 0.9),
    };
    // A limit of the file itself gives the same error with an empty disk.
    if said && verdict == Verdict::Refuted {
        unknown.push(
            "the disk is not full: PRAGMA max_page_count of the application, or a quota, gives the same error"
                .to_owned(),
        );
    }
    Some(Hypothesis::new(Cause::DiskFull, verdict, confidence, evidence))
}
