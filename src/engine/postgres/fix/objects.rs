//! The objects of an act, found on the server: by name when the act is looked at, and by number again right before and
//! after it is done.
//!
//! A definition is a hash over the raw catalogue rows: nothing is printed, so no lock is waited for and no setting of
//! a login changes it.

use super::shape::{Named, Shape, Sort, What};
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::TouchedObject;
use crate::domain::rows::Rows;
use crate::engine::postgres::dialect;
use crate::engine::{Param, Query, Session};
use serde_json::json;

/// An object that is there.
#[derive(Debug, Clone)]
pub(in crate::engine::postgres) struct Found {
    /// How the statement names it.
    pub(in crate::engine::postgres) named: Named,
    /// Its oid.
    pub(in crate::engine::postgres) oid: i64,
    /// `pg_class.relkind`; empty for what is no relation.
    pub(in crate::engine::postgres) kind: String,
    /// Full name, quoted where it must be.
    pub(in crate::engine::postgres) full_name: String,
    /// It belongs to the server itself.
    pub(in crate::engine::postgres) system: bool,
    definition: String,
}

impl Found {
    /// As the approval binds it.
    pub(in crate::engine::postgres) fn touched(&self) -> TouchedObject {
        TouchedObject { name: self.full_name.clone(), id: self.oid.to_string(), definition: self.definition.clone() }
    }
}

/// $1: a JSON list of `{sort, schema, name}`. One row for each that is there. The expressions are hashed as the
/// catalogue keeps them.
static RESOLVE: Query = Query {
    name: "fix.objects",
    text: r"WITH asked AS (
  SELECT x.sort, coalesce(x.schema, 'pg_catalog') AS schema, x.name, x.n
    FROM ROWS FROM (json_to_recordset($1::json) AS (sort text, schema text, name text)) WITH ORDINALITY x (sort, schema, name, n)),
