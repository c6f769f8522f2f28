//! Which server answers now: its role, its name in its set, and what changes when it restarts or loses an election.

use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Place;
use crate::domain::target::Timestamp;
use crate::engine::Session as _;
use crate::engine::mongodb::connect::{Hello, Role};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{RawBsonRef, RawDocument, RawDocumentBuf, doc};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;
/// Error of a command that a server does not know.
const UNKNOWN_COMMAND: &str = "59";

/// What a server said of itself a moment ago.
#[derive(Debug, Clone)]
pub(in crate::engine::mongodb) struct Here {
    /// What it is in its cluster.
    pub(in crate::engine::mongodb) role: Role,
    /// Data-bearing members that can be seen.
    pub(in crate::engine::mongodb) members: usize,
    /// The server's clock.
    pub(in crate::engine::mongodb) now: Timestamp,
    /// For the approval.
    pub(in crate::engine::mongodb) place: Place,
}

impl Here {
    /// Changes of documents run in a transaction: members of a set since protocol 7 (MongoDB 4.0), routers since 8.
    pub(in crate::engine::mongodb) fn has_transactions(&self, wire_version: i64) -> bool {
        match self.role {
            Role::Primary => wire_version >= 7,
            Role::Router => wire_version >= 8,
            _ => false,
        }
    }
}

/// Asks the server who it is.
pub(in crate::engine::mongodb) async fn look(session: &mut MongoSession, database: &str) -> Result<Here, SessionError> {
    let said = match session.look("admin", doc! { "hello": 1 }, LOOK_MS).await {
        Err(SessionError::Server(message)) if message.code == UNKNOWN_COMMAND => {
            session.look("admin", doc! { "isMaster": 1 }, LOOK_MS).await?
        }
        said => said?,
    };
    let hello = Hello::of(&said);
    let process = said.at("topologyVersion.processId").and_then(RawBsonRef::as_object_id);
    let server = match (&hello.set, &hello.me) {
        (Some(set), Some(me)) => Some(format!("{set}/{me}")),
        _ => session.identity().system_id.clone(),
    };
    let process_words = match process {
        Some(id) => Some(format!("process {}", id.to_hex())),
        None => pid(session).await,
    };
    let epoch: Vec<String> = term(&said).into_iter().chain(process_words).collect();
    Ok(Here {
        role: hello.role,
        members: hello.hosts.len(),
        now: Timestamp(said.moment("localTime").unwrap_or(0)),
        place: Place {
            database: database.to_owned(),
            role: hello.role.word().to_owned(),
            server,
            // The id of a process holds the second in which it was made.
            started_at: process.map(|id| Timestamp(id.timestamp().timestamp_millis())),
            epoch: Some(epoch.join(", ")).filter(|epoch| !epoch.is_empty()),
        },
    })
}

/// The election in force: a primary names it, every member knows the term of its last entry.
fn term(said: &RawDocument) -> Option<String> {
    let election = said.at("electionId").and_then(RawBsonRef::as_object_id);
    election
        .map(|id| format!("election {}", id.to_hex()))
        .or_else(|| said.int("lastWrite.opTime.t").map(|term| format!("term {term}")))
}

/// The number of the process, for servers that give it no id of its own. Not to be seen is not an error.
async fn pid(session: &mut MongoSession) -> Option<String> {
    let mut status = doc! { "serverStatus": 1 };
    for section in crate::engine::mongodb::sample::LARGE_SECTIONS.iter().chain(&["wiredTiger", "metrics"]) {
        status.insert(*section, 0);
    }
    let status: RawDocumentBuf = session.look("admin", status, LOOK_MS).await.ok()?;
    status.int("pid").map(|pid| format!("process {pid}"))
}
