//! One piece of a conversation as lines of a width: what was asked, the lead of an answer, a statement with its rows.

use crate::app::chat::{Block, Entry, Outcome};
use crate::app::model::Model;
use crate::app::table::{Table, TableCell};
use crate::app::turn::Source;
use crate::domain::metric::{self, grouped};
use crate::domain::text::{escape, fit};
use crate::ui::canvas::Canvas;
use crate::ui::parts::detail;
use crate::ui::parts::statement;
use crate::ui::parts::table::{Placed, natural_widths, place};
use crate::ui::theme::Role;
use crate::ui::wrap;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

/// Rows of a result that a conversation shows; the rest opens as a table.
pub(crate) const SHOWN_ROWS: usize = 20;
/// Lines of a statement that a conversation shows.
const SHOWN_STATEMENT: usize = 8;

/// A laid-out piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct LaidEntry {
    pub(crate) lines: Vec<Line<'static>>,
    /// It is the box of a statement; its last line is the box's lower one.
    pub(crate) boxed: bool,
    /// It will not change any more.
    pub(crate) finished: bool,
}

/// What an entry stands among.
pub(crate) struct Place<'a> {
    pub(crate) model: &'a Model,
    pub(crate) index: usize,
    /// Number of the statement in the conversation, from 1.
    pub(crate) number: usize,
    pub(crate) width: usize,
}

/// Lays an entry out.
pub(crate) fn lay_out(canvas: &Canvas<'_>, entry: &Entry, place: &Place<'_>) -> LaidEntry {
    let width = place.width;
    let clock = |at: &crate::domain::target::Timestamp| at.clock(place.model.offset_minutes)[..5].to_owned();
    let mut laid = LaidEntry { finished: true, ..LaidEntry::default() };
    let lines = &mut laid.lines;
    match entry {
        Entry::You { at, text } => {
            if place.index > 0 {
                lines.push(Line::default());
            }
            lines.push(speaker(canvas, "you", &clock(at), ""));
            let looks_like_sql =
                place.model.chat_target().is_some_and(|t| t.dialect.looks_like_statement(t.dialect.as_typed(text)));
            if looks_like_sql {
                lines.extend(indented(statement::wrapped(text, width.saturating_sub(2), &canvas.theme)));
            } else {
                push_text(canvas, lines, text, width, Role::Text);
            }
        }
        Entry::Lead { at, title, text, notes, source } => {
            let from = match source {
                Source::Intent => "   coded answer",
                Source::Sql => "",
            };
            lines.push(Line::default());
            lines.push(speaker(canvas, "answer", &clock(at), from));
            if !title.is_empty() {
                push_text(canvas, lines, title, width, Role::Title);
            }
            for line in text.iter().flat_map(|t| wrap::escaped_lines(t)) {
                // A diagram that is wrapped is no diagram any more: it is cut.
                lines.push(Line::from(canvas.span(format!("  {}", fit(&line, width.saturating_sub(2))), Role::Text)));
            }
            for note in notes {
                push_text(canvas, lines, &format!("note: {note}"), width, Role::Dim);
            }
        }
        Entry::Say { at, text } => {
            lines.push(Line::default());
            lines.push(speaker(canvas, "answer", &clock(at), ""));
            push_text(canvas, lines, text, width, Role::Text);
        }
        Entry::Analysis { at, analysis } => {
            lines.push(Line::default());
            lines.push(speaker(canvas, "analysis", &clock(at), "   nothing was run for it"));
            push_text(canvas, lines, &analysis.title, width, detail::role(analysis.tone));
            lines.extend(indented(detail::lay_out(canvas, &analysis.lines, width.saturating_sub(2))));
        }
        Entry::Block(block) => lay_out_block(canvas, block, place, &mut laid),
    }
    laid
}

fn speaker(canvas: &Canvas<'_>, who: &str, clock: &str, from: &str) -> Line<'static> {
    Line::from(vec![canvas.span(who.to_owned(), Role::Speaker), canvas.span(format!(" {clock}{from}"), Role::Dim)])
}

fn indented(lines: Vec<Line<'static>>) -> impl Iterator<Item = Line<'static>> {
    lines.into_iter().map(|mut line| {
        line.spans.insert(0, Span::raw("  "));
        line
    })
}

fn push_text(canvas: &Canvas<'_>, lines: &mut Vec<Line<'static>>, text: &str, width: usize, role: Role) {
    for line in wrap::escaped_lines(text) {
        lines.extend(indented(wrap::styled(&[canvas.span(line, role)], width.saturating_sub(2))));
    }
}

/// `41 ms`, `1.41 s`, `2m 05s`.
pub(crate) fn took(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.2} s", ms as f64 / 1000.0),
        _ => metric::seconds(ms as f64 / 1000.0),
    }
}

