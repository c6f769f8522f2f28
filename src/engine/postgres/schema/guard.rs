//! What the guard should know: functions and operators that are not the server's own, foreign tables, and what views
//! run and read when somebody reads them.
//!
//! A view's dependencies in `pg_depend` leave out everything built in, and `pg_read_file` is built in. So the stored
//! rule itself is looked through. When that fails, the view is listed with a function that nobody knows: then a
//! person is asked.

use super::{planned, types};
use crate::domain::error_event::SessionError;
use crate::domain::guard::{Catalog, CatalogView};
use crate::domain::rows::{Rows, Value};
use crate::domain::schema::Schema;
use crate::engine::postgres::dialect::{extensions, is_built_in_reader};
use crate::engine::{Param, Query, Session};
use std::collections::BTreeMap;

/// Views looked through at once.
const PAGE: i64 = 200;
/// Objects made by people have oids from here on (`FirstNormalObjectId`).
macro_rules! first_own_oid {
    () => {
        "16384"
    };
}
pub(super) use first_own_oid;

static FUNCTIONS: Query = Query {
    name: "guard.functions",
    text: concat!(
        "SELECT DISTINCT n.nspname || '.' || p.proname AS name
           FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          WHERE p.oid >= ",
        first_own_oid!(),
        " ORDER BY 1"
    ),
    timeout_ms: 10_000,
};

/// Functions that belong to an extension, every overload of the name, by oid and not by name. A member's code is the
/// extension's own when it is a library's or when a superuser owns it: the owner of a trusted extension may add
/// functions of their own to it, but can make neither. Names with a dot in them would be ambiguous.
static EXTENSIONS: Query = Query {
    name: "guard.extensions",
    text: concat!(
        "SELECT n.nspname || '.' || p.proname AS name, min(e.extname) AS extension, bool_and(p.provolatile = 'i') AS immutable
           FROM pg_catalog.pg_proc p
           JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
           JOIN pg_catalog.pg_language l ON l.oid = p.prolang
           LEFT JOIN pg_catalog.pg_roles owner ON owner.oid = p.proowner
           LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
           LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
          WHERE p.oid >= ",
        first_own_oid!(),
        "   AND pg_catalog.strpos(n.nspname || p.proname, '.') = 0
          GROUP BY n.nspname, p.proname
         HAVING bool_and(e.oid IS NOT NULL AND (l.lanname = 'c' OR coalesce(owner.rolsuper, false))
                         AND NOT p.proargtypes::oid[] && ARRAY['internal', 'cstring']::regtype[]::oid[])
            AND count(DISTINCT e.oid) = 1
          ORDER BY 1"
    ),
    timeout_ms: 10_000,
};

/// Each operator with the function that it runs.
static OPERATORS: Query = Query {
    name: "guard.operators",
    text: concat!(
        "SELECT DISTINCT n.nspname || '.' || o.oprname AS name, pn.nspname || '.' || p.proname AS function
           FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
           LEFT JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
           LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
          WHERE o.oid >= ",
        first_own_oid!(),
        " ORDER BY 1"
    ),
    timeout_ms: 10_000,
};

static FOREIGN_TABLES: Query = Query {
    name: "guard.foreign_tables",
    text: "SELECT n.nspname || '.' || c.relname AS name
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'f' ORDER BY 1",
    timeout_ms: 10_000,
};

/// Views by oid, and tables whose rows are filtered by policies: reading both runs expressions of others. What runs
/// although nothing is read is looked for apart, see [`planned`].
static VIEWS: Query = Query {
    name: "guard.views",
    text: concat!(
        "SELECT c.oid::int8 AS oid, n.nspname || '.' || c.relname AS name
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE (c.relkind = 'v' OR c.relrowsecurity) AND c.oid >= ",
        first_own_oid!(),
        " AND c.oid > $1::int8::oid ORDER BY c.oid LIMIT $2::int8"
    ),
    timeout_ms: 10_000,
};

