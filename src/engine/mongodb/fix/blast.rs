//! What an act would do, before it does it: documents counted with its own filter, sizes, and in words the locks, the
//! replicas, the disk, and what a server without transactions cannot promise.

use super::change::{Change, Pick, Statement};
use super::inverse;
use super::objects::{Collection, Resolved};
use super::place::Here;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Gravity;
use crate::domain::proposal::survey::{Blast, Footprint, Timeouts};
use crate::engine::mongodb::connect::Role;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Document, doc};

/// Time for counting with one filter, milliseconds.
const COUNT_MS: u64 = 2_000;
/// Time for each other look, milliseconds.
const LOOK_MS: u64 = 2_000;
/// Documents below which a change is counted in any case.
const SINGLE: i64 = 2;

/// How many documents each pick finds now. None where it could not be counted in time.
pub(in crate::engine::mongodb) async fn count(
    session: &mut MongoSession,
    statement: &Statement,
) -> Result<Vec<Option<u64>>, SessionError> {
    let Some((database, collection)) = &statement.collection else { return Ok(Vec::new()) };
    let mut counts = Vec::new();
    for pick in statement.picks() {
        let command = counting(collection, pick);
        counts.push(match session.look(database, command, COUNT_MS).await {
            Ok(reply) => reply.int("n").and_then(|n| u64::try_from(n).ok()),
            Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => return Err(error),
            Err(_) => None,
        });
    }
    Ok(counts)
}

/// The count of what a pick finds. An empty filter counts by asking each document for its `_id`, not by statistics.
fn counting(collection: &str, pick: &Pick) -> Document {
    let mut query = pick.filter.clone();
    if query.is_empty() {
        query = doc! { "_id": { "$exists": true } };
    }
    let mut command = doc! { "count": collection, "query": query };
    if let Some(collation) = &pick.collation {
        command.insert("collation", collation.clone());
    }
    if let Some(hint) = &pick.hint {
        command.insert("hint", hint.clone());
    }
    if pick.one {
        command.insert("limit", SINGLE);
    }
    command
}

/// The documents that change by these counts; none when one is missing.
pub(in crate::engine::mongodb) fn rows(statement: &Statement, fitting: &[Option<u64>]) -> Option<u64> {
    if let Change::Insert(documents) = &statement.change {
        return Some(documents.len() as u64);
    }
    if statement.picks().is_empty() {
        return None;
    }
    statement
        .picks()
        .iter()
        .zip(fitting)
        .try_fold(0, |sum: u64, (pick, fitting)| Some(sum + rows_of(pick, (*fitting)?)))
}

fn rows_of(pick: &Pick, fitting: u64) -> u64 {
    let fitting = if pick.one { fitting.min(1) } else { fitting };
    if pick.upsert { fitting.max(1) } else { fitting }
}

/// Everything that an act would do.
pub(in crate::engine::mongodb) async fn look(
    session: &mut MongoSession,
    statement: &Statement,
    resolved: &Resolved,
    here: &Here,
    fitting: &[Option<u64>],
) -> Result<Blast, SessionError> {
    let collection = resolved.collection.as_ref().filter(|collection| collection.kind != "view");
    let footprint = match collection {
        Some(collection) => Some(footprint(session, statement, collection).await?),
        None => None,
    };
    let exact = rows(statement, fitting);
    let transactional = statement.changes_documents() && here.has_transactions(session.facts().wire_version);
    let mut blast = Blast {
        exact_rows: exact,
        // Without a count, all of them.
        estimated_rows: exact.or_else(|| {
            statement.changes_documents().then(|| footprint.as_ref().and_then(|footprint| footprint.rows)).flatten()
        }),
        locks: locks(statement, collection, transactional),
        rewrite: match statement.name() {
            "compact" => Some(true),
            // They work beside the documents.
            "createIndexes" | "dropIndexes" => Some(false),
            _ => matches!(statement.change, Change::Upkeep).then_some(false),
        },
        replicas: replicas(statement, here),
        disk: disk(statement, footprint.as_ref()),
        notes: notes(statement, resolved, here, transactional, exact),
        at_least: gravity(statement),
        tables: Vec::new(),
    };
    let name = statement.collection.as_ref().map(|(database, name)| format!("{database}.{name}"));
    blast.tables.extend(footprint.or_else(|| name.map(|name| Footprint { name, ..Footprint::default() })));
    Ok(blast)
}

