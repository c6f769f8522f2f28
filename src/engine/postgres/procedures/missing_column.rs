//! C2: statements name a column that is not there. Mostly it is a slip, and the right name is told; a column that our
//! own history knows can be added again, without the values that it had.

use super::missing_table::split;
use super::{seen, step};
use crate::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition};
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, OnFailure, Plan, Rung};
use crate::domain::proposal::kind::ObjectRef;
use crate::engine::near::nearest;
use crate::engine::postgres::dialect::{literal, quote};
use crate::engine::sql::lexer::{self, Kind, Lexis};
use crate::engine::steps;
use std::collections::BTreeSet;

const ID: &str = "C2";

pub(super) fn plan(case: &Case<'_>, diagnosis: &Diagnosis) -> Vec<Plan> {
    let Some(incident) = case.incident else { return Vec::new() };
    let Some(object) = incident.object.as_deref().filter(|object| !object.is_empty()) else { return Vec::new() };
    let (_, column) = split(object);
    let mut plan =
        step::plan(ID, format!("Name the column that {object} stands for"), Cause::MissingColumn, 70, diagnosis);
    plan.evidence.push(format!("{} errors, the last one: {}", incident.count, incident.message));
    let columns: Vec<(ObjectRef, String)> =
        seen::rows(case, "diagnose.columns").map(|row| (row.object("table"), row.text("name"))).collect();
    let names: BTreeSet<&str> = columns.iter().map(|(_, name)| name.as_str()).collect();
    let near = nearest(&column, names.into_iter().filter(|name| *name != column));
    for name in &near {
        let tables: Vec<String> = columns.iter().filter(|(_, c)| c == name).map(|(table, _)| table.words()).collect();
        let hint = if name.eq_ignore_ascii_case(&column) {
            format!(": a name with capitals is written {}", quote(name))
        } else {
            String::new()
        };
        plan.advice.push(format!("{} of {} is spelt nearly so{hint}", quote(name), tables.join(", ")));
    }
    let there: Vec<&ObjectRef> = columns.iter().filter(|(_, name)| *name == column).map(|(table, _)| table).collect();
    for table in &there {
        plan.advice.push(format!(
            "{} has a column {}: the statement looks for it in another table",
            table.words(),
            quote(&column)
        ));
    }
    if !near.is_empty() || !there.is_empty() {
        plan.advice.push("it is the statement that is to be changed, in the program that sends it".to_owned());
        return vec![plan];
    }
    let tables: BTreeSet<&ObjectRef> = columns.iter().map(|(table, _)| table).collect();
    let known = case.definitions.iter().filter_map(|known| {
        let table = ObjectRef::new(&known.space, &known.name);
        Some((known, type_of(known, &column)?, tables.contains(&table).then_some(table)?))
    });
    match known.max_by_key(|(known, _, _)| known.last_seen) {
        Some((_, type_name, table)) => vec![add(case, &table, &column, &type_name, diagnosis)],
        None => {
            plan.advice.push("no table of the statement has a column of nearly this name, and none is known to have had one: was the program deployed before its migration?".to_owned());
            vec![plan]
        }
    }
}

/// The column as it was, empty and with no rule of its own: what its values were is not known.
fn add(case: &Case<'_>, table: &ObjectRef, column: &str, type_name: &str, diagnosis: &Diagnosis) -> Plan {
    let title = format!("Add {} to {} again", quote(column), table.words());
    let mut plan = step::plan(ID, title, Cause::MissingColumn, 60, diagnosis);
    plan.evidence.push(format!(
        "{} had a column {} of type {type_name} when we last saw it",
        table.words(),
        quote(column)
    ));
    plan.advice.push("the values that it had do not come back with it: they are in a backup".to_owned());
    let schema = table.space.as_deref().map(|space| format!("{}.", quote(space))).unwrap_or_default();
    let statement = format!("ALTER TABLE {schema}{} ADD COLUMN {} {type_name}", quote(&table.name), quote(column));
    let failing = case.incident.and_then(|incident| incident.statement.clone()).filter(|text| can_be_planned(text));
    let (check, words) = match failing {
        Some(statement) => (Check::Understands(statement), "the failing statement is understood"),
        None => {
            let reads = format!("SELECT {} FROM {schema}{}", quote(column), quote(&table.name));
            (Check::Understands(reads), "the column can be read")
        }
    };
    let mut verification = step::within(check, 30, words);
    verification.hold_ms = 5 * 60_000;
    let mut step = steps::of_statement(statement, Class::Ddl, Rung::Additive, verification);
    step.why = String::from("a column without a default is added at once, whatever the size of the table");
    step.requires.push(Check::Exists(table.clone()));
    step.expected.push(format!("{} is NULL in every row", quote(column)));
    // Taking it back would drop what programs have written into it meanwhile: only a person does that.
    step.on_failure = OnFailure::Ask;
    plan.steps.push(step);
    plan
}

