//! Errors of MongoDB: provoked on the DocumentDB engine, where `scripts/servers` could have it, and in lines of our own
//! as servers, shells, drivers and logs of MongoDB print them.

use super::understood;
use crate::support::mongo::{Mongo, Reaction};
use bson::{Document, doc};
use dba_gpt::domain::error::kind::ErrorKind::{self, *};
use dba_gpt::engine::mongodb::SPEC;
use dba_gpt::engine::{ConnectSettings, Session, Surroundings};
use secrecy::SecretString;
use std::time::Duration;

/// A line, its code and kind.
const PRINTED: &[(&str, &str, ErrorKind)] = &[
    (
        "E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: \"a@b.c\" }",
        "11000",
        DuplicateKey,
    ),
    ("ns not found", "26", TableNotFound),
    ("ns does not exist: shop.missing", "26", TableNotFound),
    ("index not found with name [age_1]", "27", ObjectNotFound),
    ("not authorized on admin to execute command { listDatabases: 1.0, $db: \"admin\" }", "13", AccessDenied),
    ("command find requires authentication", "13", AccessDenied),
    ("Authentication failed.", "18", AuthenticationFailed),
    ("bad auth : Authentication failed.", "8000", AuthenticationFailed),
    ("operation exceeded time limit", "50", Timeout),
    ("Executor error during find command :: caused by :: operation exceeded time limit", "50", Timeout),
    ("no such command: 'foo'", "59", FunctionNotFound),
    ("Document failed validation", "121", CheckViolation),
    ("not master", "10107", ClusterState),
    ("not primary and secondaryOk=false", "13435", ClusterState),
    ("node is not in primary or recovering state", "13436", ClusterState),
    (
        "WriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.",
        "112",
        SerializationFailure,
    ),
    ("interrupted at shutdown", "11600", ClusterState),
    ("operation was interrupted", "11601", Canceled),
    ("cursor id 7391230190 not found", "43", ObjectNotFound),
    ("Unrecognized pipeline stage name: '$mathc'", "40324", SyntaxError),
    ("unknown operator: $gtt", "2", SyntaxError),
    ("unknown top level operator: $gtt", "2", SyntaxError),
    ("Regular expression is invalid: missing closing parenthesis", "51091", SyntaxError),
    ("Performing an update on the path '_id' would modify the immutable field '_id'", "66", ConstraintViolation),
    ("waiting for replication timed out", "64", Timeout),
    ("connect ECONNREFUSED 127.0.0.1:27017", "6", ConnectionError),
    ("a collection 'shop.users' already exists", "48", DuplicateObject),
    ("Sort exceeded memory limit of 104857600 bytes, but did not opt in to external sorting.", "292", OutOfMemory),
    ("Could not find host matching read preference { mode: \"primary\" } for set rs0", "133", ClusterState),
    ("Unable to acquire IX lock on '{2: Database, 1}' within 5ms.", "24", LockTimeout),
    ("No space left on device", "14031", DiskFull),
    ("Cannot do exclusion on field b in inclusion projection", "31254", SyntaxError),
    ("BSON field 'find.limt' is an unknown field.", "40415", SyntaxError),
    ("$size requires an array argument, but received a value of type: int", "17124", TypeError),
];

#[test]
fn a_sentence_is_named_whoever_prints_it() {
    for (sentence, code, kind) in PRINTED {
        let escaped = sentence.replace('\\', "\\\\").replace('"', "\\\"");
        for text in [
            (*sentence).to_owned(),
            format!("MongoServerError: {sentence}"),
            format!("Uncaught MongoServerError: {sentence}"),
            format!("pymongo.errors.OperationFailure: {sentence}"),
            format!("{{ \"ok\" : 0, \"errmsg\" : \"{escaped}\" }}"),
            format!("WriteError({{ \"index\" : 0, \"errmsg\" : \"{escaped}\" }})"),
        ] {
            let found = understood("mongodb", &text);
            assert_eq!((found.code.as_str(), found.kind), (*code, *kind), "{text}: {found:?}");
            assert_eq!(found.message, *sentence, "{text}");
        }
        // A number that is printed counts for more than the words.
        let numbered = understood("mongodb", &format!("{{ ok: 0, errmsg: \"{escaped}\", code: 96 }}"));
        assert_eq!(numbered.code, "96");
    }
}

