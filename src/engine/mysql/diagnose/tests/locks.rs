//! Who holds up whom, and what is done about it.

use super::written::{Server, Who, kinds, touched};
use crate::domain::diagnosis::{Cause, Verdict};
use crate::domain::procedure::Check;
use crate::domain::proposal::kind::FixKind;

const UPDATE: &str = "UPDATE orders SET a = 1 WHERE id = 7";

/// Session 1 at the root, 2 waits for it and 3 for 2.
fn chain(root: Who) -> Server {
    Server::mariadb().sessions(
        &[root, Who::works(2, 30, UPDATE).waits(30), Who::works(3, 20, UPDATE).waits(20), Who::idle(4, 900)],
        &[(2, 1), (3, 2)],
    )
}

#[test]
fn a_server_at_rest_has_no_cause() {
    for server in [Server::mariadb(), Server::mysql().metadata(&[])] {
        let server = server.sessions(&[Who::idle(1, 500), Who::idle(2, 3), Who::works(3, 0, "SELECT 1")], &[]);
        let (diagnosis, plans) = server.judged();
        assert_eq!(diagnosis.roots().count(), 0, "{diagnosis:#?}");
        assert!(plans.is_empty(), "{plans:?}");
    }
}

#[test]
fn the_root_of_a_chain_is_named_and_ended_and_nobody_else() {
    let server = chain(Who::idle(1, 40).since(50, 3));
    assert_eq!(server.roots(), [Cause::LockWaitChain]);
    let (diagnosis, _) = server.judged();
    let root = diagnosis.of(Cause::LockWaitChain).unwrap();
    assert!(root.about.as_deref().is_some_and(|about| about.starts_with("session 1 (app@10.0.0.7")), "{root:?}");
    assert!(root.evidence[0].text.contains("2 session(s) wait for rows of shop.orders"), "{root:?}");
    assert_eq!(diagnosis.of(Cause::IdleInTransaction).unwrap().consequence_of, Some(Cause::LockWaitChain));

    let plans = server.plans("C5");
    assert_eq!((plans.len(), touched(&plans[0])), (1, vec![1]));
    assert!(plans[0].can_be_proposed() && matches!(kinds(&plans[0])[0], FixKind::EndSessions(_)), "{plans:?}");
    let step = &plans[0].steps[0];
    assert!(matches!(&step.requires[0], Check::Blocks(session, 1) if session.id == 1), "{step:?}");
    assert!(
        step.expected.iter().any(|e| e == "blocked 2 -> 0")
            && step.expected.iter().any(|e| e.contains("3 changed rows"))
    );
    assert!(step.verification.words.starts_with("blocked 2 -> 0 within"), "{step:?}");
    assert!(server.plans("MY20").is_empty(), "a forgotten transaction at the root is told as the root");
}

#[test]
fn a_root_that_works_is_asked_to_stop_before_it_is_ended() {
    let server = chain(Who::works(1, 40, "UPDATE orders SET a = a + 1").since(45, 20));
    let plans = server.plans("C5");
    assert!(
        matches!(kinds(&plans[0])[..], [FixKind::CancelStatements(_), FixKind::EndSessions(_)]),
        "{:?}",
        kinds(&plans[0])
    );
    assert_eq!(touched(&plans[0]), [1, 1]);
}

#[test]
fn what_must_not_be_ended_blocks_the_plan() {
    let backup = Who { application: "mysqldump", ..Who::works(1, 40, "SELECT * FROM orders").since(45, 0) };
    let replication = Who { user: "system user", command: "Slave_SQL", ..Who::works(1, 40, UPDATE).since(45, 5) };
    let change = Who::works(1, 40, "ALTER TABLE orders ADD COLUMN x INT").since(45, 5);
    for root in [backup, replication, change] {
        let server = chain(root.clone());
        assert!(server.roots().contains(&Cause::LockWaitChain), "{root:?}");
        let plans = server.plans("C5");
        assert!(plans.iter().all(|plan| !plan.can_be_proposed() && !plan.blocked.is_empty()), "{root:?}: {plans:?}");
    }
}

#[test]
fn waits_of_an_instant_are_no_chain() {
    let server =
        Server::mariadb().sessions(&[Who::works(1, 0, UPDATE).since(0, 1), Who::works(2, 0, UPDATE).waits(0)], &[]);
    assert!(server.roots().is_empty(), "{:?}", server.roots());
}

/// 1 uses a table, 2 wants to change it, 3 wants to read it and waits behind 2.
fn queue(holder: Who, more: &[Who]) -> Vec<Who> {
    let waits = "Waiting for table metadata lock";
    let mut list = vec![
        holder,
        Who::works(2, 30, "ALTER TABLE orders ADD COLUMN x INT").state(waits),
        Who::works(3, 20, "SELECT * FROM orders").state(waits),
    ];
    list.extend(more.iter().cloned());
    list
}

