//! Steps of plans: what they require, whether they helped, what becomes of them when they did not, and what that does
//! to the incident that they are for.

use super::*;
use dba_gpt::domain::diagnosis::Cause;
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::kind::{ErrorKind, Severity};
use dba_gpt::domain::incident::limits::{Limits, Terms};
use dba_gpt::domain::incident::stage::{Resolution, Stage as IncidentStage};
use dba_gpt::domain::learning::Ended;
use dba_gpt::domain::procedure::{Check, Comparison, OnFailure, Plan, Purpose, Rung, Step, Verification};
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::target::Timestamp;

pub const UPDATE: &str = "UPDATE orders SET status = 'void' WHERE id IN (2, 3)";

/// A check of the file's size, which holds when it is at most so many bytes.
pub fn at_most(bytes: f64) -> Check {
    Check::Reading { metric: "data_bytes".into(), is: Comparison::AtMost, value: bytes }
}

/// Every file is smaller, and none is.
pub const HOLDS: f64 = 1e12;
pub const NEVER: f64 = 1.0;

pub fn step(statement: &str, helps: bool, on_failure: OnFailure) -> Step {
    Step {
        draft: Draft { statement: statement.into(), class: Class::Dml, kind: None, database: None },
        why: "it is the cause".into(),
        requires: vec![at_most(HOLDS)],
        expected: vec!["open 5 -> 4".into()],
        verification: Verification {
            check: Check::All(vec![at_most(HOLDS), at_most(if helps { HOLDS } else { NEVER })]),
            within_ms: 0,
            words: "the file is small enough".into(),
            hold_ms: 0,
        },
        on_failure,
        rung: Rung::Setting,
        undo: None,
    }
}

/// A step that every server can judge and none can be helped by: collecting costs no negative time.
pub fn own_cost_step(statement: &str, on_failure: OnFailure) -> Step {
    let own_cost = |is, value| Check::Reading { metric: "own_cost".into(), is, value };
    let mut step = step(statement, false, on_failure);
    step.requires = vec![own_cost(Comparison::AtLeast, 0.0)];
    step.verification.check = own_cost(Comparison::AtMost, -1.0);
    step
}

pub fn purpose(steps: Vec<Step>, incident: Option<u64>) -> Purpose {
    let plan = Plan {
        procedure: "C5".into(),
        title: "make it small".into(),
        cause: Cause::DiskFull,
        confidence: 60,
        evidence: Vec::new(),
        steps,
        blocked: Vec::new(),
        advice: Vec::new(),
    };
    Purpose { incident, signature: incident.map(|_| "s".into()), plan, step: 0, shown_confidence: 60 }
}

impl Site {
    async fn propose_step(&self, purpose: Purpose) -> Result<Proposal, NotProposed> {
        self.workshop.propose_step(&self.ways, &self.target(), purpose).await
    }

    /// An error that opens or meets the one incident of this site.
    pub async fn error(&self, at: Timestamp) -> u64 {
        let event = ErrorEvent {
            at,
            target: self.ways.target.clone(),
            engine: "sqlite".into(),
            source: Source::Log,
            code: "13".into(),
            kind: ErrorKind::DiskFull,
            severity: Severity::Error,
            object: None,
            message: "database or disk is full".into(),
            statement: None,
            more: None,
            user: None,
            database: None,
            signature: "s".into(),
            group: "g".into(),
            title: "disk full".into(),
            transient: false,
            count: 1,
        };
        let changes = self.workshop.store.report(vec![event], Terms::default(), at).await.unwrap();
        changes[0].incident.id
    }

    async fn incident(&self, id: u64) -> (IncidentStage, Option<Resolution>) {
        let incident = self.workshop.store.incident(id).await.unwrap().unwrap();
        (incident.stage, incident.resolution)
    }

    /// Proposes, approves, and gives the end.
    pub async fn fix(&self, purpose: Purpose) -> Proposal {
        let proposal = self.propose_step(purpose).await.unwrap();
        self.approve(proposal.id, &consent(&proposal)).await.unwrap()
    }
}

fn last_words(proposal: &Proposal) -> &str {
    &proposal.happenings.last().unwrap().words
}

