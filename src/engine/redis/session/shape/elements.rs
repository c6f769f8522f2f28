//! Tables of what keys hold: elements of hashes, lists, sets, sorted sets and streams, and the keys of a scan.

use super::cells::{name, name_of, number_of, value};
use super::{Asked, Table, pairs, records};
use crate::domain::rows::Value;
use crate::engine::redis::wire::Reply;

pub(super) fn table(asked: &Asked<'_>, reply: &Reply) -> Option<Table> {
    Some(match (asked.name.as_str(), asked.subcommand.as_str()) {
        ("SCAN", _) => scan(asked, reply, &["key"]),
        ("HSCAN", _) if asked.has("NOVALUES") => scan(asked, reply, &["field"]),
        ("HSCAN", _) => scan(asked, reply, &["field", "value"]),
        ("SSCAN", _) => scan(asked, reply, &["member"]),
        ("ZSCAN", _) => scan(asked, reply, &["member", "#score"]),
        ("MGET", _) => beside(&asked.words[1..], reply, ["key", "value"]),
        ("HMGET", _) => beside(&asked.words[2..], reply, ["field", "value"]),
        ("SMISMEMBER", _) => beside(&asked.words[2..], reply, ["member", "#is_member"]),
        ("ZMSCORE", _) => beside(&asked.words[2..], reply, ["member", "#score"]),
        ("HRANDFIELD", _) if asked.has("WITHVALUES") => couples(reply, ["field", "value"]),
        ("LRANGE", _) => listed(asked, reply),
        ("ZRANGE" | "ZREVRANGE" | "ZRANGEBYSCORE" | "ZREVRANGEBYSCORE" | "ZRANDMEMBER", _)
            if asked.has("WITHSCORES") =>
        {
            couples(reply, ["member", "#score"])
        }
        ("XRANGE" | "XREVRANGE", _) => entries(reply),
        ("XINFO", "STREAM") => pairs(reply, ["name", "value"]),
        ("XINFO", _) => records(reply.items()),
        ("XPENDING", _) if asked.words.len() > 3 => {
            let mut table = Table::new(&["id", "consumer", "#idle_ms", "#deliveries"]);
            for entry in reply.items() {
                table.push(entry.items().iter().map(value).collect());
            }
            table
        }
        ("XPENDING", _) => {
            let cell = |at: usize| reply.items().get(at).map_or(Value::Null, value);
            let mut table = Table::new(&["#pending", "first_id", "last_id", "consumers"]);
            table.push((0..4).map(cell).collect());
            table
        }
        _ => return None,
    })
}

/// The answer of a scan: a cursor to go on with, and elements of one or two parts.
fn scan(asked: &Asked<'_>, reply: &Reply, columns: &[&str]) -> Table {
    let mut table = Table::new(columns);
    let [cursor, elements] = reply.items() else { return table };
    for part in elements.items().chunks(columns.len()) {
        let mut row: Vec<Value> = vec![name(&part[0])];
        row.extend(part.get(1).map(|own| if columns[1].starts_with('#') { number_of(own) } else { value(own) }));
        if row.len() == columns.len() {
            table.push(row);
        }
    }
    let cursor = cursor.text();
    if cursor != "0" {
        let of_key = if asked.name == "SCAN" { "" } else { " KEY" };
        table.notices.push(format!("there is more: {}{of_key} {cursor} goes on", asked.name));
    }
    table
}

/// What was asked for beside what came back.
fn beside(names: &[Vec<u8>], reply: &Reply, columns: [&str; 2]) -> Table {
    let mut table = Table::new(&columns);
    for (asked, own) in names.iter().zip(reply.items()) {
        table.push(vec![name_of(asked), if columns[1].starts_with('#') { number_of(own) } else { value(own) }]);
    }
    table
}

/// Elements with their value: pairs of RESP3, or a flat list.
pub(crate) fn couples(reply: &Reply, columns: [&str; 2]) -> Table {
    let mut table = Table::new(&columns);
    let nested = reply.items().first().is_some_and(|item| matches!(item, Reply::Array { .. }));
    let couples: Vec<(&Reply, &Reply)> = if nested {
        reply.items().iter().filter_map(|couple| Some((couple.items().first()?, couple.items().get(1)?))).collect()
    } else {
        reply.pairs()
    };
    for (element, own) in couples {
        table.push(vec![name(element), if columns[1].starts_with('#') { number_of(own) } else { value(own) }]);
    }
    table
}

/// A stretch of a list, each element with its position.
fn listed(asked: &Asked<'_>, reply: &Reply) -> Table {
    let start: i64 = asked.words.get(2).and_then(|w| std::str::from_utf8(w).ok()?.parse().ok()).unwrap_or(0);
    let mut table = Table::new(&["#index", "value"]);
    for (n, item) in (start..).zip(reply.items()) {
        table.push(vec![Value::Int(n), value(item)]);
    }
    table
}

/// Entries of a stream: their id and their fields.
pub(crate) fn entries(reply: &Reply) -> Table {
    let mut table = Table::new(&["id", "fields"]);
    for entry in reply.items() {
        let [id, fields] = entry.items() else { continue };
        let map = Reply::Map(fields.pairs().into_iter().map(|(n, v)| (n.clone(), v.clone())).collect());
        table.push(vec![value(id), value(&map)]);
    }
    table
}
