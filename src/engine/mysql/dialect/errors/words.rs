//! What the words of an error say beyond its code, or where it has none: the reason of the operating system or of the
//! storage engine inside a message, and texts that no server's message file has.

use crate::domain::error::kind::ErrorKind;
use regex::Regex;
use std::sync::LazyLock;

/// Why a file or a storage engine failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Told by the operating system.
    Kind(ErrorKind),
    /// A number of the storage engine, as the catalogue has it.
    Engine(u32),
}

/// Codes whose message carries the number of the operating system or of the storage engine.
const WITH_REASON: &[&str] = &[
    "1",
    "2",
    "3",
    "4",
    "6",
    "7",
    "9",
    "10",
    "12",
    "13",
    "14",
    "16",
    "17",
    "20",
    "21",
    "23",
    "27",
    "29",
    "1004",
    "1005",
    "1006",
    "1009",
    "1010",
    "1011",
    "1012",
    "1013",
    "1015",
    "1016",
    "1017",
    "1018",
    "1021",
    "1023",
    "1024",
    "1025",
    "1026",
    "1030",
    "1126",
    "1135",
    "1180",
    "1181",
    "1296",
    "1297",
    "1810",
    "1811",
    "1878",
    "MY-010907",
    "MY-010924",
    "MY-012592",
    "MY-012639",
    "MY-012640",
    "MY-013134",
];

/// The words of the C library for the reasons that matter, and what they mean for a database.
const SYSTEM_WORDS: &[(&str, ErrorKind)] = &[
    ("No space left on device", ErrorKind::DiskFull),
    ("Disk quota exceeded", ErrorKind::DiskFull),
    ("File too large", ErrorKind::DiskFull),
    ("Cannot allocate memory", ErrorKind::OutOfMemory),
    ("Too many open files", ErrorKind::ResourceLimit),
    ("Read-only file system", ErrorKind::ReadOnly),
    ("Input/output error", ErrorKind::Corruption),
    ("Permission denied", ErrorKind::ConfigurationError),
];

/// The same by number, as Linux has them. Numbers from 120 to 209 are the storage engines' own.
const SYSTEM_NUMBERS: &[(u32, ErrorKind)] = &[
    (5, ErrorKind::Corruption),
    (11, ErrorKind::LockTimeout),
    (12, ErrorKind::OutOfMemory),
    (13, ErrorKind::ConfigurationError),
    (24, ErrorKind::ResourceLimit),
    (27, ErrorKind::DiskFull),
    (28, ErrorKind::DiskFull),
    (30, ErrorKind::ReadOnly),
];

/// The storage engines number their errors in this range.
const ENGINE_NUMBERS: std::ops::RangeInclusive<u32> = 120..=209;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by the tests of this file")]
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:errno|errcode|OS errno|error number|got (?:temporary )?error|error):? (\d{1,3})\b").unwrap()
});

/// The reason inside a message with this code. Nothing where the code's own kind says enough.
pub(super) fn reason(code: &str, message: &str) -> Option<Reason> {
    if !code.is_empty() && !WITH_REASON.contains(&code) {
        return None;
    }
    if let Some((_, kind)) = SYSTEM_WORDS.iter().find(|(words, _)| message.contains(words)) {
        return Some(Reason::Kind(*kind));
    }
    let number = NUMBER.captures(message)?.get(1)?.as_str().parse().ok()?;
    if ENGINE_NUMBERS.contains(&number) {
        return Some(Reason::Engine(number));
    }
    SYSTEM_NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, kind)| Reason::Kind(*kind))
}

/// Some messages serve several kinds; what the server puts in first tells which, in every language.
pub(super) fn kind_by_inserted(code: &str, inserted: &str) -> Option<ErrorKind> {
    let inserted = inserted.to_ascii_lowercase().replace('_', "-");
    Some(match code {
        "1396" if inserted.starts_with("create") => ErrorKind::DuplicateObject,
        "1396" => ErrorKind::ObjectNotFound,
        "1305" if inserted == "savepoint" => ErrorKind::ObjectNotFound,
        "1290" if inserted.contains("secure-file-priv") => ErrorKind::AccessDenied,
        "1290" if !inserted.contains("read-only") => ErrorKind::ConfigurationError,
        _ => return None,
    })
}

/// Words, in lower case, that all stand in a message, the code that it then has (empty: none fits) and the kind.
type Rule = (&'static [&'static str], &'static str, ErrorKind);

