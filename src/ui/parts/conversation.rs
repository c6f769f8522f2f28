//! The conversation: where the reader is in it, and what is seen of it. Finished entries are laid out once, and only
//! those that are seen or scrolled over, so that a long conversation costs no more than a short one.

use crate::app::action::{ACTIONS, Action, Scope};
use crate::app::chat::{Entry, Outcome};
use crate::app::model::Model;
use crate::ui::canvas::{Canvas, columns};
use crate::ui::parts::entry::{LaidEntry, Place, SHOWN_ROWS, lay_out, running_words};
use crate::ui::theme::Role;
use crate::ui::view_state::ViewState;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::HashMap;

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
            Entry::Analysis { at, analysis } => (at, &analysis.title, analysis.lines.len()),
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
    pub(crate) fn go_to_top(&mut self) {
        self.top = Some((0, 0));
        self.pending = 0;
    }
    /// Lays everything out anew.
    pub(crate) fn forget(&mut self) {
        self.laid.clear();
    }
}

/// Draws what is seen of the conversation; true when its end is seen.
pub(crate) fn draw(canvas: &mut Canvas<'_>, room: Rect, model: &Model, view: &mut ViewState) -> bool {
    let entries = &model.chat.entries;
    let height = usize::from(room.height);
    view.reader.height = height;
    view.half_page = (height / 2).max(1);
    if entries.is_empty() && model.chat.pending.is_none() {
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
pub(crate) fn statement_numbers(entries: &[Entry]) -> Vec<usize> {
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
