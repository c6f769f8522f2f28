//! What lies over a screen: help, palette, command line, filter, pickers, a full value.

use super::approvals::decide::Step;
use super::incidents::note::Note;
use super::line::Line;
use super::simulate::Choosing;

/// At most one at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The help, filtered as typed.
    Help {
        /// Filter.
        line: Line,
        /// Highlighted entry.
        cursor: usize,
    },
    /// The palette of actions.
    Palette {
        /// Fuzzy search.
        line: Line,
        /// Highlighted entry.
        cursor: usize,
    },
    /// The `:` command line.
    Command {
        /// What is typed.
        line: Line,
        /// Highlighted completion.
        cursor: usize,
    },
    /// The `/` filter of the list below.
    Filter {
        /// What is typed.
        line: Line,
        /// The filter before, for Esc.
        before: String,
    },
    /// The kept conversations.
    Conversations {
        /// Filter.
        line: Line,
        /// Highlighted one.
        cursor: usize,
    },
    /// The targets, for the chat.
    Targets {
        /// Filter.
        line: Line,
        /// Highlighted one.
        cursor: usize,
    },
    /// One row or value in full, escaped, scrolled.
    Detail {
        /// Title.
        title: String,
        /// Text with newlines.
        text: String,
        /// First line shown, counted after wrapping.
        offset: usize,
    },
    /// The errors that a target can be made to give.
    Simulate(Choosing),
    /// A decision in the approval's box that is half made.
    Step(Step),
    /// What is typed about an incident.
    Note(Note),
}

impl Overlay {
    /// The line being typed, if this overlay has one.
    pub fn line(&self) -> Option<&Line> {
        match self {
            Self::Help { line, .. }
            | Self::Palette { line, .. }
            | Self::Command { line, .. }
            | Self::Filter { line, .. }
            | Self::Conversations { line, .. }
            | Self::Targets { line, .. } => Some(line),
            Self::Simulate(choosing) => Some(&choosing.line),
            Self::Step(step) => step.line(),
            Self::Note(note) => Some(&note.line),
            Self::Detail { .. } => None,
        }
    }
    /// The same, to change it.
    pub fn line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Help { line, .. }
            | Self::Palette { line, .. }
            | Self::Command { line, .. }
            | Self::Filter { line, .. }
            | Self::Conversations { line, .. }
            | Self::Targets { line, .. } => Some(line),
            Self::Simulate(choosing) => Some(&mut choosing.line),
            Self::Step(step) => step.line_mut(),
            Self::Note(note) => Some(&mut note.line),
            Self::Detail { .. } => None,
        }
    }
    /// The half-made decision, if it is one.
    pub fn step(&self) -> Option<&Step> {
        match self {
            Self::Step(step) => Some(step),
            _ => None,
        }
    }
    /// It is drawn in the approval's box, not over it.
    pub fn is_of_the_box(&self) -> bool {
        self.step().is_some()
    }
    /// The highlighted entry, if this overlay has one; the first line shown for a text.
    pub fn cursor_mut(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help { cursor, .. }
            | Self::Palette { cursor, .. }
            | Self::Command { cursor, .. }
            | Self::Conversations { cursor, .. }
            | Self::Targets { cursor, .. }
            | Self::Simulate(Choosing { cursor, .. })
            | Self::Detail { offset: cursor, .. } => Some(cursor),
            Self::Filter { .. } | Self::Step(_) | Self::Note(_) => None,
        }
    }
}
