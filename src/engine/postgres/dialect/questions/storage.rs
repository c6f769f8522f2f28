//! Room on disk, caches, vacuum, the write-ahead log.

use super::objects::since;
use super::{is_table, limit, literal, noted, of_table, one, version};
use crate::domain::proposal::kind::ObjectRef;
use crate::domain::question::{Answer, AnswerStatement, Relation, Scope, Topic};
use crate::domain::schema::Schema;

const TABLE_STATS: &str = "FROM pg_catalog.pg_stat_all_tables AS u JOIN pg_catalog.pg_class AS c ON c.oid = u.relid \
                           JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace";

pub(super) fn table_size(table: &Relation) -> Answer {
    one(
        format!("Size of {}", table.full_name()),
        format!(
            "SELECT pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS total, \
             pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS table, \
             pg_catalog.pg_size_pretty(pg_catalog.pg_indexes_size(c.oid)) AS indexes, \
             pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid) - pg_catalog.pg_relation_size(c.oid) \
             - pg_catalog.pg_indexes_size(c.oid)) AS toast_and_maps, pg_catalog.pg_total_relation_size(c.oid) AS total_bytes \
             FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {}",
            is_table(table)
        ),
    )
}

pub(super) const DATABASES: &str = "\
SELECT d.datname AS database, CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') OR \
pg_catalog.pg_has_role('pg_read_all_stats', 'MEMBER') THEN pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(d.oid)) END AS size, \
pg_catalog.pg_get_userbyid(d.datdba) AS owner, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datallowconn AS accepts_connections, \
s.numbackends AS connections FROM pg_catalog.pg_database AS d LEFT JOIN pg_catalog.pg_stat_database AS s ON s.datid = d.oid";

pub(super) const CACHE: &str = "\
SELECT datname AS database, blks_hit AS hits, blks_read AS reads, \
pg_catalog.round(100.0 * blks_hit / NULLIF(blks_hit + blks_read, 0), 2) AS hit_percent, stats_reset \
FROM pg_catalog.pg_stat_database WHERE datname IS NOT NULL AND blks_hit + blks_read > 0 ORDER BY blks_hit + blks_read DESC";

pub(super) fn dead_rows(condition: &str, cut: &str) -> String {
    format!(
        "SELECT n.nspname AS schema, c.relname AS table, u.n_live_tup AS live_rows, u.n_dead_tup AS dead_rows, \
         pg_catalog.round(100.0 * u.n_dead_tup / NULLIF(u.n_live_tup + u.n_dead_tup, 0), 1) AS dead_percent, \
         GREATEST(u.last_vacuum, u.last_autovacuum) AS vacuumed, GREATEST(u.last_analyze, u.last_autoanalyze) AS analyzed, \
         u.vacuum_count + u.autovacuum_count AS vacuums {TABLE_STATS} WHERE {condition} ORDER BY u.n_dead_tup DESC, 1, 2{cut}"
    )
}

/// The share of one table's rows that are dead, in per cent: one number, 0 for an empty table.
pub(in crate::engine::postgres::dialect) fn dead_share(table: &ObjectRef) -> String {
    let name = literal(&table.name);
    let space = table.space.as_ref().map_or_else(String::new, |space| format!(" AND schemaname = {}", literal(space)));
    format!(
        "SELECT COALESCE(100.0 * pg_catalog.sum(n_dead_tup) / NULLIF(pg_catalog.sum(n_live_tup + n_dead_tup), 0), 0) \
         AS dead_percent FROM pg_catalog.pg_stat_user_tables WHERE relname = {name}{space} HAVING pg_catalog.count(*) > 0"
    )
}

