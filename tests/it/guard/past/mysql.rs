//! MySQL and MariaDB: a database and a login of the test's own, made from the recommended text.

use super::{Marks, Scene, marks_by, nothing_lasts, on, rows};
use crate::mysql::support::Admin;
use crate::support::at_hand::Server;
use crate::support::servers::Address;
use async_trait::async_trait;
use dba_gpt::engine::{Session, mysql};
use std::collections::BTreeSet;

/// What the lists speak of, with traps that write when they are called.
const OBJECTS: &str = "
    CREATE TABLE canary (id INT PRIMARY KEY, note VARCHAR(100), UNIQUE KEY (note));
    INSERT INTO canary SELECT n, CONCAT('note ', n) FROM (SELECT 1 n UNION SELECT 2 UNION SELECT 3 UNION SELECT 7) x;
    CREATE TABLE my LIKE canary; INSERT INTO my SELECT * FROM canary;
    CREATE TABLE t LIKE canary; INSERT INTO t SELECT * FROM canary;
    CREATE VIEW vsleep AS SELECT SLEEP(1) AS s;
    CREATE FUNCTION evil() RETURNS INT SQL SECURITY DEFINER MODIFIES SQL DATA RETURN (SELECT COUNT(*) FROM canary);
    CREATE VIEW evil_view AS SELECT evil() AS n;
    CREATE PROCEDURE p1() SQL SECURITY DEFINER INSERT INTO canary VALUES (900002, 'trap')";

/// Ways of which the lists have no row: what a login may do to itself, and ways out of a transaction that reads.
const MORE: &[&str] = &[
    "SET PASSWORD = 'mine'",
    "ALTER USER USER() IDENTIFIED BY 'mine'",
    "ALTER USER CURRENT_USER() IDENTIFIED BY 'mine' RETAIN CURRENT PASSWORD",
    "ALTER USER CURRENT_USER() PASSWORD EXPIRE",
    "SET DEFAULT ROLE NONE TO CURRENT_USER()",
    "SET SESSION transaction_read_only = 0",
    "SET TRANSACTION READ WRITE",
    "COMMIT AND CHAIN",
    "START TRANSACTION READ WRITE",
    "BEGIN",
    "SET @mine = 1, @other = (SELECT COUNT(*) FROM canary)",
    "SELECT GET_LOCK('mine', 0), GET_LOCK('other', 0)",
    "PREPARE mine FROM 'DELETE FROM canary'",
    "XA BEGIN 'mine'",
    "HANDLER canary OPEN AS mine",
    "SET NAMES latin1",
    "SET SESSION sql_mode = 'ANSI_QUOTES'",
    "SELECT LAST_INSERT_ID(4711)",
    "SET ROLE ALL",
    "DO RELEASE_ALL_LOCKS()",
    "CREATE TEMPORARY TABLE mine SELECT 1",
    "FLUSH TABLES",
    "FLUSH STATUS",
    "SET SESSION debug = 'd'",
    "USE information_schema",
    "KILL CONNECTION_ID()",
];

/// A line a thing; `@db@` and `@user@` are the test's own.
const THINGS: &[&str] = &[
    "SELECT 'table', TABLE_NAME, TABLE_TYPE, ENGINE, CREATE_TIME, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = '@db@'",
    "SELECT 'column', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '@db@'",
    "SELECT 'index', TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '@db@'",
    "SELECT 'routine', ROUTINE_NAME, MD5(ROUTINE_DEFINITION) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '@db@'",
    "SELECT 'trigger', TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '@db@'",
    "SELECT 'event', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '@db@'",
    "SELECT 'schema', SCHEMA_NAME FROM information_schema.SCHEMATA",
    "SELECT 'user', User, Host, authentication_string, password_expired, Select_priv, Super_priv FROM mysql.user",
    "SELECT 'grant', Db, User, Select_priv, Insert_priv FROM mysql.db WHERE User = '@user@'",
    "SELECT 'function', name, dl FROM mysql.func",
    "SELECT 'plugin', PLUGIN_NAME, PLUGIN_STATUS FROM information_schema.PLUGINS",
    "SELECT 'server', Server_name FROM mysql.servers",
    "CHECKSUM TABLE canary, my, t EXTENDED",
];
/// Settings of the server. One of them is set by another test, and some are counters or clocks.
const SETTINGS: &str = "SELECT 'setting', VARIABLE_NAME, VARIABLE_VALUE FROM @settings@ \
     WHERE LOWER(VARIABLE_NAME) NOT REGEXP '^(max_allowed_packet|gtid_|timestamp|rand_seed|pseudo_|last_|innodb_buffer_pool_load)'";

