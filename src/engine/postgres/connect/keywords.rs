//! Connection keywords by libpq's names, and where each comes from: URL, service, environment, in this order.

use super::service;
use crate::domain::error_event::{ConnectError, ConnectKind};
use crate::engine::Surroundings;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// What happens with a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It counts.
    Used,
    /// It has no bearing on what we do, or we always decide it ourselves (our name, the client encoding).
    Ignored,
    /// Wanting it means wanting what this program does not do.
    Refused(&'static str),
}

/// Every keyword of libpq 18: name, variable of the environment, use.
const KEYWORDS: &[(&str, &str, Use)] = &[
    ("application_name", "PGAPPNAME", Use::Ignored),
    ("channel_binding", "PGCHANNELBINDING", Use::Used),
    ("client_encoding", "PGCLIENTENCODING", Use::Ignored),
    ("connect_timeout", "PGCONNECT_TIMEOUT", Use::Used),
    ("dbname", "PGDATABASE", Use::Used),
    ("fallback_application_name", "", Use::Ignored),
    ("gssdelegation", "PGGSSDELEGATION", Use::Ignored),
    ("gssencmode", "PGGSSENCMODE", Use::Used),
    ("gsslib", "PGGSSLIB", Use::Ignored),
    ("host", "PGHOST", Use::Used),
    ("hostaddr", "PGHOSTADDR", Use::Used),
    ("keepalives", "", Use::Ignored),
    ("keepalives_count", "", Use::Ignored),
    ("keepalives_idle", "", Use::Ignored),
    ("keepalives_interval", "", Use::Ignored),
    ("krbsrvname", "PGKRBSRVNAME", Use::Ignored),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS", Use::Ignored),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION", Use::Ignored),
    ("min_protocol_version", "PGMINPROTOCOLVERSION", Use::Ignored),
    ("oauth_client_id", "", Use::Refused("OAuth logins are not supported")),
    ("oauth_issuer", "", Use::Refused("OAuth logins are not supported")),
    ("options", "PGOPTIONS", Use::Used),
    ("passfile", "PGPASSFILE", Use::Used),
    ("password", "PGPASSWORD", Use::Used),
    ("port", "PGPORT", Use::Used),
    ("replication", "", Use::Refused("a replication connection cannot answer questions")),
    ("require_auth", "PGREQUIREAUTH", Use::Used),
    ("requirepeer", "PGREQUIREPEER", Use::Refused("requirepeer is not supported")),
    ("service", "PGSERVICE", Use::Used),
    ("servicefile", "PGSERVICEFILE", Use::Used),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Use::Ignored),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Use::Used),
    ("sslcert", "PGSSLCERT", Use::Used),
    ("sslcertmode", "PGSSLCERTMODE", Use::Ignored),
    ("sslcompression", "PGSSLCOMPRESSION", Use::Ignored),
    ("sslcrl", "PGSSLCRL", Use::Refused("lists of revoked certificates (sslcrl) are not supported")),
    ("sslcrldir", "PGSSLCRLDIR", Use::Refused("lists of revoked certificates (sslcrldir) are not supported")),
    ("sslkey", "PGSSLKEY", Use::Used),
    ("sslmode", "PGSSLMODE", Use::Used),
    ("sslnegotiation", "PGSSLNEGOTIATION", Use::Used),
    ("sslpassword", "", Use::Refused("an encrypted client key (sslpassword) is not supported: decrypt the key file")),
    ("sslrootcert", "PGSSLROOTCERT", Use::Used),
    ("sslsni", "PGSSLSNI", Use::Ignored),
    ("target_session_attrs", "PGTARGETSESSIONATTRS", Use::Used),
    ("tcp_user_timeout", "", Use::Ignored),
    ("user", "PGUSER", Use::Used),
];

/// Keywords that were said, each once.
#[derive(Clone, Default)]
pub(super) struct Keywords {
    values: BTreeMap<&'static str, String>,
    password: Option<SecretString>,
}

