//! Errors provoked on real Redis and Valkey servers of the tests' own. The first word of a reply is the judge of the code;
//! clients that take `ERR` away are stood in for by taking it away here.

use super::understood;
use crate::redis::support::{Own, PATIENCE, Raw, connect, run, skipped};
use crate::support::servers;
use dba_gpt::domain::error::kind::ErrorKind::{self, *};
use dba_gpt::engine::redis::SPEC;
use std::io::Read as _;

/// What is there before.
const KEYS: &[&[&str]] = &[
    &["SET", "text", "abc"],
    &["SET", "number", "9223372036854775807"],
    &["LPUSH", "list", "a"],
    &["HSET", "hash", "field", "value"],
    &["ZADD", "scores", "1", "a"],
    &["XADD", "stream", "5-1", "a", "b"],
    &["XGROUP", "CREATE", "stream", "group", "$"],
    &["ACL", "SETUSER", "limited", "on", ">secret", "~own:*", "+get", "+ping"],
];

/// A command, the code of its refusal and what kind it is.
const WRONG: &[(&[&str], &str, ErrorKind)] = &[
    (&["LPUSH", "text", "x"], "WRONGTYPE", WrongType),
    (&["GET", "list"], "WRONGTYPE", WrongType),
    (&["PFADD", "text", "x"], "WRONGTYPE", WrongType),
    (&["INCR", "text"], "ERR", DataError),
    (&["INCR", "number"], "ERR", DataError),
    (&["INCRBYFLOAT", "text", "1"], "ERR", DataError),
    (&["HINCRBY", "hash", "field", "1"], "ERR", DataError),
    (&["SET", "text", "x", "EX", "-5"], "ERR", DataError),
    (&["SET", "text", "x", "NX", "XX"], "ERR", SyntaxError),
    (&["GET"], "ERR", SyntaxError),
    (&["MSET", "a"], "ERR", SyntaxError),
    (&["NOSUCH", "a"], "ERR", FunctionNotFound),
    (&["CONFIG", "NOSUCH"], "ERR", FunctionNotFound),
    (&["SELECT", "99"], "ERR", DatabaseNotFound),
    (&["RENAME", "nokey", "b"], "ERR", ObjectNotFound),
    (&["LSET", "nokey", "0", "x"], "ERR", ObjectNotFound),
    (&["LSET", "list", "99", "x"], "ERR", DataError),
    (&["SETRANGE", "text", "-1", "x"], "ERR", DataError),
    (&["GEOADD", "places", "200", "100", "x"], "ERR", DataError),
    (&["ZADD", "scores", "high", "a"], "ERR", DataError),
    (&["SCAN", "abc"], "ERR", SyntaxError),
    (&["EXEC"], "ERR", TransactionState),
    (&["DISCARD"], "ERR", TransactionState),
    (&["EVAL", "this is no lua", "0"], "ERR", SyntaxError),
    (&["EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "0"], "NOSCRIPT", FunctionNotFound),
    (&["FCALL", "nofunction", "0"], "ERR", FunctionNotFound),
    (&["SCRIPT", "KILL"], "NOTBUSY", Other),
    (&["XADD", "stream", "5-1", "a", "b"], "ERR", DataError),
    (&["XREADGROUP", "GROUP", "no", "c", "STREAMS", "stream", ">"], "NOGROUP", ObjectNotFound),
    (&["XGROUP", "CREATE", "stream", "group", "$"], "BUSYGROUP", DuplicateObject),
    (&["XGROUP", "CREATE", "nokey", "group", "$"], "ERR", ObjectNotFound),
    (&["AUTH", "nobody", "wrong"], "WRONGPASS", AuthenticationFailed),
    (&["HELLO", "9"], "NOPROTO", FeatureNotSupported),
    (&["CLUSTER", "INFO"], "ERR", FeatureNotSupported),
    (&["CONFIG", "SET", "nosuch", "1"], "ERR", ConfigurationError),
    (&["RESTORE", "text", "0", "garbage"], "BUSYKEY", DuplicateKey),
    (&["RESTORE", "fresh", "0", "garbage"], "ERR", Corruption),
    (&["FAILOVER"], "ERR", ClusterState),
];

/// The servers that are here, each started anew: Redis, and Valkey where it could be had.
fn each_server(configuration: &[&str]) -> Vec<Own> {
    let urls = [Some(servers::redis_url()), servers::valkey_url()];
    let program = |url: String| {
        let info = Raw::connect(&url).ask_whole(&["INFO", "server"]);
        info.lines().find_map(|line| line.strip_prefix("executable:")).unwrap().trim().to_owned()
    };
    urls.into_iter().flatten().map(|url| Own::start_program(&program(url), configuration)).collect()
}

/// The refusal of a command, without the mark of the protocol.
fn refusal(raw: &mut Raw, words: &[&str]) -> String {
    let reply = raw.ask(words);
    reply.strip_prefix('-').unwrap_or_else(|| panic!("{words:?} was not refused: {reply}")).to_owned()
}

/// What a server says to a connection by itself before it closes it.
fn greeting(port: u16) -> String {
    let mut said = String::new();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_to_string(&mut said).unwrap();
    said
}

fn fill(raw: &mut Raw) {
    for command in KEYS {
        let reply = raw.ask(command);
        assert!(!reply.starts_with('-'), "{command:?}: {reply}");
    }
}

#[test]
fn what_the_servers_answer_is_named() {
    if skipped() {
        return;
    }
    for own in each_server(&[]) {
        let mut raw = Raw::connect(&own.url());
        fill(&mut raw);
        for (command, code, kind) in WRONG {
            let reply = refusal(&mut raw, command);
            assert_eq!(reply.split(' ').next(), Some(*code), "{command:?}: {reply}");
            let bare = reply.strip_prefix("ERR ").unwrap_or(&reply);
            for text in [
                reply.clone(),
                format!("(error) {reply}"),
                format!("-{reply}"),
                format!("redis.exceptions.ResponseError: {bare}"),
                format!("ReplyError: {reply}"),
                bare.to_owned(),
            ] {
                let found = understood("redis", &text);
                assert_eq!((found.code.as_str(), found.kind), (*code, *kind), "{text}: {found:?}");
            }
            let told = understood("redis", &format!("(error) {reply}"));
            assert_eq!((told.message, told.signature), (reply.clone(), understood("redis", &reply).signature));
        }
        assert!(WRONG.len() >= 25);
    }
}

#[test]
fn states_of_a_server_are_told_apart() {
    if skipped() {
        return;
    }
    for own in each_server(&["maxclients 4"]) {
        let mut raw = Raw::connect(&own.url());
        fill(&mut raw);
        let mut limited = Raw::connect(&own.url());
        assert_eq!(limited.ask(&["AUTH", "limited", "secret"]), "+OK");
        let denied = understood("redis", &refusal(&mut limited, &["FLUSHALL"]));
        assert_eq!(
            (denied.code.as_str(), denied.kind, denied.object.as_deref()),
            ("NOPERM", AccessDenied, Some("flushall"))
        );

        let _crowd: Vec<Raw> = (0..2).map(|_| Raw::connect(&own.url())).collect();
        let full = greeting(own.port);
        let found = understood("redis", full.trim_end());
        assert_eq!((found.code.as_str(), found.kind, found.transient), ("ERR", TooManyConnections, true), "{full}");
        assert_eq!(raw.ask(&["CONFIG", "SET", "maxclients", "100"]), "+OK");

        assert_eq!(raw.ask(&["CONFIG", "SET", "maxmemory", "1"]), "+OK");
        let found = understood("redis", &refusal(&mut raw, &["SET", "a", "b"]));
        assert_eq!((found.code.as_str(), found.kind), ("OOM", OutOfMemory));
        assert_eq!(raw.ask(&["CONFIG", "SET", "maxmemory", "0"]), "+OK");

        assert_eq!(raw.ask(&["MULTI"]), "+OK");
        refusal(&mut raw, &["NOSUCH"]);
        let found = understood("redis", &refusal(&mut raw, &["EXEC"]));
        assert_eq!((found.code.as_str(), found.kind), ("EXECABORT", TransactionState));

        assert_eq!(raw.ask(&["CONFIG", "SET", "min-replicas-to-write", "3"]), "+OK");
        let found = understood("redis", &refusal(&mut raw, &["SET", "a", "b"]));
        assert_eq!((found.code.as_str(), found.kind), ("NOREPLICAS", ReplicationError));
        assert_eq!(raw.ask(&["CONFIG", "SET", "min-replicas-to-write", "0"]), "+OK");

        assert_eq!(raw.ask(&["REPLICAOF", "127.0.0.1", "1"]), "+OK");
        let found = understood("redis", &refusal(&mut raw, &["SET", "a", "b"]));
        assert_eq!((found.code.as_str(), found.kind), ("READONLY", ReadOnly));
        assert_eq!(raw.ask(&["CONFIG", "SET", "replica-serve-stale-data", "no"]), "+OK");
        let found = understood("redis", &refusal(&mut raw, &["GET", "text"]));
        assert_eq!((found.code.as_str(), found.kind), ("MASTERDOWN", ReplicationError));
        assert_eq!(raw.ask(&["REPLICAOF", "NO", "ONE"]), "+OK");

        assert_eq!(raw.ask(&["CONFIG", "SET", "requirepass", "wanted"]), "+OK");
        let found = understood("redis", &refusal(&mut Raw::connect(&own.url()), &["PING"]));
        assert_eq!((found.code.as_str(), found.kind), ("NOAUTH", AuthenticationFailed));
    }
}

#[test]
fn a_cluster_without_slots_says_so() {
    if skipped() {
        return;
    }
    for own in each_server(&["cluster-enabled yes"]) {
        let mut raw = Raw::connect(&own.url());
        let down = refusal(&mut raw, &["GET", "a"]);
        let found = understood("redis", &down);
        assert_eq!((found.code.as_str(), found.kind), ("CLUSTERDOWN", ClusterState), "{down}");
        assert_eq!(raw.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]), "+OK");
        let apart = refusal(&mut raw, &["MGET", "a", "b"]);
        let found = understood("redis", &apart);
        assert_eq!((found.code.as_str(), found.kind), ("CROSSSLOT", FeatureNotSupported), "{apart}");
    }
}

#[test]
fn the_counters_of_errors_grow_with_them() {
    if skipped() {
        return;
    }
    run(async {
        let look = SPEC.reports.unwrap();
        for own in each_server(&[]) {
            let mut raw = Raw::connect(&own.url());
            fill(&mut raw);
            let mut session = connect(&own.url()).await;
            let before = look(&mut *session, None).await.unwrap();
            for _ in 0..3 {
                refusal(&mut raw, &["LPUSH", "text", "x"]);
            }
            refusal(&mut raw, &["NOSUCH"]);
            let after = look(&mut *session, None).await.unwrap();
            let count = |reports: &dba_gpt::engine::Reports, code: &str| {
                reports.counts.iter().find(|c| c.code == code).map_or(0, |c| c.raised)
            };
            assert_eq!(count(&after, "WRONGTYPE") - count(&before, "WRONGTYPE"), 3, "{after:?}");
            assert_eq!(count(&after, "ERR") - count(&before, "ERR"), 1, "{after:?}");
            assert!(after.log.is_empty() && after.place.is_none());
            for counter in &after.counts {
                assert_eq!(understood("redis", &counter.text).code, counter.code);
            }
        }
    });
}
