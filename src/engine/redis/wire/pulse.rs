//! Whether a script holds a server up, as all connections of this program to it have seen it together.
//!
//! A server that is held up does not tell which script runs nor since when. What can be known is whether it served
//! anybody in between: then the script that runs now is another one than the one that was seen before.

use super::reply::Reply;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// A script that has passed its time lets refusals out at once, and one that has not yet lets nothing out: a refusal
/// that was so long on its way is that of a script that began meanwhile.
const AT_ONCE: Duration = Duration::from_secs(2);

/// What was seen of one server.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Times that it was held up.
    times: u64,
    is_held_up: bool,
}

impl Pulse {
    /// That of the server at an address: one for the whole program, because the connection that acts is never the one
    /// that watched.
    pub(crate) fn of(address: &str) -> Arc<Self> {
        static PULSES: LazyLock<Mutex<BTreeMap<String, Arc<Pulse>>>> = LazyLock::new(Mutex::default);
        let mut pulses = PULSES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pulses.entry(address.to_owned()).or_default())
    }

    /// Takes note of a reply. `needs_server`: to a command that is refused while a script holds the server up.
    pub(crate) fn note(&self, reply: &Reply, needs_server: bool, took: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match reply {
            Reply::Error(words) if words.starts_with("BUSY ") => {
                if !seen.is_held_up || took >= AT_ONCE {
                    seen.times += 1;
                }
                seen.is_held_up = true;
            }
            Reply::Error(_) => {}
            _ if needs_server => seen.is_held_up = false,
            _ => {}
        }
    }

    /// Which hold-up this is, of all that were seen: the same number for the same script, as far as anybody can know.
    pub(crate) fn times(&self) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).times
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Wire;
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    #[tokio::test]
    async fn a_connection_takes_note_of_its_replies() {
        let (ours, mut server) = tokio::io::duplex(1_024);
        let mut wire = Wire::new(Box::new(ours));
        wire.feel(Arc::default());
        server.write_all(b"-BUSY x\r\n+OK\r\n-BUSY x\r\n$1\r\na\r\n-BUSY x\r\n").await.unwrap();
        let mut seen = Vec::new();
        for command in ["INFO", "HELLO", "INFO", "INFO", "INFO"] {
            wire.ask(&[command]).await.unwrap();
            seen.push(wire.hold_up());
        }
        assert_eq!(seen, [1, 1, 1, 1, 2], "only the answer to INFO says that the server serves");
    }

    #[test]
    fn a_server_that_served_in_between_is_held_up_by_another_script() {
        let pulse = Pulse::default();
        let busy = Reply::Error("BUSY Redis is busy running a script. You can only call SCRIPT KILL".into());
        let at = Duration::from_millis;
        for _ in 0..3 {
            pulse.note(&busy, true, at(5));
            assert_eq!(pulse.times(), 1);
        }
        // Neither a refusal of another kind nor what is answered in any case says that it serves.
        pulse.note(&Reply::Error("NOPERM no".into()), true, at(5));
        pulse.note(&Reply::Error("BUSYGROUP there is one".into()), true, at(5));
        pulse.note(&Reply::Int(1), false, at(5));
        pulse.note(&busy, true, at(5));
        assert_eq!(pulse.times(), 1);
        pulse.note(&Reply::Int(1), true, at(5));
        pulse.note(&busy, true, at(5));
        assert_eq!(pulse.times(), 2);
        // Nothing was let out until this script had its time.
        pulse.note(&busy, true, at(5_000));
        assert_eq!(pulse.times(), 3);
    }

    #[test]
    fn one_address_has_one_pulse() {
        Pulse::of("pulse.test:1").note(&Reply::Error("BUSY x".into()), true, Duration::ZERO);
        assert_eq!((Pulse::of("pulse.test:1").times(), Pulse::of("pulse.test:2").times()), (1, 0));
    }
}
