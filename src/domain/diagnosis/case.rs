//! Everything that a judge and a procedure may know: pure values, so that both are tested without a server.

use super::{Cause, Observation};
use crate::domain::health::Usual;
use crate::domain::incident::Incident;
use crate::domain::metric::MetricId;
use crate::domain::target::{Environment, Identity, Timestamp};
use std::collections::BTreeMap;

/// How an object looked when we last saw it: from our own history of definitions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownDefinition {
    /// Its schema or database; empty where the engine has none.
    pub space: String,
    /// Its name, as the catalogue has it.
    pub name: String,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// The statements that make it exactly as it was, in order: the table first, then indexes and keys.
    pub statements: Vec<String>,
    /// What they do not bring back, a sentence each, for the person. May hold untrusted names.
    pub missing: Vec<String>,
}

/// A question about a server.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// When it is judged.
    pub now: Timestamp,
    /// Who answered.
    pub identity: &'a Identity,
    /// How much harm a mistake does there.
    pub environment: Environment,
    /// What was read.
    pub observation: &'a Observation,
    /// The incident that is asked about; none for "what is wrong now".
    pub incident: Option<&'a Incident>,
    /// What metrics usually are, where that is known.
    pub usual: &'a BTreeMap<MetricId, Usual>,
    /// What the person wants looked at instead.
    pub focus: Option<Cause>,
    /// What we remember of objects with the name of the incident's object.
    pub definitions: &'a [KnownDefinition],
}
