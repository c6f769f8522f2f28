//! What a server itself calls the commands of our allow-list, asked in one message on every new connection: a name that
//! stands for a write, an administrator's, a dangerous, a blocking or a scripting command there is not sent to it.

use crate::engine::redis::dialect::classify::{READS, Read};
use crate::engine::redis::wire::{Fence, Reply, Wire, WireError};
use std::collections::{BTreeMap, BTreeSet};

/// Asks the server, and holds back on this connection what is no read there.
pub(super) async fn hold(wire: &mut Wire) -> Result<(), WireError> {
    let names = names();
    let mut question = vec!["COMMAND", "INFO"];
    question.extend(names.iter().map(String::as_str));
    let reply = wire.ask(&question).await?;
    wire.hold(fence(&names, &reply));
    Ok(())
}

/// Everything to ask for, as the server writes it: `get`, `config|get`, and `config` alone, which is all that servers
/// before Redis 7 know of it.
fn names() -> Vec<String> {
    let containers: BTreeSet<&str> = READS.iter().filter(|r| !r.subcommand.is_empty()).map(|r| r.name).collect();
    let names = READS.iter().map(Read::full_name).chain(containers.into_iter().map(str::to_owned));
    names.map(|name| name.to_ascii_lowercase().replace(' ', "|")).collect()
}

/// Holds the answer against our list. Without an answer nothing is known.
fn fence(names: &[String], reply: &Reply) -> Fence {
    if let Reply::Error(words) = reply {
        return Fence::silent(words.as_str());
    }
    if reply.items().len() != names.len() || reply.is_cut() || reply.items().iter().all(|entry| *entry == Reply::Null) {
        return Fence::silent("COMMAND INFO gave no answer that tells");
    }
    let described: BTreeMap<&str, &Reply> = names.iter().map(String::as_str).zip(reply.items()).collect();
    let mut held = BTreeMap::new();
    for read in READS {
        let own = read.full_name().to_ascii_lowercase().replace(' ', "|");
        let container = read.name.to_ascii_lowercase();
        let odd = described
            .get(own.as_str())
            .and_then(|entry| oddity(&own, entry, Some(read)))
            .or_else(|| described.get(container.as_str()).and_then(|entry| oddity(&container, entry, None)));
        if let Some(words) = odd {
            held.insert(read.full_name(), words);
        }
    }
    Fence::of(held)
}

/// What speaks against sending a command, by the server's description of it. One that the server does not have needs
/// nothing: it says so itself. `read` is our own entry; a container of subcommands has none.
fn oddity(name: &str, entry: &Reply, read: Option<&Read>) -> Option<String> {
    if *entry == Reply::Null {
        return None;
    }
    let [found, _arity, flags, ..] = entry.items() else { return Some("describes it in a way of its own".to_owned()) };
    if !found.text().eq_ignore_ascii_case(name) {
        return Some(format!("has {} under this name", found.text()));
    }
    let flags = words(flags);
    // Servers before Redis 6 have no categories; their flags say the same, but for what is dangerous.
    let categories = entry.items().get(6).map(words).unwrap_or_default();
    let called = |word: &str| flags.contains(word) || categories.contains(word);
    let mut wrong = vec!["write", "blocking", "scripting"];
    if let Some(read) = read {
        let for_administrators = ["admin", "dangerous"];
        wrong.extend(for_administrators.iter().filter(|_| !read.for_administrators));
    }
    let wrong: Vec<&str> = wrong.into_iter().filter(|word| called(word)).collect();
    if !wrong.is_empty() {
        return Some(format!("calls it {}", wrong.join(", ")));
    }
    (read.is_some_and(|read| read.of_keys) && !flags.contains("readonly"))
        .then(|| "does not call it a read of keys".to_owned())
}

