//! From a URL to a session: opens the file read-only so that nothing in it can harm us and nothing we do can harm it,
//! and learns what there is to say about it.

use super::authorizer::Gate;
use super::session::SqliteSession;
use super::worker::{Command, Interrupt, Worker};
use super::{aside, location, open};
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::target::Identity;
use crate::engine::{ConnectSettings, Session, Surroundings, Task};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use tokio::sync::{mpsc, oneshot};

/// Commands waiting for the thread; a session sends one at a time.
const COMMANDS_AHEAD: usize = 1;

/// The path, absolute. A URL of SQLite holds no secret.
pub(super) fn address(url: &SecretString, around: &Surroundings) -> Result<String, ConnectError> {
    location::path_of(url.expose_secret(), around).map(|path| path.display().to_string())
}

/// Opens the file on a thread of its own, which then serves the session.
pub(super) fn connect(settings: &ConnectSettings) -> Task<'_, Result<Box<dyn Session>, ConnectError>> {
    Box::pin(async {
        let path = location::path_of(settings.url.expose_secret(), &settings.surroundings)?;
        let (commands, received) = mpsc::channel(COMMANDS_AHEAD);
        let (opened, answer) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("sqlite".into())
            .spawn({
                let path = path.clone();
                move || {
                    serve(&path, opened, received);
                    drop(end);
                }
            })
            .map_err(|error| other(format!("No thread could be started to read the file: {error}.")))?;
        let opened = tokio::time::timeout(settings.timeout, answer).await.map_err(|_| {
            let seconds = settings.timeout.as_secs_f32();
            ConnectError::new(
                ConnectKind::Unreachable,
                format!(
                    "{} did not answer within {seconds:.0} s. Is it on a disk or share that hangs?",
                    path.display()
                ),
            )
        })?;
        let (identity, interrupt) =
            opened.unwrap_or_else(|_| Err(other(format!("Reading {} failed unexpectedly.", path.display()))))?;
        if let Some(file) = &identity.system_id {
            aside::list(file, &commands);
        }
        Ok(Box::new(SqliteSession::new(identity, path, commands, interrupt, ended)) as Box<dyn Session>)
    })
}

type Opened = Result<(Identity, Interrupt), ConnectError>;

/// The life of a session's thread: open, report, serve, close; and all of it but the report again after it made way for
/// an act.
fn serve(path: &Path, report: oneshot::Sender<Opened>, mut commands: mpsc::Receiver<Command>) {
    let gate = Gate::default();
    let (mut connection, identity) = match open::open(path, &gate) {
        Ok(opened) => opened,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    let (file, interrupt) = (identity.system_id.clone(), Interrupt::of(&connection));
    // The person may have given up waiting meanwhile; then the commands' sender is gone too.
    if report.send(Ok((identity, interrupt.clone()))).is_err() {
        return;
    }
    while let Some(request) = Worker::new(connection, gate.clone()).run(&mut commands) {
        request.stand_aside();
        connection = match open::open(path, &gate) {
            Ok((connection, now)) if now.system_id == file => connection,
            // Another file, or none: the session is lost, and whoever needs one connects anew.
            _ => return,
        };
        interrupt.moves_to(&connection);
    }
}

/// A file is one database; another one is another target.
pub(super) fn with_database(_url: &SecretString, _database: &str) -> Option<SecretString> {
    None
}

fn other(message: String) -> ConnectError {
    ConnectError::new(ConnectKind::Other, message)
}
