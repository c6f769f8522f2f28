//! Stopping what the server does for us: `KILL QUERY` over a second, short connection to the same address.

use super::client::Command;
use crate::domain::rows::Value;
use crate::engine::mysql::connect::Door;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

/// Time for one request: a connection, a login and two questions.
const PATIENCE: Duration = Duration::from_secs(2);

/// What tells one server from another behind the same address: a load balancer may lead the second connection to
/// another server, where our number is somebody else's.
pub(crate) const WHICH: &str = "SELECT CONCAT_WS('/', @@hostname, @@port, @@pid_file)";

/// How to reach our own session from outside.
#[derive(Clone)]
pub(crate) struct Route {
    /// The way in that the session took.
    pub(crate) door: Arc<Door>,
    /// The session's number, as the address that we dialled counts.
    pub(crate) id: u64,
    /// The answer to [`WHICH`]; `None` behind a pooler, which knows its own numbers.
    pub(crate) which: Option<String>,
}

impl Route {
    /// Asks the server to stop our running statement. It may have ended by itself: that is no error.
    pub(crate) async fn cancel(&self) -> io::Result<()> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the request to stop was not taken in time");
        tokio::time::timeout(PATIENCE, self.send()).await.map_err(late)?
    }

    async fn send(&self) -> io::Result<()> {
        let mut opened =
            self.door.open(None, Instant::now() + PATIENCE).await.map_err(|e| io::Error::other(e.error().message))?;
        let broken = |e: super::WireError| io::Error::other(e.words());
        if let Some(which) = &self.which {
            let answer = opened.wire.ask(WHICH, &[], 1).await.map_err(broken)?;
            let here = answer.ok().and_then(|mut a| {
                let cell = a.rows.pop()?.pop()?;
                Some(super::value(a.fields.first()?, cell))
            });
            if here != Some(Value::Text(which.clone())) {
                return Err(io::Error::other("the second connection came to another server"));
            }
        }
        // A statement that has ended, or a session that is gone, needs no stop.
        opened.wire.run(&Command::with("KILL QUERY {}", &[self.id])).await.map_err(broken)?.ok();
        opened.wire.close().await;
        Ok(())
    }

    /// The same with nobody waiting: on a thread of its own, because it is called from a drop, where there may be no
    /// runtime any more. Best effort. `underway` is given back when it is done.
    fn cancel_detached(&self, underway: Option<OwnedMutexGuard<()>>) {
        let route = self.clone();
        let _ = std::thread::Builder::new().name("cancel".into()).spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                let _ = runtime.block_on(route.cancel());
            }
            drop(underway);
        });
    }
}

/// Held while a request is on its way that nobody waits for: it must not hit the session's next statement.
pub(crate) type Underway = Arc<Mutex<()>>;

/// Stands guard while the server works for us. When the future that waits is dropped (a task aborted, the program
/// leaving), the server is told to stop: it would not notice by itself.
pub(crate) struct InFlight {
    route: Option<Route>,
    underway: Underway,
}

impl InFlight {
    /// Begins the watch.
    pub(crate) fn new(route: &Route, underway: &Underway) -> Self {
        Self { route: Some(route.clone()), underway: Arc::clone(underway) }
    }
    /// The server is at rest.
    pub(crate) fn done(mut self) {
        self.route = None;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(route) = self.route.take() {
            route.cancel_detached(Arc::clone(&self.underway).try_lock_owned().ok());
        }
    }
}
