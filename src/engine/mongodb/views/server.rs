//! Views of the server itself: members of its set, settings, the replication log.

use super::{Grid, TIME_MS, or_nothing, tenths, text, whole};
use crate::domain::error_event::SessionError;
use crate::domain::metric;
use crate::domain::rows::{Rows, Value};
use crate::engine::Query;
use crate::engine::mongodb::cells;
use crate::engine::mongodb::sample::{Set, ask, delays};
use crate::engine::mongodb::session::MongoSession;
use crate::engine::mongodb::wire::Fields as _;
use bson::{RawBsonRef, RawDocument, doc};

/// Bytes of a setting that are shown.
const SETTING: usize = 1000;
/// Parts of names whose values are secret or lead to secrets.
const SECRET: [&str; 4] = ["password", "secret", "token", "credential"];

pub(super) static MEMBERS: Query =
    Query { name: "view.members", text: r#"{"replSetGetStatus": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };

pub(super) static SETTINGS: Query =
    Query { name: "view.settings", text: r#"{"getCmdLineOpts": 1, "$db": "admin"}"#, timeout_ms: TIME_MS };

pub(super) static OPLOG: Query = Query {
    name: "view.oplog",
    text: r#"{"serverStatus": 1, "oplog": 1, "wiredTiger": 0, "metrics": 1, "tcmalloc": 0, "locks": 0, "$db": "admin"}"#,
    timeout_ms: TIME_MS,
};

pub(super) async fn members(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let mut set = match ask(session, query).await {
        Ok(status) => Set::of(&status),
        // NoReplicationEnabled, and what a router says.
        Err(SessionError::Server(message)) if matches!(message.code.as_str(), "76" | "59") => {
            return Err(SessionError::Unsupported("this server is no member of a replica set".into()));
        }
        Err(error) => return Err(error),
    };
    let config = or_nothing(session.ask("admin", doc! { "replSetGetConfig": 1 }, query.timeout_ms).await)?;
    if let Some(config) = &config {
        set = set.with_delays(&delays(config));
    }
    let configured = config.as_ref().map(|reply| reply.documents("config.members")).unwrap_or_default();
    let mut grid = Grid::new(&[
        "member",
        "state",
        "health",
        "lag s#",
        "copies from",
        "ping ms#",
        "votes#",
        "priority#",
        "settings",
        "up s#",
        "message",
    ]);
    for member in &set.members {
        let own = configured.iter().find(|c| c.text("host") == Some(member.name.as_str()));
        let settings: Vec<String> = own.map(|own| traits(own)).unwrap_or_default();
        grid.row(vec![
            text(if member.is_self { format!("{} (this one)", member.name) } else { member.name.clone() }),
            text(member.state_word.as_str()),
            text(if member.works() { "ok" } else { "DOWN" }),
            tenths(set.lag(member)),
            text(member.source.as_str()),
            whole(member.ping_ms),
            whole(own.and_then(|own| own.int("votes"))),
            own.and_then(|own| own.at("priority")).map_or(Value::Null, |priority| cells::cell(priority, 64)),
            text(settings.join(", ")),
            whole(member.uptime),
            text(member.message.as_str()),
        ]);
    }
    Ok(grid.done())
}

/// What is special about a member's configuration.
fn traits(member: &RawDocument) -> Vec<String> {
    let mut words: Vec<String> = [("hidden", "hidden"), ("arbiterOnly", "arbiter")]
        .iter()
        .filter(|(field, _)| member.flag(field))
        .map(|(_, word)| (*word).to_owned())
        .collect();
    if let Some(delay) = member.int("secondaryDelaySecs").or(member.int("slaveDelay")).filter(|&s| s > 0) {
        words.push(format!("delayed {}", metric::seconds(delay as f64)));
    }
    if member.at("buildIndexes") == Some(RawBsonRef::Boolean(false)) {
        words.push("without indexes".to_owned());
    }
    words
}

pub(super) async fn settings(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let mut grid = Grid::new(&["name", "value", "from"]);
    let given = ask(session, query).await?;
    if let Some(parsed) = given.document("parsed") {
        flatten("", parsed, &mut |name, value| grid.row(vec![text(name), shown(name, value), text("start")]));
    }
    let all = session.ask("admin", doc! { "getParameter": "*" }, query.timeout_ms).await;
    if let Some(all) = or_nothing(all)? {
        let mut named: Vec<(&str, RawBsonRef<'_>)> = cells::fields_of(&all)
            .filter(|(name, _)| !name.starts_with('$') && !matches!(*name, "ok" | "operationTime"))
            .collect();
        named.sort_by_key(|(name, _)| *name);
        for (name, value) in named {
            grid.row(vec![text(name), shown(name, value), text("parameter")]);
        }
    }
    Ok(grid.done())
}

fn flatten<'a>(path: &str, document: &'a RawDocument, found: &mut dyn FnMut(&str, RawBsonRef<'a>)) {
    for (name, value) in cells::fields_of(document) {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            RawBsonRef::Document(inner) if !inner.is_empty() => flatten(&path, inner, found),
            value => found(&path, value),
        }
    }
}

/// A setting's value, unless its name says that it is nobody's business.
fn shown(name: &str, value: RawBsonRef<'_>) -> Value {
    let lower = name.to_ascii_lowercase();
    if SECRET.iter().any(|secret| lower.contains(secret))
        && matches!(value, RawBsonRef::String(_) | RawBsonRef::Document(_))
    {
        return Value::Text("(not shown)".to_owned());
    }
    match cells::cell(value, SETTING) {
        Value::Text(words) => text(words),
        other => other,
    }
}

/// One line a fact: there is one log, and it has many sides.
pub(super) async fn oplog(session: &mut MongoSession, query: &'static Query) -> Result<Rows, SessionError> {
    let status = ask(session, query).await?;
    let stats = doc! {
        "aggregate": "oplog.rs", "pipeline": [{ "$collStats": { "storageStats": {} } }], "cursor": {},
    };
    let stats = or_nothing(session.ask("local", stats, query.timeout_ms).await)?;
    let stats = stats.as_ref().and_then(|reply| reply.documents("cursor.firstBatch").into_iter().next());
    let (first, last) = (status.moment("oplog.earliestOptime"), status.moment("oplog.latestOptime"));
    if first.is_none() && stats.is_none() {
        return Err(SessionError::Unsupported(
            "there is no replication log to be seen: the server stands alone, or the login lacks clusterMonitor".into(),
        ));
    }
    let bytes = |path: &str| stats.and_then(|stats| stats.number(&format!("storageStats.{path}")));
    let window = first.zip(last).map(|(first, last)| (last - first).max(0) as f64 / 1000.0);
    let size = bytes("size");
    let rate = size.zip(window.filter(|w| *w > 0.0)).map(|(size, window)| size / window * 3600.0);
    let words = |number: Option<f64>, write: fn(f64) -> String| number.map(write).unwrap_or_default();
    let count = |path: &str| status.int(path).map(|n| n.to_string()).unwrap_or_default();
    let mut grid = Grid::new(&["name", "value", "note"]);
    for (name, value, note) in [
        ("reaches back", words(window, metric::seconds), "a member that is away for longer must be rebuilt"),
        ("first entry", first.map(cells::moment).unwrap_or_default(), ""),
        ("last entry", last.map(cells::moment).unwrap_or_default(), ""),
        ("holds", words(size, metric::bytes), "before compression"),
        ("room", words(bytes("maxSize"), metric::bytes), "replSetResizeOplog changes it"),
        ("on disk", words(bytes("storageSize"), metric::bytes), "compressed"),
        ("written per hour", words(rate, metric::bytes), "mean over what it holds"),
        ("operations applied", count("metrics.repl.apply.ops"), "as a member that copies, since the start"),
        ("waiting to be applied", count("metrics.repl.buffer.apply.count"), "operations"),
    ] {
        if !value.is_empty() {
            grid.row(vec![text(name), text(value), text(note)]);
        }
    }
    Ok(grid.done())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

    #[test]
    fn settings_are_flat_and_secrets_stay_where_they_are() {
        let parsed = rawdoc! {
            "net": { "port": 27017, "tls": { "certificateKeyFilePassword": "S3cr3t" } }, "security": { "keyFile": "/k" },
        };
        let mut found = Vec::new();
        flatten("", &parsed, &mut |name, value| found.push((name.to_owned(), shown(name, value))));
        assert_eq!(
            found,
            [
                ("net.port".to_owned(), Value::Int(27017)),
                ("net.tls.certificateKeyFilePassword".to_owned(), Value::Text("(not shown)".into())),
                ("security.keyFile".to_owned(), Value::Text("/k".into())),
            ]
        );
    }
}
