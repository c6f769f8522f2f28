//! What a policy lets run with nobody asked, and everything that it does not.

use super::*;
use dba_gpt::domain::diagnosis::Cause;
use dba_gpt::domain::guard::policy::{Freeze, LocalTime, Policy, Rule, What, Window};
use dba_gpt::domain::guard::ticket::Precondition;
use dba_gpt::domain::guard::ticket::by_policy::{NotByPolicy, Unattended, grant_by_policy};
use dba_gpt::domain::guard::{self, Author, Catalog, Judgement};
use dba_gpt::domain::procedure::{Check, OnFailure, Plan, Purpose, Rung, Step, Verification};
use dba_gpt::domain::proposal::Parts;
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, SessionRef, Upkeep};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::{Blast, Inverse, Place, Rights, Survey, Timeouts};
use dba_gpt::engine::EngineSpec;

fn spec() -> &'static EngineSpec {
    engine::by_name("postgres").unwrap()
}

fn sessions(count: i64) -> FixKind {
    let facts = vec![("backend_start".to_owned(), "2026-11-22 00:00:00.000000+00".to_owned())];
    let one = |id| SessionRef { id, facts: facts.clone(), about: "app".into() };
    FixKind::EndSessions((1..=count).map(one).collect())
}

fn proposal(kind: FixKind, rung: Rung) -> Proposal {
    let statement = spec().dialect.render(&kind).unwrap();
    let draft = Draft { statement, class: kind.class(), kind: Some(kind), database: None };
    let procedure = spec().examination.procedures.first().expect("PostgreSQL has procedures").id;
    let step = Step {
        draft: draft.clone(),
        why: String::new(),
        requires: vec![Check::ReplicationRuns],
        expected: Vec::new(),
        verification: Verification { check: Check::ReplicationRuns, within_ms: 1, words: "it runs".into(), hold_ms: 0 },
        on_failure: OnFailure::Ask,
        rung,
        undo: None,
    };
    let plan = Plan {
        procedure: procedure.into(),
        title: String::new(),
        cause: Cause::LockWaitChain,
        confidence: 80,
        evidence: Vec::new(),
        steps: vec![step],
        blocked: Vec::new(),
        advice: Vec::new(),
    };
    let survey = Survey {
        place: Place::default(),
        objects: Vec::new(),
        preconditions: vec![Precondition { text: "the session is there".into(), found: "yes".into() }],
        blast: Blast::default(),
        inverse: Inverse::None("what ended is over".into()),
        rights: Rights::Held,
        timeouts: Timeouts::ROWS,
    };
    let parts = Parts {
        target: TargetId::new("shop"),
        engine: "postgres".into(),
        environment: Environment::Development,
        address: "shop".into(),
        login: "fixer".into(),
        approvers: 1,
        draft,
        survey,
        advice: Vec::new(),
    };
    let purpose = Purpose { incident: None, signature: None, plan, step: 0, shown_confidence: 80 };
    let made = Proposal::new(moment().wall, Origin::Procedure(procedure.into()), parts).for_purpose(purpose);
    Proposal { id: 7, ..made }
}

fn rule() -> Rule {
    let what = What::Kind("end-sessions".into());
    Rule { what, rung: Rung::Session, window: None, most_sessions: 1, most_rows: 0 }
}

fn policy() -> Policy {
    Policy { rules: vec![rule()], ..Policy::default() }
}

fn judged(proposal: &Proposal) -> Judgement {
    guard::judge(spec().dialect, &Catalog::default(), &proposal.draft)
}

fn known(policy: &Policy) -> Unattended<'_> {
    Unattended {
        policy,
        procedures: spec().examination.procedures,
        dialect: spec().dialect,
        now: moment(),
        offset_minutes: 0,
        confidence: 80,
        attempts: 0,
        began: Some(moment().wall.plus_ms(-60_000)),
    }
}

