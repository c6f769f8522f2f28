//! Settings: what one is now, what a change needs to take effect, and how its value is written.

use super::super::dialect::literal;
use super::shape::Scope;
use crate::domain::error_event::SessionError;
use crate::domain::guard::ticket::Precondition;
use crate::engine::sql::list::holds;
use crate::engine::{Param, Query, Session};

/// Settings that are lists of names: the server keeps them quoted name by name, and one literal would be one name.
const LISTS_OF_NAMES: &str = "local_preload_libraries search_path session_preload_libraries shared_preload_libraries \
                              temp_tablespaces unix_socket_directories";

/// A setting as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Setting {
    /// The value of the scope, where it has one of its own.
    pub(super) own: Option<String>,
    /// The value that holds now.
    pub(super) current: String,
    /// `postmaster`, `sighup`, `user` ...
    pub(super) context: String,
    /// Whether `own` could be read.
    pub(super) known: bool,
    /// The login that looks has a value of its own, so that what holds for others is not `current`.
    pub(super) hides: bool,
}

/// $1: the name. Where a value came from is shown to members of `pg_read_all_settings`. What our own session or login
/// sets for itself stands before the server's value and hides where that one came from.
static SYSTEM: Query = Query {
    name: "fix.setting",
    text: "SELECT s.reset_val AS current, s.boot_val AS boot, s.context, s.source, s.sourcefile, s.pending_restart AS pending,
                  s.sourcefile LIKE '%postgresql.auto.conf' AS own,
                  s.source IN ('session', 'client', 'user', 'database', 'database user') AS masked,
                  EXISTS (SELECT FROM pg_catalog.pg_db_role_setting k CROSS JOIN LATERAL unnest(k.setconfig) x (entry)
                           WHERE k.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))
                             AND k.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()))
                             AND starts_with(lower(x.entry), s.name || '=')) AS overruled,
                  has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
                    AND has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS sees_files
             FROM pg_catalog.pg_settings s WHERE s.name = lower($1)",
    timeout_ms: 2_000,
};

/// $1: the name. The files as they are on disk, the last line of a name counts.
static FILES: Query = Query {
    name: "fix.setting_in_files",
    text:
        "SELECT f.setting FROM pg_catalog.pg_file_settings f
            WHERE lower(f.name) = lower($1) AND f.sourcefile LIKE '%postgresql.auto.conf' ORDER BY f.seqno DESC LIMIT 1",
    timeout_ms: 2_000,
};

/// $1: the role's name or empty for all; $2: the database's name or empty; $3: the setting.
static KEPT: Query = Query {
    name: "fix.kept_setting",
    text: "SELECT (SELECT substr(x.entry, length($3) + 2) FROM pg_catalog.pg_db_role_setting k
                     CROSS JOIN LATERAL unnest(k.setconfig) x (entry)
                    WHERE k.setrole = coalesce((SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = $1 AND $1 <> ''), 0::oid)
                      AND k.setdatabase = coalesce((SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = $2 AND $2 <> ''), 0::oid)
                      AND lower(x.entry) LIKE replace(replace(lower($3), '\\', '\\\\'), '_', '\\_') || '=%') AS own,
                  (SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name = lower($3)) AS current,
                  (SELECT s.context FROM pg_catalog.pg_settings s WHERE s.name = lower($3)) AS context",
    timeout_ms: 2_000,
};

/// Reads one.
///
/// # Errors
/// In words, when the server has no such setting.
pub(super) async fn read(session: &mut dyn Session, scope: &Scope, name: &str) -> Result<Setting, SessionError> {
    let (role, database) = match scope {
        Scope::System => return system(session, name).await,
        Scope::Role(role, database) => (role.clone(), database.clone()),
        Scope::Database(database) => (None, Some(database.clone())),
    };
    let params = [role, database, Some(name.to_owned())].map(|text| Param::Text(text.unwrap_or_default()));
    let rows = session.own(&KEPT, &params).await?;
    let row = rows.rows.first().cloned().unwrap_or_default();
    Ok(Setting {
        own: rows.get(&row, "own").plain(),
        current: rows.text(&row, "current"),
        context: rows.text(&row, "context"),
        known: true,
        hides: false,
    })
}

