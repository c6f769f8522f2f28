//! The pure half of an engine: what it needs to be classified, quoted, and asked in words. No driver, no async.

use super::connection::Approach;
use super::error::naming::ErrorNaming;
use super::error_event::ConnectKind;
use super::guard::{Author, Catalog, Judgement};
use super::log::{LogFormat, LogRules};
use super::plan::Plan;
use super::procedure::Check;
use super::proposal::advice::Advice;
use super::proposal::kind::{FixKind, ObjectRef};
use super::question::{Answer, Cannot, Intent};
use super::schedule::Recovery;
use super::schema::Schema;
use super::target::{EngineId, Timestamp};

/// What the core may ask of an engine without a connection.
pub trait Dialect: Send + Sync {
    /// Which engine this is.
    fn engine(&self) -> EngineId;

    /// Its errors: which one a text is, and what is known about it.
    fn errors(&self) -> &'static dyn ErrorNaming;

    /// The formats of its servers' logs, the commonest first; none for engines that write no log.
    fn log_formats(&self) -> &'static [LogFormat] {
        &[]
    }

    /// Which messages of its logs are errors although their level does not say so.
    fn log_rules(&self) -> &'static LogRules {
        static NONE: LogRules = LogRules::new(&[], &[]);
        &NONE
    }

    /// Judges a statement. Anything not understood is `deny`/`unparsed`.
    fn classify(&self, statement: &str, author: Author, catalog: &Catalog) -> Judgement;

    /// A character outside the quoted texts of a statement that nobody can see, or that moves what stands beside it;
    /// inside comments and quoted names as well. Only the engine's own lexer knows where a quote or a comment ends.
    fn unseen(&self, statement: &str) -> Option<char> {
        super::text::unseen(statement).or_else(|| super::text::lone_return(statement, 0..statement.len()))
    }

    /// Tells a statement in the engine's language from a question in words. A statement with a mistake in it is
    /// still a statement: it shall reach the guard and give its error there.
    fn looks_like_statement(&self, text: &str) -> bool;

    /// The statement in a text copied out of the engine's own client: without its prompt before it and its word for
    /// "show it upright" behind it. Any other text comes back unchanged.
    fn as_typed<'t>(&self, text: &'t str) -> &'t str {
        text
    }

    /// Qualifies the relation and type names of a statement by the schema's search path, so that it means in our
    /// pinned session what it means in the person's own. Text it cannot improve comes back unchanged.
    fn resolve_names(&self, statement: &str, schema: &Schema) -> String;

    /// The statement that shows a read's plan without running it; `None` for what has no plan to show.
    fn explain(&self, statement: &str) -> Option<String>;

    /// Reads a plan as the engine's own clients print one; `None` for any other text. No statement is run.
    fn read_plan(&self, text: &str) -> Option<Plan> {
        let _ = text;
        None
    }

    /// An identifier, quoted where it must be.
    fn quote(&self, identifier: &str) -> String;

    /// A text literal.
    fn literal(&self, text: &str) -> String;

    /// The statements that answer an intent, each a single read that the guard allows, or an answer that the schema
    /// alone gives.
    ///
    /// # Errors
    /// `Cannot` with the reason when this engine has no such thing.
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot>;

    /// Whether a person may declare a function of their own (`schema.name`, as the catalogue stores it) to be a pure
    /// read, so that calling it needs nobody.
    ///
    /// # Errors
    /// One sentence that says why not: no list can allow what the guard knows to do more than read.
    fn may_declare_safe(&self, function: &str) -> Result<(), String> {
        let _ = function;
        Err("it means nothing here: this engine keeps no functions of its users' own".to_owned())
    }

    /// What a colleague would say about a statement that changes something, before it runs. `version` is the server's,
    /// as in [`super::target::Identity::version_number`].
    fn advise(&self, statement: &str, version: u32) -> Vec<Advice> {
        let _ = (statement, version);
        Vec::new()
    }

    /// The one statement that a typed fix kind stands for, made from its parameters alone.
    ///
    /// # Errors
    /// One sentence when this engine has no such act, or when a parameter cannot be one.
    fn render(&self, kind: &FixKind) -> Result<String, String> {
        let _ = kind;
        Err("this engine has no such act".to_owned())
    }

    /// The statement whose one number is the share of a table's rows that are dead, in per cent, and NULL where nobody
    /// knows; none for an engine that does not count them.
    fn dead_rows(&self, table: &ObjectRef) -> Option<String> {
        let _ = table;
        None
    }

    /// Codes under which the server's log tells of each session that this act stopped or ended; none for an engine whose
    /// log does not. Such a line is no news.
    fn told_of(&self, kind: &FixKind) -> &'static [&'static str] {
        let _ = kind;
        &[]
    }

    /// What holds on a server whose own scheduler can do [`FixKind::ScheduleUpkeep`]; none for an engine without one.
    fn scheduler(&self) -> Option<Check> {
        None
    }

    /// What its servers look like from outside, for the diagnosis of a failed connection.
    fn approach(&self) -> &'static Approach {
        const { &Approach::UNKNOWN }
    }

    /// Files in which the engine's own clients look for passwords: the variable that names each, and its place below
    /// the home directory. When one of them changes, a refused login may be tried again.
    fn password_files(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// How a failure to connect can go away, by the engine's own code where the kind alone does not say it: whether
    /// trying again makes sense, and with what.
    fn recovery(&self, kind: ConnectKind, code: &str) -> Recovery {
        let _ = code;
        Recovery::of_kind(kind)
    }
}
