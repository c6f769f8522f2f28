//! Functions of MySQL 5.7 to 9 and of MariaDB 10.6 to 11 that only read or compute, by the chapters of the manuals.
//!
//! Left out on purpose: what waits, locks, reads files, advances a sequence or changes the session (`acting`), and
//! functions of components and plugins, which are nobody's built-ins.

use std::collections::HashSet;
use std::sync::LazyLock;

const CONTROL: &str = "coalesce decode_oracle elt field greatest if ifnull interval isnull least nullif nvl nvl2 row strcmp \
    default values";

const MATH: &str = "abs acos asin atan atan2 ceil ceiling conv cos cot crc32 crc32c degrees div exp floor format ln log log10 \
    log2 mod pi pow power radians rand round sign sin sqrt tan truncate bit_count";

const TEXT: &str = "ascii bin bit_length char char_length character_length chr concat concat_operator_oracle concat_ws \
    export_set find_in_set format_bytes format_pico_time from_base64 hex insert instr lcase left length lengthb \
    like locate lower lpad ltrim make_set mid natural_sort_key oct octet_length ord position quote regexp_instr \
    regexp_like regexp_replace regexp_substr repeat replace reverse right rpad rtrim sformat soundex space strcmp \
    substr substring substring_index to_base64 to_char trim ucase unhex upper weight_string";

const DATE: &str = "adddate addtime add_months convert_tz curdate current_date current_time current_timestamp curtime date \
    date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear extract from_days \
    from_unixtime get_format hour last_day localtime localtimestamp makedate maketime microsecond minute month \
    monthname now period_add period_diff quarter sec_to_time second str_to_date subdate subtime sysdate time \
    time_format time_to_sec timediff timestamp timestampadd timestampdiff to_date to_days to_seconds trunc \
    unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek months_between";

const CONVERSION: &str = "binary cast convert charset coercibility collation";

const AGGREGATE: &str = "any_value avg bit_and bit_or bit_xor count group_concat json_arrayagg json_objectagg max median min \
    percentile_cont percentile_disc st_collect std stddev stddev_pop stddev_samp sum var_pop var_samp variance \
    grouping";

const WINDOW: &str =
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number";

const JSON: &str = "json_array json_array_append json_array_insert json_array_intersect json_compact json_contains \
    json_contains_path json_depth json_detailed json_equals json_exists json_extract json_insert json_key_value \
    json_keys json_length json_loose json_merge json_merge_patch json_merge_preserve json_normalize json_object \
    json_object_filter_keys json_object_to_array json_overlaps json_pretty json_query json_quote json_remove \
    json_replace json_schema_valid json_schema_validation_report json_search json_set json_storage_free \
    json_storage_size json_table json_type json_unquote json_valid json_value member_of";

const XML: &str = "extractvalue updatexml";

const CRYPT: &str = "aes_decrypt aes_encrypt compress crc32 decode des_decrypt des_encrypt encode encrypt \
    md5 old_password password random_bytes sha sha1 \
    sha2 statement_digest statement_digest_text uncompress uncompressed_length validate_password_strength";

const NETWORK: &str = "bin_to_uuid inet6_aton inet6_ntoa inet_aton inet_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 \
    is_uuid sys_guid uuid uuid_short uuid_to_bin uuid_v4 uuid_v7";

const SESSION: &str = "connection_id current_role current_user database found_rows icu_version last_insert_id lastval \
    ps_current_thread_id ps_thread_id row_count schema session_user system_user user version \
    roles_graphml rownum binlog_gtid_pos";

/// Whether a named lock is taken, and by whom: told without taking it.
const LOCKS: &str = "is_free_lock is_used_lock";

const REPLICATION: &str = "gtid_subset gtid_subtract group_replication_get_communication_protocol \
    group_replication_get_write_concurrency wsrep_last_seen_gtid wsrep_last_written_gtid";

const VECTOR: &str = "distance from_vector string_to_vector to_vector vec_distance vec_distance_cosine \
    vec_distance_euclidean vec_fromtext vec_totext vector_dim vector_to_string";

const DYNAMIC_COLUMNS: &str =
    "column_add column_check column_create column_delete column_exists column_get column_json column_list";

const GEOMETRY: &str = "geometrycollection linestring mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequal mbrequals \
    mbrintersects mbroverlaps mbrtouches mbrwithin multilinestring multipoint multipolygon point polygon area asbinary \
    astext aswkb aswkt boundary buffer centroid contains convexhull crosses dimension disjoint endpoint envelope equals \
    exteriorring geomcollfromtext geomcollfromwkb geometrycollectionfromtext geometrycollectionfromwkb \
    geometryfromtext geometryfromwkb geometryn geometrytype geomfromtext geomfromwkb glength interiorringn \
    intersects isclosed isempty isring issimple linefromtext linefromwkb linestringfromtext linestringfromwkb \
    mlinefromtext mlinefromwkb mpointfromtext mpointfromwkb mpolyfromtext mpolyfromwkb multilinestringfromtext \
    multilinestringfromwkb multipointfromtext multipointfromwkb multipolygonfromtext multipolygonfromwkb \
    numgeometries numinteriorrings numpoints overlaps pointfromtext pointfromwkb pointn pointonsurface \
    polyfromtext polyfromwkb polygonfromtext polygonfromwkb srid startpoint touches within x y";

