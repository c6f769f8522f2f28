//! The audit log as the acts write it: each record is on disk when the call returns.

use super::super::clock;
use crate::domain::proposal::{Proposal, Who};
use crate::domain::text::hex;
use crate::store::audit::{AuditError, AuditLog, AuditPlaces};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A way to the log. It is opened for each record: acts are rare, and several processes write to it.
#[derive(Debug, Clone)]
pub struct Journal {
    places: AuditPlaces,
}

impl Journal {
    /// The log of these places.
    pub fn new(places: AuditPlaces) -> Self {
        Self { places }
    }

    /// Writes what happened to a proposal: `approved`, `refused`, `denied`, `intent`, `outcome`.
    pub(in crate::runtime) async fn write(
        &self,
        kind: &'static str,
        proposal: &Proposal,
        who: &Who,
        words: &str,
    ) -> Result<(), AuditError> {
        let places = self.places.clone();
        let (act, body) = (format!("#{}", proposal.id), body(proposal, who, words));
        let written = tokio::task::spawn_blocking(move || {
            let now = clock::now();
            AuditLog::open(&places, now)?.append(now, kind, &act, &body).map(|_| ())
        });
        written.await.unwrap_or_else(|_| {
            let message = "an internal fault".to_owned();
            Err(crate::store::StoreError::Failed { operation: "write the audit record".to_owned(), message }.into())
        })
    }
}

/// Everything that says what was approved, where, by whom, and how it went.
fn body(proposal: &Proposal, who: &Who, words: &str) -> Value {
    let act = proposal.act();
    let statement = &proposal.draft.statement;
    json!({
        "target": act.binding.target.as_str(),
        "engine": act.binding.engine,
        "environment": act.environment.word(),
        "address": act.binding.address,
        "database": act.binding.database,
        "login": act.binding.login,
        "role": act.binding.role,
        "server": act.binding.server,
        "epoch": act.binding.epoch,
        "class": act.class.word(),
        "risk": act.gravity.word(),
        "statement": statement,
        "bytes": statement.len(),
        "sha256": hex(&Sha256::digest(statement.as_bytes())),
        "digest": act.digest().full(),
        "objects": act.objects,
        "most_rows": act.most_rows,
        "inverse": proposal.survey.inverse,
        "ticket": proposal.ticket,
        "stage": proposal.stage.word(),
        "words": words,
        "who": who,
    })
}
