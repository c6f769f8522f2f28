//! Fix kinds -> the one command that each stands for, made from its parameters alone.
//!
//! An operation is ended by its number, with what told it from a later one of that number in the command's comment: the
//! session compares that right before it sends. A session is ended by its own id, which is never given out twice.

use super::names::literal;
use super::write;
use crate::domain::proposal::kind::{FixKind, ObjectRef, SessionRef, Upkeep};
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, Uuid, doc};

/// Fact of an operation: its number, or `shard:number` behind a router.
pub(in crate::engine::mongodb) const OPID: &str = "opid";
/// Fact of a session: its UUID.
pub(in crate::engine::mongodb) const LSID: &str = "lsid";
/// Fact of a session: the hash of its owner, in hexadecimal digits.
pub(in crate::engine::mongodb) const OWNER: &str = "owner";

/// What a parameter's value may be.
enum Range {
    /// true or false.
    Switch,
    /// A whole number from here to there.
    Whole(i64, i64),
}

/// Parameters that can be changed while the server runs, whose old value can be read and set again, and none of which
/// loosens a login, encryption or the durability of writes. Ranges are the manual's; where it has none, a day, or what
/// a signed number of 32 bits holds.
const PARAMETERS: &[(&str, Range)] = &[
    ("cursorTimeoutMillis", Range::Whole(1_000, 86_400_000)),
    ("diagnosticDataCollectionEnabled", Range::Switch),
    ("enableFlowControl", Range::Switch),
    ("flowControlTargetLagSeconds", Range::Whole(1, 86_400)),
    ("internalQueryMaxBlockingSortMemoryUsageBytes", Range::Whole(1 << 20, i32::MAX as i64)),
    ("logLevel", Range::Whole(0, 5)),
    ("maxIndexBuildMemoryUsageMegabytes", Range::Whole(50, 1 << 20)),
    ("maxNumActiveUserIndexBuilds", Range::Whole(1, i32::MAX as i64)),
    ("maxTransactionLockRequestTimeoutMillis", Range::Whole(-1, 86_400_000)),
    ("minSnapshotHistoryWindowInSeconds", Range::Whole(0, 86_400)),
    ("notablescan", Range::Switch),
    ("rangeDeleterBatchDelayMS", Range::Whole(0, 86_400_000)),
    ("rangeDeleterBatchSize", Range::Whole(0, i32::MAX as i64)),
    ("transactionLifetimeLimitSeconds", Range::Whole(1, 86_400)),
    ("ttlMonitorEnabled", Range::Switch),
    ("ttlMonitorSleepSecs", Range::Whole(1, 86_400)),
    ("wiredTigerConcurrentReadTransactions", Range::Whole(5, 1_024)),
    ("wiredTigerConcurrentWriteTransactions", Range::Whole(5, 1_024)),
];

/// The command of a kind.
pub(super) fn render(kind: &FixKind) -> Result<String, String> {
    match kind {
        FixKind::CancelStatements(sessions) => match sessions.as_slice() {
            [one] => cancel(one),
            [] => Err("there is nothing to cancel".to_owned()),
            _ => Err("MongoDB ends one operation at a time: choose one".to_owned()),
        },
        FixKind::EndSessions(sessions) if sessions.is_empty() => Err("there is nothing to end".to_owned()),
        FixKind::EndSessions(sessions) => {
            let patterns: Vec<Document> = sessions.iter().map(pattern).collect::<Result<_, _>>()?;
            Ok(write::document(&doc! { "killAllSessionsByPattern": patterns }))
        }
        FixKind::ChangeSetting { name, value } => setting(name, value),
        FixKind::CreateIndex { table, name, columns } => create_index(table, name, columns),
        FixKind::DropIndex { name, .. } if name == "_id_" || name == "*" => {
            Err(format!("{name} is not one index that could be dropped by itself"))
        }
        FixKind::DropIndex { table, name } => {
            in_its_database(&doc! { "dropIndexes": &table.name, "index": name.as_str() }, table)
        }
        FixKind::Maintain(Upkeep::Compact, Some(collection)) => {
            in_its_database(&doc! { "compact": &collection.name }, collection)
        }
        FixKind::ResizeReplicationLog(megabytes) if (LOG_MB.0..=LOG_MB.1).contains(megabytes) => {
            #[allow(clippy::cast_precision_loss, reason = "the largest log is far below what a double holds exactly")]
            let size = *megabytes as f64;
            Ok(write::document(&doc! { "replSetResizeOplog": 1, "size": size }))
        }
        FixKind::ResizeReplicationLog(_) => {
            Err(format!("the replication log has from {} to {} MB", LOG_MB.0, LOG_MB.1))
        }
        FixKind::DropReplicationSlot(_) => Err("MongoDB has no replication slots".to_owned()),
        FixKind::UnlinkKeys(_) => Err("MongoDB has no keys to remove; delete documents instead".to_owned()),
        other => Err(format!("MongoDB has no command to {}", other.words())),
    }
}

