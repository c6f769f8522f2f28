//! Acts: from a statement or a fix kind over survey, grant and redeemed ticket to the session's fixing door. The steps
//! are the program's own; only the person is made up.

mod documents;
mod kinds;
mod objects;
mod rights;
mod trouble;

use super::support::*;
use async_trait::async_trait;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::{Approved, Consent, Desk, Moment, Refusal, grant};
use dba_gpt::domain::guard::{self, Author, Catalog};
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::survey::{Inverse, Survey};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::engine::{ActError, Acted, Session, Witness, mongodb};
use std::future::Future;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A witness that remembers, or one that cannot write.
#[derive(Debug, Default)]
struct Notebook {
    inverse: Vec<String>,
    mark: Option<String>,
    full: bool,
}

#[async_trait]
impl Witness for Notebook {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        self.inverse = statements;
        if self.full { Err("the disk is full".to_owned()) } else { Ok(()) }
    }
    async fn mark(&mut self, mark: &str) -> Result<(), String> {
        self.mark = Some(mark.to_owned());
        Ok(())
    }
}

/// What a person typed.
fn typed(statement: &str) -> Draft {
    let judgement = mongodb::SPEC.dialect.classify(statement, Author::Person, &Catalog::default());
    Draft { statement: statement.to_owned(), class: judgement.class, kind: None, database: None }
}

/// What a kind stands for.
fn of_kind(kind: FixKind) -> Draft {
    let statement = mongodb::SPEC.dialect.render(&kind).unwrap();
    Draft { statement, class: kind.class(), kind: Some(kind), database: None }
}

async fn survey(session: &mut dyn Session, draft: &Draft) -> Result<Survey, SessionError> {
    (mongodb::SPEC.fixing.survey)(session, draft, None).await
}

/// Approves what the first survey showed, and redeems it by the second.
fn approve(draft: &Draft, shown: &Survey, fresh: &Survey) -> Result<Approved, Refusal> {
    let parts = Parts {
        target: TargetId::new("shop"),
        engine: "mongodb".into(),
        environment: Environment::Development,
        address: "127.0.0.1/shop".into(),
        login: String::new(),
        approvers: 1,
        draft: draft.clone(),
        survey: shown.clone(),
        advice: Vec::new(),
    };
    let mut proposal = Proposal::new(Timestamp(0), Origin::Person, parts);
    proposal.id = 7;
    assert_eq!(proposal.obstacle(), None, "{}", draft.statement);
    let judgement = guard::judge(mongodb::SPEC.dialect, &Catalog::default(), draft);
    let at = |uptime_ms| Moment { wall: Timestamp(1_000), uptime_ms };
    let consent = Consent {
        drawn: proposal.act().digest(),
        read_to_the_end: true,
        typed_name: Some("shop".into()),
        from_terminal: true,
        focused: at(0),
        decided: at(1_000),
    };
    let ticket = grant(&proposal.act(), &judgement, &consent, [7; 32])?;
    Desk::default().redeem(ticket, proposal.act_with(fresh), &judgement, at(2_000))
}

/// The whole way of one statement, with nothing between approval and act.
async fn carry_out(session: &mut dyn Session, draft: &Draft) -> (Result<Acted, ActError>, Notebook) {
    carry_out_until(session, draft, &CancellationToken::new()).await
}

async fn carry_out_until(
    session: &mut dyn Session,
    draft: &Draft,
    stop: &CancellationToken,
) -> (Result<Acted, ActError>, Notebook) {
    let shown = survey(session, draft).await.unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
    let approved = approve(draft, &shown, &shown).unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
    let mut notebook = Notebook::default();
    let acted = session.act(approved, &shown, &mut notebook, stop).await;
    if let Inverse::Statements(statements) = shown.inverse {
        notebook.inverse = statements;
    }
    (acted, notebook)
}

/// Undoes by the stored statements, on the same road.
async fn undo(session: &mut dyn Session, notebook: &Notebook) {
    assert!(!notebook.inverse.is_empty(), "nothing was stored to undo it");
    for statement in &notebook.inverse {
        let (acted, _) = carry_out(session, &typed(statement)).await;
        acted.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
}

/// What somebody else does to the server meanwhile, on a thread that may wait.
async fn meanwhile(mongo: &Arc<Mongo>, work: impl FnOnce(&Mongo) + Send + 'static) {
    let mongo = Arc::clone(mongo);
    tokio::task::spawn_blocking(move || work(&mongo)).await.unwrap();
}

/// Runs a test on the engine behind the bridge, in a database of its own. Prints the skip otherwise.
fn on_engine<F: Future<Output = ()>>(name: &str, test: impl FnOnce(String, ::mongodb::Database) -> F) {
    let Some(url) = crate::support::servers::mongo_url() else { return };
    run(async {
        let (server, _) = url.rsplit_once('/').unwrap();
        let client = ::mongodb::Client::with_uri_str(format!("{server}/?directConnection=true")).await.unwrap();
        let database = client.database(name);
        database.drop().await.unwrap();
        test(format!("{server}/{name}"), database.clone()).await;
        database.drop().await.unwrap();
    });
}
