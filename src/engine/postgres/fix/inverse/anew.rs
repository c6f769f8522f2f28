//! The undo of what is dropped or made: the definitions that the server itself prints.

use super::super::objects::Found;
use super::super::shape::{Shape, What};
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Inverse;
use crate::engine::postgres::dialect::{literal, quote};
use crate::engine::{Param, Query, Session};

/// $1: a JSON list of oids. The statements that make each of them anew, as a JSON list; none where that is not all.
static ANEW: Query = Query {
    name: "fix.anew",
    text: "SELECT c.oid::int8 AS oid, c.relkind::text AS kind,
  CASE c.relkind
    WHEN 'i' THEN pg_get_indexdef(c.oid)
    WHEN 'v' THEN pg_get_viewdef(c.oid)
    WHEN 'm' THEN pg_get_viewdef(c.oid)
    WHEN 'S' THEN (SELECT format('CREATE SEQUENCE %I.%I AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s',
                     n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart,
                     s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)
                     FROM pg_catalog.pg_sequence s WHERE s.seqrelid = c.oid)
  END AS definition,
  CASE WHEN c.relkind = 'S' THEN (SELECT (p.last_value::numeric + p.increment_by)::text FROM pg_catalog.pg_sequences p
     WHERE p.schemaname = n.nspname AND p.sequencename = c.relname AND p.last_value IS NOT NULL) END AS next,
  CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE, SELECT') ELSE false END AS hidden,
  CASE WHEN c.relkind = 'S' THEN EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass
     AND d.objid = c.oid AND d.deptype IN ('a', 'i')) ELSE false END AS owned,
  quote_ident(o.rolname) AS owner, c.relacl IS NOT NULL AS granted, array_to_string(c.reloptions, ', ') AS options,
  obj_description(c.oid, 'pg_class') AS comment,
  EXISTS (SELECT FROM pg_catalog.pg_description d WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid > 0)
    OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
    OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1')
    OR EXISTS (SELECT FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid AND c.relkind = 'v') AS more,
  (SELECT json_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid)::text FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) AS indexes,
  (SELECT CASE WHEN i.indisclustered THEN 'CLUSTER ON ' || quote_ident(c.relname)
               WHEN i.indisreplident THEN 'REPLICA IDENTITY USING INDEX ' || quote_ident(c.relname) END
     FROM pg_catalog.pg_index i WHERE i.indexrelid = c.oid) AS marks,
  (SELECT quote_ident(tn.nspname) || '.' || quote_ident(t.relname) FROM pg_catalog.pg_index i
     JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    WHERE i.indexrelid = c.oid) AS parent,
  c.reltablespace <> 0 AS placed
  FROM json_array_elements_text($1::json) x (oid)
  JOIN pg_catalog.pg_class c ON c.oid = x.oid::oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles o ON o.oid = c.relowner",
    timeout_ms: 5_000,
};

