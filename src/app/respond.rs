//! What each action of a person does to the model: the half of the state machine that keys and `:` words reach.

use super::action::Action;
use super::boxes::{accept, clamp_overlay, complete, field, open_filter, row_text, show_hints, toggle};
use super::effect::Effect;
use super::fleet::{current_list, current_table};
use super::line::Line;
use super::list::Motion;
use super::model::{Model, Screen};
use super::overlay::Overlay;
use super::update::follow_lists;
use super::{
    access, approvals, command, connection, connection_pane, conversation, diagnosis, healing, health, history,
    incidents, rules, sessions, simulate,
};
use crate::domain::proposal::kind::FixKind;

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Tab(screen) => {
            let effects = match screen {
                Screen::Approvals => approvals::propose::show(model),
                Screen::Incidents => {
                    incidents::show(model);
                    vec![Effect::LoadIncidents]
                }
                Screen::Chat | Screen::Health => Vec::new(),
            };
            model.screen = screen;
            model.overlay = None;
            follow_lists(model);
            return effects;
        }
        Action::Help => toggle(model, Overlay::Help { line: Line::default(), cursor: 0 }),
        Action::Palette => toggle(model, Overlay::Palette { line: Line::default(), cursor: 0 }),
        Action::CommandLine => model.overlay = Some(Overlay::Command { line: Line::default(), cursor: 0 }),
        Action::Command(text) => return run_command(model, &text),
        Action::Filter => open_filter(model),
        Action::Match(forward) => go_to_match(model, forward),
        Action::Quit => return quit(model),
        Action::Interrupt => return interrupt(model),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Move(motion) => move_by(model, motion),
        Action::Columns(by) => {
            if let Some(table) = current_table(model)
                && let Some(list) = current_list(model)
            {
                list.move_column(table.columns.len(), by);
            }
        }
        Action::Open => return open(model),
        Action::Back => return back(model),
        Action::LastView => {
            if let Some(view) = model.health.last_view {
                return show_view(model, view);
            }
        }
        Action::NextView(forward) => return next_view(model, forward),
        Action::View(name) => return choose_view(model, &name),
        Action::Zoom if model.screen == Screen::Approvals => model.approvals.full = !model.approvals.full,
        Action::Zoom => model.health.zoomed = !model.health.zoomed,
        Action::Sort => {
            let columns = current_table(model).map_or(0, |t| t.columns.len());
            if let Some(list) = current_list(model) {
                list.sort_next(columns);
            }
            follow_lists(model);
        }
        Action::SortReverse => {
            if let Some(list) = current_list(model) {
                list.sort_reverse();
            }
            follow_lists(model);
        }
        Action::Copy => return copy(model, false),
        Action::CopyRow => return copy(model, true),
        Action::Export(what) => return super::export::export(model, &what),
        Action::Mouse => {
            model.mouse = !model.mouse;
            model.tell(if model.mouse { "mouse on: % gives it back" } else { "mouse off" }, false);
            return vec![Effect::Mouse(model.mouse)];
        }
        Action::Refresh(argument) => match health::set_interval(model, &argument) {
            Ok(ms) => {
                model.tell(format!("collecting every {}", crate::domain::metric::seconds(ms as f64 / 1000.0)), false);
            }
            Err(words) => model.tell(words, true),
        },
        Action::Pause => {
            model.health.paused = !model.health.paused;
            if !model.health.paused {
                return health::tick(model);
            }
        }
        Action::CollectNow => return health::collect_now(model),
        Action::Theme(name) => {
            if command::THEMES.contains(&name.as_str()) {
                model.tell(format!("theme {name}"), false);
                return vec![Effect::Theme(name)];
            }
            model.tell(format!("no theme `{name}`; there are {}", command::THEMES.join(", ")), true);
        }
        Action::Field(edit) => return field(model, edit),
        Action::Accept => return accept(model),
        Action::Complete => complete(model),
        Action::Reconnect => return reconnect(model),
        Action::Apply(number) => return diagnosis::apply(model, &number),
        Action::Hints => show_hints(model),
        Action::Lift(name) => return access::lift(model, &name),
        Action::PutBack => return access::put_back(model),
        Action::Mark => sessions::mark(model),
        Action::CancelStatements => return sessions::propose_for(model, FixKind::CancelStatements),
        Action::EndSessions => return sessions::propose_for(model, FixKind::EndSessions),
        Action::ChangeSetting(text) => return sessions::set(model, &text),
        Action::DropSlot(name) => return sessions::drop_slot(model, &name),
        Action::UnlinkKeys(keys) => return sessions::unlink(model, &keys),
        Action::Simulate(name) => return simulate::begin(model, &name),
        Action::DefinitionHistory(object) => return history::ask(model, object),
        Action::Approve
        | Action::Deny
        | Action::Later
        | Action::Why
        | Action::EditStatement
        | Action::DryRun
        | Action::StopAct
        | Action::Changes
        | Action::Undo(_)
        | Action::Rate(_)
        | Action::Ticket(_) => return approvals::act::act(model, action),
        Action::Acknowledge
        | Action::Silence
        | Action::Note
        | Action::Resolve
        | Action::Reopen
        | Action::Closed
        | Action::Incidents(_)
        | Action::NextPane(_)
        | Action::Incident(_) => return incidents::act::act(model, action),
        Action::WatchThis | Action::Rule(_) | Action::DeleteRule => return rules::act(model, &action),
        Action::Diagnose(cause) => return healing::ask::by_person(model, &cause),
        Action::LookThere => return healing::ask::there(model),
        Action::ProposePlan => return healing::propose::chosen(model),
        // How far a statement is scrolled is the screen's own business; what was seen of it comes back with the frame.
        Action::ReadOn(_) => {}
        chat_action => return conversation::act(model, chat_action),
    }
    Vec::new()
}