/// Documents and bytes with indexes, where the login may see them.
async fn footprint(
    session: &mut MongoSession,
    statement: &Statement,
    collection: &Collection,
) -> Result<Footprint, SessionError> {
    let mut footprint = Footprint { name: collection.full_name(), ..Footprint::default() };
    let Some((database, name)) = &statement.collection else { return Ok(footprint) };
    let ask = doc! { "aggregate": name, "pipeline": [{ "$collStats": { "storageStats": {} } }], "cursor": {} };
    match session.look(database, ask, LOOK_MS).await {
        Ok(reply) => {
            let positive = |n: i64| u64::try_from(n).ok();
            // A router gives one document for each shard.
            for stats in reply.documents("cursor.firstBatch") {
                let part = |field: &str| stats.int(&format!("storageStats.{field}")).and_then(positive);
                let bytes = part("storageSize").zip(part("totalIndexSize")).map(|(data, indexes)| data + indexes);
                footprint.rows = part("count").map(|n| n + footprint.rows.unwrap_or(0)).or(footprint.rows);
                footprint.bytes = bytes.map(|n| n + footprint.bytes.unwrap_or(0)).or(footprint.bytes);
            }
            Ok(footprint)
        }
        Err(error @ (SessionError::Lost(_) | SessionError::Connect(_))) => Err(error),
        // Sizes are good to know and nothing depends on them.
        Err(_) => Ok(footprint),
    }
}

fn locks(statement: &Statement, collection: Option<&Collection>, transactional: bool) -> String {
    let name = collection.map(Collection::full_name).unwrap_or_default();
    match &statement.change {
        Change::Insert(_) | Change::Update(_) | Change::Delete(_) if transactional => format!(
            "intent lock (IX) on {name}: readers and writers go on; whoever writes one of these documents meanwhile \
             waits or meets a write conflict, and an index build or a drop waits until it ends"
        ),
        Change::Insert(_) | Change::Update(_) | Change::Delete(_) => {
            format!("intent lock (IX) on {name}, given up now and then: readers and writers go on")
        }
        Change::CreateIndexes(_) => format!(
            "exclusive lock (X) on {name} for a moment at the beginning and at the end, an intent lock between: readers \
             and writers go on while it builds"
        ),
        Change::DropIndexes(_) => format!("exclusive lock (X) on {name} for a moment: everybody there waits for it"),
        Change::Modify | Change::Drop => {
            format!("exclusive lock (X) on {name} for a moment, once whoever works there now has ended")
        }
        Change::Rename(to) => format!("exclusive locks (X) on {name} and {to} for a moment"),
        Change::Create(_) => "exclusive lock (X) on the new name for a moment".to_owned(),
        Change::Upkeep => upkeep_locks(statement, &name),
        Change::Profile => "exclusive lock (X) on the database for a moment".to_owned(),
        Change::Parameter(_) | Change::ResizeLog | Change::Kill(..) | Change::EndSessions(_) => String::new(),
    }
}

fn upkeep_locks(statement: &Statement, name: &str) -> String {
    match statement.name() {
        "compact" => {
            format!("none that stops others since MongoDB 4.4; before, everybody in the database of {name} waits")
        }
        "reIndex" => format!("exclusive lock (X) on {name} until it is done: everybody there waits"),
        "validate" if !is_set(&statement.command, "background") => {
            format!(
                "exclusive lock (X) on {name} until it is done: everybody there waits; {{background: true}} does not"
            )
        }
        "validate" => format!("intent lock (IS) on {name}: readers and writers go on"),
        "fsync" => "none: everything is written to disk while others go on".to_owned(),
        _ => "shared lock (S) on the database: writers wait until it is done".to_owned(),
    }
}

