//! A server in words: what its probes would answer.

use crate::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition, Observation, SeenPlan};
use crate::domain::error::event::{ErrorEvent, Source};
use crate::domain::error::kind::{ErrorKind, Severity};
use crate::domain::error::naming::Understood;
use crate::domain::incident::Incident;
use crate::domain::procedure::{Plan, offers};
use crate::domain::proposal::kind::FixKind;
use crate::domain::rows::{Column, Rows, Value};
use crate::domain::target::{Environment, Identity, TargetId, Timestamp};
use crate::engine::mysql::diagnose::{EXAMINATION, further, probes};
use std::collections::BTreeMap;

/// The moment of the last look.
pub(super) const NOW: i64 = 1_000_000_000;
/// Looks of a watch.
const LOOKS: i64 = 10;

/// A session in words; every number of seconds.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) id: i64,
    pub(super) user: &'static str,
    pub(super) application: &'static str,
    pub(super) command: &'static str,
    pub(super) state: &'static str,
    pub(super) seconds: i64,
    pub(super) transaction: Option<i64>,
    pub(super) waits: Option<i64>,
    pub(super) modified: i64,
    pub(super) statement: &'static str,
}

impl Who {
    /// Does nothing, for so long.
    pub(super) fn idle(id: i64, seconds: i64) -> Self {
        Self {
            id,
            user: "app",
            application: "",
            command: "Sleep",
            state: "",
            seconds,
            transaction: None,
            waits: None,
            modified: 0,
            statement: "",
        }
    }
    /// Works on a statement, for so long.
    pub(super) fn works(id: i64, seconds: i64, statement: &'static str) -> Self {
        Self { command: "Query", state: "executing", statement, ..Self::idle(id, seconds) }
    }
    /// In a transaction of this age, with so many changed rows.
    pub(super) fn since(mut self, seconds: i64, modified: i64) -> Self {
        (self.transaction, self.modified) = (Some(seconds), modified);
        self
    }
    /// Waits for a row.
    pub(super) fn waits(mut self, seconds: i64) -> Self {
        (self.waits, self.transaction) = (Some(seconds), Some(seconds));
        self
    }
    /// In another state.
    pub(super) fn state(mut self, state: &'static str) -> Self {
        self.state = state;
        self
    }
}

/// Rows from text: `-` is NULL.
pub(super) fn rows(names: &[&str], cells: &[Vec<String>]) -> Rows {
    let cell = |text: &String| if text == "-" { Value::Null } else { Value::Text(text.clone()) };
    Rows {
        columns: names.iter().map(|name| Column::text(name)).collect(),
        rows: cells.iter().map(|row| row.iter().map(cell).collect()).collect(),
        truncated: None,
    }
}

fn sessions(list: &[Who], now: i64) -> Rows {
    let opt = |seconds: Option<i64>| seconds.map_or("-".to_owned(), |s| (now - s * 1_000).to_string());
    let cells: Vec<Vec<String>> = list
        .iter()
        .map(|w| {
            vec![
                w.id.to_string(),
                w.user.to_owned(),
                format!("10.0.0.7:{}", 40_000 + w.id),
                "shop".to_owned(),
                w.command.to_owned(),
                w.state.to_owned(),
                w.application.to_owned(),
                (w.seconds * 1_000).to_string(),
                w.transaction.map_or("-".to_owned(), |_| format!("{} of then", 900 + w.id)),
                w.waits.map_or("RUNNING".to_owned(), |_| "LOCK WAIT".to_owned()),
                opt(w.transaction),
                opt(w.waits),
                w.modified.to_string(),
                w.modified.to_string(),
                w.statement.to_owned(),
                now.to_string(),
            ]
        })
        .collect();
    let names = [
        "id",
        "user",
        "host",
        "db",
        "command",
        "state",
        "application",
        "time_ms",
        "trx",
        "trx_state",
        "trx_began_ms",
        "trx_waits_since_ms",
        "rows_modified",
        "rows_locked",
        "statement",
        "now_ms",
    ];
    rows(&names, &cells)
}

/// What was seen of a server.
pub(super) struct Server {
    pub(super) seen: Observation,
    /// Counters at the beginning and at the end.
    counters: Vec<(String, [i64; 2])>,
    identity: Identity,
    incident: Option<Incident>,
    definitions: Vec<KnownDefinition>,
}