/// `running 00:07   12 400 rows so far   Esc stops`.
pub(crate) fn running_words(model: &Model) -> String {
    let Some(running) = &model.chat.running else { return String::new() };
    let seconds = model.now.since(running.since) / 1000;
    let rows = if running.rows > 0 { format!("   {} rows so far", grouped(running.rows)) } else { String::new() };
    let stop = if running.stopping { "stopping ..." } else { "Esc stops" };
    format!("running {:02}:{:02}{rows}   {stop}", seconds / 60, seconds % 60)
}

/// A box: statement above, rows below.
struct Boxed<'a, 'c> {
    canvas: &'a Canvas<'c>,
    /// Columns between the two borders.
    inner: usize,
    lines: Vec<Line<'static>>,
}

impl Boxed<'_, '_> {
    fn rule(&mut self, ends: [&'static str; 2], left: Vec<Span<'static>>, right: &str) {
        let line = self.canvas.symbols.horizontal;
        let mut spans = vec![self.canvas.span(format!("  {}{line}", ends[0]), Role::Border)];
        let mut used = 1;
        let right_wide = if right.is_empty() { 0 } else { right.width() + 2 };
        if !left.is_empty() {
            let room = self.inner.saturating_sub(4);
            let whole: usize = left.iter().map(Span::width).sum();
            spans.push(Span::raw(" "));
            used += 1;
            if whole <= room {
                used += whole;
                spans.extend(left);
            } else {
                let text: String = left.iter().map(|s| s.content.as_ref()).collect();
                let text = fit(&text, room);
                used += text.width();
                spans.push(self.canvas.span(text, Role::Text));
            }
            spans.push(Span::raw(" "));
            used += 1;
        }
        let with_right = right_wide > 0 && used + right_wide + 2 <= self.inner;
        let filler = self.inner.saturating_sub(used + if with_right { right_wide + 1 } else { 0 });
        spans.push(self.canvas.span(line.repeat(filler), Role::Border));
        if with_right {
            spans.push(self.canvas.span(format!(" {right} "), Role::Dim));
            spans.push(self.canvas.span(line, Role::Border));
        }
        spans.push(self.canvas.span(ends[1], Role::Border));
        self.lines.push(Line::from(spans));
    }

    fn line(&mut self, content: Line<'static>) {
        let bar = self.canvas.symbols.vertical;
        let wide = content.width();
        let mut spans = vec![self.canvas.span(format!("  {bar}"), Role::Border), Span::raw(" ")];
        spans.extend(content.spans);
        spans.push(Span::raw(" ".repeat(self.inner.saturating_sub(wide + 1))));
        spans.push(self.canvas.span(bar, Role::Border));
        self.lines.push(Line::from(spans));
    }

    fn text(&mut self, text: &str, role: Role) {
        for line in wrap::escaped_lines(text) {
            for wrapped in wrap::styled(&[self.canvas.span(line, role)], self.inner.saturating_sub(2)) {
                self.line(wrapped);
            }
        }
    }
}

fn lay_out_block(canvas: &Canvas<'_>, block: &Block, place: &Place<'_>, laid: &mut LaidEntry) {
    let mut boxed = Boxed { canvas, inner: place.width.saturating_sub(4), lines: Vec::new() };
    let [top_left, top_right, bottom_left, bottom_right] = canvas.symbols.corners;
    boxed.rule([top_left, top_right], title(canvas, block, place), "");
    let asked = match place.index.checked_sub(1).and_then(|i| place.model.chat.entries.get(i)) {
        Some(Entry::You { text, .. }) => text.trim() == block.statement.trim(),
        _ => false,
    };
    // The person's own words, unchanged, stand right above: no need to repeat them.
    let with_statement = !block.statement.is_empty() && !asked;
    if with_statement {
        let lines = statement::wrapped(&block.statement, boxed.inner.saturating_sub(2), &canvas.theme);
        let hidden = lines.len().saturating_sub(SHOWN_STATEMENT);
        for line in lines.into_iter().take(SHOWN_STATEMENT) {
            boxed.line(line);
        }
        if hidden > 0 {
            boxed.line(Line::from(canvas.span(format!(".. {hidden} more lines; y copies them all"), Role::Dim)));
        }
        if matches!(&block.outcome, Outcome::Done { .. } | Outcome::Failed(_)) {
            boxed.rule(canvas.symbols.tees, Vec::new(), "");
        }
    }
    let mut foot = String::new();
    match &block.outcome {
        Outcome::Waiting => boxed.text("waits for the statement before it", Role::Dim),
        Outcome::Running => boxed.text(&running_words(place.model), Role::Warning),
        Outcome::Failed(words) => boxed.text(words, Role::Critical),
        Outcome::Done { rows, notices, .. } => {
            let head = crate::domain::rows::Rows {
                columns: rows.columns.clone(),
                rows: rows.rows.iter().take(SHOWN_ROWS).cloned().collect(),
                truncated: None,
            };
            foot = draw_rows(&mut boxed, &Table::from_rows(&head), rows.rows.len());
            for notice in notices {
                boxed.text(&format!("notice: {notice}"), Role::Dim);
            }
        }
    }
    boxed.rule([bottom_left, bottom_right], Vec::new(), &foot);
    laid.finished = matches!(&block.outcome, Outcome::Done { .. } | Outcome::Failed(_));
    laid.boxed = true;
    laid.lines.extend(boxed.lines);
}

/// `SQL 1  Largest tables  2 rows (all), ran 0.41 s, read-only on shop`.
fn title(canvas: &Canvas<'_>, block: &Block, place: &Place<'_>) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if !block.statement.is_empty() {
        spans.push(canvas.span(format!("SQL {}", place.number), Role::Title));
    }
    if !block.title.is_empty() {
        let gap = if spans.is_empty() { "" } else { "  " };
        spans.push(canvas.span(format!("{gap}{}", escape(&block.title)), Role::Title));
    }
    let mut facts = Vec::new();
    if matches!(block.outcome, Outcome::Failed(_)) {
        facts.push("failed".to_owned());
    }
    if let Outcome::Done { rows, took_ms, .. } = &block.outcome {
        facts.push(rows.count_words());
        if !block.statement.is_empty() {
            facts.push(format!("ran {}", took(*took_ms)));
        }
    }
    if !block.statement.is_empty() {
        let database = block.database.as_ref().map_or(String::new(), |d| format!("/{}", escape(d)));
        facts.push(format!("read-only on {}{database}", escape(&block.target)));
    }
    if !facts.is_empty() {
        spans.push(canvas.span(format!("  {}", facts.join(", ")), Role::Dim));
    }
    spans
}

