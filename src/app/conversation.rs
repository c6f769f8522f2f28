//! The chat's reducer: messages in, turns planned and run, conversations kept.

mod arrivals;
mod statements;

pub use arrivals::{history_loaded, read_done, schema_arrived};
pub use statements::copied;
use statements::{explain, focused_statement, rerun};

use super::action::{Action, ComposerEdit};
use super::analysis::met;
use super::approvals::{Asked, propose};
use super::chat::{Block, ChatModel, ConversationSummary, Entry, OpenTable, Outcome, Pending, Running, cannot_words};
use super::effect::{Effect, ReadRequest};
use super::event::RequestId;
use super::line::Line;
use super::list::matches_filter;
use super::model::{Model, SchemaState};
use super::overlay::Overlay;
use super::turn::{self, Context, Source, Turn, refusal};
use super::{command, connection, health};
use crate::domain::proposal::Draft;
use crate::domain::question::Intent;
use crate::domain::rows::Limits;
use crate::domain::target::{TargetId, Timestamp};
use std::sync::Arc;

/// A schema older than this is read anew before a name counts as unknown, milliseconds.
const SCHEMA_FRESH_MS: u64 = 5_000;
/// Lines of input kept.
const HISTORY_LINES: usize = 1_000;

/// Does what a person asked for on the chat screen.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Compose => {
            model.screen = super::model::Screen::Chat;
            model.chat.typing = true;
            model.chat.open_table = None;
        }
        Action::Send(text) => return send(model, &text),
        Action::Composer(ComposerEdit::Set(text)) => model.chat.set_draft(text),
        Action::NewChat => {
            let mut effects = keep(model);
            effects.extend(stop(model));
            let old = std::mem::take(&mut model.chat);
            model.chat = ChatModel {
                target: old.target,
                database: old.database,
                history: old.history,
                draft: old.draft,
                typing: true,
                ..ChatModel::default()
            };
            model.screen = super::model::Screen::Chat;
            return effects;
        }
        Action::Conversations => {
            model.overlay = Some(Overlay::Conversations { line: Line::default(), cursor: 0 });
            return vec![Effect::ListConversations];
        }
        Action::Rename(name) => {
            model.chat.name = crate::domain::text::escape(&name);
            model.tell(format!("this conversation is now `{name}`"), false);
            return model.chat.conversation.map(|id| Effect::RenameConversation(id, name)).into_iter().collect();
        }
        Action::DeleteChat => {
            let id = model.chat.conversation;
            let mut effects = stop(model);
            model.chat.entries.clear();
            model.chat.kept = 0;
            model.chat.conversation = None;
            model.chat.name.clear();
            model.chat.selected = None;
            model.chat.open_table = None;
            model.tell("conversation deleted", false);
            effects.extend(id.map(Effect::DeleteConversation));
            return effects;
        }
        Action::Server(name) => return choose_target(model, &name),
        Action::Database(name) => return choose_database(model, &name),
        Action::Timeout(text) => match command::duration_ms(&text) {
            Ok(ms) => {
                model.chat.timeout_once = Some(ms);
                model.tell(format!("the next statement may take {text}"), false);
            }
            Err(words) => model.tell(words, true),
        },
        Action::RowLimit(text) => match text.replace('_', "").parse::<usize>() {
            Ok(n) if n > 0 => {
                model.chat.row_limit = Some(n);
                model.tell(format!("results are cut at {n} rows (and at 16 MB)"), false);
            }
            _ => model.tell(format!("`{text}` is no number of rows"), true),
        },
        Action::Explain => return explain(model),
        Action::Rerun => return rerun(model),
        Action::Editor => {
            let text = if model.chat.typing {
                model.chat.draft.1.clone()
            } else {
                focused_statement(model).unwrap_or_default()
            };
            return vec![Effect::Edit(text)];
        }
        Action::Open => open_block(model),
        _ => {}
    }
    Vec::new()
}

/// Opens the focused block's rows over the conversation.
fn open_block(model: &mut Model) {
    let with_rows = |chat: &ChatModel, i: usize| chat.block(i).is_some_and(|b| b.rows().is_some());
    if let Some(entry) = model.chat.focused().filter(|&i| with_rows(&model.chat, i)) {
        model.chat.open_table = Some(OpenTable { entry, ..OpenTable::default() });
    } else {
        model.tell("no result here to open", false);
    }
}

