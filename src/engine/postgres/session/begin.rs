//! The first questions of a session: who the server is, who we are there, and what we may do.

use super::{PgSession, frame};
use crate::domain::error_event::{ConnectError, ConnectKind, ServerMessage};
use crate::domain::target::{Identity, Timestamp};
use crate::engine::postgres::connect::Opened;
use crate::engine::postgres::sample::Memory;
use crate::engine::postgres::wire::{Answer, Cell, Underway, Wire, WireError, text};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of an answer, at most; more than any of these questions has.
const FEW: usize = 2000;

/// Asked before the search path is ours: every name is qualified and no operator is used.
const FIRST: &str = "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.pg_backend_pid(), \
                     pg_catalog.to_json(pg_catalog.current_schemas(false)), \
                     pg_catalog.current_setting('server_version')";

const WHO: &str = "SELECT current_database(), current_user, pg_is_in_recovery(),
       (extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint,
       EXISTS (SELECT FROM pg_catalog.pg_roles r
               WHERE r.rolname IN ('pg_read_all_stats', 'pg_monitor') AND pg_has_role(r.oid, 'USAGE')),
       (SELECT quote_ident(n.nspname)
          FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
         WHERE e.extname = 'pg_stat_statements'),
       (SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_stat_statements'),
       current_setting('pg_stat_statements.max', true) IS NOT NULL,
       (SELECT (extract(epoch FROM r.rolvaliduntil) * 1000)::bigint FROM pg_catalog.pg_roles r
         WHERE r.rolname = current_user AND isfinite(r.rolvaliduntil))";

/// What a watcher should not be able to do, one row each.
const POWERS: &str = "SELECT p.word FROM pg_catalog.pg_roles r
         CROSS JOIN LATERAL (VALUES (r.rolsuper, 'superuser'), (r.rolcreaterole, 'CREATEROLE'),
             (r.rolcreatedb, 'CREATEDB'), (r.rolbypassrls, 'BYPASSRLS'), (r.rolreplication, 'REPLICATION')) p (has, word)
        WHERE r.rolname = current_user AND p.has
    UNION ALL
    SELECT 'member of ' || g.rolname FROM pg_catalog.pg_roles g, pg_catalog.pg_roles me
     WHERE me.rolname = current_user AND NOT me.rolsuper AND pg_has_role(g.oid, 'MEMBER')
       AND g.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                         'pg_execute_server_program', 'pg_signal_backend', 'pg_maintain', 'pg_checkpoint',
                         'pg_create_subscription', 'rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin')
    UNION ALL
    SELECT 'owns ' || count(*) || CASE count(*) WHEN 1 THEN ' table' ELSE ' tables' END
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles me ON me.oid = c.relowner
     WHERE me.rolname = current_user AND c.relkind IN ('r', 'p') AND c.oid >= 16384
    HAVING count(*) > 0
    UNION ALL
    SELECT 'may create objects in database ' || current_database()
     WHERE has_database_privilege(current_database(), 'CREATE')
    UNION ALL
    SELECT 'may run ' || count(*) || ' SECURITY DEFINER ' || CASE count(*) WHEN 1 THEN 'function' ELSE 'functions' END
      FROM pg_catalog.pg_proc p
     WHERE p.prosecdef AND p.oid >= 16384 AND has_function_privilege(p.oid, 'EXECUTE')
    HAVING count(*) > 0";

/// Not everybody may call it, and the check comes too early to be avoided within one query.
const SYSTEM: &str = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";

/// Types that are not built in, without the row types of tables.
const TYPES: &str = "SELECT t.oid, format_type(t.oid, NULL) FROM pg_catalog.pg_type t
      WHERE t.oid >= 16384 AND t.typtype IN ('b', 'e', 'r', 'm')
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typtype = 'c')
      ORDER BY t.oid LIMIT 2000";

