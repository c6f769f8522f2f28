//! What a colleague sees in a plan: where the time goes, what is read whole, where the estimates are wrong, what went
//! to disk.

use super::{Access, Plan, Step};
use crate::domain::metric::grouped;

/// Steps that are named for their cost.
const COSTLIEST: usize = 3;
/// A step is named for its cost from this share of the whole on.
const WORTH_NAMING: f64 = 0.10;
/// Reads of whole tables that are named.
const WHOLE_READS: usize = 5;
/// An estimate is wrong from this factor on.
const WRONG_FACTOR: f64 = 10.0;
/// Wrong estimates that are named; the first wrong one makes those above it wrong.
const WRONG_NAMED: usize = 3;
/// Rows below which a wrong estimate or a whole read does no harm.
const FEW_ROWS: f64 = 100.0;
/// Runs of a step from which their number is worth a word.
const MANY_RUNS: f64 = 1_000.0;
/// Share of the rows read that is thrown away, from which an index is worth a thought.
const MOSTLY_THROWN_AWAY: f64 = 0.9;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Where cost or time goes.
    Cost,
    /// A table that is read whole.
    WholeRead,
    /// An estimate that is far off.
    Estimate,
    /// What went to disk.
    Spill,
    /// What else is worth a word.
    Note,
}

impl Topic {
    /// A word before the finding.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::WholeRead => "reads",
            Self::Estimate => "estimate",
            Self::Spill => "disk",
            Self::Note => "note",
        }
    }
}

/// One finding. Its words may hold untrusted names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// A sentence.
    pub words: String,
    /// It is worth doing something about.
    pub doubtful: bool,
}

fn finding(topic: Topic, doubtful: bool, words: impl Into<String>) -> Finding {
    Finding { topic, words: words.into(), doubtful }
}

/// One line that leads the findings.
pub fn headline(plan: &Plan) -> String {
    let steps = match plan.steps.len() {
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    };
    let root = plan.steps.first();
    let took = plan.execution_ms.or_else(|| root.and_then(whole_ms));
    match (took, root.and_then(|r| r.cost)) {
        (Some(ms), _) => format!("A plan of {steps} that was run: {}", milliseconds(ms)),
        (None, Some(cost)) => format!("A plan of {steps}, not run: estimated cost {}", number(cost)),
        (None, None) => format!("A plan of {steps}, not run"),
    }
}

/// The findings, by topic, the weightiest of each first. A plan without a fault still says what costs most.
pub fn findings(plan: &Plan) -> Vec<Finding> {
    let mut found = costliest(plan);
    found.extend(whole_reads(plan));
    found.extend(wrong_estimates(plan));
    found.extend(spills(plan));
    found.extend(many_runs(plan));
    found.extend(plan.notes.iter().map(|note| finding(Topic::Note, false, note.clone())));
    if !plan.was_run() && plan.steps.iter().any(|s| s.expected_rows.is_some()) {
        let words = "these are estimates; a plan that was run tells rows and times as they were";
        found.push(finding(Topic::Note, false, words));
    }
    found
}

/// `Seq Scan on orders`: a step in words.
fn named(step: &Step) -> String {
    match &step.on {
        Some(on) if !step.name.contains(on.as_str()) => format!("{} on {on}", step.name),
        _ => step.name.clone(),
    }
}

/// How often a step ran; once where the plan does not say.
fn runs(step: &Step) -> f64 {
    step.loops.unwrap_or(1.0)
}

/// Milliseconds of a step and everything below it, over all its runs.
fn whole_ms(step: &Step) -> Option<f64> {
    step.actual_ms.map(|ms| ms * runs(step))
}

/// Steps by what they take themselves: time where the plan was run, else estimated cost.
fn costliest(plan: &Plan) -> Vec<Finding> {
    let measured = plan.steps.iter().any(|s| s.actual_ms.is_some());
    let of = |step: &Step| if measured { whole_ms(step) } else { step.cost };
    let own = |place: usize| -> Option<f64> {
        let below: f64 = plan.children(place).filter_map(|child| of(&plan.steps[child])).sum();
        Some((of(&plan.steps[place])? - below).max(0.0))
    };
    let mut steps: Vec<(f64, &Step)> =
        plan.steps.iter().enumerate().filter_map(|(place, step)| Some((own(place)?, step))).collect();
    // What the parts take is the whole: the root's own number may be less than theirs, with parallel workers.
    let whole: f64 = steps.iter().map(|(own, _)| own).sum();
    if whole <= 0.0 {
        return Vec::new();
    }
    steps.sort_by(|a, b| b.0.total_cmp(&a.0));
    let worth = steps.into_iter().take(COSTLIEST).filter(|(own, _)| own / whole >= WORTH_NAMING);
    worth
        .map(|(own, step)| {
            let share = (own / whole * 100.0).round();
            let what = if measured {
                format!("{share:.0}% of the time, {}", milliseconds(own))
            } else {
                format!("{share:.0}% of the estimated cost, {} of {}", number(own), number(whole))
            };
            finding(Topic::Cost, false, format!("{}: {what}", named(step)))
        })
        .collect()
}

