//! Changes: of rows, objects, settings, and the upkeep of tables. None of them is ever allowed; a person may approve
//! what is one ordinary change, and for a model only what the program's own fixes would do.

use super::query::{self, Position};
use super::show::after_name;
use super::{Context, Words, grammar};
use crate::domain::guard::{Author, Class, Judgement};
use crate::engine::mysql::dialect::forms;
use crate::engine::sql::findings::Findings;
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::list::holds;
use sqlparser::ast::{Expr, SetExpr, Statement, Visit, Visitor};
use std::ops::ControlFlow;

/// What a person may approve and a model may not even propose as free text.
pub(super) fn only_a_person(author: Author, class: Class, reason: &str) -> Judgement {
    match author {
        Author::Person => Judgement::needs_approval(class, reason),
        Author::Model => Judgement::deny(class, format!("{reason}; only a person may ask for that")),
    }
}

/// INSERT, REPLACE, UPDATE, DELETE, or one of them behind a WITH.
pub(super) fn judge_rows(words: Words<'_>, context: Context<'_>) -> Judgement {
    let parsed = match grammar::parse(words) {
        Ok(parsed) => parsed,
        Err(reason) => return Judgement::deny(Class::Unparsed, format!("not understood: {reason}")),
    };
    judge_parsed_rows(&parsed, words, context)
}

/// The same for what is parsed already.
pub(super) fn judge_parsed_rows(parsed: &Statement, words: Words<'_>, context: Context<'_>) -> Judgement {
    let mut findings = Findings::default();
    query::check_words_aside(words, &mut findings);
    query::check_calls(words, &mut findings);
    query::check(parsed, words, Position::Aside, context, &mut findings);
    match picks(parsed) {
        Picks::Some => {}
        Picks::All => findings.deny(Class::Dml, "changes every row: no WHERE looks at a column"),
        Picks::Unclear => findings.deny(Class::Unparsed, "not a change of rows that is known here"),
    }
    findings.or(only_a_person(context.author, Class::Dml, "changes rows"))
}

/// Which rows a change touches.
enum Picks {
    /// New ones, or those that a condition picks.
    Some,
    All,
    Unclear,
}

fn picks(statement: &Statement) -> Picks {
    let by = |condition: Option<&Expr>| match condition {
        Some(condition) if looks_at_a_column(condition) => Picks::Some,
        _ => Picks::All,
    };
    match statement {
        Statement::Insert(_) => Picks::Some,
        Statement::Update(update) => by(update.selection.as_ref()),
        Statement::Delete(delete) => by(delete.selection.as_ref()),
        Statement::Query(query) => match query.body.as_ref() {
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => picks(inner),
            _ => Picks::Unclear,
        },
        _ => Picks::Unclear,
    }
}

/// A condition that looks at no column holds for every row or for none.
fn looks_at_a_column(condition: &Expr) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    condition.visit(&mut Finder).is_break()
}

/// Objects that are made of data only, after CREATE, ALTER or DROP.
const PLAIN_OBJECTS: &str = "table tables database schema index view sequence tablespace undo logfile";
/// Objects that hold code, run by others later.
const CODE_OBJECTS: &str = "function procedure trigger event package aggregate";
/// Objects that are about who may do what.
const RIGHTS_OBJECTS: &str = "user role server resource instance";
/// Words between CREATE and the kind of object.
const BETWEEN: &str = "or replace temporary unique fulltext spatial vector online offline ignore if not exists definer sql security \
    invoker algorithm undefined merge temptable = @ current_user ( ) waiting no_write";

/// The index of the word that says what kind of object is created, changed or dropped.
fn kind_of_object(words: Words<'_>) -> Option<usize> {
    (1..words.len().min(16))
        .find(|&i| {
            words.is_one_of(i, PLAIN_OBJECTS) || words.is_one_of(i, CODE_OBJECTS) || words.is_one_of(i, RIGHTS_OBJECTS)
        })
        .filter(|&found| {
            (1..found).all(|i| {
                holds(BETWEEN, &words.at(i).to_ascii_lowercase())
                    || matches!(words.kind(i), Some(Kind::Text | Kind::QuotedName | Kind::Parameter))
                    || matches!(words.at(i - 1), "=" | "@")
            })
        })
}

