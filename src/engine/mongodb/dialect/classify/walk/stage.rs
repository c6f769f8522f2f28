//! Pipelines: each stage by its name, with everything that is nested in it.

use super::super::fields::sort;
use super::super::relations::Relations;
use super::super::shape::{array, at_least, document, flagged, inert, only_keys, path, text, unknown, whole};
use super::super::{Checked, fields};
use super::{accumulators, expression, filter, refused};
use crate::domain::guard::{Class, Judgement};
use bson::{Bson, Document};

/// Largest random sample, documents: below it a server walks an index instead of sorting the collection.
const LARGEST_SAMPLE: i64 = 10_000;
/// Deepest walk along a graph.
const DEEPEST_WALK: i64 = 100;

/// Walks the stages of a pipeline.
pub(in super::super) fn pipeline(stages: &[Bson], relations: &mut Relations<'_>) -> Checked {
    for one in stages {
        let one = document(one, "a stage")?;
        match one.iter().next() {
            Some((name, argument)) if one.len() == 1 => stage(name, argument, relations)?,
            _ => return Err(unknown("a stage is a document with one key, its name")),
        }
    }
    Ok(())
}

fn stage(name: &str, argument: &Bson, relations: &mut Relations<'_>) -> Checked {
    match name {
        "$match" => filter::check(document(argument, name)?, relations),
        "$project" | "$addFields" | "$set" => {
            let fields = document(argument, name)?;
            fields.keys().try_for_each(|field| path(field))?;
            fields.values().try_for_each(|value| expression::check(value, relations))
        }
        "$unset" => match argument {
            Bson::Array(all) => all.iter().try_for_each(|field| path(text(field, name)?)),
            one => path(text(one, name)?),
        },
        "$group" => {
            let fields = document(argument, name)?;
            let id = fields.get("_id").ok_or_else(|| unknown("$group wants an _id"))?;
            expression::check(id, relations)?;
            accumulators::all(fields.iter().filter(|(key, _)| *key != "_id"), relations)
        }
        "$sort" => sort(argument, name),
        "$limit" => at_least(argument, 1, name),
        "$skip" => at_least(argument, 0, name),
        "$count" => path(text(argument, name)?),
        "$sample" => {
            let argument = document(argument, name)?;
            only_keys(argument, &["size"], name)?;
            match argument.get("size").and_then(whole) {
                Some(1..=LARGEST_SAMPLE) => Ok(()),
                Some(n) if n > LARGEST_SAMPLE => {
                    Err(Judgement::deny(Class::Resource, format!("a sample of more than {LARGEST_SAMPLE} documents")))
                }
                _ => Err(unknown("$sample wants a size")),
            }
        }
        "$unwind" => match argument {
            Bson::Document(named) => {
                only_keys(named, &["path", "includeArrayIndex", "preserveNullAndEmptyArrays"], name)?;
                named.values().try_for_each(inert)
            }
            other => text(other, name).map(|_| ()),
        },
        "$replaceRoot" => {
            let argument = document(argument, name)?;
            only_keys(argument, &["newRoot"], name)?;
            argument.values().try_for_each(|value| expression::check(value, relations))
        }
        "$replaceWith" | "$sortByCount" | "$redact" | "$documents" => expression::check(argument, relations),
        "$bucket" | "$bucketAuto" => bucket(name, document(argument, name)?, relations),
        "$facet" => {
            document(argument, name)?.iter().try_for_each(|(key, stages)| pipeline(array(stages, key)?, relations))
        }
        "$lookup" => lookup(document(argument, name)?, relations),
        "$graphLookup" => graph(document(argument, name)?, relations),
        "$unionWith" => union(argument, relations),
        "$setWindowFields" => window_fields(document(argument, name)?, relations),
        "$fill" => fill(document(argument, name)?, relations),
        "$densify" => {
            let argument = document(argument, name)?;
            only_keys(argument, &["field", "partitionByFields", "range"], name)?;
            argument.values().try_for_each(inert)
        }
        "$geoNear" => near(document(argument, name)?, relations),
        _ => diagnostics(name, argument),
    }
}

/// Stages that tell about the server instead of documents.
fn diagnostics(name: &str, argument: &Bson) -> Checked {
    let known: &[&str] = match name {
        "$collStats" => &["latencyStats", "storageStats", "count", "queryExecStats"],
        "$currentOp" => {
            &["allUsers", "idleConnections", "idleCursors", "idleSessions", "localOps", "targetAllNodes", "truncateOps"]
        }
        "$listLocalSessions" => &["allUsers"],
        "$planCacheStats" => &["allHosts"],
        "$listClusterCatalog" => &["shards", "tracked", "balancingConfiguration"],
        "$indexStats" | "$shardedDataDistribution" | "$listSearchIndexes" => &[],
        _ => return Err(refused(name, "stage")),
    };
    let argument = document(argument, name)?;
    only_keys(argument, known, name)?;
    argument.values().try_for_each(|value| match value {
        Bson::Document(inner) => {
            only_keys(inner, &["scale", "histograms"], name)?;
            inner.values().try_for_each(inert)
        }
        other => flagged(other, name),
    })
}

