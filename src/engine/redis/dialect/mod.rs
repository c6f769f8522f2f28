//! The pure half of Redis: lines, forms, classify, names, questions.

pub(super) mod acts;
mod approach;
mod big_reads;
pub(super) mod classify;
mod errors;
pub(super) mod forms;
pub(super) mod line;
mod log_rules;
mod logs;
mod names;
mod questions;

use crate::domain::connection::Approach;
use crate::domain::dialect::Dialect;
use crate::domain::error_event::ConnectKind;
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::proposal::kind::FixKind;
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schedule::Recovery;
use crate::domain::schema::Schema;
use crate::domain::target::{EngineId, Timestamp};
use crate::domain::text;

struct Pure;

pub(super) static DIALECT: &dyn Dialect = &Pure;

impl Dialect for Pure {
    fn engine(&self) -> EngineId {
        super::ID
    }

    fn errors(&self) -> &'static dyn crate::domain::error::naming::ErrorNaming {
        &errors::Errors
    }

    fn log_formats(&self) -> &'static [crate::domain::log::LogFormat] {
        logs::FORMATS
    }

    fn log_rules(&self) -> &'static crate::domain::log::LogRules {
        &log_rules::RULES
    }
    fn classify(&self, statement: &str, author: Author, _catalog: &Catalog) -> Judgement {
        classify::classify(statement, author)
    }
    fn unseen(&self, statement: &str) -> Option<char> {
        // A line that can be cut into words has nothing hidden outside its quotes.
        if line::split(statement).is_ok() { None } else { text::unseen(statement) }
    }
    fn as_typed<'t>(&self, text: &'t str) -> &'t str {
        names::as_typed(text)
    }
    fn looks_like_statement(&self, text: &str) -> bool {
        names::looks_like_statement(text)
    }
    /// A key is named in full or not at all.
    /// Keys have no path to be found on; a read without an end becomes its bounded form.
    fn resolve_names(&self, statement: &str, _schema: &Schema) -> String {
        big_reads::bounded(statement)
    }
    /// A command has no plan.
    fn explain(&self, _statement: &str) -> Option<String> {
        None
    }
    fn quote(&self, identifier: &str) -> String {
        line::quote(identifier.as_bytes())
    }
    fn literal(&self, text: &str) -> String {
        line::quote(text.as_bytes())
    }
    fn approach(&self) -> &'static Approach {
        &approach::APPROACH
    }
    fn recovery(&self, kind: ConnectKind, code: &str) -> Recovery {
        match (kind, code) {
            // No password was judged: the user may do nothing, or protected mode keeps other machines out.
            (ConnectKind::Authentication, "NOPERM" | "DENIED") => Recovery::ByChange,
            _ => Recovery::of_kind(kind),
        }
    }
    fn render(&self, kind: &FixKind) -> Result<String, String> {
        acts::render(kind)
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
