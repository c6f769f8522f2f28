//! From an injected cause to its end: found by a diagnosis on a real server or file, its plan approved, carried out,
//! verified, and taken back; and the look-alikes that must be left alone.

mod mongodb;
mod mysql;
mod postgres;
mod redis;
mod registry;
mod sqlite;

use super::*;
use dba_gpt::app::effect::DiagnoseRequest;
use dba_gpt::app::event::RequestId;
use dba_gpt::domain::diagnosis::{Cause, KnownDefinition, Verdict};
use dba_gpt::domain::error::event::{ErrorEvent, Source};
use dba_gpt::domain::error::naming::understand;
use dba_gpt::domain::incident::Incident;
use dba_gpt::domain::procedure::{Examined, Plan, Purpose, Verified};
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::stage::Stage;
use dba_gpt::domain::proposal::survey::Inverse;
use dba_gpt::domain::target::Timestamp;
use dba_gpt::runtime::examine::{Inquiry, examine};
use std::collections::BTreeMap;

/// Every scenario of every engine.
fn all() -> impl Iterator<Item = &'static registry::Cure> {
    mongodb::all().chain(mysql::all()).chain(postgres::all()).chain(redis::all()).chain(sqlite::all())
}

/// A server or file, and the program's way to it.
struct Bed {
    site: Site,
    /// What a person wants looked at.
    focus: Option<Cause>,
    /// Steps for the server's own scheduler may be offered.
    server_events: bool,
    _home: tempfile::TempDir,
}

impl Bed {
    fn at(url: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { site: Site::at(home.path(), url), focus: None, server_events: false, _home: home }
    }

    /// An incident as an error of this engine opens one.
    fn incident(&self, text: &str, code: Option<&str>, statement: Option<&str>) -> Incident {
        let spec = self.site.ways.spec;
        let understood = understand(spec.dialect.errors(), text, code);
        let at = Timestamp(1);
        let mut event = ErrorEvent::new(at, self.site.ways.target.clone(), spec.id, Source::Log, understood);
        event.statement = statement.map(str::to_owned);
        Incident::new(1, &event, at)
    }

    async fn looked(&self, seconds: u32, incident: Option<Incident>, definitions: Vec<KnownDefinition>) -> Examined {
        let mut session = (self.site.ways.read)("watch".into(), None).await.unwrap();
        let found = self.looked_by(&mut *session, seconds, incident, definitions).await;
        session.close().await;
        found
    }

    async fn looked_by(
        &self,
        session: &mut dyn dba_gpt::engine::Session,
        seconds: u32,
        incident: Option<Incident>,
        definitions: Vec<KnownDefinition>,
    ) -> Examined {
        let inquiry = Inquiry {
            request: DiagnoseRequest {
                id: RequestId(1),
                target: self.site.ways.target.clone(),
                incident: incident.map(Box::new),
                focus: self.focus,
                seconds,
                usual: BTreeMap::new(),
            },
            environment: Environment::Development,
            safe_functions: Vec::new(),
            definitions,
            own: Vec::new(),
            server_events: self.server_events,
        };
        examine(self.site.ways.spec, session, &inquiry, &|_| {}).await.unwrap()
    }

    /// The first step of a plan, approved and carried out.
    async fn carried_out(&self, plan: &Plan) -> Proposal {
        assert!(plan.can_be_proposed(), "{}: {:?}", plan.title, plan.blocked);
        let purpose =
            Purpose { incident: None, signature: None, plan: plan.clone(), step: 0, shown_confidence: plan.confidence };
        let site = &self.site;
        let proposal = site.workshop.propose_step(&site.ways, &site.target(), purpose).await;
        let proposal = proposal.unwrap_or_else(|why| panic!("{}: {why:?}", plan.title));
        site.approve(proposal.id, &consent(&proposal)).await.unwrap_or_else(|e| panic!("{}: {e:?}", plan.title))
    }

    /// The first step of a plan that was refused before anything was sent: why.
    async fn not_sent(&self, plan: &Plan) -> String {
        assert!(plan.can_be_proposed(), "{}: {:?}", plan.title, plan.blocked);
        let purpose =
            Purpose { incident: None, signature: None, plan: plan.clone(), step: 0, shown_confidence: plan.confidence };
        let site = &self.site;
        let proposal = match site.workshop.propose_step(&site.ways, &site.target(), purpose).await {
            Ok(proposal) => proposal,
            Err(why) => return format!("{why:?}"),
        };
        match site.approve(proposal.id, &consent(&proposal)).await {
            Err(refused) => refused.words,
            Ok(sent) => panic!("{} was sent: {:?}", plan.title, sent.happenings),
        }
    }

    /// The same, and it must have helped.
    async fn cured(&self, plan: &Plan) -> Proposal {
        let done = self.carried_out(plan).await;
        assert_eq!(done.stage, Stage::Done, "{}: {:?}", plan.title, done.happenings);
        let held = done.verified.as_ref().and_then(|verified| verified.held);
        assert_eq!(held, Some(true), "{}: {:?}", plan.title, done.verified);
        done
    }

    /// Proposes and approves what undoes an act.
    async fn undone(&self, done: &Proposal) {
        let Inverse::Statements(undo) = &done.survey.inverse else {
            panic!("{}: {:?}", done.headline(), done.survey.inverse)
        };
        for statement in undo {
            let proposal = self.site.propose(statement).await;
            let undone = self.site.approve(proposal.id, &consent(&proposal)).await.unwrap();
            assert_eq!(undone.stage, Stage::Done, "{statement}: {:?}", undone.happenings);
        }
    }

    /// One kind, without a plan: proposed, approved and carried out.
    async fn act(&self, kind: FixKind) -> Proposal {
        let proposal = self.offered(kind).await.unwrap();
        self.site.approve(proposal.id, &consent(&proposal)).await.unwrap()
    }

    async fn offered(&self, kind: FixKind) -> Result<Proposal, NotProposed> {
        let draft = Draft { statement: String::new(), class: kind.class(), kind: Some(kind), database: None };
        self.site.workshop.propose(&self.site.ways, &self.site.target(), Origin::Person, draft).await
    }

    async fn answer(&self, check: &dba_gpt::domain::procedure::Check) -> Verified {
        let mut session = (self.site.ways.read)("watch".into(), None).await.unwrap();
        let verified = (self.site.ways.spec.fixing.verify)(&mut *session, check).await.unwrap();
        session.close().await;
        verified
    }
}

/// The causes that stand as roots.
fn roots(found: &Examined) -> Vec<Cause> {
    found.diagnosis.roots().map(|root| root.cause).collect()
}

fn verdict(found: &Examined, cause: Cause) -> Option<Verdict> {
    found.diagnosis.of(cause).map(|hypothesis| hypothesis.verdict)
}

/// The first plan of a procedure whose title holds some words.
fn plan<'p>(found: &'p Examined, procedure: &str, words: &str) -> &'p Plan {
    let all = || found.plans.iter().map(|plan| format!("{} {} {:?}", plan.procedure, plan.title, plan.blocked));
    found.plans.iter().find(|plan| plan.procedure == procedure && plan.title.contains(words)).unwrap_or_else(|| {
        panic!("no plan {procedure} {words:?} among {:#?} for {:#?}", all().collect::<Vec<_>>(), found.diagnosis)
    })
}
