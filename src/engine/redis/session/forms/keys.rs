//! Keys as such: lists of them, their number, one key's facts, and streams with their groups.

use super::super::shape::{Table, cells};
use super::{Fail, Ground, Scanner, count, ttl};
use crate::domain::rows::{Column, Value};
use crate::domain::target::Timestamp;
use crate::engine::RowSink;
use crate::engine::redis::dialect::forms::Walk;
use crate::engine::redis::wire::Reply;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Keys counted, at most.
const MOST_COUNTED: u64 = 5_000_000;
/// Streams looked at, at most.
const MOST_STREAMS: usize = 500;

/// Keys with their type and time to live.
pub(super) async fn list(walk: &Walk, ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<Vec<String>, Fail> {
    sink.columns(vec![Column::text("key"), Column::text("type"), Column::number("ttl_s")]);
    let mut scanner = Scanner::new(walk, u64::MAX);
    // SCAN may bring a key twice while the server makes room for more.
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    while let Some(keys) = scanner.next(ground).await? {
        let keys: Vec<Vec<u8>> =
            keys.into_iter().filter(|key| seen.len() >= 100_000 || seen.insert(key.clone())).collect();
        let commands: Vec<Vec<&[u8]>> =
            keys.iter().flat_map(|key| [vec![&b"TYPE"[..], key], vec![&b"PTTL"[..], key]]).collect();
        let replies = ground.ask_all(&commands).await?;
        for (key, facts) in keys.iter().zip(replies.chunks_exact(2)) {
            if facts[0].text() == "none" {
                continue;
            }
            let row = vec![cells::name_of(key), cells::value(&facts[0]), ttl(&facts[1])];
            if let ControlFlow::Break(()) = sink.row(row) {
                return Ok(Vec::new());
            }
        }
    }
    scanner.words(ground).await
}

/// How many keys match.
pub(super) async fn total(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let mut table = Table::new(&["pattern", "type", "#keys", "complete"]);
    let all = walk.pattern.is_none() && walk.kind.is_none();
    let mut scanner = Scanner::new(walk, MOST_COUNTED);
    let (keys, complete) = if all {
        let keys = ground.ask(&["DBSIZE"]).await?.int().unwrap_or(0);
        (u64::try_from(keys).unwrap_or(0), true)
    } else {
        while scanner.next(ground).await?.is_some() {}
        table.notices = scanner.words(ground).await?;
        (scanner.found, scanner.is_complete())
    };
    table.push(vec![
        walk.pattern.as_ref().map_or(Value::Text("*".into()), |p| cells::name_of(p)),
        Value::Text(walk.kind.clone().unwrap_or_else(|| "any".into())),
        count(keys),
        Value::Bool(complete),
    ]);
    Ok(table)
}

/// The command that counts the elements of a type, and what they are.
pub(super) fn size_command(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "string" => ("STRLEN", "bytes"),
        "list" => ("LLEN", "elements"),
        "set" => ("SCARD", "members"),
        "zset" => ("ZCARD", "members"),
        "hash" => ("HLEN", "fields"),
        "stream" => ("XLEN", "entries"),
        _ => return None,
    })
}

/// Type, encoding, size, memory and time to live of one key.
pub(super) async fn facts(key: &[u8], ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let kind = ground.ask(&[b"TYPE", key]).await?.text();
    let mut table = Table::new(&[
        "key",
        "type",
        "encoding",
        "#elements",
        "unit",
        "#bytes",
        "#ttl_s",
        "expires_utc",
        "#idle_s",
        "#frequency",
    ]);
    if kind == "none" {
        table.notices.push("there is no such key in this database".into());
        return Ok(table);
    }
    let (size, unit) = size_command(&kind).unwrap_or(("TYPE", ""));
    // When it was last used comes first: counting its elements is a use, where the server has no NO-TOUCH.
    let commands: Vec<Vec<&[u8]>> = vec![
        vec![b"OBJECT", b"IDLETIME", key],
        vec![b"OBJECT", b"FREQ", key],
        vec![b"OBJECT", b"ENCODING", key],
        vec![b"MEMORY", b"USAGE", key],
        vec![b"PTTL", key],
        vec![b"TIME"],
        vec![size.as_bytes(), key],
    ];
    let replies = ground.ask_all(&commands).await?;
    let cell = |at: usize| match &replies[at] {
        Reply::Error(_) => Value::Null,
        reply => cells::value(reply),
    };
    let expires = match (replies[4].int(), replies[5].items().first().and_then(Reply::int)) {
        (Some(ms), Some(now)) if ms >= 0 => Value::Text(Timestamp(now * 1000 + ms).date_time(0)),
        _ => Value::Null,
    };
    table.push(vec![
        cells::name_of(key),
        Value::Text(kind.clone()),
        cell(2),
        if unit.is_empty() { Value::Null } else { cell(6) },
        Value::Text(unit.to_owned()),
        cell(3),
        ttl(&replies[4]),
        expires,
        cell(0),
        cell(1),
    ]);
    if replies[4].int() == Some(-1) {
        table.notices.push("it never expires".into());
    }
    Ok(table)
}

/// Streams with their groups: entries, pending, lag.
pub(super) async fn streams(walk: &Walk, ground: &mut Ground<'_>) -> Result<Table, Fail> {
    let mut table = Table::new(&[
        "stream",
        "#entries",
        "group",
        "#consumers",
        "#pending",
        "#lag",
        "last_delivered",
        "oldest_entry_utc",
    ]);
    let mut scanner = Scanner::new(walk, u64::MAX);
    let mut looked = 0;
    while let Some(keys) = scanner.next(ground).await? {
        for key in keys {
            if looked == MOST_STREAMS {
                table.notices.push(format!("cut after {MOST_STREAMS} streams"));
                return Ok(table);
            }
            looked += 1;
            let commands: Vec<Vec<&[u8]>> = vec![
                vec![b"XLEN", &key],
                vec![b"XRANGE", &key, b"-", b"+", b"COUNT", b"1"],
                vec![b"XINFO", b"GROUPS", &key],
            ];
            let replies = ground.ask_all(&commands).await?;
            let oldest =
                replies[1].items().first().and_then(|e| e.items().first()).map(Reply::text).unwrap_or_default();
            let oldest = oldest
                .split('-')
                .next()
                .and_then(|ms| ms.parse().ok())
                .map_or(Value::Null, |ms| Value::Text(Timestamp(ms).date_time(0)));
            let groups = replies[2].items();
            let row = |group: Option<&Reply>| {
                let cell = |name: &str| group.and_then(|g| g.get(name)).map_or(Value::Null, cells::value);
                vec![
                    cells::name_of(&key),
                    cells::value(&replies[0]),
                    cell("name"),
                    cell("consumers"),
                    cell("pending"),
                    cell("lag"),
                    cell("last-delivered-id"),
                    oldest.clone(),
                ]
            };
            if groups.is_empty() {
                table.push(row(None));
            }
            for group in groups {
                table.push(row(Some(group)));
            }
        }
    }
    table.notices.extend(scanner.words(ground).await?);
    Ok(table)
}