/// Rows that a step reads in one run.
fn rows_read(step: &Step) -> Option<f64> {
    match (step.actual_rows, step.removed_rows) {
        (Some(rows), removed) => Some(rows + removed.unwrap_or(0.0)),
        (None, _) => step.expected_rows,
    }
}

fn whole_reads(plan: &Plan) -> Vec<Finding> {
    let mut reads: Vec<&Step> =
        plan.steps.iter().filter(|s| s.access != Access::Chosen && s.loops != Some(0.0)).collect();
    reads.sort_by(|a, b| rows_read(b).unwrap_or(0.0).total_cmp(&rows_read(a).unwrap_or(0.0)));
    let left_out = reads.len().saturating_sub(WHOLE_READS);
    let mut found: Vec<Finding> = reads.into_iter().take(WHOLE_READS).map(whole_read).collect();
    if left_out > 0 {
        found.push(finding(Topic::WholeRead, false, format!("{left_out} more tables are read whole")));
    }
    found
}

fn whole_read(step: &Step) -> Finding {
    let what = if step.access == Access::Whole { "the whole table" } else { "the whole index" };
    let rows = match (rows_read(step), step.actual_rows) {
        (Some(rows), Some(_)) => format!(", {} rows", number(rows)),
        // An estimate is of what is left after the condition: nobody knows how many are read for it.
        (Some(rows), None) if step.filter.is_some() => format!(", about {} rows after its condition", number(rows)),
        (Some(rows), None) => format!(", about {} rows", number(rows)),
        (None, _) => String::new(),
    };
    let mut words = format!("{}: {what}{rows}", named(step));
    let large = rows_read(step).is_none_or(|rows| rows >= FEW_ROWS);
    if let (Some(removed), Some(rows)) = (step.removed_rows, rows_read(step))
        && large
        && removed / rows.max(1.0) >= MOSTLY_THROWN_AWAY
    {
        let by = step.filter.as_ref().map_or_else(String::new, |f| format!(" by {f}"));
        let share = (removed / rows * 100.0).floor();
        words.push_str(&format!("; {share:.0}% of them are thrown away{by}: an index that fits it would read fewer"));
    }
    if !large {
        words.push_str("; that few need no index");
    }
    finding(Topic::WholeRead, large, words)
}

fn wrong_estimates(plan: &Plan) -> Vec<Finding> {
    let factor = |step: &Step| -> Option<f64> {
        let (expected, actual) = (step.expected_rows?, step.actual_rows?);
        if step.loops == Some(0.0) || expected.max(actual) < FEW_ROWS {
            return None;
        }
        let (expected, actual) = (expected.max(1.0), actual.max(1.0));
        Some((actual / expected).max(expected / actual)).filter(|factor| *factor > WRONG_FACTOR)
    };
    // The deepest wrong one comes first: those above it are wrong because of it.
    let mut wrong: Vec<(&Step, f64)> = plan.steps.iter().filter_map(|s| Some((s, factor(s)?))).collect();
    wrong.sort_by_key(|(step, _)| std::cmp::Reverse(step.depth));
    let mut found: Vec<Finding> = Vec::new();
    for (step, factor) in wrong.into_iter().take(WRONG_NAMED) {
        let (expected, actual) = (step.expected_rows.unwrap_or(0.0), step.actual_rows.unwrap_or(0.0));
        let more = if actual > expected { "more" } else { "fewer" };
        let words = format!(
            "{}: expected {} rows, came {}: {} times {more}",
            named(step),
            number(expected),
            number(actual),
            number(factor.round())
        );
        found.push(finding(Topic::Estimate, true, words));
    }
    if !found.is_empty() {
        let words = "the planner chose by these numbers: refresh the statistics of the tables before anything else";
        found.push(finding(Topic::Estimate, false, words));
    }
    found
}

