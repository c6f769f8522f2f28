//! Facts, headings and statements as lines of a width: what an incident says of itself, and what is said about an error
//! in the chat.

use crate::app::incidents::detail::{DetailLine, LineKind};
use crate::app::pane::Tone;
use crate::domain::text::escape;
use crate::ui::canvas::Canvas;
use crate::ui::parts::statement;
use crate::ui::theme::Role;
use crate::ui::wrap;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

/// Widest lead of a line that gets a column of its own: a day and a time.
const WIDEST_LEAD: usize = 14;

/// Lines of a pane, wrapped beside their leads.
pub(crate) fn lay_out(canvas: &Canvas<'_>, lines: &[DetailLine], width: usize) -> Vec<Line<'static>> {
    let lead_width = lines.iter().map(|l| l.lead.width()).filter(|w| *w <= WIDEST_LEAD).max().unwrap_or(0);
    let mut out: Vec<Line<'static>> = Vec::new();
    let mut rest = lines;
    while let Some(line) = rest.first() {
        let statement = rest.iter().take_while(|l| l.kind == LineKind::Statement).count();
        if statement > 0 {
            let text: Vec<&str> = rest[..statement].iter().map(|l| l.text.as_str()).collect();
            out.extend(
                statement::wrapped(&text.join("\n"), width.saturating_sub(2), &canvas.theme).into_iter().map(indented),
            );
            rest = &rest[statement..];
            continue;
        }
        rest = &rest[1..];
        match line.kind {
            LineKind::Heading => {
                if !out.is_empty() {
                    out.push(Line::default());
                }
                out.extend(wrap::styled(&[canvas.span(escape(&line.text), Role::Title)], width));
            }
            LineKind::Fact(tone) => out.extend(beside_lead(canvas, line, lead_width, width, role(tone))),
            LineKind::Statement => {}
        }
    }
    out
}

fn indented(mut line: Line<'static>) -> Line<'static> {
    line.spans.insert(0, Span::raw("  "));
    line
}

/// A fact with its lead before its first line and room below the lead.
fn beside_lead(canvas: &Canvas<'_>, line: &DetailLine, lead: usize, width: usize, role: Role) -> Vec<Line<'static>> {
    let gap = if lead == 0 { 0 } else { lead + 1 };
    let room = width.saturating_sub(gap).max(2);
    let texts: Vec<String> = wrap::escaped_lines(&line.text);
    let wrapped = texts.iter().flat_map(|text| wrap::styled(&[canvas.span(text.clone(), role)], room));
    let wrapped: Vec<Line<'static>> = wrapped.collect();
    let mut out = Vec::with_capacity(wrapped.len().max(1));
    for (i, mut part) in wrapped.into_iter().enumerate() {
        let words = if i == 0 { format!("{:<gap$}", escape(&line.lead)) } else { " ".repeat(gap) };
        part.spans.insert(0, canvas.span(words, Role::Label));
        out.push(part);
    }
    out
}

/// How a tone is drawn.
pub(crate) fn role(tone: Tone) -> Role {
    match tone {
        Tone::Plain => Role::Text,
        Tone::Good => Role::Ok,
        Tone::Doubtful => Role::Warning,
        Tone::Bad => Role::Down,
        Tone::Faint => Role::Dim,
    }
}
