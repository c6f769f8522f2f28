//! The chat: whom we talk to, the conversation, and the composer; or one of its results over all of it.

use super::fleet::{access, environment, powers, state_spans};
use super::{Density, cut_bottom, cut_top, result};
use crate::app::model::Model;
use crate::domain::text::{escape, fit};
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::parts::conversation;
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;

/// What a newcomer may ask.
const EXAMPLES: [&str; 3] = ["which tables are biggest?", "who blocks whom?", "select * from orders limit 5"];
/// Lines that the composer grows to.
const COMPOSER_LINES: usize = 5;

/// Draws the chat and gives the place of the cursor while typing.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) -> Option<Position> {
    if let Some(open) = &model.chat.open_table {
        result::draw(canvas, area, open, model, view, density);
        return None;
    }
    let (header, body) = cut_top(area, 1);
    draw_header(canvas, header, model);
    let framed = density != Density::List;
    let inner_width = usize::from(body.width).saturating_sub(if framed { 4 } else { 2 });
    let typed = view.composer.height(inner_width.saturating_sub(2)).clamp(1, COMPOSER_LINES);
    let most = usize::from(body.height).saturating_sub(4).max(1);
    let lines = columns(typed.min(most));
    if framed {
        canvas.frame(body, &Edge::default());
        let (upper, lower) = cut_bottom(body, lines + 2);
        let room = Rect {
            x: upper.x + 1,
            y: upper.y + 1,
            width: upper.width.saturating_sub(2),
            height: upper.height.saturating_sub(1),
        };
        let following = draw_conversation(canvas, room, model, view);
        let words = if following { "following" } else { "reading back   PgDn or G to the end" };
        let corners = canvas.symbols.corners;
        let top = Edge::new(canvas.span("Conversation", Role::Title), canvas.span(words, Role::Dim));
        canvas.line_of_frame(Rect { height: 1, ..body }, body.y, corners[0], corners[1], &top);
        canvas.divide(body, lower.y, &Edge::default());
        canvas.lower_edge(body, &Edge::new(canvas.span(composer_keys(model, view), Role::Dim), ""));
        let composer = Rect { x: lower.x + 2, y: lower.y + 1, width: lower.width.saturating_sub(4), height: lines };
        draw_composer(canvas, composer, model, view)
    } else {
        let (room, composer) = cut_bottom(body, lines);
        draw_conversation(canvas, room, model, view);
        let composer = Rect { x: composer.x + 1, width: composer.width.saturating_sub(2), ..composer };
        draw_composer(canvas, composer, model, view)
    }
}

/// ` pg-orders-1 / orders   ok   PROD   [READ-ONLY]   conversation: checkout stalls`
fn draw_header(canvas: &mut Canvas<'_>, line: Rect, model: &Model) {
    let mut words = Line::default();
    let Some(t) = model.chat_target() else {
        words.spans.push(canvas.span(" no target chosen yet: ", Role::Warning));
        words.spans.push(canvas.span("t chooses one; a question asks for one", Role::Text));
        canvas.put_cut(line.x, line.y, line.width, &words);
        return;
    };
    let mut name = vec![Span::raw(" "), canvas.name(&t.target, Role::Title)];
    let own = t.identity.as_ref().map(|i| i.database.as_str()).filter(|d| !d.is_empty());
    if let Some(database) = model.chat.database.as_deref().or(own) {
        name.push(canvas.span(format!(" / {}", escape(database)), Role::Text));
    }
    let mut facts = vec![name, vec![environment(canvas, t.target.environment)]];
    facts.push(vec![access(canvas, t)]);
    facts.push(state_spans(canvas, t, model));
    facts.extend(powers(canvas, t).into_iter().map(|p| vec![p]));
    let mut right = Line::default();
    if let Some(rows) = model.chat.row_limit {
        right.spans.push(canvas.span("limit ", Role::Label));
        right.spans.push(canvas.span(format!("{rows} rows   "), Role::Text));
    }
    if let Some(ms) = model.chat.timeout_once {
        right.spans.push(canvas.span("next may take ", Role::Label));
        let seconds = crate::domain::metric::seconds(ms as f64 / 1000.0);
        right.spans.push(canvas.span(format!("{seconds}   "), Role::Text));
    }
    if !model.chat.name.is_empty() {
        right.spans.push(canvas.span("conversation ", Role::Label));
        right.spans.push(canvas.span(fit(&escape(&model.chat.name), 40), Role::Text));
    }
    // Name, environment and READ-ONLY come before the conversation's name.
    let first: usize = facts.iter().take(3).flatten().map(Span::width).sum();
    let start = canvas.put_right(line.x + columns(first + 8), line.right().saturating_sub(1), line.y, &right);
    canvas.put_facts(line.x, line.y, start.saturating_sub(line.x), &facts);
}