pub(super) fn run_command(model: &mut Model, text: &str) -> Vec<Effect> {
    match command::parse(text) {
        Ok(action) => act(model, action),
        Err(words) => {
            model.tell(words, true);
            Vec::new()
        }
    }
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.screen == Screen::Chat && model.chat.open_table.is_some() {
        model.chat.open_table = None;
        return Vec::new();
    }
    if model.screen == Screen::Health && model.health.server.is_some() {
        close_server(model);
        return Vec::new();
    }
    if model.screen == Screen::Approvals && model.approvals.full {
        model.approvals.full = false;
        return Vec::new();
    }
    if model.screen == Screen::Incidents && model.incidents.open.is_some() {
        incidents::act::back(model);
        return Vec::new();
    }
    if let Some(running) = &model.chat.running {
        return if model.interrupted {
            vec![Effect::Cancel(running.id), Effect::Quit]
        } else {
            model.tell("a statement runs: Esc stops it, Ctrl+C twice quits at once", true);
            Vec::new()
        };
    }
    vec![Effect::Quit]
}

fn interrupt(model: &mut Model) -> Vec<Effect> {
    if model.interrupted {
        return vec![Effect::Quit];
    }
    model.interrupted = true;
    if model.overlay.as_ref().is_some_and(Overlay::is_of_the_box) {
        model.overlay = None;
    }
    if approvals::decide::begin_stop(model) {
        return Vec::new();
    }
    if model.chat.running.is_some() {
        return conversation::stop(model);
    }
    model.tell("Ctrl+C again quits", false);
    Vec::new()
}

fn go_to_match(model: &mut Model, forward: bool) {
    // The list shows only what its filter lets through, so the next match is the next row.
    move_by(model, Motion::By(if forward { 1 } else { -1 }));
}

fn move_by(model: &mut Model, motion: Motion) {
    if let Some(overlay) = &mut model.overlay {
        if let Some(cursor) = overlay.cursor_mut() {
            let by = |n: i32| isize::try_from(n).unwrap_or(0);
            *cursor = match motion {
                Motion::By(n) => cursor.saturating_add_signed(by(n)),
                Motion::HalfPage(n) => cursor.saturating_add_signed(by(n) * 10),
                Motion::Top => 0,
                Motion::Bottom => usize::MAX / 2,
            };
        }
        clamp_overlay(model);
        return;
    }
    if let Some(table) = current_table(model) {
        if let Some(list) = current_list(model) {
            list.go(&table, motion);
        }
        return;
    }
    if model.screen != Screen::Chat {
        return; // how far a text is scrolled is the screen's own business
    }
    // So is how far a conversation is; the core moves from block to block.
    match motion {
        Motion::By(n) => model.chat.select(n),
        Motion::Bottom => model.chat.selected = None,
        Motion::HalfPage(_) | Motion::Top => {}
    }
}

