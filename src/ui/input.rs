//! Keys, pastes and the mouse, as acts.
//!
//! Three layers: a box over the screen takes keys first, then the composer while typing, then the screen.

use super::composer::harmless;
use super::keymap::{Chord, PREFIX};
use super::view_state::{Escape, Hit, ViewState, reads_conversation};
use crate::app::action::{Action, ActionSpec, ComposerEdit, Scope};
use crate::app::approvals::decide::Step;
use crate::app::incidents;
use crate::app::line::Edit;
use crate::app::list::Motion;
use crate::app::model::{Model, Screen};
use crate::app::overlay::Overlay;
use crate::app::simulate::Choosing;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

/// How long after Esc a digit still belongs to it, milliseconds.
const ESCAPE_MS: u64 = 1_500;
/// Characters that a paste puts into a box of one line, at most.
const PASTED_INTO_A_LINE: usize = 500;
/// Lines that a turn of the wheel scrolls.
const WHEEL: i32 = 3;

/// The acts that a key means.
pub fn on_key(key: KeyEvent, model: &Model, view: &mut ViewState) -> Vec<Action> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let chord = Chord::of(key);
    let escape = view.escape.take();
    if let Some(tab) = tab_after_escape(chord, escape, model) {
        return vec![Action::Tab(tab)];
    }
    if chord == Chord::plain(KeyCode::Esc) && model.typing() {
        view.escape = Some(Escape::Now);
    }
    if std::mem::take(&mut view.prefix) {
        return after_prefix(chord, model, view);
    }
    if model.overlay.is_some() {
        return overlay_key(chord, model, view);
    }
    if let Some(spec) = view.keymap.find(&[chord], |scope| scope.active(model)) {
        return meant(spec, model, view);
    }
    if model.typing() {
        view.composer.key(key);
    } else if chord == Chord::plain(KeyCode::Char(PREFIX)) {
        view.prefix = true;
    }
    Vec::new()
}

fn tab_after_escape(chord: Chord, escape: Option<Escape>, model: &Model) -> Option<Screen> {
    let in_time = match escape? {
        Escape::Now => true,
        Escape::At(at) => model.now.since(at) <= ESCAPE_MS,
    };
    let digit = chord.typed()?;
    Screen::ALL.iter().copied().find(|screen| screen.digit() == digit).filter(|_| in_time)
}

/// The key after `g`: a sequence of the keymap, or the letter of a view.
fn after_prefix(chord: Chord, model: &Model, view: &ViewState) -> Vec<Action> {
    let sequence = [Chord::plain(KeyCode::Char(PREFIX)), chord];
    let over = model.overlay.is_some();
    if let Some(spec) = view.keymap.find(&sequence, |s| s.active(model) || (over && s == Scope::Normal)) {
        return vec![spec.action.clone()];
    }
    match chord.typed() {
        Some(letter) if model.screen == Screen::Health && !over => vec![Action::View(letter.to_string())],
        _ => Vec::new(),
    }
}

/// What an act of the registry means here: some need what only the screen knows.
fn meant(spec: &ActionSpec, model: &Model, view: &mut ViewState) -> Vec<Action> {
    match &spec.action {
        Action::Send(_) if view.composer.continues() => Vec::new(),
        Action::Send(_) => vec![Action::Send(view.composer.text())],
        // Half a page is half of what is seen of a list; only the screen knows how much that is.
        Action::Move(Motion::HalfPage(n)) if !reads_conversation(model) => {
            let rows = i32::try_from(view.half_page.max(1)).unwrap_or(1);
            vec![Action::Move(Motion::By(n * rows))]
        }
        action => vec![action.clone()],
    }
}

