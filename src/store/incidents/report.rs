//! Changes of incidents: each reads what it needs, lets the book of the domain change it, and writes what changed, in
//! one immediate transaction.

use super::super::error::StoreError;
use super::super::{learning, preferences};
use super::{LogPlace, patterns, rows};
use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::incident::book::{Book, Change, Crowd};
use crate::domain::incident::limits::Terms;
use crate::domain::incident::{Act, Echo, Echoes, Ended, Incident, Key, crowds_of, keys_of};
use crate::domain::target::{TargetId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Takes errors, and the places up to which their logs were read.
pub(super) fn report(
    db: &mut Connection,
    mut events: Vec<ErrorEvent>,
    places: &[LogPlace],
    terms: &Terms,
    now: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    in_book(db, "keep the errors", |transaction, book| {
        for LogPlace { target, log, place } in places {
            preferences::set(transaction, &place_key(target, log), Some(place))?;
        }
        without_echoes(transaction, &mut events, now)?;
        meet(transaction, book, &events, terms)?;
        book.take(events, now, terms);
        Ok(())
    })
}

/// Takes out of a batch what its servers' logs tell of our own fixes.
fn without_echoes(db: &Connection, events: &mut Vec<ErrorEvent>, now: Timestamp) -> rusqlite::Result<()> {
    let mut expected: BTreeMap<TargetId, (Echoes, Echoes)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.source == Source::Log) {
        if !expected.contains_key(&event.target) {
            let before = echoes(db, &event.target)?;
            let mut now_expected = before.clone();
            now_expected.forget(now);
            expected.insert(event.target.clone(), (before, now_expected));
        }
    }
    events.retain_mut(|event| expected.get_mut(&event.target).is_none_or(|(_, echoes)| echoes.hear(event)));
    for (target, (before, after)) in expected {
        if after != before {
            keep_echoes(db, &target, &after)?;
        }
    }
    Ok(())
}

/// Lines that a target's log will have because of what was done from here.
pub(super) fn expect(db: &Connection, target: &TargetId, more: Vec<Echo>) -> rusqlite::Result<()> {
    let mut expected = echoes(db, target)?;
    for echo in more {
        expected.expect(echo);
    }
    keep_echoes(db, target, &expected)
}

fn echoes(db: &Connection, target: &TargetId) -> rusqlite::Result<Echoes> {
    let kept = preferences::get(db, &echo_key(target))?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default())
}

fn keep_echoes(db: &Connection, target: &TargetId, echoes: &Echoes) -> rusqlite::Result<()> {
    let kept = serde_json::to_string(echoes).ok().filter(|_| !echoes.is_empty());
    preferences::set(db, &echo_key(target), kept.as_deref())
}

fn echo_key(target: &TargetId) -> String {
    format!("echoes {target}")
}

/// The place up to which a log was read.
pub(super) fn place(db: &Connection, target: &TargetId, log: &str) -> rusqlite::Result<Option<String>> {
    preferences::get(db, &place_key(target, log))
}

fn place_key(target: &TargetId, log: &str) -> String {
    format!("log {target} {log}")
}

/// Takes conditions that are over.
pub(super) fn end(db: &mut Connection, ended: &[Ended]) -> Result<Vec<Change>, StoreError> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    // Nearly always nothing of the kind is open: that is seen without a transaction that makes others wait.
    let open = |db: &Connection| -> rusqlite::Result<Vec<Incident>> {
        let query =
            "SELECT body FROM incidents WHERE stage <> 'resolved' AND condition AND target = ?1 AND signature = ?2";
        let found = ended.iter().map(|end| rows::select(db, query, params![end.target.as_str(), end.signature]));
        Ok(found.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
    };
    const OPERATION: &str = "end the incident";
    if open(db).map_err(StoreError::of(OPERATION))?.is_empty() {
        return Ok(Vec::new());
    }
    in_book(db, OPERATION, |transaction, book| {
        for incident in open(transaction)? {
            book.know(incident);
        }
        for end in ended {
            book.end(end);
        }
        Ok(())
    })
}

/// Does what time does.
pub(super) fn settle(db: &mut Connection, terms: &Terms, now: Timestamp) -> Result<Vec<Change>, StoreError> {
    in_book(db, "settle the incidents", |transaction, book| {
        let open = rows::select(transaction, "SELECT body FROM incidents WHERE stage <> 'resolved'", [])?;
        for incident in open {
            book.know(incident);
        }
        book.settle(now, terms);
        Ok(())
    })
}

