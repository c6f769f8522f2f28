//! Finds out what is wrong with a server, on a session that is there already: when every connection is taken, that is
//! the only way in. Nothing is changed; everything is bounded in time.
//!
//! ```text
//! gather: probes over N seconds, a further look, plans  -->  Observation
//! conclude: the engine's judge, procedures, statements  -->  Examined
//! ```

mod conclude;
mod gather;
#[cfg(test)]
mod tests;

use super::{TargetSetup, clock};
use crate::app::effect::DiagnoseRequest;
use crate::domain::diagnosis::{Case, KnownDefinition, MOST_SECONDS, Observation};
use crate::domain::error::kind::ErrorKind;
use crate::domain::error_event::SessionError;
use crate::domain::incident::Incident;
use crate::domain::own::OwnProcedure;
use crate::domain::procedure::Examined;
use crate::domain::target::{Environment, TargetId};
use crate::engine::{EngineSpec, Session, Wanted};
use crate::store::Store;
use gather::Gathering;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Words of a statement that are looked up as names of objects, at most.
const MOST_NAMES: usize = 100;
/// Time for everything after the watching, at most.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// A question, with what is known besides the server's own answers.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The question.
    pub request: DiagnoseRequest,
    /// How much harm a mistake does there.
    pub environment: Environment,
    /// Functions that a person has declared to be pure reads.
    pub safe_functions: Vec<String>,
    /// What we remember of objects with the name of the incident's object.
    pub definitions: Vec<KnownDefinition>,
    /// The person's own procedures for this target.
    pub own: Vec<OwnProcedure>,
    /// Steps for the server's own scheduler may be offered.
    pub server_events: bool,
}

impl TargetSetup {
    /// A question about this target.
    pub(super) fn inquiry(&self, request: DiagnoseRequest) -> Inquiry {
        Inquiry {
            request,
            environment: self.target.environment,
            safe_functions: self.allow_functions.clone(),
            definitions: Vec::new(),
            own: self.own.procedures.clone(),
            server_events: self.server_events,
        }
    }
}

impl Inquiry {
    /// Adds what the store remembers of what the incident names. Without it, what was dropped is only not offered to be
    /// made again.
    pub(super) async fn remember(&mut self, store: &Store) {
        if let Some(incident) = &self.request.incident {
            self.definitions = remembered(store, &self.request.target, incident).await;
        }
    }
}

/// What the store remembers of objects with the name of the incident's object; where a column is missing, of those that
/// its statement names as well, since the object is the column then. What cannot be read is left out.
pub async fn remembered(store: &Store, target: &TargetId, incident: &Incident) -> Vec<KnownDefinition> {
    let mut names: BTreeSet<String> = incident.object.iter().cloned().collect();
    if incident.kind == ErrorKind::ColumnNotFound {
        let words = incident.statement.as_deref().unwrap_or_default().split(|c: char| !is_of_a_name(c));
        names.extend(words.filter(|word| !word.is_empty()).map(str::to_lowercase).take(MOST_NAMES));
    }
    let mut definitions: Vec<KnownDefinition> = Vec::new();
    for name in names {
        for known in store.definitions(target, &name).await.unwrap_or_default() {
            if !definitions.contains(&known) {
                definitions.push(known);
            }
        }
    }
    definitions
}

/// Whether a character may stand in a name that is not quoted.
fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// Told how far it is, per cent.
pub type Progress<'a> = &'a (dyn Fn(u8) + Send + Sync);

/// Watches, judges and plans. It ends within the request's seconds and a little more (`AFTERWARDS`).
///
/// # Errors
/// Only when the session breaks: what a server refuses is kept as refused, and makes causes undecided.
pub async fn examine(
    spec: &'static EngineSpec,
    session: &mut dyn Session,
    inquiry: &Inquiry,
    progress: Progress<'_>,
) -> Result<Examined, SessionError> {
    let request = &inquiry.request;
    let seconds = request.seconds.clamp(1, MOST_SECONDS);
    let begun = Instant::now();
    let window_end = begun + Duration::from_secs(u64::from(seconds));
    let identity = session.identity().clone();
    let incident = request.incident.as_deref();
    let wanted = Wanted {
        object: incident.and_then(|i| i.object.clone()),
        statement: incident.and_then(|i| i.statement.clone()),
        kind: incident.map(|i| i.kind),
    };
    let mut observation = Observation::default();
    let mut gathering = Gathering::new(spec, session, &mut observation, begun, window_end);
    gathering.watch(&(spec.examination.probes)(&identity), progress).await?;
    gathering.look_further(&wanted).await?;
    gathering.plans(&wanted, &inquiry.safe_functions).await?;
    let now = clock::now();
    let case = Case {
        now,
        identity: &identity,
        environment: inquiry.environment,
        observation: &observation,
        incident,
        usual: &request.usual,
        focus: request.focus,
        definitions: &inquiry.definitions,
    };
    let deadline = window_end + AFTERWARDS;
    let (diagnosis, plans) =
        conclude::conclude(spec, session, &case, &inquiry.own, inquiry.server_events, deadline).await?;
    progress(100);
    let mut examined = Examined { target: request.target.clone(), at: now, seconds, diagnosis, plans };
    examined.clean();
    Ok(examined)
}

/// The session is of no use any more. Everything else is the server's refusal of one question.
fn is_broken(error: &SessionError) -> bool {
    matches!(error, SessionError::Lost(_) | SessionError::Connect(_))
}
