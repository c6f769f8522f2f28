//! Room on disk, the buffer pool, purge, the logs.

use super::super::flavour::Flavour;
use super::super::names::literal;
use super::{bytes, counters, is_table, limit, noted, of_table, one, own, several, status};
use crate::domain::question::{Answer, Relation, Scope, Topic};
use crate::domain::schema::Schema;

pub(super) fn table_size(table: &Relation) -> Answer {
    noted(
        &format!("Size of {}", table.full_name()),
        format!(
            "SELECT {} AS total, {} AS data, {} AS indexes, {} AS free_inside, t.DATA_LENGTH + t.INDEX_LENGTH AS total_bytes, \
             t.TABLE_ROWS AS rows_estimate, t.ENGINE AS engine FROM information_schema.TABLES AS t WHERE {}",
            bytes("t.DATA_LENGTH + t.INDEX_LENGTH"),
            bytes("t.DATA_LENGTH"),
            bytes("t.INDEX_LENGTH"),
            bytes("t.DATA_FREE"),
            is_table("t.TABLE_SCHEMA", "t.TABLE_NAME", table)
        ),
        "sizes are the storage engine's estimates; the first column counts the clustered index as data",
    )
}

/// Databases with their size. The condition is about `d`, a row of SCHEMATA.
pub(super) fn databases(condition: &str, cut: &str) -> String {
    format!(
        "SELECT d.SCHEMA_NAME AS `database`, {} AS size, COUNT(t.TABLE_NAME) AS tables, \
         d.DEFAULT_CHARACTER_SET_NAME AS charset, d.DEFAULT_COLLATION_NAME AS collation \
         FROM information_schema.SCHEMATA AS d LEFT JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = d.SCHEMA_NAME \
         {condition} GROUP BY d.SCHEMA_NAME, d.DEFAULT_CHARACTER_SET_NAME, d.DEFAULT_COLLATION_NAME \
         ORDER BY COALESCE(SUM(t.DATA_LENGTH + t.INDEX_LENGTH), 0) DESC, 1{cut}",
        bytes("COALESCE(SUM(t.DATA_LENGTH + t.INDEX_LENGTH), 0)")
    )
}

fn largest_tables(cut: &str, schema: &Schema) -> String {
    format!(
        "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, {} AS total, {} AS indexes, {} AS free_inside \
         FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE = 'BASE TABLE' AND {} \
         ORDER BY t.DATA_LENGTH + t.INDEX_LENGTH DESC, 1, 2{cut}",
        bytes("t.DATA_LENGTH + t.INDEX_LENGTH"),
        bytes("t.INDEX_LENGTH"),
        bytes("t.DATA_FREE"),
        own("t.TABLE_SCHEMA", schema)
    )
}

/// The buffer pool in one row.
pub(super) fn buffer_pool(flavour: Flavour) -> String {
    let counter = |name: &str| status(flavour, name);
    format!(
        "SELECT ROUND(100 - 100 * {reads} / GREATEST({requests}, 1), 2) AS hit_percent, {requests} AS read_requests, \
         {reads} AS reads_from_disk, {size} AS pool_size, \
         {total} AS pages, {free} AS free_pages, {dirty} AS dirty_pages, {waits} AS waits_for_free_page",
        reads = counter("Innodb_buffer_pool_reads"),
        requests = counter("Innodb_buffer_pool_read_requests"),
        size = bytes("@@innodb_buffer_pool_size"),
        total = counter("Innodb_buffer_pool_pages_total"),
        free = counter("Innodb_buffer_pool_pages_free"),
        dirty = counter("Innodb_buffer_pool_pages_dirty"),
        waits = counter("Innodb_buffer_pool_wait_free"),
    )
}

/// Old versions of rows that purge has still to remove, and who keeps them.
pub(super) fn purge() -> String {
    "SELECT m.NAME AS counter, m.COUNT AS value, m.COMMENT AS meaning FROM information_schema.INNODB_METRICS AS m \
     WHERE m.NAME IN ('trx_rseg_history_len', 'purge_del_mark_records', 'purge_upd_exist_or_extern_records', 'purge_dml_delay_usec') \
     ORDER BY m.NAME = 'trx_rseg_history_len' DESC, 1"
        .to_owned()
}

fn wasted(scope: &Scope, schema: &Schema) -> String {
    format!(
        "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, {} AS free_inside, {} AS size, \
         ROUND(100 * t.DATA_FREE / NULLIF(t.DATA_LENGTH + t.INDEX_LENGTH + t.DATA_FREE, 0), 1) AS free_percent, t.ENGINE AS engine \
         FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE = 'BASE TABLE' AND {} ORDER BY t.DATA_FREE DESC, 1, 2{}",
        bytes("t.DATA_FREE"),
        bytes("t.DATA_LENGTH + t.INDEX_LENGTH"),
        of_table("t.TABLE_SCHEMA", "t.TABLE_NAME", scope, schema),
        limit(scope, 20)
    )
}