/// CREATE, ALTER, DROP, RENAME, TRUNCATE.
pub(super) fn judge_objects(words: Words<'_>, context: Context<'_>) -> Judgement {
    if words.is(0, &["truncate"]) {
        return Judgement::deny(Class::Ddl, "removes every row at once");
    }
    if words.starts_with(&["drop", "prepare"]) {
        return Judgement::deny(Class::Session, "changes the state of the session");
    }
    let Some(at) = kind_of_object(words) else {
        return Judgement::deny(Class::Unparsed, "not a change of objects that is known here");
    };
    if forms::server::limited(words.source()).is_some() {
        return only_a_person(context.author, Class::Ddl, "changes how many connections an account may have");
    }
    if words.is_one_of(at, RIGHTS_OBJECTS) {
        return Judgement::deny(Class::Admin, "changes users, their rights or the server itself");
    }
    if (at..words.len()).any(|i| words.is(i, &["soname"])) {
        return Judgement::deny(Class::File, "loads a library into the server");
    }
    if !balanced(words) {
        return Judgement::deny(Class::Unparsed, "a bracket without its other half");
    }
    let mut findings = Findings::default();
    query::check_calls(words, &mut findings);
    for i in at..words.len() {
        if words.is(i, &["outfile", "dumpfile"]) || words.is(i, &["data", "index"]) && words.is(i + 1, &["directory"]) {
            findings.deny(Class::File, "names a file or a directory of the server");
        }
        if words.is(i, &["connection"]) && (words.at(i + 1) == "=" || words.kind(i + 1) == Some(Kind::Text)) {
            findings.deny(Class::Secret, "names another server with its password");
        }
        if is_system_schema(words, i) {
            findings.deny(Class::Admin, "a system table is not changed by hand");
        }
    }
    let judged = if words.is_one_of(at, CODE_OBJECTS) {
        only_a_person(context.author, Class::Ddl, "creates, changes or removes code that others run")
    } else if only_indexes(words, at) {
        Judgement::needs_approval(Class::Ddl, "adds or removes indexes")
    } else {
        only_a_person(context.author, Class::Ddl, "changes objects of the database")
    };
    findings.or(judged)
}

/// `mysql.user` and its neighbours.
fn is_system_schema(words: Words<'_>, at: usize) -> bool {
    words.at(at + 1) == "."
        && words
            .identifier(at)
            .is_some_and(|s| holds("mysql sys performance_schema information_schema", &s.to_ascii_lowercase()))
}

