//! Causes and plans under the keys, and the chosen one in full below them: in an incident, and as a view of a server.
//!
//! ```text
//! ┌ Causes and plans ──────────────────────── judged 14:32:07 ┐
//! │  VERDICT      SURE WHAT                                    │
//! │> supported     96% a session waits inside a transaction .. │
//! │  C6            72%   do: end session 88123                 │
//! ├ Why ──────────────────────────────────────── Enter: all ───┤
//! │ E1 31 of 31 waiters chain to pid 88123                     │
//! └────────────────────────────────────────────────────────────┘
//! ```

use crate::app::healing::{self, Subject, detail, tree};
use crate::app::incidents::detail::DetailLine;
use crate::app::list::ListState;
use crate::app::model::{Model, TargetModel};
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::parts;
use crate::ui::parts::list::{self, List};
use crate::ui::screens::{Density, cut_bottom, cut_top};
use crate::ui::table_cache::Laid;
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Rows of the list, its head included: at most, and at least.
const ROWS: (usize, u16) = (9, 4);
/// Lines that the chosen one needs to tell something.
const CHOSEN: u16 = 5;

/// How many lines the list wants, its head included, where there are so many in all.
pub(crate) fn wanted(model: &Model, subject: &Subject, room: u16) -> u16 {
    let rows = tree::rows(model, subject).len() + 1;
    columns(rows.min(ROWS.0)).min(room.saturating_sub(CHOSEN)).max(ROWS.1.min(room))
}

/// What stands right over the list: how far a look is, or when the last one was judged.
pub(crate) fn state_words(model: &Model, subject: &Subject) -> String {
    let Some(inquiry) = model.healing.about(subject) else { return String::new() };
    if let Some(words) = detail::looking(inquiry, model.diagnosis_terms.seconds) {
        return format!("looking: {words}");
    }
    if inquiry.failed.is_some() {
        return "the last look failed".to_owned();
    }
    let at = inquiry.found.as_ref().map(|found| found.at.clock(model.offset_minutes));
    at.map_or_else(String::new, |at| format!("judged {at}"))
}

/// Draws the rows into a room without borders; gives false where nothing was found yet.
pub(crate) fn draw_rows(
    canvas: &mut Canvas<'_>,
    room: Rect,
    model: &Model,
    subject: &Subject,
    state: &ListState,
    view: &mut ViewState,
) -> bool {
    let Some(table) = tree::table(model, subject) else { return false };
    let laid = Laid::new(table, state);
    if laid.order.is_empty() {
        let words = if state.filter.is_empty() {
            "No cause is known for this kind of server.".to_owned()
        } else {
            format!("Nothing here has `{}`; Esc clears the filter.", escape(&state.filter))
        };
        canvas.put(room.x + 1, room.y, room.width.saturating_sub(2), &words, Role::Text);
        return true;
    }
    let shown: Vec<usize> = (0..laid.table.columns.len()).collect();
    let name = "causes";
    let list = List { laid: &laid, state, columns: &shown, mark_column: false, marked: &|_| false, name };
    list::draw(canvas, room, &list, view);
    true
}

/// The chosen row in full: its title and its lines.
pub(crate) fn chosen_lines(model: &Model) -> (String, Vec<DetailLine>) {
    match healing::chosen(model) {
        Some((subject, row)) => detail::of(model, &subject, row),
        None => (String::new(), Vec::new()),
    }
}

/// The view of a server.
pub(crate) fn draw_view(
    canvas: &mut Canvas<'_>,
    area: Rect,
    t: &TargetModel,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) {
    let subject = Subject::Target(t.target.id.clone());
    let framed = density != Density::List;
    let inside = if framed { canvas.frame(area, &Edge::default()) } else { area };
    let lines = detail::summary(model, &subject);
    let inside = parts::pane::draw(canvas, inside, &lines);
    let empty = ListState::default();
    let state = model.health.lists.get(healing::VIEW).unwrap_or(&empty);
    let (rows, rest) = cut_top(inside, wanted(model, &subject, inside.height));
    let found = draw_rows(canvas, rows, model, &subject, state, view);
    if framed {
        let mut left = Line::from(canvas.span("What is wrong now", Role::Title));
        if !state.filter.is_empty() {
            left.spans.push(canvas.span(format!("   filter {}", escape(&state.filter)), Role::Key));
        }
        let right = canvas.span(state_words(model, &subject), Role::Dim);
        canvas.frame_title(area, &Edge::new(left, Line::from(right)));
    }
    if !found || rest.height < 2 {
        return;
    }
    let (title, lines) = chosen_lines(model);
    let (line, room) = cut_top(rest, 1);
    let laid = parts::detail::lay_out(canvas, &lines, usize::from(room.width).saturating_sub(2));
    let more = laid.len().saturating_sub(usize::from(room.height));
    let more = if more > 0 { format!("{more} more lines: Enter") } else { String::new() };
    let edge = Edge::new(canvas.span(escape(&title), Role::Title), canvas.span(more, Role::Dim));
    if framed {
        canvas.divide(area, line.y, &edge);
    } else {
        let start = canvas.put_right(line.x, line.right(), line.y, &edge.right);
        canvas.put_cut(line.x + 1, line.y, start.saturating_sub(line.x + 2), &edge.left);
    }
    for (i, text) in laid.iter().take(usize::from(room.height)).enumerate() {
        canvas.put_line(room.x + 1, room.y + columns(i), room.width.saturating_sub(2), text);
    }
}

/// Cuts the room of an incident's causes into that of the list and that of the chosen one, borders included.
pub(crate) fn split(model: &Model, subject: &Subject, room: Rect) -> (Rect, Rect) {
    let inside = room.height.saturating_sub(4);
    let rows = wanted(model, subject, inside);
    cut_bottom(room, room.height.saturating_sub(rows + 2))
}