found AS (
  SELECT x.n, c.oid, n.nspname AS schema, c.relname::text AS name, c.relkind::text AS kind,
         concat_ws(E'\x1f', n.nspname, c.relname, c.relkind, c.relpersistence, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.reloptions::text, c.reltablespace, c.relispartition,
           (SELECT string_agg(concat_ws(E'\x1e', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
                                        a.attidentity, a.attgenerated, a.attcollation, d.adbin::text), E'\n' ORDER BY a.attnum)
              FROM pg_catalog.pg_attribute a
              LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           (SELECT string_agg(concat_ws(E'\x1e', k.oid, k.conname, k.contype, k.convalidated, k.condeferrable,
                                        k.condeferred, k.conrelid, k.conkey::text, k.confrelid, k.confkey::text,
                                        k.confdeltype, k.confupdtype, k.conbin::text), E'\n' ORDER BY k.oid)
              FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid OR k.confrelid = c.oid),
           (SELECT string_agg(concat_ws(E'\x1e', i.indexrelid, ic.relname, ic.reloptions::text, i.indkey::text,
                                        i.indclass::text, i.indoption::text, i.indisunique, i.indisprimary,
                                        i.indisvalid, i.indpred::text, i.indexprs::text), E'\n' ORDER BY i.indexrelid)
              FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
             WHERE i.indrelid = c.oid OR i.indexrelid = c.oid),
           (SELECT string_agg(concat_ws(E'\x1e', t.oid, t.tgname, t.tgfoid, t.tgtype, t.tgenabled, t.tgqual::text), E'\n' ORDER BY t.oid)
              FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
           (SELECT string_agg(concat_ws(E'\x1e', r.oid, r.ev_enabled, r.ev_action::text), E'\n' ORDER BY r.oid)
              FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid),
           (SELECT string_agg(concat_ws(E'\x1e', p.oid, p.polname, p.polcmd, p.polpermissive, p.polroles::text,
                                        p.polqual::text, p.polwithcheck::text), E'\n' ORDER BY p.oid)
              FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid),
           (SELECT s::text FROM pg_catalog.pg_sequence s WHERE s.seqrelid = c.oid)) AS definition
    FROM asked x
    JOIN pg_catalog.pg_namespace n ON n.nspname = x.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = x.name
   WHERE x.sort = 'relation'
  UNION ALL
  SELECT x.n, t.oid, n.nspname, t.typname, '',
         concat_ws(E'\x1f', n.nspname, t.typname, t.typtype, t.typowner, t.typrelid, t.typbasetype, t.typnotnull,
           t.typdefaultbin::text,
           (SELECT string_agg(e.enumlabel, E'\x1e' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
           (SELECT string_agg(concat_ws(E'\x1e', k.oid, k.conname, k.convalidated, k.conbin::text), E'\n' ORDER BY k.oid)
              FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid))
    FROM asked x
    JOIN pg_catalog.pg_namespace n ON n.nspname = x.schema
    JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = x.name
   WHERE x.sort = 'type'
  UNION ALL
  SELECT x.n, min(p.oid::int8)::oid, n.nspname, x.name, '',
         string_agg(concat_ws(E'\x1e', p.oid, p.proowner, p.prosrc, p.probin, p.prokind, p.prosecdef, p.provolatile,
                              p.proconfig::text, p.proargtypes::text, p.prorettype), E'\n' ORDER BY p.oid)
    FROM asked x
    JOIN pg_catalog.pg_namespace n ON n.nspname = x.schema
    JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = x.name
   WHERE x.sort = 'routine' GROUP BY x.n, n.nspname, x.name
  UNION ALL
  SELECT x.n, n.oid, NULL, n.nspname, '', concat_ws(E'\x1f', n.nspname, n.nspowner)
    FROM asked x JOIN pg_catalog.pg_namespace n ON n.nspname = x.name WHERE x.sort = 'schema'
  UNION ALL
  SELECT x.n, d.oid, NULL, d.datname, '', concat_ws(E'\x1f', d.datname, d.datdba)
    FROM asked x JOIN pg_catalog.pg_database d ON d.datname = x.name WHERE x.sort = 'database'
  UNION ALL
  SELECT x.n, r.oid, NULL, r.rolname, '', concat_ws(E'\x1f', r.rolname, r.rolsuper, r.rolcanlogin)
    FROM asked x JOIN pg_catalog.pg_roles r ON r.rolname = x.name WHERE x.sort = 'role')
SELECT n, oid::int8 AS oid, schema, name, kind,
       coalesce(schema IN ('pg_catalog', 'information_schema') OR schema LIKE 'pg\_toast%', false) AS system,
       encode(sha256(convert_to(definition, 'UTF8')), 'hex') AS definition
  FROM found ORDER BY n",
    timeout_ms: 5_000,
};

/// $1: the name of a relation. Schemas that have one.
static ELSEWHERE: Query = Query {
    name: "fix.elsewhere",
    text:
        "SELECT n.nspname AS schema FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = $1 AND n.nspname NOT LIKE 'pg\\_toast%' ORDER BY 1 LIMIT 5",
    timeout_ms: 2_000,
};

/// Looks up everything that a statement names, in its order.
///
/// # Errors
/// In words, when something is not there, or belongs to the server itself and would change.
pub(in crate::engine::postgres) async fn resolve(
    session: &mut dyn Session,
    shape: &Shape,
) -> Result<Vec<Found>, SessionError> {
    check_made(shape)?;
    let found = look_up(session, &shape.named).await?;
    for named in &shape.named {
        if !found.iter().any(|f| f.named == *named) {
            return Err(missing(session, named).await?);
        }
    }
    if let Some(target) = found.first()
        && target.system
        && !matches!(shape.what, What::Call | What::Other | What::Make(_))
    {
        return Err(SessionError::Unsupported(format!(
            "{} belongs to the server itself, and nothing there is changed from here",
            target.full_name
        )));
    }
    Ok(found)
}

/// The same for any names; those that are not there are left out.
pub(in crate::engine::postgres) async fn look_up(
    session: &mut dyn Session,
    named: &[Named],
) -> Result<Vec<Found>, SessionError> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<_> =
        named.iter().map(|n| json!({"sort": n.sort.word(), "schema": n.schema, "name": n.name})).collect();
    let rows = session.own(&RESOLVE, &[Param::Text(json!(asked).to_string())]).await?;
    Ok(rows.rows.iter().filter_map(|row| found(&rows, row, named)).collect())
}

fn found(rows: &Rows, row: &[crate::domain::rows::Value], named: &[Named]) -> Option<Found> {
    let place = usize::try_from(rows.get(row, "n").int()?).ok()?.checked_sub(1)?;
    let schema = rows.get(row, "schema").plain();
    let name = dialect::quote(&rows.text(row, "name"));
    Some(Found {
        named: named.get(place)?.clone(),
        oid: rows.get(row, "oid").int()?,
        kind: rows.text(row, "kind"),
        full_name: schema.map_or(name.clone(), |schema| format!("{}.{name}", dialect::quote(&schema))),
        system: rows.text(row, "system") == "true",
        definition: rows.text(row, "definition"),
    })
}

/// Our sessions look bare names up in `pg_catalog` alone, and nothing shall be made there.
fn check_made(shape: &Shape) -> Result<(), SessionError> {
    if shape.temporary {
        return Err(SessionError::Unsupported(
            "a temporary object would be gone with the session that runs the act".into(),
        ));
    }
    match &shape.made {
        Some(made) if made.sort.is_in_schema() && made.schema.is_none() => Err(SessionError::Unsupported(format!(
            "say in which schema {} is to be made: schema.{}",
            made.name,
            dialect::quote(&made.name)
        ))),
        Some(made) if matches!(made.schema.as_deref(), Some("pg_catalog" | "information_schema")) => {
            Err(SessionError::Unsupported("nothing is made in the server's own schemas".into()))
        }
        _ => Ok(()),
    }
}

async fn missing(session: &mut dyn Session, named: &Named) -> Result<SessionError, SessionError> {
    let word = match named.sort {
        Sort::Relation => "table, view, sequence or index",
        Sort::Type => "type",
        Sort::Routine => "function",
        Sort::Schema => "schema",
        Sort::Database => "database",
        Sort::Role => "role",
    };
    let mut words = format!("there is no {word} {}", shown(named));
    if named.sort == Sort::Relation {
        let rows = session.own(&ELSEWHERE, &[Param::Text(named.name.clone())]).await?;
        let schemas: Vec<String> = rows.rows.iter().map(|row| dialect::quote(&rows.text(row, "schema"))).collect();
        if !schemas.is_empty() {
            words = format!("{words}; one of that name is in {}: name the schema", schemas.join(", "));
        }
    }
    Ok(SessionError::Unsupported(words))
}

fn shown(named: &Named) -> String {
    let name = dialect::quote(&named.name);
    named.schema.as_ref().map_or(name.clone(), |schema| format!("{}.{name}", dialect::quote(schema)))
}

/// What an approval binds: everything named, but for what the server itself brings.
pub(in crate::engine::postgres) fn touched(found: &[Found]) -> Vec<TouchedObject> {
    found.iter().filter(|f| !f.system).map(Found::touched).collect()
}
