//! Ways in, and every way not to get in with its own kind and words, within five seconds.

use super::support::{Own, Raw, connect, each_read_only_url, read, refused, run, settings, skipped};
use crate::support::servers;
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::engine::redis;
use secrecy::SecretString;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn every_way_in_tells_who_is_there() {
    if skipped() {
        return;
    }
    run(async {
        let plain = servers::redis_read_only_url();
        let login = plain.split_once("://").unwrap().1.split_once('@').unwrap().0.to_owned();
        let socket = servers::redis_socket();
        let (user, password) = login.split_once(':').unwrap();
        let urls = [
            plain.clone(),
            format!("unix://{}?user={user}&password={password}", socket.display()),
            format!("{}?ca={}", servers::redis_tls_url(), servers::certificate_authority().display()),
        ];
        for url in urls {
            let session = connect(&url).await;
            let identity = session.identity();
            assert!(identity.version.starts_with("Redis 7"), "{}", identity.version);
            assert!(identity.kind.starts_with("re7") && identity.role == "primary", "{identity:?}");
            assert_eq!(identity.database, "db0");
            assert!(identity.system_id.is_some() && identity.started_at.is_some());
            session.close().await;
        }
        if let Some(url) = servers::valkey_read_only_url() {
            let session = connect(&url).await;
            assert!(session.identity().version.starts_with("Valkey 9"), "{:?}", session.identity());
            assert!(session.identity().kind.starts_with("vk9"));
        }
        let mut session = connect(&plain.replace("/0", "/1")).await;
        let (rows, _) = read(&mut *session, "GET archive:1").await.unwrap();
        assert_eq!(rows.rows[0][0].plain().as_deref(), Some("old"));
    });
}

#[test]
fn what_a_login_may_do_beyond_reading_is_told() {
    if skipped() {
        return;
    }
    run(async {
        let weak = connect(&servers::redis_read_only_url()).await;
        assert_eq!(weak.identity().excess_powers, Vec::<String>::new());
        let strong = connect(&servers::redis_url()).await;
        assert_eq!(strong.identity().excess_powers, ["may do everything (+@all)"]);

        let own = Own::start(&["user watcher on >pw ~* -@all +info +ping +get"]);
        let open = connect(&own.url()).await;
        assert!(open.identity().excess_powers.iter().any(|p| p.contains("needs no password")), "{:?}", open.identity());
        let watcher = connect(&own.url_as("watcher:pw")).await;
        assert!(
            watcher.identity().excess_powers.iter().any(|p| p.contains("RESET leads back")),
            "{:?}",
            watcher.identity()
        );
    });
}

#[test]
fn every_refusal_has_its_kind_and_words() {
    if skipped() {
        return;
    }
    run(async {
        let good = servers::redis_read_only_url();
        let place = good.split_once('@').unwrap().1.to_owned();
        let tls_port = servers::redis_tls_url().rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port = place.split('/').next().unwrap().rsplit_once(':').unwrap().1.to_owned();
        let ca = servers::certificate_authority();
        let login = good.split_once("://").unwrap().1.split_once('@').unwrap().0.to_owned();
        let password = login.split_once(':').unwrap().1.to_owned();
        let cases = [
            (format!("redis://dbagpt_ro:S3cr3t@{place}"), ConnectKind::Authentication, "refused user dbagpt_ro"),
            (format!("redis://{place}"), ConnectKind::Authentication, "wants a password"),
            (format!("redis://dbagpt_nobody:{password}@{place}"), ConnectKind::Authentication, "+info"),
            (good.replace("/0", "/99"), ConnectKind::NoSuchDatabase, "no database 99"),
            (format!("redis://127.0.0.1:{closed}"), ConnectKind::Refused, "nothing listens"),
            ("redis://no-such-host.invalid?tls=off".into(), ConnectKind::BadHost, "does not resolve"),
            (format!("rediss://{login}@localhost:{port}?ca={}", ca.display()), ConnectKind::Tls, "redis://"),
            (format!("redis://{login}@127.0.0.1:{tls_port}"), ConnectKind::Other, "rediss://"),
            (servers::redis_tls_url(), ConnectKind::Tls, "ca=FILE"),
            (format!("rediss://{login}@127.0.0.1:{tls_port}?ca={}", ca.display()), ConnectKind::Tls, "not made out to"),
            ("unix:///nowhere/redis.sock".into(), ConnectKind::Refused, "no server socket"),
            ("redis://192.0.2.1".into(), ConnectKind::Tls, "plain text"),
        ];
        for (url, kind, words) in cases {
            let (error, took) = refused(&url).await;
            assert_eq!(error.kind, kind, "{url}: {error}");
            assert!(error.message.contains(words), "{url}: {error}");
            assert!(took < Duration::from_secs(6), "{url}: {took:?}");
            assert!(!error.message.contains("S3cr3t") && !error.message.contains(&password), "{error}");
        }
    });
}

/// A server that answers everything with the same bytes, and tells what it was sent.
fn scripted(answer: &'static [u8]) -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(n) = stream.read(&mut buffer) {
            heard.extend_from_slice(&buffer[..n]);
            if n == 0 || stream.write_all(answer).is_err() {
                break;
            }
        }
        heard
    });
    (port, server)
}