/// For texts that no skeleton fits: other versions, forks, proxies, drivers, and the logs of InnoDB and Galera. The
/// first that fits counts, so what is more exact stands first.
const RULES: &[Rule] = &[
    (&["you have an error in your sql syntax"], "1064", ErrorKind::SyntaxError),
    (&["duplicate entry", "for key"], "1062", ErrorKind::DuplicateKey),
    (&["unknown column"], "1054", ErrorKind::ColumnNotFound),
    (&["unknown database"], "1049", ErrorKind::DatabaseNotFound),
    (&["unknown system variable"], "1193", ErrorKind::ObjectNotFound),
    (&["unknown variable '"], "67", ErrorKind::ConfigurationError),
    (&["unknown option '"], "68", ErrorKind::ConfigurationError),
    (&["table", "doesn't exist in engine"], "1932", ErrorKind::TableNotFound),
    (&["table", "doesn't exist"], "1146", ErrorKind::TableNotFound),
    (&["command denied to user", "for table"], "1142", ErrorKind::AccessDenied),
    (&["command denied to user", "for column"], "1143", ErrorKind::AccessDenied),
    (&["access denied for user", "to database"], "1044", ErrorKind::AccessDenied),
    (&["access denied for user"], "1045", ErrorKind::AuthenticationFailed),
    (&["access denied; you need"], "1227", ErrorKind::AccessDenied),
    (&["authentication plugin", "cannot be loaded"], "2059", ErrorKind::AuthenticationFailed),
    (&["public key retrieval is not allowed"], "", ErrorKind::AuthenticationFailed),
    (&["too many connections"], "1040", ErrorKind::TooManyConnections),
    (&["max_user_connections"], "1203", ErrorKind::TooManyConnections),
    (&["deadlock found"], "1213", ErrorKind::Deadlock),
    (&["lock wait timeout exceeded"], "1205", ErrorKind::LockTimeout),
    (&["server has gone away"], "2006", ErrorKind::ConnectionError),
    (&["lost connection to", "server"], "2013", ErrorKind::ConnectionError),
    (&["can't connect to", "socket"], "2002", ErrorKind::ConnectionError),
    (&["can't connect to", "server"], "2003", ErrorKind::ConnectionError),
    (&["unknown", "server host"], "2005", ErrorKind::ConnectionError),
    (&["communications link failure"], "", ErrorKind::ConnectionError),
    (&["the last packet successfully received from the server"], "", ErrorKind::ConnectionError),
    (&["connection refused"], "", ErrorKind::ConnectionError),
    (&["no route to host"], "", ErrorKind::ConnectionError),
    (&["connection reset by peer"], "", ErrorKind::ConnectionError),
    (&["broken pipe"], "", ErrorKind::ConnectionError),
    (&["ssl", "certificate verify failed"], "2026", ErrorKind::ConnectionError),
    (&["query execution was interrupted", "time"], "3024", ErrorKind::Timeout),
    (&["query execution was interrupted"], "1317", ErrorKind::Canceled),
    (&["cannot be null"], "1048", ErrorKind::NotNullViolation),
    (&["doesn't have a default value"], "1364", ErrorKind::NotNullViolation),
    (&["data too long for column"], "1406", ErrorKind::DataError),
    (&["out of range value for column"], "1264", ErrorKind::DataError),
    (&["cannot delete or update a parent row"], "1451", ErrorKind::ForeignKeyViolation),
    (&["cannot add or update a child row"], "1452", ErrorKind::ForeignKeyViolation),
    (&["max_allowed_packet"], "1153", ErrorKind::ResourceLimit),
    (&["option so it cannot execute this statement"], "1290", ErrorKind::ReadOnly),
    (&["the table '", "is full"], "1114", ErrorKind::DiskFull),
    (&["is marked as crashed"], "1194", ErrorKind::Corruption),
    (&["incorrect key file for table"], "1034", ErrorKind::Corruption),
    (&["disk is full"], "", ErrorKind::DiskFull),
    (&["disk quota"], "", ErrorKind::DiskFull),
    (&["no space left"], "", ErrorKind::DiskFull),
    (&["out of memory"], "", ErrorKind::OutOfMemory),
    (&["cannot allocate", "memory"], "", ErrorKind::OutOfMemory),
    (&["log sequence number", "in the future"], "MY-011971", ErrorKind::Corruption),
    (&["page corruption"], "MY-011906", ErrorKind::Corruption),
    (&["checksum mismatch"], "", ErrorKind::Corruption),
    (&["corrupt"], "", ErrorKind::Corruption),
    (&["unable to lock", "error: 11"], "MY-012574", ErrorKind::ConfigurationError),
    (&["another mysqld process"], "", ErrorKind::ConfigurationError),
    (&["semaphore wait has lasted"], "MY-012872", ErrorKind::InternalError),
    (&["assertion failure"], "MY-013183", ErrorKind::InternalError),
    (&["got signal"], "1078", ErrorKind::InternalError),
    (&["got exception"], "1078", ErrorKind::InternalError),
    (&["cannot find a free slot for an undo log"], "1637", ErrorKind::ResourceLimit),
    (&["bind on tcp/ip port"], "MY-010262", ErrorKind::ConnectionError),
    (&["address already in use"], "MY-010257", ErrorKind::ConnectionError),
    (&["aborted connection"], "1184", ErrorKind::ConnectionError),
    (&["wsrep has not yet prepared node"], "1047", ErrorKind::ClusterState),
    (&["wsrep", "no primary component"], "", ErrorKind::ClusterState),
    (&["wsrep", "non-primary"], "", ErrorKind::ClusterState),
    (&["wsrep"], "", ErrorKind::ClusterState),
    (&["slave", "got fatal error"], "1236", ErrorKind::ReplicationError),
    (&["error connecting to master"], "1218", ErrorKind::ReplicationError),
    (&["error connecting to source"], "1218", ErrorKind::ReplicationError),
    (&["tablespace", "missing"], "1812", ErrorKind::TableNotFound),
    (&["permission denied"], "", ErrorKind::ConfigurationError),
    (&["operation timed out"], "", ErrorKind::Timeout),
    (&["timed out"], "", ErrorKind::Timeout),
    (&["syntax error"], "1064", ErrorKind::SyntaxError),
];

