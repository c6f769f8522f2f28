//! Commands that put keys back as they were: value, type and time of expiry, by the server's own serialisation, byte
//! for byte in a line that a person can approve.

use super::deed::KeyChange;
use super::look::{self, KeyState, Question, question};
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Inverse;
use crate::engine::redis::dialect::acts::MOST_KEYS;
use crate::engine::redis::dialect::line;
use crate::engine::redis::wire::{Reply, Wire};

/// Bytes in memory of a key whose serialisation fits into a line, where one byte can take four.
const MOST_BYTES: u64 = 15_000;

/// How a change of keys can be undone, said before it is approved.
pub(super) fn inverse(change: &KeyChange, states: &[KeyState]) -> Inverse {
    if let Some(why) = change.beyond {
        return Inverse::None(why.to_owned());
    }
    if states.len() > MOST_KEYS {
        return Inverse::None(format!("it names more than {MOST_KEYS} keys"));
    }
    for state in states.iter().filter(|state| state.exists()) {
        let key = line::quote(&state.key);
        match state.bytes {
            Some(bytes) if bytes > MOST_BYTES => {
                return Inverse::None(format!(
                    "{key} takes {bytes} bytes, and what fits into one line is {MOST_BYTES}: keep a copy first (COPY)"
                ));
            }
            None => return Inverse::None(format!("the size of {key} cannot be seen by this login")),
            Some(_) => {}
        }
    }
    Inverse::FromRows(states.len() as u64)
}

/// The commands, from what the keys hold now. The keys are watched: when one moves, the act does not happen.
pub(super) async fn commands(wire: &mut Wire, states: &[KeyState]) -> Result<Vec<String>, SessionError> {
    let mut questions: Vec<Question> = vec![question(&[b"TIME"])];
    for state in states {
        questions.push(question(&[b"PEXPIRETIME", &state.key]));
        questions.push(question(&[b"DUMP", &state.key]));
    }
    let replies = look::ask(wire, &questions).await?;
    let now_ms = replies.first().and_then(milliseconds);
    let mut commands = Vec::with_capacity(states.len());
    for (state, answers) in states.iter().zip(replies.get(1..).unwrap_or_default().chunks_exact(2)) {
        let [at, dump] = answers else { continue };
        let expires = match (state.left_ms, at.int(), now_ms) {
            (None, ..) => None,
            // Servers before Redis 7 do not tell the moment itself.
            (Some(_), Some(at), _) if at > 0 => Some(at),
            (Some(left), _, Some(now)) => Some(now.saturating_add(left)),
            (Some(_), ..) => return Err(cannot(state, "when it expires cannot be seen")),
        };
        commands.push(one(state, expires, dump)?);
    }
    Ok(commands)
}

/// Seconds and microseconds of TIME.
fn milliseconds(time: &Reply) -> Option<i64> {
    let [seconds, micros] = time.items() else { return None };
    seconds.int()?.checked_mul(1000)?.checked_add(micros.int()? / 1000)
}

fn one(state: &KeyState, expires: Option<i64>, dump: &Reply) -> Result<String, SessionError> {
    let key = line::quote(&state.key);
    if !state.exists() {
        return Ok(format!("UNLINK {key}"));
    }
    let payload = dump_of(dump).ok_or_else(|| cannot(state, "it cannot be read whole (DUMP)"))?;
    fits(state, restore(&key, expires, payload))
}

/// What DUMP gave, when it came whole.
fn dump_of(dump: &Reply) -> Option<&[u8]> {
    match dump {
        Reply::Text(payload) => Some(payload),
        _ => None,
    }
}

fn restore(key: &str, expires: Option<i64>, payload: &[u8]) -> String {
    let payload = line::quote(payload);
    match expires {
        Some(at) => format!("RESTORE {key} {at} {payload} REPLACE ABSTTL"),
        None => format!("RESTORE {key} 0 {payload} REPLACE"),
    }
}

/// A line that the guard would cut otherwise, or not at all, is no undo.
fn fits(state: &KeyState, command: String) -> Result<String, SessionError> {
    match line::split(&command) {
        Ok(_) => Ok(command),
        Err(_) => Err(cannot(state, "what it holds does not fit into one line")),
    }
}

fn cannot(state: &KeyState, why: &str) -> SessionError {
    SessionError::Unsupported(format!(
        "{} was approved as something that can be undone, and {why}: nothing was sent",
        line::quote(&state.key)
    ))
}
