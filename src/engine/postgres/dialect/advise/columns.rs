//! Columns of tables that are there: new ones, other types, other rules.

use super::act::{Act, Table, source, suffixed, written};
use super::{steps, types};
use crate::engine::postgres::dialect::classify::words;
use crate::engine::sql::advice::Remark;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{AlterColumnOption, AlterTableAction, AstNode, Expr, GeneratedAs, SetType};

/// SET NOT NULL reads the table under the strongest lock.
pub(super) fn set_not_null(act: &Act) -> Vec<Remark> {
    let changes = act.column_changes().into_iter();
    let set = changes.filter(|(.., option)| matches!(option, AlterColumnOption::SetNotNull(_)));
    set.map(|(table, column, _)| {
        let unless = if act.since(12) { ", unless a validated CHECK already proves it" } else { "" };
        let name = &table.name;
        Remark::new(format!(
            "Nobody can read or write {name} while every row of it is searched for a NULL in {column}{unless}."
        ))
        .instead(steps::not_null(&table, &column, act.version))
    })
    .collect()
}

/// Remarks on the changes of columns that pass: what they do to a column of a table.
fn changed(act: &Act, wanted: fn(&AlterColumnOption) -> bool, say: impl Fn(&str, &Table) -> String) -> Vec<Remark> {
    let changes = act.column_changes().into_iter().filter(|(.., option)| wanted(option));
    changes.map(|(table, column, _)| Remark::new(say(&column, &table))).collect()
}

/// DROP NOT NULL: programs have not seen a NULL there yet.
pub(super) fn drop_not_null(act: &Act) -> Vec<Remark> {
    changed(
        act,
        |option| matches!(option, AlterColumnOption::DropNotNull(_)),
        |column, table| {
            format!(
                "Programs that read {column} of {} have never met a NULL there, and may fail on the first one.",
                table.name
            )
        },
    )
}

/// DROP DEFAULT: inserts that leave the column out.
pub(super) fn drop_default(act: &Act) -> Vec<Remark> {
    changed(
        act,
        |option| matches!(option, AlterColumnOption::DropDefault(_)),
        |column, table| {
            format!(
                "Inserts into {} that leave {column} out store NULL from now on, or fail where it is NOT NULL.",
                table.name
            )
        },
    )
}

/// DROP EXPRESSION: the column keeps its values and is computed no more.
pub(super) fn drop_expression(act: &Act) -> Vec<Remark> {
    changed(
        act,
        |option| matches!(option, AlterColumnOption::DropExpression(_)),
        |column, table| {
            format!(
                "{column} of {} keeps the values that it has and is computed no more: rows that programs write from now \
             on have nothing there.",
                table.name
            )
        },
    )
}

/// A column starts or stops to count by itself.
pub(super) fn identity(act: &Act) -> Vec<Remark> {
    let is_switch = |option: &AlterColumnOption| {
        matches!(
            option,
            AlterColumnOption::AddGenerated(_)
                | AlterColumnOption::DropIdentity(_)
                | AlterColumnOption::SetGenerated(_)
        )
    };
    changed(act, is_switch, |column, table| {
        format!(
            "Inserts into {} that bring a value for {column}, or leave it out, work differently at once; a new \
             identity starts at 1, over values that exist.",
            table.name
        )
    })
}

/// Another type: a rewrite, unless both types are stored alike.
pub(super) fn change_type(act: &Act) -> Vec<Remark> {
    let changes = act.column_changes().into_iter();
    changes
        .filter_map(|(table, column, option)| match option {
            AlterColumnOption::SetType(change) => Some(changed_type(&table, &column, &change)),
            _ => None,
        })
        .collect()
}

fn changed_type(table: &Table, column: &str, change: &SetType) -> Remark {
    let name = &table.name;
    let text = format!(
        "Nobody can read or write {name} while every row and every index on {column} is written anew, unless the \
         old type is stored in the same way (varchar to text, or to a longer varchar)."
    );
    let Some(ty) = written(change.ty()) else { return Remark::new(text) };
    let value = written(change.using_expr().and_then(|using| using.expr())).unwrap_or(format!("{column}::{ty}"));
    let new = suffixed(column, "new");
    let condition = format!("{new} IS DISTINCT FROM ({value})");
    Remark::new(text).instead([
        format!("ALTER TABLE {} ADD COLUMN {new} {ty}", table.target),
        steps::batched(&format!("UPDATE {} SET {new} = {value}", table.target), &table.target, &condition),
    ])
}

