//! A DBA's question in words -> an intent with its slots.
//!
//! ```text
//! text -> words (tokens, meanings, phrases)
//!      -> shorthand | changes | fleet | past | columns      special shapes
//!      -> keyed                                             rules for servers whose objects are keys
//!      -> topics                                            rules about the server, the schema, named objects
//!      -> data                                              rows, counts, sums, groups, filters, dates
//! ```
//! One principle holds throughout: a reading counts only when it explains every word. What is left over is named
//! in the answer, with the names it resembles, and nothing is guessed silently.

mod changes;
mod columns;
mod data;
pub mod diagram;
mod fleet;
mod help;
mod in_words;
mod intent;
pub mod joins;
mod keyed;
mod mentions;
mod names;
mod past;
mod periods;
mod reading;
mod selection;
mod setting;
mod shorthand;
mod topics;
mod vocabulary;
mod words;

pub use help::{examples, overview};
pub use in_words::selection_in_words;
pub use intent::{
    ColumnSearch, ConnectionKey, FleetQuestion, Intent, KeyDirection, ListKind, Relation, Scope, TableList, TableOrder,
    Topic, TypeFamily,
};
pub use selection::{
    Aggregate, Bucket, ColumnRef, Comparison, Filter, Group, Join, LikeKind, Literal, Measure, Order, OrderKey, Output,
    Period, Selection,
};

use super::schema::Schema;
use super::target::Timestamp;
use data::Outcome;
use reading::{Index, Question, Reading};

/// What was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood {
    /// The intent.
    pub intent: Intent,
    /// How words were read where that was not plain: `"user" read as table customers`.
    pub notes: Vec<String>,
    /// The question is about all targets, not one (`which replicas lag?`).
    pub fleet: bool,
}

/// How an intent is answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// One line that leads the answer.
    pub title: String,
    /// Statements to run, in order; each result is shown under its own title.
    pub statements: Vec<AnswerStatement>,
    /// An answer that needs no statement: a diagram, a join path, an explanation.
    pub text: Option<String>,
    /// What to know about it: estimates, missing extensions, counters since when.
    pub notes: Vec<String>,
}

/// One statement of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnswerStatement {
    /// What its result is.
    pub title: String,
    /// The statement, one single read.
    pub statement: String,
}

/// An honest "cannot".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cannot {
    /// Why not.
    pub reason: String,
    /// Names that were perhaps meant.
    pub did_you_mean: Vec<String>,
    /// Questions of this kind that can be answered, worded so that they can be typed.
    pub can: Vec<String>,
}

/// Longest question read, bytes. Nobody asks for longer; a pasted log file is not a question.
const LONGEST: usize = 2_000;

/// Reads a question. `now` and `offset_minutes` (local time minus UTC) give "last week" and "at 02:10" a meaning.
///
/// # Errors
/// `Cannot` when no intent fits or a name is unknown; it never guesses silently.
pub fn understand(text: &str, schema: &Schema, now: Timestamp, offset_minutes: i32) -> Result<Understood, Cannot> {
    read(text, schema, now, offset_minutes).map_err(|mut cannot| {
        if cannot.can.is_empty() {
            cannot.can = examples(schema);
        }
        cannot
    })
}

fn read(text: &str, schema: &Schema, now: Timestamp, offset_minutes: i32) -> Result<Understood, Cannot> {
    if text.len() > LONGEST {
        return Err(Cannot { reason: "this is too long for a question".into(), ..Cannot::default() });
    }
    if let Some(found) = shorthand::read(text, schema) {
        return found.map(|intent| Understood { intent, notes: Vec::new(), fleet: false });
    }
    let marked = schema.keyed.then(|| keyed::mark_names(text));
    let tokens = words::tokens(marked.as_deref().unwrap_or(text));
    if tokens.is_empty() {
        return Err(Cannot { reason: "nothing was asked".into(), ..Cannot::default() });
    }
    if let Some(refusal) = changes::refuse(&tokens) {
        return Err(refusal);
    }
    let clock = periods::Clock::new(now, offset_minutes)
        .ok_or_else(|| Cannot { reason: "the clock is out of range".into(), ..Cannot::default() })?;
    let mut question = Question { tokens, schema, index: Index::of(schema), clock };
    let first = choose(&question);
    let Err(cannot) = first else { return first };
    // One slip of the keyboard in a word of ours, said in a note.
    let mut notes = Vec::new();
    for token in &mut question.tokens {
        if token.canon.is_empty()
            && token.kind == words::Kind::Word
            && let Some((canon, word)) = vocabulary::correction(&token.lower)
        {
            notes.push(format!("\"{}\" read as {word}", token.text));
            token.canon = canon;
            token.lower = word.to_owned();
        }
    }
    if notes.is_empty() {
        return Err(cannot);
    }
    let mut understood = choose(&question).map_err(|_| cannot)?;
    notes.append(&mut understood.notes);
    Ok(Understood { notes, ..understood })
}

