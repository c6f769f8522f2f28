//! What arrives for the chat: a schema, the end of a statement, past sessions.

use super::{begin, keep};
use crate::app::analysis::met;
use crate::app::approvals;
use crate::app::chat::{Block, ChatModel, Entry, Outcome, history_rows, history_words};
use crate::app::effect::Effect;
use crate::app::event::{PastSession, ReadError, ReadResult, RequestId};
use crate::app::model::{Model, SchemaState};
use crate::app::turn::Source;
use crate::domain::error_event::SessionError;
use std::sync::Arc;

/// The schema a message waited for arrived, or failed.
pub fn schema_arrived(model: &mut Model) -> Vec<Effect> {
    let Some(pending) = model.chat.pending.clone() else { return Vec::new() };
    let Some(t) = model.chat_target() else { return Vec::new() };
    match t.schemas.get(&model.chat.database) {
        Some(SchemaState::Loaded(..)) => {
            model.chat.pending = None;
            begin(model, pending)
        }
        Some(SchemaState::Failed(message)) => {
            let words = format!("I could not read the database's objects: {message}");
            model.chat.pending = None;
            model.chat.say(model.now, words);
            keep(model)
        }
        Some(SchemaState::Loading) | None => Vec::new(),
    }
}

/// A statement ended.
pub fn read_done(
    model: &mut Model,
    id: RequestId,
    index: usize,
    result: Result<Box<ReadResult>, ReadError>,
) -> Vec<Effect> {
    if approvals::read_done(model, id, &result) {
        return Vec::new();
    }
    let said = match &result {
        Err(ReadError::Session(SessionError::Server(said))) => Some(said.clone()),
        _ => None,
    };
    let statement = statement_of(&model.chat, id, index);
    if !model.chat.finish(id, index, result) {
        return Vec::new();
    }
    let mut effects = Vec::new();
    if let (Some(said), Some(statement)) = (said, statement) {
        effects.extend(met::failed(model, &statement, &said));
    }
    effects.extend(keep(model));
    effects
}

/// The statement at a place of the turn that runs.
fn statement_of(chat: &ChatModel, id: RequestId, index: usize) -> Option<String> {
    let running = chat.running.as_ref().filter(|r| r.id == id)?;
    running.blocks.get(index).and_then(|&entry| chat.block(entry)).map(|block| block.statement.clone())
}

/// Past sessions arrived.
pub fn history_loaded(model: &mut Model, id: RequestId, result: Result<Vec<PastSession>, String>) -> Vec<Effect> {
    if model.chat.running.take_if(|r| r.id == id).is_none() {
        return Vec::new();
    }
    let at = model.now;
    match result {
        Ok(past) => {
            let title = history_words(&past);
            model.chat.entries.push(Entry::Lead { at, title, text: None, notes: Vec::new(), source: Source::Intent });
            if !past.is_empty() {
                let rows = Arc::new(history_rows(&past, model.offset_minutes));
                model.chat.entries.push(Entry::Block(Block {
                    at,
                    title: "from our own samples of that time".into(),
                    statement: String::new(),
                    target: model.chat.target.as_ref().map(ToString::to_string).unwrap_or_default(),
                    database: None,
                    outcome: Outcome::Done { rows, took_ms: 0, notices: Vec::new() },
                }));
            }
        }
        Err(words) => model.chat.say(at, words),
    }
    keep(model)
}
