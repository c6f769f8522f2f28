//! Constraints that stand on an index of their own: UNIQUE and PRIMARY KEY.

use super::act::{Act, Table, all_written, written};
use super::{new_columns, steps};
use crate::engine::sql::advice::Remark;
use squawk_syntax::ast::{AstNode, Constraint, ConstraintColumnRefList, ConstraintOption, IndexParameters};

/// UNIQUE on a table that is there.
pub(super) fn unique(act: &Act) -> Vec<Remark> {
    keys(act, &UNIQUE)
}

/// PRIMARY KEY on a table that is there.
pub(super) fn primary_key(act: &Act) -> Vec<Remark> {
    keys(act, &PRIMARY)
}

/// A kind of key.
struct Kind {
    words: &'static str,
    suffix: &'static str,
    /// The columns of the key become NOT NULL.
    required: bool,
    /// The parts of such a constraint whose index is still to be built.
    parameters: fn(&Constraint) -> Option<Option<IndexParameters>>,
}

const UNIQUE: Kind = Kind {
    words: "UNIQUE",
    suffix: "key",
    required: false,
    parameters: |constraint| match constraint {
        Constraint::UniqueConstraint(key) if key.using_index().is_none() => Some(key.index_parameters()),
        _ => None,
    },
};

const PRIMARY: Kind = Kind {
    words: "PRIMARY KEY",
    suffix: "pkey",
    required: true,
    parameters: |constraint| match constraint {
        Constraint::PrimaryKeyConstraint(key) if key.using_index().is_none() => Some(key.index_parameters()),
        _ => None,
    },
};

fn keys(act: &Act, kind: &Kind) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (table, constraint) in act.added_constraints() {
        let Some(parameters) = (kind.parameters)(&constraint) else { continue };
        let list = parameters.as_ref().and_then(IndexParameters::column_list);
        let columns = list.as_ref().map_or_else(Vec::new, |list| all_written(list.column_name_refs()));
        let remark = remark(&table, kind);
        remarks.push(if list.as_ref().and_then(ConstraintColumnRefList::without_overlaps).is_some() {
            // Such a key stands on a GiST index, which USING INDEX does not take.
            remark
        } else {
            remark.instead(on_index(act, &table, kind, &constraint, &columns, parameters.as_ref()))
        });
    }
    for (table, column) in act.added_columns() {
        let found = column.constraints().find_map(|c| Some(((kind.parameters)(&c)?, c)));
        let (Some((parameters, constraint)), Some(name)) = (found, written(column.column_name())) else { continue };
        let is_key = |constraint: &Constraint| (kind.parameters)(constraint).is_some();
        let added = new_columns::add_with(&table, &column, |constraint| !is_key(constraint));
        let steps = on_index(act, &table, kind, &constraint, &[name], parameters.as_ref());
        remarks.push(remark(&table, kind).instead(added.into_iter().chain(steps)));
    }
    remarks
}

fn remark(table: &Table, kind: &Kind) -> Remark {
    Remark::new(format!("Nobody can read or write {} while the index of the {} is built.", table.name, kind.words))
}

/// The index first, without stopping anybody; the constraint takes it over.
fn on_index(
    act: &Act,
    table: &Table,
    kind: &Kind,
    constraint: &Constraint,
    columns: &[String],
    parameters: Option<&IndexParameters>,
) -> Vec<String> {
    let named = written(constraint.constraint_name());
    let name = named.unwrap_or_else(|| {
        let of: &[String] = if kind.required { &[] } else { columns };
        table.derived_name(of, kind.suffix)
    });
    let mut index = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {} ({})", table.name, columns.join(", "));
    let part = |part: Option<String>| part.map(|text| format!(" {text}")).unwrap_or_default();
    if let Some(parameters) = parameters {
        index.push_str(&part(written(parameters.constraint_include_clause())));
        index.push_str(&part(written(parameters.nulls_distinct_option())));
        index.push_str(&part(written(parameters.with_params())));
        index.push_str(&part(tablespace(parameters)));
    }
    let options: String = constraint
        .constraint_options()
        .filter(|option| !matches!(option, ConstraintOption::NotValid(_)))
        .map(|option| format!(" {}", super::act::source(option.syntax())))
        .collect();
    let mut steps = if kind.required {
        columns.iter().flat_map(|column| steps::not_null(table, column, act.version)).collect()
    } else {
        Vec::new()
    };
    steps.push(index);
    steps
        .push(format!("ALTER TABLE {} ADD CONSTRAINT {name} {} USING INDEX {name}{options}", table.target, kind.words));
    steps
}

/// `USING INDEX TABLESPACE fast` of a constraint is `TABLESPACE fast` of an index.
fn tablespace(parameters: &IndexParameters) -> Option<String> {
    let place = parameters.constraint_index_tablespace()?;
    Some(format!("TABLESPACE {}", written(place.tablespace_ref())?))
}
