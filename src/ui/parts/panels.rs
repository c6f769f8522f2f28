//! The panels over a server's table: load, sessions, storage. Every number stands beside what is usual for it.

use crate::app::model::{Model, TargetModel};
use crate::domain::health::{Reason, State};
use crate::domain::metric::{self, MetricId, Series, format as number, metric};
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::parts::graph::chart;
use crate::ui::theme::Role;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Span of the sparklines, milliseconds.
const SPARK_MS: i64 = 15 * 60 * 1000;

/// Lines of a graph, at most.
const CHART_LINES: usize = 8;

struct Panel {
    title: &'static str,
    /// Its lines in their order.
    lines: &'static [Value],
    /// Share of the width, per cent.
    share: usize,
}

/// A line of a panel.
#[derive(Clone, Copy)]
struct Value {
    id: MetricId,
    /// A name shorter than the metric's own, where the panel's title says the rest.
    label: &'static str,
    /// A sparkline belongs below.
    spark: bool,
}

const fn value(id: MetricId, label: &'static str) -> Value {
    Value { id, label, spark: false }
}

const fn graph(id: MetricId, label: &'static str) -> Value {
    Value { id, label, spark: true }
}

const PANELS: &[Panel] = &[
    Panel {
        title: "Load",
        lines: &[
            graph(metric::STATEMENTS, "qps"),
            graph(metric::TRANSACTIONS, "tps"),
            graph(metric::WRITES, "writes"),
            graph(metric::MEAN_STATEMENT, "mean"),
            value(metric::CACHE_HIT_RATIO, "cache"),
            value(metric::EVICTIONS, "evicted/s"),
            value(metric::SLOW_COMMANDS, "slow/s"),
            value(metric::SLOW_STATEMENTS, "slow/s"),
            value(metric::ROW_LOCK_WAITS, "row waits"),
            value(metric::TEMP_TABLES_ON_DISK, "tmp disk"),
            value(metric::FINDS, "finds"),
            value(metric::INSERTS, "inserts"),
            value(metric::UPDATES, "updates"),
            value(metric::DELETES, "deletes"),
            value(metric::FULL_SCANS, "full scans"),
            value(metric::WRITE_CONFLICTS, "conflicts"),
            value(metric::EXPIRATIONS, "expired/s"),
            value(metric::CPU_SECONDS, "cpu"),
            value(metric::NETWORK_OUT, "net out"),
            value(metric::NETWORK_IN, "net in"),
            value(metric::ASSERTS, "asserts"),
            value(metric::PAGE_FAULTS, "faults"),
            value(metric::ROLLBACKS, "rollbacks"),
            value(metric::TEMP_BYTES, "temp/s"),
            value(metric::DEADLOCKS, "deadlocks"),
        ],
        share: 38,
    },
    Panel {
        title: "Sessions",
        lines: &[
            value(metric::CONNECTIONS, "total"),
            value(metric::ACTIVE, "active"),
            value(metric::IDLE_IN_TRANSACTION, "in txn"),
            value(metric::BLOCKED, "blocked"),
            value(metric::QUEUED, "queued"),
            value(metric::FREE_PLACES, "tickets"),
            value(metric::BLOCKED_CLIENTS, "waiting"),
            value(metric::REJECTED_CONNECTIONS, "rejected/s"),
            value(metric::LONGEST_TRANSACTION, "oldest txn"),
            value(metric::IDLE, "idle"),
            value(metric::LONGEST_STATEMENT, "oldest stmt"),
            value(metric::CURSORS, "cursors"),
        ],
        share: 30,
    },
    Panel {
        title: "Storage",
        lines: &[
            value(metric::MEMORY_USED, "memory"),
            value(metric::CACHE_USED, "cache used"),
            value(metric::CACHE_DIRTY, "dirty"),
            value(metric::DATA_BYTES, "data"),
            value(metric::FRAGMENTATION, "frag"),
            value(metric::WAL_BYTES, "wal"),
            value(metric::FREE_PAGES, "free"),
            value(metric::WAL_RATE, "wal/s"),
            value(metric::LAG, "lag"),
            value(metric::REPLICATION_BROKEN, "repl broken"),
            value(metric::LINK_DOWN, "link down"),
            value(metric::HISTORY_LENGTH, "history"),
            value(metric::CHECKPOINT_AGE, "ckpt age"),
            value(metric::BINLOG_BYTES, "binlogs"),
            value(metric::OPEN_FILES, "open files"),
            value(metric::OPLOG_WINDOW, "oplog"),
            value(metric::KEYS, "keys"),
            value(metric::KEYS_EXPIRING, "with ttl"),
            value(metric::UNSAVED_CHANGES, "unsaved"),
            value(metric::MEMBERS_DOWN, "down"),
            value(metric::MEMORY_PEAK, "peak"),
            value(metric::MEMORY_RESIDENT, "resident"),
            value(metric::RETAINED_WAL, "slot wal"),
            value(metric::REPLICAS, "replicas"),
            value(metric::DEAD_ROWS, "dead rows"),
            value(metric::XID_AGE, "xid age"),
            value(metric::CHECKPOINTS_REQUESTED, "ckpt req"),
        ],
        share: 32,
    },
];

