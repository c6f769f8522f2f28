//! What the numbers of the incidents say: a few lines that sum up, and a table by kind, strategy and severity.

use super::words::{self, span};
use crate::app::model::Model;
use crate::app::pane::{PaneLine, Tone};
use crate::app::table::{Table, TableCell, TableRow};
use crate::domain::incident::analytics::{Analytics, Colour, Success};
use crate::domain::metric::grouped;
use crate::domain::proposal::tally::{Tally, tally};

/// Days that are looked at.
pub const DAYS: i64 = 7;
/// Points from which the score is good, and below which it is bad.
const GOOD_FROM: u8 = 80;
const BAD_BELOW: u8 = 50;
/// Findings denied as wrong, in percent of the decided, from which somebody should look at the procedures.
const MANY_WRONG_PERCENT: f64 = 20.0;

/// What sums it up, the most telling line first. `fixes`: what became of what procedures proposed.
pub fn lines(analytics: &Analytics, fixes: Tally) -> Vec<PaneLine> {
    let score = &analytics.score;
    let tone = match score.points {
        GOOD_FROM.. => Tone::Good,
        points if points < BAD_BELOW => Tone::Bad,
        _ => Tone::Doubtful,
    };
    let mut lines = vec![PaneLine::new("health", tone, format!("{} of 100", score.points))];
    let reasons = score.reasons.iter().map(|(cost, why)| PaneLine::new("", tone, format!("-{cost:<3} {why}")));
    lines.extend(reasons);
    let rate = &analytics.rate;
    let tone = match rate.colour {
        Colour::Green => Tone::Good,
        Colour::Yellow => Tone::Doubtful,
        Colour::Red => Tone::Bad,
    };
    lines.push(PaneLine::new("rate", tone, format!("{}: {}", rate.colour.word(), rate.reason)));
    let time = |ms: Option<u64>| ms.map_or_else(|| "not known yet".to_owned(), span);
    let again = analytics.recurrence_percent.map_or_else(|| "not known yet".to_owned(), |p| format!("{p:.0}%"));
    let times = format!(
        "seen after {} (MTTD), over after {} (MTTR), came again {again}",
        time(analytics.mttd_ms),
        time(analytics.mttr_ms)
    );
    lines.push(PaneLine::new("times", Tone::Plain, times));
    lines.push(fix_line(fixes));
    lines
}

/// `7 of 9 proposed by procedures were accepted (78%), 1 was denied as wrong (11%)`.
fn fix_line(fixes: Tally) -> PaneLine {
    let (Some(accepted), Some(wrong)) = (fixes.acceptance_percent(), fixes.false_positive_percent()) else {
        return PaneLine::new("fixes", Tone::Plain, "none that a procedure proposed was decided yet");
    };
    let tone = if wrong >= MANY_WRONG_PERCENT { Tone::Doubtful } else { Tone::Plain };
    let decided = fixes.decided();
    let verb = |n: u64| if n == 1 { "was" } else { "were" };
    let words = format!(
        "{} of {decided} proposed by procedures {} accepted ({accepted:.0}%), {} {} denied as wrong ({wrong:.0}%)",
        fixes.accepted,
        verb(fixes.accepted),
        fixes.wrong,
        verb(fixes.wrong)
    );
    PaneLine::new("fixes", tone, words)
}

/// What became of the fixes that procedures proposed within the time that is looked at.
pub fn fixes(model: &Model) -> Tally {
    let since = model.now.plus_ms(-DAYS * 24 * 3_600_000);
    tally(model.approvals.filed.iter().map(|filed| &filed.proposal), since)
}

/// Kinds, strategies and severities, each with its errors, its incidents and how many of them held.
pub fn table(model: &Model) -> Table {
    let mut table = Table::with_columns(&[
        ("BY", false),
        ("WHAT", false),
        ("ERRORS", true),
        ("INCIDENTS", true),
        ("HELD", true),
        ("AGAIN", true),
        ("SUCCESS", true),
    ]);
    table.frozen = 2;
    let Some(analytics) = &model.incidents.analytics else { return table };
    let of = |list: &[(crate::domain::error::kind::ErrorKind, Success)], kind| {
        list.iter().find(|(k, _)| *k == kind).map(|(_, s)| *s).unwrap_or_default()
    };
    let kinds = analytics.kinds.iter().map(|(kind, errors, incidents)| {
        row("kind", &words::kind(*kind), Some(*errors), Some(*incidents), of(&analytics.by_kind, *kind))
    });
    let strategies =
        analytics.strategies.iter().filter(|(_, incidents)| *incidents > 0).map(|(strategy, incidents)| {
            let success =
                analytics.by_strategy.iter().find(|(s, _)| s == strategy).map(|(_, s)| *s).unwrap_or_default();
            row("strategy", strategy.word(), None, Some(*incidents), success)
        });
    let severities = analytics.by_severity.iter().map(|(s, success)| row("severity", s.word(), None, None, *success));
    table.rows = kinds.chain(strategies).chain(severities).collect();
    table
}

fn row(by: &str, what: &str, errors: Option<u64>, incidents: Option<u64>, success: Success) -> TableRow {
    let number = |n: Option<u64>| TableCell::number(n.map_or("-".to_owned(), grouped), n.map(|n| n as f64));
    let percent = success.percent();
    let cells = vec![
        TableCell::plain(by),
        TableCell::plain(what),
        number(errors),
        number(incidents),
        number(Some(success.held)),
        number(Some(success.again)),
        TableCell::number(percent.map_or("-".to_owned(), |p| format!("{p:.0}%")), percent),
    ];
    TableRow { key: format!("{by} {what}"), cells, ..TableRow::default() }
}
