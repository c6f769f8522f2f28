//! Answers to checks, by reading alone.

use crate::domain::error_event::SessionError;
use crate::domain::guard::{Author, Catalog, allow};
use crate::domain::procedure::{Check, Verified};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use crate::domain::rows::{Limits, Rows};
use crate::engine::sqlite::dialect::DIALECT;
use crate::engine::{Collector, Param, Query, Session, Task};
use tokio_util::sync::CancellationToken;

static NAMED: Query = Query {
    name: "verify.named",
    text: "SELECT type, name, tbl_name FROM main.sqlite_schema WHERE lower(name) = lower(?1)",
    timeout_ms: 1000,
};
static SETTING: Query = Query {
    name: "verify.setting",
    text: "SELECT 'journal_mode' AS name, journal_mode AS value FROM pragma_journal_mode
           UNION ALL SELECT 'user_version', user_version FROM pragma_user_version
           UNION ALL SELECT 'auto_vacuum', auto_vacuum FROM pragma_auto_vacuum",
    timeout_ms: 1000,
};
static WRITING: Query = Query {
    name: "verify.writing",
    text: "SELECT dba_file_closed() AS closed, dba_disk_free() AS free, dba_locks() IS NOT NULL AS told,
                  (SELECT l.value ->> 'pid' FROM json_each(coalesce(dba_locks(), '[]')) l
                   WHERE l.value ->> 'role' = 'writer') AS writer",
    timeout_ms: 1000,
};
static INTACT: Query = Query {
    name: "verify.intact",
    text: "SELECT quick_check AS found FROM pragma_quick_check LIMIT 1",
    timeout_ms: 20_000,
};
/// A disk with less than this takes no write worth the name, bytes.
const LITTLE: i64 = 8 << 20;

/// Answers one.
pub(super) fn verify<'a>(session: &'a mut dyn Session, check: &'a Check) -> Task<'a, Result<Verified, SessionError>> {
    Box::pin(answer(session, check))
}

async fn answer(session: &mut dyn Session, check: &Check) -> Result<Verified, SessionError> {
    match check {
        Check::Exists(object) => exists(session, object, None).await,
        Check::Absent(object) => Ok(not(exists(session, object, None).await?)),
        Check::IndexUsable(table, index) => exists(session, &ObjectRef::new("", index), Some(table)).await,
        Check::IndexGone(_, index) => Ok(not(exists(session, &ObjectRef::new("", index), None).await?)),
        Check::SettingIs { name, value } => setting_is(session, name, value).await,
        Check::InForce(kind) => match kind.as_ref() {
            FixKind::ChangeSetting { name, value } => setting_is(session, name, value).await,
            FixKind::CreateIndex { table, name, .. } => exists(session, &ObjectRef::new("", name), Some(table)).await,
            FixKind::DropIndex { name, .. } => Ok(not(exists(session, &ObjectRef::new("", name), None).await?)),
            other => Ok(Verified::unknown(format!("whether it is in force to {} is not told here", other.words()))),
        },
        Check::Understands(statement) => understands(session, statement).await,
        Check::PlanUses { statement, index } => plan_uses(session, statement, index).await,
        Check::WritesWork => writes_work(session).await,
        Check::Intact => intact(session).await,
        _ => Ok(Verified::unknown("SQLite has no such thing to look at")),
    }
}

fn not(there: Verified) -> Verified {
    Verified { held: there.held.map(|held| !held), ..there }
}

async fn exists(
    session: &mut dyn Session,
    object: &ObjectRef,
    of: Option<&ObjectRef>,
) -> Result<Verified, SessionError> {
    let found = session.own(&NAMED, &[Param::Text(object.name.clone())]).await?;
    let row = found.rows.iter().find(|row| {
        of.is_none_or(|table| {
            found.text(row, "type") == "index" && found.text(row, "tbl_name").eq_ignore_ascii_case(&table.name)
        })
    });
    Ok(match row {
        Some(row) => Verified::new(true, format!("the {} {} is there", found.text(row, "type"), object.name)),
        None => Verified::new(false, format!("{} is not there", object.words())),
    })
}

