//! What happens now: sessions, transactions, locks, waits.

use super::super::flavour::Flavour;
use super::super::names::{literal, quote};
use super::objects::unindexed_keys;
use super::usage::{full_reads, statements};
use super::{global_status, limit, noted, one, own, several, status, storage};
use crate::domain::question::{Answer, ConnectionKey, Scope, Topic};
use crate::domain::schema::Schema;

/// Sessions of people and programs, without our own and without the server's threads.
const CLIENTS: &str =
    "p.ID <> CONNECTION_ID() AND p.USER NOT IN ('system user', 'event_scheduler') AND p.COMMAND <> 'Daemon'";

/// Sessions that do something.
const WORKING: &str = "p.COMMAND NOT IN ('Sleep', 'Binlog Dump', 'Binlog Dump GTID')";

const SESSION: &str = "p.ID AS id, p.USER AS `user`, p.DB AS `database`, SUBSTRING_INDEX(p.HOST, ':', 1) AS client";

const STATEMENT: &str = "LEFT(p.INFO, 500) AS statement";

/// Seconds since a time of `INNODB_TRX`, which is in the time zone of the server.
fn seconds_since(column: &str) -> String {
    format!("TIMESTAMPDIFF(SECOND, CONVERT_TZ({column}, 'SYSTEM', @@session.time_zone), NOW())")
}

fn older_than(scope: &Scope, seconds: &str) -> String {
    scope.longer_than_ms.map_or_else(String::new, |ms| format!(" AND {seconds} * 1000 > {ms}"))
}

fn who(scope: &Scope) -> String {
    scope.name.as_ref().map_or_else(String::new, |n| {
        let n = literal(n);
        format!(" AND (p.USER = {n} OR p.DB = {n} OR SUBSTRING_INDEX(p.HOST, ':', 1) = {n})")
    })
}

fn running(scope: &Scope) -> String {
    format!(
        "SELECT {SESSION}, p.TIME AS seconds, p.COMMAND AS command, p.STATE AS state, {STATEMENT} FROM information_schema.PROCESSLIST AS p \
         WHERE {CLIENTS} AND {WORKING}{}{} ORDER BY p.TIME DESC, p.ID{}",
        who(scope),
        older_than(scope, "p.TIME"),
        limit(scope, 100)
    )
}

/// Pairs of transactions of which one waits for a row lock of the other.
fn row_lock_waits(flavour: Flavour) -> &'static str {
    if flavour.is_mariadb() {
        "information_schema.INNODB_LOCK_WAITS AS w JOIN information_schema.INNODB_TRX AS r ON r.trx_id = w.requesting_trx_id \
         JOIN information_schema.INNODB_TRX AS b ON b.trx_id = w.blocking_trx_id"
    } else {
        "performance_schema.data_lock_waits AS w JOIN information_schema.INNODB_TRX AS r ON r.trx_id = w.REQUESTING_ENGINE_TRANSACTION_ID \
         JOIN information_schema.INNODB_TRX AS b ON b.trx_id = w.BLOCKING_ENGINE_TRANSACTION_ID"
    }
}

fn blocking(scope: &Scope, flavour: Flavour) -> String {
    let waiting = seconds_since("r.trx_wait_started");
    format!(
        "SELECT DISTINCT r.trx_mysql_thread_id AS waiting, q.USER AS waiting_user, {waiting} AS waiting_seconds, \
         b.trx_mysql_thread_id AS blocked_by, p.USER AS blocking_user, p.COMMAND AS blocking_command, {} AS blocking_transaction_seconds, \
         LEFT(r.trx_query, 300) AS waiting_statement, LEFT(b.trx_query, 300) AS blocking_statement \
         FROM {} LEFT JOIN information_schema.PROCESSLIST AS q ON q.ID = r.trx_mysql_thread_id \
         LEFT JOIN information_schema.PROCESSLIST AS p ON p.ID = b.trx_mysql_thread_id WHERE 1 = 1{} ORDER BY 3 DESC, 1{}",
        seconds_since("b.trx_started"),
        row_lock_waits(flavour),
        older_than(scope, &waiting),
        limit(scope, 200)
    )
}

