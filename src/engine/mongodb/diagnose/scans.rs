//! Queries that read a whole collection, and the index that each lacks: fields compared for equality, then those that
//! sort, then those of a range.

use super::sight::Sight;
use crate::domain::diagnosis::{Cause, Hypothesis, Verdict};
use crate::engine::mongodb::dialect::command;
use bson::{Bson, Document};

/// Documents below which reading all of them is felt by nobody (checks.md C17).
pub(in crate::engine::mongodb) const MANY: f64 = 10_000.0;
/// Documents read for each one returned from which an index would help.
const WASTEFUL: f64 = 100.0;
/// A scan that takes so long, milliseconds, or comes so often of late, is felt.
const SLOW_MS: f64 = 1_000.0;
const OFTEN: usize = 2;
/// Fields of a proposed index, at most.
const MOST_FIELDS: usize = 5;

/// A shape of query that reads a whole collection.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Scan {
    pub(in crate::engine::mongodb) namespace: String,
    /// Fields of the index that it lacks, `-` before one that sorts downwards; empty when its command is not seen.
    pub(in crate::engine::mongodb) fields: Vec<String>,
    /// The query, its texts replaced, to ask for its plan again.
    pub(in crate::engine::mongodb) query: Option<Document>,
    /// How often it was seen of late.
    pub(in crate::engine::mongodb) times: usize,
    /// The longest, milliseconds.
    pub(in crate::engine::mongodb) longest_ms: f64,
    pub(in crate::engine::mongodb) examined: Option<f64>,
    pub(in crate::engine::mongodb) returned: Option<f64>,
}

/// Every shape that was seen of late, the longest first.
pub(in crate::engine::mongodb) fn scans(sight: &Sight<'_>) -> Vec<Scan> {
    let mut found: Vec<Scan> = Vec::new();
    let mut add = |namespace: &str, text: &str, ms: f64, examined: Option<f64>, returned: Option<f64>| {
        let own = ["admin.", "config.", "local."].iter().any(|database| namespace.starts_with(database));
        if own || namespace.ends_with(".system.profile") {
            return;
        }
        let query = command::parse(text).ok().and_then(|command| query_of(&command.document));
        let fields = query.as_ref().map(index_fields).unwrap_or_default();
        match found.iter_mut().find(|scan| scan.namespace == namespace && scan.fields == fields) {
            Some(scan) => {
                scan.times += 1;
                scan.longest_ms = scan.longest_ms.max(ms);
                scan.examined = largest(scan.examined, examined);
                scan.returned = largest(scan.returned, returned);
            }
            None => found.push(Scan {
                namespace: namespace.to_owned(),
                fields,
                query: query.map(without_texts),
                times: 1,
                longest_ms: ms,
                examined,
                returned,
            }),
        }
    };
    for slow in sight.slow().iter().filter(|slow| slow.recent && slow.plan.contains("COLLSCAN")) {
        add(&slow.namespace, &slow.command, slow.ms, slow.examined, slow.returned);
    }
    for op in sight.looks().iter().flatten().filter(|op| op.plan.contains("COLLSCAN")) {
        add(&op.namespace, &op.command, op.seconds * 1_000.0, None, None);
    }
    for plan in &sight.case.observation.plans {
        let text = plan.rows.rows.iter().flatten().filter_map(crate::domain::rows::Value::plain).collect::<String>();
        let explained = command::parse(&plan.statement).ok();
        let inner = explained.as_ref().and_then(|explained| explained.document.get_document("explain").ok());
        if let Some(inner) = inner.filter(|_| text.contains("COLLSCAN"))
            && let Some(collection) = inner.iter().next().and_then(|(_, name)| name.as_str())
        {
            let database = explained
                .as_ref()
                .and_then(|e| e.database.clone())
                .unwrap_or_else(|| sight.case.identity.database.clone());
            add(
                &format!("{database}.{collection}"),
                &crate::engine::mongodb::dialect::write::document(inner),
                0.0,
                None,
                None,
            );
        }
    }
    found.sort_by(|a, b| b.longest_ms.total_cmp(&a.longest_ms));
    found
}

fn largest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

/// The reading part of a command: its collection, filter and sort.
fn query_of(command: &Document) -> Option<Document> {
    let (name, first) = command.iter().next()?;
    let document = |field: &str| command.get_document(field).ok().cloned();
    let mut query = Document::new();
    let (collection, filter, sort) = match name.as_str() {
        "find" => (first.as_str()?, document("filter"), document("sort")),
        "count" | "distinct" => (first.as_str()?, document("query"), None),
        "findAndModify" | "findandmodify" => (first.as_str()?, document("query"), document("sort")),
        "aggregate" => {
            let stages: Vec<&Document> =
                command.get_array("pipeline").ok()?.iter().filter_map(Bson::as_document).collect();
            let stage = |name: &str| stages.iter().take(2).find_map(|stage| stage.get_document(name).ok().cloned());
            (first.as_str()?, stage("$match"), stage("$sort"))
        }
        // The profiler writes one update or delete as what it picks.
        "q" => ("", document("q"), None),
        _ => return None,
    };
    query.insert("find", collection);
    query.insert("filter", filter.unwrap_or_default());
    if let Some(sort) = sort {
        query.insert("sort", sort);
    }
    Some(query)
}

