//! Functions that do more than read, with the class of what they do: built-ins of MySQL and MariaDB, and loadable
//! functions that are known for what they open.

use crate::domain::guard::Class;

const SLEEP: &str = "only takes time";
const ROUNDS: &str = "hashes as many rounds as it is told to, and no time limit ends it";
const LOCKS: &str = "takes or frees named locks";
const WAITS: &str = "waits for replication";
const FILES: &str = "reads or writes files of the server";
const SEQUENCE: &str = "advances a sequence";
const REPLICATION: &str = "acts on replication";
const PROGRAMS: &str = "is a loadable function that runs programs or works on files";
const NETWORK: &str = "is a loadable function that opens connections of its own";
const COMPONENT: &str = "is a function of a component that acts on the server";
const SECRETS: &str = "handles keys";

/// Exact names.
const NAMES: &[(&str, Class, &str)] = &[
    ("sleep", Class::Resource, SLEEP),
    ("benchmark", Class::Resource, SLEEP),
    ("kdf", Class::Resource, ROUNDS),
    ("get_lock", Class::Lock, LOCKS),
    ("release_lock", Class::Lock, LOCKS),
    ("release_all_locks", Class::Lock, LOCKS),
    ("service_get_read_locks", Class::Lock, LOCKS),
    ("service_get_write_locks", Class::Lock, LOCKS),
    ("service_release_locks", Class::Lock, LOCKS),
    ("master_pos_wait", Class::Resource, WAITS),
    ("source_pos_wait", Class::Resource, WAITS),
    ("master_gtid_wait", Class::Resource, WAITS),
    ("wait_for_executed_gtid_set", Class::Resource, WAITS),
    ("wait_until_sql_thread_after_gtids", Class::Resource, WAITS),
    ("wsrep_sync_wait_upto_gtid", Class::Resource, WAITS),
    ("load_file", Class::File, FILES),
    ("nextval", Class::Dml, SEQUENCE),
    ("setval", Class::Dml, SEQUENCE),
    ("create_digest", Class::Secret, SECRETS),
    ("mysql_firewall_flush_status", Class::Admin, COMPONENT),
    ("read_firewall_users", Class::Admin, COMPONENT),
    ("read_firewall_whitelist", Class::Admin, COMPONENT),
    ("set_firewall_mode", Class::Admin, COMPONENT),
    ("load_rewrite_rules", Class::Admin, COMPONENT),
    ("flush_rewrite_rules", Class::Admin, COMPONENT),
    ("lib_mysqludf_sys_info", Class::File, PROGRAMS),
    ("do_system", Class::File, PROGRAMS),
    ("cmdshell", Class::File, PROGRAMS),
    ("downloader", Class::File, PROGRAMS),
    ("backshell", Class::File, PROGRAMS),
    ("reverseshell", Class::File, PROGRAMS),
    ("spider_direct_sql", Class::Unparsed, "runs SQL that is hidden in a text on another server"),
    ("spider_bg_direct_sql", Class::Unparsed, "runs SQL that is hidden in a text on another server"),
    ("spider_copy_tables", Class::Dml, "copies tables between servers"),
    ("spider_ping_table", Class::Admin, NETWORK),
    ("spider_flush_table_mon_cache", Class::Admin, NETWORK),
];

/// Beginnings of names that share a purpose, so that tomorrow's member of the family is refused as well.
const PREFIXES: &[(&str, Class, &str)] = &[
    ("sys_exec", Class::File, PROGRAMS),
    ("sys_eval", Class::File, PROGRAMS),
    ("sys_bineval", Class::File, PROGRAMS),
    ("sys_set", Class::File, PROGRAMS),
    ("sys_get", Class::File, PROGRAMS),
    ("http_", Class::Admin, NETWORK),
    ("gman_", Class::Admin, NETWORK),
    ("memc_", Class::Admin, NETWORK),
    ("redis_", Class::Admin, NETWORK),
    ("asynchronous_connection_failover_", Class::Admin, REPLICATION),
    ("group_replication_", Class::Admin, REPLICATION),
    ("audit_", Class::Admin, COMPONENT),
    ("version_tokens_", Class::Admin, COMPONENT),
    ("firewall_", Class::Admin, COMPONENT),
    ("option_tracker_", Class::Admin, COMPONENT),
    ("telemetry_", Class::Admin, COMPONENT),
    ("mle_", Class::Admin, COMPONENT),
    ("keyring_", Class::Secret, SECRETS),
    ("asymmetric_", Class::Secret, SECRETS),
    ("create_asymmetric_", Class::Secret, SECRETS),
    ("create_dh_", Class::Secret, SECRETS),
    ("masking_dictionary", Class::Admin, COMPONENT),
    ("masking_dictionaries", Class::Admin, COMPONENT),
    ("gen_blocklist", Class::Admin, COMPONENT),
    ("gen_dictionary", Class::File, FILES),
];

/// Procedures and functions of the `sys` schema that act.
const SYS_ACTS: &str = "works on the server's instrumentation or runs statements";

/// What a function, in lower case, does when it is known to do more than read.
pub(super) fn find(name: &str) -> Option<(Class, &'static str)> {
    if let Some((_, class, what)) = NAMES.iter().find(|(known, ..)| *known == name) {
        return Some((*class, *what));
    }
    // These two only tell a setting of the group.
    if matches!(name, "group_replication_get_communication_protocol" | "group_replication_get_write_concurrency") {
        return None;
    }
    PREFIXES.iter().find(|(prefix, ..)| name.starts_with(prefix)).map(|(_, class, what)| (*class, *what))
}

/// What a routine of the `sys` schema does when it changes what the server measures.
pub(super) fn find_in_sys(name: &str) -> Option<(Class, &'static str)> {
    let acts = ["ps_setup_", "ps_trace_", "ps_truncate_", "create_synonym_", "execute_prepared_", "diagnostics"];
    acts.iter().any(|prefix| name.starts_with(prefix)).then_some((Class::Admin, SYS_ACTS))
}
