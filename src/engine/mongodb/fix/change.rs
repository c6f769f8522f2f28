//! What one approved command changes: its collection, the documents that it picks, and what kind of change it is.
//! Read from the exact bytes by the same translation that the guard uses.

use crate::domain::error_event::SessionError;
use crate::engine::mongodb::dialect::command;
use bson::{Bson, Document};

/// Fields of a command that are the session's affair: they are taken out of the statement and set by us.
pub(in crate::engine::mongodb) const FRAME: &[&str] = &["maxTimeMS", "comment", "writeConcern"];

/// A command and what it changes.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) struct Statement {
    /// The database that it runs in.
    pub(in crate::engine::mongodb) database: String,
    /// The statement itself names that database, or the session is connected to another one.
    pub(in crate::engine::mongodb) named: bool,
    /// The collection that it is about, by its database and its name.
    pub(in crate::engine::mongodb) collection: Option<(String, String)>,
    /// The exact command.
    pub(in crate::engine::mongodb) command: Document,
    /// What it does.
    pub(in crate::engine::mongodb) change: Change,
}

/// Kinds of change.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mongodb) enum Change {
    /// New documents.
    Insert(Vec<Document>),
    /// Other content for the documents that these pick.
    Update(Vec<Pick>),
    /// No more documents that these pick.
    Delete(Vec<Pick>),
    /// Indexes by their definitions.
    CreateIndexes(Vec<Document>),
    /// Indexes by name, names, keys, or `*`.
    DropIndexes(Bson),
    /// `collMod`.
    Modify,
    /// A collection, or a view of another one.
    Create(Option<String>),
    /// No more collection.
    Drop,
    /// Another full name.
    Rename(String),
    /// A parameter of the server.
    Parameter(String),
    /// What the profiler records.
    Profile,
    /// Another size of the replication log.
    ResizeLog,
    /// The end of an operation: its number, and what tells it from a later one.
    Kill(Bson, Document),
    /// The end of sessions, by their ids.
    EndSessions(Vec<Document>),
    /// Work on a collection or the server that changes no content: `compact`, `reIndex`, `validate`, `dbHash`, `fsync`.
    Upkeep,
}

/// Which documents one entry of a change picks.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::engine::mongodb) struct Pick {
    /// The filter.
    pub(in crate::engine::mongodb) filter: Document,
    /// How texts compare.
    pub(in crate::engine::mongodb) collation: Option<Bson>,
    /// The index to use.
    pub(in crate::engine::mongodb) hint: Option<Bson>,
    /// One document at most.
    pub(in crate::engine::mongodb) one: bool,
    /// A document is made when none fits.
    pub(in crate::engine::mongodb) upsert: bool,
}

impl Pick {
    fn of(entry: &Document, filter: &str, one: bool) -> Self {
        Self {
            filter: entry.get_document(filter).cloned().unwrap_or_default(),
            collation: entry.get("collation").cloned(),
            hint: entry.get("hint").cloned(),
            one,
            upsert: flag(entry.get("upsert")),
        }
    }

    /// The one `_id` that it is about, whatever else it asks of the document.
    pub(in crate::engine::mongodb) fn id(&self) -> Option<&Bson> {
        match self.filter.get("_id")? {
            Bson::RegularExpression(_) | Bson::Array(_) => None,
            Bson::Document(inner) if inner.keys().next().is_some_and(|key| key.starts_with('$')) => None,
            id => Some(id),
        }
    }
}

