//! The incidents: the list of what went wrong, the patterns behind it, and one incident in full.

use super::{Density, cut_top};
use crate::app::incidents::{self, View, table};
use crate::app::model::Model;
use crate::app::table::SPARK_HOURS;
use crate::domain::error::kind::Severity;
use crate::domain::incident::analytics::Analytics;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::parts::graph::sparkline;
use crate::ui::parts::incident;
use crate::ui::parts::list::{self, List};
use crate::ui::parts::pane;
use crate::ui::table_cache::Laid;
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The order of the columns where not all of them fit: of the incidents, and of the patterns.
const INCIDENTS_FIRST: [&str; 9] = ["SEV", "#", "WHAT", "TARGET", "COUNT", "AGE", "STAGE", "STRATEGY", "OBJECT"];
const PATTERNS_FIRST: [&str; 6] = ["LAST", "WHAT", "COUNT", SPARK_HOURS, "INC", "ENDED"];

const RULES_FIRST: [&str; 6] = ["STATE", "#", "TELLS OF", "TARGET", "NOW", "BECAUSE"];

/// Columns of the header that the names of the lists leave free.
const LEFT_OF_VIEWS: usize = 24;

/// Draws the tab.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model, view: &mut ViewState, density: Density) {
    if let Some(incident) = model.incidents.open.and_then(|id| model.incidents.get(id)) {
        incident::draw(canvas, area, incident, model, view, density);
        return;
    }
    let (header, body) = cut_top(area, 1);
    draw_header(canvas, header, model);
    let framed = density != Density::List;
    let inside = if framed { canvas.frame(body, &Edge::default()) } else { body };
    let inside = match &model.incidents.analytics {
        Some(analytics) if model.incidents.view == View::Analytics => draw_analytics(canvas, inside, analytics, model),
        _ => inside,
    };
    let Some(table) = table::shown(model) else { return };
    let laid = Laid::new(table, table::list(&model.incidents));
    draw_list(canvas, body, inside, model, view, &laid, framed);
}

/// ` INCIDENTS   CRIT 1  ERR 2   silenced 1   over 12                     [incidents] patterns`
fn draw_header(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let now = model.now;
    let titles = |some: &dyn Fn(View) -> bool| {
        let mut views = Line::default();
        for view in View::ALL.into_iter().filter(|view| some(*view)) {
            let shown = view == model.incidents.view;
            let (open, close) = if shown { ("[", "]") } else { (" ", " ") };
            let role = if shown { Role::Active } else { Role::Dim };
            views.spans.push(canvas.span(format!("{open}{}{close}", view.title()), role));
        }
        views
    };
    let mut views = titles(&|_| true);
    if views.width() + LEFT_OF_VIEWS > usize::from(line.width) {
        // Tab goes on to the others.
        views = titles(&|view| view == model.incidents.view);
    }
    let right = canvas.put_right(line.x + columns(LEFT_OF_VIEWS), line.right(), line.y, &views);
    let mut facts: Vec<Vec<Span<'static>>> = vec![vec![canvas.span(" INCIDENTS", Role::Label)]];
    for severity in Severity::ALL.into_iter().rev() {
        let n = model.incidents.alarming(now).filter(|i| i.severity == severity).count();
        if n > 0 {
            let role = state_role(incidents::words::state(severity));
            let word = canvas.span(severity.short(), role);
            facts.push(vec![word, canvas.span(format!(" {n}"), Role::Text)]);
        }
    }
    let all = model.incidents.all();
    let silenced = all.iter().filter(|i| i.stage.is_open() && i.is_silenced(now)).count();
    let over = all.iter().filter(|i| !i.stage.is_open()).count();
    if facts.len() == 1 {
        facts.push(vec![canvas.span("nothing is open", Role::Ok)]);
    }
    for (n, word) in [(silenced, "silenced"), (over, "over")] {
        if n > 0 {
            facts.push(vec![canvas.span(format!("{n} {word}"), Role::Dim)]);
        }
    }
    canvas.put_facts(line.x, line.y, right.saturating_sub(line.x + 1), &facts);
}

