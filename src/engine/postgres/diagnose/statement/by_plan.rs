//! The reason of a statement by its plan: where the planner expects the cost, and whether it was right.

use super::super::facts::{Busy, Facts, Table};
use super::blame::{Blame, Reason};
use super::text::Verb;
use super::tree::Node;
use super::{Work, by_text};
use crate::domain::diagnosis::Cause;

/// A table below this many rows is read as fast as any index is.
const LARGE_TABLE: f64 = 5_000.0;
/// Of a whole table, at most this share is wanted where an index would help. The planner's own break-even of an
/// ordinary index scan lies at a few per cent.
const FEW: f64 = 0.05;
/// The step that is blamed has at least this share of the cost.
const MOST_COST: f64 = 0.5;
/// A subquery that is run at least this often is run for each row.
const MANY_RUNS: f64 = 50.0;
/// Rows that go into a join which is worth a word.
const LARGE_JOIN: f64 = 50_000.0;
/// Pairs that a join without an index compares.
const MANY_PAIRS: f64 = 1_000_000.0;
/// Rows of an answer that nobody reads to its end.
const LARGE_ANSWER: f64 = 20_000.0;
/// Rows of an answer that somebody wants to see first.
const FIRST_ROWS: f64 = 1_000.0;
/// One unit of cost is about this many seconds: a page read in sequence from the system's cache.
const SECONDS_OF_COST: f64 = 0.000_01;
/// A statement that takes this many times the estimate was estimated wrongly, not merely held up.
const WRONG_ESTIMATE: f64 = 30.0;

/// Decides.
pub(super) fn reason(plan: &Node, work: &Work, facts: &Facts<'_>) -> Reason {
    if work.text.verb == Verb::Upkeep {
        return Reason::new(Blame::Upkeep, 0.9, Vec::new());
    }
    let found = subplan(plan)
        .or_else(|| misjudged(plan, work, facts))
        .or_else(|| selective_scan(plan, facts))
        .or_else(|| spilled(plan, work, facts, 0.25))
        .or_else(|| join(plan))
        .or_else(|| spilled(plan, work, facts, 0.0))
        .or_else(|| first_of_all(plan, facts));
    if let Some(found) = found {
        return found;
    }
    if matches!(work.text.verb, Verb::Change | Verb::Insert) {
        // The rows are found as well as can be; what is left is writing them, and what that sets off.
        return by_text::behind_a_change(work, facts).unwrap_or_else(|| Reason::new(Blame::Write, 0.8, Vec::new()));
    }
    answer(plan, work, facts)
}

/// A subquery that runs once for each row.
fn subplan(plan: &Node) -> Option<Reason> {
    let hosts = plan.all();
    let worst = hosts
        .iter()
        .flat_map(|host| {
            let subplans = host.below.iter().filter(|node| node.role == "SubPlan");
            subplans.map(|subplan| (host.own_cost(), subplan.cost.max(0.01), *host))
        })
        .filter(|(own, each, host)| own / each >= MANY_RUNS && !is_hashed(host))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let (own, each, host) = worst;
    (own / plan.cost.max(0.01) >= MOST_COST).then(|| {
        let words = format!(
            "its plan runs a subquery about {:.0} times, for each row of {}: {:.0} % of the cost",
            own / each,
            host.relation.as_deref().unwrap_or("a step"),
            100.0 * own / plan.cost.max(0.01)
        );
        Reason::cause(Cause::CorrelatedSubquery, 0.95, host.relation.as_deref().unwrap_or_default(), vec![words])
    })
}

fn is_hashed(node: &Node) -> bool {
    node.filter.as_deref().is_some_and(|filter| filter.contains("hashed SubPlan"))
}