impl Statement {
    /// The statement of these bytes; `connected` is the database when it names none.
    pub(in crate::engine::mongodb) fn parse(text: &str, connected: &str) -> Result<Self, SessionError> {
        let unsupported = SessionError::Unsupported;
        let command::Command { database, document: command, .. } = command::parse(text)
            .map_err(|error| unsupported(format!("the statement cannot be read: {}", error.message)))?;
        let named = database.is_some();
        let database = database.unwrap_or_else(|| connected.to_owned());
        let Some((name, first)) = command.iter().next().map(|(name, first)| (name.clone(), first.clone())) else {
            return Err(unsupported("there is no command".to_owned()));
        };
        let change = change(&name, &first, &command).ok_or_else(|| {
            unsupported(format!("{name} is not one of the commands that are carried out after an approval"))
        })?;
        let collection = match (&change, first.as_str()) {
            (Change::Rename(_), Some(full)) => full.split_once('.').map(|(db, name)| (db.to_owned(), name.to_owned())),
            (
                Change::Parameter(_) | Change::Profile | Change::ResizeLog | Change::Kill(..) | Change::EndSessions(_),
                _,
            ) => None,
            (_, Some(name)) => Some((database.clone(), name.to_owned())),
            // `dbHash` and `fsync` name none.
            (_, None) => None,
        };
        Ok(Self { database, named, collection, command, change })
    }

    /// In a session that is connected to a database: what undoes it names another one, to be found from here.
    pub(in crate::engine::mongodb) fn seen_from(mut self, connected: &str) -> Self {
        self.named |= self.database != connected;
        self
    }

    /// The command's name as it was written.
    pub(in crate::engine::mongodb) fn name(&self) -> &str {
        self.command.keys().next().map_or("", String::as_str)
    }

    /// The documents that it picks; empty for what picks none.
    pub(in crate::engine::mongodb) fn picks(&self) -> &[Pick] {
        match &self.change {
            Change::Update(picks) | Change::Delete(picks) => picks,
            _ => &[],
        }
    }

    /// It changes documents, and a server with transactions does it in one.
    pub(in crate::engine::mongodb) fn changes_documents(&self) -> bool {
        matches!(self.change, Change::Insert(_) | Change::Update(_) | Change::Delete(_))
    }

    /// It goes through the log of operations, so that only a primary does it.
    pub(in crate::engine::mongodb) fn is_replicated(&self) -> bool {
        !matches!(
            self.change,
            Change::Parameter(_)
                | Change::Profile
                | Change::ResizeLog
                | Change::Kill(..)
                | Change::EndSessions(_)
                | Change::Upkeep
        )
    }

    /// It can change one document at most, so that it happens as a whole or not at all.
    pub(in crate::engine::mongodb) fn is_single(&self) -> bool {
        match &self.change {
            Change::Insert(documents) => documents.len() == 1,
            Change::Update(picks) | Change::Delete(picks) => matches!(picks.as_slice(), [one] if one.one),
            _ => false,
        }
    }
}

fn change(name: &str, first: &Bson, command: &Document) -> Option<Change> {
    let entries = |field: &str| -> Option<Vec<Document>> {
        command.get_array(field).ok()?.iter().map(|entry| entry.as_document().cloned()).collect()
    };
    Some(match name {
        "insert" => Change::Insert(entries("documents")?),
        "update" => {
            Change::Update(entries("updates")?.iter().map(|e| Pick::of(e, "q", !flag(e.get("multi")))).collect())
        }
        "delete" => {
            Change::Delete(entries("deletes")?.iter().map(|e| Pick::of(e, "q", flag(e.get("limit")))).collect())
        }
        "findAndModify" | "findandmodify" => {
            let pick = vec![Pick::of(command, "query", true)];
            if flag(command.get("remove")) { Change::Delete(pick) } else { Change::Update(pick) }
        }
        "createIndexes" => Change::CreateIndexes(entries("indexes")?),
        "dropIndexes" | "deleteIndexes" => Change::DropIndexes(command.get("index")?.clone()),
        "collMod" => Change::Modify,
        "create" => Change::Create(command.get_str("viewOn").ok().map(str::to_owned)),
        "drop" => Change::Drop,
        "renameCollection" => Change::Rename(command.get_str("to").ok()?.to_owned()),
        "setParameter" => Change::Parameter(command.keys().skip(1).find(|key| !FRAME.contains(&key.as_str()))?.clone()),
        "profile" => Change::Profile,
        "replSetResizeOplog" => Change::ResizeLog,
        "killOp" => {
            let facts = command.get_document("comment").cloned().unwrap_or_default();
            Change::Kill(command.get("op")?.clone(), facts)
        }
        "killAllSessionsByPattern" => Change::EndSessions(sessions(first)?),
        "compact" | "reIndex" | "validate" | "dbHash" | "dbhash" | "fsync" => Change::Upkeep,
        _ => return None,
    })
}

