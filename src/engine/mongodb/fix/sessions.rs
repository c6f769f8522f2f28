//! Operations and sessions that somebody pointed at: what tells each from a later one of the same number, and which are
//! not to be ended at all.

use super::objects::{session_bytes, session_words, words};
use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::{FixKind, SessionRef};
use crate::domain::text::hex;
use crate::engine::Session as _;
use crate::engine::mongodb::connect::Role;
use crate::engine::mongodb::dialect::kinds::{LSID, OPID, OWNER};
use crate::engine::mongodb::sample::{command_text, number_of_operation, text_of_user};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Bson, DateTime, Document, RawDocument, RawDocumentBuf, Uuid, doc};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;
/// Operations and sessions looked at, at most.
const MOST: i32 = 10_000;
/// Fact: the connection's number.
const CONNECTION: &str = "connectionId";
/// Fact: the client's address.
const CLIENT: &str = "client";
/// Fact: when it began, milliseconds since 1970 by the server's clock.
const STARTED: &str = "started";
/// The server tells how long an operation runs, not when it began: two readings of the same differ by this much at
/// most, milliseconds.
const APART_MS: i64 = 2_000;
/// Names of programs that copy a server's data: a backup that is cut off is no backup, and replication comes back.
const KEPT_PROGRAMS: &[&str] = &["mongodump", "mongobackup", "OplogFetcher", "mongosync"];
/// Longest command in words, bytes.
const ABOUT_BYTES: usize = 200;

/// Everything that runs or waits in a transaction.
async fn list(session: &mut MongoSession) -> Result<RawDocumentBuf, SessionError> {
    let mut options = doc! { "allUsers": session.facts().sees_all, "idleSessions": true };
    if session.facts().role == Role::Router {
        options.insert("localOps", true);
    }
    let command = doc! {
        "aggregate": 1,
        "pipeline": [{ "$currentOp": options }, { "$limit": MOST }],
        "cursor": { "batchSize": MOST },
    };
    session.look("admin", command, LOOK_MS).await
}

/// Fills in what tells the kind's sessions from later ones. Those that are gone are left out.
///
/// # Errors
/// In words for a session that is not to be ended.
pub(super) async fn freeze(session: &mut MongoSession, kind: FixKind) -> Result<FixKind, SessionError> {
    let (chosen, facts_of, wrap): (_, fn(&RawDocument) -> Option<Facts>, fn(Vec<SessionRef>) -> FixKind) = match kind {
        FixKind::CancelStatements(chosen) => (chosen, facts_of_operation, FixKind::CancelStatements),
        FixKind::EndSessions(chosen) => (chosen, facts_of_session, FixKind::EndSessions),
        other => return Ok(other),
    };
    let reply = list(session).await?;
    let listed = reply.documents("cursor.firstBatch");
    let mut frozen = Vec::new();
    for wanted in chosen {
        let Some(found) = listed.iter().copied().find(|listed| number_of_operation(listed) == wanted.id) else {
            continue;
        };
        if let Some(objection) = objection(found, &session.identity().user) {
            return Err(SessionError::Unsupported(format!("{}: {objection}", wanted.id)));
        }
        let facts = facts_of(found).ok_or_else(|| {
            SessionError::Unsupported(match wrap(Vec::new()) {
                FixKind::CancelStatements(_) => format!("{} runs nothing that could be cancelled", wanted.id),
                _ => format!("{} belongs to no session that the server could end: cancel what it runs", wanted.id),
            })
        })?;
        // Facts that were frozen before must still hold; with others it is another one.
        if wanted.facts.is_empty() || is_still(found, &wanted.facts) {
            frozen.push(SessionRef { id: wanted.id, facts, about: about(found) });
        }
    }
    Ok(wrap(frozen))
}

/// Names and values.
type Facts = Vec<(String, String)>;

fn facts_of_operation(found: &RawDocument) -> Option<Facts> {
    let opid = match (found.int("opid"), found.text("opid")) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) if !name.is_empty() => name.to_owned(),
        _ => return None,
    };
    let mut facts = vec![(OPID.to_owned(), opid)];
    let known = [CONNECTION, CLIENT, STARTED].map(|name| (name, fact(found, name)));
    facts.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Some(facts)
}

