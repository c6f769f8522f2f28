//! MongoDB's errors: which one a text is.
//!
//! The server answers a number, a name for it, and a sentence: `{ok: 0, errmsg: "ns not found", code: 26, codeName:
//! "NamespaceNotFound"}`. Shells, drivers and logs print some of the three. The number counts first, then the name, then
//! the sentence.

mod object;
mod printed;
mod words;

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::target::EngineId;

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../../assets/errors/codes/mongodb.tsv"),
    advice: include_str!("../../../../../assets/errors/advice/mongodb.toml"),
    messages: include_str!("../../../../../assets/errors/messages/mongodb.tsv"),
    translations: &[],
});

/// Names the errors.
pub(super) struct Errors;

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        super::super::ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let said = printed::message(text);
        let given = code.filter(|c| !c.is_empty()).map(|c| printed::code_of_name(c).unwrap_or(c).to_owned());
        let code = given.or_else(|| printed::code(text)).or(said.code.map(str::to_owned)).unwrap_or_default();
        let kind = words::kind(&code, CATALOGUE.code(&code).map(|known| known.kind), &said.text);
        Named { kind, severity: None, object: object::of(&said.text), message: said.text, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::kind::ErrorKind;
    use crate::domain::error::naming::understand;

    /// What is printed, the code and kind that it is, and what it is about.
    const PRINTED: &[(&str, &str, ErrorKind, Option<&str>)] = &[
        (
            r#"{ "ok" : 0, "errmsg" : "ns not found", "code" : 26, "codeName" : "NamespaceNotFound" }"#,
            "26",
            ErrorKind::TableNotFound,
            None,
        ),
        (
            "{ ok: 0, errmsg: 'ns does not exist: shop.x', code: 26, codeName: 'NamespaceNotFound' }",
            "26",
            ErrorKind::TableNotFound,
            Some("shop.x"),
        ),
        ("MongoServerError[NamespaceNotFound]: ns not found", "26", ErrorKind::TableNotFound, None),
        (
            "MongoServerError: E11000 duplicate key error collection: shop.users index: email_1 dup key: { email: \"a@b\" }",
            "11000",
            ErrorKind::DuplicateKey,
            Some("shop.users"),
        ),
        (
            "pymongo.errors.OperationFailure: not authorized on admin to execute command { usersInfo: 1 }, full error: {'ok': 0.0, 'errmsg': 'not authorized on admin to execute command { usersInfo: 1 }', 'code': 13, 'codeName': 'Unauthorized'}",
            "13",
            ErrorKind::AccessDenied,
            Some("admin"),
        ),
        (
            "com.mongodb.MongoCommandException: Command failed with error 50 (MaxTimeMSExpired): 'operation exceeded time limit' on server db1:27017. The full response is {\"ok\": 0.0}",
            "50",
            ErrorKind::Timeout,
            None,
        ),
        ("(AuthenticationFailed) Authentication failed.", "18", ErrorKind::AuthenticationFailed, None),
        (
            "Kind: Command failed: Error code 59 (CommandNotFound): no such command: 'foo', labels: {}",
            "59",
            ErrorKind::FunctionNotFound,
            Some("foo"),
        ),
        (
            "MongoServerError: Unrecognized pipeline stage name: '$mathc'",
            "40324",
            ErrorKind::SyntaxError,
            Some("$mathc"),
        ),
        (
            "WriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.",
            "112",
            ErrorKind::SerializationFailure,
            None,
        ),
        ("Document failed validation", "121", ErrorKind::CheckViolation, None),
        ("not master", "10107", ErrorKind::ClusterState, None),
        ("NotWritablePrimary: not primary", "10107", ErrorKind::ClusterState, None),
        ("unknown operator: $foo", "2", ErrorKind::SyntaxError, Some("$foo")),
        (
            "PlanExecutor error during aggregation :: caused by :: can't $divide by zero",
            "2",
            ErrorKind::DivisionByZero,
            None,
        ),
        (
            "MongoNetworkError: connect ECONNREFUSED 127.0.0.1:27017",
            "6",
            ErrorKind::ConnectionError,
            Some("127.0.0.1:27017"),
        ),
        (
            "pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused, Timeout: 30s, Topology Description: <TopologyDescription id: 1>",
            "6",
            ErrorKind::ConnectionError,
            None,
        ),
        (
            r#"{"t":{"$date":"2026-08-22T14:31:58.000+00:00"},"s":"E","c":"COMMAND","id":20478,"ctx":"conn1","msg":"Command failed","attr":{"error":{"code":27,"codeName":"IndexNotFound","errmsg":"index not found with name [a_1]"}}}"#,
            "27",
            ErrorKind::ObjectNotFound,
            Some("a_1"),
        ),
        (
            r#"{"t":{"$date":"2026-08-22T14:31:58.000+00:00"},"s":"I","c":"ACCESS","id":5286307,"ctx":"conn1","msg":"Failed to authenticate","attr":{"user":"app","error":"AuthenticationFailed: SCRAM authentication failed, storedKey mismatch"}}"#,
            "18",
            ErrorKind::AuthenticationFailed,
            None,
        ),
        (
            "WriteError({\"index\" : 0, \"code\" : 121, \"errmsg\" : \"Document failed validation\"})",
            "121",
            ErrorKind::CheckViolation,
            None,
        ),
        (
            "MongoServerError[Location51091]: Regular expression is invalid: missing closing parenthesis",
            "51091",
            ErrorKind::SyntaxError,
            None,
        ),
        ("MongoServerError: Could not find user \"x\" for db \"admin\"", "11", ErrorKind::ObjectNotFound, Some("x")),
    ];

    #[test]
    fn every_way_of_printing_gives_code_kind_and_object() {
        for (text, code, kind, object) in PRINTED {
            let found = understand(&Errors, text, None);
            assert_eq!((found.code.as_str(), found.kind), (*code, *kind), "{text}: {found:?}");
            assert_eq!(found.object.as_deref(), *object, "{text}: {found:?}");
        }
    }

    #[test]
    fn the_message_is_the_servers_whoever_prints_it() {
        let bare = understand(&Errors, "ns not found", None);
        for text in [
            PRINTED[0].0,
            PRINTED[2].0,
            "pymongo.errors.OperationFailure: ns not found, full error: {'ok': 0.0, 'errmsg': 'ns not found', 'code': 26}",
            "Command failed with error 26 (NamespaceNotFound): 'ns not found' on server localhost:27017.",
            "(NamespaceNotFound) ns not found",
        ] {
            let found = understand(&Errors, text, None);
            assert_eq!((found.message.as_str(), &found.signature), ("ns not found", &bare.signature), "{text}");
        }
    }

    #[test]
    fn old_names_mean_the_same_codes() {
        for (name, code) in [("NotMaster", "10107"), ("WriteConcernFailed", "64"), ("Location40324", "40324")] {
            assert_eq!(understand(&Errors, "x", Some(name)).code, code);
        }
    }

    #[test]
    fn a_text_of_nothing_known_has_no_code() {
        let found = understand(&Errors, "the cat sat on the mat", None);
        assert_eq!((found.code.as_str(), found.kind), ("", ErrorKind::Other));
    }
}
