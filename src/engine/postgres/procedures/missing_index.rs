//! C3: a plan reads a whole table to find a few rows. The columns that its condition compares become an index: those
//! that are compared for equality first, then one range.

use super::{seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis, SeenPlan, Verdict};
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::{FixKind, ObjectRef};
use crate::engine::sql::lexer::{self, Kind, Lexis};
use std::collections::{BTreeMap, BTreeSet};

const ID: &str = "C3";
/// A table below this many rows is read as fast as any index is.
const LARGE_TABLE: f64 = 5_000.0;
/// Of a whole table, at most this share is wanted where an index helps.
const FEW: f64 = 0.05;
/// Columns of a new index, at most: more make it large and seldom better.
const MOST_COLUMNS: usize = 3;
/// A build writes its index into the log; replicas that are further behind than this have enough to do, seconds.
const LAG_SECONDS: f64 = 10.0;
/// Causes that an index on the condition's columns answers.
pub(super) const CAUSES: &[Cause] = &[Cause::MissingIndex, Cause::CorrelatedSubquery, Cause::PoorJoin];
/// Longest name that the server keeps, bytes.
const NAME_BYTES: usize = 63;
/// An index is built within this, seconds; large ones take longer, and the act itself waits for its end.
const SEEN_WITHIN: u64 = 30;

/// A whole table that a plan reads for a few rows.
struct Scan<'a> {
    plan: &'a SeenPlan,
    relation: String,
    condition: String,
    rows: f64,
}

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let wanted = |cause: &&Cause| {
        case.focus == Some(**cause)
            || diagnosis.hypotheses.iter().any(|h| h.cause == **cause && h.verdict != Verdict::Refuted)
    };
    let Some(cause) = CAUSES.iter().find(wanted).copied() else { return Vec::new() };
    let mut plans: Vec<Plan> = Vec::new();
    for scan in scans(case) {
        if let Some(found) = of_scan(case, &scan, cause, diagnosis)
            && !plans.iter().any(|plan| plan.title == found.title)
        {
            plans.push(found);
        }
    }
    // The table that the diagnosis is about comes first.
    let about = diagnosis.of(cause).and_then(|h| h.about.clone()).unwrap_or_default();
    plans.sort_by_key(|plan| about.is_empty() || !plan.title.contains(&about));
    plans
}

fn scans<'a>(case: &Case<'a>) -> Vec<Scan<'a>> {
    let mut found = Vec::new();
    for plan in &case.observation.plans {
        let text: Vec<String> = plan.rows.rows.iter().filter_map(|row| row.first()?.plain()).collect();
        if let Ok(tree) = serde_json::from_str::<serde_json::Value>(&text.join("\n")) {
            walk(plan, &tree, &mut found);
        }
    }
    found
}

fn walk<'a>(plan: &'a SeenPlan, node: &serde_json::Value, found: &mut Vec<Scan<'a>>) {
    match node {
        serde_json::Value::Array(parts) => parts.iter().for_each(|part| walk(plan, part, found)),
        serde_json::Value::Object(step) => {
            let text = |name: &str| step.get(name).and_then(serde_json::Value::as_str);
            let is_scan = matches!(text("Node Type"), Some("Seq Scan" | "Parallel Seq Scan"));
            if let (true, Some(relation), Some(condition)) = (is_scan, text("Relation Name"), text("Filter")) {
                found.push(Scan {
                    plan,
                    relation: relation.to_owned(),
                    condition: condition.to_owned(),
                    rows: step.get("Plan Rows").and_then(serde_json::Value::as_f64).unwrap_or(f64::MAX),
                });
            }
            step.values().for_each(|part| walk(plan, part, found));
        }
        _ => {}
    }
}

/// A table of the observation.
struct Table {
    oid: i64,
    object: ObjectRef,
    rows: f64,
}

/// The largest table of this name: a plan names no schema.
fn table(case: &Case<'_>, name: &str) -> Option<Table> {
    seen::rows(case, "diagnose.tables")
        .filter(|row| row.text("name") == name)
        .filter_map(|row| {
            let rows = row.number("live").unwrap_or(0.0).max(row.number("reltuples").unwrap_or(0.0));
            Some(Table { oid: row.int("oid")?, object: row.object("name"), rows })
        })
        .max_by(|a, b| a.rows.total_cmp(&b.rows))
}