/// What the rest of the session must know about the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// `server_version_num`.
    pub(crate) version: u32,
    /// A pooler stands between: the next transaction may run in another server session.
    pub(crate) pooled: bool,
    /// Schemas of the person's own search path, before we pinned it.
    pub(crate) search_path: Vec<String>,
    /// `pg_stat_statements`, where it works.
    pub(crate) statements: Option<Statements>,
    /// Names of the types that are not built in, as they were when the session began.
    pub(crate) types: HashMap<u32, String>,
    /// Sessions and statistics of others are visible.
    pub(crate) sees_all: bool,
}

/// The extension that counts statements.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statements {
    /// Its schema, quoted by the server.
    pub(crate) schema: String,
    /// Before 1.8 its columns had other names.
    pub(crate) old: bool,
}

impl PgSession {
    /// Takes over a connection that was let in.
    pub(crate) async fn begin(opened: Opened) -> Result<Self, ConnectError> {
        let Opened { mut wire, route, mut hints } = opened;
        check_product(&wire, &mut hints)?;

        wire.queue(FIRST, &[], 0, true).map_err(|e| broken(&e.into()))?;
        wire.queue_sync();
        wire.send().await.map_err(|e| broken(&e))?;
        let first = row(one(&mut wire).await?.map_err(|e| refused(&e))?);
        let version = first.number(0).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let mut facts = Facts {
            version,
            pooled: first.number(1) != Some(i64::from(route.pid)),
            search_path: search_path(&first.text(2)),
            ..Facts::default()
        };
        check_version(version, &first.text(3), &mut hints)?;

        let mut answers = ask_all(&mut wire, &facts, &[WHO, POWERS, SYSTEM, TYPES]).await?.into_iter();
        let who = row(answers.next().unwrap_or_else(|| Ok(Answer::default())).map_err(|e| refused(&e))?);
        let powers = answers.next().and_then(Result::ok).unwrap_or_default();
        let system = answers.next().and_then(Result::ok).map(row);
        for cells in answers.next().and_then(Result::ok).unwrap_or_default().rows {
            let named = Row(cells);
            facts.types.extend(named.text(0).parse().ok().map(|oid| (oid, named.text(1))));
        }
        if wire.parameter("standard_conforming_strings").is_some_and(|v| v != "on") {
            return Err(ConnectError::new(
                ConnectKind::Other,
                "the server keeps standard_conforming_strings off: it would read a statement in another way than our \
                 guard does",
            ));
        }

        facts.sees_all = who.flag(4);
        facts.statements = (!who.text(5).is_empty() && who.flag(7)).then(|| Statements {
            schema: who.text(5),
            old: matches!(who.text(6).as_str(), "1.4" | "1.5" | "1.6" | "1.7"),
        });
        let superuser = powers.rows.iter().any(|r| r.first() == Some(&Cell::Whole(b"superuser".to_vec())));
        facts.sees_all |= superuser;
        let role = if who.flag(2) { "replica" } else { "primary" };
        let user = who.text(1);
        grants(&facts, &user, &who, &mut hints);

        let short = first.text(3).split_whitespace().next().unwrap_or_default().to_owned();
        let identity = Identity {
            version: format!("PG {short}"),
            version_number: version,
            kind: format!("pg{}", if version >= 100_000 { (version / 10_000).to_string() } else { short }),
            role: role.into(),
            database: who.text(0),
            user,
            started_at: who.number(3).map(Timestamp),
            password_expires: who.number(8).map(Timestamp),
            excess_powers: powers.rows.into_iter().map(|cells| Row(cells).text(0)).collect(),
            hints,
            system_id: system.map(|s| s.text(0)).filter(|s| !s.is_empty()),
        };
        wire.take_notices();
        let facts = Arc::new(facts);
        Ok(Self {
            wire: Some(wire),
            route,
            underway: Underway::default(),
            identity,
            memory: Memory::new(Arc::clone(&facts)),
            facts,
            timeout_ms: frame::TIMEOUT_MS,
        })
    }
}

/// The person's search path from its JSON form. A login with a path of system schemas alone (the one that we
/// recommend has `pg_catalog`) still means the usual place by a bare name.
fn search_path(json: &str) -> Vec<String> {
    let mut path: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    path.retain(|schema| schema != "pg_catalog");
    if path.is_empty() {
        path.push("public".into());
    }
    path
}

