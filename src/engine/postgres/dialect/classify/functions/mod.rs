//! What a function may do: built-ins that only read or compute, built-ins and extensions known to do more, and the
//! rest, which a person has to look at.
//!
//! The server's own labels do not help. Useful readers such as `pg_database_size` are VOLATILE, while `txid_current`
//! and `table_to_xml` are STABLE, and a STABLE function can write.

mod acting;
mod behind;
pub(in crate::engine::postgres) mod extensions;
mod reading;

use super::{Context, types};
use crate::domain::guard::{Author, Class};
use crate::engine::sql::findings::Findings;

/// How a name is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// `f(x)`.
    Call,
    /// `x.f`, which is a column if there is one and otherwise the call `f(x)`.
    Attribute,
    /// A call inside a statement that wants a person anyway: only what must never run counts.
    Aside,
}

/// What is known of a function without a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Reads or computes.
    Reads,
    /// Does something of this class.
    Acts(Class, &'static str),
    /// Not on any list.
    Unknown,
}

/// Looks a decoded name up.
pub(super) fn known(parts: &[&str]) -> Known {
    let name = parts.last().copied().unwrap_or_default();
    if let Some((class, what)) = acting::find(name) {
        return Known::Acts(class, what);
    }
    match parts {
        // A type's name with one argument in brackets is a cast: `tsquery('a & b')`.
        [name] | ["pg_catalog", name] if reading::contains(name) || types::is_built_in(name) => Known::Reads,
        ["information_schema", name] if name.starts_with("_pg_") => Known::Reads,
        _ => Known::Unknown,
    }
}

/// True for functions that return a row, so that `(f(x)).name` picks a column.
pub(super) fn returns_row(parts: &[&str]) -> bool {
    let name = parts.last().copied().unwrap_or_default();
    known(parts) == Known::Reads && reading::returns_row(name)
}

/// Judges one use of a function by its decoded name.
pub(super) fn check(parts: &[String], position: Position, context: Context<'_>, findings: &mut Findings) {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let name = parts.last().copied().unwrap_or_default();
    let shown = parts.join(".");
    match known(&parts) {
        Known::Reads => {}
        // Defaults and inserted keys take their values from sequences; that is what the person approves.
        Known::Acts(Class::Dml, _) if position == Position::Aside && matches!(name, "nextval" | "setval") => {}
        Known::Acts(Class::Kill, what) if context.author == Author::Person && position == Position::Call => {
            findings.needs_approval(Class::Kill, format!("{shown} {what}"));
        }
        Known::Acts(class, what) => findings.deny(class, format!("{shown} {what}")),
        Known::Unknown if position == Position::Aside => {}
        Known::Unknown if reviewed(&parts, context) => {}
        Known::Unknown if position == Position::Attribute => {
            if listed(&context.catalog.functions, name) {
                findings.needs_approval(
                    Class::Read,
                    format!(".{name} calls the function {name} if there is no column of that name"),
                );
            }
        }
        Known::Unknown => {
            findings.needs_approval(Class::Read, format!("the function {shown} is not known to only read"));
        }
    }
}

/// True when a function of the server's own (`schema.name`) only reads.
pub(in crate::engine::postgres) fn is_built_in_reader(function: &str) -> bool {
    let parts: Vec<&str> = function.split('.').collect();
    known(&parts) == Known::Reads
}

/// True for a bare name that `pg_catalog` gives a meaning, as far as anything is known of it.
pub(in crate::engine::postgres) fn is_known_by_name(name: &str) -> bool {
    known(&[name]) != Known::Unknown
}

/// Whether a person may declare this function (`schema.name`) to be a pure read.
pub(in crate::engine::postgres) fn may_declare_safe(function: &str) -> Result<(), String> {
    let (schema, name) = function.split_once('.').unwrap_or_default();
    if matches!(schema, "pg_catalog" | "information_schema") {
        return Err(format!("functions of {schema} are the server's own, which the program judges by itself"));
    }
    match acting::find(name) {
        Some((_, what)) => Err(format!("{name} {what}, and no list can allow that")),
        None => Ok(()),
    }
}

/// A person has reviewed this function. A bare name counts only when no other schema has an unreviewed one.
fn reviewed(parts: &[&str], context: Context<'_>) -> bool {
    let safe = &context.catalog.safe_functions;
    if let [name] = parts {
        let rivals = context.catalog.functions.iter().any(|f| last(f) == *name && !safe.contains(f));
        return listed(safe, name) && !rivals;
    }
    let qualified = parts.join(".");
    safe.contains(&qualified)
}

/// True when a list of `schema.name` or bare names holds this name in any schema.
fn listed(names: &[String], name: &str) -> bool {
    names.iter().any(|candidate| last(candidate) == name)
}

fn last(qualified: &str) -> &str {
    qualified.rsplit('.').next().unwrap_or(qualified)
}

#[cfg(test)]
mod tests {
    use super::{Known, acting, known, reading};

    #[test]
    fn no_function_is_on_both_lists() {
        for name in reading::names() {
            assert_eq!(acting::find(name), None, "{name}");
            assert_eq!(known(&[name]), Known::Reads, "{name}");
        }
    }
}
