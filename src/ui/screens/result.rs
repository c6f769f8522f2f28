//! One result of the chat as a table over the whole screen.

use super::{Density, cut_top};
use crate::app::chat::{OpenTable, Outcome};
use crate::app::model::Model;
use crate::domain::text::{escape, fit};
use crate::ui::canvas::{Canvas, Edge};
use crate::ui::parts::conversation::statement_numbers;
use crate::ui::parts::list::{self, List};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use crate::ui::wrap;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Draws the result with the cell under the keys in full below it.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    open: &OpenTable,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) {
    let Some(block) = model.chat.block(open.entry) else { return };
    let Outcome::Done { rows, .. } = &block.outcome else { return };
    let laid = view.tables.rows(rows, &open.list);
    let all: Vec<usize> = (0..laid.table.columns.len()).collect();
    let framed = density != Density::List;
    let inside = if framed { canvas.frame(area, &Edge::default()) } else { cut_top(area, 1).1 };
    let name = format!("result {}", open.entry);
    let list =
        List { laid: &laid, state: &open.list, columns: &all, mark_column: true, marked: &|_| false, name: &name };
    let columns_words = list::draw(canvas, inside, &list, view);
    let numbers = statement_numbers(&model.chat.entries);
    // A statement of the person's own has no title but itself.
    let mut name =
        if block.title.is_empty() { fit(&wrap::one_line(&block.statement), 48) } else { escape(&block.title) };
    if !block.statement.is_empty() {
        let number = numbers.get(open.entry).copied().unwrap_or(0);
        name = format!("SQL {number}  {name}");
    }
    let mut left = Line::from(canvas.span(name.trim().to_owned(), Role::Title));
    left.spans.push(canvas.span(format!("   {}", rows.count_words()), Role::Dim));
    if !open.list.filter.is_empty() {
        left.spans.push(canvas.span(format!("   filter {}", escape(&open.list.filter)), Role::Key));
    }
    let place = if laid.order.is_empty() { 0 } else { open.list.cursor + 1 };
    let mut right = format!("{place} of {}", laid.order.len());
    if !columns_words.is_empty() {
        right = format!("{right}   {columns_words}");
    }
    if !framed {
        let mut words = Line::from(" ");
        words.spans.extend(left.spans);
        let start = canvas.put_right(area.x, area.right(), area.y, &Line::from(canvas.span(right, Role::Text)));
        canvas.put_cut(area.x, area.y, start.saturating_sub(area.x + 1), &words);
        return;
    }
    let corners = canvas.symbols.corners;
    let top = Edge::new(left, canvas.span(right, Role::Text));
    canvas.line_of_frame(Rect { height: 1, ..area }, area.y, corners[0], corners[1], &top);
    if let Some(&row) = laid.order.get(open.list.cursor)
        && let (Some(cell), Some(column)) =
            (laid.table.rows[row].cells.get(open.list.column), laid.table.columns.get(open.list.column))
    {
        // The cell under the keys, whatever width its column has.
        let words = Line::from(vec![
            canvas.span(format!("{}  ", column.title), Role::Label),
            canvas.span(cell.text.clone(), if cell.null { Role::Null } else { Role::Text }),
        ]);
        canvas.lower_edge(area, &Edge::new(words, ""));
    }
}
