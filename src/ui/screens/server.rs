//! One server: its header, its panels, the views and the shown one's table, and the selected statement in full.

use super::fleet::{access, environment, live, powers, state_spans, up_words, urgent_first};
use super::{Density, cut_bottom, cut_top};
use crate::app::connection_pane;
use crate::app::fleet::Branches;
use crate::app::healing;
use crate::app::list::ListState;
use crate::app::model::{Link, Model, SAMPLE_VIEWS, TargetModel, ViewData, is_about_us};
use crate::app::pane::{self, Pane};
use crate::app::table::Table;
use crate::domain::activity::{SessionInfo, SessionState, blocking_tree};
use crate::domain::health::State;
use crate::domain::metric;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::parts::list::{self, List};
use crate::ui::parts::{self, panels, statement};
use crate::ui::table_cache::Laid;
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use crate::ui::wrap;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The order of the columns of sessions where there is only room for a list.
const URGENT_FIRST: [&str; 5] = ["PID", "STATE", "AGE", "QUERY", "WAIT"];
/// A cell longer than this is shown in full below the table.
const LONG_CELL: usize = 30;

/// Draws the open server.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    t: &TargetModel,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) {
    let (header, body) = cut_top(area, 1);
    draw_header(canvas, header, t, model);
    let body = draw_incident(canvas, body, t, model, &mut view.hits);
    let zoomed = model.health.zoomed;
    let body = match density {
        // What is about the connection has no use for the server's numbers, and much for the room.
        _ if zoomed || is_about_us(model.health.view) => body,
        Density::Full => draw_panels(canvas, body, t, model, 7),
        Density::Compact => draw_panels(canvas, body, t, model, 5),
        Density::List => {
            let (line, rest) = cut_top(body, 1);
            draw_numbers(canvas, line, t);
            rest
        }
    };
    let (views, body) = cut_top(body, 1);
    draw_views(canvas, views, t, model, &mut view.hits);
    draw_view(canvas, body, t, model, view, density);
}

/// The worst open incident, where there is one.
fn draw_incident(
    canvas: &mut Canvas<'_>,
    body: Rect,
    t: &TargetModel,
    model: &Model,
    hits: &mut Vec<(Rect, Hit)>,
) -> Rect {
    let Some(worst) = model.incidents.worst_of(&t.target.id, model.now) else { return body };
    let (line, rest) = cut_top(body, 1);
    let spans = parts::incident::beside(canvas, worst, model);
    canvas.put_cut(line.x + 1, line.y, line.width.saturating_sub(2), &Line::from(spans));
    hits.push((line, Hit::Incident(worst.id)));
    rest
}

fn draw_panels(canvas: &mut Canvas<'_>, area: Rect, t: &TargetModel, model: &Model, height: u16) -> Rect {
    let (top, rest) = cut_top(area, panels::height(t, height));
    panels::draw(canvas, top, t, model);
    rest
}

/// ` Fleet > pg-orders-1   PG 16.4 primary   PROD   [READ-ONLY]   CRIT conns   up 41d 2h     LIVE 2s   own cost 11 ms`
fn draw_header(canvas: &mut Canvas<'_>, line: Rect, t: &TargetModel, model: &Model) {
    let mut right = live(canvas, model, Some(t));
    if let Some(sample) = &t.sample {
        right.push(canvas.span("   own cost ", Role::Label));
        right.push(canvas.span(format!("{} ms", sample.took_ms), Role::Text));
    }
    let start = canvas.put_right(line.x + 30, line.right().saturating_sub(1), line.y, &Line::from(right));
    let name = vec![canvas.span(" Fleet > ", Role::Label), canvas.name(&t.target, Role::Title)];
    let mut facts = vec![name, state_spans(canvas, t, model), vec![environment(canvas, t.target.environment)]];
    facts.push(vec![access(canvas, t)]);
    facts.extend(powers(canvas, t).into_iter().map(|p| vec![p]));
    if let Some(identity) = &t.identity {
        let kind = format!("{} {}", escape(&identity.version), escape(&identity.role));
        facts.push(vec![canvas.span(kind, Role::Text)]);
    }
    facts.extend(up_words(t, model).map(|up| vec![canvas.span(up, Role::Dim)]));
    canvas.put_facts(line.x, line.y, start.saturating_sub(line.x + 1), &facts);
}

