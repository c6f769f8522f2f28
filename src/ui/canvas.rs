//! The drawing surface: text by role, and frames, clipped to the screen whatever its size.

use super::symbols::SymbolSet;
use super::theme::{Role, Theme};
use crate::domain::health::State;
use crate::domain::target::Target;
use crate::domain::text::escape;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A buffer with the theme and the symbols to draw with.
pub(crate) struct Canvas<'a> {
    pub(crate) buf: &'a mut Buffer,
    pub(crate) theme: Theme,
    pub(crate) symbols: &'static SymbolSet,
}

/// Text for the ends of a frame's line, already escaped.
#[derive(Default)]
pub(crate) struct Edge<'a> {
    pub(crate) left: Line<'a>,
    pub(crate) right: Line<'a>,
}

impl<'a> Edge<'a> {
    pub(crate) fn new(left: impl Into<Line<'a>>, right: impl Into<Line<'a>>) -> Self {
        Self { left: left.into(), right: right.into() }
    }
}

/// The role of a state's word.
pub(crate) fn state_role(state: State) -> Role {
    match state {
        State::Critical => Role::Critical,
        State::Down => Role::Down,
        State::Warning => Role::Warning,
        State::Stale => Role::Stale,
        State::Unknown => Role::Unknown,
        State::Ok => Role::Ok,
    }
}

