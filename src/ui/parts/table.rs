//! A table: columns fitted to the width, the first ones frozen, the selected row marked, numbers to the right.

use crate::app::table::{Table, TableCell, is_spark};
use crate::domain::text::fit;
use crate::ui::canvas::{Canvas, columns as as_columns, state_role};
use crate::ui::parts::graph::sparkline;
use crate::ui::theme::Role;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

/// Rows of which the widths are measured; a column does not jump when it scrolls.
const MEASURED_ROWS: usize = 1_000;
/// Text columns may be cut to this width before a column is left out; long texts, such as statements, to this one.
const LEAST_TEXT: usize = 20;
const LEAST_LONG_TEXT: usize = 36;
/// What a long text is.
const LONG_TEXT: usize = 60;
/// The last column may be cut to this width rather than left out.
const LEAST_LAST: usize = 12;
/// Room for the mark of the selected row.
const GUTTER: usize = 2;
/// Room left free on the right, where something had to be left out anyway.
const AIR: usize = 1;

/// What to draw.
pub(crate) struct TableView<'a> {
    pub(crate) table: &'a Table,
    /// Rows in the order shown.
    pub(crate) order: &'a [usize],
    /// Natural widths, one a column: [`natural_widths`].
    pub(crate) widths: &'a [usize],
    /// Columns in the order shown; the frozen ones first.
    pub(crate) columns: &'a [usize],
    /// Place of the selected row in the order.
    pub(crate) cursor: Option<usize>,
    /// Column sorted by, and whether downwards.
    pub(crate) sort: Option<(usize, bool)>,
    /// Column under the keys.
    pub(crate) column: usize,
    /// That column's head is marked, because its cell is what `y` copies.
    pub(crate) mark_column: bool,
    /// Rows that a person marked, by their keys.
    pub(crate) marked: &'a dyn Fn(&str) -> bool,
}

/// What was seen of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// First and last column after the frozen ones, counted from 1 over all columns.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Columns in all.
    pub(crate) columns: usize,
    /// The rows' rectangle.
    pub(crate) rows: Rect,
}

impl Seen {
    /// `cols 1-7 of 12 >`; empty when all are seen.
    pub(crate) fn columns_words(&self) -> String {
        if self.last >= self.columns && self.first <= 1 {
            return String::new();
        }
        let more_left = if self.first > 1 { "< " } else { "" };
        let more_right = if self.last < self.columns { " >" } else { "" };
        format!("{more_left}cols {}-{} of {}{more_right}", self.first, self.last, self.columns)
    }
}

/// Width of each column if there were room without end: its head and its widest cell.
pub(crate) fn natural_widths(table: &Table) -> Vec<usize> {
    let mut widths: Vec<usize> = table.columns.iter().map(|c| c.title.width()).collect();
    for row in table.rows.iter().take(MEASURED_ROWS) {
        for ((width, cell), column) in widths.iter_mut().zip(&row.cells).zip(&table.columns) {
            let wide = if is_spark(&column.title) { row.spark.len() } else { cell.text.width() };
            *width = (*width).max(wide);
        }
    }
    widths
}

/// A column that is drawn: which, where and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) column: usize,
    pub(crate) width: usize,
}

