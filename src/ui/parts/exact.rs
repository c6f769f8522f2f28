//! A statement as it would be sent: every line numbered, nothing cut, nothing hidden, wrapped hard at the width.
//!
//! Which bytes of it a frame has shown is what an approval asks for, so every row knows its own.

use crate::domain::guard::ticket::ActDigest;
use crate::domain::text::{escape, risky};
use std::ops::Range;
use std::rc::Rc;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Bytes of a cluster above which its characters are shown one by one: nobody writes that many marks on a letter.
const CLUSTER: usize = 32;

/// One row on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Number of the statement's line that begins here; none where a line goes on.
    pub(crate) number: Option<usize>,
    /// Fit to be shown.
    pub(crate) text: String,
    /// Bytes of the statement that it stands for, with the line's end.
    pub(crate) bytes: Range<usize>,
    /// A character that cannot be seen is shown by its name here.
    pub(crate) hidden: bool,
}

/// The rows of a statement at a width.
pub(crate) fn rows(statement: &str, width: usize) -> Vec<Row> {
    let width = width.max(10);
    let mut rows = Vec::new();
    let mut at = 0;
    for (n, line) in statement.split('\n').enumerate() {
        let mut row = Row { number: Some(n + 1), text: String::new(), bytes: at..at, hidden: false };
        let mut used = 0;
        let mut indent = true;
        for cluster in line.graphemes(true) {
            indent &= matches!(cluster, " " | "\t");
            for Piece { shown, bytes, hidden } in visible(cluster, indent) {
                let wide = shown.width();
                if used > 0 && used + wide > width {
                    let next =
                        Row { number: None, text: String::new(), bytes: row.bytes.end..row.bytes.end, hidden: false };
                    rows.push(std::mem::replace(&mut row, next));
                    used = 0;
                }
                row.text.push_str(&shown);
                row.hidden |= hidden;
                row.bytes.end += bytes;
                used += wide;
            }
        }
        at += line.len() + 1;
        // The line's end belongs to its last row.
        row.bytes.end = at.min(statement.len());
        rows.push(row);
    }
    rows
}

/// A part of a row that is not taken apart.
struct Piece {
    shown: String,
    bytes: usize,
    hidden: bool,
}

/// A cluster as it is shown, and whether it would not be seen as it is. Tabs that indent a line become spaces; every
/// other one is shown, since in a literal it matters.
fn visible(cluster: &str, indent: bool) -> Vec<Piece> {
    let whole = |shown: String, hidden: bool| vec![Piece { shown, bytes: cluster.len(), hidden }];
    if cluster == "\t" {
        return if indent { whole("    ".to_owned(), false) } else { named(cluster, false) };
    }
    let hidden = cluster.chars().any(risky);
    if cluster.len() > CLUSTER {
        return named(cluster, true);
    }
    // A backslash of the statement stays what it is; only what the escaper would write with one is named instead.
    if cluster.contains(['\r', '\n']) { named(cluster, hidden) } else { whole(escape(cluster), hidden) }
}

/// Every character by its code point, each a piece of its own.
fn named(cluster: &str, hidden: bool) -> Vec<Piece> {
    let name = |c: char| Piece { shown: format!("<U+{:04X}>", u32::from(c)), bytes: c.len_utf8(), hidden };
    cluster.chars().map(name).collect()
}

/// What the screen remembers of the statement in the box: its rows at a width, and the byte at its upper edge, which
/// stays when the terminal changes its size.
#[derive(Default)]
pub(crate) struct Exact {
    laid: Option<(ActDigest, usize, Rc<Vec<Row>>)>,
    top: usize,
    height: usize,
}

impl Exact {
    /// The rows of an act's statement; those of another act begin at their beginning.
    pub(crate) fn rows(&mut self, digest: ActDigest, statement: &str, width: usize) -> Rc<Vec<Row>> {
        match &self.laid {
            Some((of, at, rows)) if (*of, *at) == (digest, width) => return Rc::clone(rows),
            Some((of, ..)) if *of == digest => {}
            _ => self.top = 0,
        }
        let rows = Rc::new(rows(statement, width));
        self.laid = Some((digest, width, Rc::clone(&rows)));
        rows
    }