async fn system(session: &mut dyn Session, name: &str) -> Result<Setting, SessionError> {
    let rows = session.own(&SYSTEM, &[Param::Text(name.to_owned())]).await?;
    let Some(row) = rows.rows.first() else {
        return Err(SessionError::Unsupported(format!(
            "this server has no setting {name}, or shows it to superusers only"
        )));
    };
    let current = rows.text(row, "current");
    let context = rows.text(row, "context");
    let flag = |name: &str| rows.text(row, name) == "true";
    let hides = flag("masked") || flag("overruled");
    let setting = |own: Option<String>, known| Setting { own, current: current.clone(), context, known, hides };
    if flag("sees_files") {
        let files = session.own(&FILES, &[Param::Text(name.to_owned())]).await?;
        return Ok(setting(files.rows.first().map(|row| files.text(row, "setting")), true));
    }
    // A value from a file whose name is hidden may be ours to bring back or not; so may one that waits for a restart,
    // or that stands behind a value of our own.
    let hidden = rows.text(row, "source") == "configuration file" && rows.get(row, "sourcefile").plain().is_none();
    let behind = hides && (flag("overruled") || current != rows.text(row, "boot"));
    let own = flag("own").then(|| current.clone());
    Ok(setting(own, !hidden && !behind && !flag("pending")))
}

/// What holds now, as a condition of the approval. Left out where the login that looks has a value of its own: the one
/// that runs the act may have another.
pub(super) fn now(name: &str, setting: &Setting) -> Option<Precondition> {
    (!setting.hides).then(|| Precondition { text: format!("{name} now"), found: setting.current.clone() })
}

/// Why a setting cannot be brought back.
pub(super) fn hidden(name: &str) -> String {
    format!(
        "where {name} is set cannot be seen by this login, or it waits for a restart: GRANT pg_read_all_settings to it"
    )
}

/// When a change takes effect, in words.
pub(super) fn takes_effect(scope: &Scope, context: &str) -> &'static str {
    match (scope, context) {
        (Scope::System, "postmaster") => {
            "it takes effect with the NEXT RESTART of the server, which is a person's: until then nothing changes"
        }
        (Scope::System, "backend" | "superuser-backend") => {
            "the server is told to read its configuration again right after it, with whatever else waits there; \
             it takes effect for sessions that begin after that"
        }
        (Scope::System, _) => {
            "the server is told to read its configuration again right after it, with whatever else waits there; \
             sessions that set a value of their own keep it"
        }
        _ => "it takes effect for sessions that begin after it",
    }
}

/// A change of the whole server's setting has an effect only when the configuration is read again.
pub(in crate::engine::postgres) fn needs_reload(context: &str) -> bool {
    !matches!(context, "postmaster" | "internal")
}

/// A value behind `SET name =`. A list of names stands as the server keeps it, quoted name by name.
pub(super) fn value(name: &str, value: &str) -> String {
    if holds(LISTS_OF_NAMES, name) && !value.is_empty() { value.to_owned() } else { literal(value) }
}

/// The same from words that a person gave, or that the server showed: the names of a list are taken apart at commas,
/// and lose their double quotes.
pub(super) fn value_from_words(name: &str, value: &str) -> String {
    if !holds(LISTS_OF_NAMES, name) || value.trim().is_empty() {
        return literal(value);
    }
    let (mut names, mut quoted) = (vec![String::new()], false);
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                names.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(name) = names.last_mut() {
            name.push(c);
        }
    }
    let bare = |name: &String| {
        let name = name.trim();
        let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        inner.map_or_else(|| name.to_owned(), |inner| inner.replace("\"\"", "\""))
    };
    names.iter().map(|name| literal(&bare(name))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::value_from_words;

    #[test]
    fn lists_of_names_are_taken_apart_and_others_are_not() {
        for (name, words, expected) in [
            ("search_path", "app, public", "'app', 'public'"),
            ("search_path", "\"$user\", \"Odd, one\",x", "'$user', 'Odd, one', 'x'"),
            ("search_path", "\"a\"\"b\"", "'a\"b'"),
            ("search_path", "", "''"),
            ("work_mem", "64MB", "'64MB'"),
            ("log_line_prefix", "%m, %p", "'%m, %p'"),
        ] {
            assert_eq!(value_from_words(name, words), expected, "{name} = {words}");
        }
    }
}
