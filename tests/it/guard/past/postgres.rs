//! PostgreSQL: a database and a login of the test's own, made from the recommended text.

use super::{Marks, Scene, marks_by, nothing_lasts, on, rows};
use crate::support::at_hand::Server;
use crate::support::servers::Address;
use async_trait::async_trait;
use dba_gpt::engine::{Session, postgres};
use std::collections::BTreeSet;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// What the lists speak of, with traps that write when they are called.
const OBJECTS: &str = "
    CREATE SCHEMA app;
    CREATE TABLE app.canary (id int PRIMARY KEY, note text);
    INSERT INTO app.canary SELECT n, 'note ' || n FROM generate_series(1, 20) AS n;
    CREATE TABLE app.customers (id int PRIMARY KEY, name text, tickets text);
    INSERT INTO app.customers SELECT n, 'name ' || n FROM generate_series(1, 20) AS n;
    CREATE SEQUENCE app.sq;
    CREATE FUNCTION app.evil_secdef() RETURNS int LANGUAGE sql SECURITY DEFINER
        AS 'INSERT INTO app.canary VALUES (900001, ''trap'') RETURNING id';
    CREATE FUNCTION app.set_free() RETURNS text LANGUAGE sql SECURITY DEFINER
        AS 'SELECT set_config(''transaction_read_only'', ''off'', false)';
    CREATE VIEW app.evil_view AS SELECT app.evil_secdef();
    CREATE VIEW app.v_ok AS SELECT * FROM app.canary;
    CREATE PROCEDURE app.pr() LANGUAGE plpgsql
        AS 'BEGIN COMMIT; INSERT INTO app.canary VALUES (900002, ''trap''); COMMIT; END';
    CREATE FUNCTION app.equal(int, int) RETURNS bool LANGUAGE sql AS 'SELECT app.evil_secdef() > 0';
    CREATE OPERATOR app.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = app.equal);
    SELECT lo_from_bytea(1, 'kept');
    DO $$ DECLARE wanted text; BEGIN
        FOREACH wanted IN ARRAY ARRAY['dblink', 'tablefunc', 'xml2', 'pg_stat_statements', 'adminpack', 'pg_prewarm'] LOOP
            IF EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted) THEN
                EXECUTE format('CREATE EXTENSION %I', wanted);
            END IF;
        END LOOP;
    END $$";

/// Ways of which the lists have no row: what a login may do to itself, and ways out of a transaction that reads.
const MORE: &[&str] = &[
    "ALTER ROLE CURRENT_USER SET work_mem = '1GB'",
    "ALTER ROLE CURRENT_USER PASSWORD 'mine'",
    "SELECT app.set_free()",
    "SELECT app.set_free(), app.evil_secdef()",
    "WITH a AS MATERIALIZED (SELECT app.set_free()) SELECT app.evil_secdef() FROM a",
    "DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; INSERT INTO app.canary VALUES (1000, 'x'); COMMIT; END $$",
    "DO $$ BEGIN ROLLBACK; PERFORM app.evil_secdef(); COMMIT; END $$",
    "DO $$ BEGIN ROLLBACK; SET default_transaction_read_only = off; COMMIT; PERFORM app.evil_secdef(); COMMIT; END $$",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "SELECT 1 INTO TEMP mine",
    "SET ROLE pg_monitor",
    "SET SESSION AUTHORIZATION dbagpt_admin",
    "RESET ALL",
    "SELECT set_config('work_mem', '1GB', false), set_config('my.own', 'x', false)",
    "SELECT lo_create(4711), lo_put(1, 0, 'changed')",
    "SELECT pg_advisory_lock_shared(3), pg_advisory_xact_lock(4)",
    "COPY app.canary FROM STDIN",
    "COPY app.canary TO STDOUT",
    "COPY app.canary FROM PROGRAM 'echo 1'",
    "PREPARE TRANSACTION 'p'",
    "PREPARE mine AS SELECT 1",
    "DECLARE mine CURSOR WITH HOLD FOR SELECT 1",
    "LISTEN mine",
    "LOAD 'plpgsql'",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "SELECT pg_create_physical_replication_slot('mine'), pg_create_logical_replication_slot('other', 'pgoutput')",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput', true)",
    "SELECT pg_replication_origin_create('mine')",
    "SELECT pg_stat_reset_shared('bgwriter')",
    "REFRESH MATERIALIZED VIEW app.v_ok",
    "REINDEX TABLE app.canary",
    "CLUSTER app.canary",
    "SECURITY LABEL ON TABLE app.canary IS 'x'",
    "COMMENT ON TABLE app.canary IS 'x'",
];

