//! The history of definitions: versions of objects over time, without secrets.
//!
//! A look tells the fingerprints of every object, and the definitions of some. What is as before costs nothing; what
//! changed ends one version and begins another; what is not there any more is gone. A version that has not ended was
//! last seen at the target's last look.

use super::error::StoreError;
use super::texts::known_target;
use super::worker::{Command, Reply};
use super::{Retention, Store};
use crate::domain::definition::{Definition, Fingerprint, Fingerprints, Version, VersionEnd, readings};
use crate::domain::diagnosis::KnownDefinition;
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Versions of one name that are given, at most.
const MOST_VERSIONS: u32 = 50;
/// Parts of an object, such as partitions, that are given with it, at most.
const MOST_PARTS: u32 = 500;
/// Versions that others have followed take no more bytes than this on one target; the oldest go first.
const FOLLOWED_BYTES: i64 = 16 << 20;
/// The same of one object, so that one that is changed with every look leaves room for the others.
const FOLLOWED_BYTES_OF_ONE: i64 = 1 << 20;
/// Last versions of objects that are gone take no more bytes than this on one target. They bring an object back, so no
/// version that was followed takes their room; a target that makes and drops tables without end pushes out its own.
const GONE_BYTES: i64 = 32 << 20;
/// Versions that go in one step of forgetting.
const STEP: u32 = 200;
/// Clocks of two processes that look at one target differ by less than this.
const CLOCKS_DIFFER_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// What the store can be asked about definitions.
pub(super) enum Asked {
    Known(TargetId, Reply<Vec<Fingerprint>>),
    Keep(TargetId, Fingerprints, Vec<Definition>, Timestamp, Reply<()>),
    Versions(TargetId, String, Reply<Vec<Version>>),
}

#[derive(Serialize, Deserialize)]
struct Body {
    statements: Vec<String>,
    missing: Vec<String>,
}

/// Answers what was asked. True when the store turned out to be damaged.
pub(super) fn answer(db: &mut Connection, asked: Asked) -> bool {
    fn give<T>(reply: Reply<T>, outcome: Result<T, StoreError>) -> bool {
        let damaged = matches!(outcome, Err(StoreError::Damaged { .. }));
        let _ = reply.send(outcome);
        damaged
    }
    let failed = StoreError::of("read the definitions");
    match asked {
        Asked::Known(target, reply) => give(reply, known(db, &target).map_err(failed)),
        Asked::Keep(target, seen, read, now, reply) => {
            give(reply, keep(db, &target, &seen, read, now).map_err(StoreError::of("keep the definitions")))
        }
        Asked::Versions(target, object, reply) => give(reply, versions(db, &target, &object).map_err(failed)),
    }
}

/// What is known of a target's objects as they are now.
fn known(db: &Connection, target: &TargetId) -> rusqlite::Result<Vec<Fingerprint>> {
    let Some(target) = known_target(db, target.as_str())? else { return Ok(Vec::new()) };
    let mut query =
        db.prepare_cached("SELECT space, name, print FROM definitions WHERE target = ?1 AND last_ms IS NULL")?;
    let rows = query
        .query_map([target], |row| Ok(Fingerprint { space: row.get(0)?, name: row.get(1)?, print: row.get(2)? }))?;
    rows.collect()
}

fn keep(
    db: &mut Connection,
    target: &TargetId,
    seen: &Fingerprints,
    read: Vec<Definition>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("INSERT OR IGNORE INTO targets (name) VALUES (?1)", [target.as_str()])?;
    let target: i64 =
        transaction.query_row("SELECT id FROM targets WHERE name = ?1", [target.as_str()], |row| row.get(0))?;
    let looked: Option<i64> = transaction
        .query_row("SELECT at_ms FROM definition_looks WHERE target = ?1", [target], |row| row.get(0))
        .optional()?;
    // A moment far ahead is one of a clock that was wrong: it must not end the history.
    let looked = looked.filter(|looked| *looked <= now.0.saturating_add(CLOCKS_DIFFER_MS));
    if looked.is_some_and(|looked| looked > now.0) {
        // Another process looked after us: what it saw is newer.
        return Ok(());
    }
    let last_ms = looked.unwrap_or(now.0);
    for definition in read {
        begin_version(&transaction, target, definition.fit_to_keep(), last_ms, now)?;
    }
    if !seen.cut {
        end_of_those_not_in(&transaction, target, seen, last_ms, now)?;
    }
    transaction.execute("INSERT OR REPLACE INTO definition_looks VALUES (?1, ?2)", [target, now.0])?;
    transaction.commit()
}

