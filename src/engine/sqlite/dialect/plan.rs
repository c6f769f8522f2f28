//! SQLite's plans, as `EXPLAIN QUERY PLAN` prints them: a tree without any numbers.

use crate::domain::plan::{Access, Plan, Step};

/// Reads a plan; none where the text is none of ours.
pub(super) fn read(text: &str) -> Option<Plan> {
    let mut lines = text.trim().lines();
    if lines.next()?.trim() != "QUERY PLAN" {
        return None;
    }
    let steps: Vec<Step> = lines.filter_map(step).collect();
    let mut plan = Plan { steps, ..Plan::default() };
    let reads = plan.steps.iter().any(|s| s.name.starts_with("SCAN") || s.name.starts_with("SEARCH"));
    if !reads {
        return None;
    }
    for step in &plan.steps {
        if let Some(what) = step.name.strip_prefix("USE TEMP B-TREE FOR ") {
            plan.notes.push(format!("{what}: sorts in a temporary tree, with no index that has the rows in order"));
        }
        if step.name.contains("AUTOMATIC") {
            plan.notes
                .push(format!("{}: builds an index for this one statement: a lasting one would save that", step.name));
        }
    }
    Some(plan)
}

/// ``  |--SCAN orders``
fn step(line: &str) -> Option<Step> {
    let name = line.trim_start_matches(['|', '`', '-', ' ']);
    if name.is_empty() {
        return None;
    }
    let depth = (line.len() - name.len()).saturating_sub(1) / 3;
    let scan = name.strip_prefix("SCAN ").map(|rest| rest.strip_prefix("TABLE ").unwrap_or(rest));
    let on = scan.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
    let access = match scan {
        Some(rest) if rest.contains("USING COVERING INDEX") || rest.contains("USING INDEX") => Access::WholeIndex,
        Some(rest) if rest.starts_with("CONSTANT") || rest.contains("VIRTUAL TABLE") => Access::Chosen,
        Some(_) => Access::Whole,
        None => Access::Chosen,
    };
    Some(Step { depth, name: name.trim_end().to_owned(), on, access, ..Step::default() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_tree_of_the_shell() {
        let plan = read("QUERY PLAN\n|--SCAN orders\n|--SEARCH c USING INTEGER PRIMARY KEY (rowid=?)\n`--USE TEMP B-TREE FOR ORDER BY")
            .unwrap();
        assert_eq!(plan.steps.len(), 3);
        assert_eq!((plan.steps[0].access, plan.steps[0].on.as_deref()), (Access::Whole, Some("orders")));
        assert_eq!(plan.steps[1].access, Access::Chosen);
        assert!(plan.notes[0].starts_with("ORDER BY: sorts"));
        assert_eq!(read("QUERY PLAN\nhello"), None);
        assert_eq!(read("SCAN orders"), None);
    }
}
