//! The statement in focus: run again, explained, copied.

use super::begin;
use crate::app::chat::Pending;
use crate::app::effect::Effect;
use crate::app::export;
use crate::app::model::Model;

pub(super) fn focused_statement(model: &Model) -> Option<String> {
    let block = model.chat.block(model.chat.focused()?)?;
    (!block.statement.is_empty()).then(|| block.statement.clone())
}

/// Runs a statement as one typed by the person.
pub(super) fn run_statement(model: &mut Model, statement: &str) -> Vec<Effect> {
    if model.chat.running.is_some() {
        model.tell("one thing at a time: Esc stops what runs", true);
        return Vec::new();
    }
    model.chat.selected = None;
    begin(model, Pending { text: statement.to_owned(), fresh: true })
}

pub(super) fn rerun(model: &mut Model) -> Vec<Effect> {
    match focused_statement(model) {
        Some(statement) => run_statement(model, &statement),
        None => {
            model.tell("no statement here to run again", false);
            Vec::new()
        }
    }
}

pub(super) fn explain(model: &mut Model) -> Vec<Effect> {
    let Some(statement) = focused_statement(model) else {
        model.tell("no statement here to explain", false);
        return Vec::new();
    };
    let explained = model.chat_target().and_then(|t| t.dialect.explain(&statement));
    match explained {
        Some(text) => run_statement(model, &text),
        None => {
            model.tell("this statement has no plan to show", false);
            Vec::new()
        }
    }
}

/// What `y` and `Y` copy on the chat screen: the focused statement, or the whole result as JSON lines.
pub fn copied(model: &Model, whole: bool) -> Option<String> {
    let block = model.chat.block(model.chat.focused()?)?;
    if whole || block.statement.is_empty() {
        let rows = block.rows()?;
        let all: Vec<usize> = (0..rows.rows.len()).collect();
        Some(export::json_lines(rows, &all))
    } else {
        Some(block.statement.clone())
    }
}
