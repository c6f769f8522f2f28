//! The box in which an act is decided: what, where, how grave; the exact statement; what it does and how it is undone;
//! and the line that says what Enter would do, or why nothing can be approved yet.
//!
//! ```text
//! ╔ APPROVAL #58   1 of 2 ═════════════════════════ waits   4m ╗
//! ║ ACTION  dml, as typed: delete from app.orders where id = 1  ║
//! ║ TARGET  pg-orders-1   PROD primary   10.2.0.5:5432/orders   ║
//! ║ RISK    MEDIUM   1 row, counted   undo yes: ...             ║
//! ║─ exactly what will be sent ──── lines 1-3 of 3   118 bytes ─║
//! ║  1  delete from app.orders                                  ║
//! ║─ what it does, how it is undone ────────────── w says more ─║
//! ║ EFFECT  rows         1 (counted)                            ║
//! ║─────────────────────────────────────────────────────────────║
//! ║ ( Approve: A, then Enter )                                  ║
//! ╚ Esc = later ════════════════════════════════════════════════╝
//! ```

use crate::app::approvals::decide::{Step, hindrance, is_fresh};
use crate::app::approvals::table::state_word;
use crate::app::approvals::{Filed, Sight, words};
use crate::app::dossier::step_words;
use crate::app::incidents;
use crate::app::model::Model;
use crate::domain::guard::ticket::Gravity;
use crate::domain::metric;
use crate::domain::procedure::Purpose;
use crate::domain::proposal::Proposal;
use crate::domain::proposal::stage::Stage;
use crate::domain::target::Environment;
use crate::domain::text::escape;
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::overlays::draw_line;
use crate::ui::parts::exact::Row;
use crate::ui::parts::facts;
use crate::ui::screens::fleet::environment;
use crate::ui::screens::{cut_bottom, cut_top};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use crate::ui::wrap;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

/// Columns of the labels.
pub(crate) const LABELS: u16 = 9;
/// Rows of the statement that are shown before anything else takes room.
const LEAST_STATEMENT: u16 = 3;
/// Draws the box and gives the place of the cursor where something is typed in it. What it shows of the statement is
/// the view's sight from now on.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    filed: &Filed,
    model: &Model,
    view: &mut ViewState,
    framed: bool,
) -> Option<Position> {
    let top = title(canvas, filed, model);
    let inside = if framed {
        let words = match filed.proposal.stage {
            stage if stage.is_open() => "Esc = later   keys pressed before this box was drawn are dropped",
            stage if stage.is_under_way() => "l goes back and lets it run",
            _ => "Esc goes back",
        };
        canvas.overlay(area, &top, &Edge::new(canvas.span(words, Role::Dim), ""))
    } else {
        let (line, rest) = cut_top(area, 1);
        let start = canvas.put_right(line.x, line.right(), line.y, &top.right);
        canvas.put_cut(line.x + 1, line.y, start.saturating_sub(line.x + 2), &top.left);
        rest
    };
    if inside.height == 0 {
        return None;
    }
    // The decision is never cut away.
    let (body, decision) = cut_bottom(inside, 1);
    let cursor = draw_decision(canvas, decision, filed, model);
    let (body, line) = cut_bottom(body, u16::from(body.height > 8));
    divide(canvas, line, &Edge::new(decision_title(canvas, filed, model), ""));
    let lines = if filed.proposal.purpose.is_some() { 4 } else { 3 };
    let (head, body) = cut_top(body, lines.min(body.height.saturating_sub(LEAST_STATEMENT + 1)));
    draw_head(canvas, head, &filed.proposal, model);
    draw_rest(canvas, body, filed, model, view);
    cursor
}

