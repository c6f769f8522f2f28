//! Rows as files and streams: CSV, JSON lines, Markdown, and aligned columns for people.
//!
//! ```text
//! RowWriter   one row after the other, in the memory of one row     file    a new file, complete or not there
//! csv  json  markdown   one row in that format                      table   all rows, in aligned columns
//! ```
//!
//! A file holds what the server sent, unchanged; only what goes to a terminal is escaped.

mod csv;
mod file;
mod json;
mod markdown;
pub mod table;

pub use file::NewFile;
pub use json::object_line;

use crate::domain::interchange::ExportFormat;
use crate::domain::rows::{Column, RowSink, Rows, Value};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// Writes rows while they arrive. As a [`RowSink`] it keeps the first failure, ends the read, and tells of it in
/// [`RowWriter::finish`].
#[derive(Debug)]
pub struct RowWriter<W: Write> {
    out: W,
    format: ExportFormat,
    escaped: bool,
    columns: Option<Vec<Column>>,
    written: Written,
    failure: Option<io::Error>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rows, the header line not counted.
    pub rows: u64,
    /// Cells of which the server sent more than was kept; each says so in its text.
    pub cut_cells: u64,
}

impl<W: Write> RowWriter<W> {
    /// Writes to anything.
    pub fn new(out: W, format: ExportFormat) -> Self {
        Self { out, format, escaped: false, columns: None, written: Written::default(), failure: None }
    }

    /// For a terminal: nothing that a server wrote can move the cursor or hide.
    #[must_use]
    pub fn escaped(mut self, escaped: bool) -> Self {
        self.escaped = escaped;
        self
    }

    /// The columns, once, before any row: the header line, where the format has one.
    pub fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        let head = match self.format {
            ExportFormat::Csv => csv::head(columns, self.escaped),
            ExportFormat::Markdown => markdown::head(columns),
            ExportFormat::Json => String::new(),
        };
        self.columns = Some(columns.to_vec());
        self.out.write_all(head.as_bytes())
    }

    /// One row. Its cells are named by the columns of [`RowWriter::begin`].
    pub fn add(&mut self, row: &[Value]) -> io::Result<()> {
        let line = match self.format {
            ExportFormat::Csv => csv::line(row, self.escaped),
            ExportFormat::Markdown => markdown::line(row),
            ExportFormat::Json => json::row_line(self.columns.as_deref().unwrap_or_default(), row),
        };
        self.out.write_all(line.as_bytes())?;
        self.written.rows += 1;
        self.written.cut_cells += row.iter().filter(|v| matches!(v, Value::Cut { .. })).count() as u64;
        Ok(())
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        self.written
    }

    /// Flushes, and gives the stream back with what was written; or the first failure.
    pub fn finish(mut self) -> io::Result<(Written, W)> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.out.flush()?;
        Ok((self.written, self.out))
    }
}

impl RowWriter<BufWriter<NewFile>> {
    /// Writes a new file that only its owner can read. It stands under its name once [`RowWriter::keep`] was called,
    /// whole; dropped before that, it leaves nothing.
    ///
    /// # Errors
    /// A file of that name exists already, with these words; or what the system says.
    pub fn create(path: &Path, format: ExportFormat) -> io::Result<Self> {
        Ok(Self::new(BufWriter::with_capacity(64 << 10, NewFile::create(path)?), format))
    }

    /// The file is complete: gives it its name.
    pub fn keep(self) -> io::Result<Written> {
        let (written, buffer) = self.finish()?;
        buffer.into_inner().map_err(io::IntoInnerError::into_error)?.keep()?;
        Ok(written)
    }
}

