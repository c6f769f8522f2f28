//! Functions of `pg_catalog` that only read or compute, by the chapters of the manual (chapter 9), PostgreSQL 12 to 18,
//! plus the names that the grammar treats as functions.
//!
//! Left out on purpose: functions that take an internal argument, and functions that take the name of a type or of SQL
//! as text. What stands behind operators and casts is in `behind`.

use std::collections::HashSet;
use std::sync::LazyLock;

const MATH: &str = "abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh \
    cot cotd degrees div erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10 min_scale mod numeric_inc pi pow \
    power radians random random_normal round scale sign sin sind sinh sqrt tan tand tanh trim_scale trunc width_bucket";

const TEXT: &str = "array_to_string ascii bit_count bit_length btrim casefold char_length character_length chr concat \
    concat_ws convert convert_from convert_to crc32 crc32c decode encode format get_bit get_byte initcap \
    is_normalized left length like like_escape lower lpad ltrim md5 normalize notlike octet_length overlay parse_ident \
    pg_client_encoding position quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like \
    regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat \
    replace reverse right rpad rtrim set_bit set_byte sha224 sha256 sha384 sha512 similar_escape similar_to_escape \
    split_part starts_with string_to_array string_to_table strpos substr substring to_ascii to_bin to_hex to_oct \
    translate trim unicode_assigned unicode_version icu_unicode_version unistr upper";

const CONVERSION: &str = "to_char to_date to_number to_timestamp abbrev bit bool bpchar bytea char cidr date float4 \
    float8 inet int2 int4 int8 interval json jsonb money name numeric oid text time timestamp timestamptz timetz \
    varbit varchar xid xml macaddr macaddr8 regclass pg_lsn uuid";

const DATE: &str = "age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite \
    justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz now \
    overlaps statement_timestamp timeofday timezone transaction_timestamp current_date current_time current_timestamp \
    localtime localtimestamp";

const GEOMETRY: &str = "area bound_box box center circle diagonal diameter height isclosed ishorizontal isopen \
    isparallel isperp isvertical length line lseg npoints path pclose point polygon popen radius slope width";

const NETWORK: &str = "broadcast family host hostmask inet_merge inet_same_family masklen netmask network set_masklen \
    macaddr8_set7bit";

const SEARCH: &str = "array_to_tsvector get_current_ts_config json_to_tsvector jsonb_to_tsvector numnode \
    phraseto_tsquery plainto_tsquery querytree setweight strip to_tsquery to_tsvector ts_debug ts_delete ts_filter \
    ts_headline ts_lexize ts_parse ts_rank ts_rank_cd ts_token_type tsquery_phrase tsvector_to_array \
    websearch_to_tsquery";

const UUID: &str = "gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version";

const XML: &str = "xmlagg xmlcomment xmlconcat xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize \
    xmltable xmltext xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xpath xpath_exists \
    xmlattributes xmlnamespaces";

const JSON: &str = "array_to_json json_agg json_agg_strict json_array json_array_element json_array_element_text \
    json_array_elements json_array_elements_text json_array_length json_arrayagg json_build_array json_build_object \
    json_each json_each_text json_exists json_extract_path json_extract_path_text json_object json_object_agg \
    json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict json_object_keys json_objectagg \
    json_populate_record json_populate_recordset json_query json_scalar json_serialize json_strip_nulls json_table \
    json_to_record json_to_recordset json_typeof json_value jsonb_agg jsonb_agg_strict jsonb_array_element \
    jsonb_array_element_text jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array \
    jsonb_build_object jsonb_concat jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path jsonb_each \
    jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text \
    jsonb_insert jsonb_object jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique \
    jsonb_object_agg_unique_strict jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match \
    jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first \
    jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty \
    jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json \
    to_jsonb";

const ARRAY: &str = "array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position \
    array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort \
    array_upper arraycontained arraycontains arrayoverlap cardinality generate_subscripts trim_array unnest enum_first \
    enum_last enum_range";

const RANGE: &str = "datemultirange daterange int4multirange int4range int8multirange int8range isempty lower_inc \
    lower_inf multirange nummultirange numrange range_adjacent range_contained_by range_contains range_merge \
    range_overlaps tsmultirange tsrange tstzmultirange tstzrange upper_inc upper_inf";

const AGGREGATE: &str = "any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop \
    covar_samp every grouping max min mode percentile_cont percentile_disc range_agg range_intersect_agg regr_avgx \
    regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp \
    string_agg sum var_pop var_samp variance";

const WINDOW: &str =
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number";

const COMPARISON: &str = "coalesce greatest least nullif num_nonnulls num_nulls generate_series row pg_typeof hash_array \
    hash_record hashbpchar hashchar hashenum hashfloat4 hashfloat8 hashinet hashint2 hashint4 hashint8 hashname hashoid \
    hashtext satisfies_hash_partition";

const SESSION: &str = "current_catalog current_database current_query current_role current_schema current_schemas \
    current_setting current_user currval getdatabaseencoding getpgusername inet_client_addr inet_client_port \
    inet_server_addr inet_server_port lastval pg_backend_pid pg_blocking_pids pg_conf_load_time pg_current_logfile \
    pg_get_loaded_modules pg_is_other_temp_schema pg_jit_available pg_listening_channels pg_my_temp_schema \
    pg_notification_queue_usage pg_numa_available pg_postmaster_start_time pg_safe_snapshot_blocking_pids \
    pg_settings_get_flags pg_show_all_settings pg_trigger_depth session_user system_user user version";

const PRIVILEGE: &str = "acldefault aclexplode has_any_column_privilege has_column_privilege has_database_privilege \
    has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_largeobject_privilege \
    has_parameter_privilege has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege \
    has_tablespace_privilege has_type_privilege makeaclitem pg_get_acl pg_has_role row_security_active";

