//! The server's settings: those that may be read, with their defaults; and what a change of one means.

use super::Refusal;
use crate::domain::guard::{Author, Class, Judgement};

/// Settings that hold no secret, with the default of Redis 7.0 (read from a server started without a file); `?` where
/// the default depends on the machine or on how it was started.
#[rustfmt::skip]
pub(in crate::engine::redis) static KNOWN: &[(&str, &str)] = &[
    ("acl-pubsub-default", "resetchannels"), ("aclfile", ""), ("acllog-max-len", "128"), ("active-defrag-cycle-max", "25"),
    ("active-defrag-cycle-min", "1"), ("active-defrag-ignore-bytes", "104857600"), ("active-defrag-max-scan-fields", "1000"),
    ("active-defrag-threshold-lower", "10"), ("active-defrag-threshold-upper", "100"), ("active-expire-effort", "1"),
    ("activedefrag", "no"), ("activerehashing", "yes"), ("aof-load-truncated", "yes"), ("aof-rewrite-incremental-fsync", "yes"),
    ("aof-timestamp-enabled", "no"), ("aof-use-rdb-preamble", "yes"), ("appenddirname", "appendonlydir"),
    ("appendfilename", "appendonly.aof"), ("appendfsync", "everysec"), ("appendonly", "no"),
    ("auto-aof-rewrite-min-size", "67108864"), ("auto-aof-rewrite-percentage", "100"), ("bind", "?"),
    ("busy-reply-threshold", "5000"), ("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    ("client-query-buffer-limit", "1073741824"), ("cluster-allow-reads-when-down", "no"), ("cluster-allow-replica-migration", "yes"),
    ("cluster-announce-hostname", ""), ("cluster-announce-ip", ""), ("cluster-enabled", "no"), ("cluster-migration-barrier", "1"),
    ("cluster-node-timeout", "15000"), ("cluster-replica-no-failover", "no"), ("cluster-replica-validity-factor", "10"),
    ("cluster-require-full-coverage", "yes"), ("crash-log-enabled", "yes"), ("daemonize", "?"), ("databases", "16"),
    ("dbfilename", "dump.rdb"), ("dir", "?"), ("disable-thp", "yes"), ("dynamic-hz", "yes"), ("enable-debug-command", "no"),
    ("enable-module-command", "no"), ("enable-protected-configs", "no"), ("hash-max-listpack-entries", "512"),
    ("hash-max-listpack-value", "64"), ("hll-sparse-max-bytes", "3000"), ("hz", "10"), ("io-threads", "1"), ("io-threads-do-reads", "no"),
    ("jemalloc-bg-thread", "yes"), ("latency-monitor-threshold", "0"), ("latency-tracking", "yes"),
    ("latency-tracking-info-percentiles", "50 99 99.9"), ("lazyfree-lazy-eviction", "no"), ("lazyfree-lazy-expire", "no"),
    ("lazyfree-lazy-server-del", "no"), ("lazyfree-lazy-user-del", "no"), ("lazyfree-lazy-user-flush", "no"), ("lfu-decay-time", "1"),
    ("lfu-log-factor", "10"), ("list-compress-depth", "0"), ("list-max-listpack-size", "-2"), ("logfile", "?"), ("loglevel", "notice"),
    ("lua-time-limit", "5000"), ("maxclients", "10000"), ("maxmemory", "0"), ("maxmemory-clients", "0"),
    ("maxmemory-eviction-tenacity", "10"), ("maxmemory-policy", "noeviction"), ("maxmemory-samples", "5"), ("min-replicas-max-lag", "10"),
    ("min-replicas-to-write", "0"), ("no-appendfsync-on-rewrite", "no"), ("notify-keyspace-events", ""), ("oom-score-adj", "no"),
    ("pidfile", "?"), ("port", "?"), ("protected-mode", "yes"), ("proto-max-bulk-len", "536870912"), ("rdb-del-sync-files", "no"),
    ("rdb-save-incremental-fsync", "yes"), ("rdbchecksum", "yes"), ("rdbcompression", "yes"), ("repl-backlog-size", "1048576"),
    ("repl-backlog-ttl", "3600"), ("repl-disable-tcp-nodelay", "no"), ("repl-diskless-load", "disabled"), ("repl-diskless-sync", "yes"),
    ("repl-diskless-sync-delay", "5"), ("repl-diskless-sync-max-replicas", "0"), ("repl-ping-replica-period", "10"), ("repl-timeout", "60"),
    ("replica-announce-ip", ""), ("replica-announce-port", "0"), ("replica-announced", "yes"), ("replica-ignore-maxmemory", "yes"),
    ("replica-lazy-flush", "no"), ("replica-priority", "100"), ("replica-read-only", "yes"), ("replica-serve-stale-data", "yes"),
    ("replicaof", "?"), ("sanitize-dump-payload", "no"), ("save", "3600 1 300 100 60 10000"), ("set-max-intset-entries", "512"),
    ("set-max-listpack-entries", "128"), ("set-max-listpack-value", "64"), ("shutdown-timeout", "10"), ("slowlog-log-slower-than", "10000"),
    ("slowlog-max-len", "128"), ("stop-writes-on-bgsave-error", "yes"), ("stream-node-max-bytes", "4096"), ("stream-node-max-entries", "100"),
    ("supervised", "no"), ("tcp-backlog", "511"), ("tcp-keepalive", "300"), ("timeout", "0"), ("tls-auth-clients", "yes"),
    ("tls-ca-cert-file", ""), ("tls-cert-file", ""), ("tls-cluster", "no"), ("tls-port", "0"), ("tls-protocols", ""), ("tls-replication", "no"),
    ("tls-session-caching", "yes"), ("tracking-table-max-keys", "1000000"), ("unixsocket", "?"), ("unixsocketperm", "0"),
    ("zset-max-listpack-entries", "128"), ("zset-max-listpack-value", "64"),
    // Those that are set at the start or exist on newer servers alone.
    ("always-show-logo", "?"), ("aof_rewrite_cpulist", "?"), ("bgsave_cpulist", "?"), ("bio_cpulist", "?"),
    ("server_cpulist", "?"), ("bind-source-addr", "?"), ("cluster-allow-pubsubshard-when-down", "?"),
    ("cluster-announce-bus-port", "?"), ("cluster-announce-port", "?"), ("cluster-announce-tls-port", "?"),
    ("cluster-config-file", "?"), ("cluster-link-sendbuf-limit", "?"), ("cluster-port", "?"),
    ("cluster-preferred-endpoint-type", "?"), ("crash-memcheck-enabled", "?"), ("ignore-warnings", "?"),
    ("locale-collate", "?"), ("oom-score-adj-values", "?"), ("proc-title-template", "?"), ("set-proc-title", "?"),
    ("propagation-error-behavior", "?"), ("rdb-key-save-delay", "?"), ("replica-ignore-disk-write-errors", "?"),
    ("shutdown-on-sigint", "?"), ("shutdown-on-sigterm", "?"), ("socket-mark-id", "?"), ("syslog-enabled", "?"),
    ("syslog-facility", "?"), ("syslog-ident", "?"), ("tls-ca-cert-dir", "?"), ("tls-ciphers", "?"),
    ("tls-ciphersuites", "?"), ("tls-prefer-server-ciphers", "?"), ("tls-session-cache-size", "?"),
    ("tls-session-cache-timeout", "?"), ("use-exit-on-panic", "?"), ("watchdog-period", "?"),
    ("max-new-connections-per-cycle", "?"), ("max-new-tls-connections-per-cycle", "?"),
    ("hide-user-data-from-log", "?"), ("replica-full-sync-buffer-limit", "?"),
    ("dual-channel-replication-enabled", "?"), ("availability-zone", "?"), ("commandlog-execution-slower-than", "?"),
    ("commandlog-slow-execution-max-len", "?"), ("commandlog-request-larger-than", "?"),
    ("commandlog-large-request-max-len", "?"), ("commandlog-reply-larger-than", "?"),
    ("commandlog-large-reply-max-len", "?"), ("cluster-slot-stats-enabled", "?"),
    ("cluster-manual-failover-timeout", "?"), ("events-per-io-thread", "?"), ("prefetch-batch-max-size", "?"),
    ("import-mode", "?"), ("rdb-version-check", "?"),
    // The names that the same settings have on older servers.
    ("hash-max-ziplist-entries", "512"), ("hash-max-ziplist-value", "64"), ("list-max-ziplist-size", "-2"), ("slave-read-only", "yes"),
    ("slave-priority", "100"), ("zset-max-ziplist-entries", "128"), ("zset-max-ziplist-value", "64"),
];

/// A setting whose value is, or may be, a password or the way to one. Judged by the name, so that a module's and a
/// newer server's are met too.
pub(in crate::engine::redis) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "auth", "secret", "user", "token", "key-file", "credential"].iter().any(|part| name.contains(part))
        && !matches!(
            name.as_str(),
            "tls-auth-clients" | "lazyfree-lazy-user-del" | "lazyfree-lazy-user-flush" | "hide-user-data-from-log"
        )
}

