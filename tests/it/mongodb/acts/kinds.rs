//! Fix kinds: operations, sessions and parameters, each by its exact shape.

use super::*;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};
use dba_gpt::domain::proposal::kind::SessionRef;

fn chosen(id: i64) -> SessionRef {
    SessionRef { id, facts: Vec::new(), about: String::new() }
}

fn operation(connection: i64, running_ms: i64) -> Bson {
    Bson::Document(doc! {
        "type": "op", "opid": 4711, "connectionId": connection, "client": "10.0.0.9:50412", "appName": "web", "active": true,
        "effectiveUsers": [{ "user": "app", "db": "admin" }], "ns": "shop.orders", "secs_running": 5_i64,
        "currentOpTime": "2026-08-22T14:31:58.000+00:00", "microsecs_running": running_ms * 1000,
        "command": { "find": "orders" },
    })
}

async fn freeze(session: &mut dyn Session, kind: FixKind) -> Result<FixKind, SessionError> {
    (mongodb::SPEC.fixing.freeze)(session, kind).await
}

#[test]
fn one_operation_is_ended_as_long_as_it_is_the_same() {
    run(async {
        let mongo = Arc::new(Mongo::start("primary"));
        mongo.answer("aggregate $currentOp", vec![operation(101, 5_000)]);
        let mut session = connect(&mongo.url("shop")).await;
        let kind = freeze(&mut *session, FixKind::CancelStatements(vec![chosen(4711), chosen(9)])).await.unwrap();
        let FixKind::CancelStatements(frozen) = &kind else { panic!("{kind:?}") };
        assert_eq!(frozen.len(), 1, "the one that is gone is left out");
        assert!(frozen[0].about.contains("app web 10.0.0.9:50412 runs for 5 s"), "{}", frozen[0].about);
        let draft = of_kind(kind);
        let shown = survey(&mut *session, &draft).await.unwrap();
        // It runs a little longer by now; that is no change.
        mongo.answer("aggregate $currentOp", vec![operation(101, 6_000)]);
        let fresh = survey(&mut *session, &draft).await.unwrap();
        let approved = approve(&draft, &shown, &fresh).unwrap();
        let stop = CancellationToken::new();
        let mut notebook = Notebook::default();
        let (acted, ()) = tokio::join!(
            session.act(approved, &fresh, &mut notebook, &stop),
            meanwhile(&mongo, |mongo| {
                mongo.until("killOp", |mongo| mongo.requests_of("killOp").len() == 1);
                mongo.answer("aggregate $currentOp", Vec::<Bson>::new());
            })
        );
        assert_eq!(acted.unwrap().answer.as_deref(), Some("true"));
        let sent = mongo.requests_of("killOp").remove(0);
        assert_eq!((sent.get_i32("op").unwrap(), sent.get_str("$db").unwrap()), (4711, "admin"));
    });
}

#[test]
fn a_number_that_was_given_out_again_is_not_ended() {
    run(async {
        let mongo = Mongo::start("standalone");
        mongo.answer("aggregate $currentOp", vec![operation(101, 5_000)]);
        let mut session = connect(&mongo.url("shop")).await;
        let draft = of_kind(freeze(&mut *session, FixKind::CancelStatements(vec![chosen(4711)])).await.unwrap());
        let shown = survey(&mut *session, &draft).await.unwrap();
        for other in [operation(102, 5_000), operation(101, 100)] {
            let approved = approve(&draft, &shown, &shown).unwrap();
            mongo.answer("aggregate $currentOp", vec![other]);
            assert!(survey(&mut *session, &draft).await.is_err_and(|why| why.to_string().contains("has ended")));
            let acted = session.act(approved, &shown, &mut Notebook::default(), &CancellationToken::new()).await;
            assert!(matches!(acted, Err(ActError::NotDone(_))), "{acted:?}");
        }
        assert!(mongo.requests_of("killOp").is_empty());
    });
}

