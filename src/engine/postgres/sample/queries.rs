//! What one collection asks. Every name is a system one, read with `search_path = pg_catalog`.

use crate::engine::Query;

/// Time for what is asked every cycle.
const LIGHT_MS: u64 = 2000;
/// Time for what is asked now and then.
const HEAVY_MS: u64 = 5000;

/// Sessions of one sample, at most; the limit of [`SESSIONS`].
pub(super) const MOST_SESSIONS: usize = 1000;

/// Sessions but ours, those that matter first. Who blocks a session is worked out only for sessions that wait for a
/// lock, because the answer holds up the lock table. Another login that merely calls itself `dba-gpt` is shown.
pub(super) static SESSIONS: Query = Query {
    name: "sample.sessions",
    text: "SELECT a.pid, a.datname, a.usename, a.application_name, host(a.client_addr) AS client, a.state,
                  (extract(epoch FROM a.xact_start) * 1000)::int8 AS transaction_ms,
                  (extract(epoch FROM a.query_start) * 1000)::int8 AS statement_ms,
                  (extract(epoch FROM a.state_change) * 1000)::int8 AS change_ms,
                  a.wait_event_type, a.wait_event,
                  CASE WHEN a.wait_event_type = 'Lock' THEN array_to_string(pg_blocking_pids(a.pid), ',') END AS blocked_by,
                  left(a.query, 2048) AS statement,
                  coalesce({backend_type}, CASE WHEN a.usesysid IS NULL THEN 'background' ELSE 'client backend' END)
                      AS backend_type
             FROM pg_catalog.pg_stat_activity a
            WHERE a.pid <> pg_backend_pid()
              AND NOT (a.application_name LIKE 'dba-gpt%' AND a.usename IS NOT DISTINCT FROM current_user)
            ORDER BY a.wait_event_type IS NOT DISTINCT FROM 'Lock' DESC, a.state IS NOT DISTINCT FROM 'active' DESC,
                     a.xact_start NULLS LAST, a.pid
            LIMIT 1000",
    timeout_ms: LIGHT_MS,
};

/// Counters and levels, one row.
pub(super) static NUMBERS: Query = Query {
    name: "sample.numbers",
    text: "WITH here AS (
             SELECT pg_is_in_recovery() AS replica,
                    CASE WHEN pg_is_in_recovery() THEN pg_last_{wal}_replay_{lsn}() ELSE pg_current_{wal}_{lsn}() END AS at)
           SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now_ms,
                  current_setting('max_connections')::int8 AS connection_limit,
                  d.*, s.*, r.replicas,
                  pg_{wal}_{lsn}_diff(here.at, '0/0') AS wal_written,
                  CASE WHEN NOT here.replica THEN r.lag
                       WHEN pg_last_{wal}_receive_{lsn}() <= here.at
                            AND EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) THEN 0
                       ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END AS lag,
                  (SELECT max(pg_{wal}_{lsn}_diff(here.at, l.restart_lsn)) FROM pg_catalog.pg_replication_slots l)
                      AS retained_wal,
                  {checkpoints_requested} AS checkpoints_requested
             FROM here
             CROSS JOIN (SELECT sum(numbackends) AS backends, sum(xact_commit + xact_rollback) AS transactions,
                                sum(xact_rollback) AS rollbacks, sum(blks_hit) AS cache_hits,
                                sum(blks_read) AS cache_reads, sum(temp_bytes) AS temp_bytes,
                                sum(deadlocks) AS deadlocks
                           FROM pg_catalog.pg_stat_database) d
             CROSS JOIN (SELECT count(*) AS connections,
                                count(*) FILTER (WHERE a.state = 'active' AND a.pid <> pg_backend_pid()) AS active,
                                count(*) FILTER (WHERE a.state = 'idle') AS idle,
                                count(*) FILTER (WHERE a.state LIKE 'idle in transaction%') AS idle_in_transaction,
                                count(*) FILTER (WHERE a.wait_event_type = 'Lock') AS blocked,
                                extract(epoch FROM clock_timestamp() - min(a.xact_start)
                                    FILTER (WHERE a.pid <> pg_backend_pid())) AS longest_transaction,
                                extract(epoch FROM clock_timestamp() - min(a.query_start)
                                    FILTER (WHERE a.state = 'active' AND a.pid <> pg_backend_pid())) AS longest_statement
                           FROM pg_catalog.pg_stat_activity a
                          WHERE {backend_type} = 'client backend') s
             CROSS JOIN (SELECT count(*) FILTER (WHERE p.state IN ('streaming', 'catchup')) AS replicas,
                                max(CASE WHEN p.replay_{lsn} >= h.at THEN 0
                                         ELSE extract(epoch FROM {replay_lag}) END)
                                    FILTER (WHERE p.state IN ('streaming', 'catchup')) AS lag
                           FROM pg_catalog.pg_stat_replication p CROSS JOIN here h) r",
    timeout_ms: LIGHT_MS,
};

