//! Procedures of a person's own as plans: when they are offered, and what their parameters become.

use dba_gpt::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Observation, Verdict};
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::guard::Class;
use dba_gpt::domain::incident::Incident;
use dba_gpt::domain::own::{Asked, Bound, OwnProcedure, OwnStep, plans};
use dba_gpt::domain::procedure::{Comparison, Plan, Rung};
use dba_gpt::domain::target::{EngineId, Environment, Identity, TargetId, Timestamp};
use std::collections::BTreeMap;

fn own(statement: &str) -> OwnProcedure {
    let bound = Bound { is: Comparison::AtMost, value: 0.0 };
    let verify = Asked { statement: "SELECT count(*) FROM q WHERE o = :object_text".into(), column: None, bound };
    let step = OwnStep {
        statement: statement.into(),
        why: "why".into(),
        only_if: None,
        verify,
        within_ms: 30_000,
        undo: Some("UPDATE q SET o = :object_text WHERE o IS NULL".into()),
    };
    OwnProcedure {
        name: "unstick".into(),
        title: "unstick".into(),
        engine: EngineId("postgres"),
        targets: Vec::new(),
        cause: Cause::LockContention,
        kinds: vec![ErrorKind::LockTimeout],
        checks: vec!["queue".into()],
        steps: vec![step],
    }
}

fn incident(code: &str, kind: ErrorKind, object: Option<&str>) -> Incident {
    let event = ErrorEvent {
        at: Timestamp(0),
        target: TargetId::new("a"),
        engine: "postgres".into(),
        source: Source::Log,
        code: code.into(),
        kind,
        severity: Severity::Error,
        object: object.map(str::to_owned),
        message: "m".into(),
        statement: None,
        more: None,
        user: None,
        database: None,
        signature: "s".into(),
        group: "g".into(),
        title: "t".into(),
        transient: false,
        count: 1,
    };
    Incident::new(1, &event, Timestamp(0))
}

fn plans_for(procedure: &OwnProcedure, incident: Option<&Incident>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let (identity, observation, usual) = (Identity::default(), Observation::default(), BTreeMap::new());
    let case = Case {
        now: Timestamp(0),
        identity: &identity,
        environment: Environment::Development,
        observation: &observation,
        incident,
        usual: &usual,
        focus: None,
        definitions: &[],
    };
    let dialect = dba_gpt::engine::by_name("postgres").unwrap().dialect;
    plans(std::slice::from_ref(procedure), &case, diagnosis, dialect)
}

#[test]
fn a_procedure_is_offered_for_its_kind_its_check_and_its_cause_alone() {
    let procedure = own("UPDATE q SET o = NULL WHERE o = 'x'");
    let nothing = Diagnosis::default();
    for (code, kind, offered) in
        [("55P03", ErrorKind::LockTimeout, 1), ("CHECK_QUEUE", ErrorKind::Other, 1), ("40P01", ErrorKind::Deadlock, 0)]
    {
        let incident = incident(code, kind, Some("app.orders"));
        assert_eq!(plans_for(&procedure, Some(&incident), &nothing).len(), offered, "{code}");
    }
    let found =
        |verdict| Diagnosis::new(vec![Hypothesis::new(Cause::LockContention, verdict, 0.9, Vec::new())], Vec::new());
    assert_eq!(plans_for(&procedure, None, &found(Verdict::Supported)).len(), 1);
    assert_eq!(plans_for(&procedure, None, &found(Verdict::Refuted)).len(), 0);
}

#[test]
fn parameters_are_quoted_and_a_missing_object_blocks() {
    let procedure = own("DELETE FROM :object WHERE owner = :object_text");
    let nasty = incident("55P03", ErrorKind::LockTimeout, Some("app.x'; DROP TABLE y; --"));
    let plan = plans_for(&procedure, Some(&nasty), &Diagnosis::default()).remove(0);
    let step = &plan.steps[0];
    assert_eq!(
        step.draft.statement,
        "DELETE FROM app.\"x'; DROP TABLE y; --\" WHERE owner = 'app.x''; DROP TABLE y; --'"
    );
    assert_eq!((step.draft.class, step.rung, step.draft.kind.is_none()), (Class::Dml, Rung::Removing, true));
    assert_eq!(step.undo.as_deref(), Some("UPDATE q SET o = 'app.x''; DROP TABLE y; --' WHERE o IS NULL"));
    let without = incident("55P03", ErrorKind::LockTimeout, None);
    let plan = plans_for(&procedure, Some(&without), &Diagnosis::default()).remove(0);
    assert!(!plan.can_be_proposed() && plan.blocked[0].contains(":object"), "{:?}", plan.blocked);
}
