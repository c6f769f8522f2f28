//! Everything that was ever changed, as a list, and below it the statements that undo the selected act.

use super::{cut_bottom, cut_top};
use crate::app::approvals::changes::{inverse_lines, selected, table};
use crate::app::model::Model;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::parts::list::{self, List};
use crate::ui::table_cache::Laid;
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use crate::ui::wrap;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The order of the columns where not all of them fit.
const URGENT_FIRST: [&str; 6] = ["WHEN", "#", "WHAT", "UNDO", "TARGET", "BY"];
/// Share of the room that the undo may take: a third.
const SHARE: u16 = 3;
/// Lines of the undo that are laid out; the rest of a longer one is neither drawn nor counted.
const COUNTED: usize = 200;

/// Draws the list.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model, view: &mut ViewState, framed: bool) {
    let changes = &model.approvals.changes;
    let laid = Laid::new(table(model), &changes.list);
    let inside = if framed { canvas.frame(area, &Edge::default()) } else { area };
    if laid.order.is_empty() {
        let words = match (&changes.done, changes.list.filter.as_str()) {
            (None, _) => "Reading what was changed ...".to_owned(),
            (Some(_), "") => "Nothing was ever changed from here.".to_owned(),
            (Some(_), filter) => format!("No change has `{}`; Esc clears the filter.", escape(filter)),
        };
        canvas.put(inside.x + 1, inside.y, inside.width.saturating_sub(2), &words, Role::Text);
        if framed {
            canvas.frame_title(area, &Edge::new(canvas.span("Changes", Role::Title), "0 of 0"));
        }
        return;
    }
    let undo = selected(model).map(|act| inverse_lines(model, act));
    let (title, lines) = undo.unwrap_or_default();
    let width = usize::from(inside.width.saturating_sub(4));
    let wrapped: Vec<String> = lines
        .iter()
        .flat_map(|line| wrap::ranges(line, width).map(move |range| line[range].to_owned()))
        .take(COUNTED)
        .collect();
    let height = columns(wrapped.len() + 1).min(inside.height / SHARE);
    let (rows, below) = cut_bottom(inside, height);
    let room = usize::from(rows.width).saturating_sub(2);
    let needed: usize = laid.widths.iter().map(|w| w + 1).sum();
    let all: Vec<usize> = (0..laid.table.columns.len()).collect();
    let shown = if needed > room + 1 { super::fleet::urgent_first(&laid, &URGENT_FIRST) } else { all };
    let state = &changes.list;
    let list = List { laid: &laid, state, columns: &shown, mark_column: false, marked: &|_| false, name: "changes" };
    let seen = list::draw(canvas, rows, &list, view);
    if framed {
        let mut left = Line::from(canvas.span("Changes, the newest first", Role::Title));
        if !state.filter.is_empty() {
            left.spans.push(canvas.span(format!("   filter {}", escape(&state.filter)), Role::Key));
        }
        let more = if changes.more { ", older ones are not read" } else { "" };
        let place = format!("{} of {}{more}", state.cursor + 1, laid.order.len());
        let right = if seen.is_empty() { place } else { format!("{place}   {seen}") };
        canvas.frame_title(area, &Edge::new(left, right));
    }
    if below.height == 0 {
        return;
    }
    let (line, room) = cut_top(below, 1);
    let hidden = wrapped.len().saturating_sub(usize::from(room.height));
    let more = match hidden {
        0 => String::new(),
        _ if wrapped.len() == COUNTED => format!("over {hidden} more lines: Enter   "),
        _ => format!("{hidden} more lines: Enter   "),
    };
    let right = canvas.span(format!("{more}U proposes it"), Role::Dim);
    let edge = Edge::new(canvas.span(title, Role::Title), right);
    if framed {
        canvas.divide(area, line.y, &edge);
    } else {
        let start = canvas.put_right(line.x, line.right(), line.y, &edge.right);
        canvas.put_cut(line.x + 1, line.y, start.saturating_sub(line.x + 2), &edge.left);
    }
    for (i, text) in wrapped.iter().take(usize::from(room.height)).enumerate() {
        canvas.put(room.x + 2, room.y + columns(i), room.width.saturating_sub(4), text, Role::Text);
    }
}
