//! What a PostgreSQL server looks like from outside.

use crate::domain::connection::{Approach, UsualPort};

/// A server from outside. It says nothing until it is asked; the question is the request for TLS of the protocol, to
/// which it answers with one letter.
pub(super) static APPROACH: Approach = Approach {
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
    encrypt: Some(("sslmode", Some("verify-full"))),
};
