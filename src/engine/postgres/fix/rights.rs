//! Whether a login may do an act: the server's own privilege functions answer for any login, so it is exact.

use super::super::dialect::quote;
use super::objects::Found;
use super::shape::{Scope, Shape, Sort, Verb, What};
use super::table::Table;
use crate::domain::error_event::SessionError;
use crate::domain::proposal::kind::FixKind;
use crate::domain::proposal::survey::{Inverse, Rights};
use crate::engine::{Param, Query, Session};
use serde_json::{Value, json};

/// A right that an act needs, as our query reads it, and the statement that gives it. `{login}` stands for the login.
#[derive(Debug, Clone)]
pub(super) struct Need {
    ask: Value,
    grant: String,
}

impl Need {
    /// A privilege on a table, or on all of these columns of it.
    pub(super) fn table(privilege: &str, found: &Found, columns: &[String]) -> Self {
        Self {
            ask: json!({"kind": "table", "oid": found.oid, "priv": privilege, "columns": columns}),
            grant: format!("GRANT {privilege} ON {} TO {{login}}", found.full_name),
        }
    }
    pub(super) fn schema(privilege: &str, name: &str) -> Self {
        Self {
            ask: json!({"kind": "schema", "name": name, "priv": privilege}),
            grant: format!("GRANT {privilege} ON SCHEMA {} TO {{login}}", quote(name)),
        }
    }
    fn sequence(name: &str, oid: i64) -> Self {
        Self {
            ask: json!({"kind": "sequence", "oid": oid, "priv": "USAGE"}),
            grant: format!("GRANT USAGE ON SEQUENCE {name} TO {{login}}"),
        }
    }
    /// Calling a function, written with its arguments.
    pub(super) fn routine(written: &str, oid: i64) -> Self {
        Self {
            ask: json!({"kind": "routine", "oid": oid}),
            grant: format!("GRANT EXECUTE ON FUNCTION {written} TO {{login}}"),
        }
    }
    /// What only the owner may; its grant is made from the owner that the server names.
    pub(super) fn owner(found: &Found, maintenance: bool) -> Self {
        let kind = if maintenance { "maintain" } else { "owner" };
        let grant =
            if maintenance { format!("GRANT MAINTAIN ON {} TO {{login}}", found.full_name) } else { String::new() };
        Self { ask: json!({"kind": kind, "oid": found.oid, "sort": found.named.sort.word()}), grant }
    }
    fn role(role: &str) -> Self {
        Self { ask: json!({"kind": "member", "name": role}), grant: format!("GRANT {} TO {{login}}", quote(role)) }
    }
    fn database(privilege: &str) -> Self {
        Self {
            ask: json!({"kind": "database", "priv": privilege}),
            grant: format!("GRANT {privilege} ON DATABASE {{database}} TO {{login}}"),
        }
    }
    fn parameter(name: &str) -> Self {
        Self {
            ask: json!({"kind": "parameter", "name": name}),
            grant: format!("GRANT ALTER SYSTEM ON PARAMETER {name} TO {{login}}"),
        }
    }
    /// What changes of a role that is not one's own take: `CREATEROLE`, and from 16 on the role's administration.
    fn administer(role: &str, own_too: bool) -> [Self; 2] {
        let own = if own_too { role } else { "" };
        [
            Self {
                ask: json!({"kind": "createrole", "name": role, "sort": own}),
                grant: "ALTER ROLE {login} CREATEROLE".into(),
            },
            Self {
                ask: json!({"kind": "admin", "name": role, "sort": own}),
                grant: format!("GRANT {} TO {{login}} WITH ADMIN OPTION", quote(role)),
            },
        ]
    }
    /// Having the server read its configuration again.
    fn reload() -> Self {
        Self {
            ask: json!({"kind": "reload"}),
            grant: "GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO {login}".into(),
        }
    }
    fn special(kind: &str, grant: &str) -> Self {
        Self { ask: json!({"kind": kind}), grant: grant.into() }
    }
}

