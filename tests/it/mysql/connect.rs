//! Ways in, and each way of not getting in with its own kind, its own words, and within five seconds.

use super::support::*;
use crate::support::servers;
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::domain::rows::Value;
use dba_gpt::engine::mysql;
use secrecy::SecretString;
use std::time::Duration;
use tokio::net::TcpListener;

/// A little more than the five seconds, for a busy machine.
const IN_TIME: Duration = Duration::from_millis(5500);

async fn fails(url: &str, kind: ConnectKind, words: &str) {
    let (error, took) = refused(&settings(url)).await;
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(words), "{words:?} is not in {error}");
    assert!(took < IN_TIME, "{took:?} for {error}");
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[test]
fn the_server_says_who_it_is_and_who_we_are() {
    on_each_server(|server| async move {
        let session = connect(&server.admin).await;
        let identity = session.identity();
        let (name, kind) = if server.is_mariadb { ("MariaDB ", "ma") } else { ("MySQL ", "my") };
        assert!(identity.version.starts_with(name) && identity.kind.starts_with(kind), "{identity:?}");
        assert_eq!(identity.version_number >= 100_000, server.is_mariadb, "{identity:?}");
        assert_eq!((identity.role.as_str(), identity.database.as_str()), ("primary", "shop"));
        assert!(identity.started_at.is_some() && identity.system_id.is_some(), "{identity:?}");
        assert!(!identity.excess_powers.is_empty(), "{identity:?}");
        session.close().await;

        let session = connect(&server.read_only).await;
        let identity = session.identity();
        assert_eq!((&identity.excess_powers, &identity.hints), (&Vec::new(), &Vec::new()));
    });
}

#[test]
fn every_refusal_has_its_own_kind() {
    on_each_server(|server| async move {
        let wrong = server.url(|a| a.password = "S3cr3t-but-wrong".into(), "");
        fails(&wrong, ConnectKind::Authentication, "refused the password in the URL").await;
        let (error, _) = refused(&settings(&wrong)).await;
        assert!(!error.message.contains("S3cr3t") && error.code == "1045", "{error}");
        let nobody = format!("mysql://{}@127.0.0.1:{}/shop", "dbagpt_ro", server.address().port);
        fails(&nobody, ConnectKind::Authentication, "none is known").await;
        let database = server.url(|a| a.database = "no%20such".into(), "");
        fails(&database, ConnectKind::NoSuchDatabase, "no database no such").await;
        let host = server.url(|a| a.host = "no-such-host.invalid".into(), "");
        fails(&host, ConnectKind::BadHost, "no-such-host.invalid").await;
        let port = free_port().await;
        fails(&server.url(|a| a.port = port, ""), ConnectKind::Refused, "nothing listens").await;
        let read_only = server.read_only.replace("/shop", "/mysql");
        fails(&read_only, ConnectKind::NoSuchDatabase, "may not use database mysql").await;
        fails("mysql://u@localhost/d?socket=/no/such", ConnectKind::Refused, "no server socket /no/such").await;
    });
}

#[test]
fn a_full_server_and_a_full_account_say_so() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        admin.run(
            "CREATE OR REPLACE USER few@'%' IDENTIFIED BY 'few' WITH MAX_USER_CONNECTIONS 1;
             CREATE USER IF NOT EXISTS few@'%' IDENTIFIED BY 'few' WITH MAX_USER_CONNECTIONS 1;
             GRANT SELECT ON shop.* TO few@'%'",
        );
        let few = server.url(
            |a| {
                a.user = "few".into();
                a.password = "few".into();
            },
            "",
        );
        let held = connect(&few).await;
        fails(&few, ConnectKind::TooManyConnections, "raise the account's limit").await;
        held.close().await;
    });
}

#[test]
fn other_protocols_are_told_from_ours() {
    run(async {
        use tokio::io::AsyncWriteExt as _;
        for (greeting, words) in [
            (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "not a MySQL or MariaDB server"),
            (b"\x05\0\0\0\x0b\x08\x05\x1a\0", "X protocol"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a MySQL or MariaDB server"),
            (b"", "closed the connection without a word"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            tokio::spawn(async move {
                let (mut client, _) = listener.accept().await.unwrap();
                client.write_all(greeting).await.unwrap();
                client.shutdown().await
            });
            fails(&format!("mysql://u:p@127.0.0.1:{port}/d"), ConnectKind::Other, words).await;
        }
        // One that says its own words and then waits for ours is told at once.
        let waits = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("mysql://u:p@{}/d", waits.local_addr().unwrap());
        let client = tokio::spawn(async move {
            let (mut client, _) = waits.accept().await.unwrap();
            client.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
            client
        });
        let (error, took) = refused(&settings(&url)).await;
        assert!(error.message.contains("not a MySQL or MariaDB server"), "{error}");
        assert!(took < Duration::from_secs(3), "{took:?}");
        drop(client.await);

        // A server that waits to be spoken to, as PostgreSQL does.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut settings = settings(&format!("mysql://u:p@{}/d", silent.local_addr().unwrap()));
        settings.timeout = Duration::from_millis(200);
        let (error, took) = refused(&settings).await;
        assert!(error.kind == ConnectKind::Unreachable && took < IN_TIME, "{error}");
    });
}

#[test]
fn a_certificate_is_verified_and_the_socket_is_another_way_in() {
    on_each_server(|server| async move {
        let authority = servers::certificate_authority().to_str().unwrap().replace('/', "%2F");
        let encrypted = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";
        let verified = format!("?ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}");
        let mut session = connect(&server.url(|a| a.host = "localhost".into(), &verified)).await;
        assert_ne!(row(&mut *session, encrypted).await[1], Value::Text(String::new()));

        let wrong_name = server.url(|_| {}, &verified);
        fails(&wrong_name, ConnectKind::Tls, "not made out to 127.0.0.1").await;
        let unknown = server.url(|a| a.host = "localhost".into(), "?ssl-mode=VERIFY_IDENTITY");
        fails(&unknown, ConnectKind::Tls, "ssl-ca=FILE").await;

        let mut plain = connect(&server.url(|_| {}, "?ssl-mode=DISABLED")).await;
        assert_eq!(row(&mut *plain, encrypted).await[1], Value::Text(String::new()));

        // A tunnel: the name in the certificate goes by the URL, the connection by where the tunnel begins.
        let mut tunnel = settings(&server.url(
            |a| {
                a.host = "localhost".into();
                a.port = 1;
            },
            &verified,
        ));
        tunnel.dial = Some(("127.0.0.1".into(), server.address().port));
        assert!((mysql::SPEC.connect)(&tunnel).await.is_ok());

        if server.is_mariadb {
            let socket = servers::mariadb_socket().to_str().unwrap().to_owned();
            let address = server.address();
            let by_socket = format!("mysql://{}:{}@/shop?socket={socket}", address.user, address.password);
            let mut session = connect(&by_socket).await;
            assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1));
        }
    });
}

#[test]
fn a_password_from_elsewhere_wins_and_no_database_is_said() {
    on_each_server(|server| async move {
        let address = server.address();
        let mut given = settings(&format!("mysql://{}:wrong@127.0.0.1:{}", address.user, address.port));
        given.password = Some(SecretString::from(address.password));
        let session = (mysql::SPEC.connect)(&given).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().database, "");
        assert!(session.identity().hints.iter().any(|hint| hint.contains("no database is chosen")));
    });
}