/// Does one thing with an incident.
pub(super) fn act(
    db: &mut Connection,
    id: u64,
    act: &Act,
    at: Timestamp,
    who: Option<&str>,
) -> Result<Change, StoreError> {
    let mut refused = None;
    let changes = in_book(db, "change the incident", |transaction, book| {
        if let Some(incident) = rows::by_id(transaction, id)? {
            book.know(incident);
        }
        refused = book.act(id, act, at, who).and_then(Result::err);
        Ok(())
    })?;
    match (refused, changes.into_iter().next()) {
        (Some(refused), _) => Err(StoreError::Refused(refused.to_string())),
        (None, Some(change)) => Ok(change),
        (None, None) => Err(StoreError::NoIncident(id)),
    }
}

fn in_book(
    db: &mut Connection,
    operation: &'static str,
    work: impl FnOnce(&Transaction<'_>, &mut Book) -> rusqlite::Result<()>,
) -> Result<Vec<Change>, StoreError> {
    let change = || -> rusqlite::Result<Vec<Change>> {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut book = Book::new(last_id(&transaction)?);
        work(&transaction, &mut book)?;
        let written = book.close();
        for change in &written.changes {
            rows::write(&transaction, &change.incident)?;
        }
        for (incident, event) in &written.raw {
            rows::write_event(&transaction, *incident, event)?;
        }
        for pattern in &written.patterns {
            patterns::write(&transaction, pattern)?;
        }
        for (hour, count) in &written.hours {
            patterns::add_to_hour(&transaction, hour, *count)?;
        }
        for (fix, at) in &written.relapses {
            learning::came_again(&transaction, *fix, *at)?;
        }
        transaction.commit()?;
        Ok(written.changes)
    };
    change().map_err(StoreError::of(operation))
}

/// The last number that was given, also of incidents that are forgotten.
fn last_id(db: &Connection) -> rusqlite::Result<u64> {
    let last = db
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'incidents'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(rows::number(last.unwrap_or(0)))
}

/// Puts into the book what these errors may meet.
fn meet(db: &Connection, book: &mut Book, events: &[ErrorEvent], terms: &Terms) -> rusqlite::Result<()> {
    let mut met: HashSet<Key> = HashSet::new();
    let mut keys: HashSet<Key> = HashSet::new();
    let mut crowds: HashSet<Crowd> = HashSet::new();
    for event in events {
        if met.insert(Key::of(event)) {
            keys.extend(keys_of(event));
            crowds.extend(crowds_of(event));
        }
    }
    let signatures: BTreeSet<&str> = keys.iter().map(|key| key.signature.as_str()).collect();
    for signature in signatures {
        if let Some(pattern) = patterns::bare(db, signature)? {
            book.know_pattern(pattern);
        }
    }
    for crowd in crowds {
        let open = match &crowd {
            Crowd::Group(target, group) => db
                .prepare_cached(
                    "SELECT count(*) FROM incidents WHERE stage <> 'resolved' AND target = ?1 AND similar = ?2",
                )?
                .query_row([target.as_str(), group], |row| row.get(0)),
            Crowd::Kind(target, kind) => db
                .prepare_cached(
                    "SELECT count(*) FROM incidents WHERE stage <> 'resolved' AND target = ?1 AND kind = ?2",
                )?
                .query_row([target.as_str(), kind.word()], |row| row.get(0)),
        }?;
        book.know_crowd(crowd, rows::number(open));
    }
    for key in &keys {
        if let Some(incident) = rows::newest(db, key)? {
            book.know(incident);
        }
    }
    // Whatever may be a cause or a follower: what had an error lately or holds, and the rest of its family.
    if let Some(first) = events.iter().map(|event| event.at).min() {
        let near = first.plus_ms(-i64::try_from(terms.limits.correlation_ms).unwrap_or(i64::MAX));
        let query = "SELECT body FROM incidents WHERE stage <> 'resolved' AND (condition OR last_ms >= ?1)";
        for incident in rows::select(db, query, [near.0])? {
            book.know(incident);
        }
        let family: BTreeSet<u64> =
            book.incidents().flat_map(|incident| incident.followers.iter().copied().chain(incident.cause)).collect();
        for id in family {
            if book.incident(id).is_none()
                && let Some(incident) = rows::by_id(db, id)?
            {
                book.know(incident);
            }
        }
    }
    Ok(())
}
