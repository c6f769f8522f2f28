//! A schema of its own for each test, a reading login, a fix login that owns the schema, and the way from a statement
//! to its end.

use crate::postgres::support::{admin, settings};
use crate::support::servers::Address;
use async_trait::async_trait;
use dba_gpt::domain::guard::ticket::{Approved, Consent, Desk, Moment, Refusal, grant};
use dba_gpt::domain::guard::{self, Catalog};
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::survey::{Inverse, Survey};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::engine::{ActError, Acted, ConnectSettings, Session, Witness, postgres};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The place of one test. Names end in a number of this process, so that tests never meet.
pub struct Rig {
    pub admin: Client,
    /// Schema, and a part of the logins' names.
    pub schema: String,
    url: String,
    pub fix: String,
    reader: String,
}

/// What the witness was given.
#[derive(Debug, Default)]
pub struct Notebook {
    pub marks: Vec<String>,
    pub inverse: Option<Vec<String>>,
}

#[async_trait]
impl Witness for Notebook {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        self.inverse = Some(statements);
        Ok(())
    }
    async fn mark(&mut self, mark: &str) -> Result<(), String> {
        self.marks.push(mark.to_owned());
        Ok(())
    }
}

impl Rig {
    /// Makes the schema and the logins. `setup` runs as the fix login's role, with `$` for the schema.
    pub async fn new(url: &str, setup: &str) -> Self {
        let admin = admin(url).await;
        let schema = format!("act{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let (fix, reader) = (format!("{schema}_fix"), format!("{schema}_ro"));
        admin
            .batch_execute(&format!(
                "CREATE ROLE {fix} LOGIN PASSWORD 'fixpassword'; CREATE ROLE {reader} LOGIN PASSWORD 'readpassword';
                 GRANT pg_monitor TO {reader}; CREATE SCHEMA {schema} AUTHORIZATION {fix};
                 GRANT USAGE ON SCHEMA {schema} TO {reader};
                 ALTER DEFAULT PRIVILEGES FOR ROLE {fix} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {reader};
                 SET ROLE {fix}; {}; RESET ROLE",
                setup.replace('$', &schema)
            ))
            .await
            .unwrap();
        Self { admin, schema, url: url.to_owned(), fix, reader }
    }

    /// Removes it all.
    pub async fn remove(self) {
        let Self { admin, schema, fix, reader, .. } = self;
        let text = format!(
            "DROP SCHEMA IF EXISTS {schema} CASCADE; DROP OWNED BY {fix} CASCADE; DROP OWNED BY {reader} CASCADE;
             DROP ROLE {fix}; DROP ROLE {reader}; DROP ROLE IF EXISTS {schema}_victim"
        );
        admin.batch_execute(&text).await.unwrap();
    }

    /// `$` is the schema.
    pub fn here(&self, text: &str) -> String {
        text.replace('$', &self.schema)
    }
    pub async fn run(&self, text: &str) {
        let text = self.here(text);
        self.admin.batch_execute(&text).await.unwrap_or_else(|e| panic!("{text}: {e:?}"));
    }
    /// As the owner.
    pub async fn run_as_owner(&self, text: &str) {
        self.run(&format!("SET ROLE {}; {text}; RESET ROLE", self.fix)).await;
    }
    /// The one text value of a query.
    pub async fn one(&self, query: &str) -> String {
        let query = self.here(query);
        let row = self.admin.query_one(&query, &[]).await.unwrap_or_else(|e| panic!("{query}: {e:?}"));
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }
    /// All rows of a table in one hash, the rows of partitions and children with their tables.
    pub async fn rows(&self, table: &str) -> String {
        let table = table.replace('$', &self.schema);
        self.one(&format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(t.tableoid::regclass::text || t::text, '|' ORDER BY t.tableoid, t::text)), '') FROM {table} t"
        ))
        .await
    }

    pub async fn reader(&self) -> Box<dyn Session> {
        connect(&login_url(&self.url, &self.reader, "readpassword"), "dba-gpt test").await
    }
    pub fn fix_url(&self) -> String {
        login_url(&self.url, &self.fix, "fixpassword")
    }
    pub async fn fixer(&self) -> Box<dyn Session> {
        connect(&self.fix_url(), "dba-gpt fix-1").await
    }

    /// Looks at a statement with the reading login.
    pub async fn survey(&self, statement: &str) -> Result<Survey, String> {
        self.survey_draft(&draft(&self.here(statement))).await
    }
    pub async fn survey_draft(&self, draft: &Draft) -> Result<Survey, String> {
        let mut reader = self.reader().await;
        let survey = (postgres::SPEC.fixing.survey)(&mut *reader, draft, Some(&self.fix)).await;
        reader.close().await;
        survey.map_err(|e| e.to_string())
    }
    pub async fn propose(&self, statement: &str) -> Proposal {
        let draft = draft(&self.here(statement));
        let survey = self.survey_draft(&draft).await.unwrap_or_else(|e| panic!("{}: {e}", draft.statement));
        self.proposal(draft, survey)
    }
    pub async fn propose_kind(&self, kind: FixKind) -> Proposal {
        let draft = Draft {
            statement: postgres::SPEC.dialect.render(&kind).unwrap(),
            class: kind.class(),
            kind: Some(kind),
            database: None,
        };
        let survey = self.survey_draft(&draft).await.unwrap();
        self.proposal(draft, survey)
    }
    fn proposal(&self, draft: Draft, survey: Survey) -> Proposal {
        let parts = Parts {
            target: TargetId::new("stage"),
            engine: "postgres".into(),
            environment: Environment::Staging,
            address: "127.0.0.1".into(),
            login: self.fix.clone(),
            approvers: 1,
            draft,
            survey,
            advice: Vec::new(),
        };
        Proposal { id: 1, ..Proposal::new(Timestamp(1), Origin::Person, parts) }
    }

    /// Approves and carries it out, as the runtime does.
    pub async fn carry_out(&self, proposal: &Proposal) -> (Result<Acted, ActError>, Notebook) {
        let mut fixer = self.fixer().await;
        let mut notebook = Notebook::default();
        let (approved, fresh) =
            redeemed(&mut *fixer, proposal).await.unwrap_or_else(|e| panic!("{}: {e}", proposal.draft.statement));
        let done = fixer.act(approved, &fresh, &mut notebook, &CancellationToken::new()).await;
        fixer.close().await;
        (done, notebook)
    }

    /// A statement from survey to its end. Gives the statements that undo it.
    pub async fn act(&self, statement: &str) -> (Acted, Vec<String>) {
        let proposal = self.propose(statement).await;
        let (done, notebook) = self.carry_out(&proposal).await;
        let acted = done.unwrap_or_else(|e| panic!("{}: {e}", proposal.draft.statement));
        let undo = match &proposal.survey.inverse {
            Inverse::Statements(statements) => statements.clone(),
            Inverse::FromRows(_) => notebook.inverse.unwrap_or_else(|| panic!("{statement}: the witness has no undo")),
            Inverse::None(_) => Vec::new(),
        };
        (acted, undo)
    }
    /// Each of them through the whole door again.
    pub async fn undo(&self, statements: &[String]) {
        for statement in statements {
            self.act(statement).await;
        }
    }
}

