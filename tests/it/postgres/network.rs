//! Between us and the server: a pooler, a network that hangs, a network that breaks.

use super::support::*;
use crate::support::proxy::Proxy;
use crate::support::servers::Address;
use dba_gpt::domain::error_event::{ConnectKind, SessionError};
use dba_gpt::domain::rows::{Limits, Value};
use dba_gpt::engine::postgres;
use secrecy::{ExposeSecret as _, SecretString};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// What a pooler does to process ids: ours are not those of the server.
const SHIFT: i32 = 1_000_000;

/// Passes everything on, but hands out process ids of its own, as poolers do, and translates them in cancel requests.
async fn pooler(server: &Address) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = (server.host.clone(), server.port);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(one_client(client, server.clone()));
        }
    });
    port
}

async fn one_client(mut client: TcpStream, server: (String, u16)) -> std::io::Result<()> {
    let first = loop {
        let length = client.read_u32().await?;
        let mut packet = vec![0; length as usize - 4];
        client.read_exact(&mut packet).await?;
        // The request for TLS is declined.
        if packet[..4] != 80_877_103_u32.to_be_bytes() {
            break packet;
        }
        client.write_all(b"N").await?;
    };
    let mut upstream = TcpStream::connect(server).await?;
    let mut packet = first;
    if packet[..4] == 80_877_102_u32.to_be_bytes() {
        let pid = i32::from_be_bytes(packet[4..8].try_into().unwrap()) - SHIFT;
        packet[4..8].copy_from_slice(&pid.to_be_bytes());
    }
    upstream.write_u32(u32::try_from(packet.len() + 4).unwrap()).await?;
    upstream.write_all(&packet).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
    });
    // Message by message until the key has passed, then as it comes.
    loop {
        let tag = from_server.read_u8().await?;
        let length = from_server.read_u32().await?;
        let mut body = vec![0; length as usize - 4];
        from_server.read_exact(&mut body).await?;
        if tag == b'K' {
            let pid = i32::from_be_bytes(body[..4].try_into().unwrap()) + SHIFT;
            body[..4].copy_from_slice(&pid.to_be_bytes());
        }
        to_client.write_u8(tag).await?;
        to_client.write_u32(length).await?;
        to_client.write_all(&body).await?;
        if tag == b'K' {
            break;
        }
    }
    tokio::io::copy(&mut from_server, &mut to_client).await?;
    Ok(())
}

#[test]
fn behind_a_pooler_nothing_is_changed_for_others() {
    on_server(|url| async move {
        let server = Address::of(&url);
        let address = Address { port: pooler(&server).await, host: "127.0.0.1".into(), ..server };
        let mut session = connect(&address.url()).await;
        assert!(session.identity().hints.iter().any(|h| h.contains("pooler")), "{:?}", session.identity().hints);

        // All that we want of the server session holds inside our transaction ...
        let inside = one(
            &mut *session,
            "SELECT concat_ws(' ', current_setting('search_path'), current_setting('transaction_read_only'),
                              current_setting('lock_timeout'), current_setting('statement_timeout'))",
        )
        .await;
        assert_eq!(inside, Value::Text("pg_catalog on 500ms 30s".into()));
        let error = read(&mut *session, "SELECT nosuchthing", Limits::default()).await.unwrap_err();
        assert!(matches!(error, SessionError::Server(_)), "{error}");
        (postgres::SPEC.sample)(&mut *session, 0).await.unwrap_or_else(|e| panic!("{e}"));
        (postgres::SPEC.schema)(&mut *session).await.unwrap_or_else(|e| panic!("{e}"));

        // ... and nothing of it outside. Only the frame that we set for a session of our own has one more setting.
        let Value::Int(pid) = one(&mut *session, "SELECT pg_backend_pid()").await else { panic!("no pid") };
        let changed = one(
            &mut *session,
            "SELECT string_agg(name || '=' || reset_val, ' ') FROM pg_settings
              WHERE source = 'session' AND name <> ALL (ARRAY['search_path', 'default_transaction_read_only',
                    'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'bytea_output',
                    'DateStyle', 'IntervalStyle', 'extra_float_digits', 'standard_conforming_strings',
                    'transaction_read_only', 'transaction_isolation', 'transaction_deferrable'])",
        )
        .await;
        assert_eq!(changed, Value::Null, "session {pid}");

        let stop = CancellationToken::new();
        let limits = Limits { timeout_ms: 300, ..Limits::default() };
        let mut sink = Counting { rows: 0, on_row: |_| {} };
        let sql = "SELECT set_config('statement_timeout', '0', true), pg_sleep(60)";
        let error = session.read(allowed(sql), &limits, &stop, &mut sink).await.unwrap_err();
        assert!(matches!(error, SessionError::Deadline(_)), "{error}");
        assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1));
    });
}

#[test]
fn a_network_that_hangs_ends_in_time_and_one_that_breaks_says_so() {
    on_server(|url| async move {
        let server = Address::of(&url);
        let proxy = Proxy::to(&server.host, server.port);
        let through = Address { port: proxy.port(), host: "127.0.0.1".into(), ..server }.url();
        let mut session = connect(&through).await;
        proxy.stall();
        let started = Instant::now();
        let limits = Limits { timeout_ms: 200, ..Limits::default() };
        let error = read(&mut *session, "SELECT 1", limits).await.unwrap_err();
        assert!(matches!(error, SessionError::Lost(_)), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let error = read(&mut *session, "SELECT 1", limits).await.unwrap_err();
        assert!(matches!(error, SessionError::Lost(_)), "a lost session stays lost: {error:?}");

        proxy.resume();
        let mut session = connect(&through).await;
        proxy.cut();
        let error = (postgres::SPEC.sample)(&mut *session, 0).await.unwrap_err();
        assert!(matches!(error, SessionError::Lost(_)), "{error:?}");
    });
}

/// Where we dial is the tunnel's affair; the password file and the certificate go by the address that was said.
#[test]
fn through_a_tunnel_names_of_the_far_end_count() {
    on_server(|base| async move {
        let address = Address::of(&base);
        let home = tempfile::tempdir().unwrap();
        let passfile = home.path().join(".pgpass");
        let line = format!("far.example:9999:{}:{}:{}\n", address.database, address.user, address.password);
        std::fs::write(&passfile, line).unwrap();
        std::fs::set_permissions(&passfile, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let mut through = settings(&format!(
            "postgres://{}@far.example:9999/{}?sslmode=verify-ca&sslrootcert={}",
            address.user,
            address.database,
            percent(crate::support::servers::certificate_authority().to_str().unwrap())
        ));
        through.surroundings.home = Some(home.path().to_owned());
        through.dial = Some((address.host.clone(), address.port));
        let session = (postgres::SPEC.connect)(&through).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().user, address.user);
        session.close().await;
        // The certificate is made out to localhost: under the far name it is the wrong one, wherever we dial.
        let strict = SecretString::from(through.url.expose_secret().replace("verify-ca", "verify-full"));
        through.url = strict;
        let (error, _) = refused(&through).await;
        assert!(error.kind == ConnectKind::Tls && error.message.contains("far.example"), "{error}");
    });
}