/// Sizes that the server takes for its replication log, megabytes: 990 MB to 1 PB.
pub(in crate::engine::mongodb) const LOG_MB: (u64, u64) = (990, 1 << 30);
/// Fields of an index, at most.
const MOST_FIELDS: usize = 32;

/// A command in the database of its object, or in the connection's own.
pub(in crate::engine::mongodb) fn in_its_database(command: &Document, object: &ObjectRef) -> Result<String, String> {
    if object.name.is_empty() {
        return Err("a collection has a name".to_owned());
    }
    let command = write::document(command);
    Ok(match &object.space {
        Some(database) => format!("db.getSiblingDB({}).runCommand({command})", literal(database)),
        None => command,
    })
}

fn create_index(collection: &ObjectRef, name: &str, columns: &[String]) -> Result<String, String> {
    if name.is_empty() || columns.is_empty() || columns.len() > MOST_FIELDS {
        return Err(format!("an index has a name, and from 1 to {MOST_FIELDS} fields"));
    }
    let mut key = Document::new();
    for column in columns {
        let (field, way) = match column.strip_prefix('-') {
            Some(field) => (field, -1),
            None => (column.as_str(), 1),
        };
        if field.is_empty() || field.starts_with('$') || key.insert(field, way).is_some() {
            return Err(format!("{column:?} is no field of an index, or stands in it twice"));
        }
    }
    let index = doc! { "key": key, "name": name };
    in_its_database(&doc! { "createIndexes": &collection.name, "indexes": [index] }, collection)
}

fn fact<'a>(session: &'a SessionRef, name: &str) -> Option<&'a str> {
    session.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn cancel(session: &SessionRef) -> Result<String, String> {
    let Some(opid) = fact(session, OPID) else {
        return Err(format!("{} runs nothing that could be cancelled: end the session instead", session.id));
    };
    let number = opid.parse::<i32>().map(Bson::Int32).or_else(|_| opid.parse::<i64>().map(Bson::Int64));
    let opid = match number {
        Ok(number) => number,
        Err(_) if is_of_shard(opid) => Bson::from(opid),
        Err(_) => return Err(format!("{opid:?} is no operation's number")),
    };
    let facts: Document = session
        .facts
        .iter()
        .filter(|(name, _)| name != OPID)
        .map(|(name, value)| (name.clone(), Bson::from(value.as_str())))
        .collect();
    Ok(write::document(&doc! { "killOp": 1, "op": opid, "comment": facts }))
}

