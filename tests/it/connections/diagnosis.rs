//! Wrong settings against real servers: what `targets test` says the cause is, and what would mend it.

use super::{configure, program, said, without_servers};
use crate::support::at_hand::port_of;
use crate::support::servers::{self, Address};

/// What the test of a target with this URL prints.
fn tested(url: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &format!("[targets.wrong]\nurl = \"{url}\"\n"));
    said(&program(home.path(), &["targets", "test", "wrong"]).output().unwrap())
}

#[test]
fn another_engine_on_the_port_is_named_whether_it_greets_or_waits() {
    if without_servers() {
        return;
    }
    let (postgres, mariadb, redis) = (servers::postgres_url(), servers::mariadb_url(), servers::redis_url());
    for (scheme, server, name, right) in [
        ("mysql", &redis, "Redis", "redis://"),
        ("mongodb", &redis, "Redis", "redis://"),
        ("redis", &mariadb, "MySQL", "mysql://"),
        ("postgres", &mariadb, "MySQL", "mysql://"),
        ("mysql", &postgres, "PostgreSQL", "postgres://"),
    ] {
        let told = tested(&format!("{scheme}://ann:S3cr3t!@127.0.0.1:{}/1", port_of(server)));
        assert!(told.contains(&format!("speaks {name}")) && told.contains(right), "{scheme} to {name}: {told}");
        assert!(!told.contains("S3cr3t!"), "{told}");
    }
}

#[test]
fn a_mistyped_database_is_named_by_its_right_name() {
    if without_servers() {
        return;
    }
    for url in [servers::postgres_read_only_url(), servers::mariadb_read_only_url()] {
        let mistyped = Address { database: "shpo".into(), ..Address::of(&url) };
        let told = tested(&mistyped.url());
        assert!(told.contains("there is a database shop"), "{told}");
    }
}
