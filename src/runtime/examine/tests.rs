//! A session that answers from a list, so that it is seen what is asked when, and what becomes of refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{Inquiry, examine};
use crate::app::effect::DiagnoseRequest;
use crate::app::event::RequestId;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, Hypothesis, Verdict};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::guard::Allowed;
use crate::domain::guard::Class;
use crate::domain::guard::ticket::Approved;
use crate::domain::procedure::{Check, OnFailure, Plan, Procedure, Rung, Step, Verification};
use crate::domain::proposal::Draft;
use crate::domain::proposal::kind::{FixKind, ObjectRef, Upkeep};
use crate::domain::proposal::survey::Survey;
use crate::domain::rows::{Column, Limits, Rows, Value};
use crate::domain::target::{Environment, Identity, TargetId};
use crate::engine::{
    self, ActError, Acted, EngineSpec, Examination, Param, Probe, Query, ReadSummary, RowSink, Session, When, Witness,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const fn query(name: &'static str) -> Query {
    Query { name, text: "", timeout_ms: 500 }
}
static VERSION: Query = query("once");
static COUNTERS: Query = query("ends");
static SESSIONS: Query = query("often");
static SECRET: Query = query("refused");
static BROKEN: Query = query("broken");

/// What a case must hold for the judge to find anything.
fn judge(case: &Case<'_>) -> Diagnosis {
    let seen = case.observation;
    let whole = seen.all("once").len() == 1
        && seen.all("ends").len() == 2
        && seen.all("often").len() >= 2
        && seen.refusal("refused").is_some_and(|why| why.contains("denied"))
        && seen.seconds("ends").is_some_and(|seconds| seconds >= 0.9)
        && seen.plans.len() == 1;
    let verdict = if whole { Verdict::Supported } else { Verdict::Refuted };
    let evidence = vec!["seen in postgres://app:hunter2@db/shop".to_owned()];
    Diagnosis::new(vec![Hypothesis::new(Cause::BadStatistics, verdict, 0.9, evidence)], Vec::new())
}

fn plan(_: &Case<'_>, _: &Diagnosis) -> Vec<Plan> {
    let kind = FixKind::Maintain(Upkeep::Analyze, Some(ObjectRef::new("", "orders")));
    let draft = Draft { statement: String::new(), class: Class::Maintenance, kind: Some(kind), database: None };
    let verification =
        Verification { check: Check::WritesWork, within_ms: 1_000, words: "writes work".to_owned(), hold_ms: 0 };
    let step = Step {
        draft,
        why: String::new(),
        requires: Vec::new(),
        expected: Vec::new(),
        verification,
        on_failure: OnFailure::Ask,
        rung: Rung::Additive,
        undo: None,
    };
    vec![Plan {
        procedure: "C9".to_owned(),
        title: "read statistics anew".to_owned(),
        cause: Cause::BadStatistics,
        confidence: 60,
        evidence: Vec::new(),
        steps: vec![step],
        blocked: Vec::new(),
        advice: Vec::new(),
    }]
}

static PROCEDURES: &[Procedure] =
    &[Procedure { id: "C9", title: "statistics", kinds: &[], causes: &[Cause::BadStatistics], plan }];

fn probes(_: &Identity) -> Vec<Probe> {
    vec![
        Probe { query: &VERSION, when: When::Once },
        Probe { query: &COUNTERS, when: When::Ends },
        Probe { query: &SESSIONS, when: When::Often },
        Probe { query: &SECRET, when: When::Often },
    ]
}

static EXAMINATION: Examination = Examination {
    probes,
    look_further: Some(|session, _, observation| {
        Box::pin(async move {
            let rows = session.own(&VERSION, &[]).await?;
            observation.add("further", crate::domain::target::Timestamp(0), rows);
            Err(SessionError::Unsupported("denied as well".to_owned()))
        })
    }),
    plans: |_, _| vec!["EXPLAIN QUERY PLAN SELECT 1".to_owned(), "DELETE FROM orders".to_owned()],
    judge,
    procedures: PROCEDURES,
};

static BREAKING: Examination = Examination {
    probes: |_| vec![Probe { query: &BROKEN, when: When::Once }],
    look_further: None,
    plans: |_, _| Vec::new(),
    judge: |_| Diagnosis::default(),
    procedures: &[],
};

/// An engine of everyday with another way of finding causes. It lives as long as the tests.
fn spec(examination: &'static Examination) -> &'static EngineSpec {
    let schema = |_: &mut dyn Session| -> engine::Task<'_, _> { Box::pin(async { Ok(Default::default()) }) };
    let known = engine::by_name("sqlite").unwrap();
    Box::leak(Box::new(EngineSpec { examination, schema, gates: engine::gates::Gates::ROLE_ALONE, ..*known }))
}

#[derive(Default)]
struct Answers {
    identity: Identity,
    asked: Vec<&'static str>,
    read: Vec<String>,
}

#[async_trait]
impl Session for Answers {
    fn identity(&self) -> &Identity {
        &self.identity
    }
    async fn own(&mut self, query: &'static Query, _: &[Param]) -> Result<Rows, SessionError> {
        self.asked.push(query.name);
        match query.name {
            "refused" => {
                let message = ServerMessage { message: "permission denied".to_owned(), ..ServerMessage::default() };
                Err(SessionError::Server(message))
            }
            "broken" => Err(SessionError::Lost("reset by peer".to_owned())),
            _ => Ok(Rows { columns: vec![Column::number("n")], rows: vec![vec![Value::Int(1)]], truncated: None }),
        }
    }
    async fn read(
        &mut self,
        statement: Allowed,
        _: &Limits,
        _: &CancellationToken,
        _: &mut dyn RowSink,
    ) -> Result<ReadSummary, SessionError> {
        self.read.push(statement.statement().to_owned());
        Ok(ReadSummary::default())
    }
    async fn act(
        &mut self,
        _: Approved,
        _: &Survey,
        _: &mut dyn Witness,
        _: &CancellationToken,
    ) -> Result<Acted, ActError> {
        panic!("a diagnosis acts on nothing")
    }
    async fn close(self: Box<Self>) {}
}

fn inquiry() -> Inquiry {
    let request = DiagnoseRequest {
        id: RequestId(1),
        target: TargetId::new("db"),
        incident: None,
        focus: None,
        seconds: 1,
        usual: BTreeMap::new(),
    };
    Inquiry {
        request,
        environment: Environment::Development,
        safe_functions: Vec::new(),
        definitions: Vec::new(),
        own: Vec::new(),
        server_events: false,
    }
}

#[tokio::test]
async fn each_probe_is_read_when_it_says_and_a_refusal_ends_nothing() {
    let (mut session, told) = (Answers::default(), Mutex::new(Vec::new()));
    let begun = Instant::now();
    let progress = |percent| told.lock().unwrap().push(percent);
    let examined = examine(spec(&EXAMINATION), &mut session, &inquiry(), &progress).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let times = |name| session.asked.iter().filter(|asked| **asked == name).count();
    // Once as a probe, and once by the further look.
    assert_eq!((times("once"), times("ends"), times("refused")), (2, 2, 1), "{:?}", session.asked);
    assert_eq!((session.asked[0], session.asked.iter().rev().nth(1)), ("ends", Some(&"ends")));
    assert_eq!(session.read, ["EXPLAIN QUERY PLAN SELECT 1"], "what the guard does not allow is left out");
    assert!(told.lock().unwrap().is_sorted() && told.lock().unwrap().last() == Some(&100));

    let [hypothesis] = &examined.diagnosis.hypotheses[..] else { panic!("{examined:?}") };
    assert_eq!(hypothesis.verdict, Verdict::Supported, "{:?}", session.asked);
    assert!(!hypothesis.evidence[0].text.contains("hunter2"), "{hypothesis:?}");
    assert_eq!(examined.diagnosis.unknown, ["the second look was refused: denied as well"]);
    let statement = &examined.plans[0].steps[0].draft.statement;
    assert!(statement.to_ascii_lowercase().starts_with("analyze"), "{statement}");
    assert_eq!(hypothesis.remedy.as_ref().and_then(|r| r.statement.as_ref()), Some(statement));
}

#[tokio::test]
async fn a_lost_session_ends_it() {
    let mut session = Answers::default();
    let ended = examine(spec(&BREAKING), &mut session, &inquiry(), &|_| {}).await;
    assert_eq!(ended, Err(SessionError::Lost("reset by peer".to_owned())));
}
