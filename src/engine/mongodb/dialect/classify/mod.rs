//! What a command does: the allow-list of MongoDB.
//!
//! A command is a document, so nothing is hidden in text: the first key names the command, every other key must be one
//! of its fields, and each field is walked by its kind (a filter, an expression, a pipeline) down to the last leaf.
//! A command, field, stage or operator that is not on a list here is refused, whatever it is.

mod administration;
mod changes;
mod explain;
mod fields;
mod reads;
mod regex;
mod relations;
mod shape;
mod walk;

use super::command::{self, Command, Form};
use crate::domain::guard::{Author, Catalog, Class, Judgement, Verdict};
use bson::Document;
use relations::Relations;

/// A refusal is an error, so that a walk stops at the first one.
type Checked = Result<(), Judgement>;

/// Judges one statement.
pub(super) fn classify(text: &str, author: Author, catalog: &Catalog) -> Judgement {
    let command = match command::parse(text) {
        Ok(command) => command,
        Err(error) => {
            let class = if error.too_large { Class::Resource } else { Class::Unparsed };
            return Judgement::deny(class, error.to_string());
        }
    };
    let judged = judge(&command, author, catalog);
    // The shell's forms leave things to defaults that a person knows. A model writes out what it wants.
    if command.form == Form::Shell && author == Author::Model && judged.verdict == Verdict::Allow {
        let reason = "shell text is for people; write the command document, for example {\"find\": \"orders\"}";
        return Judgement::deny(Class::Unparsed, reason);
    }
    judged
}

fn judge(command: &Command, author: Author, catalog: &Catalog) -> Judgement {
    let mut relations = Relations::new(command.database.as_deref(), catalog);
    let judged = judge_document(&command.document, author, &mut relations);
    match (judged.verdict, relations.into_reservation()) {
        (Verdict::Allow, Some(reservation)) => reservation,
        _ => judged,
    }
}

/// Judges a command document; what it reads is noted.
fn judge_document(document: &Document, author: Author, relations: &mut Relations<'_>) -> Judgement {
    let name = document.keys().next().map_or("", String::as_str);
    // One document, one command: a second name among the fields is a command for a reader that sorts its keys.
    if let Some(other) = document.keys().skip(1).find(|key| is_command(key) && !fields::belongs(name, key)) {
        return Judgement::deny(Class::Multi, format!("one document names two commands, {name} and {other}"));
    }
    if name == "explain" {
        return explain::judge(document, author, relations);
    }
    if let Some(judged) = reads::judge(name, document, relations) {
        return judged;
    }
    if let Some(judged) = changes::judge(name, document, author, relations) {
        return judged;
    }
    if let Some(judged) = administration::judge(name, document, author) {
        return judged;
    }
    let mistyped = reads::names().find(|known| known.eq_ignore_ascii_case(name));
    Judgement::deny(
        Class::Unparsed,
        match mistyped {
            Some(known) => format!("{name} is no command; write {known}"),
            None => format!("{name} is not on the list of commands that are known to only read"),
        },
    )
}

/// True for every name that some reader takes for a command's.
fn is_command(name: &str) -> bool {
    name == "explain" || reads::names().any(|n| n == name) || changes::is_one(name) || administration::is_one(name)
}
