//! Who does and waits for what: the one query that is asked every half second.

use super::LIGHT_MS;
use crate::engine::Query;

/// Sessions, those that matter first. Who blocks a session is worked out only for sessions that wait for a lock,
/// because the answer holds up the lock table. Ours are left out; another login that merely calls itself `dba-gpt` is
/// not ours.
pub(super) static SESSIONS: Query = Query {
    name: "diagnose.sessions",
    text: "SELECT a.pid, a.usename, a.application_name, host(a.client_addr) AS client_addr, a.datname, a.state,
                  a.backend_type, {leader_pid} AS leader_pid,
                  to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS backend_start,
                  to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS xact_start,
                  to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' AS query_start,
                  extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS backend_seconds,
                  extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS xact_seconds,
                  extract(epoch FROM clock_timestamp() - a.query_start)::float8 AS query_seconds,
                  extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_seconds,
                  a.wait_event_type, a.wait_event,
                  CASE WHEN a.wait_event_type = 'Lock' THEN array_to_json(pg_blocking_pids(a.pid))::text END AS blocked_by,
                  a.backend_xid IS NOT NULL AS writes,
                  age(a.backend_xid) AS xid_age, age(a.backend_xmin) AS xmin_age,
                  left(a.query, 8192) AS query,
                  octet_length(a.query) + 1 >= pg_size_bytes(current_setting('track_activity_query_size'))
                      OR length(a.query) > 8192 AS query_cut
             FROM pg_catalog.pg_stat_activity a
            WHERE a.pid <> pg_backend_pid()
              AND NOT (a.application_name LIKE 'dba-gpt%' AND a.usename IS NOT DISTINCT FROM current_user)
            ORDER BY a.wait_event_type IS NOT DISTINCT FROM 'Lock' DESC, a.state IS NOT DISTINCT FROM 'active' DESC,
                     a.xact_start NULLS LAST, a.pid
            LIMIT 500",
    timeout_ms: LIGHT_MS,
};