fn draw_list(
    canvas: &mut Canvas<'_>,
    frame: Rect,
    inside: Rect,
    model: &Model,
    view: &mut ViewState,
    laid: &Laid,
    framed: bool,
) {
    let incidents = &model.incidents;
    let state = table::list(incidents);
    let first: &[&str] = match incidents.view {
        View::List => &INCIDENTS_FIRST,
        View::Patterns => &PATTERNS_FIRST,
        View::Analytics => &[],
        View::Rules => &RULES_FIRST,
    };
    let name = incidents.view.title();
    let title = match incidents.view {
        View::List if incidents.with_closed => "Incidents, those that are over too",
        View::List => "Open incidents",
        View::Patterns => "Patterns of errors, the last seen first",
        View::Analytics => "The last 7 days",
        View::Rules => "Your watch rules: Enter changes one, x deletes it",
    };
    if laid.order.is_empty() {
        draw_nothing(canvas, inside, model, &state.filter);
    }
    let room = usize::from(inside.width).saturating_sub(2);
    let needed: usize = laid.widths.iter().map(|w| w + 1).sum();
    let all: Vec<usize> = (0..laid.table.columns.len()).collect();
    let shown = if needed > room + 1 { super::fleet::urgent_first(laid, first) } else { all };
    let list = List { laid, state, columns: &shown, mark_column: false, marked: &|_| false, name };
    let seen = if laid.order.is_empty() { String::new() } else { list::draw(canvas, inside, &list, view) };
    if !framed {
        return;
    }
    let mut left = Line::from(canvas.span(title, Role::Title));
    if !state.filter.is_empty() {
        left.spans.push(canvas.span(format!("   filter {}", escape(&state.filter)), Role::Key));
    }
    let place = if laid.order.is_empty() { 0 } else { state.cursor + 1 };
    let place = format!("{place} of {}", laid.order.len());
    let right = if seen.is_empty() { place } else { format!("{place}   {seen}") };
    canvas.frame_title(frame, &Edge::new(left, right));
}

/// What sums the numbers up, and the errors of the last hours as a small graph; gives the room below.
fn draw_analytics(canvas: &mut Canvas<'_>, area: Rect, analytics: &Analytics, model: &Model) -> Rect {
    let lines = incidents::analytics::lines(analytics, incidents::analytics::fixes(model));
    let rest = pane::draw(canvas, area, &lines);
    let hours: Vec<Option<f64>> = analytics.hours.iter().map(|n| Some(*n as f64)).collect();
    let (line, rest) = cut_top(rest, u16::from(rest.height > 4));
    if line.height > 0 {
        let x = canvas.put(line.x + 1, line.y, 9, "by hour", Role::Label).max(line.x + 10);
        let graph = sparkline(&hours, canvas.symbols);
        let end = canvas.put(x, line.y, line.right().saturating_sub(x), &graph, Role::Graph);
        let last = analytics.hours.last().copied().unwrap_or(0);
        let sum = analytics.hours.iter().sum::<u64>();
        let noun = if sum == 1 { "error" } else { "errors" };
        let words = format!("  {sum} {noun} in {} hours, {last} in the running one", hours.len());
        canvas.put(end, line.y, line.right().saturating_sub(end + 1), &words, Role::Dim);
    }
    let (_, rest) = cut_top(rest, u16::from(rest.height > 8));
    rest
}

/// What leads here, where there is nothing to show.
fn draw_nothing(canvas: &mut Canvas<'_>, area: Rect, model: &Model, filter: &str) {
    let incidents = &model.incidents;
    let lines: Vec<String> = if !filter.is_empty() {
        vec![format!("Nothing here has `{}`; Esc clears the filter.", escape(filter))]
    } else if !incidents.loaded {
        vec!["Reading what the store remembers ...".to_owned()]
    } else if incidents.view == View::Patterns {
        vec!["No error was seen yet.".to_owned()]
    } else if incidents.view == View::Rules {
        vec![
            "You have no watch rule.".to_owned(),
            String::new(),
            "An incident that came again offers one: W keeps it. Or write your own:".to_owned(),
            ":rule add connections above 80% for 60s".to_owned(),
        ]
    } else if incidents.view == View::Analytics {
        vec!["There are no numbers yet.".to_owned()]
    } else if incidents.all().is_empty() || incidents.with_closed {
        vec![
            "No incident yet.".to_owned(),
            String::new(),
            "Errors of servers come here: from their logs and counters, from values".to_owned(),
            "over their limits, and from connections that fail.".to_owned(),
        ]
    } else {
        vec!["Nothing is open. c lists what is over.".to_owned()]
    };
    for (i, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        canvas.put(area.x + 1, area.y + columns(i), area.width.saturating_sub(2), line, Role::Text);
    }
}
