//! How a change of objects is undone: statements made from what the catalogue holds before it.

use super::super::dialect::{literal, quote};
use super::objects::Found;
use super::shape::{Action, Scope, Shape, What};
use crate::domain::error_event::SessionError;
use crate::domain::proposal::survey::Inverse;
use crate::engine::{Param, Query, Session};
use serde::Deserialize;

/// What an ALTER may change, of one relation.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Before {
    schema: String,
    name: String,
    columns: Vec<ColumnBefore>,
    constraints: Vec<ConstraintBefore>,
    options: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ColumnBefore {
    name: String,
    #[serde(rename = "type")]
    type_name: String,
    default: Option<String>,
    not_null: bool,
    statistics: Option<i64>,
    computed: bool,
}

#[derive(Debug, Deserialize)]
struct ConstraintBefore {
    name: String,
    kind: String,
    definition: String,
    valid: bool,
    referenced: bool,
}

/// $1: the oid. Expressions are printed, which waits for a lock of whoever changes the table just now, at most the
/// session's half second.
static BEFORE: Query = Query {
    name: "fix.before",
    text: "SELECT json_build_object('schema', n.nspname, 'name', c.relname,
  'columns', coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, 'not_null', a.attnotnull,
      'statistics', a.attstattarget, 'computed', a.attgenerated <> '' OR a.attidentity <> '') ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a
     LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'constraints', coalesce((SELECT json_agg(json_build_object('name', k.conname, 'kind', k.contype,
      'definition', pg_get_constraintdef(k.oid), 'valid', k.convalidated,
      'referenced', EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.contype = 'f' AND f.conindid = k.conindid
                             AND k.conindid <> 0 AND f.oid <> k.oid)) ORDER BY k.conname)
     FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid), '[]'),
  'options', coalesce(to_json(c.reloptions), '[]'))::text AS before
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::int8::oid",
    timeout_ms: 5_000,
};

/// Reads what an ALTER may change.
pub(super) async fn before(session: &mut dyn Session, oid: i64) -> Result<Before, SessionError> {
    let rows = session.own(&BEFORE, &[Param::Int(oid)]).await?;
    let text = rows.rows.first().map(|row| rows.text(row, "before")).unwrap_or_default();
    serde_json::from_str(&text)
        .map_err(|_| SessionError::Unsupported("the table went away while it was looked at".into()))
}

impl Before {
    /// The type of a column as it is now.
    pub(super) fn type_of(&self, column: &str) -> Option<String> {
        self.column(column).map(|c| c.type_name.clone())
    }
    fn column(&self, name: &str) -> Option<&ColumnBefore> {
        self.columns.iter().find(|column| column.name == name)
    }
    fn constraint(&self, name: &str) -> Option<&ConstraintBefore> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }
    fn full_name(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }
}

/// The undo of an ALTER, part by part and backwards.
pub(super) fn of_alter(word: &str, actions: &[Action], before: &Before) -> Inverse {
    let mut parts = Vec::new();
    for action in actions.iter().rev() {
        match of_action(action, before) {
            Ok(Some(part)) => parts.push(part),
            Ok(None) => {}
            Err(why) => return Inverse::None(why),
        }
    }
    if parts.is_empty() {
        return Inverse::None("it changes nothing that could be undone".into());
    }
    let name = match actions {
        // A renamed table has its new name by then.
        [Action::Rename { to }] => format!("{}.{}", quote(&before.schema), quote(to)),
        _ => before.full_name(),
    };
    Inverse::Statements(vec![format!("ALTER {word} {name} {}", parts.join(", "))])
}

/// None: there is nothing to undo, since the part changes nothing.
fn of_action(action: &Action, before: &Before) -> Result<Option<String>, String> {
    let column = |name: &str| before.column(name).ok_or_else(|| format!("there is no column {}", quote(name)));
    let unknown = || "what it was before is not known here".to_owned();
    Ok(Some(match action {
        Action::AddColumn { name, if_not_exists, .. } => {
            if before.column(name).is_some() {
                return if *if_not_exists {
                    Ok(None)
                } else {
                    Err(format!("the column {} is there already", quote(name)))
                };
            }
            format!("DROP COLUMN {}", quote(name))
        }
        Action::DropColumn { .. } => return Err("the column's values are lost with it".into()),
        Action::SetDefault { column: name } => {
            let was = column(name)?;
            if was.computed {
                return Err("the server computes this column".into());
            }
            match &was.default {
                Some(default) => format!("ALTER COLUMN {} SET DEFAULT {default}", quote(name)),
                None => format!("ALTER COLUMN {} DROP DEFAULT", quote(name)),
            }
        }
        Action::SetNotNull { column: name } if column(name)?.not_null => return Ok(None),
        Action::SetNotNull { column: name } => format!("ALTER COLUMN {} DROP NOT NULL", quote(name)),
        Action::DropNotNull { column: name } if !column(name)?.not_null => return Ok(None),
        Action::DropNotNull { column: name } => format!("ALTER COLUMN {} SET NOT NULL", quote(name)),
        Action::SetType { column: name, to, using } => {
            let was = &column(name)?.type_name;
            if *using || !widens(was, to) {
                return Err(format!("a value that was changed from {was} is not sure to come back as it was"));
            }
            format!("ALTER COLUMN {} TYPE {was}", quote(name))
        }
        Action::SetStatistics { column: name } => {
            // Since 17 the usual target is NULL.
            let target = column(name)?.statistics.unwrap_or(-1);
            format!("ALTER COLUMN {} SET STATISTICS {target}", quote(name))
        }
        Action::Rename { .. } => format!("RENAME TO {}", quote(&before.name)),
        Action::RenameColumn { from, to } => format!("RENAME COLUMN {} TO {}", quote(to), quote(from)),
        Action::RenameConstraint { from, to } => format!("RENAME CONSTRAINT {} TO {}", quote(to), quote(from)),
        Action::AddConstraint { name: Some(name), .. } => format!("DROP CONSTRAINT {}", quote(name)),
        Action::AddConstraint { name: None, .. } => {
            return Err("the server chooses the constraint's name: name it, and it can be dropped again".into());
        }
        Action::DropConstraint { name } => {
            let was = before.constraint(name).ok_or_else(|| format!("there is no constraint {}", quote(name)))?;
            if was.referenced {
                return Err("foreign keys of other tables depend on it".into());
            }
            let not_valid = if was.valid || was.definition.ends_with("NOT VALID") { "" } else { " NOT VALID" };
            if was.kind == "n" {
                return Err("a NOT NULL constraint comes back with SET NOT NULL, under another name".into());
            }
            format!("ADD CONSTRAINT {} {}{not_valid}", quote(name), was.definition)
        }
        Action::ValidateConstraint { name } => {
            let was = before.constraint(name).ok_or_else(|| format!("there is no constraint {}", quote(name)))?;
            if was.valid {
                return Ok(None);
            }
            return Err("a valid constraint is not made invalid again, and it harms nobody".into());
        }
        Action::Options { names } => options(names, before)?,
        Action::SetSchema
        | Action::AttachPartition
        | Action::DetachPartition
        | Action::Trigger
        | Action::Rewrites
        | Action::Other => return Err(unknown()),
    }))
}

