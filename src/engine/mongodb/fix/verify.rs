//! Answers to checks, by reading alone.

use super::{objects, sessions};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Author, Catalog, allow};
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::kind::{FixKind, ObjectRef, SessionRef};
use crate::domain::rows::{Limits, Value};
use crate::engine::mongodb::dialect::DIALECT;
use crate::engine::mongodb::dialect::kinds::OPID;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use crate::engine::{Collector, Session, Task};
use bson::{Bson, doc};
use tokio_util::sync::CancellationToken;

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;

/// Answers one.
pub(super) fn verify<'a>(session: &'a mut dyn Session, check: &'a Check) -> Task<'a, Result<Verified, SessionError>> {
    Box::pin(async move {
        match check {
            Check::Understands(statement) => understands(session, statement).await,
            Check::PlanUses { statement, index } => plan_uses(session, statement, index).await,
            other => answer(MongoSession::behind(session)?, other).await,
        }
    })
}

async fn answer(session: &mut MongoSession, check: &Check) -> Result<Verified, SessionError> {
    match check {
        Check::SessionsGone(gone) => sessions_gone(session, gone).await,
        Check::Exists(object) => exists(session, object).await,
        Check::Absent(object) => Ok(not(exists(session, object).await?)),
        Check::IndexUsable(table, index) => index_is(session, table, index).await,
        Check::IndexGone(table, index) => Ok(not(index_is(session, table, index).await?)),
        Check::SettingIs { name, value } => setting_is(session, name, value).await,
        Check::InForce(kind) => match kind.as_ref() {
            FixKind::ChangeSetting { name, value } => setting_is(session, name, value).await,
            FixKind::CreateIndex { table, name, .. } => index_is(session, table, name).await,
            FixKind::DropIndex { table, name } => Ok(not(index_is(session, table, name).await?)),
            FixKind::ResizeReplicationLog(megabytes) => Ok(match super::inverse::log_megabytes(session).await? {
                Some(now) => Verified::new(now == *megabytes, format!("the replication log may have {now} MB")),
                None => Verified::unknown("the size of the replication log cannot be read"),
            }),
            other => Ok(Verified::unknown(format!("whether it is in force to {} is not told here", other.words()))),
        },
        Check::ReplicationRuns => replication_runs(session).await,
        Check::WritesWork => writes_work(session).await,
        _ => Ok(Verified::unknown("MongoDB has no such thing to look at")),
    }
}

fn not(there: Verified) -> Verified {
    Verified { held: there.held.map(|held| !held), ..there }
}

async fn sessions_gone(session: &mut MongoSession, gone: &[SessionRef]) -> Result<Verified, SessionError> {
    for one in gone {
        let Some((_, opid)) = one.facts.iter().find(|(name, _)| name == OPID) else {
            // A plan names it by its number alone: one that is not listed is gone, whatever tells it from later ones.
            if sessions::is_listed(session, one.id).await? {
                return Ok(Verified::unknown(format!("nothing tells {} from a later one of that number", one.id)));
            }
            continue;
        };
        let number = opid.parse::<i32>().map(Bson::Int32).or_else(|_| opid.parse::<i64>().map(Bson::Int64));
        let number = number.unwrap_or_else(|_| Bson::from(opid.as_str()));
        if sessions::runs_still(session, &number).await? {
            return Ok(Verified::new(false, format!("operation {opid} runs still")));
        }
    }
    Ok(Verified::new(true, "none of them runs any more"))
}

fn place<'a>(session: &MongoSession, object: &'a ObjectRef) -> (String, &'a str) {
    (object.space.clone().unwrap_or_else(|| session.facts().database.clone()), object.name.as_str())
}

async fn exists(session: &mut MongoSession, object: &ObjectRef) -> Result<Verified, SessionError> {
    let (database, name) = place(session, object);
    let command = doc! { "listCollections": 1, "nameOnly": true, "filter": { "name": name }, "cursor": {} };
    let reply = session.look(&database, command, LOOK_MS).await?;
    let there = !reply.documents("cursor.firstBatch").is_empty();
    Ok(Verified::new(there, format!("{database}.{name} is {}", if there { "there" } else { "not there" })))
}

