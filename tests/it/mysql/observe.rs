//! What is collected: readings, sessions, who blocks whom; the views; the schema and what the guard learns.

use super::support::*;
use dba_gpt::domain::activity::{Sample, SessionState, blocking_tree};
use dba_gpt::domain::metric;
use dba_gpt::domain::schema::{ColumnKind, TableKind};
use dba_gpt::engine::{Session, mysql};
use std::time::{Duration, Instant};

async fn sample(session: &mut dyn Session, cycle: u64) -> Sample {
    (mysql::SPEC.sample)(session, cycle).await.unwrap_or_else(|e| panic!("{e}"))
}

/// The first sample that has what is waited for. Between two of them there is a pause, because InnoDB makes a new list
/// of transactions only when nobody has asked for a tenth of a second.
async fn sample_with(what: &str, session: &mut dyn Session, has: impl Fn(&Sample) -> bool) -> Sample {
    let started = Instant::now();
    loop {
        let seen = sample(session, 1).await;
        if has(&seen) {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: {:?}", seen.sessions);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

#[test]
fn a_sample_has_readings_and_leaves_our_own_sessions_out() {
    on_each_server(|server| async move {
        let mut session = connect(&server.read_only).await;
        let first = sample(&mut *session, 0).await;
        assert!(first.hints.is_empty(), "{:?}", first.hints);
        for id in [
            metric::CONNECTIONS,
            metric::CONNECTION_LIMIT,
            metric::ACTIVE,
            metric::BLOCKED,
            metric::LONGEST_TRANSACTION,
            metric::TRANSACTIONS,
            metric::STATEMENTS,
            metric::CACHE_HITS,
            metric::CACHE_READS,
            metric::HISTORY_LENGTH,
            metric::CHECKPOINT_AGE,
            metric::DEADLOCKS,
            metric::DATA_BYTES,
            metric::BINLOG_BYTES,
            metric::WAL_RATE,
        ] {
            assert!(first.readings.get(&id).is_some_and(|v| *v >= 0.0), "{id:?} is missing");
        }
        assert!(!first.readings.contains_key(&metric::LAG));
        assert!(first.server_now.0 > 1_700_000_000_000);
        // Another login that calls itself like us is shown.
        let mine =
            |s: &&dba_gpt::domain::activity::SessionInfo| s.application.starts_with("dba-gpt") && s.user == "dbagpt_ro";
        assert!(first.sessions.iter().find(mine).is_none(), "{:?}", first.sessions);
        let second = sample(&mut *session, 1).await;
        assert!(second.readings[&metric::STATEMENTS] > first.readings[&metric::STATEMENTS]);
        assert!(second.readings.contains_key(&metric::DATA_BYTES), "what is costly is remembered");
    });
}

#[test]
fn who_blocks_whom_and_with_what() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run("DROP TABLE IF EXISTS fought; CREATE TABLE fought (i INT PRIMARY KEY, v INT) ENGINE = InnoDB; INSERT INTO fought VALUES (1, 1)");
        let mut holder = Admin::of(&server);
        let held_by = holder.number("SELECT CONNECTION_ID()");
        holder.run("BEGIN; UPDATE fought SET v = 2 WHERE i = 1");
        let mut waiter = Admin::of(&server);
        let waits = waiter.number("SELECT CONNECTION_ID()");
        waiter.send("UPDATE fought SET v = 3 WHERE i = 1");
        let mut session = connect(&server.read_only).await;
        let blocked = |s: &Sample| s.sessions.iter().any(|s| s.pid == waits && s.blocked_by == [held_by]);
        let seen = sample_with("who waits for a row", &mut *session, blocked).await;
        let find = |pid| seen.sessions.iter().find(|s| s.pid == pid).unwrap();
        assert_eq!(find(waits).wait, "Lock:row");
        assert_eq!(find(held_by).state, SessionState::IdleInTransaction);
        assert!(
            find(held_by).holds.contains('X') && find(held_by).holds.ends_with("shop.fought"),
            "{:?}",
            find(held_by)
        );
        assert!(seen.readings[&metric::BLOCKED] >= 1.0, "other tests may have theirs");
        let tree = blocking_tree(&seen.sessions);
        assert!(tree.iter().any(|node| seen.sessions[node.session].pid == held_by && node.waiting == 1), "{tree:?}");
        holder.run("ROLLBACK");
        waiter.run("SELECT 1");

        // A change of the table waits for a transaction that has used it, and everybody waits for the change.
        holder.run("BEGIN; SELECT * FROM fought");
        waiter.send("SET lock_wait_timeout = 60; ALTER TABLE fought ADD COLUMN w INT, ALGORITHM = COPY");
        let waiting = |s: &Sample| s.sessions.iter().any(|s| s.pid == waits && s.wait == "Lock:table metadata lock");
        let seen = sample_with("who waits for the table's metadata", &mut *session, waiting).await;
        let change = seen.sessions.iter().find(|s| s.pid == waits).unwrap();
        if server.is_mariadb {
            assert!(seen.hints.iter().any(|hint| hint.contains("metadata_lock_info")), "{:?}", seen.hints);
        } else {
            assert_eq!(change.blocked_by, [held_by]);
        }
        holder.run("COMMIT");
        waiter.run("SELECT 1");
    });
}

