//! Boxes to choose from: the palette of acts, kept conversations, targets, errors to provoke.

use super::{centred, draw_line, first_seen};
use crate::app::action;
use crate::app::conversation;
use crate::app::line::Line as Typed;
use crate::app::model::Model;
use crate::app::simulate::{Choosing, Entry};
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::screens::fleet::environment;
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

/// What there is to choose from.
struct Choice<'a> {
    title: &'a str,
    typed: &'a Typed,
    cursor: usize,
    /// The words of each entry, and what stands on its right.
    entries: &'a [(Line<'static>, Line<'static>)],
    /// Words for an empty list.
    nothing: &'a str,
}

/// Draws a box with a line to type and a list below it.
fn draw(canvas: &mut Canvas<'_>, room: Rect, choice: &Choice<'_>, view: &mut ViewState) -> Position {
    let Choice { title, typed, cursor, entries, nothing } = *choice;
    let height = columns(entries.len().max(1)) + 4;
    let area = centred(room, 76, height.min(room.height.saturating_sub(2)).max(6));
    // The box keeps its upper line in place while typing makes the list shorter.
    let area = Rect { y: room.y + (room.height.saturating_sub(area.height)).min(2), ..area };
    let place = if entries.is_empty() { 0 } else { cursor + 1 };
    let counted = canvas.span(format!("{place} of {}", entries.len()), Role::Dim);
    let bottom = Edge::new(canvas.span("Enter takes   Esc closes", Role::Dim), "");
    let inside = canvas.overlay(area, &Edge::new(canvas.span(title.to_owned(), Role::Title), counted), &bottom);
    let line = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), height: 1, ..inside };
    let position = draw_line(canvas, line, "> ", typed);
    let list = Rect {
        x: inside.x + 1,
        y: inside.y + 2.min(inside.height),
        width: inside.width.saturating_sub(2),
        height: inside.height.saturating_sub(2),
    };
    if entries.is_empty() {
        canvas.put(list.x + 2, list.y, list.width.saturating_sub(2), nothing, Role::Dim);
        return position;
    }
    view.half_page = usize::from(list.height / 2).max(1);
    let first = first_seen(cursor, usize::from(list.height));
    for (i, (left, right)) in entries.iter().enumerate().skip(first).take(usize::from(list.height)) {
        let line = Rect { y: list.y + columns(i - first), height: 1, ..list };
        let end = canvas.put_right(line.x + 12, line.right(), line.y, right);
        canvas.put_cut(line.x + 2, line.y, end.saturating_sub(line.x + 3), left);
        if i == cursor {
            canvas.put(line.x, line.y, 1, canvas.symbols.marker, Role::Key);
            canvas.restyle(line, Role::Selected);
        }
        view.hits.push((line, Hit::Entry(i)));
    }
    position
}

/// Text filled up to a width.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The palette of acts.
pub(crate) fn palette(
    canvas: &mut Canvas<'_>,
    room: Rect,
    typed: &Typed,
    cursor: usize,
    model: &Model,
    view: &mut ViewState,
) -> Position {
    let entries: Vec<_> = action::search(model, typed.text())
        .into_iter()
        .map(|spec| {
            let argument = spec.argument.map_or(String::new(), |a| format!(" {a}"));
            let left = Line::from(vec![
                canvas.span(format!("{:<18}", format!("{}{argument}", spec.name)), Role::Key),
                canvas.span(format!(" {}", spec.title), Role::Text),
            ]);
            (left, Line::from(canvas.span(view.keymap.first_word(spec), Role::Dim)))
        })
        .collect();
    let choice = Choice { title: "Palette", typed, cursor, entries: &entries, nothing: "no act of that name" };
    draw(canvas, room, &choice, view)
}

/// The kept conversations.
pub(crate) fn conversations(
    canvas: &mut Canvas<'_>,
    room: Rect,
    typed: &Typed,
    cursor: usize,
    model: &Model,
    view: &mut ViewState,
) -> Position {
    let entries: Vec<_> = conversation::found(model, typed.text())
        .into_iter()
        .map(|c| {
            let name = if c.name.is_empty() { "(no name)".to_owned() } else { escape(&c.name) };
            let date = c.updated.date_time(model.offset_minutes);
            let right = format!("{} entries   {}", c.entries, date.get(..16).unwrap_or(&date));
            (Line::from(canvas.span(name, Role::Text)), Line::from(canvas.span(right, Role::Dim)))
        })
        .collect();
    let nothing = if typed.text().is_empty() { "no conversation is kept yet" } else { "none of that name" };
    let choice = Choice { title: "Conversations", typed, cursor, entries: &entries, nothing };
    draw(canvas, room, &choice, view)
}

/// The targets to talk to.
pub(crate) fn targets(
    canvas: &mut Canvas<'_>,
    room: Rect,
    typed: &Typed,
    cursor: usize,
    model: &Model,
    view: &mut ViewState,
) -> Position {
    let found: Vec<_> =
        conversation::targets_found(model, typed.text()).into_iter().filter_map(|id| model.target(id)).collect();
    let widest = found.iter().map(|t| escape(t.target.id.as_str()).width()).max().unwrap_or(0).min(30);
    let entries: Vec<_> = found
        .into_iter()
        .map(|t| {
            let state = t.state(model.now);
            let left = Line::from(vec![
                canvas.span(format!("{:<6}", state.word()), state_role(state)),
                Span::styled(
                    padded(&escape(t.target.id.as_str()), widest),
                    canvas.theme.accented(Role::Text, t.target.accent),
                ),
                canvas.span(format!("   {}", escape(&t.target.address)), Role::Dim),
            ]);
            (left, Line::from(vec![Span::raw(" "), environment(canvas, t.target.environment)]))
        })
        .collect();
    let choice = Choice {
        title: "Whom shall this conversation talk to?",
        typed,
        cursor,
        entries: &entries,
        nothing: "no target of that name",
    };
    draw(canvas, room, &choice, view)
}

/// The errors that a target can be made to give; once one is chosen, whether it shall.
pub(crate) fn simulations(
    canvas: &mut Canvas<'_>,
    room: Rect,
    choosing: &Choosing,
    model: &Model,
    view: &mut ViewState,
) -> Position {
    let found = choosing.entries(model);
    let asked = choosing.chosen.is_some();
    let entries: Vec<_> = found
        .into_iter()
        .map(|entry| match entry {
            Entry::Leave => (Line::from(canvas.span("No: nothing is sent", Role::Text)), Line::default()),
            Entry::Provoke(offer) if asked => {
                (Line::from(canvas.span(format!("Yes: {}", offer.does), Role::Text)), Line::default())
            }
            Entry::Provoke(offer) => {
                let left = Line::from(vec![
                    canvas.span(format!("{:<20}", offer.error.name), Role::Key),
                    canvas.span(format!(" {}", offer.error.title), Role::Text),
                ]);
                let writes = if offer.writes { "scratch" } else { "" };
                (left, Line::from(canvas.span(writes, Role::Dim)))
            }
        })
        .collect();
    let title = escape(&choosing.title(model));
    let choice = Choice {
        title: &title,
        typed: &choosing.line,
        cursor: choosing.cursor,
        entries: &entries,
        nothing: "no error of that name",
    };
    draw(canvas, room, &choice, view)
}
