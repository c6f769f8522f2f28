//! The printed forms: every event as JSON, and the summary as tables.

use super::tally::Tally;
use crate::cli::Headless;
use crate::cli::host::object;
use crate::domain::error::kind::Severity;
use crate::domain::error::naming::Understood;
use crate::domain::log::{Level, LogEvent};
use crate::domain::target::Timestamp;
use crate::domain::text;
use crate::export::table::{Cell, Paint, TextTable};
use serde_json::{Map, Value};
use std::io;

/// Rows of each table.
const MOST_ROWS: usize = 40;
/// Columns of a title, a message, a statement.
const TITLE_COLUMNS: usize = 44;
const TEXT_COLUMNS: usize = 90;

/// One event as a line of JSON. The server's text is in it as it was, apart from what could move a terminal's cursor.
pub(super) fn event(event: &LogEvent, error: Option<&Understood>, io: &mut Headless<'_>) -> io::Result<()> {
    let mut line = object();
    let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
    put("time", event.at.map_or(Value::Null, |at| iso(at).into()));
    put("pid", event.pid.into());
    put("user", known(&event.user));
    put("database", known(&event.database));
    put("severity", known(&event.severity));
    put("code", known(if event.code.is_empty() { error.map_or("", |e| e.code.as_str()) } else { &event.code }));
    put("message", event.message.as_str().into());
    put("detail", known(&event.detail));
    put("hint", known(&event.hint));
    put("context", known(&event.context));
    put("statement", known(&event.statement));
    put("kind", error.map_or(Value::Null, |e| e.kind.word().into()));
    put("signature", error.map_or(Value::Null, |e| e.signature.as_str().into()));
    put("group", error.map_or(Value::Null, |e| e.group.as_str().into()));
    put("title", error.map_or(Value::Null, |e| e.title.as_str().into()));
    put("object", error.and_then(|e| e.object.as_deref()).map_or(Value::Null, Value::from));
    put("level", level(event.level).into());
    put("application", known(&event.application));
    put("host", known(&event.host));
    put("port", event.port.into());
    more(event, &mut line);
    io.object(line)
}

/// Fields that few events have: they are there when they are known.
fn more(event: &LogEvent, line: &mut Map<String, Value>) {
    let (session, cost) = (&event.session, &event.cost);
    let number = |n: f64| serde_json::Number::from_f64(n).map(Value::Number);
    let text = |t: &str| Some(t).filter(|t| !t.is_empty()).map(Value::from);
    let fields = [
        ("inner_statement", text(&event.inner_statement)),
        ("position", event.position.map(Value::from)),
        ("location", text(&event.location)),
        ("part", text(&event.part)),
        ("session", text(&session.id)),
        ("session_line", session.line.map(Value::from)),
        ("session_start", session.started_at.map(|at| iso(at).into())),
        ("command", text(&session.command)),
        ("virtual_transaction", text(&session.virtual_transaction)),
        ("transaction", session.transaction.map(Value::from)),
        ("leader", session.leader.map(Value::from)),
        ("query_id", session.query_id.map(Value::from)),
        ("duration_ms", cost.duration_ms.and_then(number)),
        ("lock_ms", cost.lock_ms.and_then(number)),
        ("rows_sent", cost.rows_sent.map(Value::from)),
        ("rows_examined", cost.rows_examined.map(Value::from)),
        ("rows_affected", cost.rows_affected.map(Value::from)),
        ("cut_bytes", Some(event.cut).filter(|cut| *cut > 0).map(Value::from)),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            line.insert(key.to_owned(), value);
        }
    }
}

/// The tables for people: errors by signature, then statements by their cost.
pub(super) fn summary(tally: &Tally, io: &mut Headless<'_>) -> io::Result<()> {
    let (errors, statements) = (tally.errors(), tally.statements());
    if !errors.is_empty() {
        let mut table = TextTable::new(&[
            ("COUNT", true),
            ("FIRST", false),
            ("LAST", false),
            ("SEVERITY", false),
            ("KIND", false),
            ("CODE", false),
            ("TITLE", false),
            ("SIGNATURE", false),
            ("EXAMPLE", false),
        ]);
        for (signature, error) in errors.iter().take(MOST_ROWS) {
            let moment =
                |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.date_time(io.offset_minutes));
            let paint = match error.severity {
                Severity::Critical => Paint::Bad,
                Severity::Error => Paint::Plain,
                Severity::Warning => Paint::Warning,
                Severity::Info => Paint::Faint,
            };
            table.push(vec![
                Cell::new(&error.count.to_string()),
                Cell::new(&moment(error.span.map(|s| s.0))),
                Cell::new(&moment(error.span.map(|s| s.1))),
                Cell::new(error.severity.word()).painted(paint),
                Cell::new(error.kind.word()),
                Cell::new(&error.code),
                Cell::new(&text::fit(&error.title, TITLE_COLUMNS)),
                Cell::new(signature),
                Cell::new(&short(&error.message)),
            ]);
        }
        io.table(&table)?;
        more_rows(errors.len(), "signatures", io)?;
    }
    if !statements.is_empty() {
        if !errors.is_empty() {
            io.line("")?;
        }
        let mut table = TextTable::new(&[
            ("COUNT", true),
            ("TOTAL s", true),
            ("MEAN ms", true),
            ("MAX ms", true),
            ("ROWS READ", true),
            ("STATEMENT", false),
        ]);
        for (shape, statement) in statements.iter().take(MOST_ROWS) {
            table.push(vec![
                Cell::new(&statement.count.to_string()),
                Cell::new(&format!("{:.1}", statement.total_ms / 1000.0)),
                Cell::new(&format!("{:.1}", statement.total_ms / statement.count.max(1) as f64)),
                Cell::new(&format!("{:.1}", statement.most_ms)),
                Cell::new(&statement.rows_examined.to_string()),
                Cell::new(&short(shape)),
            ]);
        }
        io.table(&table)?;
        more_rows(statements.len(), "statements", io)?;
    }
    Ok(())
}

fn more_rows(rows: usize, what: &str, io: &mut Headless<'_>) -> io::Result<()> {
    let more = rows.saturating_sub(MOST_ROWS);
    if more > 0 { io.line(&format!("and {more} more {what}")) } else { Ok(()) }
}

/// The beginning of a text, without secrets, on one line.
fn short(text: &str) -> String {
    let end = text.char_indices().nth(TEXT_COLUMNS * 2).map_or(text.len(), |(at, _)| at);
    let words: Vec<&str> = text[..end].split_whitespace().collect();
    text::fit(&text::redact(&words.join(" ")), TEXT_COLUMNS)
}

fn known(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Notice => "notice",
        Level::Warning => "warning",
        Level::Error => "error",
        Level::Fatal => "fatal",
        Level::Panic => "panic",
    }
}

/// `2026-11-21T20:40:02.059Z`.
fn iso(at: Timestamp) -> String {
    format!("{}.{:03}Z", at.date_time(0).replace(' ', "T"), at.0.rem_euclid(1000))
}