#[test]
fn a_weak_login_gets_hints_and_no_false_zeros() {
    on_each_server(|server| async move {
        Admin::of(&server).run(
            "DROP USER IF EXISTS weak@'%'; CREATE USER weak@'%' IDENTIFIED BY 'weak'; GRANT SELECT ON shop.* TO weak@'%'",
        );
        let weak = server.url(
            |a| {
                a.user = "weak".into();
                a.password = "weak".into();
            },
            "",
        );
        let mut session = connect(&weak).await;
        for grant in ["GRANT PROCESS ON *.* TO 'weak'@'%'", "GRANT SELECT ON performance_schema.* TO 'weak'@'%'"] {
            assert!(session.identity().hints.iter().any(|hint| hint.contains(grant)), "{:?}", session.identity().hints);
        }
        let seen = sample(&mut *session, 0).await;
        for missing in [metric::ACTIVE, metric::BLOCKED, metric::LONGEST_TRANSACTION, metric::REPLICAS] {
            assert!(!seen.readings.contains_key(&missing), "{missing:?}");
        }
        assert!(seen.readings.contains_key(&metric::CONNECTIONS));
        assert!(seen.hints.iter().any(|hint| hint.contains("GRANT PROCESS")), "{:?}", seen.hints);
    });
}

#[test]
fn every_view_answers_and_its_first_column_names_the_row() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run("DROP TABLE IF EXISTS viewed; CREATE TABLE viewed (i INT PRIMARY KEY, v INT, KEY by_v (v))");
        let mut session = connect(&server.read_only).await;
        for view in mysql::SPEC.views {
            match session.own(view.query, &[]).await {
                Ok(rows) => {
                    let may_be_empty = matches!(view.name, "replication" | "locks");
                    assert!(may_be_empty || !rows.rows.is_empty(), "{} is empty", view.name);
                    assert!(rows.rows.iter().all(|row| row[0].plain().is_some()), "{}: {:?}", view.name, rows.rows);
                }
                Err(error) => assert!(
                    server.is_mariadb && view.name == "locks" && error.to_string().contains("metadata_lock_info"),
                    "{}: {error}",
                    view.name
                ),
            }
        }
    });
}

#[test]
fn the_schema_is_read_whole_and_the_guard_learns_what_views_run() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run(
            "DROP VIEW IF EXISTS seen_evil; DROP FUNCTION IF EXISTS evil; DROP TABLE IF EXISTS seen_child, seen_parent;
             CREATE TABLE seen_parent (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL COMMENT 'its name',
               born DATE, ok TINYINT(1) DEFAULT 1, UNIQUE KEY by_name (name)) COMMENT 'a parent';
             CREATE TABLE seen_child (id INT PRIMARY KEY, parent INT, price DECIMAL(10,2),
               CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES seen_parent (id));
             CREATE FUNCTION evil(x INT) RETURNS INT DETERMINISTIC RETURN x;
             CREATE VIEW seen_evil AS SELECT evil(c.id) AS x, SLEEP(0) AS s FROM seen_child c",
        );
        let mut session = connect(&server.read_only).await;
        let (schema, catalog) = (mysql::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((schema.database.as_str(), schema.search_path.as_slice()), ("shop", &["shop".to_owned()][..]));
        let parent = schema.table("seen_parent").unwrap();
        assert_eq!(
            (parent.primary_key.as_slice(), parent.comment.as_deref()),
            (&["id".to_owned()][..], Some("a parent"))
        );
        let kinds: Vec<ColumnKind> = parent.columns.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [ColumnKind::Number, ColumnKind::Text, ColumnKind::Time, ColumnKind::Bool]);
        assert_eq!(parent.columns[1].comment.as_deref(), Some("its name"));
        assert!(parent.indexes.iter().any(|i| i.name == "by_name" && i.unique && i.valid && !i.primary));
        let child = schema.table("shop.seen_child").unwrap();
        assert_eq!(child.columns[2].type_name, "decimal(10,2)");
        assert_eq!(
            (child.foreign_keys[0].to_table.as_str(), child.foreign_keys[0].columns[0].as_str()),
            ("seen_parent", "parent")
        );
        let view = schema.table("seen_evil").unwrap();
        assert_eq!(view.kind, TableKind::View);
        let known = catalog.views.iter().find(|v| v.name == "shop.seen_evil").unwrap();
        assert!(
            known.functions.iter().any(|f| f == "sleep") && known.functions.iter().any(|f| f.ends_with("evil")),
            "{known:?}"
        );
        assert!(known.relations.contains(&"shop.seen_child".to_owned()), "{known:?}");
    });
}