/// A draft of a typed statement, of the guard's class.
pub fn draft(statement: &str) -> Draft {
    let judged = postgres::SPEC.dialect.classify(statement, guard::Author::Person, &Catalog::default());
    assert_eq!(judged.verdict, guard::Verdict::NeedsApproval, "{statement}: {}", judged.reason);
    Draft { statement: statement.to_owned(), class: judged.class, kind: None, database: None }
}

/// A survey by the session itself, and the approval that holds for it.
pub async fn redeemed(session: &mut dyn Session, proposal: &Proposal) -> Result<(Approved, Survey), Refusal> {
    let fresh = (postgres::SPEC.fixing.survey)(session, &proposal.draft, None).await;
    let fresh = fresh.unwrap_or_else(|e| panic!("{}: {e}", proposal.draft.statement));
    approve(proposal, &fresh).map(|approved| (approved, fresh))
}

/// Grants and redeems, with made-up keys at a terminal.
pub fn approve(proposal: &Proposal, fresh: &Survey) -> Result<Approved, Refusal> {
    let act = proposal.act();
    let judgement = guard::judge(postgres::SPEC.dialect, &Catalog::default(), &proposal.draft);
    let at = |uptime_ms| Moment { wall: Timestamp(1_000), uptime_ms };
    let consent = Consent {
        drawn: act.digest(),
        read_to_the_end: true,
        typed_name: Some("stage".into()),
        from_terminal: true,
        focused: at(0),
        decided: at(1_000),
    };
    let ticket = grant(&act, &judgement, &consent, [7; 32])?;
    Desk::default().redeem(ticket, proposal.act_with(fresh), &judgement, at(2_000))
}

fn login_url(url: &str, user: &str, password: &str) -> String {
    let mut address = Address::of(url);
    user.clone_into(&mut address.user);
    password.clone_into(&mut address.password);
    address.url()
}

pub async fn connect(url: &str, application: &str) -> Box<dyn Session> {
    let settings = ConnectSettings { application: application.into(), ..settings(url) };
    (postgres::SPEC.connect)(&settings).await.unwrap_or_else(|e| panic!("{e}"))
}
