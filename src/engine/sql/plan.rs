//! Plans as text: the tree with `->` and costs in parentheses that several SQL engines print, and the tables that their
//! clients draw around an answer.

use crate::domain::plan::{Plan, Spill, Step};
use regex::Regex;
use std::sync::LazyLock;

/// Lines of a plan that are read; what is longer is no plan that a person pastes.
const MOST_LINES: usize = 5_000;

#[allow(clippy::unwrap_used, reason = "constant patterns, compiled by the tests of this file")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Where the numbers of a step begin.
static NUMBERS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\s+\((?:cost=\d|actual (?:time|rows)=\d|never executed\))"));
static COST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"cost=(\d+(?:\.\d+)?(?:e\+?\d+)?)(?:\.\.(\d+(?:\.\d+)?(?:e\+?\d+)?))?(?: rows=([\d.e+]*\d))?")
});
static ACTUAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"actual (?:time=[\d.e+-]*\d\.\.([\d.e+-]*\d) )?rows=([\d.e+]*\d)(?: loops=([\d.e+]*\d))?")
});
static REMOVED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Rows Removed by (?:Join )?Filter: (\d+)"));
static SORTED_ON_DISK: LazyLock<Regex> = LazyLock::new(|| pattern(r"Sort Method: (external [a-z ]+?)\s+Disk: (\d+)kB"));
static BATCHES: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bBatches: (\d+)"));
static TEMPORARY: LazyLock<Regex> = LazyLock::new(|| pattern(r"\btemp (?:read=\d+ )?written=(\d+)"));
static TOOK: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:Execution Time|Total runtime): ([\d.]+) ms"));

static COUNTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:\(\d+ rows?\)|\d+ rows? in set.*)$"));

/// The lines of a pasted answer, without what a client draws around them: frames, heads, bars, counts, marks of
/// continued lines.
pub(in crate::engine) fn bare_lines(text: &str) -> Vec<String> {
    text.lines().take(MOST_LINES).filter_map(bare).collect()
}

fn bare(line: &str) -> Option<String> {
    let mut line = line.trim_end();
    let framed = line.trim_start().starts_with('|');
    if framed {
        line = line.trim_start().strip_prefix('|')?.trim_end_matches('|').trim_end();
        line = line.strip_prefix(' ').unwrap_or(line);
    }
    line = line.strip_suffix('+').unwrap_or(line).trim_end();
    line = line.trim_end_matches('|').trim_end();
    let inner = line.trim_start();
    line = inner.strip_prefix("EXPLAIN: ").unwrap_or(line);
    let unquoted = line.trim().strip_prefix('"').and_then(|l| l.strip_suffix('"'));
    let line = unquoted.unwrap_or(line);
    let empty = line.chars().all(|c| matches!(c, '-' | '+' | '=' | '|' | ' ' | '*'));
    let counted = COUNTED.is_match(line);
    let head = matches!(line.trim(), "QUERY PLAN" | "EXPLAIN");
    (!empty && !counted && !head).then(|| line.to_owned())
}

/// Reads a tree of steps; `finish` gets each step with the lines below it and tells how it reads its table. None where
/// no line has the numbers of a step.
pub(in crate::engine) fn read_tree(text: &str, finish: impl Fn(&mut Step, &[&str])) -> Option<Plan> {
    if !NUMBERS.is_match(text) {
        return None;
    }
    let lines = bare_lines(text);
    let mut plan = Plan::default();
    let mut indents: Vec<usize> = Vec::new();
    let mut details: Vec<&str> = Vec::new();
    for line in &lines {
        let rest = line.trim_start();
        let arrow = rest.starts_with("->");
        let numbers = NUMBERS.find(rest);
        if !arrow && numbers.is_none() {
            if let Some(took) = TOOK.captures(rest) {
                plan.execution_ms = took[1].parse().ok();
            } else {
                details.push(rest);
            }
            continue;
        }
        close(&mut plan, &mut details, &finish);
        let indent = line.len() - rest.len();
        while indents.last().is_some_and(|above| *above >= indent) {
            indents.pop();
        }
        let depth = indents.len();
        indents.push(indent);
        plan.steps.push(step(depth, rest.trim_start_matches("->").trim_start()));
    }
    close(&mut plan, &mut details, &finish);
    (!plan.steps.is_empty()).then_some(plan)
}

/// Gives the last step the lines that stood below it.
fn close(plan: &mut Plan, details: &mut Vec<&str>, finish: &impl Fn(&mut Step, &[&str])) {
    if let Some(step) = plan.steps.last_mut() {
        for line in details.iter() {
            detail(step, line);
        }
        finish(step, details);
    }
    details.clear();
}

