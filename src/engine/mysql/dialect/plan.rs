//! Plans of MySQL and MariaDB, as `EXPLAIN` prints them: a tree of text, a table of the tables that are read, or JSON.

use crate::domain::plan::{Access, Plan, Spill, Step};
use crate::engine::sql::plan::{bare_lines, read_tree};
use serde_json::Value;

/// Reads a plan; none where the text is none of ours.
pub(super) fn read(text: &str) -> Option<Plan> {
    if text.contains("\"query_block\"") {
        return json(text);
    }
    if text.contains("select_type") {
        return table(text);
    }
    let tree = read_tree(text, |step, _| step.access = access(step));
    tree.filter(|_| !text.contains(" width="))
}

fn access(step: &Step) -> Access {
    let temporary = step.on.as_ref().is_some_and(|on| on.starts_with('<'));
    match step.name.as_str() {
        "Table scan" if !temporary => Access::Whole,
        "Index scan" | "Covering index scan" => Access::WholeIndex,
        _ => Access::Chosen,
    }
}

/// `| id | select_type | table | type | key | rows | filtered | Extra |`, with bars or tabs, or one column a line.
fn table(text: &str) -> Option<Plan> {
    let rows = if text.contains("select_type:") { upright(text) } else { across(text) };
    let mut plan = Plan::default();
    for row in rows {
        let cell = |name: &str| row.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| *v != "NULL");
        let Some(access) = cell("type").or(cell("table").map(|_| "")) else { continue };
        let number = |name: &str| cell(name).and_then(|v| v.parse::<f64>().ok());
        let extra = cell("Extra").unwrap_or_default();
        let key = cell("key").map_or_else(String::new, |key| format!(" using {key}"));
        plan.steps.push(Step {
            name: format!("{} ({access}){key}", cell("select_type").unwrap_or("read").to_lowercase()),
            on: cell("table").map(str::to_owned),
            access: access_type(access),
            expected_rows: number("rows"),
            actual_rows: number("r_rows"),
            filter: extra.contains("Using where").then(|| "its condition".to_owned()),
            spill: None,
            ..Step::default()
        });
        for (sign, words) in [
            ("Using temporary", "builds a temporary table"),
            ("Using filesort", "sorts the rows, with no index that has them in order"),
            ("Using join buffer", "joins without an index, through a join buffer"),
        ] {
            if extra.contains(sign) {
                plan.notes.push(format!("{}: {words}", cell("table").unwrap_or("the result")));
            }
        }
    }
    (!plan.steps.is_empty()).then_some(plan)
}

type Row = Vec<(String, String)>;