    /// Place of the first row that is seen when so many fit.
    pub(crate) fn first(&mut self, rows: &[Row], height: usize) -> usize {
        self.height = height;
        let first = rows.iter().rposition(|r| r.bytes.start <= self.top);
        first.unwrap_or(0).min(rows.len().saturating_sub(height))
    }

    /// Scrolls by rows, as they were drawn last.
    pub(crate) fn scroll(&mut self, by: i32) {
        let Some((_, _, rows)) = self.laid.clone() else { return };
        let height = self.height;
        let here = self.first(&rows, height);
        let step = isize::try_from(by).unwrap_or(0);
        let to = here.saturating_add_signed(step).min(rows.len().saturating_sub(height.max(1)));
        self.top = rows.get(to).map_or(0, |r| r.bytes.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(statement: &str, width: usize) -> Vec<String> {
        rows(statement, width).into_iter().map(|r| r.text).collect()
    }

    #[test]
    fn every_byte_has_its_row_and_none_has_two() {
        for statement in
            ["", "a", "a\n", "\n\n", "update t\n   set größe = '漢字漢字漢字漢字漢字'\n where id = 1", "x\ty\r\nz"]
        {
            for width in [10, 13, 40] {
                let rows = rows(statement, width);
                assert_eq!(rows.first().map(|r| r.bytes.start), Some(0));
                assert_eq!(rows.last().map(|r| r.bytes.end), Some(statement.len()));
                assert!(rows.windows(2).all(|w| w[0].bytes.end == w[1].bytes.start), "{statement:?}");
                assert!(rows.iter().all(|r| r.text.width() <= width), "{rows:?}");
            }
        }
    }

    #[test]
    fn nothing_hides() {
        assert_eq!(texts("a\u{202e}b\u{200b}\tc\r", 40), ["a<U+202E>b<U+200B><U+0009>c<U+000D>"]);
        assert!(rows("a\u{202e}b", 40)[0].hidden && !rows("größe 漢字", 40)[0].hidden);
        assert_eq!(texts(r"a\tb", 40), [r"a\tb"]);
        let marks = format!("a{}", "\u{301}".repeat(5_000));
        assert!(texts(&marks, 40).len() > 500, "a tower of marks is shown mark by mark, not cut");
    }

    #[test]
    fn long_statements_are_not_cut() {
        let long = "x".repeat(100_000);
        assert_eq!(texts(&long, 80).concat(), long);
    }

    #[test]
    fn the_place_stays_when_the_width_changes() {
        let statement: String =
            (0..200).map(|n| format!("line {n} of a statement that is wider than some screens\n")).collect();
        let digest = digest();
        let mut exact = Exact::default();
        let wide = exact.rows(digest, &statement, 80);
        exact.first(&wide, 10);
        exact.scroll(50);
        let at = wide[exact.first(&wide, 10)].bytes.start;
        let narrow = exact.rows(digest, &statement, 20);
        let first = exact.first(&narrow, 10);
        assert!(narrow[first].bytes.contains(&at));
    }

    fn digest() -> ActDigest {
        use crate::domain::guard::Class;
        use crate::domain::guard::ticket::{Act, Binding, Gravity};
        use crate::domain::target::{Environment, TargetId};
        let binding = Binding {
            target: TargetId::new("t"),
            engine: String::new(),
            address: String::new(),
            database: String::new(),
            login: String::new(),
            role: String::new(),
            server: None,
            started_at: None,
            epoch: None,
        };
        Act {
            id: 1,
            statement: String::new(),
            parameters: Vec::new(),
            class: Class::Dml,
            gravity: Gravity::Low,
            binding,
            environment: Environment::Development,
            objects: Vec::new(),
            preconditions: Vec::new(),
            most_rows: None,
            sequel: None,
        }
        .digest()
    }
}