/// The panels' most telling numbers on one line, where there is no room for panels.
fn draw_numbers(canvas: &mut Canvas<'_>, line: Rect, t: &TargetModel) {
    let mut ids = vec![
        metric::CONNECTIONS,
        metric::ACTIVE,
        metric::BLOCKED,
        metric::IDLE_IN_TRANSACTION,
        metric::STATEMENTS,
        metric::TRANSACTIONS,
        metric::WRITES,
        metric::LAG,
        metric::MEMORY_USED,
        metric::CACHE_USED,
        metric::DATA_BYTES,
        metric::WAL_BYTES,
    ];
    ids.sort_by_key(|id| !t.health.reasons.iter().any(|r| r.metric == Some(*id)));
    let mut x = line.x + 1;
    for id in ids {
        let (Some(value), Some(m)) = (t.value(id), metric::metric(id)) else { continue };
        let value = metric::format(Some(value), m.unit);
        let wide = m.label.len() + 1 + value.len();
        if usize::from(line.right().saturating_sub(x)) < wide {
            continue;
        }
        x = canvas.put(x, line.y, columns(wide), &format!("{} ", m.label), Role::Label);
        x = canvas.put(x, line.y, columns(wide), &value, super::fleet::alarm_role(t, id)) + 2;
    }
}

/// ` g + [a]ctivity [b]locking* ...`, the shown one marked.
fn draw_views(canvas: &mut Canvas<'_>, line: Rect, t: &TargetModel, model: &Model, hits: &mut Vec<(Rect, Hit)>) {
    let mut x = canvas.put(line.x, line.y, line.width, " g + ", Role::Label);
    for v in &t.views {
        let shown = v.name == model.health.view;
        let text = match v.name.find(v.key) {
            Some(at) => format!("{}[{}]{}", &v.name[..at], v.key, &v.name[at + v.key.len_utf8()..]),
            None => format!("[{}] {}", v.key, v.name),
        };
        let text = if shown { format!("{text}*") } else { text };
        let room = line.right().saturating_sub(x);
        if usize::from(room) < text.len() {
            canvas.put(x, line.y, room, "..", Role::Dim);
            return;
        }
        let end = canvas.put(x, line.y, room, &text, if shown { Role::Active } else { Role::Text });
        hits.push((Rect::new(x, line.y, end - x, 1), Hit::View(v.name)));
        x = end + 1;
    }
}

/// What a view has to show.
enum Shown {
    Table(Laid),
    /// Words in place of a table, and whether they tell of a failure.
    Words(String, Role),
}