/// What follows `st_` in the names of the spatial standard.
const SPATIAL: &str = "area asbinary asgeojson astext aswkb aswkt boundary buffer buffer_strategy centroid collect contains \
    convexhull crosses difference dimension disjoint distance distance_sphere endpoint envelope equals exteriorring \
    frechetdistance geohash geomcollfromtext geomcollfromtxt geomcollfromwkb geometrycollectionfromtext \
    geometrycollectionfromwkb geometryfromtext geometryfromwkb geometryn geometrytype geomfromgeojson geomfromtext \
    geomfromwkb hausdorffdistance interiorringn intersection intersects isclosed isempty isring issimple isvalid \
    latfromgeohash latitude length linefromtext linefromwkb lineinterpolatepoint lineinterpolatepoints \
    linestringfromtext linestringfromwkb longfromgeohash longitude makeenvelope mlinefromtext mlinefromwkb \
    mpointfromtext mpointfromwkb mpolyfromtext mpolyfromwkb multilinestringfromtext multilinestringfromwkb \
    multipointfromtext multipointfromwkb multipolygonfromtext multipolygonfromwkb numgeometries numinteriorring \
    numinteriorrings numpoints overlaps pointatdistance pointfromgeohash pointfromtext pointfromwkb pointn \
    pointonsurface polyfromtext polyfromwkb polygonfromtext polygonfromwkb relate simplify srid startpoint \
    swapxy symdifference touches transform union validate within x y";

const GROUPS: &[&str] = &[
    CONTROL,
    MATH,
    TEXT,
    DATE,
    CONVERSION,
    AGGREGATE,
    WINDOW,
    JSON,
    XML,
    CRYPT,
    NETWORK,
    SESSION,
    LOCKS,
    REPLICATION,
    VECTOR,
    DYNAMIC_COLUMNS,
    GEOMETRY,
];

/// Names that the server's lexer takes for its own function only when the bracket follows at once; with a blank
/// between, or in quotes, it looks for a stored function of that name.
const TOUCHING: &str = "adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat \
    json_arrayagg json_objectagg max mid min now position session_user st_collect std stddev stddev_pop stddev_samp \
    subdate substr substring sum sysdate system_user trim var_pop var_samp variance";

/// Words of the grammar that are functions nevertheless: in quotes they are names, for which the server looks among
/// the stored functions (*measured* name by name on MariaDB 10.11 and MySQL 9.7; either of them counts).
const WORDS: &str = "ascii avg binary char charset coalesce collation column_add column_create column_delete column_get contains \
    convert cume_dist current_date current_role current_time current_timestamp current_user database date day \
    default dense_rank div first_value format geometrycollection get_format grouping hour if insert interval \
    json_table json_value lag last_value lastval lead left like linestring localtime localtimestamp median \
    microsecond minute mod month multilinestring multipoint multipolygon nth_value ntile password percent_rank \
    percentile_cont percentile_disc point polygon quarter rank repeat replace right row row_count row_number \
    rownum schema second srid time timestamp timestampadd timestampdiff truncate user utc_date utc_time \
    utc_timestamp values week weight_string year";

/// Functions of the `sys` schema that format or look up, and nothing else.
const SYS: &str = "extract_schema_from_file_name extract_table_from_file_name format_bytes format_path format_statement \
    format_time list_add list_drop ps_is_account_enabled ps_is_consumer_enabled ps_is_instrument_default_enabled \
    ps_is_instrument_default_timed ps_is_thread_instrumented ps_thread_account ps_thread_id ps_thread_stack \
    ps_thread_trx_info quote_identifier sys_get_config version_major version_minor version_patch";

static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| names().collect());

/// Every name on the list, those of the spatial standard without their prefix left out.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().flat_map(|group| group.split_ascii_whitespace())
}

/// True for a built-in, in lower case, that only reads or computes.
pub(super) fn contains(name: &str) -> bool {
    let spatial = |rest: &str| SPATIAL.split_ascii_whitespace().any(|known| known == rest);
    ALL.contains(name) || name.strip_prefix("st_").is_some_and(spatial)
}

/// True for a name that means the built-in only when its bracket touches it.
pub(super) fn must_touch(name: &str) -> bool {
    TOUCHING.split_ascii_whitespace().any(|known| known == name)
}

/// True for a name that means the built-in only without quotes.
pub(super) fn is_word(name: &str) -> bool {
    WORDS.split_ascii_whitespace().any(|known| known == name)
}

/// True for a function of the `sys` schema that only reads.
pub(super) fn in_sys(name: &str) -> bool {
    SYS.split_ascii_whitespace().any(|known| known == name)
}