/// Commits, rollbacks, deadlocks and lock timeouts.
pub(super) fn transactions_counted(flavour: Flavour) -> String {
    let metric =
        |name: &str| format!("(SELECT m.COUNT FROM information_schema.INNODB_METRICS AS m WHERE m.NAME = '{name}')");
    format!(
        "SELECT {} AS deadlocks, {} AS lock_timeouts, {} AS commits, {} AS rollbacks, {} AS row_lock_waits, {} AS row_lock_wait_ms",
        metric("lock_deadlocks"),
        metric("lock_timeouts"),
        status(flavour, "Com_commit"),
        status(flavour, "Com_rollback"),
        status(flavour, "Innodb_row_lock_waits"),
        status(flavour, "Innodb_row_lock_time")
    )
}

pub(super) fn topic(topic: Topic, scope: &Scope, schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    let flavour = Flavour::of(schema);
    Some(match topic {
        Topic::Databases => {
            one(title, databases(&format!("WHERE d.SCHEMA_NAME NOT IN {}", super::SYSTEM), &limit(scope, 500)))
        }
        Topic::DatabaseSize => {
            let which = scope.name.as_ref().map_or_else(|| "DATABASE()".to_owned(), |n| literal(n));
            one(title, databases(&format!("WHERE d.SCHEMA_NAME = {which}"), ""))
        }
        Topic::DiskUsage => {
            let mut answer = several(
                title,
                vec![
                    ("Databases", databases(&format!("WHERE d.SCHEMA_NAME NOT IN {}", super::SYSTEM), "")),
                    ("Largest tables with their indexes", largest_tables(&limit(scope, 20), schema)),
                ],
            );
            answer.notes.push(
                "what tables take; binary logs, redo and temporary files come on top, and free room on the disk is not to be seen from SQL"
                    .into(),
            );
            answer
        }
        Topic::IndexSizes => {
            let mut answer = noted(
                title,
                format!(
                    "SELECT t.TABLE_SCHEMA AS `database`, t.TABLE_NAME AS `table`, {} AS secondary_indexes, {} AS data, \
                     (SELECT COUNT(DISTINCT s.INDEX_NAME) FROM information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA \
                     AND s.TABLE_NAME = t.TABLE_NAME) AS indexes FROM information_schema.TABLES AS t WHERE t.TABLE_TYPE = 'BASE TABLE' AND {} \
                     ORDER BY t.INDEX_LENGTH DESC, 1, 2{}",
                    bytes("t.INDEX_LENGTH"),
                    bytes("t.DATA_LENGTH"),
                    of_table("t.TABLE_SCHEMA", "t.TABLE_NAME", scope, schema),
                    limit(scope, 50)
                ),
                "the secondary indexes of a table together: InnoDB's primary key is the table itself",
            );
            answer
                .notes
                .push("the size of each index is in mysql.innodb_index_stats, which takes a right of its own".into());
            answer
        }
        Topic::Tablespaces => one(
            title,
            format!(
                "SELECT s.NAME AS tablespace, {} AS size, {} AS on_disk, s.ROW_FORMAT AS row_format \
                 FROM information_schema.{} AS s ORDER BY s.FILE_SIZE DESC, 1{}",
                bytes("s.FILE_SIZE"),
                bytes("s.ALLOCATED_SIZE"),
                if flavour.is_mariadb() { "INNODB_SYS_TABLESPACES" } else { "INNODB_TABLESPACES" },
                limit(scope, 200)
            ),
        ),
        Topic::Vacuum => {
            let mut answer = several(
                "Purge of old row versions",
                vec![("History list and purge", purge()), ("Room that is free inside tables", wasted(scope, schema))],
            );
            answer.notes.push(
                "InnoDB has no vacuum: purge threads remove old versions, and a long transaction holds them up".into(),
            );
            answer
        }
        Topic::TransactionAge => noted(
            "Purge of old row versions",
            purge(),
            "InnoDB's transaction ids do not wrap around; what grows with an old transaction is the history list",
        ),
        Topic::Bloat => noted(
            title,
            wasted(scope, schema),
            "room that InnoDB holds free inside a table's file, which OPTIMIZE TABLE gives back; tables in the shared tablespace all show its free room",
        ),
        Topic::LastAnalyze => noted(
            "How far statistics are behind",
            format!(
                "SELECT SUBSTRING_INDEX(s.NAME, '/', 1) AS `database`, SUBSTRING_INDEX(s.NAME, '/', -1) AS `table`, s.NUM_ROWS AS rows_by_statistics, \
                 s.MODIFIED_COUNTER AS rows_changed_since, s.STATS_INITIALIZED AS statistics \
                 FROM information_schema.{} AS s WHERE {} ORDER BY s.MODIFIED_COUNTER DESC, 1, 2{}",
                if flavour.is_mariadb() { "INNODB_SYS_TABLESTATS" } else { "INNODB_TABLESTATS" },
                of_table("SUBSTRING_INDEX(s.NAME, '/', 1)", "SUBSTRING_INDEX(s.NAME, '/', -1)", scope, schema),
                limit(scope, 200)
            ),
            "statistics are taken anew when a tenth of a table has changed; when that was is in mysql.innodb_table_stats, which takes a right of its own",
        ),
        Topic::CacheHitRatio => noted(
            title,
            buffer_pool(flavour),
            "InnoDB's buffer pool since the server started; a miss may still be served by the operating system's cache",
        ),
        Topic::OpenTables => several(
            title,
            vec![
                (
                    "Open and opened",
                    counters(
                        flavour,
                        &[
                            "Open_tables",
                            "Opened_tables",
                            "Open_table_definitions",
                            "Opened_table_definitions",
                            "Open_files",
                            "Opened_files",
                            "Table_open_cache_hits",
                            "Table_open_cache_misses",
                            "Table_open_cache_overflows",
                        ],
                    ),
                ),
                (
                    "Their limits",
                    "SELECT @@table_open_cache AS table_open_cache, @@table_definition_cache AS table_definition_cache, \
                     @@open_files_limit AS open_files_limit"
                        .to_owned(),
                ),
            ],
        ),
        Topic::TempFiles => noted(
            title,
            format!(
                "SELECT {} AS temporary_tables, {} AS on_disk, {} AS files, {} AS sort_merge_passes, {} AS tmp_table_size, {} AS max_heap_table_size",
                status(flavour, "Created_tmp_tables"),
                status(flavour, "Created_tmp_disk_tables"),
                status(flavour, "Created_tmp_files"),
                status(flavour, "Sort_merge_passes"),
                bytes("@@tmp_table_size"),
                bytes("@@max_heap_table_size")
            ),
            "counted since the server started",
        ),
        Topic::Deadlocks => noted(
            title,
            transactions_counted(flavour),
            "counted since the server started; the last deadlock itself stands in \"innodb status\"",
        ),
        Topic::Wal => logs(flavour),
        Topic::Checkpoints => noted(
            title,
            format!(
                "SELECT m.NAME AS counter, m.COUNT AS value, m.COMMENT AS meaning FROM information_schema.INNODB_METRICS AS m \
                 WHERE m.NAME IN ('log_lsn_checkpoint_age', 'log_max_modified_age_async', 'log_lsn_current', 'log_lsn_last_checkpoint', \
                 'buffer_flush_adaptive_total_pages', 'buffer_flush_sync_total_pages', 'buffer_flush_background_total_pages', 'buffer_pool_pages_dirty') \
                 UNION ALL SELECT VARIABLE_NAME, VARIABLE_VALUE, 'status variable' FROM {} WHERE VARIABLE_NAME IN \
                 ('Innodb_buffer_pool_pages_dirty', 'Innodb_buffer_pool_pages_flushed', 'Innodb_checkpoint_age', 'Innodb_checkpoint_max_age', \
                 'Innodb_log_waits') ORDER BY 1",
                super::global_status(flavour)
            ),
            "a checkpoint age near the size of the redo log makes writers wait",
        ),
        Topic::BinaryLogs | Topic::ReplicationWindow => binary_logs(flavour),
        _ => return None,
    })
}

