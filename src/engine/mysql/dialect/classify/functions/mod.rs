//! What a function may do: built-ins that only read or compute, functions known to do more, and the rest, which a
//! person has to look at.

mod acting;
mod reading;

use super::Context;
use crate::domain::guard::{Catalog, Class};
use crate::engine::sql::findings::Findings;

/// A call as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// `schema.name` or the bare name, without quotes.
    pub(super) parts: &'a [String],
    /// The name stands bare, and the bracket follows it at once.
    pub(super) touches: bool,
    /// The name stands in quotes.
    pub(super) quoted: bool,
    /// The number of arguments.
    pub(super) arguments: usize,
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

/// Looks a name up, in any case.
pub(super) fn known(parts: &[&str]) -> Known {
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let name = lower.last().map(String::as_str).unwrap_or_default();
    if let [schema, name] = lower.as_slice()
        && schema == "sys"
    {
        return match acting::find_in_sys(name) {
            Some((class, what)) => Known::Acts(class, what),
            None if reading::in_sys(name) => Known::Reads,
            None => Known::Unknown,
        };
    }
    match acting::find(name) {
        Some((class, what)) => Known::Acts(class, what),
        None if lower.len() == 1 && reading::contains(name) => Known::Reads,
        None => Known::Unknown,
    }
}

/// Judges one call. `aside` is set inside a statement that a person will look at anyway: then only what must never
/// run counts.
pub(super) fn check(call: Call<'_>, aside: bool, context: Context<'_>, findings: &mut Findings) {
    let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
    let lower = parts.last().copied().unwrap_or_default().to_ascii_lowercase();
    let shown = parts.join(".");
    match known(&parts) {
        // New keys come from sequences and LAST_INSERT_ID(x); that is what the person approves.
        Known::Acts(Class::Dml, _) if aside => {}
        Known::Acts(class, what) => findings.deny(class, format!("{shown} {what}")),
        _ if aside => {}
        Known::Reads if lower == "last_insert_id" && call.arguments > 0 => {
            findings.deny(Class::Session, "LAST_INSERT_ID with a value changes the state of the session");
        }
        Known::Reads
            if parts.len() == 1
                && (call.quoted && reading::is_word(&lower) || reading::must_touch(&lower) && !call.touches) =>
        {
            if !reviewed(&parts, context.catalog) {
                findings.needs_approval(
                    Class::Read,
                    format!("{shown} with a blank before its bracket, or in quotes, is a stored function and not the built-in"),
                );
            }
        }
        Known::Reads if parts.len() == 1 && defined(&lower, context.catalog) && !reviewed(&parts, context.catalog) => {
            findings.needs_approval(
                Class::Read,
                format!("there is a stored function {shown}, which servers without such a built-in call"),
            );
        }
        Known::Reads => {}
        Known::Unknown if reviewed(&parts, context.catalog) => {}
        Known::Unknown => {
            findings.needs_approval(Class::Read, format!("the function {shown} is not known to only read"));
        }
    }
}

/// Whether a person may declare this function (`schema.name`) to be a pure read.
pub(in crate::engine::mysql) fn may_declare_safe(function: &str) -> Result<(), String> {
    let lower = function.to_ascii_lowercase();
    let (schema, name) = lower.split_once('.').unwrap_or_default();
    if matches!(schema, "sys" | "mysql" | "information_schema" | "performance_schema") {
        return Err(format!("functions of {schema} are the server's own, which the program judges by itself"));
    }
    match acting::find(name) {
        Some((_, what)) => Err(format!("{name} {what}, and no list can allow that")),
        None => Ok(()),
    }
}

/// A person has reviewed this function. A bare name counts only when no other schema has an unreviewed one.
fn reviewed(parts: &[&str], catalog: &Catalog) -> bool {
    let qualified = parts.join(".");
    if let [name] = parts {
        let rivals = catalog
            .functions
            .iter()
            .any(|f| last(f).eq_ignore_ascii_case(name) && !catalog.safe_functions.iter().any(|s| s == f));
        return !rivals && catalog.safe_functions.iter().any(|f| last(f).eq_ignore_ascii_case(name));
    }
    catalog.safe_functions.iter().any(|f| f.eq_ignore_ascii_case(&qualified))
}

fn defined(name: &str, catalog: &Catalog) -> bool {
    catalog.functions.iter().any(|f| last(f).eq_ignore_ascii_case(name))
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

    #[test]
    fn a_schema_makes_a_function_somebodys_own() {
        assert_eq!(known(&["shop", "lower"]), Known::Unknown);
        assert_eq!(known(&["sys", "format_bytes"]), Known::Reads);
        assert!(matches!(known(&["sys", "ps_setup_enable_instrument"]), Known::Acts(..)));
        assert!(matches!(known(&["shop", "SLEEP"]), Known::Acts(..)));
    }
}
