//! MongoDB's plans: the document that `explain()` gives, as JSON.

use crate::domain::plan::{Access, Plan, Spill, Step};
use serde_json::Value;

/// Steps of a plan that are read.
const MOST_STEPS: usize = 1_000;

/// Reads a plan; none where the text is none of ours.
pub(super) fn read(text: &str) -> Option<Plan> {
    if !text.contains("winningPlan") {
        return None;
    }
    let (start, end) = (text.find('{')?, text.rfind('}')?);
    let document = parse(text.get(start..=end)?)?;
    let planner = within(&document, "queryPlanner")?;
    let executed = within(&document, "executionStats");
    let execution_ms = executed.and_then(|e| number(e, "executionTimeMillis"));
    let mut plan = Plan { execution_ms, ..Plan::default() };
    let collection = planner.get("namespace").and_then(Value::as_str).map(str::to_owned);
    let root = executed.and_then(|e| e.get("executionStages")).or_else(|| planner.get("winningPlan"))?;
    add(root, 0, collection.as_deref(), &mut plan);
    if let (Some(examined), Some(returned)) =
        (executed.and_then(|e| number(e, "totalDocsExamined")), executed.and_then(|e| number(e, "nReturned")))
        && examined > returned
    {
        plan.notes.push(format!("{examined} documents were examined for {returned} that were returned"));
    }
    (!plan.steps.is_empty()).then_some(plan)
}

/// The shell prints names without quotes; both are read.
fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&quoted_names(text)).ok())
}

/// The document as the shell prints it, with its names and texts in double quotes.
fn quoted_names(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let name = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        if c == '\'' || c == '"' {
            let end = rest[1..].find(c).map_or(rest.len(), |at| at + 2);
            out.push_str(&Value::from(rest[1..end].trim_end_matches(c)).to_string());
            rest = &rest[end..];
        } else if name > 0 && !c.is_ascii_digit() {
            let (word, after) = rest.split_at(name);
            let is_name = after.trim_start().starts_with(':');
            if is_name || !matches!(word, "true" | "false" | "null") {
                out.push_str(&Value::from(word).to_string());
            } else {
                out.push_str(word);
            }
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// A part of the document at its head, or below the first stage of a pipeline.
fn within<'v>(document: &'v Value, name: &str) -> Option<&'v Value> {
    let cursor = || document.get("stages")?.as_array()?.first()?.get("$cursor")?.get(name);
    document.get(name).or_else(cursor)
}

fn number(value: &Value, name: &str) -> Option<f64> {
    value.get(name).and_then(Value::as_f64)
}

fn add(stage: &Value, depth: usize, collection: Option<&str>, plan: &mut Plan) {
    if plan.steps.len() >= MOST_STEPS {
        return;
    }
    // The newer engine keeps the plan that people know below its own.
    if let Some(inner) = stage.get("queryPlan") {
        return add(inner, depth, collection, plan);
    }
    let Some(name) = stage.get("stage").and_then(Value::as_str) else { return };
    let index = stage.get("indexName").and_then(Value::as_str);
    let whole = name == "COLLSCAN";
    let rows = number(stage, "nReturned");
    let examined = number(stage, "docsExamined");
    let used_disk = stage.get("usedDisk").and_then(Value::as_bool) == Some(true);
    plan.steps.push(Step {
        depth,
        name: index.map_or_else(|| name.to_owned(), |index| format!("{name} using {index}")),
        on: whole.then(|| collection.unwrap_or("the collection").to_owned()),
        access: if whole { Access::Whole } else { Access::Chosen },
        actual_rows: rows,
        removed_rows: examined.zip(rows).map(|(examined, rows)| (examined - rows).max(0.0)),
        actual_ms: number(stage, "executionTimeMillisEstimate"),
        filter: stage.get("filter").map(ToString::to_string).filter(|f| f != "{}"),
        spill: used_disk.then(|| Spill { words: "sorted on disk".to_owned() }),
        ..Step::default()
    });
    let below =
        ["inputStage", "outerStage", "innerStage", "thenStage", "elseStage"].iter().filter_map(|n| stage.get(*n));
    let lists = ["inputStages", "shards"].iter().filter_map(|n| stage.get(*n)?.as_array()).flatten();
    for child in below.chain(lists) {
        add(child, depth + 1, collection, plan);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::plan::findings::{Topic, findings};

    const SHELL: &str = "{
  explainVersion: '1',
  queryPlanner: {
    namespace: 'shop.orders',
    winningPlan: { stage: 'COLLSCAN', filter: { status: { '$eq': 'open' } }, direction: 'forward' }
  },
  executionStats: {
    executionSuccess: true, nReturned: 12, executionTimeMillis: 41, totalKeysExamined: 0, totalDocsExamined: 100000,
    executionStages: { stage: 'COLLSCAN', filter: { status: { '$eq': 'open' } }, nReturned: 12,
      executionTimeMillisEstimate: 40, docsExamined: 100000 }
  },
  ok: 1
}";

    #[test]
    fn what_the_shell_prints() {
        let plan = read(SHELL).unwrap();
        assert_eq!(plan.execution_ms, Some(41.0));
        assert_eq!((plan.steps[0].access, plan.steps[0].on.as_deref()), (Access::Whole, Some("shop.orders")));
        let found = findings(&plan);
        let read = found.iter().find(|f| f.topic == Topic::WholeRead).unwrap();
        assert!(read.words.starts_with("COLLSCAN on shop.orders: the whole table, 100 000 rows; 99%"), "{found:?}");
    }

    #[test]
    fn stages_stand_below_each_other() {
        let json = r#"{"queryPlanner": {"namespace": "a.b", "winningPlan": {"stage": "FETCH", "inputStage":
            {"stage": "IXSCAN", "indexName": "x_1"}}}}"#;
        let plan = read(json).unwrap();
        let shape: Vec<(usize, &str)> = plan.steps.iter().map(|s| (s.depth, s.name.as_str())).collect();
        assert_eq!(shape, [(0, "FETCH"), (1, "IXSCAN using x_1")]);
        assert_eq!(read("{ find: 'orders', filter: { winningPlan: 1 } }"), None);
    }
}
