//! Login plugins against the servers that have them, and a server that asks for what it must not get.

use super::support::*;
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::domain::rows::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

#[test]
fn every_plugin_that_is_spoken_lets_us_in() {
    on_each_server(|server| async move {
        let mut admin = Admin::of(&server);
        let plugins: &[(&str, &str)] = if server.is_mariadb {
            &[("native", "mysql_native_password USING PASSWORD('p w')"), ("ed", "ed25519 USING PASSWORD('p w')")]
        } else {
            &[("caching", "caching_sha2_password BY 'p w'"), ("sha", "sha256_password BY 'p w'")]
        };
        for (user, plugin) in plugins {
            admin.run(&format!(
                "DROP USER IF EXISTS way_{user}@'%'; CREATE USER way_{user}@'%' IDENTIFIED WITH {plugin};
                 GRANT SELECT ON shop.* TO way_{user}@'%'"
            ));
            for more in ["?ssl-mode=DISABLED", "?ssl-mode=REQUIRED", ""] {
                let url = server.url(
                    |a| {
                        a.user = format!("way_{user}");
                        a.password = "p%20w".into();
                    },
                    more,
                );
                // The first login fills the server's cache of proofs, the second takes the short way.
                for _ in 0..2 {
                    let mut session = connect(&url).await;
                    assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1), "{plugin} {more}");
                    session.close().await;
                }
                if !server.is_mariadb {
                    admin.run("FLUSH PRIVILEGES");
                }
            }
        }
    });
}

/// A greeting of protocol 10 with everything of today but TLS.
fn greeting(plugin: &str) -> Vec<u8> {
    let mut body = b"\x0a9.9.9\0\x01\0\0\0abcdefgh\0".to_vec();
    body.extend([0xff, 0xf7, 45, 2, 0, 0xff, 0xdf, 21]);
    body.extend([0; 10]);
    body.extend(b"ijklmnopqrst\0");
    body.extend(plugin.as_bytes());
    body.push(0);
    body
}

async fn send(stream: &mut tokio::net::TcpStream, sequence: u8, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    stream.write_all(&[length[0], length[1], length[2], sequence]).await.unwrap();
    stream.write_all(body).await.unwrap();
}

#[test]
fn a_server_without_a_certificate_never_gets_the_password_itself() {
    run(async {
        // A name that resolves to this machine and is not known to do so: as far as we know, anybody may listen.
        for plugin in ["mysql_clear_password", "sha256_password", "dialog", "mysql_old_password"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let heard = tokio::spawn(async move {
                let (mut client, _) = listener.accept().await.unwrap();
                send(&mut client, 0, &greeting(plugin)).await;
                let mut heard = vec![0; 4096];
                let length = client.read(&mut heard).await.unwrap();
                heard.truncate(length);
                let switch = [&[0xfe], plugin.as_bytes(), b"\0abcdefghijklmnopqrst\0"].concat();
                send(&mut client, 2, &switch).await;
                let _ = client.read_to_end(&mut heard).await;
                heard
            });
            let mut far = settings(&format!("mysql://u:canary@db.example:{port}/d?ssl-mode=PREFERRED"));
            far.dial = Some(("127.0.0.1".into(), port));
            let (error, _) = refused(&far).await;
            assert_eq!(error.kind, ConnectKind::UnsupportedLogin, "{plugin}: {error}");
            let heard = heard.await.unwrap();
            assert!(heard.len() > 32 && !heard.windows(6).any(|w| w == b"canary"), "{plugin}");
        }
    });
}

#[test]
fn a_server_without_tls_is_not_told_who_we_are_when_tls_was_asked_for() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut plain = greeting("caching_sha2_password");
            // Bit 11 of the capabilities offers TLS: take it away.
            plain[25 - 4] &= !0x08;
            send(&mut client, 0, &plain).await;
            let mut heard = Vec::new();
            let _ = client.read_to_end(&mut heard).await;
            heard
        });
        let mut far = settings(&format!("mysql://u:canary@db.example:{port}/d"));
        far.dial = Some(("127.0.0.1".into(), port));
        let (error, _) = refused(&far).await;
        assert!(error.kind == ConnectKind::Tls && error.message.contains("offers no TLS"), "{error}");
        assert!(heard.await.unwrap().is_empty());
    });
}