/// Ends an object's version and begins another, unless only its fingerprint is another one.
fn begin_version(
    db: &Connection,
    target: i64,
    definition: Definition,
    last_ms: i64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Fingerprint { space, name, print } = definition.object;
    let part_of = definition.part_of.map(|(space, name)| serde_json::json!([space, name]).to_string());
    let body = Body { statements: definition.statements, missing: definition.missing };
    let body = serde_json::to_string(&body).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    let before: Option<(i64, String)> = db
        .prepare_cached(
            "SELECT id, body FROM definitions WHERE target = ?1 AND space = ?2 AND name = ?3 AND last_ms IS NULL",
        )?
        .query_row(params![target, space, name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match before {
        Some((id, same)) if same == body => {
            db.prepare_cached("UPDATE definitions SET print = ?2, part_of = ?3 WHERE id = ?1")?
                .execute(params![id, print, part_of])?;
            return Ok(());
        }
        Some((id, _)) => {
            db.prepare_cached("UPDATE definitions SET last_ms = ?2 WHERE id = ?1")?.execute([id, last_ms])?;
        }
        None => {}
    }
    db.prepare_cached(
        "INSERT INTO definitions (target, space, name, print, part_of, first_ms, bytes, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        target,
        space,
        name,
        print,
        part_of,
        now.0,
        i64::try_from(body.len()).unwrap_or(i64::MAX),
        body
    ])?;
    Ok(())
}

fn end_of_those_not_in(
    db: &Connection,
    target: i64,
    seen: &Fingerprints,
    last_ms: i64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let there: HashSet<(&str, &str)> = seen.all.iter().map(|object| (&*object.space, &*object.name)).collect();
    let mut query =
        db.prepare_cached("SELECT id, space, name FROM definitions WHERE target = ?1 AND last_ms IS NULL")?;
    let known: Vec<(i64, String, String)> = query
        .query_map([target], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, space, name) in known {
        if !there.contains(&(&*space, &*name)) {
            db.prepare_cached("UPDATE definitions SET last_ms = ?2, gone_ms = ?3 WHERE id = ?1")?
                .execute([id, last_ms, now.0])?;
        }
    }
    Ok(())
}

const COLUMNS: &str = "d.space, d.name, d.first_ms, coalesce(d.last_ms, l.at_ms, d.first_ms), d.last_ms IS NULL,
                       d.gone_ms, d.body FROM definitions d LEFT JOIN definition_looks l ON l.target = d.target";

/// The versions of an object as a message names it, newest first: in the space that it names, else in any; in its own
/// case, else in any.
fn versions(db: &Connection, target: &TargetId, object: &str) -> rusqlite::Result<Vec<Version>> {
    let Some(target) = known_target(db, target.as_str())? else { return Ok(Vec::new()) };
    for (space, name) in readings(object) {
        let mut query = db.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE d.target = ?1 AND d.name = ?2 COLLATE NOCASE
             ORDER BY d.last_ms IS NOT NULL, d.last_ms DESC, d.first_ms DESC, d.id DESC LIMIT ?3"
        ))?;
        let rows = query.query_map(params![target, name, MOST_VERSIONS], version)?;
        let mut found: Vec<(Version, Option<i64>)> = rows.collect::<rusqlite::Result<_>>()?;
        if let Some(space) = &space {
            found.retain(|(v, _)| v.space.is_empty() || v.space.eq_ignore_ascii_case(space));
        }
        if found.iter().any(|(v, _)| v.name == name) {
            found.retain(|(v, _)| v.name == name);
        }
        if !found.is_empty() {
            let with_parts = |(mut version, gone): (Version, Option<i64>)| {
                add_parts(db, target, &mut version, gone, 3)?;
                Ok(version)
            };
            return found.into_iter().map(with_parts).collect();
        }
    }
    Ok(Vec::new())
}

/// Adds what went together with an object: the partitions of a table. `depth` levels of them.
fn add_parts(
    db: &Connection,
    target: i64,
    version: &mut Version,
    gone: Option<i64>,
    depth: u8,
) -> rusqlite::Result<()> {
    let (Some(gone), 1..) = (gone, depth) else { return Ok(()) };
    let whole = serde_json::json!([version.space, version.name]).to_string();
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE d.target = ?1 AND d.part_of = ?2 AND d.gone_ms = ?3 ORDER BY d.name LIMIT ?4"
    ))?;
    let parts = query.query_map(params![target, whole, gone, MOST_PARTS], self::version)?;
    let parts: Vec<(Version, Option<i64>)> = parts.collect::<rusqlite::Result<_>>()?;
    for (mut part, gone) in parts {
        add_parts(db, target, &mut part, gone, depth - 1)?;
        version.statements.append(&mut part.statements);
        version.missing.extend(part.missing.into_iter().map(|words| format!("{}: {words}", part.name)));
    }
    Ok(())
}