/// Fields by the rule of equality, sort, range.
fn index_fields(query: &Document) -> Vec<String> {
    let (mut equal, mut range) = (Vec::new(), Vec::new());
    if let Ok(filter) = query.get_document("filter") {
        conditions(filter, &mut equal, &mut range);
    }
    let mut fields = equal;
    if let Ok(sort) = query.get_document("sort") {
        for (field, way) in sort {
            let down = matches!(way, Bson::Int32(-1) | Bson::Int64(-1)) || way.as_f64() == Some(-1.0);
            if !fields.contains(field) && field != "$natural" {
                fields.push(if down { format!("-{field}") } else { field.clone() });
            }
        }
    }
    for field in range {
        if !fields.iter().any(|own| own.trim_start_matches('-') == field) {
            fields.push(field);
        }
    }
    fields.truncate(MOST_FIELDS);
    fields
}

fn conditions(filter: &Document, equal: &mut Vec<String>, range: &mut Vec<String>) {
    for (field, value) in filter {
        if field == "$and" {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Bson::as_document)
                .for_each(|part| conditions(part, equal, range));
            continue;
        }
        if field.starts_with('$') {
            continue;
        }
        let operator = value.as_document().and_then(|inner| inner.keys().next()).filter(|key| key.starts_with('$'));
        let list = match (operator.map(String::as_str), value) {
            (None, Bson::RegularExpression(regex)) if regex.pattern.as_str().starts_with('^') => &mut *range,
            (None, Bson::RegularExpression(_)) => continue,
            (None | Some("$eq" | "$in" | "$oid" | "$date" | "$uuid" | "$numberLong" | "$numberDecimal"), _) => {
                &mut *equal
            }
            (Some("$gt" | "$gte" | "$lt" | "$lte"), _) => &mut *range,
            _ => continue,
        };
        if !list.contains(field) {
            list.push(field.clone());
        }
    }
}

/// The same query without what its texts say: for the plan only its shape matters.
fn without_texts(query: Document) -> Document {
    fn bare(value: Bson) -> Bson {
        match value {
            Bson::String(_) => Bson::from("x"),
            Bson::Array(all) => Bson::Array(all.into_iter().map(bare).collect()),
            Bson::Document(inner) => Bson::Document(inner.into_iter().map(|(key, value)| (key, bare(value))).collect()),
            other => other,
        }
    }
    query.into_iter().map(|(key, value)| if key == "find" { (key, value) } else { (key, bare(value)) }).collect()
}

pub(super) fn judge(sight: &Sight<'_>, unknown: &mut Vec<String>) -> Vec<Hypothesis> {
    let scans = scans(sight);
    let counted = sight.grew("metrics.queryExecutor.collectionScans.total");
    if scans.is_empty() {
        if counted.is_some_and(|n| n > 0.0) && sight.slow().is_empty() {
            unknown.push(format!(
                "{:.0} whole collections were read in {:.0} s, each too quick for the log: the profiler (level 1, slowms 0) would show them",
                counted.unwrap_or(0.0),
                sight.seconds
            ));
        }
        let words = vec!["no slow or running operation reads a whole collection".to_owned()];
        return vec![Hypothesis::new(Cause::CollectionScan, Verdict::Refuted, 0.8, words)];
    }
    let judged = scans.into_iter().take(5).map(|scan| {
        let size = sight.documents_of(&scan.namespace);
        let read = scan.examined.or(size);
        let mut evidence = vec![format!(
            "{} was read as a whole {} times of late, at most {:.0} ms (COLLSCAN)",
            scan.namespace, scan.times, scan.longest_ms
        )];
        evidence.extend(size.map(|n| format!("it has {n:.0} documents")));
        evidence.extend(
            scan.examined
                .zip(scan.returned)
                .map(|(all, few)| format!("{all:.0} documents were read for {few:.0} returned")),
        );
        let wasteful = match (scan.examined, scan.returned) {
            (Some(examined), Some(returned)) => examined / returned.max(1.0) >= WASTEFUL,
            _ => true,
        };
        let (verdict, confidence) = match read {
            Some(read) if read < MANY => (Verdict::Refuted, 0.85),
            Some(_) if !wasteful => (Verdict::Refuted, 0.7),
            Some(_) if scan.times >= OFTEN || scan.longest_ms >= SLOW_MS => (Verdict::Supported, 0.9),
            Some(_) => (Verdict::Supported, 0.7),
            None => (Verdict::Inconclusive, 0.5),
        };
        Hypothesis::new(Cause::CollectionScan, verdict, confidence, evidence).about(scan.namespace)
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fields(text: &str) -> Vec<String> {
        index_fields(&query_of(&command::parse(text).unwrap().document).unwrap())
    }

    #[test]
    fn an_index_has_equality_then_sort_then_range() {
        assert_eq!(
            fields(
                "{find: 'orders', filter: {total: {$gt: 5}, status: 'open', city: {$in: ['a']}}, sort: {placed: -1}}"
            ),
            ["status", "city", "-placed", "total"]
        );
        assert_eq!(
            fields(
                "{aggregate: 'orders', pipeline: [{$match: {$and: [{a: 1}, {b: {$gte: 2}}]}}, {$sort: {c: 1}}], cursor: {}}"
            ),
            ["a", "c", "b"]
        );
        assert_eq!(fields("{count: 'orders', query: {a: {$exists: true}, b: {$ne: 1}, c: /x/, d: /^x/}}"), ["d"]);
    }

    #[test]
    fn what_the_texts_say_is_not_kept() {
        let query = query_of(&command::parse("{find: 'o', filter: {name: 'Smith', n: 5}}").unwrap().document).unwrap();
        let bare = without_texts(query);
        assert!(!format!("{bare:?}").contains("Smith"));
        assert_eq!(bare.get_str("find").unwrap(), "o");
    }
}