/// The undo of a DROP of indexes, views or sequences. Indexes come back beside the traffic.
pub(in super::super) async fn of_drop(
    session: &mut dyn Session,
    shape: &Shape,
    found: &[Found],
) -> Result<Inverse, SessionError> {
    let none = |why: &str| Ok(Inverse::None(why.into()));
    if shape.cascades {
        return none("CASCADE drops what is not named here");
    }
    match shape.what {
        What::Drop("TABLE" | "DATABASE") => return none("the rows are gone with it: only a backup brings them back"),
        What::Drop("SCHEMA") => return drop_schema(session, found).await,
        What::Drop("INDEX" | "VIEW" | "SEQUENCE" | "MATERIALIZED VIEW") => {}
        _ => return none("its definition is not kept here"),
    }
    let oids: Vec<String> = found.iter().map(|f| f.oid.to_string()).collect();
    let rows = session.own(&ANEW, &[Param::Text(serde_json::json!(oids).to_string())]).await?;
    let mut statements = Vec::new();
    for object in found {
        let Some(row) = rows.rows.iter().find(|row| rows.get(row, "oid").int() == Some(object.oid)) else {
            return none("its definition could not be read");
        };
        let text = |name: &str| rows.get(row, name).plain();
        let flag = |name: &str| rows.text(row, name) == "true";
        let name = &object.full_name;
        let Some(definition) = text("definition") else { return none("its definition is not kept here") };
        if flag("more") {
            return none("it has triggers, rules, defaults or comments on columns that are not kept here");
        }
        let options = text("options").map(|o| format!(" WITH ({o})")).unwrap_or_default();
        match object.kind.as_str() {
            "i" => {
                if flag("placed") {
                    return none("it stands in a tablespace of its own, which its definition does not name");
                }
                statements.push(beside(&definition));
                if let (Some(marks), Some(parent)) = (text("marks"), text("parent")) {
                    statements.push(format!("ALTER TABLE {parent} {marks}"));
                }
            }
            "v" => statements.push(format!("CREATE VIEW {name}{options} AS {definition}")),
            "m" => {
                statements.push(format!("CREATE MATERIALIZED VIEW {name}{options} AS {definition}"));
                let indexes: Vec<String> =
                    text("indexes").and_then(|i| serde_json::from_str(&i).ok()).unwrap_or_default();
                statements.extend(indexes);
            }
            "S" if flag("owned") => return none("a column draws its values from it"),
            "S" if flag("hidden") => return none("this login cannot see where the sequence stands"),
            "S" => {
                statements.push(definition);
                statements.extend(text("next").map(|next| format!("ALTER SEQUENCE {name} RESTART WITH {next}")));
            }
            _ => return none("its definition is not kept here"),
        }
        let word = match object.kind.as_str() {
            "i" => "INDEX",
            "v" => "VIEW",
            "m" => "MATERIALIZED VIEW",
            _ => "SEQUENCE",
        };
        if object.kind != "i" {
            if flag("granted") {
                return none("others have rights on it, which are not kept here");
            }
            statements.push(format!("ALTER {word} {name} OWNER TO {}", rows.text(row, "owner")));
        }
        statements.extend(text("comment").map(|c| format!("COMMENT ON {word} {name} IS {}", literal(&c))));
    }
    Ok(if statements.is_empty() {
        Inverse::None("there is nothing to drop".into())
    } else {
        Inverse::Statements(statements)
    })
}

/// An index's definition, built beside the traffic.
fn beside(definition: &str) -> String {
    for head in ["CREATE UNIQUE INDEX ", "CREATE INDEX "] {
        if let Some(rest) = definition.strip_prefix(head) {
            return format!("{head}CONCURRENTLY {rest}");
        }
    }
    definition.to_owned()
}

/// $1: the oid.
static SCHEMA_BEFORE: Query = Query {
    name: "fix.schema",
    text: "SELECT quote_ident(o.rolname) AS owner, n.nspacl IS NOT NULL AS granted
             FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner WHERE n.oid = $1::int8::oid",
    timeout_ms: 2_000,
};

async fn drop_schema(session: &mut dyn Session, found: &[Found]) -> Result<Inverse, SessionError> {
    let mut statements = Vec::new();
    for schema in found {
        let rows = session.own(&SCHEMA_BEFORE, &[Param::Int(schema.oid)]).await?;
        let Some(row) = rows.rows.first() else { continue };
        if rows.text(row, "granted") == "true" {
            return Ok(Inverse::None("others have rights on it, which are not kept here".into()));
        }
        statements.push(format!("CREATE SCHEMA {} AUTHORIZATION {}", schema.full_name, rows.text(row, "owner")));
    }
    Ok(Inverse::Statements(statements))
}

/// The undo of a new object: it is dropped. `replaced` is the view that stands there already.
pub(in super::super) async fn of_make(
    session: &mut dyn Session,
    word: &str,
    shape: &Shape,
    replaced: Option<&Found>,
) -> Result<Inverse, SessionError> {
    let Some(made) = &shape.made else { return Ok(Inverse::None("what it makes is not known here".into())) };
    let name =
        made.schema.as_ref().map_or(quote(&made.name), |schema| format!("{}.{}", quote(schema), quote(&made.name)));
    let Some(replaced) = replaced else { return Ok(Inverse::Statements(vec![format!("DROP {word} {name}")])) };
    if !shape.or_replace {
        return Err(SessionError::Unsupported(format!("{name} is there already")));
    }
    let rows = session.own(&ANEW, &[Param::Text(serde_json::json!([replaced.oid.to_string()]).to_string())]).await?;
    let Some(definition) = rows.rows.first().and_then(|row| rows.get(row, "definition").plain()) else {
        return Ok(Inverse::None("its definition could not be read".into()));
    };
    // New columns can be added to a view and not taken away again.
    let options = rows.rows.first().and_then(|row| rows.get(row, "options").plain());
    let options = options.map(|o| format!(" WITH ({o})")).unwrap_or_default();
    Ok(Inverse::Statements(vec![format!("CREATE OR REPLACE VIEW {name}{options} AS {definition}")]))
}
