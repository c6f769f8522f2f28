//! What the server itself tells of its errors, through the watching session: its log, and its counters.

use super::intake::{Intake, Piece};
use super::{Desk, Logs};
use crate::domain::error::event::ErrorEvent;
use crate::domain::error::naming::understand;
use crate::domain::error_event::SessionError;
use crate::domain::incident::detect::Counted;
use crate::engine::{LookAtReports, Reports, Session};
use crate::store::incidents::LogPlace;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::timeout;

/// Time for one look.
const DEADLINE: Duration = Duration::from_secs(5);
/// The name of the server's own log among the target's logs.
const LOG: &str = "server";

/// Where the last look ended.
enum Place {
    /// The store has not been asked yet.
    NotRead,
    /// There; none when there never was a look.
    Known(Option<String>),
}

/// Looks at what one server tells.
pub(in crate::runtime) struct Said {
    logs: Logs,
    look: LookAtReports,
    desk: Desk,
    intake: Intake,
    /// Numbers and lengths of the logs that were met, by their names.
    origins: HashMap<String, (u64, u64)>,
    /// Where the last look ended; read from the store before the first.
    place: Place,
    /// What the login or the server would need for this to work.
    hint: Option<String>,
}

impl Said {
    /// None where the engine tells nothing. Where the configuration names a log, that one is read and not this one.
    pub(in crate::runtime) fn new(logs: Logs, look: Option<LookAtReports>, desk: Desk) -> Option<Self> {
        let intake = Intake::new(logs.target.clone(), logs.dialect, &logs.config);
        let look = look?;
        Some(Self { logs, look, desk, intake, origins: HashMap::new(), place: Place::NotRead, hint: None })
    }

    /// What would have to be granted or set for more to be seen.
    pub(in crate::runtime) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// One look. Gives the counters; the errors of the log go to the store.
    ///
    /// # Errors
    /// The session's, when it can no longer be used.
    pub(in crate::runtime) async fn look(&mut self, session: &mut dyn Session) -> Result<Vec<Counted>, SessionError> {
        let since = match &self.place {
            Place::NotRead => self.desk.place(&self.logs.target, LOG).await,
            Place::Known(place) => place.clone(),
        };
        self.place = Place::Known(since.clone());
        let looked = timeout(DEADLINE, (self.look)(session, since.as_deref())).await;
        let reports = match looked {
            Ok(Ok(reports)) => reports,
            Ok(Err(SessionError::Unsupported(words))) => {
                self.hint = Some(words);
                return Ok(Vec::new());
            }
            Ok(Err(error @ SessionError::Server(_))) => {
                self.hint = Some(format!("what the server tells of its errors could not be read: {error}"));
                return Ok(Vec::new());
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(SessionError::Lost("what it tells of its errors took too long".to_owned())),
        };
        self.hint = None;
        let Reports { counts, log, place } = reports;
        let has_log_of_its_own = self.logs.config.files.is_empty() && self.logs.config.command.is_none();
        let mut errors = Vec::new();
        if has_log_of_its_own {
            for piece in &log {
                errors.extend(self.take(piece));
            }
            if log.is_empty() {
                errors.extend(self.intake.quiet());
            }
            // What is open still belongs to the bytes before the place; it is given with the next look.
            if let (Some(place), true) = (&place, !errors.is_empty() || place != since) {
                let place = LogPlace { target: self.logs.target.clone(), log: LOG.to_owned(), place: place.clone() };
                self.desk.report(errors, place).await;
            }
        }
        self.place = Place::Known(place);
        let naming = self.logs.dialect.errors();
        let counted = |c: crate::engine::ErrorCount| Counted {
            error: understand(naming, &c.text, Some(&c.code).filter(|code| !code.is_empty()).map(String::as_str)),
            total: c.raised,
        };
        Ok(counts.into_iter().map(counted).collect())
    }

    fn take(&mut self, piece: &crate::engine::LogPiece) -> Vec<ErrorEvent> {
        self.intake.as_said(piece.format, piece.prefix.clone());
        let next = self.origins.len() as u64;
        let (number, offset) = *self.origins.entry(piece.origin.clone()).or_insert((next, 0));
        let bytes = Piece { log: number, offset, torn: piece.torn, bytes: &piece.bytes };
        let errors = self.intake.feed(&bytes).unwrap_or_else(|words| {
            self.hint = Some(format!("the server's log {} cannot be read: {words}", piece.origin));
            // The next bytes may show better what they are.
            self.intake.forget(number);
            Vec::new()
        });
        self.origins.insert(piece.origin.clone(), (number, offset + piece.bytes.len() as u64));
        errors
    }
}