/// Passwords by their own names: a glob that may match one of them is refused.
const SECRETS: &[&str] = &[
    "requirepass",
    "masterauth",
    "masteruser",
    "primaryauth",
    "primaryuser",
    "tls-key-file",
    "tls-key-file-pass",
    "tls-client-key-file",
    "tls-client-key-file-pass",
    "sentinel-pass",
    "sentinel-user",
    "auth-pass",
    "auth-user",
];

/// The word of a `CONFIG GET`: a known name, or a glob over known names alone.
pub(super) fn readable(word: &[u8]) -> Result<(), Refusal> {
    let name = String::from_utf8_lossy(word).to_ascii_lowercase();
    let secret = |name: &str| Refusal::new(Class::Secret, format!("{name} is, or may match, a password"));
    if is_secret(&name) || SECRETS.iter().any(|known| glob(&name, known)) {
        return Err(secret(&name));
    }
    let begins = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-' || *b == b'_').count();
    let pattern = begins < name.len();
    if pattern && begins < 3 {
        return Err(Refusal::new(
            Class::Secret,
            "a pattern for settings begins with three letters at least, so that it can match no password; --config shows all",
        ));
    }
    if KNOWN.iter().any(|(known, _)| glob(&name, known)) {
        Ok(())
    } else {
        Err(Refusal::new(
            Class::Secret,
            format!("{name} is not among the settings that are known to hold no password; --config lists those"),
        ))
    }
}