/// Words of a list, categories without their sign.
fn words(list: &Reply) -> BTreeSet<String> {
    list.items().iter().map(|word| word.text().trim_start_matches('@').to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Reply {
        let items: Vec<Reply> = words.iter().map(|word| Reply::Text(word.as_bytes().to_vec())).collect();
        Reply::Array { total: items.len() as u64, items }
    }

    fn entry(name: &str, flags: &[&str], categories: &[&str]) -> Reply {
        let position = || Reply::Int(1);
        let name = Reply::Text(name.as_bytes().to_vec());
        let items = vec![name, position(), list(flags), position(), position(), position(), list(categories)];
        Reply::Array { total: items.len() as u64, items }
    }

    /// A server that describes everything as our list has it, but for these.
    fn answer(others: &[(&str, Reply)]) -> Reply {
        let described = |name: &String| {
            if let Some((_, other)) = others.iter().find(|(own, _)| own == name) {
                return other.clone();
            }
            let read = READS.iter().find(|read| read.full_name().to_ascii_lowercase().replace(' ', "|") == *name);
            match read {
                Some(read) if read.of_keys => entry(name, &["readonly", "fast"], &["@read", "@fast"]),
                Some(read) if read.for_administrators => entry(name, &["admin"], &["@admin", "@dangerous"]),
                _ => entry(name, &["loading"], &["@slow"]),
            }
        };
        let items: Vec<Reply> = names().iter().map(described).collect();
        Reply::Array { total: items.len() as u64, items }
    }

    fn held(reply: &Reply) -> Vec<String> {
        let fence = fence(&names(), reply);
        assert_eq!(fence.why_silent(), None);
        fence.names().map(str::to_owned).collect()
    }

    #[test]
    fn a_server_that_agrees_is_sent_everything() {
        assert_eq!(held(&answer(&[])), Vec::<String>::new());
        // Before Redis 7 subcommands have no entry of their own, and the container is an administrator's.
        let old = ["get", "set"].map(|part| (format!("config|{part}"), Reply::Null));
        let old = [(old[0].0.as_str(), Reply::Null), ("config", entry("config", &["admin", "noscript"], &["@admin"]))];
        assert_eq!(held(&answer(&old)), Vec::<String>::new());
        // Names in capitals, and no categories.
        let plain = Reply::Array {
            total: 3,
            items: vec![Reply::Text(b"GET".to_vec()), Reply::Int(2), list(&["readonly", "fast"])],
        };
        assert_eq!(held(&answer(&[("get", plain)])), Vec::<String>::new());
    }

    #[test]
    fn whatever_the_server_calls_something_else_is_held() {
        let cases = [
            ("get", entry("get", &["write"], &["@write"]), "GET"),
            ("get", entry("get", &["readonly"], &["@read", "@dangerous"]), "GET"),
            ("get", entry("get", &["readonly", "admin"], &["@read"]), "GET"),
            ("get", entry("get", &["readonly"], &["@read", "@scripting"]), "GET"),
            ("xrange", entry("xrange", &["readonly", "blocking"], &["@read", "@blocking"]), "XRANGE"),
            ("get", entry("get", &["fast"], &["@fast"]), "GET"),
            ("get", entry("flushall", &["readonly"], &["@read"]), "GET"),
            ("get", list(&["get"]), "GET"),
            ("object|freq", entry("object|freq", &[], &["@slow"]), "OBJECT FREQ"),
            ("client|id", entry("client|id", &["admin"], &["@admin", "@dangerous"]), "CLIENT ID"),
            ("config|get", entry("config|get", &["admin", "write"], &["@admin"]), "CONFIG GET"),
            ("slowlog|len", entry("eval", &["admin"], &["@admin"]), "SLOWLOG LEN"),
            ("ping", entry("ping", &[], &["@scripting"]), "PING"),
        ];
        for (name, described, wanted) in cases {
            assert_eq!(held(&answer(&[(name, described.clone())])), [wanted], "{name}: {described:?}");
        }
        let replaced = held(&answer(&[("object", entry("flushall", &["write"], &["@write"]))]));
        assert_eq!(replaced, ["OBJECT ENCODING", "OBJECT FREQ", "OBJECT IDLETIME", "OBJECT REFCOUNT"]);
    }

    #[test]
    fn a_server_that_says_nothing_is_silent() {
        let nothing: Vec<Reply> = names().iter().map(|_| Reply::Null).collect();
        let short = vec![entry("get", &["readonly"], &["@read"])];
        for reply in [
            Reply::Error("NOPERM no".into()),
            Reply::Null,
            list(&[]),
            Reply::Array { total: nothing.len() as u64, items: nothing },
            Reply::Array { total: names().len() as u64, items: short },
        ] {
            assert!(fence(&names(), &reply).why_silent().is_some(), "{reply:?}");
        }
    }
}