fn draw_view(
    canvas: &mut Canvas<'_>,
    area: Rect,
    t: &TargetModel,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) {
    let name = model.health.view;
    if name == healing::VIEW {
        parts::causes::draw_view(canvas, area, t, model, view, density);
        return;
    }
    let empty = ListState::default();
    let list = model.health.lists.get(name).unwrap_or(&empty);
    let info = t.views.iter().find(|v| v.name == name);
    let own = pane::pane(t, name, model);
    let shown = match &own {
        Some(pane) => own_table(pane, name, list),
        None => what_is_shown(t, name, view, &canvas.symbols.branches, list),
    };
    let framed = density != Density::List;
    let selected = match &shown {
        Shown::Table(laid) => laid.order.get(list.cursor).map(|&row| full_text(t, &laid.table, row)),
        Shown::Words(..) => None,
    };
    let pane_height = match (density, model.health.zoomed) {
        (_, true) | (Density::List, _) => 0,
        (Density::Full, _) => 5,
        (Density::Compact, _) => 3,
    };
    let pane_height = if matches!(selected, Some(Some(_))) { pane_height } else { 0 };
    let (outer, pane) = if framed {
        canvas.frame(area, &Edge::default());
        cut_bottom(area, pane_height + 1)
    } else {
        (area, Rect::default())
    };
    let inside = if framed {
        Rect {
            x: outer.x + 1,
            y: outer.y + 1,
            width: outer.width.saturating_sub(2),
            height: outer.height.saturating_sub(1),
        }
    } else {
        outer
    };
    let inside = match &own {
        Some(pane) => parts::pane::draw(canvas, inside, &pane.lines),
        None => inside,
    };
    let mut right = Line::default();
    match &shown {
        Shown::Table(laid) => {
            let of_engine = !SAMPLE_VIEWS.iter().any(|v| v.name == name);
            let is_marked = |key: &str| !of_engine && key.parse().is_ok_and(|pid| model.health.marked.contains(&pid));
            let columns = table_columns(laid, density);
            let rows = List { laid, state: list, columns: &columns, mark_column: of_engine, marked: &is_marked, name };
            let seen = list::draw(canvas, inside, &rows, view);
            let counted = format!("{} of {}", laid.order.len(), laid.table.rows.len());
            right.spans.push(canvas.span(counted, Role::Text));
            if !seen.is_empty() {
                right.spans.push(canvas.span(format!("   {seen}"), Role::Text));
            }
        }
        Shown::Words(words, role) => {
            let width = usize::from(inside.width.saturating_sub(2));
            let lines = wrap::escaped_lines(words);
            let wrapped = lines.iter().flat_map(|l| wrap::ranges(l, width).map(move |r| l[r].to_owned()));
            for (i, line) in wrapped.take(usize::from(inside.height)).enumerate() {
                canvas.put(inside.x + 1, inside.y + columns(i), inside.width.saturating_sub(2), &line, *role);
            }
        }
    }
    if !framed {
        return;
    }
    let mut left = Line::from(canvas.span(info.map_or("", |v| v.title), Role::Title));
    left.spans.extend(summary(canvas, t, name, model));
    if !list.filter.is_empty() {
        left.spans.push(canvas.span(format!("   filter {}", escape(&list.filter)), Role::Key));
    }
    let corners = canvas.symbols.corners;
    canvas.line_of_frame(Rect { height: 1, ..area }, area.y, corners[0], corners[1], &Edge::new(left, right));
    if let (Some(Some((title, text))), true) = (selected, pane_height > 0) {
        draw_full_text(canvas, area, pane, &title, &text);
    }
}

/// The table of a pane of our own.
fn own_table(pane: &Pane, name: &str, list: &ListState) -> Shown {
    if pane.table.rows.is_empty() {
        let words = if name == connection_pane::VIEW { "No attempt yet." } else { "Nothing found." };
        return Shown::Words(words.into(), Role::Text);
    }
    filtered(Laid::new(pane.table.clone(), list), list)
}

fn what_is_shown(
    t: &TargetModel,
    name: &'static str,
    view: &mut ViewState,
    branches: &Branches,
    list: &ListState,
) -> Shown {
    if SAMPLE_VIEWS.iter().any(|v| v.name == name) {
        let Some(sample) = &t.sample else {
            return match &t.link {
                Link::Down(kind, message) => Shown::Words(format!("{}: {message}", kind.word()), Role::Down),
                _ => Shown::Words("connecting ...".into(), Role::Unknown),
            };
        };
        let laid = view.tables.sessions(t, sample, name, branches, list);
        if laid.table.rows.is_empty() {
            let words = match name {
                "blocking" => "Nobody waits for anybody.",
                _ if panels::has(t, metric::CONNECTIONS) => "No client is connected.",
                _ => "This target reports no sessions.",
            };
            return Shown::Words(words.into(), Role::Text);
        }
        return filtered(laid, list);
    }
    match t.view_data.get(name) {
        Some(ViewData { result: Some(Ok(rows)), .. }) if rows.rows.is_empty() => {
            Shown::Words("Nothing to show here.".into(), Role::Text)
        }
        Some(ViewData { result: Some(Ok(rows)), .. }) => filtered(view.tables.view(rows, list), list),
        Some(ViewData { result: Some(Err(words)), .. }) => {
            Shown::Words(format!("could not be read: {words}"), Role::Critical)
        }
        Some(_) => Shown::Words("loading ...".into(), Role::Unknown),
        None => match &t.link {
            Link::Down(kind, message) => Shown::Words(format!("{}: {message}", kind.word()), Role::Down),
            _ => Shown::Words("waiting for the first answer ...".into(), Role::Unknown),
        },
    }
}

fn filtered(laid: Laid, list: &ListState) -> Shown {
    if laid.order.is_empty() && !list.filter.is_empty() {
        return Shown::Words(
            format!("No row of {} has `{}`; Esc clears the filter.", laid.table.rows.len(), list.filter),
            Role::Text,
        );
    }
    Shown::Table(laid)
}

