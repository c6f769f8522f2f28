//! TLS: what is accepted, what is not and why, and that nothing of the login is sent before it is settled.

use super::support::*;
use crate::support::servers::{self, Address};
use dba_gpt::domain::error_event::{ConnectError, ConnectKind};
use dba_gpt::domain::rows::{Limits, Value};
use dba_gpt::engine::{Session, postgres};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, date_time_ymd,
};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};
use tokio_util::sync::CancellationToken;

async fn try_connect(url: &str) -> Result<Box<dyn Session>, ConnectError> {
    (postgres::SPEC.connect)(&settings(url)).await
}

async fn in_tls(session: &mut dyn Session) -> Value {
    one(session, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").await
}

fn url(address: &Address, host: &str, more: &str) -> String {
    Address { host: host.into(), ..address.clone() }.url() + more
}

#[test]
fn a_tunnel_is_dialled_and_the_certificate_is_still_judged_by_the_url() {
    on_each_server(|base| async move {
        let address = Address::of(&base);
        let authority = percent(servers::certificate_authority().to_str().unwrap());
        let far = |host: &str| {
            let far = Address { host: host.into(), port: 1, ..address.clone() };
            let mut settings = settings(&format!("{}?sslmode=verify-full&sslrootcert={authority}", far.url()));
            settings.dial = Some((address.host.clone(), address.port));
            settings
        };
        let mut session = (postgres::SPEC.connect)(&far("localhost")).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(in_tls(&mut *session).await, Value::Bool(true));

        let Err(error) = (postgres::SPEC.connect)(&far("db.example")).await else { panic!("a wrong name was taken") };
        assert!(error.kind == ConnectKind::Tls && error.message.contains("not made out to db.example"), "{error}");

        let mut nothing_there = far("localhost");
        nothing_there.dial = Some(("127.0.0.1".into(), free_port().await));
        let Err(error) = (postgres::SPEC.connect)(&nothing_there).await else { panic!("somebody listens") };
        assert!(error.kind == ConnectKind::Refused && error.message.contains("dialled at 127.0.0.1:"), "{error}");
    });
}

#[test]
fn a_verified_certificate_opens_and_the_wrong_name_or_authority_does_not() {
    on_each_server(|base| async move {
        let address = Address::of(&base);
        let authority = percent(servers::certificate_authority().to_str().unwrap());
        let verified = url(&address, "localhost", &format!("?sslmode=verify-full&sslrootcert={authority}"));
        let mut session = try_connect(&verified).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(in_tls(&mut *session).await, Value::Bool(true));

        let bound = format!("{verified}&channel_binding=require");
        try_connect(&bound).await.unwrap_or_else(|e| panic!("{e}"));

        let wrong_name = url(&address, "127.0.0.1", &format!("?sslmode=verify-full&sslrootcert={authority}"));
        let Err(error) = try_connect(&wrong_name).await else { panic!("a wrong name was taken") };
        assert_eq!(error.kind, ConnectKind::Tls);
        assert!(error.message.contains("not made out to 127.0.0.1"), "{error}");

        let chain_only = url(&address, "127.0.0.1", &format!("?sslmode=verify-ca&sslrootcert={authority}"));
        assert!(try_connect(&chain_only).await.is_ok());

        let public = url(&address, "localhost", "?sslmode=verify-full");
        let Err(error) = try_connect(&public).await else { panic!("an unknown authority was taken") };
        assert_eq!(error.kind, ConnectKind::Tls, "{error}");

        let missing = url(&address, "localhost", "?sslmode=verify-full&sslrootcert=/no/such/file");
        let Err(error) = try_connect(&missing).await else { panic!("a missing file was taken") };
        assert_eq!(error.kind, ConnectKind::Settings, "{error}");
    });
}

#[test]
fn every_mode_does_what_it_says() {
    on_server(|base| async move {
        let address = Address::of(&base);
        for (mode, encrypted) in [("disable", false), ("allow", false), ("prefer", true), ("require", true)] {
            let mut session = try_connect(&url(&address, "127.0.0.1", &format!("?sslmode={mode}"))).await.unwrap();
            assert_eq!(in_tls(&mut *session).await, Value::Bool(encrypted), "{mode}");
        }
        // The server refuses this login without TLS: `allow` goes on to try it.
        let tls_only = Address { user: "dbagpt_tls_only".into(), ..address.clone() };
        let mut session = try_connect(&url(&tls_only, "127.0.0.1", "?sslmode=allow")).await.unwrap();
        assert_eq!(in_tls(&mut *session).await, Value::Bool(true));
        let Err(error) = try_connect(&url(&tls_only, "127.0.0.1", "?sslmode=disable")).await else { panic!("let in") };
        assert_eq!(error.kind, ConnectKind::Authentication);
        assert!(error.message.contains("pg_hba.conf") && error.message.contains("without TLS"), "{error}");
    });
}

#[test]
fn each_way_to_prove_the_password_works_and_can_be_demanded() {
    on_server(|base| async move {
        let address = Address::of(&base);
        for (user, method) in
            [("dbagpt_md5", "md5"), ("dbagpt_cleartext", "password"), ("dbagpt_nobody", "scram-sha-256")]
        {
            let login = Address { user: user.into(), ..address.clone() };
            for mode in ["disable", "require"] {
                let demanded = url(&login, "127.0.0.1", &format!("?sslmode={mode}&require_auth={method}"));
                try_connect(&demanded).await.unwrap_or_else(|e| panic!("{user} {mode}: {e}"));
                let refused = url(&login, "127.0.0.1", &format!("?sslmode={mode}&require_auth=!{method}"));
                let Err(error) = try_connect(&refused).await else { panic!("{user} {mode}: let in") };
                assert_eq!(error.kind, ConnectKind::UnsupportedLogin, "{error}");
            }
        }
        let Err(error) = try_connect(&url(&address, "127.0.0.1", "?sslmode=disable&channel_binding=require")).await
        else {
            panic!("bound without TLS")
        };
        assert!(error.message.contains("channel_binding"), "{error}");
    });
}

#[test]
fn a_statement_is_stopped_through_tls_too() {
    on_server(|base| async move {
        let client = admin(&base).await;
        let mut session = try_connect(&url(&Address::of(&base), "localhost", "?sslmode=require")).await.unwrap();
        let stop = CancellationToken::new();
        let canceler = tokio::spawn({
            let stop = stop.clone();
            async move {
                let sql = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%it_tls_stop%' AND state = 'active' \
                           AND pid <> pg_backend_pid()";
                eventually(PATIENCE, "running", || async {
                    client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 1
                })
                .await;
                stop.cancel();
            }
        });
        let mut sink = Counting { rows: 0, on_row: |_| {} };
        let limits = Limits { timeout_ms: 60_000, ..Limits::default() };
        let read = session.read(allowed("SELECT pg_sleep(60), 'it_tls_stop'"), &limits, &stop, &mut sink).await;
        assert!(read.is_err());
        canceler.await.unwrap();
        assert_eq!(one(&mut *session, "SELECT 1").await, Value::Int(1));
    });
}

#[test]
fn a_socket_needs_no_tls_and_its_folder_is_enough() {
    on_server(|base| async move {
        let address = Address::of(&base);
        let folder = servers::postgres_socket_dir();
        let socket = format!(
            "postgres://{}@/{}?host={}&port={}",
            address.user,
            address.database,
            percent(folder.to_str().unwrap()),
            address.port
        );
        let mut session = try_connect(&socket).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(in_tls(&mut *session).await, Value::Bool(false));
        assert!(!session.identity().hints.iter().any(|h| h.contains("TLS")), "{:?}", session.identity().hints);
        let Err(error) = try_connect("postgres://u@/d?host=/no/such/folder").await else { panic!("connected") };
        assert_eq!(error.kind, ConnectKind::Refused);
    });
}

/// A server with its own certificate that records what it is told after the handshake.
async fn impostor(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> (u16, UnboundedReceiver<Vec<u8>>) {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 8];
            if socket.read_exact(&mut request).await.is_err() || socket.write_all(b"S").await.is_err() {
                continue;
            }
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let mut buffer = vec![0; 4096];
            while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                let _ = sender.send(buffer[..n].to_vec());
            }
        }
    });
    (port, receiver)
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(vec![]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, "test authority");
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

