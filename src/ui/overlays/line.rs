//! Lines typed at the bottom of the screen: the `:` command line with its completions, the filter of a list, and what
//! is said about an incident.

use super::{draw_line, first_seen};
use crate::app::action;
use crate::app::command;
use crate::app::incidents::note::Note;
use crate::app::line::Line;
use crate::app::model::Model;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use ratatui::layout::{Position, Rect};

/// Completions seen at once.
const SHOWN: usize = 8;

/// Draws the `:` line and, over it, what it could become; gives the place of the cursor.
pub(crate) fn command(
    canvas: &mut Canvas<'_>,
    room: Rect,
    status: Rect,
    line: &Line,
    cursor: usize,
    model: &Model,
    view: &mut ViewState,
) -> Position {
    let found = command::completions(model, line.text());
    let bottom = Rect { height: 1, ..status };
    canvas.clear(bottom);
    let shown = found.len().min(SHOWN).min(usize::from(bottom.y.saturating_sub(room.y + 2)));
    if shown > 0 {
        let height = columns(shown) + 2;
        let area = Rect { x: room.x, y: bottom.y - height, width: room.width.min(76), height };
        let counted = canvas.span(format!("{} of {}", (cursor + 1).min(found.len()), found.len()), Role::Dim);
        let top = Edge::new(canvas.span("Tab completes", Role::Dim), counted);
        let inside = canvas.overlay(area, &top, &Edge::default());
        let first = first_seen(cursor, shown);
        for (i, text) in found.iter().enumerate().skip(first).take(shown) {
            let entry = Rect { y: inside.y + columns(i - first), height: 1, ..inside };
            let end = canvas.put(entry.x + 2, entry.y, 22, &escape(text), Role::Key);
            if let Some(spec) = action::by_name(text) {
                let argument = spec.argument.map_or(String::new(), |a| format!("{a}   "));
                let x = end.max(entry.x + 14) + 1;
                canvas.put(
                    x,
                    entry.y,
                    entry.right().saturating_sub(x),
                    &format!("{argument}{}", spec.title),
                    Role::Dim,
                );
            }
            if i == cursor {
                canvas.put(entry.x, entry.y, 1, canvas.symbols.marker, Role::Key);
                canvas.restyle(entry, Role::Selected);
            }
            view.hits.push((entry, Hit::Entry(i)));
        }
    }
    draw_line(canvas, Rect { x: bottom.x + 1, width: bottom.width.saturating_sub(1), ..bottom }, ":", line)
}

/// Draws the filter line; the list above narrows while it is typed.
pub(crate) fn filter(canvas: &mut Canvas<'_>, status: Rect, line: &Line) -> Position {
    let bottom = Rect { height: 1, ..status };
    canvas.clear(bottom);
    let hint = ratatui::text::Line::from(canvas.span("!text: without   -f text: fuzzy", Role::Dim));
    let wide = columns(unicode_width::UnicodeWidthStr::width(line.text()));
    let end = canvas.put_right(bottom.x + wide + 6, bottom.right().saturating_sub(1), bottom.y, &hint);
    let typed = Rect { x: bottom.x + 1, width: end.saturating_sub(bottom.x + 2), ..bottom };
    draw_line(canvas, typed, "/", line)
}

/// Draws the line that is typed about an incident. A line that said too little is answered above it.
pub(crate) fn note(canvas: &mut Canvas<'_>, status: Rect, note: &Note, model: &Model) -> Position {
    let bottom = Rect { y: status.bottom().saturating_sub(1), height: 1, ..status };
    canvas.clear(bottom);
    if status.height == 1
        && let Some(told) = model.notice.as_ref().filter(|n| n.failure && note.line.text().is_empty())
    {
        // Only one line: what was wrong stands where the example would.
        canvas.put(bottom.x + 1, bottom.y, bottom.width.saturating_sub(1), &told.text, Role::Critical);
    }
    let name = format!("INC-{:04} ", note.id);
    let x = canvas.put(bottom.x + 1, bottom.y, bottom.width.saturating_sub(1), &name, Role::Title);
    let typed = Rect { x, width: bottom.right().saturating_sub(x), ..bottom };
    let cursor = draw_line(canvas, typed, note.prompt(), &note.line);
    if note.line.text().is_empty() {
        let room = bottom.right().saturating_sub(cursor.x + 2);
        canvas.put(cursor.x + 1, bottom.y, room, note.example(), Role::Dim);
    }
    cursor
}
