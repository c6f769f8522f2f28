//! Checks and procedures of a person's own: `checks.d/*.toml` and `procedures.d/*.toml`, read with their places.

use super::mistake::did_you_mean;
use super::units::parse_duration;
use super::written::{Key, Reader, with_article};
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::own::{Asked, Bound, OwnCheck, OwnProcedure, OwnStep, PARAMETERS, objection, uses};
use crate::domain::procedure::Comparison;
use crate::domain::target::{EngineId, TargetId};
use crate::domain::text::escape;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The folders, and the one table that files in each may have.
pub(super) const FOLDERS: [(&str, &str); 2] = [("checks.d", "checks"), ("procedures.d", "procedures")];
/// A check that is asked more often than this is a load.
const LEAST_EVERY: Duration = Duration::from_secs(10);
const MOST_EVERY: Duration = Duration::from_hours(24);
const EVERY: Duration = Duration::from_mins(1);
/// How long a step's verification may take.
const LEAST_WITHIN: Duration = Duration::from_secs(1);
const MOST_WITHIN: Duration = Duration::from_hours(1);
const WITHIN: Duration = Duration::from_secs(30);
/// Steps of one procedure.
const MOST_STEPS: usize = 20;

/// What a statement is for, which decides what the guard has to say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementFor {
    /// It is asked by itself: it has to be a pure read.
    Asking,
    /// It is proposed to a person: it has to be something that can be approved.
    Acting,
}

/// Judges a statement of a person's own, with its parameters still in it; the error is a sentence. The configuration does not see the engines, so the runtime passes the guard in as this.
pub type CheckStatement<'a> = &'a dyn Fn(EngineId, &str, StatementFor) -> Result<(), String>;

/// A statement that the guard has to judge, with where it is.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) engine: String,
    pub(super) statement: String,
    pub(super) purpose: StatementFor,
    pub(super) place: super::mistake::Place,
}

/// One table while it is read: its mistakes are told with its name.
struct Table<'t, 'i> {
    name: String,
    keys: &'t DeTable<'i>,
    span: Range<usize>,
}

impl<'t, 'i> Table<'t, 'i> {
    fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.keys.iter().find(|(k, _)| k.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    fn only(&self, reader: &mut Reader<'_>, keys: &[&str]) {
        for (key, _) in self.keys {
            let name = key.get_ref().as_ref();
            if !keys.contains(&name) {
                let near = did_you_mean(name, keys.iter().copied());
                reader.mistake(key.span(), format!("there is no `{}` in [{}]{near}", escape(name), self.name));
            }
        }
    }

    /// A text that has to be there.
    fn text(&self, reader: &mut Reader<'_>, key: &str) -> Option<(String, Range<usize>)> {
        let Some(value) = self.get(key) else {
            reader.mistake(self.span.clone(), format!("[{}] has no `{key}`", self.name));
            return None;
        };
        let text = reader.string(key, value)?;
        if text.trim().is_empty() {
            reader.mistake(value.span(), format!("`{key}` is empty"));
            return None;
        }
        Some((text.to_owned(), value.span()))
    }

    /// A list of texts that need not be there.
    fn texts(&self, reader: &mut Reader<'_>, key: &str) -> Vec<(String, Range<usize>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            let found = with_article(value.get_ref().type_str());
            reader.mistake(value.span(), format!("`{key}` is a list of texts: [\"a\", \"b\"], not {found}"));
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            if let Some(text) = reader.string(key, item) {
                texts.push((text.to_owned(), item.span()));
            }
        }
        texts
    }

    fn time(&self, reader: &mut Reader<'_>, key: &str, default: Duration, least: Duration, most: Duration) -> u64 {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let Some(value) = self.get(key) else { return millis(default) };
        let read = value.get_ref().as_str().and_then(parse_duration);
        match read.filter(|time| (least..=most).contains(time)) {
            Some(time) => millis(time),
            None => {
                let (least, most) = (super::units::format_duration(least), super::units::format_duration(most));
                let text = format!("`{key}`: it must be a time between {least} and {most}, such as \"30s\"");
                reader.mistake(value.span(), text);
                millis(default)
            }
        }
    }