/// Chooses the columns that fit into a width, beginning with the frozen ones, scrolled so far that the column under
/// the keys is among them. Gives them with the place (in `columns`) of the first one after the frozen ones.
pub(crate) fn place(
    table: &Table,
    natural: &[usize],
    columns: &[usize],
    under_keys: usize,
    width: usize,
) -> (Vec<Placed>, usize) {
    let frozen = table.frozen.clamp(1, columns.len().max(1)).min(columns.len());
    let least = |column: usize| {
        let numeric = table.columns[column].numeric || is_spark(&table.columns[column].title);
        match natural[column] {
            wide if numeric => wide,
            LONG_TEXT.. => LEAST_LONG_TEXT,
            wide => wide.min(LEAST_TEXT),
        }
    };
    let key_place = columns.iter().position(|&c| c == under_keys).unwrap_or(0);
    let mut first = frozen;
    loop {
        let mut placed: Vec<Placed> = Vec::new();
        let mut used = 0;
        let mut last_place = 0;
        for (place, &column) in columns.iter().enumerate() {
            if place >= frozen && place < first {
                continue;
            }
            let gap = usize::from(!placed.is_empty());
            let want = least(column);
            let room = width.saturating_sub(used + gap);
            // The last column may be cut short, but not to nothing.
            let wide = want.min(room);
            if wide < want && (wide < LEAST_LAST || table.columns[column].numeric) && !placed.is_empty() {
                break;
            }
            used += gap + wide;
            placed.push(Placed { column, width: wide });
            last_place = place;
            if wide < want {
                break;
            }
        }
        let seen = key_place < frozen || key_place <= last_place || first >= key_place;
        if seen {
            widen(&mut placed, natural, width.saturating_sub(used));
            return (placed, first);
        }
        first += 1;
    }
}

/// Gives the room that is left to the columns that are cut, the one that lacks least first.
fn widen(placed: &mut [Placed], natural: &[usize], mut room: usize) {
    loop {
        let lacking =
            placed.iter_mut().filter(|p| p.width < natural[p.column]).min_by_key(|p| natural[p.column] - p.width);
        let Some(p) = lacking else { return };
        let more = room.min(natural[p.column] - p.width);
        if more == 0 {
            return;
        }
        p.width += more;
        room -= more;
    }
}

