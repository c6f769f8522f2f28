//! What a person can do on the incidents tab.

use super::note::{About, Note};
use super::{DetailFocus, View, selected, selected_pattern};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::healing::Subject;
use crate::app::list::ListState;
use crate::app::model::{Model, Screen};
use crate::app::overlay::Overlay;
use crate::app::update::follow_lists;
use crate::domain::incident::Act;
use crate::domain::text::escape_lines;

/// Does an act of the screen.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Acknowledge => return acknowledge(model),
        Action::Silence => return silence(model),
        Action::Note => ask(model, About::Note),
        Action::Resolve => ask(model, About::Resolve),
        Action::Reopen => ask(model, About::Reopen),
        Action::Closed => {
            model.incidents.with_closed = !model.incidents.with_closed;
            model.tell(if model.incidents.with_closed { "those that are over too" } else { "open ones only" }, false);
            follow_lists(model);
        }
        Action::Incidents(view) => show(model, view),
        Action::NextPane(forward) => match model.incidents.open {
            Some(id) => {
                let known = model.healing.found(&Subject::Incident(id)).is_some();
                model.incidents.focus = model.incidents.focus.step(forward, known);
                follow_lists(model);
            }
            None => next_view(model, forward),
        },
        Action::Incident(number) => open_number(model, &number),
        _ => {}
    }
    Vec::new()
}

/// Shows one of the lists; the key of the shown one leads back to the incidents.
fn show(model: &mut Model, view: View) {
    let incidents = &mut model.incidents;
    incidents.open = None;
    incidents.view = if incidents.view == view { View::List } else { view };
    model.screen = Screen::Incidents;
    follow_lists(model);
}

fn next_view(model: &mut Model, forward: bool) {
    let here = View::ALL.iter().position(|v| *v == model.incidents.view).unwrap_or(0);
    let step = if forward { 1 } else { View::ALL.len() - 1 };
    model.incidents.view = View::ALL[(here + step) % View::ALL.len()];
    follow_lists(model);
}

/// `:incident 412`, `:incident INC-0412`.
fn open_number(model: &mut Model, typed: &str) {
    let digits = typed.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
    match digits.parse::<u64>().ok().filter(|id| model.incidents.get(*id).is_some()) {
        Some(id) => {
            super::show(model);
            model.screen = Screen::Incidents;
            model.incidents.view = View::List;
            open_in_full(model, id);
        }
        None => model.tell(format!("no incident `{typed}` is known here"), true),
    }
}

/// Enter: the incident in full, or all that is known of the pattern.
pub fn open(model: &mut Model) {
    if model.incidents.open.is_some() {
        return;
    }
    match model.incidents.view {
        View::List => {
            if let Some(id) = selected(model).map(|i| i.id) {
                open_in_full(model, id);
            }
        }
        View::Patterns => {
            let Some(pattern) = selected_pattern(model) else { return };
            let title = format!("Pattern {}", pattern.signature);
            let text = escape_lines(&super::detail::pattern_text(pattern, model));
            model.overlay = Some(Overlay::Detail { title, text, offset: 0 });
        }
        View::Analytics => {}
        View::Rules => crate::app::rules::edit_selected(model),
    }
}

/// Shows an incident in full, with the keys on its causes where they are known.
pub fn open_in_full(model: &mut Model, id: u64) {
    if model.incidents.open == Some(id) {
        return;
    }
    let known = model.healing.found(&Subject::Incident(id)).is_some();
    let incidents = &mut model.incidents;
    incidents.open = Some(id);
    incidents.causes = ListState::default();
    incidents.focus = if known { DetailFocus::Causes } else { DetailFocus::Timeline };
}

/// The causes of an incident were found: whoever reads it has the keys on them.
pub fn causes_arrived(model: &mut Model, id: u64) {
    if model.incidents.open == Some(id) {
        model.incidents.focus = DetailFocus::Causes;
    }
}

/// Esc: one thing back.
pub fn back(model: &mut Model) {
    let incidents = &mut model.incidents;
    if incidents.open.is_some() && !incidents.causes.filter.is_empty() {
        incidents.causes.filter.clear();
        follow_lists(model);
        return;
    }
    if incidents.open.take().is_some() {
        follow_lists(model);
        return;
    }
    let list = super::table::shown_list(incidents, false);
    if let Some(list) = list.filter(|l| !l.filter.is_empty()) {
        list.filter.clear();
    } else if incidents.view != View::List {
        incidents.view = View::List;
    } else {
        model.screen = incidents.came_from.take().unwrap_or(Screen::Health);
    }
    follow_lists(model);
}

/// The selected incident's number, when it is open, or over, as wanted. Says so when it is not.
fn wanted(model: &mut Model, open: bool) -> Option<u64> {
    let Some(incident) = selected(model) else {
        model.tell("point at an incident first", false);
        return None;
    };
    let (id, name, is_open) = (incident.id, incident.name(), incident.stage.is_open());
    if is_open == open {
        return Some(id);
    }
    model.tell(format!("{name} is {}", if is_open { "open" } else { "over; o opens it again" }), false);
    None
}

fn acknowledge(model: &mut Model) -> Vec<Effect> {
    let Some(id) = wanted(model, true) else { return Vec::new() };
    vec![Effect::ActOnIncident(id, vec![Act::Acknowledge])]
}

/// A silenced one is to be heard again; of another it is asked for how long it shall not.
fn silence(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    match selected(model).filter(|i| i.is_silenced(now)).map(|i| i.id) {
        Some(id) => vec![Effect::ActOnIncident(id, vec![Act::Unsilence])],
        None => {
            ask(model, About::Silence);
            Vec::new()
        }
    }
}

fn ask(model: &mut Model, about: About) {
    let id = match about {
        About::Note => selected(model).map(|i| i.id),
        About::Silence | About::Resolve => wanted(model, true),
        About::Reopen => wanted(model, false),
    };
    if let Some(id) = id {
        model.overlay = Some(Overlay::Note(Note::new(id, about)));
    }
}

/// Enter on a typed line. A line that says too little stays.
pub fn noted(model: &mut Model, note: Note) -> Vec<Effect> {
    match note.acts(model.now) {
        Ok(acts) => vec![Effect::ActOnIncident(note.id, acts)],
        Err(words) => {
            model.tell(words, true);
            model.overlay = Some(Overlay::Note(note));
            Vec::new()
        }
    }
}

/// What `y` copies: the statement of the incident, else its message; `Y` all of it.
pub fn copied(model: &Model, whole: bool) -> Option<String> {
    if model.incidents.open.is_none() && model.incidents.view == View::Analytics {
        let table = super::analytics::table(model);
        let row = model.incidents.figures_list.selected(&table)?;
        let cells: Vec<&str> = table.rows[row].cells.iter().map(|c| c.text.as_str()).collect();
        return Some(cells.join("\t"));
    }
    if model.incidents.open.is_none() && model.incidents.view == View::Patterns {
        let pattern = selected_pattern(model)?;
        return Some(if whole { super::detail::pattern_text(pattern, model) } else { pattern.text.clone() });
    }
    let incident = selected(model)?;
    if whole {
        return serde_json::to_string(incident).ok();
    }
    Some(incident.statement.clone().unwrap_or_else(|| incident.message.clone()))
}