    /// `at_most` or `at_least`: what the number must be.
    fn bound(&self, reader: &mut Reader<'_>) -> Option<Bound> {
        let [most, least] = ["at_most", "at_least"];
        let (key, value, is) = match (self.get(most), self.get(least)) {
            (Some(value), None) => (most, value, Comparison::AtMost),
            (None, Some(value)) => (least, value, Comparison::AtLeast),
            _ => {
                reader.mistake(self.span.clone(), format!("[{}] has either `{most}` or `{least}`", self.name));
                return None;
            }
        };
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().replace('_', "").parse::<f64>().ok(),
            DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok(),
            _ => None,
        };
        let Some(number) = number.filter(|n| n.is_finite()) else {
            reader.mistake(value.span(), format!("`{key}` is a number, without quotes"));
            return None;
        };
        Some(Bound { is, value: number })
    }

    /// A question: its statement, column and bound.
    fn asked(&self, reader: &mut Reader<'_>, engine: &str, parameters: bool) -> Option<Asked> {
        let statement = self.statement(reader, engine, "statement", StatementFor::Asking, parameters);
        let column = self.get("column").and_then(|value| reader.string("column", value).map(str::to_owned));
        let bound = self.bound(reader);
        Some(Asked { statement: statement?, column, bound: bound? })
    }

    fn statement(
        &self,
        reader: &mut Reader<'_>,
        engine: &str,
        key: &str,
        purpose: StatementFor,
        parameters: bool,
    ) -> Option<String> {
        let (statement, span) = self.text(reader, key)?;
        let why = if parameters {
            objection(&statement)
        } else if uses(&statement) {
            let names: Vec<String> = PARAMETERS.iter().map(|(name, _)| format!(":{name}")).collect();
            Some(format!("a check has no incident yet, so it has no {}", names.join(", ")))
        } else {
            None
        };
        if let Some(why) = why {
            reader.mistake(span, format!("`{key}`: {why}"));
            return None;
        }
        let place = reader.place(span);
        let judged = Judged { engine: engine.to_owned(), statement: statement.clone(), purpose, place };
        reader.written.judged.push(judged);
        Some(statement)
    }

    fn targets(&self, reader: &mut Reader<'_>) -> Vec<TargetId> {
        self.texts(reader, "targets").into_iter().map(|(name, _)| TargetId::new(&name)).collect()
    }
}

/// Reads the one table of a file in [`FOLDERS`].
pub(super) fn read_own(reader: &mut Reader<'_>, what: &str, value: &Spanned<DeValue<'_>>) {
    let Some(entries) = reader.table(what, value) else { return };
    for (key, value) in entries {
        let Some(name) = name_of(reader, key) else { continue };
        let full = format!("{what}.{name}");
        let Some(table) = reader.table(&full, value) else { continue };
        let table = Table { name: full, keys: table, span: key.span() };
        let is_new = |known: bool, reader: &mut Reader<'_>| {
            if known {
                reader.mistake(key.span(), format!("there is another `{name}` already: give it another name"));
            }
            !known
        };
        if what == "checks" {
            let check = check(reader, &name, &table);
            let known = reader.written.own.checks.iter().any(|c| c.name == name);
            if let Some(check) = check.filter(|_| is_new(known, reader)) {
                reader.written.own.checks.push(check);
            }
        } else {
            let procedure = procedure(reader, &name, &table);
            let known = reader.written.own.procedures.iter().any(|p| p.name == name);
            if let Some(procedure) = procedure.filter(|_| is_new(known, reader)) {
                reader.written.own.procedures.push(procedure);
            }
        }
    }
}

/// A name that is also part of a code and of a fix's key.
fn name_of(reader: &mut Reader<'_>, key: &Key<'_>) -> Option<String> {
    let name = key.get_ref().as_ref();
    let sound = !name.is_empty()
        && name.len() <= 40
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !sound {
        let text = format!("`{}`: a name has lower-case letters, digits and _, 40 at most", escape(name));
        reader.mistake(key.span(), text);
    }
    sound.then(|| name.to_owned())
}

fn check(reader: &mut Reader<'_>, name: &str, table: &Table<'_, '_>) -> Option<OwnCheck> {
    const KEYS: &[&str] =
        &["title", "engine", "targets", "statement", "column", "at_most", "at_least", "severity", "every"];
    table.only(reader, KEYS);
    let engine = table.text(reader, "engine")?;
    let title = table.text(reader, "title");
    let asked = table.asked(reader, &engine.0, false);
    let severity = word(
        reader,
        table,
        "severity",
        "warning",
        |word| Severity::from_word(word).filter(|severity| *severity != Severity::Info),
        &["warning", "error", "critical"],
    );
    let every_ms = table.time(reader, "every", EVERY, LEAST_EVERY, MOST_EVERY);
    let targets = table.targets(reader);
    Some(OwnCheck {
        name: name.to_owned(),
        title: title?.0,
        engine: engine_of(reader, &engine)?,
        targets,
        asked: asked?,
        severity: severity?,
        every_ms,
    })
}

