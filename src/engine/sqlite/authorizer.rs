//! What SQLite may compile on a connection of ours. SQLite asks this authorizer about every table, function and
//! pragma of a statement before it can run, so it is the server-side gate behind the guard: an allow-list, in which
//! what is not named is refused.

use super::fix::Power;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};
use std::sync::{Arc, Mutex, PoisonError};

/// Whose statement is being compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Door {
    /// Nobody's: nothing may be compiled.
    #[default]
    Shut,
    /// The frame around every statement: BEGIN and ROLLBACK.
    Frame,
    /// The first contact with the file's virtual tables: some modules (rtree) prepare the statements that would
    /// write their shadow tables as soon as they are connected to. None of them is run.
    VirtualTables,
    /// One of our own constant queries.
    Own,
    /// A statement that the guard allowed.
    Read,
    /// The frame around an approved act: its transaction and its savepoints.
    ActFrame,
    /// An approved act.
    Act(Power),
}

/// The authorizer's memory, shared with the thread that prepares statements.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    state: Arc<Mutex<GateState>>,
}

#[derive(Debug, Default)]
struct GateState {
    door: Door,
    refusal: Option<String>,
    asked_journal_mode: bool,
}

impl Gate {
    /// Opens a door and forgets what was seen at the one before.
    pub(super) fn open(&self, door: Door) {
        *self.lock() = GateState { door, ..GateState::default() };
    }

    /// Why the last statement was refused, as a sentence.
    pub(super) fn refusal(&self) -> Option<String> {
        self.lock().refusal.clone()
    }

    /// The statement asked for the journal mode, without setting it. SQLite does not count that as read-only, since
    /// the same instruction can also change the mode.
    pub(super) fn asked_journal_mode(&self) -> bool {
        self.lock().asked_journal_mode
    }