/// Sessions that wait for a metadata lock or a table lock, which have no row lock to show.
fn other_lock_waits() -> String {
    format!(
        "SELECT {SESSION}, p.TIME AS seconds, p.STATE AS waits_for, {STATEMENT} FROM information_schema.PROCESSLIST AS p \
         WHERE p.STATE LIKE 'Waiting for %lock' ORDER BY p.TIME DESC, p.ID LIMIT 200"
    )
}

fn transactions(scope: &Scope, and: &str) -> String {
    let seconds = seconds_since("t.trx_started");
    format!(
        "SELECT t.trx_mysql_thread_id AS id, p.USER AS `user`, p.DB AS `database`, p.COMMAND AS command, {seconds} AS transaction_seconds, \
         p.TIME AS state_seconds, LOWER(t.trx_state) AS state, t.trx_rows_locked AS rows_locked, t.trx_rows_modified AS rows_modified, \
         LEFT(COALESCE(t.trx_query, p.INFO), 500) AS statement FROM information_schema.INNODB_TRX AS t \
         LEFT JOIN information_schema.PROCESSLIST AS p ON p.ID = t.trx_mysql_thread_id \
         WHERE t.trx_mysql_thread_id <> CONNECTION_ID(){and}{} ORDER BY t.trx_started, 1{}",
        older_than(scope, &seconds),
        limit(scope, 100)
    )
}

fn connections(scope: &Scope) -> Answer {
    let idle = if scope.idle { " AND p.COMMAND = 'Sleep'" } else { "" };
    let key = match scope.by {
        Some(ConnectionKey::User) => Some(("p.USER", "user")),
        Some(ConnectionKey::State) => Some(("p.COMMAND", "state")),
        Some(ConnectionKey::Database) => Some(("COALESCE(p.DB, 'none')", "database")),
        Some(ConnectionKey::Client) => Some(("SUBSTRING_INDEX(p.HOST, ':', 1)", "client")),
        Some(ConnectionKey::Application) => return by_application(scope),
        None if scope.count && scope.name.is_none() => Some(("p.COMMAND", "state")),
        None => None,
    };
    match key {
        Some((expression, name)) => one(
            format!("Connections by {name}"),
            format!(
                "SELECT {expression} AS {}, COUNT(*) AS connections, SUM({WORKING}) AS active, SUM(p.COMMAND = 'Sleep') AS idle \
                 FROM information_schema.PROCESSLIST AS p WHERE p.USER NOT IN ('system user', 'event_scheduler'){} \
                 GROUP BY 1 ORDER BY 2 DESC, 1",
                quote(name),
                who(scope)
            ),
        ),
        None => one(
            if scope.idle { "Idle connections, the longest idle first" } else { "Connections" },
            format!(
                "SELECT {SESSION}, p.COMMAND AS state, p.TIME AS state_seconds, {STATEMENT} FROM information_schema.PROCESSLIST AS p \
                 WHERE p.USER NOT IN ('system user', 'event_scheduler'){idle}{}{} ORDER BY {}p.ID{}",
                who(scope),
                older_than(scope, "p.TIME"),
                if scope.idle { "p.TIME DESC, " } else { "" },
                limit(scope, 500)
            ),
        ),
    }
}

/// Programs tell their name in an attribute of the connection, when they do.
fn by_application(scope: &Scope) -> Answer {
    noted(
        "Connections by application",
        format!(
            "SELECT COALESCE(a.ATTR_VALUE, 'not told') AS application, COUNT(*) AS connections, SUM({WORKING}) AS active, \
             SUM(p.COMMAND = 'Sleep') AS idle FROM information_schema.PROCESSLIST AS p \
             LEFT JOIN performance_schema.session_connect_attrs AS a ON a.PROCESSLIST_ID = p.ID AND a.ATTR_NAME = 'program_name' \
             WHERE p.USER NOT IN ('system user', 'event_scheduler'){} GROUP BY 1 ORDER BY 2 DESC, 1",
            who(scope)
        ),
        "a program tells its name in the connection attribute program_name, which performance_schema has to keep",
    )
}

