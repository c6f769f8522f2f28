//! The server itself: settings, users and rights, replication, version.

use super::super::flavour::Flavour;
use super::super::names::literal;
use super::{bytes, contains, counters, noted, of_table, one, own, several, status};
use crate::domain::question::{Answer, AnswerStatement, Scope, Topic};
use crate::domain::schema::Schema;

/// Settings with where their value comes from. `name`, `value` and `source` are its first columns.
fn settings_of(flavour: Flavour) -> &'static str {
    if flavour.is_mariadb() {
        "SELECT LOWER(v.VARIABLE_NAME) AS name, COALESCE(v.GLOBAL_VALUE, v.SESSION_VALUE) AS value, v.GLOBAL_VALUE_ORIGIN AS source, \
         v.DEFAULT_VALUE AS `default`, v.READ_ONLY AS needs_restart, v.VARIABLE_COMMENT AS meaning \
         FROM information_schema.SYSTEM_VARIABLES AS v"
    } else {
        "SELECT v.VARIABLE_NAME AS name, v.VARIABLE_VALUE AS value, i.VARIABLE_SOURCE AS source, i.SET_TIME AS changed, i.SET_USER AS changed_by \
         FROM performance_schema.global_variables AS v LEFT JOIN performance_schema.variables_info AS i ON i.VARIABLE_NAME = v.VARIABLE_NAME"
    }
}

fn settings(scope: &Scope, flavour: Flavour) -> Answer {
    let all = settings_of(flavour);
    let name = scope.name.as_deref().map(|name| if name == "timezone" { "time_zone" } else { name });
    match name {
        Some(name) if name.contains('_') => noted(
            &format!("Setting {name}"),
            format!(
                "{all} WHERE {} ORDER BY LOWER(v.VARIABLE_NAME) <> LOWER({}), 1",
                contains("v.VARIABLE_NAME", name),
                literal(name)
            ),
            "no row means that there is no setting of that name",
        ),
        Some(name) => {
            let word = name.strip_suffix('s').filter(|w| w.len() > 3).unwrap_or(name);
            one(
                format!("Settings about {name}"),
                format!("{all} WHERE {} ORDER BY 1", contains("v.VARIABLE_NAME", word)),
            )
        }
        None => one("Settings", format!("{all} ORDER BY 1")),
    }
}

const OWN_RIGHTS: &str =
    "a login that may not read the system tables sees only itself here: SELECT on mysql.* shows the others";

/// Logins with the rights that hold everywhere.
fn users(condition: &str) -> String {
    format!(
        "SELECT u.GRANTEE AS user, GROUP_CONCAT(u.PRIVILEGE_TYPE ORDER BY u.PRIVILEGE_TYPE SEPARATOR ', ') AS rights_everywhere, \
         MAX(u.IS_GRANTABLE) AS may_grant FROM information_schema.USER_PRIVILEGES AS u {condition} GROUP BY u.GRANTEE ORDER BY 1"
    )
}

/// Rights on databases and tables.
fn granted(condition: &str) -> String {
    format!(
        "SELECT g.GRANTEE AS user, g.TABLE_SCHEMA AS `database`, g.TABLE_NAME AS `table`, \
         GROUP_CONCAT(g.PRIVILEGE_TYPE ORDER BY g.PRIVILEGE_TYPE SEPARATOR ', ') AS rights FROM \
         (SELECT s.GRANTEE, s.TABLE_SCHEMA, '*' AS TABLE_NAME, s.PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES AS s \
         UNION ALL SELECT t.GRANTEE, t.TABLE_SCHEMA, t.TABLE_NAME, t.PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES AS t) AS g \
         {condition} GROUP BY g.GRANTEE, g.TABLE_SCHEMA, g.TABLE_NAME ORDER BY 1, 2, 3"
    )
}