#[test]
fn replication_backups_and_our_own_sessions_are_left_alone() {
    run(async {
        let mongo = Mongo::start("primary");
        let with = |field: &str, value: &str| {
            let Bson::Document(mut operation) = operation(101, 5_000) else { panic!() };
            operation.insert(field, value);
            Bson::Document(operation)
        };
        let mut session = connect(&mongo.url("shop")).await;
        for (operation, piece) in [
            (with("ns", "local.oplog.rs"), "replication"),
            (with("appName", "mongodump"), "copies"),
            (with("client", ""), "server's own"),
        ] {
            mongo.answer("aggregate $currentOp", vec![operation]);
            let refused = freeze(&mut *session, FixKind::CancelStatements(vec![chosen(4711)])).await;
            assert!(refused.is_err_and(|why| why.to_string().contains(piece)), "{piece}");
            let typed = survey(&mut *session, &typed("db.killOp(4711)")).await;
            assert!(typed.is_err_and(|why| why.to_string().contains(piece)), "{piece}");
        }
    });
}

#[test]
fn sessions_in_a_transaction_are_ended_by_their_ids() {
    run(async {
        let mongo = Mongo::start("primary");
        let lsid = doc! {
            "id": bson::Uuid::from_bytes([5; 16]),
            "uid": Binary { subtype: BinarySubtype::Generic, bytes: vec![6; 32] },
        };
        let idle = doc! {
            "type": "idleSession", "client": "10.0.0.8:1234", "appName": "batch", "lsid": lsid.clone(),
            "effectiveUsers": [{ "user": "etl", "db": "admin" }],
            "transaction": { "timeOpenMicros": 600_000_000_i64, "timeInactiveMicros": 1_i64 },
        };
        mongo.answer("aggregate $currentOp", vec![Bson::Document(idle)]);
        mongo.answer("killAllSessionsByPattern", doc! {});
        let mut session = connect(&mongo.url("shop")).await;
        let sample = (mongodb::SPEC.sample)(&mut *session, 1).await.unwrap();
        let number = sample.sessions[0].pid;
        let kind = freeze(&mut *session, FixKind::EndSessions(vec![chosen(number)])).await.unwrap();
        let (acted, _) = carry_out(&mut *session, &of_kind(kind)).await;
        assert_eq!(acted.unwrap().answer.as_deref(), Some("true"));
        let sent = mongo.requests_of("killAllSessionsByPattern").remove(0);
        let patterns = sent.get_array("killAllSessionsByPattern").unwrap();
        assert_eq!(patterns, &[Bson::Document(doc! { "lsid": lsid })]);
        // It runs nothing that an operation's number would end.
        let cancel = freeze(&mut *session, FixKind::CancelStatements(vec![chosen(number)])).await;
        assert!(cancel.is_err_and(|why| why.to_string().contains("nothing that could be cancelled")));
        mongo.answer("aggregate $currentOp", Vec::<Bson>::new());
        assert_eq!(
            freeze(&mut *session, FixKind::EndSessions(vec![chosen(number)])).await.unwrap(),
            FixKind::EndSessions(Vec::new())
        );
    });
}

#[test]
fn a_parameter_is_set_and_its_old_value_kept() {
    run(async {
        let mongo = Mongo::start("standalone");
        mongo.answer("setParameter", doc! { "was": 600_000 });
        let mut session = connect(&mongo.url("shop")).await;
        let kind = FixKind::ChangeSetting { name: "cursorTimeoutMillis".into(), value: "300000".into() };
        let draft = of_kind(kind);
        let shown = survey(&mut *session, &draft).await.unwrap();
        let wanted = r#"{"setParameter": 1, "cursorTimeoutMillis": 600000}"#.to_owned();
        assert_eq!(shown.inverse, Inverse::Statements(vec![wanted]));
        let (acted, _) = carry_out(&mut *session, &draft).await;
        assert_eq!(acted.unwrap().answer.as_deref(), Some("it was 600000"));
        let sent: Document = mongo.requests_of("setParameter").remove(0);
        assert_eq!(sent.get_i32("cursorTimeoutMillis").unwrap(), 300_000);
        assert!(!sent.contains_key("comment"), "{sent}");
        // Somebody else set it meanwhile.
        let approved = approve(&draft, &shown, &shown).unwrap();
        mongo.answer("getParameter", doc! { "cursorTimeoutMillis": 5 });
        let fresh = survey(&mut *session, &draft).await.unwrap();
        assert_eq!(approve(&draft, &shown, &fresh).err(), Some(Refusal::Moved("a condition does not hold any more")));
        let acted = session.act(approved, &shown, &mut Notebook::default(), &CancellationToken::new()).await;
        assert!(matches!(acted, Err(ActError::RolledBack(Refusal::Moved(_)))), "{acted:?}");
        assert_eq!(mongo.requests_of("setParameter").len(), 1);
    });
}