async fn setting_is(session: &mut dyn Session, name: &str, value: &str) -> Result<Verified, SessionError> {
    let found = session.own(&SETTING, &[]).await?;
    let row = found.rows.iter().find(|row| found.text(row, "name").eq_ignore_ascii_case(name));
    Ok(match row.map(|row| found.text(row, "value")) {
        Some(now) => Verified::new(now.eq_ignore_ascii_case(value), format!("{name} is {now}")),
        None => Verified::unknown(format!("{name} belongs to each connection, and not to the file")),
    })
}

/// The plan of a statement that the guard allows to be explained; none when it does not.
async fn plan(session: &mut dyn Session, statement: &str) -> Result<Option<Rows>, SessionError> {
    let Some(explain) = DIALECT.explain(statement) else { return Ok(None) };
    let Ok(allowed) = allow(DIALECT, Author::Person, &Catalog::default(), &explain) else { return Ok(None) };
    let limits = Limits { timeout_ms: 2_000, ..Limits::default() };
    let mut collector = Collector::new(limits);
    session.read(allowed, &limits, &CancellationToken::new(), &mut collector).await?;
    Ok(Some(collector.into_rows()))
}

async fn understands(session: &mut dyn Session, statement: &str) -> Result<Verified, SessionError> {
    match plan(session, statement).await {
        Ok(Some(_)) => Ok(Verified::new(true, "the statement can be planned")),
        Ok(None) => Ok(Verified::unknown("a statement that is no query is not tried")),
        Err(SessionError::Server(message)) => Ok(Verified::new(false, message.message)),
        Err(other) => Err(other),
    }
}

async fn plan_uses(session: &mut dyn Session, statement: &str, index: &str) -> Result<Verified, SessionError> {
    let Some(rows) = plan(session, statement).await? else {
        return Ok(Verified::unknown("the plan of a statement that is no query is not asked for"));
    };
    let details: Vec<String> = rows.rows.iter().map(|row| rows.text(row, "detail")).collect();
    let uses = details.iter().any(|detail| names(detail, index));
    Ok(Verified::new(uses, format!("the plan is: {}", details.join("; "))))
}

/// `SEARCH t USING INDEX i (a=?)` names `i`.
fn names(detail: &str, index: &str) -> bool {
    detail.split_once("INDEX ").is_some_and(|(_, rest)| {
        rest == index || rest.strip_prefix(index).is_some_and(|behind| behind.starts_with(' '))
    })
}

/// What keeps a write out is few things, and each can be seen: nothing is written to find out.
async fn writes_work(session: &mut dyn Session) -> Result<Verified, SessionError> {
    let found = session.own(&WRITING, &[]).await?;
    let row = found.rows.first().map_or(&[][..], Vec::as_slice);
    if let Some(closed) = found.get(row, "closed").plain() {
        return Ok(Verified::new(false, format!("the file may not be written: {closed}")));
    }
    if found.get(row, "free").int().is_some_and(|free| free < LITTLE) {
        return Ok(Verified::new(false, "the disk is full"));
    }
    Ok(match (found.get(row, "told").int(), found.get(row, "writer").int()) {
        (_, Some(pid)) => Verified::new(false, format!("process {pid} holds the write lock now")),
        (Some(1), None) => Verified::new(true, "nobody holds the write lock, and nothing keeps a writer out"),
        _ => Verified::unknown("this system does not tell who holds the write lock"),
    })
}

async fn intact(session: &mut dyn Session) -> Result<Verified, SessionError> {
    match session.own(&INTACT, &[]).await {
        Ok(found) => {
            let said = found.rows.first().map(|row| found.text(row, "found")).unwrap_or_default();
            Ok(Verified::new(said == "ok", format!("quick_check says {said}")))
        }
        Err(SessionError::Deadline(ms)) => Ok(Verified::unknown(format!("quick_check did not end within {ms} ms"))),
        Err(SessionError::Server(message)) if matches!(message.code.as_str(), "11" | "26") => {
            Ok(Verified::new(false, message.message))
        }
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn an_index_is_named_in_full() {
        assert!(names("SEARCH t USING INDEX by_a (a=?)", "by_a"));
        assert!(names("SCAN t USING COVERING INDEX by_a", "by_a"));
        assert!(!names("SEARCH t USING INDEX by_ab (a=?)", "by_a"));
        assert!(!names("SCAN by_a", "by_a"));
    }
}
