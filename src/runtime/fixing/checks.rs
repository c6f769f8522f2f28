//! Answers to the checks of a plan, by reading alone: before an act is proposed, right before it is sent, and after it.

use super::super::clock;
use super::super::examine::{Inquiry, examine};
use super::super::patrol;
use crate::app::effect::DiagnoseRequest;
use crate::app::event::RequestId;
use crate::domain::diagnosis::{Cause, Verdict};
use crate::domain::error_event::SessionError;
use crate::domain::health::{self, Evidence};
use crate::domain::metric::{self, MetricId, Readings};
use crate::domain::own::{Asked, Bound};
use crate::domain::procedure::{Check, Comparison, Findings, Verified};
use crate::domain::target::{Environment, TargetId, Timestamp};
use crate::engine::{EngineSpec, Session};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// Time for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// A cause is looked for again for this long, seconds.
const LOOK_SECONDS: u32 = 2;
/// Between two samples of a rate, where there was only one.
const BETWEEN: Duration = Duration::from_secs(1);

/// Whoever asks a server. It remembers its last sample, since rates take two.
pub(super) struct Asker {
    spec: &'static EngineSpec,
    target: TargetId,
    earlier: Option<(Timestamp, Readings)>,
}

impl Asker {
    /// One that has asked nothing yet.
    pub(super) fn new(spec: &'static EngineSpec, target: &TargetId) -> Self {
        Self { spec, target: target.clone(), earlier: None }
    }

    /// Answers a check; one of several that does not hold or is not known decides.
    ///
    /// # Errors
    /// When the session is of no use any more. What a server refuses is not known.
    pub(super) async fn answer(&mut self, session: &mut dyn Session, check: &Check) -> Result<Verified, SessionError> {
        let mut found = Vec::new();
        let mut unknown = None;
        for single in singles(check) {
            let answered = timeout(ANSWER, self.single(session, single)).await;
            let answer = match answered.unwrap_or(Err(SessionError::Deadline(clock::millis(ANSWER)))) {
                Ok(answer) => answer,
                Err(error @ (SessionError::Server(_) | SessionError::Unsupported(_))) => {
                    Verified::unknown(error.to_string())
                }
                Err(error) => return Err(error),
            };
            match answer.held {
                Some(true) => found.push(answer.found),
                Some(false) => return Ok(answer),
                None => unknown = unknown.or(Some(answer)),
            }
        }
        Ok(unknown.unwrap_or_else(|| Verified::new(true, found.join("; "))))
    }

    async fn single(&mut self, session: &mut dyn Session, check: &Check) -> Result<Verified, SessionError> {
        match check {
            Check::Reading { metric, is, value } => self.reading(session, metric, *is, *value).await,
            Check::Read { statement, column, is, value } => {
                let bound = Bound { is: *is, value: *value };
                let asked = Asked { statement: statement.clone(), column: column.clone(), bound };
                patrol::verify(self.spec, session, &asked).await
            }
            Check::CauseGone(cause) => self.cause_gone(session, *cause).await,
            check => (self.spec.fixing.verify)(session, check).await,
        }
    }

    async fn reading(
        &mut self,
        session: &mut dyn Session,
        name: &str,
        is: Comparison,
        limit: f64,
    ) -> Result<Verified, SessionError> {
        let Some(metric) = metric::metric_by_name(name) else {
            return Ok(Verified::unknown(format!("there is no reading {name}")));
        };
        let mut values = self.values(session).await?;
        if !values.contains_key(&metric.id) && metric.kind == metric::MetricKind::Counter {
            tokio::time::sleep(BETWEEN).await;
            values = self.values(session).await?;
        }
        let Some(value) = values.get(&metric.id).copied() else {
            return Ok(Verified::unknown(format!("{} cannot be read", metric.label)));
        };
        let (held, side) = match is {
            Comparison::AtMost => (value <= limit, "at most"),
            Comparison::AtLeast => (value >= limit, "at least"),
        };
        let written = |value| metric::format(Some(value), metric.unit);
        Ok(Verified::new(held, format!("{} is {}, wanted {side} {}", metric.label, written(value), written(limit))))
    }