/// Asks for a ticket; gives the refusal, or none.
fn refusal(proposal: &Proposal, policy: &Policy, change: impl FnOnce(&mut Unattended<'_>)) -> Option<NotByPolicy> {
    let mut known = known(policy);
    change(&mut known);
    grant_by_policy(proposal, &judged(proposal), &known, [1; 32]).err()
}

fn good() -> Proposal {
    proposal(sessions(1), Rung::Session)
}

#[test]
fn what_a_rule_names_gets_a_ticket_for_exactly_that_act() {
    let (proposal, policy) = (good(), policy());
    let granted = grant_by_policy(&proposal, &judged(&proposal), &known(&policy), [1; 32]).unwrap();
    assert_eq!(granted.ticket.digest(), proposal.act().digest());
    assert!(granted.rule.contains("end-sessions"), "{}", granted.rule);
    let by_procedure = Rule { what: What::Procedure(good().purpose.unwrap().plan.procedure), ..rule() };
    assert_eq!(refusal(&proposal, &Policy { rules: vec![by_procedure], ..Policy::default() }, |_| {}), None);
}

#[test]
fn the_default_is_nothing() {
    assert_eq!(refusal(&good(), &Policy::default(), |_| {}), Some(NotByPolicy::NoPolicy));
    assert!(!Policy::default().lets_anything());
}

#[test]
fn a_freeze_is_a_freeze() {
    let today = LocalTime::of(moment().wall, 0).day;
    for freeze in [Freeze::Always, Freeze::Days(vec![(today - 1, today + 1)])] {
        assert_eq!(refusal(&good(), &Policy { freeze, ..policy() }, |_| {}), Some(NotByPolicy::Frozen));
    }
    let over = Freeze::Days(vec![(today - 9, today - 2)]);
    assert_eq!(refusal(&good(), &Policy { freeze: over, ..policy() }, |_| {}), None);
}

#[test]
fn only_typed_steps_of_coded_procedures_run() {
    type Change = fn(&mut Proposal);
    let changes: [(Change, NotByPolicy); 9] = [
        (|p| p.purpose = None, NotByPolicy::NotOurs),
        (|p| p.origin = Origin::Person, NotByPolicy::NotOurs),
        (|p| p.origin = Origin::Undo(1), NotByPolicy::NotOurs),
        (|p| p.origin = Origin::Procedure("C99".into()), NotByPolicy::NotOurs),
        (
            |p| {
                p.origin = Origin::Procedure("X1".into());
                p.purpose.as_mut().unwrap().plan.procedure = "X1".into();
            },
            NotByPolicy::NotOurs,
        ),
        (|p| p.purpose.as_mut().unwrap().plan.blocked.push("no".into()), NotByPolicy::NotOurs),
        (|p| p.draft.kind = None, NotByPolicy::NotTyped),
        (|p| p.draft.statement.push(' '), NotByPolicy::NotTyped),
        (|p| p.draft.kind = Some(sessions(2)), NotByPolicy::NotTyped),
    ];
    for (place, (change, wanted)) in changes.into_iter().enumerate() {
        let mut changed = good();
        change(&mut changed);
        assert_eq!(refusal(&changed, &policy(), |_| {}), Some(wanted), "change {place}");
    }
}

#[test]
fn only_what_is_named_runs_and_only_as_far_as_its_rung() {
    let analyze = FixKind::Maintain(Upkeep::Analyze, Some(ObjectRef::new("app", "orders")));
    assert!(matches!(refusal(&proposal(analyze, Rung::Additive), &policy(), |_| {}), Some(NotByPolicy::NotNamed(_))));
    // A plan that makes itself smaller than its kind is not believed, and one that makes itself larger is.
    let low = Policy { rules: vec![Rule { rung: Rung::Setting, ..rule() }], ..Policy::default() };
    for rung in [Rung::Setting, Rung::Session] {
        let too_high = NotByPolicy::TooHigh(Rung::Session, Rung::Setting);
        assert_eq!(refusal(&proposal(sessions(1), rung), &low, |_| {}), Some(too_high));
    }
    let too_high = NotByPolicy::TooHigh(Rung::Removing, Rung::Session);
    assert_eq!(refusal(&proposal(sessions(1), Rung::Removing), &policy(), |_| {}), Some(too_high));
    // What takes something away never runs, whatever a rule says.
    let slot = FixKind::DropReplicationSlot("old".into());
    let all = Rule { what: What::Kind("drop-replication-slot".into()), rung: Rung::Removing, ..rule() };
    let too_high = NotByPolicy::TooHigh(Rung::Removing, Rung::Additive);
    let policy = Policy { rules: vec![all], ..Policy::default() };
    assert_eq!(refusal(&proposal(slot, Rung::Setting), &policy, |_| {}), Some(too_high));
}

#[test]
fn production_needs_a_window_and_a_window_is_kept() {
    let minute = LocalTime::of(moment().wall, 0).minute;
    let at = |from: i64, to: i64| {
        let minute = |m: i64| u16::try_from(m.rem_euclid(1440)).unwrap();
        Some(Window { from: minute(from), to: minute(to) })
    };
    // Far enough from its ends for the test to run on a slow machine.
    let (open, closed) = (at(minute - 60, minute + 60), at(minute + 60, minute + 120));
    for (environment, window, runs) in [
        (Environment::Production, None, false),
        (Environment::Unknown, None, false),
        (Environment::Production, open, true),
        (Environment::Unknown, open, true),
        (Environment::Staging, None, true),
        (Environment::Production, closed, false),
        (Environment::Development, closed, false),
    ] {
        let proposal = Proposal { environment, ..good() };
        let policy = Policy { rules: vec![Rule { window, ..rule() }], ..Policy::default() };
        assert_eq!(refusal(&proposal, &policy, |_| {}).is_none(), runs, "{environment:?} {window:?}");
    }
}

#[test]
fn limits_are_kept() {
    let two = proposal(sessions(2), Rung::Session);
    assert!(matches!(refusal(&two, &policy(), |_| {}), Some(NotByPolicy::TooMuch(_, 1))));
    let wider = Policy { rules: vec![Rule { most_sessions: 2, ..rule() }], ..Policy::default() };
    assert_eq!(refusal(&two, &wider, |_| {}), None);
    let many = Proposal { most_rows: Some(1), ..good() };
    assert!(matches!(refusal(&many, &policy(), |_| {}), Some(NotByPolicy::TooMuch(_, 0))));
    let mut grave = good();
    grave.gravity = dba_gpt::domain::guard::ticket::Gravity::High;
    assert_eq!(refusal(&grave, &policy(), |_| {}), Some(NotByPolicy::Grave));
}

#[test]
fn everything_else_that_makes_it_a_persons() {
    type Change = fn(&mut Proposal);
    let changes: [Change; 7] = [
        |p| p.stage = Stage::Denied,
        |p| p.stage = Stage::Seconding,
        |p| p.survey.rights = Rights::Missing(vec!["GRANT x".into()]),
        |p| p.survey.rights = Rights::Unknown("cannot be seen".into()),
        |p| p.approvers = 2,
        |p| p.purpose.as_mut().unwrap().plan.steps[0].requires.clear(),
        |p| p.purpose.as_mut().unwrap().plan.steps.clear(),
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut changed = good();
        change(&mut changed);
        assert!(refusal(&changed, &policy(), |_| {}).is_some(), "change {place}");
    }
    assert_eq!(refusal(&good(), &policy(), |k| k.confidence = 79), Some(NotByPolicy::Unsure(79, 80)));
    assert_eq!(refusal(&good(), &policy(), |k| k.attempts = 3), Some(NotByPolicy::TriedEnough(3)));
    let late = |k: &mut Unattended<'_>| k.began = Some(k.now.wall.plus_ms(-31 * 60_000));
    assert_eq!(refusal(&good(), &policy(), late), Some(NotByPolicy::TooLate(30)));
    let denied = Judgement::deny(Class::Kill, "no");
    let refused = grant_by_policy(&good(), &denied, &known(&policy()), [1; 32]).unwrap_err();
    assert_eq!(refused, NotByPolicy::Denied("no".into()));
    let otherwise = spec().dialect.classify("SELECT 1", Author::Model, &Catalog::default());
    assert!(grant_by_policy(&good(), &otherwise, &known(&policy()), [1; 32]).is_err());
}

/// The whole road on a file: with a policy that lets nothing a step waits, and the audit log says why.
#[tokio::test]
async fn without_a_policy_a_step_waits_for_a_person() {
    use super::plans::{UPDATE, purpose, step};
    let site = Site::new();
    let purpose = purpose(vec![step(UPDATE, true, OnFailure::Ask)], None);
    let filed = site.workshop.propose_step(&site.ways, &site.target(), purpose).await.unwrap();
    let before = site.rows();
    let stop = CancellationToken::new();
    let refused = site.workshop.carry_out_by_policy(&site.ways, filed.id, &stop, &|_| {}).await.unwrap_err();
    assert!(refused.words.contains("names nothing"), "{}", refused.words);
    assert_eq!((site.on_file(filed.id).await.stage, site.rows()), (Stage::Waiting, before));
    assert_eq!(site.audited(filed.id), ["proposed", "refused"]);
}

#[tokio::test]
async fn a_statement_that_is_not_typed_waits_whatever_the_policy_says() {
    use super::plans::{UPDATE, purpose, step};
    let mut site = Site::new();
    let all = Rule { what: What::Procedure("C5".into()), rung: Rung::Additive, ..rule() };
    site.ways.unattended = Policy { rules: vec![all], confidence: 0, ..Policy::default() };
    let purpose = purpose(vec![step(UPDATE, true, OnFailure::Ask)], None);
    let filed = site.workshop.propose_step(&site.ways, &site.target(), purpose).await.unwrap();
    let stop = CancellationToken::new();
    let refused = site.workshop.carry_out_by_policy(&site.ways, filed.id, &stop, &|_| {}).await.unwrap_err();
    assert!(refused.words.contains("this program"), "{}", refused.words);
    assert_eq!(site.on_file(filed.id).await.stage, Stage::Waiting);
}
