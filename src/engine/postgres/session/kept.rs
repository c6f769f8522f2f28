//! The prior rows of a change: read in the act's own transaction, written down before it goes on, and held against what
//! the statement really changed.

use super::PgSession;
use super::act::{READING_MS, first_cell, not_done};
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::engine::postgres::dialect::DIALECT;
use crate::engine::postgres::fix::undo::Undo;
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
        let rows = self.tell(&undo.inserted(mark, most), READING_MS).await.map_err(ActError::NotDone)?.rows;
        if rows.len() as u64 <= most && changed != Some(rows.len() as u64) {
            return Err(not_done("the new rows could not be found again, so there would be no undo: rolled back"));
        }
        self.write_down(undo, &rows, most, witness).await
    }

    async fn write_down(
        &mut self,
        undo: &Undo<'_>,
        rows: &[Vec<Cell>],
        most: u64,
        witness: &mut dyn Witness,
    ) -> Result<(), ActError> {
        if rows.len() as u64 > most {
            return Err(not_done(&format!(
                "more than {most} rows would change, and no more are kept for an undo: do it in smaller parts"
            )));
        }
        let statement = undo.statement(rows).map_err(|words| not_done(&words))?;
        if let Some(statement) = &statement {
            let judged = DIALECT.classify(statement, Author::Person, &Catalog::default());
            if judged.verdict == Verdict::Deny {
                return Err(not_done(&format!(
                    "the undo could not be run later ({}): do it in smaller parts",
                    judged.reason
                )));
            }
        }
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
