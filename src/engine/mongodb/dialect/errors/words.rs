//! What the words of a sentence tell, where the code stands for many kinds: a bad value, a command that failed, and the
//! thousands of numbered assertions (`LocationN`) that have no kind of their own.

use crate::domain::error::kind::ErrorKind;
use crate::domain::error::words::{Rule, kind_of};

/// Codes that say little more than that something went wrong.
const VAGUE: &[&str] = &["1", "2", "8", "9", "20", "72", "96", "125", "8000"];

/// The kind of a sentence where its words say more than its code, whose own kind is `known`.
pub(super) fn kind(code: &str, known: Option<ErrorKind>, sentence: &str) -> Option<ErrorKind> {
    if code.is_empty() {
        return kind_of(CLIENT, sentence).or_else(|| kind_of(SURE, sentence));
    }
    match known {
        // An assertion that is not in the catalogue: only its words tell what it is.
        None => kind_of(SURE, sentence).or_else(|| kind_of(OF_QUERIES, sentence)),
        Some(_) if VAGUE.contains(&code) => kind_of(SURE, sentence),
        Some(_) => None,
    }
}

/// Words that tell the same whatever the code.
const SURE: &[Rule] = &[
    (&["by zero"], ErrorKind::DivisionByZero),
    (&["mod with zero"], ErrorKind::DivisionByZero),
    (&["$mod", "divisor"], ErrorKind::DivisionByZero),
    (&["duplicate key"], ErrorKind::DuplicateKey),
    (&["divide by 0"], ErrorKind::DivisionByZero),
    (&["unknown operator"], ErrorKind::SyntaxError),
    (&["unrecognized operator"], ErrorKind::SyntaxError),
    (&["unknown top level operator"], ErrorKind::SyntaxError),
    (&["unrecognized expression"], ErrorKind::SyntaxError),
    (&["unrecognized pipeline stage"], ErrorKind::SyntaxError),
    (&["unknown modifier"], ErrorKind::SyntaxError),
    (&["unknown field"], ErrorKind::SyntaxError),
    (&["sort exceeded memory"], ErrorKind::OutOfMemory),
    (&["sort operation used more than the maximum"], ErrorKind::OutOfMemory),
    (&["exceeded memory limit"], ErrorKind::OutOfMemory),
    (&["no space left"], ErrorKind::DiskFull),
    (&["invalid regex"], ErrorKind::SyntaxError),
    (&["regular expression"], ErrorKind::SyntaxError),
    (&["text index required"], ErrorKind::ObjectNotFound),
    (&["hint provided does not correspond"], ErrorKind::ObjectNotFound),
    (&["unable to find index"], ErrorKind::ObjectNotFound),
    (&["no geo indices"], ErrorKind::ObjectNotFound),
    (&["is not allowed to do action"], ErrorKind::AccessDenied),
    (&["authentication failed"], ErrorKind::AuthenticationFailed),
    (&["bad auth"], ErrorKind::AuthenticationFailed),
    (&["operation exceeded time limit"], ErrorKind::Timeout),
    (&["is not supported"], ErrorKind::FeatureNotSupported),
    (&["not supported"], ErrorKind::FeatureNotSupported),
    (&["not yet supported"], ErrorKind::FeatureNotSupported),
];

