//! Ways in, and each way of not getting in with its own kind, its own words, and within five seconds.

use super::support::*;
use crate::support::servers::Address;
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::engine::{Surroundings, postgres};
use secrecy::SecretString;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A little more than the five seconds, for a busy machine.
const IN_TIME: Duration = Duration::from_millis(5500);

async fn fails(url: &str, kind: ConnectKind, words: &str) {
    let (error, took) = refused(&settings(url)).await;
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(words), "{words:?} is not in {error}");
    assert!(took < IN_TIME, "{took:?} for {error}");
}

#[test]
fn the_server_says_who_it_is_and_who_we_are() {
    on_server(|url| async move {
        let session = connect(&url).await;
        let identity = session.identity();
        let address = Address::of(&url);
        assert!(identity.version.starts_with("PG ") && identity.kind.starts_with("pg"), "{identity:?}");
        assert!(identity.version_number >= 120_000, "{identity:?}");
        assert_eq!(
            (identity.role.as_str(), &identity.user, &identity.database),
            ("primary", &address.user, &address.database)
        );
        assert!(identity.started_at.is_some() && identity.system_id.is_some(), "{identity:?}");
        assert!(identity.excess_powers.contains(&"superuser".into()), "{identity:?}");
        session.close().await;
    });
}

#[test]
fn every_refusal_has_its_own_kind() {
    on_server(|url| async move {
        let right = Address::of(&url);
        let mut wrong = right.clone();
        wrong.password = "S3cr3t-but-wrong".into();
        fails(&wrong.url(), ConnectKind::Authentication, "refused the password in the URL").await;
        let mut wrong = right.clone();
        wrong.database = "no such database".into();
        fails(&wrong.url(), ConnectKind::NoSuchDatabase, "no database no such database").await;
        let mut wrong = right.clone();
        wrong.host = "no-such-host.invalid".into();
        fails(&wrong.url(), ConnectKind::BadHost, "no-such-host.invalid").await;
        let mut wrong = right.clone();
        wrong.port = free_port().await;
        fails(&wrong.url(), ConnectKind::Refused, "nothing listens").await;
        let kerberos = format!("{}?gssencmode=require", right.url());
        fails(&kerberos, ConnectKind::UnsupportedLogin, "Kerberos").await;
        let member = format!("{}?target_session_attrs=standby", right.url());
        fails(&member, ConnectKind::Other, "is a primary").await;
    });
}

#[test]
fn a_full_server_says_so() {
    on_server(|url| async move {
        let client = admin(&url).await;
        client.batch_execute("DROP ROLE IF EXISTS it_full").await.unwrap();
        client.batch_execute("CREATE ROLE it_full LOGIN PASSWORD 'pw' CONNECTION LIMIT 0").await.unwrap();
        let mut full = Address::of(&url);
        (full.user, full.password) = ("it_full".into(), "pw".into());
        fails(&full.url(), ConnectKind::TooManyConnections, "full").await;
    });
}

#[test]
fn a_weak_role_connects_and_learns_what_it_cannot_see() {
    on_server(|url| async move {
        let client = admin(&url).await;
        client.batch_execute("DROP ROLE IF EXISTS it_weak").await.unwrap();
        client.batch_execute("CREATE ROLE it_weak LOGIN PASSWORD 'pw'").await.unwrap();
        let mut weak = Address::of(&url);
        (weak.user, weak.password) = ("it_weak".into(), "pw".into());
        let session = connect(&weak.url()).await;
        let identity = session.identity();
        assert!(!identity.excess_powers.iter().any(|p| p.contains("superuser")), "{identity:?}");
        assert!(identity.hints.iter().any(|h| h.contains("GRANT pg_monitor TO it_weak")), "{identity:?}");
    });
}

/// A server that answers the first packet with `answer` and records everything it was ever sent.
async fn scripted(answer: &'static [u8]) -> (u16, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                let mut first = true;
                while let Ok(n @ 1..) = socket.read(&mut buffer).await {
                    let _ = sender.send(buffer[..n].to_vec());
                    if std::mem::take(&mut first) && socket.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, receiver)
}

#[tokio::test]
async fn a_server_without_tls_gets_not_one_byte_of_the_login() {
    let (port, mut received) = scripted(b"N").await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("postgres://canary-user:canary-password@127.0.0.1:{port}/canary-db?sslmode={mode}");
        fails(&url, ConnectKind::Tls, "offers no TLS").await;
    }
    let mut all = Vec::new();
    while let Ok(bytes) = received.try_recv() {
        all.extend(bytes);
    }
    assert!(!all.is_empty() && !String::from_utf8_lossy(&all).contains("canary"), "{all:?}");
}