/// What the rules and policies of a range of oids use. Built-in operators, aggregates and casts do no harm and would
/// only be noise; a function that is called by name is listed wherever it comes from.
static USES: Query = Query {
    name: "guard.uses",
    text: concat!(
        "WITH rule AS (
           SELECT r.ev_class AS oid, r.ev_action::text AS tree FROM pg_catalog.pg_rewrite r
            WHERE r.ev_type = '1' AND r.ev_class BETWEEN $1::int8::oid AND $2::int8::oid
              AND r.ev_class >= ",
        first_own_oid!(),
        " UNION ALL
           SELECT p.polrelid, p.polqual::text FROM pg_catalog.pg_policy p
            WHERE p.polrelid BETWEEN $1::int8::oid AND $2::int8::oid AND p.polqual IS NOT NULL),
         found AS (
           SELECT rule.oid, 'f' AS kind, m[1]::oid AS used, m[2] <> '0' AS quiet
             FROM rule, regexp_matches(tree,
               ':funcid ([0-9]+) :funcresulttype [0-9]+ :funcretset [a-z]+ :funcvariadic [a-z]+ :funcformat ([0-9])', 'g') m
           UNION SELECT rule.oid, 'f', m[1]::oid, true
             FROM rule, regexp_matches(tree, ':(?:opfuncid|aggfnoid|winfnoid|hashfuncid|negfuncid) ([0-9]+)', 'g') m
           UNION SELECT rule.oid, 'f', m[1]::oid, false FROM rule, regexp_matches(tree, ':tsmhandler ([0-9]+)', 'g') m
           UNION SELECT rule.oid, 'r', m[1]::oid, false FROM rule, regexp_matches(tree, ':relid ([0-9]+)', 'g') m)
         SELECT DISTINCT f.oid::int8 AS oid, f.kind, coalesce(pn.nspname || '.' || p.proname, cn.nspname || '.' || c.relname) AS name
           FROM found f
           LEFT JOIN pg_catalog.pg_proc p ON p.oid = f.used AND f.kind = 'f'
           LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
           LEFT JOIN pg_catalog.pg_class c ON c.oid = f.used AND f.kind = 'r' AND c.oid <> f.oid
           LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
          WHERE c.oid IS NOT NULL OR (p.oid IS NOT NULL AND (NOT f.quiet OR p.oid >= ",
        first_own_oid!(),
        ")) ORDER BY 1, 2, 3"
    ),
    timeout_ms: 10_000,
};

/// Stands for what could not be looked through; no list of safe functions holds it.
pub(super) const UNREADABLE: &str = "(its definition could not be read)";

/// Reads it all; the names of functions and types go into the schema too.
pub(super) async fn catalog(session: &mut dyn Session, schema: &mut Schema) -> Result<Catalog, SessionError> {
    let mut catalog = Catalog {
        functions: names(session, &FUNCTIONS).await?,
        foreign_tables: names(session, &FOREIGN_TABLES).await?,
        safe_functions: extension_readers(session).await?,
        ..Catalog::default()
    };
    operators(session, &mut catalog).await?;
    let types = types::read(session, &catalog.safe_functions).await?;
    catalog.safe_types = types.safe;
    schema.types = types.all;
    schema.functions.clone_from(&catalog.functions);
    let mut after = 0;
    loop {
        let page = session.own(&VIEWS, &[Param::Int(after), Param::Int(PAGE)]).await?;
        let oid = |rows: &Rows, row| rows.get(row, "oid").int().unwrap_or(0);
        let mut views: BTreeMap<i64, CatalogView> = page
            .rows
            .iter()
            .map(|row| (oid(&page, row), CatalogView { name: page.text(row, "name"), ..CatalogView::default() }))
            .collect();
        let (Some((&first, _)), Some((&last, _))) = (views.first_key_value(), views.last_key_value()) else { break };
        match session.own(&USES, &[Param::Int(first), Param::Int(last)]).await {
            Ok(uses) => {
                for row in &uses.rows {
                    let Some(view) = views.get_mut(&oid(&uses, row)) else { continue };
                    let name = uses.text(row, "name");
                    if uses.text(row, "kind") == "f" { view.functions.push(name) } else { view.relations.push(name) }
                }
            }
            Err(SessionError::Server(_) | SessionError::Deadline(_)) => {
                for view in views.values_mut() {
                    view.functions.push(UNREADABLE.into());
                }
            }
            Err(error) => return Err(error),
        }
        catalog.views.extend(views.into_values());
        after = last;
    }
    // Last, because it asks the guard about the bodies of functions.
    let planned = planned::tables(session, &catalog).await?;
    catalog.views.extend(planned);
    Ok(catalog)
}

/// All operators, and those among them whose every function only reads.
async fn operators(session: &mut dyn Session, catalog: &mut Catalog) -> Result<(), SessionError> {
    let rows = session.own(&OPERATORS, &[]).await?;
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    for row in &rows.rows {
        let function = rows.text(row, "function");
        let reads = is_built_in_reader(&function) || catalog.safe_functions.contains(&function);
        *found.entry(rows.text(row, "name")).or_insert(true) &= reads;
    }
    catalog.safe_operators = found.iter().filter(|(_, reads)| **reads).map(|(name, _)| name.clone()).collect();
    catalog.operators = found.into_keys().collect();
    Ok(())
}

/// Functions of known extensions that only read.
async fn extension_readers(session: &mut dyn Session) -> Result<Vec<String>, SessionError> {
    let rows = session.own(&EXTENSIONS, &[]).await?;
    let reads = |name: &str, row| {
        let function = name.rsplit('.').next().unwrap_or_default();
        extensions::reads(&rows.text(row, "extension"), function, rows.get(row, "immutable") == &Value::Bool(true))
    };
    let named = rows.rows.iter().map(|row| (rows.text(row, "name"), row));
    Ok(named.filter(|(name, row)| reads(name, row)).map(|(name, _)| name).collect())
}

async fn names(session: &mut dyn Session, query: &'static Query) -> Result<Vec<String>, SessionError> {
    let rows = session.own(query, &[]).await?;
    Ok(rows.rows.iter().map(|row| rows.text(row, "name")).collect())
}
