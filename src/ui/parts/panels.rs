//! The panels over a server's table: load, sessions, storage. Every number stands beside what is usual for it.

use crate::app::model::{Model, TargetModel};
use crate::domain::health::Reason;
use crate::domain::metric::{self, MetricId, format as number, metric};
use crate::domain::text::fit;
use crate::ui::canvas::{Canvas, Edge, columns, state_role};
use crate::ui::parts::graph::sparkline;
use crate::ui::theme::Role;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Span of the sparklines, milliseconds.
const SPARK_MS: i64 = 15 * 60 * 1000;

struct Panel {
    title: &'static str,
    /// Its metrics in their order, with whether a sparkline belongs below.
    metrics: &'static [(MetricId, bool)],
    /// Share of the width, per cent.
    share: u16,
}

const PANELS: &[Panel] = &[
    Panel {
        title: "Load",
        metrics: &[
            (metric::STATEMENTS, true),
            (metric::TRANSACTIONS, true),
            (metric::WRITES, true),
            (metric::MEAN_STATEMENT, true),
            (metric::CACHE_HIT_RATIO, false),
            (metric::ROLLBACKS, false),
            (metric::TEMP_BYTES, false),
            (metric::DEADLOCKS, false),
        ],
        share: 40,
    },
    Panel {
        title: "Sessions",
        metrics: &[
            (metric::CONNECTIONS, false),
            (metric::ACTIVE, false),
            (metric::IDLE_IN_TRANSACTION, false),
            (metric::BLOCKED, false),
            (metric::LONGEST_TRANSACTION, false),
            (metric::IDLE, false),
            (metric::LONGEST_STATEMENT, false),
        ],
        share: 28,
    },
    Panel {
        title: "Storage",
        metrics: &[
            (metric::DATA_BYTES, false),
            (metric::WAL_BYTES, false),
            (metric::FREE_PAGES, false),
            (metric::WAL_RATE, false),
            (metric::LAG, false),
            (metric::RETAINED_WAL, false),
            (metric::REPLICAS, false),
            (metric::DEAD_ROWS, false),
            (metric::XID_AGE, false),
            (metric::CHECKPOINTS_REQUESTED, false),
        ],
        share: 32,
    },
];

/// Whether a target has ever given a metric; one that it gave and does not give now is shown as `-`.
fn has(t: &TargetModel, id: MetricId) -> bool {
    t.values.contains_key(&id)
        || t.series.contains_key(&id)
        || t.sample.as_ref().is_some_and(|s| s.readings.contains_key(&id))
}

fn reason(t: &TargetModel, id: MetricId) -> Option<&Reason> {
    t.health.reasons.iter().find(|r| r.metric == Some(id))
}

/// The metrics of a panel that are shown in some lines: first those that a reason speaks of, then the first ones.
fn chosen(t: &TargetModel, panel: &Panel, lines: usize) -> Vec<(MetricId, bool)> {
    let mut having: Vec<(usize, MetricId, bool)> = panel
        .metrics
        .iter()
        .enumerate()
        .filter(|(_, (id, _))| has(t, *id))
        .map(|(place, (id, spark))| (place, *id, *spark))
        .collect();
    having.sort_by_key(|(place, id, _)| (reason(t, *id).is_none(), *place));
    having.truncate(lines);
    having.sort_by_key(|(place, ..)| *place);
    having.into_iter().map(|(_, id, spark)| (id, spark)).collect()
}

/// Draws the panels that the target has readings for.
pub(crate) fn draw(canvas: &mut Canvas<'_>, area: Rect, t: &TargetModel, model: &Model) {
    let lines = usize::from(area.height.saturating_sub(2));
    let shown: Vec<(&Panel, Vec<(MetricId, bool)>)> =
        PANELS.iter().map(|p| (p, chosen(t, p, lines))).filter(|(_, m)| !m.is_empty()).collect();
    let total: u16 = shown.iter().map(|(p, _)| p.share).sum();
    let mut x = area.x;
    for (i, (panel, metrics)) in shown.iter().enumerate() {
        let last = i + 1 == shown.len();
        let width = if last { area.right() - x } else { area.width * panel.share / total.max(1) };
        draw_panel(canvas, Rect { x, width, ..area }, panel, metrics, t, model);
        x += width;
    }
    if shown.is_empty() {
        let inside = canvas.frame(area, &Edge::default());
        canvas.put(inside.x + 1, inside.y, inside.width, "no readings yet", Role::Unknown);
    }
}

fn draw_panel(
    canvas: &mut Canvas<'_>,
    area: Rect,
    panel: &Panel,
    metrics: &[(MetricId, bool)],
    t: &TargetModel,
    model: &Model,
) {
    let inside = canvas.frame(area, &Edge::new(canvas.span(panel.title, Role::Title), ""));
    let width = inside.width.saturating_sub(2);
    let mut spare = usize::from(inside.height).saturating_sub(metrics.len());
    let mut y = inside.y;
    for &(id, spark) in metrics {
        if y >= inside.bottom() {
            break;
        }
        draw_value(canvas, Rect { x: inside.x + 1, y, width, height: 1 }, t, id, spark);
        y += 1;
        // A sparkline takes a line only when every number has one.
        if spark
            && spare > 0
            && let Some(series) = t.series.get(&id)
        {
            let buckets = usize::from(width);
            let line = sparkline(&series.buckets(model.now.plus_ms(-SPARK_MS), model.now, buckets), canvas.symbols);
            canvas.put(inside.x + 1, y, width, &line, Role::Graph);
            y += 1;
            spare -= 1;
        }
    }
}

/// `connections  487 of 500   usual 120   CRIT`; what does not fit is left out from the middle.
fn draw_value(canvas: &mut Canvas<'_>, line: Rect, t: &TargetModel, id: MetricId, spark: bool) {
    let Some(m) = metric(id) else { return };
    let judged = reason(t, id);
    let word = judged.map_or(Line::default(), |r| Line::from(canvas.span(r.state.word(), state_role(r.state))));
    let end = canvas.put_right(line.x + 12, line.right(), line.y, &word);
    let label = if line.width < 24 { 9 } else { 12 };
    canvas.put(line.x, line.y, line.width, &fit(m.label, label), Role::Label);
    let mut text = number(t.value(id), m.unit);
    if id == metric::CONNECTIONS
        && let Some(limit) = t.value(metric::CONNECTION_LIMIT)
    {
        text.push_str(&format!(" of {limit:.0}"));
    }
    let role = judged.map_or(Role::Text, |r| state_role(r.state));
    let mut x =
        canvas.put(line.x + columns(label + 1), line.y, end.saturating_sub(line.x + columns(label + 1)), &text, role);
    let mut notes: Vec<Span<'static>> = Vec::new();
    if let Some(usual) = t.usual(id) {
        notes.push(canvas.span(format!("  usual {}", number(Some(usual), m.unit)), Role::Dim));
    }
    if spark && let Some(peak) = t.series.get(&id).and_then(|s| s.peak()) {
        notes.push(canvas.span(format!("  peak {}", number(Some(peak), m.unit)), Role::Dim));
    }
    for note in notes {
        if usize::from(end.saturating_sub(x)) > note.width() {
            x = canvas.put_line(x, line.y, end - x, &Line::from(note));
        }
    }
}
