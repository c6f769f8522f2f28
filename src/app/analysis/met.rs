//! Errors that a person meets in the chat: said on the spot, and reported to the store as private ones.

use super::pasted::{Found, Pasted};
use super::{About, Analysis, of_error, of_plan};
use crate::app::chat::Entry;
use crate::app::effect::Effect;
use crate::app::library::Library;
use crate::app::model::{Model, SchemaState, TargetModel};
use crate::domain::dialect::Dialect;
use crate::domain::error::catalogue::Catalogue;
use crate::domain::error::event::{ErrorEvent, Source, keep};
use crate::domain::error::naming::understand;
use crate::domain::error_event::ServerMessage;
use crate::domain::schema::Schema;
use crate::domain::target::EngineId;

/// Different errors of a pasted text that are talked about; the others are counted.
const TALKED_ABOUT: usize = 3;

/// A statement that somebody ran here failed on its server.
pub fn failed(model: &mut Model, statement: &str, said: &ServerMessage) -> Vec<Effect> {
    let (now, database) = (model.now, model.chat.database.clone());
    let Some(t) = model.chat_target() else { return Vec::new() };
    let naming = t.dialect.errors();
    let code = Some(said.code.as_str()).filter(|code| !code.is_empty());
    let error = understand(naming, &said.message, code);
    let analysis = of_error(&About {
        error: &error,
        catalogue: Some(naming.catalogue()),
        statement: Some(statement),
        schema: schema(t, database.as_ref()),
        pattern: model.incidents.pattern(&error.signature),
        count: 1,
        now,
    });
    let besides: Vec<&str> = said.detail.iter().chain(&said.hint).map(String::as_str).collect();
    let event = ErrorEvent {
        more: (!besides.is_empty()).then(|| keep(&besides.join("\n"))),
        user: t.identity.as_ref().map(|i| i.user.clone()).filter(|user| !user.is_empty()),
        database,
        ..ErrorEvent::new(now, t.target.id.clone(), naming.engine(), Source::Typed, error)
    };
    model.chat.entries.push(Entry::Analysis { at: now, analysis });
    vec![Effect::ReportErrors(vec![event.with_statement(statement)])]
}

fn schema<'t>(t: &'t TargetModel, database: Option<&String>) -> Option<&'t Schema> {
    match t.schemas.get(&database.cloned()) {
        Some(SchemaState::Loaded(schema, _)) => Some(schema),
        _ => None,
    }
}

/// Somebody pasted errors or a plan: nothing is run.
pub fn pasted(model: &mut Model, pasted: &Pasted) -> Vec<Effect> {
    let (now, database) = (model.now, model.chat.database.clone());
    let Some(t) = model.chat_target() else { return Vec::new() };
    let found = match pasted {
        Pasted::Plan(plan) => {
            model.chat.entries.push(Entry::Analysis { at: now, analysis: of_plan(plan) });
            return Vec::new();
        }
        Pasted::Errors(found) => found,
    };
    let event = |f: &Found| {
        let mut event = ErrorEvent::new(now, t.target.id.clone(), f.engine, Source::Pasted, f.error.clone());
        event.count = f.count;
        event.more.clone_from(&f.more);
        event.statement.clone_from(&f.statement);
        event
    };
    let events: Vec<ErrorEvent> = found.iter().map(event).collect();
    let schema = schema(t, database.as_ref());
    let of = |f: &Found| {
        let catalogue = catalogue_of(f.engine, t.dialect, &model.library);
        let known = schema.filter(|_| f.engine == t.dialect.engine());
        let pattern = model.incidents.pattern(&f.error.signature);
        of_found(f, catalogue, known, pattern, now)
    };
    let mut analyses: Vec<Analysis> = found.iter().take(TALKED_ABOUT).map(of).collect();
    if let (Some(last), Some(words)) = (analyses.last_mut(), left_out(found)) {
        last.lines.push(super::fact("more", crate::app::pane::Tone::Faint, words));
    }
    model.chat.entries.extend(analyses.into_iter().map(|analysis| Entry::Analysis { at: now, analysis }));
    vec![Effect::ReportErrors(events)]
}

/// What a text holds, as words for `ask`: nothing is known of the past there.
pub fn in_words(pasted: &Pasted, dialect: &dyn Dialect, library: &Library, schema: &Schema) -> String {
    let found = match pasted {
        Pasted::Plan(plan) => return of_plan(plan).text(),
        Pasted::Errors(found) => found,
    };
    let of = |f: &Found| {
        let known = Some(schema).filter(|_| f.engine == dialect.engine());
        let now = schema.taken_at;
        let mut analysis = of_found(f, catalogue_of(f.engine, dialect, library), known, None, now);
        analysis.lines.retain(|line| line.lead != "seen");
        analysis.text()
    };
    let mut words: Vec<String> = found.iter().take(TALKED_ABOUT).map(of).collect();
    words.extend(left_out(found));
    words.join("\n")
}

fn of_found(
    found: &Found,
    catalogue: Option<&Catalogue>,
    schema: Option<&Schema>,
    pattern: Option<&crate::domain::incident::Pattern>,
    now: crate::domain::target::Timestamp,
) -> Analysis {
    let statement = found.statement.as_deref();
    let mut analysis =
        of_error(&About { error: &found.error, catalogue, statement, schema, pattern, count: found.count, now });
    analysis.lines.insert(0, super::fact("says", crate::app::pane::Tone::Plain, found.error.message.clone()));
    analysis.lines.insert(1, super::fact("engine", crate::app::pane::Tone::Faint, found.engine.0));
    analysis
}

fn catalogue_of(engine: EngineId, dialect: &dyn Dialect, library: &Library) -> Option<&'static Catalogue> {
    if dialect.engine() == engine {
        return Some(dialect.errors().catalogue());
    }
    library.naming(engine.0).map(crate::domain::error::naming::ErrorNaming::catalogue)
}

fn left_out(found: &[Found]) -> Option<String> {
    let rest = found.get(TALKED_ABOUT..).filter(|rest| !rest.is_empty())?;
    let names: Vec<String> = rest.iter().map(|f| format!("{} ({}x)", f.error.title, f.count)).collect();
    Some(format!("{} more: {}", rest.len(), names.join(", ")))
}