fn send(model: &mut Model, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let mut effects = vec![Effect::KeepInput(crate::domain::text::redact(text))];
    if model.chat.history.last().map(String::as_str) != Some(text) {
        model.chat.history.push(text.to_owned());
        let extra = model.chat.history.len().saturating_sub(HISTORY_LINES);
        model.chat.history.drain(..extra);
    }
    model.chat.selected = None;
    if let Some(line) = text.strip_prefix('/').or_else(|| text.strip_prefix(':')) {
        effects.extend(match command::parse(line) {
            Ok(action) => super::update::update(model, super::event::Event::Action(model.now, action)),
            Err(words) => {
                model.tell(words, true);
                Vec::new()
            }
        });
        return effects;
    }
    if let Some(rest) = text.strip_prefix("\\c ").or_else(|| text.strip_prefix("\\connect ")) {
        effects.extend(choose_database(model, rest.trim()));
        return effects;
    }
    if model.chat.running.is_some() || model.chat.pending.is_some() {
        model.tell("one thing at a time: Esc stops what runs", true);
        model.chat.set_draft(text.to_owned());
        return effects;
    }
    let at = model.now;
    if model.chat.name.is_empty() {
        model.chat.name = crate::domain::text::fit(&crate::domain::text::escape(text), 40);
    }
    model.chat.entries.push(Entry::You { at, text: text.to_owned() });
    if model.chat.target.is_none() {
        if let [only] = model.targets.as_slice() {
            model.chat.target = Some(only.target.id.clone());
        } else {
            model.chat.pending = Some(Pending { text: text.to_owned(), fresh: false });
            model.overlay = Some(Overlay::Targets { line: Line::default(), cursor: 0 });
            return effects;
        }
    }
    effects.extend(begin(model, Pending { text: text.to_owned(), fresh: false }));
    effects
}

/// Plans and starts a message, or waits for the schema first.
fn begin(model: &mut Model, pending: Pending) -> Vec<Effect> {
    let (now, offset_minutes, limits) = (model.now, model.offset_minutes, limits(model));
    let database = model.chat.database.clone();
    let Some(id) = model.chat.target.clone() else { return Vec::new() };
    if let Some(words) = model.target(&id).and_then(|t| connection::held_words(t, now, offset_minutes)) {
        model.chat.say(now, words);
        return keep(model);
    }
    let Some(t) = model.target_mut(&id) else { return Vec::new() };
    let (schema, catalog) = match t.schemas.get(&database) {
        Some(SchemaState::Loaded(schema, catalog)) => (Arc::clone(schema), Arc::clone(catalog)),
        Some(SchemaState::Loading) => {
            model.chat.pending = Some(pending);
            return Vec::new();
        }
        Some(SchemaState::Failed(_)) | None => {
            t.schemas.insert(database.clone(), SchemaState::Loading);
            model.chat.pending = Some(pending);
            return vec![Effect::LoadSchema(id, database)];
        }
    };
    let dialect = t.dialect;
    let library = &model.library;
    let context = Context { dialect, schema: &schema, catalog: &catalog, library, now, offset_minutes };
    let turn = turn::plan(&pending.text, &context);
    let unknown_name = matches!(&turn, Turn::Cannot(_) | Turn::Refused { .. } | Turn::Propose { .. });
    if unknown_name && !pending.fresh && now.since(schema.taken_at) > SCHEMA_FRESH_MS {
        // Perhaps the table was made a moment ago: look again before saying that it does not exist.
        if let Some(t) = model.target_mut(&id) {
            t.schemas.insert(database.clone(), SchemaState::Loading);
        }
        model.chat.pending = Some(Pending { fresh: true, ..pending });
        return vec![Effect::LoadSchema(id, database)];
    }
    // Whatever is sent next takes the place of an edited proposal, if it is one.
    let replaces = model.approvals.editing.take();
    match turn {
        Turn::Propose { draft, .. } => {
            let mut effects = keep(model);
            let draft = Draft { database, ..draft };
            let wish = propose::Wish { replaces, ..propose::Wish::of_person(id.clone(), draft, Asked::InChat) };
            effects.extend(propose::propose(model, wish));
            effects
        }
        Turn::Run { title, statements, text, notes, source } => {
            if !title.is_empty() || !notes.is_empty() || text.is_some() {
                model.chat.entries.push(Entry::Lead { at: now, title, text, notes, source });
            }
            let texts: Vec<String> = statements.iter().map(|s| s.statement.clone()).collect();
            let titles = statements.into_iter().map(|s| s.title).collect();
            run(model, &id, texts, titles, limits)
        }
        Turn::History { from, to } => {
            let request = next_request(model);
            model.chat.running =
                Some(Running { id: request, since: now, blocks: Vec::new(), rows: 0, stopping: false });
            vec![Effect::LoadHistory(request, id, from, to)]
        }
        Turn::Fleet(intent) => {
            answer_fleet(model, &intent);
            keep(model)
        }
        Turn::Refused { judgement, .. } => {
            let mut words = refusal(&judgement);
            if let Some(act) = turn::typed_act(judgement.class, dialect) {
                words.push_str(&format!("\n{act}"));
            }
            model.chat.say(now, words);
            keep(model)
        }
        Turn::Pasted(pasted) => {
            let mut effects = met::pasted(model, &pasted);
            effects.extend(keep(model));
            effects
        }
        Turn::Cannot(cannot) => {
            model.chat.say(now, cannot_words(&cannot));
            keep(model)
        }
    }
}

