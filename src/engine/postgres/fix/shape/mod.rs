//! What a statement is and what it names, read from its grammar alone: owned values, without a connection.
//!
//! Kinds that are not listed here are [`What::Other`]: they can be approved, and everything about them that is not
//! known is said to be unknown.

mod alter;
mod objects;
mod rows;

pub(in crate::engine::postgres) use alter::{Action, Constraint, Default};
pub(in crate::engine::postgres) use objects::{Named, Sort};
pub(in crate::engine::postgres) use rows::{RowChange, Source, Verb};

use super::super::dialect::words;
use crate::domain::error_event::SessionError;
use crate::engine::sql::lexer::{self, Lexis};
use crate::engine::sql::size;
use squawk_syntax::SyntaxKind as K;
use squawk_syntax::{SourceFile, SyntaxNode};

/// A statement.
#[derive(Debug, Clone)]
pub(in crate::engine::postgres) struct Shape {
    /// What it does.
    pub(in crate::engine::postgres) what: What,
    /// Objects that it names and that have to be there.
    pub(in crate::engine::postgres) named: Vec<Named>,
    /// The object that it makes.
    pub(in crate::engine::postgres) made: Option<Named>,
    /// It cannot run inside a transaction.
    pub(in crate::engine::postgres) outside: bool,
    /// It is built beside the traffic and has to outwait older snapshots.
    pub(in crate::engine::postgres) concurrently: bool,
    /// `CASCADE` reaches objects that it does not name.
    pub(in crate::engine::postgres) cascades: bool,
    /// It makes something that ends with the session.
    pub(in crate::engine::postgres) temporary: bool,
    /// `OR REPLACE`.
    pub(in crate::engine::postgres) or_replace: bool,
}