fn facts_of_session(found: &RawDocument) -> Option<Facts> {
    let (id, owner) = session_bytes(found.document("lsid")?)?;
    let id: [u8; 16] = id.try_into().ok()?;
    let mut facts = vec![(LSID.to_owned(), Uuid::from_bytes(id).to_string()), (OWNER.to_owned(), hex(&owner))];
    facts.extend(fact(found, CLIENT).map(|client| (CLIENT.to_owned(), client)));
    Some(facts)
}

/// One fact of a listed operation.
fn fact(found: &RawDocument, name: &str) -> Option<String> {
    match name {
        CONNECTION => found.int("connectionId").map(|n| n.to_string()),
        CLIENT => found.text("client").or(found.text("client_s")).map(str::to_owned),
        STARTED => {
            let now = found.moment("currentOpTime").or_else(|| {
                DateTime::parse_rfc3339_str(found.text("currentOpTime")?).ok().map(DateTime::timestamp_millis)
            })?;
            Some((now - found.int("microsecs_running")? / 1000).to_string())
        }
        LSID | OWNER => facts_of_session(found)?.into_iter().find(|(known, _)| known == name).map(|(_, value)| value),
        OPID => facts_of_operation(found)?.into_iter().next().map(|(_, value)| value),
        _ => None,
    }
}

/// A listed operation is the one that had these facts.
fn is_still(found: &RawDocument, facts: &[(String, String)]) -> bool {
    facts.iter().all(|(name, was)| {
        let is = fact(found, name);
        if name == STARTED {
            let apart = is.and_then(|is| Some((is.parse::<i64>().ok()? - was.parse::<i64>().ok()?).abs()));
            return apart.is_some_and(|apart| apart <= APART_MS);
        }
        is.as_deref() == Some(was)
    })
}

/// Why somebody's work is not ended here.
fn objection(found: &RawDocument, user: &str) -> Option<String> {
    let program = found.text("appName").unwrap_or_default();
    let namespace = found.text("ns").unwrap_or_default();
    if program.starts_with("dba-gpt") && text_of_user(found) == user {
        return Some("this is this program's own session".to_owned());
    }
    if text_of_user(found) == "__system" || namespace.starts_with("local.oplog.") {
        return Some("another member of the cluster copies from here: ending it would set replication back".to_owned());
    }
    if KEPT_PROGRAMS.contains(&program) || found.at("command.pipeline").is_some_and(|p| opens_backup(p.as_array())) {
        return Some(
            format!("{program} copies the data of this server, which a cut would make useless").trim().to_owned(),
        );
    }
    if found.text("client").or(found.text("client_s")).unwrap_or_default().is_empty() {
        return Some("it is the server's own work, which no client asked for".to_owned());
    }
    None
}

fn opens_backup(pipeline: Option<&bson::RawArray>) -> bool {
    let first = pipeline.and_then(|stages| stages.into_iter().next()?.ok()?.as_document());
    first.is_some_and(|stage| stage.get("$backupCursor").ok().flatten().is_some())
}

fn about(found: &RawDocument) -> String {
    let mut words = vec![text_of_user(found)];
    words.extend([found.text("appName"), found.text("client")].into_iter().flatten().map(str::to_owned));
    if found.text("type") == Some("idleSession") {
        let open = found.int("transaction.timeOpenMicros").unwrap_or(0) / 1_000_000;
        words.push(format!("idle in a transaction that is open for {open} s"));
    } else {
        words.extend(found.int("secs_running").map(|seconds| format!("runs for {seconds} s")));
        words.extend(found.document("command").map(command_text));
    }
    words.retain(|word| !word.is_empty());
    let mut about = words.join(" ");
    let mut end = about.len().min(ABOUT_BYTES);
    while !about.is_char_boundary(end) {
        end -= 1;
    }
    about.truncate(end);
    about
}

/// The operation of a number, as long as it has the facts that came with the command. In words for the approval, the
/// same as long as it is the same one.
///
/// # Errors
/// In words when it is gone, when its number belongs to another one, or when it is not to be ended.
pub(in crate::engine::mongodb) async fn same_operation(
    session: &mut MongoSession,
    opid: &Bson,
    facts: &Document,
) -> Result<String, SessionError> {
    let reply = list(session).await?;
    let wanted = words(opid);
    let found =
        reply.documents("cursor.firstBatch").into_iter().find(|found| fact(found, OPID).as_ref() == Some(&wanted));
    let facts: Facts = facts.iter().map(|(name, value)| (name.clone(), words(value))).collect();
    let Some(found) = found.filter(|found| is_still(found, &facts)) else {
        return Err(SessionError::Unsupported(format!(
            "operation {wanted} has ended, or its number belongs to another one now: there is nothing to end"
        )));
    };
    if let Some(objection) = objection(found, &session.identity().user) {
        return Err(SessionError::Unsupported(format!("operation {wanted}: {objection}")));
    }
    let known = [CONNECTION, CLIENT].into_iter().filter_map(|name| Some(format!("{name} {}", fact(found, name)?)));
    Ok(known.collect::<Vec<_>>().join(", "))
}

