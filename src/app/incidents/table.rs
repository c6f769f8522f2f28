//! The lists of the incidents tab as tables.

use super::words::{self, age, recurrence, span, who};
use super::{DetailFocus, IncidentsModel, View};
use crate::app::healing;
use crate::app::list::ListState;
use crate::app::model::Model;
use crate::app::table::{SPARK_HOURS, Table, TableCell, TableRow};
use crate::domain::health::State;
use crate::domain::incident::{Incident, Pattern};
use crate::domain::metric::grouped;

/// Hours of a sparkline.
const SPARK_POINTS: usize = 24;

/// The table of the shown list; of an incident that is shown in full, its causes, where they have the keys.
pub fn shown(model: &Model) -> Option<Table> {
    if let Some(id) = model.incidents.open {
        let causes = || healing::tree::table(model, &healing::Subject::Incident(id));
        return if model.incidents.focus == DetailFocus::Causes { causes() } else { None };
    }
    Some(match model.incidents.view {
        View::List => incidents(model),
        View::Patterns => patterns(model),
        View::Analytics => super::analytics::table(model),
        View::Rules => crate::app::rules::table(model),
    })
}

/// The state of the shown list. `known`: the causes of the incident that is shown in full are.
pub fn shown_list(incidents: &mut IncidentsModel, known: bool) -> Option<&mut ListState> {
    if incidents.open.is_some() {
        return (known && incidents.focus == DetailFocus::Causes).then_some(&mut incidents.causes);
    }
    Some(match incidents.view {
        View::List => &mut incidents.list,
        View::Patterns => &mut incidents.pattern_list,
        View::Analytics => &mut incidents.figures_list,
        View::Rules => &mut incidents.rule_list,
    })
}

/// The incidents. Its rows stand in the order of [`IncidentsModel::listed`].
pub fn incidents(model: &Model) -> Table {
    let mut table = Table::with_columns(&[
        ("SEV", false),
        ("#", false),
        ("TARGET", false),
        ("WHAT", false),
        ("OBJECT", false),
        ("COUNT", true),
        ("AGE", true),
        ("LAST", true),
        ("STRATEGY", false),
        ("STAGE", false),
        ("WHO", false),
        ("KIND", false),
        ("CODE", false),
    ]);
    table.frozen = 2;
    table.rows = model.incidents.listed().map(|i| incident(i, model)).collect();
    table
}

fn incident(i: &Incident, model: &Model) -> TableRow {
    let now = model.now;
    let silenced = i.is_silenced(now);
    let (age_ms, last_ms) = (now.since(i.first_at), now.since(i.last_at));
    let cells = vec![
        TableCell::number(i.severity.short(), Some(f64::from(i.severity as u8))),
        TableCell::number(i.name(), Some(i.id as f64)),
        TableCell::untrusted(i.target.as_str()),
        TableCell::untrusted(&i.title),
        TableCell::untrusted(i.object.as_deref().unwrap_or("-")),
        TableCell::number(grouped(i.count), Some(i.count as f64)),
        TableCell::number(span(age_ms), Some(age_ms as f64)),
        TableCell::number(span(last_ms), Some(last_ms as f64)),
        TableCell::plain(i.strategy.word()),
        TableCell::plain(if silenced { "silenced" } else { i.stage.word() }),
        TableCell::untrusted(&who(i, now, model.offset_minutes)),
        TableCell::plain(i.kind.word()),
        TableCell::untrusted(&i.code),
    ];
    let state = match () {
        () if !i.stage.is_open() => State::Ok,
        () if silenced => State::Unknown,
        () => words::state(i.severity),
    };
    // Words by which people look for it and which no column shows.
    let also = format!(
        "{} {} {} {} {}",
        i.severity.word(),
        words::kind(i.kind),
        i.stage.word(),
        if i.acknowledged_by.is_some() { "acknowledged" } else { "" },
        if i.cause.is_some() { "follows" } else { "" },
    );
    TableRow { key: i.id.to_string(), cells, state: Some(state), also, ..TableRow::default() }
}

/// The patterns. Its rows stand in the order of the model's.
pub fn patterns(model: &Model) -> Table {
    let mut table = Table::with_columns(&[
        ("LAST", true),
        ("WHAT", false),
        ("COUNT", true),
        (SPARK_HOURS, false),
        ("INC", true),
        ("TARGETS", true),
        ("TYPED", true),
        ("ENDED", false),
        ("FIRST", true),
        ("KIND", false),
        ("CODE", false),
        ("TEXT", false),
    ]);
    table.frozen = 2;
    table.rows = model.incidents.patterns.iter().map(|p| pattern(p, model)).collect();
    table
}

fn pattern(p: &Pattern, model: &Model) -> TableRow {
    let (first_ms, last_ms) = (model.now.since(p.first_at), model.now.since(p.last_at));
    let count = |n: u64| TableCell::number(grouped(n), Some(n as f64));
    let cells = vec![
        TableCell::number(span(last_ms), Some(last_ms as f64)),
        TableCell::untrusted(&p.title),
        count(p.count),
        TableCell::plain(""),
        count(p.incidents),
        count(p.targets),
        count(p.private),
        TableCell::plain(words::ends(p)),
        TableCell::number(span(first_ms), Some(first_ms as f64)),
        TableCell::plain(p.kind.word()),
        TableCell::untrusted(&p.code),
        TableCell::untrusted(&p.text),
    ];
    TableRow {
        key: p.signature.clone(),
        cells,
        spark: p.hours[p.hours.len().saturating_sub(SPARK_POINTS)..].iter().map(|n| Some(*n as f64)).collect(),
        also: format!("{} {}", words::kind(p.kind), p.engine),
        ..TableRow::default()
    }
}

/// One line about an incident beside its server: `INC-0412 CRIT connection saturation`, `open 6m 02s`, `pattern (4x)`.
/// The texts are escaped.
pub fn beside(incident: &Incident, model: &Model) -> [String; 3] {
    let about = incident.object.as_ref().map_or_else(String::new, |o| format!(": {o}"));
    let title = crate::domain::text::escape(&format!("{}{about}", incident.title));
    [title, age(incident, model.now), recurrence(model.incidents.pattern(&incident.signature))]
}

/// The list that is shown; of an incident in full, its causes.
pub fn list(incidents: &IncidentsModel) -> &ListState {
    if incidents.open.is_some() {
        return &incidents.causes;
    }
    match incidents.view {
        View::List => &incidents.list,
        View::Patterns => &incidents.pattern_list,
        View::Analytics => &incidents.figures_list,
        View::Rules => &incidents.rule_list,
    }
}