/// The kinds of act that are told apart.
#[derive(Debug, Clone)]
pub(in crate::engine::postgres) enum What {
    /// INSERT, UPDATE, DELETE or MERGE.
    Rows(RowChange),
    /// CREATE INDEX; the name, where one is given.
    MakeIndex(Option<String>),
    /// Makes an object of this word of SQL: `TABLE`, `VIEW`.
    Make(&'static str),
    /// Drops objects of this word of SQL.
    Drop(&'static str),
    /// ALTER TABLE, and the few forms of ALTER INDEX, VIEW and SEQUENCE that mean the same there.
    Alter(&'static str, Vec<Action>),
    /// COMMENT ON.
    Comment {
        /// The statement up to its literal.
        head: String,
        /// The column, where it is on one.
        column: Option<String>,
        /// It is on the named object itself, or on its column.
        plain: bool,
    },
    /// ALTER SYSTEM, ROLE or DATABASE with one setting.
    Setting(Scope, String),
    /// ALTER ROLE with nothing but a limit of connections.
    RoleLimit(String),
    /// CHECKPOINT.
    Checkpoint,
    /// VACUUM; whether it writes the table anew.
    Vacuum { full: bool },
    /// ANALYZE.
    Analyze,
    /// REINDEX.
    Reindex,
    /// CLUSTER.
    Cluster,
    /// REFRESH MATERIALIZED VIEW; whether readers go on meanwhile.
    Refresh { beside_readers: bool },
    /// TRUNCATE.
    Truncate,
    /// A query that calls something.
    Call,
    /// Anything else.
    Other,
}

/// For whom a setting changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::postgres) enum Scope {
    /// The whole server.
    System,
    /// The later sessions of a role, in one database where one is named; no role is every role.
    Role(Option<String>, Option<String>),
    /// The later sessions of a database.
    Database(String),
}

/// Reads one statement.
pub(in crate::engine::postgres) fn read(statement: &str) -> Result<Shape, SessionError> {
    let root = parse(statement).ok_or_else(|| {
        SessionError::Unsupported(
            "this is not one statement whose grammar is known here: write it in a plainer form".into(),
        )
    })?;
    let what = what(&root);
    let named = objects::named(&root, &what);
    let made = objects::made(&root);
    let concurrently = concurrently(&root);
    Ok(Shape {
        outside: concurrently || runs_outside(&root),
        cascades: has(&root, K::CASCADE),
        temporary: made.is_some() && root.children().any(|n| n.kind() == K::TEMP),
        or_replace: root.children().any(|n| n.kind() == K::OR_REPLACE),
        what,
        named,
        made,
        concurrently,
    })
}

/// The one statement of a text.
fn parse(statement: &str) -> Option<SyntaxNode> {
    let tokens = lexer::meaningful(statement, Lexis::Postgres);
    if size::check(statement, &tokens).is_some() {
        return None;
    }
    let parsed = SourceFile::parse(statement);
    if !parsed.errors().is_empty() {
        return None;
    }
    let root = parsed.syntax_node();
    let mut statements = root.children().filter(|node| node.kind() != K::EMPTY_STMT);
    let first = statements.next()?;
    statements.next().is_none().then_some(first)
}

fn what(root: &SyntaxNode) -> What {
    match root.kind() {
        K::INSERT | K::UPDATE | K::DELETE | K::MERGE => rows::read(root).map_or(What::Other, What::Rows),
        K::CREATE_INDEX => What::MakeIndex(child(root, K::INDEX).and_then(|name| last_word(&name))),
        K::ALTER_TABLE => What::Alter("TABLE", alter::actions(root)),
        K::ALTER_INDEX => What::Alter("INDEX", alter::actions(root)),
        K::ALTER_VIEW => What::Alter("VIEW", alter::actions(root)),
        K::ALTER_MATERIALIZED_VIEW => What::Alter("MATERIALIZED VIEW", alter::actions(root)),
        K::ALTER_SEQUENCE => What::Alter("SEQUENCE", alter::actions(root)),
        K::COMMENT_ON => comment(root),
        K::ALTER_SYSTEM => setting(root, Some(Scope::System)),
        K::ALTER_ROLE | K::ALTER_USER if has(root, K::ROLE_OPTION_CONNECTION_LIMIT) => role_limit(root),
        K::CHECKPOINT => What::Checkpoint,
        K::ALTER_ROLE | K::ALTER_USER => {
            setting(root, Some(Scope::Role(name_of(root, K::ROLE_REF), in_database(root))))
        }
        K::ALTER_DATABASE => setting(root, name_of(root, K::DATABASE_REF).map(Scope::Database)),
        K::VACUUM => What::Vacuum { full: has_token(root, K::FULL_KW) },
        K::ANALYZE => What::Analyze,
        K::REINDEX => What::Reindex,
        K::CLUSTER => What::Cluster,
        K::REFRESH => What::Refresh { beside_readers: has_token(root, K::CONCURRENTLY_KW) },
        K::TRUNCATE => What::Truncate,
        K::SELECT | K::PAREN_SELECT | K::COMPOUND_SELECT | K::VALUES | K::TABLE => What::Call,
        kind => objects::word_of(kind),
    }
}

fn setting(root: &SyntaxNode, scope: Option<Scope>) -> What {
    let change = root.children().find(|n| matches!(n.kind(), K::SET_CONFIG_PARAM | K::RESET_CONFIG_PARAM));
    let name = change
        .and_then(|change| child(&change, K::CONFIG_PARAMETER_REF))
        .and_then(|parameter| words::dotted(&parameter))
        .map(|parts| parts.join("."));
    match (scope, name) {
        (Some(scope), Some(name)) => What::Setting(scope, name),
        _ => What::Other,
    }
}

fn role_limit(root: &SyntaxNode) -> What {
    let options = child(root, K::ROLE_OPTION_LIST).map_or(0, |list| list.children().count());
    match name_of(root, K::ROLE_REF) {
        Some(role) if options == 1 => What::RoleLimit(role),
        _ => What::Other,
    }
}

fn in_database(root: &SyntaxNode) -> Option<String> {
    name_of(&child(root, K::IN_DATABASE)?, K::DATABASE_REF)
}

fn comment(root: &SyntaxNode) -> What {
    let text = root.text().to_string();
    let start = usize::from(root.text_range().start());
    let end = root
        .children_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .find(|token| token.kind() == K::IS_KW)
        .map(|token| usize::from(token.text_range().end()) - start);
    let column = root
        .descendants()
        .find(|node| node.kind() == K::QUALIFIED_COLUMN_NAME_REF)
        .and_then(|column| last_word(&column));
    let plain = root.children().any(|object| {
        matches!(
            object.kind(),
            K::OBJECT_TABLE
                | K::OBJECT_VIEW
                | K::OBJECT_INDEX
                | K::OBJECT_SEQUENCE
                | K::OBJECT_MATERIALIZED_VIEW
                | K::OBJECT_FOREIGN_TABLE
                | K::OBJECT_COLUMN
                | K::OBJECT_TYPE
                | K::OBJECT_DOMAIN
                | K::OBJECT_SCHEMA
        )
    });
    let head = end.and_then(|end| text.get(..end)).map(str::to_owned);
    head.map_or(What::Other, |head| What::Comment { head, column, plain })
}

fn concurrently(root: &SyntaxNode) -> bool {
    match root.kind() {
        // REFRESH ... CONCURRENTLY is an ordinary statement that takes a weaker lock.
        K::CREATE_INDEX | K::DROP_INDEX => has_token(root, K::CONCURRENTLY_KW),
        K::REINDEX => {
            let off = root.descendants().any(|option| {
                option.kind() == K::REINDEX_OPTION_CONCURRENTLY
                    && option
                        .text()
                        .to_string()
                        .to_ascii_lowercase()
                        .split_whitespace()
                        .skip(1)
                        .any(|value| matches!(value.trim_matches('\''), "off" | "false" | "no" | "0"))
            });
            has_token(root, K::CONCURRENTLY_KW) && !off
        }
        K::ALTER_TABLE => has(root, K::DETACH_CONCURRENTLY),
        _ => false,
    }
}

/// Statements that the server refuses inside a transaction.
fn runs_outside(root: &SyntaxNode) -> bool {
    match root.kind() {
        K::VACUUM
        | K::ALTER_SYSTEM
        | K::CREATE_DATABASE
        | K::DROP_DATABASE
        | K::CREATE_TABLESPACE
        | K::DROP_TABLESPACE
        | K::CREATE_SUBSCRIPTION
        | K::DROP_SUBSCRIPTION => true,
        K::ALTER_DATABASE => has(root, K::SET_TABLESPACE),
        K::REINDEX => ![K::REINDEX_TARGET_INDEX, K::REINDEX_TARGET_TABLE].into_iter().any(|kind| has(root, kind)),
        K::CLUSTER => !has(root, K::TABLE_NAME_REF),
        _ => false,
    }
}

/// The first child of a kind.
fn child(node: &SyntaxNode, kind: K) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

/// A node of the kind is anywhere below.
fn has(node: &SyntaxNode, kind: K) -> bool {
    node.descendants().any(|below| below.kind() == kind)
}

/// A keyword of the kind is anywhere below.
fn has_token(node: &SyntaxNode, kind: K) -> bool {
    node.descendants_with_tokens().any(|below| below.kind() == kind)
}

/// The decoded last part of a dotted name.
fn last_word(node: &SyntaxNode) -> Option<String> {
    words::parts(node).pop()?.name
}

/// The decoded name below the first child of a kind.
fn name_of(node: &SyntaxNode, kind: K) -> Option<String> {
    last_word(&child(node, kind)?)
}
