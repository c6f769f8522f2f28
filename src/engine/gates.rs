//! The gates behind the guard, asked of a server itself: is the login weak, does the server refuse writes, does it
//! refuse two statements in one message.
//!
//! Nothing here writes: the questions are reads and constants of ours that would do no harm if a gate were open.

use super::{Collector, EngineSpec, Query, Session};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{self, Author, Catalog};
use crate::domain::rows::{Limits, Value};
use tokio_util::sync::CancellationToken;

/// How an engine's gates can be asked for.
#[derive(Debug)]
pub struct Gates {
    /// A read, and what the last cell of its first row is while the server itself refuses writes.
    pub read_only: Option<(&'static str, &'static str)>,
    /// Two statements in one, which a server must take for a mistake.
    pub two_at_once: Option<&'static Query>,
}

impl Gates {
    /// An engine whose servers have no such mode, and whose protocol has no place for a second command.
    pub const ROLE_ALONE: Self = Self { read_only: None, two_at_once: None };
}

/// Whether a gate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// The server said so.
    Holds,
    /// It is open.
    Open,
    /// The engine has no such gate to ask for.
    None,
    /// The server gave no answer that tells.
    Unknown,
}

impl Stand {
    /// The word in a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Open => "open",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// A gate and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Its name: `weak login`, `read-only mode`, `one statement a message`.
    pub name: &'static str,
    /// Whether it holds.
    pub stand: Stand,
    /// What was seen. Untrusted text.
    pub seen: String,
}

/// Asks for every gate.
///
/// # Errors
/// The session was lost on the way.
pub async fn ask(spec: &EngineSpec, session: &mut dyn Session) -> Result<Vec<Gate>, SessionError> {
    let powers = &session.identity().excess_powers;
    let login = if powers.is_empty() {
        (Stand::Holds, format!("{} may do nothing beyond reading", session.identity().user))
    } else {
        (Stand::Open, powers.join(", "))
    };
    let mut gates = vec![Gate { name: "weak login", stand: login.0, seen: login.1 }];
    let (stand, seen) = read_only(spec, session).await?;
    gates.push(Gate { name: "read-only mode", stand, seen });
    let (stand, seen) = one_statement(spec, session).await?;
    gates.push(Gate { name: "one statement a message", stand, seen });
    Ok(gates)
}

async fn read_only(spec: &EngineSpec, session: &mut dyn Session) -> Result<(Stand, String), SessionError> {
    let Some((statement, wanted)) = spec.gates.read_only else {
        return Ok((Stand::None, format!("{} has no such mode: the rights of the login are what holds", spec.name)));
    };
    let allowed = match guard::allow(spec.dialect, Author::Person, &Catalog::default(), statement) {
        Ok(allowed) => allowed,
        Err(judgement) => return Ok((Stand::Unknown, judgement.reason)),
    };
    let limits = Limits::default();
    let mut sink = Collector::new(limits);
    match session.read(allowed, &limits, &CancellationToken::new(), &mut sink).await {
        Ok(_) => {
            let rows = sink.into_rows();
            let found = rows.rows.first().and_then(|row| row.last()).and_then(Value::plain).unwrap_or_default();
            let stand = if found.eq_ignore_ascii_case(wanted) { Stand::Holds } else { Stand::Open };
            Ok((stand, format!("{statement}: {found}")))
        }
        Err(SessionError::Server(said)) => Ok((Stand::Unknown, said.message)),
        Err(error) => Err(error),
    }
}

async fn one_statement(spec: &EngineSpec, session: &mut dyn Session) -> Result<(Stand, String), SessionError> {
    let Some(query) = spec.gates.two_at_once else {
        return Ok((Stand::None, "a message holds one command and has no place for another".to_owned()));
    };
    match session.own(query, &[]).await {
        Ok(_) => Ok((Stand::Open, format!("{}: the server took it", query.text))),
        Err(SessionError::Server(said)) => Ok((Stand::Holds, format!("{}: {}", query.text, said.message))),
        Err(error) => Err(error),
    }
}