/// A command on a collection with two documents and a unique index, the code that MongoDB has for its sentence, and the
/// kind.
fn wrong() -> Vec<(Document, &'static str, ErrorKind)> {
    let aggregate = |stage: Document| doc! { "aggregate": "users", "pipeline": [stage], "cursor": {} };
    let project = |expression: Document| aggregate(doc! { "$project": { "x": expression } });
    let update = |change: Document| doc! { "update": "users", "updates": [{ "q": { "_id": 1 }, "u": change }] };
    vec![
        (doc! { "insert": "users", "documents": [{ "_id": 1 }] }, "11000", DuplicateKey),
        (doc! { "insert": "users", "documents": [{ "_id": 9, "email": "a@b.c" }] }, "11000", DuplicateKey),
        (doc! { "dropIndexes": "users", "index": "missing_1" }, "27", ObjectNotFound),
        (doc! { "nosuchcommand": 1 }, "59", FunctionNotFound),
        (doc! { "find": "users", "filter": { "$nosuch": 1 } }, "2", SyntaxError),
        (doc! { "find": "users", "filter": { "a": { "$gtt": 1 } } }, "2", SyntaxError),
        (doc! { "find": "users", "filter": { "a": { "$in": 1 } } }, "2", DataError),
        (doc! { "find": "users", "filter": { "a": { "$mod": [0, 1] } } }, "2", DivisionByZero),
        (aggregate(doc! { "$mathc": {} }), "40324", SyntaxError),
        (aggregate(doc! { "$group": { "x": { "$sum": 1 } } }), "15955", SyntaxError),
        (aggregate(doc! { "$group": { "_id": 1, "x": { "$nosuch": 1 } } }), "15952", SyntaxError),
        (aggregate(doc! { "$limit": "x" }), "15957", TypeError),
        (aggregate(doc! { "$limit": 0 }), "15958", DataError),
        (aggregate(doc! { "$skip": -1 }), "5107200", DataError),
        (aggregate(doc! { "$unwind": "noprefix" }), "28818", SyntaxError),
        (aggregate(doc! { "$sort": {} }), "15976", SyntaxError),
        (aggregate(doc! { "$match": 1 }), "15959", TypeError),
        (project(doc! { "$divide": [1, 0] }), "2", DivisionByZero),
        (project(doc! { "$mod": [1, 0] }), "16610", DivisionByZero),
        (project(doc! { "$toInt": "abc" }), "241", TypeError),
        (project(doc! { "$size": "text" }), "17124", TypeError),
        (project(doc! { "$concat": [1] }), "16702", TypeError),
        (project(doc! { "$add": ["$$nosuch", 1] }), "17276", SyntaxError),
        (project(doc! { "$nosuch": 1 }), "31325", SyntaxError),
        (project(doc! { "$strLenCP": 1 }), "34471", TypeError),
        (project(doc! { "$arrayElemAt": [1, 1] }), "28689", TypeError),
        (project(doc! { "$split": ["a", 1] }), "40086", TypeError),
        (project(doc! { "$cond": [1] }), "16020", SyntaxError),
        (update(doc! { "$set": { "_id": 7 } }), "66", ConstraintViolation),
        (update(doc! { "$set": { "a": 1 }, "$inc": { "a": 1 } }), "40", SyntaxError),
        (update(doc! { "$nosuch": { "a": 1 } }), "9", SyntaxError),
        (update(doc! { "$inc": { "email": 1 } }), "14", TypeError),
        (doc! { "create": "a$b" }, "73", DataError),
    ]
}

/// The sentence of a refusal, of the command or of its first write.
fn refusal(result: Result<Document, ::mongodb::error::Error>) -> Option<String> {
    match result {
        Ok(reply) => {
            let write = reply.get_array("writeErrors").ok()?.first()?.as_document()?;
            Some(write.get_str("errmsg").ok()?.to_owned())
        }
        Err(error) => match *error.kind {
            ::mongodb::error::ErrorKind::Command(said) => Some(said.message),
            _ => None,
        },
    }
}

