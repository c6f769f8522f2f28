//! Parts of our constant queries that depend on the server: its version, and the schema of `pg_stat_statements`.
//!
//! A query holds `{name}`; what takes its place is a constant of this file, or an identifier that the server itself
//! quoted. Nothing from outside ever becomes part of a query.

use super::begin::Facts;
use crate::domain::error_event::SessionError;
use std::borrow::Cow;

/// What a placeholder becomes; `None` when this server has no such thing.
type Part = fn(&Facts) -> Option<Cow<'static, str>>;

const PARTS: &[(&str, &str, Part)] = &[
    // The view of the extension.
    ("{pg_stat_statements}", STATEMENTS, |f| {
        Some(format!("{}.pg_stat_statements", f.statements.as_ref()?.schema).into())
    }),
    // Its rows without the texts, which are read from a file.
    ("{pg_stat_statements_numbers}", STATEMENTS, |f| {
        Some(format!("{}.pg_stat_statements(false)", f.statements.as_ref()?.schema).into())
    }),
    ("{total_exec_time}", STATEMENTS, |f| {
        Some(if f.statements.as_ref()?.old { "total_time" } else { "total_exec_time" }.into())
    }),
    ("{mean_exec_time}", STATEMENTS, |f| {
        Some(if f.statements.as_ref()?.old { "mean_time" } else { "mean_exec_time" }.into())
    }),
    ("{stddev_exec_time}", STATEMENTS, |f| {
        Some(if f.statements.as_ref()?.old { "stddev_time" } else { "stddev_exec_time" }.into())
    }),
    // Checkpoints moved into a view of their own in 17.
    ("{checkpoints_requested}", "", |f| {
        Some(if f.version >= 170_000 { CHECKPOINTER_REQUESTED } else { BGWRITER_REQUESTED }.into())
    }),
    ("{checkpoints_timed}", "", |f| {
        Some(if f.version >= 170_000 { CHECKPOINTER_TIMED } else { BGWRITER_TIMED }.into())
    }),
    // Names of the write-ahead log's functions changed in 10.
    ("{wal}", "", |f| Some(if f.version >= 100_000 { "wal" } else { "xlog" }.into())),
    ("{lsn}", "", |f| Some(if f.version >= 100_000 { "lsn" } else { "location" }.into())),
    // Nothing told client sessions from workers before 10.
    ("{backend_type}", "", |f| {
        Some(if f.version >= 100_000 { "backend_type" } else { "'client backend'::text" }.into())
    }),
    ("{replay_lag}", "", |f| {
        Some(
            if f.version >= 100_000 { "coalesce(p.replay_lag, p.flush_lag, p.write_lag)" } else { "NULL::interval" }
                .into(),
        )
    }),
    ("{indnkeyatts}", "", |f| Some(if f.version >= 110_000 { "indnkeyatts" } else { "indnatts" }.into())),
    ("{leader_pid}", "", |f| Some(if f.version >= 130_000 { "leader_pid" } else { "NULL::int4" }.into())),
    // 11 and older have neither of these progress views.
    ("{progress_create_index}", "", |f| Some(if f.version >= 120_000 { PROGRESS_CREATE_INDEX } else { "" }.into())),
    ("{progress_cluster}", "", |f| Some(if f.version >= 120_000 { PROGRESS_CLUSTER } else { "" }.into())),
    ("{progress_analyze}", "", |f| Some(if f.version >= 130_000 { PROGRESS_ANALYZE } else { "" }.into())),
    ("{progress_base_backup}", "", |f| Some(if f.version >= 130_000 { PROGRESS_BASE_BACKUP } else { "" }.into())),
    ("{progress_copy}", "", |f| Some(if f.version >= 140_000 { PROGRESS_COPY } else { "" }.into())),
    ("{slot_wal_status}", "", |f| Some(if f.version >= 130_000 { "s.wal_status" } else { "NULL::text" }.into())),
];

const STATEMENTS: &str = "pg_stat_statements is not there: put it into shared_preload_libraries, restart the server, \
                          and run CREATE EXTENSION pg_stat_statements in this database";

const BGWRITER_REQUESTED: &str = "(SELECT checkpoints_req FROM pg_catalog.pg_stat_bgwriter)";
const BGWRITER_TIMED: &str = "(SELECT checkpoints_timed FROM pg_catalog.pg_stat_bgwriter)";
const CHECKPOINTER_REQUESTED: &str = "(SELECT num_requested FROM pg_catalog.pg_stat_checkpointer)";
const CHECKPOINTER_TIMED: &str = "(SELECT num_timed FROM pg_catalog.pg_stat_checkpointer)";

const PROGRESS_CREATE_INDEX: &str = "UNION ALL SELECT pid, datname, relid, command, phase, blocks_done, blocks_total \
                                     FROM pg_catalog.pg_stat_progress_create_index";
const PROGRESS_CLUSTER: &str = "UNION ALL SELECT pid, datname, relid, command, phase, heap_blks_scanned, heap_blks_total \
                                FROM pg_catalog.pg_stat_progress_cluster";
const PROGRESS_ANALYZE: &str = "UNION ALL SELECT pid, datname, relid, 'ANALYZE', phase, sample_blks_scanned, \
                                sample_blks_total FROM pg_catalog.pg_stat_progress_analyze";
const PROGRESS_BASE_BACKUP: &str = "UNION ALL SELECT pid, NULL, NULL, 'BASE BACKUP', phase, backup_streamed / 8192, \
                                    backup_total / 8192 FROM pg_catalog.pg_stat_progress_basebackup";
const PROGRESS_COPY: &str = "UNION ALL SELECT pid, datname, relid, command, type, bytes_processed / 8192, \
                             NULLIF(bytes_total, 0) / 8192 FROM pg_catalog.pg_stat_progress_copy";

/// Puts the parts of this server into a query.
pub(super) fn fill(text: &'static str, facts: &Facts) -> Result<Cow<'static, str>, SessionError> {
    let mut out = Cow::Borrowed(text);
    for (name, missing, part) in PARTS {
        if out.contains(name) {
            let part = part(facts).ok_or_else(|| SessionError::Unsupported((*missing).to_owned()))?;
            out = Cow::Owned(out.replace(name, &part));
        }
    }
    Ok(out)
}
