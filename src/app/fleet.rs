//! Tables of the health screen, and answers over all targets, made from the model.

use super::approvals::{self, ApprovalsView};
use super::healing;
use super::incidents;
use super::list::ListState;
use super::model::{Model, Screen, TargetModel};
use super::pane;
use super::table::{SPARK, Table, TableCell, TableRow};
use crate::domain::activity::{SessionInfo, SessionState, blocking_tree};
use crate::domain::health::State;
use crate::domain::metric::{self, MetricId, Unit, format};
use crate::domain::question::{FleetQuestion, Intent};
use crate::domain::rows::{Column, Rows, Value};
use crate::domain::target::{Environment, Identity, Timestamp};
use std::cmp::Ordering;

/// Minutes that a sparkline of the fleet table spans.
const SPARK_MS: i64 = 15 * 60 * 1000;
/// Points of a sparkline.
const SPARK_POINTS: usize = 8;

/// The metrics that a sparkline shows, the first that a target has.
const LOAD: &[MetricId] = &[metric::STATEMENTS, metric::TRANSACTIONS, metric::WRITES, metric::CONNECTIONS];

/// The fleet, worst first, equals by name.
pub fn fleet_table(targets: &[TargetModel], now: Timestamp) -> Table {
    let mut table = Table::with_columns(&[
        ("STATE", false),
        ("NAME", false),
        ("KIND", false),
        ("ROLE", false),
        ("CONN", true),
        ("QPS", true),
        ("MEAN", true),
        ("LAG", true),
        ("CACHE", true),
        ("SIZE", true),
        (SPARK, false),
        ("WHY", false),
    ]);
    table.frozen = 2;
    let mut order: Vec<&TargetModel> = targets.iter().collect();
    order.sort_by(|a, b| (a.state(now), &a.target.id).cmp(&(b.state(now), &b.target.id)));
    table.rows = order.into_iter().map(|t| fleet_row(t, now)).collect();
    table
}

fn fleet_row(t: &TargetModel, now: Timestamp) -> TableRow {
    let state = t.state(now);
    // The numbers of a target that does not answer are not its numbers any more.
    let known = !matches!(state, State::Down | State::Unknown);
    let value = |id: MetricId| t.value(id).filter(|_| known);
    let number = |id: MetricId, unit: Unit| {
        let v = value(id);
        TableCell::number(format(v, unit), v)
    };
    let connections = value(metric::CONNECTIONS);
    let limit = value(metric::CONNECTION_LIMIT);
    let connection_text = match (connections, limit) {
        (Some(c), Some(l)) => format!("{}/{}", format(Some(c), Unit::Count), format(Some(l), Unit::Count)),
        (c, _) => format(c, Unit::Count),
    };
    let star = if t.target.environment == Environment::Production { " *" } else { "" };
    let identity = t.identity.as_ref();
    let rate = value(metric::STATEMENTS).or_else(|| value(metric::TRANSACTIONS)).or_else(|| value(metric::WRITES));
    let cells = vec![
        TableCell::plain(state.word()),
        TableCell::untrusted(&format!("{}{star}", t.target.id)),
        TableCell::untrusted(identity.map_or(t.target.engine.0, |i| i.kind.as_str())),
        TableCell::untrusted(identity.map_or("-", |i| i.role.as_str())),
        TableCell::number(connection_text, connections),
        TableCell::number(format(rate, Unit::PerSecond), rate),
        number(metric::MEAN_STATEMENT, Unit::Milliseconds),
        number(metric::LAG, Unit::Seconds),
        number(metric::CACHE_HIT_RATIO, Unit::Percent),
        room_taken(value(metric::DATA_BYTES), value(metric::MEMORY_USED)),
        TableCell::plain(""),
        TableCell::untrusted(&t.why(now)),
    ];
    let spark = LOAD
        .iter()
        .find_map(|id| t.series.get(id))
        .map(|s| s.buckets(now.plus_ms(-SPARK_MS), now, SPARK_POINTS))
        .unwrap_or_default();
    let key = t.target.id.to_string();
    TableRow { key, cells, state: Some(state), spark, accent: t.target.accent, ..TableRow::default() }
}

/// Room that the data take: on disk, or in memory (marked `m`) where that is where they live.
fn room_taken(disk: Option<f64>, memory: Option<f64>) -> TableCell {
    match (disk, memory) {
        (None, Some(memory)) => TableCell::number(format!("{} m", metric::bytes(memory)), Some(memory)),
        (disk, _) => TableCell::number(format(disk, Unit::Bytes), disk),
    }
}

/// Sessions of a server, the longest in what matters first; idle ones and workers last.
pub fn activity_table(t: &TargetModel) -> Table {
    let mut table = Table::with_columns(&session_columns());
    let Some(sample) = &t.sample else { return table };
    let mut sessions: Vec<&SessionInfo> = sample.sessions.iter().collect();
    sessions.sort_by_key(|s| (s.background, s.state, std::cmp::Reverse(s.age_ms(sample.server_now)), s.pid));
    table.rows = sessions.into_iter().map(|s| session_row(s, sample.server_now, &s.pid.to_string())).collect();
    table
}

