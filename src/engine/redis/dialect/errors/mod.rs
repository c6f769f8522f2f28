//! The errors of Redis and Valkey: which one a text is.
//!
//! An error reply is a sentence whose first word in capitals is its code: `WRONGTYPE Operation against ...`. Clients put
//! `(error) ` or the name of an exception before it, and some take the commonest code, `ERR`, away: the sentence alone
//! tells it then. What `ERR` means is in the words.

mod words;

use crate::domain::error::catalogue::{Catalogue, Tables};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::naming::{ErrorNaming, Named};
use crate::domain::error::wrapping::{lines, tails, without_class};
use crate::domain::target::EngineId;
use regex::Regex;
use std::sync::LazyLock;

static CATALOGUE: Catalogue = Catalogue::new(Tables {
    codes: include_str!("../../../../../assets/errors/codes/redis.tsv"),
    advice: include_str!("../../../../../assets/errors/advice/redis.toml"),
    messages: include_str!("../../../../../assets/errors/messages/redis.tsv"),
    translations: &[],
});

/// Names the errors.
pub(super) struct Errors;

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
static PATTERNS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        // A line of the server's log: process, role, time, level.
        r"^\d+:[XCSM] \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d\.\d+ [.\-*#] ",
        // The code of a reply.
        r"^([A-Z][A-Z0-9_]{2,})(?: |$)",
        // A name that a sentence quotes, apart from words with an apostrophe.
        r"(?:^|[\s(:])['`]([^'`]+)['`](?:$|[\s,.:)])",
        // The node that a redirection names.
        r"^(?:MOVED|ASK) \d+ (\S+)|^REDIRECT (\S+)",
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

/// Sentences that quote something else than what they are about.
const NAMELESS: &[&str] = &["Protocol error", "Error compiling", "command not allowed. If"];

/// A reply in a text.
struct Said<'t> {
    /// With its code where it has one; without what a client or a log puts before it.
    text: &'t str,
    code: String,
}

impl ErrorNaming for Errors {
    fn engine(&self) -> EngineId {
        super::super::ID
    }

    fn catalogue(&self) -> &'static Catalogue {
        &CATALOGUE
    }

    fn name(&self, text: &str, code: Option<&str>) -> Named {
        let said = said(text);
        let code = code.filter(|c| !c.is_empty()).map_or(said.code, str::to_owned);
        let told = words::kind(&code, said.text);
        Named {
            object: object(&code, said.text),
            severity: told.and_then(severity),
            kind: told,
            message: said.text.to_owned(),
            code,
        }
    }
}

/// Where the words tell a kind, how bad it is in a server that holds its data in memory and serves many clients.
fn severity(kind: ErrorKind) -> Option<Severity> {
    // What one client does wrong about a cluster or a replica hurts nobody else.
    matches!(kind, ErrorKind::ClusterState | ErrorKind::ReplicationError).then_some(Severity::Error)
}

/// The reply in the text: the first line that has one.
fn said(text: &str) -> Said<'_> {
    let text = text.trim();
    // Where the protocol or a client says that this is an error reply, its first word is a code, whoever made it up.
    let marked = text.strip_prefix("(error) ").map(|reply| reply.strip_prefix('-').unwrap_or(reply));
    if let Some(said) = marked.or_else(|| text.strip_prefix('-')).and_then(|reply| with_code(reply, true)) {
        return said;
    }
    let text = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
    let found = lines(text).find_map(|line| {
        let line = without_marks(line);
        let of_the_server = |tail| with_code(without_marks(tail), false);
        of_the_server(line).or_else(|| tails(line).find_map(of_the_server)).or_else(|| bare(line))
    });
    found.unwrap_or_else(|| {
        let text = without_marks(without_class(text));
        let within = CATALOGUE.recognise_within(text);
        Said { text, code: within.map(|r| r.code.to_owned()).unwrap_or_default() }
    })
}

/// A reply that begins with a code: one of the server's, or any when it is known to be a reply. A sentence can begin with
/// the name of a command in capitals.
fn with_code(reply: &str, known_to_be_one: bool) -> Option<Said<'_>> {
    let reply = reply.strip_prefix('-').unwrap_or(reply);
    let [_, code, ..] = &*PATTERNS;
    let code = &code.captures(reply)?[1];
    (known_to_be_one || CATALOGUE.code(code).is_some()).then(|| Said { text: reply, code: code.to_owned() })
}

/// A sentence without its code.
fn bare(text: &str) -> Option<Said<'_>> {
    let recognised = |tail| CATALOGUE.recognise(tail).map(|r| (r.fixed, Said { text: tail, code: r.code.to_owned() }));
    tails(text).filter_map(recognised).max_by_key(|(fixed, _)| *fixed).map(|(_, said)| said)
}

/// A reply as a client or a log shows it, without what stands before it in a log and without quotation marks around it.
fn without_marks(text: &str) -> &str {
    let [log, ..] = &*PATTERNS;
    let text = log.find(text).map_or(text, |found| &text[found.end()..]);
    let text = text.trim();
    let quoted = ['"', '\''].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    quoted.unwrap_or(text)
}

