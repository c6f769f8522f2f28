//! Replication, settings that somebody changed, and objects that statements miss.

use super::Findings;
use crate::domain::diagnosis::{Cause, Verdict};
use crate::domain::error::kind::ErrorKind;
use crate::engine::mysql::diagnose::seen::Scene;
use crate::engine::mysql::diagnose::{further, probes};
use crate::engine::mysql::fix::Source;

/// Seconds behind, from which a replica is (MY38).
const LAG: f64 = 30.0;

pub(super) fn judge(scene: &Scene<'_>, found: &mut Findings) {
    replication(scene, found);
    settings(scene, found);
    missing(scene, found);
}

fn replication(scene: &Scene<'_>, found: &mut Findings) {
    let Some(rows) = scene.rows(probes::REPLICA.name) else {
        let why = scene.refusal(probes::REPLICA.name).unwrap_or("the state of replication was not read").to_owned();
        found.inconclusive(Cause::ReplicationBroken, 0.2, vec![why.clone()]);
        found.inconclusive(Cause::ReplicationLag, 0.2, vec![why]);
        return;
    };
    let sources = Source::all(rows);
    let stopped: Vec<&Source> = sources.iter().filter(|s| !s.runs()).collect();
    if let Some(first) = stopped.first() {
        let mut evidence: Vec<String> = stopped.iter().map(|s| s.words()).collect();
        if !first.error.is_empty() {
            evidence.push(format!("the error says: {}", first.error));
        }
        found.supported(Cause::ReplicationBroken, 0.95, evidence).about = Some(first.from.clone());
    } else {
        found.refuted(
            Cause::ReplicationBroken,
            if sources.is_empty() { "this server follows no other" } else { "receiver and applier run" },
        );
    }
    let worst = sources.iter().filter_map(|s| s.lag).fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
    match worst {
        Some(lag) if lag >= LAG => {
            found.supported(Cause::ReplicationLag, 0.9, vec![format!("it is {lag:.0} s behind (limit {LAG:.0} s)")]);
        }
        Some(lag) => found.refuted(Cause::ReplicationLag, format!("it is {lag:.0} s behind (limit {LAG:.0} s)")),
        None if sources.is_empty() => found.refuted(Cause::ReplicationLag, "this server follows no other"),
        None => {
            found.inconclusive(
                Cause::ReplicationLag,
                0.3,
                vec!["how far it is behind is not told while it does not run".into()],
            );
        }
    }
}

/// A setting whose value does harm, when somebody has set it by hand.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine::mysql) struct Wrong {
    /// The setting.
    pub(in crate::engine::mysql) name: String,
    /// Its value now.
    pub(in crate::engine::mysql) value: String,
    /// The server's default, where it tells it.
    pub(in crate::engine::mysql) default: Option<String>,
    /// Why that does harm, with the limit.
    pub(in crate::engine::mysql) why: String,
}

