//! `--show KEY`: what a key of any type holds, read in steps. The server never has to build a large reply, and a long
//! string is cut by the server itself.

use super::super::shape::cells::{name, number_of, value};
use super::{Fail, Ground};
use crate::domain::rows::{Column, Value};
use crate::engine::RowSink;
use crate::engine::redis::wire::Reply;
use std::ops::ControlFlow;

/// Elements of one step.
const STEP: i64 = 200;

/// Shows a key.
pub(super) async fn show(key: &[u8], ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<Vec<String>, Fail> {
    let commands: Vec<Vec<&[u8]>> = vec![vec![b"TYPE", key], vec![b"PTTL", key]];
    let mut replies = ground.ask_all(&commands).await?;
    if let Some(Reply::Error(words)) = replies.iter().find(|r| matches!(r, Reply::Error(_))) {
        return Err(Fail::Refused(words.clone()));
    }
    let expires = replies.pop().and_then(|r| r.int());
    let kind = replies.pop().map(|r| r.text()).unwrap_or_default();
    let mut notices = vec![match expires {
        Some(ms) if ms >= 0 => format!("{kind}, expires in {} s", (ms + 999) / 1000),
        _ => format!("{kind}, never expires"),
    }];
    match kind.as_str() {
        "none" => {
            sink.columns(vec![Column::text("value")]);
            notices = vec!["there is no such key in this database".into()];
        }
        "string" => string(key, ground, sink).await?,
        "hash" => scanned(key, "HSCAN", ground, sink).await?,
        "set" => scanned(key, "SSCAN", ground, sink).await?,
        "list" => list(key, ground, sink).await?,
        "zset" => sorted(key, ground, sink).await?,
        "stream" => stream(key, ground, sink).await?,
        other => {
            return Err(Fail::Cannot(format!("{other} is a type of a module: only its own commands can read it")));
        }
    }
    Ok(notices)
}

/// A string, cut by the server at the length of a cell.
pub(crate) async fn cut_string(key: &[u8], ground: &mut Ground<'_>) -> Result<Reply, Fail> {
    let length = match ground.ask(&[b"STRLEN", key]).await?.int() {
        Some(length) => u64::try_from(length).unwrap_or(0),
        None => 0,
    };
    let room = ground.limits.cell_bytes.max(1) as u64;
    if length <= room {
        return ground.ask(&[b"GET", key]).await;
    }
    let end = (room - 1).to_string();
    let part = ground.ask(&[b"GETRANGE", key, b"0", end.as_bytes()]).await?;
    Ok(Reply::Cut { start: part.bytes().unwrap_or_default().to_vec(), bytes: length })
}

async fn string(key: &[u8], ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<(), Fail> {
    let reply = cut_string(key, ground).await?;
    sink.columns(vec![Column::text("value")]);
    let _ = sink.row(vec![value(&reply)]);
    Ok(())
}

async fn scanned(key: &[u8], command: &str, ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<(), Fail> {
    let of_pairs = command == "HSCAN";
    sink.columns(if of_pairs {
        vec![Column::text("field"), Column::text("value")]
    } else {
        vec![Column::text("member")]
    });
    let mut cursor = b"0".to_vec();
    let step = STEP.to_string();
    loop {
        let reply = ground.ask(&[command.as_bytes(), key, &cursor, b"COUNT", step.as_bytes()]).await?;
        let [next, elements] = reply.items() else { return Ok(()) };
        let width = if of_pairs { 2 } else { 1 };
        for element in elements.items().chunks_exact(width) {
            let mut row = vec![name(&element[0])];
            row.extend(element.get(1).map(value));
            if let ControlFlow::Break(()) = sink.row(row) {
                return Ok(());
            }
        }
        cursor = next.bytes().unwrap_or(b"0").to_vec();
        if cursor == b"0" {
            return Ok(());
        }
    }
}

/// The next stretch of positions, as arguments.
fn stretch(start: i64) -> (String, String) {
    (start.to_string(), (start + STEP - 1).to_string())
}

async fn list(key: &[u8], ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<(), Fail> {
    sink.columns(vec![Column::number("index"), Column::text("value")]);
    let mut start = 0;
    loop {
        let (from, to) = stretch(start);
        let reply = ground.ask(&[b"LRANGE", key, from.as_bytes(), to.as_bytes()]).await?;
        for (index, item) in (start..).zip(reply.items()) {
            if let ControlFlow::Break(()) = sink.row(vec![Value::Int(index), value(item)]) {
                return Ok(());
            }
        }
        if (reply.items().len() as u64) < STEP.unsigned_abs() {
            return Ok(());
        }
        start += STEP;
    }
}

async fn sorted(key: &[u8], ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<(), Fail> {
    sink.columns(vec![Column::text("member"), Column::number("score")]);
    let mut start = 0;
    loop {
        let (from, to) = stretch(start);
        let reply = ground.ask(&[b"ZRANGE", key, from.as_bytes(), to.as_bytes(), b"WITHSCORES"]).await?;
        let nested = reply.items().first().is_some_and(|item| matches!(item, Reply::Array { .. }));
        let couples: Vec<(&Reply, &Reply)> = if nested {
            reply.items().iter().filter_map(|c| Some((c.items().first()?, c.items().get(1)?))).collect()
        } else {
            reply.pairs()
        };
        for (member, score) in &couples {
            if let ControlFlow::Break(()) = sink.row(vec![name(member), number_of(score)]) {
                return Ok(());
            }
        }
        if (couples.len() as u64) < STEP.unsigned_abs() {
            return Ok(());
        }
        start += STEP;
    }
}

async fn stream(key: &[u8], ground: &mut Ground<'_>, sink: &mut dyn RowSink) -> Result<(), Fail> {
    sink.columns(vec![Column::text("id"), Column::text("fields")]);
    let mut from = "-".to_owned();
    let step = STEP.to_string();
    loop {
        let reply = ground.ask(&[b"XRANGE", key, from.as_bytes(), b"+", b"COUNT", step.as_bytes()]).await?;
        let shaped = super::super::shape::entries(&reply);
        for row in shaped.rows {
            if let ControlFlow::Break(()) = sink.row(row) {
                return Ok(());
            }
        }
        let last = reply.items().last().and_then(|entry| entry.items().first()).map(Reply::text);
        match last {
            Some(id) if (reply.items().len() as u64) == STEP.unsigned_abs() => from = format!("({id}"),
            _ => return Ok(()),
        }
    }
}