impl Server {
    /// MariaDB without `performance_schema`, at rest.
    pub(super) fn mariadb() -> Self {
        let mut server = Self::of(101_119);
        let why = "who holds a metadata lock is not visible: INSTALL SONAME 'metadata_lock_info'";
        server.seen.refuse(probes::METADATA_WAITS.name, why.into());
        server
    }
    /// MySQL, at rest.
    pub(super) fn mysql() -> Self {
        Self::of(90_400)
    }
    fn of(version_number: u32) -> Self {
        let identity =
            Identity { version_number, database: "shop".into(), user: "dbagpt_ro@%".into(), ..Identity::default() };
        let mut server = Self {
            seen: Observation::default(),
            counters: Vec::new(),
            identity,
            incident: None,
            definitions: Vec::new(),
        };
        server.settings(&[
            ("max_connections", "100"),
            ("sort_buffer_size", "2097152"),
            ("innodb_buffer_pool_size", "134217728"),
            ("innodb_print_all_deadlocks", "OFF"),
        ]);
        server.counters(&[("Threads_connected", 3, 3), ("Innodb_deadlocks", 0, 0), ("Questions", 10, 30)]);
        server.seen.add(probes::CHANGED_SETTINGS.name, Timestamp(NOW), rows(&["name", "value"], &[]));
        server.seen.add(probes::REPLICA.name, Timestamp(NOW), rows(&["Slave_IO_Running"], &[]));
        server
    }

    fn add(&mut self, name: &str, look: i64, rows: Rows) {
        self.seen.add(name, Timestamp(NOW - (LOOKS - 1 - look) * 1_000), rows);
    }
    /// The same sessions at every look, older by a second each; and who waits for whose rows.
    pub(super) fn sessions(mut self, list: &[Who], waits: &[(i64, i64)]) -> Self {
        let edges: Vec<Vec<String>> =
            waits.iter().map(|(w, b)| vec![w.to_string(), b.to_string(), "X".into(), "shop.orders".into()]).collect();
        for look in 0..LOOKS {
            let younger = LOOKS - 1 - look;
            let list: Vec<Who> =
                list.iter().map(|w| Who { seconds: (w.seconds - younger).max(0), ..w.clone() }).collect();
            self.add(probes::SESSIONS.name, look, sessions(&list, NOW - younger * 1_000));
            self.add(probes::ROW_WAITS.name, look, rows(&["waiting", "blocking", "mode", "object"], &edges));
        }
        self
    }
    /// Who waits for whose metadata, where the server tells it.
    pub(super) fn metadata(mut self, waits: &[(i64, i64)]) -> Self {
        let edges: Vec<Vec<String>> =
            waits.iter().map(|(w, b)| vec![w.to_string(), b.to_string(), "shop.orders".into()]).collect();
        for look in 0..LOOKS {
            self.add(probes::METADATA_WAITS.name, look, rows(&["waiting", "blocking", "object"], &edges));
        }
        self
    }
    pub(super) fn settings(&mut self, values: &[(&str, &str)]) {
        let cells: Vec<Vec<String>> = values.iter().map(|(n, v)| vec![(*n).to_owned(), (*v).to_owned()]).collect();
        self.seen.add(probes::SETTINGS.name, Timestamp(NOW - 10_000), rows(&["Variable_name", "Value"], &cells));
    }
    /// Counters at the beginning and at the end, ten seconds apart, in place of those that were there.
    pub(super) fn counters(&mut self, values: &[(&str, i64, i64)]) {
        self.counters = values.iter().map(|(name, first, last)| ((*name).to_owned(), [*first, *last])).collect();
    }
    /// Any other answer.
    pub(super) fn answer(mut self, name: &str, names: &[&str], cells: &[&[&str]]) -> Self {
        let cells: Vec<Vec<String>> = cells.iter().map(|row| row.iter().map(|c| (*c).to_owned()).collect()).collect();
        self.seen.add(name, Timestamp(NOW), rows(names, &cells));
        self
    }
    /// `shop.orders`, with these columns and indexes: name, unique, columns.
    pub(super) fn table(self, columns: &[&str], indexes: &[(&str, bool, &[&str])]) -> Self {
        let columns: Vec<Vec<String>> = columns
            .iter()
            .map(|c| ["shop", "orders", c, "int", "InnoDB", "200000", "90000000"].map(str::to_owned).to_vec())
            .collect();
        let parts: Vec<Vec<String>> = indexes
            .iter()
            .flat_map(|(name, unique, columns)| {
                columns.iter().map(move |column| {
                    let unique = if *unique { "1" } else { "0" };
                    ["shop", "orders", *name, unique, *column, "-", "1", "BTREE"].map(str::to_owned).to_vec()
                })
            })
            .collect();
        let mut server = self;
        let names = ["db", "tbl", "name", "base", "engine", "estimate", "bytes"];
        server.seen.add(further::COLUMNS.name, Timestamp(NOW), rows(&names, &columns));
        let names = ["db", "tbl", "name", "is_unique", "col", "prefix", "is_visible", "kind"];
        server.seen.add(further::INDEXES.name, Timestamp(NOW), rows(&names, &parts));
        server
    }
    /// The plan of a statement: table, access, key, rows, extra of each read.
    pub(super) fn plan(mut self, statement: &str, reads: &[(&str, &str, &str, &str, &str)]) -> Self {
        let cells: Vec<Vec<String>> = reads
            .iter()
            .enumerate()
            .map(|(i, (kind, table, access, number, extra))| {
                let select = if kind.starts_with("DEPENDENT") { i + 1 } else { 1 };
                [select.to_string().as_str(), *kind, *table, *access, "-", *number, *extra].map(str::to_owned).to_vec()
            })
            .collect();
        let names = ["id", "select_type", "table", "type", "key", "rows", "Extra"];
        let statement = format!("EXPLAIN FORMAT=TRADITIONAL {statement}");
        self.seen.plans.push(SeenPlan { statement, rows: rows(&names, &cells) });
        self
    }
    /// An error that was seen.
    pub(super) fn incident(mut self, kind: ErrorKind, object: &str, statement: &str) -> Self {
        let understood = Understood {
            code: "1146".into(),
            kind,
            severity: Severity::Error,
            object: Some(object.into()),
            message: format!("{object} is wrong"),
            signature: "s".into(),
            group: "g".into(),
            title: "t".into(),
            transient: false,
        };
        let at = Timestamp(NOW - 5_000);
        let mut event = ErrorEvent::new(at, TargetId::new("t"), crate::engine::mysql::ID, Source::Log, understood);
        event.statement = Some(statement.into());
        self.incident = Some(Incident::new(1, &event, at));
        self
    }
    /// How a table was when we last saw it.
    pub(super) fn known(mut self, space: &str, name: &str, statement: &str) -> Self {
        self.definitions.push(KnownDefinition {
            space: space.into(),
            name: name.into(),
            last_seen: Timestamp(NOW - 3_600_000),
            statements: vec![statement.into()],
            missing: Vec::new(),
        });
        self
    }

