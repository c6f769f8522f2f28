//! Stopping what the server does for us: a cancel request over a second connection to the same address.

use crate::engine::net::{self, Peer, Socket, TlsPlan, Transport};
use crate::engine::postgres::connect;
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Time for one cancel request.
const PATIENCE: Duration = Duration::from_secs(1);

/// How to reach our own backend from outside.
#[derive(Clone)]
pub(crate) struct Route {
    /// The address that answered.
    pub(crate) peer: Peer,
    /// How the first connection was encrypted; the second is encrypted alike.
    pub(crate) tls: Option<Arc<TlsPlan>>,
    /// The backend's process id as the server told it.
    pub(crate) pid: i32,
    /// The secret that proves we own it.
    pub(crate) secret: i32,
}

impl Route {
    /// Asks the server to stop our running statement. It may have ended by itself: that is no error, and the server
    /// never says which it was.
    pub(crate) async fn cancel(&self) -> io::Result<()> {
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the cancel request was not taken in time");
        tokio::time::timeout(PATIENCE, self.send()).await.map_err(late)?
    }

    async fn send(&self) -> io::Result<()> {
        let mut transport: Box<dyn Transport> = match (net::reach(&self.peer).await?, &self.tls) {
            (Socket::Tcp(stream), Some(plan)) => Box::new(connect::encrypt_for_cancel(stream, plan).await?),
            (Socket::Tcp(stream), None) => Box::new(stream),
            (Socket::Unix(stream), _) => Box::new(stream),
        };
        let mut request = BytesMut::new();
        frontend::cancel_request(self.pid, self.secret, &mut request);
        transport.write_all(&request).await?;
        transport.flush().await?;
        // The server closes when it has passed the request on: only then is it sure to hit the right statement.
        let mut rest = [0; 64];
        while transport.read(&mut rest).await.is_ok_and(|n| n > 0) {}
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

/// Held while a cancel request is on its way that nobody waits for: it must not hit the session's next statement.
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
