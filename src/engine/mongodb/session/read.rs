//! The reading door: a command that the guard allowed, looked at once more, within its caps, ended on the server when
//! it is stopped or late.

use super::{GRACE, MongoSession, elapsed_ms, frame, refused};
use crate::domain::error_event::SessionError;
use crate::domain::rows::{Column, Limits, Value};
use crate::engine::mongodb::cells;
use crate::engine::mongodb::columns::Layout;
use crate::engine::mongodb::wire::{Fields as _, Refusal, WireError};
use crate::engine::{ReadSummary, RowSink};
use bson::{Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Documents asked of the server at once. The server also ends a batch at 16 MB.
const BATCH: i64 = 1000;
/// Where a reply that is no cursor keeps what it lists, by command in lower case.
const LISTS: &[(&str, &str)] = &[
    ("listdatabases", "databases"),
    ("currentop", "inprog"),
    ("usersinfo", "users"),
    ("rolesinfo", "roles"),
    ("replsetgetstatus", "members"),
    ("listshards", "shards"),
    ("getlog", "log"),
    ("distinct", "values"),
];
/// What a server adds to every reply.
const ENVELOPE: &[&str] = &["ok", "$clusterTime", "operationTime", "$configServerState", "lastCommittedOpTime"];

/// Why a reply did not come.
enum Halt {
    Stopped,
    Late,
    Refused(Refusal),
    Broken(WireError),
}

/// The running read's bounds.
struct Bounds<'a> {
    deadline: Instant,
    stop: &'a CancellationToken,
    limits: &'a Limits,
}

/// A cursor with more to give.
struct Cursor {
    id: i64,
    database: String,
    collection: String,
}

impl Cursor {
    fn of(reply: &RawDocument) -> Option<Self> {
        let id = reply.int("cursor.id").filter(|&id| id != 0)?;
        let (database, collection) = reply.text("cursor.ns")?.split_once('.')?;
        Some(Self { id, database: database.to_owned(), collection: collection.to_owned() })
    }
}

impl MongoSession {
    /// Reads what a command gives.
    pub(in crate::engine::mongodb) async fn read_command(
        &mut self,
        database: &str,
        command: Document,
        limits: &Limits,
        stop: &CancellationToken,
        sink: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        if let Some(objection) = frame::objection(&command) {
            return Err(SessionError::Unsupported(objection));
        }
        self.ready().await?;
        let started = Instant::now();
        let bounds = Bounds { deadline: started + Duration::from_millis(limits.timeout_ms) + GRACE, stop, limits };
        let name = command.keys().next().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        let command = frame::capped(command, limits.rows, BATCH);
        let command = self.framed(command, limits.timeout_ms);
        let mut cursor = None;
        let end = self.stream(&name, database, command, &bounds, sink, &mut cursor).await;
        let took_ms = elapsed_ms(started);
        let at_rest = match &end {
            Err(Halt::Stopped | Halt::Late) => self.stop().await,
            Err(Halt::Broken(_)) => false,
            _ => true,
        };
        if let Some(Cursor { id, database, collection }) = cursor.filter(|_| at_rest) {
            self.close_cursor(&database, &collection, id).await;
        }
        match end {
            Ok(()) => Ok(ReadSummary { took_ms, notices: Vec::new() }),
            Err(Halt::Refused(refusal)) => Err(refused(refusal, took_ms)),
            Err(Halt::Broken(error)) => Err(self.lost(&error)),
            Err(_) if !at_rest => Err(SessionError::Lost(
                "the server did not confirm the stop in time, so the connection was closed: the server ends what a \
                 closed connection asked for"
                    .into(),
            )),
            Err(Halt::Stopped) => Err(SessionError::Canceled),
            Err(Halt::Late) => Err(SessionError::Deadline(took_ms)),
        }
    }

