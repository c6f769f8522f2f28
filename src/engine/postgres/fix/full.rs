//! Whether the server has a place left for the login that would carry out an act.

use crate::domain::error_event::SessionError;
use crate::engine::{Param, Query, Session};

/// $1: the role. What everybody may have of the connections, what is kept for whom, and what is taken.
static PLACES: Query = Query {
    name: "fix.places",
    text: "SELECT s.most, s.kept, s.reserved,
                  (SELECT count(*) FROM pg_catalog.pg_stat_activity a
                    WHERE a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend') AS taken,
                  EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = $1 AND r.rolsuper) AS super,
                  EXISTS (SELECT FROM pg_catalog.pg_roles r, pg_catalog.pg_roles g
                           WHERE r.rolname = $1 AND g.rolname = 'pg_use_reserved_connections'
                             AND pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')) AS privileged
             FROM (SELECT pg_catalog.current_setting('max_connections')::int8 AS most,
                          pg_catalog.current_setting('superuser_reserved_connections')::int8 AS kept,
                          coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int8 AS reserved) s",
    timeout_ms: 2_000,
};

/// What a person has to know before approving anything on a server that is full for this login; none when it is not.
pub(super) async fn note(session: &mut dyn Session, login: &str) -> Result<Option<String>, SessionError> {
    let rows = session.own(&PLACES, &[Param::Text(login.to_owned())]).await?;
    let Some(row) = rows.rows.first() else { return Ok(None) };
    let number = |name: &str| rows.get(row, name).int().unwrap_or(0);
    let is = |name: &str| rows.text(row, name) == "t" || rows.text(row, name) == "true";
    let places = Places {
        most: number("most"),
        kept: number("kept"),
        reserved: number("reserved"),
        taken: number("taken"),
        is_super: is("super"),
        is_privileged: is("privileged"),
    };
    Ok(places.words(login))
}

/// The connections of a server, and what one login may have of them.
#[derive(Debug, Clone, Copy)]
struct Places {
    /// `max_connections`.
    most: i64,
    /// `superuser_reserved_connections`.
    kept: i64,
    /// `reserved_connections`, of version 16 and newer.
    reserved: i64,
    /// Connections of clients.
    taken: i64,
    /// The login is a superuser.
    is_super: bool,
    /// The login may have the reserved ones.
    is_privileged: bool,
}

impl Places {
    fn words(self, login: &str) -> Option<String> {
        let Self { most, kept, reserved, taken, is_super, is_privileged } = self;
        let open = match (is_super, is_privileged) {
            (true, _) => most,
            (false, true) => most - kept,
            (false, false) => most - kept - reserved,
        };
        (taken >= open).then(|| {
            let others = match most - open {
                0 => String::new(),
                others => format!(", and {others} more are kept for others"),
            };
            format!(
                "the server is full for {login}: all {open} connections that it may have are taken{others}. This act gets in only when a session of this program gives its place up, here or where it watches this server"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whom_a_server_is_full_for_depends_on_what_is_kept_for_whom() {
        let places = Places { most: 24, kept: 3, reserved: 2, taken: 19, is_super: false, is_privileged: false };
        let words = places.words("fix").unwrap();
        assert!(words.contains("all 19 connections") && words.contains("5 more are kept"), "{words}");
        assert_eq!(Places { taken: 18, ..places }.words("fix"), None);
        assert_eq!(Places { is_privileged: true, ..places }.words("fix"), None);
        assert!(Places { is_privileged: true, taken: 21, ..places }.words("fix").is_some());
        assert_eq!(Places { is_super: true, taken: 23, ..places }.words("fix"), None);
        let words = Places { is_super: true, taken: 24, ..places }.words("fix").unwrap();
        assert!(words.contains("all 24 connections") && !words.contains("kept"), "{words}");
    }
}
