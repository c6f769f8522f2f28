//! Sizes and use of collections and indexes: one pipeline whose parts each ask one collection for its statistics.

use super::{aggregate, at_most, noted, one, told};
use crate::domain::question::{Answer, ListKind, Relation, Scope, TableList, TableOrder, Topic};
use crate::domain::schema::{Schema, Table};
use bson::{Bson, Document, doc};

/// Collections asked by one pipeline: a server takes 1,000 stages.
const ASKED: usize = 200;

/// One pipeline over several collections: the first is asked, the others are joined to it.
fn over(tables: &[&str], part: impl Fn(&str) -> Vec<Document>, then: Vec<Document>) -> Option<Document> {
    let (first, others) = tables.split_first()?;
    let mut stages = part(first);
    for other in others.iter().take(ASKED - 1) {
        stages.push(doc! {"$unionWith": {"coll": *other, "pipeline": part(other)}});
    }
    stages.extend(then);
    Some(aggregate(*first, stages))
}

/// The statistics of several collections, which bring the full names along.
fn statistics(tables: &[&str], what: &Document, shown: &Document, mut then: Vec<Document>) -> Option<Document> {
    let mut fields = doc! {"_id": 0, "collection": "$ns"};
    fields.extend(shown.clone());
    then.insert(0, doc! {"$project": fields});
    over(tables, |_| vec![doc! {"$collStats": what.clone()}], then)
}

/// How the indexes of several collections are used. These do not bring the collection's name along.
fn indexes(tables: &[&str], shown: &Document, then: Vec<Document>) -> Option<Document> {
    let part = |name: &str| {
        let mut fields = doc! {"_id": 0, "collection": {"$literal": name}, "index": "$name", "key": "$key"};
        fields.extend(shown.clone());
        vec![doc! {"$indexStats": {}}, doc! {"$project": fields}]
    };
    over(tables, part, then)
}

fn own<'a>(schema: &'a Schema, scope: &'a Scope) -> Vec<&'a str> {
    match &scope.table {
        Some(table) => vec![table.name.as_str()],
        None => schema.tables.iter().filter(|t| t.is_table()).map(|t| t.name.as_str()).collect(),
    }
}

fn sizes() -> Document {
    doc! {
        "documents": "$storageStats.count",
        "data_bytes": "$storageStats.size",
        "storage_bytes": "$storageStats.storageSize",
        "indexes": "$storageStats.nindexes",
        "index_bytes": "$storageStats.totalIndexSize",
        "total_bytes": {"$add": ["$storageStats.storageSize", "$storageStats.totalIndexSize"]},
    }
}

fn storage_stats() -> Document {
    doc! {"storageStats": {}}
}

/// A collection that a list holds.
pub(super) fn is_listed(table: &Table, list: &TableList) -> bool {
    (table.is_table() == (list.kind == ListKind::Tables))
        && list.containing.as_ref().is_none_or(|part| table.name.to_lowercase().contains(&part.to_lowercase()))
}

pub(super) fn tables(list: &TableList, schema: &Schema) -> Answer {
    if list.kind == ListKind::Views {
        return one("Views", &doc! {"listCollections": 1, "filter": {"type": "view"}, "cursor": {}});
    }
    let found: Vec<&str> = schema.tables.iter().filter(|t| is_listed(t, list)).map(|t| t.name.as_str()).collect();
    let direction = if list.ascending { 1 } else { -1 };
    let (title, sort) = match list.order {
        TableOrder::Name => ("Collections", doc! {"collection": 1}),
        TableOrder::Bytes => ("Collections by size", doc! {"total_bytes": direction}),
        TableOrder::Rows => ("Collections by documents", doc! {"documents": direction}),
    };
    let mut then = vec![doc! {"$sort": sort}];
    if let Some(limit) = list.limit {
        then.push(at_most(limit));
    }
    match statistics(&found, &storage_stats(), &sizes(), then) {
        Some(command) => cut(one(title, &command), found.len()),
        None => one(title, &doc! {"listCollections": 1, "nameOnly": true, "cursor": {}}),
    }
}

/// Says so when there were more collections than one pipeline asks.
fn cut(mut answer: Answer, found: usize) -> Answer {
    if found > ASKED {
        answer.notes.push(format!("the first {ASKED} of {found} collections are asked"));
    }
    answer
}

