//! Tables of what the server says about itself.

use super::super::info::{self, Info};
use super::cells::{name, number, value};
use super::{Asked, Table, pairs, records};
use crate::domain::rows::{Column, Value};
use crate::domain::target::Timestamp;
use crate::engine::redis::dialect::classify;
use crate::engine::redis::wire::Reply;

pub(super) fn table(asked: &Asked<'_>, reply: &Reply) -> Option<Table> {
    Some(match (asked.name.as_str(), asked.subcommand.as_str()) {
        ("INFO", section) => of_info(section, &Info::parse(&reply.text()), "usec"),
        ("CLIENT", "LIST" | "INFO") => clients(&reply.text()),
        ("SLOWLOG" | "COMMANDLOG", "GET") => slow_log(reply),
        ("LATENCY", "LATEST") => {
            let mut table = Table::new(&["event", "at_utc", "#latest_ms", "#max_ms"]);
            for event in reply.items() {
                let part = |at: usize| event.items().get(at);
                table.push(vec![
                    part(0).map_or(Value::Null, name),
                    part(1).map_or(Value::Null, moment),
                    part(2).map_or(Value::Null, value),
                    part(3).map_or(Value::Null, value),
                ]);
            }
            table
        }
        ("LATENCY", "HISTORY") => {
            let mut table = Table::new(&["at_utc", "#latency_ms"]);
            for spike in reply.items() {
                if let [at, took] = spike.items() {
                    table.push(vec![moment(at), value(took)]);
                }
            }
            table
        }
        ("LATENCY", "HISTOGRAM") => histogram(reply),
        ("LATENCY" | "MEMORY", "DOCTOR" | "GRAPH" | "MALLOC-STATS") => lines(&reply.text()),
        ("MEMORY", "STATS") => flat(reply),
        ("CONFIG", "GET") => settings(reply),
        ("COMMAND", "INFO") => commands(reply),
        ("COMMAND", "DOCS") => pairs(reply, ["command", "documentation"]),
        ("TIME", _) => {
            let mut table = Table::new(&["server_time_utc", "#unix_ms"]);
            let part = |at: usize| reply.items().get(at).and_then(Reply::int).unwrap_or(0);
            let unix_ms = part(0).saturating_mul(1000).saturating_add(part(1) / 1000);
            table.push(vec![reply.items().first().map_or(Value::Null, moment), Value::Int(unix_ms)]);
            table
        }
        ("LASTSAVE", _) => {
            let mut table = Table::new(&["last_save_utc"]);
            table.push(vec![moment(reply)]);
            table
        }
        ("ROLE", _) => role(reply),
        ("CLUSTER", "INFO") => of_info("", &Info::parse(&reply.text()), ""),
        ("CLUSTER", "NODES" | "REPLICAS") => cluster_nodes(reply),
        ("CLUSTER", "SLOTS") => cluster_slots(reply),
        ("CLUSTER", "LINKS") | ("MODULE", "LIST") | ("SENTINEL", "MASTERS" | "REPLICAS" | "SLAVES" | "SENTINELS") => {
            records(reply.items())
        }
        ("SENTINEL", "MASTER") => pairs(reply, ["name", "value"]),
        ("PUBSUB", "NUMSUB" | "SHARDNUMSUB") => pairs(reply, ["channel", "#subscribers"]),
        _ => return None,
    })
}

/// A moment in seconds, in UTC.
fn moment(reply: &Reply) -> Value {
    reply.int().map_or(Value::Null, |seconds| Value::Text(Timestamp(seconds.saturating_mul(1000)).date_time(0)))
}

