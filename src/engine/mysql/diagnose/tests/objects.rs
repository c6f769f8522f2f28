//! Objects that are missed, replication, logs and settings.

use super::written::{Server, Who, kinds};
use crate::domain::diagnosis::Cause;
use crate::domain::error::kind::ErrorKind;
use crate::domain::procedure::{Check, OnFailure};
use crate::domain::proposal::kind::FixKind;
use crate::engine::mysql::diagnose::{BINARY_LOGS, NAMES, REPLICA, SAME_NAME, probes};

const CREATE: &str = "CREATE TABLE `orders` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB";

fn missing() -> Server {
    Server::mariadb()
        .sessions(&[Who::idle(1, 5)], &[])
        .incident(ErrorKind::TableNotFound, "shop.orders", "SELECT * FROM orders")
        .answer(NAMES.name, &["db", "name"], &[&["shop", "customers"]])
}

#[test]
fn a_table_that_was_seen_is_made_again_exactly() {
    let server = missing().answer(SAME_NAME.name, &["db", "name"], &[]).known("shop", "orders", CREATE);
    assert_eq!(server.roots(), [Cause::MissingTable]);
    let plan = &server.plans("C1")[0];
    assert!(plan.can_be_proposed(), "{plan:?}");
    assert_eq!(plan.steps[0].draft.statement, CREATE);
    assert!(matches!(&plan.steps[0].requires[..], [Check::Absent(table)] if table.words() == "shop.orders"));
    assert!(matches!(&plan.steps[0].verification.check, Check::All(all) if all.len() == 2), "the statement is tried");
}

#[test]
fn a_table_that_is_elsewhere_or_was_never_seen_is_not_made() {
    let elsewhere =
        missing().answer(SAME_NAME.name, &["db", "name"], &[&["archive", "orders"]]).known("shop", "orders", CREATE);
    let plan = &elsewhere.plans("C1")[0];
    assert!(!plan.can_be_proposed() && plan.blocked[0].contains("archive.orders"), "{plan:?}");
    let unseen = missing().answer(SAME_NAME.name, &["db", "name"], &[]).answer(
        NAMES.name,
        &["db", "name"],
        &[&["shop", "order"], &["shop", "customers"]],
    );
    let plan = &unseen.plans("C1")[0];
    assert!(!plan.can_be_proposed() && plan.advice.iter().any(|a| a.contains("order")), "{plan:?}");
    let there =
        missing().answer(SAME_NAME.name, &["db", "name"], &[&["shop", "orders"]]).known("shop", "orders", CREATE);
    assert!(there.roots().is_empty() && !there.plans("C1")[0].can_be_proposed());
    let another = missing().answer(SAME_NAME.name, &["db", "name"], &[]).known("archive", "orders", CREATE);
    assert!(!another.plans("C1")[0].can_be_proposed(), "the table of another database is another table");
}

#[test]
fn a_slip_in_a_column_is_told() {
    let server = Server::mariadb()
        .sessions(&[Who::idle(1, 5)], &[])
        .incident(ErrorKind::ColumnNotFound, "custommer", "SELECT custommer FROM orders")
        .table(&["id", "customer", "total"], &[]);
    assert_eq!(server.roots(), [Cause::MissingColumn]);
    let plan = &server.plans("C2")[0];
    assert!(plan.steps.is_empty() && plan.advice[0].contains("shop.orders.customer"), "{plan:?}");
}

#[test]
fn replication_goes_on_only_when_no_error_stopped_it() {
    let names =
        ["Slave_IO_Running", "Slave_SQL_Running", "Last_SQL_Errno", "Last_SQL_Error", "Master_Host", "Master_Port"];
    let with = |errno: &'static str| {
        Server::mariadb().sessions(&[Who::idle(1, 5)], &[]).answer(
            REPLICA.name,
            &names,
            &[&["Yes", "No", errno, "it says", "db1", "3306"]],
        )
    };
    let stopped = with("0");
    assert_eq!(stopped.roots(), [Cause::ReplicationBroken]);
    let plan = &stopped.plans("C8b")[0];
    assert!(plan.can_be_proposed() && kinds(plan) == [&FixKind::StartReplication], "{plan:?}");
    for errno in ["1062", "1032", "1236", "2003", "1064"] {
        let server = with(errno);
        let plan = &server.plans("C8b")[0];
        assert!(!plan.can_be_proposed(), "{errno}: {plan:?}");
    }
    assert!(with("1062").plans("C8b")[0].advice.iter().any(|a| a.contains("never skip")));
}

#[test]
fn binary_logs_go_only_when_no_replica_reads_them() {
    let full = |more: &[Who]| {
        let mut list = vec![Who::idle(1, 5)];
        list.extend(more.iter().cloned());
        let logs: Vec<Vec<String>> =
            (1..=6).map(|n| vec![format!("binlog.00000{n}"), "104857600".to_owned()]).collect();
        let logs: Vec<Vec<&str>> = logs.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let logs: Vec<&[&str]> = logs.iter().map(Vec::as_slice).collect();
        Server::mariadb()
            .sessions(&list, &[])
            .incident(ErrorKind::DiskFull, "orders", "INSERT INTO orders VALUES (1)")
            .answer(BINARY_LOGS.name, &["Log_name", "File_size"], &logs)
    };
    let alone = full(&[]);
    assert_eq!(alone.roots(), [Cause::DiskFull]);
    let plan = &alone.plans("C20")[0];
    assert!(plan.can_be_proposed() && kinds(plan) == [&FixKind::PurgeLogs("binlog.000004".into())], "{plan:?}");
    let gone = Check::InForce(Box::new(FixKind::PurgeLogs("binlog.000004".into())));
    assert_eq!(plan.steps[0].verification.check, gone, "it is looked whether those logs are gone");
    let read = full(&[Who { user: "repl", command: "Binlog Dump", ..Who::idle(9, 900) }]);
    assert!(!read.plans("C20")[0].can_be_proposed());
}

#[test]
fn a_setting_that_somebody_changed_and_that_does_harm_goes_back() {
    let changed = |name: &'static str, value: &'static str| {
        Server::mariadb().sessions(&[Who::idle(1, 5)], &[]).answer(
            probes::CHANGED_SETTINGS.name,
            &["name", "value", "default_value", "changed_at", "changed_by"],
            &[&[name, value, "16777216", "-", "-"]],
        )
    };
    let server = changed("tmp_table_size", "1024");
    assert_eq!(server.roots(), [Cause::ConfigRegression]);
    let plan = &server.plans("SETTING")[0];
    assert_eq!(kinds(plan), [&FixKind::ResetSetting("tmp_table_size".into())]);
    assert_eq!(plan.steps[0].on_failure, OnFailure::RollBack);
    assert!(changed("tmp_table_size", "33554432").roots().is_empty(), "a larger one does no harm");
    assert!(changed("character_set_server", "latin1").roots().is_empty(), "not everything that changed is wrong");
}
