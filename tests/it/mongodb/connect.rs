//! The way in: each failure has its own kind and words, and no secret.

use super::support::*;
use dba_gpt::domain::error_event::{ConnectKind, tls_code};
use dba_gpt::engine::{Session, mongodb};
use secrecy::SecretString;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

#[test]
fn every_failure_has_its_own_kind_and_comes_soon() {
    run(async {
        let started = Instant::now();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        for (url, kind, words) in [
            ("mongodb://no-such-host.invalid/x".to_owned(), ConnectKind::BadHost, "does not resolve"),
            (format!("mongodb://127.0.0.1:{gone}/x"), ConnectKind::Refused, "nothing listens"),
            ("mongodb://%2Ftmp%2Fno-such.sock/x".to_owned(), ConnectKind::Refused, "no server socket"),
            ("mongodb://u:S3cr3t@h/?authMechanism=GSSAPI".to_owned(), ConnectKind::UnsupportedLogin, "GSSAPI"),
        ] {
            let error = refused(&url).await;
            assert_eq!(error.kind, kind, "{url}: {error}");
            assert!(error.message.contains(words) && !error.message.contains("S3cr3t"), "{url}: {error}");
        }
        let error = refused("mongodb+srv://no-such-host.invalid/x").await;
        assert_eq!(error.kind, ConnectKind::BadHost, "{error}");
        assert!(started.elapsed() < Duration::from_secs(20));
    });
}

/// 192.0.2.1 is nobody's address; nothing is sent there before the question is settled.
#[test]
fn plain_text_over_a_network_must_be_asked_for() {
    run(async {
        let error = refused("mongodb://192.0.2.1/shop").await;
        assert_eq!((error.kind, error.code.as_str()), (ConnectKind::Tls, tls_code::PLAIN), "{error}");
        assert!(error.message.contains("tls=true") && error.message.contains("tls=false"), "{error}");
        for asked in ["mongodb://192.0.2.1/shop?tls=false", "mongodb://192.0.2.1/shop?tls=true"] {
            let short = format!("{asked}&connectTimeoutMS=100");
            assert_ne!(refused(&short).await.code, tls_code::PLAIN, "{asked}");
        }
    });
}

#[test]
fn what_is_no_mongodb_server_is_told() {
    run(async {
        let server = Mongo::start("standalone");
        for (reaction, kind, words) in [
            (Reaction::Garbage, ConnectKind::Other, "not a MongoDB server"),
            (Reaction::Drop, ConnectKind::Other, "may want TLS"),
            (Reaction::Fail(91, "ShutdownInProgress", "shutting down"), ConnectKind::NotReady, "shutting down"),
        ] {
            server.react("hello", reaction);
            let error = refused(&server.url("shop")).await;
            assert!(error.kind == kind && error.message.contains(words), "{error:?}");
        }
        server.react("hello", Reaction::Deaf);
        let mut silent = settings(&server.url("shop"));
        silent.timeout = Duration::from_millis(300);
        let Err(error) = (mongodb::SPEC.connect)(&silent).await else { panic!("it connected") };
        assert!(error.kind == ConnectKind::Unreachable && error.message.contains("did not answer"), "{error}");
    });
}

