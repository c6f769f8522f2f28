//! Whether a login may do an act with everything that belongs to it, asked of the server by ACL DRYRUN, which runs
//! nothing; where that is not known (before Redis 7), by the login's own rules.

use super::deed::{Command, Deed};
use super::look::{Question, ask, question};
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Rights;
use crate::engine::redis::dialect::line;
use crate::engine::redis::wire::{Reply, Wire};
use std::collections::BTreeSet;

/// Everything that the act sends, the look at the keys and the undo included.
fn needed(command: &Command) -> Vec<Question> {
    let mut all = vec![question(&[b"INFO"]), question(&[b"COMMAND", b"INFO", command.name.as_bytes()])];
    match &command.deed {
        Deed::Keys(change) => {
            for key in &change.keys {
                all.extend([
                    question(&[b"TYPE", key]),
                    question(&[b"OBJECT", b"ENCODING", key]),
                    question(&[b"PTTL", key]),
                    question(&[b"MEMORY", b"USAGE", key]),
                    question(&[b"DUMP", key]),
                    question(&[b"WATCH", key]),
                ]);
            }
            all.extend([question(&[b"MULTI"]), question(&[b"EXEC"]), question(&[b"TIME"])]);
        }
        Deed::Kill(_) => all.push(question(&[b"CLIENT", b"LIST"])),
        Deed::Setting { name } => all.push(question(&[b"CONFIG", b"GET", name.as_bytes()])),
        Deed::Upkeep | Deed::Script => {}
    }
    all.push(command.words.clone());
    all
}

/// Asks. `login` is the one that would run it; none for this connection's own.
pub(super) async fn of(wire: &mut Wire, command: &Command, login: Option<&str>) -> Result<Rights, SessionError> {
    let whoami = ask(wire, &[question(&[b"ACL", b"WHOAMI"])]).await?;
    let own = match whoami.first() {
        Some(Reply::Error(words)) if words.starts_with("BUSY") => {
            return Ok(Rights::Unknown("the server answers nothing about rights while the script runs".into()));
        }
        Some(Reply::Error(_)) | None => "default".to_owned(),
        Some(reply) => reply.text(),
    };
    let user = login.filter(|login| !login.is_empty()).unwrap_or(&own);
    let needed = needed(command);
    let dry_runs: Vec<Question> = needed
        .iter()
        .map(|words| {
            let mut dry = question(&[b"ACL", b"DRYRUN", user.as_bytes()]);
            dry.extend(words.iter().cloned());
            dry
        })
        .collect();
    let replies = ask(wire, &dry_runs).await?;
    match replies.first() {
        Some(Reply::Error(words)) if words.starts_with("NOPERM") && login.is_some() && user != own => {
            Ok(Rights::Unknown(format!("this login may not ask what {user} may do (ACL DRYRUN)")))
        }
        Some(Reply::Error(words)) if words.contains("not found") => {
            Ok(Rights::Missing(vec![format!("ACL SETUSER {} on >PASSWORD", line::quote(user.as_bytes()))]))
        }
        Some(Reply::Error(words)) if words.starts_with("NOPERM") => {
            Ok(Rights::Missing(vec![format!("ACL SETUSER {} +acl|dryrun", line::quote(user.as_bytes()))]))
        }
        Some(Reply::Error(_)) | None => by_rules(wire, user, command, &needed).await,
        Some(_) => Ok(judged(user, &needed, &replies)),
    }
}

/// What the dry runs said.
fn judged(user: &str, needed: &[Question], replies: &[Reply]) -> Rights {
    let mut rules = BTreeSet::new();
    for (words, reply) in needed.iter().zip(replies) {
        match reply.text().as_str() {
            "OK" => {}
            said if said.contains(" key") => {
                let denied = |word: &Vec<u8>| said.contains(&format!("'{}'", String::from_utf8_lossy(word)));
                rules.extend(words.iter().skip(1).filter(|word| denied(word)).map(|key| key_rule(key)));
            }
            // A wrong number of words and its like are the command's own mistake, and not about rights.
            said if matches!(reply, Reply::Error(_)) && !said.contains("permission") => {}
            _ => {
                rules.insert(command_rule(words));
            }
        }
    }
    if rules.is_empty() { Rights::Held } else { Rights::Missing(vec![grant(user, &rules)]) }
}

/// Before Redis 7 a login's rules are all there is: everything is a yes, and less than that is not computed.
async fn by_rules(wire: &mut Wire, user: &str, command: &Command, needed: &[Question]) -> Result<Rights, SessionError> {
    let replies = ask(wire, &[question(&[b"ACL", b"GETUSER", user.as_bytes()])]).await?;
    let everything = replies.first().is_some_and(|reply| {
        let commands = reply.get("commands").map(Reply::text).unwrap_or_default();
        let keys = reply.get("keys").is_some_and(|keys| {
            keys.items()
                .iter()
                .map(Reply::text)
                .chain([keys.text()])
                .any(|pattern| matches!(pattern.as_str(), "*" | "~*"))
        });
        commands == "+@all" && (keys || !matches!(command.deed, Deed::Keys(_)))
    });
    let mut rules: BTreeSet<String> = needed.iter().map(command_rule).collect();
    if let Deed::Keys(change) = &command.deed {
        rules.extend(change.keys.iter().map(|key| key_rule(key)));
    }
    Ok(if everything { Rights::Held } else { Rights::Missing(vec![grant(user, &rules)]) })
}

fn grant(user: &str, rules: &BTreeSet<String>) -> String {
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    format!("ACL SETUSER {} {}", line::quote(user.as_bytes()), rules.join(" "))
}

/// `+unlink`, `+config|set`.
fn command_rule(words: &Question) -> String {
    let word = |at: usize| words.get(at).map(|w| String::from_utf8_lossy(w).to_ascii_lowercase()).unwrap_or_default();
    let family = [
        "acl",
        "client",
        "command",
        "config",
        "latency",
        "memory",
        "object",
        "slowlog",
        "commandlog",
        "xgroup",
        "script",
    ];
    let name = word(0);
    if family.contains(&name.as_str()) { format!("+{name}|{}", word(1)) } else { format!("+{name}") }
}

/// The pattern of this key alone.
fn key_rule(key: &[u8]) -> String {
    let mut pattern = vec![b'~'];
    for byte in key {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    line::quote(&pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_name_what_is_missing_and_no_more() {
        assert_eq!(command_rule(&question(&[b"CONFIG", b"SET", b"hz", b"1"])), "+config|set");
        assert_eq!(command_rule(&question(&[b"UNLINK", b"k"])), "+unlink");
        assert_eq!(key_rule(b"cache:1"), "~cache:1");
        assert_eq!(key_rule(b"a*[b]"), "\"~a\\\\*\\\\[b\\\\]\"");
    }
}
