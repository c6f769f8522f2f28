//! Views of the server screen, each one line: a command, or a form of our own.

use crate::engine::{Query, View};

pub(super) static VIEWS: &[View] = &[
    View { name: "clients", key: 'c', title: "Clients, those with the most memory first", query: &CLIENTS },
    View { name: "slowlog", key: 'l', title: "Slow log, newest first", query: &SLOW_LOG },
    View { name: "commands", key: 'q', title: "Commands by total time", query: &COMMANDS },
    View { name: "memory", key: 'm', title: "Where memory goes", query: &MEMORY },
    View { name: "keyspace", key: 'k', title: "Keys by prefix", query: &KEYSPACE },
    View { name: "databases", key: 'd', title: "Databases", query: &DATABASES },
    View { name: "replication", key: 'r', title: "Replication", query: &REPLICATION },
    View { name: "persistence", key: 'p', title: "Snapshots and the append-only file", query: &PERSISTENCE },
    View { name: "latency", key: 't', title: "Latency events", query: &LATENCY },
    View { name: "settings", key: 'v', title: "Settings beside their defaults", query: &SETTINGS },
    View { name: "errors", key: 'e', title: "Errors by number", query: &ERRORS },
    View { name: "nodes", key: 'o', title: "Nodes of the cluster", query: &NODES },
    View { name: "sentinel", key: 's', title: "Primaries that this sentinel watches", query: &SENTINEL },
];

const TIME_MS: u64 = 5000;

macro_rules! queries {
    ($($name:ident = $id:literal, $text:literal;)*) => {
        $(static $name: Query = Query { name: $id, text: $text, timeout_ms: TIME_MS };)*
    };
}

queries! {
    CLIENTS = "view.clients", "--clients --sort tot-mem";
    SLOW_LOG = "view.slowlog", "SLOWLOG GET 200";
    COMMANDS = "view.commands", "--commands";
    MEMORY = "view.memory", "--memory";
    KEYSPACE = "view.keyspace", "--keyspace";
    DATABASES = "view.databases", "INFO keyspace";
    REPLICATION = "view.replication", "--replication";
    PERSISTENCE = "view.persistence", "--persistence";
    LATENCY = "view.latency", "LATENCY LATEST";
    SETTINGS = "view.settings", "--config";
    ERRORS = "view.errors", "INFO errorstats";
    NODES = "view.nodes", "CLUSTER NODES";
    SENTINEL = "view.sentinel", "SENTINEL MASTERS";
}
