//! C17: an index for a query that reads a whole collection, and indexes that others cover.

use super::add;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Verdict};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use crate::engine::mongodb::diagnose::scans::{MANY, Scan, scans};
use crate::engine::mongodb::diagnose::sight::Sight;
use crate::engine::mongodb::diagnose::storage::covered;
use crate::engine::mongodb::dialect::kinds::in_its_database;
use crate::engine::steps::within;

/// Shapes of queries that are offered an index at once.
const OFFERED: usize = 3;
/// Indexes of a collection above which another one is a question of its own (checks.md MG18).
const MANY_INDEXES: usize = 20;

pub(super) fn plan(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let sight = Sight::of(case);
    let mut plans: Vec<Plan> = scans(&sight).iter().take(OFFERED).map(|scan| build(scan, &sight)).collect();
    if found.of(Cause::RedundantIndexes).is_some_and(|h| h.verdict == Verdict::Supported) {
        plans.extend(drop_covered(&sight));
    }
    plans
}

fn build(scan: &Scan, sight: &Sight<'_>) -> Plan {
    let (database, collection) = sight.place_of(&scan.namespace);
    let space = if database == sight.case.identity.database { "" } else { &database };
    let table = ObjectRef::new(space, &collection);
    let name: String = scan
        .fields
        .iter()
        .map(|field| match field.strip_prefix('-') {
            Some(field) => format!("{field}_-1"),
            None => format!("{field}_1"),
        })
        .collect::<Vec<_>>()
        .join("_");
    let mut evidence = vec![format!("{} times of late, at most {:.0} ms", scan.times, scan.longest_ms)];
    evidence.extend(
        scan.examined
            .zip(scan.returned)
            .map(|(all, few)| format!("{all:.0} documents were read for {few:.0} returned")),
    );
    let title = format!("index {} ({})", scan.namespace, scan.fields.join(", "));
    let mut plan = Plan::new("C17", title, Cause::CollectionScan, 75, evidence);
    if scan.fields.is_empty() {
        plan.title = format!("look at the query on {}", scan.namespace);
        plan.advice.push("Which fields it compares is not seen, or no index serves them: its explain tells (db.collection.explain()).".to_owned());
        return plan;
    }
    match sight.documents_of(&scan.namespace) {
        Some(n) if n < MANY => plan
            .blocked
            .push(format!("the collection has {n:.0} documents: reading all of them is as quick as an index")),
        Some(n) => plan.evidence.push(format!("the collection has {n:.0} documents")),
        None => plan
            .blocked
            .push("how many documents it has is not known: an index of it may take long and much room".to_owned()),
    }
    if space.is_empty()
        && let Some(indexes) = sight.indexes()
    {
        let own: Vec<_> = indexes.iter().filter(|index| index.collection == collection).collect();
        if own.len() >= MANY_INDEXES {
            plan.blocked.push(format!("the collection has {} indexes already: drop some first", own.len()));
        }
        if own.iter().any(|index| index.name == name) {
            plan.blocked
                .push(format!("there is an index {name} already, and the query does not use it: look at its explain"));
        }
    }
    if sight.disk().is_some_and(|(used, all)| all > 0.0 && (all - used) / all < 0.1) {
        plan.blocked.push("less than a tenth of the disk is free".to_owned());
    }
    let mut checks = vec![Check::IndexUsable(table.clone(), name.clone())];
    if let Some(statement) =
        scan.query.as_ref().and_then(|query| in_its_database(&with_collection(query, &collection), &table).ok())
    {
        checks.push(Check::PlanUses { statement, index: name.clone() });
    }
    let verification = within(Check::All(checks), 30, &format!("the query's plan uses {name}"), 15);
    let kind = FixKind::CreateIndex { table: table.clone(), name: name.clone(), columns: scan.fields.clone() };
    add(&mut plan, kind, Rung::Additive, verification, |step| {
        step.why = "Fields compared for equality come first, then the sort, then the range; readers and writers go on while it builds.".into();
        step.expected =
            vec!["COLLSCAN -> IXSCAN".to_owned(), "documents read for each returned -> below 10".to_owned()];
        step.requires = vec![Check::Exists(table), Check::WritesWork];
        step.on_failure = OnFailure::RollBack;
    });
    plan.advice.push("Each insert then writes one index entry more.".to_owned());
    plan
}

/// The profiler's short form of an update names no collection.
fn with_collection(query: &bson::Document, collection: &str) -> bson::Document {
    let mut query = query.clone();
    query.insert("find", collection);
    query
}

fn drop_covered(sight: &Sight<'_>) -> Vec<Plan> {
    let drop = |own: &crate::engine::mongodb::diagnose::sight::Index,
                other: &crate::engine::mongodb::diagnose::sight::Index| {
        let evidence = vec![format!(
            "{} ({}) is in front of {} ({})",
            own.name,
            own.keys.join(", "),
            other.name,
            other.keys.join(", ")
        )];
        let mut plan = Plan::new(
            "C17",
            format!("drop the index {} of {}", own.name, own.collection),
            Cause::RedundantIndexes,
            60,
            evidence,
        );
        if own.uses.is_none() {
            plan.blocked.push("how often it is used cannot be seen ($indexStats)".to_owned());
        }
        let table = ObjectRef::new("", &own.collection);
        let gone = within(Check::IndexGone(table.clone(), own.name.clone()), 10, "the index is gone", 60);
        let kind = FixKind::DropIndex { table: table.clone(), name: own.name.clone() };
        add(&mut plan, kind, Rung::Removing, gone, |step| {
            step.why = "The other index serves the same queries; the definition is kept for the way back.".into();
            step.expected = vec!["one index less to maintain".to_owned()];
            step.requires = vec![Check::IndexUsable(table, other.name.clone())];
        });
        plan.advice.push(
            "A query with a hint on this name would fail; hiding it for a week first (collMod hidden) shows who does."
                .to_owned(),
        );
        plan
    };
    covered(sight).iter().take(5).map(|(own, other)| drop(own, other)).collect()
}