    /// SQLite's question, answered.
    pub(super) fn judge(&self, context: AuthContext<'_>) -> Authorization {
        let mut state = self.lock();
        if let AuthAction::Pragma { pragma_name: "journal_mode", pragma_value: None } = context.action {
            state.asked_journal_mode = true;
        }
        match refusal(state.door, &context) {
            None => Authorization::Allow,
            Some(reason) => {
                state.refusal.get_or_insert(reason);
                Authorization::Deny
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an action may not happen; `None` when it may.
fn refusal(door: Door, context: &AuthContext<'_>) -> Option<String> {
    if let Door::Act(power) = door {
        return super::fix::refusal(power, context);
    }
    let reads = matches!(door, Door::Own | Door::Read | Door::VirtualTables);
    match context.action {
        AuthAction::Insert { .. } | AuthAction::Update { .. } | AuthAction::Delete { .. }
            if door == Door::VirtualTables =>
        {
            None
        }
        AuthAction::Transaction { operation: TransactionOperation::Begin | TransactionOperation::Rollback }
            if door == Door::Frame =>
        {
            None
        }
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } if door == Door::ActFrame => None,
        AuthAction::Select | AuthAction::Recursive if reads => None,
        // Virtual tables can name other schemas' tables; `temp` is ours and stays empty.
        AuthAction::Read { table_name, .. } if reads => is_hidden_table(table_name)
            .then(|| format!("the table {table_name} shows raw pages or SQLite's own statements")),
        AuthAction::Function { function_name } if reads => {
            let allowed = is_pure_function(function_name) || (door == Door::Own && function_name.starts_with("dba_"));
            (!allowed).then(|| format!("the function {function_name} is not on the list of functions that only read"))
        }
        AuthAction::Pragma { pragma_name, pragma_value } if reads => pragma_refusal(pragma_name, pragma_value),
        action => Some(format!("{} is not a read", verb(&action))),
    }
}

/// Why a pragma may not be asked; `None` when it only tells.
pub(super) fn pragma_refusal(name: &str, value: Option<&str>) -> Option<String> {
    let name = name.to_ascii_lowercase();
    if PRAGMAS_ABOUT_AN_OBJECT.contains(&name.as_str()) {
        return None;
    }
    match (PRAGMAS_THAT_ONLY_TELL.contains(&name.as_str()), value) {
        (true, None) => None,
        (true, Some(_)) => Some(format!("PRAGMA {name} with a value sets something")),
        (false, _) => Some(format!("PRAGMA {name} is not on the list of pragmas that only read")),
    }
}

/// Pragmas whose argument names a table, an index, or how many errors to list. None of them changes anything.
const PRAGMAS_ABOUT_AN_OBJECT: &[&str] = &[
    "foreign_key_check",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Pragmas that tell something when they have no value and may set it when they have one. `mmap_size`, the heap
/// limits and the directories are left out even without a value: they belong to the whole process.
const PRAGMAS_THAT_ONLY_TELL: &[&str] = &[
    "application_id",
    "auto_vacuum",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cell_size_check",
    "collation_list",
    "compile_options",
    "data_version",
    "database_list",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "function_list",
    "journal_mode",
    "journal_size_limit",
    "locking_mode",
    "max_page_count",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "query_only",
    "recursive_triggers",
    "schema_version",
    "secure_delete",
    "synchronous",
    "temp_store",
    "user_version",
    "wal_autocheckpoint",
];

/// Virtual tables that read past the tables of the file.
const HIDDEN_TABLES: &[&str] = &["sqlite_dbpage", "sqlite_dbptr", "sqlite_stmt", "bytecode", "tables_used"];

/// A table that reads past the tables of the file.
pub(super) fn is_hidden_table(name: &str) -> bool {
    HIDDEN_TABLES.contains(&name)
}

/// A built-in function without effects outside its result, by its name as SQLite knows it.
pub(super) fn is_pure_function(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PURE_FUNCTIONS.iter().any(|family| family.contains(&name.as_str()))
}

/// Built-in functions by family. Left out on purpose: `load_extension` (runs foreign code), `fts3_tokenizer` (takes
/// a pointer), `sqlite_log` (writes to the process's log), `optimize` and `rtreecheck` (run statements of their own),
/// `sqlite_offset` (tells places in the file).
const PURE_FUNCTIONS: &[&[&str]] = &[
    // Values and text.
    &["abs", "char", "coalesce", "concat", "concat_ws", "format", "glob", "hex", "if", "ifnull", "iif", "instr"],
    &["length", "like", "likelihood", "likely", "lower", "ltrim", "max", "min", "nullif", "octet_length", "printf"],
    &[
        "quote",
        "random",
        "randomblob",
        "replace",
        "round",
        "rtrim",
        "sign",
        "soundex",
        "substr",
        "substring",
        "subtype",
    ],
    &["trim", "typeof", "unhex", "unicode", "unistr", "unistr_quote", "unlikely", "upper", "zeroblob"],
    // About the connection; ours never changes anything.
    &["changes", "last_insert_rowid", "sqlite_compileoption_get", "sqlite_compileoption_used", "sqlite_source_id"],
    &["sqlite_version", "total_changes"],
    // Aggregates and windows.
    &["avg", "count", "group_concat", "median", "percentile", "percentile_cont", "percentile_disc", "string_agg"],
    &["sum", "total", "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile"],
    &["percent_rank", "rank", "row_number"],
    // Dates.
    &["current_date", "current_time", "current_timestamp", "date", "datetime", "julianday", "strftime", "time"],
    &["timediff", "unixepoch"],
    // Mathematics.
    &["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp"],
    &["floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan"],
    &["tanh", "trunc"],
    // JSON.
    &["->", "->>", "json", "json_array", "json_array_length", "json_error_position", "json_extract"],
    &["json_group_array", "json_group_object", "json_insert", "json_object", "json_patch", "json_pretty", "json_quote"],
    &["json_remove", "json_replace", "json_set", "json_type", "json_valid", "jsonb", "jsonb_array", "jsonb_extract"],
    &["jsonb_group_array", "jsonb_group_object", "jsonb_insert", "jsonb_object", "jsonb_patch", "jsonb_remove"],
    &["jsonb_replace", "jsonb_set"],
    // Full text.
    &["bm25", "fts5_get_locale", "fts5_locale", "highlight", "match", "matchinfo", "offsets", "snippet"],
];

/// An action in the words of the statement that would do it.
pub(super) fn verb(action: &AuthAction<'_>) -> String {
    match *action {
        AuthAction::Attach { .. } => "ATTACH".into(),
        AuthAction::Detach { .. } => "DETACH".into(),
        AuthAction::Insert { table_name } => format!("writing to {table_name}"),
        AuthAction::Update { table_name, .. } => format!("changing {table_name}"),
        AuthAction::Delete { table_name } => format!("deleting from {table_name}"),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => "transaction control".into(),
        AuthAction::Reindex { .. } => "REINDEX".into(),
        AuthAction::Analyze { .. } => "ANALYZE".into(),
        AuthAction::Pragma { pragma_name, .. } => format!("PRAGMA {pragma_name}"),
        AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => "creating a temporary object".into(),
        AuthAction::CreateIndex { .. }
        | AuthAction::CreateTable { .. }
        | AuthAction::CreateTrigger { .. }
        | AuthAction::CreateView { .. }
        | AuthAction::CreateVtable { .. } => "creating an object".into(),
        AuthAction::DropIndex { .. }
        | AuthAction::DropTable { .. }
        | AuthAction::DropTempIndex { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::DropTempTrigger { .. }
        | AuthAction::DropTempView { .. }
        | AuthAction::DropTrigger { .. }
        | AuthAction::DropView { .. }
        | AuthAction::DropVtable { .. } => "dropping an object".into(),
        AuthAction::AlterTable { .. } => "ALTER TABLE".into(),
        _ => "this".into(),
    }
}

/// A second opinion on the statement's first word. Some statements (REINDEX on a file without indexes) do nothing
/// that SQLite would ask an authorizer about.
pub(super) fn begins_like_a_read(statement: &str) -> bool {
    let word = first_word(statement).to_ascii_uppercase();
    matches!(word.as_str(), "SELECT" | "WITH" | "VALUES" | "EXPLAIN" | "PRAGMA")
}

/// The first run of letters behind blanks and comments.
fn first_word(statement: &str) -> &str {
    let mut rest = statement.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            return &rest[..end];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_found_behind_comments() {
        for (statement, word) in [
            ("select 1", "select"),
            ("  -- a note\n/* and /* one more */ VALUES(1)", "VALUES"),
            ("\u{feff}PRAGMA page_count", "PRAGMA"),
            ("-- only a note", ""),
            ("/* never closed SELECT", ""),
            ("(SELECT 1)", ""),
            ("", ""),
        ] {
            assert_eq!(first_word(statement), word, "{statement:?}");
        }
        assert!(begins_like_a_read("eXplain query plan select 1"));
        assert!(!begins_like_a_read("REINDEX"));
    }

    #[test]
    fn a_pragma_may_tell_but_not_set() {
        assert_eq!(pragma_refusal("page_count", None), None);
        assert_eq!(pragma_refusal("TABLE_INFO", Some("orders")), None);
        for (name, value) in [
            ("journal_mode", Some("wal")),
            ("hard_heap_limit", None),
            ("soft_heap_limit", Some("1")),
            ("mmap_size", None),
            ("temp_store_directory", Some("/tmp")),
            ("wal_checkpoint", None),
            ("optimize", None),
            ("never_heard_of", None),
        ] {
            assert!(pragma_refusal(name, value).is_some(), "{name}");
        }
    }

    #[test]
    fn functions_with_effects_are_not_on_the_list() {
        for name in ["load_extension", "fts3_tokenizer", "sqlite_log", "writefile", "readfile", "edit", "dba_wal_bytes"]
        {
            assert!(!is_pure_function(name), "{name}");
        }
        assert!(is_pure_function("COUNT") && is_pure_function("json_extract"));
    }
}
