//! TLS: what is verified before anything of ours is sent, and the words for each way it can fail.

use super::plan::{Endpoint, Plan, SslMode};
use crate::domain::error_event::{ConnectError, ConnectKind};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, version,
};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// How connections to one endpoint are encrypted.
pub(crate) struct TlsPlan {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// TLS from the first byte.
    pub(super) direct: bool,
}

/// Prepares TLS for an endpoint. Reads certificate files, so that a wrong path is found before anything is sent.
pub(super) fn prepare(plan: &Plan, endpoint: &Endpoint, mode: SslMode) -> Result<TlsPlan, ConnectError> {
    let provider = Arc::new(ring::default_provider());
    let (roots, pinned) = match mode {
        SslMode::VerifyCa | SslMode::VerifyFull => roots(plan.root_certificates.as_deref())?,
        _ => (RootCertStore::empty(), Vec::new()),
    };
    let verifier = Verifier { mode, roots, pinned, provider: Arc::clone(&provider) };
    let versions: &[_] = if plan.only_tls13 { &[&version::TLS13] } else { &[&version::TLS13, &version::TLS12] };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|e| tls(format!("TLS cannot be set up: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &plan.client_certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|e| tls(format!("the client certificate and its key do not work: {e}")))?,
    };
    if plan.direct_tls {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    let name = ServerName::try_from(endpoint.host.clone())
        .map_err(|_| tls(format!("{} is not a name that a certificate can carry", endpoint.host)))?;
    Ok(TlsPlan { config: Arc::new(config), name, direct: plan.direct_tls })
}

/// The handshake. Nothing of ours, the password least of all, is sent before it has succeeded.
pub(super) async fn handshake<S>(stream: S, plan: &TlsPlan) -> io::Result<TlsStream<S>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let stream = TlsConnector::from(Arc::clone(&plan.config)).connect(plan.name.clone(), stream).await?;
    // Without ALPN, a direct handshake might have reached another protocol's server (the ALPACA attack).
    if plan.direct && stream.get_ref().1.alpn_protocol() != Some(b"postgresql") {
        return Err(io::Error::other("the server does not speak PostgreSQL over direct TLS"));
    }
    Ok(stream)
}

/// Channel binding data of RFC 5929 (`tls-server-end-point`): the hash of the server's certificate. None when its
/// signature has no single hash.
pub(super) fn end_point<S>(stream: &TlsStream<S>) -> Option<Vec<u8>> {
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
pub(super) fn explain(error: &io::Error, endpoint: &Endpoint) -> ConnectError {
    let cause = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    let host = &endpoint.host;
    let words = match cause {
        Some(Error::InvalidCertificate(why)) => match why {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
                "the certificate of {host} is not signed by an authority that this machine trusts: \
                 give the authority's certificate with sslrootcert=FILE"
            ),
            CertificateError::NotValidForName => format!("the certificate is not made out to {host}"),
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "the certificate is not made out to {host} but to {}: connect by that name, or add hostaddr",
                presented.join(", ")
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
            format!("{host} refused the TLS handshake ({alert:?}); it may want a client certificate (sslcert, sslkey)")
        }
        Some(Error::PeerIncompatible(_)) => format!("{host} speaks no TLS version or cipher of today (1.2 or 1.3)"),
        Some(other) => format!("the TLS handshake with {host} failed: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => format!("{host} broke off the TLS handshake"),
        None => format!("the TLS handshake with {host} failed: {error}"),
    };
    tls(words)
}

/// The server said that it has no TLS.
pub(super) fn not_offered(endpoint: &Endpoint, mode: SslMode) -> ConnectError {
    tls(format!(
        "{} offers no TLS, and sslmode={} does not go without: turn on ssl at the server, or say sslmode=disable if \
         the network between is trusted",
        endpoint.words(),
        mode.word()
    ))
}

fn tls(message: String) -> ConnectError {
    ConnectError::new(ConnectKind::Tls, message)
}

fn roots(said: Option<&str>) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), ConnectError> {
    let mut store = RootCertStore::empty();
    match said {
        None | Some("system") => {
            let native = rustls_native_certs::load_native_certs();
            let (added, _) = store.add_parsable_certificates(native.certs);
            if added == 0 {
                return Err(tls("this machine has no list of certificate authorities: install ca-certificates, or \
                     give sslrootcert=FILE"
                    .into()));
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

/// Judges the server's certificate as far as the mode asks.
#[derive(Debug)]
struct Verifier {
    mode: SslMode,
    roots: RootCertStore,
    /// Certificates given by hand.
    pinned: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn verify_chain(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if self.pinned.iter().any(|known| known.as_ref() == certificate.as_ref()) {
            return within_validity(certificate, now);
        }
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(certificate)?,
            &self.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )
    }
}

fn within_validity(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let parsed = Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let validity = parsed.tbs_certificate.validity;
    if now.as_secs() > validity.not_after.to_unix_duration().as_secs() {
        return Err(CertificateError::Expired.into());
    }
    if now.as_secs() < validity.not_before.to_unix_duration().as_secs() {
        return Err(CertificateError::NotValidYet.into());
    }
    Ok(())
}

/// The host name against the names of the certificate. One without a list of names is judged by its common name, as
/// libpq does: the PostgreSQL manual's own example makes such certificates.
fn verify_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    let by_list = verify_server_name(&ParsedCertificate::try_from(certificate)?, name);
    let (Err(error), ServerName::DnsName(host)) = (&by_list, name) else { return by_list };
    let Ok(parsed) = Certificate::from_der(certificate) else { return by_list };
    let subject_alternative_name = "2.5.29.17";
    let has_list = parsed
        .tbs_certificate
        .extensions
        .iter()
        .flatten()
        .any(|extension| extension.extn_id.to_string() == subject_alternative_name);
    if has_list {
        return by_list;
    }
    let common_name = "2.5.4.3";
    let fits = parsed
        .tbs_certificate
        .subject
        .0
        .iter()
        .flat_map(|part| part.0.iter())
        .filter(|attribute| attribute.oid.to_string() == common_name)
        .filter_map(|attribute| std::str::from_utf8(attribute.value.value()).ok())
        .any(|pattern| matches_host(pattern, host.as_ref()));
    if fits { Ok(()) } else { Err(error.clone()) }
}

/// A name of a certificate against a host; `*` stands for one whole leftmost label.
fn matches_host(pattern: &str, host: &str) -> bool {
    if let Some(parent) = pattern.strip_prefix("*.") {
        return parent.contains('.')
            && host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent));
    }
    pattern.eq_ignore_ascii_case(host)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.mode >= SslMode::VerifyCa {
            self.verify_chain(end_entity, intermediates, now)?;
        }
        if self.mode >= SslMode::VerifyFull {
            verify_name(end_entity, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(matches_host("db.Example.com", "DB.example.com"));
        assert!(matches_host("*.example.com", "a.example.com"));
        for (pattern, host) in [
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", "example.com"),
            ("*.com", "example.com"),
            ("*", "example"),
            ("d*.example.com", "db.example.com"),
        ] {
            assert!(!matches_host(pattern, host), "{pattern} {host}");
        }
    }
}
