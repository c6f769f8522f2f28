//! The pure half of MongoDB: commands as people write them, classify, names, questions.

mod approach;
pub(super) mod classify;
pub(super) mod command;
mod errors;
pub(super) mod kinds;
mod log_rules;
mod logs;
mod names;
mod plan;
mod questions;
mod shell;
mod syntax;
pub(super) mod write;

use crate::domain::connection::Approach;
use crate::domain::dialect::Dialect;
use crate::domain::error_event::ConnectKind;
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::plan::Plan;
use crate::domain::proposal::kind::FixKind;
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schedule::Recovery;
use crate::domain::schema::Schema;
use crate::domain::target::{EngineId, Timestamp};
use crate::domain::text;

struct Pure;

/// The pure half, for the registry.
pub static DIALECT: &dyn Dialect = &Pure;

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
    fn classify(&self, statement: &str, author: Author, catalog: &Catalog) -> Judgement {
        classify::classify(statement, author, catalog)
    }
    fn unseen(&self, statement: &str) -> Option<char> {
        // The parser refuses what hides outside a text, in comments too.
        if command::parse(statement).is_ok() { None } else { text::unseen(statement) }
    }
    fn as_typed<'t>(&self, text: &'t str) -> &'t str {
        names::as_typed(text)
    }
    fn looks_like_statement(&self, text: &str) -> bool {
        names::looks_like_statement(text)
    }
    /// There are no schemas that a session could look in differently, so the text stays as it is.
    fn resolve_names(&self, statement: &str, _schema: &Schema) -> String {
        statement.to_owned()
    }
    fn explain(&self, statement: &str) -> Option<String> {
        names::explain(statement)
    }
    fn read_plan(&self, text: &str) -> Option<Plan> {
        plan::read(text)
    }
    fn quote(&self, identifier: &str) -> String {
        names::quote(identifier)
    }
    fn literal(&self, text: &str) -> String {
        names::literal(text)
    }
    fn render(&self, kind: &FixKind) -> Result<String, String> {
        kinds::render(kind)
    }
    fn approach(&self) -> &'static Approach {
        &approach::APPROACH
    }
    fn recovery(&self, kind: ConnectKind, code: &str) -> Recovery {
        match (kind, code) {
            // The login was good and is not allowed to look.
            (ConnectKind::Authentication, "13") => Recovery::ByChange,
            _ => Recovery::of_kind(kind),
        }
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
