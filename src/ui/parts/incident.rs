//! One incident in full: its header line and its panes, which scroll each for itself. On a small terminal the panes
//! follow each other in one.

use crate::app::action::Action;
use crate::app::incidents::detail::{DetailLine, DetailPane, LineKind, panes};
use crate::app::incidents::words;
use crate::app::list::Motion;
use crate::app::model::Model;
use crate::domain::incident::Incident;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::parts::detail;
use crate::ui::screens::fleet::environment;
use crate::ui::screens::{Density, cut_top};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Lines of the two upper panes, borders included: the share of the room, and the least.
const UPPER: (u16, u16) = (9, 20);

/// Where the reader is in the panes of an incident.
#[derive(Debug, Default)]
pub(crate) struct Panes {
    /// The incident that is read.
    of: u64,
    /// The pane that has the keys.
    focus: usize,
    /// First line seen of each.
    offsets: [usize; 3],
    /// The last line that can be the first one seen.
    ends: [usize; 3],
}

impl Panes {
    /// Takes up an incident: another one is read from its beginning.
    fn begin(&mut self, id: u64) {
        if self.of != id {
            *self = Self { of: id, ..Self::default() };
        }
    }

    /// The screen's half of an act while an incident is shown.
    pub(crate) fn apply(&mut self, action: &Action) {
        let at = self.focus;
        let (offset, end) = (self.offsets[at], self.ends[at]);
        match action {
            Action::NextPane(forward) => self.focus = (at + if *forward { 1 } else { 2 }) % 3,
            Action::Move(Motion::By(n) | Motion::HalfPage(n)) => {
                let by = isize::try_from(*n).unwrap_or(0);
                self.offsets[at] = offset.min(end).saturating_add_signed(by).min(end);
            }
            Action::Move(Motion::Top) => self.offsets[at] = 0,
            Action::Move(Motion::Bottom) => self.offsets[at] = end,
            _ => {}
        }
    }
}

/// Draws the incident.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    incident: &Incident,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) {
    view.panes.begin(incident.id);
    let (header, body) = cut_top(area, 1);
    draw_header(canvas, header, incident, model);
    let [timeline, why, help] = panes(incident, model);
    if density == Density::List {
        let one = in_one([why, help, timeline]);
        view.panes.focus = 0;
        draw_lines(canvas, body, &one, 0, view);
        return;
    }
    let (numerator, denominator) = UPPER;
    let (upper, lower) = cut_top(body, (body.height * numerator).div_ceil(denominator));
    let half = upper.width / 2;
    let left = Rect { width: half, ..upper };
    let right = Rect { x: upper.x + half, width: upper.width - half, ..upper };
    for (place, (room, pane)) in [(left, timeline), (right, why), (lower, help)].into_iter().enumerate() {
        draw_pane(canvas, room, &pane, place, view);
    }
}

/// ` INC-0412  CRIT  connection saturation   pg-orders-1 PROD   opened 14:26   pattern (4x)   open 6m 02s`
fn draw_header(canvas: &mut Canvas<'_>, line: Rect, incident: &Incident, model: &Model) {
    let now = model.now;
    let severity = state_role(words::state(incident.severity));
    let mut lead = vec![canvas.span(format!(" {}  ", incident.name()), Role::Title)];
    lead.push(canvas.span(incident.severity.short(), severity));
    lead.push(canvas.span(format!("  {}", escape(&incident.title)), Role::Text));
    let mut facts = vec![lead];
    match model.target(&incident.target) {
        Some(t) => facts.push(vec![
            canvas.name(&t.target, Role::Title),
            Span::raw(" "),
            environment(canvas, t.target.environment),
        ]),
        None => facts.push(vec![canvas.span(escape(incident.target.as_str()), Role::Title)]),
    }
    let role = if incident.stage.is_open() { Role::Warning } else { Role::Ok };
    facts.push(vec![canvas.span(words::age(incident, now), role)]);
    let clock = incident.first_at.date_time(model.offset_minutes);
    let pattern = words::recurrence(model.incidents.pattern(&incident.signature));
    let who = words::who(incident, now, model.offset_minutes);
    for (words, role) in [
        (pattern, Role::Text),
        (escape(&who), Role::Label),
        (format!("opened {}", clock.get(5..16).unwrap_or_default()), Role::Dim),
    ] {
        if !words.is_empty() {
            facts.push(vec![canvas.span(words, role)]);
        }
    }
    canvas.put_facts(line.x, line.y, line.width, &facts);
}

/// The worst open incident of a server, in one line beside it: `INC-0412 CRIT connection saturation   open 6m 02s`.
pub(crate) fn beside(canvas: &Canvas<'_>, incident: &Incident, model: &Model) -> Vec<Span<'static>> {
    let severity = state_role(words::state(incident.severity));
    let [title, age, pattern] = crate::app::incidents::table::beside(incident, model);
    let mut spans = vec![
        canvas.span(incident.name(), Role::Title),
        Span::raw(" "),
        canvas.span(incident.severity.short(), severity),
        canvas.span(format!(" {title}"), Role::Text),
        canvas.span(format!("   {age}"), Role::Dim),
    ];
    if !pattern.is_empty() {
        spans.push(canvas.span(format!("   {pattern}"), Role::Dim));
    }
    spans.push(canvas.span("   3 opens", Role::Dim));
    spans
}

/// The panes one below the other, each under its title.
fn in_one(panes: [DetailPane; 3]) -> Vec<DetailLine> {
    let mut lines = Vec::new();
    for pane in panes {
        // The last pane begins with a heading of its own.
        if pane.lines.first().is_some_and(|line| line.kind != LineKind::Heading) {
            lines.push(DetailLine { lead: String::new(), text: pane.title.to_owned(), kind: LineKind::Heading });
        }
        lines.extend(pane.lines);
    }
    lines
}

fn draw_pane(canvas: &mut Canvas<'_>, room: Rect, pane: &DetailPane, place: usize, view: &mut ViewState) {
    let inside = canvas.frame(room, &Edge::default());
    let seen = draw_lines(canvas, inside, &pane.lines, place, view);
    let focused = view.panes.focus == place;
    let title = if focused {
        vec![canvas.span(canvas.symbols.marker, Role::Key), canvas.span(format!(" {}", pane.title), Role::Active)]
    } else {
        vec![canvas.span(pane.title, Role::Title)]
    };
    canvas.frame_title(room, &Edge::new(Line::from(title), Line::from(canvas.span(seen, Role::Dim))));
}

/// Draws what is seen of some lines and gives the words on the rest: `1-8 of 20`; empty when all are seen.
fn draw_lines(canvas: &mut Canvas<'_>, room: Rect, lines: &[DetailLine], place: usize, view: &mut ViewState) -> String {
    let width = usize::from(room.width).saturating_sub(2);
    let lines = detail::lay_out(canvas, lines, width);
    let height = usize::from(room.height);
    let end = lines.len().saturating_sub(height);
    view.panes.ends[place] = end;
    let first = view.panes.offsets[place].min(end);
    view.panes.offsets[place] = first;
    if view.panes.focus == place {
        view.half_page = (height / 2).max(1);
    }
    for (i, line) in lines.iter().skip(first).take(height).enumerate() {
        canvas.put_line(room.x + 1, room.y + columns(i), columns(width), line);
    }
    if end == 0 {
        String::new()
    } else {
        format!("{}-{} of {}", first + 1, first + height.min(lines.len()), lines.len())
    }
}