/// Words of assertions about queries and pipelines.
const OF_QUERIES: &[Rule] = &[
    (&["cannot be sharded"], ErrorKind::FeatureNotSupported),
    (&["already exists"], ErrorKind::DuplicateObject),
    (&["does not exist"], ErrorKind::ObjectNotFound),
    (&["not found"], ErrorKind::ObjectNotFound),
    (&["undefined variable"], ErrorKind::SyntaxError),
    (&["only supports"], ErrorKind::TypeError),
    (&["of type"], ErrorKind::TypeError),
    (&["found type"], ErrorKind::TypeError),
    (&["'", "type"], ErrorKind::TypeError),
    (&["must be an array"], ErrorKind::TypeError),
    (&["must be an object"], ErrorKind::TypeError),
    (&["must be a string"], ErrorKind::TypeError),
    (&["must be a number"], ErrorKind::TypeError),
    (&["must be numeric"], ErrorKind::TypeError),
    (&["be a numeric"], ErrorKind::TypeError),
    (&["requires an array"], ErrorKind::TypeError),
    (&["requires a document"], ErrorKind::TypeError),
    (&["requires a string"], ErrorKind::TypeError),
    (&["requires a numeric"], ErrorKind::TypeError),
    (&["requires an object"], ErrorKind::TypeError),
    (&["to be a string"], ErrorKind::TypeError),
    (&["expected a string"], ErrorKind::TypeError),
    (&["expected an object"], ErrorKind::TypeError),
    (&["expected a boolean"], ErrorKind::TypeError),
    (&["can't convert"], ErrorKind::TypeError),
    (&["cannot convert"], ErrorKind::TypeError),
    (&["unable to convert"], ErrorKind::TypeError),
    (&["numeric types"], ErrorKind::TypeError),
    (&["must be a positive"], ErrorKind::DataError),
    (&["be a positive number"], ErrorKind::DataError),
    (&["too many"], ErrorKind::ResourceLimit),
    (&["too large"], ErrorKind::ResourceLimit),
    (&["too deep"], ErrorKind::ResourceLimit),
    (&["exceed"], ErrorKind::ResourceLimit),
    (&["larger than"], ErrorKind::ResourceLimit),
    (&["maximum"], ErrorKind::ResourceLimit),
    (&["out of range"], ErrorKind::DataError),
    (&["overflow"], ErrorKind::DataError),
    (&["must be positive"], ErrorKind::DataError),
    (&["non-negative"], ErrorKind::DataError),
    (&["nonnegative"], ErrorKind::DataError),
    (&["greater than"], ErrorKind::DataError),
    (&["less than"], ErrorKind::DataError),
    (&["32-bit"], ErrorKind::DataError),
    (&["64-bit"], ErrorKind::DataError),
    (&["in the range"], ErrorKind::DataError),
    (&["cannot be empty"], ErrorKind::DataError),
    (&["non-empty"], ErrorKind::DataError),
    (&["unrecognized"], ErrorKind::SyntaxError),
    (&["unknown"], ErrorKind::SyntaxError),
    (&["missing"], ErrorKind::SyntaxError),
    (&["requires"], ErrorKind::SyntaxError),
    (&["required"], ErrorKind::SyntaxError),
    (&["must specify"], ErrorKind::SyntaxError),
    (&["specification"], ErrorKind::SyntaxError),
    (&["not allowed"], ErrorKind::SyntaxError),
    (&["arguments"], ErrorKind::SyntaxError),
    (&["invalid"], ErrorKind::SyntaxError),
    (&["must be"], ErrorKind::SyntaxError),
    (&["no stages"], ErrorKind::SyntaxError),
    (&["cannot"], ErrorKind::SyntaxError),
];

/// What a driver says when there is no answer.
const CLIENT: &[Rule] = &[
    (&["connection refused"], ErrorKind::ConnectionError),
    (&["econnrefused"], ErrorKind::ConnectionError),
    (&["econnreset"], ErrorKind::ConnectionError),
    (&["server selection"], ErrorKind::ConnectionError),
    (&["no servers found"], ErrorKind::ConnectionError),
    (&["no primary found"], ErrorKind::ClusterState),
    (&["connection closed"], ErrorKind::ConnectionError),
    (&["connection reset"], ErrorKind::ConnectionError),
    (&["connection pool", "cleared"], ErrorKind::ConnectionError),
    (&["timed out", "connection"], ErrorKind::ConnectionError),
    (&["too many open connections"], ErrorKind::TooManyConnections),
    (&["connection refused because"], ErrorKind::TooManyConnections),
    (&["timed out"], ErrorKind::Timeout),
    (&["certificate"], ErrorKind::ConnectionError),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_without_a_kind_are_told_by_their_words() {
        for (sentence, told) in [
            ("$strLenCP requires a string argument, found: int", ErrorKind::TypeError),
            ("Unrecognized option to $bucketAuto: x", ErrorKind::SyntaxError),
            ("can't $divide by zero", ErrorKind::DivisionByZero),
        ] {
            assert_eq!(kind("99999999", None, sentence), Some(told), "{sentence}");
        }
        assert_eq!(kind("26", Some(ErrorKind::TableNotFound), "unknown field"), None);
    }
}
