//! What is seen of a server: samples with sessions and blockers, the schema, the guard's catalogue, the views.

use super::support::*;
use crate::support::servers::Address;
use dba_gpt::domain::activity::{Sample, SessionState};
use dba_gpt::domain::metric;
use dba_gpt::domain::rows::{Limits, Value};
use dba_gpt::domain::schema::{ColumnKind, TableKind};
use dba_gpt::engine::{Session, postgres};

async fn sample(session: &mut dyn Session, cycle: u64) -> Sample {
    (postgres::SPEC.sample)(session, cycle).await.unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_sample_has_readings_and_leaves_our_own_sessions_out() {
    on_each_server(|url| async move {
        let mut session = connect(&url).await;
        let mut other = connect(&url).await;
        let Value::Int(pid) = one(&mut *other, "SELECT pg_backend_pid()").await else { panic!("no pid") };
        let first = sample(&mut *session, 0).await;
        let second = sample(&mut *session, 1).await;
        for id in [
            metric::CONNECTIONS,
            metric::CONNECTION_LIMIT,
            metric::ACTIVE,
            metric::IDLE,
            metric::IDLE_IN_TRANSACTION,
            metric::BLOCKED,
            metric::LONGEST_TRANSACTION,
            metric::LONGEST_STATEMENT,
            metric::TRANSACTIONS,
            metric::ROLLBACKS,
            metric::CACHE_HITS,
            metric::CACHE_READS,
            metric::TEMP_BYTES,
            metric::DEADLOCKS,
            metric::REPLICAS,
            metric::DATA_BYTES,
            metric::WAL_BYTES,
            metric::WAL_RATE,
            metric::DEAD_ROWS,
            metric::XID_AGE,
            metric::CHECKPOINTS_REQUESTED,
            metric::OWN_COST,
        ] {
            assert!(first.readings.contains_key(&id), "{id:?} is missing: {:?}", first.hints);
            assert!(second.readings.contains_key(&id), "{id:?} is forgotten on the second cycle");
        }
        assert!(second.readings[&metric::TRANSACTIONS] >= first.readings[&metric::TRANSACTIONS]);
        assert!(!first.readings.contains_key(&metric::LAG), "nobody follows this server");
        assert!(first.hints.is_empty(), "{:?}", first.hints);
        // Other tests log in as others under our name: they stay.
        let user = &session.identity().user;
        assert!(
            first.sessions.iter().all(|s| s.pid != pid && !(s.application.starts_with("dba-gpt") && s.user == *user))
        );
        assert!(first.sessions.iter().any(|s| s.background && s.application == "checkpointer"));
        assert!(first.server_now.0 > 1_700_000_000_000, "{:?}", first.server_now);
    });
}

#[test]
fn another_login_cannot_hide_behind_our_name() {
    on_server(|url| async move {
        let mut address = Address::of(&url);
        address.user = "dbagpt_nobody".into();
        let (hidden, connection) = tokio_postgres::connect(
            &format!("{}?application_name=dba-gpt%20watch", address.url()),
            tokio_postgres::NoTls,
        )
        .await
        .unwrap();
        tokio::spawn(connection);
        let pid: i32 = hidden.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let sample = sample(&mut *connect(&url).await, 0).await;
        assert!(sample.sessions.iter().any(|s| s.pid == i64::from(pid)));
    });
}

#[test]
fn who_blocks_whom_and_with_what() {
    on_each_server(|url| async move {
        let (holder, waiter, third) = (admin(&url).await, admin(&url).await, admin(&url).await);
        holder
            .batch_execute(
                "DROP SCHEMA IF EXISTS it_block CASCADE; CREATE SCHEMA it_block;
                 CREATE TABLE it_block.t (id int PRIMARY KEY, v int); INSERT INTO it_block.t VALUES (1, 1)",
            )
            .await
            .unwrap();
        holder.batch_execute("BEGIN; UPDATE it_block.t SET v = 2 WHERE id = 1").await.unwrap();
        let holder_pid: i32 = holder.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let waiter_pid: i32 = waiter.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        let waiting = tokio::spawn(async move {
            waiter.batch_execute("UPDATE it_block.t SET v = 3 WHERE id = 1").await.unwrap();
        });
        let blocked = async || {
            let sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'";
            third.query_one(sql, &[&waiter_pid]).await.unwrap().get::<_, i64>(0) == 1
        };
        eventually(PATIENCE, "blocked", blocked).await;
        let sample = sample(&mut *connect(&url).await, 0).await;
        let find = |pid: i32| sample.sessions.iter().find(|s| s.pid == i64::from(pid)).unwrap();
        let (held, waits) = (find(holder_pid), find(waiter_pid));
        assert_eq!(waits.blocked_by, [i64::from(holder_pid)]);
        assert_eq!((waits.state, waits.wait.as_str()), (SessionState::Active, "Lock:transactionid"));
        assert!(waits.statement.starts_with("UPDATE it_block.t SET v = 3"));
        assert_eq!(held.state, SessionState::IdleInTransaction);
        assert_eq!(held.holds, "RowExclusive on it_block.t");
        assert!(held.transaction_start.is_some() && held.state_change.is_some());
        assert!(sample.readings[&metric::BLOCKED] >= 1.0);
        assert!(sample.readings[&metric::IDLE_IN_TRANSACTION] >= 1.0);
        holder.batch_execute("COMMIT").await.unwrap();
        waiting.await.unwrap();
    });
}

#[test]
fn a_weak_login_gets_hints_and_no_false_zeros() {
    on_server(|url| async move {
        let mut address = Address::of(&url);
        address.user = "dbagpt_nobody".into();
        let sample = sample(&mut *connect(&address.url()).await, 0).await;
        assert!(sample.hints.iter().any(|h| h.contains("GRANT pg_monitor")), "{:?}", sample.hints);
        assert!(!sample.readings.contains_key(&metric::ACTIVE) && !sample.readings.contains_key(&metric::BLOCKED));
        assert!(sample.readings[&metric::CONNECTIONS] >= 1.0);
    });
}

#[test]
fn sampling_waits_for_no_lock_of_others() {
    on_server(|url| async move {
        let mut client = admin(&url).await;
        client
            .batch_execute(
                "DROP SCHEMA IF EXISTS it_shut CASCADE; CREATE SCHEMA it_shut;
                            CREATE TABLE it_shut.t (id int DEFAULT 1 PRIMARY KEY, v text);
                            CREATE INDEX e ON it_shut.t (lower(v)) WHERE id > 0; INSERT INTO it_shut.t VALUES (1, 'x')",
            )
            .await
            .unwrap();
        let transaction = client.transaction().await.unwrap();
        transaction.batch_execute("LOCK TABLE it_shut.t").await.unwrap();
        let mut session = connect(&url).await;
        let sample = sample(&mut *session, 0).await;
        assert!(sample.hints.is_empty(), "{:?}", sample.hints);
        let (schema, _) = (postgres::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(schema.table("it_shut.t").unwrap().columns.len(), 2);
        for view in postgres::SPEC.views.iter().filter(|v| v.name != "queries") {
            session.own(view.query, &[]).await.unwrap_or_else(|e| panic!("{}: {e}", view.name));
        }
    });
}

#[test]
fn the_schema_is_read_whole() {
    on_each_server(|url| async move {
        let client = admin(&url).await;
        client
            .batch_execute(
                r#"DROP SCHEMA IF EXISTS it_schema CASCADE; CREATE SCHEMA it_schema; SET search_path = it_schema;
                CREATE TYPE mood AS ENUM ('sad', 'ok');
                CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE >= 0);
                CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY, "Odd ""Name" varchar(20) NOT NULL DEFAULT 'x', m mood,
                                p price, at timestamptz DEFAULT now(), t time, ok boolean, tags text[], gone int,
                                PRIMARY KEY (id, "Odd ""Name"));
                ALTER TABLE a DROP COLUMN gone;
                COMMENT ON TABLE a IS 'a table'; COMMENT ON COLUMN a.m IS 'a mood';
                CREATE TABLE b (id bigint PRIMARY KEY, a_id int, a_name varchar(20),
                                CONSTRAINT to_a FOREIGN KEY (a_name, a_id) REFERENCES a ("Odd ""Name", id));
                CREATE UNIQUE INDEX b_expr ON b (lower(a_name), id) INCLUDE (a_id) WHERE a_id > 5;
                CREATE TABLE p (d date, v int) PARTITION BY RANGE (d);
                CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
                INSERT INTO p SELECT '2026-05-05', i FROM generate_series(1, 100) i;
                CREATE VIEW v AS SELECT id FROM b;
                CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
                CREATE TABLE never_analyzed (a int) WITH (autovacuum_enabled = off);
                ANALYZE p; ANALYZE p1;"#,
            )
            .await
            .unwrap();
        let mut session = connect(&url).await;
        let (schema, _) = (postgres::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(schema.database, Address::of(&url).database);
        assert_eq!(schema.search_path, ["public"]);
        assert!(schema.server_version >= 120_000 && schema.cut_at.is_none());
        assert!(schema.extensions.iter().any(|e| e.name == "plpgsql" && e.schema == "pg_catalog"));
        let table = |name: &str| schema.table(&format!("it_schema.{name}")).unwrap_or_else(|| panic!("no {name}"));

        let a = table("a");
        let columns: Vec<_> =
            a.columns.iter().map(|c| (c.name.as_str(), c.type_name.as_str(), c.kind, c.nullable)).collect();
        assert_eq!(
            columns,
            [
                ("id", "integer", ColumnKind::Number, false),
                ("Odd \"Name", "character varying(20)", ColumnKind::Text, false),
                ("m", "it_schema.mood", ColumnKind::Other, true),
                ("p", "it_schema.price", ColumnKind::Number, true),
                ("at", "timestamp with time zone", ColumnKind::Time, true),
                ("t", "time without time zone", ColumnKind::Other, true),
                ("ok", "boolean", ColumnKind::Bool, true),
                ("tags", "text[]", ColumnKind::Other, true),
            ]
        );
        // A session that began after the type was made knows its name.
        let (rows, _) = read(&mut *session, "SELECT m, tags FROM it_schema.a", Limits::default()).await.unwrap();
        assert_eq!(
            (rows.columns[0].type_name.as_str(), rows.columns[1].type_name.as_str()),
            ("it_schema.mood", "text[]")
        );
        assert_eq!(a.primary_key, ["id", "Odd \"Name"]);
        assert_eq!(a.comment.as_deref(), Some("a table"));
        assert_eq!(a.column("m").unwrap().comment.as_deref(), Some("a mood"));
        assert_eq!(a.column("at").unwrap().default.as_deref(), Some("now()"));

        let b = table("b");
        let key = &b.foreign_keys[0];
        assert_eq!((key.name.as_str(), key.to_schema.as_str(), key.to_table.as_str()), ("to_a", "it_schema", "a"));
        assert_eq!((key.columns.join(","), key.to_columns.join(",")), ("a_name,a_id".into(), "Odd \"Name,id".into()));
        let index = b.indexes.iter().find(|i| i.name == "b_expr").unwrap();
        assert_eq!(index.columns, ["lower(a_name::text)", "id"]);
        assert!(index.unique && index.valid && !index.primary);
        assert_eq!(index.predicate.as_deref(), Some("(a_id > 5)"));
        assert!(b.indexes.iter().any(|i| i.primary));

        assert_eq!((table("p").kind, table("p").row_estimate), (TableKind::Partitioned, Some(100.0)));
        assert_eq!((table("p1").row_estimate, table("p1").bytes.is_some()), (Some(100.0), true));
        assert_eq!((table("v").kind, table("mv").kind), (TableKind::View, TableKind::MaterializedView));
        assert_eq!((table("never_analyzed").row_estimate, table("never_analyzed").bytes), (None, None));
    });
}

#[test]
fn a_login_whose_path_is_pinned_still_means_the_usual_schema() {
    on_server(|_| async {
        let mut session = connect(&crate::support::servers::postgres_read_only_url()).await;
        assert!(session.identity().excess_powers.is_empty(), "{:?}", session.identity().excess_powers);
        let (schema, _) = (postgres::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(schema.search_path, ["public"]);
        assert!(!schema.tables.is_empty());
    });
}

#[test]
fn the_guard_learns_what_views_run_and_read() {
    on_each_server(|url| async move {
        let client = admin(&url).await;
        client
            .batch_execute(
                "DROP SCHEMA IF EXISTS it_guard CASCADE; CREATE SCHEMA it_guard; SET search_path = it_guard;
                CREATE FUNCTION evil(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
                CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4eq);
                CREATE TABLE t (id int, n numeric);
                CREATE VIEW calls AS SELECT evil(id) FROM t;
                CREATE VIEW hides AS SELECT (SELECT pg_sleep(0)) IS NULL AS slept, id FROM t WHERE n::int = 1;
                CREATE VIEW reads AS SELECT rolname FROM pg_authid;
                CREATE VIEW plain AS SELECT count(*), max(n)::int8 FROM t;
                ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (evil(id) = 1)",
            )
            .await
            .unwrap();
        let mut session = connect(&url).await;
        let (_, catalog) = (postgres::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}"));
        assert!(catalog.functions.contains(&"it_guard.evil".into()));
        assert!(catalog.operators.contains(&"it_guard.===".into()));
        let view = |name: &str| {
            let view = catalog.views.iter().find(|v| v.name == format!("it_guard.{name}")).unwrap();
            (view.functions.join(","), view.relations.join(","))
        };
        assert_eq!(view("calls"), ("it_guard.evil".into(), "it_guard.t".into()));
        assert_eq!(view("hides"), ("pg_catalog.pg_sleep".into(), "it_guard.t".into()));
        assert_eq!(view("reads"), (String::new(), "pg_catalog.pg_authid".into()));
        assert_eq!(view("plain"), (String::new(), "it_guard.t".into()));
        assert_eq!(view("t"), ("it_guard.evil".into(), String::new()));
    });
}

#[test]
fn every_view_answers_and_its_first_column_names_the_row() {
    on_each_server(|url| async move {
        let mut session = connect(&url).await;
        for view in postgres::SPEC.views {
            match session.own(view.query, &[]).await {
                Ok(rows) => assert!(rows.columns.len() >= 3, "{}", view.name),
                Err(e) => {
                    assert!(view.name == "queries" && e.to_string().contains("CREATE EXTENSION"), "{}: {e}", view.name);
                }
            }
        }
        let settings =
            session.own(postgres::SPEC.views.iter().find(|v| v.key == 'v').unwrap().query, &[]).await.unwrap();
        assert!(settings.rows.iter().any(|row| settings.text(row, "name") == "max_connections"));
    });
}

#[test]
fn statements_are_counted_where_the_extension_is() {
    on_server(|_| async {
        let mut session = connect(&crate::support::servers::postgres_bench_url()).await;
        let first = sample(&mut *session, 0).await;
        let second = sample(&mut *session, 1).await;
        assert!(second.readings[&metric::STATEMENTS] > first.readings[&metric::STATEMENTS]);
        let view = postgres::SPEC.views.iter().find(|v| v.key == 'q').unwrap();
        let rows = session.own(view.query, &[]).await.unwrap_or_else(|e| panic!("{e}"));
        assert!(!rows.rows.is_empty() && rows.columns[0].name == "statement");
    });
}
