//! ADD COLUMN on a table that has rows: what is instant, what rewrites it, what fails.

use super::act::{Act, Table, source, written};
use super::columns::{self, Sameness};
use super::{steps, types};
use crate::engine::sql::advice::Remark;
use squawk_syntax::ast::{AddColumn, AstNode, Constraint, DefaultConstraint, GeneratedAs, GeneratedConstraint};

/// A default that every row has to be given: any before version 11, a volatile one ever since.
pub(super) fn with_default(act: &Act) -> Vec<Remark> {
    let columns = act.added_columns().into_iter();
    columns.filter_map(|(table, column)| defaulted(act, &table, &column)).collect()
}

fn defaulted(act: &Act, table: &Table, column: &AddColumn) -> Option<Remark> {
    let expression = default_of(column)?.expr()?;
    if columns::is_null(&expression) {
        return None;
    }
    let value = source(expression.syntax());
    let why = match columns::sameness(&expression) {
        Sameness::Same if act.since(11) => return None,
        Sameness::Same => "this version stores a default in every row".to_owned(),
        Sameness::Unknown => format!("{value} calls a function that may give every row another value"),
        Sameness::Different => format!("{value} gives every row another value"),
    };
    let name = written(column.column_name())?;
    let required = column.constraints().any(|constraint| matches!(constraint, Constraint::NotNullConstraint(_)));
    let mut instead = vec![
        add_with(table, column, |c| !matches!(c, Constraint::DefaultConstraint(_) | Constraint::NotNullConstraint(_)))?,
        format!("ALTER TABLE {} ALTER COLUMN {name} SET DEFAULT {value}", table.target),
        steps::backfill(table, &name, &value),
    ];
    if required {
        instead.extend(steps::not_null(table, &name, act.version));
    }
    let text = format!("Nobody can read or write {} while every row of it is written anew, because {why}.", table.name);
    Some(Remark::new(text).instead(instead))
}

/// A number that counts by itself: every row has to be given one.
pub(super) fn counting(act: &Act) -> Vec<Remark> {
    let columns = act.added_columns().into_iter();
    columns.filter_map(|(table, column)| counted(&table, &column)).collect()
}

fn counted(table: &Table, column: &AddColumn) -> Option<Remark> {
    let name = written(column.column_name())?;
    let serial = column.ty().map(|ty| types::name(&ty)).and_then(|ty| columns::counted_type(&ty));
    let identity = column.constraints().any(|constraint| is_identity(&constraint));
    let ty = match serial {
        Some(ty) => ty.to_owned(),
        None if identity => written(column.ty())?,
        None => return None,
    };
    let sequence = format!("{}{}", table.qualifier, table.derived_name(std::slice::from_ref(&name), "seq"));
    let next = format!("nextval({})", super::super::names::literal(&sequence));
    let text = format!(
        "Nobody can read or write {} while every row of it is written anew to get its number in {name}.",
        table.name
    );
    Some(Remark::new(text).instead([
        format!("ALTER TABLE {} ADD COLUMN {name} {ty}", table.target),
        format!("CREATE SEQUENCE {sequence} AS {ty} OWNED BY {}.{name}", table.name),
        format!("ALTER TABLE {} ALTER COLUMN {name} SET DEFAULT {next}", table.target),
        steps::backfill(table, &name, &next),
    ]))
}

/// A stored generated column: every row has to be given its value.
pub(super) fn generated(act: &Act) -> Vec<Remark> {
    let columns = act.added_columns().into_iter();
    columns
        .filter_map(|(table, column)| {
            let computed = column.constraints().find_map(|constraint| match constraint {
                Constraint::GeneratedConstraint(generated) => stored_expression(&generated, act.version),
                _ => None,
            })?;
            let (name, ty) = (written(column.column_name())?, written(column.ty())?);
            let remark = Remark::new(format!(
                "Nobody can read or write {} while every row of it is written anew with the value of {name}.",
                table.name
            ));
            let target = &table.target;
            Some(if act.since(18) {
                remark.instead([format!(
                    "ALTER TABLE {target} ADD COLUMN {name} {ty} GENERATED ALWAYS AS ({computed}) VIRTUAL"
                )])
            } else {
                remark.instead([
                    format!("ALTER TABLE {target} ADD COLUMN {name} {ty}"),
                    steps::backfill(&table, &name, &computed),
                ])
            })
        })
        .collect()
}

fn stored_expression(generated: &GeneratedConstraint, version: u32) -> Option<String> {
    let kind = generated.generated_as()?;
    if !columns::is_stored(&kind, version) {
        return None;
    }
    match kind {
        GeneratedAs::GeneratedStored(computed) => written(computed.expr()),
        GeneratedAs::GeneratedIdentity(_) => None,
    }
}

/// NOT NULL with nothing to put there: it fails on the first row.
pub(super) fn required(act: &Act) -> Vec<Remark> {
    let columns = act.added_columns().into_iter();
    columns.filter_map(|(table, column)| required_column(act, &table, &column)).collect()
}

fn required_column(act: &Act, table: &Table, column: &AddColumn) -> Option<Remark> {
    let holds = |wanted: fn(&Constraint) -> bool| column.constraints().any(|constraint| wanted(&constraint));
    let required = holds(|constraint| matches!(constraint, Constraint::NotNullConstraint(_)));
    let filled = holds(|constraint| matches!(constraint, Constraint::GeneratedConstraint(_)))
        || default_of(column).and_then(|default| default.expr()).is_some_and(|value| !columns::is_null(&value))
        || column.ty().is_some_and(|ty| columns::counted_type(&types::name(&ty)).is_some());
    if !required || filled {
        return None;
    }
    let name = written(column.column_name())?;
    let mut instead = vec![add_with(table, column, |c| !matches!(c, Constraint::NotNullConstraint(_)))?];
    instead.extend(steps::not_null(table, &name, act.version));
    let text = format!(
        "This fails if {} has a row, and from then on every insert that leaves {name} out fails; add it empty, fill \
         it, then require it.",
        table.name
    );
    Some(Remark::new(text).instead(instead))
}

/// The ADD COLUMN of one column, with the constraints that pass.
pub(super) fn add_with(table: &Table, column: &AddColumn, keep: impl Fn(&Constraint) -> bool) -> Option<String> {
    let mut parts = vec![format!("ALTER TABLE {} ADD COLUMN", table.target)];
    parts.extend(written(column.if_not_exists()));
    parts.push(written(column.column_name())?);
    parts.push(written(column.ty())?);
    parts.extend(written(column.collate()));
    parts.extend(column.constraints().filter(|constraint| keep(constraint)).map(|c| source(c.syntax())));
    Some(parts.join(" "))
}

fn default_of(column: &AddColumn) -> Option<DefaultConstraint> {
    column.constraints().find_map(|constraint| match constraint {
        Constraint::DefaultConstraint(default) => Some(default),
        _ => None,
    })
}

fn is_identity(constraint: &Constraint) -> bool {
    match constraint {
        Constraint::GeneratedConstraint(generated) => {
            matches!(generated.generated_as(), Some(GeneratedAs::GeneratedIdentity(_)))
        }
        _ => false,
    }
}
