//! Functions that do more than read, with the class of what they do: built-ins of PostgreSQL 9.6 to 18, and those of
//! well-known extensions, whose schema nobody can know beforehand.

use crate::domain::guard::Class;

const FILES: &str = "reads or writes files of the server";
const OBJECTS: &str = "works on large objects";
const TEXT: &str = "runs SQL that is hidden in a text";
const NAMED: &str = "reads a table that is named in a text";
const LOCKS: &str = "takes or frees advisory locks";
const SLEEP: &str = "only takes time";
const ENDS: &str = "ends the work of a session";
const SERVER: &str = "acts on the server";
const STATE: &str = "changes the state of the session";
const COUNTERS: &str = "resets counters that others need";
const REPLICATION: &str = "acts on replication";
const BACKUP: &str = "acts on backups or the write-ahead log";
const NETWORK: &str = "opens connections of its own";
const ID: &str = "uses up a transaction id";
const SEQUENCE: &str = "advances a sequence";
const GEOMETRY: &str = "adds, changes or drops tables and columns";
const CATALOG: &str = "changes the catalogue or statistics";

/// Exact names.
const NAMES: &[(&str, Class, &str)] = &[
    ("nextval", Class::Dml, SEQUENCE),
    ("setval", Class::Dml, SEQUENCE),
    ("lowrite", Class::Dml, OBJECTS),
    ("loread", Class::Dml, OBJECTS),
    ("set_config", Class::Session, STATE),
    ("setseed", Class::Session, STATE),
    ("pg_notify", Class::Session, STATE),
    ("set_limit", Class::Session, STATE),
    ("set_curcfg", Class::Session, STATE),
    ("pg_stat_clear_snapshot", Class::Session, STATE),
    ("pg_stat_force_next_flush", Class::Session, STATE),
    ("pg_stat_statements_reset", Class::Admin, COUNTERS),
    ("txid_current", Class::Transaction, ID),
    ("pg_current_xact_id", Class::Transaction, ID),
    ("pg_export_snapshot", Class::Transaction, "keeps a snapshot for other sessions"),
    ("pg_terminate_backend", Class::Kill, ENDS),
    ("pg_cancel_backend", Class::Kill, ENDS),
    ("pg_reload_conf", Class::Admin, SERVER),
    ("pg_rotate_logfile", Class::Admin, SERVER),
    ("pg_rotate_logfile_old", Class::Admin, SERVER),
    ("pg_promote", Class::Admin, REPLICATION),
    ("pg_switch_wal", Class::Admin, BACKUP),
    ("pg_switch_xlog", Class::Admin, BACKUP),
    ("pg_import_system_collations", Class::Admin, CATALOG),
    ("pg_extension_config_dump", Class::Admin, CATALOG),
    ("pg_nextoid", Class::Admin, CATALOG),
    ("pg_stop_making_pinned_objects", Class::Admin, CATALOG),
    ("gin_clean_pending_list", Class::Maintenance, CATALOG),
    ("brin_summarize_new_values", Class::Maintenance, CATALOG),
    ("brin_summarize_range", Class::Maintenance, CATALOG),
    ("brin_desummarize_range", Class::Maintenance, CATALOG),
    ("pg_prewarm", Class::Resource, "fills the buffer cache"),
    ("autoprewarm_start_worker", Class::Admin, SERVER),
    ("autoprewarm_dump_now", Class::File, FILES),
    ("pg_truncate_visibility_map", Class::Maintenance, CATALOG),
    ("heap_force_kill", Class::Admin, CATALOG),
    ("heap_force_freeze", Class::Admin, CATALOG),
    ("pg_stat_file", Class::File, FILES),
    ("pg_logdir_ls", Class::File, FILES),
    ("pg_hba_file_rules", Class::File, FILES),
    ("pg_ident_file_mappings", Class::File, FILES),
    ("pg_show_all_file_settings", Class::File, FILES),
    ("pg_execute_server_program", Class::File, FILES),
    ("pg_logfile_rotate", Class::Admin, SERVER),
    ("get_raw_page", Class::File, FILES),
    ("pg_get_wal_records_info", Class::File, FILES),
    ("ts_stat", Class::Unparsed, TEXT),
    ("ts_rewrite", Class::Unparsed, TEXT),
    ("connectby", Class::Unparsed, TEXT),
    ("xpath_table", Class::Unparsed, TEXT),
    ("xslt_process", Class::File, FILES),
    ("pg_background_launch", Class::Unparsed, TEXT),
    ("postgres_fdw_get_connections", Class::Admin, NETWORK),
    ("postgres_fdw_disconnect", Class::Admin, NETWORK),
    ("postgres_fdw_disconnect_all", Class::Admin, NETWORK),
    ("pg_isolation_test_session_is_blocked", Class::Admin, SERVER),
    // PostGIS, old and new. These are in part called IMMUTABLE or STABLE.
    ("find_extent", Class::Unparsed, NAMED),
    ("st_find_extent", Class::Unparsed, NAMED),
    ("st_findextent", Class::Unparsed, NAMED),
    ("addgeometrycolumn", Class::Ddl, GEOMETRY),
    ("dropgeometrycolumn", Class::Ddl, GEOMETRY),
    ("dropgeometrytable", Class::Ddl, GEOMETRY),
    ("populate_geometry_columns", Class::Ddl, GEOMETRY),
    ("updategeometrysrid", Class::Ddl, GEOMETRY),
    ("st_fromflatgeobuftotable", Class::Ddl, GEOMETRY),
    ("postgis_extensions_upgrade", Class::Ddl, GEOMETRY),
    ("lo_import", Class::File, FILES),
    ("lo_export", Class::File, FILES),
];