fn privileges(scope: &Scope) -> Answer {
    let mut answer = if let Some(table) = &scope.table {
        let schema = if table.schema.is_empty() { "DATABASE()".to_owned() } else { literal(&table.schema) };
        several(
            &format!("Who may do what with {}", table.full_name()),
            vec![
                (
                    "Rights on the table and its database",
                    granted(&format!(
                        "WHERE {schema} LIKE g.TABLE_SCHEMA AND g.TABLE_NAME IN ('*', {})",
                        literal(&table.name)
                    )),
                ),
                (
                    "Rights everywhere",
                    users(
                        "WHERE u.PRIVILEGE_TYPE IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER', 'ALL PRIVILEGES')",
                    ),
                ),
            ],
        )
    } else if let Some(name) = &scope.name {
        let login = |column: &str| format!("WHERE {column} LIKE CONCAT('''', {}, '''@%')", literal(name));
        several(
            &format!("Rights of {name}"),
            vec![
                ("Rights everywhere", users(&login("u.GRANTEE"))),
                ("Rights on databases and tables", granted(&login("g.GRANTEE"))),
            ],
        )
    } else {
        several(
            Topic::Privileges.title(),
            vec![
                ("Rights on databases and tables", granted("")),
                ("Rights everywhere", users("")),
                ("Our own rights", "SHOW GRANTS".into()),
            ],
        )
    };
    answer.notes.push(OWN_RIGHTS.into());
    answer
}

fn replicas() -> String {
    "SELECT p.ID AS id, p.USER AS `user`, p.HOST AS replica, p.COMMAND AS protocol, p.TIME AS connected_seconds, p.STATE AS state \
     FROM information_schema.PROCESSLIST AS p WHERE p.COMMAND LIKE 'Binlog Dump%' ORDER BY 1"
        .to_owned()
}

fn replication(flavour: Flavour) -> Answer {
    let place = if flavour.is_mariadb() {
        "SELECT @@server_id AS server_id, @@read_only AS read_only, @@log_bin AS binary_log, @@gtid_current_pos AS gtid, \
         @@rpl_semi_sync_master_enabled AS semi_sync"
    } else {
        "SELECT @@server_id AS server_id, @@read_only AS read_only, @@super_read_only AS super_read_only, @@log_bin AS binary_log, \
         @@gtid_mode AS gtid_mode, @@gtid_executed AS gtid"
    };
    let status = if flavour.is_mariadb() || flavour.is_mysql_since(80_022) {
        "SHOW REPLICA STATUS"
    } else {
        "SHOW SLAVE STATUS"
    };
    let mut answer = several(
        Topic::Replication.title(),
        vec![
            ("This server", place.to_owned()),
            ("As a replica (empty when it is none)", status.to_owned()),
            ("Replicas connected to it", replicas()),
        ],
    );
    if !flavour.is_mariadb() {
        answer.statements.push(AnswerStatement {
            title: "Members of its group".into(),
            statement: "SELECT MEMBER_HOST AS host, MEMBER_PORT AS port, MEMBER_STATE AS state, MEMBER_ROLE AS role, MEMBER_VERSION AS version \
                        FROM performance_schema.replication_group_members ORDER BY 1, 2"
                .into(),
        });
    }
    answer
}

/// What the server reserves, and where it counts it what it uses.
fn memory(flavour: Flavour) -> Answer {
    let used = if flavour.is_mariadb() {
        counters(flavour, &["Memory_used", "Memory_used_initial", "Threads_connected", "Innodb_buffer_pool_bytes_data"])
    } else {
        format!(
            "SELECT m.EVENT_NAME AS used_for, {} AS memory FROM performance_schema.memory_summary_global_by_event_name AS m \
             WHERE m.CURRENT_NUMBER_OF_BYTES_USED > 0 ORDER BY m.CURRENT_NUMBER_OF_BYTES_USED DESC LIMIT 20",
            bytes("m.CURRENT_NUMBER_OF_BYTES_USED")
        )
    };
    several(
        Topic::Memory.title(),
        vec![
            (
                "Reserved by settings",
                format!(
                    "SELECT {} AS buffer_pool, {} AS key_buffer, {} AS log_buffer, {} AS tmp_table_size, {} AS sort_buffer_a_session, \
                     {} AS join_buffer_a_session, @@max_connections AS max_connections",
                    bytes("@@innodb_buffer_pool_size"),
                    bytes("@@key_buffer_size"),
                    bytes("@@innodb_log_buffer_size"),
                    bytes("@@tmp_table_size"),
                    bytes("@@sort_buffer_size"),
                    bytes("@@join_buffer_size")
                ),
            ),
            ("In use", used),
        ],
    )
}

