//! The kinds of node that a read may be made of, grouped as the grammar groups them.
//!
//! A kind that a new version of the parser adds is not on the list, and so is refused until somebody has looked at it.

use squawk_syntax::SyntaxKind as K;

/// Functions with a grammar of their own. All of them compute.
pub(super) fn is_special_function(kind: K) -> bool {
    matches!(
        kind,
        K::ALL_FN
            | K::ANY_FN
            | K::SOME_FN
            | K::EXISTS_FN
            | K::COLLATION_FOR_FN
            | K::EXTRACT_FN
            | K::JSON_ARRAY_AGG_FN
            | K::JSON_ARRAY_FN
            | K::JSON_EXISTS_FN
            | K::JSON_FN
            | K::JSON_OBJECT_AGG_FN
            | K::JSON_OBJECT_FN
            | K::JSON_QUERY_FN
            | K::JSON_SCALAR_FN
            | K::JSON_SERIALIZE_FN
            | K::JSON_VALUE_FN
            | K::OVERLAY_FN
            | K::POSITION_FN
            | K::SUBSTRING_FN
            | K::TRIM_FN
            | K::XML_ELEMENT_FN
            | K::XML_EXISTS_FN
            | K::XML_FOREST_FN
            | K::XML_PARSE_FN
            | K::XML_PI_FN
            | K::XML_ROOT_FN
            | K::XML_SERIALIZE_FN
    )
}

/// The kinds of node that a read may be made of.
pub(super) fn is_readable(kind: K) -> bool {
    is_special_function(kind) || is_query(kind) || is_from(kind) || is_value(kind) || is_type(kind) || is_document(kind)
}

fn is_query(kind: K) -> bool {
    matches!(
        kind,
        K::SELECT
            | K::PAREN_SELECT
            | K::COMPOUND_SELECT
            | K::VALUES
            | K::TABLE
            | K::SELECT_CLAUSE
            | K::TARGET_LIST
            | K::TARGET
            | K::AS_NAME
            | K::ALL
            | K::DISTINCT
            | K::DISTINCT_CLAUSE
            | K::DISTINCT_ON
            | K::UNION
            | K::INTERSECT
            | K::EXCEPT
            | K::WHERE_CLAUSE
            | K::GROUP_BY_CLAUSE
            | K::GROUP_BY_LIST
            | K::GROUPING_EXPR
            | K::GROUPING_SETS
            | K::GROUPING_CUBE
            | K::GROUPING_ROLLUP
            | K::HAVING_CLAUSE
            | K::ORDER_BY_CLAUSE
            | K::SORT_BY_LIST
            | K::SORT_BY
            | K::SORT_ASC
            | K::SORT_DESC
            | K::SORT_USING
            | K::NULLS_FIRST
            | K::NULLS_LAST
            | K::LIMIT_CLAUSE
            | K::OFFSET_CLAUSE
            | K::FETCH_CLAUSE
            | K::FETCH_ONLY
            | K::WITH_TIES
            | K::ROW_LIST
            | K::ROW
            | K::WITH_CLAUSE
            | K::WITH_TABLE
            | K::CTE_NAME
            | K::MATERIALIZED
            | K::NOT_MATERIALIZED
            | K::SEARCH_CLAUSE
            | K::SEARCH_COLUMNS
            | K::SEARCH_SET_COLUMN
            | K::BREADTH_FIRST
            | K::DEPTH_FIRST
            | K::CYCLE_CLAUSE
            | K::CYCLE_COLUMNS
            | K::CYCLE_COLUMN_TO
            | K::CYCLE_DEFAULT
            | K::CYCLE_PATH
            | K::CYCLE_SET_COLUMN
            | K::WINDOW_CLAUSE
            | K::WINDOW_DEF
            | K::WINDOW
            | K::WINDOW_REF
            | K::WINDOW_SPEC
            | K::OVER_CLAUSE
            | K::OVER_WINDOW_SPEC
            | K::PARTITION_BY_CLAUSE
            | K::FRAME_CLAUSE
            | K::FRAME_BETWEEN
            | K::FRAME_RANGE
            | K::FRAME_ROWS
            | K::FRAME_GROUPS
            | K::FRAME_EXCLUDE
            | K::UNBOUNDED_PRECEDING
            | K::UNBOUNDED_FOLLOWING
            | K::EXPR_PRECEDING
            | K::EXPR_FOLLOWING
            | K::CURRENT_ROW
            | K::GROUP
            | K::TIES
            | K::NO_OTHERS
            | K::FILTER_CLAUSE
            | K::WITHIN_CLAUSE
            | K::IGNORE_NULLS
            | K::RESPECT_NULLS
    )
}

