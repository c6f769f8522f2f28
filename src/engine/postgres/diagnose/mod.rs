//! How causes are found on PostgreSQL: what is read, what it means, and which procedure answers it.
//!
//! ```text
//! queries, further --> Observation --facts--> sessions, tables, settings --statement--> time by reason
//!                                        \--causes (a file for each family)--> hypotheses --settle--> roots
//! ```
//!
//! # What an observation holds
//!
//! All ages are in seconds, sizes in bytes. Lists come as JSON in text. Starts are text in the form of `fix/freeze.rs`,
//! so that they tell a session from a later one. Queries, in the order of `queries/`:
//!
//! | name | when | a row is | columns |
//! |---|---|---|---|
//! | `diagnose.sessions` | often | a session | `pid usename application_name client_addr datname state backend_type leader_pid backend_start xact_start query_start backend_seconds xact_seconds query_seconds state_seconds wait_event_type wait_event blocked_by writes xid_age xmin_age query query_cut` |
//! | `diagnose.databases` | ends | a database | `datname numbackends xact_commit xact_rollback blks_read blks_hit tup_returned tup_fetched tup_inserted tup_updated tup_deleted conflicts temp_files temp_bytes deadlocks blk_read_time blk_write_time here reset_seconds` |
//! | `diagnose.tables` | ends | a table | `oid schema name kind live dead mods ins_since_vacuum reltuples pages bytes all_visible_pages seq_scan seq_tup_read idx_scan idx_tup_fetch inserted updated deleted hot_updated heap_read heap_hit idx_read idx_hit indexes vacuum_seconds analyze_seconds vacuums xid_age reloptions` |
//! | `diagnose.index_use` | ends | an index | `oid table_oid scans tup_read read hit` |
//! | `diagnose.checkpoints` | ends | the server | `timed requested write_time sync_time checkpoint_writes cleaner_writes maxwritten_clean backend_writes buffers_alloc wal_at` |
//! | `diagnose.wal` (14) | ends | the server | `wal_records wal_fpi wal_bytes wal_buffers_full` |
//! | `diagnose.io` (16) | ends | who and how | `backend_type object context reads read_time writes write_time extends hits evictions reuses fsyncs fsync_time` |
//! | `diagnose.archiver` | ends | the server | `archived_count failed_count last_failed_wal archived_seconds failed_seconds` |
//! | `diagnose.slots` | ends | a slot | `name type plugin database temporary active active_pid retained_bytes restart_lsn xmin_age catalog_xmin_age wal_status safe_wal_size conflicting inactive_seconds` (the last of 17) |
//! | `diagnose.progress` | ends | long work | `pid datname table_oid schema table command phase done total backend_type` |
//! | `diagnose.statements` | ends | a statement of `pg_stat_statements` | `id queryid datname calls total_ms rows shared_blks_hit shared_blks_read temp_blks_written wal_bytes` |
//! | `diagnose.server` | once | the server | `now_ms in_recovery up_seconds conf_seconds database user connections backends sees_all` |
//! | `diagnose.settings` | once | a setting | `name setting unit source boot_val reset_val min_val max_val vartype context pending_restart by_alter_system` |
//! | `diagnose.role_settings` | once | a setting of a role or database | `role database name value` |
//! | `diagnose.roles` | once | a role | `role connection_limit superuser connections` |
//! | `diagnose.sizes` | once | a database | `datname bytes here connection_limit` |
//! | `diagnose.ages` | once | a database | `datname xid_age multixact_age can_connect` |
//! | `diagnose.prepared` | once | a prepared transaction | `gid owner database seconds xid_age` |
//! | `diagnose.replication` | once | a replica | `pid usename application_name client_addr state sync_state send_bytes flush_bytes replay_bytes lag_seconds` |
//! | `diagnose.receiver` | once | this replica; none on a primary | `in_recovery paused replay_bytes replay_seconds receiver_status` |
//! | `diagnose.wal_files` | once | the server | `files bytes` |
//! | `diagnose.temp_files` | ends | a session | `pid files bytes` |
//! | `diagnose.indexes` | once | an index | `oid table_oid schema table name method is_unique is_primary needed begins_key valid ready partitioned key_columns columns classes options collations partial predicate definition scans bytes being_built` |
//! | `diagnose.foreign_keys` | once | a foreign key without an index | `name table_oid schema table to_oid to_schema to_table columns reltuples pages on_delete` |
//! | `diagnose.table_sizes` | once | a table | `oid bytes heap_bytes index_bytes` |
//! | `diagnose.locks` | at the end | a lock of who waits or is waited for | `pid locktype mode granted table_oid schema relation kind here` |
//! | `diagnose.statement_texts` | at the end | a statement that took time | `id query` |
//! | `diagnose.relations` | at the end, for a missing table | a relation | `schema name kind owner reltuples schema_is_closed` |
//! | `diagnose.columns` | at the end, for a missing column | a column of a table the statement names | `schema table name type` |
//! | `diagnose.widths` | at the end | a busy table | `oid row_bytes columns distinct_values` |
//! | `diagnose.definitions` | at the end | a column of a busy table | `table_oid name type` |

mod causes;
mod facts;
mod further;
mod queries;
mod settle;
mod statement;

#[cfg(test)]
mod tests;

use super::procedures::PROCEDURES;
use crate::domain::diagnosis::{Case, Diagnosis, Observation};
use crate::engine::{Examination, Wanted};
use facts::{Facts, last};

/// The registry's part.
pub(super) static EXAMINATION: Examination =
    Examination { probes: queries::probes, look_further: Some(further::look), plans, judge, procedures: PROCEDURES };

/// Statements whose plans would tell more.
fn plans(seen: &Observation, wanted: &Wanted) -> Vec<String> {
    let Some(database) = last(seen, "diagnose.server").map(|row| row.text("database")).next() else {
        return Vec::new();
    };
    let version = last(seen, "diagnose.settings").find(|row| row.text("name") == "server_version_num");
    let version = version.and_then(|row| row.text("setting").parse().ok()).unwrap_or_default();
    statement::plans(seen, version, &database, wanted.statement.as_deref())
}

/// Reads the facts, puts the time down to statements, lets every family decide, and settles what follows from what.
fn judge(case: &Case<'_>) -> Diagnosis {
    let facts = Facts::read(case);
    let works = statement::works(&facts);
    settle::settle(causes::judge(&facts, &works), case.focus)
}
