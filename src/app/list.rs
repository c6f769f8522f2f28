//! The state of a list on the screen: cursor, sort order, filter, column scroll.

use super::table::Table;

/// Where a person is in a list. The cursor follows its row by key when rows move.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListState {
    /// Place of the cursor among the visible rows.
    pub cursor: usize,
    /// Key of the row that the cursor stays on; none while the person has not moved it from the top.
    pub key: Option<String>,
    /// Column to sort by, and whether the order is reversed. `None`: the list's own order.
    pub sort: Option<(usize, bool)>,
    /// Filter as typed: text, `!text` for the inverse, `-f text` for fuzzy.
    pub filter: String,
    /// The column that the keys are on: it is scrolled into sight, and its cell is the one that is copied.
    pub column: usize,
}

/// A motion in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// Rows down, or up when negative.
    By(i32),
    /// Half pages down, or up when negative.
    HalfPage(i32),
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
}

/// Rows that half a page means where the core does not know the screen's height.
const HALF_PAGE: i32 = 10;

impl ListState {
    /// Puts the rows of a table in this list's order, filtered.
    pub fn arrange(&self, table: &Table) -> Vec<usize> {
        let mut order: Vec<usize> = (0..table.rows.len()).filter(|&i| self.matches(table, i)).collect();
        if let Some((column, reversed)) = self.sort {
            order.sort_by(|&a, &b| table.compare(a, b, column, reversed));
        }
        order
    }

    fn matches(&self, table: &Table, row: usize) -> bool {
        let row = &table.rows[row];
        matches_filter(&self.filter, row.cells.iter().map(|c| c.text.as_str()).chain([row.also.as_str()]))
    }

    /// Keeps the cursor on its row after the rows changed.
    pub fn follow(&mut self, table: &Table) {
        let Some(key) = &self.key else {
            self.cursor = 0;
            return;
        };
        let order = self.arrange(table);
        if let Some(place) = order.iter().position(|&i| table.rows[i].key == *key) {
            self.cursor = place;
        }
        self.cursor = self.cursor.min(order.len().saturating_sub(1));
        self.key = order.get(self.cursor).map(|&i| table.rows[i].key.clone());
    }

    /// Moves the cursor.
    pub fn go(&mut self, table: &Table, motion: Motion) {
        let order = self.arrange(table);
        let last = order.len().saturating_sub(1);
        let step = |by: i32| -> usize {
            let by = isize::try_from(by).unwrap_or(0);
            self.cursor.saturating_add_signed(by).min(last)
        };
        self.cursor = match motion {
            Motion::By(n) => step(n),
            Motion::HalfPage(n) => step(n * HALF_PAGE),
            Motion::Top => 0,
            Motion::Bottom => last,
        };
        let top = motion == Motion::Top;
        self.key = order.get(self.cursor).filter(|_| !top).map(|&i| table.rows[i].key.clone());
    }

    /// The row under the cursor, as an index into the table.
    pub fn selected(&self, table: &Table) -> Option<usize> {
        self.arrange(table).get(self.cursor).copied()
    }

    /// Sorts by the next column, or back to the list's own order after the last.
    pub fn sort_next(&mut self, columns: usize) {
        self.sort = match self.sort {
            None if columns > 0 => Some((0, false)),
            Some((c, r)) if c + 1 < columns => Some((c + 1, r)),
            _ => None,
        };
    }

    /// Turns the order round.
    pub fn sort_reverse(&mut self) {
        self.sort = Some(self.sort.map_or((0, true), |(c, r)| (c, !r)));
    }

    /// Moves to another column; the screen scrolls so far that it is seen.
    pub fn move_column(&mut self, columns: usize, by: i32) {
        let last = columns.saturating_sub(1);
        self.column = self.column.saturating_add_signed(isize::try_from(by).unwrap_or(0)).min(last);
    }
}

/// Whether any of some texts passes a filter: plain text is found case-insensitively, `!text` must not be found,
/// `-f text` needs its letters in order.
pub fn matches_filter<'a>(filter: &str, mut texts: impl Iterator<Item = &'a str>) -> bool {
    let filter = filter.trim();
    if filter.is_empty() || filter == "!" || filter == "-f" {
        return true;
    }
    if let Some(not) = filter.strip_prefix('!') {
        let not = not.to_lowercase();
        return !texts.any(|t| t.to_lowercase().contains(&not));
    }
    if let Some(fuzzy) = filter.strip_prefix("-f ") {
        let wanted: Vec<char> = fuzzy.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        return texts.any(|t| {
            let mut rest = wanted.iter().peekable();
            for c in t.to_lowercase().chars() {
                if rest.peek() == Some(&&c) {
                    rest.next();
                }
            }
            rest.peek().is_none()
        });
    }
    let wanted = filter.to_lowercase();
    texts.any(|t| t.to_lowercase().contains(&wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_find_exclude_and_fuzz() {
        let row = ["pg-orders-1", "primary"];
        let m = |f: &str| matches_filter(f, row.iter().copied());
        assert!(m("") && m("ORDERS") && m("!replica") && m("-f pgo1"));
        assert!(!m("billing") && !m("!primary") && !m("-f 1ogp"));
    }
}
