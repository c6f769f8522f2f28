//! What was read, as facts: sessions and who waits for whom at each moment, counters, settings, statements and tables.
//!
//! ```text
//! Observation --Scene::of--> moments (sessions, locks), counters, settings, work, tables --judge, procedures-->
//! ```

pub(in crate::engine::mysql) mod counters;
pub(in crate::engine::mysql) mod deadlock;
pub(in crate::engine::mysql) mod locks;
pub(in crate::engine::mysql) mod plan;
pub(in crate::engine::mysql) mod query;
pub(in crate::engine::mysql) mod session;
pub(in crate::engine::mysql) mod statement;
pub(in crate::engine::mysql) mod tables;
pub(in crate::engine::mysql) mod work;

use super::{further, probes};
use crate::domain::diagnosis::{Case, Look, Observation};
use crate::domain::rows::{Rows, Value};
use crate::engine::mysql::dialect::flavour::Flavour;
use counters::{Counters, pairs};
use deadlock::Deadlock;
use locks::{Answers, Moment};
use plan::Plan;
use std::collections::BTreeMap;
use tables::Table;
use work::Work;

/// Two answers of probes that came within so many milliseconds are of one moment.
const ONE_MOMENT_MS: u64 = 1_500;

/// All of it.
pub(in crate::engine::mysql) struct Scene<'a> {
    pub(in crate::engine::mysql) case: &'a Case<'a>,
    pub(in crate::engine::mysql) flavour: Flavour,
    /// Oldest first.
    pub(in crate::engine::mysql) moments: Vec<Moment>,
    pub(in crate::engine::mysql) status: Counters,
    /// InnoDB's metrics, which MySQL keeps apart.
    pub(in crate::engine::mysql) innodb: Counters,
    pub(in crate::engine::mysql) settings: BTreeMap<String, Value>,
    /// What the sessions worked on.
    pub(in crate::engine::mysql) work: Work,
    pub(in crate::engine::mysql) plans: Vec<Plan>,
    pub(in crate::engine::mysql) tables: Vec<Table>,
}

impl<'a> Scene<'a> {
    /// Reads an observation.
    pub(in crate::engine::mysql) fn of(case: &'a Case<'a>) -> Self {
        let seen = case.observation;
        let moments = moments(seen);
        Self {
            work: Work::of(&moments),
            plans: Plan::all(seen),
            tables: Table::all(seen),
            case,
            flavour: Flavour::of_version(case.identity.version_number),
            moments,
            status: Counters::of(seen, probes::STATUS.name),
            innodb: Counters::of(seen, probes::INNODB.name),
            settings: seen.last(probes::SETTINGS.name).map(|look| pairs(&look.rows)).unwrap_or_default(),
        }
    }

    /// A table by its names, in any letters.
    pub(in crate::engine::mysql) fn table(&self, database: &str, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.database.eq_ignore_ascii_case(database) && t.name.eq_ignore_ascii_case(name))
    }
    /// The last moment.
    pub(in crate::engine::mysql) fn now(&self) -> Option<&Moment> {
        self.moments.last()
    }
    /// A setting as a number.
    pub(in crate::engine::mysql) fn setting(&self, name: &str) -> Option<f64> {
        counters::number(&self.settings, name)
    }
    /// Why a probe has no answer.
    pub(in crate::engine::mysql) fn refusal(&self, name: &str) -> Option<&str> {
        self.case.observation.refusal(name)
    }
    /// The last answer of a probe.
    pub(in crate::engine::mysql) fn rows(&self, name: &str) -> Option<&'a Rows> {
        self.case.observation.last(name).map(|look| &look.rows)
    }
    /// The last deadlock, where it was asked for and there was one.
    pub(in crate::engine::mysql) fn deadlock(&self) -> Option<Deadlock> {
        self.rows(further::ENGINE.name).and_then(Deadlock::of)
    }
    /// This login sees sessions of others and their transactions.
    pub(in crate::engine::mysql) fn sees_all(&self) -> bool {
        !self.case.identity.hints.iter().any(|hint| hint.contains("GRANT PROCESS"))
    }
}

/// Every moment of an observation, oldest first.
pub(in crate::engine::mysql) fn moments(seen: &Observation) -> Vec<Moment> {
    seen.all(probes::SESSIONS.name).iter().map(|look| moment(seen, look)).collect()
}

fn moment(seen: &Observation, look: &Look) -> Moment {
    let near = |name: &str| -> Option<&Rows> {
        let apart = |other: &Look| other.at.since(look.at).max(look.at.since(other.at));
        let nearest = seen.all(name).iter().min_by_key(|other| apart(other))?;
        (apart(nearest) <= ONE_MOMENT_MS).then_some(&nearest.rows)
    };
    Moment::of(Answers {
        sessions: Some(&look.rows),
        row_waits: near(probes::ROW_WAITS.name),
        metadata_waits: near(probes::METADATA_WAITS.name),
        metadata_holders: near(probes::METADATA_HOLDERS.name),
    })
}
