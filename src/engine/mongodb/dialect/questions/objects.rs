//! Collections, fields and indexes, as far as the inferred schema knows them.

use super::keys::without_index;
use super::{noted, one, statement, table_of, told};
use crate::domain::question::{Answer, ColumnSearch, Relation, Scope, Topic};
use crate::domain::schema::{Schema, Table, TableColumn};
use crate::domain::text::escape;
use bson::doc;
use std::collections::BTreeMap;

/// What there is to know about fields.
const INFERRED: &str = "MongoDB keeps no list of fields: these were found in a sample of documents";

pub(super) fn describe(relation: &Relation, schema: &Schema) -> Answer {
    let name = relation.name.as_str();
    let filter = doc! {"listCollections": 1, "filter": {"name": name}, "cursor": {}};
    let mut answer = one("Options and rules", &filter);
    answer.title = format!("Structure of {}", relation.full_name());
    let table = table_of(relation, schema);
    if table.is_none_or(Table::is_table) {
        answer.statements.insert(0, statement("Indexes", &doc! {"listIndexes": name, "cursor": {}}));
    }
    if let Some(table) = table.filter(|t| !t.columns.is_empty()) {
        answer.text = Some(fields(table));
        answer.notes.push(INFERRED.to_owned());
    }
    answer
}

/// The fields of a collection, one a line.
fn fields(table: &Table) -> String {
    let rows: Vec<[String; 3]> = table
        .columns
        .iter()
        .map(|c| [escape(&c.name), escape(&c.type_name), escape(c.comment.as_deref().unwrap_or_default())])
        .collect();
    aligned(["field", "type", "found"], &rows)
}

/// Rows under a head, in columns as wide as they must be. Cells are escaped already.
fn aligned<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).chain([head[i].len()]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    let mut out = line(head.to_vec());
    for row in rows {
        out.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    out
}

pub(super) fn row_count(table: &Relation, exact: bool) -> Answer {
    let name = table.name.as_str();
    if exact {
        let command = doc! {"count": name, "query": {"_id": {"$exists": true}}};
        return one(format!("Documents of {}, counted", table.full_name()), &command);
    }
    let title = format!("Documents of {}, as the server's statistics have it", table.full_name());
    noted(title, &doc! {"count": name}, "from the collection's metadata: exact unless the server crashed or is sharded")
}

pub(super) fn find_columns(search: &ColumnSearch, schema: &Schema) -> Answer {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let mut title = String::from("Fields");
    let mut named = None;
    if let Some(name) = &search.name {
        let joined = plain(name);
        named = Some(joined.strip_suffix('s').filter(|s| s.len() > 3).unwrap_or(&joined).to_owned());
        title.push_str(&format!(" like \"{name}\""));
    }
    if let Some(kind) = search.kind {
        title.push_str(&format!(" of a {} type", kind.word()));
    }
    if let Some(name) = &search.type_name {
        title.push_str(&format!(" of type {name}"));
    }
    let fits = |column: &TableColumn| {
        let type_name = column.type_name.to_lowercase();
        named.as_ref().is_none_or(|part| plain(&column.name).contains(part.as_str()))
            && search.kind.is_none_or(|kind| {
                let own: &[&str] = match kind.word() {
                    "text" => &["string"],
                    "number" => &["long", "decimal", "double", "int"],
                    "binary" => &["bindata"],
                    "UUID" => &["bindata", "uuid"],
                    "JSON" => &["object"],
                    _ => kind.type_parts(),
                };
                own.iter()
                    .any(|part| type_name.contains(part) && !(*part == "object" && type_name.contains("objectid")))
            })
            && search.type_name.as_ref().is_none_or(|name| type_name.contains(&name.to_lowercase()))
    };
    let rows: Vec<[String; 3]> = schema
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().filter(|c| fits(c)).map(move |c| (table, c)))
        .map(|(table, c)| [escape(&table.full_name()), escape(&c.name), escape(&c.type_name)])
        .collect();
    let text =
        if rows.is_empty() { "none were found\n".to_owned() } else { aligned(["collection", "field", "type"], &rows) };
    let mut answer = told(title, text);
    answer.notes.push(INFERRED.to_owned());
    answer
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let tables = || schema.tables.iter().filter(|t| t.is_table());
    let listed = |filter| doc! {"listCollections": 1, "filter": filter, "cursor": {}};
    Some(match topic {
        Topic::DuplicateIndexes => from_lines(title, &duplicates(scope, schema), "no index begins like another one"),
        Topic::MissingIndexes => missing(schema),
        Topic::TablesWithoutPrimaryKey => told(title, "none: every document has a unique _id\n"),
        Topic::TablesWithoutIndexes => {
            let bare = |t: &&Table| t.indexes.iter().all(|index| index.primary || index.name == "_id_");
            let lines: Vec<String> = tables().filter(bare).map(|t| escape(&t.full_name()) + "\n").collect();
            from_lines("Collections without an index besides _id", &lines, "every collection has one")
        }
        Topic::InvalidIndexes => {
            let command = doc! {"aggregate": 1, "pipeline": [
                {"$currentOp": {"allUsers": true, "idleConnections": false}},
                {"$match": {"$or": [{"command.createIndexes": {"$exists": true}}, {"msg": {"$regex": "^Index Build"}}]}},
                {"$project": {"opid": 1, "ns": 1, "msg": 1, "progress": 1, "secs_running": 1}},
            ], "cursor": {}};
            noted(
                "Indexes that are being built",
                &command,
                "MongoDB drops an index whose build fails: none stays invalid",
            )
        }
        Topic::CappedTables => one("Capped collections", &listed(doc! {"options.capped": true})),
        Topic::Constraints => {
            let filter = match &scope.table {
                Some(table) => doc! {"name": &table.name},
                None => doc! {"options.validator": {"$exists": true}},
            };
            one("Rules that documents must meet", &listed(filter))
        }
        Topic::Types => {
            let mut types: BTreeMap<String, usize> = BTreeMap::new();
            for column in tables().flat_map(|t| &t.columns) {
                *types.entry(escape(&column.type_name)).or_default() += 1;
            }
            let rows: Vec<[String; 2]> = types.into_iter().map(|(name, count)| [name, count.to_string()]).collect();
            let mut answer = told("Types in use", aligned(["type", "fields"], &rows));
            answer.notes.push(INFERRED.to_owned());
            answer
        }
        Topic::Encoding => {
            let collation = doc! {"options.collation": {"$exists": true}};
            noted(
                "Collections with a collation of their own",
                &listed(collation),
                "all text is UTF-8; without a collation it is compared byte by byte",
            )
        }
        _ => return None,
    })
}