/// What is wrong with a value.
enum Limit {
    /// Less than this is too little.
    AtLeast(f64),
    /// More than this is too much.
    AtMost(f64),
    /// It has to be this.
    Is(&'static str),
}

/// Settings that people change in a hurry and forget, with values that no server is well with. Sources: the defaults of
/// both products, `MySQLTuner` and pt-variable-advisor.
const LIMITS: &[(&str, Limit, &str)] = &[
    ("tmp_table_size", Limit::AtLeast(1_048_576.0), "almost every temporary table goes to disk"),
    ("max_heap_table_size", Limit::AtLeast(1_048_576.0), "almost every temporary table goes to disk"),
    ("sort_buffer_size", Limit::AtLeast(65_536.0), "almost every sort goes to disk"),
    ("join_buffer_size", Limit::AtLeast(16_384.0), "joins without an index read their tables again and again"),
    ("innodb_buffer_pool_size", Limit::AtLeast(33_554_432.0), "almost every page is read from disk"),
    ("innodb_io_capacity", Limit::AtLeast(100.0), "changed pages are written too slowly"),
    ("innodb_lock_wait_timeout", Limit::AtLeast(1.0), "every wait for a row fails"),
    ("max_connections", Limit::AtLeast(10.0), "clients are turned away"),
    ("table_open_cache", Limit::AtLeast(64.0), "tables are opened again and again"),
    ("long_query_time", Limit::AtLeast(0.001), "every statement is written to the slow log"),
    ("general_log", Limit::Is("OFF"), "every statement is written to a log"),
    ("innodb_stats_auto_recalc", Limit::Is("ON"), "statistics of tables grow old"),
    ("innodb_flush_log_at_trx_commit", Limit::Is("1"), "what was committed may be lost in a crash"),
    ("sync_binlog", Limit::AtLeast(1.0), "replicas may miss what was committed before a crash"),
    ("foreign_key_checks", Limit::Is("ON"), "rows may point at nothing"),
    ("innodb_thread_concurrency", Limit::AtMost(0.0), "sessions wait for each other to enter InnoDB"),
    ("wait_timeout", Limit::AtLeast(10.0), "connections of pools are closed under their clients"),
    ("max_allowed_packet", Limit::AtLeast(1_048_576.0), "statements and rows of ordinary size are refused"),
    ("query_cache_size", Limit::AtMost(134_217_728.0), "every change of a table waits for the query cache"),
];

/// Settings that somebody has changed since the server started, and whose values do harm.
pub(in crate::engine::mysql) fn wrong_settings(scene: &Scene<'_>) -> Vec<Wrong> {
    let Some(rows) = scene.rows(probes::CHANGED_SETTINGS.name) else { return Vec::new() };
    let mut found = Vec::new();
    for row in &rows.rows {
        let (name, value) = (rows.text(row, "name"), rows.text(row, "value"));
        let Some((_, limit, harm)) = LIMITS.iter().find(|(known, ..)| *known == name) else {
            continue;
        };
        let number = value.parse::<f64>().ok();
        let broken = match limit {
            Limit::AtLeast(least) => number.filter(|n| n < least).map(|_| format!("at least {least}")),
            Limit::AtMost(most) => number.filter(|n| n > most).map(|_| format!("at most {most}")),
            Limit::Is(wanted) => {
                let on = |text: &str| matches!(text.to_ascii_uppercase().as_str(), "ON" | "1" | "YES");
                let same =
                    value.eq_ignore_ascii_case(wanted) || matches!(*wanted, "ON" | "OFF") && on(&value) == on(wanted);
                (!same).then(|| wanted.to_string())
            }
        };
        if let Some(limit) = broken {
            let by = match rows.text(row, "changed_by") {
                by if by.is_empty() => String::new(),
                by => format!(", set by {by} at {}", rows.text(row, "changed_at")),
            };
            let default = rows.get(row, "default_value").plain().filter(|text| !text.is_empty());
            found.push(Wrong { default, why: format!("{name} = {value} (limit: {limit}){by}: {harm}"), name, value });
        }
    }
    found
}

fn settings(scene: &Scene<'_>, found: &mut Findings) {
    let wrong = wrong_settings(scene);
    if let Some(first) = wrong.first() {
        let evidence = wrong.iter().map(|w| w.why.clone()).collect();
        found.supported(Cause::ConfigRegression, 0.85, evidence).about = Some(first.name.clone());
        // What a setting does to the whole server is not the fault of those who work there.
        let caused: &[Cause] = match first.name.as_str() {
            "tmp_table_size" | "max_heap_table_size" | "sort_buffer_size" => &[Cause::DiskSpill],
            "innodb_buffer_pool_size" => &[Cause::SmallBufferPool, Cause::IoSaturation],
            "max_connections" => &[Cause::ConnectionSaturation],
            "innodb_stats_auto_recalc" => &[],
            _ => &[],
        };
        for hypothesis in &mut found.hypotheses {
            if caused.contains(&hypothesis.cause) && hypothesis.verdict == Verdict::Supported {
                *hypothesis = hypothesis.clone().follows_from(Cause::ConfigRegression);
            }
        }
        return;
    }
    if let Some(incident) = scene.case.incident.filter(|i| i.kind == ErrorKind::ConfigurationError) {
        found
            .supported(Cause::ConfigRegression, 0.7, vec![incident.message.clone()])
            .about
            .clone_from(&incident.object);
        return;
    }
    match scene.refusal(probes::CHANGED_SETTINGS.name) {
        Some(why) => {
            found.inconclusive(Cause::ConfigRegression, 0.2, vec![why.to_owned()]);
        }
        None => found.refuted(
            Cause::ConfigRegression,
            "no setting that was changed since the server started has a value that does harm",
        ),
    }
}

/// Objects that an incident's statement names and the catalogue does not.
fn missing(scene: &Scene<'_>, found: &mut Findings) {
    let Some(incident) = scene.case.incident else { return };
    match incident.kind {
        ErrorKind::TableNotFound => {
            let object = incident.object.clone().unwrap_or_default();
            let (database, name) = split(&object, &scene.case.identity.database);
            let there = scene.rows(further::SAME_NAME.name).map(|rows| {
                rows.rows.iter().any(|row| rows.text(row, "db") == database && rows.text(row, "name") == name)
            });
            let mut evidence = vec![format!("{} error(s): {}", incident.count, incident.message)];
            let hypothesis = match there {
                Some(true) => {
                    evidence.push(format!("{database}.{name} is there now"));
                    found.push(Cause::MissingTable, Verdict::Refuted, 0.85, evidence)
                }
                Some(false) => {
                    evidence.push(format!("there is no {database}.{name} now"));
                    found.supported(Cause::MissingTable, 0.95, evidence)
                }
                None => found.supported(Cause::MissingTable, 0.7, evidence),
            };
            hypothesis.about = Some(object);
        }
        ErrorKind::ColumnNotFound => {
            let evidence = vec![format!("{} error(s): {}", incident.count, incident.message)];
            found.supported(Cause::MissingColumn, 0.9, evidence).about.clone_from(&incident.object);
        }
        _ => {}
    }
}

/// Database and name of an object; one without a database is in the connected one.
pub(in crate::engine::mysql) fn split(object: &str, here: &str) -> (String, String) {
    let object = object.replace('`', "");
    match object.split_once('.') {
        Some((database, name)) => (database.to_owned(), name.to_owned()),
        None => (here.to_owned(), object),
    }
}
