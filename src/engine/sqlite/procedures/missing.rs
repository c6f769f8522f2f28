//! C1 and C2: what a statement names and the file does not have; C21b: a file that is damaged. A table is made again
//! only from its own definition as we last saw it, never from the words of an error.

use super::bare;
use crate::domain::diagnosis::{Case, Cause, Diagnosis, KnownDefinition};
use crate::domain::error::kind::ErrorKind;
use crate::domain::guard::Class;
use crate::domain::procedure::{Check, Plan, Rung};
use crate::domain::proposal::kind::ObjectRef;
use crate::engine::near::nearest;
use crate::engine::sqlite::diagnose::view::{Object, View};
use crate::engine::steps;

/// C1.
pub(super) fn table(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let Some(name) = case.incident.filter(|i| i.kind == ErrorKind::TableNotFound).and_then(|i| i.object.as_deref())
    else {
        return Vec::new();
    };
    let name = bare(name);
    let view = View::of(case);
    let objects = view.objects();
    let tables = || objects.iter().filter(|object| matches!(object.kind.as_str(), "table" | "view"));
    let mut plans = Vec::new();
    let near =
        nearest(&name, tables().map(|object| object.name.as_str()).filter(|own| !own.eq_ignore_ascii_case(&name)));
    if let Some(first) = near.first() {
        let title = format!("write {first} in place of {name}");
        let mut plan =
            Plan::new("C1", title, Cause::MissingTable, 70, vec![format!("the file has {}", near.join(", "))]);
        plan.advice.push(format!("{name} is not in this file, and {first} is: mend the statement."));
        plans.push(plan);
    }
    let known = case
        .definitions
        .iter()
        .filter(|known| known.name.eq_ignore_ascii_case(&name))
        .max_by_key(|known| known.last_seen);
    match known {
        Some(known) => plans.push(again(known, &objects, &view)),
        None => {
            let mut plan =
                Plan::new("C1", format!("find out where {name} should come from"), Cause::MissingTable, 45, Vec::new());
            plan.advice.extend([
                "The definition of this table was never seen here: a migration that did not run yet has it, or a backup.".to_owned(),
                "Is this the right file? A path that is relative to another folder opens, or makes, another one.".to_owned(),
                "A table of an attached file is there only while it is attached (ATTACH), and a temporary one only for its connection.".to_owned(),
            ]);
            plans.push(plan);
        }
    }
    plans
}

/// The table exactly as it was, then what belongs to it.
fn again(known: &KnownDefinition, objects: &[Object], view: &View<'_>) -> Plan {
    let title = format!("make {} again as it was", known.name);
    let evidence = vec![format!(
        "it was last seen at {} (UTC), with {} statements",
        known.last_seen.date_time(0),
        known.statements.len()
    )];
    let mut plan = Plan::new("C1", title, Cause::MissingTable, 65, evidence);
    if objects.iter().any(|object| object.name.eq_ignore_ascii_case(&known.name)) {
        plan.blocked.push(format!("{} is there now", known.name));
    }
    if let Some(first) = known.statements.first()
        && let Some(renamed) = objects.iter().find(|object| is_the_same(&object.sql, &object.name, first, &known.name))
    {
        plan.blocked.push(format!(
            "{} has exactly the same columns: {} was renamed, and an empty one in its place would hide that",
            renamed.name, known.name
        ));
    }
    if let Some(closed) = view.last.as_ref().and_then(|file| file.closed.as_ref()) {
        plan.blocked.push(format!("the file may not be written: {closed}"));
    }
    for (number, statement) in known.statements.iter().enumerate() {
        let there = Check::Exists(ObjectRef::new("", &known.name));
        let verification = steps::within(there, 5, &format!("{} is there", known.name), 5);
        let mut step = steps::of_statement(statement.clone(), Class::Ddl, Rung::Additive, verification);
        step.why = "It is the definition that the file itself had.".into();
        step.expected = vec!["no such table -> none".to_owned()];
        if number == 0 {
            step.requires = vec![Check::Absent(ObjectRef::new("", &known.name))];
        }
        plan.steps.push(step);
    }
    plan.advice.push("It comes back without its rows: they are in a backup, or lost.".to_owned());
    plan.advice.extend(known.missing.iter().cloned());
    plan
}