/// Who waits for whom: roots at depth 0, waiters below them.
pub fn blocking_table(t: &TargetModel, branches: &Branches) -> Table {
    let mut table = Table::with_columns(&session_columns());
    let Some(sample) = &t.sample else { return table };
    // For each level above the current line, whether its branch goes on below it.
    let mut goes_on: Vec<bool> = Vec::new();
    for line in blocking_tree(&sample.sessions) {
        let session = &sample.sessions[line.session];
        goes_on.truncate(line.depth);
        let mut pid: String =
            goes_on.iter().skip(1).map(|&on| if on { branches.through } else { branches.blank }).collect();
        if line.depth > 0 {
            pid.push_str(if line.last { branches.last } else { branches.branch });
        }
        pid.push_str(&session.pid.to_string());
        goes_on.push(!line.last);
        let mut row = session_row(session, sample.server_now, &pid);
        row.key = session.pid.to_string();
        row.state = (line.depth == 0).then_some(State::Critical);
        table.rows.push(row);
    }
    table
}

/// How branches of a tree are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Branches {
    /// Before a waiter.
    pub branch: &'static str,
    /// Before the last waiter of its blocker.
    pub last: &'static str,
    /// For each level above it whose branch goes on.
    pub through: &'static str,
    /// For each level above it that has ended.
    pub blank: &'static str,
}

/// Branches of plain characters, for every terminal.
pub const ASCII_BRANCHES: Branches = Branches { branch: "+-", last: "`-", through: "| ", blank: "  " };