/// It only reads, and has no placeholders, which no server plans before 16.
fn can_be_planned(statement: &str) -> bool {
    let tokens = lexer::meaningful(statement, Lexis::Postgres);
    let first = tokens.first().map(|token| statement[token.range.clone()].to_ascii_lowercase());
    let reads = matches!(first.as_deref(), Some("select" | "with" | "values"));
    reads && !tokens.iter().any(|token| token.kind == Kind::Parameter)
}

/// The type of a column in the statement that made its table.
fn type_of(known: &KnownDefinition, column: &str) -> Option<String> {
    let create = known.statements.first()?;
    let open = create.find('(')?;
    let body = create.get(open + 1..create.rfind(')')?)?;
    let tokens = lexer::meaningful(body, Lexis::Postgres);
    let text = |place: usize| tokens.get(place).and_then(|t| body.get(t.range.clone())).unwrap_or_default();
    let (mut depth, mut begins, mut place) = (0_u32, true, 0);
    while place < tokens.len() {
        let word = text(place);
        if begins && depth == 0 && is_name(tokens[place].kind, word, column) {
            return type_after(body, &tokens[place + 1..]);
        }
        begins = false;
        match word {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => begins = true,
            _ => {}
        }
        place += 1;
    }
    None
}

fn is_name(kind: Kind, word: &str, column: &str) -> bool {
    match kind {
        Kind::QuotedName => word.trim_matches('"').replace("\"\"", "\"") == column,
        Kind::Word => word.to_lowercase() == column,
        _ => false,
    }
}

/// Words that end a type and begin a rule of the column.
const RULES: &[&str] = &[
    "not",
    "null",
    "default",
    "generated",
    "primary",
    "unique",
    "references",
    "check",
    "constraint",
    "collate",
    "storage",
    "compression",
];

fn type_after(body: &str, tokens: &[lexer::Token]) -> Option<String> {
    let mut depth = 0_u32;
    let start = tokens.first()?.range.start;
    let mut end = start;
    for token in tokens {
        let word = body.get(token.range.clone())?;
        let rule = token.kind == Kind::Word && RULES.contains(&word.to_ascii_lowercase().as_str());
        if depth == 0 && (word == "," || rule) {
            break;
        }
        match word {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        end = token.range.end;
    }
    let found = body.get(start..end)?.trim();
    // A serial column draws its values from a sequence of its own, which is gone.
    let is_plain = !found.is_empty() && !found.to_ascii_lowercase().contains("serial") && !found.contains(&literal(""));
    is_plain.then(|| found.to_owned())
}

#[cfg(test)]
mod tests {
    use super::type_of;
    use crate::domain::diagnosis::KnownDefinition;
    use crate::domain::target::Timestamp;

    #[test]
    fn a_type_is_read_from_the_definition_that_was_kept() {
        let create = "CREATE TABLE app.orders (\n id bigint NOT NULL, \"Total\" numeric(10, 2) DEFAULT 0,\n tags text[],\n \
                      at timestamp(3) with time zone NOT NULL, n serial, CONSTRAINT total CHECK (\"Total\" > 0))";
        let known = KnownDefinition {
            space: "app".into(),
            name: "orders".into(),
            last_seen: Timestamp(1),
            statements: vec![create.into()],
            missing: Vec::new(),
        };
        for (column, expected) in [
            ("id", Some("bigint")),
            ("Total", Some("numeric(10, 2)")),
            ("total", None),
            ("tags", Some("text[]")),
            ("at", Some("timestamp(3) with time zone")),
            ("n", None),
            ("other", None),
        ] {
            assert_eq!(type_of(&known, column).as_deref(), expected, "{column}");
        }
    }
}