/// The statement, and below it as many facts as there is room for.
fn draw_rest(canvas: &mut Canvas<'_>, body: Rect, filed: &Filed, model: &Model, view: &mut ViewState) {
    if body.height < 2 {
        return;
    }
    let p = &filed.proposal;
    let digits = p.draft.statement.split('\n').count().to_string().len();
    let width = body.width.saturating_sub(columns(digits) + 5);
    let rows = view.exact.rows(filed.digest, &p.draft.statement, usize::from(width));
    let facts = facts::lines(canvas, filed, model, body.width.saturating_sub(LABELS + 2), usize::from(body.height));
    let room = body.height - 1;
    let for_facts = columns(facts.len() + 1).min(room / 2).min(room.saturating_sub(LEAST_STATEMENT));
    let for_statement = columns(rows.len()).min(room - for_facts);
    let (line, rest) = cut_top(body, 1);
    let (statement, rest) = cut_top(rest, for_statement);
    draw_statement(canvas, line, statement, filed, &rows, digits, view);
    if rest.height < 2 {
        return;
    }
    let (line, rest) = cut_top(rest, 1);
    let more = if facts.len() > usize::from(rest.height) { "w says more" } else { "" };
    let title = canvas.span("what it does, how it is undone", Role::Title);
    divide(canvas, line, &Edge::new(title, canvas.span(more, Role::Dim)));
    for (i, fact) in facts.iter().take(usize::from(rest.height)).enumerate() {
        canvas.put_line(rest.x + 1, rest.y + columns(i), rest.width.saturating_sub(2), fact);
    }
}

/// The rows of the statement that fit, and the line above them. Only what is drawn here counts as seen.
fn draw_statement(
    canvas: &mut Canvas<'_>,
    line: Rect,
    area: Rect,
    filed: &Filed,
    rows: &[Row],
    digits: usize,
    view: &mut ViewState,
) {
    let height = usize::from(area.height);
    let first = view.exact.first(rows, height);
    let seen = &rows[first..(first + height).min(rows.len())];
    for (i, row) in seen.iter().enumerate() {
        let y = area.y + columns(i);
        let number = row.number.map_or_else(String::new, |n| n.to_string());
        let x = canvas.put(area.x + 1, y, columns(digits), &format!("{number:>digits$}"), Role::Label);
        let role = if row.hidden { Role::Critical } else { Role::Text };
        canvas.put(x.max(area.x + 1 + columns(digits)) + 2, y, area.width, &row.text, role);
    }
    if let (Some(a), Some(b)) = (seen.first(), seen.last()) {
        let (from, to) = (a.bytes.start, b.bytes.end);
        view.sight = Some(Sight { id: filed.proposal.id, digest: filed.digest, from, to });
    }
    let bytes = filed.proposal.draft.statement.len();
    let noun = if bytes == 1 { "byte" } else { "bytes" };
    let scroll = if rows.len() > height { "   J/K scroll" } else { "" };
    let last = (first + height).min(rows.len());
    let place = format!("rows {}-{last} of {}{scroll}", (first + 1).min(last), rows.len());
    let right = format!("{place}   {} {noun}   fingerprint {}", metric::grouped(bytes as u64), filed.digest.short());
    let shorter = if right.len() + 36 > usize::from(line.width) { place } else { right };
    let title = canvas.span("exactly what will be sent", Role::Title);
    divide(canvas, line, &Edge::new(title, canvas.span(shorter, Role::Dim)));
}