fn session_columns() -> [(&'static str, bool); 10] {
    [
        ("PID", false),
        ("USER", false),
        ("APP", false),
        ("STATE", false),
        ("AGE", true),
        ("WAIT", false),
        ("QUERY", false),
        ("HOLDS", false),
        ("DB", false),
        ("CLIENT", false),
    ]
}

fn session_row(s: &SessionInfo, server_now: Timestamp, pid: &str) -> TableRow {
    let age = s.age_ms(server_now).map(|ms| ms as f64 / 1000.0);
    let statement = s.statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let cells = vec![
        TableCell::number(pid, Some(s.pid as f64)),
        TableCell::untrusted(&s.user),
        TableCell::untrusted(&s.application),
        TableCell::plain(s.state.word()),
        TableCell::number(format(age, Unit::Seconds), age),
        TableCell::untrusted(&s.wait),
        TableCell::untrusted(&statement),
        TableCell::untrusted(&s.holds),
        TableCell::untrusted(&s.database),
        TableCell::untrusted(&s.client),
    ];
    let state = match s.state {
        _ if !s.blocked_by.is_empty() => Some(State::Warning),
        SessionState::IdleInTransaction | SessionState::IdleInFailedTransaction => Some(State::Warning),
        _ => None,
    };
    TableRow { key: s.pid.to_string(), cells, state, ..TableRow::default() }
}

/// The table under the keys, if there is one: the fleet, a view of the open server, or an open result of the chat.
pub fn current_table(model: &Model) -> Option<Table> {
    match model.screen {
        Screen::Health => Some(match model.open_server() {
            None => fleet_table(&model.targets, model.now),
            Some(t) => match pane::pane(t, model.health.view, model) {
                Some(pane) => pane.table,
                None => view_table(t, model.health.view),
            },
        }),
        Screen::Approvals => Some(match model.approvals.view {
            ApprovalsView::Queue => approvals::table::table(model),
            ApprovalsView::Changes => approvals::changes::table(model),
        }),
        Screen::Incidents => incidents::table::shown(model),
        Screen::Chat => {
            let open = model.chat.open_table.as_ref()?;
            model.chat.block(open.entry)?.rows().map(Table::from_rows)
        }
    }
}

/// A view of a server as a table; empty while it has not been loaded.
pub fn view_table(t: &TargetModel, view: &str) -> Table {
    match view {
        "activity" => activity_table(t),
        "blocking" => blocking_table(t, &ASCII_BRANCHES),
        _ => match t.view_data.get(view).and_then(|v| v.result.as_ref()) {
            Some(Ok(rows)) => Table::from_view(rows),
            _ => Table::default(),
        },
    }
}

/// The state of the list under the keys.
pub fn current_list(model: &mut Model) -> Option<&mut ListState> {
    match model.screen {
        Screen::Health if model.health.server.is_some() => {
            Some(model.health.lists.entry(model.health.view).or_default())
        }
        Screen::Health => Some(&mut model.health.fleet),
        Screen::Approvals => Some(match model.approvals.view {
            ApprovalsView::Queue => &mut model.approvals.list,
            ApprovalsView::Changes => &mut model.approvals.changes.list,
        }),
        Screen::Incidents => {
            let causes = healing::shown(model).is_some_and(|subject| model.healing.found(&subject).is_some());
            incidents::table::shown_list(&mut model.incidents, causes)
        }
        Screen::Chat => model.chat.open_table.as_mut().map(|o| &mut o.list),
    }
}

/// The fleet as a result, for questions over all targets: rows that satisfy `keep`, worst first, or the largest of
/// a metric first.
fn fleet_rows(
    targets: &[TargetModel],
    now: Timestamp,
    keep: &dyn Fn(&TargetModel, State) -> bool,
    largest: Option<MetricId>,
) -> Rows {
    let numbers: &[(&str, MetricId)] = &[
        ("connections", metric::CONNECTIONS),
        ("connection_limit", metric::CONNECTION_LIMIT),
        ("blocked", metric::BLOCKED),
        ("idle_in_transaction", metric::IDLE_IN_TRANSACTION),
        ("longest_transaction_seconds", metric::LONGEST_TRANSACTION),
        ("lag_seconds", metric::LAG),
        ("cache_hit_percent", metric::CACHE_HIT_RATIO),
        ("data_bytes", metric::DATA_BYTES),
        ("transactions_per_second", metric::TRANSACTIONS),
    ];
    let mut columns: Vec<Column> = ["target", "state", "version", "role", "started"].map(Column::text).to_vec();
    columns.extend(numbers.iter().map(|(name, _)| Column::number(name)));
    columns.push(Column::text("why"));
    let mut order: Vec<&TargetModel> = targets.iter().filter(|t| keep(t, t.state(now))).collect();
    order.sort_by(|a, b| {
        let by_metric = largest.map_or(Ordering::Equal, |id| {
            let value = |t: &TargetModel| t.value(id).unwrap_or(f64::NEG_INFINITY);
            value(b).total_cmp(&value(a))
        });
        by_metric.then_with(|| (a.state(now), &a.target.id).cmp(&(b.state(now), &b.target.id)))
    });
    let rows = order
        .into_iter()
        .map(|t| {
            let identity = t.identity.as_ref();
            let text = |f: fn(&Identity) -> String| identity.map_or(Value::Null, |i| Value::Text(f(i)));
            let mut row = vec![
                Value::Text(t.target.id.to_string()),
                Value::Text(t.state(now).json_word().into()),
                text(|i| i.version.clone()),
                text(|i| i.role.clone()),
                identity.and_then(|i| i.started_at).map_or(Value::Null, |at| Value::Text(at.date_time(0))),
            ];
            row.extend(numbers.iter().map(|(_, id)| t.value(*id).map_or(Value::Null, Value::Float)));
            row.push(Value::Text(t.health.reasons.first().map_or_else(String::new, |r| r.text.clone())));
            row
        })
        .collect();
    Rows { columns, rows, truncated: None }
}

/// Answers a question over all targets from their last samples: the lead, and the rows.
pub fn answer(targets: &[TargetModel], now: Timestamp, intent: &Intent) -> (String, Rows) {
    let question = match intent {
        Intent::Fleet(question) => *question,
        _ => FleetQuestion::Overview,
    };
    let all = |_: &TargetModel, _: State| true;
    let above = |id: MetricId| move |t: &TargetModel, _: State| t.value(id).is_some_and(|v| v > 0.0);
    let by = |id: MetricId| fleet_rows(targets, now, &all, Some(id));
    let (words, rows) = match question {
        FleetQuestion::Overview | FleetQuestion::Versions | FleetQuestion::Roles | FleetQuestion::Uptime => {
            ("targets", fleet_rows(targets, now, &all, None))
        }
        FleetQuestion::Down => ("targets cannot be reached", fleet_rows(targets, now, &|_, s| s == State::Down, None)),
        FleetQuestion::Unhealthy => ("targets are not ok", fleet_rows(targets, now, &|_, s| s != State::Ok, None)),
        FleetQuestion::Lag => {
            ("targets have replication lag", fleet_rows(targets, now, &above(metric::LAG), Some(metric::LAG)))
        }
        FleetQuestion::Blocked => (
            "targets have sessions that wait for a lock",
            fleet_rows(targets, now, &above(metric::BLOCKED), Some(metric::BLOCKED)),
        ),
        FleetQuestion::IdleInTransaction => (
            "targets have sessions idle in a transaction",
            fleet_rows(targets, now, &above(metric::IDLE_IN_TRANSACTION), Some(metric::IDLE_IN_TRANSACTION)),
        ),
        FleetQuestion::Connections => ("targets, most connections first", by(metric::CONNECTIONS)),
        FleetQuestion::LongTransactions => ("targets, oldest transaction first", by(metric::LONGEST_TRANSACTION)),
        FleetQuestion::CacheHitRatio => {
            let mut rows = by(metric::CACHE_HIT_RATIO);
            rows.rows.reverse();
            ("targets, lowest cache hit ratio first", rows)
        }
        FleetQuestion::Size => ("targets, largest first", by(metric::DATA_BYTES)),
        FleetQuestion::Load => ("targets, busiest first", by(metric::TRANSACTIONS)),
    };
    let unknown = targets.iter().filter(|t| matches!(t.state(now), State::Unknown | State::Stale)).count();
    let mut title = format!("{} of {} {words}", rows.rows.len(), targets.len());
    if unknown > 0 {
        title.push_str(&format!("; {unknown} unknown: no fresh sample of them"));
    }
    (title, rows)
}
