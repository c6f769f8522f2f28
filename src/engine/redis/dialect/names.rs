//! Tells a command from a question: many commands are English words (`get`, `type`, `time`, `keys`, `memory`).

use super::classify::{self, READS};
use super::line;
use crate::domain::guard::{Author, Class, Verdict};

/// Words of sentences. A command whose arguments hold one of them is a question, unless its name is in capitals.
const SPEECH: &[&str] = &[
    "an", "the", "of", "by", "for", "in", "on", "to", "from", "with", "without", "is", "are", "was", "were", "do",
    "does", "my", "our", "me", "us", "all", "how", "what", "which", "who", "why", "when", "about", "and", "or", "that",
    "this", "per", "like", "matching", "using", "most", "much", "many", "there", "it", "has", "have", "every", "each",
];

/// Commands whose name alone is a topic of its own.
const FAMILIES: &[&str] = &[
    "CLIENT",
    "CONFIG",
    "ACL",
    "MODULE",
    "XGROUP",
    "XINFO",
    "MEMORY",
    "LATENCY",
    "SLOWLOG",
    "COMMANDLOG",
    "CLUSTER",
    "SENTINEL",
    "OBJECT",
    "PUBSUB",
    "COMMAND",
    "SCRIPT",
    "FUNCTION",
    "DEBUG",
];

/// Without `127.0.0.1:6379[2]> ` or the name of the client before it. A line with switches of the client's own
/// (`redis-cli -h ...`) is for another server and stays as it is.
pub(super) fn as_typed(text: &str) -> &str {
    let is_prompt = |prompt: &str| {
        let server = prompt.trim_end_matches("(TX)");
        let server = server.strip_suffix(']').and_then(|s| s.rsplit_once('[')).map_or(server, |(server, _)| server);
        let port = server.rsplit_once(':').map(|(_, port)| port);
        !server.contains(' ') && port.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
            || matches!(server, "redis" | "valkey")
    };
    let line = text.split_once("> ").filter(|(prompt, _)| is_prompt(prompt)).map_or(text, |(_, rest)| rest.trim());
    let command = ["redis-cli ", "valkey-cli "].iter().find_map(|client| line.strip_prefix(client)).map(str::trim);
    command.filter(|rest| !rest.starts_with('-') || rest.starts_with("--")).unwrap_or(line)
}

/// A line whose first word names a command, and which does not read like a sentence.
pub(super) fn looks_like_statement(text: &str) -> bool {
    let trimmed = text.trim();
    if trimmed.starts_with("--") {
        return true;
    }
    let Some(first) = trimmed.split([' ', '\t', '\r', '\n']).next().map(|word| word.trim_matches(['"', '\''])) else {
        return false;
    };
    let Some(name) = classify::upper(first.as_bytes()) else { return false };
    let judged = classify::classify(trimmed, Author::Person);
    let known = judged.verdict != Verdict::Deny || judged.class != Class::Unparsed || is_name(&name);
    if !known {
        return false;
    }
    let in_capitals = first.len() > 1 && first.bytes().all(|b| !b.is_ascii_lowercase());
    if in_capitals {
        return true;
    }
    let Ok(words) = line::split(trimmed) else {
        // A mistake in a line that begins with a command: the guard names it.
        return !FAMILIES.contains(&name.as_str()) && !speaks(trimmed);
    };
    if speaks(trimmed) || trimmed.ends_with('?') {
        return false;
    }
    // `memory usage`, `cluster status`, `keys by prefix`: what lacks its arguments or is unknown is a question.
    if judged.verdict != Verdict::Deny {
        return true;
    }
    let acts = words.get(1).and_then(|word| classify::upper(word)).is_some_and(|word| ACTS.contains(&word.as_str()));
    match name.as_str() {
        "KEYS" => words.len() == 2,
        "CLUSTER" | "SENTINEL" => acts,
        _ => judged.class != Class::Unparsed,
    }
}

/// Subcommands that change a cluster or a sentinel.
const ACTS: &[&str] = &[
    "FAILOVER",
    "RESET",
    "MEET",
    "FORGET",
    "ADDSLOTS",
    "DELSLOTS",
    "SETSLOT",
    "REPLICATE",
    "FLUSHSLOTS",
    "SAVECONFIG",
    "BUMPEPOCH",
    "SET",
    "MONITOR",
    "REMOVE",
    "FLUSHCONFIG",
    "SIMULATE-FAILURE",
];

fn is_name(name: &str) -> bool {
    READS.iter().any(|read| read.name == name) || FAMILIES.contains(&name)
}

fn speaks(text: &str) -> bool {
    text.split_ascii_whitespace().skip(1).any(|word| {
        let word = word.trim_matches(['?', ',', '.', '!']).to_ascii_lowercase();
        SPEECH.contains(&word.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::looks_like_statement;

    #[test]
    fn what_the_client_adds_is_left_out() {
        for (copied, line) in [
            ("127.0.0.1:6379> TTL a", "TTL a"),
            ("cache.example.com:6379[2]> GET a", "GET a"),
            ("127.0.0.1:6379(TX)> GET a", "GET a"),
            ("redis-cli --bigkeys", "--bigkeys"),
            ("valkey-cli get a", "get a"),
            ("redis-cli -h other get a", "redis-cli -h other get a"),
            ("SET a> b", "SET a> b"),
            ("keys with size > 5", "keys with size > 5"),
        ] {
            assert_eq!(super::as_typed(copied), line);
        }
    }

    #[test]
    fn commands_are_told_from_sentences() {
        for command in [
            "GET user:1",
            "get user:1",
            "info memory",
            "INFO",
            "info",
            "ping",
            "keys *",
            "KEYS user:*",
            "config get maxmemory",
            "HGETALL of",
            "flushall",
            "del user:1",
            "set a b",
            "slowlog get 10",
            "client list",
            "--bigkeys",
            "--nonsense",
            "memory usage user:1",
            "cluster info",
            "latency latest",
            "eval 'return 1' 0",
            "GET \"a",
            "scan 0 match user:* count 100",
            "dbsize",
        ] {
            assert!(looks_like_statement(command), "{command}");
        }
        for question in [
            "how many keys are there",
            "get the value of user:1",
            "type of user:1",
            "memory usage",
            "memory usage of user:1",
            "memory breakdown",
            "keys by prefix",
            "keys without ttl",
            "latency",
            "slowlog",
            "clients by address",
            "cluster status",
            "info about memory",
            "biggest keys",
            "time since the last save",
            "config",
            "what is maxmemory",
            "",
        ] {
            assert!(!looks_like_statement(question), "{question}");
        }
    }
}
