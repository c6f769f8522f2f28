//! From what was read to causes and plans: the engine's judge, then every procedure that is for what was found, then
//! the exact statement of every step.

use super::is_broken;
use crate::domain::diagnosis::{Case, Diagnosis};
use crate::domain::error_event::SessionError;
use crate::domain::own::{self, OwnProcedure};
use crate::domain::procedure::{Plan, Step, offers, scheduled, with_remedies};
use crate::domain::text::redact;
use crate::engine::{EngineSpec, Session};
use tokio::time::{Instant, timeout_at};

/// Plans that are offered, at most: a person reads the first ones.
const MOST_PLANS: usize = 20;

/// Judges a case and plans for it. The session is asked only which of the named sessions are still there.
pub(super) async fn conclude(
    spec: &'static EngineSpec,
    session: &mut dyn Session,
    case: &Case<'_>,
    own: &[OwnProcedure],
    server_events: bool,
    deadline: Instant,
) -> Result<(Diagnosis, Vec<Plan>), SessionError> {
    let mut diagnosis = (spec.examination.judge)(case);
    for words in &case.observation.unknown {
        if !diagnosis.unknown.contains(words) {
            diagnosis.unknown.push(redact(words));
        }
    }
    for evidence in diagnosis.hypotheses.iter_mut().flat_map(|h| &mut h.evidence) {
        evidence.text = redact(&evidence.text);
    }
    let mut plans = offers(spec.examination.procedures, case, &diagnosis);
    plans.extend(own::plans(own, case, &diagnosis, spec.dialect));
    if server_events {
        let mut preventing = scheduled(case.incident, &plans, spec.dialect, case.now);
        for plan in &mut preventing {
            plan.blocked.extend(no_scheduler(spec, session, deadline).await?);
        }
        plans.extend(preventing);
    }
    plans.truncate(MOST_PLANS);
    for plan in &mut plans {
        plan.evidence = plan.evidence.iter().map(|words| redact(words)).collect();
        let mut blocked = Vec::new();
        for step in &mut plan.steps {
            match timeout_at(deadline, write(spec, session, step)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) if is_broken(&error) => return Err(error),
                Ok(Err(error)) => blocked.push(error.to_string()),
                Err(_) => {
                    blocked.push("the server did not say in time whether its sessions are still there".to_owned());
                }
            }
        }
        plan.blocked.extend(blocked);
    }
    Ok((with_remedies(diagnosis, &plans), plans))
}

/// Why the server's own scheduler would run nothing, where it would not, or nobody can tell.
async fn no_scheduler(
    spec: &'static EngineSpec,
    session: &mut dyn Session,
    deadline: Instant,
) -> Result<Option<String>, SessionError> {
    let Some(check) = spec.dialect.scheduler() else { return Ok(Some("there is no scheduler".to_owned())) };
    let asked = timeout_at(deadline, (spec.fixing.verify)(session, &check)).await;
    Ok(match asked {
        Ok(Ok(answer)) => (answer.held != Some(true)).then(|| format!("no scheduler runs: {}", answer.found)),
        Ok(Err(error)) if is_broken(&error) => return Err(error),
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("the server did not say in time whether its scheduler runs".to_owned()),
    })
}

/// Fills in a step's statement: its sessions are told from later ones of the same number, and what has a typed kind is
/// rendered from it.
async fn write(spec: &'static EngineSpec, session: &mut dyn Session, step: &mut Step) -> Result<(), SessionError> {
    let Some(kind) = step.draft.kind.take() else { return Ok(()) };
    // A kind that cannot be frozen stays as it was planned, so that the plan says what was meant.
    step.draft.kind = Some(kind.clone());
    let kind = (spec.fixing.freeze)(session, kind).await?;
    step.draft.statement = spec.dialect.render(&kind).map_err(SessionError::Unsupported)?;
    step.draft.class = kind.class();
    step.draft.kind = Some(kind);
    Ok(())
}