impl Canvas<'_> {
    /// A piece of text in a role.
    pub(crate) fn span<'t>(&self, text: impl Into<std::borrow::Cow<'t, str>>, role: Role) -> Span<'t> {
        Span::styled(text, self.theme.style(role))
    }

    /// A target's name in a role, and in the target's own colour where it has one.
    pub(crate) fn name(&self, target: &Target, role: Role) -> Span<'static> {
        Span::styled(escape(target.id.as_str()), self.theme.accented(role, target.accent))
    }

    /// Writes text from `(x, y)` on, at most `width` columns. Gives the column after it.
    pub(crate) fn put(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        self.put_styled(x, y, width, text, self.theme.style(role))
    }

    pub(crate) fn put_styled(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buf.area;
        if y < area.y || y >= area.bottom() || x < area.x || x >= area.right() {
            return x;
        }
        self.buf.set_stringn(x, y, text, usize::from(width), style).0
    }

    /// Writes a line from `(x, y)` on, at most `width` columns. Gives the column after it.
    pub(crate) fn put_line(&mut self, x: u16, y: u16, width: u16, line: &Line<'_>) -> u16 {
        let end = x.saturating_add(width);
        let mut x = x;
        for span in &line.spans {
            if x >= end {
                break;
            }
            x = self.put_styled(x, y, end - x, &span.content, line.style.patch(span.style));
        }
        x
    }

    /// Writes a line that ends at the column before `right`. Gives its first column; nothing is drawn when it does
    /// not fit.
    pub(crate) fn put_right(&mut self, left: u16, right: u16, y: u16, line: &Line<'_>) -> u16 {
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX);
        if width == 0 || left.saturating_add(width) > right {
            return right;
        }
        self.put_line(right - width, y, width, line);
        right - width
    }

    /// Adds a style to what stands in a rectangle.
    pub(crate) fn restyle(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buf.set_style(area, style);
    }

    /// Empties a rectangle.
    pub(crate) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buf[(x, y)].reset();
            }
            // A wide character whose first half stands left of the rectangle would hang into it.
            if area.left() > self.buf.area.left() {
                let before = &mut self.buf[(area.left() - 1, y)];
                if unicode_width::UnicodeWidthStr::width(before.symbol()) > 1 {
                    before.set_symbol(" ");
                }
            }
        }
    }

    /// Draws a frame with texts in its upper line and gives the room inside.
    pub(crate) fn frame(&mut self, area: Rect, top: &Edge<'_>) -> Rect {
        let area = area.intersection(self.buf.area);
        if area.width < 2 || area.height < 2 {
            return Rect::default();
        }
        let s = self.symbols;
        self.line_of_frame(area, area.top(), s.corners[0], s.corners[1], top);
        self.line_of_frame(area, area.bottom() - 1, s.corners[2], s.corners[3], &Edge::default());
        for y in area.top() + 1..area.bottom() - 1 {
            self.put(area.left(), y, 1, s.vertical, Role::Border);
            self.put(area.right() - 1, y, 1, s.vertical, Role::Border);
        }
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }

    /// Draws the upper line of a frame again, with texts in it.
    pub(crate) fn frame_title(&mut self, area: Rect, edge: &Edge<'_>) {
        let corners = self.symbols.corners;
        self.line_of_frame(Rect { height: area.height.min(1), ..area }, area.y, corners[0], corners[1], edge);
    }

    /// Draws a line with texts across a frame.
    pub(crate) fn divide(&mut self, area: Rect, y: u16, edge: &Edge<'_>) {
        let tees = self.symbols.tees;
        self.line_of_frame(area, y, tees[0], tees[1], edge);
    }

    /// Draws the lower line of a frame again, with texts in it.
    pub(crate) fn lower_edge(&mut self, area: Rect, edge: &Edge<'_>) {
        let corners = self.symbols.corners;
        if area.height > 1 {
            self.line_of_frame(area, area.bottom() - 1, corners[2], corners[3], edge);
        }
    }

    /// Draws one line of a frame with its two ends and texts in it.
    pub(crate) fn line_of_frame(&mut self, area: Rect, y: u16, first: &str, last: &str, edge: &Edge<'_>) {
        if area.width < 2 || y < area.top() || y >= area.bottom() {
            return;
        }
        let (left, right) = (area.left(), area.right() - 1);
        self.put(left, y, 1, first, Role::Border);
        for x in left + 1..right {
            self.put(x, y, 1, self.symbols.horizontal, Role::Border);
        }
        self.put(right, y, 1, last, Role::Border);
        // The right text goes first when both do not fit: it tells how much of the list is seen.
        let room = right.saturating_sub(left + 3);
        let end = if edge.right.width() > 0 && edge.right.width() + 6 < usize::from(room) {
            let start = self.put_right(left + 3, right - 2, y, &padded(&edge.right));
            start.saturating_sub(1)
        } else {
            right.saturating_sub(2)
        };
        if edge.left.width() > 0 && end > left + 6 {
            self.put_cut(left + 2, y, end - left - 2, &padded(&edge.left));
        }
    }

    /// Writes a line cut to a width, with `..` where it is cut.
    pub(crate) fn put_cut(&mut self, x: u16, y: u16, width: u16, line: &Line<'_>) -> u16 {
        if line.width() <= usize::from(width) {
            return self.put_line(x, y, width, line);
        }
        let mut left = usize::from(width);
        let mut x = x;
        for span in &line.spans {
            let style = line.style.patch(span.style);
            let wide = span.width();
            if wide + 2 <= left {
                x = self.put_styled(x, y, u16::try_from(wide).unwrap_or(u16::MAX), &span.content, style);
                left -= wide;
            } else {
                // What does not fit with the two dots behind it is where the line is cut.
                let shown = crate::domain::text::fit(&format!("{}   ", span.content), left);
                return self.put_styled(x, y, u16::try_from(left).unwrap_or(u16::MAX), &shown, style);
            }
        }
        x
    }

    /// Writes facts one after the other, the first ones first; those that do not fit any more are left out whole.
    pub(crate) fn put_facts(&mut self, x: u16, y: u16, width: u16, facts: &[Vec<Span<'_>>]) {
        let end = x.saturating_add(width);
        let mut at = x;
        for (i, fact) in facts.iter().enumerate() {
            let line = Line::from(fact.clone());
            let gap = if i == 0 { 0 } else { 3 };
            if i == 0 {
                at = self.put_cut(at, y, width, &line);
            } else if usize::from(end.saturating_sub(at)) >= line.width() + gap {
                at = self.put_line(at + columns(gap), y, end - at, &line);
            }
        }
    }

    /// Draws the frame of what lies over the screen, with its inside emptied.
    pub(crate) fn overlay(&mut self, area: Rect, top: &Edge<'_>, bottom: &Edge<'_>) -> Rect {
        let area = area.intersection(self.buf.area);
        if area.width < 2 || area.height < 2 {
            return Rect::default();
        }
        self.clear(area);
        let [tl, tr, bl, br, horizontal, vertical] = self.symbols.heavy;
        for (y, first, last, edge) in [(area.top(), tl, tr, top), (area.bottom() - 1, bl, br, bottom)] {
            self.put(area.left(), y, 1, first, Role::OverlayBorder);
            for x in area.left() + 1..area.right() - 1 {
                self.put(x, y, 1, horizontal, Role::OverlayBorder);
            }
            self.put(area.right() - 1, y, 1, last, Role::OverlayBorder);
            let end = if edge.right.width() > 0 {
                self.put_right(area.left() + 3, area.right().saturating_sub(3), y, &padded(&edge.right))
            } else {
                area.right().saturating_sub(3)
            };
            if edge.left.width() > 0 && end > area.left() + 4 {
                self.put_cut(area.left() + 2, y, end - area.left() - 2, &padded(&edge.left));
            }
        }
        for y in area.top() + 1..area.bottom() - 1 {
            self.put(area.left(), y, 1, vertical, Role::OverlayBorder);
            self.put(area.right() - 1, y, 1, vertical, Role::OverlayBorder);
        }
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }
}

fn padded<'t>(line: &Line<'t>) -> Line<'t> {
    let mut line = line.clone();
    line.spans.insert(0, Span::raw(" "));
    line.spans.push(Span::raw(" "));
    line
}

/// Columns as a screen coordinate.
pub(crate) fn columns(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}