/// INFO: the statistics of commands, errors, latencies and databases have columns of their own. `sort` is the field by
/// which commands stand, largest first.
pub(crate) fn of_info(section: &str, info: &Info, sort: &str) -> Table {
    match section {
        "COMMANDSTATS" => {
            let mut table = Table::new(&[
                "command",
                "#calls",
                "#usec",
                "#usec_per_call",
                "#percent_of_time",
                "#rejected_calls",
                "#failed_calls",
            ]);
            let total: f64 = info.section("commandstats").filter_map(|(_, v)| info::field(v, "usec")).sum();
            let mut rows: Vec<(&str, &str)> = info.section("commandstats").collect();
            let by = |value: &str| info::field(value, sort).unwrap_or(0.0);
            rows.sort_by(|a, b| by(b.1).total_cmp(&by(a.1)));
            for (own, stats) in rows {
                let cell = |field: &str| {
                    info::fields(stats).find(|(name, _)| *name == field).map_or(Value::Null, |(_, text)| number(text))
                };
                let share = info::field(stats, "usec").filter(|_| total > 0.0).map(|usec| 100.0 * usec / total);
                table.push(vec![
                    Value::Text(own.trim_start_matches("cmdstat_").to_owned()),
                    cell("calls"),
                    cell("usec"),
                    cell("usec_per_call"),
                    share.map_or(Value::Null, |share| Value::Number(format!("{share:.1}"))),
                    cell("rejected_calls"),
                    cell("failed_calls"),
                ]);
            }
            table
        }
        "ERRORSTATS" => counted(info, "errorstats", "errorstat_", &["error", "#count"]),
        "KEYSPACE" => {
            let mut table = Table::new(&["database", "#keys", "#with_expiry", "#average_ttl_ms"]);
            for (own, stats) in info.section("keyspace") {
                let cell = |field: &str| info::field(stats, field).map_or(Value::Null, whole);
                table.push(vec![Value::Text(own.to_owned()), cell("keys"), cell("expires"), cell("avg_ttl")]);
            }
            table
        }
        "LATENCYSTATS" => {
            let mut table = Table::new(&["command", "#p50_usec", "#p99_usec", "#p99.9_usec"]);
            for (own, stats) in info.section("latencystats") {
                let cell = |field: &str| {
                    info::fields(stats).find(|(n, _)| *n == field).map_or(Value::Null, |(_, t)| number(t))
                };
                table.push(vec![
                    Value::Text(own.trim_start_matches("latency_percentiles_usec_").to_owned()),
                    cell("p50"),
                    cell("p99"),
                    cell("p99.9"),
                ]);
            }
            table
        }
        _ => {
            let one_section = info.lines.windows(2).all(|pair| pair[0].0 == pair[1].0);
            let mut table = Table::new(if one_section { &["name", "value"] } else { &["section", "name", "value"] });
            for (section, own, stats) in &info.lines {
                let mut row = vec![Value::Text(own.clone()), Value::Text(stats.clone())];
                if !one_section {
                    row.insert(0, Value::Text(section.clone()));
                }
                table.push(row);
            }
            table
        }
    }
}

/// A whole number of a statistic.
pub(crate) fn whole(number: f64) -> Value {
    Value::Number(format!("{number:.0}"))
}

fn counted(info: &Info, section: &str, prefix: &str, columns: &[&str]) -> Table {
    let mut table = Table::new(columns);
    let mut rows: Vec<(&str, f64)> =
        info.section(section).filter_map(|(own, stats)| Some((own, info::field(stats, "count")?))).collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (own, count) in rows {
        table.push(vec![Value::Text(own.trim_start_matches(prefix).to_owned()), whole(count)]);
    }
    table
}

