//! Aligned columns for people: a title line, a rule, and one line a row. Cells are escaped, numbers stand right, and
//! on a terminal the widest columns give way first.

use crate::domain::rows::{Rows, Value};
use crate::domain::text;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr as _;

/// Columns are not made narrower than this to fit a terminal; then lines wrap.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: &str = "  ";

/// How a cell is to be painted, where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paint {
    /// As the terminal writes.
    #[default]
    Plain,
    /// Red.
    Bad,
    /// Yellow.
    Warning,
    /// Green.
    Good,
    /// Dim.
    Faint,
}

impl Paint {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bad => Some("\u{1b}[31m"),
            Self::Warning => Some("\u{1b}[33m"),
            Self::Good => Some("\u{1b}[32m"),
            Self::Faint => Some("\u{1b}[2m"),
        }
    }
    /// Text in this colour, where there are colours.
    pub fn on(self, text: &str, color: bool) -> String {
        match self.code().filter(|_| color) {
            Some(code) => format!("{code}{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// A cell; the text is escaped here.
    pub fn new(untrusted: &str) -> Self {
        Self { text: text::escape(untrusted), paint: Paint::Plain }
    }
    /// The same cell in a colour.
    #[must_use]
    pub fn painted(mut self, paint: Paint) -> Self {
        self.paint = paint;
        self
    }
}

/// A table to print.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextTable {
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<Cell>>,
}

impl TextTable {
    /// A table with these columns: title, and whether its cells are numbers.
    pub fn new(columns: &[(&str, bool)]) -> Self {
        Self { columns: columns.iter().map(|(t, n)| (text::escape(t), *n)).collect(), rows: Vec::new() }
    }

    /// A server's rows. NULL is the word, dim, so that it differs from empty text.
    pub fn of_rows(rows: &Rows) -> Self {
        let columns = rows.columns.iter().map(|c| (text::escape(&c.name), c.numeric)).collect();
        let cell = |value: &Value| match value.plain() {
            Some(plain) => Cell::new(&plain),
            None => Cell::new("NULL").painted(Paint::Faint),
        };
        Self { columns, rows: rows.rows.iter().map(|row| row.iter().map(cell).collect()).collect() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Prints it, at most `width` columns wide if that can be.
    pub fn write(&self, out: &mut dyn Write, width: Option<usize>, color: bool) -> io::Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let widths = self.widths(width);
        let titles: Vec<Cell> =
            self.columns.iter().map(|(t, _)| Cell { text: t.clone(), paint: Paint::Plain }).collect();
        self.line(out, &titles, &widths, color)?;
        let rule: Vec<Cell> = widths.iter().map(|w| Cell { text: "-".repeat(*w), paint: Paint::Faint }).collect();
        self.line(out, &rule, &widths, color)?;
        for row in &self.rows {
            self.line(out, row, &widths, color)?;
        }
        Ok(())
    }

    fn widths(&self, available: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(title, _)| title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let Some(available) = available else { return widths };
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(available);
        while excess > 0 {
            // Numbers say nothing when they are cut.
            let may_shrink = |i: &usize| !self.columns[*i].1 && widths[*i] > NARROWEST;
            let Some(widest) = (0..widths.len()).filter(may_shrink).max_by_key(|i| widths[*i]) else { break };
            let next = (0..widths.len()).filter(|i| may_shrink(i) && *i != widest).map(|i| widths[i]).max();
            let floor = next.map_or(NARROWEST, |n| n.max(NARROWEST)).min(widths[widest] - 1);
            let step = (widths[widest] - floor).min(excess);
            widths[widest] -= step;
            excess -= step;
        }
        widths
    }

    fn line(&self, out: &mut dyn Write, cells: &[Cell], widths: &[usize], color: bool) -> io::Result<()> {
        let mut line = String::new();
        let last = cells.len().min(widths.len()).saturating_sub(1);
        for (i, ((cell, &width), (_, numeric))) in cells.iter().zip(widths).zip(&self.columns).enumerate() {
            let shown = if *numeric { cell.text.clone() } else { text::fit(&cell.text, width) };
            let room = " ".repeat(width.saturating_sub(shown.width()));
            let shown = cell.paint.on(&shown, color);
            if *numeric {
                line.push_str(&room);
                line.push_str(&shown);
            } else {
                line.push_str(&shown);
                if i < last {
                    line.push_str(&room);
                }
            }
            if i < last {
                line.push_str(GAP);
            }
        }
        line.truncate(line.trim_end_matches(' ').len());
        line.push('\n');
        out.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::rows::Column;

    fn printed(table: &TextTable, width: Option<usize>, color: bool) -> String {
        let mut out = Vec::new();
        table.write(&mut out, width, color).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_line_up_by_what_the_eye_sees() {
        let rows = Rows {
            columns: vec![Column::number("n"), Column::text("name"), Column::text("x")],
            rows: vec![
                vec![Value::Int(7), Value::Text("漢字".into()), Value::Text("a".into())],
                vec![Value::Int(1234), Value::Null, Value::Text("b\nc\u{1b}[m".into())],
            ],
            truncated: None,
        };
        let expected = "   n  name  x\n----  ----  --------------\n   7  漢字  a\n1234  NULL  b\\nc<U+001B>[m\n";
        assert_eq!(printed(&TextTable::of_rows(&rows), None, false), expected);
    }

    #[test]
    fn the_widest_text_gives_way_and_numbers_never_do() {
        let mut table = TextTable::new(&[("id", true), ("a", false), ("b", false)]);
        table.push(vec![Cell::new("12345678901234567890"), Cell::new(&"a".repeat(60)), Cell::new(&"b".repeat(12))]);
        for width in [44, 50, 70, 96] {
            let text = printed(&table, Some(width), false);
            assert!(text.lines().all(|l| l.width() <= width), "{width}\n{text}");
            assert!(text.contains("12345678901234567890"), "{text}");
        }
        assert!(printed(&table, Some(70), false).contains(&"b".repeat(12)));
    }

    #[test]
    fn colours_do_not_move_anything() {
        let mut table = TextTable::new(&[("state", false), ("n", true)]);
        table.push(vec![Cell::new("CRIT").painted(Paint::Bad), Cell::new("1")]);
        let plain = printed(&table, None, false);
        let colored = printed(&table, None, true);
        assert!(colored.contains("\u{1b}[31mCRIT\u{1b}[0m") && !plain.contains('\u{1b}'));
        let stripped = regex::Regex::new("\u{1b}\\[[0-9]*m").unwrap().replace_all(&colored, "").into_owned();
        assert_eq!(stripped, plain);
    }
}