fn of_scan(case: &Case<'_>, scan: &Scan<'_>, cause: Cause, diagnosis: &Diagnosis) -> Option<Plan> {
    let table = table(case, &scan.relation)?;
    if table.rows < LARGE_TABLE || scan.rows > (FEW * table.rows).max(1.0) {
        return None;
    }
    let of_table = || seen::rows(case, "diagnose.definitions").filter(|row| row.int("table_oid") == Some(table.oid));
    let known: BTreeSet<String> = of_table().map(|row| row.text("name")).collect();
    let columns = columns(&scan.condition, &known, &distinct(case, &table));
    let title = format!("Index {} ({})", seen::short(&table.object), columns.join(", "));
    let mut plan = step::plan(ID, title, cause, 75, diagnosis);
    plan.evidence.push(format!(
        "its plan reads {:.0} rows of {} for about {:.0} by the condition {}",
        table.rows,
        table.object.words(),
        scan.rows,
        crate::domain::text::redact(&scan.condition)
    ));
    if columns.is_empty() {
        plan.title = format!("Find an index for a condition on {}", seen::short(&table.object));
        plan.blocked.push("the condition compares no plain column for equality or a range: an expression index, or another statement, is a person's to find".to_owned());
        return Some(plan);
    }
    let indexes: Vec<_> =
        seen::rows(case, "diagnose.indexes").filter(|row| row.int("table_oid") == Some(table.oid)).collect();
    if let Some(there) =
        indexes.iter().find(|row| row.is("valid") && !row.is("partial") && row.list("columns").starts_with(&columns))
    {
        plan.blocked
            .push(format!("{} begins with these columns already: the planner does not choose it", there.text("name")));
        plan.advice
            .push("read its statistics anew, and see whether a setting keeps the planner from indexes".to_owned());
        return Some(plan);
    }
    object_to(case, &table, &mut plan);
    let taken: BTreeSet<String> = seen::rows(case, "diagnose.indexes").map(|row| row.text("name")).collect();
    let name = index_name(&table.object.name, &columns, &taken);
    let statement = without_explain(&scan.plan.statement);
    let mut checks = vec![Check::IndexUsable(table.object.clone(), name.clone())];
    if let Some(statement) = statement {
        checks.push(Check::PlanUses { statement: statement.to_owned(), index: name.clone() });
    }
    let words = format!("{name} is whole{}", if checks.len() > 1 { ", and the plan uses it" } else { "" });
    let kind = FixKind::CreateIndex { table: table.object.clone(), name: name.clone(), columns };
    step::add(&mut plan, kind, Rung::Additive, step::within(Check::All(checks), SEEN_WITHIN, &words), |step| {
        step.why = String::from("readers and writers go on while it is built; every write keeps it up afterwards");
        step.requires.push(Check::Exists(table.object.clone()));
        step.expected.push(format!("rows read by the statement {:.0} -> about {:.0}", table.rows, scan.rows.max(1.0)));
        step.on_failure = OnFailure::Ask;
    });
    plan.advice.push("watch the writes of the table for a quarter of an hour: an index that slows them more than it helps is dropped again".to_owned());
    Some(plan)
}

/// What stands against a build just now.
fn object_to(case: &Case<'_>, table: &Table, plan: &mut Plan) {
    let building = seen::rows(case, "diagnose.progress")
        .find(|row| row.int("table_oid") == Some(table.oid) && row.text("command").contains("INDEX"));
    if let Some(row) = building {
        plan.blocked.push(format!("session {} builds an index of it just now", row.text("pid")));
    }
    for row in seen::rows(case, "diagnose.replication") {
        if row.number("lag_seconds").is_some_and(|lag| lag > LAG_SECONDS) {
            plan.blocked.push(format!(
                "replica {} is {:.0} s behind, and a build gives it more to replay",
                row.text("application_name"),
                row.number("lag_seconds").unwrap_or(0.0)
            ));
        }
    }
}

/// How many distinct values columns have, as `pg_stats` has it: below 0 it is a share of the rows.
fn distinct(case: &Case<'_>, table: &Table) -> BTreeMap<String, f64> {
    let row = seen::rows(case, "diagnose.widths").find(|row| row.int("oid") == Some(table.oid));
    let values: BTreeMap<String, f64> =
        row.and_then(|row| serde_json::from_str(&row.text("distinct_values")).ok()).unwrap_or_default();
    values.into_iter().map(|(name, n)| (name, if n < 0.0 { -n * table.rows } else { n })).collect()
}

