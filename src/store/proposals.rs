//! Proposals: acts that wait for a person, with everything that was on the screen and everything that happened to them.
//!
//! A statement is kept byte for byte, since what is approved is what is kept here: nothing is redacted, so a caller
//! files no statement that holds a secret. Every change is a transaction of its own that is on disk when it is
//! answered (`synchronous=FULL`). The columns say what a program of another version can rely on; what it cannot read
//! of the body stays as it is.

use super::error::StoreError;
use super::learning;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

/// Largest proposal that is kept, bytes of JSON: the rows of an inverse are most of it.
pub const PROPOSAL_BYTES: usize = 16 << 20;

/// The condition of the partial index: those that somebody still has to care for. A stage that this version does not
/// know is one of them.
const NOT_CLOSED: &str = "stage NOT IN ('done', 'undone', 'not-run', 'denied', 'withdrawn')";

/// A proposal whose record was written by another version of the program, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadProposal {
    /// Its number.
    pub id: u64,
    /// The target's name.
    pub target: String,
    /// The word of its stage.
    pub stage: String,
    /// When it was proposed.
    pub at: Timestamp,
}

/// Gives a proposal its number and keeps it.
pub(super) fn file(db: &mut Connection, mut proposal: Proposal) -> Result<Proposal, StoreError> {
    let failed = StoreError::of("keep the proposal");
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    let id = transaction
        .prepare_cached("INSERT INTO proposals (target, stage, at_ms, updated_ms, body) VALUES (?1, ?2, ?3, ?4, '{}')")
        .and_then(|mut insert| {
            let Proposal { target, stage, at, .. } = &proposal;
            insert.insert(params![target.as_str(), stage.word(), at.0, updated(&proposal).0])
        })
        .map_err(&failed)?;
    proposal.id = number(id);
    let body = body(&proposal)?;
    transaction
        .prepare_cached("UPDATE proposals SET body = ?2 WHERE id = ?1")
        .and_then(|mut update| update.execute(params![id, body]))
        .map_err(&failed)?;
    transaction.commit().map_err(failed)?;
    Ok(proposal)
}

/// A proposal by its number.
pub(super) fn get(db: &Connection, id: u64) -> Result<Option<Proposal>, StoreError> {
    match find(db, id)? {
        None => Ok(None),
        Some(Ok(proposal)) => Ok(Some(proposal)),
        Some(Err(UnreadProposal { id, .. })) => Err(StoreError::UnreadProposal(id)),
    }
}

/// Those that are not closed and the newest `closed` others, newest first. What cannot be read is in
/// [`unread`].
pub(super) fn list(db: &Connection, closed: usize) -> rusqlite::Result<Vec<Proposal>> {
    let mut query = db.prepare_cached(&format!(
        "SELECT id, target, stage, at_ms, body FROM proposals WHERE {NOT_CLOSED}
         UNION ALL
         SELECT * FROM (SELECT id, target, stage, at_ms, body FROM proposals WHERE NOT ({NOT_CLOSED})
                        ORDER BY id DESC LIMIT ?1)
         ORDER BY 1 DESC"
    ))?;
    let rows = query.query_map([i64::try_from(closed).unwrap_or(i64::MAX)], read)?;
    rows.filter_map(|row| row.map(Result::ok).transpose()).collect()
}

/// What this version of the program cannot read, newest first.
pub(super) fn unread(db: &Connection) -> rusqlite::Result<Vec<UnreadProposal>> {
    let mut query = db.prepare_cached("SELECT id, target, stage, at_ms, body FROM proposals ORDER BY id DESC")?;
    let rows = query.query_map([], read)?;
    rows.filter_map(|row| row.map(Result::err).transpose()).collect()
}

/// Puts a proposal in the place of its earlier self, if that still stands at `expected` and nothing happened to it
/// that the new one does not know of. Answers false when another process was faster.
pub(super) fn replace(db: &mut Connection, expected: Stage, proposal: &Proposal) -> Result<bool, StoreError> {
    let failed = StoreError::of("keep the proposal");
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
    // The columns are what is compared. The stage can be the same one again after a round (waiting, approved,
    // waiting), so the history has to be the same too.
    let same = match find(&transaction, proposal.id)? {
        None => return Ok(false),
        Some(Ok(stored)) => stored.stage == expected && proposal.happenings.starts_with(&stored.happenings),
        Some(Err(UnreadProposal { id, .. })) => return Err(StoreError::UnreadProposal(id)),
    };
    if !same {
        return Ok(false);
    }
    let body = body(proposal)?;
    let changed = transaction
        .prepare_cached("UPDATE proposals SET stage = ?2, updated_ms = ?3, body = ?4 WHERE id = ?1 AND stage = ?5")
        .and_then(|mut update| {
            let (id, stage) = (key(proposal.id), proposal.stage.word());
            update.execute(params![id, stage, updated(proposal).0, body, expected.word()])
        })
        .map_err(&failed)?;
    if changed == 1 && !proposal.stage.is_under_way() {
        learning::ended(&transaction, proposal).map_err(&failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(changed == 1)
}

fn find(db: &Connection, id: u64) -> Result<Option<Result<Proposal, UnreadProposal>>, StoreError> {
    db.prepare_cached("SELECT id, target, stage, at_ms, body FROM proposals WHERE id = ?1")
        .and_then(|mut query| query.query_row([key(id)], read).optional())
        .map_err(StoreError::of("read the proposal"))
}

/// A row. Its columns decide about number and stage; a body that says otherwise was not written by us.
fn read(row: &Row<'_>) -> rusqlite::Result<Result<Proposal, UnreadProposal>> {
    let (id, target, stage): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let columns = UnreadProposal { id: number(id), target, stage, at: Timestamp(row.get(3)?) };
    let body = row.get_ref(4)?.as_str()?;
    let parsed = serde_json::from_str::<Proposal>(body).ok();
    let fits = |proposal: &Proposal| {
        proposal.id == columns.id
            && proposal.stage.word() == columns.stage
            && proposal.target.as_str() == columns.target
    };
    Ok(parsed.filter(fits).ok_or(columns))
}

/// The record as JSON. What is over is written down whatever its size: its outcome must not be lost.
fn body(proposal: &Proposal) -> Result<String, StoreError> {
    let body = serde_json::to_string(proposal).map_err(|error| StoreError::Failed {
        operation: "keep the proposal".to_owned(),
        message: error.to_string(),
    })?;
    if body.len() > PROPOSAL_BYTES && !proposal.stage.is_closed() {
        return Err(StoreError::TooLarge { bytes: body.len(), most: PROPOSAL_BYTES });
    }
    Ok(body)
}

/// When it came to its stage.
fn updated(proposal: &Proposal) -> Timestamp {
    proposal.happenings.last().map_or(proposal.at, |h| h.at)
}

/// The column's value of a number; one that no column can hold is nobody's.
fn key(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(-1)
}

/// The number of a column's value. They begin at 1.
fn number(id: i64) -> u64 {
    u64::try_from(id).unwrap_or(0)
}
