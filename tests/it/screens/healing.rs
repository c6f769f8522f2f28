//! Causes, plans and the list of changes: their golden frames, and what their keys and the strategies of incidents do.

use super::approvals::ready;
use super::fixtures::{self, NOW};
use super::incidents;
use super::proposals;
use super::scenes::Scene;
use super::stage::Stage;
use crossterm::event::KeyCode;
use dba_gpt::app::action::Action;
use dba_gpt::app::effect::{DiagnoseRequest, Effect, SurveyRequest};
use dba_gpt::app::event::{Event, RequestId, Surveyed};
use dba_gpt::app::model::{Model, Screen};
use dba_gpt::app::update::update;
use dba_gpt::domain::diagnosis::{Cause, Diagnosis, Hypothesis, Verdict};
use dba_gpt::domain::error::kind::Severity;
use dba_gpt::domain::guard::Class;
use dba_gpt::domain::incident::book::{Change, What};
use dba_gpt::domain::incident::stage::Stage as IncidentStage;
use dba_gpt::domain::incident::strategy::Strategy;
use dba_gpt::domain::incident::{Act, Incident};
use dba_gpt::domain::procedure::{Check, Examined, OnFailure, Plan, Purpose, Rung, Step, Verification};
use dba_gpt::domain::proposal::kind::{FixKind, SessionRef};
use dba_gpt::domain::proposal::stage::Stage as At;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::domain::proposal::{Draft, Origin, Proposal};
use dba_gpt::domain::target::{Environment, TargetId};

fn session(id: i64) -> SessionRef {
    let about = "app_rw checkout-worker idle in txn 14m".into();
    SessionRef { id, facts: vec![("backend_start".into(), "2026-08-22 13:58:07.114+00".into())], about }
}

fn step(kind: FixKind, statement: &str, why: &str) -> Step {
    Step {
        draft: Draft { statement: statement.into(), class: kind.class(), kind: Some(kind), database: None },
        why: why.into(),
        requires: vec![Check::Blocks(session(88_123), 3), Check::IdleFor(vec![session(88_123)], 60)],
        expected: vec!["blocked 31 -> 0".into(), "connections 487 -> about 456".into()],
        verification: Verification {
            check: Check::NobodyWaitsFor(vec![session(88_123)]),
            within_ms: 30_000,
            words: "nobody waits for session 88123".into(),
            hold_ms: 120_000,
        },
        on_failure: OnFailure::Ask,
        rung: Rung::Session,
        undo: None,
    }
}

/// Ends the root of a lock pile-up, then keeps the next one from lasting.
pub fn plan() -> Plan {
    let end = FixKind::EndSessions(vec![session(88_123)]);
    let limit = FixKind::SetForRole {
        role: "app_rw".into(),
        name: "idle_in_transaction_session_timeout".into(),
        value: Some("60s".into()),
    };
    Plan {
        procedure: "C5".into(),
        title: "end session 88123, which waits inside its transaction".into(),
        cause: Cause::IdleInTransaction,
        confidence: 72,
        evidence: vec!["31 of 31 waiters chain to session 88123".into()],
        steps: vec![
            step(
                end,
                "SELECT pg_catalog.pg_terminate_backend(a.pid)\n  FROM pg_catalog.pg_stat_activity a\n WHERE (a.pid, a.backend_start) IN (...)",
                "cancelling does nothing to a session that is idle in a transaction",
            ),
            step(
                limit,
                "ALTER ROLE app_rw SET idle_in_transaction_session_timeout = '60s'",
                "so that the next one ends",
            ),
        ],
        blocked: Vec::new(),
        advice: vec!["Ask the owner of checkout-worker why it waits for its client inside a transaction.".into()],
    }
}

fn blocked() -> Plan {
    let kind = FixKind::ChangeSetting { name: "max_connections".into(), value: "800".into() };
    Plan {
        procedure: "C4".into(),
        title: "allow more connections".into(),
        cause: Cause::ConnectionSaturation,
        confidence: 45,
        steps: vec![step(kind, "ALTER SYSTEM SET max_connections = '800'", "")],
        blocked: vec!["it needs a restart of the primary, and the memory for 300 more sessions is not there".into()],
        ..plan()
    }
}