fn overlay_key(chord: Chord, model: &Model, view: &mut ViewState) -> Vec<Action> {
    let Some(overlay) = &model.overlay else { return Vec::new() };
    let on_top = |scope: Scope| matches!(scope, Scope::Overlay | Scope::Everywhere);
    if let Some(spec) = view.keymap.find(&[chord], on_top) {
        return settle(meant(spec, model, view), overlay, view);
    }
    match overlay.line() {
        Some(line) => {
            let closes_help = matches!(overlay, Overlay::Help { .. }) && line.text().is_empty();
            if closes_help && chord.typed() == Some('?') {
                return vec![Action::Help];
            }
            edit_of(chord).map(Action::Field).into_iter().collect()
        }
        // Half a decision: whatever is no answer to it takes it back.
        None if overlay.is_of_the_box() => vec![Action::Back],
        // A text to read: the screen's own keys for moving and copying work as they do below it.
        None => {
            if chord == Chord::plain(KeyCode::Char(PREFIX)) {
                view.prefix = true;
                return Vec::new();
            }
            let found = view.keymap.find(&[chord], |scope| scope == Scope::Normal);
            let actions = match found.map(|spec| &spec.action) {
                Some(Action::Quit) => vec![Action::Back],
                Some(Action::Move(_) | Action::Copy | Action::CopyRow) => {
                    found.map(|spec| meant(spec, model, view)).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            settle(actions, overlay, view)
        }
    }
}

/// Keeps the text overlay from being scrolled past its end, which only the screen knows.
fn settle(actions: Vec<Action>, overlay: &Overlay, view: &ViewState) -> Vec<Action> {
    let Overlay::Detail { offset, .. } = overlay else { return actions };
    let end = i32::try_from(view.detail_end).unwrap_or(i32::MAX);
    let here = i32::try_from(*offset).unwrap_or(i32::MAX).min(end);
    actions
        .into_iter()
        .map(|action| match action {
            Action::Move(Motion::By(n)) => Action::Move(Motion::By(n.clamp(-here, end - here))),
            Action::Move(Motion::Bottom) => Action::Move(Motion::By(end - here)),
            other => other,
        })
        .collect()
}

fn edit_of(chord: Chord) -> Option<Edit> {
    if let Some(c) = chord.typed() {
        return Some(Edit::Insert(c));
    }
    let ctrl = |c: char| chord == Chord::of(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
    let plain = |code: KeyCode| chord == Chord::plain(code);
    match () {
        () if plain(KeyCode::Backspace) => Some(Edit::Backspace),
        () if plain(KeyCode::Delete) => Some(Edit::Delete),
        () if plain(KeyCode::Left) => Some(Edit::Left),
        () if plain(KeyCode::Right) => Some(Edit::Right),
        () if plain(KeyCode::Home) => Some(Edit::Home),
        () if plain(KeyCode::End) || ctrl('e') => Some(Edit::End),
        () if ctrl('w') => Some(Edit::DeleteWord),
        () if ctrl('u') => Some(Edit::DeleteToStart),
        () => None,
    }
}

/// The acts that pasted text means: it goes where typing goes, and never sends anything.
pub fn on_paste(text: &str, model: &Model, view: &mut ViewState) -> Vec<Action> {
    view.escape = None;
    view.prefix = false;
    if let Some(overlay) = &model.overlay {
        // A name that is pasted was not typed.
        if overlay.line().is_none() || matches!(overlay, Overlay::Step(Step::Name { .. })) {
            return Vec::new();
        }
        let line = harmless(text).replace('\n', " ");
        return line.trim_end().chars().take(PASTED_INTO_A_LINE).map(|c| Action::Field(Edit::Insert(c))).collect();
    }
    if model.typing() {
        return vec![Action::Composer(ComposerEdit::Paste(text.to_owned()))];
    }
    if reads_conversation(model) {
        // Who pastes into a conversation wants to ask: begin typing with it.
        return vec![Action::Compose, Action::Composer(ComposerEdit::Paste(text.to_owned()))];
    }
    Vec::new()
}

/// The acts that the mouse means; it is ours only while it is switched on.
pub fn on_mouse(event: MouseEvent, model: &Model, view: &mut ViewState) -> Vec<Action> {
    if !model.mouse {
        return Vec::new();
    }
    match event.kind {
        MouseEventKind::ScrollDown => wheel(WHEEL, model, view),
        MouseEventKind::ScrollUp => wheel(-WHEEL, model, view),
        MouseEventKind::Down(MouseButton::Left) => click(event, model, view),
        _ => Vec::new(),
    }
}

fn wheel(lines: i32, model: &Model, view: &mut ViewState) -> Vec<Action> {
    if reads_conversation(model) {
        view.reader.scroll_lines(lines);
        return Vec::new();
    }
    let actions = vec![Action::Move(Motion::By(lines))];
    match &model.overlay {
        Some(overlay) => settle(actions, overlay, view),
        None => actions,
    }
}

fn click(event: MouseEvent, model: &Model, view: &ViewState) -> Vec<Action> {
    let at = Position::new(event.column, event.row);
    let Some((_, hit)) = view.hits.iter().rev().find(|(area, _)| area.contains(at)) else { return Vec::new() };
    let by = |from: usize, to: usize| {
        let step = i64::try_from(to).unwrap_or(0) - i64::try_from(from).unwrap_or(0);
        Action::Move(Motion::By(i32::try_from(step).unwrap_or(0)))
    };
    match *hit {
        Hit::Tab(screen) => vec![Action::Tab(screen)],
        Hit::View(name) if model.overlay.is_none() => vec![Action::View(name.to_owned())],
        Hit::Composer if model.overlay.is_none() => vec![Action::Compose],
        Hit::Row(place) if model.overlay.is_none() => {
            let cursor = shown_cursor(model);
            if place == cursor { vec![Action::Open] } else { vec![by(cursor, place)] }
        }
        Hit::Entry(place) => {
            let cursor = model.overlay.as_ref().and_then(entry_cursor).unwrap_or(0);
            if place == cursor { vec![Action::Accept] } else { vec![by(cursor, place)] }
        }
        Hit::Incident(id) if model.overlay.is_none() => vec![Action::Incident(id.to_string())],
        Hit::View(_) | Hit::Composer | Hit::Row(_) | Hit::Incident(_) => Vec::new(),
    }
}

/// Place of the cursor in the list on the screen.
fn shown_cursor(model: &Model) -> usize {
    match (&model.chat.open_table, model.screen) {
        (Some(open), Screen::Chat) => open.list.cursor,
        (_, Screen::Incidents) => incidents::table::list(&model.incidents).cursor,
        (_, Screen::Approvals) => model.approvals.list.cursor,
        _ if model.health.server.is_some() => model.health.lists.get(model.health.view).map_or(0, |l| l.cursor),
        _ => model.health.fleet.cursor,
    }
}

/// Place of the highlighted entry of an overlay.
pub(crate) fn entry_cursor(overlay: &Overlay) -> Option<usize> {
    match overlay {
        Overlay::Help { cursor, .. }
        | Overlay::Palette { cursor, .. }
        | Overlay::Command { cursor, .. }
        | Overlay::Conversations { cursor, .. }
        | Overlay::Targets { cursor, .. }
        | Overlay::Simulate(Choosing { cursor, .. }) => Some(*cursor),
        Overlay::Filter { .. } | Overlay::Detail { .. } | Overlay::Step(_) | Overlay::Note(_) => None,
    }
}