fn is_from(kind: K) -> bool {
    matches!(
        kind,
        K::FROM_CLAUSE
            | K::RELATION_FROM_ITEM
            | K::FUNCTION_FROM_ITEM
            | K::PAREN_FROM_ITEM
            | K::ROWS_FROM_ITEM
            | K::ROWS_FROM_ARG
            | K::EXPR_FROM_ITEM
            | K::JSON_TABLE_FROM_ITEM
            | K::XML_TABLE_FROM_ITEM
            | K::FROM_ALIAS
            | K::TABLE_ALIAS
            | K::REQUIRED_AS_ALIAS
            | K::COLUMN_LIST
            | K::COLUMN_NAME
            | K::COLUMN_REF_LIST
            | K::COLUMN_NAME_REF
            | K::COLUMN_DEF_LIST
            | K::COLUMN_DEF
            | K::WITH_ORDINALITY
            | K::TABLESAMPLE_CLAUSE
            | K::REPEATABLE_CLAUSE
            | K::JOIN_EXPR
            | K::JOIN
            | K::JOIN_INNER
            | K::JOIN_LEFT
            | K::JOIN_RIGHT
            | K::JOIN_FULL
            | K::JOIN_CROSS
            | K::ON_CLAUSE
            | K::JOIN_USING_CLAUSE
            | K::RELATION_NAME
            | K::RELATION_NAME_REF
            | K::PATH_REF
            | K::PATH_SEGMENT_REF
    )
}

fn is_value(kind: K) -> bool {
    matches!(
        kind,
        K::LITERAL
            | K::NAME_REF
            | K::PARAM_NAME_REF
            | K::FIELD_EXPR
            | K::CALL_EXPR
            | K::ARG_LIST
            | K::ARG
            | K::NAMED_ARG
            | K::BIN_EXPR
            | K::PREFIX_EXPR
            | K::POSTFIX_EXPR
            | K::PAREN_EXPR
            | K::TUPLE_EXPR
            | K::ARRAY_EXPR
            | K::INDEX_EXPR
            | K::SLICE_EXPR
            | K::BETWEEN_EXPR
            | K::ASYMMETRIC
            | K::SYMMETRIC
            | K::CASE_EXPR
            | K::WHEN_CLAUSE_LIST
            | K::WHEN_CLAUSE
            | K::ELSE_CLAUSE
            | K::CAST_EXPR
            | K::COLON_COLON
            | K::COLLATE
            | K::COLLATION_REF
            | K::OP
            | K::CUSTOM_OP
            | K::OPERATOR_CALL
            | K::AT_TIME_ZONE
            | K::AT_LOCAL
            | K::IS_NOT
            | K::IS_DISTINCT_FROM
            | K::IS_NOT_DISTINCT_FROM
            | K::IS_JSON
            | K::IS_JSON_ARRAY
            | K::IS_JSON_OBJECT
            | K::IS_JSON_SCALAR
            | K::IS_JSON_VALUE
            | K::IS_NOT_JSON
            | K::IS_NOT_JSON_ARRAY
            | K::IS_NOT_JSON_OBJECT
            | K::IS_NOT_JSON_SCALAR
            | K::IS_NOT_JSON_VALUE
            | K::IS_NORMALIZED
            | K::IS_NOT_NORMALIZED
            | K::UNICODE_NORMAL_FORM
            | K::NOT_IN
            | K::NOT_LIKE
            | K::NOT_ILIKE
            | K::SIMILAR_TO
            | K::NOT_SIMILAR_TO
            | K::EXTRACT_FIELD_NAME
            | K::EXTRACT_FIELD_LITERAL
            | K::OVERLAY_PLACING
            | K::OVERLAY_EXPRS
            | K::SUBSTRING_EXPRS
            | K::SUBSTRING_FOR_FROM
            | K::SUBSTRING_FROM_FOR
            | K::SUBSTRING_SIMILAR_ESCAPE
            | K::TRIM_EXPRS
            | K::TRIM_EXPR_FROM
            | K::TRIM_FROM
            | K::TRIM_BOTH
            | K::TRIM_LEADING
            | K::TRIM_TRAILING
    )
}

fn is_type(kind: K) -> bool {
    matches!(
        kind,
        K::PATH_TYPE
            | K::ARRAY_TYPE
            | K::ARRAY_BOUND
            | K::BIT_TYPE
            | K::BIT_VARYING_TYPE
            | K::CHARACTER_TYPE
            | K::VARCHAR_TYPE
            | K::DOUBLE_TYPE
            | K::TIME_TYPE
            | K::TIMESTAMP_TYPE
            | K::WITH_TIMEZONE
            | K::WITHOUT_TIMEZONE
            | K::INTERVAL_TYPE
            | K::INTERVAL_YEAR
            | K::INTERVAL_MONTH
            | K::INTERVAL_DAY
            | K::INTERVAL_HOUR
            | K::INTERVAL_MINUTE
            | K::INTERVAL_SECOND
    )
}

