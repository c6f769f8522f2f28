//! The pure half of PostgreSQL: classify, names, questions.

mod classify;
mod names;
mod questions;

pub(super) use classify::extensions;

use crate::domain::connection::{Approach, UrlParts, UsualPort};
use crate::domain::dialect::Dialect;
use crate::domain::error_event::{ConnectKind, tls_code};
use crate::domain::guard::{Author, Catalog, Judgement};
use crate::domain::question::{Answer, Cannot, Intent};
use crate::domain::schedule::Recovery;
use crate::domain::schema::Schema;
use crate::domain::security::Encryption;
use crate::domain::target::{EngineId, Timestamp};

use std::collections::BTreeMap;

struct Pure;

pub(super) static DIALECT: &dyn Dialect = &Pure;

/// A server from outside. It says nothing until it is asked; the question is the request for TLS of the protocol, to
/// which it answers with one letter.
static APPROACH: Approach = Approach {
    name: "PostgreSQL",
    scheme: "postgres",
    ports: &[
        UsualPort { number: 5432, who: "PostgreSQL" },
        UsualPort { number: 6432, who: "PgBouncer" },
        UsualPort { number: 5433, who: "a second PostgreSQL" },
        UsualPort { number: 6543, who: "Supabase's pooler" },
    ],
    hello: &[0, 0, 0, 8, 4, 210, 22, 47],
    recognises: |said| matches!(said, [b'S' | b'N']) || (said.first() == Some(&b'E') && said.len() > 1),
    default_databases: &["postgres", "template1"],
    address_parameter: Some("hostaddr"),
    socket_hosts: true,
    care,
    encrypt: Some(("sslmode", Some("verify-full"))),
};

/// `sslmode` as the connection itself reads it. A service file may say it too, and is not read here.
fn care(url: &UrlParts, variables: &BTreeMap<String, String>, local: bool) -> Option<Encryption> {
    let said = |parameter: &str, variable: &str| {
        let variable = || variables.get(variable).map(String::as_str).filter(|v| !v.is_empty());
        url.parameter(parameter).or_else(variable)
    };
    if said("service", "PGSERVICE").is_some() {
        return None;
    }
    let roots = said("sslrootcert", "PGSSLROOTCERT").is_some();
    Some(match said("sslmode", "PGSSLMODE") {
        Some("disable") => Encryption::Off,
        Some("allow" | "prefer") => Encryption::Perhaps,
        Some("require") if roots => Encryption::AuthorityOnly,
        Some("require") => Encryption::Unverified,
        Some("verify-ca") => Encryption::AuthorityOnly,
        Some("verify-full") => Encryption::Verified,
        Some(_) => return None,
        None if local => Encryption::Perhaps,
        None => Encryption::Verified,
    })
}

impl Dialect for Pure {
    fn engine(&self) -> EngineId {
        super::ID
    }
    fn classify(&self, statement: &str, author: Author, catalog: &Catalog) -> Judgement {
        classify::classify(statement, author, catalog)
    }
    fn looks_like_statement(&self, text: &str) -> bool {
        names::looks_like_statement(text)
    }
    fn resolve_names(&self, statement: &str, schema: &Schema) -> String {
        names::resolve(statement, schema)
    }
    fn explain(&self, statement: &str) -> Option<String> {
        let explained = statement.trim_start().get(..7).is_some_and(|w| w.eq_ignore_ascii_case("explain"));
        (!explained).then(|| format!("EXPLAIN {statement}"))
    }
    fn quote(&self, identifier: &str) -> String {
        names::quote(identifier)
    }
    fn literal(&self, text: &str) -> String {
        names::literal(text)
    }
    fn approach(&self) -> &'static Approach {
        &APPROACH
    }
    fn password_files(&self) -> &'static [(&'static str, &'static str)] {
        &[("PGPASSFILE", ".pgpass"), ("PGSERVICEFILE", ".pg_service.conf")]
    }
    fn recovery(&self, kind: ConnectKind, code: &str) -> Recovery {
        match (kind, code) {
            // No password was judged: there is no such role or no line in pg_hba.conf (28000), or CONNECT is not
            // granted (42501).
            (ConnectKind::Authentication, "28000" | "42501" | tls_code::REQUIRED) => Recovery::ByChange,
            _ => Recovery::of_kind(kind),
        }
    }
    fn answer(&self, intent: &Intent, schema: &Schema, now: Timestamp) -> Result<Answer, Cannot> {
        questions::answer(intent, schema, now)
    }
}