/// The numbers that the bridge answers are its own, so the words alone are handed over, and MongoDB's own code is the
/// judge. Other versions of the engine say some things otherwise: nine in ten must be named.
#[test]
fn what_the_engine_answers_is_named_from_its_words() {
    let Ok(url) = std::env::var("DBA_GPT_TEST_MONGO") else {
        eprintln!("SKIPPED: no DocumentDB engine; scripts/servers says why");
        return;
    };
    crate::redis::support::run(async {
        let (server, _) = url.rsplit_once('/').unwrap();
        let client = ::mongodb::Client::with_uri_str(format!("{server}/?directConnection=true")).await.unwrap();
        let database = client.database("dba_gpt_errors");
        database.drop().await.unwrap();
        let users = [doc! { "_id": 1, "email": "a@b.c", "text": "t" }, doc! { "_id": 2, "email": "d@e.f" }];
        database.collection::<Document>("users").insert_many(users).await.unwrap();
        let index = doc! { "createIndexes": "users", "indexes": [{ "key": { "email": 1 }, "name": "email_1", "unique": true }] };
        database.run_command(index).await.unwrap();
        let commands = wrong();
        let mut missed = Vec::new();
        for (command, code, kind) in &commands {
            let said = refusal(database.run_command(command.clone()).await);
            let found = said.as_deref().map(|sentence| understood("mongodb", sentence));
            if found.as_ref().is_none_or(|found| found.code != *code || found.kind != *kind) {
                missed.push(format!("{code} {kind}: {said:?}: {found:?}"));
            }
        }
        database.drop().await.unwrap();
        assert!(commands.len() >= 25 && missed.len() * 10 <= commands.len(), "{missed:#?}");
    });
}

async fn connect(url: &str) -> Box<dyn Session> {
    let settings = ConnectSettings {
        url: SecretString::from(url),
        password: None,
        dial: None,
        application: "dba-gpt test".into(),
        timeout: Duration::from_secs(5),
        surroundings: Surroundings::default(),
    };
    (SPEC.connect)(&settings).await.unwrap_or_else(|e| panic!("{e}"))
}

fn log_of(lines: &[&str], written: i64) -> Document {
    doc! { "totalLinesWritten": written, "log": lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>(), "ok": 1.0 }
}

#[test]
fn the_log_is_read_on_from_where_the_last_look_ended() {
    crate::redis::support::run(async {
        let look = SPEC.reports.unwrap();
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        server.answer("getLog", log_of(&["{\"msg\":\"one\"}", "{\"msg\":\"two\"}"], 2));
        let first = look(&mut *session, None).await.unwrap();
        assert_eq!(first.log.len(), 1);
        assert_eq!(
            (first.log[0].format, first.log[0].bytes.as_slice()),
            ("mongo", &b"{\"msg\":\"one\"}\n{\"msg\":\"two\"}\n"[..])
        );
        assert!(first.counts.iter().any(|c| c.text.contains("asserts.user") && c.raised == 17), "{:?}", first.counts);

        let nothing_new = look(&mut *session, first.place.as_deref()).await.unwrap();
        assert!(nothing_new.log.is_empty());

        // Its memory holds only the newest lines: one was written and lost in between.
        server.answer("getLog", log_of(&["{\"msg\":\"four\"}", "{\"msg\":\"five\"}"], 5));
        let later = look(&mut *session, first.place.as_deref()).await.unwrap();
        assert_eq!(later.log[0].bytes, b"{\"msg\":\"four\"}\n{\"msg\":\"five\"}\n");
        server.answer("getLog", log_of(&["{\"msg\":\"five\"}", "{\"msg\":\"six\"}"], 6));
        let last = look(&mut *session, later.place.as_deref()).await.unwrap();
        assert_eq!(last.log[0].bytes, b"{\"msg\":\"six\"}\n");

        // A server that began anew has written fewer lines, all of them new.
        server.answer("getLog", log_of(&["{\"msg\":\"again\"}"], 1));
        let anew = look(&mut *session, last.place.as_deref()).await.unwrap();
        assert_eq!(anew.log[0].bytes, b"{\"msg\":\"again\"}\n");
    });
}

#[test]
fn what_a_login_may_not_see_takes_only_itself_away() {
    crate::redis::support::run(async {
        let look = SPEC.reports.unwrap();
        let server = Mongo::start("standalone");
        let mut session = connect(&server.url("shop")).await;
        server.react(
            "getLog",
            Reaction::Fail(13, "Unauthorized", "not authorized on admin to execute command { getLog: 1 }"),
        );
        let counters = look(&mut *session, None).await.unwrap();
        assert!(counters.log.is_empty() && counters.place.is_none() && !counters.counts.is_empty());
        server.react("serverStatus", Reaction::Fail(13, "Unauthorized", "not authorized on admin to execute command"));
        let error = look(&mut *session, None).await.unwrap_err().to_string();
        assert!(error.contains("clusterMonitor"), "{error}");
    });
}