fn procedure(reader: &mut Reader<'_>, name: &str, table: &Table<'_, '_>) -> Option<OwnProcedure> {
    const KEYS: &[&str] = &["title", "engine", "targets", "cause", "kinds", "checks", "steps"];
    table.only(reader, KEYS);
    let engine = table.text(reader, "engine")?;
    let title = table.text(reader, "title");
    let cause = table.text(reader, "cause").and_then(|(word, span)| {
        let cause = Cause::from_word(&word);
        if cause.is_none() {
            let near = did_you_mean(&word, Cause::ALL.iter().map(|c| c.word()));
            reader.mistake(span, format!("`cause`: there is no cause `{}`{near}", escape(&word)));
        }
        cause
    });
    let mut kinds = Vec::new();
    for (word, span) in table.texts(reader, "kinds") {
        match ErrorKind::from_word(&word) {
            Some(kind) => kinds.push(kind),
            None => {
                let near = did_you_mean(&word, ErrorKind::ALL.iter().map(|k| k.word()));
                reader.mistake(span, format!("`kinds`: there is no kind of error `{}`{near}", escape(&word)));
            }
        }
    }
    let checks = table.texts(reader, "checks").into_iter().map(|(name, _)| name).collect();
    let targets = table.targets(reader);
    let steps = steps(reader, &engine.0, table);
    Some(OwnProcedure {
        name: name.to_owned(),
        title: title?.0,
        engine: engine_of(reader, &engine)?,
        targets,
        cause: cause?,
        kinds,
        checks,
        steps: steps?,
    })
}

fn steps(reader: &mut Reader<'_>, engine: &str, table: &Table<'_, '_>) -> Option<Vec<OwnStep>> {
    let form = format!("[{0}] has steps: write [[{0}.steps]] for each, with its keys below", table.name);
    let Some(value) = table.get("steps") else {
        reader.mistake(table.span.clone(), form);
        return None;
    };
    let Some(items) = value.get_ref().as_array().filter(|items| (1..=MOST_STEPS).contains(&items.len())) else {
        reader.mistake(value.span(), form);
        return None;
    };
    let steps = items.iter().map(|item| {
        let name = format!("{}.steps", table.name);
        let inner = reader.table(&name, item)?;
        step(reader, engine, &Table { name, keys: inner, span: item.span() })
    });
    // Every step is read, so that every mistake is told.
    steps.collect::<Vec<_>>().into_iter().collect()
}

fn step(reader: &mut Reader<'_>, engine: &str, table: &Table<'_, '_>) -> Option<OwnStep> {
    table.only(reader, &["statement", "why", "only_if", "verify", "undo"]);
    let statement = table.statement(reader, engine, "statement", StatementFor::Acting, true);
    let why = table.text(reader, "why");
    let inner = |key: &str, reader: &mut Reader<'_>| {
        let value = table.get(key)?;
        let name = format!("{}.{key}", table.name);
        let inner = reader.table(&name, value)?;
        Some(Table { name, keys: inner, span: value.span() })
    };
    let only_if = inner("only_if", reader).map(|question| {
        question.only(reader, &["statement", "column", "at_most", "at_least"]);
        question.asked(reader, engine, true)
    });
    let Some(question) = inner("verify", reader) else {
        if table.get("verify").is_none() {
            let text = format!("[{}] has no `verify`: say how it is known that the step helped", table.name);
            reader.mistake(table.span.clone(), text);
        }
        return None;
    };
    question.only(reader, &["statement", "column", "at_most", "at_least", "within"]);
    let verify = question.asked(reader, engine, true);
    let within_ms = question.time(reader, "within", WITHIN, LEAST_WITHIN, MOST_WITHIN);
    let undo = match table.get("undo") {
        Some(_) => Some(table.statement(reader, engine, "undo", StatementFor::Acting, true)?),
        None => None,
    };
    let only_if = match only_if {
        Some(read) => Some(read?),
        None => None,
    };
    Some(OwnStep { statement: statement?, why: why?.0, only_if, verify: verify?, within_ms, undo })
}

/// The engine of a name.
fn engine_of(reader: &mut Reader<'_>, (name, span): &(String, Range<usize>)) -> Option<EngineId> {
    let known = reader.written.engines.iter().find(|engine| engine.0 == name).copied();
    if known.is_none() {
        let near = did_you_mean(name, reader.written.engines.iter().map(|e| e.0));
        let names: Vec<&str> = reader.written.engines.iter().map(|e| e.0).collect();
        reader.mistake(span.clone(), format!("`engine` is one of {}{near}", names.join(", ")));
    }
    known
}

fn word<T>(
    reader: &mut Reader<'_>,
    table: &Table<'_, '_>,
    key: &str,
    default: &str,
    read: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Option<T> {
    let Some(value) = table.get(key) else { return read(default) };
    let text = reader.string(key, value)?;
    let found = read(text);
    if found.is_none() {
        let near = did_you_mean(text, known.iter().copied());
        reader.mistake(value.span(), format!("`{key}` is one of {}{near}", known.join(", ")));
    }
    found
}