    /// The judge's word and the plans, best first.
    pub(super) fn judged(&self) -> (Diagnosis, Vec<Plan>) {
        let usual = BTreeMap::new();
        let mut seen = self.seen.clone();
        for (at, pick) in [(NOW - 10_000, 0), (NOW, 1)] {
            let cells: Vec<Vec<String>> =
                self.counters.iter().map(|(name, values)| vec![name.clone(), values[pick].to_string()]).collect();
            seen.add(probes::STATUS.name, Timestamp(at), rows(&["Variable_name", "Value"], &cells));
        }
        let case = Case {
            now: Timestamp(NOW),
            identity: &self.identity,
            environment: Environment::Production,
            observation: &seen,
            incident: self.incident.as_ref(),
            usual: &usual,
            focus: None,
            definitions: &self.definitions,
        };
        let diagnosis = (EXAMINATION.judge)(&case);
        let plans = offers(EXAMINATION.procedures, &case, &diagnosis);
        (diagnosis, plans)
    }
    /// The causes that are supported, the surest first.
    pub(super) fn roots(&self) -> Vec<Cause> {
        self.judged().0.roots().map(|h| h.cause).collect()
    }
    /// The plans of a procedure.
    pub(super) fn plans(&self, procedure: &str) -> Vec<Plan> {
        self.judged().1.into_iter().filter(|plan| plan.procedure == procedure).collect()
    }
}

/// The kinds of a plan's steps.
pub(super) fn kinds(plan: &Plan) -> Vec<&FixKind> {
    plan.steps.iter().filter_map(|step| step.draft.kind.as_ref()).collect()
}
/// The numbers of the sessions that a plan touches, in order.
pub(super) fn touched(plan: &Plan) -> Vec<i64> {
    kinds(plan)
        .into_iter()
        .filter_map(|kind| match kind {
            FixKind::EndSessions(list) | FixKind::CancelStatements(list) => list.first().map(|s| s.id),
            _ => None,
        })
        .collect()
}
