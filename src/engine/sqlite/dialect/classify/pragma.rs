//! PRAGMA, read by hand: which ones report, and in which form. Some settings are those of the whole process, so one
//! careless PRAGMA on a stranger's file would break our own store.

use crate::domain::guard::{Class, Judgement};
use crate::engine::sql::lexer::Kind;
use crate::engine::sql::list::holds;
use crate::engine::sql::words::Words;

/// Pragmas that report on the object that they are given, or on everything.
const ABOUT: &str = "foreign_key_check foreign_key_list index_info index_list index_xinfo integrity_check quick_check table_info \
    table_list table_xinfo";

/// Pragmas that report when they are given nothing. Given a value, they would set it.
const BARE: &str = "application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill cell_size_check \
    checkpoint_fullfsync collation_list compile_options data_version database_list defer_foreign_keys encoding \
    foreign_keys freelist_count fullfsync function_list journal_mode journal_size_limit locking_mode \
    max_page_count mmap_size module_list page_count page_size pragma_list query_only read_uncommitted \
    recursive_triggers reverse_unordered_selects schema_version secure_delete stats synchronous temp_store \
    threads trusted_schema user_version wal_autocheckpoint writable_schema";

/// True when `pragma_NAME` is a table that only reports.
pub(super) fn reports_as_table(name: &str) -> bool {
    holds(ABOUT, name) || holds(BARE, name)
}

/// True when `pragma_NAME(...)` takes an argument that is the object to report on.
pub(super) fn takes_an_object(name: &str) -> bool {
    holds(ABOUT, name)
}

/// Judges `PRAGMA ...`, its first word included.
pub(super) fn judge(words: Words<'_>) -> Judgement {
    let mut at = 1;
    if words.at(at + 1) == "." {
        at += 2;
    }
    let Some(name) = words.name(at).filter(|_| words.kind(at) == Some(Kind::Word)) else {
        return Judgement::deny(Class::Unparsed, "a PRAGMA without a plain name");
    };
    let argument = words.skip(at + 1);
    if argument.len() == 0 {
        return if reports_as_table(&name) {
            Judgement::allow(Class::Read, "reports")
        } else {
            Judgement::deny(Class::Setting, format!("PRAGMA {name} is not known to only report"))
        };
    }
    let value = match argument.at(0) {
        "=" if argument.len() == 2 => Some(1),
        "(" if argument.len() == 3 && argument.at(2) == ")" => Some(1),
        _ => None,
    };
    let plain = value.is_some_and(|index| {
        matches!(argument.kind(index), Some(Kind::Word | Kind::QuotedName | Kind::Text | Kind::Number))
    });
    if plain && holds(ABOUT, &name) {
        return Judgement::allow(Class::Read, "reports on one object");
    }
    Judgement::deny(Class::Setting, format!("PRAGMA {name} with a value changes a setting"))
}
