//! The rule of the allow-list, held against itself.

#![allow(clippy::unwrap_used)]

use super::reads::Read;
use super::*;
use crate::domain::guard::Verdict;
use std::collections::HashSet;

fn verdict(line: &str) -> (Verdict, Class) {
    let judged = classify(line, Author::Model);
    (judged.verdict, judged.class)
}

#[test]
fn no_command_is_both_a_read_and_not() {
    let reads: Vec<String> = READS.iter().map(Read::full_name).collect();
    let mut seen = HashSet::new();
    for read in &reads {
        assert!(seen.insert(read.clone()), "{read} twice");
        assert!(!others::every_name().any(|other| other == read), "{read} is on both lists");
    }
    let mut seen = HashSet::new();
    for other in others::every_name() {
        assert!(seen.insert(other), "{other} twice");
    }
}

#[test]
fn widths_and_counts_have_caps() {
    for line in [
        "LRANGE l 0 999",
        "LRANGE l -10 -1",
        "ZRANGE z 5 1000",
        "ZRANGE z 0 10 REV WITHSCORES",
        "ZRANGE z (1 +inf BYSCORE LIMIT 0 100",
        "ZRANGEBYSCORE z -inf +inf WITHSCORES LIMIT 0 10",
        "ZRANGEBYSCORE z -inf +inf LIMIT 0 10 WITHSCORES",
        "GETRANGE k 0 1048575",
        "BITCOUNT k 0 100 BIT",
        "SCAN 17179869184 MATCH a* COUNT 1000 TYPE hash",
        "HSCAN h 0 NOVALUES",
        "XRANGE s - + COUNT 10",
        "XPENDING s g IDLE 5 - + 10 c",
        "XINFO STREAM s FULL COUNT 10",
        "LPOS l x MAXLEN 1000 RANK -1",
        "SRANDMEMBER s -5",
        "MEMORY USAGE k SAMPLES 5",
        "SLOWLOG GET",
        "CLIENT LIST TYPE normal",
        "CLIENT LIST ID 1 2",
        "GEOSEARCH g FROMMEMBER m BYRADIUS 5 km COUNT 10 ANY",
        "GEOSEARCH g COUNT 1 BYBOX 1 1 km FROMLONLAT 0 0 DESC",
        "BITFIELD_RO k GET u8 0 GET i5 #3",
    ] {
        assert_eq!(verdict(line).0, Verdict::Allow, "{line}: {}", classify(line, Author::Model).reason);
    }
    for line in [
        "LRANGE l 0 1000",
        "LRANGE l 0 -1",
        "LRANGE l -1 0",
        "LRANGE l -1001 -1",
        "LRANGE l 0 9223372036854775807",
        "LRANGE l -9223372036854775808 -1",
        "LRANGE l 0 +5",
        "LRANGE l 0 0x5",
        "LRANGE l 0 99999999999999999999",
        "ZRANGE z 0 -1 REV",
        "ZRANGE z -inf +inf BYSCORE",
        "ZRANGE z -inf +inf BYSCORE LIMIT 0 -1",
        "ZRANGE z 0 10 LIMIT 0 10",
        "ZRANGE z 0 10 STORE x",
        "ZRANGEBYSCORE z -inf +inf",
        "ZRANGEBYSCORE z -inf +inf WITHSCORES WITHSCORES WITHSCORES",
        "GETRANGE k 0 -1",
        "BITCOUNT k",
        "SCAN 0 COUNT 1001",
        "SCAN 0 COUNT 0",
        "SCAN 0 COUNT 10 COUNT 100000",
        "SCAN 0 COUNT",
        "SCAN x",
        "SCAN -1",
        "XRANGE s - +",
        "XRANGE s - + COUNT 100000",
        "XINFO STREAM s FULL",
        "XINFO STREAM s FULL COUNT 0",
        "LPOS l x",
        "SRANDMEMBER s -2000",
        "MEMORY USAGE k SAMPLES 0",
        "SLOWLOG GET -1",
        "GET",
        "GET a b",
        "MEMORY",
        "OBJECT HELP",
        "CLIENT LIST TYPE other",
        "GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 20000 km ASC",
        "GEOSEARCH g FROMMEMBER COUNT BYRADIUS 5 km ASC WITHDIST",
        "GEOSEARCH g FROMMEMBER m BYRADIUS 5 km COUNT 10 COUNT 100000",
        "GEOSEARCH g FROMMEMBER m BYRADIUS 5 km COUNT 10 STORE d",
        "GEOSEARCH g FROMMEMBER m BYRADIUS 5 km ASC COUNT",
        "BITFIELD_RO k SET u8 0 1",
        "BITFIELD_RO k GET u8 0 INCRBY u8 0",
        "BITFIELD_RO k GET u8 0 GET",
        "HOTKEYS START METRICS 1",
        "CLUSTER MIGRATION IMPORT 0 5",
        "CONFIG SET enable-debug-command yes",
        "MSETEX 1 a 1",
        "\"\\x46LUSHALL\"",
        "EVAL_RO \"while true do end\" 0",
    ] {
        assert_eq!(verdict(line).0, Verdict::Deny, "{line}");
    }
}

