//! Methods of a collection: `db.orders.find(..)`, `db.orders.updateMany(..)`.

use super::arguments::Call;
use super::{Chain, SyntaxError, cursor};
use bson::{Bson, Document, doc};

/// The command of a method and of what follows it. `database` is the one that was named.
pub(super) fn read(name: &str, database: Option<&str>, call: Call, chain: &mut Chain) -> Result<Document, SyntaxError> {
    match call.name.as_str() {
        "explain" => {
            let (names, inner) = chain.names_and_call()?;
            if !names.is_empty() || inner.name == "explain" {
                return Err(inner.error("a method of the collection is wanted after explain(..)"));
            }
            let command = read(name, database, inner, chain)?;
            cursor::explain(call, command)
        }
        "find" => cursor::find(find(name, call)?, chain.calls()?),
        "aggregate" => cursor::aggregate(aggregate(&Bson::from(name), call)?, chain.calls()?),
        _ => {
            let method = (call.name.clone(), call.at);
            let command = match reads(name, call)? {
                Ok(command) => command,
                Err(call) => match writes(name, call)? {
                    Ok(command) => command,
                    Err(call) => objects(name, database, call)?,
                },
            };
            if chain.links.is_empty() {
                return Ok(command);
            }
            let last = chain.call()?;
            if matches!(method.0.as_str(), "distinct" | "count" | "countDocuments") && last.name == "explain" {
                chain.nothing_more()?;
                return cursor::explain(last, command);
            }
            Err(last.error(format!("`{}` cannot follow {}(..)", last.name, method.0)))
        }
    }
}

fn find(name: &str, mut call: Call) -> Result<Document, SyntaxError> {
    call.at_most(3)?;
    let mut command = doc! {"find": name, "filter": call.document(0)?};
    match call.take(1) {
        None | Some(Bson::Null) => {}
        Some(Bson::Document(fields)) => {
            command.insert("projection", fields);
        }
        Some(_) => return Err(call.error("find(..) wants the fields as a document")),
    }
    call.options(2, &mut command)?;
    Ok(command)
}

/// An aggregation over a collection, or over the database (`1`).
pub(super) fn aggregate(over: &Bson, mut call: Call) -> Result<Document, SyntaxError> {
    let pipeline = match call.take(0) {
        Some(Bson::Array(stages)) => stages,
        // The shell takes stages without their brackets too.
        Some(stage @ Bson::Document(_)) if !call.given(1) => vec![stage],
        _ => return Err(call.error("aggregate(..) wants an array of stages: aggregate([{$match: {..}}])")),
    };
    call.at_most(2)?;
    let mut command = doc! {"aggregate": over.clone(), "pipeline": pipeline};
    let mut options = call.document(1)?;
    let explained = options.remove("explain");
    command.insert("cursor", options.remove("cursor").unwrap_or_else(|| Bson::Document(Document::new())));
    for (key, value) in options {
        call.set(&mut command, &key, value)?;
    }
    Ok(match explained {
        None | Some(Bson::Boolean(false)) => command,
        Some(_) => doc! {"explain": command, "verbosity": "queryPlanner"},
    })
}

/// A command, or the call when it is none of this kind.
type Found = Result<Result<Document, Call>, SyntaxError>;