fn balanced(words: Words<'_>) -> bool {
    let mut depth = 0_usize;
    for i in 0..words.len() {
        match words.at(i) {
            "(" => depth += 1,
            ")" if depth == 0 => return false,
            ")" => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// CREATE INDEX, DROP INDEX, and ALTER TABLE whose every part is about an index or about how the work is done.
fn only_indexes(words: Words<'_>, at: usize) -> bool {
    if words.is(at, &["index"]) {
        return words.is(0, &["create", "drop"]);
    }
    if !(words.is(0, &["alter"]) && words.is(at, &["table"])) {
        return false;
    }
    let start = if words.starts_with(&["alter", "table", "if", "exists"]) { 4 } else { at + 1 };
    let Some(first) = after_name(words, start) else { return false };
    let mut part = first;
    let mut depth = 0_usize;
    let mut parts = 0;
    for i in first..=words.len() {
        match words.at(i) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," | "" if depth == 0 => {
                if !is_about_an_index(words, part) {
                    return false;
                }
                parts += 1;
                part = i + 1;
            }
            _ => {}
        }
    }
    parts > 0
}

fn is_about_an_index(words: Words<'_>, part: usize) -> bool {
    let skipped = |mut at: usize| {
        while words.is_one_of(at, "unique fulltext spatial if not exists") {
            at += 1;
        }
        at
    };
    if words.is(part, &["add", "drop", "alter", "rename"]) {
        return words.is(skipped(part + 1), &["index", "key"]);
    }
    words.is(part, &["algorithm", "lock"])
}

/// ANALYZE, CHECK, CHECKSUM, OPTIMIZE and REPAIR of named tables.
pub(super) fn judge_upkeep(words: Words<'_>) -> Judgement {
    let skipped = usize::from(words.is(1, &["no_write_to_binlog", "local"]));
    let wrong = || Judgement::deny(Class::Unparsed, "not a statement that is known here");
    if !words.is(1 + skipped, &["table", "tables"]) {
        return wrong();
    }
    let mut at = 2 + skipped;
    loop {
        let Some(after) = after_name(words, at) else { return wrong() };
        at = after;
        if words.at(at) != "," {
            break;
        }
        at += 1;
    }
    const OPTIONS: &str = "quick fast medium extended changed for upgrade use_frm update drop histogram on with buckets auto manual \
        persistent all columns indexes wait nowait force ,";
    let known = (at..words.len()).all(|i| {
        holds(OPTIONS, &words.at(i).to_ascii_lowercase())
            || words.kind(i) == Some(Kind::Number)
            || words.kind(i) == Some(Kind::QuotedName)
            || matches!(words.at(i), "(" | ")")
            || (words.kind(i) == Some(Kind::Word) && (at..i).any(|j| words.is(j, &["on", "columns", "indexes"])))
    });
    if !known {
        return wrong();
    }
    let reason = match words.at(0).to_ascii_lowercase().as_str() {
        "analyze" => "takes new statistics of a table",
        "optimize" => "rebuilds a table",
        "repair" => "repairs a table",
        _ => "reads a whole table, without a bound in time",
    };
    Judgement::needs_approval(Class::Maintenance, reason)
}

/// `KILL [HARD | SOFT] [CONNECTION | QUERY] number`.
pub(super) fn judge_kill(words: Words<'_>) -> Judgement {
    let mut at = 1;
    at += usize::from(words.is(at, &["hard", "soft"]));
    at += usize::from(words.is(at, &["connection", "query"]));
    at += usize::from(words.is(at, &["id"]));
    if words.kind(at) == Some(Kind::Number) && words.len() == at + 1 {
        return Judgement::needs_approval(Class::Kill, "ends the work of one session");
    }
    Judgement::deny(Class::Kill, "ends sessions without naming one by its number")
}

/// Settings that a model may propose to change: sizes, limits and times of the server, none of which opens a door.
const TUNING: &str = "back_log binlog_cache_size binlog_expire_logs_seconds bulk_insert_buffer_size connect_timeout expire_logs_days \
    innodb_adaptive_flushing innodb_adaptive_hash_index innodb_buffer_pool_dump_pct innodb_buffer_pool_size \
    innodb_change_buffering innodb_concurrency_tickets innodb_ddl_buffer_size innodb_ddl_threads \
    innodb_deadlock_detect innodb_flush_neighbors innodb_io_capacity innodb_io_capacity_max \
    innodb_lock_wait_timeout innodb_log_buffer_size innodb_log_file_size innodb_lru_scan_depth \
    innodb_max_dirty_pages_pct innodb_max_dirty_pages_pct_lwm innodb_max_purge_lag innodb_old_blocks_pct \
    innodb_old_blocks_time innodb_online_alter_log_max_size innodb_print_all_deadlocks innodb_purge_batch_size \
    innodb_purge_threads innodb_read_ahead_threshold innodb_redo_log_capacity innodb_sort_buffer_size \
    innodb_stats_auto_recalc innodb_stats_persistent_sample_pages innodb_stats_transient_sample_pages \
    innodb_sync_array_size innodb_thread_concurrency interactive_timeout join_buffer_size key_buffer_size \
    lock_wait_timeout log_queries_not_using_indexes log_slow_query log_slow_query_time long_query_time \
    max_allowed_packet max_binlog_cache_size max_connect_errors max_connections max_error_count \
    max_execution_time max_heap_table_size max_length_for_sort_data max_prepared_stmt_count \
    max_seeks_for_key max_sort_length max_statement_time max_user_connections min_examined_row_limit \
    myisam_sort_buffer_size net_read_timeout net_write_timeout optimizer_search_depth \
    optimizer_use_condition_selectivity preload_buffer_size query_cache_limit query_cache_size \
    range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size replica_parallel_workers \
    replica_pending_jobs_size_max rowid_merge_buff_size slave_parallel_threads slow_launch_time slow_query_log \
    sort_buffer_size stored_program_cache sync_binlog table_definition_cache table_open_cache \
    temptable_max_ram thread_cache_size thread_pool_max_threads thread_pool_size tmp_memory_table_size \
    tmp_table_size wait_timeout";

/// Settings that name files, libraries or programs, or hold SQL that the server runs by itself.
const PROGRAM_SETTINGS: &str = "authentication_ldap_simple_server_host basedir datadir general_log_file gtid_slave_pos \
    histogram_generation_max_mem_size init_connect init_file init_replica init_slave innodb_data_home_dir innodb_tmpdir \
    lc_messages_dir log_bin log_bin_basename log_bin_index log_error log_error_services log_output mandatory_roles \
    mysqlx_ssl_ca mysqlx_ssl_cert mysqlx_ssl_key pid_file plugin_dir plugin_load relay_log \
    replica_load_tmpdir secure_file_priv slave_load_tmpdir slow_query_log_file socket ssl_ca ssl_capath ssl_cert \
    ssl_cipher ssl_crl ssl_crlpath ssl_key sql_log_bin tmpdir wsrep_notify_cmd wsrep_provider \
    wsrep_provider_options wsrep_sst_auth wsrep_sst_donor wsrep_sst_method wsrep_sst_receive_address";

/// `SET GLOBAL name = value`, `SET PERSIST name = value`; every other SET changes our own session.
pub(super) fn judge_set(words: Words<'_>, context: Context<'_>) -> Judgement {
    if words.is(1, &["password", "role", "default"]) {
        return Judgement::deny(Class::Admin, "changes users or their rights");
    }
    if words.is(1, &["statement"]) {
        return Judgement::deny(Class::Resource, "SET STATEMENT runs a statement under other limits");
    }
    if (1..4).any(|i| words.is(i, &["transaction"])) {
        return Judgement::deny(Class::Transaction, "transactions are opened and ended by the program itself");
    }
    let (scope, name, value) = if words.is(1, &["global", "persist", "persist_only"]) {
        (words.at(1).to_ascii_lowercase(), words.identifier(2), 3)
    } else if let Some((scope, name)) = words.at(1).strip_prefix("@@").and_then(|v| v.split_once('.')) {
        (scope.to_ascii_lowercase(), Some(name.trim_matches('`').to_owned()), 2)
    } else {
        return Judgement::deny(Class::Session, "changes the state of the session");
    };
    let name = name.unwrap_or_default().to_ascii_lowercase();
    if !matches!(scope.as_str(), "global" | "persist" | "persist_only") {
        return Judgement::deny(Class::Session, "changes the state of the session");
    }
    let value = value + usize::from(words.at(value) == ":");
    let negative = usize::from(words.at(value + 1) == "-");
    let literal = words.at(value) == "="
        && matches!(words.kind(value + 1 + negative), Some(Kind::Number | Kind::Text | Kind::Word))
        && words.len() == value + 2 + negative;
    if !literal || name.is_empty() {
        return Judgement::deny(Class::Setting, "changes settings in a way that is not one name and one plain value");
    }
    if holds(PROGRAM_SETTINGS, &name) {
        return Judgement::deny(Class::File, format!("{name} names a file, a library or statements of the server"));
    }
    let reason = format!("changes {name} for the whole server");
    if scope == "global" && holds(TUNING, &name) {
        return Judgement::needs_approval(Class::Setting, reason);
    }
    only_a_person(context.author, Class::Setting, &reason)
}