fn from_lines(title: &str, lines: &[String], none: &str) -> Answer {
    told(title, if lines.is_empty() { format!("{none}\n") } else { lines.concat() })
}

/// Indexes whose keys are the first keys of another one.
fn duplicates(scope: &Scope, schema: &Schema) -> Vec<String> {
    let mut lines = Vec::new();
    let wanted = |t: &&Table| scope.table.as_ref().is_none_or(|only| only.name == t.name);
    for table in schema.tables.iter().filter(wanted) {
        for index in table.indexes.iter().filter(|i| !i.unique && !i.primary && i.predicate.is_none()) {
            let covered = table.indexes.iter().find(|other| {
                other.name != index.name
                    && other.predicate.is_none()
                    && other.columns.starts_with(&index.columns)
                    && (other.columns.len() > index.columns.len() || other.unique || other.name < index.name)
            });
            if let Some(other) = covered {
                lines.push(format!(
                    "{}: {} repeats {}\n",
                    escape(&table.name),
                    escape(&index.name),
                    escape(&other.name)
                ));
            }
        }
    }
    lines
}

/// Reads that found no index, as the profiler has them, and keys that no index begins with.
fn missing(schema: &Schema) -> Answer {
    let scans = doc! {"aggregate": "system.profile", "pipeline": [
        {"$match": {"planSummary": {"$regex": "COLLSCAN"}}},
        {"$group": {"_id": "$ns", "count": {"$sum": 1}, "max_millis": {"$max": "$millis"}, "documents_read": {"$sum": "$docsExamined"}}},
        {"$project": {"_id": 0, "collection": "$_id", "count": "$count", "max_millis": "$max_millis", "documents_read": "$documents_read"}},
        {"$sort": {"documents_read": -1}},
        {"$limit": 20},
    ], "cursor": {}};
    let mut answer = noted(
        "Reads of whole collections that the profiler recorded",
        &scans,
        "hints, not verdicts; the profiler records only while it is on (\"profiler\" tells)",
    );
    let lines = without_index(schema);
    if !lines.is_empty() {
        answer.text = Some(format!("Keys without an index:\n{}", lines.concat()));
    }
    Topic::MissingIndexes.title().clone_into(&mut answer.title);
    answer
}

#[cfg(test)]
mod tests {
    use super::super::keys::begins_with;

    #[test]
    fn a_key_of_an_index_is_told_from_a_longer_name() {
        assert!(begins_with("customer_id", "customer_id") && begins_with("customer_id: -1", "customer_id"));
        assert!(begins_with("customer_id desc", "customer_id") && !begins_with("customer_id_old", "customer_id"));
    }
}