/// Methods that read.
fn reads(name: &str, mut call: Call) -> Found {
    let (command, used) = match call.name.as_str() {
        "findOne" => {
            let mut command = find(name, call)?;
            if command.contains_key("limit") {
                return Err(SyntaxError::new(0, "findOne(..) has its limit already"));
            }
            command.extend(doc! {"limit": 1, "singleBatch": true});
            return Ok(Ok(command));
        }
        // The count command is exact with a predicate, and gives a zero where a pipeline gives no row. Without one
        // it answers from statistics, so each document is asked for its id.
        "countDocuments" => {
            let mut query = call.document(0)?;
            if query.is_empty() {
                query = doc! {"_id": {"$exists": true}};
            }
            let mut command = doc! {"count": name, "query": query};
            call.options(1, &mut command)?;
            (command, 2)
        }
        "count" => {
            let mut command = doc! {"count": name};
            if call.given(0) {
                command.insert("query", call.document(0)?);
            }
            call.options(1, &mut command)?;
            (command, 2)
        }
        "estimatedDocumentCount" => {
            let mut command = doc! {"count": name};
            call.options(0, &mut command)?;
            (command, 1)
        }
        "distinct" => {
            let mut command = doc! {"distinct": name, "key": call.text(0)?};
            if call.given(1) {
                command.insert("query", call.document(1)?);
            }
            call.options(2, &mut command)?;
            (command, 3)
        }
        "getIndexes" | "getIndices" | "getIndexKeys" | "getIndexSpecs" => (doc! {"listIndexes": name, "cursor": {}}, 0),
        "stats" => {
            let mut command = doc! {"collStats": name};
            match call.take(0) {
                None => {}
                Some(Bson::Document(options)) => command.extend(options),
                Some(scale) => {
                    command.insert("scale", scale);
                }
            }
            (command, 1)
        }
        "dataSize" | "storageSize" | "totalSize" | "totalIndexSize" | "isCapped" => (doc! {"collStats": name}, 0),
        "latencyStats" => {
            let pipeline = doc! {"$collStats": {"latencyStats": call.document(0)?}};
            (doc! {"aggregate": name, "pipeline": [pipeline], "cursor": {}}, 1)
        }
        "validate" => {
            let mut command = doc! {"validate": name};
            match call.take(0) {
                Some(Bson::Boolean(full)) => {
                    command.insert("full", full);
                }
                Some(Bson::Document(options)) => command.extend(options),
                Some(_) => return Err(call.error("validate(..) wants true, false or a document")),
                None => {}
            }
            (command, 1)
        }
        "watch" => {
            let mut stages = vec![Bson::Document(doc! {"$changeStream": {}})];
            if call.given(0) {
                stages.extend(call.array(0)?);
            }
            (doc! {"aggregate": name, "pipeline": stages, "cursor": {}}, 2)
        }
        _ => return Ok(Err(call)),
    };
    call.at_most(used)?;
    Ok(Ok(command))
}

/// Keys of options that belong to one entry of an update or a delete, not to the command.
const OF_ENTRY: &[&str] = &["upsert", "multi", "arrayFilters", "collation", "hint", "sort"];

/// Methods that change documents.
fn writes(name: &str, mut call: Call) -> Found {
    let (command, used) = match call.name.as_str() {
        "insert" | "insertOne" | "insertMany" => {
            let documents = match call.take(0) {
                Some(document @ Bson::Document(_)) if call.name != "insertMany" => vec![document],
                Some(Bson::Array(all)) if call.name != "insertOne" => all,
                _ => return Err(call.error(format!("{}(..) wants what is to be inserted", call.name))),
            };
            let mut command = doc! {"insert": name, "documents": documents};
            call.options(1, &mut command)?;
            (command, 2)
        }
        "update" | "updateOne" | "updateMany" | "replaceOne" => {
            let mut entry = doc! {"q": call.wanted_document(0)?};
            entry.insert("u", call.take(1).ok_or_else(|| call.error("what to change is wanted"))?);
            if call.name == "updateMany" {
                entry.insert("multi", true);
            }
            let options = call.document(2)?;
            let rest = of_entry(&call, options, &mut entry)?;
            let mut command = doc! {"update": name, "updates": [entry]};
            command.extend(rest);
            (command, 3)
        }
        "remove" | "deleteOne" | "deleteMany" => {
            let mut entry = doc! {"q": call.wanted_document(0)?};
            let mut options = match call.take(1) {
                None => Document::new(),
                Some(Bson::Boolean(one)) => doc! {"justOne": one},
                Some(Bson::Document(options)) => options,
                Some(_) => return Err(call.error("the options are a document")),
            };
            let just_one = options.remove("justOne") == Some(Bson::Boolean(true));
            entry.insert("limit", i32::from(call.name == "deleteOne" || just_one));
            let rest = of_entry(&call, options, &mut entry)?;
            let mut command = doc! {"delete": name, "deletes": [entry]};
            command.extend(rest);
            (command, 2)
        }
        "findAndModify" => {
            let mut command = doc! {"findAndModify": name};
            call.options(0, &mut command)?;
            (command, 1)
        }
        "findOneAndDelete" | "findOneAndUpdate" | "findOneAndReplace" => {
            let mut command = doc! {"findAndModify": name, "query": call.wanted_document(0)?};
            let used = if call.name == "findOneAndDelete" {
                command.insert("remove", true);
                1
            } else {
                command.insert("update", call.take(1).ok_or_else(|| call.error("what to change is wanted"))?);
                2
            };
            let mut options = call.document(used)?;
            if let Some(fields) = options.remove("projection") {
                command.insert("fields", fields);
            }
            let returned = options.remove("returnDocument") == Some(Bson::from("after"));
            if returned || options.remove("returnNewDocument") == Some(Bson::Boolean(true)) {
                command.insert("new", true);
            }
            for (key, value) in options {
                call.set(&mut command, &key, value)?;
            }
            (command, used + 1)
        }
        _ => return Ok(Err(call)),
    };
    call.at_most(used)?;
    Ok(Ok(command))
}

