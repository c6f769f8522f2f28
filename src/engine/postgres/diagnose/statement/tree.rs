//! A plan as `EXPLAIN (FORMAT JSON)` gives it, with what tells one cause from another: who is whose subplan, what is
//! filtered where, and the share of each step's own cost.

use crate::domain::rows::Rows;
use serde_json::Value;

/// Steps of a plan that are read, at most.
const MOST_STEPS: usize = 2_000;
/// Steps below steps that are read, at most.
const DEEPEST: usize = 100;

/// A step. Names and conditions are untrusted.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Node {
    /// `Seq Scan`, `Hash Join` and so on.
    pub(in super::super) kind: String,
    /// What it is to the step above: `Outer`, `Inner`, `SubPlan`, `InitPlan`.
    pub(in super::super) role: String,
    /// The relation that it reads.
    pub(in super::super) relation: Option<String>,
    /// Rows expected.
    pub(in super::super) rows: f64,
    /// Bytes of a row.
    pub(in super::super) width: f64,
    /// Cost of it and all below.
    pub(in super::super) cost: f64,
    /// How it sums up: `Plain`, `Sorted`, `Hashed`.
    pub(in super::super) strategy: String,
    /// The condition on rows that it has read.
    pub(in super::super) filter: Option<String>,
    /// Steps below.
    pub(in super::super) below: Vec<Self>,
}

/// Reads an answer.
pub(in super::super) fn read(rows: &Rows) -> Option<Node> {
    let text = rows.rows.iter().filter_map(|row| row.first()?.plain()).collect::<Vec<_>>().join("\n");
    let answer: Value = serde_json::from_str(&text).ok()?;
    let mut left = MOST_STEPS;
    node(answer.get(0)?.get("Plan")?, 0, &mut left)
}

fn node(value: &Value, depth: usize, left: &mut usize) -> Option<Node> {
    *left = left.checked_sub(1)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| value.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let below = value.get("Plans").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let below = below.iter().filter(|_| depth < DEEPEST).filter_map(|below| node(below, depth + 1, left)).collect();
    Some(Node {
        kind: text("Node Type")?,
        role: text("Parent Relationship").unwrap_or_default(),
        relation: text("Relation Name"),
        rows: number("Plan Rows"),
        width: number("Plan Width"),
        cost: number("Total Cost"),
        strategy: text("Strategy").unwrap_or_default(),
        filter: text("Filter"),
        below,
    })
}

impl Node {
    /// This step and all below.
    pub(in super::super) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let mut at = 0;
        while at < all.len() {
            let node = all[at];
            all.extend(node.below.iter());
            at += 1;
        }
        all
    }
    /// Cost of this step alone. What is run again and again below it counts as its own.
    pub(in super::super) fn own_cost(&self) -> f64 {
        let below: f64 = self.below.iter().filter(|node| node.role != "SubPlan").map(|node| node.cost).sum();
        (self.cost - below).max(0.0)
    }
    /// It reads a table from its beginning to its end.
    pub(in super::super) fn reads_whole_table(&self) -> bool {
        self.kind == "Seq Scan"
    }
    /// It puts two inputs together.
    pub(in super::super) fn is_join(&self) -> bool {
        matches!(self.kind.as_str(), "Nested Loop" | "Hash Join" | "Merge Join")
    }
    /// Bytes that pass it.
    pub(in super::super) fn bytes(&self) -> f64 {
        // A row in memory has a head.
        self.rows * (self.width + 24.0)
    }
    /// The step that gives the rows, without what merely passes them on.
    pub(in super::super) fn heart(&self) -> &Self {
        let mut node = self;
        while matches!(
            node.kind.as_str(),
            "Gather" | "Gather Merge" | "Limit" | "Result" | "LockRows" | "Subquery Scan"
        ) && let [only] = node.below.as_slice()
        {
            node = only;
        }
        node
    }
    /// It keeps all rows that come to it, in memory or in temporary files.
    pub(in super::super) fn keeps_rows(&self) -> bool {
        match self.kind.as_str() {
            "Sort" | "Incremental Sort" | "WindowAgg" | "Hash" | "Materialize" => true,
            "Aggregate" => matches!(self.strategy.as_str(), "Hashed" | "Mixed"),
            _ => false,
        }
    }
    /// It makes few rows of many.
    pub(in super::super) fn sums(&self) -> bool {
        matches!(self.kind.as_str(), "Aggregate" | "Group" | "Unique" | "SetOp" | "WindowAgg")
    }
}

#[cfg(test)]
pub(in super::super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::rows::Column;

    /// A plan from JSON text.
    pub(in super::super::super) fn plan(text: &str) -> Rows {
        let cell = crate::domain::rows::Value::Text(text.to_owned());
        Rows { columns: vec![Column::text("QUERY PLAN")], rows: vec![vec![cell]], truncated: None }
    }

    #[test]
    fn a_tree_with_a_subplan() {
        let node = read(&plan(
            r#"[{"Plan": {"Node Type": "Seq Scan", "Relation Name": "part", "Total Cost": 9000.0, "Plan Rows": 33,
                "Plan Width": 8, "Filter": "(size > (SubPlan 1))", "Plans": [
                {"Node Type": "Aggregate", "Parent Relationship": "SubPlan", "Subplan Name": "SubPlan 1",
                 "Total Cost": 90.0, "Plan Rows": 1, "Plan Width": 8}]}}]"#,
        ))
        .unwrap();
        assert_eq!((node.all().len(), node.below[0].role.as_str()), (2, "SubPlan"));
        assert!((node.own_cost() - 9000.0).abs() < 1e-9);
        assert!(read(&plan("[]")).is_none() && read(&plan("nonsense")).is_none());
    }
}
