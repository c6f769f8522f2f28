//! TLS: what is verified before anything of ours is sent, and the words for each way it can fail.

use super::verify::Verifier;
use super::{Endpoint, TlsMode, Words};
use crate::domain::error_event::{ConnectError, ConnectKind, tls_code};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error, RootCertStore, version};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// What was said about TLS.
#[derive(Debug)]
pub(crate) struct TlsSettings<'a> {
    pub(crate) mode: TlsMode,
    /// File of the authorities to trust; `None` or `system`: those that this machine trusts.
    pub(crate) authorities: Option<&'a str>,
    /// Certificate and key of our own.
    pub(crate) client_certificate: Option<&'a (PathBuf, PathBuf)>,
    /// TLS 1.2 is not good enough.
    pub(crate) only_tls13: bool,
    /// The protocol that both sides must name in the handshake, where TLS comes before any word of the engine's own.
    pub(crate) alpn: Option<&'static [u8]>,
}

/// How connections to one endpoint are encrypted.
pub(crate) struct TlsPlan {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    alpn: Option<&'static [u8]>,
}

impl TlsPlan {
    /// The protocol that both sides must name: set where TLS begins with the first byte.
    pub(crate) fn alpn(&self) -> Option<&'static [u8]> {
        self.alpn
    }
}

/// Prepares TLS for an endpoint. Reads certificate files, so that a wrong path is found before anything is sent.
pub(crate) fn prepare(settings: &TlsSettings<'_>, endpoint: &Endpoint, words: &Words) -> Result<TlsPlan, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let (roots, pinned) = match settings.mode {
        TlsMode::VerifyCa | TlsMode::VerifyFull => roots(settings.authorities, words)?,
        _ => (RootCertStore::empty(), Vec::new()),
    };
    let verifier = Verifier { mode: settings.mode, roots, pinned, provider: Arc::clone(&provider) };
    let versions: &[_] = if settings.only_tls13 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| tls(format!("TLS cannot be set up: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match settings.client_certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|e| tls(format!("the client certificate and its key do not work: {e}")))?,
    };
    config.alpn_protocols = settings.alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(endpoint.host.clone())
        .map_err(|_| tls(format!("{} is not a name that a certificate can carry", endpoint.host)))?;
    Ok(TlsPlan { config: Arc::new(config), name, alpn: settings.alpn })
}

/// The handshake. Nothing of ours, the password least of all, is sent before it has succeeded.
pub(crate) async fn handshake<S>(stream: S, plan: &TlsPlan) -> io::Result<TlsStream<S>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let stream = TlsConnector::from(Arc::clone(&plan.config)).connect(plan.name.clone(), stream).await?;
    // Without ALPN, a handshake with nothing said before might have reached another protocol's server (the ALPACA
    // attack).
    if plan.alpn.is_some() && stream.get_ref().1.alpn_protocol() != plan.alpn {
        return Err(io::Error::other("the server does not speak the expected protocol over direct TLS"));
    }
    Ok(stream)
}

/// Channel binding data of RFC 5929 (`tls-server-end-point`): the hash of the server's certificate. None when its
/// signature has no single hash.
pub(crate) fn end_point<S>(stream: &TlsStream<S>) -> Option<Vec<u8>> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let algorithm = Certificate::from_der(certificate).ok()?.signature_algorithm.oid.to_string();
    // MD5 and SHA-1 are replaced by SHA-256, says the RFC.
    Some(match algorithm.as_str() {
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Sha256::digest(certificate).to_vec(),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(certificate).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(certificate).to_vec(),
        _ => return None,
    })
}

/// Why a handshake failed and what to do, in words.
pub(crate) fn explain(error: &io::Error, endpoint: &Endpoint, words: &Words) -> ConnectError {
    let cause = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    let host = &endpoint.host;
    let code = match cause {
        Some(Error::InvalidCertificate(why)) => code_of(why),
        _ => "",
    };
    let said = match cause {
        Some(Error::InvalidCertificate(why)) => match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "the certificate of {host} is not signed by an authority that this machine trusts: \
                 give the authority's certificate with {}",
                words.authority
            ),
            CertificateError::NotValidForName => format!("the certificate is not made out to {host}"),
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "the certificate is not made out to {host} but to {}: {}",
                presented.join(", "),
                words.other_name
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("the certificate of {host} has expired: renew it on the server")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                format!("the certificate of {host} is not valid yet: check the clocks")
            }
            CertificateError::Revoked => format!("the certificate of {host} was revoked"),
            other => format!("the certificate of {host} cannot be verified: {other}"),
        },
        Some(Error::AlertReceived(alert)) => {
            let given = words.client_certificate;
            format!("{host} refused the TLS handshake ({alert:?}); it may want a client certificate ({given})")
        }
        Some(Error::PeerIncompatible(_)) => format!("{host} speaks no TLS version or cipher of today (1.2 or 1.3)"),
        Some(other) => format!("the TLS handshake with {host} failed: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => format!("{host} broke off the TLS handshake"),
        None => format!("the TLS handshake with {host} failed: {error}"),
    };
    tls(said).with_code(code)
}

/// The code by which a diagnosis knows what is wrong with a certificate.
fn code_of(why: &CertificateError) -> &'static str {
    match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => tls_code::ISSUER,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => tls_code::NAME,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => tls_code::EXPIRED,
        _ => "",
    }
}

/// The server said that it has no TLS; `mode` is the mode in the engine's words, `sslmode=require`.
pub(crate) fn not_offered(endpoint: &Endpoint, mode: &str, words: &Words) -> ConnectError {
    tls(format!(
        "{} offers no TLS, and {mode} does not go without: {} if the network between is trusted",
        endpoint.words(),
        words.without_tls
    ))
    .with_code(tls_code::NOT_OFFERED)
}

fn tls(message: String) -> ConnectError {
    ConnectError::new(ConnectKind::Tls, message)
}

fn roots(said: Option<&str>, words: &Words) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), ConnectError> {
    let mut store = RootCertStore::empty();
    match said {
        None | Some("system") => {
            let native = rustls_native_certs::load_native_certs();
            let (added, _) = store.add_parsable_certificates(native.certs);
            if added == 0 {
                return Err(tls(format!(
                    "this machine has no list of certificate authorities: install ca-certificates, or give {}",
                    words.authority
                )));
            }
            Ok((store, Vec::new()))
        }
        Some(path) => {
            let given = certificates(Path::new(path))?;
            // A self-signed certificate of a server need not be an authority; it is known by its bytes.
            store.add_parsable_certificates(given.iter().cloned());
            Ok((store, given))
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let wrong = |why: String| ConnectError::new(ConnectKind::Settings, format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(list) if !list.is_empty() => Ok(list),
        _ => Err(wrong("holds no certificate in PEM form".into())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConnectError> {
    let wrong = |why: String| ConnectError::new(ConnectKind::Settings, format!("{}: {why}", path.display()));
    let mode = std::fs::metadata(path).map_err(|e| wrong(format!("cannot be read: {e}")))?.permissions().mode();
    if mode & 0o037 != 0 {
        return Err(wrong("others may read this key: chmod 600".into()));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|_| wrong("holds no unencrypted private key in PEM form".into()))
}