#[tokio::test]
async fn a_password_is_not_sent_in_a_way_that_was_not_allowed() {
    // Authentication request 3: the password itself.
    let (port, mut received) = scripted(b"R\0\0\0\x08\0\0\0\x03").await;
    let url =
        format!("postgres://u:canary-password@db.example:{port}/d?hostaddr=127.0.0.1&sslmode=disable&require_auth=md5");
    fails(&url, ConnectKind::UnsupportedLogin, "require_auth").await;
    while let Ok(bytes) = received.try_recv() {
        assert!(!String::from_utf8_lossy(&bytes).contains("canary-password"));
    }
}

#[tokio::test]
async fn what_is_not_postgresql_is_told_apart() {
    let (port, _keep) = scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    fails(&format!("postgres://u:p@127.0.0.1:{port}/d"), ConnectKind::Other, "not a PostgreSQL server").await;
    let (port, _keep) = scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let plain = format!("postgres://u:p@127.0.0.1:{port}/d?sslmode=disable");
    fails(&plain, ConnectKind::Other, "not a PostgreSQL server").await;
    let kerberos: &[u8] = b"R\0\0\0\x08\0\0\0\x07";
    let (port, _keep) = scripted(kerberos).await;
    let plain = format!("postgres://u:p@127.0.0.1:{port}/d?sslmode=disable");
    fails(&plain, ConnectKind::UnsupportedLogin, "Kerberos").await;
}

#[tokio::test]
async fn a_silent_server_is_left_after_the_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut quick = settings(&format!("postgres://u:p@127.0.0.1:{port}/d"));
    quick.timeout = Duration::from_millis(300);
    let (error, took) = refused(&quick).await;
    assert_eq!(error.kind, ConnectKind::Unreachable, "{error}");
    assert!(error.message.contains("did not answer"), "{error}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_server_that_starts_is_not_ready() {
    let starting: &[u8] = b"E\0\0\0\x34SFATAL\0VFATAL\0C57P03\0Mthe system is starting up\0\0";
    let (port, _keep) = scripted(starting).await;
    let url = format!("postgres://u:p@127.0.0.1:{port}/d?sslmode=disable");
    fails(&url, ConnectKind::NotReady, "starting up").await;
}

#[test]
fn the_second_host_is_tried_when_the_first_is_down() {
    on_server(|url| async move {
        let address = Address::of(&url);
        let url = format!(
            "postgres://{}:{}@127.0.0.1:{},{}:{}/{}",
            address.user,
            percent(&address.password),
            free_port().await,
            address.host,
            address.port,
            address.database
        );
        connect(&url).await;
    });
}

#[test]
fn the_password_comes_from_the_password_file_and_a_service_names_the_rest() {
    on_server(|url| async move {
        let address = Address::of(&url);
        let folder = tempfile::tempdir().unwrap();
        let pass = folder.path().join(".pgpass");
        let escaped = address.password.replace('\\', "\\\\").replace(':', "\\:");
        std::fs::write(&pass, format!("{}:{}:*:{}:{escaped}\n", address.host, address.port, address.user)).unwrap();
        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
        let service = format!(
            "[it]\nhost={}\nport={}\nuser={}\ndbname={}\n",
            address.host, address.port, address.user, address.database
        );
        std::fs::write(folder.path().join(".pg_service.conf"), service).unwrap();
        let mut settings = settings("postgres://?service=it");
        settings.surroundings = Surroundings {
            variables: [("PGSYSCONFDIR".into(), folder.path().display().to_string())].into(),
            home: Some(folder.path().to_owned()),
            user: Some("nobody".into()),
            current_dir: None,
        };
        let session = (postgres::SPEC.connect)(&settings).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().user, address.user);
        let shown = (postgres::SPEC.address)(&settings.url, &settings.surroundings).unwrap();
        assert_eq!(shown, format!("{}:{}/{}", address.host, address.port, address.database));

        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (error, _) = refused(&settings).await;
        assert_eq!(error.kind, ConnectKind::Authentication);
        assert!(error.message.contains("chmod 600"), "{error}");
    });
}

#[test]
fn a_given_password_wins_and_no_error_shows_one() {
    on_server(|url| async move {
        let mut wrong = Address::of(&url);
        let right = wrong.password.clone();
        wrong.password = "canary-1".into();
        let mut both = settings(&wrong.url());
        both.password = Some(SecretString::from(right));
        assert!((postgres::SPEC.connect)(&both).await.is_ok());
        both.password = Some(SecretString::from("canary-2"));
        let (error, _) = refused(&both).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    });
}

#[test]
fn another_database_of_the_same_server_opens() {
    on_server(|url| async move {
        let other = (postgres::SPEC.with_database)(&SecretString::from(url), "template1").unwrap();
        let mut settings = settings("");
        settings.url = other;
        let session = (postgres::SPEC.connect)(&settings).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().database, "template1");
    });
}
