//! What happens now: sessions, locks, waits; and what the statements cost so far.

use super::super::names::{literal, quote};
use super::storage::{CACHE, dead_rows, sequential_scans, unindexed_keys};
use super::{OWN, limit, noted, one, version};
use crate::domain::question::{Answer, AnswerStatement, ConnectionKey, Scope, Topic};
use crate::domain::schema::Schema;

/// Sessions of people and programs, without our own.
const CLIENTS: &str = "a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()";

const SESSION: &str =
    "a.pid, a.usename AS \"user\", a.datname AS database, a.application_name AS application, a.client_addr AS client";

const STATEMENT: &str = "pg_catalog.\"left\"(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 500) AS statement";

fn seconds(since: &str, name: &str) -> String {
    format!(
        "pg_catalog.round(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - {since})::pg_catalog.numeric, 1) AS {name}"
    )
}

fn older_than(scope: &Scope, since: &str) -> String {
    scope.longer_than_ms.map_or_else(String::new, |ms| {
        format!(" AND pg_catalog.clock_timestamp() - {since} > CAST('{ms} milliseconds' AS pg_catalog.interval)")
    })
}

fn running(scope: &Scope) -> String {
    let who = scope.name.as_ref().map_or_else(String::new, |n| {
        let n = literal(n);
        format!(
            " AND (a.usename::pg_catalog.text = {n} OR a.datname::pg_catalog.text = {n} OR a.application_name = {n})"
        )
    });
    format!(
        "SELECT {SESSION}, {}, a.wait_event_type || ':' || a.wait_event AS wait, {STATEMENT} FROM pg_catalog.pg_stat_activity AS a \
         WHERE {CLIENTS} AND a.state = 'active'{who}{} ORDER BY a.query_start{}",
        seconds("a.query_start", "seconds"),
        older_than(scope, "a.query_start"),
        limit(scope, 100)
    )
}

fn blocking(scope: &Scope) -> String {
    format!(
        "SELECT a.pid AS waiting, a.usename AS waiting_user, {}, b.pid AS blocked_by, b.usename AS blocking_user, b.state AS blocking_state, \
         {}, pg_catalog.\"left\"(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 300) AS waiting_statement, \
         pg_catalog.\"left\"(pg_catalog.regexp_replace(b.query, '\\s+', ' ', 'g'), 300) AS blocking_statement \
         FROM pg_catalog.pg_stat_activity AS a CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS p(pid) \
         LEFT JOIN pg_catalog.pg_stat_activity AS b ON b.pid = p.pid WHERE a.wait_event_type = 'Lock'{} ORDER BY a.query_start, 1{}",
        seconds("a.query_start", "waiting_seconds"),
        seconds("b.xact_start", "blocking_transaction_seconds"),
        older_than(scope, "a.query_start"),
        limit(scope, 200)
    )
}

fn transactions(scope: &Scope, and: &str) -> String {
    format!(
        "SELECT {SESSION}, a.state, {}, {}, {STATEMENT} FROM pg_catalog.pg_stat_activity AS a \
         WHERE {CLIENTS} AND a.xact_start IS NOT NULL{and}{} ORDER BY a.xact_start{}",
        seconds("a.xact_start", "transaction_seconds"),
        seconds("a.state_change", "state_seconds"),
        older_than(scope, "a.xact_start"),
        limit(scope, 100)
    )
}

