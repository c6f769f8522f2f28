//! What a policy lets run with nobody asked, and everything that it does not.

use super::*;
use dba_gpt::domain::diagnosis::Cause;
use dba_gpt::domain::guard::policy::{Freeze, LocalTime, Policy, Rule, What, Window};
use dba_gpt::domain::guard::ticket::by_policy::{NotByPolicy, Unattended, grant_by_policy, redeem_by_policy, required};
use dba_gpt::domain::guard::ticket::{Desk, Precondition, Refusal};
use dba_gpt::domain::guard::{self, Author, Catalog, Judgement};
use dba_gpt::domain::procedure::{Check, OnFailure, Plan, Purpose, Rung, Step, Verification};
use dba_gpt::domain::proposal::Parts;
use dba_gpt::domain::proposal::kind::{FixKind, ObjectRef, SessionRef, Upkeep};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::{Blast, Footprint, Inverse, Place, Rights, Survey, Timeouts};
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
    let touched = match &kind_of(&draft) {
        FixKind::CancelStatements(sessions) | FixKind::EndSessions(sessions) => sessions.clone(),
        _ => Vec::new(),
    };
    let mut requires: Vec<Check> = touched.into_iter().map(|session| Check::Blocks(session, 1)).collect();
    requires.push(Check::ReplicationRuns);
    let step = Step {
        draft: draft.clone(),
        why: String::new(),
        requires,
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
    Proposal { id: 7, by_itself: true, ..made }
}

