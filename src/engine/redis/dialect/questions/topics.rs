//! Topics -> command lines.

use super::super::classify::KNOWN;
use super::super::line::quote;
use super::{one, several};
use crate::domain::question::{Answer, ConnectionKey, Scope, Topic};

/// The switch that narrows a walk to the named keys.
fn narrowed(form: &str, scope: &Scope) -> String {
    let name = scope.name.as_ref().or_else(|| scope.table.as_ref().map(|table| &table.name));
    name.map_or_else(|| form.to_owned(), |name| format!("{form} --pattern {}", quote(name.as_bytes())))
}

/// The answer; none when Redis has no such thing.
pub(super) fn answer(topic: Topic, scope: &Scope) -> Option<Answer> {
    let title = topic.title();
    one_key(topic, scope).or_else(|| keys(topic, scope)).or_else(|| {
        Some(match topic {
            Topic::Memory => several(title, &[(title, "--memory"), ("What the server says of it", "MEMORY DOCTOR")]),
            Topic::Bloat => several(
                "Fragmentation",
                &[("Where memory goes", "--memory"), ("Settings of defragmentation", "--config active*")],
            ),
            Topic::DatabaseSize | Topic::DiskUsage => several(
                title,
                &[
                    ("Keys of each database", "INFO keyspace"),
                    ("Where memory goes", "--memory"),
                    ("On disk", "--persistence"),
                ],
            ),
            Topic::Evictions => several(title, &[(title, "--hits"), ("Settings of memory", "--config maxmemory*")]),
            Topic::CacheHitRatio => one(title, "--hits"),
            Topic::SlowQueries => several(
                "Slow commands",
                &[
                    ("Slow log, newest first", &few("SLOWLOG GET", scope, 50)),
                    ("Commands by total time", "--commands --sort usec"),
                ],
            ),
            Topic::FrequentQueries => one("Commands by calls", "--commands --sort calls"),
            Topic::Throughput => several(
                title,
                &[
                    (title, "INFO stats"),
                    ("Processor time", "INFO cpu"),
                    ("Commands by calls", "--commands --sort calls"),
                ],
            ),
            Topic::Latency => several(
                title,
                &[
                    ("Latency events", "LATENCY LATEST"),
                    ("Commands by time for each call", "--commands --sort usec_per_call"),
                    ("What the server says of it", "LATENCY DOCTOR"),
                ],
            ),
            Topic::Connections => connections(scope),
            Topic::ConnectionLimit => {
                several(title, &[(title, "INFO clients"), ("The limit", "CONFIG GET maxclients")])
            }
            Topic::ClientMemory => one(title, "--clients --sort tot-mem"),
            Topic::Blocking | Topic::Waits => one("Clients that wait in a blocking command", "--clients --blocked"),
            Topic::IdleInTransaction => one("Clients, the longest idle first", "--clients --sort idle"),
            Topic::Replication => several(title, &[(title, "--replication"), ("The role in full", "ROLE")]),
            Topic::ReplicationSlots => return None,
            Topic::Persistence | Topic::Wal => one(Topic::Persistence.title(), "--persistence"),
            Topic::Cluster => several(title, &[(title, "CLUSTER INFO"), ("Nodes", "CLUSTER NODES")]),
            Topic::Sentinel => one("Primaries that this sentinel watches", "SENTINEL MASTERS"),
            Topic::Settings => match &scope.name {
                Some(name) => one(format!("Settings about {name}"), format!("--config {}", setting(name))),
                None => one(title, "--config"),
            },
            Topic::ChangedSettings => one(title, "--config --changed"),
            Topic::Version | Topic::Uptime => one(title, "INFO server"),
            Topic::Databases => one(title, "INFO keyspace"),
            Topic::Roles => several("Users", &[("Users", "ACL USERS"), ("Who we are", "ACL WHOAMI")]),
            Topic::CurrentUser => several(title, &[("User", "ACL WHOAMI"), ("Our connection", "CLIENT INFO")]),
            Topic::Superusers | Topic::Privileges => {
                let mut answer = one("Users", "ACL USERS");
                answer.notes.push(
                    "the rights of a user stand beside password hashes (ACL LIST), which are not read here".into(),
                );
                answer
            }
            Topic::Extensions => one("Modules", "MODULE LIST"),
            Topic::ErrorCounts => several(
                title,
                &[(title, "INFO errorstats"), ("Commands by calls that failed", "--commands --sort failed_calls")],
            ),
            Topic::Channels => several(
                title,
                &[
                    ("Channels with subscribers", "PUBSUB CHANNELS"),
                    ("Patterns subscribed to", "PUBSUB NUMPAT"),
                    ("Subscribed clients", "CLIENT LIST TYPE pubsub"),
                ],
            ),
            Topic::Performance => several(
                title,
                &[
                    ("Commands and traffic", "INFO stats"),
                    ("Commands by total time", "--commands --sort usec"),
                    ("Slow log, newest first", "SLOWLOG GET 20"),
                    ("Where memory goes", "--memory"),
                    ("What the server says of its memory", "MEMORY DOCTOR"),
                    ("Latency events", "LATENCY LATEST"),
                    ("Hits, evictions", "--hits"),
                ],
            ),
            _ => return None,
        })
    })
}

