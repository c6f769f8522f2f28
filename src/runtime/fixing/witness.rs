//! What an act writes down while it runs: its inverse and its mark, in the store, durable before the act goes on.

use super::Told;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::survey::Inverse;
use crate::engine::Witness;
use crate::store::Store;
use async_trait::async_trait;

/// Keeps the record of one running act.
pub(super) struct Keeper<'a> {
    /// Where.
    pub(super) store: &'a Store,
    /// The record.
    pub(super) proposal: &'a mut Proposal,
    /// Who is told.
    pub(super) told: Told<'a>,
    /// The inverse of what runs is kept; that of a rollback is not, since the record's is the act's own.
    pub(super) keeps_inverse: bool,
}

impl<'a> Keeper<'a> {
    /// Keeps the record of an act that is being taken back.
    pub(super) fn of_rollback(store: &'a Store, proposal: &'a mut Proposal, told: Told<'a>) -> Self {
        Self { store, proposal, told, keeps_inverse: false }
    }
}

impl Keeper<'_> {
    async fn keep(&mut self, changed: Proposal) -> Result<(), String> {
        match self.store.replace_proposal(self.proposal.stage, changed.clone()).await {
            Ok(true) => {
                *self.proposal = changed;
                (self.told)(self.proposal);
                Ok(())
            }
            Ok(false) => Err("the record of this act was changed by another process".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[async_trait]
impl Witness for Keeper<'_> {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        if !self.keeps_inverse {
            return Ok(());
        }
        let mut changed = self.proposal.clone();
        changed.survey.inverse = Inverse::Statements(statements);
        self.keep(changed).await
    }

    async fn mark(&mut self, mark: &str) -> Result<(), String> {
        let mut changed = self.proposal.clone();
        changed.mark = Some(mark.to_owned());
        self.keep(changed).await
    }

    async fn passed_over(&mut self, reads: Vec<String>) -> Result<(), String> {
        if !self.keeps_inverse {
            return Ok(());
        }
        let mut changed = self.proposal.clone();
        changed.passed_over = reads;
        self.keep(changed).await
    }
}
