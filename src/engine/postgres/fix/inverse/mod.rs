//! How a change of objects is undone: statements made from what the catalogue holds before it.

mod anew;

pub(super) use anew::{of_drop, of_make};

use super::super::dialect::{literal, quote};
use super::objects::Found;
use super::shape::{Action, Scope};
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

/// $1: the oid; $2: a column's name, or empty; $3: the catalogue that holds the object.
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