fn replicas(statement: &Statement, here: &Here) -> Option<String> {
    if !here.role.is_in_set() && here.role != Role::Router {
        return None;
    }
    Some(match &statement.change {
        _ if !statement.is_replicated() => "nothing: it happens on this server alone".to_owned(),
        Change::CreateIndexes(_) => format!(
            "all {} members that hold data build it at the same time, and it is ready when the voting ones are",
            here.members
        ),
        _ if statement.changes_documents() => format!(
            "each document is an entry in the log of operations, which {} other members apply; the act waits until a \
             majority has it",
            here.members.saturating_sub(1)
        ),
        _ => "one entry in the log of operations; the act waits until a majority has it".to_owned(),
    })
}

fn disk(statement: &Statement, footprint: Option<&Footprint>) -> Option<String> {
    match &statement.change {
        Change::CreateIndexes(_) => Some(
            "the whole collection is read; what does not fit into 200 MB of memory is sorted in files on disk"
                .to_owned(),
        ),
        Change::DropIndexes(_) | Change::Drop => Some(match footprint.and_then(|footprint| footprint.bytes) {
            Some(bytes) => format!("its files are removed; with everything in it the collection takes {bytes} bytes"),
            None => "its files are removed".to_owned(),
        }),
        Change::Delete(_) => Some("space is kept for new documents and not given back".to_owned()),
        _ => None,
    }
}

fn notes(
    statement: &Statement,
    resolved: &Resolved,
    here: &Here,
    transactional: bool,
    exact: Option<u64>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |words: &str| notes.push(words.to_owned());
    if statement.changes_documents() {
        if transactional {
            note("it runs in a transaction: what does not fit what was approved is rolled back");
        } else {
            note(
                "this server has no transactions: what fits is counted right before, and more than was approved is not \
                 sent; what others change between that count and the act cannot be noticed in time nor rolled back",
            );
            if !statement.is_single() {
                note("stopped or failed half-way, the documents that were changed by then stay changed");
            }
        }
        if exact.is_none() {
            note("the documents could not be counted in time: the estimate is all of them");
        }
    }
    if statement.picks().iter().any(|pick| pick.upsert) {
        note("where no document fits, it makes one");
    }
    match &statement.change {
        Change::Insert(documents) if documents.iter().any(|document| !document.contains_key("_id")) => {
            note("documents without an _id get one from this program, as every driver does, so that they can be found");
        }
        Change::CreateIndexes(indexes) if indexes.iter().any(|index| is_set(index, "unique")) => {
            note("it fails when two documents have the same value, and from then on so does whoever writes one");
        }
        Change::CreateIndexes(indexes) if indexes.iter().any(|index| index.contains_key("expireAfterSeconds")) => {
            note("from then on the server deletes documents that are older, and that cannot be undone");
        }
        Change::DropIndexes(_) => {
            note(
                "queries that use it read the whole collection from then on; hide it first ({collMod: .., index: {name: .., hidden: true}}): a hidden index is kept up to date and comes back at once, a dropped one is built anew",
            );
        }
        Change::Modify if statement.command.get_document("index").is_ok_and(|i| i.contains_key("hidden")) => {
            note(
                "a hidden index is not used by queries, but is kept up to date and still enforces uniqueness and expiry",
            );
        }
        Change::Modify if statement.command.contains_key("validator") => {
            note("documents that are there already are not checked; the next change of each is");
        }
        Change::Drop => note("its indexes go with it"),
        Change::Create(None) => note("undoing it drops the collection with whatever is in it by then"),
        Change::Rename(_) => note("whoever uses the old name finds nothing from then on, and open cursors on it end"),
        Change::Parameter(_) => note("it lasts until the server restarts; the configuration file is another thing"),
        Change::ResizeLog => {
            note("it is this member's log alone: do the secondaries first, the primary last");
            note("a smaller log gives its room back only after a compact of local.oplog.rs");
        }
        Change::Kill(..) => note("the operation ends where it next looks for it, which may take a while"),
        Change::EndSessions(_) => note("what these sessions run ends, and what they have not committed is rolled back"),
        _ => {}
    }
    if let Some(collection) = &resolved.collection
        && is_set(&collection.options, "capped")
        && matches!(statement.change, Change::Delete(_))
    {
        note("the collection is capped: what is put back comes last in its order");
    }
    if here.role == Role::Router && statement.changes_documents() {
        note("through a router it may reach several shards");
    }
    notes
}