fn kind_of(draft: &Draft) -> FixKind {
    draft.kind.clone().expect("every proposal here is of a typed kind")
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

#[test]
fn what_a_person_proposed_waits_for_a_person() {
    let by_key = Proposal { by_itself: false, ..good() };
    assert_eq!(refusal(&by_key, &policy(), |_| {}), Some(NotByPolicy::AskedFor));
    // As is what was kept before the record said who asked.
    let mut kept = serde_json::to_value(good()).unwrap();
    kept.as_object_mut().unwrap().remove("by_itself");
    assert!(!serde_json::from_value::<Proposal>(kept).unwrap().by_itself);
}

#[test]
fn a_session_is_touched_only_where_the_harm_is_proven() {
    type Change = fn(&mut Vec<Check>);
    let changes: [(Change, bool); 4] = [
        (|requires| requires[0] = Check::ReplicationRuns, false),
        (|requires| drop(requires.remove(0)), false),
        (|requires| requires[0] = Check::All(vec![Check::IdleFor(vec![session(1)], 2)]), true),
        (|requires| requires[0] = Check::Blocks(session(2), 1), false),
    ];
    for (place, (change, runs)) in changes.into_iter().enumerate() {
        let mut changed = good();
        change(&mut changed.purpose.as_mut().unwrap().plan.steps[0].requires);
        let refused = refusal(&changed, &policy(), |_| {});
        assert_eq!(refused, (!runs).then_some(NotByPolicy::NoHarm), "change {place}");
    }
    // What a person may approve for one that waits takes two of a policy, and a session that is idle for longer.
    let requires = vec![
        Check::Blocks(session(1), 1),
        Check::All(vec![Check::IdleFor(vec![session(1)], 2), Check::Blocks(session(1), 9)]),
        Check::IdleFor(vec![session(1)], 600),
        Check::ReplicationRuns,
    ];
    let strict = vec![
        Check::Blocks(session(1), 2),
        Check::All(vec![Check::IdleFor(vec![session(1)], 30), Check::Blocks(session(1), 9)]),
        Check::IdleFor(vec![session(1)], 600),
        Check::ReplicationRuns,
    ];
    assert_eq!(required(&policy(), &requires), strict);
}

fn session(id: i64) -> SessionRef {
    let FixKind::EndSessions(mut all) = sessions(id) else { panic!("sessions are ended") };
    all.pop().unwrap()
}

#[test]
fn what_nobody_knows_the_size_of_counts_as_grave() {
    let rule = Rule { what: What::Kind("create-index".into()), rung: Rung::Additive, ..rule() };
    let policy = Policy { rules: vec![rule], ..Policy::default() };
    let table = ObjectRef::new("app", "orders");
    let index = FixKind::CreateIndex { table, name: "orders_n".into(), columns: vec!["n".into()] };
    let footprint = |bytes| Footprint { name: "app.orders".into(), rows: Some(1), bytes };
    for (tables, rewrite, wanted) in [
        (vec![footprint(Some(8192))], Some(false), None),
        (vec![footprint(None)], Some(false), Some(NotByPolicy::UnknownSize("the size of what it works on"))),
        (vec![], Some(false), Some(NotByPolicy::UnknownSize("which tables it works on"))),
        (vec![footprint(Some(8192))], None, Some(NotByPolicy::UnknownSize("whether it writes a whole table anew"))),
    ] {
        let mut proposal = proposal(index.clone(), Rung::Additive);
        proposal.survey.blast = Blast { tables, rewrite, ..Blast::default() };
        assert_eq!(refusal(&proposal, &policy, |_| {}), wanted, "{:?}", proposal.survey.blast);
    }
}

#[test]
fn an_incident_that_is_not_on_record_or_begins_tomorrow_is_a_persons() {
    assert_eq!(refusal(&good(), &policy(), |k| k.began = None), Some(NotByPolicy::NoIncident));
    let tomorrow = |k: &mut Unattended<'_>| k.began = Some(k.now.wall.plus_ms(86_400_000));
    assert!(matches!(refusal(&good(), &policy(), tomorrow), Some(NotByPolicy::Future(_))));
    let old = |k: &mut Unattended<'_>| k.now.wall = k.now.wall.plus_ms(11 * 60_000);
    assert_eq!(refusal(&good(), &policy(), old), Some(NotByPolicy::OldEvidence));
    let back = |k: &mut Unattended<'_>| k.now.wall = k.now.wall.plus_ms(-60_000);
    assert!(matches!(refusal(&good(), &policy(), back), Some(NotByPolicy::Future(_))));
}

/// What is otherwise by the time at which a ticket is redeemed.
enum Otherwise {
    Policy(fn(&mut Policy)),
    Known(fn(&mut Unattended<'_>)),
    Found(fn(&mut Survey)),
}

/// Redeems a good ticket when one thing is otherwise by now.
fn redeemed(otherwise: &Otherwise) -> Result<u64, NotByPolicy> {
    let (proposal, mut policy_now) = (good(), policy());
    let granted = grant_by_policy(&proposal, &judged(&proposal), &known(&policy()), [1; 32]).unwrap();
    let approved = Proposal { stage: Stage::Approved, ..proposal };
    let mut fresh = approved.survey.clone();
    if let Otherwise::Policy(change) = otherwise {
        change(&mut policy_now);
    }
    let mut now = known(&policy_now);
    match otherwise {
        Otherwise::Policy(_) => {}
        Otherwise::Known(change) => change(&mut now),
        Otherwise::Found(change) => change(&mut fresh),
    }
    let mut desk = Desk::default();
    redeem_by_policy(&mut desk, granted.ticket, &approved, &fresh, &judged(&approved), &now).map(|act| act.id())
}

/// Minutes lie between the ticket and the first statement: a program of the person's own ran, and the fix login was let
/// in. Everything is asked again.
#[test]
fn the_policy_is_asked_again_when_its_ticket_is_redeemed() {
    use Otherwise::{Found, Known, Policy};
    assert_eq!(redeemed(&Known(|_| {})), Ok(7));
    assert_eq!(redeemed(&Policy(|policy| policy.freeze = Freeze::Always)), Err(NotByPolicy::Frozen));
    assert_eq!(redeemed(&Policy(|policy| policy.rules.clear())), Err(NotByPolicy::NoPolicy));
    let closed = redeemed(&Policy(|policy| {
        let minute = LocalTime::of(moment().wall, 0).minute;
        let at = |minutes: i64| u16::try_from((minute + minutes).rem_euclid(1_440)).unwrap();
        policy.rules[0].window = Some(Window { from: at(60), to: at(120) });
    }));
    assert!(matches!(closed, Err(NotByPolicy::WrongTime(_))), "{closed:?}");
    assert_eq!(redeemed(&Known(|known| known.began = None)), Err(NotByPolicy::NoIncident));
    assert_eq!(redeemed(&Known(|known| known.attempts = 3)), Err(NotByPolicy::TriedEnough(3)));
    assert_eq!(redeemed(&Known(|known| known.confidence = 79)), Err(NotByPolicy::Unsure(79, 80)));
    let late = redeemed(&Known(|known| known.began = Some(known.now.wall.plus_ms(-31 * 60_000))));
    assert_eq!(late, Err(NotByPolicy::TooLate(30)));
    let old = redeemed(&Known(|known| known.now.wall = known.now.wall.plus_ms(11 * 60_000)));
    assert_eq!(old, Err(NotByPolicy::OldEvidence));
    let unseen = redeemed(&Found(|fresh| fresh.rights = Rights::Unknown("hidden".into())));
    assert!(matches!(unseen, Err(NotByPolicy::Hindered(_))), "{unseen:?}");
    let moved = redeemed(&Found(|fresh| fresh.place.role = "replica".into()));
    assert!(matches!(moved, Err(NotByPolicy::Redeemed(Refusal::Moved(_)))), "{moved:?}");
    // And there is no way round that.
    let proposal = good();
    let granted = grant_by_policy(&proposal, &judged(&proposal), &known(&policy()), [1; 32]).unwrap();
    let act = proposal.act();
    let round = Desk::default().redeem(granted.ticket, act, &judged(&proposal), moment());
    assert_eq!(round.unwrap_err(), Refusal::PolicyNotAsked);
}

/// A file in WAL mode, an incident, and a checkpoint of it that this program proposed by itself.
struct Log {
    site: Site,
    incident: u64,
}

impl Log {
    async fn new() -> Self {
        let mut site = Site::new();
        site.shop().pragma_update(None, "journal_mode", "wal").unwrap();
        let checkpoint = Rule { what: What::Kind("maintain".into()), rung: Rung::Additive, ..rule() };
        site.ways.unattended = Policy { rules: vec![checkpoint], confidence: 60, ..Policy::default() };
        let incident = site.error(moment().wall).await;
        Self { site, incident }
    }

    async fn filed(&self, by_itself: bool) -> Proposal {
        use super::plans::{UPDATE, purpose, step};
        let kind = FixKind::Maintain(Upkeep::Checkpoint, None);
        let statement = self.site.ways.spec.dialect.render(&kind).unwrap();
        let mut step = step(UPDATE, true, OnFailure::Ask);
        step.draft = Draft { statement, class: kind.class(), kind: Some(kind), database: None };
        step.rung = Rung::Additive;
        let mut purpose = purpose(vec![step], Some(self.incident));
        purpose.plan.procedure = self.site.ways.spec.examination.procedures[0].id.into();
        let filed = self.site.workshop.propose_step(&self.site.ways, &self.site.target(), purpose).await.unwrap();
        if by_itself { unasked(&self.site, filed).await } else { filed }
    }

    /// The incident is open, also when it was over a moment ago.
    async fn comes_again(&mut self) {
        loop {
            self.incident = self.site.error(moment().wall).await;
            let known = self.site.workshop.store.incident(self.incident).await.unwrap().unwrap();
            if known.stage.is_open() {
                return;
            }
        }
    }

    async fn run(&self, id: u64) -> Result<Proposal, Refused> {
        let stop = CancellationToken::new();
        self.site.workshop.carry_out_by_policy(&self.site.ways, id, &stop, &|_| {}).await
    }
}

/// The same proposal, as this program files one by itself.
pub async fn unasked(site: &Site, filed: Proposal) -> Proposal {
    let filed = Proposal { by_itself: true, ..filed };
    assert!(site.workshop.store.replace_proposal(filed.stage, filed.clone()).await.unwrap());
    filed
}

#[tokio::test]
async fn what_a_person_proposed_is_not_run_by_the_workshop_either() {
    let log = Log::new().await;
    let by_key = log.filed(false).await;
    let refused = log.run(by_key.id).await.unwrap_err();
    assert!(refused.words.contains("a person proposed it"), "{}", refused.words);
    assert_eq!(log.site.on_file(by_key.id).await.stage, Stage::Waiting);
    let by_itself = log.filed(true).await;
    let done = log.run(by_itself.id).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
}

#[tokio::test]
async fn what_worked_elsewhere_unlocks_nothing_here() {
    let mut log = Log::new().await;
    log.site.ways.unattended.confidence = 70;
    let here = log.site.ways.target.clone();
    let twice_at = async |log: &mut Log, target: &TargetId| {
        log.site.ways.target = target.clone();
        for _ in 0..2 {
            let filed = log.filed(false).await;
            log.site.approve(filed.id, &consent(&filed)).await.unwrap();
        }
        log.site.ways.target = here.clone();
    };
    twice_at(&mut log, &TargetId::new("elsewhere")).await;
    log.comes_again().await;
    let filed = log.filed(true).await;
    let refused = log.run(filed.id).await.unwrap_err();
    assert!(refused.words.contains("the confidence in it is 60, and 70 are needed"), "{}", refused.words);
    twice_at(&mut log, &here).await;
    log.comes_again().await;
    let filed = log.filed(true).await;
    let done = log.run(filed.id).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
}

/// The incident ends between the ticket and the first statement, as it may while a program before the fix runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_before_the_first_statement_is_noticed() {
    use dba_gpt::domain::incident::Act;
    let log = Log::new().await;
    let filed = log.filed(true).await;
    let (store, incident) = (log.site.workshop.store.clone(), log.incident);
    let ends = move |proposal: &Proposal| {
        if proposal.stage == Stage::Approved {
            let act = Act::Resolve("it went away".into());
            let ending = store.act_on_incident(incident, act, moment().wall, Some("ann"));
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ending)).unwrap();
        }
    };
    let stop = CancellationToken::new();
    let refused = log.site.workshop.carry_out_by_policy(&log.site.ways, filed.id, &stop, &ends).await.unwrap_err();
    assert!(refused.words.contains("there is no open incident"), "{}", refused.words);
    assert_eq!(log.site.on_file(filed.id).await.stage, Stage::Waiting);
    assert!(!log.site.audited(filed.id).contains(&"intent".to_owned()), "nothing was sent");
}

/// The whole road on a file: with a policy that lets nothing a step waits, and the audit log says why.
#[tokio::test]
async fn without_a_policy_a_step_waits_for_a_person() {
    use super::plans::{UPDATE, purpose, step};
    let site = Site::new();
    let purpose = purpose(vec![step(UPDATE, true, OnFailure::Ask)], None);
    let filed = site.workshop.propose_step(&site.ways, &site.target(), purpose).await.unwrap();
    let filed = unasked(&site, filed).await;
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
    let filed = unasked(&site, filed).await;
    let stop = CancellationToken::new();
    let refused = site.workshop.carry_out_by_policy(&site.ways, filed.id, &stop, &|_| {}).await.unwrap_err();
    assert!(refused.words.contains("this program's own"), "{}", refused.words);
    assert_eq!(site.on_file(filed.id).await.stage, Stage::Waiting);
}
