//! Rules that rows must obey: CHECK, foreign keys, EXCLUDE, NOT NULL, and those of domains.

use super::act::{Act, Table, all_written, source, source_from, written};
use super::new_columns;
use crate::engine::sql::advice::Remark;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{
    AddColumn, AlterDomainAction, AlterTableAction, AstNode, Constraint, ConstraintOption, DomainQualifier,
    ForeignKeyConstraint, Stmt,
};

/// CHECK and NOT NULL over all rows at once, and the check of all rows in the same statement as the constraint.
pub(super) fn checked_at_once(act: &Act) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = act
        .added_constraints()
        .iter()
        .filter(|(_, constraint)| is_check(constraint) && reads_rows(constraint))
        .map(|(table, constraint)| {
            Remark::new(format!(
                "Nobody can read or write {} while every row of it is held against the new constraint.",
                table.name
            ))
            .instead(in_two_steps(table, constraint))
        })
        .collect();
    remarks.extend(checked_in_new_columns(act));
    remarks.extend(validated_under_lock(act));
    remarks
}

/// A column that brings a value for every row along with a CHECK on it.
fn checked_in_new_columns(act: &Act) -> Vec<Remark> {
    let columns = act.added_columns().into_iter();
    columns
        .filter_map(|(table, column)| {
            let check = column.constraints().find(|c| matches!(c, Constraint::CheckConstraint(_)) && reads_rows(c))?;
            let name = written(column.column_name())?;
            let label = written(check.constraint_name());
            let label = label.unwrap_or_else(|| table.derived_name(std::slice::from_ref(&name), "check"));
            let mut instead =
                vec![new_columns::add_with(&table, &column, |c| !matches!(c, Constraint::CheckConstraint(_)))?];
            instead.extend(two_steps(&table, &label, &body(&check)));
            let text = format!(
                "Nobody can read or write {} while every row of it is held against the CHECK on {name}.",
                table.name
            );
            Some(Remark::new(text).instead(instead))
        })
        .collect()
}

/// `ADD CONSTRAINT ... NOT VALID, VALIDATE CONSTRAINT ...`: the second half runs under the lock of the first.
fn validated_under_lock(act: &Act) -> Option<Remark> {
    let alterations = act.alterations();
    let adds = alterations.iter().any(|(_, action)| matches!(action, AlterTableAction::AddConstraint(_)));
    let (table, validate) = alterations.iter().find_map(|(table, action)| match action {
        AlterTableAction::ValidateConstraint(validate) => Some((table, validate)),
        _ => None,
    })?;
    if !adds {
        return None;
    }
    let rest: Vec<String> = alterations
        .iter()
        .filter(|(_, action)| !matches!(action, AlterTableAction::ValidateConstraint(_)))
        .map(|(_, action)| source(action.syntax()))
        .collect();
    Some(
        Remark::new(format!(
            "The rows of {} are checked under the lock of the other actions, so nobody can read or write it meanwhile.",
            table.name
        ))
        .instead([
            format!("ALTER TABLE {} {}", table.target, rest.join(", ")),
            format!("ALTER TABLE {} {}", table.target, source(validate.syntax())),
        ]),
    )
}

fn is_check(constraint: &Constraint) -> bool {
    matches!(constraint, Constraint::CheckConstraint(_) | Constraint::NotNullConstraint(_))
}

/// True when the rows that are there are read before the constraint counts.
fn reads_rows(constraint: &Constraint) -> bool {
    !constraint
        .constraint_options()
        .any(|option| matches!(option, ConstraintOption::NotValid(_) | ConstraintOption::NotEnforced(_)))
}

/// NOT VALID, then VALIDATE, under the name that it has or would be given.
fn in_two_steps(table: &Table, constraint: &Constraint) -> Vec<String> {
    let suffix = match constraint {
        Constraint::ForeignKeyConstraint(_) => "fkey",
        Constraint::NotNullConstraint(_) => "not_null",
        _ => "check",
    };
    let given = written(constraint.constraint_name());
    let name = given.unwrap_or_else(|| table.derived_name(&columns_of(constraint), suffix));
    two_steps(table, &name, &body(constraint))
}

fn two_steps(table: &Table, name: &str, body: &str) -> Vec<String> {
    vec![
        format!("ALTER TABLE {} ADD CONSTRAINT {name} {body} NOT VALID", table.target),
        format!("ALTER TABLE {} VALIDATE CONSTRAINT {name}", table.target),
    ]
}

/// A constraint without its name. The words that it can start with are reserved, so that no name is one of them.
fn body(constraint: &Constraint) -> String {
    use SyntaxKind::{CHECK_KW, FOREIGN_KW, NOT_KW, REFERENCES_KW};
    source_from(constraint.syntax(), &[CHECK_KW, FOREIGN_KW, NOT_KW, REFERENCES_KW])
}

