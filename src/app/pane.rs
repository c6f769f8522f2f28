//! Panes of the server screen that are the program's own: a few lines that sum up, and a table below them.

use super::model::{Model, TargetModel};
use super::table::Table;
use super::{connection_pane, healing, security};
use serde::{Deserialize, Serialize};

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tone {
    /// As it is.
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Doubtful,
    /// Something is wrong.
    Bad,
    /// Beside the point.
    Faint,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneLine {
    /// What it is about, one word; empty where it goes on.
    pub label: &'static str,
    /// Untrusted text may be in it: the screen escapes it.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

impl PaneLine {
    /// A line.
    pub fn new(label: &'static str, tone: Tone, text: impl Into<String>) -> Self {
        Self { label, text: text.into(), tone }
    }
}

/// A pane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pane {
    /// What sums it up, the most telling line first: small screens cut from below.
    pub lines: Vec<PaneLine>,
    /// What the keys move in.
    pub table: Table,
}

/// The pane of a view, where it is one of our own.
pub fn pane(t: &TargetModel, view: &str, model: &Model) -> Option<Pane> {
    match view {
        connection_pane::VIEW => Some(connection_pane::pane(t, model.now, model.offset_minutes)),
        security::VIEW => Some(security::pane(t, model)),
        healing::VIEW => Some(healing::tree::pane(t, model)),
        _ => None,
    }
}
