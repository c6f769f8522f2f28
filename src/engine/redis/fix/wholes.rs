//! What keys hold that a command would replace or remove: their kind, the moment when they expire, and a digest of the
//! server's own serialisation. Nothing of the values themselves is kept.

use super::deed::{self, Deed};
use super::look::{self, Question, question};
use super::{connection, in_time};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::domain::proposal::Draft;
use crate::domain::text::hex;
use crate::engine::redis::dialect::line;
use crate::engine::redis::session::refusal;
use crate::engine::redis::wire::Reply;
use crate::engine::{Session, Task};
use sha2::{Digest as _, Sha256};

/// Bytes of a digest that are kept: enough to tell two values apart that nobody made to look alike.
const DIGEST: usize = 16;

/// Reads them.
pub(super) fn wholes<'a>(
    session: &'a mut dyn Session,
    draft: &'a Draft,
) -> Task<'a, Result<Vec<Precondition>, SessionError>> {
    Box::pin(async move {
        let command = deed::read(&draft.statement).map_err(SessionError::Unsupported)?;
        let Deed::Keys(change) = command.deed else { return Ok(Vec::new()) };
        let (wire, _) = connection(session).await?;
        in_time(async {
            let ask = |key: &Vec<u8>| {
                [&b"TYPE"[..], b"PEXPIRETIME", b"PTTL", b"DUMP"].map(|name| question(&[name, key.as_slice()]))
            };
            let questions: Vec<Question> = change.keys.iter().flat_map(ask).collect();
            let replies = look::ask(wire, &questions).await?;
            let states = change.keys.iter().zip(replies.chunks_exact(4));
            states
                .map(|(key, replies)| {
                    Ok(Precondition { text: format!("the key {} holds", line::quote(key)), found: found(replies)? })
                })
                .collect()
        })
        .await
    })
}

/// `hash, stays, digest 9f86d081...`.
fn found(replies: &[Reply]) -> Result<String, SessionError> {
    let [kind, expires, left, dump] = replies else { return Err(SessionError::Lost("answers are missing".into())) };
    if let Reply::Error(words) = kind {
        return Err(SessionError::Server(refusal(words)));
    }
    if kind.text() == "none" {
        return Ok("nothing".into());
    }
    let life = match (left.int().filter(|ms| *ms >= 0), expires.int().filter(|at| *at > 0)) {
        (None, _) => "stays".to_owned(),
        (Some(_), Some(at)) => format!("expires at {at} ms"),
        // Servers before Redis 7 do not tell the moment, and what is left moves.
        (Some(_), None) => "expires".to_owned(),
    };
    let Reply::Text(payload) = dump else {
        return Err(SessionError::Unsupported("a key cannot be read whole (DUMP)".into()));
    };
    let digest = hex(&Sha256::digest(payload));
    Ok(format!("{}, {life}, digest {}", kind.text(), digest.get(..DIGEST * 2).unwrap_or(&digest)))
}