#[tokio::test]
async fn what_helped_is_verified_and_ends_its_incident() {
    let site = Site::new();
    let incident = site.error(moment().wall).await;
    let done = site.fix(purpose(vec![step(UPDATE, true, OnFailure::RollBack)], Some(incident))).await;
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert_eq!(done.verified.as_ref().and_then(|v| v.held), Some(true));
    assert!(last_words(&done).starts_with("verified after "), "{}", last_words(&done));
    assert!(last_words(&done).contains("findings "), "{}", last_words(&done));
    assert!(done.server_version > 30_000);
    assert_eq!(site.on_file(done.id).await, done);
    assert_eq!(site.audited(done.id), ["proposed", "approved", "intent", "outcome", "verified"]);
    assert_eq!(site.incident(incident).await, (IncidentStage::Resolved, Some(Resolution::Fixed(done.id))));
    assert_eq!(site.workshop.store.proposals(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_has_to_last_ends_its_incident_later_or_fails_when_it_comes_again() {
    for comes_again in [false, true] {
        let site = Site::new();
        let incident = site.error(moment().wall).await;
        let mut lasting = step(UPDATE, true, OnFailure::Ask);
        lasting.verification.hold_ms = 60_000;
        site.fix(purpose(vec![lasting], Some(incident))).await;
        assert_eq!(site.incident(incident).await.0, IncidentStage::Verifying);
        let now = moment().wall;
        if comes_again {
            site.error(now.plus_ms(30_000)).await;
        }
        let learned = site.workshop.store.learned(now).await.unwrap();
        let ended = if comes_again { Ended::CameAgain } else { Ended::Held };
        assert_eq!(learned.outcomes().iter().map(|o| o.ended).collect::<Vec<_>>(), [ended]);
        let limits = Limits { quiet_ms: 1, ..Limits::default() };
        let terms = Terms { limits, ..Terms::default() };
        site.workshop.store.settle_incidents(terms, now.plus_ms(20_000)).await.unwrap();
        let early = site.incident(incident).await.0;
        assert_eq!(early, if comes_again { IncidentStage::Reopened } else { IncidentStage::Verifying });
        site.workshop.store.settle_incidents(Terms::default(), now.plus_ms(60_500)).await.unwrap();
        let (stage, _) = site.incident(incident).await;
        assert_eq!(stage == IncidentStage::Resolved, !comes_again, "{stage:?}");
    }
}

#[tokio::test]
async fn what_a_step_requires_is_asked_when_it_is_proposed() {
    let site = Site::new();
    let unknown = Check::Reading { metric: "nothing".into(), is: Comparison::AtMost, value: 1.0 };
    for (check, words) in [(at_most(NEVER), "does not hold"), (unknown, "is not known")] {
        let mut one = step(UPDATE, true, OnFailure::Ask);
        one.requires.push(check);
        match site.propose_step(purpose(vec![one], None)).await {
            Err(NotProposed::Refused(said)) => assert!(said.contains(words), "{said}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    let mut blocked = purpose(vec![step(UPDATE, true, OnFailure::Ask)], None);
    blocked.plan.blocked.push("a replica reads it".into());
    assert_eq!(site.propose_step(blocked).await, Err(NotProposed::Refused("a replica reads it".into())));
    assert!(site.workshop.store.proposals(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_step_requires_is_asked_again_right_before_it_is_sent() {
    let site = Site::new();
    let incident = site.error(moment().wall).await;
    let bytes = std::fs::metadata(site.folder.join("shop.db")).unwrap().len();
    let mut one = step(UPDATE, true, OnFailure::Ask);
    one.requires = vec![at_most(bytes as f64)];
    let proposal = site.propose_step(purpose(vec![one], Some(incident))).await.unwrap();
    site.shop().execute_batch("CREATE TABLE more (x); INSERT INTO more VALUES (zeroblob(100000))").unwrap();
    let before = site.rows();
    let refused = site.approve(proposal.id, &consent(&proposal)).await.unwrap_err();
    assert!(refused.words.contains("does not hold"), "{}", refused.words);
    assert_eq!(site.rows(), before);
    assert_eq!(site.on_file(proposal.id).await.stage, Stage::Waiting);
    assert_eq!(site.audited(proposal.id), ["proposed", "approved", "refused"]);
    assert_eq!(site.incident(incident).await.0, IncidentStage::Proposed);
}

#[tokio::test]
async fn what_did_not_help_is_taken_back_by_itself() {
    let statements = [UPDATE, "DELETE FROM orders WHERE id = 7", "CREATE INDEX by_status ON orders (status)"];
    for statement in statements {
        let site = Site::new();
        let incident = site.error(moment().wall).await;
        let before = (site.rows(), site.objects());
        let undone = site.fix(purpose(vec![step(statement, false, OnFailure::RollBack)], Some(incident))).await;
        assert_eq!(undone.stage, Stage::Undone, "{statement}: {:?}", undone.happenings);
        assert!(last_words(&undone).contains("old state is back"), "{statement}: {}", last_words(&undone));
        assert_eq!((site.rows(), site.objects()), before, "{statement}");
        assert_eq!(undone.verified.as_ref().and_then(|v| v.held), Some(false));
        let audited = ["proposed", "approved", "intent", "outcome", "rollback", "rollback"];
        assert_eq!(site.audited(undone.id), audited, "{statement}");
        assert_eq!(site.incident(incident).await.0, IncidentStage::Open);
        assert_eq!(site.workshop.store.proposals(10).await.unwrap().len(), 1, "{statement}");
    }
}

#[tokio::test]
async fn a_rollback_that_the_server_refuses_needs_a_person() {
    let site = Site::new();
    // The undo of the removed row is refused by then.
    let guarded = "CREATE TRIGGER t AFTER DELETE ON orders BEGIN
                       INSERT INTO kept VALUES (old.id); END;
                   CREATE TRIGGER u BEFORE INSERT ON orders BEGIN SELECT raise(ABORT, 'no more orders'); END";
    site.shop().execute_batch(&format!("CREATE TABLE kept (id); {guarded}")).unwrap();
    let ended =
        site.fix(purpose(vec![step("DELETE FROM orders WHERE id = 7", false, OnFailure::RollBack)], None)).await;
    // Where triggers make an inverse impossible, nothing is taken back by itself and a person is told.
    match ended.stage {
        Stage::NeedsPerson => assert!(last_words(&ended).contains("was not"), "{}", last_words(&ended)),
        Stage::Done => assert!(last_words(&ended).contains("did not help"), "{}", last_words(&ended)),
        other => panic!("{other:?}: {:?}", ended.happenings),
    }
    assert!(!site.rows().iter().any(|row| row.starts_with("orders: Integer(7)")));
}

#[tokio::test]
async fn what_nobody_takes_back_by_itself_is_handed_to_a_person_with_its_undo() {
    let site = Site::new();
    let done = site.fix(purpose(vec![step(UPDATE, false, OnFailure::Ask)], None)).await;
    assert_eq!(done.stage, Stage::Done);
    assert!(last_words(&done).contains("did not help"), "{}", last_words(&done));
    assert_eq!(site.audited(done.id).last().map(String::as_str), Some("unverified"));
    let filed = site.workshop.store.proposals(10).await.unwrap();
    let undo = filed.iter().find(|p| p.origin == Origin::Undo(done.id)).expect("the undo waits");
    assert_eq!(undo.stage, Stage::Waiting);
    assert!(undo.purpose.is_none());
}

#[tokio::test]
async fn a_plan_goes_on_with_its_next_step() {
    for helps in [true, false] {
        let site = Site::new();
        let incident = site.error(moment().wall).await;
        let second = "DELETE FROM orders WHERE id = 7";
        let steps = vec![step(UPDATE, helps, OnFailure::Ask), step(second, true, OnFailure::Ask)];
        let first = site.fix(purpose(steps, Some(incident))).await;
        let filed = site.workshop.store.proposals(10).await.unwrap();
        let next = filed.iter().find(|p| p.id != first.id).expect("the next step waits");
        assert_eq!((next.draft.statement.as_str(), next.stage), (second, Stage::Waiting));
        assert_eq!(next.origin, Origin::Procedure("C5".into()));
        assert_eq!(next.purpose.as_ref().map(|p| p.step), Some(1));
        assert_eq!(site.incident(incident).await.0, IncidentStage::Proposed);
        let ended = site.approve(next.id, &consent(next)).await.unwrap();
        assert_eq!(ended.stage, Stage::Done, "{:?}", ended.happenings);
        assert_eq!(site.incident(incident).await.0, IncidentStage::Resolved);
    }
}

#[tokio::test]
async fn a_next_step_whose_requirements_do_not_hold_is_left_out() {
    let site = Site::new();
    let mut second = step("DELETE FROM orders WHERE id = 7", true, OnFailure::Ask);
    second.requires = vec![at_most(NEVER)];
    let first = site.fix(purpose(vec![step(UPDATE, true, OnFailure::Ask), second], None)).await;
    assert_eq!(first.stage, Stage::Done);
    assert_eq!(site.workshop.store.proposals(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_stops_the_looking_decides_about_the_rollback() {
    let site = Site::new();
    let mut patient = step(UPDATE, false, OnFailure::RollBack);
    patient.verification.within_ms = 600_000;
    let proposal = site.propose_step(purpose(vec![patient], None)).await.unwrap();
    let (stop, before) = (CancellationToken::new(), site.rows());
    let told = |p: &Proposal| {
        if p.stage == Stage::Verifying {
            stop.cancel();
        }
    };
    let done = site.workshop.carry_out(&site.ways, proposal.id, &consent(&proposal), &stop, &told).await.unwrap();
    assert_eq!(done.stage, Stage::Done, "{:?}", done.happenings);
    assert!(last_words(&done).contains("stopped"), "{}", last_words(&done));
    assert_ne!(site.rows(), before, "nothing was taken back");
}

#[tokio::test]
async fn what_comes_after_an_act_is_part_of_its_approval() {
    let site = Site::new();
    type Change = fn(&mut Step);
    let changes: [(&str, Change); 6] = [
        ("a requirement", |s| s.requires.clear()),
        ("another requirement", |s| s.requires[0] = at_most(HOLDS * 2.0)),
        ("the check", |s| s.verification.check = at_most(HOLDS)),
        ("its time", |s| s.verification.within_ms = 1),
        ("its hold", |s| s.verification.hold_ms = 1),
        ("the rollback", |s| s.on_failure = OnFailure::Ask),
    ];
    for (what, change) in changes {
        let proposal = site.propose_step(purpose(vec![step(UPDATE, true, OnFailure::RollBack)], None)).await.unwrap();
        let drawn = consent(&proposal);
        let mut edited = proposal.clone();
        change(&mut edited.purpose.as_mut().unwrap().plan.steps[0]);
        assert!(site.workshop.store.replace_proposal(Stage::Waiting, edited).await.unwrap());
        let refused = site.approve(proposal.id, &drawn).await.expect_err(what);
        assert!(refused.words.contains("what was on the screen"), "{what}: {}", refused.words);
    }
}

#[tokio::test]
async fn the_stored_undo_is_part_of_the_approval_of_what_takes_itself_back() {
    let site = Site::new();
    let create = "CREATE INDEX by_status ON orders (status)";
    let proposal = site.propose_step(purpose(vec![step(create, false, OnFailure::RollBack)], None)).await.unwrap();
    let drawn = consent(&proposal);
    let mut edited = proposal.clone();
    edited.survey.inverse =
        dba_gpt::domain::proposal::survey::Inverse::Statements(vec!["DROP TABLE orders".to_owned()]);
    assert!(site.workshop.store.replace_proposal(Stage::Waiting, edited).await.unwrap());
    let refused = site.approve(proposal.id, &drawn).await.unwrap_err();
    assert!(refused.words.contains("what was on the screen"), "{}", refused.words);
    // Drawn anew with that in it, it is found to be another one than the server would give.
    let now = site.on_file(proposal.id).await;
    let refused = site.approve(proposal.id, &consent(&now)).await.unwrap_err();
    assert!(refused.words.contains("what comes after it changed"), "{}", refused.words);
    assert_eq!(site.rows().len(), 10);
}

#[tokio::test]
async fn an_outcome_is_learned_with_the_end_of_its_proposal() {
    use dba_gpt::domain::learning::About;
    for (helps, ended, confidence) in [(true, Ended::Held, 65), (false, Ended::Failed, 50)] {
        let site = Site::new();
        let store = &site.workshop.store;
        let incident = site.error(moment().wall).await;
        let wanted = purpose(vec![step(UPDATE, helps, OnFailure::RollBack)], Some(incident));
        let fixed = site.fix(wanted.clone()).await;
        let learned = store.learned(moment().wall).await.unwrap();
        let [outcome] = learned.outcomes() else { panic!("{:?}", learned.outcomes()) };
        assert_eq!((outcome.proposal, outcome.ended, outcome.shown), (Some(fixed.id), ended, 60));
        assert_eq!((outcome.key.group.as_str(), outcome.key.engine.as_str(), outcome.key.major), ("g", "sqlite", 3));
        let about = About { signature: Some("s"), group: "g", engine: "sqlite", version: fixed.server_version };
        let shown = learned.shown(&wanted.plan, &about);
        assert_eq!((shown.confidence, shown.worked, shown.tried), (confidence, u32::from(helps), 1));

        // A thumb counts; the second one of the same person takes the place of the first.
        for up in [true, false] {
            site.workshop.rate(fixed.id, up, "password=hunter2 was wrong".into()).await.unwrap();
        }
        let shown = store.learned(moment().wall).await.unwrap().shown(&wanted.plan, &about);
        assert_eq!((shown.confidence, shown.tried), (confidence - 10, 1));
        assert!(site.workshop.rate(fixed.id + 1, true, String::new()).await.is_err());
        let typed = site.propose(UPDATE).await;
        assert!(site.workshop.rate(typed.id, true, String::new()).await.is_err(), "nothing of it is known");
        // Nobody used it for three months.
        let later = moment().wall.plus_ms(91 * 86_400_000);
        assert_eq!(store.learned(later).await.unwrap().shown(&wanted.plan, &about).tried, 0);
        while store.prune(later).await.unwrap().more {}
        assert_eq!(store.learned(moment().wall).await.unwrap().outcomes().len(), 0);
    }
}