/// Whether a target has ever given a metric; one that it gave and does not give now is shown as `-`.
pub(crate) fn has(t: &TargetModel, id: MetricId) -> bool {
    t.values.contains_key(&id)
        || t.series.contains_key(&id)
        || t.sample.as_ref().is_some_and(|s| s.readings.contains_key(&id))
}

fn reason(t: &TargetModel, id: MetricId) -> Option<&Reason> {
    t.health.reasons.iter().find(|r| r.metric == Some(id))
}

/// The lines of a panel that are shown where there is room for some: first those that a reason speaks of, then the
/// first ones.
fn chosen(t: &TargetModel, panel: &Panel, room: usize) -> Vec<Value> {
    let mut having: Vec<(usize, Value)> =
        panel.lines.iter().copied().enumerate().filter(|(_, v)| has(t, v.id)).collect();
    having.sort_by_key(|(place, v)| (reason(t, v.id).is_none(), *place));
    having.truncate(room);
    having.sort_by_key(|(place, _)| *place);
    having.into_iter().map(|(_, v)| v).collect()
}

/// Lines that the panels need, frames included, where there is room for `most`.
pub(crate) fn height(t: &TargetModel, most: u16) -> u16 {
    let room = usize::from(most.saturating_sub(2));
    let needed = |p: &Panel| {
        let shown = chosen(t, p, room);
        shown.len() + shown.iter().filter(|v| v.spark && t.series.contains_key(&v.id)).count()
    };
    columns(PANELS.iter().map(needed).max().unwrap_or(0).clamp(1, room.max(1))) + 2
}

/// Draws the panels that the target has readings for.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, t: &TargetModel, model: &Model) {
    let room = usize::from(area.height.saturating_sub(2));
    let shown: Vec<(&Panel, Vec<Value>)> =
        PANELS.iter().map(|p| (p, chosen(t, p, room))).filter(|(_, values)| !values.is_empty()).collect();
    let total: usize = shown.iter().map(|(p, _)| p.share).sum();
    let mut x = area.x;
    // Old numbers must not look like new ones.
    let old = t.sample.as_ref().filter(|_| matches!(t.state(model.now), State::Down | State::Stale));
    let old = old.map_or_else(String::new, |s| format!("at {}", s.at.clock(model.offset_minutes)));
    for (i, (panel, values)) in shown.iter().enumerate() {
        let last = i + 1 == shown.len();
        let share = columns(usize::from(area.width) * panel.share / total.max(1));
        let width = if last { area.right() - x } else { share };
        let edge = Edge::new(canvas.span(panel.title, Role::Title), canvas.span(old.clone(), Role::Stale));
        draw_panel(canvas, Rect { x, width, ..area }, &edge, values, t, model);
        x += width;
    }
    if shown.is_empty() {
        let inside = canvas.frame(area, &Edge::default());
        canvas.put(inside.x + 1, inside.y, inside.width, "no readings yet", Role::Unknown);
    }
}

