//! The fleet: every target, worst first, and under the table a preview of the selected one.

use super::{Density, cut_bottom, cut_top};
use crate::app::fleet::fleet_table;
use crate::app::health;
use crate::app::model::{Link, Model, TargetModel};
use crate::domain::activity::{SessionInfo, SessionState, blocking_tree};
use crate::domain::health::State;
use crate::domain::metric::{self, Unit, format as number};
use crate::domain::target::Environment;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::parts::graph::bar;
use crate::ui::parts::incident;
use crate::ui::parts::list::{self, List};
use crate::ui::parts::panels;
use crate::ui::table_cache::Laid;
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use crate::ui::wrap;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The order of the columns where not all of them fit: what somebody who was woken needs first.
const URGENT_FIRST: [&str; 12] =
    ["STATE", "NAME", "WHY", "CONN", "MEAN", "LAG", "QPS", "CACHE", "15 MIN", "ROLE", "SIZE", "KIND"];

/// Lines that the panels of the selected server want, and take at most.
const PANELS_HEIGHT: (u16, u16) = (7, 11);

/// Draws the fleet.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model, view: &mut ViewState, density: Density) {
    let (summary, body) = cut_top(area, 1);
    draw_summary(canvas, summary, model);
    if let Some(percent) = model.demo_progress {
        draw_progress(canvas, body, percent);
        return;
    }
    if model.targets.is_empty() {
        draw_nothing(canvas, body);
        return;
    }
    let list = &model.health.fleet;
    let laid = Laid::new(fleet_table(&model.targets, model.now), list);
    let selected = laid.order.get(list.cursor).map(|&row| laid.table.rows[row].key.as_str());
    let selected = selected.and_then(|key| model.targets.iter().find(|t| t.target.id.as_str() == key));
    if density == Density::List {
        draw_table(canvas, body, model, view, &laid);
        return;
    }
    let mut preview_height = match density {
        _ if model.health.zoomed => 0,
        Density::Full => 6,
        _ => 4,
    };
    let most = Rect { height: preview_height, ..body };
    let lines = selected.map(|t| preview_lines(canvas, t, model, most)).unwrap_or_default();
    // What a small fleet leaves free shows the selected server's panels.
    let mut panels_height = 0;
    if let Some(t) = selected.filter(|t| preview_height > 0 && t.sample.is_some()) {
        let (wanted, short) = (panels::height(t, PANELS_HEIGHT.0), columns(lines.len()) + 1);
        // Two borders, the head of the table, the legend, and a free line.
        let spare = body.height.saturating_sub(columns(laid.table.rows.len()) + short + 5);
        if spare >= wanted {
            (panels_height, preview_height) = (spare.min(PANELS_HEIGHT.1), short);
        }
    }
    let (frame, legend) = cut_bottom(body, u16::from(density == Density::Full && !model.health.zoomed));
    canvas.frame(frame, &Edge::default());
    let inside = Rect { x: frame.x + 1, width: frame.width.saturating_sub(2), ..frame };
    let table_lines = frame.height.saturating_sub(2 + preview_height + panels_height);
    let rows = Rect { y: frame.y + 1, height: table_lines, ..inside };
    let seen = draw_table(canvas, rows, model, view, &laid);
    let counted = format!("{} of {}", laid.order.len(), model.targets.len());
    let right = if seen.is_empty() { counted } else { format!("{counted}   {seen}") };
    let top = Rect { height: 2.min(frame.height), ..frame };
    let title = canvas.span("Servers", Role::Title);
    let corners = canvas.symbols.corners;
    canvas.line_of_frame(top, top.y, corners[0], corners[1], &Edge::new(title, right));
    if preview_height > 0 {
        let y = rows.bottom();
        let name = selected.map_or_else(|| Span::raw(""), |t| canvas.name(&t.target, Role::Title));
        let hint = if selected.is_some() { canvas.span("Enter opens", Role::Dim) } else { Span::raw("") };
        canvas.divide(frame, y, &Edge::new(name, hint));
        if let Some(t) = selected {
            let preview = Rect { y: y + 1, height: preview_height - 1, ..inside };
            for (i, line) in lines.iter().enumerate() {
                canvas.put_cut(preview.x + 1, preview.y + columns(i), preview.width.saturating_sub(2), line);
            }
            if let Some(worst) = model.incidents.worst_of(&t.target.id, model.now) {
                view.hits.push((Rect { y: preview.y + 1, height: 1, ..preview }, Hit::Incident(worst.id)));
            }
            if panels_height > 0 {
                panels::draw(canvas, Rect { y: preview.bottom(), height: panels_height, ..inside }, t, model);
            }
        }
    }
    if legend.height > 0 {
        let words = "* = production    - = not known here    m = memory    numbers of a STALE server are its last ones";
        canvas.put(legend.x + 1, legend.y, legend.width.saturating_sub(1), words, Role::Dim);
    }
}