/// Beginnings of names that share a purpose, so that tomorrow's member of the family is refused as well.
const PREFIXES: &[(&str, Class, &str)] = &[
    ("pg_sleep", Class::Resource, SLEEP),
    ("pg_advisory_", Class::Lock, LOCKS),
    ("pg_try_advisory_", Class::Lock, LOCKS),
    ("pg_read_", Class::File, FILES),
    ("pg_ls_", Class::File, FILES),
    ("pg_file_", Class::File, FILES),
    ("lo_", Class::Dml, OBJECTS),
    ("dblink", Class::Admin, NETWORK),
    ("http_", Class::Admin, NETWORK),
    ("query_to_xml", Class::Unparsed, TEXT),
    ("table_to_xml", Class::Unparsed, TEXT),
    ("schema_to_xml", Class::Unparsed, TEXT),
    ("database_to_xml", Class::Unparsed, TEXT),
    ("cursor_to_xml", Class::Unparsed, TEXT),
    ("crosstab", Class::Unparsed, TEXT),
    ("pg_stat_reset", Class::Admin, COUNTERS),
    ("pg_create_", Class::Admin, BACKUP),
    ("pg_drop_", Class::Admin, REPLICATION),
    ("pg_copy_", Class::Admin, REPLICATION),
    ("pg_sync_", Class::Admin, REPLICATION),
    ("pg_logical_", Class::Admin, REPLICATION),
    ("pg_replication_origin_", Class::Admin, REPLICATION),
    ("pg_replication_slot_", Class::Admin, REPLICATION),
    ("pg_wal_replay_", Class::Admin, REPLICATION),
    ("pg_xlog_replay_", Class::Admin, REPLICATION),
    ("pg_backup_", Class::Admin, BACKUP),
    ("pg_start_backup", Class::Admin, BACKUP),
    ("pg_stop_backup", Class::Admin, BACKUP),
    ("pg_log_", Class::Admin, SERVER),
    ("pg_restore_", Class::Admin, CATALOG),
    ("pg_clear_", Class::Admin, CATALOG),
    ("pg_set_", Class::Admin, CATALOG),
    ("pg_event_trigger_", Class::Admin, CATALOG),
    ("binary_upgrade_", Class::Admin, CATALOG),
];

/// What a function does, when it is known to do more than read.
pub(super) fn find(name: &str) -> Option<(Class, &'static str)> {
    if let Some((_, class, what)) = NAMES.iter().find(|(known, ..)| *known == name) {
        return Some((*class, *what));
    }
    // These two only tell the number of an origin and how far it is.
    if matches!(name, "pg_replication_origin_oid" | "pg_replication_origin_progress") {
        return None;
    }
    if name.starts_with("pg_stat_") && name.ends_with("_reset") {
        return Some((Class::Admin, COUNTERS));
    }
    PREFIXES.iter().find(|(prefix, ..)| name.starts_with(prefix)).map(|(_, class, what)| (*class, *what))
}
