//! The one write lock, and the log that grows while an old reader keeps it from being taken back.

use super::view::{File, Held, View};
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::domain::metric::bytes;

/// Share of the looks in which one process holds the write lock from which it holds it all the time.
const ALWAYS: f64 = 0.8;
/// Looks below which that says little.
const ENOUGH_LOOKS: usize = 3;
/// A checkpoint is tried by itself from 1000 pages on; a log in use that is this much longer was not taken back.
const NOT_TAKEN_BACK: f64 = 1_500.0;
/// Pages from which a log is long whoever reads (checks.md SL05: four times the default).
const LONG: f64 = 4_000.0;

/// Somebody who holds the write lock throughout.
pub(in crate::engine::sqlite) fn steady_writer(view: &View<'_>) -> Option<(Held, usize)> {
    let (writers, looks) = view.holders("writer");
    let writer = writers.into_iter().next()?;
    let steady = writer.looks as f64 >= ALWAYS * looks as f64 && (looks >= ENOUGH_LOOKS || view.locked().is_some());
    steady.then_some((writer, looks))
}

/// Somebody who reads from one snapshot throughout, in a file with a log.
pub(in crate::engine::sqlite) fn steady_reader(view: &View<'_>) -> Option<(Held, usize)> {
    let (readers, looks) = view.holders("reader");
    let reader = readers.into_iter().next()?;
    (looks >= ENOUGH_LOOKS && reader.looks as f64 >= ALWAYS * looks as f64).then_some((reader, looks))
}

/// What of the log is in use, in pages.
pub(in crate::engine::sqlite) fn pages_in_use(file: &File) -> Option<f64> {
    (file.journal_mode == "wal").then(|| file.log_in_use.unwrap_or(0.0) / (file.page_size + 24.0))
}

pub(super) fn judge(view: &View<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let mut found = vec![writer(view, unknown)];
    found.extend(log(view));
    found.extend(journal_mode(view));
    found
}

fn writer(view: &View<'_>, unknown: &mut Vec<String>) -> Hypothesis {
    let cause = Cause::WriterLock;
    let holder = steady_writer(view);
    if let Some(why) = view.locked() {
        let mut evidence = vec![format!("the file let nobody read: {why}")];
        return match holder {
            Some((holder, _)) => {
                evidence.push(format!("{} holds the lock", holder.words()));
                Hypothesis::new(cause, Verdict::Supported, 0.95, evidence).about(holder.words())
            }
            None => {
                unknown.push("who holds the lock could not be seen".to_owned());
                Hypothesis::new(cause, Verdict::Supported, 0.8, evidence)
            }
        };
    }
    let (writers, looks) = view.holders("writer");
    if let Some((holder, looks)) = holder {
        let commits = view.commits();
        let mut evidence = vec![format!(
            "{} held the write lock in {} of {looks} looks over {:.0} s",
            holder.words(),
            holder.looks,
            view.seconds
        )];
        return match commits {
            Some(commits) if commits > 0.0 && view.last.as_ref().is_some_and(|file| file.commits.is_some()) => {
                evidence.push(format!(
                    "{commits:.0} transactions were committed meanwhile: many short ones, not one that lasts"
                ));
                Hypothesis::new(Cause::HeavyCommits, Verdict::Supported, 0.75, evidence).about(holder.words())
            }
            _ => {
                evidence
                    .push("nothing was committed meanwhile: every other writer waits or gets SQLITE_BUSY".to_owned());
                Hypothesis::new(cause, Verdict::Supported, 0.92, evidence).about(holder.words())
            }
        };
    }
    if view.last.as_ref().is_none_or(|file| !file.locks_are_told) || looks == 0 {
        return Hypothesis::new(cause, Verdict::Inconclusive, 0.3, vec!["who holds locks is not told here".into()]);
    }
    let seen = writers.first().map_or(0, |writer| writer.looks);
    let words = format!("the write lock was held in {seen} of {looks} looks");
    let (verdict, confidence) = if seen * 2 > looks { (Verdict::Inconclusive, 0.5) } else { (Verdict::Refuted, 0.85) };
    Hypothesis::new(cause, verdict, confidence, vec![words])
}

/// A log that is not taken back. Its size on disk alone says nothing: it stays as large as it once was.
fn log(view: &View<'_>) -> Option<Hypothesis> {
    let last = view.last.as_ref()?;
    let used = pages_in_use(last)?;
    let before = view.first.as_ref().and_then(pages_in_use).unwrap_or(used);
    let grown = used - before;
    let mut evidence = vec![format!(
        "{used:.0} pages ({}) of the log are not taken back, {} are on disk; it grew by {grown:.0} pages in {:.0} s",
        bytes(last.log_in_use.unwrap_or(0.0)),
        bytes(last.log_bytes.unwrap_or(0.0)),
        view.seconds
    )];
    if let Some((holder, _)) = steady_writer(view)
        && view.commits() == Some(0.0)
        && used >= NOT_TAKEN_BACK
    {
        evidence.push(format!(
            "one transaction of {} is still being written: what it wrote cannot be taken back before it ends",
            holder.words()
        ));
        let hypothesis = Hypothesis::new(Cause::WalGrowth, Verdict::Supported, 0.7, evidence);
        return Some(hypothesis.about(holder.words()).follows_from(Cause::WriterLock));
    }
    let reader = steady_reader(view);
    if let Some((reader, looks)) = &reader {
        evidence.push(format!(
            "{} reads from one snapshot in {} of {looks} looks: the log behind it has to stay",
            reader.words(),
            reader.looks
        ));
    }
    let (verdict, confidence) = match (used, &reader) {
        (used, Some(_)) if used >= NOT_TAKEN_BACK => (Verdict::Supported, 0.95),
        // Whoever writes begins the log anew once all of it was taken back: here somebody went on behind its end.
        (_, None) if before >= LONG && grown > 0.0 => (Verdict::Supported, 0.8),
        (used, None) if used >= NOT_TAKEN_BACK => (Verdict::Inconclusive, 0.5),
        _ => (Verdict::Refuted, 0.9),
    };
    let hypothesis = Hypothesis::new(Cause::WalGrowth, verdict, confidence, evidence);
    Some(match reader {
        Some((reader, _)) if verdict == Verdict::Supported => hypothesis.about(reader.words()),
        _ => hypothesis,
    })
}

/// Readers and a writer who keep each other out by the journal mode.
fn journal_mode(view: &View<'_>) -> Option<Hypothesis> {
    let file = view.last.as_ref()?;
    let busy = view.case.incident.is_some_and(|incident| incident.kind == ErrorKind::LockTimeout);
    if file.journal_mode == "wal" || !busy || steady_writer(view).is_some() || view.locked().is_some() {
        return None;
    }
    let words = format!(
        "the journal mode is {}: readers and the writer keep each other out, and in mode wal they would not",
        file.journal_mode
    );
    Some(Hypothesis::new(Cause::ConfigRegression, Verdict::Supported, 0.7, vec![words]).about("journal_mode"))
}