fn draw_panel(canvas: &mut Canvas<'_>, area: Rect, edge: &Edge<'_>, values: &[Value], t: &TargetModel, model: &Model) {
    let inside = canvas.frame(area, edge);
    let width = inside.width.saturating_sub(2);
    let label = values.iter().map(|v| v.label.len()).max().unwrap_or(0);
    let mut spare = usize::from(inside.height).saturating_sub(values.len());
    let mut graphs = values.iter().filter(|v| v.spark && t.series.contains_key(&v.id)).count();
    let mut line = Rect { x: inside.x + 1, width, height: 1, ..inside };
    for value in values {
        if line.y >= inside.bottom() {
            break;
        }
        draw_value(canvas, line, t, *value, label);
        line.y += 1;
        // Graphs take what the numbers leave; the first one takes what is over.
        if value.spark
            && graphs > 0
            && spare > 0
            && let Some(series) = t.series.get(&value.id)
        {
            // Not more points than samples: between two of them there is nothing to be shown as missing.
            let interval = i64::try_from(t.schedule.stretched_ms).unwrap_or(SPARK_MS).max(1);
            let samples = usize::try_from(SPARK_MS / interval).unwrap_or(usize::MAX).max(2);
            let points = series.buckets(model.now.plus_ms(-SPARK_MS), model.now, usize::from(width).min(samples));
            let lines = spare.div_ceil(graphs).min(CHART_LINES);
            for text in chart(&points, lines, canvas.symbols) {
                canvas.put(line.x, line.y, width, &text, Role::Graph);
                line.y += 1;
            }
            spare -= lines;
            graphs -= 1;
        }
    }
}

/// `total 487/500  usual 120   CRIT`; what does not fit is left out from the middle.
fn draw_value(canvas: &mut Canvas<'_>, line: Rect, t: &TargetModel, value: Value, label: usize) {
    let Value { id, spark, .. } = value;
    let Some(m) = metric(id) else { return };
    let judged = reason(t, id);
    let word = judged.map_or(Line::default(), |r| Line::from(canvas.span(r.state.word(), state_role(r.state))));
    let end = canvas.put_right(line.x + 12, line.right(), line.y, &word);
    canvas.put(line.x, line.y, line.width, value.label, Role::Label);
    let mut text = number(t.value(id), m.unit);
    let limit = match id {
        metric::CONNECTIONS => t.value(metric::CONNECTION_LIMIT),
        metric::MEMORY_USED => t.value(metric::MEMORY_LIMIT),
        _ => None,
    };
    if limit.is_some_and(|limit| limit > 0.0) {
        text.push_str(&format!("/{}", number(limit, m.unit)));
    }
    let x = line.x + columns(label + 1);
    let role = judged.map_or(Role::Text, |r| state_role(r.state));
    let mut x = canvas.put(x, line.y, end.saturating_sub(x), &text, role);
    let mut notes: Vec<Span<'static>> = Vec::new();
    if let Some(usual) = t.usual(id) {
        notes.push(canvas.span(format!("  usual {}", number(Some(usual), m.unit)), Role::Dim));
    }
    if spark && let Some(peak) = t.series.get(&id).and_then(Series::peak) {
        notes.push(canvas.span(format!("  peak {}", number(Some(peak), m.unit)), Role::Dim));
    }
    for note in notes {
        if usize::from(end.saturating_sub(x)) > note.width() {
            x = canvas.put_line(x, line.y, end - x, &Line::from(note));
        }
    }
}
