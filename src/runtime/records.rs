//! What is kept of decisions, for the commands that look at it: proposals from the store, and the audit log, which is
//! held against them.

use super::clock;
use crate::cli::{AuditCheck, AuditEntry, AuditTrouble, Proposals, UnreadRow};
use crate::domain::proposal::stage::Stage;
use crate::domain::proposal::{Happening, Proposal};
use crate::domain::target::Timestamp;
use crate::store::audit::{AuditError, AuditLog, AuditPlaces, AuditRecord, Verified};
use crate::store::{Store, StoreError, UnreadProposal};
use std::collections::BTreeSet;

/// Records of the log that are looked at together.
const PAGE: usize = 500;
/// Kind of the record with which a log begins that takes the place of a doubtful one.
const RESTARTED: &str = "restarted";
/// Decisions without a record that are named, at most.
const MOST: usize = 20;

/// What the store has: all that are not closed, and the newest `closed` others.
pub(super) async fn proposals(store: &Store, closed: usize) -> Result<Proposals, String> {
    let known = store.proposals(closed).await.map_err(|e| e.to_string())?;
    let unread = store.unread_proposals().await.map_err(|e| e.to_string())?;
    let row = |UnreadProposal { id, target, stage, at }| UnreadRow { id, target, stage, at };
    Ok(Proposals { known, unread: unread.into_iter().map(row).collect() })
}

/// Checks the log, and that it names every decision that the store holds. None when there never was a log, and
/// nothing was decided.
pub(super) async fn check(places: AuditPlaces, decided: Vec<Decided>) -> Result<Option<AuditCheck>, AuditTrouble> {
    let looked = tokio::task::spawn_blocking(move || check_now(&places, &decided));
    looked.await.unwrap_or_else(|_| Err(AuditTrouble::Unverified("an internal fault".to_owned())))
}

/// Some records of the log, oldest first.
pub(super) async fn records(places: AuditPlaces, after: i64, most: usize) -> Result<Vec<AuditEntry>, AuditTrouble> {
    let read = tokio::task::spawn_blocking(move || match AuditLog::look(&places) {
        Ok(Some(log)) => log.records_after(after, most).map_err(|error| trouble(&error)),
        Ok(None) => Ok(Vec::new()),
        // What is gone or no log any more has no records; the check says so.
        Err(AuditError::Tampered(_)) => Ok(Vec::new()),
        Err(error) => Err(trouble(&error)),
    });
    let records = read.await.unwrap_or_else(|_| Err(AuditTrouble::Unverified("an internal fault".to_owned())))?;
    let entry = |AuditRecord { number, at, kind, act, body }| AuditEntry { number, at, kind, act, body };
    Ok(records.into_iter().map(entry).collect())
}

/// Puts the log aside and begins another. Gives where the old one is now.
pub(super) async fn restart(places: AuditPlaces, reason: String, who: String) -> Result<String, AuditTrouble> {
    let begun = tokio::task::spawn_blocking(move || {
        let log = AuditLog::restart(&places, clock::now(), &reason, &who).map_err(|error| trouble(&error))?;
        let first = log.records_after(0, 1).map_err(|error| trouble(&error))?;
        let aside = first.first().and_then(|record| record.body["aside"].as_str());
        Ok(aside.unwrap_or_default().to_owned())
    });
    begun.await.unwrap_or_else(|_| Err(AuditTrouble::Unverified("an internal fault".to_owned())))
}

/// A proposal that a person decided, or that was carried out: the log was written before the store each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    /// Its number.
    id: u64,
    /// When that happened last.
    at: Timestamp,
}

/// The decisions that the store holds.
pub(super) async fn decided(store: &Store) -> Result<Vec<Decided>, StoreError> {
    Ok(store.proposals(usize::MAX).await?.iter().filter_map(decision).collect())
}

/// Approved is written here first and to the log after that, so a crash can come between; what follows cannot.
fn decision(proposal: &Proposal) -> Option<Decided> {
    let logged = |h: &&Happening| !matches!(h.stage, Stage::Waiting | Stage::Seconding | Stage::Approved);
    let last = proposal.happenings.iter().rev().find(logged)?;
    Some(Decided { id: proposal.id, at: last.at })
}

fn check_now(places: &AuditPlaces, decided: &[Decided]) -> Result<Option<AuditCheck>, AuditTrouble> {
    let (verified, unnamed) = match AuditLog::look(places) {
        Ok(None) if decided.is_empty() => return Ok(None),
        Ok(None) => (Verified::default(), unnamed(decided, None, &BTreeSet::new())),
        Ok(Some(log)) => {
            let verified = log.verify().map_err(|error| trouble(&error))?;
            let (since, acts) = acts(&log)?;
            (verified, unnamed(decided, since, &acts))
        }
        Err(AuditError::Tampered(tampering)) => {
            (Verified { tampering: vec![tampering], ..Verified::default() }, Vec::new())
        }
        Err(error) => return Err(trouble(&error)),
    };
    let found = verified.tampering.iter().map(|t| (t.word(), t.to_string())).chain(unnamed);
    Ok(Some(AuditCheck {
        file: places.file().display().to_string(),
        anchors: places.anchors().iter().map(|path| path.display().to_string()).collect(),
        records: verified.records,
        head: verified.head,
        tampering: found.collect(),
    }))
}

/// The acts that a log names, and when it took another one's place, where it did.
fn acts(log: &AuditLog) -> Result<(Option<Timestamp>, BTreeSet<String>), AuditTrouble> {
    let (mut since, mut acts, mut last) = (None, BTreeSet::new(), 0);
    loop {
        let page = log.records_after(last, PAGE).map_err(|error| trouble(&error))?;
        let Some(newest) = page.last() else { return Ok((since, acts)) };
        last = newest.number;
        for record in page {
            if record.number == 1 && record.kind == RESTARTED {
                since = Some(record.at);
            }
            acts.insert(record.act);
        }
    }
}

/// Decisions that the log should name and does not.
fn unnamed(decided: &[Decided], since: Option<Timestamp>, acts: &BTreeSet<String>) -> Vec<(&'static str, String)> {
    let expected = decided.iter().filter(|d| since.is_none_or(|since| d.at > since));
    let missing = expected.filter(|d| !acts.contains(&format!("#{}", d.id)));
    missing
        .take(MOST)
        .map(|d| ("unnamed", format!("the store holds a decision about #{}, and the log does not", d.id)))
        .collect()
}

fn trouble(error: &AuditError) -> AuditTrouble {
    let words = error.to_string();
    match error {
        AuditError::Store(
            StoreError::OpenToOthers { .. }
            | StoreError::NotOurs { .. }
            | StoreError::NotPlain { .. }
            | StoreError::NetworkFileSystem { .. },
        ) => AuditTrouble::Settings(words),
        _ => AuditTrouble::Unverified(words),
    }
}
