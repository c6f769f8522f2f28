//! Steps of plans, put together the same way by every engine: the statement is rendered from the kind, and what a kind
//! cannot be rendered to becomes a reason, never a step.

use crate::domain::dialect::Dialect;
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, OnFailure, Plan, Rung, Step, Verification};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::FixKind;

/// A step of a typed kind, with nothing required before it and nobody but a person asked when it fails.
///
/// # Errors
/// The dialect's sentence when the kind has no statement with these parameters.
pub(in crate::engine) fn of_kind(
    dialect: &dyn Dialect,
    kind: FixKind,
    rung: Rung,
    verification: Verification,
) -> Result<Step, String> {
    let statement = dialect.render(&kind)?;
    Ok(Step {
        draft: Draft { statement, class: kind.class(), kind: Some(kind), database: None },
        why: String::new(),
        requires: Vec::new(),
        expected: Vec::new(),
        verification,
        on_failure: OnFailure::Ask,
        rung,
        undo: None,
    })
}

/// Adds a step of a typed kind to a plan; why it cannot be one blocks the plan.
pub(in crate::engine) fn add(
    dialect: &dyn Dialect,
    plan: &mut Plan,
    kind: FixKind,
    rung: Rung,
    verification: Verification,
    finish: impl FnOnce(&mut Step),
) {
    match of_kind(dialect, kind, rung, verification) {
        Ok(mut step) => {
            finish(&mut step);
            plan.steps.push(step);
        }
        Err(why) => plan.blocked.push(why),
    }
}

/// A step of a statement without a typed kind: one of our own making, which the guard judges like a person's.
pub(in crate::engine) fn of_statement(statement: String, class: Class, rung: Rung, verification: Verification) -> Step {
    Step {
        draft: Draft { statement, class, kind: None, database: None },
        why: String::new(),
        requires: Vec::new(),
        expected: Vec::new(),
        verification,
        on_failure: OnFailure::Ask,
        rung,
        undo: None,
    }
}

/// What has to hold within so many seconds, and for how many minutes no error of the incident may come after that.
pub(in crate::engine) fn within(check: Check, seconds: u64, words: &str, hold_minutes: u64) -> Verification {
    Verification {
        check,
        within_ms: seconds * 1_000,
        words: format!("{words} within {seconds} s"),
        hold_ms: hold_minutes * 60_000,
    }
}
