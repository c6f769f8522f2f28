//! Every rule, one a line. Names are squawk's as its manual has them, else strong_migrations' own words for a check.

use super::{Rule, columns, constraints, drops, indexes, keys, maintenance, names, new_columns, rows, types};
use crate::domain::proposal::advice::Weight::{Danger, Note, Warning};

macro_rules! rules {
    ($($name:literal $weight:ident $find:path;)*) => {
        &[$(Rule { name: $name, weight: $weight, find: $find }),*]
    };
}

pub(super) const RULES: &[Rule] = rules! {
    // squawk
    "adding-field-with-default" Danger new_columns::with_default;
    "adding-foreign-key-constraint" Danger constraints::foreign_key;
    "adding-not-nullable-field" Danger columns::set_not_null;
    "adding-required-field" Warning new_columns::required;
    "adding-serial-primary-key-field" Danger keys::primary_key;
    "ban-alter-domain-with-add-constraint" Warning constraints::changed_domain;
    "ban-alter-identity" Warning columns::identity;
    "ban-alter-row-level-security" Danger maintenance::row_security;
    "ban-char-field" Note types::character;
    "ban-create-domain-with-constraint" Note constraints::new_domain;
    "ban-disable-trigger" Danger maintenance::disable_trigger;
    "ban-drop-column" Danger columns::drop;
    "ban-drop-constraint" Warning constraints::drop;
    "ban-drop-database" Danger drops::database;
    "ban-drop-default" Warning columns::drop_default;
    "ban-drop-domain" Warning drops::domain;
    "ban-drop-extension" Warning drops::extension;
    "ban-drop-function" Warning drops::function;
    "ban-drop-function" Warning drops::procedure;
    "ban-drop-generated-expression" Warning columns::drop_expression;
    "ban-drop-not-null" Warning columns::drop_not_null;
    "ban-drop-policy" Warning drops::policy;
    "ban-drop-schema" Warning drops::schema;
    "ban-drop-sequence" Warning drops::sequence;
    "ban-drop-table" Danger drops::table;
    "ban-drop-trigger" Warning drops::trigger;
    "ban-drop-type" Warning drops::type_;
    "ban-drop-view" Warning drops::view;
    "ban-drop-view" Warning drops::materialized_view;
    "ban-duplicate-column-assignments" Warning rows::assigned_twice;
    "ban-replica-identity" Warning maintenance::replica_identity;
    "ban-set-schema" Warning names::moved;
    "ban-truncate-cascade" Danger drops::truncate_cascade;
    "changing-column-type" Danger columns::change_type;
    "constraint-missing-not-valid" Danger constraints::checked_at_once;
    "disallowed-unique-constraint" Danger keys::unique;
    "identifier-too-long" Warning names::too_long;
    "prefer-bigint-over-int" Note types::integer;
    "prefer-bigint-over-smallint" Note types::smallint;
    "prefer-identity" Note types::serial;
    "prefer-repack" Danger maintenance::repack;
    "prefer-text-field" Note types::varchar;
    "prefer-timestamp-tz" Note types::timestamp;
    "renaming-column" Danger columns::rename;
    "renaming-object" Warning names::object;
    "renaming-table" Danger names::table;
    "require-concurrent-index-creation" Danger indexes::creation;
    "require-concurrent-index-deletion" Warning indexes::deletion;
    "require-concurrent-partition-detach" Danger maintenance::detach;
    "require-concurrent-reindex" Danger indexes::rebuild;
    "require-enum-value-ordering" Note names::enum_order;
    "require-table-schema" Note names::without_schema;
    // strong_migrations
    "adding-an-auto-incrementing-column" Danger new_columns::counting;
    "adding-a-json-column" Note types::json;
    "adding-a-stored-generated-column" Danger new_columns::generated;
    "adding-an-exclusion-constraint" Danger constraints::exclusion;
    "backfilling-data" Warning rows::many_rows;
    "index-with-more-than-three-columns" Note indexes::many_columns;
    "renaming-a-schema" Danger names::schema;
    "renaming-an-enum-value" Danger names::enum_value;
    // our own
    "attaching-a-partition" Warning maintenance::attach;
    "comparing-with-null" Warning rows::equals_null;
    "concurrent-index-if-not-exists" Warning indexes::if_not_exists;
    "dropping-with-cascade" Danger drops::cascade;
    "insert-without-column-names" Note rows::unnamed_columns;
    "join-without-a-condition" Danger rows::loose_join;
    "not-in-with-a-query" Warning rows::not_in_query;
    "refreshing-under-a-lock" Warning maintenance::refresh;
    "rewriting-a-table" Danger maintenance::rewrite;
    "setting-an-expression" Danger columns::set_expression;
    "table-without-primary-key" Note maintenance::without_key;
    "without-where" Danger rows::every_row;
};