pub(super) fn table_size(table: &Relation) -> Answer {
    let mut fields = doc! {"_id": 0, "collection": "$ns"};
    fields.extend(sizes());
    let stages = vec![doc! {"$collStats": storage_stats()}, doc! {"$project": fields}];
    one(format!("Size of {}", table.full_name()), &aggregate(table.name.as_str(), stages))
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let names = own(schema, scope);
    let limit = |otherwise: u32| at_most(scope.limit.unwrap_or(otherwise));
    let missing = || told(title, "there are no collections\n");
    Some(match topic {
        Topic::RowCounts => {
            let shown = doc! {"documents": "$count"};
            let sort = vec![doc! {"$sort": {"documents": -1}}];
            let Some(command) = statistics(&names, &doc! {"count": {}}, &shown, sort) else { return Some(missing()) };
            cut(noted("Documents of all collections", &command, "from the collections' metadata"), names.len())
        }
        Topic::Indexes | Topic::UnusedIndexes => {
            let shown = doc! {"unique": "$spec.unique", "accesses": "$accesses.ops", "since": "$accesses.since"};
            let mut then = Vec::new();
            if topic == Topic::UnusedIndexes {
                then.push(doc! {"$match": {"accesses": 0, "index": {"$ne": "_id_"}, "unique": {"$ne": true}}});
            }
            then.push(doc! {"$sort": {"collection": 1, "index": 1}});
            let Some(command) = indexes(&names, &shown, then) else { return Some(missing()) };
            let note = "counted since the time in the last column, on this member alone: look at the others too";
            cut(noted(title, &command, note), names.len())
        }
        Topic::ExpiringRows => {
            let shown = doc! {"expire_after_seconds": "$spec.expireAfterSeconds"};
            let then = vec![doc! {"$match": {"expire_after_seconds": {"$exists": true}}}];
            let Some(command) = indexes(&names, &shown, then) else { return Some(missing()) };
            cut(
                noted(
                    "Indexes that expire documents",
                    &command,
                    "a document goes so many seconds after the date in its field",
                ),
                names.len(),
            )
        }
        Topic::IndexSizes => {
            let shown = doc! {"sizes": {"$objectToArray": "$storageStats.indexSizes"}};
            let then = vec![
                doc! {"$unwind": "$sizes"},
                doc! {"$project": {"collection": "$collection", "index": "$sizes.k", "bytes": "$sizes.v"}},
                doc! {"$sort": {"bytes": -1}},
                limit(50),
            ];
            let Some(command) = statistics(&names, &storage_stats(), &shown, then) else { return Some(missing()) };
            cut(one(title, &command), names.len())
        }
        Topic::BusiestTables | Topic::UnusedTables => {
            let shown = doc! {
                "reads": "$latencyStats.reads.ops",
                "read_micros": "$latencyStats.reads.latency",
                "writes": "$latencyStats.writes.ops",
                "write_micros": "$latencyStats.writes.latency",
                "commands": "$latencyStats.commands.ops",
            };
            let then = if topic == Topic::UnusedTables {
                vec![doc! {"$match": {"reads": 0}}, doc! {"$sort": {"collection": 1}}]
            } else {
                vec![doc! {"$sort": {"writes": -1, "reads": -1}}, limit(20)]
            };
            let Some(command) = statistics(&names, &doc! {"latencyStats": {}}, &shown, then) else {
                return Some(missing());
            };
            let title = if topic == Topic::UnusedTables {
                "Collections that were not read"
            } else {
                "Collections by operations"
            };
            cut(noted(title, &command, "counted since the server started, on this member"), names.len())
        }
        Topic::Bloat => {
            let shown = doc! {
                "data_bytes": "$storageStats.size",
                "storage_bytes": "$storageStats.storageSize",
                "free_bytes": "$storageStats.freeStorageSize",
            };
            let then = vec![doc! {"$sort": {"free_bytes": -1}}, limit(20)];
            let Some(command) = statistics(&names, &storage_stats(), &shown, then) else { return Some(missing()) };
            cut(
                noted(title, &command, "free room in the files is used again; compact gives it back to the disk"),
                names.len(),
            )
        }
        Topic::Databases | Topic::Schemas => one("Databases by size", &doc! {"listDatabases": 1}),
        Topic::DatabaseSize => match &scope.name {
            Some(name) => one(
                format!("Size of {name}"),
                &doc! {"listDatabases": 1, "filter": {"name": Bson::from(name.as_str())}},
            ),
            None => one(title, &doc! {"dbStats": 1, "scale": 1}),
        },
        Topic::DiskUsage => noted(
            title,
            &doc! {"dbStats": 1, "scale": 1},
            "fsUsedSize and fsTotalSize are the disk's, the rest this database's",
        ),
        _ => return None,
    })
}
