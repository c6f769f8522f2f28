//! Judging a server's certificate: its chain, its validity, and the names that it is made out to.

use super::TlsMode;
use std::sync::Arc;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Judges the server's certificate as far as the mode asks.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) mode: TlsMode,
    pub(super) roots: RootCertStore,
    /// Certificates given by hand.
    pub(super) pinned: Vec<CertificateDer<'static>>,
    pub(super) provider: Arc<CryptoProvider>,
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
/// the servers' own clients do: their manuals' examples make such certificates.
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
        if self.mode >= TlsMode::VerifyCa {
            self.verify_chain(end_entity, intermediates, now)?;
        }
        if self.mode >= TlsMode::VerifyFull {
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
