//! Upkeep that helped an incident which comes again, handed to the server's own scheduler: a plan like any other, for a
//! person to approve. Only where the configuration wants such objects in a customer's database at all.

use super::{Check, OnFailure, Plan, Rung, Step, Verification};
use crate::domain::dialect::Dialect;
use crate::domain::incident::Incident;
use crate::domain::incident::strategy::Strategy;
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use crate::domain::target::Timestamp;

/// The name under which outcomes are remembered.
const PROCEDURE: &str = "PREVENT";
/// A day, in hours and in milliseconds: upkeep runs daily at least.
const DAY_HOURS: u64 = 24;
const DAY_MS: u64 = 86_400_000;
/// Characters of an object's name that every engine takes.
const LONGEST_NAME: usize = 60;
/// Time in which the scheduler has to have it, milliseconds.
const WITHIN_MS: u64 = 10_000;

/// The plans for an incident that comes again: one for each table that a plan keeps in shape with upkeep that may run by
/// itself. None for an engine without a scheduler. Whether the scheduler runs is a condition of the step.
pub fn scheduled(incident: Option<&Incident>, plans: &[Plan], dialect: &dyn Dialect, now: Timestamp) -> Vec<Plan> {
    let Some(incident) = incident.filter(|incident| incident.strategy == Strategy::Preventive) else {
        return Vec::new();
    };
    let Some(runs) = dialect.scheduler() else { return Vec::new() };
    let mut found: Vec<Plan> = Vec::new();
    for plan in plans.iter().filter(|plan| plan.can_be_proposed()) {
        for step in &plan.steps {
            let Some(FixKind::Maintain(upkeep, Some(table))) = &step.draft.kind else { continue };
            let kind = FixKind::ScheduleUpkeep {
                name: name(*upkeep, table),
                every_hours: every_hours(incident, now),
                upkeep: *upkeep,
                table: table.clone(),
            };
            let known = found.iter().any(|p| p.steps.iter().any(|s| s.draft.kind.as_ref() == Some(&kind)));
            let Ok(statement) = dialect.render(&kind) else { continue };
            if !known {
                found.push(by_scheduler(plan, kind, statement, table, &runs));
            }
        }
    }
    found
}

/// Half of the time between two errors of the last day, so that one run lies between them; daily at least.
fn every_hours(incident: &Incident, now: Timestamp) -> u32 {
    let errors = incident.recurrence.within(now, DAY_MS).max(1);
    u32::try_from((DAY_HOURS / (2 * errors)).clamp(1, DAY_HOURS)).unwrap_or(1)
}

/// `dba_gpt_analyze_orders`, in the schema or database of the table.
fn name(upkeep: Upkeep, table: &ObjectRef) -> ObjectRef {
    let name = format!("dba_gpt_{}_{}", upkeep.words().replace(' ', "_"), table.name);
    ObjectRef { space: table.space.clone(), name: name.chars().take(LONGEST_NAME).collect() }
}

fn by_scheduler(of: &Plan, kind: FixKind, statement: String, table: &ObjectRef, runs: &Check) -> Plan {
    let words = kind.words();
    let step = Step {
        draft: Draft { statement, class: kind.class(), kind: Some(kind.clone()), database: None },
        why: "it came again: the server itself keeps it from coming, also when nobody watches".to_owned(),
        requires: vec![runs.clone(), Check::Exists(table.clone())],
        expected: vec!["a run of its own between two errors".to_owned()],
        verification: Verification {
            check: Check::InForce(Box::new(kind)),
            within_ms: WITHIN_MS,
            words: "the server's scheduler has it, enabled".to_owned(),
            hold_ms: 0,
        },
        on_failure: OnFailure::RollBack,
        rung: Rung::Removing,
        undo: None,
    };
    Plan {
        procedure: PROCEDURE.to_owned(),
        title: format!("Have the server {words}"),
        cause: of.cause,
        // What helps once may well help each time; less sure than the act itself.
        confidence: of.confidence.saturating_sub(10).max(40),
        evidence: of.evidence.clone(),
        steps: vec![step],
        blocked: Vec::new(),
        advice: vec!["the object stays in the server until somebody drops it: U on the act proposes that".to_owned()],
    }
}