/// The columns that a constraint names for itself.
fn columns_of(constraint: &Constraint) -> Vec<String> {
    match constraint {
        Constraint::ForeignKeyConstraint(key) => {
            key.from_columns().map_or_else(Vec::new, |list| all_written(list.column_name_refs()))
        }
        Constraint::NotNullConstraint(not_null) => written(not_null.column_name_ref()).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A foreign key whose rows are all looked up at once.
pub(super) fn foreign_key(act: &Act) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = act
        .added_constraints()
        .iter()
        .filter(|(_, constraint)| reads_rows(constraint))
        .filter_map(|(table, constraint)| match constraint {
            Constraint::ForeignKeyConstraint(key) => {
                Some(foreign(table, &referenced(key)?).instead(in_two_steps(table, constraint)))
            }
            _ => None,
        })
        .collect();
    let columns = act.added_columns().into_iter();
    remarks.extend(columns.filter_map(|(table, column)| foreign_column(&table, &column)));
    remarks
}

fn referenced(key: &ForeignKeyConstraint) -> Option<String> {
    written(key.table_name_ref())
}

fn foreign(table: &Table, other: &str) -> Remark {
    Remark::new(format!(
        "Nobody can write to {} or {other} while every row of {} is looked up in {other}.",
        table.name, table.name
    ))
}

/// A new column with REFERENCES: its rows are looked up when it brings a value along.
fn foreign_column(table: &Table, column: &AddColumn) -> Option<Remark> {
    let references = column.constraints().find_map(|constraint| match constraint {
        Constraint::ReferencesConstraint(references) => Some(references),
        _ => None,
    })?;
    let default = column.constraints().find_map(|constraint| match constraint {
        Constraint::DefaultConstraint(default) => default.expr(),
        _ => None,
    })?;
    if super::columns::is_null(&default) {
        return None;
    }
    let other = written(references.table())?;
    let name = written(column.column_name())?;
    // `REFERENCES a (b) ...` of a column is `FOREIGN KEY (c) REFERENCES a (b) ...` of a table.
    let key = format!("FOREIGN KEY ({name}) {}", source_from(references.syntax(), &[SyntaxKind::REFERENCES_KW]));
    let constraint = written(references.constraint_name_clause().and_then(|clause| clause.constraint_name()));
    let constraint = constraint.unwrap_or_else(|| table.derived_name(std::slice::from_ref(&name), "fkey"));
    let mut instead =
        vec![new_columns::add_with(table, column, |c| !matches!(c, Constraint::ReferencesConstraint(_)))?];
    instead.extend(two_steps(table, &constraint, &key));
    Some(foreign(table, &other).instead(instead))
}

/// EXCLUDE: its index can only be built under the lock.
pub(super) fn exclusion(act: &Act) -> Vec<Remark> {
    let is_exclusion = |constraint: &Constraint| matches!(constraint, Constraint::ExcludeConstraint(_));
    let constraints = act.added_constraints().into_iter();
    constraints
        .filter(|(_, constraint)| is_exclusion(constraint))
        .map(|(table, _)| {
            Remark::new(format!(
                "Nobody can read or write {} while the index of the exclusion is built, and no way around it exists \
                 but a quiet hour or a new table.",
                table.name
            ))
        })
        .collect()
}

/// DROP CONSTRAINT: what it kept out comes in.
pub(super) fn drop(act: &Act) -> Vec<Remark> {
    let dropped = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::DropConstraint(drop) => {
            let name = written(drop.constraint_name_ref())?;
            Some(Remark::new(format!(
                "Rows that {name} kept out of {} can come in at once, and putting it back later fails until they are \
                 mended; the index of a key goes with it.",
                table.name
            )))
        }
        _ => None,
    };
    let mut remarks: Vec<Remark> = act.alterations().into_iter().filter_map(dropped).collect();
    if let Stmt::AlterDomain(alter) = &act.statement
        && let (Some(AlterDomainAction::DropConstraint(drop)), Some(domain)) =
            (alter.action(), written(alter.domain_ref()))
    {
        let name = written(drop.constraint_name_ref()).unwrap_or_default();
        remarks.push(Remark::new(format!(
            "Values that {name} kept out of every column of {domain} can come in at once, and putting it back later \
             fails until they are mended."
        )));
    }
    remarks
}

/// A new domain with a constraint: it cannot be changed with care later.
pub(super) fn new_domain(act: &Act) -> Vec<Remark> {
    let Stmt::CreateDomain(create) = &act.statement else { return Vec::new() };
    let has_rule = create.domain_qualifiers().any(|qualifier| match qualifier {
        DomainQualifier::Constraint(constraint) => is_check(&constraint),
        DomainQualifier::Collate(_) => false,
    });
    let name = written(create.domain()).unwrap_or_default();
    let remark = Remark::new(format!(
        "A stricter rule for {name} later has to be checked in every table that uses it, while their writers wait; a \
         CHECK on each column can be added one table at a time."
    ));
    if has_rule { vec![remark] } else { Vec::new() }
}

/// A rule added to a domain: every table that uses it is read.
pub(super) fn changed_domain(act: &Act) -> Vec<Remark> {
    let Stmt::AlterDomain(alter) = &act.statement else { return Vec::new() };
    let Some(name) = written(alter.domain_ref()) else { return Vec::new() };
    let text = format!("Writers of every table with a column of {name} wait while all their rows are checked.");
    match alter.action() {
        Some(AlterDomainAction::SetNotNull(_)) => vec![Remark::new(text)],
        Some(AlterDomainAction::AddConstraint(add)) => {
            let Some(constraint) = add.constraint().filter(reads_rows) else { return Vec::new() };
            if !matches!(constraint, Constraint::CheckConstraint(_)) {
                return vec![Remark::new(text)];
            }
            let given = constraint.constraint_name();
            let Some(domain) = alter.domain_ref().and_then(|d| Table::of_name(d.syntax(), name.clone())) else {
                return vec![Remark::new(text)];
            };
            let label = written(given).unwrap_or_else(|| domain.derived_name(&[], "check"));
            let steps = two_steps(&domain, &label, &body(&constraint));
            let steps = steps.iter().map(|step| step.replacen("ALTER TABLE", "ALTER DOMAIN", 1));
            vec![Remark::new(text).instead(steps)]
        }
        _ => Vec::new(),
    }
}
