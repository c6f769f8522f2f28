//! How causes are found on MongoDB: what is read, what it means, and which procedure answers it.
//!
//! ```text
//! probes, look_further, plans -> Observation -> sight (typed) -> operations, storage, set -> roots
//! ```

pub(super) mod operations;
mod read;
pub(super) mod scans;
pub(super) mod set;
pub(super) mod sight;
pub(super) mod storage;

use super::dialect::DIALECT;
use super::procedures::PROCEDURES;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Observation, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::domain::target::Identity;
use crate::engine::{Examination, Probe, Wanted, When};
pub(super) use read::shape;
use read::{OPERATIONS, STATUS};
use sight::Sight;

/// The registry's part.
pub(super) static EXAMINATION: Examination =
    Examination { probes, look_further: Some(read::look_further), plans, judge, procedures: PROCEDURES };

fn probes(_identity: &Identity) -> Vec<Probe> {
    vec![Probe { query: &STATUS, when: When::Ends }, Probe { query: &OPERATIONS, when: When::Often }]
}

/// The plan of the statement that is asked about; of operations that were seen the server tells the plan itself.
fn plans(_observation: &Observation, wanted: &Wanted) -> Vec<String> {
    wanted.statement.iter().filter_map(|statement| DIALECT.explain(statement)).collect()
}

/// Decides on every cause.
fn judge(case: &Case<'_>) -> Diagnosis {
    let sight = Sight::of(case);
    let mut unknown = sight.unknown();
    let mut found = Vec::new();
    found.extend(scans::judge(&sight, &mut unknown));
    found.extend(operations::judge(&sight, &mut unknown));
    found.extend(storage::judge(&sight, &mut unknown));
    found.extend(set::judge(&sight, &mut unknown));
    found.extend(missing(&sight));
    let holds =
        |found: &[Hypothesis], cause: Cause| found.iter().any(|h| h.cause == cause && h.verdict == Verdict::Supported);
    let follow = |found: &mut Vec<Hypothesis>, cause: Cause, root: Cause| {
        for hypothesis in found.iter_mut().filter(|h| h.cause == cause) {
            *hypothesis = hypothesis.clone().follows_from(root);
        }
    };
    // An operation that runs long because it reads everything has that as its reason; so has a cache that it fills.
    if holds(&found, Cause::CollectionScan) {
        if operations::long_ones_scan(&sight) {
            follow(&mut found, Cause::LongOperation, Cause::CollectionScan);
        }
        if holds(&found, Cause::CachePressure) {
            follow(&mut found, Cause::CachePressure, Cause::CollectionScan);
        }
    }
    if holds(&found, Cause::LockWaitChain) && holds(&found, Cause::LongOperation) {
        follow(&mut found, Cause::LongOperation, Cause::LockWaitChain);
    }
    if holds(&found, Cause::ReplicationBroken) {
        follow(&mut found, Cause::ReplicationLag, Cause::ReplicationBroken);
    }
    Diagnosis::new(found, unknown)
}

/// A collection that an incident says is not there, looked up now.
fn missing(sight: &Sight<'_>) -> Option<Hypothesis> {
    let incident = sight.case.incident.filter(|incident| incident.kind == ErrorKind::TableNotFound)?;
    let object = incident.object.as_deref()?;
    let names = sight.collections()?;
    let (database, name) = sight.place_of(object);
    let there = names.iter().any(|(space, own)| *space == database && *own == name);
    let verdict = if there { Verdict::Refuted } else { Verdict::Supported };
    let words = format!("{database}.{name} is {} (listCollections)", if there { "there now" } else { "not there" });
    Some(Hypothesis::new(Cause::MissingTable, verdict, 0.95, vec![words]).about(format!("{database}.{name}")))
}

#[cfg(test)]
mod tests;
