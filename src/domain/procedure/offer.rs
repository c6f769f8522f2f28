//! Which procedures are asked about a case, in which order their plans are offered, and which plan goes with which
//! hypothesis.

use super::{Plan, Procedure};
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Remedy, Verdict};
use crate::domain::proposal::Draft;

/// Plans of every procedure that is for the incident's kind of error or for a cause that was found. Plans for the roots
/// come first, as the diagnosis ranks them. With an incident, or a cause that a person wants looked at, what could not
/// be decided counts as well. Of two plans that begin with the same act, the first stays.
pub fn offers(procedures: &[Procedure], case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let counts = |h: &&Hypothesis| match h.verdict {
        Verdict::Supported => true,
        Verdict::Inconclusive => case.incident.is_some() || case.focus == Some(h.cause),
        Verdict::Refuted => false,
    };
    let causes: Vec<Cause> = diagnosis.hypotheses.iter().filter(counts).map(|h| h.cause).collect();
    let kind = case.incident.map(|incident| incident.kind);
    let mut ranked: Vec<(usize, Plan)> = Vec::new();
    for procedure in procedures {
        let by_kind = kind.is_some_and(|kind| procedure.kinds.contains(&kind));
        if !by_kind && !causes.iter().any(|cause| procedure.is_for(*cause)) {
            continue;
        }
        for plan in (procedure.plan)(case, diagnosis) {
            let place = diagnosis.hypotheses.iter().position(|h| h.cause == plan.cause);
            // What is for the very error that is asked about needs no hypothesis.
            let rank = place.unwrap_or(if by_kind { 0 } else { usize::MAX });
            ranked.push((rank, plan));
        }
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut begun: Vec<Draft> = Vec::new();
    ranked.retain(|(_, plan)| {
        let Some(first) = plan.steps.first() else { return true };
        let is_new = !begun.contains(&first.draft);
        begun.push(first.draft.clone());
        is_new
    });
    ranked.into_iter().map(|(_, plan)| plan).collect()
}

/// The same diagnosis with what would help written to each cause that was not refuted. Where a cause is there several
/// times, a plan that names the hypothesis's object goes with it; what no plan names, the first of the cause gets.
pub fn with_remedies(mut diagnosis: Diagnosis, plans: &[Plan]) -> Diagnosis {
    let mut met: Vec<Cause> = Vec::new();
    for hypothesis in diagnosis.hypotheses.iter_mut().filter(|h| h.verdict != Verdict::Refuted) {
        let is_first = !met.contains(&hypothesis.cause);
        met.push(hypothesis.cause);
        let of_cause: Vec<&Plan> = plans.iter().filter(|plan| plan.cause == hypothesis.cause).collect();
        let names = |plan: &&&Plan| hypothesis.about.as_deref().is_some_and(|about| plan.is_about(about));
        let named: Vec<&Plan> = of_cause.iter().filter(names).copied().collect();
        let chosen = match (named.is_empty(), is_first) {
            (false, _) => named,
            (true, true) => of_cause,
            (true, false) => continue,
        };
        hypothesis.remedy = remedy(&chosen).or(hypothesis.remedy.take());
    }
    diagnosis
}

/// What the first plan that can be proposed would do, else what a person is advised to do.
fn remedy(plans: &[&Plan]) -> Option<Remedy> {
    if let Some(plan) = plans.iter().find(|plan| plan.can_be_proposed()) {
        let statement = plan.steps.first().map(|step| step.draft.statement.clone()).filter(|s| !s.is_empty());
        return Some(Remedy { kind: plan.procedure.clone(), statement, words: plan.title.clone() });
    }
    let plan = plans.first()?;
    let words = plan.advice.first().unwrap_or(&plan.title).clone();
    Some(Remedy { kind: plan.procedure.clone(), statement: None, words })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{offers, with_remedies};
    use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Observation, Verdict};
    use crate::domain::error::event::{ErrorEvent, Source};
    use crate::domain::error::kind::{ErrorKind, Severity};
    use crate::domain::error::naming::Understood;
    use crate::domain::guard::Class;
    use crate::domain::incident::Incident;
    use crate::domain::procedure::{Check, OnFailure, Plan, Procedure, Rung, Step, Verification};
    use crate::domain::proposal::Draft;
    use crate::domain::target::{EngineId, Environment, Identity, TargetId, Timestamp};
    use std::collections::BTreeMap;

    fn plan(procedure: &str, cause: Cause, statement: &str) -> Plan {
        let verification =
            Verification { check: Check::WritesWork, within_ms: 1_000, words: "writes work".to_owned(), hold_ms: 0 };
        let step = Step {
            draft: Draft { statement: statement.to_owned(), class: Class::Kill, kind: None, database: None },
            why: String::new(),
            requires: Vec::new(),
            expected: Vec::new(),
            verification,
            on_failure: OnFailure::Ask,
            rung: Rung::Session,
            undo: None,
        };
        Plan {
            procedure: procedure.to_owned(),
            title: format!("{procedure}: {statement}"),
            cause,
            confidence: 60,
            evidence: Vec::new(),
            steps: vec![step],
            blocked: Vec::new(),
            advice: vec!["use a pooler".to_owned()],
        }
    }

    static PROCEDURES: &[Procedure] = &[
        Procedure {
            id: "C1",
            title: "a missing table",
            kinds: &[ErrorKind::TableNotFound],
            causes: &[],
            plan: |_, _| vec![plan("C1", Cause::MissingTable, "create")],
        },
        Procedure {
            id: "C5",
            title: "too many connections",
            kinds: &[],
            causes: &[Cause::ConnectionSaturation],
            plan: |_, _| vec![plan("C5", Cause::ConnectionSaturation, "end idle")],
        },
        Procedure {
            id: "C6",
            title: "a lock pile-up",
            kinds: &[],
            causes: &[Cause::IdleInTransaction],
            plan: |_, _| {
                vec![
                    plan("C6", Cause::IdleInTransaction, "end 7"),
                    plan("C6", Cause::IdleInTransaction, "end 8"),
                    plan("C6", Cause::IdleInTransaction, "end 7"),
                ]
            },
        },
    ];

    fn offered(incident: Option<&Incident>, focus: Option<Cause>, diagnosis: &Diagnosis) -> Vec<String> {
        let (identity, observation, usual) = (Identity::default(), Observation::default(), BTreeMap::new());
        let case = Case {
            now: Timestamp(0),
            identity: &identity,
            environment: Environment::Production,
            observation: &observation,
            incident,
            usual: &usual,
            focus,
            definitions: &[],
        };
        offers(PROCEDURES, &case, diagnosis).into_iter().map(|plan| plan.title).collect()
    }

    fn missing_table() -> Incident {
        let text = String::new;
        let error = Understood {
            code: text(),
            kind: ErrorKind::TableNotFound,
            severity: Severity::Error,
            object: None,
            message: text(),
            signature: text(),
            group: text(),
            title: text(),
            transient: false,
        };
        let event = ErrorEvent::new(Timestamp(0), TargetId::new("t"), EngineId("any"), Source::Log, error);
        Incident::new(1, &event, Timestamp(0))
    }

    fn pile_up() -> Diagnosis {
        Diagnosis::new(
            vec![
                Hypothesis::new(Cause::IdleInTransaction, Verdict::Supported, 0.9, Vec::new()).about("7"),
                Hypothesis::new(Cause::IdleInTransaction, Verdict::Supported, 0.8, Vec::new()).about("8"),
                Hypothesis::new(Cause::IdleInTransaction, Verdict::Supported, 0.7, Vec::new()).about("9"),
                Hypothesis::new(Cause::ConnectionSaturation, Verdict::Inconclusive, 0.5, Vec::new()),
            ],
            Vec::new(),
        )
    }

    #[test]
    fn plans_are_for_roots_and_for_the_undecided_only_when_somebody_asks() {
        let found = pile_up();
        assert_eq!(offered(None, None, &found), ["C6: end 7", "C6: end 8"]);
        let focused = offered(None, Some(Cause::ConnectionSaturation), &found);
        assert_eq!(focused, ["C6: end 7", "C6: end 8", "C5: end idle"]);
        let incident = missing_table();
        let asked = offered(Some(&incident), None, &found);
        assert_eq!(asked, ["C1: create", "C6: end 7", "C6: end 8", "C5: end idle"]);
    }

    #[test]
    fn each_hypothesis_gets_the_plan_that_names_it() {
        let plans = [plan("C6", Cause::IdleInTransaction, "end 8"), plan("C6", Cause::IdleInTransaction, "end 7")];
        let found = with_remedies(pile_up(), &plans);
        let statements: Vec<_> =
            found.hypotheses.iter().map(|h| h.remedy.as_ref().and_then(|r| r.statement.as_deref())).collect();
        assert_eq!(statements, [Some("end 7"), Some("end 8"), None, None]);
    }

    #[test]
    fn a_plan_that_must_not_run_leaves_its_advice() {
        let mut blocked = plan("C5", Cause::ConnectionSaturation, "end idle");
        blocked.blocked.push("nobody knows how long they are idle".to_owned());
        let found = with_remedies(pile_up(), &[blocked]);
        let remedy = found.of(Cause::ConnectionSaturation).and_then(|h| h.remedy.clone()).unwrap();
        assert_eq!((remedy.statement, remedy.words.as_str()), (None, "use a pooler"));
    }
}