/// $1: the login; $2: a JSON list of needs. One row for each need that is not met, and one for a login that is not
/// there.
const MISSING: &str = r"WITH me AS (SELECT r.* FROM pg_catalog.pg_roles r WHERE r.rolname = $1),
need AS (
  SELECT x.* FROM ROWS FROM (json_to_recordset($2::json) AS
    (kind text, oid int8, name text, priv text, sort text, columns json)) WITH ORDINALITY
    x (kind, oid, name, priv, sort, columns, n)),
owned AS (
  SELECT need.n, CASE need.sort
      WHEN 'relation' THEN (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = need.oid)
      WHEN 'type' THEN (SELECT t.typowner FROM pg_catalog.pg_type t WHERE t.oid = need.oid)
      WHEN 'routine' THEN (SELECT p.proowner FROM pg_catalog.pg_proc p WHERE p.oid = need.oid)
      WHEN 'schema' THEN (SELECT s.nspowner FROM pg_catalog.pg_namespace s WHERE s.oid = need.oid)
      WHEN 'database' THEN (SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.oid = need.oid) END AS owner
    FROM need)
SELECT need.n, (SELECT quote_ident(o.rolname) FROM pg_catalog.pg_roles o WHERE o.oid = owned.owner) AS owner,
       quote_ident(current_database()) AS database
  FROM need JOIN owned USING (n) CROSS JOIN me
 WHERE NOT me.rolsuper AND NOT coalesce(CASE need.kind
      WHEN 'table' THEN has_table_privilege(me.oid, need.oid::oid, need.priv)
           OR (json_array_length(need.columns) > 0 AND (SELECT bool_and(has_column_privilege(me.oid, need.oid::oid, c.name, need.priv))
                 FROM json_array_elements_text(need.columns) c (name)))
           OR (need.priv = 'SELECT' AND has_any_column_privilege(me.oid, need.oid::oid, 'SELECT'))
      WHEN 'schema' THEN has_schema_privilege(me.oid, need.name, need.priv)
      WHEN 'sequence' THEN has_sequence_privilege(me.oid, need.oid::oid, need.priv)
      WHEN 'routine' THEN has_function_privilege(me.oid, need.oid::oid, 'EXECUTE')
      WHEN 'database' THEN has_database_privilege(me.oid, current_database(), need.priv)
      WHEN 'owner' THEN pg_has_role(me.oid, owned.owner, 'USAGE')
      WHEN 'maintain' THEN pg_has_role(me.oid, owned.owner, 'USAGE') {maintain}
      WHEN 'member' THEN pg_has_role(me.oid, (SELECT g.oid FROM pg_catalog.pg_roles g WHERE g.rolname = need.name), 'USAGE')
      WHEN 'createrole' THEN me.rolcreaterole OR me.rolname = need.sort
      WHEN 'admin' THEN {admin} me.rolname = need.sort
           OR pg_has_role(me.oid, (SELECT g.oid FROM pg_catalog.pg_roles g WHERE g.rolname = need.name), 'MEMBER WITH ADMIN OPTION')
      WHEN 'reload' THEN has_function_privilege(me.oid, 'pg_catalog.pg_reload_conf()', 'EXECUTE')
      WHEN 'replication' THEN me.rolreplication
      WHEN 'createdb' THEN me.rolcreatedb
      WHEN 'parameter' THEN {parameter}
      ELSE false END, false)
UNION ALL
SELECT 0, NULL, NULL WHERE NOT EXISTS (SELECT FROM me)
ORDER BY 1";

/// The functions that a version has: `MAINTAIN` came with 17, rights to settings with 15; since 16 `CREATEROLE` alone
/// does not reach every role.
macro_rules! missing {
    ($name:literal, $text:expr) => {
        Query { name: $name, text: $text, timeout_ms: 5_000 }
    };
}

const PARAMETER: &str = "has_parameter_privilege(me.oid, need.name, 'ALTER SYSTEM')";
const MAINTAIN: &str = "OR (need.sort = 'relation' AND has_table_privilege(me.oid, need.oid::oid, 'MAINTAIN'))";