/// ` FLEET 14 servers   CRIT 1  DOWN 1 ... LIVE 5s   sort: worst first   filter: -`
fn draw_summary(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let mut words = Line::default();
    let n = model.targets.len();
    if line.width >= 78 {
        let noun = if n == 1 { "server" } else { "servers" };
        words.spans.push(canvas.span(format!(" FLEET {n} {noun}  "), Role::Label));
    }
    for (state, count) in health::counts(model) {
        words.spans.push(canvas.span(format!(" {}", state.word()), state_role(state)));
        words.spans.push(canvas.span(format!(" {count} "), Role::Text));
    }
    let end = canvas.put_cut(line.x, line.y, line.width, &words);
    let mut right = Line::default();
    if line.width >= 78 {
        let list = &model.health.fleet;
        let sort = match list.sort {
            None => "worst first".to_owned(),
            Some((column, down)) => {
                let title = fleet_table(&[], model.now).columns.get(column).map_or(String::new(), |c| c.title.clone());
                format!("{title}{}", if down { ", descending" } else { "" })
            }
        };
        right.spans.push(canvas.span("sort ", Role::Label));
        right.spans.push(canvas.span(sort, Role::Text));
        if !list.filter.is_empty() {
            right.spans.push(canvas.span("   filter ", Role::Label));
            right.spans.push(canvas.span(escape(&list.filter), Role::Key));
        }
        right.spans.push(Span::raw("   "));
    }
    right.spans.extend(live(canvas, model, None));
    canvas.put_right(end + 1, line.right().saturating_sub(1), line.y, &right);
}

