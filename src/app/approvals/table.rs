//! The list of proposals as a table.

use super::Filed;
use super::words::rows_short;
use crate::app::model::Model;
use crate::app::table::{Table, TableCell, TableRow};
use crate::domain::health::State;
use crate::domain::metric;
use crate::domain::proposal::stage::Stage;

/// The list. Its rows stand in the order of the proposals.
pub fn table(model: &Model) -> Table {
    let mut table = Table::with_columns(&[
        ("STATE", false),
        ("#", true),
        ("TARGET", false),
        ("RISK", false),
        ("ROWS", true),
        ("WHAT", false),
        ("CLASS", false),
        ("AGE", true),
    ]);
    table.frozen = 2;
    table.rows = model.approvals.filed.iter().map(|f| row(f, model)).collect();
    table
}

fn row(filed: &Filed, model: &Model) -> TableRow {
    let p = &filed.proposal;
    let rows = p.survey.blast.exact_rows.or(p.survey.blast.estimated_rows);
    let age = model.now.since(p.at) as f64 / 1000.0;
    let cells = vec![
        TableCell::plain(state_word(p.stage)),
        TableCell::number(p.id.to_string(), Some(p.id as f64)),
        TableCell::untrusted(p.target.as_str()),
        TableCell::plain(p.gravity.word()),
        TableCell::number(rows_short(&p.survey), rows.map(|n| n as f64)),
        TableCell::untrusted(&p.headline()),
        TableCell::plain(p.draft.class.word()),
        TableCell::number(metric::seconds(age), Some(age)),
    ];
    TableRow { key: p.id.to_string(), cells, state: Some(state(p.stage)), ..TableRow::default() }
}

/// A word of the width of a column.
pub fn state_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Seconding => "waits 2nd",
        Stage::Waiting => "waits",
        Stage::Approved | Stage::Intended => "starting",
        Stage::NeedsPerson => "PERSON",
        other => other.words(),
    }
}

/// How the list colours it.
pub fn state(stage: Stage) -> State {
    match stage {
        Stage::NeedsPerson => State::Critical,
        Stage::Waiting | Stage::Seconding | Stage::NotRun => State::Warning,
        Stage::Approved | Stage::Intended | Stage::Running | Stage::Verifying | Stage::RollingBack => State::Unknown,
        Stage::Done | Stage::Undone | Stage::Denied | Stage::Withdrawn => State::Ok,
    }
}