#[test]
fn a_forgotten_holder_is_ended_and_a_fresh_one_is_spared() {
    let server = Server::mariadb().sessions(&queue(Who::idle(1, 90).since(95, 0), &[]), &[]);
    assert_eq!(server.roots(), [Cause::MetadataLock]);
    let plans = server.plans("C19b");
    assert_eq!(touched(&plans[0]), [1], "{plans:?}");
    assert!(plans[0].steps[0].requires.iter().any(|c| matches!(c, Check::IdleFor(_, 60))));

    let server = Server::mariadb().sessions(&queue(Who::idle(1, 35).since(40, 0), &[]), &[]);
    let plans = server.plans("C19b");
    assert!(matches!(kinds(&plans[0])[..], [FixKind::CancelStatements(_)]) && touched(&plans[0]) == [2], "{plans:?}");
    assert!(plans.iter().any(|p| touched(p) == [1] && !p.can_be_proposed()), "the holder may go on");
}

#[test]
fn of_several_possible_holders_none_is_ended() {
    let list = queue(Who::idle(1, 90).since(95, 0), &[Who::idle(4, 80).since(85, 2)]);
    let server = Server::mariadb().sessions(&list, &[]);
    let (diagnosis, _) = server.judged();
    assert_eq!(diagnosis.of(Cause::MetadataLock).unwrap().verdict, Verdict::Supported);
    let proposable: Vec<_> =
        server.plans("C19b").into_iter().filter(crate::domain::procedure::Plan::can_be_proposed).collect();
    assert_eq!(proposable.len(), 1);
    assert_eq!(touched(&proposable[0]), [2], "the change that waits gives way");
    assert!(diagnosis.unknown.iter().any(|u| u.contains("metadata_lock_info")), "{:?}", diagnosis.unknown);
}

#[test]
fn mysql_tells_the_holder_itself() {
    let list = queue(Who::idle(1, 90).since(95, 0), &[Who::idle(4, 80).since(85, 2)]);
    let server = Server::mysql().sessions(&list, &[]).metadata(&[(2, 4), (3, 2)]);
    assert_eq!(touched(&server.plans("C19b")[0]), [4]);
}

#[test]
fn a_forgotten_transaction_is_ended_and_one_that_thinks_is_not() {
    let server = Server::mariadb().sessions(&[Who::idle(1, 120).since(125, 2), Who::idle(2, 3).since(4, 1)], &[]);
    assert_eq!(server.roots(), [Cause::IdleInTransaction]);
    assert_eq!(touched(&server.plans("MY20")[0]), [1]);
    let server = Server::mariadb().sessions(&[Who::idle(1, 4).since(5, 2)], &[]);
    assert!(server.roots().is_empty());
}

#[test]
fn the_longest_idle_of_the_largest_group_go_first() {
    let mut list: Vec<Who> = (1..=60).map(|id| Who::idle(id, 100 + id)).collect();
    list.extend((61..=90).map(|id| Who { user: "batch", ..Who::idle(id, 5_000) }));
    list.push(Who { user: "repl", command: "Binlog Dump", ..Who::idle(99, 90_000) });
    let mut server = Server::mariadb().sessions(&list, &[]);
    server.counters(&[("Threads_connected", 100, 100), ("Connection_errors_max_connections", 4, 9)]);
    assert_eq!(server.roots(), [Cause::ConnectionSaturation]);
    let plans = server.plans("C6");
    assert_eq!(touched(&plans[0]), (49..=60).rev().collect::<Vec<i64>>(), "a fifth of 60, the longest idle first");
    let raise: Vec<_> = plans.iter().flat_map(kinds).filter(|k| matches!(k, FixKind::ChangeSetting { .. })).collect();
    assert_eq!(raise, [&FixKind::ChangeSetting { name: "max_connections".into(), value: "120".into() }]);
}

#[test]
fn connections_that_a_lock_uses_up_are_not_ended() {
    let mut list = vec![Who::idle(1, 60).since(65, 1)];
    let waits: Vec<(i64, i64)> = (2..=97).map(|id| (id, 1)).collect();
    list.extend(waits.iter().map(|(id, _)| Who::works(*id, 30, UPDATE).waits(30)));
    let mut server = Server::mariadb().sessions(&list, &waits);
    server.counters(&[("Threads_connected", 100, 100)]);
    assert_eq!(server.roots(), [Cause::LockWaitChain]);
    assert_eq!(touched(&server.plans("C5")[0]), [1], "one session, and 96 go on");
    assert!(server.plans("C6").iter().all(|plan| !plan.can_be_proposed()));
}