fn bucket(name: &str, argument: &Document, relations: &mut Relations<'_>) -> Checked {
    only_keys(argument, &["groupBy", "boundaries", "default", "output", "buckets", "granularity"], name)?;
    for (key, value) in argument {
        match key.as_str() {
            "groupBy" => expression::check(value, relations)?,
            "output" => accumulators::all(document(value, key)?.iter(), relations)?,
            "buckets" => at_least(value, 1, key)?,
            _ => inert(value)?,
        }
    }
    Ok(())
}

fn lookup(argument: &Document, relations: &mut Relations<'_>) -> Checked {
    only_keys(argument, &["from", "localField", "foreignField", "let", "pipeline", "as"], "$lookup")?;
    for (key, value) in argument {
        match key.as_str() {
            "from" => relations.read(value, "the collection of $lookup")?,
            "let" => document(value, key)?.iter().try_for_each(|(_, value)| expression::check(value, relations))?,
            "pipeline" => pipeline(array(value, key)?, relations)?,
            _ => path(text(value, key)?)?,
        }
    }
    Ok(())
}

fn graph(argument: &Document, relations: &mut Relations<'_>) -> Checked {
    const KNOWN: &[&str] = &[
        "from",
        "startWith",
        "connectFromField",
        "connectToField",
        "as",
        "maxDepth",
        "depthField",
        "restrictSearchWithMatch",
    ];
    only_keys(argument, KNOWN, "$graphLookup")?;
    for (key, value) in argument {
        match key.as_str() {
            "from" => relations.read(value, "the collection of $graphLookup")?,
            "startWith" => expression::check(value, relations)?,
            "maxDepth" => match whole(value) {
                Some(0..=DEEPEST_WALK) => {}
                _ => return Err(unknown(format!("maxDepth is a number up to {DEEPEST_WALK}"))),
            },
            "restrictSearchWithMatch" => filter::check(document(value, key)?, relations)?,
            _ => path(text(value, key)?)?,
        }
    }
    Ok(())
}

fn union(argument: &Bson, relations: &mut Relations<'_>) -> Checked {
    let Bson::Document(named) = argument else {
        return relations.read(argument, "the collection of $unionWith");
    };
    only_keys(named, &["coll", "pipeline"], "$unionWith")?;
    for (key, value) in named {
        match key.as_str() {
            "coll" => relations.read(value, "the collection of $unionWith")?,
            _ => pipeline(array(value, key)?, relations)?,
        }
    }
    Ok(())
}

fn window_fields(argument: &Document, relations: &mut Relations<'_>) -> Checked {
    only_keys(argument, &["partitionBy", "sortBy", "output"], "$setWindowFields")?;
    for (key, value) in argument {
        match key.as_str() {
            "partitionBy" => expression::check(value, relations)?,
            "sortBy" => sort(value, key)?,
            _ => accumulators::windows(document(value, key)?, relations)?,
        }
    }
    Ok(())
}

fn fill(argument: &Document, relations: &mut Relations<'_>) -> Checked {
    only_keys(argument, &["partitionBy", "partitionByFields", "sortBy", "output"], "$fill")?;
    for (key, value) in argument {
        match key.as_str() {
            "partitionBy" => expression::check(value, relations)?,
            "partitionByFields" => array(value, key)?.iter().try_for_each(|field| path(text(field, key)?))?,
            "sortBy" => sort(value, key)?,
            _ => {
                for (field, how) in document(value, key)? {
                    let how = document(how, field)?;
                    only_keys(how, &["value", "method"], "$fill")?;
                    how.values().try_for_each(|value| expression::check(value, relations))?;
                }
            }
        }
    }
    Ok(())
}

fn near(argument: &Document, relations: &mut Relations<'_>) -> Checked {
    const KNOWN: &[&str] = &[
        "near",
        "distanceField",
        "spherical",
        "maxDistance",
        "minDistance",
        "query",
        "distanceMultiplier",
        "includeLocs",
        "uniqueDocs",
        "key",
        "limit",
        "num",
    ];
    only_keys(argument, KNOWN, "$geoNear")?;
    for (key, value) in argument {
        match key.as_str() {
            "query" => filter::check(document(value, key)?, relations)?,
            "near" | "maxDistance" | "minDistance" => expression::check(value, relations)?,
            _ => inert(value)?,
        }
    }
    Ok(())
}

/// Stages that may change a document in an update.
const OF_UPDATES: &[&str] = &["$addFields", "$set", "$project", "$unset", "$replaceRoot", "$replaceWith"];

/// Walks the pipeline of an update, in which few stages make sense.
pub(in super::super) fn of_update(stages: &[Bson], relations: &mut Relations<'_>) -> Checked {
    for one in stages {
        let name = document(one, "a stage")?.keys().next().map_or("", String::as_str);
        if !OF_UPDATES.contains(&name) {
            return Err(refused(name, "stage of an update"));
        }
    }
    pipeline(stages, relations)
}

/// The definition of an index or a view may hold these parts too.
pub(in super::super) fn collation(value: &Bson) -> Checked {
    fields::collation(document(value, "collation")?)
}