/// The code (empty when none fits) and the kind that the words of a text tell.
pub(super) fn code_and_kind(message: &str) -> Option<(&'static str, ErrorKind)> {
    let message = message.to_lowercase();
    RULES.iter().find(|(all, ..)| all.iter().all(|word| message.contains(word))).map(|(_, code, kind)| (*code, *kind))
}

/// What a SQLSTATE says by itself, where nothing tells the code.
pub(super) fn kind_of_state(state: &str) -> Option<ErrorKind> {
    Some(match state {
        "42S02" => ErrorKind::TableNotFound,
        "42S22" => ErrorKind::ColumnNotFound,
        "42S01" | "42S21" => ErrorKind::DuplicateObject,
        "42000" | "21S01" | "21000" => ErrorKind::SyntaxError,
        "23000" => ErrorKind::ConstraintViolation,
        "22012" => ErrorKind::DivisionByZero,
        "28000" => ErrorKind::AuthenticationFailed,
        "40001" => ErrorKind::SerializationFailure,
        "25006" => ErrorKind::ReadOnly,
        "3D000" => ErrorKind::DatabaseNotFound,
        "70100" => ErrorKind::Canceled,
        "45000" => ErrorKind::ScriptError,
        "0A000" => ErrorKind::FeatureNotSupported,
        _ => match state.get(..2)? {
            "08" => ErrorKind::ConnectionError,
            "22" => ErrorKind::DataError,
            "24" => ErrorKind::ScriptError,
            "25" | "XA" => ErrorKind::TransactionState,
            "42" => ErrorKind::SyntaxError,
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_reason_inside_counts_for_files_and_engines_alone() {
        let full = "Error writing file '/tmp/MLfd=27' (Errcode: 28 \"No space left on device\")";
        assert_eq!(reason("3", full), Some(Reason::Kind(ErrorKind::DiskFull)));
        assert_eq!(reason("1030", "Got error 28 from storage engine"), Some(Reason::Kind(ErrorKind::DiskFull)));
        assert_eq!(reason("1005", "Can't create table `a`.`b` (errno: 150 \"whatever\")"), Some(Reason::Engine(150)));
        assert_eq!(reason("1062", "Duplicate entry 'No space left on device' for key 'PRIMARY'"), None);
        assert_eq!(reason("1146", "Table 'errno 28.x' doesn't exist"), None);
    }

    #[test]
    fn what_was_put_in_tells_the_kind_of_a_message_for_many_things() {
        assert_eq!(kind_by_inserted("1396", "CREATE USER"), Some(ErrorKind::DuplicateObject));
        assert_eq!(kind_by_inserted("1396", "DROP USER"), Some(ErrorKind::ObjectNotFound));
        assert_eq!(kind_by_inserted("1290", "--read-only"), None);
        assert_eq!(kind_by_inserted("1290", "--secure-file-priv"), Some(ErrorKind::AccessDenied));
        assert_eq!(kind_by_inserted("1305", "FUNCTION"), None);
    }

    #[test]
    fn words_tell_what_no_skeleton_fits() {
        let (code, kind) = code_and_kind("vttablet: DUPLICATE entry '7' for KEY 'pk' in shard -80").unwrap();
        assert_eq!((code, kind), ("1062", ErrorKind::DuplicateKey));
        assert_eq!(code_and_kind("Communications link failure").unwrap().1, ErrorKind::ConnectionError);
        assert_eq!(code_and_kind("all is well"), None);
    }

    #[test]
    fn a_state_tells_the_kind() {
        assert_eq!(kind_of_state("42S02"), Some(ErrorKind::TableNotFound));
        assert_eq!(kind_of_state("08S01"), Some(ErrorKind::ConnectionError));
        assert_eq!(kind_of_state("HY000"), None);
    }
}
