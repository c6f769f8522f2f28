//! The help: every act that can be had here, from the registry, this screen's first; Enter does the highlighted one.

use super::draw_line;
use crate::app::action::{self, ActionSpec};
use crate::app::line::Line;
use crate::app::model::Model;
use crate::domain::text::fit;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr as _;

/// Two columns from this width inside the box.
const TWO_COLUMNS: u16 = 84;
/// Width of the names of keys.
const KEYS_WIDTH: usize = 12;

/// A line of the help.
enum Row {
    Blank,
    Heading(&'static str),
    /// An act and its place in the search.
    Act(usize, &'static ActionSpec),
}

/// Draws the help and gives the place of the cursor.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    room: Rect,
    line: &Line,
    cursor: usize,
    model: &Model,
    view: &mut ViewState,
) -> Position {
    let found = action::search(model, line.text());
    let searching = !line.text().trim().is_empty();
    let area = super::centred(room, 100, room.height);
    let (keys, changed) = view.keymap.counts();
    let mut right = match changed {
        0 => format!("{keys} keys"),
        n => format!("{keys} keys, {n} changed by you *"),
    };
    let rows = rows(&found, searching);
    // The box's borders and the line typed into take four lines.
    let height = usize::from(area.height.saturating_sub(4)).max(1);
    let columns_of_list: u16 = if area.width >= TWO_COLUMNS && rows.len() > height { 2 } else { 1 };
    let page = height * usize::from(columns_of_list);
    let at = rows.iter().position(|r| matches!(r, Row::Act(i, _) if *i == cursor)).unwrap_or(0);
    if rows.len() > page {
        right = format!("{right}   page {} of {}", at / page + 1, rows.len().div_ceil(page));
    }
    let bottom = Edge::new(
        canvas.span("Enter does the highlighted one   Esc closes", Role::Dim),
        canvas.span(format!("theme {}", view.theme_name), Role::Dim),
    );
    let inside =
        canvas.overlay(area, &Edge::new(canvas.span("Help", Role::Title), canvas.span(right, Role::Dim)), &bottom);
    let typed = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), height: 1, ..inside };
    let position = draw_line(canvas, typed, "filter> ", line);
    let list = Rect {
        x: inside.x + 1,
        y: inside.y + 2.min(inside.height),
        width: inside.width.saturating_sub(2),
        height: inside.height.saturating_sub(2),
    };
    if found.is_empty() {
        canvas.put(list.x, list.y, list.width, "Nothing of that name. The `:` line and ? list everything.", Role::Text);
        return position;
    }
    let first = at / page * page;
    let width = list.width / columns_of_list;
    for (i, row) in rows.iter().skip(first).take(page).enumerate() {
        let x = list.x + columns(i / height) * width;
        let y = list.y + columns(i % height);
        draw_row(canvas, Rect { x, y, width: width.saturating_sub(1), height: 1 }, row, cursor, searching, view);
    }
    position
}

/// Groups under their headings; what a search found stays in the order of the search.
fn rows(found: &[&'static ActionSpec], searching: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut heading = "";
    for (i, spec) in found.iter().enumerate() {
        if !searching && spec.scope.heading() != heading {
            if !heading.is_empty() {
                rows.push(Row::Blank);
            }
            heading = spec.scope.heading();
            rows.push(Row::Heading(heading));
        }
        rows.push(Row::Act(i, spec));
    }
    rows
}

fn draw_row(canvas: &mut Canvas<'_>, line: Rect, row: &Row, cursor: usize, searching: bool, view: &mut ViewState) {
    match row {
        Row::Blank => {}
        Row::Heading(words) => {
            canvas.put(line.x + 2, line.y, line.width.saturating_sub(2), words, Role::Header);
        }
        Row::Act(place, spec) => {
            let mut keys = view.keymap.words(spec);
            if keys.width() > KEYS_WIDTH {
                keys = view.keymap.first_word(spec);
            }
            if view.keymap.changed(spec) {
                keys.push_str(" *");
            }
            let x = line.x + 2;
            canvas.put(x, line.y, columns(KEYS_WIDTH), &fit(&keys, KEYS_WIDTH), Role::Key);
            let x = x + columns(KEYS_WIDTH + 1);
            let room = usize::from(line.right().saturating_sub(x));
            let words = if searching { format!("{}   (:{})", spec.title, spec.name) } else { spec.title.to_owned() };
            canvas.put(x, line.y, columns(room), &fit(&words, room), Role::Text);
            if *place == cursor {
                canvas.put(line.x, line.y, 1, canvas.symbols.marker, Role::Key);
                canvas.restyle(line, Role::Selected);
            }
            view.hits.push((line, Hit::Entry(*place)));
        }
    }
}
