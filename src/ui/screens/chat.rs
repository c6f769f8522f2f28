//! The chat: whom we talk to, the conversation, and the composer; or one result as a table over all of it.

use super::fleet::{environment, powers, state_spans};
use super::{Density, cut_bottom, cut_top};
use crate::app::action::{ACTIONS, Action, Scope};
use crate::app::chat::{Entry, OpenTable, Outcome};
use crate::app::model::Model;
use crate::domain::text::{escape, fit};
use crate::ui::canvas::{Canvas, Edge, columns};
use crate::ui::parts::entry::{LaidEntry, Place, SHOWN_ROWS, lay_out, running_words};
use crate::ui::parts::table::TableView;
use crate::ui::theme::Role;
use crate::ui::view_state::{Hit, ViewState};
use crate::ui::wrap;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;
use std::collections::HashMap;

/// What a newcomer may ask.
const EXAMPLES: [&str; 3] = ["which tables are biggest?", "who blocks whom?", "select * from orders limit 5"];
/// Lines that the composer grows to.
const COMPOSER_LINES: usize = 5;

/// Where a person is in the conversation, and its finished pieces as lines.
#[derive(Default)]
pub(crate) struct Reader {
    /// Entry and line that stand at the top; `None` follows the end.
    top: Option<(usize, usize)>,
    /// The top as last drawn, from which scrolling starts.
    drawn_top: (usize, usize),
    /// Lines to scroll when the next frame knows how long entries are.
    pending: i64,
    height: usize,
    selected: Option<usize>,
    laid: HashMap<usize, (Fingerprint, LaidEntry)>,
}

/// Tells whether an entry is still the one that was laid out, without comparing texts: an entry's text stays where
/// it is in memory for as long as the entry lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    width: usize,
    text: usize,
    length: usize,
    rows: usize,
    at: i64,
}

impl Fingerprint {
    fn of(entry: &Entry, width: usize) -> Self {
        let (at, text, rows) = match entry {
            Entry::You { at, text } | Entry::Say { at, text } => (at, text, 0),
            Entry::Lead { at, title, .. } => (at, title, 0),
            Entry::Block(block) => {
                let rows = match &block.outcome {
                    Outcome::Done { rows, .. } => std::sync::Arc::as_ptr(rows) as usize,
                    Outcome::Failed(words) => words.as_ptr() as usize,
                    Outcome::Waiting | Outcome::Running => 0,
                };
                (&block.at, &block.statement, rows)
            }
        };
        Self { width, text: text.as_ptr() as usize, length: text.len(), rows, at: at.0 }
    }
}

impl Reader {
    /// Back to the end, and on with it.
    pub(crate) fn follow(&mut self) {
        self.top = None;
        self.pending = 0;
    }
    /// Scrolls by half pages.
    pub(crate) fn scroll_pages(&mut self, halves: i32) {
        let half = i32::try_from(self.height / 2).unwrap_or(1).max(1);
        self.scroll_lines(halves * half);
    }
    /// Scrolls by lines.
    pub(crate) fn scroll_lines(&mut self, lines: i32) {
        self.top.get_or_insert(self.drawn_top);
        self.pending += i64::from(lines);
    }
    /// To the first line.
    pub(crate) fn to_top(&mut self) {
        self.top = Some((0, 0));
        self.pending = 0;
    }
    /// Lays everything out anew.
    pub(crate) fn forget(&mut self) {
        self.laid.clear();
    }
}

