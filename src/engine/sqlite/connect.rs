//! From a URL to a session: where it leads, who we are there, and why not.

use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::{ConnectSettings, Found, Session, Surroundings, Task};
use secrecy::SecretString;

pub(super) fn address(_url: &SecretString, _around: &Surroundings) -> Result<String, ConnectError> {
    Err(ConnectError::new(ConnectKind::Other, "to be written"))
}

pub(super) fn connect(_settings: &ConnectSettings) -> Task<'_, Result<Box<dyn Session>, ConnectError>> {
    Box::pin(async { Err(ConnectError::new(ConnectKind::Other, "to be written")) })
}

pub(super) fn with_database(_url: &SecretString, _database: &str) -> Option<SecretString> {
    None
}

pub(super) fn discover(_around: &Surroundings) -> Vec<Found> {
    Vec::new()
}