/// `LIVE 2s`, or `PAUSED`.
pub(crate) fn live(canvas: &Canvas<'_>, model: &Model, target: Option<&TargetModel>) -> Vec<Span<'static>> {
    if model.health.paused {
        return vec![canvas.span("PAUSED", Role::Warning)];
    }
    let intervals = || model.targets.iter().map(|t| t.schedule.interval_ms);
    let (interval, mixed) = match target {
        Some(t) => (t.schedule.stretched_ms, false),
        None => (intervals().min().unwrap_or(0), intervals().min() != intervals().max()),
    };
    if interval == 0 {
        return Vec::new();
    }
    let every = metric::seconds(interval as f64 / 1000.0);
    let plus = if mixed { "+" } else { "" };
    vec![canvas.span("LIVE ", Role::Ok), canvas.span(format!("{every}{plus}"), Role::Text)]
}

/// Draws the table and gives the words on hidden columns.
fn draw_table(canvas: &mut Canvas<'_>, area: Rect, model: &Model, view: &mut ViewState, laid: &Laid) -> String {
    let all: Vec<usize> = (0..laid.table.columns.len()).collect();
    let room = usize::from(area.width).saturating_sub(2);
    let needed: usize = laid.widths.iter().map(|w| w + 1).sum();
    let shown = if needed > room + 1 { urgent_first(laid, &URGENT_FIRST) } else { all };
    let list = List {
        laid,
        state: &model.health.fleet,
        columns: &shown,
        mark_column: false,
        marked: &|_| false,
        name: "fleet",
    };
    list::draw(canvas, area, &list, view)
}

/// The columns of a table with the named ones first.
pub(crate) fn urgent_first(laid: &Laid, first: &[&str]) -> Vec<usize> {
    let mut places: Vec<usize> =
        first.iter().filter_map(|title| laid.table.columns.iter().position(|c| c.title == *title)).collect();
    for column in 0..laid.table.columns.len() {
        if !places.contains(&column) {
            places.push(column);
        }
    }
    places
}

/// What somebody wants to know of the selected server before opening it.
fn preview_lines(canvas: &Canvas<'_>, t: &TargetModel, model: &Model, room: Rect) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    // One line of the room is the divider's.
    let height = usize::from(room.height).saturating_sub(1);
    if let Link::Down(kind, message) = &t.link {
        let words = format!("{}: {}", kind.word(), escape(message));
        lines.push(labelled(canvas, "down", vec![canvas.span(words, Role::Down)]));
        let next = match t.schedule.in_flight {
            Some(at) => format!("trying again since {}", metric::seconds(model.now.since(at) as f64 / 1000.0)),
            None if t.schedule.due <= model.now => "trying again now".to_owned(),
            None => format!("again in {}", metric::seconds(t.schedule.due.since(model.now) as f64 / 1000.0)),
        };
        let last = t.sample.as_ref().map_or_else(
            || "no answer since this program started".to_owned(),
            |s| format!("answered at {}", s.at.clock(model.offset_minutes)),
        );
        lines.push(labelled(canvas, "last", vec![canvas.span(format!("{last}   {next}"), Role::Text)]));
    } else if t.sample.is_some() {
        lines.extend(numbers_line(canvas, t, room));
        lines.extend(root_line(canvas, t, model));
    } else {
        lines.push(labelled(canvas, "now", vec![canvas.span("connecting", Role::Unknown)]));
    }
    if let Some(worst) = model.incidents.worst_of(&t.target.id, model.now) {
        lines.insert(lines.len().min(1), Line::from(incident::beside(canvas, worst, model)));
    }
    // The address always has the last line; reasons take what is left.
    let left = height.saturating_sub(lines.len() + 1);
    if !matches!(t.link, Link::Down(..)) {
        for reason in t.health.reasons.iter().take(left) {
            let word = canvas.span(format!("{:<5}", reason.state.word()), state_role(reason.state));
            lines.push(labelled(canvas, "why", vec![word, canvas.span(escape(&reason.text), Role::Text)]));
        }
    }
    lines.truncate(height.saturating_sub(1));
    lines.push(labelled(canvas, "at", address(canvas, t, model)));
    lines
}

fn labelled(canvas: &Canvas<'_>, label: &str, mut spans: Vec<Span<'static>>) -> Line<'static> {
    spans.insert(0, canvas.span(format!("{label:<6}"), Role::Label));
    Line::from(spans)
}

