//! The objects that a command touches, read anew: a collection by its UUID, with a hash of its options and indexes, so
//! that one that was dropped and made again, renamed or changed is another one.

use super::change::{Change, Statement};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::TouchedObject;
use crate::domain::text::hex;
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{Bson, Document, RawBsonRef, RawDocument, doc};
use sha2::{Digest as _, Sha256};

/// Time for each look, milliseconds.
const LOOK_MS: u64 = 2_000;
/// Error of a command that views do not have.
const NOT_ON_A_VIEW: &str = "166";
/// Indexes of one collection are 64 at most; a batch that holds them all.
const BATCH: i32 = 1_000;

/// A collection as it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Collection {
    database: String,
    name: String,
    uuid: Option<String>,
    /// `collection`, `view` or `timeseries`.
    pub(in crate::engine::mongodb) kind: String,
    /// What it was created with.
    pub(in crate::engine::mongodb) options: Document,
    /// The definitions of its indexes, by name.
    pub(in crate::engine::mongodb) indexes: Vec<Document>,
}

impl Collection {
    /// The collection of a name; none when there is none.
    async fn find(session: &mut MongoSession, database: &str, name: &str) -> Result<Option<Self>, SessionError> {
        let list = doc! { "listCollections": 1, "filter": { "name": name }, "cursor": { "batchSize": BATCH } };
        let reply = session.look(database, list, LOOK_MS).await?;
        let listed = reply.documents("cursor.firstBatch");
        let Some(found) = listed.into_iter().find(|listed| listed.text("name") == Some(name)) else { return Ok(None) };
        let kind = found.text("type").unwrap_or("collection").to_owned();
        let mut indexes = if kind == "view" { Vec::new() } else { indexes(session, database, name).await? };
        indexes.sort_by(|a, b| name_of(a).cmp(name_of(b)));
        Ok(Some(Self {
            database: database.to_owned(),
            name: name.to_owned(),
            uuid: found.at("info.uuid").and_then(uuid),
            kind,
            options: found.document("options").and_then(|options| Document::try_from(options).ok()).unwrap_or_default(),
            indexes,
        }))
    }

    /// `db.name`.
    pub(in crate::engine::mongodb) fn full_name(&self) -> String {
        format!("{}.{}", self.database, self.name)
    }

    /// An index by its name.
    pub(in crate::engine::mongodb) fn index(&self, name: &str) -> Option<&Document> {
        self.indexes.iter().find(|index| name_of(index) == name)
    }

    /// As an approval binds it. Views have no UUID: their definition is all that they are.
    fn touched(&self) -> TouchedObject {
        let mut digest = Sha256::new();
        for part in [&doc! { "type": &self.kind }, &self.options].into_iter().chain(&self.indexes) {
            // Every document leads with its own length.
            digest.update(part.to_vec().unwrap_or_default());
        }
        TouchedObject {
            name: self.full_name(),
            id: self.uuid.clone().unwrap_or_else(|| format!("{} without a UUID", self.kind)),
            definition: hex(&digest.finalize()),
        }
    }
}

/// The name of an index.
pub(in crate::engine::mongodb) fn name_of(index: &Document) -> &str {
    index.get_str("name").unwrap_or_default()
}

/// An index has these keys, in this order; 1 and 1.0 are the same direction.
pub(in crate::engine::mongodb) fn has_keys(index: &Document, keys: &Document) -> bool {
    let plain = |value: &Bson| match value {
        Bson::Int64(n) => Bson::Double(*n as f64),
        Bson::Int32(n) => Bson::Double(f64::from(*n)),
        other => other.clone(),
    };
    index.get_document("key").is_ok_and(|own| {
        own.len() == keys.len() && own.iter().zip(keys).all(|(a, b)| a.0 == b.0 && plain(a.1) == plain(b.1))
    })
}

