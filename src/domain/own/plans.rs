//! Procedures of a person's own as plans: offered beside those of the engine, each step a free statement.

use super::{Asked, OwnProcedure, OwnStep, Parameters, code_of};
use crate::domain::diagnosis::{self, Case, Diagnosis};
use crate::domain::dialect::Dialect;
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung, Step, Verification};
use crate::domain::proposal::Draft;

/// How sure we are of a person's own procedure before anything was learned: somebody who knows the system wrote it.
const CONFIDENCE: u8 = 60;

/// The plans for a case, in the order of the configuration.
pub fn plans(own: &[OwnProcedure], case: &Case<'_>, diagnosis: &Diagnosis, dialect: &dyn Dialect) -> Vec<Plan> {
    let fits = |procedure: &&OwnProcedure| {
        let by_incident = case.incident.is_some_and(|incident| {
            procedure.kinds.contains(&incident.kind)
                || procedure.checks.iter().any(|check| code_of(check) == incident.code)
        });
        let by_cause = diagnosis.of(procedure.cause).is_some_and(|h| h.verdict == diagnosis::Verdict::Supported);
        by_incident || by_cause || case.focus == Some(procedure.cause)
    };
    own.iter().filter(fits).map(|procedure| plan(procedure, case, dialect)).collect()
}

fn plan(procedure: &OwnProcedure, case: &Case<'_>, dialect: &dyn Dialect) -> Plan {
    let parameters = Parameters::of(case.incident, dialect);
    let (mut steps, mut blocked) = (Vec::new(), Vec::new());
    for (index, own) in procedure.steps.iter().enumerate() {
        match step(own, &parameters, dialect) {
            Ok(step) => steps.push(step),
            Err(words) => blocked.push(format!("step {}: {words}", index + 1)),
        }
    }
    Plan {
        procedure: format!("own:{}", procedure.name),
        title: procedure.title.clone(),
        cause: procedure.cause,
        confidence: CONFIDENCE,
        evidence: vec!["a procedure of your own configuration".to_owned()],
        steps,
        blocked,
        advice: Vec::new(),
    }
}

fn step(own: &OwnStep, parameters: &Parameters, dialect: &dyn Dialect) -> Result<Step, String> {
    let statement = parameters.fill(&own.statement)?;
    // The guard judges it again, with the server's catalogue, when it is proposed.
    let class = dialect.classify(&statement, Author::Person, &Catalog::default()).class;
    let requires = own.only_if.as_ref().map(|asked| check(asked, parameters)).transpose()?;
    let undo = own.undo.as_ref().map(|undo| undone_by(undo, parameters, dialect)).transpose()?;
    let words = format!("{} within {} s", own.verify.bound.words(), own.within_ms / 1000);
    Ok(Step {
        draft: Draft { statement, class, kind: None, database: None },
        why: own.why.clone(),
        requires: requires.into_iter().collect(),
        expected: vec![words.clone()],
        verification: Verification {
            check: check(&own.verify, parameters)?,
            within_ms: own.within_ms,
            words,
            hold_ms: 0,
        },
        on_failure: OnFailure::Ask,
        // Nobody but its author knows what it takes away: never without a person.
        rung: Rung::Removing,
        undo,
    })
}

/// What takes a step back, filled in. What the guard would never let run is no way back, and nobody shall rely on it.
fn undone_by(undo: &str, parameters: &Parameters, dialect: &dyn Dialect) -> Result<String, String> {
    let statement = parameters.fill(undo).map_err(|words| format!("what takes it back cannot be written: {words}"))?;
    let judged = dialect.classify(&statement, Author::Person, &Catalog::default());
    match judged.verdict {
        Verdict::NeedsApproval => Ok(statement),
        Verdict::Deny => Err(format!("what takes it back is refused: {}", judged.reason)),
        Verdict::Allow => Err("what takes it back changes nothing".to_owned()),
    }
}

fn check(asked: &Asked, parameters: &Parameters) -> Result<Check, String> {
    Ok(Check::Read {
        statement: parameters.fill(&asked.statement)?,
        column: asked.column.clone(),
        is: asked.bound.is,
        value: asked.bound.value,
    })
}