fn open(model: &mut Model) -> Vec<Effect> {
    if healing::open(model) {
        return Vec::new();
    }
    if model.screen == Screen::Chat && model.chat.open_table.is_none() {
        return conversation::act(model, Action::Open);
    }
    if model.screen == Screen::Approvals {
        approvals::act::open(model);
        return Vec::new();
    }
    if model.screen == Screen::Incidents {
        incidents::act::open(model);
        return Vec::new();
    }
    let Some(table) = current_table(model) else { return Vec::new() };
    let Some(row) = current_list(model).and_then(|l| l.selected(&table)) else { return Vec::new() };
    if model.screen == Screen::Health && model.health.server.is_none() {
        let id = model.targets.iter().map(|t| &t.target.id).find(|id| id.as_str() == table.rows[row].key).cloned();
        model.health.server = id;
        model.health.marked.clear();
        model.health.zoomed = false;
        let views = model.open_server().map(|t| t.views.iter().map(|v| v.name).collect::<Vec<_>>()).unwrap_or_default();
        let view = views.iter().copied().find(|v| *v == model.health.view).or(views.first().copied());
        return view.map(|v| show_view(model, v)).unwrap_or_default();
    }
    let title = format!("{} {}", table.columns.first().map_or("", |c| c.title.as_str()), table.rows[row].key);
    let text = row_text(&table, row, model);
    model.overlay = Some(Overlay::Detail { title: crate::domain::text::escape(&title), text, offset: 0 });
    Vec::new()
}

fn back(model: &mut Model) -> Vec<Effect> {
    if let Some(overlay) = model.overlay.take() {
        if let Overlay::Filter { before, .. } = overlay {
            if let Some(list) = current_list(model) {
                list.filter = before;
            }
            follow_lists(model);
        }
        return Vec::new();
    }
    match model.screen {
        Screen::Health => {
            let filtered = current_list(model).filter(|l| !l.filter.is_empty());
            if let Some(list) = filtered {
                list.filter.clear();
                follow_lists(model);
            } else if model.health.zoomed {
                model.health.zoomed = false;
            } else {
                close_server(model);
            }
            Vec::new()
        }
        Screen::Approvals => {
            approvals::act::back(model);
            Vec::new()
        }
        Screen::Incidents => {
            incidents::act::back(model);
            Vec::new()
        }
        Screen::Chat => conversation::back(model),
    }
}

fn close_server(model: &mut Model) {
    model.health.server = None;
    model.health.marked.clear();
    model.health.zoomed = false;
    follow_lists(model);
}

fn choose_view(model: &mut Model, name: &str) -> Vec<Effect> {
    let Some(t) = model.open_server() else {
        model.tell("open a server first: Enter on the fleet", false);
        return Vec::new();
    };
    let found = t.views.iter().find(|v| v.name == name || (name.chars().count() == 1 && name.starts_with(v.key)));
    match found.map(|v| v.name) {
        Some(view) => show_view(model, view),
        None => {
            let names: Vec<&str> = t.views.iter().map(|v| v.name).collect();
            let words = format!("no view `{name}` here; there are {}", names.join(", "));
            model.tell(words, true);
            Vec::new()
        }
    }
}

pub(super) fn show_view(model: &mut Model, view: &'static str) -> Vec<Effect> {
    if model.health.view != view {
        model.health.last_view = Some(model.health.view).filter(|v| !v.is_empty());
        model.health.view = view;
    }
    follow_lists(model);
    let mut effects = health::refresh_view(model);
    if view == connection_pane::VIEW {
        effects.extend(model.health.server.clone().map(Effect::LoadRecord));
    }
    effects.extend(diagnosis::look(model));
    effects
}

fn next_view(model: &mut Model, forward: bool) -> Vec<Effect> {
    let Some(t) = model.open_server() else { return Vec::new() };
    let names: Vec<&'static str> = t.views.iter().map(|v| v.name).collect();
    let here = names.iter().position(|n| *n == model.health.view).unwrap_or(0);
    let step = if forward { 1 } else { names.len().saturating_sub(1) };
    names.get((here + step) % names.len().max(1)).map(|v| show_view(model, v)).unwrap_or_default()
}

fn copy(model: &mut Model, whole_row: bool) -> Vec<Effect> {
    let text = if let Some(Overlay::Detail { text, .. }) = &model.overlay {
        Some(text.clone())
    } else if let Some(text) = super::export::copied_from_table(model, whole_row) {
        Some(text)
    } else {
        conversation::copied(model, whole_row)
    };
    match text {
        Some(text) => vec![Effect::Copy(text)],
        None => {
            model.tell("nothing here to copy", false);
            Vec::new()
        }
    }
}

fn reconnect(model: &mut Model) -> Vec<Effect> {
    let id = match model.screen {
        Screen::Health => model.health.server.clone().or_else(|| {
            let table = current_table(model)?;
            let row = model.health.fleet.selected(&table)?;
            model.targets.iter().map(|t| &t.target.id).find(|id| id.as_str() == table.rows[row].key).cloned()
        }),
        Screen::Approvals | Screen::Incidents => access::target_here(model),
        Screen::Chat => model.chat.target.clone(),
    };
    let Some(id) = id else { return Vec::new() };
    connection::try_now(model, &id)
}
