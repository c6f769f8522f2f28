//! The tables of questions, as files.

use serde::Deserialize;

/// A question with the statement whose rows its answer must equal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub ask: String,
    pub reference: Option<String>,
    pub reference_sqlite: Option<String>,
    pub reference_postgres: Option<String>,
    pub reference_mysql: Option<String>,
    /// Rows must come in the reference's order.
    #[serde(default)]
    pub ordered: bool,
}

impl Question {
    /// The reference for an engine. MySQL and MariaDB quote names in their own way.
    pub fn reference(&self, engine: &str) -> String {
        let own = match engine {
            "sqlite" => &self.reference_sqlite,
            "mysql" => &self.reference_mysql,
            _ => &self.reference_postgres,
        };
        let said = own.as_deref().or(self.reference.as_deref());
        let said = said.unwrap_or_else(|| panic!("no reference for {:?}", self.ask));
        if engine == "mysql" && own.is_none() { in_backticks(said) } else { said.to_owned() }
    }
}

/// `SELECT "a" FROM t WHERE b = '"'` with names in backticks and literals as they are.
fn in_backticks(statement: &str) -> String {
    let mut in_literal = false;
    let quoted = |c: char| {
        in_literal ^= c == '\'';
        if c == '"' && !in_literal { '`' } else { c }
    };
    statement.chars().map(quoted).collect()
}

#[derive(Debug, Deserialize)]
struct Questions {
    question: Vec<Question>,
}

/// Questions about the shop's own data.
pub fn data() -> Vec<Question> {
    toml::from_str::<Questions>(include_str!("../data/questions_data.toml")).unwrap().question
}

/// Questions about the tables that pgbench makes.
pub fn pgbench() -> Vec<Question> {
    toml::from_str::<Questions>(include_str!("../data/questions_pgbench.toml")).unwrap().question
}

/// A question about the server or the schema, with the reading that it must have: the beginning of the intent's
/// debug form, and optionally a piece of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    pub ask: String,
    pub intent: String,
    /// Also holds these pieces.
    #[serde(default)]
    pub with: Vec<String>,
    /// Engines that have no such thing and say so.
    #[serde(default)]
    pub cannot: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Readings {
    question: Vec<Reading>,
}

/// Questions about the server and the schema.
pub fn server() -> Vec<Reading> {
    toml::from_str::<Readings>(include_str!("../data/questions_server.toml")).unwrap().question
}

/// A question that cannot be answered, with words that the refusal must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub ask: String,
    /// In the reason.
    #[serde(default)]
    pub because: String,
    /// Among the names offered.
    #[serde(default)]
    pub did_you_mean: String,
}

#[derive(Debug, Deserialize)]
struct Refusals {
    question: Vec<Refused>,
}

/// Questions that nobody can answer.
pub fn cannot() -> Vec<Refused> {
    toml::from_str::<Refusals>(include_str!("../data/questions_cannot.toml")).unwrap().question
}