    /// The values of a fresh sample, costly ones included.
    async fn values(&mut self, session: &mut dyn Session) -> Result<Readings, SessionError> {
        let sample = (self.spec.sample)(session, 0).await?;
        let earlier = self.earlier.as_ref().map(|(at, readings)| (*at, readings));
        let values = metric::values(sample.at, &sample.readings, earlier);
        self.earlier = Some((sample.at, sample.readings));
        Ok(values)
    }

    async fn cause_gone(&mut self, session: &mut dyn Session, cause: Cause) -> Result<Verified, SessionError> {
        let request = DiagnoseRequest {
            id: RequestId(0),
            target: self.target.clone(),
            incident: None,
            focus: Some(cause),
            seconds: LOOK_SECONDS,
            usual: BTreeMap::new(),
        };
        // The plans of this look are nobody's: the most careful environment will do.
        let inquiry = Inquiry {
            request,
            environment: Environment::Production,
            safe_functions: Vec::new(),
            definitions: Vec::new(),
            own: Vec::new(),
            server_events: false,
        };
        let diagnosis = examine(self.spec, session, &inquiry, &|_| {}).await?.diagnosis;
        let title = cause.title();
        Ok(match diagnosis.of(cause) {
            Some(found) if found.verdict == Verdict::Supported => {
                let seen = found.evidence.first().map_or_else(String::new, |evidence| format!(": {}", evidence.text));
                Verified::new(false, format!("still so: {title}{seen}"))
            }
            Some(found) if found.verdict == Verdict::Refuted => {
                Verified::new(true, format!("not so any more: {title}"))
            }
            Some(_) => Verified::unknown(format!("cannot be decided: {title}")),
            None => Verified::unknown(format!("this engine does not tell: {title}")),
        })
    }

    /// What is wrong now, by one sample and with these causes; none when the server does not say.
    pub(super) async fn findings(&self, session: &mut dyn Session, causes: &[Cause]) -> Option<Findings> {
        // A cheap one: a fix does not wait for what is read once in a while.
        let sample = timeout(ANSWER, (self.spec.sample)(session, 1)).await.ok()?.ok()?;
        let values = metric::values(sample.at, &sample.readings, None);
        let usual = |_: MetricId| None;
        // One moment, not two in a row: both moments are looked at in the same way.
        let evidence = Evidence { now: &values, before: Some(&values), sample: &sample, usual: &usual };
        Some(Findings::new(&health::judge(&evidence), causes.iter().copied()))
    }
}

/// The checks that a check is made of.
fn singles(check: &Check) -> Vec<&Check> {
    match check {
        Check::All(checks) => checks.iter().flat_map(singles).collect(),
        single => vec![single],
    }
}

/// Asks whether everything holds that a step requires; the words of the first that does not, or is not known.
pub(in crate::runtime) async fn unmet(
    spec: &'static EngineSpec,
    target: &TargetId,
    session: &mut dyn Session,
    requires: &[Check],
) -> Result<Option<Unmet>, SessionError> {
    let mut asker = Asker::new(spec, target);
    for check in requires {
        let answer = asker.answer(session, check).await?;
        if answer.held != Some(true) {
            return Ok(Some(Unmet { known: answer.held.is_some(), found: answer.found }));
        }
    }
    Ok(None)
}

/// Something that a step requires and that does not hold, or that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime) struct Unmet {
    /// It is known not to hold.
    pub(in crate::runtime) known: bool,
    found: String,
}

impl Unmet {
    /// In words, behind "not sent: " or "not proposed: ". May hold untrusted text.
    pub(in crate::runtime) fn words(&self) -> String {
        let lead = if self.known { "what it requires does not hold" } else { "what it requires is not known" };
        format!("{lead}: {}", self.found)
    }
}
