//! Definitions of collections and views: the commands that make them with their options and indexes. Their documents
//! have no definition.

use super::fix::undo::{Home, statement};
use super::session::MongoSession;
use super::wire::Fields as _;
use crate::domain::definition::{Definition, Fingerprint, Fingerprints};
use crate::domain::error_event::SessionError;
use crate::domain::text::hex;
use crate::engine::{Definitions, Session, Task};
use bson::{Document, RawDocument, doc};
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};

/// The registry's entry.
pub(super) static DEFINITIONS: Definitions = Definitions { fingerprints, read };

/// Collections that are looked at, at most; each costs a question of its own for its indexes.
const MOST: usize = 500;
/// Time for one question, milliseconds.
const EACH_MS: u64 = 1_000;
/// Time for all indexes together; collections after that are not looked at.
const ALL: Duration = Duration::from_secs(5);

/// A collection or view as the server lists it.
struct Listed {
    name: String,
    options: Document,
    indexes: Vec<Document>,
}

/// Everything, and whether something was left out.
async fn listed(session: &mut MongoSession, only: Option<&[Fingerprint]>) -> Result<(Vec<Listed>, bool), SessionError> {
    let started = Instant::now();
    let database = session.facts().database.clone();
    let ask = doc! { "listCollections": 1, "authorizedCollections": true, "cursor": { "batchSize": 1000 } };
    let answer = session.look(&database, ask, 4 * EACH_MS).await?;
    let mut cut = answer.int("cursor.id") != Some(0);
    let mut found = Vec::new();
    for collection in answer.documents("cursor.firstBatch") {
        let Some(name) = collection.text("name").filter(|name| !name.starts_with("system.")) else { continue };
        if only.is_some_and(|only| only.iter().all(|object| object.name != name)) {
            continue;
        }
        if found.len() == MOST || started.elapsed() > ALL {
            cut = true;
            break;
        }
        let options = collection.document("options").and_then(whole).unwrap_or_default();
        let is_view = collection.text("type") == Some("view");
        let indexes = if is_view { Vec::new() } else { indexes(session, &database, name).await? };
        found.push(Listed { name: name.to_owned(), options, indexes });
    }
    Ok((found, cut))
}

async fn indexes(session: &mut MongoSession, database: &str, name: &str) -> Result<Vec<Document>, SessionError> {
    let ask = doc! { "listIndexes": name, "cursor": { "batchSize": 1000 } };
    match session.look(database, ask, EACH_MS).await {
        Ok(answer) => Ok(answer.documents("cursor.firstBatch").into_iter().filter_map(whole).collect()),
        // It went away, or its indexes are not for our eyes.
        Err(SessionError::Server(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn whole(raw: &RawDocument) -> Option<Document> {
    Document::try_from(raw).ok()
}

impl Listed {
    fn object(&self, database: &str) -> Fingerprint {
        let mut digest = Sha256::new().chain_update(self.options.to_vec().unwrap_or_default());
        for index in &self.indexes {
            digest.update(index.to_vec().unwrap_or_default());
        }
        Fingerprint { space: database.to_owned(), name: self.name.clone(), print: hex(&digest.finalize()[..16]) }
    }

    fn definition(self, database: &str) -> Definition {
        let object = self.object(database);
        let home = Home { database, named: false };
        let mut create = doc! { "create": &self.name };
        create.extend(self.options);
        let mut commands = vec![create];
        let made = |mut index: Document| {
            index.remove("ns");
            index.remove("storageEngine");
            index
        };
        let others: Vec<Document> = self
            .indexes
            .into_iter()
            .filter(|index| index.get_str("name").is_ok_and(|name| name != "_id_"))
            .map(made)
            .collect();
        if !others.is_empty() {
            commands.push(doc! { "createIndexes": &self.name, "indexes": others });
        }
        let (mut statements, mut missing) = (Vec::new(), Vec::new());
        for command in &commands {
            match statement(command, home) {
                Ok(text) => statements.push(text),
                Err(why) => missing.push(why),
            }
        }
        Definition { object, part_of: None, statements, missing }
    }
}

fn fingerprints(session: &mut dyn Session) -> Task<'_, Result<Fingerprints, SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let database = session.facts().database.clone();
        let (found, cut) = listed(session, None).await?;
        Ok(Fingerprints { all: found.iter().map(|listed| listed.object(&database)).collect(), cut })
    })
}

fn read(session: &mut dyn Session, objects: Vec<Fingerprint>) -> Task<'_, Result<Vec<Definition>, SessionError>> {
    Box::pin(async move {
        let session = MongoSession::behind(session)?;
        let database = session.facts().database.clone();
        let (found, _) = listed(session, Some(&objects)).await?;
        Ok(found.into_iter().map(|listed| listed.definition(&database)).collect())
    })
}
