//! The characters of frames, marks and small graphs: one set for UTF-8 terminals, one of plain ASCII.

use crate::app::fleet::{ASCII_BRANCHES, Branches};

/// Which characters a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Symbols {
    /// Box-drawing characters and eighth blocks.
    #[default]
    Unicode,
    /// ASCII only.
    Ascii,
}

/// The characters themselves. Each is one terminal column wide.
#[derive(Debug)]
pub struct SymbolSet {
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Horizontal line.
    pub horizontal: &'static str,
    /// Vertical line.
    pub vertical: &'static str,
    /// Where a dividing line meets the left and the right border.
    pub tees: [&'static str; 2],
    /// Corners and lines of a box that lies over others.
    pub heavy: [&'static str; 6],
    /// Before the selected row.
    pub marker: &'static str,
    /// Levels of a sparkline, lowest first.
    pub levels: &'static [&'static str],
    /// A missing value in a sparkline.
    pub gap: &'static str,
    /// A bar: filled, empty.
    pub bar: [&'static str; 2],
    /// Sorted upwards, downwards.
    pub sorted: [&'static str; 2],
    /// Branches of the blocking tree.
    pub branches: Branches,
}

impl Symbols {
    /// The characters of this set.
    pub fn set(self) -> &'static SymbolSet {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }
}

static UNICODE: SymbolSet = SymbolSet {
    corners: ["╭", "╮", "╰", "╯"],
    horizontal: "─",
    vertical: "│",
    tees: ["├", "┤"],
    heavy: ["╔", "╗", "╚", "╝", "═", "║"],
    marker: "►",
    levels: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    gap: "·",
    bar: ["█", "░"],
    sorted: ["▲", "▼"],
    branches: Branches { branch: "├─", last: "└─", through: "│ ", blank: "  " },
};

static ASCII: SymbolSet = SymbolSet {
    corners: ["+", "+", "+", "+"],
    horizontal: "-",
    vertical: "|",
    tees: ["+", "+"],
    heavy: ["+", "+", "+", "+", "=", "|"],
    marker: ">",
    levels: &["_", ".", "-", "=", "#"],
    gap: " ",
    bar: ["#", "-"],
    sorted: ["^", "v"],
    branches: ASCII_BRANCHES,
};

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr as _;

    fn all(set: &SymbolSet) -> Vec<&'static str> {
        let mut all = vec![set.horizontal, set.vertical, set.marker, set.gap];
        all.extend(set.corners.iter().chain(&set.tees).chain(&set.heavy).chain(&set.bar).chain(&set.sorted));
        all.extend(set.levels);
        all
    }

    #[test]
    fn every_symbol_is_one_column_wide_and_the_plain_ones_are_ascii() {
        for symbol in all(&UNICODE).into_iter().chain(all(&ASCII)) {
            assert_eq!(symbol.width(), 1, "{symbol}");
        }
        assert!(all(&ASCII).iter().all(|s| s.is_ascii()));
        for branches in [&UNICODE.branches, &ASCII.branches] {
            for part in [branches.branch, branches.last, branches.through, branches.blank] {
                assert_eq!(part.width(), 2);
            }
        }
    }
}