#[test]
fn settings_that_may_be_passwords_are_not_read() {
    for line in [
        "CONFIG GET *",
        "CONFIG GET requirepass",
        "config get REQUIREPASS",
        "CONFIG GET require*",
        "CONFIG GET *pass",
        "CONFIG GET master*",
        "CONFIG GET maste?auth",
        "CONFIG GET [a-z]*",
        "CONFIG GET mast[a-f]rauth",
        "CONFIG GET tls-*",
        "CONFIG GET maxmemory requirepass",
        "CONFIG GET maxmemory m*",
        "CONFIG GET tls-key-file-pass",
        "CONFIG GET some-module.password",
        "CONFIG GET unheard-of",
        "CONFIG GET \\requirepass",
    ] {
        assert_eq!(verdict(line), (Verdict::Deny, Class::Secret), "{line}");
    }
    for line in [
        "CONFIG GET maxmemory",
        "CONFIG GET MaxMemory*",
        "CONFIG GET save appendonly",
        "CONFIG GET slowlog-*",
        "CONFIG GET hide-user-data-from-log syslog-enabled",
        "CONFIG GET oom-score-adj-values",
    ] {
        assert_eq!(verdict(line).0, Verdict::Allow, "{line}");
    }
    for (name, _) in KNOWN {
        assert!(!is_secret(name), "{name}");
    }
}

#[test]
fn globs_match_as_the_server_matches() {
    for (pattern, name, fits) in [
        ("max*", "maxmemory", true),
        ("m?x*y", "maxmemory", true),
        ("[a-n]ax*", "maxmemory", true),
        ("[^m]ax*", "maxmemory", false),
        ("ma[", "max", false),
        ("\\m*", "maxmemory", true),
        ("max", "maxmemory", false),
        ("*", "", true),
        ("**", "x", true),
    ] {
        assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
    }
    // No pattern takes long.
    assert!(!glob(&"*a".repeat(2000), &"a".repeat(1500)));
}

#[test]
fn a_change_is_judged_by_what_it_changes_and_who_wants_it() {
    let cases = [
        ("SET k v", Verdict::Deny, Verdict::NeedsApproval),
        ("DEL k", Verdict::Deny, Verdict::NeedsApproval),
        ("DEL", Verdict::Deny, Verdict::Deny),
        ("FLUSHALL", Verdict::Deny, Verdict::Deny),
        ("FLUSHDB ASYNC", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET maxmemory-policy allkeys-lru", Verdict::NeedsApproval, Verdict::NeedsApproval),
        ("CONFIG SET maxmemory 2gb", Verdict::NeedsApproval, Verdict::NeedsApproval),
        ("CONFIG SET maxmemory 1", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET maxmemory 0", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET dir /root/.ssh", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET dbfilename authorized_keys", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET requirepass x", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET protected-mode no", Verdict::Deny, Verdict::Deny),
        ("CONFIG SET proto-max-bulk-len 1gb", Verdict::Deny, Verdict::NeedsApproval),
        ("CONFIG SET hz 10 dir /tmp", Verdict::Deny, Verdict::Deny),
        ("BGSAVE", Verdict::NeedsApproval, Verdict::NeedsApproval),
        ("BGREWRITEAOF", Verdict::Deny, Verdict::NeedsApproval),
        ("SAVE", Verdict::Deny, Verdict::Deny),
        ("CLIENT KILL ID 7", Verdict::NeedsApproval, Verdict::NeedsApproval),
        ("CLIENT KILL ID 0", Verdict::Deny, Verdict::Deny),
        ("CLIENT KILL TYPE normal", Verdict::Deny, Verdict::Deny),
        ("CLIENT KILL ID 7 TYPE normal", Verdict::Deny, Verdict::Deny),
        ("MEMORY PURGE", Verdict::Deny, Verdict::NeedsApproval),
        ("EVAL 'return 1' 0", Verdict::Deny, Verdict::Deny),
        ("RESET", Verdict::Deny, Verdict::Deny),
        ("MODULE LOAD /tmp/x.so", Verdict::Deny, Verdict::Deny),
    ];
    for (line, model, person) in cases {
        assert_eq!(classify(line, Author::Model).verdict, model, "{line} by a model");
        assert_eq!(classify(line, Author::Person).verdict, person, "{line} by a person");
    }
}

#[test]
fn a_refused_big_read_says_what_reads_it() {
    for (line, pointer) in [
        ("HGETALL h", "--show"),
        ("SMEMBERS s", "--show"),
        ("LRANGE l 0 -1", "--show"),
        ("ZRANGE z 0 -1", "--show"),
        ("KEYS *", "--scan"),
    ] {
        let judged = classify(line, Author::Person);
        assert!(judged.reason.contains(pointer), "{line}: {}", judged.reason);
    }
}
