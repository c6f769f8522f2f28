//! Approved acts on real files: surveyed, approved the one honest way, done, and undone.

mod moved;
mod objects;
mod rows;
mod stopped;

use super::{open, spec};
use async_trait::async_trait;
use dba_gpt::domain::error_event::SessionError;
use dba_gpt::domain::guard::ticket::{Approved, Consent, DEAD_MS, Desk, Moment, grant};
use dba_gpt::domain::guard::{self, Author, Catalog, Verdict};
use dba_gpt::domain::proposal::kind::FixKind;
use dba_gpt::domain::proposal::survey::{Inverse, Survey};
use dba_gpt::domain::proposal::{Draft, Origin, Parts, Proposal};
use dba_gpt::domain::target::{Environment, TargetId, Timestamp};
use dba_gpt::engine::{ActError, Acted, Witness};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Keeps what an act leaves for later; refuses when it is told to.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) inverse: Vec<String>,
    refuses: bool,
}

#[async_trait]
impl Witness for Notes {
    async fn inverse(&mut self, statements: Vec<String>) -> Result<(), String> {
        if self.refuses {
            return Err("the disk is full".into());
        }
        self.inverse = statements;
        Ok(())
    }
    async fn mark(&mut self, _mark: &str) -> Result<(), String> {
        Err("SQLite has no marks".into())
    }
}

pub(super) fn draft(statement: &str) -> Draft {
    let judgement = spec().dialect.classify(statement, Author::Person, &Catalog::default());
    assert_eq!(judgement.verdict, Verdict::NeedsApproval, "{statement}: {}", judgement.reason);
    Draft { statement: statement.into(), class: judgement.class, kind: None, database: None }
}

pub(super) fn kind_draft(kind: FixKind) -> Draft {
    let statement = spec().dialect.render(&kind).unwrap();
    Draft { statement, class: kind.class(), kind: Some(kind), database: None }
}

pub(super) async fn surveyed(path: &Path, draft: &Draft) -> Result<Survey, SessionError> {
    let mut session = open(path).await;
    let survey = (spec().fixing.survey)(&mut *session, draft, None).await;
    session.close().await;
    survey
}

/// A person looks at the survey and approves; nothing moves before the ticket is spent.
pub(super) fn approved(draft: &Draft, survey: &Survey) -> Approved {
    let parts = Parts {
        target: TargetId::new("file"),
        engine: "sqlite".into(),
        environment: Environment::Development,
        address: "file".into(),
        login: String::new(),
        approvers: 1,
        draft: draft.clone(),
        survey: survey.clone(),
        advice: Vec::new(),
    };
    let act = Proposal { id: 7, ..Proposal::new(Timestamp(1), Origin::Person, parts) }.act();
    let at = |ms: u64| Moment { wall: Timestamp(1_790_000_000_000), uptime_ms: ms };
    let consent = Consent {
        drawn: act.digest(),
        read_to_the_end: true,
        typed_name: Some("file".into()),
        from_terminal: true,
        focused: at(0),
        decided: at(DEAD_MS),
    };
    let judgement = guard::judge(spec().dialect, &Catalog::default(), draft);
    let ticket = grant(&act, &judgement, &consent, [3; 32]).unwrap();
    Desk::default().redeem(ticket, act, &judgement, at(DEAD_MS + 1)).unwrap()
}

pub(super) async fn act_with(
    path: &Path,
    draft: &Draft,
    survey: &Survey,
    notes: &mut Notes,
    stop: &CancellationToken,
) -> Result<Acted, ActError> {
    let mut session = open(path).await;
    let result = session.act(approved(draft, survey), survey, notes, stop).await;
    session.close().await;
    result
}

/// From the statement to its end.
pub(super) async fn done(path: &Path, draft: Draft) -> (Result<Acted, ActError>, Survey, Vec<String>) {
    let survey = surveyed(path, &draft).await.unwrap_or_else(|error| panic!("{}: {error}", draft.statement));
    let mut notes = Notes::default();
    let result = act_with(path, &draft, &survey, &mut notes, &CancellationToken::new()).await;
    let undo = match &survey.inverse {
        Inverse::Statements(statements) => statements.clone(),
        _ => notes.inverse,
    };
    (result, survey, undo)
}

/// Every definition and every row with its rowid, each value with its type, as SQLite itself tells them.
pub(super) fn state(path: &Path) -> Vec<Vec<String>> {
    let connection = Connection::open(path).unwrap();
    let rows = |query: &str| -> Vec<Vec<String>> {
        let mut statement = connection.prepare(query).unwrap();
        let count = statement.column_count();
        let cell = |value: ValueRef<'_>| match value {
            ValueRef::Text(text) => format!("{:?}", text.escape_ascii().to_string()),
            other => format!("{other:?}"),
        };
        let cells = |row: &rusqlite::Row<'_>| (0..count).map(|i| Ok(cell(row.get_ref(i)?))).collect();
        let rows = statement.query_map([], cells).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut all = rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2");
    let tables = "SELECT name, wr FROM pragma_table_list
                  WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1";
    let mut statement = connection.prepare(tables).unwrap();
    let tables = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))).unwrap();
    for (name, without_rowid) in tables.map(Result::unwrap) {
        let key = if without_rowid { "" } else { "rowid, " };
        all.extend(rows(&format!("SELECT '{name}', {key}* FROM \"{name}\" ORDER BY 2, 3")));
    }
    all
}
