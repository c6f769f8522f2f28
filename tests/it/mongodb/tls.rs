//! TLS: verified when it is asked for, and nothing of a login is sent before it is.

use super::support::*;
use dba_gpt::domain::error_event::ConnectKind;
use dba_gpt::engine::mongodb;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// A server whose certificate is made out to a name, and the file of its authority.
fn server(name: &str) -> (Mongo, PathBuf, tempfile::TempDir) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    let mongo = Mongo::with_tls("standalone", Some(Arc::new(config)));
    mongo.require("reader", "S3cr3t", &["SCRAM-SHA-256", "PLAIN"]);
    (mongo, file, folder)
}

fn url(mongo: &Mongo, host: &str, more: &str) -> String {
    format!("mongodb://reader:S3cr3t@{host}:{}/shop?authSource=admin&tls=true{more}", mongo.port())
}

#[test]
fn a_certificate_is_verified_and_nothing_is_said_before() {
    run(async {
        let (mongo, authority, _folder) = server("localhost");
        let authority = format!("&tlsCAFile={}", authority.display());
        drop(connect(&url(&mongo, "localhost", &authority)).await);
        let greeted = mongo.requests().len();

        let error = refused(&url(&mongo, "127.0.0.1", &authority)).await;
        assert!(error.kind == ConnectKind::Tls && error.message.contains("not made out to 127.0.0.1"), "{error}");
        let error = refused(&url(&mongo, "localhost", "")).await;
        assert!(error.kind == ConnectKind::Tls && error.message.contains("tlsCAFile=FILE"), "{error}");
        let error = refused(&url(&mongo, "localhost", "&tlsCAFile=/no/such/file")).await;
        assert_eq!(error.kind, ConnectKind::Settings, "{error}");
        assert_eq!(mongo.requests().len(), greeted, "something was said to an unverified server");

        drop(connect(&url(&mongo, "127.0.0.1", &format!("{authority}&tlsAllowInvalidHostnames=true"))).await);
        drop(connect(&url(&mongo, "127.0.0.1", "&tlsAllowInvalidCertificates=true")).await);
    });
}

#[test]
fn a_tunnel_is_dialled_and_the_certificate_is_judged_by_the_url() {
    run(async {
        let (mongo, authority, _folder) = server("db7.shop.example");
        let far = |host: &str| {
            let url = format!(
                "mongodb://reader:S3cr3t@{host}:1/shop?authSource=admin&tls=true&tlsCAFile={}",
                authority.display()
            );
            let mut far = settings(&url);
            far.dial = Some(("127.0.0.1".into(), mongo.port()));
            far
        };
        let session = (mongodb::SPEC.connect)(&far("db7.shop.example")).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(session.identity().role, "standalone");
        let Err(error) = (mongodb::SPEC.connect)(&far("db8.shop.example")).await else {
            panic!("a wrong name was taken")
        };
        assert!(error.kind == ConnectKind::Tls && error.message.contains("not made out to db8"), "{error}");
    });
}

#[test]
fn a_server_without_tls_and_one_that_wants_it_are_told() {
    run(async {
        let plain = Mongo::start("standalone");
        let error = refused(&plain.url("shop?tls=true")).await;
        assert_eq!(error.kind, ConnectKind::Tls, "{error}");
        let (mongo, _authority, _folder) = server("localhost");
        let error = refused(&mongo.url("shop")).await;
        assert!(error.message.contains("TLS (tls=true)"), "{error:?}");
    });
}

#[test]
fn the_password_itself_goes_only_where_nobody_can_listen() {
    run(async {
        let (mongo, authority, _folder) = server("localhost");
        let plain = "&authMechanism=PLAIN";
        drop(connect(&url(&mongo, "localhost", &format!("{plain}&tlsCAFile={}", authority.display()))).await);
        // A name that is not local, reached through a tunnel without TLS.
        let open = Mongo::start("standalone");
        open.require("reader", "S3cr3t", &["PLAIN"]);
        let mut far = settings("mongodb://reader:S3cr3t@db7.shop.example/?authMechanism=PLAIN");
        far.dial = Some(("127.0.0.1".into(), open.port()));
        let Err(error) = (mongodb::SPEC.connect)(&far).await else { panic!("it was sent") };
        assert_eq!(error.kind, ConnectKind::UnsupportedLogin, "{error}");
        assert!(open.requests_of("saslStart").is_empty());
    });
}