async fn index_is(session: &mut MongoSession, table: &ObjectRef, index: &str) -> Result<Verified, SessionError> {
    let (database, name) = place(session, table);
    let found = match objects::indexes(session, &database, name).await {
        Ok(found) => found,
        // NamespaceNotFound: without its collection there is no index.
        Err(SessionError::Server(message)) if message.code == "26" => Vec::new(),
        Err(other) => return Err(other),
    };
    Ok(match found.iter().find(|own| objects::name_of(own) == index) {
        Some(own) if own.get_bool("hidden").unwrap_or(false) => {
            Verified::new(false, format!("the index {index} is hidden"))
        }
        Some(_) => Verified::new(true, format!("{database}.{name} has the index {index}")),
        None => Verified::new(false, format!("{database}.{name} has no index {index}")),
    })
}

async fn setting_is(session: &mut MongoSession, name: &str, value: &str) -> Result<Verified, SessionError> {
    Ok(match super::inverse::old_value(session, name).await? {
        Some(now) => Verified::new(now == value, format!("{name} is {now}")),
        None => Verified::unknown(format!("the value of {name} is not told")),
    })
}

async fn replication_runs(session: &mut MongoSession) -> Result<Verified, SessionError> {
    match session.look("admin", doc! { "replSetGetStatus": 1 }, LOOK_MS).await {
        Ok(reply) => {
            let set = crate::engine::mongodb::sample::Set::of(&reply);
            let down: Vec<&str> = set.members.iter().filter(|m| !m.works()).map(|m| m.name.as_str()).collect();
            let words =
                if down.is_empty() { "every member works".to_owned() } else { format!("down: {}", down.join(", ")) };
            Ok(Verified::new(down.is_empty(), words))
        }
        Err(SessionError::Server(message)) => Ok(Verified::unknown(message.message)),
        Err(other) => Err(other),
    }
}

async fn writes_work(session: &mut MongoSession) -> Result<Verified, SessionError> {
    let reply = session.look("admin", doc! { "hello": 1 }, LOOK_MS).await?;
    let takes = reply.flag("isWritablePrimary") || reply.text("msg") == Some("isdbgrid");
    let words = if takes { "this member takes writes" } else { "this member takes no writes" };
    Ok(Verified::new(takes, words))
}

/// The plan as text, of a statement that the guard lets be explained.
async fn plan(session: &mut dyn Session, statement: &str) -> Result<Option<String>, SessionError> {
    let Some(explain) = DIALECT.explain(statement) else { return Ok(None) };
    let Ok(allowed) = allow(DIALECT, Author::Person, &Catalog::default(), &explain) else { return Ok(None) };
    let limits = Limits { timeout_ms: LOOK_MS, ..Limits::default() };
    let mut collector = Collector::new(limits);
    session.read(allowed, &limits, &CancellationToken::new(), &mut collector).await?;
    let rows = collector.into_rows();
    Ok(Some(rows.rows.iter().flatten().filter_map(Value::plain).collect::<Vec<_>>().join(" ")))
}

async fn understands(session: &mut dyn Session, statement: &str) -> Result<Verified, SessionError> {
    match plan(session, statement).await {
        Ok(Some(_)) => Ok(Verified::new(true, "the statement can be planned")),
        Ok(None) => Ok(Verified::unknown("a statement without a plan is not tried")),
        Err(SessionError::Server(message)) => Ok(Verified::new(false, message.message)),
        Err(other) => Err(other),
    }
}

async fn plan_uses(session: &mut dyn Session, statement: &str, index: &str) -> Result<Verified, SessionError> {
    let Some(plan) = plan(session, statement).await? else {
        return Ok(Verified::unknown("the plan of this statement is not asked for"));
    };
    // Plans write `"indexName":"i"`, and servers that only speak this protocol write their own words.
    let squeezed: String = plan.split_whitespace().collect();
    let uses = squeezed.contains(&format!("\"indexName\":\"{index}\""))
        || (!squeezed.contains("COLLSCAN") && squeezed.contains(index));
    let scans = squeezed.contains("COLLSCAN");
    let words = match (uses, scans) {
        (true, _) => format!("the plan uses {index}"),
        (false, true) => "the plan reads the whole collection".to_owned(),
        (false, false) => format!("the plan does not name {index}"),
    };
    Ok(Verified::new(uses, words))
}
