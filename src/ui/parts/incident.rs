//! One incident in full: its header line and its panes, which scroll each for itself. On a small terminal the panes
//! follow each other in one.

use crate::app::action::Action;
use crate::app::healing::Subject;
use crate::app::incidents::DetailFocus;
use crate::app::incidents::detail::{DetailLine, DetailPane, LineKind, panes};
use crate::app::incidents::words;
use crate::app::list::Motion;
use crate::app::model::Model;
use crate::domain::incident::Incident;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::parts::{causes, detail};
use crate::ui::screens::fleet::environment;
use crate::ui::screens::{Density, cut_top};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Lines of the two upper panes, borders included: the share of the room, and the least.
const UPPER: (u16, u16) = (9, 20);

/// Lines of the two upper panes where causes stand below them, borders included: on a full and on a compact screen.
const UPPER_WITH_CAUSES: (u16, u16) = (9, 6);

/// Where the reader is in the panes of an incident.
#[derive(Debug, Default)]
pub(crate) struct Panes {
    /// The incident that is read.
    of: u64,
    /// First line seen of each.
    offsets: [usize; 4],
    /// The last line that can be the first one seen.
    ends: [usize; 4],
    /// What the chosen pane shows: another cause is read from its beginning.
    chosen: String,
}

impl Panes {
    /// Takes up an incident: another one is read from its beginning.
    fn begin(&mut self, id: u64) {
        if self.of != id {
            *self = Self { of: id, ..Self::default() };
        }
    }

