//! Fix kinds as commands: one line each, made from the parameters alone.

use super::classify::{KNOWN, change_of_setting};
use super::line;
use crate::domain::guard::Verdict;
use crate::domain::proposal::kind::{FixKind, Upkeep};

/// Keys that one act removes, at most.
pub(in crate::engine::redis) const MOST_KEYS: usize = 100;

/// The line of a kind.
pub(super) fn render(kind: &FixKind) -> Result<String, String> {
    match kind {
        FixKind::EndSessions(sessions) => match sessions.as_slice() {
            [session] if session.id > 0 => Ok(format!("CLIENT KILL ID {}", session.id)),
            [_] => Err("a connection has a number above 0".to_owned()),
            [] => Err("none of them is connected any more".to_owned()),
            _ => Err("this server ends one connection a command: end them one by one".to_owned()),
        },
        FixKind::CancelStatements(_) => {
            Err("this server runs a command to its end; a connection can be ended, not its command".to_owned())
        }
        FixKind::DropReplicationSlot(_) => Err("this server has no replication slots".to_owned()),
        FixKind::ChangeSetting { name, value } => set(name, value),
        FixKind::ResetSetting(name) => {
            let known = KNOWN.iter().find(|(own, default)| own.eq_ignore_ascii_case(name) && *default != "?");
            let (_, default) = known.ok_or_else(|| format!("the default of {name} is not known here"))?;
            set(name, default)
        }
        FixKind::Maintain(Upkeep::Compact, None) => Ok("MEMORY PURGE".to_owned()),
        FixKind::StopScript => Ok("SCRIPT KILL".to_owned()),
        FixKind::UnlinkKeys(keys) => {
            if keys.is_empty() || keys.len() > MOST_KEYS {
                return Err(format!("from 1 to {MOST_KEYS} keys are removed at once"));
            }
            let keys: Vec<String> = keys.iter().map(|key| line::quote(key.as_bytes())).collect();
            let command = format!("UNLINK {}", keys.join(" "));
            line::split(&command).map_err(|why| why.words().to_owned())?;
            Ok(command)
        }
        other => Err(format!("this server has no command to {}", other.words())),
    }
}

fn set(name: &str, value: &str) -> Result<String, String> {
    let words = [name.as_bytes().to_vec(), value.as_bytes().to_vec()];
    let judged = change_of_setting(&words);
    if judged.verdict == Verdict::Deny {
        return Err(judged.reason);
    }
    Ok(format!("CONFIG SET {} {}", line::quote(&words[0]), line::quote(&words[1])))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::proposal::kind::SessionRef;

    #[test]
    fn a_kind_is_one_line_whose_words_are_its_parameters() {
        let keys = ["a b".to_owned(), "k;".to_owned(), "x\r\nFLUSHALL".to_owned(), "\"".to_owned()];
        let unlink = render(&FixKind::UnlinkKeys(keys.to_vec())).unwrap();
        let words = line::split(&unlink).unwrap();
        assert_eq!(words[0], b"UNLINK");
        assert_eq!(words[1..], keys.map(String::into_bytes));
        assert!(render(&FixKind::UnlinkKeys(vec!["k".into(); MOST_KEYS + 1])).is_err());
        assert!(render(&FixKind::UnlinkKeys(Vec::new())).is_err());
        assert!(render(&FixKind::UnlinkKeys(vec!["k".repeat(70_000)])).is_err());
    }

    #[test]
    fn settings_that_open_the_server_or_lose_data_have_no_kind() {
        let set = |name: &str, value: &str| render(&FixKind::ChangeSetting { name: name.into(), value: value.into() });
        assert_eq!(set("maxmemory-policy", "allkeys-lru").unwrap(), "CONFIG SET maxmemory-policy allkeys-lru");
        assert_eq!(
            set("client-output-buffer-limit", "pubsub 1 1 1").unwrap(),
            "CONFIG SET client-output-buffer-limit \"pubsub 1 1 1\""
        );
        for name in
            ["requirepass", "masterauth", "dir", "dbfilename", "save", "aclfile", "enable-module-command", "hz x"]
        {
            assert!(set(name, "1").is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_kept_in_shape_and_stopped_has_no_parameters() {
        assert_eq!(render(&FixKind::StopScript).as_deref(), Ok("SCRIPT KILL"));
        assert_eq!(render(&FixKind::Maintain(Upkeep::Compact, None)).as_deref(), Ok("MEMORY PURGE"));
        assert!(render(&FixKind::Maintain(Upkeep::Vacuum, None)).is_err());
        assert_eq!(render(&FixKind::ResetSetting("hz".into())).as_deref(), Ok("CONFIG SET hz 10"));
        for name in ["requirepass", "dir", "maxmemory", "nothing"] {
            assert!(render(&FixKind::ResetSetting(name.into())).is_err(), "{name}");
        }
    }

    #[test]
    fn connections_are_ended_one_by_one() {
        let session = |id| SessionRef { id, facts: Vec::new(), about: String::new() };
        assert_eq!(render(&FixKind::EndSessions(vec![session(7)])).unwrap(), "CLIENT KILL ID 7");
        assert!(render(&FixKind::EndSessions(vec![session(0)])).is_err());
        assert!(render(&FixKind::EndSessions(vec![session(1), session(2)])).is_err());
        assert!(render(&FixKind::EndSessions(Vec::new())).unwrap_err().contains("any more"));
        assert!(render(&FixKind::CancelStatements(vec![session(1)])).is_err());
    }
}