/// What was found when connections ran out behind one forgotten transaction.
pub fn examined() -> Examined {
    let text = |lines: &[&str]| lines.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let refuted = |cause| Hypothesis::new(cause, Verdict::Refuted, 0.9, text(&["0 of 10 looks"]));
    let hypotheses = vec![
        Hypothesis::new(
            Cause::IdleInTransaction,
            Verdict::Supported,
            0.96,
            text(&[
                "31 of 31 waiters chain to session 88123 (pg_locks, 20 looks)",
                "its client 10.2.0.17 has been silent for 14m 02s; 1m 00s would be usual",
                "no cycle among the waiters, so no deadlock timeout will clear it",
            ]),
        )
        .about("session 88123"),
        Hypothesis::new(Cause::LockWaitChain, Verdict::Supported, 0.9, text(&["31 sessions wait for a tuple lock"]))
            .follows_from(Cause::IdleInTransaction),
        Hypothesis::new(Cause::ConnectionSaturation, Verdict::Supported, 0.99, text(&["487 of 500 are used"]))
            .follows_from(Cause::IdleInTransaction),
        Hypothesis::new(Cause::IoSaturation, Verdict::Inconclusive, 0.5, text(&["track_io_timing is off"])),
        refuted(Cause::Deadlock),
        refuted(Cause::DiskFull),
        refuted(Cause::MissingIndex),
    ];
    let unknown = vec!["which statements are slow: pg_stat_statements is not installed (CREATE EXTENSION)".into()];
    Examined {
        target: TargetId::new("pg-orders-1"),
        at: NOW.plus_ms(-4_000),
        seconds: 10,
        diagnosis: Diagnosis::new(hypotheses, unknown),
        plans: vec![plan(), blocked()],
    }
}

fn on(target: &str) -> Examined {
    Examined { target: TargetId::new(target), plans: vec![plan()], ..examined() }
}

/// The proposal of the plan's first step, for the incident.
pub fn of_plan(id: u64) -> Proposal {
    let first = plan().steps[0].draft.clone();
    let mut p = proposals::waiting(id, "pg-orders-1", Environment::Production, Class::Kill, &first.statement);
    p.draft = first;
    p.origin = Origin::Procedure("C5".into());
    p.survey.inverse = Inverse::None("what it has not committed is rolled back; the client has to try again".into());
    p.survey.blast.tables.clear();
    p.survey.blast.exact_rows = None;
    p.survey.blast.estimated_rows = None;
    let incident = Some(412);
    p.for_purpose(Purpose { incident, signature: None, plan: plan(), step: 0, shown_confidence: 72 })
}

fn request(effects: &[Effect]) -> Option<DiagnoseRequest> {
    effects.iter().find_map(|e| if let Effect::Diagnose(request) = e { Some(request.clone()) } else { None })
}

fn survey_of(effects: &[Effect]) -> Option<SurveyRequest> {
    effects.iter().find_map(|e| if let Effect::Survey(request) = e { Some(request.clone()) } else { None })
}

fn acts(effects: &[Effect]) -> Vec<(u64, Vec<Act>)> {
    let of = |e: &Effect| if let Effect::ActOnIncident(id, acts) = e { Some((*id, acts.clone())) } else { None };
    effects.iter().filter_map(of).collect()
}

/// Answers the last question.
fn answer(model: &mut Model, request: &DiagnoseRequest, examined: Examined) -> Vec<Effect> {
    let now = model.now;
    update(model, Event::Diagnosed(now, request.id, request.target.clone(), Ok(Box::new(examined))))
}

/// The incident in full, looked at by its key and answered.
fn diagnosed(s: &mut Stage) {
    s.model = incidents::model(Screen::Incidents);
    s.keys("D");
    let asked = request(&s.effects()).unwrap();
    answer(&mut s.model, &asked, examined());
    s.model.notice = None;
    s.model.approvals = dba_gpt::app::approvals::ApprovalsModel::default();
}

fn server(s: &mut Stage) {
    s.model = fixtures::server("activity");
    s.keys("gD");
}

