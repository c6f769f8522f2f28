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

/// All of them.
pub(crate) fn lines(canvas: &Canvas<'_>, filed: &Filed, model: &Model, width: u16) -> Vec<Line<'static>> {
    let p = &filed.proposal;
    let section = |title: &str| filed.sections.iter().find(|s| s.title == title).map(|s| s.lines.as_slice());
    let mut out = Vec::new();
    if let Some(words) = model.approvals.refused.get(&p.id) {
        out.extend(labelled(canvas, "REFUSED", &[escape(words)], width, Role::Critical));
    }
    for (title, label) in WARNINGS {
        out.extend(labelled(canvas, label, section(title).unwrap_or_default(), width, Role::Critical));
    }
    if p.stage.is_open() {
        let denied = denied_like(model, p).take(DENIALS);
        let denied: Vec<String> =
            denied.map(|(before, why)| escape(&denial(before, why, model.offset_minutes))).collect();
        out.extend(labelled(canvas, "DENIED", &denied, width, Role::Critical));
    }
    let beside = match (section(EXPECTED), section(UNDONE)) {
        (Some(expected), Some(undone)) if width >= TWO_COLUMNS && p.stage.is_open() => {
            out.extend(side_by_side(canvas, expected, undone, width));
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
        out.extend(labelled(canvas, label, section(title).unwrap_or_default(), width, Role::Text));
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
) -> impl Iterator<Item = Line<'static>> {
    let wrapped = wrapped(lines, usize::from(width));
    let lines: Vec<Line<'static>> = wrapped
        .into_iter()
        .enumerate()
        .map(|(i, text)| {
            let label = if i == 0 { label } else { "" };
            let lead = canvas.span(format!("{label:<0$}", usize::from(LABELS)), Role::Label);
            Line::from(vec![lead, canvas.span(text, role)])
        })
        .collect();
    lines.into_iter()
}

fn wrapped(lines: &[String], width: usize) -> Vec<String> {
    let ranges = |line: &String| {
        let ranges = wrap::ranges(line, width).into_iter();
        ranges.map(|range| line[range].trim_end().to_owned()).collect::<Vec<_>>()
    };
    lines.iter().flat_map(ranges).collect()
}

/// What a step is expected to change on the left, the way back on the right.
fn side_by_side(canvas: &Canvas<'_>, expected: &[String], undone: &[String], width: u16) -> Vec<Line<'static>> {
    let half = usize::from(width / 2);
    let left = wrapped(expected, half.saturating_sub(2));
    let right = wrapped(undone, half.saturating_sub(UNDO.len() + 1));
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
