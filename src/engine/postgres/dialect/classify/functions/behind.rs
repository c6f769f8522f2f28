//! Functions of `pg_catalog` that stand behind operators, casts, aggregates and index methods, and can be called by name.
//!
//! They are those that PostgreSQL 15 to 18 call IMMUTABLE and write in C inside the server itself, without an argument
//! that SQL cannot make (`internal`): such a function sees its arguments and nothing else. Members of the same families
//! that are STABLE, because they look at the time zone or at a name in the catalogue, are here as well. A test holds the
//! list against real servers.

/// Behind hash joins and hash indexes.
const HASHING: &str = "hash_aclitem hash_aclitem_extended hash_array_extended hash_multirange hash_multirange_extended hash_numeric \
    hash_numeric_extended hash_range hash_range_extended hash_record_extended hashbool hashboolextended \
    hashbpcharextended hashbytea hashbyteaextended hashcharextended hashcid hashcidextended hashdate \
    hashdateextended hashenumextended hashfloat4extended hashfloat8extended hashinetextended hashint2extended \
    hashint4extended hashint8extended hashmacaddr hashmacaddr8 hashmacaddr8extended hashmacaddrextended \
    hashnameextended hashoidextended hashoidvector hashoidvectorextended hashtextextended hashtid hashtidextended \
    hashxid hashxid8 hashxid8extended hashxidextended interval_hash interval_hash_extended jsonb_hash \
    jsonb_hash_extended pg_lsn_hash pg_lsn_hash_extended time_hash time_hash_extended timestamp_hash \
    timestamp_hash_extended timestamptz_hash timestamptz_hash_extended timetz_hash timetz_hash_extended uuid_hash \
    uuid_hash_extended";

/// Between a value and its text or binary form, and the modifiers of types. Not those that take the type as an argument and may then
/// run the checks of a domain: `array_in`, `domain_in`, `multirange_in`, `range_in`, `record_in`.
const TEXT_FORMS: &str = "aclitemin aclitemout any_in any_out anyarray_in anyarray_send anycompatible_in anycompatible_out \
    anycompatiblearray_in anycompatiblenonarray_in anycompatiblenonarray_out anyelement_in anyelement_out anyenum_in \
    anynonarray_in anynonarray_out array_out array_send bit_in bit_out bit_send bittypmodin bittypmodout boolin \
    boolout boolsend box_in box_out box_send bpcharin bpcharout bpcharsend bpchartypmodin bpchartypmodout \
    brin_bloom_summary_in brin_bloom_summary_out brin_minmax_multi_summary_in brin_minmax_multi_summary_out byteain \
    byteaout byteasend cash_in cash_out cash_send charin charout charsend cidin cidout cidr_in cidr_out cidr_send \
    cidsend circle_in circle_out circle_send cstring_in cstring_out cstring_send date_in date_out date_send enum_in \
    enum_out enum_send event_trigger_in event_trigger_out fdw_handler_in fdw_handler_out float4in float4out \
    float4send float8in float8out float8send gtsvectorin gtsvectorout index_am_handler_in index_am_handler_out \
    inet_in inet_out inet_send int2in int2out int2send int2vectorin int2vectorout int2vectorsend int4in int4out \
    int4send int8in int8out int8send interval_in interval_out interval_send intervaltypmodin \
    intervaltypmodout json_in json_out json_send jsonb_in jsonb_out jsonb_send jsonpath_in jsonpath_out \
    jsonpath_send language_handler_in language_handler_out line_in line_out line_send lseg_in lseg_out lseg_send \
    macaddr8_in macaddr8_out macaddr8_send macaddr_in macaddr_out macaddr_send multirange_out multirange_send namein \
    nameout namesend numeric_in numeric_out numeric_send numerictypmodin numerictypmodout oidin oidout oidsend \
    oidvectorin oidvectorout oidvectorsend path_in path_out path_send pg_ddl_command_in pg_ddl_command_out \
    pg_ddl_command_send pg_dependencies_in pg_dependencies_out pg_lsn_in pg_lsn_out pg_lsn_send pg_mcv_list_in \
    pg_mcv_list_out pg_ndistinct_in pg_ndistinct_out pg_node_tree_in pg_node_tree_out pg_node_tree_send \
    pg_snapshot_in pg_snapshot_out pg_snapshot_send point_in point_out point_send poly_in poly_out poly_send \
    range_out range_send record_out record_send regclassin regclassout regclasssend regcollationin regcollationout \
    regcollationsend regconfigin regconfigout regconfigsend regdictionaryin regdictionaryout regdictionarysend \
    regnamespacein regnamespaceout regnamespacesend regoperatorin regoperatorout regoperatorsend regoperin \
    regoperout regopersend regprocedurein regprocedureout regproceduresend regprocin regprocout regprocsend \
    regrolein regroleout regrolesend regtypein regtypeout regtypesend shell_in shell_out table_am_handler_in \
    table_am_handler_out textin textout textsend tidin tidout tidsend time_in time_out time_send timestamp_in \
    timestamp_out timestamp_send timestamptypmodin timestamptypmodout timestamptz_in timestamptz_out \
    timestamptz_send timestamptztypmodin timestamptztypmodout timetypmodin timetypmodout timetz_in timetz_out \
    timetz_send timetztypmodin timetztypmodout trigger_in trigger_out tsm_handler_in tsm_handler_out tsqueryin \
    tsqueryout tsquerysend tsvectorin tsvectorout tsvectorsend txid_snapshot_in txid_snapshot_out txid_snapshot_send \
    unknownin unknownout unknownsend uuid_in uuid_out uuid_send varbit_in varbit_out varbit_send varbittypmodin \
    varbittypmodout varcharin varcharout varcharsend varchartypmodin varchartypmodout void_in void_out void_send \
    xid8in xid8out xid8send xidin xidout xidsend xml_in xml_out xml_send";

