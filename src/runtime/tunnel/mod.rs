//! What runs between us and a server: started at the first need, shared by all sessions of a target, started anew when
//! it has died, and ended with us.
//!
//! ```text
//! arguments  the words that start it     hold  so that it ends with us     listening  whether it is ready
//! ```

mod arguments;
mod hold;
mod listening;

pub(super) use hold::{become_tunnel, wrap as ending_with_us};

use crate::config::TunnelConfig;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::domain::text::{escape, redact};
use crate::secrets;
use listening::{Listener, listener};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Time for a tunnel to be ready: a login to another machine, or a proxy that fetches a certificate.
pub(super) const READY: Duration = Duration::from_secs(10);
/// Between two looks at whether it listens.
const LOOK: Duration = Duration::from_millis(20);
/// Lines of its talk that are kept, and the longest of them, bytes.
const LINES: usize = 5;
const LONGEST_LINE: u64 = 400;

/// A tunnel of one target.
pub(super) struct Tunnel {
    config: TunnelConfig,
    host: String,
    port: u16,
    variables: BTreeMap<String, String>,
    running: tokio::sync::Mutex<Option<Running>>,
    /// The last that a tunnel of this target said.
    said: Said,
}

/// The last lines of a program's standard error, as it wrote them.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<VecDeque<String>>>);

/// A tunnel's program. Dropping it ends it and everything that it started.
struct Running {
    near_port: u16,
    child: Child,
    /// It leads a process group of its own, whose number this is.
    group: Option<Pid>,
    /// Listens to its talk.
    listening: JoinSet<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // A leader that was waited for has given its number back to the system.
        if let (Some(group), Ok(None)) = (self.group, self.child.try_wait()) {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

impl Tunnel {
    /// A tunnel to this server that does not run yet.
    pub(super) fn new(config: TunnelConfig, host: String, port: u16, variables: BTreeMap<String, String>) -> Self {
        Self { config, host, port, variables, running: tokio::sync::Mutex::default(), said: Said::default() }
    }

    /// Where to dial: starts the tunnel unless it runs, and waits until it listens. Many may ask at once.
    pub(super) async fn near_end(&self) -> Result<(String, u16), ConnectError> {
        let mut running = self.running.lock().await;
        let alive = running.as_mut().is_some_and(|tunnel| matches!(tunnel.child.try_wait(), Ok(None)));
        if !alive {
            *running = None;
            let started = self.start()?;
            *running = Some(self.ready(started).await?);
        }
        let port = running.as_ref().map_or(0, |tunnel| tunnel.near_port);
        Ok((Ipv4Addr::LOCALHOST.to_string(), port))
    }

    /// An error of a connection through the tunnel, with what the tunnel said about it.
    pub(super) fn explain(&self, error: ConnectError) -> ConnectError {
        let by_network = matches!(error.kind, ConnectKind::Refused | ConnectKind::Unreachable | ConnectKind::Other);
        match self.said.words() {
            Some(words) if by_network => {
                let message = format!("{}; the tunnel ({}) said: {words}", error.message, self.config);
                ConnectError { message, ..error }
            }
            _ => error,
        }
    }

    fn start(&self) -> Result<Running, ConnectError> {
        self.said.clear();
        let near_port = free_port().map_err(|e| self.failed(&format!("finds no free port: {e}")))?;
        let words = hold::wrap(arguments::words(&self.config, near_port, &self.host, self.port));
        let (program, rest) = words.split_first().map_or(("", &[][..]), |(p, rest)| (p.as_str(), rest));
        let mut child = Command::new(program)
            .args(rest)
            .env_clear()
            .envs(secrets::for_children(&self.variables))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Of its own, so that all of it can be ended, and Ctrl+C at our terminal is not for it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| self.failed(&format!("did not start: {e}")))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let mut listening = JoinSet::new();
        if let Some(talk) = child.stderr.take() {
            listening.spawn(self.said.clone().listen(talk));
        }
        Ok(Running { near_port, child, group, listening })
    }

    /// Waits until it listens, ends, or has had its time.
    async fn ready(&self, mut tunnel: Running) -> Result<Running, ConnectError> {
        let deadline = Instant::now() + READY;
        loop {
            if let Ok(Some(status)) = tunnel.child.try_wait() {
                // What it said last is still on its way.
                let _ = timeout(Duration::from_millis(200), tunnel.listening.join_next()).await;
                return Err(self.failed(&format!("ended at once ({status})")));
            }
            match listener(tunnel.near_port) {
                Listener::Ours => return Ok(tunnel),
                Listener::Foreign => {
                    return Err(self.failed("found its port taken by a program of another user: try again"));
                }
                Listener::Nobody if Instant::now() >= deadline => {
                    let words =
                        format!("did not listen on 127.0.0.1:{} within {} s", tunnel.near_port, READY.as_secs());
                    return Err(self.failed(&words));
                }
                Listener::Nobody => sleep(LOOK).await,
            }
        }
    }

    /// `the tunnel (ssh ann@bastion) did not start: ...`, with its last words.
    fn failed(&self, what: &str) -> ConnectError {
        let said = self.said.words().map_or_else(String::new, |words| format!(": {words}"));
        ConnectError::new(ConnectKind::Unreachable, format!("the tunnel ({}) {what}{said}", self.config))
    }
}

impl Said {
    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<String>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn clear(&self) {
        self.with(VecDeque::clear);
    }

    /// Fit to be shown: no secret, nothing that a terminal would obey.
    fn words(&self) -> Option<String> {
        let lines = self.with(|lines| lines.iter().map(|line| escape(&redact(line))).collect::<Vec<_>>());
        (!lines.is_empty()).then(|| lines.join(" / "))
    }

    /// Keeps the last lines until the program closes its end.
    async fn listen(self, talk: impl AsyncRead + Unpin) {
        let mut talk = BufReader::new(talk);
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line that never ends is cut, not collected.
            match (&mut talk).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&line).trim().to_owned();
                    if !text.is_empty() {
                        self.with(|lines| {
                            lines.push_back(text);
                            if lines.len() > LINES {
                                lines.pop_front();
                            }
                        });
                    }
                }
            }
        }
    }
}

/// A port of the loopback that is free now. Somebody may take it before the tunnel does; that is seen.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
