//! What a colleague who knows PostgreSQL would say about a statement before it runs.
//!
//! The rules are those of squawk and of `strong_migrations`, under their names, as far as they make sense for one
//! statement that a person typed; a few are our own. `rules` lists them all, one a line; each family of rules is a
//! file. A rule sees the statement through `act` and answers with remarks: what happens to whom, and the statements
//! to run instead, made from the person's own names with `steps`.
//!
//! Advice is no gate: what may run is decided by the guard. A statement that the guard cannot read gets none.
//!
//! Kept by the session, and therefore no rules here:
//!
//! | rule | who keeps it |
//! |---|---|
//! | `ban-concurrent-index-creation-in-transaction` | the session runs `CONCURRENTLY` outside a transaction |
//! | `ban-uncommitted-transaction`, `transaction-nesting` | the session alone opens and ends transactions |
//! | `require-timeout-settings` (`-lock-`, `-statement-`) | every act has a lock and a statement timeout |
//! | `prefer-robust-stmts` | an act runs once, and its outcome is on record: nothing is run again from the middle |
//! | `require-table-schema`, but for new tables | names are qualified before the statement is approved |
//! | strong_migrations' "executing SQL directly", "create table with force" | there is one statement, and it is on the screen |

mod act;
mod columns;
mod constraints;
mod drops;
mod indexes;
mod keys;
mod maintenance;
mod names;
mod new_columns;
mod rows;
mod rules;
mod steps;
mod types;

#[cfg(test)]
mod tests;

use super::classify;
use crate::domain::proposal::advice::Advice;
use crate::engine::sql::advice;
use act::Act;
use squawk_syntax::ast::{AstNode, Stmt};

/// What there is to say about a statement on a server of this version, the gravest first.
pub(super) fn advise(text: &str, version: u32) -> Vec<Advice> {
    let Some(statement) = classify::one_statement(text).ok().and_then(Stmt::cast) else {
        return Vec::new();
    };
    advice::all(rules::RULES, &Act { statement, version })
}
