//! One line carried out: a form of our own, or one command whose reply becomes a table.

use super::Facts;
use super::forms::{self, Fail, Ground, pour};
use super::shape::{self, Asked};
use crate::domain::error_event::{ServerMessage, SessionError};
use crate::domain::rows::Limits;
use crate::engine::redis::dialect::forms as typed;
use crate::engine::redis::dialect::line as lines;
use crate::engine::redis::wire::{Bounds, Reply, Wire};
use crate::engine::{Param, RowSink};

/// How a line ended.
pub(super) enum Outcome {
    /// Its rows were handed over; this is to be said beside them.
    Done(Vec<String>),
    /// The server refused.
    Refused(ServerMessage),
    /// It cannot work here.
    Cannot(String),
    /// The connection is gone.
    Lost(String),
}

/// The words of a line that the guard allowed.
pub(super) fn words(line: &str) -> Result<Vec<Vec<u8>>, SessionError> {
    lines::split(line).map_err(|why| SessionError::Unsupported(why.words().to_owned()))
}

/// The words of one of our own queries, `$1` and so on filled in.
pub(super) fn own_words(text: &str, params: &[Param]) -> Result<Vec<Vec<u8>>, SessionError> {
    let mut words = words(text)?;
    for word in &mut words {
        let place = std::str::from_utf8(word).ok().and_then(|w| w.strip_prefix('$')?.parse::<usize>().ok());
        if let Some(param) = place.and_then(|n| params.get(n.checked_sub(1)?)) {
            *word = match param {
                Param::Text(text) => text.clone().into_bytes(),
                Param::Int(number) => number.to_string().into_bytes(),
            };
        }
    }
    Ok(words)
}

/// Carries a line out.
pub(super) async fn line(
    words: &[Vec<u8>],
    wire: &mut Wire,
    facts: &Facts,
    limits: &Limits,
    sink: &mut dyn RowSink,
) -> Outcome {
    wire.set_bounds(Bounds {
        cell: limits.cell_bytes.max(1024),
        bytes: limits.bytes.clamp(64 << 10, 64 << 20),
        elements: Bounds::default().elements,
    });
    let mut ground = Ground::new(wire, facts, limits);
    let done = match typed::parse(words) {
        Some(Ok(form)) => forms::run(&form, &mut ground, sink).await,
        Some(Err(why)) => Err(Fail::Cannot(why)),
        None => command(words, &mut ground, sink).await,
    };
    match done {
        Ok(notices) => Outcome::Done(notices),
        Err(fail) => outcome(fail),
    }
}

/// How a failure is told.
pub(super) fn outcome(fail: Fail) -> Outcome {
    match fail {
        Fail::Wire(error) => Outcome::Lost(error.words()),
        Fail::Refused(words) => Outcome::Refused(refusal(&words)),
        Fail::Cannot(words) => Outcome::Cannot(words),
    }
}

async fn command(words: &[Vec<u8>], ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<Vec<String>, Fail> {
    let asked = Asked::new(words);
    let reply = match asked.name.as_str() {
        // A long string is cut by the server, which then need not put it on the wire.
        "GET" if words.len() == 2 => forms::cut_string(&words[1], ground).await?,
        "MGET" if words.len() > 1 => {
            let mut items = Vec::with_capacity(words.len() - 1);
            for key in &words[1..] {
                // As MGET does: what is no string is nothing.
                items.push(match forms::cut_string(key, ground).await {
                    Err(Fail::Refused(why)) if why.starts_with("WRONGTYPE") => Reply::Null,
                    other => other?,
                });
            }
            Reply::Array { total: items.len() as u64, items }
        }
        _ => match ground.wire.ask(words).await.map_err(Fail::Wire)? {
            Reply::Error(words) => return Err(Fail::Refused(words)),
            reply => reply,
        },
    };
    Ok(pour(shape::table(&asked, &reply), sink))
}

/// A refusal with what to do about it.
pub(crate) fn refusal(words: &str) -> ServerMessage {
    let (code, rest) = words.split_once(' ').unwrap_or((words, ""));
    // `unknown command` and its like have the code ERR; others are words of their own.
    let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let (code, message) = if is_code { (code, rest) } else { ("ERR", words) };
    let mut slot = rest.split(' ');
    let hint = match code {
        "MOVED" => {
            slot.nth(1).map(|node| format!("this key lives on another node of the cluster: connect to redis://{node}"))
        }
        "ASK" => {
            slot.nth(1).map(|node| format!("this key is on its way to another node of the cluster: redis://{node}"))
        }
        "CROSSSLOT" => Some("the keys live on different nodes of the cluster: read them one by one".into()),
        "CLUSTERDOWN" => Some("the cluster is not whole: CLUSTER INFO and CLUSTER NODES say why".into()),
        "NOPERM" => Some(
            "this user may not do that: the least privileges in `doctor` name the commands that this program uses"
                .into(),
        ),
        "WRONGTYPE" => Some("the key holds another type: --show KEY reads any".into()),
        "LOADING" => Some("the server is loading its data set; INFO persistence says how far it is".into()),
        "MASTERDOWN" => Some("the replica lost its primary and may not answer (replica-serve-stale-data no)".into()),
        "MISCONF" => Some("snapshots fail and writes are refused: --persistence shows why".into()),
        "OOM" => Some("memory is full: --memory shows where it goes".into()),
        "BUSY" => Some("a script runs; the server answers nobody else".into()),
        "NOREPLICAS" => Some("too few replicas are in step (min-replicas-to-write)".into()),
        "READONLY" => Some("this is a replica".into()),
        _ if message.contains("unknown command") || message.contains("unknown subcommand") => {
            Some("the server does not have it: another version, a managed service, or renamed away".into())
        }
        _ => None,
    };
    ServerMessage { code: code.to_owned(), message: message.to_owned(), hint, ..ServerMessage::default() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn refusals_say_what_to_do() {
        let moved = refusal("MOVED 3999 10.0.0.2:6381");
        assert_eq!(moved.code, "MOVED");
        assert!(moved.hint.unwrap().contains("redis://10.0.0.2:6381"));
        assert_eq!(refusal("ERR unknown command 'FOO', with args beginning with: ").code, "ERR");
        assert_eq!(refusal("unheard of").code, "ERR");
        assert_eq!(refusal("unheard of").message, "unheard of");
    }

    #[test]
    fn parameters_stand_for_whole_words() {
        let words = own_words("CLIENT LIST $1 x$1 $9", &[Param::Text("a b\r\nDEL".into())]).unwrap();
        assert_eq!(words, [&b"CLIENT"[..], b"LIST", b"a b\r\nDEL", b"x$1", b"$9"]);
    }
}