/// Draws the chat and gives the place of the cursor while typing.
pub(crate) fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) -> Option<Position> {
    if let Some(open) = &model.chat.open_table {
        draw_open_table(canvas, area, open, model, view, density);
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
    let mut name = vec![canvas.span(format!(" {}", escape(t.target.id.as_str())), Role::Title)];
    let own = t.identity.as_ref().map(|i| i.database.as_str()).filter(|d| !d.is_empty());
    if let Some(database) = model.chat.database.as_deref().or(own) {
        name.push(canvas.span(format!(" / {}", escape(database)), Role::Text));
    }
    let mut facts = vec![name, vec![environment(canvas, t.target.environment)]];
    facts.push(vec![canvas.span("[READ-ONLY]", Role::Ok)]);
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

/// Draws what is seen of the conversation; true when its end is seen.
fn draw_conversation(canvas: &mut Canvas<'_>, room: Rect, model: &Model, view: &mut ViewState) -> bool {
    let entries = &model.chat.entries;
    let height = usize::from(room.height);
    view.reader.height = height;
    view.half_page = (height / 2).max(1);
    if entries.is_empty() && model.chat.pending.is_none() {
        draw_welcome(canvas, room, model);
        return true;
    }
    let width = usize::from(room.width).saturating_sub(3);
    let mut layout = Layout { canvas, model, width, numbers: statement_numbers(entries), reader: &mut view.reader };
    let tail = layout.tail();
    let top = layout.top(height, tail.len());
    // Lines from the top on.
    let mut lines: Vec<(Option<usize>, bool, Line<'static>)> = Vec::with_capacity(height);
    let (mut entry, mut skip) = top;
    while lines.len() < height && entry < entries.len() {
        let laid = layout.entry(entry);
        let block = laid.boxed;
        let last = laid.lines.len().saturating_sub(1);
        let wanted = height - lines.len();
        let some: Vec<Line<'static>> = laid.lines.iter().skip(skip).take(wanted).cloned().collect();
        for (i, line) in some.into_iter().enumerate() {
            lines.push((block.then_some(entry), block && i + skip == last, line));
        }
        entry += 1;
        skip = 0;
    }
    lines.extend(tail.into_iter().take(height - lines.len()).map(|l| (None, false, l)));
    let following = view.reader.top.is_none();
    let focused = model.chat.focused();
    let mut marked = false;
    for (i, (entry, foot, line)) in lines.iter().enumerate() {
        let y = room.y + columns(i);
        canvas.put_line(room.x + 1, y, room.width.saturating_sub(1), line);
        let selected = model.chat.selected.is_some() && *entry == model.chat.selected;
        if selected && !std::mem::replace(&mut marked, true) {
            canvas.put(room.x + 1, y, 1, canvas.symbols.marker, Role::Key);
        }
        if *foot && *entry == focused && !model.typing() {
            draw_block_keys(canvas, Rect { y, height: 1, ..room }, line, model, *entry, view);
        }
    }
    following
}

/// The keys of a statement's box, in its lower line where there is room.
fn draw_block_keys(
    canvas: &mut Canvas<'_>,
    line: Rect,
    drawn: &Line<'_>,
    model: &Model,
    entry: Option<usize>,
    view: &ViewState,
) {
    let Some(block) = entry.and_then(|i| model.chat.block(i)) else { return };
    let mut wanted: Vec<(Action, String)> = Vec::new();
    if block.rows().is_some() {
        let rows = block.rows().map_or(0, |r| r.rows.len());
        let words = if rows > SHOWN_ROWS { format!("opens all {rows}") } else { "opens".to_owned() };
        wanted.push((Action::Open, words));
    }
    if !block.statement.is_empty() {
        wanted.push((Action::Rerun, "rerun".into()));
        wanted.push((Action::Explain, "explain".into()));
    }
    wanted.push((Action::Copy, "copy".into()));
    // The box's lower line begins with its corner and goes on with the line that may be written over.
    let (Some(corner), Some(free)) = (drawn.spans.first(), drawn.spans.get(1)) else { return };
    let left = line.x + 1 + columns(corner.width());
    let room = free.width().saturating_sub(1);
    while !wanted.is_empty() {
        let mut keys = Line::from(" ");
        for (action, words) in &wanted {
            let key = ACTIONS
                .iter()
                .find(|a| a.action == *action && matches!(a.scope, Scope::Chat | Scope::Normal))
                .map_or_else(String::new, |a| view.keymap.first_word(a));
            keys.spans.push(canvas.span(key, Role::Key));
            keys.spans.push(canvas.span(format!(" {words}   "), Role::Dim));
        }
        if keys.width() <= room {
            canvas.put_line(left, line.y, columns(keys.width() - 2), &keys);
            return;
        }
        wanted.pop();
    }
}

/// Number of each statement in the conversation, by entry.
fn statement_numbers(entries: &[Entry]) -> Vec<usize> {
    let mut number = 0;
    entries
        .iter()
        .map(|e| {
            number += usize::from(matches!(e, Entry::Block(b) if !b.statement.is_empty()));
            number
        })
        .collect()
}

/// Lays entries out as they are needed.
struct Layout<'a, 'c> {
    canvas: &'a Canvas<'c>,
    model: &'a Model,
    width: usize,
    numbers: Vec<usize>,
    reader: &'a mut Reader,
}

impl Layout<'_, '_> {
    /// An entry's lines: kept ones, or new ones that are kept when the entry is finished.
    fn entry(&mut self, index: usize) -> &LaidEntry {
        let entry = &self.model.chat.entries[index];
        let fingerprint = Fingerprint::of(entry, self.width);
        let kept = self.reader.laid.get(&index).is_some_and(|(f, laid)| *f == fingerprint && laid.finished);
        if !kept {
            let place = Place { model: self.model, index, number: self.numbers[index], width: self.width };
            let laid = lay_out(self.canvas, entry, &place);
            self.reader.laid.insert(index, (fingerprint, laid));
        }
        &self.reader.laid[&index].1
    }

    /// Lines below the last entry: what is under way without a box of its own.
    fn tail(&self) -> Vec<Line<'static>> {
        let words = if self.model.chat.pending.is_some() {
            "reading the database's tables and columns ...   Esc stops".to_owned()
        } else if self.model.chat.running.as_ref().is_some_and(|r| r.blocks.is_empty()) {
            running_words(self.model)
        } else {
            return Vec::new();
        };
        vec![Line::default(), Line::from(self.canvas.span(format!("  {words}"), Role::Warning))]
    }

    /// Entry and line at the top of a room of some lines.
    fn top(&mut self, height: usize, tail: usize) -> (usize, usize) {
        if self.reader.selected != self.model.chat.selected {
            self.reader.selected = self.model.chat.selected;
            match self.model.chat.selected {
                None => self.reader.follow(),
                Some(entry) => self.show(entry, height),
            }
        }
        let end = self.end_top(height, tail);
        let top = match self.reader.top {
            None => end,
            Some((entry, line)) => {
                let entry = entry.min(self.model.chat.entries.len().saturating_sub(1));
                let pending = std::mem::take(&mut self.reader.pending);
                let moved = self.walk((entry, line), pending);
                if moved >= end { end } else { moved }
            }
        };
        // Whoever has scrolled down to the end follows it again.
        self.reader.top = (top < end).then_some(top);
        self.reader.drawn_top = top;
        top
    }

    /// The top from which the end is just seen.
    fn end_top(&mut self, height: usize, tail: usize) -> (usize, usize) {
        let mut left = height.saturating_sub(tail);
        for entry in (0..self.model.chat.entries.len()).rev() {
            let lines = self.entry(entry).lines.len();
            if lines >= left {
                return (entry, lines - left);
            }
            left -= lines;
        }
        (0, 0)
    }

    /// The place some lines below (or, when negative, above) a place.
    fn walk(&mut self, from: (usize, usize), by: i64) -> (usize, usize) {
        let (mut entry, mut line) = from;
        let mut left = by.unsigned_abs();
        let step = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        while left > 0 && by < 0 {
            if line > 0 {
                let n = line.min(step(left));
                line -= n;
                left -= n as u64;
            } else if entry > 0 {
                entry -= 1;
                line = self.entry(entry).lines.len();
            } else {
                break;
            }
        }
        while by > 0 && entry < self.model.chat.entries.len() {
            let rest = self.entry(entry).lines.len().saturating_sub(line);
            if step(left) < rest {
                line += step(left);
                break;
            }
            left -= rest as u64;
            entry += 1;
            line = 0;
        }
        (entry, line)
    }

    /// Scrolls so that an entry is seen, its head at least.
    fn show(&mut self, entry: usize, height: usize) {
        let top = self.reader.top.unwrap_or(self.reader.drawn_top);
        let bottom = self.walk(top, i64::try_from(height).unwrap_or(0));
        let lines = self.entry(entry).lines.len();
        let end = self.walk((entry, 0), i64::try_from(lines.min(height)).unwrap_or(0));
        if (entry, 0) < top || end > bottom {
            self.reader.top = Some(self.walk((entry, 0), -2));
            self.reader.pending = 0;
        }
    }
}

/// What can be done here, for somebody who has not asked anything yet.
fn draw_welcome(canvas: &mut Canvas<'_>, room: Rect, model: &Model) {
    let to = model.chat_target().map_or_else(String::new, |t| format!(" on {}", escape(t.target.id.as_str())));
    let mut lines = vec![
        (format!("Ask in plain words, or type SQL. It runs read-only{to}."), Role::Title),
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
        let words = if model.chat.entries.is_empty() {
            format!("{}  {}", EXAMPLES[0], EXAMPLES[1])
        } else {
            "a question, or SQL".to_owned()
        };
        canvas.put(x, area.y, text.width, &words, Role::Dim);
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

/// One result over the whole screen.
fn draw_open_table(
    canvas: &mut Canvas<'_>,
    area: Rect,
    open: &OpenTable,
    model: &Model,
    view: &mut ViewState,
    density: Density,
) {
    let Some(block) = model.chat.block(open.entry) else { return };
    let Outcome::Done { rows, .. } = &block.outcome else { return };
    let laid = view.tables.rows(rows, &open.list);
    let all: Vec<usize> = (0..laid.table.columns.len()).collect();
    let offset = view.offsets.entry(format!("result {}", open.entry)).or_default();
    let framed = density != Density::List;
    let inside = if framed { canvas.frame(area, &Edge::default()) } else { cut_top(area, 1).1 };
    let table = TableView {
        table: &laid.table,
        order: &laid.order,
        widths: &laid.widths,
        columns: &all,
        cursor: Some(open.list.cursor),
        sort: open.list.sort,
        column: open.list.column,
        mark_column: true,
    };
    let seen = table.draw(canvas, inside, offset);
    let offset = *offset;
    view.half_page = usize::from(seen.rows.height / 2).max(1);
    for line in 0..seen.rows.height {
        let place = offset + usize::from(line);
        if place < laid.order.len() {
            view.hits.push((Rect { y: seen.rows.y + line, height: 1, ..seen.rows }, Hit::Row(place)));
        }
    }
    let numbers = statement_numbers(&model.chat.entries);
    // A statement of the person's own has no title but itself.
    let mut name =
        if block.title.is_empty() { fit(&wrap::one_line(&block.statement), 48) } else { escape(&block.title) };
    if !block.statement.is_empty() {
        let number = numbers.get(open.entry).copied().unwrap_or(0);
        name = format!("SQL {number}  {name}");
    }
    let mut left = Line::from(canvas.span(name.trim().to_owned(), Role::Title));
    left.spans.push(canvas.span(format!("   {}", rows.count_words()), Role::Dim));
    if !open.list.filter.is_empty() {
        left.spans.push(canvas.span(format!("   filter {}", escape(&open.list.filter)), Role::Key));
    }
    let place = if laid.order.is_empty() { 0 } else { open.list.cursor + 1 };
    let mut right = format!("{place} of {}", laid.order.len());
    let columns_words = seen.columns_words();
    if !columns_words.is_empty() {
        right = format!("{right}   {columns_words}");
    }
    if !framed {
        let mut words = Line::from(" ");
        words.spans.extend(left.spans);
        let start = canvas.put_right(area.x, area.right(), area.y, &Line::from(canvas.span(right, Role::Text)));
        canvas.put_cut(area.x, area.y, start.saturating_sub(area.x + 1), &words);
        return;
    }
    let corners = canvas.symbols.corners;
    let top = Edge::new(left, canvas.span(right, Role::Text));
    canvas.line_of_frame(Rect { height: 1, ..area }, area.y, corners[0], corners[1], &top);
    if let Some(&row) = laid.order.get(open.list.cursor)
        && let (Some(cell), Some(column)) =
            (laid.table.rows[row].cells.get(open.list.column), laid.table.columns.get(open.list.column))
    {
        // The cell under the keys, whatever width its column has.
        let words = Line::from(vec![
            canvas.span(format!("{}  ", column.title), Role::Label),
            canvas.span(cell.text.clone(), if cell.null { Role::Null } else { Role::Text }),
        ]);
        canvas.lower_edge(area, &Edge::new(words, ""));
    }
}
