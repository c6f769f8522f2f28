//! The conversation: what was asked, what ran, what came back.

use super::analysis::Analysis;
use super::event::{PastSession, ReadError, ReadResult, RequestId};
use super::list::ListState;
use super::turn::{Source, refusal};
use crate::domain::question::Cannot;
use crate::domain::rows::{Column, Rows, Truncation, Value};
use crate::domain::target::{TargetId, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Rows of a result that the store keeps with a conversation.
const KEPT_ROWS: usize = 50;
/// Bytes of a cell that it keeps.
const KEPT_CELL: usize = 512;

/// One piece of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// What the person typed.
    You {
        /// When.
        at: Timestamp,
        /// The text.
        text: String,
    },
    /// The lead of an answer.
    Lead {
        /// When.
        at: Timestamp,
        /// One line.
        title: String,
        /// Text that is part of the answer: a diagram, a path.
        text: Option<String>,
        /// What to know about it.
        notes: Vec<String>,
        /// Where it comes from.
        source: Source,
    },
    /// A statement and its result.
    Block(Block),
    /// What is said about an error or a plan.
    Analysis {
        /// When.
        at: Timestamp,
        /// What.
        analysis: Analysis,
    },
    /// A refusal, a "cannot", or a failure, in words.
    Say {
        /// When.
        at: Timestamp,
        /// The words; may hold newlines.
        text: String,
    },
}

/// A statement and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// When it was planned.
    pub at: Timestamp,
    /// What it shows; empty for the person's own statement.
    pub title: String,
    /// The exact statement; empty where the answer came from our own samples.
    pub statement: String,
    /// Where it ran.
    pub target: String,
    /// Another database on that server.
    pub database: Option<String>,
    /// How it went.
    pub outcome: Outcome,
}

/// How a statement went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its turn has not come.
    Waiting,
    /// It runs.
    Running,
    /// It gave rows.
    Done {
        /// The rows.
        rows: Arc<Rows>,
        /// Milliseconds.
        took_ms: u64,
        /// The server's notices.
        notices: Vec<String>,
    },
    /// It failed, was refused or was stopped; in words.
    Failed(String),
}

impl Block {
    /// The rows, if it gave any.
    pub fn rows(&self) -> Option<&Rows> {
        match &self.outcome {
            Outcome::Done { rows, .. } => Some(rows),
            _ => None,
        }
    }
}

impl Entry {
    /// The entry as the store keeps it: results cut to a few rows, nothing left running, secrets masked.
    #[must_use]
    pub fn for_store(&self) -> Self {
        let mut entry = self.clone();
        match &mut entry {
            Self::Block(block) => {
                block.statement = crate::domain::text::redact(&block.statement);
                match &mut block.outcome {
                    Outcome::Done { rows, .. } => *rows = Arc::new(kept_rows(rows)),
                    Outcome::Waiting | Outcome::Running => block.outcome = Outcome::Failed("not finished".into()),
                    Outcome::Failed(words) => *words = crate::domain::text::redact(words),
                }
            }
            Self::You { text, .. } | Self::Say { text, .. } => *text = crate::domain::text::redact(text),
            Self::Analysis { analysis, .. } => *analysis = analysis.redacted(),
            Self::Lead { .. } => {}
        }
        entry
    }
}

/// The part of a result that the store keeps.
fn kept_rows(rows: &Rows) -> Rows {
    let cell = |value: &Value| match value {
        Value::Text(text) if text.len() > KEPT_CELL => {
            let end = (0..=KEPT_CELL).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
            Value::Cut { start: text[..end].to_owned(), bytes: text.len() as u64 }
        }
        Value::Bytes(bytes) if bytes.len() > KEPT_CELL => {
            Value::Cut { start: String::new(), bytes: bytes.len() as u64 }
        }
        Value::Cut { start, bytes } if start.len() > KEPT_CELL => {
            let end = (0..=KEPT_CELL).rev().find(|&i| start.is_char_boundary(i)).unwrap_or(0);
            Value::Cut { start: start[..end].to_owned(), bytes: *bytes }
        }
        other => other.clone(),
    };
    Rows {
        columns: rows.columns.clone(),
        rows: rows.rows.iter().take(KEPT_ROWS).map(|row| row.iter().map(cell).collect()).collect(),
        truncated: if rows.rows.len() > KEPT_ROWS { Some(Truncation::Rows(KEPT_ROWS)) } else { rows.truncated },
    }
}