pub(super) fn sequential_scans(condition: &str, cut: &str) -> String {
    format!(
        "SELECT n.nspname AS schema, c.relname AS table, u.seq_scan AS sequential_scans, u.seq_tup_read AS rows_read_by_them, \
         u.idx_scan AS index_scans, u.n_live_tup AS live_rows, \
         pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS size {TABLE_STATS} \
         WHERE {condition} AND u.seq_scan > 0 ORDER BY u.seq_tup_read DESC, 1, 2{cut}"
    )
}

/// Tables above this many rows are worth an index when most reads of them are sequential.
const WORTH_AN_INDEX: u32 = 10_000;

pub(super) fn unindexed_keys(condition: &str) -> String {
    format!(
        "SELECT n.nspname AS schema, c.relname AS table, k.conname AS foreign_key, \
         (SELECT pg_catalog.string_agg(a.attname::pg_catalog.text, ', ' ORDER BY u.ord) \
         FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u(num, ord) \
         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.num) AS columns, \
         pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS size \
         FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE k.contype = 'f' AND {condition} AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i WHERE i.indrelid = k.conrelid \
         AND i.indpred IS NULL AND (pg_catalog.string_to_array(i.indkey::pg_catalog.text, ' ')::pg_catalog.int2[])[1:pg_catalog.cardinality(k.conkey)] \
         @> k.conkey) ORDER BY pg_catalog.pg_relation_size(c.oid) DESC, 1, 2, 3"
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let own = of_table(scope);
    Some(match topic {
        Topic::Databases => one(
            title,
            format!(
                "{DATABASES} WHERE NOT d.datistemplate ORDER BY pg_catalog.pg_database_size(d.oid) DESC{}",
                limit(scope, 500)
            ),
        ),
        Topic::DatabaseSize => {
            let which =
                scope.name.as_ref().map_or_else(|| "pg_catalog.current_database()".to_owned(), |n| super::literal(n));
            one(title, format!("{DATABASES} WHERE d.datname = {which}"))
        }
        Topic::DiskUsage => {
            let mut answer = one(
                "Databases",
                format!("{DATABASES} WHERE NOT d.datistemplate ORDER BY pg_catalog.pg_database_size(d.oid) DESC"),
            );
            answer.statements.push(AnswerStatement { title: "Largest tables with their indexes".into(), statement: format!(
                "SELECT n.nspname AS schema, c.relname AS table, pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS total, \
                 pg_catalog.pg_size_pretty(pg_catalog.pg_indexes_size(c.oid)) AS indexes FROM pg_catalog.pg_class AS c \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm') AND {} \
                 ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC{}", super::OWN, limit(scope, 20)) });
            title.clone_into(&mut answer.title);
            answer
                .notes
                .push("what the server's files take; free room on the disk itself is not to be seen from SQL".into());
            answer
        }
        Topic::Tablespaces => one(
            title,
            "SELECT spcname AS tablespace, pg_catalog.pg_get_userbyid(spcowner) AS owner, \
            pg_catalog.pg_tablespace_location(oid) AS location FROM pg_catalog.pg_tablespace ORDER BY 1",
        ),
        Topic::MissingIndexes => {
            let mut answer = one(
                "Large tables that are mostly read from end to end",
                format!(
                    "SELECT n.nspname AS schema, c.relname AS table, u.seq_scan AS sequential_scans, u.seq_tup_read AS rows_read_by_them, \
                 u.idx_scan AS index_scans, u.n_live_tup AS live_rows, pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS size \
                 {TABLE_STATS} WHERE {own} AND u.n_live_tup > {WORTH_AN_INDEX} AND u.seq_scan > COALESCE(u.idx_scan, 0) \
                 AND u.seq_tup_read / GREATEST(u.seq_scan, 1) > {WORTH_AN_INDEX} ORDER BY u.seq_tup_read DESC{}",
                    limit(scope, 20)
                ),
            );
            answer.statements.push(AnswerStatement {
                title: "Foreign keys without an index".into(),
                statement: unindexed_keys(&own),
            });
            answer.statements.push(since());
            title.clone_into(&mut answer.title);
            answer.notes.push("hints, not verdicts: which index helps depends on the statements".into());
            answer
        }
        Topic::UnusedTables => {
            let mut answer = one(
                title,
                format!(
                    "SELECT n.nspname AS schema, c.relname AS table, u.n_live_tup AS live_rows, \
                 pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS size {TABLE_STATS} \
                 WHERE {own} AND u.seq_scan = 0 AND COALESCE(u.idx_scan, 0) = 0 ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC{}",
                    limit(scope, 100)
                ),
            );
            answer.statements.push(since());
            answer
        }
        Topic::SequentialScans => one(title, sequential_scans(&own, &limit(scope, 20))),
        Topic::BusiestTables => one(
            title,
            format!(
                "SELECT n.nspname AS schema, c.relname AS table, u.n_tup_ins AS inserted, u.n_tup_upd AS updated, u.n_tup_del AS deleted, \
             u.n_tup_hot_upd AS hot_updated {TABLE_STATS} WHERE {own} \
             ORDER BY u.n_tup_ins + u.n_tup_upd + u.n_tup_del DESC, 1, 2{}",
                limit(scope, 20)
            ),
        ),
        Topic::Vacuum => one(title, dead_rows(&own, &limit(scope, 50))),
        Topic::Bloat => {
            let mut answer = noted(
                title,
                dead_rows(&own, &limit(scope, 20)),
                "dead rows are what vacuum can free; the exact waste inside files takes the extension pgstattuple, which reads whole tables",
            );
            answer.statements.push(AnswerStatement { title: "Room for each live row".into(), statement: format!(
                "SELECT n.nspname AS schema, c.relname AS table, pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS size, \
                 u.n_live_tup AS live_rows, pg_catalog.pg_relation_size(c.oid) / NULLIF(u.n_live_tup, 0) AS bytes_per_live_row \
                 {TABLE_STATS} WHERE {own} AND pg_catalog.pg_relation_size(c.oid) > 1048576 ORDER BY 5 DESC NULLS LAST{}", limit(scope, 20)) });
            answer
        }
        Topic::LastAnalyze => one(
            title,
            format!(
                "SELECT n.nspname AS schema, c.relname AS table, u.last_analyze, u.last_autoanalyze, u.n_mod_since_analyze AS rows_changed_since, \
             u.last_vacuum, u.last_autovacuum {TABLE_STATS} WHERE {own} \
             ORDER BY GREATEST(u.last_analyze, u.last_autoanalyze) NULLS FIRST, 1, 2{}",
                limit(scope, 200)
            ),
        ),
        Topic::CacheHitRatio => {
            let mut answer = one(title, CACHE);
            answer.statements.push(AnswerStatement { title: "Tables by reads".into(), statement: format!(
                "SELECT n.nspname AS schema, c.relname AS table, io.heap_blks_hit + COALESCE(io.idx_blks_hit, 0) AS hits, \
                 io.heap_blks_read + COALESCE(io.idx_blks_read, 0) AS reads, \
                 pg_catalog.round(100.0 * (io.heap_blks_hit + COALESCE(io.idx_blks_hit, 0)) / NULLIF(io.heap_blks_hit + io.heap_blks_read \
                 + COALESCE(io.idx_blks_hit, 0) + COALESCE(io.idx_blks_read, 0), 0), 2) AS hit_percent \
                 FROM pg_catalog.pg_statio_all_tables AS io JOIN pg_catalog.pg_class AS c ON c.oid = io.relid \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {} AND io.heap_blks_hit + io.heap_blks_read > 0 \
                 ORDER BY 4 DESC, 1, 2{}", super::OWN, limit(scope, 20)) });
            answer
                .notes
                .push("a read that misses the server's cache may still be served by the operating system's".into());
            answer
        }
        Topic::TransactionAge => {
            let mut answer = one(
                "Databases by age of transaction ids",
                "SELECT datname AS database, pg_catalog.age(datfrozenxid) AS age, \
                 pg_catalog.round(100.0 * pg_catalog.age(datfrozenxid) / 2147483648.0, 2) AS percent_of_wraparound, \
                 pg_catalog.current_setting('autovacuum_freeze_max_age') AS freeze_max_age \
                 FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 2 DESC",
            );
            answer.statements.push(AnswerStatement {
                title: "Oldest tables".into(),
                statement: format!(
                    "SELECT n.nspname AS schema, c.relname AS table, pg_catalog.age(c.relfrozenxid) AS age, \
                 pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(c.oid)) AS size FROM pg_catalog.pg_class AS c \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm', 't') \
                 AND c.relfrozenxid::pg_catalog.text <> '0' ORDER BY 3 DESC, 1, 2{}",
                    limit(scope, 20)
                ),
            });
            title.clone_into(&mut answer.title);
            answer
        }
        Topic::TempFiles => one(
            title,
            "SELECT datname AS database, temp_files, pg_catalog.pg_size_pretty(temp_bytes) AS temp_size, stats_reset \
            FROM pg_catalog.pg_stat_database WHERE datname IS NOT NULL ORDER BY temp_bytes DESC",
        ),
        Topic::Deadlocks => one(
            title,
            "SELECT datname AS database, deadlocks, xact_commit AS commits, xact_rollback AS rollbacks, \
            pg_catalog.round(100.0 * xact_rollback / NULLIF(xact_commit + xact_rollback, 0), 2) AS rollback_percent, conflicts, stats_reset \
            FROM pg_catalog.pg_stat_database WHERE datname IS NOT NULL ORDER BY deadlocks DESC, 1",
        ),
        Topic::Wal => {
            let mut answer = one(
                "Position",
                "SELECT pg_catalog.pg_is_in_recovery() AS replica, CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() \
                 ELSE pg_catalog.pg_current_wal_lsn() END::pg_catalog.text AS position, pg_catalog.current_setting('wal_level') AS wal_level, \
                 pg_catalog.current_setting('max_wal_size') AS max_wal_size, pg_catalog.current_setting('archive_mode') AS archive_mode",
            );
            if version(schema) >= 140_000 {
                answer.statements.push(AnswerStatement { title: "Written since the counters were reset".into(), statement:
                    "SELECT wal_records, wal_fpi AS full_page_images, pg_catalog.pg_size_pretty(wal_bytes) AS written, wal_buffers_full, stats_reset \
                     FROM pg_catalog.pg_stat_wal".into() });
            }
            answer.statements.push(AnswerStatement { title: "Archiving".into(), statement:
                "SELECT archived_count, last_archived_time, failed_count, last_failed_wal, last_failed_time FROM pg_catalog.pg_stat_archiver".into() });
            title.clone_into(&mut answer.title);
            answer
        }
        Topic::Checkpoints if version(schema) >= 170_000 => {
            let mut answer = one(
                title,
                "SELECT num_timed AS timed, num_requested AS requested, write_time AS write_ms, sync_time AS sync_ms, \
                buffers_written, stats_reset FROM pg_catalog.pg_stat_checkpointer",
            );
            answer.statements.push(AnswerStatement { title: "Background writer".into(), statement:
                "SELECT buffers_clean, maxwritten_clean, buffers_alloc, stats_reset FROM pg_catalog.pg_stat_bgwriter".into() });
            answer
        }
        Topic::Checkpoints => one(
            title,
            "SELECT checkpoints_timed AS timed, checkpoints_req AS requested, checkpoint_write_time AS write_ms, \
            checkpoint_sync_time AS sync_ms, buffers_checkpoint AS buffers_written, buffers_clean, buffers_backend, maxwritten_clean, \
            buffers_alloc, stats_reset FROM pg_catalog.pg_stat_bgwriter",
        ),
        _ => return None,
    })
}
