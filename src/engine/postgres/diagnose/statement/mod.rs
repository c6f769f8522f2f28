//! Statements that the server was seen to work on, by shape, and why each takes the time it takes.

mod blame;
mod by_plan;
mod by_text;
mod shape;
mod text;
mod tree;

pub(super) use blame::{Blame, Reason};
pub(super) use shape::explain;
pub(super) use text::Verb;

use super::facts::{Busy, Facts, Looks, Session, cells, last};
use crate::domain::diagnosis::Observation;
use crate::domain::text::{fit, redact};
use std::collections::{BTreeMap, BTreeSet};
use text::Text;

/// Width of a statement in a sentence.
const QUOTED: usize = 140;

/// A shape with all that was seen of it.
pub(super) struct Work {
    /// One statement of this shape, as it was seen; of several, one that was kept whole.
    pub(super) example: String,
    /// It was longer than the server keeps.
    pub(super) cut: bool,
    /// What can be told from the text.
    pub(super) text: Text,
    /// Sightings of sessions at work on it that did not wait for a lock.
    pub(super) sightings: usize,
    /// Sightings by what they were busy with.
    pub(super) busy: BTreeMap<Busy, usize>,
    /// Seconds that one of them had taken when it was seen, at most.
    pub(super) longest: f64,
    /// Sessions that ran it.
    pub(super) sessions: BTreeSet<i64>,
    /// Why it takes time.
    pub(super) reason: Reason,
}

impl Work {
    /// Share of the sightings in which it was busy with these.
    pub(super) fn share(&self, busy: &[Busy]) -> f64 {
        let those: usize = busy.iter().filter_map(|b| self.busy.get(b)).sum();
        if self.sightings == 0 { 0.0 } else { those as f64 / self.sightings as f64 }
    }
    /// For a sentence.
    pub(super) fn quoted(&self) -> String {
        quoted(&self.example)
    }
}

/// A statement for a sentence: on one line, short, without what looks like a secret.
pub(super) fn quoted(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    fit(&redact(&line), QUOTED)
}

/// Groups what was seen by shape, the most time first.
fn gather(looks: &Looks) -> Vec<(String, Work)> {
    let mut by_shape: BTreeMap<(String, String), Work> = BTreeMap::new();
    let mut shapes: BTreeMap<&str, String> = BTreeMap::new();
    for session in looks.working().filter(|session| session.busy != Busy::Lock) {
        let shape = shapes.entry(session.query.as_str()).or_insert_with(|| shape::shape(&session.query)).clone();
        let work = by_shape.entry((session.database.clone(), shape)).or_insert_with(|| Work::of(session));
        if work.cut && !session.query_cut {
            session.query.clone_into(&mut work.example);
            work.cut = false;
        }
        work.sightings += 1;
        *work.busy.entry(session.busy).or_default() += 1;
        work.longest = work.longest.max(session.query_seconds);
        work.sessions.insert(session.pid);
    }
    let mut works: Vec<(String, Work)> = by_shape.into_iter().map(|((database, _), work)| (database, work)).collect();
    works.sort_by(|a, b| b.1.sightings.cmp(&a.1.sightings).then_with(|| a.1.example.cmp(&b.1.example)));
    works
}

impl Work {
    fn of(session: &Session) -> Self {
        Self {
            example: session.query.clone(),
            cut: session.query_cut,
            text: text::read(&session.query),
            sightings: 0,
            busy: BTreeMap::new(),
            longest: 0.0,
            sessions: BTreeSet::new(),
            reason: Reason::default(),
        }
    }
}

/// Everything that was seen at work, each shape with its reason.
pub(super) fn works(facts: &Facts<'_>) -> Vec<Work> {
    let here = &facts.case.identity.database;
    let version = facts.case.identity.version_number;
    let plans: BTreeMap<&str, &crate::domain::rows::Rows> =
        facts.case.observation.plans.iter().map(|plan| (plan.statement.as_str(), &plan.rows)).collect();
    let mut works = Vec::new();
    for (database, mut work) in gather(&facts.looks) {
        let plan = (database == *here && !work.cut)
            .then(|| explain(&work.example, version))
            .flatten()
            .and_then(|explain| tree::read(plans.get(explain.as_str())?));
        work.reason = match plan {
            Some(plan) => by_plan::reason(&plan, &work, facts),
            None if database == *here => by_text::reason(&work, facts),
            // The tables of another database cannot be seen from here.
            None => by_text::from_afar(&work),
        };
        works.push(work);
    }
    works
}

/// Shapes whose plans are asked for, at most.
const MOST_PLANS: usize = 8;

/// The engine's `plans`: of the statements that take the most time, as they were seen and as the extension counts
/// them, and of the incident's own.
pub(super) fn plans(seen: &Observation, version: u32, database: &str, wanted: Option<&str>) -> Vec<String> {
    let looks = Looks::of(seen);
    let of_incident = wanted.map(str::to_owned);
    let at_work = gather(&looks)
        .into_iter()
        .filter(|(in_database, work)| in_database == database && !work.cut)
        .map(|(_, work)| work.example);
    let texts: BTreeMap<String, String> =
        last(seen, "diagnose.statement_texts").map(|row| (row.text("id"), row.text("query"))).collect();
    let counted = seen
        .last("diagnose.statements")
        .into_iter()
        .flat_map(|look| cells(&look.rows))
        .filter_map(|row| (row.text("datname") == database).then(|| texts.get(&row.text("id")).cloned()).flatten());
    let mut asked = Vec::new();
    for explained in of_incident.into_iter().chain(at_work).chain(counted).filter_map(|text| explain(&text, version)) {
        if !asked.contains(&explained) {
            asked.push(explained);
        }
        if asked.len() == MOST_PLANS {
            break;
        }
    }
    asked
}
