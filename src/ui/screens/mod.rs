//! The screens, one file each, and how large each of their regions is.

pub(crate) mod approvals;
pub(crate) mod changes;
pub(crate) mod chat;
pub(crate) mod fleet;
pub(crate) mod incidents;
pub(crate) mod result;
pub(crate) mod server;

use ratatui::layout::Rect;

/// How much fits on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Density {
    /// From 40x8: lists without frames.
    List,
    /// From 78x20: frames, short previews.
    Compact,
    /// From 98x28: everything.
    Full,
}

impl Density {
    /// The density of a terminal's size; `None` where nothing useful fits.
    pub(crate) fn of(area: Rect) -> Option<Self> {
        match (area.width, area.height) {
            (98.., 28..) => Some(Self::Full),
            (78.., 20..) => Some(Self::Compact),
            (40.., 8..) => Some(Self::List),
            _ => None,
        }
    }
}

/// Cuts some lines from the top of a rectangle: them, and the rest.
pub(crate) fn cut_top(area: Rect, lines: u16) -> (Rect, Rect) {
    let lines = lines.min(area.height);
    (Rect { height: lines, ..area }, Rect { y: area.y + lines, height: area.height - lines, ..area })
}

/// Cuts some lines from the bottom of a rectangle: the rest, and them.
pub(crate) fn cut_bottom(area: Rect, lines: u16) -> (Rect, Rect) {
    let lines = lines.min(area.height);
    let (rest, cut) = cut_top(area, area.height - lines);
    (rest, cut)
}
