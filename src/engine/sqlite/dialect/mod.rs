//! The pure half of SQLite: classify, advise, names, questions.

mod acts;
mod advise;
mod classify;
mod errors;
mod names;
mod plan;
mod questions;

use crate::domain::dialect::Dialect;
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::plan::Plan;
use crate::domain::proposal::advice::Advice;
use crate::domain::proposal::kind::FixKind;
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schema::Schema;
use crate::domain::target::{EngineId, Timestamp};
use crate::engine::sql::hidden;
use crate::engine::sql::lexer::Lexis;
use crate::engine::sql::words::Words;
use sqlparser::ast::Statement;

/// One statement as the parser that the guard asks understands it; `None` when it does not.
pub(super) fn parsed(words: Words<'_>) -> Option<Statement> {
    classify::parsed(words)
}

struct Pure;

pub(super) static DIALECT: &dyn Dialect = &Pure;

impl Dialect for Pure {
    fn engine(&self) -> EngineId {
        super::ID
    }

    fn errors(&self) -> &'static dyn crate::domain::error::naming::ErrorNaming {
        &errors::Errors
    }
    fn classify(&self, statement: &str, author: Author, catalog: &Catalog) -> Judgement {
        classify::classify(statement, author, catalog)
    }
    fn unseen(&self, statement: &str) -> Option<char> {
        hidden::unseen(statement, Lexis::Sqlite)
    }
    fn advise(&self, statement: &str, version: u32) -> Vec<Advice> {
        advise::advise(statement, version)
    }
    fn as_typed<'t>(&self, text: &'t str) -> &'t str {
        names::as_typed(text)
    }
    fn looks_like_statement(&self, text: &str) -> bool {
        names::looks_like_statement(text)
    }
    fn resolve_names(&self, statement: &str, schema: &Schema) -> String {
        names::resolve(statement, schema)
    }
    fn explain(&self, statement: &str) -> Option<String> {
        let explained = statement.trim_start().get(..7).is_some_and(|w| w.eq_ignore_ascii_case("explain"));
        (!explained).then(|| format!("EXPLAIN QUERY PLAN {statement}"))
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
        acts::render(kind)
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
