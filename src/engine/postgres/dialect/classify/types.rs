//! The types of `pg_catalog`. A cast to any other type may run that type's own functions and checks.

use super::{Context, words};
use crate::domain::guard::{Catalog, Class};
use crate::engine::sql::findings::Findings;
use squawk_syntax::SyntaxNode;
use std::collections::HashSet;
use std::sync::LazyLock;

/// `select typname from pg_type` of PostgreSQL 18 without rows, arrays and pseudo-types, and the SQL spellings of
/// the same types that the grammar reads as plain names.
const BUILT_IN: &str = "aclitem anyarray bigint bit bool boolean box bpchar bytea char cid cidr circle cstring date datemultirange \
    daterange dec decimal float float4 float8 inet int int2 int2vector int4 int4multirange int4range int8 \
    int8multirange int8range integer interval json jsonb jsonpath line lseg macaddr macaddr8 money name numeric \
    nummultirange numrange oid oidvector path pg_dependencies pg_lsn pg_mcv_list pg_ndistinct pg_node_tree \
    pg_snapshot point polygon real record refcursor regclass regcollation regconfig regdatabase regdictionary \
    regnamespace regoper regoperator regproc regprocedure regrole regtype smallint text tid time timestamp \
    timestamptz timetz tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot unknown uuid \
    varbit varchar void xid xid8 xml";

static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| BUILT_IN.split_whitespace().collect());

/// True for the name of a type of `pg_catalog`.
pub(super) fn is_built_in(name: &str) -> bool {
    NAMES.contains(name)
}

/// A type that is written as a name.
pub(super) fn check(node: &SyntaxNode, context: Context<'_>, findings: &mut Findings) {
    let Some(parts) = words::dotted(node) else {
        findings.deny(Class::Unparsed, "the name of a type cannot be decoded");
        return;
    };
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| *part != "setof").collect();
    let known = match parts.as_slice() {
        // The array type of `int4` is `_int4`.
        [name] | ["pg_catalog", name] if is_built_in(name.strip_prefix('_').unwrap_or(name)) => true,
        // Where nothing at all is known of a database, its relations count as plain tables, and so do its types.
        // In our own session such a name cannot even be one of them: only `pg_catalog` is on the search path.
        [_] => *context.catalog == Catalog::default(),
        ["information_schema", name] => {
            matches!(*name, "cardinal_number" | "character_data" | "sql_identifier" | "time_stamp" | "yes_or_no")
        }
        // A bare name means a type of `pg_catalog`: nothing else is on our search path.
        [_, _] => context.catalog.safe_types.contains(&parts.join(".")),
        _ => false,
    };
    if !known {
        findings.needs_approval(
            Class::Read,
            format!("a cast to {} may run functions that are not known to only read", parts.join(".")),
        );
    }
}