/// Two definitions that differ in the name alone.
fn is_the_same(sql: &str, name: &str, other: &str, other_name: &str) -> bool {
    let body = |sql: &str, name: &str| {
        let text = sql.to_lowercase();
        let at = text.find(&name.to_lowercase())? + name.len();
        let rest: String =
            text.get(at..)?.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '`' | '[' | ']')).collect();
        Some(rest)
    };
    let own = body(sql, name);
    own.is_some() && own == body(other, other_name)
}

/// C2.
pub(super) fn column(case: &Case<'_>, _found: &Diagnosis) -> Vec<Plan> {
    let Some(incident) = case.incident.filter(|incident| incident.kind == ErrorKind::ColumnNotFound) else {
        return Vec::new();
    };
    let Some(name) = incident.object.as_deref().map(bare) else { return Vec::new() };
    let view = View::of(case);
    let statement = incident.statement.as_deref().unwrap_or_default().to_lowercase();
    let objects = view.objects();
    let named: Vec<&Object> = objects
        .iter()
        .filter(|object| {
            object.kind == "table" && (statement.is_empty() || statement.contains(&object.name.to_lowercase()))
        })
        .collect();
    let words: Vec<&str> = named
        .iter()
        .flat_map(|object| object.sql.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let near = nearest(&name, words.into_iter().filter(|word| !word.eq_ignore_ascii_case(&name)));
    let title = near.first().map_or_else(
        || format!("find out where {name} should come from"),
        |first| format!("write {first} in place of {name}"),
    );
    let mut plan = Plan::new("C2", title, Cause::MissingColumn, if near.is_empty() { 45 } else { 65 }, Vec::new());
    if !near.is_empty() {
        plan.evidence.push(format!("the tables of the statement have {}", near.join(", ")));
    }
    plan.advice.push(
        "A new version of the application may expect a column that a migration was to add: run the migration."
            .to_owned(),
    );
    plan.advice.push(
        "ALTER TABLE t ADD COLUMN c type, without NOT NULL, takes a moment whatever the size of the table.".to_owned(),
    );
    vec![plan]
}

/// C21b. Nothing is written to a damaged file: every step is a person's, on copies.
pub(super) fn damaged(case: &Case<'_>, found: &Diagnosis) -> Vec<Plan> {
    let file = &case.identity.database;
    let said =
        found.of(Cause::Corruption).map(|h| h.evidence.iter().map(|e| e.text.clone()).collect()).unwrap_or_default();
    let mut plan = Plan::new("C21b", "save what the file holds, on copies".to_owned(), Cause::Corruption, 60, said);
    plan.advice.extend([
        "1. Stop everything that writes to the file. Do not delete its -wal, -shm or -journal: they may hold the last commits.".to_owned(),
        format!("2. Copy {file} and its -wal, -shm and -journal to another disk, and work on the copies alone."),
        format!("3. Ask how bad it is: sqlite3 {file} 'PRAGMA integrity_check'. When only indexes are named, REINDEX on the copy may be all."),
        "4. When the check says ok: VACUUM INTO 'new.db' writes a clean file.".to_owned(),
        format!("5. When it does not: sqlite3 {file} .recover | sqlite3 new.db takes out what can be read."),
        "6. Compare the number of rows of each table in new.db with a backup, and run integrity_check on it.".to_owned(),
        "7. Put new.db in its place only when that is as much as can be had, and keep the copies.".to_owned(),
        "Look for the reason: a disk that fails, a file on a network, a copy taken while it was written, a lost -wal.".to_owned(),
    ]);
    vec![plan]
}

#[cfg(test)]
mod tests {
    use super::is_the_same;

    #[test]
    fn a_renamed_table_is_the_same_but_for_its_name() {
        let old = "CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL)";
        assert!(is_the_same(
            "CREATE TABLE \"orders_old\" (id INTEGER PRIMARY KEY,  total REAL)",
            "orders_old",
            old,
            "orders"
        ));
        assert!(!is_the_same("CREATE TABLE bills (id INTEGER PRIMARY KEY)", "bills", old, "orders"));
    }
}
