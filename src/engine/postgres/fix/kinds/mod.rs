//! The typed kinds of this engine: the one statement of each, guarded by what was seen, so that a process id or a name
//! that has become somebody else's does nothing.

mod objects;
mod roles;

use super::super::dialect::cron::Job;
use super::super::dialect::{DIALECT, literal, quote};
use super::settings;
use crate::domain::guard::{Author, Catalog, Verdict};
use crate::domain::proposal::kind::{FixKind, SessionRef};

/// Sessions that one act may end, at most: a list that a person can still read.
const MOST_SESSIONS: usize = 200;
/// Facts that a statement can check, by the column of `pg_stat_activity`.
const FACTS: &[&str] = &["backend_start", "xact_start", "query_start"];

/// The statement of a kind.
///
/// # Errors
/// One sentence when this engine has no such act, or when a parameter is not exactly what it should be.
pub(in crate::engine::postgres) fn render(kind: &FixKind) -> Result<String, String> {
    match kind {
        FixKind::CancelStatements(sessions) => signal("pg_cancel_backend", "canceled", sessions),
        FixKind::EndSessions(sessions) => signal("pg_terminate_backend", "ended", sessions),
        FixKind::DropReplicationSlot(name) => {
            if !is_slot_name(name) {
                return Err(
                    "a replication slot's name has lower-case letters, digits and underscores, 63 at most".into()
                );
            }
            Ok(format!(
                "SELECT slot_name, pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots \
                 WHERE slot_name = {} AND active = false",
                literal(name)
            ))
        }
        FixKind::ChangeSetting { name, value } => setting("ALTER SYSTEM", name, Some(value)),
        FixKind::ResetSetting(name) => setting("ALTER SYSTEM", name, None),
        FixKind::SetForRole { role, name, value } => roles::set(role, name, value.as_deref()),
        FixKind::LimitConnections(role, most) => roles::limit(role, *most),
        FixKind::SetTableOption { table, name, value } => objects::set_option(table, name, value.as_deref()),
        FixKind::CreateIndex { table, name, columns } => objects::create_index(table, name, columns),
        FixKind::DropIndex { table, name } => Ok(format!("DROP INDEX CONCURRENTLY {}", objects::index(table, name)?)),
        FixKind::RebuildIndex { table, name } => {
            Ok(format!("REINDEX INDEX CONCURRENTLY {}", objects::index(table, name)?))
        }
        FixKind::Maintain(upkeep, object) => objects::maintain(*upkeep, object.as_ref()),
        FixKind::ScheduleUpkeep { name, every_hours, upkeep, table } => {
            Ok(Job::new(name, *every_hours, *upkeep, table)?.create())
        }
        FixKind::UnlinkKeys(_)
        | FixKind::StartReplication
        | FixKind::PurgeLogs(_)
        | FixKind::ResizeReplicationLog(_)
        | FixKind::StopScript => Err(format!("PostgreSQL has no statement to {}", kind.words())),
    }
}

fn signal(function: &str, word: &str, sessions: &[SessionRef]) -> Result<String, String> {
    if sessions.is_empty() {
        return Err("no session is named".into());
    }
    if sessions.len() > MOST_SESSIONS {
        return Err(format!("{} sessions are more than a person can look at: at most {MOST_SESSIONS}", sessions.len()));
    }
    let conditions: Result<Vec<String>, String> = sessions.iter().map(condition).collect();
    Ok(format!(
        "SELECT pid, pg_catalog.{function}(pid) AS {word} FROM pg_catalog.pg_stat_activity WHERE {}",
        conditions?.join(" OR ")
    ))
}

/// The session as it was seen, and no other of the same number.
fn condition(session: &SessionRef) -> Result<String, String> {
    let pid = i32::try_from(session.id).ok().filter(|pid| *pid > 0);
    let pid = pid.ok_or_else(|| format!("{} is no process id", session.id))?;
    if !session.facts.iter().any(|(fact, _)| fact == "backend_start") {
        return Err(format!("session {pid} was not looked at: since when it exists is not known"));
    }
    let mut parts = vec![format!("pid = {pid}")];
    for (fact, value) in &session.facts {
        if !FACTS.contains(&fact.as_str()) || !is_moment(value) {
            return Err(format!("what is known about session {pid} is not in the form that the server gives"));
        }
        parts.push(format!("{fact} = '{value}'"));
    }
    Ok(format!("({})", parts.join(" AND ")))
}