fn versioned(maintain: &str, parameter: &str, admin: &str) -> String {
    MISSING.replace("{maintain}", maintain).replace("{parameter}", parameter).replace("{admin}", admin)
}

static MISSING_12: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| versioned("", "false", "true OR"));
static MISSING_15: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| versioned("", PARAMETER, "true OR"));
static MISSING_16: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| versioned("", PARAMETER, ""));
static MISSING_17: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| versioned(MAINTAIN, PARAMETER, ""));
static ASK_12: std::sync::LazyLock<Query> = std::sync::LazyLock::new(|| missing!("fix.rights", MISSING_12.as_str()));
static ASK_15: std::sync::LazyLock<Query> = std::sync::LazyLock::new(|| missing!("fix.rights", MISSING_15.as_str()));
static ASK_16: std::sync::LazyLock<Query> = std::sync::LazyLock::new(|| missing!("fix.rights", MISSING_16.as_str()));
static ASK_17: std::sync::LazyLock<Query> = std::sync::LazyLock::new(|| missing!("fix.rights", MISSING_17.as_str()));

/// Asks for a login.
pub(super) async fn rights(session: &mut dyn Session, login: &str, needs: &[Need]) -> Result<Rights, SessionError> {
    let version = session.identity().version_number;
    let query: &'static Query = match version {
        170_000.. => &ASK_17,
        160_000.. => &ASK_16,
        150_000.. => &ASK_15,
        _ => &ASK_12,
    };
    let asked: Vec<&Value> = needs.iter().map(|need| &need.ask).collect();
    let params = [Param::Text(login.to_owned()), Param::Text(json!(asked).to_string())];
    let rows = session.own(query, &params).await?;
    let mut grants = Vec::new();
    for row in &rows.rows {
        let place = rows.get(row, "n").int().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let Some(need) = place.checked_sub(1).and_then(|place| needs.get(place)) else {
            return Ok(Rights::Unknown(format!("there is no role {} on this server", quote(login))));
        };
        let owner = rows.text(row, "owner");
        let grant = match need.grant.as_str() {
            "" if owner.is_empty() => "a superuser has to do this".to_owned(),
            "" => format!("GRANT {owner} TO {{login}}"),
            // Before 17 there was no such right.
            maintain if maintain.starts_with("GRANT MAINTAIN") && version < 170_000 => {
                format!("GRANT {owner} TO {{login}}")
            }
            // Before 15 only a superuser could.
            only if version < 150_000
                && (only.starts_with("GRANT ALTER SYSTEM") || only.starts_with("GRANT pg_checkpoint")) =>
            {
                "ALTER ROLE {login} SUPERUSER".into()
            }
            grant => grant.to_owned(),
        };
        let grant = grant.replace("{login}", &quote(login)).replace("{database}", &rows.text(row, "database"));
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(if grants.is_empty() { Rights::Held } else { Rights::Missing(grants) })
}

