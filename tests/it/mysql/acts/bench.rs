//! What the tests of acts share: a database with logins of its own, and the way from a statement to its outcome.

use crate::mysql::support::*;
use async_trait::async_trait;
use dba_gpt::domain::guard::ticket::{Approved, Consent, Desk, Moment, Refusal, grant};
use dba_gpt::domain::guard::{self, Catalog};
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::survey::{Inverse, Rights, Survey};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::engine::{ActError, Acted, Session, Witness, mysql};
use tokio_util::sync::CancellationToken;

/// A database with a reading and a fixing login.
pub struct Bench {
    pub server: Server,
    pub admin: Admin,
    pub database: String,
    pub fixer: String,
    reading: String,
    fixing: String,
    working: String,
}

/// What the fixing login of these tests may do with its database.
const RIGHTS: &str =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER";

impl Bench {
    /// Makes it anew; `tables` are statements that run in it.
    pub fn new(server: &Server, name: &str, tables: &str) -> Self {
        let database = format!("acts_{name}");
        let (reader, fixer) = (format!("r_{name}"), format!("f_{name}"));
        let mut admin = Admin::of(server);
        let ending = if server.is_mariadb { "CONNECTION ADMIN" } else { "CONNECTION_ADMIN" };
        admin.run(&format!(
            "DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4;
             DROP USER IF EXISTS {reader}@'%', {fixer}@'%';
             CREATE USER {reader}@'%' IDENTIFIED BY 'p_1'; CREATE USER {fixer}@'%' IDENTIFIED BY 'p_1';
             GRANT PROCESS ON *.* TO {reader}@'%'; GRANT PROCESS, {ending} ON *.* TO {fixer}@'%';
             GRANT SELECT, SHOW VIEW, TRIGGER ON {database}.* TO {reader}@'%';
             DROP USER IF EXISTS w_{name}@'%'; CREATE USER w_{name}@'%' IDENTIFIED BY 'p_1';
             GRANT SELECT, UPDATE ON {database}.* TO w_{name}@'%';
             GRANT {RIGHTS} ON {database}.* TO {fixer}@'%';
             USE {database}; SET sql_mode = ''; {tables}"
        ));
        let url_of = |user: &str| {
            server.url(
                |a| {
                    a.user = user.into();
                    a.password = "p_1".into();
                    a.database.clone_from(&database);
                },
                "",
            )
        };
        let (reading, fixing, working) = (url_of(&reader), url_of(&fixer), url_of(&format!("w_{name}")));
        Self { server: server.clone(), admin, reading, fixing, working, fixer, database }
    }

    /// Somebody who works with the tables.
    pub fn worker(&self) -> Admin {
        Admin::at(&self.working)
    }
    pub async fn reader(&self) -> Box<dyn Session> {
        connect(&self.reading).await
    }
    pub async fn fixing(&self) -> Box<dyn Session> {
        connect(&self.fixing).await
    }

    /// A typed statement as a draft.
    pub fn typed(&self, statement: &str) -> Draft {
        let judged = mysql::SPEC.dialect.classify(statement, guard::Author::Person, &Catalog::default());
        Draft { statement: statement.into(), class: judged.class, kind: None, database: Some(self.database.clone()) }
    }
    /// A typed kind as a draft.
    pub fn kind(&self, kind: FixKind) -> Draft {
        let statement = mysql::SPEC.dialect.render(&kind).unwrap();
        Draft { statement, class: kind.class(), kind: Some(kind), database: Some(self.database.clone()) }
    }

    pub async fn survey(&self, draft: &Draft) -> Result<Survey, dba_gpt::domain::error_event::SessionError> {
        let mut reader = self.reader().await;
        (mysql::SPEC.fixing.survey)(&mut *reader, draft, Some(&self.fixer)).await
    }

