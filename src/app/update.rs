//! The one function that changes the model: an event in, effects out.

use super::action::Action;
use super::effect::Effect;
use super::event::Event;
use super::fleet::{current_list, current_table};
use super::model::{Model, NOTICE_MS, SchemaState, Screen};
use super::respond::act;
use super::{approvals, connection, conversation, detection, diagnosis, healing, health, history, incidents, simulate};
use crate::domain::target::Timestamp;

/// Takes in one event.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let effects = take(model, event);
    approvals::settle(model);
    effects
}

fn take(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Clock(at) => {
            model.clock = at;
            Vec::new()
        }
        Event::Drawn(at, shown) => {
            approvals::drawn(model, at, shown);
            Vec::new()
        }
        Event::Tick(now) => {
            advance(model, now);
            let mut effects = health::tick(model);
            effects.extend(healing::ask::tick(model));
            effects
        }
        Event::Action(now, action) => {
            advance(model, now);
            let interrupt = action == Action::Interrupt;
            let effects = act(model, action);
            model.interrupted = interrupt && model.interrupted;
            effects
        }
        Event::Sampled(now, id, cycle, result) => {
            advance(model, now);
            health::sampled(model, &id, cycle, result)
        }
        Event::Attempted(now, id, attempt) => {
            advance(model, now);
            connection::attempted(model, &id, attempt)
        }
        Event::RecordLoaded(id, record) => {
            if let Some(t) = model.target_mut(&id) {
                t.connection.record = record;
            }
            follow_lists(model);
            Vec::new()
        }
        Event::LookedRound(id, found) => {
            diagnosis::looked(model, &id, &found);
            Vec::new()
        }
        Event::SettingChanged(now, id, address, change, reason) => {
            advance(model, now);
            diagnosis::changed(model, &id, address, change, reason)
        }
        Event::FixRemembered(id, fix) => {
            diagnosis::remembered(model, &id, fix);
            Vec::new()
        }
        Event::ViewLoaded(now, id, view, result) => {
            advance(model, now);
            if let Some(t) = model.target_mut(&id) {
                let data = t.view_data.entry(view).or_default();
                data.loading = false;
                data.at = now;
                data.result = Some(result.map(std::sync::Arc::new));
            }
            follow_lists(model);
            Vec::new()
        }
        Event::SchemaLoaded(id, database, result) => {
            if let Some(t) = model.target_mut(&id) {
                let state = match result {
                    Ok((schema, catalog)) => SchemaState::Loaded(schema, catalog),
                    Err(message) => SchemaState::Failed(message),
                };
                t.schemas.insert(database, state);
            }
            conversation::schema_arrived(model)
        }
        Event::ReadProgress(id, rows) => {
            let mut exporting = false;
            if let Some(running) = model.chat.running.as_mut().filter(|r| r.id == id) {
                running.rows = rows;
                exporting = running.blocks.is_empty();
            }
            if exporting {
                // An export has no block in the conversation to show its rows in.
                model.tell(format!("exporting: {rows} rows so far; Esc stops"), false);
            }
            Vec::new()
        }
        Event::ReadDone(now, id, index, result) => {
            advance(model, now);
            conversation::read_done(model, id, index, result)
        }
        Event::Surveyed(now, id, result) => {
            advance(model, now);
            approvals::propose::surveyed(model, id, result)
        }
        Event::LearnedLoaded(learned) => {
            healing::learned(model, *learned);
            Vec::new()
        }
        Event::ProposalsLoaded(proposals) => {
            approvals::propose::loaded(model, proposals);
            Vec::new()
        }
        Event::ChangesLoaded(changes, more) => {
            approvals::changes::loaded(model, changes, more);
            follow_lists(model);
            Vec::new()
        }
        Event::ProposalChanged(now, proposal) => {
            advance(model, now);
            approvals::propose::changed(model, &proposal)
        }
        Event::ProposalRefused(now, id, why) => {
            advance(model, now);
            approvals::propose::refused(model, id, why)
        }
        Event::DiagnosisProgress(id, percent) => {
            healing::ask::progress(model, id, percent);
            Vec::new()
        }
        Event::Diagnosed(now, id, target, result) => {
            advance(model, now);
            let effects = healing::ask::diagnosed(model, id, &target, result);
            follow_lists(model);
            effects
        }
        Event::Simulated(now, id, result) => {
            advance(model, now);
            simulate::simulated(model, &id, result)
        }
        Event::IncidentsLoaded(now, remembered) => {
            advance(model, now);
            let effects = incidents::loaded(model, *remembered);
            follow_lists(model);
            effects
        }
        Event::IncidentChanged(now, incident) => {
            advance(model, now);
            incidents::changed(model, *incident);
            follow_lists(model);
            Vec::new()
        }
        Event::IncidentsChanged(now, changes) => {
            advance(model, now);
            healing::ask::incidents_changed(model, &changes);
            for change in changes {
                incidents::changed(model, change.incident);
            }
            follow_lists(model);
            healing::ask::tick(model)
        }
        Event::Detects(now, detects) => {
            advance(model, now);
            detection::claimed(model, detects);
            Vec::new()
        }
        Event::Counted(now, id, counts) => {
            advance(model, now);
            detection::counted(model, &id, &counts)
        }
        Event::Answered(now, id, asked, number) => {
            advance(model, now);
            detection::answered(model, &id, &asked, number)
        }
        Event::ExportDone(now, id) => {
            advance(model, now);
            model.chat.running.take_if(|r| r.id == id);
            conversation::keep(model)
        }
        Event::DefinitionsLoaded(now, target, object, versions) => {
            advance(model, now);
            history::loaded(model, &target, &object, &versions)
        }
        Event::HistoryLoaded(now, id, result) => {
            advance(model, now);
            conversation::history_loaded(model, id, result)
        }
        Event::UsualLoaded(id, usual) => {
            if let Some(t) = model.target_mut(&id) {
                t.usual = usual;
            }
            Vec::new()
        }
        Event::SeriesLoaded(id, points) => {
            if let Some(t) = model.target_mut(&id) {
                for (metric, at, value) in points {
                    let series = t.series.entry(metric).or_default();
                    if series.points().next_back().is_none_or(|(last, _)| last < at) {
                        series.push(at, Some(value));
                    }
                }
            }
            Vec::new()
        }
        Event::ConversationsLoaded(list) => {
            model.chat.conversations = list;
            Vec::new()
        }
        Event::ConversationOpened(id, name, entries) => {
            conversation::opened(model, id, name, entries);
            Vec::new()
        }
        Event::ConversationCreated(id) => {
            model.chat.creating = false;
            model.chat.conversation = Some(id);
            conversation::keep(model)
        }
        Event::InputHistory(lines) => {
            model.chat.history = lines;
            Vec::new()
        }
        Event::DemoProgress(percent) => {
            model.demo_progress = (percent < 100).then_some(percent);
            health::tick(model)
        }
        Event::Offer(found) => {
            let first = found.first().map(|f| crate::domain::text::escape(f)).unwrap_or_default();
            let more = if found.len() > 1 {
                format!(" and {} more, `dba-gpt doctor` lists them", found.len() - 1)
            } else {
                String::new()
            };
            model.offer = Some(format!("found here: {first}{more}; watch it with --target"));
            Vec::new()
        }
        Event::Message(now, text, failure) => {
            advance(model, now);
            model.tell(text, failure);
            Vec::new()
        }
    }
}

/// Time only goes forward in the model; a wall clock that steps back is followed without waiting.
fn advance(model: &mut Model, now: Timestamp) {
    if now < model.now {
        let back = i64::try_from(model.now.since(now)).unwrap_or(0);
        for t in &mut model.targets {
            t.schedule.due = t.schedule.due.plus_ms(-back);
            t.connection.contact.clock_set_back(back);
            t.schedule.in_flight = t.schedule.in_flight.map(|at| at.plus_ms(-back));
        }
    }
    model.now = now;
    if model.notice.as_ref().is_some_and(|n| now.since(n.at).cast_signed() >= NOTICE_MS) {
        model.notice = None;
    }
}

/// Keeps every cursor on its row after data came.
pub fn follow_lists(model: &mut Model) {
    if model.screen == Screen::Chat {
        return;
    }
    if let Some(table) = current_table(model)
        && let Some(list) = current_list(model)
    {
        list.follow(&table);
    }
}