/// The steps of aggregates.
const AGGREGATION: &str = "any_value_transfn booland_statefunc boolor_statefunc float4_accum float8_accum float8_avg float8_combine \
    float8_corr float8_covar_pop float8_covar_samp float8_regr_accum float8_regr_avgx float8_regr_avgy \
    float8_regr_combine float8_regr_intercept float8_regr_r2 float8_regr_slope float8_regr_sxx float8_regr_sxy \
    float8_regr_syy float8_stddev_pop float8_stddev_samp float8_var_pop float8_var_samp int2_avg_accum \
    int2_avg_accum_inv int2_sum int2int4_sum int4_avg_accum int4_avg_accum_inv int4_avg_combine int4_sum int4inc \
    int8_avg int8_sum int8dec int8dec_any int8inc int8inc_any int8inc_float8_float8 interval_accum \
    interval_accum_inv interval_combine multirange_intersect_agg_transfn range_intersect_agg_transfn";

/// Behind comparisons, LIKE, and the order of B-trees, by type.
const ORDER: &str = "aclitemeq array_eq array_ge array_gt array_larger array_le array_lt array_ne array_smaller bitcmp biteq bitge \
    bitgt bitle bitlt bitne booleq boolge boolgt boolle boollt boolne box_above_eq box_below_eq box_eq box_ge box_gt \
    box_le box_lt bpchar_larger bpchar_pattern_ge bpchar_pattern_gt bpchar_pattern_le bpchar_pattern_lt \
    bpchar_smaller bpcharcmp bpchareq bpcharge bpchargt bpchariclike bpcharicnlike bpcharicregexeq bpcharicregexne \
    bpcharle bpcharlike bpcharlt bpcharne bpcharnlike bpcharregexeq bpcharregexne btarraycmp btboolcmp \
    btbpchar_pattern_cmp btcharcmp btequalimage btfloat48cmp btfloat4cmp btfloat84cmp btfloat8cmp btint24cmp \
    btint28cmp btint2cmp btint42cmp btint48cmp btint4cmp btint82cmp btint84cmp btint8cmp btnamecmp btnametextcmp \
    btoidcmp btoidvectorcmp btrecordcmp btrecordimagecmp bttext_pattern_cmp bttextcmp bttextnamecmp bttidcmp \
    btvarstrequalimage bytea_larger bytea_smaller byteacmp byteaeq byteage byteagt byteale bytealike bytealt byteane \
    byteanlike cash_cmp cash_eq cash_ge cash_gt cash_le cash_lt cash_ne cashlarger cashsmaller chareq charge chargt \
    charle charlt charne cideq circle_eq circle_ge circle_gt circle_le circle_lt circle_ne date_cmp \
    date_cmp_timestamp date_cmp_timestamptz date_eq date_eq_timestamp date_eq_timestamptz date_ge date_ge_timestamp \
    date_ge_timestamptz date_gt date_gt_timestamp date_gt_timestamptz date_larger date_le date_le_timestamp \
    date_le_timestamptz date_lt date_lt_timestamp date_lt_timestamptz date_ne date_ne_timestamp date_ne_timestamptz \
    date_smaller elem_contained_by_multirange elem_contained_by_range enum_cmp enum_eq enum_ge enum_gt enum_larger \
    enum_le enum_lt enum_ne enum_smaller float48eq float48ge float48gt float48le float48lt float48ne float4eq \
    float4ge float4gt float4larger float4le float4lt float4ne float4smaller float84eq float84ge float84gt float84le \
    float84lt float84ne float8eq float8ge float8gt float8larger float8le float8lt float8ne float8smaller \
    gin_cmp_tslexeme in_range int24eq int24ge int24gt int24le int24lt int24ne int28eq int28ge int28gt int28le \
    int28lt int28ne int2eq int2ge int2gt int2larger int2le int2lt int2ne int2smaller int42eq int42ge int42gt int42le \
    int42lt int42ne int48eq int48ge int48gt int48le int48lt int48ne int4eq int4ge int4gt int4larger int4le int4lt \
    int4ne int4smaller int82eq int82ge int82gt int82le int82lt int82ne int84eq int84ge int84gt int84le int84lt \
    int84ne int8eq int8ge int8gt int8larger int8le int8lt int8ne int8smaller interval_cmp interval_eq interval_ge \
    interval_gt interval_larger interval_le interval_lt interval_ne interval_smaller jsonb_cmp jsonb_eq jsonb_ge \
    jsonb_gt jsonb_le jsonb_lt jsonb_ne line_eq lseg_eq lseg_ge lseg_gt lseg_le lseg_lt lseg_ne macaddr8_cmp \
    macaddr8_eq macaddr8_ge macaddr8_gt macaddr8_le macaddr8_lt macaddr8_ne macaddr_cmp macaddr_eq macaddr_ge \
    macaddr_gt macaddr_le macaddr_lt macaddr_ne multirange_adjacent_multirange multirange_adjacent_range \
    multirange_after_multirange multirange_after_range multirange_before_multirange multirange_before_range \
    multirange_cmp multirange_contained_by_multirange multirange_contained_by_range multirange_contains_multirange \
    multirange_contains_range multirange_eq multirange_ge multirange_gt multirange_le multirange_lt multirange_ne \
    multirange_overlaps_multirange multirange_overlaps_range multirange_overleft_multirange \
    multirange_overleft_range multirange_overright_multirange multirange_overright_range nameeq nameeqtext namege \
    namegetext namegt namegttext nameiclike nameicnlike nameicregexeq nameicregexne namele nameletext namelike \
    namelt namelttext namene namenetext namenlike nameregexeq nameregexne network_cmp network_eq network_ge \
    network_gt network_larger network_le network_lt network_ne network_smaller network_subeq network_supeq \
    numeric_cmp numeric_eq numeric_ge numeric_gt numeric_larger numeric_le numeric_lt numeric_ne numeric_smaller \
    oideq oidge oidgt oidlarger oidle oidlt oidne oidsmaller oidvectoreq oidvectorge oidvectorgt oidvectorle \
    oidvectorlt oidvectorne path_n_eq path_n_ge path_n_gt path_n_le path_n_lt pg_lsn_cmp pg_lsn_eq pg_lsn_ge \
    pg_lsn_gt pg_lsn_larger pg_lsn_le pg_lsn_lt pg_lsn_ne pg_lsn_smaller point_eq point_ne pt_contained_circle \
    range_adjacent_multirange range_after_multirange range_before_multirange range_cmp range_contained_by_multirange \
    range_contains_multirange range_eq range_ge range_gt range_le range_lt range_ne range_overlaps_multirange \
    range_overleft_multirange range_overright_multirange record_eq record_ge record_gt record_image_eq \
    record_image_ge record_image_gt record_image_le record_image_lt record_image_ne record_larger record_le \
    record_lt record_ne record_smaller text_ge text_gt text_larger text_le text_lt text_pattern_ge text_pattern_gt \
    text_pattern_le text_pattern_lt text_smaller texteq texteqname textgename textgtname texticlike texticnlike \
    texticregexeq texticregexne textlename textlike textltname textne textnename textnlike textregexeq textregexne \
    tideq tidge tidgt tidlarger tidle tidlt tidne tidsmaller time_cmp time_eq time_ge time_gt time_larger time_le \
    time_lt time_ne time_smaller timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamp_eq \
    timestamp_eq_date timestamp_eq_timestamptz timestamp_ge timestamp_ge_date timestamp_ge_timestamptz timestamp_gt \
    timestamp_gt_date timestamp_gt_timestamptz timestamp_larger timestamp_le timestamp_le_date \
    timestamp_le_timestamptz timestamp_lt timestamp_lt_date timestamp_lt_timestamptz timestamp_ne timestamp_ne_date \
    timestamp_ne_timestamptz timestamp_smaller timestamptz_cmp timestamptz_cmp_date timestamptz_cmp_timestamp \
    timestamptz_eq timestamptz_eq_date timestamptz_eq_timestamp timestamptz_ge timestamptz_ge_date \
    timestamptz_ge_timestamp timestamptz_gt timestamptz_gt_date timestamptz_gt_timestamp timestamptz_larger \
    timestamptz_le timestamptz_le_date timestamptz_le_timestamp timestamptz_lt timestamptz_lt_date \
    timestamptz_lt_timestamp timestamptz_ne timestamptz_ne_date timestamptz_ne_timestamp timestamptz_smaller \
    timetz_cmp timetz_eq timetz_ge timetz_gt timetz_larger timetz_le timetz_lt timetz_ne timetz_smaller tsquery_cmp \
    tsquery_eq tsquery_ge tsquery_gt tsquery_le tsquery_lt tsquery_ne tsvector_cmp tsvector_eq tsvector_ge \
    tsvector_gt tsvector_le tsvector_lt tsvector_ne uuid_cmp uuid_eq uuid_ge uuid_gt uuid_le uuid_lt uuid_ne \
    varbitcmp varbiteq varbitge varbitgt varbitle varbitlt varbitne xid8_larger xid8_smaller xid8cmp xid8eq xid8ge \
    xid8gt xid8le xid8lt xid8ne xideq xideqint4 xidneq xidneqint4";