/// The redo log is InnoDB's write-ahead log; the binary log is what replicas and backups follow.
fn logs(flavour: Flavour) -> Answer {
    let capacity = if flavour.is_mysql_since(80_030) { "@@innodb_redo_log_capacity" } else { "@@innodb_log_file_size" };
    let mut answer = several(
        "Redo log and binary log",
        vec![
            (
                "Redo log",
                format!(
                    "SELECT {} AS capacity, @@innodb_flush_log_at_trx_commit AS flush_at_commit, {} AS written, {} AS waits, {} AS writes",
                    bytes(capacity),
                    bytes(&status(flavour, "Innodb_os_log_written")),
                    status(flavour, "Innodb_log_waits"),
                    status(flavour, "Innodb_log_writes")
                ),
            ),
            ("Binary log", binary_log_settings()),
            (
                "Binary log cache",
                counters(flavour, &["Binlog_cache_use", "Binlog_cache_disk_use", "Binlog_stmt_cache_disk_use"]),
            ),
        ],
    );
    answer.notes.push("InnoDB's redo log is what elsewhere is called the write-ahead log".into());
    answer
}

fn binary_log_settings() -> String {
    "SELECT @@log_bin AS enabled, @@binlog_format AS format, @@sync_binlog AS sync_binlog, @@max_binlog_size AS largest_file, \
     @@server_id AS server_id"
        .to_owned()
}

fn binary_logs(flavour: Flavour) -> Answer {
    let position = if flavour.is_mysql_since(80_200) { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" };
    let mut answer = several(
        Topic::BinaryLogs.title(),
        vec![
            ("Settings", binary_log_settings()),
            ("Position", position.to_owned()),
            ("Files", "SHOW BINARY LOGS".to_owned()),
        ],
    );
    answer.notes.push(
        "the list of files is refused where the binary log is off, and takes the right REPLICATION CLIENT".into(),
    );
    answer
}