/// Every state.
pub const SCENES: &[Scene] = &[
    ("healing_looking", |s| {
        s.model = incidents::model(Screen::Incidents);
        s.keys("D");
        let asked = request(&s.effects()).unwrap();
        update(&mut s.model, Event::DiagnosisProgress(asked.id, 40));
        s.model.notice = None;
    }),
    ("healing_incident", diagnosed),
    ("healing_incident_plan", |s| {
        diagnosed(s);
        s.keys("j");
    }),
    ("healing_incident_plan_blocked", |s| {
        diagnosed(s);
        s.keys("jjjjp");
    }),
    ("healing_incident_chosen", |s| {
        diagnosed(s);
        s.keys("j");
        s.press(KeyCode::Tab);
    }),
    ("healing_incident_unfolded", |s| {
        diagnosed(s);
        s.keys("G");
        s.press(KeyCode::Enter);
    }),
    ("healing_incident_plan_in_full", |s| {
        diagnosed(s);
        s.keys("j");
        s.press(KeyCode::Enter);
    }),
    ("healing_incident_failed", |s| {
        s.model = incidents::model(Screen::Incidents);
        s.keys("D");
        let asked = request(&s.effects()).unwrap();
        let why = Err("the connection was lost: server closed it".to_owned());
        let now = s.model.now;
        update(&mut s.model, Event::Diagnosed(now, asked.id, asked.target, why));
    }),
    ("healing_incident_without_a_model", |s| {
        s.model = incidents::model(Screen::Incidents);
        s.act(Action::Incident("413".into()));
        s.keys("D");
        let asked = request(&s.effects()).unwrap();
        let nothing = Diagnosis::new(examined().diagnosis.hypotheses.split_off(3), Vec::new());
        answer(&mut s.model, &asked, Examined { diagnosis: nothing, plans: Vec::new(), ..examined() });
        s.model.notice = None;
    }),
    ("healing_server_never", server),
    ("healing_server", |s| {
        server(s);
        s.keys("D");
        let asked = request(&s.effects()).unwrap();
        answer(&mut s.model, &asked, examined());
        s.model.notice = None;
    }),
    ("approvals_plan_step", |s| {
        s.model = with_incidents(vec![of_plan(58), proposals::update_of_orders(59)]);
        ready(s);
    }),
    ("approvals_plan_step_full", |s| {
        s.model = with_incidents(vec![of_plan(58)]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_plan_step_denied_before", |s| {
        let denied = proposals::at_stage(of_plan(51), &[(At::Denied, "the worker is being drained, wait")]);
        s.model = with_incidents(vec![of_plan(58), denied]);
        s.act(Action::Open);
        ready(s);
    }),
    ("approvals_changes_none", |s| {
        s.model = proposals::model(Vec::new());
        s.keys("u");
        update(&mut s.model, Event::ChangesLoaded(Vec::new(), false));
    }),
    ("approvals_changes", |s| {
        s.model = changed();
        s.keys("u");
        update(&mut s.model, Event::ChangesLoaded(changes(), true));
        s.keys("j");
    }),
];

/// The approvals screen with the incidents that its proposals are for.
fn with_incidents(proposals: Vec<Proposal>) -> Model {
    let mut model = proposals::model(proposals);
    update(&mut model, Event::IncidentsLoaded(NOW, Box::new(incidents::remembered())));
    model
}

fn changed() -> Model {
    proposals::model(vec![proposals::update_of_orders(59)])
}

/// A row changed, a setting that was changed back by hand, sessions that were ended.
fn changes() -> Vec<Proposal> {
    let mut index = proposals::done(48);
    index.draft.statement = "CREATE INDEX CONCURRENTLY orders_paid ON app.orders (status)".into();
    index.survey.inverse = Inverse::Statements(vec!["DROP INDEX CONCURRENTLY app.orders_paid".into()]);
    let mut rows = proposals::done(47);
    rows.survey.inverse = Inverse::Statements(vec![
        "UPDATE app.orders SET status = 'open' WHERE id = 4711".into(),
        "UPDATE app.orders SET note = NULL WHERE id = 4711".into(),
    ]);
    let mut ended = proposals::done(46);
    ended.survey.inverse = Inverse::None("a session that was ended is gone".into());
    vec![index, rows, ended, proposals::needs_person(45)]
}

#[test]
fn an_incident_is_looked_at_by_its_key_once_and_hears_of_it() {
    let mut s = Stage::with(incidents::model(Screen::Incidents));
    s.keys("j");
    s.keys("D");
    let effects = s.effects();
    assert_eq!(s.model.incidents.open, Some(409), "the incident is shown");
    assert_eq!(acts(&effects), [(409, vec![Act::Diagnose])]);
    let asked = request(&effects).unwrap();
    assert_eq!((asked.target.as_str(), asked.seconds, asked.focus), ("pg-dwh", 10, None));
    assert_eq!(asked.incident.as_ref().map(|i| i.id), Some(409));
    s.keys("D");
    assert_eq!(request(&s.effects()), None);
    assert!(s.text().contains("is being looked at already"));
    let effects = answer(&mut s.model, &asked, on("pg-dwh"));
    let [(409, found)] = &acts(&effects)[..] else { panic!("{effects:?}") };
    assert!(matches!(&found[..], [Act::Find(words)] if words.contains("session 88123 (96%)")), "{found:?}");
    // A late answer to the same question means nothing.
    assert_eq!(answer(&mut s.model, &asked, on("pg-dwh")), []);
}

#[test]
fn a_critical_incident_gets_its_emergency_proposed_at_once_and_only_once() {
    let mut s = Stage::with(incidents::model(Screen::Incidents));
    s.keys("D");
    let asked = request(&s.effects()).unwrap();
    let effects = answer(&mut s.model, &asked, examined());
    let survey = survey_of(&effects).unwrap();
    let purpose = survey.purpose.clone().unwrap();
    assert_eq!((purpose.incident, purpose.step, purpose.shown_confidence), (Some(412), 0, 72));
    assert_eq!(survey.draft, plan().steps[0].draft);
    // Looked at once more while that is on its way: nothing is proposed beside it.
    s.keys("D");
    let again = request(&s.effects()).unwrap();
    assert_eq!(survey_of(&answer(&mut s.model, &again, examined())), None);
    let effects = surveyed(&mut s.model, &survey);
    let [Effect::FileProposal(proposal)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(proposal.origin, Origin::Procedure("C5".into()));
    assert!(proposal.by_itself, "a policy may let it run");
    assert_eq!(proposal.purpose, Some(purpose));
    let filed = Proposal { id: 70, ..(**proposal).clone() };
    let now = s.model.now;
    let effects = update(&mut s.model, Event::ProposalChanged(now, Box::new(filed.clone())));
    assert_eq!(acts(&effects), [(412, vec![Act::Propose(70)])]);
    // Nor while it waits.
    s.keys("D");
    let again = request(&s.effects()).unwrap();
    assert_eq!(survey_of(&answer(&mut s.model, &again, examined())), None);
    s.keys("gg");
    s.keys("p");
    assert!(s.text().contains("#70 proposes that already"));
    // Denied: never again by itself for this incident, and the incident is open again.
    let mut incident = s.model.incidents.get(412).unwrap().clone();
    incident.act(&Act::Propose(70), NOW, None).unwrap();
    update(&mut s.model, Event::IncidentChanged(now, Box::new(incident.clone())));
    let denied = proposals::at_stage(filed, &[(At::Denied, "it is being drained")]);
    let effects = update(&mut s.model, Event::ProposalChanged(now, Box::new(denied)));
    assert_eq!(acts(&effects), [(412, vec![Act::Decline(70, "it is being drained".into())])]);
    incident.act(&Act::Decline(70, String::new()), NOW, None).unwrap();
    update(&mut s.model, Event::IncidentChanged(now, Box::new(incident)));
    s.keys("D");
    let again = request(&s.effects()).unwrap();
    assert_eq!(survey_of(&answer(&mut s.model, &again, examined())), None);
    s.keys("p");
    let survey = survey_of(&s.effects()).expect("a person may ask for it all the same");
    let effects = surveyed(&mut s.model, &survey);
    let [Effect::FileProposal(proposal)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(proposal.origin, Origin::Procedure("C5".into()));
    assert!(!proposal.by_itself, "what a person asked for waits for a person, whatever a policy says");
}

fn surveyed(model: &mut Model, request: &SurveyRequest) -> Vec<Effect> {
    let found = Surveyed {
        draft: request.draft.clone(),
        survey: proposals::survey(),
        advice: Vec::new(),
        login: "dba_fix".into(),
        approvers: 1,
    };
    let now = model.now;
    update(model, Event::Surveyed(now, request.id, Ok(Box::new(found))))
}

#[test]
fn a_plan_below_the_limit_or_for_something_else_waits_for_a_person() {
    let ask = |examined: Examined, keys: &str| {
        let mut s = Stage::with(incidents::model(Screen::Incidents));
        s.keys(keys);
        let asked = request(&s.effects()).unwrap();
        let by_itself = survey_of(&answer(&mut s.model, &asked, examined)).is_some();
        s.keys("p");
        (by_itself, survey_of(&s.effects()).is_some(), s.text())
    };
    let with = |plan: Plan| Examined { plans: vec![plan], ..examined() };
    assert!(matches!(ask(with(Plan { confidence: 59, ..plan() }), "D"), (false, true, _)));
    assert!(matches!(ask(with(Plan { confidence: 60, ..plan() }), "D"), (true, false, _)), "it is on its way");
    // What comes again and is no emergency: the plan is shown, and proposed by a person.
    assert!(matches!(ask(on("pg-dwh"), "jD"), (false, true, _)));
    let no = Plan { blocked: vec!["the blocker is autovacuum".into()], ..plan() };
    let (by_itself, by_key, text) = ask(with(no), "D");
    assert!(!by_itself && !by_key && text.contains("C5 cannot be proposed: the blocker is autovacuum"), "{text}");
    let advice = Plan { steps: Vec::new(), ..plan() };
    let (by_itself, by_key, text) = ask(with(advice), "D");
    assert!(!by_itself && !by_key && text.contains("C5 is advice"), "{text}");
}

#[test]
fn a_person_steers_where_it_looks() {
    let mut s = Stage::default_diagnosed();
    s.keys("jjj");
    s.keys("L");
    let asked = request(&s.effects()).unwrap();
    assert_eq!(asked.focus, Some(Cause::ConnectionSaturation));
    let effects = answer(&mut s.model, &asked, examined());
    assert_eq!(survey_of(&effects), None, "who steers wants to choose");
    for (typed, focus) in
        [("locks", None), ("lock wait chain", Some(Cause::LockWaitChain)), ("disk_full", Some(Cause::DiskFull))]
    {
        s.act(Action::Command(format!("diagnose {typed}")));
        let asked = request(&s.effects());
        assert_eq!(asked.as_ref().and_then(|r| r.focus), focus, "{typed}");
        if let Some(asked) = asked {
            answer(&mut s.model, &asked, examined());
        } else {
            assert!(s.text().contains("could be"), "{typed}");
        }
    }
}

impl Stage {
    fn default_diagnosed() -> Self {
        let mut s = Self::with(incidents::model(Screen::Incidents));
        diagnosed(&mut s);
        s.effects();
        s
    }
}

fn new_critical(id: u64) -> Change {
    let incident = Incident { id, stage: IncidentStage::Open, ..incidents::full() };
    Change { incident, what: [What::Opened].into() }
}

#[test]
fn what_is_critical_is_looked_at_by_itself_once_a_minute_and_by_one_process() {
    let mut model = fixtures::fleet();
    model.detects = true;
    let now = model.now;
    let begun = |effects: &[Effect]| request(effects).and_then(|r| r.incident).map(|i| i.id);
    let effects = update(&mut model, Event::IncidentsChanged(now, vec![new_critical(501), new_critical(502)]));
    assert_eq!(begun(&effects), Some(501));
    let asked = request(&effects).unwrap();
    answer(&mut model, &asked, examined());
    assert_eq!(begun(&update(&mut model, Event::Tick(now.plus_ms(59_000)))), None);
    assert_eq!(begun(&update(&mut model, Event::Tick(now.plus_ms(60_000)))), Some(502));

    let mut other = fixtures::fleet();
    assert_eq!(begun(&update(&mut other, Event::IncidentsChanged(now, vec![new_critical(501)]))), None);
    other.detects = true;
    other.diagnosis_terms.unasked = dba_gpt::domain::diagnosis::Unasked::Never;
    assert_eq!(begun(&update(&mut other, Event::IncidentsChanged(now, vec![new_critical(501)]))), None);
    // Over before it could be looked at.
    other.diagnosis_terms.unasked = dba_gpt::domain::diagnosis::Unasked::All;
    let mut over = new_critical(503);
    over.incident.stage = IncidentStage::Resolved;
    assert_eq!(begun(&update(&mut other, Event::IncidentsChanged(now, vec![over]))), None);
}

/// Incident 501, at a stage, and what changed of it.
fn warning(stage: IncidentStage, severity: Severity, what: What) -> Change {
    let Change { incident, .. } = new_critical(501);
    Change { incident: Incident { stage, severity, ..incident }, what: [what].into() }
}

/// Asks for nothing while it is a warning, and is looked at once it is critical, wherever it stands by then.
#[test]
fn what_becomes_critical_later_is_looked_at_like_a_new_one_and_once() {
    let begun = |effects: &[Effect]| request(effects).and_then(|r| r.incident).map(|i| i.id);
    for stage in [IncidentStage::Open, IncidentStage::Diagnosing, IncidentStage::Proposed] {
        let mut model = fixtures::fleet();
        model.detects = true;
        let mut opened = warning(IncidentStage::Open, Severity::Warning, What::Opened);
        opened.incident.strategy = Strategy::AiPowered;
        let now = model.now;
        assert_eq!(begun(&update(&mut model, Event::IncidentsChanged(now, vec![opened]))), None);
        let rise = warning(stage, Severity::Critical, What::Worsened);
        let effects = update(&mut model, Event::IncidentsChanged(now, vec![rise.clone()]));
        assert_eq!(begun(&effects), Some(501), "{stage:?}");
        let asked = request(&effects).unwrap();
        let by_itself = survey_of(&answer(&mut model, &asked, examined()));
        assert_eq!(by_itself.is_some(), stage != IncidentStage::Proposed, "{stage:?}: a fix of it waits already");
        // Once per rise: more of the same errors ask for nothing.
        let more = Change { what: [What::Counted].into(), ..rise };
        assert_eq!(begun(&update(&mut model, Event::IncidentsChanged(now.plus_ms(61_000), vec![more]))), None);
        assert_eq!(begun(&update(&mut model, Event::Tick(now.plus_ms(122_000)))), None);
    }
}

#[test]
fn what_becomes_critical_while_a_fix_runs_is_looked_at_when_that_came_to_nothing() {
    let begun = |effects: &[Effect]| request(effects).and_then(|r| r.incident).map(|i| i.id);
    for (ended, again) in [(IncidentStage::Open, Some(501)), (IncidentStage::Resolved, None)] {
        let mut model = fixtures::fleet();
        model.detects = true;
        let now = model.now;
        let rise = warning(IncidentStage::Acting, Severity::Critical, What::Worsened);
        assert_eq!(begun(&update(&mut model, Event::IncidentsChanged(now, vec![rise]))), None);
        assert_eq!(begun(&update(&mut model, Event::Tick(now.plus_ms(61_000)))), None);
        let incident = warning(ended, Severity::Critical, What::Acted).incident;
        update(&mut model, Event::IncidentChanged(now, Box::new(incident)));
        assert_eq!(begun(&update(&mut model, Event::Tick(now.plus_ms(62_000)))), again, "{ended:?}");
        assert_eq!(begun(&update(&mut model, Event::Tick(now.plus_ms(123_000)))), None);
    }
}

#[test]
fn an_answer_that_never_comes_is_given_up() {
    let mut s = Stage::with(incidents::model(Screen::Incidents));
    s.keys("D");
    let late = s.model.now.plus_ms(10_000 + 60_001);
    s.effects();
    update(&mut s.model, Event::Tick(late));
    s.keys("D");
    assert!(request(&s.effects()).is_some_and(|r| r.id > RequestId(1)));
}

#[test]
fn what_the_service_waits_for_comes_first_in_the_queue() {
    let mut model = proposals::model(vec![proposals::update_of_orders(59), of_plan(58)]);
    let ids = |model: &Model| model.approvals.filed.iter().map(|f| f.proposal.id).collect::<Vec<_>>();
    assert_eq!(ids(&model), [59, 58]);
    update(&mut model, Event::IncidentsLoaded(NOW, Box::new(incidents::remembered())));
    assert_eq!(ids(&model), [58, 59]);
}

#[test]
fn what_was_changed_is_undone_statement_by_statement() {
    let mut s = Stage::with(changed());
    s.keys("u");
    assert!(s.effects().contains(&Effect::LoadChanges));
    update(&mut s.model, Event::ChangesLoaded(changes(), false));
    s.keys("A");
    assert!(s.model.overlay.is_none(), "nothing is decided in the list of changes");
    s.keys("jU");
    let survey = survey_of(&s.effects()).unwrap();
    assert_eq!(survey.draft.statement, "UPDATE app.orders SET status = 'open' WHERE id = 4711");
    let effects = surveyed(&mut s.model, &survey);
    let [Effect::FileProposal(proposal)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(proposal.origin, Origin::Undo(47));
    let filed = Proposal { id: 71, ..(**proposal).clone() };
    let now = s.model.now;
    update(&mut s.model, Event::ProposalChanged(now, Box::new(filed.clone())));
    s.keys("U");
    assert_eq!(survey_of(&s.effects()), None);
    assert!(s.text().contains("#71 waits already to undo #47"));
    let stages = [(At::Approved, ""), (At::Intended, ""), (At::Running, ""), (At::Done, "1 row")];
    update(&mut s.model, Event::ProposalChanged(now, Box::new(proposals::at_stage(filed, &stages))));
    s.act(Action::Undo("47".into()));
    let survey = survey_of(&s.effects()).unwrap();
    assert_eq!(survey.draft.statement, "UPDATE app.orders SET note = NULL WHERE id = 4711");
    s.act(Action::Undo("46".into()));
    assert!(s.text().contains("#46 cannot be undone: a session that was ended is gone"));
}

/// An incident in full with its causes, on a target on which what is approved may run.
pub fn at_the_causes() -> Model {
    Stage::default_diagnosed().model
}

/// A plan in which every text is the payload.
fn poisoned_plan(payload: &str) -> Plan {
    let p = || payload.to_owned();
    let mut plan = plan();
    for step in &mut plan.steps {
        step.draft.statement = p();
        step.draft.kind = Some(FixKind::UnlinkKeys(vec![p()]));
        (step.why, step.expected) = (p(), vec![p()]);
        step.requires = vec![Check::Understands(p()), Check::KeysGone(vec![p()])];
        step.verification.words = p();
    }
    (plan.procedure, plan.title) = (p(), p());
    (plan.evidence, plan.advice, plan.blocked) = (vec![p()], vec![p()], vec![p()]);
    plan
}

pub fn poisoned_purpose(payload: &str) -> Purpose {
    let mut found = examined();
    found.plans = vec![poisoned_plan(payload)];
    found.clean();
    let plan = found.plans.remove(0);
    Purpose { incident: Some(412), signature: Some(payload.to_owned()), plan, step: 0, shown_confidence: 72 }
}

/// What was found, with the payload in every text.
pub fn poisoned(payload: &str) -> Examined {
    let mut found = examined();
    found.diagnosis.hypotheses.truncate(3);
    for hypothesis in &mut found.diagnosis.hypotheses {
        hypothesis.about = Some(payload.to_owned());
        hypothesis.evidence.truncate(1);
        for evidence in &mut hypothesis.evidence {
            evidence.text = String::from(payload);
        }
    }
    found.diagnosis.unknown = vec![payload.to_owned()];
    found.plans = vec![poisoned_plan(payload)];
    found.clean();
    found
}

/// The causes of the first incident and of the first target were found, and the proposals are what was changed.
pub fn answer_all(model: &mut Model, examined: &Examined) {
    let mut changes: Vec<Proposal> = model.approvals.filed.iter().map(|f| f.proposal.clone()).collect();
    for change in &mut changes {
        change.stage = At::Done;
    }
    update(model, Event::ChangesLoaded(changes, false));
    for screen in [Screen::Incidents, Screen::Health] {
        model.screen = screen;
        let now = model.now;
        let effects = update(model, Event::Action(now, Action::Diagnose(String::new())));
        let asked = request(&effects).unwrap();
        answer(model, &asked, examined.clone());
        model.incidents.open = None;
        model.health.server = None;
    }
    model.approvals.full = false;
    model.health.view = "";
}