/// The definitions of the indexes of a collection.
pub(in crate::engine::mongodb) async fn indexes(
    session: &mut MongoSession,
    database: &str,
    collection: &str,
) -> Result<Vec<Document>, SessionError> {
    let list = doc! { "listIndexes": collection, "cursor": { "batchSize": BATCH } };
    match session.look(database, list, LOOK_MS).await {
        Ok(reply) => {
            let all = reply.documents("cursor.firstBatch").into_iter().map(Document::try_from);
            all.collect::<Result<_, _>>().map_err(|_| SessionError::Unsupported("an index cannot be read".into()))
        }
        Err(SessionError::Server(message)) if message.code == NOT_ON_A_VIEW => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn uuid(value: RawBsonRef<'_>) -> Option<String> {
    match value {
        RawBsonRef::Binary(binary) if binary.bytes.len() == 16 => Some(hex(binary.bytes)),
        _ => None,
    }
}

/// What a command touches.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::engine::mongodb) struct Resolved {
    /// The collection that it is about, as far as there is one.
    pub(in crate::engine::mongodb) collection: Option<Collection>,
    /// Everything, as an approval binds it.
    pub(in crate::engine::mongodb) touched: Vec<TouchedObject>,
}

/// Finds what a command touches.
///
/// # Errors
/// In words when it names what is not there, or would make what is there already.
pub(in crate::engine::mongodb) async fn resolve(
    session: &mut MongoSession,
    statement: &Statement,
) -> Result<Resolved, SessionError> {
    let Some((database, name)) = &statement.collection else {
        return Ok(Resolved { collection: None, touched: of_the_server(statement) });
    };
    let full = format!("{database}.{name}");
    let found = Collection::find(session, database, name).await?;
    if matches!(statement.change, Change::Create(_)) {
        if found.is_some() {
            return Err(SessionError::Unsupported(format!("{full} exists already")));
        }
        let mut touched = vec![to_be_made(&full)];
        if let Change::Create(Some(source)) = &statement.change {
            touched.extend(Collection::find(session, database, source).await?.map(|source| source.touched()));
        }
        return Ok(Resolved { collection: None, touched });
    }
    let Some(collection) = found else {
        let (other, instead) = match statement.change {
            Change::Insert(_) | Change::Update(_) => ("", format!(": create it first, {{create: \"{name}\"}}")),
            _ => (" any more, or never was", String::new()),
        };
        return Err(SessionError::Unsupported(format!("there is no collection {full}{other}{instead}")));
    };
    if statement.changes_documents() && collection.kind == "view" {
        return Err(SessionError::Unsupported(format!("{full} is a view: change the collection that it reads")));
    }
    let mut touched = vec![collection.touched()];
    if let Change::Rename(to) = &statement.change {
        let (database, name) = to.split_once('.').unwrap_or((to, ""));
        if Collection::find(session, database, name).await?.is_some() {
            return Err(SessionError::Unsupported(format!("{to} exists already")));
        }
        touched.push(to_be_made(to));
    }
    Ok(Resolved { collection: Some(collection), touched })
}

/// An object that is not there yet.
fn to_be_made(full_name: &str) -> TouchedObject {
    TouchedObject { name: full_name.to_owned(), id: "not there yet".to_owned(), definition: String::new() }
}

/// What is no collection.
fn of_the_server(statement: &Statement) -> Vec<TouchedObject> {
    let object = |name: String| TouchedObject { id: name.clone(), name, definition: String::new() };
    match &statement.change {
        Change::Parameter(name) => vec![object(format!("parameter {name}"))],
        Change::ResizeLog => vec![object("replication log of this member".to_owned())],
        Change::Profile => vec![object(format!("profiler of {}", statement.database))],
        Change::Kill(opid, _) => vec![object(format!("operation {}", words(opid)))],
        Change::EndSessions(sessions) => sessions.iter().map(|lsid| object(session_words(lsid))).collect(),
        _ => vec![object(format!("database {}", statement.database))],
    }
}

/// A number, or a text without its quotes.
pub(in crate::engine::mongodb) fn words(value: &Bson) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `session 00112233-...`.
pub(in crate::engine::mongodb) fn session_words(lsid: &Document) -> String {
    let id = match lsid.get("id") {
        Some(Bson::Binary(id)) => id.to_uuid().map_or_else(|_| hex(&id.bytes), |uuid| uuid.to_string()),
        _ => String::new(),
    };
    format!("session {id}")
}

/// The raw bytes of a session's id.
pub(in crate::engine::mongodb) fn session_bytes(lsid: &RawDocument) -> Option<(Vec<u8>, Vec<u8>)> {
    let bytes = |field: &str| match lsid.at(field)? {
        RawBsonRef::Binary(binary) => Some(binary.bytes.to_vec()),
        _ => None,
    };
    Some((bytes("id")?, bytes("uid")?))
}