/// The columns that a condition compares with something else, best first: those of equality, the most telling first,
/// then one of a range. Nothing where the condition has an OR, which one index does not answer.
fn columns(condition: &str, known: &BTreeSet<String>, distinct: &BTreeMap<String, f64>) -> Vec<String> {
    let tokens = lexer::meaningful(condition, Lexis::Postgres);
    let text = |place: usize| tokens.get(place).and_then(|t| condition.get(t.range.clone())).unwrap_or_default();
    if (0..tokens.len()).any(|place| text(place).eq_ignore_ascii_case("or")) {
        return Vec::new();
    }
    let name = |place: usize| -> Option<String> {
        let word = text(place);
        let name = match tokens.get(place)?.kind {
            Kind::QuotedName => word.trim_matches('"').replace("\"\"", "\""),
            Kind::Word => word.to_owned(),
            _ => return None,
        };
        known.contains(&name).then_some(name)
    };
    let (mut equal, mut ranges): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for place in 0..tokens.len() {
        // `o.id` behind a dot belongs to another table; a function's argument is no plain column.
        let before = place.checked_sub(1).map(&text).unwrap_or_default();
        let called =
            before == "(" && place >= 2 && tokens[place - 2].kind == Kind::Word && !is_joining(text(place - 2));
        let Some(column) = name(place).filter(|_| before != "." && !called && text(place + 1) != ".") else { continue };
        let mut next = place + 1;
        // `(status)::text`: the column in parentheses with a cast to a type of one word.
        if text(next) == ")" && before == "(" {
            next += 1;
            while text(next) == ":" {
                next += 1;
            }
            if tokens.get(next).is_some_and(|t| t.kind == Kind::Word) && text(next - 1) == ":" {
                next += 1;
            }
        }
        let list = match (text(next), text(next + 1)) {
            // `= ANY (...)` is an equality as well; `<>` and `!=` are no help.
            ("=", _) => &mut equal,
            ("<", ">") => continue,
            ("<" | ">", _) => &mut ranges,
            _ => continue,
        };
        if !list.contains(&column) {
            list.push(column);
        }
    }
    let telling = |column: &String| distinct.get(column).copied().unwrap_or(0.0);
    equal.sort_by(|a, b| telling(b).total_cmp(&telling(a)));
    equal.truncate(MOST_COLUMNS);
    ranges.retain(|column| !equal.contains(column));
    if equal.len() < MOST_COLUMNS {
        equal.extend(ranges.into_iter().next());
    }
    equal
}

fn is_joining(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "and" | "not")
}

/// A name that tells what it is, that the server keeps whole, and that nobody has.
pub(super) fn index_name(table: &str, columns: &[String], taken: &BTreeSet<String>) -> String {
    let base = format!("{table}_{}", columns.join("_"));
    let cut = |text: &str, most: usize| {
        let mut end = text.len().min(most);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].to_owned()
    };
    let plain = format!("{}_idx", cut(&base, NAME_BYTES - 4));
    let numbered = (1_u32..1_000).map(|n| {
        let ending = format!("_idx{n}");
        format!("{}{ending}", cut(&base, NAME_BYTES - ending.len()))
    });
    std::iter::once(plain.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(plain)
}

/// The statement behind an EXPLAIN, when it only reads: what would change rows is not sent to see its plan.
fn without_explain(explained: &str) -> Option<&str> {
    let rest = explained.trim_start();
    let rest = rest.get(..7).filter(|w| w.eq_ignore_ascii_case("explain")).and_then(|_| rest.get(7..)).unwrap_or(rest);
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('(') {
        Some(options) if !options.trim_start().to_ascii_lowercase().starts_with("select") => {
            options.split_once(')').map(|(_, statement)| statement.trim_start())?
        }
        _ => rest,
    };
    let first: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    matches!(first.to_ascii_lowercase().as_str(), "select" | "with").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_that_are_compared() {
        let known: BTreeSet<String> = ["customer_id", "status", "at", "Odd one", "id"].map(str::to_owned).into();
        let distinct = BTreeMap::from([("customer_id".to_owned(), 900.0), ("status".to_owned(), 3.0)]);
        for (condition, expected) in [
            ("(customer_id = 42)", "customer_id"),
            ("((status)::text = 'open'::text)", "status"),
            (
                "((at >= '2026-01-01'::date) AND ((status)::text = 'x'::text) AND (customer_id = $1))",
                "customer_id status at",
            ),
            ("(customer_id = o.id)", "customer_id"),
            ("(\"Odd one\" < 4)", "Odd one"),
            ("(customer_id = ANY ('{1,2}'::integer[]))", "customer_id"),
            ("((customer_id = 1) OR (at = '2026-01-01'::date))", ""),
            ("(lower(status) = 'x'::text)", ""),
            ("((status)::text <> 'x'::text)", ""),
            ("(unknown = 1)", ""),
            ("((note)::text ~~ '%customer_id = 1%'::text)", ""),
        ] {
            assert_eq!(columns(condition, &known, &distinct).join(" "), expected, "{condition}");
        }
    }

    #[test]
    fn names_are_new_and_fit() {
        let columns = ["customer_id".to_owned()];
        let none = BTreeSet::new();
        assert_eq!(index_name("orders", &columns, &none), "orders_customer_id_idx");
        let taken = BTreeSet::from(["orders_customer_id_idx".to_owned()]);
        assert_eq!(index_name("orders", &columns, &taken), "orders_customer_id_idx1");
        let long = index_name(&"ü".repeat(60), &columns, &none);
        assert!(long.len() <= NAME_BYTES && long.ends_with("_idx"), "{long}");
    }

    #[test]
    fn only_reads_are_planned_again() {
        assert_eq!(without_explain("EXPLAIN (FORMAT JSON) SELECT 1"), Some("SELECT 1"));
        assert_eq!(
            without_explain("EXPLAIN (FORMAT JSON, GENERIC_PLAN) with x as (select 1) select 1"),
            Some("with x as (select 1) select 1")
        );
        assert_eq!(without_explain("SELECT 2"), Some("SELECT 2"));
        assert_eq!(without_explain("EXPLAIN (FORMAT JSON) UPDATE t SET a = 1"), None);
    }
}
