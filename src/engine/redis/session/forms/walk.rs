//! Walking over the keys with SCAN: in small steps, with a cap on keys and time, never with KEYS.

use super::{Fail, Ground};
use crate::engine::redis::dialect::forms::Walk;
use crate::engine::redis::wire::Reply;

/// Keys that one step looks at: a millisecond or less of the server's time.
const STEP: &str = "500";

/// A walk that is under way.
pub(crate) struct Scanner<'a> {
    walk: &'a Walk,
    cursor: Vec<u8>,
    /// Keys that came back.
    pub(crate) found: u64,
    most: u64,
    finished: bool,
    steps: u64,
}

impl<'a> Scanner<'a> {
    /// A walk that ends after `most` keys.
    pub(crate) fn new(walk: &'a Walk, most: u64) -> Self {
        Self { walk, cursor: b"0".to_vec(), found: 0, most, finished: false, steps: 0 }
    }

    /// The next keys; none when the walk is over. A step may bring no keys and not be the last.
    pub(crate) async fn next(&mut self, ground: &mut Ground<'_>) -> Result<Option<Vec<Vec<u8>>>, Fail> {
        if self.finished || self.found >= self.most || (self.steps > 0 && ground.is_late()) {
            return Ok(None);
        }
        let mut command: Vec<&[u8]> = vec![b"SCAN", &self.cursor, b"COUNT", STEP.as_bytes()];
        if let Some(pattern) = &self.walk.pattern {
            command.extend([&b"MATCH"[..], pattern]);
        }
        if let Some(kind) = &self.walk.kind {
            command.extend([&b"TYPE"[..], kind.as_bytes()]);
        }
        let reply = ground.ask(&command).await?;
        let [cursor, keys] = reply.items() else {
            return Err(Fail::Refused("the server's answer to SCAN is no list of keys".into()));
        };
        self.cursor = cursor.bytes().unwrap_or_default().to_vec();
        self.finished = self.cursor == b"0";
        self.steps += 1;
        // A key that was cut cannot be asked for again.
        let keys: Vec<Vec<u8>> = keys
            .items()
            .iter()
            .filter_map(|key| match key {
                Reply::Text(bytes) => Some(bytes.clone()),
                _ => None,
            })
            .collect();
        self.found += keys.len() as u64;
        Ok(Some(keys))
    }

    /// Every key was seen.
    pub(crate) fn is_complete(&self) -> bool {
        self.finished
    }

    /// How far the walk came, in words.
    pub(crate) async fn words(&self, ground: &mut Ground<'_>) -> Result<Vec<String>, Fail> {
        let mut words = Vec::new();
        if self.finished {
            words.push(format!("{} keys looked at: all that match", self.found));
        } else {
            let all = match ground.ask(&["DBSIZE"]).await {
                Ok(reply) => reply.int().map_or_else(String::new, |n| format!(" of {n} in the database")),
                Err(Fail::Refused(_)) => String::new(),
                Err(gone) => return Err(gone),
            };
            words.push(format!(
                "cut: the walk ended at its limit of keys or time, after about {} keys{all} ({} matched); what follows is a sample",
                self.steps * 500,
                self.found
            ));
        }
        if ground.facts.cluster {
            words.push("this node of the cluster alone: the other nodes have keys of their own".into());
        }
        Ok(words)
    }
}