/// The number of an operation is still listed.
pub(in crate::engine::mongodb) async fn runs_still(
    session: &mut MongoSession,
    opid: &Bson,
) -> Result<bool, SessionError> {
    let wanted = words(opid);
    let reply = list(session).await?;
    Ok(reply.documents("cursor.firstBatch").into_iter().any(|found| fact(found, OPID).as_ref() == Some(&wanted)))
}

/// Something of this number, as samples count them, is listed.
pub(in crate::engine::mongodb) async fn is_listed(session: &mut MongoSession, id: i64) -> Result<bool, SessionError> {
    let reply = list(session).await?;
    Ok(reply.documents("cursor.firstBatch").into_iter().any(|found| number_of_operation(found) == id))
}

/// A session is still listed with work of its own: in words for the approval.
///
/// # Errors
/// In words when it has nothing under way, or is not to be ended.
pub(in crate::engine::mongodb) async fn same_session(
    session: &mut MongoSession,
    lsid: &Document,
) -> Result<String, SessionError> {
    let reply = list(session).await?;
    let bytes = |name: &str| match lsid.get(name) {
        Some(Bson::Binary(binary)) => binary.bytes.clone(),
        _ => Vec::new(),
    };
    let wanted = (bytes("id"), bytes("uid"));
    let listed = reply.documents("cursor.firstBatch");
    let of_it: Vec<&RawDocument> = listed
        .into_iter()
        .filter(|found| found.document("lsid").and_then(session_bytes).as_ref() == Some(&wanted))
        .collect();
    let Some(first) = of_it.first() else {
        return Err(SessionError::Unsupported(format!("{} has nothing under way any more", session_words(lsid))));
    };
    let user = session.identity().user.clone();
    if let Some(objection) = of_it.iter().find_map(|found| objection(found, &user)) {
        return Err(SessionError::Unsupported(format!("{}: {objection}", session_words(lsid))));
    }
    Ok(format!("of {} from {}", text_of_user(first), fact(first, CLIENT).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    fn operation(microseconds: i64) -> RawDocumentBuf {
        rawdoc! {
            "type": "op", "opid": 4711, "connectionId": 101, "client": "10.0.0.9:50412", "appName": "web",
            "effectiveUsers": [{ "user": "app", "db": "admin" }], "ns": "shop.orders",
            "currentOpTime": "2026-08-22T14:31:58.000+00:00", "microsecs_running": microseconds,
        }
    }

    #[test]
    fn an_operation_is_the_same_by_all_its_facts() {
        let facts = facts_of_operation(&operation(5_000_000)).unwrap_or_default();
        let names: Vec<&str> = facts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["opid", "connectionId", "client", "started"]);
        assert!(is_still(&operation(5_900_000), &facts));
        // Begun later: the number was given out again.
        assert!(!is_still(&operation(1_000_000), &facts));
        let other = rawdoc! { "opid": 4711, "connectionId": 102, "client": "10.0.0.9:50412" };
        assert!(!is_still(&other, &facts));
    }

    #[test]
    fn some_are_not_ended() {
        let words = |found: RawDocumentBuf| objection(&found, "fixer").unwrap_or_default();
        assert_eq!(words(operation(1)), "");
        assert!(words(rawdoc! { "opid": 1, "desc": "JournalFlusher" }).contains("server's own"));
        assert!(words(rawdoc! { "client": "c", "ns": "local.oplog.rs" }).contains("replication"));
        assert!(words(rawdoc! { "client": "c", "appName": "mongodump" }).contains("mongodump"));
        let ours = rawdoc! { "client": "c", "appName": "dba-gpt watch", "effectiveUsers": [{ "user": "fixer", "db": "admin" }] };
        assert!(words(ours).contains("own session"));
        let backup = rawdoc! { "client": "c", "command": { "aggregate": 1, "pipeline": [{ "$backupCursor": {} }] } };
        assert!(words(backup).contains("copies"));
    }
}
