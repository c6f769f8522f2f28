//! The security pane of a server: its score, every reason with its points and what mends it, and what the others do.

use super::model::{Model, TargetModel};
use super::pane::{Pane, PaneLine, Tone};
use super::table::{Table, TableCell, TableRow};
use crate::domain::health::State;
use crate::domain::security::{Facts, Report, SERIOUS, Seen, judge, patterns};
use crate::domain::target::Identity;

/// Name of the view.
pub const VIEW: &str = "security";

/// The facts of a target with what its login saw.
pub fn facts_of(facts: &Facts, identity: Option<&Identity>) -> Facts {
    let seen = identity.map(|i| Seen { powers: i.excess_powers.clone(), expires: i.password_expires });
    Facts { seen, ..facts.clone() }
}

fn facts(t: &TargetModel) -> Option<Facts> {
    t.security.as_ref().map(|facts| facts_of(facts, t.identity.as_ref()))
}

/// The pane.
pub fn pane(t: &TargetModel, model: &Model) -> Pane {
    let Some(facts) = facts(t) else {
        let line = PaneLine::new("score", Tone::Faint, "there is nothing to judge about this target");
        return Pane { lines: vec![line], table: Table::default() };
    };
    let report = judge(&facts, model.now);
    let mut lines = vec![score_line(&report)];
    let others: Vec<Facts> =
        model.targets.iter().filter(|o| o.target.id != t.target.id).filter_map(self::facts).collect();
    for pattern in patterns(&facts, &others.iter().collect::<Vec<_>>()) {
        let label = if lines.len() == 1 { "others" } else { "" };
        lines.push(PaneLine::new(label, Tone::Doubtful, pattern.words));
    }
    Pane { lines, table: table(&report) }
}

/// `72 of 100: 2 reasons`.
pub fn score_words(report: &Report) -> String {
    let reasons = match report.reasons.len() {
        0 => "nothing found".to_owned(),
        1 => "1 reason".to_owned(),
        n => format!("{n} reasons"),
    };
    let rest = if report.complete { "" } else { "; what the login may do is not known yet" };
    format!("{} of 100: {reasons}{rest}", report.score)
}

fn score_line(report: &Report) -> PaneLine {
    let tone = match report.score {
        _ if report.is_serious() => Tone::Bad,
        90.. => Tone::Good,
        _ => Tone::Doubtful,
    };
    PaneLine::new("score", tone, score_words(report))
}

fn table(report: &Report) -> Table {
    let mut table = Table::with_columns(&[("POINTS", true), ("WHAT", false), ("HOW TO MEND IT", false)]);
    table.rows = report
        .reasons
        .iter()
        .enumerate()
        .map(|(i, reason)| TableRow {
            key: format!("{} {}", i + 1, reason.id),
            cells: vec![
                TableCell::number(format!("-{}", reason.points), Some(-f64::from(reason.points))),
                TableCell::untrusted(&reason.what),
                TableCell::untrusted(&reason.mend),
            ],
            state: Some(if reason.points >= SERIOUS { State::Critical } else { State::Warning }),
            ..TableRow::default()
        })
        .collect();
    table
}