fn is_document(kind: K) -> bool {
    matches!(
        kind,
        K::JSON_ABSENT_ON_NULL
            | K::JSON_NULL_ON_NULL
            | K::JSON_BEHAVIOR_DEFAULT
            | K::JSON_BEHAVIOR_EMPTY_ARRAY
            | K::JSON_BEHAVIOR_EMPTY_OBJECT
            | K::JSON_BEHAVIOR_ERROR
            | K::JSON_BEHAVIOR_FALSE
            | K::JSON_BEHAVIOR_NULL
            | K::JSON_BEHAVIOR_TRUE
            | K::JSON_BEHAVIOR_UNKNOWN
            | K::JSON_ENCODING
            | K::JSON_ENCODING_CLAUSE
            | K::JSON_EXPR_FORMAT
            | K::JSON_FORMAT_CLAUSE
            | K::JSON_KEY_VALUE
            | K::JSON_ON_EMPTY_CLAUSE
            | K::JSON_ON_ERROR_CLAUSE
            | K::JSON_PASSING_ARG
            | K::JSON_PASSING_CLAUSE
            | K::JSON_VARIABLE_NAME
            | K::JSON_PATH_CLAUSE
            | K::JSON_PATH_NAME
            | K::JSON_PATH_NAME_CLAUSE
            | K::JSON_PATH_NAME_REF
            | K::JSON_RETURNING_CLAUSE
            | K::JSON_SELECT_FORMAT
            | K::JSON_VALUE_EXPR
            | K::JSON_WITH_CONDITIONAL_WRAPPER
            | K::JSON_WITH_UNCONDITIONAL_WRAPPER
            | K::JSON_WITHOUT_WRAPPER
            | K::JSON_WITH_UNIQUE_KEYS
            | K::JSON_WITHOUT_UNIQUE_KEYS
            | K::JSON_QUOTES_CLAUSE
            | K::KEEP_QUOTES
            | K::OMIT_QUOTES
            | K::ON_SCALAR_STRING
            | K::JSON_TABLE
            | K::JSON_TABLE_COLUMN_LIST
            | K::JSON_TABLE_EXISTS_COLUMN
            | K::JSON_TABLE_NESTED_COLUMN
            | K::JSON_TABLE_ORDINALITY_COLUMN
            | K::JSON_TABLE_VALUE_COLUMN
            | K::JSON_TABLE_PLAN_CHOICE
            | K::JSON_TABLE_PLAN_CLAUSE
            | K::JSON_TABLE_PLAN_CROSS
            | K::JSON_TABLE_PLAN_INNER
            | K::JSON_TABLE_PLAN_JOIN
            | K::JSON_TABLE_PLAN_OUTER
            | K::JSON_TABLE_PLAN_UNION
            | K::PAREN_JSON_TABLE_PLAN
            | K::XML_TABLE
            | K::XML_TABLE_COLUMN
            | K::XML_TABLE_COLUMN_LIST
            | K::XML_COLUMN_OPTION_LIST
            | K::OPTION_DEFAULT
            | K::OPTION_NOT_NULL
            | K::OPTION_NULL
            | K::OPTION_PATH
            | K::XML_NAMESPACE
            | K::XML_NAMESPACE_LIST
            | K::XML_NAMESPACE_PREFIX
            | K::XML_ROW_PASSING_CLAUSE
            | K::XML_PASSING_DOC
            | K::XML_PASSING_MECH_BY_REF
            | K::XML_PASSING_MECH_BY_VALUE
            | K::XML_ATTR
            | K::XML_CONTENT
            | K::XML_DOCUMENT
            | K::XML_PI_TARGET
            | K::XML_VERSION_EXPR
            | K::XML_VERSION_NO_VALUE
            | K::STANDALONE_NO
            | K::STANDALONE_NO_VALUE
            | K::STANDALONE_YES
            | K::INDENT
            | K::NO_INDENT
            | K::PRESERVE_WHITESPACE
            | K::STRIP_WHITESPACE
            | K::ELEMENT_TAG
            | K::EXPR_AS_ELEMENT_TAG
            | K::EXPR_AS_ELEMENT_TAG_LIST
            | K::EXPR_AS_XML_ATTR
            | K::EXPR_AS_XML_ATTR_LIST
    )
}