/// Errors that statements met, where the server counts them, and connections that came to nothing.
fn errors(flavour: Flavour) -> Answer {
    let by_number = "SELECT e.ERROR_NUMBER AS error, e.ERROR_NAME AS name, e.SUM_ERROR_RAISED AS raised, e.SUM_ERROR_HANDLED AS handled, \
         e.FIRST_SEEN AS first_seen, e.LAST_SEEN AS last_seen FROM performance_schema.events_errors_summary_global_by_error AS e \
         WHERE e.SUM_ERROR_RAISED > 0 ORDER BY e.SUM_ERROR_RAISED DESC LIMIT 50";
    let connections = counters(
        flavour,
        &[
            "Aborted_clients",
            "Aborted_connects",
            "Access_denied_errors",
            "Connection_errors_accept",
            "Connection_errors_internal",
            "Connection_errors_max_connections",
            "Connection_errors_peer_address",
            "Connection_errors_select",
        ],
    );
    let mut answer = several(Topic::ErrorCounts.title(), vec![("Connections refused or cut off", connections)]);
    if !flavour.is_mariadb() {
        let statement = by_number.to_owned();
        answer.statements.insert(0, AnswerStatement { title: "Errors of statements".into(), statement });
    }
    answer.notes.push(
        "counted since the server started; Aborted_connects are logins that failed, Aborted_clients sessions that ended without a goodbye"
            .into(),
    );
    answer
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let flavour = Flavour::of(schema);
    Some(match topic {
        Topic::Settings => settings(scope, flavour),
        Topic::ChangedSettings => one(
            title,
            format!(
                "{} WHERE {} ORDER BY 1",
                settings_of(flavour),
                if flavour.is_mariadb() {
                    "v.GLOBAL_VALUE_ORIGIN IS NOT NULL AND v.GLOBAL_VALUE_ORIGIN <> 'COMPILE-TIME' AND NOT (v.GLOBAL_VALUE <=> v.DEFAULT_VALUE)"
                } else {
                    "i.VARIABLE_SOURCE <> 'COMPILED'"
                }
            ),
        ),
        Topic::Roles => {
            let mut answer = several(title, vec![("Users", users("")), ("Rights on databases and tables", granted(""))]);
            answer.notes.push(OWN_RIGHTS.into());
            answer
        }
        Topic::Superusers => noted(
            title,
            users(
                "WHERE EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES AS s WHERE s.GRANTEE = u.GRANTEE AND s.PRIVILEGE_TYPE IN \
                 ('SUPER', 'SYSTEM_VARIABLES_ADMIN', 'SYSTEM_USER', 'CREATE USER', 'FILE', 'SHUTDOWN', 'CONNECTION ADMIN', 'CONNECTION_ADMIN'))",
            ),
            OWN_RIGHTS,
        ),
        Topic::Privileges => privileges(scope),
        Topic::CurrentUser => several(
            title,
            vec![
                (
                    title,
                    "SELECT USER() AS login, CURRENT_USER() AS account, DATABASE() AS `database`, @@hostname AS server, @@port AS port, \
                     CONNECTION_ID() AS our_session"
                        .to_owned(),
                ),
                ("Our rights", "SHOW GRANTS".to_owned()),
            ],
        ),
        Topic::Replication => replication(flavour),
        Topic::ReplicationSlots => noted(
            "Replicas connected to this server",
            replicas(),
            "there are no replication slots: a replica asks for binary logs by position, and they are kept by time (\"binary logs\")",
        ),
        Topic::Version => one(
            title,
            "SELECT VERSION() AS version, @@version_comment AS build, @@version_compile_os AS platform, @@version_compile_machine AS machine",
        ),
        Topic::Uptime => one(
            title,
            format!(
                "SELECT NOW() - INTERVAL {uptime} SECOND AS started, {uptime} AS seconds, \
                 CONCAT(FLOOR({uptime} / 86400), ' days ', TIME_FORMAT(SEC_TO_TIME(MOD({uptime}, 86400)), '%H:%i:%s')) AS uptime",
                uptime = status(flavour, "Uptime")
            ),
        ),
        Topic::Extensions => one(
            "Plugins",
            "SELECT p.PLUGIN_NAME AS plugin, p.PLUGIN_VERSION AS version, p.PLUGIN_STATUS AS state, p.PLUGIN_TYPE AS kind, \
             p.PLUGIN_LIBRARY AS file, p.PLUGIN_DESCRIPTION AS comment FROM information_schema.PLUGINS AS p \
             ORDER BY p.PLUGIN_LIBRARY IS NULL, 4, 1",
        ),
        Topic::Encoding => several(
            title,
            vec![
                (
                    "Server",
                    "SELECT @@character_set_server AS charset, @@collation_server AS collation, @@character_set_database AS database_charset, \
                     @@collation_database AS database_collation, @@time_zone AS time_zone"
                        .to_owned(),
                ),
                (
                    "Charsets in use",
                    format!(
                        "SELECT c.CHARACTER_SET_NAME AS charset, c.COLLATION_NAME AS collation, COUNT(*) AS columns, \
                         COUNT(DISTINCT c.TABLE_SCHEMA, c.TABLE_NAME) AS tables FROM information_schema.COLUMNS AS c \
                         WHERE c.CHARACTER_SET_NAME IS NOT NULL AND {} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
                        own("c.TABLE_SCHEMA", schema)
                    ),
                ),
                (
                    "Columns that cannot hold every character",
                    format!(
                        "SELECT c.TABLE_SCHEMA AS `database`, c.TABLE_NAME AS `table`, c.COLUMN_NAME AS `column`, c.CHARACTER_SET_NAME AS charset \
                         FROM information_schema.COLUMNS AS c WHERE c.CHARACTER_SET_NAME NOT IN ('utf8mb4', 'binary') AND {} ORDER BY 1, 2, 3 LIMIT 200",
                        of_table("c.TABLE_SCHEMA", "c.TABLE_NAME", scope, schema)
                    ),
                ),
            ],
        ),
        Topic::Operations | Topic::Throughput => noted(
            title,
            counters(
                flavour,
                &[
                    "Questions",
                    "Com_select",
                    "Com_insert",
                    "Com_update",
                    "Com_delete",
                    "Com_replace",
                    "Com_commit",
                    "Com_rollback",
                    "Slow_queries",
                    "Bytes_received",
                    "Bytes_sent",
                    "Innodb_rows_read",
                    "Innodb_rows_inserted",
                    "Innodb_rows_updated",
                    "Innodb_rows_deleted",
                    "Uptime",
                ],
            ),
            "counted since the server started, Uptime seconds ago",
        ),
        Topic::Memory => memory(flavour),
        Topic::ErrorCounts => errors(flavour),
        Topic::EngineStatus => several(
            title,
            vec![
                ("InnoDB in figures", super::storage::buffer_pool(flavour)),
                ("What InnoDB reports", "SHOW ENGINE INNODB STATUS".to_owned()),
            ],
        ),
        _ => return None,
    })
}