fn locks(scope: &Scope, flavour: Flavour) -> Answer {
    let table = |database: &str, name: &str| {
        scope.table.as_ref().map_or_else(String::new, |t| format!(" AND {}", super::is_table(database, name, t)))
    };
    let metadata = format!(
        "SELECT t.PROCESSLIST_ID AS id, t.PROCESSLIST_USER AS `user`, m.OBJECT_TYPE AS kind, m.OBJECT_SCHEMA AS `database`, \
         m.OBJECT_NAME AS `table`, m.LOCK_TYPE AS mode, m.LOCK_STATUS AS state, m.LOCK_DURATION AS duration \
         FROM performance_schema.metadata_locks AS m JOIN performance_schema.threads AS t ON t.THREAD_ID = m.OWNER_THREAD_ID \
         WHERE t.PROCESSLIST_ID <> CONNECTION_ID() AND m.OBJECT_TYPE IN ('TABLE', 'SCHEMA', 'GLOBAL', 'BACKUP LOCK'){} \
         ORDER BY m.LOCK_STATUS = 'GRANTED', 1{}",
        table("m.OBJECT_SCHEMA", "m.OBJECT_NAME"),
        limit(scope, 300)
    );
    let rows = if flavour.is_mariadb() {
        format!(
            "SELECT t.trx_mysql_thread_id AS id, l.lock_table AS `table`, l.lock_index AS `index`, l.lock_type AS kind, l.lock_mode AS mode, \
             CASE WHEN t.trx_requested_lock_id = l.lock_id THEN 'waits' ELSE 'held' END AS state \
             FROM information_schema.INNODB_LOCKS AS l JOIN information_schema.INNODB_TRX AS t ON t.trx_id = l.lock_trx_id \
             ORDER BY 6 DESC, 1{}",
            limit(scope, 300)
        )
    } else {
        format!(
            "SELECT t.trx_mysql_thread_id AS id, l.OBJECT_SCHEMA AS `database`, l.OBJECT_NAME AS `table`, l.INDEX_NAME AS `index`, \
             l.LOCK_TYPE AS kind, l.LOCK_MODE AS mode, LOWER(l.LOCK_STATUS) AS state, COUNT(*) AS locks \
             FROM performance_schema.data_locks AS l JOIN information_schema.INNODB_TRX AS t ON t.trx_id = l.ENGINE_TRANSACTION_ID \
             WHERE 1 = 1{} GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 7 DESC, 8 DESC, 1{}",
            table("l.OBJECT_SCHEMA", "l.OBJECT_NAME"),
            limit(scope, 300)
        )
    };
    let mut answer = several(
        Topic::Locks.title(),
        vec![
            ("Row locks", rows),
            (
                "Transactions that hold locks",
                transactions(&Scope::default(), " AND t.trx_tables_locked + t.trx_rows_locked > 0"),
            ),
            ("Metadata locks", metadata),
        ],
    );
    answer.notes.push(if flavour.is_mariadb() {
        "MariaDB lists row locks only while somebody waits for them, and metadata locks only with performance_schema on"
            .into()
    } else {
        "row locks are grouped by transaction, index and mode".into()
    });
    answer
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let flavour = Flavour::of(schema);
    Some(match topic {
        Topic::Running => one(title, running(scope)),
        Topic::Locks => locks(scope, flavour),
        Topic::Blocking => several(
            title,
            vec![
                ("Row locks: who waits for whom", blocking(scope, flavour)),
                ("Waits for metadata and table locks", other_lock_waits()),
            ],
        ),
        Topic::LongTransactions => one(title, transactions(scope, "")),
        Topic::IdleInTransaction => noted(
            title,
            transactions(scope, " AND p.COMMAND = 'Sleep'"),
            "open transactions whose session does nothing",
        ),
        Topic::Waits => several(
            title,
            vec![
                (
                    "Sessions by what they do",
                    format!(
                        "SELECT COALESCE(NULLIF(p.STATE, ''), p.COMMAND) AS wait, COUNT(*) AS sessions, MAX(p.TIME) AS longest_seconds \
                         FROM information_schema.PROCESSLIST AS p WHERE {CLIENTS} AND {WORKING} GROUP BY 1 ORDER BY 2 DESC, 1"
                    ),
                ),
                (
                    "Waits since the server started",
                    "SELECT e.EVENT_NAME AS event, e.COUNT_STAR AS count, ROUND(e.SUM_TIMER_WAIT / 1000000000000, 2) AS seconds \
                     FROM performance_schema.events_waits_summary_global_by_event_name AS e WHERE e.COUNT_STAR > 0 AND e.EVENT_NAME <> 'idle' \
                     ORDER BY e.SUM_TIMER_WAIT DESC LIMIT 20"
                        .to_owned(),
                ),
            ],
        ),
        Topic::Connections => connections(scope),
        Topic::ConnectionLimit => one(
            title,
            format!(
                "SELECT {} AS connections, {} AS running, @@max_connections AS max_connections, {} AS most_at_once, {} AS refused_when_full",
                status(flavour, "Threads_connected"),
                status(flavour, "Threads_running"),
                status(flavour, "Max_used_connections"),
                status(flavour, "Connection_errors_max_connections")
            ),
        ),
        Topic::Performance => performance(schema, flavour),
        Topic::Progress => progress(flavour),
        _ => return None,
    })
}

