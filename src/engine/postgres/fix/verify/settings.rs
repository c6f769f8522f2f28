//! Settings of the server and of roles, and limits of roles.

use super::units::same;
use crate::domain::error_event::SessionError;
use crate::domain::procedure::Verified;
use crate::engine::{Param, Query, Session};

/// $1: the name. What our own session or login sets for itself says nothing about the server.
static SETTING: Query = Query {
    name: "verify.setting",
    text: "SELECT s.reset_val AS value, coalesce(s.unit, '') AS unit, s.vartype AS kind, s.pending_restart AS pending, s.boot_val AS boot,
                  s.source, s.sourcefile, s.sourcefile LIKE '%postgresql.auto.conf' AS own, s.source = 'client'
                  OR EXISTS (SELECT FROM pg_catalog.pg_db_role_setting k CROSS JOIN LATERAL unnest(k.setconfig) x (entry)
                              WHERE k.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))
                                AND k.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()))
                                AND starts_with(lower(x.entry), s.name || '=')) AS overruled
             FROM pg_catalog.pg_settings s WHERE s.name = lower($1)",
    timeout_ms: 2_000,
};

/// $1: the role, $2: the setting.
static OF_ROLE: Query = Query {
    name: "verify.setting_of_role",
    text: "SELECT (SELECT substr(x.entry, length($2) + 2) FROM pg_catalog.pg_db_role_setting k
                     CROSS JOIN LATERAL unnest(k.setconfig) x (entry)
                    WHERE k.setrole = r.oid AND k.setdatabase = 0 AND starts_with(lower(x.entry), lower($2) || '=')) AS value,
                  r.rolconnlimit AS most,
                  coalesce((SELECT s.unit FROM pg_catalog.pg_settings s WHERE s.name = lower($2)), '') AS unit,
                  coalesce((SELECT s.vartype FROM pg_catalog.pg_settings s WHERE s.name = lower($2)), 'string') AS kind
             FROM pg_catalog.pg_roles r WHERE r.rolname = $1",
    timeout_ms: 2_000,
};

/// The server has this value now.
pub(super) async fn is(session: &mut dyn Session, name: &str, value: &str) -> Result<Verified, SessionError> {
    let rows = session.own(&SETTING, &[Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::unknown(format!("this server has no setting {name}, or shows it to superusers only")));
    };
    if rows.text(row, "overruled") == "true" {
        return Ok(overruled(name));
    }
    let (now, unit, kind) = (rows.text(row, "value"), rows.text(row, "unit"), rows.text(row, "kind"));
    let held = same(&now, value, &unit, &kind);
    let waits = if !held && rows.text(row, "pending") == "true" { ", and a change waits for a restart" } else { "" };
    Ok(Verified::new(
        held,
        format!("{name} is {now}{}{waits}", if unit.is_empty() { String::new() } else { format!(" (in {unit})") }),
    ))
}

/// No value of ours stands in the server's own file of settings any more.
pub(super) async fn is_default(session: &mut dyn Session, name: &str) -> Result<Verified, SessionError> {
    let rows = session.own(&SETTING, &[Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else {
        return Ok(Verified::unknown(format!("this server has no setting {name}, or shows it to superusers only")));
    };
    let source = rows.text(row, "source");
    if rows.text(row, "overruled") == "true" || source == "session" && rows.text(row, "value") != rows.text(row, "boot")
    {
        return Ok(overruled(name));
    }
    if source == "configuration file" && rows.get(row, "sourcefile").plain().is_none() {
        return Ok(Verified::unknown(format!(
            "where {name} is set is hidden from this login: GRANT pg_read_all_settings to it"
        )));
    }
    let own = rows.text(row, "own") == "true";
    Ok(Verified::new(!own, format!("{name} comes from: {source}{}", if own { ", by ALTER SYSTEM" } else { "" })))
}

fn overruled(name: &str) -> Verified {
    Verified::unknown(format!("the login that looks has a value of {name} of its own, which hides the server's"))
}

/// The later sessions of a role get this value; none: no value of its own.
pub(super) async fn of_role(
    session: &mut dyn Session,
    role: &str,
    name: &str,
    value: Option<&str>,
) -> Result<Verified, SessionError> {
    let rows = session.own(&OF_ROLE, &[Param::Text(role.to_owned()), Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else { return Ok(Verified::new(false, format!("there is no role {role}"))) };
    let now = rows.get(row, "value").plain();
    let held = match (&now, value) {
        (Some(now), Some(value)) => same(now, value, &rows.text(row, "unit"), &rows.text(row, "kind")),
        (now, value) => now.is_none() == value.is_none(),
    };
    let found =
        now.map_or_else(|| format!("{role} has no {name} of its own"), |now| format!("{name} of {role} is {now}"));
    Ok(Verified::new(held, found))
}

/// A role may have so many connections; none: as many as there are.
pub(super) async fn limit_of_role(
    session: &mut dyn Session,
    role: &str,
    most: Option<u32>,
) -> Result<Verified, SessionError> {
    let rows = session.own(&OF_ROLE, &[Param::Text(role.to_owned()), Param::Text(String::new())]).await?;
    let Some(row) = rows.rows.first() else { return Ok(Verified::new(false, format!("there is no role {role}"))) };
    let now = rows.get(row, "most").int().unwrap_or(-1);
    Ok(Verified::new(now == most.map_or(-1, i64::from), format!("the limit of connections of {role} is {now}")))
}
