//! The `supabase` preset: its two kinds of address, the role's name at each, and TLS that is verified or nothing.
//!
//! Source: the provider's connection guide of 2026 (direct `db.REF.supabase.co`; pooler
//! `aws-N-REGION.pooler.supabase.com`, 5432 for session mode, 6543 for transaction mode, roles as `ROLE.REF`).

use super::plan::{Plan, ssl_word};
use super::url;
use crate::engine::net::TlsMode;
use crate::engine::{Prepared, Surroundings};
use secrecy::SecretString;

/// Port of transaction mode, at either address.
const TRANSACTION_PORT: u16 = 6543;

/// Checks a URL against what the provider has, and completes it.
pub(in crate::engine::postgres) fn prepare(url: &SecretString, around: &Surroundings) -> Result<Prepared, String> {
    let plan = Plan::make(url, around).map_err(|e| e.message)?;
    let [endpoint] = plan.endpoints.as_slice() else {
        return Err("a project of Supabase is one server: name one host".to_owned());
    };
    let host = endpoint.host.trim_end_matches('.').to_ascii_lowercase();
    let mut warnings = Vec::new();
    if let Some(reference) = host.strip_prefix("db.").and_then(|rest| rest.strip_suffix(".supabase.co")) {
        if let Some(role) = plan.user.strip_suffix(&format!(".{reference}")) {
            return Err(format!("at the direct address the role is written without the project: {role}@{host}"));
        }
    } else if host.ends_with(".pooler.supabase.com") {
        let named =
            plan.user.rsplit_once('.').is_some_and(|(role, reference)| !role.is_empty() && !reference.is_empty());
        if !named {
            return Err(format!(
                "through the pooler the role is written with the project: {}.REF@{host}, where REF is in db.REF.supabase.co",
                plan.user
            ));
        }
    } else {
        return Err("the host is db.REF.supabase.co (direct) or aws-N-REGION.pooler.supabase.com (pooler)".to_owned());
    }
    if endpoint.port == TRANSACTION_PORT {
        warnings.push(
            "port 6543 is transaction mode: settings, locks, temporary tables and stopping a statement do not stick; \
             for watching use port 5432 (session mode) or the direct address"
                .to_owned(),
        );
    }
    match plan.ssl_mode {
        None | Some(TlsMode::VerifyFull) => {}
        Some(mode) => {
            return Err(format!(
                "sslmode={} does not check who answers: remove it, the preset uses verify-full",
                ssl_word(mode)
            ));
        }
    }
    if plan.root_certificates.is_none() {
        warnings.push(
            "Supabase signs with an authority of its own: download its certificate (Database settings, SSL) and add \
             sslrootcert=/PATH/prod-ca-2021.crt to the url"
                .to_owned(),
        );
    }
    let url = url::with_parameter(url, "sslmode", ssl_word(TlsMode::VerifyFull)).map_err(|e| e.message)?;
    Ok(Prepared { url, warnings })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret as _;

    const REF: &str = "abcdefghijklmnopqrst";

    fn prepared(url: &str) -> Result<(String, usize), String> {
        let url = SecretString::from(url.replace("REF", REF));
        let around = Surroundings { user: Some("os".into()), ..Surroundings::default() };
        prepare(&url, &around).map(|p| (p.url.expose_secret().to_owned(), p.warnings.len()))
    }

    #[test]
    fn each_address_has_its_form_of_the_role_and_tls_is_always_verified() {
        let (url, warnings) = prepared("postgres://ro@db.REF.supabase.co/postgres?sslrootcert=/ca").unwrap();
        assert_eq!(url, format!("postgres://ro@db.{REF}.supabase.co/postgres?sslrootcert=/ca&sslmode=verify-full"));
        assert_eq!(warnings, 0);
        let pooler = "aws-0-eu-central-1.pooler.supabase.com";
        let (url, warnings) = prepared(&format!("postgres://ro.REF:p%40w@{pooler}:6543/postgres")).unwrap();
        assert_eq!(url, format!("postgres://ro.{REF}:p%40w@{pooler}:6543/postgres?sslmode=verify-full"));
        assert_eq!(warnings, 2, "transaction mode, and no certificate of the authority");
        let said = "postgres://ro@db.REF.supabase.co/postgres?sslmode=verify-full&sslrootcert=/ca";
        assert_eq!(prepared(said).unwrap().0, said.replace("REF", REF));
    }

    #[test]
    fn what_cannot_work_or_is_not_safe_is_refused_with_what_to_write() {
        for (url, words) in [
            ("postgres://ro.REF@db.REF.supabase.co/postgres", "without the project: ro@"),
            ("postgres://ro@aws-0-eu-west-1.pooler.supabase.com/postgres", "ro.REF@"),
            ("postgres://ro@db.example.com/postgres", "db.REF.supabase.co (direct)"),
            ("postgres://ro@db.REF.supabase.co/postgres?sslmode=require", "verify-full"),
            ("postgres://ro@db.REF.supabase.co,b/postgres", "one server"),
        ] {
            let error = prepared(url).unwrap_err();
            assert!(error.contains(words), "{url}: {error}");
        }
    }
}