/// Picks among the ways to read a question.
fn choose(question: &Question<'_>) -> Result<Understood, Cannot> {
    let understood = |reading: Reading, fleet: bool| Understood { intent: reading.intent, notes: reading.notes, fleet };
    if let Some(reading) = fleet::read(question) {
        return Ok(understood(reading, true));
    }
    if let Some(reading) = past::read(question) {
        return Ok(understood(reading, false));
    }
    if let Some(reading) = question.schema.keyed.then(|| keyed::read(question)).flatten() {
        return Ok(understood(reading, false));
    }
    let topic = topics::read(question);
    let column = columns::read(question);
    // A search for a column explains words that a rule about tables takes for names.
    if let Some(Ok(reading)) = column {
        if topic.as_ref().is_none_or(|t| matches!(t.intent, Intent::Tables(_))) {
            return Ok(understood(reading, false));
        }
    } else if let (Some(Err(cannot)), None) = (column, &topic)
        && !matches!(data::read(question), Outcome::Read(_))
    {
        return Err(cannot);
    }
    match (topic, data::read(question)) {
        (Some(topic), Outcome::Read(data)) => Ok(prefer(question, topic, data)),
        (Some(topic), _) => Ok(understood(topic, false)),
        (None, Outcome::Read(data)) => Ok(understood(data, false)),
        (None, Outcome::Unclear(cannot)) => Err(cannot),
        (None, Outcome::Unknown(words)) => match setting::in_words(question) {
            Some(reading) => Ok(understood(reading, false)),
            None => Err(unknown(question, &words)),
        },
    }
}

/// Both a topic and the person's own table fit (`locks`, `users`). Naming no table, the topic wins; users and the
/// like, and whatever is counted, are more often the person's own.
fn prefer(question: &Question<'_>, topic: Reading, data: Reading) -> Understood {
    let Intent::Data(selection) = &data.intent else {
        return Understood { intent: topic.intent, notes: topic.notes, fleet: false };
    };
    let table = selection.base.full_name();
    // A topic about this very table (`who can read orders`) has said more than its rows would.
    let own = match &topic.intent {
        Intent::Topic(_, scope) => scope.table.as_ref() == Some(&selection.base),
        Intent::Tables(_) => false,
        _ => true,
    };
    let counted = matches!(selection.output, Output::Measures { .. });
    let roles = matches!(topic.topic, Some(Topic::Roles | Topic::Comments));
    let mentions = mentions::all(question);
    let certain = !mentions.is_empty() && (data.plain || mentions.iter().all(|m| m.explicit));
    if !own && (counted || roles || certain) {
        let mut notes = data.notes;
        if let (Some(found), false) = (topic.topic, certain) {
            notes
                .push(format!("read as your table {table}, not as \"{}\" of the server", found.title().to_lowercase()));
        }
        return Understood { intent: data.intent, notes, fleet: false };
    }
    let mut notes = topic.notes;
    if !own {
        notes.push(format!("there is also a table {table}: \"rows of table {table}\" shows it"));
    }
    Understood { intent: topic.intent, notes, fleet: false }
}

/// Names the words that nothing explains, with the names they resemble.
fn unknown(question: &Question<'_>, words: &[String]) -> Cannot {
    if question.schema.tables.is_empty() && words.is_empty() {
        return Cannot {
            reason: "this is not a question that can be answered without a language model".into(),
            ..Cannot::default()
        };
    }
    let mut did_you_mean: Vec<String> = Vec::new();
    for word in words {
        for name in names::similar(question.schema, word) {
            if !did_you_mean.contains(&name) {
                did_you_mean.push(name);
            }
        }
    }
    did_you_mean.truncate(5);
    let quoted: Vec<String> = words.iter().take(6).map(|w| format!("\"{w}\"")).collect();
    let reason = match quoted.as_slice() {
        [] => "this is not a question about the database that can be answered".to_owned(),
        [one] => format!("{one} is no table or column here, and no word of a question that can be answered"),
        several => format!(
            "{} are no tables or columns here, and no words of a question that can be answered",
            several.join(", ")
        ),
    };
    Cannot { reason, did_you_mean, can: Vec::new() }
}