/// What a statement needs. None where that is not known.
pub(super) fn needs(shape: &Shape, found: &[Found], table: Option<&Table>, inverse: &Inverse) -> Option<Vec<Need>> {
    let mut needs = Vec::new();
    let mut schemas: Vec<String> = Vec::new();
    for named in shape.named.iter().filter(|n| n.sort.is_in_schema()) {
        if let Some(schema) = named.schema.as_ref().filter(|s| !schemas.contains(s)) {
            schemas.push(schema.clone());
        }
    }
    needs.extend(schemas.iter().map(|schema| Need::schema("USAGE", schema)));
    let own = |sort: Sort| found.iter().filter(move |f| f.named.sort == sort);
    match &shape.what {
        What::Rows(change) => {
            let target = found.iter().find(|f| f.named == change.target)?;
            let verbs: &[&str] = match change.verb {
                Verb::Insert if change.upserts => &["INSERT", "UPDATE"],
                Verb::Insert => &["INSERT"],
                Verb::Update => &["UPDATE"],
                Verb::Delete => &["DELETE"],
                Verb::Merge => &["INSERT", "UPDATE", "DELETE"],
            };
            let by_column = matches!(change.verb, Verb::Insert | Verb::Update) && !change.upserts;
            let columns = if by_column { change.columns.as_slice() } else { &[] };
            needs.extend(verbs.iter().map(|verb| Need::table(verb, target, columns)));
            if change.reads || matches!(inverse, Inverse::FromRows(_)) {
                needs.push(Need::table("SELECT", target, &[]));
            }
            let others = own(Sort::Relation).filter(|f| f.named != change.target && !f.system);
            needs.extend(others.map(|f| Need::table("SELECT", f, &[])));
            if change.verb == Verb::Insert {
                needs
                    .extend(table.into_iter().flat_map(|t| &t.sequences).map(|(name, oid)| Need::sequence(name, *oid)));
            }
            if change.changes_more {
                return None;
            }
        }
        What::MakeIndex(_) => {
            let table = own(Sort::Relation).next()?;
            needs.push(Need::owner(table, false));
            needs.extend(table.named.schema.as_ref().map(|schema| Need::schema("CREATE", schema)));
        }
        What::Make("SCHEMA") => needs.push(Need::database("CREATE")),
        What::Make(_) => {
            needs.push(Need::schema("CREATE", shape.made.as_ref()?.schema.as_ref()?));
            // Whether a table is read or referenced, the plainer right is asked for.
            needs.extend(own(Sort::Relation).filter(|f| !f.system).map(|f| Need::table("SELECT", f, &[])));
        }
        What::Alter(..) | What::Drop(_) | What::Comment { .. } | What::Truncate => {
            needs.extend(
                found.iter().filter(|f| !f.system && f.named.sort != Sort::Role).map(|f| Need::owner(f, false)),
            );
        }
        What::Vacuum { .. } | What::Analyze | What::Reindex | What::Cluster | What::Refresh { .. } => {
            if found.is_empty() {
                return None;
            }
            let mut relations: Vec<&Found> = own(Sort::Relation).collect();
            // An index is maintained by who may maintain its table; only the owner is told here.
            relations.retain(|f| f.kind != "i");
            needs.extend(relations.iter().map(|f| Need::owner(f, true)));
            needs.extend(
                found.iter().filter(|f| f.kind == "i" || f.named.sort != Sort::Relation).map(|f| Need::owner(f, false)),
            );
        }
        What::Setting(Scope::System, name) => needs.extend([Need::parameter(name), Need::reload()]),
        What::Setting(Scope::Database(_), _) => needs.push(Need::owner(own(Sort::Database).next()?, false)),
        What::Setting(Scope::Role(None, _), _) => {
            needs.push(Need::special("superuser", "ALTER ROLE {login} SUPERUSER"));
        }
        What::Setting(Scope::Role(Some(role), _), _) => needs.extend(Need::administer(role, true)),
        What::RoleLimit(role) => needs.extend(Need::administer(role, false)),
        // Before 15 only a superuser could; the role came with it.
        What::Checkpoint => needs.push(Need::role("pg_checkpoint")),
        What::Call | What::Other => return None,
    }
    Some(needs)
}

/// What a typed kind needs. `others`: some of the sessions belong to other roles.
pub(super) fn needs_of_kind(kind: &FixKind, others: bool) -> Vec<Need> {
    match kind {
        FixKind::CancelStatements(_) | FixKind::EndSessions(_) if others => {
            // The second one shows since when a session of somebody else exists, which the statement checks.
            vec![Need::role("pg_signal_backend"), Need::role("pg_read_all_stats")]
        }
        FixKind::CancelStatements(_) | FixKind::EndSessions(_) => Vec::new(),
        FixKind::DropReplicationSlot(_) => vec![Need::special("replication", "ALTER ROLE {login} REPLICATION")],
        _ => Vec::new(),
    }
}
