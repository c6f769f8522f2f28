//! What happens in the boxes over a screen: filter, palette, command line, pickers, full values.

use super::action::{self, Action};
use super::effect::Effect;
use super::fleet::current_list;
use super::line::{Edit, Line};
use super::model::Model;
use super::overlay::Overlay;
use super::respond::{act, run_command};
use super::update::follow_lists;
use super::{approvals, command, conversation, incidents, simulate};

pub(super) fn toggle(model: &mut Model, overlay: Overlay) {
    let same =
        model.overlay.as_ref().is_some_and(|open| std::mem::discriminant(open) == std::mem::discriminant(&overlay));
    model.overlay = if same { None } else { Some(overlay) };
}

pub(super) fn open_filter(model: &mut Model) {
    if let Some(list) = current_list(model) {
        let before = list.filter.clone();
        model.overlay = Some(Overlay::Filter { line: Line::new(&before), before });
    } else {
        model.tell("there is no list here to filter", false);
    }
}

/// Keeps an overlay's cursor on an entry that exists.
pub(super) fn clamp_overlay(model: &mut Model) {
    let entries = match &model.overlay {
        Some(Overlay::Help { line, .. } | Overlay::Palette { line, .. }) => action::search(model, line.text()).len(),
        Some(Overlay::Command { line, .. }) => command::completions(model, line.text()).len(),
        Some(Overlay::Conversations { line, .. }) => conversation::found(model, line.text()).len(),
        Some(Overlay::Targets { line, .. }) => conversation::targets_found(model, line.text()).len(),
        Some(Overlay::Simulate(choosing)) => choosing.entries(model).len(),
        // Counted in wrapped lines, of which there are at most as many as bytes; the screen knows the exact end.
        Some(Overlay::Detail { text, .. }) => text.len(),
        Some(Overlay::Filter { .. } | Overlay::Step(_) | Overlay::Note(_)) | None => return,
    };
    if let Some(cursor) = model.overlay.as_mut().and_then(Overlay::cursor_mut) {
        *cursor = (*cursor).min(entries.saturating_sub(1));
    }
}

pub(super) fn field(model: &mut Model, edit: Edit) -> Vec<Effect> {
    let Some(overlay) = &mut model.overlay else { return Vec::new() };
    let empty = overlay.line().is_some_and(|l| l.text().is_empty());
    if empty && edit == Edit::Backspace && matches!(overlay, Overlay::Command { .. }) {
        model.overlay = None;
        return Vec::new();
    }
    if let Some(line) = overlay.line_mut() {
        line.edit(edit);
    }
    if let Some(cursor) = overlay.cursor_mut() {
        *cursor = 0;
    }
    if let Overlay::Filter { line, .. } = overlay {
        let text = line.text().to_owned();
        if let Some(list) = current_list(model) {
            list.filter = text;
        }
        follow_lists(model);
    }
    Vec::new()
}

pub(super) fn complete(model: &mut Model) {
    let Some(Overlay::Command { line, cursor }) = &model.overlay else { return };
    if let Some(chosen) = command::completions(model, line.text()).into_iter().nth(*cursor) {
        let takes = action::by_name(&chosen).is_some_and(|a| a.argument.is_some());
        let text = if takes { format!("{chosen} ") } else { chosen };
        model.overlay = Some(Overlay::Command { line: Line::new(&text), cursor: 0 });
    }
}

pub(super) fn accept(model: &mut Model) -> Vec<Effect> {
    let Some(overlay) = model.overlay.take() else { return Vec::new() };
    match overlay {
        Overlay::Help { line, cursor } | Overlay::Palette { line, cursor } => {
            let Some(spec) = action::search(model, line.text()).get(cursor).copied() else { return Vec::new() };
            if spec.argument.is_some() {
                let line = Line::new(&format!("{} ", spec.name));
                model.overlay = Some(Overlay::Command { line, cursor: 0 });
                return Vec::new();
            }
            if matches!(spec.action, Action::Send(_) | Action::Composer(_)) {
                return act(model, Action::Compose);
            }
            act(model, spec.action.clone())
        }
        Overlay::Command { line, cursor } => {
            let typed = line.text().trim();
            // A word that is no command yet but has one completion under the cursor means that completion.
            let word_done = typed.contains(' ') || action::by_name(typed).is_some();
            let text = if word_done {
                typed.to_owned()
            } else {
                command::completions(model, typed).into_iter().nth(cursor).unwrap_or_else(|| typed.to_owned())
            };
            if text.is_empty() { Vec::new() } else { run_command(model, &text) }
        }
        Overlay::Filter { .. } | Overlay::Detail { .. } => Vec::new(),
        Overlay::Simulate(choosing) => simulate::accept(model, &choosing),
        Overlay::Step(step) => approvals::decide::confirm(model, step),
        Overlay::Note(note) => incidents::act::noted(model, note),
        Overlay::Conversations { line, cursor } => conversation::found(model, line.text())
            .get(cursor)
            .map(|c| vec![Effect::OpenConversation(c.id)])
            .unwrap_or_default(),
        Overlay::Targets { line, cursor } => {
            let chosen = conversation::targets_found(model, line.text()).get(cursor).map(ToString::to_string);
            chosen.map(|name| conversation::act(model, Action::Server(name))).unwrap_or_default()
        }
    }
}

/// A row in full: each column on its own line, statements with their own line breaks.
pub(super) fn row_text(table: &super::table::Table, row: usize, model: &Model) -> String {
    let full = model.open_server().and_then(|t| {
        let sample = t.sample.as_ref()?;
        let pid: i64 = table.rows[row].key.parse().ok()?;
        sample.sessions.iter().find(|s| s.pid == pid).filter(|_| table.columns.iter().any(|c| c.title == "QUERY"))
    });
    let width = table.columns.iter().map(|c| c.title.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (column, cell) in table.columns.iter().zip(&table.rows[row].cells) {
        let value = match full {
            Some(session) if column.title == "QUERY" => {
                format!("\n{}", crate::domain::text::escape_lines(&session.statement))
            }
            _ => cell.text.clone(),
        };
        out.push_str(&format!("{:width$}  {value}\n", column.title));
    }
    out
}

pub(super) fn show_hints(model: &mut Model) {
    let mut text = String::new();
    for t in &model.targets {
        let mut lines: Vec<&str> = Vec::new();
        if let Some(identity) = &t.identity {
            lines.extend(identity.excess_powers.iter().map(String::as_str));
            lines.extend(identity.hints.iter().map(String::as_str));
        }
        if let Some(sample) = &t.sample {
            lines.extend(sample.hints.iter().map(String::as_str));
        }
        if let super::model::Link::Down(_, message) = &t.link {
            lines.push(message);
        }
        if !lines.is_empty() {
            text.push_str(&format!("{}\n", crate::domain::text::escape(t.target.id.as_str())));
            for line in lines {
                text.push_str(&format!("  - {}\n", crate::domain::text::escape(line)));
            }
        }
    }
    if text.is_empty() {
        text.push_str("Nothing is missing: every target could be read in full.\n");
    }
    model.overlay = Some(Overlay::Detail { title: "Hints".into(), text, offset: 0 });
}
