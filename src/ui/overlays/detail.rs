//! A row or a text in full: wrapped, scrolled, copied with `y`.

use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use crate::ui::wrap;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

/// Draws the text from the wrapped line `offset` on.
pub(crate) fn draw(canvas: &mut Canvas<'_>, room: Rect, title: &str, text: &str, offset: usize, view: &mut ViewState) {
    let width = room.width.saturating_sub(4).min(120);
    let inner = usize::from(width.saturating_sub(4));
    let lines: Vec<String> = wrap::escaped_lines(text)
        .iter()
        .flat_map(|line| wrap::ranges(line, inner).map(|r| line[r].to_owned()))
        .collect();
    let widest = lines.iter().map(|l| l.width()).max().unwrap_or(0);
    let width = columns(widest + 4).clamp(40.min(width), width);
    let height = columns(lines.len().saturating_add(2)).min(room.height.saturating_sub(2)).max(3);
    let area = super::centred(room, width, height);
    let seen = usize::from(area.height.saturating_sub(2));
    view.detail_end = lines.len().saturating_sub(seen);
    view.half_page = (seen / 2).max(1);
    let first = offset.min(view.detail_end);
    let place = if lines.len() > seen {
        format!("lines {}-{} of {}", first + 1, (first + seen).min(lines.len()), lines.len())
    } else {
        String::new()
    };
    let top = Edge::new(canvas.span(escape(title), Role::Title), canvas.span(place, Role::Dim));
    let bottom = Edge::new(canvas.span("y copies   Esc closes", Role::Dim), "");
    let inside = canvas.overlay(area, &top, &bottom);
    for (i, line) in lines.iter().skip(first).take(usize::from(inside.height)).enumerate() {
        canvas.put(inside.x + 1, inside.y + columns(i), inside.width.saturating_sub(2), line, Role::Text);
    }
}
