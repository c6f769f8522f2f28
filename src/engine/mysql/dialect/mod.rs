//! The pure half of MySQL and MariaDB: classify, names, questions.

mod classify;
mod flavour;
mod names;
mod questions;

use crate::domain::dialect::Dialect;
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schema::Schema;
use crate::domain::target::{EngineId, Timestamp};

struct Pure;

pub(super) static DIALECT: &dyn Dialect = &Pure;

impl Dialect for Pure {
    fn engine(&self) -> EngineId {
        super::ID
    }
    fn classify(&self, statement: &str, author: Author, catalog: &Catalog) -> Judgement {
        classify::classify(statement, author, catalog)
    }
    fn looks_like_statement(&self, text: &str) -> bool {
        names::looks_like_statement(text)
    }
    fn resolve_names(&self, statement: &str, schema: &Schema) -> String {
        names::resolve(statement, schema)
    }
    fn explain(&self, statement: &str) -> Option<String> {
        names::has_plan(statement).then(|| format!("EXPLAIN {statement}"))
    }
    fn quote(&self, identifier: &str) -> String {
        names::quote(identifier)
    }
    fn literal(&self, text: &str) -> String {
        names::literal(text)
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