const MARKS_MYSQL: &[&str] = &[
    "SELECT 'setting', VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.session_variables",
    "SELECT 'own variable', v.VARIABLE_NAME, '' FROM performance_schema.user_variables_by_thread v WHERE v.THREAD_ID = PS_CURRENT_THREAD_ID()",
    "SELECT 'prepared', s.STATEMENT_NAME, '' FROM performance_schema.prepared_statements_instances s WHERE s.OWNER_THREAD_ID = PS_CURRENT_THREAD_ID() AND s.STATEMENT_NAME IS NOT NULL",
    "SELECT 'who', CURRENT_USER(), COALESCE(CURRENT_ROLE(), '')",
    "SELECT 'where', COALESCE(DATABASE(), ''), ''",
    "SELECT 'inserted', 'id', LAST_INSERT_ID()",
    "SELECT 'locks', 'held', RELEASE_ALL_LOCKS()",
];
/// MariaDB's reset takes the account's limit of connections out of the setting that shows it, not off the account.
const MARKS_MARIADB: &[&str] = &[
    "SELECT 'setting', VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES WHERE VARIABLE_NAME <> 'MAX_USER_CONNECTIONS'",
    "SELECT 'own variable', VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.USER_VARIABLES",
    "SELECT 'who', CURRENT_USER(), COALESCE(CURRENT_ROLE(), '')",
    "SELECT 'where', COALESCE(DATABASE(), ''), ''",
    "SELECT 'inserted', 'id', LAST_INSERT_ID()",
    "SELECT 'locks', 'held', RELEASE_ALL_LOCKS()",
];

struct MySql {
    admin: Admin,
    address: Address,
    own: String,
    is_mariadb: bool,
}

impl MySql {
    fn set(server: Server) -> Self {
        let mut address = Address::of(&server.url().unwrap());
        let own = format!("past_{}", std::process::id());
        let is_mariadb = server == Server::MariaDb;
        Admin::at(&address.url()).run(&format!("CREATE DATABASE {own}"));
        address.database.clone_from(&own);
        let mut admin = Admin::at(&address.url());
        admin.run(OBJECTS);
        if is_mariadb {
            admin.run("CREATE SEQUENCE sq");
        }
        let mut of_mariadb = false;
        // The recommended text as it stands, for this database; the way here has no TLS.
        for line in mysql::SPEC.least_privilege.lines() {
            if line.starts_with("--") {
                of_mariadb = line.contains("MariaDB");
                continue;
            }
            if (of_mariadb && !is_mariadb) || (line.contains("REPLICATION CLIENT") && is_mariadb) {
                continue;
            }
            let line = line.replace("dbagpt_ro", &own).replace("app.", &format!("{own}."));
            admin.run(&line.replace("'...'", &format!("'{}'", address.password)).replace("REQUIRE SSL ", ""));
        }
        Self { admin, address, own, is_mariadb }
    }

    fn lines(&mut self, query: &str) -> Vec<String> {
        let settings =
            if self.is_mariadb { "information_schema.GLOBAL_VARIABLES" } else { "performance_schema.global_variables" };
        let query = query.replace("@db@", &self.own).replace("@user@", &self.own).replace("@settings@", settings);
        self.admin.run(&query)
    }
}

#[async_trait]
impl Scene for MySql {
    fn url(&self) -> String {
        Address { user: self.own.clone(), ..self.address.clone() }.url()
    }
    async fn everything(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for query in THINGS {
            let lines = self.lines(query);
            assert!(!lines.is_empty() || !query.contains("CHECKSUM"), "{query}");
            all.extend(lines);
        }
        all.extend(self.lines(SETTINGS));
        if self.is_mariadb {
            all.extend(self.lines("SELECT 'priv', User, MD5(Priv) FROM mysql.global_priv WHERE User = '@user@'"));
            all.extend(self.lines("SELECT 'sequence', next_not_cached_value FROM sq"));
        } else {
            all.extend(self.lines("SELECT 'persisted', VARIABLE_NAME FROM performance_schema.persisted_variables"));
            all.extend(self.lines("SELECT 'component', component_urn FROM mysql.component"));
        }
        all
    }
    async fn marks(&mut self, session: &mut dyn Session) -> Marks {
        let statements = if self.is_mariadb { MARKS_MARIADB } else { MARKS_MYSQL };
        let mut marks = marks_by(&mysql::SPEC, session, statements).await;
        // Settings of the whole server stand among those of the session, and other tests change some.
        let of_all: BTreeSet<String> =
            self.lines("SELECT VARIABLE_NAME, VARIABLE_VALUE FROM @settings@").into_iter().collect();
        marks.retain(|name, value| {
            let Some(name) = name.strip_prefix("setting ") else { return true };
            let lower = name.to_ascii_lowercase();
            let of_server = ["gtid_", "max_allowed_packet", "last_gtid"].iter().any(|start| lower.starts_with(start));
            !of_server && !of_all.contains(&format!("{name}\t{value}"))
        });
        marks
    }
    async fn still_open(&mut self) -> Vec<String> {
        self.lines(
            "SELECT t.trx_id, t.trx_query FROM information_schema.INNODB_TRX t
               JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id WHERE p.USER = '@user@'",
        )
    }
    async fn change(&mut self) {
        self.admin.run("UPDATE canary SET note = 'changed' WHERE id = 7");
    }
    async fn end(&mut self) {
        let own = self.own.clone();
        self.admin.run(&format!("DROP DATABASE {own}; DROP USER {own}@'%'"));
    }
}

#[test]
fn nothing_lasts_on_mariadb() {
    on(Server::MariaDb, async |server| {
        nothing_lasts(server, &mut MySql::set(server), &rows("mysql", MORE), 60).await;
    });
}

#[test]
fn nothing_lasts_on_mysql_9() {
    on(Server::MySql9, async |server| {
        nothing_lasts(server, &mut MySql::set(server), &rows("mysql", MORE), 60).await;
    });
}