fn step(depth: usize, text: &str) -> Step {
    let at = NUMBERS.find(text).map_or(text.len(), |found| found.start());
    let (name, numbers) = text.split_at(at);
    let (name, on) = name_and_table(name.trim());
    let mut step = Step { depth, name, on, ..Step::default() };
    let parse = |found: Option<regex::Match<'_>>| found.and_then(|m| m.as_str().parse::<f64>().ok());
    if let Some(cost) = COST.captures(numbers) {
        step.cost = parse(cost.get(2).or(cost.get(1)));
        step.expected_rows = parse(cost.get(3));
    }
    if let Some(actual) = ACTUAL.captures(numbers) {
        step.actual_ms = parse(actual.get(1));
        step.actual_rows = parse(actual.get(2));
        step.loops = parse(actual.get(3)).or(Some(1.0));
    } else if numbers.contains("never executed") {
        step.loops = Some(0.0);
    }
    step
}

/// `Index Scan using a on orders o` -> what is done, and to which table. A condition may hold ` on ` too: names of
/// steps with a colon or a parenthesis before it have no table.
fn name_and_table(name: &str) -> (String, Option<String>) {
    match name.split_once(" on ") {
        Some((done, rest)) if !done.contains([':', '(']) => {
            let rest = rest.trim_start();
            let end = if let Some(quoted) = rest.strip_prefix('"') {
                quoted.find('"').map_or(rest.len(), |at| at + 2)
            } else {
                rest.find(' ').unwrap_or(rest.len())
            };
            (done.to_owned(), Some(rest[..end].to_owned()))
        }
        _ => (name.to_owned(), None),
    }
}

/// What a line below a step says of it.
fn detail(step: &mut Step, line: &str) {
    if let Some(filter) = line.strip_prefix("Filter: ").or_else(|| line.strip_prefix("Join Filter: ")) {
        step.filter = Some(filter.to_owned());
    } else if let Some(removed) = REMOVED.captures(line) {
        step.removed_rows = removed[1].parse().ok();
    } else if let Some(sorted) = SORTED_ON_DISK.captures(line) {
        step.spill = Some(Spill { words: format!("{}, {} kB on disk", &sorted[1], &sorted[2]) });
    } else if let Some(batches) = BATCHES.captures(line).filter(|b| b[1] != *"1") {
        step.spill = Some(Spill { words: format!("{} batches, all but one on disk", &batches[1]) });
    } else if let Some(written) = TEMPORARY.captures(line)
        && step.spill.is_none()
    {
        step.spill = Some(Spill { words: format!("{} blocks written to temporary files", &written[1]) });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Option<Plan> {
        read_tree(text, |_, _| {})
    }

    #[test]
    fn depth_follows_the_indent() {
        let plan = read(
            "Sort  (cost=9.5..9.6 rows=3 width=4)\n  Sort Key: a\n  ->  Hash Join  (cost=1.0..9.0 rows=3 width=4)\n        \
             ->  Seq Scan on a  (cost=0.0..2.0 rows=10 width=4)\n        ->  Hash  (cost=1.0..1.0 rows=5 width=4)\n              \
             ->  Seq Scan on \"b c\" x  (cost=0.0..1.0 rows=5 width=4)",
        )
        .unwrap();
        let shape: Vec<(usize, &str, Option<&str>)> =
            plan.steps.iter().map(|s| (s.depth, s.name.as_str(), s.on.as_deref())).collect();
        assert_eq!(
            shape,
            [
                (0, "Sort", None),
                (1, "Hash Join", None),
                (2, "Seq Scan", Some("a")),
                (2, "Hash", None),
                (3, "Seq Scan", Some("\"b c\""))
            ]
        );
        assert_eq!(plan.children(1).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(plan.steps[0].cost, Some(9.6));
    }

    #[test]
    fn what_a_client_draws_around_it_goes() {
        let drawn = "+----+\n| EXPLAIN |\n+----+\n| -> Filter: (a.x on b)  (cost=1.2 rows=3) (actual time=0.1..0.2 rows=4 loops=7)\n    \
                     -> Table scan on a  (cost=1.1 rows=9) (never executed)\n |\n+----+\n1 row in set (0.00 sec)";
        let plan = read(drawn).unwrap();
        assert_eq!(plan.steps.len(), 2);
        let filter = &plan.steps[0];
        assert_eq!((filter.on.as_deref(), filter.expected_rows), (None, Some(3.0)));
        assert_eq!((filter.actual_ms, filter.actual_rows, filter.loops), (Some(0.2), Some(4.0), Some(7.0)));
        assert_eq!((plan.steps[1].on.as_deref(), plan.steps[1].loops), (Some("a"), Some(0.0)));
    }

    #[test]
    fn words_are_no_plan() {
        for text in ["select * from a", "what does cost=3 mean?", "-> a", "", "the plan (cost is high)"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
