//! A statement -> the one command that it is. A statement is a command document (`{"find": "orders"}`) or one of the
//! shell's forms (`db.orders.find()`); both come out as the document that is sent.

use super::shell;
use super::syntax::scanner::Scanner;
use super::syntax::{SyntaxError, value};
use bson::{Bson, Document};

/// How a command was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::mongodb) enum Form {
    /// As the document itself.
    Document,
    /// As the shell writes it.
    Shell,
}

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Command {
    /// The database it runs in; the connection's own when none was named. Commands that a server takes only in
    /// `admin` say so here.
    pub database: Option<String>,
    /// The exact document, the command's name as its first key. Limits, batch sizes and times are the session's
    /// affair and stand here only when they were written.
    pub document: Document,
    /// How it was written.
    pub form: Form,
}

/// Commands that a server takes only in the database `admin`.
const IN_ADMIN: &[&str] = &[
    "listDatabases",
    "currentOp",
    "killOp",
    "killAllSessionsByPattern",
    "top",
    "getLog",
    "getCmdLineOpts",
    "getParameter",
    "setParameter",
    "setClusterParameter",
    "getClusterParameter",
    "replSetGetStatus",
    "replSetGetConfig",
    "getDefaultRWConcern",
    "listShards",
    "balancerStatus",
    "getShardMap",
    "hostInfo",
    "fsync",
    "fsyncUnlock",
    "shutdown",
    "logRotate",
    "renameCollection",
    "replSetResizeOplog",
    "replSetReconfig",
    "replSetStepDown",
    "replSetFreeze",
    "replSetInitiate",
    "replSetMaintenance",
    "replSetSyncFrom",
    "balancerStart",
    "balancerStop",
    "setFeatureCompatibilityVersion",
    "rotateCertificates",
];

/// First stages that a server takes only in the database `admin`.
const STAGES_IN_ADMIN: &[&str] = &["$currentOp", "$listLocalSessions", "$shardedDataDistribution"];

/// The command of a statement.
///
/// # Errors
/// [`SyntaxError`] when the text is neither a command document nor one of the shell's forms that are one command.
pub(in crate::engine::mongodb) fn parse(text: &str) -> Result<Command, SyntaxError> {
    let mut scanner = Scanner::new(text)?;
    let (database, document, form) = match scanner.next_token()? {
        None => return Err(scanner.error("there is no statement")),
        Some('{') => {
            let document = value::document(&mut scanner)?;
            scanner.end()?;
            (None, document, Form::Document)
        }
        Some(_) => {
            let (database, document) = shell::read(&mut scanner)?;
            (database, document, Form::Shell)
        }
    };
    if document.is_empty() {
        return Err(SyntaxError::new(0, "a command document begins with the command's name: {\"find\": \"orders\"}"));
    }
    let database = database.or_else(|| needs_admin(&document).then(|| "admin".to_owned()));
    Ok(Command { database, document, form })
}

fn needs_admin(document: &Document) -> bool {
    let Some((name, value)) = document.iter().next() else { return false };
    match (name.as_str(), value) {
        ("explain", Bson::Document(inner)) => needs_admin(inner),
        ("aggregate", _) => {
            let first = document.get_array("pipeline").ok().and_then(|stages| stages.first()?.as_document());
            first.is_some_and(|stage| stage.keys().any(|key| STAGES_IN_ADMIN.contains(&key.as_str())))
        }
        (name, _) => IN_ADMIN.contains(&name),
    }
}

impl Command {
    /// The command's name.
    pub(in crate::engine::mongodb) fn name(&self) -> &str {
        self.document.keys().next().map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::{Command, Form, parse};
    use bson::{Bson, DateTime, Document, doc, oid::ObjectId};

    fn document(text: &str) -> Document {
        parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).document
    }

