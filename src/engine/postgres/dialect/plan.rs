//! PostgreSQL's plans, as `EXPLAIN` prints them: as a tree of text or as JSON.

use crate::domain::plan::{Access, Plan, Spill, Step};
use crate::engine::sql::plan::{bare_lines, read_tree};
use serde_json::Value;

/// Steps of a plan that are read.
const MOST_STEPS: usize = 5_000;

/// Reads a plan; none where the text is none of ours.
pub(super) fn read(text: &str) -> Option<Plan> {
    if text.contains("\"Plan\"") && text.contains("\"Node Type\"") {
        return json(text);
    }
    // Another engine prints the same tree with other steps: ours say the width of their rows, or are named as ours.
    read_tree(text, |step, _| step.access = access(&step.name))
        .filter(|_| text.contains(" width=") || text.contains(" Scan"))
}

fn access(name: &str) -> Access {
    if name.ends_with("Seq Scan") { Access::Whole } else { Access::Chosen }
}

fn json(text: &str) -> Option<Plan> {
    let text = bare_lines(text).join("\n");
    let start = text.find(['[', '{'])?;
    let end = text.rfind([']', '}'])?;
    let found: Value = serde_json::from_str(text.get(start..=end)?).ok()?;
    let query = if let Value::Array(queries) = &found { queries.first()? } else { &found };
    let mut plan = Plan { execution_ms: query.get("Execution Time").and_then(Value::as_f64), ..Plan::default() };
    let root = query.get("Plan")?;
    root.get("Node Type")?.as_str()?;
    add(root, 0, &mut plan);
    (!plan.steps.is_empty()).then_some(plan)
}

fn add(node: &Value, depth: usize, plan: &mut Plan) {
    if plan.steps.len() >= MOST_STEPS {
        return;
    }
    let number = |key: &str| node.get(key).and_then(Value::as_f64);
    let text = |key: &str| node.get(key).and_then(Value::as_str).map(str::to_owned);
    let kind = text("Node Type").unwrap_or_default();
    let parallel = node.get("Parallel Aware").and_then(Value::as_bool) == Some(true);
    let mut name = if parallel { format!("Parallel {kind}") } else { kind };
    if let Some(index) = text("Index Name") {
        name.push_str(&format!(" using {index}"));
    }
    plan.steps.push(Step {
        depth,
        access: access(&name),
        name,
        on: text("Relation Name").or_else(|| text("CTE Name")).or_else(|| text("Function Name")),
        cost: number("Total Cost"),
        expected_rows: number("Plan Rows"),
        actual_rows: number("Actual Rows"),
        loops: number("Actual Loops"),
        actual_ms: number("Actual Total Time"),
        removed_rows: number("Rows Removed by Filter").or_else(|| number("Rows Removed by Join Filter")),
        filter: text("Filter").or_else(|| text("Join Filter")),
        spill: spill(node),
    });
    for child in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
        add(child, depth + 1, plan);
    }
}

fn spill(node: &Value) -> Option<Spill> {
    let number = |key: &str| node.get(key).and_then(Value::as_f64).filter(|n| *n > 0.0);
    let words = if node.get("Sort Space Type").and_then(Value::as_str) == Some("Disk") {
        let method = node.get("Sort Method").and_then(Value::as_str).unwrap_or("sorted");
        format!("{method}, {} kB on disk", number("Sort Space Used").unwrap_or(0.0))
    } else if let Some(batches) = number("Hash Batches").or_else(|| number("HashAgg Batches")).filter(|n| *n > 1.0) {
        format!("{batches} batches, all but one on disk")
    } else {
        // Blocks are counted with those of the steps below: they are this step's own where there is none.
        let leaf = node.get("Plans").is_none();
        format!("{} blocks written to temporary files", number("Temp Written Blocks").filter(|_| leaf)?)
    };
    Some(Spill { words })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::plan::findings::{Topic, findings, headline};

    const TEXT: &str = "                                   QUERY PLAN                                    
--------------------------------------------------------------------------------
 Sort  (cost=1834.35..1847.93 rows=5431 width=12) (actual time=201.105..230.006 rows=98000 loops=1)
   Sort Key: o.placed_at
   Sort Method: external merge  Disk: 2104kB
   ->  Hash Join  (cost=30.50..1497.17 rows=5431 width=12) (actual time=0.5..90.1 rows=98000 loops=1)
         Hash Cond: (o.customer_id = c.id)
         ->  Seq Scan on orders o  (cost=0.00..1228.00 rows=50000 width=12) (actual time=0.01..40.2 rows=99000 loops=1)
               Filter: (status <> 'x'::text)
               Rows Removed by Filter: 1000
         ->  Hash  (cost=18.00..18.00 rows=1000 width=4) (actual time=0.4..0.4 rows=1000 loops=1)
               Buckets: 1024  Batches: 1  Memory Usage: 44kB
               ->  Seq Scan on customers c  (cost=0.00..18.00 rows=1000 width=4) (never executed)
 Planning Time: 0.2 ms
 Execution Time: 236.410 ms
(13 rows)
";

    #[test]
    fn a_tree_as_psql_prints_it() {
        let plan = read(TEXT).unwrap();
        assert_eq!(plan.steps.iter().map(|s| s.depth).collect::<Vec<_>>(), [0, 1, 2, 2, 3]);
        assert_eq!(plan.execution_ms, Some(236.41));
        assert_eq!(headline(&plan), "A plan of 5 steps that was run: 236 ms");
        let found = findings(&plan);
        let about =
            |topic: Topic| found.iter().filter(|f| f.topic == topic).map(|f| f.words.as_str()).collect::<Vec<_>>();
        assert!(about(Topic::Cost)[0].starts_with("Sort: 61% of the time"), "{found:?}");
        assert_eq!(about(Topic::WholeRead), ["Seq Scan on orders: the whole table, 100 000 rows"]);
        assert!(about(Topic::Estimate)[0].starts_with("Hash Join: expected 5 431 rows, came 98 000: 18 times more"));
        assert!(about(Topic::Spill)[0].starts_with("Sort: external merge, 2104 kB on disk"));
    }

    #[test]
    fn the_same_as_json() {
        let json = r#"[{"Plan": {"Node Type": "Sort", "Total Cost": 9.0, "Plan Rows": 5, "Actual Rows": 900, "Actual Loops": 1,
            "Actual Total Time": 3.5, "Sort Method": "external merge", "Sort Space Used": 88, "Sort Space Type": "Disk",
            "Plans": [{"Node Type": "Seq Scan", "Parallel Aware": true, "Relation Name": "orders", "Plan Rows": 900,
            "Actual Rows": 900, "Actual Loops": 1, "Actual Total Time": 1.5, "Total Cost": 4.0}]}, "Execution Time": 4.25}]"#;
        let plan = read(json).unwrap();
        assert_eq!((plan.steps.len(), plan.execution_ms), (2, Some(4.25)));
        assert_eq!((plan.steps[1].name.as_str(), plan.steps[1].access), ("Parallel Seq Scan", Access::Whole));
        assert_eq!(plan.steps[0].spill.as_ref().unwrap().words, "external merge, 88 kB on disk");
    }

    #[test]
    fn other_texts_are_no_plan() {
        for text in ["", "select 1", "[]", "{\"Plan\": 1, \"Node Type\": 2}", "ERROR:  relation \"x\" does not exist"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