fn spills(plan: &Plan) -> Vec<Finding> {
    let spilled = plan.steps.iter().filter_map(|step| Some((step, step.spill.as_ref()?)));
    spilled
        .map(|(step, spill)| {
            finding(Topic::Spill, true, format!("{}: {}; it had too little memory", named(step), spill.words))
        })
        .collect()
}

fn many_runs(plan: &Plan) -> Vec<Finding> {
    let most = plan.steps.iter().filter(|s| runs(s) >= MANY_RUNS).max_by(|a, b| runs(a).total_cmp(&runs(b)));
    most.map(|step| {
        let words = format!("{} is run {} times: each is small, their sum may not be", named(step), number(runs(step)));
        finding(Topic::Note, true, words)
    })
    .into_iter()
    .collect()
}

/// A count or a cost as people read it.
fn number(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a sane span first")]
    let whole = value.round().clamp(0.0, 1e18) as u64;
    grouped(whole)
}

/// `0.04 ms`, `310 ms`, `12.4 s`.
fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::Spill;

    fn step(depth: usize, name: &str) -> Step {
        Step { depth, name: name.into(), loops: Some(1.0), ..Step::default() }
    }

    fn words(plan: &Plan, topic: Topic) -> Vec<String> {
        findings(plan).into_iter().filter(|f| f.topic == topic).map(|f| f.words).collect()
    }

    #[test]
    fn time_is_counted_once_and_over_all_runs() {
        let root = Step { actual_ms: Some(100.0), actual_rows: Some(1.0), ..step(0, "Loop") };
        let once = Step { actual_ms: Some(10.0), actual_rows: Some(1.0), ..step(1, "Once") };
        let often = Step { actual_ms: Some(0.08), loops: Some(1_000.0), actual_rows: Some(1.0), ..step(1, "Often") };
        let plan = Plan { steps: vec![root, once, often], ..Plan::default() };
        assert_eq!(
            words(&plan, Topic::Cost),
            ["Often: 80% of the time, 80 ms", "Loop: 10% of the time, 10 ms", "Once: 10% of the time, 10 ms"]
        );
        assert_eq!(words(&plan, Topic::Note), ["Often is run 1 000 times: each is small, their sum may not be"]);
    }

    #[test]
    fn whole_reads_say_their_rows_and_what_was_read_in_vain() {
        let read = Step {
            access: Access::Whole,
            on: Some("orders".into()),
            actual_rows: Some(10.0),
            removed_rows: Some(99_990.0),
            filter: Some("(status = 'x')".into()),
            ..step(0, "Seq Scan")
        };
        let found = words(&Plan { steps: vec![read], ..Plan::default() }, Topic::WholeRead);
        assert!(found[0].starts_with("Seq Scan on orders: the whole table, 100 000 rows; 99% of them"), "{found:?}");
        assert!(found[0].contains("by (status = 'x')"), "{found:?}");
        let small = Step { access: Access::Whole, actual_rows: Some(3.0), ..step(0, "Seq Scan on t") };
        assert!(words(&Plan { steps: vec![small], ..Plan::default() }, Topic::WholeRead)[0].contains("no index"));
        let never = Step { access: Access::Whole, loops: Some(0.0), ..step(0, "Seq Scan on t") };
        assert!(words(&Plan { steps: vec![never], ..Plan::default() }, Topic::WholeRead).is_empty());
    }

    #[test]
    fn estimates_are_wrong_from_ten_times_on_in_both_directions() {
        let wrong = |expected: f64, actual: f64| {
            let s = Step { expected_rows: Some(expected), actual_rows: Some(actual), ..step(0, "Join") };
            words(&Plan { steps: vec![s], ..Plan::default() }, Topic::Estimate)
        };
        assert_eq!(wrong(10.0, 12_000.0)[0], "Join: expected 10 rows, came 12 000: 1 200 times more");
        assert_eq!(wrong(12_000.0, 0.0)[0], "Join: expected 12 000 rows, came 0: 12 000 times fewer");
        assert!(wrong(100.0, 1_000.0).is_empty() && wrong(1.0, 90.0).is_empty());
    }

    #[test]
    fn spills_are_named() {
        let spill = Some(Spill { words: "external merge, 10 240 kB on disk".into() });
        let plan = Plan { steps: vec![Step { spill, ..step(0, "Sort") }], ..Plan::default() };
        assert!(words(&plan, Topic::Spill)[0].starts_with("Sort: external merge"));
    }
}
