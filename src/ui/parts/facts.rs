//! The facts of the approval's box: what stands in the way first, then what is expected beside the way back, then how it
//! is verified and everything else that was found, wrapped, each with its label on its first line.

use super::proposal::LABELS;
use crate::app::approvals::{Filed, denied_like};
use crate::app::dossier::{EXPECTED, UNDONE};
use crate::app::healing::detail::denial;
use crate::app::model::Model;
use crate::domain::text::escape;
use crate::ui::canvas::Canvas;
use crate::ui::theme::Role;
use crate::ui::wrap;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

/// Sections of a dossier that warn, under short names.
const WARNINGS: &[(&str, &str)] = &[("Stands in the way", "STOP"), ("Look closely", "LOOK")];
/// The other sections that the box has room for, in its order, under short names.
const FACTS: &[(&str, &str)] = &[
    (EXPECTED, "EXPECT"),
    ("How it is verified", "VERIFY"),
    ("Only if", "ONLY IF"),
    ("Advice", "ADVICE"),
    ("What it does", "EFFECT"),
    (UNDONE, UNDO),
    ("Right to do it", "RIGHTS"),
    ("Sessions", "SESSIONS"),
    ("What happened", HISTORY),
    ("What has to hold", "CHECKS"),
    ("What it touches", "TOUCHES"),
    ("Plan", "PLAN"),
];
/// The label of the way back, and of what happened.
const UNDO: &str = "UNDO";
const HISTORY: &str = "HISTORY";
/// Columns from which what is expected and the way back stand beside each other.
const TWO_COLUMNS: u16 = 66;
/// Earlier denials of the like that are shown.
const DENIALS: usize = 2;

/// The first of them, so many lines at most: nobody scrolls here, and a text may be a megabyte.
pub(crate) fn lines(canvas: &Canvas<'_>, filed: &Filed, model: &Model, width: u16, most: usize) -> Vec<Line<'static>> {
    let p = &filed.proposal;
    let labelled =
        |label, lines: &[String], role, have: usize| labelled(canvas, label, lines, width, role, most - have.min(most));
    let section = |title: &str| filed.sections.iter().find(|s| s.title == title).map(|s| s.lines.as_slice());
    let mut out = Vec::new();
    if let Some(words) = model.approvals.refused.get(&p.id) {
        out.extend(labelled("REFUSED", &[escape(words)], Role::Critical, out.len()));
    }
    for (title, label) in WARNINGS {
        out.extend(labelled(label, section(title).unwrap_or_default(), Role::Critical, out.len()));
    }
    if p.stage.is_open() {
        let denied = denied_like(model, p).take(DENIALS);
        let denied: Vec<String> =
            denied.map(|(before, why)| escape(&denial(before, why, model.offset_minutes))).collect();
        out.extend(labelled("DENIED", &denied, Role::Critical, out.len()));
    }
    let beside = match (section(EXPECTED), section(UNDONE)) {
        (Some(expected), Some(undone)) if width >= TWO_COLUMNS && p.stage.is_open() => {
            out.extend(side_by_side(canvas, expected, undone, width, most));
            true
        }
        _ => false,
    };
    let mut order: Vec<&(&str, &str)> =
        FACTS.iter().filter(|(title, _)| !beside || (*title != EXPECTED && *title != UNDONE)).collect();
    if !p.stage.is_open() {
        // What became of it matters more than what it would have done.
        order.sort_by_key(|(_, label)| *label != HISTORY);
    }
    for (title, label) in order {
        out.extend(labelled(label, section(title).unwrap_or_default(), Role::Text, out.len()));
    }
    out
}

/// Lines wrapped beside their label.
fn labelled(
    canvas: &Canvas<'_>,
    label: &'static str,
    lines: &[String],
    width: u16,
    role: Role,
    most: usize,
) -> Vec<Line<'static>> {
    wrapped(lines, usize::from(width))
        .take(most)
        .enumerate()
        .map(|(i, text)| {
            let label = if i == 0 { label } else { "" };
            let lead = canvas.span(format!("{label:<0$}", usize::from(LABELS)), Role::Label);
            Line::from(vec![lead, canvas.span(text, role)])
        })
        .collect()
}

fn wrapped(lines: &[String], width: usize) -> impl Iterator<Item = String> {
    lines.iter().flat_map(move |line| wrap::ranges(line, width).map(|range| line[range].trim_end().to_owned()))
}

/// What a step is expected to change on the left, the way back on the right.
fn side_by_side(
    canvas: &Canvas<'_>,
    expected: &[String],
    undone: &[String],
    width: u16,
    most: usize,
) -> Vec<Line<'static>> {
    let half = usize::from(width / 2);
    let left: Vec<String> = wrapped(expected, half.saturating_sub(2)).take(most).collect();
    let right: Vec<String> = wrapped(undone, half.saturating_sub(UNDO.len() + 1)).take(most).collect();
    (0..left.len().max(right.len()))
        .map(|i| {
            let (lead, undo) = if i == 0 { ("EXPECT", UNDO) } else { ("", "") };
            let text = left.get(i).map_or("", String::as_str);
            let gap = " ".repeat(half.saturating_sub(text.width()));
            Line::from(vec![
                canvas.span(format!("{lead:<0$}", usize::from(LABELS)), Role::Label),
                canvas.span(format!("{text}{gap}"), Role::Text),
                canvas.span(format!("{undo:<0$} ", UNDO.len()), Role::Label),
                canvas.span(right.get(i).cloned().unwrap_or_default(), Role::Text),
            ])
        })
        .collect()
}
