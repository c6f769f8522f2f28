//! Types of new columns: what runs full, what surprises, what cannot be compared.

use super::act::{Act, NewColumn};
use super::columns;
use crate::engine::postgres::dialect::classify::words;
use crate::engine::sql::advice::Remark;
use squawk_syntax::ast::{AlterColumnOption, AstNode, Constraint, Timezone, Type};

/// A type by the one name that it has here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeName {
    /// The name as SQL's standard has it where there is one: `integer`, never `int4`. Types of other schemas keep the
    /// schema before a dot.
    pub(super) name: String,
    /// A length or a precision is given.
    has_arguments: bool,
    is_array: bool,
}

/// What a type is called here.
pub(super) fn name(ty: &Type) -> TypeName {
    let plain = |name: &str, has_arguments| TypeName { name: name.to_owned(), has_arguments, is_array: false };
    match ty {
        Type::ArrayType(array) => {
            let element = array.ty().map(|element| name(&element));
            TypeName { is_array: true, ..element.unwrap_or_else(|| plain("", false)) }
        }
        Type::CharacterType(character) => plain("character", character.arg_list().is_some()),
        Type::VarcharType(varying) => plain("character varying", varying.arg_list().is_some()),
        Type::TimestampType(timestamp) => match timestamp.timezone() {
            Some(Timezone::WithTimezone(_)) => plain("timestamp with time zone", false),
            _ => plain("timestamp", false),
        },
        Type::PathType(path) => {
            let parts = path.path_ref().and_then(|path| words::dotted(path.syntax())).unwrap_or_default();
            let has_arguments = path.arg_list().is_some();
            match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                [one] | ["pg_catalog", one] => plain(standard(one), has_arguments),
                _ => plain(&parts.join("."), has_arguments),
            }
        }
        Type::BitType(_)
        | Type::BitVaryingType(_)
        | Type::DoubleType(_)
        | Type::IntervalType(_)
        | Type::TimeType(_) => plain("", false),
    }
}

fn standard(name: &str) -> &str {
    match name {
        "int" | "int4" => "integer",
        "int2" => "smallint",
        "int8" => "bigint",
        "serial4" => "serial",
        "serial2" => "smallserial",
        "serial8" => "bigserial",
        "bpchar" => "character",
        "varchar" => "character varying",
        "timestamptz" => "timestamp with time zone",
        other => other,
    }
}

/// Remarks on the columns that get a type that passes: new ones, and those of which it is changed.
fn typed(act: &Act, wanted: impl Fn(&TypeName) -> bool, say: impl Fn(&NewColumn) -> Remark) -> Vec<Remark> {
    let mut columns = act.new_columns();
    columns.extend(act.column_changes().into_iter().filter_map(|(_, name, option)| match option {
        AlterColumnOption::SetType(change) => Some(NewColumn { name, ty: change.ty(), constraints: Vec::new() }),
        _ => None,
    }));
    let is_wanted = |column: &NewColumn| column.ty.as_ref().is_some_and(|ty| wanted(&name(ty)));
    columns.iter().filter(|column| is_wanted(column)).map(say).collect()
}

/// Two thousand million is not much for a key.
pub(super) fn integer(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| matches!(ty.name.as_str(), "integer" | "serial"),
        |column| {
            let name = &column.name;
            let text = if is_key(column) {
                format!("Inserts fail once {name} reaches 2,147,483,647, and a wider key later rewrites the table.")
            } else {
                format!("{name} holds no more than 2,147,483,647, and making it a bigint later rewrites the table.")
            };
            Remark::new(text)
        },
    )
}

pub(super) fn smallint(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| matches!(ty.name.as_str(), "smallint" | "smallserial"),
        |column| {
            Remark::new(format!(
                "{} holds no more than 32,767, and making it a bigint later rewrites the table.",
                column.name
            ))
        },
    )
}

/// A serial column is three things that can come apart.
pub(super) fn serial(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| columns::counted_type(ty).is_some(),
        |column| {
            Remark::new(format!(
                "The sequence behind {name} needs rights of its own, and any program may write its own number there; \
                 {name} bigint GENERATED ALWAYS AS IDENTITY has neither fault.",
                name = column.name
            ))
        },
    )
}

/// A length that will have to grow.
pub(super) fn varchar(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| ty.name == "character varying" && ty.has_arguments,
        |column| {
            let name = &column.name;
            Remark::new(format!(
                "A longer text than the limit of {name} is an error, and another limit wants the strongest lock on \
                 the table; text with CHECK (length({name}) <= ...) can be changed without stopping readers."
            ))
        },
    )
}

/// Blanks that come and go.
pub(super) fn character(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| ty.name == "character",
        |column| {
            Remark::new(format!(
                "{} is filled up with blanks to its length, and comparisons leave them out again, which surprises \
                 programs; text costs nothing more.",
                column.name
            ))
        },
    )
}

/// A time that does not say where.
pub(super) fn timestamp(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| ty.name == "timestamp",
        |column| {
            Remark::new(format!(
                "{} does not keep which moment it was: sessions in other time zones read and compare it as another \
                 one; timestamptz keeps the moment in the same 8 bytes.",
                column.name
            ))
        },
    )
}

/// json has no equality.
pub(super) fn json(act: &Act) -> Vec<Remark> {
    typed(
        act,
        |ty| ty.name == "json" && !ty.is_array,
        |column| {
            Remark::new(format!(
                "json has no equality, so SELECT DISTINCT, GROUP BY and UNION over {} fail; jsonb has one, and indexes.",
                column.name
            ))
        },
    )
}

fn is_key(column: &NewColumn) -> bool {
    column.constraints.iter().any(|constraint| matches!(constraint, Constraint::PrimaryKeyConstraint(_)))
}
