//! Asks a server the questions of a person's own: the checks of a target when they are due, and those of a procedure
//! before and after its steps. Always through the reading door.

use super::clock;
use super::follow::Desk;
use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::own::{Asked, Bound, OwnWatch};
use crate::domain::procedure::{Comparison, Verified};
use crate::domain::rows::Limits;
use crate::domain::rule::Measure;
use crate::domain::target::{TargetId, Timestamp};
use crate::engine::{Collector, EngineSpec, Session};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A check is a small question: one row is looked at.
const SMALL: Limits = Limits { rows: 1, bytes: 64 << 10, cell_bytes: 4 << 10, timeout_ms: 2_000, lock_timeout_ms: 200 };
/// Time for one answer, beside the server's own.
const PATIENCE: Duration = Duration::from_secs(4);
/// Checks that are asked between two collections, so that samples do not wait for long.
const AT_ONCE: usize = 3;

/// Between two times that a rule's question is asked.
const RULES_EVERY_MS: i64 = 20_000;

/// A question of a rule.
struct Question {
    measure: Measure,
    asked: Asked,
    due: Timestamp,
}

/// The checks of one target.
pub(super) struct Patrol {
    target: TargetId,
    spec: &'static EngineSpec,
    watch: OwnWatch,
    catalog: Catalog,
    /// Filled once this process detects.
    desk: watch::Receiver<Option<Desk>>,
    /// What each check that could not be asked was told, so that it is said once.
    said: BTreeMap<String, String>,
    /// What rules want to know that no sample tells.
    questions: Vec<Question>,
}

impl Patrol {
    /// A patrol that has asked nothing yet.
    pub(super) fn new(
        target: TargetId,
        spec: &'static EngineSpec,
        watch: OwnWatch,
        safe_functions: &[String],
        desk: watch::Receiver<Option<Desk>>,
    ) -> Self {
        let mut catalog = Catalog::default();
        catalog.declare_safe(safe_functions);
        Self { target, spec, watch, catalog, desk, said: BTreeMap::new(), questions: Vec::new() }
    }

    /// Takes the questions of rules as they are now. Those that are new are due at once.
    pub(super) fn ask_for_rules(&mut self, questions: &[(Measure, String)]) {
        let question = |(measure, statement): &(Measure, String)| {
            let known = self.questions.iter().find(|q| q.measure == *measure);
            let due = known.map_or(Timestamp(i64::MIN), |q| q.due);
            // What it is compared with is the rule's own business.
            let bound = Bound { is: Comparison::AtLeast, value: 0.0 };
            let asked = Asked { statement: statement.clone(), column: None, bound };
            Question { measure: measure.clone(), asked, due }
        };
        self.questions = questions.iter().map(question).collect();
    }

    /// Asks what is due. False when the session can no longer be used.
    pub(super) async fn round(&mut self, session: &mut dyn Session) -> bool {
        let Some(desk) = self.desk.borrow().clone() else { return true };
        let mut found = Vec::new();
        let mut usable = true;
        for _ in 0..AT_ONCE {
            let Some(check) = self.watch.next_due(clock::now()) else { break };
            match number(self.spec, session, &self.catalog, &check.asked).await {
                Ok(Ok(number)) => {
                    self.said.remove(&check.name);
                    desk.answered(&self.target, Measure::Check(check.name.clone()), number).await;
                    found.extend(self.watch.answered(&check.name, number, clock::now()));
                }
                Ok(Err(words)) => self.say(&desk, &check.name, words).await,
                Err(error) => {
                    usable = false;
                    self.say(&desk, &check.name, error.to_string()).await;
                    break;
                }
            }
        }
        desk.incidents.found(found).await;
        usable && self.for_rules(session, &desk).await
    }

    /// Asks what rules want to know, the one that has been due longest. False when the session can no longer be used.
    async fn for_rules(&mut self, session: &mut dyn Session, desk: &Desk) -> bool {
        let now = clock::now();
        let due = self.questions.iter_mut().filter(|q| q.due <= now).min_by_key(|q| q.due);
        let Some(question) = due else { return true };
        question.due = now.plus_ms(RULES_EVERY_MS);
        let (measure, asked) = (question.measure.clone(), question.asked.clone());
        let name = measure.words();
        match number(self.spec, session, &self.catalog, &asked).await {
            Ok(Ok(number)) => {
                self.said.remove(&name);
                desk.answered(&self.target, measure, number).await;
                true
            }
            Ok(Err(words)) => {
                self.say(desk, &name, words).await;
                true
            }
            Err(error) => {
                self.say(desk, &name, error.to_string()).await;
                false
            }
        }
    }

    async fn say(&mut self, desk: &Desk, name: &str, words: String) {
        if self.said.get(name) != Some(&words) {
            desk.tell(format!("{name} of {} could not be asked: {words}", self.target)).await;
            self.said.insert(name.to_owned(), words);
        }
    }
}

/// Whether the answer is within its bound.
///
/// # Errors
/// When the session is of no use any more.
pub(super) async fn verify(
    spec: &'static EngineSpec,
    session: &mut dyn Session,
    asked: &Asked,
) -> Result<Verified, SessionError> {
    let answer = number(spec, session, &Catalog::default(), asked).await?;
    Ok(match answer {
        Ok(number) => {
            Verified::new(asked.bound.holds(number), format!("it is {number}, wanted {}", asked.bound.words()))
        }
        Err(words) => Verified::unknown(words),
    })
}

/// The number that a question gets; words where there is none.
async fn number(
    spec: &'static EngineSpec,
    session: &mut dyn Session,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Result<f64, String>, SessionError> {
    let allowed = match guard::allow(spec.dialect, Author::Person, catalog, &asked.statement) {
        Ok(allowed) => allowed,
        Err(judgement) => return Ok(Err(judgement.reason)),
    };
    let stop = CancellationToken::new();
    let mut collector = Collector::new(SMALL);
    match timeout(PATIENCE, session.read(allowed, &SMALL, &stop, &mut collector)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error @ (SessionError::Server(_) | SessionError::Unsupported(_) | SessionError::Deadline(_)))) => {
            return Ok(Err(error.to_string()));
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(SessionError::Deadline(clock::millis(PATIENCE))),
    }
    let rows = collector.into_rows();
    let Some(row) = rows.rows.first() else { return Ok(Err("it gave no row".to_owned())) };
    let cell = match &asked.column {
        Some(name) if rows.column(name).is_none() => return Ok(Err(format!("there is no column {name}"))),
        Some(name) => Some(rows.get(row, name)),
        None => row.first(),
    };
    Ok(cell.and_then(crate::domain::rows::Value::number).ok_or_else(|| "its answer is no number".to_owned()))
}