/// The columns that fit the screen's density, in order.
fn table_columns(laid: &Laid, density: Density) -> Vec<usize> {
    if density == Density::List { urgent_first(laid, &URGENT_FIRST) } else { (0..laid.table.columns.len()).collect() }
}

/// What stands behind the view's title: how many wait, how old the rows are.
fn summary(canvas: &Canvas<'_>, t: &TargetModel, name: &str, model: &Model) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    if let Some(sample) = t.sample.as_ref().filter(|_| SAMPLE_VIEWS.iter().any(|v| v.name == name)) {
        if name == "blocking" {
            let tree = blocking_tree(&sample.sessions);
            let roots = tree.iter().filter(|l| l.depth == 0).count();
            if roots > 0 {
                let noun = if roots == 1 { "root" } else { "roots" };
                let words = format!("   {} waiting, {roots} {noun}", tree.len() - roots);
                spans.push(canvas.span(words, Role::Critical));
            }
        } else if !sample.sessions.is_empty() {
            let count = |state| sample.sessions.iter().filter(|s| s.state == state && !s.background).count();
            let words = format!(
                "   {} active, {} idle in txn, {} idle",
                count(SessionState::Active),
                count(SessionState::IdleInTransaction) + count(SessionState::IdleInFailedTransaction),
                count(SessionState::Idle)
            );
            spans.push(canvas.span(words, Role::Dim));
        }
        if !model.health.marked.is_empty() {
            spans.push(canvas.span(format!("   {} marked", model.health.marked.len()), Role::Key));
        }
        if matches!(t.state(model.now), State::Down | State::Stale) {
            let at = sample.at.clock(model.offset_minutes);
            spans.push(canvas.span(format!("   as it was at {at}"), Role::Stale));
        }
    } else if let Some(data) = t.view_data.get(name).filter(|d| matches!(d.result, Some(Ok(_)))) {
        spans.push(canvas.span(format!("   as of {}", data.at.clock(model.offset_minutes)), Role::Dim));
        if data.loading {
            spans.push(canvas.span("   loading", Role::Dim));
        }
    }
    spans
}

/// The selected row's statement or longest cell in full, with its title; `None` when the row shows all it has.
fn full_text(t: &TargetModel, table: &Table, row: usize) -> Option<(String, String)> {
    let row = table.rows.get(row)?;
    if let Some(session) = session_of(t, table, &row.key) {
        let holds =
            if session.holds.is_empty() { String::new() } else { format!(", holds {}", escape(&session.holds)) };
        let title = format!("Statement of {}, in full{holds}", session.pid);
        return (!session.statement.trim().is_empty()).then(|| (title, session.statement.clone()));
    }
    let (column, cell) = table.columns.iter().zip(&row.cells).max_by_key(|(_, cell)| cell.text.len())?;
    (cell.text.len() > LONG_CELL)
        .then(|| (format!("{} of {}, in full", column.title, escape(&row.key)), cell.text.clone()))
}

fn session_of<'t>(t: &'t TargetModel, table: &Table, key: &str) -> Option<&'t SessionInfo> {
    table.columns.iter().find(|c| c.title == "QUERY")?;
    let pid: i64 = key.parse().ok()?;
    t.sample.as_ref()?.sessions.iter().find(|s| s.pid == pid)
}

fn draw_full_text(canvas: &mut Canvas<'_>, frame: Rect, pane: Rect, title: &str, text: &str) {
    let width = pane.width.saturating_sub(4);
    let lines = statement::wrapped(text, usize::from(width), &canvas.theme);
    let room = usize::from(pane.height.saturating_sub(2));
    let hidden = lines.len().saturating_sub(room);
    let more = if hidden > 0 { format!("{hidden} more lines: Enter   ") } else { String::new() };
    let right = canvas.span(format!("{more}y copies"), Role::Dim);
    canvas.divide(frame, pane.y, &Edge::new(canvas.span(title.to_owned(), Role::Title), right));
    for (i, line) in lines.iter().take(room).enumerate() {
        canvas.put_line(pane.x + 2, pane.y + 1 + columns(i), width, line);
    }
}