#[test]
fn services_that_know_only_the_older_greeting_are_greeted_so() {
    run(async {
        let server = Mongo::start("standalone");
        server.react("hello", Reaction::Fail(59, "CommandNotFound", "no such command: 'hello'"));
        let session = connect(&server.url("shop")).await;
        assert_eq!(session.identity().role, "standalone");
        server.react("isMaster", Reaction::Reply(document(r#"{"ismaster": true, "maxWireVersion": 5}"#)));
        let error = refused(&server.url("shop")).await;
        assert!(error.message.contains("older than MongoDB 3.6"), "{error}");
    });
}

#[test]
fn the_password_is_proved_and_never_sent_or_shown() {
    run(async {
        for mechanisms in [&["SCRAM-SHA-1", "SCRAM-SHA-256"][..], &["SCRAM-SHA-1"], &["SCRAM-SHA-256"]] {
            let server = Mongo::start("standalone");
            server.require("reader", "S3cr3t: p@ss", mechanisms);
            let url = |password: &str| {
                format!("mongodb://reader:{password}@127.0.0.1:{}/shop?authSource=admin", server.port())
            };
            drop(connect(&url("S3cr3t%3A%20p%40ss")).await);
            let used = server.requests_of("saslStart").pop().unwrap();
            let strongest = *mechanisms.last().unwrap();
            assert_eq!((used.get_str("mechanism").unwrap(), used.get_str("$db").unwrap()), (strongest, "admin"));

            let error = refused(&url("wrongS3cr3t")).await;
            assert_eq!(error.kind, ConnectKind::Authentication);
            assert!(error.message.contains("authSource=admin") && !error.message.contains("S3cr3t"), "{error}");

            let mut given = settings(&url("wrong"));
            given.password = Some(SecretString::from("S3cr3t: p@ss"));
            assert!((mongodb::SPEC.connect)(&given).await.is_ok(), "a password given apart wins");

            let error = refused(&format!("mongodb://reader@127.0.0.1:{}/", server.port())).await;
            assert!(error.kind == ConnectKind::Authentication && error.message.contains("none is known"), "{error}");
            let error = refused(&server.url("shop")).await;
            assert!(error.kind == ConnectKind::Authentication && error.message.contains("wants a login"), "{error}");
            let sent = format!("{:?}", server.requests());
            assert!(!sent.contains("S3cr3t"), "the password was sent");
        }
    });
}

#[test]
fn a_mechanism_that_the_server_lacks_is_named() {
    run(async {
        let server = Mongo::start("standalone");
        server.require("reader", "p", &["SCRAM-SHA-1"]);
        let url = format!("mongodb://reader:p@127.0.0.1:{}/?authMechanism=SCRAM-SHA-256", server.port());
        let error = refused(&url).await;
        assert_eq!(error.kind, ConnectKind::UnsupportedLogin);
        assert!(error.message.contains("SCRAM-SHA-256"), "{error}");
    });
}

/// The scripted server is not only our own idea of the protocol: the official driver logs in and reads from it.
#[test]
fn the_official_driver_agrees_with_the_scripted_server() {
    run(async {
        for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
            let server = Mongo::start("standalone");
            server.require("reader", "pencil", &["SCRAM-SHA-1", "SCRAM-SHA-256"]);
            let url = format!(
                "mongodb://reader:pencil@127.0.0.1:{}/?directConnection=true&authMechanism={mechanism}",
                server.port()
            );
            let client = ::mongodb::Client::with_uri_str(&url).await.unwrap();
            let orders = client.database("shop").collection::<bson::Document>("orders");
            let found = orders.find_one(bson::doc! {}).await.unwrap().unwrap();
            assert_eq!(found.get_str("status").unwrap(), "open");
        }
    });
}

/// Members that answer on ports of their own, named after themselves.
fn replica_set() -> (Mongo, Mongo) {
    let (primary, secondary) = (Mongo::start("primary"), Mongo::start("secondary"));
    let names = [&primary, &secondary].map(|member| format!("127.0.0.1:{}", member.port()));
    for (member, me) in [(&primary, &names[0]), (&secondary, &names[1])] {
        let mut hello = member.reply("hello");
        hello.insert("hosts", names.to_vec());
        hello.insert("primary", &names[0]);
        hello.insert("me", me);
        member.answer("hello", hello);
    }
    (primary, secondary)
}

async fn role_at(url: &str) -> String {
    connect(url).await.identity().role.clone()
}

#[test]
fn the_member_that_the_url_wants_is_found_from_any_other() {
    run(async {
        let (primary, secondary) = replica_set();
        let by = |more: &str| secondary.url(&format!("shop?replicaSet=rs0{more}"));
        assert_eq!(role_at(&by("")).await, "primary");
        assert_eq!(role_at(&by("&readPreference=secondary")).await, "secondary");
        assert_eq!(role_at(&primary.url("shop?replicaSet=rs0&readPreference=secondaryPreferred")).await, "secondary");
        assert_eq!(role_at(&by("&directConnection=true")).await, "secondary");
        assert_eq!(role_at(&secondary.url("shop")).await, "secondary");

        let error = refused(&by("").replace("rs0", "rs1")).await;
        assert!(error.kind == ConnectKind::Settings && error.message.contains("set rs0, not of rs1"), "{error}");
    });
}

#[test]
fn a_set_without_a_primary_says_so_and_what_helps() {
    run(async {
        let (_primary, secondary) = replica_set();
        let mut hello = secondary.reply("hello");
        hello.remove("primary");
        hello.insert("hosts", vec![format!("127.0.0.1:{}", secondary.port())]);
        secondary.answer("hello", hello);
        let error = refused(&secondary.url("shop?replicaSet=rs0")).await;
        assert_eq!(error.kind, ConnectKind::NotReady);
        for words in ["rs0 has no primary", "is secondary", "primaryPreferred", "directConnection=true"] {
            assert!(error.message.contains(words), "{words}: {error}");
        }
        assert_eq!(role_at(&secondary.url("shop?replicaSet=rs0&readPreference=primaryPreferred")).await, "secondary");
    });
}

#[test]
fn a_tunnel_is_dialled_whatever_the_url_names() {
    run(async {
        let server = Mongo::start("secondary");
        let mut far = settings("mongodb://db7.shop.example:27099,db8.shop.example/shop?replicaSet=rs0");
        far.dial = Some(("127.0.0.1".into(), server.port()));
        let session = (mongodb::SPEC.connect)(&far).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().role, "secondary");
        assert_eq!(session.identity().system_id.as_deref(), Some("rs0/db2.shop.example:27017"));
    });
}

#[test]
fn a_session_tells_who_is_there() {
    run(async {
        let server = Mongo::start("standalone");
        let session = connect(&server.url("")).await;
        let identity: &_ = Session::identity(&*session);
        assert_eq!((identity.version.as_str(), identity.version_number), ("MongoDB 7.0.14", 70_014));
        assert_eq!((identity.kind.as_str(), identity.role.as_str()), ("mongo70", "standalone"));
        assert_eq!(identity.database, "shop", "the only database there is");
        assert_eq!(identity.started_at.map(|t| t.date_time(0)).as_deref(), Some("2026-08-21 14:31:58"));
        assert!(identity.excess_powers[0].contains("asks for no login"), "{:?}", identity.excess_powers);
        assert_eq!(role_at(&Mongo::start("mongos").url("shop")).await, "mongos");
    });
}

#[test]
fn rights_too_many_and_too_few_are_told() {
    run(async {
        let server = Mongo::start("standalone");
        server.require("app", "p", &["SCRAM-SHA-256"]);
        server.answer(
            "connectionStatus",
            document(
                r#"{"authInfo": {"authenticatedUsers": [{"user": "app", "db": "shop"}], "authenticatedUserPrivileges": [
                {"resource": {"db": "shop", "collection": ""}, "actions": ["find", "insert", "remove"]}]}}"#,
            ),
        );
        server.react("serverStatus", Reaction::Fail(13, "Unauthorized", "not authorized on admin"));
        let session = connect(&format!("mongodb://app:p@127.0.0.1:{}/shop", server.port())).await;
        assert_eq!(session.identity().excess_powers, ["may insert, remove in the database shop"]);
        let hints = session.identity().hints.join("\n");
        assert!(
            hints.contains(r#"db.getSiblingDB("shop").grantRolesToUser("app", [{ role: "clusterMonitor""#),
            "{hints}"
        );
    });
}