/// One place of a pattern.
enum Place {
    /// Any number of letters.
    Star,
    /// Any letter.
    Any,
    /// This letter.
    Letter(u8),
    /// One of these letters and ranges, or none of them.
    Set(bool, Vec<u8>),
}

impl Place {
    fn takes(&self, letter: u8) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::Letter(own) => *own == letter,
            Self::Set(negated, set) => {
                let ranges = set.windows(3).filter(|w| w[1] == b'-');
                let inside = set.contains(&letter)
                    || ranges.into_iter().any(|w| (w[0].min(w[2])..=w[0].max(w[2])).contains(&letter));
                inside != *negated
            }
        }
    }
}

/// Shell-like matching, as the server does it: `*`, `?`, `[a-z]`, `[^a]`, backslash. Case is folded.
pub(in crate::engine::redis) fn glob(pattern: &str, name: &str) -> bool {
    let pattern = places(pattern.to_ascii_lowercase().as_bytes());
    let name = name.to_ascii_lowercase();
    let name = name.as_bytes();
    let (mut at, mut letter) = (0, 0);
    // Where to go on when the last star has to take one letter more.
    let mut star: Option<(usize, usize)> = None;
    while letter < name.len() {
        match pattern.get(at) {
            Some(Place::Star) => {
                star = Some((at, letter));
                at += 1;
            }
            Some(place) if place.takes(name[letter]) => {
                at += 1;
                letter += 1;
            }
            _ => {
                let Some((back, taken)) = star else { return false };
                at = back + 1;
                letter = taken + 1;
                star = Some((back, taken + 1));
            }
        }
    }
    pattern[at..].iter().all(|place| matches!(place, Place::Star))
}