impl TableView<'_> {
    /// Draws head and rows. `offset` is the first row seen; it moves so that the selected one is seen too.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, offset: &mut usize) -> Seen {
        if area.width < 4 || area.height == 0 || self.table.columns.is_empty() {
            return Seen::default();
        }
        let mut natural = self.widths.to_vec();
        if let Some((column, _)) = self.sort
            && let (Some(wide), Some(head)) = (natural.get_mut(column), self.table.columns.get(column))
        {
            *wide = (*wide).max(head.title.width() + 1);
        }
        let room = usize::from(area.width) - GUTTER;
        let all: usize = self.columns.iter().map(|&c| natural[c] + 1).sum();
        let width = if all <= room + 1 { room } else { room - AIR };
        let (placed, first) = place(self.table, &natural, self.columns, self.column, width);
        let used: usize = placed.iter().map(|p| p.width + 1).sum();
        // Two columns between columns where there is room for it in every gap.
        let gap = if used + placed.len() <= width + 2 { 2 } else { 1 };
        self.draw_head(canvas, area, &placed, gap);
        let height = usize::from(area.height) - 1;
        let rows = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let cursor = self.cursor.unwrap_or(0);
        if cursor < *offset {
            *offset = cursor;
        } else if height > 0 && cursor >= *offset + height {
            *offset = cursor + 1 - height;
        }
        *offset = (*offset).min(self.order.len().saturating_sub(height));
        for (line, &row) in self.order.iter().skip(*offset).take(height).enumerate() {
            let y = rows.y + as_columns(line);
            self.draw_row(canvas, area, y, row, &placed, gap);
            if (self.marked)(&self.table.rows[row].key) {
                canvas.put(area.x + 1, y, 1, "*", Role::Key);
            }
            if self.cursor == Some(*offset + line) {
                canvas.put(area.x, y, 1, canvas.symbols.marker, Role::Key);
                canvas.restyle(Rect { y, height: 1, ..area }, Role::Selected);
            }
        }
        let frozen = self.table.frozen.clamp(1, self.columns.len());
        let first_seen = if first > frozen { first + 1 } else { 1 };
        let last_seen = if first > frozen { first + placed.len() - frozen } else { placed.len() };
        Seen { first: first_seen, last: last_seen, columns: self.columns.len(), rows }
    }

    fn draw_head(&self, canvas: &mut Canvas<'_>, area: Rect, placed: &[Placed], gap: usize) {
        let mut x = area.x + as_columns(GUTTER);
        for p in placed {
            let column = &self.table.columns[p.column];
            let mark = match self.sort {
                Some((sorted, down)) if sorted == p.column => canvas.symbols.sorted[usize::from(down)],
                _ => "",
            };
            let title = fit(&column.title, p.width.saturating_sub(mark.width())) + mark;
            let pad = p.width.saturating_sub(title.width());
            let at = if column.numeric { x + as_columns(pad) } else { x };
            let role = if self.mark_column && p.column == self.column { Role::Active } else { Role::Header };
            canvas.put(at, area.y, as_columns(p.width), &title, role);
            x += as_columns(p.width + gap);
        }
    }

    fn draw_row(&self, canvas: &mut Canvas<'_>, area: Rect, y: u16, row: usize, placed: &[Placed], gap: usize) {
        let row = &self.table.rows[row];
        let mut x = area.x + as_columns(GUTTER);
        let empty = TableCell::default();
        for p in placed {
            let column = &self.table.columns[p.column];
            let cell = row.cells.get(p.column).unwrap_or(&empty);
            let spark = is_spark(&column.title);
            let text = if spark { sparkline(&row.spark, canvas.symbols) } else { fit(&cell.text, p.width) };
            let role = match row.state {
                Some(state) if p.column == 0 || matches!(column.title.as_str(), "STATE" | "WHY") => state_role(state),
                _ if spark => Role::Graph,
                _ if cell.null => Role::Null,
                _ => Role::Text,
            };
            let pad = if column.numeric { p.width.saturating_sub(text.width()) } else { 0 };
            let accent = row.accent.filter(|_| column.title == "NAME");
            let style = canvas.theme.accented(role, accent);
            canvas.put_styled(x + as_columns(pad), y, as_columns(p.width - pad), &text, style);
            x += as_columns(p.width + gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, bool)], frozen: usize) -> Table {
        Table { frozen, ..Table::with_columns(columns) }
    }

    #[test]
    fn columns_scroll_behind_the_frozen_ones_until_the_wanted_one_is_seen() {
        let t = table(&[("id", false), ("a", true), ("b", true), ("c", true), ("d", true)], 1);
        let natural = [4, 6, 6, 6, 6];
        let all = [0, 1, 2, 3, 4];
        let seen = |under| {
            let (placed, first) = place(&t, &natural, &all, under, 18);
            (placed.iter().map(|p| p.column).collect::<Vec<_>>(), first)
        };
        assert_eq!(seen(0), (vec![0, 1, 2], 1));
        assert_eq!(seen(2), (vec![0, 1, 2], 1));
        assert_eq!(seen(3), (vec![0, 2, 3], 2));
        assert_eq!(seen(4), (vec![0, 3, 4], 3));
    }

    #[test]
    fn room_goes_to_what_is_cut_and_nothing_is_wider_than_the_screen() {
        let t = table(&[("pid", false), ("query", false), ("db", false)], 1);
        for width in 1..200 {
            let (placed, _) = place(&t, &[5, 90, 8], &[0, 1, 2], 0, width);
            let used: usize = placed.iter().map(|p| p.width).sum::<usize>() + placed.len().saturating_sub(1);
            assert!(used <= width, "{width}: {placed:?}");
        }
        let (placed, _) = place(&t, &[5, 90, 8], &[0, 1, 2], 0, 60);
        assert_eq!(placed.iter().map(|p| p.width).collect::<Vec<_>>(), [5, 45, 8]);
    }

    #[test]
    fn hidden_columns_are_told() {
        let seen = |first, last| Seen { first, last, columns: 12, rows: Rect::default() }.columns_words();
        assert_eq!(seen(1, 12), "");
        assert_eq!(seen(1, 7), "cols 1-7 of 12 >");
        assert_eq!(seen(4, 9), "< cols 4-9 of 12 >");
        assert_eq!(seen(6, 12), "< cols 6-12 of 12");
    }
}