fn connections(scope: &Scope) -> Answer {
    let key = match scope.by {
        Some(ConnectionKey::User) => Some(("a.usename", "user")),
        Some(ConnectionKey::State) => Some(("COALESCE(a.state, 'unknown')", "state")),
        Some(ConnectionKey::Database) => Some(("a.datname", "database")),
        Some(ConnectionKey::Application) => Some(("a.application_name", "application")),
        Some(ConnectionKey::Client) => Some(("COALESCE(a.client_addr::pg_catalog.text, 'local')", "client")),
        None if scope.count && scope.name.is_none() => Some(("COALESCE(a.state, 'unknown')", "state")),
        None => None,
    };
    let who = scope.name.as_ref().map_or_else(String::new, |n| {
        let n = literal(n);
        format!(
            " AND (a.usename::pg_catalog.text = {n} OR a.datname::pg_catalog.text = {n} OR a.application_name = {n} \
             OR a.client_addr::pg_catalog.text = {n})"
        )
    });
    let idle = if scope.idle { " AND a.state = 'idle'" } else { "" };
    let long = scope.longer_than_ms.map_or_else(String::new, |ms| {
        // What is idle is so since its state changed; any other connection is as old as itself.
        let since = if scope.idle { "a.state_change" } else { "a.backend_start" };
        format!(" AND pg_catalog.clock_timestamp() - {since} > INTERVAL '{ms} milliseconds'")
    });
    match key {
        Some((expression, name)) => one(
            format!("Connections by {name}"),
            format!(
                "SELECT {expression} AS {}, pg_catalog.count(*) AS connections, \
                 pg_catalog.count(*) FILTER (WHERE a.state = 'active') AS active, pg_catalog.count(*) FILTER (WHERE a.state = 'idle') AS idle, \
                 pg_catalog.count(*) FILTER (WHERE a.state LIKE 'idle in transaction%') AS idle_in_transaction \
                 FROM pg_catalog.pg_stat_activity AS a WHERE a.backend_type = 'client backend'{who} GROUP BY 1 ORDER BY 2 DESC, 1",
                quote(name)
            ),
        ),
        None => one(
            if scope.idle { "Idle connections, the longest idle first" } else { "Connections" },
            format!(
                "SELECT {SESSION}, a.state, a.backend_start AS connected, {}, {STATEMENT} FROM pg_catalog.pg_stat_activity AS a \
                 WHERE a.backend_type = 'client backend'{who}{idle}{long} ORDER BY {}{}",
                seconds("a.state_change", "state_seconds"),
                if scope.idle { "a.state_change" } else { "a.backend_start" },
                limit(scope, 500)
            ),
        ),
    }
}

/// The statements' own statistics, or the sentence that says what is missing.
fn statements(order: &str, cut: &str, schema: &Schema) -> Result<String, &'static str> {
    let Some(home) = schema.extension("pg_stat_statements") else {
        return Err(
            "pg_stat_statements is not installed in this database, so past statements are not counted: running ones are shown. \
                    To have them counted: add it to shared_preload_libraries, restart, and run CREATE EXTENSION pg_stat_statements",
        );
    };
    let (total, mean, max) = if version(schema) >= 130_000 {
        ("s.total_exec_time", "s.mean_exec_time", "s.max_exec_time")
    } else {
        ("s.total_time", "s.mean_time", "s.max_time")
    };
    let order = match order {
        "calls" => "s.calls".to_owned(),
        _ => total.to_owned(),
    };
    Ok(format!(
        "SELECT s.queryid, s.calls, pg_catalog.round({total}::pg_catalog.numeric, 1) AS total_ms, \
         pg_catalog.round({mean}::pg_catalog.numeric, 3) AS mean_ms, pg_catalog.round({max}::pg_catalog.numeric, 1) AS max_ms, \
         s.rows, pg_catalog.round(100.0 * s.shared_blks_hit / NULLIF(s.shared_blks_hit + s.shared_blks_read, 0), 1) AS hit_percent, \
         pg_catalog.\"left\"(pg_catalog.regexp_replace(s.query, '\\s+', ' ', 'g'), 500) AS statement \
         FROM {}.{} AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid \
         WHERE d.datname = pg_catalog.current_database() ORDER BY {order} DESC{cut}",
        quote(home),
        quote("pg_stat_statements")
    ))
}

fn statements_answer(topic: Topic, order: &str, scope: &Scope, schema: &Schema) -> Answer {
    match statements(order, &limit(scope, 20), schema) {
        Ok(statement) => noted(topic.title(), statement, "counted since the last reset of pg_stat_statements"),
        Err(missing) => noted("Statements running now, oldest first", running(scope), missing),
    }
}

