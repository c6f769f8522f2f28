//! Which types of people's own may be cast to: enums, and domains, ranges, composites and arrays that are made of
//! nothing else and run no function but readers; base types of known extensions.
//!
//! A cast can run code: the checks of a domain, the canonical function of a range, a function behind CREATE CAST. All
//! of them are looked up by oid, and a type that cannot be looked through is not listed.

use super::guard::first_own_oid;
use crate::domain::error_event::SessionError;
use crate::domain::rows::Value;
use crate::engine::postgres::dialect::{extensions, is_built_in_reader};
use crate::engine::{Query, Session};
use std::collections::{BTreeMap, HashSet};

/// Types that people or extensions have made, apart from those that tables bring along. Names with a dot in them would
/// be ambiguous.
static TYPES: Query = Query {
    name: "guard.types",
    text: concat!(
        "SELECT t.oid::int8 AS oid, n.nspname || '.' || t.typname AS name, t.typtype = 'b' AND e.oid IS NULL AS is_base,
                (SELECT min(x.extname) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
                  WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
                    AND d.refclassid = 'pg_catalog.pg_extension'::regclass) AS extension
           FROM pg_catalog.pg_type t
           JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
           LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
           LEFT JOIN pg_catalog.pg_class c ON c.oid IN (t.typrelid, e.typrelid)
          WHERE t.oid >= ",
        first_own_oid!(),
        "   AND t.typtype IN ('b', 'c', 'd', 'e', 'm', 'r') AND t.typisdefined
            AND (c.oid IS NULL OR c.relkind = 'c')
            AND n.nspname NOT LIKE 'pg\\_%' AND pg_catalog.strpos(n.nspname || t.typname, '.') = 0
          ORDER BY t.oid"
    ),
    timeout_ms: 10_000,
};

/// What they are made of (kind `p`, an oid) and which functions they run (kind `f`, a name). What is built in is not in
/// `pg_depend`, so the checks of domains are looked through; built-in operators and casts in them do no harm. An
/// operator class of somebody's own counts as a function that nobody knows. The constructors that the server makes for a
/// range depend on it internally, which nothing of a person's own does.
static USES: Query = Query {
    name: "guard.type_uses",
    text: concat!(
        "WITH checks AS (
           SELECT k.oid, k.contypid AS type, k.conbin::text AS tree FROM pg_catalog.pg_constraint k
            WHERE k.contypid >= ",
        first_own_oid!(),
        "), functions AS (
           SELECT type, m[1]::oid AS used, m[2] <> '0' AS quiet FROM checks, regexp_matches(tree,
               ':funcid ([0-9]+) :funcresulttype [0-9]+ :funcretset [a-z]+ :funcvariadic [a-z]+ :funcformat ([0-9])', 'g') m
           UNION SELECT type, m[1]::oid, true
             FROM checks, regexp_matches(tree, ':(?:opfuncid|hashfuncid|negfuncid) ([0-9]+)', 'g') m
           UNION SELECT d.objid, d.refobjid, false FROM pg_catalog.pg_depend d
             JOIN pg_catalog.pg_type t ON t.oid = d.objid AND t.typtype = 'r'
            WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.refclassid = 'pg_catalog.pg_proc'::regclass
           UNION SELECT side.type, c.castfunc, false
             FROM pg_catalog.pg_cast c, LATERAL (VALUES (c.castsource), (c.casttarget)) side (type)
            WHERE c.castfunc <> 0 AND c.oid >= ",
        first_own_oid!(),
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass
                AND d.objid = c.castfunc AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'i'))
         SELECT f.type::int8 AS oid, 'f' AS kind, n.nspname || '.' || p.proname AS used
           FROM functions f JOIN pg_catalog.pg_proc p ON p.oid = f.used
           JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          WHERE NOT f.quiet OR p.oid >= ",
        first_own_oid!(),
        "
         UNION SELECT d.objid::int8, 'f', '(an operator class)' FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.refclassid = 'pg_catalog.pg_opclass'::regclass
         UNION SELECT d.objid::int8, 'p', d.refobjid::int8::text FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.refclassid = 'pg_catalog.pg_type'::regclass
         UNION SELECT k.type::int8, 'p', d.refobjid::int8::text FROM checks k
           JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid = k.oid
          WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid <> k.type
         UNION SELECT t.oid::int8, 'p', a.atttypid::int8::text FROM pg_catalog.pg_type t
           JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
           JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          WHERE a.atttypid >= ",
        first_own_oid!(),
    ),
    timeout_ms: 10_000,
};

/// A type that may turn out to be safe.
struct Candidate {
    name: String,
    parts: Vec<i64>,
}

/// Types by their names, `schema.name`.
pub(super) struct Types {
    pub(super) all: Vec<String>,
    /// None of them when the server cannot tell what they use.
    pub(super) safe: Vec<String>,
}

/// Reads them, and tells which are safe.
pub(super) async fn read(session: &mut dyn Session, safe_functions: &[String]) -> Result<Types, SessionError> {
    let types = session.own(&TYPES, &[]).await?;
    let all = types.rows.iter().map(|row| types.text(row, "name")).collect();
    let mut candidates: BTreeMap<i64, Candidate> = types
        .rows
        .iter()
        .filter(|row| {
            types.get(row, "is_base") != &Value::Bool(true)
                || extensions::has_plain_types(&types.text(row, "extension"))
        })
        .filter_map(|row| {
            let candidate = Candidate { name: types.text(row, "name"), parts: Vec::new() };
            Some((types.get(row, "oid").int()?, candidate))
        })
        .collect();
    let uses = match session.own(&USES, &[]).await {
        Ok(uses) => uses,
        Err(SessionError::Server(_) | SessionError::Deadline(_)) => return Ok(Types { all, safe: Vec::new() }),
        Err(error) => return Err(error),
    };
    let functions: HashSet<&str> = safe_functions.iter().map(String::as_str).collect();
    for row in &uses.rows {
        let Some(oid) = uses.get(row, "oid").int() else { continue };
        let used = uses.text(row, "used");
        let known = match uses.text(row, "kind").as_str() {
            "f" => functions.contains(used.as_str()) || is_built_in_reader(&used),
            _ => match (used.parse(), candidates.get_mut(&oid)) {
                (Ok(part), Some(candidate)) => {
                    candidate.parts.push(part);
                    true
                }
                _ => false,
            },
        };
        if !known {
            candidates.remove(&oid);
        }
    }
    Ok(Types { all, safe: made_of_safe_ones(candidates) })
}

/// Leaves out, until nothing changes, what is made of something that is no candidate.
fn made_of_safe_ones(mut candidates: BTreeMap<i64, Candidate>) -> Vec<String> {
    loop {
        let known: HashSet<i64> = candidates.keys().copied().collect();
        candidates.retain(|_, candidate| candidate.parts.iter().all(|part| known.contains(part)));
        if candidates.len() == known.len() {
            return candidates.into_values().map(|candidate| candidate.name).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, made_of_safe_ones};

    #[test]
    fn one_bad_part_spoils_everything_that_is_made_of_it() {
        let candidate = |name: &str, parts: &[i64]| Candidate { name: name.into(), parts: parts.to_vec() };
        let candidates = [
            (1, candidate("enum", &[])),
            (2, candidate("array of it", &[1])),
            (3, candidate("over a bad one", &[9])),
            (4, candidate("over that", &[3, 1])),
            (5, candidate("composite", &[1, 2])),
        ];
        assert_eq!(made_of_safe_ones(candidates.into()), ["enum", "array of it", "composite"]);
    }
}