fn places(pattern: &[u8]) -> Vec<Place> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        out.push(match first {
            b'*' => Place::Star,
            b'?' => Place::Any,
            b'[' => {
                let end = rest.iter().position(|b| *b == b']').unwrap_or(rest.len());
                let (negated, set) = match rest[..end].split_first() {
                    Some((b'^', set)) => (true, set),
                    _ => (false, &rest[..end]),
                };
                let place = Place::Set(negated, set.to_vec());
                rest = rest.get(end + 1..).unwrap_or(&[]);
                place
            }
            b'\\' => match rest.split_first() {
                Some((&escaped, after)) => {
                    rest = after;
                    Place::Letter(escaped)
                }
                None => Place::Letter(b'\\'),
            },
            letter => Place::Letter(letter),
        });
    }
    out
}

/// Settings whose change can be taken back and neither loses data nor opens the server.
const TUNABLE: &[&str] = &[
    "maxmemory-policy",
    "maxmemory-samples",
    "activedefrag",
    "slowlog-log-slower-than",
    "slowlog-max-len",
    "latency-monitor-threshold",
    "latency-tracking",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-expire",
    "lazyfree-lazy-server-del",
    "lazyfree-lazy-user-del",
    "lazyfree-lazy-user-flush",
    "hz",
    "dynamic-hz",
    "tcp-keepalive",
    "timeout",
    "repl-backlog-size",
    "repl-backlog-ttl",
    "repl-timeout",
    "client-output-buffer-limit",
    "acllog-max-len",
    "no-appendfsync-on-rewrite",
    "active-expire-effort",
    "maxclients",
    "maxmemory-clients",
    "auto-aof-rewrite-percentage",
    "auto-aof-rewrite-min-size",
    "hash-max-listpack-entries",
    "hash-max-listpack-value",
    "zset-max-listpack-entries",
    "zset-max-listpack-value",
    "set-max-intset-entries",
    "list-max-listpack-size",
    "list-compress-depth",
    "active-defrag-threshold-lower",
    "active-defrag-threshold-upper",
    "active-defrag-cycle-min",
    "active-defrag-cycle-max",
    "active-defrag-ignore-bytes",
    "lfu-decay-time",
    "lfu-log-factor",
    "stop-writes-on-bgsave-error",
    "loglevel",
];

/// Less memory than this evicts or refuses nearly everything.
const SMALLEST_MEMORY: u64 = 64 << 20;

/// `CONFIG SET name value`.
pub(super) fn change(arguments: &[Vec<u8>], author: Author) -> Judgement {
    let [name, value] = arguments else {
        return Judgement::deny(Class::Setting, "CONFIG SET takes one setting and its value");
    };
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if is_secret(&name) {
        return Judgement::deny(Class::Secret, format!("{name} holds or names a secret: change it by hand"));
    }
    if name == "maxmemory" {
        let enough = std::str::from_utf8(value).ok().and_then(size).is_some_and(|bytes| bytes >= SMALLEST_MEMORY);
        return if enough {
            Judgement::needs_approval(Class::Setting, "changes how much memory the server may take")
        } else {
            Judgement::deny(
                Class::Setting,
                "maxmemory below 64 MB (or no limit at all) evicts or refuses nearly everything",
            )
        };
    }
    if TUNABLE.contains(&name.as_str()) {
        return Judgement::needs_approval(Class::Setting, format!("changes the setting {name} until the next restart"));
    }
    let plain = KNOWN.iter().any(|(known, _)| *known == name)
        && !matches!(
            name.as_str(),
            "dir"
                | "dbfilename"
                | "appendfilename"
                | "appenddirname"
                | "logfile"
                | "pidfile"
                | "unixsocket"
                | "aclfile"
                | "bind"
                | "bind-source-addr"
                | "hide-user-data-from-log"
                | "import-mode"
                | "port"
                | "protected-mode"
                | "save"
                | "appendonly"
                | "replicaof"
        )
        && !["tls-", "enable-", "cluster-", "replica-", "oom-"].iter().any(|family| name.starts_with(family));
    match (plain, author) {
        (true, Author::Person) => Judgement::needs_approval(Class::Setting, format!("changes the setting {name}")),
        _ => Judgement::deny(
            Class::Setting,
            format!(
                "{name} is not among the settings whose change is known to be safe to take back: by hand, if at all"
            ),
        ),
    }
}

/// `2gb`, `512mb`, `1073741824`, in bytes.
pub(in crate::engine::redis) fn size(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match &text[digits..] {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}
