//! The approvals: the list of proposals, and the box in which the selected one is decided.

use super::{Density, changes, cut_top};
use crate::app::approvals::{self, ApprovalsView, table::table};
use crate::app::model::Model;
use crate::domain::proposal::stage::Stage;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::parts::list::{self, List};
use crate::ui::parts::proposal;
use crate::ui::table_cache::Laid;
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// The order of the columns where not all of them fit.
const URGENT_FIRST: [&str; 7] = ["STATE", "#", "WHAT", "TARGET", "RISK", "ROWS", "AGE"];
/// Rows of the list that are seen over the box.
const ROWS: (u16, u16) = (5, 3);

/// Draws the screen and gives the place of the cursor where something is typed in the box.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) -> Option<Position> {
    let (header, body) = cut_top(area, 1);
    let framed = density != Density::List;
    if model.approvals.view == ApprovalsView::Changes {
        draw_header(canvas, header, model);
        changes::draw(canvas, body, model, view, framed);
        return None;
    }
    let Some(selected) = approvals::selected(model) else {
        draw_header(canvas, header, model);
        draw_list(canvas, body, model, view, framed);
        return None;
    };
    if model.approvals.full {
        // The list has had its say; the box needs the room of the header too where there is little.
        let room = if framed { body } else { area };
        if framed {
            draw_header(canvas, header, model);
        }
        return proposal::draw(canvas, room, selected, model, view, framed);
    }
    draw_header(canvas, header, model);
    if !framed {
        draw_list(canvas, body, model, view, framed);
        return None;
    }
    let most = if density == Density::Full { ROWS.0 } else { ROWS.1 };
    let rows = columns(model.approvals.filed.len()).clamp(1, most);
    let (upper, lower) = cut_top(body, rows + 3);
    draw_list(canvas, upper, model, view, framed);
    proposal::draw(canvas, lower, selected, model, view, true)
}

/// ` APPROVALS  2 wait   1 runs   1 needs a person          [proposals] changes`
fn draw_header(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let mut views = Line::default();
    for (shown, title) in [(ApprovalsView::Queue, "proposals"), (ApprovalsView::Changes, "changes")] {
        let is_shown = shown == model.approvals.view;
        let (open, close) = if is_shown { ("[", "]") } else { (" ", " ") };
        let role = if is_shown { Role::Active } else { Role::Dim };
        views.spans.push(canvas.span(format!("{open}{title}{close}"), role));
    }
    let right = canvas.put_right(line.x + 24, line.right(), line.y, &views);
    let count = |of: fn(Stage) -> bool| model.approvals.filed.iter().filter(|f| of(f.proposal.stage)).count();
    let mut facts: Vec<Vec<Span<'static>>> = vec![vec![canvas.span(" APPROVALS", Role::Label)]];
    let counts = [
        (count(Stage::is_open), "wait", "waits", Role::Warning),
        (count(Stage::is_under_way), "run", "runs", Role::Active),
        (count(|s| s == Stage::NeedsPerson), "need a person", "needs a person", Role::Critical),
    ];
    for (n, many, one, role) in counts {
        if n > 0 {
            facts.push(vec![canvas.span(format!("{n} {}", if n == 1 { one } else { many }), role)]);
        }
    }
    if facts.len() == 1 {
        facts.push(vec![canvas.span("nothing waits", Role::Ok)]);
    }
    if model.approvals.is_looking() {
        facts.push(vec![canvas.span("one is being looked at", Role::Dim)]);
    }
    canvas.put_facts(line.x, line.y, right.saturating_sub(line.x + 1), &facts);
}

fn draw_list(canvas: &mut Canvas<'_>, area: Rect, model: &Model, view: &mut ViewState, framed: bool) {
    let state = &model.approvals.list;
    let laid = Laid::new(table(model), state);
    let inside = if framed { canvas.frame(area, &Edge::default()) } else { area };
    if laid.order.is_empty() {
        draw_nothing(canvas, inside, model);
        if framed {
            canvas.frame_title(area, &Edge::new(canvas.span("Proposals", Role::Title), "0 of 0"));
        }
        return;
    }
    let room = usize::from(inside.width).saturating_sub(2);
    let needed: usize = laid.widths.iter().map(|w| w + 1).sum();
    let all: Vec<usize> = (0..laid.table.columns.len()).collect();
    let shown = if needed > room + 1 { super::fleet::urgent_first(&laid, &URGENT_FIRST) } else { all };
    let list = List { laid: &laid, state, columns: &shown, mark_column: false, marked: &|_| false, name: "approvals" };
    let seen = list::draw(canvas, inside, &list, view);
    if !framed {
        return;
    }
    let mut left = Line::from(canvas.span("Proposals", Role::Title));
    if !state.filter.is_empty() {
        left.spans.push(canvas.span(format!("   filter {}", escape(&state.filter)), Role::Key));
    }
    let place = format!("{} of {}", state.cursor + 1, laid.order.len());
    let right = if seen.is_empty() { place } else { format!("{place}   {seen}") };
    canvas.frame_title(area, &Edge::new(left, right));
}

/// What leads here, for somebody who has nothing to decide.
fn draw_nothing(canvas: &mut Canvas<'_>, area: Rect, model: &Model) {
    let filter = &model.approvals.list.filter;
    let lines = if filter.is_empty() {
        vec![
            "Nothing was proposed yet.".to_owned(),
            String::new(),
            "Type a statement that changes something in the chat (1), or".to_owned(),
            "point at a session on a server (2): C cancels, K ends it.".to_owned(),
            "It is looked at first and waits here until you decide.".to_owned(),
            "What an incident's plan proposes comes here too (3).".to_owned(),
        ]
    } else {
        vec![format!("No proposal has `{}`; Esc clears the filter.", escape(filter))]
    };
    for (i, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        canvas.put(area.x + 1, area.y + columns(i), area.width.saturating_sub(2), line, Role::Text);
    }
}