fn across(text: &str) -> Vec<Row> {
    let split = |line: &str| -> Vec<String> {
        let separator = if line.contains('|') { '|' } else { '\t' };
        line.trim().trim_matches('|').split(separator).map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = text.lines().skip_while(|line| !line.contains("select_type"));
    let Some(head) = lines.next().map(split) else { return Vec::new() };
    let rows = lines.map(split).filter(|cells| cells.len() == head.len());
    rows.map(|cells| head.iter().cloned().zip(cells).collect()).collect()
}

fn upright(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in bare_lines(text) {
        let Some((name, value)) = line.trim().split_once(':') else { continue };
        if name == "id" {
            rows.push(Row::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    rows
}

fn access_type(word: &str) -> Access {
    match word {
        "ALL" => Access::Whole,
        "index" => Access::WholeIndex,
        _ => Access::Chosen,
    }
}

fn json(text: &str) -> Option<Plan> {
    let text = bare_lines(text).join("\n");
    let (start, end) = (text.find('{')?, text.rfind('}')?);
    let found: Value = serde_json::from_str(text.get(start..=end)?).ok()?;
    let mut plan = Plan::default();
    walk(&found, 0, &mut plan);
    (!plan.steps.is_empty()).then_some(plan)
}

/// Every `table` of the document, however deep: the two products nest them differently.
fn walk(value: &Value, depth: usize, plan: &mut Plan) {
    match value {
        Value::Array(values) => values.iter().for_each(|v| walk(v, depth, plan)),
        Value::Object(object) => {
            for (key, inner) in object {
                match (key.as_str(), inner) {
                    ("table", Value::Object(_)) => plan.steps.push(table_step(inner, depth)),
                    ("using_filesort", Value::Bool(true)) => plan.notes.push("sorts the rows".into()),
                    ("using_temporary_table", Value::Bool(true)) => plan.notes.push("builds a temporary table".into()),
                    _ => {}
                }
                walk(inner, depth + 1, plan);
            }
        }
        _ => {}
    }
}

fn table_step(table: &Value, depth: usize) -> Step {
    let number = |value: Option<&Value>| {
        value.and_then(|v| v.as_f64().or_else(|| v.as_str().and_then(|text| text.parse::<f64>().ok())))
    };
    let of = |key: &str| number(table.get(key));
    let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let access = text("access_type").unwrap_or_default();
    let key = text("key").map_or_else(String::new, |key| format!(" using {key}"));
    let loops = of("r_loops");
    Step {
        depth,
        name: format!("read ({access}){key}"),
        on: text("table_name"),
        access: access_type(&access),
        cost: number(table.get("cost_info").and_then(|c| c.get("read_cost"))).or_else(|| of("cost")),
        expected_rows: of("rows_examined_per_scan").or_else(|| of("rows")),
        actual_rows: of("r_rows"),
        loops,
        // The total is of all runs.
        actual_ms: of("r_total_time_ms").map(|ms| ms / loops.filter(|n| *n > 0.0).unwrap_or(1.0)),
        removed_rows: None,
        filter: text("attached_condition"),
        spill: None::<Spill>,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::plan::findings::{Topic, findings};

    #[test]
    fn a_tree() {
        let text = "-> Nested loop inner join  (cost=4.95 rows=9) (actual time=0.0325..0.0587 rows=9 loops=1)\n    \
                    -> Table scan on o  (cost=1.15 rows=9) (actual time=0.0188..0.0226 rows=9000 loops=1)\n    \
                    -> Single-row index lookup on c using PRIMARY (id=o.customer_id)  (cost=0.261 rows=1) \
                    (actual time=0.00331..0.00335 rows=1 loops=9000)\n";
        let plan = read(text).unwrap();
        assert_eq!(plan.steps[1].access, Access::Whole);
        assert_eq!((plan.steps[2].on.as_deref(), plan.steps[2].loops), (Some("c"), Some(9_000.0)));
        let found = findings(&plan);
        assert!(found.iter().any(|f| f.topic == Topic::Estimate && f.words.contains("1 000 times more")), "{found:?}");
    }

    #[test]
    fn a_table_across_and_upright() {
        let across = "+----+-------------+-------+------+---------+---------------------------------+\n\
                      | id | select_type | table | type | rows    | Extra                           |\n\
                      +----+-------------+-------+------+---------+---------------------------------+\n\
                      |  1 | SIMPLE      | o     | ALL  | 1200000 | Using where; Using filesort     |\n\
                      |  1 | SIMPLE      | c     | ref  |       1 | NULL                            |\n\
                      +----+-------------+-------+------+---------+---------------------------------+";
        let upright = "*************************** 1. row ***************************\n           id: 1\n  select_type: SIMPLE\n        \
                       table: o\n         type: ALL\n         rows: 1200000\n        Extra: Using where; Using filesort\n";
        for text in [across, upright] {
            let plan = read(text).unwrap();
            assert_eq!(
                (plan.steps[0].access, plan.steps[0].expected_rows),
                (Access::Whole, Some(1_200_000.0)),
                "{text}"
            );
            assert!(plan.notes[0].contains("sorts the rows"));
        }
        assert_eq!(read(across).unwrap().steps.len(), 2);
    }

    #[test]
    fn json_of_both_products() {
        let ours = r#"{"query_block": {"select_id": 1, "cost_info": {"query_cost": "1.15"}, "ordering_operation":
            {"using_filesort": true, "table": {"table_name": "o", "access_type": "ALL", "rows_examined_per_scan": 9,
            "cost_info": {"read_cost": "0.25"}, "attached_condition": "(`o`.`x` > 3)"}}}}"#;
        let plan = read(ours).unwrap();
        assert_eq!((plan.steps[0].access, plan.steps[0].cost), (Access::Whole, Some(0.25)));
        assert_eq!(plan.notes, ["sorts the rows"]);
        let theirs = r#"{"query_block": {"select_id": 1, "nested_loop": [{"table": {"table_name": "o", "access_type": "ALL",
            "loops": 1, "r_loops": 2, "rows": 9, "r_rows": 4000, "r_total_time_ms": 3.0, "filtered": 100}}]}}"#;
        let plan = read(theirs).unwrap();
        assert_eq!((plan.steps[0].actual_rows, plan.steps[0].actual_ms), (Some(4_000.0), Some(1.5)));
    }
}