/// It takes far longer than the planner thinks, and the statistics of a table of it are old.
fn misjudged(plan: &Node, work: &Work, facts: &Facts<'_>) -> Option<Reason> {
    let stale = relations(plan, facts).find(|table| table.has_stale_statistics() && table.live >= LARGE_TABLE)?;
    // Sessions share the processors; how many there are is not known, so the crowd counts in full.
    let crowd = facts.looks.load().max(1.0);
    let expected = (plan.cost * SECONDS_OF_COST * crowd).max(0.01);
    let computes = work.share(&[Busy::Computing, Busy::Data, Busy::Temporary, Busy::Other]);
    (work.longest >= 0.3 && work.longest / expected >= WRONG_ESTIMATE && computes >= 0.8).then(|| {
        let known = match table_age(stale) {
            Some(age) => format!("analyzed {age} ago, {:.0} rows changed since", stale.changed_since_analyze),
            None => "never analyzed".to_owned(),
        };
        let words = vec![
            format!(
                "the planner expects a cost of {:.0}, about {:.2} s on this load, but it was seen running for {:.1} s",
                plan.cost, expected, work.longest
            ),
            format!("{} has {:.0} rows and was {known}", stale.words(), stale.live),
        ];
        Reason::cause(Cause::BadStatistics, 0.9, &stale.words(), words)
    })
}

fn table_age(table: &Table) -> Option<String> {
    table.analyze_seconds.map(|seconds| format!("{seconds:.0} s"))
}

fn relations<'a>(plan: &'a Node, facts: &'a Facts<'_>) -> impl Iterator<Item = &'a Table> {
    plan.all().into_iter().filter_map(|node| facts.table(node.relation.as_deref()?))
}

/// A whole table is read to find a few rows.
fn selective_scan(plan: &Node, facts: &Facts<'_>) -> Option<Reason> {
    let scans: Vec<(&Node, &Table)> = plan
        .all()
        .into_iter()
        .filter(|node| node.reads_whole_table() && node.filter.is_some())
        .filter_map(|node| Some((node, facts.table(node.relation.as_deref()?)?)))
        .filter(|(node, table)| table.live >= LARGE_TABLE && node.rows <= (FEW * table.live).max(1.0))
        .filter(|(node, _)| !node.filter.as_deref().is_some_and(has_few_results))
        .collect();
    let cost: f64 = scans.iter().map(|(node, _)| node.own_cost()).sum();
    let (node, table) = scans.into_iter().max_by(|a, b| a.0.own_cost().total_cmp(&b.0.own_cost()))?;
    if cost / plan.cost.max(0.01) < MOST_COST {
        return None;
    }
    let filter = node.filter.clone().unwrap_or_default();
    let words = format!(
        "its plan reads all {:.0} rows of {} for about {:.0}: {:.0} % of the cost is the condition {}",
        table.live,
        table.words(),
        node.rows,
        100.0 * cost / plan.cost.max(0.01),
        super::quoted(&filter)
    );
    Some(Reason::cause(Cause::MissingIndex, 0.95, &table.words(), vec![words]))
}

/// The condition compares what an expression makes of a column, and the expression has few results for many values: the
/// planner has no statistics of it and takes half a per cent for granted (`DEFAULT_EQ_SEL`), which is too little.
fn has_few_results(condition: &str) -> bool {
    const FUNCTIONS: [&str; 8] =
        ["mod(", "date_part(", "EXTRACT(", "length(", "char_length(", "octet_length(", "sign(", "width_bucket("];
    let begins = |name: &str| {
        let found = condition.find(name)?;
        let before = condition[..found].chars().next_back();
        Some(!before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '"' | '.')))
    };
    let remainder = condition.split(" % ").skip(1).any(|after| {
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        after[..digits].parse::<f64>().is_ok_and(|modulus| modulus < 1.0 / FEW)
    });
    remainder || FUNCTIONS.iter().any(|name| begins(name) == Some(true))
}