/// Puts each option where it belongs; those of the command come back.
fn of_entry(call: &Call, options: Document, entry: &mut Document) -> Result<Document, SyntaxError> {
    let mut rest = Document::new();
    for (key, value) in options {
        let place = if OF_ENTRY.contains(&key.as_str()) { &mut *entry } else { &mut rest };
        call.set(place, &key, value)?;
    }
    Ok(rest)
}

/// Methods that change indexes and the collection itself.
fn objects(name: &str, database: Option<&str>, mut call: Call) -> Result<Document, SyntaxError> {
    let (command, used) = match call.name.as_str() {
        "createIndex" | "ensureIndex" => {
            let key = call.wanted_document(0)?;
            let options = call.document(1)?;
            (doc! {"createIndexes": name, "indexes": [index(&call, key, options)?]}, 2)
        }
        "createIndexes" => {
            let keys = call.array(0)?;
            let options = call.document(1)?;
            let mut all = Vec::new();
            for key in keys {
                let Bson::Document(key) = key else { return Err(call.error("each index is a document")) };
                all.push(index(&call, key, options.clone())?);
            }
            (doc! {"createIndexes": name, "indexes": all}, 2)
        }
        "dropIndex" => {
            let index = call.take(0).ok_or_else(|| call.error("dropIndex(..) wants a name or keys"))?;
            (doc! {"dropIndexes": name, "index": index}, 1)
        }
        "dropIndexes" => (doc! {"dropIndexes": name, "index": call.take(0).unwrap_or_else(|| Bson::from("*"))}, 1),
        "hideIndex" | "unhideIndex" => {
            let hidden = call.name == "hideIndex";
            let index = match call.take(0) {
                Some(Bson::String(index)) => doc! {"name": index, "hidden": hidden},
                Some(Bson::Document(key)) => doc! {"keyPattern": key, "hidden": hidden},
                _ => return Err(call.error(format!("{}(..) wants a name or keys", call.name))),
            };
            (doc! {"collMod": name, "index": index}, 1)
        }
        "reIndex" => (doc! {"reIndex": name}, 0),
        "compact" => (doc! {"compact": name}, 0),
        "drop" => (doc! {"drop": name}, 1),
        "convertToCapped" => (doc! {"convertToCapped": name, "size": call.number(0)?}, 1),
        "renameCollection" => {
            let Some(database) = database else {
                return Err(call
                    .error("renaming wants full names: db.adminCommand({renameCollection: \"db.a\", to: \"db.b\"})"));
            };
            let to = call.text(0)?;
            let mut command = doc! {"renameCollection": format!("{database}.{name}"), "to": format!("{database}.{to}")};
            if let Some(drop) = call.take(1) {
                command.insert("dropTarget", drop);
            }
            (command, 2)
        }
        "mapReduce" => (doc! {"mapReduce": name}, usize::MAX),
        _ => {
            return Err(call.unknown(
                "a collection",
                "write find, findOne, aggregate, countDocuments, distinct, getIndexes or stats, or a command document",
            ));
        }
    };
    call.at_most(used)?;
    Ok(command)
}

/// The definition of an index, named as the shell names it.
fn index(call: &Call, key: Document, options: Document) -> Result<Document, SyntaxError> {
    let part = |(field, direction): (&String, &Bson)| match direction {
        Bson::String(kind) => format!("{field}_{kind}"),
        other => format!("{field}_{other}"),
    };
    let name = key.iter().map(part).collect::<Vec<_>>().join("_");
    let mut out = doc! {"key": key};
    out.insert("name", options.get("name").cloned().unwrap_or(Bson::String(name)));
    for (option, value) in options.into_iter().filter(|(option, _)| option != "name") {
        call.set(&mut out, &option, value)?;
    }
    Ok(out)
}