/// Puts statements into blocks and starts them.
fn run(model: &mut Model, id: &TargetId, statements: Vec<String>, titles: Vec<String>, limits: Limits) -> Vec<Effect> {
    if statements.is_empty() {
        return keep(model);
    }
    let at = model.now;
    let database = model.chat.database.clone();
    let first = model.chat.entries.len();
    for (i, (statement, title)) in statements.iter().zip(titles).enumerate() {
        model.chat.entries.push(Entry::Block(Block {
            at,
            title,
            statement: statement.clone(),
            target: id.to_string(),
            database: database.clone(),
            outcome: if i == 0 { Outcome::Running } else { Outcome::Waiting },
        }));
    }
    let request = next_request(model);
    let blocks = (first..model.chat.entries.len()).collect();
    model.chat.running = Some(Running { id: request, since: at, blocks, rows: 0, stopping: false });
    model.chat.timeout_once = None;
    vec![Effect::Read(ReadRequest { id: request, target: id.clone(), database, statements, limits })]
}

fn limits(model: &Model) -> Limits {
    let mut limits = model.limits;
    if let Some(rows) = model.chat.row_limit {
        limits.rows = rows;
    }
    if let Some(ms) = model.chat.timeout_once {
        limits.timeout_ms = ms;
    }
    limits
}

/// The number of the next request.
pub fn next_request(model: &mut Model) -> RequestId {
    model.last_request += 1;
    RequestId(model.last_request)
}

fn answer_fleet(model: &mut Model, intent: &Intent) {
    let (title, rows) = super::fleet::answer(&model.targets, model.now, intent);
    let at = model.now;
    model.chat.entries.push(Entry::Lead { at, title, text: None, notes: Vec::new(), source: Source::Intent });
    model.chat.entries.push(Entry::Block(Block {
        at,
        title: "from the last samples of all targets".into(),
        statement: String::new(),
        target: String::new(),
        database: None,
        outcome: Outcome::Done { rows: Arc::new(rows), took_ms: 0, notices: Vec::new() },
    }));
}

/// Stops what runs.
pub fn stop(model: &mut Model) -> Vec<Effect> {
    model.chat.pending = None;
    match model.chat.running.as_mut() {
        Some(running) => {
            running.stopping = true;
            vec![Effect::Cancel(running.id)]
        }
        None => Vec::new(),
    }
}

/// Esc on the chat screen: close the open result, stop what runs, leave the composer, in this order.
pub fn back(model: &mut Model) -> Vec<Effect> {
    if let Some(open) = &mut model.chat.open_table {
        if open.list.filter.is_empty() {
            model.chat.open_table = None;
        } else {
            open.list.filter.clear();
        }
        return Vec::new();
    }
    if model.chat.running.is_some() || model.chat.pending.is_some() {
        return stop(model);
    }
    if model.chat.typing {
        model.chat.typing = false;
    } else {
        model.chat.selected = None;
    }
    Vec::new()
}