/// CLIENT LIST: `name=value` fields, one client a line.
pub(crate) fn clients(text: &str) -> Table {
    let parsed: Vec<Vec<(&str, &str)>> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split(' ').filter_map(|field| field.split_once('=')).collect())
        .collect();
    let mut table = Table::default();
    let Some(first) = parsed.first() else {
        return Table::new(&["#id", "addr", "name"]);
    };
    const NUMBERS: &[&str] = &[
        "id",
        "fd",
        "age",
        "idle",
        "db",
        "sub",
        "psub",
        "ssub",
        "multi",
        "watch",
        "qbuf",
        "qbuf-free",
        "argv-mem",
        "multi-mem",
        "rbs",
        "rbp",
        "obl",
        "oll",
        "omem",
        "tot-mem",
        "redir",
        "resp",
        "tot-net-in",
        "tot-net-out",
        "tot-cmds",
    ];
    for (own, _) in first {
        table.columns.push(if NUMBERS.contains(own) { Column::number(own) } else { Column::text(own) });
    }
    for client in &parsed {
        let cell = |own: &str| match client.iter().find(|(n, _)| *n == own) {
            Some((_, text)) if NUMBERS.contains(&own) => number(text),
            Some((_, text)) => Value::Text((*text).to_owned()),
            None => Value::Null,
        };
        table.push(first.iter().map(|(own, _)| cell(own)).collect());
    }
    table
}

fn slow_log(reply: &Reply) -> Table {
    let mut table = Table::new(&["#id", "at_utc", "#duration_us", "command", "client", "client_name"]);
    for entry in reply.items() {
        let part = |at: usize| entry.items().get(at);
        let command: Vec<String> = part(3)
            .map(|words| {
                words
                    .items()
                    .iter()
                    .map(|w| crate::engine::redis::dialect::line::quote(w.bytes().unwrap_or_default()))
                    .collect()
            })
            .unwrap_or_default();
        table.push(vec![
            part(0).map_or(Value::Null, value),
            part(1).map_or(Value::Null, moment),
            part(2).map_or(Value::Null, value),
            Value::Text(without_passwords(&command)),
            part(4).map_or(Value::Null, value),
            part(5).map_or(Value::Null, value),
        ]);
    }
    table
}

/// What others typed may hold passwords: newer servers leave them out, older ones do not.
fn without_passwords(words: &[String]) -> String {
    let upper = |at: usize| words.get(at).map(|w| w.to_ascii_uppercase()).unwrap_or_default();
    let keep = match (upper(0).as_str(), upper(1).as_str()) {
        ("AUTH" | "MIGRATE", _) => 1,
        ("HELLO", _) => 2,
        ("ACL", "SETUSER") => 3,
        ("CONFIG", "SET") if words.iter().any(|w| classify::is_secret(w)) => 3,
        ("SENTINEL", "SET" | "CONFIG") => 3,
        _ => words.len(),
    };
    let mut out = words[..keep.min(words.len())].join(" ");
    if keep < words.len() {
        out.push_str(" ***");
    }
    out
}

fn histogram(reply: &Reply) -> Table {
    let mut table = Table::new(&["command", "#calls", "histogram_usec"]);
    for (own, stats) in reply.pairs() {
        table.push(vec![
            name(own),
            stats.get("calls").map_or(Value::Null, value),
            stats.get("histogram_usec").map_or(Value::Null, |h| {
                let steps: Vec<String> =
                    h.pairs().iter().map(|(to, n)| format!("<={}: {}", to.text(), n.text())).collect();
                Value::Text(steps.join(", "))
            }),
        ]);
    }
    table
}

fn lines(text: &str) -> Table {
    let mut table = Table::new(&["line"]);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        table.push(vec![Value::Text(line.to_owned())]);
    }
    table
}

/// Names and values, nested ones as `outer.inner`.
fn flat(reply: &Reply) -> Table {
    fn add(table: &mut Table, before: &str, reply: &Reply) {
        for (own, stats) in reply.pairs() {
            let full = if before.is_empty() { own.text() } else { format!("{before}.{}", own.text()) };
            match stats {
                Reply::Map(_) | Reply::Array { .. } => add(table, &full, stats),
                scalar => table.push(vec![Value::Text(full), value(scalar)]),
            }
        }
    }
    let mut table = Table::new(&["name", "value"]);
    add(&mut table, "", reply);
    table
}