/// `2026-11-21 17:33:38.123456+00`, as our own query writes it.
fn is_moment(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00 00:00:00.000000+00";
    text.len() == FORM.len()
        && text.bytes().zip(FORM).all(|(b, form)| if *form == b'0' { b.is_ascii_digit() } else { b == *form })
}

fn is_slot_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// One setting, of whatever `head` alters; none takes it back. The guard's own list refuses what names programs,
/// libraries and files.
fn setting(head: &str, name: &str, value: Option<&str>) -> Result<String, String> {
    let well_formed = name.len() <= 63
        && name.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        });
    if !well_formed || name == "all" {
        return Err("a setting's name has lower-case letters, digits, underscores and dots".into());
    }
    let statement = match value {
        Some(value) if value.chars().any(char::is_control) || value.len() > 8_000 => {
            return Err("a setting's value is one line of text".into());
        }
        Some(value) => format!("{head} SET {name} = {}", settings::value_from_words(name, value)),
        None => format!("{head} RESET {name}"),
    };
    let judgement = DIALECT.classify(&statement, Author::Person, &Catalog::default());
    if judgement.verdict == Verdict::Deny { Err(judgement.reason) } else { Ok(statement) }
}

/// A name as the catalogue can hold it.
fn identifier(name: &str, what: &str) -> Result<String, String> {
    if (1..=63).contains(&name.len()) && !name.chars().any(char::is_control) {
        Ok(quote(name))
    } else {
        Err(format!("the name of {what} has 1 to 63 bytes and no control characters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(id: i64, facts: &[(&str, &str)]) -> SessionRef {
        let facts = facts.iter().map(|(f, v)| ((*f).to_owned(), (*v).to_owned())).collect();
        SessionRef { id, facts, about: String::new() }
    }

    #[test]
    fn sessions_are_ended_only_as_they_were_seen() {
        let started = ("backend_start", "2026-11-21 17:33:38.123456+00");
        let kind = FixKind::EndSessions(vec![
            session(7, &[started]),
            session(8, &[started, ("xact_start", "2026-11-21 17:40:00.000001+00")]),
        ]);
        assert_eq!(
            render(&kind).as_deref(),
            Ok("SELECT pid, pg_catalog.pg_terminate_backend(pid) AS ended FROM pg_catalog.pg_stat_activity WHERE \
                (pid = 7 AND backend_start = '2026-11-21 17:33:38.123456+00') OR (pid = 8 AND backend_start = \
                '2026-11-21 17:33:38.123456+00' AND xact_start = '2026-11-21 17:40:00.000001+00')")
        );
        for bad in [
            session(7, &[]),
            session(0, &[started]),
            session(-1, &[started]),
            session(1 << 40, &[started]),
            session(7, &[("xact_start", started.1)]),
            session(7, &[started, ("state", "2026-11-21 17:33:38.123456+00")]),
            session(7, &[("backend_start", "2026-11-21 17:33:38.123456+00' OR true --")]),
            session(7, &[("backend_start", "now")]),
        ] {
            assert!(render(&FixKind::CancelStatements(vec![bad.clone()])).is_err(), "{bad:?}");
        }
        assert!(render(&FixKind::EndSessions(Vec::new())).is_err());
    }

    #[test]
    fn settings_and_slots_take_names_and_nothing_else() {
        let set = |name: &str, value: &str| render(&FixKind::ChangeSetting { name: name.into(), value: value.into() });
        assert_eq!(set("work_mem", "64MB").as_deref(), Ok("ALTER SYSTEM SET work_mem = '64MB'"));
        assert_eq!(
            set("auto_explain.log_min_duration", "1s").as_deref(),
            Ok("ALTER SYSTEM SET auto_explain.log_min_duration = '1s'")
        );
        assert_eq!(set("search_path", "app, public").as_deref(), Ok("ALTER SYSTEM SET search_path = 'app', 'public'"));
        assert_eq!(set("work_mem", "'; DROP").as_deref(), Ok("ALTER SYSTEM SET work_mem = '''; DROP'"));
        for name in
            ["", "work mem", "work_mem;", "Work_mem", "a..b", "archive_command", "shared_preload_libraries", "1a"]
        {
            assert!(set(name, "x").is_err(), "{name}");
        }
        assert!(set("work_mem", "a\nb").is_err());
        let slot = |name: &str| render(&FixKind::DropReplicationSlot(name.into()));
        assert!(slot("standby_1").is_ok_and(|s| s.ends_with("WHERE slot_name = 'standby_1' AND active = false")));
        for name in ["", "a'b", "A", "a b", "é"] {
            assert!(slot(name).is_err(), "{name}");
        }
    }
}