/// Hands finished entries to the store, in order.
pub fn keep(model: &mut Model) -> Vec<Effect> {
    let chat = &mut model.chat;
    if chat.entries.len() <= chat.kept || chat.running.is_some() {
        return Vec::new();
    }
    match chat.conversation {
        Some(id) => {
            let entries = chat.entries[chat.kept..].iter().map(Entry::for_store).collect();
            chat.kept = chat.entries.len();
            vec![Effect::KeepEntries(id, entries)]
        }
        None if chat.creating => Vec::new(),
        None => {
            chat.creating = true;
            let name = crate::domain::text::redact(&chat.name);
            vec![Effect::CreateConversation(name, chat.target.clone())]
        }
    }
}

/// A kept conversation was read.
pub fn opened(model: &mut Model, id: i64, name: String, entries: Vec<Entry>) {
    let old = std::mem::take(&mut model.chat);
    model.chat = ChatModel {
        conversation: Some(id),
        name,
        kept: entries.len(),
        entries,
        target: old.target,
        database: old.database,
        history: old.history,
        conversations: old.conversations,
        draft: old.draft,
        ..ChatModel::default()
    };
    model.screen = super::model::Screen::Chat;
}

/// Conversations whose name matches what is typed.
pub fn found<'a>(model: &'a Model, typed: &str) -> Vec<&'a ConversationSummary> {
    model.chat.conversations.iter().filter(|c| matches_filter(typed, std::iter::once(c.name.as_str()))).collect()
}

/// Targets whose name or address matches what is typed.
pub fn targets_found<'a>(model: &'a Model, typed: &str) -> Vec<&'a TargetId> {
    model
        .targets
        .iter()
        .filter(|t| matches_filter(typed, [t.target.id.as_str(), t.target.address.as_str()].into_iter()))
        .map(|t| &t.target.id)
        .collect()
}

fn choose_target(model: &mut Model, name: &str) -> Vec<Effect> {
    if name.is_empty() {
        model.overlay = Some(Overlay::Targets { line: Line::default(), cursor: 0 });
        return Vec::new();
    }
    let exact = model.targets.iter().map(|t| &t.target.id).find(|id| id.as_str().eq_ignore_ascii_case(name)).cloned();
    let Some(id) = exact else {
        let names: Vec<String> = model.targets.iter().map(|t| t.target.id.to_string()).collect();
        model.tell(format!("no target `{name}`; there are {}", names.join(", ")), true);
        return Vec::new();
    };
    let mut effects = Vec::new();
    if model.chat.target.as_ref() != Some(&id) {
        effects.extend(if model.chat.running.is_some() { stop(model) } else { Vec::new() });
        model.chat.database = None;
        model.tell(format!("talking to {id}"), false);
        model.chat.target = Some(id);
    }
    if let Some(pending) = model.chat.pending.take() {
        effects.extend(begin(model, pending));
    }
    effects.extend(health::refresh_view(model));
    effects
}

fn choose_database(model: &mut Model, name: &str) -> Vec<Effect> {
    let name = name.trim().trim_end_matches(';').trim_matches('"').to_owned();
    let Some(id) = model.chat.target.clone() else {
        model.tell("choose a server first: t", true);
        return Vec::new();
    };
    if model.chat.running.is_some() {
        model.tell("a statement runs: Esc stops it", true);
        return Vec::new();
    }
    let own = model.target(&id).and_then(|t| t.identity.as_ref()).map(|i| i.database.clone());
    model.chat.database = (own.as_deref() != Some(name.as_str())).then(|| name.clone());
    model.tell(format!("database {name}"), false);
    let database = model.chat.database.clone();
    let Some(t) = model.target_mut(&id) else { return Vec::new() };
    t.schemas.insert(database.clone(), SchemaState::Loading);
    vec![Effect::LoadSchema(id, database)]
}

/// The time a running turn has taken so far, milliseconds.
pub fn running_ms(model: &Model, now: Timestamp) -> Option<u64> {
    model.chat.running.as_ref().map(|r| now.since(r.since))
}
