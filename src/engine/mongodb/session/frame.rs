//! What is always ours in a command, and the last look at a statement before it is sent: whatever let it come this far,
//! only the commands named here go out, and none with a stage that writes or runs code.

use bson::{Bson, Document};

/// Fields that a statement may not set: each is ours, belongs to a session that can write, or keeps a cursor alive.
const OURS: &[&str] = &[
    "maxTimeMS",
    "comment",
    "$db",
    "$readPreference",
    "$clusterTime",
    "lsid",
    "txnNumber",
    "startTransaction",
    "autocommit",
    "stmtId",
    "writeConcern",
    "noCursorTimeout",
    "tailable",
    "awaitData",
    "exhaust",
    "oplogReplay",
];

/// Commands that only read, by their names in lower case.
const READS: &[&str] = &[
    "aggregate",
    "balancercollectionstatus",
    "balancerstatus",
    "buildinfo",
    "collstats",
    "connectionstatus",
    "connpoolstats",
    "count",
    "currentop",
    "datasize",
    "dbhash",
    "dbstats",
    "distinct",
    "explain",
    "find",
    "getclusterparameter",
    "getcmdlineopts",
    "getdefaultrwconcern",
    "getlog",
    "getparameter",
    "getshardmap",
    "getshardversion",
    "hello",
    "hostinfo",
    "ismaster",
    "listcollections",
    "listcommands",
    "listdatabases",
    "listindexes",
    "listsearchindexes",
    "listshards",
    "lockinfo",
    "netstat",
    "ping",
    "profile",
    "replsetgetconfig",
    "replsetgetstatus",
    "rolesinfo",
    "serverstatus",
    "shardconnpoolstats",
    "shardingstate",
    "top",
    "usersinfo",
    "whatsmyuri",
];

/// Stages and operators that write or run code, wherever they stand.
const NEVER: &[&str] = &["$out", "$merge", "$where", "$function", "$accumulator"];
/// Nesting beyond what a server takes.
const DEEPEST: usize = 200;

/// Why a statement does not go out; `None` when it may.
pub(super) fn objection(command: &Document) -> Option<String> {
    let Some((name, value)) = command.iter().next() else { return Some("an empty command is not sent".into()) };
    let lower = name.to_ascii_lowercase();
    if !READS.contains(&lower.as_str()) {
        return Some(format!("{name} is not one of the commands that only read: it is not sent"));
    }
    if lower == "explain" {
        let inner = value.as_document().and_then(|inner| inner.keys().next()).map(|inner| inner.to_ascii_lowercase());
        if !inner.is_some_and(|inner| matches!(inner.as_str(), "find" | "aggregate" | "count" | "distinct")) {
            return Some("only reads are explained: it is not sent".into());
        }
    }
    // A level sets the profiler; -1 asks for it.
    if lower == "profile" && !matches!(value, Bson::Int32(-1) | Bson::Int64(-1)) && *value != Bson::Double(-1.0) {
        return Some("profile with a level changes the profiler: it is not sent".into());
    }
    forbidden(command, 0).map(|what| format!("{what} can write or run code: it is not sent"))
}

fn forbidden(document: &Document, depth: usize) -> Option<String> {
    document.iter().find_map(|(name, value)| {
        // What stands alone behind $literal is data, whatever it looks like; the guard reads it the same way.
        if name == "$literal" && document.len() == 1 {
            return None;
        }
        if NEVER.iter().any(|never| name.eq_ignore_ascii_case(never)) {
            return Some(name.clone());
        }
        forbidden_in(value, depth + 1)
    })
}

fn forbidden_in(value: &Bson, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return Some("a document nested this deeply".to_owned());
    }
    match value {
        Bson::Document(inner) => forbidden(inner, depth),
        Bson::Array(items) => items.iter().find_map(|item| forbidden_in(item, depth + 1)),
        Bson::JavaScriptCode(_) | Bson::JavaScriptCodeWithScope(_) => Some("JavaScript".to_owned()),
        _ => None,
    }
}

/// A statement within the caps: one row more than is kept, in batches.
pub(super) fn capped(mut command: Document, rows: usize, batch: i64) -> Document {
    let name = command.keys().next().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
    // A limit near the end of the numbers would overflow together with a skip: whoever wants that many wants all.
    let most = i32::try_from(rows).ok().map(|rows| i64::from(rows) + 1);
    let first = most.unwrap_or(batch).min(batch);
    for name in OURS {
        command.remove(*name);
    }
    match name.as_str() {
        "find" => {
            // A negative limit is the old way to say: one batch.
            let said = command.get("limit").and_then(whole).map(i64::abs).filter(|&n| n > 0);
            command.remove("singleBatch");
            command.remove("limit");
            if let Some(limit) = said.into_iter().chain(most).min() {
                command.insert("limit", limit);
            }
            command.insert("batchSize", said.map_or(first, |said| said.min(first)));
        }
        "aggregate" if !command.get("explain").is_some_and(|e| *e == Bson::Boolean(true)) => {
            if let (Some(most), Ok(pipeline)) = (most, command.get_array_mut("pipeline")) {
                pipeline.push(Bson::Document(bson::doc! { "$limit": most }));
            }
            command.insert("cursor", bson::doc! { "batchSize": first });
        }
        "listcollections" | "listindexes" => {
            command.insert("cursor", bson::doc! { "batchSize": first });
        }
        _ => {}
    }
    command
}

fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(i) => Some(i64::from(*i)),
        Bson::Int64(i) => Some(*i),
        #[allow(clippy::cast_possible_truncation, reason = "a limit written as 5.0")]
        Bson::Double(f) => Some(*f as i64),
        _ => None,
    }
}

/// Commands take a comment, whichever they are, since this protocol (MongoDB 4.4); before, only those two that read.
const COMMENTS_EVERYWHERE: i64 = 9;

/// A command by this name takes a comment.
pub(super) fn takes_comment(name: &str, wire_version: i64) -> bool {
    wire_version >= COMMENTS_EVERYWHERE || matches!(name, "find" | "aggregate")
}

/// What every command of a connection carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// Its name in the server's list of operations.
    pub(super) comment: &'a str,
    /// Which members may answer: a secondary refuses to unless it is said.
    pub(super) read_preference: &'a str,
    /// The protocol of the server.
    pub(super) wire_version: i64,
}

impl Frame<'_> {
    /// A command with its frame and its time.
    pub(super) fn around(self, mut command: Document, timeout_ms: u64) -> Document {
        if command.keys().next().is_some_and(|name| takes_comment(name, self.wire_version)) {
            command.insert("comment", self.comment);
        }
        command.insert("maxTimeMS", i64::try_from(timeout_ms.max(1)).unwrap_or(i64::MAX).min(i64::from(i32::MAX)));
        command.insert("$readPreference", bson::doc! { "mode": self.read_preference });
        command
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::doc;

    #[test]
    fn only_reads_go_out() {
        for command in [
            doc! {},
            doc! { "insert": "c" },
            doc! { "Drop": "c" },
            doc! { "findAndModify": "c" },
            doc! { "profile": 2 },
            doc! { "explain": { "delete": "c" } },
            doc! { "explain": 1 },
            doc! { "shutdown": 1 },
            doc! { "eval": "1" },
            doc! { "mapReduce": "c" },
            doc! { "aggregate": "c", "pipeline": [{ "$match": {} }, { "$out": "d" }] },
            doc! { "aggregate": "c", "pipeline": [{ "$facet": { "x": [{ "$merge": "d" }] } }] },
            doc! { "find": "c", "filter": { "$where": "sleep(1)" } },
            doc! { "find": "c", "filter": { "a": [{ "b": { "$function": {} } }] } },
            doc! { "find": "c", "filter": { "a": Bson::JavaScriptCode("1".into()) } },
        ] {
            assert!(objection(&command).is_some(), "{command}");
        }
        for command in [
            doc! { "find": "c", "filter": { "a": { "$gt": 1 } } },
            doc! { "aggregate": "c", "pipeline": [{ "$group": { "_id": "$a" } }] },
            doc! { "explain": { "find": "c" }, "verbosity": "queryPlanner" },
            doc! { "profile": -1 },
            doc! { "dbStats": 1 },
        ] {
            assert_eq!(objection(&command), None, "{command}");
        }
    }

    #[test]
    fn limits_batches_and_times_are_ours() {
        let find =
            capped(doc! { "find": "c", "limit": 9000, "maxTimeMS": 0, "tailable": true, "comment": "x" }, 500, 1000);
        assert_eq!(find, doc! { "find": "c", "limit": 501_i64, "batchSize": 501_i64 });
        let one = capped(doc! { "find": "c", "limit": -1, "singleBatch": true }, 500, 1000);
        assert_eq!(one, doc! { "find": "c", "limit": 1_i64, "batchSize": 1_i64 });
        let piped =
            capped(doc! { "aggregate": "c", "pipeline": [{ "$match": {} }], "writeConcern": { "w": 1 } }, 5000, 1000);
        let wanted = doc! {
            "aggregate": "c", "pipeline": [{ "$match": {} }, { "$limit": 5001_i64 }], "cursor": { "batchSize": 1000_i64 },
        };
        assert_eq!(piped, wanted);
        assert_eq!(capped(doc! { "count": "c" }, 500, 1000), doc! { "count": "c" });
        assert_eq!(capped(doc! { "find": "c" }, usize::MAX, 1000), doc! { "find": "c", "batchSize": 1000_i64 });
    }

    #[test]
    fn every_command_has_its_frame() {
        let frame = |wire_version| Frame { comment: "tag 1", read_preference: "nearest", wire_version };
        let find = frame(6).around(doc! { "find": "c" }, u64::MAX);
        let wanted = doc! {
            "find": "c", "comment": "tag 1", "maxTimeMS": i64::from(i32::MAX), "$readPreference": { "mode": "nearest" },
        };
        assert_eq!(find, wanted);
        assert!(!frame(8).around(doc! { "dbStats": 1 }, 5).contains_key("comment"));
        assert!(frame(9).around(doc! { "dbStats": 1 }, 5).contains_key("comment"));
    }
}
