//! Our own connections to a file make way for an act that needs it alone. In mode wal every connection that has looked
//! at the file keeps a lock on it for as long as it is open, and leaving that mode needs the file without any of them:
//! a session that is asked closes its connection, and opens the file again when the act is over.

use super::worker::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

/// The sessions of this process: the file that each has open (device and inode), and the way to its thread.
static SESSIONS: Mutex<Vec<(String, mpsc::WeakSender<Command>)>> = Mutex::new(Vec::new());
/// Time between two looks at whether somebody has closed.
const RETRY: Duration = Duration::from_millis(2);

/// What a session's thread is asked: to close its connection for a while.
pub(super) struct Request {
    closed: oneshot::Sender<()>,
    over: oneshot::Receiver<()>,
}

impl Request {
    /// Nobody waits for it any more: the thread was busy for too long.
    pub(super) fn is_late(&self) -> bool {
        self.closed.is_closed()
    }
    /// Says that the connection is closed, and waits until the act is over.
    pub(super) fn stand_aside(self) {
        // Whoever asked may have gone; then the act is over as well.
        let _ = self.closed.send(());
        let _ = self.over.blocking_recv();
    }
}

/// The sessions that stand aside do so for as long as this lives.
pub(super) struct Alone {
    _waiting: Vec<oneshot::Sender<()>>,
}

/// Lists a session's thread, by the file that it has open.
pub(super) fn list(file: &str, thread: &mpsc::Sender<Command>) {
    let mut sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.retain(|(_, thread)| thread.strong_count() > 0);
    sessions.push((file.to_owned(), thread.downgrade()));
}

/// Asks every session that has this file open to make way. One that is busy until `until` keeps its connection, and
/// SQLite then refuses the act.
pub(super) fn make_way(file: &str, until: Instant) -> Alone {
    let threads: Vec<mpsc::WeakSender<Command>> = {
        let sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().filter(|(own, _)| own == file).map(|(_, thread)| thread.clone()).collect()
    };
    let asked: Vec<_> = threads.iter().filter_map(|thread| ask(&thread.upgrade()?, until)).collect();
    let mut waiting = Vec::new();
    for (mut closed, over) in asked {
        while closed.try_recv() == Err(oneshot::error::TryRecvError::Empty) && Instant::now() < until {
            std::thread::park_timeout(RETRY);
        }
        waiting.push(over);
    }
    Alone { _waiting: waiting }
}

/// Puts the request into a thread's hands; none when the thread is gone, or busy for too long.
fn ask(thread: &mpsc::Sender<Command>, until: Instant) -> Option<(oneshot::Receiver<()>, oneshot::Sender<()>)> {
    let (closed, has_closed) = oneshot::channel();
    let (over, is_over) = oneshot::channel();
    let mut command = Command::MakeWay(Request { closed, over: is_over });
    loop {
        command = match thread.try_send(command) {
            Ok(()) => return Some((has_closed, over)),
            Err(TrySendError::Full(back)) if Instant::now() < until => back,
            Err(_) => return None,
        };
        std::thread::park_timeout(RETRY);
    }
}