    /// The screen's half of an act while an incident is shown.
    pub(crate) fn apply(&mut self, action: &Action, model: &Model) {
        if model.incidents.focus == DetailFocus::Causes && knows_causes(model) {
            return; // the keys move in the list, which is the core's
        }
        let at = place(model.incidents.focus);
        let (offset, end) = (self.offsets[at], self.ends[at]);
        match action {
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

/// The place of a pane.
fn place(focus: DetailFocus) -> usize {
    DetailFocus::ALL.iter().position(|known| *known == focus).unwrap_or(0)
}

/// The causes of the incident that is shown were found.
fn knows_causes(model: &Model) -> bool {
    model.incidents.open.is_some_and(|id| model.healing.found(&Subject::Incident(id)).is_some())
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
    let focus = model.incidents.focus;
    let subject = Subject::Incident(incident.id);
    if knows_causes(model) {
        let (title, lines) = causes::chosen_lines(model);
        if view.panes.chosen != title {
            view.panes.offsets[place(DetailFocus::Chosen)] = 0;
            view.panes.chosen = title;
        }
        let chosen = DetailPane { title: "", lines };
        if density == Density::List {
            draw_small(canvas, body, [timeline, why, chosen], &subject, model, view);
            return;
        }
        let lines = if density == Density::Full { UPPER_WITH_CAUSES.0 } else { UPPER_WITH_CAUSES.1 };
        let (upper, lower) = cut_top(body, lines);
        draw_upper(canvas, upper, [timeline, why], focus, view);
        let (rows, below) = causes::split(model, &subject, lower);
        let inside = canvas.frame(rows, &Edge::default());
        causes::draw_rows(canvas, inside, model, &subject, &model.incidents.causes, view);
        let left = pane_title(canvas, "Causes and plans", focus == DetailFocus::Causes);
        let right = canvas.span(causes::state_words(model, &subject), Role::Dim);
        canvas.frame_title(rows, &Edge::new(left, Line::from(right)));
        draw_pane(canvas, below, &chosen, DetailFocus::Chosen, focus, view);
        return;
    }
    if density == Density::List {
        let one = in_one([why, help, timeline]);
        // All of them scroll as one, whichever has the keys.
        draw_lines(canvas, body, &one, place(focus), focus, false, view);
        return;
    }
    let (numerator, denominator) = UPPER;
    let (upper, lower) = cut_top(body, (body.height * numerator).div_ceil(denominator));
    draw_upper(canvas, upper, [timeline, why], focus, view);
    draw_pane(canvas, lower, &help, DetailFocus::Causes, focus, view);
}

/// The timeline, and beside it why the incident is taken for what it is.
fn draw_upper(
    canvas: &mut Canvas<'_>,
    room: Rect,
    [timeline, why]: [DetailPane; 2],
    focus: DetailFocus,
    view: &mut ViewState,
) {
    let half = room.width / 2;
    let left = Rect { width: half, ..room };
    let right = Rect { x: room.x + half, width: room.width - half, ..room };
    draw_pane(canvas, left, &timeline, DetailFocus::Timeline, focus, view);
    draw_pane(canvas, right, &why, DetailFocus::Why, focus, view);
}

/// On a small terminal: the causes with the chosen one below them, or what else has the keys, alone.
fn draw_small(
    canvas: &mut Canvas<'_>,
    room: Rect,
    [timeline, why, chosen]: [DetailPane; 3],
    subject: &Subject,
    model: &Model,
    view: &mut ViewState,
) {
    let focus = model.incidents.focus;
    let pane = match focus {
        DetailFocus::Timeline => timeline,
        DetailFocus::Why => why,
        DetailFocus::Chosen => chosen,
        DetailFocus::Causes => {
            let (rows, below) = cut_top(room, causes::wanted(model, subject, room.height));
            causes::draw_rows(canvas, rows, model, subject, &model.incidents.causes, view);
            let (line, below) = cut_top(below, 1);
            let words = format!(" {}   {}", view.panes.chosen, causes::state_words(model, subject));
            canvas.put(line.x, line.y, line.width, &escape(&words), Role::Title);
            draw_lines(canvas, below, &chosen.lines, place(DetailFocus::Chosen), focus, false, view);
            return;
        }
    };
    let title = if pane.title.is_empty() { view.panes.chosen.clone() } else { pane.title.to_owned() };
    let (line, below) = cut_top(room, 1);
    canvas.put(line.x, line.y, line.width, &format!(" {}   Tab: the next part", escape(&title)), Role::Title);
    draw_lines(canvas, below, &pane.lines, place(focus), focus, focus == DetailFocus::Timeline, view);
}

fn pane_title(canvas: &Canvas<'_>, title: &str, focused: bool) -> Line<'static> {
    let title = title.to_owned();
    Line::from(if focused {
        vec![canvas.span(canvas.symbols.marker, Role::Key), canvas.span(format!(" {title}"), Role::Active)]
    } else {
        vec![canvas.span(title, Role::Title)]
    })
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

fn draw_pane(
    canvas: &mut Canvas<'_>,
    room: Rect,
    pane: &DetailPane,
    which: DetailFocus,
    focus: DetailFocus,
    view: &mut ViewState,
) {
    let inside = canvas.frame(room, &Edge::default());
    let seen = draw_lines(canvas, inside, &pane.lines, place(which), focus, which == DetailFocus::Timeline, view);
    let title = if pane.title.is_empty() { escape(&view.panes.chosen) } else { pane.title.to_owned() };
    let left = pane_title(canvas, &title, focus == which);
    canvas.frame_title(room, &Edge::new(left, Line::from(canvas.span(seen, Role::Dim))));
}

/// Draws what is seen of some lines and gives the words on the rest: `1-8 of 20`; empty when all are seen. Lines that
/// are read from their end go on as more come, until somebody reads back.
fn draw_lines(
    canvas: &mut Canvas<'_>,
    room: Rect,
    lines: &[DetailLine],
    at: usize,
    focus: DetailFocus,
    from_its_end: bool,
    view: &mut ViewState,
) -> String {
    let width = usize::from(room.width).saturating_sub(2);
    let lines = detail::lay_out(canvas, lines, width);
    let height = usize::from(room.height);
    let end = lines.len().saturating_sub(height);
    if from_its_end && view.panes.offsets[at] >= view.panes.ends[at] {
        view.panes.offsets[at] = end;
    }
    view.panes.ends[at] = end;
    let first = view.panes.offsets[at].min(end);
    view.panes.offsets[at] = first;
    if place(focus) == at {
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
