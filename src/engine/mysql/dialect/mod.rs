//! The pure half of MySQL and MariaDB: classify, names, questions.

mod advise;
mod approach;
pub(super) mod classify;
pub(super) mod errors;
pub(super) mod flavour;
pub(super) mod forms;
mod log_rules;
mod logs;
pub(super) mod names;
pub(super) mod online;
mod plan;
mod questions;
mod render;

use crate::domain::connection::Approach;
use crate::domain::dialect::Dialect;
use crate::domain::error_event::ConnectKind;
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::plan::Plan;
use crate::domain::procedure::Check;
use crate::domain::proposal::advice::Advice;
use crate::domain::proposal::kind::FixKind;
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
        hidden::unseen(statement, Lexis::Mysql)
    }
    fn may_declare_safe(&self, function: &str) -> Result<(), String> {
        classify::may_declare_safe(function)
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
        names::has_plan(statement).then(|| format!("EXPLAIN {statement}"))
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
    fn advise(&self, statement: &str, version: u32) -> Vec<Advice> {
        advise::advise(statement, version)
    }
    fn render(&self, kind: &FixKind) -> Result<String, String> {
        render::render(kind)
    }
    fn told_of(&self, kind: &FixKind) -> &'static [&'static str] {
        match kind {
            FixKind::EndSessions(_) => &["1152", "1184"],
            _ => &[],
        }
    }
    fn scheduler(&self) -> Option<Check> {
        Some(Check::SettingIs { name: "event_scheduler".to_owned(), value: "ON".to_owned() })
    }
    fn approach(&self) -> &'static Approach {
        &approach::APPROACH
    }
    fn password_files(&self) -> &'static [(&'static str, &'static str)] {
        &[("MYSQL_TEST_LOGIN_FILE", ".mylogin.cnf"), ("", ".my.cnf")]
    }
    fn recovery(&self, kind: ConnectKind, code: &str) -> Recovery {
        match (kind, code) {
            // No password was judged: this machine's address is not granted, the account is locked or
            // let in by the system's own account only, or this machine is blocked.
            (ConnectKind::Authentication, "1130" | "1698" | "3118" | "4151") | (ConnectKind::Other, "1129") => {
                Recovery::ByChange
            }
            _ => Recovery::of_kind(kind),
        }
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
