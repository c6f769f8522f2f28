//! Comma-separated values, quoted by the rules of RFC 4180. Lines end in a line feed, as the tools of a pipe expect.
//!
//! Values are written as they are: a text that begins with `=`, `+`, `-` or `@` is a formula to a spreadsheet, and
//! changing it would make the file wrong for everything else. Import such columns as text.

use crate::domain::rows::{Column, Value};
use crate::domain::text;

/// The header line.
pub(super) fn head(columns: &[Column], escaped: bool) -> String {
    join(columns.iter().map(|c| Some(c.name.clone())), escaped)
}

/// One row. NULL is empty, empty text is `""`.
pub(super) fn line(row: &[Value], escaped: bool) -> String {
    join(row.iter().map(Value::plain), escaped)
}

fn join(cells: impl Iterator<Item = Option<String>>, escaped: bool) -> String {
    let mut out = String::new();
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(',');
        }
        if let Some(cell) = cell {
            push_quoted(&mut out, &if escaped { text::escape(&cell) } else { cell });
        }
    }
    if out.is_empty() {
        out.push_str("\"\""); // a line with nothing on it is no record to most readers
    }
    out.push('\n');
    out
}

fn push_quoted(out: &mut String, cell: &str) {
    let needs_quotes = cell.is_empty()
        || cell.contains([',', '"', '\n', '\r'])
        // At the head of a file, readers take this one for a byte order mark and drop it.
        || cell.starts_with('\u{feff}')
        || cell.starts_with(char::is_whitespace)
        || cell.ends_with(char::is_whitespace);
    if needs_quotes {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_of_one_null_is_still_a_row() {
        assert_eq!(line(&[Value::Null], false), "\"\"\n");
        assert_eq!(line(&[Value::Null, Value::Null], false), ",\n");
    }

    proptest! {
        #[test]
        fn another_reader_gets_every_cell_back(rows in prop::collection::vec(prop::collection::vec(".*|[,\"\r\n =]*", 3), 1..5)) {
            let text: String = rows.iter().map(|r| {
                line(&r.iter().map(|c| Value::Text(c.clone())).collect::<Vec<_>>(), false)
            }).collect();
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let back: Vec<Vec<String>> =
                reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
            prop_assert_eq!(back, rows);
        }
    }
}