/// Whole catalogues of the database; what the server itself keeps changing is in none of them.
const CATALOGUES: &[&str] = &[
    "pg_namespace",
    "pg_proc",
    "pg_type",
    "pg_operator",
    "pg_cast",
    "pg_extension",
    "pg_foreign_server",
    "pg_foreign_data_wrapper",
    "pg_user_mapping",
    "pg_event_trigger",
    "pg_publication",
    "pg_policy",
    "pg_collation",
    "pg_description",
    "pg_default_acl",
    "pg_statistic_ext",
    "pg_ts_config",
    "pg_am",
    "pg_language",
    "pg_rewrite",
    "pg_attribute",
    "pg_attrdef",
    "pg_index",
    "pg_constraint",
    "pg_trigger",
    "pg_sequence",
    "pg_largeobject",
    "pg_largeobject_metadata",
    "pg_seclabel",
    "pg_conversion",
    "pg_opclass",
    "pg_inherits",
];

/// Single things, a line each.
const THINGS: &str = "
    SELECT 'class', oid::text, concat_ws('|', relname, relkind, relowner, relnamespace, relacl, reloptions, relrowsecurity) FROM pg_class
    UNION ALL SELECT 'setting', name, concat_ws('|', setting, reset_val, pending_restart) FROM pg_settings WHERE name <> 'application_name'
    UNION ALL SELECT 'configuration', name, concat_ws('|', sourcefile, setting) FROM pg_file_settings
    UNION ALL SELECT 'started', pg_postmaster_start_time()::text, ''
    UNION ALL SELECT 'role', rolname, a::text FROM pg_authid a
    UNION ALL SELECT 'member', m.roleid::text, m::text FROM pg_auth_members m WHERE member = '@role@'::regrole
    UNION ALL SELECT 'of role', s.setdatabase::text, s.setconfig::text FROM pg_db_role_setting s WHERE setrole = '@role@'::regrole
    UNION ALL SELECT 'database', datname, concat_ws('|', datdba, datacl, datconnlimit, datallowconn) FROM pg_database
    UNION ALL SELECT 'tablespace', spcname, spcacl::text FROM pg_tablespace
    UNION ALL SELECT 'slot', slot_name, slot_type FROM pg_replication_slots
    UNION ALL SELECT 'origin', roname, roident::text FROM pg_replication_origin
    UNION ALL SELECT 'subscription', subname, subconninfo FROM pg_subscription
    UNION ALL SELECT 'prepared', gid, owner FROM pg_prepared_xacts
    UNION ALL SELECT 'counters', datname, stats_reset::text FROM pg_stat_database WHERE datname = current_database()
    UNION ALL SELECT 'statements', '', stats_reset::text FROM pg_stat_statements_info
    UNION ALL SELECT 'background writer', '', stats_reset::text FROM pg_stat_bgwriter
    UNION ALL SELECT 'sequence', schemaname || '.' || sequencename, last_value::text FROM pg_sequences
    UNION ALL SELECT 'file', name, '' FROM pg_ls_dir('.') AS name
    UNION ALL SELECT 'rows', c.oid::regclass::text,
        (xpath('//h/text()', query_to_xml(format('SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) AS h FROM %s AS t', c.oid::regclass), true, false, '')))[1]::text
        FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.relnamespace = 'app'::regnamespace";