impl Keywords {
    /// What was said for a keyword; never the password.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
    /// The password that was said.
    pub(super) fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Says a keyword. The message for an unknown one does not quote it: in a mistyped URL it may be a secret.
    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), ConnectError> {
        let Some((name, _, usage)) = KEYWORDS.iter().find(|(known, _, _)| *known == name) else {
            let near = KEYWORDS.iter().map(|k| k.0).min_by_key(|known| strsim::damerau_levenshtein(known, name));
            let message = match near.filter(|known| strsim::damerau_levenshtein(known, name) <= 3) {
                Some(near) => format!("unknown connection parameter: did you mean {near}?"),
                None => "unknown connection parameter: see the PostgreSQL manual, Parameter Key Words".into(),
            };
            return Err(ConnectError::new(ConnectKind::Settings, message));
        };
        match usage {
            Use::Refused(why) if !value.is_empty() => Err(ConnectError::new(ConnectKind::Settings, *why)),
            Use::Used if *name == "password" => {
                self.password =
                    Some(SecretString::from(value)).filter(|p| !secrecy::ExposeSecret::expose_secret(p).is_empty());
                Ok(())
            }
            Use::Used => {
                self.values.insert(name, value);
                Ok(())
            }
            Use::Ignored | Use::Refused(_) => Ok(()),
        }
    }

    /// Takes from `other` what is not said here.
    pub(super) fn or(&mut self, other: Self) {
        for (name, value) in other.values {
            self.values.entry(name).or_insert(value);
        }
        self.password = self.password.take().or(other.password);
    }
}

/// Keywords and the source of the password, in words.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) keywords: Keywords,
    pub(super) password_source: &'static str,
}

/// URL, then its service, then the environment.
pub(super) fn gather(url: &SecretString, around: &Surroundings) -> Result<Said, ConnectError> {
    let mut keywords = super::url::parse(url)?;
    let mut source = if keywords.password().is_some() { "in the URL" } else { "" };
    let environment = environment(around)?;
    let name = keywords.get("service").or_else(|| environment.get("service")).map(str::to_owned);
    if let Some(name) = name {
        let file = keywords.get("servicefile").or_else(|| environment.get("servicefile")).map(str::to_owned);
        keywords.or(service::find(&name, file.as_deref(), around)?);
        if source.is_empty() && keywords.password().is_some() {
            source = "of the service file";
        }
    }
    keywords.or(environment);
    if source.is_empty() && keywords.password().is_some() {
        source = "in PGPASSWORD";
    }
    Ok(Said { keywords, password_source: source })
}

fn environment(around: &Surroundings) -> Result<Keywords, ConnectError> {
    let mut keywords = Keywords::default();
    for (name, variable, _) in KEYWORDS.iter().filter(|(_, variable, _)| !variable.is_empty()) {
        if let Some(value) = around.variable(variable) {
            keywords
                .set(name, value.to_owned())
                .map_err(|e| ConnectError::new(e.kind, format!("{variable}: {}", e.message)))?;
        }
    }
    Ok(keywords)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_url_wins_over_the_service_over_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        std::fs::write(&file, "[prod]\nhost=service-host\nport=7000\nuser=service-user\n").unwrap();
        let around = Surroundings {
            variables: [
                ("PGSERVICEFILE", file.to_str().unwrap()),
                ("PGSERVICE", "prod"),
                ("PGUSER", "environment-user"),
                ("PGDATABASE", "environment-db"),
                ("PGPASSWORD", "x"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
            ..Surroundings::default()
        };
        let said = gather(&SecretString::from("postgres://:6000"), &around).unwrap();
        assert_eq!(said.keywords.get("port"), Some("6000"));
        assert_eq!(said.keywords.get("host"), Some("service-host"));
        assert_eq!(said.keywords.get("user"), Some("service-user"));
        assert_eq!(said.keywords.get("dbname"), Some("environment-db"));
        assert_eq!(said.password_source, "in PGPASSWORD");
    }

    #[test]
    fn a_mistyped_keyword_gets_its_neighbour_and_a_refused_one_its_reason() {
        let mut keywords = Keywords::default();
        assert!(keywords.set("sslmod", "x".into()).unwrap_err().message.contains("sslmode"));
        assert!(keywords.set("replication", "true".into()).is_err());
        assert!(keywords.set("keepalives", "1".into()).is_ok());
    }
}