/// What the reply is about: the command, key, user or setting that it quotes, or the node that it names.
fn object(code: &str, reply: &str) -> Option<String> {
    let [.., quoted, node] = &*PATTERNS;
    let about_a_name =
        matches!(code, "ERR" | "NOPERM" | "NOGROUP" | "NOSUB") && !NAMELESS.iter().any(|words| reply.contains(words));
    let captured = if about_a_name { quoted.captures(reply) } else { node.captures(reply) };
    captured.and_then(|c| c.iter().skip(1).flatten().next().map(|found| found.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::naming::understand;

    const PRINTED: &[(&str, &str, ErrorKind, Option<&str>)] = &[
        (
            "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
            "WRONGTYPE",
            ErrorKind::WrongType,
            None,
        ),
        ("-WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", ErrorKind::WrongType, None),
        (
            "redis.exceptions.ResponseError: unknown command 'FOO', with args beginning with: 'a' ",
            "ERR",
            ErrorKind::FunctionNotFound,
            Some("FOO"),
        ),
        ("ReplyError: ERR wrong number of arguments for 'get' command", "ERR", ErrorKind::SyntaxError, Some("get")),
        (
            "redis.clients.jedis.exceptions.JedisMovedDataException: MOVED 866 127.0.0.1:7001",
            "MOVED",
            ErrorKind::ClusterState,
            Some("127.0.0.1:7001"),
        ),
        (
            "redis.exceptions.AuthenticationError: Authentication required.",
            "NOAUTH",
            ErrorKind::AuthenticationFailed,
            None,
        ),
        ("ERR max number of clients reached", "ERR", ErrorKind::TooManyConnections, None),
        ("ERR value is not an integer or out of range", "ERR", ErrorKind::DataError, None),
        ("ERR no such key", "ERR", ErrorKind::ObjectNotFound, None),
        ("ERR DB index is out of range", "ERR", ErrorKind::DatabaseNotFound, None),
        ("DB index is out of range", "ERR", ErrorKind::DatabaseNotFound, None),
        ("ERR syntax error", "ERR", ErrorKind::SyntaxError, None),
        (
            "NOPERM User app has no permissions to run the 'flushall' command",
            "NOPERM",
            ErrorKind::AccessDenied,
            Some("flushall"),
        ),
        ("NOGROUP No such key 'jobs' or consumer group 'g'", "NOGROUP", ErrorKind::ObjectNotFound, Some("jobs")),
        ("LOADING Redis is loading the dataset in memory", "LOADING", ErrorKind::ClusterState, None),
        ("OOM command not allowed when used memory > 'maxmemory'.", "OOM", ErrorKind::OutOfMemory, None),
        ("MISCONF Errors writing to the AOF file: No space left on device", "MISCONF", ErrorKind::DiskFull, None),
        (
            "(error) EXECABORT Transaction discarded because of previous errors.",
            "EXECABORT",
            ErrorKind::TransactionState,
            None,
        ),
        ("(error) MYAPP account is closed", "MYAPP", ErrorKind::Other, None),
        ("[ErrorReply: NOAUTH Authentication required.]", "NOAUTH", ErrorKind::AuthenticationFailed, None),
        ("Could not connect to Redis at 127.0.0.1:6379: Connection refused", "", ErrorKind::ConnectionError, None),
        (
            "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
            "",
            ErrorKind::ConnectionError,
            None,
        ),
        ("EXEC without MULTI", "ERR", ErrorKind::TransactionState, None),
    ];

    #[test]
    fn every_way_of_printing_gives_code_kind_and_object() {
        for (text, code, kind, object) in PRINTED {
            let found = understand(&Errors, text, None);
            assert_eq!((found.code.as_str(), found.kind), (*code, *kind), "{text}: {found:?}");
            assert_eq!(found.object.as_deref(), *object, "{text}: {found:?}");
        }
    }

    #[test]
    fn a_client_makes_no_other_pattern() {
        let bare = understand(&Errors, "WRONGTYPE Operation against a key holding the wrong kind of value", None);
        for text in [
            PRINTED[0].0,
            PRINTED[1].0,
            "redis.exceptions.ResponseError: WRONGTYPE Operation against a key holding the wrong kind of value",
        ] {
            assert_eq!(understand(&Errors, text, None).signature, bare.signature, "{text}");
        }
    }

    #[test]
    fn a_full_server_is_critical_and_may_pass() {
        let full = understand(&Errors, "ERR max number of clients reached", None);
        assert_eq!((full.severity, full.transient), (Severity::Critical, true));
        assert_eq!(full.title, "The server takes no more connections");
    }

    #[test]
    fn a_text_of_nothing_known_has_no_code() {
        let found = understand(&Errors, "the cat sat on the mat", None);
        assert_eq!((found.code.as_str(), found.kind), ("", ErrorKind::Other));
    }
}