/// ` APPROVAL #58   1 of 2       waits   4m`
fn title(canvas: &Canvas<'_>, filed: &Filed, model: &Model) -> Edge<'static> {
    let p = &filed.proposal;
    let mut left = Line::from(canvas.span(format!("APPROVAL #{}", p.id), Role::Title));
    let open: Vec<u64> =
        model.approvals.filed.iter().map(|f| &f.proposal).filter(|p| p.stage.is_open()).map(|p| p.id).collect();
    if let Some(place) = open.iter().position(|id| *id == p.id) {
        left.spans.push(canvas.span(format!("   {} of {}", place + 1, open.len()), Role::Dim));
    }
    if let Some(ticket) = &p.ticket {
        left.spans.push(canvas.span(format!("   ticket {}", escape(ticket)), Role::Dim));
    }
    let age = metric::seconds(model.now.since(p.at) as f64 / 1000.0);
    let mut right = Line::from(canvas.span(p.stage.words(), stage_role(p.stage)));
    right.spans.push(canvas.span(format!("   {} {age} ago", escape(&p.origin.words())), Role::Dim));
    Edge::new(left, right)
}

fn stage_role(stage: Stage) -> Role {
    match stage {
        Stage::NeedsPerson => Role::Critical,
        Stage::Waiting | Stage::Seconding | Stage::NotRun => Role::Warning,
        Stage::Approved | Stage::Intended | Stage::Running | Stage::Verifying | Stage::RollingBack => Role::Active,
        Stage::Done => Role::Ok,
        Stage::Undone | Stage::Denied | Stage::Withdrawn => Role::Text,
    }
}

/// ACTION, TARGET, RISK: a line each, the most telling first.
fn draw_head(canvas: &mut Canvas<'_>, area: Rect, p: &Proposal, model: &Model) {
    let kind = if p.draft.kind.is_some() { "one of our own acts" } else { "as typed" };
    let action =
        vec![canvas.span(format!("{}, {kind}: {}", p.draft.class.word(), wrap::one_line(&p.headline())), Role::Text)];
    let mut target = vec![match model.target(&p.target) {
        Some(t) => canvas.name(&t.target, Role::Title),
        None => canvas.span(escape(p.target.as_str()), Role::Title),
    }];
    target.push(Span::raw("   "));
    target.push(environment(canvas, p.environment));
    let place = &p.survey.place;
    let login = if p.login.is_empty() { String::new() } else { format!("   as {}", escape(&p.login)) };
    let database =
        if place.database.is_empty() { String::new() } else { format!("   database {}", escape(&place.database)) };
    target.push(canvas.span(format!(" {}   {}{login}{database}", escape(&place.role), escape(&p.address)), Role::Text));
    let mut risk = vec![canvas.span(p.gravity.word(), gravity_role(p.gravity))];
    if let Some(rows) = words::rows(&p.survey.blast) {
        risk.push(canvas.span(format!("   {rows}"), Role::Text));
    }
    if p.approvers > 1 {
        risk.push(canvas.span(format!("   {} approvers", p.approvers), Role::Warning));
    }
    risk.push(canvas.span(format!("   undo {}", escape(&p.survey.inverse.words())), Role::Text));
    let plan = p.purpose.as_deref().map(|purpose| ("PLAN", plan_spans(canvas, purpose, model)));
    let lines = [("ACTION", action), ("TARGET", target), ("RISK", risk)];
    for (i, (label, spans)) in lines.into_iter().chain(plan).enumerate() {
        let y = area.y + columns(i);
        if y < area.bottom() {
            canvas.put(area.x + 1, y, LABELS, label, Role::Label);
            canvas.put_cut(area.x + 1 + LABELS, y, area.width.saturating_sub(LABELS + 2), &Line::from(spans));
        }
    }
}

/// `step 1 of 2 of C5 for INC-0412, open 6m 02s, escalates in 8m 58s`: what it is for, and its clock.
fn plan_spans(canvas: &Canvas<'_>, purpose: &Purpose, model: &Model) -> Vec<Span<'static>> {
    let plan = &purpose.plan;
    let step = format!("step {} of {}", step_words(purpose), wrap::one_line(&plan.procedure));
    let mut spans = vec![canvas.span(step, Role::Text)];
    let incident = purpose.incident.and_then(|id| model.incidents.get(id));
    match (purpose.incident, incident) {
        (_, Some(incident)) => {
            let age = incidents::words::open_for(incident, model.now);
            spans.push(canvas.span(format!("   for {}, {age}", incident.name()), Role::Text));
            if let Some((words, late)) = incidents::words::escalation(incident, model) {
                spans.push(canvas.span(format!(", {words}"), if late { Role::Critical } else { Role::Warning }));
            }
        }
        (Some(id), None) => spans.push(canvas.span(format!("   for INC-{id:04}"), Role::Text)),
        (None, None) => {}
    }
    spans.push(canvas.span(format!("   against: {}", plan.cause.title()), Role::Dim));
    spans
}

fn gravity_role(gravity: Gravity) -> Role {
    match gravity {
        Gravity::Low => Role::Ok,
        Gravity::Medium => Role::Warning,
        Gravity::High => Role::Critical,
    }
}

/// Draws a line with texts in it across the box.
fn divide(canvas: &mut Canvas<'_>, line: Rect, edge: &Edge<'_>) {
    let horizontal = canvas.symbols.horizontal;
    canvas.line_of_frame(line, line.y, horizontal, horizontal, edge);
}

/// Above the decision: what it asks for.
fn decision_title(canvas: &Canvas<'_>, filed: &Filed, model: &Model) -> Span<'static> {
    let p = &filed.proposal;
    let words = match model.overlay.as_ref().and_then(|o| o.step()) {
        Some(Step::Name { .. }) => match p.environment {
            Environment::Production => "PROD: type the target's name, then Enter approves",
            Environment::Unknown => "environment not set, so as for PROD: type the target's name, then Enter approves",
            _ => "HIGH: type the target's name, then Enter approves",
        },
        Some(Step::Deny { .. }) if p.purpose.is_some() => "why not? begin with `wrong` if the finding is; Enter denies",
        Some(Step::Deny { .. }) => "why not? Enter denies it",
        Some(Step::Approve { .. } | Step::Stop { .. }) | None => "",
    };
    canvas.span(words, Role::Title)
}

/// The last line: what Enter would do, or why nothing can be approved. Gives the cursor where something is typed.
fn draw_decision(canvas: &mut Canvas<'_>, line: Rect, filed: &Filed, model: &Model) -> Option<Position> {
    let p = &filed.proposal;
    let room = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
    let step = model.overlay.as_ref().and_then(|o| o.step()).filter(|s| s.id() == p.id);
    let (words, role) = match step {
        Some(Step::Name { line, .. }) => return Some(draw_line(canvas, room, "name: ", line)),
        Some(Step::Deny { line, .. }) => return Some(draw_line(canvas, room, "reason: ", line)),
        Some(Step::Approve { .. }) => {
            (format!("Enter within 10 s APPROVES #{}   any other key: not now", p.id), Role::Active)
        }
        Some(Step::Stop { .. }) => {
            (format!("Enter within 10 s cancels #{} on the server   any other key: let it run", p.id), Role::Active)
        }
        None if p.stage.is_open() => match hindrance(model, filed) {
            Some(why) => (format!("( Approve: not yet )  {}", escape(&why)), Role::Warning),
            None if is_fresh(model) => ("( Approve: in a moment )".to_owned(), Role::Dim),
            None if filed.name_to_type.is_some() => {
                (format!("( Approve: A, then the name {} )", escape(p.target.as_str())), Role::Ok)
            }
            None => ("( Approve: A, then Enter )".to_owned(), Role::Ok),
        },
        None if matches!(p.stage, Stage::Verifying) => {
            ("it happened; whether it helped is looked at now".to_owned(), Role::Active)
        }
        None if p.stage.is_under_way() => {
            (format!("{}   Esc asks whether to cancel it on the server", state_word(p.stage)), Role::Active)
        }
        None => {
            let last = p.happenings.last().filter(|h| !h.words.is_empty());
            let why = last.map_or_else(String::new, |h| format!(": {}", escape(&h.words)));
            (format!("{}{why}", p.stage.words()), stage_role(p.stage))
        }
    };
    canvas.put_cut(room.x, room.y, room.width, &Line::from(canvas.span(words, role)));
    None
}