impl<W: Write + Send> RowSink for RowWriter<W> {
    fn columns(&mut self, columns: Vec<Column>) {
        if let Err(error) = self.begin(&columns) {
            self.failure.get_or_insert(error);
        }
    }
    fn row(&mut self, row: Vec<Value>) -> ControlFlow<()> {
        if self.failure.is_none()
            && let Err(error) = self.add(&row)
        {
            self.failure = Some(error);
        }
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Writes a result that is in memory.
pub fn write(rows: &Rows, format: ExportFormat, out: &mut dyn Write) -> io::Result<Written> {
    let mut writer = RowWriter::new(out, format);
    writer.begin(&rows.columns)?;
    for row in &rows.rows {
        writer.add(row)?;
    }
    Ok(writer.finish()?.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sample() -> Rows {
        Rows {
            columns: vec![Column::number("id"), Column::text("note")],
            rows: vec![
                vec![Value::Int(1), Value::Text("plain".into())],
                vec![Value::Int(2), Value::Null],
                vec![Value::Int(3), Value::Text(String::new())],
                vec![Value::Null, Value::Text("a,\"b\"|c\r\nd\u{1b}[2J\u{9b}".into())],
            ],
            truncated: None,
        }
    }

    fn text(format: ExportFormat) -> String {
        let mut out = Vec::new();
        let written = write(&sample(), format, &mut out).unwrap();
        assert_eq!(written, Written { rows: 4, cut_cells: 0 });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_holds_what_the_server_sent_and_null_is_not_empty_text() {
        let expected = "id,note\n1,plain\n2,\n3,\"\"\n,\"a,\"\"b\"\"|c\r\nd\u{1b}[2J\u{9b}\"\n";
        assert_eq!(text(ExportFormat::Csv), expected);
    }

    #[test]
    fn json_is_one_object_a_line_in_which_no_control_character_is_bare() {
        let text = text(ExportFormat::Json);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], [r#"{"id":1,"note":"plain"}"#, r#"{"id":2,"note":null}"#, r#"{"id":3,"note":""}"#]);
        assert!(!lines[3].chars().any(char::is_control), "{}", lines[3]);
        let back: serde_json::Value = serde_json::from_str(lines[3]).unwrap();
        assert_eq!(back["note"], "a,\"b\"|c\r\nd\u{1b}[2J\u{9b}");
    }

    #[test]
    fn markdown_is_one_table_whatever_the_cells_hold() {
        let text = text(ExportFormat::Markdown);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["| id | note |", "| ---: | --- |", "| 1 | plain |"]);
        assert_eq!(lines[5], r#"| NULL | a,"b"\|c<br>d\<U+001B>\[2J\<U+009B> |"#);
    }

    #[test]
    fn a_terminal_never_gets_a_control_character() {
        for format in [ExportFormat::Csv, ExportFormat::Json, ExportFormat::Markdown] {
            let mut writer = RowWriter::new(Vec::new(), format).escaped(true);
            writer.begin(&[Column::text("a\u{1b}]0;x\u{7}")]).unwrap();
            writer.add(&[Value::Text("\u{202e}b\u{9b}31m\r\n\u{7f}".into())]).unwrap();
            let (_, out) = writer.finish().unwrap();
            let out = String::from_utf8(out).unwrap();
            let bad = |c: &char| *c != '\n' && crate::domain::text::risky(*c);
            assert_eq!(out.chars().find(bad), None, "{format:?}: {out:?}");
        }
    }

    #[test]
    fn a_stream_that_breaks_ends_the_read_and_is_told_at_the_end() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = RowWriter::new(Broken, ExportFormat::Csv);
        writer.columns(vec![Column::text("a")]);
        assert_eq!(writer.row(vec![Value::Int(1)]), ControlFlow::Break(()));
        assert_eq!(writer.finish().err().unwrap().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_file_is_there_when_it_is_complete_and_never_replaces_another() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();

        let mut writer = RowWriter::create(&path, ExportFormat::Csv).unwrap();
        writer.begin(&[Column::number("n")]).unwrap();
        drop(writer);
        assert_eq!(names(), 0, "an unfinished file is left behind");

        let mut writer = RowWriter::create(&path, ExportFormat::Csv).unwrap();
        writer.begin(&[Column::number("n")]).unwrap();
        assert_eq!(writer.row(vec![Value::Cut { start: "7".into(), bytes: 9 }]), ControlFlow::Continue(()));
        assert!(!path.exists(), "half a file stands under its name");
        assert_eq!(writer.keep().unwrap(), Written { rows: 1, cut_cells: 1 });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "n\n7... (9 bytes)\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(), 1);

        let refused = RowWriter::create(&path, ExportFormat::Json).err().unwrap();
        assert!(refused.to_string().contains("exists already"), "{refused}");
        assert_eq!(names(), 1);
    }

    #[test]
    fn a_file_that_appeared_meanwhile_is_not_replaced_either() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let mut writer = RowWriter::create(&path, ExportFormat::Csv).unwrap();
        writer.begin(&[Column::number("n")]).unwrap();
        std::fs::write(&path, "somebody else's").unwrap();
        let refused = writer.keep().err().unwrap();
        assert!(refused.to_string().contains("exists already"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody else's");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
