//! The answer of one turn and its two printed forms: one JSON object, or a page for a person.

use super::host::object;
use super::print::{column_names, known, row_arrays};
use super::{Ended, Exit, Headless};
use crate::app::turn::Source;
use crate::domain::rows::Rows;
use crate::domain::text::escape;
use crate::export::table::{Paint, TextTable};
use serde_json::Value as Json;

/// A statement with its result.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// What it shows; empty for a statement that was typed.
    pub(super) title: String,
    /// The statement that ran; empty where the rows are from our own samples.
    pub(super) statement: String,
    /// Its rows.
    pub(super) rows: Rows,
    /// Milliseconds, where a server was asked.
    pub(super) took_ms: Option<u64>,
    /// What the server said along with it.
    pub(super) notices: Vec<String>,
}

/// The answer of one turn.
#[derive(Debug)]
pub(super) struct Answer {
    /// How the command ends.
    pub(super) exit: Exit,
    /// The answer in words; a refusal or a failure is one too.
    pub(super) words: String,
    /// Text that is part of it: a diagram, a path.
    pub(super) text: Option<String>,
    /// Results in order, the main one first.
    pub(super) parts: Vec<Part>,
    /// What to know about it.
    pub(super) notes: Vec<String>,
    /// Where it comes from; none when there is none.
    pub(super) source: Option<Source>,
}

impl Answer {
    /// No answer, and why.
    pub(super) fn none(exit: Exit, words: impl Into<String>) -> Self {
        Self { exit, words: words.into(), text: None, parts: Vec::new(), notes: Vec::new(), source: None }
    }

    /// Prints it as one JSON object.
    pub(super) fn print_json(self, question: &str, target: Option<&str>, io: &mut Headless<'_>) -> Result<Exit, Ended> {
        let main = self.parts.first();
        let mut line = object();
        line.insert("question".into(), question.into());
        line.insert("target".into(), target.map_or(Json::Null, Json::from));
        line.insert("answer".into(), self.whole_words().into());
        line.insert("statements".into(), self.statements());
        line.insert("columns".into(), main.map_or_else(|| Json::Array(Vec::new()), |p| column_names(&p.rows)));
        line.insert("rows".into(), main.map_or_else(|| Json::Array(Vec::new()), |p| row_arrays(&p.rows)));
        line.insert("truncated".into(), main.is_some_and(|p| p.rows.truncated.is_some()).into());
        line.insert("source".into(), self.source.map_or(Json::Null, |s| s.word().into()));
        line.insert("notes".into(), self.notes.iter().map(String::as_str).collect());
        line.insert("results".into(), self.parts.iter().map(part_json).collect());
        line.insert("exit_code".into(), self.exit.code().into());
        io.object(line)?;
        if main.is_none() && self.exit != Exit::Fine {
            io.say(&self.words);
        }
        Ok(self.exit)
    }

    fn whole_words(&self) -> String {
        let text = self.text.as_deref().unwrap_or_default();
        [self.words.as_str(), text].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n")
    }

    fn statements(&self) -> Json {
        self.parts.iter().map(|p| p.statement.as_str()).filter(|s| !s.is_empty()).collect()
    }

    /// Prints it for a person: what was found with the statement that found it. Why there is no answer is talk.
    pub(super) fn print(self, io: &mut Headless<'_>) -> Result<Exit, Ended> {
        let color = io.color();
        if self.exit == Exit::Fine {
            lines(&self.words, Paint::Plain, io)?;
        }
        if let Some(text) = &self.text {
            lines(text, Paint::Plain, io)?;
        }
        for part in &self.parts {
            if !part.title.is_empty() && part.title != self.words {
                io.line("")?;
                lines(&part.title, Paint::Plain, io)?;
            }
            lines(&part.statement, Paint::Faint, io)?;
            io.table(&TextTable::of_rows(&part.rows))?;
            io.line(&Paint::Faint.on(&part.count_words(), color))?;
            for notice in &part.notices {
                io.say(notice);
            }
        }
        for note in &self.notes {
            lines(&format!("Note: {note}"), Paint::Plain, io)?;
        }
        if self.exit != Exit::Fine {
            io.stdout.flush()?;
            io.say(&self.words);
        }
        Ok(self.exit)
    }
}

impl Part {
    /// `3 rows (all), 12 ms`.
    pub(super) fn count_words(&self) -> String {
        let took = self.took_ms.map(|ms| format!(", {ms} ms")).unwrap_or_default();
        format!("{}{took}", self.rows.count_words())
    }
}

fn part_json(part: &Part) -> Json {
    let mut result = serde_json::Map::new();
    result.insert("title".into(), known(&part.title));
    result.insert("statement".into(), known(&part.statement));
    result.insert("columns".into(), column_names(&part.rows));
    result.insert("rows".into(), row_arrays(&part.rows));
    result.insert("truncated".into(), part.rows.truncated.is_some().into());
    result.insert("took_ms".into(), part.took_ms.map_or(Json::Null, Json::from));
    result.insert("notices".into(), part.notices.iter().map(String::as_str).collect());
    Json::Object(result)
}

/// Untrusted text as lines of data. Escaped one by one: the escaper bounds what it is given.
fn lines(text: &str, paint: Paint, io: &mut Headless<'_>) -> Result<(), Ended> {
    let color = io.color();
    for line in text.lines() {
        io.line(&paint.on(&escape(line), color))?;
    }
    Ok(())
}