/// What a session can carry along. A language that was loaded on first use stays loaded; its settings, with a dot in
/// their names, count when they are no longer as it brought them.
const MARKS: &[&str] = &["SELECT 'setting', name, setting FROM pg_settings
      WHERE strpos(name, '.') = 0 OR setting IS DISTINCT FROM boot_val
    UNION ALL SELECT 'who', current_user::text, session_user::text
    UNION ALL SELECT 'where', current_database()::text, current_schemas(true)::text
    UNION ALL SELECT 'advisory lock', classid::text || ' ' || objid, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
    UNION ALL SELECT 'cursor', name, statement FROM pg_cursors
    UNION ALL SELECT 'prepared statement', name, statement FROM pg_prepared_statements
    UNION ALL SELECT 'listens', channel, '' FROM pg_listening_channels() AS channel
    UNION ALL SELECT 'temporary', relname, relkind::text FROM pg_class WHERE relnamespace = pg_my_temp_schema()
    UNION ALL SELECT 'own setting', 'my.own', coalesce(current_setting('my.own', true), '')"];

/// What a session at rest must not hold.
const OPEN: &str = "SELECT 'state', state, coalesce(xact_start::text, '') FROM pg_stat_activity
         WHERE usename = '@role@' AND (state <> 'idle' OR xact_start IS NOT NULL)
    UNION ALL SELECT 'lock', locktype, mode FROM pg_locks WHERE pid IN (SELECT pid FROM pg_stat_activity WHERE usename = '@role@')";

struct Postgres {
    admin: Client,
    outside: Client,
    address: Address,
    role: String,
}

impl Postgres {
    async fn set(server: Server) -> Self {
        let mut address = Address::of(&server.url().unwrap());
        let own = format!("past_{}", std::process::id());
        let outside = client(&address.url()).await;
        outside.batch_execute(&format!("CREATE DATABASE {own}")).await.unwrap();
        address.database.clone_from(&own);
        let admin = client(&address.url()).await;
        admin.batch_execute(OBJECTS).await.unwrap();
        let version: i32 =
            admin.query_one("SELECT current_setting('server_version_num')::int", &[]).await.unwrap().get(0);
        // The recommended text as it stands, for this schema; psql's own word becomes the statement that it sends.
        for line in postgres::SPEC.least_privilege.lines().filter(|line| !line.starts_with("--")) {
            if line.contains("pg_use_reserved_connections") && version < 160_000 {
                continue;
            }
            let line = match line.strip_prefix("\\password") {
                Some(_) => format!("ALTER ROLE dbagpt_ro PASSWORD '{}'", address.password),
                None => line.replace("app.orders, app.customers", "ALL TABLES IN SCHEMA app"),
            };
            admin.batch_execute(&line.replace("dbagpt_ro", &own)).await.unwrap_or_else(|e| panic!("{line}: {e:?}"));
        }
        Self { admin, outside, address, role: own }
    }

    async fn lines(&self, query: &str) -> Vec<String> {
        let messages = self.admin.simple_query(&query.replace("@role@", &self.role)).await;
        let cells = |row: &tokio_postgres::SimpleQueryRow| {
            (0..row.len()).map(|at| row.get(at).unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" ")
        };
        let messages = messages.unwrap_or_else(|e| panic!("{query}: {e:?}"));
        messages
            .iter()
            .filter_map(|m| if let SimpleQueryMessage::Row(row) = m { Some(cells(row)) } else { None })
            .collect()
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[async_trait]
impl Scene for Postgres {
    fn url(&self) -> String {
        Address { user: self.role.clone(), ..self.address.clone() }.url()
    }
    async fn everything(&mut self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = self.lines(THINGS).await.into_iter().collect();
        for catalogue in CATALOGUES {
            let query = format!(
                "SELECT '{catalogue}', md5(coalesce(string_agg(c::text, chr(10) ORDER BY c::text), '')) FROM pg_catalog.{catalogue} AS c"
            );
            all.extend(self.lines(&query).await);
        }
        all
    }
    async fn marks(&mut self, session: &mut dyn Session) -> Marks {
        marks_by(&postgres::SPEC, session, MARKS).await
    }
    async fn still_open(&mut self) -> Vec<String> {
        self.lines(OPEN).await
    }
    async fn change(&mut self) {
        self.admin.batch_execute("UPDATE app.canary SET note = 'changed' WHERE id = 7").await.unwrap();
    }
    async fn end(&mut self) {
        let own = &self.role;
        self.outside.batch_execute(&format!("DROP DATABASE {own} WITH (FORCE)")).await.unwrap();
        self.outside.batch_execute(&format!("DROP ROLE {own}")).await.unwrap();
    }
}

#[test]
fn nothing_lasts_on_postgres_15() {
    on(Server::Postgres15, async |server| {
        nothing_lasts(server, &mut Postgres::set(server).await, &rows("postgres", MORE), 60).await;
    });
}

#[test]
fn nothing_lasts_on_postgres_18() {
    on(Server::Postgres18, async |server| {
        nothing_lasts(server, &mut Postgres::set(server).await, &rows("postgres", MORE), 60).await;
    });
}
