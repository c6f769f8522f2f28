//! The commands on real PostgreSQL servers: names, refusals, health, and a server that is not there.

use super::rig::Rig;
use crate::support::servers::{self, Address};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_statement_means_what_it_means_in_the_persons_own_session() {
    let rig = Rig::new();
    let url = servers::postgres_read_only_url();
    let ran = rig.run(&["sql", "select count(*) from orders", "--json", "--target", &url]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let object = ran.object();
    assert!(object["rows"][0][0].as_i64().unwrap() > 0, "{object}");
    assert!(!ran.out.contains(&Address::of(&url).password), "a password is shown");
    let cast = rig.run(&["sql", "select 'paid'::order_status as s", "--format", "csv", "--target", &url]);
    assert_eq!((cast.code, cast.out.as_str()), (0, "s\npaid\n"), "{cast:?}");
}

#[test]
fn exact_numbers_keep_their_digits_in_every_format() {
    let rig = Rig::new();
    let url = servers::postgres_read_only_url();
    let digits = "12345678901234567890.123456789";
    let statement = format!("select {digits}::numeric as n, 'NaN'::float8 as x, null::int as y");
    let csv = rig.run(&["sql", &statement, "--format", "csv", "--target", &url]);
    assert_eq!(csv.out, format!("n,x,y\n{digits},NaN,\n"), "{csv:?}");
    let json = rig.run(&["sql", &statement, "--format", "json", "--target", &url]);
    assert_eq!(json.out, format!("{{\"n\":{digits},\"x\":\"NaN\",\"y\":null}}\n"), "{json:?}");
}

#[test]
fn errors_and_refusals_have_their_exit_codes() {
    let rig = Rig::new();
    let url = servers::postgres_read_only_url();
    for (statement, code, words) in [
        ("update orders set id = 1 where id = 2", 4, "[dml]"),
        ("select pg_read_file('/etc/passwd')", 4, "[file]"),
        ("select 1/0", 1, "22012"),
        ("select * from no_such_table_at_all", 1, "42P01"),
    ] {
        let ran = rig.run(&["sql", statement, "--target", &url]);
        assert_eq!(ran.code, code, "{statement}: {ran:?}");
        assert!(ran.err.contains(words) && ran.out.is_empty(), "{statement}: {ran:?}");
    }
}

#[test]
fn nobody_there_and_nobody_lets_us_in_are_told_apart() {
    let rig = Rig::new();
    let there = Address::of(&servers::postgres_read_only_url());
    let wrong_password = Address { password: "wrong".into(), ..there.clone() }.url();
    let wrong_port = Address { port: 1, ..there.clone() }.url();
    let wrong_database = Address { database: "nowhere".into(), ..there }.url();
    let mut words = Vec::new();
    for url in [&wrong_password, &wrong_port, &wrong_database] {
        let ran = rig.run(&["sql", "select 1", "--target", url]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
        words.push(ran.err.lines().last().unwrap().to_owned());
        let health = rig.run(&["health", "--json", "--target", url]);
        assert_eq!((health.code, health.object()["state"].as_str()), (3, Some("down")), "{health:?}");
    }
    words.dedup();
    assert_eq!(words.len(), 3, "{words:?}");
}

#[test]
fn health_knows_sessions_and_rates() {
    let rig = Rig::new();
    let ran = rig.run(&["health", "--json", "--target", &servers::postgres_url()]);
    let object = ran.object();
    assert!([0, 1].contains(&ran.code), "{ran:?}");
    assert_eq!(object["engine"], "postgres");
    for known in ["connections", "connection_limit", "data_bytes", "transactions", "blocked"] {
        assert!(object["metrics"][known].is_number(), "{known}: {object}");
    }
    assert!(object["version"].as_str().unwrap().starts_with("PG "), "{object}");
    assert_eq!(object["role"], "primary");
}

#[test]
fn doctor_tells_a_powerful_login_how_to_be_less() {
    let rig = Rig::new();
    let powerful = rig.run(&["doctor", "--target", &servers::postgres_url()]);
    assert!(powerful.out.contains("superuser") && powerful.out.contains("CREATE ROLE"), "{}", powerful.out);
}

#[test]
fn a_function_of_ones_own_list_runs_and_its_neighbour_does_not() {
    let url = servers::postgres_url();
    execute(
        &url,
        "CREATE SCHEMA IF NOT EXISTS it_declared;
         CREATE OR REPLACE FUNCTION it_declared.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
         CREATE OR REPLACE FUNCTION it_declared.thrice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 3 * $1'",
    );
    let rig = Rig::new();
    rig.configure(&format!("[targets.shop]\nurl = \"{url}\"\nallow_functions = [\"it_declared.twice\"]\n"));
    // The URL holds a password, and the list is believed only from a file that nobody else can change.
    std::fs::set_permissions(rig.path("config.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let listed = rig.run(&["sql", "select it_declared.twice(21) as n", "--format", "csv"]);
    assert_eq!((listed.code, listed.out.as_str()), (0, "n\n42\n"), "{listed:?}");
    let other = rig.run(&["sql", "select it_declared.thrice(14)"]);
    assert_eq!((other.code, other.out.as_str()), (4, ""), "{other:?}");
    assert!(other.err.contains("it_declared.thrice"), "{other:?}");
}

/// Runs statements as another client, which may write.
fn execute(url: &str, statements: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(statements).await.unwrap();
        connection.abort();
    });
}