    #[test]
    fn documents_are_read_as_they_are_written() {
        let id = ObjectId::parse_str("507f1f77bcf86cd799439011").unwrap();
        let moment = DateTime::from_millis(1_787_157_000_000);
        for (text, wanted) in [
            (r#"{"find": "orders", "filter": {"a": 1}}"#, doc! {"find": "orders", "filter": {"a": 1}}),
            ("{ find: 'orders', /* all */ filter: {}, } // end", doc! {"find": "orders", "filter": {}}),
            (
                r#"{find:"c",filter:{_id:{"$oid":"507f1f77bcf86cd799439011"}}};"#,
                doc! {"find": "c", "filter": {"_id": id}},
            ),
            (
                r#"{find:"c",filter:{_id:ObjectId("507f1f77bcf86cd799439011")}}"#,
                doc! {"find": "c", "filter": {"_id": id}},
            ),
            (
                r#"{find:"c",filter:{at:{$gte:ISODate("2026-08-19T16:30:00Z")}}}"#,
                doc! {"find": "c", "filter": {"at": {"$gte": moment}}},
            ),
            (
                r#"{find:"c",filter:{at:{$date:"2026-08-19T18:30:00+02:00"}}}"#,
                doc! {"find": "c", "filter": {"at": moment}},
            ),
            (
                r#"{find:"c",filter:{at:new Date(1787157000000), n: NumberLong("5"), m: NumberInt(7)}}"#,
                doc! {"find": "c", "filter": {"at": moment, "n": 5_i64, "m": 7_i32}},
            ),
            (
                r#"{find:"c",filter:{big: 5000000000, real: -1.5e3, no: null, yes: true}}"#,
                doc! {"find": "c", "filter": {"big": 5_000_000_000_i64, "real": -1500.0, "no": null, "yes": true}},
            ),
            (r#"{"f\u0069nd":"\x41\ud83d\ude00\u{1F600}"}"#, doc! {"find": "A😀😀"}),
            (r#"{find:'it\'s "x"'}"#, doc! {"find": "it's \"x\""}),
        ] {
            assert_eq!(document(text), wanted, "{text}");
        }
        let regex = document(r"{find:'c',filter:{a:/^x\/[/]\d+/i}}");
        let Some(Bson::RegularExpression(found)) = regex.get_document("filter").unwrap().get("a") else {
            panic!("no regular expression in {regex}")
        };
        assert_eq!((found.pattern.as_str(), found.options.as_str()), (r"^x/[/]\d+", "i"));
    }

    #[test]
    fn the_forms_of_the_shell_are_commands() {
        for (text, wanted) in [
            (
                "db.orders.find({total: {$gt: 5}}, {_id: 0}).sort({total: -1}).limit(3).skip(2)",
                doc! {"find": "orders", "filter": {"total": {"$gt": 5}}, "projection": {"_id": 0}, "sort": {"total": -1}, "limit": 3, "skip": 2},
            ),
            ("db.orders.find()", doc! {"find": "orders", "filter": {}}),
            ("db.orders.findOne({a: 1})", doc! {"find": "orders", "filter": {"a": 1}, "limit": 1, "singleBatch": true}),
            ("db.orders.find({a: 1}).count()", doc! {"count": "orders", "query": {"a": 1}}),
            ("db.orders.countDocuments({a: 1})", doc! {"count": "orders", "query": {"a": 1}}),
            ("db.orders.estimatedDocumentCount()", doc! {"count": "orders"}),
            ("db.orders.distinct('status', {a: 1})", doc! {"distinct": "orders", "key": "status", "query": {"a": 1}}),
            (
                "db.orders.aggregate([{$match: {a: 1}}], {allowDiskUse: false})",
                doc! {"aggregate": "orders", "pipeline": [{"$match": {"a": 1}}], "cursor": {}, "allowDiskUse": false},
            ),
            (
                "db.orders\n  .find({a: 1})\n  .explain('executionStats')",
                doc! {"explain": {"find": "orders", "filter": {"a": 1}}, "verbosity": "executionStats"},
            ),
            (
                "db.orders.explain().find({a: 1}).limit(2)",
                doc! {"explain": {"find": "orders", "filter": {"a": 1}, "limit": 2}, "verbosity": "queryPlanner"},
            ),
            ("db.system.profile.find({})", doc! {"find": "system.profile", "filter": {}}),
            ("db['odd name'].getIndexes()", doc! {"listIndexes": "odd name", "cursor": {}}),
            ("db.getCollection(\"x\").stats()", doc! {"collStats": "x"}),
            ("db.stats()", doc! {"dbStats": 1}),
            ("db.runCommand({ping: 1})", doc! {"ping": 1}),
            ("db.version()", doc! {"buildInfo": 1}),
            (
                "show collections",
                doc! {"listCollections": 1, "nameOnly": true, "authorizedCollections": true, "cursor": {}},
            ),
            ("show dbs", doc! {"listDatabases": 1}),
            ("rs.status()", doc! {"replSetGetStatus": 1}),
            ("db.killOp(123)", doc! {"killOp": 1, "op": 123}),
            ("db.dropDatabase()", doc! {"dropDatabase": 1}),
            ("db.c.drop()", doc! {"drop": "c"}),
            ("db.c.insertOne({a: 1})", doc! {"insert": "c", "documents": [{"a": 1}]}),
            (
                "db.c.updateMany({a: 1}, {$set: {b: 2}}, {upsert: true})",
                doc! {"update": "c", "updates": [{"q": {"a": 1}, "u": {"$set": {"b": 2}}, "multi": true, "upsert": true}]},
            ),
            ("db.c.deleteOne({a: 1})", doc! {"delete": "c", "deletes": [{"q": {"a": 1}, "limit": 1}]}),
            (
                "db.c.createIndex({a: 1, b: -1}, {unique: true})",
                doc! {"createIndexes": "c", "indexes": [{"key": {"a": 1, "b": -1}, "name": "a_1_b_-1", "unique": true}]},
            ),
            ("db.c.dropIndex('a_1')", doc! {"dropIndexes": "c", "index": "a_1"}),
        ] {
            assert_eq!(document(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_database_is_the_one_named_or_the_one_needed() {
        let database = |text: &str| parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).database;
        for (text, wanted) in [
            ("db.orders.find()", None),
            ("db.getSiblingDB('local').oplog.rs.find()", Some("local")),
            ("db.adminCommand({ping: 1})", Some("admin")),
            (r#"{"replSetGetStatus": 1}"#, Some("admin")),
            ("db.aggregate([{$currentOp: {}}])", Some("admin")),
            (r#"{"explain": {"aggregate": 1, "pipeline": [{"$currentOp": {}}]}}"#, Some("admin")),
            ("db.serverStatus()", None),
        ] {
            assert_eq!(database(text).as_deref(), wanted, "{text}");
        }
        let Command { form, .. } = parse("show dbs").unwrap();
        assert_eq!(form, Form::Shell);
    }

    #[test]
    fn what_is_no_single_command_is_refused_with_its_place() {
        for (text, at, piece) in [
            ("", 0, "no statement"),
            ("{}", 0, "begins with"),
            (r#"{"find": "c", "find": "d"}"#, 14, "twice"),
            (r#"{"find": "c"} {"drop": "c"}"#, 14, "the end"),
            ("db.c.find({a: function() { return 1 }})", 14, "JavaScript"),
            ("db.c.find({a: x})", 14, "quotes"),
            ("db.c.find().forEach(printjson)", 20, "quotes"),
            ("db.c.find().toArray().length", 22, "not"),
            ("db.c.find({a: `x`})", 14, "JavaScript"),
            ("db.c.find({...a})", 11, "JavaScript"),
            ("db.c.find({a: ObjectId()})", 14, "24 hexadecimal"),
            ("db.c.find({a: new Date()})", 18, "current time"),
            ("db.c.find({a: undefined})", 14, "undefined"),
            ("db.c.find({a: {$code: 'x'}})", 14, "JavaScript"),
            ("db.c.find({a: {$oid: 'zz'}})", 14, "24 hexadecimal"),
            ("var x = db.c.find()", 0, "var"),
            ("db.c.find(); db.c.drop()", 13, "the end"),
            ("db.c.frobnicate()", 5, "frobnicate"),
            ("use admin", 0, "getSiblingDB"),
            ("db.c.find({a: 1}", 16, "ends"),
            ("db.c.find({'a\\u0000b': 1})", 11, "NUL"),
            ("db.c.find(\u{200b}{})", 10, "U+200B"),
            ("db.c.find({a: 'x", 14, "no end"),
            ("db.c.find({a: 0x10})", 14, "decimal"),
            ("sh.status()", 3, "several"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.message.contains(piece), "{text}: {error}");
            assert_eq!(error.at, at, "{text}: {error}");
        }
    }

    #[test]
    fn texts_without_end_break_nothing() {
        for part in ["{a:", "[", "db.c.find(", "ObjectId(", "{'$date':", "db[", "/*", "{\"$or\":["] {
            for count in [10, 99, 101, 10_000, 100_000] {
                let text = format!("{{find:{}", part.repeat(count));
                assert!(parse(&text).is_err(), "{part} x {count}");
                assert!(parse(&part.repeat(count)).is_err(), "{part} x {count}");
            }
        }
        let long = format!("{{find: 'c', filter: {{a: '{}'}}}}", "x".repeat(10_000_000));
        assert!(parse(&long).is_err_and(|e| e.too_large));
        let flat = format!("{{find: 'c', filter: {{a: {{$in: [{}]}}}}}}", vec!["1"; 100_000].join(","));
        assert!(parse(&flat).is_ok());
    }
}