/// A stored expression of other columns: every row has to get it.
pub(super) fn set_expression(act: &Act) -> Vec<Remark> {
    changed(
        act,
        |option| matches!(option, AlterColumnOption::SetExpression(_)),
        |column, table| {
            format!(
                "If {column} is stored, nobody can read or write {} while every row is computed and written anew.",
                table.name
            )
        },
    )
}

/// RENAME COLUMN of a table: both names cannot work at once.
pub(super) fn rename(act: &Act) -> Vec<Remark> {
    let renamed = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::RenameColumn(rename) => {
            let (old, new) = (written(rename.column_name_ref())?, written(rename.column_name())?);
            Some(Remark::new(format!(
                "Every program, function and report that still says {old} of {} fails the moment this commits; a view \
                 that shows it as {new} lets them change one after another.",
                table.name
            )))
        }
        _ => None,
    };
    act.alterations().into_iter().filter_map(renamed).collect()
}

/// DROP COLUMN: gone for the programs at once, and for good.
pub(super) fn drop(act: &Act) -> Vec<Remark> {
    let dropped = |(table, action): (Table, AlterTableAction)| match action {
        AlterTableAction::DropColumn(drop) => {
            let column = written(drop.column_name_ref())?;
            Some(
                Remark::new(format!(
                    "Programs that still name {column} of {} fail at once, its indexes and constraints go with it, \
                     and only a backup brings its values back; first let inserts leave it out for a while.",
                    table.name
                ))
                .instead([format!("ALTER TABLE {} ALTER COLUMN {column} DROP NOT NULL", table.target)]),
            )
        }
        _ => None,
    };
    act.alterations().into_iter().filter_map(dropped).collect()
}

/// How sure it is that an expression gives one value for all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sameness {
    /// The same for every row: it is computed once.
    Same,
    /// It calls a function that is not known here.
    Unknown,
    /// Another one for every row.
    Different,
}

/// Built-in functions that may give another value at every call: those that `pg_proc` calls volatile, among the ones
/// that the guard knows as readers.
const VOLATILE: &str = "amvalidate array_sample array_shuffle clock_timestamp current_query gen_random_uuid random \
    random_normal timeofday uuidv4 uuidv7";

/// What functions about the server's own state start with. Many are volatile, and no default needs one.
const OF_THE_SERVER: &[&str] = &["pg_", "txid_"];

/// Functions that take a number from a sequence.
const COUNTERS: &str = "nextval setval lastval currval";

/// Looks at the calls of a default.
pub(super) fn sameness(expression: &Expr) -> Sameness {
    use crate::engine::sql::list::holds;
    let calls = expression.syntax().descendants().filter(|node| node.kind() == SyntaxKind::CALL_EXPR);
    calls
        .filter_map(|call| call.children().next().filter(|child| child.kind() != SyntaxKind::ARG_LIST))
        .filter(|callee| matches!(callee.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR))
        .map(|callee| {
            let parts = words::dotted(&callee).unwrap_or_default();
            let bare = parts.last().map_or("", String::as_str);
            if holds(VOLATILE, bare) || holds(COUNTERS, bare) {
                Sameness::Different
            } else if OF_THE_SERVER.iter().any(|start| bare.starts_with(start)) {
                Sameness::Unknown
            } else if super::super::is_built_in_reader(&parts.join(".")) {
                Sameness::Same
            } else {
                Sameness::Unknown
            }
        })
        .max()
        .unwrap_or(Sameness::Same)
}

/// True for `GENERATED ... AS (expression)` that is stored; before 18 there is no other.
pub(super) fn is_stored(generated: &GeneratedAs, version: u32) -> bool {
    use squawk_syntax::ast::GeneratedKind;
    match generated {
        GeneratedAs::GeneratedStored(computed) => match computed.generated_kind() {
            Some(GeneratedKind::Stored(_)) => true,
            Some(GeneratedKind::Virtual(_)) => false,
            None => version < 180_000,
        },
        GeneratedAs::GeneratedIdentity(_) => false,
    }
}

/// True for a default of NULL, which is none.
pub(super) fn is_null(expression: &Expr) -> bool {
    let text = source(expression.syntax()).to_ascii_lowercase();
    text == "null" || text.starts_with("null::")
}

/// The type that a serial column has below its name.
pub(super) fn counted_type(ty: &types::TypeName) -> Option<&'static str> {
    match ty.name.as_str() {
        "smallserial" => Some("smallint"),
        "serial" => Some("integer"),
        "bigserial" => Some("bigint"),
        _ => None,
    }
}