/// A join that reads far more than comes out, or compares everything with everything.
fn join(plan: &Node) -> Option<Reason> {
    let all = plan.all();
    let joins: Vec<&Node> = all.iter().copied().filter(|node| node.is_join()).collect();
    let feeders = joins.iter().flat_map(|join| join.below.iter()).flat_map(|side| side.all()).filter(|node| {
        matches!(
            node.kind.as_str(),
            "Hash" | "Sort" | "Materialize" | "Memoize" | "Seq Scan" | "Index Scan" | "Index Only Scan"
        )
    });
    let own: f64 = joins.iter().map(|join| join.own_cost()).sum();
    let fed: f64 = {
        let mut seen: Vec<*const Node> = Vec::new();
        let mut sum = 0.0;
        for node in feeders {
            let place = std::ptr::from_ref(node);
            if !seen.contains(&place) {
                seen.push(place);
                sum += node.own_cost();
            }
        }
        sum
    };
    if joins.is_empty() || (own + fed) / plan.cost.max(0.01) < MOST_COST {
        return None;
    }
    let sides = |join: &Node| {
        let mut rows = join.below.iter().map(|side| side.rows.max(1.0));
        (rows.next().unwrap_or(1.0), rows.next().unwrap_or(1.0))
    };
    let worst = joins.iter().max_by(|a, b| pairs_or_rows(a, sides(a)).total_cmp(&pairs_or_rows(b, sides(b))))?;
    let (left, right) = sides(worst);
    let blind = worst.kind == "Nested Loop" && worst.below.get(1).is_some_and(|inner| !finds_by_index(inner));
    let explodes = worst.rows >= 5.0 * left.max(right) && worst.rows >= 100_000.0;
    let large = left + right >= LARGE_JOIN;
    let out = if plan.heart().sums() || plan.all().iter().any(|node| node.sums()) { 1.0 } else { plan.rows };
    let wasteful = out <= (left + right) / 10.0;
    if !((blind && left * right >= MANY_PAIRS) || explodes || (large && wasteful)) {
        return None;
    }
    let how = if blind {
        format!("compares about {left:.0} rows with {right:.0}, each with each, by no index")
    } else {
        format!("puts about {left:.0} and {right:.0} rows together to give {:.0}", worst.rows)
    };
    let words = vec![format!("its plan's {} {how}", worst.kind.to_lowercase())];
    let about = worst.all().iter().find_map(|node| node.relation.clone()).unwrap_or_default();
    Some(Reason::cause(Cause::PoorJoin, 0.9, &about, words))
}

fn pairs_or_rows(join: &Node, (left, right): (f64, f64)) -> f64 {
    if join.kind == "Nested Loop" { left * right } else { left + right }
}

fn finds_by_index(inner: &Node) -> bool {
    inner
        .all()
        .iter()
        .any(|node| node.kind.starts_with("Index") || node.kind.starts_with("Bitmap") || node.kind == "Tid Scan")
}

/// A sort or a hash that does not fit its memory, while temporary files are written.
fn spilled(plan: &Node, work: &Work, facts: &Facts<'_>, least_waits: f64) -> Option<Reason> {
    let waits = work.share(&[Busy::Temporary]);
    let written = facts.totals.a_second(facts.totals.temporary_bytes);
    if (written < 1_000_000.0 && waits < 0.1) || waits < least_waits {
        return None;
    }
    let memory = facts.settings.bytes("work_mem").unwrap_or(4_194_304.0);
    let step = plan
        .all()
        .into_iter()
        .filter(|node| node.keeps_rows())
        .filter(|node| {
            let through = node.below.first().map_or(node.bytes(), |below| below.bytes().max(node.bytes()));
            through > memory || waits >= 0.3
        })
        .max_by(|a, b| a.own_cost().total_cmp(&b.own_cost()))?;
    let words = vec![
        format!(
            "its plan's {} has about {:.0} MB to keep and work_mem is {:.1} MB",
            step.kind.to_lowercase(),
            step.below.first().map_or(step.bytes(), |below| below.bytes().max(step.bytes())) / 1_048_576.0,
            memory / 1_048_576.0
        ),
        format!(
            "{:.1} MB of temporary files a second were finished; {:.0} % of its time are reads and writes of such files",
            written / 1_048_576.0,
            waits * 100.0
        ),
    ];
    let share = step.own_cost() / plan.cost.max(0.01);
    (share >= 0.2 || waits >= 0.2).then(|| Reason::cause(Cause::DiskSpill, 0.9, "", words))
}