fn locks(scope: &Scope) -> String {
    let table = scope.table.as_ref().map_or_else(String::new, |t| {
        format!(" AND n.nspname = {} AND c.relname = {}", literal(&t.schema), literal(&t.name))
    });
    format!(
        "SELECT l.pid, a.usename AS \"user\", l.locktype AS kind, n.nspname AS schema, c.relname AS relation, l.mode, l.granted, a.state, \
         {}, {STATEMENT} FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid \
         LEFT JOIN pg_catalog.pg_class AS c ON c.oid = l.relation AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d \
         WHERE d.datname = pg_catalog.current_database()) LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE l.pid <> pg_catalog.pg_backend_pid() AND l.locktype <> 'virtualxid'{table} ORDER BY l.granted, a.xact_start, l.pid{}",
        seconds("a.xact_start", "transaction_seconds"),
        limit(scope, 300)
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    Some(match topic {
        Topic::Running => one(title, running(scope)),
        Topic::Locks => one(title, locks(scope)),
        Topic::Blocking => one(title, blocking(scope)),
        Topic::LongTransactions => one(title, transactions(scope, "")),
        Topic::IdleInTransaction => one(title, transactions(scope, " AND a.state LIKE 'idle in transaction%'")),
        Topic::Waits => one(
            title,
            format!(
                "SELECT COALESCE(a.wait_event_type, 'running') AS wait_type, COALESCE(a.wait_event, 'on CPU or not waiting') AS wait, \
             pg_catalog.count(*) AS sessions FROM pg_catalog.pg_stat_activity AS a WHERE {CLIENTS} AND a.state <> 'idle' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
            ),
        ),
        Topic::SlowQueries => statements_answer(topic, "time", scope, schema),
        Topic::FrequentQueries => statements_answer(topic, "calls", scope, schema),
        Topic::Connections => connections(scope),
        Topic::ConnectionLimit => one(
            title,
            "SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend') AS connections, \
             pg_catalog.current_setting('max_connections')::pg_catalog.int4 AS max_connections, \
             pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4 AS reserved_for_superusers",
        ),
        Topic::Performance => performance(schema),
        Topic::Progress => progress(schema),
        _ => return None,
    })
}

fn performance(schema: &Schema) -> Answer {
    let scope = Scope::default();
    let mut answer = Answer { title: Topic::Performance.title().into(), ..Answer::default() };
    let mut add =
        |title: &str, statement: String| answer.statements.push(AnswerStatement { title: title.into(), statement });
    add(
        "Connections by state",
        connections(&Scope { by: Some(ConnectionKey::State), ..Scope::default() }).statements.swap_remove(0).statement,
    );
    add("Cache hit ratio (above 99 % is usual for transactional work)", CACHE.into());
    add("Who waits for whom", blocking(&scope));
    add("Transactions open longest", transactions(&Scope { limit: Some(5), ..Scope::default() }, ""));
    let missing = match statements("time", " LIMIT 10", schema) {
        Ok(statement) => {
            add("Statements by total time", statement);
            None
        }
        Err(missing) => {
            add("Statements running now", running(&scope));
            Some(missing)
        }
    };
    add("Tables read from end to end most", sequential_scans(OWN, " LIMIT 10"));
    add("Foreign keys without an index", unindexed_keys(OWN));
    add("Dead rows and last vacuum", dead_rows(OWN, " LIMIT 10"));
    add(
        "Deadlocks, rollbacks, temporary files",
        "SELECT datname AS database, deadlocks, xact_commit AS commits, xact_rollback AS rollbacks, temp_files, \
         pg_catalog.pg_size_pretty(temp_bytes) AS temp_size, stats_reset FROM pg_catalog.pg_stat_database \
         WHERE datname = pg_catalog.current_database()"
            .into(),
    );
    answer.notes.extend(missing.map(ToOwned::to_owned));
    answer.notes.push("counters run since the last reset shown with them".into());
    answer
}

fn progress(schema: &Schema) -> Answer {
    let mut answer = one(
        "Vacuum",
        "SELECT pid, datname AS database, relid::pg_catalog.regclass::pg_catalog.text AS table, phase, heap_blks_total, heap_blks_scanned, \
        heap_blks_vacuumed, index_vacuum_count FROM pg_catalog.pg_stat_progress_vacuum",
    );
    answer.statements.push(AnswerStatement { title: "CREATE INDEX".into(), statement:
        "SELECT pid, datname AS database, relid::pg_catalog.regclass::pg_catalog.text AS table, command, phase, blocks_total, blocks_done, tuples_total, tuples_done \
         FROM pg_catalog.pg_stat_progress_create_index".into() });
    if version(schema) >= 130_000 {
        answer.statements.push(AnswerStatement { title: "ANALYZE".into(), statement:
            "SELECT pid, datname AS database, relid::pg_catalog.regclass::pg_catalog.text AS table, phase, sample_blks_total, sample_blks_scanned \
             FROM pg_catalog.pg_stat_progress_analyze".into() });
    }
    answer.title = Topic::Progress.title().into();
    answer
}