/// A number of entries, the person's own where it is within bounds.
fn few(command: &str, scope: &Scope, otherwise: u32) -> String {
    format!("{command} {}", scope.limit.unwrap_or(otherwise).clamp(1, 1000))
}

/// The word of a setting: letters, digits and hyphens of what was typed.
fn setting(name: &str) -> String {
    let word: String = name
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c == '_' { '-' } else { c })
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(60)
        .collect();
    if word.is_empty() { "none".into() } else { word }
}

fn one_key(topic: Topic, scope: &Scope) -> Option<Answer> {
    let name = scope.name.as_ref()?;
    let key = quote(name.as_bytes());
    // `the value of maxclients`: nobody calls a key so.
    if matches!(topic, Topic::KeyValue | Topic::KeyFacts)
        && KNOWN.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        return Some(one(format!("Settings about {name}"), format!("--config {}", setting(name))));
    }
    // A prefix or a pattern stands for many keys: then the answer is about all of them.
    if name.contains('*') {
        return match topic {
            Topic::KeyValue | Topic::KeyFacts | Topic::KeyType | Topic::KeyExpiry | Topic::KeyEncoding => {
                Some(one(format!("Keys {name}"), format!("--scan --pattern {key}")))
            }
            Topic::KeySize => Some(one(format!("Memory of {name}"), format!("--keyspace --pattern {key}"))),
            _ => None,
        };
    }
    Some(match topic {
        Topic::KeyValue => one(format!("Value of {name}"), format!("--show {key}")),
        Topic::KeyFacts => one(format!("Facts of {name}"), format!("--key {key}")),
        Topic::KeyType => {
            several(&format!("Type of {name}"), &[("Type", &format!("TYPE {key}")), ("Facts", &format!("--key {key}"))])
        }
        Topic::KeyExpiry => several(
            &format!("Time to live of {name}"),
            &[
                ("Seconds to live (-1: for ever, -2: no such key)", &format!("TTL {key}")),
                ("Facts", &format!("--key {key}")),
            ],
        ),
        Topic::KeySize => several(
            &format!("Size of {name}"),
            &[("Bytes of memory", &format!("MEMORY USAGE {key}")), ("Facts", &format!("--key {key}"))],
        ),
        Topic::KeyEncoding => one(format!("Encoding of {name}"), format!("OBJECT ENCODING {key}")),
        _ => return None,
    })
}

fn keys(topic: Topic, scope: &Scope) -> Option<Answer> {
    let title = topic.title();
    Some(match topic {
        Topic::Keys | Topic::RowCounts if scope.count || topic == Topic::RowCounts => {
            let mut answer = one("Number of keys", narrowed("--scan --total", scope));
            if scope.name.is_none() && scope.table.is_none() {
                answer.statements.extend(one("Keys of each database", "INFO keyspace").statements);
            }
            answer
        }
        Topic::Keys => one(title, narrowed("--scan", scope)),
        Topic::Keyspace | Topic::Schemas | Topic::Types => one(Topic::Keyspace.title(), narrowed("--keyspace", scope)),
        Topic::BigKeys => one(title, narrowed("--bigkeys", scope)),
        Topic::MemoryKeys => one(title, narrowed("--memkeys", scope)),
        Topic::HotKeys => {
            let mut answer = one(title, "--hotkeys");
            answer.notes.push("the server counts the use of keys only under an LFU policy (maxmemory-policy)".into());
            answer
        }
        Topic::IdleKeys | Topic::UnusedTables => one(Topic::IdleKeys.title(), narrowed("--idlekeys", scope)),
        Topic::KeysWithoutExpiry => one(title, narrowed("--no-ttl", scope)),
        Topic::Streams => one(title, narrowed("--streams", scope)),
        _ => return None,
    })
}

fn connections(scope: &Scope) -> Answer {
    let by = match scope.by {
        Some(ConnectionKey::User) => " --by user",
        Some(ConnectionKey::Database) => " --by db",
        Some(ConnectionKey::Application) => " --by name",
        Some(ConnectionKey::Client) => " --by addr",
        Some(ConnectionKey::State) => " --by cmd",
        None => "",
    };
    if scope.idle && scope.by.is_none() {
        let mut answer = one("Clients, the longest idle first", "--clients --sort idle");
        answer.notes.push("idle is in seconds".into());
        return answer;
    }
    let mut answer = one("Clients", format!("--clients{by}"));
    if scope.count {
        answer.statements.insert(0, one("How many", "INFO clients").statements.swap_remove(0));
    }
    answer
}
