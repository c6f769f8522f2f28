//! What lies over a screen: help, palette, command line, filter, choices, a text in full.

mod choice;
mod detail;
mod help;
mod line;

use super::canvas::{Canvas, columns};
use super::theme::Role;
use super::view_state::ViewState;
use crate::app::line::Line;
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::domain::text::escape;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr as _;

/// Draws an overlay and gives the place of the cursor in its line. `room` is what it may cover, `status` the line
/// in which command line and filter are typed.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    room: Rect,
    status: Rect,
    overlay: &Overlay,
    model: &Model,
    view: &mut ViewState,
) -> Option<Position> {
    match overlay {
        Overlay::Help { line, cursor } => Some(help::draw(canvas, room, line, *cursor, model, view)),
        Overlay::Palette { line, cursor } => Some(choice::palette(canvas, room, line, *cursor, model, view)),
        Overlay::Conversations { line, cursor } => {
            Some(choice::conversations(canvas, room, line, *cursor, model, view))
        }
        Overlay::Targets { line, cursor } => Some(choice::targets(canvas, room, line, *cursor, model, view)),
        Overlay::Simulate(choosing) => Some(choice::simulations(canvas, room, choosing, model, view)),
        Overlay::Command { line, cursor } => Some(line::command(canvas, room, status, line, *cursor, model, view)),
        Overlay::Filter { line, .. } => Some(line::filter(canvas, status, line)),
        Overlay::Note(note) => Some(line::note(canvas, status, note, model)),
        Overlay::Detail { title, text, offset } => {
            detail::draw(canvas, room, title, text, *offset, view);
            None
        }
        // Drawn by the approval's own box.
        Overlay::Step(_) => None,
    }
}

/// Draws a typed line behind a prompt, scrolled so that its cursor is seen; gives the cursor's place.
pub(crate) fn draw_line(canvas: &mut Canvas<'_>, area: Rect, prompt: &str, line: &Line) -> Position {
    let x = canvas.put(area.x, area.y, area.width, prompt, Role::Key);
    let room = usize::from(area.right().saturating_sub(x)).max(1);
    let before = escape(line.before());
    let after = escape(&line.text()[line.before().len()..]);
    let mut shown = before.as_str();
    while shown.width() + 1 > room {
        let Some(first) = shown.chars().next() else { break };
        shown = &shown[first.len_utf8()..];
    }
    let cursor = canvas.put(x, area.y, columns(room), shown, Role::Text);
    canvas.put(cursor, area.y, area.right().saturating_sub(cursor), &after, Role::Text);
    Position::new(cursor.min(area.right().saturating_sub(1)), area.y)
}

/// A rectangle in the middle of another, at most as large as asked for.
fn centred(room: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(room.width), height.min(room.height));
    Rect { x: room.x + (room.width - width) / 2, y: room.y + (room.height - height) / 2, width, height }
}

/// First entry seen of a list so that the highlighted one is.
fn first_seen(cursor: usize, height: usize) -> usize {
    (cursor + 1).saturating_sub(height.max(1))
}