/// Runs a few queries in one round trip, each with its own end, so that one that is refused does not harm the others.
async fn ask_all(
    wire: &mut Wire,
    facts: &Facts,
    texts: &[&str],
) -> Result<Vec<Result<Answer, ServerMessage>>, ConnectError> {
    if facts.pooled {
        let mut answers = Vec::new();
        for text in texts {
            let answer = frame::ask_in_transaction(wire, facts, text, &[], frame::TIMEOUT_MS, FEW).await;
            answers.push(answer.map_err(|e| broken(&e))?);
        }
        return Ok(answers);
    }
    frame::queue(wire, facts).map_err(|e| broken(&e.into()))?;
    for text in texts {
        wire.queue(text, &[], 0, true).map_err(|e| broken(&e.into()))?;
        wire.queue_sync();
    }
    wire.send().await.map_err(|e| broken(&e))?;
    one(wire).await?.map_err(|e| refused(&e))?;
    let mut answers = Vec::new();
    for _ in texts {
        answers.push(one(wire).await?);
    }
    Ok(answers)
}

async fn one(wire: &mut Wire) -> Result<Result<Answer, ServerMessage>, ConnectError> {
    wire.answer(FEW).await.map_err(|e| broken(&e))
}

/// Products that speak the protocol and are something else.
fn check_product(wire: &Wire, hints: &mut Vec<String>) -> Result<(), ConnectError> {
    let version = wire.parameter("server_version").unwrap_or_default();
    if version.to_ascii_lowercase().contains("bouncer") {
        return Err(ConnectError::new(
            ConnectKind::Other,
            "this is the administration console of PgBouncer, not a database: name a real database in the URL",
        ));
    }
    if wire.parameter("crdb_version").is_some() {
        hints.push("this is CockroachDB: most of what is shown here it does not have".into());
    }
    Ok(())
}

fn check_version(version: u32, words: &str, hints: &mut Vec<String>) -> Result<(), ConnectError> {
    if version < 90_600 {
        return Err(ConnectError::new(
            ConnectKind::Other,
            format!(
                "the server says it is version {words}: PostgreSQL 9.6 is the oldest that can be watched, 12 the oldest in full"
            ),
        ));
    }
    if version < 120_000 {
        hints.push(format!("PostgreSQL {words} is older than 12: some readings and views are missing"));
    }
    Ok(())
}

/// What is not visible, and the grant that makes it so.
fn grants(facts: &Facts, user: &str, who: &Row, hints: &mut Vec<String>) {
    if facts.pooled {
        hints.push(
            "a connection pooler stands between: give the server's own address for exact sessions and a sure stop"
                .into(),
        );
    }
    if !facts.sees_all {
        hints.push(format!(
            "{user} cannot see what other sessions run, nor replication and WAL: GRANT pg_monitor TO {user}"
        ));
    }
    if facts.statements.is_none() {
        hints.push(if who.text(5).is_empty() {
            "statement statistics are missing: shared_preload_libraries = 'pg_stat_statements', a restart, and CREATE \
             EXTENSION pg_stat_statements"
                .into()
        } else {
            "pg_stat_statements is created but not loaded: add it to shared_preload_libraries and restart".into()
        });
    }
}

/// One row of text cells.
struct Row(Vec<Cell>);

fn row(answer: Answer) -> Row {
    Row(answer.rows.into_iter().next().unwrap_or_default())
}

impl Row {
    fn text(&self, column: usize) -> String {
        match self.0.get(column) {
            Some(Cell::Whole(bytes)) => text(bytes),
            _ => String::new(),
        }
    }
    fn number(&self, column: usize) -> Option<i64> {
        self.text(column).parse().ok()
    }
    fn flag(&self, column: usize) -> bool {
        self.text(column) == "t"
    }
}

fn broken(error: &WireError) -> ConnectError {
    ConnectError::new(ConnectKind::Other, format!("the connection broke at its first question: {}", error.words()))
}

fn refused(message: &ServerMessage) -> ConnectError {
    let words = format!(
        "the server let us in but refused the first question: {} ({}). Is this PostgreSQL?",
        message.message, message.code
    );
    ConnectError::new(ConnectKind::Other, words)
}