/// The sessions that are to be ended: each by its id and its owner's, and at least one, because no pattern at all means
/// every session.
fn sessions(patterns: &Bson) -> Option<Vec<Document>> {
    let lsid = |pattern: &Bson| {
        let pattern = pattern.as_document().filter(|pattern| pattern.len() == 1)?;
        let lsid = pattern.get_document("lsid").ok()?;
        let exact = lsid.len() == 2
            && matches!(lsid.get("id"), Some(Bson::Binary(id)) if id.bytes.len() == 16)
            && matches!(lsid.get("uid"), Some(Bson::Binary(uid)) if uid.bytes.len() == 32);
        exact.then(|| lsid.clone())
    };
    patterns.as_array()?.iter().map(lsid).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

/// A truth value, or a number that stands for one.
fn flag(value: Option<&Bson>) -> bool {
    match value {
        Some(Bson::Boolean(on)) => *on,
        Some(Bson::Int32(n)) => *n != 0,
        Some(Bson::Int64(n)) => *n != 0,
        Some(Bson::Double(n)) => *n != 0.0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bson::doc;

    fn parsed(text: &str) -> Statement {
        Statement::parse(text, "shop").unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn picks_say_how_many_documents_they_mean() {
        let many = parsed("db.orders.updateMany({a: 1}, {$set: {b: 2}})");
        assert!(!many.picks()[0].one && !many.is_single() && many.changes_documents());
        for one in [
            "db.orders.updateOne({a: 1}, {$set: {b: 2}})",
            "db.orders.deleteOne({a: 1})",
            "db.orders.findOneAndDelete({a: 1})",
            "{findAndModify: 'orders', query: {a: 1}, update: {$set: {b: 2}}}",
            "{delete: 'orders', deletes: [{q: {a: 1}, limit: 1.0}]}",
            "db.orders.insertOne({a: 1})",
        ] {
            assert!(parsed(one).is_single(), "{one}");
        }
        assert!(matches!(parsed("db.o.findOneAndDelete({a: 1})").change, Change::Delete(_)));
        assert!(parsed("db.o.replaceOne({_id: 5, b: 1}, {c: 1}, {upsert: true})").picks()[0].upsert);
    }

    #[test]
    fn an_id_is_one_only_when_it_is_compared_as_it_is() {
        let id = |filter: Document| Pick { filter, ..Pick::default() }.id().cloned();
        assert_eq!(id(doc! { "_id": 5, "b": 1 }), Some(Bson::Int32(5)));
        assert_eq!(id(doc! { "_id": { "a": 1 } }), Some(Bson::Document(doc! { "a": 1 })));
        for filter in [doc! { "b": 1 }, doc! { "_id": { "$in": [1] } }, doc! { "$or": [{ "_id": 1 }] }] {
            assert_eq!(id(filter), None);
        }
    }

    #[test]
    fn collections_are_found_where_the_command_names_them() {
        let place = |text: &str| parsed(text).collection.map(|(db, name)| format!("{db}.{name}"));
        assert_eq!(place("db.a.b.drop()").as_deref(), Some("shop.a.b"));
        assert_eq!(place("db.getSiblingDB('x').a.drop()").as_deref(), Some("x.a"));
        assert_eq!(place("{renameCollection: 'y.a.b', to: 'y.c'}").as_deref(), Some("y.a.b"));
        assert_eq!(place("{setParameter: 1, logLevel: 1}"), None);
        assert_eq!(place("{fsync: 1}"), None);
    }

    #[test]
    fn what_is_not_carried_out_is_said() {
        for text in ["{find: 'a'}", "{killAllSessionsByPattern: []}", "{shutdown: 1}", "{dropIndexes: 'a'}", "nonsense"]
        {
            assert!(Statement::parse(text, "shop").is_err(), "{text}");
        }
        let every = "{killAllSessionsByPattern: [{users: [{user: 'x', db: 'y'}]}]}";
        assert!(Statement::parse(every, "shop").is_err());
    }
}
