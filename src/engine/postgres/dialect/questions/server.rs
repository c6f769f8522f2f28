//! The server itself: settings, roles and rights, replication, version.

use super::super::names::literal;
use super::{OWN, contains, is_table, one};
use crate::domain::question::{Answer, AnswerStatement, Scope, Topic};
use crate::domain::schema::Schema;

const SETTING: &str = "SELECT name, pg_catalog.current_setting(name, TRUE) AS value, boot_val AS default, source, context AS changed_by, \
                       pending_restart, short_desc AS meaning FROM pg_catalog.pg_settings";

fn settings(scope: &Scope) -> Answer {
    match &scope.name {
        Some(name) if name.contains('_') => {
            let mut answer = one(
                format!("Setting {name}"),
                format!(
                    "{SETTING} WHERE name ILIKE {} ORDER BY name <> pg_catalog.lower({}), name",
                    contains(name),
                    literal(name)
                ),
            );
            answer.notes.push("no row means that there is no setting of that name".into());
            answer
        }
        Some(name) => {
            let word = contains(name.strip_suffix('s').filter(|w| w.len() > 3).unwrap_or(name));
            one(
                format!("Settings about {name}"),
                format!(
                    "{SETTING} WHERE name ILIKE {word} OR category ILIKE {word} OR short_desc ILIKE {word} ORDER BY category, name"
                ),
            )
        }
        None => one("Settings", format!("{SETTING} ORDER BY category, name")),
    }
}

const ROLES: &str = "\
SELECT r.rolname AS role, r.rolcanlogin AS login, r.rolsuper AS superuser, r.rolcreatedb AS create_db, r.rolcreaterole AS create_role, \
r.rolreplication AS replication, r.rolbypassrls AS bypass_rls, r.rolconnlimit AS connection_limit, r.rolvaliduntil AS valid_until, \
(SELECT pg_catalog.string_agg(g.rolname::pg_catalog.text, ', ' ORDER BY g.rolname) FROM pg_catalog.pg_auth_members AS m \
JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid WHERE m.member = r.oid) AS member_of FROM pg_catalog.pg_roles AS r";

fn privileges(scope: &Scope) -> Answer {
    let rights = |table: &str| {
        ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"]
            .map(|right| {
                let name = if right == "SELECT" { "read".to_owned() } else { right.to_lowercase() };
                format!("pg_catalog.has_table_privilege(r.oid, {table}, '{right}') AS can_{name}")
            })
            .join(", ")
    };
    if let Some(table) = &scope.table {
        let mut answer = one(
            format!("Who may do what with {}", table.full_name()),
            format!(
                "SELECT r.rolname AS role, r.rolsuper AS superuser, {} FROM pg_catalog.pg_roles AS r CROSS JOIN pg_catalog.pg_class AS c \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE {} \
                 AND pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') \
                 AND r.rolname !~ '^pg_' ORDER BY r.rolsuper, 1",
                rights("c.oid"),
                is_table(table)
            ),
        );
        answer
            .notes
            .push("rights through membership and PUBLIC are counted in; USAGE on the schema is needed besides".into());
        return answer;
    }
    if let Some(name) = &scope.name {
        let role = literal(name);
        let mut answer = one(format!("Role {name}"), format!("{ROLES} WHERE r.rolname = {role}"));
        answer.statements.push(AnswerStatement {
            title: format!("Rights of {name} on tables"),
            statement: format!(
                "SELECT n.nspname AS schema, c.relname AS table, {} FROM pg_catalog.pg_roles AS r CROSS JOIN pg_catalog.pg_class AS c \
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE r.rolname = {role} AND {OWN} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
                 AND pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1, 2",
                rights("c.oid")
            ),
        });
        answer.title = format!("Rights of {name}");
        return answer;
    }
    one(
        "Rights granted on tables",
        format!(
            "SELECT n.nspname AS schema, c.relname AS table, CASE WHEN x.grantee::pg_catalog.text = '0' THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee)::pg_catalog.text END AS role, \
             pg_catalog.string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type) AS rights \
             FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
             CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS x \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {OWN} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ),
    )
}

fn replication() -> Answer {
    let mut answer = one(
        "Replicas of this server",
        "SELECT application_name AS replica, client_addr AS address, state, sync_state, sent_lsn::pg_catalog.text AS sent, replay_lsn::pg_catalog.text AS replayed, \
         replay_lag, CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE \
         pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn)) END AS behind \
         FROM pg_catalog.pg_stat_replication ORDER BY replay_lag DESC NULLS LAST, 1",
    );
    answer.statements.push(AnswerStatement {
        title: "This server".into(),
        statement: "SELECT pg_catalog.pg_is_in_recovery() AS replica, pg_catalog.pg_last_wal_receive_lsn()::pg_catalog.text AS received, \
                    pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text AS replayed, pg_catalog.pg_last_xact_replay_timestamp() AS last_replayed_commit, \
                    CASE WHEN pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_last_wal_receive_lsn() IS DISTINCT FROM pg_catalog.pg_last_wal_replay_lsn() \
                    THEN pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp() END AS lag".into(),
    });
    answer.statements.push(AnswerStatement { title: "Replication slots".into(), statement: SLOTS.into() });
    answer.title = Topic::Replication.title().into();
    answer
}

const SLOTS: &str = "\
SELECT slot_name AS slot, slot_type AS kind, database, active, restart_lsn::pg_catalog.text AS restart, \
CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE \
pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)) END AS retained \
FROM pg_catalog.pg_replication_slots ORDER BY 1";

pub(super) fn topic(topic: Topic, scope: &Scope, _schema: &Schema) -> Option<Answer> {
    let title = topic.title();
    Some(match topic {
        Topic::Settings => settings(scope),
        Topic::ChangedSettings => one(
            title,
            format!(
                "{SETTING} WHERE source NOT IN ('default', 'override', 'session', 'client') ORDER BY category, name"
            ),
        ),
        Topic::Roles => {
            let mut answer = one(
                title,
                format!("{ROLES} WHERE r.rolname !~ '^pg_' ORDER BY r.rolsuper DESC, r.rolcanlogin DESC, 1"),
            );
            if scope.name.is_none() {
                answer.statements.push(AnswerStatement {
                    title: "Rights granted on tables".into(),
                    statement: privileges(&Scope::default()).statements.swap_remove(0).statement,
                });
            }
            answer
        }
        Topic::Superusers => one(title, format!("{ROLES} WHERE r.rolsuper ORDER BY 1")),
        Topic::Privileges => privileges(scope),
        Topic::CurrentUser => one(
            title,
            "SELECT CURRENT_USER AS \"user\", SESSION_USER AS login, pg_catalog.current_database() AS database, \
            pg_catalog.inet_server_addr() AS server, pg_catalog.inet_server_port() AS port, pg_catalog.pg_backend_pid() AS our_session",
        ),
        Topic::Replication => replication(),
        Topic::ReplicationSlots => one(title, SLOTS),
        Topic::Version => {
            one(title, "SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.version() AS build")
        }
        Topic::Uptime => one(
            title,
            "SELECT pg_catalog.pg_postmaster_start_time() AS started, \
            pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time()) AS uptime",
        ),
        Topic::Extensions => one(
            title,
            "SELECT e.extname AS extension, e.extversion AS version, n.nspname AS schema, a.default_version AS available, a.comment \
            FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace \
            LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname ORDER BY 1",
        ),
        Topic::Encoding => one(
            title,
            "SELECT datname AS database, pg_catalog.pg_encoding_to_char(encoding) AS encoding, datcollate AS collation, \
            datctype AS character_type FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY 1",
        ),
        _ => return None,
    })
}