    /// Looks, approves, runs `between`, looks again under the fix login, and redeems.
    pub async fn approve(
        &mut self,
        draft: &Draft,
        between: impl FnOnce(&mut Admin),
    ) -> Result<(Approved, Survey, Box<dyn Session>), Refusal> {
        let first = self.survey(draft).await.unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
        let proposal = self.proposal(draft, first);
        let act = proposal.act();
        let judgement = guard::judge(mysql::SPEC.dialect, &Catalog::default(), draft);
        let moment = |ms: u64| Moment { wall: Timestamp(i64::try_from(ms).unwrap()), uptime_ms: ms };
        let consent = Consent {
            drawn: act.digest(),
            read_to_the_end: true,
            typed_name: Some("bench".into()),
            from_terminal: true,
            focused: moment(1_000),
            decided: moment(3_000),
        };
        let ticket = grant(&act, &judgement, &consent, [7; 32])?;
        between(&mut self.admin);
        let mut session = self.fixing().await;
        let fresh = (mysql::SPEC.fixing.survey)(&mut *session, draft, None).await;
        let fresh = fresh.unwrap_or_else(|e| panic!("{} under the fix login: {e}", draft.statement));
        assert_eq!(fresh.rights, Rights::Held, "{}", draft.statement);
        let approved = Desk::default().redeem(ticket, proposal.act_with(&fresh), &judgement, moment(4_000))?;
        Ok((approved, fresh, session))
    }

    pub fn proposal(&self, draft: &Draft, survey: Survey) -> Proposal {
        Proposal::new(
            Timestamp(1_000),
            Origin::Person,
            Parts {
                target: TargetId("bench".into()),
                engine: "mysql".into(),
                environment: Environment::Development,
                address: "here".into(),
                login: self.fixer.clone(),
                approvers: 1,
                draft: draft.clone(),
                survey,
                advice: Vec::new(),
            },
        )
    }

    /// All the way: what happened, and the statements that undo it.
    pub async fn act(&mut self, statement: &str) -> (Result<Acted, ActError>, Vec<String>) {
        let draft = self.typed(statement);
        self.act_on(&draft).await
    }
    pub async fn act_on(&mut self, draft: &Draft) -> (Result<Acted, ActError>, Vec<String>) {
        let (approved, plan, mut session) =
            self.approve(draft, |_| {}).await.unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
        let mut notebook = Notebook::default();
        if let Inverse::Statements(statements) = &plan.inverse {
            notebook.0.clone_from(statements);
        }
        let acted = session.act(approved, &plan, &mut notebook, &CancellationToken::new()).await;
        session.close().await;
        (acted, notebook.0)
    }

    /// Does it, undoes it by what was kept, and wants `state` to be as before.
    pub async fn there_and_back(&mut self, statement: &str, state: &str) -> Vec<String> {
        let before = self.admin.run(state);
        let (acted, undo) = self.act(statement).await;
        acted.unwrap_or_else(|e| panic!("{statement}: {e}"));
        let between = self.admin.run(state);
        assert_ne!(between, before, "{statement} changed nothing that {state} shows");
        assert!(!undo.is_empty(), "{statement} left no way back");
        for back in &undo {
            let (acted, _) = self.act(back).await;
            acted.unwrap_or_else(|e| panic!("{back}: {e}"));
        }
        assert_eq!(self.admin.run(state), before, "{statement}, undone by {undo:?}");
        between
    }
}

/// A witness that writes into memory.
#[derive(Default)]
pub struct Notebook(pub Vec<String>);

#[async_trait]
impl Witness for Notebook {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        self.0 = statements;
        Ok(())
    }
    async fn mark(&mut self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// A witness whose disk is full.
pub struct FullDisk;

#[async_trait]
impl Witness for FullDisk {
    async fn inverse(&mut self, _: Vec<String>) -> Result<(), String> {
        Err("no space left".into())
    }
    async fn mark(&mut self, _: &str) -> Result<(), String> {
        Err("no space left".into())
    }
}