/// A kept conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationSummary {
    /// Its number in the store.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// When it was last added to.
    pub updated: Timestamp,
    /// Entries in it.
    pub entries: usize,
}

/// A turn that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The request.
    pub id: RequestId,
    /// Since when.
    pub since: Timestamp,
    /// Entries of its blocks, in order.
    pub blocks: Vec<usize>,
    /// Rows that arrived so far of the block that runs.
    pub rows: u64,
    /// The person asked to stop it.
    pub stopping: bool,
}

/// A result opened over the conversation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenTable {
    /// Its entry.
    pub entry: usize,
    /// Where the person is in it.
    pub list: ListState,
}

/// The chat screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChatModel {
    /// The conversation's number, once the store gave it one.
    pub conversation: Option<i64>,
    /// The store was asked for a number.
    pub creating: bool,
    /// Its name.
    pub name: String,
    /// Its pieces.
    pub entries: Vec<Entry>,
    /// Pieces that the store has.
    pub kept: usize,
    /// Whom we talk to.
    pub target: Option<TargetId>,
    /// Another database on that server.
    pub database: Option<String>,
    /// Keys go to the composer.
    pub typing: bool,
    /// What runs.
    pub running: Option<Running>,
    /// What was typed before the schema was there, with whether the schema was already read anew for it.
    pub pending: Option<Pending>,
    /// The selected block's entry.
    pub selected: Option<usize>,
    /// A result opened over the conversation.
    pub open_table: Option<OpenTable>,
    /// Lines typed before, oldest first.
    pub history: Vec<String>,
    /// Kept conversations.
    pub conversations: Vec<ConversationSummary>,
    /// Time limit of the next statement, milliseconds.
    pub timeout_once: Option<u64>,
    /// Row limit of this conversation.
    pub row_limit: Option<usize>,
    /// Text that the composer shall take over, with a number that grows with each.
    pub draft: (u64, String),
}

/// A message that waits for the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The message.
    pub text: String,
    /// The schema was read anew because of it; it is not read again.
    pub fresh: bool,
}

impl ChatModel {
    /// A block by its entry.
    pub fn block(&self, entry: usize) -> Option<&Block> {
        match self.entries.get(entry)? {
            Entry::Block(block) => Some(block),
            _ => None,
        }
    }
    /// The block that keys act on: the selected one, else the last.
    pub fn focused(&self) -> Option<usize> {
        self.selected.or_else(|| self.entries.iter().rposition(|e| matches!(e, Entry::Block(_))))
    }
    /// Selects the next or previous block.
    pub fn select(&mut self, by: i32) {
        let blocks: Vec<usize> =
            (0..self.entries.len()).filter(|&i| matches!(self.entries[i], Entry::Block(_))).collect();
        if blocks.is_empty() {
            return;
        }
        let here = self.selected.and_then(|s| blocks.iter().position(|&b| b == s));
        let step = isize::try_from(by).unwrap_or(0);
        self.selected = match here {
            None if by < 0 => blocks.last().copied(),
            None => None,
            Some(i) if i + 1 == blocks.len() && by > 0 => None,
            Some(i) => blocks.get(i.saturating_add_signed(step).min(blocks.len() - 1)).copied(),
        };
    }
    /// Hands text to the composer.
    pub fn set_draft(&mut self, text: String) {
        self.draft = (self.draft.0 + 1, text);
    }
    /// Adds words.
    pub fn say(&mut self, at: Timestamp, text: String) {
        self.entries.push(Entry::Say { at, text });
    }
    /// Writes a statement's end into its block. True when the turn is over.
    pub fn finish(&mut self, id: RequestId, index: usize, result: Result<Box<ReadResult>, ReadError>) -> bool {
        let Some(running) = self.running.as_mut().filter(|r| r.id == id) else { return false };
        let failed = result.is_err();
        let outcome = match result {
            Ok(result) => {
                Outcome::Done { rows: Arc::new(result.rows), took_ms: result.took_ms, notices: result.notices }
            }
            Err(error) => Outcome::Failed(read_error(&error)),
        };
        running.rows = 0;
        let blocks = running.blocks.clone();
        let mut put = |place: usize, outcome: Outcome| {
            if let Some(Entry::Block(block)) = blocks.get(place).and_then(|&i| self.entries.get_mut(i)) {
                block.outcome = outcome;
            }
        };
        put(index, outcome);
        if failed {
            for later in index + 1..blocks.len() {
                put(later, Outcome::Failed("not run: the statement before it did not end well".into()));
            }
        } else if index + 1 < blocks.len() {
            put(index + 1, Outcome::Running);
        }
        let over = failed || index + 1 >= blocks.len();
        if over {
            self.running = None;
        }
        over
    }
}