/// Puts the first rows of a result into a box; gives the words for its lower line.
fn draw_rows(boxed: &mut Boxed<'_, '_>, table: &Table, rows: usize) -> String {
    if table.columns.is_empty() {
        boxed.text("done; it gives no rows", Role::Dim);
        return String::new();
    }
    let natural = natural_widths(table);
    let all: Vec<usize> = (0..table.columns.len()).collect();
    // A bar stands between two columns.
    let bars: usize = 2;
    let padded: Vec<usize> = natural.iter().map(|w| w + bars).collect();
    let (mut placed, _) = place(table, &padded, &all, 0, boxed.inner.saturating_sub(2) + bars);
    for p in &mut placed {
        p.width = p.width.saturating_sub(bars).max(1);
    }
    let hidden = table.columns.len() - placed.len();
    let bar = boxed.canvas.symbols.vertical;
    let cells = |cell: &dyn Fn(usize) -> (String, bool, Role)| -> Line<'static> {
        let mut line = Line::default();
        for (i, Placed { column, width }) in placed.iter().copied().enumerate() {
            if i > 0 {
                line.spans.push(boxed.canvas.span(format!(" {bar} "), Role::Border));
            }
            let (text, numeric, role) = cell(column);
            let text = fit(&text, width);
            let pad = " ".repeat(width.saturating_sub(text.width()));
            let text = if numeric { pad + &text } else { text + &pad };
            line.spans.push(boxed.canvas.span(text, role));
        }
        line
    };
    let head = cells(&|c| (table.columns[c].title.clone(), table.columns[c].numeric, Role::Header));
    let empty = TableCell::default();
    let body: Vec<Line<'static>> = table
        .rows
        .iter()
        .map(|row| {
            cells(&|c| {
                let cell = row.cells.get(c).unwrap_or(&empty);
                let role = if cell.null { Role::Null } else { Role::Text };
                (cell.text.clone(), table.columns[c].numeric, role)
            })
        })
        .collect();
    boxed.line(head);
    for line in body {
        boxed.line(line);
    }
    let mut foot = Vec::new();
    if rows > SHOWN_ROWS {
        foot.push(format!("first {SHOWN_ROWS} of {rows}"));
    }
    if hidden > 0 {
        foot.push(format!("columns 1-{} of {} >", placed.len(), table.columns.len()));
    }
    foot.join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(12_400), "12 400");
        assert_eq!(grouped(1_000_000), "1 000 000");
        assert_eq!(took(41), "41 ms");
        assert_eq!(took(1_410), "1.41 s");
        assert_eq!(took(125_000), "2m 05s");
    }
}