/// `shard0:4711`.
fn is_of_shard(opid: &str) -> bool {
    let name = |shard: &str| {
        !shard.is_empty() && shard.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    opid.rsplit_once(':').is_some_and(|(shard, number)| name(shard) && number.parse::<i64>().is_ok())
}

fn pattern(session: &SessionRef) -> Result<Document, String> {
    let (Some(lsid), Some(owner)) = (fact(session, LSID), fact(session, OWNER)) else {
        return Err(format!(
            "{} belongs to no session that the server could end: cancel what it runs instead",
            session.id
        ));
    };
    let id = Uuid::parse_str(lsid).map_err(|_| format!("{lsid:?} is no session's id"))?;
    let owner = bytes(owner).filter(|bytes| bytes.len() == 32).ok_or("the session's owner is not what it should be")?;
    let owner = Binary { subtype: BinarySubtype::Generic, bytes: owner };
    Ok(doc! { "lsid": { "id": id, "uid": owner } })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

fn setting(name: &str, value: &str) -> Result<String, String> {
    let Some((name, range)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "{name:?} is not one of the parameters that are known to be safe to change while the server runs: {}",
            known.join(", ")
        ));
    };
    let value = match range {
        Range::Switch => match value.trim() {
            "true" => Bson::Boolean(true),
            "false" => Bson::Boolean(false),
            _ => return Err(format!("{name} is true or false")),
        },
        Range::Whole(low, high) => {
            let number = value.trim().parse::<i64>().ok().filter(|n| (low..=high).contains(&n));
            let number = number.ok_or_else(|| format!("{name} is a whole number from {low} to {high}"))?;
            i32::try_from(number).map_or(Bson::Int64(number), Bson::Int32)
        }
    };
    let mut command = doc! { "setParameter": 1 };
    command.insert(*name, value);
    Ok(write::document(&command))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::mongodb::dialect::command::parse;

    fn session(facts: &[(&str, &str)]) -> SessionRef {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        SessionRef { id: 7, facts, about: String::new() }
    }

    #[test]
    fn an_operation_is_ended_with_its_facts_beside_it() {
        let one = session(&[("opid", "4711"), ("connectionId", "101"), ("client", "10.0.0.9:50412")]);
        let text = render(&FixKind::CancelStatements(vec![one.clone()])).unwrap();
        let wanted = doc! { "killOp": 1, "op": 4711, "comment": { "connectionId": "101", "client": "10.0.0.9:50412" } };
        assert_eq!(parse(&text).unwrap().document, wanted);
        assert_eq!(parse(&text).unwrap().database.as_deref(), Some("admin"));
        let shard = render(&FixKind::CancelStatements(vec![session(&[("opid", "shard0:12")])])).unwrap();
        assert_eq!(parse(&shard).unwrap().document.get_str("op").unwrap(), "shard0:12");
        for wrong in [vec![], vec![one.clone(), one], vec![session(&[])], vec![session(&[("opid", "1, x: 2")])]] {
            assert!(render(&FixKind::CancelStatements(wrong)).is_err());
        }
    }

    #[test]
    fn sessions_are_ended_by_their_ids() {
        let owner = "ab".repeat(32);
        let one = session(&[("lsid", "00112233-4455-6677-8899-aabbccddeeff"), ("owner", &owner)]);
        let text = render(&FixKind::EndSessions(vec![one.clone(), one])).unwrap();
        let command = parse(&text).unwrap().document;
        assert_eq!(command.get_array("killAllSessionsByPattern").unwrap().len(), 2);
        // No patterns at all would end every session.
        assert!(render(&FixKind::EndSessions(vec![])).is_err());
        for wrong in [session(&[("opid", "1")]), session(&[("lsid", "x"), ("owner", &owner)]), {
            session(&[("lsid", "00112233-4455-6677-8899-aabbccddeeff"), ("owner", "ab")])
        }] {
            assert!(render(&FixKind::EndSessions(vec![wrong])).is_err());
        }
    }

    #[test]
    fn the_old_value_of_every_parameter_can_be_read() {
        use crate::domain::guard::{Author, Catalog, Verdict};
        for (name, _) in PARAMETERS {
            let text = format!(r#"{{"getParameter": 1, "{name}": 1}}"#);
            let judged = super::super::classify::classify(&text, Author::Model, &Catalog::default());
            assert_eq!(judged.verdict, Verdict::Allow, "{name}");
        }
    }

    #[test]
    fn a_parameter_is_one_of_the_list_and_within_its_range() {
        let set = |name: &str, value: &str| render(&FixKind::ChangeSetting { name: name.into(), value: value.into() });
        assert_eq!(set("logLevel", "2").unwrap(), r#"{"setParameter": 1, "logLevel": 2}"#);
        assert_eq!(set("notablescan", "true").unwrap(), r#"{"setParameter": 1, "notablescan": true}"#);
        for (name, value) in [
            ("logLevel", "6"),
            ("logLevel", "2, \"x\": 1"),
            ("notablescan", "1"),
            ("authenticationMechanisms", "PLAIN"),
            ("enableLocalhostAuthBypass", "true"),
            ("loglevel", "1"),
        ] {
            assert!(set(name, value).is_err(), "{name} {value}");
        }
    }
}