fn is_set(document: &Document, flag: &str) -> bool {
    document.get_bool(flag).unwrap_or(false)
}

fn gravity(statement: &Statement) -> Gravity {
    match &statement.change {
        Change::Drop => Gravity::High,
        Change::DropIndexes(which) if inverse::is_every_index(which) => Gravity::High,
        Change::Upkeep if statement.name() == "reIndex" => Gravity::High,
        Change::Delete(_)
        | Change::DropIndexes(_)
        | Change::Rename(_)
        | Change::ResizeLog
        | Change::Kill(..)
        | Change::EndSessions(_)
        | Change::Upkeep => Gravity::Medium,
        Change::Modify if !statement.command.contains_key("index") => Gravity::Medium,
        Change::CreateIndexes(indexes) if indexes.iter().any(|index| index.contains_key("expireAfterSeconds")) => {
            Gravity::High
        }
        _ => Gravity::Low,
    }
}

/// For changes of definitions, which take milliseconds once they have their exclusive lock. The server knows one limit
/// for waiting and working together, and whoever comes after a waiting exclusive lock waits behind it: so this is how
/// long an act can hold up others (safety.md G22).
const BRIEF: Timeouts = Timeouts { statement_ms: 2_000, lock_ms: 2_000 };

/// Time limits of the act. Only an index build may take as long as it takes.
pub(in crate::engine::mongodb) fn timeouts(statement: &Statement) -> Timeouts {
    match statement.change {
        Change::CreateIndexes(_) | Change::Upkeep => Timeouts::CONCURRENT,
        Change::DropIndexes(_) | Change::Modify | Change::Drop | Change::Rename(_) | Change::Profile => BRIEF,
        _ if statement.changes_documents() => Timeouts::ROWS,
        _ => Timeouts::OBJECTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Statement {
        Statement::parse(text, "shop").unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn rows_are_what_the_picks_find_and_no_more_than_they_take() {
        let rows = |text: &str, fitting: &[Option<u64>]| rows(&parsed(text), fitting);
        assert_eq!(rows("db.c.deleteMany({a: 1})", &[Some(7)]), Some(7));
        assert_eq!(rows("db.c.deleteOne({a: 1})", &[Some(2)]), Some(1));
        assert_eq!(rows("db.c.updateOne({a: 1}, {$set: {b: 1}}, {upsert: true})", &[Some(0)]), Some(1));
        assert_eq!(rows("db.c.deleteMany({a: 1})", &[None]), None);
        assert_eq!(rows("db.c.insertMany([{a: 1}, {a: 2}])", &[]), Some(2));
        assert_eq!(rows("db.c.drop()", &[]), None);
    }

    #[test]
    fn a_pick_is_counted_with_all_that_it_says() {
        let many = parsed("db.c.deleteMany({a: 'x'}, {collation: {locale: 'en'}, hint: 'a_1'})");
        let wanted = doc! { "count": "c", "query": { "a": "x" }, "collation": { "locale": "en" }, "hint": "a_1" };
        assert_eq!(counting("c", &many.picks()[0]), wanted);
        let one = parsed("db.c.deleteOne({a: 'x'})");
        assert_eq!(counting("c", &one.picks()[0]), doc! { "count": "c", "query": { "a": "x" }, "limit": 2_i64 });
    }

    #[test]
    fn what_loses_most_is_gravest() {
        for (text, wanted) in [
            ("db.c.drop()", Gravity::High),
            ("db.c.dropIndexes()", Gravity::High),
            ("db.c.dropIndex('a_1')", Gravity::Medium),
            ("db.c.hideIndex('a_1')", Gravity::Low),
            ("db.c.createIndex({at: 1}, {expireAfterSeconds: 5})", Gravity::High),
            ("db.c.createIndex({at: 1})", Gravity::Low),
            ("{collMod: 'c', validator: {}}", Gravity::Medium),
        ] {
            assert_eq!(gravity(&parsed(text)), wanted, "{text}");
        }
    }
}