/// Behind operators and casts: arithmetic, geometry, sets, ranges, networks.
const ARITHMETIC: &str = "aclcontains aclinsert aclremove anytextcat bitand bitcat bitnot bitor bitshiftleft bitshiftright bitxor \
    box_above box_add box_below box_center box_contain box_contain_pt box_contained box_distance box_div \
    box_intersect box_left box_mul box_overabove box_overbelow box_overlap box_overleft box_overright box_right \
    box_same box_sub byteacat cash_div_cash cash_div_flt4 cash_div_flt8 cash_div_int2 cash_div_int4 cash_div_int8 \
    cash_mi cash_mul_flt4 cash_mul_flt8 cash_mul_int2 cash_mul_int4 cash_mul_int8 cash_pl cash_words circle_above \
    circle_add_pt circle_below circle_center circle_contain circle_contain_pt circle_contained circle_distance \
    circle_div_pt circle_left circle_mul_pt circle_overabove circle_overbelow circle_overlap circle_overleft \
    circle_overright circle_right circle_same circle_sub_pt close_ls close_lseg close_pb close_pl close_ps close_sb \
    date_mi date_mi_interval date_mii date_pl_interval date_pli daterange_canonical daterange_subdiff datetime_pl \
    datetimetz_pl dcbrt dexp dist_bp dist_bs dist_cpoint dist_cpoly dist_lp dist_ls dist_pathp dist_pb dist_pc \
    dist_pl dist_polyc dist_polyp dist_ppath dist_ppoly dist_ps dist_sb dist_sl dist_sp dlog1 dlog10 dpow dround \
    dsqrt dtrunc float48div float48mi float48mul float48pl float4abs float4div float4mi float4mul float4pl float4um \
    float4up float84div float84mi float84mul float84pl float8abs float8div float8mi float8mul float8pl float8um \
    float8up flt4_mul_cash flt8_mul_cash gin_compare_jsonb gist_translate_cmptype_common inetand inetmi inetmi_int8 \
    inetnot inetor inetpl int24div int24mi int24mul int24pl int28div int28mi int28mul int28pl int2_mul_cash int2abs \
    int2and int2div int2mi int2mod int2mul int2not int2or int2pl int2shl int2shr int2um int2up int2xor int42div \
    int42mi int42mul int42pl int48div int48mi int48mul int48pl int4_mul_cash int4abs int4and int4div int4mi int4mod \
    int4mul int4not int4or int4pl int4range_canonical int4range_subdiff int4shl int4shr int4um int4up int4xor \
    int82div int82mi int82mul int82pl int84div int84mi int84mul int84pl int8_mul_cash int8abs int8and int8div int8mi \
    int8mod int8mul int8not int8or int8pl int8pl_inet int8range_canonical int8range_subdiff int8shl int8shr int8um \
    int8up int8xor integer_pl_date inter_lb inter_sb inter_sl interval_div interval_mi interval_mul interval_pl \
    interval_pl_date interval_pl_time interval_pl_timestamp interval_pl_timestamptz interval_pl_timetz interval_um \
    json_object_field json_object_field_text jsonb_object_field jsonb_object_field_text jsonb_path_exists_opr \
    jsonb_path_match_opr jsonb_populate_record_valid line_distance line_horizontal line_interpt line_intersect \
    line_parallel line_perp line_vertical lseg_center lseg_distance lseg_horizontal lseg_interpt lseg_intersect \
    lseg_length lseg_parallel lseg_perp lseg_vertical macaddr8_and macaddr8_not macaddr8_or macaddr_and macaddr_not \
    macaddr_or mul_d_interval multirange_contains_elem multirange_intersect multirange_minus multirange_union \
    nameconcatoid network_overlap network_sub network_sup numeric_abs numeric_add numeric_div numeric_div_trunc \
    numeric_exp numeric_ln numeric_log numeric_mod numeric_mul numeric_pl_pg_lsn numeric_power numeric_sqrt \
    numeric_sub numeric_uminus numeric_uplus numrange_subdiff on_pb on_pl on_ppath on_ps on_sb on_sl path_add \
    path_add_pt path_contain_pt path_distance path_div_pt path_inter path_length path_mul_pt path_npoints \
    path_sub_pt pg_lsn_mi pg_lsn_mii pg_lsn_pli point_above point_add point_below point_distance point_div \
    point_horiz point_left point_mul point_right point_sub point_vert poly_above poly_below poly_center poly_contain \
    poly_contain_pt poly_contained poly_distance poly_left poly_npoints poly_overabove poly_overbelow poly_overlap \
    poly_overleft poly_overright poly_right poly_same postgresql_fdw_validator pt_contained_poly range_after \
    range_before range_contains_elem range_intersect range_minus range_overleft range_overright range_union \
    spg_poly_quad_compress textanycat textcat textlen time_mi_interval time_mi_time time_pl_interval timedate_pl \
    timestamp_mi timestamp_mi_interval timestamp_pl_interval timestamptz_mi timestamptz_mi_interval \
    timestamptz_pl_interval timetz_mi_interval timetz_pl_interval timetzdate_pl ts_match_qv ts_match_tq ts_match_tt \
    ts_match_vq tsq_mcontained tsq_mcontains tsquery_and tsquery_not tsquery_or tsrange_subdiff tstzrange_subdiff \
    tsvector_concat xmlconcat2 xmlvalidate";

pub(super) const GROUPS: &[&str] = &[ORDER, HASHING, TEXT_FORMS, AGGREGATION, ARITHMETIC];
