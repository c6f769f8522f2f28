//! A list under the keys: its table, where it is scrolled to, and its rows as places to click.

use crate::app::list::ListState;
use crate::ui::canvas::Canvas;
use crate::ui::parts::table::TableView;
use crate::ui::table_cache::Laid;
use crate::ui::view_state::{Hit, ViewState};
use ratatui::layout::Rect;

/// What to draw, and how.
pub(crate) struct List<'a> {
    pub(crate) laid: &'a Laid,
    pub(crate) state: &'a ListState,
    /// Columns in the order shown; the keys go through them in this order.
    pub(crate) columns: &'a [usize],
    /// The head of the column under the keys is marked, because `y` copies its cell.
    pub(crate) mark_column: bool,
    /// Rows that a person marked, by their keys.
    pub(crate) marked: &'a dyn Fn(&str) -> bool,
    /// Names the list among those that remember how far they are scrolled.
    pub(crate) name: &'a str,
}

/// Draws a list and gives the words on columns that are not seen; empty when all are.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, list: &List<'_>, view: &mut ViewState) -> String {
    let List { laid, state, columns, mark_column, marked, name } = *list;
    let table = TableView {
        table: &laid.table,
        order: &laid.order,
        widths: &laid.widths,
        columns,
        cursor: Some(state.cursor),
        sort: state.sort,
        column: columns.get(state.column).copied().unwrap_or(0),
        mark_column,
        marked,
    };
    let mut offset = view.offsets.get(name).copied().unwrap_or(0);
    let seen = table.draw(canvas, area, &mut offset);
    for line in 0..seen.rows.height {
        let place = offset + usize::from(line);
        if place < laid.order.len() {
            view.hits.push((Rect { y: seen.rows.y + line, height: 1, ..seen.rows }, Hit::Row(place)));
        }
    }
    view.offsets.insert(name.to_owned(), offset);
    view.half_page = usize::from(seen.rows.height / 2).max(1);
    seen.columns_words()
}