/// Connections as a bar, and the numbers that tell trouble.
fn numbers_line(canvas: &Canvas<'_>, t: &TargetModel, room: Rect) -> Option<Line<'static>> {
    let mut spans = Vec::new();
    let mut label = "now";
    if let Some(connections) = t.value(metric::CONNECTIONS) {
        label = "conn";
        match t.value(metric::CONNECTION_LIMIT).filter(|l| *l > 0.0) {
            Some(limit) => {
                let share = connections / limit;
                let width = usize::from(room.width).saturating_sub(84).clamp(8, 20);
                spans.push(canvas.span(format!("{connections:.0}/{limit:.0} "), Role::Text));
                spans.push(canvas.span(bar(share, width, canvas.symbols), alarm_role(t, metric::CONNECTIONS)));
                spans.push(canvas.span(format!(" {:.0}%", share * 100.0), Role::Text));
            }
            None => spans.push(canvas.span(format!("{connections:.0}"), Role::Text)),
        }
        if let Some(usual) = t.usual(metric::CONNECTIONS) {
            spans.push(canvas.span(format!("  usual {}", number(Some(usual), Unit::Count)), Role::Dim));
        }
    }
    for id in [
        metric::IDLE_IN_TRANSACTION,
        metric::BLOCKED,
        metric::LONGEST_TRANSACTION,
        metric::QUEUED,
        metric::MEMORY_USED,
        metric::EVICTIONS,
        metric::OPLOG_WINDOW,
        metric::WRITES,
        metric::DATA_BYTES,
        metric::WAL_BYTES,
        metric::FREE_PAGES,
    ] {
        let (Some(value), Some(m)) = (t.value(id), metric::metric(id)) else { continue };
        // Files and write-ahead logs matter here where there are no connections to speak of.
        let of_file = matches!(id, metric::WRITES | metric::DATA_BYTES | metric::WAL_BYTES | metric::FREE_PAGES);
        if of_file && label == "conn" {
            continue;
        }
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.push(canvas.span(format!("{} ", m.label), Role::Label));
        spans.push(canvas.span(number(Some(value), m.unit), alarm_role(t, id)));
    }
    (!spans.is_empty()).then(|| labelled(canvas, label, spans))
}

/// The role of a value: that of the reason which judges it, else plain.
pub(crate) fn alarm_role(t: &TargetModel, id: metric::MetricId) -> Role {
    t.health.reasons.iter().find(|r| r.metric == Some(id)).map_or(Role::Text, |r| state_role(r.state))
}

/// Who blocks most, or else what has been running longest.
fn root_line(canvas: &Canvas<'_>, t: &TargetModel, model: &Model) -> Option<Line<'static>> {
    let sample = t.sample.as_ref()?;
    if let Some(root) = blocking_tree(&sample.sessions).into_iter().find(|l| l.depth == 0) {
        let s = &sample.sessions[root.session];
        let mut spans = session_spans(canvas, s, sample.server_now);
        spans.push(canvas.span(format!("  blocks {}", root.waiting), Role::Critical));
        if !s.holds.is_empty() {
            spans.push(canvas.span(format!("  holds {}", escape(&s.holds)), Role::Text));
        }
        if let Some(start) = s.transaction_start.or(s.statement_start) {
            let clock = start.clock(model.offset_minutes);
            spans.push(canvas.span(format!("  since {clock}"), Role::Dim));
        }
        return Some(labelled(canvas, "root", spans));
    }
    let busiest = sample
        .sessions
        .iter()
        .filter(|s| !s.background && s.state == SessionState::Active)
        .max_by_key(|s| (s.age_ms(sample.server_now), std::cmp::Reverse(s.pid)))?;
    let mut spans = session_spans(canvas, busiest, sample.server_now);
    let statement = wrap::one_line(&busiest.statement);
    spans.push(canvas.span(format!("   {statement}"), Role::Dim));
    Some(labelled(canvas, "runs", spans))
}

fn session_spans(
    canvas: &Canvas<'_>,
    s: &SessionInfo,
    server_now: crate::domain::target::Timestamp,
) -> Vec<Span<'static>> {
    let age = s.age_ms(server_now).map(|ms| ms as f64 / 1000.0);
    let who: Vec<String> = [&s.user, &s.application].iter().filter(|w| !w.is_empty()).map(|w| escape(w)).collect();
    vec![
        canvas.span(format!("pid {}", s.pid), Role::Key),
        canvas.span(format!("  {}", who.join(" ")), Role::Text),
        canvas.span(format!("  {} {}", s.state.word(), number(age, Unit::Seconds)), Role::Text),
    ]
}

/// Where it is, what it is, who we are there, and what our login may do that a watcher should not.
fn address(canvas: &Canvas<'_>, t: &TargetModel, model: &Model) -> Vec<Span<'static>> {
    let mut spans = vec![canvas.span(escape(&t.target.address), Role::Text)];
    if let Some(identity) = &t.identity {
        spans.push(canvas.span(format!("   {} {}", escape(&identity.version), escape(&identity.role)), Role::Dim));
        if let Some(up) = up_words(t, model) {
            spans.push(canvas.span(format!("   {up}"), Role::Dim));
        }
        if !identity.user.is_empty() {
            spans.push(canvas.span(format!("   as {}", escape(&identity.user)), Role::Dim));
        }
    }
    spans.push(Span::raw("   "));
    spans.push(environment(canvas, t.target.environment));
    for power in powers(canvas, t) {
        spans.push(Span::raw("  "));
        spans.push(power);
    }
    spans
}

/// `PROD`, and production's own colour for it.
pub(crate) fn environment(canvas: &Canvas<'_>, environment: Environment) -> Span<'static> {
    let (word, role) = match environment {
        Environment::Production => ("PROD", Role::Production),
        Environment::Staging => ("STAGE", Role::Text),
        Environment::Development => ("DEV", Role::Text),
        // Not said means "be careful".
        Environment::Unknown => ("env not set", Role::Dim),
    };
    canvas.span(word, role)
}

/// `[READ-ONLY]`, or that what is approved may run there.
pub(crate) fn access(canvas: &Canvas<'_>, t: &TargetModel) -> Span<'static> {
    let (word, role) = if t.writable() { ("[READ-WRITE]", Role::Warning) } else { ("[READ-ONLY]", Role::Ok) };
    canvas.span(word, role)
}

/// `[superuser]` for a login that may do more than watch.
pub(crate) fn powers(canvas: &Canvas<'_>, t: &TargetModel) -> Vec<Span<'static>> {
    let powers = t.identity.iter().flat_map(|i| &i.excess_powers);
    powers.map(|p| canvas.span(format!("[{}]", escape(p)), Role::Warning)).collect()
}

/// `up 41d 2h`.
pub(crate) fn up_words(t: &TargetModel, model: &Model) -> Option<String> {
    let started = t.identity.as_ref()?.started_at?;
    Some(format!("up {}", metric::seconds(model.now.since(started) as f64 / 1000.0)))
}

/// The demo database is being made.
fn draw_progress(canvas: &mut Canvas<'_>, area: Rect, percent: u8) {
    let inside = canvas.frame(area, &Edge::new(canvas.span("Demo", Role::Title), ""));
    let width = inside.width.saturating_sub(8).min(60);
    let x = inside.x + inside.width.saturating_sub(width) / 2;
    let y = inside.y + inside.height.saturating_sub(4) / 2;
    canvas.put(x, y, width, "Making the demo database: a shop with orders.", Role::Text);
    let share = f64::from(percent) / 100.0;
    let filled = bar(share, usize::from(width.saturating_sub(6)), canvas.symbols);
    let end = canvas.put(x, y + 1, width.saturating_sub(6), &filled, Role::Graph);
    canvas.put(end + 1, y + 1, 5, &format!("{percent:>3}%"), Role::Key);
    canvas.put(x, y + 3, width, "This happens once. ? lists the keys meanwhile.", Role::Dim);
}

/// There is nothing to watch.
fn draw_nothing(canvas: &mut Canvas<'_>, area: Rect) {
    let inside = canvas.frame(area, &Edge::new(canvas.span("Servers", Role::Title), "0 of 0"));
    let lines = [
        "No server yet.",
        "",
        "Start with one:      dba-gpt URL, or dba-gpt FILE",
        "or write it down:    [[target]] in config.toml",
    ];
    for (i, line) in lines.iter().enumerate() {
        canvas.put(inside.x + 2, inside.y + 1 + columns(i), inside.width.saturating_sub(4), line, Role::Text);
    }
}

/// The state's word with its reason, for a header.
pub(crate) fn state_spans(canvas: &Canvas<'_>, t: &TargetModel, model: &Model) -> Vec<Span<'static>> {
    let state = t.state(model.now);
    let mut spans = vec![canvas.span(state.word(), state_role(state))];
    let why = t.why(model.now);
    if !why.is_empty() && state != State::Ok {
        spans.push(canvas.span(format!(" {}", escape(&why)), state_role(state)));
    }
    spans
}
