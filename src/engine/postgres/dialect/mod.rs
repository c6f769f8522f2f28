//! The pure half of PostgreSQL: classify, advise, names, questions, errors, logs.

mod advise;
mod approach;
mod classify;
mod errors;
mod forms;
mod log_rules;
mod logs;
mod names;
mod plan;
mod questions;

pub(super) use classify::{extensions, is_built_in_reader, scope, words};
pub(super) use forms::cron;
pub(super) use names::{literal, quote};

use crate::domain::connection::Approach;
use crate::domain::dialect::Dialect;
use crate::domain::error_event::{ConnectKind, tls_code};
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::plan::Plan;
use crate::domain::procedure::Check;
use crate::domain::proposal::advice::Advice;
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schedule::Recovery;
use crate::domain::schema::Schema;
use crate::domain::target::{EngineId, Timestamp};
use crate::engine::sql::hidden;
use crate::engine::sql::lexer::Lexis;

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
    fn classify(&self, statement: &str, author: Author, catalog: &Catalog) -> Judgement {
        classify::classify(statement, author, catalog)
    }
    fn unseen(&self, statement: &str) -> Option<char> {
        hidden::unseen(statement, Lexis::Postgres)
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
        (!explained).then(|| format!("EXPLAIN {statement}"))
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
    fn may_declare_safe(&self, function: &str) -> Result<(), String> {
        classify::may_declare_safe(function)
    }
    fn render(&self, kind: &FixKind) -> Result<String, String> {
        super::fix::render(kind)
    }
    fn told_of(&self, kind: &FixKind) -> &'static [&'static str] {
        match kind {
            FixKind::CancelStatements(_) => &["57014"],
            FixKind::EndSessions(_) => &["57P01"],
            _ => &[],
        }
    }
    fn dead_rows(&self, table: &ObjectRef) -> Option<String> {
        Some(questions::dead_share(table))
    }
    fn scheduler(&self) -> Option<Check> {
        // pg_cron has its jobs in one database of a server; the survey asks whether it runs.
        Some(Check::Exists(ObjectRef::new("cron", "job")))
    }
    fn approach(&self) -> &'static Approach {
        &approach::APPROACH
    }
    fn password_files(&self) -> &'static [(&'static str, &'static str)] {
        &[("PGPASSFILE", ".pgpass"), ("PGSERVICEFILE", ".pg_service.conf")]
    }
    fn recovery(&self, kind: ConnectKind, code: &str) -> Recovery {
        match (kind, code) {
            // No password was judged: there is no such role or no line in pg_hba.conf (28000), or CONNECT is not
            // granted (42501).
            (ConnectKind::Authentication, "28000" | "42501" | tls_code::REQUIRED) => Recovery::ByChange,
            _ => Recovery::of_kind(kind),
        }
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