/// Every value of the old type is one of the new type and comes back as it was.
fn widens(old: &str, new: &str) -> bool {
    let rank = |name: &str| match name.trim().to_ascii_lowercase().as_str() {
        "smallint" | "int2" => Some(1),
        "integer" | "int" | "int4" => Some(2),
        "bigint" | "int8" => Some(3),
        _ => None,
    };
    match (rank(old), rank(new)) {
        (Some(old), Some(new)) => old <= new,
        _ => {
            let text = ["text", "varchar", "character varying"];
            old.starts_with("character varying") && text.contains(&new.trim().to_ascii_lowercase().as_str())
        }
    }
}

/// Storage parameters back to what they were: those that had a value are set, the others reset.
fn options(names: &[String], before: &Before) -> Result<String, String> {
    let old = |name: &String| before.options.iter().find_map(|o| o.strip_prefix(name.as_str())?.strip_prefix('='));
    let set: Vec<String> = names.iter().filter_map(|n| Some(format!("{} = {}", dotted(n), literal(old(n)?)))).collect();
    let reset: Vec<String> = names.iter().filter(|n| old(n).is_none()).map(|n| dotted(n)).collect();
    let mut parts = Vec::new();
    if !set.is_empty() {
        parts.push(format!("SET ({})", set.join(", ")));
    }
    if !reset.is_empty() {
        parts.push(format!("RESET ({})", reset.join(", ")));
    }
    if parts.is_empty() { Err("it names no option".into()) } else { Ok(parts.join(", ")) }
}

fn dotted(name: &str) -> String {
    name.split('.').map(quote).collect::<Vec<_>>().join(".")
}

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

/// The undo of a DROP of indexes, views or sequences. `beside` builds indexes beside the traffic.
pub(super) async fn of_drop(
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
pub(super) async fn of_make(
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

/// $1: class and kind words for `pg_get_object_address`; $2, $3: the name's parts as JSON.
static OLD_COMMENT: Query = Query {
    name: "fix.comment",
    text: "SELECT CASE WHEN $2 = '' THEN obj_description($1::int8::oid, $3)
                  ELSE (SELECT col_description(a.attrelid, a.attnum) FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid = $1::int8::oid AND a.attname = $2 AND NOT a.attisdropped) END AS comment",
    timeout_ms: 2_000,
};

/// The undo of a COMMENT: the old one.
pub(super) async fn of_comment(
    session: &mut dyn Session,
    head: &str,
    found: &[Found],
    column: Option<&str>,
) -> Result<Inverse, SessionError> {
    let [object] = found else { return Ok(Inverse::None("what the comment is on is not known here".into())) };
    let class = match object.named.sort {
        super::shape::Sort::Relation => "pg_class",
        super::shape::Sort::Type => "pg_type",
        super::shape::Sort::Schema => "pg_namespace",
        _ => return Ok(Inverse::None("the old comment is not kept for objects of this kind".into())),
    };
    let params = [Param::Int(object.oid), Param::Text(column.unwrap_or_default().into()), Param::Text(class.into())];
    let rows = session.own(&OLD_COMMENT, &params).await?;
    let old = rows.rows.first().and_then(|row| rows.get(row, "comment").plain());
    Ok(Inverse::Statements(vec![format!("{head} {}", old.map_or("NULL".to_owned(), |old| literal(&old)))]))
}

/// The undo of a setting for a role, a database or the server.
pub(super) fn of_setting(scope: &Scope, name: &str, old: Option<&str>) -> String {
    let target = match scope {
        Scope::System => "ALTER SYSTEM".to_owned(),
        Scope::Role(role, database) => {
            let role = role.as_ref().map_or("ALL".to_owned(), |role| quote(role));
            let within = database.as_ref().map(|d| format!(" IN DATABASE {}", quote(d))).unwrap_or_default();
            format!("ALTER ROLE {role}{within}")
        }
        Scope::Database(database) => format!("ALTER DATABASE {}", quote(database)),
    };
    match old {
        Some(old) => format!("{target} SET {name} = {}", super::settings::value(name, old)),
        None => format!("{target} RESET {name}"),
    }
}