/// What all statements together were and took, since the counters began.
pub(super) static STATEMENTS: Query = Query {
    name: "sample.statements",
    text: "SELECT sum(calls) AS calls, sum({total_exec_time}) AS total_ms FROM {pg_stat_statements_numbers}",
    timeout_ms: LIGHT_MS,
};

/// The strongest lock of each blocker ($1) on a relation that somebody waits for. Whoever waits for a row holds a
/// lock on the row's place in its table, or at least writes to the table: so the table of a row lock is found.
pub(super) static HELD: Query = Query {
    name: "sample.held",
    text: "WITH l AS (SELECT pid, locktype, database, relation, mode, granted FROM pg_catalog.pg_locks),
           waiter AS (SELECT DISTINCT pid FROM l WHERE NOT granted),
           wanted AS (
             SELECT database, relation, 0 AS rank FROM l WHERE NOT granted AND relation IS NOT NULL
             UNION ALL
             SELECT l.database, l.relation, 1 FROM l JOIN waiter USING (pid) WHERE l.granted AND l.locktype = 'tuple'
             UNION ALL
             SELECT l.database, l.relation, 2 FROM l JOIN waiter USING (pid)
              WHERE l.granted AND l.locktype = 'relation' AND l.mode IN ('RowExclusiveLock', 'RowShareLock'))
           SELECT DISTINCT ON (l.pid) l.pid, l.mode,
                  coalesce(CASE WHEN n.nspname <> 'public' THEN n.nspname || '.' ELSE '' END || c.relname,
                           'relation ' || l.relation) AS relation
             FROM l JOIN wanted w ON w.relation = l.relation AND w.database = l.database
             LEFT JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
             LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation AND d.oid IS NOT NULL
             LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE l.granted AND l.locktype = 'relation' AND l.pid = ANY ($1::int4[])
            ORDER BY l.pid, w.rank, array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock',
                     'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock', 'RowExclusiveLock',
                     'RowShareLock', 'AccessShareLock'], l.mode), c.relkind IN ('i', 'I')",
    timeout_ms: LIGHT_MS,
};

/// What is costly and changes slowly. None of it takes a lock on a relation.
pub(super) static HEAVY: Query = Query {
    name: "sample.heavy",
    text: "SELECT pg_database_size(current_database()) AS data_bytes,
                  (SELECT max(age(datfrozenxid)) FROM pg_catalog.pg_database) AS xid_age,
                  (SELECT sum(pg_stat_get_dead_tuples(c.oid)) FROM pg_catalog.pg_class c
                    WHERE c.relkind IN ('r', 'm', 't')) AS dead_rows",
    timeout_ms: HEAVY_MS,
};

/// Size of the write-ahead log on disk; for members of `pg_monitor`.
pub(super) static WAL_SIZE: Query = Query {
    name: "sample.wal_size",
    text: "SELECT sum(size) AS wal_bytes FROM pg_catalog.pg_ls_waldir()",
    timeout_ms: HEAVY_MS,
};
