//! The prior rows of a change: read in the act's own transaction, written down before it goes on, and held against what
//! the statement really changed.

use super::PgSession;
use super::act::{READING_MS, first_cell, not_done};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::engine::postgres::dialect::DIALECT;
use crate::engine::postgres::fix::undo::{Undo, Written};
use crate::engine::postgres::wire::Cell;
use crate::engine::{ActError, Witness};

impl PgSession {
    /// Reads the rows that are about to change and has their undo written down.
    pub(super) async fn keep(
        &mut self,
        undo: &Undo<'_>,
        most: u64,
        witness: &mut dyn Witness,
    ) -> Result<Vec<Vec<Cell>>, ActError> {
        let prior = undo.prior(most).ok_or_else(|| not_done("the rows cannot be kept any more: look at it again"))?;
        let rows = self.tell(&prior, READING_MS).await.map_err(ActError::NotDone)?.rows;
        self.write_down(undo, &rows, most, witness).await?;
        Ok(rows)
    }

    /// Finds the rows that were inserted and has their undo written down, before they are committed.
    pub(super) async fn keep_inserted(
        &mut self,
        undo: &Undo<'_>,
        most: u64,
        changed: Option<u64>,
        mark: u64,
        witness: &mut dyn Witness,
    ) -> Result<(), ActError> {
        let left = self.left(undo, &[], (most, mark)).await?;
        if changed.is_some_and(|changed| changed <= most) && changed != Some(left.len()) {
            return Err(not_done("the new rows could not be found again, so there would be no undo: rolled back"));
        }
        at_most(left.len(), most)?;
        self.keep_guarded(undo, left.rows(), &left, witness).await
    }

    /// Has the undo written down that passes over what somebody changes after the act. `rows` are those that were
    /// there before.
    pub(super) async fn keep_what_it_left(
        &mut self,
        undo: &Undo<'_>,
        rows: &[Vec<Cell>],
        (most, mark): (u64, u64),
        witness: &mut dyn Witness,
    ) -> Result<(), ActError> {
        let left = if undo.leaves_rows() { self.left(undo, rows, (most, mark)).await? } else { Written::default() };
        self.keep_guarded(undo, rows, &left, witness).await
    }

    /// The rows as the act left them; `before` are those that were there.
    async fn left(
        &mut self,
        undo: &Undo<'_>,
        before: &[Vec<Cell>],
        (most, mark): (u64, u64),
    ) -> Result<Written, ActError> {
        let refused = |words: String| not_done(&words);
        let query = undo.written(before, mark, most).map_err(refused)?;
        let rows = self.tell(&query, READING_MS).await.map_err(ActError::NotDone)?.rows;
        Ok(match undo.digests(&rows, mark, most).map_err(refused)? {
            Some((places, query)) => {
                let digests = self.tell(&query, READING_MS).await.map_err(ActError::NotDone)?.rows;
                Written::new(rows, places, digests)
            }
            None => Written::new(rows, Vec::new(), Vec::new()),
        })
    }

    async fn keep_guarded(
        &mut self,
        undo: &Undo<'_>,
        rows: &[Vec<Cell>],
        left: &Written,
        witness: &mut dyn Witness,
    ) -> Result<(), ActError> {
        let guarded = undo.guarded(rows, left).map_err(|words| not_done(&words))?;
        can_run_later(guarded.statement.as_deref())?;
        witness.inverse(guarded.statement.into_iter().collect()).await.map_err(ActError::NoWitness)?;
        witness.passed_over(guarded.passed_over).await.map_err(ActError::NoWitness)
    }

    async fn write_down(
        &mut self,
        undo: &Undo<'_>,
        rows: &[Vec<Cell>],
        most: u64,
        witness: &mut dyn Witness,
    ) -> Result<(), ActError> {
        at_most(rows.len() as u64, most)?;
        let statement = undo.statement(rows).map_err(|words| not_done(&words))?;
        can_run_later(statement.as_deref())?;
        witness.inverse(statement.into_iter().collect()).await.map_err(ActError::NoWitness)
    }

    /// The rows that changed are those that were kept, and no others.
    pub(super) async fn exactly_these(
        &mut self,
        undo: &Undo<'_>,
        kept: &[Vec<Cell>],
        changed: Option<u64>,
        mark: u64,
    ) -> Result<(), ActError> {
        let strays = match undo.strays(kept, mark).map_err(|words| not_done(&words))? {
            Some(query) => {
                let answer = self.tell(&query, READING_MS).await.map_err(ActError::NotDone)?;
                first_cell(&answer).and_then(|n| n.parse::<u64>().ok())
            }
            None => Some(0),
        };
        if changed == Some(kept.len() as u64) && strays == Some(0) {
            Ok(())
        } else {
            Err(not_done("other rows changed than those that were kept for the undo: rolled back"))
        }
    }
}

fn at_most(rows: u64, most: u64) -> Result<(), ActError> {
    if rows <= most {
        return Ok(());
    }
    Err(not_done(&format!(
        "more than {most} rows would change, and no more are kept for an undo: do it in smaller parts"
    )))
}

/// An undo that the guard denies is none.
fn can_run_later(statement: Option<&str>) -> Result<(), ActError> {
    let Some(statement) = statement else { return Ok(()) };
    let judged = DIALECT.classify(statement, Author::Person, &Catalog::default());
    if judged.verdict == Verdict::Deny {
        return Err(not_done(&format!("the undo could not be run later ({}): do it in smaller parts", judged.reason)));
    }
    Ok(())
}
