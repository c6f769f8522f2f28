//! One turn of a chat, planned: what the person typed -> statements to run, an answer, or an honest refusal.
//!
//! The same plan serves the screen and the `ask` command.

use super::analysis::pasted::{self, Pasted};
use super::library::Library;
use crate::domain::dialect::Dialect;
use crate::domain::guard::{Author, Catalog, Class, Judgement, Verdict};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;
use crate::domain::question::{self, AnswerStatement, Cannot, Intent};
use crate::domain::schema::Schema;
use crate::domain::target::Timestamp;

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Source {
    /// A coded intent.
    Intent,
    /// The person's own statement.
    Sql,
}

impl Source {
    /// The word in JSON and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Sql => "sql",
        }
    }
}

/// A planned turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Run these and show them.
    Run {
        /// The line that leads the answer; empty for the person's own statement.
        title: String,
        /// Statements in order.
        statements: Vec<AnswerStatement>,
        /// Text that is part of the answer.
        text: Option<String>,
        /// What to know about it.
        notes: Vec<String>,
        /// Where it comes from.
        source: Source,
    },
    /// Answer from our own samples of a past span.
    History {
        /// From here.
        from: Timestamp,
        /// To here.
        to: Timestamp,
    },
    /// Answer over all targets.
    Fleet(Intent),
    /// A statement that changes something, or may: a person has to approve it.
    Propose {
        /// The exact statement, with its class.
        draft: Draft,
        /// Why nobody but a person may let it run.
        judgement: Judgement,
    },
    /// A statement that does not run on this road.
    Refused {
        /// The statement.
        statement: String,
        /// Why.
        judgement: Judgement,
    },
    /// A pasted error or plan: nothing is run.
    Pasted(Pasted),
    /// Not understood.
    Cannot(Cannot),
}

/// What planning needs to know.
pub struct Context<'a> {
    /// The engine's pure half.
    pub dialect: &'a dyn Dialect,
    /// The database's objects.
    pub schema: &'a Schema,
    /// What the guard should know about them.
    pub catalog: &'a Catalog,
    /// What is known of every engine.
    pub library: &'a Library,
    /// Our clock.
    pub now: Timestamp,
    /// Local time minus UTC, minutes.
    pub offset_minutes: i32,
}

/// Plans one turn.
pub fn plan(text: &str, context: &Context<'_>) -> Turn {
    if let Some(pasted) = pasted::surely(text, context.dialect, context.library) {
        return Turn::Pasted(pasted);
    }
    let text = context.dialect.as_typed(text.trim());
    if context.dialect.looks_like_statement(text) {
        return plan_statement(text, context);
    }
    let understood = match question::understand(text, context.schema, context.now, context.offset_minutes) {
        Ok(understood) => understood,
        Err(cannot) => {
            let pasted = pasted::perhaps(text, context.dialect, context.library);
            return pasted.map_or(Turn::Cannot(cannot), Turn::Pasted);
        }
    };
    if let Intent::ActivityAt { from, to } = understood.intent {
        return Turn::History { from, to };
    }
    if understood.fleet {
        return Turn::Fleet(understood.intent);
    }
    match context.dialect.answer(&understood.intent, context.schema, context.now) {
        Ok(answer) => {
            let mut notes = understood.notes;
            notes.extend(answer.notes);
            Turn::Run {
                title: answer.title,
                statements: answer.statements,
                text: answer.text,
                notes,
                source: Source::Intent,
            }
        }
        Err(cannot) => Turn::Cannot(cannot),
    }
}

/// Plans a statement as typed: resolved, judged, and run or refused.
pub fn plan_statement(statement: &str, context: &Context<'_>) -> Turn {
    let resolved = context.dialect.resolve_names(statement, context.schema);
    let judgement = context.dialect.classify(&resolved, Author::Person, context.catalog);
    match judgement.verdict {
        Verdict::Allow => {
            let statements = vec![AnswerStatement { title: String::new(), statement: resolved }];
            Turn::Run { title: String::new(), statements, text: None, notes: Vec::new(), source: Source::Sql }
        }
        Verdict::NeedsApproval => {
            let draft = Draft { statement: resolved, class: judgement.class, kind: None, database: None };
            Turn::Propose { draft, judgement }
        }
        Verdict::Deny => Turn::Refused { statement: statement.to_owned(), judgement },
    }
}

/// The typed act that does what somebody wanted with a statement that is refused as free text; none where there is
/// none.
pub fn typed_act(class: Class, dialect: &dyn Dialect) -> Option<&'static str> {
    let renders = |kind: FixKind| dialect.render(&kind).is_ok();
    match class {
        Class::Kill => Some(
            "To cancel or end sessions, point at them: C or K on a row of the activity or blocking view of the server.",
        ),
        Class::Setting => Some("To change one setting of the server: `:set NAME VALUE`."),
        Class::Admin if renders(FixKind::DropReplicationSlot("a".into())) => {
            Some("To drop a replication slot that nobody uses: `:drop-slot NAME`.")
        }
        Class::Dml if renders(FixKind::UnlinkKeys(vec!["a".into()])) => Some("To remove named keys: `:unlink KEY...`."),
        _ => None,
    }
}

/// Why a statement did not run, in words for the person.
pub fn refusal(judgement: &Judgement) -> String {
    let lead = match judgement.verdict {
        Verdict::NeedsApproval => {
            "Not run: this changes or may change something, and that needs a person's approval in the terminal app."
        }
        _ => "Not run.",
    };
    format!("{lead} {} [{}]", judgement.reason, judgement.class.word())
}