fn write(folder: &Path, pem: &str) -> String {
    let path = folder.join("root.crt");
    std::fs::write(&path, pem).unwrap();
    percent(path.to_str().unwrap())
}

/// Connects to an impostor as `host` and gives the error; the handshake must have told it nothing.
async fn refusal(host: &str, parameters: CertificateParams, issuer: &CertifiedIssuer<'static, KeyPair>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = write(folder.path(), &issuer.pem());
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.signed_by(&key, issuer).unwrap();
    let (port, mut told) = impostor(vec![certificate.der().clone()], &key).await;
    let url = format!(
        "postgres://canary:canary@{host}:{port}/canary?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}"
    );
    let Err(error) = try_connect(&url).await else { panic!("let in") };
    assert_eq!(error.kind, ConnectKind::Tls, "{error}");
    assert!(told.try_recv().is_err(), "it was told something");
    error.message
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_its_own_words() {
    let issuer = authority();
    let named = |name: &str| CertificateParams::new(vec![name.to_owned()]).unwrap();

    let mut expired = named("db.example");
    (expired.not_before, expired.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
    let words = refusal("db.example", expired, &issuer).await;
    assert!(words.contains("has expired"), "{words}");

    let mut future = named("db.example");
    (future.not_before, future.not_after) = (date_time_ymd(2999, 1, 1), date_time_ymd(3000, 1, 1));
    let words = refusal("db.example", future, &issuer).await;
    assert!(words.contains("not valid yet"), "{words}");

    let words = refusal("db.example", named("other.example"), &issuer).await;
    assert!(words.contains("not made out to db.example") && words.contains("other.example"), "{words}");

    // Signed by an authority of the same name that is another one.
    let folder = tempfile::tempdir().unwrap();
    let root = write(folder.path(), &authority().pem());
    let key = KeyPair::generate().unwrap();
    let certificate = named("db.example").signed_by(&key, &issuer).unwrap();
    let (port, mut told) = impostor(vec![certificate.der().clone()], &key).await;
    for mode in ["verify-ca", "verify-full"] {
        let url = format!(
            "postgres://canary:canary@db.example:{port}/c?hostaddr=127.0.0.1&sslmode={mode}&sslrootcert={root}"
        );
        let Err(error) = try_connect(&url).await else { panic!("let in") };
        assert!(error.kind == ConnectKind::Tls && error.message.contains("sslrootcert"), "{error}");
    }
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_self_signed_certificate_given_by_hand_and_a_common_name_alone_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    // As the PostgreSQL manual makes it: self-signed, an authority to itself, no list of names.
    let mut parameters = CertificateParams::new(vec![]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "db.example");
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let root = write(folder.path(), &certificate.pem());
    let (port, mut told) = impostor(vec![certificate.der().clone()], &key).await;
    let mut quick = settings(&format!(
        "postgres://u:p@db.example:{port}/d?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}"
    ));
    quick.timeout = std::time::Duration::from_secs(2);
    // It never answers the login, but it hears it: the handshake was accepted.
    let (error, _) = refused(&quick).await;
    assert_eq!(error.kind, ConnectKind::Unreachable, "{error}");
    assert!(told.try_recv().is_ok());
    let other =
        format!("postgres://u:p@other.example:{port}/d?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}");
    let Err(error) = try_connect(&other).await else { panic!("let in") };
    assert!(error.message.contains("not made out to other.example"), "{error}");
}