/// The conversation, or what can be done here; true when its end is seen.
fn draw_conversation(canvas: &mut Canvas<'_>, room: Rect, model: &Model, view: &mut ViewState) -> bool {
    if model.chat.entries.is_empty() && model.chat.pending.is_none() {
        draw_welcome(canvas, room, model);
    }
    conversation::draw(canvas, room, model, view)
}

/// What can be done here, for somebody who has not asked anything yet.
fn draw_welcome(canvas: &mut Canvas<'_>, room: Rect, model: &Model) {
    let to = model.chat_target().map_or_else(String::new, |t| format!(" on {}", escape(t.target.id.as_str())));
    let mut lines = vec![
        (format!("Ask in plain words, or type SQL. What only reads runs at once{to}."), Role::Title),
        (String::new(), Role::Text),
    ];
    lines.extend(EXAMPLES.iter().map(|e| (format!("    {e}"), Role::Text)));
    lines.push((String::new(), Role::Text));
    lines.push(("t chooses the server, :db the database, c opens kept conversations.".to_owned(), Role::Dim));
    let top = room.height.saturating_sub(columns(lines.len())).min(2);
    for (i, (line, role)) in lines.iter().enumerate().take(usize::from(room.height)) {
        let y = room.y + top + columns(i);
        if y < room.bottom() {
            canvas.put(room.x + 2, y, room.width.saturating_sub(3), line, *role);
        }
    }
}

/// The composer's keys, from the registry.
fn composer_keys(model: &Model, view: &ViewState) -> String {
    let words = |name: &str, words: &str| {
        crate::app::action::by_name(name).map(|a| format!("{} {words}", view.keymap.first_word(a)))
    };
    let keys: Vec<String> = if model.chat.typing {
        vec![
            words("send", "sends"),
            words("newline", "or a \\ at the end: new line"),
            words("older", "history"),
            words("editor-draft", "editor"),
        ]
    } else {
        vec![words("compose", "types")]
    }
    .into_iter()
    .flatten()
    .collect();
    keys.join("   ")
}

/// Draws the composer and gives the place of its cursor.
fn draw_composer(canvas: &mut Canvas<'_>, area: Rect, model: &Model, view: &mut ViewState) -> Option<Position> {
    view.hits.push((area, Hit::Composer));
    let role = if model.chat.typing { Role::Key } else { Role::Dim };
    let x = canvas.put(area.x, area.y, area.width, "> ", role);
    let text = Rect { x, width: area.right().saturating_sub(x), ..area };
    if view.composer.is_empty() {
        let words = if model.chat.entries.is_empty() { EXAMPLES.join("   ") } else { "a question, or SQL".to_owned() };
        canvas.put(x, area.y, text.width, &fit(&words, usize::from(text.width)), Role::Dim);
    }
    if text.width < 2 || text.height == 0 {
        return None;
    }
    if !view.composer.is_empty() {
        view.composer.area().render(text, canvas.buf);
    }
    if !model.typing() || model.overlay.is_some() {
        return None;
    }
    if view.composer.is_empty() {
        return Some(Position::new(x, area.y));
    }
    let cursor = view.composer.area().screen_cursor();
    let (top, _) = view.composer.area().scroll_offset();
    let row = columns(cursor.row).saturating_sub(top).min(text.height - 1);
    Some(Position::new(text.x + columns(cursor.col).min(text.width - 1), text.y + row))
}