const CATALOG: &str = "col_description format_type obj_description shobj_description pg_basetype pg_char_to_encoding \
    pg_collation_actual_version pg_collation_for pg_collation_is_visible pg_column_compression pg_column_is_updatable \
    pg_column_size pg_column_toast_chunk_id pg_config pg_control_checkpoint pg_control_init pg_control_recovery \
    pg_control_system pg_conversion_is_visible pg_cursor pg_database_collation_actual_version pg_describe_object \
    pg_encoding_max_length pg_encoding_to_char pg_extension_update_paths pg_available_extensions \
    pg_available_extension_versions pg_filenode_relation pg_function_is_visible pg_get_catalog_foreign_keys \
    pg_get_constraintdef pg_get_expr pg_get_function_arg_default pg_get_function_arguments \
    pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody pg_get_functiondef \
    pg_get_indexdef pg_get_keywords pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef \
    pg_get_publication_tables pg_get_replica_identity_index pg_get_ruledef pg_get_serial_sequence \
    pg_get_sequence_data pg_get_statisticsobjdef pg_get_statisticsobjdef_columns \
    pg_get_statisticsobjdef_expressions pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_identify_object \
    pg_identify_object_as_address pg_index_column_has_property pg_index_has_property pg_indexam_has_property \
    pg_indexam_progress_phasename pg_mcv_list_items pg_opclass_is_visible pg_operator_is_visible \
    pg_opfamily_is_visible pg_options_to_table pg_partition_ancestors pg_partition_root pg_partition_tree \
    pg_prepared_statement pg_prepared_xact pg_relation_filenode pg_relation_filepath pg_relation_is_publishable \
    pg_relation_is_updatable pg_sequence_last_value pg_sequence_parameters pg_statistics_obj_is_visible \
    pg_table_is_visible pg_tablespace_databases pg_tablespace_location pg_timezone_abbrevs pg_timezone_names \
    pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible \
    pg_type_is_visible to_regclass to_regcollation to_regdatabase to_regnamespace to_regoper to_regoperator to_regproc \
    to_regprocedure to_regrole to_regtype to_regtypemod amvalidate oidvectortypes";

const SIZE: &str = "pg_database_size pg_indexes_size pg_relation_size pg_size_bytes pg_size_pretty pg_table_size \
    pg_tablespace_size pg_total_relation_size";

const SERVER: &str = "mxid_age pg_current_snapshot pg_current_wal_flush_lsn pg_current_wal_insert_lsn \
    pg_current_wal_lsn pg_current_xact_id_if_assigned pg_get_aios pg_get_backend_memory_contexts \
    pg_get_multixact_members pg_get_replication_slots pg_get_shmem_allocations pg_get_shmem_allocations_numa \
    pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state \
    pg_available_wal_summaries pg_wal_summary_contents pg_is_in_recovery pg_is_wal_replay_paused pg_last_committed_xact \
    pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status \
    pg_replication_origin_oid pg_replication_origin_progress pg_show_replication_origin_status pg_snapshot_xip \
    pg_snapshot_xmax pg_snapshot_xmin pg_split_walfile_name pg_visible_in_snapshot pg_wal_lsn_diff pg_walfile_name \
    pg_walfile_name_offset pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_xact_status \
    txid_current_if_assigned txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin txid_status \
    txid_visible_in_snapshot";

const GROUPS: &[&str] = &[
    MATH, TEXT, CONVERSION, DATE, GEOMETRY, NETWORK, SEARCH, UUID, XML, JSON, ARRAY, RANGE, AGGREGATE, WINDOW,
    COMPARISON, SESSION, PRIVILEGE, CATALOG, SIZE, SERVER,
];

/// Readers whose result is a row: of them `(f(x)).name` is a column.
const ROWS: &str = "aclexplode json_each json_each_text json_populate_record json_populate_recordset json_to_record \
    json_to_recordset jsonb_each jsonb_each_text jsonb_populate_record jsonb_populate_recordset jsonb_to_record \
    jsonb_to_recordset pg_available_extension_versions pg_available_extensions pg_config pg_control_checkpoint \
    pg_control_init pg_control_recovery pg_control_system pg_cursor pg_extension_update_paths \
    pg_get_backend_memory_contexts pg_get_catalog_foreign_keys pg_get_keywords pg_get_multixact_members \
    pg_get_object_address pg_get_publication_tables pg_get_replication_slots pg_get_sequence_data \
    pg_get_shmem_allocations pg_get_wait_events pg_get_wal_resource_managers pg_identify_object \
    pg_identify_object_as_address pg_last_committed_xact pg_lock_status pg_mcv_list_items pg_options_to_table \
    pg_partition_tree pg_prepared_statement pg_prepared_xact pg_sequence_parameters pg_show_all_settings \
    pg_show_replication_origin_status pg_split_walfile_name pg_timezone_abbrevs pg_timezone_names \
    pg_walfile_name_offset pg_xact_commit_timestamp_origin ts_debug ts_parse ts_token_type unnest";

static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| names().collect());
static ROWED: LazyLock<HashSet<&str>> = LazyLock::new(|| ROWS.split_whitespace().collect());

/// Every name on the list.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().chain(super::behind::GROUPS).flat_map(|group| group.split_whitespace())
}

/// True for a function that only reads or computes.
///
/// The counters of the statistics collector grow with every version and none of them does anything but report.
pub(super) fn contains(name: &str) -> bool {
    ALL.contains(name) || name.starts_with("pg_stat_get_") || name == "pg_stat_have_stats"
}

/// True when the result is a row.
pub(super) fn returns_row(name: &str) -> bool {
    ROWED.contains(name) || name.starts_with("pg_stat_get_")
}