    /// Hands rows over until there are no more or the sink has enough. A cursor that stays open is left in `cursor`.
    async fn stream(
        &mut self,
        name: &str,
        database: &str,
        command: Document,
        bounds: &Bounds<'_>,
        sink: &mut dyn RowSink,
        cursor: &mut Option<Cursor>,
    ) -> Result<(), Halt> {
        let reply = self.exchange(database, command, bounds).await?;
        if reply.document("cursor").is_none() {
            single(name, &reply, bounds.limits.cell_bytes, sink);
            return Ok(());
        }
        *cursor = Cursor::of(&reply);
        let batch = reply.documents("cursor.firstBatch");
        let layout = Layout::of(&batch, cursor.is_some());
        sink.columns(layout.columns());
        if pass_on(&layout, &batch, bounds.limits.cell_bytes, sink).is_break() {
            return Ok(());
        }
        while let Some(Cursor { id, database, collection }) = &*cursor {
            let mut more = doc! { "getMore": *id, "collection": collection, "batchSize": BATCH };
            if frame::takes_comment("getMore", self.facts.wire_version) {
                self.count += 1;
                more.insert("comment", self.comment());
            }
            let database = database.clone();
            let reply = self.exchange(&database, more, bounds).await?;
            *cursor = Cursor::of(&reply);
            let batch = reply.documents("cursor.nextBatch");
            if pass_on(&layout, &batch, bounds.limits.cell_bytes, sink).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn exchange(
        &mut self,
        database: &str,
        command: Document,
        bounds: &Bounds<'_>,
    ) -> Result<RawDocumentBuf, Halt> {
        let Some(wire) = self.wire.as_mut() else { return Err(Halt::Broken(WireError::Closed)) };
        tokio::select! {
            biased;
            () = bounds.stop.cancelled() => Err(Halt::Stopped),
            () = sleep_until(bounds.deadline) => Err(Halt::Late),
            reply = wire.ask(database, command) => reply.map_err(|error| match error {
                WireError::Refused(refusal) => Halt::Refused(refusal),
                error => Halt::Broken(error),
            }),
        }
    }
}

fn pass_on(layout: &Layout, batch: &[&RawDocument], cap: usize, sink: &mut dyn RowSink) -> ControlFlow<()> {
    batch.iter().try_for_each(|document| sink.row(layout.row(document, cap)))
}

/// A reply that is no cursor: the list that it keeps, one row; a few scalars, one row; else one row for each field,
/// nested ones with their path.
fn single(name: &str, reply: &RawDocument, cap: usize, sink: &mut dyn RowSink) {
    let listed = LISTS.iter().find(|(command, _)| *command == name).map(|(_, field)| *field);
    if let Some(values) = listed.filter(|field| reply.at(field).is_some()).map(|field| reply.values(field)) {
        list(&values, cap, sink);
        return;
    }
    let fields: Vec<(&str, RawBsonRef<'_>)> =
        cells::fields_of(reply).filter(|(name, _)| !ENVELOPE.contains(name)).collect();
    let nested = |value: &RawBsonRef<'_>| matches!(value, RawBsonRef::Document(_) | RawBsonRef::Array(_));
    if fields.len() <= 6 && !fields.iter().any(|(_, value)| nested(value)) {
        sink.columns(fields.iter().map(|(name, value)| column(name, *value)).collect());
        let _ = sink.row(fields.iter().map(|(_, value)| cells::cell(*value, cap)).collect());
        return;
    }
    sink.columns(vec![
        Column::text("field"),
        Column { name: "value".into(), type_name: String::new(), numeric: false },
    ]);
    for (name, value) in fields {
        if paths(name, value, cap, sink).is_break() {
            break;
        }
    }
}

fn column(name: &str, value: RawBsonRef<'_>) -> Column {
    let type_name = cells::type_name(value);
    Column { name: name.to_owned(), type_name: type_name.to_owned(), numeric: cells::is_number(type_name) }
}

fn list(values: &[RawBsonRef<'_>], cap: usize, sink: &mut dyn RowSink) {
    let documents: Vec<&RawDocument> = values.iter().filter_map(|value| value.as_document()).collect();
    if documents.len() == values.len() && !values.is_empty() {
        let layout = Layout::of(&documents, false);
        sink.columns(layout.columns());
        let _ = pass_on(&layout, &documents, cap, sink);
        return;
    }
    let numeric = !values.is_empty() && values.iter().all(|value| cells::is_number(cells::type_name(*value)));
    let kind = values.first().map_or("", |value| cells::type_name(*value));
    sink.columns(vec![Column { name: "value".into(), type_name: kind.to_owned(), numeric }]);
    let _ = values.iter().try_for_each(|value| sink.row(vec![cells::cell(*value, cap)]));
}

/// One row for each field of a document, however deep.
fn paths(path: &str, value: RawBsonRef<'_>, cap: usize, sink: &mut dyn RowSink) -> ControlFlow<()> {
    match value {
        RawBsonRef::Document(document) if !document.is_empty() => {
            cells::fields_of(document).try_for_each(|(name, value)| paths(&format!("{path}.{name}"), value, cap, sink))
        }
        value => sink.row(vec![Value::Text(path.to_owned()), cells::cell(value, cap)]),
    }
}