fn performance(schema: &Schema, flavour: Flavour) -> Answer {
    let scope = Scope::default();
    let by_state = connections(&Scope { by: Some(ConnectionKey::State), ..Scope::default() });
    let mut answer = several(
        Topic::Performance.title(),
        vec![
            ("Connections by state", by_state.statements.into_iter().next().map_or_else(String::new, |s| s.statement)),
            ("Buffer pool (above 99 % hits is usual for transactional work)", storage::buffer_pool(flavour)),
            ("Who waits for whom", blocking(&scope, flavour)),
            ("Transactions open longest", transactions(&Scope { limit: Some(5), ..Scope::default() }, "")),
            ("Statements running now", running(&Scope { limit: Some(10), ..Scope::default() })),
            ("Statements by total time", statements("d.SUM_TIMER_WAIT", " LIMIT 10")),
            ("Tables read without an index", full_reads(&own("u.OBJECT_SCHEMA", schema), " LIMIT 10")),
            ("Foreign keys without an index", unindexed_keys(&own("k.TABLE_SCHEMA", schema))),
            ("History list and purge", storage::purge()),
            ("Deadlocks, rollbacks, lock waits", storage::transactions_counted(flavour)),
            (
                "Temporary tables, full joins, sorts",
                format!(
                    "SELECT VARIABLE_NAME AS counter, VARIABLE_VALUE AS value FROM {} WHERE VARIABLE_NAME IN ('Created_tmp_disk_tables', \
                     'Created_tmp_tables', 'Select_full_join', 'Select_scan', 'Sort_merge_passes', 'Table_open_cache_overflows', \
                     'Aborted_connects', 'Aborted_clients') ORDER BY 1",
                    global_status(flavour)
                ),
            ),
        ],
    );
    answer.notes.push(
        "counters run since the server started; statements and tables are counted by performance_schema where it is on"
            .into(),
    );
    answer
}

fn progress(flavour: Flavour) -> Answer {
    if flavour.is_mariadb() {
        return noted(
            Topic::Progress.title(),
            format!(
                "SELECT {SESSION}, p.STAGE AS stage, p.MAX_STAGE AS stages, p.PROGRESS AS percent, p.STATE AS state, {STATEMENT} \
                 FROM information_schema.PROCESSLIST AS p WHERE p.MAX_STAGE > 0 OR p.PROGRESS > 0 ORDER BY p.TIME DESC"
            ),
            "ALTER TABLE, CHECK TABLE and their like tell their progress",
        );
    }
    noted(
        Topic::Progress.title(),
        "SELECT t.PROCESSLIST_ID AS id, s.EVENT_NAME AS stage, s.WORK_COMPLETED AS done, s.WORK_ESTIMATED AS estimated, \
         ROUND(100 * s.WORK_COMPLETED / NULLIF(s.WORK_ESTIMATED, 0), 1) AS percent, LEFT(t.PROCESSLIST_INFO, 500) AS statement \
         FROM performance_schema.events_stages_current AS s JOIN performance_schema.threads AS t ON t.THREAD_ID = s.THREAD_ID \
         WHERE s.WORK_ESTIMATED IS NOT NULL ORDER BY 1",
        "stages of ALTER TABLE are told when performance_schema keeps events_stages_current",
    )
}
