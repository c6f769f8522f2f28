//! The functions of SQLite that only read or compute, those known to do more, and the tables that are not data.

use crate::domain::guard::Class;
use crate::engine::sql::list::holds;

const CORE: &str = "abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length \
    like likelihood likely lower ltrim max min nullif octet_length printf quote random randomblob replace round rtrim \
    sign soundex sqlite_compileoption_get sqlite_compileoption_used sqlite_offset sqlite_source_id sqlite_version \
    substr substring subtype total_changes trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob cast";

const DATES: &str =
    "current_date current_time current_timestamp date datetime julianday strftime time timediff unixepoch";

const AGGREGATES: &str = "avg count group_concat median percentile percentile_cont percentile_disc string_agg sum total \
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number";

const MATH: &str = "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi \
    pow power radians sin sinh sqrt tan tanh trunc";

const JSON: &str = "json json_array json_array_insert json_array_length json_each json_error_position json_extract \
    json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote json_remove \
    json_replace json_set json_tree json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_each \
    jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove \
    jsonb_replace jsonb_set jsonb_tree";

const SEARCH: &str = "bm25 highlight matchinfo offsets snippet rtreedepth rtreenode geopoly_area geopoly_bbox geopoly_blob \
    geopoly_contains_point geopoly_json geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform";

const TABLES: &str = "generate_series";

const GROUPS: &[&str] = &[CORE, DATES, AGGREGATES, MATH, JSON, SEARCH, TABLES];

/// Functions that a shell, an extension or a compile option may add and that do more than read.
const ACTING: &[(&str, Class, &str)] = &[
    ("load_extension", Class::File, "loads a library into this program"),
    ("fts3_tokenizer", Class::File, "calls code at an address"),
    ("readfile", Class::File, "reads a file"),
    ("writefile", Class::File, "writes a file"),
    ("edit", Class::File, "starts a program"),
    ("fsdir", Class::File, "lists files"),
    ("zipfile", Class::File, "reads files"),
    ("lsmode", Class::File, "lists files"),
    ("sqlar_compress", Class::File, "works on archives"),
    ("sqlar_uncompress", Class::File, "works on archives"),
    ("sha3_query", Class::Unparsed, "runs SQL that is hidden in a text"),
    ("sha1_query", Class::Unparsed, "runs SQL that is hidden in a text"),
    ("eval", Class::Unparsed, "runs SQL that is hidden in a text"),
    ("optimize", Class::Maintenance, "rewrites a full-text index"),
    ("sqlite_log", Class::Admin, "writes to the program's error log"),
    ("sqlite_rename_column", Class::Ddl, "is a tool of ALTER TABLE"),
    ("sqlite_rename_table", Class::Ddl, "is a tool of ALTER TABLE"),
];

/// Tables that are not data: raw pages of the file, or files beside it.
const FORBIDDEN_TABLES: &[(&str, &str)] = &[
    ("sqlite_dbpage", "gives raw pages of the file"),
    ("sqlite_dbdata", "gives raw pages of the file"),
    ("sqlite_dbptr", "gives raw pages of the file"),
    ("sqlite_memstat", "gives the memory of this program"),
    ("fsdir", "lists files"),
    ("zipfile", "reads files"),
    ("csv", "reads files"),
    ("vtablog", "writes to the terminal"),
];

/// True for a function that only reads or computes.
pub(super) fn reads(name: &str) -> bool {
    GROUPS.iter().any(|group| holds(group, name))
}

/// What a function does, when it is known to do more.
pub(super) fn acts(name: &str) -> Option<(Class, &'static str)> {
    ACTING.iter().find(|(known, ..)| *known == name).map(|(_, class, what)| (*class, *what))
}

/// Why a table is not to be read.
pub(super) fn forbidden_table(name: &str) -> Option<&'static str> {
    FORBIDDEN_TABLES.iter().find(|(known, _)| *known == name).map(|(_, what)| *what)
}