/// An error in words for the person: message, detail, hint and place.
pub fn read_error(error: &ReadError) -> String {
    match error {
        ReadError::Refused(judgement) => refusal(judgement),
        ReadError::Session(crate::domain::error_event::SessionError::Server(m)) => {
            let mut text = format!("{} ({})", m.message, m.code);
            if let Some(detail) = &m.detail {
                text.push_str(&format!("\n{detail}"));
            }
            if let Some(hint) = &m.hint {
                text.push_str(&format!("\nHint: {hint}"));
            }
            if let Some(position) = m.position {
                text.push_str(&format!("\nat character {position}"));
            }
            text
        }
        ReadError::Session(error) => error.to_string(),
    }
}

/// An honest "cannot", in words.
pub fn cannot_words(cannot: &Cannot) -> String {
    let mut text = if cannot.reason.is_empty() {
        "I cannot answer that. I answer coded questions about this database, and I run statements that only read."
            .to_owned()
    } else {
        cannot.reason.clone()
    };
    if !cannot.did_you_mean.is_empty() {
        text.push_str(&format!("\nDid you mean: {}?", cannot.did_you_mean.join(", ")));
    }
    if !cannot.can.is_empty() {
        text.push_str("\nYou can ask, for example:");
        for example in &cannot.can {
            text.push_str(&format!("\n  {example}"));
        }
    }
    text
}

/// Sessions of a past span as a result, the blockers first within each moment.
pub fn history_rows(past: &[PastSession], offset_minutes: i32) -> Rows {
    let columns = vec![
        Column::text("at"),
        Column::number("pid"),
        Column::text("user"),
        Column::text("application"),
        Column::text("state"),
        Column::text("wait"),
        Column::text("blocked_by"),
        Column::number("blocks"),
        Column::text("statement"),
    ];
    let blocks =
        |at: Timestamp, pid: i64| past.iter().filter(|p| p.at == at && p.session.blocked_by.contains(&pid)).count();
    let mut order: Vec<(&PastSession, usize)> = past.iter().map(|p| (p, blocks(p.at, p.session.pid))).collect();
    order.sort_by_key(|(p, n)| (p.at, std::cmp::Reverse(*n), p.session.pid));
    let rows = order
        .into_iter()
        .map(|(p, n)| {
            let s = &p.session;
            let by = s.blocked_by.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            vec![
                Value::Text(p.at.date_time(offset_minutes)),
                Value::Int(s.pid),
                Value::Text(s.user.clone()),
                Value::Text(s.application.clone()),
                Value::Text(s.state.word().into()),
                Value::Text(s.wait.clone()),
                Value::Text(by),
                Value::Int(i64::try_from(n).unwrap_or(i64::MAX)),
                Value::Text(s.statement.clone()),
            ]
        })
        .collect();
    Rows { columns, rows, truncated: None }
}

/// One sentence about the blocking of a past span.
pub fn history_words(past: &[PastSession]) -> String {
    if past.is_empty() {
        return "No sample of that time is kept: either nothing was active or this program was not running.".into();
    }
    let worst = past
        .iter()
        .map(|p| {
            let waiting = past.iter().filter(|q| q.at == p.at && q.session.blocked_by.contains(&p.session.pid)).count();
            (waiting, p)
        })
        .max_by_key(|(n, p)| (*n, std::cmp::Reverse(p.at)));
    match worst {
        Some((n, p)) if n > 0 => format!(
            "Session {} ({}, {}) blocked {n} {}; it was {}.",
            p.session.pid,
            p.session.user,
            p.session.application,
            if n == 1 { "session" } else { "sessions" },
            p.session.state.word()
        ),
        _ => "Nobody blocked anybody in the samples of that time.".into(),
    }
}