#[test]
fn states_of_a_server_are_told_apart_and_no_password_is_sent_to_them() {
    if skipped() {
        return;
    }
    run(async {
        for (answer, kind, words) in [
            (
                &b"-DENIED Redis is running in protected mode because ...\r\n"[..],
                ConnectKind::Authentication,
                "protected mode",
            ),
            (b"-ERR max number of clients reached\r\n", ConnectKind::TooManyConnections, "maxclients"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", ConnectKind::Other, "not a Redis server"),
            (b"SSH-2.0-OpenSSH_9.2\r\n", ConnectKind::Other, "not a Redis server"),
            (b"\x15\x03\x01\x00\x02\x02\x28\r\n", ConnectKind::Other, "rediss://"),
        ] {
            let (port, server) = scripted(answer);
            let (error, took) = refused(&format!("redis://app:S3cr3t@127.0.0.1:{port}")).await;
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains(words) && took < Duration::from_secs(6), "{error}");
            let heard = String::from_utf8_lossy(&server.join().unwrap()).into_owned();
            assert!(!heard.contains("S3cr3t"), "{words}: {heard}");
        }
        // One that takes the connection and says nothing.
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = mute.local_addr().unwrap().port();
        let mut patient = settings(&format!("redis://127.0.0.1:{port}"));
        patient.timeout = Duration::from_millis(300);
        let error = (redis::SPEC.connect)(&patient).await.err().unwrap();
        assert_eq!(error.kind, ConnectKind::Unreachable, "{error}");
    });
}

#[test]
fn a_full_server_and_one_without_hello_or_config() {
    if skipped() {
        return;
    }
    run(async {
        let full = Own::start(&["maxclients 1"]);
        let _holder = Raw::connect(&full.url());
        let (error, _) = refused(&full.url()).await;
        assert_eq!(error.kind, ConnectKind::TooManyConnections, "{error}");

        let old = Own::start(&["rename-command HELLO \"\"", "rename-command CONFIG \"\"", "requirepass pw"]);
        let mut session = connect(&old.url_as(":pw")).await;
        assert!(
            session.identity().hints.iter().any(|h| h.contains("CONFIG is taken away")),
            "{:?}",
            session.identity()
        );
        Raw::connect(&old.url_as("default:pw")).ask(&["HSET", "h", "a", "1"]);
        let (rows, _) = read(&mut *session, "--show h").await.unwrap();
        assert_eq!(super::support::lines(&rows), ["a|1"]);
    });
}

/// A command that another was put in the place of is not sent, whatever our list says of its name: not as typed, and
/// not as a step of our own walks.
#[test]
fn a_replaced_command_is_not_sent() {
    if skipped() {
        return;
    }
    run(async {
        let replaced = ["STRLEN", "SCAN", "OBJECT"].map(|name| format!("rename-command {name} \"\""));
        let by = ["rename-command INCR STRLEN", "rename-command FLUSHALL SCAN", "rename-command DEL OBJECT"];
        let settings: Vec<&str> = replaced.iter().map(String::as_str).chain(by).collect();
        let own = Own::start(&settings);
        let mut raw = Raw::connect(&own.url());
        raw.ask(&["SET", "kept", "1"]);
        let mut session = connect(&own.url()).await;
        for name in ["STRLEN", "SCAN", "OBJECT ENCODING"] {
            assert!(session.identity().hints.iter().any(|h| h.contains(name)), "{name}: {:?}", session.identity());
        }
        for line in ["strlen k", "STRLEN kept", "SCAN 0 COUNT 10", "--scan", "--bigkeys", "OBJECT encoding kept"] {
            let refused = format!("{:?}", read(&mut *session, line).await);
            assert!(refused.contains("REFUSED") && refused.contains("this server"), "{line}: {refused}");
        }
        let _ = (redis::SPEC.schema)(&mut *session).await;
        assert!(read(&mut *session, "TTL kept").await.is_ok(), "the rest is read as ever");
        assert_eq!(raw.ask(&["EXISTS", "k"]), ":0");
        assert_eq!(raw.ask(&["EXISTS", "kept"]), ":1");
    });
}

/// Where a server does not say what its commands are, nothing that somebody wrote is sent, and the way out is told.
#[test]
fn a_server_that_does_not_describe_its_commands_is_sent_none() {
    if skipped() {
        return;
    }
    run(async {
        let own = Own::start(&["rename-command COMMAND \"\""]);
        let mut session = connect(&own.url()).await;
        assert!(session.identity().hints.iter().any(|h| h.contains("COMMAND INFO")), "{:?}", session.identity());
        for line in ["GET k", "DBSIZE", "--scan"] {
            let refused = format!("{:?}", read(&mut *session, line).await);
            assert!(refused.contains("REFUSED") && refused.contains("+command|info"), "{line}: {refused}");
        }
        (redis::SPEC.sample)(&mut *session, 0).await.expect("watching goes on with our own constant queries");
    });
}

/// The servers at hand agree with our list.
#[test]
fn what_our_list_calls_reads_the_servers_call_so_too() {
    if skipped() {
        return;
    }
    run(async {
        for url in each_read_only_url() {
            let session = connect(&url).await;
            let hints = &session.identity().hints;
            assert!(!hints.iter().any(|h| h.contains("not sent") || h.contains("COMMAND INFO")), "{hints:?}");
        }
    });
}

#[test]
fn a_password_from_the_environment_and_a_tunnels_near_end() {
    if skipped() {
        return;
    }
    run(async {
        let url = servers::redis_read_only_url();
        let (login, place) = url.split_once("://").unwrap().1.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let mut far = settings(&format!("redis://{user}@db.far.example:7777/0"));
        far.surroundings.variables.insert("REDISCLI_AUTH".into(), password.to_owned());
        let (host, port) = place.split('/').next().unwrap().split_once(':').unwrap();
        far.dial = Some((host.to_owned(), port.parse().unwrap()));
        let session = (redis::SPEC.connect)(&far).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().user, user);
        assert_eq!((redis::SPEC.address)(&SecretString::from(url.clone()), &far.surroundings).unwrap(), place);
    });
}