/// The first rows by an order that no index has: everything is sorted for them.
fn first_of_all(plan: &Node, facts: &Facts<'_>) -> Option<Reason> {
    let all = plan.all();
    if !all.iter().any(|node| node.kind == "Limit") || plan.rows > FIRST_ROWS {
        return None;
    }
    let sort = all.iter().find(|node| node.kind == "Sort")?;
    let scan = sort.all().into_iter().find(|node| node.reads_whole_table())?;
    let table = facts.table(scan.relation.as_deref()?)?;
    (table.live >= LARGE_TABLE && !sort.all().iter().any(|node| node.sums() || node.is_join())).then(|| {
        let words = format!(
            "its plan reads and sorts all {:.0} rows of {} to give the first {:.0}",
            table.live,
            table.words(),
            plan.rows
        );
        Reason::cause(Cause::MissingIndex, 0.8, &table.words(), vec![words])
    })
}

/// What is left: a large answer, a large sum, computing, or nothing much.
fn answer(plan: &Node, work: &Work, facts: &Facts<'_>) -> Reason {
    let sums = plan.heart().sums();
    let about = plan.all().iter().find_map(|node| node.relation.clone()).unwrap_or_default();
    if plan.rows >= LARGE_ANSWER && !sums {
        let words = format!("it asks for about {:.0} rows of {:.0} bytes at once", plan.rows, plan.width);
        return Reason::cause(Cause::LargeFetch, 0.92, &about, vec![words]);
    }
    if work.share(&[Busy::Client]) >= 0.3 {
        let words = format!(
            "{:.0} % of its time the client does not take rows as fast as they come",
            100.0 * work.share(&[Busy::Client])
        );
        return Reason::cause(Cause::LargeFetch, 0.8, &about, vec![words]);
    }
    let large = plan
        .all()
        .into_iter()
        .filter(|node| node.reads_whole_table() || node.kind.starts_with("Index") || node.kind.starts_with("Bitmap"))
        .filter(|node| {
            let rows = facts.table(node.relation.as_deref().unwrap_or_default()).map_or(node.rows, |t| t.live);
            (if node.reads_whole_table() { rows } else { node.rows }) >= LARGE_ANSWER
        })
        .max_by(|a, b| a.cost.total_cmp(&b.cost));
    if let Some(scan) = large {
        let words = format!(
            "it reads {} rows of {} and sums them up",
            rows_of(scan, facts),
            scan.relation.as_deref().unwrap_or("a table")
        );
        return Reason { about: scan.relation.clone(), ..Reason::new(Blame::Scan, 0.85, vec![words]) };
    }
    let computes = work.share(&[Busy::Computing, Busy::Other]);
    if work.longest >= 0.3
        && computes >= 0.7
        && plan.cost * SECONDS_OF_COST * 20.0 * facts.looks.load().max(1.0) < work.longest
    {
        let words = format!("it computes for {:.1} s on a plan of cost {:.0}", work.longest, plan.cost);
        return Reason::new(Blame::Computing, 0.8, vec![words]);
    }
    if !plan.all().iter().any(|node| node.relation.is_some()) && work.longest >= 0.2 {
        let words = format!("it reads no table and runs for {:.1} s", work.longest);
        return Reason::new(Blame::Computing, 0.85, vec![words]);
    }
    Reason::new(Blame::Small, 0.8, Vec::new())
}

fn rows_of(node: &Node, facts: &Facts<'_>) -> String {
    let table = node.relation.as_deref().and_then(|name| facts.table(name));
    format!("{:.0}", table.map_or(node.rows, |t| if node.reads_whole_table() { t.live } else { node.rows }))
}