/// A row, and when the object was gone.
fn version(row: &Row<'_>) -> rusqlite::Result<(Version, Option<i64>)> {
    let (is_now, gone): (bool, Option<i64>) = (row.get(4)?, row.get(5)?);
    // What a later version of the program wrote differently is a definition without statements.
    let body = serde_json::from_str(row.get_ref(6)?.as_str()?)
        .unwrap_or(Body { statements: Vec::new(), missing: vec!["it cannot be read by this version".to_owned()] });
    let end = match (is_now, gone) {
        (true, _) => VersionEnd::Now,
        (false, Some(_)) => VersionEnd::Gone,
        (false, None) => VersionEnd::Changed,
    };
    let version = Version {
        space: row.get(0)?,
        name: row.get(1)?,
        first_seen: Timestamp(row.get(2)?),
        last_seen: Timestamp(row.get(3)?),
        end,
        statements: body.statements,
        missing: body.missing,
    };
    Ok((version, gone))
}

/// Forgets versions that ended too long ago, and of those that others have followed what is too much for their object or
/// target; says how many went. The last version of an object that is gone brings it back: it has room of its own.
///
/// Objects and targets have a share each: a noisy one pushes out nobody else's history.
pub(super) fn forget(db: &Connection, now: Timestamp, keep: &Retention) -> rusqlite::Result<usize> {
    let before = now.0 - i64::from(keep.definition_days) * DAY_MS;
    db.prepare_cached(
        "WITH ended AS (
           SELECT d.id, d.target, d.space, d.name, d.last_ms, d.bytes,
                  d.gone_ms IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM definitions later
                     WHERE later.target = d.target AND later.name = d.name COLLATE NOCASE
                       AND later.name = d.name AND later.space = d.space
                       AND (later.last_ms IS NULL OR (later.last_ms, later.id) > (d.last_ms, d.id))) AS brings_back
             FROM definitions d WHERE d.last_ms IS NOT NULL),
         counted AS (
           SELECT id, last_ms, brings_back,
                  row_number() OVER of_one AS version, sum(bytes) OVER of_one AS bytes_of_one,
                  sum(bytes) OVER (PARTITION BY target, brings_back ORDER BY last_ms DESC, id DESC) AS bytes_of_target
             FROM ended
           WINDOW of_one AS (PARTITION BY target, space, name, brings_back ORDER BY last_ms DESC, id DESC))
         DELETE FROM definitions WHERE id IN (
           SELECT id FROM counted
            WHERE last_ms < ?1
               OR CASE WHEN brings_back THEN bytes_of_target > ?2
                       ELSE version > ?3 OR bytes_of_one > ?4 OR bytes_of_target > ?5 END
            ORDER BY last_ms LIMIT ?6)",
    )?
    .execute(params![before, GONE_BYTES, MOST_VERSIONS, FOLLOWED_BYTES_OF_ONE, FOLLOWED_BYTES, STEP])
}

impl Store {
    /// The fingerprint of every object of a target whose definition is known as it is now, by space and name.
    pub async fn known_fingerprints(&self, target: &TargetId) -> Result<HashMap<(String, String), String>, StoreError> {
        let known = self.ask(|reply| Command::Definitions(Asked::Known(target.clone(), reply))).await?;
        Ok(known.into_iter().map(|object| ((object.space, object.name), object.print)).collect())
    }
    /// Takes one look at a target: every object that is there, and the definitions of those that changed, as far as
    /// they were read. A definition that seems to hold a secret is kept without its statements.
    pub async fn keep_definitions(
        &self,
        target: &TargetId,
        seen: Fingerprints,
        read: Vec<Definition>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.ask(|reply| Command::Definitions(Asked::Keep(target.clone(), seen, read, now, reply))).await
    }
    /// The versions of an object's definition, newest first. `object` is its name as a person or a message says it:
    /// bare or with its schema, quoted or not, in any case when there is none in this one.
    pub async fn definition_versions(&self, target: &TargetId, object: &str) -> Result<Vec<Version>, StoreError> {
        let object = object.to_owned();
        self.ask(|reply| Command::Definitions(Asked::Versions(target.clone(), object, reply))).await
    }
    /// The same, as a diagnosis takes them: those whose statements are known.
    pub async fn definitions(&self, target: &TargetId, object: &str) -> Result<Vec<KnownDefinition>, StoreError> {
        let versions = self.definition_versions(target, object).await?;
        let known = versions.into_iter().filter(|version| !version.statements.is_empty());
        Ok(known
            .map(|version| KnownDefinition {
                space: version.space,
                name: version.name,
                last_seen: version.last_seen,
                statements: version.statements,
                missing: version.missing,
            })
            .collect())
    }
}

#[cfg(test)]
mod tests;