/// CONFIG GET. Should the server answer with more than was asked for, no password is among what is shown.
fn settings(reply: &Reply) -> Table {
    let mut table = Table::new(&["name", "value"]);
    for (own, setting) in reply.pairs() {
        let secret = classify::is_secret(&own.text());
        table.push(vec![name(own), if secret { Value::Text("***".into()) } else { value(setting) }]);
    }
    table
}

fn commands(reply: &Reply) -> Table {
    let mut table = Table::new(&["command", "#arity", "flags", "#first_key", "#last_key", "#step", "acl_categories"]);
    for command in reply.items() {
        let words = |at: usize| {
            let list = command.items().get(at).map(Reply::items).unwrap_or_default();
            Value::Text(list.iter().map(Reply::text).collect::<Vec<_>>().join(" "))
        };
        let cell = |at: usize| command.items().get(at).map_or(Value::Null, value);
        if !command.items().is_empty() {
            table.push(vec![cell(0), cell(1), words(2), cell(3), cell(4), cell(5), words(6)]);
        }
    }
    table
}

fn role(reply: &Reply) -> Table {
    let part = |at: usize| reply.items().get(at).unwrap_or(&Reply::Null);
    match part(0).text().as_str() {
        "master" => {
            let mut table = Table::new(&["role", "#offset", "replica", "#replica_offset"]);
            let replicas = part(2).items();
            for replica in replicas {
                let of = |at: usize| replica.items().get(at).map(Reply::text).unwrap_or_default();
                let row =
                    vec![value(part(0)), value(part(1)), Value::Text(format!("{}:{}", of(0), of(1))), number(&of(2))];
                table.push(row);
            }
            if replicas.is_empty() {
                table.push(vec![value(part(0)), value(part(1)), Value::Null, Value::Null]);
            }
            table
        }
        "slave" => {
            let mut table = Table::new(&["role", "primary", "state", "#offset"]);
            let primary = format!("{}:{}", part(1).text(), part(2).text());
            table.push(vec![Value::Text("replica".into()), Value::Text(primary), value(part(3)), value(part(4))]);
            table
        }
        _ => {
            let mut table = Table::new(&["role", "watches"]);
            table.push(vec![value(part(0)), value(part(1))]);
            table
        }
    }
}

fn cluster_nodes(reply: &Reply) -> Table {
    let mut table =
        Table::new(&["address", "flags", "id", "primary_id", "ping_sent", "pong_received", "#epoch", "link", "slots"]);
    let whole = reply.text();
    let listed: Vec<String> = reply.items().iter().map(Reply::text).collect();
    let all: Vec<&str> =
        if listed.is_empty() { whole.lines().collect() } else { listed.iter().map(String::as_str).collect() };
    for line in all.into_iter().filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(' ').collect();
        let text = |at: usize| Value::Text(fields.get(at).copied().unwrap_or_default().to_owned());
        let slots = fields.get(8..).unwrap_or_default().join(" ");
        let epoch = number(fields.get(6).copied().unwrap_or_default());
        table.push(vec![text(1), text(2), text(0), text(3), text(4), text(5), epoch, text(7), Value::Text(slots)]);
    }
    table
}

fn cluster_slots(reply: &Reply) -> Table {
    let mut table = Table::new(&["#first_slot", "#last_slot", "primary", "replicas"]);
    let address = |node: &Reply| {
        let of = |at: usize| node.items().get(at).map(Reply::text).unwrap_or_default();
        format!("{}:{}", of(0), of(1))
    };
    for range in reply.items() {
        let parts = range.items();
        let (Some(first), Some(last)) = (parts.first(), parts.get(1)) else { continue };
        let nodes: Vec<String> = parts.iter().skip(2).map(address).collect();
        let primary = nodes.first().cloned().unwrap_or_default();
        let replicas = nodes.get(1..).unwrap_or_default().join(", ");
        table.push(vec![value(first), value(last), Value::Text(primary), Value::Text(replicas)]);
    }
    table
}
